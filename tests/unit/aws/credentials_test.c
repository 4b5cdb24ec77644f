/* What providers share: their keys, and the process they look at. */
#include "support/test.h"

#include "sluice/aws/credentials.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_an_account_is_digits(void **state)
{
	static const struct { const char *id; bool ok; } cases[] = {
		{ "123456789012", true }, { "", true }, { "12345678901x", false }, { "evil.example", false }, { "1 2", false },
		{ "11111111111111111111111111111111111111111111111111111111111111111", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct credentials c;
		struct err err = { 0 };

		credentials_init(&c);
		assert_true(credentials_set(&c, STR("A"), STR("B"), STR("C"), NULL));
		assert_int_equal(credentials_set_account(&c, str_c(cases[i].id), &err), cases[i].ok);
		if (cases[i].ok)
			assert_str_equal(buf_str(&c.account_id), cases[i].id);
		else
			assert_string_equal(err.code, "credentials.malformed");
		assert_int_equal(c.secret_access_key.len, cases[i].ok ? 1 : 0);
		credentials_release(&c);
	}
}

static void test_the_real_process_reads_real_files(void **state)
{
	char path[] = "/tmp/sluice-credentials-XXXXXX";
	int fd = mkstemp(path);
	struct err err = { 0 };
	struct buf text;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "hello", 5), 5);
	close(fd);
	buf_init(&text, 100);
	assert_true(process_env_real.read_file(NULL, path, &text, &err));
	assert_str_equal(buf_str(&text), "hello");
	buf_release(&text);
	buf_init(&text, 4);
	assert_false(process_env_real.read_file(NULL, path, &text, &err));
	assert_string_equal(err.code, "file.size");
	unlink(path);
	buf_release(&text);
	assert_false(process_env_real.read_file(NULL, path, &text, &err));
	assert_string_equal(err.code, "file.absent");
	assert_false(process_env_real.read_file(NULL, "/tmp", &text, &err));
	assert_string_equal(err.code, "file.read");
	buf_release(&text);
}

static void test_a_pipe_without_a_writer_or_a_silent_one_holds_up_nobody(void **state)
{
	char path[] = "/tmp/sluice-pipe-XXXXXX";
	struct err err = { 0 };
	struct buf text;
	int ends;

	(void)state;
	assert_true(mkdtemp(path) != NULL);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	buf_init(&text, 100);
	assert_true(process_env_real.read_file(NULL, path, &text, &err));
	assert_int_equal(text.len, 0);
	ends = open(path, O_RDWR);
	assert_true(ends >= 0);
	assert_int_equal(write(ends, "abc", 3), 3);
	assert_false(process_env_real.read_file(NULL, path, &text, &err));
	assert_string_equal(err.code, "file.read");
	assert_non_null(strstr(err.text, path));
	close(ends);
	unlink(path);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_account_is_digits),
		cmocka_unit_test(test_the_real_process_reads_real_files),
		cmocka_unit_test(test_a_pipe_without_a_writer_or_a_silent_one_holds_up_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
