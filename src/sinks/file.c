/* The file sink: one JSON line a message, kept on disk before it is acknowledged. */
#include "sluice/core/mem.h"
#include "sluice/core/scan.h"
#include "sluice/sinks/kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH_BYTES = 8 << 20,   /* of one write; what is torn off a file is never more */
	LOOK_BACK_BYTES = 16 << 10,
	LOCK_MS = 1000,          /* how long another process may hold the file */
};

struct file_settings {
	struct str path;
	bool fsync;
};

struct file_sink {
	struct sink base;
	char *path, *folder;
	bool fsync;
	int fd;    /* -1: not open; touched by one append at a time */
	bool torn; /* the last line may lack its end; asked anew where the file can be read */
	bool busy;
	struct event free;
};

static const struct option options[] = {
	{ .name = "path",
	  .type = OPTION_STR,
	  .offset = offsetof(struct file_settings, path),
	  .flags = OPTION_REQUIRED,
	  .help = "File that the lines are appended to; made when missing, in a folder that is there." },
	{ .name = "fsync",
	  .type = OPTION_BOOL,
	  .offset = offsetof(struct file_settings, fsync),
	  .default_text = "true",
	  .help = "Whether a batch is on the disk (fdatasync) before it is acknowledged." },
	{ 0 },
};

static void check(const void *settings, const struct node *at, struct problems *problems)
{
	const struct file_settings *s = settings;
	const struct node *path = at ? node_get(at, STR("path")) : NULL;

	if (s->path.len == 0 || str_ends(s->path, STR("/")) || memchr(s->path.ptr, '\0', s->path.len))
		problems_add(
			problems, path ? path : at,
			"path \"%.*s\" names no file; expected something like \"/var/lib/sluice/dead-letters.jsonl\"",
			STR_ARG(s->path));
}

static enum err_class class_of(int number)
{
	switch (number) {
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_AUTH;
	case EISDIR:
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP:
		return ERR_FATAL;
	default:
		return ERR_RETRY;
	}
}

static const char *hint_for(int number)
{
	switch (number) {
	case ENOENT:
		return "; its folder must be there: make it, or change `path`";
	case EACCES:
	case EPERM:
		return "; give the user that runs sluice the right to write there, or change `path`";
	case EROFS:
		return "; mount it for writing, or change `path`";
	case EISDIR:
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP:
		return "; `path` must name a file";
	case ENOSPC:
	case EDQUOT:
		return "; make room on the disk, it is tried again";
	default:
		return "";
	}
}

static bool fail(const struct file_sink *f, const char *code, const char *verb, struct err *err)
{
	const int number = errno;

	return err_set(err, class_of(number), code, "cannot %s %s: %s%s", verb, f->path, strerror(number),
		       hint_for(number));
}

/* A new name in a folder is on disk only when the folder is. */
static bool keep_name(const struct file_sink *f, struct err *err)
{
	int fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		fail(f, "file.sync", "keep the name of", err);
	if (fd >= 0)
		close(fd);
	return ok;
}

static void shut(struct file_sink *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static bool open_file(struct file_sink *f, struct err *err)
{
	struct stat st;

	f->torn = false;
	f->fd = open(f->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (f->fd < 0)
		return fail(f, "file.open", "open", err);
	if (fstat(f->fd, &st) != 0 || (f->fsync && st.st_size == 0 && S_ISREG(st.st_mode) && !keep_name(f, err))) {
		if (err->class == ERR_NONE)
			fail(f, "file.open", "look at", err);
		shut(f);
		return false;
	}
	return true;
}

/* Log rotation renames the file or removes it; what is open then is not what
 * the path names any more. */
static bool rotated(const struct file_sink *f)
{
	struct stat named, held;

	return stat(f->path, &named) != 0 || fstat(f->fd, &held) != 0 || named.st_ino != held.st_ino ||
	       named.st_dev != held.st_dev;
}

static bool write_all(struct file_sink *f, struct str text, struct err *err)
{
	while (text.len > 0) {
		ssize_t n = write(f->fd, text.ptr, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(f, "file.write", "append to", err);
		f->torn = true;
		text = str_from(text, (size_t)n);
	}
	f->torn = false;
	return true;
}

struct append {
	struct file_sink *f;
	struct str text;
	off_t size;    /* of a regular file, before the write */
	bool locked;   /* a regular file that nobody else appends to now: it may be cut */
	off_t cut;     /* bytes of a torn last line that were taken off */
	struct err err;
};

/* Two processes may name one file (one takes over from the other). Cutting must
 * not meet the other's write, so an append holds the file's lock. File systems
 * without locks are appended to, never cut. */
static bool lock(struct append *a)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int tried_ms = 0; flock(a->f->fd, LOCK_EX | LOCK_NB) != 0; tried_ms++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return true;
		if (tried_ms == LOCK_MS)
			return err_set(&a->err, ERR_RETRY, "file.locked",
				       "another process has held the lock of %s for %d ms; end it, or change `path`",
				       a->f->path, LOCK_MS);
		nanosleep(&pause, NULL);
	}
	a->locked = true;
	return true;
}

/* Where the last line that has its end ends; -1 when that is farther back than a
 * torn write reaches (then the rest is not ours) or cannot be read. */
static off_t whole_end(int fd, off_t size)
{
	char bytes[LOOK_BACK_BYTES];

	off_t to = size;

	while (to > 0 && size - to < BATCH_BYTES) {
		const off_t from = to > LOOK_BACK_BYTES ? to - LOOK_BACK_BYTES : 0;
		const char *newline;

		if (pread(fd, bytes, (size_t)(to - from), from) != to - from)
			return -1;
		newline = memrchr(bytes, '\n', (size_t)(to - from));
		if (newline)
			return from + (newline - bytes) + 1;
		to = from;
	}
	return to == 0 ? 0 : -1;
}

/* Is what stands behind the last whole line the begin of one of ours? A file of
 * somebody else's that was named by mistake is not to lose anything. */
static bool is_half_line(int fd, off_t from, off_t to)
{
	size_t len = (size_t)(to - from);
	char *text = mem_alloc(len);
	bool half = pread(fd, text, len, from) == (ssize_t)len && text[0] == '{' && !scan_check(str_of(text, len), NULL);

	mem_free(text);
	return half;
}

/* What a kill or a power cut left behind the last newline was never acknowledged
 * and comes again whole: it is cut off. Where it cannot be, its line is ended. */
static bool repair(struct append *a)
{
	struct file_sink *f = a->f;
	struct stat st;
	off_t end;

	if (fstat(f->fd, &st) != 0)
		return fail(f, "file.open", "look at", &a->err);
	a->locked = a->locked && S_ISREG(st.st_mode);
	a->size = st.st_size;
	if (S_ISREG(st.st_mode)) {
		char last = '\n';

		f->torn = st.st_size > 0 && (pread(f->fd, &last, 1, st.st_size - 1) != 1 || last != '\n');
	}
	if (!f->torn)
		return true;
	end = a->locked ? whole_end(f->fd, st.st_size) : -1;
	if (end >= 0 && is_half_line(f->fd, end, st.st_size) && ftruncate(f->fd, end) == 0) {
		f->torn = false;
		a->cut = st.st_size - end;
		a->size = end;
		return true;
	}
	a->size++;
	return write_all(f, STR("\n"), &a->err);
}

/* After a write that failed: all of its lines are tried again, so none stays. */
static void take_back(struct append *a)
{
	struct stat st;

	if (a->locked && fstat(a->f->fd, &st) == 0 && st.st_size > a->size && ftruncate(a->f->fd, a->size) == 0)
		a->f->torn = false;
}

static void append_locked(struct append *a)
{
	struct file_sink *f = a->f;

	if (!repair(a))
		return;
	if (!write_all(f, a->text, &a->err)) {
		take_back(a);
		return;
	}
	/* After a failed sync the kernel may have dropped the pages: what was
	 * written counts as lost, and the file is looked at anew. */
	if (f->fsync && fdatasync(f->fd) != 0 && errno != EINVAL && errno != EROFS) {
		fail(f, "file.sync", "sync", &a->err);
		shut(f);
	}
}

/* On a helper thread: the disk may be slow. */
static void append(void *arg)
{
	struct append *a = arg;
	struct file_sink *f = a->f;

	if (f->fd >= 0 && rotated(f))
		shut(f);
	if ((f->fd < 0 && !open_file(f, &a->err)) || !lock(a))
		return;
	append_locked(a);
	if (f->fd >= 0)
		flock(f->fd, LOCK_UN);
}

static struct sink *file_open(const void *settings, const struct sink_site *site, struct err *err)
{
	const struct file_settings *s = settings;
	struct file_sink *f = mem_alloc(sizeof(*f));
	const char *slash;

	(void)err;
	f->base = (struct sink){ .ops = &file_sink, .site = *site };
	f->path = mem_dup(s->path.ptr, s->path.len);
	slash = strrchr(f->path, '/');
	f->folder = slash ? mem_dup(f->path, slash == f->path ? 1 : (size_t)(slash - f->path)) : mem_dup(".", 1);
	f->fsync = s->fsync;
	f->fd = -1;
	event_init(&f->free, site->loop);
	return &f->base;
}

static void blank(char *text, size_t len, char c)
{
	const char *end = text + len;

	for (char *at = text; (at = memchr(at, c, (size_t)(end - at))); at++)
		*at = ' ';
}

/* A raw newline can only stand between JSON tokens; there a space says the same. */
static bool put_line(struct buf *out, struct str body)
{
	size_t from = out->len;

	if (!buf_put(out, body) || !buf_putc(out, '\n'))
		return false;
	blank(out->ptr + from, body.len, '\n');
	blank(out->ptr + from, body.len, '\r');
	return true;
}

static bool take_turn(struct file_sink *f)
{
	while (f->busy) {
		event_clear(&f->free);
		if (!event_wait(&f->free, -1, NULL, NULL))
			return false;
	}
	f->busy = true;
	return true;
}

/* False when cancelled; else a->err says how it went. */
static bool run_append(struct append *a)
{
	struct file_sink *f = a->f;

	if (!take_turn(f))
		return false;
	task_offload(f->base.site.loop, append, a);
	f->busy = false;
	event_set(&f->free);
	if (a->cut > 0)
		log_warn(loop_env(f->base.site.loop)->log, "file.cut", LOG_STR("sink", f->base.site.name),
			 LOG_TEXT("path", f->path), LOG_INT("bytes", a->cut),
			 LOG_TEXT("hint", "the last line had no end; it was never acknowledged and is written again"));
	return true;
}

/* Appends the lines gathered from effects[from..to) and settles those. */
static bool flush_lines(struct file_sink *f, struct buf *lines, struct effect *const *effects, size_t n)
{
	struct append a = { .f = f, .text = buf_str(lines) };

	if (lines->len > 0 && !run_append(&a))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (effects[i]->state != EFFECT_PENDING)
			continue;
		if (a.err.class == ERR_NONE)
			effect_done(effects[i]);
		else
			effect_fail(effects[i], &a.err);
	}
	buf_clear(lines);
	return a.err.class == ERR_NONE;
}

static void fail_too_large(struct file_sink *f, struct effect *e)
{
	struct err why = { 0 };

	err_set(&why, ERR_DATA, "file.line_size", "a line of %zu bytes for %s is more than %d bytes",
		e->message.body.len, f->path, BATCH_BYTES);
	effect_fail(e, &why);
}

static void file_send(struct sink *s, struct effect *const *effects, size_t n)
{
	struct file_sink *f = (struct file_sink *)s;
	struct buf lines;
	size_t from = 0;
	bool ok = true;

	buf_init(&lines, BATCH_BYTES);
	for (size_t i = 0; i < n && ok; i++) {
		struct effect *e = effects[i];

		if (!sink_takes(s, e))
			continue;
		if (e->message.body.len >= BATCH_BYTES) {
			fail_too_large(f, e);
			continue;
		}
		if (lines.len + e->message.body.len + 1 > BATCH_BYTES) {
			ok = flush_lines(f, &lines, effects + from, i - from);
			from = i;
		}
		if (ok)
			put_line(&lines, e->message.body);
	}
	if (ok)
		ok = flush_lines(f, &lines, effects + from, n - from);
	if (!ok && !task_cancelled(s->site.loop))
		for (size_t i = 0; i < n; i++)
			if (effects[i]->state == EFFECT_PENDING)
				sink_fail_behind(s, effects[i]);
	buf_release(&lines);
}

static bool file_probe(struct sink *s, struct err *err)
{
	struct file_sink *f = (struct file_sink *)s;
	struct append a = { .f = f };

	if (!run_append(&a))
		return err_set(err, ERR_CANCELLED, "task.cancelled", "cancelled");
	if (a.err.class == ERR_NONE)
		return true;
	if (err)
		*err = a.err;
	return false;
}

static void file_close(struct sink *s)
{
	struct file_sink *f = (struct file_sink *)s;

	shut(f);
	mem_free(f->path);
	mem_free(f->folder);
	mem_free(f);
}

const struct sink_ops file_sink = {
	.kind = "file",
	.summary = "Appends one JSON line a message to a file; made for dead letters and for trying things out.",
	.options = options,
	.settings_size = sizeof(struct file_settings),
	.accepts = 1u << EFFECT_MESSAGE,
	.path = "path",
	.check = check,
	.open = file_open,
	.send = file_send,
	.probe = file_probe,
	.close = file_close,
};
