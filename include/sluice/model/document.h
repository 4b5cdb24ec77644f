/* document: a data model, as dynamodb_data_model.json has it: tables, sample items,
 * access patterns, sizing, and the handlers that keep derived data true.
 *
 * Reading has two steps. model_parse() reads the JSON: every mistake of form (syntax,
 * wrong type, missing or unknown member where the format is ours) is a finding with
 * line, column and path. model_lint() (model/lint.h) checks what was read. Names of
 * other tools in the same file are passed over: what the format of the reference tool
 * has stays valid.
 *
 * Everything lives in the model's arena and borrows from its text's copy; the model
 * is constant once it is read.
 */
#ifndef SLUICE_MODEL_DOCUMENT_H
#define SLUICE_MODEL_DOCUMENT_H

#include "sluice/core/node.h"
#include "sluice/item/value.h"
#include "sluice/model/finding.h"

enum {
	MODEL_MAX_BYTES = 50 << 20,
	MODEL_MAX_VALUES = 2000000,      /* JSON values in it: bounds memory, about 130 bytes each */
	MODEL_KEYS_OF_EACH = 4,          /* HASH attributes of a key schema, and RANGE attributes */
};

struct model_attribute {
	struct str name;
	char type;                       /* 'S' 'N' 'B'; 0: what stands there is none of them */
	const struct node *at;
};

/* Attributes by order of the KeySchema. A table has one HASH and at most one RANGE; a global
 * index up to four of each. */
struct model_key {
	const struct model_attribute *hash[MODEL_KEYS_OF_EACH], *range[MODEL_KEYS_OF_EACH];
	size_t n_hash, n_range;
};

enum model_projection { MODEL_PROJECT_ALL, MODEL_PROJECT_KEYS_ONLY, MODEL_PROJECT_INCLUDE };

/* What `sizing` says of a table or an index; 0: nothing. */
struct model_size {
	int64_t item_bytes, items, distinct_keys;
	double hottest_key_share;
	double items_per_key_average, items_per_key_max;
	const struct node *at;           /* NULL: not given */
};

struct model_index {
	struct str name;
	bool global;
	struct model_key key;
	enum model_projection projection;
	struct str *included;            /* INCLUDE's non-key attributes */
	size_t n_included;
	struct model_size size;
	const struct node *at;
};

struct model_table {
	struct str name;
	struct model_attribute *attributes;  /* AttributeDefinitions */
	size_t n_attributes;
	struct model_key key;
	struct model_index *indexes;     /* global and local, as they stand */
	size_t n_indexes;
	bool on_demand;                  /* BillingMode PAY_PER_REQUEST */
	bool stream;
	struct str stream_view_type;     /* empty: none */
	struct str ttl_attribute;        /* empty: none */
	struct model_size size;
	const struct node *at;           /* its CreateTable object: what `apply` sends, less TimeToLiveSpecification */
};

struct model_item {
	const struct model_table *table;
	struct value item;               /* M; validated as attribute values */
	bool put;                        /* false: a DeleteRequest */
	const struct node *at;
};

struct model_rate {
	double average, peak;            /* a second; 0: not given */
};

struct model_command {
	struct str text;                 /* "aws dynamodb query --table-name …" */
	const struct node *at;
};

/* What a pattern must show when it runs. */
struct model_expectation {
	int64_t count;                   /* -1: not asked */
	const struct node *items, *keys; /* NULL: not asked */
	struct str error;                /* an exception's name; empty: none */
	const struct node *at;           /* NULL: no `expect` */
};

struct model_pattern {
	struct str id, description;      /* `pattern` may be a number: its text */
	const struct model_table *table; /* NULL: none named, or one that is not there (a finding) */
	const struct model_index *index; /* NULL: the table itself, or one that is not there */
	struct str table_name, index_name, operation;
	struct model_command *commands;
	size_t n_commands;
	struct str reason, served_by;
	struct model_expectation expect;
	struct model_rate rate;
	int64_t item_bytes, item_count;  /* 0: not given */
	bool strongly_consistent;
	const struct node *gsi_list;     /* NULL: not given */
	bool gsi_key_changes;            /* the key of each of them does */
	const struct node *at;
};

/* A handler, its settings as the daemon's option tables know them. */
struct model_handler {
	struct str kind, name, source, pipeline;
	const struct model_table *table; /* of `source`; NULL: a finding */
	double events_per_s, audience_size;
	const struct node *expect_after; /* NULL: none */
	const struct node *at;
};

struct model {
	struct arena arena;
	const struct node *root;
	struct model_table *tables;
	size_t n_tables;
	struct model_item *items;
	size_t n_items;
	struct model_pattern *patterns;
	size_t n_patterns;
	struct model_handler *handlers;
	size_t n_handlers;
	const struct node *sinks, *pipelines;  /* stream_sinks, stream_pipelines; NULL: none */
};

/* Reads the text (up to MODEL_MAX_BYTES; borrowed while it reads). What could be read is in *m,
 * whatever was wrong: release it all the same. False when it is no JSON object at all. `file` is
 * for messages, borrowed. Linear in the text; memory is twice the text at most and what
 * MODEL_MAX_VALUES need. The findings want an arena of their own. */
bool model_parse(struct model *m, struct str text, const char *file, struct findings_list *findings);
void model_release(struct model *m);

/* By name; NULL. Linear in the few there are. */
const struct model_table *model_table(const struct model *m, struct str name);
const struct model_index *model_index(const struct model_table *t, struct str name);
const struct model_attribute *model_attribute(const struct model_table *t, struct str name);

#endif
