/* overseer: looks at every write of the state table and at every request that a
 * worker sends, and says at once what must not be:
 * - a position that goes back, or passes a record whose fate is open;
 * - a shard marked done before all of it is;
 * - a lease taken from a worker whose heartbeat still moves;
 * - a worker that reads or sends for a shard whose lease is another's, or nobody's.
 */
#ifndef SLUICE_SIM_OVERSEER_H
#define SLUICE_SIM_OVERSEER_H

#include "sim/world/ledger.h"

struct overseer_lease;

struct overseer {
	struct world *world;
	struct ledger *ledger;
	struct loop *loop;
	const char *state_table;
	void (*catch_up)(void *ctx);        /* has the ledger told of what has arrived by now; NULL: it knows */
	void *catch_up_ctx;
	int64_t failover_ms;
	struct overseer_lease *leases;      /* by id */
	int64_t beat_ms[WORLD_HOSTS];       /* when the node's last heartbeat took effect */
	int64_t back_ms[WORLD_HOSTS];       /* when it last did so after a long silence */
	bool may_reset;                     /* positions may be taken back (seek, skipping what is trimmed) */
	bool edited;                        /* rows are changed by hand now: nothing is judged */
	uint64_t state_writes, lease_writes, takes, thefts;

	/* The first arrival by another node after a kill, for fail-over figures. */
	int64_t changed_ms;                 /* when a lease last changed hands */
};

void overseer_init(struct overseer *o, struct world *w, struct loop *loop, struct ledger *l, int64_t failover_ms);
void overseer_release(struct overseer *o);

/* struct sim_dynamodb's `changed`. */
void overseer_changed(void *overseer, struct sim_table *t, const struct sim_item *before, const struct sim_item *after);

/* struct world's `sent`. */
void overseer_sent(void *overseer, const struct host *from, enum world_service service, const char *operation,
		   struct str body);

/* How many unfinished leases a node holds, by its rows; all of them with node NULL. */
size_t overseer_held(const struct overseer *o, const struct host *n);

/* How many leases are not finished. */
size_t overseer_open(const struct overseer *o);

#endif
