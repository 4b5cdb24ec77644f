#include "../../../src/sinks/webhook_sink.h"
#include "sim/env.h"
#include "sim/transport_script.h"
#include "sluice/core/json.h"
#include "sluice/core/mem.h"
#include "sluice/core/sha256.h"
#include "sluice/sinks/kinds.h"
#include "support/effects.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>

#define URL "https://hooks.test/deals"

struct fixture {
	struct webhook_settings settings;
	struct str secrets[2], headers[2];
	struct transport_script script;
	struct sink *sink;
};

static bool init(struct fixture *f, struct loop *loop, const struct script_step *steps, size_t n)
{
	struct sink_site site = { .name = STR("hook"), .loop = loop };

	transport_script_init(&f->script, loop, steps, n);
	site.transport = &f->script.transport;
	f->settings.timeout_ms = 5000;
	if (!f->settings.batch_records)
		f->settings.batch_records = 1;
	if (!f->settings.concurrency)
		f->settings.concurrency = 8;
	if (!f->settings.breaker_failures)
		f->settings.breaker_failures = 100;
	f->settings.secrets.items = f->secrets;
	f->settings.headers.items = f->headers;
	f->sink = webhook_sink.open(&f->settings, &site, NULL);
	return f->sink != NULL;
}

static void release(struct fixture *f)
{
	f->sink->ops->close(f->sink);
	transport_script_release(&f->script);
}

static void send(struct fixture *f, struct made_batch *b)
{
	struct effect **pending = mem_array(b->batch.count, sizeof(struct effect *));
	size_t n = 0;

	for (size_t i = 0; i < b->batch.count; i++)
		if (b->batch.effects[i]->state == EFFECT_PENDING)
			pending[n++] = b->batch.effects[i];
	f->sink->ops->send(f->sink, pending, n);
	mem_free(pending);
}

static const struct err *why(const struct made_batch *b, size_t i)
{
	static const struct err none;

	return b->batch.effects[i]->state == EFFECT_FAILED ? b->batch.effects[i]->err : &none;
}

static bool says(const struct err *err, const char *text)
{
	return strstr(err->text, text) != NULL;
}

/* ---- what a request is ---- */

static void signature_of(const char *secret, const char *signed_text, char hex[SHA256_HEX + 1])
{
	struct sha256 mac;

	sha256_hmac(str_c(secret), str_c(signed_text), &mac, NULL);
	sha256_hex(&mac, hex);
}

static void request_body(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 204, .after_ms = 5 } };
	static const struct effect_header headers[] = { { STR_INIT("sluice-v"), STR_INIT("7") },
							{ STR_INIT("X-Tenant"), STR_INIT("of the message") } };
	struct fixture f = { 0 };
	struct made_batch b;
	struct effect *e;
	char one[SHA256_HEX + 1], two[SHA256_HEX + 1], want[300];

	(void)arg;
	f.secrets[0] = STR("sesame-sesame-new");
	f.secrets[1] = STR("sesame-sesame-old");
	f.headers[0] = STR("X-Tenant=acme");
	f.settings.secrets.count = 2;
	f.settings.headers.count = 1;
	CHECK(init(&f, loop, steps, 1));
	made_batch_init(&b, 1, 1);
	b.records[0].event_id = STR("e1");
	e = made_message(&b, 0, URL, "k", "{\"a\":1}");
	e->message.headers = headers;
	e->message.n_headers = 2;
	send(&f, &b);
	CHECK_EQ(e->state, EFFECT_DONE);
	CHECK_STR(f.script.seen[0].request.url, URL);
	CHECK_STR(f.script.seen[0].request.body, "{\"a\":1}");
	CHECK_STR(str_c(f.script.seen[0].request.method), "POST");
	CHECK_EQ(f.script.seen[0].request.timeout_ms, 5000);
	CHECK_EQ(f.script.seen[0].request.max_response_bytes, 65536);
	CHECK(f.script.seen[0].request.tls == NULL);
	signature_of("sesame-sesame-new", "1767225600.{\"a\":1}", one);
	signature_of("sesame-sesame-old", "1767225600.{\"a\":1}", two);
	snprintf(want, sizeof(want), "t=1767225600,v1=%s,v1=%s", one, two);
	CHECK_STR(transport_script_header(&f.script, 0, "sluice-signature"), want);
	CHECK_STR(transport_script_header(&f.script, 0, "sluice-v"), "7");
	CHECK_STR(transport_script_header(&f.script, 0, "sluice-event-id"), "e1");
	CHECK_STR(transport_script_header(&f.script, 0, "idempotency-key"), "p/h/e1");
	CHECK_STR(transport_script_header(&f.script, 0, "x-tenant"), "acme");
	CHECK_STR(transport_script_header(&f.script, 0, "content-type"), "application/json");
	CHECK_EQ(f.script.seen[0].request.n_headers, 6);
	made_batch_release(&b);
	release(&f);
}

static void test_a_request_says_what_it_is_and_is_signed_with_every_secret(void **state)
{
	(void)state;
	run_simulated(1, request_body, NULL);
}

static void unsigned_body(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200 } };
	static const struct effect_header headers[] = { { STR_INIT("sluice-notification-id"), STR_INIT("n1") },
							{ STR_INIT("Content-Type"), STR_INIT("text/plain") } };
	struct fixture f = { .settings.tls = { .ca_file = STR("/ca.pem"), .cert_file = STR("/both.pem") } };
	struct made_batch b;
	struct effect *e;

	(void)arg;
	CHECK(init(&f, loop, steps, 1));
	made_batch_init(&b, 1, 1);
	e = made_message(&b, 0, URL, "k", "x");
	e->message.headers = headers;
	e->message.n_headers = 2;
	send(&f, &b);
	CHECK_EQ(e->state, EFFECT_DONE);
	CHECK(transport_script_header(&f.script, 0, "sluice-signature").ptr == NULL);
	CHECK_STR(transport_script_header(&f.script, 0, "sluice-notification-id"), "n1");
	CHECK_STR(transport_script_header(&f.script, 0, "idempotency-key"), "n1");
	CHECK_STR(transport_script_header(&f.script, 0, "content-type"), "text/plain");
	CHECK_EQ(f.script.seen[0].request.n_headers, 3);
	CHECK_STR(str_c(f.script.seen[0].request.tls->ca_file), "/ca.pem");
	CHECK_STR(str_c(f.script.seen[0].request.tls->key_file), "/both.pem");
	made_batch_release(&b);
	release(&f);
}

/* A fan-out has one for each member that cannot be told. */
static void dead_letters_of_one_event_have_keys_of_their_own(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200 }, { .status = 200 }, { .status = 200 } };
	static const char *const bodies[] = { "{\"id\":\"p/h/s/1/x/m1\"}", "{\"id\":\"p/h/s/1/x/m2\"}",
					      "{\"id\":\"p/h/s/1/x/m1\",\"time\":\"later\"}" };
	struct str keys[3];
	struct fixture f = { 0 };

	(void)arg;
	CHECK(init(&f, loop, steps, 3));
	for (size_t i = 0; i < 3; i++) {
		struct made_batch b;

		made_batch_init(&b, 1, 1);
		b.records[0].event_id = STR("e1");
		made_message(&b, 0, URL, "", bodies[i]);
		send(&f, &b);
		made_batch_release(&b);
		keys[i] = transport_script_header(&f.script, i, "idempotency-key");
		CHECK(str_starts(keys[i], STR("p/h/e1/")));
	}
	CHECK(!str_eq(keys[0], keys[1]));
	CHECK(str_eq(keys[0], keys[2]));
	release(&f);
}

static void test_dead_letters_of_one_event_have_keys_of_their_own(void **state)
{
	(void)state;
	run_simulated(1, dead_letters_of_one_event_have_keys_of_their_own, NULL);
}

static void test_without_secrets_nothing_is_signed(void **state)
{
	(void)state;
	run_simulated(1, unsigned_body, NULL);
}

/* ---- what answers mean ---- */

static const struct answer {
	struct script_step step;
	enum err_class class;
	const char *code, *text;
	uint32_t retry_after_ms;
} answers[] = {
	{ { .status = 200, .body = "whatever" }, ERR_NONE, "", "", 0 },
	{ { .status = 299 }, ERR_NONE, "", "", 0 },
	{ { .status = 301, .fields = "Location: https://other.test/x" }, ERR_FATAL, "webhook.301",
	  "https://other.test/x; redirects are not followed", 0 },
	{ { .status = 304 }, ERR_FATAL, "webhook.304", "redirects", 0 },
	{ { .status = 400, .body = "{\"why\":\"no price\"}" }, ERR_DATA, "webhook.400", "answered with 400: {\"why\":\"no price\"}", 0 },
	{ { .status = 413 }, ERR_DATA, "webhook.413", "", 0 },
	{ { .status = 422, .fields = "Retry-After: 9" }, ERR_DATA, "webhook.422", "", 0 },
	{ { .status = 401 }, ERR_AUTH, "webhook.401", "check the sink's secrets", 0 },
	{ { .status = 403 }, ERR_AUTH, "webhook.403", "", 0 },
	{ { .status = 407 }, ERR_AUTH, "webhook.407", "proxy", 0 },
	{ { .status = 404 }, ERR_RETRY, "webhook.404", "nobody listens", 0 },
	{ { .status = 405 }, ERR_FATAL, "webhook.405", "takes no POST", 0 },
	{ { .status = 410 }, ERR_FATAL, "webhook.410", "wants no more", 0 },
	{ { .status = 408 }, ERR_RETRY, "webhook.408", "", 0 },
	{ { .status = 409 }, ERR_RETRY, "webhook.409", "", 0 },
	{ { .status = 425 }, ERR_RETRY, "webhook.425", "", 0 },
	{ { .status = 429 }, ERR_THROTTLE, "webhook.429", "", 0 },
	{ { .status = 429, .fields = "Retry-After: 7" }, ERR_THROTTLE, "webhook.429", "", 7000 },
	{ { .status = 503, .fields = "retry-after: Thu, 01 Jan 2026 00:02:00 GMT" }, ERR_RETRY, "webhook.503", "", 120000 },
	{ { .status = 503, .fields = "Retry-After: 99999999" }, ERR_RETRY, "webhook.503", "", 900000 },
	{ { .status = 503, .fields = "Retry-After: \x01garbage" }, ERR_RETRY, "webhook.503", "", 0 },
	{ { .status = 500, .body = "a\r\nb\x1b[31mc" }, ERR_RETRY, "webhook.500", "500: a  b [31mc", 0 },
	{ { .status = 599 }, ERR_RETRY, "webhook.599", "", 0 },
	{ { .status = 799 }, ERR_RETRY, "webhook.799", "", 0 },
	{ { .status = 500, .body = "you sent sesame-sesame-1 and top\\/secret-token\xff" }, ERR_RETRY, "webhook.500",
	  "500: you sent *************** and *****************", 0 },
	{ { .status = 0, .error = "http.timeout" }, ERR_RETRY, "http.timeout", "as the script says", 0 },
};

static void answer_body(struct loop *loop, void *arg)
{
	const struct answer *a = arg;
	struct fixture f = { 0 };
	struct made_batch b;

	f.secrets[0] = STR("sesame-sesame-1");
	f.headers[0] = STR("Authorization=Bearer top/secret-token");
	f.settings.secrets.count = f.settings.headers.count = 1;
	f.secrets[0] = STR("sesame-sesame-1");
	CHECK(init(&f, loop, &a->step, 1));
	made_batch_init(&b, 1, 1);
	made_message(&b, 0, URL, "k", "{}");
	send(&f, &b);
	CHECK_EQ(b.batch.pending, 0);
	CHECK_EQ(why(&b, 0)->class, a->class);
	CHECK_STR(str_c(why(&b, 0)->code), a->code);
	CHECK(says(why(&b, 0), a->text));
	CHECK_EQ(why(&b, 0)->retry_after_ms, a->retry_after_ms);
	CHECK(!says(why(&b, 0), "sesame-sesame") && !says(why(&b, 0), "secret-token"));
	made_batch_release(&b);
	release(&f);
}

static void test_what_each_answer_means(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		struct answer a = answers[i];

		run_simulated(1, answer_body, &a);
	}
}

static void large_body(struct loop *loop, void *arg)
{
	char *page = mem_alloc((64 << 10) + 2);
	struct script_step steps[] = { { .status = 200, .body = page } };
	struct fixture f = { 0 };
	struct made_batch b;

	(void)arg;
	memset(page, 'x', (64 << 10) + 1);
	CHECK(init(&f, loop, steps, 1));
	made_batch_init(&b, 1, 1);
	made_message(&b, 0, URL, "k", "{}");
	send(&f, &b);
	CHECK_EQ(why(&b, 0)->class, ERR_RETRY);
	CHECK(says(why(&b, 0), "more than 65536 bytes"));
	made_batch_release(&b);
	release(&f);
	mem_free(page);
}

static void test_an_endless_answer_is_not_read(void **state)
{
	(void)state;
	run_simulated(1, large_body, NULL);
}

static void hostile_body(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200 } };
	static const struct effect_header bad[] = { { STR_INIT("X-Title"), STR_INIT("a\r\nX-Admin: yes") } };
	static const struct effect_header reserved[] = { { STR_INIT("Content-Length"), STR_INIT("0") } };
	static const char *const urls[] = { "http://hooks.test/", "https://user@hooks.test/", "file:///etc/passwd", "" };
	struct fixture f = { 0 };
	struct made_batch b;

	(void)arg;
	CHECK(init(&f, loop, steps, 1));
	made_batch_init(&b, 1, 8);
	made_message(&b, 0, URL, "a", "{}")->message = (struct effect_message){
		.address = STR(URL), .key = STR("a"), .body = STR("{}"), .headers = bad, .n_headers = 1,
	};
	made_message(&b, 1, URL, "b", "{}")->message = (struct effect_message){
		.address = STR(URL), .key = STR("b"), .body = STR("{}"), .headers = reserved, .n_headers = 1,
	};
	for (uint32_t i = 0; i < COUNT_OF(urls); i++)
		made_message(&b, 2 + i, urls[i], "c", "{}");
	b.records[6].event_id = STR("e\r\nX-Admin: yes");
	made_message(&b, 6, URL, "d", "{}");
	made_row(&b, 7, EFFECT_PUT_ROW, "T", "{}", "{}");
	send(&f, &b);
	CHECK_EQ(f.script.n_seen, 0);
	CHECK_EQ(b.batch.pending, 0);
	CHECK_EQ(why(&b, 0)->class, ERR_DATA);
	CHECK_EQ(why(&b, 1)->class, ERR_DATA);
	for (uint32_t i = 0; i < COUNT_OF(urls); i++)
		CHECK_EQ(why(&b, 2 + i)->class, ERR_FATAL);
	CHECK_EQ(why(&b, 6)->class, ERR_DATA);
	CHECK_STR(str_c(why(&b, 7)->code), "sink.kind");
	made_batch_release(&b);
	release(&f);
}

static void test_nothing_leaves_with_headers_or_to_addresses_that_must_not_be(void **state)
{
	(void)state;
	run_simulated(1, hostile_body, NULL);
}

/* ---- order ---- */

static void order_body(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .after_ms = 10 }, { .status = 500, .after_ms = 10 },
		{ .status = 200, .after_ms = 10 }, { .status = 200, .after_ms = 10 }, { .status = 200, .after_ms = 10 },
	};
	struct fixture f = { .settings.concurrency = 1 };
	struct made_batch b;

	(void)arg;
	CHECK(init(&f, loop, steps, COUNT_OF(steps)));
	made_batch_init(&b, 1, 5);
	made_message(&b, 0, URL, "a", "a1");
	made_message(&b, 1, URL, "b", "b1"); /* fails */
	made_message(&b, 2, URL, "a", "a2");
	made_message(&b, 3, URL, "b", "b2"); /* waits behind it */
	made_message(&b, 4, URL, "", "c");
	send(&f, &b);
	CHECK_EQ(b.batch.pending, 0);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 3);
	CHECK_STR(str_c(why(&b, 1)->code), "webhook.500");
	CHECK_STR(str_c(why(&b, 3)->code), "sink.behind");
	CHECK_EQ(f.script.n_seen, 4);
	made_retry(&b);
	made_batch_release(&b);
	release(&f);
}

static void test_what_stands_behind_a_failed_one_of_its_key_waits(void **state)
{
	(void)state;
	run_simulated(1, order_body, NULL);
}

/* A receiver with moods: drawn answers and times; it watches order and how many ask at once. */
struct receiver {
	struct transport transport;
	struct loop *loop;
	int seen[8], behind;       /* per key: the last number accepted */
	size_t busy, most_busy, requests;
	bool trouble;
};

static bool accept(struct receiver *r, struct str body)
{
	struct json *root = json_parse(body, body.len, NULL);
	bool array = json_type(root) == JSON_ARRAY;
	const struct json *m = array ? json_first(root) : root;

	for (; m; m = array ? json_next(m) : NULL) {
		int64_t key = 0, n = 0;

		json_get_int(json_get(m, "k"), &key);
		json_get_int(json_get(m, "n"), &n);
		if (n > r->seen[key] + 1)
			r->behind++; /* one was left out */
		if (n > r->seen[key])
			r->seen[key] = (int)n;
	}
	json_free(root);
	return true;
}

static bool receive(struct transport *t, const struct http_request *q, struct http_response *response, struct err *err)
{
	struct receiver *r = (struct receiver *)t;
	struct rng *rng = &loop_env(r->loop)->rng;
	uint64_t mood = rng_below(rng, 10);
	bool ok;

	http_response_clear(response);
	r->requests++;
	r->busy++;
	if (r->busy > r->most_busy)
		r->most_busy = r->busy;
	ok = task_sleep_ms(r->loop, (int64_t)rng_below(rng, 50), err);
	r->busy--;
	if (!ok)
		return false;
	if (!r->trouble || mood > 2)
		accept(r, q->body);
	if (r->trouble && mood == 0)
		return err_set(err, ERR_RETRY, "http.broken", "lost");
	response->status = !r->trouble || mood > 3 ? 200 : mood == 1 ? 429 : mood == 2 ? 400 : 503; /* 3: did it, and says no */
	return true;
}

struct try {
	struct fixture *f;
	struct made_batch *b;
};

static void try_send(void *arg)
{
	struct try *t = arg;

	send(t->f, t->b);
}

static void storm_body(struct loop *loop, void *arg)
{
	enum { KEYS = 8, EACH = 12 };
	const uint64_t *seed = arg;
	struct receiver r = { .transport = { receive }, .loop = loop, .trouble = true };
	struct fixture f = { .settings = { .batch_records = 1 + (int64_t)(*seed % 5), .concurrency = 1 + (int64_t)(*seed % 4) } };
	struct made_batch b;

	CHECK(init(&f, loop, NULL, 0));
	f.sink->site.transport = &r.transport;
	made_batch_init(&b, 1, KEYS * EACH);
	for (uint32_t i = 0; i < KEYS * EACH; i++) {
		char key[8], body[40];

		snprintf(key, sizeof(key), "k%u", i % KEYS);
		snprintf(body, sizeof(body), "{\"k\":%u,\"n\":%u}", i % KEYS, i / KEYS + 1);
		made_message(&b, i, URL, key, body);
	}
	for (int round = 0; round < 400 && made_count(&b, EFFECT_DONE) < b.batch.count; round++) {
		struct try t = { &f, &b };
		struct scope scope;

		scope_init(&scope, loop);
		scope_spawn(&scope, "try", try_send, &t);
		if (round % 7 == 3) {
			CHECK(task_sleep_ms(loop, 20, NULL));
			scope_cancel(&scope);
		}
		scope_wait(&scope);
		made_retry(&b);
		CHECK(task_sleep_ms(loop, 100, NULL));
	}
	CHECK_EQ(made_count(&b, EFFECT_DONE), b.batch.count);
	CHECK_EQ(r.behind, 0);
	for (int k = 0; k < KEYS; k++)
		CHECK_EQ(r.seen[k], EACH);
	CHECK(r.most_busy <= (size_t)f.settings.concurrency);
	CHECK(f.settings.concurrency == 1 || r.most_busy > 1);
	CHECK_EQ(((struct webhook *)f.sink)->turns.used_bytes, 0);
	made_batch_release(&b);
	release(&f);
}

static void test_all_arrive_in_order_per_key_through_every_trouble(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++)
		run_simulated(seed, storm_body, &seed);
}

static void limit_body(struct loop *loop, void *arg)
{
	struct receiver r = { .transport = { receive }, .loop = loop };
	struct fixture f = { .settings.concurrency = 3 };
	struct made_batch b[4];
	struct try t[4];
	struct scope scope;

	(void)arg;
	CHECK(init(&f, loop, NULL, 0));
	f.sink->site.transport = &r.transport;
	scope_init(&scope, loop);
	for (uint32_t c = 0; c < 4; c++) {
		made_batch_init(&b[c], 1, 10);
		for (uint32_t i = 0; i < 10; i++)
			made_message(&b[c], i, URL, "", "{\"k\":0,\"n\":0}");
		t[c] = (struct try){ &f, &b[c] };
		scope_spawn(&scope, "try", try_send, &t[c]);
	}
	scope_wait(&scope);
	for (uint32_t c = 0; c < 4; c++) {
		CHECK_EQ(made_count(&b[c], EFFECT_DONE), 10);
		made_batch_release(&b[c]);
	}
	CHECK_EQ(r.requests, 40);
	CHECK_EQ(r.most_busy, 3);
	release(&f);
}

static void test_the_limit_holds_over_all_chains_of_a_worker(void **state)
{
	(void)state;
	run_simulated(3, limit_body, NULL);
}

/* ---- batches ---- */

static void batch_body(struct loop *loop, void *arg)
{
	/* a whole, then halves: [1 2] goes, [3 5] not, [3] not, and 5 has the same key */
	static const struct script_step steps[] = { { .status = 400 }, { .status = 200 }, { .status = 400 },
						    { .status = 400, .body = "bad" }, { .status = 200 }, { .status = 200 } };
	struct fixture f = { .settings = { .batch_records = 4, .concurrency = 1 } };
	struct effect_header v[6];
	struct made_batch b;

	(void)arg;
	CHECK(init(&f, loop, steps, COUNT_OF(steps)));
	made_batch_init(&b, 1, 6);
	for (uint32_t i = 0; i < 6; i++) {
		static const char *const bodies[] = { "1", "2", "3", "4", "5", "6" }, *const ids[] = { "e1", "e2", "e3", "e4", "e5", "e6" };
		struct effect *e = made_message(&b, i, i == 5 ? "https://other.test/" : URL, i == 4 ? "3" : bodies[i], bodies[i]);

		b.records[i].event_id = str_c(ids[i]);
		v[i] = (struct effect_header){ STR("sluice-v"), str_c(bodies[i]) };
		e->message.headers = &v[i];
		e->message.n_headers = 1;
	}
	send(&f, &b);
	CHECK_STR(f.script.seen[0].request.body, "[1,2,3,5]");
	CHECK_STR(transport_script_header(&f.script, 0, "sluice-v"), "1, 2, 3, 5");
	CHECK_STR(transport_script_header(&f.script, 0, "sluice-event-id"), "e1, e2, e3, e5");
	CHECK_EQ(transport_script_header(&f.script, 0, "idempotency-key").len, 64);
	CHECK_STR(f.script.seen[1].request.body, "[1,2]");
	CHECK_STR(f.script.seen[2].request.body, "[3,5]");
	CHECK_STR(f.script.seen[3].request.body, "[3]");
	CHECK_STR(transport_script_header(&f.script, 3, "idempotency-key"), "p/h/e3");
	CHECK_STR(f.script.seen[4].request.body, "[4]");
	CHECK_STR(str_c(why(&b, 2)->code), "webhook.400");
	CHECK(says(why(&b, 2), "bad"));
	CHECK_STR(str_c(why(&b, 4)->code), "sink.behind");
	CHECK_STR(f.script.seen[5].request.body, "[6]");
	CHECK_STR(f.script.seen[5].request.url, "https://other.test/");
	CHECK_EQ(f.script.n_seen, 6);
	CHECK(b.batch.effects[0]->state == EFFECT_DONE && b.batch.effects[1]->state == EFFECT_DONE &&
	      b.batch.effects[3]->state == EFFECT_DONE);
	made_batch_release(&b);
	release(&f);
}

static void test_a_batch_is_halved_down_to_the_one_to_blame(void **state)
{
	(void)state;
	run_simulated(1, batch_body, NULL);
}

/* A chain that has much to send does not keep the others waiting until it is done. */
static void turns_body(struct loop *loop, void *arg)
{
	struct script_step steps[20];
	struct fixture f = { .settings.concurrency = 1 };
	struct made_batch b[2];
	struct try t[2];
	struct scope scope;
	size_t at = 0;

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(steps); i++)
		steps[i] = (struct script_step){ .status = 200, .after_ms = 1000 };
	CHECK(init(&f, loop, steps, COUNT_OF(steps)));
	scope_init(&scope, loop);
	for (uint32_t c = 0; c < 2; c++) {
		made_batch_init(&b[c], 1, 10);
		for (uint32_t i = 0; i < 10; i++)
			made_message(&b[c], i, URL, "", c ? "\"second\"" : "\"first\"");
		t[c] = (struct try){ &f, &b[c] };
		scope_spawn(&scope, "try", try_send, &t[c]);
	}
	scope_wait(&scope);
	CHECK_EQ(f.script.n_seen, 20);
	while (at < 20 && !str_eq(f.script.seen[at].request.body, STR("\"second\"")))
		at++;
	CHECK(at <= 2);
	for (uint32_t c = 0; c < 2; c++)
		made_batch_release(&b[c]);
	release(&f);
}

static void test_chains_take_turns(void **state)
{
	(void)state;
	run_simulated(4, turns_body, NULL);
}

/* ---- the breaker ---- */

static void breaker_body(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .error = "http.connect" }, { .status = 502 }, { .error = "http.timeout", .after_ms = 3 },
		{ .status = 200 },  /* the other host */
		{ .status = 503 },  /* the probe */
		{ .status = 200 },  /* the next */
		{ .status = 200 }, { .status = 200 }, { .status = 200 }, { .status = 200 },
	};
	struct fixture f = { .settings = { .concurrency = 1, .breaker_failures = 3 } };
	struct made_batch b;

	(void)arg;
	CHECK(init(&f, loop, steps, COUNT_OF(steps)));
	made_batch_init(&b, 1, 6);
	for (uint32_t i = 0; i < 5; i++)
		made_message(&b, i, URL, "", "{}");
	made_message(&b, 5, "https://other.test/x", "", "{}");
	send(&f, &b);
	CHECK_EQ(f.script.n_seen, 4);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 1);
	CHECK_STR(str_c(why(&b, 3)->code), "sink.open");
	CHECK_EQ(why(&b, 4)->class, ERR_RETRY);
	CHECK(says(why(&b, 4), "https://hooks.test failed 3 times in a row, the last time with http.timeout"));
	CHECK(why(&b, 4)->retry_after_ms >= 900 && why(&b, 4)->retry_after_ms <= 1250);

	CHECK(task_sleep_ms(loop, 800, NULL));
	made_retry(&b);
	send(&f, &b);
	CHECK_EQ(f.script.n_seen, 4);
	CHECK(task_sleep_ms(loop, 500, NULL));
	made_retry(&b);
	send(&f, &b);
	CHECK_EQ(f.script.n_seen, 5); /* one probe, and the others fail at once */
	CHECK(task_sleep_ms(loop, 1900, NULL));
	made_retry(&b);
	send(&f, &b);
	CHECK_EQ(f.script.n_seen, 5); /* twice the pause */
	CHECK(task_sleep_ms(loop, 700, NULL));
	made_retry(&b);
	send(&f, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 6);
	CHECK_EQ(f.script.n_seen, 10);
	made_batch_release(&b);
	release(&f);
}

static void test_a_server_that_is_down_is_left_alone_and_probed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++)
		run_simulated(seed, breaker_body, NULL);
}

/* Connections that others hold are not this server's failure. */
static void busy_body(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .error = "http.busy" }, { .error = "http.busy" }, { .status = 200 }, { .status = 200 },
	};
	struct fixture f = { .settings = { .concurrency = 1, .breaker_failures = 1 } };
	struct made_batch b;

	(void)arg;
	CHECK(init(&f, loop, steps, COUNT_OF(steps)));
	made_batch_init(&b, 1, 4);
	for (uint32_t i = 0; i < 4; i++)
		made_message(&b, i, URL, "", "{}");
	send(&f, &b);
	CHECK_EQ(f.script.n_seen, 4);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 2);
	made_batch_release(&b);
	release(&f);
}

static void test_too_few_connections_leave_no_server_alone(void **state)
{
	(void)state;
	run_simulated(1, busy_body, NULL);
}

static void held_body(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 429, .fields = "Retry-After: 5" }, { .status = 200 } };
	struct fixture f = { .settings.concurrency = 1 };
	struct made_batch b;

	(void)arg;
	CHECK(init(&f, loop, steps, COUNT_OF(steps)));
	made_batch_init(&b, 1, 2);
	made_message(&b, 0, URL, "a", "{}");
	made_message(&b, 1, "https://hooks.test/other", "b", "{}");
	send(&f, &b);
	CHECK_EQ(f.script.n_seen, 1);
	CHECK_EQ(why(&b, 1)->class, ERR_THROTTLE);
	CHECK(says(why(&b, 1), "asked for a pause"));
	CHECK_EQ(why(&b, 1)->retry_after_ms, 5000);
	made_batch_release(&b);
	release(&f);
}

static void test_retry_after_holds_for_all_of_the_server(void **state)
{
	(void)state;
	run_simulated(1, held_body, NULL);
}

static void cancel_body(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .hangs = true }, { .status = 200 } };
	struct fixture f = { .settings.concurrency = 1 };
	struct made_batch b;
	struct try t = { &f, &b };
	struct scope scope;

	(void)arg;
	CHECK(init(&f, loop, steps, COUNT_OF(steps)));
	made_batch_init(&b, 1, 2);
	made_message(&b, 0, URL, "a", "{}");
	made_message(&b, 1, URL, "b", "{}");
	scope_init(&scope, loop);
	scope_spawn(&scope, "try", try_send, &t);
	CHECK(task_sleep_ms(loop, 1000, NULL));
	scope_cancel(&scope);
	scope_wait(&scope);
	CHECK_EQ(b.batch.pending, 2);
	CHECK_EQ(f.script.n_seen, 1);
	made_batch_release(&b);
	release(&f);
}

static void test_cancelled_it_leaves_what_it_does_not_know(void **state)
{
	(void)state;
	run_simulated(1, cancel_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_says_what_it_is_and_is_signed_with_every_secret),
		cmocka_unit_test(test_dead_letters_of_one_event_have_keys_of_their_own),
		cmocka_unit_test(test_without_secrets_nothing_is_signed),
		cmocka_unit_test(test_what_each_answer_means),
		cmocka_unit_test(test_an_endless_answer_is_not_read),
		cmocka_unit_test(test_nothing_leaves_with_headers_or_to_addresses_that_must_not_be),
		cmocka_unit_test(test_what_stands_behind_a_failed_one_of_its_key_waits),
		cmocka_unit_test(test_all_arrive_in_order_per_key_through_every_trouble),
		cmocka_unit_test(test_the_limit_holds_over_all_chains_of_a_worker),
		cmocka_unit_test(test_chains_take_turns),
		cmocka_unit_test(test_a_batch_is_halved_down_to_the_one_to_blame),
		cmocka_unit_test(test_a_server_that_is_down_is_left_alone_and_probed),
		cmocka_unit_test(test_too_few_connections_leave_no_server_alone),
		cmocka_unit_test(test_retry_after_holds_for_all_of_the_server),
		cmocka_unit_test(test_cancelled_it_leaves_what_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
