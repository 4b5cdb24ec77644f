#include "sluice/http/transport.h"

enum {
	MAX_BODY_BYTES = 1024 * 1024 * 1024,  /* beyond what any request asks for */
	MAX_HEADER_BYTES = 64 * 1024,
};

void http_response_init(struct http_response *r)
{
	*r = (struct http_response){ 0 };
	buf_init(&r->body, MAX_BODY_BYTES);
	buf_init(&r->header_bytes, MAX_HEADER_BYTES);
}

void http_response_release(struct http_response *r)
{
	buf_release(&r->body);
	buf_release(&r->header_bytes);
	r->n_headers = 0;
}

void http_response_clear(struct http_response *r)
{
	buf_clear(&r->body);
	buf_clear(&r->header_bytes);
	r->n_headers = 0;
	r->status = 0;
	r->sent_ms = r->received_ms = 0;
}

/* A line that begins with white space goes on with the one before it (RFC 9112 5.2). */
static bool go_on(struct buf *head, struct str line)
{
	if (!head->len)
		return true; /* with nothing: it stood behind the status line */
	head->ptr[head->len - 1] = ' ';
	return buf_put(head, str_trim(line)) && buf_putc(head, '\n');
}

bool http_response_add_line(struct http_response *r, struct str line)
{
	struct str word = str_sub(line, 0, str_find_char(line, ' '));

	/* 100 Continue, or a proxy's answer, comes before the real head. */
	if (str_starts(word, STR("HTTP/")) && str_find_char(word, ':') == SIZE_MAX) {
		buf_clear(&r->header_bytes);
		return true;
	}
	if (str_starts(line, STR(" ")) || str_starts(line, STR("\t")))
		return go_on(&r->header_bytes, line);
	return buf_put(&r->header_bytes, line) && buf_putc(&r->header_bytes, '\n');
}

void http_response_end_head(struct http_response *r)
{
	struct str rest = buf_str(&r->header_bytes);

	r->n_headers = 0;
	while (rest.ptr && r->n_headers < HTTP_MAX_HEADERS) {
		struct str line = str_split(&rest, '\n');
		size_t colon = str_find_char(line, ':');
		struct str name = str_trim(str_sub(line, 0, colon));

		if (colon == SIZE_MAX || !name.len)
			continue;
		r->headers[r->n_headers++] = (struct http_header){ name, str_trim(str_from(line, colon + 1)) };
	}
}

struct str http_response_header(const struct http_response *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (str_eq_nocase(r->headers[i].name, str_c(name)))
			return r->headers[i].value;
	return str_of(NULL, 0);
}

bool http_unsent(const struct err *err)
{
	static const char *const codes[] = { "http.connect", "http.resolve", "http.tls", "http.proxy", "http.busy", "http.request" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (err_is(err, codes[i]))
			return true;
	return str_starts(str_c(err->code), STR("http.tls_"));
}
