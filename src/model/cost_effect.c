#include "cost_parts.h"

#include <math.h>

/* Handlers that read what others write stand in chains; longer ones are counted as far as this. */
enum { CHAIN_MAX = 8 };

static size_t place(const struct cost_computing *k, const struct cost_table *t)
{
	return (size_t)(t - k->c->input->tables);
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

/* What handlers write is seen by handlers of that table in the next round, but for what is derived from the
 * table itself, which they pass over. */
static void compute_events(struct cost_computing *k, const double *by_patterns)
{
	const struct cost_input *in = k->c->input;

	for (size_t i = 0; i < in->n_handlers; i++) {
		const struct cost_handler *h = &in->handlers[i];

		if (!h->not_counted.len)
			k->c->handlers[i].events_per_s = h->events_per_s > 0 ? h->events_per_s * k->c->factor
									     : k->written[place(k, h->source)];
	}
	for (size_t i = 0; i < in->n_tables; i++) {
		k->written[i] = by_patterns[i];
		k->derived[i] = 0;
	}
	for (size_t i = 0; i < in->n_handlers; i++) {
		const struct cost_handler *h = &in->handlers[i];

		if (!h->not_counted.len && h->target)
			(h->target == h->source ? k->derived : k->written)[place(k, h->target)] +=
				rows_an_event(h) * k->c->handlers[i].events_per_s;
	}
}

static bool settle_events(struct cost_computing *k)
{
	size_t n = k->c->input->n_tables;
	double *by_patterns = arena_array(k->arena, n + 1, sizeof(*by_patterns));

	if (!by_patterns)
		return false;
	for (size_t i = 0; i < n; i++)
		by_patterns[i] = k->written[i];
	for (int round = 0; round < CHAIN_MAX; round++)
		compute_events(k, by_patterns);
	return true;
}

static struct cost_line compute_index(struct cost_computing *k, const struct cost_handler *h,
				      const struct cost_index_write *w, double rows, double events_per_s)
{
	double units = rows * ceil(cost_index_bytes(w->index) / COST_WRITE_UNIT_BYTES) * (w->key_changes ? 2 : 1);
	struct cost_line line = cost_line_of(units, events_per_s, cost_class_of(k, h->target)->write_request_million_usd);

	cost_use(cost_resource_of(k, h->target, w->index), true, line.units_per_s, 1);
	k->c->totals.handlers += line.usd;
	return line;
}

static bool compute_handler(struct cost_computing *k, struct cost_handler_result *out, const struct cost_handler *h)
{
	double rows = rows_an_event(h);

	out->handler = h;
	if (h->not_counted.len)
		return true;
	out->indexes = arena_array(k->arena, h->n_writes + 1, sizeof(*out->indexes));
	if (!out->indexes)
		return false;
	out->reads = cost_line_of(audience_units(h), out->events_per_s,
				  cost_class_of(k, h->audience)->read_request_million_usd);
	out->writes = cost_line_of(rows * ceil(h->row_bytes / COST_WRITE_UNIT_BYTES) * (h->transacts ? 2 : 1),
				   out->events_per_s, cost_class_of(k, h->target)->write_request_million_usd);
	out->audience_reads_per_day = out->reads.units_per_s * COST_DAY_S;
	out->row_writes_per_day = rows * out->events_per_s * COST_DAY_S;
	k->c->totals.handlers += out->reads.usd + out->writes.usd;
	if (h->audience)
		cost_use(cost_resource_of(k, h->audience, h->audience_index), false, out->reads.units_per_s, 1);
	if (h->target)
		cost_use(cost_resource_of(k, h->target, NULL), true, out->writes.units_per_s, 1);
	for (size_t i = 0; i < h->n_writes; i++)
		out->indexes[i] = compute_index(k, h, &h->writes[i], rows, out->events_per_s);
	return true;
}

bool cost_compute_handlers(struct cost_computing *k)
{
	if (!settle_events(k))
		return false;
	for (size_t i = 0; i < k->c->input->n_handlers; i++)
		if (!compute_handler(k, &k->c->handlers[i], &k->c->input->handlers[i]))
			return false;
	return true;
}
