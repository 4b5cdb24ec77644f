#include "sched.h"

#include <assert.h>

void event_add_waiter(struct event *e, struct task *t)
{
	struct task *first = e->waiters;

	t->event = e;
	if (!first) {
		t->next_waiter = t->prev_waiter = t;
		e->waiters = t;
		return;
	}
	t->next_waiter = first;
	t->prev_waiter = first->prev_waiter;
	first->prev_waiter->next_waiter = t;
	first->prev_waiter = t;
}

void event_remove_waiter(struct task *t)
{
	struct event *e = t->event;

	if (!e)
		return;
	if (t->next_waiter == t) {
		e->waiters = NULL;
	} else {
		t->next_waiter->prev_waiter = t->prev_waiter;
		t->prev_waiter->next_waiter = t->next_waiter;
		if (e->waiters == t)
			e->waiters = t->next_waiter;
	}
	t->event = NULL;
	t->next_waiter = t->prev_waiter = NULL;
}

void event_wake_one(struct event *e)
{
	if (e->waiters)
		task_wake(e->waiters, WAKE_READY);
}

void event_init(struct event *e, struct loop *loop)
{
	*e = (struct event){ .loop = loop };
}

void event_set(struct event *e)
{
	e->set = true;
	while (e->waiters)
		task_wake(e->waiters, WAKE_READY);
}

void event_clear(struct event *e)
{
	e->set = false;
}

bool event_wait(struct event *e, int64_t timeout_ms, bool *fired, struct err *err)
{
	struct task *t = e->loop->current;
	enum task_wake why = WAKE_READY;

	if (!task_may_wait(e->loop, err))
		return false;
	if (!e->set) {
		event_add_waiter(e, t);
		why = task_park(t, timeout_ms); /* *e may be gone behind this */
	}
	if (why == WAKE_CANCELLED)
		return task_refuse(t, err);
	if (fired)
		*fired = why == WAKE_READY;
	return true;
}
