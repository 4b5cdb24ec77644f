#include "support/test.h"

#include "sim/env.h"
#include "sluice/core/mem.h"
#include "support/tasks.h"

enum { N = 400 };

struct log_of_fires {
	struct env *env;
	size_t order[N], n;
};

struct one {
	struct timer timer;
	struct log_of_fires *log;
	size_t id;
	int64_t due_ms;
	bool cancelled;
};

static void fire(void *arg)
{
	struct one *o = arg;

	o->log->order[o->log->n++] = o->id;
	CHECK_EQ(env_mono_ms(o->log->env), o->due_ms);
	CHECK_EQ(o->timer.heap_index, 0);
}

static bool comes_before(const struct one *a, const struct one *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->timer.seq < b->timer.seq;
}

/* Against the plainest model: of all that are left, the least. */
static void compare_with_model(struct loop *loop, void *arg)
{
	struct log_of_fires log = { .env = loop_env(loop) };
	struct rng *rng = &loop_env(loop)->rng;
	struct one *all = mem_array(N, sizeof(*all));

	(void)arg;
	for (size_t i = 0; i < N; i++) {
		all[i] = (struct one){ .timer = { .fn = fire, .arg = &all[i] }, .log = &log, .id = i };
		all[i].due_ms = (int64_t)rng_below(rng, 100);
		loop_timer_set(loop, &all[i].timer, all[i].due_ms);
	}
	for (size_t i = 0; i < N; i++) {
		uint64_t change = rng_below(rng, 4);

		if (change == 0) {
			loop_timer_cancel(&all[i].timer);
			all[i].cancelled = true;
		} else if (change == 1) {
			all[i].due_ms = (int64_t)rng_below(rng, 100);
			loop_timer_set(loop, &all[i].timer, all[i].due_ms);
		}
	}
	CHECK(task_sleep_ms(loop, 1000, NULL));
	for (size_t i = 0; i < log.n; i++) {
		struct one *least = NULL;

		for (size_t j = 0; j < N; j++) {
			if (!all[j].cancelled && (!least || comes_before(&all[j], least)))
				least = &all[j];
		}
		CHECK(least);
		CHECK_EQ(log.order[i], least->id);
		least->cancelled = true;
	}
	for (size_t j = 0; j < N; j++)
		CHECK(all[j].cancelled);
	mem_free(all);
}

static void test_timers_fire_in_order_whatever_was_set_and_cancelled(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 40; seed++)
		run_simulated(seed, compare_with_model, NULL);
}

struct ticker {
	struct loop *loop;
	struct timer timer;
	unsigned ticks, most, turns;
	struct event *done;
};

static void tick(void *arg)
{
	struct ticker *t = arg;

	if (++t->ticks == t->most)
		event_set(t->done);
	else
		loop_timer_set(t->loop, &t->timer, 0);
}

static void count_turns(void *arg)
{
	struct ticker *t = arg;

	for (; !t->done->set; t->turns++)
		CHECK(task_sleep_ms(t->loop, 0, NULL));
}

static void tick_without_pause(struct loop *loop, void *arg)
{
	struct event done;
	struct ticker t = { .loop = loop, .most = 1000, .done = &done };
	struct scope s;

	(void)arg;
	t.timer = (struct timer){ .fn = tick, .arg = &t };
	event_init(&done, loop);
	scope_init(&s, loop);
	scope_spawn(&s, "turns", count_turns, &t);
	loop_timer_set(loop, &t.timer, 0);
	CHECK(event_wait(&done, -1, NULL, NULL));
	scope_wait(&s);
	CHECK_EQ(t.ticks, 1000);
	CHECK(t.turns > (loop_env(loop)->simulated ? 900 : 100)); /* real time has its own mind */
}

static void test_a_timer_that_sets_itself_anew_leaves_room_for_others(void **state)
{
	(void)state;
	run_both(tick_without_pause, NULL);
}

struct pair {
	struct timer first, second;
	unsigned fired;
};

static void cancel_the_other(void *arg)
{
	struct pair *p = arg;

	p->fired++;
	loop_timer_cancel(&p->first);
	loop_timer_cancel(&p->second);
}

static void cancel_in_callback(struct loop *loop, void *arg)
{
	struct pair p = { .first = { .fn = cancel_the_other, .arg = &p }, .second = { .fn = cancel_the_other, .arg = &p } };

	(void)arg;
	loop_timer_cancel(&p.first); /* not armed yet: nothing happens */
	loop_timer_set(loop, &p.first, 1);
	loop_timer_set(loop, &p.second, 1);
	CHECK(task_sleep_ms(loop, 20, NULL));
	CHECK_EQ(p.fired, 1);
}

static void test_a_callback_cancels_what_is_due_with_it(void **state)
{
	(void)state;
	run_both(cancel_in_callback, NULL);
}

static void set_for_ever(struct loop *loop, void *arg)
{
	struct one far = { .timer = { .fn = fire, .arg = &far } };

	(void)arg;
	loop_timer_set(loop, &far.timer, INT64_MAX);
	CHECK_EQ(far.timer.due_ns, INT64_MAX);
	loop_timer_set(loop, &far.timer, INT64_MAX / 1000000);
	CHECK(far.timer.due_ns > 0);
	loop_timer_set(loop, &far.timer, -5);
	CHECK_EQ(far.timer.due_ns / 1000000, env_mono_ms(loop_env(loop)));
	loop_timer_cancel(&far.timer);
}

static void test_a_time_too_far_does_not_wrap(void **state)
{
	(void)state;
	run_both(set_for_ever, NULL);
}

static void leave_armed(struct loop *loop, void *arg)
{
	loop_timer_set(loop, arg, 1000);
}

static void test_a_timer_outlives_its_loop_disarmed(void **state)
{
	struct timer t = { .fn = fire };

	(void)state;
	run_both(leave_armed, &t);
	loop_timer_cancel(&t);
	assert_int_equal(t.heap_index, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers_fire_in_order_whatever_was_set_and_cancelled),
		cmocka_unit_test(test_a_timer_that_sets_itself_anew_leaves_room_for_others),
		cmocka_unit_test(test_a_callback_cancels_what_is_due_with_it),
		cmocka_unit_test(test_a_time_too_far_does_not_wrap),
		cmocka_unit_test(test_a_timer_outlives_its_loop_disarmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
