#include "sluice/core/node.h"

#include "sluice/core/buf.h"
#include "sluice/core/json_write.h"
#include "sluice/core/mem.h"
#include "sluice/core/scan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { LONGEST_NUMBER = 400, LONGEST_STRING = 1 << 24 };

struct node *node_new(struct arena *a, enum node_kind kind)
{
	struct node *n = ARENA_NEW(a, struct node);

	if (n)
		n->kind = kind;
	return n;
}

void node_append(struct node *container, struct node *child)
{
	child->parent = container;
	child->next = NULL;
	child->index = (uint32_t)container->count;
	if (container->last)
		container->last->next = child;
	else
		container->first = child;
	container->last = child;
	container->count++;
}

const struct node *node_get(const struct node *object, struct str name)
{
	if (!object || object->kind != NODE_OBJECT)
		return NULL;
	for (const struct node *n = object->first; n; n = n->next)
		if (str_eq(n->name, name))
			return n;
	return NULL;
}

const struct node *node_origin(const struct node *n)
{
	while (n && n->origin)
		n = n->origin;
	return n;
}

bool node_set_number(struct node *n, struct str text)
{
	char digits[LONGEST_NUMBER + 1];
	bool whole = str_find_char(text, '.') == SIZE_MAX && str_find_char(text, 'e') == SIZE_MAX &&
		     str_find_char(text, 'E') == SIZE_MAX;
	struct err err;
	char *end;

	if (text.len == 0 || text.len > LONGEST_NUMBER || !scan_check(text, &err))
		return false;
	if (text.ptr[0] != '-' && (text.ptr[0] < '0' || text.ptr[0] > '9'))
		return false;
	n->text = text;
	memcpy(digits, text.ptr, text.len);
	digits[text.len] = '\0';
	errno = 0;
	n->d = strtod(digits, &end);
	if (*end != '\0' || !isfinite(n->d))
		return false;
	n->kind = whole && str_to_i64(text, &n->i) ? NODE_INT : NODE_REAL;
	return true;
}

/* --- from JSON ---------------------------------------------------------- */

struct building {
	struct arena *arena;
	const struct node *origin;
	struct err *err;
};

static bool out_of_arena(struct building *b)
{
	return err_set(b->err, ERR_DATA, "node.memory", "the JSON is too large to be kept (%zu bytes at most)",
		       b->arena->max);
}

/* Plain text of a token's content, in the arena. */
static bool plain_text(struct building *b, const struct scan_token *t, struct str *out)
{
	struct buf plain;
	bool ok = true;

	buf_init(&plain, LONGEST_STRING);
	if (t->escaped) {
		ok = scan_unescape(t->text, &plain, b->err);
		*out = arena_dup(b->arena, buf_str(&plain));
	} else {
		*out = arena_dup(b->arena, t->text);
	}
	buf_release(&plain);
	if (ok && !out->ptr)
		return out_of_arena(b);
	return ok;
}

static int by_name(const void *one, const void *other)
{
	return str_cmp(*(const struct str *)one, *(const struct str *)other);
}

static bool names_differ(const struct node *object, struct err *err)
{
	struct str *names = mem_array(object->count, sizeof(*names));
	bool ok = true;
	size_t n = 0;

	for (const struct node *m = object->first; m; m = m->next)
		names[n++] = m->name;
	if (n > 1)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 1; ok && i < n; i++)
		if (str_eq(names[i - 1], names[i]))
			ok = err_set(err, ERR_DATA, "node.duplicate", "the name \"%.*s\" stands twice in one object",
				     STR_ARG(str_sub(names[i], 0, 100)));
	mem_free(names);
	return ok;
}

static bool set_value(struct building *b, struct node *n, const struct scan_token *t)
{
	struct str text;

	switch (t->type) {
	case SCAN_OBJECT_BEGIN:
		n->kind = NODE_OBJECT;
		return true;
	case SCAN_ARRAY_BEGIN:
		n->kind = NODE_ARRAY;
		return true;
	case SCAN_TRUE:
	case SCAN_FALSE:
		n->kind = NODE_BOOL;
		n->b = t->type == SCAN_TRUE;
		return true;
	case SCAN_STRING:
		n->kind = NODE_STRING;
		return plain_text(b, t, &n->text);
	case SCAN_NUMBER:
		text = arena_dup(b->arena, t->text);
		if (!text.ptr)
			return out_of_arena(b);
		if (node_set_number(n, text))
			return true;
		return err_set(b->err, ERR_DATA, "node.number", "the number %.*s is out of range",
			       STR_ARG(str_sub(t->text, 0, 60)));
	default:
		n->kind = NODE_NULL;
		return true;
	}
}

/* One step of the walk: `at` is the open container (NULL: none yet). */
static bool take_token(struct building *b, const struct scan_token *t, struct str *name, struct node **root,
		       struct node **at)
{
	struct node *n;

	if (t->type == SCAN_KEY)
		return plain_text(b, t, name);
	if (t->type == SCAN_OBJECT_END || t->type == SCAN_ARRAY_END) {
		n = *at;
		*at = n->parent;
		return n->kind != NODE_OBJECT || names_differ(n, b->err);
	}
	n = node_new(b->arena, NODE_NULL);
	if (!n)
		return out_of_arena(b);
	if (b->origin) {
		n->file = b->origin->file;
		n->line = b->origin->line;
		n->column = b->origin->column;
		n->origin = b->origin;
	}
	n->name = *name;
	*name = str_of(NULL, 0);
	if (*at)
		node_append(*at, n);
	else
		*root = n;
	if (!set_value(b, n, t))
		return false;
	if (n->kind == NODE_OBJECT || n->kind == NODE_ARRAY)
		*at = n;
	return true;
}

struct node *node_from_json(struct arena *a, struct str json, const struct node *origin, struct err *err)
{
	struct building b = { .arena = a, .origin = origin, .err = err };
	struct str name = { NULL, 0 };
	struct node *root = NULL, *at = NULL;
	struct scan_token t;
	struct scan s;

	scan_init(&s, json);
	for (;;) {
		switch (scan_next(&s, &t)) {
		case SCAN_ERROR:
			scan_fail(&s, err);
			return NULL;
		case SCAN_END:
			return root;
		default:
			if (!take_token(&b, &t, &name, &root, &at))
				return NULL;
		}
	}
}

/* --- for people and as JSON --------------------------------------------- */

struct str node_path(struct arena *a, const struct node *n)
{
	struct str path = { NULL, 0 };

	for (; n && n->parent; n = n->parent) {
		const char *dot = path.len && path.ptr[0] != '[' ? "." : "";

		if (n->name.ptr)
			path = arena_putf(a, "%.*s%s%.*s", STR_ARG(n->name), dot, STR_ARG(path));
		else
			path = arena_putf(a, "[%u]%s%.*s", n->index, dot, STR_ARG(path));
	}
	return path;
}

static void print_node(struct json_writer *w, const struct node *n)
{
	switch (n->kind) {
	case NODE_NULL:
		json_null(w);
		break;
	case NODE_BOOL:
		json_bool(w, n->b);
		break;
	case NODE_INT:
	case NODE_REAL:
		json_raw(w, n->text);
		break;
	case NODE_STRING:
		json_str(w, n->text);
		break;
	case NODE_ARRAY:
		json_begin_array(w);
		for (const struct node *it = n->first; it; it = it->next)
			print_node(w, it);
		json_end_array(w);
		break;
	case NODE_OBJECT:
		json_begin_object(w);
		for (const struct node *it = n->first; it; it = it->next) {
			json_key(w, it->name);
			print_node(w, it);
		}
		json_end_object(w);
		break;
	}
}

void node_write_json(const struct node *n, struct json_writer *w)
{
	print_node(w, n);
}

bool node_print_json(const struct node *n, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	print_node(&w, n);
	return buf_ok(out);
}

const char *node_kind_name(enum node_kind kind)
{
	static const char *const names[] = {
		[NODE_NULL] = "null",       [NODE_BOOL] = "true or false", [NODE_INT] = "a whole number",
		[NODE_REAL] = "a number",   [NODE_STRING] = "a string",    [NODE_ARRAY] = "a list",
		[NODE_OBJECT] = "a group { }",
	};

	return names[kind];
}

struct str node_describe(struct arena *a, const struct node *n)
{
	enum { SHOWN = 60 };
	struct str text = str_sub(n->text, 0, SHOWN);
	const char *more = n->text.len > SHOWN ? "..." : "";

	switch (n->kind) {
	case NODE_BOOL:
		return str_c(n->b ? "true" : "false");
	case NODE_INT:
	case NODE_REAL:
		return arena_putf(a, "the number %.*s%s", STR_ARG(text), more);
	case NODE_STRING:
		return arena_putf(a, "the string \"%.*s%s\"", STR_ARG(text), more);
	default:
		return str_c(node_kind_name(n->kind));
	}
}
