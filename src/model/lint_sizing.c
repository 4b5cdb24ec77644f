#include "lint_groups.h"

#include "sluice/core/buf.h"

#include <math.h>

/* Developer Guide: what one partition gives a second, what a new on-demand table takes. */
#define WRITES_OF_PARTITION 1000.0
#define READS_OF_PARTITION 3000.0
#define WRITES_ON_DEMAND 4000.0
#define READS_ON_DEMAND 12000.0
#define COLLECTION_BYTES (10.0 * 1024 * 1024 * 1024)

enum { READ_UNIT = 4096, WRITE_UNIT = 1024, ITEM_RISKY = 300 << 10, ITEM_MAX = 400 << 10 };

#define EACH_TABLE(l, t) \
	for (const struct model_table *t = (l)->model->tables; t && t < (l)->model->tables + (l)->model->n_tables; t++)

struct operation {
	const char *name;
	bool writes, many, sums;         /* many: of item_count items; sums: sizes before rounding */
	double factor;
};

static const struct operation operations[] = {
	{ "GetItem", false, false, false, 1 },        { "Query", false, true, true, 1 },
	{ "BatchGetItem", false, true, false, 1 },    { "TransactGetItems", false, true, false, 4 },
	{ "PutItem", true, false, false, 1 },         { "UpdateItem", true, false, false, 1 },
	{ "DeleteItem", true, false, false, 1 },      { "BatchWriteItem", true, true, false, 1 },
	{ "TransactWriteItems", true, true, false, 2 },
};

static const struct operation *operation_of(const struct model_pattern *p)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		if (str_eq(p->operation, str_c(operations[i].name)))
			return &operations[i];
	return NULL;
}

/* Units of one call; eventually consistent reads cost half. */
static double units(const struct model_pattern *p, const struct operation *o)
{
	double bytes = p->item_bytes ? (double)p->item_bytes : 1, items = o->many && p->item_count ? (double)p->item_count : 1;
	double unit = o->writes ? WRITE_UNIT : READ_UNIT, half = o->writes || p->strongly_consistent ? 1 : 0.5;

	return (o->sums ? ceil(bytes * items / unit) : ceil(bytes / unit) * items) * o->factor * half;
}

struct lint_load lint_load_of(const struct model *m, const struct model_table *t, const struct model_index *index)
{
	struct lint_load load = { 0 };

	for (size_t i = 0; i < m->n_patterns; i++) {
		const struct model_pattern *p = &m->patterns[i];
		const struct operation *o = operation_of(p);
		double rate = p->rate.peak > 0 ? p->rate.peak : p->rate.average;

		if (!o || p->table != t || p->index != index)
			continue;
		*(o->writes ? &load.writes : &load.reads) += rate * units(p, o);
	}
	return load;
}

double lint_hottest_share(const struct model_size *s)
{
	return s->hottest_key_share > 0 ? s->hottest_key_share : s->distinct_keys ? 1.0 / (double)s->distinct_keys : 0;
}

static void check_hot(struct lint *l, struct lint_load load, const struct model_size *size)
{
	double share = lint_hottest_share(size);

	if (load.writes * share > WRITES_OF_PARTITION)
		LINT_FOUND(l, size->at, "Spread the key (a shard number behind it), or gather writes.",
			   "the hottest key takes %.0f write units a second at the peak; a partition gives 1,000",
			   load.writes * share);
	if (load.reads * share > READS_OF_PARTITION)
		LINT_FOUND(l, size->at, "Spread or cache the reads of the hottest key.",
			   "the hottest key takes %.0f read units a second at the peak; a partition gives 3,000",
			   load.reads * share);
}

static void hot_key(struct lint *l)
{
	EACH_TABLE(l, t) {
		if (!lint_works(l, (t->n_indexes + 1) * l->model->n_patterns, t->at))
			return;
		check_hot(l, lint_load_of(l->model, t, NULL), &t->size);
		for (size_t i = 0; i < t->n_indexes; i++)
			check_hot(l, lint_load_of(l->model, t, &t->indexes[i]), &t->indexes[i].size);
	}
}

static double warm(const struct model_table *t, const char *what)
{
	const struct node *n = node_get(node_get(t->at, STR("WarmThroughput")), str_c(what));

	return n && (n->kind == NODE_INT || n->kind == NODE_REAL) ? n->d : 0;
}

static void on_demand_peak(struct lint *l)
{
	EACH_TABLE(l, t) {
		struct lint_load load;

		if (!t->on_demand)
			continue;
		if (!lint_works(l, l->model->n_patterns, t->at))
			return;
		load = lint_load_of(l->model, t, NULL);
		if (load.writes > WRITES_ON_DEMAND && warm(t, "WriteUnitsPerSecond") < load.writes)
			LINT_FOUND(l, t->at, "Set WarmThroughput.WriteUnitsPerSecond to the peak.",
				   "%.0f write units a second at the peak; a new on-demand table takes 4,000", load.writes);
		if (load.reads > READS_ON_DEMAND && warm(t, "ReadUnitsPerSecond") < load.reads)
			LINT_FOUND(l, t->at, "Set WarmThroughput.ReadUnitsPerSecond to the peak.",
				   "%.0f read units a second at the peak; a new on-demand table takes 12,000", load.reads);
	}
}

static bool has_local(const struct model_table *t)
{
	for (size_t i = 0; i < t->n_indexes; i++)
		if (!t->indexes[i].global)
			return true;
	return false;
}

static void collection_size(struct lint *l)
{
	EACH_TABLE(l, t) {
		double bytes = t->size.items_per_key_max * (double)t->size.item_bytes;

		if (has_local(t) && bytes > COLLECTION_BYTES)
			LINT_FOUND(l, t->size.at, "Make the local indexes global ones, or split the key.",
				   "the largest collection has %.1f GB; with a local index 10 GB are allowed",
				   bytes / (1 << 30));
	}
}

static void sized_over(struct lint *l)
{
	EACH_TABLE(l, t)
		if (t->size.item_bytes > ITEM_MAX)
			LINT_FOUND(l, t->size.at, "Split it, or keep the large part in S3.",
				   "items of %lld bytes; 409,600 are allowed", (long long)t->size.item_bytes);
}

static void sized_near_limit(struct lint *l)
{
	EACH_TABLE(l, t)
		if (t->size.item_bytes > ITEM_RISKY && t->size.item_bytes <= ITEM_MAX)
			LINT_FOUND(l, t->size.at, "Split it before it reaches the limit of 409,600 bytes.",
				   "items of %lld bytes", (long long)t->size.item_bytes);
}

/* --- what is not declared -------------------------------------------------- */

static void note(struct buf *list, struct str table, struct str index, const char *what)
{
	buf_putf(list, "%s%.*s%s%.*s: %s", list->len ? "; " : "", STR_ARG(table), index.len ? "." : "", STR_ARG(index), what);
}

static void note_table(const struct model *m, const struct model_table *t, struct buf *list)
{
	struct lint_load load = lint_load_of(m, t, NULL);

	if ((load.writes > WRITES_OF_PARTITION || load.reads > READS_OF_PARTITION) && lint_hottest_share(&t->size) <= 0)
		note(list, t->name, STR(""), "distinct_keys or hottest_key_share");
	if (has_local(t) && (t->size.items_per_key_max <= 0 || !t->size.item_bytes))
		note(list, t->name, STR(""), "items_per_key.max and item_size_bytes");
	for (size_t i = 0; i < t->n_indexes; i++)
		if (lint_load_of(m, t, &t->indexes[i]).reads > READS_OF_PARTITION && lint_hottest_share(&t->indexes[i].size) <= 0)
			note(list, t->name, t->indexes[i].name, "distinct_keys or hottest_key_share");
}

/* Only where a figure could change the verdict. */
static void figures_missing(struct lint *l)
{
	enum { LIST_MAX = 800 };
	struct buf list;

	buf_init(&list, LIST_MAX);
	EACH_TABLE(l, t)
		if (lint_works(l, (t->n_indexes + 1) * l->model->n_patterns, t->at))
			note_table(l->model, t, &list);
	if (list.len)
		LINT_FOUND(l, node_get(l->model->root, STR("sizing")), "Declare them under \"sizing\".",
			   "hot keys and collections could not be judged without %.*s", STR_ARG(buf_str(&list)));
	buf_release(&list);
}

const struct model_lint lint_sizing[] = {
	{ "hot-key", FINDING_WARNING, "A key that takes more than a partition gives.", hot_key },
	{ "on-demand-peak", FINDING_WARNING, "A peak that a new on-demand table does not take.", on_demand_peak },
	{ "collection-size", FINDING_ERROR, "A collection over 10 GB in a table with a local index.", collection_size },
	{ "sized-over", FINDING_ERROR, "Items declared over 400 KB.", sized_over },
	{ "sized-near-limit", FINDING_WARNING, "Items declared over 300 KB.", sized_near_limit },
	{ "figures-missing", FINDING_HINT, "Figures without which hot keys cannot be judged.", figures_missing },
	{ 0 },
};
