#include "support/test.h"

#include "../../../src/model/figure.h"

typedef struct str (*show)(struct arena *a, double value);

static const struct { show show; double value; const char *text; } cases[] = {
	{ figure_usd, 0, "$0.00" }, { figure_usd, 0.0004, "$0.0004" }, { figure_usd, 0.00046, "$0.00046" },
	{ figure_usd, 0.012, "$0.012" }, { figure_usd, 0.0996, "$0.10" }, { figure_usd, 0.5, "$0.50" }, { figure_usd, 0.999, "$1.00" },
	{ figure_usd, 1.005, "$1.00" }, { figure_usd, 12.345, "$12.35" }, { figure_usd, 999.995, "$1,000.00" },
	{ figure_usd, 1234567.891, "$1,234,567.89" }, { figure_usd, 1e-7, "<$0.000001" }, { figure_usd, 1e-300, "<$0.000001" },
	{ figure_usd, 1e-6, "$0.000001" }, { figure_usd, 2e28, "$2e+28" }, { figure_usd, 999999999999999.0, "$999,999,999,999,999.00" },
	{ figure_number, 0, "0" }, { figure_number, 1, "1" }, { figure_number, 0.5, "0.5" }, { figure_number, 1.25, "1.25" },
	{ figure_number, 12.34, "12.3" }, { figure_number, 10, "10" }, { figure_number, 999.96, "1,000" },
	{ figure_number, 999, "999" }, { figure_number, 1000, "1,000" }, { figure_number, 100000, "100,000" },
	{ figure_number, 2635200, "2,635,200" }, { figure_number, 0.00004, "0.00004" }, { figure_number, 1e-9, "<0.000001" },
	{ figure_number, 1e15, "1e+15" },
	{ figure_bytes, 0, "0 B" }, { figure_bytes, 1023, "1,023 B" }, { figure_bytes, 1024, "1 KB" },
	{ figure_bytes, 3221225472.0, "3 GB" }, { figure_bytes, 1e30, "888,178,419,700,125 PB" },
	{ figure_percent, 0.2889, "29 %" }, { figure_percent, 0.004, "0.4 %" }, { figure_percent, 0, "0 %" },
	{ figure_factor, 3, "\xc3\x97" "3" }, { figure_factor, 0.5, "\xc3\x97" "0.5" },
};

static void test_figures_have_the_digits_that_say_something(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str got = cases[i].show(&a, cases[i].value);

		if (!str_eq(got, str_c(cases[i].text)))
			fail_msg("case %zu: %.*s, expected %s", i, STR_ARG(got), cases[i].text);
	}
	arena_release(&a);
}

static void test_what_is_not_zero_never_looks_like_zero(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 8 << 20);
	for (double value = 1e-12; value < 1e20; value *= 1.37) {
		static const show shows[] = { figure_number, figure_usd };

		for (size_t i = 0; i < COUNT_OF(shows); i++) {
			struct str got = shows[i](&a, value);
			bool digit = false;

			for (size_t k = 0; k < got.len; k++)
				digit = digit || (got.ptr[k] >= '1' && got.ptr[k] <= '9');
			if (!digit)
				fail_msg("%g is shown as %.*s", value, STR_ARG(got));
		}
	}
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures_have_the_digits_that_say_something),
		cmocka_unit_test(test_what_is_not_zero_never_looks_like_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
