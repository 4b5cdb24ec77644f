/* trouble: what a failed exchange is called and what people are told: from what the
 * TLS and socket libraries said to a code, a sentence and what to do. Pure.
 *
 * Certificates are told apart by OpenSSL's verify result (x509_vfy.h, X509_V_ERR_…);
 * what the other side refuses by the alert that it sent (RFC 8446 6, RFC 5246 7.2).
 */
#ifndef SLUICE_HTTP_TROUBLE_H
#define SLUICE_HTTP_TROUBLE_H

#include "sluice/http/proxy.h"
#include "sluice/http/transport.h"

enum http_trouble_kind {
	TROUBLE_BROKEN,          /* the connection ended, or what came was no answer */
	TROUBLE_URL,             /* malformed */
	TROUBLE_RESOLVE,
	TROUBLE_CONNECT,
	TROUBLE_PROXY,           /* it could not be reached, or refused */
	TROUBLE_TIMEOUT,
	TROUBLE_TLS,             /* the handshake failed, for none of the reasons below */
	TROUBLE_CERTIFICATE,     /* the other side's: `verify` says why */
	TROUBLE_CA_FILE,
	TROUBLE_CLIENT_FILE,     /* our certificate or key cannot be read, or do not belong together */
	TROUBLE_CLIENT,          /* our certificate is missing or refused */
	TROUBLE_TOO_LARGE,
};

struct http_trouble {
	enum http_trouble_kind kind;
	const struct http_request *request;
	const struct http_proxy *proxy;      /* NULL: none */
	bool of_proxy;                       /* TLS trouble: with the proxy, not the server */
	int proxy_status;                    /* what it answered itself (2xx: a tunnel); 0: nothing */
	long verify;
	bool resolved, connected, secured;   /* how far it came: TIMEOUT */
	bool sent;                           /* the server may have seen some of it */
	bool connects;                       /* made a connection, did not just use a kept one */
	size_t max_body_bytes;
	int64_t timeout_ms;
	const char *ca_file;                 /* NULL: the system's store */
	const char *words;                   /* the library's */
};

/* Fills *err (RETRY; URL: FATAL) and returns false. */
bool http_trouble_tell(const struct http_trouble *t, struct err *err);

/* Whether trust can be built on that file: it can be read and holds certificates in PEM
 * form. False: FATAL "http.tls_ca_file". Blocks. */
bool http_ca_file_check(const char *path, struct err *err);

/* scheme-less address of a request for people: host and port; user information,
 * path and query may hold secrets. */
struct str http_shown_url(struct str url);

#endif
