#include "sluice/mcp/workspace.h"

#include "sluice/core/buf.h"
#include "sluice/core/mem.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- folders ---- */

struct str workspace_folder(struct arena *a, struct str path, struct err *err)
{
	char given[PATH_MAX], real[PATH_MAX];
	struct stat what;

	if (path.len == 0 || path.len >= sizeof(given) || str_find_char(path, '\0') != SIZE_MAX) {
		err_set(err, ERR_DATA, "mcp.path", "a folder's path must have 1 to %d characters", PATH_MAX - 1);
		return str_of(NULL, 0);
	}
	memcpy(given, path.ptr, path.len);
	given[path.len] = '\0';
	if (!realpath(given, real) || stat(real, &what) != 0) {
		err_set(err, ERR_DATA, "mcp.path", "the folder %s cannot be had: %s", given, strerror(errno));
		return str_of(NULL, 0);
	}
	if (!S_ISDIR(what.st_mode)) {
		err_set(err, ERR_DATA, "mcp.path", "%s is no folder", given);
		return str_of(NULL, 0);
	}
	return arena_dup(a, str_c(real));
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* file:///home/x and file://localhost/home/x */
struct str workspace_of_uri(struct arena *a, struct str uri)
{
	const struct str scheme = STR("file://"), here = STR("localhost");
	char path[PATH_MAX];
	size_t n = 0;

	if (!str_starts(uri, scheme))
		return str_of(NULL, 0);
	uri = str_from(uri, scheme.len);
	if (str_starts(uri, here))
		uri = str_from(uri, here.len);
	for (size_t i = 0; i < uri.len && n < sizeof(path); i++) {
		int c = uri.ptr[i];

		if (c == '%') {
			int high = uri.len - i > 2 ? digit(uri.ptr[i + 1]) : -1, low = high < 0 ? -1 : digit(uri.ptr[i + 2]);

			c = low < 0 ? 0 : high * 16 + low;
			i += 2;
		}
		if (c == 0)
			return str_of(NULL, 0);
		path[n++] = (char)c;
	}
	if (n == sizeof(path))
		return str_of(NULL, 0);
	return n && path[0] == '/' ? arena_dup(a, str_of(path, n)) : str_of(NULL, 0);
}

struct str workspace_default(struct arena *a)
{
	const char *home = getenv("HOME");
	char here[PATH_MAX], real_home[PATH_MAX];

	if (!getcwd(here, sizeof(here)) || strcmp(here, "/") == 0)
		return str_of(NULL, 0);
	if (home && realpath(home, real_home) && strcmp(here, real_home) == 0)
		return str_of(NULL, 0);
	return arena_dup(a, str_c(here));
}

/* ---- a path ---- */

static bool inside(struct str root, struct str real)
{
	return str_eq(root, STR("/")) ||
	       (str_starts(real, root) && (real.len == root.len || real.ptr[root.len] == '/'));
}

static bool refuse(const struct str *roots, size_t n, struct str path, const char *why, struct err *err)
{
	struct buf list;

	buf_init(&list, 300);
	for (size_t i = 0; i < n; i++)
		buf_putf(&list, "%s%.*s", i ? ", " : "", STR_ARG(roots[i]));
	err_set(err, ERR_DATA, "mcp.path", "the path %.*s %s; allowed are files below %.*s (--workspace DIR adds a folder)",
		STR_ARG(str_sub(path, 0, 150)), why, STR_ARG(buf_str(&list)));
	buf_release(&list);
	return false;
}

/* Takes the last name off the path, in front of what is taken off already. */
static bool take_last(char *path, char *tail)
{
	char *slash = strrchr(path, '/'), rest[PATH_MAX];
	const char *name = slash ? slash + 1 : path;
	struct stat what;

	/* A name that is there but leads nowhere is a symlink: what is written would go to its end. */
	if (lstat(path, &what) == 0 || strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
		return false;
	if (!slash || strlen(name) + strlen(tail) + 2 >= PATH_MAX)
		return false;
	strcpy(rest, tail);
	tail[0] = '/';
	strcpy(tail + 1, name);
	strcat(tail, rest);
	if (slash == path)
		slash++;
	*slash = '\0';
	return true;
}

/* realpath() of what exists, and the rest behind it. */
static bool resolve(char *path, char *real, char *tail)
{
	size_t len;

	tail[0] = '\0';
	while (!realpath(path, real)) {
		for (len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
			path[len - 1] = '\0';
		if (errno != ENOENT || !take_last(path, tail))
			return false;
	}
	len = strlen(real);
	if (len + strlen(tail) >= PATH_MAX)
		return false;
	strcpy(real + len, len == 1 && tail[0] ? tail + 1 : tail);
	return true;
}

bool workspace_resolve(struct arena *a, const struct str *roots, size_t n_roots, struct str path, struct str *resolved,
		       struct err *err)
{
	char full[PATH_MAX], real[PATH_MAX], tail[PATH_MAX];
	size_t at = 0;

	if (n_roots == 0)
		return err_set(err, ERR_DATA, "mcp.no_workspace", "there is no folder that files may be read from or written to: "
			       "start the server with --workspace DIR (in the client's configuration), or give the content itself");
	if (str_find_char(path, '\0') != SIZE_MAX || path.len + roots[0].len + 2 >= sizeof(full))
		return refuse(roots, n_roots, path, "cannot be a path", err);
	if (path.len == 0 || path.ptr[0] != '/') {
		memcpy(full, roots[0].ptr, roots[0].len);
		at = roots[0].len;
		full[at++] = '/';
	}
	memcpy(full + at, path.ptr, path.len);
	full[at + path.len] = '\0';
	if (!resolve(full, real, tail))
		return refuse(roots, n_roots, path, "leads nowhere that can be told", err);
	for (size_t i = 0; i < n_roots; i++)
		if (inside(roots[i], str_c(real))) {
			*resolved = arena_dup(a, str_c(real));
			return resolved->ptr != NULL || err_set(err, ERR_DATA, "mcp.memory", "the call has used all of its memory");
		}
	return refuse(roots, n_roots, path, "is outside of the workspace, or a symlink leads out", err);
}
