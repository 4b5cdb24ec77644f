/* fanout_run: the delivery of one fan-out task, from its lease to its end.
 */
#ifndef SLUICE_WORKER_FANOUT_RUN_H
#define SLUICE_WORKER_FANOUT_RUN_H

#include "sluice/worker/delivery.h"
#include "sluice/worker/fanout.h"
#include "sluice/worker/fanout_merge.h"
#include "sluice/worker/fanout_tasks.h"

/* One fanout handler of the worker, with what its tasks share. */
struct fanout_handler {
	struct pipeline *pipeline;
	struct pipeline_handler *h;
	struct fanout *fanout;
	size_t running;                  /* tasks here */
	size_t workers;                  /* that run tasks of it, this one among them */
	int64_t free_us;                 /* mono time from which on the rate allows more */
};

struct fanout_job {
	struct worker *worker;
	struct fanout_handler *handler;
	struct fanout_lease lease;
	uint64_t owner_hash;             /* that the listing found in its row */
	size_t memory_bytes;             /* what its pages and its batch may have */

	/* While it runs. */
	bool go;                         /* false: lease lost, expired, or ended */
	bool expired;
	struct fanout_task task;
	int64_t expires_at_s;            /* by expires and max_age_s; 0: never */
	struct buf event;                /* the event as a stream record, for sinks and dead letters */
	struct record record;
	const struct record *records[1];
	struct fanout_reading reading;
	struct fanout_stream *streams;
	struct fanout_merge merge;
	struct scope senders, fetchers, ticker;
	struct delivery_site site;
	struct effect_batch *batch;
	struct value *members;           /* of the batch's effects */
	size_t conditional_left;         /* inbox: so many more go by conditional put */
	size_t unsaved;                  /* members sent since the last save began */
	bool gathering;                  /* reads the audience: nothing is being sent */
	bool sent_all;
	struct err failure;              /* DATA or FATAL: the task cannot be done */
};

/* Yields: takes the task's lease and runs it until its end, the worker's drain, the
 * handler's stop, the lease's loss, or cancelled. Nothing when somebody else has it. */
void fanout_job_run(struct fanout_job *job);

#endif
