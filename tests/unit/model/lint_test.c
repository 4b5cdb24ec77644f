#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/model/lint.h"

/* A table of the model below: its name, attributes, key, and more members. */
#define ATTR(name, type) "{\"AttributeName\":\"" name "\",\"AttributeType\":\"" type "\"}"
#define KEY(name, kind) "{\"AttributeName\":\"" name "\",\"KeyType\":\"" kind "\"}"
#define T(name, attributes, key, more) \
	"{\"TableName\":\"" name "\",\"AttributeDefinitions\":[" attributes "],\"KeySchema\":[" key "]," \
	"\"BillingMode\":\"PAY_PER_REQUEST\"" more "}"
#define INDEX(name, key) "{\"IndexName\":\"" name "\",\"KeySchema\":[" key "],\"Projection\":{\"ProjectionType\":\"ALL\"}}"
#define GSI(indexes) ",\"GlobalSecondaryIndexes\":[" indexes "]"
#define LSI(indexes) ",\"LocalSecondaryIndexes\":[" indexes "]"
#define STREAM(view) ",\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"" view "\"}"
#define M(tables, more) "{\"tables\":[" tables "]" more "}"
#define ID ATTR("id", "S")
#define HASH_ID KEY("id", "HASH")
#define TWO ID "," ATTR("at", "S")
#define HASH_RANGE HASH_ID "," KEY("at", "RANGE")
#define ORDERS T("Orders", ID, HASH_ID, "")
#define STREAMED(view) T("Orders", ID, HASH_ID, STREAM(view)) "," T("Stats", ID, HASH_ID, "")
#define ITEM(content) "{\"PutRequest\":{\"Item\":{" content "}}}"
#define ITEMS(items) ",\"items\":{\"Orders\":[" items "]}"
#define PATTERNS(p) ",\"access_patterns\":[" p "]"
#define READ "\"pattern\":\"1\",\"table\":\"Orders\",\"implementation\":\"aws dynamodb query\""
#define HANDLERS(h) ",\"stream_handlers\":[" h "]"
#define COUNTER(more) "{\"kind\":\"counter\",\"name\":\"c\",\"source\":\"Orders\",\"table\":\"Stats\"," \
	"\"key\":{\"id\":\"${item.id}\"},\"add\":[{\"attribute\":\"n\"}]" more "}"
#define TTL ",\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":\"ttl\"}"
#define SIZED(size) ",\"sizing\":{\"Orders\":{" size "}}"
#define HOT(rate, size) M(ORDERS, SIZED(size) PATTERNS("{" READ ",\"dynamodb_operation\":\"PutItem\"," \
	"\"item_size_bytes\":1000,\"rps\":{\"average\":10,\"peak\":" rate "}}"))

static const struct {
	const char *code;
	const char *bad;
	const char *good[3];   /* among them what looks suspicious and is fine */
} cases[] = {
	{ "key-undefined", M(T("Orders", "", HASH_ID, ""), ""), { M(ORDERS, "") } },
	{ "attribute-unused", M(T("Orders", TWO, HASH_ID, ""), ""),
	  { M(T("Orders", TWO, HASH_ID, GSI(INDEX("ByTime", KEY("at", "HASH")))), "") } },
	{ "key-type", M(T("Orders", ATTR("id", "BOOL"), HASH_ID, ""), ""), { M(T("Orders", ATTR("id", "B"), HASH_ID, ""), "") } },
	{ "key-shape", M(T("Orders", ID, KEY("id", "RANGE"), ""), ""),
	  { M(T("Orders", TWO, HASH_ID, GSI(INDEX("ByBoth", HASH_ID "," KEY("at", "HASH")))), "") } },
	{ "lsi-key", M(T("Orders", ID, HASH_ID, LSI(INDEX("ByTime", HASH_ID))), ""),
	  { M(T("Orders", TWO "," ATTR("day", "S"), HASH_RANGE, LSI(INDEX("ByDay", HASH_ID "," KEY("day", "RANGE")))), "") } },
	{ "lsi-count", M(T("Orders", TWO, HASH_RANGE, LSI(
		INDEX("aaa", HASH_RANGE) "," INDEX("bbb", HASH_RANGE) "," INDEX("ccc", HASH_RANGE) ","
		INDEX("ddd", HASH_RANGE) "," INDEX("eee", HASH_RANGE) "," INDEX("fff", HASH_RANGE))), ""), { M(ORDERS, "") } },
	{ "name", M(T("a/b", ID, HASH_ID, ""), ""), { M(T("a-b.c_D9", ID, HASH_ID, ""), "") } },
	{ "name-twice", M(ORDERS "," ORDERS, ""), { M(ORDERS "," T("orders", ID, HASH_ID, ""), "") } },
	{ "vague-name", M(T("Orders", ATTR("GSI1PK", "S"), KEY("GSI1PK", "HASH"), ""), ""),
	  { M(T("Orders", ATTR("risk", "S"), KEY("risk", "HASH"), ""), ""),
	    M(T("Orders", ATTR("pkey_owner", "S"), KEY("pkey_owner", "HASH"), ""), "") } },
	{ "projection", M(T("Orders", ID, HASH_ID, GSI("{\"IndexName\":\"ById\",\"KeySchema\":[" HASH_ID "],"
		"\"Projection\":{\"ProjectionType\":\"INCLUDE\"}}")), ""), { M(T("Orders", ID, HASH_ID, GSI(INDEX("ById", HASH_ID))), "") } },
	{ "item-key", M(ORDERS, ITEMS(ITEM("\"x\":{\"S\":\"1\"}"))), { M(ORDERS, ITEMS(ITEM("\"id\":{\"S\":\"1\"}"))) } },
	{ "item-key", M(ORDERS, ITEMS(ITEM("\"id\":{\"S\":\"\"}"))),
	  { M(ORDERS, ITEMS(ITEM("\"id\":{\"S\":\"1\"},\"note\":{\"S\":\"\"}"))) } },
	{ "item-key", M(ORDERS, ITEMS(ITEM("\"id\":{\"N\":\"1\"}"))), { NULL } },
	{ "item-index-key", M(T("Orders", TWO, HASH_ID, GSI(INDEX("ByTime", KEY("at", "HASH")))),
		ITEMS(ITEM("\"id\":{\"S\":\"1\"},\"at\":{\"N\":\"1\"}"))),
	  { M(T("Orders", TWO, HASH_ID, GSI(INDEX("ByTime", KEY("at", "HASH")))), ITEMS(ITEM("\"id\":{\"S\":\"1\"}"))) } },
	{ "item-twice", M(ORDERS, ITEMS(ITEM("\"id\":{\"S\":\"1\"}") "," ITEM("\"id\":{\"S\":\"1\"}"))),
	  { M(ORDERS, ITEMS(ITEM("\"id\":{\"S\":\"1\"}") "," ITEM("\"id\":{\"S\":\"1.0\"}"))) } },
	{ "ttl-type", M(T("Orders", ID, HASH_ID, TTL), ITEMS(ITEM("\"id\":{\"S\":\"1\"},\"ttl\":{\"S\":\"1767225600\"}"))),
	  { M(T("Orders", ID, HASH_ID, TTL), ITEMS(ITEM("\"id\":{\"S\":\"1\"}"))) } },
	{ "ttl-milliseconds", M(T("Orders", ID, HASH_ID, TTL), ITEMS(ITEM("\"id\":{\"S\":\"1\"},\"ttl\":{\"N\":\"1767225600000\"}"))),
	  { M(T("Orders", ID, HASH_ID, TTL), ITEMS(ITEM("\"id\":{\"S\":\"1\"},\"ttl\":{\"N\":\"4102444800\"}"))) } },
	{ "pattern-table", M(ORDERS, PATTERNS("{\"pattern\":\"1\",\"table\":\"Order\",\"reason\":\"x\"}")),
	  { M(ORDERS, PATTERNS("{\"pattern\":\"1\",\"reason\":\"served by search\"}")) } },
	{ "pattern-index", M(ORDERS, PATTERNS("{" READ ",\"index\":\"ByDay\"}")), { M(ORDERS, PATTERNS("{" READ "}")) } },
	{ "pattern-unserved", M(ORDERS, PATTERNS("{\"pattern\":\"1\"}")), { M(ORDERS, PATTERNS("{" READ "}")) } },
	{ "pattern-twice", M(ORDERS, PATTERNS("{" READ "},{" READ "}")), { M(ORDERS, PATTERNS("{" READ "}")) } },
	{ "index-operation", M(T("Orders", ID, HASH_ID, GSI(INDEX("ById", HASH_ID))),
		PATTERNS("{" READ ",\"index\":\"ById\",\"dynamodb_operation\":\"GetItem\"}")),
	  { M(T("Orders", ID, HASH_ID, GSI(INDEX("ById", HASH_ID))),
	    PATTERNS("{" READ ",\"index\":\"ById\",\"dynamodb_operation\":\"Scan\"}")) } },
	{ "index-strong-read", M(T("Orders", ID, HASH_ID, GSI(INDEX("ById", HASH_ID))),
		PATTERNS("{" READ ",\"index\":\"ById\",\"strongly_consistent\":true}")),
	  { M(T("Orders", TWO, HASH_RANGE, LSI(INDEX("ByTime", HASH_RANGE))),
	    PATTERNS("{" READ ",\"index\":\"ByTime\",\"strongly_consistent\":true}")) } },
	{ "served-by", M(ORDERS, PATTERNS("{" READ ",\"served_by\":\"x\"}")),
	  { M(STREAMED("NEW_AND_OLD_IMAGES"), PATTERNS("{" READ ",\"served_by\":\"c\"}") HANDLERS(COUNTER(""))) } },
	{ "peak-below-average", M(ORDERS, PATTERNS("{" READ ",\"rps\":{\"average\":5,\"peak\":1}}")),
	  { M(ORDERS, PATTERNS("{" READ ",\"rps\":5}")) } },
	{ "scan-rate", M(ORDERS, PATTERNS("{" READ ",\"dynamodb_operation\":\"Scan\",\"rps\":50}")),
	  { M(ORDERS, PATTERNS("{" READ ",\"dynamodb_operation\":\"Scan\",\"rps\":0.01}")) } },
	{ "gsi-unused", M(T("Orders", ID, HASH_ID, GSI(INDEX("ById", HASH_ID))), PATTERNS("{" READ "}")),
	  { M(T("Orders", ID, HASH_ID, GSI(INDEX("ById", HASH_ID))), PATTERNS("{" READ ",\"index\":\"ById\"}")),
	    M(T("Orders", ID, HASH_ID, GSI(INDEX("ById", HASH_ID))),
	      PATTERNS("{\"pattern\":1,\"implementation\":\"aws dynamodb query --table-name Orders --index-name ById\"}")) } },
	{ "table-unused", M(ORDERS "," T("Idle", ID, HASH_ID, ""), PATTERNS("{" READ "}")),
	  { M(STREAMED("NEW_AND_OLD_IMAGES"), PATTERNS("{" READ "}") HANDLERS(COUNTER(""))) } },
	{ "hot-key", HOT("3000", "\"hottest_key_share\":0.5"), { HOT("3000", "\"distinct_keys\":100000"), HOT("900", "\"hottest_key_share\":1") } },
	{ "on-demand-peak", HOT("5000", "\"distinct_keys\":100000"), { HOT("3900", "\"distinct_keys\":100000"),
		M(T("Orders", ID, HASH_ID, ",\"WarmThroughput\":{\"WriteUnitsPerSecond\":5000}"), PATTERNS("{" READ
		",\"dynamodb_operation\":\"PutItem\",\"rps\":5000}")) } },
	{ "collection-size", M(T("Orders", TWO, HASH_RANGE, LSI(INDEX("ByTime", HASH_RANGE))),
		SIZED("\"item_size_bytes\":2000,\"items_per_key\":{\"max\":10000000}")),
	  { M(T("Orders", TWO, HASH_RANGE, ""), SIZED("\"item_size_bytes\":2000,\"items_per_key\":{\"max\":10000000}")) } },
	{ "sized-over", M(ORDERS, SIZED("\"item_size_bytes\":409601")), { M(ORDERS, SIZED("\"item_size_bytes\":409600")) } },
	{ "sized-near-limit", M(ORDERS, SIZED("\"item_size_bytes\":320000")), { M(ORDERS, SIZED("\"item_size_bytes\":100000")) } },
	{ "figures-missing", HOT("3000", "\"item_count\":5"), { HOT("10", "\"item_count\":5") } },
	{ "handler-source", M(ORDERS, HANDLERS("{\"kind\":\"counter\",\"name\":\"c\",\"source\":\"X\"}")), { M(ORDERS, "") } },
	{ "handler-stream", M(ORDERS "," T("Stats", ID, HASH_ID, ""), HANDLERS(COUNTER(""))),
	  { M(STREAMED("NEW_AND_OLD_IMAGES"), HANDLERS(COUNTER(""))) } },
	{ "handler-view-type", M(STREAMED("NEW_IMAGE"), HANDLERS(COUNTER(""))),
	  { M(STREAMED("NEW_AND_OLD_IMAGES"), HANDLERS(COUNTER(""))) } },
	{ "handler-kind", M(ORDERS, HANDLERS("{\"kind\":\"countr\",\"name\":\"c\",\"source\":\"Orders\"}")),
	  { M(STREAMED("NEW_AND_OLD_IMAGES"), HANDLERS(COUNTER(""))) } },
	{ "handler-later", M(ORDERS, HANDLERS("{\"kind\":\"copy\",\"name\":\"c\",\"source\":\"Orders\"}")), { M(ORDERS, "") } },
	{ "handler-setting", M(STREAMED("NEW_AND_OLD_IMAGES"), HANDLERS(COUNTER(",\"shrads\":2"))),
	  { M(STREAMED("NEW_AND_OLD_IMAGES"), HANDLERS(COUNTER(",\"where\":{\"status\":[\"live\"]},\"events_per_s\":5"))) } },
	{ "handler-setting", M(T("Orders", ID, HASH_ID, STREAM("NEW_AND_OLD_IMAGES")),   /* target = source */
		HANDLERS("{\"kind\":\"counter\",\"name\":\"c\",\"source\":\"Orders\",\"table\":\"Orders\","
			 "\"key\":{\"id\":\"STATS#${item.id}\"},\"add\":[{\"attribute\":\"n\"}]}")), { NULL } },
	{ "handler-sink", M(STREAMED("NEW_IMAGE"), HANDLERS("{\"kind\":\"forward\",\"name\":\"f\",\"source\":\"Orders\","
		"\"sink\":\"bus\",\"topic\":\"t\"}")),
	  { M(STREAMED("NEW_IMAGE"), ",\"stream_sinks\":[{\"name\":\"bus\",\"kind\":\"kafka\"}]" HANDLERS("{\"kind\":\"forward\","
		"\"name\":\"f\",\"source\":\"Orders\",\"sink\":\"bus\",\"topic\":\"t\"}")) } },
	{ "handler-pipeline", M(STREAMED("NEW_AND_OLD_IMAGES"), ",\"stream_pipelines\":[]" HANDLERS(COUNTER(",\"pipeline\":\"p\""))),
	  { M(STREAMED("NEW_AND_OLD_IMAGES"), HANDLERS(COUNTER(",\"pipeline\":\"p\""))) } },
	{ "handler-twice", M(STREAMED("NEW_AND_OLD_IMAGES"), HANDLERS(COUNTER("") "," COUNTER(""))), { M(ORDERS, "") } },
	{ "handler-target", M(T("Orders", ID, HASH_ID, STREAM("NEW_AND_OLD_IMAGES")), HANDLERS(COUNTER(""))),
	  { M(STREAMED("NEW_AND_OLD_IMAGES"), HANDLERS(COUNTER(""))) } },
	{ "handler-cycle", M(T("Orders", ID, HASH_ID, STREAM("NEW_AND_OLD_IMAGES")) "," T("Stats", ID, HASH_ID,
		STREAM("NEW_AND_OLD_IMAGES")), HANDLERS(COUNTER("") ",{\"kind\":\"counter\",\"name\":\"d\",\"source\":\"Stats\","
		"\"table\":\"Orders\",\"key\":{\"id\":\"${item.id}\"},\"add\":[{\"attribute\":\"n\"}]}")),
	  { M(STREAMED("NEW_AND_OLD_IMAGES"), HANDLERS(COUNTER(""))) } },
	{ "template-path", M(STREAMED("NEW_AND_OLD_IMAGES"), ITEMS(ITEM("\"id\":{\"S\":\"1\"}"))
		HANDLERS(COUNTER(",\"set\":{\"day\":\"${item.dya}\"}"))),
	  { M(STREAMED("NEW_AND_OLD_IMAGES"), ITEMS(ITEM("\"id\":{\"S\":\"1\"}"))
	      HANDLERS(COUNTER(",\"set\":{\"day\":\"${item.dya | default('x')}\"}"))),
	    M(STREAMED("NEW_AND_OLD_IMAGES"), HANDLERS(COUNTER(",\"set\":{\"day\":\"${item.day}\"}"))) } },
};

/* How many findings of the code; what was found goes to *shown. */
static size_t found(const char *text, const char *code, struct buf *shown)
{
	struct findings_list findings;
	struct arena arena;
	struct model model;
	size_t n = 0;

	arena_init(&arena, 8 << 20);
	findings_list_init(&findings, &arena, NULL);
	if (model_parse(&model, str_c(text), "model.json", &findings))
		model_lint(&model, &findings);
	findings_list_sort(&findings);
	for (const struct model_finding *f = findings.first; f; f = f->next)
		n += strcmp(f->code, code) == 0;
	buf_clear(shown);
	findings_list_print(&findings, shown);
	model_release(&model);
	arena_release(&arena);
	return n;
}

static void test_each_lint_finds_what_is_wrong_and_nothing_else(void **state)
{
	struct buf shown;

	(void)state;
	buf_init(&shown, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (found(cases[i].bad, cases[i].code, &shown) == 0)
			fail_msg("case %zu: %s was not found; found: %s", i, cases[i].code, shown.ptr);
		for (size_t k = 0; k < COUNT_OF(cases[i].good) && cases[i].good[k]; k++)
			if (found(cases[i].good[k], cases[i].code, &shown) > 0)
				fail_msg("case %zu: false alarm of document %zu: %s", i, k, shown.ptr);
	}
	buf_release(&shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_lint_finds_what_is_wrong_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
