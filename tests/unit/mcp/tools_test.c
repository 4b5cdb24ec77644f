/* Which tools are listed and may be called, by the options; what their functions add. */
#include "support/mcp_peer.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>

static void run_ok(struct mcp_call *call)
{
	mcp_textf(call, "%s ran", mcp_call_tool(call)->name);
}

static void run_nothing(struct mcp_call *call)
{
	(void)call;
}

static void run_both_kinds(struct mcp_call *call)
{
	mcp_text(call, STR("for people"));
	mcp_structured(call, STR("{\"for\":\"programs\"}"));
}

static void run_failing_twice(struct mcp_call *call)
{
	mcp_text(call, STR("dropped"));
	mcp_fail(call, "the first");
	mcp_fail(call, "the second");
}

static void run_changing(struct mcp_call *call)
{
	mcp_resource_changed(call, STR("test://watched-resource"));
	mcp_text(call, STR("changed\xff"));
}

static const struct mcp_tool tools[] = {
	{ .name = "get", .description = "d", .toolset = MCP_DATA, .traits = MCP_READ_ONLY, .run = run_ok },
	{ .name = "put", .description = "d", .toolset = MCP_DATA, .traits = MCP_MUTATES, .run = run_ok },
	{ .name = "describe", .description = "d", .toolset = MCP_TABLES, .traits = MCP_LISTED, .run = run_ok },
	{ .name = "drop", .description = "d", .toolset = MCP_TABLES, .traits = MCP_MUTATES | MCP_DESTRUCTIVE, .run = run_ok },
	{ .name = "backup", .description = "d", .toolset = MCP_BACKUP, .run = run_ok },
	{ .name = "nothing", .description = "d", .toolset = MCP_ADMIN, .output_schema = "{\"type\":\"object\"}", .run = run_nothing },
	{ .name = "both", .description = "d", .toolset = MCP_ADMIN, .output_schema = "{\"type\":\"object\"}", .run = run_both_kinds },
	{ .name = "twice", .description = "d", .toolset = MCP_ADMIN, .run = run_failing_twice },
	{ .name = "change", .description = "d", .toolset = MCP_ADMIN, .run = run_changing },
	{ 0 },
};
static const struct mcp_tool *const tables[] = { tools, NULL };

struct expected {
	bool writes, all, chosen;
	unsigned toolsets;
	const char *tool;             /* of --tools */
	const char *listed;           /* names, a space in front of each */
	const char *called, *refused; /* a tool that runs, one that does not */
};

static void names_are(struct str list, const char *names)
{
	char got[400] = "";

	for (const struct mcp_tool *t = tools; t->name; t++) {
		char name[80];

		snprintf(name, sizeof(name), "\"name\":\"%s\"", t->name);
		if (str_find(list, str_c(name)) != SIZE_MAX)
			strcat(strcat(got, " "), t->name);
	}
	CHECK_STR(str_c(got), names);
}

static struct str call(struct mcp_peer *p, const char *tool)
{
	char line[200];

	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\"}}", tool);
	return peer_ask(p, line);
}

static void options_decide(struct loop *loop, void *arg)
{
	const struct expected *e = arg;
	struct mcp_peer p;

	peer_init(&p, loop);
	p.setup.tools = tables;
	p.options.allow_writes = e->writes;
	p.options.list_all = e->all;
	p.options.chosen = e->chosen;
	p.options.toolsets = e->toolsets;
	if (e->tool)
		p.options.tools[p.options.n_tools++] = str_c(e->tool);
	peer_open(&p);
	peer_initialize(&p, "2025-06-18", "{}");
	names_are(peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"), e->listed);
	CHECK(peer_has(call(&p, e->called), " ran\"}]}"));
	CHECK(peer_has(call(&p, e->refused), "\"isError\":true"));
	peer_close(&p);
}

static void test_options_decide_what_is_listed_and_called(void **state)
{
	static struct expected cases[] = {
		{ .listed = " get describe", .called = "backup", .refused = "put" },
		{ .writes = true, .listed = " get put describe", .called = "drop", .refused = "twice" },
		{ .all = true, .listed = " get put describe drop backup nothing both twice change", .called = "get", .refused = "drop" },
		{ .chosen = true, .toolsets = MCP_TABLES, .listed = " describe", .called = "describe", .refused = "get" },
		{ .chosen = true, .toolsets = MCP_TABLES, .writes = true, .tool = "get", .listed = " get describe drop", .called = "get",
		  .refused = "backup" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		run_simulated(i, options_decide, &cases[i]);
}

static void functions_add(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	peer_init(&p, loop);
	p.setup.tools = tables;
	peer_open(&p);
	peer_initialize(&p, "2025-06-18", "{}");
	CHECK(peer_has(call(&p, "nothing"), "which is a bug of sluice"));
	CHECK(peer_has(call(&p, "both"), "{\"content\":[{\"type\":\"text\",\"text\":\"for people\"}],\"structuredContent\":{\"for\":\"programs\"}}"));
	CHECK(peer_has(call(&p, "twice"), "{\"content\":[{\"type\":\"text\",\"text\":\"the first\"}],\"isError\":true}"));
	CHECK(peer_has(call(&p, "change"), "changed\xef\xbf\xbd"));
	CHECK(peer_has(call(&p, "put"), "--allow-writes"));
	peer_close(&p);
}

static void test_what_functions_add(void **state)
{
	(void)state;
	run_simulated(1, functions_add, NULL);
}

static void changes_are_told(struct loop *loop, void *arg)
{
	struct mcp_peer p;

	(void)arg;
	peer_init(&p, loop);
	p.setup.tools = tables;
	peer_open(&p);
	peer_initialize(&p, "2025-06-18", "{}");
	peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/subscribe\",\"params\":{\"uri\":\"test://watched-resource\"}}");
	peer_ask_current(&p, "\"s\"", "subscriptions/listen", "\"notifications\":{\"resourceSubscriptions\":[\"test://watched-resource\"]},");
	CHECK(peer_has(call(&p, "change"), "\"method\":\"notifications/resources/updated\",\"params\":{\"uri\":\"test://watched-resource\"}}"));
	CHECK(peer_has(peer_next(&p), "{\"uri\":\"test://watched-resource\",\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":\"s\"}}"));
	CHECK(peer_has(peer_next(&p), "\"id\":1,\"result\""));
	peer_ask(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/unsubscribe\",\"params\":{\"uri\":\"test://watched-resource\"}}");
	peer_send(&p, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\"s\"}}");
	CHECK(peer_has(call(&p, "change"), "\"id\":1,\"result\""));
	peer_close(&p);
}

static void test_changes_are_told_to_those_who_subscribed(void **state)
{
	(void)state;
	run_simulated(1, changes_are_told, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_decide_what_is_listed_and_called),
		cmocka_unit_test(test_what_functions_add),
		cmocka_unit_test(test_changes_are_told_to_those_who_subscribed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
