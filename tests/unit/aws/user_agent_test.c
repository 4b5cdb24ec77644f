#include "support/fake_process.h"
#include "support/test.h"

#include "sluice/aws/user_agent.h"

#include <stdio.h>
#include <sys/utsname.h>

static void assert_agent(const struct aws_config *config, const char *between, const char *end)
{
	struct utsname machine;
	char expected[512];
	struct buf out;

	assert_int_equal(uname(&machine), 0);
	snprintf(expected, sizeof(expected), "sluice/" SLUICE_VERSION " ua/2.1 os/linux#%s md/arch#%s lang/c#17%s m/E%s",
		 machine.release, machine.machine, between, end);
	buf_init(&out, 512);
	aws_user_agent(config, &out);
	assert_true(buf_ok(&out));
	assert_str_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void test_it_has_the_form_of_the_sdks(void **state)
{
	struct aws_config config = { 0 };

	(void)state;
	assert_agent(NULL, "", "");
	assert_agent(&config, "", "");
}

static void test_the_application_is_named_in_allowed_characters(void **state)
{
	static const struct { const char *id, *shown; } cases[] = {
		{ "billing", " app/billing" },
		{ "a b/c(d)e;f\"g\\h@i#j", " app/a-b-c-d-e-f-g-h-i-j" },
		{ "A9!$%&'*+-.^_`|~,", " app/A9!$%&'*+-.^_`|~," },
		{ "x\r\nAuthorization: y", " app/x--Authorization--y" },
		{ "caf\xc3\xa9", " app/caf--" },
		{ "  spaces ", " app/spaces" },
		{ "   ", "" },
		{ "0123456789012345678901234567890123456789012345678901234", " app/01234567890123456789012345678901234567890123456789" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct aws_config config = { .app_id = str_c(cases[i].id) };

		assert_agent(&config, "", cases[i].shown);
	}
}

static void test_the_execution_environment_is_told(void **state)
{
	struct fake_process process;
	struct aws_config config = { 0 };

	(void)state;
	fake_process_init(&process);
	fake_process_set(&process, "AWS_EXECUTION_ENV", "AWS_ECS_FARGATE");
	config.env = &process.env;
	assert_agent(&config, " exec-env/AWS_ECS_FARGATE", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_has_the_form_of_the_sdks),
		cmocka_unit_test(test_the_application_is_named_in_allowed_characters),
		cmocka_unit_test(test_the_execution_environment_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
