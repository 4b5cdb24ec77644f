#include "settings_parts.h"

#include "sluice/core/buf.h"
#include "sluice/core/file.h"
#include "sluice/core/scan.h"

/* --- the sink of a handler ----------------------------------------------- */

/* What a kind gives to the sink its settings name. */
static unsigned effects_of(const struct handler_ops *ops)
{
	static const struct {
		const char *kind;
		unsigned effects;
	} table[] = {
		{ "forward", 1u << EFFECT_MESSAGE },
		{ "fanout", 1u << EFFECT_MESSAGE },
		{ "index", 1u << EFFECT_PUT_DOCUMENT | 1u << EFFECT_DELETE_DOCUMENT },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].kind, ops->kind) == 0)
			return table[i].effects;
	return 0;
}

static bool names(const struct option *table, struct str name)
{
	for (const struct option *o = table; o->name; o++)
		if (str_eq(str_c(o->name), name))
			return true;
	return false;
}

static bool has_option(const struct handler_ops *ops, const char *name)
{
	return names(ops->options, str_c(name));
}

/* A setting that nobody knows may be the missing one, misspelt. */
static bool has_unknown(const struct settings_handler *h)
{
	for (const struct node *n = h->node->first; n; n = n->next)
		if (!names(h->ops->options, n->name) && !names(settings_handler_options, n->name))
			return true;
	return false;
}

/* The sink takes what the kind makes, and the kind can say where to. */
static bool fits(const struct handler_ops *ops, const struct sink_ops *sink)
{
	unsigned needed = effects_of(ops);

	/* What a sink holds is acknowledged in the order of a shard; members have another one. */
	if (sink->flush && ops->tasks)
		return false;
	return (sink->accepts & needed) == needed && (!sink->address || has_option(ops, sink->address));
}

static bool check_fits(struct loading *l, const struct settings_handler *h, const struct node *at)
{
	struct buf kinds;
	struct str list;

	if (fits(h->ops, h->sink->ops))
		return true;
	buf_init(&kinds, 256);
	for (size_t i = 0; l->kinds->sinks[i]; i++)
		if (fits(h->ops, l->kinds->sinks[i]))
			buf_putf(&kinds, "%s%s", kinds.len ? ", " : "", l->kinds->sinks[i]->kind);
	list = buf_str(&kinds);
	problems_add(l->problems, at, "a handler of the kind %s cannot use a sink of the kind %s; expected one of: %.*s",
		     h->ops->kind, h->sink->ops->kind, STR_ARG(list));
	buf_release(&kinds);
	return false;
}

static bool is_name(const char *name, const char *other)
{
	return name && strcmp(name, other) == 0;
}

static void refuse_stray_addresses(struct loading *l, const struct settings_handler *h)
{
	static const char *const addresses[] = { "topic", "queue_url", "topic_arn", "stream", "bus",
						 "function", "bucket", "prefix", "url" };
	const struct sink_ops *ops = h->sink->ops;

	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		const struct node *stray = node_get(h->node, str_c(addresses[i]));

		if (stray && has_option(h->ops, addresses[i]) && !is_name(ops->address, addresses[i]) &&
		    !is_name(ops->address_under, addresses[i]))
			problems_add(l->problems, stray, "has no meaning for a sink of the kind %s", ops->kind);
	}
}

/* `topic` belongs to kafka, `queue_url` to SQS, …: the sink's own must be there. */
static void check_address(struct loading *l, const struct settings_handler *h)
{
	const char *address = h->sink->ops->address;

	if (!(effects_of(h->ops) & 1u << EFFECT_MESSAGE))
		return;
	if (address && !node_get(h->node, str_c(address)) && !has_unknown(h))
		problems_add(l->problems, h->node, "the setting '%s' is missing: the sink \"%.*s\" is of the kind %s", address,
			     STR_ARG(h->sink->name), h->sink->ops->kind);
	settings_check_place(l, h->sink, address ? node_get(h->node, str_c(address)) : NULL);
	refuse_stray_addresses(l, h);
}

static void check_sink(struct loading *l, struct settings_handler *h)
{
	const struct node *at = node_get(h->node, STR("sink"));

	h->sink = settings_find_sink(l, at);
	if (h->sink && check_fits(l, h, at))
		check_address(l, h);
}

/* --- what the handler says ----------------------------------------------- */

static void check_filters(struct loading *l, const struct settings_handler *h)
{
	const struct node *changed = node_get(h->node, STR("changed"));

	if (h->filter)
		filter_compile(h->filter, h->ops->image ? FILTER_RECORD_KEYS : FILTER_RECORD, l->arena, l->problems);
	if (changed && h->ops->image)
		problems_add(l->problems, changed,
			     "a %s follows the whole item; conditions on it go into 'where'", h->ops->kind);
	else if (h->changed.count)
		changed_compile(&h->changed, l->arena, changed, l->problems);
}

enum { MAPPING_BYTES = 1 << 20 };

/* What an index that must be made is made of: read with the settings, so that
 * `check` sees it and a running daemon never looks at the file again. */
static void read_mapping(struct loading *l, struct settings_handler *h)
{
	const struct node *at = node_get(h->node, STR("mapping_file"));
	struct err err = { 0 };
	struct buf text;
	const char *path;

	if (l->offline || !at || at->kind != NODE_STRING || at->broken)
		return;
	path = file_beside(l->arena, at->file, at->text);
	buf_init(&text, MAPPING_BYTES);
	if (path && file_read(path, &text, &err) && scan_check(buf_str(&text), &err))
		h->mapping = arena_dup(l->arena, buf_str(&text));
	else
		problems_add(l->problems, at, "%s; expected a JSON file with \"mappings\" and \"settings\"", err.text);
	buf_release(&text);
}

void settings_check_handler(struct loading *l, const struct settings_pipeline *p, struct settings_handler *h)
{
	struct handler_site site = settings_site(l->settings, p, h);
	struct handler *made;

	/* What was refused has its default here: what is wrong with that was said. */
	problems_follow(l->problems);
	check_filters(l, h);
	read_mapping(l, h);
	made = h->ops->new(h->settings, &site, l->problems);
	if (made)
		made->ops->free(made);
	problems_follow_end(l->problems);
	check_sink(l, h);
}

/* --- cycles -------------------------------------------------------------- */

/* The derived table of a handler, or empty. */
static struct str target_of(const struct settings_handler *h)
{
	const struct node *table = h->ops->image ? node_get(h->node, STR("table")) : NULL;

	return table && table->kind == NODE_STRING && !table->broken ? table->text : str_of(NULL, 0);
}

struct walk {
	struct loading *l;
	const struct settings_pipeline *from;  /* where the cycle would close */
	bool *seen;                            /* pipelines that were passed */
	struct buf path;
};

static bool reaches(struct walk *w, struct str table)
{
	const struct settings *s = w->l->settings;

	if (str_eq(table, w->from->table))
		return true;
	for (size_t i = 0; i < s->n_pipelines; i++) {
		const struct settings_pipeline *p = &s->pipelines[i];

		if (w->seen[i] || !str_eq(p->table, table))
			continue;
		w->seen[i] = true;
		for (size_t j = 0; j < p->n_handlers; j++) {
			struct str target = target_of(&p->handlers[j]);
			size_t mark = w->path.len;

			if (!target.len || str_eq(target, table))
				continue;
			buf_putf(&w->path, " -> %.*s (%.*s)", STR_ARG(target), STR_ARG(p->handlers[j].name));
			if (reaches(w, target))
				return true;
			buf_truncate(&w->path, mark);
		}
	}
	return false;
}

/* A table that is derived from itself alone is no cycle: its rows are marked and
 * not read. */
static void check_one(struct loading *l, const struct settings_pipeline *p, const struct settings_handler *h)
{
	struct str target = target_of(h), path;
	struct walk w = { .l = l, .from = p };

	if (!target.len || !p->table.len || str_eq(target, p->table))
		return;
	buf_init(&w.path, 2048);
	w.seen = arena_array(l->arena, l->settings->n_pipelines, sizeof(bool));
	buf_putf(&w.path, "%.*s -> %.*s (%.*s)", STR_ARG(p->table), STR_ARG(target), STR_ARG(h->name));
	if (w.seen && reaches(&w, target)) {
		path = buf_str(&w.path);
		problems_add(l->problems, node_get(h->node, STR("table")), "tables feed each other: %.*s", STR_ARG(path));
	}
	buf_release(&w.path);
}

void settings_check_cycles(struct loading *l)
{
	for (size_t i = 0; i < l->settings->n_pipelines; i++)
		for (size_t j = 0; j < l->settings->pipelines[i].n_handlers; j++)
			check_one(l, &l->settings->pipelines[i], &l->settings->pipelines[i].handlers[j]);
}

/* --- handlers that would write each other's objects ---------------------- */

static struct str text_of(const struct settings_handler *h, const char *name)
{
	const struct node *n = name ? node_get(h->node, str_c(name)) : NULL;
	struct str text = n && n->kind == NODE_STRING ? n->text : str_of(NULL, 0);

	while (str_starts(text, STR("/")))
		text = str_from(text, 1);
	while (str_ends(text, STR("/")))
		text = str_sub(text, 0, text.len - 1);
	return text;
}

static bool is_same_place(const struct settings_handler *a, const struct settings_handler *b)
{
	const struct sink_ops *ops = a->sink->ops;

	return b->sink && b->sink->ops == ops && str_eq(text_of(a, ops->address), text_of(b, ops->address)) &&
	       str_eq(text_of(a, ops->address_under), text_of(b, ops->address_under));
}

/* What a sink makes of many changes is named by the first of them. */
static void check_place(struct loading *l, const struct settings_pipeline *p, const struct settings_handler *h)
{
	for (const struct settings_pipeline *q = l->settings->pipelines; q <= p; q++)
		for (size_t i = 0; i < q->n_handlers && &q->handlers[i] != h; i++)
			if (str_eq(q->table, p->table) && is_same_place(h, &q->handlers[i])) {
				problems_add(l->problems, settings_at(h->node, h->sink->ops->address_under),
					     "the handler \"%.*s\" writes the same table's changes there already; the two would "
					     "replace each other's objects: give each a %s of its own",
					     STR_ARG(q->handlers[i].name), h->sink->ops->address_under);
				return;
			}
}

void settings_check_places(struct loading *l)
{
	for (size_t i = 0; i < l->settings->n_pipelines; i++)
		for (size_t j = 0; j < l->settings->pipelines[i].n_handlers; j++) {
			const struct settings_handler *h = &l->settings->pipelines[i].handlers[j];

			if (h->sink && h->sink->ops->flush && h->sink->ops->address_under)
				check_place(l, &l->settings->pipelines[i], h);
		}
}
