#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/core/node.h"

#include <stdlib.h>

static int setup(void **state)
{
	struct arena *a = test_malloc(sizeof(*a));

	arena_init(a, 1 << 20);
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	arena_release(*state);
	test_free(*state);
	return 0;
}

static void test_json_goes_in_and_comes_out(void **state)
{
	static const struct str texts[] = {
		STR_INIT("{\"a\":[1,-2.50,true,false,null,\"x\"],\"b\":{\"c\":{}},\"d\":[]}"),
		STR_INIT("123456789012345678901234567890"),
		STR_INIT("1e5"),
		STR_INIT("\"caf\xc3\xa9 \\\"quoted\\\"\""),
		STR_INIT("{\"\":1}"),
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct err err = { 0 };
		struct node *n = node_from_json(*state, texts[i], NULL, &err);
		struct buf out;

		assert_non_null(n);
		buf_init(&out, 1000);
		assert_true(node_print_json(n, &out));
		assert_true(str_eq(buf_str(&out), texts[i]));
		buf_release(&out);
	}
}

static void test_json_that_is_refused_says_why(void **state)
{
	static const struct { struct str text; const char *code; } cases[] = {
		{ STR_INIT("{\"a\":1,\"b\":2,\"a\":3}"), "node.duplicate" },
		{ STR_INIT("[{\"a\":{\"x\":1,\"x\":1}}]"), "node.duplicate" },
		{ STR_INIT("{\"a\":1,\"\\u0061\":2}"), "node.duplicate" },
		{ STR_INIT("[1e999]"), "node.number" },
		{ STR_INIT("{\"a\":1"), "json.syntax" },
		{ STR_INIT(""), "json.syntax" },
		{ STR_INIT("[1] 2"), "json.syntax" },
		{ STR_INIT("\"\\ud800\""), "json.surrogate" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };

		assert_null(node_from_json(*state, cases[i].text, NULL, &err));
		assert_string_equal(err.code, cases[i].code);
		assert_int_equal(err.class, ERR_DATA);
	}
}

static void test_a_tree_beyond_the_arena_is_refused(void **state)
{
	struct arena small;
	struct err err = { 0 };

	(void)state;
	arena_init(&small, 4096);
	assert_null(node_from_json(&small, STR("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
				   NULL, &err));
	assert_string_equal(err.code, "node.memory");
	arena_release(&small);
}

static void test_nodes_carry_the_place_of_their_origin(void **state)
{
	struct node written = { .file = "x.conf", .line = 7 };
	struct node origin = { .file = "x.conf", .line = 7, .column = 3, .origin = &written };
	struct node *n = node_from_json(*state, STR("{\"a\":[{\"b\":1}]}"), &origin, NULL);

	assert_string_equal(n->first->first->first->file, "x.conf");
	assert_int_equal(n->first->first->first->line, 7);
	assert_int_equal(n->first->first->first->column, 3);
	assert_ptr_equal(node_origin(n->first->first->first), &written);
	assert_ptr_equal(node_origin(&written), &written);
	assert_null(node_origin(NULL));
}

static void test_paths_name_members_and_indexes(void **state)
{
	struct node *n = node_from_json(*state, STR("{\"pipelines\":[0,{\"handlers\":[[5]]}]}"), NULL, NULL);
	const struct node *p = node_get(n, STR("pipelines"));
	const struct node *h = node_get(p->last, STR("handlers"));

	assert_str_equal(node_path(*state, h->first->first), "pipelines[1].handlers[0][0]");
	assert_str_equal(node_path(*state, h), "pipelines[1].handlers");
	assert_str_equal(node_path(*state, n), "");
	assert_null(node_get(n, STR("pipeline")));
	assert_null(node_get(p, STR("handlers")));
	assert_null(node_get(NULL, STR("x")));
}

static void test_numbers_are_whole_when_they_fit(void **state)
{
	static const struct { struct str text; bool ok; enum node_kind kind; } cases[] = {
		{ STR_INIT("9223372036854775807"), true, NODE_INT },
		{ STR_INIT("9223372036854775808"), true, NODE_REAL },
		{ STR_INIT("-1"), true, NODE_INT },
		{ STR_INIT("1.0"), true, NODE_REAL },
		{ STR_INIT("1E3"), true, NODE_REAL },
		{ STR_INIT("+1"), false, NODE_NULL },
		{ STR_INIT("0x10"), false, NODE_NULL },
		{ STR_INIT(".5"), false, NODE_NULL },
		{ STR_INIT("true"), false, NODE_NULL },
		{ STR_INIT("1 "), false, NODE_NULL },
		{ STR_INIT(""), false, NODE_NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct node n = { 0 };

		assert_int_equal(node_set_number(&n, cases[i].text), cases[i].ok);
		if (cases[i].ok)
			assert_int_equal(n.kind, cases[i].kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_json_goes_in_and_comes_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json_that_is_refused_says_why, setup, teardown),
		cmocka_unit_test(test_a_tree_beyond_the_arena_is_refused),
		cmocka_unit_test_setup_teardown(test_nodes_carry_the_place_of_their_origin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paths_name_members_and_indexes, setup, teardown),
		cmocka_unit_test(test_numbers_are_whole_when_they_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
