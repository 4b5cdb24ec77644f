/* What a seek does to leases, and whom it refuses, over a state table in memory. */
#include "sim/dynamodb.h"
#include "sim/env.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/stream/seek.h"

#include <stdio.h>

enum { FAILOVER_MS = 10000, MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

#define NOW_MS INT64_C(1763600000000)

/* ---- the parts that are pure ---- */

static struct lease *lease_at(const char *shard, const char *parent, const char *handler)
{
	struct lease *l;
	struct buf id;

	buf_init(&id, 1024);
	buf_putf(&id, "p#label#%s", shard);
	l = lease_new(NULL, buf_str(&id), str_c(shard), str_c(parent));
	buf_release(&id);
	if (handler) {
		struct lease_position *p = lease_add_position(l, str_c(handler));

		sequence_parse(STR("000000000000000000123"), &p->position.sequence, NULL);
		p->position.v = 77;
		p->losses = 3;
	}
	l->dirty = false;
	return l;
}

/* "shardId-<made so long before NOW_MS>-<name>" */
static const char *shard_made(int64_t ago_ms, const char *name, char *out, size_t size)
{
	snprintf(out, size, "shardId-%020lld-%s", (long long)(NOW_MS - ago_ms), name);
	return out;
}

static void test_a_moved_position_is_at_the_begin_with_a_higher_version(void **state)
{
	static const struct { enum seek_whence whence; bool done; int64_t pin_ms; bool done_after; } cases[] = {
		{ SEEK_TRIM_HORIZON, false, 0, false }, { SEEK_TRIM_HORIZON, true, 0, false },
		{ SEEK_TIME, false, NOW_MS - 5000, false }, { SEEK_TIME, true, NOW_MS - 5000, false },
		{ SEEK_LATEST, false, NOW_MS, false }, { SEEK_LATEST, true, NOW_MS, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct seek s = { .pipeline = STR("p"), .whence = cases[i].whence, .pin_ms = NOW_MS - 5000, .now_ms = NOW_MS };
		struct seek_handler h = { .name = STR("h") }, other = { .name = STR("other") };
		struct lease *l = lease_at("shard-1", "", "h");
		struct lease_position *p = lease_position(l, STR("h"));

		p->done = cases[i].done;
		h.v = seek_version(&s, STR("h"), &l, 1);
		assert_true(h.v >= (uint64_t)(NOW_MS / 1000) << 20);
		assert_true(seek_move(&s, &h, l, &l, 1) && l->dirty);
		assert_false(seek_move(&s, &other, l, &l, 1));
		assert_true(sequence_is_none(&p->position.sequence));
		assert_true(p->position.v == h.v && p->losses == 3);
		assert_true(p->pin_ms == cases[i].pin_ms && p->done == cases[i].done_after && p->sought == !p->done);
		assert_int_equal(h.moved, 1);
		assert_int_equal(h.reopened, cases[i].done && !cases[i].done_after);
		assert_int_equal(h.finished, cases[i].done_after);
		lease_free(l);
	}
}

static void test_versions_go_on_above_the_highest_of_all_rows(void **state)
{
	const uint64_t far = (uint64_t)(NOW_MS / 1000 + 1000000) << 20;
	struct seek s = { .pipeline = STR("p"), .now_ms = NOW_MS };
	struct lease *rows[] = { lease_at("a", "", "h"), lease_at("b", "", "h"), lease_at("c", "", "other") };

	(void)state;
	lease_position(rows[1], STR("h"))->position.v = far;
	lease_position(rows[2], STR("other"))->position.v = far + 5;
	assert_true(seek_version(&s, STR("h"), rows, COUNT_OF(rows)) == far);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		lease_free(rows[i]);
}

static void test_a_shard_that_is_trimmed_by_now_stays_finished(void **state)
{
	static const struct { int64_t made_ago_ms, split_ago_ms; bool done; } cases[] = {
		{ 29 * HOUR_MS, 0, true }, { 27 * HOUR_MS, 0, false }, { 27 * HOUR_MS, 23 * HOUR_MS, false },
		{ 26 * HOUR_MS, 25 * HOUR_MS, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct seek s = { .pipeline = STR("p"), .whence = SEEK_TRIM_HORIZON, .now_ms = NOW_MS };
		struct seek_handler h = { .name = STR("h") };
		char parent[80], child[80];
		struct lease *rows[] = {
			lease_at(shard_made(cases[i].made_ago_ms, "parent", parent, sizeof(parent)), "", "h"),
			lease_at(shard_made(cases[i].split_ago_ms, "child", child, sizeof(child)), parent, "h"),
		};

		lease_position(rows[0], STR("h"))->done = true;
		assert_true(seek_move(&s, &h, rows[0], rows, cases[i].split_ago_ms ? 2 : 1));
		assert_int_equal(lease_position(rows[0], STR("h"))->done, cases[i].done);
		assert_true(h.reopened == !cases[i].done && h.finished == cases[i].done);
		lease_free(rows[0]);
		lease_free(rows[1]);
	}
}

static void test_a_counter_never_goes_back_to_before_its_start(void **state)
{
	struct seek s = { .pipeline = STR("p"), .whence = SEEK_TRIM_HORIZON, .now_ms = NOW_MS };
	struct seek_handler counter = { .name = STR("h"), .image = true, .sums = true }, view = { .name = STR("h"), .image = true };

	(void)state;
	assert_true(seek_start_ms(&s, &counter, 500) == 500 && seek_start_ms(&s, &view, 500) == 0);
	s.whence = SEEK_TIME;
	s.pin_ms = 400;
	assert_true(seek_start_ms(&s, &counter, 500) == 500 && seek_start_ms(&s, &view, 500) == 400);
	s.pin_ms = 600;
	assert_true(seek_start_ms(&s, &counter, 500) == 600);
}

static void test_a_gap_is_seen_where_a_handler_may_not_have_had_all(void **state)
{
	static const struct { enum seek_whence whence; int64_t ago_ms, pin_ago_ms; bool child, gap; } cases[] = {
		{ SEEK_TRIM_HORIZON, 0, 0, true, false },
		{ SEEK_LATEST, 0, 0, true, true },
		{ SEEK_TIME, HOUR_MS, 0, true, true },          /* into the open shard */
		{ SEEK_TIME, 3 * HOUR_MS, 0, true, false },     /* into its finished parent */
		{ SEEK_TIME, 3 * HOUR_MS, 0, false, true },     /* what follows the parent is not known yet */
		{ SEEK_TIME, 6 * HOUR_MS, 0, false, false },
		{ SEEK_TIME, HOUR_MS, HOUR_MS / 2, true, false }, /* before what is its own */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct seek s = { .pipeline = STR("p"), .whence = cases[i].whence, .pin_ms = NOW_MS - cases[i].ago_ms, .now_ms = NOW_MS };
		struct seek_handler h = { .name = STR("h"), .image = true, .begun = true, .label = STR("label") };
		char parent[80], child[80];
		struct lease *rows[2];
		struct str shard;

		shard_made(5 * HOUR_MS, "parent", parent, sizeof(parent));
		shard_made(2 * HOUR_MS, "child", child, sizeof(child));
		rows[0] = lease_at(parent, "", "h");
		rows[1] = lease_at(child, parent, "h");
		lease_position(rows[0], STR("h"))->done = true;
		if (cases[i].pin_ago_ms)
			lease_position(rows[1], STR("h"))->pin_ms = NOW_MS - cases[i].pin_ago_ms;
		assert_int_equal(seek_gap(&s, &h, rows, cases[i].child ? 2 : 1, &shard), cases[i].gap);
		h.label = STR("another stream"); /* of it there are no rows */
		assert_int_equal(seek_gap(&s, &h, rows, 2, &shard), cases[i].whence != SEEK_TRIM_HORIZON);
		lease_free(rows[0]);
		lease_free(rows[1]);
	}
}

static void test_what_was_lost_to_trim_is_seen_at_whatever_place(void **state)
{
	static const struct { int64_t v_ago_ms; bool done, none; uint64_t losses; bool lost; } cases[] = {
		{ HOUR_MS, false, false, 0, false }, { HOUR_MS, false, false, 1, true }, { HOUR_MS, true, false, 1, true },
		{ 25 * HOUR_MS, false, false, 0, true }, { 25 * HOUR_MS, true, false, 0, false },
		{ 25 * HOUR_MS, false, true, 0, false }, /* nothing of it was acknowledged: no position is trimmed */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct seek s = { .pipeline = STR("p"), .now_ms = NOW_MS };
		struct seek_handler h = { .name = STR("h"), .image = true, .begun = true, .label = STR("label") };
		struct lease *l = lease_at("shard-1", "", "h");
		struct lease_position *p = lease_position(l, STR("h"));
		struct str shard;

		p->position.v = (uint64_t)((NOW_MS - cases[i].v_ago_ms) / 1000) << 20;
		p->done = cases[i].done;
		p->losses = cases[i].losses;
		if (cases[i].none)
			p->position.sequence = (struct sequence){ 0 };
		assert_int_equal(seek_lost(&s, &h, &l, 1, &shard), cases[i].lost);
		h.label = STR("another stream");
		assert_false(seek_lost(&s, &h, &l, 1, &shard));
		lease_free(l);
	}
}

/* ---- rows ---- */

struct world {
	struct loop *loop;
	struct sim_dynamodb *far;
	struct credentials_provider credentials;
	struct aws_client *client;
	struct state *state;
	struct heartbeat worker;
	struct seek_handler handlers[2];
	struct seek seek;
	struct scope beats;
	size_t told;
	int rivals;                  /* so many of the next puts come behind a write of somebody else */
	bool rival_stays;            /* … who is the row's owner then */
	int puts_until_fault;        /* the n-th PutItem from now gets next_put */
	enum sim_fault next_put;
};

static bool get_credentials(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	(void)err;
	return buf_puts(&out->access_key_id, "AKIDEXAMPLE") && buf_puts(&out->secret_access_key, "secret");
}

static void write_as_rival(struct world *w)
{
	struct sim_table *t = sim_table_named(w->far, STR("state"));

	for (struct sim_row *row = t->rows; row; row = row->next) {
		uint64_t counter;
		char text[64];

		if (!str_starts(sim_item_get(&row->item, STR("sk")).raw, STR("p#label#")))
			continue;
		str_to_u64(sim_item_get(&row->item, STR("counter")).raw, &counter);
		snprintf(text, sizeof(text), "{\"N\":\"%llu\"}", (unsigned long long)counter + 1);
		sim_item_set(&row->item, STR("counter"), str_c(text));
		if (w->rival_stays)
			sim_item_set(&row->item, STR("owner"), STR("{\"S\":\"rival:1:1\"}"));
	}
}

static enum sim_fault fault(void *ctx, const char *operation)
{
	struct world *w = ctx;

	if (strcmp(operation, "PutItem") != 0)
		return SIM_NO_FAULT;
	if (w->rivals) {
		w->rivals--;
		write_as_rival(w);
	}
	return w->puts_until_fault && --w->puts_until_fault == 0 ? w->next_put : SIM_NO_FAULT;
}

static void told(void *ctx, struct str session, int64_t left_ms)
{
	struct world *w = ctx;

	(void)session;
	(void)left_ms;
	w->told++;
}

static bool open_world(struct world *w, struct loop *loop)
{
	struct aws_settings set = { .loop = loop, .credentials = &w->credentials, .region = STR("us-east-1"), .max_attempts = 1 };
	struct err err;

	*w = (struct world){ .loop = loop, .credentials.get = get_credentials };
	w->far = sim_dynamodb_new(loop, NULL);
	w->far->fault = fault;
	w->far->fault_ctx = w;
	set.transport = &w->far->transport;
	w->client = aws_client_new(AWS_DYNAMODB, &set, &err);
	w->state = state_table_new(w->client, loop, STR("app"), STR("state"));
	heartbeat_init(&w->worker, w->state, loop, STR("somewhere:123"), FAILOVER_MS);
	w->handlers[0] = (struct seek_handler){ .name = STR("h") };
	w->seek = (struct seek){
		.loop = loop, .state = w->state, .instance = STR("host:9"), .pipeline = STR("p"), .handlers = w->handlers,
		.n_handlers = 1, .whence = SEEK_TRIM_HORIZON, .now_ms = env_wall_ms(loop_env(loop)), .failover_ms = 1000,
		.waiting = told, .ctx = w,
	};
	return state_open(w->state, &err) && heartbeat_renew(&w->worker, &err);
}

static void close_world(struct world *w)
{
	seek_release(&w->seek);
	heartbeat_release(&w->worker);
	state_free(w->state);
	aws_client_free(w->client);
	sim_dynamodb_free(w->far);
}

/* A saved lease with a position of "h"; held: by the worker. */
static bool add_row(struct world *w, const char *shard, bool held)
{
	struct lease *l = lease_at(shard, "", "h");
	struct err err;
	bool ok;

	l->loop = w->loop;
	event_init(&l->written, w->loop);
	ok = lease_take(l, &w->worker, &err) && (held || lease_release(l, &w->worker, str_of(NULL, 0), &err));
	lease_free(l);
	return ok;
}

static bool add_handler_row(struct world *w)
{
	return state_put(w->state, STATE_HANDLER, STR("p#h"), 0,
			 STR("\"stream\":{\"S\":\"label\"},\"definition\":{\"S\":\"d\"},\"pin_ms\":{\"N\":\"5\"},\"more\":{\"S\":\"kept\"}"),
			 NULL);
}

static bool row_is(struct world *w, const char *shard, struct lease **out)
{
	struct state_row row;
	struct arena arena;
	struct buf id;

	buf_init(&id, 1024);
	buf_putf(&id, "p#label#%s", shard);
	arena_init(&arena, 1 << 20);
	*out = state_get(w->state, STATE_LEASE, buf_str(&id), &arena, &row, NULL) && row.counter ?
		       lease_of_row(w->loop, &row, NULL) : NULL;
	arena_release(&arena);
	buf_release(&id);
	return *out != NULL;
}

static void all_rows_are_moved(struct loop *loop, void *arg)
{
	struct value v;
	struct state_row row;
	struct arena arena;
	struct lease *l;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop) && add_handler_row(&w));
	CHECK(add_row(&w, "a", false) && add_row(&w, "b", false));
	w.seek.whence = SEEK_LATEST;
	CHECK_OK(seek_run(&w.seek, &err), &err);
	CHECK_EQ(w.seek.rows_written, 2);
	CHECK_EQ(w.handlers[0].moved, 2);
	CHECK_EQ(w.told, 0);
	CHECK(row_is(&w, "b", &l) && l->owner.len == 0);
	CHECK(sequence_is_none(&lease_position(l, STR("h"))->position.sequence) && lease_position(l, STR("h"))->sought);
	CHECK_EQ(lease_position(l, STR("h"))->pin_ms, w.seek.now_ms);
	lease_free(l);
	arena_init(&arena, 1 << 20);
	CHECK_OK(state_get(w.state, STATE_HANDLER, STR("p#h"), &arena, &row, &err), &err);
	CHECK_EQ(row.counter, 2);
	CHECK(value_get(row.item, STR("more"), &v) && str_eq(v.raw, STR("kept")));
	CHECK(value_get(row.item, STR("definition"), &v) && str_eq(v.raw, STR("d")));
	CHECK(value_get(row.item, STR("pin_ms"), &v) && !str_eq(v.raw, STR("5")));
	arena_release(&arena);
	close_world(&w);
}

static void test_all_rows_are_moved_and_nothing_else_of_them(void **state)
{
	(void)state;
	run_simulated(1, all_rows_are_moved, NULL);
}

static void nothing_there(struct loop *loop, void *arg)
{
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop));
	CHECK_CLASS(seek_run(&w.seek, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "seek.nothing"));
	close_world(&w);
}

static void test_without_a_position_there_is_nothing_to_seek(void **state)
{
	(void)state;
	run_simulated(1, nothing_there, NULL);
}

static void beat(void *arg)
{
	heartbeat_run(arg);
}

static void a_living_holder_refuses(struct loop *loop, void *arg)
{
	struct lease *l;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop) && add_handler_row(&w));
	CHECK(add_row(&w, "a", false) && add_row(&w, "b", true));
	scope_init(&w.beats, loop);
	scope_spawn(&w.beats, "beat", beat, &w.worker);
	CHECK_CLASS(seek_run(&w.seek, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "seek.held"));
	CHECK(strstr(err.text, "host somewhere, process 123") && strstr(err.text, "holds 1 shard of pipeline p"));
	CHECK(w.told > 0 && w.seek.rows_written == 0);
	CHECK(row_is(&w, "a", &l) && lease_position(l, STR("h"))->position.v == 77);
	lease_free(l);
	w.seek.force = true;
	CHECK_OK(seek_run(&w.seek, &err), &err);
	CHECK(row_is(&w, "b", &l) && l->owner.len == 0 && lease_position(l, STR("h"))->sought);
	lease_free(l);
	scope_cancel(&w.beats);
	scope_wait(&w.beats);
	close_world(&w);
}

static void test_a_holder_that_lives_refuses_unless_forced(void **state)
{
	(void)state;
	run_simulated(1, a_living_holder_refuses, NULL);
}

/* It could take the row, free and one write further, for its own release. */
static void an_owner_sees_that_it_lost(struct loop *loop, void *arg)
{
	struct lease *theirs;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop) && add_handler_row(&w) && add_row(&w, "a", false));
	CHECK(row_is(&w, "a", &theirs));
	event_init(&theirs->written, loop);
	CHECK_OK(lease_take(theirs, &w.worker, &err), &err);
	w.seek.force = true;
	CHECK_OK(seek_run(&w.seek, &err), &err);
	CHECK_CLASS(lease_release(theirs, &w.worker, str_of(NULL, 0), &err), &err, ERR_DATA);
	CHECK(err_is(&err, "lease.lost") && !theirs->held);
	lease_free(theirs);
	CHECK(row_is(&w, "a", &theirs) && lease_position(theirs, STR("h"))->sought);
	lease_free(theirs);
	close_world(&w);
}

static void test_an_owner_does_not_take_a_forced_seek_for_its_own_release(void **state)
{
	(void)state;
	run_simulated(1, an_owner_sees_that_it_lost, NULL);
}

static void a_dead_holder_is_waited_out(struct loop *loop, void *arg)
{
	int64_t began_ms = env_mono_ms(loop_env(loop)), took_ms;
	struct lease *l;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop) && add_handler_row(&w) && add_row(&w, "a", true));
	CHECK_OK(seek_run(&w.seek, &err), &err);
	took_ms = env_mono_ms(loop_env(loop)) - began_ms;
	CHECK(took_ms > FAILOVER_MS && took_ms < 2 * FAILOVER_MS); /* its own time, not this settings' second */
	CHECK(row_is(&w, "a", &l) && l->owner.len == 0 && lease_position(l, STR("h"))->sought);
	lease_free(l);
	close_world(&w);
}

static void test_a_holder_that_stands_still_is_waited_out(void **state)
{
	(void)state;
	run_simulated(1, a_dead_holder_is_waited_out, NULL);
}

static void who_holds_nothing_does_not_matter(struct loop *loop, void *arg)
{
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop) && add_handler_row(&w) && add_row(&w, "a", false));
	scope_init(&w.beats, loop);
	scope_spawn(&w.beats, "beat", beat, &w.worker);
	CHECK_OK(seek_run(&w.seek, &err), &err);
	CHECK_EQ(w.told, 0);
	scope_cancel(&w.beats);
	scope_wait(&w.beats);
	close_world(&w);
}

static void test_a_worker_that_holds_nothing_of_the_pipeline_does_not_matter(void **state)
{
	(void)state;
	run_simulated(1, who_holds_nothing_does_not_matter, NULL);
}

static void handlers_of_images_are_not_moved_forward(struct loop *loop, void *arg)
{
	struct lease *l;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop) && add_handler_row(&w) && add_row(&w, "a", false));
	w.handlers[0].image = true;
	CHECK_CLASS(seek_run(&w.seek, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "seek.gap") && strstr(err.text, "has lost records of shard a")); /* losses stand in the row */
	CHECK(row_is(&w, "a", &l));
	lease_position(l, STR("h"))->losses = 0;
	lease_position(l, STR("h"))->position.v = (uint64_t)(w.seek.now_ms / 1000) << 20;
	CHECK_OK(lease_take(l, &w.worker, &err), &err);
	CHECK_OK(lease_release(l, &w.worker, str_of(NULL, 0), &err), &err);
	lease_free(l);
	w.seek.whence = SEEK_LATEST;
	CHECK_CLASS(seek_run(&w.seek, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "seek.gap") && strstr(err.text, "would miss what lies between its position in shard a"));
	CHECK_EQ(w.seek.rows_written, 0);
	w.seek.whence = SEEK_TRIM_HORIZON;
	CHECK_OK(seek_run(&w.seek, &err), &err);
	w.seek.whence = SEEK_LATEST;
	w.seek.force = true;
	CHECK_OK(seek_run(&w.seek, &err), &err);
	close_world(&w);
}

static void test_handlers_of_images_are_not_moved_forward_unless_forced(void **state)
{
	(void)state;
	run_simulated(1, handlers_of_images_are_not_moved_forward, NULL);
}

/* ---- seeks that break ---- */

static bool is_moved(struct world *w, const char *shard, bool *whole)
{
	const struct lease_position *p;
	struct lease *l;
	bool moved;

	*whole = row_is(w, shard, &l);
	p = *whole ? lease_position(l, STR("h")) : NULL;
	moved = p && p->sought;
	*whole = p && (moved ? sequence_is_none(&p->position.sequence) && p->position.v > 77 :
			       !sequence_is_none(&p->position.sequence) && p->position.v == 77);
	lease_free(l);
	return moved;
}

/* arg: the fault. Whichever write breaks, each row is old or new, and a repeat
 * completes it. */
static void a_broken_seek_is_completed_by_repeating(struct loop *loop, void *arg)
{
	static const char *const shards[] = { "a", "b", "c" };

	for (int at = 1; at <= 7; at++) { /* two writes for each of three rows, one for the handler */
		bool whole;
		struct world w;
		struct err err;

		CHECK(open_world(&w, loop) && add_handler_row(&w));
		CHECK(add_row(&w, "a", false) && add_row(&w, "b", false) && add_row(&w, "c", false));
		w.puts_until_fault = at;
		w.next_put = *(enum sim_fault *)arg;
		CHECK(!seek_run(&w.seek, &err));
		CHECK_EQ(w.seek.rows_written, (at - 1) / 2);
		for (size_t i = 0; i < COUNT_OF(shards); i++) {
			is_moved(&w, shards[i], &whole);
			CHECK(whole);
		}
		w.seek.rows_written = 0;
		CHECK_OK(seek_run(&w.seek, &err), &err);
		CHECK_EQ(w.seek.rows_written, 3);
		for (size_t i = 0; i < COUNT_OF(shards); i++)
			CHECK(is_moved(&w, shards[i], &whole) && whole);
		close_world(&w);
	}
}

static void test_a_seek_that_broke_is_completed_by_repeating_it(void **state)
{
	static enum sim_fault faults[] = { SIM_DROP_BEFORE, SIM_DROP_AFTER };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(faults); i++)
		run_simulated(i + 1, a_broken_seek_is_completed_by_repeating, &faults[i]);
}

/* Somebody writes the row just before the seek does. */
static void a_row_written_meanwhile_is_read_again(struct loop *loop, void *arg)
{
	struct world w;
	struct err err;
	bool whole;

	(void)arg;
	CHECK(open_world(&w, loop) && add_handler_row(&w) && add_row(&w, "a", false));
	w.rivals = 2;
	CHECK_OK(seek_run(&w.seek, &err), &err);
	CHECK(is_moved(&w, "a", &whole) && whole);
	CHECK_EQ(w.rivals, 0);
	CHECK_EQ(w.handlers[0].moved, 1);
	w.rivals = 100;
	CHECK_CLASS(seek_run(&w.seek, &err), &err, ERR_RETRY);
	CHECK(err_is(&err, "seek.conflict"));
	close_world(&w);
}

static void test_a_row_that_is_written_meanwhile_is_read_again(void **state)
{
	(void)state;
	run_simulated(1, a_row_written_meanwhile_is_read_again, NULL);
}

static void a_worker_that_comes_meanwhile_is_seen(struct loop *loop, void *arg)
{
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop) && add_handler_row(&w) && add_row(&w, "a", false));
	w.rivals = 1;
	w.rival_stays = true;
	CHECK_CLASS(seek_run(&w.seek, &err), &err, ERR_FATAL);
	CHECK(err_is(&err, "seek.held") && strstr(err.text, "meanwhile"));
	close_world(&w);
}

static void test_a_worker_that_comes_meanwhile_is_seen(void **state)
{
	(void)state;
	run_simulated(1, a_worker_that_comes_meanwhile_is_seen, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_moved_position_is_at_the_begin_with_a_higher_version),
		cmocka_unit_test(test_versions_go_on_above_the_highest_of_all_rows),
		cmocka_unit_test(test_a_shard_that_is_trimmed_by_now_stays_finished),
		cmocka_unit_test(test_a_counter_never_goes_back_to_before_its_start),
		cmocka_unit_test(test_a_gap_is_seen_where_a_handler_may_not_have_had_all),
		cmocka_unit_test(test_what_was_lost_to_trim_is_seen_at_whatever_place),
		cmocka_unit_test(test_all_rows_are_moved_and_nothing_else_of_them),
		cmocka_unit_test(test_without_a_position_there_is_nothing_to_seek),
		cmocka_unit_test(test_a_holder_that_lives_refuses_unless_forced),
		cmocka_unit_test(test_an_owner_does_not_take_a_forced_seek_for_its_own_release),
		cmocka_unit_test(test_a_holder_that_stands_still_is_waited_out),
		cmocka_unit_test(test_a_worker_that_holds_nothing_of_the_pipeline_does_not_matter),
		cmocka_unit_test(test_handlers_of_images_are_not_moved_forward_unless_forced),
		cmocka_unit_test(test_a_seek_that_broke_is_completed_by_repeating_it),
		cmocka_unit_test(test_a_row_that_is_written_meanwhile_is_read_again),
		cmocka_unit_test(test_a_worker_that_comes_meanwhile_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
