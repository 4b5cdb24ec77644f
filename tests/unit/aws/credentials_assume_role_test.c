/* Roles, by keys and by web identities, against a scripted STS in virtual time. */
#include "sim/env.h"
#include "sim/transport_script.h"
#include "support/fake_process.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/aws/config.h"

#define ROLE "arn:aws:iam::123456789012:role/reader"
#define SECRET "inner-secret-inner-secret"
#define XML_OF(operation, credentials)                                                                            \
	"<" operation "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" operation "Result>"        \
	"<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/reader/s</Arn></AssumedRoleUser>"           \
	"<Credentials>" credentials "</Credentials></" operation "Result></" operation "Response>"
#define KEYS "<AccessKeyId>AK</AccessKeyId><SecretAccessKey>outer+secret/</SecretAccessKey>" \
	     "<SessionToken>tok==</SessionToken>"
#define GOOD KEYS "<Expiration>2026-01-01T01:00:00Z</Expiration>"

static const struct credentials *inner_keys(struct credentials *c)
{
	credentials_init(c);
	credentials_set(c, STR("INNER"), STR(SECRET), STR("inner-token-inner-token"), NULL);
	buf_puts(&c->source, "keys of the test");
	return c;
}

struct fixture {
	struct transport_script script;
	struct fake_process process;
	struct aws_config config;
	struct credentials_site site;
	struct credentials_provider *role;
	struct credentials out;
	struct err err;
};

static void set_up(struct fixture *f, struct loop *loop, const struct assume_role *role, const struct script_step *steps,
		   size_t n)
{
	struct credentials keys;

	*f = (struct fixture){ .config = { .region = STR("eu-west-1") } };
	transport_script_init(&f->script, loop, steps, n);
	fake_process_init(&f->process);
	f->site = (struct credentials_site){
		.env = &f->process.env, .loop = loop, .transport = &f->script.transport, .config = &f->config,
	};
	f->role = credentials_assume_role_new(&f->site, role, role->web_identity_token_file.len ? NULL :
					      credentials_static_new(inner_keys(&keys)));
	if (!role->web_identity_token_file.len)
		credentials_release(&keys);
	credentials_init(&f->out);
}

static void tear_down(struct fixture *f)
{
	credentials_provider_free(f->role);
	credentials_release(&f->out);
	transport_script_release(&f->script);
}

static bool get(struct fixture *f)
{
	err_clear(&f->err);
	return f->role->get(f->role, &f->out, &f->err);
}

static void a_role_is_assumed(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200, .body = XML_OF("AssumeRole", GOOD) } };
	static const struct assume_role role = {
		.role_arn = STR_INIT(ROLE), .session_name = STR_INIT("me@x"), .external_id = STR_INIT("a b&c/\xc3\xa9"),
		.duration_s = 900,
	};
	struct str authorization;
	struct fixture f;

	(void)arg;
	set_up(&f, loop, &role, steps, COUNT_OF(steps));
	CHECK_OK(get(&f), &f.err);
	CHECK_STR(buf_str(&f.out.access_key_id), "AK");
	CHECK_STR(buf_str(&f.out.secret_access_key), "outer+secret/");
	CHECK_STR(buf_str(&f.out.session_token), "tok==");
	CHECK_STR(buf_str(&f.out.account_id), "123456789012");
	CHECK_STR(buf_str(&f.out.source), "role " ROLE " by keys of the test");
	CHECK_EQ(f.out.expires_ms, SIM_EPOCH_MS + 3600 * 1000);
	CHECK_STR(f.script.seen[0].request.url, "https://sts.eu-west-1.amazonaws.com/");
	CHECK_STR(f.script.seen[0].request.body,
		  "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader"
		  "&RoleSessionName=me%40x&ExternalId=a%20b%26c%2F%C3%A9&DurationSeconds=900");
	authorization = transport_script_header(&f.script, 0, "authorization");
	CHECK(str_starts(authorization, STR("AWS4-HMAC-SHA256 Credential=INNER/20260101/eu-west-1/sts/aws4_request")));
	CHECK_STR(transport_script_header(&f.script, 0, "x-amz-security-token"), "inner-token-inner-token");
	tear_down(&f);
}

static void test_a_role_is_assumed_with_the_inner_providers_keys(void **state)
{
	(void)state;
	run_simulated(1, a_role_is_assumed, NULL);
}

static void regions(struct loop *loop, void *arg)
{
	static const struct { const char *role, *config, *variable, *host; } cases[] = {
		{ "ap-south-1", "eu-west-1", "us-east-1", "https://sts.ap-south-1.amazonaws.com/" },
		{ "", "eu-west-1", "us-east-1", "https://sts.eu-west-1.amazonaws.com/" },
		{ "", "", "us-east-1", "https://sts.us-east-1.amazonaws.com/" },
		{ "", "", NULL, NULL },
	};
	static const struct script_step steps[] = { { .status = 200, .body = XML_OF("AssumeRole", GOOD) } };

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct assume_role role = { .role_arn = STR(ROLE), .region = str_c(cases[i].role) };
		struct fixture f;

		set_up(&f, loop, &role, steps, COUNT_OF(steps));
		f.config.region = str_c(cases[i].config);
		fake_process_set(&f.process, "AWS_REGION", cases[i].variable);
		CHECK(get(&f) == (cases[i].host != NULL));
		if (cases[i].host)
			CHECK_STR(f.script.seen[0].request.url, cases[i].host);
		else
			CHECK_STR(str_c(f.err.code), "credentials.region");
		tear_down(&f);
	}
}

static void test_sts_is_asked_in_the_roles_the_configured_or_the_environments_region(void **state)
{
	(void)state;
	run_simulated(1, regions, NULL);
}

/* A session name of our own is one that STS takes: [\w+=,.@-]{2,64}. */
static void a_session_gets_a_name(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200, .body = XML_OF("AssumeRole", GOOD) } };
	const struct assume_role role = { .role_arn = STR(ROLE) };
	struct fixture f;

	(void)arg;
	set_up(&f, loop, &role, steps, COUNT_OF(steps));
	CHECK_OK(get(&f), &f.err);
	CHECK(str_ends(f.script.seen[0].request.body, STR("&RoleSessionName=sluice-1767225600000")));
	tear_down(&f);
}

static void test_a_session_without_a_name_gets_one(void **state)
{
	(void)state;
	run_simulated(1, a_session_gets_a_name, NULL);
}

static void answers(struct loop *loop, void *arg)
{
	static const struct { int status; const char *body; enum err_class class; const char *code, *part; } cases[] = {
		{ 403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>", ERR_AUTH,
		  "credentials.sts", "AccessDenied: not you" },
		/* Not DATA, as it would be of a table's request. */
		{ 400, "<ErrorResponse><Error><Code>ValidationException</Code><Message>bad name</Message></Error></ErrorResponse>",
		  ERR_AUTH, "credentials.sts", "bad name" },
		{ 400, "<ErrorResponse><Error><Code>MalformedPolicyDocument</Code></Error></ErrorResponse>", ERR_AUTH,
		  "credentials.sts", "MalformedPolicyDocument" },
		{ 403, "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>" SECRET "</Message></Error></ErrorResponse>",
		  ERR_AUTH, "credentials.sts", "signed with credentials from keys of the test" },
		{ 200, "", ERR_RETRY, "credentials.sts", "no XML" },
		{ 200, "<html>hello", ERR_RETRY, "credentials.sts", "no XML" },
		{ 200, "<html>hello</html>", ERR_RETRY, "credentials.sts", "not as its API says" },
		{ 200, XML_OF("AssumeRoleWithSAML", GOOD), ERR_RETRY, "credentials.sts", "not as its API says" },
		{ 200, XML_OF("AssumeRole", KEYS), ERR_RETRY, "credentials.sts", "Expiration" },
		{ 200, XML_OF("AssumeRole", KEYS "<Expiration>soon</Expiration>"), ERR_RETRY, "credentials.sts", "Expiration" },
		{ 200, XML_OF("AssumeRole", "<AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>"
			      "<Expiration>2026-01-01T01:00:00Z</Expiration>"), ERR_RETRY, "credentials.sts", "token" },
		{ 200, XML_OF("AssumeRole", "<AccessKeyId>a b</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>t"
			      "</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration>"), ERR_AUTH,
		  "credentials.malformed", "white space" },
		{ 200, "<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>", ERR_RETRY, "credentials.sts", "no XML" },
	};
	const struct assume_role role = { .role_arn = STR(ROLE) };

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct script_step step = { .status = cases[i].status, .body = cases[i].body };
		const struct script_step steps[] = { step, step, step };
		struct fixture f;

		set_up(&f, loop, &role, steps, COUNT_OF(steps));
		CHECK(!get(&f));
		CHECK_EQ(f.err.class, cases[i].class);
		CHECK_STR(str_c(f.err.code), cases[i].code);
		CHECK(strstr(f.err.text, ROLE) != NULL);
		if (!strstr(f.err.text, cases[i].part))
			CHECK_STR(str_c(f.err.text), cases[i].part);
		CHECK(!strstr(f.err.text, SECRET));
		CHECK_EQ(f.out.secret_access_key.len, 0);
		tear_down(&f);
	}
}

static void test_refusals_and_garbage_are_told_apart_and_never_blame_the_callers_request(void **state)
{
	(void)state;
	run_simulated(1, answers, NULL);
}

static void throttles_are_waited_out(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 400, .body = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>" },
		{ .status = 503, .body = "busy" },
		{ .status = 200, .body = XML_OF("AssumeRole", GOOD) },
		{ .status = 0, .error = "http.connect" }, { .status = 0, .error = "http.connect" },
		{ .status = 0, .error = "http.connect" },
	};
	const struct assume_role role = { .role_arn = STR(ROLE) };
	struct fixture f;

	(void)arg;
	set_up(&f, loop, &role, steps, COUNT_OF(steps));
	CHECK_OK(get(&f), &f.err);
	CHECK_EQ(f.script.n_seen, 3);
	CHECK(!get(&f));
	CHECK_EQ(f.err.class, ERR_RETRY);
	CHECK_STR(str_c(f.err.code), "credentials.sts");
	tear_down(&f);
}

static void test_what_can_mend_is_tried_again_and_stays_waitable(void **state)
{
	(void)state;
	run_simulated(1, throttles_are_waited_out, NULL);
}

/* An inner provider with nothing to give. */
static bool absent_get(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	(void)out;
	return err_set(err, ERR_AUTH, "credentials.absent", "AWS_ACCESS_KEY_ID is not set");
}

static void absent_free(struct credentials_provider *p)
{
	(void)p;
}

static void nobody_signs(struct loop *loop, void *arg)
{
	struct credentials_provider absent = { .get = absent_get, .free = absent_free, .name = "absent" };
	const struct assume_role role = { .role_arn = STR(ROLE) };
	struct fixture f;

	(void)arg;
	set_up(&f, loop, &role, NULL, 0);
	credentials_provider_free(f.role);
	f.role = credentials_assume_role_new(&f.site, &role, &absent);
	CHECK(!get(&f));
	/* Not "absent": a chain would go on to a provider that nobody meant. */
	CHECK_STR(str_c(f.err.code), "credentials.source");
	CHECK(strstr(f.err.text, "AWS_ACCESS_KEY_ID is not set") != NULL);
	CHECK_EQ(f.script.n_seen, 0);
	tear_down(&f);
}

static void test_a_role_whose_source_is_empty_is_no_absent_provider(void **state)
{
	(void)state;
	run_simulated(1, nobody_signs, NULL);
}

static void tokens_are_exchanged(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = XML_OF("AssumeRoleWithWebIdentity", GOOD) },
		{ .status = 200, .body = XML_OF("AssumeRoleWithWebIdentity", GOOD) },
		{ .status = 400, .body = "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token expired</Message>"
				 "</Error></ErrorResponse>" },
	};
	const struct assume_role role = {
		.role_arn = STR(ROLE), .session_name = STR("pod"), .web_identity_token_file = STR("/token"),
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, &role, steps, COUNT_OF(steps));
	fake_process_add_file(&f.process, "/token", "one.two.three\n");
	CHECK_OK(get(&f), &f.err);
	CHECK_STR(buf_str(&f.out.source), "role " ROLE " by the web identity token /token");
	CHECK_STR(f.script.seen[0].request.body,
		  "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader"
		  "&RoleSessionName=pod&WebIdentityToken=one.two.three");
	CHECK(!transport_script_header(&f.script, 0, "authorization").ptr);
	fake_process_add_file(&f.process, "/token", "newer");
	CHECK_OK(get(&f), &f.err);
	CHECK(str_ends(f.script.seen[1].request.body, STR("&WebIdentityToken=newer")));
	CHECK(!get(&f));
	CHECK(strstr(f.err.text, "Token expired") && !strstr(f.err.text, "signed with"));
	CHECK_EQ(f.script.n_seen, 3);
	fake_process_add_file(&f.process, "/token", " \n");
	CHECK(!get(&f));
	CHECK_STR(str_c(f.err.code), "credentials.token");
	CHECK(strstr(f.err.text, "/token") && strstr(f.err.text, "is empty"));
	tear_down(&f);
}

static void test_web_identity_tokens_are_read_anew_and_exchanged_unsigned(void **state)
{
	(void)state;
	run_simulated(1, tokens_are_exchanged, NULL);
}

static void bad_token_files(struct loop *loop, void *arg)
{
	const struct assume_role role = { .role_arn = STR(ROLE), .web_identity_token_file = STR("/token") };
	struct fixture f;

	(void)arg;
	set_up(&f, loop, &role, NULL, 0);
	CHECK(!get(&f));
	CHECK_STR(str_c(f.err.code), "credentials.token");
	CHECK(strstr(f.err.text, "No such file") != NULL);
	f.process.unreadable = "/token";
	CHECK(!get(&f));
	CHECK(strstr(f.err.text, "Permission denied") != NULL);
	CHECK_EQ(f.script.n_seen, 0);
	tear_down(&f);
}

static void test_a_token_file_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	run_simulated(1, bad_token_files, NULL);
}

static void without_a_network(struct loop *loop, void *arg)
{
	const struct assume_role role = { .role_arn = STR(ROLE) };
	struct credentials_site site;
	struct fixture f;

	(void)arg;
	set_up(&f, loop, &role, NULL, 0);
	site = f.site;
	site.transport = NULL;
	credentials_provider_free(f.role);
	f.role = credentials_assume_role_new(&site, &role, NULL);
	CHECK(!get(&f));
	CHECK_STR(str_c(f.err.code), "credentials.unsupported");
	tear_down(&f);
}

static void test_without_a_network_a_role_says_so(void **state)
{
	(void)state;
	run_simulated(1, without_a_network, NULL);
}

static void too_long(struct loop *loop, void *arg)
{
	struct assume_role role = { .session_name = STR("s") };
	struct buf arn;
	struct fixture f;

	(void)arg;
	buf_init(&arn, 1 << 16);
	while (arn.len < 3000)
		buf_puts(&arn, "arn:");
	role.role_arn = buf_str(&arn);
	set_up(&f, loop, &role, NULL, 0);
	CHECK(!get(&f));
	CHECK_STR(str_c(f.err.code), "credentials.role");
	tear_down(&f);
	buf_release(&arn);
}

static void test_a_role_that_is_too_long_is_not_asked_for_in_part(void **state)
{
	(void)state;
	run_simulated(1, too_long, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_role_is_assumed_with_the_inner_providers_keys),
		cmocka_unit_test(test_sts_is_asked_in_the_roles_the_configured_or_the_environments_region),
		cmocka_unit_test(test_a_session_without_a_name_gets_one),
		cmocka_unit_test(test_refusals_and_garbage_are_told_apart_and_never_blame_the_callers_request),
		cmocka_unit_test(test_what_can_mend_is_tried_again_and_stays_waitable),
		cmocka_unit_test(test_a_role_whose_source_is_empty_is_no_absent_provider),
		cmocka_unit_test(test_web_identity_tokens_are_read_anew_and_exchanged_unsigned),
		cmocka_unit_test(test_a_token_file_that_cannot_be_read_is_named),
		cmocka_unit_test(test_without_a_network_a_role_says_so),
		cmocka_unit_test(test_a_role_that_is_too_long_is_not_asked_for_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
