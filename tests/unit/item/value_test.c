#include "support/test.h"

#include "sluice/item/value.h"

#include <stdio.h>

static struct value parse(const char *json)
{
	struct value v;
	struct err err = { 0 };

	if (!value_parse(str_c(json), &v, &err))
		fail_msg("%s: %s", json, err.text);
	return v;
}

static void test_every_type_is_read_with_its_text(void **state)
{
	static const struct { const char *json; enum value_type type; const char *raw; } cases[] = {
		{ "{\"S\":\"a\\nb\"}", VALUE_S, "a\\nb" },
		{ "{\"S\":\"\"}", VALUE_S, "" },
		{ " { \"N\" : \"-1.50\" } ", VALUE_N, "-1.50" },
		{ "{\"B\":\"AQI=\"}", VALUE_B, "AQI=" },
		{ "{\"BOOL\":false}", VALUE_BOOL, "false" },
		{ "{\"NULL\":true}", VALUE_NULL, "true" },
		{ "{\"M\":{\"a\":{\"S\":\"x\"}}}", VALUE_M, "{\"a\":{\"S\":\"x\"}}" },
		{ "{\"L\":[{\"N\":\"1\"},{\"L\":[]}]}", VALUE_L, "[{\"N\":\"1\"},{\"L\":[]}]" },
		{ "{\"SS\":[\"a\",\"b\"]}", VALUE_SS, "[\"a\",\"b\"]" },
		{ "{\"NS\":[\"1\",\"2\"]}", VALUE_NS, "[\"1\",\"2\"]" },
		{ "{\"BS\":[\"AQ==\"]}", VALUE_BS, "[\"AQ==\"]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct value v = parse(cases[i].json), read;
		struct buf out;

		assert_int_equal(v.type, cases[i].type);
		assert_str_equal(v.raw, cases[i].raw);
		assert_true(value_read(str_c(cases[i].json), &read, NULL));
		assert_int_equal(read.type, v.type);
		assert_int_equal(value_type_of(str_c(value_type_name(v.type))), v.type);
		buf_init(&out, 200);
		assert_true(value_write(v, &out));
		assert_true(value_parse(buf_str(&out), &read, NULL));
		assert_true(str_eq(read.raw, v.raw));
		buf_release(&out);
	}
}

/* Valid JSON that is no attribute value: refused by value_read(), too. */
static const char *const wrong_shapes[] = {
	"\"S\"", "1", "null", "[]", "{}", "{\"X\":\"a\"}", "{\"s\":\"a\"}", "{\"S\":1}", "{\"S\":null}", "{\"N\":1}",
	"{\"B\":[]}", "{\"BOOL\":\"true\"}", "{\"BOOL\":null}", "{\"NULL\":false}", "{\"NULL\":\"true\"}", "{\"M\":[]}",
	"{\"M\":\"a\"}", "{\"L\":{}}", "{\"SS\":\"a\"}", "{\"NS\":{}}", "{\"S\":\"a\",\"N\":\"1\"}", "{\"S\":\"a\",\"S\":\"b\"}",
	"{\"\":\"a\"}", "{\"\\u0053\":\"a\"}",
};

/* Where value_read() looks at the outside alone. */
static const char *const wrong_inside[] = {
	"{\"M\":{\"a\":1}}", "{\"M\":{\"a\":{\"S\":1}}}", "{\"L\":[1]}", "{\"L\":[{\"S\":\"a\"},{}]}", "{\"SS\":[1]}",
	"{\"SS\":[\"a\",null]}", "{\"NS\":[\"x\"]}", "{\"N\":\"\"}", "{\"N\":\"1e\"}", "{\"B\":\"A\"}", "{\"B\":\"A===\"}",
	"{\"B\":\"AB==\"}", "{\"BS\":[\"?\"]}", "{\"L\":[{\"M\":{\"a\":{\"L\":[{\"X\":1}]}}}]}",
};

static void test_what_is_no_attribute_value_is_refused(void **state)
{
	struct value v;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong_shapes); i++) {
		assert_false(value_read(str_c(wrong_shapes[i]), &v, &err));
		assert_int_equal(err.class, ERR_DATA);
		assert_true(err_is(&err, "value.malformed"));
		assert_false(value_parse(str_c(wrong_shapes[i]), &v, NULL));
	}
	for (size_t i = 0; i < COUNT_OF(wrong_inside); i++) {
		err_clear(&err);
		if (value_parse(str_c(wrong_inside[i]), &v, &err))
			fail_msg("%s is accepted", wrong_inside[i]);
		assert_int_equal(err.class, ERR_DATA);
	}
	assert_false(value_parse(STR("{\"S\":\"a\"} x"), &v, &err));
	assert_true(err_is(&err, "json.syntax"));
	assert_false(value_parse_image(STR("[]"), &v, &err));
	assert_false(value_parse_image(STR("{\"a\":\"b\"}"), &v, &err));
	assert_false(value_parse_image(STR(""), &v, &err));
}

/* depth lists around a string. */
static struct str nested_lists(char *out, size_t size, int depth)
{
	size_t n = 0;

	for (int i = 0; i < depth; i++)
		n += (size_t)snprintf(out + n, size - n, "{\"L\":[");
	n += (size_t)snprintf(out + n, size - n, "{\"S\":\"x\"}");
	for (int i = 0; i < depth; i++)
		n += (size_t)snprintf(out + n, size - n, "]}");
	return str_of(out, n);
}

static void test_nesting_is_allowed_as_deep_as_dynamodb_does(void **state)
{
	char text[1000], image[1100];
	struct value v;
	struct err err;
	int n;

	(void)state;
	assert_true(value_parse(nested_lists(text, sizeof(text), VALUE_MAX_DEPTH), &v, NULL));
	n = snprintf(image, sizeof(image), "{\"a\":%s}", text);
	assert_true(value_parse_image(str_of(image, (size_t)n), &v, NULL));
	assert_false(value_parse(nested_lists(text, sizeof(text), VALUE_MAX_DEPTH + 1), &v, &err));
	assert_true(err_is(&err, "value.depth"));
	n = snprintf(image, sizeof(image), "{\"a\":%s}", text);
	assert_false(value_parse_image(str_of(image, (size_t)n), &v, &err));
}

static void test_containers_are_walked_in_their_order(void **state)
{
	static const struct { const char *json, *walked; } cases[] = {
		{ "{\"M\":{\"a\":{\"S\":\"x\"},\"b\":{\"N\":\"1\"}}}", "a=S:x b=N:1 " },
		{ "{\"M\":{}}", "" },
		{ "{\"L\":[{\"BOOL\":true},{\"M\":{}}]}", "=BOOL:true =M:{} " },
		{ "{\"L\":[]}", "" },
		{ "{\"SS\":[\"p\",\"q\"]}", "=S:p =S:q " },
		{ "{\"NS\":[\"1\"]}", "=N:1 " },
		{ "{\"BS\":[\"AQ==\"]}", "=B:AQ== " },
		{ "{\"S\":\"x\"}", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct value_iter it;
		struct str name = { NULL, 0 };
		struct value element;
		struct err err = { .class = ERR_RETRY };
		char walked[100] = "";
		size_t n = 0;

		value_iter_init(&it, parse(cases[i].json));
		while (value_iter_next(&it, &name, &element, &err))
			n += (size_t)snprintf(walked + n, sizeof(walked) - n, "%.*s=%s:%.*s ", STR_ARG(name),
					      value_type_name(element.type), STR_ARG(element.raw));
		assert_string_equal(walked, cases[i].walked);
		assert_int_equal(err.class, ERR_NONE);
		assert_false(value_iter_next(&it, &name, &element, &err));
		assert_int_equal(element.type, VALUE_NONE);
	}
}

static void test_a_malformed_element_ends_the_walk_with_an_error(void **state)
{
	static const struct value cases[] = {
		{ VALUE_M, STR_INIT("{\"a\":1}") }, { VALUE_M, STR_INIT("[1]") }, { VALUE_L, STR_INIT("[1]") },
		{ VALUE_L, STR_INIT("[{\"S\":\"a\",\"N\":\"1\"}]") }, { VALUE_NS, STR_INIT("[1]") }, { VALUE_SS, STR_INIT("[[]]") },
		{ VALUE_M, STR_INIT("{\"a\":") }, { VALUE_L, STR_INIT("[") }, { VALUE_SS, STR_INIT("[\"") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct value_iter it;
		struct value element;
		struct err err = { 0 };

		value_iter_init(&it, cases[i]);
		assert_false(value_iter_next(&it, NULL, &element, &err));
		assert_int_equal(err.class, ERR_DATA);
		assert_false(value_iter_next(&it, NULL, &element, NULL));
	}
}

static void test_attributes_are_found_by_their_plain_name(void **state)
{
	struct value item, v;

	(void)state;
	assert_true(value_parse_image(STR(" {\"a\":{\"S\":\"x\"},\"caf\\u00e9\":{\"N\":\"1\"},\"bad\":{\"SS\":[]}} "), &item, NULL));
	assert_int_equal(item.type, VALUE_M);
	assert_true(value_get(item, STR("caf\xc3\xa9"), &v));
	assert_str_equal(v.raw, "1");
	assert_true(value_get(item, STR("bad"), &v));
	assert_int_equal(v.type, VALUE_SS);
	assert_false(value_get(item, STR("b"), &v));
	assert_int_equal(v.type, VALUE_NONE);
	assert_false(value_get(parse("{\"S\":\"a\"}"), STR("a"), &v));
	assert_false(value_get((struct value){ VALUE_M, STR("{\"a\":{\"Q\":1}}") }, STR("a"), &v));
	assert_int_equal(v.type, VALUE_NONE);
	assert_false(value_get(value_image(str_of(NULL, 0)), STR("a"), &v));
}

static void test_text_is_unescaped_only_where_it_must_be(void **state)
{
	struct value plain = parse("{\"S\":\"plain\"}");
	struct arena arena;
	struct str text;
	struct err err;

	(void)state;
	arena_init(&arena, 1 << 16);
	assert_true(value_text(plain, &arena, &text, &err));
	assert_ptr_equal(text.ptr, plain.raw.ptr);
	assert_true(value_text(parse("{\"S\":\"caf\\u00e9\\n\"}"), &arena, &text, &err));
	assert_str_equal(text, "caf\xc3\xa9\n");
	assert_true(value_text(parse("{\"N\":\"1.50\"}"), &arena, &text, &err));
	assert_str_equal(text, "1.50");
	assert_true(value_text(parse("{\"BOOL\":true}"), &arena, &text, &err));
	assert_str_equal(text, "true");
	assert_true(value_text(parse("{\"B\":\"\\/\\/8=\"}"), &arena, &text, &err));
	assert_str_equal(text, "//8=");
	assert_false(value_text(parse("{\"S\":\"\\ud83d\"}"), &arena, &text, &err));
	assert_true(err_is(&err, "json.surrogate"));
	assert_false(value_text(parse("{\"NULL\":true}"), &arena, &text, &err));
	assert_int_equal(err.class, ERR_DATA);
	assert_false(value_text((struct value){ .type = VALUE_NONE }, &arena, &text, &err));
	arena_release(&arena);

	arena_init(&arena, 4);
	assert_false(value_text(parse("{\"S\":\"a longer text \\n\"}"), &arena, &text, &err));
	assert_int_equal(err.class, ERR_FATAL);
	arena_release(&arena);
}

static void test_nothing_is_not_written(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_false(value_write((struct value){ .type = VALUE_NONE }, &out));
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_is_read_with_its_text),
		cmocka_unit_test(test_what_is_no_attribute_value_is_refused),
		cmocka_unit_test(test_nesting_is_allowed_as_deep_as_dynamodb_does),
		cmocka_unit_test(test_containers_are_walked_in_their_order),
		cmocka_unit_test(test_a_malformed_element_ends_the_walk_with_an_error),
		cmocka_unit_test(test_attributes_are_found_by_their_plain_name),
		cmocka_unit_test(test_text_is_unescaped_only_where_it_must_be),
		cmocka_unit_test(test_nothing_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
