/* The real client behind a proxy. Servers are called service.test: a name that only the proxy knows. */
#include "support/certs.h"
#include "support/proxy.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/http/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct certs certs;

/* user:se@cret */
#define AUTHORIZATION "Basic dXNlcjpzZUBjcmV0"

struct fixture {
	struct proxy proxy;
	const char *at;                    /* format of the proxy's address, with its port */
	const char *proxy_cert;            /* it speaks TLS */
	const char *ca;                    /* the client's */
	void (*body)(struct fixture *f);
	struct http_server *proxy_server, *server;
	struct http_client *client;
	char address[160];
	struct err err;
};

static const char *get_variable(void *ctx, const char *name)
{
	const struct fixture *f = ctx;

	return strcmp(name, "ALL_PROXY") == 0 ? f->address : NULL;
}

static bool answer(struct http_server_request *r)
{
	return http_server_answer(r, 200, NULL, STR("the server"));
}

static void with_client(struct loop *loop, void *arg)
{
	struct fixture *f = arg;
	const struct http_client_settings settings = {
		.max_connections = 4, .ca_file = certs_path(&certs, f->ca ? f->ca : "ca.pem"), .getenv = get_variable,
		.getenv_ctx = f,
	};

	f->client = http_client_new(loop, &settings, &f->err);
	CHECK_OK(f->client != NULL, &f->err);
	f->body(f);
	http_client_free(f->client);
}

static void run(struct fixture f)
{
	const struct http_server_options plain = { 0 };
	struct http_server_options tls = { .cert_file = certs_path(&certs, "good.pem"), .key_file = certs_path(&certs, "good.key") };
	char at[128];

	f.server = http_server_start_with(&tls, answer, NULL);
	f.proxy.upstream_port = f.proxy.upstream_port ? f.proxy.upstream_port : http_server_port(f.server);
	f.proxy_server = http_server_start_with(f.proxy_cert ? &tls : &plain, proxy_handle, &f.proxy);
	snprintf(at, sizeof(at), "%s", f.at ? f.at : "http://127.0.0.1:PORT");
	*strstr(at, "PORT") = '\0';
	snprintf(f.address, sizeof(f.address), "%s%d", at, http_server_port(f.proxy_server));
	run_real(with_client, &f);
	http_server_stop(f.proxy_server);
	http_server_stop(f.server);
}

static bool get(struct fixture *f, const char *url, struct http_request q, const char *body)
{
	const struct http_header signature = { STR("Authorization"), STR("signature-of-the-request") };
	struct http_response r;
	bool ok;

	q.method = "GET";
	q.url = str_c(url);
	q.headers = &signature;
	q.n_headers = 1;
	err_clear(&f->err);
	http_response_init(&r);
	ok = transport_send(http_client_transport(f->client), &q, &r, &f->err);
	ok = ok && check_str(buf_str(&r.body), str_c(body), "body", __FILE__, __LINE__);
	http_response_release(&r);
	return ok;
}

static const struct http_request no_options;

static void reach_servers(struct fixture *f)
{
	for (int i = 0; i < 3; i++)
		CHECK_OK(get(f, "https://service.test/x", no_options, "the server"), &f->err);
	CHECK_EQ(atomic_load(&f->proxy.tunnels), 1);
	CHECK_EQ(http_server_requests(f->server), 3);
	CHECK(!atomic_load(&f->proxy.saw_forbidden));
	CHECK_OK(get(f, "http://service.test/x?y", no_options, "GET http://service.test/x?y HTTP/1.1"), &f->err);
	CHECK_EQ(atomic_load(&f->proxy.forwards), 1);
}

static void test_servers_are_reached_through_a_proxy(void **state)
{
	(void)state;
	run((struct fixture){ .body = reach_servers, .proxy.forbidden = "signature" });
	run((struct fixture){ .body = reach_servers, .proxy.authorization = AUTHORIZATION,
			      .at = "http://user:se%40cret@127.0.0.1:PORT" });
}

/* Both ways fail alike: nothing has left for the server, and no word of the secret. */
static void be_refused(struct fixture *f)
{
	static const char *const urls[] = { "https://service.test/", "http://service.test/" };

	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		const struct http_request q = { .timeout_ms = 500, .connect_timeout_ms = 500 };

		/* What a proxy answers for the server, and what it says of itself, look alike but for 407. */
		if (i == 1 && f->proxy.refuses)
			continue;
		CHECK_CLASS(get(f, urls[i], q, ""), &f->err, ERR_RETRY);
		if (i == 1 && f->proxy.hangs) {
			CHECK_STR(str_c(f->err.code), "http.timeout");
			continue;
		}
		CHECK_STR(str_c(f->err.code), "http.proxy");
		CHECK(http_unsent(&f->err));
		CHECK(strstr(f->err.text, "service.test: ") != NULL);
		CHECK(!strstr(f->err.text, "cret") && !strstr(f->err.text, "user:"));
		if (!f->proxy.hangs)
			CHECK(strstr(f->err.text, "(ALL_PROXY)") != NULL);
		if (f->proxy.authorization)
			CHECK(strstr(f->err.text, "asks for another user and password") != NULL);
		if (f->proxy.refuses)
			CHECK(strstr(f->err.text, "status 403") != NULL);
	}
	CHECK_EQ(http_server_requests(f->server), 0);
}

static void test_a_proxy_that_refuses_is_named(void **state)
{
	(void)state;
	run((struct fixture){ .body = be_refused, .proxy.authorization = AUTHORIZATION });
	run((struct fixture){ .body = be_refused, .proxy.authorization = AUTHORIZATION,
			      .at = "http://user:other-secret@127.0.0.1:PORT" });
	run((struct fixture){ .body = be_refused, .proxy.refuses = 403, .at = "http://user:secret@127.0.0.1:PORT" });
	run((struct fixture){ .body = be_refused, .proxy.hangs = true, .at = "http://user:secret@127.0.0.1:PORT" });
	run((struct fixture){ .body = be_refused, .at = "http://user:secret@127.0.0.1:1/PORT" });
	run((struct fixture){ .body = be_refused, .at = "http://user:secret@no-such-proxy.invalid:1/PORT" });
	run((struct fixture){ .body = be_refused, .at = "socks5://user:secret@127.0.0.1:1/PORT" });
}

static void find_nobody_behind(struct fixture *f)
{
	CHECK_CLASS(get(f, "https://service.test/", no_options, ""), &f->err, ERR_RETRY);
	CHECK_STR(str_c(f->err.code), "http.proxy");
	CHECK(strstr(f->err.text, "status 502") != NULL);
}

static void test_a_server_that_the_proxy_does_not_reach(void **state)
{
	(void)state;
	run((struct fixture){ .body = find_nobody_behind, .proxy.upstream_port = 1 });
}

static void shake_hands_with_nobody(struct fixture *f)
{
	CHECK_CLASS(get(f, "https://service.test/", (struct http_request){ .timeout_ms = 300 }, ""), &f->err, ERR_RETRY);
	CHECK_STR(str_c(f->err.code), "http.tls");
	CHECK(http_unsent(&f->err));
	CHECK_EQ(atomic_load(&f->proxy.tunnels), 1);
}

static void test_a_server_that_is_silent_behind_the_tunnel(void **state)
{
	struct http_server *silent = http_server_start(answer, NULL);   /* it waits for a request in plain text */

	(void)state;
	run((struct fixture){ .body = shake_hands_with_nobody, .proxy.upstream_port = http_server_port(silent) });
	http_server_stop(silent);
}

static void go_past_it(struct fixture *f)
{
	char url[64];

	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", http_server_port(f->server));
	CHECK_OK(get(f, url, no_options, "the server"), &f->err);
	snprintf(url, sizeof(url), "https://localhost:%d/", http_server_port(f->server));
	CHECK_OK(get(f, url, no_options, "the server"), &f->err);
	CHECK_CLASS(get(f, "https://no-such-host.invalid/", (struct http_request){ .direct = true }, ""), &f->err, ERR_RETRY);
	CHECK_STR(str_c(f->err.code), "http.resolve");
	CHECK_EQ(http_server_requests(f->proxy_server), 0);
}

static void test_loopback_and_direct_requests_go_past_it(void **state)
{
	(void)state;
	run((struct fixture){ .body = go_past_it });
}

static void distrust_behind_it(struct fixture *f)
{
	CHECK_CLASS(get(f, "https://service.test/", no_options, ""), &f->err, ERR_RETRY);
	CHECK_STR(str_c(f->err.code), "http.tls_untrusted");
	CHECK(strstr(f->err.text, "the server's certificate") != NULL);
	CHECK_EQ(http_server_requests(f->server), 0);
}

static void misname_behind_it(struct fixture *f)
{
	CHECK_CLASS(get(f, "https://elsewhere.test/", no_options, ""), &f->err, ERR_RETRY);
	CHECK_STR(str_c(f->err.code), "http.tls_host");
	CHECK_EQ(http_server_requests(f->server), 0);
}

static void test_certificates_are_verified_through_a_tunnel(void **state)
{
	(void)state;
	run((struct fixture){ .body = distrust_behind_it, .ca = "other_ca.pem" });
	run((struct fixture){ .body = misname_behind_it });
}

static void reach_by_tls(struct fixture *f)
{
	CHECK_OK(get(f, "http://service.test/", no_options, "GET http://service.test/ HTTP/1.1"), &f->err);
}

static void distrust_it(struct fixture *f)
{
	CHECK_CLASS(get(f, "https://service.test/", no_options, ""), &f->err, ERR_RETRY);
	CHECK_STR(str_c(f->err.code), "http.tls_untrusted");
	CHECK(strstr(f->err.text, "the proxy's certificate") != NULL);
	CHECK_EQ(http_server_requests(f->proxy_server), 0);
}

static void test_a_proxy_may_speak_tls_itself(void **state)
{
	(void)state;
	run((struct fixture){ .body = reach_by_tls, .proxy_cert = "good", .at = "https://127.0.0.1:PORT" });
	run((struct fixture){ .body = distrust_it, .proxy_cert = "good", .at = "https://127.0.0.1:PORT", .ca = "other_ca.pem" });
}

static void ignore_the_real_environment(struct loop *loop, void *arg)
{
	const struct http_client_settings settings = { .max_connections = 1 };
	struct fixture f = { .server = http_server_start(answer, NULL) };
	char url[64];

	(void)arg;
	f.client = http_client_new(loop, &settings, &f.err);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", http_server_port(f.server));
	CHECK_OK(get(&f, url, no_options, "the server"), &f.err);
	http_client_free(f.client);
	http_server_stop(f.server);
}

static void test_nobody_but_the_client_reads_the_environment(void **state)
{
	static const char *const names[] = { "http_proxy", "all_proxy" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		setenv(names[i], "http://127.0.0.1:1", 1);
	run_real(ignore_the_real_environment, NULL);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		unsetenv(names[i]);
}

static void open_with_a_bad_address(struct loop *loop, void *arg)
{
	struct fixture f = { .address = "ftp://user:secret@proxy" };
	const struct http_client_settings settings = { .getenv = get_variable, .getenv_ctx = &f };

	(void)arg;
	CHECK_CLASS(http_client_new(loop, &settings, &f.err) != NULL, &f.err, ERR_FATAL);
	CHECK_STR(str_c(f.err.code), "http.proxy");
	CHECK(!strstr(f.err.text, "secret"));
}

static void test_a_bad_address_is_an_error_at_the_start(void **state)
{
	(void)state;
	run_real(open_with_a_bad_address, NULL);
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
		cmocka_unit_test(test_servers_are_reached_through_a_proxy),
		cmocka_unit_test(test_a_proxy_that_refuses_is_named),
		cmocka_unit_test(test_a_server_that_the_proxy_does_not_reach),
		cmocka_unit_test(test_a_server_that_is_silent_behind_the_tunnel),
		cmocka_unit_test(test_loopback_and_direct_requests_go_past_it),
		cmocka_unit_test(test_certificates_are_verified_through_a_tunnel),
		cmocka_unit_test(test_a_proxy_may_speak_tls_itself),
		cmocka_unit_test(test_nobody_but_the_client_reads_the_environment),
		cmocka_unit_test(test_a_bad_address_is_an_error_at_the_start),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
