#include "sluice/aws/streams.h"

#include "answer.h"
#include "sluice/core/json_write.h"

#include <assert.h>

enum {
	MAX_BODY_BYTES = 16 * 1024,
	MAX_DESCRIPTION_BYTES = 1024 * 1024,
	MAX_ITERATOR_ANSWER_BYTES = 64 * 1024,
	MAX_SHARDS = 1000,               /* of one page; the service gives 100 */
};

static void begin_body(struct json_writer *w, struct buf *body)
{
	buf_init(body, MAX_BODY_BYTES);
	json_write_init(w, body);
	json_begin_object(w);
}

static bool too_long(struct err *err, const char *operation)
{
	return err_set(err, ERR_FATAL, "aws.request", "%s: its arguments are longer than the service takes", operation);
}

static bool call(struct aws_client *c, struct aws_request request, const struct buf *body, struct buf *answer,
		 struct err *err)
{
	request.body = buf_str(body);
	return buf_ok(body) ? aws_call(c, &request, answer, err) : too_long(err, request.operation);
}

static void read_shard(struct answer *a, struct str object, struct stream_shard *out)
{
	struct str range = answer_object(a, object, "SequenceNumberRange");

	out->id = answer_needed_text(a, object, "ShardId");
	out->parent = answer_text(a, object, "ParentShardId");
	out->first_sequence = answer_text(a, range, "StartingSequenceNumber");
	out->last_sequence = answer_text(a, range, "EndingSequenceNumber");
}

static void read_shards(struct answer *a, struct str array, struct stream_description *out)
{
	struct str object;
	struct scan it;
	size_t n = 0;

	for (answer_each(&it, array); answer_next(a, &it, &object); n++)
		if (n == MAX_SHARDS) {
			answer_wrong(a, "it lists more than 1,000 shards");
			return;
		}
	out->shards = arena_array(a->arena, n, sizeof(*out->shards));
	if (a->ok && !out->shards)
		answer_wrong(a, "it lists more shards than there is room for");
	for (answer_each(&it, array); answer_next(a, &it, &object);)
		read_shard(a, object, &out->shards[out->count++]);
}

static void read_key_names(struct answer *a, struct str array, struct str names[2])
{
	struct str object;
	struct scan it;

	for (answer_each(&it, array); answer_next(a, &it, &object);) {
		struct str type = answer_needed_text(a, object, "KeyType");

		names[str_eq(type, STR("RANGE"))] = answer_needed_text(a, object, "AttributeName");
	}
}

static bool read_description(struct str text, struct arena *arena, struct stream_description *out, struct err *err)
{
	struct answer a;
	struct str d;

	*out = (struct stream_description){ 0 };
	answer_begin(&a, "DescribeStream", text, arena, err);
	d = answer_object(&a, text, "StreamDescription");
	if (a.ok && !d.len)
		answer_wrong(&a, "it has no StreamDescription");
	out->status = answer_needed_text(&a, d, "StreamStatus");
	out->view_type = answer_text(&a, d, "StreamViewType");
	out->table = answer_text(&a, d, "TableName");
	out->label = answer_text(&a, d, "StreamLabel");
	out->created_s = answer_seconds(&a, d, "CreationRequestDateTime");
	out->last_evaluated_shard = answer_text(&a, d, "LastEvaluatedShardId");
	read_key_names(&a, answer_array(&a, d, "KeySchema"), out->key_names);
	read_shards(&a, answer_array(&a, d, "Shards"), out);
	return a.ok;
}

bool streams_describe(struct aws_client *c, struct str stream_arn, struct str exclusive_start, struct str child_of,
		      struct arena *arena, struct stream_description *out, struct err *err)
{
	const struct aws_request request = {
		.operation = "DescribeStream", .resource_arn = stream_arn, .max_answer_bytes = MAX_DESCRIPTION_BYTES,
		.max_attempts = 1,
	};
	struct buf body, answer;
	struct json_writer w;
	bool ok;

	begin_body(&w, &body);
	json_member_str(&w, STR("StreamArn"), stream_arn);
	if (exclusive_start.len)
		json_member_str(&w, STR("ExclusiveStartShardId"), exclusive_start);
	if (child_of.len) {
		json_key(&w, STR("ShardFilter"));
		json_begin_object(&w);
		json_member_str(&w, STR("Type"), STR("CHILD_SHARDS"));
		json_member_str(&w, STR("ShardId"), child_of);
		json_end_object(&w);
	}
	json_end_object(&w);
	buf_init(&answer, MAX_DESCRIPTION_BYTES);
	ok = call(c, request, &body, &answer, err) &&
	     read_description(buf_str(&answer), arena, out, err);
	buf_release(&answer);
	buf_release(&body);
	return ok;
}

static bool read_iterator(struct str text, struct buf *iterator, struct err *err)
{
	struct arena arena;
	struct answer a;
	struct str plain;

	arena_init(&arena, 2 * MAX_ITERATOR_ANSWER_BYTES);
	answer_begin(&a, "GetShardIterator", text, &arena, err);
	plain = answer_needed_text(&a, text, "ShardIterator");
	if (a.ok && !buf_put(iterator, plain))
		answer_wrong(&a, "its iterator is too long");
	arena_release(&arena);
	return a.ok;
}

bool streams_get_iterator(struct aws_client *c, struct str stream_arn, struct str shard_id, enum iterator_type type,
			  const struct sequence *sequence, struct buf *iterator, struct err *err)
{
	static const struct str types[] = {
		[ITERATOR_TRIM_HORIZON] = STR_INIT("TRIM_HORIZON"), [ITERATOR_LATEST] = STR_INIT("LATEST"),
		[ITERATOR_AT] = STR_INIT("AT_SEQUENCE_NUMBER"), [ITERATOR_AFTER] = STR_INIT("AFTER_SEQUENCE_NUMBER"),
	};
	const struct aws_request request = {
		.operation = "GetShardIterator", .resource_arn = stream_arn, .max_answer_bytes = MAX_ITERATOR_ANSWER_BYTES,
	};
	struct buf body, answer;
	struct json_writer w;
	bool ok;

	begin_body(&w, &body);
	json_member_str(&w, STR("StreamArn"), stream_arn);
	json_member_str(&w, STR("ShardId"), shard_id);
	json_member_str(&w, STR("ShardIteratorType"), types[type]);
	if (type == ITERATOR_AT || type == ITERATOR_AFTER)
		json_member_str(&w, STR("SequenceNumber"), sequence_wire(sequence));
	json_end_object(&w);
	buf_init(&answer, MAX_ITERATOR_ANSWER_BYTES);
	ok = call(c, request, &body, &answer, err) &&
	     read_iterator(buf_str(&answer), iterator, err);
	buf_release(&answer);
	buf_release(&body);
	return ok;
}

struct page *streams_get_records(struct aws_client *c, struct str iterator, unsigned limit, size_t max_bytes,
				 struct err *err)
{
	const struct aws_request request = {
		.operation = "GetRecords", .resource_arn = iterator, .max_answer_bytes = max_bytes, /* it begins with the ARN */
	};
	struct page *page = NULL;
	struct buf body, answer;
	struct json_writer w;

	assert(limit >= 1 && limit <= 1000);
	begin_body(&w, &body);
	json_member_str(&w, STR("ShardIterator"), iterator);
	json_member_int(&w, STR("Limit"), limit);
	json_end_object(&w);
	buf_init(&answer, max_bytes);
	if (call(c, request, &body, &answer, err))
		page = page_decode(&answer, limit, err);
	buf_release(&answer);
	buf_release(&body);
	return page;
}
