#include "sim/source.h"

#include "sluice/core/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { IMAGE_BYTES = 4 << 20, RETENTION_MS = 24 * 3600 * 1000, MOST_GAP = 1000000 };

#define LOW_LIMIT UINT64_C(1000000000000000000)

/* Room for one more pointer. */
static void *grown(void *list, size_t n, size_t *cap)
{
	if (n < *cap)
		return list;
	*cap = *cap ? 2 * *cap : 8;
	return mem_resize(list, *cap * sizeof(void *));
}

/* ---- sequence numbers ---- */

/* Roots begin anywhere; one of four just below where the number of digits grows. */
static void begin_sequence(struct sim_source *s, struct sim_source_shard *shard)
{
	static const uint64_t scales[] = { 1, 10, 100, 1000, 10000 };

	if (rng_below(&s->rng, 4) == 0) {
		shard->high = 999;
		shard->low = LOW_LIMIT - 1 - rng_below(&s->rng, 20 * (uint64_t)MOST_GAP);
		return;
	}
	shard->high = (100 + rng_below(&s->rng, 899)) * scales[rng_below(&s->rng, 5)];
	shard->low = rng_below(&s->rng, LOW_LIMIT);
}

static void advance_sequence(struct sim_source *s, struct sim_source_shard *shard)
{
	shard->low += 1 + rng_below(&s->rng, MOST_GAP);
	if (shard->low >= LOW_LIMIT) {
		shard->low -= LOW_LIMIT;
		shard->high++;
	}
}

static struct sequence sequence_of(const struct sim_source_shard *shard)
{
	struct sequence sequence;
	char text[48];

	snprintf(text, sizeof(text), "%" PRIu64 "%018" PRIu64, shard->high, shard->low);
	sequence_parse(str_c(text), &sequence, NULL);
	return sequence;
}

/* ---- shards ---- */

static void name_shard(struct sim_source *s, int64_t now_ms, char *id, size_t size)
{
	do
		snprintf(id, size, "shardId-%020" PRId64 "-%08" PRIx32, now_ms, (uint32_t)rng_next(&s->rng));
	while (sim_source_shard_named(s, str_c(id)));
}

static struct sim_source_shard *add_shard(struct sim_source *s, struct sim_source_shard *parent, uint32_t from, uint32_t to)
{
	struct sim_source_shard *shard = mem_alloc(sizeof(*shard));
	int64_t now_ms = env_wall_ms(s->streams->env);
	char id[64];

	*shard = (struct sim_source_shard){ .parent = parent, .from = from, .to = to, .created_ms = now_ms };
	name_shard(s, now_ms, id, sizeof(id));
	shard->shard = sim_shard_add(s->streams, id, parent ? parent->shard->id : NULL);
	if (parent) {
		shard->high = parent->high;
		shard->low = parent->low;
		advance_sequence(s, shard);
		parent->children[parent->n_children++] = shard;
	} else {
		begin_sequence(s, shard);
	}
	shard->shard->start = sequence_of(shard);
	s->shards = grown(s->shards, s->n_shards, &s->cap_shards);
	s->shards[s->n_shards++] = shard;
	sim_map_put(&s->by_id, str_c(shard->shard->id), shard);
	return shard;
}

static void add_roots(struct sim_source *s, size_t n)
{
	assert(n >= 1 && n <= SIM_HASHES);
	for (size_t i = 0; i < n; i++)
		add_shard(s, NULL, (uint32_t)(i * SIM_HASHES / n), (uint32_t)((i + 1) * SIM_HASHES / n));
}

struct sim_source *sim_source_new(struct sim_streams *streams, uint64_t seed, size_t n_shards)
{
	struct sim_source *s = mem_alloc(sizeof(*s));

	s->streams = streams;
	s->knobs.retention_ms = RETENTION_MS;
	rng_seed(&s->rng, seed);
	add_roots(s, n_shards);
	return s;
}

void sim_source_free(struct sim_source *s)
{
	for (size_t i = 0; i < s->n_items; i++) {
		if (s->items[i])
			mem_free(s->items[i]->changes);
		mem_free(s->items[i]);
	}
	for (size_t i = 0; i < s->n_shards; i++) {
		mem_free(s->shards[i]->changes);
		mem_free(s->shards[i]);
	}
	for (size_t i = 0; i < s->n_changes; i++) {
		mem_free(s->changes[i]->after);
		mem_free(s->changes[i]);
	}
	sim_map_release(&s->by_id);
	mem_free(s->items);
	mem_free(s->shards);
	mem_free(s->changes);
	mem_free(s);
}

/* The listed end is the last record, or some number behind it. */
static void close_shard(struct sim_source *s, struct sim_source_shard *shard)
{
	if (rng_below(&s->rng, 2))
		advance_sequence(s, shard);
	shard->shard->end = sequence_of(shard);
	shard->closed_ms = env_wall_ms(s->streams->env);
	sim_shard_close(shard->shard);
}

bool sim_source_split(struct sim_source *s, struct sim_source_shard *shard)
{
	uint32_t middle = shard->from + (shard->to - shard->from) / 2;

	if (shard->closed_ms || middle == shard->from)
		return false;
	close_shard(s, shard);
	add_shard(s, shard, shard->from, middle);
	add_shard(s, shard, middle, shard->to);
	return true;
}

bool sim_source_roll(struct sim_source *s, struct sim_source_shard *shard)
{
	if (shard->closed_ms)
		return false;
	close_shard(s, shard);
	add_shard(s, shard, shard->from, shard->to);
	return true;
}

void sim_source_disable(struct sim_source *s)
{
	for (size_t i = 0; i < s->n_shards; i++)
		if (!s->shards[i]->closed_ms)
			close_shard(s, s->shards[i]);
	s->streams->status = "DISABLED";
}

void sim_source_enable(struct sim_source *s, size_t n_shards)
{
	assert(!sim_source_pick_open(s));
	s->streams->status = "ENABLED";
	add_roots(s, n_shards);
}

static void trim_shard(struct sim_source_shard *shard, int64_t before_ms)
{
	size_t n = shard->n_trimmed;

	while (n < shard->n_changes && shard->changes[n]->created_s * 1000 < before_ms)
		n++;
	if (n > shard->n_trimmed)
		sim_shard_trim(shard->shard, &shard->changes[n - 1]->sequence);
	shard->n_trimmed = n;
	if (n < shard->n_changes || !shard->closed_ms || shard->closed_ms >= before_ms)
		return;
	shard->gone = true;
	shard->shard->hidden = shard->shard->gone = true;
}

void sim_source_trim(struct sim_source *s, int64_t now_ms)
{
	for (size_t i = 0; i < s->n_shards; i++)
		if (!s->shards[i]->gone)
			trim_shard(s->shards[i], now_ms - s->knobs.retention_ms);
}

struct sim_source_shard *sim_source_pick_open(struct sim_source *s)
{
	size_t n = 0, nth;

	for (size_t i = 0; i < s->n_shards; i++)
		n += s->shards[i]->closed_ms == 0;
	if (n == 0)
		return NULL;
	nth = (size_t)rng_below(&s->rng, n);
	for (size_t i = 0;; i++)
		if (s->shards[i]->closed_ms == 0 && nth-- == 0)
			return s->shards[i];
}

static struct sim_source_shard *owner_of(struct sim_source *s, uint16_t hash)
{
	for (size_t i = s->n_shards; i-- > 0;)
		if (s->shards[i]->closed_ms == 0 && s->shards[i]->from <= hash && hash < s->shards[i]->to)
			return s->shards[i];
	return NULL;
}

/* ---- writes ---- */

static uint16_t hash_of(const char *id)
{
	uint64_t h = str_hash(str_c(id));

	return (uint16_t)(h ^ h >> 16 ^ h >> 32 ^ h >> 48);
}

static struct sim_source_item *item_at(struct sim_source *s, size_t key)
{
	struct sim_source_item *item;

	if (key >= s->n_items) {
		s->items = mem_resize(s->items, (key + 1) * sizeof(struct sim_source_item *));
		memset(s->items + s->n_items, 0, (key + 1 - s->n_items) * sizeof(struct sim_source_item *));
		s->n_items = key + 1;
	}
	if (s->items[key])
		return s->items[key];
	item = s->items[key] = mem_alloc(sizeof(*item));
	snprintf(item->id, sizeof(item->id), "k%zu", key);
	snprintf(item->keys, sizeof(item->keys), "{\"id\":{\"S\":\"%s\"}}", item->id);
	item->hash = hash_of(item->id);
	return item;
}

/* Into the stream, in the open shard that owns the key. */
static void append(struct sim_source *s, const struct sim_source_item *item, struct sim_change *c)
{
	struct str view = str_c(s->streams->view_type);
	struct sim_source_shard *shard = owner_of(s, item->hash);
	struct sim_append a = { .sequence = &c->sequence, .keys = item->keys, .ttl = c->ttl };

	if (!shard)
		return;
	a.event = record_event_name(c->event);
	if (str_starts(view, STR("NEW_")))
		a.new_image = c->after;
	if (str_ends(view, STR("OLD_IMAGE")) || str_ends(view, STR("OLD_IMAGES")))
		a.old_image = c->before;
	advance_sequence(s, shard);
	c->sequence = sequence_of(shard);
	c->shard = shard;
	c->at = shard->n_changes;
	sim_shard_append(s->streams, shard->shard, &a);
	shard->changes = grown(shard->changes, shard->n_changes, &shard->cap_changes);
	shard->changes[shard->n_changes++] = c;
}

static void keep_rows_equal(struct sim_source *s, const struct sim_source_item *item)
{
	if (!s->rows)
		return;
	if (item->image)
		sim_table_put(s->dynamodb, s->rows, item->image);
	else
		sim_table_delete(s->dynamodb, s->rows, item->keys);
}

/* The item becomes `after` (taken; NULL: none). */
static const struct sim_change *change(struct sim_source *s, size_t key, char *after, bool ttl)
{
	struct sim_source_item *item = item_at(s, key);
	struct sim_change *c = mem_alloc(sizeof(*c));

	*c = (struct sim_change){ .key = key, .n = item->n_changes + 1, .ttl = ttl, .before = item->image, .after = after };
	c->event = !after ? RECORD_REMOVE : item->image ? RECORD_MODIFY : RECORD_INSERT;
	c->created_s = env_wall_ms(s->streams->env) / 1000;
	append(s, item, c);
	item->image = after;
	item->changes = grown(item->changes, item->n_changes, &item->cap_changes);
	item->changes[item->n_changes++] = c;
	s->changes = grown(s->changes, s->n_changes, &s->cap_changes);
	s->changes[s->n_changes++] = c;
	keep_rows_equal(s, item);
	return c;
}

static const struct sim_change *write_image(struct sim_source *s, size_t key)
{
	const struct sim_source_item *item = item_at(s, key);
	struct buf text;
	char *image;

	buf_init(&text, IMAGE_BYTES);
	sim_deal_write(&item->deal, item->id, item->n_changes + 1, &text);
	assert(buf_ok(&text));
	image = mem_dup(text.ptr, text.len);
	buf_release(&text);
	return change(s, key, image, false);
}

const struct sim_change *sim_source_put(struct sim_source *s, size_t key)
{
	sim_deal_draw(&item_at(s, key)->deal, &s->rng, &s->knobs.image);
	return write_image(s, key);
}

const struct sim_change *sim_source_update(struct sim_source *s, size_t key)
{
	struct sim_source_item *item = item_at(s, key);

	if (!item->image)
		return sim_source_put(s, key);
	if (s->knobs.unchanged > 0 && rng_unit(&s->rng) < s->knobs.unchanged)
		return NULL;
	sim_deal_change(&item->deal, &s->rng, &s->knobs.image);
	return write_image(s, key);
}

const struct sim_change *sim_source_delete(struct sim_source *s, size_t key, bool ttl)
{
	return item_at(s, key)->image ? change(s, key, NULL, ttl) : NULL;
}

/* ---- questions ---- */

struct sim_source_shard *sim_source_shard_of(struct sim_source *s, size_t key)
{
	return owner_of(s, item_at(s, key)->hash);
}

const struct sim_source_item *sim_source_item(const struct sim_source *s, size_t key)
{
	return key < s->n_items ? s->items[key] : NULL;
}

struct sim_source_shard *sim_source_shard_named(const struct sim_source *s, struct str id)
{
	return sim_map_get(&s->by_id, id);
}

const struct sim_change *sim_source_change(const struct sim_source *s, struct str shard_id, const struct sequence *sequence)
{
	const struct sim_source_shard *shard = sim_source_shard_named(s, shard_id);
	size_t low = 0, high = shard ? shard->n_changes : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = sequence_compare(&shard->changes[middle]->sequence, sequence);

		if (order == 0)
			return shard->changes[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool sim_source_key_of(struct str id, size_t *key)
{
	uint64_t n;

	if (!str_starts(id, STR("k")) || !str_to_u64(str_from(id, 1), &n))
		return false;
	*key = (size_t)n;
	return true;
}
