/* proxy: which proxy a request goes through, by the environment, as curl, botocore
 * and Go's SDK read it where they agree:
 *
 * - http_proxy, HTTP_PROXY for http:// and https_proxy, HTTPS_PROXY for https://; for
 *   either where it is unset all_proxy, ALL_PROXY. Lower case first; blank is unset.
 *   HTTP_PROXY is left aside where REQUEST_METHOD is set: in a CGI program the client
 *   sets it ("httpoxy"; curl never reads it, Go and Python do as here).
 * - no_proxy, NO_PROXY: names apart by commas or blanks. "*" is all hosts; a name
 *   stands for itself and all below it, with or without "." or "*." in front; an
 *   address for itself, with "/bits" for its network; ":port" behind either narrows
 *   it to that port.
 * - Loopback (localhost and what is below it, 127.0.0.0/8, ::1) has no proxy, ever.
 *
 * A proxy is [scheme://][user[:password]@]host[:port], user and password percent-encoded;
 * scheme http (where there is none), https, socks4, socks4a, socks5, socks5h; port
 * 80, 443, 1080. The password is in `url` alone, which is never shown.
 */
#ifndef SLUICE_HTTP_PROXY_H
#define SLUICE_HTTP_PROXY_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"

/* The value of a variable of the environment, or NULL. */
typedef const char *http_getenv(void *ctx, const char *name);

struct http_proxy {
	struct buf url;              /* with its port; may hold a password; empty: none */
	struct buf shown;            /* host:port */
	const char *from;            /* the variable's name */
	bool tls;                    /* spoken to by TLS itself */
};

struct http_proxies {
	struct http_proxy http, https;
	struct buf except;           /* no_proxy */
};

/* Reads the variables, once. False: FATAL "http.proxy", which names the variable and
 * not its value; release it all the same. get NULL: no proxies. */
bool http_proxies_read(struct http_proxies *p, http_getenv *get, void *ctx, struct err *err);
void http_proxies_release(struct http_proxies *p);

/* For a request to that URL (http or https); NULL: none. */
const struct http_proxy *http_proxies_for(const struct http_proxies *p, struct str url);

/* Where a URL leads, borrowed from it. */
struct http_origin {
	bool tls;
	struct str host;             /* without the brackets of an IPv6 address, without user information */
	struct str port;             /* as it stands there, or the scheme's */
};
struct http_origin http_origin(struct str url);

#endif
