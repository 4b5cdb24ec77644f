#include "impl.h"

enum { FOLDERS_BYTES = 1 << 20 };

static const char *const versions[] = {
	[VERSION_NONE] = "", [V_2024_11_05] = "2024-11-05", [V_2025_03_26] = "2025-03-26", [V_2025_06_18] = "2025-06-18",
	[V_2025_11_25] = "2025-11-25", [V_2026_07_28] = "2026-07-28",
};

struct str version_name(enum version v)
{
	return str_c(versions[v]);
}

enum version version_of(struct str content)
{
	for (enum version v = V_2024_11_05; v <= V_2026_07_28; v++)
		if (str_eq(content, version_name(v)))
			return v;
	return VERSION_NONE;
}

struct mcp_server *mcp_server_new(const struct mcp_setup *setup)
{
	struct mcp_server *s = mem_alloc(sizeof(*s));

	s->setup = *setup;
	if (s->setup.page == 0)
		s->setup.page = PAGE;
	s->loop = setup->loop;
	s->level = MCP_WARNING;
	output_init(&s->output, s->loop, setup->transport);
	lines_init(&s->lines);
	event_init(&s->ended, s->loop);
	event_init(&s->idle, s->loop);
	event_set(&s->idle);
	arena_init(&s->folders, FOLDERS_BYTES);
	return s;
}

void mcp_server_free(struct mcp_server *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_subscribed; i++)
		mem_free(s->subscribed[i]);
	mem_free(s->capabilities);
	output_release(&s->output);
	lines_release(&s->lines);
	arena_release(&s->folders);
	mem_free(s);
}

/* ---- what goes out ---- */

void put_cut(struct buf *out, const char *fmt, va_list ap)
{
	char text[FAILURE_BYTES / 2];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	buf_put(out, str_of(text, n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1));
}

void server_put(struct mcp_server *s, struct batch *batch, struct str message)
{
	if (!batch) {
		output_put(&s->output, message);
		return;
	}
	if (batch->answers.len)
		buf_putc(&batch->answers, ',');
	buf_put(&batch->answers, message);
}

/* Up to 2025-06-18 JSON-RPC's null; later schemas have it left out. */
void write_id(struct json_writer *w, const struct mcp_server *s, enum version v, struct str id)
{
	bool left_out = v >= V_2025_11_25 || (v == VERSION_NONE && s->stateless);

	if (id.ptr)
		json_member_raw(w, STR("id"), id);
	else if (!left_out)
		json_member_raw(w, STR("id"), STR("null"));
}

void server_error(struct mcp_server *s, struct batch *batch, struct str id, int code, const char *fmt, ...)
{
	struct json_writer w;
	struct buf out, text;
	va_list ap;

	buf_init(&out, 8 * FAILURE_BYTES);
	buf_init(&text, FAILURE_BYTES);
	va_start(ap, fmt);
	put_cut(&text, fmt, ap);
	va_end(ap);
	json_write_init(&w, &out);
	json_begin_object(&w);
	json_member_str(&w, STR("jsonrpc"), STR("2.0"));
	write_id(&w, s, s->version, id);
	json_key(&w, STR("error"));
	json_begin_object(&w);
	json_member_int(&w, STR("code"), code);
	json_member_str(&w, STR("message"), buf_str(&text));
	json_end_object(&w);
	json_end_object(&w);
	server_put(s, batch, buf_str(&out));
	buf_release(&text);
	buf_release(&out);
}

void write_server_info(struct json_writer *w, struct str name)
{
	json_key(w, name);
	json_begin_object(w);
	json_member_str(w, STR("name"), STR("sluice"));
	json_member_str(w, STR("title"), STR("sluice: DynamoDB data models and streams"));
	json_member_str(w, STR("version"), STR(SLUICE_VERSION));
	json_end_object(w);
}

/* ---- what comes in ---- */

/* Takes the lines that are there; false when no more shall be read. */
static bool take_lines(struct mcp_server *s)
{
	struct str line;

	while (!s->stopping) {
		if (!output_wait_room(&s->output, &s->err))
			return false;
		switch (lines_next(&s->lines, &line)) {
		case LINES_NONE:
			return true;
		case LINES_TOO_LONG:
			server_error(s, NULL, str_of(NULL, 0), ERROR_REQUEST,
				     "a line of more than %d bytes is refused and skipped", LINE_MAX_BYTES);
			break;
		case LINES_ONE:
			handle_line(s, line);
			break;
		}
	}
	return false;
}

static bool read_more(struct mcp_server *s, size_t *got)
{
	struct mcp_transport *t = s->setup.transport;
	char *room = lines_room(&s->lines);

	if (!t->read(t, room, LINES_READ_BYTES, got, &s->err))
		return false;
	lines_put(&s->lines, *got);
	return true;
}

static void read_task(void *arg)
{
	struct mcp_server *s = arg;
	size_t got = 1;

	while (got > 0 && take_lines(s) && read_more(s, &got))
		continue;
	if (got == 0 && lines_rest(&s->lines).len) /* a last line without its end */
		handle_line(s, lines_rest(&s->lines));
	event_set(&s->ended);
}

static void write_task(void *arg)
{
	struct mcp_server *s = arg;

	output_task(&s->output);
	if (s->output.broken)
		event_set(&s->ended);
}

/* ---- its end ---- */

/* What is in line will not be begun. */
static void drop_waiting(struct mcp_server *s)
{
	while (s->next) {
		struct mcp_call *c = s->next;

		s->next = c->prev;
		s->n_waiting--;
		call_leave(c);
	}
}

void mcp_server_stop(struct mcp_server *s)
{
	s->stopping = true;
	event_set(&s->ended);
}

static bool how_it_ended(const struct mcp_server *s, struct err *err)
{
	const struct err *why = s->output.broken ? &s->output.err : &s->err;

	if (why->class == ERR_NONE || why->class == ERR_CANCELLED)
		return true;
	if (err)
		*err = *why;
	return false;
}

bool mcp_server_run(struct mcp_server *s, struct err *err)
{
	scope_init(&s->serving, s->loop);
	scope_init(&s->io, s->loop);
	scope_spawn(&s->io, "mcp.write", write_task, s);
	scope_spawn(&s->io, "mcp.read", read_task, s);
	event_wait(&s->ended, -1, NULL, NULL);
	if (!s->stopping && !s->output.broken)
		event_wait(&s->idle, END_GRACE_MS, NULL, NULL);
	s->stopping = true;
	drop_waiting(s);
	scope_cancel(&s->serving);
	scope_wait(&s->serving);
	listens_end(s);
	output_flush(&s->output, FLUSH_MS);
	scope_cancel(&s->io);
	scope_wait(&s->io);
	return how_it_ended(s, err);
}
