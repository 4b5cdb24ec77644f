#include "cost_parts.h"

#include "sluice/core/node.h"

bool cost_no_memory(struct arena *a, struct err *err)
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
				.index = index, .key_changes = key ? key->b : key_changes };
	}
}

/* --- tables ---------------------------------------------------------------- */

struct filling {
	struct cost_input *in;
	const struct model *m;
	struct arena *arena;
	struct arena scratch;            /* of one command */
	struct cost_attributes attributes;
	struct findings_list *findings;
};

static struct cost_table *table_of(const struct filling *f, const struct model_table *t)
{
	return t ? &f->in->tables[t - f->m->tables] : NULL;
}

static bool projects_all(const struct model_index *index)
{
	return index->projection == MODEL_PROJECT_ALL;
}

/* What is not declared: as large as the table's items at most, as many as they are. */
static void fill_index(struct filling *f, struct cost_index *out, const struct model_index *index,
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

static double warm(const struct node *table, struct str name)
{
	const struct node *n = node_get(node_get(table, STR("WarmThroughput")), name);

	return n && n->kind == NODE_INT && n->i > 0 ? n->d : 0;
}

static double stream_images(const struct model_table *t)
{
	if (!t->stream || str_eq(t->stream_view_type, STR("KEYS_ONLY")))
		return 0;
	return str_eq(t->stream_view_type, STR("NEW_AND_OLD_IMAGES")) ? 2 : 1;
}

static bool fill_table(struct filling *f, struct cost_table *out, const struct model_table *t)
{
	const struct node *class = node_get(t->at, STR("TableClass"));
	size_t n = t->n_indexes < COST_INDEXES_MAX ? t->n_indexes : (size_t)COST_INDEXES_MAX;

	*out = (struct cost_table){ .name = t->name, .item_bytes = (double)t->size.item_bytes,
				    .items = (double)t->size.items, .n_indexes = n, .on_demand = t->on_demand,
				    .sized = t->size.at != NULL, .stream_images = stream_images(t),
				    .warm_reads = warm(t->at, STR("ReadUnitsPerSecond")),
				    .warm_writes = warm(t->at, STR("WriteUnitsPerSecond")),
				    .at = t->size.at ? t->size.at : t->at };
	out->infrequent = class && class->kind == NODE_STRING && str_eq(class->text, STR("STANDARD_INFREQUENT_ACCESS"));
	out->indexes = arena_array(f->arena, n + 1, sizeof(*out->indexes));
	if (!out->indexes)
		return false;
	if (!t->size.item_bytes || !t->size.items)
		finding_add(f->findings, FINDING_WARNING, "cost-storage", t->at,
			    "Declare sizing.<table>.item_size_bytes and item_count.",
			    "the storage of table \"%.*s\" is not counted: its size is not declared", STR_ARG(t->name));
	if (n < t->n_indexes)
		finding_add(f->findings, FINDING_ERROR, "cost-indexes", t->at, "Keep to what the service allows.",
			    "table \"%.*s\" has %zu indexes, of which %zu are counted", STR_ARG(t->name), t->n_indexes, n);
	for (size_t i = 0; i < n; i++)
		fill_index(f, &out->indexes[i], &t->indexes[i], t);
	return true;
}

/* --- patterns -------------------------------------------------------------- */

/* "aws dynamodb query …": the third word. */
static struct str command_operation(struct str command)
{
	struct str rest = str_trim(command), word = { NULL, 0 };

	for (int i = 0; i < 3; i++) {
		size_t n = 0;

		rest = str_trim(rest);
		while (n < rest.len && rest.ptr[n] != ' ' && rest.ptr[n] != '\t' && rest.ptr[n] != '\n')
			n++;
		word = str_sub(rest, 0, n);
		rest = str_from(rest, n);
		if ((i == 0 && !str_eq(word, STR("aws"))) || (i == 1 && !str_eq(word, STR("dynamodb"))))
			return STR("");
	}
	return word;
}

/* False: it has no operation, so nothing to count. */
static bool fill_operation(struct filling *f, struct cost_pattern *out, const struct model_pattern *p)
{
	struct str name = p->operation;

	if (!name.len && p->n_commands)
		name = command_operation(p->commands[0].text);
	out->operation = cost_operation_of(name);
	if (out->operation == COST_OPERATIONS && !name.len && !p->n_commands) {
		out->not_counted = p->served_by.len ? STR("served by a handler") : STR("no DynamoDB operation");
		return false;
	}
	if (out->operation == COST_OPERATIONS) {
		out->not_counted = STR("operation without a price");
		finding_add(f->findings, FINDING_ERROR, "cost-operation", cost_at(p->at, STR("dynamodb_operation")),
			    "Name one of GetItem, Query, Scan, BatchGetItem, TransactGetItems, PutItem, UpdateItem, "
			    "DeleteItem, BatchWriteItem, TransactWriteItems.",
			    "no cost is known of the operation \"%.*s\"", STR_ARG(str_sub(name, 0, 60)));
		return false;
	}
	if (p->n_commands > 1)
		finding_add(f->findings, FINDING_HINT, "cost-commands", p->at,
			    "Give each its own pattern where they are separate requests.",
			    "has %zu commands; one %s a request is counted", p->n_commands,
			    cost_operation_name(out->operation));
	return true;
}

static void add_write(struct cost_pattern *out, const struct cost_index *index, bool key_changes)
{
	if (!listed(out, index))
		out->writes[out->n_writes++] = (struct cost_index_write){ index, key_changes, true };
}

static bool fill_writes(struct filling *f, struct cost_pattern *out, const struct model_pattern *p)
{
	const struct node *key = node_get(p->at, STR("gsi_key_changes"));
	size_t assumed = 0;
	bool key_changes;

	if (!cost_operation_writes(out->operation) || !out->table || !out->table->n_indexes)
		return true;
	out->writes = arena_array(f->arena, out->table->n_indexes, sizeof(*out->writes));
	if (!out->writes)
		return false;
	if (p->gsi_list)
		cost_read_index_list(out, p->gsi_list, key && key->kind == NODE_BOOL && key->b, f->findings);
	cost_attributes_of(&f->attributes, out->operation, p->n_commands ? p->commands[0].text : STR(""), &f->scratch);
	for (size_t i = 0; i < out->table->n_indexes; i++) {
		const struct model_index *index = &p->table->indexes[i];

		if ((p->gsi_list && index->global) || !cost_index_touched(p->table, index, &f->attributes, &key_changes))
			continue;
		add_write(out, &out->table->indexes[i], key_changes);
		assumed++;
	}
	arena_reset(&f->scratch);
	if (assumed && !f->attributes.known)
		finding_add(f->findings, FINDING_HINT, "cost-indexes-assumed", p->at,
			    "Say which in gsi_list (an empty list: none).",
			    "the command does not say which attributes change, so each write counts for %zu index%s of "
			    "\"%.*s\"", assumed, assumed == 1 ? "" : "es", STR_ARG(out->table->name));
	return true;
}

static double first_of(double a, double b)
{
	return a > 0 ? a : b;
}

static bool fill_pattern(struct filling *f, struct cost_pattern *out, const struct model_pattern *p)
{
	const struct model_size *size = p->index ? &p->index->size : p->table ? &p->table->size : NULL;

	*out = (struct cost_pattern){ .id = p->id, .description = p->description, .rps = p->rate.average,
				      .peak_rps = p->rate.peak, .item_bytes = (double)p->item_bytes,
				      .item_count = (double)p->item_count, .strong = p->strongly_consistent, .at = p->at };
	if (!fill_operation(f, out, p))
		return true;
	out->table = table_of(f, p->table);
	if (!out->table) {
		out->not_counted = STR("unknown table");
		finding_add(f->findings, FINDING_ERROR, "cost-table-unknown", cost_at(p->at, STR("table")),
			    "Name a table of `tables`.", "pattern \"%.*s\" names no table of this model",
			    STR_ARG(p->id));
		return true;
	}
	if (p->index_name.len) {
		out->index = cost_index_of(out->table, p->index_name);
		if (!out->index) {
			out->not_counted = STR("unknown index");
			finding_add(f->findings, FINDING_ERROR, "cost-index-unknown", cost_at(p->at, STR("index")),
				    "Name an index of the table.", "table \"%.*s\" has no index \"%.*s\"",
				    STR_ARG(out->table->name), STR_ARG(p->index_name));
			return true;
		}
	}
	out->item_bytes = first_of(out->item_bytes, out->index ? out->index->item_bytes : out->table->item_bytes);
	if (out->operation == COST_QUERY)
		out->item_count = first_of(out->item_count, size->items_per_key_average);
	if (out->operation == COST_SCAN)
		out->item_count = first_of(out->item_count, out->index ? out->index->items : out->table->items);
	return fill_writes(f, out, p);
}

/* --- handlers -------------------------------------------------------------- */

static struct str setting(const struct node *n, struct str name)
{
	const struct node *s = node_get(n, name);

	return s && s->kind == NODE_STRING ? s->text : STR("");
}

static double setting_number(const struct node *n, struct str name, double otherwise)
{
	const struct node *s = node_get(n, name);

	return s && s->kind == NODE_INT && s->i > 0 ? s->d : otherwise;
}

/* A row of the target is written whole, or (counter) only what `add` and `set` name. */
static bool fill_target(struct filling *f, struct cost_handler *out, const struct model_handler *h, struct str name)
{
	const struct model_table *t = model_table(f->m, name);
	const struct node *add = node_get(h->at, STR("add")), *set = node_get(h->at, STR("set"));
	bool key_changes, counter = str_eq(h->kind, STR("counter"));

	if (!t) {
		finding_add(f->findings, FINDING_WARNING, "cost-target", cost_at(h->at, STR("table")),
			    "Add the table to `tables`, and its size to `sizing`.",
			    "the table that handler \"%.*s\" writes is not in the model: its rows count as 1 KB, "
			    "its indexes not at all", STR_ARG(h->name));
		return true;
	}
	out->target = table_of(f, t);
	out->row_bytes = first_of((double)t->size.item_bytes, COST_WRITE_UNIT_BYTES);
	out->writes = arena_array(f->arena, out->target->n_indexes + 1, sizeof(*out->writes));
	if (!out->writes)
		return false;
	f->attributes.n = 0;
	f->attributes.whole_item = false;
	f->attributes.known = counter;
	for (const struct node *n = add ? add->first : NULL; n; n = n->next) {
		struct str attribute = setting(n, STR("attribute"));

		if (str_find(attribute, STR("${")) != SIZE_MAX || f->attributes.n == COST_ATTRIBUTES_MAX)
			f->attributes.known = false;
		else
			f->attributes.names[f->attributes.n++] = attribute;
	}
	if (set)
		f->attributes.known = false;
	for (size_t i = 0; i < out->target->n_indexes; i++)
		if (cost_index_touched(t, &t->indexes[i], &f->attributes, &key_changes))
			out->writes[out->n_writes++] = (struct cost_index_write){
				&out->target->indexes[i], key_changes, true };
	return true;
}

/* An entry of `audience`: how many partitions, of which table. */
static void fill_audience(struct filling *f, struct cost_handler *out, const struct node *entry)
{
	struct str name = setting(entry, STR("table"));
	const struct node *consistent = node_get(entry, STR("consistent"));
	const struct model_table *t;

	if (!name.len)
		name = setting(entry, STR("scan"));
	if (!name.len)
		return;   /* members of the record itself: nothing is read */
	t = model_table(f->m, name);
	out->partitions += setting_number(entry, STR("shards"), 1);
	if (consistent && consistent->kind == NODE_BOOL && consistent->b)
		out->consistent = true;
	if (t && !out->audience)
		out->audience = table_of(f, t);
	if (t) {
		const struct model_index *index = model_index(t, setting(entry, STR("index")));
		double bytes = (double)(index && index->size.item_bytes ? index->size.item_bytes : t->size.item_bytes);

		out->member_bytes = bytes > out->member_bytes ? bytes : out->member_bytes;
	}
}

static void check_fanout(struct filling *f, struct cost_handler *out, const struct node *at)
{
	if (out->partitions > 0 && out->member_bytes <= 0) {
		out->member_bytes = COST_WRITE_UNIT_BYTES;
		finding_add(f->findings, FINDING_WARNING, "cost-audience-size", cost_at(at, STR("audience")),
			    "Declare the audience table in `tables` and its item_size_bytes in `sizing`.",
			    "the size of an audience row is not known: counted as 1 KB");
	}
	if (out->audience_size <= 0)
		finding_add(f->findings, FINDING_WARNING, "cost-audience", at, "Declare audience_size: members an event.",
			    "the audience of handler \"%.*s\" is not counted: its size is not declared",
			    STR_ARG(out->name));
}

static bool inbox_sink(const struct filling *f, struct str name)
{
	for (const struct node *n = f->m->sinks ? f->m->sinks->first : NULL; n; n = n->next)
		if (str_eq(setting(n, STR("name")), name))
			return str_eq(setting(n, STR("kind")), STR("dynamodb"));
	return false;
}

static bool fill_handler(struct filling *f, struct cost_handler *out, const struct model_handler *h)
{
	const struct node *audience = node_get(h->at, STR("audience"));
	struct str table = setting(h->at, STR("table"));

	*out = (struct cost_handler){ .kind = h->kind, .name = h->name, .source = table_of(f, h->table),
				      .events_per_s = h->events_per_s, .audience_size = h->audience_size,
				      .row_bytes = COST_WRITE_UNIT_BYTES, .at = h->at };
	if (!out->source)
		out->not_counted = STR("unknown source table");
	if (str_eq(h->kind, STR("counter")) || str_eq(h->kind, STR("view"))) {
		out->effect = COST_EFFECT_ROW;
		return fill_target(f, out, h, table);
	}
	if (str_eq(h->kind, STR("copy"))) {
		out->effect = COST_EFFECT_COPY;
		out->partitions = 1;
		if (!fill_target(f, out, h, table))
			return false;
		out->audience = out->target;
		out->member_bytes = out->row_bytes;
		check_fanout(f, out, h->at);
	}
	if (str_eq(h->kind, STR("fanout"))) {
		out->effect = COST_EFFECT_FANOUT;
		for (const struct node *n = audience ? audience->first : NULL; n; n = n->next)
			fill_audience(f, out, n);
		check_fanout(f, out, h->at);
		if (inbox_sink(f, setting(h->at, STR("sink"))))
			return fill_target(f, out, h, table);
		out->row_bytes = 0;
	}
	return true;
}

/* How many pipelines read a table's stream: each polls for itself. */
static void count_pipelines(struct filling *f)
{
	for (size_t i = 0; i < f->m->n_handlers; i++) {
		const struct model_handler *h = &f->m->handlers[i];
		struct cost_table *t = table_of(f, h->table);
		bool seen = false;

		/* Further back than this the same pipeline would be named again by few. */
		for (size_t k = i > 1000 ? i - 1000 : 0; t && k < i; k++)
			seen = seen || (f->m->handlers[k].table == h->table &&
					str_eq(f->m->handlers[k].pipeline, h->pipeline));
		if (t && !seen)
			t->pipelines++;
	}
}

static bool fill(struct filling *f)
{
	const struct model *m = f->m;
	struct cost_input *in = f->in;

	in->tables = arena_array(f->arena, m->n_tables + 1, sizeof(*in->tables));
	in->patterns = arena_array(f->arena, m->n_patterns + 1, sizeof(*in->patterns));
	in->handlers = arena_array(f->arena, m->n_handlers + 1, sizeof(*in->handlers));
	if (!in->tables || !in->patterns || !in->handlers)
		return false;
	in->n_tables = m->n_tables;
	for (size_t i = 0; i < m->n_tables; i++)
		if (!fill_table(f, &in->tables[i], &m->tables[i]))
			return false;
	for (; in->n_patterns < m->n_patterns; in->n_patterns++)
		if (!fill_pattern(f, &in->patterns[in->n_patterns], &m->patterns[in->n_patterns]))
			return false;
	for (; in->n_handlers < m->n_handlers; in->n_handlers++)
		if (!fill_handler(f, &in->handlers[in->n_handlers], &m->handlers[in->n_handlers]))
			return false;
	count_pipelines(f);
	return true;
}

bool cost_from_model(struct cost_input *in, const struct model *m, struct arena *a, struct findings_list *findings,
		     struct err *err)
{
	enum { SCRATCH_MAX = 64 << 20 };
	struct filling f = { .in = in, .m = m, .arena = a, .findings = findings };
	bool ok;

	*in = (struct cost_input){ 0 };
	arena_init(&f.scratch, SCRATCH_MAX);
	ok = fill(&f);
	arena_release(&f.scratch);
	return ok || cost_no_memory(a, err);
}
