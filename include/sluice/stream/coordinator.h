/* coordinator: one pipeline's shards. Finds the table's stream, keeps the shard
 * graph and the leases, and starts a reading for whoever is entitled to a shard:
 * for each handler a child only after that handler has acknowledged its parent.
 *
 * A reading is one walk through one shard for some of the pipeline's handlers.
 * Usually it is all of them together; handlers that became entitled at different
 * times get readings of their own.
 */
#ifndef SLUICE_STREAM_COORDINATOR_H
#define SLUICE_STREAM_COORDINATOR_H

#include "sluice/stream/lease.h"
#include "sluice/stream/pace.h"

enum stream_start { STREAM_START_TRIM_HORIZON, STREAM_START_LATEST, STREAM_START_TIME };

struct coordinator_handler {
	struct str name;
	struct str definition;     /* hex digest of what its rows depend on; empty: none */
	bool stopped;              /* FATAL: reads nothing until the next start */
	bool continues;            /* goes on with the table's next stream, at its horizon (T10) */
};

struct reading {
	struct coordinator *coordinator;
	struct lease *lease;       /* held */
	struct str stream_arn;
	size_t *handlers;          /* indexes into the coordinator's handlers */
	size_t n_handlers;
};

struct coordinator_settings {
	struct loop *loop;
	struct aws_client *dynamodb, *streams;
	struct state *state;
	struct heartbeat *heartbeat;
	struct pace *describe;     /* of all DescribeStream calls of the worker */
	struct str pipeline, table;
	struct coordinator_handler *handlers;
	size_t n_handlers;
	enum stream_start start;
	int64_t start_ms;          /* STREAM_START_TIME: Unix time */
	int64_t list_ms;           /* between listings of the stream; 0: 30,000 */

	/* Told once the table is known, before anything is read, and again before
	 * another stream of it is: key names and view type. May stop handlers. False (err) where the pipeline cannot run. */
	bool (*described)(void *ctx, const struct table_description *table, struct err *err);

	/* Reads the shard for the reading's handlers: a task body. It advances the
	 * lease's positions, marks those done that have acknowledged the shard's end,
	 * and saves the lease. Yields; returns when the reading is over. */
	void (*read)(void *ctx, struct reading *r);
	void *ctx;
};

struct coordinator;

struct coordinator *coordinator_new(const struct coordinator_settings *settings);
void coordinator_free(struct coordinator *c);

/* The pipeline's life, a task body: returns after coordinator_stop(), when all
 * its readings have ended and its leases are given up, or when cancelled. */
void coordinator_run(struct coordinator *c);

/* No new readings. Those under way are ended by whoever runs them. */
void coordinator_stop(struct coordinator *c);

/* Cancels the readings; their leases are saved and given up all the same. */
void coordinator_cancel_readings(struct coordinator *c);

/* For metrics: calls of DescribeStream since the start, leases held now. */
struct coordinator_stats {
	uint64_t describes;
	size_t shards;
};
struct coordinator_stats coordinator_stats(const struct coordinator *c);

/* The shard's closing page has come: its children are looked for at once, while the
 * last records are still on their way. */
void coordinator_shard_ended(struct coordinator *c, struct str shard_id);

/* Something that it decides by has changed (a shard ended, a handler stopped). */
void coordinator_wake(struct coordinator *c);

#endif
