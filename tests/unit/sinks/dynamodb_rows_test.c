#include "sim/env.h"
#include "sluice/core/mem.h"
#include "support/dynamodb.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

static const enum sim_fault all_faults[] = { SIM_DROP_BEFORE, SIM_DROP_AFTER, SIM_500,
					     SIM_THROTTLE,    SIM_TRUNCATE,   SIM_NO_FAULT };

static struct effect *put(struct made_batch *b, uint32_t record, const char *pk)
{
	char key[64], item[160];

	snprintf(key, sizeof(key), "{\"pk\":{\"S\":\"%s\"}}", pk);
	snprintf(item, sizeof(item), "{\"pk\":{\"S\":\"%s\"},\"sluice_v\":{\"N\":\"%llu\"}}", pk,
		 (unsigned long long)(b->first + record));
	return made_row(b, record, EFFECT_PUT_ROW, "Rows", key, item);
}

static struct effect *delete (struct made_batch *b, uint32_t record, const char *pk)
{
	char key[64];

	snprintf(key, sizeof(key), "{\"pk\":{\"S\":\"%s\"}}", pk);
	return made_row(b, record, EFFECT_DELETE_ROW, "Rows", key, "");
}

static struct str v_of(struct made_dynamodb *m, const char *pk)
{
	char key[64];

	snprintf(key, sizeof(key), "{\"pk\":{\"S\":\"%s\"}}", pk);
	return made_dynamodb_text(m, "Rows", key, "sluice_v");
}

/* ---- a table and its view ---- */

enum { RECORDS = 80, ITEMS = 4, PLACES = 3 };

/* The source: each record moves an item to a place (or away), as a view whose key
 * holds an attribute does: delete the old row, put the new. */
struct story {
	uint64_t seed;
	bool atomic;
	uint64_t faults, conflicts;
};

struct moves {
	int item[RECORDS], from[RECORDS], to[RECORDS]; /* -1: nowhere */
	int last[ITEMS], last_record[ITEMS];
};

static void draw_moves(struct moves *s, struct rng *rng)
{
	for (int i = 0; i < ITEMS; i++)
		s->last[i] = -1;
	for (int r = 0; r < RECORDS; r++) {
		int item = s->item[r] = (int)rng_below(rng, ITEMS);

		s->from[r] = s->last[item];
		s->to[r] = (int)rng_below(rng, PLACES + 1) - 1;
		s->last[item] = s->to[r];
		s->last_record[item] = r;
	}
}

static void add_move(struct made_batch *b, const struct moves *s, int from, int i, bool atomic)
{
	int r = from + i;
	char pk[32];

	if (s->from[r] >= 0 && s->from[r] != s->to[r]) {
		snprintf(pk, sizeof(pk), "p%d-i%d", s->from[r], s->item[r]);
		delete (b, (uint32_t)i, pk)->group = atomic ? (uint32_t)i + 1 : 0;
	}
	if (s->to[r] >= 0) {
		snprintf(pk, sizeof(pk), "p%d-i%d", s->to[r], s->item[r]);
		put(b, (uint32_t)i, pk)->group = atomic ? (uint32_t)i + 1 : 0;
	}
}

struct attempt {
	struct made_dynamodb *m;
	struct made_batch *b;
	bool done;
};

static void deliver(void *arg)
{
	struct attempt *a = arg;

	a->done = made_dynamodb_deliver(a->m, a->b, 1000);
}

static void replay(struct made_dynamodb *m, struct loop *loop, const struct moves *s, struct rng *rng, bool atomic)
{
	int position = 0;

	while (position < RECORDS) {
		int n = 1 + (int)rng_below(rng, 20);
		struct scope scope;
		struct made_batch b;
		struct attempt a = { m, &b, false };

		if (position + n > RECORDS)
			n = RECORDS - position;
		made_batch_init(&b, (uint64_t)(100 + position), (size_t)n);
		for (int i = 0; i < n; i++)
			add_move(&b, s, position, i, atomic);
		scope_init(&scope, loop);
		scope_spawn(&scope, "attempt", deliver, &a);
		if (rng_below(rng, 4) == 0) {
			task_sleep_ms(loop, (int64_t)rng_below(rng, 60), NULL);
			scope_cancel(&scope);
		}
		scope_wait(&scope);
		made_batch_release(&b);
		if (a.done)
			position += n;
		if (!a.done || rng_below(rng, 5) == 0)
			position -= (int)rng_below(rng, (uint64_t)position + 1);
	}
}

static void newest_body(struct loop *loop, void *arg)
{
	struct story *story = arg;
	struct made_dynamodb m;
	struct moves s;
	struct rng rng;

	rng_seed(&rng, story->seed);
	draw_moves(&s, &rng);
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Rows", "pk:S");
	made_dynamodb_faults(&m, 0.15, all_faults);
	m.sim->conflict = 0.05;
	replay(&m, loop, &s, &rng, story->atomic);
	for (int item = 0; item < ITEMS; item++) {
		for (int place = 0; place < PLACES; place++) {
			char pk[32], want[32] = "";

			snprintf(pk, sizeof(pk), "p%d-i%d", place, item);
			if (s.last[item] == place)
				snprintf(want, sizeof(want), "%d", 100 + s.last_record[item]);
			CHECK_STR(v_of(&m, pk), want);
		}
	}
	story->faults += m.sim->faults;
	made_dynamodb_release(&m);
}

static void test_the_newest_row_stands_over_crashes_and_replays(void **state)
{
	struct story story = { 0 };

	(void)state;
	for (story.seed = 1; story.seed <= 60; story.seed++) {
		story.atomic = story.seed % 2;
		run_simulated(story.seed, newest_body, &story);
	}
	assert_true(story.faults > 500);
}

/* ---- single matters ---- */

static void coalesced_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Rows", "pk:S");
	made_batch_init(&b, 5, 50);
	for (uint32_t i = 0; i < 50; i++)
		put(&b, i, i % 2 ? "a" : "b");
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 50);
	CHECK_EQ(m.sim->requests, 2);
	CHECK_STR(v_of(&m, "a"), "54");
	CHECK_STR(v_of(&m, "b"), "53");
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_only_the_newest_of_one_send_is_written(void **state)
{
	(void)state;
	run_simulated(1, coalesced_body, NULL);
}

static void older_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_put(m.sim, sim_table_add(m.sim, "Rows", "pk:S"),
		      "{\"pk\":{\"S\":\"a\"},\"sluice_v\":{\"N\":\"100\"}}");
	made_batch_init(&b, 99, 2);
	put(&b, 0, "a");
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 1);
	CHECK_STR(v_of(&m, "a"), "100");
	delete (&b, 1, "a"); /* of the same version */
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 2);
	CHECK_STR(v_of(&m, "a"), "100");
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_an_older_or_equal_version_is_a_success_that_changes_nothing(void **state)
{
	(void)state;
	run_simulated(1, older_body, NULL);
}

static void transaction_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_put(m.sim, sim_table_add(m.sim, "Rows", "pk:S"),
		      "{\"pk\":{\"S\":\"newer\"},\"sluice_v\":{\"N\":\"100\"}}");
	made_batch_init(&b, 7, 1);
	put(&b, 0, "newer")->group = 1;
	put(&b, 0, "a")->group = 1;
	put(&b, 0, "b")->group = 1;
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 3);
	CHECK_STR(v_of(&m, "newer"), "100");
	CHECK_STR(v_of(&m, "a"), "7");
	CHECK_STR(v_of(&m, "b"), "7");
	CHECK_EQ(m.sim->requests, 2);
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_a_transaction_goes_on_without_rows_that_are_newer(void **state)
{
	(void)state;
	run_simulated(1, transaction_body, NULL);
}

static void refused_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;
	char *large = mem_alloc(500000);

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Rows", "pk:S");
	memset(large, 'x', 499999);
	memcpy(large, "{\"pk\":{\"S\":\"a\"},\"sluice_v\":{\"N\":\"2\"},\"t\":{\"S\":\"", 48);
	memcpy(large + 499996, "\"}}", 3);
	made_batch_init(&b, 1, 4);
	put(&b, 0, "a");
	made_row(&b, 1, EFFECT_PUT_ROW, "Rows", "{\"pk\":{\"S\":\"a\"}}", large);
	put(&b, 2, "b");
	made_row(&b, 3, EFFECT_PUT_ROW, "Rows", "{\"pk\":{\"M\":{}}}", "{}");
	made_dynamodb_send(&m, &b);
	CHECK(b.batch.effects[0]->state == EFFECT_FAILED && b.batch.effects[0]->err->class == ERR_RETRY);
	CHECK(b.batch.effects[1]->state == EFFECT_FAILED && b.batch.effects[1]->err->class == ERR_DATA);
	CHECK_EQ(b.batch.effects[2]->state, EFFECT_DONE);
	CHECK(b.batch.effects[3]->state == EFFECT_FAILED && b.batch.effects[3]->err->class == ERR_DATA);
	effect_retry(b.batch.effects[0]); /* the last that fits stands */
	made_dynamodb_send(&m, &b);
	CHECK_STR(v_of(&m, "a"), "1");
	made_batch_release(&b);
	made_dynamodb_release(&m);
	mem_free(large);
}

static void test_a_row_that_is_too_large_is_refused_alone(void **state)
{
	(void)state;
	run_simulated(1, refused_body, NULL);
}

static void many_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;
	int64_t began;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Rows", "pk:S");
	made_batch_init(&b, 1, 160);
	for (uint32_t i = 0; i < 160; i++) {
		char pk[16];

		snprintf(pk, sizeof(pk), "row%u", i);
		put(&b, i, pk);
	}
	began = env_mono_ms(loop_env(loop));
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 160);
	/* 160 requests of up to 20 ms, 16 at a time. */
	CHECK(env_mono_ms(loop_env(loop)) - began < 400);
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_different_rows_are_written_side_by_side(void **state)
{
	(void)state;
	run_simulated(1, many_body, NULL);
}

static void large_group_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Rows", "pk:S");
	made_batch_init(&b, 1, 1);
	for (uint32_t i = 0; i < 101; i++) {
		char pk[16];

		snprintf(pk, sizeof(pk), "row%u", i);
		put(&b, 0, pk)->group = 1;
	}
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_FAILED), 101);
	CHECK_EQ(b.batch.effects[0]->err->class, ERR_DATA);
	CHECK_EQ(m.sim->requests, 0);
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_more_rows_than_a_transaction_holds_are_refused(void **state)
{
	(void)state;
	run_simulated(1, large_group_body, NULL);
}

static void kinds_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	made_batch_init(&b, 1, 1);
	made_document(&b, 0, EFFECT_PUT_DOCUMENT, "deals", "1", "{}");
	made_dynamodb_send(&m, &b);
	CHECK_EQ(b.batch.effects[0]->err->class, ERR_FATAL);
	CHECK(strstr(b.batch.effects[0]->err->text,
		     "sink dynamo is of kind dynamodb, which cannot carry out a 'put document'"));
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_effects_of_other_sinks_are_refused(void **state)
{
	(void)state;
	run_simulated(1, kinds_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_newest_row_stands_over_crashes_and_replays),
		cmocka_unit_test(test_only_the_newest_of_one_send_is_written),
		cmocka_unit_test(test_an_older_or_equal_version_is_a_success_that_changes_nothing),
		cmocka_unit_test(test_a_transaction_goes_on_without_rows_that_are_newer),
		cmocka_unit_test(test_a_row_that_is_too_large_is_refused_alone),
		cmocka_unit_test(test_different_rows_are_written_side_by_side),
		cmocka_unit_test(test_more_rows_than_a_transaction_holds_are_refused),
		cmocka_unit_test(test_effects_of_other_sinks_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
