#include "sluice/core/mask.h"
#include "support/test.h"

static void masked(const char *text, const char *secret, const char *want)
{
	char *copy = test_strndup(text, strlen(text));

	mask_secret(copy, strlen(copy), str_c(secret));
	assert_string_equal(copy, want);
	test_free(copy);
}

static void test_every_occurrence_is_overwritten(void **state)
{
	(void)state;
	masked("a sesame-1 b sesame-1", "sesame-1", "a ******** b ********");
	masked("sesame-1sesame-1", "sesame-1", "****************");
	masked("sesame-sesame-1", "sesame-1", "sesame-********");
	masked("no such thing", "sesame-1", "no such thing");
	masked("", "sesame-1", "");
}

static void test_json_may_escape_slashes(void **state)
{
	(void)state;
	masked("{\"key\":\"ab\\/cd\\/ef\"}", "ab/cd/ef", "{\"key\":\"**********\"}");
	masked("{\"key\":\"ab/cd\\/ef\"}", "ab/cd/ef", "{\"key\":\"*********\"}");
	masked("ab/cd/e", "ab/cd/ef", "ab/cd/e");
}

static void test_short_words_stand_anywhere_and_are_left_alone(void **state)
{
	(void)state;
	masked("the answer is: test", "test", "the answer is: test");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_occurrence_is_overwritten),
		cmocka_unit_test(test_json_may_escape_slashes),
		cmocka_unit_test(test_short_words_stand_anywhere_and_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
