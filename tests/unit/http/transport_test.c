#include "support/test.h"

#include "sluice/http/transport.h"

static void test_heads_are_read_line_by_line(void **state)
{
	static const char *const lines[] = {
		"HTTP/1.1 100 Continue", "X-Early: 1", "", "HTTP/1.1 200 OK", "Content-Type:  text/x \t", "no colon here",
		"HTTP/fun: yes", "Empty:", "Content-Type: again", "",
	};
	struct http_response r;

	(void)state;
	http_response_init(&r);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		assert_true(http_response_add_line(&r, str_c(lines[i])));
	http_response_end_head(&r);
	assert_int_equal(r.n_headers, 4);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads_are_read_line_by_line),
		cmocka_unit_test(test_a_head_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
