/* histogram: how often which value came, in fixed memory, to three per cent: for latencies
 * and their percentiles.
 *
 * Buckets are one wide below 64, then 32 to each power of two (the idea is Gil Tene's
 * HdrHistogram). Values are whole numbers without a unit; from 2^40 on they count as the
 * largest bucket.
 */
#ifndef SLUICE_CORE_HISTOGRAM_H
#define SLUICE_CORE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
	HISTOGRAM_EXACT = 64,                /* below this each value has a bucket */
	HISTOGRAM_OF_EACH = 32,              /* buckets of a power of two */
	HISTOGRAM_BITS = 40,
	HISTOGRAM_BUCKETS = HISTOGRAM_EXACT + (HISTOGRAM_BITS - 6) * HISTOGRAM_OF_EACH,
};

/* All zero is an empty one. */
struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t count, min, max;            /* min and max exactly as they came; of none 0 */
};

void histogram_add(struct histogram *h, uint64_t value);
void histogram_merge(struct histogram *to, const struct histogram *from);

/* The least value that `share` (0 to 1) of all are not above, at most three per cent too high; never above max.
 * 0 of an empty one. */
uint64_t histogram_quantile(const struct histogram *h, double share);

/* How many are in [from, to); both should be powers of two, or buckets are counted by where they begin. */
uint64_t histogram_between(const struct histogram *h, uint64_t from, uint64_t to);

#endif
