/* Objects in S3, in virtual time: whatever happens to the worker, each change stands in
 * one object, and the objects are those of a run that nothing happened to. */
#include "sim/s3.h"
#include "sluice/core/mem.h"
#include "sluice/core/scan.h"
#include "sluice/sinks/kinds.h"
#include "sluice/worker/shard_run.h"
#include "support/engine.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { SEEDS = 6, SECOND_MS = 1000, MINUTE_MS = 60 * 1000, MOST_RECORDS = 20000 };

static void run_seeds(test_body *body)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, body, &seed);
}

/* ---- a world with one handler that writes objects ---- */

struct world {
	struct engine e;
	struct sim_s3 *s3;
	struct sim_shard *shards[64];
	size_t n_shards;
	struct sequence *wrote;
	size_t n_wrote;
};

static void read_settings(struct world *w, const struct option *options, size_t size, const void **out, const char *json)
{
	void *settings = arena_alloc(&w->e.arena, size);
	struct problems problems;

	problems_init(&problems, &w->e.arena);
	option_read(options, node_from_json(&w->e.arena, arena_dup(&w->e.arena, str_c(json)), NULL, NULL), settings, NULL, &problems);
	if (problems.count) {
		fprintf(stderr, "%.*s\n", STR_ARG(problems.first->text));
		abort();
	}
	*out = settings;
}

static void sink_settings(struct world *w, const char *json)
{
	w->e.sinks[0].ops = &s3_sink;
	read_settings(w, s3_sink.options, s3_sink.settings_size, &w->e.sinks[0].settings, json);
}

#define SINK "{\"endpoint_url\":\"http://s3.test\",\"interval_s\":60,\"object_bytes\":1024,\"timeout_ms\":5000}"

/* v is left out: it is another one in a run that begins later. */
static void open_world(struct world *w, struct loop *loop, size_t n_handlers, const char *sink)
{
	const struct handler_ops *forward = handler_kind(STR("forward"));

	*w = (struct world){ 0 };
	engine_init(&w->e, loop, n_handlers);
	w->s3 = sim_s3_new(loop, "http://s3.test", w->e.streams->next);
	w->e.streams->next = &w->s3->transport;
	w->wrote = mem_array(MOST_RECORDS, sizeof(*w->wrote));
	sink_settings(w, sink);
	read_settings(w, forward->options, forward->settings_size, &w->e.handlers[0].settings,
		      "{\"sink\":\"s0\",\"bucket\":\"lake\",\"prefix\":\"deals\",\"message\":"
		      "{\"sequence\":\"${event.sequence_number}\",\"n\":\"${new.n}\"}}");
	w->e.handlers[0].policy.max_age_s = 0;
}

static void close_world(struct world *w)
{
	engine_release(&w->e);
	sim_s3_free(w->s3);
	mem_free(w->wrote);
}

static struct sim_shard *add_shard(struct world *w, const char *parent)
{
	char id[32];

	snprintf(id, sizeof(id), "shard-%02zu", w->n_shards + 1);
	return w->shards[w->n_shards++] = sim_shard_add(w->e.streams, id, parent);
}

static void put(struct world *w, struct sim_shard *shard)
{
	w->wrote[w->n_wrote] = engine_put(&w->e, shard, (int)(w->n_wrote % 7), (int)w->n_wrote);
	w->n_wrote++;
}

static bool sleep_ms(struct world *w, int64_t ms)
{
	return task_sleep_ms(w->e.loop, ms, NULL);
}

static uint64_t draw(struct world *w, uint64_t n)
{
	return rng_below(&w->e.env->rng, n);
}

/* ---- what is in S3 ---- */

static int by_sequence(const void *a, const void *b)
{
	return sequence_compare(a, b);
}

/* All lines of all objects: their sequence numbers, sorted. */
static size_t read_lines(const struct sim_s3 *s3, struct sequence *out, size_t most)
{
	size_t n = 0;

	for (const struct sim_object *o = s3->objects; o; o = o->next) {
		struct str rest = buf_str(&o->text), value;

		while (rest.len && n < most) {
			struct str line = str_split(&rest, '\n');

			if (!scan_member(line, STR("sequence"), &value) ||
			    !sequence_parse(str_sub(value, 1, value.len - 2), &out[n++], NULL))
				return most;
		}
	}
	qsort(out, n, sizeof(*out), by_sequence);
	return n;
}

/* Is each change there exactly once? */
static bool is_whole(const struct world *w)
{
	struct sequence *lines = mem_array(2 * MOST_RECORDS, sizeof(*lines));
	struct sequence *wrote = mem_array(w->n_wrote, sizeof(*wrote));
	size_t n = read_lines(w->s3, lines, 2 * MOST_RECORDS);
	bool whole = n == w->n_wrote;

	memcpy(wrote, w->wrote, w->n_wrote * sizeof(*wrote));
	qsort(wrote, w->n_wrote, sizeof(*wrote), by_sequence);
	for (size_t i = 0; whole && i < n; i++)
		whole = sequence_compare(&lines[i], &wrote[i]) == 0;
	mem_free(lines);
	mem_free(wrote);
	return whole;
}

static size_t lines_there(const struct world *w)
{
	struct sequence *lines = mem_array(2 * MOST_RECORDS, sizeof(*lines));
	size_t n = read_lines(w->s3, lines, 2 * MOST_RECORDS);

	mem_free(lines);
	return n;
}

static bool wait_whole(struct world *w, int64_t limit_ms)
{
	int64_t end_ms = env_mono_ms(w->e.env) + limit_ms;

	while (!is_whole(w))
		if (env_mono_ms(w->e.env) >= end_ms || !sleep_ms(w, 5 * SECOND_MS))
			return false;
	return true;
}

static size_t changes_of(const struct sim_s3 *s3)
{
	size_t n = 0;

	for (const struct sim_object *o = s3->objects; o; o = o->next)
		n += o->changes;
	return n;
}

/* As one text, "key bytes" of each. */
static struct buf snapshot(const struct sim_s3 *s3)
{
	struct buf all;

	buf_init(&all, 64 << 20);
	for (const struct sim_object *o = s3->objects; o; o = o->next) {
		buf_putf(&all, "%s %zu ", o->key, o->bytes.len);
		buf_put(&all, buf_str(&o->bytes));
	}
	return all;
}

/* A worker that knows nothing of this one reads all of it with nothing in its way: are
 * the objects the same, byte for byte? Ends the engine. */
static bool equals_an_undisturbed_run(struct world *w)
{
	struct buf disturbed = snapshot(w->s3), calm;
	bool same;

	if (w->e.running)
		engine_stop(&w->e);
	sim_s3_clear(w->s3);
	w->s3->faulty = 0;
	w->s3->down = false;
	w->s3->slow_ms = 0;
	w->e.streams->lies = (struct sim_lies){ 0 };
	w->e.plan.app = STR("calm");
	w->e.handlers[0].site.app = STR("calm");
	w->e.handlers[0].batch_records = 100;
	engine_start(&w->e);
	same = wait_whole(w, 30 * MINUTE_MS);
	engine_stop(&w->e);
	calm = snapshot(w->s3);
	same = same && str_eq(buf_str(&disturbed), buf_str(&calm));
	buf_release(&disturbed);
	buf_release(&calm);
	return same;
}

/* ---- quiet days ---- */

static void an_object_is_there_when_its_time_has_passed(struct loop *loop, void *arg)
{
	struct lease_position p = { 0 };
	struct sim_shard *shard;
	struct world w;
	char key[200];

	(void)arg;
	open_world(&w, loop, 1, "{\"endpoint_url\":\"http://s3.test\",\"interval_s\":60}");
	w.e.handlers[0].batch_records = 1;
	shard = add_shard(&w, NULL);
	engine_start(&w.e);
	CHECK(sleep_ms(&w, 5 * SECOND_MS)); /* 00:00:05 */
	for (int i = 0; i < 5; i++)
		put(&w, shard);
	CHECK(sleep_ms(&w, 50 * SECOND_MS));
	put(&w, shard);
	CHECK(sleep_ms(&w, 2 * MINUTE_MS)); /* 00:02:55: a late one could still come */
	CHECK_EQ(w.s3->n_objects, 0);
	CHECK(engine_saved(&w.e, "shard-01", "h0", &p));
	CHECK(sequence_is_none(&p.position.sequence));
	CHECK_EQ(w.e.worker->pipelines[0].runs->chains[0].progress.count, 1); /* however many it holds */
	CHECK(wait_whole(&w, 10 * SECOND_MS));
	CHECK_EQ(w.s3->n_objects, 1);
	snprintf(key, sizeof(key), "lake/deals/dt=2026-01-01/hour=00/shard-01-%s.json.gz", w.wrote[0].digits);
	CHECK_STR(str_c(w.s3->objects->key), key);
	CHECK(sleep_ms(&w, 6 * SECOND_MS)); /* a checkpoint */
	CHECK(engine_saved(&w.e, "shard-01", "h0", &p));
	CHECK(sequence_compare(&p.position.sequence, &w.wrote[5]) == 0);
	CHECK_EQ(p.losses, 0);
	CHECK_EQ(w.e.worker->pipelines[0].handlers[0].stats.effects, 6);
	close_world(&w);
}

static void test_an_object_is_there_when_its_time_has_passed(void **state)
{
	(void)state;
	run_seeds(an_object_is_there_when_its_time_has_passed);
}

static void the_end_of_a_shard_ends_its_object(struct loop *loop, void *arg)
{
	struct world w;

	(void)arg;
	open_world(&w, loop, 1, SINK);
	add_shard(&w, NULL);
	engine_start(&w.e);
	put(&w, w.shards[0]);
	put(&w, w.shards[0]);
	CHECK(sleep_ms(&w, SECOND_MS));
	sim_shard_close(w.shards[0]);
	add_shard(&w, "shard-01");
	put(&w, w.shards[1]);
	CHECK(sleep_ms(&w, 40 * SECOND_MS));
	CHECK_EQ(w.s3->n_objects, 1); /* the parent's alone */
	CHECK_EQ(lines_there(&w), 2);
	CHECK(wait_whole(&w, 4 * MINUTE_MS));
	CHECK(equals_an_undisturbed_run(&w));
	close_world(&w);
}

static void test_the_end_of_a_shard_ends_its_object(void **state)
{
	(void)state;
	run_seeds(the_end_of_a_shard_ends_its_object);
}

static void a_drain_writes_nothing_and_is_quick(struct loop *loop, void *arg)
{
	int64_t began_ms;
	struct world w;

	(void)arg;
	open_world(&w, loop, 1, SINK);
	add_shard(&w, NULL);
	engine_start(&w.e);
	CHECK(sleep_ms(&w, 5 * SECOND_MS));
	for (int i = 0; i < 10; i++)
		put(&w, w.shards[0]);
	CHECK(sleep_ms(&w, 5 * SECOND_MS));
	began_ms = env_mono_ms(w.e.env);
	engine_stop(&w.e);
	CHECK(env_mono_ms(w.e.env) - began_ms < 2 * SECOND_MS);
	CHECK_EQ(w.s3->puts, 0);
	engine_start(&w.e);
	CHECK(wait_whole(&w, 5 * MINUTE_MS));
	CHECK(equals_an_undisturbed_run(&w));
	close_world(&w);
}

static void test_a_drain_writes_nothing_and_is_quick(void **state)
{
	(void)state;
	run_seeds(a_drain_writes_nothing_and_is_quick);
}

/* ---- bad days ---- */

/* Shards close into children now and then; each second something may be written. */
static void write_for(struct world *w, int64_t ms)
{
	int64_t end_ms = env_mono_ms(w->e.env) + ms;

	while (env_mono_ms(w->e.env) < end_ms && w->n_wrote < MOST_RECORDS - 64) {
		size_t open = draw(w, w->n_shards);

		if (!w->shards[open]->closed) {
			for (uint64_t n = draw(w, 8); n; n--)
				put(w, w->shards[open]);
			if (w->n_shards < 6 && draw(w, 60) == 0) {
				sim_shard_close(w->shards[open]);
				add_shard(w, w->shards[open]->id);
				add_shard(w, w->shards[open]->id);
			}
		}
		if (!sleep_ms(w, 200 + (int64_t)draw(w, 2000)))
			return;
	}
}

static void restart(struct world *w)
{
	if (draw(w, 3) == 0)
		engine_stop(&w->e);
	else
		engine_kill(&w->e);
	if (draw(w, 2) == 0) /* what it reads then is old */
		write_for(w, (int64_t)draw(w, 5 * MINUTE_MS));
	w->e.handlers[0].batch_records = 1 + (int64_t)draw(w, 120);
	w->e.handlers[0].batch_window_ms = (int64_t)draw(w, 3) * 500;
	w->e.streams->page_records = 1 + (size_t)draw(w, 100);
	engine_start(&w->e);
}

static void live_badly(struct world *w, int turns)
{
	w->s3->latency_ms = 500;
	w->s3->faulty = 0.2;
	w->e.streams->latency_ms = 50;
	w->e.streams->lies.short_page = 0.2;
	add_shard(w, NULL);
	add_shard(w, NULL);
	engine_start(&w->e);
	for (int turn = 0; turn < turns; turn++) {
		write_for(w, 5 * SECOND_MS + (int64_t)draw(w, 2 * MINUTE_MS));
		if (draw(w, 4) == 0) {
			w->s3->down = true;
			write_for(w, 10 * SECOND_MS + (int64_t)draw(w, 2 * MINUTE_MS));
			w->s3->down = false;
		}
		restart(w);
	}
}

static void kills_change_nothing(struct loop *loop, void *arg)
{
	struct world w;

	(void)arg;
	open_world(&w, loop, 1, SINK);
	w.e.streams->lies.empty_page = 0.3;
	live_badly(&w, 15);
	CHECK(wait_whole(&w, 20 * MINUTE_MS));
	CHECK_EQ(changes_of(w.s3), 0);
	CHECK_EQ(w.s3->refused, 0);
	CHECK(w.s3->n_objects > 30);
	CHECK(equals_an_undisturbed_run(&w));
	close_world(&w);
}

static void test_kills_change_nothing(void **state)
{
	(void)state;
	run_seeds(kills_change_nothing);
}

/* Empty pages in front of records are taken for the tip now and then, and settings
 * change between two runs: objects are cut elsewhere, and each change is there once. */
static void other_cuts_double_nothing(struct loop *loop, void *arg)
{
	static const char *const settings[] = {
		SINK,
		"{\"endpoint_url\":\"http://s3.test\",\"interval_s\":10,\"object_bytes\":4096,\"timeout_ms\":5000}",
		"{\"endpoint_url\":\"http://s3.test\",\"interval_s\":300,\"object_bytes\":2048,\"timeout_ms\":5000}",
	};
	struct world w;

	(void)arg;
	open_world(&w, loop, 1, SINK);
	w.e.streams->lies.empty_page = 0.8;
	live_badly(&w, 5);
	for (int turn = 0; turn < 12; turn++) {
		write_for(&w, 5 * SECOND_MS + (int64_t)draw(&w, MINUTE_MS));
		engine_kill(&w.e);
		sink_settings(&w, settings[draw(&w, COUNT_OF(settings))]);
		engine_start(&w.e);
	}
	CHECK(wait_whole(&w, 60 * MINUTE_MS));
	close_world(&w);
}

static void test_other_cuts_double_nothing(void **state)
{
	(void)state;
	run_seeds(other_cuts_double_nothing);
}

/* What cannot be written goes to the dead letter, and the object around it stays one. */
static void dead_letters_in_the_middle_double_nothing(struct loop *loop, void *arg)
{
	struct world w;

	(void)arg;
	open_world(&w, loop, 1, SINK);
	w.e.handlers[0].batch_records = 100;
	w.e.dead_letter_down = true;
	add_shard(&w, NULL);
	for (int i = 0; i < 40; i++) {
		put(&w, w.shards[0]);
		if (i == 5)
			sim_shard_put(w.e.streams, w.shards[0], "INSERT", "{\"id\":{\"S\":\"k\"}}",
				      "{\"id\":{\"S\":\"k\"}}", NULL); /* without n */
	}
	engine_start(&w.e);
	CHECK(sleep_ms(&w, MINUTE_MS));
	w.e.dead_letter_down = false;
	CHECK(wait_whole(&w, 10 * MINUTE_MS));
	CHECK(w.e.n_dead_letters > 0);
	CHECK(equals_an_undisturbed_run(&w));
	close_world(&w);
}

static void test_dead_letters_in_the_middle_double_nothing(void **state)
{
	(void)state;
	run_seeds(dead_letters_in_the_middle_double_nothing);
}

/* ---- others ---- */

static void s3_that_is_down_holds_up_nobody(struct loop *loop, void *arg)
{
	struct world w;

	(void)arg;
	open_world(&w, loop, 2, SINK);
	add_shard(&w, NULL);
	w.s3->down = true;
	engine_start(&w.e);
	for (int minute = 0; minute < 60; minute++) {
		put(&w, w.shards[w.n_shards - 1]);
		if (minute == 20) {
			sim_shard_close(w.shards[0]);
			add_shard(&w, "shard-01");
		}
		CHECK(sleep_ms(&w, MINUTE_MS));
		CHECK(engine_count(&w.e, 1) >= w.n_wrote); /* (again, where it has a reading in common with the other) */
	}
	CHECK(w.e.worker->pipelines[0].handlers[0].stats.parked > 0);
	CHECK_EQ(w.s3->n_objects, 0);
	w.s3->down = false;
	CHECK(wait_whole(&w, 5 * MINUTE_MS));
	CHECK(equals_an_undisturbed_run(&w));
	close_world(&w);
}

static void test_s3_that_is_down_holds_up_nobody(void **state)
{
	(void)state;
	run_seeds(s3_that_is_down_holds_up_nobody);
}

/* A request that takes longer than a stall is no stall. */
static void a_slow_put_is_waited_for(struct loop *loop, void *arg)
{
	struct world w;

	(void)arg;
	open_world(&w, loop, 1, "{\"endpoint_url\":\"http://s3.test\",\"interval_s\":60,\"timeout_ms\":60000}");
	w.s3->slow_ms = 45 * SECOND_MS;
	add_shard(&w, NULL);
	engine_start(&w.e);
	put(&w, w.shards[0]);
	CHECK(wait_whole(&w, 5 * MINUTE_MS));
	CHECK_EQ(w.e.worker->pipelines[0].handlers[0].stats.parked, 0);
	CHECK_EQ(w.s3->puts, 1);
	close_world(&w);
}

static void test_a_slow_put_is_waited_for(void **state)
{
	(void)state;
	run_seeds(a_slow_put_is_waited_for);
}

/* Forty shards want far more than there is; those that wait are parked, and all get
 * their turn. */
static void too_little_memory_is_enough_for_all(struct loop *loop, void *arg)
{
	struct world w;

	(void)arg;
	open_world(&w, loop, 1, "{\"endpoint_url\":\"http://s3.test\",\"interval_s\":60,\"object_bytes\":1000000,\"memory_bytes\":2000000}");
	w.e.pipeline.poll_max_ms = 5000;
	for (int i = 0; i < 40; i++)
		add_shard(&w, NULL);
	((struct worker_plan *)&w.e.plan)->memory_bytes = 256 << 20;
	engine_start(&w.e);
	for (int turn = 0; turn < 10; turn++) {
		for (size_t i = 0; i < w.n_shards; i++) {
			char keys[64], *image = mem_alloc(30100);
			int n = snprintf(image, 100, "{\"id\":{\"S\":\"k\"},\"n\":{\"S\":\"");

			for (int at = 0; at < 30000; at++)
				image[n++] = (char)('!' + 2 + draw(&w, 20)); /* hardly to be compressed */
			snprintf(image + n, 30, "\"}}");
			snprintf(keys, sizeof(keys), "{\"id\":{\"S\":\"k\"}}");
			w.wrote[w.n_wrote++] = sim_shard_put(w.e.streams, w.shards[i], "INSERT", keys, image, NULL);
			mem_free(image);
		}
		CHECK(sleep_ms(&w, SECOND_MS));
	}
	CHECK(wait_whole(&w, 120 * MINUTE_MS));
	CHECK(w.e.worker->pipelines[0].handlers[0].stats.parked > 0);
	CHECK(equals_an_undisturbed_run(&w));
	close_world(&w);
}

static void test_too_little_memory_is_enough_for_all(void **state)
{
	uint64_t seed = 1;

	(void)state;
	run_simulated(seed, too_little_memory_is_enough_for_all, &seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_object_is_there_when_its_time_has_passed),
		cmocka_unit_test(test_the_end_of_a_shard_ends_its_object),
		cmocka_unit_test(test_a_drain_writes_nothing_and_is_quick),
		cmocka_unit_test(test_kills_change_nothing),
		cmocka_unit_test(test_other_cuts_double_nothing),
		cmocka_unit_test(test_dead_letters_in_the_middle_double_nothing),
		cmocka_unit_test(test_s3_that_is_down_holds_up_nobody),
		cmocka_unit_test(test_a_slow_put_is_waited_for),
		cmocka_unit_test(test_too_little_memory_is_enough_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
