#include "support/test.h"

#include "sim/env.h"
#include "support/child.h"
#include "support/tasks.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TASKS = 1000, STEPS = 5 };

struct trace {
	struct loop *loop;
	size_t n_tasks, n;
	uint16_t *ids;      /* who ran, in order: n_tasks * STEPS */
	uint64_t last_draw;
};

struct stepper {
	struct trace *trace;
	uint16_t id;
};

static void step(void *arg)
{
	struct stepper *s = arg;
	struct trace *t = s->trace;

	for (int i = 0; i < STEPS; i++) {
		t->ids[t->n++] = s->id;
		if (s->id % 3 == 0)
			CHECK(task_sleep_ms(t->loop, s->id % 7, NULL));
		else
			CHECK(task_yield(t->loop, NULL));
	}
}

static void interleave(struct loop *loop, void *arg)
{
	struct trace *t = arg;
	static struct stepper steppers[TASKS];
	struct scope s;

	t->loop = loop;
	scope_init(&s, loop);
	for (size_t i = 0; i < t->n_tasks; i++) {
		steppers[i] = (struct stepper){ t, (uint16_t)i };
		scope_spawn(&s, "step", step, &steppers[i]);
	}
	scope_wait(&s);
	CHECK_EQ(t->n, t->n_tasks * STEPS);
	t->last_draw = rng_next(&loop_env(loop)->rng);
}

static void test_one_seed_is_one_history(void **state)
{
	static uint16_t ids[3][TASKS * STEPS];
	struct trace t[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		t[i] = (struct trace){ .ids = ids[i], .n_tasks = has_tsan() ? TASKS / 10 : TASKS };
		run_simulated(i < 2 ? 42 : 43, interleave, &t[i]);
	}
	assert_memory_equal(ids[0], ids[1], t[0].n * sizeof(uint16_t));
	assert_true(t[0].last_draw == t[1].last_draw);
	assert_true(memcmp(ids[0], ids[2], t[0].n * sizeof(uint16_t)) != 0);
	assert_true(t[0].last_draw != t[2].last_draw);
}

static void sleep_ten_hours(struct loop *loop, void *arg)
{
	const int64_t ten_hours_ms = 10 * 3600 * 1000;
	struct env *env = loop_env(loop);
	int64_t mono_ms = env_mono_ms(env), wall_ms = env_wall_ms(env);

	(void)arg;
	CHECK_EQ(wall_ms, SIM_EPOCH_MS);
	for (int i = 0; i < 1000; i++)
		CHECK(task_sleep_ms(loop, ten_hours_ms, NULL));
	CHECK_EQ(env_mono_ms(env) - mono_ms, 1000 * ten_hours_ms);
	CHECK_EQ(env_wall_ms(env) - wall_ms, 1000 * ten_hours_ms);
	CHECK(loop_stats(loop).waits < 2500);
}

static void test_a_year_of_sleep_takes_no_time(void **state)
{
	(void)state;
	run_simulated(1, sleep_ten_hours, NULL);
}

static void skew(struct loop *loop, void *arg)
{
	struct env *env = loop_env(loop);
	int64_t mono = env_mono_ns(env);

	(void)arg;
	sim_env_set_skew_ms(env, -5000);
	CHECK_EQ(env_wall_ms(env), SIM_EPOCH_MS - 5000);
	CHECK_EQ(sim_env_log_now_ms(env), SIM_EPOCH_MS - 5000);
	CHECK_EQ(env_mono_ns(env), mono);
	sim_env_advance_ms(env, 7000);
	CHECK_EQ(env_wall_ms(env), SIM_EPOCH_MS + 2000);
	CHECK_EQ(env_mono_ns(env), mono + INT64_C(7000000000));
}

static void test_the_wall_clock_can_be_wrong_the_monotonic_one_cannot(void **state)
{
	(void)state;
	run_simulated(1, skew, NULL);
}

static void advance_past_a_sleep(struct loop *loop, void *arg)
{
	struct event e;
	bool fired = true;

	(void)arg;
	event_init(&e, loop);
	sim_env_advance_ms(loop_env(loop), 1000);
	CHECK(event_wait(&e, 10, &fired, NULL));
	CHECK(!fired);
	CHECK_EQ(env_mono_ms(loop_env(loop)), 1010);
}

static void test_timeouts_count_from_the_moved_clock(void **state)
{
	(void)state;
	run_simulated(1, advance_past_a_sleep, NULL);
}

static void watch_refused(struct loop *loop, void *arg)
{
	struct err err = { 0 };

	(void)arg;
	CHECK_CLASS(task_wait_fd(loop, 0, EPOLLIN, 10, NULL, &err), &err, ERR_FATAL);
	CHECK_STR(str_c(err.code), "sim.descriptor");
}

static void test_descriptors_are_refused_unless_allowed(void **state)
{
	(void)state;
	run_simulated(1, watch_refused, NULL);
}

struct echo {
	struct loop *loop;
	int fd;
};

static void echo_back(void *arg)
{
	struct echo *e = arg;
	uint32_t ready = 0;
	char c;

	for (int i = 0; i < 10; i++) {
		CHECK(task_wait_fd(e->loop, e->fd, EPOLLIN, 1000, &ready, NULL));
		CHECK(ready & EPOLLIN);
		CHECK_EQ(read(e->fd, &c, 1), 1);
		CHECK(task_sleep_ms(e->loop, 100, NULL)); /* a far side that takes its time */
		CHECK_EQ(write(e->fd, &c, 1), 1);
	}
}

static void talk_over_a_pair(struct loop *loop, void *arg)
{
	struct echo e = { .loop = loop };
	struct scope s;
	uint32_t ready = 0;
	int ends[2];
	char c = 'a';

	(void)arg;
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	e.fd = ends[1];
	scope_init(&s, loop);
	scope_spawn(&s, "echo", echo_back, &e);
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(write(ends[0], &c, 1), 1);
		CHECK(task_wait_fd(loop, ends[0], EPOLLIN, -1, &ready, NULL));
		CHECK(ready & EPOLLIN);
		CHECK_EQ(read(ends[0], &c, 1), 1);
	}
	CHECK(task_wait_fd(loop, ends[0], EPOLLIN, 500, &ready, NULL));
	CHECK_EQ(ready, 0);
	CHECK_EQ(env_mono_ms(loop_env(loop)), 10 * 100 + 500);
	scope_wait(&s);
	close(ends[0]);
	close(ends[1]);
}

static void test_allowed_descriptors_keep_virtual_time(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 10; seed++) {
		struct env *env = sim_env_new(seed);

		sim_env_allow_descriptors(env);
		run_in(env, talk_over_a_pair, NULL);
		env_free(env);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_seed_is_one_history),
		cmocka_unit_test(test_a_year_of_sleep_takes_no_time),
		cmocka_unit_test(test_the_wall_clock_can_be_wrong_the_monotonic_one_cannot),
		cmocka_unit_test(test_timeouts_count_from_the_moved_clock),
		cmocka_unit_test(test_descriptors_are_refused_unless_allowed),
		cmocka_unit_test(test_allowed_descriptors_keep_virtual_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
