#include "impl.h"

enum { NOTE_BYTES = 16 << 10 };

/* {"jsonrpc":"2.0","method":M,"params":{ — and its end. */
static void note_begin(struct json_writer *w, struct buf *out, struct str method)
{
	buf_init(out, NOTE_BYTES);
	json_write_init(w, out);
	json_begin_object(w);
	json_member_str(w, STR("jsonrpc"), STR("2.0"));
	json_member_str(w, STR("method"), method);
	json_key(w, STR("params"));
	json_begin_object(w);
}

static void note_end(struct mcp_server *s, struct json_writer *w, struct buf *out)
{
	json_end_object(w);
	json_end_object(w);
	if (buf_ok(out))
		output_put(&s->output, buf_str(out));
	buf_release(out);
}

/* ---- progress, log ---- */

static void write_real(struct json_writer *w, struct str name, double d)
{
	char text[40];
	int n = snprintf(text, sizeof(text), "%.15g", d);

	json_member_raw(w, name, str_of(text, (size_t)n));
}

void mcp_progress(struct mcp_call *c, double done, double total, const char *fmt, ...)
{
	struct json_writer w;
	struct buf out, text;
	va_list ap;

	if (!c->progress_token.ptr || !(done > c->progress) || done - done != 0 || c->cancelled ||
	    output_crowded(&c->server->output))
		return;
	c->progress = done;
	buf_init(&text, NOTE_BYTES / 8);
	va_start(ap, fmt);
	put_cut(&text, fmt, ap);
	va_end(ap);
	note_begin(&w, &out, STR("notifications/progress"));
	json_member_raw(&w, STR("progressToken"), c->progress_token);
	write_real(&w, STR("progress"), done);
	if (total > 0 && total - total == 0)
		write_real(&w, STR("total"), total);
	if (text.len && c->version >= V_2025_03_26)
		json_member_str(&w, STR("message"), buf_str(&text));
	note_end(c->server, &w, &out);
	buf_release(&text);
}

void mcp_log(struct mcp_call *c, enum mcp_level level, const char *fmt, ...)
{
	int from = c->version == VERSION_CURRENT ? c->log_level : (int)c->server->level;
	struct json_writer w;
	struct buf out, text;
	va_list ap;

	if (from < 0 || (int)level < from || c->cancelled || output_crowded(&c->server->output))
		return;
	buf_init(&text, NOTE_BYTES / 8);
	va_start(ap, fmt);
	put_cut(&text, fmt, ap);
	va_end(ap);
	note_begin(&w, &out, STR("notifications/message"));
	json_member_str(&w, STR("level"), level_name(level));
	json_member_str(&w, STR("logger"), c->tool ? str_c(c->tool->name) : STR("sluice"));
	json_member_str(&w, STR("data"), buf_str(&text));
	note_end(c->server, &w, &out);
	buf_release(&text);
}

/* ---- subscriptions ---- */

static size_t subscribed_at(const struct mcp_server *s, struct str uri)
{
	size_t i = 0;

	while (i < s->n_subscribed && !str_eq(str_c(s->subscribed[i]), uri))
		i++;
	return i;
}

void run_subscribe(struct mcp_call *c)
{
	struct mcp_server *s = c->server;
	struct str uri = call_param(c, "uri");
	struct resource_found found;

	if (c->error)
		return;
	if (!resource_find(s, &c->arena, uri, &found)) {
		resource_missing(c, uri);
		return;
	}
	if (subscribed_at(s, uri) < s->n_subscribed)
		return;
	if (s->n_subscribed == SUBSCRIPTIONS_MAX)
		call_error(c, ERROR_BUSY, "%d resources are subscribed to already: unsubscribe from some", SUBSCRIPTIONS_MAX);
	else
		s->subscribed[s->n_subscribed++] = mem_dup(uri.ptr, uri.len);
}

void run_unsubscribe(struct mcp_call *c)
{
	struct mcp_server *s = c->server;
	struct str uri = call_param(c, "uri");
	size_t at = subscribed_at(s, uri);

	if (c->error || at == s->n_subscribed)
		return;
	mem_free(s->subscribed[at]);
	s->subscribed[at] = s->subscribed[--s->n_subscribed];
}

/* ---- subscriptions/listen ---- */

static void free_listen(struct listen *l)
{
	for (size_t i = 0; i < l->n_uris; i++)
		mem_free(l->uris[i]);
	mem_free(l->uris);
	mem_free(l->id);
	mem_free(l);
}

/* The URIs of the filter that there is something at. */
static struct listen *new_listen(struct mcp_call *c, const struct node *uris)
{
	struct listen *l = mem_alloc(sizeof(*l));
	struct resource_found found;

	l->id = mem_dup(c->message.id.ptr, c->message.id.len);
	l->uris = mem_array(uris ? uris->count : 0, sizeof(char *));
	for (const struct node *n = uris ? uris->first : NULL; n && l->n_uris < SUBSCRIPTIONS_MAX; n = n->next)
		if (n->kind == NODE_STRING && resource_find(c->server, &c->arena, n->text, &found))
			l->uris[l->n_uris++] = mem_dup(n->text.ptr, n->text.len);
	return l;
}

static void write_subscription(struct json_writer *w, const struct listen *l, bool info)
{
	json_key(w, STR("_meta"));
	json_begin_object(w);
	json_member_raw(w, STR("io.modelcontextprotocol/subscriptionId"), str_c(l->id));
	if (info)
		write_server_info(w, STR("io.modelcontextprotocol/serverInfo"));
	json_end_object(w);
}

static void acknowledge(struct mcp_server *s, const struct listen *l, bool asked)
{
	struct json_writer w;
	struct buf out;

	note_begin(&w, &out, STR("notifications/subscriptions/acknowledged"));
	out.max = OUTPUT_MAX_BYTES / 2;
	json_key(&w, STR("notifications"));
	json_begin_object(&w);
	if (asked) {
		json_key(&w, STR("resourceSubscriptions"));
		json_begin_array(&w);
		for (size_t i = 0; i < l->n_uris; i++)
			json_str(&w, str_c(l->uris[i]));
		json_end_array(&w);
	}
	json_end_object(&w);
	write_subscription(&w, l, false);
	note_end(s, &w, &out);
}

void run_listen(struct mcp_call *c)
{
	struct mcp_server *s = c->server;
	const struct node *filter = node_get(c->params, STR("notifications"));
	const struct node *uris = node_get(filter, STR("resourceSubscriptions"));
	struct listen *l;

	if (!filter || filter->kind != NODE_OBJECT || (uris && uris->kind != NODE_ARRAY)) {
		call_error(c, ERROR_PARAMS, "expected params.notifications, an object with the notifications that are wanted, as "
			   "{\"resourceSubscriptions\": [uri, ...]}");
		return;
	}
	if (s->n_listens == LISTENS_MAX) {
		call_error(c, ERROR_BUSY, "%d subscriptions are open already: cancel some", LISTENS_MAX);
		return;
	}
	l = new_listen(c, uris);
	l->next = s->listens;
	s->listens = l;
	s->n_listens++;
	acknowledge(s, l, uris != NULL);
}

bool listen_has(const struct mcp_server *s, struct str id)
{
	for (const struct listen *l = s->listens; l; l = l->next)
		if (message_same_id(str_c(l->id), id))
			return true;
	return false;
}

bool listen_cancel(struct mcp_server *s, struct str id)
{
	for (struct listen **at = &s->listens; *at; at = &(*at)->next) {
		struct listen *l = *at;

		if (!message_same_id(str_c(l->id), id))
			continue;
		*at = l->next;
		s->n_listens--;
		free_listen(l);
		return true;
	}
	return false;
}

void listens_end(struct mcp_server *s)
{
	while (s->listens) {
		struct listen *l = s->listens;
		struct json_writer w;
		struct buf out;

		buf_init(&out, NOTE_BYTES);
		json_write_init(&w, &out);
		json_begin_object(&w);
		json_member_str(&w, STR("jsonrpc"), STR("2.0"));
		json_member_raw(&w, STR("id"), str_c(l->id));
		json_key(&w, STR("result"));
		json_begin_object(&w);
		json_member_str(&w, STR("resultType"), STR("complete"));
		write_subscription(&w, l, true);
		json_end_object(&w);
		json_end_object(&w);
		output_put(&s->output, buf_str(&out));
		buf_release(&out);
		s->listens = l->next;
		s->n_listens--;
		free_listen(l);
	}
}

/* ---- changes ---- */

static void tell_updated(struct mcp_server *s, struct str uri, const struct listen *l)
{
	struct json_writer w;
	struct buf out;

	if (output_crowded(&s->output))
		return;
	note_begin(&w, &out, STR("notifications/resources/updated"));
	json_member_str(&w, STR("uri"), uri);
	if (l)
		write_subscription(&w, l, false);
	note_end(s, &w, &out);
}

static bool wants(const struct listen *l, struct str uri)
{
	for (size_t i = 0; i < l->n_uris; i++)
		if (str_eq(str_c(l->uris[i]), uri))
			return true;
	return false;
}

void mcp_resource_changed(struct mcp_call *c, struct str uri)
{
	struct mcp_server *s = c->server;

	if (subscribed_at(s, uri) < s->n_subscribed)
		tell_updated(s, uri, NULL);
	for (const struct listen *l = s->listens; l; l = l->next)
		if (wants(l, uri))
			tell_updated(s, uri, l);
}
