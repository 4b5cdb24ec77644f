#include "key_map.h"

bool key_map_init(struct key_map *m, struct arena *a, size_t most)
{
	size_t size = 16;

	while (size < 2 * most)
		size *= 2;
	m->slots = arena_array(a, size, sizeof(*m->slots));
	m->mask = size - 1;
	return m->slots != NULL;
}

/* An empty key is told from a free slot by its pointer. */
static struct str named(struct str key)
{
	return key.ptr ? key : STR("");
}

static struct key_slot *find(const struct key_map *m, struct str key)
{
	size_t i = (size_t)str_hash(key) & m->mask;

	while (m->slots[i].key.ptr && !str_eq(m->slots[i].key, key))
		i = (i + 1) & m->mask;
	return &m->slots[i];
}

void **key_map_at(struct key_map *m, struct str key)
{
	struct key_slot *slot = find(m, named(key));

	slot->key = named(key);
	return &slot->value;
}

bool key_map_has(const struct key_map *m, struct str key)
{
	return find(m, named(key))->key.ptr != NULL;
}

struct str key_join(struct arena *a, const struct str *parts, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += sizeof(parts[i].len) + parts[i].len;

	char *text = arena_alloc(a, len + 1);
	char *to = text;

	if (!text)
		return str_of(NULL, 0);
	for (size_t i = 0; i < n; i++) {
		memcpy(to, &parts[i].len, sizeof(parts[i].len));
		to += sizeof(parts[i].len);
		if (parts[i].len)
			memcpy(to, parts[i].ptr, parts[i].len);
		to += parts[i].len;
	}
	return str_of(text, len);
}
