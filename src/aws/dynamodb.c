#include "sluice/aws/dynamodb.h"

#include "answer.h"
#include "sluice/core/json_write.h"

enum { MAX_DESCRIPTION_BYTES = 1024 * 1024 };

bool dynamodb_call(struct aws_client *c, const char *operation, struct str body, struct buf *answer, struct err *err)
{
	const struct aws_request request = { .operation = operation, .body = body };

	return aws_call(c, &request, answer, err);
}

/* The types of the attributes that are keys. */
static void read_key_types(struct answer *a, struct str definitions, struct table_description *out)
{
	struct str object;
	struct scan it;

	for (answer_each(&it, definitions); answer_next(a, &it, &object);) {
		struct str name = answer_needed_text(a, object, "AttributeName");
		struct str type = answer_needed_text(a, object, "AttributeType");

		for (size_t i = 0; i < 2; i++)
			if (a->ok && out->key_names[i].len && str_eq(name, out->key_names[i]))
				out->key_types[i] = type.ptr[0];
	}
}

/* `keyed`: the table, or an index of it. */
static void read_keys(struct answer *a, struct str table, struct str keyed, struct table_description *out)
{
	struct str object;
	struct scan it;

	for (answer_each(&it, answer_array(a, keyed, "KeySchema")); answer_next(a, &it, &object);) {
		struct str type = answer_needed_text(a, object, "KeyType");

		out->key_names[str_eq(type, STR("RANGE"))] = answer_needed_text(a, object, "AttributeName");
	}
	read_key_types(a, answer_array(a, table, "AttributeDefinitions"), out);
	if (!a->ok)
		return;
	if (!out->key_names[0].len || !out->key_types[0] || (out->key_names[1].len && !out->key_types[1]))
		answer_wrong(a, "its KeySchema and AttributeDefinitions do not give the keys and their types");
}

static struct str index_named(struct answer *a, struct str table, const char *list, struct str index)
{
	struct str object;
	struct scan it;

	for (answer_each(&it, answer_array(a, table, list)); answer_next(a, &it, &object);)
		if (str_eq(answer_needed_text(a, object, "IndexName"), index))
			return object;
	return str_of(NULL, 0);
}

static bool read_index(struct str text, struct str index, struct arena *arena, struct table_description *out,
		       bool *global, struct err *err)
{
	struct str table, keyed;
	struct answer a;

	*out = (struct table_description){ 0 };
	answer_begin(&a, "DescribeTable", text, arena, err);
	table = answer_object(&a, text, "Table");
	out->status = answer_needed_text(&a, table, "TableStatus");
	keyed = index_named(&a, table, "GlobalSecondaryIndexes", index);
	*global = keyed.len > 0;
	if (!*global)
		keyed = index_named(&a, table, "LocalSecondaryIndexes", index);
	if (a.ok && !keyed.len)
		return err_set(err, ERR_DATA, "dynamodb.no_index", "the table has no index %.*s", STR_ARG(index));
	read_keys(&a, table, keyed, out);
	return a.ok;
}

static bool read_description(struct str text, struct arena *arena, struct table_description *out, struct err *err)
{
	struct str table, stream;
	struct answer a;

	*out = (struct table_description){ 0 };
	answer_begin(&a, "DescribeTable", text, arena, err);
	table = answer_object(&a, text, "Table");
	if (a.ok && !table.len)
		answer_wrong(&a, "it has no Table");
	out->status = answer_needed_text(&a, table, "TableStatus");
	out->stream_arn = answer_text(&a, table, "LatestStreamArn");
	stream = answer_object(&a, table, "StreamSpecification");
	out->stream_enabled = answer_true(&a, stream, "StreamEnabled");
	if (out->stream_enabled)
		out->stream_view_type = answer_text(&a, stream, "StreamViewType");
	read_keys(&a, table, table, out);
	return a.ok;
}

static bool describe(struct aws_client *c, struct str table, struct buf *answer, struct err *err)
{
	struct buf body;
	struct json_writer w;
	bool ok;

	buf_init(&body, 4096);
	json_write_init(&w, &body);
	json_begin_object(&w);
	json_member_str(&w, STR("TableName"), table);
	json_end_object(&w);
	if (buf_ok(&body))
		ok = dynamodb_call(c, "DescribeTable", buf_str(&body), answer, err);
	else
		ok = err_set(err, ERR_FATAL, "aws.request", "DescribeTable: the table's name is longer than the service takes");
	buf_release(&body);
	return ok;
}

bool dynamodb_describe_table(struct aws_client *c, struct str table, struct arena *arena,
			     struct table_description *out, struct err *err)
{
	struct buf answer;
	bool ok;

	buf_init(&answer, MAX_DESCRIPTION_BYTES);
	ok = describe(c, table, &answer, err) && read_description(buf_str(&answer), arena, out, err);
	buf_release(&answer);
	return ok;
}

bool dynamodb_describe_index(struct aws_client *c, struct str table, struct str index, struct arena *arena,
			     struct table_description *out, bool *global, struct err *err)
{
	struct buf answer;
	bool ok;

	buf_init(&answer, MAX_DESCRIPTION_BYTES);
	ok = describe(c, table, &answer, err) && read_index(buf_str(&answer), index, arena, out, global, err);
	buf_release(&answer);
	return ok;
}

bool dynamodb_answer_item(struct str answer, const char *member, struct value *item, struct err *err)
{
	struct err why = { 0 };
	struct answer a;
	struct str span;

	*item = (struct value){ VALUE_NONE, { NULL, 0 } };
	answer_begin(&a, member, answer, NULL, err);
	span = answer_object(&a, answer, member);
	if (a.ok && span.len && !value_parse_image(span, item, &why))
		answer_wrong(&a, why.text);
	return a.ok;
}

bool dynamodb_failed_item(struct str answer, struct value *item, struct err *err)
{
	return dynamodb_answer_item(answer, "Item", item, err);
}
