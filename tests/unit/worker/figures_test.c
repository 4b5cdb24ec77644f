#include "sluice/worker/figures.h"

#include "support/engine.h"
#include "support/test.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MINUTE_MS = 60 * 1000, LOG_BYTES = 1 << 20 };

static bool near(double got, double want)
{
	return fabs(got - want) < 1e-9;
}

static void test_a_rate_is_what_came_over_the_time_it_took(void **state)
{
	(void)state;
	assert_true(near(figures_per_hour(10, 30 * MINUTE_MS), 20));
	assert_true(near(figures_per_hour(1, 3600000), 1));
	assert_true(near(figures_per_hour(10, 0), 0));
}

static void test_reading_costs_what_the_price_list_says(void **state)
{
	static const struct { double per_hour, list_usd, billed_usd; } cases[] = {
		{ 0, 0, 0 },
		{ 1000, 0.146, 0 },             /* 730,000 a month: all of them free */
		{ 3600, 0.5256, 0.0256 },       /* one a second: 2,628,000, of which 128,000 are billed */
		{ 5 * 3600, 2.628, 2.128 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct figures_price p = figures_reading_price(cases[i].per_hour);

		assert_true(near(p.list_usd, cases[i].list_usd));
		assert_true(near(p.billed_usd, cases[i].billed_usd));
	}
}

static void test_the_state_table_costs_its_units(void **state)
{
	(void)state;
	assert_true(near(figures_state_price(0, 0), 0));
	assert_true(near(figures_state_price(3600, 0), 0.3285));
	assert_true(near(figures_state_price(0, 3600), 1.6425));
}

static void counters_move_while_a_reading_is_under_way(struct loop *loop, void *arg)
{
	struct worker_stats during = { 0 }, after = { 0 };
	struct sim_shard *shard;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 2);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	for (int i = 0; i < 30; i++)
		engine_put(&e, shard, i, i);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 30, MINUTE_MS) && engine_wait(&e, 1, 30, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	worker_stats_take(e.worker, &during);
	sim_shard_close(shard);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	worker_stats_take(e.worker, &after);
	engine_stop(&e);

	CHECK_EQ(during.n_pipelines, 1);
	CHECK_STR(during.pipelines[0].name, "p");
	CHECK_EQ(during.pipelines[0].reads.records, 30);
	CHECK(during.pipelines[0].reads.calls > 30); /* a minute at a call a second */
	CHECK_EQ(during.pipelines[0].reads.calls, during.pipelines[0].reads.pages);
	CHECK(during.pipelines[0].reads.empty >= during.pipelines[0].reads.pages - 2);
	CHECK_EQ(during.pipelines[0].reads.iterators, 1);
	CHECK_EQ(during.pipelines[0].shards.shards, 1);
	CHECK(during.pipelines[0].shards.describes >= 2);
	CHECK_EQ(during.pipelines[0].n_handlers, 2);
	for (size_t i = 0; i < 2; i++) {
		CHECK_EQ(during.pipelines[0].handlers[i].stats.records, 30);
		CHECK_EQ(during.pipelines[0].handlers[i].stats.effects, 30);
		CHECK(during.pipelines[0].handlers[i].stats.lag_ms < 5000);
	}
	CHECK_EQ(after.pipelines[0].reads.records, 30); /* the reading is over: nothing is lost or counted twice */
	CHECK(after.pipelines[0].reads.calls > during.pipelines[0].reads.calls);
	CHECK(after.taken_ms == during.taken_ms + MINUTE_MS);
	worker_stats_release(&during);
	worker_stats_release(&after);
	engine_release(&e);
}

static void test_counters_move_while_a_reading_is_under_way(void **state)
{
	(void)state;
	run_simulated(1, counters_move_while_a_reading_is_under_way, NULL);
}

static void a_late_record_shows_as_lag(struct loop *loop, void *arg)
{
	struct worker_stats s = { 0 };
	struct sim_shard *shard;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_put(&e, shard, 1, 1);
	CHECK(task_sleep_ms(loop, 5 * MINUTE_MS, NULL));
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	worker_stats_take(e.worker, &s);
	engine_stop(&e);
	CHECK(s.pipelines[0].handlers[0].stats.lag_ms >= 5 * MINUTE_MS - 1000);
	CHECK(s.pipelines[0].handlers[0].stats.lag_ms < 6 * MINUTE_MS); /* idling afterwards is no lag */
	worker_stats_release(&s);
	engine_release(&e);
}

static void test_a_late_record_shows_as_lag(void **state)
{
	(void)state;
	run_simulated(2, a_late_record_shows_as_lag, NULL);
}

/* An idle worker's requests to the state table, of which each has at least a unit. */
static void requests_to_the_state_table_are_counted(struct loop *loop, void *arg)
{
	struct worker_stats first = { 0 }, second = { 0 };
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	sim_shard_add(e.streams, "shard-1", NULL);
	engine_start(&e);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	worker_stats_take(e.worker, &first);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	worker_stats_take(e.worker, &second);
	engine_stop(&e);
	CHECK(first.state.reads > 0);
	CHECK(first.state.writes > 0);
	CHECK(second.state.write_units - first.state.write_units >= MINUTE_MS / (10000 / 3)); /* the heartbeat's */
	CHECK(second.state.write_units >= second.state.writes);
	CHECK(second.state.read_units >= second.state.reads);
	worker_stats_release(&first);
	worker_stats_release(&second);
	engine_release(&e);
}

static void test_requests_to_the_state_table_are_counted(void **state)
{
	(void)state;
	run_simulated(3, requests_to_the_state_table_are_counted, NULL);
}

/* ---- what the log says ---- */

static char text[LOG_BYTES];

static size_t times(const char *event)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, event)); at++)
		n++;
	return n;
}

static void read_log(const struct log *log)
{
	ssize_t n = pread(log->fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
}

static void figures_are_logged_every_ten_minutes_and_at_the_end(struct loop *loop, void *arg)
{
	struct log *log = arg;
	struct sim_shard *shard;
	struct engine e;

	loop_env(loop)->log = log;
	engine_init(&e, loop, 1);
	shard = sim_shard_add(e.streams, "shard-1", NULL);
	engine_put(&e, shard, 1, 1);
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 25 * MINUTE_MS, NULL));
	read_log(log);
	CHECK_EQ(times("event=worker.figures"), 2);
	CHECK_EQ(times("event=pipeline.figures"), 2);
	CHECK_EQ(times("event=handler.figures"), 2);
	CHECK_EQ(times("span_s=600 shards=1 records=1 "), 1);
	CHECK_EQ(times("span_s=600 shards=1 records=0 "), 1); /* each tells of its own span */
	engine_stop(&e);
	loop_env(loop)->log = NULL;
	read_log(log);
	CHECK_EQ(times("event=worker.figures"), 3);
	CHECK_EQ(times("event=handler.figures pipeline=p handler=h0"), 3);
	engine_release(&e);
}

static void test_figures_are_logged_every_ten_minutes_and_at_the_end(void **state)
{
	struct log log = { .fd = memfd_create("log", MFD_CLOEXEC), .level = LOG_INFO };

	(void)state;
	assert_true(log.fd >= 0);
	run_simulated(4, figures_are_logged_every_ten_minutes_and_at_the_end, &log);
	close(log.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_rate_is_what_came_over_the_time_it_took),
		cmocka_unit_test(test_reading_costs_what_the_price_list_says),
		cmocka_unit_test(test_the_state_table_costs_its_units),
		cmocka_unit_test(test_counters_move_while_a_reading_is_under_way),
		cmocka_unit_test(test_a_late_record_shows_as_lag),
		cmocka_unit_test(test_requests_to_the_state_table_are_counted),
		cmocka_unit_test(test_figures_are_logged_every_ten_minutes_and_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
