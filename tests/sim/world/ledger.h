/* ledger: what must reach each handler's sink, and what has: per handler every record
 * of the source, in which order, with which v. Wrong is said to the world at once.
 */
#ifndef SLUICE_SIM_LEDGER_H
#define SLUICE_SIM_LEDGER_H

#include "sim/source.h"
#include "sim/world/world.h"

enum ledger_fate { LEDGER_OPEN, LEDGER_ARRIVED, LEDGER_DEAD, LEDGER_LOST };

struct ledger_entry {
	uint64_t v;
	unsigned char fate;        /* enum ledger_fate */
};

/* By index of the source's shards. */
struct ledger_shard {
	struct ledger_entry *entries;  /* by index of the shard's changes */
	size_t cap;
	size_t settled;            /* so many from the begin have a fate */
};

/* One handler that carries every change into a recorder. */
struct ledger_track {
	char pipeline[32], handler[32];
	struct ledger_shard *shards;
	size_t cap_shards;
	size_t arrivals, repeats, dead, lost;
	int64_t last_ms;           /* of the last arrival */
	struct ledger_track *next;
};

struct ledger {
	struct world *world;
	struct sim_source *source;
	struct ledger_track *tracks;
	int64_t pin_ms;            /* records created at or before this may, but need not, arrive */
	bool may_lose;             /* trimmed records that did not arrive are lost, not missing */
	bool new_versions;         /* after a seek: a repeat has another v */
};

void ledger_init(struct ledger *l, struct world *w, struct sim_source *source);
void ledger_release(struct ledger *l);

struct ledger_track *ledger_add(struct ledger *l, const char *pipeline, const char *handler);
struct ledger_track *ledger_find(const struct ledger *l, struct str pipeline, struct str handler);

/* The sink has it: checked for order per item, child after parent, v. */
void ledger_arrived(struct ledger *l, struct ledger_track *t, struct str shard, const struct sequence *sequence, uint64_t v);

/* The dead letter has it. */
void ledger_dead(struct ledger *l, struct ledger_track *t, struct str shard, const struct sequence *sequence);

/* Are all records of the shard up to `sequence` (none: all there are) settled? */
bool ledger_settled(struct ledger *l, struct ledger_track *t, const struct sim_source_shard *shard,
		    const struct sequence *sequence);

/* Has every track all there is? *missing gets how many it has not. */
bool ledger_complete(struct ledger *l, size_t *missing);

#endif
