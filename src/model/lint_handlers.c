#include "lint_groups.h"

#include "sluice/handlers/handler.h"
#include "sluice/item/path.h"
#include "sluice/pipeline/template.h"

#define EACH_HANDLER(l, h) \
	for (const struct model_handler *h = (l)->model->handlers; h && h < (l)->model->handlers + (l)->model->n_handlers; h++)

/* Settings that all kinds have, and those of the model alone. */
static const char *const common_settings[] = {
	"kind", "name", "enabled", "filter", "changed", "on_failure", "batch", "backfill", "source", "pipeline",
	"events_per_s", "audience_size", "expect_after", NULL,
};

static struct str text_at(const struct node *group, const char *name)
{
	const struct node *n = node_get(group, str_c(name));

	return n && n->kind == NODE_STRING ? n->text : STR("");
}

static void handler_source(struct lint *l)
{
	EACH_HANDLER(l, h)
		if (h->source.len && !h->table)
			LINT_FOUND(l, node_get(h->at, STR("source")), NULL, "there is no table \"%.*s\"",
				   STR_ARG(str_sub(h->source, 0, 255)));
}

static void handler_stream(struct lint *l)
{
	EACH_HANDLER(l, h)
		if (h->table && !h->table->stream)
			LINT_FOUND(l, h->at, "Give it {\"StreamEnabled\": true, \"StreamViewType\": \"NEW_AND_OLD_IMAGES\"}.",
				   "the table %.*s has no stream", STR_ARG(h->table->name));
}

static void handler_view_type(struct lint *l)
{
	EACH_HANDLER(l, h) {
		const struct handler_ops *ops = handler_kind(h->kind);
		struct str view = h->table ? h->table->stream_view_type : STR("");
		bool both = str_eq(view, STR("NEW_AND_OLD_IMAGES"));

		if (!ops || !h->table || !h->table->stream || both || view.len == 0)
			continue;
		if ((ops->needs_new && !str_eq(view, STR("NEW_IMAGE"))) || (ops->needs_old && !str_eq(view, STR("OLD_IMAGE"))))
			LINT_FOUND(l, h->at, "Set StreamViewType to NEW_AND_OLD_IMAGES.",
				   "a %s handler needs images that the stream of %.*s (%.*s) lacks", ops->kind,
				   STR_ARG(h->table->name), STR_ARG(view));
	}
}

/* A kind of the format that this version's daemon does not have. */
static bool is_later(struct str kind)
{
	return str_eq(kind, STR("copy"));
}

static void handler_later(struct lint *l)
{
	EACH_HANDLER(l, h)
		if (is_later(h->kind))
			LINT_FOUND(l, node_get(h->at, STR("kind")), NULL,
				   "this version does not run handlers of the kind %.*s: not run, and its settings are not checked",
				   STR_ARG(h->kind));
}

static void handler_kind_known(struct lint *l)
{
	EACH_HANDLER(l, h) {
		struct nearest near = nearest_to(h->kind);
		char mean[128];

		if (handler_kind(h->kind) || h->kind.len == 0 || is_later(h->kind))
			continue;
		for (size_t i = 0; handler_kinds[i]; i++)
			nearest_offer(&near, str_c(handler_kinds[i]->kind));
		LINT_FOUND(l, node_get(h->at, STR("kind")), NULL, "no handler is of the kind \"%.*s\"%s",
			   STR_ARG(str_sub(h->kind, 0, 60)), nearest_text(&near, mean, sizeof(mean)));
	}
}

/* As the daemon would read it: the option table, then the kind's own checks. */
static void check_settings(struct lint *l, const struct model_handler *h, const struct handler_ops *ops,
			   struct problems *problems)
{
	const struct handler_site site = {
		.app = STR("sluice"), .pipeline = h->pipeline.len ? h->pipeline : h->source, .name = h->name,
		.table = h->source, .node = h->at,
	};
	const struct node *filter = node_get(h->at, STR("filter"));
	void *settings = arena_alloc(l->scratch, ops->settings_size);
	struct handler *made;

	if (!settings)
		return;
	if (filter)
		filter_compile(filter, ops->image ? FILTER_RECORD_KEYS : FILTER_RECORD, l->scratch, problems);
	if (!option_read(ops->options, h->at, settings, common_settings, problems))
		return;
	made = ops->new(settings, &site, problems);
	if (made)
		ops->free(made);
}

static void handler_setting(struct lint *l)
{
	EACH_HANDLER(l, h) {
		const struct handler_ops *ops = handler_kind(h->kind);
		struct problems problems;

		problems_init(&problems, l->scratch);
		if (ops && h->table)
			check_settings(l, h, ops, &problems);
		for (const struct problem *p = problems.first; p; p = p->next)
			LINT_FOUND(l, p->at ? p->at : h->at, NULL, "%.*s", STR_ARG(p->text));
	}
}

static void handler_sink(struct lint *l)
{
	EACH_HANDLER(l, h) {
		struct str sink = text_at(h->at, "sink");
		bool there = sink.len == 0;

		for (const struct node *n = l->model->sinks ? l->model->sinks->first : NULL; n && !there; n = n->next)
			there = str_eq(text_at(n, "name"), sink);
		if (!there)
			LINT_FOUND(l, node_get(h->at, STR("sink")), NULL, "stream_sinks has no sink \"%.*s\"",
				   STR_ARG(str_sub(sink, 0, 60)));
	}
}

static void handler_pipeline(struct lint *l)
{
	EACH_HANDLER(l, h) {
		bool there = h->pipeline.len == 0 || !l->model->pipelines;

		for (const struct node *n = !there ? l->model->pipelines->first : NULL; n && !there; n = n->next)
			there = str_eq(text_at(n, "name"), h->pipeline) && str_eq(text_at(n, "table"), h->source);
		if (!there)
			LINT_FOUND(l, node_get(h->at, STR("pipeline")), NULL,
				   "stream_pipelines has no pipeline \"%.*s\" that reads %.*s", STR_ARG(str_sub(h->pipeline, 0, 60)),
				   STR_ARG(str_sub(h->source, 0, 255)));
	}
}

static void handler_twice(struct lint *l)
{
	EACH_HANDLER(l, h)
		for (const struct model_handler *other = l->model->handlers; other < h; other++)
			if (h->name.len && str_eq(other->name, h->name) && str_eq(other->source, h->source)) {
				LINT_FOUND(l, h->at, NULL, "another handler of this table is called \"%.*s\" already",
					   STR_ARG(str_sub(h->name, 0, 60)));
				break;
			}
}

/* --- targets --------------------------------------------------------------- */

static const struct model_table *target_of(const struct model *m, const struct model_handler *h)
{
	return model_table(m, text_at(h->at, "table"));
}

static void handler_target(struct lint *l)
{
	EACH_HANDLER(l, h)
		if (text_at(h->at, "table").len && !target_of(l->model, h))
			LINT_FOUND(l, node_get(h->at, STR("table")), "Describe it under \"tables\": what derives its rows needs its key.",
				   "there is no table \"%.*s\"", STR_ARG(str_sub(text_at(h->at, "table"), 0, 255)));
}

enum { UNSEEN, OPEN, CLOSED };

struct search {
	const struct model *model;
	const struct model_table **targets;   /* of each handler */
	char *state;                          /* of each table */
	const struct model_handler *back;     /* the handler that closes a cycle */
};

/* Depth-first; as deep as there are tables at most, which are 500. */
static void visit(struct search *s, const struct model_table *t)
{
	const struct model *m = s->model;

	s->state[t - m->tables] = OPEN;
	for (size_t i = 0; i < m->n_handlers && !s->back; i++) {
		const struct model_table *to = s->targets[i];

		/* Rows in the source table itself are told apart by `where`. */
		if (m->handlers[i].table != t || !to || to == t)
			continue;
		if (s->state[to - m->tables] == OPEN)
			s->back = &m->handlers[i];
		else if (s->state[to - m->tables] == UNSEEN)
			visit(s, to);
	}
	s->state[t - m->tables] = CLOSED;
}

static void handler_cycle(struct lint *l)
{
	const struct model *m = l->model;
	struct search s = { .model = m };

	s.targets = arena_array(l->scratch, m->n_handlers + 1, sizeof(*s.targets));
	s.state = arena_alloc(l->scratch, m->n_tables + 1);
	if (!s.targets || !s.state)
		return;
	for (size_t i = 0; i < m->n_handlers; i++)
		s.targets[i] = target_of(m, &m->handlers[i]);
	for (size_t i = 0; i < m->n_tables && !s.back; i++)
		if (s.state[i] == UNSEEN)
			visit(&s, &m->tables[i]);
	if (s.back)
		LINT_FOUND(l, s.back->at, "Let one of the handlers derive from where the data begins.",
			   "handlers feed each other in a circle: what %.*s writes to %.*s comes back to %.*s",
			   STR_ARG(str_sub(s.back->name, 0, 60)), STR_ARG(str_sub(text_at(s.back->at, "table"), 0, 255)),
			   STR_ARG(str_sub(s.back->source, 0, 255)));
}

/* --- templates ------------------------------------------------------------- */

struct sought {
	struct lint *lint;
	const struct model_handler *handler;
	const struct node *at;
};

static bool any_item_has(const struct model *m, const struct model_table *t, const struct path *path, bool *items)
{
	struct value found;

	*items = false;
	for (size_t i = 0; i < m->n_items; i++) {
		if (m->items[i].table != t || !m->items[i].put)
			continue;
		*items = true;
		if (path_get(path, m->items[i].item, &found))
			return true;
	}
	return false;
}

static void seek_path(void *ctx, const struct path *path)
{
	const struct sought *s = ctx;
	struct lint *l = s->lint;
	bool items;

	if (path->count && !any_item_has(l->model, s->handler->table, path, &items) && items)
		LINT_FOUND(l, s->at, "Check the name, or give a default: ${item.x | default(\"…\")}.",
			   "no sample item of %.*s has what this template asks for (%.*s)", STR_ARG(s->handler->table->name),
			   STR_ARG(str_sub(path->steps[0].name, 0, 60)));
}

static void seek_paths(struct sought *s, const struct node *n)
{
	static const unsigned roots[] = { TEMPLATE_NEW, TEMPLATE_OLD, TEMPLATE_ITEM, TEMPLATE_KEYS };
	const unsigned all = TEMPLATE_NEW | TEMPLATE_OLD | TEMPLATE_KEYS | TEMPLATE_ITEM | TEMPLATE_EVENT | TEMPLATE_MEMBER |
			     TEMPLATE_NOTIFICATION | TEMPLATE_SHARD | TEMPLATE_ELEMENT;
	struct problems ignored; /* handler-setting tells them */
	struct template *t;

	problems_init(&ignored, s->lint->scratch);
	if (str_find(n->text, STR("${")) == SIZE_MAX || str_find(n->text, STR("default(")) != SIZE_MAX)
		return;
	t = template_compile(n->text, all, s->lint->scratch, n, &ignored);
	for (size_t i = 0; t && i < sizeof(roots) / sizeof(*roots); i++) {
		s->at = n;
		template_each_path(t, (enum template_root)roots[i], seek_path, s);
	}
}

static void walk_settings(struct sought *s, const struct node *group)
{
	for (const struct node *n = group->first; n; n = n->next) {
		if (n == s->handler->expect_after)
			continue;
		if (n->kind == NODE_STRING)
			seek_paths(s, n);
		else
			walk_settings(s, n);
	}
}

static void template_path(struct lint *l)
{
	EACH_HANDLER(l, h) {
		struct sought s = { .lint = l, .handler = h };

		if (h->table)
			walk_settings(&s, h->at);
	}
}

const struct model_lint lint_handlers[] = {
	{ "handler-source", FINDING_ERROR, "A handler of a table that is not there.", handler_source },
	{ "handler-stream", FINDING_ERROR, "A handler of a table without a stream.", handler_stream },
	{ "handler-view-type", FINDING_ERROR, "A stream without the images that a handler reads.", handler_view_type },
	{ "handler-kind", FINDING_ERROR, "A handler of an unknown kind.", handler_kind_known },
	{ "handler-later", FINDING_WARNING, "A handler that this version does not run.", handler_later },
	{ "handler-setting", FINDING_ERROR, "A handler's setting that the daemon would refuse.", handler_setting },
	{ "handler-sink", FINDING_ERROR, "A handler whose sink is not there.", handler_sink },
	{ "handler-pipeline", FINDING_ERROR, "A handler whose pipeline is not there.", handler_pipeline },
	{ "handler-twice", FINDING_ERROR, "Two handlers of one table and name.", handler_twice },
	{ "handler-target", FINDING_ERROR, "A handler that writes to a table that is not there.", handler_target },
	{ "handler-cycle", FINDING_ERROR, "Handlers that feed each other.", handler_cycle },
	{ "template-path", FINDING_WARNING, "A template that no sample item can fill.", template_path },
	{ 0 },
};
