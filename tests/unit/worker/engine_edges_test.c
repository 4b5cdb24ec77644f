/* The engine at its edges: stops, trims, rows and listings that are not as they
 * should be. T<n> are the numbers of the traps in src/README.md. */
#include "support/engine.h"
#include "support/test.h"

#include "sluice/core/mem.h"

#include <stdio.h>
#include <string.h>

enum { SEEDS = 5, MINUTE_MS = 60 * 1000 };

static void run_seeds(test_body *body)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, body, &seed);
}

/* ---- T8: LATEST ---- */

static void children_of_a_latest_start_are_read_whole(struct loop *loop, void *arg)
{
	struct sim_shard *parent, *child;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	e.pipeline.start = STREAM_START_LATEST;
	parent = sim_shard_add(e.streams, "parent", NULL);
	engine_put(&e, parent, 1, 1);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	for (int i = 0; i < 10; i++)
		engine_put(&e, parent, i, i);
	CHECK(engine_wait(&e, 0, 10, MINUTE_MS));
	sim_shard_close(parent);
	child = sim_shard_add(e.streams, "child", "parent");
	for (int i = 0; i < 10; i++)
		engine_put(&e, child, i, i); /* before anybody has listed it */
	CHECK(engine_wait(&e, 0, 20, 2 * MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 20);
	engine_release(&e);
}

static void test_t8_children_of_a_latest_start_are_read_whole(void **state)
{
	(void)state;
	run_seeds(children_of_a_latest_start_are_read_whole);
}

static enum sim_fault hang_iterators(void *ctx, const char *operation, struct sim_shard *shard)
{
	(void)shard;
	return *(bool *)ctx && strcmp(operation, "GetShardIterator") == 0 ? SIM_HANG : SIM_NO_FAULT;
}

static void a_latest_start_is_never_after_its_saved_time(struct loop *loop, void *arg)
{
	struct sim_shard *shard;
	struct engine e;
	bool hang = true;

	(void)arg;
	engine_init(&e, loop, 1);
	e.pipeline.start = STREAM_START_LATEST;
	e.streams->fault = hang_iterators;
	e.streams->fault_ctx = &hang;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_put(&e, shard, 1, 1);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 10000, NULL));
	for (int i = 0; i < 10; i++)
		engine_put(&e, shard, i, i);
	CHECK(task_sleep_ms(loop, 10000, NULL));
	hang = false;
	CHECK(engine_wait(&e, 0, 10, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 10);
	engine_release(&e);
}

static void test_t8_a_latest_start_is_never_after_its_saved_time(void **state)
{
	(void)state;
	run_seeds(a_latest_start_is_never_after_its_saved_time);
}

/* ---- T6: a listing that leaves the parent out ---- */

static void a_parent_left_out_of_a_listing_is_waited_for(struct loop *loop, void *arg)
{
	struct sim_shard *parent, *child;
	struct sequence wrote[10];
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	parent = sim_shard_add(e.streams, "parent", NULL);
	child = sim_shard_add(e.streams, "child", "parent");
	for (int i = 0; i < 5; i++)
		wrote[i] = engine_put(&e, parent, 1, i);
	sim_shard_close(parent);
	for (int i = 5; i < 10; i++)
		wrote[i] = engine_put(&e, child, 1, i);
	parent->hidden = true;
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 20000, NULL));
	parent->hidden = false;
	CHECK(engine_wait(&e, 0, 10, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 10);
	for (size_t i = 0; i < 10; i++)
		CHECK(sequence_compare(&e.messages[i].sequence, &wrote[i]) == 0);
	engine_release(&e);
}

static void test_t6_a_parent_left_out_of_a_listing_is_waited_for(void **state)
{
	(void)state;
	run_seeds(a_parent_left_out_of_a_listing_is_waited_for);
}

static void a_child_listed_late_is_read_soon(struct loop *loop, void *arg)
{
	struct sim_shard *parent, *child;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	parent = sim_shard_add(e.streams, "parent", NULL);
	child = sim_shard_add(e.streams, "child", "parent");
	child->hidden = true;
	engine_put(&e, parent, 1, 1);
	engine_put(&e, child, 2, 2);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	sim_shard_close(parent);
	CHECK(task_sleep_ms(loop, 4000, NULL));
	child->hidden = false;
	CHECK(engine_wait(&e, 0, 2, 10000));
	engine_stop(&e);
	engine_release(&e);
}

static void test_t6_a_child_that_is_listed_late_is_read_soon(void **state)
{
	(void)state;
	run_seeds(a_child_listed_late_is_read_soon);
}

/* ---- T18: stops around the end of a shard ---- */

struct stop_at_end {
	struct engine *e;
	struct sim_shard *shard;
	bool armed;
};

static enum sim_fault stop_at_end(void *ctx, const char *operation, struct sim_shard *shard)
{
	struct stop_at_end *s = ctx;

	if (s->armed && shard == s->shard && shard->closed && strcmp(operation, "GetRecords") == 0 && s->e->worker) {
		s->armed = false;
		worker_stop(s->e->worker);
	}
	return SIM_NO_FAULT;
}

static void a_waiting_batch_survives_a_stop_at_the_end(struct loop *loop, void *arg)
{
	struct stop_at_end stop;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	e.handlers[0].batch_window_ms = 1000;
	e.pipeline.poll_min_ms = 100;
	stop = (struct stop_at_end){ .e = &e, .shard = sim_shard_add(e.streams, "shard-1", NULL) };
	e.streams->fault = stop_at_end;
	e.streams->fault_ctx = &stop;
	engine_put(&e, stop.shard, 1, 1);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	engine_put(&e, stop.shard, 2, 2); /* waits for its window */
	CHECK(task_sleep_ms(loop, 600, NULL));
	sim_shard_close(stop.shard);
	stop.armed = true;
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_stop(&e);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 2, 5 * MINUTE_MS));
	engine_stop(&e);
	engine_release(&e);
}

static void test_t18_a_waiting_batch_survives_a_stop_at_the_end(void **state)
{
	(void)state;
	run_seeds(a_waiting_batch_survives_a_stop_at_the_end);
}

static bool down(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	(void)handler;
	(void)e;
	return !*(bool *)ctx || err_set(err, ERR_RETRY, "sink.down", "simulated: the sink is down");
}

static void a_closed_shard_is_not_finished_while_its_sink_is_down(struct loop *loop, void *arg)
{
	struct sim_shard *shard;
	struct lease_position p;
	struct engine e;
	bool is_down = true;

	(void)arg;
	engine_init(&e, loop, 1);
	e.accept = down;
	e.accept_ctx = &is_down;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_put(&e, shard, 1, 1);
	sim_shard_close(shard);
	engine_start(&e);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK(engine_saved(&e, "shard-1", "h0", &p));
	CHECK(!p.done);
	is_down = false;
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	engine_stop(&e);
	engine_release(&e);
}

static void test_t18_a_closed_shard_is_not_finished_while_its_sink_is_down(void **state)
{
	(void)state;
	run_seeds(a_closed_shard_is_not_finished_while_its_sink_is_down);
}

/* ---- T15: who lost something, and who did not ---- */

static bool h0_stops(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	(void)e;
	return handler != 0 || !*(bool *)ctx || err_set(err, ERR_FATAL, "sink.broken", "simulated: h0 stops");
}

static void a_trim_hits_only_who_lost_records(struct loop *loop, void *arg)
{
	struct sequence cut = { 0 };
	struct sim_shard *shard;
	struct lease_position p;
	struct engine e;
	bool broken = false;

	(void)arg;
	engine_init(&e, loop, 2);
	e.accept = h0_stops;
	e.accept_ctx = &broken;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_put(&e, shard, 0, 0);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS) && engine_wait(&e, 1, 1, MINUTE_MS));
	broken = true;
	for (int i = 0; i < 10; i++)
		cut = engine_put(&e, shard, i, i);
	CHECK(engine_wait(&e, 1, 11, MINUTE_MS));
	for (int i = 0; i < 10; i++)
		engine_put(&e, shard, i, i);
	CHECK(engine_wait(&e, 1, 21, MINUTE_MS));
	engine_stop(&e);
	sim_shard_trim(shard, &cut);
	broken = false;
	for (int i = 0; i < 10; i++)
		engine_put(&e, shard, i, i);
	engine_start(&e);
	CHECK(engine_wait(&e, 1, 31, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK(engine_saved(&e, "shard-1", "h1", &p) && p.losses == 0);
	CHECK(engine_saved(&e, "shard-1", "h0", &p) && p.losses == 1);
	CHECK_EQ(engine_count(&e, 1), 31);
	engine_release(&e);
}

static void test_t15_a_trim_hits_only_who_lost_records(void **state)
{
	(void)state;
	run_seeds(a_trim_hits_only_who_lost_records);
}

/* ---- T14: a shard that is gone ---- */

static void a_shard_that_is_gone_frees_its_children(struct loop *loop, void *arg)
{
	struct sim_shard *parent, *child;
	struct lease_position p;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	parent = sim_shard_add(e.streams, "parent", NULL);
	child = sim_shard_add(e.streams, "child", "parent");
	engine_put(&e, parent, 1, 1);
	engine_put(&e, child, 2, 2);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	engine_stop(&e);
	parent->gone = true;
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 200, NULL));
	CHECK(engine_saved(&e, "#parent", "h0", &p) && !p.done); /* one refusal says little */
	CHECK(engine_wait(&e, 0, 2, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK(engine_saved(&e, "#parent", "h0", &p));
	CHECK(p.done && p.losses == 1);
	engine_release(&e);
}

static void test_t14_a_shard_that_is_gone_is_counted_and_frees_its_children(void **state)
{
	(void)state;
	run_seeds(a_shard_that_is_gone_frees_its_children);
}

/* ---- T24: rows that go ---- */

static void delete_row(struct engine *e, const char *shard)
{
	struct sim_table *t = sim_table_named(e->dynamodb, STR("sluice-state"));

	for (struct sim_row **row = &t->rows; *row;) {
		struct sim_row *r = *row;

		if (!str_ends(sim_item_get(&r->item, STR("sk")).raw, str_c(shard))) {
			row = &r->next;
			continue;
		}
		*row = r->next;
		t->n_rows--;
		sim_item_release(&r->item);
		mem_free(r);
	}
}

static void a_deleted_lease_is_made_again(struct loop *loop, void *arg)
{
	struct sim_shard *shard;
	struct lease_position p;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_put(&e, shard, 1, 1);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	delete_row(&e, "shard-1");
	for (int i = 0; i < 5; i++)
		engine_put(&e, shard, i, i);
	CHECK(task_sleep_ms(loop, 8000, NULL));
	for (int i = 0; i < 5; i++)
		engine_put(&e, shard, i, i);
	CHECK(engine_wait(&e, 0, 11, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK(engine_saved(&e, "shard-1", "h0", &p));
	engine_release(&e);
}

static void test_t24_a_deleted_lease_row_is_made_again(void **state)
{
	(void)state;
	run_seeds(a_deleted_lease_is_made_again);
}

static void rows_of_finished_shards_go_after_a_restart(struct loop *loop, void *arg)
{
	struct sim_shard *parent, *child;
	struct lease_position p;
	char id[40];
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	parent = sim_shard_add(e.streams, sim_shard_id(e.streams, 31 * 60 * MINUTE_MS, id), NULL);
	engine_put(&e, parent, 1, 1);
	sim_shard_close(parent);
	child = sim_shard_add(e.streams, "child", id);
	engine_put(&e, child, 1, 1);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 2, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK(engine_saved(&e, id, "h0", &p));
	parent->hidden = true; /* trimmed */
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 60 * MINUTE_MS, NULL));
	CHECK(!engine_saved(&e, id, "h0", &p));
	CHECK(engine_saved(&e, "#child", "h0", &p));
	engine_put(&e, child, 2, 2);
	CHECK(engine_wait(&e, 0, 3, MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 3);
	engine_release(&e);
}

static void test_t9_rows_of_finished_shards_go_also_after_a_restart(void **state)
{
	(void)state;
	run_seeds(rows_of_finished_shards_go_after_a_restart);
}

/* ---- stops that take their time ---- */

static enum sim_fault hang_all(void *ctx, const char *operation, struct sim_shard *shard)
{
	(void)operation;
	(void)shard;
	return *(bool *)ctx ? SIM_HANG : SIM_NO_FAULT;
}

static void a_stop_keeps_its_deadline_when_nothing_answers(struct loop *loop, void *arg)
{
	struct sim_shard *shard;
	struct engine e;
	bool hang = false;
	int64_t asked_ms;

	(void)arg;
	engine_init(&e, loop, 1);
	e.streams->fault = hang_all;
	e.streams->fault_ctx = &hang;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_start(&e);
	engine_put(&e, shard, 1, 1);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	hang = true;
	asked_ms = env_mono_ms(e.env);
	engine_stop(&e);
	CHECK(env_mono_ms(e.env) - asked_ms <= e.plan.drain_ms + 1000);
	hang = true;
	engine_start(&e); /* and before it could begin */
	CHECK(task_sleep_ms(loop, 5000, NULL));
	asked_ms = env_mono_ms(e.env);
	engine_stop(&e);
	CHECK(env_mono_ms(e.env) - asked_ms <= 1000);
	engine_release(&e);
}

static void test_a_stop_keeps_its_deadline_when_nothing_answers(void **state)
{
	(void)state;
	run_seeds(a_stop_keeps_its_deadline_when_nothing_answers);
}

static bool never(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	struct engine *engine = ctx;

	(void)handler;
	(void)e;
	return task_sleep_ms(engine->loop, 100 * MINUTE_MS, err);
}

static void leases_are_given_up_when_a_sink_hangs(struct loop *loop, void *arg)
{
	struct sim_table *t;
	struct sim_shard *shard;
	struct engine e;
	int64_t asked_ms;
	size_t rows = 0;

	(void)arg;
	engine_init(&e, loop, 1);
	e.streams->latency_ms = 5;
	e.accept = never;
	e.accept_ctx = &e;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_start(&e);
	engine_put(&e, shard, 1, 1);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	asked_ms = env_mono_ms(e.env);
	engine_stop(&e);
	CHECK(env_mono_ms(e.env) - asked_ms <= e.plan.drain_ms + 1000);
	t = sim_table_named(e.dynamodb, STR("sluice-state"));
	for (struct sim_row *row = t->rows; row; row = row->next) {
		if (!str_ends(sim_item_get(&row->item, STR("sk")).raw, STR("shard-1")))
			continue;
		rows++;
		CHECK(sim_item_get(&row->item, STR("owner")).type == VALUE_NONE);
	}
	CHECK_EQ(rows, 1);
	engine_release(&e);
}

static void test_leases_are_given_up_when_a_sink_hangs(void **state)
{
	(void)state;
	run_seeds(leases_are_given_up_when_a_sink_hangs);
}

/* ---- versions without a past ---- */

static void a_root_begins_above_the_present(struct loop *loop, void *arg)
{
	struct sim_shard *shard;
	struct engine e;
	uint64_t now_v;

	(void)arg;
	engine_init(&e, loop, 1);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_put(&e, shard, 1, 1);
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL));
	now_v = (uint64_t)(env_wall_ms(e.env) / 1000) << 20;
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	engine_stop(&e);
	CHECK(e.messages[0].v > now_v); /* though the record is ten minutes old */
	engine_release(&e);
}

static void test_a_handler_without_a_past_begins_above_the_present(void **state)
{
	(void)state;
	run_seeds(a_root_begins_above_the_present);
}

/* ---- T20: a lease that goes while the sink hangs ---- */

struct hanging {
	struct engine *e;
	bool hang;
	size_t cancelled;
};

static bool hang_until_free(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	struct hanging *h = ctx;

	(void)handler;
	(void)e;
	if (!h->hang || task_sleep_ms(h->e->loop, 100 * MINUTE_MS, err))
		return true;
	h->cancelled++;
	return false;
}

static void a_stolen_lease_ends_what_hangs(struct loop *loop, void *arg)
{
	struct hanging hanging = { .hang = true };
	struct sim_shard *shard;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	hanging.e = &e;
	e.accept = hang_until_free;
	e.accept_ctx = &hanging;
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_start(&e);
	engine_put(&e, shard, 1, 1);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_steal(&e, "shard-1");
	/* Nothing moves, so nothing is saved: the listing of leases is what tells. */
	CHECK(task_sleep_ms(loop, 5 * MINUTE_MS, NULL));
	hanging.hang = false;
	engine_stop(&e);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	engine_stop(&e);
	engine_release(&e);
}

static void test_t20_a_stolen_lease_is_recovered_though_the_sink_hung(void **state)
{
	(void)state;
	run_seeds(a_stolen_lease_ends_what_hangs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_t8_children_of_a_latest_start_are_read_whole),
		cmocka_unit_test(test_t8_a_latest_start_is_never_after_its_saved_time),
		cmocka_unit_test(test_t6_a_parent_left_out_of_a_listing_is_waited_for),
		cmocka_unit_test(test_t6_a_child_that_is_listed_late_is_read_soon),
		cmocka_unit_test(test_t18_a_waiting_batch_survives_a_stop_at_the_end),
		cmocka_unit_test(test_t18_a_closed_shard_is_not_finished_while_its_sink_is_down),
		cmocka_unit_test(test_t15_a_trim_hits_only_who_lost_records),
		cmocka_unit_test(test_t14_a_shard_that_is_gone_is_counted_and_frees_its_children),
		cmocka_unit_test(test_t24_a_deleted_lease_row_is_made_again),
		cmocka_unit_test(test_t9_rows_of_finished_shards_go_also_after_a_restart),
		cmocka_unit_test(test_a_stop_keeps_its_deadline_when_nothing_answers),
		cmocka_unit_test(test_a_handler_without_a_past_begins_above_the_present),
		cmocka_unit_test(test_t20_a_stolen_lease_is_recovered_though_the_sink_hung),
		cmocka_unit_test(test_leases_are_given_up_when_a_sink_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
