/* Tables, keys, items, and what is declared of their sizes. */
#include "lint_cases.h"

extern const struct model_lint lint_tables[], lint_items[], lint_sizing[];
static const struct model_lint *const owned[] = { lint_tables, lint_items, lint_sizing, NULL };

#define I(n) INDEX("Index" #n, HASH_ID)
#define TWENTY I(1) "," I(2) "," I(3) "," I(4) "," I(5) "," I(6) "," I(7) "," I(8) "," I(9) "," I(10) "," I(11) "," I(12) "," \
	I(13) "," I(14) "," I(15) "," I(16) "," I(17) "," I(18) "," I(19) "," I(20)
#define L(n) INDEX("Local" #n, HASH_RANGE)
#define FIVE L(1) "," L(2) "," L(3) "," L(4) "," L(5)
#define NAMED(name) T(name, ID, HASH_ID, "")
#define ONE_KEY(name) T("Orders", ATTR(name, "S"), KEY(name, "HASH"), "")
#define PROJECTED(projection) T("Orders", ID, HASH_ID, GSI("{\"IndexName\":\"ById\",\"KeySchema\":[" HASH_ID "]," \
	"\"Projection\":{" projection "}}"))
#define UNITS ",\"ProvisionedThroughput\":{\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":5}"
#define MODE(mode, more) "{\"TableName\":\"Orders\",\"AttributeDefinitions\":[" ID "],\"KeySchema\":[" HASH_ID "]," \
	"\"BillingMode\":" mode more "}"
#define WITH(content) ITEMS(ITEM("\"id\":{\"S\":\"1\"}" content))
#define TWO_ITEMS(type, one, other) ITEMS(ITEM("\"id\":{\"" type "\":\"" one "\"}") "," ITEM("\"id\":{\"" type "\":\"" other "\"}"))
#define NUMBERED T("Orders", ATTR("id", "N"), HASH_ID, "")
#define EXPIRING T("Orders", ID, HASH_ID, TTL)
#define HOT(rate, size) M(ORDERS, SIZED(size) PATTERNS("{" READ ",\"dynamodb_operation\":\"PutItem\"," \
	"\"item_size_bytes\":1000,\"rps\":{\"average\":10,\"peak\":" rate "}}"))
#define COLLECTION(indexes, items) M(T("Orders", TWO, HASH_RANGE, indexes), \
	SIZED("\"item_size_bytes\":2000,\"items_per_key\":{\"max\":" items "}"))

static const struct lint_case cases[] = {
	{ "key-undefined", M(T("Orders", "", HASH_ID, ""), ""), M(ORDERS, ""), M(T("Orders", TWO, HASH_ID, BY_TIME), "") },
	{ "key-undefined", M(T("Orders", ID, HASH_ID, BY_TIME), ""), NULL, NULL },
	{ "attribute-unused", M(T("Orders", TWO, HASH_ID, ""), ""), M(ORDERS, ""), M(T("Orders", TWO, HASH_ID, BY_TIME), "") },
	{ "key-type", M(T("Orders", ATTR("id", "BOOL"), HASH_ID, ""), ""), M(ORDERS, ""), M(T("Orders", ATTR("id", "B"), HASH_ID, ""), "") },
	{ "key-shape", M(T("Orders", ID, KEY("id", "RANGE"), ""), ""), M(ORDERS, ""),
	  M(T("Orders", TWO, HASH_ID, GSI(INDEX("ByBoth", HASH_ID "," KEY("at", "HASH")))), "") },
	{ "key-shape", M(T("Orders", TWO, HASH_ID "," KEY("at", "HASH"), ""), ""), NULL, NULL },
	{ "key-shape", M(T("Orders", ID, HASH_ID "," KEY("id", "RANGE"), ""), ""), NULL, NULL },
	{ "key-shape", M(T("Orders", TWO, KEY("at", "RANGE") "," HASH_ID, ""), ""), M(T("Orders", TWO, HASH_RANGE, ""), ""), NULL },
	{ "key-shape", M(T("Orders", TWO, HASH_ID, GSI(INDEX("ByTime", KEY("at", "RANGE") "," HASH_ID))), ""), NULL,
	  M(T("Orders", TWO, HASH_ID, GSI(INDEX("ByTime", KEY("at", "HASH") "," KEY("id", "RANGE")))), "") },
	{ "lsi-key", M(T("Orders", ID, HASH_ID, LSI(INDEX("ByTime", HASH_ID))), ""),
	  M(T("Orders", TWO "," ATTR("day", "S"), HASH_RANGE, LSI(INDEX("ByDay", HASH_ID "," KEY("day", "RANGE")))), ""),
	  M(T("Orders", ID, HASH_ID, GSI(INDEX("ById", HASH_ID))), "") },
	{ "lsi-key", M(T("Orders", TWO, HASH_RANGE, LSI(INDEX("ByTime", KEY("at", "HASH")))), ""), NULL, NULL },
	{ "lsi-count", M(T("Orders", TWO, HASH_RANGE, LSI(FIVE "," L(6))), ""), M(ORDERS, ""),
	  M(T("Orders", TWO, HASH_RANGE, LSI(FIVE) GSI(I(1) "," I(2))), "") },
	{ "gsi-count", M(T("Orders", ID, HASH_ID, GSI(TWENTY "," I(21))), ""), M(ORDERS, ""), M(T("Orders", ID, HASH_ID, GSI(TWENTY)), "") },
	{ "name", M(NAMED("a/b"), ""), M(ORDERS, ""), M(NAMED("a-b.c_D9") "," NAMED("~255~"), "") },
	{ "name", M(NAMED("ab"), ""), M(NAMED("abc"), ""), NULL },
	{ "name", M(NAMED("~256~"), ""), NULL, NULL },
	{ "name", M(NAMED("Bestellungen\xc3\xa4"), ""), NULL, NULL },
	{ "name-twice", M(ORDERS "," ORDERS, ""), M(ORDERS, ""), M(ORDERS "," NAMED("orders"), "") },
	{ "name-twice", M(T("Orders", ID "," ID, HASH_ID, ""), ""), NULL, NULL },
	{ "name-twice", M(T("Orders", ID, HASH_ID, GSI(I(1) "," I(1))), ""),
	  M(T("Orders", ID, HASH_ID, GSI(I(1))) "," T("Lines", ID, HASH_ID, GSI(I(1))), ""), NULL },
	{ "vague-name", M(ONE_KEY("GSI1PK"), ""), M(ONE_KEY("risk"), ""), M(ONE_KEY("pkey_owner"), "") },
	{ "vague-name", M(T("Orders", ID, HASH_ID, GSI(INDEX("GSI1", HASH_ID))), ""), M(ONE_KEY("task"), ""), M(ONE_KEY("gsi1_title"), "") },
	{ "projection", M(PROJECTED("\"ProjectionType\":\"INCLUDE\""), ""), M(T("Orders", ID, HASH_ID, GSI(I(1))), ""),
	  M(PROJECTED("\"ProjectionType\":\"INCLUDE\",\"NonKeyAttributes\":[\"title\"]"), "") },
	{ "capacity", M(MODE("\"PROVISIONED\"", ""), ""), M(MODE("\"PROVISIONED\"", UNITS), ""), M(ORDERS, "") },
	{ "capacity", M(MODE("\"PROVISIONED\"", UNITS GSI(I(1))), ""), M(T("Orders", ID, HASH_ID, GSI(I(1))), ""),
	  M(MODE("\"PROVISIONED\"", UNITS GSI("{\"IndexName\":\"ById\",\"KeySchema\":[" HASH_ID "],"
		"\"Projection\":{\"ProjectionType\":\"ALL\"}" UNITS "}")), "") },
	{ "capacity", M(T("Orders", ID, HASH_ID, UNITS), ""), NULL, NULL },
	{ "projection", M(PROJECTED("\"ProjectionType\":\"ALL\",\"NonKeyAttributes\":[\"title\"]"), ""), NULL, NULL },
	{ "item-key", M(ORDERS, ITEMS(ITEM("\"x\":{\"S\":\"1\"}"))), M(ORDERS, WITH("")), M(ORDERS, WITH(",\"note\":{\"S\":\"\"}")) },
	{ "item-key", M(ORDERS, ITEMS(ITEM("\"id\":{\"S\":\"\"}"))), NULL, NULL },
	{ "item-key", M(ORDERS, ITEMS(ITEM("\"id\":{\"N\":\"1\"}"))), M(NUMBERED, ITEMS(ITEM("\"id\":{\"N\":\"1\"}"))), NULL },
	{ "item-key", M(ORDERS, ITEMS(ITEM("\"id\":{\"S\":\"~2049~\"}"))), M(ORDERS, ITEMS(ITEM("\"id\":{\"S\":\"~2048~\"}"))), NULL },
	{ "item-index-key", M(T("Orders", TWO, HASH_ID, BY_TIME), WITH(",\"at\":{\"N\":\"1\"}")),
	  M(T("Orders", TWO, HASH_ID, BY_TIME), WITH(",\"at\":{\"S\":\"1\"}")), M(T("Orders", TWO, HASH_ID, BY_TIME), WITH("")) },
	{ "item-index-key", M(T("Orders", TWO, HASH_ID, BY_TIME), WITH(",\"at\":{\"S\":\"\"}")), NULL, NULL },
	{ "item-twice", M(ORDERS, TWO_ITEMS("S", "1", "1")), M(ORDERS, TWO_ITEMS("S", "1", "2")), M(ORDERS, TWO_ITEMS("S", "1", "1.0")) },
	{ "item-twice", M(NUMBERED, TWO_ITEMS("N", "1", "1.0")), M(NUMBERED, TWO_ITEMS("N", "1", "1.01")), NULL },
	{ "item-size", M(ORDERS, WITH(",\"text\":{\"S\":\"~409600~\"}")), M(ORDERS, WITH("")), M(ORDERS, WITH(",\"text\":{\"S\":\"~409000~\"}")) },
	{ "item-near-limit", M(ORDERS, WITH(",\"text\":{\"S\":\"~310000~\"}")), M(ORDERS, WITH("")),
	  M(ORDERS, WITH(",\"text\":{\"S\":\"~300000~\"}")) },
	{ "ttl-type", M(EXPIRING, WITH(",\"ttl\":{\"S\":\"1767225600\"}")), M(EXPIRING, WITH(",\"ttl\":{\"N\":\"1767225600\"}")),
	  M(EXPIRING, WITH("")) },
	{ "ttl-milliseconds", M(EXPIRING, WITH(",\"ttl\":{\"N\":\"1767225600000\"}")), M(EXPIRING, WITH(",\"ttl\":{\"N\":\"1767225600\"}")),
	  M(EXPIRING, WITH(",\"ttl\":{\"N\":\"4102444800\"}")) },
	{ "hot-key", HOT("3000", "\"hottest_key_share\":0.5"), HOT("3000", "\"distinct_keys\":100000"), HOT("900", "\"hottest_key_share\":1") },
	{ "on-demand-peak", HOT("5000", "\"distinct_keys\":100000"), HOT("3900", "\"distinct_keys\":100000"),
	  M(T("Orders", ID, HASH_ID, ",\"WarmThroughput\":{\"WriteUnitsPerSecond\":5000}"),
	    PATTERNS("{" READ ",\"dynamodb_operation\":\"PutItem\",\"rps\":5000}")) },
	{ "collection-size", COLLECTION(LSI(L(1)), "10000000"), COLLECTION(LSI(L(1)), "1000"), COLLECTION("", "10000000") },
	{ "sized-over", M(ORDERS, SIZED("\"item_size_bytes\":409601")), M(ORDERS, SIZED("\"item_size_bytes\":400")),
	  M(ORDERS, SIZED("\"item_size_bytes\":409600")) },
	{ "sized-near-limit", M(ORDERS, SIZED("\"item_size_bytes\":320000")), M(ORDERS, SIZED("\"item_size_bytes\":400")),
	  M(ORDERS, SIZED("\"item_size_bytes\":307200")) },
	{ "figures-missing", HOT("3000", "\"item_count\":5"), HOT("3000", "\"distinct_keys\":100000"), HOT("10", "\"item_count\":5") },
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
