#include "support/test.h"

#include "sim/map.h"

#include <stdio.h>

enum { KEYS = 5000 };

static void test_what_is_put_is_found_and_nothing_else(void **state)
{
	static char keys[KEYS][16];
	static int values[KEYS + 1];
	struct sim_map m = { 0 };

	(void)state;
	assert_null(sim_map_get(&m, STR("a")));
	for (int i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key %d", i);
		assert_null(sim_map_get(&m, str_c(keys[i])));
		sim_map_put(&m, str_c(keys[i]), &values[i]);
	}
	for (int i = 0; i < KEYS; i++)
		assert_ptr_equal(sim_map_get(&m, str_c(keys[i])), &values[i]);
	assert_null(sim_map_get(&m, STR("key 5000")));
	assert_null(sim_map_get(&m, STR("")));
	assert_int_equal(m.n, KEYS);
	sim_map_release(&m);
	assert_null(sim_map_get(&m, STR("key 1")));
}

static void test_a_second_value_replaces_the_first(void **state)
{
	struct sim_map m = { 0 };
	int values[2];

	(void)state;
	sim_map_put(&m, STR("a"), &values[0]);
	sim_map_put(&m, STR("a"), &values[1]);
	assert_ptr_equal(sim_map_get(&m, STR("a")), &values[1]);
	assert_int_equal(m.n, 1);
	sim_map_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_put_is_found_and_nothing_else),
		cmocka_unit_test(test_a_second_value_replaces_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
