#include "sim/transport_script.h"
#include "support/fake_process.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/aws/credentials.h"

#define ANSWER                                                                                                     \
	"<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AK</AccessKeyId>" \
	"<SecretAccessKey>sk</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration>" \
	"</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"

static void the_environment_is_followed(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200, .body = ANSWER }, { .status = 200, .body = ANSWER } };
	struct transport_script script;
	struct fake_process process;
	const struct credentials_site site = { .env = &process.env, .loop = loop, .transport = &script.transport };
	struct credentials_provider *p = credentials_web_identity_new(&site);
	struct credentials out;
	struct err err = { 0 };

	(void)arg;
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	fake_process_init(&process);
	credentials_init(&out);
	CHECK(!p->get(p, &out, &err));
	CHECK_STR(str_c(err.code), "credentials.absent");
	fake_process_set(&process, "AWS_WEB_IDENTITY_TOKEN_FILE", "/token");
	CHECK(!p->get(p, &out, &err));
	CHECK_STR(str_c(err.code), "credentials.partial");
	fake_process_set(&process, "AWS_ROLE_ARN", "arn:aws:iam::1:role/x");
	fake_process_set(&process, "AWS_REGION", "eu-central-1");
	CHECK(!p->get(p, &out, &err));
	CHECK_STR(str_c(err.code), "credentials.token");
	CHECK_EQ(script.n_seen, 0);
	fake_process_add_file(&process, "/token", "abc");
	fake_process_set(&process, "AWS_ROLE_SESSION_NAME", "pod-7");
	CHECK_OK(p->get(p, &out, &err), &err);
	CHECK_STR(buf_str(&out.access_key_id), "AK");
	CHECK_STR(buf_str(&out.source), "role arn:aws:iam::1:role/x by the web identity token /token");
	CHECK_STR(script.seen[0].request.url, "https://sts.eu-central-1.amazonaws.com/");
	CHECK(str_ends(script.seen[0].request.body, STR("&RoleSessionName=pod-7&WebIdentityToken=abc")));
	fake_process_add_file(&process, "/token", "def\n");
	CHECK_OK(p->get(p, &out, &err), &err);
	CHECK(str_ends(script.seen[1].request.body, STR("&WebIdentityToken=def")));
	credentials_provider_free(p);
	credentials_release(&out);
	transport_script_release(&script);
}

static void test_the_environment_names_token_role_and_session(void **state)
{
	(void)state;
	run_simulated(1, the_environment_is_followed, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_environment_names_token_role_and_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
