/* The default chain as a whole: the recorded cases of
 * ../shared/vectors/credentials/default-credential-provider-chain, all of them, in
 * virtual time; and the errors of chains. */
#include "sim/env.h"
#include "support/fake_process.h"
#include "support/tasks.h"
#include "support/test.h"
#include "support/traffic.h"
#include "support/vectors.h"

#include "sluice/aws/config.h"

#include <stdio.h>

#define CASES "credentials/default-credential-provider-chain"

/* 2009-02-13T00:00:00Z: before anything in the recordings has expired. */
#define RECORDED_AT_MS INT64_C(1234483200000)

enum {
	OTHER_VALUES = 1,   /* the recording's request was made with other values than its files have */
	MORE_TRIES = 2,     /* the recording ends where their client gave up; ours asks again */
	FOUR_TRIES = 4,     /* their client's default; ours is that of AWS_METADATA_SERVICE_NUM_ATTEMPTS */
};

static const struct chain_case {
	const char *name;
	const char *code, *part;     /* of our error; NULL: test-case.json has the credentials */
	unsigned flags;
} cases[] = {
	{ .name = "e2e_fips_and_dual_stack_sso" },
	{ .name = "ecs_assume_role", .flags = OTHER_VALUES },
	{ .name = "ecs_credentials" },
	{ .name = "ecs_credentials_invalid_profile" },
	{ .name = "eks_pod_identity_credentials" },
	{ "eks_pod_identity_no_token_file", "credentials.container_token", "No such file or directory", 0 },
	{ .name = "environment_variables" },
	{ .name = "environment_variables_blank" },
	{ .name = "imds_assume_role" },
	{ .name = "imds_config_with_no_creds" },
	{ "imds_default_chain_error", "credentials.absent", "IMDS: this EC2 instance has no IAM role", 0 },
	{ .name = "imds_default_chain_retries", .flags = FOUR_TRIES },
	{ .name = "imds_default_chain_success" },
	{ "imds_disabled", "credentials.absent", "IMDS: AWS_EC2_METADATA_DISABLED is true", 0 },
	{ "imds_no_iam_role", "credentials.source", "from the IMDS provider, which has none: this EC2 instance has no IAM role", 0 },
	{ "imds_token_fail", "credentials.imds_disabled", "disabled on this instance (403)", 0 },
	{ .name = "prefer_environment" },
	{ .name = "profile_name" },
	{ "profile_overrides_web_identity", "credentials.source", "which has none: AWS_ACCESS_KEY_ID is not set", 0 },
	{ .name = "profile_static_keys" },
	{ .name = "profile_static_keys_case_insensitive" },
	{ .name = "sso_assume_role" },
	{ "sso_no_token_file", "credentials.sso_login", "/home/.aws/sso/cache/dace00cba5f8355ec9d274ceb2bcebdfbeed0e12.json", 0 },
	{ "sso_server_error", "credentials.sso", "503", MORE_TRIES },
	{ "web_identity_source_profile_no_env", "credentials.profile", "role_arn is missing", 0 },
	{ .name = "web_identity_token_env", .flags = OTHER_VALUES },
	{ "web_identity_token_invalid_jwt", "credentials.sts",
	  "InvalidIdentityToken: No OpenIDConnect provider found in your account", 0 },
	{ .name = "web_identity_token_profile", .flags = OTHER_VALUES },
	{ .name = "web_identity_token_source_profile", .flags = OTHER_VALUES },
};

/* One case under way. */
struct run {
	const struct chain_case *c;
	char root[256];
	struct fake_process process;
	struct json *env, *expected;
	struct traffic traffic;
	struct transport_script script;
	struct aws_config config;
	struct credentials got;
	struct err err;
	bool ok;
};

static struct json *read_json(const struct chain_case *c, const char *file)
{
	char path[256];
	struct json *root;
	struct buf text;

	buf_init(&text, 1 << 20);
	snprintf(path, sizeof(path), CASES "/%s/%s", c->name, file);
	assert_true(vectors_read(path, &text));
	root = json_parse(buf_str(&text), text.len, NULL);
	assert_non_null(root);
	buf_release(&text);
	return root;
}

static void run_init(struct run *r, const struct chain_case *c)
{
	struct str value;

	*r = (struct run){ .c = c };
	snprintf(r->root, sizeof(r->root), CASES "/%s/fs", c->name);
	fake_process_init(&r->process);
	r->process.root = r->root;
	r->env = read_json(c, "env.json");
	r->expected = read_json(c, "test-case.json");
	for (const struct json *v = json_first(r->env); v; v = json_next(v)) {
		assert_true(json_get_str(v, &value));
		fake_process_set(&r->process, json_name(v).ptr, value.ptr);
	}
	assert_true(traffic_load(&r->traffic, c->name));
	if (c->flags & MORE_TRIES)
		while (r->traffic.n < 3) {
			r->traffic.steps[r->traffic.n] = r->traffic.steps[r->traffic.n - 1];
			r->traffic.requests[r->traffic.n] = r->traffic.requests[r->traffic.n - 1];
			r->traffic.n++;
		}
	credentials_init(&r->got);
}

static void run_release(struct run *r)
{
	json_free(r->env);
	json_free(r->expected);
	traffic_release(&r->traffic);
	credentials_release(&r->got);
}

/* ---- what came ---- */

static void check_text(const struct json *want, const char *name, const struct buf *got)
{
	struct str value;

	if (json_get_str(json_get(want, name), &value))
		CHECK_STR(buf_str(got), value.ptr);
}

static void check_credentials(const struct run *r)
{
	const struct json *want = json_get(json_get(r->expected, "result"), "Ok");
	int64_t expiry_s = 0;

	CHECK(want != NULL && !r->c->code);
	CHECK(json_get(want, "access_key_id") && json_get(want, "secret_access_key"));
	check_text(want, "access_key_id", &r->got.access_key_id);
	check_text(want, "secret_access_key", &r->got.secret_access_key);
	check_text(want, "session_token", &r->got.session_token);
	check_text(want, "account_id", &r->got.account_id);
	CHECK_EQ(r->got.session_token.len != 0, json_get(want, "session_token") != NULL);
	json_get_int(json_get(want, "expiry"), &expiry_s);
	CHECK_EQ(r->got.expires_ms, expiry_s * 1000);
	CHECK(r->got.source.len != 0);
}

static void check_error(const struct run *r)
{
	CHECK(json_get(json_get(r->expected, "result"), "ErrorContains") != NULL);
	CHECK_EQ(r->err.class == ERR_AUTH || r->err.class == ERR_RETRY, true);
	CHECK_STR(str_c(r->err.code), r->c->code);
	if (!strstr(r->err.text, r->c->part))
		CHECK_STR(str_c(r->err.text), r->c->part);
	CHECK_EQ(r->got.secret_access_key.len, 0);
}

/* ---- what was sent to STS ---- */

static struct str form_field(struct str form, struct str name)
{
	while (form.ptr) {
		struct str field = str_split(&form, '&');
		size_t equals = str_find_char(field, '=');

		if (str_eq(str_sub(field, 0, equals), name))
			return str_from(field, equals + 1);
	}
	return str_of(NULL, 0);
}

/* A session's name that has the time in it is another each time. */
static bool is_made_up(struct str session)
{
	return session.len > 13 && session.ptr[session.len - 13] == '1' && session.ptr[session.len - 14] == '-';
}

static void check_form(const struct run *r, struct str got, struct str want)
{
	static const struct str names[] = {
		STR_INIT("Action"), STR_INIT("Version"), STR_INIT("RoleSessionName"), STR_INIT("RoleArn"),
		STR_INIT("WebIdentityToken"), STR_INIT("ExternalId"), STR_INIT("DurationSeconds"),
	};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct str value = form_field(want, names[i]), ours = form_field(got, names[i]);
		bool free_value = i == 2 ? is_made_up(value) : i > 2 && (r->c->flags & OTHER_VALUES);

		if (str_ends(value, STR("%0A"))) /* their client sends the file's last line break, too */
			value.len -= 3;
		CHECK_EQ(ours.len != 0, value.len != 0);
		CHECK(free_value || str_eq(ours, value));
	}
}

static struct str recorded_header(const struct json *request, const char *name)
{
	struct str value = { NULL, 0 };

	json_get_str(json_at(json_get(json_get(request, "headers"), name), 0), &value);
	return value;
}

/* "…Credential=KEY/": by whom it is signed; empty: by nobody. */
static struct str signer(struct str authorization)
{
	size_t at = str_find(authorization, STR("Credential="));

	if (at == SIZE_MAX)
		return str_of(NULL, 0);
	authorization = str_from(authorization, at + strlen("Credential="));
	return str_sub(authorization, 0, str_find_char(authorization, '/'));
}

static void check_sts_headers(const struct run *r, size_t nth)
{
	const struct json *request = r->traffic.requests[nth];
	struct str token = recorded_header(request, "x-amz-security-token");
	struct str ours = transport_script_header(&r->script, nth, "x-amz-security-token");
	struct str by = signer(recorded_header(request, "authorization"));
	struct str our_by = signer(transport_script_header(&r->script, nth, "authorization"));
	struct str type = transport_script_header(&r->script, nth, "content-type");

	CHECK_EQ(ours.len != 0, token.len != 0);
	CHECK_EQ(our_by.len != 0, by.len != 0);
	if (!(r->c->flags & OTHER_VALUES)) {
		CHECK(str_eq(ours, token));
		CHECK(str_eq(our_by, by));
	}
	CHECK_STR(str_sub(type, 0, str_find_char(type, ';')), "application/x-www-form-urlencoded");
}

static const struct json *event_data(const struct run *r, int64_t connection)
{
	for (const struct json *e = json_first(json_get(r->traffic.tree, "events")); e; e = json_next(e)) {
		const struct json *data = json_get(json_get(e, "action"), "Data");
		struct str direction = STR("");
		int64_t at = -1;

		json_get_int(json_get(e, "connection_id"), &at);
		json_get_str(json_get(data, "direction"), &direction);
		if (at == connection && str_eq(direction, STR("Request")))
			return json_get(json_get(data, "data"), "Utf8");
	}
	return NULL;
}

static void check_requests(const struct run *r)
{
	struct str url, body;

	CHECK(traffic_matches(&r->traffic, &r->script));
	for (size_t i = 0; i < r->traffic.n; i++) {
		if (!json_get_str(json_get(r->traffic.requests[i], "uri"), &url) || str_find(url, STR("//sts.")) == SIZE_MAX)
			continue;
		CHECK(json_get_str(event_data(r, (int64_t)i), &body));
		check_form(r, r->script.seen[i].request.body, body);
		check_sts_headers(r, i);
	}
}

/* ---- the table ---- */

static void run_case(struct loop *loop, void *arg)
{
	struct run *r = arg;
	const struct aws_choices none = { 0 };
	struct credentials_site site = { .env = &r->process.env, .loop = loop, .config = &r->config };
	struct credentials_provider *chain;

	CHECK_OK(aws_config_load(&r->config, &r->process.env, &none, &r->err), &r->err);
	if (r->c->flags & FOUR_TRIES)
		r->config.imds.attempts = 4;
	transport_script_init(&r->script, loop, r->traffic.steps, r->traffic.n);
	site.transport = &r->script.transport;
	chain = credentials_default_chain_new(&site);
	r->ok = chain->get(chain, &r->got, &r->err);
	if (r->ok)
		check_credentials(r);
	else if (!r->c->code)
		CHECK_STR(str_c(r->err.text), "credentials");
	else
		check_error(r);
	check_requests(r);
	credentials_provider_free(chain);
	transport_script_release(&r->script);
	aws_config_release(&r->config);
}

static void test_all_recorded_cases_end_as_recorded(void **state)
{
	(void)state;
	if (!vectors_have(CASES))
		return;
	assert_int_equal(COUNT_OF(cases), 29);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct env *env = sim_env_new(i + 1);
		struct run r;

		print_message("%s\n", cases[i].name);
		sim_env_set_skew_ms(env, RECORDED_AT_MS - SIM_EPOCH_MS);
		run_init(&r, &cases[i]);
		run_in(env, run_case, &r);
		run_release(&r);
		env_free(env);
	}
}

/* ---- chains ---- */

/* Answers as told, and counts. */
struct told {
	struct credentials_provider base;
	unsigned calls;
	const char *code;      /* NULL: gives keys */
	const char *text;
};

static bool told_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct told *t = (struct told *)base;

	t->calls++;
	if (t->code)
		return err_set(err, ERR_AUTH, t->code, "%s", t->text);
	return credentials_set(out, STR("KEY"), STR("secret"), STR(""), err);
}

static void told_free(struct credentials_provider *base)
{
	(void)base;
}

#define TOLD(told_name, told_code, told_text)                                                                    \
	{ .base = { .get = told_get, .free = told_free, .name = told_name }, .code = told_code, .text = told_text }

static void test_the_first_that_has_credentials_gives_them(void **state)
{
	struct told a = TOLD("a", "credentials.absent", "nothing"), b = TOLD("b", NULL, NULL), c = TOLD("c", NULL, NULL);
	struct credentials_provider *const links[] = { &a.base, &b.base, &c.base, NULL };
	struct credentials_provider *chain = credentials_chain_new(links);
	struct credentials got;

	(void)state;
	credentials_init(&got);
	assert_true(chain->get(chain, &got, NULL));
	assert_str_equal(buf_str(&got.access_key_id), "KEY");
	assert_int_equal(a.calls + b.calls, 2);
	assert_int_equal(c.calls, 0);
	credentials_provider_forget(chain);
	credentials_provider_free(chain);
	credentials_release(&got);
}

static void test_the_chain_stops_at_one_that_should_have_known(void **state)
{
	struct told a = TOLD("a", "credentials.broken", "refused"), b = TOLD("b", NULL, NULL);
	struct credentials_provider *const links[] = { &a.base, &b.base, NULL };
	struct credentials_provider *chain = credentials_chain_new(links);
	struct credentials got;
	struct err err = { 0 };

	(void)state;
	credentials_init(&got);
	assert_false(chain->get(chain, &got, &err));
	assert_string_equal(err.code, "credentials.broken");
	assert_string_equal(err.text, "refused");
	assert_int_equal(b.calls, 0);
	credentials_provider_free(chain);
	credentials_release(&got);
}

static void test_an_empty_chain_lists_why_each_said_no_and_cuts_only_the_long_ones(void **state)
{
	static const char endless[] =
		"there is no end to what this one has to say about the reasons why it found nothing at all where "
		"everybody would have expected it to find something, which it regrets and goes on to explain for hours, "
		"though nobody wants to hear so much of it when four others also want to say a word about themselves";
	struct told a = TOLD("a", "credentials.absent", "not set"), b = TOLD("b", "credentials.absent", endless);
	struct told c = TOLD("c", "credentials.absent", endless), d = TOLD("d", "credentials.absent", "too short to be cut");
	struct credentials_provider *const links[] = { &a.base, &b.base, &c.base, &d.base, NULL };
	struct credentials_provider *chain = credentials_chain_new(links);
	struct credentials got;
	struct err err = { 0 };

	(void)state;
	credentials_init(&got);
	assert_false(chain->get(chain, &got, &err));
	assert_string_equal(err.code, "credentials.absent");
	assert_int_equal(err.class, ERR_AUTH);
	assert_non_null(strstr(err.text, "(a: not set; b: there is no end"));
	assert_non_null(strstr(err.text, "; c: there is no end"));
	assert_non_null(strstr(err.text, "; d: too short to be cut)"));
	assert_null(strstr(err.text, "for hours"));
	assert_in_range(strlen(err.text), 380, 460);
	credentials_provider_free(chain);
	credentials_release(&got);
}

/* ---- the default chain where there is nothing ---- */

static void nothing_anywhere(struct loop *loop, void *arg)
{
	static const struct script_step silence[] = { { .error = "http.connect" }, { .error = "http.connect" },
						      { .error = "http.connect" }, { .error = "http.connect" } };
	static const char *const parts[] = {
		"environment: AWS_ACCESS_KEY_ID is not set", "profile: there is no profile 'default'",
		"web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set", "container: neither", "IMDS: no instance metadata",
	};
	struct transport_script script;
	struct fake_process process;
	const struct credentials_site site = { .env = &process.env, .loop = loop, .transport = &script.transport };
	struct credentials_provider *chain;
	struct credentials got;
	struct err err = { 0 };

	(void)arg;
	fake_process_init(&process);
	transport_script_init(&script, loop, silence, COUNT_OF(silence));
	chain = credentials_default_chain_new(&site);
	credentials_init(&got);
	CHECK(!chain->get(chain, &got, &err));
	CHECK_STR(str_c(err.code), "credentials.absent");
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (!strstr(err.text, parts[i]))
			CHECK_STR(str_c(err.text), parts[i]);
	credentials_provider_free(chain);
	credentials_release(&got);
	transport_script_release(&script);
}

static void test_where_there_is_nothing_all_five_are_listed(void **state)
{
	(void)state;
	run_simulated(1, nothing_anywhere, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_recorded_cases_end_as_recorded),
		cmocka_unit_test(test_the_first_that_has_credentials_gives_them),
		cmocka_unit_test(test_the_chain_stops_at_one_that_should_have_known),
		cmocka_unit_test(test_an_empty_chain_lists_why_each_said_no_and_cuts_only_the_long_ones),
		cmocka_unit_test(test_where_there_is_nothing_all_five_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
