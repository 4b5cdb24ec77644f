/* Profiles of the shared files, and the providers that they lead to, in virtual
 * time. Which way a profile goes is profile_chain's test. */
#include "sim/env.h"
#include "sim/transport_script.h"
#include "support/fake_process.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/aws/config.h"

#include <stdio.h>

#define KEYS "aws_access_key_id=K\naws_secret_access_key=S\n"
#define ROLE_ANSWER(id, token)                                                                                     \
	"<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::42:assumed-role/r/s</Arn>"       \
	"</AssumedRoleUser><Credentials><AccessKeyId>" id "</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"      \
	"<SessionToken>" token "</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials>"         \
	"</AssumeRoleResult></AssumeRoleResponse>"

#define SSO_KEYS                                                                                                   \
	"{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\",\"expiration\":1767229200000}}"
#define IMDS_KEYS                                                                                                  \
	"{\"Code\":\"Success\",\"AccessKeyId\":\"I\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2026-01-01T06:00:00Z\"}"

struct fixture {
	struct transport_script script;
	struct fake_process process;
	struct credentials_site site;
	struct credentials out;
	struct err err;
};

static void set_up(struct fixture *f, struct loop *loop, const char *config, const struct script_step *steps, size_t n)
{
	*f = (struct fixture){ 0 };
	transport_script_init(&f->script, loop, steps, n);
	fake_process_init(&f->process);
	fake_process_set(&f->process, "HOME", "/h");
	fake_process_add_file(&f->process, "/h/.aws/config", config);
	f->site = (struct credentials_site){
		.env = &f->process.env, .loop = loop, .transport = &f->script.transport,
	};
	credentials_init(&f->out);
}

static void tear_down(struct fixture *f)
{
	credentials_release(&f->out);
	transport_script_release(&f->script);
}

static bool get(struct fixture *f, const char *profile)
{
	struct credentials_provider *p = credentials_profile_new(&f->site, str_c(profile));
	bool ok;

	err_clear(&f->err);
	ok = p->get(p, &f->out, &f->err);
	credentials_provider_free(p);
	return ok;
}

static void keys_and_errors(struct loop *loop, void *arg)
{
	static const struct {
		const char *config, *profile;
		const char *id, *token, *account, *source;     /* id NULL: an error */
		const char *code, *part;
	} cases[] = {
		{ "[default]\n" KEYS, "", "K", "", "", "profile default", NULL, NULL },
		{ "[profile d]\n" KEYS "aws_session_token=T\naws_account_id=42\n", "d", "K", "T", "42", "profile d", NULL, NULL },
		{ "", "", NULL, NULL, NULL, NULL, "credentials.absent", "no profile 'default'" },
		{ "[default]\n" KEYS, "gone", NULL, NULL, NULL, NULL, "credentials.profile", "no profile 'gone'" },
		{ "[default]\nregion=r\n", "", NULL, NULL, NULL, NULL, "credentials.absent", "no aws_access_key_id" },
		{ "[default]\naws_access_key_id=K\n", "", NULL, NULL, NULL, NULL, "credentials.partial",
		  "no aws_secret_access_key" },
		{ "[default]\n" KEYS " -more\n", "", NULL, NULL, NULL, NULL, "credentials.malformed", "'default'" },
		{ "[default]\n" KEYS "aws_account_id=x\n", "", NULL, NULL, NULL, NULL, "credentials.malformed", "'x'" },
		{ "oops", "", NULL, NULL, NULL, NULL, "profile.syntax", "/h/.aws/config line 1" },
		{ "[default]\ncredential_process = no-such-helper x\n", "", NULL, NULL, NULL, NULL, "process.absent",
		  "profile 'default': credential_process" },
		{ "[default]\nrole_arn=r\ncredential_source=Environment\n", "", NULL, NULL, NULL, NULL, "credentials.source",
		  "profile 'default': its credentials come from the environment provider, which has none" },
		{ "[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\ncredential_source=Environment\n", "a", NULL, NULL,
		  NULL, NULL, "credentials.source", "profile 'a': source profile 'b': its credentials" },
	};

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture f;

		set_up(&f, loop, cases[i].config, NULL, 0);
		if (cases[i].id) {
			CHECK_OK(get(&f, cases[i].profile), &f.err);
			CHECK_STR(buf_str(&f.out.access_key_id), cases[i].id);
			CHECK_STR(buf_str(&f.out.session_token), cases[i].token);
			CHECK_STR(buf_str(&f.out.account_id), cases[i].account);
			CHECK_STR(buf_str(&f.out.source), cases[i].source);
		} else {
			CHECK_CLASS(get(&f, cases[i].profile), &f.err, ERR_AUTH);
			CHECK_STR(str_c(f.err.code), cases[i].code);
			if (!strstr(f.err.text, cases[i].part))
				CHECK_STR(str_c(f.err.text), cases[i].part);
			CHECK_EQ(f.out.secret_access_key.len, 0);
		}
		CHECK_EQ(f.script.n_seen, 0);
		tear_down(&f);
	}
}

static void test_keys_of_a_profile_or_why_there_are_none(void **state)
{
	(void)state;
	run_simulated(1, keys_and_errors, NULL);
}

static void names_and_files(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	set_up(&f, loop, "[profile mine]\naws_access_key_id=M\naws_secret_access_key=S\n"
			 "[profile other]\naws_access_key_id=O\naws_secret_access_key=S\n", NULL, 0);
	fake_process_set(&f.process, "AWS_PROFILE", "other");
	CHECK_OK(get(&f, "mine"), &f.err);
	CHECK_STR(buf_str(&f.out.access_key_id), "M");
	CHECK_OK(get(&f, ""), &f.err);
	CHECK_STR(buf_str(&f.out.access_key_id), "O");
	/* Files are read anew; the credentials file wins. */
	fake_process_add_file(&f.process, "/h/.aws/credentials", "[other]\naws_access_key_id=N\n");
	CHECK_OK(get(&f, ""), &f.err);
	CHECK_STR(buf_str(&f.out.access_key_id), "N");
	/* Named by the environment and not there: nobody else is meant. */
	fake_process_set(&f.process, "AWS_PROFILE", "gone");
	CHECK_CLASS(get(&f, ""), &f.err, ERR_AUTH);
	CHECK_STR(str_c(f.err.code), "credentials.profile");
	f.process.unreadable = "/h/.aws/credentials";
	CHECK_CLASS(get(&f, ""), &f.err, ERR_AUTH);
	CHECK_STR(str_c(f.err.code), "file.open");
	/* In a home that is not ours nobody meant any. */
	fake_process_set(&f.process, "AWS_PROFILE", "");
	CHECK_CLASS(get(&f, ""), &f.err, ERR_AUTH);
	CHECK_STR(str_c(f.err.code), "credentials.absent");
	CHECK_CLASS(get(&f, "mine"), &f.err, ERR_AUTH);
	CHECK_STR(str_c(f.err.code), "file.open");
	fake_process_set(&f.process, "AWS_SHARED_CREDENTIALS_FILE", "/h/.aws/credentials");
	CHECK_CLASS(get(&f, ""), &f.err, ERR_AUTH);
	CHECK_STR(str_c(f.err.code), "file.open");
	tear_down(&f);
}

static void test_the_given_name_beats_the_environments_and_files_are_read_anew(void **state)
{
	(void)state;
	run_simulated(1, names_and_files, NULL);
}

static void roles_in_a_row(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = ROLE_ANSWER("FIRST", "one") }, { .status = 200, .body = ROLE_ANSWER("SECOND", "two") },
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, "[profile top]\nrole_arn=arn:top\nsource_profile=mid\nrole_session_name=me\nexternal_id=ex\n"
			 "duration_seconds=3600\nregion=eu-north-1\n"
			 "[profile mid]\nrole_arn=arn:mid\nsource_profile=base\nregion=us-east-1\n[profile base]\n" KEYS,
	       steps, COUNT_OF(steps));
	CHECK_OK(get(&f, "top"), &f.err);
	CHECK_EQ(f.script.n_seen, 2);
	CHECK_STR(f.script.seen[0].request.url, "https://sts.eu-north-1.amazonaws.com/");
	CHECK(str_find(f.script.seen[0].request.body, STR("&RoleArn=arn%3Amid&RoleSessionName=sluice-")) != SIZE_MAX);
	CHECK(str_find(transport_script_header(&f.script, 0, "authorization"), STR("Credential=K/")) != SIZE_MAX);
	CHECK(str_ends(f.script.seen[1].request.body,
		       STR("&RoleArn=arn%3Atop&RoleSessionName=me&ExternalId=ex&DurationSeconds=3600")));
	CHECK(str_find(transport_script_header(&f.script, 1, "authorization"), STR("Credential=FIRST/")) != SIZE_MAX);
	CHECK_STR(transport_script_header(&f.script, 1, "x-amz-security-token"), "one");
	CHECK_STR(buf_str(&f.out.access_key_id), "SECOND");
	CHECK_STR(buf_str(&f.out.session_token), "two");
	CHECK_STR(buf_str(&f.out.account_id), "42");
	CHECK_STR(buf_str(&f.out.source), "profile top: role arn:top by role arn:mid by profile base");
	CHECK_EQ(f.out.expires_ms, SIM_EPOCH_MS + 3600 * 1000);
	tear_down(&f);
}

static void test_roles_are_assumed_one_after_the_other(void **state)
{
	(void)state;
	run_simulated(1, roles_in_a_row, NULL);
}

/* More than would fit a task's stack if each asked the one before from within. */
static void many_roles(struct loop *loop, void *arg)
{
	struct script_step steps[SCRIPT_MOST_SEEN];
	struct buf config;
	struct fixture f;

	(void)arg;
	buf_init(&config, 1 << 20);
	for (int i = 0; i < SCRIPT_MOST_SEEN; i++) {
		buf_putf(&config, "[profile p%d]\nrole_arn=arn:%d\nsource_profile=p%d\n", i, i, i + 1);
		steps[i] = (struct script_step){ .status = 200, .body = ROLE_ANSWER("R", "t") };
	}
	buf_putf(&config, "[profile p%d]\n" KEYS, SCRIPT_MOST_SEEN);
	set_up(&f, loop, config.ptr, steps, SCRIPT_MOST_SEEN);
	fake_process_set(&f.process, "AWS_REGION", "us-east-1");
	CHECK_OK(get(&f, "p0"), &f.err);
	CHECK_EQ(f.script.n_seen, SCRIPT_MOST_SEEN);
	tear_down(&f);
	buf_release(&config);
}

static void test_many_roles_fit_a_tasks_stack(void **state)
{
	(void)state;
	run_simulated(1, many_roles, NULL);
}

static void refused_roles(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = ROLE_ANSWER("FIRST", "one") },
		{ .status = 403, .body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>" },
	};
	struct fixture f;

	(void)arg;
	set_up(&f, loop, "[profile top]\nrole_arn=arn:top\nsource_profile=mid\n[profile mid]\nrole_arn=arn:mid\n"
			 "source_profile=base\n[profile base]\n" KEYS, steps, COUNT_OF(steps));
	fake_process_set(&f.process, "AWS_DEFAULT_REGION", "us-east-1");
	CHECK_CLASS(get(&f, "top"), &f.err, ERR_AUTH);
	CHECK_STR(str_c(f.err.code), "credentials.sts");
	CHECK(str_starts(str_c(f.err.text), STR("profile 'top': role arn:top: AssumeRole at https://sts.us-east-1")));
	CHECK(strstr(f.err.text, "signed with credentials from role arn:mid by profile base") != NULL);
	CHECK_EQ(f.out.secret_access_key.len, 0);
	tear_down(&f);
}

static void test_the_role_that_was_refused_is_named(void **state)
{
	(void)state;
	run_simulated(1, refused_roles, NULL);
}

static void web_identity_of_a_profile(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	set_up(&f, loop, "[default]\nrole_arn=arn:r\nweb_identity_token_file=/token\nregion=eu-west-3\n", NULL, 0);
	CHECK_CLASS(get(&f, ""), &f.err, ERR_AUTH);
	CHECK_STR(str_c(f.err.code), "credentials.token");
	fake_process_add_file(&f.process, "/token", "abc");
	CHECK(!get(&f, "")); /* nobody answers */
	CHECK_STR(f.script.seen[0].request.url, "https://sts.eu-west-3.amazonaws.com/");
	tear_down(&f);
}

static void test_a_profiles_token_is_exchanged_in_its_region(void **state)
{
	(void)state;
	run_simulated(1, web_identity_of_a_profile, NULL);
}

/* SHA-1 of "dev". A refresh token serves once: the first of them is in the file still. */
static void login_that_cannot_be_saved(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = "{\"accessToken\":\"new-token\",\"expiresIn\":28800,\"refreshToken\":\"second\"}" },
		{ .status = 200, .body = SSO_KEYS }, { .status = 200, .body = SSO_KEYS },
	};
	struct credentials_provider *p;
	struct fixture f;

	(void)arg;
	set_up(&f, loop, "[default]\nsso_session=dev\nsso_account_id=42\nsso_role_name=r\n"
			 "[sso-session dev]\nsso_region=us-east-2\nsso_start_url=https://example.com/start\n",
	       steps, COUNT_OF(steps));
	fake_process_add_file(&f.process, "/h/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json",
			      "{\"accessToken\":\"old-token\",\"expiresAt\":\"2025-12-31T23:00:00Z\",\"clientId\":\"c\","
			      "\"clientSecret\":\"s\",\"refreshToken\":\"first\"}");
	f.process.read_only = true;
	p = credentials_profile_new(&f.site, STR(""));
	CHECK_OK(p->get(p, &f.out, &f.err), &f.err);
	CHECK_OK(p->get(p, &f.out, &f.err), &f.err);
	CHECK_EQ(f.script.n_seen, 3);
	CHECK_STR(transport_script_header(&f.script, 2, "x-amz-sso_bearer_token"), "new-token");
	credentials_provider_free(p);
	tear_down(&f);
}

static void test_a_login_that_cannot_be_saved_is_remembered(void **state)
{
	(void)state;
	run_simulated(1, login_that_cannot_be_saved, NULL);
}

/* The metadata's keys outlive its outage, unless they were refused. */
static void metadata_that_goes_away(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = "token" }, { .status = 200, .body = "role" }, { .status = 200, .body = IMDS_KEYS },
		{ .status = 404 }, { .status = 404 },
	};
	struct credentials_provider *p;
	struct fixture f;

	(void)arg;
	set_up(&f, loop, "[default]\ncredential_source=Ec2InstanceMetadata\n", steps, COUNT_OF(steps));
	p = credentials_profile_new(&f.site, STR(""));
	CHECK_OK(p->get(p, &f.out, &f.err), &f.err);
	CHECK_OK(p->get(p, &f.out, &f.err), &f.err);
	CHECK_STR(buf_str(&f.out.access_key_id), "I");
	CHECK_EQ(f.script.n_seen, 4); /* with the token that it had */
	credentials_provider_forget(p);
	CHECK_CLASS(p->get(p, &f.out, &f.err), &f.err, ERR_AUTH);
	credentials_provider_free(p);
	tear_down(&f);
}

static void test_what_the_metadata_said_last_is_remembered(void **state)
{
	(void)state;
	run_simulated(1, metadata_that_goes_away, NULL);
}

/* What a program prints is taken in the real env. */
static void program_of_a_profile(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	set_up(&f, loop, "[default]\ncredential_process = echo "
			 "'{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\",\"AccountId\":\"42\"}'\n", NULL, 0);
	CHECK_OK(get(&f, ""), &f.err);
	CHECK_STR(buf_str(&f.out.access_key_id), "P");
	CHECK_STR(buf_str(&f.out.account_id), "42");
	CHECK_STR(buf_str(&f.out.source), "profile default: credential_process echo");
	tear_down(&f);
}

static void test_a_profiles_program_is_run(void **state)
{
	(void)state;
	run_real(program_of_a_profile, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_a_profile_or_why_there_are_none),
		cmocka_unit_test(test_the_given_name_beats_the_environments_and_files_are_read_anew),
		cmocka_unit_test(test_roles_are_assumed_one_after_the_other),
		cmocka_unit_test(test_many_roles_fit_a_tasks_stack),
		cmocka_unit_test(test_the_role_that_was_refused_is_named),
		cmocka_unit_test(test_a_profiles_token_is_exchanged_in_its_region),
		cmocka_unit_test(test_a_login_that_cannot_be_saved_is_remembered),
		cmocka_unit_test(test_what_the_metadata_said_last_is_remembered),
		cmocka_unit_test(test_a_profiles_program_is_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
