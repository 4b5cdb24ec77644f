#include "sluice/core/cadence.h"

#include "sluice/core/mem.h"

#define NS_PER_S 1e9
#define LATEST 9e18

static double due(const struct cadence_series *s)
{
	return ((double)s->given + s->offset) / s->per_s * NS_PER_S;
}

/* Of two at one time the one with the lower id: one set of rates is one order. */
static bool is_before(const struct cadence_series *a, const struct cadence_series *b)
{
	double x = due(a), y = due(b);

	return x < y || (x == y && a->id < b->id);
}

static void sink_down(struct cadence *c, size_t i)
{
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < c->count; child++)
			if (is_before(&c->heap[child], &c->heap[least]))
				least = child;
		if (least == i)
			return;
		struct cadence_series kept = c->heap[i];

		c->heap[i] = c->heap[least];
		c->heap[least] = kept;
		i = least;
	}
}

void cadence_init(struct cadence *c, const double *rates, size_t n)
{
	*c = (struct cadence){ .heap = mem_array(n + 1, sizeof(*c->heap)) };
	for (size_t i = 0; i < n; i++)
		if (rates[i] > 0)
			c->heap[c->count++] = (struct cadence_series){
				.per_s = rates[i], .id = i, .offset = (double)i / (double)n,
			};
	for (size_t i = c->count / 2 + 1; i-- > 0;)
		sink_down(c, i);
}

void cadence_release(struct cadence *c)
{
	mem_free(c->heap);
	*c = (struct cadence){ 0 };
}

int64_t cadence_due_ns(const struct cadence *c)
{
	double at = c->count ? due(&c->heap[0]) : LATEST;

	return at < LATEST ? (int64_t)at : INT64_MAX;
}

size_t cadence_take(struct cadence *c)
{
	size_t id = c->heap[0].id;

	c->heap[0].given++;
	sink_down(c, 0);
	return id;
}

uint64_t cadence_planned(const struct cadence *c, size_t id, int64_t ns)
{
	for (size_t i = 0; i < c->count; i++) {
		double intervals = (double)ns / NS_PER_S * c->heap[i].per_s - c->heap[i].offset;
		uint64_t whole = intervals > 0 ? (uint64_t)intervals : 0;

		if (c->heap[i].id == id)
			return intervals > 0 ? whole + ((double)whole < intervals) : 0;
	}
	return 0;
}
