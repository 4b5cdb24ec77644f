#include "sim/transport_script.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/aws/dynamodb.h"

static bool test_keys(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	return credentials_set(out, STR("AKID"), STR("secret"), STR(""), err);
}

struct described {
	const char *answer;
	bool ok;
	struct table_description expected;
};

#define KEYS                                                                                                        \
	"\"KeySchema\":[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"},{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}]"
#define TYPES                                                                                                       \
	"\"AttributeDefinitions\":[{\"AttributeName\":\"sk\",\"AttributeType\":\"N\"},{\"AttributeName\":\"other\","       \
	"\"AttributeType\":\"B\"},{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}]"

static const struct described descriptions[] = {
	{ "{\"Table\":{\"TableStatus\":\"ACTIVE\"," KEYS "," TYPES ",\"LatestStreamArn\":\"arn\",\"StreamSpecification\":"
	  "{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_IMAGE\"}}}", true,
	  { STR_INIT("ACTIVE"), { STR_INIT("pk"), STR_INIT("sk") }, { 'S', 'N' }, STR_INIT("arn"), STR_INIT("NEW_IMAGE"), true } },
	/* The stream was disabled: its ARN stays, a view type says nothing. */
	{ "{\"Table\":{\"TableStatus\":\"UPDATING\"," TYPES "," KEYS ",\"LatestStreamArn\":\"arn\"}}", true,
	  { STR_INIT("UPDATING"), { STR_INIT("pk"), STR_INIT("sk") }, { 'S', 'N' }, STR_INIT("arn"), STR_INIT(""), false } },
	{ "{\"Table\":{\"TableStatus\":\"CREATING\",\"KeySchema\":[{\"AttributeName\":\"other\",\"KeyType\":\"HASH\"}]," TYPES
	  ",\"StreamSpecification\":null}}", true,
	  { STR_INIT("CREATING"), { STR_INIT("other"), { NULL, 0 } }, { 'B', 0 }, STR_INIT(""), STR_INIT(""), false } },
	{ "{\"Table\":{\"TableStatus\":\"ACTIVE\"," KEYS "}}", false, { .stream_enabled = false } },
	{ "{\"Table\":{\"TableStatus\":\"ACTIVE\"," TYPES "}}", false, { .stream_enabled = false } },
	{ "{\"Table\":{" KEYS "," TYPES "}}", false, { .stream_enabled = false } },
	{ "{\"Table\":\"t\"}", false, { .stream_enabled = false } }, { "{}", false, { .stream_enabled = false } }, { "", false, { .stream_enabled = false } }, { "null", false, { .stream_enabled = false } },
};

static void describe_tables(struct loop *loop, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < COUNT_OF(descriptions); i++) {
		const struct described *d = &descriptions[i];
		const struct script_step step = { .status = 200, .body = d->answer };
		struct credentials_provider keys = { .get = test_keys };
		struct transport_script script;
		struct table_description got;
		struct aws_client *client;
		struct arena arena;
		struct err err;

		const struct aws_settings settings = {
			.loop = loop, .transport = &script.transport, .credentials = &keys, .region = STR("r"),
		};

		transport_script_init(&script, loop, &step, 1);
		arena_init(&arena, 1 << 16);
		client = aws_client_new(AWS_DYNAMODB, &settings, NULL);
		CHECK_CLASS(dynamodb_describe_table(client, STR("t"), &arena, &got, &err), &err,
			    d->ok ? ERR_NONE : ERR_RETRY);
		CHECK_STR(script.seen[0].request.body, "{\"TableName\":\"t\"}");
		CHECK_STR(transport_script_header(&script, 0, "x-amz-target"), "DynamoDB_20120810.DescribeTable");
		if (d->ok) {
			CHECK(str_eq(got.status, d->expected.status));
			CHECK(str_eq(got.key_names[0], d->expected.key_names[0]));
			CHECK(str_eq(got.key_names[1], d->expected.key_names[1]));
			CHECK_EQ(got.key_types[0], d->expected.key_types[0]);
			CHECK_EQ(got.key_types[1], d->expected.key_types[1]);
			CHECK(str_eq(got.stream_arn, d->expected.stream_arn));
			CHECK(str_eq(got.stream_view_type, d->expected.stream_view_type));
			CHECK_EQ(got.stream_enabled, d->expected.stream_enabled);
		} else {
			CHECK_STR(str_c(err.code), "aws.answer");
		}
		aws_client_free(client);
		transport_script_release(&script);
		arena_release(&arena);
	}
}

static void test_a_table_is_described_or_the_answer_refused(void **state)
{
	(void)state;
	run_simulated(1, describe_tables, NULL);
}

static void test_items_are_read_out_of_answers(void **state)
{
	static const struct { const char *answer, *member, *item; } cases[] = {
		{ "{\"Item\":{\"a\":{\"S\":\"b\"}}}", "Item", "{\"a\":{\"S\":\"b\"}}" },
		{ " {\"x\":1, \"Attributes\" : {} }", "Attributes", "{}" },
		{ "{\"Item\":null}", "Item", "" }, { "{}", "Item", "" },
		{ "{\"Item\":[]}", "Item", NULL }, { "{\"Item\":{\"a\":1}}", "Item", NULL },
		{ "{\"Item\":{\"a\":{\"S\":1}}}", "Item", NULL }, { "{\"Item\":{\"a\":{\"S\":\"b\"}}", "Item", NULL },
		{ "", "Item", NULL }, { "[]", "Item", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		struct value item;
		bool ok = dynamodb_answer_item(str_c(cases[i].answer), cases[i].member, &item, &err);

		assert_int_equal(ok, cases[i].item != NULL);
		if (ok) {
			assert_str_equal(item.raw, cases[i].item);
			assert_int_equal(item.type, cases[i].item[0] ? VALUE_M : VALUE_NONE);
		} else {
			assert_int_equal(err.class, ERR_RETRY);
			assert_string_equal(err.code, "aws.answer");
		}
	}
}

static void test_the_item_of_a_failed_condition_is_read(void **state)
{
	struct value item, attribute;

	(void)state;
	assert_true(dynamodb_failed_item(STR("{\"__type\":\"x#ConditionalCheckFailedException\",\"Item\":{\"n\":{\"N\":\"5\"}}}"),
					 &item, NULL));
	assert_true(value_get(item, STR("n"), &attribute));
	assert_str_equal(attribute.raw, "5");
	assert_true(dynamodb_failed_item(STR("{\"__type\":\"x#ConditionalCheckFailedException\"}"), &item, NULL));
	assert_int_equal(item.type, VALUE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_table_is_described_or_the_answer_refused),
		cmocka_unit_test(test_items_are_read_out_of_answers),
		cmocka_unit_test(test_the_item_of_a_failed_condition_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
