#include "support/test.h"

#include "sluice/model/described.h"
#include "sluice/model/document.h"

#define TABLE(more) "{\"Table\":{\"TableName\":\"T\",\"TableStatus\":\"ACTIVE\",\"TableSizeBytes\":0,\"ItemCount\":7," \
	"\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}]," \
	"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]" more "}}"
#define ON_DEMAND ",\"BillingModeSummary\":{\"BillingMode\":\"PAY_PER_REQUEST\"}," \
	"\"ProvisionedThroughput\":{\"ReadCapacityUnits\":0,\"WriteCapacityUnits\":0,\"NumberOfDecreasesToday\":0}"
#define INDEX(name, status) "{\"IndexName\":\"" name "\",\"IndexStatus\":\"" status "\",\"ItemCount\":3," \
	"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],\"Projection\":{\"ProjectionType\":\"ALL\"}," \
	"\"ProvisionedThroughput\":{\"ReadCapacityUnits\":0,\"WriteCapacityUnits\":0}}"
#define BEGIN "{\"tables\":[{\"TableName\":\"T\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}]," \
	"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],\"BillingMode\":"
#define PLAIN(name) "{\"IndexName\":\"" name "\",\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]," \
	"\"Projection\":{\"ProjectionType\":\"ALL\"}}"
#define TTL(status) "{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"" status "\",\"AttributeName\":\"gone\"}}"

static const struct {
	const char *table, *ttl, *expected;
} cases[] = {
	{ TABLE(ON_DEMAND), "", BEGIN "\"PAY_PER_REQUEST\"}]}" },
	{ TABLE(",\"ProvisionedThroughput\":{\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":6,\"NumberOfDecreasesToday\":0}"), "",
	  BEGIN "\"PROVISIONED\",\"ProvisionedThroughput\":{\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":6}}]}" },
	{ TABLE(ON_DEMAND ",\"GlobalSecondaryIndexes\":[" INDEX("One", "ACTIVE") "," INDEX("Two", "DELETING") ","
		INDEX("Three", "CREATING") "]"), "",
	  BEGIN "\"PAY_PER_REQUEST\",\"GlobalSecondaryIndexes\":[" PLAIN("One") "," PLAIN("Three") "]}]}" },
	{ TABLE(ON_DEMAND ",\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_IMAGE\"},"
		"\"WarmThroughput\":{\"ReadUnitsPerSecond\":12000,\"WriteUnitsPerSecond\":4000,\"Status\":\"ACTIVE\"},"
		"\"OnDemandThroughput\":{\"MaxReadRequestUnits\":-1,\"MaxWriteRequestUnits\":-1}"), TTL("ENABLING"),
	  BEGIN "\"PAY_PER_REQUEST\",\"WarmThroughput\":{\"ReadUnitsPerSecond\":12000,\"WriteUnitsPerSecond\":4000},"
	  "\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_IMAGE\"},"
	  "\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":\"gone\"}}]}" },
	{ TABLE(ON_DEMAND), TTL("DISABLED"), BEGIN "\"PAY_PER_REQUEST\"}]}" },
};

static void test_descriptions_become_tables_of_a_model(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct described_table table = { str_c(cases[i].table), str_c(cases[i].ttl) };
		struct findings_list findings;
		struct arena arena;
		struct model model;
		struct buf out;
		struct err err;

		buf_init(&out, 1 << 16);
		arena_init(&arena, 1 << 20);
		findings_list_init(&findings, &arena, "x");
		assert_true(model_described(&table, 1, &out, &err));
		assert_str_equal(buf_str(&out), cases[i].expected);
		assert_true(model_parse(&model, buf_str(&out), "x", &findings));
		assert_int_equal(findings.errors, 0);
		model_release(&model);
		arena_release(&arena);
		buf_release(&out);
	}
}

static void test_no_tables_are_an_empty_list(void **state)
{
	struct buf out;
	struct err err;

	(void)state;
	buf_init(&out, 100);
	assert_true(model_described(NULL, 0, &out, &err));
	assert_str_equal(buf_str(&out), "{\"tables\":[]}");
	buf_release(&out);
}

static void test_answers_that_are_none_are_refused(void **state)
{
	static const char *const answers[] = { "", "[]", "{}", "{\"Table\":5}", "{\"Table\":{\"TableName\":7}}", "{\"Table\":" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		const struct described_table table = { str_c(answers[i]), STR("") };
		enum described_status status;
		struct buf out;
		struct err err;

		buf_init(&out, 1 << 16);
		assert_false(model_described(&table, 1, &out, &err));
		assert_true(err_is(&err, "aws.answer"));
		assert_false(model_described_status(str_c(answers[i]), &status, &err));
		assert_true(err_is(&err, "aws.answer"));
		buf_release(&out);
	}
}

static void test_a_table_is_busy_as_long_as_an_index_is(void **state)
{
	static const struct { const char *answer; enum described_status status; } answers[] = {
		{ TABLE(""), DESCRIBED_ACTIVE },
		{ "{\"Table\":{\"TableStatus\":\"CREATING\"}}", DESCRIBED_BUSY },
		{ "{\"Table\":{\"TableStatus\":\"UPDATING\"}}", DESCRIBED_BUSY },
		{ "{\"Table\":{\"TableStatus\":\"DELETING\"}}", DESCRIBED_DELETING },
		{ TABLE(",\"GlobalSecondaryIndexes\":[" INDEX("One", "ACTIVE") "]"), DESCRIBED_ACTIVE },
		{ TABLE(",\"GlobalSecondaryIndexes\":[" INDEX("One", "ACTIVE") "," INDEX("Two", "CREATING") "]"), DESCRIBED_BUSY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		enum described_status status;
		struct err err;

		assert_true(model_described_status(str_c(answers[i].answer), &status, &err));
		assert_int_equal(status, answers[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptions_become_tables_of_a_model),
		cmocka_unit_test(test_no_tables_are_an_empty_list),
		cmocka_unit_test(test_answers_that_are_none_are_refused),
		cmocka_unit_test(test_a_table_is_busy_as_long_as_an_index_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
