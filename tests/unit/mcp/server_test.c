/* Many requests at a time, those that are cancelled, those that ask; lines that are too long, clients that do not read, ends. */
#include "support/mcp_peer.h"
#include "support/tasks.h"
#include "support/test.h"

#include "../../../src/mcp/impl.h"

#include "sluice/core/scan.h"
#include "sluice/mcp/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CALL(id, tool, arguments) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"" tool "\",\"arguments\":" arguments "}}"
#define PING(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"ping\"}"
#define CANCEL(id) "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":" id ",\"reason\":\"test\"}}"

static void begin(struct mcp_peer *p, struct loop *loop, const char *version, const char *capabilities)
{
	peer_init(p, loop);
	peer_open(p);
	peer_initialize(p, version, capabilities);
}

/* ---- at the same time ---- */

static void a_slow_call_holds_nothing_up(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{}");
	peer_send(&p, CALL("1", "test_wait", "{\"milliseconds\":5000}"));
	CHECK(peer_has(peer_ask(&p, PING("2")), "\"id\":2"));
	CHECK(peer_has(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/list\"}"), "\"id\":3"));
	CHECK(peer_has(peer_ask(&p, CALL("4", "test_wait", "{\"milliseconds\":10}")), "\"id\":4"));
	CHECK(peer_has(peer_next(&p), "\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"waited 5000 ms\""));
	peer_close(&p);
}

static void test_a_slow_call_holds_nothing_up(void **state)
{
	(void)state;
	run_simulated(1, a_slow_call_holds_nothing_up, NULL);
}

static void a_repeated_id_is_refused_while_it_is_in_flight(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{}");
	peer_send(&p, CALL("\"a\"", "test_wait", "{\"milliseconds\":100}"));
	CHECK(peer_has(peer_ask(&p, PING("\"\\u0061\"")), "\"id\":null,\"error\":{\"code\":-32600"));
	CHECK(peer_has(peer_ask(&p, CALL("\"a\"", "test_simple_text", "{}")), "-32600"));
	CHECK(peer_has(peer_next(&p), "waited 100 ms"));
	CHECK(peer_has(peer_ask(&p, PING("\"a\"")), "\"result\":{}"));
	peer_close(&p);
}

static void test_a_repeated_id_is_refused_while_it_is_in_flight(void **state)
{
	(void)state;
	run_simulated(1, a_repeated_id_is_refused_while_it_is_in_flight, NULL);
}

static void a_thousand_pipelined_requests_are_all_answered(struct loop *loop, void *arg)
{
	enum { N = 1000 };
	static bool seen[N];
	struct mcp_peer p;
	char line[200];

	(void)arg;
	memset(seen, 0, sizeof(seen));
	begin(&p, loop, "2025-06-18", "{}");
	for (int i = 0; i < N; i++) {
		snprintf(line, sizeof(line), CALL("%d", "test_wait", "{\"milliseconds\":%d}"), i, i % 7);
		peer_send(&p, line);
	}
	for (int i = 0; i < N; i++) {
		struct str answer = peer_next(&p), id;
		uint64_t n;

		CHECK(answer.ptr && scan_member(answer, STR("id"), &id) && str_to_u64(id, &n) && n < N);
		CHECK(!seen[n]);
		CHECK(peer_has(answer, "\"result\""));
		seen[n] = true;
		CHECK(p.server->n_running <= CALLS_RUNNING);
	}
	peer_close(&p);
}

static void test_a_thousand_pipelined_requests_are_all_answered(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++)
		run_simulated(seed, a_thousand_pipelined_requests_are_all_answered, NULL);
}

static void the_line_of_waiting_requests_is_bounded(struct loop *loop, void *arg)
{
	enum { N = CALLS_RUNNING + CALLS_WAITING + 10 };
	struct mcp_peer p;
	char line[200];
	int busy = 0;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{}");
	for (int i = 0; i < N; i++) {
		snprintf(line, sizeof(line), CALL("%d", "test_wait", "{\"milliseconds\":60000}"), i);
		peer_send(&p, line);
	}
	for (; busy < 10; busy++)
		CHECK(peer_has(peer_next(&p), "\"error\":{\"code\":-32000"));
	CHECK(peer_has(peer_ask(&p, PING("\"still\"")), "\"result\":{}"));
	CHECK_EQ(p.server->n_waiting, CALLS_WAITING);
	mcp_server_stop(p.server);
	peer_close(&p);
}

static void test_the_line_of_waiting_requests_is_bounded(void **state)
{
	(void)state;
	run_simulated(1, the_line_of_waiting_requests_is_bounded, NULL);
}

/* ---- cancelled ---- */

static void a_cancelled_call_is_not_answered(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{}");
	peer_send(&p, CALL("1", "test_wait", "{\"milliseconds\":600000}"));
	settle(loop);
	CHECK_EQ(p.server->n_running, 1);
	peer_send(&p, CANCEL("1"));
	CHECK(peer_has(peer_ask(&p, PING("1")), "\"id\":1,\"result\":{}"));
	task_sleep_ms(loop, 1000, NULL);
	CHECK_EQ(p.server->n_running, 0);
	CHECK(peer_silent(&p));
	peer_close(&p);
}

static void test_a_cancelled_call_is_not_answered(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		run_simulated(seed, a_cancelled_call_is_not_answered, NULL);
}

static void a_call_in_line_can_be_cancelled(struct loop *loop, void *arg)
{
	struct mcp_peer p;
	char line[200];

	(void)arg;
	begin(&p, loop, "2025-03-26", "{}");
	for (int i = 0; i < CALLS_RUNNING; i++) {
		snprintf(line, sizeof(line), CALL("%d", "test_wait", "{\"milliseconds\":1000}"), i);
		peer_send(&p, line);
	}
	peer_send(&p, "[" CALL("\"x\"", "test_simple_text", "{}") "," CALL("\"y\"", "test_simple_text", "{}") "]");
	peer_send(&p, CANCEL("\"x\""));
	for (int i = 0; i < CALLS_RUNNING; i++)
		CHECK(peer_has(peer_next(&p), "waited"));
	CHECK(peer_has(peer_next(&p), "[{\"jsonrpc\":\"2.0\",\"id\":\"y\""));
	CHECK(peer_silent(&p));
	peer_close(&p);
}

static void test_a_call_in_line_can_be_cancelled(void **state)
{
	(void)state;
	run_simulated(1, a_call_in_line_can_be_cancelled, NULL);
}

/* ---- meanwhile ---- */

static void progress_comes_with_the_token_before_the_result(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{}");
	peer_send(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"test_tool_with_progress\","
		      "\"_meta\":{\"progressToken\":\"t\\u00e9\"}}}");
	CHECK(peer_has(peer_next(&p), "\"progressToken\":\"t\\u00e9\",\"progress\":0,\"total\":100,\"message\":\"0 of 100\""));
	CHECK(peer_has(peer_next(&p), "\"progress\":50,"));
	CHECK(peer_has(peer_next(&p), "\"progress\":100,"));
	CHECK(peer_has(peer_next(&p), "\"id\":1,\"result\""));
	CHECK(peer_has(peer_ask(&p, CALL("2", "test_tool_with_progress", "{}")), "\"id\":2,\"result\""));
	peer_close(&p);
}

static void test_progress_comes_with_the_token_before_the_result(void **state)
{
	(void)state;
	run_simulated(1, progress_comes_with_the_token_before_the_result, NULL);
}

static void in_the_current_era_logs_come_only_where_asked_for(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	peer_init(&p, loop);
	peer_open(&p);
	CHECK(peer_has(peer_ask_current(&p, "1", "tools/call", "\"name\":\"test_tool_with_logging\","), "\"id\":1,\"result\""));
	peer_send(&p, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"test_tool_with_logging\",\"_meta\":{"
		      "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{},"
		      "\"io.modelcontextprotocol/logLevel\":\"info\"}}}");
	for (int i = 0; i < 3; i++)
		CHECK(peer_has(peer_next(&p), "\"method\":\"notifications/message\""));
	CHECK(peer_has(peer_next(&p), "\"resultType\":\"complete\",\"_meta\":{\"io.modelcontextprotocol/serverInfo\""));
	peer_close(&p);
}

static void test_in_the_current_era_logs_come_only_where_asked_for(void **state)
{
	(void)state;
	run_simulated(1, in_the_current_era_logs_come_only_where_asked_for, NULL);
}

/* ---- asking ---- */

static void a_legacy_client_is_asked_while_the_call_waits(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{\"elicitation\":{},\"sampling\":{}}");
	CHECK(peer_has(peer_ask(&p, CALL("1", "test_elicitation", "{\"message\":\"Who \\\"are\\\" you?\"}")),
		       "{\"jsonrpc\":\"2.0\",\"id\":\"sluice-1\",\"method\":\"elicitation/create\",\"params\":{\"message\":\"Who \\\"are\\\" you?\""));
	CHECK(peer_has(peer_ask(&p, PING("2")), "\"id\":2"));
	CHECK(peer_has(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":\"sluice-1\",\"result\":{\"action\":\"accept\",\"content\":{\"a\":1}}}"),
		       "\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"User response: action=accept, content={\\\"a\\\":1}\"}]}"));
	CHECK(peer_has(peer_ask(&p, CALL("3", "test_sampling", "{\"prompt\":\"?\"}")), "\"id\":\"sluice-2\",\"method\":\"sampling/createMessage\""));
	CHECK(peer_has(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":\"sluice-2\",\"error\":{\"code\":-1,\"message\":\"no\"}}"),
		       "\"text\":\"the client answered sampling/createMessage with an error: no\"}],\"isError\":true"));
	CHECK(peer_has(peer_ask(&p, CALL("4", "test_sampling", "{\"prompt\":\"?\"}")), "sluice-3"));
	CHECK(peer_has(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":\"sluice-3\",\"result\":7}"), "\"isError\":true"));
	peer_close(&p);
}

static void test_a_legacy_client_is_asked_while_the_call_waits(void **state)
{
	(void)state;
	run_simulated(1, a_legacy_client_is_asked_while_the_call_waits, NULL);
}

static void a_client_that_cannot_be_asked_is_not(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{}");
	CHECK(peer_has(peer_ask(&p, CALL("1", "test_sampling", "{\"prompt\":\"?\"}")), "has not declared the capability \\\"sampling\\\"\"}],\"isError\":true"));
	CHECK(peer_has(peer_ask_current(&p, "2", "tools/call", "\"name\":\"test_sampling\",\"arguments\":{\"prompt\":\"?\"},"),
		       "\"error\":{\"code\":-32021"));
	CHECK(peer_has(peer_ask_current(&p, "2", "tools/call", "\"name\":\"test_sampling\",\"arguments\":{\"prompt\":\"?\"},"),
		       "\"data\":{\"requiredCapabilities\":{\"sampling\":{}}}"));
	peer_close(&p);
}

static void test_a_client_that_cannot_be_asked_is_not(void **state)
{
	(void)state;
	run_simulated(1, a_client_that_cannot_be_asked_is_not, NULL);
}

static void a_question_that_is_not_answered_ends(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{\"elicitation\":{},\"sampling\":{}}");
	CHECK(peer_has(peer_ask(&p, CALL("1", "test_sampling", "{\"prompt\":\"?\"}")), "sluice-1"));
	task_sleep_ms(loop, ASK_MS + 1, NULL);
	CHECK(peer_has(peer_next(&p), "\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\"sluice-1\"}"));
	CHECK(peer_has(peer_next(&p), "within five minutes"));
	CHECK(peer_has(peer_ask(&p, CALL("2", "test_sampling", "{\"prompt\":\"?\"}")), "sluice-2"));
	peer_send(&p, CANCEL("2"));
	CHECK(peer_has(peer_next(&p), "\"requestId\":\"sluice-2\""));
	CHECK(peer_silent(&p));
	peer_close(&p);
}

static void test_a_question_that_is_not_answered_ends(void **state)
{
	(void)state;
	run_simulated(1, a_question_that_is_not_answered_ends, NULL);
}

static void in_the_current_era_the_call_comes_again_with_the_answer(struct loop *loop, void *arg)
{
	const char *call = "\"name\":\"test_elicitation\",\"arguments\":{\"message\":\"?\"},";
	const char *again = "\"name\":\"test_elicitation\",\"arguments\":{\"message\":\"?\"},\"requestState\":\"{}\","
			    "\"inputResponses\":{\"fixture\":{\"action\":\"decline\"}},";
	const char *kept = "\"name\":\"test_elicitation\",\"arguments\":{\"message\":\"?\"},"
			   "\"requestState\":\"{\\\"fixture\\\":{\\\"action\\\":\\\"cancel\\\"}}\",";
	const char *nonsense = "\"name\":\"test_elicitation\",\"arguments\":{\"message\":\"?\"},\"requestState\":\"{{{\",\"inputResponses\":[],";
	const char *wrong = "\"name\":\"test_elicitation\",\"arguments\":{\"message\":\"?\"},\"inputResponses\":{\"fixture\":7},";
	struct mcp_peer p;

	(void)arg;
	peer_init(&p, loop);
	peer_open(&p);
	CHECK(peer_has(peer_ask_current(&p, "1", "tools/call", call),
		       "\"result\":{\"resultType\":\"input_required\",\"inputRequests\":{\"fixture\":{\"method\":\"elicitation/create\",\"params\":{\"message\":\"?\""));
	CHECK(peer_has(peer_ask_current(&p, "1", "tools/call", call), "}}},\"requestState\":\"{}\",\"_meta\""));
	CHECK(peer_has(peer_ask_current(&p, "2", "tools/call", again), "action=decline, content={}"));
	CHECK(peer_has(peer_ask_current(&p, "3", "tools/call", kept), "action=cancel, content={}"));
	CHECK(peer_has(peer_ask_current(&p, "4", "tools/call", nonsense), "input_required"));
	CHECK(peer_has(peer_ask_current(&p, "5", "tools/call", wrong), "\"isError\":true"));
	peer_close(&p);
}

static void test_in_the_current_era_the_call_comes_again_with_the_answer(void **state)
{
	(void)state;
	run_simulated(1, in_the_current_era_the_call_comes_again_with_the_answer, NULL);
}

/* ---- the workspace ---- */

static void roots_are_asked_for_once_and_again_when_they_change(struct loop *loop, void *arg)
{
	char answer[300], folder[] = "/tmp/sluice-roots-XXXXXX";
	struct mcp_peer p;

	(void)arg;
	CHECK(mkdtemp(folder) != NULL);
	begin(&p, loop, "2025-06-18", "{\"roots\":{\"listChanged\":true}}");
	CHECK(peer_has(peer_ask(&p, CALL("1", "test_path", "{\"path\":\"a/b.json\"}")), "\"id\":\"sluice-1\",\"method\":\"roots/list\""));
	snprintf(answer, sizeof(answer), "{\"jsonrpc\":\"2.0\",\"id\":\"sluice-1\",\"result\":{\"roots\":[{\"uri\":\"file:///not/there\"},"
		 "{\"uri\":\"https://x/\"},{\"uri\":\"file://%s\"}]}}", folder);
	CHECK(peer_has(peer_ask(&p, answer), folder));
	CHECK(peer_has(peer_ask(&p, CALL("2", "test_path", "{\"path\":\"/etc/passwd\"}")), "is outside of the workspace"));
	peer_send(&p, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/roots/list_changed\"}");
	CHECK(peer_has(peer_ask(&p, CALL("3", "test_path", "{\"path\":\"a\"}")), "sluice-2"));
	CHECK(peer_has(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":\"sluice-2\",\"result\":{\"roots\":[]}}"), "--workspace DIR"));
	peer_close(&p);
	CHECK(rmdir(folder) == 0);
}

static void test_roots_are_asked_for_once_and_again_when_they_change(void **state)
{
	(void)state;
	run_simulated(1, roots_are_asked_for_once_and_again_when_they_change, NULL);
}

static void the_option_beats_the_clients_roots(struct loop *loop, void *arg)
{
	char folder[] = "/tmp/sluice-roots-XXXXXX";
	struct mcp_peer p;

	(void)arg;
	CHECK(mkdtemp(folder) != NULL);
	peer_init(&p, loop);
	p.options.workspaces[p.options.n_workspaces++] = folder;
	peer_open(&p);
	peer_initialize(&p, "2025-06-18", "{\"roots\":{}}");
	CHECK(peer_has(peer_ask(&p, CALL("1", "test_path", "{\"path\":\"x\"}")), folder));
	peer_close(&p);
	CHECK(rmdir(folder) == 0);
}

static void test_the_option_beats_the_clients_roots(void **state)
{
	(void)state;
	run_simulated(1, the_option_beats_the_clients_roots, NULL);
}

/* ---- subscriptions/listen ---- */

static void a_subscription_is_acknowledged_and_ends_with_the_server(struct loop *loop, void *arg)
{
	const char *filter = "\"notifications\":{\"toolsListChanged\":true,\"resourceSubscriptions\":[\"test://none\",\"test://watched-resource\"]},";
	struct mcp_peer p;

	(void)arg;
	peer_init(&p, loop);
	peer_open(&p);
	CHECK(peer_has(peer_ask_current(&p, "\"s\"", "subscriptions/listen", filter),
		       "\"method\":\"notifications/subscriptions/acknowledged\",\"params\":{\"notifications\":{\"resourceSubscriptions\":"
		       "[\"test://watched-resource\"]},\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":\"s\"}}"));
	CHECK(peer_silent(&p));
	CHECK(peer_has(peer_ask_current(&p, "\"s\"", "tools/list", ""), "-32600"));
	CHECK(peer_has(peer_ask_current(&p, "7", "subscriptions/listen", "\"notifications\":{},"), "{\"notifications\":{},"));
	CHECK(peer_has(peer_ask_current(&p, "8", "subscriptions/listen", ""), "-32602"));
	peer_send(&p, CANCEL("7"));
	CHECK(peer_silent(&p));
	mcp_server_stop(p.server);
	CHECK(peer_has(peer_next(&p), "\"id\":\"s\",\"result\":{\"resultType\":\"complete\",\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":\"s\""));
	CHECK(peer_next(&p).ptr == NULL);
	peer_close(&p);
}

static void test_a_subscription_is_acknowledged_and_ends_with_the_server(void **state)
{
	(void)state;
	run_simulated(7, a_subscription_is_acknowledged_and_ends_with_the_server, NULL);
}

/* ---- lines ---- */

static void a_line_that_is_too_long_is_skipped(struct loop *loop, void *arg)
{
	enum { CHUNK = 1 << 20 };
	char *chunk = malloc(CHUNK);
	struct mcp_peer p;

	(void)arg;
	CHECK(chunk != NULL);
	memset(chunk, 'x', CHUNK);
	begin(&p, loop, "2025-06-18", "{}");
	for (int i = 0; i < 20; i++) {
		peer_send_bytes(&p, str_of(chunk, CHUNK));
		while (p.in_at < p.in.len)
			task_yield(loop, NULL);
		CHECK(p.server->lines.held.cap <= LINE_MAX_BYTES + 4 * LINES_READ_BYTES);
	}
	CHECK(p.server->lines.held.cap < CHUNK); /* no longer held */
	peer_send(&p, "x");
	CHECK(peer_has(peer_next(&p), "\"error\":{\"code\":-32600,\"message\":\"a line of more than 16777216 bytes"));
	CHECK(peer_has(peer_ask(&p, PING("1")), "\"id\":1,\"result\":{}"));
	CHECK(peer_silent(&p));
	peer_close(&p);
	free(chunk);
}

static void test_a_line_that_is_too_long_is_skipped(void **state)
{
	(void)state;
	run_simulated(1, a_line_that_is_too_long_is_skipped, NULL);
}

static void messages_may_come_in_pieces(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	peer_init(&p, loop);
	p.chunk = *(size_t *)arg;
	peer_open(&p);
	peer_initialize(&p, "2025-06-18", "{}");
	peer_send(&p, PING("1") "\r\n\r\n" PING("2"));
	CHECK(peer_has(peer_next(&p), "\"id\":1"));
	CHECK(peer_has(peer_next(&p), "\"id\":2"));
	peer_close(&p);
}

static void test_messages_may_come_in_pieces(void **state)
{
	(void)state;
	for (size_t chunk = 1; chunk < 20; chunk += 3)
		run_simulated(chunk, messages_may_come_in_pieces, &chunk);
}

static void deep_nesting_is_refused(struct loop *loop, void *arg)
{
	static char line[400000];
	struct mcp_peer p;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{}");
	memset(line, '[', sizeof(line) - 1);
	CHECK(peer_has(peer_ask(&p, line), "-32700"));
	for (size_t depth = 100; depth <= 130; depth += 30) {
		char *at = line + sprintf(line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"test_echo\","
					  "\"arguments\":{\"map\":{\"a\":");

		memset(at, '[', depth);
		memset(at + depth, ']', depth);
		strcpy(at + 2 * depth, "}}}}");
		CHECK(peer_has(peer_ask(&p, line), depth == 100 ? "\"structuredContent\"" : "-32700"));
	}
	peer_close(&p);
}

static void test_deep_nesting_is_refused(void **state)
{
	(void)state;
	run_simulated(1, deep_nesting_is_refused, NULL);
}

/* ---- ends ---- */

struct ending {
	const char *last, *answer;
};

static void the_last_line_needs_no_end(struct loop *loop, void *arg)
{
	const struct ending *e = arg;
	struct mcp_peer p;

	begin(&p, loop, "2025-06-18", "{}");
	peer_send_bytes(&p, str_c(e->last));
	p.ended = true;
	event_set(&p.more);
	CHECK(peer_has(peer_next(&p), e->answer));
	CHECK(peer_next(&p).ptr == NULL);
	CHECK(p.done && p.ok);
	peer_close(&p);
}

static void test_the_last_line_needs_no_end(void **state)
{
	struct ending endings[] = {
		{ PING("1"), "\"id\":1,\"result\":{}" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"meth", "-32700" },
		{ CALL("1", "test_wait", "{\"milliseconds\":100}"), "waited 100 ms" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(endings); i++)
		run_simulated(i + 1, the_last_line_needs_no_end, &endings[i]);
}

static void at_the_end_running_calls_are_cancelled(struct loop *loop, void *arg)
{
	bool stopped = *(bool *)arg;
	struct mcp_peer p;
	int64_t begun;
	char line[200];

	begin(&p, loop, "2025-03-26", "{\"sampling\":{}}");
	for (int i = 0; i < CALLS_RUNNING + 20; i++) {
		snprintf(line, sizeof(line), "[" CALL("%d", "test_wait", "{\"milliseconds\":600000}") "]", i);
		peer_send(&p, line);
	}
	settle(loop);
	begun = env_mono_ms(loop_env(loop));
	if (stopped)
		mcp_server_stop(p.server);
	else
		p.ended = true;
	event_set(&p.more);
	CHECK_STR(peer_next(&p), "");
	CHECK(p.done && p.ok);
	CHECK(env_mono_ms(loop_env(loop)) - begun <= (stopped ? 100 : END_GRACE_MS + 100));
	peer_close(&p);
}

static void test_at_the_end_running_calls_are_cancelled(void **state)
{
	bool stopped = false;

	(void)state;
	run_simulated(1, at_the_end_running_calls_are_cancelled, &stopped);
	stopped = true;
	run_simulated(2, at_the_end_running_calls_are_cancelled, &stopped);
}

static void a_client_that_does_not_read_is_not_read(struct loop *loop, void *arg)
{
	struct mcp_peer p;
	size_t read;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{}");
	p.stuck = true;
	for (int i = 0; i < 40000; i++)
		peer_send(&p, PING("1"));
	for (int i = 0; i < 100; i++)
		peer_send(&p, CALL("\"a\"", "dynamodb_data_modeling", "{}"));
	settle(loop);
	read = p.in_at;
	CHECK(read < p.in.len);
	CHECK(p.server->output.waiting.len + p.server->output.writing.len < 2 * OUTPUT_HIGH_BYTES);
	settle(loop);
	CHECK_EQ(p.in_at, read);
	p.stuck = false;
	event_set(&p.reads);
	for (int i = 0; i < 40000; i++)
		CHECK(peer_has(peer_next(&p), "\"id\":1"));
	peer_close(&p);
}

static void test_a_client_that_does_not_read_is_not_read(void **state)
{
	(void)state;
	run_simulated(1, a_client_that_does_not_read_is_not_read, NULL);
}

static void results_wait_for_a_client_that_does_not_read(struct loop *loop, void *arg)
{
	struct mcp_peer p;
	char line[200];

	(void)arg;
	begin(&p, loop, "2025-06-18", "{}");
	p.stuck = true;
	for (int i = 0; i < 500; i++) {
		snprintf(line, sizeof(line), CALL("%d", "dynamodb_data_modeling", "{}"), i);
		peer_send(&p, line);
	}
	settle(loop);
	CHECK(p.server->output.waiting.len + p.server->output.writing.len < 2 * OUTPUT_HIGH_BYTES);
	p.stuck = false;
	event_set(&p.reads);
	for (int i = 0; i < 500; i++)
		CHECK(peer_has(peer_next(&p), "DynamoDB"));
	peer_close(&p);
}

static void test_results_wait_for_a_client_that_does_not_read(void **state)
{
	(void)state;
	run_simulated(1, results_wait_for_a_client_that_does_not_read, NULL);
}

static void the_server_ends_though_nobody_reads(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{}");
	p.stuck = true;
	peer_send(&p, PING("1"));
	settle(loop);
	mcp_server_stop(p.server);
	peer_close(&p);
	CHECK(p.ok);
}

static void test_the_server_ends_though_nobody_reads(void **state)
{
	(void)state;
	run_simulated(1, the_server_ends_though_nobody_reads, NULL);
}

static void the_server_ends_when_nobody_is_there(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	begin(&p, loop, "2025-06-18", "{}");
	p.gone = true;
	peer_send(&p, CALL("1", "test_wait", "{\"milliseconds\":600000}"));
	peer_send(&p, PING("2"));
	CHECK(peer_next(&p).ptr == NULL);
	CHECK(p.done && !p.ok);
	CHECK_STR(str_c(p.err.code), "test.gone");
	peer_close(&p);
}

static void test_the_server_ends_when_nobody_is_there(void **state)
{
	(void)state;
	run_simulated(1, the_server_ends_when_nobody_is_there, NULL);
}

/* ---- lists ---- */

static const struct mcp_tool *const fixture_tools[] = { mcp_fixture_tools, NULL };
static const struct mcp_prompt *const fixture_prompts[] = { mcp_fixture_prompts, NULL };
static const struct mcp_resource *const fixture_resources[] = { mcp_fixture_resources, NULL };

static void lists_come_in_pages(struct loop *loop, void *arg)
{
	const char *methods[][2] = { { "tools/list", "\"name\":\"" }, { "prompts/list", "\"description\":\"Has" }, { "resources/list", "\"uri\":\"" },
				     { "resources/templates/list", "uriTemplate" } };
	struct mcp_peer p;

	(void)arg;
	peer_init(&p, loop);
	p.setup.page = 2;
	p.setup.tools = fixture_tools;
	p.setup.prompts = fixture_prompts;
	p.setup.resources = fixture_resources;
	peer_open(&p);
	peer_initialize(&p, "2025-06-18", "{}");
	for (size_t m = 0; m < COUNT_OF(methods); m++) {
		char line[300], cursor[64] = "null";
		int pages = 0;

		do {
			struct str answer, result, next;

			snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{\"cursor\":%s}}", methods[m][0], cursor);
			answer = peer_ask(&p, line);
			CHECK(scan_member(answer, STR("result"), &result));
			CHECK(pages > 0 || peer_has(result, methods[m][1]));
			cursor[0] = '\0';
			if (scan_member(result, STR("nextCursor"), &next))
				snprintf(cursor, sizeof(cursor), "%.*s", STR_ARG(next));
			pages++;
		} while (cursor[0] && pages < 100);
		CHECK_EQ(pages, m == 0 ? 9 : m == 3 ? 1 : 2);
	}
	CHECK(peer_has(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":\"000002-000000000000\"}}"), "-32602"));
	CHECK(peer_has(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":\"\"}}"), "-32602"));
	CHECK(peer_has(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":2}}"), "-32602"));
	peer_close(&p);
}

static void test_lists_come_in_pages(void **state)
{
	(void)state;
	run_simulated(1, lists_come_in_pages, NULL);
}

static void fixtures_are_not_there_by_default(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	peer_init(&p, loop);
	p.options.fixtures = false;
	peer_open(&p);
	peer_initialize(&p, "2025-06-18", "{}");
	CHECK(str_find(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"), STR("test_")) == SIZE_MAX);
	CHECK(str_find(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"prompts/list\"}"), STR("test_")) == SIZE_MAX);
	CHECK(str_find(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/list\"}"), STR("test:")) == SIZE_MAX);
	CHECK(peer_has(peer_ask(&p, CALL("1", "test_simple_text", "{}")), "-32602"));
	peer_close(&p);
}

static void test_fixtures_are_not_there_by_default(void **state)
{
	(void)state;
	run_simulated(1, fixtures_are_not_there_by_default, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_slow_call_holds_nothing_up),
		cmocka_unit_test(test_a_repeated_id_is_refused_while_it_is_in_flight),
		cmocka_unit_test(test_a_thousand_pipelined_requests_are_all_answered),
		cmocka_unit_test(test_the_line_of_waiting_requests_is_bounded),
		cmocka_unit_test(test_a_cancelled_call_is_not_answered),
		cmocka_unit_test(test_a_call_in_line_can_be_cancelled),
		cmocka_unit_test(test_progress_comes_with_the_token_before_the_result),
		cmocka_unit_test(test_in_the_current_era_logs_come_only_where_asked_for),
		cmocka_unit_test(test_a_legacy_client_is_asked_while_the_call_waits),
		cmocka_unit_test(test_a_client_that_cannot_be_asked_is_not),
		cmocka_unit_test(test_a_question_that_is_not_answered_ends),
		cmocka_unit_test(test_in_the_current_era_the_call_comes_again_with_the_answer),
		cmocka_unit_test(test_roots_are_asked_for_once_and_again_when_they_change),
		cmocka_unit_test(test_the_option_beats_the_clients_roots),
		cmocka_unit_test(test_a_subscription_is_acknowledged_and_ends_with_the_server),
		cmocka_unit_test(test_a_line_that_is_too_long_is_skipped),
		cmocka_unit_test(test_messages_may_come_in_pieces),
		cmocka_unit_test(test_deep_nesting_is_refused),
		cmocka_unit_test(test_the_last_line_needs_no_end),
		cmocka_unit_test(test_at_the_end_running_calls_are_cancelled),
		cmocka_unit_test(test_a_client_that_does_not_read_is_not_read),
		cmocka_unit_test(test_results_wait_for_a_client_that_does_not_read),
		cmocka_unit_test(test_the_server_ends_though_nobody_reads),
		cmocka_unit_test(test_the_server_ends_when_nobody_is_there),
		cmocka_unit_test(test_lists_come_in_pages),
		cmocka_unit_test(test_fixtures_are_not_there_by_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
