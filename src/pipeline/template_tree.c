#include "template_impl.h"

#include "sluice/core/json_write.h"
#include "sluice/item/number.h"

#include <inttypes.h>

enum { LARGEST_CONSTANT = 1 << 24 };

enum tree_kind { TREE_SCALAR, TREE_TEMPLATE, TREE_OBJECT, TREE_ARRAY };

struct template_tree {
	enum tree_kind kind;
	struct str json, value;         /* where nothing is to be filled in: both forms, ready */
	struct template *template;
	struct template_tree *children;
	struct str *names;              /* OBJECT */
	struct str *keys;               /* OBJECT: the name as in JSON, quoted, with its colon */
	size_t count;
	unsigned roots;
};

struct compiler {
	unsigned allowed;
	struct arena *arena;
	struct problems *problems;
};

static const struct template_context nothing;

/* ---- Compiling ---- */

static bool no_memory(const struct compiler *c, const struct node *at)
{
	problems_add(c->problems, at, "the settings are too large: they pass %zu bytes when compiled", c->arena->max);
	return false;
}

static bool print_number(const struct node *n, struct buf *out)
{
	struct number number;

	if (scan_is_number(n->text))
		return buf_put(out, n->text);
	if (n->kind == NODE_INT)
		return buf_putf(out, "%" PRId64, n->i);
	if (number_parse(n->text, &number, NULL))
		return number_write(&number, out);
	return buf_putf(out, "%.17g", n->d);
}

static bool keep(struct compiler *c, const struct node *at, struct buf *text, struct str *out)
{
	*out = buf_ok(text) ? arena_dup(c->arena, buf_str(text)) : str_of(NULL, 0);
	buf_release(text);
	return out->ptr || no_memory(c, at);
}

static bool compile_number(struct compiler *c, const struct node *n, struct template_tree *t)
{
	struct buf text;

	buf_init(&text, 1024);
	print_number(n, &text);
	if (!keep(c, n, &text, &t->json))
		return false;
	buf_putf(&text, "{\"N\":\"%.*s\"}", STR_ARG(t->json));
	return keep(c, n, &text, &t->value);
}

/* What nothing is filled into is written once. */
static bool write_constant(struct compiler *c, const struct node *n, struct template_tree *t)
{
	struct buf text;
	struct err err;

	buf_init(&text, LARGEST_CONSTANT);
	template_tree_json(t, &nothing, &text, &err);
	if (!keep(c, n, &text, &t->json))
		return false;
	template_tree_value(t, &nothing, &text, &err);
	if (t->kind == TREE_OBJECT && (!tail_prefix(&text, 0, STR("{\"M\":")) || !buf_putc(&text, '}')))
		text.full = true;
	return keep(c, n, &text, &t->value);
}

static bool compile(struct compiler *c, const struct node *n, unsigned depth, struct template_tree *t);

static bool compile_name(struct compiler *c, const struct node *n, struct template_tree *t, size_t index)
{
	struct buf key;

	if (!str_utf8_valid(n->name)) {
		problems_add(c->problems, n, "a name is not valid UTF-8; save the file as UTF-8");
		return false;
	}
	for (size_t i = 0; i < index; i++) {
		if (str_eq(t->names[i], n->name)) {
			problems_add(c->problems, n, "this name stands here twice");
			return false;
		}
	}
	t->names[index] = arena_dup(c->arena, n->name);
	buf_init(&key, LARGEST_CONSTANT);
	buf_putc(&key, '"');
	json_escape(&key, n->name);
	buf_put(&key, STR("\":"));
	return keep(c, n, &key, &t->keys[index]) && t->names[index].ptr;
}

static bool compile_children(struct compiler *c, const struct node *n, unsigned depth, struct template_tree *t)
{
	bool ok = true;

	if (depth == TEMPLATE_MAX_DEPTH) {
		problems_add(c->problems, n, "nested more than %d deep", TEMPLATE_MAX_DEPTH);
		return false;
	}
	t->children = arena_array(c->arena, n->count, sizeof(*t->children));
	t->names = arena_array(c->arena, n->count, sizeof(*t->names));
	t->keys = arena_array(c->arena, n->count, sizeof(*t->keys));
	if (!t->children || !t->names || !t->keys)
		return no_memory(c, n);
	for (const struct node *child = n->first; child; child = child->next) {
		struct template_tree *to = &t->children[t->count];

		if (n->kind == NODE_OBJECT)
			ok = compile_name(c, child, t, t->count) && ok;
		ok = compile(c, child, depth + 1, to) && ok;
		t->roots |= to->roots;
		t->count++;
	}
	return ok;
}

static bool compile(struct compiler *c, const struct node *n, unsigned depth, struct template_tree *t)
{
	bool ok = true;

	t->kind = TREE_SCALAR;
	switch (n->kind) {
	case NODE_NULL:
		t->json = STR("null");
		t->value = STR("{\"NULL\":true}");
		return true;
	case NODE_BOOL:
		t->json = n->b ? STR("true") : STR("false");
		t->value = n->b ? STR("{\"BOOL\":true}") : STR("{\"BOOL\":false}");
		return true;
	case NODE_INT:
	case NODE_REAL:
		return compile_number(c, n, t);
	case NODE_STRING:
		t->kind = TREE_TEMPLATE;
		t->template = template_compile(n->text, c->allowed, c->arena, n, c->problems);
		ok = t->template != NULL;
		t->roots = ok ? template_roots(t->template) : 0;
		break;
	case NODE_ARRAY:
	case NODE_OBJECT:
		t->kind = n->kind == NODE_ARRAY ? TREE_ARRAY : TREE_OBJECT;
		ok = compile_children(c, n, depth, t);
		break;
	}
	return ok && (t->roots || write_constant(c, n, t));
}

struct template_tree *template_tree_compile(const struct node *node, unsigned allowed, struct arena *a,
					    struct problems *problems)
{
	struct compiler c = { allowed, a, problems };
	struct template_tree *t;

	if (!node)
		return NULL;
	t = ARENA_NEW(a, struct template_tree);
	if (!t) {
		no_memory(&c, node);
		return NULL;
	}
	return compile(&c, node, 0, t) ? t : NULL;
}

/* ---- Asking ---- */

unsigned template_tree_roots(const struct template_tree *t)
{
	return t->roots;
}

void template_tree_each_path(const struct template_tree *t, enum template_root root,
			     void (*fn)(void *ctx, const struct path *path), void *ctx)
{
	if (t->template)
		template_each_path(t->template, root, fn, ctx);
	for (size_t i = 0; i < t->count; i++)
		template_tree_each_path(&t->children[i], root, fn, ctx);
}

size_t template_tree_names(const struct template_tree *t, const struct str **names)
{
	*names = t->names;
	return t->kind == TREE_OBJECT ? t->count : 0;
}

const struct template_tree *template_tree_get(const struct template_tree *t, struct str name)
{
	if (t->kind != TREE_OBJECT)
		return NULL;
	for (size_t i = 0; i < t->count; i++)
		if (str_eq(t->names[i], name))
			return &t->children[i];
	return NULL;
}

/* ---- Filling ---- */

/* One tree node as JSON or as an attribute value. */
typedef bool put_fn(const struct template_tree *t, const struct template_context *c, struct buf *out, struct err *err);

static bool put_children(const struct template_tree *t, const struct template_context *c, put_fn *put, struct buf *out,
			 struct err *err)
{
	buf_putc(out, t->kind == TREE_OBJECT ? '{' : '[');
	for (size_t i = 0; i < t->count; i++) {
		if (i)
			buf_putc(out, ',');
		if (t->kind == TREE_OBJECT)
			buf_put(out, t->keys[i]);
		if (!put(&t->children[i], c, out, err))
			return false;
	}
	return buf_putc(out, t->kind == TREE_OBJECT ? '}' : ']') || template_too_large(out, err);
}

static bool put_json(const struct template_tree *t, const struct template_context *c, struct buf *out, struct err *err)
{
	if (t->json.ptr)
		return buf_put(out, t->json) || template_too_large(out, err);
	if (t->kind == TREE_TEMPLATE)
		return template_json(t->template, c, out, err);
	return put_children(t, c, put_json, out, err);
}

static bool put_value(const struct template_tree *t, const struct template_context *c, struct buf *out, struct err *err)
{
	if (t->value.ptr)
		return buf_put(out, t->value) || template_too_large(out, err);
	if (t->kind == TREE_TEMPLATE)
		return template_value(t->template, c, out, err);
	buf_put(out, t->kind == TREE_OBJECT ? STR("{\"M\":") : STR("{\"L\":"));
	return put_children(t, c, put_value, out, err) && (buf_putc(out, '}') || template_too_large(out, err));
}

bool template_tree_json(const struct template_tree *t, const struct template_context *c, struct buf *out, struct err *err)
{
	size_t start = out->len;

	if (put_json(t, c, out, err))
		return true;
	buf_truncate(out, start);
	return false;
}

bool template_tree_value(const struct template_tree *t, const struct template_context *c, struct buf *out,
			 struct err *err)
{
	size_t start = out->len;

	if (t->kind == TREE_OBJECT ? put_children(t, c, put_value, out, err) : put_value(t, c, out, err))
		return true;
	buf_truncate(out, start);
	return false;
}
