#include "support/test.h"

#include "sluice/aws/credentials_document.h"

#define INSTANCE CREDENTIALS_DOCUMENT_INSTANCE
#define CONTAINER CREDENTIALS_DOCUMENT_CONTAINER
#define PROCESS CREDENTIALS_DOCUMENT_PROCESS

static void test_what_is_a_document_gives_its_keys(void **state)
{
	static const struct {
		enum credentials_document kind;
		const char *text, *token, *account;
		int64_t expires_ms;
	} cases[] = {
		{ INSTANCE, "{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\\/1\",\"Token\":\"T\\u003d\","
		  "\"Expiration\":\"2009-02-13T23:31:30Z\"}", "T=", "", 1234567890000 },
		{ INSTANCE, " {\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S/1\",\"Token\":\"T\",\"AccountId\":\"012345678901\","
		  "\"Expiration\":\"2009-02-13T23:31:30Z\"}\n", "T", "012345678901", 1234567890000 },
		{ CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S/1\"}", "", "", 0 },
		{ CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S/1\",\"Token\":\"T\",\"SessionToken\":\"U\"}", "T", "",
		  0 },
		{ PROCESS, "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S/1\",\"Token\":\"T\","
		  "\"SessionToken\":\"U\",\"Expiration\":null}", "U", "", 0 },
		/* At the epoch is expired, not for ever. */
		{ PROCESS, "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S/1\","
		  "\"Expiration\":\"1970-01-01T00:00:00Z\"}", "", "", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct credentials c;
		struct err err = { 0 };

		credentials_init(&c);
		if (!credentials_document_read(str_c(cases[i].text), cases[i].kind, &c, &err))
			fail_msg("case %zu: %s", i, err.text);
		assert_str_equal(buf_str(&c.access_key_id), "A");
		assert_str_equal(buf_str(&c.secret_access_key), "S/1");
		assert_str_equal(buf_str(&c.session_token), cases[i].token);
		assert_str_equal(buf_str(&c.account_id), cases[i].account);
		assert_int_equal(c.expires_ms, cases[i].expires_ms);
		credentials_release(&c);
	}
}

static void test_what_is_none_says_what_is_wrong_and_no_secret(void **state)
{
	static const struct {
		enum credentials_document kind;
		const char *text, *code, *part;
	} cases[] = {
		{ CONTAINER, "", "credentials.document", "container credentials' answer cannot be used: it is empty" },
		{ CONTAINER, "<html>SECRET</html>", "credentials.document", "it is no JSON" },
		{ CONTAINER, "[\"SECRET\"]", "credentials.document", "no object" },
		{ CONTAINER, "{\"AccessKeyId\":\"A\"}", "credentials.document", "no SecretAccessKey" },
		{ CONTAINER, "{\"AccessKeyId\":\"\",\"SecretAccessKey\":\"SECRET\"}", "credentials.document",
		  "AccessKeyId is empty" },
		{ CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":[\"SECRET\"]}", "credentials.document",
		  "SecretAccessKey is no string" },
		{ CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\\ud800\"}", "credentials.document",
		  "SecretAccessKey is longer" },
		{ CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\\nx\"}", "credentials.malformed", "line break" },
		{ CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\",\"Expiration\":\"soon\"}",
		  "credentials.document", "Expiration is no time" },
		{ CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\",\"Expiration\":12}",
		  "credentials.document", "Expiration is no string" },
		{ CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\",\"AccountId\":\"a.evil\"}",
		  "credentials.document", "more than digits" },
		{ INSTANCE, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\",\"Token\":\"T\"}", "credentials.document",
		  "no Expiration" },
		{ INSTANCE, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\",\"Expiration\":\"2009-02-13T23:31:30Z\"}",
		  "credentials.document", "no Token" },
		{ INSTANCE, "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot\\nassume it\"}",
		  "credentials.refused", "(AssumeRoleUnauthorizedAccess: EC2 cannot assume it): see whether the role" },
		{ PROCESS, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\"}", "credentials.document", "no Version" },
		{ PROCESS, "{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\"}", "credentials.document",
		  "Version is 2" },
		{ PROCESS, "{\"Version\":\"1\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\"}", "credentials.document",
		  "Version is no whole number" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct credentials c;
		struct err err = { 0 };

		credentials_init(&c);
		assert_false(credentials_document_read(str_c(cases[i].text), cases[i].kind, &c, &err));
		assert_int_equal(err.class, ERR_AUTH);
		assert_string_equal(err.code, cases[i].code);
		if (!strstr(err.text, cases[i].part) || strstr(err.text, "SECRET"))
			fail_msg("case %zu: %s", i, err.text);
		assert_int_equal(c.secret_access_key.len, 0);
		credentials_release(&c);
	}
}

static void test_an_error_answer_is_quoted_in_one_line(void **state)
{
	static const struct { const char *text, *expected; } cases[] = {
		{ "{\"code\":\"NoRole\",\"message\":\"none\\tthere\"}", "NoRole: none there" },
		{ "{\"message\":\"none\"}", "none" },
		{ "{\"Code\":\"X\",\"message\":\"y\"}", "X" },
		{ "{\"code\":7}", "" },
		{ "<html>", "" },
	};
	char said[256];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		credentials_document_refusal(str_c(cases[i].text), said, sizeof(said));
		assert_string_equal(said, cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_a_document_gives_its_keys),
		cmocka_unit_test(test_what_is_none_says_what_is_wrong_and_no_secret),
		cmocka_unit_test(test_an_error_answer_is_quoted_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
