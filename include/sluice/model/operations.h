/* operations: what calls of DynamoDB's API take: the operations that an access
 * pattern's command can name, their parameters, and the shapes of these as deep as
 * they go. The table is const data; nothing here allocates or fails.
 *
 * Source: the service model dynamodb/2012-08-10 that AWS publishes with botocore, by
 * tests/tools/operations.py; tests/e2e/test_commands.py compares the table with the
 * installed botocore, so that drift shows. Shapes that say the same are one.
 */
#ifndef SLUICE_MODEL_OPERATIONS_H
#define SLUICE_MODEL_OPERATIONS_H

#include "sluice/core/str.h"

enum shape_kind { SHAPE_STRING, SHAPE_INTEGER, SHAPE_BOOLEAN, SHAPE_BLOB, SHAPE_LIST, SHAPE_MAP, SHAPE_STRUCTURE };

struct shape;

struct shape_member {
	struct str name;         /* "TableName" */
	const struct shape *shape;
	bool required;
};

struct shape {
	enum shape_kind kind;
	int64_t min, max;        /* INTEGER: its range; STRING: characters; LIST, MAP: entries; max 0: no limit */
	const char *const *values;  /* STRING: the only ones that are allowed, NULL-terminated; NULL: any */
	const struct shape *of;     /* LIST: of an element; MAP: of a value */
	const struct shape *key;    /* MAP: of a name, a STRING */
	const struct shape_member *members;  /* STRUCTURE */
	size_t count;
};

struct operation {
	struct str name;         /* "GetItem" */
	struct str command;      /* "get-item" */
	const struct shape *input;
	const char *start;       /* where the AWS CLI fetches page after page: the parameter that says where one begins
	                            ("ExclusiveStartKey"); else NULL. How much one holds is "Limit" */
};

const struct operation *operations(size_t *count);

/* By either name; NULL when there is none. */
const struct operation *operation_by_name(struct str name);
const struct operation *operation_by_command(struct str command);

/* The member of a structure, or NULL. */
const struct shape_member *shape_find(const struct shape *structure, struct str name);

/* What the AWS CLI calls a parameter: "table-name" for "TableName". Into out, cut to
 * OPTION_NAME_BYTES with its NUL. */
enum { OPTION_NAME_BYTES = 64 };
struct str option_name(struct str parameter, char out[OPTION_NAME_BYTES]);

/* Is it an attribute value, {"S": "text"}? */
bool shape_is_attribute_value(const struct shape *shape);

/* "a string", "a list", "true or false", ... */
const char *shape_kind_name(enum shape_kind kind);

#endif
