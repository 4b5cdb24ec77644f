/* Many workers: who has which shard, and what happens when one dies. */
#include "sim/world/scenario.h"

#include "sim/world/verdict.h"

#include <stdio.h>
#include <string.h>

static int64_t draw(struct cluster *c, int64_t most)
{
	return (int64_t)rng_below(&c->world->rng, (uint64_t)most + 1);
}

/* ---- starts together, scaling ---- */

static bool all_are_served(struct cluster *c, void *ctx)
{
	(void)ctx;
	return overseer_open(&c->overseer) >= c->source->n_shards && overseer_held(&c->overseer, NULL) == overseer_open(&c->overseer);
}

static void two_start_at_once(struct cluster *c)
{
	scenario_start(c, 2);
	scenario_write(c, 400);
	scenario_wait(c, all_are_served, NULL, MINUTE_MS, "every shard is served");
	scenario_settle(c);
	cluster_sleep(c, 2 * MINUTE_MS);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
	EXPECT(c, c->overseer.thefts == 0, "%llu thefts among two that live", (unsigned long long)c->overseer.thefts);
}

/* No worker has more than its fair share and one. */
static bool is_balanced(struct cluster *c, void *ctx)
{
	size_t open = overseer_open(&c->overseer), alive = 0;

	(void)ctx;
	if (!all_are_served(c, NULL))
		return false;
	for (int id = 1; id < WORLD_HOSTS; id++)
		alive += cluster_alive(c, id);
	for (int id = 1; id < WORLD_HOSTS; id++)
		if (cluster_alive(c, id) && overseer_held(&c->overseer, c->processes[id].node) > open / alive + 2)
			return false;
	return true;
}

static void one_four_one(struct cluster *c, bool balanced)
{
	cluster_start(c, 1);
	scenario_write_for(c, 20000, 50);
	scenario_wait(c, all_are_served, NULL, MINUTE_MS, "one worker serves every shard");
	for (int id = 2; id <= 4; id++)
		cluster_start(c, id);
	scenario_write_for(c, 2 * MINUTE_MS, 50);
	if (balanced)
		scenario_wait(c, is_balanced, NULL, 3 * MINUTE_MS, "the shards are spread over four");
	for (int id = 1; id <= 3; id++)
		cluster_stop(c, id);
	scenario_write_for(c, MINUTE_MS, 50);
	EXPECT(c, !cluster_alive(c, 1) && !cluster_alive(c, 2) && !cluster_alive(c, 3), "who was asked to stop still runs");
	scenario_wait(c, all_are_served, NULL, MINUTE_MS, "the last worker serves every shard");
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice though nobody died", scenario_repeats(c));
}

static void one_four_one_served(struct cluster *c)
{
	one_four_one(c, false);
}

static void one_four_one_balanced(struct cluster *c)
{
	one_four_one(c, true);
}

/* Once spread, it stays: nothing is passed to and fro. */
static void balance_is_still(struct cluster *c)
{
	uint64_t takes;

	for (int id = 1; id <= 4; id++) {
		cluster_start(c, id);
		scenario_write_for(c, 5000, 100);
	}
	scenario_wait(c, is_balanced, NULL, 5 * MINUTE_MS, "the shards are spread over four");
	cluster_sleep(c, 2 * MINUTE_MS);
	takes = c->overseer.takes;
	scenario_write_for(c, 30 * MINUTE_MS, 1000);
	EXPECT(c, c->overseer.takes == takes, "%llu leases changed hands in half an hour of peace",
	       (unsigned long long)(c->overseer.takes - takes));
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice though nobody died", scenario_repeats(c));
}

/* ---- T18, T20: takeovers ---- */

static void a_dead_worker_is_followed_soon(struct cluster *c)
{
	size_t before;

	scenario_start(c, 2);
	scenario_write_for(c, 30000, 100);
	cluster_kill(c, 1);
	cluster_sleep(c, c->plan.failover_ms + c->plan.failover_ms / 2 + 5000);
	before = c->source->n_changes;
	scenario_write(c, 100);
	cluster_settle(c, 20000);
	EXPECT(c, c->source->n_changes > before && overseer_held(&c->overseer, c->processes[2].node) == overseer_open(&c->overseer),
	       "the survivor does not have every shard");
}

/* A row is changed by hand in the middle of a batch: the next checkpoint tells. */
static void a_row_is_stolen(struct cluster *c)
{
	struct sim_source_shard *open = sim_source_pick_open(c->source);

	scenario_start(c, 1);
	scenario_write_for(c, 20000, 100);
	recorder_named(&c->recorders, "a")->some = 0.3;
	scenario_write(c, 50);
	c->overseer.edited = true;
	EXPECT(c, scenario_steal_row(c, open->shard->id), "there is no row");
	/* A checkpoint is due after 5 s. Then nothing more may be sent. */
	scenario_write_for(c, 8000, 100);
	c->overseer.edited = false;
	scenario_write_for(c, 3000, 100);
	recorder_named(&c->recorders, "a")->some = 0;
	cluster_settle(c, 2 * MINUTE_MS); /* the thief never beats: its lease expires */
	verdict_wait(c, 2 * MINUTE_MS);
}

/* ---- T22: hand-overs half done ---- */

static void one_side_dies(struct cluster *c, int victim)
{
	cluster_start(c, 1);
	scenario_write_for(c, 20000, 100);
	for (int i = 0; i < 4; i++) {
		cluster_start(c, 2);
		scenario_write_for(c, 200 + draw(c, 15000), 100);
		cluster_kill(c, victim);
		scenario_write_for(c, 20000, 100);
		if (victim == 1)
			cluster_start(c, 1);
		cluster_end(c, 2);
		scenario_write_for(c, 5000, 100);
	}
	if (!cluster_alive(c, 1))
		cluster_start(c, 1);
	scenario_wait(c, all_are_served, NULL, MINUTE_MS, "every shard is served");
	scenario_settle(c);
}

static void the_taker_dies(struct cluster *c)
{
	one_side_dies(c, 2);
}

static void the_giver_dies(struct cluster *c)
{
	one_side_dies(c, 1);
}

/* The new owner-to-be hangs, then the old one: the lease moves by expiry. */
static void one_side_sleeps(struct cluster *c)
{
	cluster_start(c, 1);
	scenario_write_for(c, 20000, 100);
	cluster_start(c, 2);
	for (int i = 0; i < 6; i++) {
		cluster_sleep(c, draw(c, 8000));
		host_pause(c->processes[1 + i % 2].node, 5000 + draw(c, 30000));
		scenario_write_for(c, 45000, 200);
	}
	scenario_wait(c, all_are_served, NULL, MINUTE_MS, "every shard is served");
	scenario_settle(c);
}

/* ---- T25 ---- */

/* Roll-over upon roll-over: what a shard used is given back. */
static void slots_do_not_leak(struct cluster *c)
{
	size_t stacks = 0;

	c->plan.pipelines[0].poll_max_ms = 5000;
	scenario_start(c, 2);
	for (int i = 0; i < 40; i++) {
		scenario_write(c, 20);
		if (!cluster_sleep(c, 20000))
			return;
		scenario_roll_any(c);
		if (i == 9)
			stacks = heap_stacks(c->processes[1].node->heap) + heap_stacks(c->processes[2].node->heap);
	}
	scenario_settle(c);
	cluster_sleep(c, 20000);
	EXPECT(c, heap_stacks(c->processes[1].node->heap) + heap_stacks(c->processes[2].node->heap) <= stacks + 4,
	       "%zu stacks after 40 roll-overs, %zu after 10",
	       heap_stacks(c->processes[1].node->heap) + heap_stacks(c->processes[2].node->heap), stacks);
	for (int id = 1; id <= 2; id++)
		EXPECT(c, c->processes[id].worker->budget.used_bytes <= 1 << 20, "n%d holds %zu bytes of its budget while all is idle", id,
		       c->processes[id].worker->budget.used_bytes);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

/* ---- T31 ---- */

static void killed_at_any_instant(struct cluster *c)
{
	int64_t end_ms = world_ms(c->world) + 4 * MINUTE_MS;

	scenario_start(c, 3);
	while (world_ms(c->world) < end_ms) {
		int id = 1 + (int)draw(c, 2);

		scenario_write_for(c, 1 + draw(c, draw(c, 1) ? 300 : 15000), 1 + draw(c, 200));
		if (draw(c, 5) == 0)
			scenario_roll_any(c);
		cluster_kill(c, id);
		if (!cluster_sleep(c, draw(c, 1) ? 0 : draw(c, 5000)))
			return;
		cluster_start(c, id);
	}
	scenario_settle(c);
	verdict_wait(c, 2 * MINUTE_MS);
}

static void all_lose_power(struct cluster *c)
{
	for (int life = 0; life < 6; life++) {
		scenario_start(c, 3);
		scenario_write_for(c, draw(c, 30000), 1 + draw(c, 200));
		for (int id = 1; id <= 3; id++)
			cluster_kill(c, id);
		scenario_write(c, 20);
	}
	scenario_start(c, 2);
	scenario_settle(c);
	verdict_wait(c, 2 * MINUTE_MS);
}

static void stopped_again_and_again(struct cluster *c)
{
	scenario_start(c, 3);
	for (int i = 0; i < 12; i++) {
		int id = 1 + (int)draw(c, 2);

		scenario_write_for(c, draw(c, 20000), 100);
		cluster_end(c, id);
		cluster_start(c, id);
		if (i % 4 == 1)
			scenario_roll_any(c);
	}
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice though every end was a clean one", scenario_repeats(c));
	verdict_wait(c, 2 * MINUTE_MS);
}

/* Killed while it drains. */
static void killed_while_it_drains(struct cluster *c)
{
	recorder_named(&c->recorders, "a")->some = 0.3;
	for (int i = 0; i < 6; i++) {
		scenario_start(c, 2);
		scenario_write_for(c, 5000 + draw(c, 5000), 50);
		cluster_stop(c, 1);
		cluster_stop(c, 2);
		cluster_sleep(c, draw(c, 500));
		cluster_kill(c, 1);
		cluster_kill(c, 2);
	}
	recorder_named(&c->recorders, "a")->some = 0;
	scenario_start(c, 2);
	scenario_settle(c);
	verdict_wait(c, 2 * MINUTE_MS);
}

/* ---- T32: clocks ---- */

/* Wall clocks decide nothing about leases: nobody takes one, nobody lets go. */
static void expect_still(struct cluster *c, const char *clocks)
{
	size_t lapses = c->world->seen;

	EXPECT(c, c->overseer.thefts == 0, "%s moved %llu leases", clocks, (unsigned long long)c->overseer.thefts);
	EXPECT(c, lapses == 0, "%s let %zu heartbeats lapse", clocks, lapses);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

static void clocks_off_by(struct cluster *c, int64_t ms)
{
	c->world->hosts[1].skew_ms = ms;
	c->world->hosts[2].skew_ms = -ms;
	scenario_watch(c, "worker.lapsed");
	scenario_start(c, 3);
	scenario_write_for(c, 2 * MINUTE_MS, 300);
	scenario_settle(c);
	expect_still(c, "wrong clocks");
	verdict_wait(c, 2 * MINUTE_MS);
}

static void clocks_are_wrong(struct cluster *c)
{
	clocks_off_by(c, 10 * MINUTE_MS);
}

static void clocks_are_hours_off(struct cluster *c)
{
	clocks_off_by(c, 2 * HOUR_MS);
}

static void clocks_jump_by(struct cluster *c, int64_t ms)
{
	for (int i = 0; i < 10; i++) {
		scenario_write_for(c, 5000 + draw(c, 20000), 300);
		c->world->hosts[1 + i % 3].skew_ms = draw(c, 2 * ms) - ms;
	}
	scenario_settle(c);
}

static void clocks_jump(struct cluster *c)
{
	scenario_watch(c, "worker.lapsed");
	scenario_start(c, 3);
	clocks_jump_by(c, 10 * MINUTE_MS);
	expect_still(c, "jumping clocks");
	verdict_wait(c, 2 * MINUTE_MS);
}

/* Forth and back by hours, with shards that roll over and a worker that dies meanwhile. */
static void clocks_jump_far(struct cluster *c)
{
	scenario_watch(c, "worker.lapsed");
	scenario_start(c, 3);
	clocks_jump_by(c, 2 * HOUR_MS);
	expect_still(c, "clocks that jump by hours");
	for (int i = 0; i < 4; i++)
		scenario_roll_any(c);
	cluster_kill(c, 1 + (int)draw(c, 2));
	clocks_jump_by(c, 2 * HOUR_MS);
	verdict_wait(c, 2 * MINUTE_MS);
}

/* What the service refuses for its time is signed again: nobody above hears of it. */
static void refused_signatures_are_mended(struct cluster *c)
{
	c->world->hosts[1].skew_ms = 2 * HOUR_MS;
	c->world->hosts[2].skew_ms = -10 * MINUTE_MS;
	scenario_watch(c, "InvalidSignatureException");
	scenario_start(c, 3);
	clocks_jump_by(c, 2 * HOUR_MS);
	EXPECT(c, c->world->seen == 0, "refusals for a wrong time were told %zu times", c->world->seen);
	EXPECT(c, c->dynamodb->dates.refused + c->streams->dates.refused >= 2, "no signature was ever refused");
	EXPECT(c, c->dynamodb->dates.refused + c->streams->dates.refused < 400, "%u signatures were refused",
	       c->dynamodb->dates.refused + c->streams->dates.refused);
	verdict_wait(c, 2 * MINUTE_MS);
}

const struct scenario scenarios_leases[] = {
	{ "two workers start at the same time on 20 shards", two_start_at_once, .shards = 20 },
	{ "workers 1, 4, 1: every shard is served, nothing twice", one_four_one_served, .shards = 12 },
	{ "workers 1, 4, 1: the shards are spread", one_four_one_balanced, .shards = 20 },
	{ "shards that are spread stay where they are", balance_is_still, .shards = 16 },
	{ "T18 a dead worker's shards are soon another's", a_dead_worker_is_followed_soon, .shards = 6 },
	{ "T20 a lease's row is stolen in the middle of a batch", a_row_is_stolen, cluster_all_kinds, .shards = 1 },
	{ "T22 the taker dies in a hand-over", the_taker_dies, .shards = 8 },
	{ "T22 the giver dies in a hand-over", the_giver_dies, .shards = 8 },
	{ "T22 one side sleeps in a hand-over", one_side_sleeps, .shards = 8 },
	{ "T25 slots, stacks and memory come back after roll-overs", slots_do_not_leak, .shards = 2 },
	{ "T31 killed at any instant", killed_at_any_instant, cluster_all_kinds, .shards = 3 },
	{ "T31 all lose power at once", all_lose_power, cluster_all_kinds, .shards = 3 },
	{ "T31 stopped again and again, nothing comes twice", stopped_again_and_again, cluster_all_kinds, .shards = 3 },
	{ "T31 killed while it drains", killed_while_it_drains, cluster_all_kinds, .shards = 2 },
	{ "T32 clocks ten minutes off leave leases alone", clocks_are_wrong, cluster_all_kinds, .shards = 6 },
	{ "T32 clocks two hours off leave leases alone", clocks_are_hours_off, cluster_all_kinds, .shards = 6 },
	{ "T32 clocks that jump leave leases alone", clocks_jump, cluster_all_kinds, .shards = 6 },
	{ "T32 clocks that jump by hours leave leases alone", clocks_jump_far, cluster_all_kinds, .shards = 4 },
	{ "T32 signatures of a wrong time are made anew, silently", refused_signatures_are_mended, cluster_all_kinds, .shards = 4 },
	{ 0 },
};
