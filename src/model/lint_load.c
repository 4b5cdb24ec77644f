/* Units and touched indexes are those of costs (cost.h, cost_parts.h): what is warned of is what is paid. */
#include "lint_load.h"

#include "cost_parts.h"

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

static double index_bytes(const struct loading *g, const struct model_table *t, const struct model_index *index)
{
	if (index->size.item_bytes)
		return (double)index->size.item_bytes;
	return index->projection == MODEL_PROJECT_KEYS_ONLY ? 1 : bytes_of(g, t, NULL);
}

static void write_index(const struct loading *g, const struct model_table *t, const struct model_index *index,
			bool key_changes)
{
	double units = cost_index_units(COST_PUT_ITEM, index_bytes(g, t, index), 1, key_changes);

	add(g, where(g, t, index), true, units * g->factor);
}

/* Names, or objects {name, gsi_key_changes}. */
static void write_listed(const struct loading *g, const struct model_table *t)
{
	for (const struct node *n = g->pattern->gsi_list->first; n; n = n->next) {
		const struct node *name = n->kind == NODE_OBJECT ? node_get(n, STR("name")) : n;
		const struct node *twice = node_get(n, STR("gsi_key_changes"));
		const struct model_index *index = name && name->kind == NODE_STRING ? model_index(t, name->text) : NULL;

		if (index && lint_works(g->lint, 1 + t->n_indexes / 4, g->pattern->at))
			write_index(g, t, index, twice && twice->kind == NODE_BOOL ? twice->b : g->pattern->gsi_key_changes);
	}
}

/* What the action writes. False with a finding where memory lacks. */
static bool change_of(const struct loading *g, const struct model_action *a, const struct node *attributes,
		      struct cost_change *out)
{
	struct arena *arena = lint_step(g->lint);
	bool ok = a->kind == ACTION_PUT ? cost_change_put(out, attributes, arena, NULL) : cost_change_of(out, a, arena, NULL);

	if (!ok)
		lint_no_memory(g->lint, a->call->at);
	return ok;
}

static void write_indexes(const struct loading *g, const struct model_action *a, const struct node *attributes)
{
	struct cost_change change;
	bool key_changes;

	if (!a->table->n_indexes || !change_of(g, a, attributes, &change))
		return;
	EACH_INDEX(a->table, index) {
		size_t sought = lint_key_count(&index->key) + (a->kind == ACTION_PUT ? 0 : index->n_included);

		if (!lint_works(g->lint, lint_seeks(sought, change.n), a->call->at))
			return;
		if (cost_index_touched(index, &change, &key_changes))
			write_index(g, a->table, index, key_changes);
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
		return cost_units(COST_TRANSACT_GET, bytes, 1, false) * g->factor;
	if (a->kind == ACTION_GET)
		return cost_units(COST_GET_ITEM, bytes, 1, a->consistent) * g->factor;
	return cost_units(COST_QUERY, bytes, items, a->consistent);
}

static void add_action(const struct loading *g, const struct model_action *a, const struct node *attributes)
{
	enum cost_operation op = is_transaction(a) ? COST_TRANSACT_WRITE : COST_PUT_ITEM;

	if (!action_writes(a->kind) && a->kind != ACTION_CHECK) {
		add(g, where(g, a->table, a->index), false, read_units(g, a));
		return;
	}
	add(g, where(g, a->table, NULL), true, cost_units(op, bytes_of(g, a->table, NULL), 1, false) * g->factor);
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

static void add_declared(struct loading *g, const struct model_pattern *p)
{
	enum cost_operation op = cost_operation_of(p->operation);
	double items = p->item_count && cost_operation_needs_count(op) ? (double)p->item_count : 1;
	bool writes = cost_operation_writes(op);

	g->pattern = p;
	/* A scan goes through all keys alike. */
	if (op == COST_OPERATIONS || op == COST_SCAN || !p->table)
		return;
	add(g, where(g, p->table, writes ? NULL : p->index), writes,
	    cost_units(op, bytes_of(g, p->table, p->index), items, p->strongly_consistent));
	g->factor = items;
	if (writes && p->gsi_list)
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
