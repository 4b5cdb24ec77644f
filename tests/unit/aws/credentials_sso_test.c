/* IAM Identity Center, scripted, in virtual time (it begins on 2026-01-01). */
#include "sim/env.h"
#include "support/fake_process.h"
#include "support/tasks.h"
#include "support/test.h"
#include "support/traffic.h"
#include "support/vectors.h"

#include "sluice/aws/config.h"

#include <stdio.h>

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define START_URL "https://ssotest.awsapps.com/start"
#define LEGACY_FILE "/home/.aws/sso/cache/dace00cba5f8355ec9d274ceb2bcebdfbeed0e12.json"
/* SHA-1 of "dev". */
#define SESSION_FILE "/home/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json"
#define TOKEN_FILE(expires)                                                                                \
	"{\"startUrl\":\"" START_URL "\",\"region\":\"eu-west-1\",\"accessToken\":\"old-token\",\"expiresAt\":\"" expires "\","  \
	"\"clientId\":\"c-id\",\"clientSecret\":\"c-secret\",\"registrationExpiresAt\":\"2026-03-01T00:00:00Z\","           \
	"\"refreshToken\":\"r-token\"}"
#define KEYS                                                                                               \
	"{\"roleCredentials\":{\"accessKeyId\":\"AKID\",\"secretAccessKey\":\"" SECRET "\",\"sessionToken\":\"session\","   \
	"\"expiration\":1767229200000}}"
#define GIVES_KEYS { .status = 200, .body = KEYS }
#define GIVES_TOKEN                                                                                        \
	{ .status = 200, .body = "{\"accessToken\":\"new-token\",\"expiresIn\":3600,\"refreshToken\":\"r-token-2\","        \
	  "\"tokenType\":\"Bearer\"}" }

struct fixture {
	struct fake_process process;
	struct aws_config config;
	struct transport_script script;
	struct credentials_provider *provider;
	struct credentials got;
	struct err err;
};

static void set_up_role(struct fixture *f, struct loop *loop, const struct sso_role *role, const struct script_step *steps,
			size_t n)
{
	*f = (struct fixture){ .config = { .profile = STR("shop") } };
	fake_process_init(&f->process);
	fake_process_set(&f->process, "HOME", "/home");
	transport_script_init(&f->script, loop, steps, n);

	const struct credentials_site site = {
		.env = &f->process.env, .loop = loop, .transport = &f->script.transport, .config = &f->config,
	};

	f->provider = credentials_sso_new(&site, role);
	credentials_init(&f->got);
}

static void set_up(struct fixture *f, struct loop *loop, const char *session, const struct script_step *steps, size_t n)
{
	const struct sso_role role = {
		.session = str_c(session), .start_url = STR(START_URL), .region = STR("us-east-2"),
		.account_id = STR("123456789"), .role_name = STR("MySsoRole"),
	};

	set_up_role(f, loop, &role, steps, n);
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
	static const struct script_step steps[] = { GIVES_KEYS };
	const char *session = arg;
	struct fixture f;

	set_up(&f, loop, session, steps, COUNT_OF(steps));
	fake_process_add_file(&f.process, session ? SESSION_FILE : LEGACY_FILE, TOKEN_FILE("2026-01-01T00:06:00Z"));
	CHECK_OK(get(&f), &f.err);
	CHECK_STR(buf_str(&f.got.access_key_id), "AKID");
	CHECK_STR(buf_str(&f.got.secret_access_key), SECRET);
	CHECK_STR(buf_str(&f.got.session_token), "session");
	CHECK_STR(buf_str(&f.got.account_id), "123456789");
	CHECK_STR(buf_str(&f.got.source), "IAM Identity Center: role MySsoRole in account 123456789");
	CHECK_EQ(f.got.expires_ms, 1767229200000);
	CHECK_STR(str_c(f.script.seen[0].request.method), "GET");
	CHECK_STR(f.script.seen[0].request.url, "https://portal.sso.us-east-2.amazonaws.com/federation/credentials"
						"?account_id=123456789&role_name=MySsoRole");
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-sso_bearer_token"), "old-token");
	CHECK_STR(transport_script_header(&f.script, 0, "authorization"), "");
	CHECK_STR(str_c(f.process.written), "");
	tear_down(&f);
}

static void test_a_token_buys_the_roles_keys(void **state)
{
	(void)state;
	run_simulated(1, get_keys, NULL);
	run_simulated(1, get_keys, (char[]){ "dev" });
}

static void renew(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { GIVES_TOKEN, GIVES_KEYS, GIVES_KEYS };
	const bool *read_only = arg;
	struct fixture f;

	set_up(&f, loop, "dev", steps, COUNT_OF(steps));
	f.process.read_only = *read_only;
	fake_process_add_file(&f.process, SESSION_FILE, TOKEN_FILE("2026-01-01T00:04:00Z"));
	CHECK_OK(get(&f), &f.err);
	CHECK_STR(f.script.seen[0].request.url, "https://oidc.us-east-2.amazonaws.com/token");
	CHECK_STR(str_c(f.script.seen[0].request.method), "POST");
	CHECK_STR(transport_script_header(&f.script, 0, "content-type"), "application/json");
	CHECK_STR(transport_script_header(&f.script, 0, "authorization"), "");
	CHECK_STR(f.script.seen[0].request.body, "{\"clientId\":\"c-id\",\"clientSecret\":\"c-secret\","
						 "\"grantType\":\"refresh_token\",\"refreshToken\":\"r-token\"}");
	CHECK_STR(transport_script_header(&f.script, 1, "x-amz-sso_bearer_token"), "new-token");
	CHECK_STR(str_c(f.process.written),
		  *read_only ? "" : "{\"accessToken\":\"new-token\",\"expiresAt\":\"2026-01-01T01:00:00Z\","
				    "\"refreshToken\":\"r-token-2\",\"startUrl\":\"" START_URL "\",\"region\":\"eu-west-1\","
				    "\"clientId\":\"c-id\",\"clientSecret\":\"c-secret\","
				    "\"registrationExpiresAt\":\"2026-03-01T00:00:00Z\"}");
	/* Whether it is in the file or not, it is used on. */
	CHECK_OK(get(&f), &f.err);
	CHECK_STR(transport_script_header(&f.script, 2, "x-amz-sso_bearer_token"), "new-token");
	CHECK_EQ(f.script.n_seen, 3);
	tear_down(&f);
}

static void test_a_session_renews_its_token_and_writes_it_back(void **state)
{
	(void)state;
	run_simulated(1, renew, &(bool){ false });
	run_simulated(1, renew, &(bool){ true });
}

struct outcome {
	const char *session, *file;
	struct script_step steps[4];
	size_t requests;
	const char *code, *part;   /* NULL: keys */
	const char *role, *region, *account;  /* others than usual */
};

static void look_at_outcome(struct loop *loop, void *arg)
{
	const struct outcome *o = arg;
	const struct sso_role role = {
		.session = str_c(o->session), .start_url = STR(START_URL), .region = str_c(o->region ? o->region : "us-east-2"),
		.account_id = str_c(o->account ? o->account : "123456789"), .role_name = str_c(o->role ? o->role : "MySsoRole"),
	};
	struct fixture f;

	set_up_role(&f, loop, &role, o->steps, COUNT_OF(o->steps));
	fake_process_add_file(&f.process, o->session ? SESSION_FILE : LEGACY_FILE, o->file);
	CHECK_CLASS(get(&f), &f.err, o->code ? ERR_AUTH : ERR_NONE);
	CHECK_EQ(f.script.n_seen, o->requests);
	if (o->code) {
		CHECK_STR(str_c(f.err.code), o->code);
		if (!strstr(f.err.text, o->part))
			CHECK_STR(str_c(f.err.text), o->part);
		CHECK(!strstr(f.err.text, "old-token") && !strstr(f.err.text, "r-token") && !strstr(f.err.text, "c-secret"));
		CHECK(!strstr(f.err.text, SECRET));
		CHECK_EQ(f.got.secret_access_key.len, 0);
	}
	tear_down(&f);
}

#define FIFTY "12345678901234567890123456789012345678901234567890"
#define VALID TOKEN_FILE("2026-01-01T06:00:00Z")
#define ENDING TOKEN_FILE("2026-01-01T00:04:00Z")
#define EXPIRED TOKEN_FILE("2025-12-31T23:00:00Z")
#define REFUSES(code) { .status = 400, .fields = "x-amzn-errortype: " code, .body = "{\"error_description\":\"r-token\"}" }

static void test_each_failure_says_what_to_do_and_no_secret(void **state)
{
	static const struct outcome cases[] = {
		{ NULL, NULL, { { 0 } }, 0, "credentials.sso_login",
		  "cannot open " LEGACY_FILE ": No such file or directory; run 'aws sso login --profile shop'", 0, 0, 0 },
		{ "dev", NULL, { { 0 } }, 0, "credentials.sso_login", "run 'aws sso login --sso-session dev'", 0, 0, 0 },
		{ NULL, "garbage", { { 0 } }, 0, "credentials.document", "it is no JSON", 0, 0, 0 },
		/* The older form is never renewed. */
		{ NULL, EXPIRED, { { 0 } }, 0, "credentials.sso_login", "has expired; run 'aws sso login --profile shop'", 0, 0, 0 },
		{ NULL, ENDING, { GIVES_KEYS }, 1, NULL, NULL, 0, 0, 0 },
		/* A session's is; when that fails it serves while it is valid. */
		{ "dev", ENDING, { REFUSES("InvalidGrantException"), GIVES_KEYS }, 2, NULL, NULL, 0, 0, 0 },
		{ "dev", EXPIRED, { GIVES_TOKEN, GIVES_KEYS }, 2, NULL, NULL, 0, 0, 0 },
		{ "dev", EXPIRED, { REFUSES("InvalidGrantException") }, 1, "credentials.sso_login", "a new one was refused (", 0, 0, 0 },
		{ "dev", EXPIRED, { { .status = 400, .fields = "x-amzn-errortype: ExpiredTokenException",
				      .body = "{\"message\":\"old-token c-secret\"}" } }, 1, "credentials.sso_login",
		  "ExpiredTokenException); run 'aws sso login --sso-session dev'", 0, 0, 0 },
		{ "dev", EXPIRED, { { .status = 200, .body = "{\"accessToken\":[\"new\"]}" } }, 1, "credentials.sso_login",
		  "no string", 0, 0, 0 },
		{ "dev", "{\"accessToken\":\"t\",\"expiresAt\":\"2025-12-31T23:00:00Z\"}", { { 0 } }, 0, "credentials.sso_login",
		  "has expired; run 'aws sso login --sso-session dev'", 0, 0, 0 },
		{ "dev", "{\"accessToken\":\"t\",\"expiresAt\":\"2025-12-31T23:00:00Z\",\"refreshToken\":\"r\",\"clientId\":\"c\","
		  "\"clientSecret\":\"s\",\"registrationExpiresAt\":\"2025-12-31T23:00:00Z\"}", { { 0 } }, 0,
		  "credentials.sso_login", "has expired; run", 0, 0, 0 },
		/* The portal. */
		{ NULL, VALID, { { .status = 401, .fields = "x-amzn-errortype: UnauthorizedException",
				   .body = "{\"message\":\"Session token old-token not found or invalid\"}" } }, 1,
		  "credentials.sso_login", "refuses the token: run 'aws sso login --profile shop'", 0, 0, 0 },
		{ NULL, VALID, { { .status = 403, .fields = "x-amzn-errortype: ForbiddenException",
				   .body = "{\"message\":\"No access\"}" } }, 1, "credentials.sso_role",
		  "no role MySsoRole in account 123456789", 0, 0, 0 },
		{ NULL, VALID, { { .status = 400, .fields = "x-amzn-errortype: InvalidRequestException",
				   .body = "{\"message\":\"old-token\"}" } }, 1, "credentials.sso", "InvalidRequestException", 0, 0, 0 },
		{ NULL, VALID, { { .status = 503 }, { .status = 503 }, { .status = 503 } }, 3, "credentials.sso",
		  "GetRoleCredentials", 0, 0, 0 },
		{ NULL, VALID, { { .status = 503 }, { .error = "http.timeout" }, GIVES_KEYS }, 3, NULL, NULL, 0, 0, 0 },
		{ NULL, VALID, { { .status = 200, .body = "{}" } }, 1, "credentials.document", "no roleCredentials", 0, 0, 0 },
		{ NULL, VALID, { { .status = 200, .body = "{\"roleCredentials\":\"" SECRET "\"}" } }, 1, "credentials.document",
		  "roleCredentials is no object", 0, 0, 0 },
		{ NULL, VALID, { { .status = 200, .body = "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"" SECRET
				   "\",\"sessionToken\":\"s\",\"expiration\":\"2026\"}}" } }, 1, "credentials.document",
		  "expiration is no whole number", 0, 0, 0 },
		{ NULL, "{\"accessToken\":\"old-token-" FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY "\",\"expiresAt\":\"2026-01-02T00:00:00Z\"}",
		  { { .status = 400, .fields = "x-amzn-errortype: InvalidRequestException",
		      .body = "{\"message\":\"no: old-token-" FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY "\"}" } }, 1, "credentials.sso",
		  "InvalidRequestException", 0, 0, 0 },
		/* The profile. */
		{ NULL, VALID, { { 0 } }, 0, "credentials.sso", "sso_region is missing", NULL, "evil.com/", NULL },
		{ NULL, VALID, { { 0 } }, 0, "credentials.sso", "sso_account_id is missing", NULL, NULL, "1&x=2" },
		{ NULL, VALID, { { 0 } }, 0, "credentials.sso", "sso_role_name is missing", "", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct outcome o = cases[i];

		run_simulated(i + 1, look_at_outcome, &o);
	}
}

static void encode_role(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { GIVES_KEYS };
	const struct sso_role role = {
		.start_url = STR(START_URL), .region = STR("us-east-2"), .account_id = STR("1"), .role_name = STR("a+b=c&d e@~"),
	};
	struct fixture f;

	(void)arg;
	set_up_role(&f, loop, &role, steps, COUNT_OF(steps));
	fake_process_add_file(&f.process, LEGACY_FILE, VALID);
	CHECK_OK(get(&f), &f.err);
	CHECK(str_ends(f.script.seen[0].request.url, STR("?account_id=1&role_name=a%2Bb%3Dc%26d%20e%40~")));
	tear_down(&f);
}

static void test_a_roles_name_is_encoded(void **state)
{
	(void)state;
	run_simulated(1, encode_role, NULL);
}

/* While this process asked, another one had renewed the token. */
struct rival {
	struct transport transport;
	struct transport_script *script;
	struct fake_process *process;
};

static bool rival_send(struct transport *t, const struct http_request *r, struct http_response *response, struct err *err)
{
	struct rival *rival = (struct rival *)t;
	bool ok = transport_send(&rival->script->transport, r, response, err);

	if (str_ends(r->url, STR("/token")))
		fake_process_add_file(rival->process, SESSION_FILE,
				      "{\"accessToken\":\"rivals\",\"expiresAt\":\"2026-01-01T06:00:00Z\"}");
	return ok;
}

static void lose_the_race(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { REFUSES("InvalidGrantException"), GIVES_KEYS };
	const struct sso_role role = {
		.session = STR("dev"), .region = STR("us-east-2"), .account_id = STR("1"), .role_name = STR("r"),
	};
	struct rival rival = { .transport = { rival_send } };
	struct fixture f;

	(void)arg;
	set_up(&f, loop, "dev", steps, COUNT_OF(steps));
	credentials_provider_free(f.provider);
	rival.script = &f.script;
	rival.process = &f.process;

	const struct credentials_site site = { .env = &f.process.env, .loop = loop, .transport = &rival.transport };

	f.provider = credentials_sso_new(&site, &role);
	fake_process_add_file(&f.process, SESSION_FILE, EXPIRED);
	CHECK_OK(get(&f), &f.err);
	CHECK_STR(transport_script_header(&f.script, 1, "x-amz-sso_bearer_token"), "rivals");
	CHECK_STR(str_c(f.process.written), "");
	tear_down(&f);
}

static void test_a_token_that_another_process_renewed_is_taken(void **state)
{
	(void)state;
	run_simulated(1, lose_the_race, NULL);
}

/* ---- recorded traffic ---- */

static void replay(struct loop *loop, void *arg)
{
	const char *name = arg;
	struct traffic traffic;
	struct fixture f;
	char root[256];

	CHECK(traffic_load(&traffic, name));
	set_up(&f, loop, NULL, traffic.steps, traffic.n);
	snprintf(root, sizeof(root), "credentials/default-credential-provider-chain/%s/fs", name);
	f.process.root = root;
	if (strcmp(name, "sso_assume_role") == 0) {
		CHECK_OK(get(&f), &f.err);
		CHECK_STR(buf_str(&f.got.secret_access_key), "secretkeycorrect");
		CHECK_STR(buf_str(&f.got.account_id), "123456789");
		CHECK_EQ(f.got.expires_ms, 1234567890000);
		CHECK(traffic_matches(&traffic, &f.script));
	} else if (strcmp(name, "sso_no_token_file") == 0) {
		CHECK_CLASS(get(&f), &f.err, ERR_AUTH);
		CHECK(strstr(f.err.text, LEGACY_FILE ": No such file or directory"));
		CHECK_EQ(f.script.n_seen, 0);
	} else {
		CHECK_CLASS(get(&f), &f.err, ERR_AUTH);
		CHECK_STR(str_c(f.err.code), "credentials.sso");
		f.script.n_seen = f.script.n_seen > 1 ? 1 : 0; /* the recorded one; it is tried again */
		CHECK(traffic_matches(&traffic, &f.script));
		for (size_t i = 1; i < SCRIPT_MOST_SEEN; i++)
			buf_release(&f.script.seen[i].text);
	}
	tear_down(&f);
	traffic_release(&traffic);
}

static void test_the_recorded_traffic_is_met(void **state)
{
	(void)state;
	if (!vectors_have("credentials/default-credential-provider-chain"))
		return;
	run_simulated(1, replay, (char[]){ "sso_assume_role" });
	run_simulated(1, replay, (char[]){ "sso_no_token_file" });
	run_simulated(1, replay, (char[]){ "sso_server_error" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_token_buys_the_roles_keys),
		cmocka_unit_test(test_a_session_renews_its_token_and_writes_it_back),
		cmocka_unit_test(test_each_failure_says_what_to_do_and_no_secret),
		cmocka_unit_test(test_a_roles_name_is_encoded),
		cmocka_unit_test(test_a_token_that_another_process_renewed_is_taken),
		cmocka_unit_test(test_the_recorded_traffic_is_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
