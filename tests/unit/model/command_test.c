#include "command_cases.h"

#include <stdlib.h>

#define GET "aws dynamodb get-item --table-name T --key id={S=a}"
#define GOT "GetItem {\"TableName\":\"T\",\"Key\":{\"id\":{\"S\":\"a\"}}}"
#define QUERY "aws dynamodb query --table-name T --key-condition-expression x"

static void test_a_command_becomes_a_call(void **state)
{
	static const struct command_case cases[] = {
		{ GET, GOT },
		{ "aws dynamodb get-item --key=id={S=a} --table-name=T", GOT },
		{ GET " --consistent-read", "GetItem {\"TableName\":\"T\",\"Key\":{\"id\":{\"S\":\"a\"}},\"ConsistentRead\":true}" },
		{ GET " --no-consistent-read",
		  "GetItem {\"TableName\":\"T\",\"Key\":{\"id\":{\"S\":\"a\"}},\"ConsistentRead\":false}" },
		{ GET " --attributes-to-get a 'b c'",
		  "GetItem {\"TableName\":\"T\",\"Key\":{\"id\":{\"S\":\"a\"}},\"AttributesToGet\":[\"a\",\"b c\"]}" },
		{ "aws dynamodb list-tables", "ListTables {}" },
		{ "aws dynamodb list-tables --limit 5", "ListTables {\"Limit\":5}" },
		{ "aws dynamodb list-tables --exclusive-start-table-name -123", "ListTables {\"ExclusiveStartTableName\":\"-123\"}" },
		{ QUERY " --no-scan-index-forward --select COUNT",
		  "Query {\"TableName\":\"T\",\"Select\":\"COUNT\",\"ScanIndexForward\":false,"
		  "\"KeyConditionExpression\":\"x\"}" },
		{ QUERY " --page-size 3 --max-items 10", "Query {\"TableName\":\"T\",\"Limit\":3,\"KeyConditionExpression\":\"x\"}" },
		{ "aws --region eu-west-1 dynamodb --profile p get-item --no-cli-pager --table-name T --key id={S=a} --output yaml "
		  "--query Item --color off --debug --no-verify-ssl --cli-read-timeout 0", GOT },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
}

static void test_input_json_fills_in_what_no_option_gives(void **state)
{
	static const struct command_case cases[] = {
		{ "aws dynamodb get-item --cli-input-json '{\"Key\":{\"id\":{\"S\":\"a\"}},\"TableName\":\"T\"}'", GOT },
		{ GET " --cli-input-json '{\"Key\":{\"x\":{\"S\":\"a\"}},\"TableName\":\"U\"}'", GOT },
		{ GET " --cli-input-json '{\"ConsistentRead\":true}' --no-consistent-read",
		  "GetItem {\"TableName\":\"T\",\"Key\":{\"id\":{\"S\":\"a\"}},\"ConsistentRead\":false}" },
		{ "aws dynamodb get-item --cli-input-json '{\"TableName\":\"T\"}'", "command.required@13" },
		{ GET " --cli-input-json '{\"Tablename\":\"T\"}'", "command.member@72" },
		{ GET " --cli-input-json '[]'", "command.type@70" },
		{ GET " --cli-input-json '{\"AttributesToGet\":\"a\"}'", "command.type@90" },
		{ GET " --cli-input-json '{\"TableName\":\"T\",\"TableName\":\"T\"}'", "command.duplicate@88" },
		{ GET " --cli-input-json TableName=T", "command.json@69" },
		{ GET " --cli-input-json file://x.json", "command.file@69" },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
}

static void test_options_that_steer_pages_are_kept(void **state)
{
	static const struct { const char *command; bool pages; int max_items; } cases[] = {
		{ QUERY, true, 0 }, { QUERY " --max-items 7", true, 7 }, { QUERY " --page-size 7", true, 0 },
		{ QUERY " --no-paginate", false, 0 }, { QUERY " --limit 7", false, 0 },
		{ QUERY " --exclusive-start-key id={S=a}", false, 0 }, { QUERY " --cli-input-json '{\"Limit\":7}'", false, 0 },
		{ GET, false, 0 }, { "aws dynamodb list-tables", true, 0 },
	};
	struct command_findings findings;
	struct aws_command command;
	struct arena arena;

	(void)state;
	arena_init(&arena, COMMAND_ARENA_BYTES);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(command_parse(str_c(cases[i].command), &arena, &command, &findings));
		assert_int_equal(command.pages, cases[i].pages);
		assert_int_equal(command.max_items, cases[i].max_items);
	}
	assert_true(command_parse(STR(GET " --region r --endpoint-url http://h --profile p --output json --query q"),
				  &arena, &command, &findings));
	assert_str_equal(command.region, "r");
	assert_str_equal(command.endpoint_url, "http://h");
	assert_str_equal(command.profile, "p");
	assert_str_equal(command.output, "json");
	assert_str_equal(command.query, "q");
	arena_release(&arena);
	check_command(QUERY " --max-items 7 --no-paginate", "command.conflict@63");
	check_command(QUERY " --page-size 7 --limit 3", "command.conflict@63");
	check_command(QUERY " --max-items 0", "command.range@75");
	check_command(GET " --endpoint-url localhost", "command.value@67");
	check_command(GET " --output xml", "command.enum@61");
}

static void test_all_mistakes_are_told_at_once_in_their_order(void **state)
{
	(void)state;
	check_command("aws dynamodb query --limit five --select COUN --index-name ab",
		      "command.required@13 command.type@27 command.enum@41 command.range@59");
	check_command("aws dynamodb put-item --table-name T --item 'a={N=x},b={S=y,N=1},c={Q=z}'",
		      "command.value@50 command.value@55 command.member@68");
}

static void test_text_that_is_none_is_refused(void **state)
{
	struct command_findings findings;
	struct aws_command command;
	struct arena arena;
	char *large = calloc(1, COMMAND_MAX_BYTES + 1);

	(void)state;
	arena_init(&arena, COMMAND_ARENA_BYTES);
	memset(large, 'a', COMMAND_MAX_BYTES + 1);
	assert_false(command_parse(str_of(large, COMMAND_MAX_BYTES + 1), &arena, &command, &findings));
	assert_string_equal(findings.items[0].code, "command.size");
	assert_false(command_parse(str_of(large, COMMAND_MAX_BYTES), &arena, &command, &findings));
	assert_string_equal(findings.items[0].code, "command.program");
	assert_false(command_parse(str_of("aws\0x", 5), &arena, &command, &findings));
	assert_string_equal(findings.items[0].code, "command.utf8");
	assert_false(command_parse(STR("aws \xff"), &arena, &command, &findings));
	assert_string_equal(findings.items[0].code, "command.utf8");
	assert_false(command_parse(str_of(NULL, 0), &arena, &command, &findings));
	assert_string_equal(findings.items[0].code, "command.program");
	arena_release(&arena);
	free(large);
}

/* What a hostile value can make of 64 KiB fits into the arena that the header promises;
 * a smaller one is named. */
static void test_the_largest_commands_fit(void **state)
{
	static const char *const pieces[] = { "\"a\":{},", "{\"S\":\"\"},", "[", "{\"a\":", "\\u0001", "1,", "a=,",
					      "a={S=x},", "'", "\\'\"" };
	static const char *const heads[] = { "{", "{\"a\":{\"L\":[", "", "", "{\"a\":{\"S\":\"", "[", "", "", "", "a='" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		struct command_findings findings;
		struct aws_command command;
		struct arena arena;
		struct buf line, value;

		arena_init(&arena, COMMAND_ARENA_BYTES);
		buf_init(&line, 4 * COMMAND_MAX_BYTES);
		buf_init(&value, COMMAND_MAX_BYTES);
		buf_puts(&value, heads[i]);
		while (value.len + strlen(pieces[i]) + 80 < COMMAND_MAX_BYTES / (strchr(pieces[i], '\'') ? 4 : 1))
			buf_puts(&value, pieces[i]);
		buf_puts(&line, "aws dynamodb put-item --table-name T --item ");
		put_quoted(&line, buf_str(&value));
		assert_true(line.len <= COMMAND_MAX_BYTES);
		assert_false(command_parse(buf_str(&line), &arena, &command, &findings));
		for (size_t k = 0; k < command_findings_kept(&findings); k++)
			assert_string_not_equal(findings.items[k].code, "command.memory");
		arena_release(&arena);
		arena_init(&arena, 64 * 1024);
		assert_false(command_parse(buf_str(&line), &arena, &command, &findings));
		assert_string_equal(findings.items[0].code, "command.memory");
		arena_release(&arena);
		buf_release(&value);
		buf_release(&line);
	}
}

/* Every begin of a command either is one or says why not, within its bytes. */
static void test_every_begin_of_a_command_is_judged(void **state)
{
	static const char text[] = "aws dynamodb create-table --table-name T "
		"--attribute-definitions AttributeName=id,AttributeType=S "
		"--key-schema '[{\"AttributeName\": \"id\", \"KeyType\": \"HASH\"}]' "
		"--tags 'Key=a,Value=\"b\\\"c\"' \"Key=d,Value=[e,{f=g}]\"";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		struct command_findings findings;
		struct aws_command command;
		struct arena arena;
		char *copy = malloc(len + 1);

		memcpy(copy, text, len);
		arena_init(&arena, COMMAND_ARENA_BYTES);
		assert_true(command_parse(str_of(copy, len), &arena, &command, &findings) == (findings.count == 0));
		for (size_t i = 0; i < command_findings_kept(&findings); i++)
			assert_true(findings.items[i].at <= len);
		arena_release(&arena);
		free(copy);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_command_becomes_a_call),
		cmocka_unit_test(test_input_json_fills_in_what_no_option_gives),
		cmocka_unit_test(test_options_that_steer_pages_are_kept),
		cmocka_unit_test(test_all_mistakes_are_told_at_once_in_their_order),
		cmocka_unit_test(test_text_that_is_none_is_refused),
		cmocka_unit_test(test_the_largest_commands_fit),
		cmocka_unit_test(test_every_begin_of_a_command_is_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
