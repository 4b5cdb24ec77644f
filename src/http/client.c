#include "sluice/http/client.h"

#include "wiping.h"

#include "sluice/core/mem.h"
#include "sluice/http/line.h"
#include "sluice/http/trouble.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DEFAULT_CONNECTIONS = 64,
	MOST_CONNECTIONS = 65536,
	DEFAULT_CONNECT_MS = 3100,     /* past the second SYN, which goes out after 1 s, and the third after 3 s */
	DEFAULT_TIMEOUT_MS = 30000,
	DEFAULT_RESPONSE_BYTES = 1024 * 1024,
	RECEIVE_BYTES = 64 * 1024,
	MAX_LINE_BYTES = 64 * 1024,
};

/* A task in line for a connection. */
struct waiter {
	struct line_ticket ticket;     /* first: the line gives it back */
	struct event turn;
};

struct http_client {
	struct transport transport;    /* first: send() gets the client back from it */
	struct loop *loop;
	CURLM *multi;
	struct timer timer;
	struct buf user_agent, ca_file;
	struct http_proxies proxies;
	struct line line;
	CURL **idle;                   /* handles to use again; as many slots as places in the line */
	size_t n_idle;
	struct http_client_stats stats;
};

/* A descriptor of curl's. */
struct sock {
	struct watch watch;
	struct http_client *client;
};

struct transfer {
	struct http_client *client;
	CURL *easy;
	const struct http_request *request;
	const struct http_proxy *proxy; /* NULL: none */
	struct http_response *response;
	struct curl_slist *headers;
	struct event done;
	CURLcode result;
	size_t body_at;                /* how much of the body curl has read (once) */
	size_t max_body_bytes;
	bool too_large;
	char problem[CURL_ERROR_SIZE];
};

bool http_global_init(struct err *err)
{
	CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_resize, strdup, calloc);
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	if (code != CURLE_OK)
		return err_set(err, ERR_FATAL, "http.curl", "cannot start libcurl: %s", curl_easy_strerror(code));
	if (!(info->features & CURL_VERSION_SSL) || !(info->features & CURL_VERSION_ASYNCHDNS))
		return err_set(err, ERR_FATAL, "http.curl",
			       "libcurl %s has no TLS, or blocks while it resolves names: install a build with TLS and "
			       "an asynchronous resolver (Debian's libcurl4 has both)", info->version);
	return true;
}

void http_global_cleanup(void)
{
	curl_global_cleanup();
}

static void collect_finished(struct http_client *c)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(c->multi, &left))) {
		struct transfer *t = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		t->result = message->data.result;
		event_set(&t->done);
	}
}

static void act(struct http_client *c, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(c->multi, fd, what, &running);
	collect_finished(c);
}

static void on_ready(void *arg, uint32_t ready)
{
	struct sock *s = arg;
	int what = 0;

	if (ready & (EPOLLIN | EPOLLHUP))
		what |= CURL_CSELECT_IN;
	if (ready & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (ready & EPOLLERR)
		what |= CURL_CSELECT_ERR;
	act(s->client, s->watch.fd, what); /* *s may be gone behind this */
}

static void on_timer(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct http_client *c = arg;

	(void)multi;
	if (timeout_ms < 0)
		loop_timer_cancel(&c->timer);
	else
		loop_timer_set(c->loop, &c->timer, timeout_ms);
	return 0;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct http_client *c = arg;
	struct sock *s = assigned;
	struct err err = { 0 };

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			loop_unwatch(&s->watch);
			mem_free(s);
			curl_multi_assign(c->multi, fd, NULL);
		}
		return 0;
	}
	if (!s) {
		s = mem_alloc(sizeof(*s));
		s->client = c;
		s->watch = (struct watch){ .fd = fd, .fn = on_ready, .arg = s };
		curl_multi_assign(c->multi, fd, s);
	}
	s->watch.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	/* -1 would end every transfer of the client; so this one runs into its timeout. */
	if (!loop_watch(c->loop, &s->watch, &err))
		log_warn(loop_env(c->loop)->log, "http.watch", LOG_ERR(&err));
	return 0;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_client *c = arg;
	curl_socket_t fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	(void)purpose;
	if (fd != CURL_SOCKET_BAD)
		c->stats.open++;
	return fd;
}

static int close_socket(void *arg, curl_socket_t fd)
{
	struct http_client *c = arg;

	c->stats.open--;
	return close(fd);
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct buf *body = &t->response->body;

	(void)size; /* 1 */
	if (n > t->max_body_bytes - body->len || !buf_put(body, str_of(bytes, n))) {
		t->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	return n;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct str line = str_of(bytes, n);

	(void)size; /* 1 */
	while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	if (!http_response_add_line(t->response, line)) {
		t->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	return n;
}

/* Without a way to rewind, curl cannot send a body a second time. */
static size_t give_body(char *to, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct str rest = str_sub(t->request->body, t->body_at, size * n);

	if (rest.len)
		memcpy(to, rest.ptr, rest.len);
	t->body_at += rest.len;
	return rest.len;
}

/* NULL: the system's store. */
static const char *ca_file(const struct http_client *c, const struct http_tls *tls)
{
	if (tls && tls->ca_file)
		return tls->ca_file;
	return c->ca_file.len ? c->ca_file.ptr : NULL;
}

/* A CA file stands in the store's place: whoever names one trusts nobody else. */
static void set_trust(CURL *easy, const struct http_client *c, const struct http_tls *tls)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	const char *file = ca_file(c, tls), *cert = tls ? tls->cert_file : NULL;

	curl_easy_setopt(easy, CURLOPT_CAINFO, file ? file : info->cainfo);
	curl_easy_setopt(easy, CURLOPT_CAPATH, file ? NULL : info->capath);
	curl_easy_setopt(easy, CURLOPT_SSLCERT, cert);
	curl_easy_setopt(easy, CURLOPT_SSLKEY, cert && tls->key_file ? tls->key_file : cert);
}

/* The same for https:// proxies, which the client's own CAs vouch for, never a request's. */
static void set_proxy_trust(CURL *easy, const struct http_client *c)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	const char *file = ca_file(c, NULL);

	curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, file ? file : info->cainfo);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, file ? NULL : info->capath);
	curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

/* A handle with what is the same for every request. */
static CURL *new_handle(struct http_client *c)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		return NULL;
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);   /* no join of a resolver that hangs */
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);   /* what was signed */
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);  /* and later */
	curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");    /* a key with a pass phrase fails; else OpenSSL asks the terminal */
	set_trust(easy, c, NULL);
	set_proxy_trust(easy, c);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");      /* proxies are ours to choose: curl reads no environment */
	curl_easy_setopt(easy, CURLOPT_USERAGENT, c->user_agent.ptr);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, c);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, c);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	return easy;
}

static bool append_header(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer)
		t->headers = longer;
	return longer != NULL;
}

static bool has_header(const struct http_request *r, struct str name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (str_eq_nocase(r->headers[i].name, name))
			return true;
	return false;
}

static bool set_headers(struct transfer *t)
{
	/* curl adds these by itself; "Name:" takes them out. */
	static const struct str unwanted[] = { STR_INIT("Expect:"), STR_INIT("Accept:"), STR_INIT("Content-Type:") };
	const struct http_request *r = t->request;
	struct buf line;
	bool ok = true;

	buf_init(&line, MAX_LINE_BYTES);
	for (size_t i = 0; ok && i < r->n_headers; i++) {
		buf_clear(&line);
		buf_put(&line, r->headers[i].name);
		buf_puts(&line, r->headers[i].value.len ? ": " : ";"); /* ';' is curl's way to send an empty one */
		buf_put(&line, r->headers[i].value);
		ok = buf_ok(&line) && append_header(t, line.ptr);
	}
	for (size_t i = 0; ok && i < sizeof(unwanted) / sizeof(*unwanted); i++)
		if (!has_header(r, str_sub(unwanted[i], 0, unwanted[i].len - 1)))
			ok = append_header(t, unwanted[i].ptr);
	buf_wipe(&line);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	return ok;
}

static void set_method_and_body(struct transfer *t)
{
	const struct http_request *r = t->request;
	bool get = strcmp(r->method, "GET") == 0, head = strcmp(r->method, "HEAD") == 0;
	const char *fields = r->body.len ? r->body.ptr : "";

	/* An announced length that is too large, or no number, ends it at once; HEAD
	 * announces what it does not send. */
	curl_easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE, head ? (curl_off_t)0 : (curl_off_t)t->max_body_bytes);
	curl_easy_setopt(t->easy, CURLOPT_NOBODY, 0L);
	curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, NULL);
	if ((get || head) && !r->body.len) {
		curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
		if (head)
			curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
		return;
	}
	curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, r->once && r->body.len ? NULL : fields);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
	curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
	if (strcmp(r->method, "POST") != 0)
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, r->method);
}

static enum http_trouble_kind trouble_kind(const struct transfer *t)
{
	switch (t->result) {
	case CURLE_URL_MALFORMAT:
		return TROUBLE_URL;
	case CURLE_FILESIZE_EXCEEDED:
		return TROUBLE_TOO_LARGE;
	case CURLE_COULDNT_RESOLVE_HOST:
		return TROUBLE_RESOLVE;
	case CURLE_COULDNT_CONNECT:
		return t->proxy ? TROUBLE_PROXY : TROUBLE_CONNECT;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return TROUBLE_PROXY;
	case CURLE_OPERATION_TIMEDOUT:
		return TROUBLE_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ENGINE_NOTFOUND:
		return TROUBLE_TLS;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return TROUBLE_CERTIFICATE;
	case CURLE_SSL_CACERT_BADFILE:
		return TROUBLE_CA_FILE;
	case CURLE_SSL_CERTPROBLEM:
		return TROUBLE_CLIENT_FILE;
	case CURLE_SSL_CLIENTCERT:
		return TROUBLE_CLIENT;
	default:
		return TROUBLE_BROKEN;
	}
}

static curl_off_t time_of(const struct transfer *t, CURLINFO what)
{
	curl_off_t us = 0;

	curl_easy_getinfo(t->easy, what, &us);
	return us;
}

static long number_of(const struct transfer *t, CURLINFO what)
{
	long n = 0;

	curl_easy_getinfo(t->easy, what, &n);
	return n;
}

static bool transfer_failed(const struct transfer *t, struct err *err)
{
	struct http_trouble trouble = {
		.kind = trouble_kind(t), .request = t->request, .proxy = t->proxy, .max_body_bytes = t->max_body_bytes,
		.resolved = time_of(t, CURLINFO_NAMELOOKUP_TIME_T) > 0,
		/* (CONNECT_TIME is not set yet while a handshake goes on.) */
		.connected = number_of(t, CURLINFO_LOCAL_PORT) > 0,
		.secured = time_of(t, CURLINFO_APPCONNECT_TIME_T) > 0, .connects = number_of(t, CURLINFO_NUM_CONNECTS) > 0,
		.words = t->problem[0] ? t->problem : curl_easy_strerror(t->result), .ca_file = ca_file(t->client, t->request->tls),
	};
	bool tunnel = t->proxy && http_origin(t->request->url).tls;
	long status = tunnel ? number_of(t, CURLINFO_HTTP_CONNECTCODE) : number_of(t, CURLINFO_RESPONSE_CODE);

	trouble.of_proxy = t->proxy && t->proxy->tls && !(tunnel && status);
	trouble.verify = number_of(t, trouble.of_proxy ? CURLINFO_PROXY_SSL_VERIFYRESULT : CURLINFO_SSL_VERIFYRESULT);
	/* A tunnel's own request counts, too, and goes to the proxy alone. */
	trouble.sent = !tunnel && number_of(t, CURLINFO_REQUEST_SIZE) > 0;
	if (t->too_large)
		trouble.kind = TROUBLE_TOO_LARGE;
	trouble.proxy_status = tunnel ? (int)status : 0;
	if (trouble.proxy_status && status / 100 != 2 && trouble.kind == TROUBLE_BROKEN)
		trouble.kind = TROUBLE_PROXY;
	return http_trouble_tell(&trouble, err);
}

/* What the proxy of a request without TLS says of itself: the server has not seen it. */
static bool proxy_refused(const struct transfer *t, struct err *err)
{
	const struct http_trouble trouble = {
		.kind = TROUBLE_PROXY, .request = t->request, .proxy = t->proxy, .proxy_status = t->response->status,
	};

	return http_trouble_tell(&trouble, err);
}

static bool set_options(struct transfer *t, int64_t timeout_ms, struct err *err)
{
	const struct http_request *r = t->request;
	char *url = mem_dup(r->url.ptr, r->url.len);

	curl_easy_setopt(t->easy, CURLOPT_URL, url);
	mem_free(url);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->problem);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(r->connect_timeout_ms ? r->connect_timeout_ms : DEFAULT_CONNECT_MS));
	curl_easy_setopt(t->easy, CURLOPT_PROXY, t->proxy ? t->proxy->url.ptr : "");
	/* A request without a body can always be sent again; not on a connection that is new. */
	curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, (long)(r->once && !r->body.len));
	if (r->tls)
		set_trust(t->easy, t->client, r->tls);
	set_method_and_body(t);
	return set_headers(t) || err_set(err, ERR_FATAL, "http.request",
					 "%.16s request cannot be sent: a header is longer than 64 KiB", r->method);
}

static void give_handle_back(struct transfer *t)
{
	struct http_client *c = t->client;

	/* Nothing of this task's stack stays in it. */
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, NULL);
	if (t->request->tls)
		set_trust(t->easy, c, NULL);
	c->idle[c->n_idle++] = t->easy; /* there are as many slots as there can be transfers */
}

static bool perform(struct transfer *t, struct err *err)
{
	struct http_client *c = t->client;
	bool ok;

	c->stats.requests++;
	t->result = CURLE_OUT_OF_MEMORY; /* what it is when it does not even begin */
	ok = curl_multi_add_handle(c->multi, t->easy) != CURLM_OK || event_wait(&t->done, -1, NULL, err);
	c->stats.connects += (uint64_t)number_of(t, CURLINFO_NUM_CONNECTS);
	t->response->status = (int)number_of(t, CURLINFO_RESPONSE_CODE);
	if (ok && t->result != CURLE_OK)
		ok = transfer_failed(t, err);
	else if (ok && t->proxy && t->response->status == 407)
		ok = proxy_refused(t, err);
	curl_multi_remove_handle(c->multi, t->easy);
	if (!ok)
		t->response->status = 0;
	else
		http_response_end_head(t->response);
	return ok;
}

/* The whole exchange, on a connection that is this task's to open. */
static bool exchange(struct http_client *c, const struct http_request *r, struct http_response *response,
		     int64_t timeout_ms, struct err *err)
{
	struct transfer t = {
		.client = c, .request = r, .response = response,
		.proxy = r->direct ? NULL : http_proxies_for(&c->proxies, r->url),
		.max_body_bytes = r->max_response_bytes ? r->max_response_bytes : DEFAULT_RESPONSE_BYTES,
	};
	bool ok;

	t.easy = c->n_idle ? c->idle[--c->n_idle] : new_handle(c);
	if (!t.easy)
		return err_set(err, ERR_RETRY, "http.connect", "libcurl has no memory for a request");
	event_init(&t.done, c->loop);
	ok = set_options(&t, timeout_ms, err) && perform(&t, err);
	give_handle_back(&t);
	curl_slist_free_all(t.headers);
	return ok;
}

/* Scheme, host and port as one name, in lower case; one that is longer than a host's can be is cut, and
 * shares its line. */
static struct str line_name(struct str url, char *out, size_t size)
{
	struct http_origin o = http_origin(url);
	int n = snprintf(out, size, "%c %.*s %.*s", o.tls ? 's' : '-', (int)(o.port.len < 8 ? o.port.len : 8), o.port.ptr,
			 (int)(o.host.len < size ? o.host.len : size), o.host.ptr ? o.host.ptr : "");
	size_t len = (size_t)n < size ? (size_t)n : size - 1;

	for (size_t i = 0; i < len; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] - 'A' + 'a');
	return str_of(out, len);
}

static void leave_line(struct http_client *c, struct waiter *w)
{
	struct line_ticket *next;

	line_leave(&c->line, &w->ticket);
	while ((next = line_next(&c->line)))
		event_set(&((struct waiter *)next)->turn);
}

static bool tell_busy(const struct http_client *c, const struct http_request *r, struct str name, int64_t waited_ms,
		      struct err *err)
{
	struct str where = http_shown_url(r->url);
	size_t of_host = line_in_use(&c->line, name);

	if (of_host >= c->line.max_per_host && c->line.max_per_host < c->line.max)
		return err_set(err, ERR_RETRY, "http.busy",
			       "%s %.*s: waited %lld ms for a connection, all %zu that one host may have are in use; does "
			       "it hang, or is limits.connections_per_host too low?", r->method, STR_ARG(where),
			       (long long)waited_ms, of_host);
	return err_set(err, ERR_RETRY, "http.busy",
		       "%s %.*s: waited %lld ms for a connection, all %zu are in use (%zu for this host); does a server "
		       "hang, or is limits.connections too low?", r->method, STR_ARG(where), (long long)waited_ms,
		       c->line.in_use, of_host);
}

/* Waits for a place; false: out of the line. (In libcurl's own line requests do not time out.) */
static bool take_place(struct http_client *c, const struct http_request *r, struct waiter *w, int64_t timeout_ms,
		       struct err *err)
{
	char text[300];
	struct str name = line_name(r->url, text, sizeof(text));
	bool ok;

	event_init(&w->turn, c->loop);
	line_enter(&c->line, name, &w->ticket);
	if (w->ticket.has_place)
		return true;
	ok = event_wait(&w->turn, timeout_ms, NULL, err);
	if (ok && w->ticket.has_place)
		return true;
	if (ok)
		tell_busy(c, r, name, timeout_ms, err);
	leave_line(c, w);
	return false;
}

static bool client_send(struct transport *transport, const struct http_request *r, struct http_response *response,
			struct err *err)
{
	struct http_client *c = (struct http_client *)transport;
	struct env *env = loop_env(c->loop);
	int64_t timeout_ms = r->timeout_ms ? r->timeout_ms : DEFAULT_TIMEOUT_MS, begun = env_mono_ms(env), left;
	struct waiter w;
	bool ok;

	http_response_clear(response);
	response->sent_ms = response->received_ms = begun;
	if (!http_request_check(r, err) || !take_place(c, r, &w, timeout_ms, err))
		return false;
	if (r->may_leave && !r->may_leave(r->may_leave_ctx, err)) {
		leave_line(c, &w);
		return false;
	}
	response->sent_ms = env_mono_ms(env);
	left = timeout_ms - (response->sent_ms - begun);
	c->stats.in_flight++;
	ok = exchange(c, r, response, left > 1 ? left : 1, err);
	c->stats.in_flight--;
	response->received_ms = env_mono_ms(env);
	leave_line(c, &w);
	return ok;
}

static bool set_up(struct http_client *c, const struct http_client_settings *set, struct err *err)
{
	buf_puts(&c->user_agent, set->user_agent ? set->user_agent : "sluice/" SLUICE_VERSION);
	if (set->ca_file)
		buf_puts(&c->ca_file, set->ca_file);
	if (!http_proxies_read(&c->proxies, set->getenv, set->getenv_ctx, err))
		return false;
	if (!buf_ok(&c->user_agent) || !buf_ok(&c->ca_file))
		return err_set(err, ERR_FATAL, "http.curl", "user agent or CA file name are too long");
	if (c->ca_file.len && !http_ca_file_check(c->ca_file.ptr, err))
		return false;
	c->multi = curl_multi_init();
	return c->multi || err_set(err, ERR_FATAL, "http.curl", "libcurl has no memory for an HTTP client");
}

struct http_client *http_client_new(struct loop *loop, const struct http_client_settings *settings, struct err *err)
{
	struct http_client *c = mem_alloc(sizeof(*c));
	size_t most = settings->max_connections ? settings->max_connections : DEFAULT_CONNECTIONS;

	most = most < MOST_CONNECTIONS ? most : MOST_CONNECTIONS;
	c->transport.send = client_send;
	c->loop = loop;
	c->timer = (struct timer){ .fn = on_timer, .arg = c };
	c->idle = mem_array(most, sizeof(CURL *));
	line_init(&c->line, most, settings->max_per_host);
	buf_init(&c->user_agent, 1024);
	buf_init(&c->ca_file, 4096);
	if (!set_up(c, settings, err)) {
		http_client_free(c);
		return NULL;
	}
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)most);
	/* Kept ones count: of these the oldest is closed for a new one. No transfer ever waits for that: the line lets
	 * no more go than there are connections. */
	curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)most);
	return c;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	while (c->n_idle)
		curl_easy_cleanup(c->idle[--c->n_idle]);
	if (c->multi)
		curl_multi_cleanup(c->multi);
	loop_timer_cancel(&c->timer);
	mem_free(c->idle);
	http_proxies_release(&c->proxies);
	buf_release(&c->user_agent);
	buf_release(&c->ca_file);
	mem_free(c);
}

struct transport *http_client_transport(struct http_client *c)
{
	return &c->transport;
}

struct http_client_stats http_client_stats(const struct http_client *c)
{
	struct http_client_stats stats = c->stats;

	stats.waiting = c->line.waiting;
	return stats;
}
