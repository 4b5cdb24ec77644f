#include "support/test.h"

#include "sluice/aws/credentials.h"

static void test_a_copy_is_served_with_all_that_belongs_to_it(void **state)
{
	struct credentials given, got;
	struct credentials_provider *p;

	(void)state;
	credentials_init(&given);
	credentials_init(&got);
	assert_true(credentials_set(&given, STR("A"), STR("B"), STR("C"), NULL));
	given.expires_ms = 7;
	buf_puts(&given.account_id, "123456789012");
	buf_puts(&given.source, "here");
	p = credentials_static_new(&given);
	credentials_release(&given);
	assert_true(p->get(p, &got, NULL));
	assert_str_equal(buf_str(&got.access_key_id), "A");
	assert_str_equal(buf_str(&got.secret_access_key), "B");
	assert_str_equal(buf_str(&got.session_token), "C");
	assert_str_equal(buf_str(&got.account_id), "123456789012");
	assert_str_equal(buf_str(&got.source), "here");
	assert_int_equal(got.expires_ms, 7);
	credentials_provider_free(p);
	credentials_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_copy_is_served_with_all_that_belongs_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
