/* Answers of any bytes against any `expect`, which stands behind the first line break; and the same bytes as
 * a message. What an answer's own items expect is always there. */
#include "sluice/model/expect.h"

#include <stdlib.h>

enum { ARENA_BYTES = 32 << 20 };

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* An answer's items, wanted as they are, are found, in order or not. */
static void expects_itself(const struct expect_answer *a, struct arena *arena)
{
	struct model_expectation e = { .count = a->count };
	struct expect_differences d;
	struct node *list = node_new(arena, NODE_ARRAY);

	for (size_t i = 0; list && i < a->n_items; i++) {
		struct node *item = node_new(arena, NODE_OBJECT);

		if (!item)
			return;
		item->text = a->items[i].raw;
		node_append(list, item);
	}
	e.items = e.keys = list;
	expect_differences_init(&d, arena);
	expect_compare(&e, a, &d);
	must(d.count == 0);
}

static void compare(struct str answer, struct str expect, const char *operation)
{
	struct model_expectation e;
	struct expect_differences d;
	struct expect_answer a;
	struct arena arena;
	struct err err;

	arena_init(&arena, ARENA_BYTES);
	expect_read(node_from_json(&arena, expect, NULL, &err), &e);
	expect_answer_init(&a, str_c(operation));
	if (expect_answer_add(&a, answer, &arena, &err))
		expects_itself(&a, &arena);
	expect_differences_init(&d, &arena);
	expect_compare(&e, &a, &d);
	for (const struct expect_difference *one = d.first; one; one = one->next)
		must(one->text.len > 0);
	arena_release(&arena);
}

static void compare_messages(struct str message, struct str expect)
{
	struct expect_differences d;
	struct arena arena;
	struct err err;
	const struct node *n;

	arena_init(&arena, ARENA_BYTES);
	n = node_from_json(&arena, expect, NULL, &err);
	expect_differences_init(&d, &arena);
	expect_compare_messages(n, &message, 1, &d);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_of((const char *)data, size), answer;

	if (size > 1 << 16)
		return 0;
	answer = str_split(&rest, '\n');
	compare(answer, rest, "Query");
	compare(answer, rest, "Scan");
	compare_messages(answer, rest);
	return 0;
}
