#include "support/test.h"

#include "sluice/app/model_site.h"

static void test_this_machine_is_known(void **state)
{
	static const char *const here[] = {
		"http://127.0.0.1:8000", "http://127.9.9.9/", "http://localhost:8000", "http://LOCALHOST", "https://[::1]:8000/x",
	};
	static const char *const elsewhere[] = {
		"", "127.0.0.1:8000", "ftp://127.0.0.1", "http://127.0.0.1.evil.example", "http://127.0.0.1@evil.example",
		"http://localhost.example", "http://[::2]", "http://0.0.0.0:8000", "http://127.1", "http://2130706433",
		"https://dynamodb.us-east-1.amazonaws.com", "http://evil.example/#127.0.0.1", "http://127.0.0.1:99999",
		"http://[::ffff:10.0.0.1]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(here) / sizeof(*here); i++)
		if (!model_site_is_loopback(str_c(here[i])))
			fail_msg("%s is this machine", here[i]);
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++)
		if (model_site_is_loopback(str_c(elsewhere[i])))
			fail_msg("%s is not this machine", elsewhere[i]);
}

static void test_elsewhere_tables_need_a_yes(void **state)
{
	struct model_site_options o = { .endpoint = "https://dynamodb.us-east-1.amazonaws.com" };
	struct err err;

	(void)state;
	assert_false(model_site_allows(&o, &err));
	assert_string_equal(err.code, "model.endpoint");
	assert_non_null(strstr(err.text, "--yes-create-tables"));
	o.yes_create_tables = true;
	assert_true(model_site_allows(&o, &err));
	o = (struct model_site_options){ .endpoint = NULL };
	assert_false(model_site_allows(&o, &err));
	o.read_only = true;
	assert_true(model_site_allows(&o, &err));
	o = (struct model_site_options){ .endpoint = "http://127.0.0.1:8000" };
	assert_true(model_site_allows(&o, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_machine_is_known),
		cmocka_unit_test(test_elsewhere_tables_need_a_yes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
