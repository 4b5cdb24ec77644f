#include "support/test.h"
#include "support/vectors.h"

#include "sluice/aws/profile_chain.h"
#include "sluice/core/json.h"
#include "sluice/core/mem.h"

#include <stdio.h>

static struct str text_member(const struct json *object, const char *name)
{
	struct str text = { NULL, 0 };

	json_get_str(json_get(object, name), &text);
	return text;
}

/* ---- the public cases ---- */

static void put_sections(struct buf *text, const char *kind, const struct json *sections)
{
	for (const struct json *s = json_first(sections); s; s = json_next(s)) {
		buf_putf(text, "[%s %.*s]\n", kind, STR_ARG(json_name(s)));
		for (const struct json *p = json_first(s); p; p = json_next(p)) {
			struct str value = { NULL, 0 };

			assert_true(json_get_str(p, &value));
			buf_putf(text, "%.*s = %.*s\n", STR_ARG(json_name(p)), STR_ARG(value));
		}
	}
}

static void assert_text_is(struct str got, const struct json *object, const char *name)
{
	assert_str_equal(got, json_get(object, name) ? text_member(object, name).ptr : "");
}

static void assert_role_is(const struct assume_role *role, const struct json *want)
{
	assert_text_is(role->role_arn, want, "role_arn");
	assert_text_is(role->session_name, want, "role_session_name");
	assert_text_is(role->external_id, want, "external_id");
	assert_text_is(role->web_identity_token_file, want, "web_identity_token_file");
}

static void assert_base_is(const struct profile_chain *chain, const struct json *want)
{
	static const char *const sources[] = {
		[PROFILE_ENVIRONMENT] = "Environment", [PROFILE_CONTAINER] = "EcsContainer",
		[PROFILE_IMDS] = "Ec2InstanceMetadata",
	};
	const struct json *keys = json_get(want, "AccessKey"), *web = json_get(want, "WebIdentityToken");
	const struct json *sso = json_get(want, "Sso");

	if (keys) {
		assert_int_equal(chain->base, PROFILE_KEYS);
		assert_text_is(profile_get(chain->section, "aws_access_key_id"), keys, "access_key_id");
		assert_text_is(profile_get(chain->section, "aws_secret_access_key"), keys, "secret_access_key");
		assert_text_is(profile_get(chain->section, "aws_account_id"), keys, "account_id");
	} else if (web) {
		assert_int_equal(chain->base, PROFILE_WEB_IDENTITY);
		assert_role_is(&chain->web_identity, web);
	} else if (sso) {
		assert_int_equal(chain->base, PROFILE_SSO);
		assert_text_is(chain->sso.session, sso, "sso_session");
		assert_text_is(chain->sso.start_url, sso, "sso_start_url");
		assert_text_is(chain->sso.region, sso, "sso_region");
		assert_text_is(chain->sso.account_id, sso, "sso_account_id");
		assert_text_is(chain->sso.role_name, sso, "sso_role_name");
	} else {
		assert_true(chain->base == PROFILE_ENVIRONMENT || chain->base == PROFILE_CONTAINER ||
			    chain->base == PROFILE_IMDS);
		assert_str_equal(text_member(want, "NamedSource"), sources[chain->base]);
	}
}

static void assert_chain_is(const struct profile_chain *chain, const struct json *want)
{
	assert_base_is(chain, json_at(want, 0));
	assert_int_equal(chain->n_roles, json_count(want) - 1);
	for (size_t i = 0; i < chain->n_roles; i++)
		assert_role_is(&chain->roles[i], json_get(json_at(want, i + 1), "AssumeRole"));
}

/* Their words for an error, ours, and our code. */
static const struct said { const char *theirs, *ours, *code; } errors[] = {
	{ "profile must contain `source_profile`", "needs source_profile or credential_source", "credentials.profile" },
	{ "profile contained both source_profile and credential_source", "both source_profile and credential_source",
	  "credentials.profile" },
	{ "profile missing aws_secret_access_key", "'B' has aws_access_key_id but no aws_secret_access_key",
	  "credentials.partial" },
	{ "profile missing aws_access_key_id", "'B' has aws_secret_access_key but no aws_access_key_id",
	  "credentials.partial" },
	{ "profile `B` did not contain credential information", "profile 'B': it is the source of a role",
	  "credentials.profile" },
	{ "profile `A` did not contain credential information", "profile 'A' has no aws_access_key_id", "credentials.absent" },
	{ "could not find source profile B referenced from A", "no profile 'B', which is source_profile of 'A'",
	  "credentials.profile" },
	{ "No profiles were defined", "no profile 'A'", "credentials.absent" },
	{ "profile formed an infinite loop", "A -> B -> A", "credentials.profile" },
	{ "`role_arn` was missing", "role_arn is missing", "credentials.profile" },
	{ "if `sso_role_name` is set, then `sso_account_id` must also be set", "sso_account_id is missing",
	  "credentials.profile" },
	{ "if `sso_account_id` is set, then `sso_role_name` must also be set", "sso_role_name is missing",
	  "credentials.profile" },
	{ "`sso_region` can only be specified in the [sso-session] config when a session name is given",
	  "sso_region belongs into the [sso-session]", "credentials.profile" },
	{ "sso-session named `oops` (referenced by profile `A`) was not found",
	  "no [sso-session oops], which profile 'A' refers to", "credentials.profile" },
};

static void assert_error_is(const struct err *err, struct str theirs, const char *docs)
{
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		if (!str_eq(theirs, str_c(errors[i].theirs)))
			continue;
		if (!strstr(err->text, errors[i].ours))
			fail_msg("%s: no '%s' in: %s", docs, errors[i].ours, err->text);
		assert_string_equal(err->code, errors[i].code);
		return;
	}
	fail_msg("%s: an error that is not in the table: %s", docs, theirs.ptr);
}

/* A session without account and role only gives a token, for services that sluice does not call. */
#define TOKEN_ONLY "SSO token profile selected"

static void run_case(const struct json *test)
{
	const struct json *input = json_get(test, "input"), *output = json_get(test, "output");
	struct str docs = text_member(test, "docs"), error = text_member(output, "Error");
	struct profile_chain *chain = mem_alloc(sizeof(*chain));
	struct err err = { 0 };
	struct profile_set set;
	struct buf text;
	bool ok;

	buf_init(&text, 1 << 20);
	put_sections(&text, "profile", json_get(input, "profiles"));
	put_sections(&text, "sso-session", json_get(input, "sso_sessions"));
	profile_set_init(&set);
	assert_true(profile_set_parse(&set, PROFILE_FILE_CONFIG, buf_str(&text), "config", &err));
	ok = profile_chain_resolve(&set, text_member(input, "selected_profile"), chain, &err);
	if (str_eq(docs, STR(TOKEN_ONLY))) {
		assert_false(ok);
		assert_non_null(strstr(err.text, "sso_account_id is missing"));
	} else if (error.ptr) {
		if (ok)
			fail_msg("%s: no error", docs.ptr);
		assert_error_is(&err, error, docs.ptr);
	} else if (!ok) {
		fail_msg("%s: %s", docs.ptr, err.text);
	} else {
		assert_chain_is(chain, json_get(output, "ProfileChain"));
	}
	profile_set_release(&set);
	buf_release(&text);
	mem_free(chain);
}

static void test_profiles_lead_where_the_public_suite_says(void **state)
{
	struct json *root;
	size_t cases = 0;
	struct buf text;

	(void)state;
	if (!vectors_have("credentials/assume-role-tests.json"))
		return;
	buf_init(&text, 1 << 20);
	assert_true(vectors_read("credentials/assume-role-tests.json", &text));
	root = json_parse(buf_str(&text), text.len, NULL);
	for (const struct json *t = json_first(root); t; t = json_next(t), cases++)
		run_case(t);
	assert_int_equal(cases, 28);
	json_free(root);
	buf_release(&text);
}

/* ---- our own ---- */

struct resolved {
	struct profile_set set;
	struct profile_chain chain;
	struct err err;
	bool ok;
};

static struct resolved *resolve(const char *config)
{
	struct resolved *r = mem_alloc(sizeof(*r));

	profile_set_init(&r->set);
	assert_true(profile_set_parse(&r->set, PROFILE_FILE_CONFIG, str_c(config), "config", &r->err));
	r->ok = profile_chain_resolve(&r->set, STR("a"), &r->chain, &r->err);
	return r;
}

static void release(struct resolved *r)
{
	profile_set_release(&r->set);
	mem_free(r);
}

#define KEYS "aws_access_key_id=K\naws_secret_access_key=S\n"
#define SSO "sso_start_url=u\nsso_region=r\nsso_account_id=1\nsso_role_name=n\n"

static void test_of_several_ways_the_first_in_the_order_counts(void **state)
{
	static const struct { const char *config; enum profile_base base; size_t roles; } cases[] = {
		{ "[profile a]\n" KEYS, PROFILE_KEYS, 0 },
		{ "[profile a]\n" KEYS "credential_process=p\n", PROFILE_PROCESS, 0 },
		{ "[profile a]\n" KEYS "credential_process=p\n" SSO, PROFILE_SSO, 0 },
		{ "[profile a]\n" KEYS "credential_process=p\n" SSO "role_arn=r\nweb_identity_token_file=t\n",
		  PROFILE_WEB_IDENTITY, 0 },
		{ "[profile a]\n" KEYS "credential_process=p\n" SSO "role_arn=r\ncredential_source=environment\n",
		  PROFILE_ENVIRONMENT, 1 },
		{ "[profile a]\nrole_arn=r\ncredential_source=EcsContainer\n", PROFILE_CONTAINER, 1 },
		{ "[profile a]\nrole_arn=r\nsource_profile=a\ncredential_process=p\n", PROFILE_PROCESS, 1 },
		{ "[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\n" KEYS "credential_process=p\n" SSO, PROFILE_KEYS, 1 },
		{ "[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\n" SSO, PROFILE_SSO, 1 },
		{ "[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\nrole_arn=q\nsource_profile=b\ncredential_process=p\n",
		  PROFILE_PROCESS, 2 },
		{ "[profile a]\nsso_session=s\nsso_account_id=1\nsso_role_name=n\n[sso-session s]\nsso_start_url=u\nsso_region=r\n",
		  PROFILE_SSO, 0 },
		{ "[profile a]\nrole_arn=\ncredential_process=\n" KEYS, PROFILE_KEYS, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct resolved *r = resolve(cases[i].config);

		if (!r->ok)
			fail_msg("case %zu: %s", i, r->err.text);
		assert_int_equal(r->chain.base, cases[i].base);
		assert_int_equal(r->chain.n_roles, cases[i].roles);
		release(r);
	}
}

static void test_what_cannot_work_is_said_with_what_to_do(void **state)
{
	static const struct { const char *config, *code, *part; } cases[] = {
		{ "[profile a]\nrole_arn=r\nsource_profile=b\nmfa_serial=m\n[profile b]\n" KEYS, "credentials.mfa",
		  "credential_process = aws configure export-credentials --profile a" },
		{ "[profile a]\nrole_arn=r\ncredential_source=Ec2\n", "credentials.profile",
		  "none of Environment, EcsContainer, Ec2InstanceMetadata" },
		{ "[profile a]\nrole_arn=r\nsource_profile=a\nduration_seconds=60\n" KEYS, "credentials.profile", "900 to 43200" },
		{ "[profile a]\nrole_arn=r\nsource_profile=a\nduration_seconds=1h\n" KEYS, "credentials.profile", "900 to 43200" },
		{ "[profile a]\nlogin_session=arn\n", "credentials.unsupported", "export-credentials --profile a" },
		{ "[profile a]\nsso_session=s\nsso_account_id=1\nsso_role_name=n\n[sso-session s]\nsso_region=r\n",
		  "credentials.profile", "[sso-session s] must have sso_start_url" },
		{ "[profile a]\nsso_session=s\nsso_start_url=u\n[sso-session s]\nsso_region=r\nsso_start_url=u\n",
		  "credentials.profile", "sso_start_url belongs into" },
		{ "[profile a]\nsso_account_id=1\n", "credentials.profile", "sso_start_url is missing" },
		{ "[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\nrole_arn=r\nsource_profile=c\n"
		  "[profile c]\nrole_arn=r\nsource_profile=b\n", "credentials.profile", "circle: b -> c -> b" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct resolved *r = resolve(cases[i].config);

		assert_false(r->ok);
		assert_int_equal(r->err.class, ERR_AUTH);
		assert_string_equal(r->err.code, cases[i].code);
		if (!strstr(r->err.text, cases[i].part))
			fail_msg("case %zu: no '%s' in: %s", i, cases[i].part, r->err.text);
		release(r);
	}
}

static void test_mfa_matters_only_where_a_role_is_assumed(void **state)
{
	struct resolved *r = resolve("[profile a]\nmfa_serial=m\n" KEYS);

	(void)state;
	assert_true(r->ok);
	release(r);
}

static struct resolved *resolve_roles(int n)
{
	struct resolved *r;
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_puts(&text, "[profile a]\nrole_arn=r0\nsource_profile=p1\n");
	for (int i = 1; i < n; i++)
		buf_putf(&text, "[profile p%d]\nrole_arn=r%d\nsource_profile=p%d\nduration_seconds=1000\n", i, i, i + 1);
	buf_putf(&text, "[profile p%d]\n" KEYS, n);
	r = resolve(text.ptr);
	buf_release(&text);
	return r;
}

static void test_roles_stand_one_behind_another_up_to_64(void **state)
{
	struct resolved *r = resolve_roles(64);

	(void)state;
	assert_true(r->ok);
	assert_int_equal(r->chain.n_roles, 64);
	assert_str_equal(r->chain.roles[0].role_arn, "r63");
	assert_int_equal(r->chain.roles[0].duration_s, 1000);
	assert_str_equal(r->chain.roles[63].role_arn, "r0");
	assert_int_equal(r->chain.roles[63].duration_s, 0);
	release(r);
	r = resolve_roles(65);
	assert_false(r->ok);
	assert_non_null(strstr(r->err.text, "more than 64 roles"));
	release(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profiles_lead_where_the_public_suite_says),
		cmocka_unit_test(test_of_several_ways_the_first_in_the_order_counts),
		cmocka_unit_test(test_what_cannot_work_is_said_with_what_to_do),
		cmocka_unit_test(test_mfa_matters_only_where_a_role_is_assumed),
		cmocka_unit_test(test_roles_stand_one_behind_another_up_to_64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
