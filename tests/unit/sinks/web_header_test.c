#include "../../../src/sinks/web_header.h"
#include "support/test.h"

static void test_headers_are_split_and_checked(void **state)
{
	static const char *const bad[] = { "", "x", "=v", "a b=v", "a:b=v", "a\n=v", "a=v\r\nb: c", "a=\x01", "\xc3\xa4=v" };
	struct http_header h;

	(void)state;
	assert_true(web_header_split(STR("X-Tenant= acme=1 "), &h));
	assert_str_equal(h.name, "X-Tenant");
	assert_str_equal(h.value, "acme=1");
	assert_true(web_header_split(STR("X="), &h));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(web_header_split(str_c(bad[i]), &h));
	assert_false(web_header_split(str_of("a\0=v", 4), &h));
	assert_false(web_header_split(str_of("a=v\0", 4), &h));
	assert_true(web_header_reserved(STR("CONTENT-length")) && web_header_reserved(STR("Sluice-Signature")));
	assert_false(web_header_reserved(STR("Authorization")) || web_header_reserved(STR("sluice")));
}

static void test_retry_after_is_seconds_or_a_date_and_capped(void **state)
{
	static const struct {
		const char *after, *date;
		int64_t want;
	} cases[] = {
		{ NULL, NULL, 0 },
		{ "0", NULL, 0 },
		{ "7", NULL, 7000 },
		{ "61", NULL, 60000 },
		{ "18446744073709551615", NULL, 60000 },
		{ "99999999999999999999999", NULL, 0 },
		{ "-5", NULL, 0 },
		{ "soon", NULL, 0 },
		{ "1.5", NULL, 0 },
		/* now is 2026-01-01T00:00:00Z */
		{ "Thu, 01 Jan 2026 00:00:30 GMT", NULL, 30000 },
		{ "Wed, 31 Dec 2025 23:59:00 GMT", NULL, 0 },
		{ "Thu, 01 Jan 2099 00:00:30 GMT", NULL, 60000 },
		/* its clock is an hour ahead, and says so */
		{ "Thu, 01 Jan 2026 01:00:05 GMT", "Thu, 01 Jan 2026 01:00:00 GMT", 5000 },
		{ "Thu, 99 Jan 2026 01:00:05 GMT", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_response r = { 0 };

		if (cases[i].after)
			r.headers[r.n_headers++] = (struct http_header){ STR("retry-after"), str_c(cases[i].after) };
		if (cases[i].date)
			r.headers[r.n_headers++] = (struct http_header){ STR("Date"), str_c(cases[i].date) };
		assert_int_equal(web_header_retry_after_ms(&r, INT64_C(1767225600000), 60000), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_are_split_and_checked),
		cmocka_unit_test(test_retry_after_is_seconds_or_a_date_and_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
