#include "sluice/http/proxy.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_PROXY_BYTES = 4096, MAX_EXCEPT_BYTES = 64 * 1024 };

/* An IPv6 address, or an IPv4 one mapped into them. */
struct address {
	unsigned char bytes[16];
	bool v4;
};

static const unsigned char v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

static bool read_address(struct str text, struct address *out)
{
	char c[INET6_ADDRSTRLEN];

	if (!text.len || text.len >= sizeof(c) || memchr(text.ptr, '\0', text.len))
		return false;
	memcpy(c, text.ptr, text.len);
	c[text.len] = '\0';
	if (inet_pton(AF_INET6, c, out->bytes) == 1) {
		out->v4 = memcmp(out->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
		return true;
	}
	memcpy(out->bytes, v4_prefix, sizeof(v4_prefix));
	out->v4 = true;
	return inet_pton(AF_INET, c, out->bytes + sizeof(v4_prefix)) == 1;
}

/* Cuts ":port" off; "[…]" loses its brackets. An IPv6 address without them has no port. */
static void split_port(struct str at, struct str *host, struct str *port)
{
	size_t colon = str_find_char(at, ':'), close = str_find_char(at, ']');

	*port = str_of(NULL, 0);
	*host = at;
	if (str_starts(at, STR("[")) && close != SIZE_MAX) {
		*host = str_sub(at, 1, close - 1);
		if (close + 1 < at.len && at.ptr[close + 1] == ':')
			*port = str_from(at, close + 2);
	} else if (colon != SIZE_MAX && str_find_char(str_from(at, colon + 1), ':') == SIZE_MAX) {
		*host = str_sub(at, 0, colon);
		*port = str_from(at, colon + 1);
	}
}

/* What is before the path, without user information. */
static struct str authority(struct str rest)
{
	size_t end = 0, start = 0;

	for (; end < rest.len && !strchr("/?#", rest.ptr[end]); end++)
		if (rest.ptr[end] == '@')
			start = end + 1;
	return str_sub(rest, start, end - start);
}

struct http_origin http_origin(struct str url)
{
	struct http_origin o = { .tls = str_eq_nocase(str_sub(url, 0, 8), STR("https://")) };
	size_t scheme = str_find(url, STR("://"));

	split_port(authority(str_from(url, scheme == SIZE_MAX ? 0 : scheme + 3)), &o.host, &o.port);
	if (!o.port.len)
		o.port = o.tls ? STR("443") : STR("80");
	return o;
}

/* ---- reading ---- */

static struct str variable(http_getenv *get, void *ctx, const char *const *names, const char **from)
{
	for (; *names; names++) {
		struct str value = str_trim(str_c(get(ctx, *names)));

		if (value.len) {
			*from = *names;
			return value;
		}
	}
	return str_of(NULL, 0);
}

static bool is_clean(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f)
			return false;
	return true;
}

/* Where http_proxy has no scheme it is http. */
static bool read_proxy(struct http_proxy *p, struct str value, const char *from, struct err *err)
{
	static const struct { struct str scheme; const char *port; bool tls; } kinds[] = {
		{ STR_INIT("http"), "80", false },      { STR_INIT("https"), "443", true },
		{ STR_INIT("socks4"), "1080", false },  { STR_INIT("socks4a"), "1080", false },
		{ STR_INIT("socks5"), "1080", false },  { STR_INIT("socks5h"), "1080", false },
	};
	size_t sep = str_find(value, STR("://")), kind = 0, user, n = sizeof(kinds) / sizeof(*kinds);
	struct str rest = sep == SIZE_MAX ? value : str_from(value, sep + 3), at, host, port;
	uint64_t number = 0;

	while (sep != SIZE_MAX && kind < n && !str_eq_nocase(kinds[kind].scheme, str_sub(value, 0, sep)))
		kind++;
	at = authority(rest);
	user = (size_t)(at.ptr ? at.ptr - rest.ptr : 0);
	split_port(at, &host, &port);
	if (kind == n || !host.len || !is_clean(value) || str_find_char(str_sub(rest, 0, user ? user - 1 : 0), '@') != SIZE_MAX ||
	    (port.len && (!str_to_u64(port, &number) || !number || number > 65535)))
		return err_set(err, ERR_FATAL, "http.proxy",
			       "the environment's %s is no proxy's address; expected http://host:port (also https, socks5, "
			       "socks5h), user and password percent-encoded in front of an @", from);
	p->from = from;
	p->tls = kinds[kind].tls;
	buf_putf(&p->shown, str_find_char(host, ':') == SIZE_MAX ? "%.*s" : "[%.*s]", STR_ARG(host));
	buf_putf(&p->shown, ":%.*s", STR_ARG(port.len ? port : str_c(kinds[kind].port)));
	buf_putf(&p->url, "%s://%.*s", kinds[kind].scheme.ptr, STR_ARG(str_sub(rest, 0, user)));
	buf_put(&p->url, buf_str(&p->shown));
	return (buf_ok(&p->url) && buf_ok(&p->shown)) ||
	       err_set(err, ERR_FATAL, "http.proxy", "the environment's %s is longer than 4 KiB", from);
}

static void init_proxy(struct http_proxy *p)
{
	*p = (struct http_proxy){ 0 };
	buf_init(&p->url, MAX_PROXY_BYTES);
	buf_init(&p->shown, MAX_PROXY_BYTES);
}

bool http_proxies_read(struct http_proxies *p, http_getenv *get, void *ctx, struct err *err)
{
	static const char *const https_names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
	static const char *const cgi_names[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
	static const char *const http_names[] = { "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", NULL };
	static const char *const no_names[] = { "no_proxy", "NO_PROXY", NULL };
	const char *from = NULL;
	struct str value;

	init_proxy(&p->http);
	init_proxy(&p->https);
	buf_init(&p->except, MAX_EXCEPT_BYTES);
	if (!get)
		return true;
	value = variable(get, ctx, get(ctx, "REQUEST_METHOD") ? cgi_names : http_names, &from);
	if (value.len && !read_proxy(&p->http, value, from, err))
		return false;
	value = variable(get, ctx, https_names, &from);
	if (value.len && !read_proxy(&p->https, value, from, err))
		return false;
	value = variable(get, ctx, no_names, &from);
	return buf_put(&p->except, value) ||
	       err_set(err, ERR_FATAL, "http.proxy", "the environment's %s is longer than 64 KiB", from);
}

void http_proxies_release(struct http_proxies *p)
{
	buf_wipe(&p->http.url);
	buf_wipe(&p->https.url);
	buf_release(&p->http.shown);
	buf_release(&p->https.shown);
	buf_release(&p->except);
}

/* ---- choosing ---- */

/* The name itself, or one below it; a dot at the end changes nothing. */
static bool is_at_or_below(struct str host, struct str name)
{
	if (str_ends(host, STR(".")))
		host.len--;
	if (str_ends(name, STR(".")))
		name.len--;
	if (!name.len || host.len < name.len || !str_eq_nocase(str_from(host, host.len - name.len), name))
		return false;
	return host.len == name.len || host.ptr[host.len - name.len - 1] == '.';
}

static bool is_loopback(struct str host)
{
	static const unsigned char v6[16] = { [15] = 1 };
	struct address a;

	if (read_address(host, &a))
		return a.v4 ? a.bytes[12] == 127 : memcmp(a.bytes, v6, sizeof(v6)) == 0;
	return is_at_or_below(host, STR("localhost"));
}

static bool same_bits(const unsigned char *a, const unsigned char *b, size_t bits)
{
	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8)) == 0;
}

/* "10.0.0.0/8", "fd00::/8", or an address alone. */
static bool is_in_network(const struct address *host, struct str network)
{
	size_t slash = str_find_char(network, '/');
	struct address a;
	uint64_t bits;

	if (!read_address(str_sub(network, 0, slash), &a) || a.v4 != host->v4)
		return false;
	bits = a.v4 ? 32 : 128;
	if (slash != SIZE_MAX) {
		uint64_t given;

		if (!str_to_u64(str_from(network, slash + 1), &given) || given > bits)
			return false;
		bits = given;
	}
	return same_bits(host->bytes, a.bytes, (size_t)(a.v4 ? bits + 96 : bits));
}

static bool excepts(struct str entry, const struct http_origin *o)
{
	struct str name, port;
	struct address a;

	if (str_eq(entry, STR("*")))
		return true;
	split_port(entry, &name, &port);
	if (port.len && !str_eq(port, o->port))
		return false;
	if (read_address(o->host, &a))
		return is_in_network(&a, name);
	if (str_starts(name, STR("*")))
		name = str_from(name, 1);
	if (str_starts(name, STR(".")))
		name = str_from(name, 1);
	return is_at_or_below(o->host, name);
}

static bool is_excepted(struct str list, const struct http_origin *o)
{
	for (size_t i = 0, start = 0; i <= list.len; i++) {
		if (i < list.len && !strchr(", \t", list.ptr[i]))
			continue;
		if (i > start && excepts(str_sub(list, start, i - start), o))
			return true;
		start = i + 1;
	}
	return false;
}

const struct http_proxy *http_proxies_for(const struct http_proxies *p, struct str url)
{
	struct http_origin o = http_origin(url);
	const struct http_proxy *proxy = o.tls ? &p->https : &p->http;

	if (!proxy->url.len || is_loopback(o.host) || is_excepted(buf_str(&p->except), &o))
		return NULL;
	return proxy;
}
