#include "lint_load.h"

#include "sluice/core/buf.h"
#include "sluice/model/limits.h"

/* Developer Guide: what one partition gives a second, what a new on-demand table takes. */
#define WRITES_OF_PARTITION ((double)LIMIT_PARTITION_WRITES)
#define READS_OF_PARTITION ((double)LIMIT_PARTITION_READS)
#define WRITES_ON_DEMAND ((double)LIMIT_ON_DEMAND_WRITES)
#define READS_ON_DEMAND ((double)LIMIT_ON_DEMAND_READS)
#define COLLECTION_BYTES (LIMIT_COLLECTION_GB * 1024.0 * 1024 * 1024)

enum { ITEM_RISKY = RULE_ITEM_RISKY_KB << 10, ITEM_MAX = LIMIT_ITEM_BYTES };

/* --- hot keys ---------------------------------------------------------------- */

static void check_hot(struct lint *l, struct lint_load load, const struct model_size *size, const char *behind)
{
	double share = lint_hottest_share(size);

	if (load.writes * share > WRITES_OF_PARTITION)
		LINT_FOUND(l, size->at, "Spread the key (a shard number behind it), or gather writes.",
			   "the hottest key takes %.0f write units a second at the peak; a partition gives 1,000%s",
			   load.writes * share, behind);
	if (load.reads * share > READS_OF_PARTITION)
		LINT_FOUND(l, size->at, "Spread or cache the reads of the hottest key.",
			   "the hottest key takes %.0f read units a second at the peak; a partition gives 3,000",
			   load.reads * share);
}

static void hot_key(struct lint *l)
{
	EACH_TABLE(l, t) {
		check_hot(l, lint_load_of(l, t, NULL), &t->size, "");
		EACH_INDEX(t, i)
			if (i->global)
				check_hot(l, lint_load_of(l, t, i), &i->size, ", and the table's writes wait for its index");
	}
}

/* --- on demand --------------------------------------------------------------- */

static double warm(const struct node *at, const char *what)
{
	const struct node *n = node_get(node_get(at, STR("WarmThroughput")), str_c(what));

	return n && (n->kind == NODE_INT || n->kind == NODE_REAL) ? n->d : 0;
}

/* What a table takes at once: what a new one does, and twice what it had before. */
static void check_peak(struct lint *l, const struct node *at, struct lint_load load)
{
	bool writes_jump = load.average_writes > 0 && load.writes > 2 * load.average_writes;
	bool reads_jump = load.average_reads > 0 && load.reads > 2 * load.average_reads;

	if (load.writes > WRITES_ON_DEMAND && warm(at, "WriteUnitsPerSecond") < load.writes)
		LINT_FOUND(l, at, "Set WarmThroughput.WriteUnitsPerSecond to the peak.",
			   "%.0f write units a second at the peak; on demand takes 4,000 when it is new%s", load.writes,
			   writes_jump ? ", and later no more than twice the peak before, which may be near the average" : "");
	if (load.reads > READS_ON_DEMAND && warm(at, "ReadUnitsPerSecond") < load.reads)
		LINT_FOUND(l, at, "Set WarmThroughput.ReadUnitsPerSecond to the peak.",
			   "%.0f read units a second at the peak; on demand takes 12,000 when it is new%s", load.reads,
			   reads_jump ? ", and later no more than twice the peak before, which may be near the average" : "");
}

static void on_demand_peak(struct lint *l)
{
	EACH_TABLE(l, t) {
		if (!t->on_demand)
			continue;
		check_peak(l, t->at, lint_load_of(l, t, NULL));
		EACH_INDEX(t, i)
			if (i->global)
				check_peak(l, i->at, lint_load_of(l, t, i));
	}
}

/* --- sizes ------------------------------------------------------------------- */

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

static bool is_hot_unless_spread(struct lint_load load)
{
	return load.writes > WRITES_OF_PARTITION || load.reads > READS_OF_PARTITION;
}

static void note_table(struct lint *l, const struct model_table *t, struct buf *list)
{
	if (is_hot_unless_spread(lint_load_of(l, t, NULL)) && lint_hottest_share(&t->size) <= 0)
		note(list, t->name, STR(""), "distinct_keys or hottest_key_share");
	if (has_local(t) && (t->size.items_per_key_max <= 0 || !t->size.item_bytes))
		note(list, t->name, STR(""), "items_per_key.max and item_size_bytes");
	EACH_INDEX(t, i)
		if (i->global && is_hot_unless_spread(lint_load_of(l, t, i)) && lint_hottest_share(&i->size) <= 0)
			note(list, t->name, i->name, "distinct_keys or hottest_key_share");
}

/* Only where a figure could change the verdict. */
static void figures_missing(struct lint *l)
{
	enum { LIST_MAX = 800 };
	struct buf list;

	buf_init(&list, LIST_MAX);
	EACH_TABLE(l, t)
		note_table(l, t, &list);
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
