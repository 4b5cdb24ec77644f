#include "support/test.h"

#include "sluice/core/json.h"
#include "sluice/core/mem.h"
#include "sluice/model/resources.h"

struct made {
	struct model model;
	struct arena findings;
	struct buf out, notes;
	struct err err;
	bool ok;
};

static void make(struct made *x, struct str text, enum resources_format format)
{
	struct findings_list list;

	*x = (struct made){ .ok = false };
	arena_init(&x->findings, 8 << 20);
	findings_list_init(&list, &x->findings, "m.json");
	buf_init(&x->out, 64 << 20);
	buf_init(&x->notes, 1 << 20);
	assert_true(model_parse(&x->model, text, "m.json", &list));
	x->ok = model_resources(&x->model, format, &x->out, &x->notes, &x->err);
}

static void release(struct made *x)
{
	buf_release(&x->out);
	buf_release(&x->notes);
	model_release(&x->model);
	arena_release(&x->findings);
}

static bool has(const struct buf *b, const char *text)
{
	return str_find(buf_str(b), str_c(text)) != SIZE_MAX;
}

#define TABLE(name) "{\"TableName\":\"" name "\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}]," \
	"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]," \
	"\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}"
#define MODEL(tables, more) STR("{\"tables\":[" tables "]" more "}")

static void ids_are_made_of_names_and_differ(void **state)
{
	static const char *const ids[] = { "\"OrderSTable\"", "\"OrderSTable2\"", "\"OrderSTable3\"", "\"9LivesTable\"" };
	struct made x;

	(void)state;
	make(&x, MODEL(TABLE("order-s") "," TABLE("order.s") "," TABLE("OrderS") "," TABLE("9-lives"), ""), RESOURCES_CLOUDFORMATION);
	assert_true(x.ok);
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		assert_true(has(&x.out, ids[i]));
	release(&x);
	make(&x, MODEL(TABLE("order-s") "," TABLE("order.s") "," TABLE("Order_S") "," TABLE("9-lives"), ""), RESOURCES_TERRAFORM);
	assert_true(has(&x.out, "\"order-s\": {") && has(&x.out, "\"order_s\": {") && has(&x.out, "\"Order_S2\": {"));
	assert_true(has(&x.out, "\"_9-lives\": {"));
	release(&x);
}

static void names_that_dynamodb_would_refuse_are_refused(void **state)
{
	struct made x;

	(void)state;
	for (int format = 0; format < RESOURCES_FORMATS; format++) {
		make(&x, MODEL(TABLE("${jndi:x}"), ""), (enum resources_format)format);
		assert_false(x.ok);
		assert_true(err_is(&x.err, "resources.name"));
		assert_int_equal(x.out.len, 0);
		release(&x);
	}
	make(&x, MODEL(TABLE("a\\n\\u202eb"), ""), RESOURCES_TERRAFORM);
	assert_false(x.ok);
	assert_null(strchr(x.err.text, '\n'));
	release(&x);
}

static void a_policy_for_nothing_is_refused(void **state)
{
	struct made x;

	(void)state;
	make(&x, MODEL(TABLE("Orders"), ""), RESOURCES_IAM);
	assert_true(!x.ok && err_is(&x.err, "resources.none"));
	release(&x);
	make(&x, MODEL(TABLE("Orders"), ",\"stream_handlers\":[{\"kind\":\"copy\",\"name\":\"c\",\"source\":\"Orders\"}]"), RESOURCES_IAM);
	assert_true(!x.ok && err_is(&x.err, "resources.none"));
	assert_true(has(&x.notes, "does not run"));
	release(&x);
}

static void without_handlers_there_is_no_state_table_and_no_policy(void **state)
{
	struct made x;

	(void)state;
	make(&x, MODEL(TABLE("Orders"), ""), RESOURCES_CLOUDFORMATION);
	assert_true(x.ok && !has(&x.out, "sluice-state") && !has(&x.out, "AWS::IAM"));
	release(&x);
	make(&x, MODEL(TABLE("Orders"), ""), RESOURCES_TERRAFORM);
	assert_true(x.ok && !has(&x.out, "sluice") && has(&x.out, "aws_dynamodb_table"));
	release(&x);
}

static void a_full_buffer_is_an_error(void **state)
{
	struct made x;

	(void)state;
	make(&x, MODEL(TABLE("Orders"), ""), RESOURCES_CLOUDFORMATION);
	buf_release(&x.out);
	buf_init(&x.out, 100);
	assert_false(model_resources(&x.model, RESOURCES_CLOUDFORMATION, &x.out, NULL, &x.err));
	assert_true(err_is(&x.err, "resources.size"));
	release(&x);
}

/* A managed policy takes 6,144 characters. */
static void a_long_policy_is_cut(void **state)
{
	struct buf text;
	struct json *root;
	struct made x;
	size_t policies = 0, arns = 0;

	(void)state;
	buf_init(&text, 8 << 20);
	buf_puts(&text, "{\"tables\":[");
	for (int i = 0; i < 300; i++)
		buf_putf(&text, "%s{\"TableName\":\"a-table-with-a-long-name-%d\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\","
			 "\"AttributeType\":\"S\"}],\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]}", i ? "," : "", i);
	buf_puts(&text, "],\"stream_handlers\":[");
	for (int i = 0; i < 299; i++)
		buf_putf(&text, "%s{\"kind\":\"counter\",\"name\":\"c%d\",\"source\":\"a-table-with-a-long-name-0\","
			 "\"table\":\"a-table-with-a-long-name-%d\"}", i ? "," : "", i, i + 1);
	buf_puts(&text, "]}");
	make(&x, buf_str(&text), RESOURCES_CLOUDFORMATION);
	assert_true(x.ok);
	root = json_parse(buf_str(&x.out), x.out.len, NULL);
	for (const struct json *j = json_first(json_get(root, "Resources")); j; j = json_next(j)) {
		const struct json *document = json_get(json_get(j, "Properties"), "PolicyDocument");
		struct buf printed;

		if (!document)
			continue;
		buf_init(&printed, 1 << 20);
		json_print(document, &printed);
		assert_in_range(printed.len, 1, 6144);
		policies++;
		for (const struct json *s = json_first(json_get(document, "Statement")); s; s = json_next(s)) {
			assert_true(json_count(json_get(s, "Resource")) > 0);
			arns += json_count(json_get(s, "Resource"));
		}
		buf_release(&printed);
	}
	assert_true(policies > 3);
	assert_int_equal(arns, 1 + 300 + 1 + 299); /* state, tables, stream, rows */
	json_free(root);
	release(&x);
	make(&x, buf_str(&text), RESOURCES_IAM);
	assert_true(x.ok && has(&x.notes, "6,144"));
	release(&x);
	buf_release(&text);
}

static void text_for_terraform_is_escaped(void **state)
{
	struct made x;

	(void)state;
	make(&x, MODEL("{\"TableName\":\"Orders\",\"AttributeDefinitions\":[{\"AttributeName\":\"${x}%{if}$\",\"AttributeType\":\"S\"}],"
		       "\"KeySchema\":[{\"AttributeName\":\"${x}%{if}$\",\"KeyType\":\"HASH\"}]}", ""), RESOURCES_TERRAFORM);
	assert_true(x.ok && has(&x.out, "\"hash_key\": \"$${x}%%{if}$\""));
	release(&x);
	make(&x, MODEL("{\"TableName\":\"Orders\",\"AttributeDefinitions\":[{\"AttributeName\":\"{{resolve:x}}\",\"AttributeType\":\"S\"}],"
		       "\"KeySchema\":[{\"AttributeName\":\"{{resolve:x}}\",\"KeyType\":\"HASH\"}]}", ""), RESOURCES_CLOUDFORMATION);
	assert_true(!x.ok && err_is(&x.err, "resources.text"));
	release(&x);
}

static void what_is_not_taken_over_is_said(void **state)
{
	static const struct str handlers = STR_INIT(",\"stream_handlers\":[{\"kind\":\"forward\",\"name\":\"f\",\"source\":\"Orders\"}]}");
	struct buf text;
	struct made x;

	(void)state;
	buf_init(&text, 4096);
	buf_puts(&text, "{\"tables\":[{\"TableName\":\"Orders\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}],"
			"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],\"ResourcePolicy\":\"{}\","
			"\"SSESpecification\":{\"Enabled\":true,\"SSEType\":\"KMS\",\"KMSMasterKeyId\":\"alias/x\"}}]");
	buf_put(&text, handlers);
	make(&x, buf_str(&text), RESOURCES_TERRAFORM);
	assert_true(x.ok && has(&x.notes, "kms:Decrypt") && has(&x.notes, "ResourcePolicy") && has(&x.notes, "wants the ARN"));
	assert_true(has(&x.out, "\"kms_key_arn\": \"alias/x\""));
	release(&x);
	make(&x, buf_str(&text), RESOURCES_CLOUDFORMATION);
	assert_true(x.ok && has(&x.out, "\"KMSMasterKeyId\": \"alias/x\"") && !has(&x.notes, "wants the ARN"));
	release(&x);
	buf_release(&text);
}

static void formats_have_names(void **state)
{
	(void)state;
	assert_int_equal(resources_format_named(STR("terraform")), RESOURCES_TERRAFORM);
	assert_int_equal(resources_format_named(STR("iam")), RESOURCES_IAM);
	assert_int_equal(resources_format_named(STR("")), RESOURCES_FORMATS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_made_of_names_and_differ),
		cmocka_unit_test(names_that_dynamodb_would_refuse_are_refused),
		cmocka_unit_test(a_policy_for_nothing_is_refused),
		cmocka_unit_test(without_handlers_there_is_no_state_table_and_no_policy),
		cmocka_unit_test(a_full_buffer_is_an_error),
		cmocka_unit_test(a_long_policy_is_cut),
		cmocka_unit_test(text_for_terraform_is_escaped),
		cmocka_unit_test(what_is_not_taken_over_is_said),
		cmocka_unit_test(formats_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
