#include "support/test.h"

#include "support/tasks.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

struct blocked {
	struct loop *loop;
	int ends[2];
	char got;
	bool ended;
};

static void read_byte(void *arg)
{
	struct blocked *b = arg;

	if (read(b->ends[0], &b->got, 1) != 1)
		b->got = '?';
}

static void offload_read(void *arg)
{
	struct blocked *b = arg;

	task_offload(b->loop, read_byte, b);
	b->ended = true;
}

/* As a resolver that hangs: the call ends only because others go on. */
static void go_on_meanwhile(struct loop *loop, void *arg)
{
	struct blocked b = { .loop = loop };
	struct scope s;

	(void)arg;
	CHECK_EQ(pipe(b.ends), 0);
	scope_init(&s, loop);
	scope_spawn(&s, "blocked", offload_read, &b);
	for (int i = 0; i < 100; i++) {
		CHECK(task_sleep_ms(loop, 0, NULL));
		CHECK(!b.ended);
	}
	CHECK_EQ(write(b.ends[1], "x", 1), 1);
	scope_wait(&s);
	CHECK_EQ(b.got, 'x');
	close(b.ends[0]);
	close(b.ends[1]);
}

static void test_a_blocking_call_does_not_stop_other_tasks(void **state)
{
	(void)state;
	run_real(go_on_meanwhile, NULL);
}

enum { AT_ONCE = 4, CALLS = 20 };

struct crowd {
	struct loop *loop;
	pthread_barrier_t all_there;
	atomic_int running, most, ended;
};

static void meet_the_others(void *arg)
{
	struct crowd *c = arg;
	int running = atomic_fetch_add(&c->running, 1) + 1, most = atomic_load(&c->most);

	while (running > most && !atomic_compare_exchange_weak(&c->most, &most, running))
		;
	pthread_barrier_wait(&c->all_there); /* hangs unless four run at once */
	atomic_fetch_sub(&c->running, 1);
	atomic_fetch_add(&c->ended, 1);
}

static void offload_meeting(void *arg)
{
	struct crowd *c = arg;

	task_offload(c->loop, meet_the_others, c);
}

static void crowd_in(struct loop *loop, void *arg)
{
	struct crowd c = { .loop = loop };
	struct scope s;

	(void)arg;
	CHECK_EQ(pthread_barrier_init(&c.all_there, NULL, AT_ONCE), 0);
	scope_init(&s, loop);
	for (int i = 0; i < CALLS; i++)
		scope_spawn(&s, "meeting", offload_meeting, &c);
	scope_wait(&s);
	CHECK_EQ(atomic_load(&c.ended), CALLS);
	CHECK_EQ(atomic_load(&c.most), AT_ONCE);
	pthread_barrier_destroy(&c.all_there);
}

static void test_four_calls_run_at_once_and_the_rest_queues(void **state)
{
	(void)state;
	run_real(crowd_in, NULL);
}

static void look_at_mask(void *arg)
{
	pthread_sigmask(SIG_BLOCK, NULL, arg);
}

static void check_masks(struct loop *loop, void *arg)
{
	sigset_t here, there;

	(void)arg;
	task_offload(loop, look_at_mask, &there);
	CHECK(sigismember(&there, SIGTERM) && sigismember(&there, SIGINT) && sigismember(&there, SIGUSR1));
	look_at_mask(&here);
	CHECK(!sigismember(&here, SIGTERM));
}

static void test_helper_threads_take_no_signals(void **state)
{
	(void)state;
	run_real(check_masks, NULL);
}

struct call {
	struct loop *loop;
	int calls;
};

static void count_call(void *arg)
{
	*(int *)arg += 1;
}

static void offload_cancelled(void *arg)
{
	struct call *c = arg;

	task_offload(c->loop, count_call, &c->calls);
	while (task_sleep_ms(c->loop, 1, NULL))
		;
	task_offload(c->loop, count_call, &c->calls); /* cancelled by now: still made */
}

static void cancel_calls(struct loop *loop, void *arg)
{
	struct call calls[10];
	struct scope s;

	(void)arg;
	scope_init(&s, loop);
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		calls[i] = (struct call){ .loop = loop };
		scope_spawn(&s, "call", offload_cancelled, &calls[i]);
	}
	settle(loop);
	scope_cancel(&s);
	scope_wait(&s);
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		CHECK_EQ(calls[i].calls, 2);
}

static void cancel_in_the_call(struct loop *loop, void *arg)
{
	struct blocked b = { .loop = loop };
	struct scope s;

	(void)arg;
	CHECK_EQ(pipe(b.ends), 0);
	scope_init(&s, loop);
	scope_spawn(&s, "blocked", offload_read, &b);
	settle(loop);
	scope_cancel(&s);
	settle(loop);
	CHECK(!b.ended);
	CHECK_EQ(write(b.ends[1], "y", 1), 1);
	scope_wait(&s);
	CHECK_EQ(b.got, 'y');
	close(b.ends[0]);
	close(b.ends[1]);
}

static void test_a_call_is_never_cut_short(void **state)
{
	(void)state;
	run_real(cancel_in_the_call, NULL);
	run_both(cancel_calls, NULL);
}

static void check_thread(void *arg)
{
	*(pthread_t *)arg = pthread_self();
}

static void see_threads(struct loop *loop, void *arg)
{
	pthread_t there;

	task_offload(loop, check_thread, &there);
	CHECK_EQ(pthread_equal(there, pthread_self()) != 0, *(bool *)arg);
}

static void test_a_simulation_has_one_thread(void **state)
{
	bool same = true;

	(void)state;
	run_simulated(1, see_threads, &same);
	same = false;
	run_real(see_threads, &same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_blocking_call_does_not_stop_other_tasks),
		cmocka_unit_test(test_four_calls_run_at_once_and_the_rest_queues),
		cmocka_unit_test(test_helper_threads_take_no_signals),
		cmocka_unit_test(test_a_call_is_never_cut_short),
		cmocka_unit_test(test_a_simulation_has_one_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
