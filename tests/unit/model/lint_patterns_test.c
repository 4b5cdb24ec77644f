/* Access patterns. */
#include "lint_cases.h"

extern const struct model_lint lint_patterns[];
static const struct model_lint *const owned[] = { lint_patterns, NULL };

#define INDEXED T("Orders", ID, HASH_ID, GSI(INDEX("ById", HASH_ID)))
#define P(more) PATTERNS("{" READ more "}")
#define NAMED(name) "{\"pattern\":" name ",\"table\":\"Orders\",\"reason\":\"x\"}"
#define OPERATION(name) ",\"dynamodb_operation\":\"" name "\""

static const struct lint_case cases[] = {
	{ "pattern-table", M(ORDERS, PATTERNS("{\"pattern\":\"1\",\"table\":\"Order\",\"reason\":\"x\"}")), M(ORDERS, P("")),
	  M(ORDERS, PATTERNS("{\"pattern\":\"1\",\"reason\":\"served by search\"}")) },
	{ "pattern-index", M(ORDERS, P(",\"index\":\"ById\"")), M(INDEXED, P(",\"index\":\"ById\"")), M(INDEXED, P(",\"index\":\"\"")) },
	{ "pattern-index", M(ORDERS, PATTERNS("{\"pattern\":\"1\",\"index\":\"ById\",\"reason\":\"x\"}")), NULL, NULL },
	{ "pattern-unserved", M(ORDERS, PATTERNS("{\"pattern\":\"1\"}")), M(ORDERS, P("")),
	  M(ORDERS, PATTERNS("{\"pattern\":\"1\",\"reason\":\"OpenSearch\"}")) },
	{ "pattern-unserved", M(ORDERS, PATTERNS("{\"pattern\":\"1\",\"reason\":\" \",\"implementation\":[]}")), NULL, NULL },
	{ "pattern-twice", M(ORDERS, PATTERNS(NAMED("\"1\"") "," NAMED("1"))), M(ORDERS, PATTERNS(NAMED("1") "," NAMED("2"))),
	  M(ORDERS, PATTERNS(NAMED("\"1\"") "," NAMED("\"1b\""))) },
	{ "index-operation", M(INDEXED, P(",\"index\":\"ById\"" OPERATION("GetItem"))), M(INDEXED, P(",\"index\":\"ById\"" OPERATION("Query"))),
	  M(INDEXED, P(",\"index\":\"ById\"" OPERATION("Scan"))) },
	{ "index-operation", M(INDEXED, P(",\"index\":\"ById\"" OPERATION("put-item"))), M(INDEXED, P(",\"index\":\"ById\"" OPERATION("query"))),
	  M(INDEXED, P(",\"index\":null" OPERATION("GetItem"))) },
	{ "index-operation", M(INDEXED, P(",\"index\":\"ById\"" OPERATION("UpdateItem"))), NULL,
	  M(INDEXED, P(",\"index\":\"ById\"" OPERATION("ExecuteStatement"))) },
	{ "index-strong-read", M(INDEXED, P(",\"index\":\"ById\",\"strongly_consistent\":true")),
	  M(INDEXED, P(",\"index\":\"ById\",\"strongly_consistent\":false")),
	  M(T("Orders", TWO, HASH_RANGE, LSI(INDEX("ByTime", HASH_RANGE))), P(",\"index\":\"ByTime\",\"strongly_consistent\":true")) },
	{ "served-by", M(ORDERS, P(",\"served_by\":\"x\"")), M(STREAMED(BOTH), P(",\"served_by\":\"c\"") HANDLERS(COUNTER(""))),
	  M(ORDERS, P(",\"served_by\":\"\"")) },
	{ "peak-below-average", M(ORDERS, P(",\"rps\":{\"average\":5,\"peak\":1}")), M(ORDERS, P(",\"rps\":{\"average\":5,\"peak\":5}")),
	  M(ORDERS, P(",\"rps\":5")) },
	{ "scan-rate", M(ORDERS, P(OPERATION("Scan") ",\"rps\":50")), M(ORDERS, P(OPERATION("Query") ",\"rps\":50")),
	  M(ORDERS, P(OPERATION("Scan") ",\"rps\":0.01")) },
	{ "gsi-unused", M(INDEXED, P("")), M(INDEXED, P(",\"index\":\"ById\"")),
	  M(INDEXED, PATTERNS("{\"pattern\":1,\"implementation\":\"aws dynamodb query --table-name Orders --index-name ById\"}")) },
	{ "table-unused", M(ORDERS "," T("Idle", ID, HASH_ID, ""), P("")), M(ORDERS, P("")), M(STREAMED(BOTH), P("") HANDLERS(COUNTER(""))) },
};

static void test_each_lint_finds_what_is_wrong_and_nothing_else(void **state)
{
	(void)state;
	lint_check_cases(cases, COUNT_OF(cases));
}

static void test_every_code_has_a_triple(void **state)
{
	(void)state;
	lint_demand_triples(owned, cases, COUNT_OF(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_lint_finds_what_is_wrong_and_nothing_else),
		cmocka_unit_test(test_every_code_has_a_triple),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
