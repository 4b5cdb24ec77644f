/* What works, and will be regretted. */
#include "lint_facts.h"
#include "lint_load.h"

#include "sluice/core/buf.h"

/* Half of what a partition gives: what is hot at twice the load is worth a word before. */
#define WRITES_NEAR_HOT 500.0

static bool mentions(const struct expression *e, const struct expression_scope *scope, struct str name)
{
	for (const struct expression_node *n = e ? e->nodes : NULL; n; n = n->next)
		if (n->kind == EXPRESSION_PATH && str_eq(expression_scope_name(scope, n->steps), name))
			return true;
	return false;
}

static bool reads_many(const struct model_action *a)
{
	return a->table && (a->kind == ACTION_QUERY || a->kind == ACTION_SCAN);
}

static bool holds(const struct model_table *t, const struct model_index *index, struct str name)
{
	bool held = !index || index->projection == MODEL_PROJECT_ALL || lint_key_has(&t->key, name) ||
		    lint_key_has(&index->key, name);

	for (size_t i = 0; !held && i < index->n_included; i++)
		held = str_eq(index->included[i], name);
	return held;
}

/* --- time to live ------------------------------------------------------------ */

static void check_expired(struct lint *l, const struct model_action *a)
{
	struct str ttl = a->table->ttl_attribute;

	if (ttl.len == 0 || mentions(a->filter, &a->scope, ttl) || mentions(a->key_condition, &a->scope, ttl) ||
	    node_get(a->at, STR("QueryFilter")) || node_get(a->at, STR("ScanFilter")))
		return;
	if (holds(a->table, a->index, ttl))
		LINT_FOUND(l, a->call->at, "Filter: --filter-expression '#ttl > :now'.",
			   "expired items are deleted some days late; this reads them, too, without a filter on \"%.*s\"",
			   STR_ARG(str_sub(ttl, 0, 255)));
	else
		LINT_FOUND(l, a->call->at, "Project it, and filter: --filter-expression '#ttl > :now'.",
			   "expired items are deleted some days late; this reads them, too, and the index lacks \"%.*s\" to filter by",
			   STR_ARG(str_sub(ttl, 0, 255)));
}

static void ttl_unfiltered(struct lint *l)
{
	EACH_CALL(l, c)
		EACH_ACTION(c, a)
			if (c->pattern && reads_many(a) && lint_works(l, 1 + (a->index ? a->index->n_included / 4 : 0), c->at))
				check_expired(l, a);
}

/* --- collections that grow --------------------------------------------------- */

static bool is_bounded(const struct model_action *a, const struct model_key *key)
{
	const struct model_size *size = a->index ? &a->index->size : &a->table->size;
	const struct model_call *c = a->call;
	/* --page-size is a Limit, too, and bounds nothing. */
	bool bounded = c->command.max_items || !c->command.pages || c->pattern->item_count || size->items_per_key_max > 0 ||
		       a->table->size.items_per_key_max > 0 || a->table->ttl_attribute.len;

	for (size_t i = 0; !bounded && i < key->n_range; i++)
		bounded = mentions(a->key_condition, &a->scope, key->range[i]->name);
	return bounded;
}

/* A global index may be there to find one item: only its times show that it has a collection. */
static bool is_collection(const struct model_action *a, const struct model_key *key, const struct table_facts *of)
{
	return key->n_range > 0 && of->added_to && (!a->index || !a->index->global || facts_grow(of, a->table, key));
}

static void check_growth(struct lint *l, const struct model_action *a, const struct table_facts *of)
{
	const struct model_key *key = a->index ? &a->index->key : &a->table->key;

	if (a->kind == ACTION_QUERY && a->key_condition && is_collection(a, key, of) && !is_bounded(a, key))
		LINT_FOUND(l, a->call->at, "Say items_per_key.max in \"sizing\" if there is one; else read a page: --limit 50.",
			   "this reads all items of a key, page after page, and nothing says how many they can become");
}

static void unbounded_collection(struct lint *l)
{
	const struct table_facts *facts = facts_read(l);

	if (!facts)
		return;
	EACH_CALL(l, c)
		EACH_ACTION(c, a)
			if (c->pattern && reads_many(a) && lint_works(l, 1 + a->table->n_attributes / 4, c->at))
				check_growth(l, a, &facts[a->table - l->model->tables]);
}

/* --- keys that grow ---------------------------------------------------------- */

static void check_growing(struct lint *l, struct lint_load load, const struct model_size *size, const struct model_key *key)
{
	double writes = load.writes * lint_hottest_share(size);

	if (writes > WRITES_NEAR_HOT)
		LINT_FOUND(l, size->at, "Make a part of the time (a day), or a shard number, part of the partition key.",
			   "the hottest key takes %.0f write units a second at the peak, all at the end of its collection, as \"%.*s\" grows "
			   "with time: 1,000 is the most there, a partition is not split at its end",
			   writes, STR_ARG(str_sub(key->range[0]->name, 0, 255)));
}

static void monotonic_sort_key(struct lint *l)
{
	const struct table_facts *facts = facts_read(l);

	if (!facts)
		return;
	EACH_TABLE(l, t) {
		const struct table_facts *of = &facts[t - l->model->tables];

		if (facts_grow(of, t, &t->key))
			check_growing(l, lint_load_of(l, t, NULL), &t->size, &t->key);
		EACH_INDEX(t, i)
			if (i->global && lint_works(l, 1 + t->n_attributes / 4, i->at) && facts_grow(of, t, &i->key))
				check_growing(l, lint_load_of(l, t, i), &i->size, &i->key);
	}
}

/* --- what is read of indexes ------------------------------------------------- */

enum { FEW = 4 };

/* What the patterns read of an index: its keys, and these. */
struct index_reads {
	size_t reads, n;
	struct str names[FEW];
	bool all;                        /* more, or not known */
	double rate;                     /* so many reads a second on average */
};

static void read_paths(struct index_reads *r, const struct model_action *a, const struct expression *e)
{
	for (const struct expression_node *n = e ? e->nodes : NULL; n; n = n->next) {
		struct str name = n->kind == EXPRESSION_PATH ? expression_scope_name(&a->scope, n->steps) : STR("");
		bool known = name.len == 0 || lint_key_has(&a->table->key, name) || lint_key_has(&a->index->key, name);

		for (size_t i = 0; !known && i < r->n; i++)
			known = str_eq(r->names[i], name);
		if (!known && r->n < FEW)
			r->names[r->n++] = name;
		else if (!known)
			r->all = true;
	}
}

static void read_index(struct index_reads *r, const struct model_action *a)
{
	bool counts = str_eq(a->select, STR("COUNT"));

	r->reads++;
	r->rate += a->call->pattern->rate.average;
	r->all |= !counts && !a->projection;
	read_paths(r, a, a->projection);
	read_paths(r, a, a->filter);
}

static struct index_reads **reads_of(struct lint *l)
{
	struct index_reads **reads = lint_array(l, l->model->n_tables, sizeof(*reads));

	for (size_t i = 0; reads && i < l->model->n_tables; i++) {
		reads[i] = lint_array(l, l->model->tables[i].n_indexes, sizeof(**reads));
		if (!reads[i])
			return NULL;
	}
	EACH_CALL(l, c)
		EACH_ACTION(c, a)
			if (reads && c->pattern && a->table && a->index)
				read_index(&reads[a->table - l->model->tables][a->index - a->table->indexes], a);
	return reads;
}

/* True also where work does not suffice to tell. */
static bool stands_in(struct lint *l, const struct node *group, struct str name)
{
	for (const struct node *n = group->first; n; n = n->next)
		if (!lint_works(l, 1, n) || (n->kind == NODE_STRING ? str_eq(n->text, name) : stands_in(l, n, name)))
			return true;
	return false;
}

static bool handler_reads(struct lint *l, const struct model_index *index)
{
	EACH_HANDLER(l, h)
		if (stands_in(l, h->at, index->name))
			return true;
	return false;
}

/* --- keys that change -------------------------------------------------------- */

static void tell_mutable(struct lint *l, const struct model_index *index, struct str name,
			 const struct attribute_facts *facts, double reads)
{
	struct str id = str_sub(facts->updated_by->pattern->id, 0, 60), shown = str_sub(name, 0, 255);
	static const char fix[] = "Keep the attribute out of the key, or drop the index and read the table.";

	if (facts->updates > 0)
		LINT_FOUND(l, index->at, fix,
			   "pattern %.*s changes \"%.*s\", a key of this index: two writes of the index each, %g changes a second, and "
			   "%g reads of the index", STR_ARG(id), STR_ARG(shown), facts->updates, reads);
	else
		LINT_FOUND(l, index->at, fix, "pattern %.*s changes \"%.*s\", a key of this index: two writes of the index each",
			   STR_ARG(id), STR_ARG(shown));
}

/* Each change takes one entry out and puts one in: worth it where the index is read more often. */
static void check_mutable(struct lint *l, const struct model_table *t, const struct model_index *index,
			  const struct table_facts *of, double reads)
{
	for (size_t i = 0; i < lint_key_count(&index->key); i++) {
		struct str name = lint_key_at(&index->key, i)->name;
		const struct attribute_facts *facts = facts_of(of, t, name);

		if (facts && facts->updated_by && !facts->removed && !facts->lacking && !lint_key_has(&t->key, name) &&
		    facts->updates >= reads && !handler_reads(l, index))
			tell_mutable(l, index, name, facts, reads);
	}
}

static void mutable_index_key(struct lint *l)
{
	const struct table_facts *facts = facts_read(l);
	struct index_reads **reads = facts ? reads_of(l) : NULL;

	if (!reads)
		return;
	EACH_TABLE(l, t)
		EACH_INDEX(t, i)
			if (i->global && lint_works(l, 1 + t->n_attributes / 4, i->at))
				check_mutable(l, t, i, &facts[t - l->model->tables], reads[t - l->model->tables][i - t->indexes].rate);
}

/* --- projections ------------------------------------------------------------- */

/* Half of what an item has beside keys, or less. */
static void check_projection(struct lint *l, const struct model_table *t, const struct model_index *index,
			     const struct index_reads *r, size_t members)
{
	enum { TEXT_BYTES = 400 };
	size_t keys = lint_key_count(&t->key) + lint_key_count(&index->key), others = members > keys ? members - keys : 0;
	struct buf names;

	if (!r->reads || r->all || others < 2 * (r->n + 1) || handler_reads(l, index))
		return;
	buf_init(&names, TEXT_BYTES);
	for (size_t i = 0; i < r->n; i++)
		buf_putf(&names, "%s%.*s", i ? ", " : "", STR_ARG(str_sub(r->names[i], 0, 80)));
	LINT_FOUND(l, index->at, "Project what is read (INCLUDE), or KEYS_ONLY: other changes do not write the index then.",
		   "the index holds all attributes, and its patterns read %s%s%.*s", r->n ? "few" : "none but keys", r->n ? ": " : "",
		   STR_ARG(buf_str(&names)));
	buf_release(&names);
}

static void wide_projection(struct lint *l)
{
	const struct table_facts *facts = facts_read(l);
	struct index_reads **reads = facts ? reads_of(l) : NULL;

	if (!reads)
		return;
	EACH_TABLE(l, t)
		EACH_INDEX(t, i)
			if (i->projection == MODEL_PROJECT_ALL)
				check_projection(l, t, i, &reads[t - l->model->tables][i - t->indexes], facts[t - l->model->tables].members);
}

const struct model_lint lint_design[] = {
	{ "ttl-unfiltered", FINDING_WARNING, "A read of a table with TTL that gets what has expired.", ttl_unfiltered },
	{ "unbounded-collection", FINDING_WARNING, "A read of all items of a key, without a bound.", unbounded_collection },
	{ "mutable-index-key", FINDING_WARNING, "A global index by an attribute that patterns change.", mutable_index_key },
	{ "monotonic-sort-key", FINDING_WARNING, "A busy key whose sort key grows with time.", monotonic_sort_key },
	{ "wide-projection", FINDING_WARNING, "An index of all attributes of which few are read.", wide_projection },
	{ 0 },
};
