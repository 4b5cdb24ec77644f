#include "command_impl.h"

#include "sluice/core/buf.h"
#include "sluice/core/scan.h"

/* One reading of JSON: `in` is the container that is open. */
struct reading {
	struct parsing *p;
	const struct word *w;
	struct str option;
	struct scan scan;
	struct arg *root, *in;
	unsigned depth;
	struct str name;     /* of the member whose value comes next */
	size_t name_at;
};

struct arg *arg_new(struct parsing *p, enum arg_kind kind, size_t at)
{
	struct arg *arg = ARENA_NEW(p->arena, struct arg);

	if (!arg) {
		command_no_memory(p);
		return NULL;
	}
	arg->kind = kind;
	arg->at = at;
	return arg;
}

void arg_append(struct arg *container, struct arg *child)
{
	child->parent = container;
	if (container->last)
		container->last->next = child;
	else
		container->first = child;
	container->last = child;
	container->count++;
}

/* The plain text of a key or string. */
static bool plain(struct reading *r, const struct scan_token *t, struct str *out)
{
	struct err err = { 0 };
	struct buf buf;
	bool ok;

	*out = t->text;
	if (!t->escaped)
		return true;
	buf_init(&buf, t->text.len + 1);
	ok = scan_unescape(t->text, &buf, &err);
	if (!ok)
		command_find(r->p, word_at(r->w, t->text.ptr), "command.json", "%.*s: a string of the JSON is no text: "
			     "%s", STR_ARG(r->option), err.text);
	else if (memchr(buf.ptr ? buf.ptr : "", 0, buf.len))
		ok = command_find(r->p, word_at(r->w, t->text.ptr), "command.json", "%.*s: a string of the JSON holds "
				  "\\u0000, which is not supported here", STR_ARG(r->option));
	if (ok)
		*out = arena_dup(r->p->arena, buf.len ? buf_str(&buf) : STR(""));
	buf_release(&buf);
	return ok && (out->ptr || command_no_memory(r->p));
}

static enum arg_kind kind_of(enum scan_type type)
{
	switch (type) {
	case SCAN_OBJECT_BEGIN:
		return ARG_MAP;
	case SCAN_ARRAY_BEGIN:
		return ARG_LIST;
	case SCAN_NUMBER:
		return ARG_NUMBER;
	case SCAN_TRUE:
		return ARG_TRUE;
	case SCAN_FALSE:
		return ARG_FALSE;
	case SCAN_NULL:
		return ARG_NULL;
	default:
		return ARG_STRING;
	}
}

static bool open_container(struct reading *r, struct arg *arg)
{
	r->in = arg;
	return ++r->depth <= COMMAND_MAX_DEPTH ||
	       command_find(r->p, arg->at, "command.depth", "%.*s: the JSON is nested more than %d deep",
			    STR_ARG(r->option), COMMAND_MAX_DEPTH);
}

static bool take_value(struct reading *r, const struct scan_token *t)
{
	struct arg *arg = arg_new(r->p, kind_of(t->type), word_at(r->w, t->text.ptr));

	if (!arg)
		return false;
	arg->name = r->name;
	arg->name_at = r->name_at;
	if (arg->kind == ARG_STRING && !plain(r, t, &arg->text))
		return false;
	if (arg->kind == ARG_NUMBER)
		arg->text = t->text;
	if (r->in)
		arg_append(r->in, arg);
	else
		r->root = arg;
	r->name = str_of(NULL, 0);
	return (arg->kind != ARG_MAP && arg->kind != ARG_LIST) || open_container(r, arg);
}

static bool take(struct reading *r, const struct scan_token *t)
{
	switch (t->type) {
	case SCAN_KEY:
		r->name_at = word_at(r->w, t->text.ptr);
		return plain(r, t, &r->name);
	case SCAN_OBJECT_END:
	case SCAN_ARRAY_END:
		r->in = r->in->parent;
		r->depth--;
		return true;
	default:
		return take_value(r, t);
	}
}

struct arg *command_read_json(struct parsing *p, const struct word *w, struct str option)
{
	struct reading r = { .p = p, .w = w, .option = option };
	struct scan_token t;

	scan_init(&r.scan, w->text);
	while (scan_next(&r.scan, &t) != SCAN_END && t.type != SCAN_ERROR)
		if (!take(&r, &t))
			return NULL;
	if (t.type == SCAN_END)
		return r.root;
	command_find(p, word_at(w, r.scan.at < r.scan.end ? r.scan.at : r.scan.end), "command.json", "%.*s: this is no "
		     "JSON: %s; names and texts stand in double quotes, the whole in single ones", STR_ARG(option),
		     r.scan.problem);
	return NULL;
}
