#include "cost_parts.h"

#include "sluice/core/node.h"

bool cost_no_memory(const struct arena *a, struct err *err)
{
	return err_set(err, ERR_FATAL, "cost.memory", "the model is too large for its costs to be computed (%zu bytes at most)",
		       a->max);
}

const struct node *cost_at(const struct node *object, struct str member)
{
	const struct node *n = node_get(object, member);

	return n ? n : object;
}

const struct cost_table *cost_table_of(const struct cost_input *in, struct str name)
{
	for (size_t i = 0; i < in->n_tables; i++)
		if (str_eq(in->tables[i].name, name))
			return &in->tables[i];
	return NULL;
}

const struct cost_index *cost_index_of(const struct cost_table *t, struct str name)
{
	for (size_t i = 0; t && i < t->n_indexes; i++)
		if (str_eq(t->indexes[i].name, name))
			return &t->indexes[i];
	return NULL;
}

double cost_items_of(const struct cost_pattern *p)
{
	return cost_operation_needs_count(p->operation) && p->operation != COST_QUERY && p->operation != COST_SCAN
		       ? p->item_count : 1;
}

static bool listed(const struct cost_pattern *p, const struct cost_index *index)
{
	for (size_t i = 0; i < p->n_writes; i++)
		if (p->writes[i].index == index)
			return true;
	return false;
}

void cost_read_index_list(struct cost_pattern *p, const struct node *list, bool key_changes,
			  struct findings_list *findings)
{
	for (const struct node *n = list->first; n; n = n->next) {
		const struct node *name = n->kind == NODE_OBJECT ? node_get(n, STR("name")) : n;
		const struct node *key = node_get(n, STR("gsi_key_changes"));
		const struct cost_index *index;

		if (!name || name->kind != NODE_STRING || (key && key->kind != NODE_BOOL)) {
			finding_add(findings, FINDING_ERROR, "cost-gsi-list", n,
				    "Give index names, or objects { \"name\", \"gsi_key_changes\" }.",
				    "is no index's name");
			continue;
		}
		index = cost_index_of(p->table, name->text);
		if (!index)
			finding_add(findings, FINDING_ERROR, "cost-index-unknown", n,
				    "Name an index of the pattern's table.", "table \"%.*s\" has no index \"%.*s\"",
				    STR_ARG(p->table ? p->table->name : STR("?")), STR_ARG(name->text));
		else if (listed(p, index))
			finding_add(findings, FINDING_ERROR, "cost-duplicate", n, "Name each index once.",
				    "index \"%.*s\" stands twice in the list", STR_ARG(index->name));
		else
			p->writes[p->n_writes++] = (struct cost_index_write){
				.table = p->table, .index = index, .items = cost_items_of(p),
				.key_changes = key ? key->b : key_changes };
	}
}

/* --- tables ---------------------------------------------------------------- */

struct cost_table *cost_filled_table(const struct cost_filling *f, const struct model_table *t)
{
	return t ? &f->in->tables[t - f->m->tables] : NULL;
}

static bool projects_all(const struct model_index *index)
{
	return index->projection == MODEL_PROJECT_ALL;
}

/* What is not declared: as large as the table's items at most, as many as they are. */
static void fill_index(struct cost_filling *f, struct cost_index *out, const struct model_index *index,
		       const struct model_table *t)
{
	*out = (struct cost_index){ .name = index->name, .local = !index->global, .at = index->size.at };
	out->item_bytes = (double)(index->size.item_bytes ? index->size.item_bytes : t->size.item_bytes);
	out->items = (double)(index->size.items ? index->size.items : t->size.items);
	if (!out->at)
		out->at = index->at;
	if (!projects_all(index) && !index->size.item_bytes && t->size.item_bytes)
		finding_add(f->findings, FINDING_HINT, "cost-index-size", index->at,
			    "Declare sizing.<table>.indexes.<index>.item_size_bytes.",
			    "index \"%.*s\" is counted with its table's whole items, though it projects fewer attributes",
			    STR_ARG(index->name));
}

static double count_in(const struct node *table, const char *group, const char *name)
{
	const struct node *n = node_get(node_get(table, str_c(group)), str_c(name));

	return n && n->kind == NODE_INT && n->i > 0 ? n->d : 0;
}

/* What the table is made ready for: warmed, or provisioned. */
static double ready_for(const struct node *table, const char *warm, const char *provisioned)
{
	double a = count_in(table, "WarmThroughput", warm), b = count_in(table, "ProvisionedThroughput", provisioned);

	return a > b ? a : b;
}

/* Where nothing is said, tables are made on demand (model/create.h). */
static bool is_provisioned(const struct node *table)
{
	const struct node *mode = node_get(table, STR("BillingMode"));

	if (mode && mode->kind == NODE_STRING)
		return str_eq(mode->text, STR("PROVISIONED"));
	return node_get(table, STR("ProvisionedThroughput")) != NULL;
}

static double stream_images(const struct model_table *t)
{
	if (!t->stream || str_eq(t->stream_view_type, STR("KEYS_ONLY")))
		return 0;
	return str_eq(t->stream_view_type, STR("NEW_AND_OLD_IMAGES")) ? 2 : 1;
}

static bool fill_table(struct cost_filling *f, struct cost_table *out, const struct model_table *t)
{
	const struct node *class = node_get(t->at, STR("TableClass"));
	size_t n = t->n_indexes < COST_INDEXES_MAX ? t->n_indexes : (size_t)COST_INDEXES_MAX;

	*out = (struct cost_table){ .name = t->name, .item_bytes = (double)t->size.item_bytes,
				    .items = (double)t->size.items, .n_indexes = n, .on_demand = !is_provisioned(t->at),
				    .stream_images = stream_images(t),
				    .warm_reads = ready_for(t->at, "ReadUnitsPerSecond", "ReadCapacityUnits"),
				    .warm_writes = ready_for(t->at, "WriteUnitsPerSecond", "WriteCapacityUnits"),
				    .at = t->size.at ? t->size.at : t->at };
	out->infrequent = class && class->kind == NODE_STRING && str_eq(class->text, STR("STANDARD_INFREQUENT_ACCESS"));
	out->indexes = arena_array(f->arena, n + 1, sizeof(*out->indexes));
	if (!out->indexes)
		return false;
	if (!t->size.item_bytes || !t->size.items)
		finding_add(f->findings, FINDING_WARNING, "cost-storage", t->at,
			    "Declare sizing.<table>.item_size_bytes and item_count.",
			    "the storage of table \"%.*s\" is not counted: its size is not declared", STR_ARG(t->name));
	if (!out->on_demand)
		finding_add(f->findings, FINDING_HINT, "cost-provisioned", cost_at(t->at, STR("BillingMode")),
			    "Compare the table's columns of provisioned capacity.",
			    "table \"%.*s\" is provisioned; the sums count its requests on demand", STR_ARG(t->name));
	if (n < t->n_indexes)
		finding_add(f->findings, FINDING_ERROR, "cost-indexes", t->at, "Keep to what the service allows.",
			    "table \"%.*s\" has %zu indexes, of which %zu are counted", STR_ARG(t->name), t->n_indexes, n);
	for (size_t i = 0; i < n; i++)
		fill_index(f, &out->indexes[i], &t->indexes[i], t);
	return true;
}

/* How many pipelines read a table's stream: each polls for itself. */
static void count_pipelines(struct cost_filling *f)
{
	for (size_t i = 0; i < f->m->n_handlers; i++) {
		const struct model_handler *h = &f->m->handlers[i];
		struct cost_table *t = cost_filled_table(f, h->table);
		bool seen = false;

		/* Further back than this the same pipeline would be named again by few. */
		for (size_t k = i > 1000 ? i - 1000 : 0; t && k < i; k++)
			seen = seen || (f->m->handlers[k].table == h->table &&
					str_eq(f->m->handlers[k].pipeline, h->pipeline));
		if (t && !seen)
			t->pipelines++;
	}
}

static bool fill(struct cost_filling *f)
{
	const struct model *m = f->m;
	struct cost_input *in = f->in;

	in->tables = arena_array(f->arena, m->n_tables + 1, sizeof(*in->tables));
	in->patterns = arena_array(f->arena, m->n_patterns + 1, sizeof(*in->patterns));
	in->handlers = arena_array(f->arena, m->n_handlers + 1, sizeof(*in->handlers));
	if (!in->tables || !in->patterns || !in->handlers)
		return cost_no_memory(f->arena, f->err);
	in->n_tables = m->n_tables;
	for (size_t i = 0; i < m->n_tables; i++)
		if (!fill_table(f, &in->tables[i], &m->tables[i]))
			return cost_no_memory(f->arena, f->err);
	for (; in->n_patterns < m->n_patterns; in->n_patterns++)
		if (!cost_fill_pattern(f, &in->patterns[in->n_patterns], &m->patterns[in->n_patterns]))
			return false;
	for (; in->n_handlers < m->n_handlers; in->n_handlers++)
		if (!cost_fill_handler(f, &in->handlers[in->n_handlers], &m->handlers[in->n_handlers]))
			return false;
	count_pipelines(f);
	return true;
}

bool cost_from_model(struct cost_input *in, const struct model *m, struct arena *a, struct findings_list *findings,
		     struct err *err)
{
	struct cost_filling f = { .in = in, .m = m, .arena = a, .findings = findings, .err = err };
	bool ok;

	*in = (struct cost_input){ 0 };
	arena_init(&f.read, MODEL_CALLS_BYTES);
	ok = model_calls_read(&f.calls, m, &f.read, err) && fill(&f);
	arena_release(&f.read);
	return ok;
}
