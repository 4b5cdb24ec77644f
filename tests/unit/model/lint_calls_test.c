#include "lint_call_cases.h"

#include "sluice/model/command.h"

#include <stdlib.h>

#define FINE RUNS(GET_ORDER)
#define STREAM_TABLE "," TABLE("Source", ATTR("id", "S"), HASH("id"), STREAM)
#define COUNTER(step) "{\"kind\":\"counter\",\"name\":\"c\",\"source\":\"Source\",\"table\":\"Orders\"," \
	"\"key\":{\"id\":\"${item.id}\"},\"add\":[{\"attribute\":\"n\"}],\"expect_after\":[" step "]}"
#define QUERY_BY_ID QUERY_LINES(BY_ID) I

static const struct lint_case cases[] = {
	{ "command.quote", RUNS("get-item --table-name 'Orders"), { FINE, RUNS("get-item --table-name Ord'er's" KEY(S("id", "'\\\"'\\\"'"))) } },
	{ "command.shell", RUNS(GET_ORDER " | jq ."), { FINE, RUNS("get-item --table-name Orders" KEY(S("id", "$(date) | jq"))) } },
	{ "command.program", MODEL(ORDERS, PATTERNS("{\"pattern\":\"1\",\"implementation\":\"aws s3 ls\"}")), { FINE } },
	{ "command.operation", RUNS("get-items --table-name Orders"), { FINE } },
	{ "command.option", RUNS(GET_ORDER " --index-name ByState"), { FINE, RUNS(GET_ORDER " --no-consistent-read --output json") } },
	{ "command.duplicate", RUNS(GET_ORDER " --table-name Orders"), { FINE } },
	{ "command.conflict", RUNS(QUERY_BY_ID " --max-items 5 --limit 5"), { RUNS(QUERY_BY_ID " --max-items 5 --page-size 5") } },
	{ "command.required", RUNS("get-item --table-name Orders"), { FINE } },
	{ "command.file", RUNS("get-item --table-name Orders --key file://key.json"),
	  { RUNS("get-item --table-name Orders" KEY(S("id", "file://key.json"))) } },
	{ "command.refused", RUNS(GET_ORDER " --generate-cli-skeleton"), { FINE } },
	{ "command.json", RUNS("get-item --table-name Orders --key '{'"), { FINE, RUNS("get-item --table-name Orders --key ' {" S("id", "1") "} '") } },
	{ "command.shorthand", RUNS("get-item --table-name Orders --key id={S=1"), { RUNS("get-item --table-name Orders --key id={S=1}") } },
	{ "command.type", RUNS("query --table-name Lines --limit x"), { FINE } },
	{ "command.member", RUNS("get-item --table-name Orders --key id={T=1}"), { FINE } },
	{ "command.enum", RUNS(GET_ORDER " --return-consumed-capacity ALL"), { RUNS(GET_ORDER " --return-consumed-capacity TOTAL") } },
	{ "command.range", RUNS(QUERY_BY_ID " --limit 0"), { RUNS(QUERY_BY_ID " --limit 1") } },
	{ "command.value", RUNS("get-item --table-name Orders --key id={N=one}"), { FINE, RUNS(PUT_ORDER(S("id", "1") "," N("x", "1E125"))) } },

	{ "call-operation", SAYS(GET_ORDER, "\"dynamodb_operation\":\"TransactWrite\""),
	  { SAYS("transact-get-items --transact-items '[{" Q "Get" Q ":{" Q "TableName" Q ":" Q "Orders" Q "," Q "Key" Q ":{" S("id", "1") "}}}]'",
		 "\"dynamodb_operation\":\"TransactGet\""),
	    SAYS(GET_ORDER, "\"dynamodb_operation\":null,\"index\":null,\"reason\":null") } },
	{ "call-operation", SAYS(GET_ORDER, "\"dynamodb_operation\":\"Query\""),
	  { SAYS(GET_ORDER, "\"dynamodb_operation\":\"GetItem\""), SAYS(GET_ORDER, "\"dynamodb_operation\":\"get-item\""),
	    MODEL(ORDERS "," LINES, PATTERNS("{\"pattern\":1,\"dynamodb_operation\":\"Query\",\"implementation\":"
		"[\"aws dynamodb " GET_ORDER "\",\"aws dynamodb " QUERY_BY_ID "\"]}")) } },
	{ "call-table", SAYS(GET_ORDER, "\"table\":\"Lines\""),
	  { SAYS(GET_ORDER, "\"table\":\"Orders\""), SAYS("transact-write-items --transact-items '[{" Q "Delete" Q ":{" Q "TableName" Q ":"
		Q "Orders" Q "," Q "Key" Q ":{" S("id", "1") "}}},{" Q "Delete" Q ":{" Q "TableName" Q ":" Q "Lines" Q "," Q "Key" Q ":{"
		S("id", "1") "," S("made", "2") "}}}]'", "\"table\":\"Lines\"") } },
	{ "call-index", SAYS(QUERY_OPEN, "\"table\":\"Lines\",\"index\":\"ByRank\""),
	  { SAYS(QUERY_OPEN, "\"table\":\"Lines\",\"index\":\"ByState\""), SAYS(QUERY_OPEN, "\"table\":\"Lines\"") } },
	{ "call-index", SAYS(QUERY_BY_ID, "\"table\":\"Lines\",\"index\":\"ByRank\""), { NULL } },
	{ "call-no-table", RUNS("get-item --table-name Order" KEY(S("id", "1"))), { FINE, RUNS("create-table --table-name Other "
		"--attribute-definitions AttributeName=a,AttributeType=S --key-schema AttributeName=a,KeyType=HASH") } },
	{ "call-no-table", MODEL(ORDERS STREAM_TABLE, HANDLERS(COUNTER("{\"command\":\"aws dynamodb get-item --table-name Gone"
		KEY(S("id", "1")) "\",\"expect\":{}}"))),
	  { MODEL(ORDERS STREAM_TABLE, HANDLERS(COUNTER("{\"command\":\"aws dynamodb " GET_ORDER "\",\"expect\":{}}"))) } },
	{ "call-no-index", RUNS("query --table-name Lines --index-name ByDay --key-condition-expression '" BY_ID "'" I),
	  { RUNS(QUERY_OPEN) } },
	{ "call-no-key-condition", RUNS("query --table-name Lines"),
	  { RUNS(QUERY_BY_ID), RUNS("query --table-name Lines --key-conditions '{" Q "id" Q ":{" Q "ComparisonOperator" Q ":" Q "EQ" Q ","
		Q "AttributeValueList" Q ":[{" Q "S" Q ":" Q "1" Q "}]}}'"), RUNS("scan --table-name Lines") } },
	{ "call-strong-read", RUNS(QUERY_OPEN " --consistent-read"),
	  { RUNS(QUERY_OPEN " --no-consistent-read"), RUNS(QUERY_BY_ID " --consistent-read"),
	    RUNS("query --table-name Lines --index-name ByRank --key-condition-expression '" BY_ID "'" I " --consistent-read") } },
	{ "call-select", RUNS(QUERY_OPEN " --select ALL_ATTRIBUTES"),
	  { RUNS(QUERY_OPEN " --select ALL_PROJECTED_ATTRIBUTES"), RUNS(QUERY_BY_ID " --select ALL_ATTRIBUTES"),
	    MODEL(LINES_WITH(ALL, ""), PATTERNS(PATTERN("1", QUERY_OPEN " --select ALL_ATTRIBUTES", ""))) } },
	{ "call-select", RUNS(QUERY_BY_ID " --select SPECIFIC_ATTRIBUTES"), { RUNS(QUERY_BY_ID " --select SPECIFIC_ATTRIBUTES "
		"--projection-expression note") } },
	{ "call-select", RUNS(QUERY_BY_ID " --select COUNT --projection-expression note"), { RUNS(QUERY_BY_ID " --select COUNT") } },
	{ "call-return-values", RUNS(PUT_ORDER(S("id", "1")) " --return-values ALL_NEW"),
	  { RUNS(PUT_ORDER(S("id", "1")) " --return-values ALL_OLD"), RUNS(UPDATE_LINE("SET note = :i") I " --return-values ALL_NEW") } },
	{ "call-legacy", RUNS(QUERY_BY_ID " --attributes-to-get note"),
	  { RUNS(QUERY_BY_ID), RUNS(GET_ORDER " --attributes-to-get note") } },
	{ "call-statement", RUNS("execute-statement --statement 'SELECT * FROM Orders'"), { FINE } },
};

/* What takes a document that is too long for a row. */
static const char *const others[] = { "command.size", "command.utf8", "command.memory", "command.depth", NULL };

static void test_each_lint_of_calls_finds_what_is_wrong_and_nothing_else(void **state)
{
	(void)state;
	lint_run_cases(cases, COUNT_OF(cases));
}

static void test_each_lint_of_calls_has_a_case(void **state)
{
	(void)state;
	lint_check_cases("command.size", cases, COUNT_OF(cases), others);
}

/* A model whose one command is "aws dynamodb put-item … {"a": <middle>}" */
static size_t found_in_put(struct str middle, const char *code)
{
	struct buf text, shown;
	size_t n;

	buf_init(&text, 4 << 20);
	buf_init(&shown, 4 << 20);
	buf_puts(&text, "{\"tables\":[" ORDERS "]" ",\"access_patterns\":[{\"pattern\":1,\"implementation\":\"aws dynamodb put-item "
		 "--table-name Orders --item '{" S("id", "1") "," Q "a" Q ":");
	buf_put(&text, middle);
	buf_puts(&text, "}'\"}]}");
	n = lint_found(buf_str(&text), code, &shown);
	buf_release(&shown);
	buf_release(&text);
	return n;
}

static void test_a_command_over_64_kib_is_found(void **state)
{
	struct buf middle;

	(void)state;
	buf_init(&middle, 1 << 20);
	buf_puts(&middle, "{" Q "S" Q ":" Q);
	while (middle.len < COMMAND_MAX_BYTES)
		buf_putc(&middle, 'x');
	buf_puts(&middle, Q "}");
	assert_int_equal(found_in_put(buf_str(&middle), "command.size"), 1);
	buf_release(&middle);
}

static void test_a_command_nested_too_deep_is_found(void **state)
{
	struct buf middle;

	(void)state;
	buf_init(&middle, 1 << 20);
	for (int i = 0; i < COMMAND_MAX_DEPTH; i++)
		buf_puts(&middle, "{" Q "L" Q ":[");
	for (int i = 0; i < COMMAND_MAX_DEPTH; i++)
		buf_puts(&middle, "]}");
	assert_int_equal(found_in_put(buf_str(&middle), "command.depth"), 1);
	buf_release(&middle);
}

static void test_a_mistake_is_told_with_its_place_in_the_command(void **state)
{
	struct buf shown;

	(void)state;
	buf_init(&shown, 1 << 20);
	lint_found(STR(RUNS("get-item --tabel-name Orders" KEY(S("id", "1")))), NULL, &shown);
	assert_non_null(strstr(shown.ptr, "error command.option: access_patterns[0].implementation: at character 23 of the command: "));
	buf_release(&shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_lint_of_calls_finds_what_is_wrong_and_nothing_else),
		cmocka_unit_test(test_each_lint_of_calls_has_a_case),
		cmocka_unit_test(test_a_command_over_64_kib_is_found),
		cmocka_unit_test(test_a_command_nested_too_deep_is_found),
		cmocka_unit_test(test_a_mistake_is_told_with_its_place_in_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
