/* How shards are found, and streams that follow each other. T<n> are the numbers of
 * the traps in src/README.md. */
#include "support/engine.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

enum { SEEDS = 5, MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static void run_seeds(test_body *body)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, body, &seed);
}

static struct sim_shard *add_shard(struct engine *e, int64_t age_ms, const struct sim_shard *parent)
{
	char id[40];

	return sim_shard_add(e->streams, sim_shard_id(e->streams, age_ms, id), parent ? parent->id : NULL);
}

/* So many records of so many items. */
static void put_some(struct engine *e, struct sim_shard *shard, int n)
{
	for (int i = 0; i < n; i++)
		engine_put(e, shard, i, i);
}

static bool wait_until(struct engine *e, const size_t *counter, size_t at_least, int64_t limit_ms)
{
	int64_t end_ms = env_mono_ms(e->env) + limit_ms;

	while (*counter < at_least)
		if (env_mono_ms(e->env) >= end_ms || !task_sleep_ms(e->loop, 10, NULL))
			return false;
	return true;
}

/* ---- children ---- */

static void a_child_is_read_at_once(struct loop *loop, void *arg)
{
	struct sim_shard *parent, *child;
	uint64_t describes;
	int64_t ended_ms;
	size_t gets;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	parent = add_shard(&e, 0, NULL);
	put_some(&e, parent, 5);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 5, MINUTE_MS));
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL));
	describes = e.streams->describes;
	CHECK(describes >= 15 && describes <= 30); /* every half a minute */
	CHECK_EQ(e.streams->child_describes, 0);
	sim_shard_close(parent);
	child = add_shard(&e, 0, parent);
	put_some(&e, child, 5);
	gets = parent->gets;
	CHECK(wait_until(&e, &parent->gets, gets + 1, 5000)); /* the closing page */
	ended_ms = env_mono_ms(e.env);
	CHECK(wait_until(&e, &child->gets, 1, 5000));
	CHECK(env_mono_ms(e.env) - ended_ms <= 1000);
	CHECK_EQ(e.streams->child_describes, 1);
	CHECK(engine_wait(&e, 0, 10, 5000));
	engine_stop(&e);
	engine_release(&e);
}

static void test_t27_a_child_is_read_within_a_second_of_its_parents_end(void **state)
{
	(void)state;
	run_seeds(a_child_is_read_at_once);
}

/* The child shows after twenty seconds; how does the service answer till then? */
static void read_late_child(struct loop *loop, void (*lie)(struct sim_streams *s), int64_t limit_ms, struct engine *e)
{
	struct sim_shard *parent, *child;

	engine_init(e, loop, 1);
	lie(e->streams);
	parent = add_shard(e, 0, NULL);
	child = add_shard(e, 0, parent);
	child->hidden = true;
	put_some(e, parent, 5);
	put_some(e, child, 5);
	sim_shard_close(parent);
	engine_start(e);
	CHECK(engine_wait(e, 0, 5, MINUTE_MS));
	CHECK(task_sleep_ms(loop, 20000, NULL));
	CHECK_EQ(e->n_messages, 5);
	child->hidden = false;
	CHECK(engine_wait(e, 0, 10, limit_ms));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_stop(e);
	CHECK_EQ(e->n_messages, 10);
}

static void no_lie(struct sim_streams *s)
{
	(void)s;
}

static void a_late_child_is_asked_for_again(struct loop *loop, void *arg)
{
	struct engine e;

	(void)arg;
	read_late_child(loop, no_lie, 20000, &e);
	CHECK(e.streams->child_describes >= 4 && e.streams->child_describes <= 8); /* doubling pauses */
	engine_release(&e);
}

static void test_t6_a_child_that_is_not_listed_yet_is_asked_for_again(void **state)
{
	(void)state;
	run_seeds(a_late_child_is_asked_for_again);
}

static void refuse_filter(struct sim_streams *s)
{
	s->no_filter = true;
}

static void a_service_without_the_filter_is_listed(struct loop *loop, void *arg)
{
	struct engine e;

	(void)arg;
	read_late_child(loop, refuse_filter, 20000, &e);
	CHECK_EQ(e.streams->child_describes, 1);
	engine_release(&e);
}

static void test_a_service_that_refuses_the_filter_is_asked_for_all_shards(void **state)
{
	(void)state;
	run_seeds(a_service_without_the_filter_is_listed);
}

static void lie_about_children(struct sim_streams *s)
{
	s->filter_lies = true;
}

static void a_lie_about_children_is_made_up_for(struct loop *loop, void *arg)
{
	struct engine e;

	(void)arg;
	read_late_child(loop, lie_about_children, 40000, &e);
	engine_release(&e);
}

static void test_t6_full_listings_make_up_for_an_answer_without_children(void **state)
{
	(void)state;
	run_seeds(a_lie_about_children_is_made_up_for);
}

static void repeat_pages_of_children(struct sim_streams *s)
{
	s->filter_repeats = true;
	s->list_shards = 1;
}

static void a_repeated_page_of_children_ends(struct loop *loop, void *arg)
{
	struct engine e;

	(void)arg;
	read_late_child(loop, repeat_pages_of_children, 40000, &e);
	CHECK(e.streams->child_describes <= 12);
	engine_release(&e);
}

static void test_t7_a_repeated_page_of_children_does_not_hold_discovery_up(void **state)
{
	(void)state;
	run_seeds(a_repeated_page_of_children_ends);
}

/* ---- long listings ---- */

/* n parents behind their n children in the listing, both with records of one item. */
static void add_families(struct engine *e, size_t n, struct sequence wrote[][2])
{
	struct sim_shard *children[200];
	char id[200][40];

	CHECK(n <= 200);
	for (size_t i = 0; i < n; i++) {
		sim_shard_id(e->streams, 0, id[i]);
		children[i] = add_shard(e, 0, NULL);
		memcpy(children[i]->parent, id[i], sizeof(id[i]));
	}
	for (size_t i = 0; i < n; i++) {
		struct sim_shard *parent = sim_shard_add(e->streams, id[i], NULL);

		wrote[i][0] = engine_put(e, parent, (int)i, 1);
		sim_shard_close(parent);
		wrote[i][1] = engine_put(e, children[i], (int)i, 2);
		sim_shard_close(children[i]);
	}
}

static size_t place_of(const struct engine *e, const struct sequence *sequence)
{
	for (size_t i = 0; i < e->n_messages; i++)
		if (sequence_compare(&e->messages[i].sequence, sequence) == 0)
			return i;
	return SIZE_MAX;
}

static void parents_of_later_pages_come_first(struct loop *loop, void *arg)
{
	struct sequence wrote[120][2];
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	add_families(&e, 120, wrote);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 240, 2 * MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 240); /* more than 100 shards, each once */
	for (size_t i = 0; i < 120; i++)
		CHECK(place_of(&e, &wrote[i][0]) < place_of(&e, &wrote[i][1]));
	engine_release(&e);
}

static void test_t7_parents_on_later_pages_are_read_before_their_children(void **state)
{
	(void)state;
	run_seeds(parents_of_later_pages_come_first);
}

static void reading_starts_before_the_listing_ends(struct loop *loop, void *arg)
{
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	e.streams->list_shards = 5;
	for (int i = 0; i < 100; i++) {
		struct sim_shard *shard = add_shard(&e, 0, NULL);

		put_some(&e, shard, 1);
		sim_shard_close(shard);
	}
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 5, 5000));
	CHECK(e.streams->describes < 10); /* of twenty pages */
	CHECK(engine_wait(&e, 0, 100, MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 100);
	engine_release(&e);
}

static void test_t28_reading_starts_before_the_listing_ends(void **state)
{
	(void)state;
	run_seeds(reading_starts_before_the_listing_ends);
}

static void a_start_at_latest_waits_for_the_listing(struct loop *loop, void *arg)
{
	struct sim_shard *shards[40];
	struct lease_position p;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	e.pipeline.start = STREAM_START_LATEST;
	e.streams->list_shards = 5;
	for (int i = 0; i < 40; i++) {
		shards[i] = add_shard(&e, HOUR_MS, NULL);
		put_some(&e, shards[i], 1);
		if (i < 39)
			sim_shard_close(shards[i]);
	}
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_start(&e);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	put_some(&e, shards[39], 3);
	CHECK(engine_wait(&e, 0, 3, MINUTE_MS));
	for (int i = 0; i < 39; i++) {
		CHECK_EQ(shards[i]->gets, 0); /* closed by the time of the start */
		CHECK(engine_saved(&e, shards[i]->id, "h0", &p));
		CHECK(p.done);
	}
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 3);
	engine_release(&e);
}

static void test_t28_a_start_at_latest_knows_all_pages_first(void **state)
{
	(void)state;
	run_seeds(a_start_at_latest_waits_for_the_listing);
}

static void a_listing_that_loops_ends(struct loop *loop, void *arg)
{
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	e.streams->list_loops = true;
	for (int i = 0; i < 150; i++) {
		struct sim_shard *shard = add_shard(&e, 0, NULL);

		put_some(&e, shard, 1);
		sim_shard_close(shard);
	}
	e.streams->list_shards = 60;
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 120, 10000)); /* what two pages showed */
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL));
	CHECK(e.streams->describes < 120);
	CHECK_EQ(e.n_messages, 120);
	e.streams->list_loops = false;
	CHECK(engine_wait(&e, 0, 150, MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 150);
	engine_release(&e);
}

static void test_t7_a_listing_that_loops_is_given_up_and_tried_again(void **state)
{
	(void)state;
	run_seeds(a_listing_that_loops_ends);
}

/* ---- T27: one pace for all ---- */

static void pipelines_share_one_pace(struct loop *loop, void *arg)
{
	struct worker_pipeline_plan pipelines[3];
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	e.streams->list_shards = 4;
	for (int i = 0; i < 60; i++) {
		struct sim_shard *shard = add_shard(&e, 0, NULL);

		put_some(&e, shard, 1);
		sim_shard_close(shard);
	}
	for (size_t i = 0; i < 3; i++) {
		pipelines[i] = e.pipeline;
		pipelines[i].name = (struct str[]){ STR("p"), STR("q"), STR("r") }[i];
	}
	e.plan.pipelines = pipelines;
	e.plan.n_pipelines = 3;
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 180, 2 * MINUTE_MS));
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 180);
	CHECK(e.streams->describes >= 45);
	CHECK(e.streams->most_describes_per_s <= 7); /* the burst of four, and two a second with jitter */
	engine_release(&e);
}

static void test_t27_pipelines_of_a_worker_share_one_pace(void **state)
{
	(void)state;
	run_seeds(pipelines_share_one_pace);
}

static enum sim_fault throttle_describes(void *ctx, const char *operation, struct sim_shard *shard)
{
	(void)shard;
	return *(bool *)ctx && strcmp(operation, "DescribeStream") == 0 ? SIM_THROTTLE : SIM_NO_FAULT;
}

static void throttled_discovery_slows_down(struct loop *loop, void *arg)
{
	struct sim_shard *parent, *child;
	bool throttle = true;
	uint64_t describes;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	parent = add_shard(&e, 0, NULL);
	put_some(&e, parent, 5);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 5, MINUTE_MS));
	e.streams->fault = throttle_describes;
	e.streams->fault_ctx = &throttle;
	sim_shard_close(parent);
	child = add_shard(&e, 0, parent);
	put_some(&e, child, 5);
	describes = e.streams->describes;
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL));
	CHECK_EQ(e.n_messages, 5);
	CHECK(e.streams->describes - describes < 60); /* one call in 10 s and more */
	throttle = false;
	CHECK(engine_wait(&e, 0, 10, MINUTE_MS));
	engine_stop(&e);
	engine_release(&e);
}

static void test_t27_a_throttled_discovery_slows_down_and_recovers(void **state)
{
	(void)state;
	run_seeds(throttled_discovery_slows_down);
}

/* ---- T2, T6, T9: shards that are not listed ---- */

static void an_old_orphan_starts_at_once(struct loop *loop, void *arg)
{
	struct sim_shard *old, *young;
	struct engine e;
	char id[40];

	(void)arg;
	engine_init(&e, loop, 1);
	old = add_shard(&e, 25 * HOUR_MS, NULL);
	snprintf(old->parent, sizeof(old->parent), "%s", sim_shard_id(e.streams, 29 * HOUR_MS, id));
	young = add_shard(&e, HOUR_MS, NULL);
	snprintf(young->parent, sizeof(young->parent), "%s", sim_shard_id(e.streams, 5 * HOUR_MS, id));
	put_some(&e, old, 1);
	put_some(&e, young, 1);
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 10000, NULL));
	CHECK_EQ(e.n_messages, 1); /* its parent is trimmed; the other's may be left out by a lie */
	CHECK(old->gets > 0);
	CHECK_EQ(young->gets, 0);
	CHECK(engine_wait(&e, 0, 2, 5 * MINUTE_MS));
	engine_stop(&e);
	engine_release(&e);
}

static void test_t2_a_child_older_than_the_retention_does_not_wait_for_its_parent(void **state)
{
	(void)state;
	run_seeds(an_old_orphan_starts_at_once);
}

/* Everything read, one after the other: grandparent, parent, child. */
static void a_shard_that_comes_back_is_not_read_again(struct loop *loop, void *arg)
{
	struct sim_shard *family[3] = { NULL };
	struct lease_position p;
	size_t gets[2];
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	for (int i = 0; i < 3; i++) {
		family[i] = add_shard(&e, (12 - 4 * i) * HOUR_MS, i ? family[i - 1] : NULL);
		put_some(&e, family[i], 5);
		if (i < 2)
			sim_shard_close(family[i]);
	}
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 15, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 2; i++) {
			gets[i] = family[i]->gets;
			family[i]->hidden = true;
		}
		CHECK(task_sleep_ms(loop, 70 * MINUTE_MS, NULL));
		for (int i = 0; i < 2; i++) {
			CHECK(engine_saved(&e, family[i]->id, "h0", &p)); /* young: it is kept */
			family[i]->hidden = false;
		}
		CHECK(task_sleep_ms(loop, 5 * MINUTE_MS, NULL));
		CHECK_EQ(family[0]->gets, gets[0]);
		CHECK_EQ(family[1]->gets, gets[1]);
		engine_stop(&e);
		engine_start(&e); /* the second round by a worker that has only the rows */
	}
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 15);
	engine_release(&e);
}

static void test_t6_a_shard_that_is_left_out_for_an_hour_is_not_read_again(void **state)
{
	(void)state;
	run_seeds(a_shard_that_comes_back_is_not_read_again);
}

static enum sim_fault no_describes(void *ctx, const char *operation, struct sim_shard *shard)
{
	(void)shard;
	return *(bool *)ctx && strcmp(operation, "DescribeStream") == 0 ? SIM_500 : SIM_NO_FAULT;
}

static void an_outage_of_listings_forgets_nothing(struct loop *loop, void *arg)
{
	struct sim_shard *parent, *child;
	struct lease_position p;
	struct engine e;
	bool down = false;

	(void)arg;
	engine_init(&e, loop, 1);
	e.streams->fault = no_describes;
	e.streams->fault_ctx = &down;
	parent = add_shard(&e, 31 * HOUR_MS, NULL);
	child = add_shard(&e, 27 * HOUR_MS, parent);
	sim_shard_close(parent);
	put_some(&e, parent, 1);
	put_some(&e, child, 1);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 2, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	down = true; /* no listing shows it, since there is none */
	CHECK(task_sleep_ms(loop, HOUR_MS, NULL));
	parent->hidden = true;
	down = false;
	CHECK(task_sleep_ms(loop, MINUTE_MS / 2, NULL));
	CHECK(engine_saved(&e, parent->id, "h0", &p)); /* one or two listings are not enough */
	CHECK(task_sleep_ms(loop, HOUR_MS, NULL));
	CHECK(!engine_saved(&e, parent->id, "h0", &p));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 2);
	engine_release(&e);
}

static void test_t9_a_row_goes_when_several_listings_lack_the_shard(void **state)
{
	(void)state;
	run_seeds(an_outage_of_listings_forgets_nothing);
}

/* ---- T10: the stream's successor ---- */

/* In the handler's row: which stream it reads, and how often records were lost
 * between two. */
static bool handler_row(struct engine *e, const char *handler, char label[40], uint64_t *lost)
{
	struct sim_table *t = sim_table_named(e->dynamodb, STR("sluice-state"));

	for (const struct sim_row *row = t->rows; row; row = row->next) {
		struct str sk = sim_item_get(&row->item, STR("sk")).raw;
		struct value n = sim_item_get(&row->item, STR("lost"));

		if (!str_starts(sk, STR("p#")) || !str_eq(str_from(sk, 2), str_c(handler)))
			continue;
		snprintf(label, 40, "%.*s", STR_ARG(sim_item_get(&row->item, STR("stream")).raw));
		*lost = 0;
		return n.type == VALUE_NONE || str_to_u64(n.raw, lost);
	}
	return false;
}

#define OLD_LABEL "2026-01-01T00:00:00.000"
#define NEW_LABEL "2026-01-02T00:00:00.000"

/* Each record of `handler` once, v rising with the sequence. */
static bool once_and_rising(const struct engine *e, size_t handler)
{
	const struct engine_message *before = NULL;

	for (size_t i = 0; i < e->n_messages; i++) {
		const struct engine_message *m = &e->messages[i];

		if (m->handler != handler)
			continue;
		if (before && (sequence_compare(&m->sequence, &before->sequence) <= 0 || m->v <= before->v))
			return false;
		before = m;
	}
	return true;
}

static void a_running_handler_continues(struct loop *loop, void *arg)
{
	struct sim_shard *parent, *child, *next;
	char label[40];
	uint64_t lost;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	e.pipeline.continues = true;
	parent = add_shard(&e, 0, NULL);
	put_some(&e, parent, 5);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 5, MINUTE_MS));
	sim_shard_close(parent);
	child = add_shard(&e, 0, parent);
	put_some(&e, child, 5);
	sim_streams_disable(e.streams);
	CHECK(engine_wait(&e, 0, 10, MINUTE_MS));
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL)); /* it has ended, and is looked after */
	sim_env_set_skew_ms(e.env, -48 * HOUR_MS);          /* v must not come from the clock */
	sim_streams_enable(e.streams, NEW_LABEL);
	next = add_shard(&e, 0, NULL);
	put_some(&e, next, 5);
	CHECK(engine_wait(&e, 0, 15, 3 * MINUTE_MS));
	CHECK(handler_row(&e, "h0", label, &lost));
	CHECK_STR(str_c(label), NEW_LABEL);
	CHECK_EQ(lost, 1);
	engine_stop(&e);
	engine_start(&e);
	put_some(&e, next, 5);
	CHECK(engine_wait(&e, 0, 20, MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 20);
	CHECK(once_and_rising(&e, 0));
	engine_release(&e);
}

static void test_t10_a_handler_continues_on_the_new_stream(void **state)
{
	(void)state;
	run_seeds(a_running_handler_continues);
}

/* Stopped while the stream was replaced: the old one's rest comes first, and a
 * second start in the middle of it goes on with it. */
static void the_old_rest_comes_first(struct loop *loop, void *arg)
{
	struct sim_shard *parent, *child, *next;
	char label[40];
	uint64_t lost;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 2);
	e.pipeline.continues = true;
	e.pipeline.n_handlers = 1;
	parent = add_shard(&e, 0, NULL);
	put_some(&e, parent, 5);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 5, MINUTE_MS));
	engine_stop(&e);
	put_some(&e, parent, 5);
	sim_shard_close(parent);
	child = add_shard(&e, 0, parent);
	put_some(&e, child, 5);
	sim_streams_disable(e.streams);
	sim_streams_enable(e.streams, NEW_LABEL);
	next = add_shard(&e, 0, NULL);
	put_some(&e, next, 5);
	e.pipeline.n_handlers = 2; /* h1 begins with the new stream */
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 12, MINUTE_MS));
	CHECK(handler_row(&e, "h0", label, &lost));
	CHECK_STR(str_c(label), OLD_LABEL);
	CHECK_EQ(engine_count(&e, 1), 0);
	engine_stop(&e);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 20, 5 * MINUTE_MS));
	CHECK(engine_wait(&e, 1, 5, MINUTE_MS));
	CHECK(task_sleep_ms(loop, 5 * MINUTE_MS, NULL));
	CHECK(handler_row(&e, "h0", label, &lost));
	CHECK_EQ(lost, 1);
	CHECK(handler_row(&e, "h1", label, &lost));
	CHECK_STR(str_c(label), NEW_LABEL);
	CHECK_EQ(lost, 0);
	engine_stop(&e);
	CHECK_EQ(engine_count(&e, 0), 20);
	CHECK_EQ(engine_count(&e, 1), 5);
	CHECK(once_and_rising(&e, 0));
	engine_release(&e);
}

static void test_t10_the_rest_of_the_old_stream_comes_first(void **state)
{
	(void)state;
	run_seeds(the_old_rest_comes_first);
}

static void a_stream_that_is_no_more_is_left(struct loop *loop, void *arg)
{
	struct sim_shard *shard, *next;
	struct lease_position p;
	char label[40];
	uint64_t lost;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	e.pipeline.continues = true;
	shard = add_shard(&e, 0, NULL);
	put_some(&e, shard, 5);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 5, MINUTE_MS));
	engine_stop(&e);
	put_some(&e, shard, 5);
	sim_streams_disable(e.streams);
	sim_streams_enable(e.streams, NEW_LABEL);
	e.streams->forgotten = OLD_LABEL;
	next = add_shard(&e, 0, NULL);
	put_some(&e, next, 5);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 10, 10 * MINUTE_MS));
	CHECK(handler_row(&e, "h0", label, &lost));
	CHECK_STR(str_c(label), NEW_LABEL);
	CHECK_EQ(lost, 2); /* the old stream's rest, and what lay between */
	CHECK(engine_saved(&e, shard->id, "h0", &p));
	CHECK_EQ(p.losses, 1);
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 10);
	engine_release(&e);
}

static void test_t10_an_old_stream_that_is_gone_is_counted_and_left(void **state)
{
	(void)state;
	run_seeds(a_stream_that_is_no_more_is_left);
}

static void second_worker(void *arg)
{
	worker_run(arg);
}

static void two_workers_switch_once(struct loop *loop, void *arg)
{
	struct sim_shard *shards[4], *next;
	struct worker_plan plan;
	struct worker *second;
	struct scope scope;
	char label[40];
	uint64_t lost;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	e.pipeline.continues = true;
	for (int i = 0; i < 4; i++) {
		shards[i] = add_shard(&e, 0, NULL);
		put_some(&e, shards[i], 5);
	}
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 20, MINUTE_MS));
	plan = e.plan;
	plan.instance = STR("host:2");
	second = worker_new(loop, &plan, NULL);
	scope_init(&scope, loop);
	scope_spawn(&scope, "second", second_worker, second);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	sim_streams_disable(e.streams);
	sim_streams_enable(e.streams, NEW_LABEL);
	next = add_shard(&e, 0, NULL);
	for (int i = 0; i < 10; i++) {
		put_some(&e, next, 1);
		CHECK(task_sleep_ms(loop, MINUTE_MS / 2, NULL));
	}
	CHECK(engine_wait(&e, 0, 30, 3 * MINUTE_MS));
	CHECK(handler_row(&e, "h0", label, &lost));
	CHECK_STR(str_c(label), NEW_LABEL);
	CHECK_EQ(lost, 1);
	engine_stop(&e);
	worker_stop(second);
	scope_wait(&scope);
	worker_free(second);
	CHECK_EQ(e.n_messages, 30);
	engine_release(&e);
}

static void test_t10_of_two_workers_one_makes_the_switch(void **state)
{
	(void)state;
	run_seeds(two_workers_switch_once);
}

/* Each of the records reached the handler, always with the same v, a later one with
 * a higher. */
static bool all_with_one_v(const struct engine *e, size_t handler, const struct sequence *wrote, size_t n)
{
	uint64_t before = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t v = 0;

		for (size_t j = 0; j < e->n_messages; j++) {
			const struct engine_message *m = &e->messages[j];

			if (m->handler != handler || sequence_compare(&m->sequence, &wrote[i]) != 0)
				continue;
			if (v && v != m->v)
				return false;
			v = m->v;
		}
		if (v <= before)
			return false;
		before = v;
	}
	return true;
}

static void kills_do_not_disturb_the_switch(struct loop *loop, void *arg)
{
	struct sequence wrote[30];
	struct sim_shard *shard;
	struct engine e;
	char label[40];
	uint64_t lost;
	size_t n = 0;

	(void)arg;
	engine_init(&e, loop, 2);
	e.pipeline.continues = true;
	shard = add_shard(&e, 0, NULL);
	while (n < 10)
		wrote[n++] = engine_put(&e, shard, 1, 1);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	while (n < 20)
		wrote[n++] = engine_put(&e, shard, 1, 1);
	sim_streams_disable(e.streams);
	sim_streams_enable(e.streams, NEW_LABEL);
	sim_env_set_skew_ms(e.env, -50 * MINUTE_MS);
	shard = add_shard(&e, 0, NULL);
	while (n < 30)
		wrote[n++] = engine_put(&e, shard, 1, 1);
	for (int i = 0; i < 12; i++) {
		CHECK(task_sleep_ms(loop, (int64_t)rng_below(&e.env->rng, 100000), NULL));
		engine_kill(&e);
		engine_start(&e);
	}
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL));
	engine_stop(&e);
	for (size_t h = 0; h < 2; h++) {
		CHECK(all_with_one_v(&e, h, wrote, 30));
		CHECK(handler_row(&e, h ? "h1" : "h0", label, &lost));
		CHECK_STR(str_c(label), NEW_LABEL);
		CHECK_EQ(lost, 1);
	}
	engine_release(&e);
}

static void test_t10_t31_kills_around_the_switch_lose_and_repeat_no_version(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4 * SEEDS; seed++)
		run_simulated(seed, kills_do_not_disturb_the_switch, &seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_t27_a_child_is_read_within_a_second_of_its_parents_end),
		cmocka_unit_test(test_t6_a_child_that_is_not_listed_yet_is_asked_for_again),
		cmocka_unit_test(test_a_service_that_refuses_the_filter_is_asked_for_all_shards),
		cmocka_unit_test(test_t6_full_listings_make_up_for_an_answer_without_children),
		cmocka_unit_test(test_t7_a_repeated_page_of_children_does_not_hold_discovery_up),
		cmocka_unit_test(test_t7_parents_on_later_pages_are_read_before_their_children),
		cmocka_unit_test(test_t7_a_listing_that_loops_is_given_up_and_tried_again),
		cmocka_unit_test(test_t28_reading_starts_before_the_listing_ends),
		cmocka_unit_test(test_t28_a_start_at_latest_knows_all_pages_first),
		cmocka_unit_test(test_t27_pipelines_of_a_worker_share_one_pace),
		cmocka_unit_test(test_t27_a_throttled_discovery_slows_down_and_recovers),
		cmocka_unit_test(test_t2_a_child_older_than_the_retention_does_not_wait_for_its_parent),
		cmocka_unit_test(test_t6_a_shard_that_is_left_out_for_an_hour_is_not_read_again),
		cmocka_unit_test(test_t9_a_row_goes_when_several_listings_lack_the_shard),
		cmocka_unit_test(test_t10_a_handler_continues_on_the_new_stream),
		cmocka_unit_test(test_t10_the_rest_of_the_old_stream_comes_first),
		cmocka_unit_test(test_t10_an_old_stream_that_is_gone_is_counted_and_left),
		cmocka_unit_test(test_t10_of_two_workers_one_makes_the_switch),
		cmocka_unit_test(test_t10_t31_kills_around_the_switch_lose_and_repeat_no_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
