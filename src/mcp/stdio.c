#include "sluice/mcp/stdio.h"

#include "sluice/core/loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What cannot be waited for (a plain file, /dev/null) is always ready; then the others have their turn. */
static bool wait_ready(struct mcp_stdio *s, int fd, uint32_t events, struct err *err)
{
	if (task_wait_fd(s->loop, fd, events, -1, NULL, err))
		return true;
	if (!err_is(err, "fd.watch"))
		return false;
	err_clear(err);
	return task_yield(s->loop, err);
}

static bool broken(struct err *err, const char *what, int code)
{
	return err_set(err, ERR_FATAL, "mcp.connection", "%s: %s", what, strerror(code));
}

/* A socket's peer that is gone without a word has ended, too. */
static bool read_some(struct mcp_transport *t, char *to, size_t room, size_t *got, struct err *err)
{
	struct mcp_stdio *s = (struct mcp_stdio *)t;
	ssize_t n;

	for (;;) {
		if (!wait_ready(s, s->in, EPOLLIN | EPOLLRDHUP, err))
			return false;
		n = read(s->in, to, room);
		if (n >= 0)
			break;
		if (errno == ECONNRESET || errno == EBADF || errno == EIO)
			n = 0;
		if (n == 0)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return broken(err, "stdin cannot be read", errno);
	}
	*got = (size_t)n;
	return true;
}

/* So many bytes fit into a pipe that is ready; a socket takes what it can. */
static ssize_t write_some(int fd, struct str bytes)
{
	ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0 || errno != ENOTSOCK)
		return n;
	return write(fd, bytes.ptr, bytes.len < PIPE_BUF ? bytes.len : PIPE_BUF);
}

static bool write_all(struct mcp_transport *t, struct str bytes, struct err *err)
{
	struct mcp_stdio *s = (struct mcp_stdio *)t;

	while (bytes.len) {
		ssize_t n;

		if (!wait_ready(s, s->out, EPOLLOUT, err))
			return false;
		n = write_some(s->out, bytes);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return broken(err, "nobody reads stdout", errno);
		bytes = str_from(bytes, n > 0 ? (size_t)n : 0);
	}
	return true;
}

void mcp_stdio_init(struct mcp_stdio *s, struct loop *loop, int in, int out)
{
	*s = (struct mcp_stdio){ .transport = { read_some, write_all }, .loop = loop, .in = in, .out = out };
}
