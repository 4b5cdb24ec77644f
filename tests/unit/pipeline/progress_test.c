#include "support/test.h"

#include "sluice/core/rng.h"
#include "sluice/pipeline/progress.h"

#include <stdio.h>

static struct position at(uint64_t n)
{
	struct position p = { .v = n };
	char text[32];

	snprintf(text, sizeof(text), "%021llu", (unsigned long long)n);
	assert_true(sequence_parse(str_c(text), &p.sequence, NULL));
	return p;
}

static void test_position_is_the_end_of_the_contiguous_prefix(void **state)
{
	struct position start = at(10), a = at(11), b = at(12), c = at(13);
	struct progress p;

	(void)state;
	progress_init(&p, &start);
	uint64_t first = progress_take(&p, &a, 1), second = progress_take(&p, &b, 2), third = progress_take(&p, &c, 1);

	progress_acknowledge(&p, third);
	progress_acknowledge(&p, second);
	assert_int_equal(p.position.v, 10);
	progress_acknowledge(&p, first);
	assert_int_equal(p.position.v, 11);
	progress_acknowledge(&p, second);
	assert_int_equal(p.position.v, 13);
	assert_true(progress_idle(&p));
	progress_release(&p);
}

static void test_records_without_effects_wait_for_those_before_them(void **state)
{
	struct position start = { .v = 0 }, a = at(1), b = at(2);
	struct progress p;

	(void)state;
	progress_init(&p, &start);
	uint64_t first = progress_take(&p, &a, 1);

	progress_take(&p, &b, 0);
	assert_true(sequence_is_none(&p.position.sequence));
	progress_acknowledge(&p, first);
	assert_int_equal(p.position.v, 2);
	progress_release(&p);
}

/* T17: whatever the order of acknowledgements, the position never passes an open
 * record and never regresses. */
static void test_random_orders_never_overtake_or_regress(void **state)
{
	enum { RECORDS = 300 };

	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		uint64_t slots[RECORDS], last = 0;
		uint32_t open[RECORDS] = { 0 };
		struct position start = { .v = 0 };
		struct progress p;
		struct rng rng;
		size_t taken = 0, left = 0;

		rng_seed(&rng, seed);
		progress_init(&p, &start);
		while (taken < RECORDS || left) {
			if (taken < RECORDS && (left == 0 || rng_below(&rng, 2))) {
				struct position next = at(taken + 1);

				open[taken] = (uint32_t)rng_below(&rng, 4);
				left += open[taken];
				slots[taken] = progress_take(&p, &next, open[taken]);
				taken++;
			} else {
				size_t i = rng_below(&rng, taken);

				while (open[i] == 0)
					i = (i + 1) % taken;
				open[i]--;
				left--;
				progress_acknowledge(&p, slots[i]);
			}
			assert_true(p.position.v >= last);
			last = p.position.v;
			for (size_t i = 0; i < last; i++)
				assert_int_equal(open[i], 0);
			assert_true(last == taken || open[last] > 0);
		}
		assert_int_equal(p.position.v, RECORDS);
		progress_release(&p);
	}
}

static void test_what_is_held_is_one_slot(void **state)
{
	struct position start = at(10), a = at(11), b = at(12), c = at(13), d = at(14);
	struct progress p;
	uint64_t held, next;

	(void)state;
	progress_init(&p, &start);
	progress_take(&p, &a, 1);
	progress_take(&p, &b, 0); /* filtered */
	progress_take(&p, &c, 2);
	held = progress_merge(&p);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.position.v, 10);
	next = progress_take(&p, &d, 1);
	progress_acknowledge(&p, next);
	assert_int_equal(p.position.v, 10);
	assert_int_equal(p.count, 2);
	progress_acknowledge(&p, held);
	assert_int_equal(p.position.v, 14);
	assert_true(progress_idle(&p));
	assert_int_equal(p.acknowledged, 4);
	progress_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_position_is_the_end_of_the_contiguous_prefix),
		cmocka_unit_test(test_records_without_effects_wait_for_those_before_them),
		cmocka_unit_test(test_random_orders_never_overtake_or_regress),
		cmocka_unit_test(test_what_is_held_is_one_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
