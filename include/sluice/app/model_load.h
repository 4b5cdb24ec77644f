/* model_load: a data model's patterns at their rates, for a time, against an endpoint: how long
 * answers take, what is throttled, and the capacity that is consumed beside what was estimated.
 *
 * Open loop: when a request is due does not depend on the answers to those before it, and its latency
 * counts from then on, so a slow endpoint shows as slow (waiting for a place included). So many are under way at
 * most; what finds no place within reason is counted as dropped. Nothing is tried a second time.
 * One request a command, the first page of a Query or Scan. Keys vary over the sample items (model/variation.h).
 */
#ifndef SLUICE_APP_MODEL_LOAD_H
#define SLUICE_APP_MODEL_LOAD_H

#include "sluice/app/model_site.h"
#include "sluice/core/histogram.h"
#include "sluice/core/json_write.h"
#include "sluice/model/call.h"
#include "sluice/model/variation.h"

enum {
	LOAD_IN_FLIGHT = 64,
	LOAD_QUEUED = 10000,         /* due, and waiting for a place; more are dropped */
	LOAD_PATTERNS_MAX = 2000,    /* that run; others are passed over */
	LOAD_ERRORS_MAX = 8,         /* names of a pattern; further ones count as "other" */
	LOAD_LATE_MS = 100,          /* begun so long after it was due: late */
	LOAD_DRAIN_MS = 5000,        /* behind the end what waits may still begin */
};
#define LOAD_FACTOR_MAX 10000.0
#define LOAD_PER_S_MAX 1000000.0     /* of all patterns: beyond it there would be no time but for counting */
#define LOAD_DURATION_MAX_MS 86400000ll

struct load_error {
	char code[64];
	uint64_t count;
};

struct load_figures {
	uint64_t planned;            /* sent and dropped */
	uint64_t sent, late, dropped;
	uint64_t done;
	uint64_t refused;            /* by their own condition, or with the error that the pattern expects */
	uint64_t throttled;          /* also batches of which a part was not processed */
	uint64_t failed;
	struct load_error errors[LOAD_ERRORS_MAX];
	size_t n_errors;
	struct histogram latency_us; /* of those done and refused */
	uint64_t measured;           /* answers that told their capacity */
	double units;                /* the sum, of tables and indexes */
};

struct load_pattern {
	const struct model_pattern *pattern;
	struct str skipped;          /* why it does not run; empty: it does */
	double per_s;
	bool writes;
	const struct model_call *calls;      /* its own, one behind the other */
	struct model_variations *requests;   /* of each of them */
	size_t n_calls;
	double estimate;             /* units of one, by the formulas of `model cost`; < 0: not known */
	struct load_figures *figures;/* NULL: it does not run */
};

struct model_load {
	const struct model *model;
	double factor;
	int64_t duration_ms;
	void (*progress)(void *ctx, const struct model_load *l);   /* once a second; NULL: nobody looks */
	void *ctx;

	struct arena arena;
	struct load_pattern *patterns;   /* all of the model's */
	size_t n_patterns, running;
	bool writes;                 /* one that runs does */
	int64_t elapsed_ms;          /* of sending */
	int64_t answered_ms;         /* until the last answer; rates that were reached count over it */
	bool stopped;                /* before its time */
};

/* "x2", "x0.1", "3"; "30s", "5m", "1h", "90" (seconds). DATA "load.rps", "load.for"; NULL gives the default. */
bool model_load_factor(const char *text, double *out, struct err *err);
bool model_load_duration(const char *text, int64_t *out_ms, struct err *err);

/* model is borrowed; x1 for 60 s. Release it all the same, whatever failed. */
void model_load_init(struct model_load *l, const struct model *model);
void model_load_release(struct model_load *l);

/* Reads the commands, makes requests and estimates; connects to nothing. DATA "load.nothing" when no pattern
 * can run, "load.rps" when all together are more than LOAD_PER_S_MAX. */
bool model_load_prepare(struct model_load *l, struct err *err);

/* Are the tables there? DATA "load.table". Patterns whose index the endpoint lacks are passed over. Yields. */
bool model_load_check(struct model_load *l, struct model_site *site, struct err *err);

/* Yields, for the whole time, or until site->stop. */
void model_load_run(struct model_load *l, struct model_site *site);

/* Sum over all patterns. */
void model_load_total(const struct model_load *l, struct load_figures *out);

void model_load_print(const struct model_load *l, struct buf *out);
void model_load_write(const struct model_load *l, struct json_writer *w);

#endif
