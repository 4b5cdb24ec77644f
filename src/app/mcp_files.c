#include "mcp_tools.h"

#include "sluice/core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, LARGEST = 50 << 20 };

bool mcp_file_at(struct mcp_call *call, struct str folder, const char *name, struct str *path)
{
	struct str joined = folder.len ? arena_putf(mcp_call_arena(call), "%.*s/%s", STR_ARG(folder), name) : str_c(name);
	struct err err;

	if (str_find_char(folder, '\0') != SIZE_MAX)
		err_set(&err, ERR_DATA, "mcp.path", "a folder's path cannot have a NUL in it");
	else if (mcp_path_allowed(call, joined, path, &err))
		return true;
	mcp_fail_err(call, &err);
	return false;
}

static bool fail_file(struct mcp_call *call, struct str path, const char *what, const char *why)
{
	mcp_fail(call, "%.*s cannot be %s: %s", STR_ARG(path), what, why);
	return false;
}

static bool read_all(struct mcp_call *call, struct str path, int fd, struct buf *out)
{
	for (;;) {
		size_t want = out->max - out->len < CHUNK ? out->max - out->len : CHUNK;
		char *room = buf_reserve(out, want ? want : 1);
		ssize_t got = room ? read(fd, room, want ? want : 1) : 0;

		if (!room) {
			mcp_fail(call, "%.*s is larger than %zu bytes", STR_ARG(path), out->max);
			return false;
		}
		if (got < 0)
			return fail_file(call, path, "read", strerror(errno));
		if (got == 0)
			return true;
		buf_commit(out, (size_t)got);
	}
}

bool mcp_file_read(struct mcp_call *call, struct str path, struct buf *out, bool *there)
{
	int fd = open(path.ptr, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat what;
	bool ok;

	*there = fd >= 0 || errno != ENOENT;
	if (fd < 0)
		return !*there || fail_file(call, path, "opened", strerror(errno));
	if (fstat(fd, &what) != 0 || !S_ISREG(what.st_mode))
		ok = fail_file(call, path, "read", "it is no file");
	else
		ok = read_all(call, path, fd, out);
	close(fd);
	return ok;
}

bool mcp_file_write(struct mcp_call *call, struct str path, struct str text, bool overwrite)
{
	struct err err;
	struct buf old;
	bool there, ok, same;

	buf_init(&old, LARGEST);
	ok = overwrite || access(path.ptr, F_OK) != 0 || mcp_file_read(call, path, &old, &there);
	same = ok && str_eq(buf_str(&old), text);
	if (ok && !overwrite && old.len && !same)
		ok = fail_file(call, path, "written", "it is there already and says something else; overwrite: true replaces it");
	buf_release(&old);
	if (!ok || same)
		return ok;
	if (file_replace(path.ptr, text, &err))
		return true;
	mcp_fail_err(call, &err);
	return false;
}
