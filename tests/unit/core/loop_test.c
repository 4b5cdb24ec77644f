#include "support/test.h"

#include "sim/env.h"
#include "support/tasks.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct reader {
	struct watch watch;
	struct event event;
	uint32_t seen;
	unsigned calls;
	struct reader *other;  /* to be unwatched in the callback */
};

static void on_ready(void *arg, uint32_t ready)
{
	struct reader *r = arg;

	r->seen |= ready;
	r->calls++;
	event_set(&r->event);
	if (r->other) {
		loop_unwatch(&r->other->watch);
		loop_unwatch(&r->watch);
	}
}

static void reader_init(struct reader *r, struct loop *loop, int fd)
{
	*r = (struct reader){ .watch = { .fd = fd, .events = EPOLLIN, .fn = on_ready, .arg = r } };
	event_init(&r->event, loop);
}

/* In the real env, and in a simulated one that was told to allow descriptors. */
static void run_with_descriptors(test_body *body)
{
	struct env *env = sim_env_new(3);

	run_real(body, NULL);
	sim_env_allow_descriptors(env);
	run_in(env, body, NULL);
	env_free(env);
}

static void watch_a_pair(struct loop *loop, void *arg)
{
	struct reader r;
	struct err err = { 0 };
	int ends[2];
	char c;

	(void)arg;
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	reader_init(&r, loop, ends[0]);
	CHECK_OK(loop_watch(loop, &r.watch, &err), &err);
	CHECK(task_sleep_ms(loop, 2, NULL));
	CHECK_EQ(r.calls, 0);
	CHECK_EQ(write(ends[1], "a", 1), 1);
	CHECK(event_wait(&r.event, -1, NULL, NULL));
	CHECK(r.seen & EPOLLIN);
	r.watch.events = 0; /* still readable: nobody is told */
	CHECK_OK(loop_watch(loop, &r.watch, &err), &err);
	r.calls = 0;
	CHECK(task_sleep_ms(loop, 2, NULL));
	CHECK_EQ(r.calls, 0);
	r.watch.events = EPOLLOUT;
	event_clear(&r.event);
	CHECK_OK(loop_watch(loop, &r.watch, &err), &err);
	CHECK(event_wait(&r.event, -1, NULL, NULL));
	CHECK(r.seen & EPOLLOUT);
	CHECK_EQ(read(ends[0], &c, 1), 1);
	loop_unwatch(&r.watch);
	loop_unwatch(&r.watch);
	close(ends[0]);
	close(ends[1]);
}

static void test_a_watch_reports_what_it_asks_for(void **state)
{
	(void)state;
	run_with_descriptors(watch_a_pair);
}

static void unwatch_in_callback(struct loop *loop, void *arg)
{
	struct reader a, b;
	int one[2], two[2];

	(void)arg;
	CHECK_EQ(pipe(one), 0);
	CHECK_EQ(pipe(two), 0);
	reader_init(&a, loop, one[0]);
	reader_init(&b, loop, two[0]);
	a.other = &b;
	b.other = &a;
	CHECK_EQ(write(one[1], "a", 1) + write(two[1], "b", 1), 2); /* both will be in one report */
	CHECK(loop_watch(loop, &a.watch, NULL));
	CHECK(loop_watch(loop, &b.watch, NULL));
	CHECK(task_sleep_ms(loop, 5, NULL));
	CHECK_EQ(a.calls + b.calls, 1);
	CHECK(!a.watch.loop && !b.watch.loop);
	for (int i = 0; i < 2; i++) {
		close(one[i]);
		close(two[i]);
	}
}

static void test_an_unwatched_descriptor_is_not_called_back_any_more(void **state)
{
	(void)state;
	run_with_descriptors(unwatch_in_callback);
}

static void watch_wrongly(struct loop *loop, void *arg)
{
	struct reader a, b;
	struct err err = { 0 };
	int ends[2], file = open("/proc/self/exe", O_RDONLY);

	(void)arg;
	CHECK_EQ(pipe(ends), 0);
	reader_init(&a, loop, ends[0]);
	reader_init(&b, loop, ends[0]);
	CHECK_OK(loop_watch(loop, &a.watch, &err), &err);
	CHECK_CLASS(loop_watch(loop, &b.watch, &err), &err, ERR_FATAL);
	CHECK_STR(str_c(err.code), "fd.busy");
	CHECK_CLASS(task_wait_fd(loop, ends[0], EPOLLIN, 1, NULL, &err), &err, ERR_FATAL);
	CHECK_STR(str_c(err.code), "fd.busy");
	CHECK_CLASS(task_wait_fd(loop, -1, EPOLLIN, 1, NULL, &err), &err, ERR_FATAL);
	close(ends[0]);
	loop_unwatch(&a.watch); /* late, but harmless */
	close(ends[1]);
	CHECK_CLASS(task_wait_fd(loop, ends[1], EPOLLIN, 1, NULL, &err), &err, ERR_FATAL);
	CHECK_STR(str_c(err.code), "fd.watch");
	CHECK_CLASS(task_wait_fd(loop, file, EPOLLIN, 1, NULL, &err), &err, ERR_FATAL);
	CHECK_STR(str_c(err.code), "fd.watch");
	close(file);
}

static void test_wrong_descriptors_are_refused_with_their_number(void **state)
{
	(void)state;
	run_real(watch_wrongly, NULL);
}

static void watch_many(struct loop *loop, void *arg)
{
	enum { PAIRS = 300 }; /* more than fit in one report */
	static struct reader readers[PAIRS];
	static int ends[PAIRS][2];

	(void)arg;
	for (size_t i = 0; i < PAIRS; i++) {
		CHECK_EQ(pipe(ends[i]), 0);
		reader_init(&readers[i], loop, ends[i][0]);
		CHECK(loop_watch(loop, &readers[i].watch, NULL));
		CHECK_EQ(write(ends[i][1], "x", 1), 1);
	}
	for (size_t i = 0; i < PAIRS; i++)
		CHECK(event_wait(&readers[i].event, 60000, NULL, NULL));
	for (size_t i = 0; i < PAIRS; i++) {
		CHECK(readers[i].event.set);
		loop_unwatch(&readers[i].watch);
		close(ends[i][0]);
		close(ends[i][1]);
	}
}

static void test_more_descriptors_than_a_report_holds_all_get_their_turn(void **state)
{
	(void)state;
	run_real(watch_many, NULL);
}

enum { THREADS = 4, POSTS = 2000 };

struct note {
	struct poster *from;
	unsigned n;
};

struct poster {
	struct loop *loop;
	pthread_t thread;
	unsigned next;  /* of what this thread posted, the one expected next */
	bool in_order;
	size_t *total;
	struct event *all;
	struct note posts[POSTS];
};

static void take_post(void *arg)
{
	struct note *post = arg;
	struct poster *p = post->from;

	p->in_order &= post->n == p->next++;
	if (++*p->total == (size_t)THREADS * POSTS)
		event_set(p->all);
}

static void *post_all(void *arg)
{
	struct poster *p = arg;

	for (unsigned i = 0; i < POSTS; i++) {
		p->posts[i].from = p;
		p->posts[i].n = i;
		loop_post(p->loop, take_post, &p->posts[i]);
	}
	return NULL;
}

static void take_posts(struct loop *loop, void *arg)
{
	static struct poster posters[THREADS];
	struct event all;
	size_t total = 0;

	(void)arg;
	event_init(&all, loop);
	for (size_t i = 0; i < THREADS; i++) {
		posters[i] = (struct poster){ .loop = loop, .in_order = true, .total = &total, .all = &all };
		CHECK_EQ(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
	}
	CHECK(event_wait(&all, -1, NULL, NULL));
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(posters[i].thread, NULL);
		CHECK(posters[i].in_order);
	}
	CHECK_EQ(total, THREADS * POSTS);
}

static void test_posts_of_other_threads_all_arrive_in_order(void **state)
{
	(void)state;
	run_real(take_posts, NULL);
}

static void count(void *arg)
{
	*(int *)arg += 1;
}

static void post_and_leave(struct loop *loop, void *arg)
{
	loop_post(loop, count, arg);
}

struct relay {
	struct loop *loop;
	unsigned left;
	struct event done;
};

static void post_again(void *arg)
{
	struct relay *r = arg;

	if (r->left-- > 0)
		loop_post(r->loop, post_again, r);
	else
		event_set(&r->done);
}

static void relay_posts(struct loop *loop, void *arg)
{
	struct relay r = { .loop = loop, .left = 100 };
	int64_t began_ms = env_mono_ms(loop_env(loop));
	bool fired = false;

	(void)arg;
	event_init(&r.done, loop);
	loop_post(loop, post_again, &r);
	CHECK(event_wait(&r.done, 3600000, &fired, NULL));
	CHECK(fired);
	if (loop_env(loop)->simulated)
		CHECK_EQ(env_mono_ms(loop_env(loop)), began_ms);
}

static void test_a_post_may_post_again_before_time_moves(void **state)
{
	(void)state;
	run_both(relay_posts, NULL);
}

static void test_a_post_is_made_even_when_the_last_task_has_ended(void **state)
{
	int n = 0;

	(void)state;
	run_both(post_and_leave, &n);
	assert_int_equal(n, 2);
}

static void test_what_is_posted_to_an_idle_loop_is_called_at_its_end(void **state)
{
	struct env *env = env_real(NULL, NULL);
	struct loop *loop = loop_new(env, NULL);
	int n = 0;

	(void)state;
	loop_post(loop, count, &n);
	loop_free(loop);
	env_free(env);
	assert_int_equal(n, 1);
}

static void be_main(void *arg)
{
	*(bool *)arg = true;
}

static void test_a_loop_runs_again(void **state)
{
	struct env *env = env_real(NULL, NULL);
	struct loop *loop = loop_new(env, NULL);

	(void)state;
	for (int i = 0; i < 3; i++) {
		bool ran = false;

		run_tasks(loop, be_main, &ran);
		assert_true(ran);
	}
	assert_int_equal(loop_stats(loop).stacks, 1);
	assert_ptr_equal(loop_env(loop), env);
	loop_free(loop);
	env_free(env);
}

static void wait_for_it(void *arg)
{
	CHECK(event_wait(arg, -1, NULL, NULL));
}

static void look_at_stats(struct loop *loop, void *arg)
{
	struct loop_stats before, asleep, after;
	struct event e;
	struct scope s;

	(void)arg;
	event_init(&e, loop);
	before = loop_stats(loop);
	CHECK_EQ(before.tasks, 1);
	scope_init(&s, loop);
	for (int i = 0; i < 500; i++)
		scope_spawn(&s, "sleeper", wait_for_it, &e);
	settle(loop);
	asleep = loop_stats(loop);
	CHECK_EQ(asleep.tasks, 501);
	CHECK_EQ(asleep.stacks, 501);
	event_set(&e);
	scope_wait(&s);
	after = loop_stats(loop);
	CHECK_EQ(after.tasks, 1);
	CHECK(after.stacks < 501); /* the surplus went back */
	CHECK(after.switches >= before.switches + 1000);
#ifdef SLUICE_DEBUG
	CHECK(loop_stack_high_water(loop, "sleeper") > 100);
	CHECK(loop_stack_high_water(loop, "sleeper") < 65536);
#else
	CHECK_EQ(loop_stack_high_water(loop, "sleeper"), 0);
#endif
	CHECK_EQ(loop_stack_high_water(loop, "none"), 0);
}

static void test_statistics_count_tasks_and_stacks(void **state)
{
	(void)state;
	run_both(look_at_stats, NULL);
}

static void run_out_of_nothing(void *arg)
{
	struct scope s;
	int n = 0;

	scope_init(&s, arg);
	for (int i = 0; i < 50000; i++)
		scope_spawn(&s, "short", count, &n);
	scope_wait(&s);
	CHECK_EQ(n, 50000);
}

static void test_tasks_that_have_not_begun_need_no_stack(void **state)
{
	struct env *env = sim_env_new(1);
	struct loop *loop = loop_new(env, NULL);

	(void)state;
	run_tasks(loop, run_out_of_nothing, loop);
	assert_in_range(loop_stats(loop).stacks, 1, 3);
	loop_free(loop);
	env_free(env);
}

/* As a supervisor and its workers: each thread its own loop, posts between. */
struct worker {
	struct loop *boss, *loop;
	struct event *all_done;
	size_t *n_done;
	pthread_t thread;
	size_t yields, told;
};

static void hear_of_it(void *arg)
{
	struct worker *w = arg;

	if (++*w->n_done == THREADS)
		event_set(w->all_done);
}

static void count_telling(void *arg)
{
	struct worker *w = arg;

	w->told++;
}

static void yield_and_tell(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < 200; i++) {
		if (task_yield(w->loop, NULL))
			w->yields++;
		task_offload(w->loop, count_telling, w); /* one such task a loop: never two at once */
	}
	loop_post(w->boss, hear_of_it, w);
}

static void be_worker(void *arg)
{
	struct worker *w = arg;
	struct scope s;

	scope_init(&s, w->loop);
	scope_spawn(&s, "yield", yield_and_tell, w);
	scope_wait(&s);
}

static void *run_worker(void *arg)
{
	struct worker *w = arg;
	struct env *env = env_real(NULL, NULL);

	w->loop = loop_new(env, NULL);
	loop_run(w->loop, be_worker, w);
	loop_free(w->loop);
	env_free(env);
	return NULL;
}

static void be_boss(struct loop *loop, void *arg)
{
	struct worker workers[THREADS];
	struct event all_done;
	size_t n_done = 0;

	(void)arg;
	event_init(&all_done, loop);
	for (size_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .boss = loop, .all_done = &all_done, .n_done = &n_done };
		CHECK_EQ(pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]), 0);
	}
	CHECK(event_wait(&all_done, -1, NULL, NULL));
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		CHECK_EQ(workers[i].yields, 200);
		CHECK_EQ(workers[i].told, 200);
	}
}

static void test_each_thread_has_its_own_loop(void **state)
{
	(void)state;
	run_real(be_boss, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_watch_reports_what_it_asks_for),
		cmocka_unit_test(test_an_unwatched_descriptor_is_not_called_back_any_more),
		cmocka_unit_test(test_wrong_descriptors_are_refused_with_their_number),
		cmocka_unit_test(test_more_descriptors_than_a_report_holds_all_get_their_turn),
		cmocka_unit_test(test_posts_of_other_threads_all_arrive_in_order),
		cmocka_unit_test(test_a_post_may_post_again_before_time_moves),
		cmocka_unit_test(test_a_post_is_made_even_when_the_last_task_has_ended),
		cmocka_unit_test(test_what_is_posted_to_an_idle_loop_is_called_at_its_end),
		cmocka_unit_test(test_a_loop_runs_again),
		cmocka_unit_test(test_statistics_count_tasks_and_stacks),
		cmocka_unit_test(test_each_thread_has_its_own_loop),
		cmocka_unit_test(test_tasks_that_have_not_begun_need_no_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
