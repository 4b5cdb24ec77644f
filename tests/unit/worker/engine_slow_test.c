/* Far sides that need longer for one request than a stall is long (functions, webhooks),
 * in virtual time: they are waited for, and asked once. */
#include "sim/service.h"
#include "sluice/sinks/kinds.h"
#include "sluice/worker/shard_run.h"
#include "support/engine.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { SEEDS = 3, SECOND_MS = 1000 };

/* Whatever is asked for "http://slow.test" is done after slow_ms, or never. */
struct slow {
	struct transport transport;
	struct transport *next;
	struct engine *engine;
	int64_t slow_ms;
	bool refuses;
	size_t begun, answered;
};

static bool answer_slowly(struct transport *t, const struct http_request *request, struct http_response *response,
			  struct err *err)
{
	struct slow *s = (struct slow *)t;

	if (!str_starts(request->url, STR("http://slow.test")))
		return transport_send(s->next, request, response, err);
	s->begun++;
	if (s->refuses)
		return err_set(err, ERR_RETRY, "http.connect", "simulated: nobody is there");
	if (s->slow_ms > request->timeout_ms) {
		if (!task_sleep_ms(s->engine->loop, request->timeout_ms, err))
			return false;
		return err_set(err, ERR_RETRY, "http.timeout", "simulated: no answer");
	}
	if (!task_sleep_ms(s->engine->loop, s->slow_ms, err))
		return false;
	s->answered++;
	return sim_answer_put(response, request, s->engine->env, 200, STR("null"), err);
}

static void read_settings(struct engine *e, const struct option *options, size_t size, const void **out, const char *json)
{
	void *settings = arena_alloc(&e->arena, size);
	struct problems problems;

	problems_init(&problems, &e->arena);
	option_read(options, node_from_json(&e->arena, arena_dup(&e->arena, str_c(json)), NULL, NULL), settings, NULL, &problems);
	if (problems.count) {
		fprintf(stderr, "%.*s\n", STR_ARG(problems.first->text));
		abort();
	}
	*out = settings;
}

struct kind {
	const struct sink_ops *sink;
	const char *settings, *handler;
};

static const struct kind kinds[] = {
	{ &lambda_sink, "{\"endpoint_url\":\"http://slow.test\",\"timeout_ms\":300000}", "{\"sink\":\"s0\",\"function\":\"deals\"}" },
	{ &lambda_sink, "{\"endpoint_url\":\"http://slow.test\",\"timeout_ms\":300000,\"concurrency\":4}",
	  "{\"sink\":\"s0\",\"function\":\"deals\"}" },
	{ &webhook_sink, "{\"timeout_ms\":300000,\"insecure\":true}", "{\"sink\":\"s0\",\"url\":\"http://slow.test/deals\"}" },
};

static void open_engine(struct engine *e, struct slow *s, struct loop *loop, const struct kind *kind, size_t n_handlers)
{
	engine_init(e, loop, n_handlers);
	*s = (struct slow){ .transport.send = answer_slowly, .next = e->streams->next, .engine = e };
	e->streams->next = &s->transport;
	e->sinks[0].ops = kind->sink;
	read_settings(e, kind->sink->options, kind->sink->settings_size, &e->sinks[0].settings, kind->settings);
	read_settings(e, handler_kind(STR("forward"))->options, handler_kind(STR("forward"))->settings_size,
		      &e->handlers[0].settings, kind->handler);
}

static void slow_ones_are_waited_for(struct loop *loop, void *arg)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct lease_position p = { 0 };
		struct sequence last = { 0 };
		struct sim_shard *shard;
		struct engine e;
		struct slow s;

		(void)arg;
		open_engine(&e, &s, loop, &kinds[i], 1);
		s.slow_ms = 45 * SECOND_MS;
		shard = sim_shard_add(e.streams, "shard-01", NULL);
		for (int n = 0; n < 3; n++)
			last = engine_put(&e, shard, n, n);
		engine_start(&e);
		CHECK(task_sleep_ms(loop, 200 * SECOND_MS, NULL));
		CHECK(engine_saved(&e, "shard-01", "h0", &p));
		CHECK(sequence_compare(&p.position.sequence, &last) == 0);
		CHECK_EQ(s.begun, s.answered);
		CHECK_EQ(e.worker->pipelines[0].handlers[0].stats.parked, 0);
		engine_release(&e);
	}
}

static void test_slow_ones_are_waited_for(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, slow_ones_are_waited_for, &seed);
}

/* What refuses at once is parked as soon as ever, however long it could take. */
static void down_ones_are_parked_soon(struct loop *loop, void *arg)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct sim_shard *shard;
		struct engine e;
		struct slow s;

		(void)arg;
		open_engine(&e, &s, loop, &kinds[i], 1);
		s.refuses = true;
		shard = sim_shard_add(e.streams, "shard-01", NULL);
		engine_put(&e, shard, 1, 1);
		engine_start(&e);
		CHECK(task_sleep_ms(loop, 20 * SECOND_MS, NULL));
		CHECK_EQ(e.worker->pipelines[0].handlers[0].stats.parked, 1);
		engine_release(&e);
	}
}

static void test_down_ones_are_parked_soon(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, down_ones_are_parked_soon, &seed);
}

/* Who waits for a slow one's pages waits no longer than for one that hangs; and the slow
 * one gets to the end by itself. */
static void slow_ones_hold_up_nobody(struct loop *loop, void *arg)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct lease_position p = { 0 };
		struct sequence last = { 0 };
		struct sim_shard *shard;
		struct engine e;
		struct slow s;

		(void)arg;
		open_engine(&e, &s, loop, &kinds[i], 2);
		e.plan.window_bytes = 4000;
		e.streams->page_records = 5;
		s.slow_ms = 45 * SECOND_MS;
		shard = sim_shard_add(e.streams, "shard-01", NULL);
		for (int n = 0; n < 200; n++)
			last = engine_put(&e, shard, n, n);
		engine_start(&e);
		CHECK(engine_wait(&e, 1, 200, 30 * SECOND_MS));
		for (int minute = 0; minute < 60 && sequence_compare(&p.position.sequence, &last) != 0; minute++) {
			CHECK(task_sleep_ms(loop, 60 * SECOND_MS, NULL));
			CHECK(engine_saved(&e, "shard-01", "h0", &p));
		}
		CHECK(sequence_compare(&p.position.sequence, &last) == 0);
		CHECK(s.begun < 2 * s.answered);
		engine_release(&e);
	}
}

static void test_slow_ones_hold_up_nobody(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, slow_ones_hold_up_nobody, &seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_ones_are_waited_for),
		cmocka_unit_test(test_down_ones_are_parked_soon),
		cmocka_unit_test(test_slow_ones_hold_up_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
