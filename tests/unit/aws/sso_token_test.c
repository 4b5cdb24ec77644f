#include "support/fake_process.h"
#include "support/test.h"

#include "sluice/aws/sso_token.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FULL                                                                                               \
	"{\"startUrl\":\"https:\\/\\/x\",\"region\":\"eu-west-1\",\"accessToken\":\"a-t\",\"expiresAt\":\"2026-01-01T01:00:00Z\","  \
	"\"clientId\":\"c-i\",\"clientSecret\":\"c-s\",\"registrationExpiresAt\":\"2026-03-01T00:00:00Z\","                \
	"\"refreshToken\":\"r-t\",\"more\":[1,{\"a\":null}]}"

static void test_the_file_is_named_by_a_digest(void **state)
{
	struct fake_process process;
	struct err err = { 0 };
	struct buf path;

	(void)state;
	fake_process_init(&process);
	buf_init(&path, 4096);
	assert_false(sso_token_path(&process.env, STR("s"), &path, &err));
	assert_non_null(strstr(err.text, "HOME"));
	fake_process_set(&process, "HOME", "/home/");
	assert_true(sso_token_path(&process.env, STR("https://ssotest.awsapps.com/start"), &path, &err));
	assert_str_equal(buf_str(&path), "/home/.aws/sso/cache/dace00cba5f8355ec9d274ceb2bcebdfbeed0e12.json");
	buf_release(&path);
}

static void test_a_cache_file_is_read(void **state)
{
	struct sso_token t;
	struct err err = { 0 };

	(void)state;
	sso_token_init(&t);
	assert_true(sso_token_read(STR(FULL), &t, &err));
	assert_str_equal(buf_str(&t.access_token), "a-t");
	assert_str_equal(buf_str(&t.refresh_token), "r-t");
	assert_str_equal(buf_str(&t.client_id), "c-i");
	assert_str_equal(buf_str(&t.client_secret), "c-s");
	assert_int_equal(t.expires_ms, 1767229200000);
	assert_int_equal(t.registration_expires_ms, 1772323200000);
	/* The older form. */
	assert_true(sso_token_read(STR("{\"accessToken\":\"b\",\"expiresAt\":\"2026-01-01T01:00:00Z\"}"), &t, &err));
	assert_int_equal(t.refresh_token.len + t.client_id.len + t.client_secret.len, 0);
	sso_token_release(&t);
}

static void test_what_is_none_is_refused_without_secrets(void **state)
{
	static const struct { const char *text, *part; } cases[] = {
		{ "SECRET", "no JSON" },
		{ "{\"expiresAt\":\"2026-01-01T01:00:00Z\"}", "no accessToken" },
		{ "{\"accessToken\":\"SECRET\"}", "no expiresAt" },
		{ "{\"accessToken\":\"SECRET\",\"expiresAt\":\"never\"}", "expiresAt is no time" },
		{ "{\"accessToken\":\"SECRET\\r\\nX: y\",\"expiresAt\":\"2026-01-01T01:00:00Z\"}", "white space" },
		{ "{\"accessToken\":{\"SECRET\":1},\"expiresAt\":\"2026-01-01T01:00:00Z\"}", "no string" },
		{ "{\"accessToken\":\"SECRET\",\"expiresAt\":\"2026-01-01T01:00:00Z\",\"clientSecret\":[\"SECRET\"]}",
		  "clientSecret is no string" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		struct sso_token t;

		sso_token_init(&t);
		assert_false(sso_token_read(str_c(cases[i].text), &t, &err));
		assert_string_equal(err.code, "credentials.document");
		if (!strstr(err.text, cases[i].part) || strstr(err.text, "SECRET"))
			fail_msg("case %zu: %s", i, err.text);
		assert_null(t.access_token.ptr);
	}
}

static void test_an_answer_renews_it_and_keeps_the_rest_of_the_file(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"accessToken\":\"n\"}", "{\"accessToken\":\"n\",\"expiresIn\":0}",
		"{\"accessToken\":\"n\",\"expiresIn\":9223372036854775807}", "{\"accessToken\":\"n\",\"expiresIn\":\"60\"}",
		"{\"accessToken\":\"n\",\"expiresIn\":60,\"refreshToken\":7}", "<html>",
	};
	struct err err = { 0 };
	struct sso_token t;
	struct buf out;

	(void)state;
	sso_token_init(&t);
	buf_init(&out, 4096);
	assert_true(sso_token_read(STR(FULL), &t, &err));
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_false(sso_token_renew(str_c(bad[i]), 5000, &t, &err));
		assert_str_equal(buf_str(&t.access_token), "a-t");
		assert_str_equal(buf_str(&t.refresh_token), "r-t");
	}
	assert_true(sso_token_renew(STR("{\"accessToken\":\"n\\\"\",\"expiresIn\":60,\"tokenType\":\"Bearer\"}"), 5000, &t, &err));
	assert_int_equal(t.expires_ms, 65000);
	assert_true(sso_token_write(STR(FULL), &t, &out));
	assert_str_equal(buf_str(&out),
			 "{\"accessToken\":\"n\\\"\",\"expiresAt\":\"1970-01-01T00:01:05Z\",\"refreshToken\":\"r-t\","
			 "\"startUrl\":\"https:\\/\\/x\",\"region\":\"eu-west-1\",\"clientId\":\"c-i\",\"clientSecret\":\"c-s\","
			 "\"registrationExpiresAt\":\"2026-03-01T00:00:00Z\",\"more\":[1,{\"a\":null}]}");
	sso_token_release(&t);
	assert_true(sso_token_read(buf_str(&out), &t, &err));
	assert_str_equal(buf_str(&t.access_token), "n\"");
	sso_token_release(&t);
	buf_release(&out);
}

/* By the real process's write_file: a new file beside it, private, moved into its place. */
static void test_a_real_cache_file_is_replaced_whole(void **state)
{
	char folder[] = "/tmp/sluice-sso-XXXXXX", path[64], absent[64];
	struct err err = { 0 };
	struct stat before, after;
	struct buf text;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/token.json", folder);
	snprintf(absent, sizeof(absent), "%s/none/token.json", folder);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, "old and longer", 14), 14);
	assert_int_equal(fstat(fd, &before), 0);
	assert_true(process_env_real.write_file(NULL, path, STR("new"), &err));
	buf_init(&text, 100);
	assert_true(process_env_real.read_file(NULL, path, &text, &err));
	assert_str_equal(buf_str(&text), "new");
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_mode & 0777, 0600);
	assert_true(after.st_ino != before.st_ino);
	assert_false(process_env_real.write_file(NULL, absent, STR("new"), &err));
	assert_string_equal(err.code, "file.write");
	buf_release(&text);
	close(fd);
	unlink(path);
	assert_int_equal(rmdir(folder), 0); /* nothing was left beside it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_file_is_named_by_a_digest),
		cmocka_unit_test(test_a_cache_file_is_read),
		cmocka_unit_test(test_what_is_none_is_refused_without_secrets),
		cmocka_unit_test(test_a_real_cache_file_is_replaced_whole),
		cmocka_unit_test(test_an_answer_renews_it_and_keeps_the_rest_of_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
