#include "support/test.h"

#include "sluice/core/str.h"

static void test_split_returns_each_piece_and_ends(void **state)
{
	struct str rest = STR("a##b"), piece;
	char joined[16] = "";

	(void)state;
	while (rest.ptr) {
		piece = str_split(&rest, '#');
		strncat(joined, "<", 2);
		strncat(joined, piece.ptr, piece.len);
	}
	assert_string_equal(joined, "<a<<b");
}

static void test_numbers_are_whole_and_in_range(void **state)
{
	uint64_t u;
	int64_t i;

	(void)state;
	assert_true(str_to_u64(STR("18446744073709551615"), &u));
	assert_false(str_to_u64(STR("18446744073709551616"), &u));
	assert_false(str_to_u64(STR(""), &u));
	assert_false(str_to_u64(STR("1x"), &u));
	assert_true(str_to_i64(STR("-9223372036854775808"), &i));
	assert_int_equal(i, INT64_MIN);
	assert_false(str_to_i64(STR("-9223372036854775809"), &i));
	assert_false(str_to_i64(STR("9223372036854775808"), &i));
	assert_false(str_to_i64(STR("-"), &i));
}

static void test_utf8_follows_the_standard(void **state)
{
	static const struct { struct str text; bool valid; } cases[] = {
		{ STR_INIT(""), true },
		{ STR_INIT("plain text of more than eight bytes"), true },
		{ STR_INIT("caf\xc3\xa9 \xe2\x80\x94 \xf0\x9f\x99\x82"), true },
		{ STR_INIT("\xc0\xaf"), false },          /* overlong */
		{ STR_INIT("\xed\xa0\x80"), false },      /* surrogate */
		{ STR_INIT("\xf4\x90\x80\x80"), false },  /* above U+10FFFF */
		{ STR_INIT("12345678\xe2\x80"), false },  /* cut */
		{ STR_INIT("\x80"), false },
		{ STR_INIT("\xe0\x9f\xbf"), false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(str_utf8_valid(cases[i].text), cases[i].valid);
}

static void test_distance_finds_near_names(void **state)
{
	(void)state;
	assert_int_equal(str_distance(STR("retries"), STR("retrys")), 2);
	assert_int_equal(str_distance(STR("table"), STR("table")), 0);
	assert_int_equal(str_distance(STR("a"), STR("completely other")), 9);
}

static void test_find_and_affixes(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("abcabc"), STR("ca")), 2);
	assert_true(str_find(STR("abc"), STR("x")) == SIZE_MAX);
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_false(str_ends(STR("abc"), STR("ab")));
	assert_true(str_eq(str_trim(STR(" \t a b \n")), STR("a b")));
	assert_true(str_cmp(STR("a"), STR("ab")) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_returns_each_piece_and_ends),
		cmocka_unit_test(test_numbers_are_whole_and_in_range),
		cmocka_unit_test(test_utf8_follows_the_standard),
		cmocka_unit_test(test_distance_finds_near_names),
		cmocka_unit_test(test_find_and_affixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
