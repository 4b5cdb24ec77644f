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
};

void chain_init(struct chain *c, struct shard_run *run, struct pipeline_handler *h, size_t lease_index);
void chain_release(struct chain *c);

/* A task body: until the window's end, the handler's stop, drain or cancellation. */
void chain_run(struct chain *c);

/* Yields until all n effects are acknowledged or dead-lettered. Reorders the
 * array. False: stopped, draining or cancelled; what is not acknowledged holds
 * the position. */
bool chain_deliver(struct chain *c, struct effect **effects, size_t n);

/* One record, or a part of one, for the dead letter. */
struct chain_loss {
	uint32_t record;                   /* index into the batch */
	const struct err *why;
	int64_t attempts;
};

/* Yields until the dead letter has taken all n; each then counts as one
 * acknowledgement. False as chain_deliver(). */
bool chain_dead_letter(struct chain *c, const struct chain_loss *losses, size_t n);

/* One acknowledgement for a record of the batch. */
void chain_acknowledge(struct chain *c, uint32_t record);

/* Yields for a while; false when draining or cancelled. */
bool chain_pause(struct chain *c, int64_t ms);

#endif
