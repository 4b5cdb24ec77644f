/* diff_parts: what the files that compare two models share. Known to src/model only.
 */
#ifndef SLUICE_MODEL_DIFF_PARTS_H
#define SLUICE_MODEL_DIFF_PARTS_H

#include "sluice/core/buf.h"
#include "sluice/model/diff.h"

/* Within a phase: what others need goes first. */
enum diff_turn { TURN_FIRST, TURN_SECOND, TURN_LAST, DIFF_TURNS };

struct diffing {
	const struct model *was, *is;
	struct model_diff *out;
	struct arena *arena;
	bool described;
	bool full;                   /* the arena's cap was reached */
	struct diff_change **changes_end;
	struct diff_step *first[DIFF_PHASES][DIFF_TURNS], **end[DIFF_PHASES][DIFF_TURNS];
};

/* A name of a document for "%.*s": of any length there, cut here. */
#define NAME_ARG(s) (int)((s).len < 255 ? (s).len : 255), ((s).ptr ? (s).ptr : "")

/* Text in the arena, control characters as '?', 2,000 bytes at most. */
struct str diff_text(struct diffing *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The content of a buf, in the arena. */
struct str diff_take(struct diffing *d, struct buf *b);

/* Copies. At the arena's cap nothing is added and d->full set. */
void diff_add(struct diffing *d, const struct diff_change *change);
void diff_step(struct diffing *d, enum diff_turn turn, const struct diff_step *step);

/* Two lists matched by name: to_is[i] is where was[i] stands in the other list, SIZE_MAX: nowhere; to_was the
 * other way round. In the arena; false at its cap. */
struct matching {
	size_t *to_is, *to_was;
};
bool diff_match(struct diffing *d, const struct str *was, size_t n_was, const struct str *is, size_t n_is,
		struct matching *out);

/* The same tree, members in any order; NULL is the same as NULL only. */
bool diff_same_tree(const struct node *a, const struct node *b);

/* Member of two objects: the same there? */
bool diff_same_member(const struct node *a, const struct node *b, const char *name);

void diff_tables(struct diffing *d);
void diff_handlers(struct diffing *d);
void diff_patterns(struct diffing *d);
void diff_costs(struct diffing *d);

/* --- tables --------------------------------------------------------------- */

bool diff_same_key(const struct model_key *a, const struct model_key *b);
bool diff_same_index(const struct model_index *a, const struct model_index *b);
bool diff_same_projection(const struct model_index *a, const struct model_index *b);
/* "HASH user_id (S), RANGE at (N)"; "INCLUDE (a, b)". In the arena. */
struct str diff_key_text(struct diffing *d, const struct model_key *key);
struct str diff_projection_text(struct diffing *d, const struct model_index *index);
/* Neither BillingMode nor ProvisionedThroughput: that is on demand, as model/create makes it. */
bool diff_on_demand(const struct model_table *t);

/* Settings of a table or index that are compared as they stand. `described`: those that only `is` has are the
 * same, and warm throughput that is higher, too. */
void diff_settings(struct diffing *d, const struct model_table *t, const struct node *was, const struct node *is,
		   struct str index);

/* --- steps of tables ------------------------------------------------------ */

void diff_create_table(struct diffing *d, const struct model_table *t);
void diff_delete_table(struct diffing *d, const struct model_table *t);
void diff_replace_table(struct diffing *d, const struct model_table *was, const struct model_table *is,
			struct str why);
void diff_create_index(struct diffing *d, const struct model_table *t, const struct model_index *i);
void diff_delete_index(struct diffing *d, const struct model_table *t, const struct model_index *i);
void diff_replace_index(struct diffing *d, const struct model_table *t, const struct model_index *was,
			const struct model_index *is);
void diff_stream_steps(struct diffing *d, const struct model_table *was, const struct model_table *is);
void diff_ttl_steps(struct diffing *d, const struct model_table *was, const struct model_table *is);
void diff_billing_step(struct diffing *d, const struct model_table *is);
/* The table under another name: what a key that changes needs. */
struct str diff_other_name(struct diffing *d, struct str name);
/* The index of the table t of the new model under a name that neither model has there. */
struct str diff_other_index_name(struct diffing *d, const struct model_table *t, struct str name);

/* --- requests (diff_requests.c): text in the arena ------------------------ */

struct str diff_request_table(struct diffing *d, const struct model_table *t, struct str name);
struct str diff_request_delete_table(struct diffing *d, struct str table);
struct str diff_request_index(struct diffing *d, const struct model_table *t, const struct model_index *i,
			      struct str name);
struct str diff_request_delete_index(struct diffing *d, struct str table, struct str index);
struct str diff_request_stream(struct diffing *d, struct str table, struct str view_type);  /* empty: disable */
struct str diff_request_ttl(struct diffing *d, struct str table, struct str attribute, bool enabled);
struct str diff_request_billing(struct diffing *d, const struct model_table *t);
/* A setting of the table, or of an index where one is named. */
struct str diff_request_setting(struct diffing *d, struct str table, struct str index, const struct node *setting);

#endif
