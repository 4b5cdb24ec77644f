#include "sim/world/net.h"

#include "sluice/core/mem.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 30000, MOST_RESPONSE_BYTES = 64 << 20, MOST_HEADERS = 24 };

/* Whoever waits, on the stack of the node's task. */
struct waiter {
	struct http_response *response;
	struct event done;
	bool ok;
	struct err err;
};

/* One request under way; in the director's memory. */
struct call {
	struct world *world;
	struct host *node;            /* NULL: nobody waits any more */
	struct waiter *waiter;
	enum world_service service;
	char operation[48];
	char *url, *body;
	struct http_header headers[MOST_HEADERS];
	struct http_request request;
	struct http_response response;
	bool ok, posted;              /* the answer is on its way */
	struct err err;
	struct call *next, **before;
};

/* ---- a call's life ---- */

static struct str dup_str(struct str s)
{
	return str_of(mem_dup(s.ptr, s.len), s.len);
}

static enum world_service service_of(const struct world *w, struct str target, struct str body)
{
	char quoted[80];

	if (str_starts(target, STR("DynamoDBStreams_")))
		return WORLD_STREAMS;
	if (!str_starts(target, STR("DynamoDB_")))
		return WORLD_SEARCH;
	snprintf(quoted, sizeof(quoted), "\"%s\"", w->state_table ? w->state_table : "sluice-state");
	return str_find(body, str_c(quoted)) == SIZE_MAX ? WORLD_TABLES : WORLD_STATE;
}

static void copy_request(struct call *c, const struct http_request *request)
{
	struct str target = { 0 };

	c->url = mem_dup(request->url.ptr, request->url.len);
	c->body = mem_dup(request->body.ptr, request->body.len);
	c->request = *request;
	c->request.url.ptr = c->url;
	c->request.body.ptr = c->body;
	c->request.headers = c->headers;
	c->request.n_headers = 0;
	for (size_t i = 0; i < request->n_headers && i < MOST_HEADERS - 1; i++) {
		c->headers[c->request.n_headers++] = (struct http_header){ dup_str(request->headers[i].name),
									   dup_str(request->headers[i].value) };
		if (str_eq_nocase(request->headers[i].name, STR("x-amz-target")))
			target = request->headers[i].value;
	}
	c->headers[c->request.n_headers++] = (struct http_header){ dup_str(STR("x-sim-node")), dup_str(str_c(c->node->name)) };
	c->service = service_of(c->world, target, request->body);
	snprintf(c->operation, sizeof(c->operation), "%.*s",
		 STR_ARG(target.len ? str_from(target, str_find_char(target, '.') + 1) : str_c(request->method)));
}

static struct call *new_call(struct host *n, const struct http_request *request)
{
	struct world *w = n->world;
	struct call *c = mem_alloc(sizeof(*c)), *first = w->calls;

	c->world = w;
	c->node = n;
	copy_request(c, request);
	http_response_init(&c->response);
	c->next = first;
	if (first)
		first->before = &c->next;
	c->before = (struct call **)&w->calls;
	w->calls = c;
	w->requests++;
	return c;
}

static void free_call(struct call *c)
{
	*c->before = c->next;
	if (c->next)
		c->next->before = c->before;
	for (size_t i = 0; i < c->request.n_headers; i++) {
		mem_free((char *)c->headers[i].name.ptr);
		mem_free((char *)c->headers[i].value.ptr);
	}
	mem_free(c->url);
	mem_free(c->body);
	http_response_release(&c->response);
	mem_free(c);
}

/* ---- the answer, on the node's loop ---- */

static void copy_response(const struct http_response *from, struct http_response *to)
{
	int64_t sent_ms = to->sent_ms;
	char status[16];

	http_response_clear(to);
	snprintf(status, sizeof(status), "HTTP/1.1 %d", from->status);
	http_response_add_line(to, str_c(status));
	for (size_t i = 0; i < from->n_headers; i++) {
		struct buf line;

		buf_init(&line, 1 << 16);
		buf_putf(&line, "%.*s: %.*s", STR_ARG(from->headers[i].name), STR_ARG(from->headers[i].value));
		http_response_add_line(to, buf_str(&line));
		buf_release(&line);
	}
	http_response_end_head(to);
	to->status = from->status;
	buf_put(&to->body, buf_str(&from->body));
	to->sent_ms = sent_ms;
}

static void deliver(void *arg)
{
	struct call *c = arg;
	struct waiter *w = c->waiter;

	if (w) {
		w->ok = c->ok;
		w->err = c->err;
		copy_response(&c->response, w->response);
		event_set(&w->done);
	}
	free_call(c);
}

static void reply(struct call *c)
{
	if (!c->node || !c->waiter) {
		free_call(c);
		return;
	}
	c->posted = true;
	host_post(c->node, deliver, c);
}

/* ---- the way through, in the director's tasks ---- */

static const char *const fault_names[] = {
	[SIM_NO_FAULT] = "", [SIM_DROP_BEFORE] = "lost", [SIM_DROP_AFTER] = "answer lost", [SIM_500] = "500",
	[SIM_THROTTLE] = "throttled", [SIM_TRUNCATE] = "truncated", [SIM_GARBAGE] = "garbage", [SIM_EXPIRE] = "expired",
	[SIM_HANG] = "hangs",
};

static enum sim_fault draw_fault(struct call *c)
{
	const struct world_net *net = &c->world->net;
	const struct { double chance; enum sim_fault fault; } table[] = {
		{ net->drop_before, SIM_DROP_BEFORE }, { net->drop_after, SIM_DROP_AFTER }, { net->error_500, SIM_500 },
		{ net->throttle, SIM_THROTTLE }, { net->truncate, SIM_TRUNCATE }, { net->garbage, SIM_GARBAGE },
		{ net->hang, SIM_HANG },
	};
	double at = rng_unit(&c->world->rng);
	enum sim_fault fault = SIM_NO_FAULT;

	if (net->fault && c->node)
		fault = net->fault(net->fault_ctx, c->node, c->service, c->operation, c->request.body);
	for (size_t i = 0; fault == SIM_NO_FAULT && i < sizeof(table) / sizeof(*table); i++) {
		if (at < table[i].chance)
			return table[i].fault;
		at -= table[i].chance;
	}
	return fault;
}

static bool travel(struct call *c, struct loop *loop)
{
	struct world *w = c->world;
	int64_t most_ms = rng_unit(&w->rng) < w->net.slow ? w->net.slow_ms : w->net.latency_ms;

	return task_sleep_ms(loop, 1 + (int64_t)rng_below(&w->rng, (uint64_t)(most_ms > 0 ? most_ms : 1)), NULL);
}

static bool is_cut(const struct call *c)
{
	return c->node && c->node->cut_until_ms[c->service] > world_ms(c->world);
}

static void fail_call(struct call *c, const char *code)
{
	c->ok = err_set(&c->err, ERR_RETRY, code, "simulated: the connection broke");
}

static void refuse(struct call *c, int status, const char *code)
{
	http_response_clear(&c->response);
	c->response.status = status;
	buf_putf(&c->response.body, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#%s\",\"message\":\"simulated\"}", code);
	c->ok = true;
}

static void mangle(struct call *c, enum sim_fault fault)
{
	struct buf *body = &c->response.body;

	if (fault == SIM_TRUNCATE)
		buf_truncate(body, (size_t)rng_below(&c->world->rng, body->len ? body->len : 1));
	if (fault == SIM_GARBAGE) {
		buf_clear(body);
		buf_puts(body, "<html>not what you asked for</html>");
	}
}

/* What the service says to it, if it gets there. */
static void act(struct call *c, enum sim_fault fault)
{
	switch (fault) {
	case SIM_DROP_BEFORE:
	case SIM_HANG:
	case SIM_EXPIRE:
		fail_call(c, "http.broken");
		return;
	case SIM_500:
		refuse(c, c->service == WORLD_SEARCH ? 503 : 500, "InternalServerError");
		return;
	case SIM_THROTTLE:
		refuse(c, c->service == WORLD_SEARCH ? 429 : 400, "ThrottlingException");
		return;
	case SIM_DROP_AFTER:
	case SIM_TRUNCATE:
	case SIM_GARBAGE:
	case SIM_NO_FAULT:
		c->ok = transport_send(c->world->services, &c->request, &c->response, &c->err);
		if (fault == SIM_DROP_AFTER)
			fail_call(c, "http.broken");
		else
			mangle(c, fault);
		return;
	}
}

static void call_task(void *arg)
{
	struct call *c = arg;
	struct world *w = c->world;
	struct loop *loop = w->hosts[0].loop;
	enum sim_fault fault = draw_fault(c);

	if (!travel(c, loop)) {
		free_call(c); /* the world ends */
		return;
	}
	if (is_cut(c))
		fault = SIM_HANG;
	if (fault != SIM_NO_FAULT) {
		w->faults++;
		world_trace(w, "net %s %s: %s", c->node ? c->node->name : "(dead)", c->operation, fault_names[fault]);
	}
	act(c, fault);
	if (fault == SIM_HANG || !travel(c, loop) || is_cut(c)) {
		if (c->waiter)
			c->waiter = NULL; /* its own timeout ends the wait */
		free_call(c);
		return;
	}
	reply(c);
}

static void start_call(void *arg)
{
	struct call *c = arg;

	scope_spawn(&c->world->net_tasks, "call", call_task, c);
}

/* ---- the node's side ---- */

static struct call *hand_over(struct host *n, const struct http_request *request, struct waiter *waiter)
{
	struct world *w = n->world;
	struct heap *before = world_enter(w);
	struct call *c = new_call(n, request);

	c->waiter = waiter;
	if (w->sent)
		w->sent(w->sent_ctx, n, c->service, c->operation, c->request.body);
	host_post(&w->hosts[0], start_call, c);
	world_leave(before);
	return c;
}

/* Is it still under way? It frees itself when its answer is lost. */
static void leave(struct world *w, const struct waiter *waiter)
{
	for (struct call *c = w->calls; c; c = c->next)
		if (c->waiter == waiter)
			c->waiter = NULL;
}

bool net_send(struct transport *t, const struct http_request *request, struct http_response *response, struct err *err)
{
	struct host *n = (struct host *)((char *)t - offsetof(struct host, transport));
	struct waiter waiter = { .response = response };
	bool fired = false, alive;

	event_init(&waiter.done, n->loop);
	response->sent_ms = response->received_ms = env_mono_ms(&n->env);
	if (task_cancelled(n->loop) && !event_wait(&waiter.done, 0, NULL, err))
		return false; /* nothing is sent any more */
	hand_over(n, request, &waiter);
	alive = event_wait(&waiter.done, request->timeout_ms ? request->timeout_ms : TIMEOUT_MS, &fired, err);
	leave(n->world, &waiter);
	response->received_ms = env_mono_ms(&n->env);
	if (!alive)
		return false;
	if (!fired)
		return err_set(err, ERR_RETRY, "http.timeout", "simulated: no answer in time");
	if (!waiter.ok && err)
		*err = waiter.err;
	return waiter.ok;
}

void net_forget(struct host *n)
{
	struct call *next;

	for (struct call *c = n->world->calls; c; c = next) {
		next = c->next;
		if (c->node != n)
			continue;
		c->node = NULL;
		c->waiter = NULL;
		if (c->posted)
			free_call(c);
	}
}

void net_release(struct world *w)
{
	w->calls = NULL; /* they went with the director's memory */
}
