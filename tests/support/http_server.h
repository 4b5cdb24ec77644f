/* http_server: a real HTTP server for tests, on a thread of this process and a
 * free port of 127.0.0.1 (or ::1), with TLS if wished, one thread a connection. What it answers is up to the
 * test: the handler writes raw bytes.
 */
#ifndef SLUICE_SUPPORT_HTTP_SERVER_H
#define SLUICE_SUPPORT_HTTP_SERVER_H

#include "sluice/core/buf.h"

#include <stdatomic.h>

struct http_server;

struct http_server_request {
	struct http_server *server;
	void *ctx;
	struct str head, path, body;   /* head: request line and fields */
	unsigned nth;                  /* 1: the first of its connection */
	int fd;
	struct ssl_st *tls;            /* OpenSSL's; NULL: none */
};

/* On the connection's thread: answers, and returns whether the connection stays. */
typedef bool http_server_handler(struct http_server_request *r);

struct http_server *http_server_start(http_server_handler *handle, void *ctx);

struct http_server_options {
	bool ipv6;                     /* ::1 */
	const char *cert_file, *key_file;  /* PEM; not NULL: speaks TLS */
	const char *client_ca_file;    /* not NULL: a client must show a certificate by these */
	int max_tls_version;           /* OpenSSL's TLS1_2_VERSION, …; 0: what there is, from 1.0 on */
};
struct http_server *http_server_start_with(const struct http_server_options *options, http_server_handler *handle,
					   void *ctx);

/* Ends all connections and joins the threads. */
void http_server_stop(struct http_server *s);

int http_server_port(struct http_server *s);
unsigned http_server_connections(struct http_server *s);
unsigned http_server_requests(struct http_server *s);

/* For handlers. Writing to a peer that is gone is false; reading from one gives 0 or less. */
long http_server_read(struct http_server_request *r, char *to, size_t size);
bool http_server_write(struct http_server_request *r, struct str bytes);
bool http_server_answer(struct http_server_request *r, int status, const char *fields, struct str body);

/* Blocks until the peer has closed or the server is stopped. */
void http_server_wait_for_close(struct http_server_request *r);

/* The value of a field of the request's head; empty when absent. */
struct str http_server_field(const struct http_server_request *r, const char *name);

#endif
