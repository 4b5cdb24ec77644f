#include "support/test.h"

#include "sluice/core/log.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static int64_t fixed_ms(void *clock)
{
	(void)clock;
	return 1767225600123;
}

/* What the log wrote for one event, NUL-terminated. */
static const char *written(struct log *log, char *out, size_t size, const struct log_field *fields, enum log_level level)
{
	int fds[2];
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	log->fd = fds[1];
	log->now_ms = fixed_ms;
	log_event(log, level, "some.event", fields);
	close(fds[1]);
	n = read(fds[0], out, size - 1);
	close(fds[0]);
	out[n > 0 ? n : 0] = '\0';
	return out;
}

static void test_values_are_escaped_so_that_a_line_stays_one_line(void **state)
{
	struct err err = { .class = ERR_DATA, .code = "some.code", .text = "a \"b\"" };
	const struct log_field fields[] = {
		LOG_TEXT("plain", "abc"), LOG_TEXT("spaced", "a b=c\n\x1b[31m"), LOG_INT("n", -5), LOG_TEXT("empty", ""),
		LOG_STR("bytes", STR("\xff\xfe")), LOG_ERR(&err), { 0 },
	};
	struct log log = { .level = LOG_INFO };
	char out[4096];

	(void)state;
	assert_string_equal(written(&log, out, sizeof(out), fields, LOG_WARN),
			    "ts=2026-01-01T00:00:00.123Z level=warn event=some.event plain=abc spaced=\"a b=c\\n\\u001b[31m\" n=-5 "
			    "empty=\"\" bytes=\"\\ufffd\\ufffd\" class=DATA code=some.code error=\"a \\\"b\\\"\"\n");
	log.format = LOG_JSON;
	assert_string_equal(written(&log, out, sizeof(out), fields, LOG_WARN),
			    "{\"ts\":\"2026-01-01T00:00:00.123Z\",\"level\":\"warn\",\"event\":\"some.event\",\"plain\":\"abc\","
			    "\"spaced\":\"a b=c\\n\\u001b[31m\",\"n\":-5,\"empty\":\"\",\"bytes\":\"\\ufffd\\ufffd\",\"class\":\"DATA\","
			    "\"code\":\"some.code\",\"error\":\"a \\\"b\\\"\"}\n");
}

static void test_where_several_workers_write_each_line_says_which(void **state)
{
	const struct log_field fields[] = { LOG_TEXT("shard", "s"), { 0 } };
	struct log log = { .level = LOG_INFO, .worker = 3, .several = true };
	char out[4096];

	(void)state;
	assert_string_equal(written(&log, out, sizeof(out), fields, LOG_INFO),
			    "ts=2026-01-01T00:00:00.123Z level=info event=some.event worker=3 shard=s\n");
	log.format = LOG_JSON;
	assert_string_equal(written(&log, out, sizeof(out), fields, LOG_INFO),
			    "{\"ts\":\"2026-01-01T00:00:00.123Z\",\"level\":\"info\",\"event\":\"some.event\",\"worker\":3,"
			    "\"shard\":\"s\"}\n");
}

enum { WRITERS = 4, LINES_EACH = 300 };

static void *write_lines(void *arg)
{
	const struct log *log = arg;

	for (int i = 0; i < LINES_EACH; i++)
		log_info(log, "some.event", LOG_INT("i", i), LOG_TEXT("text", "of some length, so that a write takes its time"));
	return NULL;
}

static bool is_whole(const char *line)
{
	int worker, i, end = 0;

	return sscanf(line, "ts=2026-01-01T00:00:00.123Z level=info event=some.event worker=%d i=%d "
			    "text=\"of some length, so that a write takes its time\"%n", &worker, &i, &end) == 2 &&
	       end > 0 && line[end] == '\n';
}

static void test_lines_of_several_threads_do_not_mix(void **state)
{
	struct log logs[WRITERS];
	pthread_t threads[WRITERS];
	FILE *file = tmpfile();
	char line[512];
	int n = 0;

	(void)state;
	assert_non_null(file);
	for (int i = 0; i < WRITERS; i++) {
		logs[i] = (struct log){ .fd = fileno(file), .level = LOG_INFO, .now_ms = fixed_ms, .worker = i, .several = true };
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &logs[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	rewind(file);
	for (; fgets(line, sizeof(line), file); n++)
		assert_true(is_whole(line));
	assert_int_equal(n, WRITERS * LINES_EACH);
	fclose(file);
}

static void test_a_line_that_is_too_long_says_that_it_is_cut(void **state)
{
	static char large[20000];
	struct log_field fields[] = { LOG_TEXT("first", "1"), LOG_STR("large", str_of(large, sizeof(large))), LOG_TEXT("last", "2"), { 0 } };
	struct log log = { .level = LOG_INFO };
	char out[32768];

	(void)state;
	memset(large, 'x', sizeof(large));
	assert_string_equal(written(&log, out, sizeof(out), fields, LOG_INFO),
			    "ts=2026-01-01T00:00:00.123Z level=info event=some.event first=1 cut=true\n");
}

static void test_levels_below_the_chosen_one_are_silent(void **state)
{
	const struct log_field fields[] = { LOG_INT("n", 1), { 0 } };
	struct log log = { .level = LOG_WARN };
	enum log_level level;
	char out[256];

	(void)state;
	assert_string_equal(written(&log, out, sizeof(out), fields, LOG_INFO), "");
	log.level = LOG_OFF;
	assert_string_equal(written(&log, out, sizeof(out), fields, LOG_ERROR), "");
	assert_true(log_level_parse(STR("debug"), &level) && level == LOG_DEBUG);
	assert_false(log_level_parse(STR("loud"), &level));
	log_event(NULL, LOG_ERROR, "nobody.listens", fields);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_escaped_so_that_a_line_stays_one_line),
		cmocka_unit_test(test_where_several_workers_write_each_line_says_which),
		cmocka_unit_test(test_lines_of_several_threads_do_not_mix),
		cmocka_unit_test(test_a_line_that_is_too_long_says_that_it_is_cut),
		cmocka_unit_test(test_levels_below_the_chosen_one_are_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
