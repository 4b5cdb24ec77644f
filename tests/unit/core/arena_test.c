#include "support/test.h"

#include "sluice/core/arena.h"
#include "sluice/core/rng.h"

static void test_memory_is_zero_aligned_and_apart(void **state)
{
	struct { unsigned char *ptr; size_t size; } taken[300];
	struct arena a;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	arena_init(&a, 1 << 22);
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		taken[i].size = rng_below(&rng, i % 10 ? 100 : 9000);
		taken[i].ptr = arena_alloc(&a, taken[i].size);
		assert_non_null(taken[i].ptr);
		assert_int_equal((uintptr_t)taken[i].ptr % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < taken[i].size; j++)
			assert_int_equal(taken[i].ptr[j], 0);
		memset(taken[i].ptr, (int)(i % 255) + 1, taken[i].size);
	}
	for (size_t i = 0; i < COUNT_OF(taken); i++)
		for (size_t j = 0; j < taken[i].size; j++)
			assert_int_equal(taken[i].ptr[j], i % 255 + 1);
	arena_release(&a);
}

static void test_the_cap_holds_and_what_was_taken_stays(void **state)
{
	struct arena a;
	struct str s;

	(void)state;
	arena_init(&a, 10000);
	s = arena_dup(&a, STR("kept"));
	assert_null(arena_alloc(&a, 10001));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_array(&a, SIZE_MAX / 2, 4));
	while (arena_alloc(&a, 500))
		;
	assert_true(a.used <= a.max);
	assert_null(arena_dup(&a, str_of("x", 1 << 20)).ptr);
	assert_str_equal(s, "kept");
	arena_release(&a);
	assert_non_null(arena_alloc(&a, 100));
	arena_release(&a);
}

static void test_reset_gives_clean_memory_again(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 100; i++) {
			unsigned char *p = arena_alloc(&a, 1000);

			for (int j = 0; j < 1000; j++)
				assert_int_equal(p[j], 0);
			memset(p, 0xff, 1000);
		}
		arena_reset(&a);
	}
	assert_str_equal(arena_putf(&a, "%s-%d", "n", 7), "n-7");
	arena_release(&a);
}

static void test_a_wiped_arena_can_be_used_again(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	arena_wipe(&a); /* an empty one, too */
	for (int i = 0; i < 100; i++)
		memset(arena_alloc(&a, 1000), 'x', 1000);
	arena_wipe(&a);
	assert_int_equal(a.used, 0);
	assert_null(a.head);
	assert_str_equal(arena_dup(&a, STR("again")), "again");
	arena_wipe(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_zero_aligned_and_apart),
		cmocka_unit_test(test_the_cap_holds_and_what_was_taken_stays),
		cmocka_unit_test(test_reset_gives_clean_memory_again),
		cmocka_unit_test(test_a_wiped_arena_can_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
