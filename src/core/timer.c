#include "sched.h"

#include "sluice/core/mem.h"

static bool is_before(const struct timer *a, const struct timer *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->seq < b->seq;
}

static void place(struct loop *loop, struct timer *t, size_t at)
{
	loop->timers[at] = t;
	t->heap_index = at;
}

static void sift_up(struct loop *loop, struct timer *t, size_t at)
{
	while (at > 1 && is_before(t, loop->timers[at / 2])) {
		place(loop, loop->timers[at / 2], at);
		at /= 2;
	}
	place(loop, t, at);
}

static void sift_down(struct loop *loop, struct timer *t, size_t at)
{
	for (;;) {
		size_t child = at * 2;

		if (child > loop->n_timers)
			break;
		if (child < loop->n_timers && is_before(loop->timers[child + 1], loop->timers[child]))
			child++;
		if (!is_before(loop->timers[child], t))
			break;
		place(loop, loop->timers[child], at);
		at = child;
	}
	place(loop, t, at);
}

static int64_t due_after(struct loop *loop, int64_t after_ms)
{
	int64_t now = env_mono_ns(loop->env), due;

	if (after_ms < 0)
		after_ms = 0;
	if (__builtin_mul_overflow(after_ms, (int64_t)1000000, &due) || __builtin_add_overflow(due, now, &due))
		return INT64_MAX;
	return due;
}

void loop_timer_set(struct loop *loop, struct timer *t, int64_t after_ms)
{
	loop_timer_cancel(t);
	if (loop->n_timers + 1 >= loop->cap_timers) {
		loop->cap_timers = loop->cap_timers ? loop->cap_timers * 2 : 16;
		loop->timers = mem_resize(loop->timers, loop->cap_timers * sizeof(struct timer *));
	}
	t->loop = loop;
	t->due_ns = due_after(loop, after_ms);
	t->seq = loop->timer_seq++;
	sift_up(loop, t, ++loop->n_timers);
}

void loop_timer_cancel(struct timer *t)
{
	struct loop *loop = t->loop;
	size_t at = t->heap_index;

	if (at == 0)
		return;
	t->heap_index = 0;

	struct timer *last = loop->timers[loop->n_timers--];

	if (last == t)
		return;
	if (at > 1 && is_before(last, loop->timers[at / 2]))
		sift_up(loop, last, at);
	else
		sift_down(loop, last, at);
}

void timers_fire(struct loop *loop, int64_t now_ns)
{
	const uint64_t newer = loop->timer_seq;

	/* One that is due now and newer has only its like behind it. */
	while (loop->n_timers) {
		struct timer *t = loop->timers[1];

		if (t->due_ns > now_ns || t->seq >= newer)
			break;
		loop_timer_cancel(t);
		t->fn(t->arg);
	}
}

void timers_release(struct loop *loop)
{
	for (size_t i = 1; i <= loop->n_timers; i++)
		loop->timers[i]->heap_index = 0; /* so that its owner may still cancel it */
	mem_free(loop->timers);
}
