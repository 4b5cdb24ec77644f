/* call: the API calls that a data model names: every command of its patterns, and those of
 * its handlers' expect_after, parsed once into requests and what they do to which table. What lints
 * look at, what costs are computed from, what the live validation and a load run.
 *
 * A call does one or more actions: a batch, a transaction or a PutItem are the same to whoever
 * looks at actions.
 */
#ifndef SLUICE_MODEL_CALL_H
#define SLUICE_MODEL_CALL_H

#include "sluice/model/command.h"
#include "sluice/model/document.h"
#include "sluice/model/expression.h"

enum {
	MODEL_CALLS_BYTES = 512 << 20,   /* a good cap for the arena */
	MODEL_CALLS_MAX = 20000,         /* more commands are a finding, and not read */
};

enum model_action_kind {
	ACTION_GET, ACTION_QUERY, ACTION_SCAN,
	ACTION_PUT, ACTION_UPDATE, ACTION_DELETE, ACTION_CHECK,   /* CHECK: a transaction's ConditionCheck */
};

static inline bool action_writes(enum model_action_kind kind)
{
	return kind >= ACTION_PUT && kind <= ACTION_DELETE;
}

struct model_action {
	enum model_action_kind kind;
	const struct model_call *call;
	const struct node *at;               /* in the request's tree: the object with its parameters */
	struct str table_name, index_name;   /* index_name empty: none is named */
	const struct model_table *table;     /* NULL: the model has none of that name */
	const struct model_index *index;     /* NULL: none is named, or the table has none of that name */
	struct str key, item;                /* JSON, of an item's attributes; empty: the action has none */
	bool consistent, forward;            /* ConsistentRead; ScanIndexForward */
	int64_t limit;                       /* 0: none */
	struct str select;                   /* Select; empty: none */
	/* Expressions, NULL where there is none; malformed ones have valid = false. */
	const struct expression *key_condition, *filter, *projection, *condition, *update;
	struct expression_scope scope;
	const struct expression_findings *findings;   /* of parsing them; never NULL */
};

enum model_call_role {
	CALL_OF_PATTERN,
	CALL_OF_STEP_RUN,    /* a command in `run` of an expect_after's step */
	CALL_OF_STEP,        /* its `command`, whose answer is expected */
};

struct model_call {
	enum model_call_role role;
	const struct model_pattern *pattern;   /* of CALL_OF_PATTERN, else NULL */
	const struct model_handler *handler;   /* of the others, else NULL */
	const struct node *step;               /* of the others: the object in expect_after */
	const struct node *at;                 /* the string in the document */
	bool last;                             /* of its pattern's commands: what `expect` is about */
	bool valid;                            /* it parsed: request and actions are there */
	struct aws_command command;                /* its operation may be known even so; NULL: not even that */
	const struct command_findings *findings;   /* of command_parse(); never NULL */
	const struct node *request;            /* tree of command.request; NULL when not valid */
	struct model_action *actions;          /* of item operations; CreateTable and the like have none */
	size_t n_actions;
};

struct model_calls {
	const struct model *model;
	struct model_call *calls;              /* the patterns' in their order, then the handlers' */
	size_t n_calls;
	size_t n_left_out;                     /* beyond MODEL_CALLS_MAX */
};

/* Reads them all; everything lives in the arena and borrows from the model. False at the arena's
 * cap (FATAL "model.memory"): what is in *out until then may be used. */
bool model_calls_read(struct model_calls *out, const struct model *m, struct arena *a, struct err *err);

/* One command, not of a document (a tool's argument); table names are looked up in m. */
bool model_call_read(struct model_call *out, const struct model *m, struct str text, struct arena *a, struct err *err);

/* The key of what the action reads or writes, for expression checks: of its index, else its table. Types are
 * those of AttributeDefinitions. In the arena; NULL when neither is known or at its cap. */
const struct expression_schema *model_action_schema(const struct model_action *action, struct arena *a);
/* The same of a table (index NULL) or one of its indexes. */
const struct expression_schema *model_schema_of(const struct model_table *t, const struct model_index *i, struct arena *a);

/* The attributes an index holds: its key, the table's key, what it includes; *n 0 for one that has all. In the
 * arena; NULL at its cap. */
const struct str *model_index_attributes(const struct model_table *t, const struct model_index *i, struct arena *a, size_t *n);

#endif
