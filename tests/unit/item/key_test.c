#include "support/test.h"

#include "sluice/item/key.h"

static void test_equal_keys_have_one_text(void **state)
{
	static const struct { const char *keys, *text; } cases[] = {
		{ "{\"pk\":{\"S\":\"a\"}}", "{\"pk\":\"a\"}" },
		{ "{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1.50\"}}", "{\"pk\":\"a\",\"sk\":1.5}" },
		{ "{ \"sk\" : {\"N\":\"15E-1\"} , \"p\\u006b\" : {\"S\":\"\\u0061\"} }", "{\"pk\":\"a\",\"sk\":1.5}" },
		{ "{\"pk\":{\"S\":\"\\u00e9\\/\\u0022\\u000a\"}}", "{\"pk\":\"\xc3\xa9/\\\"\\n\"}" },
		{ "{\"b\":{\"B\":\"AQI=\"},\"a\":{\"B\":\"\\/\\/8=\"}}", "{\"a\":\"//8=\",\"b\":\"AQI=\"}" },
		{ "{\"n\":{\"N\":\"-0.0\"}}", "{\"n\":0}" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str text;
		struct buf out;

		assert_true(scan_check(str_c(cases[i].keys), NULL));
		assert_true(key_text(value_image(str_c(cases[i].keys)), &arena, &text, NULL));
		assert_str_equal(text, cases[i].text);
		assert_true(scan_check(text, NULL));
		buf_init(&out, 1000);
		buf_puts(&out, "x");
		assert_true(key_write(value_image(str_c(cases[i].keys)), &out, NULL));
		assert_true(str_eq(str_from(buf_str(&out), 1), text));
		buf_release(&out);
	}
	arena_release(&arena);
}

static void test_what_is_no_key_is_refused(void **state)
{
	static const char *const keys[] = {
		"{}", "[]", "{\"a\":{\"BOOL\":true}}", "{\"a\":{\"M\":{}}}", "{\"a\":1}", "{\"a\":{\"S\":\"x\"},\"b\":{\"NULL\":true}}",
		"{\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"1\"},\"c\":{\"S\":\"1\"}}", "{\"a\":{\"S\":\"1\"},\"a\":{\"S\":\"2\"}}",
		"{\"a\":{\"N\":\"x\"}}", "{\"a\":{\"S\":\"\\ud800\"}}", "{\"\\ud800\":{\"S\":\"a\"}}",
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct buf out;

		buf_init(&out, 1000);
		assert_false(key_write(value_image(str_c(keys[i])), &out, &err));
		assert_int_equal(err.class, ERR_DATA);
		assert_true(err_is(&err, "key.malformed"));
		assert_int_equal(out.len, 0);
		buf_release(&out);
	}
	assert_false(key_write((struct value){ .type = VALUE_NONE }, &(struct buf){ .max = 100 }, &err));
}

static void test_no_room_is_told_as_such(void **state)
{
	struct buf out;
	struct err err = { 0 };

	(void)state;
	for (size_t max = 0; max < 18; max++) {
		buf_init(&out, max);
		assert_false(key_write(value_image(STR("{\"pk\":{\"S\":\"0123456789\"}}")), &out, &err));
		assert_int_equal(err.class, ERR_FATAL);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_keys_have_one_text),
		cmocka_unit_test(test_what_is_no_key_is_refused),
		cmocka_unit_test(test_no_room_is_told_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
