#include "sluice/core/file.h"

#include "sluice/core/arena.h"

#include <errno.h>
#include <fcntl.h>
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

const char *file_beside(struct arena *a, const char *beside, struct str name)
{
	const char *slash = beside ? strrchr(beside, '/') : NULL;

	if (!slash || (name.len && name.ptr[0] == '/'))
		return arena_dup(a, name).ptr;
	return arena_putf(a, "%.*s/%.*s", (int)(slash - beside), beside, STR_ARG(name)).ptr;
}
