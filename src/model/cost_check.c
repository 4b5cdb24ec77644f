#include "cost_parts.h"

#include "sluice/core/mem.h"
#include "sluice/core/node.h"

#include <stdlib.h>

struct named {
	struct str name;
	const struct node *at;
};

static uint32_t place(const struct named *n)
{
	return n->at ? n->at->index : 0;
}

/* Equal ones as they stand, so that the later one is found. */
static int by_name(const void *one, const void *other)
{
	const struct named *a = one, *b = other;
	int order = str_cmp(a->name, b->name);

	return order ? order : (place(a) > place(b)) - (place(a) < place(b));
}

/* Sorts them; each name that stands twice is one finding. */
static void check_unique(struct named *names, size_t n, const char *what, struct findings_list *findings)
{
	if (n > 1)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 1; i < n; i++)
		if (str_eq(names[i - 1].name, names[i].name) && (i < 2 || !str_eq(names[i - 2].name, names[i].name)))
			finding_add(findings, FINDING_ERROR, "cost-duplicate", names[i].at, "Give each its own name.",
				    "the %s \"%.*s\" stands twice", what, STR_ARG(str_sub(names[i].name, 0, 80)));
}

/* Written so that NaN fails. */
static bool within(double value, double min, double max)
{
	return value >= min && value <= max;
}

static bool check_size(double bytes, const struct node *at, struct findings_list *findings)
{
	if (within(bytes, 1, COST_ITEM_MAX_BYTES))
		return true;
	if (bytes == 0)
		finding_add(findings, FINDING_ERROR, "cost-item-size", cost_at(at, STR("item_size_bytes")),
			    "Give the average size of an item in bytes, names of attributes included.",
			    "item_size_bytes is 0 or not given: expected 1 to 409,600");
	else
		finding_add(findings, FINDING_ERROR, "cost-item-size", cost_at(at, STR("item_size_bytes")),
			    "Give the average size of an item in bytes, names of attributes included.",
			    "an item of %.15g bytes cannot be: expected 1 to 409,600", bytes);
	return false;
}

static bool check_items(double items, const struct node *at, struct findings_list *findings)
{
	if (within(items, 0, COST_ITEMS_MAX))
		return true;
	finding_add(findings, FINDING_ERROR, "cost-items", cost_at(at, STR("item_count")),
		    "Give the number of items that are stored.", "%.15g items cannot be: expected 0 to %.0g", items,
		    COST_ITEMS_MAX);
	return false;
}

/* Nobody need say how large stored items are. */
static bool check_stored(double bytes, const struct node *at, struct findings_list *findings)
{
	return bytes == 0 || check_size(bytes, at, findings);
}

static void check_index(struct cost_index *x, const struct cost_table *t, struct findings_list *findings)
{
	if (!check_items(x->items, x->at, findings))
		x->items = 0;
	if (!check_stored(x->item_bytes, x->at, findings)) {
		x->item_bytes = 0;
	} else if (t->item_bytes > 0 && x->item_bytes > t->item_bytes) {
		finding_add(findings, FINDING_ERROR, "cost-index-larger", cost_at(x->at, STR("item_size_bytes")),
			    "Give at most the table's item size: an index holds a part of its items.",
			    "an item of index \"%.*s\" (%.15g bytes) is larger than its table's (%.15g bytes)",
			    STR_ARG(x->name), x->item_bytes, t->item_bytes);
		x->item_bytes = t->item_bytes;
	}
}

static void check_table(struct cost_table *t, struct findings_list *findings)
{
	struct named *names = mem_array(t->n_indexes + 1, sizeof(*names));

	for (size_t i = 0; i < t->n_indexes; i++)
		names[i] = (struct named){ t->indexes[i].name, t->indexes[i].at };
	check_unique(names, t->n_indexes, "index", findings);
	mem_free(names);
	if (!check_stored(t->item_bytes, t->at, findings))
		t->item_bytes = 0;
	if (!check_items(t->items, t->at, findings))
		t->items = 0;
	for (size_t i = 0; i < t->n_indexes; i++)
		check_index(&t->indexes[i], t, findings);
}

static const struct count_limit {
	enum cost_operation op;
	double max;
} count_limits[] = {
	{ COST_BATCH_GET, 100 }, { COST_BATCH_WRITE, 25 }, { COST_TRANSACT_GET, 100 }, { COST_TRANSACT_WRITE, 100 },
};

static bool check_count(const struct cost_pattern *p, struct findings_list *findings)
{
	double max = COST_ITEMS_MAX;

	if (!cost_operation_needs_count(p->operation))
		return true;
	for (size_t i = 0; i < sizeof(count_limits) / sizeof(*count_limits); i++)
		if (count_limits[i].op == p->operation)
			max = count_limits[i].max;
	if (within(p->item_count, 1e-9, max))
		return true;
	if (p->item_count == 0)
		finding_add(findings, FINDING_ERROR, "cost-item-count", cost_at(p->at, STR("item_count")),
			    "Give the items that one request reads (before its filter) or writes.",
			    "item_count is 0 or not given, which %s needs", cost_operation_name(p->operation));
	else
		finding_add(findings, FINDING_ERROR, "cost-item-count", cost_at(p->at, STR("item_count")),
			    "Give the items that one request reads (before its filter) or writes.",
			    "%s cannot have %.15g items: expected 1 to %.3g", cost_operation_name(p->operation),
			    p->item_count, max);
	return false;
}

static bool check_rate(const struct cost_pattern *p, struct findings_list *findings)
{
	const char *fix = "Give the average rate, requests a second; below one is fine (0.01).";
	const struct node *at = cost_at(p->at, STR("rps"));

	if (!within(p->rps, COST_RPS_MIN, COST_RPS_MAX)) {
		if (p->rps == 0)
			finding_add(findings, FINDING_ERROR, "cost-rps", at, fix, "rps is 0 or not given: expected a rate over 0");
		else
			finding_add(findings, FINDING_ERROR, "cost-rps", at, fix,
				    "a rate of %.3g a second cannot be: expected over 0 and up to %.3g", p->rps,
				    COST_RPS_MAX);
		return false;
	}
	if (within(p->peak_rps, 0, COST_RPS_MAX) && (p->peak_rps == 0 || p->peak_rps >= p->rps))
		return true;
	finding_add(findings, FINDING_ERROR, "cost-peak", at, "Give the highest rate that is expected.",
		    "a peak of %.3g a second cannot be: expected the average (%.3g) or more, up to %.3g", p->peak_rps,
		    p->rps, COST_RPS_MAX);
	return false;
}

static bool check_index_use(const struct cost_pattern *p, struct findings_list *findings)
{
	const struct node *at = p->at;

	if (!p->index)
		return true;
	if (p->operation != COST_QUERY && p->operation != COST_SCAN) {
		finding_add(findings, FINDING_ERROR, "cost-index-operation", at, "Query or Scan the index.",
			    "%s does not work on an index", cost_operation_name(p->operation));
		return false;
	}
	if (p->strong && !p->index->local) {
		finding_add(findings, FINDING_ERROR, "cost-strong-gsi", cost_at(at, STR("strongly_consistent")),
			    "Read the table, or read the index eventually consistent.",
			    "a global index (\"%.*s\") cannot be read strongly consistent", STR_ARG(p->index->name));
		return false;
	}
	return true;
}

bool cost_check_figures(const struct cost_pattern *p, struct findings_list *findings)
{
	bool ok = check_rate(p, findings);

	return check_size(p->item_bytes, p->at, findings) && ok;
}

/* Every check is made, whatever the others say. */
static void check_pattern(struct cost_pattern *p, struct findings_list *findings)
{
	bool ok;

	if (p->not_counted.len)
		return;
	ok = cost_check_figures(p, findings);
	ok = check_count(p, findings) && ok;
	ok = check_index_use(p, findings) && ok;
	if (!ok)
		p->not_counted = STR("its figures are incomplete or wrong");
}

static void check_handler(struct cost_handler *h, struct findings_list *findings)
{
	if (h->not_counted.len)
		return;
	if (within(h->events_per_s, 0, COST_RPS_MAX) && within(h->audience_size, 0, COST_AUDIENCE_MAX) &&
	    within(h->partitions, 0, 1e6) && within(h->row_bytes, 0, COST_ITEM_MAX_BYTES) &&
	    within(h->member_bytes, 0, COST_ITEM_MAX_BYTES))
		return;
	finding_add(findings, FINDING_ERROR, "cost-handler", h->at, "Give events_per_s and audience_size as averages.",
		    "handler \"%.*s\" with %.3g events a second and an audience of %.3g cannot be: expected up to %.3g "
		    "and %.3g", STR_ARG(h->name), h->events_per_s, h->audience_size, COST_RPS_MAX, COST_AUDIENCE_MAX);
	h->not_counted = STR("its figures are wrong");
}

bool cost_check(struct cost_input *in, struct findings_list *findings)
{
	size_t before = findings->errors, n = in->n_tables > in->n_patterns ? in->n_tables : in->n_patterns;
	struct named *names = mem_array(n + 1, sizeof(*names));

	for (size_t i = 0; i < in->n_tables; i++)
		names[i] = (struct named){ in->tables[i].name, in->tables[i].at };
	check_unique(names, in->n_tables, "table", findings);
	for (size_t i = 0; i < in->n_patterns; i++)
		names[i] = (struct named){ in->patterns[i].id, in->patterns[i].at };
	check_unique(names, in->n_patterns, "pattern", findings);
	mem_free(names);
	for (size_t i = 0; i < in->n_tables; i++)
		check_table(&in->tables[i], findings);
	for (size_t i = 0; i < in->n_patterns; i++)
		check_pattern(&in->patterns[i], findings);
	for (size_t i = 0; i < in->n_handlers; i++)
		check_handler(&in->handlers[i], findings);
	return findings->errors == before;
}
