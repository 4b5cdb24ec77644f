/* The rules of the protocol, over a connection in memory: what is sent, what must stand in the answer. */
#include "support/mcp_peer.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>

#define META "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define CALL(id, tool, arguments) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"" tool "\",\"arguments\":" arguments "}}"
#define LIST(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/list\"}"

struct exchange {
	const char *send;
	const char *want[3];   /* each stands in the answer; [0] "": nothing is answered */
};

struct talk {
	const char *version;   /* of an initialize before it; NULL: none */
	const struct exchange *exchanges;
	size_t n;
};

static void talk(struct loop *loop, void *arg)
{
	const struct talk *t = arg;
	struct mcp_peer p;

	peer_init(&p, loop);
	peer_open(&p);
	if (t->version)
		peer_initialize(&p, t->version, "{}");
	for (size_t i = 0; i < t->n; i++) {
		const struct exchange *e = &t->exchanges[i];
		struct str line;

		peer_send(&p, e->send);
		if (!e->want[0][0]) {
			CHECK(peer_silent(&p));
			continue;
		}
		line = peer_next(&p);
		for (size_t k = 0; k < COUNT_OF(e->want) && e->want[k]; k++)
			CHECK(peer_has(line, e->want[k]));
	}
	peer_close(&p);
}

static void run_talk(const char *version, const struct exchange *exchanges, size_t n)
{
	struct talk t = { version, exchanges, n };

	run_simulated(1, talk, &t);
}

#define TALK(version, ...)                                                        \
	do {                                                                      \
		static const struct exchange exchanges[] = { __VA_ARGS__ };       \
		run_talk(version, exchanges, COUNT_OF(exchanges));                \
	} while (0)

static void test_what_is_no_message_is_refused_and_the_server_goes_on(void **state)
{
	(void)state;
	TALK("2025-06-18",
	     { "this is no JSON", { "\"id\":null", "-32700" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":1", { "-32700" } },
	     { "{} {}", { "-32700" } },
	     { "\xff", { "-32700" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"x\":\"\xc3(\"}}", { "-32700" } },
	     { "", { "" } },
	     { "   \t ", { "" } },
	     { "\r", { "" } },
	     { "42", { "-32600", "\"id\":null" } },
	     { "\"text\"", { "-32600" } },
	     { "null", { "-32600" } },
	     { "{}", { "-32600" } },
	     { "{\"id\":1,\"method\":\"ping\"}", { "-32600", "\"id\":1", "jsonrpc" } },
	     { "{\"jsonrpc\":\"1.0\",\"id\":\"a\",\"method\":\"ping\"}", { "-32600", "\"id\":\"a\"" } },
	     { "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}", { "-32600" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":2}", { "-32600", "\"id\":2" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{},\"error\":{}}", { "-32600" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":7}", { "-32600", "\"id\":3", "method" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\",\"params\":[1]}", { "-32600", "\"id\":4", "params" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\"}\r", { "\"id\":5,\"result\":{}" } },
	     { "  {\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\",\"params\":null}  ", { "\"id\":5,\"result\":{}" } },
	     { "{\"\\u006asonrpc\":\"2.0\",\"id\":6,\"method\":\"p\\u0069ng\"}", { "\"id\":6,\"result\":{}" } });
}

static void test_ids_of_every_kind(void **state)
{
	(void)state;
	TALK("2025-06-18",
	     { "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"ping\"}", { "\"id\":0,\"result\":{}" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":-7,\"method\":\"ping\"}", { "\"id\":-7,\"result\":{}" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":123456789012345678901234567890,\"method\":\"ping\"}",
	       { "\"id\":123456789012345678901234567890,\"result\":{}" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":\"\",\"method\":\"ping\"}", { "\"id\":\"\",\"result\":{}" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"\\u00e9\",\"method\":\"ping\"}", { "\"id\":\"a\\\"\\u00e9\",\"result\":{}" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", { "\"id\":null", "-32600" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", { "\"id\":null", "-32600" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":1e3,\"method\":\"ping\"}", { "\"id\":null", "-32600" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}", { "\"id\":null", "-32600" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"ping\"}", { "\"id\":null", "-32600" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":{\"a\":1},\"method\":\"ping\"}", { "\"id\":null", "-32600" } });
}

static void test_an_error_without_an_id_has_null_or_none_by_version(void **state)
{
	(void)state;
	TALK("2024-11-05", { "x", { "\"id\":null" } });
	TALK("2025-03-26", { "x", { "\"id\":null" } });
	TALK("2025-11-25", { "x", { "{\"jsonrpc\":\"2.0\",\"error\"" } });
	TALK(NULL, { "x", { "\"id\":null" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{" META "}}", { "\"result\"" } },
	     { "x", { "{\"jsonrpc\":\"2.0\",\"error\"" } });
}

static void test_nothing_is_answered_to_notifications_and_strange_answers(void **state)
{
	(void)state;
	TALK("2025-06-18",
	     { "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", { "" } },
	     { "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/unheard_of\",\"params\":{}}", { "" } },
	     { "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":99}}", { "" } },
	     { "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}", { "" } },
	     { "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}", { "" } },
	     { "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"test_simple_text\"}}", { "" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":\"sluice-1\",\"result\":{}}", { "" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":1,\"message\":\"\"}}", { "" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1,\"message\":\"\"}}", { "" } });
}

#define INITIALIZE(id, version) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"" version "\",\"capabilities\":{}}}"

static void test_initialize_agrees_on_a_version(void **state)
{
	(void)state;
	TALK(NULL,
	     { INITIALIZE("1", "2024-11-05"), { "\"protocolVersion\":\"2024-11-05\"", "\"serverInfo\"", "\"instructions\":\"Test.\"" } },
	     { INITIALIZE("2", "2025-03-26"), { "\"protocolVersion\":\"2025-03-26\"", "\"completions\":{}" } },
	     { INITIALIZE("3", "2025-06-18"), { "\"protocolVersion\":\"2025-06-18\"" } },
	     { INITIALIZE("4", "2025-11-25"), { "\"protocolVersion\":\"2025-11-25\"" } },
	     { INITIALIZE("5", "2026-07-28"), { "\"protocolVersion\":\"2025-11-25\"" } },
	     { INITIALIZE("6", "1999-01-01"), { "\"protocolVersion\":\"2025-11-25\"" } },
	     { INITIALIZE("7", "caf\xc3\xa9"), { "\"protocolVersion\":\"2025-11-25\"" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"initialize\"}", { "-32602", "protocolVersion" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"initialize\",\"params\":{\"protocolVersion\":5}}", { "-32602" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":7}}",
	       { "-32602", "capabilities" } });
}

static void test_before_an_opening(void **state)
{
	(void)state;
	TALK(NULL,
	     { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", { "\"result\":{}" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}", { "\"supportedVersions\":[\"2026-07-28\"]", "\"resultType\":\"complete\"" } },
	     { LIST("2"), { "-32602", "initialize", "io.modelcontextprotocol/protocolVersion" } },
	     { CALL("3", "test_simple_text", "{}"), { "-32602" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"logging/setLevel\",\"params\":{\"level\":\"info\"}}", { "-32602" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"unheard/of\"}", { "-32601", "unheard/of" } },
	     { INITIALIZE("6", "2025-06-18"), { "\"result\"" } },
	     { LIST("7"), { "\"tools\":[" } });
}

static void test_after_an_initialize_methods_of_the_current_era_are_unknown(void **state)
{
	(void)state;
	TALK("2025-11-25",
	     { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}", { "-32601" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":{}}}", { "-32601" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\",\"params\":{" META "}}", { "supportedVersions" } });
}

#define WITH_META(id, method, meta) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":{\"_meta\":" meta "}}"
#define P "io.modelcontextprotocol/"

static void test_the_current_era_is_told_by_each_request(void **state)
{
	(void)state;
	TALK(NULL,
	     { WITH_META("1", "tools/list", "{\"" P "protocolVersion\":\"2026-07-28\",\"" P "clientCapabilities\":{}}"),
	       { "\"tools\":[", "\"ttlMs\":", "\"cacheScope\":\"private\"" } },
	     { WITH_META("2", "tools/list", "{\"" P "protocolVersion\":\"2026-07-28\"}"), { "-32602", "clientCapabilities" } },
	     { WITH_META("3", "tools/list", "{\"" P "protocolVersion\":\"2026-07-28\",\"" P "clientCapabilities\":[]}"), { "-32602" } },
	     { WITH_META("4", "tools/list", "{\"" P "protocolVersion\":\"2025-06-18\",\"" P "clientCapabilities\":{}}"),
	       { "-32022", "\"requested\":\"2025-06-18\"", "\"supported\":[\"2026-07-28\"]" } },
	     { WITH_META("5", "server/discover", "{\"" P "protocolVersion\":\"2099-01-01\",\"" P "clientCapabilities\":{}}"), { "-32022" } },
	     { WITH_META("6", "tools/list", "{\"" P "protocolVersion\":20260728,\"" P "clientCapabilities\":{}}"), { "-32602" } },
	     { WITH_META("7", "ping", "{\"" P "protocolVersion\":\"2026-07-28\",\"" P "clientCapabilities\":{}}"), { "-32601" } },
	     { WITH_META("8", "initialize", "{\"" P "protocolVersion\":\"2026-07-28\",\"" P "clientCapabilities\":{}}"), { "-32601" } },
	     { WITH_META("9", "logging/setLevel", "{\"" P "protocolVersion\":\"2026-07-28\",\"" P "clientCapabilities\":{}}"), { "-32601" } },
	     { WITH_META("10", "unheard/of", "{\"" P "protocolVersion\":\"2099-01-01\"}"), { "-32601" } },
	     { WITH_META("11", "tools/list", "7"), { "-32602", "_meta" } },
	     { WITH_META("12", "tools/list", "{\"" P "protocolVersion\":\"2026-07-28\",\"" P "clientCapabilities\":{},\"" P "logLevel\":\"loud\"}"),
	       { "-32602", "logLevel" } },
	     { LIST("13"), { "-32602", "initialize" } });
}

static void test_both_eras_on_one_connection(void **state)
{
	(void)state;
	TALK("2025-03-26",
	     { WITH_META("1", "tools/list", "{\"" P "protocolVersion\":\"2026-07-28\",\"" P "clientCapabilities\":{}}"), { "\"resultType\":\"complete\"" } },
	     { LIST("2"), { "\"id\":2,\"result\":{\"tools\":[" } },
	     { WITH_META("3", "resources/read", "{\"progressToken\":1}"), { "-32602", "uri" } });
}

static void test_tools_and_their_failures(void **state)
{
	(void)state;
	TALK("2025-06-18",
	     { CALL("1", "test_simple_text", "{}"), { "\"content\":[{\"type\":\"text\",\"text\":\"This is" } },
	     { CALL("1", "test_simple_text", "null"), { "\"content\":[" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"test_simple_text\"}}", { "\"content\":[" } },
	     { CALL("3", "test_simple_txt", "{}"), { "-32602", "did you mean 'test_simple_text'" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/call\",\"params\":{}}", { "-32602", "params.name" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/call\",\"params\":{\"name\":7}}", { "-32602" } },
	     { CALL("5", "test_error_handling", "{}"), { "\"isError\":true", "intentionally" } },
	     { CALL("6", "test_simple_text", "{\"x\":1}"), { "\"isError\":true", "no such argument", "It takes no arguments." } },
	     { CALL("7", "test_echo", "{\"cuont\":1}"), { "\"isError\":true", "did you mean 'count'", "It takes: text (string)" } },
	     { CALL("8", "test_echo", "{\"count\":\"10\"}"), { "\"structuredContent\":{\"count\":10}", "\"text\":\"{\\\"count\\\":10}\"" } },
	     { CALL("9", "test_echo", "\"{\\\"count\\\":3}\""), { "\"structuredContent\":{\"count\":3}" } },
	     { CALL("10", "test_echo", "[1]"), { "\"isError\":true", "an object" } },
	     { CALL("11", "test_echo", "{\"count\":1,\"count\":2}"), { "-32602", "stands twice" } },
	     { CALL("12", "test_wait", "{}"), { "\"isError\":true", "milliseconds", "is missing" } },
	     { CALL("13", "test_wait", "{\"milliseconds\":null}"), { "\"isError\":true", "is missing" } });
}

static void test_a_result_that_is_too_large_is_an_error_but_for_the_guide(void **state)
{
	static char line[80000];
	size_t n = (size_t)snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
							"\"test_echo\",\"arguments\":{\"text\":\"");
	static struct exchange exchanges[] = {
		{ line, { "\"isError\":true", "over 32768 bytes" } },
		{ CALL("2", "dynamodb_data_modeling", "{}"), { "DynamoDB", "\"id\":2,\"result\":{\"content\":[" } },
	};

	(void)state;
	memset(line + n, 'x', 40000);
	strcpy(line + n + 40000, "\"}}}");
	run_talk("2025-06-18", exchanges, COUNT_OF(exchanges));
}

static void test_older_versions_get_what_their_schemas_have(void **state)
{
	(void)state;
	TALK("2024-11-05",
	     { CALL("1", "test_audio_content", "{}"), { "\"type\":\"text\"", "has no audio" } },
	     { CALL("2", "test_resource_link", "{}"), { "\"type\":\"text\"", "test://static-text" } },
	     { CALL("3", "test_echo", "{\"count\":1}"), { "\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"{\\\"count\\\":1}\"}]}}" } });
	TALK("2025-03-26", { CALL("1", "test_audio_content", "{}"), { "\"type\":\"audio\"" } },
	     { CALL("2", "test_resource_link", "{}"), { "\"type\":\"text\"" } });
	TALK("2025-06-18", { CALL("2", "test_resource_link", "{}"), { "\"type\":\"resource_link\"" } });
}

static void test_prompts(void **state)
{
	(void)state;
	TALK("2025-06-18",
	     { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"prompts/get\",\"params\":{\"name\":\"test_simple_prompt\"}}",
	       { "\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\"" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"prompts/get\",\"params\":{\"name\":\"test_simple_promt\"}}",
	       { "-32602", "did you mean 'test_simple_prompt'" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"prompts/get\",\"params\":{\"name\":\"test_prompt_with_arguments\","
	       "\"arguments\":{\"arg1\":\"a\",\"arg2\":\"b\"}}}", { "arg1='a', arg2='b'" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"prompts/get\",\"params\":{\"name\":\"test_prompt_with_arguments\","
	       "\"arguments\":{\"arg1\":\"a\"}}}", { "-32602", "arg2" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"prompts/get\",\"params\":{\"name\":\"test_prompt_with_arguments\","
	       "\"arguments\":{\"arg1\":\"a\",\"arg2\":7}}}", { "-32602", "a string" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"prompts/get\",\"params\":{\"name\":\"test_prompt_with_arguments\","
	       "\"arguments\":{\"arg1\":\"a\",\"agr2\":\"7\"}}}", { "-32602", "did you mean 'arg2'" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"prompts/get\",\"params\":{\"name\":\"dynamodb-data-modeling\"}}",
	       { "\"messages\":[", "DynamoDB" } });
}

#define COMPLETE(ref, argument) \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"completion/complete\",\"params\":{\"ref\":" ref ",\"argument\":" argument "}}"
#define PROMPT_REF "{\"type\":\"ref/prompt\",\"name\":\"test_prompt_with_arguments\"}"

static void test_completion(void **state)
{
	(void)state;
	TALK("2025-06-18",
	     { COMPLETE(PROMPT_REF, "{\"name\":\"arg1\",\"value\":\"\"}"), { "\"value-099\"],\"total\":150,\"hasMore\":true" } },
	     { COMPLETE(PROMPT_REF, "{\"name\":\"arg1\",\"value\":\"VALUE-14\"}"), { "[\"value-140\"", "\"total\":10,\"hasMore\":false" } },
	     { COMPLETE(PROMPT_REF, "{\"name\":\"arg2\",\"value\":\"x\"}"), { "\"values\":[],\"total\":0,\"hasMore\":false" } },
	     { COMPLETE(PROMPT_REF, "{\"name\":\"arg3\",\"value\":\"x\"}"), { "-32602" } },
	     { COMPLETE("{\"type\":\"ref/prompt\",\"name\":\"none\"}", "{\"name\":\"a\",\"value\":\"x\"}"), { "-32602" } },
	     { COMPLETE("{\"type\":\"ref/resource\",\"uri\":\"test://template/{id}/data\"}", "{\"name\":\"id\",\"value\":\"\"}"), { "[\"1\"]" } },
	     { COMPLETE("{\"type\":\"ref/resource\",\"uri\":\"test://template/{id}/data\"}", "{\"name\":\"di\",\"value\":\"\"}"), { "-32602" } },
	     { COMPLETE("{\"type\":\"ref/resource\",\"uri\":\"x://\"}", "{\"name\":\"id\",\"value\":\"\"}"), { "-32602" } },
	     { COMPLETE("{\"type\":\"ref/else\"}", "{\"name\":\"id\",\"value\":\"\"}"), { "-32602" } },
	     { COMPLETE(PROMPT_REF, "{\"name\":\"arg1\"}"), { "-32602" } });
}

#define READ(id, uri) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"resources/read\",\"params\":{\"uri\":\"" uri "\"}}"

static void test_resources(void **state)
{
	(void)state;
	TALK("2025-06-18",
	     { READ("1", "test://static-text"), { "\"contents\":[{\"uri\":\"test://static-text\",\"mimeType\":\"text/plain\",\"text\":" } },
	     { READ("2", "test://static-binary"), { "\"blob\":" } },
	     { READ("3", "test://template/a%20b/data"), { "{\\\"id\\\":\\\"a b\\\"" } },
	     { READ("4", "test://template/a/b/data"), { "-32002", "\"data\":{\"uri\":\"test://template/a/b/data\"}" } },
	     { READ("5", "test://template//data"), { "-32002" } },
	     { READ("6", "test://template/%zz/data"), { "-32002" } },
	     { READ("7", "test://template/%ff/data"), { "-32002" } },
	     { READ("8", "test://none"), { "-32002" } },
	     { READ("9", "test://static-text\\u0000"), { "-32002" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":10,\"method\":\"resources/read\"}", { "-32602" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":11,\"method\":\"resources/read\",\"params\":{\"uri\":\"test://none\"," META "}}", { "-32602" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":12,\"method\":\"resources/subscribe\",\"params\":{\"uri\":\"test://watched-resource\"}}", { "\"result\":{}" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":13,\"method\":\"resources/subscribe\",\"params\":{\"uri\":\"test://none\"}}", { "-32002" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":14,\"method\":\"resources/unsubscribe\",\"params\":{\"uri\":\"test://watched-resource\"}}", { "\"result\":{}" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":15,\"method\":\"resources/unsubscribe\",\"params\":{\"uri\":\"test://watched-resource\"}}", { "\"result\":{}" } });
}

static void test_log_levels(void **state)
{
	(void)state;
	TALK("2025-06-18",
	     { CALL("1", "test_tool_with_logging", "{}"), { "\"id\":1,\"result\"" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"logging/setLevel\",\"params\":{\"level\":\"debug\"}}", { "\"result\":{}" } },
	     { CALL("3", "test_tool_with_logging", "{}"), { "notifications/message", "\"level\":\"info\"", "execution started" } });
	TALK("2025-06-18",
	     { "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"logging/setLevel\",\"params\":{\"level\":\"loud\"}}", { "-32602", "emergency" } },
	     { "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"logging/setLevel\",\"params\":{\"level\":7}}", { "-32602" } });
}

static void test_batches_are_of_one_version_only(void **state)
{
	(void)state;
	TALK("2025-03-26",
	     { "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"nope\"}]",
	       { "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}},{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32601" } },
	     { "[" CALL("3", "test_wait", "{\"milliseconds\":500}") ",{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\"}]",
	       { "[{\"jsonrpc\":\"2.0\",\"id\":4", "waited 500 ms" } },
	     { "[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}]", { "" } },
	     { "[]", { "-32600" } },
	     { "[1,{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\"}]", { "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600", "\"id\":5,\"result\":{}}]" } },
	     { "[" INITIALIZE("6", "2025-03-26") "]", { "[{\"jsonrpc\":\"2.0\",\"id\":6,\"error\":{\"code\":-32600" } },
	     { "[[]]", { "[{", "-32600" } });
	TALK("2025-06-18", { "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", { "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600" } });
	TALK(NULL, { "[]", { "-32600" } });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_message_is_refused_and_the_server_goes_on),
		cmocka_unit_test(test_ids_of_every_kind),
		cmocka_unit_test(test_an_error_without_an_id_has_null_or_none_by_version),
		cmocka_unit_test(test_nothing_is_answered_to_notifications_and_strange_answers),
		cmocka_unit_test(test_initialize_agrees_on_a_version),
		cmocka_unit_test(test_before_an_opening),
		cmocka_unit_test(test_after_an_initialize_methods_of_the_current_era_are_unknown),
		cmocka_unit_test(test_the_current_era_is_told_by_each_request),
		cmocka_unit_test(test_both_eras_on_one_connection),
		cmocka_unit_test(test_tools_and_their_failures),
		cmocka_unit_test(test_a_result_that_is_too_large_is_an_error_but_for_the_guide),
		cmocka_unit_test(test_older_versions_get_what_their_schemas_have),
		cmocka_unit_test(test_prompts),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_log_levels),
		cmocka_unit_test(test_batches_are_of_one_version_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
