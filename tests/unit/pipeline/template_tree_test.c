#include "support/test.h"

#include "support/lang.h"

#include "sluice/core/scan.h"
#include "sluice/pipeline/template.h"

#include <stdlib.h>
#include <string.h>

enum { ALL_ROOTS = 0x1ff };

struct bench {
	struct lang lang;
	struct page *page;
	struct template_context context;
	struct buf out;
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	lang_init(&b->lang);
	b->page = lang_page(lang_deal);
	template_context_of(&b->page->records[0], STR("Deals"), &b->context);
	buf_init(&b->out, 1 << 20);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	buf_release(&b->out);
	page_unref(b->page);
	lang_release(&b->lang);
	free(b);
	return 0;
}

static const struct template_tree *compile(struct bench *b, const char *json)
{
	const struct template_tree *t = template_tree_compile(lang_node(&b->lang, json), ALL_ROOTS, &b->lang.arena,
							      &b->lang.problems);

	if (!t)
		print_error("%s", lang_problems(&b->lang));
	assert_non_null(t);
	return t;
}

static const struct { const char *tree, *json, *value; } fills[] = {
	{ "{}", "{}", "{}" },
	{ "{\"a\":\"x\",\"b\":5,\"c\":-1.50,\"d\":true,\"e\":null,\"f\":[],\"g\":{}}",
	  "{\"a\":\"x\",\"b\":5,\"c\":-1.50,\"d\":true,\"e\":null,\"f\":[],\"g\":{}}",
	  "{\"a\":{\"S\":\"x\"},\"b\":{\"N\":\"5\"},\"c\":{\"N\":\"-1.50\"},\"d\":{\"BOOL\":true},\"e\":{\"NULL\":true},"
	  "\"f\":{\"L\":[]},\"g\":{\"M\":{}}}" },
	{ "{\"title\":\"${new.brand_id}: ${new.status}\",\"price\":\"${new.price}\"}",
	  "{\"title\":\"B-7: live\",\"price\":199.90}", "{\"title\":{\"S\":\"B-7: live\"},\"price\":{\"N\":\"199.90\"}}" },
	{ "{\"q\\\"\\n\":[1,{\"deep\":\"${new.tags}\"},\"$${x}\"]}",
	  "{\"q\\\"\\n\":[1,{\"deep\":[\"sale\",\"\\\"hot\\\"\"]},\"${x}\"]}",
	  "{\"q\\\"\\n\":{\"L\":[{\"N\":\"1\"},{\"M\":{\"deep\":{\"SS\":[\"sale\",\"\\\"hot\\\"\"]}}},{\"S\":\"${x}\"}]}}" },
	{ "{\"literal\":{\"a\":[1,\"b\"]},\"filled\":\"${shard}\"}",
	  "{\"literal\":{\"a\":[1,\"b\"]},\"filled\":0}",
	  "{\"literal\":{\"M\":{\"a\":{\"L\":[{\"N\":\"1\"},{\"S\":\"b\"}]}}},\"filled\":{\"N\":\"0\"}}" },
	{ "[\"${new.live}\",\"x\"]", "[true,\"x\"]", "{\"L\":[{\"BOOL\":true},{\"S\":\"x\"}]}" },
	{ "\"${new.price}\"", "199.90", "{\"N\":\"199.90\"}" },
	{ "12345678901234567890123456789012345678", "12345678901234567890123456789012345678",
	  "{\"N\":\"12345678901234567890123456789012345678\"}" },
};

static void test_trees_fill_as_json_and_as_values(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(fills); i++) {
		const struct template_tree *t = compile(b, fills[i].tree);
		struct err err = { 0 };

		buf_clear(&b->out);
		assert_true(template_tree_json(t, &b->context, &b->out, &err));
		assert_str_equal(buf_str(&b->out), fills[i].json);
		assert_true(scan_check(buf_str(&b->out), &err));
		buf_clear(&b->out);
		assert_true(template_tree_value(t, &b->context, &b->out, &err));
		assert_str_equal(buf_str(&b->out), fills[i].value);
	}
}

static void test_nothing_is_appended_when_a_value_is_missing(void **state)
{
	struct bench *b = *state;
	const struct template_tree *t = compile(b, "{\"a\":\"x\",\"b\":[\"${new.absent}\"]}");
	struct err err = { 0 };

	buf_puts(&b->out, "before");
	assert_false(template_tree_json(t, &b->context, &b->out, &err));
	assert_string_equal(err.code, "template.missing");
	assert_non_null(strstr(err.text, "${new.absent}"));
	assert_false(template_tree_value(t, &b->context, &b->out, &err));
	assert_str_equal(buf_str(&b->out), "before");
}

static void count_path(void *ctx, const struct path *path)
{
	(void)path;
	++*(int *)ctx;
}

static void test_names_roots_and_paths_can_be_asked_for(void **state)
{
	struct bench *b = *state;
	const struct template_tree *t = compile(b, "{\"a\":\"x\",\"b\":{\"c\":[\"${new.x} ${new.y}\"]},\"d\":\"${shard}\"}");
	const struct str *names;
	struct err err = { 0 };
	int paths = 0;

	assert_int_equal(template_tree_names(t, &names), 3);
	assert_str_equal(names[0], "a");
	assert_str_equal(names[2], "d");
	assert_int_equal(template_tree_roots(t), TEMPLATE_NEW | TEMPLATE_SHARD);
	template_tree_each_path(t, TEMPLATE_NEW, count_path, &paths);
	assert_int_equal(paths, 2);
	assert_null(template_tree_get(t, STR("c")));
	assert_true(template_tree_value(template_tree_get(t, STR("d")), &b->context, &b->out, &err));
	assert_str_equal(buf_str(&b->out), "{\"N\":\"0\"}");
	assert_int_equal(template_tree_names(template_tree_get(t, STR("a")), &names), 0);
	assert_null(template_tree_compile(NULL, ALL_ROOTS, &b->lang.arena, &b->lang.problems));
}

static void test_mistakes_are_named_with_their_place(void **state)
{
	static const struct { const char *tree, *problem; } cases[] = {
		{ "{\"a\":{\"b\":[\"x\",\"${nope}\"]}}", "a.b[1]: in the template \"${nope}\"" },
		{ "{\"a\":\"${shard.x}\",\"b\":\"${\"}", "b: in the template" },
		{ "{\"a\":1,\"a\":2}", "twice" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		const struct node *n = node_from_json(&b->lang.arena, str_c(cases[i].tree), NULL, &err);

		if (!n)
			continue; /* the reader of JSON refuses names that stand twice itself */
		assert_null(template_tree_compile(n, ALL_ROOTS, &b->lang.arena, &b->lang.problems));
		if (!strstr(lang_problems(&b->lang), cases[i].problem))
			print_error("%s\n", lang_problems(&b->lang));
		assert_non_null(strstr(lang_problems(&b->lang), cases[i].problem));
	}
}

static void test_depth_is_limited(void **state)
{
	struct bench *b = *state;
	char json[256] = "";

	for (int i = 0; i < 33; i++)
		strcat(json, "[");
	strcat(json, "1");
	for (int i = 0; i < 33; i++)
		strcat(json, "]");
	assert_null(template_tree_compile(lang_node(&b->lang, json), ALL_ROOTS, &b->lang.arena, &b->lang.problems));
	assert_non_null(strstr(lang_problems(&b->lang), "more than 32 deep"));
}

static void test_a_full_arena_is_a_problem(void **state)
{
	struct bench *b = *state;
	const struct node *n = lang_node(&b->lang, "{\"a\":{\"b\":[\"${new.x} y\",\"z\"]}}");

	for (size_t max = 0; max < 4096; max += 64) {
		struct arena small;

		arena_init(&small, max);
		b->lang.problems.count = 0;
		if (!template_tree_compile(n, ALL_ROOTS, &small, &b->lang.problems))
			assert_true(b->lang.problems.count > 0);
		arena_release(&small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_trees_fill_as_json_and_as_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_is_appended_when_a_value_is_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_roots_and_paths_can_be_asked_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mistakes_are_named_with_their_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_depth_is_limited, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_full_arena_is_a_problem, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
