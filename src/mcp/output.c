#include "output.h"

#include "sluice/core/loop.h"

enum { KEPT_BYTES = 256 << 10 };

void output_init(struct output *o, struct loop *loop, struct mcp_transport *transport)
{
	*o = (struct output){ .loop = loop, .transport = transport };
	buf_init(&o->waiting, OUTPUT_MAX_BYTES);
	buf_init(&o->writing, OUTPUT_MAX_BYTES);
	event_init(&o->changed, loop);
	event_init(&o->room, loop);
	event_init(&o->empty, loop);
	event_set(&o->room);
	event_set(&o->empty);
}

void output_release(struct output *o)
{
	buf_release(&o->waiting);
	buf_release(&o->writing);
}

bool output_crowded(const struct output *o)
{
	return !o->broken && o->waiting.len + o->writing.len >= OUTPUT_HIGH_BYTES;
}

void output_put(struct output *o, struct str message)
{
	size_t before = o->waiting.len;

	if (o->broken)
		return;
	if (!buf_put(&o->waiting, message) || !buf_putc(&o->waiting, '\n')) {
		log_error(loop_env(o->loop)->log, "mcp.dropped", LOG_INT("bytes", message.len));
		o->waiting.full = false;
		buf_truncate(&o->waiting, before);
		return;
	}
	event_clear(&o->empty);
	event_set(&o->changed);
	if (output_crowded(o))
		event_clear(&o->room);
}

bool output_wait_room(struct output *o, struct err *err)
{
	while (output_crowded(o))
		if (!event_wait(&o->room, -1, NULL, err))
			return false;
	return true;
}

void output_flush(struct output *o, int64_t timeout_ms)
{
	event_wait(&o->empty, timeout_ms, NULL, NULL);
}

static void tell(struct output *o)
{
	if (!output_crowded(o))
		event_set(&o->room);
	if (o->broken || (o->waiting.len == 0 && o->writing.len == 0))
		event_set(&o->empty);
}

static void swap(struct output *o)
{
	struct buf written = o->writing;

	o->writing = o->waiting;
	o->waiting = written;
}

static void written(struct output *o)
{
	if (o->writing.cap > KEPT_BYTES)
		buf_release(&o->writing);
	else
		buf_truncate(&o->writing, 0);
	tell(o);
}

void output_task(void *arg)
{
	struct output *o = arg;

	for (;;) {
		event_clear(&o->changed);
		if (o->waiting.len == 0) {
			if (!event_wait(&o->changed, -1, NULL, NULL))
				return;
			continue;
		}
		swap(o);
		if (!o->transport->write(o->transport, buf_str(&o->writing), &o->err)) {
			o->broken = o->err.class != ERR_CANCELLED;
			tell(o);
			return;
		}
		written(o);
	}
}
