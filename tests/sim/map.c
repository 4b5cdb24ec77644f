#include "sim/map.h"

#include "sluice/core/mem.h"

void sim_map_release(struct sim_map *m)
{
	mem_free(m->slots);
	*m = (struct sim_map){ 0 };
}

/* Where the key is, or the free slot where it would be. */
static struct sim_map_slot *slot_of(const struct sim_map *m, uint64_t hash, struct str key)
{
	size_t at = (size_t)hash & (m->cap - 1);

	while (m->slots[at].value && !(m->slots[at].hash == hash && str_eq(m->slots[at].key, key)))
		at = (at + 1) & (m->cap - 1);
	return &m->slots[at];
}

void *sim_map_get(const struct sim_map *m, struct str key)
{
	return m->cap ? slot_of(m, str_hash(key), key)->value : NULL;
}

static void grow(struct sim_map *m)
{
	struct sim_map larger = { .n = m->n, .cap = m->cap ? 2 * m->cap : 64 };

	larger.slots = mem_array(larger.cap, sizeof(*larger.slots));
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].value)
			*slot_of(&larger, m->slots[i].hash, m->slots[i].key) = m->slots[i];
	mem_free(m->slots);
	*m = larger;
}

void sim_map_put(struct sim_map *m, struct str key, void *value)
{
	uint64_t hash = str_hash(key);
	struct sim_map_slot *slot;

	if (2 * (m->n + 1) > m->cap)
		grow(m);
	slot = slot_of(m, hash, key);
	if (slot->value) {
		slot->value = value;
		return;
	}
	*slot = (struct sim_map_slot){ hash, key, value };
	m->n++;
}
