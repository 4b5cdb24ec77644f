#include "sluice/sinks/web_address.h"
#include "support/test.h"

static void test_the_parts_of_addresses(void **state)
{
	static const struct {
		const char *url, *origin, *host;
		bool tls, loopback;
	} cases[] = {
		{ "https://hooks.example.com/deals?x=1", "https://hooks.example.com", "hooks.example.com", true, false },
		{ "https://hooks.example.com:8443", "https://hooks.example.com:8443", "hooks.example.com", true, false },
		{ "http://localhost:8080/a@b", "http://localhost:8080", "localhost", false, true },
		{ "http://LOCALHOST?q", "http://LOCALHOST", "LOCALHOST", false, true },
		{ "http://127.8.9.1/", "http://127.8.9.1", "127.8.9.1", false, true },
		{ "http://[::1]:80/x", "http://[::1]:80", "::1", false, true },
		{ "http://[::2]/x", "http://[::2]", "::2", false, false },
		{ "http://10.0.0.1/", "http://10.0.0.1", "10.0.0.1", false, false },
		{ "http://127.0.0.1.example.com/", "http://127.0.0.1.example.com", "127.0.0.1.example.com", false, false },
		{ "http://localhost.example.com/", "http://localhost.example.com", "localhost.example.com", false, false },
		{ "http://2130706433/", "http://2130706433", "2130706433", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct web_address a;
		const char *why = NULL;

		assert_true(web_address_parse(str_c(cases[i].url), &a, &why));
		assert_str_equal(a.origin, cases[i].origin);
		assert_str_equal(a.host, cases[i].host);
		assert_int_equal(a.tls, cases[i].tls);
		assert_int_equal(a.loopback, cases[i].loopback);
	}
}

static void test_what_is_no_address_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *url, *why;
	} cases[] = {
		{ "", "neither https:// nor http://" },
		{ "hooks.example.com", "neither https:// nor http://" },
		{ "ftp://hooks.example.com", "neither https:// nor http://" },
		{ "file:///etc/passwd", "neither https:// nor http://" },
		{ "HTTPS://x", "neither https:// nor http://" },
		{ "https://", "host or port" },
		{ "https:///x", "host or port" },
		{ "https://:80/", "host or port" },
		{ "https://x:/", "host or port" },
		{ "https://x:0/", "host or port" },
		{ "https://x:65536/", "host or port" },
		{ "https://x:8o/", "host or port" },
		{ "https://[::1/", "host or port" },
		{ "https://[::1]x/", "host or port" },
		{ "https://user:pw@x/", "user name" },
		{ "https://user@x", "user name" },
		{ "https://x/#here", "fragment" },
		{ "https://x/a b", "percent-encoded" },
		{ "https://x/\r\nHost: y", "percent-encoded" },
		{ "https://x/\xc3\xa4", "percent-encoded" },
		{ "https://x\\@y/", "percent-encoded" },
		{ "https://x/${new.id}", "percent-encoded" },
	};
	char longest[9000];
	const char *why;
	struct web_address a;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_false(web_address_parse(str_c(cases[i].url), &a, &why));
		assert_non_null(strstr(why, cases[i].why));
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "https://x/", 10);
	assert_false(web_address_parse(str_of(longest, sizeof(longest)), &a, &why));
	assert_non_null(strstr(why, "8,000"));
	assert_false(web_address_parse(str_of("https://x/\0y", 12), &a, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_parts_of_addresses),
		cmocka_unit_test(test_what_is_no_address_is_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
