#include "support/test.h"

#include "sluice/aws/skew.h"

static void test_dates_are_read(void **state)
{
	static const struct { const char *text; int64_t unix_s; } cases[] = {
		{ "Fri, 20 Nov 2026 23:14:00 GMT", 1795216440 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Tue, 29 Feb 2028 12:00:60 GMT", 1835438460 },
		{ "Fri, 20 Nov 2026 23:14:00 UTC", -1 },
		{ "Fri, 20 Xov 2026 23:14:00 GMT", -1 },
		{ "Fri, 20 anF 2026 23:14:00 GMT", -1 },
		{ "Fri, 00 Nov 2026 23:14:00 GMT", -1 },
		{ "Fri, 20 Nov 2026 24:14:00 GMT", -1 },
		{ "Fri, 20 Nov -026 23:14:00 GMT", -1 },
		{ "Friday, 20-Nov-26 23:14:00 GMT", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t got = -1;
		bool ok = http_date_parse(str_c(cases[i].text), &got);

		assert_int_equal(ok, cases[i].unix_s >= 0);
		if (ok)
			assert_int_equal(got, cases[i].unix_s);
	}
}

static void observe(struct aws_skew *skew, const char *fields, int64_t took_ms, int64_t wall_ms)
{
	struct http_response r;
	struct str rest = str_c(fields);

	http_response_init(&r);
	while (rest.ptr)
		http_response_add_line(&r, str_split(&rest, '\n'));
	http_response_end_head(&r);
	r.sent_ms = 1000;
	r.received_ms = 1000 + took_ms;
	aws_skew_observe(skew, &r, wall_ms);
	http_response_release(&r);
}

static void test_skew_is_date_less_the_midpoint(void **state)
{
	const int64_t date_ms = INT64_C(1795216440) * 1000;
	struct aws_skew skew = { 0 };

	(void)state;
	observe(&skew, "Date: Fri, 20 Nov 2026 23:14:00 GMT", 400, date_ms - 600000);
	assert_true(skew.known);
	assert_int_equal(skew.ms, 600200);
	/* None of these teaches anything. */
	observe(&skew, "Date: Fri, 20 Nov 2026 23:14:00 GMT\nAge: 5", 400, date_ms);
	observe(&skew, "Date: Fri, 20 Nov 2026 23:14:00 GMT", 15001, date_ms);
	observe(&skew, "Date: soon", 400, date_ms);
	observe(&skew, "Date: Thu, 01 Jan 0001 00:00:00 GMT", 400, date_ms);
	observe(&skew, "Date: Wed, 31 Dec 1969 23:59:59 GMT", 400, date_ms);
	observe(&skew, "Date: Fri, 01 Jan 9999 00:00:00 GMT", 400, date_ms);
	observe(&skew, "X: y", 400, date_ms);
	assert_int_equal(skew.ms, 600200);
	observe(&skew, "Date: Fri, 20 Nov 2026 23:14:00 GMT", 15000, date_ms);
	assert_int_equal(skew.ms, 7500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates_are_read),
		cmocka_unit_test(test_skew_is_date_less_the_midpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
