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

bool budget_take(struct budget *b, size_t bytes, struct err *err)
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
		budget_return(b, bytes);
	else
		leave_line(b, &w);
	serve(b);
	return false;
}

void budget_return(struct budget *b, size_t bytes)
{
	assert(bytes <= b->used_bytes);
	b->used_bytes -= bytes;
	serve(b);
}

void budget_adjust(struct budget *b, size_t held_bytes, size_t real_bytes)
{
	assert(held_bytes <= b->used_bytes);
	b->used_bytes = b->used_bytes - held_bytes + real_bytes;
	serve(b);
}
