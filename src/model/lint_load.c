#include "lint_load.h"

#include "sluice/model/limits.h"

#include <math.h>

enum { READ_UNIT = LIMIT_READ_UNIT_BYTES, WRITE_UNIT = LIMIT_WRITE_UNIT_BYTES, ARENA_MAX = 8 << 20 };

struct loads {
	struct lint_load *tables;            /* in the model's order */
	struct lint_load **indexes;          /* of each table, in its order */
};

struct loading {
	struct lint *lint;
	struct loads *loads;
	const struct model_pattern *pattern;
	double factor;                       /* so many items for each action of the command */
};

double lint_hottest_share(const struct model_size *s)
{
	return s->hottest_key_share > 0 ? s->hottest_key_share : s->distinct_keys ? 1.0 / (double)s->distinct_keys : 0;
}

/* A local index lies in its table's partitions. */
static struct lint_load *where(const struct loading *g, const struct model_table *t, const struct model_index *index)
{
	size_t at = (size_t)(t - g->lint->model->tables);

	return index && index->global ? &g->loads->indexes[at][index - t->indexes] : &g->loads->tables[at];
}

static void add(const struct loading *g, struct lint_load *to, bool writes, double units)
{
	const struct model_rate *rate = &g->pattern->rate;
	double peak = rate->peak > 0 ? rate->peak : rate->average;

	*(writes ? &to->writes : &to->reads) += peak * units;
	*(writes ? &to->average_writes : &to->average_reads) += rate->average * units;
}

static double bytes_of(const struct loading *g, const struct model_table *t, const struct model_index *index)
{
	const struct model_size *size = index ? &index->size : &t->size;

	if (g->pattern->item_bytes)
		return (double)g->pattern->item_bytes;
	return size->item_bytes ? (double)size->item_bytes : 1;
}

/* --- writes of indexes ------------------------------------------------------- */

static double index_units(const struct loading *g, const struct model_table *t, const struct model_index *index)
{
	double bytes = bytes_of(g, t, NULL);

	if (index->size.item_bytes)
		bytes = (double)index->size.item_bytes;
	else if (index->projection == MODEL_PROJECT_KEYS_ONLY)
		bytes = 1;
	return ceil(bytes / WRITE_UNIT) * g->factor;
}

static void write_index(struct loading *g, const struct model_table *t, const struct model_index *index, double times)
{
	if (times > 0)
		add(g, where(g, t, index), true, index_units(g, t, index) * times);
}

/* Names, or objects {name, gsi_key_changes}. */
static void write_listed(struct loading *g, const struct model_table *t)
{
	for (const struct node *n = g->pattern->gsi_list->first; n; n = n->next) {
		const struct node *name = n->kind == NODE_OBJECT ? node_get(n, STR("name")) : n;
		const struct node *twice = node_get(n, STR("gsi_key_changes"));
		const struct model_index *index = name && name->kind == NODE_STRING ? model_index(t, name->text) : NULL;

		if (index && lint_works(g->lint, 1 + t->n_indexes / 4, g->pattern->at))
			write_index(g, t, index, twice && twice->kind == NODE_BOOL && twice->b ? 2 : 1);
	}
}

static bool is_included(const struct model_index *index, struct str name)
{
	for (size_t i = 0; i < index->n_included; i++)
		if (str_eq(index->included[i], name))
			return true;
	return index->projection == MODEL_PROJECT_ALL;
}

/* A changed key takes one entry out and puts another in. */
static double update_times(const struct model_index *index, const struct expression_touch *touches, size_t n)
{
	double times = 0;

	for (size_t i = 0; i < n && times < 2; i++) {
		bool written = touches[i].use == EXPRESSION_WRITTEN, removed = touches[i].use == EXPRESSION_REMOVED;

		if (written && lint_key_has(&index->key, touches[i].attribute))
			times = 2;
		else if ((written || removed) && (lint_key_has(&index->key, touches[i].attribute) ||
						  is_included(index, touches[i].attribute)))
			times = 1;
	}
	return times;
}

static double put_times(const struct model_index *index, const struct node *item)
{
	for (size_t i = 0; i < lint_key_count(&index->key); i++)
		if (!node_get(item, lint_key_at(&index->key, i)->name))
			return 0;
	return 1;
}

static void write_indexes(struct loading *g, const struct model_action *a, const struct node *attributes)
{
	const struct expression_touch *touches = NULL;
	size_t n = 0;

	if (a->update && !expression_touches(a->update, &a->scope, lint_step(g->lint), &touches, &n, NULL))
		lint_no_memory(g->lint, a->call->at);
	EACH_INDEX(a->table, index) {
		double times = 1;

		if (!lint_works(g->lint, a->kind == ACTION_PUT ? lint_seeks(1, attributes->count) : lint_seeks(n, index->n_included),
				a->call->at))
			return;
		if (a->kind == ACTION_PUT)
			times = put_times(index, attributes);
		else if (a->kind == ACTION_UPDATE && !node_get(a->at, STR("AttributeUpdates")))
			times = update_times(index, touches, n);
		write_index(g, a->table, index, times);
	}
}

/* --- actions ----------------------------------------------------------------- */

static bool is_transaction(const struct model_action *a)
{
	return str_starts(a->call->command.operation->name, STR("Transact"));
}

static double read_units(const struct loading *g, const struct model_action *a)
{
	double bytes = bytes_of(g, a->table, a->index), items = (double)g->pattern->item_count;

	if (items == 0)
		items = a->limit && !a->call->command.pages ? (double)a->limit : 1;
	if (is_transaction(a))
		return ceil(bytes / READ_UNIT) * 2 * g->factor;
	if (a->kind == ACTION_GET)
		return ceil(bytes / READ_UNIT) * g->factor * (a->consistent ? 1 : 0.5);
	return ceil(bytes * items / READ_UNIT) * (a->consistent ? 1 : 0.5);
}

static void add_action(struct loading *g, const struct model_action *a, const struct node *attributes)
{
	double units;

	if (!action_writes(a->kind) && a->kind != ACTION_CHECK) {
		add(g, where(g, a->table, a->index), false, read_units(g, a));
		return;
	}
	units = ceil(bytes_of(g, a->table, NULL) / WRITE_UNIT) * (is_transaction(a) ? 2 : 1) * g->factor;
	add(g, where(g, a->table, NULL), true, units);
	/* A write that must fail is paid, and changes nothing. */
	if (a->kind == ACTION_CHECK || g->pattern->expect.error.len)
		return;
	if (g->pattern->gsi_list)
		write_listed(g, a->table);
	else if (attributes)
		write_indexes(g, a, attributes);
}

static void add_call(struct loading *g, const struct model_call *c)
{
	const struct node *key = NULL;

	g->pattern = c->pattern;
	/* A command shows some of the items; the pattern may say that there are more. */
	g->factor = 1;
	if (c->n_actions > 1 && g->pattern->item_count > (int64_t)c->n_actions)
		g->factor = (double)g->pattern->item_count / (double)c->n_actions;
	EACH_ACTION(c, a) {
		const struct node *attributes = lint_attributes(a, &key);

		if (a->table)
			add_action(g, a, attributes);
	}
}

/* --- patterns without a readable command ------------------------------------- */

static const struct declared {
	const char *name;
	bool writes, many, sums;         /* many: of item_count items; sums: sizes before rounding */
	double factor;
} declared[] = {
	{ "GetItem", false, false, false, 1 },        { "Query", false, true, true, 1 },
	{ "BatchGetItem", false, true, false, 1 },    { "TransactGetItems", false, true, false, 4 },
	{ "PutItem", true, false, false, 1 },         { "UpdateItem", true, false, false, 1 },
	{ "DeleteItem", true, false, false, 1 },      { "BatchWriteItem", true, true, false, 1 },
	{ "TransactWriteItems", true, true, false, 2 },
};

static const struct declared *declared_of(const struct model_pattern *p)
{
	for (size_t i = 0; i < sizeof(declared) / sizeof(*declared); i++)
		if (str_eq(p->operation, str_c(declared[i].name)))
			return &declared[i];
	return NULL;
}

static void add_declared(struct loading *g, const struct model_pattern *p)
{
	const struct declared *d = declared_of(p);
	double bytes, items, unit, half;

	g->pattern = p;
	g->factor = 1;
	if (!d || !p->table)
		return;
	bytes = bytes_of(g, p->table, p->index);
	items = d->many && p->item_count ? (double)p->item_count : 1;
	unit = d->writes ? WRITE_UNIT : READ_UNIT;
	half = d->writes || p->strongly_consistent ? 1 : 0.5;
	add(g, where(g, p->table, d->writes ? NULL : p->index), d->writes,
	    (d->sums ? ceil(bytes * items / unit) : ceil(bytes / unit) * items) * d->factor * half);
	if (d->writes && p->gsi_list)
		write_listed(g, p->table);
}

/* --- the whole --------------------------------------------------------------- */

static struct loads *make(struct lint *l)
{
	const struct model *m = l->model;
	struct loads *loads = lint_array(l, 1, sizeof(*loads));

	if (!loads)
		return NULL;
	loads->tables = lint_array(l, m->n_tables, sizeof(*loads->tables));
	loads->indexes = lint_array(l, m->n_tables, sizeof(*loads->indexes));
	for (size_t i = 0; loads->tables && loads->indexes && i < m->n_tables; i++) {
		loads->indexes[i] = lint_array(l, m->tables[i].n_indexes, sizeof(**loads->indexes));
		if (!loads->indexes[i])
			return NULL;
	}
	return loads->tables && loads->indexes ? loads : NULL;
}

static struct loads *read_all(struct lint *l)
{
	struct loading g = { .lint = l, .loads = make(l) };
	bool *counted = lint_array(l, l->model->n_patterns, sizeof(*counted));

	if (!counted || !g.loads)
		return NULL;
	EACH_CALL(l, c) {
		if (!c->valid || !c->pattern)
			continue;
		counted[c->pattern - l->model->patterns] = true;
		add_call(&g, c);
	}
	EACH_PATTERN(l, p)
		if (!counted[p - l->model->patterns])
			add_declared(&g, p);
	return l->spent ? NULL : g.loads;
}

struct lint_load lint_load_of(struct lint *l, const struct model_table *t, const struct model_index *index)
{
	struct lint_memo *memo = l->memo;

	if (!memo->loads_tried)
		memo->loads = read_all(l);
	memo->loads_tried = true;
	if (!memo->loads) {
		lint_give_up(l);
		return (struct lint_load){ 0 };
	}
	return *where(&(struct loading){ .lint = l, .loads = memo->loads }, t, index);
}
