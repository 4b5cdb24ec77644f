/* Sinks, pipelines, handlers: where they read and write, what the daemon would say of them. */
#include "lint_cases.h"

extern const struct model_lint lint_settings[], lint_handlers[], lint_templates[], lint_audience[];
static const struct model_lint *const owned[] = { lint_settings, lint_handlers, lint_templates, lint_audience, NULL };

#define KAFKA SINKS("{\"name\":\"bus\",\"kind\":\"kafka\",\"brokers\":\"$(BROKERS:-127.0.0.1:9092)\"}")
#define FILES SINKS("{\"name\":\"bus\",\"kind\":\"file\",\"path\":\"messages.jsonl\"}")
#define FORWARD(more) "{\"kind\":\"forward\",\"name\":\"f\",\"source\":\"Orders\",\"sink\":\"bus\"" more "}"
#define TOPIC ",\"topic\":\"orders\""
#define SENT(view, sinks, more) M(STREAMED(view), sinks HANDLERS(FORWARD(more)))
#define COUNTED(more) M(STREAMED(BOTH), HANDLERS(COUNTER(more)))
#define SINK_OF(settings) M(STREAMED(BOTH), SINKS("{\"name\":\"bus\"," settings "}"))
#define PIPED(settings) M(STREAMED(BOTH), FILES PIPELINES("{\"table\":\"Orders\"" settings "}") HANDLERS(COUNTER("")))
#define INTO(table, where) "{\"kind\":\"counter\",\"name\":\"d\",\"source\":\"Stats\",\"table\":\"" table "\"," \
	"\"key\":{\"id\":\"S#${item.id}\"},\"add\":[{\"attribute\":\"n\"}]" where "}"
#define ROWS(key) "{\"kind\":\"counter\",\"name\":\"d\",\"source\":\"Orders\",\"table\":\"Stats\",\"key\":{" key "}," \
	"\"add\":[{\"attribute\":\"n\"}]}"
#define BOTH_STREAMED T("Orders", ID, HASH_ID, STREAM(BOTH)) "," T("Stats", ID, HASH_ID, STREAM(BOTH))
#define WITH_ITEM(content, more) M(STREAMED(BOTH), ITEMS(ITEM("\"id\":{\"S\":\"1\"}" content)) HANDLERS(COUNTER(more)))
#define FOLLOWS T("Follows", ATTR("target", "S") "," ATTR("user", "S"), KEY("target", "HASH") "," KEY("user", "RANGE"), "")
#define FANOUT(audience, more) HANDLERS("{\"kind\":\"fanout\",\"name\":\"f\",\"source\":\"Orders\",\"sink\":\"bus\"" TOPIC \
	",\"audience\":[{\"table\":\"Follows\"," audience "}],\"member\":\"user\",\"message\":{\"u\":\"${member.user}\"}" more "}")
#define INBOX(table, more) SINKS("{\"name\":\"rows\",\"kind\":\"dynamodb\"}") HANDLERS("{\"kind\":\"fanout\",\"name\":\"f\"," \
	"\"source\":\"Orders\",\"sink\":\"rows\",\"audience\":[{\"table\":\"Follows\",\"key\":\"${new.b}\"}],\"member\":\"user\"," \
	"\"table\":\"" table "\",\"item\":{\"id\":\"${member.user}\"}" more "}")
#define FANNED(size, rate, audience, more) M(STREAMED("NEW_IMAGE") "," FOLLOWS, ",\"sizing\":{\"Follows\":{" size "}}" \
	PATTERNS("{\"pattern\":\"1\",\"table\":\"Follows\",\"reason\":\"x\",\"dynamodb_operation\":\"PutItem\",\"rps\":" rate "}") \
	KAFKA FANOUT(audience, more))
#define ONE_KEY "\"key\":\"BRAND#${new.brand}\""
#define SHARDED "\"key\":\"BRAND#${new.brand}#${shard}\",\"shards\":16"

static const struct lint_case cases[] = {
	{ "sink-setting", SINK_OF("\"kind\":\"kafak\""), SINK_OF("\"kind\":\"kafka\",\"brokers\":\"a:9092\""),
	  SINK_OF("\"kind\":\"kafka\",\"brokers\":\"$(BROKERS)\"") },
	{ "sink-setting", SINK_OF("\"kind\":\"kafka\",\"brokers\":\"a:9092\",\"brokrs\":1"), NULL,
	  SINK_OF("\"kind\":\"kafka\",\"brokers\":\"a:9092\",\"properties\":[{\"name\":\"sasl.password\",\"file\":\"/no/such\"}]") },
	{ "sink-setting", SINK_OF("\"kind\":\"opensearch\",\"url\":\"ftp://x\""), SINK_OF("\"kind\":\"opensearch\",\"url\":\"http://127.0.0.1:9200\""),
	  SINK_OF("\"kind\":\"opensearch\",\"url\":\"$(SEARCH_URL)\"") },
	{ "sink-setting", SINK_OF("\"kind\":\"opensearch\",\"url\":\"$(SEARCH_URL:-nowhere)\""), NULL,
	  SINK_OF("\"kind\":\"opensearch\",\"url\":\"https://h\",\"auth\":{\"kind\":\"basic\",\"username\":\"u\","
		  "\"password\":{\"file\":\"/no/such\"}}") },
	{ "sink-setting", SINK_OF("\"kind\":\"kafka\""), NULL, NULL },
	{ "sink-setting", SINK_OF("\"kind\":\"webhook\",\"secrets\":[\"short\"]"), NULL,
	  SINK_OF("\"kind\":\"webhook\",\"secrets\":[{\"file\":\"/no/such\"}],\"headers\":[{\"name\":\"X-Key\",\"file\":\"/no/such\"}]") },
	{ "sink-setting", SINK_OF("\"kind\":\"webhook\",\"secrets\":[{\"fiel\":\"/no/such\"}]"), NULL, NULL },
	{ "sink-setting", M(STREAMED(BOTH), SINKS("{\"name\":\"a\",\"kind\":\"dynamodb\"},{\"name\":\"a\",\"kind\":\"dynamodb\"}")), NULL,
	  M(STREAMED(BOTH), SINKS("{\"name\":\"a\",\"kind\":\"dynamodb\"},{\"name\":\"A\",\"kind\":\"dynamodb\"}")) },
	{ "sink-setting", M(STREAMED(BOTH), SINKS("\"bus\"")), M(STREAMED(BOTH), SINKS("")), NULL },
	{ "pipeline-setting", PIPED(",\"start\":\"yesterday\""), PIPED(",\"start\":\"latest\""), PIPED(",\"start\":\"2026-11-20T12:00:00Z\"") },
	{ "pipeline-setting", PIPED(",\"on_failure\":{\"dead_letter\":\"failures\"}"), PIPED(",\"on_failure\":{\"dead_letter\":\"bus\"}"), NULL },
	{ "pipeline-setting", PIPED(",\"on_failure\":{\"retrys\":1}"), PIPED(",\"batch\":{\"records\":10}"), NULL },
	{ "pipeline-setting", PIPED(",\"batch\":{\"records\":0}"), PIPED(",\"poll\":{\"min_ms\":100}"), NULL },
	{ "pipeline-setting", PIPED(",\"name\":\"-x\""), PIPED(",\"name\":\"x\""), NULL },
	{ "pipeline-setting", PIPED(",\"handlers\":[]"), NULL, NULL },
	{ "pipeline-setting", M(STREAMED(BOTH), PIPELINES("{\"table\":\"Orders\"}")), M(STREAMED(BOTH), PIPELINES("")), NULL },
	{ "pipeline-setting", M(BOTH_STREAMED, PIPELINES("{\"table\":\"Orders\",\"name\":\"p\"},{\"table\":\"Stats\",\"name\":\"p\"}")
		HANDLERS(COUNTER("") "," INTO("Orders", ""))), NULL, NULL },
	{ "handler-setting", COUNTED(",\"shrads\":2"), COUNTED(",\"where\":{\"status\":[\"live\"]}"),
	  COUNTED(",\"events_per_s\":5,\"enabled\":false,\"batch\":{\"records\":5}") },
	{ "handler-setting", COUNTED(",\"batch\":{\"records\":0}"), NULL, NULL },
	{ "handler-setting", COUNTED(",\"changed\":[\"price\"]"), NULL, SENT(BOTH, KAFKA, TOPIC ",\"changed\":[\"price\"]") },
	{ "handler-setting", COUNTED(",\"filter\":{\"dynamodb\":{\"NewImage\":{\"a\":{\"S\":[\"b\"]}}}}"),
	  COUNTED(",\"filter\":{\"dynamodb\":{\"Keys\":{\"id\":{\"S\":[\"b\"]}}}}"),
	  COUNTED(",\"filter\":\"{\\\"dynamodb\\\":{\\\"Keys\\\":{\\\"id\\\":{\\\"S\\\":[\\\"b\\\"]}}}}\"") },
	{ "handler-setting", COUNTED(",\"on_failure\":{\"dead_letter\":\"nowhere\"}"), NULL, NULL },
	{ "handler-setting", SENT(BOTH, KAFKA, ""), SENT(BOTH, KAFKA, TOPIC), SENT(BOTH, FILES, "") },
	{ "handler-setting", SENT(BOTH, FILES, TOPIC), NULL, NULL },
	{ "handler-setting", M(T("Orders", ID, HASH_ID, STREAM(BOTH)), HANDLERS(   /* the target is the source */
		"{\"kind\":\"counter\",\"name\":\"c\",\"source\":\"Orders\",\"table\":\"Orders\","
		"\"key\":{\"id\":\"S#${item.id}\"},\"add\":[{\"attribute\":\"n\"}]}")), NULL,
	  M(T("Orders", ID, HASH_ID, STREAM(BOTH)), HANDLERS(
		"{\"kind\":\"counter\",\"name\":\"c\",\"source\":\"Orders\",\"table\":\"Orders\","
		"\"where\":{\"id\":[{\"prefix\":\"ORDER#\"}]},\"key\":{\"id\":\"S#${item.id}\"},\"add\":[{\"attribute\":\"n\"}]}")) },
	{ "handler-kind", M(ORDERS, HANDLERS("{\"kind\":\"countr\",\"name\":\"c\",\"source\":\"Orders\"}")), COUNTED(""),
	  M(ORDERS, HANDLERS("{\"kind\":\"copy\",\"name\":\"c\",\"source\":\"Orders\"}")) },
	{ "handler-sink", SENT(BOTH, "", TOPIC), SENT(BOTH, KAFKA, TOPIC), SENT(BOTH, SINKS("{\"name\":\"bus\",\"kind\":\"kafak\"}"), TOPIC) },
	{ "handler-sink", SENT(BOTH, SINKS("{\"name\":\"bus\",\"kind\":\"opensearch\",\"url\":\"http://127.0.0.1:9200\"}"), TOPIC), NULL, NULL },
	{ "handler-name", M(STREAMED(BOTH), HANDLERS(COUNTER("") "," COUNTER(""))), COUNTED(""),
	  M(STREAMED(BOTH), PIPELINES("{\"table\":\"Orders\",\"name\":\"p\"},{\"table\":\"Orders\",\"name\":\"q\"}")
		HANDLERS(COUNTER(",\"pipeline\":\"p\"") "," COUNTER(",\"pipeline\":\"q\""))) },
	{ "handler-name", M(ORDERS, HANDLERS("{\"kind\":\"counter\",\"name\":\"a b\",\"source\":\"Orders\"}")), NULL, NULL },
	{ "handler-later", M(ORDERS, HANDLERS("{\"kind\":\"copy\",\"name\":\"c\",\"source\":\"Orders\"}")), COUNTED(""), COUNTED(",\"backfill\":false") },
	{ "handler-later", COUNTED(",\"backfill\":true"), NULL, NULL },
	{ "handler-later", PIPED(",\"on_trim\":\"rebuild\""), PIPED(",\"on_trim\":\"skip\""), NULL },
	{ "handler-source", M(ORDERS, HANDLERS("{\"kind\":\"counter\",\"name\":\"c\",\"source\":\"X\"}")), COUNTED(""), M(ORDERS, HANDLERS("")) },
	{ "handler-stream", M(ORDERS "," T("Stats", ID, HASH_ID, ""), HANDLERS(COUNTER(""))), COUNTED(""),
	  M(ORDERS "," T("Stats", ID, HASH_ID, ""), "") },
	{ "pipeline-table", M(STREAMED(BOTH), PIPELINES("{\"table\":\"Order\"}")), PIPED(""), M(STREAMED(BOTH), PIPELINES("{\"table\":\"Stats\"}")) },
	{ "handler-pipeline", M(STREAMED(BOTH), PIPELINES("") HANDLERS(COUNTER(",\"pipeline\":\"p\""))), PIPED(""), COUNTED(",\"pipeline\":\"p\"") },
	{ "handler-pipeline", M(BOTH_STREAMED, PIPELINES("{\"table\":\"Stats\",\"name\":\"p\"}") HANDLERS(COUNTER(",\"pipeline\":\"p\""))),
	  M(STREAMED(BOTH), PIPELINES("{\"table\":\"Orders\",\"name\":\"p\"}") HANDLERS(COUNTER(",\"pipeline\":\"p\""))),
	  M(STREAMED(BOTH), PIPELINES("{\"table\":\"Orders\"}") HANDLERS(COUNTER(",\"pipeline\":\"Orders\""))) },
	{ "handler-pipeline", M(STREAMED(BOTH), PIPELINES("{\"table\":\"Orders\",\"name\":\"p\"},{\"table\":\"Orders\",\"name\":\"q\"}")
		HANDLERS(COUNTER(""))), NULL, NULL },
	{ "handler-target", M(T("Orders", ID, HASH_ID, STREAM(BOTH)), HANDLERS(COUNTER(""))), COUNTED(""), SENT(BOTH, KAFKA, TOPIC) },
	{ "handler-key", M(STREAMED(BOTH), HANDLERS(ROWS("\"di\":\"${item.id}\""))), M(STREAMED(BOTH), HANDLERS(ROWS("\"id\":\"${item.id}\""))),
	  M(STREAMED(BOTH), HANDLERS(ROWS("\"id\":\"TOTAL\""))) },
	{ "handler-key", M(STREAMED(BOTH), HANDLERS(ROWS("\"id\":\"${item.id}\",\"at\":\"x\""))), NULL, NULL },
	{ "handler-key", M(STREAMED("NEW_IMAGE") "," FOLLOWS, INBOX("Follows", "")), NULL,
	  M(STREAMED("NEW_IMAGE") "," FOLLOWS, INBOX("Stats", "")) },
	{ "handler-feeds-itself", M(STREAMED(BOTH) "," FOLLOWS, INBOX("Orders", "")), M(STREAMED(BOTH) "," FOLLOWS, INBOX("Stats", "")),
	  M(STREAMED(BOTH) "," FOLLOWS, INBOX("Orders", ",\"filter\":{\"dynamodb\":{\"Keys\":{\"id\":{\"S\":[{\"prefix\":\"O#\"}]}}}}")) },
	{ "handler-cycle", M(BOTH_STREAMED, HANDLERS(COUNTER("") "," INTO("Orders", ""))), COUNTED(""),
	  M(BOTH_STREAMED, HANDLERS(COUNTER("") "," INTO("Stats", ",\"where\":{\"id\":[{\"prefix\":\"O#\"}]}"))) },
	{ "handler-view-type", M(STREAMED("NEW_IMAGE"), HANDLERS(COUNTER(""))), COUNTED(""), SENT("KEYS_ONLY", KAFKA, TOPIC) },
	{ "handler-view-type", SENT("NEW_IMAGE", KAFKA, TOPIC ",\"message\":{\"was\":\"${old.price}\"}"),
	  SENT("OLD_IMAGE", KAFKA, TOPIC ",\"message\":{\"was\":\"${old.price}\"}"),
	  SENT("NEW_IMAGE", KAFKA, TOPIC ",\"message\":{\"was\":\"${old.price | default(0)}\"}") },
	{ "handler-view-type", SENT("NEW_IMAGE", KAFKA, TOPIC ",\"changed\":[\"price\"]"), SENT(BOTH, KAFKA, TOPIC ",\"changed\":[\"price\"]"),
	  SENT("KEYS_ONLY", KAFKA, TOPIC ",\"key\":\"${keys.id}\"") },
	{ "handler-view-type", SENT("NEW_IMAGE", KAFKA, TOPIC ",\"filter\":{\"dynamodb\":{\"OldImage\":{\"a\":{\"S\":[\"b\"]}}}}"),
	  SENT("NEW_IMAGE", KAFKA, TOPIC ",\"filter\":{\"dynamodb\":{\"NewImage\":{\"a\":{\"S\":[\"b\"]}}}}"),
	  SENT("KEYS_ONLY", KAFKA, TOPIC ",\"filter\":{\"eventName\":[\"INSERT\"],\"dynamodb\":{\"Keys\":{\"id\":{\"S\":[\"b\"]}}}}") },
	{ "handler-view-type", M(STREAMED("KEYS_ONLY") "," FOLLOWS, KAFKA FANOUT(ONE_KEY, "")),
	  M(STREAMED("NEW_IMAGE") "," FOLLOWS, KAFKA FANOUT(ONE_KEY, "")), NULL },
	{ "template-path", WITH_ITEM("", ",\"set\":{\"day\":\"${item.dya}\"}"), WITH_ITEM(",\"dya\":{\"S\":\"1\"}", ",\"set\":{\"day\":\"${item.dya}\"}"),
	  WITH_ITEM("", ",\"set\":{\"day\":\"${item.dya | default('x')}\"}") },
	{ "template-path", WITH_ITEM(",\"a\":{\"M\":{}}", ",\"set\":{\"day\":\"${item.a.b}\"}"), COUNTED(",\"set\":{\"day\":\"${item.day}\"}"), NULL },
	{ "audience-writes", FANNED("\"item_count\":5", "1200", ONE_KEY, ""), FANNED("\"item_count\":5", "1200", SHARDED, ""),
	  FANNED("\"hottest_key_share\":0.01", "1200", ONE_KEY, "") },
	{ "audience-writes", FANNED("\"hottest_key_share\":0.5", "2400", SHARDED, ""), FANNED("\"distinct_keys\":100", "2400", SHARDED, ""), NULL },
	{ "audience-read", FANNED("\"item_size_bytes\":1000", "1", ONE_KEY, ",\"audience_size\":1e7,\"max_age_s\":60"),
	  FANNED("\"item_size_bytes\":1000", "1", SHARDED, ",\"audience_size\":1e7,\"max_age_s\":60"),
	  FANNED("\"item_size_bytes\":1000", "1", ONE_KEY, ",\"audience_size\":1e7") },
	{ "audience-rate", FANNED("", "1", ONE_KEY, ",\"audience_size\":10000,\"rate_per_s\":10,\"max_age_s\":60"),
	  FANNED("", "1", ONE_KEY, ",\"audience_size\":10000,\"rate_per_s\":1000,\"max_age_s\":60"),
	  FANNED("", "1", ONE_KEY, ",\"audience_size\":10000,\"rate_per_s\":10") },
	{ "audience-rate", FANNED("", "1", ONE_KEY, ",\"audience_size\":10000,\"rate_per_s\":10,\"events_per_s\":1"), NULL, NULL },
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

struct place_case {
	const char *document, *printed;   /* a line of what is shown, from its begin */
};

#define SHORT "{\"tables\":[" T("Orders", ID, HASH_ID, STREAM(BOTH)) "],\n "

static void test_problems_stand_at_their_place_in_the_document(void **state)
{
	static const struct place_case places[] = {
		{ SHORT "\"stream_sinks\":[{\"name\":\"bus\",\n  \"kind\":\"kafka\",\n  \"brokrs\":\"x\"}]}",
		  "model.json:4:3: error sink-setting: stream_sinks[0].brokrs: unknown setting; did you mean 'brokers'?\n" },
		{ SHORT "\"stream_handlers\":[{\"kind\":\"forward\",\"name\":\"f\",\"source\":\"Orders\",\n  \"sink\":\"bus\"}]}",
		  "model.json:3:3: error handler-sink: stream_handlers[0].sink: no sink is called \"bus\"\n" },
		{ SHORT "\"stream_handlers\":[{\"kind\":\"forward\",\"name\":\"f\",\"source\":\"Orders\",\n"
		  "  \"filter\":\"{\\\"evntName\\\":[\\\"INSERT\\\"]}\"}]}",
		  "model.json:3:3: error handler-setting: stream_handlers[0].filter: " },
	};
	struct buf shown;

	(void)state;
	buf_init(&shown, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		lint_count(places[i].document, "x", &shown);
		if (!strstr(shown.ptr, places[i].printed))
			fail_msg("expected %s, found %s", places[i].printed, shown.ptr);
	}
	buf_release(&shown);
}

/* What the reader of the document has said is not said again. */
static void test_what_has_no_form_is_said_once(void **state)
{
	static const char *const documents[] = {
		M(STREAMED(BOTH), HANDLERS("{\"name\":\"f\",\"source\":\"Orders\"}")),
		M(STREAMED(BOTH), HANDLERS("{\"kind\":5,\"name\":\"f\",\"source\":\"Orders\"}")),
		M(STREAMED(BOTH), HANDLERS("{\"kind\":\"counter\",\"kind\":\"x\",\"name\":\"f\",\"source\":\"Orders\"}")),
	};
	struct buf shown;

	(void)state;
	buf_init(&shown, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(documents); i++)
		assert_int_equal(lint_count(documents[i], "handler-kind", &shown) + lint_count(documents[i], "missing-member", &shown) +
				 lint_count(documents[i], "wrong-type", &shown) + lint_count(documents[i], "duplicate-name", &shown), 1);
	buf_release(&shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_lint_finds_what_is_wrong_and_nothing_else),
		cmocka_unit_test(test_every_code_has_a_triple),
		cmocka_unit_test(test_problems_stand_at_their_place_in_the_document),
		cmocka_unit_test(test_what_has_no_form_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
