#include "support/test.h"

#include "sluice/aws/retry.h"

static void test_the_most_attempts_are_the_nearest_wish(void **state)
{
	static const struct { unsigned request, settings, config, service, expected; } cases[] = {
		{ 0, 0, 0, 4, 4 }, { 0, 0, 7, 4, 7 }, { 0, 5, 7, 4, 5 }, { 1, 5, 7, 4, 1 }, { 1, 0, 0, 3, 1 }, { 0, 0, 1, 3, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(retry_most_attempts(cases[i].request, cases[i].settings, cases[i].config, cases[i].service),
				 cases[i].expected);
}

static void test_delays_double_up_to_twenty_seconds_before_chance_counts(void **state)
{
	static const struct {
		int64_t base_ms;
		bool throttled;
		unsigned attempts;
		double chance;
		uint32_t asked_ms;
		int64_t expected_ms;
	} cases[] = {
		{ 25, false, 1, 0.5, 0, 12 }, { 25, false, 2, 0.5, 0, 25 }, { 25, false, 3, 0.5, 0, 50 },
		{ 50, false, 1, 0.5, 0, 25 }, { 50, false, 3, 0.9, 0, 180 }, { 50, false, 1, 0, 0, 0 },
		{ 25, true, 1, 0.5, 0, 500 }, { 50, true, 3, 0.25, 0, 1000 },
		{ 50, true, 5, 0.5, 0, 8000 }, { 50, true, 6, 0.5, 0, 10000 }, { 50, false, 4000000000u, 0.75, 0, 15000 },
		/* What the service asks for: not less than chance says, not more than 5 s above. */
		{ 25, true, 1, 0.5, 499, 500 }, { 25, true, 1, 0.5, 501, 501 }, { 25, true, 1, 0.5, 5500, 5500 },
		{ 25, true, 1, 0.5, 5501, 5500 }, { 25, false, 1, 0, UINT32_MAX, 5000 }, { 25, false, 9, 0.5, 1, 3200 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t got = retry_delay_ms(cases[i].base_ms, cases[i].throttled, cases[i].attempts, cases[i].chance,
					     cases[i].asked_ms);

		if (got != cases[i].expected_ms)
			fail_msg("case %zu: %lld ms", i, (long long)got);
	}
}

static unsigned takes_until_refused(struct retry_quota *quota, bool throttled)
{
	struct retry_call call = { 0 };
	unsigned n = 0;

	while (retry_take(quota, &call, throttled))
		n++;
	return n;
}

static void test_the_quota_pays_35_transient_or_100_throttled_attempts(void **state)
{
	struct retry_quota quota = { 0 };

	(void)state;
	assert_int_equal(takes_until_refused(&quota, false), 35);   /* 490 */
	assert_int_equal(quota.spent, 490);
	assert_int_equal(takes_until_refused(&quota, true), 2);     /* the rest is enough for two cheap ones */
	assert_int_equal(takes_until_refused(&quota, true), 0);
	assert_int_equal(quota.spent, 500);
	quota = (struct retry_quota){ 0 };
	assert_int_equal(takes_until_refused(&quota, true), 100);
}

static void test_success_gives_the_last_cost_back_or_one_token(void **state)
{
	struct retry_quota quota = { 0 };
	struct retry_call first = { 0 }, second = { 0 }, plain = { 0 };

	(void)state;
	assert_true(retry_take(&quota, &first, false));
	assert_true(retry_take(&quota, &first, true));
	assert_true(retry_take(&quota, &second, false));
	assert_int_equal(quota.spent, 33);
	retry_succeeded(&quota, &first);       /* the throttle's 5; the 14 before are gone */
	assert_int_equal(quota.spent, 28);
	retry_succeeded(&quota, &second);
	assert_int_equal(quota.spent, 14);
	retry_succeeded(&quota, &plain);
	assert_int_equal(quota.spent, 13);
	for (int i = 0; i < 20; i++)
		retry_succeeded(&quota, &plain);
	assert_int_equal(quota.spent, 0);      /* never more than there was */
}

static void test_a_refused_attempt_costs_nothing(void **state)
{
	struct retry_quota quota = { .spent = 490 };
	struct retry_call call = { 0 };

	(void)state;
	assert_false(retry_take(&quota, &call, false));
	assert_int_equal(quota.spent, 490);
	assert_int_equal(call.last_cost, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_most_attempts_are_the_nearest_wish),
		cmocka_unit_test(test_delays_double_up_to_twenty_seconds_before_chance_counts),
		cmocka_unit_test(test_the_quota_pays_35_transient_or_100_throttled_attempts),
		cmocka_unit_test(test_success_gives_the_last_cost_back_or_one_token),
		cmocka_unit_test(test_a_refused_attempt_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
