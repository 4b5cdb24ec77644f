/* A pattern of the document: its own figures first, then its command's, then `sizing`. */
#include "cost_parts.h"

#include "sluice/core/node.h"

struct choice {
	const struct model_call *call;   /* NULL: none that is known */
	size_t commands;
};

/* The pattern's calls stand together, in the patterns' order. Of several the first one of the declared
 * operation. */
static struct choice choose_call(struct cost_filling *f, const struct model_pattern *p, enum cost_operation declared)
{
	struct choice c = { NULL, p->n_commands };
	const struct model_calls *all = &f->calls;
	bool found = false;

	for (; f->next_call < all->n_calls && all->calls[f->next_call].pattern == p; f->next_call++) {
		const struct model_call *call = &all->calls[f->next_call];

		if (!call->command.operation || found)
			continue;
		found = cost_operation_of(call->command.operation->name) == declared;
		if (found || !c.call)
			c.call = call;
	}
	if (c.call && declared != COST_OPERATIONS && !found)
		c.call = NULL;
	return c;
}

static bool not_counted(struct cost_filling *f, struct cost_pattern *out, struct str name)
{
	out->not_counted = STR("operation without a price");
	finding_add(f->findings, FINDING_ERROR, "cost-operation", cost_at(out->at, STR("dynamodb_operation")),
		    "Name one of GetItem, Query, Scan, BatchGetItem, TransactGetItems, PutItem, UpdateItem, "
		    "DeleteItem, BatchWriteItem, TransactWriteItems.",
		    "no cost is known of the operation \"%.*s\"", STR_ARG(str_sub(name, 0, 60)));
	return false;
}

/* False: it has no operation, so nothing to count. */
static bool fill_operation(struct cost_filling *f, struct cost_pattern *out, const struct model_pattern *p,
			   const struct model_call **call)
{
	struct choice c = choose_call(f, p, cost_operation_of(p->operation));
	struct str name = p->operation.len || !c.call ? p->operation : c.call->command.operation->name;

	*call = c.call;
	out->operation = cost_operation_of(name);
	if (out->operation == COST_OPERATIONS && !name.len && !c.commands) {
		out->not_counted = p->served_by.len ? STR("served by a handler") : STR("no DynamoDB operation");
		return false;
	}
	if (out->operation == COST_OPERATIONS)
		return not_counted(f, out, name);
	if (c.commands > 1)
		finding_add(f->findings, FINDING_HINT, "cost-commands", p->at,
			    "Give each its own pattern where they are separate requests.",
			    "has %zu commands; one %s a request is counted", c.commands,
			    cost_operation_name(out->operation));
	return true;
}

/* --- how much is read or written --------------------------------------------- */

static const struct model_action *first_action(const struct model_call *call)
{
	return call && call->valid && call->n_actions ? &call->actions[0] : NULL;
}

/* A Query reads a page of `--limit` items at most, of a collection that may be smaller. */
static double queried_items(const struct model_size *size, const struct model_action *action)
{
	double collection = size->items_per_key_average, limit = action ? (double)action->limit : 0;

	if (collection > 0 && limit > 0)
		return limit < collection ? limit : collection;
	return cost_first(collection, limit);
}

static void fill_count(struct cost_filling *f, struct cost_pattern *out, const struct model_pattern *p,
		       const struct model_call *call)
{
	const struct model_size *size = p->index ? &p->index->size : &p->table->size;

	if (out->item_count > 0 || !cost_operation_needs_count(out->operation))
		return;
	if (out->operation == COST_QUERY)
		out->item_count = queried_items(size, first_action(call));
	else if (out->operation == COST_SCAN)
		out->item_count = out->index ? out->index->items : out->table->items;
	else if (first_action(call))
		out->item_count = (double)call->n_actions;
	if (out->item_count > 0)
		finding_add(f->findings, FINDING_HINT, "cost-count-assumed", p->at, "Declare item_count.",
			    "item_count is not declared: %s of %.6g items is counted, by its command and `sizing`",
			    cost_operation_name(out->operation), out->item_count);
}

static void fill_figures(struct cost_filling *f, struct cost_pattern *out, const struct model_pattern *p,
			 const struct model_call *call)
{
	const struct model_action *action = first_action(call);

	out->item_bytes = cost_first(out->item_bytes, out->index ? out->index->item_bytes : out->table->item_bytes);
	out->strong = out->strong || (action && action->consistent && out->operation != COST_TRANSACT_GET);
	out->refused = p->expect.error.len > 0 && cost_operation_writes(out->operation);
	fill_count(f, out, p, call);
	if (!cost_operation_needs_count(out->operation))
		out->item_count = 0;
}

/* --- tables and indexes that it works on --------------------------------------- */

static struct cost_part *part_of(struct cost_pattern *out, const struct cost_table *t)
{
	for (size_t i = 0; i < out->n_parts; i++)
		if (out->parts[i].table == t)
			return &out->parts[i];
	out->parts[out->n_parts] = (struct cost_part){ .table = t };
	return &out->parts[out->n_parts++];
}

static void add_part(struct cost_pattern *out, const struct cost_table *t, double items, bool writes)
{
	struct cost_part *part = part_of(out, t);

	part->items += items;
	if (writes && !out->refused)
		part->written += items;
}

/* A batch's items are its pattern's item_count, spread as the command's. */
static bool fill_parts(struct cost_filling *f, struct cost_pattern *out, const struct model_call *call)
{
	size_t n = first_action(call) ? call->n_actions : 0;
	double each = cost_items_of(out) / (n ? (double)n : 1);

	out->parts = arena_array(f->arena, n + 1, sizeof(*out->parts));
	if (!out->parts)
		return cost_no_memory(f->arena, f->err);
	for (size_t i = 0; i < n; i++) {
		const struct cost_table *t = cost_filled_table(f, call->actions[i].table);

		add_part(out, t ? t : out->table, each, action_writes(call->actions[i].kind));
	}
	if (!n)
		add_part(out, out->table, each, cost_operation_writes(out->operation));
	return true;
}

static void add_write(struct cost_pattern *out, const struct cost_index_write *w)
{
	for (size_t i = 0; i < out->n_writes; i++) {
		if (out->writes[i].index != w->index)
			continue;
		out->writes[i].items += w->items;
		out->writes[i].key_changes = out->writes[i].key_changes || w->key_changes;
		return;
	}
	out->writes[out->n_writes++] = *w;
}

struct assumed {
	size_t indexes;      /* counted though nothing says that they change */
};

/* The indexes of a table that a change writes. Those that gsi_list speaks for are left out. */
static void add_touched(struct cost_filling *f, struct cost_pattern *out, const struct model_table *t,
			const struct cost_change *change, double items, struct assumed *assumed)
{
	const struct cost_table *table = cost_filled_table(f, t);
	const struct node *list = node_get(out->at, STR("gsi_list"));
	bool listed = list && list->kind == NODE_ARRAY;

	for (size_t i = 0; i < table->n_indexes; i++) {
		struct cost_index_write w = { .table = table, .index = &table->indexes[i], .items = items,
					      .assumed = !change->known };

		if (listed && table == out->table && t->indexes[i].global)
			continue;
		if (!cost_index_touched(&t->indexes[i], change, &w.key_changes))
			continue;
		assumed->indexes += !change->known;
		add_write(out, &w);
	}
}

static bool add_actions(struct cost_filling *f, struct cost_pattern *out, const struct model_call *call,
			struct assumed *assumed)
{
	double each = cost_items_of(out) / (double)call->n_actions;

	for (size_t i = 0; i < call->n_actions; i++) {
		const struct model_action *action = &call->actions[i];
		struct cost_change change;

		if (!action_writes(action->kind) || !action->table)
			continue;
		if (!cost_change_of(&change, action, &f->read, f->err))
			return false;
		add_touched(f, out, action->table, &change, each, assumed);
	}
	return true;
}

static bool make_writes(struct cost_filling *f, struct cost_pattern *out)
{
	size_t n = out->table->n_indexes;

	for (size_t i = 0; i < out->n_parts; i++)
		n += out->parts[i].table->n_indexes;
	out->writes = arena_array(f->arena, n + 1, sizeof(*out->writes));
	return out->writes || cost_no_memory(f->arena, f->err);
}

static bool fill_writes(struct cost_filling *f, struct cost_pattern *out, const struct model_pattern *p,
			const struct model_call *call)
{
	const struct cost_change unknown = { .kind = COST_UPDATES };
	struct assumed assumed = { 0 };

	if (!cost_operation_writes(out->operation) || out->refused)
		return true;
	if (!make_writes(f, out))
		return false;
	if (p->gsi_list)
		cost_read_index_list(out, p->gsi_list, p->gsi_key_changes, f->findings);
	if (!first_action(call))
		add_touched(f, out, p->table, &unknown, cost_items_of(out), &assumed);
	else if (!add_actions(f, out, call, &assumed))
		return false;
	if (assumed.indexes)
		finding_add(f->findings, FINDING_HINT, "cost-indexes-assumed", p->at,
			    "Say which in gsi_list (an empty list: none).",
			    "no command says which attributes change, so each write counts for %zu index%s",
			    assumed.indexes, assumed.indexes == 1 ? "" : "es");
	return true;
}

/* --- all of it ------------------------------------------------------------------- */

/* False: there is nothing of that name, which is a finding. */
static bool fill_places(struct cost_filling *f, struct cost_pattern *out, const struct model_pattern *p)
{
	out->table = cost_filled_table(f, p->table);
	if (!out->table) {
		out->not_counted = STR("unknown table");
		finding_add(f->findings, FINDING_ERROR, "cost-table-unknown", cost_at(p->at, STR("table")),
			    "Name a table of `tables`.", "pattern \"%.*s\" names no table of this model",
			    STR_ARG(p->id));
		return false;
	}
	if (!p->index_name.len)
		return true;
	out->index = cost_index_of(out->table, p->index_name);
	if (!out->index) {
		out->not_counted = STR("unknown index");
		finding_add(f->findings, FINDING_ERROR, "cost-index-unknown", cost_at(p->at, STR("index")),
			    "Name an index of the table.", "table \"%.*s\" has no index \"%.*s\"",
			    STR_ARG(out->table->name), STR_ARG(p->index_name));
	}
	return out->index != NULL;
}

bool cost_fill_pattern(struct cost_filling *f, struct cost_pattern *out, const struct model_pattern *p)
{
	const struct model_call *call;

	*out = (struct cost_pattern){ .id = p->id, .description = p->description, .rps = p->rate.average,
				      .peak_rps = p->rate.peak, .item_bytes = (double)p->item_bytes,
				      .item_count = (double)p->item_count, .strong = p->strongly_consistent, .at = p->at };
	if (!fill_operation(f, out, p, &call) || !fill_places(f, out, p))
		return true;
	fill_figures(f, out, p, call);
	return fill_parts(f, out, call) && fill_writes(f, out, p, call);
}
