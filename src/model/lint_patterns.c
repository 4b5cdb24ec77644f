#include "lint_parts.h"

#include "sluice/core/mem.h"
#include "sluice/model/cost.h"

#include <stdlib.h>

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

/* A PartiQL statement, which is none of these, may be a SELECT. */
static bool may_read_indexes(struct str operation)
{
	enum cost_operation op = cost_operation_of(operation);

	return op == COST_QUERY || op == COST_SCAN || op == COST_OPERATIONS;
}

static void index_operation(struct lint *l)
{
	EACH_PATTERN(l, p)
		if (p->index && p->operation.len && !may_read_indexes(p->operation))
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

const struct model_lint lint_patterns[] = {
	{ "pattern-table", FINDING_ERROR, "A pattern names a table that is not there.", pattern_table },
	{ "pattern-index", FINDING_ERROR, "A pattern names an index that is not there.", pattern_index },
	{ "pattern-unserved", FINDING_ERROR, "A pattern without implementation and reason.", pattern_unserved },
	{ "pattern-twice", FINDING_WARNING, "Two patterns of one name.", pattern_twice },
	{ "index-operation", FINDING_ERROR, "An operation that indexes do not have.", index_operation },
	{ "index-strong-read", FINDING_ERROR, "A strongly consistent read of a global index.", index_strong_read },
	{ "served-by", FINDING_ERROR, "A pattern is served by a handler that is not there.", served_by },
	{ "peak-below-average", FINDING_WARNING, "A peak rate below the average.", peak_below_average },
	{ 0 },
};
