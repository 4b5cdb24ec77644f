#include "support/test.h"

#include "support/child.h"
#include "support/tasks.h"

#include <sys/epoll.h>
#include <unistd.h>

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
	settle(loop);
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

struct sleeper {
	struct loop *loop;
	int64_t ms, woke_ms;
	size_t *awake;
};

static void sleep_some(void *arg)
{
	struct sleeper *s = arg;

	CHECK(task_sleep_ms(s->loop, s->ms, NULL));
	s->woke_ms = env_mono_ms(loop_env(s->loop));
	++*s->awake;
}

static void sleep_by_the_thousand(struct loop *loop, void *arg)
{
	enum { MANY = 10000 };
	static struct sleeper sleepers[MANY];
	const size_t n = has_tsan() ? MANY / 20 : MANY; /* it has room for 8,000 fibres */
	int64_t began_ms = env_mono_ms(loop_env(loop));
	size_t awake = 0;
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	for (size_t i = 0; i < n; i++) {
		sleepers[i] = (struct sleeper){ .loop = loop, .ms = 1 + (int64_t)(i * 7919 % 500), .awake = &awake };
		scope_spawn(&s, "sleeper", sleep_some, &sleepers[i]);
	}
	scope_wait(&s);
	CHECK_EQ(awake, n);
	for (size_t i = 0; i < n; i++) {
		CHECK(sleepers[i].woke_ms >= began_ms + sleepers[i].ms);
		if (loop_env(loop)->simulated)
			CHECK_EQ(sleepers[i].woke_ms, began_ms + sleepers[i].ms);
	}
}

static void test_ten_thousand_sleep_each_their_time(void **state)
{
	(void)state;
	run_both(sleep_by_the_thousand, NULL);
}

struct turn {
	struct loop *loop;
	size_t *next;
	size_t id;
	bool in_turn;
};

static void take_turns(void *arg)
{
	struct turn *t = arg;

	for (size_t i = 0; i < 10; i++) {
		t->in_turn &= *t->next == t->id + i * 20;
		++*t->next;
		CHECK(task_yield(t->loop, NULL));
	}
}

static void keep_turns(struct loop *loop, void *arg)
{
	struct turn turns[20];
	size_t next = 0;
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	for (size_t i = 0; i < COUNT_OF(turns); i++) {
		turns[i] = (struct turn){ .loop = loop, .next = &next, .id = i, .in_turn = true };
		scope_spawn(&s, "turn", take_turns, &turns[i]);
	}
	scope_wait(&s);
	for (size_t i = 0; i < COUNT_OF(turns); i++)
		CHECK(turns[i].in_turn);
}

static void test_tasks_run_in_the_order_they_became_ready(void **state)
{
	(void)state;
	run_real(keep_turns, NULL);
}

static void hog(void *arg)
{
	struct counter *c = arg;

	while (task_yield(c->loop, NULL))
		c->n++;
}

/* However busy the others are, timers and descriptors get their turn. */
static void sleep_beside_hogs(struct loop *loop, void *arg)
{
	struct counter c = { loop, 0 };
	struct scope s;
	uint32_t ready = 0;
	int ends[2];

	(void)arg;
	CHECK_EQ(pipe(ends), 0);
	scope_init(&s, loop);
	for (int i = 0; i < 200; i++)
		scope_spawn(&s, "hog", hog, &c);
	CHECK(task_sleep_ms(loop, 5, NULL));
	CHECK(c.n > 0);
	CHECK_EQ(write(ends[1], "x", 1), 1);
	CHECK(task_wait_fd(loop, ends[0], EPOLLIN, -1, &ready, NULL));
	CHECK_EQ(ready, EPOLLIN);
	scope_cancel(&s);
	scope_wait(&s);
	close(ends[0]);
	close(ends[1]);
}

static void test_busy_tasks_do_not_starve_timers_and_descriptors(void **state)
{
	(void)state;
	run_real(sleep_beside_hogs, NULL);
}

struct fd_wait {
	struct loop *loop;
	int fd;
	int64_t timeout_ms;
	uint32_t ready;
	bool ok;
	struct err err;
};

static void wait_fd(void *arg)
{
	struct fd_wait *w = arg;

	w->ready = 99;
	w->ok = task_wait_fd(w->loop, w->fd, EPOLLIN, w->timeout_ms, &w->ready, &w->err);
}

static void wait_for_descriptors(struct loop *loop, void *arg)
{
	struct fd_wait w[3];
	struct scope stay, go;
	int ends[3][2];

	(void)arg;
	scope_init(&stay, loop);
	scope_init(&go, loop);
	for (size_t i = 0; i < 3; i++) {
		CHECK_EQ(pipe(ends[i]), 0);
		w[i] = (struct fd_wait){ .loop = loop, .fd = ends[i][0], .timeout_ms = i == 1 ? 2 : -1 };
		scope_spawn(i == 2 ? &go : &stay, "reader", wait_fd, &w[i]);
	}
	settle(loop);
	scope_cancel(&go);
	CHECK_EQ(write(ends[2][1], "x", 1), 1); /* too late for the one that was cancelled */
	scope_wait(&go);
	CHECK_CLASS(w[2].ok, &w[2].err, ERR_CANCELLED);
	close(ends[0][1]);
	scope_wait(&stay);
	CHECK(w[0].ok && (w[0].ready & EPOLLHUP)); /* not asked for, always told */
	CHECK(w[1].ok);
	CHECK_EQ(w[1].ready, 0);
	CHECK(task_wait_fd(loop, ends[2][0], EPOLLIN, -1, NULL, NULL)); /* nobody holds it any more */
	for (size_t i = 0; i < 3; i++) {
		close(ends[i][0]);
		if (i)
			close(ends[i][1]);
	}
}

static void test_a_descriptor_wait_ends_ready_timed_out_or_cancelled(void **state)
{
	(void)state;
	run_real(wait_for_descriptors, NULL);
}

static void shield_deep(void *arg)
{
	struct counter *c = arg;
	struct err err = { 0 };

	for (int i = 0; i < 3; i++)
		task_shield_begin(c->loop);
	CHECK_OK(task_sleep_ms(c->loop, 5, &err), &err); /* cancelled meanwhile */
	CHECK(task_cancelled(c->loop));
	for (int i = 0; i < 3; i++) {
		CHECK_OK(task_yield(c->loop, &err), &err);
		task_shield_end(c->loop);
	}
	CHECK_CLASS(task_sleep_ms(c->loop, 0, &err), &err, ERR_CANCELLED);
	CHECK_CLASS(task_wait_fd(c->loop, -1, EPOLLIN, 0, NULL, &err), &err, ERR_CANCELLED);
	CHECK_STR(str_c(err.code), "task.cancelled");
	CHECK_STR(str_c(err.text), "the task \"shielded\" was cancelled");
	c->n++;
}

static void nest_shields(struct loop *loop, void *arg)
{
	struct counter c = { loop, 0 };
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	scope_spawn(&s, "shielded", shield_deep, &c);
	CHECK(task_sleep_ms(loop, 1, NULL));
	scope_cancel(&s);
	scope_wait(&s);
	CHECK_EQ(c.n, 1);
}

static void test_shields_nest(void **state)
{
	(void)state;
	run_both(nest_shields, NULL);
}

static void cancel_while_ready(void *arg)
{
	struct counter *c = arg;
	struct err err = { 0 };

	CHECK_CLASS(task_yield(c->loop, &err), &err, ERR_CANCELLED);
	c->n++;
}

static void cancel_a_yielding_task(struct loop *loop, void *arg)
{
	struct counter c = { loop, 0 };
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	scope_spawn(&s, "ready", cancel_while_ready, &c);
	CHECK(task_yield(loop, NULL)); /* it is ready again, or has not run yet */
	scope_cancel(&s);
	scope_wait(&s);
	CHECK_EQ(c.n, 1);
}

static void test_a_task_that_is_ready_can_be_cancelled(void **state)
{
	(void)state;
	run_both(cancel_a_yielding_task, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_scope_waits_for_all_its_tasks),
		cmocka_unit_test(test_cancelled_tasks_are_refused_every_wait),
		cmocka_unit_test(test_ten_thousand_sleep_each_their_time),
		cmocka_unit_test(test_tasks_run_in_the_order_they_became_ready),
		cmocka_unit_test(test_busy_tasks_do_not_starve_timers_and_descriptors),
		cmocka_unit_test(test_a_descriptor_wait_ends_ready_timed_out_or_cancelled),
		cmocka_unit_test(test_shields_nest),
		cmocka_unit_test(test_a_task_that_is_ready_can_be_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
