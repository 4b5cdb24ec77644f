/* The whole table is compared with botocore's in tests/e2e/test_commands.py. */
#include "support/test.h"

#include "sluice/model/operations.h"

static void test_operations_are_found_by_both_names(void **state)
{
	size_t count;

	(void)state;
	const struct operation *all = operations(&count);
	assert_true(count == 20);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(operation_by_name(all[i].name), &all[i]);
		assert_ptr_equal(operation_by_command(all[i].command), &all[i]);
		assert_int_equal(all[i].input->kind, SHAPE_STRUCTURE);
	}
	assert_null(operation_by_name(STR("get-item")));
	assert_null(operation_by_command(STR("GetItem")));
	assert_null(operation_by_command(STR("")));
}

static void test_parameters_have_their_option_names(void **state)
{
	static const struct { const char *parameter, *option; } cases[] = {
		{ "TableName", "table-name" }, { "Key", "key" }, { "SSESpecification", "sse-specification" },
		{ "ExpressionAttributeValues", "expression-attribute-values" }, { "KMSMasterKeyId", "kms-master-key-id" }, { "", "" },
	};
	char name[OPTION_NAME_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_str_equal(option_name(str_c(cases[i].parameter), name), cases[i].option);
	assert_true(option_name(STR("AaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAa"), name).len <
		    OPTION_NAME_BYTES);
}

static void test_shapes_nest_as_deep_as_attribute_values(void **state)
{
	const struct shape *input = operation_by_name(STR("PutItem"))->input;
	const struct shape *item = shape_find(input, STR("Item"))->shape;

	(void)state;
	assert_true(shape_find(input, STR("Item"))->required);
	assert_false(shape_find(input, STR("ReturnValues"))->required);
	assert_int_equal(item->kind, SHAPE_MAP);
	assert_true(shape_is_attribute_value(item->of));
	assert_false(shape_is_attribute_value(item));
	assert_ptr_equal(shape_find(item->of, STR("M"))->shape->of, item->of);
	assert_ptr_equal(shape_find(item->of, STR("L"))->shape->of, item->of);
	assert_int_equal(shape_find(item->of, STR("B"))->shape->kind, SHAPE_BLOB);
	assert_null(shape_find(item->of, STR("X")));
	assert_string_equal(operation_by_name(STR("Query"))->start, "ExclusiveStartKey");
	assert_null(operation_by_name(STR("GetItem"))->start);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations_are_found_by_both_names),
		cmocka_unit_test(test_parameters_have_their_option_names),
		cmocka_unit_test(test_shapes_nest_as_deep_as_attribute_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
