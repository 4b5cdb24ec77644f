/* The reference tool's lists. Its names stay as they are; what is in them is judged here alone, so that
 * everything wrong is said in one answer. */
#include "cost_parts.h"

#include "sluice/core/node.h"

struct lists {
	struct cost_input *in;
	struct arena *arena;
	struct findings_list *findings;
	struct err *err;
};

/* --- members --------------------------------------------------------------- */

/* A misspelt name would be passed over, and the cost be too low. */
static void check_names(struct lists *l, const struct node *object, const char *const *known)
{
	for (const struct node *n = object->first; n; n = n->next) {
		size_t i = 0;

		while (known[i] && !str_eq(n->name, str_c(known[i])))
			i++;
		if (!known[i])
			finding_add(l->findings, FINDING_WARNING, "cost-unknown-member", n, "Leave it out, or mend its name.",
				    "is not known here and was passed over");
	}
}

static const struct node *member(struct lists *l, const struct node *object, const char *name, bool needed)
{
	const struct node *n = node_get(object, str_c(name));

	if (n && n->kind == NODE_NULL)
		n = NULL;
	if (!n && needed)
		finding_add(l->findings, FINDING_ERROR, "cost-missing", object, "Add it.", "%s is missing", name);
	return n;
}

/* In JSON's words. */
static void wrong_kind(struct lists *l, const struct node *n, const char *expected)
{
	finding_add(l->findings, FINDING_ERROR, "cost-type", n, "Give a value of that kind.", "expected %s, found %s", expected,
		    n->kind == NODE_OBJECT ? "an object" : node_kind_name(n->kind));
}

/* A name: not empty; a pattern's may be a number. Empty when it is none. */
static struct str read_name(struct lists *l, const struct node *object, const char *name, bool number)
{
	const struct node *n = member(l, object, name, true);

	if (!n)
		return STR("");
	if (n->kind != NODE_STRING && !(number && n->kind == NODE_INT))
		wrong_kind(l, n, "a string");
	else if (n->text.len == 0)
		finding_add(l->findings, FINDING_ERROR, "cost-name", n, "Give it a name.", "is empty");
	else
		return n->text;
	return STR("");
}

/* *ok becomes false where there is none: then the pattern's own check would only say it again. */
static double read_number(struct lists *l, const struct node *object, const char *name, bool needed, bool *ok)
{
	const struct node *n = member(l, object, name, needed);

	if (!n) {
		*ok = *ok && !needed;
		return 0;
	}
	if (n->kind == NODE_INT || n->kind == NODE_REAL)
		return n->d;
	wrong_kind(l, n, "a number");
	*ok = false;
	return 0;
}

static bool read_bool(struct lists *l, const struct node *object, const char *name, bool *ok)
{
	const struct node *n = member(l, object, name, false);

	if (n && n->kind != NODE_BOOL) {
		wrong_kind(l, n, "true or false");
		*ok = false;
	}
	return n && n->kind == NODE_BOOL && n->b;
}

/* Its list, at most `max` long; NULL where there is none. */
static const struct node *read_list(struct lists *l, const struct node *object, const char *name, size_t max, bool *ok)
{
	const struct node *n = member(l, object, name, false);

	if (!n)
		return NULL;
	if (n->kind != NODE_ARRAY)
		wrong_kind(l, n, "a list");
	else if (n->count > max)
		finding_add(l->findings, FINDING_ERROR, "cost-too-many", n, "Give fewer.", "%zu are too many: expected %zu at most",
			    n->count, max);
	else
		return n;
	*ok = false;
	return NULL;
}

static bool is_object(struct lists *l, const struct node *n)
{
	if (n->kind != NODE_OBJECT)
		wrong_kind(l, n, "an object");
	return n->kind == NODE_OBJECT;
}

/* --- tables ---------------------------------------------------------------- */

/* Of a size that is 0 cost_check() would take that it is not known. */
static void read_sizes(struct lists *l, const struct node *n, double *bytes, double *items)
{
	bool ok = true;

	*bytes = read_number(l, n, "item_size_bytes", true, &ok);
	*items = read_number(l, n, "item_count", true, &ok);
	if (ok && *bytes == 0)
		finding_add(l->findings, FINDING_ERROR, "cost-item-size", cost_at(n, STR("item_size_bytes")),
			    "Give the average size of an item in bytes, names of attributes included.",
			    "an item of 0 bytes cannot be: expected 1 to 409,600");
}

static bool read_indexes(struct lists *l, struct cost_table *t, const struct node *n)
{
	static const char *const known[] = { "name", "item_size_bytes", "item_count", NULL };
	bool ok = true;
	const struct node *list = read_list(l, n, "gsi_list", COST_INDEXES_MAX, &ok);

	t->indexes = arena_array(l->arena, (list ? list->count : 0) + 1, sizeof(*t->indexes));
	if (!t->indexes)
		return cost_no_memory(l->arena, l->err);
	for (const struct node *i = list ? list->first : NULL; i; i = i->next) {
		struct cost_index *x = &t->indexes[t->n_indexes];

		if (!is_object(l, i))
			continue;
		check_names(l, i, known);
		*x = (struct cost_index){ .name = read_name(l, i, "name", false), .at = i };
		read_sizes(l, i, &x->item_bytes, &x->items);
		t->n_indexes += x->name.len > 0;
	}
	return true;
}

static bool read_table(struct lists *l, const struct node *n)
{
	static const char *const known[] = { "name", "item_size_bytes", "item_count", "gsi_list", NULL };
	struct cost_table *t = &l->in->tables[l->in->n_tables];

	if (!is_object(l, n))
		return true;
	check_names(l, n, known);
	*t = (struct cost_table){ .name = read_name(l, n, "name", false), .on_demand = true, .at = n };
	read_sizes(l, n, &t->item_bytes, &t->items);
	l->in->n_tables += t->name.len > 0;
	return read_indexes(l, t, n);
}

/* --- patterns -------------------------------------------------------------- */

static bool read_operation(struct lists *l, const struct node *n, struct cost_pattern *p)
{
	struct str name = read_name(l, n, "operation", false);

	p->operation = cost_operation_of(name);
	if (name.len && p->operation == COST_OPERATIONS)
		finding_add(l->findings, FINDING_ERROR, "cost-operation", cost_at(n, STR("operation")),
			    "Name one of GetItem, Query, Scan, BatchGetItem, TransactGetItems, PutItem, UpdateItem, "
			    "DeleteItem, BatchWriteItem, TransactWriteItems.",
			    "no cost is known of the operation \"%.*s\"", STR_ARG(str_sub(name, 0, 60)));
	return p->operation != COST_OPERATIONS;
}

/* The table and, of a Query or Scan, the index. */
static bool read_places(struct lists *l, const struct node *n, struct cost_pattern *p)
{
	struct str table = read_name(l, n, "table", false);
	const struct node *gsi = member(l, n, "gsi", false);

	p->table = table.len ? cost_table_of(l->in, table) : NULL;
	if (table.len && !p->table)
		finding_add(l->findings, FINDING_ERROR, "cost-table-unknown", cost_at(n, STR("table")),
			    "Name a table of table_list.", "table_list has no table \"%.*s\"",
			    STR_ARG(str_sub(table, 0, 80)));
	if (!p->table || !gsi)
		return p->table != NULL;
	if (gsi->kind != NODE_STRING) {
		wrong_kind(l, gsi, "a string");
		return false;
	}
	p->index = cost_index_of(p->table, gsi->text);
	if (!p->index)
		finding_add(l->findings, FINDING_ERROR, "cost-index-unknown", gsi, "Name an index of the table's gsi_list.",
			    "table \"%.*s\" has no index \"%.*s\"", STR_ARG(p->table->name),
			    STR_ARG(str_sub(gsi->text, 0, 80)));
	return p->index != NULL;
}

static bool read_figures(struct lists *l, const struct node *n, struct cost_pattern *p)
{
	bool ok = true, counts = cost_operation_needs_count(p->operation);

	p->rps = read_number(l, n, "rps", true, &ok);
	p->item_bytes = read_number(l, n, "item_size_bytes", true, &ok);
	p->item_count = read_number(l, n, "item_count", counts, &ok);
	p->strong = read_bool(l, n, "strongly_consistent", &ok);
	if (!counts)
		p->item_count = 0;
	return ok;
}

static bool read_writes(struct lists *l, const struct node *n, struct cost_pattern *p, bool *ok)
{
	const struct node *list = read_list(l, n, "gsi_list", COST_INDEXES_MAX, ok);
	bool key_changes = read_bool(l, n, "gsi_key_changes", ok), writes = cost_operation_writes(p->operation);

	p->parts = arena_array(l->arena, 1, sizeof(*p->parts));
	p->writes = arena_array(l->arena, p->table->n_indexes + 1, sizeof(*p->writes));
	if (!p->parts || !p->writes)
		return cost_no_memory(l->arena, l->err);
	p->parts[p->n_parts++] = (struct cost_part){ p->table, cost_items_of(p), writes ? cost_items_of(p) : 0 };
	if (list && writes)
		cost_read_index_list(p, list, key_changes, l->findings);
	else if (list && list->count)
		finding_add(l->findings, FINDING_WARNING, "cost-gsi-list", list, "Name the index that is read in gsi.",
			    "%s changes no index", cost_operation_name(p->operation));
	return true;
}

static bool read_pattern(struct lists *l, const struct node *n)
{
	static const char *const known[] = { "operation", "pattern", "description", "table", "rps", "item_size_bytes",
					     "item_count", "strongly_consistent", "gsi", "gsi_list", "gsi_key_changes", NULL };
	struct cost_pattern *p = &l->in->patterns[l->in->n_patterns];
	const struct node *description = node_get(n, STR("description"));
	bool ok, figures;

	if (!is_object(l, n))
		return true;
	check_names(l, n, known);
	*p = (struct cost_pattern){ .id = read_name(l, n, "pattern", true), .at = n };
	if (description && description->kind == NODE_STRING)
		p->description = description->text;
	l->in->n_patterns += p->id.len > 0;
	ok = read_operation(l, n, p);
	ok = read_places(l, n, p) && ok;
	figures = read_figures(l, n, p);
	if (!ok && figures)
		cost_check_figures(p, l->findings);
	ok = ok && figures;
	if (ok && !read_writes(l, n, p, &ok))
		return false;
	if (!ok)
		p->not_counted = STR("it is incomplete or wrong");
	return true;
}

/* --- all -------------------------------------------------------------------- */

static size_t count_of(struct lists *l, const struct node *list, const char *name)
{
	if (!list)
		finding_add(l->findings, FINDING_ERROR, "cost-missing", NULL, "Give a list of objects, which may be empty.",
			    "%s is missing", name);
	else if (list->kind != NODE_ARRAY)
		wrong_kind(l, list, "a list of objects");
	else if (list->count > COST_LIST_MAX)
		finding_add(l->findings, FINDING_ERROR, "cost-too-many", list, "Give fewer.",
			    "%zu are too many: expected %d at most", list->count, COST_LIST_MAX);
	else
		return list->count;
	return 0;
}

bool cost_from_lists(struct cost_input *in, const struct cost_lists *lists, struct arena *a,
		     struct findings_list *findings, struct err *err)
{
	struct lists l = { .in = in, .arena = a, .findings = findings, .err = err };
	size_t n_tables = count_of(&l, lists->tables, "table_list");
	size_t n_patterns = count_of(&l, lists->patterns, "access_pattern_list");

	*in = (struct cost_input){ 0 };
	in->tables = arena_array(a, n_tables + 1, sizeof(*in->tables));
	in->patterns = arena_array(a, n_patterns + 1, sizeof(*in->patterns));
	in->handlers = arena_array(a, 1, sizeof(*in->handlers));
	if (!in->tables || !in->patterns || !in->handlers)
		return cost_no_memory(a, err);
	for (const struct node *n = n_tables ? lists->tables->first : NULL; n; n = n->next)
		if (!read_table(&l, n))
			return false;
	for (const struct node *n = n_patterns ? lists->patterns->first : NULL; n; n = n->next)
		if (!read_pattern(&l, n))
			return false;
	return true;
}
