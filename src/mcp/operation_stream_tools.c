#include "operation.h"

#include "allow.h"

#include "sluice/core/scan.h"

/* A look into a stream: which there are, their shards, some of their records. */

enum {
	BODY_MAX = 64 * 1024, ANSWER_MAX = 17 << 20,
	MOST_RECORDS = 100, SOME_RECORDS = 20,
	MOST_SHARDS = 200,           /* that a look passes through */
	PAGES_OF_A_SHARD = 5,        /* an empty page is no end: records may be behind it */
	ROOM_FOR_THE_REST = 2048,    /* of a result, besides its records */
};

/* ---- one call ---- */

struct look {
	struct mcp_call *call;
	struct str stream;
	struct str shards[MOST_SHARDS];  /* ids, in the call's memory */
	size_t n_shards, looked_at;
	int64_t wanted, got;
	struct buf answer, records;      /* records: JSON, comma separated */
	struct str last_shard, last_sequence;
	bool full;
};

static bool ask(struct look *l, enum mcp_service service, const char *operation, struct buf *body)
{
	bool ok = operation_call(l->call, service, operation, buf_str(body), &l->answer);
	struct err err;

	buf_release(body);
	if (ok && !scan_check(buf_str(&l->answer), &err)) {
		mcp_fail(l->call, "the service answered %s with something that is no JSON", operation);
		ok = false;
	}
	return ok;
}

/* Plain text of a member, in the call's memory; empty where there is none. */
static struct str text_of(struct look *l, struct str object, const char *name)
{
	struct str value;

	if (!scan_member(object, str_c(name), &value) || value.len < 2 || value.ptr[0] != '"')
		return STR("");
	value = arena_dup(mcp_call_arena(l->call), str_sub(value, 1, value.len - 2));
	return value.ptr ? value : STR("");
}

/* {"name": "text", …, NULL}, with `limit` where it is not 0. */
static void write_body(struct buf *body, int64_t limit, const char *const *names, const struct str *values)
{
	struct json_writer w;

	buf_init(body, BODY_MAX);
	json_write_init(&w, body);
	json_begin_object(&w);
	for (size_t i = 0; names[i]; i++)
		if (values[i].len)
			json_member_str(&w, str_c(names[i]), values[i]);
	if (limit)
		json_member_int(&w, STR("Limit"), limit);
	json_end_object(&w);
}

/* ---- where to look ---- */

static bool find_stream(struct look *l)
{
	struct str table = mcp_arg_str(l->call, "table_name"), described;
	struct buf body;

	l->stream = mcp_arg_str(l->call, "stream_arn");
	if (l->stream.len)
		return true;
	write_body(&body, 0, (const char *const[]){ "TableName", NULL }, &table);
	if (!ask(l, MCP_DYNAMODB, "DescribeTable", &body))
		return false;
	if (scan_member(buf_str(&l->answer), STR("Table"), &described))
		l->stream = text_of(l, described, "LatestStreamArn");
	if (l->stream.len)
		return true;
	mcp_fail(l->call, "the table %.*s has no stream: update_table with stream_specification gives it one", STR_ARG(table));
	return false;
}

static void take_shards(struct look *l, struct str list)
{
	struct scan_token t;
	struct str shard;
	struct scan s;

	scan_init_trusted(&s, list);
	scan_next(&s, &t);
	while (l->n_shards < MOST_SHARDS && scan_value(&s, &shard))
		l->shards[l->n_shards++] = text_of(l, shard, "ShardId");
}

/* All of them, oldest first, as the service lists them. */
static bool list_shards(struct look *l)
{
	struct str from = STR(""), described, list;
	struct buf body;

	do {
		const struct str values[] = { l->stream, from };

		write_body(&body, 0, (const char *const[]){ "StreamArn", "ExclusiveStartShardId", NULL }, values);
		if (!ask(l, MCP_DYNAMODB_STREAMS, "DescribeStream", &body))
			return false;
		from = STR("");
		if (!scan_member(buf_str(&l->answer), STR("StreamDescription"), &described))
			break;
		if (scan_member(described, STR("Shards"), &list))
			take_shards(l, list);
		from = text_of(l, described, "LastEvaluatedShardId");
	} while (from.len && l->n_shards < MOST_SHARDS);
	return true;
}

static bool find_shards(struct look *l)
{
	struct str shard = mcp_arg_str(l->call, "shard_id");

	if (!shard.len)
		return list_shards(l);
	l->shards[l->n_shards++] = shard;
	return true;
}

/* ---- records ---- */

static void take_record(struct look *l, struct str record, struct str shard)
{
	struct str change;

	if (l->records.len + record.len > MCP_OBJECT_MAX_BYTES - ROOM_FOR_THE_REST) {
		l->full = true;
		return;
	}
	buf_putf(&l->records, "%s%.*s", l->got ? "," : "", STR_ARG(record));
	l->got++;
	l->last_shard = shard;
	if (scan_member(record, STR("dynamodb"), &change))
		l->last_sequence = text_of(l, change, "SequenceNumber");
}

static bool has_room(const struct look *l)
{
	return !l->full && l->got < l->wanted && !mcp_cancelled(l->call);
}

static void take_records(struct look *l, struct str list, struct str shard)
{
	struct scan_token t;
	struct str record;
	struct scan s;

	scan_init_trusted(&s, list);
	scan_next(&s, &t);
	while (has_room(l) && scan_value(&s, &record))
		take_record(l, record, shard);
}

/* *iterator: empty behind the shard's end. */
static bool read_page(struct look *l, struct str *iterator, struct str shard)
{
	struct str list;
	struct buf body;

	write_body(&body, l->wanted - l->got, (const char *const[]){ "ShardIterator", NULL }, iterator);
	if (!ask(l, MCP_DYNAMODB_STREAMS, "GetRecords", &body))
		return false;
	*iterator = text_of(l, buf_str(&l->answer), "NextShardIterator");
	if (scan_member(buf_str(&l->answer), STR("Records"), &list))
		take_records(l, list, shard);
	return true;
}

static bool read_shard(struct look *l, struct str shard)
{
	struct str after = mcp_arg_str(l->call, "shard_id").len ? mcp_arg_str(l->call, "after_sequence_number") : STR("");
	const struct str values[] = { l->stream, shard, after.len ? STR("AFTER_SEQUENCE_NUMBER") : STR("TRIM_HORIZON"), after };
	struct str iterator;
	struct buf body;
	bool ok;

	write_body(&body, 0, (const char *const[]){ "StreamArn", "ShardId", "ShardIteratorType", "SequenceNumber", NULL }, values);
	ok = ask(l, MCP_DYNAMODB_STREAMS, "GetShardIterator", &body);
	iterator = ok ? text_of(l, buf_str(&l->answer), "ShardIterator") : STR("");
	for (int i = 0; ok && i < PAGES_OF_A_SHARD && iterator.len && has_room(l); i++)
		ok = read_page(l, &iterator, shard);
	l->looked_at++;
	return ok;
}

static void give(struct look *l)
{
	struct json_writer w;
	struct buf out;

	buf_init(&out, ANSWER_MAX);
	json_write_init(&w, &out);
	json_begin_object(&w);
	json_member_str(&w, STR("StreamArn"), l->stream);
	json_key(&w, STR("Records"));
	json_begin_array(&w);
	if (l->records.len)
		json_raw(&w, buf_str(&l->records));
	json_end_array(&w);
	json_member_int(&w, STR("ShardsLookedAt"), (int64_t)l->looked_at);
	json_member_int(&w, STR("ShardsListed"), (int64_t)l->n_shards);
	if (l->got) {
		json_key(&w, STR("Last"));
		json_begin_object(&w);
		json_member_str(&w, STR("shard_id"), l->last_shard);
		json_member_str(&w, STR("after_sequence_number"), l->last_sequence);
		json_end_object(&w);
	}
	json_end_object(&w);
	mcp_structured(l->call, buf_str(&out));
	buf_release(&out);
}

static bool read_shards(struct look *l)
{
	for (size_t i = 0; i < l->n_shards && has_room(l); i++)
		if (!read_shard(l, l->shards[i]))
			return false;
	if (l->got || !l->full)
		return true;
	mcp_fail(l->call, "the next record is larger than a result may be (%d bytes)", MCP_OBJECT_MAX_BYTES);
	return false;
}

static bool may_look(struct mcp_call *call)
{
	struct str table = mcp_arg_str(call, "table_name"), stream = mcp_arg_str(call, "stream_arn");
	struct err err;

	if (!table.len == !stream.len) {
		mcp_fail(call, "give either table_name or stream_arn");
		return false;
	}
	if (allow_table(mcp_call_options(call), table.len ? table : stream, &err))
		return true;
	mcp_fail_err(call, &err);
	return false;
}

static void run_get_stream_records(struct mcp_call *call)
{
	struct look l = { .call = call, .wanted = mcp_arg_int(call, "limit", SOME_RECORDS) };

	if (!may_look(call))
		return;
	buf_init(&l.answer, ANSWER_MAX);
	buf_init(&l.records, MCP_OBJECT_MAX_BYTES);
	if (find_stream(&l) && find_shards(&l) && read_shards(&l))
		give(&l);
	buf_release(&l.answer);
	buf_release(&l.records);
}

/* ---- rows ---- */

static const struct mcp_param list_streams_params[] = {
	{ .name = "table_name", .type = MCP_STRING, .description = "Of this table only." },
	{ .name = "limit", .type = MCP_INTEGER, .min = 1, .max = 100, .description = "At most so many, 1 to 100." },
	{ .name = "exclusive_start_stream_arn", .type = MCP_STRING, .description = "LastEvaluatedStreamArn of the call before." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row list_streams_row = {
	.operation = "ListStreams", .service = MCP_DYNAMODB_STREAMS, .list = "Streams", .limit = "Limit",
};

static const struct mcp_param describe_stream_params[] = {
	{ .name = "stream_arn", .type = MCP_STRING, .flags = MCP_REQUIRED,
	  .description = "The stream's ARN: LatestStreamArn of describe_table." },
	{ .name = "limit", .type = MCP_INTEGER, .min = 1, .max = 100, .description = "At most so many shards, 1 to 100." },
	{ .name = "exclusive_start_shard_id", .type = MCP_STRING, .description = "LastEvaluatedShardId of the call before." },
	PARAM_REGION,
	{ 0 },
};

static const struct operation_row describe_stream_row = {
	.operation = "DescribeStream", .service = MCP_DYNAMODB_STREAMS, .list = "StreamDescription.Shards", .limit = "Limit",
};

static const struct mcp_param get_stream_records_params[] = {
	{ .name = "table_name", .type = MCP_STRING, .description = "The table whose stream is looked into; or stream_arn." },
	{ .name = "stream_arn", .type = MCP_STRING, .description = "The stream's ARN; or table_name." },
	{ .name = "shard_id", .type = MCP_STRING, .description = "This shard only, as Last of the call before says." },
	{ .name = "after_sequence_number", .type = MCP_STRING, .description = "With shard_id: what comes behind this record." },
	{ .name = "limit", .type = MCP_INTEGER, .min = 1, .max = MOST_RECORDS,
	  .description = "At most so many records, 1 to 100 (default 20)." },
	PARAM_REGION,
	{ 0 },
};

const struct mcp_tool operation_stream_tools[] = {
	{ .name = "list_streams", .title = "List streams", .toolset = MCP_STREAMS,
	  .description = "Streams of the account or of a table.",
	  .params = list_streams_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &list_streams_row },
	{ .name = "describe_stream", .title = "Describe a stream", .toolset = MCP_STREAMS,
	  .description = "Status, view type and shards of a stream.",
	  .params = describe_stream_params, .traits = OPERATION_READS,
	  .run = operation_run, .data = &describe_stream_row },
	{ .name = "get_stream_records", .title = "Look into a stream", .toolset = MCP_STREAMS,
	  .description = "Some records of a stream, the oldest that are kept (24 hours) first, as handlers see them. "
			 "Reads only; no handler is disturbed.",
	  .params = get_stream_records_params, .traits = OPERATION_READS,
	  .run = run_get_stream_records },
	{ 0 },
};
