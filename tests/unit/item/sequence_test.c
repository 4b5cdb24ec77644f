#include "support/test.h"

#include "sluice/item/sequence.h"

static struct sequence parse(const char *text)
{
	struct sequence s;

	assert_true(sequence_parse(str_c(text), &s, NULL));
	return s;
}

static void test_numbers_are_padded_to_one_width(void **state)
{
	struct sequence s = parse("100000000003498069978");

	(void)state;
	assert_str_equal(sequence_str(&s), "0000000000000000000100000000003498069978");
	assert_str_equal(sequence_wire(&s), "100000000003498069978");
	s = parse("7");
	assert_str_equal(sequence_wire(&s), "000000000000000000007");
	s = parse("9999999999999999999999999999999999999999");
	assert_str_equal(sequence_wire(&s), "9999999999999999999999999999999999999999");
	s = parse("0000000000000000000000000000000000000001");
	assert_str_equal(sequence_wire(&s), "000000000000000000001");
}

static void test_order_is_numeric_and_none_is_below_all(void **state)
{
	static const char *const rising[] = {
		"0", "9", "10", "99999999999999999999", "100000000000000000000", "100000000000000000001",
		"9999999999999999999999999999999999999999",
	};
	struct sequence none = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rising); i++) {
		struct sequence a = parse(rising[i]);

		assert_true(sequence_compare(&none, &a) < 0);
		assert_true(sequence_compare(&a, &none) > 0);
		for (size_t j = 0; j < COUNT_OF(rising); j++) {
			struct sequence b = parse(rising[j]);
			int order = sequence_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
	assert_int_equal(sequence_compare(&none, &none), 0);
	assert_true(sequence_is_none(&none));
}

static void test_what_is_no_sequence_number_is_refused(void **state)
{
	static const char *const texts[] = { "", "-1", "1a", " 1", "1.0", "12345678901234567890123456789012345678901" };
	struct sequence s;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_false(sequence_parse(str_c(texts[i]), &s, &err));
		assert_int_equal(err.class, ERR_DATA);
		assert_true(err_is(&err, "sequence.malformed"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_padded_to_one_width),
		cmocka_unit_test(test_order_is_numeric_and_none_is_below_all),
		cmocka_unit_test(test_what_is_no_sequence_number_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
