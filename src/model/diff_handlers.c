#include "diff_parts.h"

#include "sluice/handlers/handler.h"
#include "sluice/model/handler_definition.h"

enum { MEMBERS_SHOWN = 20, DIFFERENCES_MAX = 600, DEFINITION_MAX = 1 << 20 };

#define NO_BACKFILL "This version of sluice has no backfill or rebuild of its own."
#define DEPLOY "sluice model derive writes the settings, sluice check -c proves them; then the daemon is started again."

/* --- what differs ---------------------------------------------------------- */

static bool is_one_of(struct str name, const char *const *list)
{
	for (; list && *list; list++)
		if (str_eq(name, str_c(*list)))
			return true;
	return false;
}

struct differences {
	struct buf text;
	size_t count;
	const char *const *except;   /* members that are not compared */
};

static void note(struct differences *x, struct str name)
{
	if (is_one_of(name, x->except))
		return;
	if (x->count++ < MEMBERS_SHOWN)
		buf_putf(&x->text, "%s%.*s", x->text.len ? ", " : "", (int)(name.len < 60 ? name.len : 60), name.ptr);
}

/* Names of the members that are not the same in both; except: a NULL-terminated list. */
static struct str differing(struct diffing *d, const struct node *was, const struct node *is, const char *const *except,
			    size_t *count)
{
	struct differences x = { .except = except };
	struct str text;
	size_t looked = 0;

	buf_init(&x.text, DIFFERENCES_MAX * 4);
	for (const struct node *n = is->first; n && looked < 100; n = n->next, looked++)
		if (!diff_same_tree(node_get(was, n->name), n))
			note(&x, n->name);
	for (const struct node *n = was->first; n && looked < 200; n = n->next, looked++)
		if (!node_get(is, n->name))
			note(&x, n->name);
	text = diff_text(d, "%.*s%s", STR_ARG(buf_str(&x.text)), x.count > MEMBERS_SHOWN ? " and more" : "");
	*count = x.count;
	buf_release(&x.text);
	return text;
}

/* --- handlers -------------------------------------------------------------- */

static struct str pipeline_of(const struct model_handler *h)
{
	return h->pipeline.len ? h->pipeline : h->source;
}

static struct str about(struct diffing *d, const struct model_handler *h)
{
	return diff_text(d, "%.*s of %.*s%s%.*s", NAME_ARG(h->kind), NAME_ARG(h->source),
			 str_eq(pipeline_of(h), h->source) ? "" : ", pipeline ",
			 str_eq(pipeline_of(h), h->source) ? 0 : (int)(h->pipeline.len < 255 ? h->pipeline.len : 255),
			 h->pipeline.ptr ? h->pipeline.ptr : "");
}

static bool keeps_rows(const struct model_handler *h)
{
	const struct handler_ops *ops = handler_kind(h->kind);

	return ops && ops->definition;
}

/* Did what their rows depend on change? Where that cannot be said (settings with mistakes), the settings decide. */
static bool same_definition(const struct model_handler *was, const struct model_handler *is)
{
	struct buf a, b;
	bool same;

	buf_init(&a, DEFINITION_MAX);
	buf_init(&b, DEFINITION_MAX);
	if (model_handler_definition(was, &a) && model_handler_definition(is, &b))
		same = str_eq(buf_str(&a), buf_str(&b));
	else
		same = str_eq(was->kind, is->kind) && str_eq(was->source, is->source) && diff_same_member(was->at, is->at, "key") &&
		       diff_same_member(was->at, is->at, "where") && diff_same_member(was->at, is->at, "table");
	buf_release(&a);
	buf_release(&b);
	return same;
}

static bool source_is_new(const struct diffing *d, const struct model_handler *h)
{
	return !model_table(d->was, h->source);
}

/* How rows of what was there before the stream began to be read come to be. */
static struct str how_to_fill(const struct model_handler *h)
{
	if (str_eq(h->kind, STR("counter")))
		return STR("A counter adds to its rows what comes through the stream; a rewritten item that it never saw counts zero. "
			   "Stop the writers, sum up a Scan of the source and write the rows (the plain sums), wait a minute, start "
			   "the handler in a pipeline with start = \"latest\", start the writers.");
	return STR("Rewrite each old item once it runs: an UpdateItem that sets a marker attribute, since an update that changes "
		   "nothing gives no record. Pace it; it costs a write an item.");
}

static void fill_from_old_items(struct diffing *d, const struct model_handler *h, const char *code)
{
	diff_step(d, TURN_SECOND, &(struct diff_step){
		.phase = DIFF_FILL, .code = code, .table = h->source, .name = h->name,
		.what = diff_text(d, "Bring in what was written to %.*s before the handler %.*s began.", NAME_ARG(h->source),
				  NAME_ARG(h->name)),
		.why = diff_text(d, "A stream holds 24 hours: start = \"trim_horizon\" reads those, older items never come. " NO_BACKFILL
				 " %.*s", STR_ARG(how_to_fill(h))),
		.before = STR("The handler runs (a counter: see there), and its target was empty."),
		.after = STR("Readers of its rows may be deployed."),
	});
}

static void add_handler(struct diffing *d, const struct model_handler *h, struct str hint)
{
	diff_add(d, &(struct diff_change){
		.kind = DIFF_ADDED, .what = "handler", .table = h->source, .name = h->name, .text = about(d, h), .hint = hint,
	});
	diff_step(d, TURN_LAST, &(struct diff_step){
		.phase = DIFF_ADD, .code = "start-handler", .table = h->source, .name = h->name,
		.what = diff_text(d, "Start the handler %.*s (%.*s of %.*s).", NAME_ARG(h->name), NAME_ARG(h->kind), NAME_ARG(h->source)),
		.why = STR("It has no position yet: it begins where its pipeline's start says, trim_horizon (what the stream still has, "
			   "24 hours at most) or latest. " DEPLOY),
		.before = STR("Its source's stream is enabled; its target is ACTIVE and empty."),
	});
	if (keeps_rows(h) && !source_is_new(d, h))
		fill_from_old_items(d, h, "fill-handler");
}

static void remove_handler(struct diffing *d, const struct model_handler *h)
{
	diff_add(d, &(struct diff_change){
		.kind = DIFF_REMOVED, .what = "handler", .table = h->source, .name = h->name, .text = about(d, h),
	});
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_REMOVE, .code = "remove-handler", .table = h->source, .name = h->name,
		.what = diff_text(d, "Take the handler %.*s out of the settings and start the daemon again.", NAME_ARG(h->name)),
		.why = STR("What it wrote stays as it is and grows old. Its positions stay in the state table: one of the same name would "
			   "go on from there."),
		.before = STR("No reader uses what it keeps."),
	});
}

static void rebuild_handler(struct diffing *d, const struct model_handler *h)
{
	diff_step(d, TURN_LAST, &(struct diff_step){
		.phase = DIFF_ADD, .code = "start-handler-anew", .table = h->source, .name = h->name,
		.what = diff_text(d, "Give the changed handler %.*s a new name and an empty target, and start it beside the old one.",
				  NAME_ARG(h->name)),
		.why = STR("Its definition changed, and rows of two definitions would mix: under its old name the daemon refuses to run "
			   "it. " DEPLOY),
		.before = STR("The new target is ACTIVE and empty. The old handler goes on, so readers see no gap."),
	});
	fill_from_old_items(d, h, "rebuild-handler");
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_READERS, .code = "switch-target", .table = h->source, .name = h->name,
		.what = diff_text(d, "Deploy readers that use the new target of %.*s.", NAME_ARG(h->name)),
		.why = STR("The old one is kept until the last of them has moved."),
		.before = STR("The new target is filled."),
	});
	diff_step(d, TURN_FIRST, &(struct diff_step){
		.phase = DIFF_REMOVE, .code = "remove-handler", .table = h->source, .name = h->name,
		.what = diff_text(d, "Take the old definition of %.*s out of the settings, start the daemon again, delete its old target.",
				  NAME_ARG(h->name)),
		.why = STR("Nothing reads it any more. Its positions stay in the state table, under the old name."),
	});
}

/* Settings that say nothing about a running system. */
static const char *const figures[] = { "events_per_s", "audience_size", "expect_after", NULL };

static void change_handler(struct diffing *d, const struct model_handler *was, const struct model_handler *is)
{
	size_t all, real;
	struct str text = differing(d, was->at, is->at, NULL, &all);
	bool rows;

	if (all == 0)
		return;
	differing(d, was->at, is->at, figures, &real);
	rows = (keeps_rows(was) || keeps_rows(is)) && !same_definition(was, is);
	diff_add(d, &(struct diff_change){
		.kind = DIFF_CHANGED, .what = "handler", .table = is->source, .name = is->name, .text = text,
		.hint = rows ? STR("This changes its definition, what its rows depend on.") : STR(""),
	});
	if (rows)
		rebuild_handler(d, is);
	else if (real)
		diff_step(d, TURN_LAST, &(struct diff_step){
			.phase = DIFF_ADD, .code = "change-handler", .table = is->source, .name = is->name,
			.what = diff_text(d, "Run the handler %.*s with its new settings (%.*s).", NAME_ARG(is->name), NAME_ARG(text)),
			.why = STR("Its definition is the same, so it goes on where it is; records from then on are handled in the new way, "
				   "earlier ones stay. " DEPLOY),
		});
}

/* --- matching -------------------------------------------------------------- */

static struct str *handler_names(struct diffing *d, const struct model *m)
{
	struct str *names = arena_array(d->arena, m->n_handlers + 1, sizeof(*names));

	for (size_t i = 0; names && i < m->n_handlers; i++)
		names[i] = diff_text(d, "%.*s#%.*s", NAME_ARG(pipeline_of(&m->handlers[i])), NAME_ARG(m->handlers[i].name));
	d->full |= !names;
	return names;
}

/* Was one of another name, that is gone, defined alike? A document has 1,000 handlers at most, and few are gone. */
static struct str handler_hint(struct diffing *d, const struct model_handler *h, const struct matching *m)
{
	for (size_t i = 0, looked = 0; i < d->was->n_handlers && looked < MEMBERS_SHOWN; i++) {
		const struct model_handler *other = &d->was->handlers[i];

		if (m->to_is[i] != SIZE_MAX)
			continue;
		looked++;
		if (str_eq(other->kind, h->kind) && str_eq(other->source, h->source) && same_definition(other, h))
			return diff_text(d, "%.*s, which is removed, is defined alike. A handler's position belongs to its pipeline's and its "
					 "own name: keep them, or it begins anew.", NAME_ARG(other->name));
	}
	return STR("");
}

static void compare_handlers(struct diffing *d)
{
	struct str *was = handler_names(d, d->was), *is = handler_names(d, d->is);
	struct matching m;

	if (!was || !is || !diff_match(d, was, d->was->n_handlers, is, d->is->n_handlers, &m))
		return;
	for (size_t i = 0; i < d->is->n_handlers; i++) {
		if (m.to_was[i] == SIZE_MAX)
			add_handler(d, &d->is->handlers[i], handler_hint(d, &d->is->handlers[i], &m));
		else
			change_handler(d, &d->was->handlers[m.to_was[i]], &d->is->handlers[i]);
	}
	for (size_t i = 0; i < d->was->n_handlers; i++)
		if (m.to_is[i] == SIZE_MAX)
			remove_handler(d, &d->was->handlers[i]);
}

/* --- sinks and pipelines --------------------------------------------------- */

/* A list of objects with names. */
struct named_list {
	const struct node *list;     /* NULL: none */
	const char *what;
	const struct node **items;
	struct str *names;
	size_t count;
};

static bool read_list(struct diffing *d, struct named_list *l)
{
	size_t n = l->list && l->list->kind == NODE_ARRAY ? l->list->count : 0;

	l->items = arena_array(d->arena, n + 1, sizeof(const struct node *));
	l->names = arena_array(d->arena, n + 1, sizeof(*l->names));
	d->full |= !l->items || !l->names;
	if (!l->items || !l->names)
		return false;
	for (const struct node *it = n ? l->list->first : NULL; it; it = it->next) {
		const struct node *name = node_get(it, STR("name")), *table = node_get(it, STR("table"));

		if (it->kind != NODE_OBJECT)
			continue;
		l->items[l->count] = it;
		l->names[l->count++] = name ? name->text : table ? table->text : STR("");
	}
	return true;
}

static void list_change(struct diffing *d, const char *what, enum diff_kind kind, struct str name, struct str text,
			struct str hint)
{
	diff_add(d, &(struct diff_change){ .kind = kind, .what = what, .name = name, .text = text, .hint = hint });
}

static struct str kind_of(const struct node *n)
{
	const struct node *kind = node_get(n, STR("kind"));

	if (!kind)
		kind = node_get(n, STR("table"));
	return kind && kind->kind == NODE_STRING ? kind->text : STR("");
}

static void compare_one(struct diffing *d, const struct named_list *l, const struct node *was, const struct node *is,
			struct str name)
{
	bool start = strcmp(l->what, "pipeline") == 0 && !diff_same_member(was, is, "start");
	size_t count;
	struct str text = differing(d, was, is, NULL, &count);

	if (count)
		list_change(d, l->what, DIFF_CHANGED, name, text,
			    start ? STR("start counts only for handlers without a saved position; sluice seek moves the others.") : STR(""));
}

static void compare_list(struct diffing *d, const char *what, const struct node *was_list, const struct node *is_list)
{
	struct named_list was = { .list = was_list, .what = what }, is = { .list = is_list, .what = what };
	size_t before = d->out->n_changes;
	struct matching m;

	if (!read_list(d, &was) || !read_list(d, &is) || !diff_match(d, was.names, was.count, is.names, is.count, &m))
		return;
	for (size_t i = 0; i < is.count; i++) {
		if (m.to_was[i] == SIZE_MAX)
			list_change(d, what, DIFF_ADDED, is.names[i], kind_of(is.items[i]), STR(""));
		else
			compare_one(d, &is, was.items[m.to_was[i]], is.items[i], is.names[i]);
	}
	for (size_t i = 0; i < was.count; i++)
		if (m.to_is[i] == SIZE_MAX)
			list_change(d, what, DIFF_REMOVED, was.names[i], kind_of(was.items[i]), STR(""));
	if (d->out->n_changes == before)
		return;
	diff_step(d, TURN_LAST, &(struct diff_step){
		.phase = DIFF_ADD, .code = "change-settings",
		.what = diff_text(d, "Run the daemon with the %ss of the new model.", what),
		.why = STR(DEPLOY),
		.before = STR("Removed ones are named by no handler of the settings that run."),
	});
}

void diff_handlers(struct diffing *d)
{
	compare_list(d, "sink", d->was->sinks, d->is->sinks);
	compare_list(d, "pipeline", d->was->pipelines, d->is->pipelines);
	compare_handlers(d);
}
