#include "sluice/item/value.h"

#include "sluice/core/mem.h"
#include "sluice/item/base64.h"
#include "sluice/item/number.h"

#include <stdlib.h>

static bool compare_numbers(struct str a, struct str b, int *order)
{
	struct number x, y;

	if (!number_parse(a, &x, NULL) || !number_parse(b, &y, NULL))
		return false;
	*order = number_compare(&x, &y);
	return true;
}

/* Base64 never needs an escape, but JSON allows any character to be one. */
static bool compare_binaries(struct str a, struct str b, int *order)
{
	struct buf x, y;
	bool ok;

	if (str_find_char(a, '\\') == SIZE_MAX && str_find_char(b, '\\') == SIZE_MAX)
		return base64_compare(a, b, order);
	buf_init(&x, a.len);
	buf_init(&y, b.len);
	ok = scan_unescape(a, &x, NULL) && scan_unescape(b, &y, NULL) &&
	     base64_compare(buf_str(&x), buf_str(&y), order);
	buf_release(&x);
	buf_release(&y);
	return ok;
}

bool value_compare(struct value a, struct value b, int *order)
{
	if (a.type != b.type)
		return false;
	switch (a.type) {
	case VALUE_S:
		return scan_content_compare(a.raw, b.raw, order);
	case VALUE_N:
		return compare_numbers(a.raw, b.raw, order);
	case VALUE_B:
		return compare_binaries(a.raw, b.raw, order);
	default:
		return false;
	}
}

/* ---- Equality ---- */

static bool equal(struct value a, struct value b, unsigned depth);

/* A member or element with a text that is the same for equal names or elements. */
struct entry {
	struct str text;
	struct value value;
};

struct entries {
	struct arena arena;
	struct entry *at;
	size_t count, room;
};

static void entries_release(struct entries *e)
{
	mem_free(e->at);
	arena_release(&e->arena);
}

static bool identity_of(struct str *text, enum value_type type, struct arena *a)
{
	struct number n;
	struct buf canonical;
	bool ok;

	if (type != VALUE_N && str_find_char(*text, '\\') == SIZE_MAX)
		return true;
	buf_init(&canonical, text->len + 2 * NUMBER_WORK_DIGITS);
	if (type == VALUE_N)
		ok = number_parse(*text, &n, NULL) && number_write(&n, &canonical);
	else
		ok = scan_unescape(*text, &canonical, NULL);
	if (ok) {
		*text = arena_dup(a, buf_str(&canonical));
		ok = text->ptr != NULL;
	}
	buf_release(&canonical);
	return ok;
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(((const struct entry *)a)->text, ((const struct entry *)b)->text);
}

static bool entries_sorted(struct entries *e, struct value container)
{
	enum { BYTES_AN_ELEMENT = 64 };  /* the most that the shortest element, "1", takes as text */
	struct value_iter it;
	struct value element;
	struct str name;
	struct err err = { 0 };

	*e = (struct entries){ 0 };
	arena_init(&e->arena, (container.raw.len + 1) * BYTES_AN_ELEMENT);
	value_iter_init(&it, container);
	while (value_iter_next(&it, &name, &element, &err)) {
		bool map = container.type == VALUE_M;
		struct str text = map ? name : element.raw;

		if (!identity_of(&text, map ? VALUE_S : element.type, &e->arena))
			return false;
		if (e->count == e->room) {
			e->room = e->room ? 2 * e->room : 16;
			e->at = mem_resize(e->at, e->room * sizeof(*e->at));
		}
		e->at[e->count++] = (struct entry){ text, element };
	}
	if (e->count)
		qsort(e->at, e->count, sizeof(*e->at), by_text);
	return err.class == ERR_NONE;
}

/* For members and elements that come in different orders. */
static bool equal_sorted(struct value a, struct value b, unsigned depth)
{
	struct entries x, y = { 0 };
	bool same = entries_sorted(&x, a) && entries_sorted(&y, b) && x.count == y.count;

	for (size_t i = 0; same && i < x.count; i++)
		same = str_eq(x.at[i].text, y.at[i].text) &&
		       (a.type != VALUE_M || equal(x.at[i].value, y.at[i].value, depth + 1));
	entries_release(&x);
	entries_release(&y);
	return same;
}

/* Most often both come in the same order: then nothing is allocated. Names are
 * looked at first, so that no nested value is compared in both ways. */
static bool names_in_order(struct value a, struct value b)
{
	struct value_iter x, y;
	struct value ignored;
	struct str left, right;
	int order;

	value_iter_init(&x, a);
	value_iter_init(&y, b);
	while (value_iter_next(&x, &left, &ignored, NULL))
		if (!value_iter_next(&y, &right, &ignored, NULL) || !scan_content_compare(left, right, &order) || order != 0)
			return false;
	return true;
}

/* An iterator that met a malformed element has lost its type. */
static bool equal_in_order(struct value a, struct value b, unsigned depth)
{
	struct value_iter x, y;
	struct value left, right;

	value_iter_init(&x, a);
	value_iter_init(&y, b);
	while (value_iter_next(&x, NULL, &left, NULL))
		if (!value_iter_next(&y, NULL, &right, NULL) || !equal(left, right, depth + 1))
			return false;
	return !value_iter_next(&y, NULL, &right, NULL) && x.type != VALUE_NONE && y.type != VALUE_NONE;
}

static bool equal(struct value a, struct value b, unsigned depth)
{
	int order;

	if (a.type != b.type)
		return false;
	if (str_eq(a.raw, b.raw))
		return true;
	if (a.type < VALUE_M)
		return value_compare(a, b, &order) && order == 0;
	if (depth > VALUE_MAX_DEPTH)
		return false; /* DynamoDB holds nothing that deep */
	if (a.type == VALUE_M && !names_in_order(a, b))
		return equal_sorted(a, b, depth);
	if (equal_in_order(a, b, depth))
		return true;
	return a.type != VALUE_M && a.type != VALUE_L && equal_sorted(a, b, depth);
}

bool value_eq(struct value a, struct value b)
{
	return equal(a, b, 0);
}
