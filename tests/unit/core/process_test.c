/* Real programs in the real env: sh, cat, grep and ls of the machine. */
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/core/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LONG_MS = 60000, MAX_BYTES = 4096 };

static char *const *shell(const char *script)
{
	static char sh[] = "sh", minus_c[] = "-c", text[512];
	static char *argv[] = { sh, minus_c, text, NULL };

	snprintf(text, sizeof(text), "%s", script);
	return argv;
}

static void ends_are_told(struct loop *loop, void *arg)
{
	static const struct { const char *script, *out; int exit_code, signal; } cases[] = {
		{ "printf hello", "hello", 0, 0 },
		{ "printf ''", "", 0, 0 },
		{ "echo secret >&2; exit 3", "", 3, 0 },
		{ "printf part; kill -9 $$", "part", 0, SIGKILL },
		{ "exec >&-; exit 4", "", 4, 0 },
		{ "cat", "", 0, 0 },
	};

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct process_end end;
		struct err err = { 0 };
		struct buf out;

		buf_init(&out, MAX_BYTES);
		CHECK_OK(process_run(loop, shell(cases[i].script), LONG_MS, &out, &end, &err), &err);
		CHECK_STR(buf_str(&out), cases[i].out);
		CHECK_EQ(end.exit_code, cases[i].exit_code);
		CHECK_EQ(end.signal, cases[i].signal);
		buf_release(&out);
	}
}

static void test_output_exit_codes_and_signals_are_told(void **state)
{
	(void)state;
	run_real(ends_are_told, NULL);
}

static void run_into(struct loop *loop, const char *script, struct buf *out)
{
	struct process_end end;
	struct err err = { 0 };

	CHECK_OK(process_run(loop, shell(script), LONG_MS, out, &end, &err), &err);
}

/* Signals 32 and 33, which glibc's posix_spawn() leaves ignored. */
#define C_LIBRARYS_OWN 0x180000000ull

/* What a daemon's thread has: signals blocked and ignored, descriptors open. */
static void a_program_begins_clean(struct loop *loop, void *arg)
{
	struct buf out;
	int fd = dup(STDERR_FILENO);   /* without CLOEXEC */
	unsigned long long blocked, ignored;
	long pid, group;

	(void)arg;
	CHECK(fd > STDERR_FILENO);
	buf_init(&out, MAX_BYTES);
	run_into(loop, "exec grep -E '^Sig(Blk|Ign)' /proc/self/status", &out);
	CHECK_EQ(sscanf(out.ptr, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	CHECK_EQ(blocked, 0);
	CHECK_EQ(ignored & ~C_LIBRARYS_OWN, 0);
	buf_clear(&out);
	run_into(loop, "exec ls /proc/self/fd", &out);   /* the last one is ls's own */
	CHECK_STR(buf_str(&out), "0\n1\n2\n3\n");
	buf_clear(&out);
	run_into(loop, "exec readlink /proc/self/fd/0 /proc/self/fd/2", &out);
	CHECK_STR(buf_str(&out), "/dev/null\n/dev/null\n");
	buf_clear(&out);
	run_into(loop, "exec cat /proc/self/stat", &out);
	CHECK_EQ(sscanf(out.ptr, "%ld (cat) %*c %*d %ld", &pid, &group), 2);
	CHECK_EQ(group, pid);
	buf_release(&out);
	close(fd);
}

static void test_a_program_begins_with_no_signal_blocked_and_no_descriptor(void **state)
{
	sigset_t set, before;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	signal(SIGPIPE, SIG_IGN);
	run_real(a_program_begins_clean, NULL);
	signal(SIGPIPE, SIG_DFL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Gone, or dead and not yet reaped by whoever it was left to. */
static bool is_dead(long pid)
{
	char path[64], state = 'Z';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return true;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	fclose(file);
	return state == 'Z' || state == 'X';
}

static bool dies_soon(struct loop *loop, long pid)
{
	int64_t end_ms = env_mono_ms(loop_env(loop)) + 10000;

	while (!is_dead(pid) && env_mono_ms(loop_env(loop)) < end_ms)
		task_sleep_ms(loop, 5, NULL);
	return is_dead(pid);
}

/* Longer and longer, until the script has had the time to say what it has to. */
static void run_hanging(struct loop *loop, const char *script, struct buf *out)
{
	for (int64_t ms = 100; ms < LONG_MS && !out->len; ms *= 5) {
		struct process_end end;
		struct err err = { 0 };

		CHECK(!process_run(loop, shell(script), ms, out, &end, &err));
		CHECK_STR(str_c(err.code), "process.timeout");
		CHECK_EQ(err.class, ERR_RETRY);
	}
}

static void what_hangs_is_killed(struct loop *loop, void *arg)
{
	static const char *const scripts[] = {
		"trap '' TERM INT HUP; sleep 1000 & echo $!; wait",
		"sleep 1000 & echo $!",                         /* it ends, but what it started keeps its stdout */
		"sleep 1000 & echo $!; exec >&-; exec sleep 1000",
		"echo $$; exec >&-; exec sleep 1000",           /* it has said all, and does not end */
	};

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(scripts); i++) {
		struct buf out;

		buf_init(&out, MAX_BYTES);
		run_hanging(loop, scripts[i], &out);
		CHECK(out.len > 0);
		CHECK(dies_soon(loop, atol(out.ptr)));
		buf_release(&out);
	}
}

static void test_what_hangs_is_killed_with_all_it_started(void **state)
{
	(void)state;
	run_real(what_hangs_is_killed, NULL);
}

static void output_has_a_cap(struct loop *loop, void *arg)
{
	struct process_end end;
	struct err err = { 0 };
	struct buf out;

	(void)arg;
	buf_init(&out, 5);
	CHECK_OK(process_run(loop, shell("printf 12345"), LONG_MS, &out, &end, &err), &err);
	CHECK_STR(buf_str(&out), "12345");
	buf_clear(&out);
	CHECK(!process_run(loop, shell("printf 123456"), LONG_MS, &out, &end, &err));
	CHECK_STR(str_c(err.code), "process.size");
	buf_clear(&out);
	CHECK(!process_run(loop, shell("exec yes"), LONG_MS, &out, &end, &err));
	CHECK_STR(str_c(err.code), "process.size");
	buf_release(&out);
}

static void test_output_has_a_cap(void **state)
{
	(void)state;
	run_real(output_has_a_cap, NULL);
}

static void what_cannot_run(struct loop *loop, void *arg)
{
	static const struct { const char *program, *code; } cases[] = {
		{ "no-such-program-here", "process.absent" },
		{ "/no/such/program", "process.absent" },
		{ "/etc", "process.start" },
		{ "/etc/passwd", "process.start" },
		{ "", "process.absent" },
	};

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char name[64];
		char *argv[] = { name, NULL };
		struct process_end end;
		struct err err = { 0 };
		struct buf out;

		snprintf(name, sizeof(name), "%s", cases[i].program);
		buf_init(&out, MAX_BYTES);
		CHECK(!process_run(loop, argv, LONG_MS, &out, &end, &err));
		CHECK_STR(str_c(err.code), cases[i].code);
		CHECK(err.class == ERR_FATAL && strstr(err.text, name));
		buf_release(&out);
	}
}

static void test_what_cannot_be_run_is_named(void **state)
{
	(void)state;
	run_real(what_cannot_run, NULL);
}

static void nobody_can_tell(struct loop *loop, void *arg)
{
	struct process_end end;
	struct err err = { 0 };
	struct buf out;

	(void)arg;
	buf_init(&out, MAX_BYTES);
	CHECK(!process_run(loop, shell("exit 3"), LONG_MS, &out, &end, &err));
	CHECK_STR(str_c(err.code), "process.resources");
	buf_release(&out);
}

static void test_where_sigchld_is_ignored_an_unknown_end_is_no_good_one(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	run_real(nobody_can_tell, NULL);
	signal(SIGCHLD, SIG_DFL);
}

struct cancelled {
	struct loop *loop;
	struct buf out;
	struct err err;
	bool ok;
};

static void run_until_cancelled(void *arg)
{
	struct cancelled *c = arg;
	struct process_end end;

	c->ok = process_run(c->loop, shell("echo $$; exec sleep 1000"), LONG_MS, &c->out, &end, &c->err);
}

static void a_cancelled_task_kills(struct loop *loop, void *arg)
{
	struct cancelled c = { .loop = loop, .ok = true };
	int64_t end_ms = env_mono_ms(loop_env(loop)) + 10000;
	struct scope scope;

	(void)arg;
	buf_init(&c.out, MAX_BYTES);
	scope_init(&scope, loop);
	scope_spawn(&scope, "runner", run_until_cancelled, &c);
	while (!c.out.len && env_mono_ms(loop_env(loop)) < end_ms)
		task_sleep_ms(loop, 5, NULL);
	scope_cancel(&scope);
	scope_wait(&scope);
	CHECK(!c.ok && c.err.class == ERR_CANCELLED && c.out.len);
	CHECK(is_dead(atol(c.out.ptr)));
	buf_release(&c.out);
}

static void test_a_cancelled_task_kills_what_it_waits_for(void **state)
{
	(void)state;
	run_real(a_cancelled_task_kills, NULL);
}

static void test_commands_are_split_as_the_cli_does(void **state)
{
	static const struct { struct str command; const char *words; } cases[] = {
		{ STR_INIT("/opt/x --name dev"), "/opt/x|--name|dev" },
		{ STR_INIT("  a\tb\n c  "), "a|b|c" },
		{ STR_INIT("\"/opt/my tool\" 'a b' c\\ d"), "/opt/my tool|a b|c d" },
		{ STR_INIT("a'b'\"c\"d"), "abcd" },
		{ STR_INIT("'a\\b' \"a\\b\" \"a\\\"b\" \"a\\\\b\" a\\b"), "a\\b|a\\b|a\"b|a\\b|ab" },
		{ STR_INIT("a '' \"\""), "a||" },
		{ STR_INIT("a $HOME ~ | `b` # c"), "a|$HOME|~|||`b`|#|c" },
		{ STR_INIT("'it'\\''s'"), "it's" },
		{ STR_INIT(""), NULL },
		{ STR_INIT(" \t"), NULL },
		{ STR_INIT("a 'b"), NULL },
		{ STR_INIT("a \"b"), NULL },
		{ STR_INIT("a \\"), NULL },
		{ STR_INIT("a \"b\\"), NULL },
		{ STR_INIT("a\0b"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		struct arena arena;
		struct buf joined;
		char **words;

		arena_init(&arena, 1 << 20);
		buf_init(&joined, MAX_BYTES);
		words = process_split(cases[i].command, &arena, &err);
		if (!cases[i].words != !words)
			fail_msg("case %zu: %s", i, words ? "split" : err.text);
		for (size_t n = 0; words && words[n]; n++)
			buf_putf(&joined, "%s%s", n ? "|" : "", words[n]);
		if (words)
			assert_str_equal(buf_str(&joined), cases[i].words);
		else
			assert_string_equal(err.code, "process.command");
		buf_release(&joined);
		arena_release(&arena);
	}
}

static void test_a_command_has_at_most_256_words(void **state)
{
	struct err err = { 0 };
	struct arena arena;
	struct buf text;

	(void)state;
	arena_init(&arena, 1 << 20);
	buf_init(&text, 1 << 20);
	for (int i = 0; i < 256; i++)
		buf_puts(&text, "a ");
	assert_non_null(process_split(buf_str(&text), &arena, &err));
	buf_puts(&text, "a");
	assert_null(process_split(buf_str(&text), &arena, &err));
	buf_release(&text);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_exit_codes_and_signals_are_told),
		cmocka_unit_test(test_a_program_begins_with_no_signal_blocked_and_no_descriptor),
		cmocka_unit_test(test_what_hangs_is_killed_with_all_it_started),
		cmocka_unit_test(test_output_has_a_cap),
		cmocka_unit_test(test_what_cannot_be_run_is_named),
		cmocka_unit_test(test_where_sigchld_is_ignored_an_unknown_end_is_no_good_one),
		cmocka_unit_test(test_a_cancelled_task_kills_what_it_waits_for),
		cmocka_unit_test(test_commands_are_split_as_the_cli_does),
		cmocka_unit_test(test_a_command_has_at_most_256_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
