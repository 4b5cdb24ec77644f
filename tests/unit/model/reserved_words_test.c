#include "support/test.h"

#include "sluice/model/reserved_words.h"

static void test_the_list_is_sorted_and_each_word_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < RESERVED_WORDS; i++) {
		struct str word = reserved_word_at(i);
		char other[32];

		assert_true(word.len > 0 && word.len < sizeof(other));
		assert_true(i == 0 || str_cmp(reserved_word_at(i - 1), word) < 0);
		assert_true(reserved_word(word));
		for (size_t k = 0; k < word.len; k++)
			other[k] = (char)(k % 2 ? word.ptr[k] : word.ptr[k] - 'A' + 'a');
		assert_true(reserved_word(str_of(other, word.len)));
		other[word.len] = '1';
		assert_false(reserved_word(str_of(other, word.len + 1)));
	}
	assert_null(reserved_word_at(RESERVED_WORDS).ptr);
}

static void test_other_words_are_free(void **state)
{
	static const char *const words[] = { "", "a", "deal_id", "price", "user_id", "NAMEX", "AN", "ZZ", "0", "SIZE ", "\xc3\x89TAT",
					     "a_name_that_is_longer_than_every_reserved_word" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		assert_false(reserved_word(str_c(words[i])));
}

/* Some that models stumble over. */
static void test_well_known_words_are_reserved(void **state)
{
	static const char *const words[] = { "name", "Status", "TTL", "size", "date", "year", "user", "values", "count", "url", "zone" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		assert_true(reserved_word(str_c(words[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_list_is_sorted_and_each_word_is_found),
		cmocka_unit_test(test_other_words_are_free),
		cmocka_unit_test(test_well_known_words_are_reserved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
