#include "sluice/worker/pipeline.h"

#include "sluice/worker/worker.h"

void pipeline_stop_handler(struct pipeline *p, struct pipeline_handler *h, const struct err *why)
{
	if (h->place->stopped)
		return;
	h->place->stopped = true;
	log_error(p->worker->env->log, "handler.stopped", LOG_STR("pipeline", p->name), LOG_STR("handler", h->place->name),
		  LOG_TEXT("hint", "its position stands; it goes on from there when sluice is started again"), LOG_ERR(why));
}

static bool view_has(struct str view_type, bool newer, bool older)
{
	bool both = str_eq(view_type, STR("NEW_AND_OLD_IMAGES"));

	return (!newer || both || str_eq(view_type, STR("NEW_IMAGE"))) &&
	       (!older || both || str_eq(view_type, STR("OLD_IMAGE")));
}

static void check_view_type(struct pipeline *p, struct pipeline_handler *h, struct str view_type)
{
	const struct handler_ops *ops = h->handler->ops;
	struct err err;

	if (view_has(view_type, ops->needs_new, ops->needs_old))
		return;
	err_set(&err, ERR_FATAL, "stream.view_type",
		"the stream of table %.*s shows %.*s; a %s handler needs %s (a stream's view type is set when it is enabled)",
		STR_ARG(p->table), STR_ARG(view_type), ops->kind,
		ops->needs_old ? "NEW_AND_OLD_IMAGES" : "NEW_IMAGE or NEW_AND_OLD_IMAGES");
	pipeline_stop_handler(p, h, &err);
}

static void bind(struct pipeline *p, struct pipeline_handler *h, const struct str key_names[2])
{
	struct problems problems;
	struct arena arena;
	struct err err;

	if (!h->handler->ops->bind)
		return;
	arena_init(&arena, 1 << 20);
	problems_init(&problems, &arena);
	if (!h->handler->ops->bind(h->handler, key_names, &problems)) {
		const struct problem *first = problems.first;

		err_set(&err, ERR_FATAL, "handler.settings", "%s:%d: %.*s: %.*s", first && first->file ? first->file : "settings",
			first ? first->line : 0, STR_ARG(first ? first->path : STR("handler")),
			STR_ARG(first ? first->text : STR("does not fit the table")));
		pipeline_stop_handler(p, h, &err);
	}
	arena_release(&arena);
}

bool pipeline_described(void *ctx, const struct table_description *table, struct err *err)
{
	struct pipeline *p = ctx;

	(void)err;
	for (size_t i = 0; i < p->n_handlers; i++) {
		if (p->places[i].stopped)
			continue;
		if (table->stream_view_type.len)
			check_view_type(p, &p->handlers[i], table->stream_view_type);
		bind(p, &p->handlers[i], table->key_names);
	}
	return true;
}
