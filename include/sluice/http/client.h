/* client: the real transport: libcurl's multi interface driven by the loop
 * (curl_multi_socket_action; no curl_multi_poll; names are resolved on curl's own
 * threads). Keep-alive pools per host, TLS from 1.2 on with verification on, HTTP/1.1,
 * IPv4 and IPv6 (the second address family is tried when the first says nothing for
 * 200 ms, RFC 8305), proxies (proxy.h), no redirects, no cookies, no other protocols.
 * The only file that knows curl.
 */
#ifndef SLUICE_HTTP_CLIENT_H
#define SLUICE_HTTP_CLIENT_H

#include "sluice/core/loop.h"
#include "sluice/http/proxy.h"
#include "sluice/http/transport.h"

struct http_client;

struct http_client_settings {
	size_t max_connections;    /* open at a time in all, kept ones, too; 0: 64. More requests wait in
	                              line (line.h), for at most their timeout. */
	size_t max_per_host;       /* 0: max_connections. Less leaves something for others when a host hangs. */
	const char *user_agent;    /* NULL: "sluice/<version>" */
	const char *ca_file;       /* PEM; these CAs alone are trusted. NULL: the system's store */
	http_getenv *getenv;       /* for proxies; asked in http_client_new() only. NULL: no proxies */
	void *getenv_ctx;
};

/* Once a process, before any thread; not thread-safe (curl_global_init). */
bool http_global_init(struct err *err);
void http_global_cleanup(void);

/* NULL: FATAL "http.tls_ca_file", "http.proxy", "http.curl". Reads the CA file: blocks. */
struct http_client *http_client_new(struct loop *loop, const struct http_client_settings *settings, struct err *err);

/* No request may be under way. Closes the kept connections; does not wait for a
 * name that a cancelled request was still resolving. */
void http_client_free(struct http_client *c);

struct transport *http_client_transport(struct http_client *c);

/* For metrics and tests. */
struct http_client_stats {
	uint64_t requests;      /* exchanges begun */
	uint64_t connects;      /* connections opened for them; the rest used kept ones */
	size_t open;            /* connections, in use or kept */
	size_t in_flight;
	size_t waiting;         /* in line for a connection */
};
struct http_client_stats http_client_stats(const struct http_client *c);

#endif
