#include "sluice/core/process.h"

#include "sluice/core/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MAX_WORDS = 256,
	MAX_COMMAND_BYTES = 32 * 1024,
	KILLED_WITHIN_MS = 5000,   /* a process in the kernel's hands may take longer: then it is not waited for */
};

extern char **environ;

struct run {
	struct loop *loop;
	const char *name;          /* of the program, for messages */
	int64_t timeout_ms, end_ms;  /* env's mono clock */
	pid_t pid;
	int pidfd, output;         /* -1: none */
};

/* ---- starting ---- */

/* No signal blocked, none ignored, a group of its own. */
static bool set_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	return posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0 &&
	       posix_spawnattr_setpgroup(a, 0) == 0 && posix_spawnattr_setsigmask(a, &none) == 0 &&
	       posix_spawnattr_setsigdefault(a, &all) == 0;
}

static bool set_descriptors(posix_spawn_file_actions_t *f, int output)
{
	return posix_spawn_file_actions_adddup2(f, output, STDOUT_FILENO) == 0 &&
	       posix_spawn_file_actions_addopen(f, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
	       posix_spawn_file_actions_addopen(f, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
	       posix_spawn_file_actions_addclosefrom_np(f, STDERR_FILENO + 1) == 0;
}

static int spawn(struct run *r, char *const *argv, int output)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int code;

	if (posix_spawnattr_init(&attributes) != 0)
		return ENOMEM;
	if (posix_spawn_file_actions_init(&files) != 0) {
		posix_spawnattr_destroy(&attributes);
		return ENOMEM;
	}
	code = set_attributes(&attributes) && set_descriptors(&files, output) ?
		       posix_spawnp(&r->pid, argv[0], &files, &attributes, argv, environ) : ENOMEM;
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return code;
}

static bool refuse_start(const struct run *r, int code, struct err *err)
{
	if (code == ENOENT)
		return err_set(err, ERR_FATAL, "process.absent",
			       "there is no program '%s' on PATH (no shell is used: '~', '$' and '|' mean nothing)", r->name);
	if (code == EAGAIN || code == ENOMEM || code == EMFILE || code == ENFILE)
		return err_set(err, ERR_RETRY, "process.resources", "cannot start '%s': %s", r->name, strerror(code));
	return err_set(err, ERR_FATAL, "process.start", "cannot start '%s': %s", r->name, strerror(code));
}

/* SIGCHLD is ignored: the system has reaped it, and the number may be another's already. */
static bool lose(struct run *r, int code, struct err *err)
{
	r->pid = 0;
	return err_set(err, ERR_RETRY, "process.resources", "how '%s' ended cannot be learnt: %s", r->name, strerror(code));
}

static bool start(struct run *r, char *const *argv, struct err *err)
{
	int ends[2], code;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return refuse_start(r, errno, err);
	r->output = ends[0];
	code = fcntl(r->output, F_SETFL, O_NONBLOCK) == 0 ? spawn(r, argv, ends[1]) : errno;
	close(ends[1]);
	if (code != 0) {
		r->pid = 0;
		return refuse_start(r, code, err);
	}
	r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	if (r->pidfd < 0)
		return errno == ESRCH ? lose(r, errno, err) : refuse_start(r, errno, err);
	return true;
}

/* ---- until its end ---- */

/* Until the descriptor can be read, or the program's time is over. */
static bool wait_readable(const struct run *r, int fd, struct err *err)
{
	int64_t left_ms = r->end_ms - env_mono_ms(loop_env(r->loop));
	uint32_t ready = 0;

	if (left_ms > 0 && !task_wait_fd(r->loop, fd, EPOLLIN, left_ms, &ready, err))
		return false;
	return ready != 0 || err_set(err, ERR_RETRY, "process.timeout", "'%s' did not end within %lld ms and was killed",
				     r->name, (long long)r->timeout_ms);
}

/* As read(); at the cap it reads one byte, which none should be there for. */
static ssize_t read_some(const struct run *r, struct buf *out)
{
	size_t room = out->max - out->len;
	char beyond;
	ssize_t n = read(r->output, room ? buf_reserve(out, room) : &beyond, room ? room : 1);

	if (n > 0 && room)
		buf_commit(out, (size_t)n);
	return n;
}

static bool read_output(const struct run *r, struct buf *out, struct err *err)
{
	for (;;) {
		bool full = out->len == out->max;
		ssize_t n = read_some(r, out);

		if (n == 0)
			return true;
		if (n > 0 && full)
			return err_set(err, ERR_DATA, "process.size", "'%s' printed more than %zu bytes", r->name, out->max);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_set(err, ERR_RETRY, "process.resources", "cannot read what '%s' prints: %s", r->name,
				       strerror(errno));
		if (n < 0 && !wait_readable(r, r->output, err))
			return false;
	}
}

static bool reap(struct run *r, struct process_end *end, struct err *err)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG) != 0)
		return lose(r, errno, err);
	if (info.si_pid != r->pid)
		return err_set(err, ERR_RETRY, "process.resources", "'%s' has not ended", r->name);
	r->pid = 0;
	*end = (struct process_end){ 0 };
	if (info.si_code == CLD_EXITED)
		end->exit_code = info.si_status;
	else
		end->signal = info.si_status;
	return true;
}

/* The group's number is the program's, and cannot be another's before it is reaped. */
static void kill_group(struct run *r)
{
	struct process_end end;

	kill(-r->pid, SIGKILL);
	if (r->pidfd >= 0) {
		task_shield_begin(r->loop);
		task_wait_fd(r->loop, r->pidfd, EPOLLIN, KILLED_WITHIN_MS, NULL, NULL);
		task_shield_end(r->loop);
	}
	reap(r, &end, NULL);
}

bool process_run(struct loop *loop, char *const *argv, int64_t timeout_ms, struct buf *out, struct process_end *end,
		 struct err *err)
{
	struct run r = { .loop = loop, .name = argv[0], .timeout_ms = timeout_ms, .pidfd = -1, .output = -1 };
	bool ok;

	r.end_ms = env_mono_ms(loop_env(loop)) + timeout_ms;
	ok = start(&r, argv, err) && read_output(&r, out, err) && wait_readable(&r, r.pidfd, err) && reap(&r, end, err);
	if (r.pid)
		kill_group(&r);
	if (r.output >= 0)
		close(r.output);
	if (r.pidfd >= 0)
		close(r.pidfd);
	return ok;
}

/* ---- the command ---- */

struct splitter {
	struct str in;
	size_t at;
	char *to;              /* words are never longer than what they are written as */
	const char *wrong;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* At a backslash that counts. */
static void take_escape(struct splitter *s, char quote)
{
	if (++s->at == s->in.len) {
		s->wrong = "it ends with a backslash";
		return;
	}
	if (quote && s->in.ptr[s->at] != '"' && s->in.ptr[s->at] != '\\')
		*s->to++ = '\\';
	*s->to++ = s->in.ptr[s->at];
}

static void take_word(struct splitter *s)
{
	char quote = '\0';

	for (; s->at < s->in.len && !s->wrong; s->at++) {
		char c = s->in.ptr[s->at];

		if (!quote && is_space(c))
			break;
		if (c == '\\' && quote != '\'')
			take_escape(s, quote);
		else if (c == quote && quote)
			quote = '\0';
		else if (!quote && (c == '"' || c == '\''))
			quote = c;
		else
			*s->to++ = c;
	}
	if (quote && !s->wrong)
		s->wrong = "a quote is not closed";
	*s->to++ = '\0';
}

static void skip_space(struct splitter *s)
{
	while (s->at < s->in.len && is_space(s->in.ptr[s->at]))
		s->at++;
}

static size_t take_words(struct splitter *s, char **words)
{
	size_t n = 0;

	for (skip_space(s); s->at < s->in.len && !s->wrong; skip_space(s)) {
		if (n == MAX_WORDS) {
			s->wrong = "it has more than 256 words";
			break;
		}
		words[n++] = s->to;
		take_word(s);
	}
	return n;
}

char **process_split(struct str command, struct arena *arena, struct err *err)
{
	struct splitter s = { .in = command };
	char **words = arena_array(arena, MAX_WORDS + 1, sizeof(char *));

	if (command.len > MAX_COMMAND_BYTES)
		s.wrong = "it is longer than 32 KiB";
	else if (str_find_char(command, '\0') != SIZE_MAX)
		s.wrong = "it holds a zero byte";
	else if (!words || !(s.to = arena_alloc(arena, command.len + 1)))
		s.wrong = "there is no room for its words";
	else if (take_words(&s, words) == 0 && !s.wrong)
		s.wrong = "it is empty";
	if (s.wrong)
		err_set(err, ERR_DATA, "process.command", "the command cannot be split into words: %s", s.wrong);
	return s.wrong ? NULL : words;
}
