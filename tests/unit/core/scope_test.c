#include "support/test.h"

#include "sluice/core/mem.h"
#include "support/child.h"
#include "support/tasks.h"

struct counts {
	struct loop *loop;
	size_t begun, ended, refused;
	unsigned depth;
	struct scope *scope;
};

static void sleep_long(void *arg)
{
	struct counts *c = arg;

	c->begun++;
	if (!task_sleep_ms(c->loop, 3600000, NULL))
		c->refused++;
	c->ended++;
}

static void spawn_many(struct loop *loop, void *arg)
{
	enum { MANY = 5000 };
	const size_t n = has_tsan() ? MANY / 10 : MANY;
	struct counts c = { .loop = loop };
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	for (size_t i = 0; i < n; i++)
		scope_spawn(&s, "sleeper", sleep_long, &c);
	CHECK_EQ(c.begun, 0);
	CHECK_EQ(s.n_tasks, n);
	settle(loop);
	CHECK_EQ(c.begun, n);
	scope_cancel(&s);
	scope_cancel(&s);
	CHECK_EQ(c.ended, 0); /* it wakes them, no more */
	scope_wait(&s);
	CHECK_EQ(c.refused, n);
}

static void test_thousands_are_spawned_and_cancelled_at_once(void **state)
{
	(void)state;
	run_both(spawn_many, NULL);
}

static void go_deeper(void *arg)
{
	struct counts *c = arg;
	struct scope s;

	c->begun++;
	scope_init(&s, c->loop);
	if (--c->depth)
		scope_spawn(&s, "deeper", go_deeper, c);
	else
		scope_spawn(&s, "bottom", sleep_long, c);
	scope_wait(&s);
	if (task_cancelled(c->loop))
		c->refused++;
	c->ended++;
}

static void cancel_the_depth(struct loop *loop, void *arg)
{
	const unsigned depth = has_tsan() ? 300 : 3000;
	struct counts c = { .loop = loop, .depth = depth };
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	scope_spawn(&s, "top", go_deeper, &c);
	while (c.begun < depth + 1)
		settle(loop);
	scope_cancel(&s);
	scope_wait(&s);
	CHECK_EQ(c.refused, depth + 1);
	CHECK_EQ(c.ended, depth + 1);
}

static void test_a_cancellation_reaches_the_bottom_of_a_deep_tree(void **state)
{
	(void)state;
	run_both(cancel_the_depth, NULL);
}

static void start_late(struct loop *loop, void *arg)
{
	struct counts c = { .loop = loop };
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	scope_cancel(&s);
	scope_spawn(&s, "late", sleep_long, &c);
	scope_wait(&s);
	CHECK_EQ(c.begun, 1);
	CHECK_EQ(c.refused, 1);
}

static void test_a_task_started_in_a_cancelled_scope_runs_and_sees_it(void **state)
{
	(void)state;
	run_both(start_late, NULL);
}

static void wait_inside(void *arg)
{
	struct counts *c = arg;
	struct counts inner = { .loop = c->loop };
	struct scope s;

	scope_init(&s, c->loop);
	scope_spawn(&s, "inner", sleep_long, &inner);
	scope_spawn(&s, "inner", sleep_long, &inner);
	scope_wait(&s);
	CHECK_EQ(inner.ended, 2); /* though this task was cancelled while it waited */
	CHECK_EQ(inner.refused, 2);
	CHECK(task_cancelled(c->loop));
	scope_init(&s, c->loop);
	CHECK(s.cancelled); /* opened after the cancellation */
	scope_spawn(&s, "inner", sleep_long, &inner);
	scope_wait(&s);
	CHECK_EQ(inner.refused, 3);
	c->ended++;
}

static void cancel_the_waiter(struct loop *loop, void *arg)
{
	struct counts c = { .loop = loop };
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	scope_spawn(&s, "outer", wait_inside, &c);
	settle(loop);
	scope_cancel(&s);
	scope_wait(&s);
	CHECK_EQ(c.ended, 1);
}

static void test_scope_wait_goes_on_in_a_cancelled_task(void **state)
{
	(void)state;
	run_both(cancel_the_waiter, NULL);
}

static void clean_up(void *arg)
{
	struct counts *c = arg;

	c->begun++;
	if (task_sleep_ms(c->loop, 1, NULL) && !task_cancelled(c->loop))
		c->ended++;
}

static void work_then_clean_up(void *arg)
{
	struct counts *c = arg;
	struct scope s;

	if (task_sleep_ms(c->loop, 3600000, NULL))
		return;
	task_shield_begin(c->loop);
	scope_init(&s, c->loop);
	scope_spawn(&s, "cleanup", clean_up, c);
	scope_spawn(&s, "cleanup", clean_up, c);
	scope_wait(&s);
	task_shield_end(c->loop);
}

static void clean_up_in_shield(struct loop *loop, void *arg)
{
	struct counts c = { .loop = loop };
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	scope_spawn(&s, "worker", work_then_clean_up, &c);
	settle(loop);
	scope_cancel(&s);
	scope_wait(&s);
	CHECK_EQ(c.begun, 2);
	CHECK_EQ(c.ended, 2);
}

static void test_a_scope_opened_in_a_shield_stands_apart(void **state)
{
	(void)state;
	run_both(clean_up_in_shield, NULL);
}

static void cancel_siblings(struct loop *loop, void *arg)
{
	struct counts a = { .loop = loop }, b = { .loop = loop }, c = { .loop = loop };
	struct scope one, two, three;

	(void)arg;
	scope_init(&one, loop);
	scope_init(&two, loop);
	scope_init(&three, loop);
	scope_spawn(&one, "sleeper", sleep_long, &a);
	scope_spawn(&two, "sleeper", sleep_long, &b);
	scope_spawn(&three, "sleeper", sleep_long, &c);
	settle(loop);
	scope_cancel(&two);
	scope_wait(&two);
	CHECK_EQ(b.refused, 1);
	CHECK_EQ(a.ended + c.ended, 0);
	CHECK(!one.cancelled && !three.cancelled);
	CHECK(task_yield(loop, NULL)); /* nor is the parent */
	scope_cancel(&three);
	scope_cancel(&one);
	scope_wait(&one);
	scope_wait(&three);
	CHECK_EQ(a.refused + c.refused, 2);
}

static void test_a_cancellation_goes_down_and_not_sideways(void **state)
{
	(void)state;
	run_both(cancel_siblings, NULL);
}

static void cancel_own_scope(void *arg)
{
	struct counts *c = arg;
	struct err err = { 0 };

	scope_cancel(c->scope);
	CHECK_CLASS(task_yield(c->loop, &err), &err, ERR_CANCELLED);
	c->ended++;
}

static void cancel_from_within(struct loop *loop, void *arg)
{
	struct counts c = { .loop = loop }, other = { .loop = loop };
	struct scope s;

	(void)arg;
	c.scope = &s;
	scope_init(&s, loop);
	scope_spawn(&s, "sleeper", sleep_long, &other);
	scope_spawn(&s, "canceller", cancel_own_scope, &c);
	scope_wait(&s);
	CHECK_EQ(c.ended, 1);
	CHECK_EQ(other.refused, 1);
}

static void test_a_task_may_cancel_its_own_scope(void **state)
{
	(void)state;
	run_both(cancel_from_within, NULL);
}

static void spawn_sibling(void *arg)
{
	struct counts *c = arg;

	c->ended++;
	if (c->depth-- > 0)
		scope_spawn(c->scope, "sibling", spawn_sibling, c);
}

static void spawn_into_a_waited_scope(struct loop *loop, void *arg)
{
	struct counts c = { .loop = loop, .depth = 200 };
	struct scope s;

	(void)arg;
	c.scope = &s;
	scope_init(&s, loop);
	scope_spawn(&s, "sibling", spawn_sibling, &c);
	scope_wait(&s);
	CHECK_EQ(c.ended, 201);
}

static void test_a_waited_scope_takes_new_tasks(void **state)
{
	(void)state;
	run_both(spawn_into_a_waited_scope, NULL);
}

/* The waiter is woken once, by the last; what it waits for next is not cut
 * short by a second wake. */
static void wait_twice(struct loop *loop, void *arg)
{
	struct counts c = { .loop = loop };
	struct scope s;
	struct event never;
	bool fired = true;

	(void)arg;
	event_init(&never, loop);
	for (int i = 0; i < 100; i++) {
		scope_init(&s, loop);
		scope_spawn(&s, "short", clean_up, &c);
		scope_spawn(&s, "short", clean_up, &c);
		scope_wait(&s);
		CHECK(event_wait(&never, 1, &fired, NULL));
		CHECK(!fired);
	}
	CHECK_EQ(c.ended, 200);
}

static void test_the_end_of_a_scope_wakes_its_waiter_once(void **state)
{
	(void)state;
	run_both(wait_twice, NULL);
}

static void wait_for_an_empty_one(struct loop *loop, void *arg)
{
	struct scope s;
	uint64_t before = loop_stats(loop).switches;

	(void)arg;
	scope_init(&s, loop);
	scope_wait(&s);
	scope_init(&s, loop);
	scope_cancel(&s);
	scope_wait(&s);
	CHECK_EQ(loop_stats(loop).switches, before);
}

static void test_an_empty_scope_is_closed_at_once(void **state)
{
	(void)state;
	run_both(wait_for_an_empty_one, NULL);
}

struct heap_scope {
	struct loop *loop;
	struct scope scope;
};

static void open_for_another(void *arg)
{
	struct heap_scope *h = arg;

	scope_init(&h->scope, h->loop);
}

/* A scope in a long-lived struct may be opened by one task and closed by another. */
static void close_anothers(struct loop *loop, void *arg)
{
	struct heap_scope *h = mem_alloc(sizeof(*h));
	struct counts c = { .loop = loop };
	struct scope s;

	(void)arg;
	h->loop = loop;
	scope_init(&s, loop);
	scope_spawn(&s, "opener", open_for_another, h);
	settle(loop);
	scope_spawn(&h->scope, "sleeper", sleep_long, &c);
	settle(loop);
	CHECK(h->scope.parent == &s);
	scope_cancel(&h->scope);
	scope_wait(&h->scope);
	scope_wait(&s);
	CHECK_EQ(c.refused, 1);
	mem_free(h);
}

static void test_a_scope_may_be_handed_on(void **state)
{
	(void)state;
	run_both(close_anothers, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thousands_are_spawned_and_cancelled_at_once),
		cmocka_unit_test(test_a_cancellation_reaches_the_bottom_of_a_deep_tree),
		cmocka_unit_test(test_a_task_started_in_a_cancelled_scope_runs_and_sees_it),
		cmocka_unit_test(test_scope_wait_goes_on_in_a_cancelled_task),
		cmocka_unit_test(test_a_scope_opened_in_a_shield_stands_apart),
		cmocka_unit_test(test_a_cancellation_goes_down_and_not_sideways),
		cmocka_unit_test(test_a_task_may_cancel_its_own_scope),
		cmocka_unit_test(test_a_waited_scope_takes_new_tasks),
		cmocka_unit_test(test_the_end_of_a_scope_wakes_its_waiter_once),
		cmocka_unit_test(test_an_empty_scope_is_closed_at_once),
		cmocka_unit_test(test_a_scope_may_be_handed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
