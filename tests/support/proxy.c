#include "support/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(int port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* False when that side has ended. */
static bool pass(int from, int to)
{
	char bytes[4096];
	ssize_t n = recv(from, bytes, sizeof(bytes), 0), sent = 0;

	while (sent < n) {
		ssize_t part = send(to, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL);

		if (part <= 0)
			return false;
		sent += part;
	}
	return n > 0;
}

static void relay(int a, int b)
{
	struct pollfd ends[2] = { { .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN } };
	bool both = true;

	while (both && poll(ends, 2, -1) > 0)
		for (int i = 0; both && i < 2; i++)
			if (ends[i].revents)
				both = pass(ends[i].fd, ends[1 - i].fd);
}

static bool tunnel(struct http_server_request *r, struct proxy *p)
{
	int fd;

	if (p->forbidden && str_find(r->head, str_c(p->forbidden)) != SIZE_MAX)
		atomic_store(&p->saw_forbidden, true);
	atomic_fetch_add(&p->tunnels, 1);
	fd = connect_to(p->upstream_port);
	if (fd < 0)
		return http_server_answer(r, 502, NULL, STR("nobody there"));
	if (http_server_write(r, STR("HTTP/1.1 200 Connection established\r\n\r\n")))
		relay(r->fd, fd);
	close(fd);
	return false;
}

bool proxy_handle(struct http_server_request *r)
{
	struct proxy *p = r->ctx;

	if (p->hangs) {
		http_server_wait_for_close(r);
		return false;
	}
	if (p->refuses)
		return http_server_answer(r, p->refuses, NULL, STR("no"));
	if (p->authorization && !str_eq(http_server_field(r, "proxy-authorization"), str_c(p->authorization)))
		return http_server_answer(r, 407, "Proxy-Authenticate: Basic realm=\"proxy\"\r\n", STR("who are you?"));
	if (str_starts(r->head, STR("CONNECT ")))
		return tunnel(r, p);
	atomic_fetch_add(&p->forwards, 1);
	return http_server_answer(r, 200, NULL, str_sub(r->head, 0, str_find_char(r->head, '\r')));
}
