#include "model_output.h"

#include "sluice/core/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static bool failed(const char *path, struct err *err)
{
	return err_set(err, ERR_FATAL, "output.write", "cannot write %s: %s", path, strerror(errno));
}

static bool write_all(int fd, struct str text)
{
	while (text.len) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno != EINTR)
			return false;
		text = str_from(text, n > 0 ? (size_t)n : 0);
	}
	return true;
}

/* What is no file (a terminal, /dev/stdout) is written to as it is. */
static bool write_there(const char *path, struct str text, struct err *err)
{
	FILE *to = fopen(path, "w");
	bool ok = to && fwrite(text.ptr ? text.ptr : "", 1, text.len, to) == text.len;

	if (to && fclose(to) != 0)
		ok = false;
	return ok || failed(path, err);
}

/* The rights are those that any new file would have, or the old one's. */
static bool replace(const char *path, struct str text, mode_t mode, struct err *err)
{
	struct buf beside;
	bool ok = false;
	int fd;

	buf_init(&beside, PATH_BYTES);
	if (!buf_putf(&beside, "%s.XXXXXX", path)) {
		errno = ENAMETOOLONG;
		return failed(path, err);
	}
	fd = mkstemp(beside.ptr);
	if (fd >= 0) {
		ok = write_all(fd, text) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
		ok = close(fd) == 0 && ok && rename(beside.ptr, path) == 0;
	}
	if (!ok) {
		failed(path, err);
		if (fd >= 0)
			unlink(beside.ptr);
	}
	buf_release(&beside);
	return ok;
}

bool model_output(const char *path, struct str text, struct err *err)
{
	mode_t mask = umask(0);
	struct stat there;

	umask(mask);
	if (!path) {
		fwrite(text.ptr ? text.ptr : "", 1, text.len, stdout);
		return true; /* commands_main() says when stdout did not take it */
	}
	if (lstat(path, &there) != 0)
		return replace(path, text, 0666 & ~mask, err);
	if (!S_ISREG(there.st_mode))
		return write_there(path, text, err);
	return replace(path, text, there.st_mode & 07777, err);
}
