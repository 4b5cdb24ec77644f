/* The file sink: one JSON line a message, kept on disk before it is acknowledged. */
#include "sluice/core/mem.h"
#include "sluice/sinks/kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH_BYTES = 8 << 20 };

struct file_settings {
	struct str path;
	bool fsync;
};

struct file_sink {
	struct sink base;
	char *path, *folder;
	bool fsync;
	int fd;    /* -1: not open; touched by one append at a time */
	bool torn; /* the last line may lack its end */
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

	if (s->path.len == 0 || str_ends(s->path, STR("/")) || memchr(s->path.ptr, '\0', s->path.len))
		problems_add(
			problems, at ? node_get(at, STR("path")) : NULL,
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

static bool fail(const struct file_sink *f, const char *code, const char *verb, const char *hint, struct err *err)
{
	const int number = errno;

	return err_set(err, class_of(number), code, "cannot %s %s: %s%s", verb, f->path, strerror(number), hint);
}

/* A new name in a folder is on disk only when the folder is. */
static bool keep_name(const struct file_sink *f, struct err *err)
{
	int fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		fail(f, "file.sync", "keep the name of", "", err);
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool ends_torn(int fd, off_t size)
{
	char last = '\n';

	return size > 0 && (pread(fd, &last, 1, size - 1) != 1 || last != '\n');
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

	f->fd = open(f->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (f->fd < 0)
		return fail(f, "file.open", "open",
			    errno == ENOENT ? "; its folder must be there: make it, or change `path`" : "", err);
	if (fstat(f->fd, &st) != 0 || (f->fsync && st.st_size == 0 && S_ISREG(st.st_mode) && !keep_name(f, err))) {
		if (err->class == ERR_NONE)
			fail(f, "file.open", "look at", "", err);
		shut(f);
		return false;
	}
	f->torn = S_ISREG(st.st_mode) && ends_torn(f->fd, st.st_size);
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
			return fail(f, "file.write", "append to",
				    errno == ENOSPC || errno == EDQUOT ? "; make room on the disk, it is tried again"
								       : "",
				    err);
		f->torn = true;
		text = str_from(text, (size_t)n);
	}
	f->torn = false;
	return true;
}

struct append {
	struct file_sink *f;
	struct str text;
	struct err err;
};

/* On a helper thread: the disk may be slow. */
static void append(void *arg)
{
	struct append *a = arg;
	struct file_sink *f = a->f;

	if (f->fd >= 0 && rotated(f))
		shut(f);
	if (f->fd < 0 && !open_file(f, &a->err))
		return;
	if (f->torn && !write_all(f, STR("\n"), &a->err))
		return;
	if (!write_all(f, a->text, &a->err))
		return;
	/* After a failed sync the kernel may have dropped the pages: what was
	 * written counts as lost, and the file is looked at anew. */
	if (f->fsync && fdatasync(f->fd) != 0 && errno != EINVAL && errno != EROFS) {
		fail(f, "file.sync", "sync", "", &a->err);
		shut(f);
	}
}

static struct sink *file_open(const void *settings, const struct sink_site *site, struct err *err)
{
	const struct file_settings *s = settings;
	struct file_sink *f = mem_alloc(sizeof(*f));
	const char *slash;
	struct err why = { 0 };

	f->base = (struct sink){ .ops = &file_sink, .site = *site };
	f->path = mem_dup(s->path.ptr, s->path.len);
	slash = strrchr(f->path, '/');
	f->folder = slash ? mem_dup(f->path, slash == f->path ? 1 : (size_t)(slash - f->path)) : mem_dup(".", 1);
	f->fsync = s->fsync;
	f->fd = -1;
	event_init(&f->free, site->loop);
	if (open_file(f, &why))
		return &f->base;
	err_set(err, ERR_FATAL, why.code, "sink %.*s: %s", STR_ARG(site->name), why.text);
	mem_free(f->path);
	mem_free(f->folder);
	mem_free(f);
	return NULL;
}

/* A raw newline can only stand between JSON tokens; there a space says the same. */
static bool put_line(struct buf *out, struct str body)
{
	size_t from = out->len;

	if (!buf_put(out, body) || !buf_putc(out, '\n'))
		return false;
	for (size_t i = from; i < from + body.len; i++)
		if (out->ptr[i] == '\n' || out->ptr[i] == '\r')
			out->ptr[i] = ' ';
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

/* Appends the lines gathered from effects[from..to) and settles those. */
static bool flush_lines(struct file_sink *f, struct buf *lines, struct effect *const *effects, size_t n)
{
	struct append a = { .f = f, .text = buf_str(lines) };

	if (lines->len > 0) {
		if (!take_turn(f))
			return false;
		task_offload(f->base.site.loop, append, &a);
		f->busy = false;
		event_set(&f->free);
	}
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

	if (!take_turn(f))
		return err_set(err, ERR_CANCELLED, "task.cancelled", "cancelled");
	task_offload(s->site.loop, append, &a);
	f->busy = false;
	event_set(&f->free);
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
	.check = check,
	.open = file_open,
	.send = file_send,
	.probe = file_probe,
	.close = file_close,
};
