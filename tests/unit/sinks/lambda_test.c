/* The lambda sink over a scripted transport: batches, failures, order. */
#include "sim/transport_script.h"
#include "sluice/core/json.h"
#include "support/aws_sink.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>

static const struct effect_header change[] = { { STR_INIT("sluice-v"), STR_INIT("77") } };
static const struct effect_header note[] = {
	{ STR_INIT("sluice-v"), STR_INIT("77") }, { STR_INIT("sluice-notification-id"), STR_INIT("note-1") },
};

#define RECORD_BYTES 64

struct lambda {
	struct transport_script script;
	struct aws_sink f;
	char keys[8][RECORD_BYTES];
};

static bool init(struct lambda *l, struct loop *loop, const struct script_step *steps, size_t n_steps,
		 const char *settings, size_t n)
{
	transport_script_init(&l->script, loop, steps, n_steps);
	if (!aws_sink_init(&l->f, loop, &l->script.transport, "lambda", settings, n))
		return false;
	l->f.batch.batch.source.stream_arn = STR("arn:aws:dynamodb:eu-west-1:1:table/T/stream/L");
	for (size_t i = 0; i < n; i++) {
		struct record *r = &l->f.batch.records[i];
		struct effect *e = aws_sink_add(&l->f, "deals", i % 2 ? "odd" : "even", "{}");

		snprintf(l->keys[i], RECORD_BYTES, "{\"id\":{\"S\":\"i%zu\"}}", i);
		r->keys = value_image(str_c(l->keys[i]));
		r->aws_region = STR("eu-west-1");
		r->view_type = STR("KEYS_ONLY");
		r->event = RECORD_MODIFY;
		r->created_s = 1767225600;
		r->size_bytes = 10;
		e->message.headers = change;
		e->message.n_headers = COUNT_OF(change);
	}
	return true;
}

static void release(struct lambda *l)
{
	aws_sink_release(&l->f);
	transport_script_release(&l->script);
}

/* Which records the nth invocation held, as their numbers. */
static void invoked(const struct lambda *l, size_t nth, char out[16])
{
	struct str body = l->script.seen[nth].request.body;
	size_t n = 0;

	for (size_t at; (at = str_find(body, STR("\"S\":\"i"))) != SIZE_MAX && n < 15; body = str_from(body, at + 6))
		out[n++] = body.ptr[at + 6];
	out[n] = '\0';
}

static void look_at_the_event(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200, .body = "null" } };
	struct lambda l;

	(void)arg;
	CHECK(init(&l, loop, steps, 1, "{}", 2));
	aws_sink_send(&l.f);
	CHECK_STR(l.script.seen[0].request.url, "http://aws.test/2015-03-31/functions/deals/invocations");
	CHECK_STR(l.script.seen[0].request.body,
		  "{\"Records\":[{\"eventID\":\"event-0\",\"eventName\":\"MODIFY\",\"eventVersion\":\"1.1\","
		  "\"eventSource\":"
		  "\"aws:dynamodb\",\"awsRegion\":\"eu-west-1\","
		  "\"dynamodb\":{\"ApproximateCreationDateTime\":1767225600,\"Keys\":{"
		  "\"id\":{\"S\":\"i0\"}},\"SequenceNumber\":\"000000000000000001000\",\"SizeBytes\":10,"
		  "\"StreamViewType\":\"KEYS_ONLY\"},"
		  "\"eventSourceARN\":\"arn:aws:dynamodb:eu-west-1:1:table/T/stream/L\"},"
		  "{\"eventID\":\"event-1\",\"eventName\":\"MODIFY\",\"eventVersion\":\"1.1\",\"eventSource\":"
		  "\"aws:dynamodb\",\"awsRegion\":\"eu-west-1\","
		  "\"dynamodb\":{\"ApproximateCreationDateTime\":1767225600,\"Keys\":{"
		  "\"id\":{\"S\":\"i1\"}},\"SequenceNumber\":\"000000000000000001001\",\"SizeBytes\":10,"
		  "\"StreamViewType\":\"KEYS_ONLY\"},"
		  "\"eventSourceARN\":\"arn:aws:dynamodb:eu-west-1:1:table/T/stream/L\"}]}");
	CHECK_EQ(made_count(&l.f.batch, EFFECT_DONE), 2);
	release(&l);
}

static void test_the_event_is_that_of_an_event_source_mapping(void **state)
{
	(void)state;
	run_simulated(1, look_at_the_event, NULL);
}

static void look_at_messages(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200,
		.body = "{\"batchItemFailures\":[{\"itemIdentifier\":"
									     "\"note-1\"}]}" } };
	struct lambda l;
	struct effect *e;

	(void)arg;
	CHECK(init(&l, loop, steps, 1, "{}", 1));
	e = aws_sink_effect(&l.f, 0);
	e->message.headers = note;
	e->message.n_headers = COUNT_OF(note);
	e->message.address = STR("arn:aws:lambda:eu-west-1:1:function:deals:live");
	aws_sink_send(&l.f);
	CHECK_STR(l.script.seen[0].request.url, "http://aws.test/2015-03-31/functions/"
						"arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Adeals%3Alive/invocations");
	CHECK_STR(l.script.seen[0].request.body,
		  "{\"Records\":[{\"messageId\":\"note-1\",\"body\":\"{}\","
		  "\"attributes\":{\"MessageGroupId\":\"even\"},"
		  "\"messageAttributes\":{\"sluice-v\":{\"stringValue\":\"77\",\"dataType\":\"String\"},"
		  "\"sluice-notification-id\":"
		  "{\"stringValue\":\"note-1\",\"dataType\":\"String\"}},\"eventSource\":\"sluice\"}]}");
	CHECK(err_is(e->err, "lambda.item_failed"));
	release(&l);
}

static void test_notifications_come_as_messages(void **state)
{
	(void)state;
	run_simulated(1, look_at_messages, NULL);
}

/* ---- what a function answers ---- */

#define FAILED "X-Amz-Function-Error: Unhandled"
#define SEQ "00000000000000000" /* of 21 digits, as the service writes them */
#define ITEM(id) "{\"batchItemFailures\":[{\"itemIdentifier\":\"" id "\"}]}"

struct answer_case {
	const char *settings;
	struct script_step steps[8];
	const char *invocations[8]; /* NULL: no more */
	const char *codes[4];       /* of the four records; NULL: done */
};

static const struct answer_case answers[] = {
	{ "{}", { { .status = 200, .body = "" } }, { "0123" }, { NULL } },
	{ "{}", { { .status = 200, .body = "{}" } }, { "0123" }, { NULL } },
	{ "{}", { { .status = 200, .body = "\"ok\"" } }, { "0123" }, { NULL } },
	{ "{}", { { .status = 200, .body = "{\"batchItemFailures\":[]}" } }, { "0123" }, { NULL } },
	{ "{}", { { .status = 200, .body = "{\"batchItemFailures\":null}" } }, { "0123" }, { NULL } },
	{ "{}", { { .status = 200, .body = ITEM(SEQ "1002") } }, { "0123" }, { NULL, NULL, "lambda.item_failed",
	  "sink.behind" } },
	{ "{}", { { .status = 200, .body = "{\"batchItemFailures\":[{\"itemIdentifier\":\"000000000000000001003\"},"
					   "{\"itemIdentifier\":\"000000000000000001001\"},"
					   "{\"itemIdentifier\":\"000000000000000001003\"}]}" } },
	  { "0123" }, { NULL, "lambda.item_failed", "sink.behind", "sink.behind" } },
	{ "{\"report_batch_item_failures\":false}", { { .status = 200, .body = ITEM(SEQ "1002") } }, { "0123" },
	  { NULL } },
	{ "{\"report_batch_item_failures\":false}", { { .status = 200, .body = "no json" } }, { "0123" }, { NULL } },
	{ "{}", { { .status = 200, .body = "no json" } }, { "0123" },
	  { "lambda.answer", "lambda.answer", "lambda.answer", "lambda.answer" } },
	/* all of it failed: halves, and the one to blame holds back what is behind it */
	{ "{}", { { .status = 200, .body = ITEM("7") }, { .status = 200 }, { .status = 200, .body = ITEM("") },
		  { .status = 200, .body = "{\"batchItemFailures\":7}" } },
	  { "0123", "01", "23", "2" }, { NULL, NULL, "lambda.item_failures", "sink.behind" } },
	{ "{}", { { .status = 200, .body = "{\"batchItemFailures\":[{\"item\":\"000000000000000001000\"}]}" },
	  { .status = 200, .body = ITEM(SEQ "1001") } },
	  { "0123", "01" }, { NULL, "lambda.item_failed", "sink.behind", "sink.behind" } },
	{ "{}", { { .status = 200, .fields = FAILED, .body = "{\"errorMessage\":\"boom\",\"errorType\":\"E\"}" },
		  { .status = 200, .fields = FAILED, .body = "not even JSON" }, { .status = 200, .fields = FAILED } },
	  { "0123", "01", "0" }, { "lambda.function_error", "sink.behind", "sink.behind", "sink.behind" } },
	{ "{\"bisect\":false}", { { .status = 200, .fields = FAILED, .body = "{}" } }, { "0123" },
	  { "lambda.function_error", "lambda.function_error", "lambda.function_error", "lambda.function_error" } },
	{ "{\"bisect\":false,\"records\":2}", { { .status = 200, .fields = FAILED, .body = "{}" } }, { "01" },
	  { "lambda.function_error", "lambda.function_error", "sink.behind", "sink.behind" } },
	{ "{\"records\":3}", { { .status = 200 }, { .status = 200 } }, { "012", "3" }, { NULL } },
	/* too large as a whole, whoever says so */
	{ "{\"bisect\":false}", { { .status = 413, .body = "{\"Type\":\"User\",\"message\":\"x\"}",
				    .fields = "x-amzn-errortype: RequestTooLargeException" }, { .status = 200 },
				  { .status = 200 } },
	  { "0123", "01", "23" }, { NULL } },
	/* the service's own trouble is everybody's; a function that may have run is not invoked again at once */
	{ "{\"records\":2}", { { .status = 429, .fields = "x-amzn-errortype: TooManyRequestsException", .body = "{}" },
			       { .status = 429, .fields = "x-amzn-errortype: TooManyRequestsException", .body = "{}" },
			       { .status = 429, .fields = "x-amzn-errortype: TooManyRequestsException",
			         .body = "{}" } },
	  { "01", "01", "01" },
	  { "TooManyRequestsException", "TooManyRequestsException", "TooManyRequestsException",
	    "TooManyRequestsException" } },
	{ "{\"records\":2}", { { .status = 0, .error = "http.timeout" } }, { "01" },
	  { "http.timeout", "http.timeout", "http.timeout", "http.timeout" } },
	{ "{}", { { .status = 404, .fields = "x-amzn-errortype: ResourceNotFoundException", .body = "{}" } },
	  { "0123" },
	  { "ResourceNotFoundException", "ResourceNotFoundException", "ResourceNotFoundException",
	    "ResourceNotFoundException" } },
};

static void look_at_an_answer(struct loop *loop, void *arg)
{
	const struct answer_case *c = arg;
	struct lambda l;
	size_t n = 0;

	CHECK(init(&l, loop, c->steps, COUNT_OF(c->steps), c->settings, 4));
	aws_sink_send(&l.f);
	for (; c->invocations[n]; n++) {
		char got[16] = "";

		CHECK(n < l.script.n_seen);
		invoked(&l, n, got);
		CHECK_STR(str_c(got), c->invocations[n]);
	}
	CHECK_EQ(l.script.n_seen, n);
	for (size_t i = 0; i < 4; i++) {
		const struct effect *e = aws_sink_effect(&l.f, i);

		CHECK_EQ(e->state, c->codes[i] ? EFFECT_FAILED : EFFECT_DONE);
		if (c->codes[i])
			CHECK_STR(str_c(e->err->code), c->codes[i]);
	}
	release(&l);
}

static void test_answers_are_read_as_an_event_source_mapping_reads_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++)
		run_simulated(1, look_at_an_answer, (void *)&answers[i]);
}

/* ---- lanes ---- */

static void look_at_lanes(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .fields = FAILED, .after_ms = 50 }, { .status = 200, .after_ms = 50 },
		{ .status = 200, .after_ms = 50 }, { .status = 200, .after_ms = 50 },
	};
	struct lambda l;
	size_t done = 0;

	(void)arg;
	CHECK(init(&l, loop, steps, COUNT_OF(steps), "{\"concurrency\":10,\"records\":1}", 4));
	aws_sink_send(&l.f);
	CHECK_EQ(l.script.seen[0].at_ms, l.script.seen[1].at_ms); /* two keys in two lanes */
	CHECK_EQ(l.script.n_seen, 3);
	for (size_t i = 0; i < 4; i++)
		done += aws_sink_effect(&l.f, i)->state == EFFECT_DONE;
	CHECK_EQ(done, 2);
	for (size_t i = 0; i < 2; i++) { /* of one key both, of the other none */
		CHECK_EQ(aws_sink_effect(&l.f, i)->state, aws_sink_effect(&l.f, i + 2)->state);
		CHECK(aws_sink_effect(&l.f, i)->state == EFFECT_DONE ||
		      err_is(aws_sink_effect(&l.f, i + 2)->err, "sink.behind"));
	}
	release(&l);
}

static void test_lanes_keep_the_order_of_each_key(void **state)
{
	(void)state;
	run_simulated(1, look_at_lanes, NULL);
}

static void look_at_a_large_record(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200 }, { .status = 200 } };
	static const char begin[] = "{\"id\":{\"S\":\"i1", end[] = "\"}}";
	struct buf image;
	struct lambda l;

	(void)arg;
	buf_init(&image, 8 << 20);
	buf_puts(&image, begin);
	memset(buf_reserve(&image, 7 << 20), 'x', 7 << 20);
	buf_commit(&image, 7 << 20);
	buf_puts(&image, end);
	CHECK(init(&l, loop, steps, 2, "{}", 3));
	l.f.batch.records[1].keys = value_image(buf_str(&image));
	aws_sink_send(&l.f);
	CHECK_EQ(l.script.n_seen, 1);
	CHECK_EQ(aws_sink_effect(&l.f, 0)->state, EFFECT_DONE);
	CHECK(err_is(aws_sink_effect(&l.f, 1)->err, "lambda.size"));
	CHECK_EQ(aws_sink_class(&l.f, 1), ERR_DATA);
	CHECK(err_is(aws_sink_effect(&l.f, 2)->err, "sink.behind"));
	release(&l);
	buf_release(&image);
}

static void test_a_record_larger_than_a_payload_goes_alone_to_the_dead_letter(void **state)
{
	(void)state;
	run_simulated(1, look_at_a_large_record, NULL);
}

static void look_at_the_payload(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200 }, { .status = 200 } };
	struct buf image;
	struct lambda l;

	(void)arg;
	buf_init(&image, 8 << 20);
	buf_puts(&image, "{\"id\":{\"S\":\"i1");
	memset(buf_reserve(&image, 4 << 20), 'x', 4 << 20);
	buf_commit(&image, 4 << 20);
	buf_puts(&image, "\"}}");
	CHECK(init(&l, loop, steps, 2, "{}", 3));
	l.f.batch.records[1].keys = l.f.batch.records[2].keys = value_image(buf_str(&image));
	aws_sink_send(&l.f);
	CHECK_EQ(l.script.n_seen, 2); /* 4 MiB and 4 MiB do not fit into 6 */
	CHECK(l.script.seen[0].request.body.len < 6 << 20);
	CHECK_EQ(made_count(&l.f.batch, EFFECT_DONE), 3);
	release(&l);
	buf_release(&image);
}

static void test_a_batch_ends_where_the_payload_is_full(void **state)
{
	(void)state;
	run_simulated(1, look_at_the_payload, NULL);
}

static void look_at_a_probe(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = "{}" },
		{ .status = 403, .fields = "x-amzn-errortype: AccessDeniedException", .body = "{}" },
		{ .status = 403, .fields = "x-amzn-errortype: UnrecognizedClientException", .body = "{}" },
	};
	struct err err = { 0 };
	struct lambda l;

	(void)arg;
	CHECK(init(&l, loop, steps, COUNT_OF(steps), "{}", 1));
	CHECK(l.f.sink->ops->probe(l.f.sink, &err));
	CHECK(l.f.sink->ops->probe(l.f.sink, &err));
	CHECK_CLASS(l.f.sink->ops->probe(l.f.sink, &err), &err, ERR_AUTH);
	CHECK_STR(l.script.seen[0].request.url, "http://aws.test/2016-08-19/account-settings");
	CHECK_STR(str_c(l.script.seen[0].request.method), "GET");
	release(&l);
}

static void test_a_probe_that_is_not_allowed_has_reached_lambda(void **state)
{
	(void)state;
	run_simulated(1, look_at_a_probe, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_event_is_that_of_an_event_source_mapping),
		cmocka_unit_test(test_notifications_come_as_messages),
		cmocka_unit_test(test_answers_are_read_as_an_event_source_mapping_reads_them),
		cmocka_unit_test(test_lanes_keep_the_order_of_each_key),
		cmocka_unit_test(test_a_record_larger_than_a_payload_goes_alone_to_the_dead_letter),
		cmocka_unit_test(test_a_batch_ends_where_the_payload_is_full),
		cmocka_unit_test(test_a_probe_that_is_not_allowed_has_reached_lambda),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
