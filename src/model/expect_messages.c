#include "expect_impl.h"

#include "sluice/core/buf.h"
#include "sluice/item/number.h"

enum { MESSAGES_BYTES = 256 << 20, MEMBER_PATH_BYTES = 120 };

struct messages {
	const struct node **found;
	size_t n;
	struct arena arena;
	struct expect_differences *d;
};

static bool includes(const struct node *found, const struct node *wanted, bool whole);

static bool is_number(const struct node *n)
{
	return n->kind == NODE_INT || n->kind == NODE_REAL;
}

static bool same_number(struct str a, struct str b)
{
	struct number x, y;

	return number_parse(a, &x, NULL) && number_parse(b, &y, NULL) ? number_compare(&x, &y) == 0 : str_eq(a, b);
}

static bool same_list(const struct node *found, const struct node *wanted)
{
	const struct node *f = found->first;

	if (found->count != wanted->count)
		return false;
	for (const struct node *w = wanted->first; w; w = w->next, f = f->next)
		if (!includes(f, w, true))
			return false;
	return true;
}

static bool has_members(const struct node *found, const struct node *wanted, bool whole)
{
	if (whole && found->count != wanted->count)
		return false;
	for (const struct node *w = wanted->first; w; w = w->next) {
		const struct node *f = node_get(found, w->name);

		if (!f || !includes(f, w, whole))
			return false;
	}
	return true;
}

/* whole: objects may have no more members than are wanted, as inside of a list. */
static bool includes(const struct node *found, const struct node *wanted, bool whole)
{
	if (is_number(found) && is_number(wanted))
		return same_number(found->text, wanted->text);
	if (found->kind != wanted->kind)
		return false;
	switch (wanted->kind) {
	case NODE_OBJECT:
		return has_members(found, wanted, whole);
	case NODE_ARRAY:
		return same_list(found, wanted);
	case NODE_STRING:
		return str_eq(found->text, wanted->text);
	case NODE_BOOL:
		return found->b == wanted->b;
	default:
		return true;
	}
}

/* How many of the members it has, for the one that is most like it. */
static size_t likeness(const struct node *found, const struct node *wanted)
{
	size_t n = 0;

	if (found->kind != NODE_OBJECT || wanted->kind != NODE_OBJECT)
		return includes(found, wanted, false);
	for (const struct node *w = wanted->first; w; w = w->next) {
		const struct node *f = node_get(found, w->name);

		if (f)
			n += includes(f, w, false) ? 16 : 1 + likeness(f, w);
	}
	return n;
}

static struct expect_shown show_node(const struct node *n)
{
	struct expect_shown shown;
	struct buf out;

	buf_init(&out, 1 << 20);
	node_print_json(n, &out);
	shown = expect_show(buf_str(&out));
	buf_release(&out);
	return shown;
}

/* The first member that differs, down the tree, with its path. */
static void differ_member(struct messages *m, const struct node *found, const struct node *wanted, struct buf *path)
{
	while (found->kind == NODE_OBJECT && wanted->kind == NODE_OBJECT) {
		const struct node *w = wanted->first, *f = NULL;

		for (; w; w = w->next) {
			f = node_get(found, w->name);
			if (!f || !includes(f, w, false))
				break;
		}
		if (!w)
			return;
		buf_putf(path, ".%.*s", STR_ARG(w->name));
		wanted = w;
		if (!f) {
			expect_differ(m->d, "%.*s: expected %s, found no such member in the message most like it",
				      STR_ARG(buf_str(path)), show_node(w).text);
			return;
		}
		found = f;
	}
	expect_differ(m->d, "%.*s: expected %s, found %s in the message most like it", STR_ARG(buf_str(path)),
		      show_node(wanted).text, show_node(found).text);
}

static void differ_message(struct messages *m, const struct node *wanted)
{
	const struct node *best = m->n ? m->found[0] : NULL;
	struct buf path;

	for (size_t i = 1; i < m->n; i++)
		if (likeness(m->found[i], wanted) > likeness(best, wanted))
			best = m->found[i];
	if (!best) {
		expect_differ(m->d, "messages[%u]: expected %s, found no messages", wanted->index, show_node(wanted).text);
		return;
	}
	buf_init(&path, MEMBER_PATH_BYTES);
	buf_putf(&path, "messages[%u]", wanted->index);
	differ_member(m, best, wanted, &path);
	buf_release(&path);
}

/* NULL only at the arena's cap. */
static const struct node *read_message(struct messages *m, struct str body)
{
	struct err err;
	struct node *text;
	const struct node *tree = node_from_json(&m->arena, body, NULL, &err);

	if (tree || err_is(&err, "node.memory"))
		return tree;
	text = node_new(&m->arena, NODE_STRING);
	if (text)
		text->text = body;
	return text;
}

static bool read_messages(struct messages *m, const struct str *bodies, size_t n)
{
	m->found = arena_array(&m->arena, n + 1, sizeof(*m->found));
	for (; m->found && m->n < n; m->n++) {
		m->found[m->n] = read_message(m, bodies[m->n]);
		if (!m->found[m->n])
			return false;
	}
	return m->found != NULL;
}

static void compare_each(struct messages *m, const struct node *list)
{
	for (const struct node *w = list->first; w; w = w->next) {
		size_t i = 0;

		while (i < m->n && !includes(m->found[i], w, false))
			i++;
		if (i == m->n)
			differ_message(m, w);
	}
}

void expect_compare_messages(const struct node *expect, const struct str *bodies, size_t n, struct expect_differences *d)
{
	const struct node *count = node_get(expect, STR("count")), *list = node_get(expect, STR("messages"));
	struct messages m = { .d = d };

	if (count && count->kind == NODE_INT && count->i != (int64_t)n)
		expect_differ(d, "count: expected %lld messages, found %zu", (long long)count->i, n);
	if (!list || list->kind != NODE_ARRAY)
		return;
	arena_init(&m.arena, MESSAGES_BYTES);
	if (read_messages(&m, bodies, n))
		compare_each(&m, list);
	else
		expect_differ(d, "messages: there are too many to be compared");
	arena_release(&m.arena);
}
