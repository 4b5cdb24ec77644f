#include "expect_impl.h"

#include "sluice/core/scan.h"

void expect_answer_init(struct expect_answer *a, struct str operation)
{
	*a = (struct expect_answer){ .ordered = !str_eq(operation, STR("BatchGetItem")) && !str_eq(operation, STR("Scan")) };
}

/* One body's reading. */
struct reading {
	struct expect_answer *answer;
	struct arena *arena;
	struct err *err;
};

static bool wrong(struct reading *r, const char *member)
{
	return err_set(r->err, ERR_DATA, "expect.answer", "the answer is not as the API says: %s", member);
}

static bool grow(struct reading *r)
{
	struct expect_answer *a = r->answer;
	size_t cap = a->cap ? 2 * a->cap : 16;
	struct value *items;

	if (a->n_items >= EXPECT_ITEMS_MAX)
		return err_set(r->err, ERR_DATA, "expect.size", "the answer has more than %d items; give the command a --limit",
			       EXPECT_ITEMS_MAX);
	items = arena_array(r->arena, cap, sizeof(*items));
	if (!items)
		return err_set(r->err, ERR_FATAL, "expect.memory", "the answer needs more than %zu bytes of memory", r->arena->max);
	if (a->n_items)
		memcpy(items, a->items, a->n_items * sizeof(*items));
	a->items = items;
	a->cap = cap;
	return true;
}

static bool add_item(struct reading *r, struct str json)
{
	struct value item;
	struct err why;

	if (!value_parse_image(json, &item, &why))
		return wrong(r, why.text);
	if (r->answer->n_items == r->answer->cap && !grow(r))
		return false;
	r->answer->items[r->answer->n_items++] = item;
	r->answer->count++;
	return true;
}

/* {"Item": {…}} of a transaction, which has none where nothing was found. */
static bool add_wrapped(struct reading *r, struct str json)
{
	struct str item;

	if (json.ptr[0] != '{')
		return wrong(r, "Responses holds something that is no object");
	return !scan_member(json, STR("Item"), &item) || str_eq(item, STR("null")) || str_eq(item, STR("{}")) || add_item(r, item);
}

static bool each(struct reading *r, struct str array, const char *what, bool (*add)(struct reading *r, struct str json))
{
	struct scan_token begin;
	struct scan it;
	struct str one;

	if (array.ptr[0] != '[')
		return wrong(r, what);
	scan_init_trusted(&it, array);
	scan_next(&it, &begin);
	while (scan_value(&it, &one))
		if (!add(r, one))
			return false;
	return true;
}

/* {"Table": [items], …} of a batch. */
static bool add_tables(struct reading *r, struct str tables)
{
	struct scan_token token;
	struct scan it;
	struct str items;

	scan_init_trusted(&it, tables);
	scan_next(&it, &token);
	while (scan_next_member(&it, &token, &items) == SCAN_KEY)
		if (!each(r, items, "Responses of a table is no list", add_item))
			return false;
	return true;
}

static bool add_count(struct reading *r, struct str body)
{
	struct str text;
	int64_t count;

	if (!scan_member(body, STR("Count"), &text))
		return true;
	if (!str_to_i64(text, &count) || count < 0)
		return wrong(r, "Count is no number");
	r->answer->count += count;
	return true;
}

static bool add_single(struct reading *r, struct str body, struct str member)
{
	struct str item;

	return !scan_member(body, member, &item) || str_eq(item, STR("null")) || str_eq(item, STR("{}")) || add_item(r, item);
}

bool expect_answer_add(struct expect_answer *a, struct str body, struct arena *arena, struct err *err)
{
	struct reading r = { a, arena, err };
	struct err why;
	struct str part;

	body = str_trim(body);
	if (!scan_check(body, &why))
		return wrong(&r, why.text);
	if (body.ptr[0] != '{')
		return wrong(&r, "it is no object");
	if (scan_member(body, STR("Items"), &part))
		return each(&r, part, "Items is no list", add_item);
	if (scan_member(body, STR("Responses"), &part))
		return part.ptr[0] == '{' ? add_tables(&r, part) : each(&r, part, "Responses is no list", add_wrapped);
	return add_single(&r, body, STR("Item")) && add_single(&r, body, STR("Attributes")) && add_count(&r, body);
}

void expect_answer_limit(struct expect_answer *a, size_t most)
{
	if (a->n_items > most)
		a->n_items = most;
	if (a->count > (int64_t)most)
		a->count = (int64_t)most;
}
