#include "support/test.h"

#include "sluice/aws/endpoint.h"

static void test_urls_give_what_is_called_and_signed(void **state)
{
	static const struct { const char *url, *called, *host, *path; } cases[] = {
		{ "http://127.0.0.1:8000", "http://127.0.0.1:8000/", "127.0.0.1:8000", "/" },
		{ "http://localhost:80/", "http://localhost/", "localhost", "/" },
		{ "HTTPS://H.example:443", "https://H.example/", "H.example", "/" },
		{ "https://h:80", "https://h:80/", "h:80", "/" },
		{ "http://[::1]:8000", "http://[::1]:8000/", "[::1]:8000", "/" },
		{ "http://[::1]", "http://[::1]/", "[::1]", "/" },
		{ "http://h/a%20b//", "http://h/a%20b/", "h", "/a%20b/" },
		{ "https://vpce-1_2.dynamodb.eu-west-1.vpce.amazonaws.com", "https://vpce-1_2.dynamodb.eu-west-1.vpce.amazonaws.com/",
		  "vpce-1_2.dynamodb.eu-west-1.vpce.amazonaws.com", "/" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		struct aws_endpoint e;

		aws_endpoint_init(&e);
		if (!aws_endpoint_parse(&e, str_c(cases[i].url), &err))
			fail_msg("%s: %s", cases[i].url, err.text);
		assert_str_equal(buf_str(&e.url), cases[i].called);
		assert_str_equal(buf_str(&e.host), cases[i].host);
		assert_str_equal(buf_str(&e.path), cases[i].path);
		aws_endpoint_release(&e);
	}
}

static void test_other_urls_are_refused_without_their_passwords(void **state)
{
	static const struct { struct str url; const char *why; } cases[] = {
		{ STR_INIT(""), "does not begin" }, { STR_INIT("dynamodb.local:8000"), "does not begin" },
		{ STR_INIT("ftp://h"), "does not begin" }, { STR_INIT("http://"), "host" }, { STR_INIT("http://:80"), "host" },
		{ STR_INIT("http://user:secret@h"), "password" }, { STR_INIT("http://h:0"), "port" },
		{ STR_INIT("http://h:65536"), "port" }, { STR_INIT("http://h:"), "port" }, { STR_INIT("http://h:8x"), "port" },
		{ STR_INIT("http://[::1]x"), "port" }, { STR_INIT("http://h\r\nX: y"), "port" },
		{ STR_INIT("http://a b/"), "host" }, { STR_INIT("http://h/?q"), "query" }, { STR_INIT("http://h/#f"), "query" },
		{ STR_INIT("http://h?q"), "host" }, { STR_INIT("http://h/\n"), "query" }, { STR_INIT("http://h\0x"), "host" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		struct aws_endpoint e;

		aws_endpoint_init(&e);
		assert_false(aws_endpoint_parse(&e, cases[i].url, &err));
		assert_string_equal(err.code, "aws.endpoint");
		assert_int_equal(err.class, ERR_FATAL);
		assert_null(strstr(err.text, "secret"));
		if (!strstr(err.text, cases[i].why))
			fail_msg("'%s' is not in: %s", cases[i].why, err.text);
		aws_endpoint_release(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls_give_what_is_called_and_signed),
		cmocka_unit_test(test_other_urls_are_refused_without_their_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
