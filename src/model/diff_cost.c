#include "diff_parts.h"

#include "sluice/model/cost.h"

/* Of one model's reckoning; commands of a large document take most of it. */
#define COST_BYTES ((size_t)512 << 20)

static size_t count_left_out(const struct cost_input *in)
{
	size_t n = 0;

	for (size_t i = 0; i < in->n_patterns; i++)
		n += in->patterns[i].not_counted.len > 0;
	for (size_t i = 0; i < in->n_handlers; i++)
		n += in->handlers[i].not_counted.len > 0;
	return n;
}

static bool reckon_in(const struct model *m, struct arena *a, struct diff_cost *out)
{
	struct findings_list findings;
	struct cost_input in;
	struct cost cost;
	struct err err;

	findings_list_init(&findings, a, NULL);
	if (!cost_from_model(&in, m, a, &findings, &err))
		return false;
	cost_check(&in, &findings);
	if (!cost_compute(&cost, &in, &prices_default, 1, a, &err))
		return false;
	*out = (struct diff_cost){
		.reads = cost.totals.reads, .writes = cost.totals.writes, .index_writes = cost.totals.index_writes,
		.storage = cost.totals.storage, .streams = cost.totals.streams, .handlers = cost.totals.handlers,
		.state = cost.totals.state, .usd = cost.totals.usd, .not_counted = count_left_out(&in),
	};
	return true;
}

static bool reckon(const struct model *m, struct diff_cost *out)
{
	struct arena arena;
	bool ok;

	arena_init(&arena, COST_BYTES);
	ok = reckon_in(m, &arena, out);
	arena_release(&arena);
	return ok;
}

/* Nothing changes: nothing is reckoned. */
void diff_costs(struct diffing *d)
{
	d->out->costs = d->out->n_changes > 0 && reckon(d->was, &d->out->was) && reckon(d->is, &d->out->is);
}
