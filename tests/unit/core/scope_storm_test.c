/* Tasks in random trees of scopes do random things and are cancelled at random
 * moments. Whatever happens: every task ends, every refusal has its reason,
 * every item has one owner, nothing stays behind. */
#include "support/test.h"

#include "sim/env.h"
#include "sluice/core/mem.h"
#include "support/child.h"
#include "support/tasks.h"

enum { MOST_TASKS = 150, MOST_SCOPES = 64, DEPTH = 5, EVENTS = 4, SEEDS = 200 };

struct storm {
	struct loop *loop;
	struct rng rng;
	int64_t longest_ms;     /* sleeps and timeouts */
	struct scope *scopes[MOST_SCOPES];
	size_t n_scopes;
	struct event events[EVENTS];
	struct channel channel;
	size_t spawned, started, ended, refused, shielded, offloads;
	size_t sent, received;
	bool broken;            /* a promise was: said once, then everything winds down */
	uint64_t history;
};

struct node {
	struct storm *storm;
	unsigned depth;
};

/* One task's view while it does its things. */
struct doer {
	struct storm *st;
	unsigned depth, shields;
	bool was_cancelled;     /* before the present wait */
};

static void run_node(void *arg);
static void do_something(struct doer *d);

static uint64_t draw(struct storm *st, uint64_t n)
{
	return rng_below(&st->rng, n);
}

static void note(struct storm *st, uint64_t what)
{
	st->history = (st->history ^ what) * UINT64_C(1099511628211);
}

static bool expect(struct storm *st, bool so, const char *what)
{
	if (!so && !st->broken) {
		st->broken = true;
		check_true(false, what, __FILE__, __LINE__);
	}
	return so;
}

static void before(struct doer *d)
{
	d->was_cancelled = task_cancelled(d->st->loop);
}

/* What a wait said against what it had to say. */
static void after(struct doer *d, bool ok, const struct err *err)
{
	struct storm *st = d->st;

	note(st, ok);
	if (ok) {
		expect(st, !d->was_cancelled || d->shields, "a cancelled task was let wait outside a shield");
		return;
	}
	st->refused++;
	expect(st, err->class == ERR_CANCELLED, "a wait failed for another reason than a cancellation");
	expect(st, task_cancelled(st->loop), "a task was refused that was not cancelled");
	expect(st, d->shields == 0, "a task was refused in a shield");
}

static void spawn(struct storm *st, struct scope *s, unsigned depth)
{
	struct node *n;

	if (st->spawned == MOST_TASKS)
		return;
	n = mem_alloc(sizeof(*n));
	*n = (struct node){ st, depth };
	st->spawned++;
	scope_spawn(s, "node", run_node, n);
}

static struct scope *any_scope(struct storm *st)
{
	return st->n_scopes ? st->scopes[draw(st, st->n_scopes)] : NULL;
}

static void forget_scope(struct storm *st, struct scope *s)
{
	size_t at = 0;

	while (st->scopes[at] != s)
		at++;
	st->scopes[at] = st->scopes[--st->n_scopes];
}

static void do_sleep(struct doer *d)
{
	struct err err = { 0 };

	before(d);
	after(d, task_sleep_ms(d->st->loop, (int64_t)draw(d->st, (uint64_t)d->st->longest_ms), &err), &err);
}

static void do_yield(struct doer *d)
{
	struct err err = { 0 };

	before(d);
	after(d, task_yield(d->st->loop, &err), &err);
}

static void do_event_wait(struct doer *d)
{
	struct storm *st = d->st;
	struct err err = { 0 };
	struct event *e = &st->events[draw(st, EVENTS)];
	int64_t timeout_ms = draw(st, 3) == 0 ? -1 : (int64_t)draw(st, (uint64_t)st->longest_ms);
	bool fired = false;

	before(d);
	after(d, event_wait(e, timeout_ms, &fired, &err), &err);
	note(st, fired);
}

static void do_event_change(struct doer *d)
{
	struct event *e = &d->st->events[draw(d->st, EVENTS)];

	if (draw(d->st, 2))
		event_set(e);
	else
		event_clear(e);
}

static void do_send(struct doer *d)
{
	struct err err = { 0 };
	void *item = mem_alloc(1);
	bool ok;

	before(d);
	ok = channel_send(&d->st->channel, item, &err);
	after(d, ok, &err);
	if (ok)
		d->st->sent++;
	else
		mem_free(item);
}

static void do_recv(struct doer *d)
{
	struct err err = { 0 };
	void *item = NULL;
	bool ok;

	before(d);
	ok = channel_recv(&d->st->channel, &item, &err);
	after(d, ok, &err);
	if (ok)
		d->st->received++;
	mem_free(item);
}

static void count_one(void *arg)
{
	*(size_t *)arg += 1;
}

static void do_offload(struct doer *d)
{
	size_t calls = 0;

	task_offload(d->st->loop, count_one, &calls);
	expect(d->st, calls == 1, "an offloaded call was not made, or twice");
	d->st->offloads++;
}

static void do_in_shield(struct doer *d)
{
	task_shield_begin(d->st->loop);
	d->shields++;
	d->st->shielded++;
	do_something(d);
	d->shields--;
	task_shield_end(d->st->loop);
}

static void do_scope(struct doer *d)
{
	struct storm *st = d->st;
	struct scope s;

	if (d->depth == DEPTH || st->n_scopes == MOST_SCOPES)
		return;
	scope_init(&s, st->loop);
	expect(st, s.cancelled == (task_cancelled(st->loop) && d->shields == 0), "a new scope's state is not its parent's");
	st->scopes[st->n_scopes++] = &s;
	for (uint64_t n = 1 + draw(st, 4); n > 0; n--)
		spawn(st, &s, d->depth + 1);
	d->depth++;
	if (draw(st, 2))
		do_something(d);
	d->depth--;
	if (draw(st, 3) == 0)
		scope_cancel(&s);
	scope_wait(&s);
	forget_scope(st, &s);
	expect(st, s.n_tasks == 0 && !s.tasks, "a scope was closed with tasks in it");
}

static void do_cancel(struct doer *d)
{
	struct scope *s = any_scope(d->st);

	if (s)
		scope_cancel(s);
}

static void do_spawn_elsewhere(struct doer *d)
{
	struct scope *s = any_scope(d->st);

	if (s && s->n_tasks) /* one that is empty may have been waited for already */
		spawn(d->st, s, DEPTH);
}

static void do_something(struct doer *d)
{
	static void (*const things[])(struct doer *d) = {
		do_sleep, do_sleep, do_yield, do_yield, do_event_wait, do_event_wait, do_event_change, do_send, do_recv,
		do_offload, do_in_shield, do_scope, do_scope, do_scope, do_cancel, do_spawn_elsewhere,
	};
	uint64_t which = draw(d->st, COUNT_OF(things));

	note(d->st, which);
	note(d->st, (uint64_t)d->depth << 32 | d->shields);
	things[which](d);
}

static void run_node(void *arg)
{
	struct node *n = arg;
	struct doer d = { .st = n->storm, .depth = n->depth };

	mem_free(n);
	d.st->started++;
	for (uint64_t steps = 1 + draw(d.st, 8); steps > 0 && !d.st->broken; steps--)
		do_something(&d);
	d.st->ended++;
}

/* Sees to it that nobody waits for ever. */
static void keep_going(void *arg)
{
	struct storm *st = arg;
	void *item;

	while (st->ended < st->spawned) {
		CHECK(task_sleep_ms(st->loop, 1 + st->longest_ms / 4, NULL));
		event_set(&st->events[draw(st, EVENTS)]);
		if (st->channel.count == st->channel.cap) {
			CHECK(channel_recv(&st->channel, &item, NULL));
			st->received++;
			mem_free(item);
		} else if (st->channel.inside) {
			CHECK(channel_send(&st->channel, mem_alloc(1), NULL));
			st->sent++;
		}
	}
}

static void drain(struct storm *st)
{
	void *item;

	while (st->channel.count) {
		CHECK(channel_recv(&st->channel, &item, NULL));
		st->received++;
		mem_free(item);
	}
}

static void blow(struct loop *loop, void *arg)
{
	struct storm *st = arg;
	struct scope all, keeper;

	st->loop = loop;
	for (size_t i = 0; i < EVENTS; i++)
		event_init(&st->events[i], loop);
	channel_init(&st->channel, loop, 2);
	scope_init(&all, loop);
	scope_init(&keeper, loop);
	for (int i = 0; i < 10; i++)
		spawn(st, &all, 0);
	scope_spawn(&keeper, "keeper", keep_going, st);
	scope_wait(&all);
	scope_wait(&keeper);
	drain(st);
	CHECK_EQ(st->started, st->spawned);
	CHECK_EQ(st->ended, st->spawned);
	CHECK_EQ(st->sent, st->received);
	CHECK_EQ(st->n_scopes, 0);
	for (size_t i = 0; i < EVENTS; i++)
		CHECK(!st->events[i].waiters);
	CHECK(!st->channel.not_full.waiters && !st->channel.not_empty.waiters);
	channel_release(&st->channel); /* asserts that nobody is inside */
	CHECK_EQ(loop_stats(loop).tasks, 1);
	CHECK_EQ(loop_stats(loop).timers, 0);
	CHECK(!task_cancelled(loop));
}

static struct storm storm_of(uint64_t seed, int64_t longest_ms)
{
	struct storm st = { .longest_ms = longest_ms };

	rng_seed(&st.rng, seed);
	return st;
}

static void test_storms_leave_nothing_behind_and_repeat_exactly(void **state)
{
	const uint64_t seeds = has_tsan() ? SEEDS / 10 : SEEDS; /* its fibres are slow to make */
	size_t refused = 0, shielded = 0, offloads = 0, received = 0, ended = 0;
	uint64_t last = 0;

	(void)state;
	for (uint64_t seed = 0; seed < seeds; seed++) {
		struct storm first = storm_of(seed, 50), again = storm_of(seed, 50);

		run_simulated(seed, blow, &first);
		run_simulated(seed, blow, &again);
		assert_true(first.history == again.history);
		assert_true(first.history != last);
		last = first.history;
		refused += first.refused;
		shielded += first.shielded;
		offloads += first.offloads;
		received += first.received;
		ended += first.ended;
	}
	/* It was a storm, not a calm. */
	assert_true(ended > 40 * seeds && refused > 10 * seeds && shielded > 5 * seeds);
	assert_true(offloads > 5 * seeds && received > 5 * seeds);
}

static void test_storms_in_real_time_leave_nothing_behind(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 10; seed++) {
		struct storm st = storm_of(seed, 3);

		run_real(blow, &st);
		assert_true(st.ended >= 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storms_leave_nothing_behind_and_repeat_exactly),
		cmocka_unit_test(test_storms_in_real_time_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
