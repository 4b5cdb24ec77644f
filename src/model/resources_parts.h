/* resources_parts: what the three formats of model/resources.h share: the draft of what there shall
 * be, and the writing of texts, ids and ARNs. Known to src/model/resources*.c only.
 */
#ifndef SLUICE_MODEL_RESOURCES_PARTS_H
#define SLUICE_MODEL_RESOURCES_PARTS_H

#include "sluice/core/json_write.h"
#include "sluice/model/resources.h"
#include "sluice/model/rights.h"

/* An ARN that the model does not tell: a parameter or variable of the result. */
struct draft_unknown {
	struct str id;               /* its name in the format */
	struct str what;             /* "the queue_url of the handler x, "…"", for people; printable */
	const char *service;
};

enum draft_arn_kind { ARN_TABLE, ARN_STREAMS, ARN_INDEX, ARN_STATE, ARN_SINK, ARN_UNKNOWN };

struct draft_arn {
	enum draft_arn_kind kind;
	size_t table;                /* TABLE, STREAMS, INDEX: its place in the model */
	struct str index;            /* INDEX */
	const char *service;         /* SINK */
	struct rights_arn sink;      /* SINK */
	size_t unknown;              /* UNKNOWN: its place in the draft */
};

/* One statement; its actions are those of either. */
struct draft_statement {
	const struct table_rights *table;
	const struct sink_rights *sink;
	struct draft_arn *arns;
	size_t n, max;
};

enum { DRAFT_STATEMENTS = 24 };

struct draft {
	const struct model *model;
	enum resources_format format;
	struct arena arena;
	struct str *table_ids, state_id, state_parameter;
	struct str *ids;             /* all that are given */
	size_t n_ids, max_ids;
	struct draft_statement statements[DRAFT_STATEMENTS];
	size_t n_statements;
	struct draft_unknown *unknowns;
	size_t n_unknowns, max_unknowns;
	bool handlers;               /* there is a handler that runs */
	struct json_writer w;
	struct buf *notes;           /* may be NULL */
	bool executed;               /* a text was met that has no escape */
};

/* Fills all but `w`. False with err. draft_release() in any case. */
bool draft_make(struct draft *p, const struct model *m, enum resources_format format, struct buf *notes, struct err *err);
void draft_release(struct draft *p);

/* What the handlers are granted (resources_policy.c); part of draft_make(). */
bool draft_grant(struct draft *p);

/* An id of the format that nobody has, made of a name. False: no memory. */
bool draft_id(struct draft *p, struct str name, const char *suffix, struct str *out);

/* A sentence for people; control characters become '?'. */
void draft_note(struct draft *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct str draft_text_at(const struct node *group, const char *name);

/* --- writing --- */

/* Text that means itself in the draft's format: as a value, and as a member's name. */
void draft_text(struct draft *p, struct str text);
void draft_key(struct draft *p, struct str name);
void draft_member(struct draft *p, const char *name, struct str text);

/* Members that are numbers in `from`, under other names; {from, to} pairs ended by NULL. Whether any is there. */
struct draft_rename {
	const char *from, *to;
};
bool draft_numbers(struct draft *p, const struct node *from, const struct draft_rename *names);

/* Is it an attribute of a key? */
bool draft_is_key(const struct model_table *t, const struct model_attribute *a);

/* The table's global or local indexes, each by `put`, as a list of that name; nothing where there are none. */
void draft_indexes(struct draft *p, const struct model_table *t, bool global, struct str name,
		   void (*put)(struct draft *p, const struct model_index *x));

/* Paid by request, also where nothing stands. */
bool draft_on_demand(const struct model_table *t);

/* An ARN as the format has it; the same as the writer's next value. */
bool draft_arn_text(struct draft *p, const struct draft_arn *a, struct buf *out);
void draft_arn(struct draft *p, const struct draft_arn *a);

/* How a format writes a statement. */
struct draft_style {
	const char *sid, *effect, *actions, *resources, *condition;  /* its members' names */
	const char *own_account;        /* the condition's value, JSON: resources of this account alone */
	void (*arn)(struct draft *p, const struct draft_arn *a);
};

/* The statement with these of its ARNs, as the writer's next value. */
void draft_statement(struct draft *p, const struct draft_statement *s, size_t from, size_t to,
		     const struct draft_style *style);

/* A managed policy takes 6,144 characters: which statements, and which ARNs of the first and the
 * last of them, go into one. */
struct draft_cut {
	size_t statement, arn;          /* it begins with this ARN of this statement */
	size_t end_statement, end_arn;  /* and ends before this one */
};

/* The next policy behind `cut` (all zero: the first one). False: there is none. */
bool draft_next_policy(struct draft *p, struct draft_cut *cut);

/* Calls each(p, s, from, to) for the parts of statements that are in the cut. */
void draft_each_statement(struct draft *p, const struct draft_cut *cut,
			 void (*each)(struct draft *p, const struct draft_statement *s, size_t from, size_t to));

/* The three formats: the whole text into p->w. */
void resources_cloudformation(struct draft *p);
void resources_terraform(struct draft *p);
void resources_iam(struct draft *p);

#endif
