#include "support/test.h"

#include "sluice/core/err.h"

#include <string.h>

static void test_texts_are_cut_never_overrun(void **state)
{
	char large[2000];
	struct err err;

	(void)state;
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = '\0';
	assert_false(err_set(&err, ERR_RETRY, large, "%s", large));
	assert_int_equal(strlen(err.code), sizeof(err.code) - 1);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_false(err_prefix(&err, "%s", large));
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void test_a_prefix_keeps_class_and_code(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_AUTH, "some.code", "denied %d", 7);
	err.retry_after_ms = 50;
	assert_false(err_prefix(&err, "sink %s", "bus"));
	assert_string_equal(err.text, "sink bus: denied 7");
	assert_int_equal(err.class, ERR_AUTH);
	assert_int_equal(err.retry_after_ms, 50);
	assert_true(err_is(&err, "some.code") && err_can_wait(&err));
	err_set(&err, ERR_DATA, "d", "d");
	assert_int_equal(err.retry_after_ms, 0);
	assert_false(err_can_wait(&err));
	err_clear(&err);
	assert_int_equal(err.class, ERR_NONE);
	err_clear(NULL);
	assert_false(err_set(NULL, ERR_DATA, "x", "y") || err_prefix(NULL, "z"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_are_cut_never_overrun),
		cmocka_unit_test(test_a_prefix_keeps_class_and_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
