#include "sluice/app/model_settings.h"

#include "sluice/app/conf_fill.h"

enum { NODES_MAX = 200000 };

struct translation {
	const struct model *model;
	struct arena *arena;
	struct problems *problems;
	size_t nodes;
	bool full;               /* said already */
};

/* --- copies ---------------------------------------------------------------- */

static const char *no_variable(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static const struct conf_source offline = { .variable = no_variable };

static void note_full(struct translation *t, const struct node *at)
{
	if (!t->full)
		problems_add(t->problems, at, "the settings here are more than a daemon's (%d values, %zu bytes)", NODES_MAX,
			     t->arena->max);
	t->full = true;
}

/* A node without children that stands for `origin`. */
static struct node *make(struct translation *t, enum node_kind kind, const struct node *origin)
{
	struct node *n = t->nodes++ < NODES_MAX ? node_new(t->arena, kind) : NULL;

	if (!n) {
		note_full(t, origin);
		return NULL;
	}
	n->origin = origin;
	n->file = origin->file;
	n->line = origin->line;
	n->column = origin->column;
	return n;
}

static struct node *copy_one(struct translation *t, const struct node *from)
{
	struct node *n = make(t, from->kind, from);

	if (!n)
		return NULL;
	n->b = from->b;
	n->i = from->i;
	n->d = from->d;
	n->text = from->text;
	n->name = from->name;
	n->broken = from->broken;
	if (n->kind == NODE_STRING && !n->broken && !conf_fill(n, &offline, t->arena, t->problems))
		note_full(t, from);
	return n;
}

static bool is_among(const char *const *names, struct str name)
{
	for (; names && *names; names++)
		if (str_eq(name, str_c(*names)))
			return true;
	return false;
}

static struct node *copy(struct translation *t, const struct node *from, const char *const *without, int depth);

/* Of a name that stands twice the document has said so. */
static bool is_left_out(const struct node *to, const struct node *child, const char *const *without)
{
	return is_among(without, child->name) || (child->broken && child->name.ptr && node_get(to, child->name));
}

static void copy_children(struct translation *t, const struct node *from, struct node *to, const char *const *without,
			  int depth)
{
	if (depth >= CONF_DEPTH_MAX) {
		problems_add(t->problems, from, "settings nest %d levels at most", CONF_DEPTH_MAX);
		return;
	}
	if (from->kind == NODE_OBJECT && from->count > CONF_GROUP_MAX)
		problems_add(t->problems, from, "expected at most %d settings in a group, found %zu", CONF_GROUP_MAX, from->count);
	for (const struct node *child = from->first; child && !t->full; child = child->next) {
		bool counted = from->kind == NODE_OBJECT && child->index >= CONF_GROUP_MAX;
		struct node *n = counted || is_left_out(to, child, without) ? NULL : copy(t, child, NULL, depth + 1);

		if (n)
			node_append(to, n);
	}
}

/* `without`: names at its top that are left out, or NULL. Recursion ends at CONF_DEPTH_MAX. */
static struct node *copy(struct translation *t, const struct node *from, const char *const *without, int depth)
{
	struct node *n = copy_one(t, from);

	if (n && from->first)
		copy_children(t, from, n, without, depth);
	return n;
}

/* --- secrets --------------------------------------------------------------- */

/* Longer than any that is asked for. */
#define SOME_SECRET "a-secret-that-is-read-when-the-daemon-starts"

static void become_secret(struct translation *t, struct node *n)
{
	const struct node *name = node_get(n, STR("name"));
	struct str text = name ? arena_putf(t->arena, "%.*s=%s", STR_ARG(name->text), SOME_SECRET) : STR(SOME_SECRET);

	n->kind = NODE_STRING;
	n->text = text;
	n->first = n->last = NULL;
	n->count = 0;
}

/* { file = "…"; } or { name = "…"; file = "…"; }, as the option tables read them. */
static bool is_secret_file(const struct node *n, bool named)
{
	const struct node *file = node_get(n, STR("file")), *name = node_get(n, STR("name"));

	return file && file->kind == NODE_STRING && n->count == (named ? 2 : 1) && (!named || (name && name->kind == NODE_STRING));
}

static void replace_secrets(struct translation *t, const struct option *table, struct node *group)
{
	for (const struct option *o = table; o->name; o++) {
		struct node *n = (struct node *)node_get(group, str_c(o->name));
		bool named = o->type == OPTION_NAMES && !(o->flags & OPTION_BARE);

		if (n && o->type == OPTION_GROUP && n->kind == NODE_OBJECT)
			replace_secrets(t, o->table, n);
		if (!n || !(o->flags & OPTION_SECRET))
			continue;
		if (is_secret_file(n, named))
			become_secret(t, n);
		for (struct node *it = n->kind == NODE_ARRAY ? n->first : NULL; it; it = it->next)
			if (is_secret_file(it, named))
				become_secret(t, it);
	}
}

static void copy_sinks(struct translation *t, struct node *list)
{
	for (const struct node *from = t->model->sinks ? t->model->sinks->first : NULL; from; from = from->next) {
		const struct node *kind = node_get(from, STR("kind"));
		const struct sink_ops *ops = kind && kind->kind == NODE_STRING ? sink_kind(kind->text) : NULL;
		struct node *sink = copy(t, from, NULL, 1);

		if (!sink)
			return;
		if (ops)
			replace_secrets(t, ops->options, sink);
		node_append(list, sink);
	}
}

/* --- pipelines ------------------------------------------------------------- */

struct group {
	struct str table, name;  /* name empty: the table's */
	struct node *handlers;
};

struct groups {
	struct group *items;
	size_t count;
};

static struct str text_at(const struct node *group, const char *name)
{
	const struct node *n = node_get(group, str_c(name));

	return n && n->kind == NODE_STRING ? n->text : STR("");
}

static void append_list(struct translation *t, struct node *pipeline, struct group *out)
{
	out->handlers = make(t, NODE_ARRAY, node_origin(pipeline));
	if (!out->handlers)
		return;
	out->handlers->name = STR("handlers");
	node_append(pipeline, out->handlers);
}

static void copy_pipeline(struct translation *t, const struct node *from, struct node *list, struct groups *groups)
{
	static const char *const without[] = { "handlers", NULL };
	const struct node *stray = node_get(from, STR("handlers"));
	struct node *pipeline = copy(t, from, without, 1);

	if (stray)
		problems_add(t->problems, stray, "handlers stand in stream_handlers; give each its pipeline there");
	if (!pipeline)
		return;
	node_append(list, pipeline);
	if (pipeline->kind != NODE_OBJECT)
		return;
	groups->items[groups->count] = (struct group){ text_at(pipeline, "table"), text_at(pipeline, "name"), NULL };
	append_list(t, pipeline, &groups->items[groups->count++]);
}

static bool append_text(struct translation *t, struct node *group, const char *name, struct str text,
			const struct node *origin)
{
	struct node *n = make(t, NODE_STRING, origin);

	if (!n)
		return false;
	n->name = str_c(name);
	n->text = text;
	node_append(group, n);
	return true;
}

/* For handlers of a table that no written pipeline reads. */
static struct group *own_pipeline(struct translation *t, const struct model_handler *h, struct node *list,
				  struct groups *groups)
{
	struct node *pipeline = make(t, NODE_OBJECT, h->at);
	struct group *g = &groups->items[groups->count];

	if (!pipeline || !append_text(t, pipeline, "table", h->source, node_get(h->at, STR("source"))) ||
	    (h->pipeline.len && !append_text(t, pipeline, "name", h->pipeline, node_get(h->at, STR("pipeline")))))
		return NULL;
	*g = (struct group){ h->source, h->pipeline, NULL };
	append_list(t, pipeline, g);
	node_append(list, pipeline);
	groups->count++;
	return g;
}

static struct group *group_of(const struct groups *groups, const struct model_handler *h)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct group *g = &groups->items[i];
		struct str name = g->name.len ? g->name : g->table;

		if (str_eq(g->table, h->source) && (h->pipeline.len == 0 || str_eq(name, h->pipeline)))
			return g;
	}
	return NULL;
}

static void copy_handler(struct translation *t, const struct model_handler *h, struct node *list, struct groups *groups)
{
	static const char *const without[] = {
		"source", "pipeline", "events_per_s", "audience_size", "expect_after", NULL,
	};
	struct group *g = group_of(groups, h);
	struct node *handler;

	if (!g)
		g = own_pipeline(t, h, list, groups);
	handler = g && g->handlers ? copy(t, h->at, without, 3) : NULL;
	if (!handler)
		return;
	handler->name = str_of(NULL, 0);
	node_append(g->handlers, handler);
}

static void copy_pipelines(struct translation *t, struct node *list)
{
	const struct model *m = t->model;
	struct groups groups = { 0 };

	groups.items = arena_array(t->arena, (m->pipelines ? m->pipelines->count : 0) + m->n_handlers + 1,
				   sizeof(*groups.items));
	if (!groups.items) {
		note_full(t, m->root);
		return;
	}
	for (const struct node *n = m->pipelines ? m->pipelines->first : NULL; n && !t->full; n = n->next)
		copy_pipeline(t, n, list, &groups);
	for (size_t i = 0; i < m->n_handlers && !t->full; i++)
		if (m->handlers[i].source.len)
			copy_handler(t, &m->handlers[i], list, &groups);
}

static struct node *append_member(struct translation *t, struct node *root, const char *name, const struct node *origin)
{
	struct node *n = make(t, NODE_ARRAY, origin ? origin : t->model->root);

	if (!n)
		return NULL;
	n->name = str_c(name);
	node_append(root, n);
	return n;
}

const struct node *model_settings_tree(const struct model *m, struct problems *problems)
{
	struct translation t = { .model = m, .arena = problems->arena, .problems = problems };
	struct node *root, *sinks, *pipelines;

	if (!m->sinks && !m->pipelines && !m->n_handlers)
		return NULL;
	root = make(&t, NODE_OBJECT, m->root);
	sinks = root ? append_member(&t, root, "sinks", m->sinks) : NULL;
	pipelines = sinks ? append_member(&t, root, "pipelines", m->pipelines) : NULL;
	if (!pipelines)
		return NULL;
	copy_sinks(&t, sinks);
	copy_pipelines(&t, pipelines);
	return t.full ? NULL : root;
}

static void check(const struct model *m, struct problems *problems)
{
	const struct node *root = model_settings_tree(m, problems);

	if (root)
		settings_of_tree(&settings_all_kinds, root, problems);
}

const struct model_kinds model_daemon_kinds = { check };
