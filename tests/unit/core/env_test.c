#include "support/test.h"

#include "sluice/core/env.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>

static struct env *env_of_test(void)
{
	struct err err = { 0 };
	struct env *env = env_real(NULL, &err);

	if (!env)
		fail_msg("%s", err.text);
	return env;
}

static void test_the_monotonic_clock_never_goes_back(void **state)
{
	struct env *env = env_of_test();
	int64_t last = env_mono_ns(env);

	(void)state;
	for (int i = 0; i < 10000; i++) {
		int64_t now = env_mono_ns(env);

		assert_true(now >= last);
		last = now;
	}
	assert_int_equal(env_mono_ms(env) - last / 1000000 >= 0, 1);
	assert_true(env_wall_ms(env) > INT64_C(1704067200000)); /* 2024 */
	env_free(env);
}

static void test_a_wait_lasts_as_long_as_asked(void **state)
{
	static const int64_t timeouts_ns[] = { 0, 1, 999999, 1000000, 2500000 };
	struct env *env = env_of_test();
	struct env_ready out[4];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(timeouts_ns); i++) {
		int64_t began = env_mono_ns(env);

		assert_int_equal(env->ops->wait(env, out, 4, timeouts_ns[i]), 0);
		assert_true(env_mono_ns(env) - began >= timeouts_ns[i]);
	}
	env_free(env);
}

static void test_a_ready_descriptor_comes_back_with_its_data(void **state)
{
	struct env *env = env_of_test();
	struct env_ready out[4];
	int ends[2], mark;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(env->ops->watch(env, ends[0], EPOLLIN, &mark, NULL));
	assert_int_equal(env->ops->wait(env, out, 4, 0), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	for (int i = 0; i < 2; i++) { /* level-triggered: until it was read */
		assert_int_equal(env->ops->wait(env, out, 4, -1), 1);
		assert_ptr_equal(out[0].data, &mark);
		assert_int_equal(out[0].events, EPOLLIN);
	}
	assert_true(env->ops->watch(env, ends[0], 0, &mark, NULL));
	assert_true(env->ops->watch(env, ends[0], 0, &mark, NULL));
	assert_int_equal(env->ops->wait(env, out, 4, 0), 0);
	assert_true(env->ops->watch(env, ends[0], EPOLLIN, out, NULL)); /* anew, then changed */
	assert_true(env->ops->watch(env, ends[0], EPOLLIN, &mark, NULL));
	assert_int_equal(env->ops->wait(env, out, 4, -1), 1);
	assert_ptr_equal(out[0].data, &mark);
	close(ends[1]);
	close(ends[0]);
	env_free(env);
}

static void test_a_closed_descriptor_is_refused_by_number(void **state)
{
	struct env *env = env_of_test();
	struct err err = { 0 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	close(ends[1]);
	assert_false(env->ops->watch(env, ends[0], EPOLLIN, NULL, &err));
	assert_int_equal(err.class, ERR_FATAL);
	assert_true(err_is(&err, "fd.watch"));
	env_free(env);
}

static void *wake(void *arg)
{
	struct env *env = arg;

	env->ops->wake(env);
	return NULL;
}

static void test_another_thread_ends_a_wait(void **state)
{
	struct env *env = env_of_test();
	struct env_ready out[4];
	pthread_t thread;

	(void)state;
	env->ops->wake(env); /* also one that has not begun */
	env->ops->wake(env);
	assert_int_equal(env->ops->wait(env, out, 4, -1), 0);
	assert_int_equal(pthread_create(&thread, NULL, wake, env), 0);
	assert_int_equal(env->ops->wait(env, out, 4, -1), 0);
	pthread_join(thread, NULL);
	env_free(env);
}

static void test_the_real_env_takes_tasks_in_order_and_chance_from_the_system(void **state)
{
	struct env *a = env_of_test(), *b = env_of_test();

	(void)state;
	assert_int_equal(a->ops->pick(a, 1), 0);
	assert_int_equal(a->ops->pick(a, 1000), 0);
	assert_true(rng_next(&a->rng) != rng_next(&b->rng));
	assert_false(a->simulated);
	env_free(a);
	env_free(b);
	env_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_monotonic_clock_never_goes_back),
		cmocka_unit_test(test_a_wait_lasts_as_long_as_asked),
		cmocka_unit_test(test_a_ready_descriptor_comes_back_with_its_data),
		cmocka_unit_test(test_a_closed_descriptor_is_refused_by_number),
		cmocka_unit_test(test_another_thread_ends_a_wait),
		cmocka_unit_test(test_the_real_env_takes_tasks_in_order_and_chance_from_the_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
