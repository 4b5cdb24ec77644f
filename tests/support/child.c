#include "support/child.h"

#include "support/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLEAN = 77 };

bool has_asan(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return true;
#endif
#endif
	return false;
}

bool has_tsan(void)
{
#if defined(__SANITIZE_THREAD__)
	return true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
	return true;
#endif
#endif
	return false;
}

static void be_child(void (*fn)(void *arg), void *arg, int report)
{
	static const int caught[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS, SIGABRT }; /* cmocka's */
	const struct rlimit no_core = { 0, 0 };

	for (size_t i = 0; i < COUNT_OF(caught); i++)
		signal(caught[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
	dup2(report, STDERR_FILENO);
	dup2(report, STDOUT_FILENO);
	fn(arg);
	fflush(NULL);
	_exit(CLEAN);
}

static void read_report(int from, struct child_end *end)
{
	size_t len = 0;
	char rest[4096];

	for (;;) {
		bool full = len == sizeof(end->text) - 1;
		ssize_t got = full ? read(from, rest, sizeof(rest)) : read(from, end->text + len, sizeof(end->text) - 1 - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		len += full ? 0 : (size_t)got;
	}
	end->text[len] = '\0';
}

void run_child(void (*fn)(void *arg), void *arg, struct child_end *end)
{
	int ends[2], status = 0;
	pid_t pid;

	memset(end, 0, sizeof(*end));
	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		be_child(fn, arg, ends[1]);
	}
	close(ends[1]);
	read_report(ends[0], end);
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	end->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	end->clean = end->exit_code == CLEAN;
}
