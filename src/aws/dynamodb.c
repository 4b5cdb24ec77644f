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

static void read_keys(struct answer *a, struct str table, struct table_description *out)
{
	struct str object;
	struct scan it;

	for (answer_each(&it, answer_array(a, table, "KeySchema")); answer_next(a, &it, &object);) {
		struct str type = answer_needed_text(a, object, "KeyType");

		out->key_names[str_eq(type, STR("RANGE"))] = answer_needed_text(a, object, "AttributeName");
	}
	read_key_types(a, answer_array(a, table, "AttributeDefinitions"), out);
	if (!a->ok)
		return;
	if (!out->key_names[0].len || !out->key_types[0] || (out->key_names[1].len && !out->key_types[1]))
		answer_wrong(a, "its KeySchema and AttributeDefinitions do not give the keys and their types");
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
	read_keys(&a, table, out);
	return a.ok;
}

bool dynamodb_describe_table(struct aws_client *c, struct str table, struct arena *arena,
			     struct table_description *out, struct err *err)
{
	struct buf body, answer;
	struct json_writer w;
	bool ok;

	buf_init(&body, 4096);
	buf_init(&answer, MAX_DESCRIPTION_BYTES);
	json_write_init(&w, &body);
	json_begin_object(&w);
	json_member_str(&w, STR("TableName"), table);
	json_end_object(&w);
	if (buf_ok(&body))
		ok = dynamodb_call(c, "DescribeTable", buf_str(&body), &answer, err);
	else
		ok = err_set(err, ERR_FATAL, "aws.request", "DescribeTable: the table's name is longer than the service takes");
	ok = ok && read_description(buf_str(&answer), arena, out, err);
	buf_release(&answer);
	buf_release(&body);
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
