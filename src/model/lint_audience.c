/* Fan-out: can its audience be written, read and told in time? */
#include "lint_load.h"

#include "sluice/model/limits.h"

/* Developer Guide: what one partition gives a second. */
#define WRITES_OF_PARTITION ((double)LIMIT_PARTITION_WRITES)
#define READS_OF_PARTITION ((double)LIMIT_PARTITION_READS)

enum { READ_UNIT = LIMIT_READ_UNIT_BYTES, NAME_SHOWN = 60 };

static double number_at(const struct node *group, const char *name)
{
	const struct node *n = node_get(group, str_c(name));

	return n && (n->kind == NODE_INT || n->kind == NODE_REAL) && n->d > 0 ? n->d : 0;
}

/* One query of an audience: partitions of a table or an index. */
struct query {
	const struct model_handler *handler;
	const struct model_table *table;
	const struct model_size *size;   /* the table's or the index's */
	const struct node *at;
	double shards;
};

static bool read_query(const struct lint *l, const struct model_handler *h, const struct node *at, struct query *out)
{
	const struct model_table *t = model_table(l->model, lint_text(at, "table"));
	const struct model_index *index = t ? model_index(t, lint_text(at, "index")) : NULL;
	double shards = number_at(at, "shards");

	if (!t || !lint_text(at, "key").len)
		return false;
	*out = (struct query){ h, t, index ? &index->size : &t->size, at, shards >= 1 ? shards : 1 };
	return true;
}

static void each_query(struct lint *l, void (*fn)(struct lint *l, const struct query *q))
{
	struct query q;

	EACH_HANDLER(l, h) {
		const struct node *list = str_eq(h->kind, STR("fanout")) ? node_get(h->at, STR("audience")) : NULL;

		for (const struct node *n = list ? list->first : NULL; n; n = n->next) {
			if (!lint_works(l, 1 + l->model->n_patterns + l->model->n_tables, n))
				return;
			if (read_query(l, h, n, &q))
				fn(l, &q);
		}
	}
}

/* --- writes ---------------------------------------------------------------- */

/* Undeclared: all at once may follow the same. */
static void check_writes(struct lint *l, const struct query *q)
{
	double declared = lint_hottest_share(q->size), share = declared > 0 ? declared : 1 / q->shards;
	double writes = lint_load_of(l, q->table, NULL).writes;

	if (writes * share > WRITES_OF_PARTITION)
		LINT_FOUND(l, q->at, "Raise shards (${shard} in key), or declare hottest_key_share under sizing if it is less.",
			   "%.0f write units a second go to one partition of this audience at the peak%s; a partition gives 1,000",
			   writes * share, declared > 0 ? "" : ", when all follow the same");
}

static void audience_writes(struct lint *l)
{
	each_query(l, check_writes);
}

/* --- reads ----------------------------------------------------------------- */

static void check_reads(struct lint *l, const struct query *q)
{
	const struct node *consistent = node_get(q->at, STR("consistent"));
	double unit = consistent && consistent->kind == NODE_BOOL && consistent->b ? READ_UNIT : 2.0 * READ_UNIT;
	double bytes = q->handler->audience_size / q->shards * (double)q->size->item_bytes;
	double needed = bytes / (unit * READS_OF_PARTITION), wanted = number_at(q->handler->at, "max_age_s");

	if (wanted > 0 && needed > wanted)
		LINT_FOUND(l, q->at, "Raise shards: they are read side by side.",
			   "reading %.0f MB of one partition takes %.0f s at the least; events are dropped after %.0f s (max_age_s)",
			   bytes / 1e6, needed, wanted);
}

static void audience_read(struct lint *l)
{
	each_query(l, check_reads);
}

/* --- delivery -------------------------------------------------------------- */

static void check_rate(struct lint *l, const struct model_handler *h)
{
	double rate = number_at(h->at, "rate_per_s"), wanted = number_at(h->at, "max_age_s");
	const struct node *at = node_get(h->at, STR("rate_per_s"));

	if (rate <= 0)
		return;
	if (h->audience_size * h->events_per_s > rate)
		LINT_FOUND(l, at, "Raise rate_per_s, or notify fewer.",
			   "%.*s makes %.0f notifications a second on average and may send %.0f: it falls behind for ever",
			   STR_ARG(str_sub(h->name, 0, NAME_SHOWN)), h->audience_size * h->events_per_s, rate);
	else if (wanted > 0 && h->audience_size / rate > wanted)
		LINT_FOUND(l, at, "Raise rate_per_s or max_age_s.",
			   "telling %.0f members takes %.0f s at this rate; events are dropped after %.0f s (max_age_s)",
			   h->audience_size, h->audience_size / rate, wanted);
}

static void audience_rate(struct lint *l)
{
	EACH_HANDLER(l, h)
		if (str_eq(h->kind, STR("fanout")))
			check_rate(l, h);
}

const struct model_lint lint_audience[] = {
	{ "audience-writes", FINDING_WARNING, "More follows of one audience key than a partition takes.", audience_writes },
	{ "audience-read", FINDING_WARNING, "An audience that cannot be read within max_age_s.", audience_read },
	{ "audience-rate", FINDING_WARNING, "A fan-out that is sent more slowly than it is made, or than it is wanted.",
	  audience_rate },
	{ 0 },
};
