/* The metadata service, scripted, in virtual time. */
#include "sim/transport_script.h"
#include "support/fake_process.h"
#include "support/http_server.h"
#include "support/tasks.h"
#include "support/test.h"
#include "support/vectors.h"

#include "sluice/aws/config.h"
#include "sluice/aws/imds.h"
#include "sluice/core/json.h"
#include "sluice/http/client.h"

#include <stdio.h>

#define TOKEN "AQAEAKQRRHnsX8GCPgYTGMShrFJkMhru3n=="
#define TTL "x-aws-ec2-metadata-token-ttl-seconds: 300"

struct fixture {
	struct transport_script script;
	struct fake_process process;
	struct aws_config config;
	struct credentials_site site;
	struct imds *imds;
	struct buf out;
	struct err err;
};

static void set_up(struct fixture *f, struct loop *loop, const struct aws_config *config, const char *v1,
		   const struct script_step *steps, size_t n)
{
	*f = (struct fixture){ .config = *config };
	fake_process_init(&f->process);
	fake_process_set(&f->process, "AWS_EC2_METADATA_V1_DISABLED", v1);
	transport_script_init(&f->script, loop, steps, n);
	f->site = (struct credentials_site){
		.env = &f->process.env, .loop = loop, .transport = &f->script.transport, .config = &f->config,
	};
	f->imds = imds_new(&f->site);
	buf_init(&f->out, 4096);
}

static void tear_down(struct fixture *f)
{
	imds_free(f->imds);
	transport_script_release(&f->script);
	buf_release(&f->out);
}

static const struct aws_config usual;

static void look_at_requests(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = TOKEN, .fields = TTL }, { .status = 200, .body = "one" }, { .status = 200, .body = "two" },
		{ .status = 200, .body = "second-token", .fields = TTL }, { .status = 200, .body = "three" },
	};
	struct aws_config config = usual;
	struct fixture f;

	(void)arg;
	config.imds.timeout_ms = 1234;
	set_up(&f, loop, &config, NULL, steps, COUNT_OF(steps));
	CHECK_OK(imds_get(f.imds, "meta-data/a", &f.out, &f.err), &f.err);
	CHECK_STR(buf_str(&f.out), "one");
	CHECK(task_sleep_ms(loop, 239 * 1000, NULL));
	CHECK_OK(imds_get(f.imds, "meta-data/b", &f.out, &f.err), &f.err);
	CHECK_STR(buf_str(&f.out), "two");
	CHECK(task_sleep_ms(loop, 2 * 1000, NULL)); /* in its last minute */
	CHECK_OK(imds_get(f.imds, "meta-data/c", &f.out, &f.err), &f.err);
	CHECK_STR(buf_str(&f.out), "three");
	CHECK_EQ(f.script.n_seen, COUNT_OF(steps));
	CHECK_STR(str_c(f.script.seen[0].request.method), "PUT");
	CHECK_STR(f.script.seen[0].request.url, "http://169.254.169.254/latest/api/token");
	CHECK_STR(transport_script_header(&f.script, 0, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
	CHECK_EQ(f.script.seen[0].request.n_headers, 1);
	CHECK_STR(str_c(f.script.seen[1].request.method), "GET");
	CHECK_STR(f.script.seen[1].request.url, "http://169.254.169.254/latest/meta-data/a");
	CHECK_STR(transport_script_header(&f.script, 1, "x-aws-ec2-metadata-token"), TOKEN);
	CHECK_STR(transport_script_header(&f.script, 2, "x-aws-ec2-metadata-token"), TOKEN);
	CHECK_STR(transport_script_header(&f.script, 4, "x-aws-ec2-metadata-token"), "second-token");
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		CHECK(f.script.seen[i].request.direct);
		CHECK_EQ(f.script.seen[i].request.timeout_ms, 1234);
		CHECK(f.script.seen[i].request.max_response_bytes <= 64 * 1024);
	}
	tear_down(&f);
}

static void test_a_token_serves_until_its_last_minute(void **state)
{
	(void)state;
	run_simulated(1, look_at_requests, NULL);
}

struct outcome {
	struct script_step steps[8];
	struct aws_config config;
	const char *v1;             /* AWS_EC2_METADATA_V1_DISABLED */
	size_t requests;            /* sent in all */
	const char *body;           /* or NULL and */
	const char *code, *part;
};

static void look_at_outcome(struct loop *loop, void *arg)
{
	const struct outcome *o = arg;
	struct fixture f;

	set_up(&f, loop, &o->config, o->v1, o->steps, COUNT_OF(o->steps));
	if (o->body) {
		CHECK_OK(imds_get(f.imds, "meta-data/a", &f.out, &f.err), &f.err);
		CHECK_STR(buf_str(&f.out), o->body);
	} else {
		CHECK_CLASS(imds_get(f.imds, "meta-data/a", &f.out, &f.err), &f.err, ERR_AUTH);
		CHECK_STR(str_c(f.err.code), o->code);
		if (!strstr(f.err.text, o->part))
			CHECK_STR(str_c(f.err.text), o->part);
		CHECK(!strstr(f.err.text, TOKEN));
	}
	CHECK_EQ(f.script.n_seen, o->requests);
	tear_down(&f);
}

#define V2 { .env = NULL }, NULL
#define V1_TOO { .env = NULL }, "False"
#define GIVES_TOKEN { .status = 200, .body = TOKEN, .fields = TTL }
#define NO_ANSWER { .error = "http.timeout", .after_ms = 1000 }

static void test_each_answer_has_its_outcome(void **state)
{
	static const struct outcome cases[] = {
		/* Busy is not absent. */
		{ { { .status = 503 }, GIVES_TOKEN, { .status = 503 }, { .status = 429 }, { .status = 200, .body = "x" } }, V2, 5,
		  "x", NULL, NULL },
		{ { { .status = 503 }, { .status = 503 }, { .status = 500 }, { .status = 503 } }, V2, 4, NULL, "credentials.imds",
		  "503 to PUT /latest/api/token (4 times)" },
		/* A token that is refused. */
		{ { GIVES_TOKEN, { .status = 401 }, GIVES_TOKEN, { .status = 200, .body = "x" } }, V2, 4, "x", NULL, NULL },
		{ { GIVES_TOKEN, { .status = 401 }, GIVES_TOKEN, { .status = 401 } }, V2, 4, NULL, "credentials.imds",
		  "answered 401 to /latest/meta-data/a" },
		/* No instance. */
		{ { { .error = "http.connect" } }, V2, 1, NULL, "credentials.absent", "no instance metadata service at http://169" },
		{ { { .error = "http.connect" }, { .error = "http.connect" }, { .error = "http.connect" } },
		  { .imds = { .attempts = 3 } }, NULL, 3, NULL, "credentials.absent", "http.connect" },
		{ { NO_ANSWER, NO_ANSWER }, V2, 2, NULL, "credentials.absent", "http.timeout" },
		/* Answers that get lost. */
		{ { NO_ANSWER, { .status = 401 } }, V2, 2, NULL, "credentials.imds_hops", "HttpPutResponseHopLimit must be 2" },
		{ { { .error = "http.broken" }, { .status = 200, .body = "ami-id" } }, V2, 2, NULL, "credentials.imds_hops",
		  "HttpPutResponseHopLimit" },
		/* Switched off, here and there. */
		{ { { .status = 403 } }, V2, 1, NULL, "credentials.imds_disabled", "--http-endpoint enabled" },
		{ { GIVES_TOKEN, { .status = 403 } }, V2, 2, NULL, "credentials.imds_disabled", "forbids" },
		{ { { .status = 0 } }, { .imds = { .disabled = true } }, NULL, 0, NULL, "credentials.absent", "AWS_EC2_METADATA_DISABLED" },
		/* Without tokens: only where allowed. */
		{ { { .status = 404 } }, V2, 1, NULL, "credentials.imds_v1", "AWS_EC2_METADATA_V1_DISABLED=false" },
		{ { { .status = 404 } }, { .env = NULL }, "true", 1, NULL, "credentials.imds_v1", "IMDSv1" },
		{ { { .status = 404 } }, { .imds = { .v1_disabled = true } }, "false", 1, NULL, "credentials.imds_v1", "IMDSv1" },
		{ { { .status = 405 }, { .status = 200, .body = "x" } }, V1_TOO, 2, "x", NULL, NULL },
		{ { NO_ANSWER, { .status = 200 }, { .status = 200, .body = "x" } }, V1_TOO, 3, "x", NULL, NULL },
		{ { { .status = 403 } }, V1_TOO, 1, NULL, "credentials.imds_disabled", "" },
		{ { { .error = "http.connect" } }, V1_TOO, 1, NULL, "credentials.absent", "" },
		/* What is not there, and what is none. */
		{ { GIVES_TOKEN, { .status = 404 } }, V2, 2, NULL, "imds.absent", "nothing at /latest/meta-data/a" },
		{ { GIVES_TOKEN, { .status = 302 } }, V2, 2, NULL, "credentials.imds", "answered 302" },
		{ { { .status = 400 } }, V2, 1, NULL, "credentials.imds", "answered 400 to PUT" },
		{ { { .status = 200, .body = "" } }, V2, 1, NULL, "credentials.imds", "something else there" },
		{ { { .status = 200, .body = "<html>\n" TOKEN } }, V2, 1, NULL, "credentials.imds", "something else there" },
		{ { { .error = "http.too_large" } }, V2, 1, NULL, "credentials.imds", "http.too_large" },
		{ { GIVES_TOKEN, NO_ANSWER }, V2, 2, NULL, "credentials.imds", "then no answer" },
		{ { { 0 } }, { .imds = { .endpoint = STR_INIT("not a uri") } }, NULL, 0, NULL, "credentials.imds", "'not a uri'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct outcome o = cases[i];

		run_simulated(i + 1, look_at_outcome, &o);
	}
}

static void look_at_region(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		GIVES_TOKEN, { .status = 200, .body = "eu-west-1\n" }, GIVES_TOKEN, { .status = 200, .body = "eu west" },
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, &usual, NULL, steps, COUNT_OF(steps));
	CHECK_OK(aws_imds_region(&f.site, &f.out, &f.err), &f.err);
	CHECK_STR(buf_str(&f.out), "eu-west-1");
	CHECK_STR(f.script.seen[1].request.url, "http://169.254.169.254/latest/meta-data/placement/region");
	buf_clear(&f.out);
	CHECK_CLASS(aws_imds_region(&f.site, &f.out, &f.err), &f.err, ERR_AUTH);
	CHECK_EQ(f.out.len, 0);
	tear_down(&f);
}

static void test_the_region_is_the_instances(void **state)
{
	(void)state;
	run_simulated(1, look_at_region, NULL);
}

/* Cancelled in the middle, it says so and nothing else. */
static void get_and_note(void *arg)
{
	struct fixture *f = arg;

	imds_get(f->imds, "meta-data/a", &f->out, &f->err);
}

static void cancel_it(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { GIVES_TOKEN, { .hangs = true } };
	struct fixture f;
	struct scope scope;

	(void)arg;
	set_up(&f, loop, &usual, NULL, steps, COUNT_OF(steps));
	scope_init(&scope, loop);
	scope_spawn(&scope, "get", get_and_note, &f);
	CHECK(task_sleep_ms(loop, 500, NULL));
	scope_cancel(&scope);
	scope_wait(&scope);
	CHECK_EQ(f.err.class, ERR_CANCELLED);
	tear_down(&f);
}

static void test_a_cancelled_get_says_so(void **state)
{
	(void)state;
	run_simulated(1, cancel_it, NULL);
}

/* ---- over real connections ---- */

struct real {
	struct http_server *server;
	bool loses_tokens;
};

/* A service that, where it loses tokens, closes the connection on them. */
static bool serve(struct http_server_request *r)
{
	const struct real *real = r->ctx;
	bool put = str_starts(r->head, STR("PUT /latest/api/token "));

	if (put && str_eq(http_server_field(r, "x-aws-ec2-metadata-token-ttl-seconds"), STR("21600")))
		return real->loses_tokens ? false : http_server_answer(r, 200, TTL "\r\n", STR(TOKEN));
	if (!str_eq(http_server_field(r, "x-aws-ec2-metadata-token"), STR(TOKEN)))
		return http_server_answer(r, 401, "", STR("no token"));
	return http_server_answer(r, 200, "", STR("here"));
}

static void ask_a_real_one(struct loop *loop, void *arg)
{
	const struct real *real = arg;
	struct http_client *client = http_client_new(loop, &(struct http_client_settings){ 0 }, NULL);
	struct fake_process process;
	struct aws_config config = { .imds = { .timeout_ms = 20000 } };
	struct err err = { 0 };
	struct imds *imds;
	char url[64];
	struct buf out;

	fake_process_init(&process);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", http_server_port(real->server));
	config.imds.endpoint = str_c(url);

	const struct credentials_site site = {
		.env = &process.env, .loop = loop, .transport = http_client_transport(client), .config = &config,
	};

	imds = imds_new(&site);
	buf_init(&out, 1024);
	if (real->loses_tokens) {
		CHECK_CLASS(imds_get(imds, "meta-data/a", &out, &err), &err, ERR_AUTH);
		CHECK_STR(str_c(err.code), "credentials.imds_hops");
	} else {
		CHECK_OK(imds_get(imds, "meta-data/a", &out, &err), &err);
		CHECK_STR(buf_str(&out), "here");
	}
	buf_release(&out);
	imds_free(imds);
	http_client_free(client);
}

static void test_it_is_asked_over_real_connections(void **state)
{
	struct real real = { 0 };

	(void)state;
	assert_true(http_global_init(NULL));
	real.server = http_server_start(serve, &real);
	run_real(ask_a_real_one, &real);
	http_server_stop(real.server);
	real.loses_tokens = true;
	real.server = http_server_start(serve, &real);
	run_real(ask_a_real_one, &real);
	http_server_stop(real.server);
	http_global_cleanup();
}

/* ---- the public cases of where it is asked ---- */

static void ask(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 403 } };
	const struct json *test = arg, *env = json_get(test, "env");
	struct aws_config config = usual;
	struct str want, mode;
	struct fixture f;

	CHECK(json_get_str(json_get(json_get(test, "result"), "Ok"), &want));
	json_get_str(json_get(env, "AWS_EC2_METADATA_SERVICE_ENDPOINT"), &config.imds.endpoint);
	json_get_str(json_get(test, "endpoint_override"), &config.imds.endpoint);
	if (json_get_str(json_get(env, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), &mode) ||
	    json_get_str(json_get(test, "mode_override"), &mode))
		config.imds.ipv6 = str_eq_nocase(mode, STR("IPv6"));
	set_up(&f, loop, &config, NULL, steps, COUNT_OF(steps));
	CHECK(!imds_get(f.imds, "meta-data/a", &f.out, &f.err));
	CHECK_STR(f.script.seen[0].request.url, want.ptr);
	tear_down(&f);
}

/* Those with files, and with values that are refused, are the config's. */
static void test_the_public_endpoint_cases_hold(void **state)
{
	unsigned held = 0;
	struct json *tree;
	struct buf file;

	(void)state;
	if (!vectors_have("credentials/imds-config"))
		return;
	buf_init(&file, 1 << 20);
	assert_true(vectors_read("credentials/imds-config/imds-endpoint-tests.json", &file));
	tree = json_parse(buf_str(&file), 1 << 20, NULL);
	for (const struct json *test = json_first(json_get(tree, "tests")); test; test = json_next(test)) {
		if (!json_get(json_get(test, "result"), "Ok"))
			continue;
		if (json_count(json_get(test, "fs")) && !json_get(test, "endpoint_override") && !json_get(test, "mode_override"))
			continue;
		run_simulated(++held, ask, (void *)(uintptr_t)test);
	}
	assert_int_equal(held, 8);
	json_free(tree);
	buf_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_token_serves_until_its_last_minute),
		cmocka_unit_test(test_each_answer_has_its_outcome),
		cmocka_unit_test(test_the_region_is_the_instances),
		cmocka_unit_test(test_a_cancelled_get_says_so),
		cmocka_unit_test(test_it_is_asked_over_real_connections),
		cmocka_unit_test(test_the_public_endpoint_cases_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
