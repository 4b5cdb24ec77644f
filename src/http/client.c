#include "sluice/http/client.h"

#include "sluice/core/mem.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	DEFAULT_CONNECTIONS = 64,
	MOST_CONNECTIONS = 65536,
	DEFAULT_CONNECT_MS = 3100,     /* past the second SYN, which goes out after 1 s, and the third after 3 s */
	DEFAULT_TIMEOUT_MS = 30000,
	DEFAULT_RESPONSE_BYTES = 1024 * 1024,
	RECEIVE_BYTES = 64 * 1024,
	MAX_URL_BYTES = 16 * 1024,
	MAX_LINE_BYTES = 64 * 1024,
};

/* A task in line for a connection. */
struct waiter {
	struct event turn;
	bool granted;
	struct waiter *next, *prev;
};

struct http_client {
	struct transport transport;    /* first: send() gets the client back from it */
	struct loop *loop;
	CURLM *multi;
	struct timer timer;
	struct buf user_agent, ca_file;
	size_t max_connections, in_use;
	struct waiter *first, *last;
	CURL **idle;                   /* handles to use again; max_connections slots */
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
	CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
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
	(void)arg;
	(void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
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

	(void)size; /* 1 */
	if (!http_response_add_line(t->response, str_trim(str_of(bytes, n)))) {
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
	if (c->ca_file.len)
		curl_easy_setopt(easy, CURLOPT_CAINFO, c->ca_file.ptr);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, c->user_agent.ptr);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
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

static bool refuse(const struct http_request *r, struct err *err, const char *why)
{
	return err_set(err, ERR_FATAL, "http.request", "%.16s request cannot be sent: %s", r->method, why);
}

static bool is_token(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] == 0x7f || name.ptr[i] == ':')
			return false;
	return name.len != 0;
}

static bool is_field_value(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (((unsigned char)value.ptr[i] < ' ' && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
			return false;
	return true;
}

static bool check_request(const struct http_request *r, struct err *err)
{
	if (!is_token(str_c(r->method)))
		return refuse(r, err, "its method is no word");
	if (!str_eq_nocase(str_sub(r->url, 0, 7), STR("http://")) &&
	    !str_eq_nocase(str_sub(r->url, 0, 8), STR("https://")))
		return refuse(r, err, "its URL does not begin with http:// or https://");
	if (r->url.len > MAX_URL_BYTES)
		return refuse(r, err, "its URL is longer than 16 KiB");
	if (!is_field_value(r->url) || str_find_char(r->url, ' ') != SIZE_MAX)
		return refuse(r, err, "its URL holds a space or a control character");
	for (size_t i = 0; i < r->n_headers; i++)
		if (!is_token(r->headers[i].name) || !is_field_value(r->headers[i].value))
			return refuse(r, err, "a header's name or value holds a character that no header may have");
	return true;
}

/* Where the request goes: scheme, host and port; user information, path and
 * query may hold secrets. */
static struct str shown_url(const struct http_request *r)
{
	size_t start = str_find(r->url, STR("://")) + 3, end = start;

	while (end < r->url.len && !strchr("/?#", r->url.ptr[end])) {
		if (r->url.ptr[end] == '@')
			start = end + 1;
		end++;
	}
	return str_sub(r->url, start, end - start);
}

static const char *failure_code(const struct transfer *t)
{
	switch (t->result) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "http.resolve";
	case CURLE_COULDNT_CONNECT:
		return "http.connect";
	case CURLE_OPERATION_TIMEDOUT:
		return "http.timeout";
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return "http.tls";
	default:
		return "http.broken";
	}
}

static bool transfer_failed(const struct transfer *t, struct err *err)
{
	struct str where = shown_url(t->request);

	if (t->result == CURLE_URL_MALFORMAT)
		return refuse(t->request, err, "its URL is malformed");
	if (t->too_large || t->result == CURLE_FILESIZE_EXCEEDED)
		return err_set(err, ERR_RETRY, "http.too_large",
			       "%s %.*s: the answer has more than %zu bytes, or than 64 KiB of headers",
			       t->request->method, STR_ARG(where), t->max_body_bytes);
	return err_set(err, ERR_RETRY, failure_code(t), "%s %.*s: %s", t->request->method, STR_ARG(where),
		       t->problem[0] ? t->problem : curl_easy_strerror(t->result));
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
	set_method_and_body(t);
	return set_headers(t) || refuse(r, err, "a header is longer than 64 KiB");
}

static void give_handle_back(struct transfer *t)
{
	struct http_client *c = t->client;

	/* Nothing of this task's stack stays in it. */
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, NULL);
	c->idle[c->n_idle++] = t->easy; /* there are as many slots as there can be transfers */
}

static bool perform(struct transfer *t, struct err *err)
{
	struct http_client *c = t->client;
	long status = 0, connects = 0;
	bool ok;

	c->stats.requests++;
	curl_multi_add_handle(c->multi, t->easy);
	ok = event_wait(&t->done, -1, NULL, err);
	curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	c->stats.connects += (uint64_t)connects;
	curl_multi_remove_handle(c->multi, t->easy);
	if (!ok)
		return false;
	if (t->result != CURLE_OK)
		return transfer_failed(t, err);
	t->response->status = (int)status;
	http_response_end_head(t->response);
	return true;
}

/* The whole exchange, on a connection that is this task's to open. */
static bool exchange(struct http_client *c, const struct http_request *r, struct http_response *response,
		     int64_t timeout_ms, struct err *err)
{
	struct transfer t = {
		.client = c, .request = r, .response = response,
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

static void join_line(struct http_client *c, struct waiter *w)
{
	*w = (struct waiter){ .prev = c->last };
	event_init(&w->turn, c->loop);
	if (c->last)
		c->last->next = w;
	else
		c->first = w;
	c->last = w;
	c->stats.waiting++;
}

static void leave_line(struct http_client *c, struct waiter *w)
{
	if (w->prev)
		w->prev->next = w->next;
	else
		c->first = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		c->last = w->prev;
	c->stats.waiting--;
}

static void release_slot(struct http_client *c)
{
	struct waiter *w = c->first;

	if (!w) {
		c->in_use--;
		return;
	}
	leave_line(c, w); /* the slot goes from hand to hand */
	w->granted = true;
	event_set(&w->turn);
}

/* Waits for one of max_connections. (In libcurl's own line requests do not time out.) */
static bool take_slot(struct http_client *c, const struct http_request *r, int64_t timeout_ms, struct err *err)
{
	struct waiter w;
	bool ok;

	if (c->in_use < c->max_connections) {
		c->in_use++;
		return true;
	}
	join_line(c, &w);
	ok = event_wait(&w.turn, timeout_ms, NULL, err);
	if (w.granted) {
		if (!ok)
			release_slot(c);
		return ok;
	}
	leave_line(c, &w);
	if (!ok)
		return false;
	return err_set(err, ERR_RETRY, "http.connect", "%s %.*s: all %zu connections were busy for %lld ms", r->method,
		       STR_ARG(shown_url(r)), c->max_connections, (long long)timeout_ms);
}

static bool client_send(struct transport *transport, const struct http_request *r, struct http_response *response,
			struct err *err)
{
	struct http_client *c = (struct http_client *)transport;
	struct env *env = loop_env(c->loop);
	int64_t timeout_ms = r->timeout_ms ? r->timeout_ms : DEFAULT_TIMEOUT_MS, begun = env_mono_ms(env), left;
	bool ok;

	http_response_clear(response);
	response->sent_ms = response->received_ms = begun;
	if (!check_request(r, err) || !take_slot(c, r, timeout_ms, err))
		return false;
	if (r->may_leave && !r->may_leave(r->may_leave_ctx, err)) {
		release_slot(c);
		return false;
	}
	response->sent_ms = env_mono_ms(env);
	left = timeout_ms - (response->sent_ms - begun);
	c->stats.in_flight++;
	ok = exchange(c, r, response, left > 1 ? left : 1, err);
	c->stats.in_flight--;
	response->received_ms = env_mono_ms(env);
	release_slot(c);
	return ok;
}

struct http_client *http_client_new(struct loop *loop, const struct http_client_settings *settings, struct err *err)
{
	struct http_client *c = mem_alloc(sizeof(*c));
	size_t most = settings->max_connections ? settings->max_connections : DEFAULT_CONNECTIONS;

	c->transport.send = client_send;
	c->loop = loop;
	c->max_connections = most < MOST_CONNECTIONS ? most : MOST_CONNECTIONS;
	c->timer = (struct timer){ .fn = on_timer, .arg = c };
	c->idle = mem_array(c->max_connections, sizeof(CURL *));
	buf_init(&c->user_agent, 1024);
	buf_init(&c->ca_file, 4096);
	buf_puts(&c->user_agent, settings->user_agent ? settings->user_agent : "sluice/" SLUICE_VERSION);
	if (settings->ca_file)
		buf_puts(&c->ca_file, settings->ca_file);
	c->multi = curl_multi_init();
	if (!c->multi || !buf_ok(&c->user_agent) || !buf_ok(&c->ca_file)) {
		err_set(err, ERR_FATAL, "http.curl", "cannot start an HTTP client: %s",
			c->multi ? "user agent or CA file name are too long" : "libcurl has no memory");
		http_client_free(c);
		return NULL;
	}
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)c->max_connections);
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
	return c->stats;
}
