#include "settings_parts.h"

#include "sluice/core/buf.h"

#include <limits.h>
#include <unistd.h>

enum { KINDS_MAX = 32, MEAN_MAX = 128, SINK_PATH_MAX = 1 << 20 };

struct sink_common {
	struct str kind, name;
};

const struct option settings_sink_options[] = {
	{ .name = "name", .type = OPTION_STR, .offset = offsetof(struct sink_common, name), .flags = OPTION_REQUIRED,
	  .help = "What handlers call it." },
	{ .name = "kind", .type = OPTION_STR, .offset = offsetof(struct sink_common, kind), .flags = OPTION_REQUIRED,
	  .help = "One of the kinds below." },
	{ 0 },
};

/* --- files --------------------------------------------------------------- */

/* Appends the segments of a path to `out`, which is a folder's path without its
 * last slash: by their names alone, symbolic links are not followed. */
static void put_segments(struct str path, struct buf *out)
{
	while (path.len) {
		struct str segment = str_split(&path, '/');

		if (str_eq(segment, STR(".."))) {
			while (out->len && out->ptr[out->len - 1] != '/')
				buf_truncate(out, out->len - 1);
			if (out->len)
				buf_truncate(out, out->len - 1);
		} else if (segment.len && !str_eq(segment, STR("."))) {
			buf_putf(out, "/%.*s", STR_ARG(segment));
		}
	}
}

/* "c", "./c" and "/here/c" are one file; empty where there is no path to compare. */
static struct str one_path(struct loading *l, const struct node *at)
{
	struct str whole = { NULL, 0 };
	char folder[PATH_MAX];
	struct buf path;

	if (!at || at->kind != NODE_STRING || problems_within(l->problems, at))
		return whole;
	buf_init(&path, SINK_PATH_MAX);
	if (!str_starts(at->text, STR("/")) && getcwd(folder, sizeof(folder)))
		put_segments(str_c(folder), &path);
	put_segments(at->text, &path);
	if (buf_ok(&path))
		whole = arena_dup(l->arena, buf_str(&path));
	buf_release(&path);
	return whole;
}

static const struct node *path_node(const struct settings_sink *sink)
{
	return sink->ops->path ? node_get(sink->node, str_c(sink->ops->path)) : NULL;
}

/* Two writers of one file would take each other's lines for torn ones. */
static void check_path(struct loading *l, struct settings_sink *sink)
{
	struct str path = sink->path = one_path(l, path_node(sink));

	if (path.len && str_eq(path, one_path(l, node_get(node_get(l->root, STR("state")), STR("file")))))
		problems_add(l->problems, path_node(sink), "this file holds the state (state.file); give the sink another one");
	for (const struct settings_sink *other = l->settings->sinks; path.len && other < sink; other++) {
		if (!str_eq(other->path, path))
			continue;
		problems_add(l->problems, settings_at(sink->node, sink->ops->path),
			     "the sink \"%.*s\" writes this file already, at %s:%d; give each sink a file of its own",
			     STR_ARG(other->name), other->node->file, other->node->line);
		return;
	}
}

/* --- sinks --------------------------------------------------------------- */

static void read_sink(struct loading *l, const struct node *group, const struct sink_ops *ops)
{
	const struct kind_table table = {
		settings_sink_options, ops->options, sizeof(struct sink_common), ops->settings_size,
	};
	struct settings_sink *sink = &l->settings->sinks[l->settings->n_sinks];
	struct sink_common *common;

	sink->settings = settings_read_kind(l, &table, group, (void **)&common);
	if (!sink->settings)
		return;
	sink->name = common->name;
	sink->ops = ops;
	sink->node = group;
	l->settings->n_sinks++;
	if (common->name.len)
		settings_check_name(l, settings_at(group, "name"), common->name);
	settings_check_unique(l, group, "sink");
	problems_follow(l->problems);
	if (ops->check)
		ops->check(sink->settings, group, l->problems);
	problems_follow_end(l->problems);
	check_path(l, sink);
}

static void read_unknown_sink(struct loading *l, const struct node *group)
{
	struct sink_common common = { 0 };

	settings_read_common(l, settings_sink_options, group, &common);
	if (common.name.len)
		settings_check_name(l, settings_at(group, "name"), common.name);
	settings_check_unique(l, group, "sink");
}

void settings_read_sinks(struct loading *l)
{
	const char *known[KINDS_MAX + 1] = { NULL };
	size_t count;

	if (!settings_group_list(l, l->sinks, &count))
		return;
	for (size_t i = 0; i < KINDS_MAX && l->kinds->sinks[i]; i++)
		known[i] = l->kinds->sinks[i]->kind;
	l->settings->sinks = arena_array(l->arena, count, sizeof(*l->settings->sinks));
	if (!l->settings->sinks) {
		problems_add(l->problems, l->sinks, "the settings take more than %zu bytes of memory", l->arena->max);
		return;
	}
	for (const struct node *n = l->sinks->first; n; n = n->next) {
		int kind = n->kind == NODE_OBJECT ? settings_kind_index(l, n, known, NULL) : -1;

		if (kind >= 0)
			read_sink(l, n, l->kinds->sinks[kind]);
		else if (n->kind == NODE_OBJECT)
			read_unknown_sink(l, n);
	}
}

const struct settings_sink *settings_sink_named(const struct settings *s, struct str name)
{
	for (size_t i = 0; i < s->n_sinks; i++)
		if (str_eq(s->sinks[i].name, name))
			return &s->sinks[i];
	return NULL;
}

/* A sink that has its own mistake is no dangling reference: names are looked up
 * in the tree. */
static bool offer_names(struct loading *l, struct nearest *near)
{
	bool there = false;

	for (const struct node *n = l->sinks && l->sinks->kind == NODE_ARRAY ? l->sinks->first : NULL; n; n = n->next) {
		const struct node *name = node_get(n, STR("name"));

		if (!name || name->kind != NODE_STRING)
			continue;
		there |= str_eq(name->text, near->word);
		nearest_offer(near, name->text);
	}
	return there;
}

const struct settings_sink *settings_find_sink(struct loading *l, const struct node *at)
{
	const struct settings_sink *sink;
	struct nearest near;
	char mean[MEAN_MAX];

	if (!at || at->kind != NODE_STRING || at->broken)
		return NULL;
	sink = settings_sink_named(l->settings, at->text);
	near = nearest_to(at->text);
	if (!sink && !offer_names(l, &near))
		problems_add(l->problems, at, "no sink is called \"%.*s\"%s", STR_ARG(str_sub(at->text, 0, 60)),
			     nearest_text(&near, mean, sizeof(mean)));
	return sink;
}

/* --- dead letters -------------------------------------------------------- */

void settings_check_place(struct loading *l, const struct settings_sink *sink, const struct node *at)
{
	if (sink->ops->check_address && at && at->kind == NODE_STRING && !problems_within(l->problems, at))
		sink->ops->check_address(sink->settings, at->text, at, l->problems);
}

struct letter_settings {
	struct str sink, address, under;
};

static void read_letter_group(struct loading *l, const struct node *group, struct settings_dead_letter *out)
{
	const struct settings_sink *sink = settings_find_sink(l, node_get(group, STR("sink")));
	const char *address = sink ? sink->ops->address : NULL;
	const struct option table[] = {
		{ .name = "sink", .type = OPTION_STR, .offset = offsetof(struct letter_settings, sink),
		  .flags = OPTION_REQUIRED },
		{ .name = address, .type = OPTION_STR, .offset = offsetof(struct letter_settings, address),
		  .flags = OPTION_REQUIRED },
		{ .name = sink ? sink->ops->address_under : NULL, .type = OPTION_STR,
		  .offset = offsetof(struct letter_settings, under) },
		{ 0 },
	};
	struct letter_settings letter = { 0 };

	/* Without the sink nobody knows which other setting belongs here. */
	if (!sink && node_get(group, STR("sink")))
		return;
	option_read(table, group, &letter, NULL, l->problems);
	out->sink = sink;
	out->address = letter.address;
	if (sink && address)
		settings_check_place(l, sink, node_get(group, str_c(address)));
	if (letter.under.len)
		out->address = arena_putf(l->arena, "%.*s/%.*s", STR_ARG(letter.address), STR_ARG(letter.under));
}

void settings_resolve_dead_letter(struct loading *l, struct settings_failure *failure)
{
	const struct node *at = failure->dead_letter_node;
	struct settings_dead_letter *out = &failure->dead_letter;

	*out = (struct settings_dead_letter){ 0 };
	if (!at || at->broken)
		return;
	if (at->kind == NODE_OBJECT)
		read_letter_group(l, at, out);
	else if (at->kind == NODE_STRING)
		out->sink = settings_find_sink(l, at);
	else
		problems_add(l->problems, at, "expected a sink's name or { sink = \"…\"; … }, found %s",
			     node_kind_name(at->kind));
	if (!out->sink)
		return;
	/* A sink of rows takes messages too, but as rows. */
	if ((out->sink->ops->accepts & (1u << EFFECT_MESSAGE | 1u << EFFECT_PUT_ROW)) != 1u << EFFECT_MESSAGE)
		problems_add(l->problems, at, "a sink of the kind %s cannot hold dead letters", out->sink->ops->kind);
	else if (at->kind == NODE_STRING && out->sink->ops->address)
		problems_add(l->problems, at, "the sink \"%.*s\" needs to know where: { sink = \"%.*s\"; %s = \"…\"; }",
			     STR_ARG(at->text), STR_ARG(at->text), out->sink->ops->address);
}
