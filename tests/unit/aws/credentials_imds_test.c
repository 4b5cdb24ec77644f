/* Credentials of an EC2 instance's role, in virtual time; and the recorded traffic
 * of ../shared/vectors. */
#include "sim/env.h"
#include "support/fake_process.h"
#include "support/tasks.h"
#include "support/test.h"
#include "support/traffic.h"
#include "support/vectors.h"

#include "sluice/aws/config.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define KEYS(expires)                                                                                     \
	"{\"Code\":\"Success\",\"LastUpdated\":\"2021-09-21T17:31:21Z\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"AKID\","  \
	"\"SecretAccessKey\":\"" SECRET "\",\"Token\":\"session\",\"Expiration\":\"" expires "\"}"
#define TOKEN { .status = 200, .body = "token" }
#define ROLE { .status = 200, .body = "my-role\n" }

static const struct aws_config usual;

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
		.env = &f->process.env, .loop = loop, .transport = &f->script.transport, .config = &usual,
	};

	f->provider = credentials_imds_new(&site);
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
	static const struct script_step steps[] = { TOKEN, ROLE, { .status = 200, .body = KEYS("2026-01-01T06:00:00Z") } };
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	CHECK_OK(get(&f), &f.err);
	CHECK_STR(buf_str(&f.got.access_key_id), "AKID");
	CHECK_STR(buf_str(&f.got.secret_access_key), SECRET);
	CHECK_STR(buf_str(&f.got.session_token), "session");
	CHECK_STR(buf_str(&f.got.source), "IMDS: role my-role");
	CHECK_EQ(f.got.expires_ms, SIM_EPOCH_MS + 6 * 3600 * 1000);
	CHECK_STR(f.script.seen[1].request.url, "http://169.254.169.254/latest/meta-data/iam/security-credentials/");
	CHECK_STR(f.script.seen[2].request.url, "http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role");
	tear_down(&f);
}

static void test_the_roles_keys_are_had(void **state)
{
	(void)state;
	run_simulated(1, get_keys, NULL);
}

struct outcome {
	struct script_step steps[4];
	const char *code, *part;
};

static void look_at_failure(struct loop *loop, void *arg)
{
	const struct outcome *o = arg;
	struct fixture f;

	set_up(&f, loop, o->steps, COUNT_OF(o->steps));
	CHECK_CLASS(get(&f), &f.err, ERR_AUTH);
	CHECK_STR(str_c(f.err.code), o->code);
	if (!strstr(f.err.text, o->part) || strstr(f.err.text, SECRET))
		CHECK_STR(str_c(f.err.text), o->part);
	CHECK_EQ(f.got.secret_access_key.len, 0);
	tear_down(&f);
}

static void test_each_failure_is_told(void **state)
{
	static const struct outcome cases[] = {
		{ { TOKEN, { .status = 404 } }, "credentials.absent", "this EC2 instance has no IAM role" },
		{ { TOKEN, ROLE, { .status = 404 } }, "credentials.imds", "role my-role of this instance: the metadata service has" },
		{ { TOKEN, { .status = 200, .body = "../../user-data" } }, "credentials.imds", "no role's name" },
		{ { TOKEN, { .status = 200, .body = "" } }, "credentials.imds", "no role's name" },
		{ { TOKEN, { .status = 200, .body = "a\rHost: b" } }, "credentials.imds", "no role's name" },
		{ { TOKEN, ROLE, { .status = 200, .body = "<html>" SECRET } }, "credentials.document",
		  "role my-role of this instance: the instance metadata service's answer cannot be used: it is no JSON" },
		{ { TOKEN, ROLE, { .status = 200, .body = "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}" } },
		  "credentials.refused", "trust policy" },
		{ { TOKEN, ROLE, { .status = 200, .body = KEYS("tomorrow") } }, "credentials.document", "Expiration" },
		{ { { .error = "http.connect" } }, "credentials.absent", "no instance metadata service" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct outcome o = cases[i];

		run_simulated(1, look_at_failure, &o);
	}
}

/* Minutes of validity that the service gives, and those between which the provider's lie. */
struct extension {
	struct script_step steps[3];
	int64_t from_min, to_min;
};

static void look_at_extension(struct loop *loop, void *arg)
{
	const struct extension *e = arg;
	struct fixture f;

	set_up(&f, loop, e->steps, COUNT_OF(e->steps));
	CHECK_OK(get(&f), &f.err);
	CHECK(f.got.expires_ms >= SIM_EPOCH_MS + e->from_min * 60000);
	CHECK(f.got.expires_ms <= SIM_EPOCH_MS + e->to_min * 60000);
	tear_down(&f);
}

static void test_keys_that_should_have_been_renewed_are_used_on(void **state)
{
	static const struct extension cases[] = {
		{ { TOKEN, ROLE, { .status = 200, .body = KEYS("2026-01-01T00:11:00Z") } }, 11, 11 },
		{ { TOKEN, ROLE, { .status = 200, .body = KEYS("2026-01-01T00:08:00Z") } }, 15 + 4, 15 + 4 },
		{ { TOKEN, ROLE, { .status = 200, .body = KEYS("2026-01-01T00:00:00Z") } }, 15 + 5, 15 + 10 },
		{ { TOKEN, ROLE, { .status = 200, .body = KEYS("2021-01-01T00:00:00Z") } }, 15 + 5, 15 + 10 },
		{ { TOKEN, ROLE, { .status = 200, .body = KEYS("1970-01-01T00:00:00Z") } }, 15 + 5, 15 + 10 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct extension e = cases[i];

		for (uint64_t seed = 1; seed <= 10; seed++)
			run_simulated(seed, look_at_extension, &e);
	}
}

static void fail_later(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		TOKEN, ROLE, { .status = 200, .body = KEYS("2026-01-01T06:00:00Z") },
		/* Seven hours later; the token has ended, too. */
		{ .error = "http.connect" }, { .error = "http.connect" },
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, steps, COUNT_OF(steps));
	CHECK_OK(get(&f), &f.err);
	CHECK(task_sleep_ms(loop, 7 * 3600 * 1000, NULL));
	CHECK_OK(get(&f), &f.err);
	CHECK_STR(buf_str(&f.got.secret_access_key), SECRET);
	CHECK(f.got.expires_ms > SIM_EPOCH_MS + 7 * 3600 * 1000 + 20 * 60000 - 1);
	/* But not once they were refused. */
	credentials_provider_forget(f.provider);
	CHECK_CLASS(get(&f), &f.err, ERR_AUTH);
	CHECK_EQ(f.got.secret_access_key.len, 0);
	tear_down(&f);
}

static void test_the_last_keys_serve_while_the_service_is_gone(void **state)
{
	(void)state;
	run_simulated(1, fail_later, NULL);
}

/* ---- recorded traffic ---- */

struct recorded {
	const char *name, *key, *code;   /* key: what is found; else the error's code */
	size_t of;                       /* requests that are IMDS's; 0: all */
};

static void replay(struct loop *loop, void *arg)
{
	const struct recorded *c = arg;
	struct traffic traffic;
	struct fixture f;

	CHECK(traffic_load(&traffic, c->name));
	if (c->of)
		traffic.n = c->of;
	set_up(&f, loop, traffic.steps, traffic.n);
	CHECK_CLASS(get(&f), &f.err, c->key ? ERR_NONE : ERR_AUTH);
	if (c->key)
		CHECK_STR(buf_str(&f.got.access_key_id), c->key);
	else
		CHECK_STR(str_c(f.err.code), c->code);
	CHECK(traffic_matches(&traffic, &f.script));
	tear_down(&f);
	traffic_release(&traffic);
}

static void test_the_recorded_traffic_is_met(void **state)
{
	static const struct recorded cases[] = {
		{ "imds_default_chain_success", "ASIARTEST", NULL, 0 }, { "imds_default_chain_retries", "ASIARTEST", NULL, 0 },
		{ "imds_config_with_no_creds", "ASIARTEST", NULL, 0 }, { "imds_assume_role", "ASIARSTSBASE", NULL, 3 },
		{ "imds_default_chain_error", NULL, "credentials.absent", 0 },
		{ "imds_no_iam_role", NULL, "credentials.absent", 0 },
		{ "imds_token_fail", NULL, "credentials.imds_disabled", 0 },
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
		cmocka_unit_test(test_the_roles_keys_are_had),
		cmocka_unit_test(test_each_failure_is_told),
		cmocka_unit_test(test_keys_that_should_have_been_renewed_are_used_on),
		cmocka_unit_test(test_the_last_keys_serve_while_the_service_is_gone),
		cmocka_unit_test(test_the_recorded_traffic_is_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
