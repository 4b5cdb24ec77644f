/* Sinks that fail: acknowledgements out of order, poison, outages of hours. */
#include "sim/world/scenario.h"

#include <string.h>

/* ---- T17, T34 ---- */

static void acknowledgements_out_of_order(struct cluster *c)
{
	recorder_named(&c->recorders, "a")->some = 0.4;
	recorder_named(&c->recorders, "b")->refuse = 0.4;
	scenario_start(c, 2);
	for (int i = 0; i < 6; i++) {
		scenario_write_for(c, 20000, 100);
		cluster_kill(c, 1 + i % 2);
		cluster_start(c, 1 + i % 2);
	}
	recorder_named(&c->recorders, "a")->some = recorder_named(&c->recorders, "b")->refuse = 0;
	scenario_settle(c);
}

/* One item is written again and again beside others: its order is kept, and it does not
 * hold up theirs. */
static void one_item_is_hot(struct cluster *c)
{
	recorder_named(&c->recorders, "a")->some = 0.3;
	scenario_start(c, 1);
	for (int i = 0; i < 600; i++) {
		sim_source_update(c->source, i % 3 ? 0 : 1 + (size_t)(i % 30));
		if (!cluster_sleep(c, 50))
			return;
	}
	recorder_named(&c->recorders, "a")->some = 0;
	scenario_settle(c); /* a handler that was parked meanwhile may have repeated some */
}

/* ---- T26 ---- */

static size_t changes_of(const struct cluster *c, size_t key)
{
	const struct sim_source_item *item = sim_source_item(c->source, key);

	return item ? item->n_changes : 0;
}

static void poison_is_isolated(struct cluster *c)
{
	size_t poison = (size_t)rng_below(&c->world->rng, 10);
	const struct ledger_track *a = scenario_track(c, "a"), *b = scenario_track(c, "b");

	recorder_named(&c->recorders, "a")->poison_key = poison;
	scenario_start(c, 2);
	sim_source_put(c->source, poison);
	scenario_write_for(c, 2 * MINUTE_MS, 200);
	scenario_roll_any(c);
	sim_source_put(c->source, poison);
	scenario_write_for(c, MINUTE_MS, 200);
	scenario_settle(c);
	EXPECT(c, a->dead == changes_of(c, poison), "%zu records are dead, not the %zu of k%zu", a->dead, changes_of(c, poison), poison);
	EXPECT(c, b->dead == 0, "%zu records of b are dead, which refused none", b->dead);
	EXPECT(c, a->arrivals + a->dead == c->source->n_changes, "%zu arrived, %zu dead, of %zu", a->arrivals, a->dead,
	       c->source->n_changes);
}

/* The dead letter must say yes before the position moves. */
static void a_dead_letter_that_is_down(struct cluster *c)
{
	recorder_named(&c->recorders, "a")->poison_key = 1;
	recorder_named(&c->recorders, "dead")->down_until_ms = 10 * MINUTE_MS;
	scenario_start(c, 2);
	sim_source_put(c->source, 1);
	scenario_write_for(c, 5 * MINUTE_MS, 1000);
	EXPECT(c, scenario_track(c, "a")->dead == 0, "a record is dead though the dead letter took none");
	cluster_kill(c, 1);
	cluster_kill(c, 2);
	scenario_start(c, 2);
	cluster_sleep(c, 6 * MINUTE_MS);
	scenario_settle(c);
	EXPECT(c, scenario_track(c, "a")->dead == changes_of(c, 1), "%zu of %zu are dead", scenario_track(c, "a")->dead, changes_of(c, 1));
}

/* ---- T35 ---- */

static void a_sink_is_down_for_hours(struct cluster *c)
{
	struct ledger_track *a = scenario_track(c, "a"), *b = scenario_track(c, "b");
	int64_t end_ms = 6 * HOUR_MS;

	c->plan.window_bytes = 1 << 16;
	c->plan.pipelines[0].poll_max_ms = 10000;
	scenario_start(c, 2);
	scenario_write(c, 50);
	scenario_settle(c);
	recorder_named(&c->recorders, "a")->down_until_ms = end_ms;
	for (int64_t round = 0; world_ms(c->world) < end_ms; round++) {
		scenario_write(c, 5);
		if (round == 80 || round == 200)
			for (int i = 0; i < 2; i++)
				scenario_roll_any(c);
		if (!cluster_sleep(c, MINUTE_MS))
			return;
		EXPECT(c, b->arrivals + 5 >= c->source->n_changes, "b is %zu records behind, %lld minutes into a's outage",
		       c->source->n_changes - b->arrivals, (long long)(world_ms(c->world) / MINUTE_MS));
		EXPECT(c, a->arrivals <= 60, "a took records while it was down");
	}
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

/* While it is parked its worker dies: the position stands. */
static void a_parked_handler_changes_its_worker(struct cluster *c)
{
	c->plan.window_bytes = 1 << 16;
	scenario_start(c, 2);
	recorder_named(&c->recorders, "a")->down_until_ms = 2 * HOUR_MS;
	for (int i = 0; i < 12; i++) {
		scenario_write_for(c, 10 * MINUTE_MS, 2000);
		if (i % 5 == 1)
			scenario_roll_any(c);
		if (i % 4 == 2) {
			cluster_kill(c, 1 + i % 2);
			cluster_start(c, 1 + i % 2);
		}
	}
	EXPECT(c, scenario_track(c, "b")->arrivals + 50 >= c->source->n_changes, "b is held up by a");
	scenario_settle(c);
}

/* ---- cut off from the sinks only ---- */

static void a_worker_is_cut_off_from_the_sinks(struct cluster *c)
{
	scenario_start(c, 2);
	scenario_write_for(c, 20000, 200);
	for (int id = 1; id <= 2; id++)
		host_cut(c->processes[id].node, WORLD_SEARCH, 5 * MINUTE_MS);
	scenario_write_for(c, 5 * MINUTE_MS, 500);
	scenario_settle(c);
	EXPECT(c, c->overseer.thefts == 0, "a worker lost its leases for a trouble of its sinks");
}

const struct scenario scenarios_sinks[] = {
	{ "T17 positions are the acknowledged prefix, whatever the order of acks", acknowledgements_out_of_order, .shards = 3 },
	{ "T26 poison is isolated and dead-lettered, the rest flows", poison_is_isolated, .shards = 2 },
	{ "T26 a dead letter that is down holds the position", a_dead_letter_that_is_down, .shards = 1 },
	{ "T34 order per item is kept where its neighbours are refused", one_item_is_hot, .shards = 1 },
	{ "T35 a sink is down for six hours over two roll-overs", a_sink_is_down_for_hours, .shards = 2, .failover_ms = 60000 },
	{ "T35 a parked handler's shard changes its worker", a_parked_handler_changes_its_worker, .shards = 2 },
	{ "cut off from the sinks alone, no lease is lost", a_worker_is_cut_off_from_the_sinks, .shards = 4 },
	{ 0 },
};
