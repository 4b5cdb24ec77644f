#include "support/tasks.h"
#include "support/test.h"

#include "sluice/stream/pace.h"

enum { CALLERS = 12, CALLS = 5 };

struct caller {
	struct pace *pace;
	int64_t *turns_ms;         /* of all callers, in order */
	size_t *n;
	unsigned *order;
	unsigned me;
};

static void caller_task(void *arg)
{
	struct caller *c = arg;

	for (int i = 0; i < CALLS; i++) {
		if (!pace_wait(c->pace, NULL))
			return;
		c->order[*c->n] = c->me;
		c->turns_ms[(*c->n)++] = env_mono_ms(loop_env(c->pace->loop));
	}
}

static void many_callers_share_one_pace(struct loop *loop, void *arg)
{
	int64_t turns_ms[CALLERS * CALLS];
	unsigned order[CALLERS * CALLS];
	struct caller callers[CALLERS];
	struct scope scope;
	struct pace p;
	size_t n = 0;

	(void)arg;
	CHECK(task_sleep_ms(loop, 1000, NULL));
	pace_init(&p, loop, 500, 4);
	scope_init(&scope, loop);
	for (unsigned i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller){ &p, turns_ms, &n, order, i };
		scope_spawn(&scope, "caller", caller_task, &callers[i]);
	}
	scope_wait(&scope);
	CHECK_EQ(n, CALLERS * CALLS);
	for (size_t i = 0; i + 5 < n; i++) /* never more than the burst and one in less than an interval */
		CHECK(turns_ms[i + 5] - turns_ms[i] >= 500 - 125);
	/* All together: two a second behind the burst. */
	CHECK(turns_ms[n - 1] - turns_ms[0] >= (int64_t)(n - 4 - 1) * 500 - 125);
	CHECK(turns_ms[n - 1] - turns_ms[0] <= (int64_t)(n - 4) * 500 + 125);
	for (unsigned me = 0; me < CALLERS; me++) { /* nobody is overtaken twice between two turns of his */
		size_t before = 0;

		for (size_t i = 0; i < n; i++) {
			if (order[i] != me)
				continue;
			CHECK(i - before <= CALLERS + 4);
			before = i;
		}
	}
}

static void test_many_callers_share_one_pace_in_turn(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++)
		run_simulated(seed, many_callers_share_one_pace, NULL);
}

static void a_throttle_slows_all_down(struct loop *loop, void *arg)
{
	struct env *env = loop_env(loop);
	int64_t before_ms;
	struct pace p;

	(void)arg;
	pace_init(&p, loop, 500, 4);
	pace_throttled(&p);
	before_ms = env_mono_ms(env);
	CHECK(pace_wait(&p, NULL)); /* the burst is gone */
	CHECK(env_mono_ms(env) - before_ms >= 1000);
	for (int i = 0; i < 20; i++)
		pace_throttled(&p);
	CHECK_EQ(p.slow_ms, 16 * 500);
	for (int i = 0; i < 100; i++)
		pace_succeeded(&p);
	CHECK_EQ(p.slow_ms, 500);
}

static void test_a_throttle_slows_all_down_until_calls_succeed(void **state)
{
	(void)state;
	run_simulated(1, a_throttle_slows_all_down, NULL);
}

static void cancelled_waiting(void *arg)
{
	struct err err;

	CHECK(pace_wait(arg, NULL));
	CHECK_CLASS(pace_wait(arg, &err), &err, ERR_CANCELLED);
}

static void a_cancelled_wait_ends(struct loop *loop, void *arg)
{
	struct scope scope;
	struct pace p;

	(void)arg;
	pace_init(&p, loop, 1000000, 1);
	scope_init(&scope, loop);
	scope_spawn(&scope, "caller", cancelled_waiting, &p);
	settle(loop);
	scope_cancel(&scope);
	scope_wait(&scope);
}

static void test_a_cancelled_wait_ends_at_once(void **state)
{
	(void)state;
	run_both(a_cancelled_wait_ends, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_callers_share_one_pace_in_turn),
		cmocka_unit_test(test_a_throttle_slows_all_down_until_calls_succeed),
		cmocka_unit_test(test_a_cancelled_wait_ends_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
