#include "model_live_capture.h"

#include "sluice/core/json_write.h"
#include "sluice/core/mem.h"

struct capture_sink {
	struct sink base;
	struct capture *to;
};

void capture_init(struct capture *c)
{
	*c = (struct capture){ .n = 0 };
	arena_init(&c->arena, CAPTURE_BYTES);
}

void capture_release(struct capture *c)
{
	arena_release(&c->arena);
	mem_free(c->bodies);
	*c = (struct capture){ .n = 0 };
}

static bool keep(struct capture *c, struct str body)
{
	struct str copy = body.len ? arena_dup(&c->arena, body) : STR("");

	if (!copy.ptr || c->n == CAPTURE_MESSAGES)
		return false;
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 64;
		c->bodies = mem_resize(c->bodies, c->cap * sizeof(*c->bodies));
	}
	c->bodies[c->n++] = copy;
	return true;
}

static bool keep_deletion(struct capture *c, struct str id)
{
	struct json_writer w;
	struct buf out;
	bool ok;

	buf_init(&out, 1 << 16);
	json_write_init(&w, &out);
	json_begin_object(&w);
	json_member_str(&w, STR("_id"), id);
	json_member_bool(&w, STR("_deleted"), true);
	json_end_object(&w);
	ok = buf_ok(&out) && keep(c, buf_str(&out));
	buf_release(&out);
	return ok;
}

static bool take(struct capture *c, const struct effect *e)
{
	switch (e->kind) {
	case EFFECT_MESSAGE:
		return keep(c, e->message.body);
	case EFFECT_PUT_DOCUMENT:
		return keep(c, e->document.body);
	case EFFECT_DELETE_DOCUMENT:
		return keep_deletion(c, e->document.id);
	default:
		return true;
	}
}

static void capture_send(struct sink *s, struct effect *const *effects, size_t n)
{
	struct capture *to = ((struct capture_sink *)s)->to;
	struct err err;

	for (size_t i = 0; i < n; i++) {
		if (effects[i]->state != EFFECT_PENDING || !sink_takes(s, effects[i]))
			continue;
		if (take(to, effects[i])) {
			effect_done(effects[i]);
			continue;
		}
		err_set(&err, ERR_FATAL, "capture.full", "more was sent than a trial keeps (%d messages, %d bytes)",
			CAPTURE_MESSAGES, CAPTURE_BYTES);
		effect_fail(effects[i], &err);
	}
}

static struct sink *capture_open(const void *settings, const struct sink_site *site, struct err *err)
{
	struct capture_sink *s = mem_alloc(sizeof(*s));

	(void)settings;
	(void)err;
	s->base = (struct sink){ .ops = &capture_sink_ops, .site = *site };
	return &s->base;
}

static void capture_close(struct sink *s)
{
	mem_free(s);
}

static const struct option no_options[] = { { 0 } };

const struct sink_ops capture_sink_ops = {
	.kind = "capture",
	.summary = "Keeps what it gets in memory.",
	.options = no_options,
	.accepts = 1 << EFFECT_MESSAGE | 1 << EFFECT_PUT_DOCUMENT | 1 << EFFECT_DELETE_DOCUMENT,
	.open = capture_open,
	.send = capture_send,
	.close = capture_close,
};

/* As the kind itself, but for what goes outside. */
static const struct sink_ops *captured(const struct sink_ops *kind, struct arena *a)
{
	struct sink_ops *ops = ARENA_NEW(a, struct sink_ops);

	if (!ops)
		return NULL;
	*ops = *kind;
	ops->open = capture_open;
	ops->send = capture_send;
	ops->close = capture_close;
	ops->flush = NULL;
	ops->forget = NULL;
	ops->probe = NULL;
	ops->examine = NULL;
	ops->purge = NULL;
	return ops;
}

const struct sink_ops **capture_kinds(struct arena *a)
{
	const struct sink_ops **kinds;
	size_t n = 0;

	while (sink_kinds[n])
		n++;
	kinds = arena_array(a, n + 1, sizeof(*kinds));
	for (size_t i = 0; kinds && i < n; i++) {
		kinds[i] = str_eq(str_c(sink_kinds[i]->kind), STR("dynamodb")) ? sink_kinds[i] : captured(sink_kinds[i], a);
		if (!kinds[i])
			return NULL;
	}
	return kinds;
}

bool capture_attach(struct sink *s, struct capture *to)
{
	if (s->ops != &capture_sink_ops)
		return false;
	((struct capture_sink *)s)->to = to;
	return true;
}
