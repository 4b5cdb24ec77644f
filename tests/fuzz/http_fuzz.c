/* What servers and the environment say to the transport, on any bytes: the lines of a
 * head; behind a first zero byte a URL, behind a second a proxy's address, behind a
 * third the exceptions. Whatever comes, names and values lie in the head's bytes and
 * hold no end of a line, and a proxy's address is never shown with what is before its @.
 */
#include "sluice/http/proxy.h"
#include "sluice/http/trouble.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
	if (!held)
		abort();
}

static void require_within(struct str part, struct str whole)
{
	require(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

static void read_head(struct str bytes)
{
	struct http_response r;
	struct str all;

	http_response_init(&r);
	while (bytes.ptr && http_response_add_line(&r, str_split(&bytes, '\n')))
		;
	http_response_end_head(&r);
	all = buf_str(&r.header_bytes);
	require(r.n_headers <= HTTP_MAX_HEADERS);
	for (size_t i = 0; i < r.n_headers; i++) {
		struct str name = r.headers[i].name, value = r.headers[i].value, found;
		char c[64];

		require_within(name, all);
		require_within(value, all);
		require(name.len && str_find_char(name, ':') == SIZE_MAX && str_find_char(name, '\n') == SIZE_MAX);
		require(str_find_char(value, '\n') == SIZE_MAX);
		if (name.len >= sizeof(c) || memchr(name.ptr, '\0', name.len))
			continue;
		memcpy(c, name.ptr, name.len);
		c[name.len] = '\0';
		found = http_response_header(&r, c);
		require(i == 0 || found.ptr <= value.ptr || !value.ptr);
	}
	http_response_release(&r);
}

struct environment {
	char proxy[2048], except[2048];
};

static const char *get(void *ctx, const char *name)
{
	struct environment *e = ctx;

	return strcmp(name, "all_proxy") == 0 ? e->proxy : strcmp(name, "no_proxy") == 0 ? e->except : NULL;
}

static void choose_proxy(struct str url, struct str proxy, struct str except)
{
	struct environment e = { .proxy = "" };
	struct http_origin o = http_origin(url);
	struct http_proxies p;
	struct err err = { 0 };

	require_within(o.host, url);
	require_within(http_shown_url(url), url);
	require(str_find_char(http_shown_url(url), '@') == SIZE_MAX);
	memcpy(e.proxy, proxy.ptr ? proxy.ptr : "", str_sub(proxy, 0, sizeof(e.proxy) - 1).len);
	memcpy(e.except, except.ptr ? except.ptr : "", str_sub(except, 0, sizeof(e.except) - 1).len);
	if (http_proxies_read(&p, get, &e, &err)) {
		const struct http_proxy *chosen = http_proxies_for(&p, url);

		require(str_find_char(buf_str(&p.https.shown), '@') == SIZE_MAX);
		require(!chosen || chosen->url.len);
	} else {
		require(err.class == ERR_FATAL && err_is(&err, "http.proxy"));
	}
	http_proxies_release(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_of((const char *)data, size);
	struct str head = str_split(&rest, '\0'), url = str_split(&rest, '\0'), proxy = str_split(&rest, '\0');

	read_head(head);
	choose_proxy(url, proxy, rest);
	return 0;
}
