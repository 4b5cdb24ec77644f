#include "cost_fixture.h"

static void test_a_factor_can_be_written_in_many_ways(void **state)
{
	static const struct { const char *text; double factor; } cases[] = {
		{ "rps=x3", 3 }, { "rps=\xc3\x97" "3", 3 }, { "rps=*3", 3 }, { "rps=X3", 3 }, { "rps=3", 3 }, { "x0.5", 0.5 },
		{ " rps=x1e3 ", 1000 }, { "\xc3\x97" "10", 10 }, { "10000", 10000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		double factor = 0;

		assert_true(cost_what_if(str_c(cases[i].text), &factor, &err));
		assert_true(factor == cases[i].factor);
	}
}

static void test_what_is_no_factor_is_refused(void **state)
{
	static const char *const cases[] = { "", "rps=", "rps=x", "rps=x-3", "rps=x0", "rps=xx3", "rps=x3x", "rps=x1e308",
					     "rps=10001", "rps=nan", "rps=inf", "rps=0x10", "wps=x3", "3\xc3\x97", "rps=x03", "rps=x1e999" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		double factor = 0;

		if (cost_what_if(str_c(cases[i]), &factor, &err))
			fail_msg("case %zu: \"%s\" is %g", i, cases[i], factor);
		assert_int_equal(err.class, ERR_DATA);
		assert_string_equal(err.code, "cost.what_if");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_factor_can_be_written_in_many_ways),
		cmocka_unit_test(test_what_is_no_factor_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
