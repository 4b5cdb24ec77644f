/* Real programs: sh, printf and the like, in the real env. */
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/aws/credentials.h"

static bool run(struct loop *loop, const char *command, struct credentials *out, struct err *err)
{
	const struct credentials_site site = { .loop = loop };
	struct credentials_provider *p = credentials_process_new(&site, str_c(command));
	bool ok;

	credentials_init(out);
	err_clear(err);
	ok = p->get(p, out, err);
	credentials_provider_free(p);
	return ok;
}

static void keys_are_taken(struct loop *loop, void *arg)
{
	struct credentials got;
	struct err err;

	(void)arg;
	CHECK_OK(run(loop, "printf %s '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"sk/+=\",\"SessionToken\":"
			   "\"tok\",\"Expiration\":\"2100-01-02T03:04:05Z\",\"AccountId\":\"123456789012\"}'", &got, &err), &err);
	CHECK_STR(buf_str(&got.access_key_id), "AK");
	CHECK_STR(buf_str(&got.secret_access_key), "sk/+=");
	CHECK_STR(buf_str(&got.session_token), "tok");
	CHECK_STR(buf_str(&got.account_id), "123456789012");
	CHECK_STR(buf_str(&got.source), "credential_process printf");
	CHECK_EQ(got.expires_ms, INT64_C(4102542245000));
	credentials_release(&got);
	/* For ever, and without a token. */
	CHECK_OK(run(loop, "echo '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"sk\"}'", &got, &err), &err);
	CHECK_EQ(got.session_token.len, 0);
	CHECK_EQ(got.expires_ms, 0);
	credentials_release(&got);
}

static void test_what_the_program_prints_is_taken(void **state)
{
	(void)state;
	run_real(keys_are_taken, NULL);
}

static void failures_are_told_apart(struct loop *loop, void *arg)
{
	static const struct { const char *command, *code, *part; } cases[] = {
		{ "sluice-no-such-helper --profile x", "process.absent", "'sluice-no-such-helper'" },
		{ "/etc/passwd", "process.start", "/etc/passwd" },
		{ "sh -c 'echo top-secret-output; echo top-secret-words >&2; exit 7'", "credentials.process", "exit status 7" },
		{ "sh -c 'kill -9 $$'", "credentials.process", "signal 9" },
		{ "true", "credentials.document", "'true'" },
		{ "echo top-secret-garbage", "credentials.document", "'echo'" },
		{ "echo '{\"Version\":2,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"top-secret\"}'", "credentials.document",
		  "Version" },
		{ "echo '{\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"top-secret\"}'", "credentials.document", "Version" },
		{ "echo '{\"Version\":1,\"AccessKeyId\":\"AK\"}'", "credentials.document", "SecretAccessKey" },
		{ "echo '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"top-secret\",\"Expiration\":\"soon\"}'",
		  "credentials.document", "Expiration" },
		{ "echo '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"top-secret\",\"Expiration\":"
		  "\"2020-01-01T00:00:00Z\"}'", "credentials.process", "already expired" },
		{ "yes top-secret", "process.size", "65536" },
		{ "sh -c 'unclosed", "process.command", "quote" },
		{ "", "process.command", "empty" },
	};

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct credentials got;
		struct err err;

		CHECK(!run(loop, cases[i].command, &got, &err));
		CHECK_EQ(err.class, ERR_AUTH);
		CHECK_STR(str_c(err.code), cases[i].code);
		if (!strstr(err.text, cases[i].part))
			CHECK_STR(str_c(err.text), cases[i].part);
		CHECK(strstr(err.text, "credential_process") != NULL);
		CHECK(!strstr(err.text, "top-secret"));
		credentials_release(&got);
	}
}

static void test_each_failure_has_its_own_words_and_no_secret(void **state)
{
	(void)state;
	run_real(failures_are_told_apart, NULL);
}

static void without_a_loop(struct loop *loop, void *arg)
{
	struct credentials got;
	struct err err;

	(void)loop;
	(void)arg;
	CHECK(!run(NULL, "true", &got, &err));
	CHECK_STR(str_c(err.code), "credentials.unsupported");
	credentials_release(&got);
}

static void test_where_nothing_can_wait_it_says_so(void **state)
{
	(void)state;
	run_real(without_a_loop, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_program_prints_is_taken),
		cmocka_unit_test(test_each_failure_has_its_own_words_and_no_secret),
		cmocka_unit_test(test_where_nothing_can_wait_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
