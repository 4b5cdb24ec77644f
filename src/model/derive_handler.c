#include "derive_parts.h"

#include "sluice/model/handler_definition.h"

/* What a handler of the model has and the daemon's has not. */
static const char *const of_the_model[] = {
	"kind", "name", "source", "pipeline", "events_per_s", "audience_size", "expect_after", NULL,
};
/* Where "$(NAME)" is a reference. */
static const char *const addresses[] = {
	"topic", "queue_url", "topic_arn", "stream", "bus", "function", "bucket", "prefix", "url", NULL,
};
/* Settings that all kinds have, beside those of the option table. */
static const char *const trees[] = { "filter", "on_failure", "batch", NULL };

static bool is_among(const char *const *names, struct str name)
{
	for (; *names; names++)
		if (str_eq(name, str_c(*names)))
			return true;
	return false;
}

static bool cannot(struct derivation *d, const struct node *n)
{
	struct str path = node_path(d->arena, n);

	return err_set(d->err, ERR_DATA, "derive.value",
		       "%s: the settings' syntax cannot hold this (a name that is not [A-Za-z*][-A-Za-z0-9_*]*, null, a zero "
		       "byte, a whole number beyond 64 bits, text over 64 KiB, 500 settings in a group, or nested too deep) and "
		       "no JSON can stand here",
		       derive_shown(d, path));
}

static bool put(struct derivation *d, unsigned indent, const struct node *n, enum derive_text how)
{
	if (!derive_fits(n))
		return cannot(d, n);
	if (n->kind == NODE_STRING && how == TEXT_ADDRESS)
		derive_variables(d, n->text);
	derive_put_setting(d->out, indent, n, how);
	return true;
}

static bool put_named(struct derivation *d, unsigned indent, const char *name, struct str text)
{
	derive_indent(d->out, indent);
	buf_putf(d->out, "%s = ", name);
	derive_put_string(d->out, text, TEXT_PLAIN);
	buf_puts(d->out, ";\n");
	return true;
}

/* A tree of the daemon's: a group or list of whatever names. */
static bool put_tree(struct derivation *d, unsigned indent, const struct node *n)
{
	if (derive_fits(n))
		return put(d, indent, n, TEXT_PLAIN);
	return derive_put_json(d->out, indent, n) || cannot(d, n);
}

/* Any value: a number that is too long stands as its text, which means the same to a template. */
static bool put_any(struct derivation *d, unsigned indent, const struct node *n)
{
	struct node text = *n;

	if (n->kind == NODE_REAL && !derive_fits(n))
		text.kind = NODE_STRING;
	return put(d, indent, &text, TEXT_PLAIN);
}

/* --- sinks and pipelines --------------------------------------------------- */

static void note_variables(struct derivation *d, const struct node *n)
{
	if (n->kind == NODE_STRING)
		derive_variables(d, n->text);
	for (const struct node *m = n->first; m; m = m->next)
		note_variables(d, m);
}

bool derive_sink_settings(struct derivation *d, const struct node *sink, unsigned indent)
{
	static const char *const names[] = { "name", "kind", NULL };

	if (!derive_group_fits(sink))
		return cannot(d, sink);
	for (const struct node *n = sink->first; n; n = n->next) {
		bool plain = is_among(names, n->name);

		if (!derive_fits(n))
			return cannot(d, n);
		if (!plain)
			note_variables(d, n);
		derive_put_setting(d->out, indent, n, plain ? TEXT_PLAIN : TEXT_ADDRESS);
	}
	return true;
}

static bool put_failure(struct derivation *d, unsigned indent, const struct node *n)
{
	if (!derive_fits(n))
		return cannot(d, n);
	note_variables(d, n);
	derive_put_setting(d->out, indent, n, TEXT_ADDRESS);
	return true;
}

/* A setting that asks for what this version does not do; it stands on one line. */
static bool put_later(struct derivation *d, unsigned indent, const struct node *n, const char *why)
{
	derive_note(d, n, "not run by this version: %s", why);
	derive_say(d, indent, "Not run by this version: %s.", why);
	derive_indent(d->out, indent);
	buf_puts(d->out, "# ");
	return put(d, 0, n, TEXT_PLAIN);
}

static const char backfill_words[] =
	"what was written before the stream's oldest change has no part in what is derived, until it is written again";

static bool is_backfill(const struct node *n)
{
	return str_eq(n->name, STR("backfill")) && n->kind == NODE_BOOL && n->b;
}

static bool is_loss(const struct node *n)
{
	return (str_eq(n->name, STR("on_trim")) || str_eq(n->name, STR("on_new_stream"))) && n->kind == NODE_STRING &&
	       (str_eq(n->text, STR("rebuild")) || str_eq(n->text, STR("backfill")));
}

static bool put_pipeline_setting(struct derivation *d, unsigned indent, const struct node *n)
{
	if (is_backfill(n))
		return put_later(d, indent, n, backfill_words);
	if (is_loss(n))
		return put_later(d, indent, n, "handlers stop there, and a person decides");
	if (str_eq(n->name, STR("on_failure")))
		return put_failure(d, indent, n);
	return put(d, indent, n, TEXT_PLAIN);
}

static void put_poll(struct derivation *d, unsigned indent)
{
	derive_indent(d->out, indent);
	buf_puts(d->out, "poll: {");
	if (d->options->poll_min_ms)
		buf_putf(d->out, " min_ms = %lld;", (long long)d->options->poll_min_ms);
	if (d->options->poll_max_ms)
		buf_putf(d->out, " max_ms = %lld;", (long long)d->options->poll_max_ms);
	buf_puts(d->out, " };\n");
}

bool derive_pipeline_settings(struct derivation *d, const struct derive_pipeline *p, unsigned indent)
{
	static const char *const own[] = { "name", "table", "handlers", NULL };

	if (p->at && !derive_group_fits(p->at))
		return cannot(d, p->at);
	put_named(d, indent, "name", p->name);
	put_named(d, indent, "table", derive_table(d, p->table));
	for (const struct node *n = p->at ? p->at->first : NULL; n; n = n->next)
		if (!is_among(own, n->name) && !put_pipeline_setting(d, indent, n))
			return false;
	if ((d->options->poll_min_ms || d->options->poll_max_ms) && !node_get(p->at, STR("poll")))
		put_poll(d, indent);
	return true;
}

/* --- handlers -------------------------------------------------------------- */

struct str derive_not_run(struct derivation *d, const struct model_handler *h)
{
	const struct handler_ops *ops = handler_kind(h->kind);
	const struct handler_site site = {
		.app = STR("sluice"), .pipeline = STR("p"), .name = h->name, .table = h->source, .node = h->at,
	};
	struct problems problems;
	void *settings;

	if (!ops)
		return arena_putf(d->arena, "handlers of the kind %s", derive_shown(d, h->kind));
	problems_init(&problems, d->arena);
	settings = arena_alloc(d->arena, ops->settings_size);
	if (settings && option_read(ops->options, h->at, settings, model_handler_settings, &problems)) {
		struct handler *made = ops->new(settings, &site, &problems);

		if (made)
			ops->free(made);
	}
	for (const struct problem *p = problems.first; p; p = p->next)
		if (p->sort == PROBLEM_LATER)
			return p->text;
	return STR("");
}

static const struct option *option_named(const struct option *table, struct str name)
{
	for (; table && table->name; table++)
		if (str_eq(name, str_c(table->name)))
			return table;
	return NULL;
}

static bool put_option(struct derivation *d, unsigned indent, const struct node *n, const struct option *o);

/* Groups one after the other, each by its own table. */
static bool put_groups(struct derivation *d, unsigned indent, const struct node *list, const struct option *table)
{
	bool ok = true;

	derive_indent(d->out, indent);
	buf_putf(d->out, "%.*s = (\n", STR_ARG(list->name));
	for (const struct node *g = list->first; g && ok; g = g->next) {
		if (g->kind != NODE_OBJECT || !derive_group_fits(g))
			return cannot(d, g);
		derive_indent(d->out, indent + 2);
		buf_puts(d->out, "{\n");
		for (const struct node *n = g->first; n && ok; n = n->next)
			ok = put_option(d, indent + 4, n, option_named(table, n->name));
		derive_indent(d->out, indent + 2);
		buf_puts(d->out, g->next ? "},\n" : "}\n");
	}
	derive_indent(d->out, indent);
	buf_puts(d->out, ");\n");
	return ok;
}

static bool names_table(const struct option *o)
{
	return strcmp(o->name, "table") == 0 || strcmp(o->name, "scan") == 0;
}

/* o: NULL for one that all kinds have. */
static bool put_option(struct derivation *d, unsigned indent, const struct node *n, const struct option *o)
{
	if (o && n->kind == NODE_STRING && names_table(o))
		return put_named(d, indent, o->name, derive_table(d, n->text));
	if (o ? o->type == OPTION_TREE : is_among(trees, n->name))
		return put_tree(d, indent, n);
	if (o && o->type == OPTION_LIST && n->kind == NODE_ARRAY && (d->options->table_name || !derive_fits(n)))
		return put_groups(d, indent, n, o->table);
	if (o && o->type == OPTION_VALUE)
		return put_any(d, indent, n);
	return put(d, indent, n, is_among(addresses, n->name) ? TEXT_ADDRESS : TEXT_PLAIN);
}

static bool put_handler_setting(struct derivation *d, unsigned indent, const struct node *n, const struct handler_ops *ops)
{
	if (is_backfill(n))
		return put_later(d, indent, n, backfill_words);
	if (str_eq(n->name, STR("on_failure")) && n->kind == NODE_OBJECT)
		return put_failure(d, indent, n);
	/* Of a kind that nobody knows any group may be a tree. */
	if (!ops && (n->kind == NODE_OBJECT || n->kind == NODE_ARRAY))
		return put_tree(d, indent, n);
	return put_option(d, indent, n, ops ? option_named(ops->options, n->name) : NULL);
}

bool derive_handler_settings(struct derivation *d, const struct model_handler *h, unsigned indent)
{
	const struct handler_ops *ops = handler_kind(h->kind);

	if (!derive_group_fits(h->at))
		return cannot(d, h->at);
	for (const struct node *n = h->at->first; n; n = n->next)
		if (!is_among(of_the_model, n->name) && !put_handler_setting(d, indent, n, ops))
			return false;
	return true;
}
