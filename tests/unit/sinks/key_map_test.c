#include "../../../src/sinks/key_map.h"
#include "support/test.h"

#include <stdio.h>

static void test_each_key_has_one_place(void **state)
{
	char keys[200][16];
	struct arena a;
	struct key_map m;

	(void)state;
	arena_init(&a, 1 << 20);
	assert_true(key_map_init(&m, &a, 200));
	for (size_t i = 0; i < 200; i++) {
		void **at;

		snprintf(keys[i], sizeof(keys[i]), "%zu", i);
		assert_false(key_map_has(&m, str_c(keys[i])));
		at = key_map_at(&m, str_c(keys[i]));
		assert_null(*at);
		*at = keys[i];
	}
	for (size_t i = 0; i < 200; i++)
		assert_ptr_equal(*key_map_at(&m, str_c(keys[i])), keys[i]);
	assert_false(key_map_has(&m, str_of(NULL, 0)));
	assert_null(*key_map_at(&m, str_of(NULL, 0)));
	assert_true(key_map_has(&m, STR("")));
	arena_release(&a);
}

static void test_joined_texts_differ_where_their_parts_do(void **state)
{
	const struct str one[2] = { STR("ab"), STR("c") }, two[2] = { STR("a"), STR("bc") },
			 three[2] = { STR("abc"), STR("") };
	struct str joined[4];
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 16);
	joined[0] = key_join(&a, one, 2);
	joined[1] = key_join(&a, two, 2);
	joined[2] = key_join(&a, three, 2);
	joined[3] = key_join(&a, one, 1);
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(str_eq(joined[i], joined[j]));
	assert_true(str_eq(joined[0], key_join(&a, one, 2)));
	arena_release(&a);
}

static void test_at_the_arenas_cap_it_says_so(void **state)
{
	const struct str part = STR("a text longer than the arena has room for");
	struct arena a;
	struct key_map m;

	(void)state;
	arena_init(&a, 16);
	assert_false(key_map_init(&m, &a, 100));
	assert_null(key_join(&a, &part, 1).ptr);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_key_has_one_place),
		cmocka_unit_test(test_joined_texts_differ_where_their_parts_do),
		cmocka_unit_test(test_at_the_arenas_cap_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
