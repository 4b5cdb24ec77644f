/* What handlers' templates and filters ask of the stream and of the items. */
#include "lint_groups.h"

#include "sluice/handlers/handler.h"
#include "sluice/item/path.h"
#include "sluice/pipeline/template.h"

enum { IMAGES = TEMPLATE_NEW | TEMPLATE_OLD, STEP_BYTES = 32, TEMPLATE_STEPS = 20 };

/* One handler whose strings are gone through. */
struct visit {
	struct lint *lint;
	const struct model_handler *handler;
	const struct node *at;
	void (*take)(struct visit *v, const struct template *t);
	unsigned roots;
	bool done;               /* the work is used up */
};

/* --- all templates of a handler -------------------------------------------- */

/* A default stands in for what is not there: nothing is asked for then. */
static void take_text(struct visit *v, const struct node *n)
{
	const unsigned all = TEMPLATE_NEW | TEMPLATE_OLD | TEMPLATE_KEYS | TEMPLATE_ITEM | TEMPLATE_EVENT | TEMPLATE_MEMBER |
			     TEMPLATE_NOTIFICATION | TEMPLATE_SHARD | TEMPLATE_ELEMENT;
	struct problems ignored; /* handler-setting tells them */
	struct arena *a;
	struct template *t;

	if (str_find(n->text, STR("${")) == SIZE_MAX || str_find(n->text, STR("default(")) != SIZE_MAX)
		return;
	a = lint_step(v->lint);
	problems_init(&ignored, a);
	t = template_compile(n->text, all, a, n, &ignored);
	v->at = n;
	if (t)
		v->take(v, t);
}

static void each_template(struct visit *v, const struct node *group)
{
	for (const struct node *n = group->first; n && !v->done; n = n->next) {
		if (n == v->handler->expect_after)
			continue;
		v->done = !lint_works(v->lint, n->kind == NODE_STRING ? TEMPLATE_STEPS + n->text.len / STEP_BYTES : 1, n);
		if (n->kind == NODE_STRING && !v->done)
			take_text(v, n);
		else if (n->kind != NODE_STRING)
			each_template(v, n);
	}
}

/* --- images of the stream -------------------------------------------------- */

static void take_roots(struct visit *v, const struct template *t)
{
	v->roots |= template_roots(t) & IMAGES;
}

static unsigned roots_of_filter(struct lint *l, const struct handler_ops *ops, const struct node *n)
{
	struct arena *a = lint_step(l);
	const struct node *tree = n;
	struct problems ignored;
	struct err err = { 0 };
	struct filter *f;

	problems_init(&ignored, a);
	if (n->kind == NODE_STRING)
		tree = node_from_json(a, n->text, n, &err);
	if (!tree && err_is(&err, "node.memory"))
		lint_no_memory(l, n);
	f = tree ? filter_compile(tree, ops->image ? FILTER_RECORD_KEYS : FILTER_RECORD, a, &ignored) : NULL;
	return f ? filter_roots(f) & IMAGES : 0;
}

/* The images that it cannot do without. */
static unsigned images_of(struct lint *l, const struct model_handler *h, const struct handler_ops *ops)
{
	const struct node *filter = node_get(h->at, STR("filter")), *changed = node_get(h->at, STR("changed"));
	struct visit v = { .lint = l, .handler = h, .take = take_roots };

	v.roots = (ops->needs_new ? TEMPLATE_NEW : 0) | (ops->needs_old ? TEMPLATE_OLD : 0);
	if (changed && changed->kind == NODE_ARRAY && changed->count)
		v.roots |= IMAGES;
	if (filter)
		v.roots |= roots_of_filter(l, ops, filter);
	if (v.roots != IMAGES)
		each_template(&v, h->at);
	return v.roots;
}

static unsigned images_of_view(struct str type)
{
	if (str_eq(type, STR("NEW_AND_OLD_IMAGES")))
		return IMAGES;
	return str_eq(type, STR("NEW_IMAGE")) ? TEMPLATE_NEW : str_eq(type, STR("OLD_IMAGE")) ? TEMPLATE_OLD : 0;
}

static void handler_view_type(struct lint *l)
{
	EACH_HANDLER(l, h) {
		const struct handler_ops *ops = handler_kind(h->kind);
		struct str view = h->table ? h->table->stream_view_type : STR("");
		unsigned missing;

		if (!ops || !view.len || !h->table->stream)
			continue;
		missing = images_of(l, h, ops) & ~images_of_view(view);
		if (missing)
			LINT_FOUND(l, h->at, "Set StreamViewType to NEW_AND_OLD_IMAGES.",
				   "this %s handler reads the %s, which the stream of %.*s (%.*s) lacks", ops->kind,
				   missing == IMAGES ? "new and the old image" : missing == TEMPLATE_NEW ? "new image" : "old image",
				   STR_ARG(str_sub(h->table->name, 0, 255)), STR_ARG(str_sub(view, 0, 60)));
	}
}

/* --- paths that no item has ------------------------------------------------ */

static bool any_item_has(struct visit *v, const struct path *path, bool *items)
{
	const struct model *m = v->lint->model;
	struct value found;

	*items = false;
	for (size_t i = 0; i < m->n_items && !v->done; i++) {
		const struct model_item *it = &m->items[i];
		bool its = it->table == v->handler->table && it->put;

		v->done = !lint_works(v->lint, 1 + (its ? it->at->text.len / STEP_BYTES : 0), v->at);
		*items |= its;
		if (its && path_get(path, it->item, &found))
			return true;
	}
	return v->done;
}

static void seek_path(void *ctx, const struct path *path)
{
	struct visit *v = ctx;
	struct lint *l = v->lint;
	bool items;

	if (path->count && !any_item_has(v, path, &items) && items)
		LINT_FOUND(l, v->at, "Check the name, or give a default: ${item.x | default(\"…\")}.",
			   "no sample item of %.*s has what this template asks for (%.*s)", STR_ARG(v->handler->table->name),
			   STR_ARG(str_sub(path->steps[0].name, 0, 60)));
}

static void seek_paths(struct visit *v, const struct template *t)
{
	static const unsigned roots[] = { TEMPLATE_NEW, TEMPLATE_OLD, TEMPLATE_ITEM, TEMPLATE_KEYS };

	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++)
		template_each_path(t, (enum template_root)roots[i], seek_path, v);
}

static void template_path(struct lint *l)
{
	struct visit v = { .lint = l, .take = seek_paths };

	EACH_HANDLER(l, h) {
		v.handler = h;
		if (h->table && !v.done)
			each_template(&v, h->at);
	}
}

const struct model_lint lint_templates[] = {
	{ "handler-view-type", FINDING_ERROR, "A stream without the images that a handler reads.", handler_view_type },
	{ "template-path", FINDING_WARNING, "A template that no sample item can fill.", template_path },
	{ 0 },
};
