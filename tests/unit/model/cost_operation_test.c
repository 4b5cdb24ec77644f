#include "support/test.h"

#include "sluice/model/cost.h"

static void test_units_follow_the_formulas(void **state)
{
	static const struct { enum cost_operation op; double s, n; bool strong; double units; } cases[] = {
		{ COST_GET_ITEM, 1, 0, true, 1 }, { COST_GET_ITEM, 1, 0, false, 0.5 },
		{ COST_GET_ITEM, 4096, 0, true, 1 }, { COST_GET_ITEM, 4097, 0, true, 2 },
		{ COST_GET_ITEM, 4096, 0, false, 0.5 }, { COST_GET_ITEM, 4097, 0, false, 1 },
		{ COST_GET_ITEM, 409600, 0, true, 100 },
		{ COST_QUERY, 1000, 10, false, 1.5 },                                           /* ⌈2.44⌉ · 0.5 */
		{ COST_QUERY, 1024, 4, true, 1 }, { COST_QUERY, 1025, 4, true, 2 },             /* 4096, 4100 bytes */
		{ COST_QUERY, 100, 0.5, true, 1 }, { COST_QUERY, 60, 20, false, 0.5 },
		{ COST_SCAN, 1000, 10, true, 3 }, { COST_SCAN, 4096, 1e6, false, 5e5 },
		{ COST_BATCH_GET, 1000, 10, false, 5 }, { COST_BATCH_GET, 4097, 10, true, 20 }, /* each rounded for itself */
		{ COST_TRANSACT_GET, 5000, 3, false, 12 }, { COST_TRANSACT_GET, 5000, 3, true, 12 },
		{ COST_TRANSACT_GET, 4096, 100, false, 200 },
		{ COST_PUT_ITEM, 1024, 0, false, 1 }, { COST_PUT_ITEM, 1025, 0, false, 2 },
		{ COST_PUT_ITEM, 1, 0, true, 1 }, { COST_UPDATE_ITEM, 1025, 0, false, 2 },
		{ COST_UPDATE_ITEM, 409600, 0, false, 400 }, { COST_DELETE_ITEM, 2048, 0, false, 2 },
		{ COST_DELETE_ITEM, 2049, 0, false, 3 },
		{ COST_BATCH_WRITE, 1025, 5, false, 10 }, { COST_BATCH_WRITE, 1024, 25, false, 25 },
		{ COST_TRANSACT_WRITE, 1025, 3, false, 12 }, { COST_TRANSACT_WRITE, 1024, 100, false, 200 },
		{ COST_OPERATIONS, 1000, 1, true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (cost_units(cases[i].op, cases[i].s, cases[i].n, cases[i].strong) != cases[i].units)
			fail_msg("case %zu: %g units, expected %g", i,
				 cost_units(cases[i].op, cases[i].s, cases[i].n, cases[i].strong), cases[i].units);
}

static void test_an_index_takes_a_write_of_its_own_size(void **state)
{
	static const struct { enum cost_operation op; double s, n; bool key; double units; } cases[] = {
		{ COST_PUT_ITEM, 1024, 1, false, 1 }, { COST_PUT_ITEM, 1025, 1, false, 2 },
		{ COST_PUT_ITEM, 1500, 1, true, 4 }, { COST_UPDATE_ITEM, 100, 1, true, 2 },
		{ COST_DELETE_ITEM, 100, 1, false, 1 }, { COST_PUT_ITEM, 100, 7, false, 1 },
		{ COST_BATCH_WRITE, 500, 25, false, 25 }, { COST_BATCH_WRITE, 1025, 25, true, 100 },
		{ COST_TRANSACT_WRITE, 1024, 3, false, 3 },    /* not twice, as the table's */
		{ COST_TRANSACT_WRITE, 1025, 3, true, 12 },
		{ COST_GET_ITEM, 500, 1, true, 0 }, { COST_QUERY, 500, 25, false, 0 }, { COST_SCAN, 500, 25, false, 0 },
		{ COST_BATCH_GET, 500, 25, false, 0 }, { COST_TRANSACT_GET, 500, 25, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (cost_index_units(cases[i].op, cases[i].s, cases[i].n, cases[i].key) != cases[i].units)
			fail_msg("case %zu: %g units, expected %g", i,
				 cost_index_units(cases[i].op, cases[i].s, cases[i].n, cases[i].key), cases[i].units);
}

static void test_operations_have_the_names_of_api_and_cli(void **state)
{
	(void)state;
	for (int i = 0; i < COST_OPERATIONS; i++)
		assert_int_equal(cost_operation_of(str_c(cost_operation_name((enum cost_operation)i))), i);
	assert_int_equal(cost_operation_of(STR("get-item")), COST_GET_ITEM);
	assert_int_equal(cost_operation_of(STR("transact-write-items")), COST_TRANSACT_WRITE);
	assert_int_equal(cost_operation_of(STR("BATCH_GET")), COST_BATCH_GET);
	assert_int_equal(cost_operation_of(STR("Query")), COST_QUERY);
	assert_int_equal(cost_operation_of(STR("")), COST_OPERATIONS);
	assert_int_equal(cost_operation_of(STR("GetItems")), COST_OPERATIONS);
	assert_int_equal(cost_operation_of(STR("ExecuteStatement")), COST_OPERATIONS);
	assert_string_equal(cost_operation_name(COST_OPERATIONS), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units_follow_the_formulas),
		cmocka_unit_test(test_an_index_takes_a_write_of_its_own_size),
		cmocka_unit_test(test_operations_have_the_names_of_api_and_cli),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
