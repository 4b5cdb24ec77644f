#include "support/test.h"

#include "../../../src/pipeline/letter_case.h"

static void test_letters_of_many_scripts_are_mapped(void **state)
{
	static const struct { uint32_t upper, lower; } pairs[] = {
		{ 'A', 'a' }, { 'Z', 'z' }, { 0xC0, 0xE0 }, { 0xDE, 0xFE }, { 0x178, 0xFF }, { 0x100, 0x101 },
		{ 0x132, 0x133 }, { 0x391, 0x3B1 }, { 0x3A9, 0x3C9 }, { 0x410, 0x430 }, { 0x42F, 0x44F },
		{ 0x400, 0x450 }, { 0x531, 0x561 }, { 0x1E00, 0x1E01 }, { 0x2160, 0x2170 }, { 0x24B6, 0x24D0 },
		{ 0xFF21, 0xFF41 }, { 0x10400, 0x10428 }, { 0x1E900, 0x1E922 }, { 0x10A0, 0x2D00 }, { 0x1C90, 0x10D0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		assert_int_equal(letter_lower(pairs[i].upper), pairs[i].lower);
		assert_int_equal(letter_upper(pairs[i].lower), pairs[i].upper);
		assert_int_equal(letter_fold(pairs[i].upper), letter_fold(pairs[i].lower));
	}
}

static void test_what_has_no_simple_mapping_stays(void **state)
{
	static const uint32_t letters[] = { '1', '@', '[', '`', '{', 0xD7, 0xF7, 0xDF, 0x130, 0x149, 0x5D0, 0x4E2D, 0x1F600,
					    0x10FFFF };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(letters); i++) {
		assert_int_equal(letter_lower(letters[i]), letters[i]);
		assert_int_equal(letter_upper(letters[i]), letters[i]);
	}
}

static void test_folding_is_the_same_for_all_forms_and_stable(void **state)
{
	(void)state;
	assert_int_equal(letter_fold(0x3C2), letter_fold(0x3A3)); /* final sigma */
	assert_int_equal(letter_fold(0x212A), 'k');               /* Kelvin */
	assert_int_equal(letter_fold(0x17F), 's');                /* long s */
	assert_int_equal(letter_fold(0x1C4), letter_fold(0x1C5)); /* titlecase DZ */
	for (uint32_t c = 0; c <= 0x10FFFF; c++) {
		assert_int_equal(letter_fold(letter_fold(c)), letter_fold(c));
		assert_true(letter_lower(c) <= 0x10FFFF && letter_upper(c) <= 0x10FFFF);
	}
}

static void test_utf8_goes_there_and_back(void **state)
{
	(void)state;
	for (uint32_t c = 1; c <= 0x10FFFF; c += c < 0x1000 ? 1 : 61) {
		char bytes[4];
		size_t at = 0, n = utf8_put(c, bytes);

		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		assert_true(str_utf8_valid(str_of(bytes, n)));
		assert_int_equal(utf8_next(str_of(bytes, n), &at), c);
		assert_int_equal(at, n);
	}
}

static void test_broken_utf8_is_read_within_its_bounds(void **state)
{
	static const char *const broken[] = { "\xe2\x82", "\xf0", "\x80", "\xff\xff\xff", "\xc3" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		char *copy = test_strndup(broken[i], strlen(broken[i]));
		struct str s = str_of(copy, strlen(copy));

		for (size_t at = 0; at < s.len;)
			utf8_next(s, &at);
		test_free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_letters_of_many_scripts_are_mapped),
		cmocka_unit_test(test_what_has_no_simple_mapping_stays),
		cmocka_unit_test(test_folding_is_the_same_for_all_forms_and_stable),
		cmocka_unit_test(test_utf8_goes_there_and_back),
		cmocka_unit_test(test_broken_utf8_is_read_within_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
