#include "support/records.h"
#include "support/test.h"

#include "sluice/handlers/base.h"

static const struct handler_ops no_ops = { .kind = "test" };

static void test_numbers_are_written_whole(void **state)
{
	static const struct {
		int64_t n;
		const char *text;
	} cases[] = {
		{ 0, "0" }, { 7, "7" }, { -7, "-7" }, { 1000, "1000" }, { INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 64);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		buf_clear(&out);
		handler_put_int(&out, cases[i].n);
		assert_str_equal(buf_str(&out), cases[i].text);
	}
	buf_clear(&out);
	handler_put_uint(&out, UINT64_MAX);
	assert_str_equal(buf_str(&out), "18446744073709551615");
	buf_release(&out);
}

static void test_scratch_memory_of_one_huge_record_is_given_back(void **state)
{
	const struct handler_site site = { 0 };
	struct handler h = { 0 };
	struct buf *scratch;

	(void)state;
	handler_init(&h, &no_ops, &site);
	scratch = handler_scratch(&h);
	buf_puts(scratch, "small");
	assert_int_equal(handler_scratch(&h)->len, 0);
	assert_true(h.scratch.cap > 0);
	assert_non_null(buf_reserve(scratch, 4 << 20));
	assert_int_equal(handler_scratch(&h)->cap, 0);
	handler_release(&h);
}

static void test_trees_are_joined_into_one_object(void **state)
{
	static const struct {
		const char *begin, *tree, *joined;
	} cases[] = {
		{ "{", "{'a': 1}", "{'a':{'N':'1'}" },
		{ "{'k':{'S':'x'}", "{'a': '${item.x}', 'b': 2}", "{'k':{'S':'x'},'a':{'S':'y'},'b':{'N':'2'}" },
		{ "{'k':{'S':'x'}", "{}", "{'k':{'S':'x'}" },
		{ "{", "{}", "{" },
	};
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct template_context c = { .item = records_image(&a, "{'x': 'y'}") };
		struct problems problems;
		struct template_tree *t;
		struct err err = { 0 };
		struct buf out;

		problems_init(&problems, &a);
		t = template_tree_compile(records_node(&a, cases[i].tree), TEMPLATE_ITEM, &a, &problems);
		assert_non_null(t);
		buf_init(&out, 1024);
		buf_puts(&out, records_quotes(&a, cases[i].begin));
		assert_true(handler_append_tree(t, &c, &out, &err));
		records_unquote(out.ptr);
		assert_str_equal(buf_str(&out), cases[i].joined);
		buf_release(&out);
	}
	arena_release(&a);
}

static void test_a_definition_has_its_members_by_name(void **state)
{
	struct option_names names = { (struct str[]){ STR("z"), STR("a") }, 2 };
	struct json_writer w;
	struct arena a;
	struct buf out;

	(void)state;
	arena_init(&a, 1 << 20);
	buf_init(&out, 1024);
	definition_begin(&w, &out);
	definition_names(&w, "names", &names);
	definition_names(&w, "none", &(struct option_names){ 0 });
	definition_str(&w, "empty", STR(""));
	definition_tree(&w, "nothing", NULL);
	definition_tree(&w, "tree", records_node(&a, "{'z': [1, {'y': null, 'x': true}], 'b': 1.50, 'a': 'q\\\"'}"));
	assert_true(definition_end(&w));
	records_unquote(out.ptr);
	assert_str_equal(buf_str(&out), "{'names':['a','z'],'tree':{'a':'q\\'','b':1.50,'z':[1,{'x':true,'y':null}]}}");
	buf_release(&out);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_written_whole),
		cmocka_unit_test(test_scratch_memory_of_one_huge_record_is_given_back),
		cmocka_unit_test(test_trees_are_joined_into_one_object),
		cmocka_unit_test(test_a_definition_has_its_members_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
