#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/model/call.h"
#include "sluice/model/create.h"

struct fixture {
	struct model model;
	struct arena arena;
	struct findings_list findings;
	struct model_calls calls;
};

#define TABLE "{\"TableName\":\"Orders\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}," \
	"{\"AttributeName\":\"day\",\"AttributeType\":\"N\"},{\"AttributeName\":\"city\",\"AttributeType\":\"S\"}]," \
	"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],\"GlobalSecondaryIndexes\":[{\"IndexName\":\"ByDay\"," \
	"\"KeySchema\":[{\"AttributeName\":\"day\",\"KeyType\":\"HASH\"}],\"Projection\":{\"ProjectionType\":\"INCLUDE\"," \
	"\"NonKeyAttributes\":[\"total\"]}},{\"IndexName\":\"ByCity\",\"KeySchema\":[{\"AttributeName\":\"city\"," \
	"\"KeyType\":\"HASH\"},{\"AttributeName\":\"day\",\"KeyType\":\"HASH\"}],\"Projection\":{\"ProjectionType\":\"ALL\"}}]," \
	"\"LocalSecondaryIndexes\":[],\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_IMAGE\"}," \
	"\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":\"ttl\"}}"
#define MODEL(members) "{\"tables\":[" TABLE "]," members "}"
#define PATTERN(commands) MODEL("\"access_patterns\":[{\"pattern\":\"1\",\"description\":\"d\",\"implementation\":" commands "}]")

static void read_model(struct fixture *f, const char *text)
{
	struct err err = { 0 };

	arena_init(&f->arena, 64 << 20);
	findings_list_init(&f->findings, &f->arena, NULL);
	assert_true(model_parse(&f->model, str_c(text), "model.json", &f->findings));
	assert_true(model_calls_read(&f->calls, &f->model, &f->arena, &err));
}

static void release(struct fixture *f)
{
	model_release(&f->model);
	arena_release(&f->arena);
}

static void test_a_query_has_its_index_and_expressions(void **state)
{
	const struct model_action *a;
	const struct str *names;
	struct fixture f;
	size_t n;

	(void)state;
	read_model(&f, PATTERN("[\"aws dynamodb query --table-name Orders --index-name ByDay --limit 5 --no-scan-index-forward "
			       "--key-condition-expression '#d = :d' --filter-expression 'paid > :t' "
			       "--expression-attribute-names '{\\\"#d\\\":\\\"day\\\"}' "
			       "--expression-attribute-values '{\\\":d\\\":{\\\"N\\\":\\\"1\\\"},\\\":t\\\":{\\\"N\\\":\\\"2\\\"}}'\"]"));
	assert_int_equal(f.calls.n_calls, 1);
	assert_true(f.calls.calls[0].valid && f.calls.calls[0].last);
	assert_int_equal(f.calls.calls[0].n_actions, 1);
	a = &f.calls.calls[0].actions[0];
	assert_int_equal(a->kind, ACTION_QUERY);
	assert_ptr_equal(a->table, &f.model.tables[0]);
	assert_ptr_equal(a->index, &f.model.tables[0].indexes[0]);
	assert_true(a->key_condition && a->key_condition->valid && a->filter && !a->update);
	assert_int_equal(a->limit, 5);
	assert_false(a->forward);
	assert_int_equal(a->scope.n_values, 2);
	assert_int_equal(a->findings->count, 0);
	assert_true(str_eq(model_action_schema(a, &f.arena)->keys[0].name, STR("day")));
	assert_int_equal(model_action_schema(a, &f.arena)->keys[0].type, VALUE_N);
	names = model_index_attributes(a->table, a->index, &f.arena, &n);
	assert_int_equal(n, 3);
	assert_true(str_eq(names[0], STR("day")) && str_eq(names[1], STR("id")) && str_eq(names[2], STR("total")));
	release(&f);
}

static void test_batches_and_transactions_have_an_action_an_item(void **state)
{
	static const enum model_action_kind kinds[] = { ACTION_GET, ACTION_GET, ACTION_PUT, ACTION_DELETE, ACTION_UPDATE, ACTION_CHECK };
	const struct model_action *actions[6];
	struct fixture f;
	size_t n = 0;

	(void)state;
	read_model(&f, PATTERN("[\"aws dynamodb batch-get-item --request-items '{\\\"Orders\\\":{\\\"Keys\\\":[{\\\"id\\\":{\\\"S\\\":\\\"a\\\"}},"
			       "{\\\"id\\\":{\\\"S\\\":\\\"b\\\"}}],\\\"ConsistentRead\\\":true}}'\","
			       "\"aws dynamodb batch-write-item --request-items '{\\\"Orders\\\":[{\\\"PutRequest\\\":{\\\"Item\\\":{\\\"id\\\":"
			       "{\\\"S\\\":\\\"a\\\"}}}},{\\\"DeleteRequest\\\":{\\\"Key\\\":{\\\"id\\\":{\\\"S\\\":\\\"b\\\"}}}}]}'\","
			       "\"aws dynamodb transact-write-items --transact-items '[{\\\"Update\\\":{\\\"TableName\\\":\\\"Orders\\\",\\\"Key\\\":"
			       "{\\\"id\\\":{\\\"S\\\":\\\"a\\\"}},\\\"UpdateExpression\\\":\\\"REMOVE x\\\"}},{\\\"ConditionCheck\\\":{\\\"TableName\\\":"
			       "\\\"Elsewhere\\\",\\\"Key\\\":{\\\"id\\\":{\\\"S\\\":\\\"a\\\"}},\\\"ConditionExpression\\\":"
			       "\\\"attribute_exists(id)\\\"}}]'\"]"));
	assert_int_equal(f.calls.n_calls, 3);
	for (size_t i = 0; i < f.calls.n_calls; i++)
		for (size_t k = 0; k < f.calls.calls[i].n_actions; k++)
			actions[n++] = &f.calls.calls[i].actions[k];
	assert_int_equal(n, 6);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(actions[i]->kind, kinds[i]);
	assert_true(actions[1]->consistent);
	assert_true(str_eq(actions[1]->key, STR("{\"id\":{\"S\":\"b\"}}")));
	assert_true(str_eq(actions[2]->item, STR("{\"id\":{\"S\":\"a\"}}")));
	assert_non_null(actions[4]->update);
	assert_null(actions[5]->table);
	assert_true(str_eq(actions[5]->table_name, STR("Elsewhere")));
	release(&f);
}

static void test_what_is_no_command_keeps_its_findings(void **state)
{
	struct fixture f;

	(void)state;
	read_model(&f, PATTERN("[\"aws dynamodb get-item --table-name Orders | jq .\", \"aws s3 ls\"]"));
	assert_int_equal(f.calls.n_calls, 2);
	assert_false(f.calls.calls[0].valid);
	assert_true(f.calls.calls[0].findings->count > 0);
	assert_null(f.calls.calls[0].request);
	assert_false(f.calls.calls[1].valid);
	release(&f);
}

static void test_steps_of_handlers_are_calls_too(void **state)
{
	struct fixture f;

	(void)state;
	read_model(&f, MODEL("\"stream_handlers\":[{\"kind\":\"view\",\"name\":\"v\",\"source\":\"Orders\",\"expect_after\":["
			     "{\"run\":[\"aws dynamodb list-tables\"],\"command\":\"aws dynamodb scan --table-name Orders\","
			     "\"expect\":{\"count\":0}}]}]"));
	assert_int_equal(f.calls.n_calls, 2);
	assert_int_equal(f.calls.calls[0].role, CALL_OF_STEP_RUN);
	assert_int_equal(f.calls.calls[0].n_actions, 0);
	assert_int_equal(f.calls.calls[1].role, CALL_OF_STEP);
	assert_ptr_equal(f.calls.calls[1].handler, &f.model.handlers[0]);
	assert_int_equal(f.calls.calls[1].actions[0].kind, ACTION_SCAN);
	release(&f);
}

/* --- the requests that make a table --------------------------------------------- */

static void create(const struct fixture *f, const struct model_creation *how, struct buf *out)
{
	buf_init(out, 1 << 20);
	assert_true(model_create_table(&f->model.tables[0], how, out));
}

static void test_a_table_is_created_as_it_stands(void **state)
{
	const struct model_creation how = { .name = { NULL, 0 } };
	struct fixture f;
	struct buf out;

	(void)state;
	read_model(&f, MODEL("\"items\":{}"));
	create(&f, &how, &out);
	assert_non_null(strstr(out.ptr, "\"TableName\":\"Orders\""));
	assert_non_null(strstr(out.ptr, "\"ByCity\""));
	assert_non_null(strstr(out.ptr, "\"BillingMode\":\"PAY_PER_REQUEST\""));
	assert_null(strstr(out.ptr, "TimeToLive"));
	assert_null(strstr(out.ptr, "LocalSecondaryIndexes"));
	buf_release(&out);
	release(&f);
}

static void test_without_its_index_an_attribute_goes_too(void **state)
{
	const struct model_creation how = { .name = STR("run-Orders"), .plain_keys = true };
	struct fixture f;
	struct buf out;

	(void)state;
	read_model(&f, MODEL("\"items\":{}"));
	create(&f, &how, &out);
	assert_non_null(strstr(out.ptr, "\"TableName\":\"run-Orders\""));
	assert_null(strstr(out.ptr, "city"));
	assert_null(strstr(out.ptr, "ByCity"));
	assert_non_null(strstr(out.ptr, "ByDay"));
	buf_clear(&out);
	assert_true(model_create_ttl(&f.model.tables[0], &how, &out));
	assert_true(str_eq(buf_str(&out), STR("{\"TableName\":\"run-Orders\",\"TimeToLiveSpecification\":{\"Enabled\":true,"
					      "\"AttributeName\":\"ttl\"}}")));
	buf_release(&out);
	release(&f);
}

static void test_a_trials_table_can_be_dropped_again(void **state)
{
	const struct model_creation lasting = { .name = STR_INIT("Orders") }, trial = { .name = STR_INIT("Orders"), .trial = true };
	struct findings_list findings;
	struct model m;
	struct arena a;
	struct buf out;

	(void)state;
	arena_init(&a, 1 << 20);
	findings_list_init(&findings, &a, NULL);
	assert_true(model_parse(&m, STR("{\"tables\":[{\"TableName\":\"Orders\",\"AttributeDefinitions\":[],\"KeySchema\":[],"
		"\"BillingMode\":\"PAY_PER_REQUEST\",\"DeletionProtectionEnabled\":true,\"TableClass\":\"STANDARD\"}]}"), "m.json",
		&findings));
	buf_init(&out, 1 << 16);
	assert_true(model_create_table(&m.tables[0], &lasting, &out));
	assert_true(str_find(buf_str(&out), STR("\"DeletionProtectionEnabled\":true")) != SIZE_MAX);
	buf_clear(&out);
	assert_true(model_create_table(&m.tables[0], &trial, &out));
	assert_true(str_find(buf_str(&out), STR("DeletionProtection")) == SIZE_MAX);
	assert_true(str_find(buf_str(&out), STR("TableClass")) != SIZE_MAX);
	buf_release(&out);
	model_release(&m);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_query_has_its_index_and_expressions),
		cmocka_unit_test(test_batches_and_transactions_have_an_action_an_item),
		cmocka_unit_test(test_what_is_no_command_keeps_its_findings),
		cmocka_unit_test(test_steps_of_handlers_are_calls_too),
		cmocka_unit_test(test_a_table_is_created_as_it_stands),
		cmocka_unit_test(test_without_its_index_an_attribute_goes_too),
		cmocka_unit_test(test_a_trials_table_can_be_dropped_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
