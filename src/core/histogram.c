#include "sluice/core/histogram.h"

/* 64 has its highest bit at 6. */
enum { FIRST_BIT = 6 };

static unsigned highest_bit(uint64_t value)
{
	return 63 - (unsigned)__builtin_clzll(value);
}

static size_t bucket_of(uint64_t value)
{
	unsigned bit;

	if (value < HISTOGRAM_EXACT)
		return (size_t)value;
	if (value >= (uint64_t)1 << HISTOGRAM_BITS)
		return HISTOGRAM_BUCKETS - 1;
	bit = highest_bit(value);
	return HISTOGRAM_EXACT + (bit - FIRST_BIT) * HISTOGRAM_OF_EACH + (size_t)(value >> (bit - 5)) - HISTOGRAM_OF_EACH;
}

static uint64_t begin_of(size_t bucket)
{
	size_t above = bucket - HISTOGRAM_EXACT;
	unsigned bit = FIRST_BIT + (unsigned)(above / HISTOGRAM_OF_EACH);

	if (bucket < HISTOGRAM_EXACT)
		return bucket;
	return (uint64_t)(HISTOGRAM_OF_EACH + above % HISTOGRAM_OF_EACH) << (bit - 5);
}

void histogram_add(struct histogram *h, uint64_t value)
{
	h->counts[bucket_of(value)]++;
	if (h->count == 0 || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->count++;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	if (from->count == 0)
		return;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		to->counts[i] += from->counts[i];
	if (to->count == 0 || from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->count += from->count;
}

/* The rank, from 1, that a share of all has: rounded up. */
static uint64_t rank_of(uint64_t count, double share)
{
	double exact = share * (double)count;
	uint64_t rank = exact > 0 ? (uint64_t)exact : 0;

	if ((double)rank < exact)
		rank++;
	if (rank == 0)
		rank = 1;
	return rank < count ? rank : count;
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
	uint64_t rank, seen = 0;

	if (h->count == 0)
		return 0;
	rank = rank_of(h->count, share);
	for (size_t i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		uint64_t last = begin_of(i + 1) - 1;

		seen += h->counts[i];
		if (seen >= rank)
			return last < h->max ? last : h->max;
	}
	return h->max;
}

uint64_t histogram_between(const struct histogram *h, uint64_t from, uint64_t to)
{
	uint64_t n = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (begin_of(i) >= from && begin_of(i) < to)
			n += h->counts[i];
	return n;
}
