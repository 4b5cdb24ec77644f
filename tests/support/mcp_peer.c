#include "support/mcp_peer.h"

#include "sluice/core/loop.h"
#include "sluice/mcp/tables.h"

#include "../../src/app/mcp_tools.h"

#include <stdio.h>

enum { MOST_BYTES = 64 << 20, PATIENCE_MS = 60000 };

static const struct mcp_tool *const tools[] = { mcp_guide_tools, mcp_fixture_tools, NULL };
static const struct mcp_prompt *const prompts[] = { mcp_guide_prompts, mcp_fixture_prompts, NULL };
static const struct mcp_resource *const resources[] = { mcp_guide_resources, mcp_fixture_resources, NULL };
static const struct mcp_resource_template *const templates[] = { mcp_fixture_templates, NULL };

static bool read_input(struct mcp_transport *t, char *to, size_t room, size_t *got, struct err *err)
{
	struct mcp_peer *p = (struct mcp_peer *)t;
	size_t left;

	if (!task_yield(p->loop, err))
		return false;
	while (p->in_at == p->in.len && !p->ended) {
		event_clear(&p->more);
		if (!event_wait(&p->more, -1, NULL, err))
			return false;
	}
	left = p->in.len - p->in_at;
	*got = left < room ? left : room;
	if (p->chunk && *got > p->chunk)
		*got = p->chunk;
	if (*got)
		memcpy(to, p->in.ptr + p->in_at, *got);
	p->in_at += *got;
	return true;
}

static bool write_output(struct mcp_transport *t, struct str bytes, struct err *err)
{
	struct mcp_peer *p = (struct mcp_peer *)t;

	while (p->stuck && !p->gone)
		if (!event_wait(&p->reads, -1, NULL, err))
			return false;
	if (p->gone)
		return err_set(err, ERR_FATAL, "test.gone", "nobody reads");
	buf_put(&p->out, bytes);
	event_set(&p->written);
	return true;
}

void peer_init(struct mcp_peer *p, struct loop *loop)
{
	*p = (struct mcp_peer){ .transport = { read_input, write_output }, .loop = loop };
	p->options.fixtures = true;
	p->setup = (struct mcp_setup){
		.loop = loop, .transport = &p->transport, .options = &p->options, .tools = tools, .prompts = prompts,
		.resources = resources, .templates = templates, .instructions = "Test.",
	};
	buf_init(&p->in, MOST_BYTES);
	buf_init(&p->out, MOST_BYTES);
	event_init(&p->more, loop);
	event_init(&p->written, loop);
	event_init(&p->reads, loop);
}

static void serve(void *arg)
{
	struct mcp_peer *p = arg;

	p->ok = mcp_server_run(p->server, &p->err);
	p->done = true;
	event_set(&p->written);
}

void peer_open(struct mcp_peer *p)
{
	p->server = mcp_server_new(&p->setup);
	scope_init(&p->scope, p->loop);
	scope_spawn(&p->scope, "test.serve", serve, p);
}

void peer_close(struct mcp_peer *p)
{
	p->ended = true;
	event_set(&p->more);
	scope_wait(&p->scope);
	mcp_server_free(p->server);
	buf_release(&p->in);
	buf_release(&p->out);
}

void peer_send_bytes(struct mcp_peer *p, struct str bytes)
{
	if (p->in_at == p->in.len) {
		buf_clear(&p->in);
		p->in_at = 0;
	}
	buf_put(&p->in, bytes);
	event_set(&p->more);
}

void peer_send(struct mcp_peer *p, const char *line)
{
	peer_send_bytes(p, str_c(line));
	peer_send_bytes(p, STR("\n"));
}

struct str peer_next(struct mcp_peer *p)
{
	bool fired = true;

	for (;;) {
		struct str rest = str_from(buf_str(&p->out), p->out_at);
		size_t end = str_find_char(rest, '\n');

		if (end != SIZE_MAX) {
			p->out_at += end + 1;
			return str_sub(rest, 0, end);
		}
		if (p->done || !fired)
			return str_of(NULL, 0);
		event_clear(&p->written);
		event_wait(&p->written, PATIENCE_MS, &fired, NULL);
	}
}

bool peer_silent(struct mcp_peer *p)
{
	for (int i = 0; i < 1000; i++)
		task_yield(p->loop, NULL);
	if (p->out_at == p->out.len)
		return true;
	fprintf(stderr, "expected nothing, there is: %.*s\n", STR_ARG(str_from(buf_str(&p->out), p->out_at)));
	return false;
}

struct str peer_ask(struct mcp_peer *p, const char *line)
{
	peer_send(p, line);
	return peer_next(p);
}

void peer_initialize(struct mcp_peer *p, const char *version, const char *capabilities)
{
	char line[1024];

	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":\"init\",\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
		 "\"%s\",\"capabilities\":%s,\"clientInfo\":{\"name\":\"test\",\"version\":\"1\"}}}", version, capabilities);
	peer_ask(p, line);
	peer_send(p, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
}

struct str peer_ask_current(struct mcp_peer *p, const char *id, const char *method, const char *params)
{
	char line[4096];

	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"%s\",\"params\":{%s\"_meta\":{"
		 "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
		 "\"io.modelcontextprotocol/clientCapabilities\":{\"elicitation\":{}}}}}", id, method, params);
	return peer_ask(p, line);
}

bool peer_has(struct str line, const char *fragment)
{
	if (line.ptr && str_find(line, str_c(fragment)) != SIZE_MAX)
		return true;
	fprintf(stderr, "expected %s in: %.*s\n", fragment, STR_ARG(str_sub(line, 0, 3000)));
	return false;
}
