#include "../../../src/sinks/breaker.h"
#include "sim/env.h"
#include "support/test.h"

static const struct err broken = { .class = ERR_RETRY, .code = "http.connect" };

struct fixture {
	struct env *env;
	struct breaker *b;
};

static void init(struct fixture *f, uint64_t seed)
{
	f->env = sim_env_new(seed);
	f->b = breaker_new(f->env, STR("https://hooks.test"), 3);
}

static void release(struct fixture *f)
{
	breaker_free(f->b);
	env_free(f->env);
}

static void fail_times(struct fixture *f, unsigned n)
{
	while (n--) {
		assert_true(breaker_admit(f->b, NULL));
		breaker_settle(f->b, BREAKER_FAILED, &broken);
	}
}

static void test_it_opens_after_failures_in_a_row_and_says_why(void **state)
{
	struct fixture f;
	struct err err = { 0 };

	(void)state;
	init(&f, 1);
	fail_times(&f, 2);
	assert_true(breaker_admit(f.b, &err));
	breaker_settle(f.b, BREAKER_ANSWERED, NULL); /* not in a row */
	fail_times(&f, 3);
	assert_int_equal(f.b->state, BREAKER_OPEN);
	assert_false(breaker_admit(f.b, &err));
	assert_int_equal(err.class, ERR_RETRY);
	assert_string_equal(err.code, "sink.open");
	assert_non_null(strstr(err.text, "https://hooks.test failed 3 times in a row, the last time with http.connect"));
	assert_true(err.retry_after_ms >= 1000 && err.retry_after_ms <= 1250);
	release(&f);
}

static void test_one_probe_goes_after_each_pause_and_pauses_grow_to_a_minute(void **state)
{
	static const int64_t pauses[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct fixture f;

		init(&f, seed);
		fail_times(&f, 3);
		for (size_t i = 0; i < COUNT_OF(pauses); i++) {
			int64_t left = f.b->open_until_ms - env_mono_ms(f.env);

			assert_in_range(left, pauses[i], pauses[i] + pauses[i] / 4);
			sim_env_advance_ms(f.env, left - 1);
			assert_false(breaker_admit(f.b, NULL));
			sim_env_advance_ms(f.env, 1);
			assert_true(breaker_admit(f.b, NULL));   /* the probe */
			assert_false(breaker_admit(f.b, NULL));  /* and nothing beside it */
			breaker_settle(f.b, BREAKER_FAILED, &broken);
		}
		sim_env_advance_ms(f.env, 75000);
		assert_true(breaker_admit(f.b, NULL));
		breaker_settle(f.b, BREAKER_ANSWERED, NULL);
		assert_int_equal(f.b->state, BREAKER_CLOSED);
		fail_times(&f, 3); /* from the beginning again */
		assert_in_range(f.b->open_until_ms - env_mono_ms(f.env), 1000, 1250);
		release(&f);
	}
}

static void test_a_probe_that_was_cancelled_makes_way_for_another(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 1);
	fail_times(&f, 3);
	sim_env_advance_ms(f.env, 1300);
	assert_true(breaker_admit(f.b, NULL));
	breaker_settle(f.b, BREAKER_UNKNOWN, NULL);
	assert_true(breaker_admit(f.b, NULL));
	assert_false(breaker_admit(f.b, NULL));
	release(&f);
}

static void test_a_pause_that_the_server_asks_for_is_kept(void **state)
{
	struct fixture f;
	struct err err = { 0 };

	(void)state;
	init(&f, 1);
	breaker_hold(f.b, 5000);
	breaker_hold(f.b, 1000); /* a shorter one takes nothing back */
	sim_env_advance_ms(f.env, 4000);
	assert_false(breaker_admit(f.b, &err));
	assert_int_equal(err.class, ERR_THROTTLE);
	assert_string_equal(err.code, "sink.held");
	assert_int_equal(err.retry_after_ms, 1000);
	sim_env_advance_ms(f.env, 1000);
	assert_true(breaker_admit(f.b, &err));
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_opens_after_failures_in_a_row_and_says_why),
		cmocka_unit_test(test_one_probe_goes_after_each_pause_and_pauses_grow_to_a_minute),
		cmocka_unit_test(test_a_probe_that_was_cancelled_makes_way_for_another),
		cmocka_unit_test(test_a_pause_that_the_server_asks_for_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
