#include "sim/env.h"
#include "sluice/core/mem.h"
#include "support/dynamodb.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#define KEY "{\"pk\":{\"S\":\"a\"}}"

static const enum sim_fault all_faults[] = { SIM_DROP_BEFORE, SIM_DROP_AFTER, SIM_500,     SIM_THROTTLE,
					     SIM_TRUNCATE,    SIM_GARBAGE,    SIM_NO_FAULT };

/* ---- the sum is the truth ---- */

enum { RECORDS = 60, ROWS = 3, SHARDS = 2 };

/* What a shard's records contribute: to a row, some to two, some twice to one. */
struct shard {
	struct made_dynamodb *m;
	struct loop *loop;
	const char *fence;
	int64_t first;
	int row[RECORDS][2];
	int by[RECORDS][2];
	struct rng rng;
	bool ok;
};

static void draw_shard(struct shard *s, uint64_t seed, int64_t truth[ROWS])
{
	rng_seed(&s->rng, seed);
	for (int i = 0; i < RECORDS; i++) {
		for (int side = 0; side < 2; side++) {
			s->row[i][side] = (int)rng_below(&s->rng, ROWS + 1) - 1; /* -1: none */
			s->by[i][side] = (int)rng_below(&s->rng, 7) - 3;
			if (s->row[i][side] >= 0)
				truth[s->row[i][side]] += s->by[i][side];
		}
	}
}

static void add_effects(struct shard *s, struct made_batch *b, int from, int n)
{
	for (int i = 0; i < n; i++) {
		for (int side = 0; side < 2; side++) {
			char key[64], by[16];

			if (s->row[from + i][side] < 0)
				continue;
			snprintf(key, sizeof(key), "{\"pk\":{\"S\":\"row%d\"}}", s->row[from + i][side]);
			snprintf(by, sizeof(by), "%d", s->by[from + i][side]);
			made_add(b, (uint32_t)i, "Counts", key, s->fence, "n", by);
		}
	}
}

struct attempt {
	struct shard *s;
	struct made_batch *b;
	bool done;
};

static void deliver(void *arg)
{
	struct attempt *a = arg;

	a->done = made_dynamodb_deliver(a->s->m, a->b, 1000);
}

/* Reads from a position on, in chunks; sometimes it is killed in the middle of a
 * send and begins again at an earlier record with other chunks. */
static void run_shard(void *arg)
{
	struct shard *s = arg;
	int position = 0;

	while (position < RECORDS) {
		int from = position, n = 1 + (int)rng_below(&s->rng, 15);
		struct scope scope;
		struct made_batch b;
		struct attempt a = { s, &b, false };

		if (from + n > RECORDS)
			n = RECORDS - from;
		made_batch_init(&b, (uint64_t)(s->first + from), (size_t)n);
		add_effects(s, &b, from, n);
		scope_init(&scope, s->loop);
		scope_spawn(&scope, "attempt", deliver, &a);
		if (rng_below(&s->rng, 4) == 0) {
			task_sleep_ms(s->loop, (int64_t)rng_below(&s->rng, 60), NULL);
			scope_cancel(&scope);
		}
		scope_wait(&scope);
		made_batch_release(&b);
		if (a.done)
			position = from + n;
		if (!a.done || rng_below(&s->rng, 5) == 0)
			position -= (int)rng_below(&s->rng, (uint64_t)position + 1);
	}
	s->ok = true;
}

struct story {
	uint64_t seed;
	uint64_t faults;
};

static void truth_body(struct loop *loop, void *arg)
{
	struct story *story = arg;
	struct made_dynamodb m;
	struct shard *shards = mem_array(SHARDS, sizeof(*shards));
	int64_t truth[ROWS] = { 0 };
	struct scope scope;

	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Counts", "pk:S");
	made_dynamodb_faults(&m, 0.15, all_faults);
	scope_init(&scope, loop);
	for (int i = 0; i < SHARDS; i++) {
		shards[i] = (struct shard){
			.m = &m, .loop = loop, .fence = i ? "sluice_f1" : "sluice_f0", .first = 1000 * (i + 1)
		};
		draw_shard(&shards[i], story->seed * SHARDS + (uint64_t)i, truth);
		scope_spawn(&scope, "shard", run_shard, &shards[i]);
	}
	scope_wait(&scope);
	for (int i = 0; i < ROWS; i++) {
		char key[64], want[32];

		snprintf(key, sizeof(key), "{\"pk\":{\"S\":\"row%d\"}}", i);
		snprintf(want, sizeof(want), "%lld", (long long)truth[i]);
		CHECK_STR(made_dynamodb_text(&m, "Counts", key, "n"), want);
	}
	for (int i = 0; i < SHARDS; i++)
		CHECK(shards[i].ok);
	story->faults += m.sim->faults;
	made_dynamodb_release(&m);
	mem_free(shards);
}

static void test_sums_are_exact_over_crashes_replays_and_lost_answers(void **state)
{
	struct story story = { 0 };

	(void)state;
	for (story.seed = 1; story.seed <= 40; story.seed++)
		run_simulated(story.seed, truth_body, &story);
	assert_true(story.faults > 500);
}

/* ---- single matters ---- */

static void merged_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Counts", "pk:S");
	made_batch_init(&b, 7, 100);
	for (uint32_t i = 0; i < 100; i++)
		made_add(&b, i, "Counts", i % 2 ? KEY : "{ \"pk\" : {\"S\":\"\\u0061\"}}", "sluice_f", "n", "0.5");
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 100);
	CHECK_EQ(m.sim->requests, 1);
	CHECK_STR(made_dynamodb_text(&m, "Counts", KEY, "n"), "50");
	CHECK_STR(made_dynamodb_text(&m, "Counts", KEY, "sluice_f"), "0000000000000000000000000000000000000106");
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_a_window_of_contributions_is_one_write(void **state)
{
	(void)state;
	run_simulated(1, merged_body, NULL);
}

static void again_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Counts", "pk:S");
	for (int round = 0; round < 2; round++) {
		made_batch_init(&b, 10, 10);
		for (uint32_t i = 0; i < (round ? 10u : 5u); i++)
			made_add(&b, i, "Counts", KEY, "sluice_f", "n", "1");
		made_dynamodb_send(&m, &b);
		CHECK_EQ(made_count(&b, EFFECT_DONE), round ? 10 : 5);
		made_batch_release(&b);
	}
	CHECK_STR(made_dynamodb_text(&m, "Counts", KEY, "n"), "10");
	CHECK_EQ(m.sim->requests, 3); /* one, one refused, one for the rest */
	made_dynamodb_release(&m);
}

static void test_the_fence_tells_which_contributions_are_in(void **state)
{
	(void)state;
	run_simulated(1, again_body, NULL);
}

static void zero_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;
	struct effect *bare;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Counts", "pk:S");
	made_batch_init(&b, 1, 3);
	made_add(&b, 0, "Counts", KEY, "sluice_f", "n", "5");
	made_add(&b, 1, "Counts", KEY, "sluice_f", "n", "-5");
	bare = made_add(&b, 2, "Counts", KEY, "sluice_f", "n", "0");
	bare->add.n_deltas = 0;
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 3);
	CHECK_STR(made_dynamodb_text(&m, "Counts", KEY, "n"), "0");
	CHECK_STR(made_dynamodb_text(&m, "Counts", KEY, "sluice_f"), "0000000000000000000000000000000000000003");
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_a_zero_sum_still_moves_the_fence(void **state)
{
	(void)state;
	run_simulated(1, zero_body, NULL);
}

static void digits_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Counts", "pk:S");
	made_batch_init(&b, 1, 4);
	made_add(&b, 0, "Counts", KEY, "sluice_f", "big", "1E30");
	made_add(&b, 1, "Counts", KEY, "sluice_f", "big", "1E-30");
	made_add(&b, 2, "Counts", KEY, "sluice_f", "big", "-1E30");
	made_add(&b, 3, "Counts", KEY, "sluice_f", "big", "2E30");
	made_dynamodb_send(&m, &b);
	/* 1E30 alone; the exact sum 1E30 + 1E-30 cannot be written in 38 digits, and
	 * the service refuses it where it would round. */
	CHECK_EQ(b.batch.effects[0]->state, EFFECT_DONE);
	CHECK(b.batch.effects[1]->state == EFFECT_FAILED && b.batch.effects[1]->err->class == ERR_DATA);
	CHECK(b.batch.effects[2]->state == EFFECT_FAILED && b.batch.effects[2]->err->class == ERR_RETRY);
	CHECK_STR(made_dynamodb_text(&m, "Counts", KEY, "big"), "1000000000000000000000000000000");
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_sums_that_need_more_digits_are_split(void **state)
{
	(void)state;
	run_simulated(1, digits_body, NULL);
}

static void blamed_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_put(m.sim, sim_table_add(m.sim, "Counts", "pk:S"), "{\"pk\":{\"S\":\"a\"},\"word\":{\"S\":\"x\"}}");
	made_batch_init(&b, 1, 9);
	for (uint32_t i = 0; i < 9; i++)
		made_add(&b, i, "Counts", KEY, "sluice_f", i == 5 ? "word" : "n", "1");
	made_dynamodb_send(&m, &b);
	for (uint32_t i = 0; i < 9; i++) {
		CHECK_EQ(b.batch.effects[i]->state, i < 5 ? EFFECT_DONE : EFFECT_FAILED);
		CHECK(i < 5 || b.batch.effects[i]->err->class == (i == 5 ? ERR_DATA : ERR_RETRY));
	}
	CHECK_STR(made_dynamodb_text(&m, "Counts", KEY, "n"), "5");
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_the_contribution_that_is_refused_is_found(void **state)
{
	(void)state;
	run_simulated(1, blamed_body, NULL);
}

static void set_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Counts", "pk:S");
	made_batch_init(&b, 1, 2);
	made_add(&b, 0, "Counts", KEY, "sluice_f", "n", "1")->add.set = STR("{\"size\":{\"S\":\"old\"}}");
	made_add(&b, 1, "Counts", KEY, "sluice_f", "n", "1")->add.set =
		STR("{\"size\":{\"S\":\"new \\\"x\\\"\"},\"tags\":{\"L\":[{\"N\":\"1\"}]}}");
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 2);
	CHECK_STR(made_dynamodb_text(&m, "Counts", KEY, "size"), "new \\\"x\\\"");
	CHECK_STR(made_dynamodb_text(&m, "Counts", KEY, "tags"), "[{\"N\":\"1\"}]");
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_plain_attributes_are_written_beside_the_sums(void **state)
{
	(void)state;
	run_simulated(1, set_body, NULL);
}

static void edited_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_put(m.sim, sim_table_add(m.sim, "Counts", "pk:S"),
		      "{\"pk\":{\"S\":\"a\"},\"sluice_f\":{\"N\":\"1\"}}");
	made_batch_init(&b, 1, 1);
	made_add(&b, 0, "Counts", KEY, "sluice_f", "n", "1");
	made_dynamodb_send(&m, &b);
	CHECK_EQ(b.batch.effects[0]->err->class, ERR_FATAL);
	CHECK(strstr(b.batch.effects[0]->err->text, "was the row edited?"));
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_a_fence_that_somebody_edited_stops_the_handler(void **state)
{
	(void)state;
	run_simulated(1, edited_body, NULL);
}

static void missing_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	made_batch_init(&b, 1, 1);
	made_add(&b, 0, "Counts", KEY, "sluice_f", "n", "1");
	made_dynamodb_send(&m, &b);
	CHECK_EQ(b.batch.effects[0]->err->class, ERR_RETRY);
	CHECK(strstr(b.batch.effects[0]->err->text, "table Counts is not there at http://dynamodb.test; create it with the "
							   "key attributes pk (S), the writes are waiting"));
	sim_table_add(m.sim, "Counts", "pk:S");
	CHECK_EQ(made_retry(&b), 1);
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 1);
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_a_missing_table_is_waited_for(void **state)
{
	(void)state;
	run_simulated(1, missing_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums_are_exact_over_crashes_replays_and_lost_answers),
		cmocka_unit_test(test_a_window_of_contributions_is_one_write),
		cmocka_unit_test(test_the_fence_tells_which_contributions_are_in),
		cmocka_unit_test(test_a_zero_sum_still_moves_the_fence),
		cmocka_unit_test(test_sums_that_need_more_digits_are_split),
		cmocka_unit_test(test_the_contribution_that_is_refused_is_found),
		cmocka_unit_test(test_plain_attributes_are_written_beside_the_sums),
		cmocka_unit_test(test_a_fence_that_somebody_edited_stops_the_handler),
		cmocka_unit_test(test_a_missing_table_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
