#include "support/test.h"

#include "sluice/item/value.h"

#include <stdio.h>

static void test_values_become_plain_json(void **state)
{
	static const struct { const char *json, *plain; } cases[] = {
		{ "{\"S\":\"caf\\u00e9 \\\"x\\\"\"}", "\"caf\\u00e9 \\\"x\\\"\"" },
		{ "{\"N\":\"-1.50\"}", "-1.50" },
		{ "{\"N\":\"12345678901234567890123456789012345678\"}", "12345678901234567890123456789012345678" },
		{ "{\"N\":\".5\"}", "0.5" }, { "{\"N\":\"+1\"}", "1" }, { "{\"N\":\"1.\"}", "1" }, { "{\"N\":\"007\"}", "7" },
		{ "{\"N\":\"-.5E3\"}", "-500" },
		{ "{\"B\":\"AQI=\"}", "\"AQI=\"" },
		{ "{\"BOOL\":true}", "true" }, { "{\"BOOL\":false}", "false" }, { "{\"NULL\":true}", "null" },
		{ "{\"SS\":[\"a\",\"b\"]}", "[\"a\",\"b\"]" },
		{ "{\"NS\":[\"1\",\"+2\",\"1.E20\",\".25\"]}", "[1,2,100000000000000000000,0.25]" },
		{ "{\"NS\":[\"1.E37\",\"1.E36\",\"1.E35\",\"1.E34\"]}",
		  "[10000000000000000000000000000000000000,1000000000000000000000000000000000000,"
		  "100000000000000000000000000000000000,10000000000000000000000000000000000]" },
		{ "{\"BS\":[\"AQ==\"]}", "[\"AQ==\"]" },
		{ "{\"L\":[]}", "[]" }, { "{\"M\":{}}", "{}" }, { "{\"L\":[{\"L\":[]},{\"M\":{}}]}", "[[],{}]" },
		{ "{\"M\":{\"a\":{\"S\":\"x\"},\"b\\n\":{\"L\":[{\"N\":\"1\"},{\"M\":{\"c\":{\"NULL\":true}}}]},\"d\":{\"SS\":[\"q\"]}}}",
		  "{\"a\":\"x\",\"b\\n\":[1,{\"c\":null}],\"d\":[\"q\"]}" },
		{ " { \"M\" : { \"a\" : { \"S\" : \"x\" } , \"b\" : { \"L\" : [ { \"N\" : \"1\" } , { \"N\" : \"2\" } ] } } } ",
		  "{\"a\":\"x\",\"b\":[1,2]}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct value v;
		struct buf out;
		struct err err = { 0 };

		buf_init(&out, 1000);
		buf_puts(&out, "head:");
		assert_true(value_parse(str_c(cases[i].json), &v, &err));
		if (!value_write_plain(v, &out, &err))
			fail_msg("%s: %s", cases[i].json, err.text);
		assert_str_equal(str_from(buf_str(&out), 5), cases[i].plain);
		assert_true(scan_check(str_from(buf_str(&out), 5), NULL));
		buf_release(&out);
	}
}

static void test_an_image_becomes_an_object(void **state)
{
	struct value item;
	struct buf out;

	(void)state;
	assert_true(value_parse_image(STR("{\"id\":{\"S\":\"1\"},\"n\":{\"N\":\"2\"}}"), &item, NULL));
	buf_init(&out, 1000);
	assert_true(value_write_plain(item, &out, NULL));
	assert_str_equal(buf_str(&out), "{\"id\":\"1\",\"n\":2}");
	buf_release(&out);
}

static void test_malformed_values_write_nothing(void **state)
{
	static const struct value cases[] = {
		{ VALUE_NONE, { NULL, 0 } }, { VALUE_N, STR_INIT("x") }, { VALUE_NS, STR_INIT("[\"1\",\"x\"]") },
		{ VALUE_SS, STR_INIT("[\"a\",1]") }, { VALUE_SS, STR_INIT("{}") }, { VALUE_L, STR_INIT("[1]") },
		{ VALUE_L, STR_INIT("{}") }, { VALUE_M, STR_INIT("[]") }, { VALUE_M, STR_INIT("{\"a\":1}") },
		{ VALUE_M, STR_INIT("{\"a\":{}}") }, { VALUE_M, STR_INIT("{\"a\":{\"Z\":1}}") },
		{ VALUE_M, STR_INIT("{\"a\":{\"S\":\"x\"},\"b\":{\"S\":\"x\",\"N\":\"1\"}}") },
		{ VALUE_M, STR_INIT("{\"a\":{\"M\":{},\"L\":[]}}") }, { VALUE_M, STR_INIT("{\"a\":{\"S\":1}}") },
		{ VALUE_M, STR_INIT("{\"a\":{\"BOOL\":1}}") }, { VALUE_M, STR_INIT("{\"a\":{\"NULL\":false}}") },
		{ VALUE_M, STR_INIT("{\"a\":{\"NS\":[\"+1\",\"2") }, { VALUE_SS, STR_INIT("[\"a\"") }, { VALUE_L, STR_INIT("[") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf out;
		struct err err = { 0 };

		buf_init(&out, 1000);
		buf_puts(&out, "head:");
		assert_false(value_write_plain(cases[i], &out, &err));
		assert_int_equal(err.class, ERR_DATA);
		assert_str_equal(buf_str(&out), "head:");
		buf_release(&out);
	}
}

static void test_a_full_buf_is_an_error_of_its_own(void **state)
{
	struct value v = { VALUE_L, STR("[{\"S\":\"some text\"}]") };
	struct buf out;
	struct err err = { 0 };

	(void)state;
	buf_init(&out, 10);
	assert_false(value_write_plain(v, &out, &err));
	assert_int_equal(err.class, ERR_FATAL);
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

static void test_nesting_is_followed_as_deep_as_dynamodb_nests(void **state)
{
	char text[600];
	size_t n = 0;
	struct buf out;
	struct err err = { 0 };

	(void)state;
	buf_init(&out, 1000);
	n += (size_t)snprintf(text, sizeof(text), "{\"a\":");
	for (int i = 0; i < VALUE_MAX_DEPTH; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "{\"L\":[");
	for (int i = 0; i < VALUE_MAX_DEPTH; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "]}");
	n += (size_t)snprintf(text + n, sizeof(text) - n, "}");
	assert_true(value_write_plain(value_image(str_of(text, n)), &out, &err));
	assert_int_equal(out.len, 2 * VALUE_MAX_DEPTH + 6);
	n = 0;
	for (int i = 0; i < VALUE_MAX_DEPTH + 2; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[{\"L\":");
	assert_false(value_write_plain((struct value){ VALUE_L, str_of(text, n) }, &out, &err));
	assert_true(err_is(&err, "value.depth"));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_become_plain_json),
		cmocka_unit_test(test_an_image_becomes_an_object),
		cmocka_unit_test(test_malformed_values_write_nothing),
		cmocka_unit_test(test_a_full_buf_is_an_error_of_its_own),
		cmocka_unit_test(test_nesting_is_followed_as_deep_as_dynamodb_nests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
