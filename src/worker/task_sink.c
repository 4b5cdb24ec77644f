#include "sluice/worker/task_sink.h"

#include "sluice/core/json_write.h"
#include "sluice/core/mem.h"

#include <stdlib.h>

enum { ROW_BYTES = 4 << 20 };

struct task_sink {
	struct sink base;
	struct state *state;
};

/* An effect with its place in the stream. */
struct place {
	struct effect *effect;
	size_t index;
};

/* One send. Effects of one id stand together, in stream order. */
struct sending {
	struct task_sink *sink;
	struct place *places;
	size_t n, next;
};

static int by_id(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = str_cmp(x->effect->task.id, y->effect->task.id);

	return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

static bool is_states_own(struct str name)
{
	return str_eq(name, STR("pk")) || str_eq(name, STR("sk")) || str_eq(name, STR("counter"));
}

/* The task's attributes as state_put() wants them. */
static bool write_attributes(const struct effect_task *task, struct buf *out, struct err *err)
{
	struct json_writer w;
	struct value_iter it;
	struct value v;
	struct str name;
	struct buf text;
	bool fits = true;

	buf_init(&text, ROW_BYTES);
	json_write_init(&w, out);
	json_begin_object(&w);
	value_iter_init(&it, value_image(task->body));
	while (fits && value_iter_next(&it, &name, &v, err)) {
		if (is_states_own(name))
			continue;
		buf_clear(&text);
		value_write(v, &text);
		json_key_escaped(&w, name);
		json_raw(&w, buf_str(&text));
		fits = buf_ok(&text) && buf_ok(out);
	}
	json_end_object(&w);
	fits = fits && buf_ok(out);
	buf_release(&text);
	if (!fits)
		return err_set(err, ERR_DATA, "state.row_size", "its attributes pass %d bytes", ROW_BYTES);
	return err->class == ERR_NONE;
}

static bool put_task(struct task_sink *s, const struct effect_task *task, struct err *err)
{
	struct buf row;
	bool ok;

	buf_init(&row, ROW_BYTES);
	ok = write_attributes(task, &row, err) &&
	     (state_put(s->state, STATE_TASK, task->id, 0, str_sub(buf_str(&row), 1, row.len - 2), err) ||
	      err_is(err, "state.conflict"));
	buf_release(&row);
	return ok || err_prefix(err, "fan-out task %.*s", STR_ARG(task->id));
}

/* Makes the task that n effects ask for. False when cancelled. */
static bool settle(struct task_sink *s, const struct place *places, size_t n)
{
	struct err err = { 0 };
	bool ok = put_task(s, &places[0].effect->task, &err);

	if (!ok && err.class == ERR_CANCELLED)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (ok)
			effect_done(places[i].effect);
		else if (i == 0)
			effect_fail(places[i].effect, &err);
		else
			sink_fail_behind(&s->base, places[i].effect);
	}
	return true;
}

static void send_some(void *arg)
{
	struct sending *sending = arg;

	while (sending->next < sending->n) {
		const struct place *first = &sending->places[sending->next];
		size_t n = 1;

		while (sending->next + n < sending->n && str_eq(first[n].effect->task.id, first->effect->task.id))
			n++;
		sending->next += n;
		if (!settle(sending->sink, first, n))
			return;
	}
}

static void send_all(struct sending *sending)
{
	struct scope scope;

	scope_init(&scope, sending->sink->base.site.loop);
	for (size_t i = 0; i < TASK_SINK_PARALLEL && i < sending->n; i++)
		scope_spawn(&scope, "sink.tasks", send_some, sending);
	scope_wait(&scope);
}

static void task_sink_send(struct sink *s, struct effect *const *effects, size_t n)
{
	struct sending sending = { .sink = (struct task_sink *)s };

	sending.places = mem_array(n, sizeof(*sending.places));
	for (size_t i = 0; i < n; i++)
		if (sink_takes(s, effects[i]))
			sending.places[sending.n++] = (struct place){ effects[i], i };
	qsort(sending.places, sending.n, sizeof(*sending.places), by_id);
	if (sending.n > 1)
		send_all(&sending);
	else
		send_some(&sending);
	mem_free(sending.places);
}

static void task_sink_close(struct sink *s)
{
	mem_free(s);
}

struct sink *task_sink_new(struct state *state, struct loop *loop, struct str app)
{
	static const struct sink_ops ops = {
		.kind = "tasks",
		.summary = "Makes fan-out tasks as rows of the state.",
		.accepts = 1u << EFFECT_TASK,
		.send = task_sink_send,
		.close = task_sink_close,
	};
	struct task_sink *s = mem_alloc(sizeof(*s));

	s->base = (struct sink){ .ops = &ops, .site = { .app = app, .name = STR("tasks"), .loop = loop } };
	s->state = state;
	return &s->base;
}
