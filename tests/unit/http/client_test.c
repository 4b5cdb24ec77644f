/* The real client against a real server on a thread of this process. */
#include "support/http_server.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/http/client.h"

#include <assert.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* A resolver that hangs: curl calls this instead of the C library's. It gives
 * up after a while, so that a client that waits for it fails instead of hanging. */
static sem_t resolver_called, resolver_may_end;
static atomic_bool resolver_gave_up;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	typedef int resolve(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	resolve *real;

	if (node && strcmp(node, "hangs.test") == 0) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 20;
		sem_post(&resolver_called);
		if (sem_timedwait(&resolver_may_end, &until) != 0)
			atomic_store(&resolver_gave_up, true);
		return EAI_AGAIN;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(node, service, hints, out);
}

static bool path_is(const struct http_server_request *r, const char *path)
{
	return str_eq(r->path, str_c(path));
}

/* A secret that stands nowhere as it is written here. */
enum { VEIL = 0x5a, SECRET_BYTES = 32 };
static const char veiled[SECRET_BYTES + 1] = "what-nobody-shall-find-in-memory";

static void put_secret(char *to)
{
	for (size_t i = 0; i < SECRET_BYTES; i++)
		to[i] = (char)(veiled[i] ^ VEIL);
}

static bool answer_secret(struct http_server_request *r)
{
	char text[SECRET_BYTES];
	bool ok = http_server_write(r, STR("HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n"));

	put_secret(text);
	ok = ok && http_server_write(r, str_of(text, sizeof(text)));
	explicit_bzero(text, sizeof(text));
	return ok;
}

static bool answer_echo(struct http_server_request *r)
{
	struct buf body;
	bool ok;

	buf_init(&body, 1 << 22);
	buf_put(&body, r->head);
	buf_puts(&body, "\n");
	buf_put(&body, r->body);
	ok = http_server_answer(r, 200, "X-Test: a b\r\nx-test: second\r\n", buf_str(&body));
	buf_release(&body);
	return ok;
}

static bool write_endless_head(struct http_server_request *r)
{
	char field[600];
	bool ok = http_server_write(r, STR("HTTP/1.1 200 OK\r\n"));

	memset(field, 'x', sizeof(field));
	memcpy(field, "X-A: ", 5);
	memcpy(field + sizeof(field) - 2, "\r\n", 2);
	while (ok)
		ok = http_server_write(r, str_of(field, sizeof(field)));
	return false;
}

static bool write_endless_body(struct http_server_request *r)
{
	static const char zeros[65536];
	bool ok = http_server_write(r, STR("HTTP/1.1 200 OK\r\n\r\n"));

	while (ok)
		ok = http_server_write(r, str_of(zeros, sizeof(zeros)));
	return false;
}

/* One byte after the other, as long as the peer takes them. */
static bool write_slowly(struct http_server_request *r)
{
	bool ok = http_server_write(r, STR("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"));

	while (ok) {
		usleep(5000);
		ok = http_server_write(r, STR("x"));
	}
	return false;
}

/* Heads that never end, or no head does: each is short. */
static bool write_slow_head(struct http_server_request *r)
{
	bool ok = http_server_write(r, STR("HTTP/1.1 200 OK\r\nX-Slow: "));

	while (ok) {
		usleep(5000);
		ok = http_server_write(r, STR("x"));
	}
	return false;
}

static bool write_endless_heads(struct http_server_request *r)
{
	while (http_server_write(r, STR("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n")))
		usleep(1000);
	return false;
}

static bool handle(struct http_server_request *r)
{
	if (path_is(r, "/secret"))
		return answer_secret(r);
	if (path_is(r, "/echo"))
		return answer_echo(r);
	if (path_is(r, "/500"))
		return http_server_answer(r, 500, NULL, STR("oops"));
	if (path_is(r, "/redirect"))
		return http_server_answer(r, 302, "Location: /echo\r\nSet-Cookie: a=b\r\n", STR(""));
	if (path_is(r, "/continue"))
		return http_server_write(r, STR("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n")) &&
		       http_server_answer(r, 200, "X-Late: 1\r\n", STR("done"));
	if (path_is(r, "/cut"))
		http_server_write(r, STR("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"));
	if (path_is(r, "/garbage"))
		http_server_write(r, STR("\x16\x03 what is this\r\n\r\n"));
	if (path_is(r, "/badlength"))
		http_server_write(r, STR("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx"));
	if (path_is(r, "/announced"))
		http_server_write(r, STR("HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\nx"));
	if (path_is(r, "/badchunk"))
		http_server_write(r, STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx"));
	if (path_is(r, "/bighead"))
		return write_endless_head(r);
	if (path_is(r, "/bigbody"))
		return write_endless_body(r);
	if (path_is(r, "/slowhead"))
		return write_slow_head(r);
	if (path_is(r, "/heads"))
		return write_endless_heads(r);
	if (path_is(r, "/slow"))
		return write_slowly(r);
	if (path_is(r, "/hang"))
		http_server_wait_for_close(r);
	if (path_is(r, "/second-drops"))
		return r->nth == 1 && http_server_answer(r, 200, NULL, STR("first"));
	return false;
}

struct fixture {
	struct http_server *server;
	size_t max_connections, max_per_host;
	struct http_client *client;
	struct loop *loop;
	void (*body)(struct fixture *f);
};

static void with_client(struct loop *loop, void *arg)
{
	struct fixture *f = arg;
	const struct http_client_settings settings = {
		.max_connections = f->max_connections, .max_per_host = f->max_per_host,
	};
	struct err err = { 0 };

	f->loop = loop;
	f->client = http_client_new(loop, &settings, &err);
	CHECK(f->client != NULL);
	f->body(f);
	http_client_free(f->client);
}

static void run_fixture(struct fixture f, const struct http_server_options *options)
{
	f.server = http_server_start_with(options, handle, NULL);
	run_real(with_client, &f);
	http_server_stop(f.server);
}

static void run(void (*body)(struct fixture *f), size_t max_connections)
{
	const struct http_server_options options = { 0 };

	run_fixture((struct fixture){ .body = body, .max_connections = max_connections }, &options);
}

/* One request to the fixture's server; *r is initialised here. */
static bool get(struct fixture *f, const char *path, struct http_request how, struct http_response *r, struct err *err)
{
	char url[256];

	if (!how.url.ptr) {
		snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", http_server_port(f->server), path);
		how.url = str_c(url);
	}
	if (!how.method)
		how.method = "GET";
	http_response_init(r);
	return transport_send(http_client_transport(f->client), &how, r, err);
}

static void send_one_of_each_method(struct fixture *f)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE", "POST", "GET", "HEAD", "POST" };
	const struct http_header headers[] = { { STR("Content-Type"), STR("a/b") }, { STR("X-Empty"), STR("") } };

	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		bool with_body = methods[i][0] == 'P';
		struct http_request how = {
			.method = methods[i], .headers = headers, .n_headers = 2,
			.body = with_body ? STR("caf\xc3\xa9 {}") : STR(""), .once = i == 3,
		};
		struct http_response r;
		struct err err = { 0 };
		char line[32];

		CHECK_OK(get(f, "/echo", how, &r, &err), &err);
		CHECK_EQ(r.status, 200);
		CHECK_STR(http_response_header(&r, "X-TEST"), "a b");
		CHECK_STR(http_response_header(&r, "absent"), "");
		snprintf(line, sizeof(line), "%s /echo HTTP/1.1\r\n", methods[i]);
		if (strcmp(methods[i], "HEAD") == 0) {
			CHECK_EQ(r.body.len, 0);
		} else {
			CHECK(str_starts(buf_str(&r.body), str_c(line)));
			CHECK(str_find(buf_str(&r.body), STR("Content-Type: a/b\r\n")) != SIZE_MAX);
			CHECK(str_find(buf_str(&r.body), STR("X-Empty:\r\n")) != SIZE_MAX);
			CHECK(str_find(buf_str(&r.body), STR("User-Agent: sluice/")) != SIZE_MAX);
			CHECK(str_find(buf_str(&r.body), STR("Expect")) == SIZE_MAX);
			CHECK(str_find(buf_str(&r.body), STR("Accept:")) == SIZE_MAX);
			CHECK(str_ends(buf_str(&r.body), how.body));
		}
		CHECK(r.received_ms >= r.sent_ms);
		http_response_release(&r);
	}
	CHECK_EQ(http_client_stats(f->client).requests, COUNT_OF(methods));
	CHECK_EQ(http_client_stats(f->client).connects, 1);
	CHECK_EQ(http_client_stats(f->client).in_flight, 0);
}

static void test_requests_arrive_as_made_over_one_connection(void **state)
{
	(void)state;
	run(send_one_of_each_method, 4);
}

static void read_answers(struct fixture *f)
{
	static const struct { const char *path; int status; const char *body; } cases[] = {
		{ "/500", 500, "oops" }, { "/redirect", 302, "" }, { "/continue", 200, "done" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_response r;
		struct err err = { 0 };

		CHECK_OK(get(f, cases[i].path, (struct http_request){ 0 }, &r, &err), &err);
		CHECK_EQ(r.status, cases[i].status);
		CHECK_STR(buf_str(&r.body), cases[i].body);
		CHECK_STR(http_response_header(&r, "x-early"), "");
		CHECK_STR(http_response_header(&r, "x-late"), i == 2 ? "1" : "");
		http_response_release(&r);
	}
	CHECK_EQ(http_server_requests(f->server), 3);
}

static void test_any_status_is_an_answer_and_redirects_are_not_followed(void **state)
{
	(void)state;
	run(read_answers, 4);
}

static void meet_bad_servers(struct fixture *f)
{
	static const struct { const char *path, *url, *code; } cases[] = {
		{ "/cut", NULL, "http.broken" },
		{ "/garbage", NULL, "http.broken" },
		{ "/badlength", NULL, "http.too_large" },
		{ "/announced", NULL, "http.too_large" },
		{ "/badchunk", NULL, "http.broken" },
		{ "/nothing", NULL, "http.broken" },
		{ "/bighead", NULL, "http.too_large" },
		{ "/bigbody", NULL, "http.too_large" },
		{ "/slow", NULL, "http.timeout" },
		{ "/slowhead", NULL, "http.timeout" },
		{ "/heads", NULL, "http.timeout" },
		{ "/hang", NULL, "http.timeout" },
		{ NULL, "http://127.0.0.1:1/secret?token=secret", "http.connect" },
		{ NULL, "http://user:secret@no-such-host.invalid/", "http.resolve" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_request how = { .timeout_ms = 300, .max_response_bytes = 100000 };
		struct http_response r;
		struct err err = { 0 };

		if (cases[i].url) {
			how.url = str_c(cases[i].url);
			how.timeout_ms = 20000;
			how.connect_timeout_ms = 20000;
		}
		CHECK_CLASS(get(f, cases[i].path, how, &r, &err), &err, ERR_RETRY);
		CHECK_STR(str_c(err.code), cases[i].code);
		CHECK(strstr(err.text, "GET ") != NULL);
		CHECK(strstr(err.text, "secret") == NULL);
		CHECK(r.body.len <= 100000);
		http_response_release(&r);
	}
}

static void test_bad_servers_cost_an_error_each(void **state)
{
	(void)state;
	run(meet_bad_servers, 4);
}

static void send_what_is_no_request(struct fixture *f)
{
	const struct http_header bad[] = {
		{ STR("X-A"), STR("a\r\nX-B: injected") }, { STR("X\nA"), STR("a") }, { STR(""), STR("a") },
		{ STR("X-A"), STR_INIT("a\0b") },
	};
	const struct http_request cases[] = {
		{ .headers = &bad[0], .n_headers = 1 }, { .headers = &bad[1], .n_headers = 1 },
		{ .headers = &bad[2], .n_headers = 1 }, { .headers = &bad[3], .n_headers = 1 },
		{ .url = STR("file:///etc/passwd") }, { .url = STR("ftp://127.0.0.1/") }, { .url = STR("") },
		{ .url = STR("http://127.0.0.1/a b") }, { .url = STR("http://127.0.0.1/\n") },
		{ .url = STR("http://") }, { .url = STR("http://127.0.0.1:99999/") },
		{ .method = "GET / HTTP/1.1\r\nX: y" }, { .method = "" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_response r;
		struct err err = { 0 };

		CHECK_CLASS(get(f, "/echo", cases[i], &r, &err), &err, ERR_FATAL);
		CHECK_STR(str_c(err.code), "http.request");
		http_response_release(&r);
	}
	CHECK_EQ(http_server_requests(f->server), 0);
}

static void test_what_is_no_request_is_not_sent(void **state)
{
	(void)state;
	run(send_what_is_no_request, 4);
}

static void lose_a_kept_connection(struct fixture *f)
{
	const struct http_request often = { .method = "POST", .body = STR("x") };
	const struct http_request once = { .method = "POST", .body = STR("x"), .once = true };
	struct http_response r;
	struct err err = { 0 };

	/* The server reads the second request of a connection, and hangs up. */
	CHECK_OK(get(f, "/second-drops", once, &r, &err), &err);
	http_response_release(&r);
	CHECK_CLASS(get(f, "/second-drops", once, &r, &err), &err, ERR_RETRY);
	CHECK_STR(str_c(err.code), "http.broken");
	http_response_release(&r);
	CHECK_EQ(http_server_requests(f->server), 2);
	CHECK_OK(get(f, "/second-drops", often, &r, &err), &err);
	http_response_release(&r);
	CHECK_OK(get(f, "/second-drops", often, &r, &err), &err);
	http_response_release(&r);
	CHECK_EQ(http_server_requests(f->server), 5);
}

static void test_a_once_request_is_never_sent_twice(void **state)
{
	(void)state;
	run(lose_a_kept_connection, 4);
}

struct one_get {
	struct fixture *f;
	const char *path;
	struct http_request how;
	bool ended, ok;
	unsigned order, *next_order;
	struct err err;
};

static void get_in_task(void *arg)
{
	struct one_get *g = arg;
	struct http_response r;

	g->ok = get(g->f, g->path, g->how, &r, &g->err);
	g->ended = true;
	if (g->next_order)
		g->order = (*g->next_order)++;
	http_response_release(&r);
}

static void queue_for_one_connection(struct fixture *f)
{
	struct one_get hang = { .f = f, .path = "/hang" }, wait[5];
	unsigned next_order = 0;
	struct scope hanging, waiting;

	scope_init(&hanging, f->loop);
	scope_init(&waiting, f->loop);
	scope_spawn(&hanging, "hang", get_in_task, &hang);
	CHECK(task_yield(f->loop, NULL));
	for (size_t i = 0; i < 5; i++) {
		wait[i] = (struct one_get){ .f = f, .path = "/echo", .next_order = &next_order };
		wait[i].how.timeout_ms = i == 2 ? 50 : 0;
		scope_spawn(&waiting, "wait", get_in_task, &wait[i]);
	}
	while (!wait[2].ended)
		CHECK(task_sleep_ms(f->loop, 5, NULL));
	CHECK(!wait[2].ok);
	CHECK_STR(str_c(wait[2].err.code), "http.busy");
	CHECK(strstr(wait[2].err.text, "limits.connections ") != NULL);
	CHECK(http_unsent(&wait[2].err));
	CHECK_EQ(http_client_stats(f->client).waiting, 4);
	CHECK_EQ(http_client_stats(f->client).in_flight, 1);
	scope_cancel(&hanging);
	scope_wait(&hanging);
	CHECK_EQ(hang.err.class, ERR_CANCELLED);
	scope_wait(&waiting);
	for (size_t i = 0; i < 5; i++)
		CHECK_EQ(wait[i].ok, i != 2);
	CHECK(wait[0].order < wait[1].order && wait[1].order < wait[3].order && wait[3].order < wait[4].order);
	CHECK_EQ(http_client_stats(f->client).waiting, 0);
	CHECK_EQ(http_server_connections(f->server), 2);
}

static void test_requests_wait_in_line_for_a_connection(void **state)
{
	(void)state;
	run(queue_for_one_connection, 1);
}

/* Four to a host that hangs and two places for it: those of another host pass by. */
static void pass_a_host_that_hangs(struct fixture *f)
{
	struct http_server *other = http_server_start(handle, NULL);
	struct one_get hang[4];
	struct scope scope;
	char url[64];

	scope_init(&scope, f->loop);
	for (size_t i = 0; i < 4; i++) {
		hang[i] = (struct one_get){ .f = f, .path = "/hang", .how.timeout_ms = i == 3 ? 50 : 0 };
		scope_spawn(&scope, "hang", get_in_task, &hang[i]);
	}
	while (http_server_requests(f->server) < 2)
		CHECK(task_sleep_ms(f->loop, 1, NULL));
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/echo", http_server_port(other));
	for (int i = 0; i < 10; i++) {
		struct one_get g = { .f = f, .how.url = str_c(url) };

		get_in_task(&g);
		CHECK_OK(g.ok, &g.err);
	}
	while (!hang[3].ended)
		CHECK(task_sleep_ms(f->loop, 1, NULL));
	CHECK_STR(str_c(hang[3].err.code), "http.busy");
	CHECK(strstr(hang[3].err.text, "all 2 that one host may have are in use") != NULL);
	CHECK(http_unsent(&hang[3].err));
	CHECK_EQ(http_server_requests(f->server), 2);
	CHECK_EQ(http_client_stats(f->client).waiting, 1);
	scope_cancel(&scope);
	scope_wait(&scope);
	http_server_stop(other);
}

static void test_a_host_that_hangs_does_not_starve_others(void **state)
{
	const struct http_server_options options = { 0 };

	(void)state;
	run_fixture((struct fixture){ .body = pass_a_host_that_hangs, .max_connections = 3, .max_per_host = 2 }, &options);
}

/* Four are kept to one server when four begin to another. */
static void keep_within_the_cap(struct fixture *f)
{
	struct http_server *other = http_server_start(handle, NULL);
	struct one_get gets[8];
	struct scope scope;
	char url[64];

	scope_init(&scope, f->loop);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/hang", http_server_port(other));
	for (size_t i = 0; i < 4; i++) {
		gets[i] = (struct one_get){ .f = f, .path = "/echo" };
		scope_spawn(&scope, "get", get_in_task, &gets[i]);
	}
	scope_wait(&scope);
	CHECK_EQ(http_client_stats(f->client).open, 4);
	scope_init(&scope, f->loop);
	for (size_t i = 4; i < 8; i++) {
		gets[i] = (struct one_get){ .f = f, .how.url = str_c(url) };
		scope_spawn(&scope, "get", get_in_task, &gets[i]);
	}
	while (http_server_requests(other) < 4)
		CHECK(task_sleep_ms(f->loop, 1, NULL));
	CHECK_EQ(http_client_stats(f->client).open, 4);
	scope_cancel(&scope);
	scope_wait(&scope);
	CHECK_EQ(http_client_stats(f->client).open, 0);
	http_server_stop(other);
}

static void test_kept_connections_count_among_those_allowed(void **state)
{
	(void)state;
	run(keep_within_the_cap, 4);
}

static void get_by_ipv6(struct fixture *f)
{
	static const char *const hosts[] = { "[::1]", "localhost", "[::1]" };

	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		struct http_request how = { .timeout_ms = i == 2 ? 50 : 0 };
		struct http_response r;
		struct err err = { 0 };
		char url[64];

		snprintf(url, sizeof(url), "http://%s:%d/%s", hosts[i], http_server_port(f->server), i < 2 ? "echo" : "hang");
		how.url = str_c(url);
		if (i < 2) {
			CHECK_OK(get(f, NULL, how, &r, &err), &err);
			CHECK(str_find(buf_str(&r.body), str_sub(str_c(url), 7, strlen(url) - 12)) != SIZE_MAX); /* Host: */
		} else {
			CHECK_CLASS(get(f, NULL, how, &r, &err), &err, ERR_RETRY);
			CHECK(strstr(err.text, "GET [::1]:") != NULL);
		}
		http_response_release(&r);
	}
}

static void test_ipv6_servers_are_reached(void **state)
{
	const struct http_server_options options = { .ipv6 = true };

	(void)state;
	run_fixture((struct fixture){ .body = get_by_ipv6, .max_connections = 4 }, &options);
}

static void run_out_of_time(struct fixture *f)
{
	struct one_get hang = { .f = f, .how = { .url = STR("http://hangs.test/"), .timeout_ms = 100 } };

	get_in_task(&hang);
	CHECK_EQ(hang.err.class, ERR_RETRY);
	CHECK_STR(str_c(hang.err.code), "http.resolve");
	CHECK(http_unsent(&hang.err));
	sem_post(&resolver_may_end);
}

static void test_a_timeout_before_anything_was_sent_says_so(void **state)
{
	(void)state;
	run(run_out_of_time, 4);
	sem_wait(&resolver_called);
}

static void lose_it_with_nothing_to_send(struct fixture *f)
{
	const struct http_request once = { .method = "POST", .once = true };
	struct http_response r;
	struct err err = { 0 };

	for (int i = 0; i < 3; i++) {
		CHECK_OK(get(f, "/second-drops", once, &r, &err), &err);
		http_response_release(&r);
	}
	/* Never on a kept connection, where curl would send it again by itself. */
	CHECK_EQ(http_server_connections(f->server), 3);
	CHECK_EQ(http_server_requests(f->server), 3);
}

static void test_a_once_request_without_a_body_is_not_sent_twice_either(void **state)
{
	(void)state;
	run(lose_it_with_nothing_to_send, 4);
}

static bool may_leave(void *ctx, struct err *err)
{
	return *(bool *)ctx || err_set(err, ERR_RETRY, "test.closed", "it may not leave any more");
}

static void one_is_kept_back_in_the_line(struct fixture *f)
{
	struct one_get hang = { .f = f, .path = "/hang" }, kept = { .f = f, .path = "/echo" }, after = { .f = f, .path = "/echo" };
	struct scope hanging, waiting;
	bool open = true;

	kept.how.may_leave = may_leave;
	kept.how.may_leave_ctx = &open;
	scope_init(&hanging, f->loop);
	scope_init(&waiting, f->loop);
	scope_spawn(&hanging, "hang", get_in_task, &hang);
	while (http_server_requests(f->server) < 1)
		CHECK(task_sleep_ms(f->loop, 1, NULL));
	scope_spawn(&waiting, "wait", get_in_task, &kept);
	CHECK(task_yield(f->loop, NULL));
	open = false; /* while it waits for the connection */
	scope_cancel(&hanging);
	scope_wait(&hanging);
	scope_wait(&waiting);
	CHECK(!kept.ok);
	CHECK_STR(str_c(kept.err.code), "test.closed");
	CHECK_EQ(http_server_requests(f->server), 1);
	get_in_task(&after); /* the connection is free again */
	CHECK_OK(after.ok, &after.err);
	open = true;
	kept.how.may_leave_ctx = &open;
	get_in_task(&kept);
	CHECK_OK(kept.ok, &kept.err);
}

static void test_a_request_may_be_kept_back_when_its_turn_comes(void **state)
{
	(void)state;
	run(one_is_kept_back_in_the_line, 1);
}

static void cancel_everywhere(struct fixture *f)
{
	struct one_get gets[6];
	struct scope scope;

	scope_init(&scope, f->loop);
	for (size_t i = 0; i < 6; i++) {
		gets[i] = (struct one_get){ .f = f, .path = "/hang" };
		scope_spawn(&scope, "hang", get_in_task, &gets[i]);
	}
	while (http_server_requests(f->server) < 3)
		CHECK(task_sleep_ms(f->loop, 1, NULL));
	CHECK_EQ(http_client_stats(f->client).waiting, 3);
	scope_cancel(&scope);
	scope_wait(&scope);
	for (size_t i = 0; i < 6; i++)
		CHECK_EQ(gets[i].err.class, ERR_CANCELLED);
	CHECK_EQ(http_client_stats(f->client).waiting, 0);
	CHECK_EQ(http_client_stats(f->client).in_flight, 0);

	struct one_get after = { .f = f, .path = "/echo" };

	get_in_task(&after);
	CHECK_OK(after.ok, &after.err);
}

static bool is_secret(const char *at)
{
	for (size_t i = 0; i < SECRET_BYTES; i++)
		if ((char)(at[i] ^ VEIL) != veiled[i])
			return false;
	return true;
}

/* Also in memory that was freed. */
static size_t count_secrets(int memory, unsigned long from, unsigned long to)
{
	static char piece[1 << 20];
	size_t n = 0;

	for (; from < to; from += sizeof(piece) - SECRET_BYTES) {
		ssize_t got = pread(memory, piece, sizeof(piece), (off_t)from);

		for (ssize_t i = 0; i + SECRET_BYTES <= got && from + (size_t)i < to; i++)
			n += is_secret(piece + i);
		explicit_bzero(piece, sizeof(piece));
	}
	return n;
}

/* In the heap, wherever the allocator has it; not in what a sanitizer sets aside by the terabyte. */
static size_t secrets_in_memory(void)
{
	enum { LARGEST = 256 << 20 };
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	size_t n = 0;

	assert(memory >= 0 && maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long from, to;
		char mode[8], file[256] = "";

		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, mode, file) >= 3 && strncmp(mode, "rw", 2) == 0 &&
		    to - from <= LARGEST && (!file[0] || strcmp(file, "[heap]") == 0))
			n += count_secrets(memory, from, to);
	}
	fclose(maps);
	close(memory);
	return n;
}

static void get_a_secret(struct fixture *f)
{
	struct http_response r;
	struct err err = { 0 };

	CHECK_OK(get(f, "/secret", (struct http_request){ 0 }, &r, &err), &err);
	CHECK(r.body.len == SECRET_BYTES && is_secret(r.body.ptr));
	CHECK_EQ(secrets_in_memory(), 1);
	buf_wipe(&r.body);
	http_response_release(&r);
	CHECK_EQ(secrets_in_memory(), 0);
}

static void test_of_an_answer_nothing_stays_but_the_body(void **state)
{
	(void)state;
	run(get_a_secret, 2);
}

static void test_cancelling_leaves_nothing_behind(void **state)
{
	(void)state;
	run(cancel_everywhere, 3);
}

static void resolve_a_name_that_hangs(struct fixture *f)
{
	struct one_get hang = { .f = f, .how = { .url = STR("http://hangs.test/"), .connect_timeout_ms = 60000,
						 .timeout_ms = 60000 } };
	struct scope scope;

	scope_init(&scope, f->loop);
	scope_spawn(&scope, "hang", get_in_task, &hang);
	while (sem_trywait(&resolver_called) != 0)
		CHECK(task_sleep_ms(f->loop, 1, NULL));
	for (int i = 0; i < 10; i++) {
		struct one_get other = { .f = f, .path = "/echo" };

		get_in_task(&other);
		CHECK_OK(other.ok, &other.err);
	}
	CHECK(!hang.ended);
	scope_cancel(&scope);
	scope_wait(&scope);
	CHECK_EQ(hang.err.class, ERR_CANCELLED);
}

static void test_a_resolver_that_hangs_stops_nobody_else(void **state)
{
	(void)state;
	run(resolve_a_name_that_hangs, 4);
	/* The client is freed, and the resolver has not answered yet. */
	assert_false(atomic_load(&resolver_gave_up));
	sem_post(&resolver_may_end);
}

static void speak_tls_to_a_plain_server(struct fixture *f)
{
	struct http_response r;
	struct err err = { 0 };
	char url[64];

	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", http_server_port(f->server));
	CHECK_CLASS(get(f, NULL, (struct http_request){ .url = str_c(url), .timeout_ms = 300 }, &r, &err), &err, ERR_RETRY);
	CHECK_STR(str_c(err.code), "http.tls");
	CHECK(http_unsent(&err));
	http_response_release(&r);
}

static void test_a_server_without_tls_is_an_error(void **state)
{
	(void)state;
	run(speak_tls_to_a_plain_server, 4);
}

static int set_up(void **state)
{
	(void)state;
	sem_init(&resolver_called, 0, 0);
	sem_init(&resolver_may_end, 0, 0);
	return http_global_init(NULL) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	http_global_cleanup();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_arrive_as_made_over_one_connection),
		cmocka_unit_test(test_any_status_is_an_answer_and_redirects_are_not_followed),
		cmocka_unit_test(test_bad_servers_cost_an_error_each),
		cmocka_unit_test(test_what_is_no_request_is_not_sent),
		cmocka_unit_test(test_a_once_request_is_never_sent_twice),
		cmocka_unit_test(test_requests_wait_in_line_for_a_connection),
		cmocka_unit_test(test_a_host_that_hangs_does_not_starve_others),
		cmocka_unit_test(test_kept_connections_count_among_those_allowed),
		cmocka_unit_test(test_ipv6_servers_are_reached),
		cmocka_unit_test(test_a_timeout_before_anything_was_sent_says_so),
		cmocka_unit_test(test_a_once_request_without_a_body_is_not_sent_twice_either),
		cmocka_unit_test(test_a_request_may_be_kept_back_when_its_turn_comes),
		cmocka_unit_test(test_of_an_answer_nothing_stays_but_the_body),
		cmocka_unit_test(test_cancelling_leaves_nothing_behind),
		cmocka_unit_test(test_a_resolver_that_hangs_stops_nobody_else),
		cmocka_unit_test(test_a_server_without_tls_is_an_error),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
