/* model_live_worker: handlers of a model, run by the daemon's own worker on a trial's tables: settings derived
 * from the model, sinks captured, state in a temporary file.
 */
#ifndef SLUICE_APP_MODEL_LIVE_WORKER_H
#define SLUICE_APP_MODEL_LIVE_WORKER_H

#include "model_live_capture.h"
#include "model_live_impl.h"
#include "sluice/app/settings.h"
#include "sluice/worker/worker.h"

struct live_worker {
	struct live_tables *tables;
	const struct model_handler *only;    /* NULL: all that the program runs */
	struct arena arena;                  /* settings and plan */
	struct settings *settings;
	struct worker_plan plan;
	struct worker *worker;
	struct scope scope;
	struct capture *captures;            /* by index of plan.sinks; the last: dead letters */
	struct str why;                      /* not started: these handlers cannot be run, and why; in the live's arena */
	char folder[256];                    /* of the state; empty: none */
};

/* Yields. False with err: trouble; or, where `why` is set, handlers that cannot be run here. Stop it all the same. */
bool live_worker_start(struct live_worker *w, struct live_tables *t, const struct model_handler *only, struct err *err);

/* Yields. Ends it, at once when `drain` is false. */
void live_worker_stop(struct live_worker *w, bool drain);

/* What all handlers have done so far: any progress makes it larger. */
uint64_t live_worker_activity(const struct live_worker *w);

/* Yields. Nothing is under way: no batch, no fan-out task. */
bool live_worker_is_idle(const struct live_worker *w, bool *idle, struct err *err);

/* The handler of that name; NULL: it is not among them. */
const struct pipeline_handler *live_worker_handler(const struct live_worker *w, struct str name);

/* What the handler's sink was given; NULL: it writes tables. */
const struct capture *live_worker_messages(const struct live_worker *w, struct str handler);
const struct capture *live_worker_dead_letters(const struct live_worker *w);

/* ---- model_live_settle.c ---- */

enum { LIVE_IDLE_MS = 15000 };           /* so long a worker may do nothing while there is something to do */

/* Yields. Sets *quiet once nothing is under way and nothing has moved for a while. */
bool live_wait_quiet(struct live *l, const struct live_worker *w, bool *quiet, struct err *err);

/* How long a worker is waited for: while it moves, and a time beyond. */
struct live_patience {
	uint64_t activity;
	int64_t begun_ms, moved_ms;
};

struct live_patience live_patience(const struct live *l);

/* settled: all that is there was read, and nothing is under way. */
bool live_is_over(struct live_patience *p, const struct live *l, const struct live_worker *w, bool settled);

/* Sample items of a table: so many records its stream has of them. */
uint64_t live_items_of(const struct model *m, const struct model_table *table);

#endif
