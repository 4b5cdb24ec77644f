/* model_apply: makes what a data model has and an endpoint lacks. First the plan: what exists is
 * described and compared (model/diff.h). Then the steps of the plan that take nothing away, in order:
 * tables, indexes (one at a time, waited for), streams, TTL; then sample items, those that are not there
 * yet. What would have to take something away, or change it, is left and listed.
 *
 * Repeatable: what was done is found done; an interrupted run is gone on with by the next.
 */
#ifndef SLUICE_APP_MODEL_APPLY_H
#define SLUICE_APP_MODEL_APPLY_H

#include "sluice/app/model_site.h"
#include "sluice/core/json_write.h"
#include "sluice/model/diff.h"

enum apply_state {
	APPLY_LEFT,      /* not for apply: somebody must do it, by the step's text */
	APPLY_OPEN,      /* not done yet, or not any more: stopped */
	APPLY_DONE,
	APPLY_LACKING,   /* the endpoint cannot (DynamoDB Local: index keys of several attributes) */
	APPLY_FAILED,
	APPLY_BARRED,    /* a step of the same table failed before */
	APPLY_STATES,
};

struct apply_step {
	const struct diff_step *step;
	enum apply_state state;
	struct str note;             /* the service's words; may be empty */
};

struct apply_items {
	size_t asked, put, there, failed, barred;
	struct str note;             /* of the first that failed */
};

struct model_apply {
	const struct model *model;
	bool items;                  /* sample items, too */
	/* Told of each step, before (an index may take hours) and behind it; NULL: nobody is. */
	void (*begun)(void *ctx, const struct model_apply *a, size_t step);
	void (*ended)(void *ctx, const struct model_apply *a, size_t step);
	void *ctx;

	struct arena arena;
	struct model exists;         /* what was described */
	struct model_diff diff;
	struct apply_step *steps;
	size_t n_steps;
	struct apply_items put;
	bool stopped;                /* by site->stop */
};

/* model is borrowed. Release it all the same, whatever failed. */
void model_apply_init(struct model_apply *a, const struct model *model);
void model_apply_release(struct model_apply *a);

/* Yields. Describes and compares. False with err: an answer that cannot be used, CANCELLED when stopped. */
bool model_apply_plan(struct model_apply *a, struct model_site *site, struct err *err);

/* Yields, for as long as indexes take to fill. Behind model_apply_plan(). What fails is in the steps. */
void model_apply_run(struct model_apply *a, struct model_site *site);

/* Nothing failed, nothing is open, nothing is left. */
bool model_apply_complete(const struct model_apply *a);

const char *apply_state_name(enum apply_state state);

/* The plan; what came of it. */
void model_apply_print_plan(const struct model_apply *a, struct buf *out);
void model_apply_print_result(const struct model_apply *a, struct buf *out);
/* An object of both. */
void model_apply_write(const struct model_apply *a, struct json_writer *w);

#endif
