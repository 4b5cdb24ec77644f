/* The engine of the batch services over a service in memory that fails, loses answers
 * and lies at random. */
#include "sim/env.h"
#include "sluice/core/json.h"
#include "sluice/core/mem.h"
#include "sluice/item/base64.h"
#include "support/aws_sink.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#define QUEUE "https://sqs.eu-west-1.amazonaws.com/1/deals"

static bool says(struct str text, const char *what)
{
	return str_find(text, str_c(what)) != SIZE_MAX;
}

static char *text_of(size_t len)
{
	char *text = mem_alloc(len + 1);

	memset(text, 'x', len);
	return text;
}

/* ---- a service in memory ---- */

enum { MOST_ACCEPTED = 20000 };

/* Takes what its answers say, and now and then more or less. */
struct service {
	struct transport transport;
	struct loop *loop;
	const char *kind;
	double p_entry, p_request; /* faults */
	struct buf accepted[MOST_ACCEPTED]; /* bodies, in the order of acceptance */
	size_t n_accepted, n_requests, faults, in_flight, most_in_flight, most_entries, most_bytes;
	bool same_key_twice;
};

static double chance(struct service *s)
{
	return rng_unit(&loop_env(s->loop)->rng);
}

static void accept(struct service *s, struct str body)
{
	struct buf *b = &s->accepted[s->n_accepted++];

	if (s->n_accepted > MOST_ACCEPTED)
		abort();
	buf_init(b, 1 << 20);
	buf_put(b, body);
}

/* One entry: accepted or not; what the answer says of it. */
static void answer_entry(struct service *s, size_t i, struct str body, struct buf *done, struct buf *failed,
			 struct buf *list)
{
	bool fails = chance(s) < s->p_entry, silent = chance(s) < s->p_entry / 4;
	bool data = strncmp(body.ptr, "bad", 3) == 0;

	s->faults += fails + silent;
	if (list->len)
		buf_putc(list, ',');
	if (fails || data) {
		buf_putf(failed, s->kind[1] == 'n' ? "<member><Id>%zu</Id><Code>%s</Code></member>"
						    : ",{\"Id\":\"%zu\",\"Code\":\"%s\"}",
			 i, data ? "InvalidParameterValue" : "InternalFailure");
		buf_putf(list, "{\"ErrorCode\":\"%s\"}", data ? "MalformedDetail" : "InternalFailure");
		return;
	}
	accept(s, body);
	if (silent) {
		buf_puts(list, "{}");
		return;
	}
	buf_putf(done, s->kind[1] == 'n' ? "<member><Id>%zu</Id></member>" : ",{\"Id\":\"%zu\"}", i);
	buf_puts(list, "{\"SequenceNumber\":\"1\",\"RecordId\":\"1\",\"EventId\":\"1\"}");
}

static void percent_decode(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char hex[3] = { 0 };

		if (text.ptr[i] != '%') {
			buf_putc(out, text.ptr[i] == '+' ? ' ' : text.ptr[i]);
			continue;
		}
		memcpy(hex, text.ptr + i + 1, 2);
		buf_putc(out, (char)strtol(hex, NULL, 16));
		i += 2;
	}
}

struct reply {
	struct buf done, failed, list;
	size_t entries, bytes;
	struct buf partition_keys; /* "|key|" */
};

static void take_entry(struct service *s, struct reply *r, struct str body, struct str key)
{
	char marked[128];

	snprintf(marked, sizeof(marked), "|%.*s|", STR_ARG(key));
	if (key.len && says(buf_str(&r->partition_keys), marked))
		s->same_key_twice = true;
	buf_puts(&r->partition_keys, marked);
	r->bytes += body.len;
	answer_entry(s, r->entries++, body, &r->done, &r->failed, &r->list);
}

static void take_form(struct service *s, struct reply *r, struct str form)
{
	struct buf body, key;

	buf_init(&body, 1 << 20);
	buf_init(&key, 1 << 10);
	while (form.ptr) {
		struct str field = str_split(&form, '&'), name = str_split(&field, '=');

		if (str_ends(name, STR(".Message"))) {
			buf_clear(&body);
			percent_decode(field, &body);
		} else if (str_ends(name, STR(".MessageGroupId"))) {
			buf_clear(&key);
			percent_decode(field, &key);
			take_entry(s, r, buf_str(&body), buf_str(&key));
		}
	}
	buf_release(&body);
	buf_release(&key);
}

static void take_json(struct service *s, struct reply *r, struct str text)
{
	struct json *root = json_parse(text, text.len, NULL);
	const struct json *list = json_get(root, "Entries");

	for (const struct json *j = json_first(list ? list : json_get(root, "Records")); j; j = json_next(j)) {
		struct str body = { NULL, 0 }, key = { NULL, 0 };
		struct buf plain;

		buf_init(&plain, 1 << 20);
		if (!json_get_str(json_get(j, "PartitionKey"), &key))
			json_get_str(json_get(j, "MessageGroupId"), &key);
		if (!json_get_str(json_get(j, "MessageBody"), &body) && !json_get_str(json_get(j, "Detail"), &body)) {
			json_get_str(json_get(j, "Data"), &body);
			base64_decode(body, &plain);
			body = str_trim(buf_str(&plain));
		}
		take_entry(s, r, body, key);
		buf_release(&plain);
	}
	json_free(root);
}

static void write_reply(struct service *s, struct reply *r, struct buf *out)
{
	if (s->kind[1] == 'n') {
		buf_putf(out, "<R><PublishBatchResult><Successful>%.*s</Successful><Failed>%.*s</Failed>"
			"</PublishBatchResult></R>",
			 STR_ARG(buf_str(&r->done)), STR_ARG(buf_str(&r->failed)));
	} else {
		struct str list = buf_str(&r->list), done = str_from(buf_str(&r->done), 1),
			   failed = str_from(buf_str(&r->failed), 1);

		buf_putf(out, "{\"Successful\":[%.*s],\"Failed\":[%.*s],\"Records\":[%.*s],\"RequestResponses\":[%.*s],"
			      "\"Entries\":[%.*s]}",
			 STR_ARG(done), STR_ARG(failed), STR_ARG(list), STR_ARG(list), STR_ARG(list));
	}
}

static bool serve(struct transport *t, const struct http_request *q, struct http_response *response, struct err *err)
{
	struct service *s = (struct service *)t;
	double fault = chance(s) / (s->p_request > 0 ? s->p_request : 1e-9);
	struct reply r = { 0 };
	bool ok;

	s->n_requests++;
	s->faults += fault < 1;
	if (++s->in_flight > s->most_in_flight)
		s->most_in_flight = s->in_flight;
	http_response_clear(response);
	ok = task_sleep_ms(s->loop, (int64_t)rng_below(&loop_env(s->loop)->rng, 40), err);
	s->in_flight--;
	if (!ok || fault < 0.2) /* lost on its way there */
		return ok ? err_set(err, ERR_RETRY, "http.broken", "lost") : false;
	response->status = 200;
	if (fault < 0.4) {
		response->status = 503;
		return true;
	}
	buf_init(&r.done, 1 << 20);
	buf_init(&r.failed, 1 << 20);
	buf_init(&r.list, 1 << 20);
	buf_init(&r.partition_keys, 1 << 20);
	if (s->kind[1] == 'n')
		take_form(s, &r, q->body);
	else
		take_json(s, &r, q->body);
	if (r.entries > s->most_entries)
		s->most_entries = r.entries;
	if (r.bytes > s->most_bytes)
		s->most_bytes = r.bytes;
	write_reply(s, &r, &response->body);
	if (fault >= 0.6 && fault < 0.8)
		buf_truncate(&response->body, response->body.len / 2);
	else if (fault >= 0.8 && fault < 1)
		buf_clear(&response->body);
	buf_release(&r.done);
	buf_release(&r.failed);
	buf_release(&r.list);
	buf_release(&r.partition_keys);
	return fault >= 0.4 && fault < 0.6 ? err_set(err, ERR_RETRY, "http.timeout", "the answer was lost") : true;
}

/* ---- random failures ---- */

enum { MESSAGES = 120, KEYS = 9, BAD = 17 };

struct story {
	uint64_t seed;
	const char *kind, *address;
	bool ordered;
	size_t least_in_flight;   /* several requests at once: many keys, or none */
	size_t faults, most_in_flight;
};

/* Each round the failed ones again, as delivery does; a bad one goes for good after
 * three tries. Some rounds are cut off in the middle. */
static void run_round(void *arg)
{
	aws_sink_send(arg);
}

static bool bad_is_over(const struct effect *e)
{
	return e->attempts >= 3;
}

static size_t next_round(struct aws_sink *f)
{
	size_t left = 0;

	for (size_t i = 0; i < f->batch.batch.count; i++) {
		struct effect *e = f->batch.batch.effects[i];

		if (e->state == EFFECT_FAILED && e->err->class == ERR_DATA)
			e->attempts++;
		if (e->state == EFFECT_FAILED && !bad_is_over(e))
			effect_retry(e);
		left += e->state == EFFECT_PENDING;
	}
	return left;
}

static bool deliver(struct aws_sink *f, struct service *s)
{
	for (int round = 0; round < 2000; round++) {
		struct scope scope;
		bool cut = chance(s) < 0.15;

		scope_init(&scope, f->loop);
		scope_spawn(&scope, "round", run_round, f);
		if (cut) {
			task_sleep_ms(f->loop, (int64_t)rng_below(&loop_env(f->loop)->rng, 80), NULL);
			scope_cancel(&scope);
		}
		scope_wait(&scope);
		if (!cut && f->batch.batch.pending > 0)
			return false; /* a send that is not cancelled settles all */
		if (next_round(f) == 0)
			return true;
	}
	return false;
}

/* A consumer that drops what it has: of each key it must see all in order. */
static bool in_order(const struct service *s, bool ordered)
{
	int next[KEYS] = { 0 };
	bool seen[KEYS][MESSAGES] = { { false } };

	for (size_t i = 0; i < s->n_accepted; i++) {
		int key, at;

		if (sscanf(s->accepted[i].ptr, "k%d n%d", &key, &at) != 2)
			return false;
		seen[key][at] = true;
		if (ordered && at > next[key])
			return false;
		if (at == next[key])
			next[key]++;
	}
	for (int key = 0; key < KEYS && ordered; key++) {
		int count = 0;

		for (int at = 0; at < MESSAGES; at++)
			count += seen[key][at];
		if (count != next[key])
			return false;
	}
	return true;
}

static bool was_accepted(const struct service *s, struct str body)
{
	for (size_t i = 0; i < s->n_accepted; i++)
		if (str_eq(buf_str(&s->accepted[i]), body))
			return true;
	return false;
}

static void tell_story(struct loop *loop, void *arg)
{
	struct story *story = arg;
	struct service *s = mem_alloc(sizeof(*s));
	int given[KEYS] = { 0 };
	struct aws_sink f;

	*s = (struct service){ .transport = { serve }, .loop = loop, .kind = story->kind, .p_entry = 0.1,
		.p_request = 0.2 };
	CHECK(aws_sink_init(&f, loop, &s->transport, story->kind, "{}", MESSAGES));
	for (int i = 0; i < MESSAGES; i++) {
		int key = (int)rng_below(&loop_env(loop)->rng, KEYS);
		char name[16], body[32];

		snprintf(name, sizeof(name), "key %d", key);
		snprintf(body, sizeof(body), "k%d n%d", key, given[key]++);
		if (i % BAD == 0) { /* has a key of its own place in line, but is never accepted */
			snprintf(body, sizeof(body), "bad %d", i);
			given[key]--;
		}
		aws_sink_add(&f, story->address, name, body);
	}
	CHECK(deliver(&f, s));
	for (int i = 0; i < MESSAGES; i++) {
		const struct effect *e = aws_sink_effect(&f, (size_t)i);

		CHECK_EQ(e->state, i % BAD == 0 ? EFFECT_FAILED : EFFECT_DONE);
		CHECK(was_accepted(s, e->message.body) == (i % BAD != 0));
	}
	CHECK(in_order(s, story->ordered));
	CHECK(!s->same_key_twice || !story->ordered);
	story->faults += s->faults;
	if (s->most_in_flight > story->most_in_flight)
		story->most_in_flight = s->most_in_flight;
	for (size_t i = 0; i < s->n_accepted; i++)
		buf_release(&s->accepted[i]);
	aws_sink_release(&f);
	mem_free(s);
}

static void test_all_is_settled_and_keys_keep_their_order_over_random_failures(void **state)
{
	static struct story stories[] = {
		{ .kind = "sqs", .address = QUEUE ".fifo", .ordered = true },
		{ .kind = "sns", .address = "arn:aws:sns:eu-west-1:1:t.fifo", .ordered = true },
		{ .kind = "kinesis", .address = "s", .ordered = true },
		{ .kind = "sqs", .address = QUEUE, .least_in_flight = 4 },
		{ .kind = "firehose", .address = "s" },
		{ .kind = "eventbridge", .address = "b", .least_in_flight = 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(stories); i++) {
		for (stories[i].seed = 1; stories[i].seed <= 25; stories[i].seed++)
			run_simulated(stories[i].seed, tell_story, &stories[i]);
		assert_true(stories[i].faults > 300);
		assert_in_range(stories[i].most_in_flight, stories[i].least_in_flight, 4);
	}
}

/* ---- how requests are cut ---- */

struct cut_case {
	const char *kind, *address;
	size_t messages, bytes; /* of each body */
	size_t want_entries, want_requests;
};

static void look_at_cuts(struct loop *loop, void *arg)
{
	const struct cut_case *c = arg;
	struct service *s = mem_alloc(sizeof(*s));
	char *body = text_of(c->bytes);
	struct aws_sink f;

	*s = (struct service){ .transport = { serve }, .loop = loop, .kind = c->kind };
	CHECK(aws_sink_init(&f, loop, &s->transport, c->kind, "{\"concurrency\":1}", c->messages));
	for (size_t i = 0; i < c->messages; i++) {
		char key[32];

		snprintf(key, sizeof(key), "%05zu", i);
		aws_sink_add(&f, c->address, key, body);
	}
	aws_sink_send(&f);
	CHECK_EQ(made_count(&f.batch, EFFECT_DONE), c->messages);
	CHECK_EQ(s->most_entries, c->want_entries);
	CHECK_EQ(s->n_requests, c->want_requests);
	for (size_t i = 0; i < s->n_accepted; i++)
		buf_release(&s->accepted[i]);
	mem_free(body);
	aws_sink_release(&f);
	mem_free(s);
}

static void test_requests_are_as_full_as_the_service_allows(void **state)
{
	static const struct cut_case cases[] = {
		{ "sqs", QUEUE, 25, 10, 10, 3 },
		{ "sqs", QUEUE, 4, 524288, 2, 2 }, /* two are exactly 1 MiB */
		{ "sqs", QUEUE, 4, 524289, 1, 4 },
		{ "sns", "t.fifo", 3, 131072, 2, 2 },
		{ "sns", "t.fifo", 3, 131073, 1, 3 },
		{ "kinesis", "s", 1001, 10, 500, 3 },
		{ "kinesis", "s", 20, 1048571, 10, 2 }, /* with keys of five bytes ten are 10 MiB */
		{ "kinesis", "s", 20, 1048570, 10, 2 },
		{ "firehose", "s", 1000, 3, 500, 2 },
		{ "firehose", "s", 16, 524287, 8, 2 }, /* with their newlines eight are 4 MiB */
		{ "firehose", "s", 16, 524288, 7, 3 },
		{ "eventbridge", "b", 11, 10, 10, 2 },
		{ "eventbridge", "b", 2, 524260, 2, 1 },
		{ "eventbridge", "b", 2, 524263, 1, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		run_simulated(1, look_at_cuts, (void *)&cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_settled_and_keys_keep_their_order_over_random_failures),
		cmocka_unit_test(test_requests_are_as_full_as_the_service_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
