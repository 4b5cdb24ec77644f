/* The tables of the simulated DynamoDB and their rows. */
#include "sim/dynamodb_call.h"
#include "sluice/core/mem.h"

#include <stdlib.h>

static bool split_key(const char *key, struct sim_table *t)
{
	struct str rest = str_c(key), part = str_split(&rest, ',');

	t->hash = mem_dup(part.ptr, part.len - 2);
	t->hash_type = part.ptr[part.len - 1];
	t->range = mem_dup("", 0);
	if (!rest.ptr)
		return true;
	mem_free(t->range);
	t->range = mem_dup(rest.ptr, rest.len - 2);
	t->range_type = rest.ptr[rest.len - 1];
	return true;
}

struct sim_table *sim_table_add(struct sim_dynamodb *d, const char *name, const char *key)
{
	struct sim_table *t = mem_alloc(sizeof(*t));

	t->name = mem_dup(name, strlen(name));
	split_key(key, t);
	t->next = d->tables;
	d->tables = t;
	return t;
}

struct sim_table *sim_table_named(struct sim_dynamodb *d, struct str name)
{
	struct sim_table *t = d->tables;

	while (t && !str_eq(str_c(t->name), name))
		t = t->next;
	return t;
}

void sim_table_free(struct sim_table *t)
{
	while (t->rows) {
		struct sim_row *r = t->rows;

		t->rows = r->next;
		sim_item_release(&r->item);
		mem_free(r);
	}
	mem_free(t->sorted);
	mem_free(t->name);
	mem_free(t->hash);
	mem_free(t->range);
	mem_free(t);
}

/* Hash by type and text (any fixed order will do), then the sort key. */
int sim_key_order(const struct sim_table *t, const struct sim_item *a, const struct sim_item *b)
{
	struct value x = sim_item_get(a, str_c(t->hash)), y = sim_item_get(b, str_c(t->hash));
	int order = 0;

	if (!value_compare(x, y, &order) || order)
		return order;
	if (t->range[0])
		value_compare(sim_item_get(a, str_c(t->range)), sim_item_get(b, str_c(t->range)), &order);
	return order;
}

static void make_room(struct sim_table *t, size_t n)
{
	if (n <= t->cap_sorted)
		return;
	t->cap_sorted = n < 32 ? 64 : 2 * n;
	t->sorted = mem_resize(t->sorted, t->cap_sorted * sizeof(struct sim_row *));
}

struct sim_row **sim_rows(struct sim_table *t)
{
	if (t->n_sorted == t->n_rows)
		return t->sorted;
	make_room(t, t->n_rows);
	t->n_sorted = 0;
	for (struct sim_row *row = t->rows; row; row = row->next)
		t->sorted[t->n_sorted++] = row;
	return t->sorted;
}

size_t sim_row_place(struct sim_table *t, const struct sim_item *key)
{
	struct sim_row **rows = sim_rows(t);
	size_t low = 0, high = t->n_rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sim_key_order(t, &rows[middle]->item, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct sim_row *row_at(struct sim_table *t, size_t at, const struct sim_item *key)
{
	return at < t->n_rows && sim_key_order(t, &t->sorted[at]->item, key) == 0 ? t->sorted[at] : NULL;
}

struct sim_row *sim_row_of(struct sim_table *t, const struct sim_item *key)
{
	return row_at(t, sim_row_place(t, key), key);
}

static struct sim_row *insert_row(struct sim_table *t, size_t at)
{
	struct sim_row *row = mem_alloc(sizeof(*row)), **link = at ? &t->sorted[at - 1]->next : &t->rows;

	row->next = *link;
	*link = row;
	make_room(t, t->n_rows + 1);
	memmove(t->sorted + at + 1, t->sorted + at, (t->n_rows - at) * sizeof(struct sim_row *));
	t->sorted[at] = row;
	t->n_sorted = ++t->n_rows;
	return row;
}

static void remove_row(struct sim_table *t, size_t at)
{
	struct sim_row *row = t->sorted[at], **link = at ? &t->sorted[at - 1]->next : &t->rows;

	*link = row->next;
	t->n_sorted = --t->n_rows;
	memmove(t->sorted + at, t->sorted + at + 1, (t->n_rows - at) * sizeof(struct sim_row *));
	mem_free(row);
}

void sim_store(struct sim_dynamodb *d, struct sim_table *t, const struct sim_item *key, struct sim_item *after)
{
	size_t at = sim_row_place(t, key);
	struct sim_row *row = row_at(t, at, key);
	struct sim_item before = { 0 };

	if (row)
		before = row->item;
	if (after->n && !row)
		row = insert_row(t, at);
	if (after->n)
		row->item = *after;
	else if (row)
		remove_row(t, at);
	d->writes++;
	if (d->changed && (before.n || after->n))
		d->changed(d->changed_ctx, t, before.n ? &before : NULL, after->n ? after : NULL);
	*after = (struct sim_item){ 0 };
	sim_item_release(&before);
}

const struct sim_item *sim_table_get(struct sim_table *t, const char *key)
{
	struct sim_item k;
	struct sim_row *row;

	if (!sim_item_read(str_c(key), &k, NULL))
		abort();
	row = sim_row_of(t, &k);
	sim_item_release(&k);
	return row ? &row->item : NULL;
}

void sim_table_put(struct sim_dynamodb *d, struct sim_table *t, const char *item)
{
	struct sim_item it;
	struct sim_item key;

	if (!sim_item_read(str_c(item), &it, NULL))
		abort();
	sim_item_copy(&it, &key);
	sim_store(d, t, &key, &it);
	sim_item_release(&key);
}

void sim_table_delete(struct sim_dynamodb *d, struct sim_table *t, const char *key)
{
	struct sim_item k, none = { 0 };

	if (!sim_item_read(str_c(key), &k, NULL))
		abort();
	if (sim_row_of(t, &k))
		sim_store(d, t, &k, &none);
	sim_item_release(&k);
}
