#include "support/test.h"

#include "sluice/http/transport.h"

static void test_heads_are_read_line_by_line(void **state)
{
	static const char *const lines[] = {
		"HTTP/1.1 100 Continue", "X-Early: 1", "", "HTTP/1.1 200 OK", "Content-Type:  text/x \t", "no colon here",
		"HTTP/fun: yes", "Empty:", ": no name", " : either", "Content-Type: again", "Folded: a", " \tX-B: b ",
		"\tc", "",
	};
	struct http_response r;

	(void)state;
	http_response_init(&r);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		assert_true(http_response_add_line(&r, str_c(lines[i])));
	http_response_end_head(&r);
	assert_int_equal(r.n_headers, 5);
	assert_str_equal(http_response_header(&r, "folded"), "a X-B: b c");
	assert_null(http_response_header(&r, "x-b").ptr);
	assert_null(http_response_header(&r, "").ptr);
	assert_str_equal(http_response_header(&r, "content-type"), "text/x");
	assert_str_equal(http_response_header(&r, "HTTP/fun"), "yes");
	assert_str_equal(http_response_header(&r, "empty"), "");
	assert_null(http_response_header(&r, "x-early").ptr);
	http_response_clear(&r);
	assert_null(http_response_header(&r, "content-type").ptr);
	http_response_release(&r);
}

static void test_a_head_has_an_end(void **state)
{
	struct http_response r;
	unsigned taken = 0;

	(void)state;
	http_response_init(&r);
	while (http_response_add_line(&r, STR("Name: value")))
		taken++;
	assert_in_range(taken, 5000, 6000);   /* 64 KiB */
	http_response_end_head(&r);
	assert_int_equal(r.n_headers, HTTP_MAX_HEADERS);
	http_response_release(&r);
}

static void test_a_fold_behind_nothing_is_dropped(void **state)
{
	struct http_response r;

	(void)state;
	http_response_init(&r);
	assert_true(http_response_add_line(&r, STR("HTTP/1.1 200 OK")));
	assert_true(http_response_add_line(&r, STR(" X: y")));
	http_response_end_head(&r);
	assert_int_equal(r.n_headers, 0);
	http_response_release(&r);
}

static void test_errors_tell_whether_anything_was_sent(void **state)
{
	static const struct { const char *code; bool unsent; } cases[] = {
		{ "http.connect", true },  { "http.resolve", true },     { "http.proxy", true },     { "http.busy", true },
		{ "http.tls", true },      { "http.tls_expired", true }, { "http.tls_client", true }, { "http.request", true },
		{ "http.timeout", false }, { "http.broken", false },     { "http.too_large", false }, { "aws.http_502", false },
		{ "http.tlsx", false },    { "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };

		err_set(&err, ERR_RETRY, cases[i].code, "x");
		assert_int_equal(http_unsent(&err), cases[i].unsent);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads_are_read_line_by_line),
		cmocka_unit_test(test_a_head_has_an_end),
		cmocka_unit_test(test_a_fold_behind_nothing_is_dropped),
		cmocka_unit_test(test_errors_tell_whether_anything_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
