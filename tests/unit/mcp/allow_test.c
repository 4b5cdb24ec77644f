#include "support/test.h"

#include "../../../src/mcp/allow.h"

static const struct mcp_options only = { .tables = { STR_INIT("Orders"), STR_INIT("Users") }, .n_tables = 2 };
static const struct mcp_options all;

static bool allowed(const struct mcp_options *o, const char *json, bool tableless)
{
	struct arena arena;
	struct err err = { 0 };
	const struct node *request;
	bool ok;

	arena_init(&arena, 1 << 20);
	request = node_from_json(&arena, str_c(json), NULL, &err);
	assert_non_null(request);
	ok = allow_request(o, request, tableless, &err);
	if (!ok)
		assert_int_equal(err.class, ERR_DATA);
	arena_release(&arena);
	return ok;
}

static void test_what_is_in_the_list_passes(void **state)
{
	static const char *const cases[] = {
		"{\"TableName\":\"Orders\"}",
		"{\"TableName\":\"arn:aws:dynamodb:us-east-1:1:table/Orders\"}",
		"{\"ResourceArn\":\"arn:aws:dynamodb:us-east-1:1:table/Orders/index/ByDay\"}",
		"{\"BackupArn\":\"arn:aws:dynamodb:us-east-1:1:table/Users/backup/01\"}",
		"{\"StreamArn\":\"arn:aws:dynamodb:us-east-1:1:table/Users/stream/2026-11-20T00:00:00.000\"}",
		"{\"RequestItems\":{\"Orders\":[],\"Users\":[]}}",
		"{\"TransactItems\":[{\"Put\":{\"TableName\":\"Orders\"}},{\"Get\":{\"TableName\":\"Users\"}}]}",
		"{\"Statement\":\"SELECT * FROM \\\"Orders\\\".\\\"ByDay\\\"\"}",
		"{\"Statements\":[{\"Statement\":\"SELECT * FROM Users\"}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (!allowed(&only, cases[i], false))
			fail_msg("%s", cases[i]);
}

static void test_everything_else_is_refused(void **state)
{
	static const char *const cases[] = {
		"{}",
		"{\"TableName\":\"Secrets\"}",
		"{\"TableName\":\"orders\"}",
		"{\"TableName\":\"arn:aws:dynamodb:us-east-1:1:table/Secrets\"}",
		"{\"TableName\":\"arn:aws:dynamodb:us-east-1:1:global-table/Orders\"}",
		"{\"TableName\":\"arn:Orders\"}",
		"{\"TableName\":\"Orders\",\"TargetTableName\":\"Secrets\"}",
		"{\"RequestItems\":{\"Orders\":[],\"Secrets\":[]}}",
		"{\"TransactItems\":[{\"Put\":{\"TableName\":\"Orders\"}},{\"Get\":{\"TableName\":\"Secrets\"}}]}",
		"{\"TransactItems\":[{\"Put\":{\"TableName\":\"Orders\"}},{\"Get\":{}}]}",
		"{\"Statement\":\"SELECT * FROM Secrets\"}",
		"{\"Statement\":\"SELECT * FROM Orders WHERE EXISTS(SELECT * FROM Secrets)\"}",
		"{\"TransactStatements\":[{\"Statement\":\"SELECT * FROM Orders\"},{\"Statement\":\"DELETE FROM Secrets\"}]}",
		"{\"ExportArn\":\"arn:aws:dynamodb:us-east-1:1:table/Secrets/export/01\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (allowed(&only, cases[i], false))
			fail_msg("%s", cases[i]);
		if (strstr(cases[i], "statement") == NULL)
			assert_true(allowed(&all, cases[i], false));
	}
	assert_true(allowed(&only, "{}", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_in_the_list_passes),
		cmocka_unit_test(test_everything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
