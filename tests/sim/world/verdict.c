#include "sim/world/verdict.h"

#include "sluice/core/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BRANDS = 32, POLL_MS = 1000 };

/* What one brand's counter row must hold. */
struct brand {
	char name[32];
	int64_t deals, stock;
};

struct truth {
	struct brand brands[BRANDS];
	size_t n_brands, items;
	char wrong[512];           /* the first that differs; empty: none */
};

static bool text_of(struct value image, struct str name, char *out, size_t cap)
{
	struct value v;

	if (!value_get(image, name, &v))
		return false;
	snprintf(out, cap, "%.*s", STR_ARG(v.raw));
	return true;
}

static int64_t number_of(struct value image, struct str name)
{
	struct value v;
	int64_t n = 0;

	return value_get(image, name, &v) && str_to_i64(v.raw, &n) ? n : 0;
}

static struct brand *brand_named(struct truth *t, const char *name)
{
	for (size_t i = 0; i < t->n_brands; i++)
		if (strcmp(t->brands[i].name, name) == 0)
			return &t->brands[i];
	snprintf(t->brands[t->n_brands].name, sizeof(t->brands->name), "%s", name);
	return &t->brands[t->n_brands++];
}

static void differ(struct truth *t, const char *what, const char *where, int64_t found, int64_t expected)
{
	if (!t->wrong[0])
		snprintf(t->wrong, sizeof(t->wrong), "%s of %s is %" PRId64 ", the source says %" PRId64, what, where, found, expected);
}

/* ---- the counter ---- */

static void add_up(const struct sim_source_item *item, struct value image, struct truth *t)
{
	char status[32] = "", name[32] = "";

	(void)item;
	text_of(image, STR("brand"), name, sizeof(name));
	text_of(image, STR("status"), status, sizeof(status));
	struct brand *b = brand_named(t, name);

	if (strcmp(status, "active") != 0)
		return;
	b->deals++;
	b->stock += number_of(image, STR("stock"));
}

static int64_t attribute(const struct sim_item *row, struct str name)
{
	struct value v = sim_item_get(row, name);
	int64_t n = 0;

	return v.type == VALUE_N && str_to_i64(v.raw, &n) ? n : 0;
}

static void compare_counters(struct cluster *c, struct truth *t)
{
	struct sim_table *table = sim_table_named(c->dynamodb, STR("Stats"));
	int64_t deals = 0;

	for (size_t i = 0; i < t->n_brands; i++) {
		const struct brand *b = &t->brands[i];
		char key[80];
		const struct sim_item *row;

		snprintf(key, sizeof(key), "{\"brand\":{\"S\":\"%s\"}}", b->name);
		row = sim_table_get(table, key);
		if ((row ? attribute(row, STR("deals")) : 0) != b->deals)
			differ(t, "deals", b->name, row ? attribute(row, STR("deals")) : 0, b->deals);
		if ((row ? attribute(row, STR("stock")) : 0) != b->stock)
			differ(t, "stock", b->name, row ? attribute(row, STR("stock")) : 0, b->stock);
		deals += b->deals;
	}
	for (const struct sim_row *row = table->rows; row; row = row->next)
		deals -= attribute(&row->item, STR("deals"));
	if (deals)
		differ(t, "deals", "brands that no item has", -deals, 0);
}

/* ---- the view and the index ---- */

static void compare_row(struct cluster *c, const struct sim_source_item *item, struct value image, struct truth *t)
{
	struct sim_table *table = sim_table_named(c->dynamodb, STR("ByCategory"));
	const struct sim_item *row;
	char key[160], category[32] = "";

	text_of(image, STR("category"), category, sizeof(category));
	snprintf(key, sizeof(key), "{\"category\":{\"S\":\"%s\"},\"id\":{\"S\":\"%s\"}}", category, item->id);
	row = sim_table_get(table, key);
	if (!row || attribute(row, STR("n")) != number_of(image, STR("n")))
		differ(t, "the view's n", item->id, row ? attribute(row, STR("n")) : -1, number_of(image, STR("n")));
}

static int64_t document_n(const struct sim_document *d)
{
	struct str n;
	int64_t out = -1;

	return d && d->body && scan_member(str_c(d->body), STR("n"), &n) && str_to_i64(n, &out) ? out : -1;
}

static void compare_document(struct cluster *c, const struct sim_source_item *item, struct value image, struct truth *t)
{
	struct sim_index *index = sim_index_named(c->search, STR("deals-000001"));
	const struct sim_document *d = index ? sim_index_get(index, item->id) : NULL;

	if (document_n(d) != number_of(image, STR("n")))
		differ(t, "the document's n", item->id, document_n(d), number_of(image, STR("n")));
}

/* Without the tombstones. */
static size_t view_rows(struct cluster *c)
{
	size_t n = 0;

	for (const struct sim_row *row = sim_table_named(c->dynamodb, STR("ByCategory"))->rows; row; row = row->next)
		n += sim_item_get(&row->item, STR("sluice_deleted")).type == VALUE_NONE;
	return n;
}

static void compare_totals(struct cluster *c, struct truth *t)
{
	struct sim_index *index = sim_index_named(c->search, STR("deals-000001"));
	size_t documents = 0, rows = view_rows(c);

	for (size_t i = 0; i < c->source->n_items; i++) {
		const struct sim_source_item *item = sim_source_item(c->source, i);
		const struct sim_document *d = index && item ? sim_index_get(index, item->id) : NULL;

		documents += d && d->body;
	}
	if (rows != t->items)
		differ(t, "rows", "the view", (int64_t)rows, (int64_t)t->items);
	if (documents != t->items)
		differ(t, "documents", "the index", (int64_t)documents, (int64_t)t->items);
}

/* ---- the objects ---- */

/* The change that a line is about; the object's key ends with "/<shard>-<40 digits>.json.gz". */
static const struct sim_change *change_of(struct cluster *c, const struct sim_object *o, struct str line)
{
	const size_t tail = 1 + SEQUENCE_DIGITS + strlen(".json.gz");
	struct str name = str_c(strrchr(o->key, '/') + 1), number;
	struct sequence sequence;

	if (!scan_member(line, STR("sequence_number"), &number) || number.len < 2 || name.len < tail ||
	    !sequence_parse(str_sub(number, 1, number.len - 2), &sequence, NULL))
		return NULL;
	return sim_source_change(c->source, str_sub(name, 0, name.len - tail), &sequence);
}

static int by_address(const void *a, const void *b)
{
	const struct sim_change *const *x = a, *const *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Each change once. */
static void compare_objects(struct cluster *c, struct truth *t)
{
	size_t n = 0, expected = 0, most = c->source->n_changes + 1;
	const struct sim_change **found = mem_array(most, sizeof(struct sim_change *));

	for (size_t i = 0; i < c->source->n_changes; i++)
		expected += c->source->changes[i]->shard != NULL;
	for (const struct sim_object *o = c->s3->objects; o; o = o->next) {
		struct str rest = buf_str(&o->text);

		while (rest.len && n < most) {
			found[n] = change_of(c, o, str_split(&rest, '\n'));
			if (!found[n++])
				differ(t, "a line that no change explains", o->key, 1, 0);
		}
	}
	qsort(found, n, sizeof(*found), by_address);
	for (size_t i = 1; i < n; i++)
		if (found[i] == found[i - 1])
			differ(t, "lines of one change", "the objects", 2, 1);
	if (n != expected)
		differ(t, "lines", "the objects", (int64_t)n, (int64_t)expected);
	mem_free(found);
}

static void compare(struct cluster *c, struct truth *t)
{
	struct value image;

	*t = (struct truth){ 0 };
	for (size_t i = 0; i < c->source->n_items; i++) {
		const struct sim_source_item *item = sim_source_item(c->source, i);

		if (!item || !item->image || !value_parse_image(str_c(item->image), &image, NULL))
			continue;
		t->items++;
		add_up(item, image, t);
		compare_row(c, item, image, t);
		compare_document(c, item, image, t);
	}
	compare_counters(c, t);
	compare_totals(c, t);
	if (c->lake)
		compare_objects(c, t);
}

void verdict_wait(struct cluster *c, int64_t limit_ms)
{
	int64_t end_ms = world_ms(c->world) + limit_ms;
	struct truth t;

	for (;;) {
		compare(c, &t);
		if (!t.wrong[0] || !cluster_sleep(c, POLL_MS))
			return;
		if (world_ms(c->world) < end_ms)
			continue;
		world_fail(c->world, "%s, %lld ms after the trouble", t.wrong, (long long)limit_ms);
		return;
	}
}
