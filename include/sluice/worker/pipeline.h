/* pipeline: one reading of one table's stream with its handlers, as a worker runs
 * it.
 */
#ifndef SLUICE_WORKER_PIPELINE_H
#define SLUICE_WORKER_PIPELINE_H

#include "sluice/core/budget.h"
#include "sluice/handlers/handler.h"
#include "sluice/pipeline/failure.h"
#include "sluice/sinks/sink.h"
#include "sluice/stream/balancer.h"
#include "sluice/stream/coordinator.h"
#include "sluice/stream/reader.h"

struct handler_stats {
	uint64_t records;         /* given to the handler's chains */
	uint64_t filtered;        /* did not match, or lay before the start */
	uint64_t effects;         /* acknowledged by the sink */
	uint64_t dead_letters;
	uint64_t retries;         /* rounds that had to be repeated */
	uint64_t notified;        /* fan-out: members, acknowledged by the sink */
	int64_t lag_ms;           /* when the last batch was done: how old its last record was by
				     the service's clock (creation times are whole seconds, in
				     DynamoDB Local whole minutes) */
	uint64_t expired;         /* fan-out: tasks that were dropped, or cut short, by their age */
	uint64_t parked;          /* how often it was, in all; now: coordinator_parked() */
};

/* One handler with what it needs at run time. */
struct pipeline_handler {
	struct handler *handler;           /* owned */
	struct arena arena;                /* filter and changed live here */
	struct filter *filter;
	struct changed *changed;           /* NULL: no such condition */
	struct sink *sink;                 /* borrowed from the worker */
	struct sink *notifications;        /* fan-out: where the members' messages go; else NULL */
	struct sink *dead_letter;          /* NULL: none */
	struct failure_policy policy;
	int64_t batch_records, batch_bytes, batch_window_ms;
	struct coordinator_handler *place; /* the coordinator's entry: name, stopped */
	struct budget memory;              /* for effects: a share of the worker's */
	int64_t said_parked_ms;            /* when a log line last said that it is parked */
	struct handler_stats stats;
};

struct shard_run;

enum trim_policy { TRIM_HALT, TRIM_SKIP };

struct pipeline {
	struct str app, name, table;
	struct pipeline_handler *handlers;
	struct coordinator_handler *places;
	size_t n_handlers;
	bool skips_own_rows;               /* a handler writes into the source table */
	enum trim_policy on_trim;
	int64_t poll_min_ms, poll_max_ms;
	struct coordinator *coordinator;
	struct worker *worker;
	struct shard_run *runs;            /* the readings under way */
	struct reader_stats reads;         /* of those that are over */
};

/* Stops a handler for good (FATAL): its position stands. Says so, loudly. */
void pipeline_stop_handler(struct pipeline *p, struct pipeline_handler *h, const struct err *why);

/* coordinator_settings.described: checks the table against the handlers and stops
 * those that cannot work on it. */
bool pipeline_described(void *ctx, const struct table_description *table, struct err *err);

#endif
