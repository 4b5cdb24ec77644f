#include "impl.h"

#include "sluice/core/scan.h"

#include <assert.h>

/* What a function adds: items of a tool's content, messages of a prompt, contents of a resource. */

/* An object of the content is begun; in a prompt around it a message. */
static struct json_writer *item_begin(struct mcp_call *c, struct json_writer *w)
{
	if (c->content.len)
		buf_putc(&c->content, ',');
	json_write_init(w, &c->content);
	json_begin_object(w);
	if (c->in == IN_PROMPT) {
		json_member_str(w, STR("role"), c->role == MCP_USER ? STR("user") : STR("assistant"));
		json_key(w, STR("content"));
		json_begin_object(w);
	}
	return w;
}

static void item_end(struct mcp_call *c, struct json_writer *w)
{
	json_end_object(w);
	if (c->in == IN_PROMPT)
		json_end_object(w);
}

void mcp_role(struct mcp_call *c, enum mcp_role role)
{
	c->role = role;
}

void mcp_text(struct mcp_call *c, struct str text)
{
	struct json_writer w;

	item_begin(c, &w);
	json_member_str(&w, STR("type"), STR("text"));
	json_member_str(&w, STR("text"), text);
	item_end(c, &w);
}

void mcp_textf(struct mcp_call *c, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	buf_init(&text, CONTENT_BYTES);
	va_start(ap, fmt);
	buf_vputf(&text, fmt, ap);
	va_end(ap);
	mcp_text(c, buf_str(&text));
	buf_release(&text);
}

void mcp_structured(struct mcp_call *c, struct str object)
{
#ifdef SLUICE_DEBUG
	assert(object.len && object.ptr[0] == '{' && scan_check(object, NULL));
#endif
	buf_clear(&c->structured);
	buf_put(&c->structured, object);
}

static void add_media(struct mcp_call *c, struct str type, struct str base64, const char *mime_type)
{
	struct json_writer w;

	item_begin(c, &w);
	json_member_str(&w, STR("type"), type);
	json_member_str(&w, STR("data"), base64);
	json_member_str(&w, STR("mimeType"), str_c(mime_type));
	item_end(c, &w);
}

void mcp_image(struct mcp_call *c, struct str base64, const char *mime_type)
{
	add_media(c, STR("image"), base64, mime_type);
}

/* The first version's schema has no sound. */
void mcp_audio(struct mcp_call *c, struct str base64, const char *mime_type)
{
	if (c->version >= V_2025_03_26)
		add_media(c, STR("audio"), base64, mime_type);
	else
		mcp_textf(c, "(%zu bytes of %s in base64: this client's protocol version has no audio)", base64.len, mime_type);
}

static void add_resource(struct mcp_call *c, struct str uri, const char *mime_type, struct str member, struct str value)
{
	struct json_writer w;

	item_begin(c, &w);
	if (c->in != IN_RESOURCE) {
		json_member_str(&w, STR("type"), STR("resource"));
		json_key(&w, STR("resource"));
		json_begin_object(&w);
	}
	json_member_str(&w, STR("uri"), uri);
	json_member_str(&w, STR("mimeType"), str_c(mime_type));
	json_member_str(&w, member, value);
	if (c->in != IN_RESOURCE)
		json_end_object(&w);
	item_end(c, &w);
}

void mcp_resource_text(struct mcp_call *c, struct str uri, const char *mime_type, struct str text)
{
	add_resource(c, uri, mime_type, STR("text"), text);
}

void mcp_resource_blob(struct mcp_call *c, struct str uri, const char *mime_type, struct str base64)
{
	add_resource(c, uri, mime_type, STR("blob"), base64);
}

void mcp_resource_link(struct mcp_call *c, struct str uri, const char *name, const char *mime_type)
{
	struct json_writer w;

	if (c->version < V_2025_06_18) {
		mcp_textf(c, "%s: %.*s", name, STR_ARG(uri));
		return;
	}
	item_begin(c, &w);
	json_member_str(&w, STR("type"), STR("resource_link"));
	json_member_str(&w, STR("uri"), uri);
	json_member_str(&w, STR("name"), str_c(name));
	json_member_str(&w, STR("mimeType"), str_c(mime_type));
	item_end(c, &w);
}

/* ---- failures ---- */

static void fail(struct mcp_call *c, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

static void fail(struct mcp_call *c, const char *fmt, va_list ap)
{
	if (c->failed)
		return;
	c->failed = true;
	buf_clear(&c->failure);
	put_cut(&c->failure, fmt, ap);
}

void mcp_fail(struct mcp_call *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(c, fmt, ap);
	va_end(ap);
}

/* A question that the client is about to be asked is no failure. */
void mcp_fail_err(struct mcp_call *c, const struct err *err)
{
	if (!err_is(err, "mcp.input_required"))
		mcp_fail(c, "%s", err->text);
	if (err_is(err, "mcp.incapable"))
		ask_incapable(c, err);
}

bool mcp_failed(const struct mcp_call *c)
{
	return c->failed;
}
