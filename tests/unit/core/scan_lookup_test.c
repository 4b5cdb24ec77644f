#include "support/test.h"

#include "sluice/core/scan.h"

static void test_members_and_elements_are_found(void **state)
{
	struct str object = STR("{\"a\":1,\"\\u0062\":{\"c\":[5,{\"d\":null}]},\"a\":2,\"e\":\"x\"}");
	struct str b, c, value;

	(void)state;
	assert_true(scan_member(object, STR("a"), &value));
	assert_str_equal(value, "1");
	assert_true(scan_member(object, STR("b"), &b));
	assert_true(scan_member(b, STR("c"), &c));
	assert_true(scan_element(c, 0, &value));
	assert_str_equal(value, "5");
	assert_true(scan_element(c, 1, &value));
	assert_str_equal(value, "{\"d\":null}");
	assert_false(scan_element(c, 2, &value));
	assert_false(scan_element(object, 0, &value));
	assert_true(scan_member(object, STR("e"), &value));
	assert_str_equal(value, "\"x\"");
	assert_false(scan_member(object, STR("A"), &value));
	assert_false(scan_member(c, STR("a"), &value));
	assert_false(scan_member(STR("{}"), STR("a"), &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_and_elements_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
