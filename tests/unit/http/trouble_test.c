/* What client_tls_test and client_proxy_test do not bring about with real servers. */
#include "support/test.h"

#include "sluice/http/trouble.h"

#include <openssl/x509_vfy.h>
#include <string.h>

static const struct http_request secure = { .method = "PUT", .url = STR_INIT("https://u:pw@h:1/p?q=secret") };
static const struct http_request plain = { .method = "PUT", .url = STR_INIT("http://u:pw@h:1/p?q=secret") };
static const struct http_tls with_cert = { .cert_file = "/c.pem" };
static const struct http_request with_certificate = { .method = "PUT", .url = STR_INIT("https://h:1/"), .tls = &with_cert };
static struct http_proxy proxy = { .shown = { .ptr = (char[]){ "p:3128" }, .len = 6 }, .from = "HTTPS_PROXY" };

#define ALERT(n) "OpenSSL SSL_read: error:0A000" n ":SSL routines::x, errno 0"

static const struct {
	struct http_trouble t;
	const char *code, *words;
	bool unsent;
} cases[] = {
	{ { .kind = TROUBLE_CONNECT, .request = &plain }, "http.connect", "PUT h:1: w", true },
	/* A kept connection had taken the request, and a new one could not be had. */
	{ { .kind = TROUBLE_CONNECT, .request = &plain, .sent = true }, "http.broken", "PUT h:1: w", false },
	{ { .kind = TROUBLE_RESOLVE, .request = &plain, .sent = true }, "http.broken", "PUT h:1: w", false },
	{ { .kind = TROUBLE_CERTIFICATE, .request = &secure, .sent = true }, "http.broken", "PUT h:1: w", false },
	{ { .kind = TROUBLE_PROXY, .request = &plain, .proxy = &proxy, .sent = true }, "http.broken", "PUT h:1: w", false },
	{ { .kind = TROUBLE_PROXY, .request = &plain, .proxy = &proxy, .sent = true, .proxy_status = 407 }, "http.proxy",
	  "the proxy p:3128 (HTTPS_PROXY) asks for another user", true },
	{ { .kind = TROUBLE_TIMEOUT, .request = &plain }, "http.resolve", "w", true },
	{ { .kind = TROUBLE_TIMEOUT, .request = &plain, .resolved = true }, "http.connect", "w", true },
	{ { .kind = TROUBLE_TIMEOUT, .request = &plain, .resolved = true, .connected = true }, "http.timeout", "w", false },
	{ { .kind = TROUBLE_TIMEOUT, .request = &plain, .sent = true }, "http.timeout", "w", false },
	{ { .kind = TROUBLE_TIMEOUT, .request = &secure, .resolved = true, .connected = true }, "http.tls", "w", true },
	{ { .kind = TROUBLE_TIMEOUT, .request = &secure, .resolved = true, .connected = true, .secured = true },
	  "http.timeout", "w", false },
	{ { .kind = TROUBLE_TIMEOUT, .request = &secure, .proxy = &proxy, .resolved = true, .connected = true }, "http.proxy",
	  "w", true },
	{ { .kind = TROUBLE_TIMEOUT, .request = &secure, .proxy = &proxy, .proxy_status = 200, .resolved = true,
	    .connected = true }, "http.tls", "w", true },
	{ { .kind = TROUBLE_CERTIFICATE, .request = &secure, .verify = X509_V_ERR_CERT_REVOKED }, "http.tls",
	  "the server's certificate is refused: certificate revoked", true },
	{ { .kind = TROUBLE_CERTIFICATE, .request = &secure, .verify = X509_V_ERR_CERT_HAS_EXPIRED, .of_proxy = true },
	  "http.tls_expired", "the proxy's certificate", true },
	/* Alerts, by number: what is said of our certificate, on a connection that is new. */
	{ { .kind = TROUBLE_BROKEN, .request = &secure, .connects = true, .sent = true, .words = ALERT("45C") },
	  "http.tls_client", "asks for a client certificate", true },
	{ { .kind = TROUBLE_TLS, .request = &with_certificate, .connects = true, .words = ALERT("418") }, "http.tls_client",
	  "refuses the client certificate /c.pem", true },
	{ { .kind = TROUBLE_BROKEN, .request = &secure, .sent = true, .words = ALERT("45C") }, "http.broken", "SSL_read", false },
	{ { .kind = TROUBLE_BROKEN, .request = &secure, .connects = true, .words = ALERT("410") }, "http.broken", "", false },
	{ { .kind = TROUBLE_TLS, .request = &secure, .connects = true, .words = ALERT("42E") }, "http.tls", "from version 1.2", true },
	{ { .kind = TROUBLE_TLS, .request = &secure, .connects = true, .words = "error:" }, "http.tls", "error:", true },
	{ { .kind = TROUBLE_CA_FILE, .request = &secure }, "http.tls_ca_file", "the system's store", true },
};

static void test_what_went_wrong_has_a_code_and_a_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_trouble t = cases[i].t;
		struct err err = { 0 };

		if (!t.words)
			t.words = "w";
		assert_false(http_trouble_tell(&t, &err));
		assert_int_equal(err.class, ERR_RETRY);
		if (strcmp(err.code, cases[i].code) != 0 || !strstr(err.text, cases[i].words))
			fail_msg("case %zu: %s: %s", i, err.code, err.text);
		assert_int_equal(http_unsent(&err), cases[i].unsent);
		assert_null(strstr(err.text, "secret"));
		assert_null(strstr(err.text, "pw"));
	}
}

static void test_long_names_are_cut_not_overrun(void **state)
{
	static char lengthy[5000];
	const struct http_tls tls = { .cert_file = lengthy, .key_file = lengthy };
	const struct http_request q = { .method = "GET", .url = STR("https://h/"), .tls = &tls };
	struct err err = { 0 };

	(void)state;
	memset(lengthy, 'x', sizeof(lengthy) - 1);
	for (int kind = TROUBLE_BROKEN; kind <= TROUBLE_TOO_LARGE; kind++) {
		const struct http_trouble t = {
			.kind = (enum http_trouble_kind)kind, .request = &q, .ca_file = lengthy, .words = lengthy,
			.verify = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
		};

		assert_false(http_trouble_tell(&t, &err));
	}
	assert_false(http_ca_file_check(lengthy, &err));
	assert_string_equal(err.code, "http.tls_ca_file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_went_wrong_has_a_code_and_a_sentence),
		cmocka_unit_test(test_long_names_are_cut_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
