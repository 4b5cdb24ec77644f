#include "expect_impl.h"

#include "sluice/core/mem.h"

#include <stdarg.h>
#include <stdio.h>

enum { SCRATCH_BYTES = 64 << 20, TEXT_BYTES = 4 * EXPECT_SHOWN_BYTES, NEAREST_SHOWN = 5 };

/* ---- saying what differs ---- */

void expect_differences_init(struct expect_differences *d, struct arena *arena)
{
	*d = (struct expect_differences){ .arena = arena };
}

void expect_differ(struct expect_differences *d, const char *fmt, ...)
{
	struct expect_difference *one;
	char text[TEXT_BYTES];
	va_list ap;

	if (d->count++ >= EXPECT_DIFFERENCES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	one = ARENA_NEW(d->arena, struct expect_difference);
	if (!one)
		return;
	one->text = arena_dup(d->arena, str_c(text));
	if (d->last)
		d->last->next = one;
	else
		d->first = one;
	d->last = one;
}

struct expect_shown expect_show(struct str json)
{
	struct expect_shown shown;
	size_t len = json.len;

	if (len > EXPECT_SHOWN_BYTES) {
		len = EXPECT_SHOWN_BYTES;
		while (len && ((unsigned char)json.ptr[len] & 0xc0) == 0x80)
			len--;
	}
	snprintf(shown.text, sizeof(shown.text), "%.*s%s", (int)len, json.ptr ? json.ptr : "", len < json.len ? "…" : "");
	return shown;
}

struct expect_shown expect_show_value(struct value v)
{
	struct expect_shown shown;
	struct buf out;

	buf_init(&out, v.raw.len + 64);
	value_write(v, &out);
	shown = expect_show(buf_str(&out));
	buf_release(&out);
	return shown;
}

/* ---- items ---- */

struct comparison {
	const struct expect_answer *answer;
	struct expect_differences *d;
	struct arena scratch;
	const char *member;           /* "items", "keys" */
	struct value *wanted;
	size_t n_wanted;
};

/* The item's attribute of the name as it stands in JSON. */
static bool attribute_of(struct value item, struct str name, bool escaped, struct value *out)
{
	struct buf plain;
	bool found;

	if (!escaped)
		return value_get(item, name, out);
	buf_init(&plain, name.len);
	found = scan_unescape(name, &plain, NULL) && value_get(item, buf_str(&plain), out);
	buf_release(&plain);
	return found;
}

/* How many of the wanted attributes it has, equal; *n of how many. */
static size_t equal_attributes(struct value item, struct value wanted, size_t *n)
{
	struct value expected, found;
	struct value_iter it;
	size_t equal = 0;
	struct str name;
	struct err err;

	*n = 0;
	value_iter_init(&it, wanted);
	while (value_iter_next(&it, &name, &expected, &err)) {
		(*n)++;
		equal += attribute_of(item, name, it.escaped, &found) && value_eq(found, expected);
	}
	return equal;
}

static bool includes(void *ctx, size_t w, size_t f)
{
	struct comparison *c = ctx;
	size_t n;

	return equal_attributes(c->answer->items[f], c->wanted[w], &n) == n;
}

/* The item from `begin` on that is most like the wanted one; SIZE_MAX: none is like it at all. */
static size_t nearest(struct comparison *c, size_t w, size_t begin)
{
	size_t best = SIZE_MAX, most = 0, n;

	for (size_t f = begin; f < c->answer->n_items; f++) {
		size_t equal = equal_attributes(c->answer->items[f], c->wanted[w], &n);

		if (equal > most) {
			most = equal;
			best = f;
		}
	}
	return best != SIZE_MAX || c->answer->n_items != 1 || begin > 0 ? best : 0;
}

/* Attribute by attribute, beside the item that is most like it. */
static void differ_by_attributes(struct comparison *c, size_t w, size_t f)
{
	struct value expected, found;
	struct value_iter it;
	int shown = 0;
	struct str name;
	struct err err;

	value_iter_init(&it, c->wanted[w]);
	while (value_iter_next(&it, &name, &expected, &err) && shown < NEAREST_SHOWN) {
		bool there = attribute_of(c->answer->items[f], name, it.escaped, &found);

		if (there && value_eq(found, expected))
			continue;
		expect_differ(c->d, "%s[%zu].%.*s: expected %s, found %s (item %zu of the answer)", c->member, w,
			      (int)(name.len < 80 ? name.len : 80), name.ptr, expect_show_value(expected).text,
			      there ? expect_show_value(found).text : "no such attribute", f);
		shown++;
	}
}

static void differ_item(struct comparison *c, size_t w, size_t begin)
{
	size_t near = nearest(c, w, begin);
	size_t n;

	for (size_t f = 0; f < begin; f++) {
		if (equal_attributes(c->answer->items[f], c->wanted[w], &n) != n)
			continue;
		expect_differ(c->d, "%s[%zu]: expected %s behind %s[%zu], found it at %zu of the answer: the order differs",
			      c->member, w, expect_show(c->wanted[w].raw).text, c->member, w - 1, f);
		return;
	}
	if (near != SIZE_MAX && includes(c, w, near))
		expect_differ(c->d, "%s[%zu]: expected %s, what is like it is another expected item already", c->member, w,
			      expect_show(c->wanted[w].raw).text);
	else if (c->answer->n_items == 0)
		expect_differ(c->d, "%s[%zu]: expected %s, the answer has no items", c->member, w,
			      expect_show(c->wanted[w].raw).text);
	else if (near == SIZE_MAX)
		expect_differ(c->d, "%s[%zu]: expected %s, none of the answer's %zu items%s is like it", c->member, w,
			      expect_show(c->wanted[w].raw).text, c->answer->n_items, begin ? " behind the one before" : "");
	else
		differ_by_attributes(c, w, near);
}

static void compare_in_order(struct comparison *c)
{
	size_t begin = 0;

	for (size_t w = 0; w < c->n_wanted; w++) {
		size_t f = begin;

		while (f < c->answer->n_items && !includes(c, w, f))
			f++;
		if (f < c->answer->n_items)
			begin = f + 1;
		else
			differ_item(c, w, begin);
	}
}

static void compare_in_any_order(struct comparison *c)
{
	size_t *to = arena_array(&c->scratch, c->n_wanted + 1, sizeof(*to));

	if (!to || !expect_match(c->n_wanted, c->answer->n_items, includes, c, to, &c->scratch)) {
		expect_differ(c->d, "%s: the answer is too large to be compared", c->member);
		return;
	}
	for (size_t w = 0; w < c->n_wanted; w++)
		if (to[w] == SIZE_MAX)
			differ_item(c, w, 0);
}

/* What the document wants, as items. False: it cannot be compared, which is said. */
static bool read_wanted(struct comparison *c, const struct node *list)
{
	struct err err;

	c->wanted = arena_array(&c->scratch, list->count + 1, sizeof(*c->wanted));
	for (const struct node *n = list->first; n && c->wanted; n = n->next) {
		if (n->kind == NODE_OBJECT && value_parse_image(n->text, &c->wanted[c->n_wanted], &err)) {
			c->n_wanted++;
			continue;
		}
		expect_differ(c->d, "%s[%u]: the document expects something that is no item in attribute-value format, as "
			      "{\"id\":{\"S\":\"a\"}}%s%s", c->member, n->index, n->kind == NODE_OBJECT ? ": " : "",
			      n->kind == NODE_OBJECT ? err.text : "");
		return false;
	}
	return c->wanted != NULL;
}

static void compare_items(struct comparison *c, const struct node *list)
{
	if (!read_wanted(c, list))
		return;
	if (c->answer->ordered)
		compare_in_order(c);
	else
		compare_in_any_order(c);
}

/* All of the answer's items must be named, so each stands at its own place. */
static void compare_keys(struct comparison *c, const struct node *list)
{
	if (!read_wanted(c, list))
		return;
	if (c->n_wanted != c->answer->n_items)
		expect_differ(c->d, "keys: expected the keys of %zu items, the answer has %zu", c->n_wanted, c->answer->n_items);
	if (!c->answer->ordered) {
		compare_in_any_order(c);
		return;
	}
	for (size_t w = 0; w < c->n_wanted && w < c->answer->n_items; w++)
		if (!includes(c, w, w))
			differ_by_attributes(c, w, w);
}

static void compare_list(const struct expect_answer *a, const char *member, const struct node *list,
			 void (*compare)(struct comparison *c, const struct node *list), struct expect_differences *d)
{
	struct comparison c = { .answer = a, .d = d, .member = member };

	if (!list)
		return;
	arena_init(&c.scratch, SCRATCH_BYTES);
	compare(&c, list);
	arena_release(&c.scratch);
}

/* ---- the whole ---- */

void expect_read(const struct node *expect, struct model_expectation *out)
{
	const struct node *count = node_get(expect, STR("count")), *error = node_get(expect, STR("error"));

	*out = (struct model_expectation){
		.count = count && count->kind == NODE_INT ? count->i : -1,
		.items = node_get(expect, STR("items")),
		.keys = node_get(expect, STR("keys")),
		.error = error && error->kind == NODE_STRING ? error->text : str_of(NULL, 0),
		.at = expect,
	};
}

static bool same_outcome(const struct model_expectation *e, const struct expect_answer *a, struct expect_differences *d)
{
	if (str_eq(e->error, a->error))
		return true;
	if (!a->error.len)
		expect_differ(d, "error: expected %.*s, the command succeeded", STR_ARG(e->error));
	else if (!e->error.len)
		expect_differ(d, "expected success, found %.*s%s%.*s", STR_ARG(a->error), a->message.len ? ": " : "",
			      STR_ARG(a->message));
	else
		expect_differ(d, "error: expected %.*s, found %.*s%s%.*s", STR_ARG(e->error), STR_ARG(a->error),
			      a->message.len ? ": " : "", STR_ARG(a->message));
	return false;
}

void expect_compare(const struct model_expectation *e, const struct expect_answer *a, struct expect_differences *d)
{
	if (!same_outcome(e, a, d))
		return;
	if (e->count >= 0 && e->count != a->count)
		expect_differ(d, "count: expected %lld, found %lld", (long long)e->count, (long long)a->count);
	compare_list(a, "items", e->items, compare_items, d);
	compare_list(a, "keys", e->keys, compare_keys, d);
}
