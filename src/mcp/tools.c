#include "impl.h"

#include "sluice/core/problem.h"

enum { MEAN_MAX = 128 };

/* ---- may it be called? ---- */

static void unknown_tool(struct mcp_call *c, struct str name)
{
	struct nearest near = nearest_to(name);
	char mean[MEAN_MAX];

	for (const struct mcp_tool *const *table = c->server->setup.tools; table && *table; table++)
		for (const struct mcp_tool *t = *table; t->name; t++)
			if (tool_find(c->server, str_c(t->name)))
				nearest_offer(&near, str_c(t->name));
	call_error(c, ERROR_PARAMS, "there is no tool \"%.*s\"%s", STR_ARG(str_sub(name, 0, 100)),
		   nearest_text(&near, mean, sizeof(mean)));
}

static bool allowed(struct mcp_call *c, const struct mcp_tool *tool)
{
	const struct mcp_options *o = c->server->setup.options;

	if (!tool_chosen(o, tool))
		mcp_fail(c, "%s was not called: the server was started for other tools. Add it to --tools, or its toolset to "
			 "--toolsets, in the client's configuration of this server and restart it.", tool->name);
	else if (tool->traits & MCP_MUTATES && !o->allow_writes)
		mcp_fail(c, "%s was not called: it changes data or tables, and this server is read-only. To allow writes, start "
			 "it with --allow-writes, or with the environment variable DDB-MCP-READONLY=false (and without "
			 "DDB-MCP-READONLY=true, which denies them).", tool->name);
	return !c->failed;
}

/* ---- its arguments ---- */

/* Absent and null are {}; a string may hold the object. */
static struct node *find_arguments(struct mcp_call *c)
{
	struct node *n = (struct node *)node_get(c->params, STR("arguments")); /* the call's own tree */

	if (!n || n->kind == NODE_NULL)
		return node_new(&c->arena, NODE_OBJECT);
	if (n->kind == NODE_STRING)
		n = node_from_json(&c->arena, n->text, NULL, NULL);
	if (!n || n->kind != NODE_OBJECT) {
		mcp_fail(c, "%s was not called: expected \"arguments\" to be an object", c->tool->name);
		return NULL;
	}
	n->parent = NULL; /* places in messages begin here */
	return n;
}

static bool arguments_fit(struct mcp_call *c)
{
	struct buf wrong;
	size_t n;

	c->args = find_arguments(c);
	if (!c->args)
		return false;
	if (c->tool->input_schema)
		return true;
	buf_init(&wrong, FAILURE_BYTES);
	n = check_arguments(&c->arena, c->tool->params, c->args, &wrong);
	if (n > 0) {
		check_describe(c->tool->params, &wrong);
		mcp_fail(c, "%s was not called, its arguments are wrong:\n%.*s", c->tool->name, STR_ARG(buf_str(&wrong)));
	}
	buf_release(&wrong);
	return n == 0;
}

/* ---- its result ---- */

static void check_result(struct mcp_call *c)
{
	size_t bytes = c->content.len + c->structured.len;

	if (c->failed || c->asked.len)
		return;
	if (c->tool->output_schema && c->structured.len == 0)
		mcp_fail(c, "%s gave no result, which is a bug of sluice: please report it", c->tool->name);
	else if (!buf_ok(&c->content) || (bytes > MCP_RESULT_MAX_BYTES && !(c->tool->traits & MCP_LARGE)))
		mcp_fail(c, "the result of %s is over %d bytes: ask for less at a time (a limit, a narrower key or range, a "
			 "projection)", c->tool->name, MCP_RESULT_MAX_BYTES);
}

static void write_result(struct mcp_call *c)
{
	struct json_writer *w = &c->w;

	if (c->failed) {
		buf_clear(&c->content);
		mcp_text(c, buf_str(&c->failure));
	}
	json_key(w, STR("content"));
	json_begin_array(w);
	json_raw(w, buf_str(&c->content));
	json_end_array(w);
	if (c->structured.len && !c->failed && c->version >= V_2025_06_18)
		json_member_raw(w, STR("structuredContent"), buf_str(&c->structured));
	if (c->failed)
		json_member_bool(w, STR("isError"), true);
}

void run_tools_call(struct mcp_call *c)
{
	struct str name = call_param(c, "name");

	if (c->error)
		return;
	c->in = IN_TOOL;
	c->tool = tool_find(c->server, name);
	if (!c->tool) {
		unknown_tool(c, name);
		return;
	}
	if (allowed(c, c->tool) && arguments_fit(c))
		c->tool->run(c);
	if (c->structured.len && c->content.len == 0)
		mcp_text(c, buf_str(&c->structured));
	check_result(c);
	if (!c->error && (c->failed || !ask_write(c)))
		write_result(c);
}
