/* Numbers: many shards, calls per second and per hour, readers a shard. */
#include "sim/world/scenario.h"

#include <stdio.h>
#include <string.h>

/* ---- T27 ---- */

static void the_pace_of_listings(struct cluster *c)
{
	struct scenario_calls calls;

	c->plan.pipelines[0].poll_max_ms = 5000;
	scenario_count(c, &calls);
	scenario_start(c, 4);
	for (int i = 0; i < 30; i++) {
		scenario_write_for(c, 10000, 500);
		for (int n = 0; n < 3; n++)
			scenario_roll_any(c);
	}
	EXPECT(c, calls.most_describes_in_s <= 10, "%zu DescribeStream calls within a second", calls.most_describes_in_s);
	EXPECT(c, calls.describes <= 5 * 60 * 3, "%zu DescribeStream calls in 5 minutes", calls.describes);
	scenario_settle(c);
}

/* ---- T28 ---- */

/* Each page of the listing takes its time; reads are noted. */
struct slow_listing {
	int64_t first_read_ms, last_listed_ms;
};

static int64_t pages_take_long(void *ctx, const struct host *from, enum world_service service, const char *operation,
			       struct str body)
{
	struct slow_listing *l = ctx;

	(void)body;
	(void)service;
	if (strcmp(operation, "DescribeStream") == 0) {
		l->last_listed_ms = world_ms(from->world);
		return 2000;
	}
	if (strcmp(operation, "GetRecords") == 0 && l->first_read_ms == 0)
		l->first_read_ms = world_ms(from->world);
	return 0;
}

static void reading_starts_before_the_listing_ends(struct cluster *c)
{
	struct slow_listing l = { 0 };

	c->world->net.delay_ms = pages_take_long;
	c->world->net.delay_ctx = &l;
	c->plan.list_ms = HOUR_MS;
	scenario_start(c, 1);
	scenario_write(c, 100);
	cluster_sleep(c, 60000);
	EXPECT(c, l.first_read_ms > 0 && l.first_read_ms < l.last_listed_ms, "the first shard was read at %lld ms, the listing took until %lld",
	       (long long)l.first_read_ms, (long long)l.last_listed_ms);
	scenario_settle(c);
}

static void seven_hundred_shards(struct cluster *c)
{
	c->plan.pipelines[0].poll_max_ms = 20000;
	scenario_start(c, 2);
	scenario_write(c, 500);
	cluster_settle(c, 2 * MINUTE_MS);
	for (int i = 0; i < 60; i++)
		scenario_roll_any(c);
	scenario_write(c, 500);
	cluster_settle(c, 3 * MINUTE_MS);
	cluster_kill(c, 1);
	scenario_write(c, 500);
	cluster_settle(c, 3 * MINUTE_MS);
}

/* ---- T29 ---- */

static void empty_pages_for_hours(struct cluster *c)
{
	struct worker_pipeline_plan *p = &c->plan.pipelines[0];
	struct scenario_calls calls;
	int64_t begin_ms;

	p->poll_max_ms = 10000;
	scenario_start(c, 1);
	scenario_write(c, 20);
	scenario_settle(c);
	cluster_sleep(c, MINUTE_MS);
	scenario_count(c, &calls);
	cluster_sleep(c, 3 * HOUR_MS);
	EXPECT(c, calls.gets <= 3 * 360 * 12 / 10, "%zu GetRecords calls in three idle hours at one in 10 s", calls.gets);
	EXPECT(c, calls.gets >= 3 * 360 * 8 / 10, "%zu GetRecords calls in three idle hours: it hardly looks", calls.gets);
	begin_ms = world_ms(c->world);
	sim_source_put(c->source, 1);
	scenario_settle(c);
	EXPECT(c, world_ms(c->world) - begin_ms <= p->poll_max_ms + 2000, "a record after idle hours took %lld ms",
	       (long long)(world_ms(c->world) - begin_ms));
	begin_ms = world_ms(c->world); /* back to fast at the first record */
	sim_source_put(c->source, 1);
	scenario_settle(c);
	EXPECT(c, world_ms(c->world) - begin_ms <= 4 * p->poll_min_ms + 1000, "the record after that took %lld ms",
	       (long long)(world_ms(c->world) - begin_ms));
}

static void a_busy_shard_has_a_floor(struct cluster *c)
{
	struct scenario_calls calls;

	scenario_start(c, 1);
	scenario_write(c, 20);
	scenario_settle(c);
	scenario_count(c, &calls);
	scenario_write_for(c, 5 * MINUTE_MS, 20);
	EXPECT(c, calls.gets <= 5 * 60 * 4 + 20, "%zu GetRecords calls of one shard in 5 minutes, more than 4 a second", calls.gets);
	scenario_settle(c);
}

/* ---- T33 ---- */

/* Two others read every shard. */
static void two_others_read(struct cluster *c, int64_t ms)
{
	int64_t end_ms = world_ms(c->world) + ms;

	while (world_ms(c->world) < end_ms) {
		for (struct sim_shard *s = c->streams->shards; s; s = s->next)
			for (int i = 0; i < 2; i++) {
				s->readers[i].last_ms = env_mono_ms(loop_env(c->loop));
				snprintf(s->readers[i].node, sizeof(s->readers[i].node), "other%d", i);
			}
		scenario_write(c, 1);
		if (!cluster_sleep(c, 300))
			return;
	}
}

static void a_third_reader(struct cluster *c)
{
	scenario_start(c, 1);
	scenario_write(c, 20);
	scenario_settle(c);
	scenario_watch(c, "at most two readers");
	two_others_read(c, 5 * MINUTE_MS);
	EXPECT(c, c->world->seen > 0, "nobody said that a shard has too many readers");
	EXPECT(c, c->world->seen <= 5 * 60 * 4, "it was said %zu times in 5 minutes", c->world->seen);
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

const struct scenario scenarios_scale[] = {
	{ "T27 DescribeStream stays within ten a second for all", the_pace_of_listings, .shards = 20 },
	{ "T28 reading starts before the listing ends", reading_starts_before_the_listing_ends, .shards = 700 },
	{ "T28 700 shards, over roll-overs and a crash", seven_hundred_shards, .shards = 700 },
	{ "T29 empty pages for hours cost few calls", empty_pages_for_hours, .shards = 1 },
	{ "T29 a busy shard is polled within its floor", a_busy_shard_has_a_floor, .shards = 1 },
	{ "T33 a third reader is told the likely cause", a_third_reader, .shards = 1 },
	{ 0 },
};
