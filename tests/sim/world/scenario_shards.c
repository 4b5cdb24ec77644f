/* Shards: parents and children, ends, listings that lie. */
#include "sim/world/scenario.h"

#include "sluice/core/mem.h"

#include <stdio.h>
#include <string.h>

static size_t changes(const struct cluster *c)
{
	return c->source->n_changes;
}

static bool a_has_all(struct cluster *c, void *ctx)
{
	(void)ctx;
	return scenario_track(c, "a")->arrivals == changes(c);
}

/* ---- T1, T2 ---- */

static void a_child_waits_for_its_parent(struct cluster *c)
{
	struct sim_source_shard *child;

	recorder_named(&c->recorders, "b")->down_until_ms = 10 * HOUR_MS;
	scenario_start(c, 2);
	scenario_write(c, 60);
	child = scenario_roll_any(c);
	scenario_write(c, 60);
	scenario_roll(c, child);
	scenario_write(c, 60);
	scenario_wait(c, a_has_all, NULL, 3 * MINUTE_MS, "a has all, though b waits in the parent");
	EXPECT(c, scenario_track(c, "b")->arrivals == 0, "b took records while it was down");
	recorder_named(&c->recorders, "b")->down_until_ms = 0;
	scenario_settle(c);
}

/* Also where the parent was split, and a grandchild is listed already. */
static void both_halves_wait(struct cluster *c)
{
	scenario_start(c, 3);
	recorder_named(&c->recorders, "a")->some = 0.2;
	for (int i = 0; i < 6; i++) {
		scenario_write(c, 40);
		sim_source_split(c->source, sim_source_pick_open(c->source));
		scenario_write(c, 40);
		scenario_roll_any(c);
		if (!cluster_sleep(c, 2000))
			return;
	}
	recorder_named(&c->recorders, "a")->some = 0;
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

static void a_child_without_its_parent_is_a_root(struct cluster *c)
{
	struct sim_source_shard *parent = sim_source_pick_open(c->source);

	scenario_roll(c, parent);
	parent->shard->hidden = parent->shard->gone = true; /* nothing was ever in it */
	scenario_write(c, 50);
	scenario_start(c, 1);
	cluster_settle(c, 3 * MINUTE_MS);
}

/* ---- T3, T4, T5 ---- */

static bool is_done(struct cluster *c, void *shard)
{
	struct lease_position a, b;

	return scenario_saved(c, shard, "a", &a) && scenario_saved(c, shard, "b", &b) && a.done && b.done;
}

static void the_closing_page_holds_records(struct cluster *c)
{
	struct sim_source_shard *parent = sim_source_pick_open(c->source);

	c->streams->page_records = 10;
	scenario_write(c, 35);
	sim_source_disable(c->source);
	scenario_start(c, 1);
	scenario_settle(c);
	scenario_wait(c, is_done, parent->shard->id, MINUTE_MS, "the shard is marked done");
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

static void the_closing_page_is_empty(struct cluster *c)
{
	struct sim_source_shard *parent = sim_source_pick_open(c->source);
	struct sim_shard *shard = parent->shard;
	size_t gets;

	shard->empty_end = true;
	scenario_start(c, 2);
	scenario_write(c, 20);
	scenario_settle(c);
	scenario_roll(c, parent);
	scenario_wait(c, is_done, shard->id, 2 * MINUTE_MS, "the shard is marked done");
	gets = shard->gets;
	scenario_write_for(c, 10 * MINUTE_MS, 5000);
	EXPECT(c, shard->gets == gets, "a finished shard was read %zu times more", shard->gets - gets);
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

static void an_empty_page_is_not_the_end(struct cluster *c)
{
	struct sim_source_shard *parent = sim_source_pick_open(c->source);

	c->streams->lies.empty_page = 0.6;
	c->streams->lies.short_page = 0.6;
	c->streams->page_records = 7;
	scenario_write(c, 100);
	scenario_start(c, 1);
	cluster_sleep(c, 2000);
	scenario_roll(c, parent);
	scenario_write(c, 100);
	scenario_settle(c);
	scenario_wait(c, is_done, parent->shard->id, MINUTE_MS, "the shard is marked done");
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

/* ---- T6, T7 ---- */

static void listings_lie(struct cluster *c)
{
	c->streams->lies = (struct sim_lies){ .leave_out = 0.3, .open_parent = 0.5, .late_ms = 20000, .shuffle = true };
	c->streams->list_shards = 3;
	scenario_start(c, 3);
	for (int i = 0; i < 15; i++) {
		scenario_write_for(c, 20000, 500);
		if (i % 3 == 0)
			sim_source_split(c->source, sim_source_pick_open(c->source));
		else
			scenario_roll_any(c);
	}
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

static void a_closed_leaf_has_no_child_for_long(struct cluster *c)
{
	struct sim_source_shard *child;

	scenario_start(c, 2);
	scenario_write(c, 20);
	child = scenario_roll_any(c);
	child->shard->hidden = true;
	scenario_write(c, 20);
	cluster_sleep(c, 5 * MINUTE_MS);
	EXPECT(c, !scenario_track(c, "a")->shards || child->shard->gets == 0, "a shard was read that no listing had shown");
	child->shard->hidden = false;
	cluster_settle(c, 2 * MINUTE_MS);
}

static void a_shard_leaves_the_listing_and_comes_back(struct cluster *c)
{
	struct sim_source_shard *open = sim_source_pick_open(c->source);

	scenario_start(c, 2);
	scenario_write(c, 20);
	scenario_settle(c);
	open->shard->hidden = true;
	scenario_write_for(c, 30 * MINUTE_MS, 10000);
	open->shard->hidden = false;
	scenario_write_for(c, 5 * MINUTE_MS, 5000);
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

static void more_shards_than_a_page(struct cluster *c)
{
	scenario_start(c, 2);
	scenario_write(c, 300);
	cluster_settle(c, 2 * MINUTE_MS);
	for (int i = 0; i < 50; i++)
		scenario_roll_any(c);
	scenario_write(c, 300);
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

/* A service that always answers with its first page. */
struct loop_lie {
	struct transport transport;
	struct transport *next;
	bool on;
};

static bool first_page_always(struct transport *t, const struct http_request *request, struct http_response *response,
			      struct err *err)
{
	struct loop_lie *l = (struct loop_lie *)t;
	size_t at = str_find(request->body, STR("ExclusiveStartShardId"));
	struct http_request other = *request;
	struct buf body;
	bool ok;

	if (!l->on || at == SIZE_MAX)
		return transport_send(l->next, request, response, err);
	buf_init(&body, 1 << 16); /* the member by another name is none */
	buf_put(&body, str_sub(request->body, 0, at));
	buf_puts(&body, "x");
	buf_put(&body, str_from(request->body, at + 1));
	other.body = buf_str(&body);
	ok = transport_send(l->next, &other, response, err);
	buf_release(&body);
	return ok;
}

static void a_listing_that_loops(struct cluster *c)
{
	struct loop_lie lie = { .transport.send = first_page_always, .next = c->world->services, .on = true };
	struct scenario_calls calls;

	c->streams->list_shards = 5;
	c->world->services = &lie.transport;
	scenario_watch(c, "stream.listing_loops");
	scenario_count(c, &calls);
	scenario_start(c, 1);
	scenario_write(c, 100);
	cluster_sleep(c, 5 * MINUTE_MS);
	lie.on = false;
	if (!world_failed(c->world) && c->world->seen == 0)
		world_fail(c->world, "nobody said that the listing loops");
	if (calls.describes > 5 * 60 * 2)
		world_fail(c->world, "%zu DescribeStream calls in 5 minutes", calls.describes);
	scenario_settle(c);
	scenario_end(c);
	c->world->services = lie.next;
}

/* ---- T9, T11, T14 ---- */

static void a_finished_shard_is_not_read_again(struct cluster *c)
{
	struct sim_source_shard *parent = sim_source_pick_open(c->source);
	struct lease_position p;
	size_t gets;

	c->plan.pipelines[0].poll_max_ms = MINUTE_MS;
	scenario_start(c, 2);
	scenario_write(c, 30);
	scenario_roll(c, parent);
	scenario_write(c, 30);
	scenario_settle(c);
	scenario_wait(c, is_done, parent->shard->id, MINUTE_MS, "the shard is marked done");
	gets = parent->shard->gets;
	cluster_kill(c, 1);
	cluster_end(c, 2);
	scenario_start(c, 2);
	cluster_sleep(c, 23 * HOUR_MS);
	EXPECT(c, parent->shard->gets == gets, "a finished shard was read again");
	EXPECT(c, scenario_saved(c, parent->shard->id, "a", &p), "the row of a finished shard went while it was listed");
	cluster_sleep(c, 2 * HOUR_MS);
	scenario_write(c, 1);
	sim_source_trim(c->source, WORLD_EPOCH_MS + world_ms(c->world));
	cluster_sleep(c, 8 * HOUR_MS);
	EXPECT(c, parent->gone, "the shard should be gone by now");
	EXPECT(c, !scenario_saved(c, parent->shard->id, "a", &p), "the row of a shard that is long gone is still there");
	scenario_settle(c);
}

static void a_disabled_stream_is_read_to_its_end(struct cluster *c)
{
	struct scenario_calls calls;

	scenario_start(c, 2);
	scenario_watch(c, "pipeline.ended");
	scenario_write(c, 100);
	sim_source_disable(c->source);
	scenario_settle(c);
	cluster_sleep(c, 2 * MINUTE_MS);
	if (c->world->seen == 0)
		world_fail(c->world, "nobody said that the stream has ended");
	scenario_count(c, &calls);
	cluster_sleep(c, HOUR_MS);
	EXPECT(c, calls.gets == 0, "%zu GetRecords calls where nothing is left to read", calls.gets);
	EXPECT(c, calls.describes < 2 * 150, "%zu DescribeStream calls in an hour", calls.describes);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

static void a_shard_that_is_gone_frees_its_children(struct cluster *c)
{
	struct sim_source_shard *parent = sim_source_pick_open(c->source);
	struct lease_position p;

	c->ledger.may_lose = true;
	c->overseer.may_reset = true;
	c->plan.pipelines[0].on_trim = TRIM_SKIP;
	c->source->knobs.retention_ms = 10 * MINUTE_MS;
	scenario_start(c, 1);
	scenario_write(c, 20);
	scenario_settle(c);
	cluster_sleep(c, 20000);
	cluster_kill(c, 1);
	scenario_write(c, 20); /* nobody will ever read these */
	scenario_roll(c, parent);
	cluster_sleep(c, 11 * MINUTE_MS);
	sim_source_trim(c->source, WORLD_EPOCH_MS + world_ms(c->world));
	EXPECT(c, parent->gone, "the shard should be gone");
	parent->shard->hidden = false; /* but still listed: by an answer of yesterday */
	scenario_write(c, 20);
	scenario_start(c, 2);
	scenario_settle(c);
	cluster_sleep(c, MINUTE_MS);
	EXPECT(c, scenario_saved(c, parent->shard->id, "a", &p) && p.done && p.losses == 1,
	       "the loss of a shard's end was not counted");
}

/* ---- T16, T18 ---- */

static enum sim_fault streams_are_broken(void *ctx, const struct host *from, enum world_service service, const char *operation,
					 struct str body)
{
	static const enum sim_fault kinds[] = {
		SIM_DROP_BEFORE, SIM_DROP_AFTER, SIM_500, SIM_THROTTLE, SIM_TRUNCATE, SIM_GARBAGE, SIM_HANG,
	};
	const double *chance = ctx;
	struct rng *rng = &from->world->rng;

	(void)operation;
	(void)body;
	if (service != WORLD_STREAMS || rng_unit(rng) >= *chance)
		return SIM_NO_FAULT;
	return kinds[rng_below(rng, sizeof(kinds) / sizeof(*kinds))];
}

static void trouble_is_not_the_end(struct cluster *c)
{
	double chance = 0.5;

	c->world->net.fault = streams_are_broken;
	c->world->net.fault_ctx = &chance;
	scenario_start(c, 2);
	for (int i = 0; i < 8; i++) {
		scenario_write_for(c, MINUTE_MS, 1000);
		scenario_roll_any(c);
	}
	chance = 0;
	scenario_settle(c);
	EXPECT(c, scenario_repeats(c) == 0, "%zu records came twice", scenario_repeats(c));
}

static void hours_without_the_service(struct cluster *c)
{
	double chance = 0;
	struct sim_source_shard *open = sim_source_pick_open(c->source);
	struct lease_position p;

	c->world->net.fault = streams_are_broken;
	c->world->net.fault_ctx = &chance;
	scenario_start(c, 2);
	scenario_write(c, 20);
	scenario_settle(c);
	chance = 1;
	scenario_write(c, 20);
	cluster_sleep(c, 6 * HOUR_MS);
	EXPECT(c, scenario_saved(c, open->shard->id, "a", &p) && !p.done, "trouble was taken for the shard's end");
	chance = 0;
	scenario_settle(c);
}

static bool a_has_some(struct cluster *c, void *ctx)
{
	(void)ctx;
	return scenario_track(c, "a")->arrivals > 40;
}

static void a_closed_shard_is_half_read(struct cluster *c)
{
	struct sim_source_shard *closed = sim_source_pick_open(c->source);

	c->streams->page_records = 5;
	scenario_write(c, 200);
	scenario_roll(c, closed);
	scenario_write(c, 30);
	cluster_start(c, 1);
	scenario_wait(c, a_has_some, NULL, 2 * MINUTE_MS, "a beginning has arrived");
	if (rng_below(&c->world->rng, 2))
		cluster_kill(c, 1);
	else
		cluster_end(c, 1);
	EXPECT(c, scenario_track(c, "a")->arrivals < 200, "it was too quick for this scenario");
	cluster_start(c, 2);
	scenario_settle(c);
	scenario_wait(c, is_done, closed->shard->id, MINUTE_MS, "the shard is marked done");
}

const struct scenario scenarios_shards[] = {
	{ "T1 a child waits for its parent, for each handler apart", a_child_waits_for_its_parent, .shards = 2 },
	{ "T1 both halves of a split wait, and their children", both_halves_wait, .shards = 2 },
	{ "T2 a child whose parent is not listed is a root", a_child_without_its_parent_is_a_root, .shards = 1 },
	{ "T3 records of the closing page are delivered", the_closing_page_holds_records, .shards = 1 },
	{ "T4 an empty closing page completes the shard, once", the_closing_page_is_empty, .shards = 1 },
	{ "T5 an empty page at the ending number is not the end", an_empty_page_is_not_the_end, .shards = 1 },
	{ "T6 listings lie in every way", listings_lie, .shards = 3 },
	{ "T6 a closed leaf has no child for long", a_closed_leaf_has_no_child_for_long, .shards = 1 },
	{ "T6 a shard leaves the listing and comes back", a_shard_leaves_the_listing_and_comes_back, .shards = 2 },
	{ "T7 more shards than a page of the listing holds", more_shards_than_a_page, .shards = 250 },
	{ "T7 a listing that loops is said and outlived", a_listing_that_loops, .shards = 12 },
	{ "T9 a finished shard that is still listed is not read again", a_finished_shard_is_not_read_again, .failover_ms = 300000 },
	{ "T11 a disabled stream is read to its end, without spinning", a_disabled_stream_is_read_to_its_end, .shards = 3,
	  .failover_ms = 60000 },
	{ "T14 a shard that is gone is a counted loss, its children start", a_shard_that_is_gone_frees_its_children, .shards = 1 },
	{ "T16 trouble of every kind is waited out", trouble_is_not_the_end, .shards = 2 },
	{ "T16 hours without the service do not end a shard", hours_without_the_service, .failover_ms = 60000 },
	{ "T18 the rest of a closed shard is read by its new owner", a_closed_shard_is_half_read, .shards = 1 },
	{ 0 },
};
