/* The state table: shared, slow, throttled, cut off, edited by hand. */
#include "sim/world/scenario.h"

#include "sim/world/verdict.h"

#include <stdio.h>
#include <string.h>

/* ---- T19 ---- */

#define SINKS                                                                       \
	"sinks = ( { name = \"a\"; kind = \"recorder\"; url = \"http://a.recorder.test/\"; }," \
	"          { name = \"dead\"; kind = \"recorder\"; url = \"http://dead.recorder.test/\"; } );"

#define PIPELINE(name)                                                                                \
	"{ name = \"" name "\"; table = \"Deals\"; start = \"trim_horizon\";"                         \
	"  on_failure: { retries = 3; max_age_s = 0; dead_letter = \"dead\"; };"                      \
	"  handlers = ( { kind = \"forward\"; name = \"a\"; sink = \"a\"; } ); }"

static const char two_pipelines[] = "app = \"sim\"; aws: { region = \"us-east-1\"; }; leases: { failover_s = 10; };" SINKS
	"pipelines = ( " PIPELINE("p") ", " PIPELINE("q") " );";

static const char one_forward[] = "app = \"sim\"; aws: { region = \"us-east-1\"; }; leases: { failover_s = 10; };" SINKS
	"pipelines = ( " PIPELINE("p") " );";

static size_t twice_in(const struct cluster *c, const char *pipeline)
{
	return ledger_find(&c->ledger, str_c(pipeline), STR("a"))->repeats;
}

static void two_pipelines_share_a_table(struct cluster *c)
{
	c->streams->max_readers = 4; /* two pipelines in two processes while a lease moves */
	scenario_start(c, 2);
	for (int i = 0; i < 5; i++) {
		scenario_write_for(c, 30000, 300);
		scenario_roll_any(c);
		cluster_end(c, 1);
		cluster_start(c, 1);
	}
	scenario_settle(c);
	EXPECT(c, twice_in(c, "p") == 0 && twice_in(c, "q") == 0, "something came twice though every end was a clean one");
}

/* Two deployments with the same names for everything but the app. */
static void two_apps_share_a_table(struct cluster *c)
{
	c->streams->max_readers = 4;
	ledger_add(&c->ledger, "other/p", "a");
	cluster_start(c, 1);
	cluster_start(c, 2);
	c->plan.app = STR("other");
	cluster_start(c, 3);
	for (int i = 0; i < 5; i++) {
		scenario_write_for(c, 30000, 300);
		scenario_roll_any(c);
		cluster_end(c, 3);
		cluster_start(c, 3);
	}
	scenario_settle(c);
	EXPECT(c, twice_in(c, "p") == 0 && twice_in(c, "other/p") == 0, "something came twice though every end was a clean one");
	c->plan.app = STR("sim");
}

/* ---- T21 ---- */

static void the_state_table_throttles(struct cluster *c)
{
	struct sim_table *state;

	scenario_start(c, 3);
	scenario_write_for(c, 20000, 100);
	state = sim_table_named(c->dynamodb, STR("sluice-state"));
	EXPECT(c, state != NULL, "there is no state table");
	state->writes_per_s = 2; /* three heartbeats in 3.3 s, and a checkpoint a shard in 5 s */
	scenario_write_for(c, 5 * MINUTE_MS, 200);
	EXPECT(c, state->throttled > 0, "nothing was throttled");
	EXPECT(c, c->overseer.thefts == 0, "%llu leases were lost to throttling", (unsigned long long)c->overseer.thefts);
	state->writes_per_s = 0;
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

/* Each heartbeat of one node takes so long, each second one that is. */
static int64_t slow_heartbeats(void *ctx, const struct host *from, enum world_service service, const char *operation,
			       struct str body)
{
	int *n = ctx;

	if (service != WORLD_STATE || from->id != 1 || strcmp(operation, "GetItem") == 0 || strcmp(operation, "Query") == 0 ||
	    str_find(body, STR("#worker#")) == SIZE_MAX)
		return 0;
	return ++*n % 2 ? 0 : 3000;
}

static void a_slow_heartbeat_loses_nothing(struct cluster *c)
{
	int n = 0;

	c->world->net.delay_ms = slow_heartbeats;
	c->world->net.delay_ctx = &n;
	scenario_start(c, 2);
	scenario_write_for(c, 5 * MINUTE_MS, 500);
	scenario_settle(c);
	EXPECT(c, n > 20, "only %d heartbeats were seen", n);
	EXPECT(c, c->overseer.thefts == 0, "%llu leases were lost to slow heartbeats", (unsigned long long)c->overseer.thefts);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

/* Its heartbeats stop: it must have stopped sending when the others take over, which the
 * overseer watches. */
static void cut_off_from_the_state_table(struct cluster *c)
{
	scenario_start(c, 3);
	scenario_write_for(c, 30000, 100);
	for (int i = 0; i < 4; i++) {
		int id = 1 + i % 3;

		recorder_named(&c->recorders, "a")->some = 0.2;
		host_cut(c->processes[id].node, WORLD_STATE, 25000 + (int64_t)rng_below(&c->world->rng, 40000));
		scenario_write_for(c, 90000, 100);
	}
	recorder_named(&c->recorders, "a")->some = 0;
	scenario_settle(c);
	verdict_wait(c, 5 * MINUTE_MS);
	EXPECT(c, c->overseer.thefts > 0, "nobody took over from a worker without heartbeats");
}

static void alone_and_cut_off(struct cluster *c)
{
	size_t before;

	scenario_start(c, 1);
	scenario_write_for(c, 30000, 100);
	scenario_settle(c);
	host_cut(c->processes[1].node, WORLD_STATE, 10 * MINUTE_MS);
	cluster_sleep(c, 10000); /* it may send until its last heartbeat is too old */
	before = scenario_track(c, "a")->arrivals;
	scenario_write_for(c, 8 * MINUTE_MS, 1000);
	EXPECT(c, scenario_track(c, "a")->arrivals <= before + 1, "%zu records were sent without a heartbeat",
	       scenario_track(c, "a")->arrivals - before);
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

static void cut_off_from_the_streams(struct cluster *c)
{
	scenario_start(c, 2);
	scenario_write_for(c, 20000, 200);
	host_cut(c->processes[1].node, WORLD_STREAMS, 20 * MINUTE_MS);
	scenario_write_for(c, 20 * MINUTE_MS, 2000);
	EXPECT(c, c->overseer.thefts == 0, "a worker lost its leases for a trouble of the streams");
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

/* ---- T23 ---- */

static enum sim_fault answers_get_lost(void *ctx, const struct host *from, enum world_service service, const char *operation,
				       struct str body)
{
	const double *chance = ctx;

	(void)body;
	if (service != WORLD_STATE || strcmp(operation, "Query") == 0 || rng_unit(&from->world->rng) >= *chance)
		return SIM_NO_FAULT;
	return rng_below(&from->world->rng, 2) ? SIM_DROP_AFTER : SIM_GARBAGE;
}

static void answers_of_writes_get_lost(struct cluster *c)
{
	double chance = 0.5;

	c->world->net.fault = answers_get_lost;
	c->world->net.fault_ctx = &chance;
	scenario_start(c, 1);
	for (int i = 0; i < 5; i++) {
		scenario_write_for(c, MINUTE_MS, 300);
		scenario_roll_any(c);
	}
	chance = 0;
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

static void answers_get_lost_among_many(struct cluster *c)
{
	double chance = 0.4;

	c->world->net.fault = answers_get_lost;
	c->world->net.fault_ctx = &chance;
	scenario_start(c, 3);
	for (int i = 0; i < 6; i++) {
		int id = 1 + (int)rng_below(&c->world->rng, 3);

		scenario_write_for(c, 40000, 200);
		scenario_roll_any(c);
		cluster_kill(c, id);
		cluster_start(c, id);
	}
	chance = 0;
	scenario_settle(c);
}

/* ---- T24 ---- */

/* Its positions are gone: from the configured start again. */
static void a_row_is_deleted(struct cluster *c)
{
	struct sim_source_shard *open = sim_source_pick_open(c->source);
	struct lease_position p;

	c->ledger.new_versions = true; /* it begins without a past */
	c->overseer.may_reset = true;
	scenario_start(c, 2);
	scenario_write(c, 50);
	scenario_settle(c);
	cluster_sleep(c, 10000);
	scenario_watch(c, "event=lease.deleted");
	c->overseer.edited = true;
	EXPECT(c, scenario_delete_row(c, open->shard->id), "there is no row");
	scenario_write_for(c, MINUTE_MS, 500);
	c->overseer.edited = false;
	scenario_write_for(c, MINUTE_MS, 500);
	scenario_settle(c);
	cluster_sleep(c, 20000);
	EXPECT(c, c->world->seen > 0, "nobody warned of the lost row");
	EXPECT(c, scenario_saved(c, open->shard->id, "a", &p), "the row was not made again");
}

/* Deleted while nobody runs: the shard is read from the configured start. */
static void a_row_is_deleted_while_nobody_runs(struct cluster *c)
{
	struct sim_source_shard *open = sim_source_pick_open(c->source);
	struct ledger_track *a = scenario_track(c, "a");
	size_t before;

	c->ledger.new_versions = true;
	scenario_start(c, 1);
	scenario_write(c, 50);
	scenario_settle(c);
	scenario_end(c);
	EXPECT(c, scenario_delete_row(c, open->shard->id), "there is no row");
	before = open->n_changes;
	scenario_start(c, 2);
	scenario_write(c, 20);
	scenario_settle(c);
	cluster_sleep(c, MINUTE_MS);
	EXPECT(c, a->repeats == before, "%zu records came again, not the %zu of the row", a->repeats, before);
}

const struct scenario scenarios_state[] = {
	{ "T19 two pipelines share a state table", two_pipelines_share_a_table, two_pipelines, .shards = 2 },
	{ "T19 two deployments share a state table", two_apps_share_a_table, one_forward, .shards = 2 },
	{ "T21 heartbeats come through where the state table throttles", the_state_table_throttles, .shards = 6 },
	{ "T21 a slow heartbeat does not lose a lease", a_slow_heartbeat_loses_nothing, .shards = 4 },
	{ "T21 cut off from the state table, it stops sending in time", cut_off_from_the_state_table, cluster_all_kinds, .shards = 6 },
	{ "T21 alone and cut off from the state table, it sends nothing", alone_and_cut_off, .shards = 2 },
	{ "cut off from the streams alone, no lease is lost", cut_off_from_the_streams, .shards = 4 },
	{ "T23 answers of the state table get lost", answers_of_writes_get_lost, .shards = 2 },
	{ "T23 answers get lost among many workers", answers_get_lost_among_many, .shards = 4 },
	{ "T24 a lease's row is deleted from outside", a_row_is_deleted, .shards = 1 },
	{ "T24 a lease's row is deleted while nobody runs", a_row_is_deleted_while_nobody_runs, .shards = 1 },
	{ 0 },
};
