/* The engine of the batch services over a scripted transport; aws_batch_random_test.c
 * has it over a service that fails at random. */
#include "sim/env.h"
#include "sim/transport_script.h"
#include "sluice/core/mem.h"
#include "support/aws_sink.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#define QUEUE "https://sqs.eu-west-1.amazonaws.com/1/deals"

static struct str seen_body(const struct transport_script *s, size_t nth)
{
	return s->seen[nth].request.body;
}

static bool says(struct str text, const char *what)
{
	return str_find(text, str_c(what)) != SIZE_MAX;
}

/* ---- outcomes of single messages ---- */

struct outcome_case {
	const char *kind, *answer;
	enum err_class want[4]; /* of messages 0 … 3; ERR_NONE: done */
};

static const struct outcome_case outcome_cases[] = {
	{ "sqs",
	  "{\"Successful\":[{\"Id\":\"2\"},{\"Id\":\"0\"}],\"Failed\":[{\"Id\":\"1\",\"SenderFault\":true,"
	  "\"Code\":\"Odd\","
	  "\"Message\":\"no\"},{\"Id\":\"3\",\"SenderFault\":false,\"Code\":\"InternalError\"}]}",
	  { ERR_NONE, ERR_DATA, ERR_NONE, ERR_RETRY } },
	{ "sqs",
	  "{\"Failed\":[{\"Id\":\"0\",\"SenderFault\":false,\"Code\":\"RequestThrottled\"},{\"Id\":\"1\","
	  "\"SenderFault\":true,"
	  "\"Code\":\"KmsAccessDenied\"},{\"Id\":\"2\",\"SenderFault\":true,"
	  "\"Code\":\"AWS.SimpleQueueService.NonExistentQueue\"},"
	  "{\"Id\":\"3\",\"SenderFault\":true,\"Code\":\"InvalidMessageContents\"}]}",
	  { ERR_THROTTLE, ERR_AUTH, ERR_RETRY, ERR_DATA } },
	/* missing, twice, both, unknown ids */
	{ "sqs",
	  "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"},{\"Id\":\"1\"},{\"Id\":\"2\"},{\"Id\":\"4\"},{\"Id\":\"03\"},{\"Id\":"
	  "\"-1\"},{\"Id\":3},{\"Id\":\"99999999999999999999\"},{\"Id\":\"\"},7,null],\"Failed\":[{\"Id\":\"2\","
	  "\"Code\":\"x\"}]}",
	  { ERR_NONE, ERR_RETRY, ERR_RETRY, ERR_RETRY } },
	{ "sqs", "", { ERR_RETRY, ERR_RETRY, ERR_RETRY, ERR_RETRY } },
	{ "sqs", "<html>", { ERR_RETRY, ERR_RETRY, ERR_RETRY, ERR_RETRY } },
	{ "sqs", "[]", { ERR_RETRY, ERR_RETRY, ERR_RETRY, ERR_RETRY } },
	{ "sqs", "{\"Successful\":5,\"Failed\":\"x\"}", { ERR_RETRY, ERR_RETRY, ERR_RETRY, ERR_RETRY } },
	{ "sns",
	  "<PublishBatchResponse><PublishBatchResult><Successful><member><Id>0</Id><MessageId>m</MessageId></member>"
	  "</Successful>"
	  "<Failed><member><Id>1</Id><Code>InvalidParameter</Code><Message>bad</Message>"
	  "<SenderFault>true</SenderFault></member>"
	  "<member><Id>2</Id><Code>Odd</Code><SenderFault>true</SenderFault></member><member><Id>3</Id><Code>Odd</Code>"
	  "<SenderFault>false</SenderFault></member></Failed></PublishBatchResult></PublishBatchResponse>",
	  { ERR_NONE, ERR_DATA, ERR_DATA, ERR_RETRY } },
	{ "sns",
	  "<PublishBatchResponse><PublishBatchResult><Successful><member><Id>3</Id></member><member><Id>3</Id></member>"
	  "<member/><member><Id>1</Id></member></Successful></PublishBatchResult></PublishBatchResponse>",
	  { ERR_RETRY, ERR_NONE, ERR_RETRY, ERR_RETRY } },
	{ "sns", "<PublishBatchResponse/>", { ERR_RETRY, ERR_RETRY, ERR_RETRY, ERR_RETRY } },
	{ "sns", "<PublishBatch", { ERR_RETRY, ERR_RETRY, ERR_RETRY, ERR_RETRY } },
	{ "sns", "{\"Successful\":[{\"Id\":\"0\"}]}", { ERR_RETRY, ERR_RETRY, ERR_RETRY, ERR_RETRY } },
	{ "kinesis",
	  "{\"FailedRecordCount\":2,\"Records\":[{\"SequenceNumber\":\"1\",\"ShardId\":\"s\"},{\"ErrorCode\":"
	  "\"ProvisionedThroughputExceededException\",\"ErrorMessage\":\"slow\"},{\"ErrorCode\":\"InternalFailure\"},{}]}",
	  { ERR_NONE, ERR_THROTTLE, ERR_RETRY, ERR_RETRY } },
	{ "kinesis", "{\"Records\":[{\"SequenceNumber\":\"1\"},{\"SequenceNumber\":\"2\"},{\"SequenceNumber\":\"3\"}]}",
	  { ERR_RETRY, ERR_RETRY, ERR_RETRY, ERR_RETRY } },
	{ "kinesis", "{\"Records\":[{\"SequenceNumber\":1},{\"SequenceNumber\":\"\"},{\"SequenceNumber\":\"3\","
	  "\"ErrorCode\":"
		     "\"InternalFailure\"},\"x\"]}",
	  { ERR_RETRY, ERR_RETRY, ERR_RETRY, ERR_RETRY } },
	{ "kinesis", "{\"Records\":{\"a\":1,\"b\":2,\"c\":3,\"d\":4}}",
	  { ERR_RETRY, ERR_RETRY, ERR_RETRY, ERR_RETRY } },
	{ "firehose",
	  "{\"FailedPutCount\":1,\"RequestResponses\":[{\"RecordId\":\"a\"},{\"ErrorCode\":\"ServiceUnavailableException\"},"
	  "{\"RecordId\":\"b\"},{\"RecordId\":\"c\"}]}",
	  { ERR_NONE, ERR_RETRY, ERR_NONE, ERR_NONE } },
	{ "eventbridge",
	  "{\"FailedEntryCount\":3,\"Entries\":[{\"EventId\":\"a\"},{\"ErrorCode\":\"MalformedDetail\","
	  "\"ErrorMessage\":\"x\"},"
	  "{\"ErrorCode\":\"NotAuthorizedForSourceException\"},{\"ErrorCode\":\"ThrottlingException\"}]}",
	  { ERR_NONE, ERR_DATA, ERR_FATAL, ERR_THROTTLE } },
};

static void look_at_outcomes(struct loop *loop, void *arg)
{
	const struct outcome_case *c = arg;
	const struct script_step steps[] = { { .status = 200, .body = c->answer } };
	static const char *const names[] = { "a", "b", "c", "d" };
	struct transport_script script;
	struct aws_sink f;

	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, c->kind, "{}", 4));
	for (int i = 0; i < 4; i++)
		aws_sink_add(&f, "place", names[i], "{}");
	aws_sink_send(&f);
	CHECK_EQ(script.n_seen, 1);
	for (int i = 0; i < 4; i++) {
		const struct effect *e = aws_sink_effect(&f, (size_t)i);

		CHECK(e->state != EFFECT_PENDING);
		CHECK_EQ(aws_sink_class(&f, (size_t)i), c->want[i]);
		CHECK(e->state == EFFECT_DONE || e->err->text[0]);
	}
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_each_message_is_settled_by_its_own_outcome(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(outcome_cases); i++)
		run_simulated(i + 1, look_at_outcomes, (void *)&outcome_cases[i]);
}

static void look_at_a_retry(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"2\"}],\"Failed\":[{\"Id\":\"1\","
		  "\"Code\":\"x\"}]}" },
		{ .status = 200, .body = "{\"Successful\":[{\"Id\":\"0\"}]}" },
	};
	struct transport_script script;
	struct aws_sink f;

	(void)arg;
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, "sqs", "{}", 3));
	aws_sink_add(&f, QUEUE, "a", "first");
	aws_sink_add(&f, QUEUE, "b", "second");
	aws_sink_add(&f, QUEUE, "c", "third");
	aws_sink_send(&f);
	CHECK_EQ(made_retry(&f.batch), 1);
	aws_sink_send(&f);
	CHECK_EQ(made_count(&f.batch, EFFECT_DONE), 3);
	CHECK(says(seen_body(&script, 1), "second") && !says(seen_body(&script, 1), "first") &&
	      !says(seen_body(&script, 1), "third"));
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_what_failed_is_sent_again_alone(void **state)
{
	(void)state;
	run_simulated(1, look_at_a_retry, NULL);
}

/* ---- requests that fail as a whole ---- */

struct whole_case {
	int status;
	const char *error, *body;
	enum err_class want;
};

static void look_at_whole(struct loop *loop, void *arg)
{
	const struct whole_case *c = arg;
	struct script_step steps[8];
	struct transport_script script;
	struct aws_sink f;

	for (size_t i = 0; i < COUNT_OF(steps); i++)
		steps[i] = (struct script_step){ .status = c->status, .error = c->error, .body = c->body };
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, "sqs", "{\"concurrency\":1}", 25));
	for (int i = 0; i < 25; i++)
		aws_sink_add(&f, QUEUE, "", "x");
	aws_sink_send(&f);
	for (int i = 0; i < 25; i++)
		CHECK_EQ(aws_sink_class(&f, (size_t)i), c->want);
	CHECK(script.n_seen <= 3); /* the client's attempts at one request: the others would meet the same */
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_a_request_that_fails_as_a_whole_ends_the_send(void **state)
{
	static const struct whole_case cases[] = {
		{ 0, "http.connect", NULL, ERR_RETRY },
		{ 500, NULL, "{}", ERR_RETRY },
		{ 400, NULL, "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"}", ERR_RETRY },
		{ 400, NULL, "{\"__type\":\"com.amazonaws.sqs#KmsThrottled\"}", ERR_THROTTLE },
		{ 403, NULL, "{\"__type\":\"AccessDeniedException\"}", ERR_AUTH },
		{ 400, NULL, "{\"__type\":\"com.amazonaws.sqs#UnsupportedOperation\"}", ERR_FATAL },
		{ 400, NULL, "{\"__type\":\"NobodyKnows\"}", ERR_FATAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		run_simulated(i + 1, look_at_whole, (void *)&cases[i]);
}

static void look_at_halves(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 413, .body = "too large" },
		{ .status = 200, .body = "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"}]}" },
		{ .status = 400, .body = "{\"__type\":\"com.amazonaws.sqs#BatchRequestTooLong\"}" },
		{ .status = 400, .body = "{\"__type\":\"com.amazonaws.sqs#InvalidMessageContents\","
		  "\"message\":\"odd\"}" },
		{ .status = 200, .body = "{\"Successful\":[{\"Id\":\"0\"}]}" },
	};
	struct transport_script script;
	struct aws_sink f;

	(void)arg;
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, "sqs", "{}", 4));
	for (int i = 0; i < 4; i++)
		aws_sink_add(&f, QUEUE, "", i == 2 ? "odd one" : "x");
	aws_sink_send(&f);
	CHECK_EQ(script.n_seen, 5);
	CHECK_EQ(made_count(&f.batch, EFFECT_DONE), 3);
	CHECK_EQ(aws_sink_class(&f, 2), ERR_DATA);
	CHECK(says(str_c(aws_sink_effect(&f, 2)->err->text), "odd"));
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_what_is_refused_for_its_content_is_halved_to_the_culprit(void **state)
{
	(void)state;
	run_simulated(1, look_at_halves, NULL);
}

/* ---- limits ---- */

struct limit_case {
	const char *kind, *settings, *address;
	size_t entry;             /* the largest one */
	size_t others;            /* bytes of a message beside its body, by the service's count */
};

static char *text_of(size_t len)
{
	char *text = mem_alloc(len + 1);

	memset(text, 'x', len);
	return text;
}

/* Any answer will do: requests are counted. */
static void look_at_limits(struct loop *loop, void *arg)
{
	const struct limit_case *c = arg;
	static const struct script_step steps[8] = { { .status = 0 } };
	size_t sizes[3] = { c->entry - c->others, c->entry - c->others + 1, 0 };
	char *bodies[2];
	struct transport_script script;
	struct aws_sink f;

	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, c->kind, c->settings, 4));
	bodies[0] = text_of(sizes[0]);
	bodies[1] = text_of(sizes[1]);
	aws_sink_add(&f, c->address, "k", bodies[0]);
	aws_sink_add(&f, c->address, "j", bodies[1]);
	aws_sink_send(&f);
	CHECK(aws_sink_class(&f, 0) == ERR_RETRY); /* it was sent; the script has no answer */
	CHECK(aws_sink_class(&f, 1) == ERR_DATA);
	CHECK(says(str_c(aws_sink_effect(&f, 1)->err->text), "larger than"));
	mem_free(bodies[0]);
	mem_free(bodies[1]);
	aws_sink_release(&f);
	transport_script_release(&script);
}

static const struct limit_case limit_cases[] = {
	{ "sqs", "{}", QUEUE, 1048576, 0 },
	{ "sqs", "{\"message_bytes\":2048}", QUEUE, 2048, 0 },
	{ "sns", "{}", "arn:aws:sns:eu-west-1:1:t", 262144, 0 },
	{ "sns", "{\"message_bytes\":1048576}", "arn:aws:sns:eu-west-1:1:t", 1048576, 0 },
	{ "kinesis", "{}", "s", 1048576, 1 },
	{ "kinesis", "{\"record_bytes\":10485760}", "s", 10485760, 1 },
	{ "firehose", "{}", "s", 1024000, 1 },
	{ "firehose", "{\"newline\":false}", "s", 1024000, 0 },
	{ "eventbridge", "{}", "bus", 1048575, 14 + 6 + 6 },
	{ "eventbridge", "{\"source\":\"shop\",\"detail_type\":\"t\"}", "bus", 1048575, 14 + 4 + 1 },
};

static void test_a_message_is_too_large_from_the_exact_byte_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(limit_cases); i++)
		run_simulated(i + 1, look_at_limits, (void *)&limit_cases[i]);
}

/* ---- order ---- */

static void look_at_order(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = "{\"Records\":[{\"ErrorCode\":\"InternalFailure\"},{\"SequenceNumber\":\"1\"}]}" },
		{ .status = 200, .body = "{\"Records\":[{\"SequenceNumber\":\"2\"}]}" },
	};
	static const char *const said[] = { "kinesis.entry", NULL, "sink.behind", NULL, "sink.behind" };
	struct transport_script script;
	struct aws_sink f;

	(void)arg;
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, "kinesis", "{\"concurrency\":1}", 5));
	aws_sink_add(&f, "s", "a", "a1");
	aws_sink_add(&f, "s", "b", "b1");
	aws_sink_add(&f, "s", "a", "a2");
	aws_sink_add(&f, "s", "b", "b2");
	aws_sink_add(&f, "s", "a", "a3");
	aws_sink_send(&f);
	CHECK_EQ(script.n_seen, 2);
	for (int i = 0; i < 5; i++) {
		const struct effect *e = aws_sink_effect(&f, (size_t)i);

		CHECK_EQ(e->state, said[i] ? EFFECT_FAILED : EFFECT_DONE);
		CHECK(!said[i] || err_is(e->err, said[i]));
	}
	CHECK(says(seen_body(&script, 1), "YjI=") && !says(seen_body(&script, 1), "YTI=")); /* b2, not a2 */
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_messages_behind_a_failed_one_of_their_key_are_not_sent(void **state)
{
	(void)state;
	run_simulated(1, look_at_order, NULL);
}

static void look_at_a_large_one(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = "{\"Successful\":[{\"Id\":\"0\"}]}" },
	};
	char *large = text_of(3000);
	struct transport_script script;
	struct aws_sink f;

	(void)arg;
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, "sqs", "{\"message_bytes\":2048}", 3));
	aws_sink_add(&f, QUEUE ".fifo", "a", large);
	aws_sink_add(&f, QUEUE ".fifo", "a", "behind");
	aws_sink_add(&f, QUEUE ".fifo", "b", "other");
	aws_sink_send(&f);
	CHECK(err_is(aws_sink_effect(&f, 0)->err, "sqs.size"));
	CHECK(says(str_c(aws_sink_effect(&f, 0)->err->text), "2048 bytes"));
	CHECK(err_is(aws_sink_effect(&f, 1)->err, "sink.behind"));
	CHECK_EQ(aws_sink_effect(&f, 2)->state, EFFECT_DONE);
	mem_free(large);
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_what_is_too_large_holds_back_its_key_alone(void **state)
{
	(void)state;
	run_simulated(1, look_at_a_large_one, NULL);
}

static void look_at_addresses(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = {
		{ .status = 200, .body = "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"}]}" },
		{ .status = 200, .body = "{\"Successful\":[{\"Id\":\"0\"}]}" },
	};
	struct transport_script script;
	struct aws_sink f;

	(void)arg;
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, "sqs", "{\"concurrency\":1}", 4));
	aws_sink_add(&f, "https://one", "", "x");
	aws_sink_add(&f, "https://two", "", "y");
	aws_sink_add(&f, "https://one", "", "z");
	made_row(&f.batch, 3, EFFECT_PUT_ROW, "T", "{}", "{}");
	aws_sink_send(&f);
	CHECK_EQ(made_count(&f.batch, EFFECT_DONE), 3);
	CHECK(says(seen_body(&script, 0), "\"z\"") && !says(seen_body(&script, 0), "\"y\""));
	CHECK(err_is(aws_sink_effect(&f, 3)->err, "sink.kind"));
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_a_request_has_one_address(void **state)
{
	(void)state;
	run_simulated(1, look_at_addresses, NULL);
}

/* ---- cancelling, probing ---- */

static void run_send(void *arg)
{
	aws_sink_send(arg);
}

static void look_at_a_cancelled_one(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .hangs = true } };
	struct transport_script script;
	struct scope scope;
	struct aws_sink f;

	(void)arg;
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, "sqs", "{\"concurrency\":1}", 20));
	for (int i = 0; i < 20; i++)
		aws_sink_add(&f, QUEUE, "", "x");
	scope_init(&scope, loop);
	scope_spawn(&scope, "send", run_send, &f);
	CHECK(task_sleep_ms(loop, 1000, NULL));
	scope_cancel(&scope);
	scope_wait(&scope);
	CHECK_EQ(f.batch.batch.pending, 20);
	CHECK_EQ(script.n_seen, 1);
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_a_cancelled_send_leaves_what_is_not_known_pending(void **state)
{
	(void)state;
	run_simulated(1, look_at_a_cancelled_one, NULL);
}

struct probe_case {
	const char *kind;
	struct script_step step;
	const char *operation;
	bool ok;
};

static void look_at_a_probe(struct loop *loop, void *arg)
{
	const struct probe_case *c = arg;
	struct script_step steps[4] = { c->step, c->step, c->step, c->step };
	struct transport_script script;
	struct err err = { 0 };
	struct aws_sink f;
	bool ok;

	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, c->kind, "{}", 1));
	ok = f.sink->ops->probe(f.sink, &err);
	CHECK_EQ(ok, c->ok);
	CHECK(ok == (err.class == ERR_NONE));
	CHECK(says(transport_script_header(&script, 0, "x-amz-target"), c->operation) ||
	      says(seen_body(&script, 0), c->operation));
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_a_probe_that_is_not_allowed_has_reached_the_service(void **state)
{
	static const struct probe_case cases[] = {
		{ "sqs", { .status = 200, .body = "{}" }, "ListQueues", true },
		{ "sns", { .status = 200, .body = "<x/>" }, "ListTopics", true },
		{ "kinesis", { .status = 200, .body = "{}" }, "ListStreams", true },
		{ "firehose", { .status = 200, .body = "{}" }, "ListDeliveryStreams", true },
		{ "eventbridge", { .status = 200, .body = "{}" }, "ListEventBuses", true },
		{ "kinesis", { .status = 400, .body = "{\"__type\":\"AccessDeniedException\"}" }, "ListStreams", true },
		{ "sns", { .status = 403, .body = "<ErrorResponse><Error><Code>AuthorizationError</Code></Error>"
		  "</ErrorResponse>" },
		  "ListTopics", true },
		{ "kinesis", { .status = 400, .body = "{\"__type\":\"UnrecognizedClientException\"}" }, "ListStreams",
		  false },
		{ "sqs", { .status = 0, .error = "http.connect" }, "ListQueues", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		run_simulated(1, look_at_a_probe, (void *)&cases[i]);
}

static void look_at_settings(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200, .body = "{\"Successful\":[{\"Id\":\"0\"}]}" } };
	struct transport_script script;
	struct aws_sink f;

	(void)arg;
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, "sqs",
		     "{\"endpoint_url\":\"http://elsewhere:99\",\"region\":\"us-west-2\",\"timeout_ms\":1234}", 1));
	aws_sink_add(&f, QUEUE, "", "x");
	aws_sink_send(&f);
	CHECK_STR(script.seen[0].request.url, "http://elsewhere:99/");
	CHECK_EQ(script.seen[0].request.timeout_ms, 1234);
	CHECK(says(transport_script_header(&script, 0, "authorization"), "/us-west-2/sqs/aws4_request"));
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_the_sinks_own_endpoint_and_region_come_first(void **state)
{
	(void)state;
	run_simulated(1, look_at_settings, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_message_is_settled_by_its_own_outcome),
		cmocka_unit_test(test_what_failed_is_sent_again_alone),
		cmocka_unit_test(test_a_request_that_fails_as_a_whole_ends_the_send),
		cmocka_unit_test(test_what_is_refused_for_its_content_is_halved_to_the_culprit),
		cmocka_unit_test(test_a_message_is_too_large_from_the_exact_byte_on),
		cmocka_unit_test(test_messages_behind_a_failed_one_of_their_key_are_not_sent),
		cmocka_unit_test(test_what_is_too_large_holds_back_its_key_alone),
		cmocka_unit_test(test_a_request_has_one_address),
		cmocka_unit_test(test_a_cancelled_send_leaves_what_is_not_known_pending),
		cmocka_unit_test(test_a_probe_that_is_not_allowed_has_reached_the_service),
		cmocka_unit_test(test_the_sinks_own_endpoint_and_region_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
