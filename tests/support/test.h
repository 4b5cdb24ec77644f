/* test: what every test file includes: cmocka and its prerequisites.
 *
 * cmocka's asserts leave by longjmp and may run only on the main stack; task
 * bodies use CHECK() of support/tasks.h.
 */
#ifndef SLUICE_SUPPORT_TEST_H
#define SLUICE_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Compares a struct str with a C string. */
#define assert_str_equal(got, expected)                                        \
	do {                                                                   \
		struct str got_ = (got);                                       \
		char *copy_ = test_strndup(got_.ptr, got_.len);                \
		assert_string_equal(copy_, (expected));                        \
		test_free(copy_);                                              \
	} while (0)

char *test_strndup(const char *ptr, size_t len);

#endif
