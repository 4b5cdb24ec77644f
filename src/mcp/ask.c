#include "impl.h"

#include "sluice/core/scan.h"
#include "sluice/mcp/workspace.h"

#include <stdio.h>

/* What can be asked, and the capability that a client must have for it. */
static const struct {
	const char *method, *capability;
} kinds[] = {
	[MCP_ASK_SAMPLING] = { "sampling/createMessage", "sampling" },
	[MCP_ASK_ELICITATION] = { "elicitation/create", "elicitation" },
	[MCP_ASK_ROOTS] = { "roots/list", "roots" },
};

static bool has_capability(const struct mcp_call *c, enum mcp_ask what)
{
	struct str all = c->version == VERSION_CURRENT ? c->capabilities : str_c(c->server->capabilities), one;

	return all.ptr && scan_member(all, str_c(kinds[what].capability), &one) && one.ptr[0] == '{';
}

bool mcp_can_ask(const struct mcp_call *c, enum mcp_ask what)
{
	return has_capability(c, what) && (c->version != VERSION_CURRENT || c->in != IN_LIST);
}

static const struct node *incapable(struct mcp_call *c, enum mcp_ask what, struct err *err)
{
	c->lacks = kinds[what].capability;
	err_set(err, ERR_DATA, "mcp.incapable", "the client cannot be asked: it has not declared the capability \"%s\"",
		c->lacks);
	return NULL;
}

/* Legacy clients have no code of their own for it. */
void ask_incapable(struct mcp_call *c, const struct err *err)
{
	if (c->version != VERSION_CURRENT || !c->lacks)
		return;
	call_error(c, ERROR_CAPABILITY, "%s", err->text);
	buf_putf(&c->error_data, "{\"requiredCapabilities\":{\"%s\":{}}}", c->lacks);
}

/* ---- the current era: the call comes again with the answer ---- */

static const struct node *earlier_answers(struct mcp_call *c)
{
	const struct node *state = node_get(c->params, STR("requestState"));

	if (!c->answers && state && state->kind == NODE_STRING && state->text.len <= STATE_BYTES)
		c->answers = node_from_json(&c->arena, state->text, NULL, NULL);
	return c->answers;
}

static const struct node *answer_of(struct mcp_call *c, struct str key)
{
	const struct node *given = node_get(node_get(c->params, STR("inputResponses")), key);

	return given ? given : node_get(earlier_answers(c), key);
}

static const struct node *require_input(struct mcp_call *c, struct str key, enum mcp_ask what, struct str params,
					struct err *err)
{
	struct json_writer w;

	buf_putc(&c->asked, c->asked.len ? ',' : '{');
	buf_putc(&c->asked, '"');
	json_escape(&c->asked, key);
	buf_puts(&c->asked, "\":");
	json_write_init(&w, &c->asked);
	json_begin_object(&w);
	json_member_str(&w, STR("method"), str_c(kinds[what].method));
	json_member_raw(&w, STR("params"), params);
	json_end_object(&w);
	err_set(err, ERR_DATA, "mcp.input_required", "the client is asked first");
	return NULL;
}

/* All answers so far, as text that the client gives back. */
static void write_state(struct mcp_call *c)
{
	const struct node *given = node_get(c->params, STR("inputResponses"));
	const struct node *earlier = earlier_answers(c);
	struct json_writer w;
	struct buf state, one;

	buf_init(&state, STATE_BYTES);
	buf_init(&one, STATE_BYTES);
	json_write_init(&w, &state);
	json_begin_object(&w);
	for (const struct node *n = given && given->kind == NODE_OBJECT ? given->first : NULL; n; n = n->next) {
		buf_clear(&one);
		if (node_print_json(n, &one))
			json_member_raw(&w, n->name, buf_str(&one));
	}
	for (const struct node *n = earlier && earlier->kind == NODE_OBJECT ? earlier->first : NULL; n; n = n->next) {
		buf_clear(&one);
		if (!node_get(given, n->name) && node_print_json(n, &one))
			json_member_raw(&w, n->name, buf_str(&one));
	}
	json_end_object(&w);
	if (buf_ok(&state))
		json_member_str(&c->w, STR("requestState"), buf_str(&state));
	else
		call_error(c, ERROR_PARAMS, "the answers so far are over %d bytes", STATE_BYTES);
	buf_release(&one);
	buf_release(&state);
}

bool ask_write(struct mcp_call *c)
{
	if (c->asked.len == 0)
		return false;
	json_member_str(&c->w, STR("resultType"), STR("input_required"));
	json_key(&c->w, STR("inputRequests"));
	buf_putc(&c->asked, '}');
	json_raw(&c->w, buf_str(&c->asked));
	write_state(c);
	return true;
}

/* ---- legacy: the client is asked, the call waits ---- */

static void send_request(struct mcp_call *c, const struct ask *ask, const char *method, struct str params)
{
	struct json_writer w;
	struct buf out;

	buf_init(&out, CONTENT_BYTES);
	json_write_init(&w, &out);
	json_begin_object(&w);
	json_member_str(&w, STR("jsonrpc"), STR("2.0"));
	json_member_raw(&w, STR("id"), str_c(ask->id));
	json_member_str(&w, STR("method"), str_c(method));
	json_member_raw(&w, STR("params"), params);
	json_end_object(&w);
	output_put(&c->server->output, buf_str(&out));
	buf_release(&out);
}

static void send_cancelled(struct mcp_server *s, const struct ask *ask)
{
	struct buf out;

	buf_init(&out, FAILURE_BYTES);
	buf_putf(&out, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":%s}}", ask->id);
	output_put(&s->output, buf_str(&out));
	buf_release(&out);
}

static void link_ask(struct mcp_server *s, struct ask *ask)
{
	snprintf(ask->id, sizeof(ask->id), "\"sluice-%u\"", ++s->n_asked);
	event_init(&ask->answered, s->loop);
	ask->next = s->asks;
	s->asks = ask;
}

static void unlink_ask(struct mcp_server *s, struct ask *ask)
{
	struct ask **at = &s->asks;

	while (*at != ask)
		at = &(*at)->next;
	*at = ask->next;
}

void ask_answered(struct mcp_server *s, const struct message *m, struct str text)
{
	for (struct ask *a = s->asks; a && m->id.ptr; a = a->next) {
		if (a->answer || !message_same_id(str_c(a->id), m->id))
			continue;
		a->answer = mem_dup(text.ptr, text.len);
		a->len = text.len;
		event_set(&a->answered);
		return;
	}
}

static const struct node *read_answer(struct mcp_call *c, const struct ask *ask, const char *method, struct err *err)
{
	struct node *whole = node_from_json(&c->arena, str_of(ask->answer, ask->len), NULL, err);
	const struct node *result = node_get(whole, STR("result"));
	const struct node *message = node_get(node_get(whole, STR("error")), STR("message"));

	if (result && result->kind == NODE_OBJECT)
		return result;
	err_set(err, ERR_DATA, "mcp.refused", "the client answered %s with an error%s%.*s", method, message ? ": " : "",
		STR_ARG(str_sub(message ? message->text : str_of(NULL, 0), 0, 200)));
	return NULL;
}

static const struct node *ask_now(struct mcp_call *c, enum mcp_ask what, struct str params, struct err *err)
{
	struct mcp_server *s = c->server;
	const struct node *answer = NULL;
	struct ask ask = { 0 };
	bool fired = false, waited;

	if (!output_wait_room(&s->output, err))
		return NULL;
	link_ask(s, &ask);
	send_request(c, &ask, kinds[what].method, params);
	waited = event_wait(&ask.answered, ASK_MS, &fired, err);
	unlink_ask(s, &ask);
	if (ask.answer)
		answer = read_answer(c, &ask, kinds[what].method, err);
	else
		send_cancelled(s, &ask);
	if (waited && !fired)
		err_set(err, ERR_RETRY, "mcp.silent", "the client did not answer %s within five minutes", kinds[what].method);
	mem_free(ask.answer);
	return waited ? answer : NULL;
}

const struct node *mcp_ask(struct mcp_call *c, const char *key, enum mcp_ask what, struct str params, struct err *err)
{
	const struct node *answer;

	if (!mcp_can_ask(c, what))
		return incapable(c, what, err);
	if (c->version != VERSION_CURRENT)
		return ask_now(c, what, params, err);
	answer = answer_of(c, str_c(key));
	if (!answer)
		return require_input(c, str_c(key), what, params, err);
	if (answer->kind == NODE_OBJECT)
		return answer;
	err_set(err, ERR_DATA, "mcp.refused", "params.inputResponses.%s: expected an object", key);
	return NULL;
}

/* ---- the workspace ---- */

void ask_forget_roots(struct mcp_server *s)
{
	s->roots_known = false;
	s->n_roots = 0;
}

static void add_root(struct mcp_server *s, struct str folder)
{
	if (folder.ptr && s->n_roots < MCP_WORKSPACES_MAX)
		s->roots[s->n_roots++] = folder;
}

/* A folder that is not there is left out: the client may tell of some that are gone. */
static void take_client_roots(struct mcp_server *s, const struct node *answer)
{
	const struct node *list = node_get(answer, STR("roots"));

	for (const struct node *n = list && list->kind == NODE_ARRAY ? list->first : NULL; n; n = n->next) {
		const struct node *uri = node_get(n, STR("uri"));
		struct str path = uri ? workspace_of_uri(&s->folders, uri->text) : str_of(NULL, 0);

		if (path.ptr)
			add_root(s, workspace_folder(&s->folders, path, NULL));
	}
}

static bool ask_roots(struct mcp_call *c, struct err *err)
{
	struct mcp_server *s = c->server;
	const struct node *answer = mcp_ask(c, "roots", MCP_ASK_ROOTS, STR("{}"), err);

	arena_reset(&s->folders);
	s->n_roots = 0;
	if (answer)
		take_client_roots(s, answer);
	else if (err_is(err, "mcp.refused") || err_is(err, "mcp.silent"))
		add_root(s, workspace_default(&s->folders));
	else
		return false;
	return true;
}

/* A list or completion of the current era cannot ask: it shows nothing of folders that are
 * the client's to name. */
static bool find_roots(struct mcp_call *c, struct err *err)
{
	struct mcp_server *s = c->server;
	const struct mcp_options *o = s->setup.options;
	bool asks = o->n_workspaces == 0 && has_capability(c, MCP_ASK_ROOTS);

	if (asks && mcp_can_ask(c, MCP_ASK_ROOTS))
		return ask_roots(c, err);
	arena_reset(&s->folders);
	s->n_roots = 0;
	for (size_t i = 0; i < o->n_workspaces; i++)
		add_root(s, workspace_folder(&s->folders, str_c(o->workspaces[i]), NULL));
	if (o->n_workspaces == 0 && !asks)
		add_root(s, workspace_default(&s->folders));
	return true;
}

/* In the call's memory: another call may find out anew. */
static bool copy_roots(struct mcp_call *c, const struct str **roots, size_t *n, struct err *err)
{
	const struct mcp_server *s = c->server;
	struct str *copy = arena_array(&c->arena, s->n_roots ? s->n_roots : 1, sizeof(*copy));

	*n = 0;
	for (size_t i = 0; copy && i < s->n_roots; i++)
		if ((copy[i] = arena_dup(&c->arena, s->roots[i])).ptr)
			(*n)++;
	*roots = copy;
	return *n == s->n_roots || err_set(err, ERR_DATA, "mcp.memory", "the call has used all of its memory");
}

/* Of a stateless client nothing is kept. */
bool mcp_roots(struct mcp_call *c, const struct str **roots, size_t *n, struct err *err)
{
	struct mcp_server *s = c->server;
	bool kept = s->setup.options->n_workspaces > 0 || c->version != VERSION_CURRENT;

	if (!s->roots_known || !kept) {
		if (!find_roots(c, err))
			return false;
		s->roots_known = kept;
	}
	return copy_roots(c, roots, n, err);
}

bool mcp_path_allowed(struct mcp_call *c, struct str path, struct str *resolved, struct err *err)
{
	const struct str *roots;
	size_t n;

	return mcp_roots(c, &roots, &n, err) && workspace_resolve(&c->arena, roots, n, path, resolved, err);
}
