/* worker: one thread's runtime: its loop, AWS clients, sinks, state, heartbeat and
 * pipelines. Workers share nothing.
 */
#ifndef SLUICE_WORKER_WORKER_H
#define SLUICE_WORKER_WORKER_H

#include "sluice/core/budget.h"
#include "sluice/core/loop.h"
#include "sluice/worker/figures.h"
#include "sluice/worker/gate.h"
#include "sluice/worker/pipeline.h"

/* What to run, made by app from the settings; everything in it is borrowed. */
struct worker_sink_plan {
	struct str name;
	const struct sink_ops *ops;
	const void *settings;
};

struct worker_handler_plan {
	const struct handler_ops *ops;
	const void *settings;
	struct handler_site site;
	const struct node *filter;
	struct option_names changed;
	struct str mapping;                /* of an index that must be made; or empty */
	struct str sink;                   /* name; empty: the tables' own DynamoDB. Of a fanout: the
	                                      notifications' */
	struct failure_policy policy;
	int64_t batch_records, batch_bytes, batch_window_ms;
};

struct worker_pipeline_plan {
	struct str name, table;
	enum stream_start start;
	int64_t start_ms;
	int64_t poll_min_ms, poll_max_ms;
	enum trim_policy on_trim;
	bool continues;                    /* on_new_stream = "continue": handlers that are no images */
	struct worker_handler_plan *handlers;
	size_t n_handlers;
};

struct worker_plan {
	struct str app;
	struct str instance;               /* "<host>:<pid>", begins the worker's session */
	struct aws_settings aws;           /* credentials, transport, region, endpoint */
	struct transport *state_transport; /* the state table's own connections (T21); NULL: aws.transport */
	struct str state_table;
	struct str state_file;             /* instead of the table; empty: none */
	int64_t failover_ms, checkpoint_ms, drain_ms;
	int64_t list_ms;                   /* between listings of a stream; 0: the coordinator's default */
	size_t memory_bytes, page_bytes, window_bytes;
	const struct producer_factory *producers;  /* of kafka sinks; NULL: librdkafka's */
	struct worker_sink_plan *sinks;
	size_t n_sinks;
	struct worker_pipeline_plan *pipelines;
	size_t n_pipelines;
};

struct worker {
	const struct worker_plan *plan;
	struct loop *loop;
	struct env *env;
	struct send_gate gate;                   /* what leaves for shards, tables and sinks passes it */
	struct aws_settings aws;           /* for sinks that call other services */
	struct aws_client *dynamodb, *streams;  /* through the gate */
	struct aws_client *state_client;   /* past it */
	struct state *state;
	struct heartbeat heartbeat;
	struct balancer balancer;
	struct budget budget;              /* pages, and fan-out tasks: three quarters of memory_bytes */
	struct budget apart;               /* of these at most half, for handlers that were parked */
	struct budget effects;             /* the other quarter */
	struct pace describe;              /* of DescribeStream, for all pipelines */
	struct sink *tables;               /* for handlers without a sink */
	struct sink *tasks;                /* for handlers that make fan-out tasks */
	void *tables_settings;
	struct sink **sinks;               /* by index of plan->sinks */
	struct pipeline *pipelines;
	size_t n_pipelines;
	struct event new_tasks;            /* set: the fan-out runner shall look at once */
	struct event drain;                /* set: finish what is in flight, then end */
	struct scope work, services;
	struct scope life;                 /* what ends when the heartbeat lapses */
	bool living;                       /* `life` is open and not cancelled by a lapse */
	struct worker_stats told;          /* as the figures were logged last */
	bool running, opened;              /* in worker_run(); the state is open */
	bool expired;                      /* the drain's deadline has passed */
	bool failed;                       /* it could not start */
};

/* Nothing is sent yet. NULL with FATAL when a sink or handler refuses its settings. */
struct worker *worker_new(struct loop *loop, const struct worker_plan *plan, struct err *err);
void worker_free(struct worker *w);

/* A task body: the worker's life. Returns after worker_stop() when all is drained,
 * saved and given up, or plan->drain_ms later with what was saved till then. */
void worker_run(struct worker *w);

/* Begins the drain. On the loop's own thread (others: through loop_post). */
void worker_stop(struct worker *w);

#endif
