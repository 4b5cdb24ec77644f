#include "sched.h"

#include "sluice/core/mem.h"

#include <assert.h>

/* The two events are never set, only waited on: each item, and each free slot,
 * wakes one task, not all. */

void channel_init(struct channel *c, struct loop *loop, size_t capacity)
{
	assert(capacity > 0);
	*c = (struct channel){ .loop = loop, .cap = capacity };
	c->slots = mem_array(capacity, sizeof(*c->slots));
	event_init(&c->not_full, loop);
	event_init(&c->not_empty, loop);
}

void channel_release(struct channel *c)
{
	assert(c->inside == 0);
	mem_free(c->slots);
	*c = (struct channel){ 0 };
}

static bool wait_for(struct channel *c, struct event *e, struct err *err)
{
	bool ok;

	c->inside++;
	ok = event_wait(e, -1, NULL, err);
	c->inside--;
	return ok;
}

static bool refuse_closed(struct err *err)
{
	return err_set(err, ERR_FATAL, "channel.closed", "the channel was closed by its other side");
}

bool channel_send(struct channel *c, void *item, struct err *err)
{
	if (!task_may_wait(c->loop, err))
		return false;
	while (!c->closed && c->count == c->cap) {
		if (!wait_for(c, &c->not_full, err))
			return false;
	}
	if (c->closed)
		return refuse_closed(err);
	c->slots[(c->head + c->count++) % c->cap] = item;
	event_wake_one(&c->not_empty);
	return true;
}

bool channel_recv(struct channel *c, void **item, struct err *err)
{
	if (!task_may_wait(c->loop, err))
		return false;
	while (c->count == 0) {
		if (c->closed)
			return refuse_closed(err);
		if (!wait_for(c, &c->not_empty, err))
			return false;
	}
	*item = c->slots[c->head];
	c->head = (c->head + 1) % c->cap;
	c->count--;
	event_wake_one(&c->not_full);
	return true;
}

void channel_close(struct channel *c)
{
	c->closed = true;
	while (c->not_full.waiters)
		event_wake_one(&c->not_full);
	while (c->not_empty.waiters)
		event_wake_one(&c->not_empty);
}
