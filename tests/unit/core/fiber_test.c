#include "support/test.h"

#include "sluice/core/fiber.h"
#include "sluice/core/rng.h"
#include "support/child.h"

#include <stdlib.h>
#include <string.h>

struct walk {
	struct fiber *fiber;
	char *trace;
	char name;
	unsigned steps;
};

static void walk(void *arg)
{
	struct walk *w = arg;

	for (unsigned i = 0; i < w->steps; i++) {
		strncat(w->trace, &w->name, 1);
		fiber_suspend(w->fiber);
	}
	strcat(w->trace, ".");
}

static void test_a_fiber_goes_on_where_it_stopped(void **state)
{
	struct fiber_pool *pool = fiber_pool_new(2);
	char trace[32] = "";
	struct walk a = { .trace = trace, .name = 'a', .steps = 2 }, b = { .trace = trace, .name = 'b', .steps = 3 };

	(void)state;
	a.fiber = fiber_new(pool, walk, &a);
	b.fiber = fiber_new(pool, walk, &b);
	assert_string_equal(trace, "");
	assert_true(fiber_resume(a.fiber));
	assert_true(fiber_resume(b.fiber));
	assert_true(fiber_resume(a.fiber));
	assert_false(fiber_resume(a.fiber));
	assert_true(fiber_resume(b.fiber));
	assert_true(fiber_resume(b.fiber));
	assert_false(fiber_resume(b.fiber));
	assert_string_equal(trace, "aba.bb.");
	fiber_free(a.fiber);
	fiber_free(b.fiber);
	fiber_pool_free(pool);
}

struct sum {
	struct fiber *fiber;
	uint64_t seed, got;
	double real;
};

/* Enough live values for some to be in registers, some on the stack. */
static void add_up(void *arg)
{
	struct sum *s = arg;
	struct rng r;
	uint64_t table[64], a = 1, b = 2, c = 3;
	double x = 1.0;

	rng_seed(&r, s->seed);
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		table[i] = rng_next(&r);
		fiber_suspend(s->fiber);
		a += table[i];
		b ^= table[(i * 7) % (i + 1)];
		c = c * 31 + a;
		x = x * 0.5 + (double)(a & 0xff);
		fiber_suspend(s->fiber);
	}
	s->got = a ^ b ^ c;
	s->real = x;
}

static void test_every_fiber_keeps_its_own_values(void **state)
{
	enum { N = 500 };
	struct fiber_pool *pool = fiber_pool_new(N);
	struct sum *sums = test_calloc(N, sizeof(*sums));
	size_t running = N;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		sums[i].seed = i % 10; /* each has others that must come to the same */
		sums[i].fiber = fiber_new(pool, add_up, &sums[i]);
	}
	while (running) {
		running = 0;
		for (size_t i = 0; i < N; i++) {
			if (sums[i].fiber && !fiber_resume(sums[i].fiber)) {
				fiber_free(sums[i].fiber);
				sums[i].fiber = NULL;
			}
			running += sums[i].fiber != NULL;
		}
	}
	for (size_t i = 10; i < N; i++) {
		assert_true(sums[i].got == sums[i % 10].got);
		assert_true(sums[i].real == sums[i % 10].real);
	}
	assert_true(sums[0].got != sums[1].got);
	test_free(sums);
	fiber_pool_free(pool);
}

static void end_at_once(void *arg)
{
	*(int *)arg += 1;
}

static void test_stacks_are_reused_and_the_surplus_given_back(void **state)
{
	struct fiber_pool *pool = fiber_pool_new(3);
	struct fiber *fibers[10];
	int ended = 0;

	(void)state;
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < COUNT_OF(fibers); i++)
			fibers[i] = fiber_new(pool, end_at_once, &ended);
		assert_int_equal(fiber_pool_stacks(pool), 10);
		for (size_t i = 0; i < COUNT_OF(fibers); i++) {
			assert_false(fiber_resume(fibers[i]));
			fiber_free(fibers[i]);
		}
		assert_int_equal(fiber_pool_stacks(pool), 3);
	}
	assert_int_equal(ended, 50);
	fiber_pool_free(pool);
}

static void test_a_fiber_that_never_ran_can_be_freed(void **state)
{
	struct fiber_pool *pool = fiber_pool_new(1);
	int ended = 0;

	(void)state;
	fiber_free(fiber_new(pool, end_at_once, &ended));
	assert_int_equal(ended, 0);
	fiber_pool_free(pool);
}

__attribute__((noinline)) static void use_stack(struct fiber *f, unsigned kib)
{
	volatile size_t size = 1024;
	char *local = __builtin_alloca(size); /* AddressSanitizer may put what has a fixed size elsewhere */

	memset(local, (int)(kib | 1), size);
	if (kib > 1)
		use_stack(f, kib - 1);
	else
		fiber_suspend(f);
	if (memcmp(local, local + 512, 512) != 0) /* no asserts on a fiber's stack */
		abort();
}

struct user {
	struct fiber *fiber;
	unsigned kib;
};

static void use_some(void *arg)
{
	struct user *u = arg;

	use_stack(u->fiber, u->kib);
}

static size_t use_of(struct fiber_pool *pool, unsigned kib)
{
	struct user u = { .kib = kib };
	size_t used;

	u.fiber = fiber_new(pool, use_some, &u);
	assert_true(fiber_resume(u.fiber));
	assert_false(fiber_resume(u.fiber));
	used = fiber_stack_used(u.fiber);
	fiber_free(u.fiber);
	return used;
}

static void test_stack_use_is_measured_in_debug_builds(void **state)
{
	struct fiber_pool *pool = fiber_pool_new(1);
	size_t deep = use_of(pool, 30), flat = use_of(pool, 2); /* the second on the first one's stack */

	(void)state;
#ifdef SLUICE_DEBUG
	assert_in_range(deep, 30 * 1024, fiber_stack_size() - 1024);
	assert_in_range(flat, 2 * 1024, 16 * 1024);
#else
	assert_int_equal(deep, 0);
	assert_int_equal(flat, 0);
#endif
	fiber_pool_free(pool);
}

struct look {
	struct fiber *fiber;
	bool has_local, has_outer, has_null;
};

static void look_at_stack(void *arg)
{
	struct look *l = arg;
	volatile char local = 0;

	l->has_local = fiber_has(l->fiber, (const void *)&local);
	l->has_outer = fiber_has(l->fiber, l);
	l->has_null = fiber_has(l->fiber, NULL);
}

static void test_it_knows_its_own_stack(void **state)
{
	struct fiber_pool *pool = fiber_pool_new(1);
	struct look l = { 0 };

	(void)state;
	l.fiber = fiber_new(pool, look_at_stack, &l);
	fiber_resume(l.fiber);
	assert_true(l.has_local);
	assert_false(l.has_outer);
	assert_false(l.has_null);
	fiber_free(l.fiber);
	fiber_pool_free(pool);
}

/* Each level of depth is a page: it cannot step over the guard. */
__attribute__((noinline)) static unsigned dig(volatile unsigned *depth)
{
	volatile char page[4096];

	page[0] = (char)*depth;
	*depth += 1;
	if (*depth > 100000)
		return 0;
	return dig(depth) + (unsigned)page[0];
}

static void overflow(void *arg)
{
	volatile unsigned depth = 0;

	(void)arg;
	dig(&depth);
}

static void overflow_the_stack(void *arg)
{
	struct fiber_pool *pool = fiber_pool_new(1);
	struct fiber *below = fiber_new(pool, overflow, NULL), *above = fiber_new(pool, overflow, NULL);

	(void)arg;
	(void)below;
	fiber_resume(above);
}

static void test_a_stack_overflow_ends_the_process(void **state)
{
	static struct child_end end;

	(void)state;
	run_child(overflow_the_stack, NULL, &end);
	assert_false(end.clean);
	if (end.signal == 0)
		assert_non_null(strstr(end.text, "Sanitizer")); /* it caught the signal */
	else
		assert_int_equal(end.signal, 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fiber_goes_on_where_it_stopped),
		cmocka_unit_test(test_every_fiber_keeps_its_own_values),
		cmocka_unit_test(test_stacks_are_reused_and_the_surplus_given_back),
		cmocka_unit_test(test_a_fiber_that_never_ran_can_be_freed),
		cmocka_unit_test(test_stack_use_is_measured_in_debug_builds),
		cmocka_unit_test(test_it_knows_its_own_stack),
		cmocka_unit_test(test_a_stack_overflow_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
