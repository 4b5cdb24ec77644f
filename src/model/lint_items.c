#include "attribute_check.h"
#include "item_key.h"
#include "lint_groups.h"

#include "sluice/core/mem.h"
#include "sluice/core/node.h"
#include "sluice/model/limits.h"

#include <stdlib.h>

enum { ITEM_BYTES_MAX = LIMIT_ITEM_BYTES, ITEM_BYTES_RISKY = RULE_ITEM_RISKY_KB << 10 };
enum { MEMBERS_A_STEP = 4 };

#define EACH_ITEM(l, it) \
	for (const struct model_item *it = (l)->model->items; it && it < (l)->model->items + (l)->model->n_items; it++)

/* --- keys ------------------------------------------------------------------ */

static void check_key_value(struct lint *l, const struct model_attribute *a, const struct node *value,
			    const char *whose, size_t max)
{
	char text[KEY_TEXT_BYTES];
	enum key_fault fault = key_fault_text(a, value, whose, max, text);

	if (fault)
		LINT_FOUND(l, value, key_fault_fix(fault), "%s", text);
}

static void check_part(struct lint *l, const struct model_item *it, const struct model_attribute *a, size_t max)
{
	const struct node *value = node_get(it->at, a->name);

	if (!value)
		LINT_FOUND(l, it->at, NULL, "the item lacks its key attribute \"%.*s\"", STR_ARG(a->name));
	else
		check_key_value(l, a, value, "key", max);
}

static void item_key(struct lint *l)
{
	EACH_ITEM(l, it) {
		for (size_t i = 0; i < it->table->key.n_hash; i++)
			check_part(l, it, it->table->key.hash[i], KEY_HASH_BYTES);
		for (size_t i = 0; i < it->table->key.n_range; i++)
			check_part(l, it, it->table->key.range[i], KEY_RANGE_BYTES);
	}
}

static bool check_index_key(struct lint *l, const struct model_item *it, const struct model_index *index)
{
	size_t n = index->key.n_hash + index->key.n_range;

	if (!lint_works(l, n * (1 + it->at->count / MEMBERS_A_STEP), it->at))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool hash = i < index->key.n_hash;
		const struct model_attribute *a = hash ? index->key.hash[i] : index->key.range[i - index->key.n_hash];
		const struct node *value = node_get(it->at, a->name);

		if (value)
			check_key_value(l, a, value, "index key", hash ? KEY_HASH_BYTES : KEY_RANGE_BYTES);
	}
	return true;
}

static void item_index_key(struct lint *l)
{
	EACH_ITEM(l, it)
		for (size_t i = 0; it->put && i < it->table->n_indexes; i++)
			if (!check_index_key(l, it, &it->table->indexes[i]))
				return;
}

/* --- twice in a batch ------------------------------------------------------ */

struct keyed {
	struct str key;
	const struct model_item *item;
};

static int by_key(const void *one, const void *other)
{
	const struct keyed *a = one, *b = other;
	int order;

	if (a->item->table != b->item->table)
		return a->item->table < b->item->table ? -1 : 1;
	order = str_cmp(a->key, b->key);
	return order ? order : (a->item > b->item) - (a->item < b->item);
}

/* Empty: there is none, or no memory for it. */
static struct str key_of(struct arena *a, const struct model_item *it, struct buf *work)
{
	buf_clear(work);
	if (!item_key_write(&it->table->key, it->at, work))
		buf_clear(work);
	return work->len && buf_ok(work) ? arena_dup(a, buf_str(work)) : str_of(NULL, 0);
}

static void item_twice(struct lint *l)
{
	struct keyed *keys = mem_array(l->model->n_items + 1, sizeof(*keys));
	struct arena *a = lint_step(l);
	struct buf work;
	size_t n = 0;

	buf_init(&work, KEY_HASH_BYTES * 4);
	EACH_ITEM(l, it) {
		keys[n] = (struct keyed){ key_of(a, it, &work), it };
		if (!keys[n].key.ptr && work.len && buf_ok(&work)) {
			lint_no_memory(l, it->at);
			break;
		}
		n += keys[n].key.len > 0;
	}
	qsort(keys, n, sizeof(*keys), by_key);
	for (size_t i = 1; i < n; i++)
		if (keys[i].item->table == keys[i - 1].item->table && str_eq(keys[i].key, keys[i - 1].key))
			LINT_FOUND(l, keys[i].item->at, "BatchWriteItem refuses a batch with one key twice.",
				   "another item of this table has the same key");
	buf_release(&work);
	mem_free(keys);
}

/* --- size, time to live ---------------------------------------------------- */

static void item_size(struct lint *l)
{
	EACH_ITEM(l, it)
		if (attribute_item_bytes(it->at) > ITEM_BYTES_MAX)
			LINT_FOUND(l, it->at, "Split it, or keep the large part in S3.", "the item has %zu bytes; 409,600 are allowed",
				   attribute_item_bytes(it->at));
}

static void item_near_limit(struct lint *l)
{
	EACH_ITEM(l, it) {
		size_t bytes = attribute_item_bytes(it->at);

		if (bytes > ITEM_BYTES_RISKY && bytes <= ITEM_BYTES_MAX)
			LINT_FOUND(l, it->at, "Split it before it reaches the limit of 409,600 bytes.", "the item has %zu bytes",
				   bytes);
	}
}

/* Of items that have the attribute. */
static const struct node *ttl_of(const struct model_item *it)
{
	return it->put && it->table->ttl_attribute.len ? node_get(it->at, it->table->ttl_attribute) : NULL;
}

static void ttl_type(struct lint *l)
{
	EACH_ITEM(l, it) {
		const struct node *ttl = ttl_of(it);

		if (ttl && attribute_type(ttl) != VALUE_N)
			LINT_FOUND(l, ttl, "Write {\"N\": \"1767225600\"}: seconds since 1970.",
				   "the TTL attribute is no number: the item would never expire");
	}
}

static void ttl_milliseconds(struct lint *l)
{
	EACH_ITEM(l, it) {
		const struct node *ttl = ttl_of(it);

		if (ttl && attribute_type(ttl) == VALUE_N && atof(ttl->first->text.len ? ttl->first->text.ptr : "0") > LINT_TTL_FAR_S)
			LINT_FOUND(l, ttl, "TTL counts seconds since 1970.", "the TTL value lies thousands of years ahead: milliseconds?");
	}
}

const struct model_lint lint_items[] = {
	{ "item-key", FINDING_ERROR, "A sample item without its key, or with one that DynamoDB refuses.", item_key },
	{ "item-index-key", FINDING_ERROR, "An index key that is empty, too long, or of another type.", item_index_key },
	{ "item-twice", FINDING_ERROR, "Two sample items of one table with the same key.", item_twice },
	{ "item-size", FINDING_ERROR, "A sample item over 400 KB.", item_size },
	{ "item-near-limit", FINDING_WARNING, "A sample item over 300 KB.", item_near_limit },
	{ "ttl-type", FINDING_ERROR, "A TTL attribute that is no number.", ttl_type },
	{ "ttl-milliseconds", FINDING_ERROR, "A TTL attribute in milliseconds.", ttl_milliseconds },
	{ 0 },
};
