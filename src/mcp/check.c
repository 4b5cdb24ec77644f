#include "impl.h"

#include "sluice/core/problem.h"
#include "sluice/core/scan.h"

#include <math.h>

enum { MOST_SHOWN = 10, MEAN_MAX = 128, SHOWN_BYTES = 60 };

#define EXACT_MAX 9007199254740992.0  /* 2^53 */

struct check {
	struct arena *arena;
	struct buf *wrong;
	size_t n;
};

static const char *const type_names[] = {
	[MCP_ANY] = "anything", [MCP_STRING] = "string",   [MCP_INTEGER] = "integer", [MCP_NUMBER] = "number",
	[MCP_BOOLEAN] = "boolean", [MCP_OBJECT] = "object", [MCP_ARRAY] = "array",
};

static const char *const type_words[] = {
	[MCP_ANY] = "anything",    [MCP_STRING] = "a string",   [MCP_INTEGER] = "an integer", [MCP_NUMBER] = "a number",
	[MCP_BOOLEAN] = "true or false", [MCP_OBJECT] = "an object", [MCP_ARRAY] = "a list",
};

/* ---- saying what is wrong ---- */

static void wrong(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void wrong(struct check *c, const char *fmt, ...)
{
	va_list ap;

	if (++c->n > MOST_SHOWN)
		return;
	buf_puts(c->wrong, "- ");
	va_start(ap, fmt);
	put_cut(c->wrong, fmt, ap);
	va_end(ap);
	buf_putc(c->wrong, '\n');
}

static struct str place(struct check *c, const struct node *n)
{
	return node_path(c->arena, n);
}

static struct str found(struct check *c, const struct node *n)
{
	return n->kind == NODE_OBJECT ? STR("an object") : node_describe(c->arena, n);
}

static void wrong_type(struct check *c, const struct node *n, enum mcp_type type)
{
	struct str at = place(c, n), came = found(c, n);

	wrong(c, "\"%.*s\": expected %s, found %.*s", STR_ARG(at), type_words[type], STR_ARG(came));
}

/* ---- taking what is meant ---- */

/* The tree of the text in the place of the string. */
static bool take_text(struct check *c, struct node *n, enum node_kind kind)
{
	struct node *tree = node_from_json(c->arena, n->text, NULL, NULL);

	if (!tree || tree->kind != kind)
		return false;
	n->kind = kind;
	n->first = tree->first;
	n->last = tree->last;
	n->count = tree->count;
	n->text = str_of(NULL, 0);
	for (struct node *child = n->first; child; child = child->next)
		child->parent = n;
	return true;
}

/* 10.0 is a whole number, too. */
static bool make_whole(struct node *n)
{
	if (n->kind == NODE_REAL && n->d == floor(n->d) && fabs(n->d) < EXACT_MAX) {
		n->kind = NODE_INT;
		n->i = (int64_t)n->d;
	}
	return n->kind == NODE_INT;
}

static bool take_number(struct node *n, enum mcp_type type)
{
	struct node number = { 0 };

	if (n->kind == NODE_STRING && node_set_number(&number, str_trim(n->text))) {
		n->kind = number.kind;
		n->i = number.i;
		n->d = number.d;
		n->text = number.text;
	}
	if (n->kind != NODE_INT && n->kind != NODE_REAL)
		return false;
	return type == MCP_NUMBER || make_whole(n);
}

static bool take_bool(struct node *n)
{
	bool yes = str_eq_nocase(n->text, STR("true"));

	if (n->kind == NODE_STRING && (yes || str_eq_nocase(n->text, STR("false")))) {
		n->kind = NODE_BOOL;
		n->b = yes;
	}
	return n->kind == NODE_BOOL;
}

static bool take_type(struct check *c, struct node *n, enum mcp_type type)
{
	switch (type) {
	case MCP_ANY:
		return true;
	case MCP_STRING:
		return n->kind == NODE_STRING;
	case MCP_INTEGER:
	case MCP_NUMBER:
		return take_number(n, type);
	case MCP_BOOLEAN:
		return take_bool(n);
	case MCP_OBJECT:
		return n->kind == NODE_OBJECT || (n->kind == NODE_STRING && take_text(c, n, NODE_OBJECT));
	case MCP_ARRAY:
		return n->kind == NODE_ARRAY || (n->kind == NODE_STRING && take_text(c, n, NODE_ARRAY));
	}
	return false;
}

/* ---- a value ---- */

static void check_members(struct check *c, const struct mcp_param *params, struct node *object);

static void check_word(struct check *c, const struct mcp_param *p, const struct node *n)
{
	struct nearest near = nearest_to(n->text);
	char mean[MEAN_MAX];
	struct buf words;
	struct str at;

	buf_init(&words, FAILURE_BYTES);
	for (size_t i = 0; p->names[i]; i++) {
		if (str_eq(n->text, str_c(p->names[i])))
			goto out;
		nearest_offer(&near, str_c(p->names[i]));
		buf_putf(&words, "%s%s", i ? ", " : "", p->names[i]);
	}
	at = place(c, n);
	wrong(c, "\"%.*s\": expected one of %.*s; found \"%.*s\"%s", STR_ARG(at), STR_ARG(buf_str(&words)),
	      STR_ARG(str_sub(n->text, 0, SHOWN_BYTES)), nearest_text(&near, mean, sizeof(mean)));
out:
	buf_release(&words);
}

static void check_range(struct check *c, const struct mcp_param *p, const struct node *n)
{
	struct str at;

	if ((p->min == 0 && p->max == 0) || (n->d >= (double)p->min && n->d <= (double)p->max))
		return;
	at = place(c, n);
	wrong(c, "\"%.*s\": expected %lld to %lld, found %.*s", STR_ARG(at), (long long)p->min, (long long)p->max,
	      STR_ARG(str_sub(n->text, 0, SHOWN_BYTES)));
}

static void check_value(struct check *c, const struct mcp_param *p, struct node *n, enum mcp_type type)
{
	if (!take_type(c, n, type))
		wrong_type(c, n, type);
	else if (type == MCP_STRING && p->names)
		check_word(c, p, n);
	else if (type == MCP_INTEGER || type == MCP_NUMBER)
		check_range(c, p, n);
	else if (type == MCP_OBJECT && p->members)
		check_members(c, p->members, n);
	else if (type == MCP_ARRAY)
		for (struct node *item = n->first; item; item = item->next)
			check_value(c, p, item, p->items);
}

/* ---- all of an object ---- */

static const struct mcp_param *find(const struct mcp_param *params, struct str name)
{
	for (const struct mcp_param *p = params; p && p->name; p++)
		if (str_eq(name, str_c(p->name)))
			return p;
	return NULL;
}

static void unknown(struct check *c, const struct mcp_param *params, const struct node *n)
{
	struct nearest near = nearest_to(n->name);
	struct str at = place(c, n);
	char mean[MEAN_MAX];

	for (const struct mcp_param *p = params; p && p->name; p++)
		nearest_offer(&near, str_c(p->name));
	wrong(c, "\"%.*s\": there is no such argument%s", STR_ARG(str_sub(at, 0, 4 * SHOWN_BYTES)),
	      nearest_text(&near, mean, sizeof(mean)));
}

static void missing(struct check *c, const struct mcp_param *p, const struct node *object)
{
	struct str at = place(c, object);

	wrong(c, "\"%.*s%s%s\" is missing: %s (%s)", STR_ARG(at), at.len ? "." : "", p->name, type_words[p->type],
	      p->description);
}

static void check_members(struct check *c, const struct mcp_param *params, struct node *object)
{
	for (struct node *n = object->first; n; n = n->next) {
		const struct mcp_param *p = find(params, n->name);

		if (!p)
			unknown(c, params, n);
		else if (n->kind != NODE_NULL)
			check_value(c, p, n, p->type);
	}
	for (const struct mcp_param *p = params; p && p->name; p++) {
		const struct node *n = p->flags & MCP_REQUIRED ? node_get(object, str_c(p->name)) : NULL;

		if (p->flags & MCP_REQUIRED && (!n || n->kind == NODE_NULL))
			missing(c, p, object);
	}
}

size_t check_arguments(struct arena *a, const struct mcp_param *params, struct node *args, struct buf *out)
{
	struct check c = { .arena = a, .wrong = out };

	check_members(&c, params, args);
	if (c.n > MOST_SHOWN)
		buf_putf(out, "- and %zu more\n", c.n - MOST_SHOWN);
	return c.n;
}

void check_describe(const struct mcp_param *params, struct buf *out)
{
	if (!params || !params->name) {
		buf_puts(out, "It takes no arguments.");
		return;
	}
	buf_puts(out, "It takes: ");
	for (const struct mcp_param *p = params; p->name; p++)
		buf_putf(out, "%s%s (%s%s)", p == params ? "" : ", ", p->name, type_names[p->type],
			 p->flags & MCP_REQUIRED ? ", required" : "");
	buf_putc(out, '.');
}

/* ---- the schema ---- */

static void write_members(struct json_writer *w, const struct mcp_param *params);

static void write_type(struct json_writer *w, const struct mcp_param *p, enum mcp_type type)
{
	if (type == MCP_ANY)
		return;
	json_member_str(w, STR("type"), str_c(type_names[type]));
	if (type == MCP_OBJECT && p->members)
		write_members(w, p->members);
	if (type != MCP_STRING || !p->names)
		return;
	json_key(w, STR("enum"));
	json_begin_array(w);
	for (size_t i = 0; p->names[i]; i++)
		json_str(w, str_c(p->names[i]));
	json_end_array(w);
}

static void write_param(struct json_writer *w, const struct mcp_param *p)
{
	json_key(w, str_c(p->name));
	json_begin_object(w);
	write_type(w, p, p->type);
	json_member_str(w, STR("description"), str_c(p->description));
	if (p->type == MCP_ARRAY) {
		json_key(w, STR("items"));
		json_begin_object(w);
		write_type(w, p, p->items);
		json_end_object(w);
	}
	json_end_object(w);
}

static void write_members(struct json_writer *w, const struct mcp_param *params)
{
	bool required = false;

	json_key(w, STR("properties"));
	json_begin_object(w);
	for (const struct mcp_param *p = params; p && p->name; p++) {
		write_param(w, p);
		required = required || p->flags & MCP_REQUIRED;
	}
	json_end_object(w);
	if (!required)
		return;
	json_key(w, STR("required"));
	json_begin_array(w);
	for (const struct mcp_param *p = params; p->name; p++)
		if (p->flags & MCP_REQUIRED)
			json_str(w, str_c(p->name));
	json_end_array(w);
}

void schema_write(struct json_writer *w, const struct mcp_tool *tool)
{
	if (tool->input_schema) {
		json_raw(w, str_c(tool->input_schema));
		return;
	}
	json_begin_object(w);
	json_member_str(w, STR("type"), STR("object"));
	write_members(w, tool->params);
	json_end_object(w);
}
