#include "cost_parts.h"

#include <math.h>

#define GB (1024.0 * 1024.0 * 1024.0)

#define TARGET_UTILISATION (RULE_TARGET_PERCENT / 100.0)     /* the default of auto scaling */
#define HOURS_PER_MONTH (COST_MONTH_S / 3600.0)

const struct price_class *cost_class_of(const struct cost_computing *k, const struct cost_table *t)
{
	return t && t->infrequent ? &k->c->prices->infrequent : &k->c->prices->standard;
}

static double monthly_usd(double units_per_s, double million_usd)
{
	return units_per_s * COST_MONTH_S * million_usd / 1e6;
}

struct cost_line cost_line_of(double units, double per_s, double million_usd)
{
	return (struct cost_line){ units, units * per_s, monthly_usd(units * per_s, million_usd) };
}

/* A local index has its table's capacity. */
struct cost_resource *cost_resource_of(const struct cost_computing *k, const struct cost_table *t,
				       const struct cost_index *x)
{
	struct cost_resource *r = &k->resources[k->first[t - k->c->input->tables]];

	return x && !x->local ? r + 1 + (x - t->indexes) : r;
}

void cost_use(struct cost_resource *r, bool writes, double units_per_s, double peak_ratio)
{
	*(writes ? &r->writes : &r->reads) += units_per_s;
	*(writes ? &r->peak_writes : &r->peak_reads) += units_per_s * peak_ratio;
}

double cost_index_bytes(const struct cost_index *x)
{
	return x->item_bytes > 0 ? x->item_bytes : COST_WRITE_UNIT_BYTES;
}

/* --- patterns -------------------------------------------------------------- */

/* How many times the average its peak is. */
static double peak_ratio(const struct cost_pattern *p)
{
	return p->peak_rps > p->rps ? p->peak_rps / p->rps : 1;
}

/* Spreads the request's own units over the tables it works on. */
static void compute_own(struct cost_computing *k, struct cost_line *own, const struct cost_pattern *p, double rps)
{
	double units = cost_units(p->operation, p->item_bytes, p->item_count, p->strong), items = 0;
	bool writes = cost_operation_writes(p->operation);

	for (size_t i = 0; i < p->n_parts; i++)
		items += p->parts[i].items;
	*own = (struct cost_line){ .units_per_operation = units, .units_per_s = units * rps };
	for (size_t i = 0; i < p->n_parts; i++) {
		const struct cost_table *t = p->parts[i].table;
		const struct price_class *prices = cost_class_of(k, t);
		size_t n = (size_t)(t - k->c->input->tables);
		struct cost_line line = cost_line_of(units * p->parts[i].items / items, rps,
						     writes ? prices->write_request_million_usd
							    : prices->read_request_million_usd);

		own->usd += line.usd;
		cost_use(cost_resource_of(k, t, t == p->table ? p->index : NULL), writes, line.units_per_s,
			 peak_ratio(p));
		k->c->tables[n].capacity.peaks = k->c->tables[n].capacity.peaks || p->peak_rps > 0;
		k->written[n] += rps * p->parts[i].written;
	}
	*(writes ? &k->c->totals.writes : &k->c->totals.reads) += own->usd;
}

static struct cost_line compute_index(struct cost_computing *k, const struct cost_pattern *p,
				      const struct cost_index_write *w, double rps)
{
	double units = cost_index_units(p->operation, cost_index_bytes(w->index), w->items, w->key_changes);
	struct cost_line line = cost_line_of(units, rps, cost_class_of(k, w->table)->write_request_million_usd);

	cost_use(cost_resource_of(k, w->table, w->index), true, line.units_per_s, peak_ratio(p));
	k->c->totals.index_writes += line.usd;
	return line;
}

static bool compute_pattern(struct cost_computing *k, struct cost_pattern_result *out, const struct cost_pattern *p)
{
	double rps = p->rps * k->c->factor;

	*out = (struct cost_pattern_result){ .pattern = p };
	if (p->not_counted.len)
		return true;
	out->indexes = arena_array(k->arena, p->n_writes + 1, sizeof(*out->indexes));
	if (!out->indexes)
		return false;
	compute_own(k, &out->own, p, rps);
	for (size_t i = 0; i < p->n_writes; i++)
		out->indexes[i] = compute_index(k, p, &p->writes[i], rps);
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

static void add_capacity(struct cost_capacity *c, const struct cost_resource *r, const struct price_class *p)
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

static bool compute_table(struct cost_computing *k, struct cost_table_result *out, const struct cost_table *t)
{
	const struct price_class *p = cost_class_of(k, t);
	struct cost_capacity *c = &out->capacity;
	double full;

	out->table = t;
	out->storage = storage(t->item_bytes, t->items, p->storage_gb_month_usd);
	k->c->totals.storage += out->storage.usd;
	out->indexes = arena_array(k->arena, t->n_indexes + 1, sizeof(*out->indexes));
	if (!out->indexes)
		return false;
	add_capacity(c, cost_resource_of(k, t, NULL), p);
	for (size_t i = 0; i < t->n_indexes; i++) {
		const struct cost_index *x = &t->indexes[i];

		out->indexes[i] = storage(x->item_bytes, x->items, p->storage_gb_month_usd);
		k->c->totals.storage += out->indexes[i].usd;
		if (!x->local)
			add_capacity(c, cost_resource_of(k, t, x), p);
	}
	full = exactly(c->read_units_per_s, c->write_units_per_s, p);
	c->break_even = c->on_demand_usd > 0 ? full / c->on_demand_usd : 0;
	c->peak_utilisation = c->peak_usd > 0 ? full / c->peak_usd : 0;
	return true;
}

/* --- all ------------------------------------------------------------------- */

static bool begin(struct cost_computing *k)
{
	const struct cost_input *in = k->c->input;
	size_t n = 0;

	for (size_t i = 0; i < in->n_tables; i++)
		n += 1 + in->tables[i].n_indexes;
	k->resources = arena_array(k->arena, n + 1, sizeof(*k->resources));
	k->first = arena_array(k->arena, in->n_tables + 1, sizeof(*k->first));
	k->written = arena_array(k->arena, in->n_tables + 1, sizeof(*k->written));
	k->derived = arena_array(k->arena, in->n_tables + 1, sizeof(*k->derived));
	k->c->patterns = arena_array(k->arena, in->n_patterns + 1, sizeof(*k->c->patterns));
	k->c->tables = arena_array(k->arena, in->n_tables + 1, sizeof(*k->c->tables));
	k->c->handlers = arena_array(k->arena, in->n_handlers + 1, sizeof(*k->c->handlers));
	if (!k->resources || !k->first || !k->written || !k->derived ||
	    !k->c->patterns || !k->c->tables || !k->c->handlers)
		return false;
	for (size_t i = 1; i < in->n_tables; i++)
		k->first[i] = k->first[i - 1] + 1 + in->tables[i - 1].n_indexes;
	return true;
}

static bool compute(struct cost_computing *k)
{
	struct cost *c = k->c;
	struct cost_totals *t = &c->totals;

	if (!begin(k))
		return false;
	for (size_t i = 0; i < c->input->n_patterns; i++)
		if (!compute_pattern(k, &c->patterns[i], &c->input->patterns[i]))
			return false;
	if (!cost_compute_handlers(k))
		return false;
	for (size_t i = 0; i < c->input->n_tables; i++)
		if (!compute_table(k, &c->tables[i], &c->input->tables[i]))
			return false;
	if (!cost_compute_streams(k))
		return false;
	t->requests_usd = t->reads + t->writes + t->index_writes + t->streams + t->handlers + t->state;
	t->usd = t->requests_usd + t->storage;
	return true;
}

bool cost_compute(struct cost *out, const struct cost_input *in, const struct prices *prices, double factor,
		  struct arena *a, struct err *err)
{
	struct cost_computing k = { .c = out, .arena = a };

	*out = (struct cost){ .input = in, .prices = prices, .factor = factor };
	return compute(&k) || cost_no_memory(a, err);
}

