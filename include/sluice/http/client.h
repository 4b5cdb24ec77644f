/* client: the real transport: libcurl's multi interface driven by the loop
 * (curl_multi_socket_action; no thread, no curl_multi_poll). Keep-alive pools
 * per host, TLS verification on. The only file that knows curl.
 */
#ifndef SLUICE_HTTP_CLIENT_H
#define SLUICE_HTTP_CLIENT_H

#include "sluice/core/loop.h"
#include "sluice/http/transport.h"

struct http_client;

struct http_client_settings {
	size_t max_connections;    /* in all; 0: 64. More requests wait in line. */
	const char *user_agent;    /* NULL: "sluice/<version>" */
	const char *ca_file;       /* NULL: the system's store */
};

/* Once a process, before any thread; not thread-safe (curl_global_init). */
bool http_global_init(struct err *err);
void http_global_cleanup(void);

struct http_client *http_client_new(struct loop *loop, const struct http_client_settings *settings, struct err *err);

/* No request may be under way. */
void http_client_free(struct http_client *c);

struct transport *http_client_transport(struct http_client *c);

#endif
