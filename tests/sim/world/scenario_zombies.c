/* Workers that sleep past their leases, and requests that were long on the wire. */
#include "sim/world/scenario.h"

#include "sim/world/verdict.h"

#include <string.h>

static int64_t draw(struct cluster *c, int64_t most)
{
	return (int64_t)rng_below(&c->world->rng, (uint64_t)most + 1);
}

/* ---- T20, T36: SIGSTOP ---- */

/* What it has queued when it falls asleep must not be sent when it wakes: the overseer
 * sees each request at the moment it is sent. */
static void sleeps_past_its_leases(struct cluster *c)
{
	scenario_start(c, 2);
	scenario_write_for(c, 20000, 50);
	for (int i = 0; i < 5; i++) {
		int id = 1 + i % 2;

		recorder_named(&c->recorders, "a")->some = 0.3;
		scenario_write(c, 60);
		cluster_sleep(c, draw(c, 800));
		host_pause(c->processes[id].node, 15000 + draw(c, 60000));
		scenario_write_for(c, 100000, 200);
	}
	recorder_named(&c->recorders, "a")->some = 0;
	scenario_settle(c);
	verdict_wait(c, 5 * MINUTE_MS);
}

/* The sink is slow: a batch is in flight when it falls asleep. */
static void sleeps_while_its_sink_is_slow(struct cluster *c)
{
	scenario_start(c, 2);
	scenario_write_for(c, 20000, 100);
	for (int i = 0; i < 4; i++) {
		c->world->net.slow = 0.5;
		c->world->net.slow_ms = 8000;
		scenario_write_for(c, 3000, 50);
		host_pause(c->processes[1 + i % 2].node, 12000 + draw(c, 40000));
		scenario_write_for(c, 10000, 100);
		c->world->net.slow = 0;
		scenario_write_for(c, 60000, 200);
	}
	scenario_settle(c);
	verdict_wait(c, 5 * MINUTE_MS);
}

/* Shorter than failover: nothing moves, nothing is repeated. */
static void naps(struct cluster *c)
{
	scenario_start(c, 2);
	for (int i = 0; i < 15; i++) {
		scenario_write_for(c, 8000 + draw(c, 4000), 200);
		host_pause(c->processes[1 + i % 2].node, draw(c, 4000));
	}
	scenario_settle(c);
	EXPECT(c, c->overseer.thefts == 0, "%llu leases were lost to short naps", (unsigned long long)c->overseer.thefts);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

static void the_machine_sleeps_for_hours(struct cluster *c)
{
	c->plan.pipelines[0].poll_max_ms = 5000;
	scenario_start(c, 3);
	scenario_write_for(c, 20000, 100);
	for (int id = 1; id <= 3; id++)
		host_pause(c->processes[id].node, 3 * HOUR_MS);
	scenario_write_for(c, 10 * MINUTE_MS, 1000);
	cluster_sleep(c, 3 * HOUR_MS);
	scenario_settle(c);
	verdict_wait(c, 5 * MINUTE_MS);
}

/* ---- requests that are long on the wire ---- */

struct lingering {
	int node;                  /* whose writes; 0: nobody's */
	enum world_service service;
	int64_t least_ms, most_ms;
	double chance;
	size_t n;
};

static bool is_write(const char *operation)
{
	static const char *const writes[] = { "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem", "POST" };

	for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++)
		if (strcmp(operation, writes[i]) == 0)
			return true;
	return false;
}

static int64_t linger(void *ctx, const struct host *from, enum world_service service, const char *operation, struct str body)
{
	struct lingering *l = ctx;
	struct rng *rng = &from->world->rng;

	(void)body;
	if (from->id != l->node || service != l->service || !is_write(operation) || rng_unit(rng) >= l->chance)
		return 0;
	l->n++;
	return l->least_ms + (int64_t)rng_below(rng, (uint64_t)(l->most_ms - l->least_ms) + 1);
}

/* A worker's writes get stuck, it dies, another goes on; then they arrive. */
static void stuck_then_dead(struct cluster *c, enum world_service service, int64_t least_ms, int64_t most_ms)
{
	struct lingering l = { .service = service, .least_ms = least_ms, .most_ms = most_ms, .chance = 0.7 };

	c->plan.pipelines[0].poll_max_ms = 5000;
	c->world->net.delay_ms = linger;
	c->world->net.delay_ctx = &l;
	scenario_start(c, 2);
	scenario_write_for(c, 20000, 50);
	for (int round = 0; round < 3; round++) {
		l.node = 1 + round % 2;
		scenario_write_for(c, 5000, 50);
		cluster_kill(c, l.node);
		l.node = 0;
		scenario_write_for(c, 40000, 50);
		cluster_start(c, 1 + round % 2);
	}
	EXPECT(c, l.n > 0, "nothing was long on the wire");
	scenario_write_for(c, most_ms + MINUTE_MS, 5000);
	scenario_settle(c);
	verdict_wait(c, 5 * MINUTE_MS);
	cluster_sleep(c, most_ms); /* and it stays true */
	verdict_wait(c, MINUTE_MS);
}

static void writes_of_tables_arrive_late(struct cluster *c)
{
	stuck_then_dead(c, WORLD_TABLES, 30 * SECOND_MS, 10 * MINUTE_MS);
}

static void writes_of_tables_arrive_too_late(struct cluster *c)
{
	stuck_then_dead(c, WORLD_TABLES, 16 * MINUTE_MS, 18 * MINUTE_MS);
}

static void documents_arrive_late(struct cluster *c)
{
	stuck_then_dead(c, WORLD_SEARCH, 30 * SECOND_MS, 10 * MINUTE_MS);
}

static void writes_of_the_state_arrive_late(struct cluster *c)
{
	stuck_then_dead(c, WORLD_STATE, 30 * SECOND_MS, 14 * MINUTE_MS);
}

/* The one that sent them lives, and has given up on their answers. */
static void late_beside_the_living(struct cluster *c)
{
	struct lingering l = { .node = 1, .service = WORLD_TABLES, .least_ms = 5000, .most_ms = 5 * MINUTE_MS, .chance = 0.2 };

	c->world->net.delay_ms = linger;
	c->world->net.delay_ctx = &l;
	scenario_start(c, 1);
	scenario_write_for(c, 5 * MINUTE_MS, 300);
	l.node = 0;
	EXPECT(c, l.n > 0, "nothing was long on the wire");
	scenario_write_for(c, 6 * MINUTE_MS, 2000);
	scenario_settle(c);
	verdict_wait(c, 5 * MINUTE_MS);
}

/* It signs, sleeps, and its request leaves when it wakes: the signature is too old. */
static void signed_long_ago(struct cluster *c)
{
	struct lingering l = { .service = WORLD_TABLES, .least_ms = 1, .most_ms = 1, .chance = 1 };

	c->plan.pipelines[0].poll_max_ms = 5000;
	scenario_start(c, 2);
	scenario_write_for(c, 20000, 50);
	for (int round = 0; round < 2; round++) {
		int id = 1 + round % 2;

		c->world->net.delay_ms = linger;
		c->world->net.delay_ctx = &l;
		l.node = id;
		l.least_ms = l.most_ms = 20 * MINUTE_MS; /* what it has sent leaves its machine with it */
		scenario_write(c, 100);
		cluster_sleep(c, 1500);
		host_pause(c->processes[id].node, 20 * MINUTE_MS);
		l.node = 0;
		scenario_write_for(c, 21 * MINUTE_MS, 3000);
	}
	scenario_settle(c);
	verdict_wait(c, 5 * MINUTE_MS);
}

const struct scenario scenarios_zombies[] = {
	{ "T36 asleep past its leases with effects queued", sleeps_past_its_leases, cluster_all_kinds, .shards = 4 },
	{ "T20 asleep past its leases while its sink is slow", sleeps_while_its_sink_is_slow, cluster_all_kinds, .shards = 4 },
	{ "T36 naps shorter than the failover time move nothing", naps, .shards = 4 },
	{ "T36 all machines sleep for hours", the_machine_sleeps_for_hours, cluster_all_kinds, .shards = 3 },
	{ "T36 writes of tables arrive minutes after the takeover", writes_of_tables_arrive_late, cluster_all_kinds, .shards = 2 },
	{ "T36 writes of tables signed 16 minutes ago arrive", writes_of_tables_arrive_too_late, cluster_all_kinds, .shards = 2 },
	{ "T36 documents arrive minutes after the takeover", documents_arrive_late, cluster_all_kinds, .shards = 2 },
	{ "T36 writes of the state table arrive minutes late", writes_of_the_state_arrive_late, cluster_all_kinds, .shards = 2 },
	{ "T36 late writes beside the living", late_beside_the_living, cluster_all_kinds, .shards = 2 },
	{ "T36 signed, asleep, sent: the signature is too old", signed_long_ago, cluster_all_kinds, .shards = 2 },
	{ 0 },
};
