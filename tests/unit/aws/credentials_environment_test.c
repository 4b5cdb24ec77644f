#include "support/fake_process.h"
#include "support/test.h"

static void test_what_the_variables_say(void **state)
{
	static const struct {
		const char *id, *secret, *token, *account;
		const char *code, *part;     /* NULL: found */
	} cases[] = {
		{ "A", "B", "C", "123456789012", NULL, NULL },
		{ " A ", "B\n", NULL, NULL, NULL, NULL },
		{ "A", "B", " ", " ", NULL, NULL },
		{ NULL, NULL, "C", "1", "credentials.absent", "AWS_ACCESS_KEY_ID is not set" },
		{ " ", "", NULL, NULL, "credentials.absent", "AWS_ACCESS_KEY_ID is not set" },
		{ "A", " ", NULL, NULL, "credentials.partial", "AWS_SECRET_ACCESS_KEY is not" },
		{ NULL, "B", NULL, NULL, "credentials.partial", "AWS_ACCESS_KEY_ID is not" },
		{ "A", "B\nC", NULL, NULL, "credentials.malformed", "line break" },
		{ "A", "B", NULL, "12x", "credentials.malformed", "AWS_ACCOUNT_ID: '12x'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fake_process process;
		const struct credentials_site site = { .env = &process.env };
		struct credentials_provider *p = credentials_environment_new(&site);
		struct credentials got;
		struct err err = { 0 };
		bool ok;

		fake_process_init(&process);
		fake_process_set(&process, "AWS_ACCESS_KEY_ID", cases[i].id);
		fake_process_set(&process, "AWS_SECRET_ACCESS_KEY", cases[i].secret);
		fake_process_set(&process, "AWS_SESSION_TOKEN", cases[i].token);
		fake_process_set(&process, "AWS_ACCOUNT_ID", cases[i].account);
		credentials_init(&got);
		ok = p->get(p, &got, &err);
		if (ok != !cases[i].code)
			fail_msg("case %zu: %s", i, ok ? "found" : err.text);
		if (ok) {
			assert_str_equal(buf_str(&got.access_key_id), "A");
			assert_str_equal(buf_str(&got.secret_access_key), "B");
			assert_str_equal(buf_str(&got.session_token), i == 0 ? "C" : "");
			assert_str_equal(buf_str(&got.account_id), i == 0 ? cases[i].account : "");
			assert_str_equal(buf_str(&got.source), "environment");
			assert_int_equal(got.expires_ms, 0);
		} else {
			assert_int_equal(err.class, ERR_AUTH);
			assert_string_equal(err.code, cases[i].code);
			if (!strstr(err.text, cases[i].part))
				fail_msg("case %zu: no '%s' in: %s", i, cases[i].part, err.text);
			assert_int_equal(got.secret_access_key.len, 0);
		}
		credentials_provider_free(p);
		credentials_release(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_variables_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
