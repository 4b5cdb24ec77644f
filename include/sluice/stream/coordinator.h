/* coordinator: one pipeline's shards. Finds the table's stream, keeps the shard
 * graph and the leases, and starts a reading for whoever is entitled to a shard:
 * for each handler a child only after that handler has acknowledged its parent.
 *
 * A reading is one walk through one shard for some of the pipeline's handlers.
 * Usually it is all of them together; handlers that became entitled at different
 * times get readings of their own.
 *
 * A handler that cannot keep up is parked: it leaves its reading, so that the
 * others go on without it, and comes back in another one. One that lagged comes
 * back at once; one whose sink does nothing comes back after a back-off, with a
 * probe (a record at a time, until an effect was acknowledged). Readings that are
 * all at the stream's tip end, and one begins for all their handlers.
 */
#ifndef SLUICE_STREAM_COORDINATOR_H
#define SLUICE_STREAM_COORDINATOR_H

#include "sluice/core/mutex.h"
#include "sluice/stream/lease.h"
#include "sluice/stream/pace.h"

enum stream_start { STREAM_START_TRIM_HORIZON, STREAM_START_LATEST, STREAM_START_TIME };

struct coordinator_handler {
	struct str name;
	struct str definition;     /* hex digest of what its rows depend on; empty: none */
	bool stopped;              /* FATAL: reads nothing until the next start */
	bool continues;            /* goes on with the table's next stream, at its horizon (T10) */
};

/* Why a handler left its reading. */
enum parking {
	PARKING_NONE,
	PARKING_STALLED,           /* what it waits for does nothing */
	PARKING_LAGGING,           /* it works, but others had to wait for it */
};

struct member;

struct reading {
	struct coordinator *coordinator;
	struct lease *lease;       /* held */
	struct str stream_arn;
	size_t *handlers;          /* indexes into the coordinator's handlers, less those that left */
	size_t n_handlers;
	bool probe;                /* of handlers that had stalled: begins with pages of one record */
	bool apart;                /* of handlers that were parked: a share of the memory must do */
	struct mutex *turn;        /* the shard's readings ask for records in turn */
	int64_t behind_ms;         /* mono time at which it was last behind the tip; whoever runs it notes it */
	bool ending;               /* finish what is in flight, within seconds, and return */
	struct event end;          /* set: look at `ending`, and whether the worker drains */
	struct member *member;     /* the coordinator's */
	struct reading *next;
};

struct balancer;

struct coordinator_settings {
	struct loop *loop;
	struct aws_client *dynamodb, *streams;
	struct state *state;
	struct heartbeat *heartbeat;
	struct pace *describe;     /* of all DescribeStream calls of the worker */
	struct balancer *balancer;
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

/* No new readings; those under way are asked to end. */
void coordinator_stop(struct coordinator *c);

/* After coordinator_run() was cancelled: no lease is ours any more, as far as we
 * know. It may be run again, and then takes what it may take. */
void coordinator_let_go(struct coordinator *c);

/* Cancels the readings; their leases are saved and given up all the same. */
void coordinator_cancel_readings(struct coordinator *c);

/* For metrics: calls of DescribeStream since the start, leases held now. */
struct coordinator_stats {
	uint64_t describes;
	size_t shards;
};
struct coordinator_stats coordinator_stats(const struct coordinator *c);

/* For the balancer: unfinished leases held here that are not being given away, and
 * all unfinished ones that somebody holds or that could be taken. */
struct coordinator_count {
	size_t held, all;
};
struct coordinator_count coordinator_count(const struct coordinator *c);

/* The leases that another worker has of this pipeline: what its heartbeat's row says,
 * or the leases' own rows where we have just listed them and they say more; with
 * those that are under way to it. */
size_t coordinator_load_of(const struct coordinator *c, struct str session, size_t published);

/* Gives n leases to that session: their readings end softly, then the rows are
 * written. */
void coordinator_give(struct coordinator *c, struct str session, size_t n);

/* Does an unfinished lease name that session? */
bool coordinator_names(const struct coordinator *c, struct str session);

struct str coordinator_pipeline(const struct coordinator *c);

/* The shard's closing page has come: its children are looked for at once, while the
 * last records are still on their way. */
void coordinator_shard_ended(struct coordinator *c, struct str shard_id);

/* Something that it decides by has changed (a shard ended, a handler stopped). */
void coordinator_wake(struct coordinator *c);

/* Has a reading end softly: it finishes the batches in flight, for a few seconds at
 * most, saves and returns. Its handlers are served again after that. */
void reading_end(struct reading *r);

/* For whoever runs the reading, which goes on without the handler: it is parked. Its
 * position must stand in the lease. It comes back no sooner than least_ms from now.
 * True: it was not parked yet (false: it was on its way back). */
bool reading_leave(struct reading *r, size_t handler, enum parking why, int64_t least_ms);

/* The handler's sink has acknowledged something. True when that ends its parking. */
bool reading_acknowledged(struct reading *r, size_t handler);

/* In how many of the shards that we hold the handler is parked now. */
size_t coordinator_parked(const struct coordinator *c, size_t handler);

#endif
