/* transport: how a request reaches a server and its answer comes back. http's
 * client is the real one (libcurl on the loop); tests/sim has the simulated one.
 */
#ifndef SLUICE_HTTP_TRANSPORT_H
#define SLUICE_HTTP_TRANSPORT_H

#include "sluice/core/buf.h"
#include "sluice/core/task.h"

struct http_header {
	struct str name, value;
};

/* How this request's server is trusted, and what shows who we are; borrowed, files' names. */
struct http_tls {
	const char *ca_file;               /* NULL: the transport's */
	const char *cert_file, *key_file;  /* PEM; NULL: none */
};

struct http_request {
	const char *method;                /* "POST" */
	struct str url;                    /* absolute: scheme://host[:port]/path?query */
	const struct http_header *headers;
	size_t n_headers;
	struct str body;                   /* borrowed until send() returns */
	int64_t connect_timeout_ms;        /* 0: 3,100 */
	int64_t timeout_ms;                /* 0: 30,000; the whole exchange */
	size_t max_response_bytes;         /* 0: 1 MiB; more is an error, not a cut */
	/* Never sent twice. Else a transport may send again, silently, when a kept
	 * connection turns out to be closed: the server may then see it two times. */
	bool once;
	bool direct;                       /* through no proxy: the machine's own metadata */
	const struct http_tls *tls;        /* NULL: the transport's own */
	/* Asked when the request's turn has come, with nothing in between: false (with
	 * err) keeps it here. NULL: it goes. */
	bool (*may_leave)(void *ctx, struct err *err);
	void *may_leave_ctx;
};

enum { HTTP_MAX_HEADERS = 64 };

struct http_response {
	int status;
	struct buf body;                   /* replaced by send(); its own cap counts as well */
	struct buf header_bytes;           /* names and values stand here; 64 KiB at most */
	struct http_header headers[HTTP_MAX_HEADERS];  /* in order of arrival; more are dropped */
	size_t n_headers;
	/* What follows is set also when send() fails. */
	int64_t sent_ms, received_ms;      /* env's mono clock: begin and end of the exchange */
};

void http_response_init(struct http_response *r);

/* Empties it and keeps its memory, as send() does first. */
void http_response_clear(struct http_response *r);

/* Takes one line of a head, without its end: a status line begins a new head, a
 * field is added, one that begins with white space goes on with the field before it. False when header_bytes is full. For transports. The headers
 * can be read after http_response_end_head(). */
bool http_response_add_line(struct http_response *r, struct str line);
void http_response_end_head(struct http_response *r);

void http_response_release(struct http_response *r);

/* The first header of that name, ASCII case ignored; empty when absent. */
struct str http_response_header(const struct http_response *r, const char *name);

/* For transports: false, FATAL "http.request", for what no server could be sent: a method,
 * URL or header with characters that break out of their place, another scheme. */
bool http_request_check(const struct http_request *r, struct err *err);

/* True for errors of send() after which the server has surely seen nothing of the
 * request: it could not be resolved, connected to or trusted, a proxy refused it, it
 * got no connection, or was no request. */
bool http_unsent(const struct err *err);

struct transport {
	/* Yields until the whole answer is there. True for any answer with a status,
	 * also 500. False: no (whole) answer; class RETRY with one of these codes, or
	 * CANCELLED, or FATAL "http.request" for what is no request (its URL or a header),
	 * or what may_leave said.
	 *   "http.busy"               no connection became free in time: the limits' are in use
	 *   "http.resolve"            the host has no address
	 *   "http.connect"            nobody answers there
	 *   "http.proxy"              the proxy cannot be reached, or refuses (407: user, password)
	 *   "http.tls_expired", "http.tls_not_yet_valid", "http.tls_host" (another name),
	 *   "http.tls_self_signed", "http.tls_untrusted" (unknown CA)
	 *                             the server's certificate
	 *   "http.tls_ca_file"        http_tls's CAs cannot be read
	 *   "http.tls_client"         our certificate: not to be read, missing, or refused
	 *   "http.tls"                any other failed handshake
	 *   "http.timeout", "http.broken", "http.too_large"
	 * After the last three it is unknown whether the server acted on it; else it has
	 * seen nothing of it (http_unsent()). */
	bool (*send)(struct transport *t, const struct http_request *request, struct http_response *response,
		     struct err *err);
};

static inline bool transport_send(struct transport *t, const struct http_request *request,
				  struct http_response *response, struct err *err)
{
	return t->send(t, request, response, err);
}

#endif
