/* Who gives how many leases to whom. */
#include "support/test.h"

#include "sluice/stream/balance.h"

#include <string.h>

enum { WORKERS = 16, PIPELINES = 3, SEEDS = 200, ROUNDS = 400 };

/* Workers that decide by what they saw of the others some rounds ago, in any
 * order; what they give arrives some rounds later. */
struct world {
	struct rng rng;
	size_t n_workers, n_pipelines;
	size_t leases[WORKERS][PIPELINES];
	size_t seen[WORKERS][WORKERS][PIPELINES];      /* [observer][observed] */
	size_t under_way[WORKERS][WORKERS][PIPELINES]; /* [giver][receiver], counted by the giver */
	size_t moved;
};

static size_t total_of(const struct world *w, size_t worker)
{
	size_t n = 0;

	for (size_t p = 0; p < w->n_pipelines; p++)
		n += w->leases[worker][p];
	return n;
}

static void look(struct world *w, size_t observer, size_t observed)
{
	memcpy(w->seen[observer][observed], w->leases[observed], sizeof(w->leases[observed]));
}

static size_t view_of(const struct world *w, size_t self, struct balance_worker *workers, size_t (*leases)[PIPELINES], size_t *ids)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_workers; i++) {
		size_t who = (self + i) % w->n_workers;

		workers[n] = (struct balance_worker){ .leases = leases[n] };
		for (size_t p = 0; p < w->n_pipelines; p++) {
			leases[n][p] = who == self ? w->leases[self][p] : w->seen[self][who][p] + w->under_way[self][who][p];
			workers[n].total += leases[n][p];
		}
		ids[n++] = who;
	}
	return n;
}

static void turn(struct world *w, size_t self)
{
	struct balance_worker workers[WORKERS];
	struct balance_gift gifts[WORKERS * PIPELINES];
	size_t leases[WORKERS][PIPELINES], ids[WORKERS];
	struct balance_view view = { workers, view_of(w, self, workers, leases, ids), w->n_pipelines };
	size_t n = balance_decide(&view, &w->rng, gifts);

	for (size_t i = 0; i < n; i++) {
		assert_true(gifts[i].worker > 0 && gifts[i].n <= w->leases[self][gifts[i].pipeline]);
		w->leases[self][gifts[i].pipeline] -= gifts[i].n;
		w->under_way[self][ids[gifts[i].worker]][gifts[i].pipeline] += gifts[i].n;
		w->moved += gifts[i].n;
	}
}

static void deliver(struct world *w, size_t giver, size_t receiver)
{
	for (size_t p = 0; p < w->n_pipelines; p++) {
		w->leases[receiver][p] += w->under_way[giver][receiver][p];
		w->under_way[giver][receiver][p] = 0;
	}
	look(w, giver, receiver);
}

static void round_of(struct world *w)
{
	for (size_t i = 0; i < 2 * w->n_workers; i++)
		turn(w, rng_below(&w->rng, w->n_workers));
	for (size_t i = 0; i < w->n_workers; i++)
		for (size_t j = 0; j < w->n_workers; j++) {
			if (i != j && rng_below(&w->rng, 2))
				deliver(w, i, j);
			if (rng_below(&w->rng, 3))
				look(w, i, j);
		}
}

static void settle_world(struct world *w)
{
	for (size_t i = 0; i < w->n_workers; i++)
		for (size_t j = 0; j < w->n_workers; j++)
			if (i != j)
				deliver(w, i, j);
	for (size_t i = 0; i < w->n_workers; i++)
		for (size_t j = 0; j < w->n_workers; j++)
			look(w, i, j);
}

static size_t start(struct world *w, uint64_t seed)
{
	size_t n = 0;

	*w = (struct world){ 0 };
	rng_seed(&w->rng, seed);
	w->n_workers = 1 + rng_below(&w->rng, WORKERS);
	w->n_pipelines = 1 + rng_below(&w->rng, PIPELINES);
	for (size_t i = 0; i < w->n_workers; i++)
		for (size_t p = 0; p < w->n_pipelines; p++)
			if (rng_below(&w->rng, 2))
				n += w->leases[i][p] = rng_below(&w->rng, rng_below(&w->rng, 4) ? 5 : 300);
	return n;
}

static bool is_balanced(const struct world *w, size_t leases)
{
	for (size_t i = 0; i < w->n_workers; i++)
		if (total_of(w, i) < leases / w->n_workers || total_of(w, i) > balance_share(leases, w->n_workers))
			return false;
	return true;
}

static void test_any_start_becomes_balanced_with_stale_views_and_then_rests(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		static struct world w;
		size_t leases = start(&w, seed), sum = 0;

		for (int i = 0; i < ROUNDS; i++)
			round_of(&w);
		settle_world(&w);
		for (size_t i = 0; i < w.n_workers; i++)
			sum += total_of(&w, i);
		assert_int_equal(sum, leases);
		if (!is_balanced(&w, leases))
			fail_msg("seed %llu is not balanced", (unsigned long long)seed);
		w.moved = 0;
		for (int i = 0; i < 50; i++)
			round_of(&w);
		assert_int_equal(w.moved, 0);
	}
}

/* What one worker of a view gives, in all. */
static size_t given(const size_t *totals, size_t n, uint64_t seed)
{
	struct balance_worker workers[WORKERS];
	struct balance_gift gifts[WORKERS];
	struct balance_view view = { workers, n, 1 };
	struct rng rng;
	size_t sum = 0, n_gifts;

	for (size_t i = 0; i < n; i++)
		workers[i] = (struct balance_worker){ totals[i], &totals[i] };
	rng_seed(&rng, seed);
	n_gifts = balance_decide(&view, &rng, gifts);
	for (size_t i = 0; i < n_gifts; i++)
		sum += gifts[i].n;
	return sum;
}

static void test_a_round_moves_half_of_the_surplus_at_most(void **state)
{
	static const struct {
		size_t totals[4], n, least, most;
	} cases[] = {
		{ { 1000, 0, 0, 0 }, 4, 375, 375 },
		{ { 1000 }, 1, 0, 0 },
		{ { 2, 1 }, 2, 0, 0 },          /* no improvement */
		{ { 3, 1 }, 2, 1, 1 },
		{ { 2, 0 }, 2, 1, 1 },
		{ { 1, 0, 0 }, 3, 0, 0 },
		{ { 2, 0, 0 }, 3, 1, 1 },
		{ { 2, 2, 1, 0 }, 4, 0, 1 },    /* one of two does it, by chance */
		{ { 0, 1000, 0, 0 }, 4, 0, 0 }, /* the poor give nothing */
		{ { 4, 4, 0, 0 }, 4, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (uint64_t seed = 1; seed <= 50; seed++) {
			size_t n = given(cases[i].totals, cases[i].n, seed);

			if (n < cases[i].least || n > cases[i].most)
				fail_msg("case %zu: %zu given, expected %zu to %zu", i, n, cases[i].least, cases[i].most);
		}
}

static void test_what_moves_is_of_the_pipeline_of_which_the_giver_has_most_more(void **state)
{
	static const size_t mine[] = { 2, 10, 3 }, theirs[] = { 2, 1, BALANCE_ABSENT }, third[] = { 8, BALANCE_ABSENT, 0 };
	const struct balance_worker workers[] = { { 15, mine }, { 3, theirs }, { 8, third } };
	const struct balance_view view = { workers, 3, 3 };
	struct balance_gift gifts[9];
	struct rng rng;
	size_t n;

	(void)state;
	rng_seed(&rng, 1);
	n = balance_decide(&view, &rng, gifts);
	assert_int_equal(n, 1);
	assert_int_equal(gifts[0].worker, 1);
	assert_int_equal(gifts[0].pipeline, 1);
	assert_false(balance_is_poor(&view));
}

static void test_who_may_be_given_something_is_poor(void **state)
{
	static const size_t one[] = { 1 }, five[] = { 5 }, four[] = { 4 }, none[] = { 0 };
	const struct balance_worker low[] = { { 1, one }, { 5, five } }, fair[] = { { 4, four }, { 5, five } };
	const struct balance_worker few[] = { { 0, none }, { 1, one } };

	(void)state;
	assert_true(balance_is_poor(&(struct balance_view){ low, 2, 1 }));
	assert_false(balance_is_poor(&(struct balance_view){ fair, 2, 1 }));
	assert_false(balance_is_poor(&(struct balance_view){ few, 2, 1 }));
	assert_int_equal(balance_share(5, 2), 3);
	assert_int_equal(balance_share(0, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_start_becomes_balanced_with_stale_views_and_then_rests),
		cmocka_unit_test(test_a_round_moves_half_of_the_surplus_at_most),
		cmocka_unit_test(test_what_moves_is_of_the_pipeline_of_which_the_giver_has_most_more),
		cmocka_unit_test(test_who_may_be_given_something_is_poor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
