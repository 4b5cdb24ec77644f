/* Credentials of ECS tasks and EKS pods; with ../shared/vectors' rules and traffic. */
#include "support/fake_process.h"
#include "support/tasks.h"
#include "support/test.h"
#include "support/traffic.h"
#include "support/vectors.h"

#include "sluice/aws/config.h"

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define KEYS                                                                                              \
	"{\"RoleArn\":\"arn:aws:iam::123456789:role/r\",\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"" SECRET "\","      \
	"\"Token\":\"session\",\"AccountId\":\"012345678901\",\"Expiration\":\"2009-02-13T23:31:30Z\"}"
#define LABEL "a-label-of-more-than-half-of-63-characters"
#define FIFTY "12345678901234567890123456789012345678901234567890"
#define GIVES_KEYS { .status = 200, .body = KEYS }

struct fixture {
	struct fake_process process;
	struct transport_script script;
	struct credentials_provider *provider;
	struct credentials got;
	struct err err;
};

static void set_up(struct fixture *f, struct loop *loop, const struct script_step *steps, size_t n)
{
	*f = (struct fixture){ 0 };
	fake_process_init(&f->process);
	transport_script_init(&f->script, loop, steps, n);

	const struct credentials_site site = {
		.env = &f->process.env, .loop = loop, .transport = &f->script.transport,
	};

	f->provider = credentials_container_new(&site);
	credentials_init(&f->got);
}

static void tear_down(struct fixture *f)
{
	credentials_provider_free(f->provider);
	credentials_release(&f->got);
	transport_script_release(&f->script);
}

static bool get(struct fixture *f)
{
	return f->provider->get(f->provider, &f->got, &f->err);
}

static void get_keys(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { GIVES_KEYS, GIVES_KEYS };
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	fake_process_set(&f.process, FULL, "http://169.254.170.23/v1/credentials");
	fake_process_set(&f.process, TOKEN, "not this one");
	fake_process_set(&f.process, TOKEN_FILE, "/token");
	fake_process_add_file(&f.process, "/token", "first");
	CHECK_OK(get(&f), &f.err);
	CHECK_STR(buf_str(&f.got.access_key_id), "AKID");
	CHECK_STR(buf_str(&f.got.secret_access_key), SECRET);
	CHECK_STR(buf_str(&f.got.session_token), "session");
	CHECK_STR(buf_str(&f.got.account_id), "012345678901");
	CHECK_STR(buf_str(&f.got.source), "container: 169.254.170.23");
	CHECK_EQ(f.got.expires_ms, 1234567890000);
	CHECK_STR(transport_script_header(&f.script, 0, "authorization"), "first");
	CHECK_STR(transport_script_header(&f.script, 0, "accept"), "application/json");
	CHECK(f.script.seen[0].request.direct);
	CHECK(f.script.seen[0].request.max_response_bytes <= 64 * 1024);
	fake_process_add_file(&f.process, "/token", "second");
	CHECK_OK(get(&f), &f.err);
	CHECK_STR(transport_script_header(&f.script, 1, "authorization"), "second");
	tear_down(&f);
}

static void test_the_token_file_is_read_each_time(void **state)
{
	(void)state;
	run_simulated(1, get_keys, NULL);
}

/* Which URIs are asked, and how; or what is said of them. */
struct rule {
	const char *relative, *full;
	const char *url, *host;      /* sent */
	const char *part;            /* of the error; nothing is sent */
};

static void look_at_rule(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { GIVES_KEYS };
	const struct rule *r = arg;
	struct fixture f;

	set_up(&f, loop, steps, COUNT_OF(steps));
	fake_process_set(&f.process, RELATIVE, r->relative);
	fake_process_set(&f.process, FULL, r->full);
	if (r->url) {
		CHECK_OK(get(&f), &f.err);
		CHECK_STR(f.script.seen[0].request.url, r->url);
		CHECK_STR(transport_script_header(&f.script, 0, "host"), r->host);
		CHECK_EQ(f.script.seen[0].request.direct, !str_starts(f.script.seen[0].request.url, STR("https")));
	} else {
		CHECK_CLASS(get(&f), &f.err, ERR_AUTH);
		CHECK_STR(str_c(f.err.code), "credentials.container_uri");
		if (!strstr(f.err.text, r->part))
			CHECK_STR(str_c(f.err.text), r->part);
		CHECK_EQ(f.script.n_seen, 0);
	}
	tear_down(&f);
}

static void test_keys_are_asked_for_only_where_nobody_can_listen(void **state)
{
	static const struct rule cases[] = {
		{ "/v2/x?a=1", NULL, "http://169.254.170.2/v2/x?a=1", "", NULL },
		{ "/x", "http://evil.example/", "http://169.254.170.2/x", "", NULL },
		{ NULL, "http://127.8.9.10:1338/c", "http://127.8.9.10:1338/c", "", NULL },
		{ NULL, "http://[::1]:1338/c", "http://[::1]:1338/c", "", NULL },
		{ NULL, "http://[fd00:ec2:0::23]/c", "http://[fd00:ec2:0::23]/c", "", NULL },
		{ NULL, "HTTP://LocalHost:80?x=1", "http://LocalHost/?x=1", "", NULL },
		{ NULL, "https://any.example/c", "https://any.example/c", "", NULL },
		/* Names go where they were found to lead. */
		{ NULL, "http://2130706433:1338/c", "http://127.0.0.1:1338/c", "2130706433:1338", NULL },
		{ NULL, "http://10.1/c", NULL, NULL, "in the clear" },
		{ NULL, "http://0.0.0.0/c", NULL, NULL, "in the clear" },
		{ NULL, "http://169.254.169.254/c", NULL, NULL, "in the clear" },
		{ NULL, "http://169.254.170.3/c", NULL, NULL, "in the clear" },
		{ NULL, "http://[fd00:ec2::24]/c", NULL, NULL, "in the clear" },
		{ NULL, "http://[::ffff:10.0.0.1]/c", NULL, NULL, "in the clear" },
		/* A label has 63 characters at most: nobody is asked. */
		{ NULL, "http://" LABEL LABEL "/c", NULL, NULL, "cannot be resolved" },
		/* What is no URI, or another than it looks like. */
		{ "@evil.example/", NULL, NULL, NULL, "does not begin with '/'" },
		{ NULL, "/credentials", NULL, NULL, "names no scheme and host" },
		{ NULL, "http://127.0.0.1@evil.example/", NULL, NULL, "user's name" },
		{ NULL, "http://127.0.0.1:80:80/", NULL, NULL, "port" },
		{ NULL, "ftp://127.0.0.1/", NULL, NULL, "scheme" },
		{ NULL, "http:///c", NULL, NULL, "host" },
		{ "/a b", NULL, NULL, NULL, "belong escaped" },
		{ "/a\r\nHost: x", NULL, NULL, NULL, "belong escaped" },
		{ NULL, "http://127.0.0.1#@x/", NULL, NULL, "belong escaped" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rule r = cases[i];

		run_simulated(i + 1, look_at_rule, &r);
	}
}

struct outcome {
	const char *token, *token_file;
	struct script_step steps[4];
	size_t requests;
	const char *code, *part;   /* NULL: keys */
};

static void look_at_outcome(struct loop *loop, void *arg)
{
	const struct outcome *o = arg;
	struct fixture f;

	set_up(&f, loop, o->steps, COUNT_OF(o->steps));
	fake_process_set(&f.process, RELATIVE, "/v2/credentials/secret-path");
	fake_process_set(&f.process, TOKEN, o->token);
	if (o->token_file) {
		fake_process_set(&f.process, TOKEN_FILE, "/token");
		if (o->token_file[0])
			fake_process_add_file(&f.process, "/token", o->token_file);
	}
	CHECK_CLASS(get(&f), &f.err, o->code ? ERR_AUTH : ERR_NONE);
	CHECK_EQ(f.script.n_seen, o->requests);
	if (o->code) {
		CHECK_STR(str_c(f.err.code), o->code);
		if (!strstr(f.err.text, o->part))
			CHECK_STR(str_c(f.err.text), o->part);
		CHECK(!strstr(f.err.text, SECRET) && !strstr(f.err.text, "t0k3n") && !strstr(f.err.text, "secret-path"));
		CHECK_EQ(f.got.secret_access_key.len, 0);
	}
	tear_down(&f);
}

static void test_each_failure_is_told_without_secrets(void **state)
{
	static const struct outcome cases[] = {
		{ NULL, NULL, { { .status = 503 }, { .error = "http.timeout", .after_ms = 5000 }, GIVES_KEYS }, 3, NULL, NULL },
		{ "Basic t0k3n", NULL, { GIVES_KEYS }, 1, NULL, NULL },
		{ NULL, NULL, { { .status = 500 }, { .status = 500 }, { .status = 502, .body = "<html>" } }, 3,
		  "credentials.container", "169.254.170.2 answered 502" },
		{ NULL, NULL, { { .status = 400, .body = "{\"code\":\"NoIdInRequest\",\"message\":\"no id\\nhere\"}" } }, 1,
		  "credentials.container", "answered 400: NoIdInRequest: no id here; has the task a role (ECS)" },
		{ "t0k3n", NULL, { { .status = 403, .body = "{\"message\":\"t0k3n is bad\"}" } }, 1, "credentials.container",
		  "answered 403; has" },
		{ "t0k3n-" FIFTY FIFTY FIFTY FIFTY FIFTY, NULL,
		  { { .status = 403, .body = "{\"message\":\"no: t0k3n-" FIFTY FIFTY FIFTY FIFTY FIFTY "\"}" } }, 1,
		  "credentials.container", "answered 403; has" },
		{ NULL, NULL, { { .error = "http.connect" }, { .error = "http.connect" }, { .error = "http.connect" } }, 3,
		  "credentials.container", "gave no answer (http.connect)" },
		{ NULL, NULL, { { .error = "http.too_large" }, { .error = "http.too_large" }, { .error = "http.too_large" } }, 3,
		  "credentials.container", "http.too_large" },
		{ NULL, NULL, { { .status = 200, .body = "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":[\"" SECRET "\"]}" } }, 1,
		  "credentials.document", "SecretAccessKey is no string" },
		{ NULL, NULL, { { .status = 200, .body = SECRET } }, 1, "credentials.document", "no JSON" },
		{ "t0k3n\n", NULL, { { 0 } }, 0, "credentials.container_token", "line break" },
		{ NULL, "t0k3n\r\nX-Evil: 1", { { 0 } }, 0, "credentials.container_token", "line break" },
		{ NULL, "", { { 0 } }, 0, "credentials.container_token", "cannot open /token: No such file or directory" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct outcome o = cases[i];

		run_simulated(i + 1, look_at_outcome, &o);
	}
}

/* ---- public cases ---- */

static void look_at_public_rule(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { GIVES_KEYS };
	const struct json *test = arg, *env = json_get(test, "env");
	struct fixture f;
	struct str value;

	set_up(&f, loop, steps, COUNT_OF(steps));
	for (const struct json *v = json_first(env); v; v = json_next(v))
		if (json_get_str(v, &value))
			fake_process_set(&f.process, json_name(v).ptr, value.ptr);
	if (json_get_str(json_get(json_get(test, "result"), "Ok"), &value)) {
		CHECK_OK(get(&f), &f.err);
		CHECK_STR(f.script.seen[0].request.url, value.ptr);
	} else {
		CHECK_CLASS(get(&f), &f.err, ERR_AUTH);
		CHECK_STR(str_c(f.err.code), json_count(env) ? "credentials.container_uri" : "credentials.absent");
		CHECK_EQ(f.script.n_seen, 0);
	}
	tear_down(&f);
}

static void test_the_public_rules_hold(void **state)
{
	struct json *tree;
	unsigned n = 0;
	struct buf file;

	(void)state;
	if (!vectors_have("credentials/ecs-tests.json"))
		return;
	buf_init(&file, 1 << 20);
	assert_true(vectors_read("credentials/ecs-tests.json", &file));
	tree = json_parse(buf_str(&file), 1 << 20, NULL);
	for (const struct json *test = json_first(json_get(tree, "tests")); test; test = json_next(test))
		run_simulated(++n, look_at_public_rule, (void *)(uintptr_t)test);
	assert_int_equal(n, 11);
	json_free(tree);
	buf_release(&file);
}

struct recorded {
	const char *name, *code, *relative, *full, *token_file;
};

static void replay(struct loop *loop, void *arg)
{
	const struct recorded *c = arg;
	struct traffic traffic;
	struct fixture f;

	CHECK(traffic_load(&traffic, c->name));
	set_up(&f, loop, traffic.steps, traffic.n);
	fake_process_set(&f.process, RELATIVE, c->relative);
	fake_process_set(&f.process, FULL, c->full);
	fake_process_set(&f.process, TOKEN_FILE, c->token_file);
	if (!c->code)
		fake_process_add_file(&f.process, "/token.jwt", "token");
	CHECK_CLASS(get(&f), &f.err, c->code ? ERR_AUTH : ERR_NONE);
	if (c->code) {
		CHECK_STR(str_c(f.err.code), c->code);
		CHECK(strstr(f.err.text, "No such file or directory"));
	} else {
		CHECK_STR(buf_str(&f.got.access_key_id), "ASIARCORRECT");
		CHECK_STR(buf_str(&f.got.account_id), "012345678901");
		CHECK_EQ(f.got.expires_ms, 1234567890000);
	}
	CHECK(traffic_matches(&traffic, &f.script));
	tear_down(&f);
	traffic_release(&traffic);
}

static void test_the_recorded_traffic_is_met(void **state)
{
	static const char ecs[] = "/v2/credentials/52b19262-e7aa-4f56-a1cd-b958dcde8f3b";
	static const char eks[] = "http://169.254.170.23/v1/credentials";
	static const struct recorded cases[] = {
		{ "ecs_credentials", NULL, ecs, NULL, NULL }, { "ecs_credentials_invalid_profile", NULL, ecs, NULL, NULL },
		{ "eks_pod_identity_credentials", NULL, NULL, eks, "/token.jwt" },
		{ "eks_pod_identity_no_token_file", "credentials.container_token", NULL, eks, "/token.jwt" },
	};

	(void)state;
	if (!vectors_have("credentials/default-credential-provider-chain"))
		return;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct recorded c = cases[i];

		run_simulated(i + 1, replay, &c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_token_file_is_read_each_time),
		cmocka_unit_test(test_keys_are_asked_for_only_where_nobody_can_listen),
		cmocka_unit_test(test_each_failure_is_told_without_secrets),
		cmocka_unit_test(test_the_public_rules_hold),
		cmocka_unit_test(test_the_recorded_traffic_is_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
