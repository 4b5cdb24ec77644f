/* task_bench: what the scheduler costs. Prints nanoseconds an operation, the
 * best of some rounds: the machine's own noise is not what is asked for. */
#include "sluice/core/fiber.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 60 }; /* short ones: some fall between two interruptions */

struct bench {
	const char *name;
	size_t n;                               /* operations a round */
	void (*run)(struct loop *loop, size_t n);
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct part {
	struct loop *loop;
	size_t n;
	struct event *mine, *other;
	struct channel *channel;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void suspend_often(void *arg)
{
	for (;;)
		fiber_suspend(*(struct fiber **)arg);
}

/* Not freed: a fiber that has not ended cannot be; the process ends anyway. */
static void bench_fiber(struct loop *loop, size_t n)
{
	struct fiber_pool *pool = fiber_pool_new(1);
	struct fiber *f = NULL;

	(void)loop;
	f = fiber_new(pool, suspend_often, &f);
	for (size_t i = 0; i < n; i += 2)
		fiber_resume(f);
}

static void yield_n(void *arg)
{
	struct part *p = arg;

	for (size_t i = 0; i < p->n; i++)
		must(task_yield(p->loop, NULL));
}

static void yield_in(struct loop *loop, size_t n, size_t n_tasks)
{
	struct part p = { .loop = loop, .n = n / n_tasks };
	struct scope s;

	scope_init(&s, loop);
	for (size_t i = 0; i < n_tasks; i++)
		scope_spawn(&s, "yield", yield_n, &p);
	scope_wait(&s);
}

static void bench_yield_2(struct loop *loop, size_t n)
{
	yield_in(loop, n, 2);
}

static void bench_yield_1000(struct loop *loop, size_t n)
{
	yield_in(loop, n, 1000);
}

static void do_nothing(void *arg)
{
	(void)arg;
}

static void bench_spawn(struct loop *loop, size_t n)
{
	struct scope s;

	scope_init(&s, loop);
	for (size_t i = 0; i < n; i++)
		scope_spawn(&s, "nothing", do_nothing, NULL);
	scope_wait(&s);
}

static void ping(void *arg)
{
	struct part *p = arg;

	for (size_t i = 0; i < p->n; i++) {
		event_set(p->other);
		must(event_wait(p->mine, -1, NULL, NULL));
		event_clear(p->mine);
	}
	event_set(p->other);
}

static void bench_event(struct loop *loop, size_t n)
{
	struct event a, b;
	struct part one = { .loop = loop, .n = n / 2, .mine = &a, .other = &b };
	struct part two = { .loop = loop, .n = n / 2, .mine = &b, .other = &a };
	struct scope s;

	event_init(&a, loop);
	event_init(&b, loop);
	scope_init(&s, loop);
	scope_spawn(&s, "ping", ping, &one);
	scope_spawn(&s, "ping", ping, &two);
	scope_wait(&s);
}

static void send_n(void *arg)
{
	struct part *p = arg;

	for (size_t i = 0; i < p->n; i++)
		must(channel_send(p->channel, p, NULL));
	channel_close(p->channel);
}

static void bench_channel(struct loop *loop, size_t n)
{
	struct channel c;
	struct part p = { .loop = loop, .n = n, .channel = &c };
	struct scope s;
	void *item;

	channel_init(&c, loop, 64);
	scope_init(&s, loop);
	scope_spawn(&s, "send", send_n, &p);
	while (channel_recv(&c, &item, NULL))
		;
	scope_wait(&s);
	channel_release(&c);
}

static void bench_timer(struct loop *loop, size_t n)
{
	struct timer *timers = mem_array(n, sizeof(*timers));

	for (size_t i = 0; i < n; i++) {
		timers[i].fn = do_nothing;
		loop_timer_set(loop, &timers[i], (int64_t)rng_below(&loop_env(loop)->rng, 1000000));
	}
	for (size_t i = 0; i < n; i++)
		loop_timer_cancel(&timers[i]);
	mem_free(timers);
}

static void bench_offload(struct loop *loop, size_t n)
{
	for (size_t i = 0; i < n; i++)
		task_offload(loop, do_nothing, NULL);
}

static void sleep_1s(void *arg)
{
	must(!task_sleep_ms(arg, 1000, NULL)); /* cancelled */
}

static void bench_sleepers(struct loop *loop, size_t n)
{
	struct scope s;

	scope_init(&s, loop);
	for (size_t i = 0; i < n; i++)
		scope_spawn(&s, "sleep", sleep_1s, loop);
	must(task_yield(loop, NULL));
	scope_cancel(&s);
	scope_wait(&s);
}

static const struct bench benches[] = {
	{ "context switch", 20000, bench_fiber },
	{ "yield, 2 tasks", 10000, bench_yield_2 },
	{ "yield, 1000 tasks", 20000, bench_yield_1000 },
	{ "spawn, run, end", 5000, bench_spawn },
	{ "event, set and wait", 10000, bench_event },
	{ "channel item", 50000, bench_channel },
	{ "timer, set and cancel", 20000, bench_timer },
	{ "offload round trip", 300, bench_offload },
	{ "1,000 sleepers, a task", 1000, bench_sleepers },
};

static void run_all(void *arg)
{
	struct loop *loop = arg;

	for (size_t i = 0; i < sizeof(benches) / sizeof(*benches); i++) {
		const struct bench *b = &benches[i];
		double best = 1e18;

		for (int round = 0; round < ROUNDS; round++) {
			int64_t began = now_ns();

			b->run(loop, b->n);

			double took = (double)(now_ns() - began) / (double)b->n;

			best = took < best ? took : best;
		}
		printf("%-26s %9.1f ns\n", b->name, best);
	}
}

int main(void)
{
	struct err err = { 0 };
	struct env *env = env_real(NULL, &err);
	struct loop *loop = env ? loop_new(env, &err) : NULL;

	if (!loop) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	loop_run(loop, run_all, loop);
	loop_free(loop);
	env_free(env);
	return 0;
}
