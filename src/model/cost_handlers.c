/* What handlers read and write, from the settings that their kinds have (conf/README.md). */
#include "cost_parts.h"

#include "sluice/core/node.h"

static struct str setting(const struct node *n, const char *name)
{
	const struct node *s = node_get(n, str_c(name));

	return s && s->kind == NODE_STRING ? s->text : STR("");
}

static bool flag(const struct node *n, const char *name)
{
	const struct node *s = node_get(n, str_c(name));

	return s && s->kind == NODE_BOOL && s->b;
}

static double setting_number(const struct node *n, const char *name, double otherwise)
{
	const struct node *s = node_get(n, str_c(name));

	return s && s->kind == NODE_INT && s->i > 0 ? s->d : otherwise;
}

/* --- which attributes of its rows it writes ------------------------------------- */

static void add_attribute(struct cost_change *change, struct str name, bool same)
{
	change->attributes[change->n++] = (struct cost_attribute){ .name = name, .same = same };
}

/* The members of an object that is a row's attributes. */
static void add_members(struct cost_change *change, const struct node *tree, bool same)
{
	for (const struct node *n = tree && tree->kind == NODE_OBJECT ? tree->first : NULL; n; n = n->next)
		add_attribute(change, n->name, same);
}

static void add_names(struct cost_change *change, const struct node *list)
{
	for (const struct node *n = list && list->kind == NODE_ARRAY ? list->first : NULL; n; n = n->next)
		if (n->kind == NODE_STRING)
			add_attribute(change, n->text, false);
}

/* A sum whose name is a template may be any attribute. */
static void add_sums(struct cost_change *change, const struct node *add)
{
	for (const struct node *n = add && add->kind == NODE_ARRAY ? add->first : NULL; n; n = n->next) {
		struct str name = setting(n, "attribute");

		if (str_find(name, STR("${")) != SIZE_MAX)
			change->known = false;
		else
			add_attribute(change, name, false);
	}
}

static size_t children(const struct node *at, const char *name)
{
	const struct node *n = node_get(at, str_c(name));

	return n ? n->count : 0;
}

/* A counter adds to sums; what it sets beside them is made of the row's key, so it stays as it is. A view and an
 * inbox put whole rows. */
static bool change_of(struct cost_filling *f, const struct model_handler *h, struct cost_change *change)
{
	const struct node *at = h->at;
	size_t n = children(at, "add") + children(at, "set") + children(at, "key") + children(at, "attributes") +
		   children(at, "item");
	bool counter = str_eq(h->kind, STR("counter"));

	*change = (struct cost_change){ .kind = COST_UPDATES, .known = true };
	change->attributes = arena_array(f->arena, n + 1, sizeof(*change->attributes));
	if (!change->attributes)
		return cost_no_memory(f->arena, f->err);
	add_members(change, node_get(at, STR("set")), counter);
	if (counter)
		add_sums(change, node_get(at, STR("add")));
	if (counter || str_eq(h->kind, STR("copy")))
		return true;
	change->kind = COST_PUTS;
	add_members(change, node_get(at, STR("key")), false);
	add_members(change, node_get(at, STR("item")), false);
	add_names(change, node_get(at, STR("attributes")));
	return true;
}

/* A name, or a template of one: "n_${item.kind}" may be any attribute that begins like that. */
static bool may_name(struct str text, struct str name)
{
	size_t at = str_find(text, STR("${"));

	return at == SIZE_MAX ? str_eq(text, name) : str_starts(name, str_sub(text, 0, at));
}

static bool sum_may_name(const struct node *at, struct str name)
{
	const struct node *add = node_get(at, STR("add"));

	for (const struct node *n = add && add->kind == NODE_ARRAY ? add->first : NULL; n; n = n->next)
		if (may_name(setting(n, "attribute"), name))
			return true;
	return false;
}

static const struct model_attribute *key_part(const struct model_key *k, size_t i)
{
	return i < k->n_hash ? k->hash[i] : k->range[i - k->n_hash];
}

/* A counter alone writes its rows, so they have no other attributes: without the index's whole key they never
 * stand in it. */
static bool may_hold(const struct model_index *index, const struct node *at)
{
	for (size_t i = 0; i < index->key.n_hash + index->key.n_range; i++) {
		const struct model_attribute *a = key_part(&index->key, i);

		if (a && !node_get(node_get(at, STR("key")), a->name) && !node_get(node_get(at, STR("set")), a->name) &&
		    !sum_may_name(at, a->name))
			return false;
	}
	return true;
}

/* Of sums whose names are templates: may one be an attribute that the index has? With all projected it is. */
static bool sums_matter(const struct model_index *index, const struct node *at)
{
	for (size_t i = 0; i < index->key.n_hash + index->key.n_range; i++)
		if (key_part(&index->key, i) && sum_may_name(at, key_part(&index->key, i)->name))
			return true;
	for (size_t i = 0; index->projection == MODEL_PROJECT_INCLUDE && i < index->n_included; i++)
		if (sum_may_name(at, index->included[i]))
			return true;
	return index->projection == MODEL_PROJECT_ALL;
}

static bool touches(const struct model_handler *h, const struct model_index *index, struct cost_change change,
		    struct cost_index_write *w)
{
	if (str_eq(h->kind, STR("counter"))) {
		if (!may_hold(index, h->at))
			return false;
		change.known = change.known || !sums_matter(index, h->at);
	}
	w->assumed = !change.known;
	return cost_index_touched(index, &change, &w->key_changes);
}

static bool fill_target(struct cost_filling *f, struct cost_handler *out, const struct model_handler *h)
{
	const struct model_table *t = model_table(f->m, setting(h->at, "table"));
	struct cost_change change;

	if (!t) {
		finding_add(f->findings, FINDING_WARNING, "cost-target", cost_at(h->at, STR("table")),
			    "Add the table to `tables`, and its size to `sizing`.",
			    "the table that handler \"%.*s\" writes is not in the model: its rows count as 1 KB, "
			    "its indexes not at all", STR_ARG(h->name));
		return true;
	}
	out->target = cost_filled_table(f, t);
	out->row_bytes = cost_first((double)t->size.item_bytes, COST_WRITE_UNIT_BYTES);
	out->writes = arena_array(f->arena, out->target->n_indexes + 1, sizeof(*out->writes));
	if (!out->writes)
		return cost_no_memory(f->arena, f->err);
	if (!change_of(f, h, &change))
		return false;
	for (size_t i = 0; i < out->target->n_indexes; i++) {
		struct cost_index_write w = { .table = out->target, .index = &out->target->indexes[i], .items = 1 };

		if (touches(h, &t->indexes[i], change, &w))
			out->writes[out->n_writes++] = w;
	}
	return true;
}

/* --- audiences --------------------------------------------------------------------- */

/* An entry of `audience`: how many partitions, of which table or index. The first one stands for all. */
static void fill_audience(struct cost_filling *f, struct cost_handler *out, const struct node *entry)
{
	struct str table = setting(entry, "table"), name = table.len ? table : setting(entry, "scan");
	const struct model_table *t = model_table(f->m, name);
	const struct cost_index *index;
	double bytes;

	if (!name.len)
		return;   /* members of the record itself: nothing is read */
	out->partitions += setting_number(entry, "shards", 1);
	out->consistent = out->consistent || flag(entry, "consistent");
	if (!t)
		return;
	index = cost_index_of(cost_filled_table(f, t), setting(entry, "index"));
	bytes = index ? index->item_bytes : (double)t->size.item_bytes;
	out->member_bytes = bytes > out->member_bytes ? bytes : out->member_bytes;
	if (!out->audience) {
		out->audience = cost_filled_table(f, t);
		out->audience_index = index;
	}
}

static void check_audience(struct cost_filling *f, struct cost_handler *out, const struct node *at)
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

static bool inbox_sink(const struct cost_filling *f, struct str name)
{
	for (const struct node *n = f->m->sinks ? f->m->sinks->first : NULL; n; n = n->next)
		if (str_eq(setting(n, "name"), name))
			return str_eq(setting(n, "kind"), STR("dynamodb"));
	return false;
}

/* --- by kind ------------------------------------------------------------------------ */

static bool fill_copy(struct cost_filling *f, struct cost_handler *out, const struct model_handler *h)
{
	out->effect = COST_EFFECT_COPY;
	out->partitions = 1;
	if (!fill_target(f, out, h))
		return false;
	out->audience = out->target;
	out->audience_index = cost_index_of(out->target, setting(h->at, "index"));
	out->member_bytes = out->audience_index ? out->audience_index->item_bytes : out->row_bytes;
	check_audience(f, out, h->at);
	return true;
}

static bool fill_fanout(struct cost_filling *f, struct cost_handler *out, const struct model_handler *h)
{
	const struct node *audience = node_get(h->at, STR("audience"));

	out->effect = COST_EFFECT_FANOUT;
	for (const struct node *n = audience ? audience->first : NULL; n; n = n->next)
		fill_audience(f, out, n);
	check_audience(f, out, h->at);
	if (inbox_sink(f, setting(h->at, "sink")))
		return fill_target(f, out, h);
	out->row_bytes = 0;
	return true;
}

static bool fill_row(struct cost_filling *f, struct cost_handler *out, const struct model_handler *h)
{
	out->effect = COST_EFFECT_ROW;
	out->transacts = flag(h->at, "atomic");
	if (setting(h->at, "explode").len)
		finding_add(f->findings, FINDING_HINT, "cost-explode", h->at,
			    "Declare events_per_s as rows written a second.",
			    "how many rows an item of handler \"%.*s\" has is not known: one is counted", STR_ARG(h->name));
	return fill_target(f, out, h);
}

/* Events that a filter leaves out cost nothing but their reading. */
static void check_events(struct cost_filling *f, const struct model_handler *h)
{
	if (h->events_per_s > 0 || !(node_get(h->at, STR("filter")) || node_get(h->at, STR("where")) ||
				     node_get(h->at, STR("changed"))))
		return;
	finding_add(f->findings, FINDING_HINT, "cost-events", h->at, "Declare events_per_s, what passes its filter.",
		    "every write to its source counts as an event of handler \"%.*s\"", STR_ARG(h->name));
}

bool cost_fill_handler(struct cost_filling *f, struct cost_handler *out, const struct model_handler *h)
{
	*out = (struct cost_handler){ .kind = h->kind, .name = h->name, .source = cost_filled_table(f, h->table),
				      .events_per_s = h->events_per_s, .audience_size = h->audience_size,
				      .row_bytes = COST_WRITE_UNIT_BYTES, .at = h->at };
	if (!out->source)
		out->not_counted = STR("unknown source table");
	check_events(f, h);
	if (str_eq(h->kind, STR("counter")) || str_eq(h->kind, STR("view")))
		return fill_row(f, out, h);
	if (str_eq(h->kind, STR("copy")))
		return fill_copy(f, out, h);
	return !str_eq(h->kind, STR("fanout")) || fill_fanout(f, out, h);
}
