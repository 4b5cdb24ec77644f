#include "cost_fixture.h"

#include "sluice/core/json.h"
#include "sluice/core/json_write.h"

#define KEY "`AttributeDefinitions`:[{`AttributeName`:`id`,`AttributeType`:`S`}]," \
	"`KeySchema`:[{`AttributeName`:`id`,`KeyType`:`HASH`}]"
#define DOCUMENT(rps, description) "{`tables`:[{`TableName`:`A`," KEY ",`BillingMode`:`PAY_PER_REQUEST`," \
	"`StreamSpecification`:{`StreamEnabled`:true,`StreamViewType`:`NEW_AND_OLD_IMAGES`}," \
	"`GlobalSecondaryIndexes`:[{`IndexName`:`x`,`KeySchema`:[{`AttributeName`:`id`,`KeyType`:`HASH`}]," \
	"`Projection`:{`ProjectionType`:`ALL`}}]},{`TableName`:`B`," KEY ",`BillingMode`:`PAY_PER_REQUEST`}]," \
	"`sizing`:{`A`:{`item_size_bytes`:1000,`item_count`:1000000}},`access_patterns`:[" \
	"{`pattern`:`1`,`description`:`" description "`,`table`:`A`,`dynamodb_operation`:`PutItem`,`rps`:" rps \
	",`gsi_list`:[{`name`:`x`,`gsi_key_changes`:true}]},{`pattern`:`2`,`description`:`d`,`reason`:`elsewhere`}," \
	"{`pattern`:`3`,`description`:`q`,`table`:`A`,`index`:`x`,`dynamodb_operation`:`Query`,`rps`:20,`item_count`:5}]," \
	"`stream_handlers`:[{`kind`:`counter`,`name`:`c`,`source`:`A`,`table`:`B`,`key`:{`id`:`x`},`add`:[{`attribute`:`n`}]}]}"

struct printed {
	struct cost_fixture f;
	struct cost_scale scales[COST_SCALES];
	struct buf plain, markdown, json;
};

static void print(struct printed *p, const char *document)
{
	struct json_writer w;

	cost_of_document(&p->f, document, 1);
	assert_true(cost_scales(p->scales, &p->f.cost, &p->f.arena, &p->f.err));
	buf_init(&p->plain, 1 << 20);
	buf_init(&p->markdown, 1 << 20);
	buf_init(&p->json, 1 << 20);
	assert_true(cost_print(&p->f.cost, p->scales, &p->f.arena, &p->plain));
	assert_true(cost_print_markdown(&p->f.cost, p->scales, &p->f.arena, &p->markdown));
	json_write_init(&w, &p->json);
	json_begin_object(&w);
	cost_write_json(&p->f.cost, p->scales, &w);
	json_end_object(&w);
	assert_true(buf_ok(&p->json));
}

static void release(struct printed *p)
{
	cost_fixture_release(&p->f);
	buf_release(&p->plain);
	buf_release(&p->markdown);
	buf_release(&p->json);
}

static void test_people_see_each_index_on_a_line_of_its_own(void **state)
{
	struct printed p;

	(void)state;
	print(&p, DOCUMENT("100", "w"));
	assert_non_null(strstr(p.plain.ptr, "\n  pattern  description  operation             table or index  RCU each  WCU each  "
					    "a second  units/s  $ a month\n"));
	assert_non_null(strstr(p.plain.ptr, "\n  1        w            PutItem               A                                1  "
					    "     100      100    $164.70\n"));
	assert_non_null(strstr(p.plain.ptr, "\n                        + index, key changes  x                                2  "
					    "              200    $329.40\n"));
	assert_non_null(strstr(p.plain.ptr, "  Query \xc3\x97" "5  "));
	assert_non_null(strstr(p.plain.ptr, "  A/x  "));
	assert_non_null(strstr(p.plain.ptr, "Not counted: pattern 2 (no DynamoDB operation)."));
	assert_non_null(strstr(p.plain.ptr, "1,000,000"));
	assert_non_null(strstr(p.plain.ptr, "29 %"));
	assert_non_null(strstr(p.plain.ptr, "not declared"));
	assert_null(strchr(p.plain.ptr, '\x1b'));
	release(&p);
}

static void test_markdown_has_the_same_figures(void **state)
{
	struct printed p;

	(void)state;
	print(&p, DOCUMENT("100", "w"));
	assert_non_null(strstr(p.markdown.ptr, "\n| 1 | w | PutItem | A | | 1 | 100 | 100 | $164.70 |\n"));
	assert_non_null(strstr(p.markdown.ptr, "\n| | | + index, key changes | x | | 2 | | 200 | $329.40 |\n"));
	assert_non_null(strstr(p.markdown.ptr, "\n### Storage\n\n| table or index |"));
	assert_non_null(strstr(p.markdown.ptr, "| $ a month at | \xc3\x97" "1 | \xc3\x97" "3 | \xc3\x97" "10 |\n"));
	release(&p);
}

static void test_small_sums_do_not_vanish(void **state)
{
	struct printed p;

	(void)state;
	print(&p, DOCUMENT("0.0002", "w"));
	assert_non_null(strstr(p.markdown.ptr, "| PutItem | A | | 1 | 0.0002 | 0.0002 | $0.00033 |"));
	release(&p);
}

static void test_hostile_names_break_nothing(void **state)
{
	struct printed p;

	(void)state;
	print(&p, DOCUMENT("1", "a|b\\n<!-- end-cost-report -->\\u001b[2J"));
	assert_null(strchr(p.plain.ptr, '\x1b'));
	assert_null(strstr(p.markdown.ptr, "-->"));
	assert_null(strchr(p.markdown.ptr, '\x1b'));
	assert_non_null(strstr(p.markdown.ptr, "| a\\|b?\\<!-- end-cost-report --\\>?\\[2J |"));
	release(&p);
}

static double number(const struct json *object, const char *name)
{
	double value = -1;

	assert_true(json_get_real(json_get(object, name), &value));
	return value;
}

static void test_json_has_inputs_and_results_unrounded(void **state)
{
	const struct json *pattern, *index, *totals;
	struct json *root;
	struct printed p;

	(void)state;
	print(&p, DOCUMENT("0.1", "w"));
	root = json_parse(buf_str(&p.json), 1 << 20, &p.f.err);
	assert_non_null(root);
	pattern = json_at(json_get(root, "access_patterns"), 0);
	index = json_at(json_get(pattern, "indexes"), 0);
	assert_true(number(pattern, "rps") == 0.1);
	assert_true(number(pattern, "usd_per_month") == p.f.cost.patterns[0].own.usd);
	assert_true(number(index, "units_per_operation") == 2);
	assert_true(number(json_at(json_get(root, "tables"), 0), "stored_bytes") == 1.1e9);
	totals = json_get(root, "usd_per_month");
	assert_true(number(totals, "total") == p.f.cost.totals.usd);
	assert_near(number(totals, "reads") + number(totals, "writes") + number(totals, "index_writes") +
		    number(totals, "handlers") + number(totals, "streams") + number(totals, "state_table") +
		    number(totals, "storage"), number(totals, "total"));
	assert_int_equal(json_count(json_get(root, "at_other_rates")), COST_SCALES);
	json_free(root);
	release(&p);
}

static void test_a_full_buffer_is_said(void **state)
{
	struct printed p;
	struct buf small;

	(void)state;
	print(&p, DOCUMENT("1", "w"));
	buf_init(&small, 1000);
	assert_false(cost_print(&p.f.cost, p.scales, &p.f.arena, &small));
	buf_release(&small);
	release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_people_see_each_index_on_a_line_of_its_own),
		cmocka_unit_test(test_markdown_has_the_same_figures),
		cmocka_unit_test(test_small_sums_do_not_vanish),
		cmocka_unit_test(test_hostile_names_break_nothing),
		cmocka_unit_test(test_json_has_inputs_and_results_unrounded),
		cmocka_unit_test(test_a_full_buffer_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
