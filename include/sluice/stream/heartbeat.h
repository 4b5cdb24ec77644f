/* heartbeat: one row a worker, renewed every third of the failover time. Its
 * leases live as long as it does (DESIGN: zombies).
 *
 * The owner's side: nothing may be signed for a shard later than the send time of
 * the last confirmed renewal + failover - margin. The observer's side: another
 * worker is dead when its row stood still for the failover time on the
 * observer's own clock.
 */
#ifndef SLUICE_STREAM_HEARTBEAT_H
#define SLUICE_STREAM_HEARTBEAT_H

#include "sluice/stream/state.h"

struct heartbeat_sighting;

struct heartbeat {
	struct state *state;
	struct loop *loop;
	struct str session;           /* owned: "<host>:<pid>:<random>", new with each start */
	int64_t failover_ms;
	uint64_t counter;             /* of our row; 0: not written yet */
	int64_t confirmed_sent_ms;    /* mono time at which the last confirmed renewal was sent */
	bool confirmed;
	bool in_doubt;                /* the last write's outcome is unknown */
	struct heartbeat_sighting *sightings;  /* other workers, by session */
	int64_t observed_ms;          /* when the latest complete look at them began */
};

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

/* Yields. Looks at all workers' rows and notes which have moved. */
bool heartbeat_observe(struct heartbeat *h, struct err *err);

/* Has that session stood still for the failover time, as far as we have watched?
 * The first question about an unknown one starts its clock. */
bool heartbeat_is_dead(struct heartbeat *h, struct str session);

#endif
