/* chain: one handler's way through one reading of a shard: takes records from the
 * window, filters, has effects made, has them carried out, moves the position.
 * One batch is in flight at a time; so what one handler does for one shard
 * happens in stream order.
 *
 * A sink may hold effects (pipeline/effect.h) over many batches. A batch ends then all
 * the same, and its pages go; the position waits. A chain that ends before they are
 * acknowledged has the sink forget them.
 *
 * A chain that is told to leave its reading (`leaves`; worker/parking.h) forgets
 * what is not acknowledged. Its position stands, and it is read on elsewhere.
 */
#ifndef SLUICE_WORKER_CHAIN_H
#define SLUICE_WORKER_CHAIN_H

#include "sluice/pipeline/progress.h"
#include "sluice/pipeline/window.h"
#include "sluice/worker/pipeline.h"

struct shard_run;

struct chain {
	struct shard_run *run;
	struct pipeline_handler *h;
	size_t lease_index;                /* of its position in the lease */
	struct window_cursor cursor;
	struct progress progress;
	struct sequence after;             /* records up to here were done before */
	uint64_t v;                        /* of the last record taken */

	/* The batch: copies of records, since each handler has its own v. */
	struct record *records;
	const struct record **pointers;
	uint64_t *slots;                   /* in progress, one a record */
	size_t count, cap;
	int64_t partial_ms;                /* when the last batch that was not full began */
	int64_t most_records;              /* of a batch, while it comes back after a stall; or 0 */
	size_t room_bytes;                 /* for a batch's effects, where the guess was too small; or 0 */

	/* What its sink holds of it; nothing: n_held is 0. */
	struct effect_holder holder;
	uint64_t *held;                    /* their slots; between two batches a single one */
	size_t n_held, held_cap;
	size_t held_effects;

	/* How it goes; for worker/parking. */
	struct scope scope;                /* of its task alone */
	bool busy;                         /* a batch is under way */
	bool waits_for_memory;             /* nothing of that batch is made yet */
	bool idle;                         /* waits with nothing left to take */
	bool acknowledged;                 /* its sink has acknowledged something in this reading */
	int64_t moved_ms;                  /* when that batch last got further (mono) */
	int64_t silent_until_ms;           /* its sink waits for an answer that may take so long (mono); or 0 */
	int64_t drained_ms;                /* when it last had nothing left to take */
	unsigned limit;                    /* a probe: records of its next page; 0: any */
	enum parking leaves;
	struct err why;                    /* what the batch waits for; class NONE: nothing failed */

	bool over;                         /* the task has ended */
	bool left;                         /* and the handler is read elsewhere */
	bool ended;                        /* at the end of the window, all acknowledged */
	bool skips;                        /* what it needs is trimmed; it begins anew at the horizon */
};

void chain_init(struct chain *c, struct shard_run *run, struct pipeline_handler *h, size_t lease_index);
void chain_release(struct chain *c); /* may be called again */

/* A task body: until the window's end, the handler's stop, drain or cancellation. */
void chain_run(struct chain *c);

/* Its sink holds something to which nothing can come any more, once all records up to
 * this service time (Unix ms) have been read. */
bool chain_is_due(const struct chain *c, int64_t tip_ms);

#endif
