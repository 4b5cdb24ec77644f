#include "lint_groups.h"

#include "sluice/core/mem.h"

#include <stdlib.h>

/* More Scans than these a second are no trickle. */
#define SCANS_PER_S 1.0

enum { STEP_BYTES = 32 };

#define EACH_PATTERN(l, p) \
	for (const struct model_pattern *p = (l)->model->patterns; p && p < (l)->model->patterns + (l)->model->n_patterns; p++)
#define EACH_TABLE(l, t) \
	for (const struct model_table *t = (l)->model->tables; t && t < (l)->model->tables + (l)->model->n_tables; t++)

static void pattern_table(struct lint *l)
{
	EACH_PATTERN(l, p)
		if (p->table_name.len && !p->table)
			LINT_FOUND(l, node_get(p->at, STR("table")), NULL, "there is no table \"%.*s\"",
				   STR_ARG(str_sub(p->table_name, 0, 255)));
}

static void pattern_index(struct lint *l)
{
	EACH_PATTERN(l, p) {
		if (p->index_name.len && p->table && !p->index)
			LINT_FOUND(l, node_get(p->at, STR("index")), NULL, "the table %.*s has no index \"%.*s\"",
				   STR_ARG(str_sub(p->table->name, 0, 255)), STR_ARG(str_sub(p->index_name, 0, 255)));
		else if (p->index_name.len && !p->table_name.len)
			LINT_FOUND(l, node_get(p->at, STR("index")), "Name the index's table in \"table\".",
				   "an index without a table");
	}
}

static void pattern_unserved(struct lint *l)
{
	EACH_PATTERN(l, p)
		if (p->n_commands == 0 && str_trim(p->reason).len == 0)
			LINT_FOUND(l, p->at, "Give the command in \"implementation\", or say in \"reason\" which system serves it.",
				   "the pattern has neither an implementation nor a reason");
}

static int by_id(const void *one, const void *other)
{
	const struct model_pattern *a = *(const struct model_pattern *const *)one;
	const struct model_pattern *b = *(const struct model_pattern *const *)other;
	int order = str_cmp(a->id, b->id);

	return order ? order : (a > b) - (a < b);
}

static void pattern_twice(struct lint *l)
{
	const struct model_pattern **sorted = mem_array(l->model->n_patterns + 1, sizeof(*sorted));
	size_t n = 0;

	EACH_PATTERN(l, p)
		sorted[n++] = p;
	qsort(sorted, n, sizeof(*sorted), by_id);
	for (size_t i = 1; i < n; i++)
		if (sorted[i]->id.len && str_eq(sorted[i]->id, sorted[i - 1]->id))
			LINT_FOUND(l, sorted[i]->at, "Results are reported by it; number them anew.",
				   "another pattern is called \"%.*s\" already", STR_ARG(str_sub(sorted[i]->id, 0, 60)));
	mem_free(sorted);
}

static void index_operation(struct lint *l)
{
	EACH_PATTERN(l, p)
		if (p->index && p->operation.len && !str_eq(p->operation, STR("Query")) && !str_eq(p->operation, STR("Scan")))
			LINT_FOUND(l, p->at, "Write to the table and read single items from it; the index follows by itself.",
				   "%.*s does not work on an index, only Query and Scan do", STR_ARG(str_sub(p->operation, 0, 60)));
}

static void index_strong_read(struct lint *l)
{
	EACH_PATTERN(l, p)
		if (p->index && p->index->global && p->strongly_consistent)
			LINT_FOUND(l, p->at, "Read the table itself, or accept what a global index gives: some 100 ms behind.",
				   "a global index gives no strongly consistent reads");
}

static void served_by(struct lint *l)
{
	EACH_PATTERN(l, p) {
		bool there = p->served_by.len == 0;

		if (!there && !lint_works(l, l->model->n_handlers, p->at))
			return;
		for (size_t i = 0; i < l->model->n_handlers; i++)
			there |= str_eq(l->model->handlers[i].name, p->served_by);
		if (!there)
			LINT_FOUND(l, node_get(p->at, STR("served_by")), NULL, "there is no handler \"%.*s\"",
				   STR_ARG(str_sub(p->served_by, 0, 60)));
	}
}

static void peak_below_average(struct lint *l)
{
	EACH_PATTERN(l, p)
		if (p->rate.peak > 0 && p->rate.peak < p->rate.average)
			LINT_FOUND(l, node_get(p->at, STR("rps")), NULL, "the peak is below the average");
}

static void scan_rate(struct lint *l)
{
	EACH_PATTERN(l, p)
		if (str_eq(p->operation, STR("Scan")) && p->rate.average > SCANS_PER_S)
			LINT_FOUND(l, p->at, "Find a key or a sparse index that answers it with a Query.",
				   "%g Scans a second, and each is paid for all that it passes over", p->rate.average);
}

/* --- what nobody uses ------------------------------------------------------ */

/* Stands the name anywhere in the handler's settings? Audiences, targets. */
static bool mentions(struct lint *l, const struct node *n, struct str name)
{
	for (const struct node *it = n->first; it; it = it->next)
		if (!lint_works(l, 1 + it->text.len / STEP_BYTES, it) ||
		    (it->kind == NODE_STRING && str_find(it->text, name) != SIZE_MAX) || mentions(l, it, name))
			return true;
	return false;
}

static bool command_mentions(struct lint *l, const struct model_command *c, struct str name)
{
	return !lint_works(l, 1 + c->text.len / STEP_BYTES, c->at) || str_find(c->text, name) != SIZE_MAX;
}

/* Also when the work is used up: then nobody knows. */
static bool is_mentioned(struct lint *l, struct str name)
{
	const struct model *m = l->model;

	for (size_t i = 0; i < m->n_patterns; i++)
		for (size_t k = 0; k < m->patterns[i].n_commands; k++)
			if (command_mentions(l, &m->patterns[i].commands[k], name))
				return true;
	for (size_t i = 0; i < m->n_handlers; i++)
		if (mentions(l, m->handlers[i].at, name))
			return true;
	return false;
}

static bool index_is_used(struct lint *l, const struct model_index *index)
{
	for (size_t i = 0; i < l->model->n_patterns; i++)
		if (l->model->patterns[i].index == index)
			return true;
	return is_mentioned(l, index->name);
}

static bool table_is_used(struct lint *l, const struct model_table *t)
{
	for (size_t i = 0; i < l->model->n_patterns; i++)
		if (l->model->patterns[i].table == t)
			return true;
	return is_mentioned(l, t->name);
}

static void gsi_unused(struct lint *l)
{
	if (l->model->n_patterns == 0)
		return;
	EACH_TABLE(l, t)
		for (size_t i = 0; i < t->n_indexes; i++)
			if (t->indexes[i].name.len && lint_works(l, l->model->n_patterns, t->indexes[i].at) &&
			    !index_is_used(l, &t->indexes[i]))
				LINT_FOUND(l, t->indexes[i].at, "Drop it, or write down the pattern that needs it.",
					   "no pattern reads this index; every write that touches it is paid");
}

static void table_unused(struct lint *l)
{
	if (l->model->n_patterns == 0)
		return;
	EACH_TABLE(l, t)
		if (t->name.len && lint_works(l, l->model->n_patterns, t->at) && !table_is_used(l, t))
			LINT_FOUND(l, t->at, "Drop it, or write down the patterns that need it.",
				   "no pattern and no handler reads or writes this table");
}

const struct model_lint lint_patterns[] = {
	{ "pattern-table", FINDING_ERROR, "A pattern names a table that is not there.", pattern_table },
	{ "pattern-index", FINDING_ERROR, "A pattern names an index that is not there.", pattern_index },
	{ "pattern-unserved", FINDING_ERROR, "A pattern without implementation and reason.", pattern_unserved },
	{ "pattern-twice", FINDING_WARNING, "Two patterns of one name.", pattern_twice },
	{ "index-operation", FINDING_ERROR, "An operation that indexes do not have.", index_operation },
	{ "index-strong-read", FINDING_ERROR, "A strongly consistent read of a global index.", index_strong_read },
	{ "served-by", FINDING_ERROR, "A pattern is served by a handler that is not there.", served_by },
	{ "peak-below-average", FINDING_WARNING, "A peak rate below the average.", peak_below_average },
	{ "scan-rate", FINDING_WARNING, "Scans at more than a trickle.", scan_rate },
	{ "gsi-unused", FINDING_WARNING, "An index that no pattern reads.", gsi_unused },
	{ "table-unused", FINDING_WARNING, "A table that nothing reads or writes.", table_unused },
	{ 0 },
};
