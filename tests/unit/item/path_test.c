#include "support/test.h"

#include "sluice/item/path.h"

static const struct value item = {
	VALUE_M,
	STR_INIT("{\"a\":{\"S\":\"x\"},\"m\":{\"M\":{\"b\":{\"L\":[{\"N\":\"0\"},{\"M\":{\"c.d\":{\"S\":\"deep\"}}}]}}},"
		 "\"s\":{\"SS\":[\"p\",\"q\"]},\"quo\\\"te\":{\"BOOL\":true},\"caf\\u00e9\":{\"N\":\"7\"}}"),
};

static void test_paths_lead_to_their_value(void **state)
{
	static const struct { const char *path, *raw; enum value_type type; } cases[] = {
		{ "a", "x", VALUE_S }, { "m.b[0]", "0", VALUE_N }, { "m.b[1].\"c.d\"", "deep", VALUE_S }, { "s[1]", "q", VALUE_S },
		{ "\"quo\\\"te\"", "true", VALUE_BOOL }, { "quo\"te", "true", VALUE_BOOL }, { "caf\xc3\xa9", "7", VALUE_N },
		{ "\"m\".\"b\"[0]", "0", VALUE_N },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct path path;
		struct value v;

		assert_true(path_parse(str_c(cases[i].path), &arena, &path, NULL));
		assert_true(path_get(&path, item, &v));
		assert_int_equal(v.type, cases[i].type);
		assert_str_equal(v.raw, cases[i].raw);
	}
	arena_release(&arena);
}

static void test_missing_steps_give_nothing(void **state)
{
	static const char *const paths[] = { "b", "a.b", "a[0]", "m[0]", "m.b.c", "m.b[2]", "m.b[1].c", "s[2]", "s.p", "m.b[0][0]" };
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct path path;
		struct value v;

		assert_true(path_parse(str_c(paths[i]), &arena, &path, NULL));
		assert_false(path_get(&path, item, &v));
		assert_int_equal(v.type, VALUE_NONE);
	}
	arena_release(&arena);
}

static void test_malformed_paths_say_what_was_expected(void **state)
{
	static const struct { const char *path, *expected; } cases[] = {
		{ "", "character 1 an attribute's name" }, { ".", "character 1 an attribute's name" },
		{ "a.", "character 3 an attribute's name" }, { "a..b", "character 3 an attribute's name" },
		{ "[0]", "character 1 an attribute's name" }, { "a[", "character 3 an index" }, { "a[]", "character 3 an index" },
		{ "a[x]", "character 3 an index" }, { "a[-1]", "character 3 an index" }, { "a[1", "character 3 an index" },
		{ "a[99999999999999999999]", "character 3 an index" },
		{ "a]", "character 2 a dot or an index" }, { "a[0]b", "character 5 a dot or an index" },
		{ "\"a\"b", "character 4 a dot or an index" }, { "\"a", "a closing quote" }, { "\"a\\", "a closing quote" },
		{ "\"\"", "a name is expected between" }, { "a.\"", "a closing quote" },
		{ "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", "more than 32 steps" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct path path;
		struct err err = { 0 };

		assert_false(path_parse(str_c(cases[i].path), &arena, &path, &err));
		assert_int_equal(err.class, ERR_DATA);
		assert_true(err_is(&err, "path.malformed"));
		if (!strstr(err.text, cases[i].expected))
			fail_msg("%s: %s", cases[i].path, err.text);
	}
	arena_release(&arena);
}

static void test_a_full_arena_is_told(void **state)
{
	struct arena arena;
	struct path path;
	struct err err = { 0 };

	(void)state;
	arena_init(&arena, 8);
	assert_false(path_parse(STR("a.name.longer.than.that"), &arena, &path, &err));
	assert_int_equal(err.class, ERR_FATAL);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_lead_to_their_value),
		cmocka_unit_test(test_missing_steps_give_nothing),
		cmocka_unit_test(test_malformed_paths_say_what_was_expected),
		cmocka_unit_test(test_a_full_arena_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
