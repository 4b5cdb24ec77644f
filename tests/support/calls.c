#include "support/calls.h"

#include "sluice/core/scan.h"

enum { BODY_BYTES = 32 << 20 };

void caller_init(struct caller *c, struct transport *to)
{
	*c = (struct caller){ .to = to };
	http_response_init(&c->response);
}

void caller_release(struct caller *c)
{
	http_response_release(&c->response);
}

int caller_call(struct caller *c, const char *target, const char *body, ...)
{
	struct http_header headers[3] = { { STR("X-Amz-Target"), str_c(target) } };
	struct http_request r = { .method = "POST", .url = STR("http://aws.test/"), .headers = headers, .n_headers = 1 };
	struct buf text;
	va_list ap;
	bool ok;

	if (c->node)
		headers[r.n_headers++] = (struct http_header){ STR("x-sim-node"), str_c(c->node) };
	if (c->date)
		headers[r.n_headers++] = (struct http_header){ STR("X-Amz-Date"), str_c(c->date) };
	buf_init(&text, BODY_BYTES);
	va_start(ap, body);
	buf_vputf(&text, body, ap);
	va_end(ap);
	r.body = buf_str(&text);
	http_response_clear(&c->response);
	c->err = (struct err){ 0 };
	ok = transport_send(c->to, &r, &c->response, &c->err);
	buf_release(&text);
	return ok ? c->response.status : 0;
}

struct str caller_body(const struct caller *c)
{
	return buf_str(&c->response.body);
}

struct str caller_text(const struct caller *c, const char *member)
{
	struct str found = STR("");

	if (!scan_member(caller_body(c), str_c(member), &found) || found.len < 2 || found.ptr[0] != '"')
		return STR("");
	return str_sub(found, 1, found.len - 2);
}

bool caller_refused(const struct caller *c, const char *exception)
{
	return c->response.status >= 400 && str_ends(caller_text(c, "__type"), str_c(exception));
}

size_t caller_count(const struct caller *c, const char *text)
{
	struct str rest = caller_body(c);
	size_t n = 0, at;

	for (; (at = str_find(rest, str_c(text))) != SIZE_MAX; n++)
		rest = str_from(rest, at + strlen(text));
	return n;
}
