#include "support/test.h"

#include "sluice/core/json_write.h"
#include "sluice/core/scan.h"

static void test_commas_and_colons_are_put_in(void **state)
{
	struct json_writer w;
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	json_write_init(&w, &out);
	json_begin_object(&w);
	json_member_str(&w, STR("s"), STR("x"));
	json_member_int(&w, STR("i"), INT64_MIN);
	json_member_bool(&w, STR("b"), true);
	json_member_raw(&w, STR("r"), STR("[1, 2]"));
	json_key(&w, STR("a"));
	json_begin_array(&w);
	json_begin_array(&w);
	json_end_array(&w);
	json_null(&w);
	json_uint(&w, UINT64_MAX);
	json_begin_object(&w);
	json_end_object(&w);
	json_bool(&w, false);
	json_end_array(&w);
	json_key_escaped(&w, STR("\\u0041"));
	json_str_escaped(&w, STR("\\n"));
	json_end_object(&w);
	assert_true(buf_ok(&out));
	assert_string_equal(out.ptr, "{\"s\":\"x\",\"i\":-9223372036854775808,\"b\":true,\"r\":[1, 2],"
				     "\"a\":[[],null,18446744073709551615,{},false],\"\\u0041\":\"\\n\"}");
	assert_true(scan_check(buf_str(&out), NULL));
	buf_release(&out);
}

static void test_text_is_escaped_only_where_it_must_be(void **state)
{
	static const struct { struct str text; const char *content; } cases[] = {
		{ STR_INIT(""), "" },
		{ STR_INIT("plain /text/"), "plain /text/" },
		{ STR_INIT("\"\\"), "\\\"\\\\" },
		{ STR_INIT("\b\f\n\r\t"), "\\b\\f\\n\\r\\t" },
		{ STR_INIT("\x01\x1f\x7f"), "\\u0001\\u001f\x7f" },
		{ STR_INIT("a\0b"), "a\\u0000b" },
		{ STR_INIT("caf\xc3\xa9 \xf0\x9f\x99\x82"), "caf\xc3\xa9 \xf0\x9f\x99\x82" },
		{ STR_INIT("\xff"), "\xef\xbf\xbd" },
		{ STR_INIT("a\xc3"), "a\xef\xbf\xbd" },
		{ STR_INIT("\xed\xa0\x80!"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf out;

		buf_init(&out, 100);
		assert_true(json_escape(&out, cases[i].text));
		assert_str_equal(buf_str(&out), cases[i].content);
		buf_release(&out);
	}
}

static void test_a_full_buf_is_told_once_at_the_end(void **state)
{
	struct json_writer w;
	struct buf out;

	(void)state;
	buf_init(&out, 8);
	json_write_init(&w, &out);
	json_begin_array(&w);
	for (int i = 0; i < 100; i++)
		json_str(&w, STR("text"));
	json_end_array(&w);
	assert_false(buf_ok(&out));
	assert_true(out.len <= 8);
	buf_release(&out);
}

static void test_nesting_down_to_the_limit_keeps_its_brackets(void **state)
{
	struct json_writer w;
	struct buf out;
	struct err err;

	(void)state;
	buf_init(&out, 10000);
	json_write_init(&w, &out);
	for (int i = 0; i < JSON_WRITE_MAX_DEPTH / 2; i++) {
		json_begin_array(&w);
		json_begin_object(&w);
		json_key(&w, STR("k"));
	}
	json_int(&w, 1);
	for (int i = 0; i < JSON_WRITE_MAX_DEPTH / 2; i++) {
		json_end_object(&w);
		json_end_array(&w);
	}
	assert_true(scan_check(buf_str(&out), &err));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commas_and_colons_are_put_in),
		cmocka_unit_test(test_text_is_escaped_only_where_it_must_be),
		cmocka_unit_test(test_a_full_buf_is_told_once_at_the_end),
		cmocka_unit_test(test_nesting_down_to_the_limit_keeps_its_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
