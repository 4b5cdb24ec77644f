/* model_live_impl: what the files of model_live.h share. */
#ifndef SLUICE_APP_MODEL_LIVE_IMPL_H
#define SLUICE_APP_MODEL_LIVE_IMPL_H

#include "sluice/app/model_live.h"
#include "sluice/core/buf.h"
#include "sluice/model/names.h"

enum { LIVE_POLL_MS = 50 };

/* A table that was made, or may have been. */
struct live_created {
	struct str name;
	bool gone;
	struct live_created *next;
};

/* One run. */
struct live {
	struct model_site *site;
	const struct model *model;
	struct model_calls calls;
	const struct model_live_options *options;
	struct model_live_result *result;
	struct arena *arena;             /* the result's */
	struct arena scratch;            /* the calls, names */
	struct live_created *created;
	uint64_t chance;                 /* of this run, in its names */
	unsigned sets;                   /* of tables so far */
	bool unreachable;                /* the endpoint answers no more: nothing can be dropped */
	bool in_use;                     /* a table could not be dropped for its whole time: others are not waited for */
};

/* Tables of a run: all of the model's, or those that a handler has to do with. */
struct live_tables {
	struct live *live;
	struct model_names names;
	bool *wanted;                    /* by the order of the model's tables */
	bool *plain;                     /* this one lacks its indexes of several HASH or RANGE attributes */
};

void live_progress(struct live *l, const char *phase, size_t done, size_t total, struct str what);

/* Yields. One call. The error's code tells what it is: live_is_exception(). */
bool live_call(struct live *l, const char *operation, struct str body, struct buf *answer, struct err *err);

/* The same, not cancelled on its way but between its attempts, which are short: whether it took effect is known, or
 * the endpoint does not answer. */
bool live_call_shielded(struct live *l, const char *operation, struct str body, struct buf *answer, struct err *err);

/* The service's own refusal, an outcome; all else is trouble on the way to it. */
bool live_is_exception(const struct err *err);

/* ---- model_live_tables.c ---- */

/* Names for a new set; no table is wanted yet. False at the arena's cap. */
bool live_tables_init(struct live_tables *t, struct live *l, struct err *err);

/* Yield. All that are wanted, until they are ACTIVE; their sample items. */
bool live_tables_create(struct live_tables *t, struct err *err);
bool live_tables_fill(struct live_tables *t, struct err *err);

/* Yields. Drops all that was made and is not gone; what could not be is in the result. */
void live_drop_all(struct live *l);
void live_tables_drop(struct live_tables *t);

/* The endpoint could not make this index. NULL: there is one, or none is named. */
bool live_lacks_index(const struct live_tables *t, const struct model_table *table, const struct model_index *index);
#define LIVE_LACKS_KEYS "endpoint lacks multi-attribute keys"

/* ---- model_live_call.c ---- */

/* Yields. Runs a model's call on these tables, page after page as the AWS CLI does. An exception is an outcome, in
 * *out. Bodies live in `a`; *body is the last one. */
bool live_run_call(struct live_tables *t, const struct model_call *call, struct expect_answer *out, struct str *body,
		   struct arena *a, struct err *err);

/* Why this call cannot be run here; empty: it can. */
struct str live_why_not(const struct live_tables *t, const struct model_call *call, struct arena *a);

/* What calls are about to write, as it was before. */
struct live_item {
	const struct model_table *table;
	struct str key, item;            /* JSON; item empty: there was none */
	bool unknown;                    /* it could not be asked for, so the write will not succeed either */
	struct live_item *next;
};

/* Yield. Reads what the call's actions would write, in front of *list; puts it back. */
bool live_remember(struct live_tables *t, const struct model_call *call, struct live_item **list, struct arena *a,
		   struct err *err);
bool live_restore(struct live_tables *t, const struct live_item *list, struct err *err);

/* Yields. How many of the list's items in that table are different now. */
bool live_count_changed(struct live_tables *t, const struct live_item *list, const struct model_table *table, size_t *n,
			struct err *err);

/* ---- model_live_patterns.c ---- */

/* Yields. The whole phase. */
bool live_run_patterns(struct live_tables *t, struct err *err);

/* ---- model_live_handlers.c ---- */

/* Unless it turned out that this program or this endpoint does not run it. */
bool live_runs(const struct live *l, const struct model_handler *h);

/* Yields. Each handler on tables of its own. */
bool live_run_handlers(struct live *l, struct err *err);

/* Yields. All together on these tables, until nothing moves any more. */
bool live_settle_handlers(struct live_tables *t, struct err *err);

#endif
