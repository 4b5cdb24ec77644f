#include "support/http_server.h"

#include "sluice/core/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 256, MOST_BYTES = 8 * 1024 * 1024 };

struct connection {
	struct http_server *server;
	pthread_t thread;
	int fd;
};

struct http_server {
	http_server_handler *handle;
	void *ctx;
	SSL_CTX *tls;                /* NULL: none */
	int fd, port;
	pthread_t thread;
	pthread_mutex_t lock;
	struct connection connections[MOST_CONNECTIONS];
	unsigned n;                  /* under lock */
	atomic_uint requests;
};

long http_server_read(struct http_server_request *r, char *to, size_t size)
{
	return r->tls ? SSL_read(r->tls, to, (int)size) : recv(r->fd, to, size, 0);
}

bool http_server_write(struct http_server_request *r, struct str bytes)
{
	while (bytes.len) {
		ssize_t n = r->tls ? SSL_write(r->tls, bytes.ptr, (int)bytes.len) :
				     send(r->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes = str_from(bytes, (size_t)n);
	}
	return true;
}

bool http_server_answer(struct http_server_request *r, int status, const char *fields, struct str body)
{
	struct buf text;
	bool ok;

	buf_init(&text, MOST_BYTES);
	buf_putf(&text, "HTTP/1.1 %d Answer\r\nContent-Length: %zu\r\n%s\r\n", status, body.len, fields ? fields : "");
	buf_put(&text, body);
	ok = http_server_write(r, buf_str(&text));
	buf_release(&text);
	return ok;
}

void http_server_wait_for_close(struct http_server_request *r)
{
	char bytes[256];

	while (http_server_read(r, bytes, sizeof(bytes)) > 0)
		;
}

struct str http_server_field(const struct http_server_request *r, const char *name)
{
	struct str rest = r->head;

	while (rest.ptr) {
		struct str line = str_split(&rest, '\n');
		size_t colon = str_find_char(line, ':');

		if (colon != SIZE_MAX && str_eq_nocase(str_sub(line, 0, colon), str_c(name)))
			return str_trim(str_from(line, colon + 1));
	}
	return str_of(NULL, 0);
}

/* Until `bytes` holds one whole request; false when the peer is gone. */
static bool read_request(struct http_server_request *r, struct buf *bytes)
{
	for (;;) {
		size_t end = str_find(buf_str(bytes), STR("\r\n\r\n"));
		uint64_t length = 0;
		char chunk[4096];
		long n;

		if (end != SIZE_MAX) {
			r->head = str_sub(buf_str(bytes), 0, end + 2);
			str_to_u64(http_server_field(r, "content-length"), &length);
			r->body = str_from(buf_str(bytes), end + 4);
			if (r->body.len >= length)
				return true;
		}
		n = http_server_read(r, chunk, sizeof(chunk));
		if (n <= 0)
			return false;
		buf_put(bytes, str_of(chunk, (size_t)n));
	}
}

/* What a peer said that is turned away is read, so that the alert is not overtaken by a reset. */
static bool shake_hands(struct http_server_request *r, SSL_CTX *tls)
{
	char bytes[256];

	if (!tls)
		return true;
	r->tls = SSL_new(tls);
	SSL_set_fd(r->tls, r->fd);
	if (SSL_accept(r->tls) == 1)
		return true;
	shutdown(r->fd, SHUT_WR);
	while (recv(r->fd, bytes, sizeof(bytes), 0) > 0)
		;
	return false;
}

static void *serve(void *arg)
{
	struct connection *c = arg;
	struct http_server_request r = { .server = c->server, .ctx = c->server->ctx, .fd = c->fd };
	struct buf bytes;
	bool stays = shake_hands(&r, c->server->tls);

	buf_init(&bytes, MOST_BYTES);
	while (stays && read_request(&r, &bytes)) {
		struct str line = str_sub(r.head, 0, str_find_char(r.head, '\r'));

		r.path = str_from(line, str_find_char(line, ' ') + 1);
		r.path.len = str_find_char(r.path, ' ');
		r.nth++;
		atomic_fetch_add(&c->server->requests, 1);
		stays = c->server->handle(&r);
		buf_clear(&bytes);
	}
	buf_release(&bytes);
	SSL_free(r.tls);
	shutdown(c->fd, SHUT_RDWR);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct http_server *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		struct connection *c;

		pthread_mutex_lock(&s->lock);
		assert(s->n < MOST_CONNECTIONS);
		c = &s->connections[s->n++];
		*c = (struct connection){ .server = s, .fd = fd };
		pthread_create(&c->thread, NULL, serve, c);
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

static void fail(const char *what)
{
	perror(what);
	abort();
}

static void listen_on(struct http_server *s, bool ipv6)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr *at = ipv6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	socklen_t len = ipv6 ? sizeof(v6) : sizeof(v4);

	s->fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || bind(s->fd, at, len) != 0 || listen(s->fd, 128) != 0 || getsockname(s->fd, at, &len) != 0)
		fail("http_server");
	s->port = ntohs(ipv6 ? v6.sin6_port : v4.sin_port);
}

/* Level 0: old versions, too, which clients are to turn away by themselves. */
static SSL_CTX *open_tls(const struct http_server_options *o)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	SSL_CTX_set_security_level(tls, 0);
	SSL_CTX_set_min_proto_version(tls, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(tls, o->max_tls_version);
	if (SSL_CTX_use_certificate_chain_file(tls, o->cert_file) != 1 ||
	    SSL_CTX_use_PrivateKey_file(tls, o->key_file, SSL_FILETYPE_PEM) != 1)
		fail(o->cert_file);
	if (o->client_ca_file) {
		if (SSL_CTX_load_verify_locations(tls, o->client_ca_file, NULL) != 1)
			fail(o->client_ca_file);
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		SSL_CTX_set_session_id_context(tls, (const unsigned char *)"test", 4);
	}
	return tls;
}

struct http_server *http_server_start_with(const struct http_server_options *options, http_server_handler *handle,
					   void *ctx)
{
	struct http_server *s = mem_alloc(sizeof(*s));

	s->handle = handle;
	s->ctx = ctx;
	if (options->cert_file) {
		signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
		s->tls = open_tls(options);
	}
	listen_on(s, options->ipv6);
	pthread_mutex_init(&s->lock, NULL);
	pthread_create(&s->thread, NULL, accept_all, s);
	return s;
}

struct http_server *http_server_start(http_server_handler *handle, void *ctx)
{
	const struct http_server_options options = { 0 };

	return http_server_start_with(&options, handle, ctx);
}

void http_server_stop(struct http_server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	for (unsigned i = 0; i < s->n; i++) {
		shutdown(s->connections[i].fd, SHUT_RDWR);
		pthread_join(s->connections[i].thread, NULL);
		close(s->connections[i].fd);
	}
	SSL_CTX_free(s->tls);
	pthread_mutex_destroy(&s->lock);
	mem_free(s);
}

int http_server_port(struct http_server *s)
{
	return s->port;
}

unsigned http_server_connections(struct http_server *s)
{
	unsigned n;

	pthread_mutex_lock(&s->lock);
	n = s->n;
	pthread_mutex_unlock(&s->lock);
	return n;
}

unsigned http_server_requests(struct http_server *s)
{
	return atomic_load(&s->requests);
}
