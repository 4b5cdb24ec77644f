#include "sluice/app/conf_file.h"

#include "sluice/app/conf_fill.h"

#include <libconfig.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct conversion {
	const struct conf_source *source;
	const struct conf_text *text;
	struct arena *arena;
	struct problems *problems;
	size_t number;          /* the next of text->numbers */
	bool full;
};

static void set_string(struct conversion *c, struct node *n, const char *text)
{
	n->kind = NODE_STRING;
	n->text = str_c(text);
	c->full |= !conf_fill(n, c->source, c->arena, c->problems);
}

/* --- the tree ------------------------------------------------------------ */

/* libconfig's forms that JSON does not have (+5, .5, 1., 0x10, 10L) get the
 * shortest text that gives the same double. */
static struct str real_text(struct arena *a, double d)
{
	char text[64];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	return arena_dup(a, str_c(text));
}

static void set_number(struct conversion *c, struct node *n, bool whole, int64_t i, double d)
{
	const struct conf_text *t = c->text;
	const struct conf_number *written = c->number < t->n_numbers ? &t->numbers[c->number++] : NULL;

	if (written && !written->broken) {
		struct str text = arena_dup(c->arena, str_sub(buf_str(&t->text), written->offset, written->len));
		enum node_kind kind = whole ? NODE_INT : NODE_REAL;

		if (node_set_number(n, text) && n->kind == kind)
			return;
	}
	n->kind = whole ? NODE_INT : NODE_REAL;
	n->i = i;
	n->d = whole ? (double)i : d;
	n->text = whole ? arena_putf(c->arena, "%lld", (long long)i) : real_text(c->arena, d);
	n->broken = !written || written->broken || !isfinite(n->d);
	c->full |= !n->text.ptr;
}

static void convert(struct conversion *c, const config_setting_t *s, struct node *n);

static void convert_members(struct conversion *c, const config_setting_t *s, struct node *n)
{
	int count = config_setting_length(s);

	for (int i = 0; i < count; i++) {
		const config_setting_t *child = config_setting_get_elem(s, (unsigned)i);
		struct conf_place place = conf_text_place(c->text, config_setting_source_line(child));
		struct node *m = node_new(c->arena, NODE_NULL);

		if (!m) {
			c->full = true;
			return;
		}
		m->file = place.file;
		m->line = place.line;
		if (config_setting_name(child))
			m->name = arena_dup(c->arena, str_c(config_setting_name(child)));
		node_append(n, m);
		convert(c, child, m);
	}
}

/* Recursion is bounded by CONF_DEPTH_MAX, which the scan has checked. */
static void convert(struct conversion *c, const config_setting_t *s, struct node *n)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		set_number(c, n, true, config_setting_get_int64(s), 0);
		break;
	case CONFIG_TYPE_FLOAT:
		set_number(c, n, false, 0, config_setting_get_float(s));
		break;
	case CONFIG_TYPE_BOOL:
		n->kind = NODE_BOOL;
		n->b = config_setting_get_bool(s);
		break;
	case CONFIG_TYPE_STRING:
		set_string(c, n, config_setting_get_string(s));
		break;
	case CONFIG_TYPE_GROUP:
		n->kind = NODE_OBJECT;
		convert_members(c, s, n);
		break;
	default:
		n->kind = NODE_ARRAY;
		convert_members(c, s, n);
		break;
	}
}

/* The scan finds by name what libconfig refuses; this is for another version of
 * libconfig that refuses more. */
static void note_syntax(const config_t *config, const struct conf_text *t, struct problems *problems)
{
	int line = config_error_line(config);
	struct conf_place place = conf_text_place(t, line > 0 ? (size_t)line : 1);
	const char *text = config_error_text(config);

	problems_add_at(problems, place.file, place.line, "libconfig says: %s; look at this line and the one before it",
			text ? text : "syntax error");
}

static const struct node *tree_of(struct conversion *c, const config_t *config)
{
	struct node *root = node_new(c->arena, NODE_NULL);

	if (root) {
		root->file = c->text->path;
		convert(c, config_root_setting(config), root);
	}
	if (root && !c->full)
		return root;
	problems_add_at(c->problems, c->text->path, 0, "the settings take more than %zu bytes of memory", c->arena->max);
	return NULL;
}

const struct node *conf_read(const struct conf_source *source, const char *path, struct arena *a,
			     struct problems *problems)
{
	static const struct conf_source process = { 0 };
	struct conf_text text;
	struct conversion c = {
		.source = source ? source : &process, .text = &text, .arena = a, .problems = problems,
	};
	const struct node *root = NULL;
	config_t config;

	if (conf_scan(c.source, path, a, problems, &text)) {
		config_init(&config);
		if (config_read_string(&config, text.text.ptr ? text.text.ptr : ""))
			root = tree_of(&c, &config);
		else
			note_syntax(&config, &text, problems);
		config_destroy(&config);
	}
	conf_text_release(&text);
	return root;
}
