#include "sluice/model/handler_definition.h"

#include "sluice/handlers/handler.h"

enum { SETTINGS_BYTES = 8 << 20 };

const char *const model_handler_settings[] = {
	"kind", "name", "enabled", "filter", "changed", "on_failure", "batch", "backfill", "source", "pipeline",
	"events_per_s", "audience_size", "expect_after", NULL,
};

static bool write_definition(const struct model_handler *h, const struct handler_ops *ops, struct arena *a, struct buf *out)
{
	const struct handler_site site = {
		.app = STR("sluice"), .pipeline = h->pipeline.len ? h->pipeline : h->source, .name = h->name,
		.table = h->source, .node = h->at,
	};
	void *settings = arena_alloc(a, ops->settings_size);
	struct problems problems;
	struct handler *made;
	bool ok;

	problems_init(&problems, a);
	if (!settings || !option_read(ops->options, h->at, settings, model_handler_settings, &problems))
		return false;
	made = ops->new(settings, &site, &problems);
	if (!made)
		return false;
	ok = ops->definition(made, out);
	ops->free(made);
	return ok;
}

bool model_handler_definition(const struct model_handler *h, struct buf *out)
{
	const struct handler_ops *ops = handler_kind(h->kind);
	struct arena a;
	bool ok;

	if (!ops || !ops->definition)
		return false;
	arena_init(&a, SETTINGS_BYTES);
	ok = write_definition(h, ops, &a, out);
	arena_release(&a);
	return ok;
}
