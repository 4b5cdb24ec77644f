/* key_map: from text to pointers, for the length of one send. Fixed capacity,
 * all of it in an arena; keys are borrowed.
 */
#ifndef SLUICE_SINKS_KEY_MAP_H
#define SLUICE_SINKS_KEY_MAP_H

#include "sluice/core/arena.h"

struct key_slot {
	struct str key;
	void *value;
};

struct key_map {
	struct key_slot *slots;
	size_t mask;
};

/* Room for `most` different keys. False at the arena's cap. */
bool key_map_init(struct key_map *m, struct arena *a, size_t most);

/* Where the value of that key stands; NULL there when the key is new (it is in
 * the map from now on). */
void **key_map_at(struct key_map *m, struct str key);

/* True when the key was given to key_map_at() before. */
bool key_map_has(const struct key_map *m, struct str key);

/* One text of several parts that no other parts can make. {NULL, 0} at the cap. */
struct str key_join(struct arena *a, const struct str *parts, size_t n);

#endif
