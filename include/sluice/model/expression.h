/* expression: DynamoDB's expression language, parsed and checked; evaluated is
 * nothing here. One parser for all five kinds:
 *
 *   condition   operand = <> < <= > >= operand | operand BETWEEN operand AND operand
 *               | operand IN (operand, …) | function | NOT condition
 *               | condition AND condition | condition OR condition | (condition)
 *   operand     path | :value | size(path or :value) | (operand)
 *   update      SET path = sum, …  REMOVE path, …  ADD path :value, …  DELETE path :value, …
 *   sum         term | term + term | term - term
 *   term        path | :value | if_not_exists(path, term) | list_append(term, term)
 *   projection  path, …
 *   path        name or #name, then .name, .#name or [index]
 *
 * Comparisons bind before NOT, NOT before AND, AND before OR. Keywords are the same
 * in capitals and small letters, functions are in small letters.
 *
 * All functions are pure. Trees, findings and texts live in the arena; the text of
 * an expression is copied into it. Nothing yields, nothing recurses. The only error
 * (struct err) is FATAL "expression.memory", the arena's cap; mistakes in an
 * expression are findings, several at once.
 *
 * Typical use, for one request: expression_scope_read(), for each expression
 * expression_parse() and expression_check(), for a Query expression_check_key(), at
 * the end expression_check_unused() over all of them.
 *
 * Facts: Developer Guide, "Condition and filter expressions, operators, and
 * functions", "Update expressions", "Key condition expressions", "Expression
 * attribute names", "Multi-attribute keys pattern", "Quotas" (expression
 * parameters); what these leave open is as the service answers.
 */
#ifndef SLUICE_MODEL_EXPRESSION_H
#define SLUICE_MODEL_EXPRESSION_H

#include "sluice/item/value.h"

enum {
	EXPRESSION_MAX_BYTES = 4096,
	EXPRESSION_MAX_OPERATORS = 300,     /* and functions */
	EXPRESSION_MAX_IN = 100,
	EXPRESSION_MAX_PATH_LEVELS = 32,
	EXPRESSION_MAX_PLACEHOLDER_BYTES = 255,
	EXPRESSION_MAX_NAME_BYTES = 65535,  /* an attribute's name */
	EXPRESSION_MAX_INDEX = 2147483647,  /* of a list's element */
	EXPRESSION_MAX_HASH_BYTES = 2048,   /* a partition key's value */
	EXPRESSION_MAX_RANGE_BYTES = 1024,  /* a sort key's value */
	EXPRESSION_MAX_KEYS = 8,            /* 4 HASH, 4 RANGE */
};

enum expression_kind {
	EXPRESSION_KEY_CONDITION,
	EXPRESSION_FILTER,
	EXPRESSION_CONDITION,
	EXPRESSION_UPDATE,
	EXPRESSION_PROJECTION,
};

/* "KeyConditionExpression", ... */
const char *expression_kind_name(enum expression_kind kind);

/* ---- Findings ---- */

#define EXPRESSION_CODES(X)                                                             \
	X(EMPTY, "expression.empty")                                                    \
	X(TOO_LONG, "expression.too-long")                                              \
	X(ENCODING, "expression.encoding")                                              \
	X(SYNTAX, "expression.syntax")                                                  \
	X(LITERAL, "expression.literal")                                                \
	X(RESERVED, "expression.reserved-word")                                         \
	X(NAME, "expression.name-needs-placeholder")                                    \
	X(PLACEHOLDER, "expression.placeholder-malformed")                              \
	X(PARENTHESES, "expression.redundant-parentheses")                              \
	X(PATH_LEVELS, "expression.path-too-deep")                                      \
	X(INDEX, "expression.index")                                                    \
	X(FUNCTION, "expression.unknown-function")                                      \
	X(FUNCTION_PLACE, "expression.function-not-here")                               \
	X(ARGUMENTS, "expression.arguments")                                            \
	X(OPERAND, "expression.operand")                                                \
	X(ARITHMETIC, "expression.arithmetic")                                          \
	X(OPERATORS, "expression.too-many-operators")                                   \
	X(IN_OPERANDS, "expression.too-many-in-operands")                               \
	X(CLAUSE, "expression.clause-repeated")                                         \
	X(NAME_UNDEFINED, "expression.name-undefined")                                  \
	X(VALUE_UNDEFINED, "expression.value-undefined")                                \
	X(NAME_UNUSED, "expression.name-unused")                                        \
	X(VALUE_UNUSED, "expression.value-unused")                                      \
	X(NAME_MALFORMED, "expression.name-malformed")                                  \
	X(VALUE_MALFORMED, "expression.value-malformed")                                \
	X(TYPE, "expression.type")                                                      \
	X(TYPE_NAME, "expression.type-name")                                            \
	X(BETWEEN, "expression.between-bounds")                                         \
	X(SAME_OPERAND, "expression.same-operand")                                      \
	X(OVERLAP, "expression.paths-overlap")                                          \
	X(CONFLICT, "expression.paths-conflict")                                        \
	X(KEY_MISSING, "expression.key-missing")                                        \
	X(KEY_ATTRIBUTE, "expression.key-attribute")                                    \
	X(KEY_OPERATOR, "expression.key-operator")                                      \
	X(KEY_SHAPE, "expression.key-shape")                                            \
	X(KEY_REPEATED, "expression.key-repeated")                                      \
	X(KEY_EQUALITY, "expression.key-equality")                                      \
	X(KEY_ORDER, "expression.key-order")                                            \
	X(KEY_INEQUALITY, "expression.key-inequality")                                  \
	X(KEY_TYPE, "expression.key-type")                                              \
	X(KEY_EMPTY, "expression.key-empty")                                            \
	X(KEY_LENGTH, "expression.key-too-long")                                        \
	X(KEY_NESTED, "expression.key-nested")                                          \
	X(FILTER_KEY, "expression.filter-on-key")                                       \
	X(UPDATE_KEY, "expression.update-of-key")                                       \
	X(NOT_PROJECTED, "expression.not-projected")

enum expression_code {
#define X(name, text) EXPRESSION_E_##name,
	EXPRESSION_CODES(X)
#undef X
	EXPRESSION_E_COUNT,
};

/* "expression.syntax", ...: stable names, for lints and tools. */
const char *expression_code_name(enum expression_code code);

/* So many are kept in a list; the others are only counted. */
enum { EXPRESSION_FINDINGS_MAX = 50 };

struct expression;

struct expression_finding {
	enum expression_code code;
	const struct expression *in;  /* NULL: in ExpressionAttributeNames or -Values */
	size_t offset, length;        /* bytes of in's text; 0, 0 without one */
	struct str text;              /* found what, expected what, do what; no control characters */
	const struct expression_finding *next;
};

struct expression_findings {
	struct arena *arena;
	struct expression_finding *first, *last;
	size_t count;  /* of all, also of those not kept */
	bool full;     /* the arena's cap was met: functions that note findings return false */
};

void expression_findings_init(struct expression_findings *f, struct arena *arena);

/* The first of that code, or NULL. */
const struct expression_finding *expression_findings_get(const struct expression_findings *f,
							 enum expression_code code);

/* ---- The tree ---- */

enum expression_node_kind {
	EXPRESSION_PATH,
	EXPRESSION_VALUE,
	EXPRESSION_CALL,
	EXPRESSION_COMPARE,
	EXPRESSION_BETWEEN,     /* children: operand, low, high */
	EXPRESSION_IN,          /* children: operand, then the list */
	EXPRESSION_AND,
	EXPRESSION_OR,
	EXPRESSION_NOT,
	EXPRESSION_SUM,         /* op: + or - */
	EXPRESSION_SET,         /* children: path, what it is set to */
	EXPRESSION_REMOVE,      /* child: path */
	EXPRESSION_ADD,         /* children: path, value */
	EXPRESSION_DELETE,
	EXPRESSION_BROKEN,      /* a finding was noted at it: nothing more is said of it */
};

enum expression_function {
	EXPRESSION_ATTRIBUTE_EXISTS,
	EXPRESSION_ATTRIBUTE_NOT_EXISTS,
	EXPRESSION_ATTRIBUTE_TYPE,
	EXPRESSION_BEGINS_WITH,
	EXPRESSION_CONTAINS,
	EXPRESSION_SIZE,
	EXPRESSION_IF_NOT_EXISTS,
	EXPRESSION_LIST_APPEND,
	EXPRESSION_FUNCTIONS,
};

enum expression_operator {
	EXPRESSION_EQ, EXPRESSION_NE, EXPRESSION_LT, EXPRESSION_LE, EXPRESSION_GT, EXPRESSION_GE,
	EXPRESSION_PLUS, EXPRESSION_MINUS,
};

/* What a path is there for. */
enum expression_use {
	EXPRESSION_READ,       /* in a condition or filter, or at the right of SET's = */
	EXPRESSION_PROJECTED,
	EXPRESSION_WRITTEN,    /* SET, ADD, DELETE (from a set) */
	EXPRESSION_REMOVED,
};

struct expression_step {
	struct str name;  /* as written: "a" or "#a"; {NULL, 0} for an index */
	size_t index;
};

struct expression_node {
	enum expression_node_kind kind;
	size_t offset, length;              /* its place in the text, with parentheses around it */
	enum expression_operator op;        /* COMPARE, SUM */
	enum expression_function function;  /* CALL */
	enum expression_use use;            /* PATH */
	const struct expression_step *steps;  /* PATH, at least one */
	size_t n_steps;
	struct str placeholder;             /* VALUE: ":v" */
	bool parenthesized;
	size_t n_children;
	struct expression_node *child, *sibling;
	struct expression_node *next;       /* of all nodes; children come before their parents */
};

/* A placeholder's place; also those of an expression that is malformed. */
struct expression_mention {
	struct str placeholder;  /* "#n" or ":v" */
	size_t offset;
};

struct expression {
	enum expression_kind kind;
	struct str text;
	bool valid;                     /* parsed without a finding */
	struct expression_node *nodes;  /* all of them; what could be read, where not valid */
	struct expression_node *root;   /* of a condition; NULL where it is malformed. Updates and projections have
	                                   a list: the SET, REMOVE, ADD, DELETE nodes, or the PATH nodes, in `nodes` */
	const struct expression_mention *mentions;
	size_t n_mentions;
};

/* Parses text from outside. Mistakes of grammar, functions and limits are noted;
 * then the expression is not valid, and checks look at what could be read. NULL
 * only at the arena's cap. */
const struct expression *expression_parse(enum expression_kind kind, struct str text,
					  struct expression_findings *findings, struct err *err);

/* ---- Names and values ---- */

struct expression_name {
	struct str placeholder;  /* "#n" */
	struct str name;         /* plain */
};

struct expression_value {
	struct str placeholder;  /* ":v" */
	struct value value;
};

/* ExpressionAttributeNames and -Values, sorted by placeholder. */
struct expression_scope {
	const struct expression_name *names;
	const struct expression_value *values;
	size_t n_names, n_values;
};

/* From the two JSON objects {"#n": "name"} and {":v": {"S": "x"}}, any text (empty:
 * none). What is malformed is noted and left out. Values point into `values`. */
bool expression_scope_read(struct str names, struct str values, struct expression_findings *findings,
			   struct expression_scope *out, struct err *err);

/* The attribute's name that a step means; {NULL, 0} for an index and for what is
 * not defined. */
struct str expression_scope_name(const struct expression_scope *scope, const struct expression_step *step);

/* VALUE_NONE when it is not defined. */
struct value expression_scope_value(const struct expression_scope *scope, struct str placeholder);

/* ---- Checks ---- */

/* Against names and values: what is undefined, types, bounds, operands that may not
 * be the same, overlapping paths. */
bool expression_check(const struct expression *e, const struct expression_scope *scope,
		      struct expression_findings *findings, struct err *err);

/* Names and values that no expression of the request mentions. */
bool expression_check_unused(const struct expression *const *expressions, size_t n,
			     const struct expression_scope *scope, struct expression_findings *findings,
			     struct err *err);

/* A key schema: its HASH attributes first, then its RANGE attributes in order.
 * type S, N or B; VALUE_NONE: not known. */
struct expression_key {
	struct str name;
	bool range;
	enum value_type type;
};

struct expression_schema {
	const struct expression_key *keys;
	size_t count;  /* of a key condition the first EXPRESSION_MAX_KEYS count */
};

/* A KeyConditionExpression against the key of the table or index that is queried:
 * equality on every HASH attribute, RANGE attributes from the first on without a
 * gap, an inequality on the last one used only, each once, nothing else. */
bool expression_check_key(const struct expression *e, const struct expression_scope *scope,
			  const struct expression_schema *schema, struct expression_findings *findings,
			  struct err *err);

/* A Query's filter may not name the key of what is queried (a Scan's may). */
bool expression_check_filter(const struct expression *e, const struct expression_scope *scope,
			     const struct expression_schema *schema, struct expression_findings *findings,
			     struct err *err);

/* An update may not write the table's key. */
bool expression_check_update(const struct expression *e, const struct expression_scope *scope,
			     const struct expression_schema *table, struct expression_findings *findings,
			     struct err *err);

/* A path may not lead into a key attribute, which is a scalar; of any expression. */
bool expression_check_scalars(const struct expression *e, const struct expression_scope *scope,
			      const struct expression_schema *table, struct expression_findings *findings,
			      struct err *err);

/* What a filter or projection names must be among an index's projected attributes. */
bool expression_check_projected(const struct expression *e, const struct expression_scope *scope,
				const struct str *projected, size_t n, struct expression_findings *findings,
				struct err *err);

/* What an expression touches: each path once as it stands. */
struct expression_touch {
	struct str attribute;                /* the path's first name, plain */
	enum expression_use use;
	const struct expression_node *path;
};

/* Paths whose first name is not defined are left out. */
bool expression_touches(const struct expression *e, const struct expression_scope *scope, struct arena *a,
			const struct expression_touch **out, size_t *n, struct err *err);

#endif
