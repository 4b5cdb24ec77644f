#include "cost_parts.h"

#include <math.h>

#define GB (1024.0 * 1024.0 * 1024.0)
#define MB (1024.0 * 1024.0)

/* How the daemon reads and keeps its state at its default settings (conf/README.md: poll,
 * leases.failover_s, checkpoint_ms), one worker. */
#define POLLS_IDLE_PER_S 1.0       /* a shard, poll.max_ms = 1000 */
#define POLLS_MOST_PER_S 4.0       /* poll.min_ms = 250, unless pages are full */
#define PAGE_RECORDS 1000.0
#define HEARTBEATS_PER_S 0.3       /* three writes and Queries in failover_s = 10 */
#define LISTINGS_PER_S (16.0 / 45) /* the leases: 16 Queries every 30 to 60 s */
#define CHECKPOINTS_PER_S 0.2      /* a shard, while its position moves */
#define TASK_WRITES 3.0            /* a fan-out task's row: made, taken, done */

/* What a partition and a shard take (developer guide: partition limits). */
enum { PARTITION_WRITES = 1000, PARTITION_READS = 3000, PARTITION_GB = 10, ON_DEMAND_SHARDS = 4 };

#define TARGET_UTILISATION 0.7     /* the default of auto scaling */
#define HOURS_PER_MONTH (COST_MONTH_S / 3600.0)

/* Requests of one table or one global index: what is provisioned together. */
struct resource {
	double reads, writes, peak_reads, peak_writes;
};

struct computing {
	struct cost *c;
	struct arena *arena;
	struct resource *resources;      /* of all tables, each followed by its indexes */
	size_t *first;                   /* of each table */
	double *written;                 /* items a second, by the patterns */
};

static const struct price_class *class_of(const struct computing *k, const struct cost_table *t)
{
	return t && t->infrequent ? &k->c->prices->infrequent : &k->c->prices->standard;
}

static double monthly_usd(double units_per_s, double million_usd)
{
	return units_per_s * COST_MONTH_S * million_usd / 1e6;
}

static struct cost_line line(double units, double per_s, double million_usd)
{
	return (struct cost_line){ units, units * per_s, monthly_usd(units * per_s, million_usd) };
}

/* A local index has its table's capacity. */
static struct resource *resource_of(const struct computing *k, const struct cost_table *t, const struct cost_index *x)
{
	struct resource *r = &k->resources[k->first[t - k->c->input->tables]];

	return x && !x->local ? r + 1 + (x - t->indexes) : r;
}

static void use(struct resource *r, bool writes, double units_per_s, double peak_ratio)
{
	*(writes ? &r->writes : &r->reads) += units_per_s;
	*(writes ? &r->peak_writes : &r->peak_reads) += units_per_s * peak_ratio;
}

/* --- patterns -------------------------------------------------------------- */

static bool compute_pattern(struct computing *k, struct cost_pattern_result *out, const struct cost_pattern *p)
{
	const struct price_class *prices = class_of(k, p->table);
	bool writes = cost_operation_writes(p->operation);
	double rps = p->rps * k->c->factor, ratio = p->peak_rps > p->rps ? p->peak_rps / p->rps : 1;
	size_t t = p->table ? (size_t)(p->table - k->c->input->tables) : 0;

	*out = (struct cost_pattern_result){ .pattern = p };
	if (p->not_counted.len)
		return true;
	out->own = line(cost_units(p->operation, p->item_bytes, p->item_count, p->strong), rps,
			writes ? prices->write_request_million_usd : prices->read_request_million_usd);
	*(writes ? &k->c->totals.writes : &k->c->totals.reads) += out->own.usd;
	use(resource_of(k, p->table, p->index), writes, out->own.units_per_s, ratio);
	k->c->tables[t].capacity.peaks = k->c->tables[t].capacity.peaks || p->peak_rps > 0;
	if (writes)
		k->written[t] += rps * (cost_operation_needs_count(p->operation) ? p->item_count : 1);
	out->indexes = arena_array(k->arena, p->n_writes + 1, sizeof(*out->indexes));
	if (!out->indexes)
		return false;
	for (size_t i = 0; i < p->n_writes; i++) {
		const struct cost_index_write *w = &p->writes[i];
		/* Of unknown size: as a small item. */
		double bytes = w->index->item_bytes > 0 ? w->index->item_bytes : COST_WRITE_UNIT_BYTES;

		out->indexes[i] = line(cost_index_units(p->operation, bytes, p->item_count, w->key_changes), rps,
				       prices->write_request_million_usd);
		k->c->totals.index_writes += out->indexes[i].usd;
		use(resource_of(k, p->table, w->index), true, out->indexes[i].units_per_s, ratio);
	}
	return true;
}

/* --- handlers -------------------------------------------------------------- */

static double handler_events(const struct computing *k, const struct cost_handler *h)
{
	if (h->events_per_s > 0)
		return h->events_per_s * k->c->factor;
	return k->written[h->source - k->c->input->tables];
}

/* Each partition of the audience is read for itself, at least half a unit. */
static double audience_units(const struct cost_handler *h)
{
	if (h->partitions <= 0 || h->audience_size <= 0)
		return 0;
	return h->partitions * ceil(h->audience_size / h->partitions * h->member_bytes / COST_READ_UNIT_BYTES) *
	       (h->consistent ? 1 : 0.5);
}

static double rows_an_event(const struct cost_handler *h)
{
	if (h->effect == COST_EFFECT_ROW)
		return 1;
	return h->effect == COST_EFFECT_NONE || h->row_bytes <= 0 ? 0 : h->audience_size;
}

static bool compute_handler(struct computing *k, struct cost_handler_result *out, const struct cost_handler *h)
{
	const struct price_class *prices = class_of(k, h->target);
	double rows = rows_an_event(h);

	*out = (struct cost_handler_result){ .handler = h };
	if (h->not_counted.len)
		return true;
	out->events_per_s = handler_events(k, h);
	out->reads = line(audience_units(h), out->events_per_s, class_of(k, h->audience)->read_request_million_usd);
	out->writes = line(rows * ceil(h->row_bytes / COST_WRITE_UNIT_BYTES), out->events_per_s,
			   prices->write_request_million_usd);
	out->audience_reads_per_day = out->reads.units_per_s * COST_DAY_S;
	out->row_writes_per_day = rows * out->events_per_s * COST_DAY_S;
	k->c->totals.handlers += out->reads.usd + out->writes.usd;
	if (h->audience)
		use(resource_of(k, h->audience, NULL), false, out->reads.units_per_s, 1);
	if (h->target)
		use(resource_of(k, h->target, NULL), true, out->writes.units_per_s, 1);
	out->indexes = arena_array(k->arena, h->n_writes + 1, sizeof(*out->indexes));
	if (!out->indexes)
		return false;
	for (size_t i = 0; i < h->n_writes; i++) {
		double bytes = h->writes[i].index->item_bytes;

		bytes = bytes > 0 ? bytes : COST_WRITE_UNIT_BYTES;
		out->indexes[i] = line(rows * ceil(bytes / COST_WRITE_UNIT_BYTES) * (h->writes[i].key_changes ? 2 : 1),
				       out->events_per_s, prices->write_request_million_usd);
		k->c->totals.handlers += out->indexes[i].usd;
		use(resource_of(k, h->target, h->writes[i].index), true, out->indexes[i].units_per_s, 1);
	}
	return true;
}

/* --- tables ---------------------------------------------------------------- */

static struct cost_storage storage(double item_bytes, double items, double gb_usd)
{
	double bytes = item_bytes > 0 && items > 0 ? (item_bytes + COST_ITEM_OVERHEAD_BYTES) * items : 0;

	return (struct cost_storage){ bytes, bytes / GB * gb_usd };
}

/* One unit is the least that can be provisioned. */
static double provisioned(double reads, double writes, const struct price_class *p)
{
	double r = reads > 1 ? ceil(reads) : 1, w = writes > 1 ? ceil(writes) : 1;

	return (r * p->read_capacity_hour_usd + w * p->write_capacity_hour_usd) * HOURS_PER_MONTH;
}

static double exactly(double reads, double writes, const struct price_class *p)
{
	return (reads * p->read_capacity_hour_usd + writes * p->write_capacity_hour_usd) * HOURS_PER_MONTH;
}

static void add_capacity(struct cost_capacity *c, const struct resource *r, const struct price_class *p)
{
	c->read_units_per_s += r->reads;
	c->write_units_per_s += r->writes;
	c->peak_read_units_per_s += r->peak_reads;
	c->peak_write_units_per_s += r->peak_writes;
	c->on_demand_usd += monthly_usd(r->reads, p->read_request_million_usd) +
			    monthly_usd(r->writes, p->write_request_million_usd);
	c->scaled_usd += provisioned(r->reads / TARGET_UTILISATION, r->writes / TARGET_UTILISATION, p);
	c->peak_usd += provisioned(r->peak_reads, r->peak_writes, p);
}

static bool compute_table(struct computing *k, struct cost_table_result *out, const struct cost_table *t)
{
	const struct price_class *p = class_of(k, t);
	struct cost_capacity *c = &out->capacity;
	double full;

	out->table = t;
	out->storage = storage(t->item_bytes, t->items, p->storage_gb_month_usd);
	k->c->totals.storage += out->storage.usd;
	out->indexes = arena_array(k->arena, t->n_indexes + 1, sizeof(*out->indexes));
	if (!out->indexes)
		return false;
	add_capacity(c, resource_of(k, t, NULL), p);
	for (size_t i = 0; i < t->n_indexes; i++) {
		const struct cost_index *x = &t->indexes[i];

		out->indexes[i] = storage(x->item_bytes, x->items, p->storage_gb_month_usd);
		k->c->totals.storage += out->indexes[i].usd;
		if (!x->local)
			add_capacity(c, resource_of(k, t, x), p);
	}
	full = exactly(c->read_units_per_s, c->write_units_per_s, p);
	c->break_even = c->on_demand_usd > 0 ? full / c->on_demand_usd : 0;
	c->peak_utilisation = c->peak_usd > 0 ? full / c->peak_usd : 0;
	return true;
}

/* --- streams and state ----------------------------------------------------- */

static double most(double a, double b)
{
	return a > b ? a : b;
}

static double shards_of(const struct computing *k, const struct cost_table_result *t)
{
	const struct resource *r = resource_of(k, t->table, NULL);
	double shards = t->table->on_demand ? ON_DEMAND_SHARDS : 1;

	shards = most(shards, ceil(most(r->peak_writes, t->table->warm_writes) / PARTITION_WRITES));
	shards = most(shards, ceil(most(r->peak_reads, t->table->warm_reads) / PARTITION_READS));
	return most(shards, ceil(t->storage.bytes / GB / PARTITION_GB));
}

static void compute_stream(struct computing *k, struct cost_stream *s, const struct cost_table_result *t)
{
	const struct cost_input *in = k->c->input;
	double a_shard, polls;

	s->table = t->table;
	s->events_per_s = k->written[t->table - in->tables];
	for (size_t i = 0; i < in->n_handlers; i++)
		if (in->handlers[i].source == t->table && !in->handlers[i].not_counted.len)
			s->events_per_s = most(s->events_per_s, k->c->handlers[i].events_per_s);
	s->bytes_per_s = s->events_per_s * (COST_ITEM_OVERHEAD_BYTES + t->table->stream_images * t->table->item_bytes);
	s->shards = shards_of(k, t);
	a_shard = s->events_per_s / s->shards;
	polls = a_shard < POLLS_IDLE_PER_S ? POLLS_IDLE_PER_S : a_shard > POLLS_MOST_PER_S ? POLLS_MOST_PER_S : a_shard;
	polls = most(polls, most(a_shard / PAGE_RECORDS, s->bytes_per_s / s->shards / MB));
	s->calls = polls * s->shards * (double)t->table->pipelines * COST_MONTH_S;
	k->c->stream_calls += s->calls;
}

static void compute_state(struct computing *k)
{
	const struct prices *p = k->c->prices;
	const struct cost_input *in = k->c->input;
	double writes = HEARTBEATS_PER_S, reads = HEARTBEATS_PER_S + LISTINGS_PER_S;

	for (size_t i = 0; i < k->c->n_streams; i++) {
		const struct cost_stream *s = &k->c->streams[i];
		double a_shard = s->events_per_s / s->shards;

		writes += s->shards * (double)s->table->pipelines *
			  (a_shard < CHECKPOINTS_PER_S ? a_shard : CHECKPOINTS_PER_S);
	}
	for (size_t i = 0; i < in->n_handlers; i++)
		if (in->handlers[i].effect == COST_EFFECT_FANOUT && !in->handlers[i].not_counted.len)
			writes += TASK_WRITES * k->c->handlers[i].events_per_s *
				  ceil((in->handlers[i].source->item_bytes + COST_WRITE_UNIT_BYTES) /
				       COST_WRITE_UNIT_BYTES);
	k->c->state_writes = line(1, writes, p->standard.write_request_million_usd);
	k->c->state_reads = line(1, reads, p->standard.read_request_million_usd);
	k->c->totals.state = k->c->state_writes.usd + k->c->state_reads.usd;
}

static bool compute_streams(struct computing *k)
{
	struct cost *c = k->c;

	c->streams = arena_array(k->arena, c->input->n_tables + 1, sizeof(*c->streams));
	if (!c->streams)
		return false;
	for (size_t i = 0; i < c->input->n_tables; i++)
		if (c->input->tables[i].pipelines)
			compute_stream(k, &c->streams[c->n_streams++], &c->tables[i]);
	if (c->stream_calls > c->prices->stream_reads_free)
		c->stream_calls_billed = c->stream_calls - c->prices->stream_reads_free;
	c->totals.streams = c->stream_calls_billed * c->prices->stream_read_million_usd / 1e6;
	if (c->n_streams)
		compute_state(k);
	return true;
}

/* --- all ------------------------------------------------------------------- */

static bool begin(struct computing *k)
{
	const struct cost_input *in = k->c->input;
	size_t n = 0;

	for (size_t i = 0; i < in->n_tables; i++)
		n += 1 + in->tables[i].n_indexes;
	k->resources = arena_array(k->arena, n + 1, sizeof(*k->resources));
	k->first = arena_array(k->arena, in->n_tables + 1, sizeof(*k->first));
	k->written = arena_array(k->arena, in->n_tables + 1, sizeof(*k->written));
	k->c->patterns = arena_array(k->arena, in->n_patterns + 1, sizeof(*k->c->patterns));
	k->c->tables = arena_array(k->arena, in->n_tables + 1, sizeof(*k->c->tables));
	k->c->handlers = arena_array(k->arena, in->n_handlers + 1, sizeof(*k->c->handlers));
	if (!k->resources || !k->first || !k->written || !k->c->patterns || !k->c->tables || !k->c->handlers)
		return false;
	for (size_t i = 1; i < in->n_tables; i++)
		k->first[i] = k->first[i - 1] + 1 + in->tables[i - 1].n_indexes;
	return true;
}

static bool compute(struct computing *k)
{
	struct cost *c = k->c;
	struct cost_totals *t = &c->totals;

	if (!begin(k))
		return false;
	for (size_t i = 0; i < c->input->n_patterns; i++)
		if (!compute_pattern(k, &c->patterns[i], &c->input->patterns[i]))
			return false;
	for (size_t i = 0; i < c->input->n_handlers; i++)
		if (!compute_handler(k, &c->handlers[i], &c->input->handlers[i]))
			return false;
	for (size_t i = 0; i < c->input->n_tables; i++)
		if (!compute_table(k, &c->tables[i], &c->input->tables[i]))
			return false;
	if (!compute_streams(k))
		return false;
	t->requests_usd = t->reads + t->writes + t->index_writes + t->streams + t->handlers + t->state;
	t->usd = t->requests_usd + t->storage;
	return true;
}

bool cost_compute(struct cost *out, const struct cost_input *in, const struct prices *prices, double factor,
		  struct arena *a, struct err *err)
{
	struct computing k = { .c = out, .arena = a };

	*out = (struct cost){ .input = in, .prices = prices, .factor = factor };
	return compute(&k) || cost_no_memory(a, err);
}

bool cost_scales(struct cost_scale scales[COST_SCALES], const struct cost *c, struct arena *a, struct err *err)
{
	static const double factors[COST_SCALES] = { 1, 3, 10 };
	struct cost at;

	for (int i = 0; i < COST_SCALES; i++) {
		if (!cost_compute(&at, c->input, c->prices, c->factor * factors[i], a, err))
			return false;
		scales[i] = (struct cost_scale){ at.factor, at.totals };
	}
	return true;
}

bool cost_what_if(struct str text, double *factor, struct err *err)
{
	struct str rest = str_trim(text);
	struct node n = { 0 };

	if (str_starts(rest, STR("rps=")))
		rest = str_from(rest, 4);
	if (str_starts(rest, STR("\xc3\x97")))
		rest = str_from(rest, 2);
	else if (rest.len && (rest.ptr[0] == 'x' || rest.ptr[0] == 'X' || rest.ptr[0] == '*'))
		rest = str_from(rest, 1);
	if (node_set_number(&n, rest) && n.d > 0 && n.d <= COST_FACTOR_MAX) {
		*factor = n.d;
		return true;
	}
	return err_set(err, ERR_DATA, "cost.what_if",
		       "--what-if \"%.*s\" is not understood: expected rps=x3 with a factor over 0 and up to %.0f",
		       STR_ARG(str_sub(text, 0, 60)), COST_FACTOR_MAX);
}
