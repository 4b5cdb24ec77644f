#include "command_cases.h"

#define GET "aws dynamodb get-item --table-name T --key id={S=a}"

static void test_what_begins_no_call_is_refused(void **state)
{
	static const struct command_case cases[] = {
		{ "", "command.program@0" }, { " \n", "command.program@0" }, { "ls", "command.program@0" },
		{ "/usr/bin/aws dynamodb", "command.program@0" }, { "A=b aws dynamodb", "command.shell@0" },
		{ "aws", "command.operation@3" }, { "aws s3 ls", "command.program@4" }, { "aws dynamodb", "command.operation@12" },
		{ "aws dynamodb GetItem", "command.operation@13" }, { "aws dynamodb get-itm", "command.operation@13" },
		{ "aws dynamodb --table-name T get-item", "command.operation@13" }, { "aws dynamodb help", "command.operation@13" },
		{ "aws --version", "command.refused@4 command.operation@13" },
		{ "aws dynamodb list-tables help", "command.refused@25" },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
	check_sentence("aws dynamodb get-itm", "did you mean 'get-item'?");
	check_sentence("aws dynamodb GetItem", "on the command line it is get-item");
	check_sentence("aws dynamodbstreams list-streams", "'dynamodbstreams' stands where 'dynamodb' is expected");
}

static void test_options_that_are_none_are_refused(void **state)
{
	static const struct command_case cases[] = {
		{ GET " --consistant-read", "command.option@52" }, { GET " --consistent", "command.option@52" },
		{ GET " -x", "command.option@52" }, { GET " --", "command.option@52" }, { GET " stray", "command.value@52" },
		{ GET " --consistent-read true", "command.value@70" }, { GET " --consistent-read=true", "command.value@70" },
		{ GET " --no-table-name", "command.option@52" }, { GET " --max-items 3", "command.option@52" },
		{ GET " --table-name U", "command.duplicate@52" }, { GET " --table-name=U", "command.duplicate@52" },
		{ GET " --no-consistent-read --consistent-read", "command.duplicate@73" },
		{ GET " --region a --region b", "command.duplicate@63" }, { GET " --region", "command.value@52" },
		{ GET " --projection-expression --region r", "command.value@52" },
		{ GET " --projection-expression -a", "command.value@52 command.option@76" },
		{ "aws dynamodb get-item --key id={S=a}", "command.required@13" },
		{ "aws dynamodb get-item", "command.required@13 command.required@13" },
		{ "aws dynamodb scan --table-name T --starting-token x", "command.refused@33" },
		{ GET " --generate-cli-skeleton", "command.refused@52" },
		{ GET " --generate-cli-skeleton input", "command.refused@52" },
		{ GET " --cli-input-yaml x", "command.refused@52" }, { GET " --cli-auto-prompt", "command.refused@52" },
		{ "aws dynamodb create-table --table-name T --tags", "command.value@41" },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
	check_sentence(GET " --consistant-read", "did you mean 'consistent-read'?");
	check_sentence(GET " --consistent", "an abbreviation, which the AWS CLI no longer takes; write --consistent-read");
	check_sentence("aws dynamodb get-item --key id={S=a}", "--table-name is missing: get-item needs it");
}

static void test_values_that_lie_elsewhere_are_refused(void **state)
{
	static const struct command_case cases[] = {
		{ "aws dynamodb put-item --table-name T --item file://x.json", "command.file@44" },
		{ "aws dynamodb put-item --table-name T --item=fileb://x", "command.file@44" },
		{ "aws dynamodb execute-statement --statement http://x/y", "command.file@43" },
		{ "aws dynamodb create-table --table-name T --tags https://x", "command.file@48" },
		{ "aws dynamodb execute-statement --statement 'SELECT http://'",
		  "ExecuteStatement {\"Statement\":\"SELECT http://\"}" },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
}

static void test_dashes_are_values_where_they_cannot_be_options(void **state)
{
#define LIST "aws dynamodb list-tables --exclusive-start-table-name"
#define LISTED "ListTables {\"ExclusiveStartTableName\":"
	static const struct command_case cases[] = {
		{ LIST " -123", LISTED "\"-123\"}" }, { LIST " -.55", LISTED "\"-.55\"}" }, { LIST "=-x-", LISTED "\"-x-\"}" },
		{ LIST " '-x y'", LISTED "\"-x y\"}" }, { LIST "=a=b", LISTED "\"a=b\"}" },
		{ LIST " -1.x", "command.value@25 command.option@54" }, { LIST " -", "command.range@54" },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_begins_no_call_is_refused),
		cmocka_unit_test(test_options_that_are_none_are_refused),
		cmocka_unit_test(test_values_that_lie_elsewhere_are_refused),
		cmocka_unit_test(test_dashes_are_values_where_they_cannot_be_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
