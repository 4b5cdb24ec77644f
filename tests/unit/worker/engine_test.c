/* The engine's promises in virtual time. T<n> are the numbers of the traps in
 * src/README.md. */
#include "support/engine.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

enum { SEEDS = 10, MINUTE_MS = 60 * 1000 };

/* ---- what must hold in every history ---- */

/* Each handler got every record at least once; per item the first sightings are
 * in stream order; a record always has the same v, a later one a higher. */
static bool complete_and_ordered(const struct engine *e, size_t handler, const struct sequence *wrote, size_t n)
{
	uint64_t v_before = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t v = 0;

		for (size_t j = 0; j < e->n_messages; j++) {
			const struct engine_message *m = &e->messages[j];

			if (m->handler != handler || sequence_compare(&m->sequence, &wrote[i]) != 0)
				continue;
			if (v && m->v != v)
				return false;
			v = m->v;
		}
		if (v <= v_before)
			return false;
		v_before = v;
	}
	return true;
}

/* A message may come again only together with all that came behind it: after each
 * repeat the item's later records are repeated, too, so the last sighting of each
 * item is its last record. */
static bool last_sighting_is_last_record(const struct engine *e, size_t handler, const char *key,
					 const struct sequence *last)
{
	const struct engine_message *found = NULL;

	for (size_t j = 0; j < e->n_messages; j++)
		if (e->messages[j].handler == handler && strcmp(e->messages[j].key, key) == 0)
			found = &e->messages[j];
	return found && sequence_compare(&found->sequence, last) == 0;
}

static void run_seeds(test_body *body)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, body, &seed);
}

/* ---- T3, T4, T5: how a shard ends ---- */

static void the_last_page_brings_records_and_the_end(struct loop *loop, void *arg)
{
	struct lease_position p;
	struct sim_shard *shard;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	for (int i = 0; i < 30; i++)
		engine_put(&e, shard, i, i);
	sim_shard_close(shard);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 30, MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 30);
	CHECK(engine_saved(&e, "shard-1", "h0", &p));
	CHECK(p.done);
	engine_release(&e);
}

static void test_t3_records_of_the_closing_page_are_delivered(void **state)
{
	(void)state;
	run_seeds(the_last_page_brings_records_and_the_end);
}

static void the_closing_page_is_empty(struct loop *loop, void *arg)
{
	struct lease_position p;
	struct sim_shard *shard;
	struct engine e;
	size_t gets;

	(void)arg;
	engine_init(&e, loop, 1);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	shard->empty_end = true;
	for (int i = 0; i < 5; i++)
		engine_put(&e, shard, i, i);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 5, MINUTE_MS));
	sim_shard_close(shard);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	gets = shard->gets;
	CHECK(engine_saved(&e, "shard-1", "h0", &p));
	CHECK(p.done);
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL));
	CHECK_EQ(shard->gets, gets); /* completed once, not read again (T9) */
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 5);
	engine_release(&e);
}

static void test_t4_an_empty_closing_page_completes_the_shard_once(void **state)
{
	(void)state;
	run_seeds(the_closing_page_is_empty);
}

/* ---- T1, T2: parents before children ---- */

struct gate {
	bool open;
	struct engine *e;
};

static bool fail_until_open(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	struct gate *g = ctx;

	(void)handler;
	(void)e;
	return g->open || err_set(err, ERR_RETRY, "sink.down", "simulated: the sink is down");
}

static void children_wait_for_their_parent(struct loop *loop, void *arg)
{
	struct sim_shard *parent, *child;
	struct sequence wrote[20];
	struct gate gate = { 0 };
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	e.accept = fail_until_open;
	e.accept_ctx = &gate;
	child = sim_shard_add(e.streams, "child", "parent"); /* listed before its parent */
	parent = sim_shard_add(e.streams, "parent", "trimmed-long-ago");
	for (int i = 0; i < 10; i++)
		wrote[i] = engine_put(&e, parent, i % 3, i);
	sim_shard_close(parent);
	for (int i = 10; i < 20; i++)
		wrote[i] = engine_put(&e, child, i % 3, i);
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 5 * MINUTE_MS, NULL));
	CHECK_EQ(child->gets, 0);
	gate.open = true;
	CHECK(engine_wait(&e, 0, 20, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 20);
	for (size_t i = 0; i < 20; i++)
		CHECK(sequence_compare(&e.messages[i].sequence, &wrote[i]) == 0);
	CHECK(complete_and_ordered(&e, 0, wrote, 20)); /* v goes on rising in the child */
	engine_release(&e);
}

static void test_t1_t2_children_follow_their_parent_and_inherit_its_version(void **state)
{
	(void)state;
	run_seeds(children_wait_for_their_parent);
}

/* ---- T12: a stall longer than an iterator's life ---- */

static void a_stall_outlives_the_iterator(struct loop *loop, void *arg)
{
	struct sequence wrote[200];
	struct sim_shard *shard;
	struct gate gate = { .open = true };
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 2);
	e.plan.window_bytes = 2000; /* the reader stalls as well */
	e.streams->page_records = 10;
	e.accept = fail_until_open;
	e.accept_ctx = &gate;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_start(&e);
	for (int i = 0; i < 100; i++)
		wrote[i] = engine_put(&e, shard, i % 7, i);
	CHECK(engine_wait(&e, 0, 20, MINUTE_MS));
	gate.open = false;
	CHECK(task_sleep_ms(loop, 40 * MINUTE_MS, NULL));
	for (int i = 100; i < 200; i++)
		wrote[i] = engine_put(&e, shard, i % 7, i);
	CHECK(task_sleep_ms(loop, 40 * MINUTE_MS, NULL));
	gate.open = true;
	CHECK(engine_wait(&e, 0, 200, 10 * MINUTE_MS) && engine_wait(&e, 1, 200, 10 * MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 400); /* nothing twice: read on behind the last record read */
	for (size_t h = 0; h < 2; h++)
		CHECK(complete_and_ordered(&e, h, wrote, 200));
	engine_release(&e);
}

static void test_t12_an_expired_iterator_goes_on_behind_the_last_record_read(void **state)
{
	(void)state;
	run_seeds(a_stall_outlives_the_iterator);
}

/* ---- T16: trouble is never the end of a shard ---- */

struct trouble {
	struct engine *e;
	bool on;
	double chance;
};

static enum sim_fault any_fault(void *ctx, const char *operation, struct sim_shard *shard)
{
	static const enum sim_fault kinds[] = {
		SIM_DROP_BEFORE, SIM_DROP_AFTER, SIM_500, SIM_THROTTLE, SIM_TRUNCATE, SIM_GARBAGE, SIM_EXPIRE, SIM_HANG,
	};
	struct trouble *t = ctx;
	struct rng *rng = &t->e->env->rng;

	(void)operation;
	(void)shard;
	if (!t->on || rng_unit(rng) >= t->chance)
		return SIM_NO_FAULT;
	return kinds[rng_below(rng, COUNT_OF(kinds))];
}

static void every_kind_of_trouble(struct loop *loop, void *arg)
{
	struct trouble trouble = { .on = true, .chance = 0.5 };
	struct sequence wrote[120];
	struct sim_shard *shard;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	trouble.e = &e;
	e.streams->fault = any_fault;
	e.streams->fault_ctx = &trouble;
	e.streams->latency_ms = 50;
	e.streams->page_records = 7;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_start(&e);
	for (int i = 0; i < 120; i++) {
		wrote[i] = engine_put(&e, shard, i % 5, i);
		CHECK(task_sleep_ms(loop, 500, NULL));
	}
	CHECK(task_sleep_ms(loop, 20 * MINUTE_MS, NULL));
	trouble.on = false;
	CHECK(engine_wait(&e, 0, 120, 10 * MINUTE_MS));
	sim_shard_close(shard);
	engine_stop(&e);
	CHECK(e.streams->faults > 20);
	CHECK(complete_and_ordered(&e, 0, wrote, 120));
	CHECK_EQ(engine_count(&e, 0), 120);
	engine_release(&e);
}

static void test_t16_trouble_of_any_kind_is_waited_out(void **state)
{
	(void)state;
	run_seeds(every_kind_of_trouble);
}

static void a_dead_service_for_hours(struct loop *loop, void *arg)
{
	struct trouble trouble = { .on = true, .chance = 1.0 };
	struct lease_position p;
	struct sim_shard *shard;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	trouble.e = &e;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_start(&e);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	e.streams->fault = any_fault;
	e.streams->fault_ctx = &trouble;
	engine_put(&e, shard, 1, 1);
	CHECK(task_sleep_ms(loop, 6 * 60 * MINUTE_MS, NULL));
	CHECK_EQ(e.n_messages, 0);
	trouble.on = false;
	CHECK(engine_wait(&e, 0, 1, 10 * MINUTE_MS));
	engine_stop(&e);
	CHECK(engine_saved(&e, "shard-1", "h0", &p));
	CHECK(!p.done);
	engine_release(&e);
}

static void test_t16_hours_without_service_do_not_end_a_shard(void **state)
{
	(void)state;
	run_seeds(a_dead_service_for_hours);
}

/* ---- T17, T31: acknowledgements and crashes ---- */

static bool flaky(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	struct engine *engine = ctx;
	struct rng *rng = &engine->env->rng;

	(void)handler;
	(void)e;
	if (rng_below(rng, 20) == 0 && !task_sleep_ms(engine->loop, (int64_t)rng_below(rng, 2000), err))
		return false;
	return rng_below(rng, 10) || err_set(err, rng_below(rng, 2) ? ERR_RETRY : ERR_THROTTLE, "sink.flaky", "simulated");
}

/* The saved position never passes a record that the sink has not acknowledged. */
static bool saved_is_acknowledged(struct engine *e, const struct sequence *wrote, size_t n)
{
	struct lease_position p;
	size_t delivered = 0;

	if (!engine_saved(e, "shard-1", "h0", &p))
		return true;
	for (size_t i = 0; i < n && sequence_compare(&wrote[i], &p.position.sequence) <= 0; i++) {
		bool seen = false;

		for (size_t j = 0; j < e->n_messages && !seen; j++)
			seen = sequence_compare(&e->messages[j].sequence, &wrote[i]) == 0;
		if (!seen)
			return false;
		delivered++;
	}
	return delivered <= n;
}

static void killed_again_and_again(struct loop *loop, void *arg)
{
	struct sequence wrote[300];
	struct sim_shard *shard;
	struct engine e;
	size_t n = 0;

	(void)arg;
	engine_init(&e, loop, 1);
	e.accept = flaky;
	e.accept_ctx = &e;
	e.streams->latency_ms = 20;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	for (int life = 0; life < 6; life++) {
		engine_start(&e);
		for (int i = 0; i < 50; i++) {
			wrote[n] = engine_put(&e, shard, (int)n % 9, (int)n);
			n++;
			CHECK(task_sleep_ms(loop, (int64_t)rng_below(&e.env->rng, 1000), NULL));
		}
		if (rng_below(&e.env->rng, 4))
			engine_kill(&e);
		else
			engine_stop(&e);
		CHECK(saved_is_acknowledged(&e, wrote, n));
	}
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 300, 30 * MINUTE_MS));
	CHECK(task_sleep_ms(loop, 5 * MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK(complete_and_ordered(&e, 0, wrote, n));
	CHECK(saved_is_acknowledged(&e, wrote, n));
	for (int k = 0; k < 9; k++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", k);
		CHECK(last_sighting_is_last_record(&e, 0, key, &wrote[n - 9 + (size_t)((k + 9 - (int)(n - 9) % 9) % 9)]));
	}
	engine_release(&e);
}

static void test_t17_t31_kills_lose_nothing_and_positions_never_overtake(void **state)
{
	(void)state;
	run_seeds(killed_again_and_again);
}

static void a_clean_stop_repeats_nothing(struct loop *loop, void *arg)
{
	struct sim_shard *shard;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 2);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	for (int life = 0; life < 3; life++) {
		engine_start(&e);
		for (int i = 0; i < 40; i++)
			engine_put(&e, shard, i, i);
		CHECK(engine_wait(&e, 0, 40 * ((size_t)life + 1), MINUTE_MS));
		engine_stop(&e);
	}
	engine_start(&e);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK_EQ(engine_count(&e, 0), 120);
	CHECK_EQ(engine_count(&e, 1), 120);
	engine_release(&e);
}

static void test_a_clean_stop_repeats_nothing(void **state)
{
	(void)state;
	run_seeds(a_clean_stop_repeats_nothing);
}

/* ---- poison ---- */

static bool refuse_every_tenth(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	const struct record *r = e->batch->records[e->record];
	struct value n;

	(void)ctx;
	if (handler == 0 && value_get(r->new_image, STR("n"), &n) && str_ends(n.raw, STR("7")))
		return err_set(err, ERR_DATA, "sink.refused", "simulated: no sevens");
	return true;
}

static void poison_goes_to_the_dead_letter(struct loop *loop, void *arg)
{
	struct lease_position p;
	struct sim_shard *shard;
	struct sequence last;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 2);
	e.accept = refuse_every_tenth;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	for (int i = 0; i < 50; i++)
		last = engine_put(&e, shard, i, i);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 45, 5 * MINUTE_MS) && engine_wait(&e, 1, 50, 5 * MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK_EQ(engine_count(&e, 0), 45);
	CHECK_EQ(e.n_dead_letters, 5);
	CHECK(strstr(e.last_dead_letter, "no sevens") && strstr(e.last_dead_letter, "NewImage"));
	CHECK(engine_saved(&e, "shard-1", "h0", &p));
	CHECK(sequence_compare(&p.position.sequence, &last) == 0);
	engine_release(&e);
}

static void test_poison_goes_to_the_dead_letter_and_the_rest_flows(void **state)
{
	(void)state;
	run_seeds(poison_goes_to_the_dead_letter);
}

/* ---- T8: starts ---- */

static void latest_begins_now(struct loop *loop, void *arg)
{
	struct sequence wrote[60];
	struct sim_shard *closed, *shard;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	e.pipeline.start = STREAM_START_LATEST;
	closed = sim_shard_add(e.streams, "old", NULL);
	engine_put(&e, closed, 1, 1);
	sim_shard_close(closed);
	shard = sim_shard_add(e.streams, "shard-1", "old");
	for (int i = 0; i < 30; i++)
		engine_put(&e, shard, i, i);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_start(&e);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_kill(&e); /* nothing was read: the pinned time, never a second LATEST (T13) */
	for (int i = 0; i < 30; i++)
		wrote[i] = engine_put(&e, shard, i, i);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 30, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 30);
	CHECK(complete_and_ordered(&e, 0, wrote, 30));
	engine_release(&e);
}

static void test_t8_t13_latest_begins_at_the_pinned_time(void **state)
{
	(void)state;
	run_seeds(latest_begins_now);
}

/* ---- T15: trimmed below the position ---- */

static void trimmed_away(struct loop *loop, enum trim_policy policy, size_t expected)
{
	struct sim_shard *shard;
	struct sequence cut = { 0 };
	struct lease_position p;
	struct engine e;

	engine_init(&e, loop, 1);
	e.pipeline.on_trim = policy;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	for (int i = 0; i < 10; i++)
		engine_put(&e, shard, i, i);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 10, MINUTE_MS));
	engine_stop(&e);
	for (int i = 0; i < 10; i++)
		cut = engine_put(&e, shard, i, i);
	sim_shard_trim(shard, &cut);
	for (int i = 0; i < 10; i++)
		engine_put(&e, shard, i, i);
	engine_start(&e);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, expected);
	CHECK(engine_saved(&e, "shard-1", "h0", &p));
	CHECK_EQ(p.losses, 1);
	engine_release(&e);
}

static void trimmed_skip(struct loop *loop, void *arg)
{
	(void)arg;
	trimmed_away(loop, TRIM_SKIP, 20);
}

static void trimmed_halt(struct loop *loop, void *arg)
{
	(void)arg;
	trimmed_away(loop, TRIM_HALT, 10);
}

static void test_t15_a_trimmed_position_is_counted_and_skipped_or_halted(void **state)
{
	(void)state;
	run_seeds(trimmed_skip);
	run_seeds(trimmed_halt);
}

/* ---- T10, T11: the stream's end ---- */

static void a_disabled_stream_is_read_to_its_end(struct loop *loop, void *arg)
{
	struct sim_shard *shard;
	struct engine e;
	uint64_t requests;

	(void)arg;
	engine_init(&e, loop, 1);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	for (int i = 0; i < 10; i++)
		engine_put(&e, shard, i, i);
	sim_streams_disable(e.streams);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 10, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	requests = e.streams->requests;
	CHECK(task_sleep_ms(loop, 60 * MINUTE_MS, NULL));
	/* A heartbeat and a look at the others' in 3.3 s, a listing of the stream in 30 s,
	 * one of the leases (16 Queries) in 30 to 60 s: no spinning. */
	CHECK(e.streams->requests - requests < 60 * 80);
	CHECK_EQ(e.n_messages, 10);
	engine_stop(&e);
	engine_release(&e);
}

static void test_t11_a_disabled_stream_is_read_to_its_end_without_spinning(void **state)
{
	(void)state;
	run_seeds(a_disabled_stream_is_read_to_its_end);
}

static void a_new_stream_stops_the_handlers(struct loop *loop, void *arg)
{
	struct sim_shard *shard;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_put(&e, shard, 1, 1);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	engine_stop(&e);
	engine_put(&e, shard, 2, 2);
	sim_streams_disable(e.streams);
	sim_streams_enable(e.streams, "2026-02-02T00:00:00.000");
	shard = sim_shard_add(e.streams, "shard-2", NULL);
	engine_put(&e, shard, 3, 3);
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL));
	CHECK_EQ(e.n_messages, 2); /* the old one's rest; what came between the streams is known to nobody */
	CHECK_EQ(shard->gets, 0);
	engine_stop(&e);
	engine_release(&e);
}

static void test_t10_a_new_stream_stops_handlers_of_the_old_one(void **state)
{
	(void)state;
	run_seeds(a_new_stream_stops_the_handlers);
}

/* ---- a lease that is lost ---- */

static void a_stolen_lease_ends_the_reading(struct loop *loop, void *arg)
{
	struct sim_shard *shard;
	struct engine e;
	size_t before;

	(void)arg;
	engine_init(&e, loop, 1);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_put(&e, shard, 1, 1);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_steal(&e, "shard-1");
	engine_put(&e, shard, 2, 2);
	CHECK(task_sleep_ms(loop, 9000, NULL)); /* the next checkpoint finds out */
	before = e.n_messages;
	engine_put(&e, shard, 3, 3);
	CHECK(task_sleep_ms(loop, 3000, NULL));
	CHECK_EQ(e.n_messages, before);
	/* The thief never renews a heartbeat: its lease expires and is taken back. */
	CHECK(engine_wait(&e, 0, 3, MINUTE_MS));
	engine_stop(&e);
	engine_release(&e);
}

static void test_t20_a_stolen_lease_ends_the_reading_and_expires(void **state)
{
	(void)state;
	run_seeds(a_stolen_lease_ends_the_reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_t3_records_of_the_closing_page_are_delivered),
		cmocka_unit_test(test_t4_an_empty_closing_page_completes_the_shard_once),
		cmocka_unit_test(test_t1_t2_children_follow_their_parent_and_inherit_its_version),
		cmocka_unit_test(test_t12_an_expired_iterator_goes_on_behind_the_last_record_read),
		cmocka_unit_test(test_t16_trouble_of_any_kind_is_waited_out),
		cmocka_unit_test(test_t16_hours_without_service_do_not_end_a_shard),
		cmocka_unit_test(test_t17_t31_kills_lose_nothing_and_positions_never_overtake),
		cmocka_unit_test(test_a_clean_stop_repeats_nothing),
		cmocka_unit_test(test_poison_goes_to_the_dead_letter_and_the_rest_flows),
		cmocka_unit_test(test_t8_t13_latest_begins_at_the_pinned_time),
		cmocka_unit_test(test_t10_a_new_stream_stops_handlers_of_the_old_one),
		cmocka_unit_test(test_t11_a_disabled_stream_is_read_to_its_end_without_spinning),
		cmocka_unit_test(test_t20_a_stolen_lease_ends_the_reading_and_expires),
		cmocka_unit_test(test_t15_a_trimmed_position_is_counted_and_skipped_or_halted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
