#include "impl.h"

#include "sluice/core/scan.h"

/* ---- what a client is told first ---- */

static void write_capabilities(struct json_writer *w, enum version v)
{
	json_key(w, STR("capabilities"));
	json_begin_object(w);
	json_member_raw(w, STR("tools"), STR("{}"));
	json_member_raw(w, STR("prompts"), STR("{}"));
	json_member_raw(w, STR("resources"), STR("{\"subscribe\":true}"));
	json_member_raw(w, STR("logging"), STR("{}"));
	if (v >= V_2025_03_26)
		json_member_raw(w, STR("completions"), STR("{}"));
	json_end_object(w);
}

static void write_instructions(struct mcp_call *c)
{
	if (c->server->setup.instructions)
		json_member_str(&c->w, STR("instructions"), str_c(c->server->setup.instructions));
}

/* The client's version where it is known, else our newest of that era. */
static enum version agree(struct str asked)
{
	enum version v = version_of(asked);

	return v == VERSION_NONE || v == VERSION_CURRENT ? VERSION_LEGACY : v;
}

static bool keep_capabilities(struct mcp_call *c)
{
	struct mcp_server *s = c->server;
	struct str all = { NULL, 0 };

	if (scan_member(c->message.params, STR("capabilities"), &all) && all.ptr[0] != '{') {
		call_error(c, ERROR_PARAMS, "initialize: expected params.capabilities to be an object");
		return false;
	}
	mem_free(s->capabilities);
	s->capabilities = all.ptr ? mem_dup(all.ptr, all.len) : NULL;
	return true;
}

/* It may come again: a bridge may share one server among its clients. */
void run_initialize(struct mcp_call *c)
{
	struct mcp_server *s = c->server;
	struct str asked = call_param(c, "protocolVersion");

	if (c->error || !keep_capabilities(c))
		return;
	s->version = c->version = agree(asked);
	ask_forget_roots(s);
	json_member_str(&c->w, STR("protocolVersion"), version_name(s->version));
	write_capabilities(&c->w, s->version);
	write_server_info(&c->w, STR("serverInfo"));
	write_instructions(c);
}

void run_discover(struct mcp_call *c)
{
	json_member_raw(&c->w, STR("supportedVersions"), STR("[\"2026-07-28\"]"));
	write_capabilities(&c->w, c->version);
	write_instructions(c);
}

void run_ping(struct mcp_call *c)
{
	(void)c;
}

void run_set_level(struct mcp_call *c)
{
	struct str name = call_param(c, "level");
	int level = c->error ? -1 : level_of(name);

	if (c->error)
		return;
	if (level < 0)
		call_error(c, ERROR_PARAMS, "logging/setLevel: expected debug, info, notice, warning, error, critical, alert or "
			   "emergency, found \"%.*s\"", STR_ARG(str_sub(name, 0, 60)));
	else
		c->server->level = (enum mcp_level)level;
}
