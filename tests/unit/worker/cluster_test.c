/* Many workers over one state table, in virtual time. T<n> are the numbers of the
 * traps in src/README.md. */
#include "support/engine.h"
#include "support/test.h"

#include "sluice/core/mem.h"

#include <stdio.h>
#include <string.h>

enum { SEEDS = 5, WORKERS = 4, SHARDS = 12, MINUTE_MS = 60 * 1000, FAILOVER_MS = 10000 };

struct cluster {
	struct loop *loop;
	struct engine e[WORKERS];
	size_t n;
	struct sim_shard *shards[SHARDS];
	size_t n_shards;
	struct sequence wrote[4000];
	size_t n_wrote;
};

static void run_seeds(test_body *body)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, body, &seed);
}

static struct cluster *cluster_new(struct loop *loop, size_t n_workers, size_t n_shards)
{
	struct cluster *c = mem_alloc(sizeof(*c));

	c->loop = loop;
	sim_env_set_limit_ms(loop_env(loop), 60 * MINUTE_MS);
	c->n = n_workers;
	c->n_shards = n_shards;
	engine_init(&c->e[0], loop, 1);
	for (size_t i = 1; i < n_workers; i++)
		engine_init_beside(&c->e[i], &c->e[0]);
	c->e[0].dynamodb->latency_ms = c->e[0].streams->latency_ms = 10;
	for (size_t i = 0; i < n_shards; i++) {
		char id[32];

		snprintf(id, sizeof(id), "shard-%02zu", i);
		c->shards[i] = sim_shard_add(c->e[0].streams, id, NULL);
	}
	return c;
}

static void cluster_free(struct cluster *c)
{
	for (size_t i = c->n; i-- > 0;)
		engine_release(&c->e[i]);
	mem_free(c);
}

static void put(struct cluster *c, struct sim_shard *shard, int key)
{
	c->wrote[c->n_wrote] = engine_put(&c->e[0], shard, key, (int)c->n_wrote);
	c->n_wrote++;
}

static void put_each(struct cluster *c)
{
	for (size_t i = 0; i < c->n_shards; i++)
		put(c, c->shards[i], (int)i);
}

static size_t times_seen(const struct cluster *c, const struct sequence *s)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; j < c->e[i].n_messages; j++)
			n += sequence_compare(&c->e[i].messages[j].sequence, s) == 0;
	return n;
}

static bool has_all(const struct cluster *c)
{
	for (size_t i = 0; i < c->n_wrote; i++)
		if (times_seen(c, &c->wrote[i]) == 0)
			return false;
	return true;
}

static size_t messages(const struct cluster *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->e[i].n_messages;
	return n;
}

static bool wait_all(struct cluster *c, int64_t limit_ms)
{
	int64_t end_ms = env_mono_ms(loop_env(c->loop)) + limit_ms;

	while (!has_all(c))
		if (env_mono_ms(loop_env(c->loop)) > end_ms || !task_sleep_ms(c->loop, 100, NULL))
			return false;
	return true;
}

static struct str session(const struct cluster *c, size_t worker)
{
	return c->e[worker].worker ? c->e[worker].worker->heartbeat.session : STR("gone");
}

static size_t holds(const struct cluster *c, size_t worker)
{
	return engine_holds(&c->e[0], session(c, worker));
}

static bool wait_holds(struct cluster *c, size_t worker, size_t n, int64_t limit_ms)
{
	int64_t end_ms = env_mono_ms(loop_env(c->loop)) + limit_ms;

	while (holds(c, worker) != n)
		if (env_mono_ms(loop_env(c->loop)) > end_ms || !task_sleep_ms(c->loop, 20, NULL))
			return false;
	return true;
}

static uint64_t lease_counters(const struct cluster *c)
{
	struct sim_table *t = sim_table_named(c->e[0].dynamodb, STR("sluice-state"));
	uint64_t sum = 0, n;

	for (struct sim_row *row = t->rows; row; row = row->next)
		if (sim_item_get(&row->item, STR("shard")).raw.len &&
		    str_to_u64(sim_item_get(&row->item, STR("counter")).raw, &n))
			sum += n;
	return sum;
}

static size_t rows_with(const struct cluster *c, const char *attribute)
{
	struct sim_table *t = sim_table_named(c->e[0].dynamodb, STR("sluice-state"));
	size_t n = 0;

	for (struct sim_row *row = t->rows; row; row = row->next)
		n += sim_item_get(&row->item, str_c(attribute)).raw.len > 0;
	return n;
}

/* ---- sharing ---- */

static void leases_move_until_all_have_their_share(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 3, SHARDS);
	uint64_t counters;

	(void)arg;
	put_each(c);
	engine_start(&c->e[0]);
	CHECK(wait_all(c, 5000));
	CHECK(wait_holds(c, 0, SHARDS, 1000));
	engine_start(&c->e[1]);
	engine_start(&c->e[2]);
	for (int i = 0; i < 40; i++) {
		put_each(c);
		CHECK(task_sleep_ms(loop, 1000, NULL));
	}
	CHECK(wait_all(c, MINUTE_MS));
	CHECK_EQ(messages(c), c->n_wrote); /* nothing twice: owners drain and save before they give */
	for (size_t i = 0; i < 3; i++)
		CHECK_EQ(holds(c, i), 4);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	counters = lease_counters(c);
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL));
	CHECK_EQ(lease_counters(c), counters); /* and then nothing moves */
	cluster_free(c);
}

static void test_leases_are_given_until_all_have_their_share_and_then_rest(void **state)
{
	(void)state;
	run_seeds(leases_move_until_all_have_their_share);
}

static void workers_that_start_together_share(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 2, SHARDS);

	(void)arg;
	put_each(c);
	engine_start(&c->e[0]);
	engine_start(&c->e[1]);
	CHECK(wait_all(c, 15000));
	CHECK(task_sleep_ms(loop, 30000, NULL));
	CHECK_EQ(messages(c), c->n_wrote); /* exactly one has won each first write */
	CHECK_EQ(holds(c, 0), SHARDS / 2);
	CHECK_EQ(holds(c, 1), SHARDS / 2);
	cluster_free(c);
}

static void test_two_workers_that_race_for_the_same_leases_share_them(void **state)
{
	(void)state;
	run_seeds(workers_that_start_together_share);
}

static void who_stops_leaves_its_leases_to_the_others(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 2, SHARDS);

	(void)arg;
	engine_start(&c->e[0]);
	engine_start(&c->e[1]);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	put_each(c);
	CHECK(wait_all(c, 5000));
	engine_stop(&c->e[1]);
	put_each(c);
	CHECK(wait_all(c, FAILOVER_MS / 2)); /* at the next look, long before anything expires */
	CHECK_EQ(messages(c), c->n_wrote);
	CHECK_EQ(holds(c, 0), SHARDS);
	cluster_free(c);
}

static void test_leases_of_a_worker_that_stops_are_taken_at_once(void **state)
{
	(void)state;
	run_seeds(who_stops_leaves_its_leases_to_the_others);
}

static void the_leases_of_the_dead_are_shared(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 3, SHARDS);

	(void)arg;
	for (size_t i = 0; i < 3; i++)
		engine_start(&c->e[i]);
	put_each(c);
	CHECK(wait_all(c, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_kill(&c->e[2]);
	put_each(c);
	CHECK(wait_all(c, 2 * FAILOVER_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	CHECK_EQ(holds(c, 0), SHARDS / 2);
	CHECK_EQ(holds(c, 1), SHARDS / 2);
	CHECK_EQ(rows_with(c, "failover_ms"), 3);
	CHECK(task_sleep_ms(loop, 3 * MINUTE_MS, NULL));
	CHECK_EQ(rows_with(c, "failover_ms"), 2); /* its heartbeat's row is removed at last */
	cluster_free(c);
}

static void test_leases_of_the_dead_are_shared_and_their_row_goes(void **state)
{
	(void)state;
	run_seeds(the_leases_of_the_dead_are_shared);
}

static void a_child_goes_on_where_its_parent_was_finished(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 2, 6);
	struct sim_shard *child;

	(void)arg;
	engine_start(&c->e[0]);
	engine_start(&c->e[1]);
	put_each(c);
	CHECK(wait_all(c, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	for (size_t i = 0; i < 6; i++) {
		char id[32];

		snprintf(id, sizeof(id), "child-%02zu", i);
		put(c, c->shards[i], (int)i);
		sim_shard_close(c->shards[i]);
		child = sim_shard_add(c->e[0].streams, id, c->shards[i]->id);
		put(c, child, (int)i);
	}
	CHECK(wait_all(c, 10000));
	CHECK_EQ(messages(c), c->n_wrote);
	cluster_free(c);
}

static void test_t1_children_go_on_where_their_parents_were_finished(void **state)
{
	(void)state;
	run_seeds(a_child_goes_on_where_its_parent_was_finished);
}

/* ---- T22: a hand-over of which one side dies ---- */

struct kill_at {
	struct cluster *c;
	const char *attribute;   /* of a lease's row that is being written */
	size_t victim;
	bool done;
};

static void kill_when_written(void *ctx, struct sim_table *t, const struct sim_item *before, const struct sim_item *after)
{
	struct kill_at *k = ctx;

	(void)t;
	(void)before;
	if (k->done || !after || !sim_item_get(after, str_c(k->attribute)).raw.len)
		return;
	k->done = true;
	k->c->e[k->victim].dead = true;
}

static void one_side_dies(struct loop *loop, size_t victim)
{
	struct cluster *c = cluster_new(loop, 2, SHARDS);
	struct kill_at k = { .c = c, .attribute = "for", .victim = victim };

	put_each(c);
	engine_start(&c->e[0]);
	CHECK(wait_all(c, 5000));
	c->e[0].dynamodb->changed = kill_when_written;
	c->e[0].dynamodb->changed_ctx = &k;
	engine_start(&c->e[1]);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	CHECK(k.done);
	engine_kill(&c->e[victim]);
	put_each(c);
	CHECK(wait_all(c, 3 * FAILOVER_MS));
	CHECK(wait_holds(c, 1 - victim, SHARDS, 3 * FAILOVER_MS));
	CHECK_EQ(rows_with(c, "for"), 0);
	cluster_free(c);
}

static void the_receiver_dies(struct loop *loop, void *arg)
{
	(void)arg;
	one_side_dies(loop, 1);
}

static void the_giver_dies(struct loop *loop, void *arg)
{
	(void)arg;
	one_side_dies(loop, 0);
}

static void test_t22_a_hand_over_of_which_a_side_dies_leaves_no_orphan(void **state)
{
	(void)state;
	run_seeds(the_receiver_dies);
	run_seeds(the_giver_dies);
}

/* ---- T20, T21, T36: zombies ---- */

static size_t sent_since(const struct engine *e, int64_t since_ms, int64_t until_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_messages; i++)
		n += e->messages[i].at_ms >= since_ms && e->messages[i].at_ms < until_ms;
	return n;
}

/* It reads and sends, but its heartbeats get nowhere. */
static void a_worker_without_heartbeats_lets_go(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 2, 1);
	struct env *env = loop_env(loop);
	int64_t cut_ms, healed_ms;
	size_t owner, other, sent;

	(void)arg;
	engine_start(&c->e[0]);
	CHECK(wait_holds(c, 0, 1, 5000));
	engine_start(&c->e[1]);
	CHECK(task_sleep_ms(loop, 20000, NULL));
	owner = holds(c, 0) ? 0 : 1;
	other = 1 - owner;
	c->e[owner].state_way.cut = true;
	cut_ms = env_mono_ms(env);
	for (int i = 0; i < 60; i++) {
		put_each(c);
		CHECK(task_sleep_ms(loop, 1000, NULL));
	}
	CHECK_EQ(holds(c, other), 1);
	CHECK(c->e[owner].n_purges > 0);
	CHECK_EQ(c->e[other].n_purges, 0);
	CHECK_EQ(sent_since(&c->e[owner], cut_ms + FAILOVER_MS * 9 / 10, INT64_MAX), 0);
	CHECK(sent_since(&c->e[other], cut_ms, cut_ms + 2 * FAILOVER_MS) > 0);
	c->e[owner].state_way.cut = false;
	healed_ms = env_mono_ms(env);
	for (int i = 0; i < 60; i++) {
		put_each(c);
		CHECK(task_sleep_ms(loop, 1000, NULL));
	}
	CHECK(wait_all(c, 10000));
	CHECK_EQ(sent_since(&c->e[owner], healed_ms, INT64_MAX), 0); /* confirmed again, but it is not its own any more */
	CHECK_EQ(holds(c, other), 1);
	sent = c->e[owner].n_messages;
	engine_stop(&c->e[other]);
	put_each(c);
	CHECK(wait_all(c, FAILOVER_MS));
	CHECK_EQ(c->e[owner].n_messages, sent + 1); /* and it is of use again */
	cluster_free(c);
}

static void test_t36_a_zombie_that_is_confirmed_again_sends_nothing_of_what_it_lost(void **state)
{
	(void)state;
	run_seeds(a_worker_without_heartbeats_lets_go);
}

/* The deadline passes in the middle of a sink's send(). */
static bool hang(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	struct engine *engine = ctx;

	(void)handler;
	(void)e;
	return !engine->state_way.cut || task_sleep_ms(engine->loop, 4 * FAILOVER_MS, err);
}

static void a_send_in_which_the_deadline_passes(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 2, 1);

	(void)arg;
	engine_start(&c->e[0]);
	CHECK(wait_holds(c, 0, 1, 5000));
	engine_start(&c->e[1]);
	CHECK(task_sleep_ms(loop, 20000, NULL));
	CHECK_EQ(holds(c, 0), 1);
	c->e[0].accept = hang;
	c->e[0].accept_ctx = &c->e[0];
	c->e[0].state_way.cut = true;
	for (int i = 0; i < 20; i++)
		put_each(c);
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	c->e[0].state_way.cut = false;
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	CHECK_EQ(c->e[0].n_messages, 0);
	CHECK(has_all(c));
	CHECK_EQ(messages(c), c->n_wrote);
	cluster_free(c);
}

static void test_t36_nothing_leaves_from_the_middle_of_a_send_after_the_deadline(void **state)
{
	(void)state;
	run_seeds(a_send_in_which_the_deadline_passes);
}

/* Nobody else is there: the rows are as it left them. */
static void alone_it_goes_on_where_it_was(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 1, SHARDS);

	(void)arg;
	c->e[0].plan.state_transport = &c->e[0].state_way.transport;
	engine_start(&c->e[0]);
	put_each(c);
	CHECK(wait_all(c, 10000));
	for (int round = 0; round < 3; round++) {
		put_each(c); /* acknowledged, not saved */
		CHECK(wait_all(c, 2000));
		c->e[0].state_way.cut = true;
		CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
		put_each(c);
		CHECK(task_sleep_ms(loop, 2000, NULL));
		CHECK_EQ(c->e[0].n_messages, c->n_wrote - SHARDS);
		c->e[0].state_way.cut = false;
		CHECK(wait_all(c, 20000));
		CHECK_EQ(c->e[0].n_messages, c->n_wrote); /* nothing twice: positions in memory are kept */
	}
	CHECK_EQ(holds(c, 0), SHARDS);
	cluster_free(c);
}

static void test_t21_alone_a_worker_goes_on_after_a_lapse_where_it_was(void **state)
{
	(void)state;
	run_seeds(alone_it_goes_on_where_it_was);
}

/* Both clocks jump, as when the machine slept. */
static void the_machine_sleeps(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 2, SHARDS);

	(void)arg;
	engine_start(&c->e[0]);
	engine_start(&c->e[1]);
	for (int i = 0; i < 20; i++) {
		put_each(c);
		CHECK(task_sleep_ms(loop, 700, NULL));
		if (i % 7 == 3)
			sim_env_advance_ms(loop_env(loop), 2 * MINUTE_MS);
	}
	CHECK(wait_all(c, 3 * FAILOVER_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	CHECK_EQ(holds(c, 0) + holds(c, 1), SHARDS);
	cluster_free(c);
}

static void test_t36_workers_that_slept_past_their_time_begin_anew(void **state)
{
	(void)state;
	run_seeds(the_machine_sleeps);
}

/* Nothing is written, so no checkpoint can fail: the next listing shows it. The thief
 * never lived, so the lease is taken back. */
static void an_idle_owner_notices_that_its_row_was_taken(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 1, 1);

	(void)arg;
	engine_start(&c->e[0]);
	put_each(c);
	CHECK(wait_all(c, 10000));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_steal(&c->e[0], "shard-00");
	CHECK_EQ(holds(c, 0), 0);
	CHECK(wait_holds(c, 0, 1, MINUTE_MS + 2 * FAILOVER_MS));
	CHECK_EQ(lease_counters(c), 1001);
	put_each(c);
	CHECK(wait_all(c, 5000));
	cluster_free(c);
}

static void test_t20_an_idle_owner_notices_that_its_row_was_taken(void **state)
{
	(void)state;
	run_seeds(an_idle_owner_notices_that_its_row_was_taken);
}

/* ---- T19 ---- */

static void two_deployments_share_a_state_table(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 2, SHARDS);

	(void)arg;
	c->e[1].plan.app = STR("other");
	engine_start(&c->e[0]);
	engine_start(&c->e[1]);
	put_each(c);
	CHECK(engine_wait(&c->e[0], 0, SHARDS, 5000) && engine_wait(&c->e[1], 0, SHARDS, 5000));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	CHECK_EQ(holds(c, 0), SHARDS);
	CHECK_EQ(holds(c, 1), SHARDS);
	CHECK_EQ(messages(c), 2 * SHARDS);
	cluster_free(c);
}

static void two_pipelines_share_a_state_table(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, 2, SHARDS);

	(void)arg;
	c->e[1].pipeline.name = STR("p2");
	engine_start(&c->e[0]);
	engine_start(&c->e[1]);
	put_each(c);
	CHECK(engine_wait(&c->e[0], 0, SHARDS, 5000) && engine_wait(&c->e[1], 0, SHARDS, 5000));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	CHECK_EQ(holds(c, 0), SHARDS); /* neither runs what the other could give */
	CHECK_EQ(holds(c, 1), SHARDS);
	cluster_free(c);
}

static void test_t19_deployments_and_pipelines_in_one_state_table_stay_apart(void **state)
{
	(void)state;
	run_seeds(two_deployments_share_a_state_table);
	run_seeds(two_pipelines_share_a_state_table);
}

/* ---- trouble all along ---- */

static enum sim_fault now_and_then(void *ctx, const char *operation)
{
	static const enum sim_fault faults[] = { SIM_DROP_BEFORE, SIM_DROP_AFTER, SIM_500, SIM_THROTTLE };
	struct rng *rng = &loop_env((struct loop *)ctx)->rng;

	(void)operation;
	return rng_below(rng, 12) ? SIM_NO_FAULT : faults[rng_below(rng, COUNT_OF(faults))];
}

static void workers_come_and_go_over_a_bad_state_table(struct loop *loop, void *arg)
{
	struct cluster *c = cluster_new(loop, WORKERS, SHARDS);
	struct rng *rng = &loop_env(loop)->rng;
	size_t held = 0;

	(void)arg;
	c->e[0].dynamodb->fault = now_and_then;
	c->e[0].dynamodb->fault_ctx = loop;
	engine_start(&c->e[0]);
	for (int i = 0; i < 60; i++) {
		struct engine *e = &c->e[1 + rng_below(rng, WORKERS - 1)];

		put_each(c);
		CHECK(task_sleep_ms(loop, 2000, NULL));
		if (i % 4)
			continue;
		if (!e->running)
			engine_start(e);
		else if (rng_below(rng, 2))
			engine_stop(e);
		else
			engine_kill(e);
	}
	c->e[0].dynamodb->fault = NULL;
	CHECK(wait_all(c, 4 * FAILOVER_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	for (size_t i = 0; i < WORKERS; i++)
		held += holds(c, i);
	CHECK_EQ(held, SHARDS);
	CHECK_EQ(rows_with(c, "for"), 0);
	cluster_free(c);
}

static void test_t23_t25_nothing_is_lost_or_orphaned_while_workers_come_and_go(void **state)
{
	(void)state;
	run_seeds(workers_come_and_go_over_a_bad_state_table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leases_are_given_until_all_have_their_share_and_then_rest),
		cmocka_unit_test(test_two_workers_that_race_for_the_same_leases_share_them),
		cmocka_unit_test(test_leases_of_a_worker_that_stops_are_taken_at_once),
		cmocka_unit_test(test_leases_of_the_dead_are_shared_and_their_row_goes),
		cmocka_unit_test(test_t1_children_go_on_where_their_parents_were_finished),
		cmocka_unit_test(test_t22_a_hand_over_of_which_a_side_dies_leaves_no_orphan),
		cmocka_unit_test(test_t36_a_zombie_that_is_confirmed_again_sends_nothing_of_what_it_lost),
		cmocka_unit_test(test_t36_nothing_leaves_from_the_middle_of_a_send_after_the_deadline),
		cmocka_unit_test(test_t21_alone_a_worker_goes_on_after_a_lapse_where_it_was),
		cmocka_unit_test(test_t36_workers_that_slept_past_their_time_begin_anew),
		cmocka_unit_test(test_t20_an_idle_owner_notices_that_its_row_was_taken),
		cmocka_unit_test(test_t19_deployments_and_pipelines_in_one_state_table_stay_apart),
		cmocka_unit_test(test_t23_t25_nothing_is_lost_or_orphaned_while_workers_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
