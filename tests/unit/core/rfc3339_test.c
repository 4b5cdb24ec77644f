#include "support/test.h"

#include "sluice/core/rfc3339.h"

static void test_times_become_milliseconds(void **state)
{
	static const struct { struct str text; int64_t ms; } cases[] = {
		{ STR_INIT("1970-01-01T00:00:00Z"), 0 },
		{ STR_INIT("2026-11-20T12:00:00Z"), 1795176000000 },
		{ STR_INIT("2026-11-20T13:00:00.25+01:00"), 1795176000250 },
		{ STR_INIT("2026-11-20 05:30:00.123456-06:30"), 1795176000123 },
		{ STR_INIT("2000-02-29t00:00:00z"), 951782400000 },
		{ STR_INIT("1969-12-31T23:59:59.999Z"), -1 },
		{ STR_INIT("0001-01-01T00:00:00Z"), -62135596800000 },
		{ STR_INIT("9999-12-31T23:59:59Z"), 253402300799000 },
		{ STR_INIT("2016-12-31T23:59:60Z"), 1483228800000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t ms = 1;

		assert_true(rfc3339_parse(cases[i].text, &ms));
		assert_true(ms == cases[i].ms);
	}
}

static void test_what_is_no_time_is_refused(void **state)
{
	static const struct str cases[] = {
		STR_INIT(""), STR_INIT("latest"), STR_INIT("2026-11-20"), STR_INIT("2026-11-20T12:00:00"),
		STR_INIT("2026-02-29T00:00:00Z"), STR_INIT("2026-13-01T00:00:00Z"), STR_INIT("2026-11-20T24:00:00Z"),
		STR_INIT("2026-11-20T12:00:00.Z"), STR_INIT("2026-11-20T12:00:00.5"), STR_INIT("2026-11-20T12:00:00+1:00"),
		STR_INIT("2026-11-20T12:00:00Zx"), STR_INIT("0000-01-01T00:00:00Z"), STR_INIT("2026-11-20T12-00-00Z"),
		STR_INIT("+026-11-20T12:00:00Z"), STR_INIT("2026-11-20T12:00:00+24:00"),
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_false(rfc3339_parse(cases[i], &ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_become_milliseconds),
		cmocka_unit_test(test_what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
