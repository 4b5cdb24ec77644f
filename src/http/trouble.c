#include "sluice/http/trouble.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* TLS alerts, by number. */
enum {
	ALERT_HANDSHAKE_FAILURE = 40,
	ALERT_BAD_CERTIFICATE = 42,
	ALERT_ACCESS_DENIED = 49,
	ALERT_PROTOCOL_VERSION = 70,
	ALERT_CERTIFICATE_REQUIRED = 116,
};

enum { OPENSSL_ALERTS = 1000, OPENSSL_UNSUPPORTED_PROTOCOL = 258, OPENSSL_REASON_BITS = 0x7fffff };

struct str http_shown_url(struct str url)
{
	size_t start = str_find(url, STR("://")), end;

	start = start == SIZE_MAX ? 0 : start + 3;
	for (end = start; end < url.len && !strchr("/?#", url.ptr[end]); end++)
		if (url.ptr[end] == '@')
			start = end + 1;
	return str_sub(url, start, end - start);
}

/* "METHOD host:port: " in front of what follows. */
static bool tell(const struct http_trouble *t, struct err *err, const char *code, const char *what)
{
	struct str where = http_shown_url(t->request->url);

	return err_set(err, ERR_RETRY, code, "%s %.*s: %s", t->request->method, STR_ARG(where), what);
}

static const char *reason_of(const char *path)
{
	return access(path, R_OK) == 0 ? "it holds none in PEM form" : strerror(errno);
}

/* ---- certificates ---- */

static const struct { long verify; const char *code, *what; } certificates[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, "http.tls_expired",
	  "certificate has expired: it must be renewed, unless this machine's clock is wrong" },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "http.tls_not_yet_valid",
	  "certificate is not valid yet: is this machine's clock right?" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "http.tls_self_signed",
	  "certificate is self-signed, and is not in" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "http.tls_untrusted", "certificate is signed by a CA that is not in" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "http.tls_untrusted", "certificate is signed by a CA that is not in" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "http.tls_untrusted", "certificate is signed by a CA that is not in" },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "http.tls_untrusted", "certificate is signed by a CA that is not in" },
	{ X509_V_ERR_HOSTNAME_MISMATCH, "http.tls_host", "certificate is for another name" },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, "http.tls_host", "certificate is for another address" },
	/* A chain without fault, and refused all the same: libcurl compares the names itself. */
	{ X509_V_OK, "http.tls_host", "certificate is for another name" },
	{ X509_V_ERR_UNSPECIFIED, "http.tls_host", "certificate is for another name" },
};

static bool tell_certificate(const struct http_trouble *t, struct err *err)
{
	const char *whose = t->of_proxy ? "the proxy's" : "the server's";
	char text[400];

	for (size_t i = 0; i < sizeof(certificates) / sizeof(*certificates); i++) {
		const char *what = certificates[i].what;

		if (certificates[i].verify != t->verify)
			continue;
		if (!str_ends(str_c(what), STR(" in")))
			snprintf(text, sizeof(text), "%s %s", whose, what);
		else if (t->ca_file)
			snprintf(text, sizeof(text), "%s %s the CA file %.200s", whose, what, t->ca_file);
		else
			snprintf(text, sizeof(text), "%s %s the system's store; a CA of your own is named by aws.ca_bundle, "
				 "AWS_CA_BUNDLE, or the sink's settings", whose, what);
		return tell(t, err, certificates[i].code, text);
	}
	snprintf(text, sizeof(text), "%s certificate is refused: %s", whose, X509_verify_cert_error_string(t->verify));
	return tell(t, err, "http.tls", text);
}

static bool tell_ca_file(const struct http_trouble *t, struct err *err)
{
	const char *path = t->ca_file ? t->ca_file : "the system's store";
	char text[400];

	snprintf(text, sizeof(text), "CA certificates cannot be read from %.200s: %s", path, reason_of(path));
	return tell(t, err, "http.tls_ca_file", text);
}

static bool tell_client_file(const struct http_trouble *t, struct err *err)
{
	const struct http_tls *tls = t->request->tls;
	const char *cert = tls && tls->cert_file ? tls->cert_file : "?";
	const char *key = tls && tls->key_file ? tls->key_file : cert;
	char text[480];

	if (access(cert, R_OK) != 0)
		snprintf(text, sizeof(text), "the client certificate %.150s cannot be read: %s", cert, strerror(errno));
	else if (access(key, R_OK) != 0)
		snprintf(text, sizeof(text), "the client certificate's key %.150s cannot be read: %s", key, strerror(errno));
	else
		snprintf(text, sizeof(text), "the client certificate %.150s and its key %.150s cannot be used: expected PEM, "
			 "a key without a pass phrase, and that one belongs to the other", cert, key);
	return tell(t, err, "http.tls_client", text);
}

static bool tell_client(const struct http_trouble *t, struct err *err)
{
	const struct http_tls *tls = t->request->tls;
	char text[300];

	if (tls && tls->cert_file)
		snprintf(text, sizeof(text), "the server refuses the client certificate %.200s", tls->cert_file);
	else
		snprintf(text, sizeof(text), "the server asks for a client certificate, and none is set");
	return tell(t, err, "http.tls_client", text);
}

/* ---- handshakes ---- */

/* OpenSSL's reason from words like "… error:0A000412:SSL routines::…"; 0: none there. */
static unsigned long reason_in(const char *words)
{
	const char *at = words ? strstr(words, "error:") : NULL;
	unsigned long code = at ? strtoul(at + strlen("error:"), NULL, 16) : 0;

	return code >> 23 == 20 ? code & OPENSSL_REASON_BITS : 0; /* 20: ERR_LIB_SSL */
}

static bool refuses_client(const struct http_trouble *t)
{
	unsigned long reason = reason_in(t->words);

	return t->connects && ((reason >= OPENSSL_ALERTS + ALERT_BAD_CERTIFICATE && reason <= OPENSSL_ALERTS + ALERT_ACCESS_DENIED) ||
			       reason == OPENSSL_ALERTS + ALERT_CERTIFICATE_REQUIRED);
}

static bool tell_tls(const struct http_trouble *t, struct err *err)
{
	unsigned long reason = reason_in(t->words);
	char text[400];

	if (reason == OPENSSL_ALERTS + ALERT_PROTOCOL_VERSION || reason == OPENSSL_UNSUPPORTED_PROTOCOL)
		return tell(t, err, "http.tls", "the server speaks no TLS from version 1.2 on");
	snprintf(text, sizeof(text), "no TLS connection: %.250s%s", t->words,
		 reason == OPENSSL_ALERTS + ALERT_HANDSHAKE_FAILURE ? "; it may want a client certificate" : "");
	return tell(t, err, "http.tls", text);
}

/* ---- the rest ---- */

static bool tell_proxy(const struct http_trouble *t, struct err *err)
{
	char text[400];
	int n = snprintf(text, sizeof(text), "the proxy %.200s (%s) ", t->proxy ? t->proxy->shown.ptr : "?",
			 t->proxy ? t->proxy->from : "?");

	if (t->proxy_status == 407)
		snprintf(text + n, sizeof(text) - (size_t)n, "asks for another user and password than its address has");
	else if (t->proxy_status)
		snprintf(text + n, sizeof(text) - (size_t)n, "refuses: status %d", t->proxy_status);
	else
		snprintf(text + n, sizeof(text) - (size_t)n, "cannot be reached");
	return tell(t, err, "http.proxy", text);
}

static bool tell_timeout(const struct http_trouble *t, struct err *err)
{
	const char *code = "http.timeout", *what = t->words;

	if (t->sent || t->secured || (t->connected && !http_origin(t->request->url).tls))
		return tell(t, err, code, what);
	if (!t->resolved)
		code = "http.resolve";
	else if (t->proxy && !t->proxy_status)
		code = "http.proxy";
	else
		code = t->connected ? "http.tls" : "http.connect";
	return tell(t, err, code, what);
}

static bool tell_too_large(const struct http_trouble *t, struct err *err)
{
	char text[120];

	snprintf(text, sizeof(text), "the answer has more than %zu bytes, or than 64 KiB of headers", t->max_body_bytes);
	return tell(t, err, "http.too_large", text);
}

static bool tell_words(const struct http_trouble *t, struct err *err, const char *code)
{
	return tell(t, err, code, t->words);
}

static bool tell_broken(const struct http_trouble *t, struct err *err)
{
	return tell_words(t, err, "http.broken");
}

static bool tell_resolve(const struct http_trouble *t, struct err *err)
{
	return tell_words(t, err, "http.resolve");
}

static bool tell_connect(const struct http_trouble *t, struct err *err)
{
	return tell_words(t, err, "http.connect");
}

static bool tell_url(const struct http_trouble *t, struct err *err)
{
	return err_set(err, ERR_FATAL, "http.request", "%.16s request cannot be sent: its URL is malformed",
		       t->request->method);
}

static const struct {
	bool (*tell)(const struct http_trouble *t, struct err *err);
	bool unsent;  /* says that the server has seen nothing */
} kinds[] = {
	[TROUBLE_BROKEN] = { tell_broken, false },           [TROUBLE_URL] = { tell_url, false },
	[TROUBLE_RESOLVE] = { tell_resolve, true },          [TROUBLE_CONNECT] = { tell_connect, true },
	[TROUBLE_PROXY] = { tell_proxy, true },              [TROUBLE_TIMEOUT] = { tell_timeout, false },
	[TROUBLE_TLS] = { tell_tls, true },                  [TROUBLE_CERTIFICATE] = { tell_certificate, true },
	[TROUBLE_CA_FILE] = { tell_ca_file, true },          [TROUBLE_CLIENT_FILE] = { tell_client_file, true },
	[TROUBLE_CLIENT] = { tell_client, false },           [TROUBLE_TOO_LARGE] = { tell_too_large, false },
};

bool http_trouble_tell(const struct http_trouble *t, struct err *err)
{
	if ((t->kind == TROUBLE_TLS || t->kind == TROUBLE_BROKEN) && refuses_client(t))
		return tell_client(t, err);
	/* A kept connection was closed under it, and the new one failed: the first may have been served. */
	if (t->sent && kinds[t->kind].unsent && !t->proxy_status)
		return tell_broken(t, err);
	return kinds[t->kind].tell(t, err);
}

/* ---- files of CAs ---- */

bool http_ca_file_check(const char *path, struct err *err)
{
	X509_STORE *store = X509_STORE_new();
	bool ok = store && access(path, R_OK) == 0 && X509_STORE_load_locations(store, path, NULL) == 1;

	if (!ok)
		err_set(err, ERR_FATAL, "http.tls_ca_file", "CA certificates cannot be read from %.200s: %s", path,
			reason_of(path));
	X509_STORE_free(store);
	ERR_clear_error();
	return ok;
}
