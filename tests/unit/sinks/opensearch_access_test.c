#include "../../../src/sinks/opensearch_access.h"
#include "sim/env.h"
#include "sim/transport_script.h"
#include "sluice/core/buf.h"
#include "support/tasks.h"
#include "support/test.h"

/* ---- what `check` says ---- */

static const struct check {
	const char *url;
	struct opensearch_auth auth;
	struct tls_option tls;
	const char *want;  /* NULL: nothing */
} checks[] = {
	{ "http://search.test:9200", { 0 }, { .ca_file = { 0 } }, NULL },
	{ "https://search.test", { .kind = AUTH_BASIC, .username = STR_INIT("u"), .password = STR_INIT("p") },
	  { .ca_file = STR_INIT("/ca"), .cert_file = STR_INIT("/c"), .key_file = STR_INIT("/k") }, NULL },
	{ "http://localhost:9200", { .kind = AUTH_BASIC, .username = STR_INIT("u"), .password = STR_INIT("p") }, { .ca_file = { 0 } }, NULL },
	{ "http://search.test", { .kind = AUTH_BEARER, .token = STR_INIT("t"), .insecure = true }, { .ca_file = { 0 } }, NULL },
	{ "http://search.test", { .kind = AUTH_BEARER, .token = STR_INIT("t") }, { .ca_file = { 0 } }, "can be read by everybody on the way" },
	{ "https://search.test", { .kind = AUTH_BASIC, .username = STR_INIT("u") }, { .ca_file = { 0 } }, "'password' is missing" },
	{ "https://search.test", { .kind = AUTH_BASIC, .password = STR_INIT("p") }, { .ca_file = { 0 } }, "'username' is missing" },
	{ "https://search.test", { .kind = AUTH_API_KEY }, { .ca_file = { 0 } }, "'token' is missing" },
	{ "https://search.test", { .username = STR_INIT("u") }, { .ca_file = { 0 } }, "username has no meaning for auth.kind \"none\"" },
	{ "https://search.test", { .kind = AUTH_SIGV4, .token = STR_INIT("t") }, { .ca_file = { 0 } }, "token has no meaning" },
	{ "https://search.test", { .kind = AUTH_BASIC, .username = STR_INIT("u"), .password = STR_INIT("p"),
				   .service = SERVICE_AOSS }, { .ca_file = { 0 } }, "service has no meaning" },
	{ "https://search.test", { .kind = AUTH_BASIC, .username = STR_INIT("a:b"), .password = STR_INIT("p") }, { .ca_file = { 0 } },
	  "a username no ':'" },
	{ "https://search.test", { .kind = AUTH_BEARER, .token = STR_INIT("a\r\nb") }, { .ca_file = { 0 } }, "line end" },
	{ "https://search.test", { .kind = AUTH_SIGV4, .region = STR_INIT("x y") }, { .ca_file = { 0 } }, "no AWS region" },
	{ "https://c.eu-west-1.aoss.amazonaws.com", { .kind = AUTH_SIGV4, .service = SERVICE_AOSS,
						      .region = STR_INIT("eu-west-1") }, { .ca_file = { 0 } }, NULL },
	{ "https://c.eu-west-1.aoss.amazonaws.com", { 0 }, { .ca_file = { 0 } }, "signed requests only" },
	{ "https://c.eu-west-1.aoss.amazonaws.com", { .kind = AUTH_SIGV4 }, { .ca_file = { 0 } }, "the url is one of \"aoss\", not of \"es\"" },
	{ "https://d.eu-west-1.es.amazonaws.com", { .kind = AUTH_SIGV4, .service = SERVICE_AOSS }, { .ca_file = { 0 } },
	  "the url is one of \"es\", not of \"aoss\"" },
	{ "https://d.eu-west-1.es.amazonaws.com", { .kind = AUTH_SIGV4, .region = STR_INIT("us-east-1") }, { .ca_file = { 0 } },
	  "another region" },
	{ "http://localhost", { 0 }, { .ca_file = STR_INIT("/ca") }, "tls means nothing to an http:// url" },
	{ "https://search.test", { 0 }, { .key_file = STR_INIT("/k") }, "key_file is the key of no certificate" },
};

static void test_combinations_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		const struct check *c = &checks[i];
		struct problems problems;
		struct arena arena;
		struct buf out;

		arena_init(&arena, 1 << 20);
		problems_init(&problems, &arena);
		buf_init(&out, 1 << 16);
		opensearch_access_check(str_c(c->url), &c->auth, &c->tls, NULL, &problems);
		problems_print(&problems, &out);
		assert_int_equal(problems.count, c->want ? 1 : 0);
		if (c->want)
			assert_true(str_find(buf_str(&out), str_c(c->want)) != SIZE_MAX);
		buf_release(&out);
		arena_release(&arena);
	}
}

/* ---- what goes out, and what an error says ---- */

static bool keys_get(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	if (!credentials_set(out, STR("AKID"), STR("a-secret-that-must-not-be-seen"), STR(""), err))
		return false;
	buf_puts(&out->source, "profile dev");
	return true;
}

static void keys_forget(struct credentials_provider *p)
{
	(void)p;
}

static const struct ask {
	struct opensearch_auth auth;
	struct tls_option tls;
	const char *authorization;  /* how the header begins; NULL: there is none */
	const char *hint;
} asks[] = {
	{ { 0 }, { .ca_file = { 0 } }, NULL, "asked without credentials; set `auth`" },
	{ { 0 }, { .cert_file = STR_INIT("/c.pem") }, NULL, "certificate of tls.cert_file alone" },
	{ { .kind = AUTH_BASIC, .username = STR_INIT("Aladdin"), .password = STR_INIT("open sesame") }, { .ca_file = { 0 } },
	  "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "asked as user Aladdin with a password" },
	{ { .kind = AUTH_API_KEY, .token = STR_INIT("abcdefghij") }, { .ca_file = { 0 } }, "ApiKey abcdefghij", "asked with an API key" },
	{ { .kind = AUTH_BEARER, .token = STR_INIT("abcdefghij") }, { .ca_file = { 0 } }, "Bearer abcdefghij", "asked with a bearer token" },
	{ { .kind = AUTH_SIGV4 }, { .ca_file = { 0 } }, "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/es/aws4_request, ",
	  "signed for es in eu-west-1 with credentials from profile dev; they need es:ESHttp*" },
	{ { .kind = AUTH_SIGV4, .service = SERVICE_AOSS, .region = STR_INIT("us-east-1") }, { .ca_file = { 0 } },
	  "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/aoss/aws4_request, ", "signed for aoss in us-east-1" },
};

static void ask_body(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 401, .body = "you said QWxhZGRpbjpvcGVuIHNlc2FtZQ== (open sesame), abcdefghij" },
		{ .status = 200, .body = "abcdefghij" },
	};
	const struct ask *a = arg;
	struct credentials_provider keys = { .get = keys_get, .forget = keys_forget };
	const struct aws_settings aws = { .loop = loop, .credentials = &keys, .region = STR("eu-west-1") };
	struct transport_script script;
	const struct sink_site site = { .name = STR("search"), .loop = loop, .transport = &script.transport, .aws = &aws };
	const struct http_request request = { .method = "GET", .url = STR("https://search.test/") };
	struct opensearch_access access;
	struct http_response response;
	struct err err = { 0 };

	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	http_response_init(&response);
	CHECK_OK(opensearch_access_init(&access, &a->auth, &a->tls, &site, &err), &err);
	CHECK_OK(transport_send(&access.transport, &request, &response, &err), &err);
	CHECK(str_starts(transport_script_header(&script, 0, "authorization"), str_c(a->authorization)));
	CHECK_EQ(transport_script_header(&script, 0, "authorization").ptr != NULL, a->authorization != NULL);
	CHECK_EQ(script.seen[0].request.tls != NULL, a->tls.cert_file.len > 0);
	if (a->auth.kind == AUTH_BASIC)
		CHECK_STR(buf_str(&response.body), "you said **************************** (***********), abcdefghij");
	err_set(&err, ERR_AUTH, "opensearch.401", "answered with %500d", 401);
	opensearch_access_explain(&access, &err);
	CHECK(strstr(err.text, a->hint) != NULL);
	CHECK(strlen(err.text) < sizeof(err.text) && !strstr(err.text, "sesame") && !strstr(err.text, "abcdefghij"));
	err_set(&err, ERR_RETRY, "opensearch.500", "answered");
	opensearch_access_explain(&access, &err);
	CHECK_STR(str_c(err.text), "answered");
	CHECK_OK(transport_send(&access.transport, &request, &response, &err), &err);
	CHECK_STR(buf_str(&response.body), "abcdefghij"); /* documents are not touched */
	opensearch_access_release(&access);
	http_response_release(&response);
	transport_script_release(&script);
}

static void test_each_kind_says_who_asks_and_errors_say_what_was_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(asks); i++) {
		struct ask a = asks[i];

		run_simulated(1, ask_body, &a);
	}
}

static void nobody_body(struct loop *loop, void *arg)
{
	const struct opensearch_auth auth = { .kind = AUTH_SIGV4 };
	const struct tls_option tls = { .cert_file = STR("/c.pem") };
	struct credentials_provider keys = { .get = keys_get };
	const struct aws_settings aws = { .loop = loop, .credentials = &keys };
	struct sink_site site = { .loop = loop };
	struct opensearch_access access;
	struct err err = { 0 };

	(void)arg;
	CHECK_CLASS(opensearch_access_init(&access, &auth, &tls, &site, &err), &err, ERR_FATAL);
	CHECK_STR(str_c(err.code), "sink.credentials");
	site.aws = &aws;
	CHECK_CLASS(opensearch_access_init(&access, &auth, &tls, &site, &err), &err, ERR_FATAL);
	CHECK_STR(str_c(err.code), "aws.region");
}

static void test_signing_needs_credentials_and_a_region(void **state)
{
	(void)state;
	run_simulated(1, nobody_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_combinations_that_make_no_sense_are_refused),
		cmocka_unit_test(test_each_kind_says_who_asks_and_errors_say_what_was_used),
		cmocka_unit_test(test_signing_needs_credentials_and_a_region),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
