#include "sluice/core/file.h"

#include "sluice/core/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, const char *path, struct buf *out, struct err *err)
{
	for (;;) {
		char chunk[16384];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n == 0)
			return true;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, ERR_FATAL, "file.read", "cannot read %s: %s", path, strerror(errno));
		if (!buf_put(out, str_of(chunk, (size_t)n)))
			return err_set(err, ERR_FATAL, "file.size", "%s is larger than %zu bytes", path, out->max);
	}
}

bool file_read(const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return err_set(err, ERR_FATAL, "file.open", "cannot open %s: %s", path, strerror(errno));
	ok = read_all(fd, path, out, err);
	close(fd);
	return ok;
}

static bool write_all(int fd, struct str text)
{
	while (text.len) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno != EINTR)
			return false;
		text = str_from(text, n > 0 ? (size_t)n : 0);
	}
	return fsync(fd) == 0;
}

/* Writes and renames; 0 or an errno. The new file is gone where that failed. */
static int put_in_place(int fd, const char *beside, const char *path, struct str text)
{
	struct stat there;
	int problem = 0;

	if (stat(path, &there) == 0 && fchmod(fd, there.st_mode & 07777) != 0)
		problem = errno;
	if (!problem && !write_all(fd, text))
		problem = errno;
	if (close(fd) != 0 && !problem)
		problem = errno;
	if (!problem && rename(beside, path) != 0)
		problem = errno;
	if (problem)
		unlink(beside);
	return problem;
}

bool file_replace(const char *path, struct str text, struct err *err)
{
	char real[PATH_MAX], beside[PATH_MAX];
	int fd, problem;

	if (!realpath(path, real) && snprintf(real, sizeof(real), "%s", path) >= (int)sizeof(real))
		return err_set(err, ERR_FATAL, "file.write", "cannot write %s: its name is too long", path);
	if (snprintf(beside, sizeof(beside), "%s.%ld", real, (long)getpid()) >= (int)sizeof(beside))
		return err_set(err, ERR_FATAL, "file.write", "cannot write %s: its name is too long", path);
	/* Not by mkstemp(): a new file has the permissions that the umask gives. */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	problem = fd < 0 ? errno : put_in_place(fd, beside, real, text);
	return problem == 0 || err_set(err, ERR_FATAL, "file.write", "cannot write %s: %s", path, strerror(problem));
}

const char *file_beside(struct arena *a, const char *beside, struct str name)
{
	const char *slash = beside ? strrchr(beside, '/') : NULL;

	if (!slash || (name.len && name.ptr[0] == '/'))
		return arena_dup(a, name).ptr;
	return arena_putf(a, "%.*s/%.*s", (int)(slash - beside), beside, STR_ARG(name)).ptr;
}
