#include "support/test.h"
#include "support/tasks.h"

struct counter {
	struct loop *loop;
	int n;
};

static void count_to_three(void *arg)
{
	struct counter *c = arg;

	for (int i = 0; i < 3; i++) {
		c->n++;
		CHECK(task_yield(c->loop, NULL));
	}
}

static void spawn_two_and_wait(struct loop *loop, void *arg)
{
	struct counter c = { loop, 0 };
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	scope_spawn(&s, "count", count_to_three, &c);
	scope_spawn(&s, "count", count_to_three, &c);
	CHECK_EQ(c.n, 0);
	scope_wait(&s);
	CHECK_EQ(c.n, 6);
}

static void test_a_scope_waits_for_all_its_tasks(void **state)
{
	(void)state;
	run_both(spawn_two_and_wait, NULL);
}

static void sleep_for_ever(void *arg)
{
	struct counter *c = arg;
	struct err err = { 0 };

	CHECK_CLASS(task_sleep_ms(c->loop, INT64_MAX, &err), &err, ERR_CANCELLED);
	CHECK_CLASS(task_yield(c->loop, &err), &err, ERR_CANCELLED);
	CHECK(task_cancelled(c->loop));
	task_shield_begin(c->loop);
	CHECK_OK(task_sleep_ms(c->loop, 1, &err), &err);
	CHECK(task_cancelled(c->loop));
	task_shield_end(c->loop);
	CHECK_CLASS(task_sleep_ms(c->loop, 1, &err), &err, ERR_CANCELLED);
	c->n++;
}

static void cancel_sleepers(struct loop *loop, void *arg)
{
	struct counter c = { loop, 0 };
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	for (int i = 0; i < 10; i++)
		scope_spawn(&s, "sleeper", sleep_for_ever, &c);
	CHECK(task_yield(loop, NULL));
	scope_cancel(&s);
	scope_spawn(&s, "late", sleep_for_ever, &c);
	scope_wait(&s);
	CHECK_EQ(c.n, 11);
	CHECK(!task_cancelled(loop));
}

static void test_cancelled_tasks_are_refused_every_wait(void **state)
{
	(void)state;
	run_both(cancel_sleepers, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_scope_waits_for_all_its_tasks),
		cmocka_unit_test(test_cancelled_tasks_are_refused_every_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
