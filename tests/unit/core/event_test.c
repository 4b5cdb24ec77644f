#include "support/test.h"

#include "support/tasks.h"

#include <stdlib.h>

struct waiting {
	struct loop *loop;
	struct event *event;
	int64_t timeout_ms;
	bool ok, fired, ended;
	struct err err;
};

static void wait_once(void *arg)
{
	struct waiting *w = arg;

	w->ok = event_wait(w->event, w->timeout_ms, &w->fired, &w->err);
	w->ended = true;
}

static void wake_all(struct loop *loop, void *arg)
{
	struct event e;
	struct waiting w[20];
	struct scope s;

	(void)arg;
	event_init(&e, loop);
	scope_init(&s, loop);
	for (size_t i = 0; i < COUNT_OF(w); i++) {
		w[i] = (struct waiting){ .loop = loop, .event = &e, .timeout_ms = i % 2 ? -1 : 3600000 };
		scope_spawn(&s, "waiter", wait_once, &w[i]);
	}
	settle(loop);
	event_set(&e);
	CHECK(e.waiters == NULL);
	event_clear(&e); /* those woken have seen it all the same */
	scope_wait(&s);
	for (size_t i = 0; i < COUNT_OF(w); i++)
		CHECK(w[i].ok && w[i].fired);
}

static void test_set_wakes_every_waiter(void **state)
{
	(void)state;
	run_both(wake_all, NULL);
}

static void time_out(struct loop *loop, void *arg)
{
	struct event e;
	struct err err = { 0 };
	bool fired = true;

	(void)arg;
	event_init(&e, loop);
	CHECK_OK(event_wait(&e, 0, &fired, &err), &err);
	CHECK(!fired);
	fired = true;
	CHECK_OK(event_wait(&e, 5, &fired, &err), &err);
	CHECK(!fired && !e.waiters);
	event_set(&e);
	CHECK_OK(event_wait(&e, 0, &fired, &err), &err);
	CHECK(fired);
	CHECK_OK(event_wait(&e, -1, NULL, &err), &err);
}

static void test_a_timeout_is_told_from_an_event(void **state)
{
	(void)state;
	run_both(time_out, NULL);
}

static void cancel_waiters(struct loop *loop, void *arg)
{
	struct event e;
	struct waiting early = { .loop = loop, .event = &e, .timeout_ms = -1 }, late = early;
	struct scope s;

	(void)arg;
	event_init(&e, loop);
	scope_init(&s, loop);
	scope_spawn(&s, "early", wait_once, &early);
	settle(loop);
	scope_cancel(&s);
	CHECK(e.waiters == NULL);
	event_set(&e);
	scope_spawn(&s, "late", wait_once, &late); /* set, but the task is cancelled */
	scope_wait(&s);
	CHECK_CLASS(early.ok, &early.err, ERR_CANCELLED);
	CHECK_CLASS(late.ok, &late.err, ERR_CANCELLED);
}

static void test_a_cancelled_waiter_leaves_the_event(void **state)
{
	(void)state;
	run_both(cancel_waiters, NULL);
}

static void cancel_after_set(struct loop *loop, void *arg)
{
	struct event e;
	struct waiting w = { .loop = loop, .event = &e, .timeout_ms = -1 };
	struct scope s;

	(void)arg;
	event_init(&e, loop);
	scope_init(&s, loop);
	scope_spawn(&s, "waiter", wait_once, &w);
	settle(loop);
	event_set(&e);
	scope_cancel(&s); /* it is ready already */
	scope_wait(&s);
	CHECK(w.ok && w.fired);
}

static void test_what_came_before_the_cancellation_counts(void **state)
{
	(void)state;
	run_both(cancel_after_set, NULL);
}

static void set_and_free(struct loop *loop, void *arg)
{
	struct event *e = malloc(sizeof(*e));
	struct waiting w[3];
	struct scope s;

	(void)arg;
	event_init(e, loop);
	scope_init(&s, loop);
	for (size_t i = 0; i < COUNT_OF(w); i++) {
		w[i] = (struct waiting){ .loop = loop, .event = e, .timeout_ms = i ? 1000 : -1 };
		scope_spawn(&s, "waiter", wait_once, &w[i]);
	}
	settle(loop);
	event_set(e);
	memset(e, 0xff, sizeof(*e));
	free(e);
	scope_wait(&s);
	for (size_t i = 0; i < COUNT_OF(w); i++)
		CHECK(w[i].ok && w[i].fired);
}

static void test_an_event_may_go_away_once_it_was_set(void **state)
{
	(void)state;
	run_both(set_and_free, NULL);
}

static void leave_the_middle(struct loop *loop, void *arg)
{
	struct event e;
	struct waiting w[9];
	struct scope stay, go;

	(void)arg;
	event_init(&e, loop);
	scope_init(&stay, loop);
	scope_init(&go, loop);
	for (size_t i = 0; i < COUNT_OF(w); i++) {
		w[i] = (struct waiting){ .loop = loop, .event = &e, .timeout_ms = i == 8 ? 1 : -1 };
		scope_spawn(i % 4 == 0 && i < 8 ? &go : &stay, "waiter", wait_once, &w[i]); /* the first, one within */
	}
	settle(loop);
	scope_cancel(&go);
	CHECK(task_sleep_ms(loop, 5, NULL)); /* the last of them times out */
	scope_wait(&go);
	for (size_t i = 0; i < COUNT_OF(w); i++)
		CHECK_EQ(w[i].ended, i == 0 || i == 4 || i == 8);
	event_set(&e);
	scope_wait(&stay);
	for (size_t i = 0; i < COUNT_OF(w); i++)
		CHECK_EQ(w[i].ok && w[i].fired, !(i == 0 || i == 4 || i == 8));
}

static void test_waiters_leave_in_any_order(void **state)
{
	(void)state;
	run_both(leave_the_middle, NULL);
}

static void set_it(void *arg)
{
	event_set(arg);
}

static void set_from_outside(struct loop *loop, void *arg)
{
	struct event e;
	struct timer t = { .fn = set_it, .arg = &e };
	bool fired = false;

	(void)arg;
	event_init(&e, loop);
	loop_timer_set(loop, &t, 3);
	CHECK(event_wait(&e, -1, &fired, NULL));
	CHECK(fired);
	event_clear(&e);
	loop_post(loop, set_it, &e);
	CHECK(event_wait(&e, -1, &fired, NULL));
	CHECK(fired);
}

static void test_callbacks_of_the_loop_set_events(void **state)
{
	(void)state;
	run_both(set_from_outside, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_wakes_every_waiter),
		cmocka_unit_test(test_a_timeout_is_told_from_an_event),
		cmocka_unit_test(test_a_cancelled_waiter_leaves_the_event),
		cmocka_unit_test(test_what_came_before_the_cancellation_counts),
		cmocka_unit_test(test_an_event_may_go_away_once_it_was_set),
		cmocka_unit_test(test_waiters_leave_in_any_order),
		cmocka_unit_test(test_callbacks_of_the_loop_set_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
