#include "impl.h"

#include "sluice/core/scan.h"

#include <stdio.h>

static const char *const levels[] = {
	[MCP_DEBUG] = "debug", [MCP_INFO] = "info",         [MCP_NOTICE] = "notice", [MCP_WARNING] = "warning",
	[MCP_ERROR] = "error", [MCP_CRITICAL] = "critical", [MCP_ALERT] = "alert",   [MCP_EMERGENCY] = "emergency",
};

int level_of(struct str name)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (str_eq(name, str_c(levels[i])))
			return (int)i;
	return -1;
}

struct str level_name(enum mcp_level level)
{
	return str_c(levels[level]);
}

/* ---- its life ---- */

struct mcp_call *call_new(struct mcp_server *s, const struct message *m, struct batch *batch)
{
	struct mcp_call *c = mem_alloc(sizeof(*c));

	c->server = s;
	c->message = *m;
	c->batch = batch;
	c->progress = -1;
	c->log_level = -1;
	arena_init(&c->arena, MCP_CALL_ARENA_BYTES + 8 * m->params.len);
	buf_init(&c->content, CONTENT_BYTES);
	buf_init(&c->structured, CONTENT_BYTES);
	buf_init(&c->failure, FAILURE_BYTES);
	buf_init(&c->asked, CONTENT_BYTES);
	buf_init(&c->error_data, FAILURE_BYTES);
	buf_init(&c->result, OUTPUT_MAX_BYTES / 2);
	return c;
}

void call_free(struct mcp_call *c)
{
	arena_release(&c->arena);
	buf_release(&c->content);
	buf_release(&c->structured);
	buf_release(&c->failure);
	buf_release(&c->asked);
	buf_release(&c->error_data);
	buf_release(&c->result);
	mem_free(c->text);
	mem_free(c);
}

void call_error(struct mcp_call *c, int code, const char *fmt, ...)
{
	va_list ap;

	if (c->error)
		return;
	c->error = code;
	buf_clear(&c->failure);
	va_start(ap, fmt);
	put_cut(&c->failure, fmt, ap);
	va_end(ap);
}

bool call_read_params(struct mcp_call *c)
{
	struct err err;

	if (!c->message.params.ptr)
		return true;
	c->params = node_from_json(&c->arena, c->message.params, NULL, &err);
	if (!c->params)
		call_error(c, ERROR_PARAMS, "params cannot be read: %s", err.text);
	return c->params != NULL;
}

struct str call_param(struct mcp_call *c, const char *name)
{
	const struct node *n = node_get(c->params, str_c(name));

	if (n && n->kind == NODE_STRING)
		return n->text;
	call_error(c, ERROR_PARAMS, "%s: expected params.%s, a string%s%s", c->method->name, name, n ? "; found " : "",
		   n ? node_kind_name(n->kind) : "");
	return str_of(NULL, 0);
}

/* ---- running, answering ---- */

static void write_era(struct mcp_call *c)
{
	struct json_writer *w = &c->w;

	if (c->version != VERSION_CURRENT)
		return;
	if (c->asked.len == 0)
		json_member_str(w, STR("resultType"), STR("complete"));
	if (c->method->cacheable) {
		json_member_int(w, STR("ttlMs"), c->method->ttl_ms);
		json_member_str(w, STR("cacheScope"), STR("private"));
	}
	json_key(w, STR("_meta"));
	json_begin_object(w);
	write_server_info(w, STR("io.modelcontextprotocol/serverInfo"));
	json_end_object(w);
}

void call_run(struct mcp_call *c)
{
	json_write_init(&c->w, &c->result);
	json_begin_object(&c->w);
	if (call_read_params(c))
		c->method->run(c);
	if (!c->error) {
		write_era(c);
		json_end_object(&c->w);
		if (!buf_ok(&c->result))
			call_error(c, ERROR_INTERNAL, "the result is over %d bytes", OUTPUT_MAX_BYTES / 2);
	}
	buf_release(&c->content);
	buf_release(&c->structured);
	arena_release(&c->arena);
	c->params = c->args = NULL;
}

static void write_error(struct mcp_call *c, struct json_writer *w)
{
	json_key(w, STR("error"));
	json_begin_object(w);
	json_member_int(w, STR("code"), c->error);
	json_member_str(w, STR("message"), buf_str(&c->failure));
	if (c->error_data.len)
		json_member_raw(w, STR("data"), buf_str(&c->error_data));
	json_end_object(w);
}

void call_answer(struct mcp_call *c)
{
	struct json_writer w;
	struct buf out;

	buf_init(&out, OUTPUT_MAX_BYTES);
	json_write_init(&w, &out);
	json_begin_object(&w);
	json_member_str(&w, STR("jsonrpc"), STR("2.0"));
	write_id(&w, c->server, c->version, c->message.id);
	if (c->error)
		write_error(c, &w);
	else
		json_member_raw(&w, STR("result"), buf_str(&c->result));
	json_end_object(&w);
	server_put(c->server, c->batch, buf_str(&out));
	buf_release(&out);
}

/* ---- what its function asks ---- */

struct loop *mcp_call_loop(const struct mcp_call *c)
{
	return c->server->loop;
}

struct arena *mcp_call_arena(struct mcp_call *c)
{
	return &c->arena;
}

void *mcp_call_site(const struct mcp_call *c)
{
	return c->server->setup.site;
}

const struct mcp_options *mcp_call_options(const struct mcp_call *c)
{
	return c->server->setup.options;
}

const struct mcp_tool *mcp_call_tool(const struct mcp_call *c)
{
	return c->tool;
}

const void *mcp_call_data(const struct mcp_call *c)
{
	return c->tool ? c->tool->data : c->data;
}

bool mcp_writes_allowed(const struct mcp_call *c)
{
	return c->server->setup.options->allow_writes;
}

bool mcp_cancelled(const struct mcp_call *c)
{
	return c->cancelled || task_cancelled(c->server->loop);
}

const struct node *mcp_args(const struct mcp_call *c)
{
	return c->args;
}

const struct node *mcp_arg(const struct mcp_call *c, const char *name)
{
	const struct node *n = node_get(c->args, str_c(name));

	return n && n->kind != NODE_NULL ? n : NULL;
}

struct str mcp_arg_str(const struct mcp_call *c, const char *name)
{
	const struct node *n = mcp_arg(c, name);

	return n && n->kind == NODE_STRING ? n->text : str_of(NULL, 0);
}

int64_t mcp_arg_int(const struct mcp_call *c, const char *name, int64_t otherwise)
{
	const struct node *n = mcp_arg(c, name);

	return n && n->kind == NODE_INT ? n->i : otherwise;
}

double mcp_arg_real(const struct mcp_call *c, const char *name, double otherwise)
{
	const struct node *n = mcp_arg(c, name);

	return n && (n->kind == NODE_INT || n->kind == NODE_REAL) ? n->d : otherwise;
}

bool mcp_arg_bool(const struct mcp_call *c, const char *name, bool otherwise)
{
	const struct node *n = mcp_arg(c, name);

	return n && n->kind == NODE_BOOL ? n->b : otherwise;
}
