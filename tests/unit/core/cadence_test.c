#include "support/test.h"

#include "sluice/core/cadence.h"

#define SECOND 1000000000ll

/* Takes all moments before `ns` into counts; checks that time never goes back. */
static void take_until(struct cadence *c, int64_t ns, uint64_t *counts)
{
	int64_t before = 0;

	while (cadence_due_ns(c) < ns) {
		assert_true(cadence_due_ns(c) >= before);
		before = cadence_due_ns(c);
		counts[cadence_take(c)]++;
	}
}

static void test_each_series_gets_its_rate(void **state)
{
	static const double rates[] = { 1, 50, 0.5, 0, 333.3, 50 };
	uint64_t counts[COUNT_OF(rates)] = { 0 };
	struct cadence c;

	(void)state;
	cadence_init(&c, rates, COUNT_OF(rates));
	take_until(&c, 60 * SECOND, counts);
	assert_int_equal(counts[0], 60);
	assert_int_equal(counts[1], 3000);
	assert_int_equal(counts[2], 30);
	assert_int_equal(counts[3], 0);
	assert_in_range(counts[4], 19997, 19999);
	assert_int_equal(counts[5], 3000);
	for (size_t i = 0; i < COUNT_OF(rates); i++)
		assert_int_equal(cadence_planned(&c, i, 60 * SECOND), counts[i]);
	cadence_release(&c);
}

static void test_equal_rates_do_not_go_off_at_once(void **state)
{
	static const double rates[] = { 10, 10, 10, 10 };
	struct cadence c;
	int64_t at[4];

	(void)state;
	cadence_init(&c, rates, 4);
	for (size_t i = 0; i < 4; i++) {
		at[i] = cadence_due_ns(&c);
		assert_int_equal(cadence_take(&c), i);
	}
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(at[i] - at[i - 1], SECOND / 40);
	cadence_release(&c);
}

static void test_without_rates_there_is_never_a_moment(void **state)
{
	static const double rates[] = { 0, -1 };
	struct cadence c;

	(void)state;
	cadence_init(&c, rates, 2);
	assert_true(cadence_due_ns(&c) == INT64_MAX);
	cadence_release(&c);
	cadence_init(&c, NULL, 0);
	assert_true(cadence_due_ns(&c) == INT64_MAX);
	cadence_release(&c);
}

static void test_a_very_low_rate_is_not_in_the_past(void **state)
{
	static const double rates[] = { 1000, 1e-300 };
	uint64_t counts[2] = { 0 };
	struct cadence c;

	(void)state;
	cadence_init(&c, rates, 2);
	take_until(&c, SECOND, counts);
	assert_int_equal(counts[0], 1000);
	assert_int_equal(counts[1], 0);
	cadence_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_series_gets_its_rate),
		cmocka_unit_test(test_equal_rates_do_not_go_off_at_once),
		cmocka_unit_test(test_without_rates_there_is_never_a_moment),
		cmocka_unit_test(test_a_very_low_rate_is_not_in_the_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
