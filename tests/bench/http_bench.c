/* http_bench [URL [CA_FILE]]: what the transport costs: requests a second, and processor
 * time of the client's thread for each, over kept connections, the best of some
 * rounds; to that URL, or to a server of its own, which takes a part of the machine, too.
 */
#include "support/http_server.h"

#include "sluice/core/mem.h"
#include "sluice/http/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 5, REQUESTS = 8000, BODY_BYTES = 1000 };

struct bench {
	struct loop *loop;
	struct http_client *client;
	struct str url;
	const char *ca_file;
	struct str body;
	size_t left;
};

static bool answer(struct http_server_request *r)
{
	return http_server_answer(r, 200, NULL, r->body);
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void must(bool ok, const struct err *err)
{
	if (ok)
		return;
	fprintf(stderr, "http_bench: %s\n", err->text);
	exit(1);
}

static void send_some(void *arg)
{
	struct bench *b = arg;
	const struct http_header type = { STR("Content-Type"), STR("application/x-amz-json-1.0") };
	const struct http_request q = {
		.method = "POST", .url = b->url, .headers = &type, .n_headers = 1, .body = b->body,
	};
	struct http_response r;
	struct err err = { 0 };

	http_response_init(&r);
	while (b->left) {
		b->left--;
		must(transport_send(http_client_transport(b->client), &q, &r, &err), &err);
	}
	http_response_release(&r);
}

static void round_of(struct bench *b, size_t n, size_t n_tasks)
{
	struct scope s;

	b->left = n;
	scope_init(&s, b->loop);
	for (size_t i = 0; i < n_tasks; i++)
		scope_spawn(&s, "send", send_some, b);
	scope_wait(&s);
}

static void measure(struct bench *b, size_t n_tasks)
{
	double best_s = 1e9, best_cpu_s = 1e9;

	round_of(b, n_tasks * 2, n_tasks); /* opens the connections */
	for (int i = 0; i < ROUNDS; i++) {
		int64_t began = now_ns(CLOCK_MONOTONIC), cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
		double took, worked;

		round_of(b, REQUESTS, n_tasks);
		took = (double)(now_ns(CLOCK_MONOTONIC) - began) / 1e9;
		worked = (double)(now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu) / 1e9;
		best_s = took < best_s ? took : best_s;
		best_cpu_s = worked < best_cpu_s ? worked : best_cpu_s;
	}
	printf("%3zu at a time  %8.0f requests/s  %6.1f us of CPU each\n", n_tasks, REQUESTS / best_s,
	       best_cpu_s / REQUESTS * 1e6);
}

static void bench_task(void *arg)
{
	struct bench *b = arg;
	const struct http_client_settings settings = { .max_connections = 64, .ca_file = b->ca_file };
	struct err err = { 0 };

	b->client = http_client_new(b->loop, &settings, &err);
	must(b->client != NULL, &err);
	measure(b, 1);
	measure(b, 8);
	measure(b, 64);
	printf("connections: %llu\n", (unsigned long long)http_client_stats(b->client).connects);
	http_client_free(b->client);
}

int main(int argc, char **argv)
{
	static char body[BODY_BYTES];
	struct http_server *server = argc > 1 ? NULL : http_server_start(answer, NULL);
	struct bench b = { .body = str_of(body, sizeof(body)), .ca_file = argc > 2 ? argv[2] : NULL };
	struct err err = { 0 };
	struct env *env = env_real(NULL, &err);
	char url[64];

	must(env && http_global_init(&err) && (b.loop = loop_new(env, &err)), &err);
	memset(body, 'x', sizeof(body));
	if (server)
		snprintf(url, sizeof(url), "http://127.0.0.1:%d/", http_server_port(server));
	b.url = str_c(server ? url : argv[1]);
	loop_run(b.loop, bench_task, &b);
	loop_free(b.loop);
	env_free(env);
	http_global_cleanup();
	if (server)
		http_server_stop(server);
	return 0;
}
