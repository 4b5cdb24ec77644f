/* shard_run: one reading of one shard: a reader task fills a window, a chain per
 * handler walks through it, a ticker saves the positions.
 */
#ifndef SLUICE_WORKER_SHARD_RUN_H
#define SLUICE_WORKER_SHARD_RUN_H

#include "sluice/stream/reader.h"
#include "sluice/worker/chain.h"
#include "sluice/worker/worker.h"

struct shard_run {
	struct worker *worker;
	struct pipeline *pipeline;
	struct reading *reading;
	struct lease *lease;
	struct effect_source source;       /* without the handler's name */
	struct window window;
	struct chain *chains;
	struct window_cursor **cursors;
	size_t n_chains;
	struct scope readers, walkers, ticker;
	struct reader_stats reads;
	enum reader_end end;
	struct shard_run *next;            /* in the pipeline's list */
};

/* coordinator_settings.read; ctx is the pipeline. Yields until the reading is over. */
void shard_run(void *pipeline, struct reading *r);

/* True when no further batch may be begun: drain, or the lease is lost. */
bool shard_run_ending(const struct shard_run *run);

#endif
