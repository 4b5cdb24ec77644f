#include "support/test.h"

#include "sluice/model/cost.h"

static void test_units_follow_the_formulas(void **state)
{
	static const struct { enum cost_operation op; double s, n; bool strong; double units; } cases[] = {
		{ COST_GET_ITEM, 4096, 0, true, 1 }, { COST_GET_ITEM, 4097, 0, false, 1 },      /* 2 · 0.5 */
		{ COST_QUERY, 1000, 10, false, 1.5 },                                           /* ⌈2.44⌉ · 0.5 */
		{ COST_SCAN, 1000, 10, true, 3 }, { COST_BATCH_GET, 1000, 10, false, 5 },       /* 1 · 10 · 0.5 */
		{ COST_TRANSACT_GET, 5000, 3, false, 12 },                                      /* 2 · 2 · 3 */
		{ COST_PUT_ITEM, 1025, 0, false, 2 }, { COST_BATCH_WRITE, 1025, 5, false, 10 },
		{ COST_TRANSACT_WRITE, 1025, 3, false, 12 },                                    /* 2 · 2 · 3 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_true(cost_units(cases[i].op, cases[i].s, cases[i].n, cases[i].strong) == cases[i].units);
	assert_true(cost_index_units(COST_PUT_ITEM, 1500, 1, true) == 4);        /* 2 · 2 */
	assert_true(cost_index_units(COST_BATCH_WRITE, 500, 25, false) == 25);
	assert_true(cost_index_units(COST_QUERY, 500, 25, false) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_units_follow_the_formulas) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
