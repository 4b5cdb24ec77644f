#include "impl.h"

#include "sluice/core/problem.h"
#include "sluice/core/scan.h"

static const struct method methods[] = {
	{ "initialize", IN_LEGACY | BEFORE, run_initialize, 0, false },
	{ "ping", IN_LEGACY | BEFORE, run_ping, 0, false },
	{ "server/discover", IN_CURRENT | BEFORE, run_discover, 3600000, true },
	{ "logging/setLevel", IN_LEGACY, run_set_level, 0, false },
	{ "tools/list", IN_LEGACY | IN_CURRENT, run_tools_list, 3600000, true },
	{ "tools/call", IN_LEGACY | IN_CURRENT | AS_TASK, run_tools_call, 0, false },
	{ "prompts/list", IN_LEGACY | IN_CURRENT, run_prompts_list, 3600000, true },
	{ "prompts/get", IN_LEGACY | IN_CURRENT | AS_TASK, run_prompts_get, 0, false },
	{ "resources/list", IN_LEGACY | IN_CURRENT | AS_TASK, run_resources_list, 0, true },
	{ "resources/templates/list", IN_LEGACY | IN_CURRENT, run_templates_list, 3600000, true },
	{ "resources/read", IN_LEGACY | IN_CURRENT | AS_TASK, run_resources_read, 0, true },
	{ "resources/subscribe", IN_LEGACY, run_subscribe, 0, false },
	{ "resources/unsubscribe", IN_LEGACY, run_unsubscribe, 0, false },
	{ "subscriptions/listen", IN_CURRENT | UNANSWERED, run_listen, 0, false },
	{ "completion/complete", IN_LEGACY | IN_CURRENT | AS_TASK, run_complete, 0, false },
};

const struct method *method_find(struct str content)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (scan_content_eq(content, str_c(methods[i].name)))
			return &methods[i];
	return NULL;
}

/* ---- the era of a request ---- */

#define META "io.modelcontextprotocol/"

static bool unsupported_version(struct mcp_call *c, struct str version)
{
	struct json_writer w;

	call_error(c, ERROR_VERSION, "protocol version %.*s is not supported in a request's _meta; supported: 2026-07-28 "
		   "(earlier versions begin with an initialize)", STR_ARG(str_sub(version, 0, 100)));
	json_write_init(&w, &c->error_data);
	json_begin_object(&w);
	json_key(&w, STR("requested"));
	json_str_escaped(&w, str_sub(version, 0, 100));
	json_member_raw(&w, STR("supported"), STR("[\"2026-07-28\"]"));
	json_end_object(&w);
	return false;
}

static bool read_log_level(struct mcp_call *c, struct str meta)
{
	struct str level;

	c->log_level = -1;
	if (!scan_member(meta, STR(META "logLevel"), &level))
		return true;
	c->log_level = level_of(message_string(level));
	if (c->log_level < 0)
		call_error(c, ERROR_PARAMS, "_meta \"" META "logLevel\" must be debug, info, notice, warning, error, critical, "
			   "alert or emergency");
	return c->log_level >= 0;
}

static bool enter_current(struct mcp_call *c, struct str meta, struct str version)
{
	struct str name = message_string(version);

	c->version = VERSION_CURRENT;
	c->server->stateless = true;
	if (!name.ptr) {
		call_error(c, ERROR_PARAMS, "_meta \"" META "protocolVersion\" must be a string, as \"2026-07-28\"");
		return false;
	}
	if (version_of(name) != VERSION_CURRENT)
		return unsupported_version(c, name);
	if (!(c->method->when & IN_CURRENT)) {
		call_error(c, ERROR_METHOD, "%s is no method of protocol version 2026-07-28", c->method->name);
		return false;
	}
	if (!scan_member(meta, STR(META "clientCapabilities"), &c->capabilities) || c->capabilities.ptr[0] != '{') {
		call_error(c, ERROR_PARAMS, "_meta must hold \"" META "clientCapabilities\", an object (it may be empty)");
		return false;
	}
	return read_log_level(c, meta);
}

static bool enter_legacy(struct mcp_call *c)
{
	const struct mcp_server *s = c->server;

	c->version = s->version;
	c->log_level = (int)s->level;
	if (s->version == VERSION_NONE && c->method->when & BEFORE) {
		c->version = c->method->when & IN_CURRENT ? VERSION_CURRENT : VERSION_NONE;
		return true;
	}
	if (s->version == VERSION_NONE) {
		call_error(c, ERROR_PARAMS, "%s before an opening: send initialize first (2024-11-05 to 2025-11-25), or name "
			   "\"" META "protocolVersion\" and \"" META "clientCapabilities\" in params._meta (2026-07-28)",
			   c->method->name);
		return false;
	}
	if (c->method->when & IN_LEGACY)
		return true;
	call_error(c, ERROR_METHOD, "%s is no method of protocol version %s", c->method->name, version_name(s->version).ptr);
	return false;
}

static bool find_era(struct mcp_call *c)
{
	struct str meta = { NULL, 0 }, version, token;
	bool has = c->message.params.ptr && scan_member(c->message.params, STR("_meta"), &meta);

	if (has && str_eq(meta, STR("null")))
		has = false;
	if (has && meta.ptr[0] != '{') {
		c->version = c->server->version;
		call_error(c, ERROR_PARAMS, "params._meta must be an object");
		return false;
	}
	if (has && scan_member(meta, STR("progressToken"), &token) && message_id_fits(token))
		c->progress_token = token;
	if (has && scan_member(meta, STR(META "protocolVersion"), &version))
		return enter_current(c, meta, version);
	return enter_legacy(c);
}

/* ---- requests ---- */

static bool in_flight(const struct mcp_server *s, struct str id)
{
	for (const struct mcp_call *c = s->calls; c; c = c->next)
		if (!c->cancelled && message_same_id(c->message.id, id))
			return true;
	return listen_has(s, id);
}

static void unlink_call(struct mcp_call *c)
{
	struct mcp_server *s = c->server;

	if (c->prev)
		c->prev->next = c->next;
	else
		s->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	if (s->n_running == 0 && s->n_waiting == 0)
		event_set(&s->idle);
}

static void run_task(void *call)
{
	call_run(call);
}

static void leave_batch(struct mcp_server *s, struct batch *b)
{
	if (b && --b->open == 0)
		batch_close(s, b);
}

void call_leave(struct mcp_call *c)
{
	struct mcp_server *s = c->server;
	struct batch *batch = c->batch;

	unlink_call(c);
	call_free(c);
	leave_batch(s, batch);
}

/* Its function runs in a scope below, so that the request can be cancelled. */
static void serve_task(void *arg)
{
	struct mcp_call *c = arg;
	struct mcp_server *s = c->server;
	struct scope scope;

	scope_init(&scope, s->loop);
	c->scope = &scope;
	if (!c->cancelled)
		scope_spawn(&scope, "mcp.call", run_task, c);
	scope_wait(&scope);
	c->scope = NULL;
	if (!mcp_cancelled(c) && output_wait_room(&s->output, NULL) && !mcp_cancelled(c))
		call_answer(c);
	s->n_running--;
	s->running_bytes -= c->text_bytes;
	call_leave(c);
	start_next(s);
}

static bool has_room(const struct mcp_server *s, const struct mcp_call *c)
{
	return s->n_running == 0 ||
	       (s->n_running < CALLS_RUNNING && s->running_bytes + c->text_bytes <= CALLS_RUNNING_BYTES);
}

void start_next(struct mcp_server *s)
{
	while (s->next && has_room(s, s->next) && !s->stopping) {
		struct mcp_call *c = s->next;

		s->next = c->prev;
		s->n_waiting--;
		s->waiting_bytes -= c->text_bytes;
		s->n_running++;
		s->running_bytes += c->text_bytes;
		c->running = true;
		scope_spawn(&s->serving, "mcp.serve", serve_task, c);
	}
}

/* What was read goes with the next line: it gets a text of its own. */
static void keep_text(struct mcp_call *c, struct str json)
{
	struct str old = c->message.params;
	ptrdiff_t moved;

	c->text = mem_dup(json.ptr, json.len);
	c->text_bytes = json.len;
	message_read(&c->message, str_of(c->text, json.len));
	moved = c->message.params.ptr - old.ptr;
	if (c->progress_token.ptr)
		c->progress_token.ptr += moved;
	if (c->capabilities.ptr)
		c->capabilities.ptr += moved;
}

static void enqueue(struct mcp_call *c, struct str json)
{
	struct mcp_server *s = c->server;

	if (s->n_waiting && (s->n_waiting >= CALLS_WAITING || s->waiting_bytes + json.len > CALLS_WAITING_BYTES)) {
		call_error(c, ERROR_BUSY, "%zu requests wait for their turn already (%d run at a time): send this one again "
			   "when some have been answered", s->n_waiting, CALLS_RUNNING);
		call_answer(c);
		call_free(c);
		return;
	}
	keep_text(c, json);
	c->next = s->calls;
	if (s->calls)
		s->calls->prev = c;
	s->calls = c;
	if (!s->next)
		s->next = c;
	s->n_waiting++;
	s->waiting_bytes += c->text_bytes;
	if (c->batch)
		c->batch->open++;
	event_clear(&s->idle);
	start_next(s);
}

static void take_request(struct mcp_server *s, const struct message *m, struct str json, struct batch *batch)
{
	const struct method *method = method_find(m->method);
	struct mcp_call *c;

	if (in_flight(s, m->id)) {
		server_error(s, batch, str_of(NULL, 0), ERROR_REQUEST, "the id %.*s is that of a request that has not been "
			     "answered yet", STR_ARG(m->id));
		return;
	}
	if (!method) {
		server_error(s, batch, m->id, ERROR_METHOD, "there is no method \"%.*s\"", STR_ARG(str_sub(m->method, 0, 100)));
		return;
	}
	c = call_new(s, m, batch);
	c->method = method;
	if (find_era(c) && method->when & AS_TASK) {
		enqueue(c, json);
		return;
	}
	if (!c->error)
		call_run(c);
	if (c->error || !(method->when & UNANSWERED))
		call_answer(c);
	call_free(c);
}

/* ---- notifications ---- */

static void cancel(struct mcp_server *s, struct str params)
{
	struct str id;

	if (!params.ptr || !scan_member(params, STR("requestId"), &id) || listen_cancel(s, id))
		return;
	for (struct mcp_call *c = s->calls; c; c = c->next) {
		if (c->cancelled || !message_same_id(c->message.id, id))
			continue;
		c->cancelled = true;
		if (c->scope)
			scope_cancel(c->scope);
		return;
	}
}

static void take_notification(struct mcp_server *s, const struct message *m)
{
	if (scan_content_eq(m->method, STR("notifications/cancelled")))
		cancel(s, m->params);
	else if (scan_content_eq(m->method, STR("notifications/roots/list_changed")))
		ask_forget_roots(s);
}

/* ---- messages ---- */

static void take_message(struct mcp_server *s, struct str json, struct batch *batch)
{
	struct message m;

	message_read(&m, json);
	switch (m.kind) {
	case MESSAGE_REQUEST:
		if (batch && scan_content_eq(m.method, STR("initialize")))
			server_error(s, batch, m.id, ERROR_REQUEST, "initialize may not stand in a batch");
		else
			take_request(s, &m, json, batch);
		break;
	case MESSAGE_NOTIFICATION:
		take_notification(s, &m);
		break;
	case MESSAGE_ANSWER:
		ask_answered(s, &m, json);
		break;
	case MESSAGE_WRONG:
		server_error(s, batch, m.id, ERROR_REQUEST, "%s", m.wrong);
		break;
	}
}

void batch_close(struct mcp_server *s, struct batch *b)
{
	struct buf out;

	if (b->answers.len) {
		buf_init(&out, OUTPUT_MAX_BYTES);
		buf_putc(&out, '[');
		buf_put(&out, buf_str(&b->answers));
		buf_putc(&out, ']');
		output_put(&s->output, buf_str(&out));
		buf_release(&out);
	}
	buf_release(&b->answers);
	mem_free(b);
}

static size_t elements(struct str array)
{
	struct scan_token begin;
	struct str value;
	struct scan s;
	size_t n = 0;

	scan_init_trusted(&s, array);
	scan_next(&s, &begin);
	while (n <= BATCH_MAX && scan_value(&s, &value))
		n++;
	return n;
}

static void take_batch(struct mcp_server *s, struct str json)
{
	struct scan_token begin;
	struct batch *b;
	struct str value;
	struct scan scan;
	size_t n = elements(json);

	if (s->version != V_2025_03_26 || n == 0 || n > BATCH_MAX) {
		server_error(s, NULL, str_of(NULL, 0), ERROR_REQUEST, s->version != V_2025_03_26 ?
			     "batches are of protocol version 2025-03-26 only: send one message a line" :
			     "a batch must hold 1 to 100 messages");
		return;
	}
	b = mem_alloc(sizeof(*b));
	b->open = 1;
	buf_init(&b->answers, OUTPUT_MAX_BYTES / 2);
	scan_init_trusted(&scan, json);
	scan_next(&scan, &begin);
	while (scan_value(&scan, &value))
		take_message(s, value, b);
	leave_batch(s, b);
}

void handle_line(struct mcp_server *s, struct str line)
{
	struct err err;

	line = str_trim(line);
	if (line.len == 0)
		return;
	if (!scan_check(line, &err))
		server_error(s, NULL, str_of(NULL, 0), ERROR_PARSE, "the line is no JSON: %s", err.text);
	else if (line.ptr[0] == '[')
		take_batch(s, line);
	else
		take_message(s, line, NULL);
}
