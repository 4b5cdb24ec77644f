/* What the batch services' requests look like. */
#include "sim/transport_script.h"
#include "support/aws_sink.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>


#define QUEUE "https://sqs.eu-west-1.amazonaws.com/1/deals"

static const struct effect_header headers[] = {
	{ STR_INIT("tenant"), STR_INIT("t & 1+") }, { STR_INIT("empty"), STR_INIT("") },
	{ STR_INIT("sluice-v"), STR_INIT("77") },
};
static const struct effect_header notification[] = {
	{ STR_INIT("sluice-v"), STR_INIT("77") }, { STR_INIT("sluice-notification-id"), STR_INIT("note-1") },
};
static const struct effect_header odd_notification[] = {
	{ STR_INIT("sluice-notification-id"), STR_INIT("no plain id") },
};

struct request_case {
	const char *kind, *settings, *address, *target;
	const char *want;   /* the whole body */
};

static const struct request_case requests[] = {
	{ "sqs", "{}", QUEUE, "AmazonSQS.SendMessageBatch",
	  "{\"QueueUrl\":\"" QUEUE "\",\"Entries\":[{\"Id\":\"0\",\"MessageBody\":\"{\\\"a\\\":1}\","
	  "\"MessageAttributes\":{"
	  "\"tenant\":{\"DataType\":\"String\",\"StringValue\":\"t & 1+\"},\"sluice-v\":{\"DataType\":\"String\","
	  "\"StringValue\":"
	  "\"77\"}}},{\"Id\":\"1\",\"MessageBody\":\"two\"}]}" },
	{ "sns", "{}", "arn:aws:sns:eu-west-1:1:t", NULL,
	  "Action=PublishBatch&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A1%3At"
	  "&PublishBatchRequestEntries.member.1.Id=0&PublishBatchRequestEntries.member.1.Message=%7B%22a%22%3A1%7D"
	  "&PublishBatchRequestEntries.member.1.MessageAttributes.entry.1.Name=tenant"
	  "&PublishBatchRequestEntries.member.1.MessageAttributes.entry.1.Value.DataType=String"
	  "&PublishBatchRequestEntries.member.1.MessageAttributes.entry.1.Value.StringValue=t+%26+1%2B"
	  "&PublishBatchRequestEntries.member.1.MessageAttributes.entry.2.Name=sluice-v"
	  "&PublishBatchRequestEntries.member.1.MessageAttributes.entry.2.Value.DataType=String"
	  "&PublishBatchRequestEntries.member.1.MessageAttributes.entry.2.Value.StringValue=77"
	  "&PublishBatchRequestEntries.member.2.Id=1&PublishBatchRequestEntries.member.2.Message=two" },
	{ "kinesis", "{}", "changes", "Kinesis_20131202.PutRecords",
	  "{\"StreamName\":\"changes\",\"Records\":[{\"Data\":\"eyJhIjoxfQ==\","
	  "\"PartitionKey\":\"a\"},{\"Data\":\"dHdv\","
	  "\"PartitionKey\":\"b\"}]}" },
	{ "kinesis", "{}", "arn:aws:kinesis:eu-west-1:1:stream/c", "Kinesis_20131202.PutRecords",
	  "{\"StreamARN\":\"arn:aws:kinesis:eu-west-1:1:stream/c\",\"Records\":[{\"Data\":\"eyJhIjoxfQ==\","
	  "\"PartitionKey\":"
	  "\"a\"},{\"Data\":\"dHdv\",\"PartitionKey\":\"b\"}]}" },
	{ "firehose", "{}", "lake", "Firehose_20150804.PutRecordBatch",
	  "{\"DeliveryStreamName\":\"lake\",\"Records\":[{\"Data\":\"eyJhIjoxfQo=\"},{\"Data\":\"dHdvCg==\"}]}" },
	{ "firehose", "{\"newline\":false}", "lake", "Firehose_20150804.PutRecordBatch",
	  "{\"DeliveryStreamName\":\"lake\",\"Records\":[{\"Data\":\"eyJhIjoxfQ==\"},{\"Data\":\"dHdv\"}]}" },
	{ "eventbridge", "{\"source\":\"shop\",\"detail_type\":\"deal\"}", "bus", "AWSEvents.PutEvents",
	  "{\"Entries\":[{\"EventBusName\":\"bus\",\"Source\":\"shop\",\"DetailType\":\"deal\",\"Time\":1767225600,"
	  "\"Detail\":"
	  "\"{\\\"a\\\":1}\"},{\"EventBusName\":\"bus\",\"Source\":\"shop\",\"DetailType\":\"deal\","
	  "\"Time\":1767225600,"
	  "\"Detail\":\"two\"}]}" },
};

static void look_at_a_request(struct loop *loop, void *arg)
{
	const struct request_case *c = arg;
	static const struct script_step steps[] = { { .status = 200, .body = "{}" } };
	struct transport_script script;
	struct aws_sink f;
	struct effect *first;

	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, c->kind, c->settings, 2));
	first = aws_sink_add(&f, c->address, "a", "{\"a\":1}");
	first->message.headers = headers;
	first->message.n_headers = COUNT_OF(headers);
	aws_sink_add(&f, c->address, "b", "two");
	aws_sink_send(&f);
	CHECK_EQ(script.n_seen, 1);
	CHECK_STR(script.seen[0].request.body, c->want);
	if (c->target)
		CHECK_STR(transport_script_header(&script, 0, "x-amz-target"), c->target);
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_requests_look_as_the_services_want_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(requests); i++)
		run_simulated(1, look_at_a_request, (void *)&requests[i]);
}

/* ---- FIFO ids ---- */

/* The text between `before` and `after` in the nth entry. */
static struct str member_of(struct str body, const char *before, char after, size_t nth)
{
	for (size_t i = 0;; i++) {
		size_t at = str_find(body, str_c(before));

		if (at == SIZE_MAX)
			return str_of(NULL, 0);
		body = str_from(body, at + strlen(before));
		if (i == nth)
			return str_sub(body, 0, str_find_char(body, after));
	}
}

static const char *const fifo_kinds[][4] = {
	{ "sqs", QUEUE ".fifo", "\"MessageGroupId\":\"", "\"MessageDeduplicationId\":\"" },
	{ "sns", "arn:aws:sns:eu-west-1:1:t.fifo", "MessageGroupId=", "MessageDeduplicationId=" },
};

struct ids {
	char group[4][130], once[4][130];
};

static void send_fifo(struct loop *loop, size_t kind, const char *second_body, struct ids *out)
{
	static const struct script_step steps[] = { { .status = 200, .body = "{}" } };
	char after = kind == 0 ? '"' : '&';
	struct transport_script script;
	struct aws_sink f;
	struct effect *e;

	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, fifo_kinds[kind][0], "{\"concurrency\":1}", 4));
	aws_sink_add(&f, fifo_kinds[kind][1], "a", "one");
	aws_sink_add(&f, fifo_kinds[kind][1], "", second_body);
	e = aws_sink_add(&f, fifo_kinds[kind][1], "b", "three");
	e->message.headers = notification;
	e->message.n_headers = COUNT_OF(notification);
	e = aws_sink_add(&f, fifo_kinds[kind][1], "c", "four");
	e->message.headers = odd_notification;
	e->message.n_headers = COUNT_OF(odd_notification);
	aws_sink_send(&f);
	CHECK_EQ(script.n_seen, 1);
	for (size_t i = 0; i < 4; i++) {
		struct str body = script.seen[0].request.body;

		snprintf(out->group[i], sizeof(out->group[i]), "%.*s",
			 STR_ARG(member_of(body, fifo_kinds[kind][2], after, i)));
		snprintf(out->once[i], sizeof(out->once[i]), "%.*s",
			 STR_ARG(member_of(body, fifo_kinds[kind][3], after, i)));
	}
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void look_at_fifo_ids(struct loop *loop, void *arg)
{
	struct ids ids, again, other;

	(void)arg;
	for (size_t kind = 0; kind < COUNT_OF(fifo_kinds); kind++) {
		send_fifo(loop, kind, "two", &ids);
		send_fifo(loop, kind, "two", &again);
		send_fifo(loop, kind, "two, of another version", &other);
		CHECK(memcmp(&ids, &again, sizeof(ids)) == 0); /* a repeat has the same ids */
		for (size_t i = 0; i < 4; i++) {
			CHECK_EQ(strlen(ids.group[i]), 64);
			CHECK(strlen(ids.once[i]) == (i == 2 ? 6 : 64));
			for (size_t j = 0; j < i; j++)
				CHECK(strcmp(ids.group[i], ids.group[j]) != 0 && strcmp(ids.once[i], ids.once[j]) != 0);
		}
		CHECK_STR(str_c(ids.once[2]), "note-1");
		CHECK(strcmp(ids.once[1], other.once[1]) != 0);
		CHECK(strcmp(ids.group[1], other.group[1]) == 0);
	}
}

static void test_fifo_ids_are_the_same_on_every_repeat(void **state)
{
	(void)state;
	run_simulated(1, look_at_fifo_ids, NULL);
}

/* ---- partition keys ---- */

static void look_at_partition_keys(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200, .body = "{}" } };
	char longest[257], longer[258];
	const char *const keys[] = { longest, longer, "\xff", "", "" };
	struct transport_script script;
	struct aws_sink f;

	(void)arg;
	memset(longest, 'k', sizeof(longest));
	memset(longer, 'k', sizeof(longer));
	longest[256] = longer[257] = '\0';
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, "kinesis", "{}", COUNT_OF(keys)));
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		aws_sink_add(&f, "s", keys[i], "x");
	aws_sink_send(&f);
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct str sent = member_of(script.seen[0].request.body, "\"PartitionKey\":\"", '"', i);

		CHECK_EQ(sent.len, i == 0 ? 256 : 64);
		for (size_t j = 0; j < i; j++)
			CHECK(!str_eq(sent, member_of(script.seen[0].request.body, "\"PartitionKey\":\"", '"', j)));
	}
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_a_key_that_is_no_partition_key_is_replaced_by_its_digest(void **state)
{
	(void)state;
	run_simulated(1, look_at_partition_keys, NULL);
}

/* ---- attributes ---- */

static void look_at_many_headers(struct loop *loop, void *arg)
{
	static const struct script_step steps[] = { { .status = 200, .body = "{\"Successful\":[{\"Id\":\"0\"}]}" } };
	struct effect_header many[11];
	struct transport_script script;
	struct aws_sink f;
	struct effect *e;

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = (struct effect_header){ STR("h"), STR("v") };
	transport_script_init(&script, loop, steps, COUNT_OF(steps));
	CHECK(aws_sink_init(&f, loop, &script.transport, "sqs", "{}", 2));
	for (size_t i = 0; i < 2; i++) {
		e = aws_sink_add(&f, QUEUE, "", "x");
		e->message.headers = many;
		e->message.n_headers = 10 + i;
	}
	aws_sink_send(&f);
	CHECK_EQ(aws_sink_effect(&f, 0)->state, EFFECT_DONE);
	CHECK(err_is(aws_sink_effect(&f, 1)->err, "sqs.headers"));
	CHECK_EQ(aws_sink_class(&f, 1), ERR_DATA);
	aws_sink_release(&f);
	transport_script_release(&script);
}

static void test_more_headers_than_attributes_are_not_dropped_silently(void **state)
{
	(void)state;
	run_simulated(1, look_at_many_headers, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_look_as_the_services_want_them),
		cmocka_unit_test(test_fifo_ids_are_the_same_on_every_repeat),
		cmocka_unit_test(test_a_key_that_is_no_partition_key_is_replaced_by_its_digest),
		cmocka_unit_test(test_more_headers_than_attributes_are_not_dropped_silently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
