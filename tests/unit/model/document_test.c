#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/core/json_write.h"
#include "sluice/model/document.h"

struct document {
	struct model model;
	struct arena arena;
	struct findings_list findings;
	bool read;
};

static void read_document(struct document *d, struct str text)
{
	arena_init(&d->arena, 8 << 20);
	findings_list_init(&d->findings, &d->arena, NULL);
	d->read = model_parse(&d->model, text, "model.json", &d->findings);
}

static void release(struct document *d)
{
	model_release(&d->model);
	arena_release(&d->arena);
}

static const struct model_finding *found(const struct document *d, const char *code, const char *path)
{
	for (const struct model_finding *f = d->findings.first; f; f = f->next)
		if (strcmp(f->code, code) == 0 && str_eq(f->path, str_c(path)))
			return f;
	return NULL;
}

static void show(const struct document *d)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	findings_list_print(&d->findings, &out);
	print_message("%s", out.ptr);
	buf_release(&out);
}

#define TABLE "{\"TableName\":\"Orders\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}]," \
	"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],\"BillingMode\":\"PAY_PER_REQUEST\"}"
#define MODEL(more) "{\"tables\":[" TABLE "]" more "}"

static void test_a_document_becomes_a_model(void **state)
{
	static const char text[] = "{\"tables\":[{\"TableName\":\"Orders\",\"AttributeDefinitions\":["
		"{\"AttributeName\":\"id\",\"AttributeType\":\"S\"},{\"AttributeName\":\"day\",\"AttributeType\":\"N\"}],"
		"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"},{\"AttributeName\":\"gone\",\"KeyType\":\"RANGE\"}],"
		"\"BillingMode\":\"PAY_PER_REQUEST\",\"GlobalSecondaryIndexes\":[{\"IndexName\":\"ByDay\",\"KeySchema\":["
		"{\"AttributeName\":\"day\",\"KeyType\":\"HASH\"}],\"Projection\":{\"ProjectionType\":\"INCLUDE\","
		"\"NonKeyAttributes\":[\"total\"]}}],\"StreamSpecification\":{\"StreamEnabled\":true,"
		"\"StreamViewType\":\"NEW_IMAGE\"},\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":\"ttl\"}}],"
		"\"items\":{\"Orders\":[{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"caf\\u00e9\"}}}}]},"
		"\"sizing\":{\"Orders\":{\"item_size_bytes\":100,\"item_count\":1e9,\"indexes\":{\"ByDay\":{\"item_count\":5}}}},"
		"\"access_patterns\":[{\"pattern\":7,\"table\":\"Orders\",\"index\":\"ByDay\",\"dynamodb_operation\":\"Query\","
		"\"implementation\":[\"aws a\",\"aws b\"],\"rps\":3,\"expect\":{\"count\":2}}],"
		"\"stream_handlers\":[{\"kind\":\"counter\",\"name\":\"c\",\"source\":\"Orders\",\"events_per_s\":2.5}]}";
	const struct model_table *t;
	struct document d;
	struct value id;

	(void)state;
	read_document(&d, str_c(text));
	assert_true(d.read);
	assert_int_equal(d.findings.count, 0);
	t = &d.model.tables[0];
	assert_int_equal(d.model.n_tables, 1);
	assert_int_equal(t->key.n_hash, 1);
	assert_int_equal(t->key.hash[0]->type, 'S');
	assert_int_equal(t->key.range[0]->type, 0); /* undefined: kept, without a type */
	assert_true(t->on_demand && t->stream);
	assert_str_equal(t->ttl_attribute, "ttl");
	assert_int_equal(t->size.items, 1000000000);
	assert_int_equal(t->indexes[0].size.items, 5);
	assert_int_equal(t->indexes[0].projection, MODEL_PROJECT_INCLUDE);
	assert_str_equal(t->indexes[0].included[0], "total");
	assert_int_equal(d.model.n_items, 1);
	assert_true(value_get(d.model.items[0].item, STR("id"), &id) && id.type == VALUE_S);
	assert_str_equal(d.model.patterns[0].id, "7");
	assert_ptr_equal(d.model.patterns[0].index, &t->indexes[0]);
	assert_int_equal(d.model.patterns[0].n_commands, 2);
	assert_int_equal(d.model.patterns[0].expect.count, 2);
	assert_true(d.model.patterns[0].rate.average == 3);
	assert_ptr_equal(d.model.handlers[0].table, t);
	release(&d);
}

static void test_each_mistake_of_form_is_found_at_its_place(void **state)
{
	static const struct { const char *text, *code, *path; } cases[] = {
		{ "", "json-syntax", "" },
		{ "{\"tables\":[1,]}", "json-syntax", "" },
		{ "{\"tables\":[\"\xff\"]}", "json-syntax", "" },
		{ "[]", "wrong-type", "" },
		{ "{}", "missing-member", "" },
		{ "{\"tables\":7}", "wrong-type", "tables" },
		{ "{\"tables\":[]}", "wrong-value", "tables" },
		{ "{\"tables\":[null]}", "wrong-type", "tables[0]" },
		{ "{\"tables\":[{}]}", "missing-member", "tables[0]" },
		{ MODEL(",\"tables\":1"), "duplicate-name", "tables" },
		{ MODEL(",\"acess_patterns\":[]"), "unknown-member", "acess_patterns" },
		{ MODEL(",\"items\":{\"Orders\":[{\"PutRequest\":{\"Item\":{\"id\":{\"S\":5}}}}]}"), "value-type",
		  "items.Orders[0].PutRequest.Item.id.S" },
		{ MODEL(",\"items\":{\"Orders\":[{\"Put\":1}]}"), "missing-member", "items.Orders[0]" },
		{ MODEL(",\"items\":{\"Order\":[]}"), "item-table", "items.Order" },
		{ MODEL(",\"sizing\":{\"Orders\":{\"item_cont\":1}}"), "unknown-member", "sizing.Orders.item_cont" },
		{ MODEL(",\"sizing\":{\"Orders\":{\"item_count\":-1}}"), "wrong-value", "sizing.Orders.item_count" },
		{ MODEL(",\"sizing\":{\"Orders\":{\"item_count\":1.5}}"), "wrong-value", "sizing.Orders.item_count" },
		{ MODEL(",\"sizing\":{\"Orders\":{\"hottest_key_share\":5}}"), "wrong-value", "sizing.Orders.hottest_key_share" },
		{ MODEL(",\"access_patterns\":[{\"description\":\"x\"}]"), "missing-member", "access_patterns[0]" },
		{ MODEL(",\"access_patterns\":[{\"pattern\":\"1\",\"rps\":{\"avg\":1}}]"), "unknown-member",
		  "access_patterns[0].rps.avg" },
		{ MODEL(",\"access_patterns\":[{\"pattern\":\"\\ud800\"}]"), "string", "" },
		{ MODEL(",\"sizing\":{\"Orders\":{\"item_count\":1e999}}"), "number", "sizing.Orders.item_count" },
		{ MODEL(",\"stream_handlers\":[{\"kind\":\"view\",\"name\":\"v\"}]"), "missing-member", "stream_handlers[0]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct document d;

		read_document(&d, str_c(cases[i].text));
		if (!found(&d, cases[i].code, cases[i].path)) {
			show(&d);
			fail_msg("case %zu: no %s at '%s'", i, cases[i].code, cases[i].path);
		}
		release(&d);
	}
}

static void test_a_value_that_dynamodb_would_refuse_is_found(void **state)
{
	static const struct { const char *value, *code; } cases[] = {
		{ "{\"S\":\"\"}", NULL },
		{ "{\"N\":\"1e2\"}", NULL },
		{ "{\"N\":\"12345678901234567890123456789012345678000\"}", NULL },
		{ "{\"N\":\"123456789012345678901234567890123456789\"}", "value-number" },
		{ "{\"N\":\"1E126\"}", "value-number" },
		{ "{\"N\":\"ten\"}", "value-number" },
		{ "{\"N\":1}", "value-type" },
		{ "{\"B\":\"YQ==\"}", NULL },
		{ "{\"B\":\"a\"}", "value-binary" },
		{ "{\"SS\":[]}", "value-set" },
		{ "{\"SS\":[\"a\",\"a\"]}", "value-set" },
		{ "{\"NS\":[\"1\",\"1.0\"]}", "value-set" },
		{ "{\"NS\":[\"1\",\"10\"]}", NULL },
		{ "{\"BS\":[\"YQ==\",\"YQ==\"]}", "value-set" },
		{ "{\"BOOL\":\"true\"}", "value-type" },
		{ "{\"NULL\":false}", "value-type" },
		{ "{\"M\":{\"a\":{\"L\":[{\"S\":\"x\"}]}}}", NULL },
		{ "{\"M\":{\"a\":{\"X\":1}}}", "value-type" },
		{ "{\"S\":\"a\",\"N\":\"1\"}", "value-type" },
		{ "\"plain\"", "value-type" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct document d;
		struct buf text;

		buf_init(&text, 4096);
		buf_putf(&text, MODEL(",\"items\":{\"Orders\":[{\"PutRequest\":{\"Item\":{\"id\":%s}}}]}"), cases[i].value);
		read_document(&d, buf_str(&text));
		if (d.findings.errors != (cases[i].code ? 1u : 0u) ||
		    (cases[i].code && strcmp(d.findings.first->code, cases[i].code) != 0)) {
			show(&d);
			fail_msg("%s", cases[i].value);
		}
		release(&d);
		buf_release(&text);
	}
}

static void test_lines_and_columns_count_characters(void **state)
{
	struct document d;

	(void)state;
	read_document(&d, STR("{\n  \"tables\": [\n    {\"TableName\": \"\xc3\xa9\", \"KeySchema\": 5}]}"));
	assert_non_null(found(&d, "wrong-type", "tables[0].KeySchema"));
	assert_int_equal(found(&d, "wrong-type", "tables[0].KeySchema")->line, 3);
	assert_int_equal(found(&d, "wrong-type", "tables[0].KeySchema")->column, 24);
	release(&d);
}

static void test_ten_thousand_levels_are_refused(void **state)
{
	struct document d;
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	buf_puts(&text, "{\"tables\":");
	for (int i = 0; i < 10000; i++)
		buf_putc(&text, '[');
	read_document(&d, buf_str(&text));
	assert_false(d.read);
	assert_int_equal(d.findings.count, 1);
	assert_string_equal(d.findings.first->code, "json-depth");
	release(&d);
	buf_release(&text);
}

static void fill(struct buf *text, struct str unit, size_t bytes)
{
	while (text->len + unit.len < bytes)
		buf_put(text, unit);
}

/* 50 MB: values without end, one string, and wrong types everywhere. */
static void test_a_large_document_needs_bounded_memory(void **state)
{
	static const struct { const char *head, *unit; const char *tail, *code; } cases[] = {
		{ "{\"tables\":[", "[],", "[]]}", "document-size" },
		{ "{\"tables\":[{\"TableName\":\"", "abcdefgh", "\"}]}", "missing-member" },
		{ "{\"tables\":[", "\"wrong wrong wrong wrong wrong\",", "1]}", "wrong-type" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct document d;
		struct buf text;

		buf_init(&text, MODEL_MAX_BYTES);
		buf_puts(&text, cases[i].head);
		fill(&text, str_c(cases[i].unit), MODEL_MAX_BYTES - 100);
		buf_puts(&text, cases[i].tail);
		read_document(&d, buf_str(&text));
		assert_true(d.findings.errors > 0);
		assert_string_equal(d.findings.first->code, cases[i].code);
		assert_true(d.findings.kept <= MODEL_FINDINGS_MAX);
		assert_true(d.model.arena.used < 450u << 20);
		release(&d);
		buf_release(&text);
	}
}

static void test_what_other_tools_write_for_nothing_is_nothing(void **state)
{
	struct document d;

	(void)state;
	read_document(&d, STR("{\"tables\":[{\"TableName\":\"Orders\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}],"
			      "\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]}],\"items\":[],\"access_patterns\":["
			      "{\"pattern\":\"1\",\"description\":null,\"table\":null,\"index\":null,\"dynamodb_operation\":null,"
			      "\"implementation\":null,\"reason\":\"Served by search\"}]}"));
	assert_int_equal(d.findings.count, 0);
	assert_int_equal(d.model.patterns[0].n_commands, 0);
	assert_int_equal(d.model.patterns[0].table_name.len, 0);
	release(&d);
	read_document(&d, STR("{\"tables\":[],\"items\":[1],\"access_patterns\":[{\"pattern\":null}]}"));
	assert_non_null(found(&d, "wrong-type", "items"));
	assert_non_null(found(&d, "wrong-type", "access_patterns[0].pattern"));
	release(&d);
}

static void test_booleans_of_other_languages_are_told(void **state)
{
	struct document d;

	(void)state;
	read_document(&d, STR("{\"tables\":True}"));
	assert_true(str_find(found(&d, "json-syntax", "")->fix, STR("small letters")) != SIZE_MAX);
	release(&d);
	read_document(&d, STR("{\"tables\":Tru"));
	assert_true(str_find(found(&d, "json-syntax", "")->fix, STR("small letters")) == SIZE_MAX);
	release(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_booleans_of_other_languages_are_told),
		cmocka_unit_test(test_what_other_tools_write_for_nothing_is_nothing),
		cmocka_unit_test(test_a_document_becomes_a_model),
		cmocka_unit_test(test_each_mistake_of_form_is_found_at_its_place),
		cmocka_unit_test(test_a_value_that_dynamodb_would_refuse_is_found),
		cmocka_unit_test(test_lines_and_columns_count_characters),
		cmocka_unit_test(test_ten_thousand_levels_are_refused),
		cmocka_unit_test(test_a_large_document_needs_bounded_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
