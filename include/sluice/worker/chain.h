/* chain: one handler's way through one reading of a shard: takes records from the
 * window, filters, has effects made, has them carried out, moves the position.
 * One batch is in flight at a time; so what one handler does for one shard
 * happens in stream order.
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
	bool ended;                        /* at the end of the window, all acknowledged */
	bool skips;                        /* what it needs is trimmed; it begins anew at the horizon */
};

void chain_init(struct chain *c, struct shard_run *run, struct pipeline_handler *h, size_t lease_index);
void chain_release(struct chain *c);

/* A task body: until the window's end, the handler's stop, drain or cancellation. */
void chain_run(struct chain *c);

#endif
