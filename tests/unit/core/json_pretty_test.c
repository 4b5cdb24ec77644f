#include "support/test.h"

#include "sluice/core/json_pretty.h"

static void check(const char *json, const char *expected)
{
	struct buf out;

	buf_init(&out, 1 << 16);
	assert_true(json_pretty(str_c(json), &out));
	assert_string_equal(out.ptr, expected);
	buf_release(&out);
}

static void test_containers_are_laid_out(void **state)
{
	(void)state;
	check("{\"a\":[1,{\"b\":\"x,y:{}\\n\"}],\"c\":{},\"d\":[]}",
	      "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x,y:{}\\n\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}\n");
	check("[]", "[]\n");
	check("[[],[true,false,null]]", "[\n  [],\n  [\n    true,\n    false,\n    null\n  ]\n]\n");
	check(" 1.50e3 ", "1.50e3\n");
}

static void test_what_is_laid_out_already_stays(void **state)
{
	static const char text[] = "{\n  \"a\": [\n    \"\\u00e9\"\n  ]\n}\n";

	(void)state;
	check(text, text);
}

static void test_a_full_buffer_is_told(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 8);
	assert_false(json_pretty(STR("{\"a\":[1,2,3,4,5,6]}"), &out));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_containers_are_laid_out),
		cmocka_unit_test(test_what_is_laid_out_already_stays),
		cmocka_unit_test(test_a_full_buffer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
