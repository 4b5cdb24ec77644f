#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/model/names.h"

#include <stdio.h>

struct fixture {
	struct model model;
	struct arena arena;
	struct findings_list findings;
	struct model_names names;
};

#define TABLE(name) "{\"TableName\":\"" name "\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}]," \
	"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]}"

static void open(struct fixture *f, const char *tables)
{
	struct buf text;

	arena_init(&f->arena, 64 << 20);
	findings_list_init(&f->findings, &f->arena, NULL);
	buf_init(&text, 1 << 20);
	buf_putf(&text, "{\"tables\":[%s]}", tables);
	assert_true(model_parse(&f->model, buf_str(&text), "m.json", &f->findings));
	assert_true(model_names_make(&f->names, &f->model, STR("run-1-"), &f->arena));
	buf_release(&text);
}

static void release(struct fixture *f)
{
	model_release(&f->model);
	arena_release(&f->arena);
}

/* A command, and the request with the names of the run; NULL: it is refused. */
static const struct {
	const char *command, *request;
} cases[] = {
	{ "aws dynamodb get-item --table-name Orders --key '{\"id\":{\"S\":\"Orders\"}}'",
	  "{\"TableName\":\"run-1-Orders\",\"Key\":{\"id\":{\"S\":\"Orders\"}}}" },
	{ "aws dynamodb get-item --table-name arn:aws:dynamodb:eu-west-1:123456789012:table/Orders --key '{\"id\":{\"S\":\"a\"}}'",
	  "{\"TableName\":\"run-1-Orders\",\"Key\":{\"id\":{\"S\":\"a\"}}}" },
	/* What people call their attributes is theirs. */
	{ "aws dynamodb put-item --table-name Orders --item '{\"id\":{\"S\":\"a\"},\"TableName\":{\"S\":\"Orders\"},"
	  "\"RequestItems\":{\"M\":{\"Orders\":{\"S\":\"x\"}}}}'",
	  "{\"TableName\":\"run-1-Orders\",\"Item\":{\"id\":{\"S\":\"a\"},\"TableName\":{\"S\":\"Orders\"},"
	  "\"RequestItems\":{\"M\":{\"Orders\":{\"S\":\"x\"}}}}}" },
	{ "aws dynamodb batch-get-item --request-items '{\"Orders\":{\"Keys\":[{\"id\":{\"S\":\"a\"}}],\"ConsistentRead\":true},"
	  "\"Users\":{\"Keys\":[{\"id\":{\"S\":\"b\"}}]}}'",
	  "{\"RequestItems\":{\"run-1-Orders\":{\"Keys\":[{\"id\":{\"S\":\"a\"}}],\"ConsistentRead\":true},"
	  "\"run-1-Users\":{\"Keys\":[{\"id\":{\"S\":\"b\"}}]}}}" },
	{ "aws dynamodb batch-write-item --request-items '{\"Orders\":[{\"DeleteRequest\":{\"Key\":{\"id\":{\"S\":\"a\"}}}}]}'",
	  "{\"RequestItems\":{\"run-1-Orders\":[{\"DeleteRequest\":{\"Key\":{\"id\":{\"S\":\"a\"}}}}]}}" },
	{ "aws dynamodb transact-write-items --transact-items '[{\"Put\":{\"Item\":{\"id\":{\"S\":\"a\"}},\"TableName\":\"Orders\"}},"
	  "{\"ConditionCheck\":{\"Key\":{\"id\":{\"S\":\"b\"}},\"TableName\":\"Users\",\"ConditionExpression\":\"attribute_exists(id)\"}}]'",
	  "{\"TransactItems\":[{\"Put\":{\"Item\":{\"id\":{\"S\":\"a\"}},\"TableName\":\"run-1-Orders\"}},"
	  "{\"ConditionCheck\":{\"Key\":{\"id\":{\"S\":\"b\"}},\"TableName\":\"run-1-Users\",\"ConditionExpression\":\"attribute_exists(id)\"}}]}" },
	{ "aws dynamodb get-item --table-name Elsewhere --key '{\"id\":{\"S\":\"a\"}}'", NULL },
	{ "aws dynamodb batch-write-item --request-items '{\"Elsewhere\":[{\"DeleteRequest\":{\"Key\":{\"id\":{\"S\":\"a\"}}}}]}'", NULL },
};

/* Members stand in the order of the service model: compared as trees. */
static void assert_same_json(struct fixture *f, struct str found, const char *wanted)
{
	struct err err;
	struct buf a, b;

	buf_init(&a, 1 << 20);
	buf_init(&b, 1 << 20);
	assert_true(node_print_json(node_from_json(&f->arena, found, NULL, &err), &a));
	assert_true(node_print_json(node_from_json(&f->arena, str_c(wanted), NULL, &err), &b));
	assert_string_equal(a.ptr, b.ptr);
	buf_release(&a);
	buf_release(&b);
}

static void test_requests_get_the_runs_names(void **state)
{
	struct fixture f;
	struct err err;

	(void)state;
	open(&f, TABLE("Orders") "," TABLE("Users"));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct model_call call;
		struct buf out;

		assert_true(model_call_read(&call, &f.model, str_c(cases[i].command), &f.arena, &err));
		assert_true(call.valid);
		buf_init(&out, 1 << 20);
		assert_int_equal(model_names_request(&f.names, &call, &out), cases[i].request != NULL);
		if (cases[i].request)
			assert_same_json(&f, buf_str(&out), cases[i].request);
		buf_release(&out);
	}
	release(&f);
}

#define TRANSACT(token) STR("aws dynamodb transact-write-items --client-request-token " token \
	" --transact-items '[{\"Delete\":{\"Key\":{\"id\":{\"S\":\"b\"}},\"TableName\":\"Orders\"}}]'")

static struct str token_of(struct fixture *f, struct str command)
{
	struct model_call call;
	struct buf out;
	struct str body;
	struct err err;

	assert_true(model_call_read(&call, &f->model, command, &f->arena, &err));
	buf_init(&out, 1 << 20);
	assert_true(model_names_request(&f->names, &call, &out));
	body = arena_dup(&f->arena, buf_str(&out));
	buf_release(&out);
	return node_get(node_from_json(&f->arena, body, NULL, &err), STR("ClientRequestToken"))->text;
}

static void test_a_token_is_good_for_one_trial_of_one_run(void **state)
{
	struct fixture f;
	struct str first, later, elsewhere;

	(void)state;
	open(&f, TABLE("Orders"));
	first = token_of(&f, TRANSACT("once"));
	assert_true(first.len > 0 && first.len <= 36);
	assert_true(str_eq(first, token_of(&f, TRANSACT("once"))));
	assert_false(str_eq(first, token_of(&f, TRANSACT("twice"))));
	f.names.trial++;
	later = token_of(&f, TRANSACT("once"));
	assert_false(str_eq(first, later));
	assert_true(model_names_make(&f.names, &f.model, STR("run-2-"), &f.arena));
	elsewhere = token_of(&f, TRANSACT("once"));
	assert_false(str_eq(first, elsewhere));
	release(&f);
}

static void test_a_request_that_does_not_fit_is_refused(void **state)
{
	struct model_call call;
	struct fixture f;
	struct buf out;
	struct err err;

	(void)state;
	open(&f, TABLE("Orders"));
	assert_true(model_call_read(&call, &f.model, STR("aws dynamodb scan --table-name Orders"), &f.arena, &err));
	buf_init(&out, 10);
	assert_false(model_names_request(&f.names, &call, &out));
	buf_release(&out);
	release(&f);
}

static void test_long_names_stay_names_and_different(void **state)
{
	char tables[1200], one[256], other[256];
	struct fixture f;

	(void)state;
	memset(one, 'n', 255);
	one[255] = '\0';
	memcpy(other, one, 256);
	other[254] = 'm';
	snprintf(tables, sizeof(tables), TABLE("%s") "," TABLE("%s"), one, other);
	open(&f, tables);
	assert_int_equal(f.model.n_tables, 2);
	assert_true(f.names.names[0].len <= MODEL_NAME_MAX && f.names.names[1].len <= MODEL_NAME_MAX);
	assert_false(str_eq(f.names.names[0], f.names.names[1]));
	assert_true(str_starts(f.names.names[1], STR("run-1-nnn")));
	assert_true(str_eq(model_names_of(&f.names, str_c(other)), f.names.names[1]));
	assert_int_equal(model_names_of(&f.names, STR("n")).len, 0);
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_get_the_runs_names),
		cmocka_unit_test(test_a_token_is_good_for_one_trial_of_one_run),
		cmocka_unit_test(test_a_request_that_does_not_fit_is_refused),
		cmocka_unit_test(test_long_names_stay_names_and_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
