#include "support/fake_process.h"
#include "support/test.h"

#include "sluice/aws/region.h"

static void test_the_first_that_names_a_region_wins(void **state)
{
	static const struct {
		const char *configured, *region, *fallback, *config, *profile;
		const char *expected;   /* or part of the error, after '!' */
	} cases[] = {
		{ "eu-west-1", "a-1", "b-1", "[default]\nregion=c-1", "", "eu-west-1" },
		{ "", "a-1", "b-1", "[default]\nregion=c-1", "", "a-1" },
		{ "", " ", "b-1", "[default]\nregion=c-1", "", "b-1" },
		{ "", NULL, NULL, "[default]\nregion=c-1\n[profile p]\nregion=d-1", "", "c-1" },
		{ "", NULL, NULL, "[default]\nregion=c-1\n[profile p]\nregion=d-1", "p", "d-1" },
		{ "", NULL, NULL, "[profile p]\noutput=json", "p", "!no AWS region is set" },
		{ "", NULL, NULL, NULL, "", "!profile 'default'" },
		{ "", NULL, NULL, "[default", "", "!line 1" },
		{ "", "x.evil.com/", NULL, NULL, "", "!AWS_REGION names 'x.evil.com/'" },
		{ "-a", NULL, NULL, NULL, "", "!aws.region names '-a'" },
		{ "ddblocal", NULL, NULL, NULL, "", "ddblocal" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fake_process process;
		struct err err = { 0 };
		struct buf region;
		bool ok;

		fake_process_init(&process);
		fake_process_set(&process, "AWS_REGION", cases[i].region);
		fake_process_set(&process, "AWS_DEFAULT_REGION", cases[i].fallback);
		fake_process_set(&process, "AWS_CONFIG_FILE", "/c");
		fake_process_add_file(&process, "/c", cases[i].config);
		buf_init(&region, 64);
		ok = aws_region_resolve(&process.env, str_c(cases[i].configured), str_c(cases[i].profile), &region, &err);
		assert_int_equal(ok, cases[i].expected[0] != '!');
		if (ok)
			assert_str_equal(buf_str(&region), cases[i].expected);
		else {
			assert_int_equal(err.class, ERR_FATAL);
			if (!strstr(err.text, cases[i].expected + 1))
				fail_msg("case %zu: no '%s' in: %s", i, cases[i].expected + 1, err.text);
		}
		buf_release(&region);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_that_names_a_region_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
