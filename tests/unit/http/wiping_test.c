#include "support/test.h"

#include "../../../src/http/wiping.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void test_what_was_there_is_there_after_a_resize(void **state)
{
	char *p = wiping_resize(NULL, 6);

	(void)state;
	memcpy(p, "token", 6);
	for (size_t size = 6; size < 100000; size *= 3) {
		p = wiping_resize(p, size);
		assert_non_null(p);
		assert_true(malloc_usable_size(p) >= size);
		assert_string_equal(p, "token");
	}
	p = wiping_resize(p, 3);
	assert_memory_equal(p, "tok", 3);
	wiping_free(p);
	wiping_free(NULL);
}

/* The old place is given back by a copy, never left as it is: malloc() would grow it in place. */
static void test_a_resize_moves(void **state)
{
	char *one = malloc(1000), *other = wiping_resize(one, 1001);

	(void)state;
	assert_ptr_not_equal(one, other);
	wiping_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_there_is_there_after_a_resize),
		cmocka_unit_test(test_a_resize_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
