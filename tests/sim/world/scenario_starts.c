/* Where reading begins, and where it goes on: start positions, iterators that expire,
 * records that are trimmed, a stream that is another. */
#include "sim/world/scenario.h"

#include <stdio.h>
#include <string.h>

enum { GRANULE_MS = 63000 }; /* so much more a start may show */

static int64_t wall_ms(const struct cluster *c)
{
	return WORLD_EPOCH_MS + world_ms(c->world);
}

/* ---- T8, T13: LATEST ---- */

static void begin_latest(struct cluster *c)
{
	c->plan.pipelines[0].poll_max_ms = 5000;
	c->plan.pipelines[0].start = STREAM_START_LATEST;
	scenario_write(c, 100);
	scenario_roll_any(c);
	scenario_write(c, 100);
	cluster_sleep(c, 5 * MINUTE_MS);
	c->ledger.pin_ms = wall_ms(c);
}

static size_t changes_since(const struct cluster *c, int64_t ms)
{
	size_t n = 0;

	for (size_t i = 0; i < c->source->n_changes; i++)
		n += c->source->changes[i]->created_s * 1000 >= ms;
	return n;
}

static void latest_is_never_after_its_time(struct cluster *c)
{
	begin_latest(c);
	scenario_start(c, 2);
	cluster_sleep(c, 3000);
	scenario_write_for(c, MINUTE_MS, 500);
	for (int i = 0; i < 4; i++)
		scenario_roll_any(c);
	scenario_write_for(c, MINUTE_MS, 500);
	scenario_settle(c);
	EXPECT(c, scenario_track(c, "a")->arrivals <= changes_since(c, c->ledger.pin_ms - GRANULE_MS), "records of before the start arrived");
}

/* T32: a machine that is hours off, in either direction, begins where the service is. */
static void latest_is_the_services_time(struct cluster *c)
{
	begin_latest(c);
	c->world->hosts[1].skew_ms = 2 * HOUR_MS;
	c->world->hosts[2].skew_ms = -2 * HOUR_MS;
	scenario_start(c, 2);
	cluster_sleep(c, 3000);
	scenario_write_for(c, 2 * MINUTE_MS, 500);
	scenario_settle(c);
	EXPECT(c, scenario_track(c, "a")->arrivals <= changes_since(c, c->ledger.pin_ms - GRANULE_MS),
	       "records of before the start arrived");
}

/* No iterator can be had for a while: what comes meanwhile is behind the start. */
static enum sim_fault no_iterators(void *ctx, const struct host *from, enum world_service service, const char *operation,
				   struct str body)
{
	(void)from;
	(void)service;
	(void)body;
	return *(bool *)ctx && strcmp(operation, "GetShardIterator") == 0 ? SIM_HANG : SIM_NO_FAULT;
}

static void latest_with_nothing_read(struct cluster *c)
{
	bool refuse = true;

	begin_latest(c);
	c->world->net.fault = no_iterators;
	c->world->net.fault_ctx = &refuse;
	scenario_start(c, 1);
	cluster_sleep(c, 20000);
	scenario_write(c, 50);
	cluster_sleep(c, 20 * MINUTE_MS);
	cluster_kill(c, 1);
	scenario_write(c, 50);
	scenario_start(c, 2);
	cluster_sleep(c, MINUTE_MS);
	refuse = false;
	scenario_settle(c);
}

static void an_idle_shard_started_at_latest(struct cluster *c)
{
	begin_latest(c);
	scenario_start(c, 2);
	cluster_sleep(c, 40 * MINUTE_MS);
	cluster_kill(c, 1);
	cluster_kill(c, 2);
	scenario_write(c, 50);
	cluster_sleep(c, 20 * MINUTE_MS);
	scenario_start(c, 2);
	scenario_settle(c);
	EXPECT(c, scenario_track(c, "a")->arrivals <= changes_since(c, c->ledger.pin_ms - GRANULE_MS), "records of before the start arrived");
}

static void a_start_time(struct cluster *c)
{
	scenario_write(c, 100);
	cluster_sleep(c, 10 * MINUTE_MS);
	c->plan.pipelines[0].start = STREAM_START_TIME;
	c->plan.pipelines[0].start_ms = c->ledger.pin_ms = wall_ms(c);
	scenario_write_for(c, 5 * MINUTE_MS, 3000);
	scenario_roll_any(c);
	scenario_write_for(c, 5 * MINUTE_MS, 3000);
	scenario_start(c, 2);
	scenario_settle(c);
	EXPECT(c, scenario_track(c, "a")->arrivals <= changes_since(c, c->ledger.pin_ms - GRANULE_MS), "records of before the start arrived");
}

/* ---- T12: iterators that expire ---- */

static void a_stall_outlives_the_iterator(struct cluster *c)
{
	c->plan.window_bytes = 8000;
	c->streams->page_records = 10;
	scenario_start(c, 1);
	scenario_write(c, 40);
	scenario_settle(c);
	recorder_named(&c->recorders, "a")->down_until_ms = recorder_named(&c->recorders, "b")->down_until_ms =
		world_ms(c->world) + 40 * MINUTE_MS;
	scenario_write_for(c, 40 * MINUTE_MS, 10000);
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

/* Every other GetRecords says that the iterator is too old. */
static enum sim_fault expired_often(void *ctx, const char *operation, struct sim_shard *shard)
{
	struct cluster *c = ctx;

	(void)shard;
	return strcmp(operation, "GetRecords") == 0 && rng_below(&c->world->rng, 2) ? SIM_EXPIRE : SIM_NO_FAULT;
}

static void iterators_expire_all_the_time(struct cluster *c)
{
	c->streams->fault = expired_often;
	c->streams->fault_ctx = c;
	c->streams->page_records = 7;
	scenario_start(c, 2);
	scenario_write_for(c, 5 * MINUTE_MS, 300);
	scenario_roll_any(c);
	scenario_write_for(c, MINUTE_MS, 300);
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

/* ---- T15: positions below the horizon ---- */

/* How many were lost. */
static size_t lose_what_is_unread(struct cluster *c, enum trim_policy policy)
{
	size_t before;

	c->plan.pipelines[0].on_trim = policy;
	c->ledger.may_lose = c->overseer.may_reset = true;
	c->source->knobs.retention_ms = 10 * MINUTE_MS;
	scenario_start(c, 2);
	scenario_write(c, 30);
	scenario_settle(c);
	cluster_sleep(c, 10000);
	scenario_end(c);
	before = c->source->n_changes;
	scenario_write(c, 30);
	before = c->source->n_changes - before;
	cluster_sleep(c, 11 * MINUTE_MS);
	sim_source_trim(c->source, wall_ms(c));
	scenario_write(c, 30);
	scenario_watch(c, "records.lost_to_trim");
	scenario_start(c, 2);
	return before;
}

static void a_trimmed_position_skips(struct cluster *c)
{
	struct sim_source_shard *open = sim_source_pick_open(c->source);
	struct lease_position p;
	size_t lost = lose_what_is_unread(c, TRIM_SKIP);

	scenario_settle(c);
	cluster_sleep(c, MINUTE_MS);
	EXPECT(c, scenario_saved(c, open->shard->id, "a", &p) && p.losses == 1, "the loss was not counted, once");
	EXPECT(c, c->world->seen == 2, "the loss was said %zu times, not once a handler", c->world->seen);
	EXPECT(c, scenario_track(c, "a")->lost == lost, "%zu records are lost, not %zu", scenario_track(c, "a")->lost, lost);
}

static void a_trimmed_position_halts(struct cluster *c)
{
	struct sim_source_shard *open = sim_source_pick_open(c->source);
	size_t before;
	struct lease_position p;

	lose_what_is_unread(c, TRIM_HALT);
	before = scenario_track(c, "a")->arrivals;
	cluster_sleep(c, 3 * MINUTE_MS);
	EXPECT(c, c->world->seen >= 2, "the loss was not said");
	EXPECT(c, scenario_saved(c, open->shard->id, "a", &p) && p.losses >= 1, "the loss was not counted");
	EXPECT(c, scenario_track(c, "a")->arrivals == before, "a handler that halts went on");
}

/* A TRIM_HORIZON iterator that trimming overtook before its first read loses nothing. */
static enum sim_fault trim_behind_iterator(void *ctx, const char *operation, struct sim_shard *shard)
{
	struct cluster *c = ctx;

	(void)shard;
	if (strcmp(operation, "GetRecords") == 0 && c->source->knobs.retention_ms > MINUTE_MS) {
		c->source->knobs.retention_ms = MINUTE_MS;
		sim_source_trim(c->source, wall_ms(c));
	}
	return SIM_NO_FAULT;
}

static void trimming_overtakes_the_first_read(struct cluster *c)
{
	struct sim_source_shard *open = sim_source_pick_open(c->source);
	struct lease_position p;

	c->ledger.may_lose = true;
	scenario_write(c, 30);
	cluster_sleep(c, 2 * MINUTE_MS);
	scenario_write(c, 30);
	c->streams->fault = trim_behind_iterator;
	c->streams->fault_ctx = c;
	scenario_start(c, 1);
	scenario_settle(c);
	cluster_sleep(c, 10000);
	EXPECT(c, scenario_saved(c, open->shard->id, "a", &p) && p.losses == 0, "a loss was counted where no position was lost");
	EXPECT(c, scenario_track(c, "a")->arrivals == open->n_changes - open->n_trimmed, "what is left did not arrive");
}

/* ---- T10: another stream ---- */

static void a_new_stream_stops_the_handlers(struct cluster *c)
{
	size_t before;

	scenario_start(c, 2);
	scenario_write(c, 50);
	scenario_settle(c);
	sim_source_disable(c->source);
	cluster_sleep(c, MINUTE_MS);
	sim_streams_enable(c->streams, "2026-02-02T00:00:00.000");
	before = scenario_track(c, "a")->arrivals;
	scenario_watch(c, "2026-02-02T00:00:00.000");
	cluster_sleep(c, 10 * MINUTE_MS);
	EXPECT(c, c->world->seen > 0, "nobody noticed that the table has another stream");
	EXPECT(c, scenario_track(c, "a")->arrivals == before, "a handler read another stream than its own");
}

const struct scenario scenarios_starts[] = {
	{ "T8 LATEST begins at its saved time, never after it", latest_is_never_after_its_time, .shards = 3 },
	{ "T32 LATEST is the service's time, whatever the machine's clock says", latest_is_the_services_time, .shards = 3 },
	{ "T8 a start at a time begins there", a_start_time, .shards = 2 },
	{ "T10 a new stream is noticed, and handlers of the old one stop", a_new_stream_stops_the_handlers, .shards = 1 },
	{ "T12 a stall outlives the iterator", a_stall_outlives_the_iterator, .shards = 1 },
	{ "T12 iterators expire all the time", iterators_expire_all_the_time, .shards = 2 },
	{ "T13 LATEST with nothing ever read keeps its time", latest_with_nothing_read, .shards = 2 },
	{ "T13 an idle shard started at LATEST", an_idle_shard_started_at_latest, .shards = 2 },
	{ "T15 a trimmed position is counted and skipped", a_trimmed_position_skips, .shards = 1 },
	{ "T15 a trimmed position halts the handlers", a_trimmed_position_halts, .shards = 1 },
	{ "T15 trimming that overtakes the first read loses no position", trimming_overtakes_the_first_read, .shards = 1 },
	{ 0 },
};
