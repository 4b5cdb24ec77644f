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
	size_t walking;                    /* chains whose task has not ended */
	struct event moved;                /* set: one has */
	struct scope readers, ticker;
	struct reader_stats reads, seen;   /* seen: at the last look at the tip */
	int64_t saved_ms;
	enum reader_end end;
	size_t empty_pages;                /* in a row */
	int64_t empty_ms, tip_ms;          /* service time at which the first and the last of them were asked for */
	struct shard_run *next;            /* in the pipeline's list */
};

/* coordinator_settings.read; ctx is the pipeline. Yields until the reading is over. */
void shard_run(void *pipeline, struct reading *r);

/* True when no further batch may be begun: drain, the reading shall end, or the
 * lease is lost. */
bool shard_run_ending(const struct shard_run *run);

/* The service time up to which all of the shard's records have been read, as far as can
 * be told; 0: it cannot. */
int64_t shard_run_tip_ms(const struct shard_run *run);

/* The chain has this record before any other: is something missing in front of it
 * that the handler had seen, but not acknowledged (trimmed, T15)? May stop it. */
void shard_run_first(struct shard_run *run, struct chain *c, const struct record *r);

/* Yields. Saves the positions where they moved. */
void shard_run_checkpoint(struct shard_run *run);

#endif
