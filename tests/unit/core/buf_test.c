#include "support/test.h"

#include "sluice/core/buf.h"

static void test_what_passes_the_cap_is_refused_and_so_is_all_behind_it(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	assert_true(buf_puts(&b, "abc"));
	assert_false(buf_puts(&b, "def"));
	assert_false(buf_putc(&b, 'd')); /* it would fit, but text with a hole would lie */
	assert_false(buf_ok(&b));
	assert_str_equal(buf_str(&b), "abc");
	buf_clear(&b);
	assert_true(buf_ok(&b) && buf_puts(&b, "12345"));
	assert_int_equal(b.ptr[5], '\0');
	buf_release(&b);
	assert_int_equal(b.max, 5);
}

static void test_formatted_text_is_whole_or_not_there(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_true(buf_putf(&b, "%d-%s", 42, "x"));
	assert_false(buf_putf(&b, "%s", "1234567"));
	assert_str_equal(buf_str(&b), "42-x");
	buf_release(&b);
}

static void test_reserved_room_counts_only_when_committed(void **state)
{
	struct buf b;
	char *to;

	(void)state;
	buf_init(&b, 1000);
	to = buf_reserve(&b, 600);
	assert_non_null(to);
	memset(to, 'x', 600);
	assert_int_equal(b.len, 0);
	buf_commit(&b, 3);
	assert_str_equal(buf_str(&b), "xxx");
	assert_null(buf_reserve(&b, 998));
	assert_false(buf_ok(&b));
	buf_release(&b);
}

static void test_taking_leaves_an_empty_buf_with_its_cap(void **state)
{
	struct buf b, taken;

	(void)state;
	buf_init(&b, 100);
	buf_puts(&b, "payload");
	taken = buf_take(&b);
	assert_str_equal(buf_str(&taken), "payload");
	assert_null(b.ptr);
	assert_true(buf_puts(&b, "next"));
	buf_release(&b);
	buf_wipe(&taken);
}

static void test_truncation_never_lengthens(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_truncate(&b, 0);
	buf_puts(&b, "abcdef");
	buf_truncate(&b, 9);
	assert_int_equal(b.len, 6);
	buf_truncate(&b, 2);
	assert_string_equal(b.ptr, "ab");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_passes_the_cap_is_refused_and_so_is_all_behind_it),
		cmocka_unit_test(test_formatted_text_is_whole_or_not_there),
		cmocka_unit_test(test_reserved_room_counts_only_when_committed),
		cmocka_unit_test(test_taking_leaves_an_empty_buf_with_its_cap),
		cmocka_unit_test(test_truncation_never_lengthens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
