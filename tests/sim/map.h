/* sim/map: texts to things, for the simulated services' look-ups. Nothing is ever
 * removed; the order is nobody's business.
 */
#ifndef SLUICE_SIM_MAP_H
#define SLUICE_SIM_MAP_H

#include "sluice/core/str.h"

struct sim_map_slot {
	uint64_t hash;
	struct str key;        /* borrowed; must stay as long as the map */
	void *value;           /* NULL: the slot is free */
};

/* All 0: empty. */
struct sim_map {
	struct sim_map_slot *slots;
	size_t n, cap;
};

void sim_map_release(struct sim_map *m);

/* NULL: not there. */
void *sim_map_get(const struct sim_map *m, struct str key);

/* value is not NULL; a key that is there gets the new value and keeps its text. */
void sim_map_put(struct sim_map *m, struct str key, void *value);

#endif
