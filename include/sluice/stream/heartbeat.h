/* heartbeat: one row a worker, renewed every third of the failover time. Its
 * leases live as long as it does (DESIGN: zombies).
 *
 * The owner's side: nothing may be sent for a shard later than the send time of
 * the last confirmed renewal + nine tenths of the failover time. When that
 * moment passes the worker has *lapsed*: others may have its leases by now, also
 * when a later renewal succeeds. It sends nothing until it has let go of all it
 * held (heartbeat_let_go()) and a renewal was confirmed after that.
 *
 * The observer's side: another worker is dead when its row stood still for the
 * failover time on the observer's own clock. The rows also tell how many leases
 * each worker holds (`load`), which is what leases are balanced by.
 */
#ifndef SLUICE_STREAM_HEARTBEAT_H
#define SLUICE_STREAM_HEARTBEAT_H

#include "sluice/stream/state.h"

/* What a worker runs: a pipeline's name, and the unfinished leases it holds of it. */
struct heartbeat_load {
	struct str pipeline;
	size_t leases;
};

struct heartbeat_sighting;

struct heartbeat {
	struct state *state;
	struct loop *loop;
	struct str session;           /* owned: "<host>:<pid>:<random>", new with each start */
	int64_t failover_ms;
	uint64_t counter;             /* of our row; 0: not written yet */
	int64_t confirmed_sent_ms;    /* mono time at which the last confirmed renewal was sent */
	bool begun;                   /* a renewal was confirmed once */
	bool confirmed;               /* one was, since the start or since we let go */
	bool lapsed;                  /* a renewal came too late; stays until we let go */
	bool in_doubt;                /* the last write's outcome is unknown */
	bool ended;                   /* heartbeat_remove() was called: no renewal any more */
	bool writing;                 /* one write at a time; the removal waits for `written` */
	struct event written;
	struct event renewed;         /* set by each confirmed renewal; for whoever clears it */
	struct event due;             /* set: heartbeat_run() shall renew at once */
	struct heartbeat_sighting *sightings;  /* other workers, by session */
	int64_t observed_ms;          /* when the latest complete look at them began */
	bool looked;                  /* there was one */

	/* What our row says of us: asked at each renewal, returns how many of `out` it
	 * filled. NULL: nothing. */
	size_t (*loads)(void *ctx, struct heartbeat_load *out, size_t max);
	void *loads_ctx;
};

enum { HEARTBEAT_LOADS = 256 };   /* pipelines that a row tells of; the rest is not balanced */

/* instance: "<host>:<pid>", begins the session. */
void heartbeat_init(struct heartbeat *h, struct state *state, struct loop *loop, struct str instance, int64_t failover_ms);
void heartbeat_release(struct heartbeat *h);

/* Yields. Writes the row once. */
bool heartbeat_renew(struct heartbeat *h, struct err *err);

/* A task body's loop: renews until cancelled. Failures are logged and tried again
 * soon; they do not end it. Yields. */
void heartbeat_run(struct heartbeat *h);

/* Yields. Removes the row: the worker has given all up. */
bool heartbeat_remove(struct heartbeat *h, struct err *err);

/* May this worker still send for its shards? False with RETRY
 * "lease.deadline" when heartbeats have not been confirmed in time. */
bool heartbeat_may_send(const struct heartbeat *h, struct err *err);

/* Has the deadline passed since we last let go? Then how long until it does, 0
 * where it has (or where nothing is confirmed yet). */
bool heartbeat_lapsed(const struct heartbeat *h);
int64_t heartbeat_left_ms(const struct heartbeat *h);

/* The worker has let go of all that it held: the next confirmed renewal lets it
 * send again. */
void heartbeat_let_go(struct heartbeat *h);

/* Yields. Looks at all workers' rows and notes which have moved. */
bool heartbeat_observe(struct heartbeat *h, struct err *err);

/* Has that session stood still for the failover time, as far as we have watched?
 * The first question about an unknown one starts its clock. */
bool heartbeat_is_dead(struct heartbeat *h, struct str session);

/* Was its row seen to move, and not to stand still since? */
bool heartbeat_beats(const struct heartbeat *h, struct str session);

/* Another worker that the latest look showed alive. Borrowed until the next look. */
struct heartbeat_worker {
	struct str session;
	const struct heartbeat_load *loads;
	size_t n_loads;
};

/* Walks them, in no special order. Start with *at = NULL; false at the end. */
bool heartbeat_next_alive(const struct heartbeat *h, const struct heartbeat_sighting **at, struct heartbeat_worker *out);

/* Yields. Removes the rows of workers that have been dead for ten failover times
 * and of which named() says that no lease names them; forgets them. */
bool heartbeat_bury(struct heartbeat *h, bool (*named)(void *ctx, struct str session), void *ctx, struct err *err);

#endif
