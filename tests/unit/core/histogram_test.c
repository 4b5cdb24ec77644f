#include "support/test.h"

#include "sluice/core/histogram.h"
#include "sluice/core/rng.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void test_small_values_are_exact(void **state)
{
	struct histogram h = { 0 };

	(void)state;
	for (uint64_t v = 1; v <= 50; v++)
		histogram_add(&h, v);
	assert_int_equal(h.count, 50);
	assert_int_equal(h.min, 1);
	assert_int_equal(h.max, 50);
	assert_int_equal(histogram_quantile(&h, 0), 1);
	assert_int_equal(histogram_quantile(&h, 0.5), 25);
	assert_int_equal(histogram_quantile(&h, 0.9), 45);
	assert_int_equal(histogram_quantile(&h, 0.99), 50);
	assert_int_equal(histogram_quantile(&h, 1), 50);
}

static void test_an_empty_one_has_no_percentiles(void **state)
{
	struct histogram h = { 0 };

	(void)state;
	assert_int_equal(histogram_quantile(&h, 0.5), 0);
	assert_int_equal(histogram_between(&h, 0, 1 << 30), 0);
}

/* Against sorted values, of all magnitudes. */
static void test_percentiles_are_at_most_three_per_cent_too_high(void **state)
{
	enum { N = 20000 };
	static const double shares[] = { 0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1 };
	static uint64_t values[N];

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct histogram h = { 0 };
		struct rng rng;

		rng_seed(&rng, seed);
		for (size_t i = 0; i < N; i++) {
			values[i] = rng_next(&rng) >> (25 + rng_below(&rng, 39));
			histogram_add(&h, values[i]);
		}
		qsort(values, N, sizeof(*values), by_value);
		for (size_t i = 0; i < COUNT_OF(shares); i++) {
			size_t rank = (size_t)(shares[i] * N);
			uint64_t exact, got = histogram_quantile(&h, shares[i]);

			rank += (double)rank < shares[i] * N;
			exact = values[rank ? rank - 1 : 0];
			assert_true(got >= exact);
			assert_true((double)got <= (double)exact * 1.032);
		}
	}
}

static void test_every_boundary_falls_into_one_bucket(void **state)
{
	struct histogram h = { 0 };
	uint64_t n = 0;

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++)
		for (int64_t off = -1; off <= 1; off++, n++)
			histogram_add(&h, ((uint64_t)1 << bit) + (uint64_t)off);
	assert_int_equal(h.count, n);
	for (unsigned bit = 8; bit < HISTOGRAM_BITS - 1; bit++)
		assert_int_equal(histogram_between(&h, (uint64_t)1 << bit, (uint64_t)1 << (bit + 1)), 3);
	assert_int_equal(histogram_between(&h, 0, UINT64_MAX), n);
}

static void test_values_beyond_the_largest_bucket_are_counted(void **state)
{
	struct histogram h = { 0 };

	(void)state;
	histogram_add(&h, UINT64_MAX);
	histogram_add(&h, 7);
	assert_int_equal(h.count, 2);
	assert_true(h.max == UINT64_MAX);
	assert_true(histogram_quantile(&h, 1) == UINT64_MAX);
	assert_int_equal(histogram_quantile(&h, 0.5), 7);
}

static void test_merged_ones_are_as_if_all_had_been_added_to_one(void **state)
{
	struct histogram one = { 0 }, two = { 0 }, all = { 0 }, none = { 0 };
	struct rng rng;

	(void)state;
	rng_seed(&rng, 5);
	for (int i = 0; i < 1000; i++) {
		uint64_t v = rng_below(&rng, 100000);

		histogram_add(i % 3 ? &one : &two, v);
		histogram_add(&all, v);
	}
	histogram_merge(&one, &two);
	histogram_merge(&one, &none);
	assert_memory_equal(&one, &all, sizeof(all));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_values_are_exact),
		cmocka_unit_test(test_an_empty_one_has_no_percentiles),
		cmocka_unit_test(test_percentiles_are_at_most_three_per_cent_too_high),
		cmocka_unit_test(test_every_boundary_falls_into_one_bucket),
		cmocka_unit_test(test_values_beyond_the_largest_bucket_are_counted),
		cmocka_unit_test(test_merged_ones_are_as_if_all_had_been_added_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
