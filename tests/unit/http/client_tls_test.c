/* The real client against servers with certificates of all kinds. */
#include "support/certs.h"
#include "support/http_server.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/http/client.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

static struct certs certs;

static bool answer(struct http_server_request *r)
{
	return http_server_answer(r, 200, NULL, STR("ok"));
}

struct fixture {
	struct http_server_options how;
	const char *ca_file;               /* the client's */
	struct http_server *server;
	struct http_client *client;
	void (*body)(struct fixture *f);
	const void *arg;
};

static void with_client(struct loop *loop, void *arg)
{
	struct fixture *f = arg;
	const struct http_client_settings settings = { .max_connections = 4, .ca_file = f->ca_file };
	struct err err = { 0 };

	f->client = http_client_new(loop, &settings, &err);
	CHECK_OK(f->client != NULL, &err);
	f->body(f);
	http_client_free(f->client);
}

/* `name`: the server's certificate; `ca`: the client's CA file, NULL: the system's. */
static void run(struct fixture f, const char *name, const char *ca)
{
	char cert[128], key[128], trusted[128] = "";

	snprintf(cert, sizeof(cert), "%s/%s.pem", certs.folder, name);
	snprintf(key, sizeof(key), "%s/%s.key", certs.folder, name);
	if (ca)
		snprintf(trusted, sizeof(trusted), "%s/%s.pem", certs.folder, ca);
	f.ca_file = ca ? trusted : NULL;
	f.how.cert_file = cert;
	f.how.key_file = key;
	f.server = http_server_start_with(&f.how, answer, NULL);
	run_real(with_client, &f);
	http_server_stop(f.server);
}

static bool get(struct fixture *f, const char *host, const struct http_tls *tls, struct err *err)
{
	struct http_response r;
	struct http_request q = { .method = "GET", .tls = tls, .timeout_ms = 20000, .connect_timeout_ms = 20000 };
	char url[128];
	bool ok;

	snprintf(url, sizeof(url), "https://%s:%d/path?token=secret", host, http_server_port(f->server));
	q.url = str_c(url);
	http_response_init(&r);
	ok = transport_send(http_client_transport(f->client), &q, &r, err);
	ok = ok && check_str(buf_str(&r.body), STR("ok"), "body", __FILE__, __LINE__);
	http_response_release(&r);
	return ok;
}

struct expected {
	const char *cert, *ca, *host;
	const char *code;                  /* NULL: it works */
	const char *words;
};

static const struct expected servers[] = {
	{ "good", "ca", "127.0.0.1", NULL, NULL },
	{ "good", "ca", "localhost", NULL, NULL },
	{ "chained", "ca", "127.0.0.1", NULL, NULL },
	{ "self_signed", "self_signed", "127.0.0.1", NULL, NULL },
	{ "good", NULL, "127.0.0.1", "http.tls_untrusted", "the system's store; a CA of your own is named by aws.ca_bundle" },
	{ "good", "other_ca", "127.0.0.1", "http.tls_untrusted", "other_ca.pem" },
	{ "chained", NULL, "127.0.0.1", "http.tls_untrusted", "signed by a CA that is not in" },
	{ "self_signed", NULL, "127.0.0.1", "http.tls_self_signed", "certificate is self-signed" },
	{ "self_signed", "ca", "127.0.0.1", "http.tls_self_signed", "/ca.pem" },
	{ "expired", "ca", "127.0.0.1", "http.tls_expired", "certificate has expired" },
	{ "not_yet", "ca", "127.0.0.1", "http.tls_not_yet_valid", "this machine's clock" },
	{ "wrong_host", "ca", "127.0.0.1", "http.tls_host", "for another name" },
	{ "wrong_host", "ca", "localhost", "http.tls_host", "for another name" },
};

static void meet_server(struct fixture *f)
{
	const struct expected *e = f->arg;
	struct err err = { 0 };

	for (int i = 0; i < 2; i++) {
		if (!e->code) {
			CHECK_OK(get(f, e->host, NULL, &err), &err);
			continue;
		}
		CHECK_CLASS(get(f, e->host, NULL, &err), &err, ERR_RETRY);
		CHECK_STR(str_c(err.code), e->code);
		CHECK(strstr(err.text, "GET ") && strstr(err.text, e->host) && strstr(err.text, "the server's certificate"));
		if (!strstr(err.text, e->words))
			CHECK_STR(str_c(err.text), e->words);
		CHECK(!strstr(err.text, "secret"));
		CHECK(http_unsent(&err));
	}
	CHECK_EQ(http_server_requests(f->server), e->code ? 0 : 2);
	CHECK_EQ(http_client_stats(f->client).open, e->code ? 0 : 1);
	CHECK_EQ(http_server_connections(f->server), e->code ? 2 : 1);
}

static void test_each_fault_of_a_certificate_has_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(servers); i++)
		run((struct fixture){ .body = meet_server, .arg = &servers[i] }, servers[i].cert, servers[i].ca);
}

static void trust_by_request(struct fixture *f)
{
	const struct http_tls ours = { .ca_file = certs_path(&certs, "ca.pem") };
	const struct http_tls absent = { .ca_file = certs_path(&certs, "absent.pem") };
	const struct http_tls no_certs = { .ca_file = certs_path(&certs, "good.key") };
	struct err err = { 0 };

	CHECK_OK(get(f, "127.0.0.1", &ours, &err), &err);
	/* What one request trusts another does not: neither by a handle nor by a kept connection. */
	CHECK_CLASS(get(f, "127.0.0.1", NULL, &err), &err, ERR_RETRY);
	CHECK_STR(str_c(err.code), "http.tls_untrusted");
	CHECK_OK(get(f, "127.0.0.1", &ours, &err), &err);
	CHECK_CLASS(get(f, "127.0.0.1", &absent, &err), &err, ERR_RETRY);
	CHECK_STR(str_c(err.code), "http.tls_ca_file");
	CHECK(strstr(err.text, "absent.pem: No such file") != NULL);
	CHECK(http_unsent(&err));
	CHECK_CLASS(get(f, "127.0.0.1", &no_certs, &err), &err, ERR_RETRY);
	CHECK_STR(str_c(err.code), "http.tls_ca_file");
	CHECK(strstr(err.text, "good.key: it holds none in PEM form") != NULL);
	CHECK_EQ(http_server_requests(f->server), 2);
}

static void test_a_request_may_have_a_ca_of_its_own(void **state)
{
	(void)state;
	run((struct fixture){ .body = trust_by_request }, "good", NULL);
	run((struct fixture){ .body = trust_by_request }, "good", "other_ca");
}

static void open_with_bad_files(struct loop *loop, void *arg)
{
	static const struct { const char *file, *words; } cases[] = {
		{ "absent.pem", "No such file" }, { "good.key", "none in PEM form" }, { "", "" },
	};

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct http_client_settings settings = { .ca_file = certs_path(&certs, cases[i].file) };
		struct err err = { 0 };

		CHECK_CLASS(http_client_new(loop, &settings, &err) != NULL, &err, ERR_FATAL);
		CHECK_STR(str_c(err.code), "http.tls_ca_file");
		CHECK(strstr(err.text, cases[i].words) != NULL);
	}
}

static void test_a_client_does_not_open_without_its_cas(void **state)
{
	(void)state;
	run_real(open_with_bad_files, NULL);
}

static void show_certificates(struct fixture *f)
{
	const struct http_tls client = { .cert_file = certs_path(&certs, "client.pem"),
					 .key_file = certs_path(&certs, "client.key") };
	bool old = f->how.max_tls_version == TLS1_2_VERSION;
	const struct { struct http_tls tls; const char *words; } bad[] = {
		/* Until 1.2 the alert for it is the one for everything. */
		{ { .cert_file = NULL }, old ? "may want a client certificate" : "asks for a client certificate, and none" },
		{ { .cert_file = certs_path(&certs, "foreign.pem"), .key_file = certs_path(&certs, "foreign.key") },
		  "refuses the client certificate" },
		{ { .cert_file = "/absent.pem", .key_file = client.key_file }, "/absent.pem cannot be read: No such file" },
		{ { .cert_file = client.cert_file, .key_file = "/absent.key" }, "/absent.key cannot be read: No such file" },
		{ { .cert_file = client.cert_file, .key_file = certs_path(&certs, "foreign.key") }, "belongs to the other" },
		{ { .cert_file = certs_path(&certs, "locked.pem"), .key_file = certs_path(&certs, "locked.key") },
		  "a key without a pass phrase" },
		{ { .cert_file = client.key_file, .key_file = client.key_file }, "expected PEM" },
	};
	struct err err = { 0 };

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CHECK_CLASS(get(f, "127.0.0.1", &bad[i].tls, &err), &err, ERR_RETRY);
		CHECK_STR(str_c(err.code), old && i == 0 ? "http.tls" : "http.tls_client");
		if (!strstr(err.text, bad[i].words))
			CHECK_STR(str_c(err.text), bad[i].words);
		CHECK(http_unsent(&err));
	}
	CHECK_OK(get(f, "127.0.0.1", &client, &err), &err);
	CHECK_CLASS(get(f, "127.0.0.1", NULL, &err), &err, ERR_RETRY);  /* not by the kept connection */
	CHECK_OK(get(f, "127.0.0.1", &client, &err), &err);
	CHECK_EQ(http_server_requests(f->server), 2);
}

static void test_a_server_may_ask_who_we_are(void **state)
{
	const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		run((struct fixture){ .body = show_certificates, .how.max_tls_version = versions[i],
				      .how.client_ca_file = certs_path(&certs, "ca.pem") }, "good", "ca");
}

static void meet_version(struct fixture *f)
{
	struct err err = { 0 };

	if (f->how.max_tls_version == TLS1_2_VERSION) {
		CHECK_OK(get(f, "127.0.0.1", NULL, &err), &err);
		return;
	}
	CHECK_CLASS(get(f, "127.0.0.1", NULL, &err), &err, ERR_RETRY);
	CHECK_STR(str_c(err.code), "http.tls");
	CHECK(strstr(err.text, "speaks no TLS from version 1.2 on") != NULL);
	CHECK(http_unsent(&err));
}

static void test_old_versions_of_tls_are_refused(void **state)
{
	const int versions[] = { TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		run((struct fixture){ .body = meet_version, .how.max_tls_version = versions[i] }, "good", "ca");
}

static void meet_ipv6(struct fixture *f)
{
	struct err err = { 0 };

	CHECK_OK(get(f, "[::1]", NULL, &err), &err);
	CHECK_OK(get(f, "localhost", NULL, &err), &err);   /* whichever family is there */
	CHECK_CLASS(get(f, "127.0.0.1", NULL, &err), &err, ERR_RETRY);
	CHECK_STR(str_c(err.code), "http.connect");
}

static void test_servers_with_ipv6_addresses(void **state)
{
	(void)state;
	run((struct fixture){ .body = meet_ipv6, .how.ipv6 = true }, "good", "ca");
}

static int set_up(void **state)
{
	(void)state;
	certs_make(&certs);
	return http_global_init(NULL) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	http_global_cleanup();
	certs_remove(&certs);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_fault_of_a_certificate_has_a_name),
		cmocka_unit_test(test_a_request_may_have_a_ca_of_its_own),
		cmocka_unit_test(test_a_client_does_not_open_without_its_cas),
		cmocka_unit_test(test_a_server_may_ask_who_we_are),
		cmocka_unit_test(test_old_versions_of_tls_are_refused),
		cmocka_unit_test(test_servers_with_ipv6_addresses),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
