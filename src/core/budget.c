#include "sluice/core/budget.h"

#include <assert.h>

/* Lives on the waiting task's stack. */
struct budget_waiter {
	size_t bytes;
	bool granted;
	struct event turn;
	struct budget_waiter *next, *prev;
};

void budget_init(struct budget *b, struct loop *loop, size_t total_bytes)
{
	*b = (struct budget){ .loop = loop, .total_bytes = total_bytes };
}

void budget_init_share(struct budget *b, struct budget *whole, size_t total_bytes)
{
	budget_init(b, whole->loop, total_bytes);
	b->whole = whole;
}

static bool fits(const struct budget *b, size_t bytes)
{
	return b->used_bytes == 0 || (b->used_bytes < b->total_bytes && bytes <= b->total_bytes - b->used_bytes);
}

static void leave_line(struct budget *b, struct budget_waiter *w)
{
	if (w->prev)
		w->prev->next = w->next;
	else
		b->first = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		b->last = w->prev;
}

/* Nobody overtakes the first in line, however little he wants. */
static void serve(struct budget *b)
{
	while (b->first && fits(b, b->first->bytes)) {
		struct budget_waiter *w = b->first;

		leave_line(b, w);
		b->used_bytes += w->bytes;
		w->granted = true;
		event_set(&w->turn);
	}
}

static bool take_own(struct budget *b, size_t bytes, struct err *err)
{
	struct budget_waiter w = { .bytes = bytes, .prev = b->last };

	event_init(&w.turn, b->loop);
	if (b->last)
		b->last->next = &w;
	else
		b->first = &w;
	b->last = &w;
	serve(b);
	if (w.granted || event_wait(&w.turn, -1, NULL, err))
		return true;
	if (w.granted)
		b->used_bytes -= bytes;
	else
		leave_line(b, &w);
	serve(b);
	return false;
}

static void change_own(struct budget *b, size_t held_bytes, size_t real_bytes)
{
	assert(held_bytes <= b->used_bytes);
	b->used_bytes = b->used_bytes - held_bytes + real_bytes;
	serve(b);
}

bool budget_take(struct budget *b, size_t bytes, struct err *err)
{
	if (!take_own(b, bytes, err))
		return false;
	if (!b->whole || budget_take(b->whole, bytes, err))
		return true;
	change_own(b, bytes, 0);
	return false;
}

void budget_return(struct budget *b, size_t bytes)
{
	budget_adjust(b, bytes, 0);
}

void budget_adjust(struct budget *b, size_t held_bytes, size_t real_bytes)
{
	for (; b; b = b->whole)
		change_own(b, held_bytes, real_bytes);
}

bool budget_try_adjust(struct budget *b, size_t held_bytes, size_t real_bytes)
{
	for (const struct budget *at = b; at; at = at->whole) {
		size_t others = at->used_bytes - held_bytes;

		if (real_bytes > held_bytes && others && (others >= at->total_bytes || real_bytes > at->total_bytes - others))
			return false;
	}
	budget_adjust(b, held_bytes, real_bytes);
	return true;
}
