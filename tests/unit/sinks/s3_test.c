#include "sim/env.h"
#include "sim/s3.h"
#include "sim/transport_script.h"
#include "sluice/sinks/kinds.h"
#include "support/effects.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a sink, and somebody whose effects it holds ---- */

static bool get_keys(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(&out->access_key_id, "AKIDEXAMPLE");
	buf_puts(&out->secret_access_key, "a secret of some length");
	return true;
}

static struct credentials_provider keys = { .get = get_keys };

struct fixture {
	struct arena arena;
	struct aws_settings aws;
	struct sink *sink;
};

static void open_sink(struct fixture *f, struct loop *loop, struct transport *transport, const char *settings)
{
	struct sink_site site = { .name = STR("lake"), .loop = loop, .transport = transport };
	struct problems problems;
	void *read;

	*f = (struct fixture){ .aws = { .loop = loop, .transport = transport, .credentials = &keys, .region = STR("eu-west-1") } };
	site.aws = &f->aws;
	arena_init(&f->arena, 1 << 20);
	problems_init(&problems, &f->arena);
	read = arena_alloc(&f->arena, s3_sink.settings_size);
	option_read(s3_sink.options, node_from_json(&f->arena, str_c(settings), NULL, NULL), read, NULL, &problems);
	if (problems.count)
		abort();
	f->sink = s3_sink.open(read, &site, NULL);
	if (!f->sink)
		abort();
}

static void close_sink(struct fixture *f)
{
	f->sink->ops->close(f->sink);
	arena_release(&f->arena);
}

struct owner {
	struct effect_holder holder;
	const uint64_t *puts;      /* how many there were: what is saved comes first */
	uint64_t puts_at_save;
	int saves, acknowledged;
	int64_t silent_ms;
	bool cannot_save;
};

static bool save(struct effect_holder *h, struct err *err)
{
	struct owner *o = h->owner;

	o->saves++;
	o->puts_at_save = o->puts ? *o->puts : 0;
	return !o->cannot_save || err_set(err, ERR_RETRY, "state.down", "simulated");
}

static void acknowledged(struct effect_holder *h)
{
	struct owner *o = h->owner;

	o->acknowledged++;
}

static void silent(struct effect_holder *h, int64_t ms)
{
	struct owner *o = h->owner;

	if (ms > o->silent_ms)
		o->silent_ms = ms;
}

static void own(struct owner *o, struct sim_s3 *s3)
{
	*o = (struct owner){ .puts = s3 ? &s3->puts : NULL };
	o->holder = (struct effect_holder){ .owner = o, .save = save, .acknowledged = acknowledged, .silent = silent };
}

/* n messages, of one second each, from `created_s` on. */
static void make(struct made_batch *m, struct owner *o, uint64_t first, size_t n, int64_t created_s)
{
	char body[64];

	made_batch_init(m, first, n);
	m->batch.holder = o ? &o->holder : NULL;
	m->batch.source.shard_id = STR("shardId-7");
	for (size_t i = 0; i < n; i++) {
		m->records[i].created_s = created_s + (int64_t)i;
		snprintf(body, sizeof(body), "{\"n\":%llu}", (unsigned long long)(first + i));
		made_message(m, (uint32_t)i, "lake/deals", "", body);
	}
}

static void send(struct fixture *f, struct made_batch *m)
{
	struct effect *pending[100];
	size_t n = 0;

	for (size_t i = 0; i < m->batch.count; i++)
		if (m->batch.effects[i]->state == EFFECT_PENDING)
			pending[n++] = m->batch.effects[i];
	f->sink->ops->send(f->sink, pending, n);
}

#define PATH_STYLE "{\"endpoint_url\":\"http://s3.test\",\"interval_s\":60,\"partition\":\"none\"}"
#define KEY(n) "deals/shardId-7-000000000000000000000000000000000000000" n ".json.gz"

/* ---- objects ---- */

static void what_is_held_is_acknowledged_as_a_whole(struct loop *loop, void *arg)
{
	struct sim_s3 *s3 = sim_s3_new(loop, "http://s3.test", NULL);
	struct made_batch a, b;
	struct fixture f;
	struct owner o;

	(void)arg;
	open_sink(&f, loop, &s3->transport, PATH_STYLE);
	own(&o, s3);
	make(&a, &o, 1, 3, 600);
	send(&f, &a);
	CHECK_EQ(made_count(&a, EFFECT_HELD), 3);
	CHECK_EQ(o.holder.ends_s, 660);
	CHECK_EQ(s3->puts + (uint64_t)o.acknowledged, 0);
	made_batch_release(&a); /* nothing of it is needed any more */
	make(&b, &o, 4, 3, 659); /* one to the object, two to the next */
	send(&f, &b);
	CHECK_EQ(made_count(&b, EFFECT_HELD), 3);
	CHECK_EQ(s3->puts, 1);
	CHECK_EQ(o.acknowledged, 1);
	CHECK_EQ(o.saves, 1);
	CHECK_EQ(o.puts_at_save, 0);
	CHECK_EQ(o.silent_ms, 60000);
	CHECK_EQ(o.holder.ends_s, 720);
	CHECK_STR(str_c(s3->objects->key), "lake/" KEY("1"));
	CHECK_STR(buf_str(&s3->objects->text), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n");
	CHECK(f.sink->ops->flush(f.sink, &o.holder, NULL));
	CHECK_EQ(s3->puts, 2);
	CHECK_EQ(o.acknowledged, 2);
	CHECK_STR(str_c(s3->objects->next->key), "lake/" KEY("5"));
	CHECK_STR(buf_str(&s3->objects->next->text), "{\"n\":5}\n{\"n\":6}\n");
	CHECK(f.sink->ops->flush(f.sink, &o.holder, NULL)); /* there is nothing */
	CHECK_EQ(s3->puts, 2);
	made_batch_release(&b);
	close_sink(&f);
	sim_s3_free(s3);
}

static void test_what_is_held_is_acknowledged_as_a_whole(void **state)
{
	(void)state;
	run_simulated(1, what_is_held_is_acknowledged_as_a_whole, NULL);
}

static void a_failed_put_is_tried_again_with_the_same(struct loop *loop, void *arg)
{
	struct sim_s3 *s3 = sim_s3_new(loop, "http://s3.test", NULL);
	struct made_batch a;
	struct fixture f;
	struct owner o;
	struct err err;

	(void)arg;
	open_sink(&f, loop, &s3->transport, PATH_STYLE);
	own(&o, s3);
	make(&a, &o, 1, 5, 657); /* three to the first object */
	s3->down = true;
	for (int round = 0; round < 3; round++) {
		send(&f, &a);
		CHECK_EQ(made_count(&a, EFFECT_HELD), 3);
		CHECK_EQ(made_count(&a, EFFECT_FAILED), 2);
		CHECK(a.batch.effects[3]->err->class == ERR_RETRY);
		CHECK(err_is(a.batch.effects[4]->err, "sink.behind"));
		made_retry(&a);
	}
	s3->down = false;
	o.cannot_save = true;
	send(&f, &a);
	CHECK_EQ(s3->puts + (uint64_t)o.acknowledged, 0);
	CHECK(err_is(a.batch.effects[3]->err, "state.down"));
	made_retry(&a);
	o.cannot_save = false;
	send(&f, &a);
	CHECK_EQ(made_count(&a, EFFECT_HELD), 5);
	CHECK_STR(buf_str(&s3->objects->text), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
	CHECK_EQ(o.acknowledged, 1);
	s3->down = true;
	CHECK_CLASS(f.sink->ops->flush(f.sink, &o.holder, &err), &err, ERR_RETRY);
	s3->down = false;
	CHECK_OK(f.sink->ops->flush(f.sink, &o.holder, &err), &err);
	CHECK_EQ(o.acknowledged, 2);
	CHECK_EQ(s3->n_objects, 2);
	made_batch_release(&a);
	close_sink(&f);
	sim_s3_free(s3);
}

static void test_a_failed_put_is_tried_again_with_the_same(void **state)
{
	(void)state;
	run_simulated(1, a_failed_put_is_tried_again_with_the_same, NULL);
}

static void what_is_forgotten_comes_again(struct loop *loop, void *arg)
{
	struct sim_s3 *s3 = sim_s3_new(loop, "http://s3.test", NULL);
	struct made_batch a;
	struct fixture f;
	struct owner o;

	(void)arg;
	open_sink(&f, loop, &s3->transport, PATH_STYLE);
	for (int round = 0; round < 3; round++) {
		own(&o, s3);
		make(&a, &o, 1, 3, 600);
		send(&f, &a);
		made_batch_release(&a);
		f.sink->ops->forget(f.sink, &o.holder);
		CHECK(!o.holder.object);
		f.sink->ops->forget(f.sink, &o.holder); /* which may be told twice */
	}
	CHECK_EQ(s3->puts + (uint64_t)o.acknowledged, 0);
	make(&a, &o, 1, 3, 600);
	send(&f, &a);
	CHECK(f.sink->ops->flush(f.sink, &o.holder, NULL));
	CHECK_STR(buf_str(&s3->objects->text), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
	made_batch_release(&a);
	close_sink(&f);
	sim_s3_free(s3);
}

static void test_what_is_forgotten_comes_again(void **state)
{
	(void)state;
	run_simulated(1, what_is_forgotten_comes_again, NULL);
}

/* Noise that no compression makes smaller, a megabyte. */
static void make_large(struct made_batch *m, struct owner *o, uint64_t first)
{
	static char body[(1 << 20) + 1];
	uint64_t x = first;

	for (size_t i = 0; i + 1 < sizeof(body); i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		body[i] = (char)(' ' + 1 + (x >> 33) % 90);
	}
	made_batch_init(m, first, 1);
	m->batch.holder = &o->holder;
	m->records[0].created_s = 600;
	m->batch.source.shard_id = STR("shardId-7");
	made_message(m, 0, "lake/deals", "", body);
}

static const struct effect *send_large(struct fixture *f, struct made_batch *m, struct owner *o, uint64_t first)
{
	make_large(m, o, first);
	send(f, m);
	return m->batch.effects[0];
}

/* Of three the first one may always go on; the others when it is done or given up. */
static void who_was_first_has_room_in_any_case(struct loop *loop, void *arg)
{
	struct sim_s3 *s3 = sim_s3_new(loop, "http://s3.test", NULL);
	struct made_batch m;
	struct owner o[3];
	struct fixture f;

	(void)arg;
	open_sink(&f, loop, &s3->transport,
		  "{\"endpoint_url\":\"http://s3.test\",\"interval_s\":60,\"object_bytes\":8000000,\"memory_bytes\":16000000}");
	for (int i = 0; i < 3; i++)
		own(&o[i], s3);
	CHECK_EQ(send_large(&f, &m, &o[0], 1)->state, EFFECT_HELD);
	made_batch_release(&m);
	for (uint64_t n = 1; n <= 2; n++) {
		CHECK_EQ(send_large(&f, &m, &o[1], n)->state, EFFECT_HELD);
		made_batch_release(&m);
		CHECK_EQ(send_large(&f, &m, &o[2], n)->state, EFFECT_HELD);
		made_batch_release(&m);
	}
	for (uint64_t n = 3; send_large(&f, &m, &o[1], n)->state == EFFECT_HELD; n++) {
		CHECK(n < 8);
		made_batch_release(&m);
	}
	CHECK(err_is(m.batch.effects[0]->err, "s3.memory") && m.batch.effects[0]->err->class == ERR_RETRY);
	for (uint64_t n = 2; n <= 7; n++) {
		struct made_batch first;

		CHECK_EQ(send_large(&f, &first, &o[0], n)->state, EFFECT_HELD);
		made_batch_release(&first);
	}
	made_retry(&m);
	send(&f, &m);
	CHECK_EQ(made_count(&m, EFFECT_HELD), 0);
	CHECK(f.sink->ops->flush(f.sink, &o[0].holder, NULL));
	made_retry(&m);
	send(&f, &m); /* the first one now */
	CHECK_EQ(made_count(&m, EFFECT_HELD), 1);
	made_batch_release(&m);
	for (int i = 1; i < 3; i++)
		f.sink->ops->forget(f.sink, &o[i].holder);
	CHECK_EQ(s3->puts, 1);
	close_sink(&f);
	sim_s3_free(s3);
}

static void test_who_was_first_has_room_in_any_case(void **state)
{
	(void)state;
	run_simulated(1, who_was_first_has_room_in_any_case, NULL);
}

/* ---- requests ---- */

static struct str header(const struct transport_script *s, const char *name)
{
	return transport_script_header(s, 0, name);
}

static void a_put_is_what_s3_expects(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200 }, { .status = 200 } };
	static const struct {
		const char *settings, *address, *url;
	} cases[] = {
		{ "{\"partition\":\"none\"}", "lake/deals", "https://lake.s3.eu-west-1.amazonaws.com/" KEY("1") },
		{ "{\"partition\":\"none\",\"region\":\"us-east-2\"}", "lake/deals", "https://lake.s3.us-east-2.amazonaws.com/" KEY("1") },
		{ "{\"partition\":\"none\",\"addressing\":\"path\"}", "lake/deals", "https://s3.eu-west-1.amazonaws.com/lake/" KEY("1") },
		{ "{\"partition\":\"none\"}", "my.lake/deals", "https://s3.eu-west-1.amazonaws.com/my.lake/" KEY("1") },
		{ "{\"partition\":\"none\",\"endpoint_url\":\"http://127.0.0.1:9000\"}", "lake/deals", "http://127.0.0.1:9000/lake/" KEY("1") },
		{ "{\"partition\":\"none\",\"endpoint_url\":\"http://s3.test:9000\",\"addressing\":\"virtual\"}", "lake/deals",
		  "http://lake.s3.test:9000/" KEY("1") },
		{ "{}", "lake", "https://lake.s3.eu-west-1.amazonaws.com/dt%3D1970-01-01/hour%3D00/shardId-7-"
				"0000000000000000000000000000000000000001.json.gz" },
	};

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct transport_script s;
		struct made_batch m;
		struct fixture f;
		struct owner o;

		transport_script_init(&s, loop, steps, COUNT_OF(steps));
		open_sink(&f, loop, &s.transport, cases[i].settings);
		own(&o, NULL);
		make(&m, &o, 1, 1, 600);
		m.batch.effects[0]->message.address = str_c(cases[i].address);
		send(&f, &m);
		made_batch_release(&m);
		CHECK(f.sink->ops->flush(f.sink, &o.holder, NULL));
		CHECK_EQ(s.n_seen, 1);
		CHECK_STR(str_c(s.seen[0].request.method), "PUT");
		CHECK_STR(s.seen[0].request.url, cases[i].url);
		CHECK_STR(header(&s, "content-type"), "application/gzip");
		CHECK_EQ(header(&s, "content-encoding").len, 0); /* it would be unpacked on its way */
		CHECK_EQ(header(&s, "if-none-match").len, 0);
		CHECK_EQ(header(&s, "x-amz-checksum-crc32").len, 8);
		CHECK_EQ(header(&s, "x-amz-content-sha256").len, 64);
		CHECK(str_starts(header(&s, "authorization"), STR("AWS4-HMAC-SHA256 ")));
		close_sink(&f);
		transport_script_release(&s);
	}
}

static void test_a_put_is_what_s3_expects(void **state)
{
	(void)state;
	run_simulated(1, a_put_is_what_s3_expects, NULL);
}

#define ERROR(code) "<?xml version=\"1.0\"?><Error><Code>" code "</Code><Message>says so</Message></Error>"

static void refusals_are_told_apart(struct loop *loop, void *arg)
{
	static const struct {
		struct script_step step;
		enum err_class class;
		const char *says;
	} cases[] = {
		{ { .status = 301, .fields = "x-amz-bucket-region: eu-central-1", .body = ERROR("PermanentRedirect") }, ERR_FATAL,
		  "bucket lake is in region eu-central-1" },
		{ { .status = 400, .fields = "x-amz-bucket-region: eu-central-1", .body = ERROR("AuthorizationHeaderMalformed") },
		  ERR_FATAL, "in region eu-central-1: set the sink's region" },
		{ { .status = 301, .body = ERROR("PermanentRedirect") }, ERR_FATAL, "set the sink's region" },
		{ { .status = 404, .body = ERROR("NoSuchBucket") }, ERR_RETRY, "is there a bucket lake" },
		{ { .status = 403, .body = ERROR("AccessDenied") }, ERR_AUTH, "AccessDenied" },
		{ { .status = 409, .body = ERROR("OperationAborted") }, ERR_RETRY, "OperationAborted" },
		{ { .status = 307, .body = ERROR("TemporaryRedirect") }, ERR_RETRY, "TemporaryRedirect" },
		{ { .status = 400, .body = ERROR("InvalidBucketName") }, ERR_FATAL, "InvalidBucketName" },
		{ { .status = 400, .body = ERROR("BadDigest") }, ERR_RETRY, "BadDigest" },
		/* known elsewhere as one record's fault; an object is none */
		{ { .status = 400, .body = ERROR("ValidationException") }, ERR_FATAL, "ValidationException" },
		{ { .status = 407, .body = "<html>" }, ERR_AUTH, "proxy" },
	};

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		/* As often as the client tries. */
		const struct script_step steps[] = { cases[i].step, cases[i].step, cases[i].step };
		struct transport_script s;
		struct made_batch m;
		struct fixture f;
		struct owner o;
		struct err err;

		transport_script_init(&s, loop, steps, COUNT_OF(steps));
		open_sink(&f, loop, &s.transport, "{}");
		own(&o, NULL);
		make(&m, &o, 1, 1, 600);
		send(&f, &m);
		made_batch_release(&m);
		CHECK_CLASS(f.sink->ops->flush(f.sink, &o.holder, &err), &err, cases[i].class);
		CHECK(str_find(str_c(err.text), str_c(cases[i].says)) != SIZE_MAX);
		CHECK_EQ(o.acknowledged, 0);
		close_sink(&f);
		transport_script_release(&s);
	}
}

static void test_refusals_are_told_apart(void **state)
{
	(void)state;
	run_simulated(1, refusals_are_told_apart, NULL);
}

static void throttled_ones_come_again(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 503, .body = ERROR("SlowDown") }, { .status = 500, .body = ERROR("InternalError") }, { .status = 200 },
	};
	struct transport_script s;
	struct made_batch m;
	struct fixture f;
	struct owner o;

	(void)arg;
	transport_script_init(&s, loop, steps, COUNT_OF(steps));
	open_sink(&f, loop, &s.transport, "{}");
	own(&o, NULL);
	make(&m, &o, 1, 1, 600);
	send(&f, &m);
	made_batch_release(&m);
	CHECK(f.sink->ops->flush(f.sink, &o.holder, NULL));
	CHECK_EQ(s.n_seen, 3);
	CHECK_EQ(o.acknowledged, 1);
	close_sink(&f);
	transport_script_release(&s);
}

static void test_throttled_ones_come_again(void **state)
{
	(void)state;
	run_simulated(1, throttled_ones_come_again, NULL);
}

static void what_names_no_bucket_is_sent_nowhere(struct loop *loop, void *arg)
{
	static const char *const addresses[] = { "", "a", "lake@evil.test", "lake?x=y", "la ke/deals", "/deals" };

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct transport_script s;
		struct made_batch m;
		struct fixture f;
		struct owner o;

		transport_script_init(&s, loop, NULL, 0);
		open_sink(&f, loop, &s.transport, "{}");
		own(&o, NULL);
		make(&m, &o, 1, 1, 600);
		m.batch.effects[0]->message.address = str_c(addresses[i]);
		send(&f, &m);
		CHECK(m.batch.effects[0]->state == EFFECT_FAILED && m.batch.effects[0]->err->class == ERR_FATAL);
		CHECK_EQ(s.n_seen, 0);
		made_batch_release(&m);
		close_sink(&f);
		transport_script_release(&s);
	}
}

static void test_what_names_no_bucket_is_sent_nowhere(void **state)
{
	(void)state;
	run_simulated(1, what_names_no_bucket_is_sent_nowhere, NULL);
}

static void cancel_later(void *arg)
{
	struct scope *scope = arg;

	if (task_sleep_ms(scope->loop, 1000, NULL))
		scope_cancel(scope);
}

struct cancelled {
	struct fixture *f;
	struct made_batch *m;
};

static void send_task(void *arg)
{
	struct cancelled *c = arg;

	send(c->f, c->m);
}

static void who_is_cancelled_knows_nothing(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .hangs = true } };
	struct transport_script s;
	struct made_batch m;
	struct fixture f;
	struct owner o;
	struct cancelled c = { &f, &m };
	struct scope scope, beside;

	(void)arg;
	transport_script_init(&s, loop, steps, COUNT_OF(steps));
	open_sink(&f, loop, &s.transport, "{}");
	own(&o, NULL);
	make(&m, &o, 1, 2, 899); /* the second begins another object */
	scope_init(&scope, loop);
	scope_init(&beside, loop);
	scope_spawn(&scope, "send", send_task, &c);
	scope_spawn(&beside, "cancel", cancel_later, &scope);
	scope_wait(&scope);
	scope_wait(&beside);
	CHECK_EQ(m.batch.effects[0]->state, EFFECT_HELD);
	CHECK_EQ(m.batch.effects[1]->state, EFFECT_PENDING);
	CHECK_EQ(o.acknowledged, 0);
	f.sink->ops->forget(f.sink, &o.holder);
	made_batch_release(&m);
	close_sink(&f);
	transport_script_release(&s);
}

static void test_who_is_cancelled_knows_nothing(void **state)
{
	(void)state;
	run_simulated(1, who_is_cancelled_knows_nothing, NULL);
}

/* ---- dead letters ---- */

static void a_dead_letter_is_an_object_of_its_own(struct loop *loop, void *arg)
{
	struct sim_s3 *s3 = sim_s3_new(loop, "http://s3.test", NULL);
	struct made_batch m;
	struct fixture f;

	(void)arg;
	open_sink(&f, loop, &s3->transport, PATH_STYLE);
	made_batch_init(&m, 1, 2);
	made_message(&m, 0, "lake/dead", "", "{\"id\":\"p/h/shard/1/x \\u00e9\",\"record\":{}}");
	made_message(&m, 1, "lake/dead", "", "{\"no\":1}");
	send(&f, &m);
	CHECK_EQ(m.batch.effects[0]->state, EFFECT_DONE);
	CHECK(err_is(m.batch.effects[1]->err, "s3.id") && m.batch.effects[1]->err->class == ERR_DATA);
	CHECK_EQ(s3->n_objects, 1);
	CHECK_STR(str_c(s3->objects->key), "lake/dead/p/h/shard/1/x \xc3\xa9.json");
	CHECK_STR(buf_str(&s3->objects->bytes), "{\"id\":\"p/h/shard/1/x \\u00e9\",\"record\":{}}");
	s3->down = true;
	made_retry(&m);
	made_message(&m, 1, "lake/dead", "", "{\"id\":\"a\"}");
	send(&f, &m);
	CHECK(m.batch.effects[2]->err->class == ERR_RETRY);
	made_batch_release(&m);
	close_sink(&f);
	sim_s3_free(s3);
}

static void test_a_dead_letter_is_an_object_of_its_own(void **state)
{
	(void)state;
	run_simulated(1, a_dead_letter_is_an_object_of_its_own, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_held_is_acknowledged_as_a_whole),
		cmocka_unit_test(test_a_failed_put_is_tried_again_with_the_same),
		cmocka_unit_test(test_what_is_forgotten_comes_again),
		cmocka_unit_test(test_who_was_first_has_room_in_any_case),
		cmocka_unit_test(test_a_put_is_what_s3_expects),
		cmocka_unit_test(test_refusals_are_told_apart),
		cmocka_unit_test(test_throttled_ones_come_again),
		cmocka_unit_test(test_what_names_no_bucket_is_sent_nowhere),
		cmocka_unit_test(test_who_is_cancelled_knows_nothing),
		cmocka_unit_test(test_a_dead_letter_is_an_object_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
