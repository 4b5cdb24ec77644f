#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/model/variation.h"

#define MODEL "{\"tables\":[{\"TableName\":\"T\",\"AttributeDefinitions\":[{\"AttributeName\":\"a\",\"AttributeType\":\"S\"}," \
	"{\"AttributeName\":\"b\",\"AttributeType\":\"N\"}],\"KeySchema\":[{\"AttributeName\":\"a\",\"KeyType\":\"HASH\"}," \
	"{\"AttributeName\":\"b\",\"KeyType\":\"RANGE\"}]}],\"items\":{\"T\":[" \
	"{\"PutRequest\":{\"Item\":{\"a\":{\"S\":\"x\"},\"b\":{\"N\":\"1\"},\"c\":{\"S\":\"q\"}}}}," \
	"{\"PutRequest\":{\"Item\":{\"a\":{\"S\":\"x\"},\"b\":{\"N\":\"2\"}}}}," \
	"{\"PutRequest\":{\"Item\":{\"a\":{\"S\":\"USER#x\"},\"b\":{\"N\":\"3\"}}}}," \
	"{\"PutRequest\":{\"Item\":{\"a\":{\"S\":\"PHOTO#x\"},\"b\":{\"N\":\"4\"}}}}," \
	"{\"DeleteRequest\":{\"Key\":{\"a\":{\"S\":\"z\"},\"b\":{\"N\":\"9\"}}}}]}}"
#define CAPACITY ",\"ReturnConsumedCapacity\":\"INDEXES\"}"
#define AB(a, b) "{\"a\":{\"S\":\"" a "\"},\"b\":{\"N\":\"" b "\"}}"

static const struct {
	const char *command;
	const char *bodies[4];
} cases[] = {
	{ "aws dynamodb get-item --table-name T --key '" AB("o", "7") "' --return-consumed-capacity NONE",
	  { "{\"TableName\":\"T\",\"Key\":" AB("o", "7") CAPACITY, "{\"TableName\":\"T\",\"Key\":" AB("x", "1") CAPACITY,
	    "{\"TableName\":\"T\",\"Key\":" AB("x", "2") CAPACITY } },
	{ "aws dynamodb get-item --table-name T --key '" AB("x", "2") "'",
	  { "{\"TableName\":\"T\",\"Key\":" AB("x", "2") CAPACITY, "{\"TableName\":\"T\",\"Key\":" AB("x", "1") CAPACITY } },
	{ "aws dynamodb transact-write-items --client-request-token once --transact-items '[{\"Delete\":{\"Key\":" AB("o", "7") ",\"TableName\":\"T\"}}]'",
	  { "{\"TransactItems\":[{\"Delete\":{\"Key\":" AB("o", "7") ",\"TableName\":\"T\"}}]" CAPACITY } },
	{ "aws dynamodb put-item --table-name T --item '{\"a\":{\"S\":\"o\"},\"c\":{\"S\":\"w\"},\"b\":{\"N\":\"7\"}}'",
	  { "{\"TableName\":\"T\",\"Item\":{\"a\":{\"S\":\"o\"},\"c\":{\"S\":\"w\"},\"b\":{\"N\":\"7\"}}" CAPACITY,
	    "{\"TableName\":\"T\",\"Item\":{\"a\":{\"S\":\"x\"},\"c\":{\"S\":\"w\"},\"b\":{\"N\":\"1\"}}" CAPACITY,
	    "{\"TableName\":\"T\",\"Item\":{\"a\":{\"S\":\"x\"},\"c\":{\"S\":\"w\"},\"b\":{\"N\":\"2\"}}" CAPACITY } },
	{ "aws dynamodb query --table-name T --key-condition-expression '#k = :a AND b > :b' "
	  "--expression-attribute-names '{\"#k\":\"a\"}' --expression-attribute-values '{\":a\":{\"S\":\"o\"},\":b\":{\"N\":\"7\"}}'",
	  { "{\"TableName\":\"T\",\"KeyConditionExpression\":\"#k = :a AND b > :b\",\"ExpressionAttributeNames\":{\"#k\":\"a\"},"
	    "\"ExpressionAttributeValues\":{\":a\":{\"S\":\"o\"},\":b\":{\"N\":\"7\"}}" CAPACITY,
	    "{\"TableName\":\"T\",\"KeyConditionExpression\":\"#k = :a AND b > :b\",\"ExpressionAttributeNames\":{\"#k\":\"a\"},"
	    "\"ExpressionAttributeValues\":{\":a\":{\"S\":\"x\"},\":b\":{\"N\":\"7\"}}" CAPACITY } },
	/* Photos and users share the table. */
	{ "aws dynamodb delete-item --table-name T --key '" AB("USER#y", "7") "'",
	  { "{\"TableName\":\"T\",\"Key\":" AB("USER#y", "7") CAPACITY, "{\"TableName\":\"T\",\"Key\":" AB("USER#x", "3") CAPACITY } },
	/* Of another type: no sample item has such a key. */
	{ "aws dynamodb get-item --table-name T --key '{\"a\":{\"N\":\"1\"},\"b\":{\"N\":\"7\"}}'",
	  { "{\"TableName\":\"T\",\"Key\":{\"a\":{\"N\":\"1\"},\"b\":{\"N\":\"7\"}}" CAPACITY } },
	{ "aws dynamodb scan --table-name T", { "{\"TableName\":\"T\"" CAPACITY } },
	{ "aws dynamodb batch-get-item --request-items '{\"T\":{\"Keys\":[" AB("o", "7") "]}}'",
	  { "{\"RequestItems\":{\"T\":{\"Keys\":[" AB("o", "7") "]}}" CAPACITY } },
	{ "aws dynamodb transact-write-items --transact-items '[{\"Put\":{\"TableName\":\"T\",\"Item\":" AB("o", "7") "}}]'",
	  { "{\"TransactItems\":[{\"Put\":{\"Item\":" AB("o", "7") ",\"TableName\":\"T\"}}]" CAPACITY } },
};

struct site {
	struct arena findings, calls;
	struct model model;
	struct model_call call;
	struct err err;
};

static void open_site(struct site *s, const char *command)
{
	struct findings_list findings;

	arena_init(&s->findings, 1 << 20);
	arena_init(&s->calls, MODEL_CALLS_BYTES);
	findings_list_init(&findings, &s->findings, "x.json");
	assert_true(model_parse(&s->model, STR(MODEL), "x.json", &findings));
	assert_true(model_call_read(&s->call, &s->model, str_c(command), &s->calls, &s->err));
	assert_true(s->call.valid);
}

static void close_site(struct site *s)
{
	model_release(&s->model);
	arena_release(&s->findings);
	arena_release(&s->calls);
}

static void test_requests_have_the_keys_of_sample_items(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct model_variations v;
		struct site s;
		size_t n = 0;

		open_site(&s, cases[i].command);
		assert_true(model_variations_make(&v, &s.model, &s.call, &s.calls, &s.err));
		for (; n < v.count && cases[i].bodies[n]; n++)
			assert_str_equal(v.bodies[n], cases[i].bodies[n]);
		if (n < v.count || cases[i].bodies[n])
			fail_msg("%s: %zu variations", cases[i].command, v.count);
		close_site(&s);
	}
}

static void test_in_too_little_memory_there_are_fewer_or_an_error(void **state)
{
	struct model_variations v;
	struct arena small;
	struct site s;

	(void)state;
	open_site(&s, cases[0].command);
	arena_init(&small, 100);
	assert_false(model_variations_make(&v, &s.model, &s.call, &small, &s.err));
	assert_true(err_is(&s.err, "model.memory"));
	arena_release(&small);
	close_site(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_have_the_keys_of_sample_items),
		cmocka_unit_test(test_in_too_little_memory_there_are_fewer_or_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
