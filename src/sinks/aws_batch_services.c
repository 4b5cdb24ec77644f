/* The rows of the batch services: what their requests look like and how large
 * they may be.
 *
 * Facts (November 2026): limits and shapes from the services' API models
 * (SendMessageBatch 10 entries and 1 MiB; PublishBatch 10 and 256 KiB, up to 1 MiB by
 * the topic's MaximumMessageSize; PutRecords 500 and 10 MiB, a record up to the
 * stream's MaxRecordSizeInKiB, 1 MiB unless it was raised; PutRecordBatch 500, 4 MiB,
 * 1,000 KiB; PutEvents 10 entries of less than 1 MiB in all); how an entry's size
 * counts: EventBridge User Guide, "Calculating PutEvents event entry size", and the
 * message quotas of SQS and SNS (body and attributes).
 */
#include "aws_batch.h"
#include "sluice/core/json_write.h"
#include "sluice/item/base64.h"
#include "sluice/sinks/kinds.h"

#include <stdio.h>

enum {
	MIB = 1 << 20,
	LONGEST_PARTITION_KEY = 256,
	LONGEST_DEDUPLICATION_ID = 128,
	TIME_BYTES = 14,
};

/* ---- ids ---- */

static struct str event_id(const struct effect *e)
{
	return e->batch->records[e->record]->event_id;
}

/* The same for equal keys; a message without one stands for itself. */
static void group_of(const struct effect *e, struct digest *out)
{
	const struct str fields[] = { e->message.key.len ? e->message.key : event_id(e) };

	digest_fields(fields, 1, out);
}

/* Letters, digits and ASCII punctuation are what SQS and SNS take in ids. */
static bool is_plain_id(struct str id)
{
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] <= ' ' || id.ptr[i] > '~')
			return false;
	return id.len > 0 && id.len <= LONGEST_DEDUPLICATION_ID;
}

/* The same on every repeat: a fan-out's notification id, else what the message says
 * and of which event. The body belongs to it: a seek gives new versions and should
 * be heard, and the dead letters of one event are several. */
static struct str deduplication_id(const struct effect *e, struct digest *room)
{
	const struct effect_source *from = &e->batch->source;
	struct str given = aws_batch_header(&e->message, STR("sluice-notification-id"));
	const struct str fields[] = { from->app, from->pipeline, from->handler, event_id(e), given, e->message.body };

	if (is_plain_id(given))
		return given;
	digest_fields(fields, sizeof(fields) / sizeof(*fields), room);
	return str_c(room->hex);
}

static bool is_fifo(struct str address)
{
	return str_ends(address, STR(".fifo"));
}

/* ---- SQS and SNS ---- */

/* Attributes have no empty values. */
static bool is_sent(const struct effect_header *h)
{
	return h->value.len > 0;
}

static size_t message_size(const struct aws_batch_settings *set, const struct effect *e)
{
	size_t bytes = e->message.body.len;

	(void)set;
	for (size_t i = 0; i < e->message.n_headers; i++) {
		const struct effect_header *h = &e->message.headers[i];

		if (is_sent(h))
			bytes += h->name.len + sizeof("String") - 1 + h->value.len;
	}
	return bytes;
}

static void put_sqs_attributes(struct json_writer *w, const struct effect_message *m)
{
	json_key(w, STR("MessageAttributes"));
	json_begin_object(w);
	for (size_t i = 0; i < m->n_headers; i++) {
		if (!is_sent(&m->headers[i]))
			continue;
		json_key(w, m->headers[i].name);
		json_begin_object(w);
		json_member_str(w, STR("DataType"), STR("String"));
		json_member_str(w, STR("StringValue"), m->headers[i].value);
		json_end_object(w);
	}
	json_end_object(w);
}

static void put_sqs_entry(struct json_writer *w, const struct effect *e, size_t i)
{
	struct digest group, once;
	char id[24];

	snprintf(id, sizeof(id), "%zu", i);
	json_begin_object(w);
	json_member_str(w, STR("Id"), str_c(id));
	json_member_str(w, STR("MessageBody"), e->message.body);
	if (e->message.n_headers)
		put_sqs_attributes(w, &e->message);
	if (is_fifo(e->message.address)) {
		group_of(e, &group);
		json_member_str(w, STR("MessageGroupId"), str_c(group.hex));
		json_member_str(w, STR("MessageDeduplicationId"), deduplication_id(e, &once));
	}
	json_end_object(w);
}

static void write_sqs(const struct aws_batch_settings *set, struct effect *const *effects, size_t n, struct buf *out)
{
	struct json_writer w;

	(void)set;
	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_str(&w, STR("QueueUrl"), effects[0]->message.address);
	json_key(&w, STR("Entries"));
	json_begin_array(&w);
	for (size_t i = 0; i < n; i++)
		put_sqs_entry(&w, effects[i], i);
	json_end_array(&w);
	json_end_object(&w);
}

static bool is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '.' || c == '~';
}

void aws_batch_put_encoded(struct buf *out, struct str text, const char *space)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		const char escaped[3] = { '%', hex[c >> 4], hex[c & 15] };

		if (is_unreserved(c))
			buf_putc(out, (char)c);
		else if (c == ' ')
			buf_puts(out, space);
		else
			buf_put(out, str_of(escaped, sizeof(escaped)));
	}
}

/* As the SDKs write a form's values. */
static void put_form_text(struct buf *out, struct str text)
{
	aws_batch_put_encoded(out, text, "+");
}

#define SNS_ENTRY "&PublishBatchRequestEntries.member.%zu."

static void put_sns_attributes(struct buf *out, const struct effect_message *m, size_t nth)
{
	size_t k = 0;

	for (size_t i = 0; i < m->n_headers; i++) {
		if (!is_sent(&m->headers[i]))
			continue;
		k++;
		buf_putf(out, SNS_ENTRY "MessageAttributes.entry.%zu.Name=", nth, k);
		put_form_text(out, m->headers[i].name);
		buf_putf(out, SNS_ENTRY "MessageAttributes.entry.%zu.Value.DataType=String", nth, k);
		buf_putf(out, SNS_ENTRY "MessageAttributes.entry.%zu.Value.StringValue=", nth, k);
		put_form_text(out, m->headers[i].value);
	}
}

static void write_sns(const struct aws_batch_settings *set, struct effect *const *effects, size_t n, struct buf *out)
{
	(void)set;
	buf_puts(out, "&TopicArn=");
	put_form_text(out, effects[0]->message.address);
	for (size_t i = 0; i < n; i++) {
		const struct effect *e = effects[i];
		struct digest group, once;

		buf_putf(out, SNS_ENTRY "Id=%zu" SNS_ENTRY "Message=", i + 1, i, i + 1);
		put_form_text(out, e->message.body);
		put_sns_attributes(out, &e->message, i + 1);
		if (!is_fifo(e->message.address))
			continue;
		group_of(e, &group);
		buf_putf(out, SNS_ENTRY "MessageGroupId=%s", i + 1, group.hex);
		buf_putf(out, SNS_ENTRY "MessageDeduplicationId=", i + 1);
		put_form_text(out, deduplication_id(e, &once));
	}
}

const struct aws_batch_service aws_batch_sqs = {
	.name = "SQS",
	.service = AWS_SQS,
	.operation = "SendMessageBatch",
	.ordered = ".fifo",
	.entries = 10,
	.request_bytes = MIB,
	.entry_bytes = MIB,
	.attributes = 10,
	.examine = "GetQueueAttributes",
	.member = "QueueUrl",
	.examination = { "sqs:GetQueueAttributes", "sqs:SendMessage", false },
	.probe = "ListQueues",
	.probe_body = STR_INIT("{\"MaxResults\":1}"),
	.size = message_size,
	.write = write_sqs,
	.read = aws_batch_read_ids,
};

const struct aws_batch_service aws_batch_sns = {
	.name = "SNS",
	.service = AWS_SNS,
	.operation = "PublishBatch",
	.ordered = ".fifo",
	.entries = 10,
	.entry_bytes = 256 << 10,
	.attributes = 10,
	.examine = "GetTopicAttributes",
	.member = "TopicArn",
	.examination = { "sns:GetTopicAttributes", "sns:Publish", false },
	.probe = "ListTopics",
	.size = message_size,
	.write = write_sns,
	.read = aws_batch_read_xml,
};

/* ---- Kinesis and Firehose ---- */

/* The message key where it can be one, else its digest: equal keys share a shard. */
static struct str partition_key(const struct effect *e, struct digest *room)
{
	struct str key = e->message.key;

	if (key.len > 0 && key.len <= LONGEST_PARTITION_KEY && str_utf8_valid(key))
		return key;
	group_of(e, room);
	return str_c(room->hex);
}

static size_t kinesis_size(const struct aws_batch_settings *set, const struct effect *e)
{
	struct digest room;

	(void)set;
	return e->message.body.len + partition_key(e, &room).len;
}

static void put_data(struct json_writer *w, struct str data, bool newline)
{
	struct buf whole, text;

	buf_init(&whole, data.len + 1);
	buf_init(&text, 2 * data.len + 8);
	buf_put(&whole, data);
	if (newline)
		buf_putc(&whole, '\n');
	base64_encode(buf_str(&whole), &text);
	json_key(w, STR("Data"));
	json_str_escaped(w, buf_str(&text));
	buf_release(&text);
	buf_release(&whole);
}

static void write_kinesis(const struct aws_batch_settings *set, struct effect *const *effects, size_t n,
			  struct buf *out)
{
	struct str stream = effects[0]->message.address;
	struct json_writer w;

	(void)set;
	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_str(&w, str_starts(stream, STR("arn:")) ? STR("StreamARN") : STR("StreamName"), stream);
	json_key(&w, STR("Records"));
	json_begin_array(&w);
	for (size_t i = 0; i < n; i++) {
		struct digest room;

		json_begin_object(&w);
		put_data(&w, effects[i]->message.body, false);
		json_member_str(&w, STR("PartitionKey"), partition_key(effects[i], &room));
		json_end_object(&w);
	}
	json_end_array(&w);
	json_end_object(&w);
}

static size_t firehose_size(const struct aws_batch_settings *set, const struct effect *e)
{
	return e->message.body.len + (set->newline ? 1 : 0);
}

static void write_firehose(const struct aws_batch_settings *set, struct effect *const *effects, size_t n,
			   struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_str(&w, STR("DeliveryStreamName"), effects[0]->message.address);
	json_key(&w, STR("Records"));
	json_begin_array(&w);
	for (size_t i = 0; i < n; i++) {
		json_begin_object(&w);
		put_data(&w, effects[i]->message.body, set->newline);
		json_end_object(&w);
	}
	json_end_array(&w);
	json_end_object(&w);
}

const struct aws_batch_service aws_batch_kinesis = {
	.name = "Kinesis",
	.service = AWS_KINESIS,
	.operation = "PutRecords",
	.ordered = "",
	.entries = 500,
	.request_bytes = 10 * MIB,
	.entry_bytes = MIB,
	.attributes = SIZE_MAX,
	.examine = "DescribeStreamSummary",
	.member = "StreamName",
	.examination = { "kinesis:DescribeStreamSummary", "kinesis:PutRecords", false },
	.probe = "ListStreams",
	.probe_body = STR_INIT("{\"Limit\":1}"),
	.size = kinesis_size,
	.write = write_kinesis,
	.read = aws_batch_read_list,
	.answers = "Records",
	.proof = "SequenceNumber",
};

const struct aws_batch_service aws_batch_firehose = {
	.name = "Firehose",
	.service = AWS_FIREHOSE,
	.operation = "PutRecordBatch",
	.entries = 500,
	.request_bytes = 4 * MIB,
	.entry_bytes = 1000 << 10,
	.attributes = SIZE_MAX,
	.examine = "DescribeDeliveryStream",
	.member = "DeliveryStreamName",
	.examination = { "firehose:DescribeDeliveryStream", "firehose:PutRecordBatch", false },
	.probe = "ListDeliveryStreams",
	.probe_body = STR_INIT("{\"Limit\":1}"),
	.size = firehose_size,
	.write = write_firehose,
	.read = aws_batch_read_list,
	.answers = "RequestResponses",
	.proof = "RecordId",
};

/* ---- EventBridge ---- */

static size_t event_size(const struct aws_batch_settings *set, const struct effect *e)
{
	return TIME_BYTES + set->source.len + set->detail_type.len + e->message.body.len;
}

static void write_events(const struct aws_batch_settings *set, struct effect *const *effects, size_t n, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_key(&w, STR("Entries"));
	json_begin_array(&w);
	for (size_t i = 0; i < n; i++) {
		const struct effect *e = effects[i];

		json_begin_object(&w);
		json_member_str(&w, STR("EventBusName"), e->message.address);
		json_member_str(&w, STR("Source"), set->source);
		json_member_str(&w, STR("DetailType"), set->detail_type);
		json_member_int(&w, STR("Time"), e->batch->records[e->record]->created_s);
		json_member_str(&w, STR("Detail"), e->message.body);
		json_end_object(&w);
	}
	json_end_array(&w);
	json_end_object(&w);
}

const struct aws_batch_service aws_batch_eventbridge = {
	.name = "EventBridge",
	.service = AWS_EVENTBRIDGE,
	.operation = "PutEvents",
	.entries = 10,
	.request_bytes = MIB - 1,
	.entry_bytes = MIB - 1,
	.attributes = SIZE_MAX,
	.examine = "DescribeEventBus",
	.member = "Name",
	.examination = { "events:DescribeEventBus", "events:PutEvents", false },
	.probe = "ListEventBuses",
	.probe_body = STR_INIT("{\"Limit\":1}"),
	.size = event_size,
	.write = write_events,
	.read = aws_batch_read_list,
	.answers = "Entries",
	.proof = "EventId",
};

/* ---- the kinds ---- */

#define LARGEST(setting, least, most, text)                                                                  \
	{ .name = setting, .type = OPTION_INT, .offset = AWS_BATCH_AT(entry_bytes), .default_text = text,    \
	  .min = least, .max = most, .unit = "bytes",                                                        \
	  .help = "The largest message; a larger one goes to the dead letter." }
#define OPENER(kind)                                                                                         \
	static struct sink *kind##_open(const void *settings, const struct sink_site *site, struct err *err) \
	{                                                                                                    \
		return aws_batch_open(&kind##_sink, &aws_batch_##kind, settings, site, err);                 \
	}
#define KIND(of, place, words)                                                                               \
	OPENER(of)                                                                                           \
	const struct sink_ops of##_sink = {                                                                  \
		.kind = #of, .summary = words, .options = of##_options,                                      \
		.settings_size = sizeof(struct aws_batch_settings), .accepts = 1u << EFFECT_MESSAGE,         \
		.address = place, .check = aws_batch_check, .open = of##_open, .send = aws_batch_send,       \
		.probe = aws_batch_probe, .examine = aws_batch_examine, .close = aws_batch_close,                                          \
	}

static const struct option sqs_options[] = {
	AWS_BATCH_OPTIONS,
	AWS_BATCH_CONCURRENCY,
	AWS_BATCH_TIMEOUT("30000"),
	LARGEST("message_bytes", 1024, 1048576, "1048576"),
	{ 0 },
};

KIND(sqs, "queue_url",
     "Sends messages to SQS queues by SendMessageBatch; in order per key where the queue is a FIFO one.");

static const struct option sns_options[] = {
	AWS_BATCH_OPTIONS,
	AWS_BATCH_CONCURRENCY,
	AWS_BATCH_TIMEOUT("30000"),
	{ .name = "message_bytes", .type = OPTION_INT, .offset = AWS_BATCH_AT(entry_bytes), .default_text = "262144",
	  .min = 1024, .max = 1048576, .unit = "bytes",
	  .help = "The largest message, and sum of the messages of one request: the topic's MaximumMessageSize. A "
		  "larger one goes to the dead letter." },
	{ 0 },
};

KIND(sns, "topic_arn",
     "Publishes messages to SNS topics by PublishBatch; in order per key where the topic is a FIFO one.");

static const struct option kinesis_options[] = {
	AWS_BATCH_OPTIONS,
	AWS_BATCH_CONCURRENCY,
	AWS_BATCH_TIMEOUT("30000"),
	{ .name = "record_bytes", .type = OPTION_INT, .offset = AWS_BATCH_AT(entry_bytes), .default_text = "1048576",
	  .min = 1024, .max = 10485760, .unit = "bytes",
	  .help = "The largest record with its partition key: the stream's MaxRecordSizeInKiB. A larger one goes to "
		  "the dead letter." },
	{ 0 },
};

KIND(kinesis, "stream", "Puts records into Kinesis data streams by PutRecords, in order per key.");

static const struct option firehose_options[] = {
	AWS_BATCH_OPTIONS,
	AWS_BATCH_CONCURRENCY,
	AWS_BATCH_TIMEOUT("30000"),
	LARGEST("record_bytes", 1024, 1024000, "1024000"),
	{ .name = "newline", .type = OPTION_BOOL, .offset = AWS_BATCH_AT(newline), .default_text = "true",
	  .help = "Whether each record ends with a newline: Firehose joins records as they are." },
	{ 0 },
};

KIND(firehose, "stream", "Puts records into Firehose streams by PutRecordBatch; their order is not kept.");

static const struct option eventbridge_options[] = {
	AWS_BATCH_OPTIONS,
	AWS_BATCH_CONCURRENCY,
	AWS_BATCH_TIMEOUT("30000"),
	LARGEST("event_bytes", 1024, 1048575, "1048575"),
	{ .name = "source", .type = OPTION_STR, .offset = AWS_BATCH_AT(source), .default_text = "sluice",
	  .help = "The events' source." },
	{ .name = "detail_type", .type = OPTION_STR, .offset = AWS_BATCH_AT(detail_type), .default_text = "change",
	  .help = "The events' detail-type." },
	{ 0 },
};

KIND(eventbridge, "bus",
     "Puts events onto EventBridge buses by PutEvents: the message is the detail; order is not kept.");
