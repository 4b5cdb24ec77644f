/* Fan-out tasks become rows of the state, in whichever store it is kept. */
#include "sluice/worker/task_sink.h"

#include "sluice/core/mem.h"
#include "support/effects.h"
#include "support/stores.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>

static struct effect *task(struct made_batch *b, uint32_t record, const char *id, const char *body)
{
	struct effect *e = effect_new(&b->batch, EFFECT_TASK, record, NULL);

	e->task.id = arena_dup(&b->batch.arena, str_c(id));
	e->task.body = arena_dup(&b->batch.arena, str_c(body));
	return e;
}

/* Sends what is pending. */
static void send(struct sink *s, struct made_batch *b)
{
	struct effect **pending = mem_array(b->batch.count, sizeof(struct effect *));
	size_t n = 0;

	for (size_t i = 0; i < b->batch.count; i++)
		if (b->batch.effects[i]->state == EFFECT_PENDING)
			pending[n++] = b->batch.effects[i];
	s->ops->send(s, pending, n);
	mem_free(pending);
}

/* The row's attribute, in the arena; empty when absent. */
static struct str text_of(struct store *s, const char *id, const char *attribute, struct arena *a)
{
	struct state_row row;
	struct value v;

	if (!state_get(s->state, STATE_TASK, str_c(id), a, &row, NULL) || row.counter != 1 ||
	    !value_get(row.item, str_c(attribute), &v))
		return STR("");
	return v.raw;
}

static void made_once(struct store *s)
{
	struct sink *sink = task_sink_new(s->state, s->loop, STR("app"));
	struct made_batch b;
	struct arena a;

	arena_init(&a, 16 << 20);
	made_batch_init(&b, 1, 2);
	task(&b, 0, "00ff17", "{\"title\":{\"S\":\"first \\\"one\\\"\"},\"pk\":{\"S\":\"mine\"},\"counter\":{\"N\":\"7\"}}");
	send(sink, &b);
	task(&b, 1, "00ff17", "{\"title\":{\"S\":\"second\"}}");
	send(sink, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 2);
	CHECK_STR(text_of(s, "00ff17", "title", &a), "first \\\"one\\\"");
	CHECK(!str_eq(text_of(s, "00ff17", "pk", &a), STR("mine")));
	made_batch_release(&b);
	arena_release(&a);
	sink->ops->close(sink);
}

static void test_a_fan_out_task_is_made_once(void **state)
{
	(void)state;
	with_each_store(made_once, 3);
}

enum { TASKS = 100 };

static bool count(void *ctx, const struct state_row *row)
{
	(void)row;
	++*(size_t *)ctx;
	return true;
}

/* Two events with the same `once` stand in one send. */
static void made_side_by_side(struct store *s)
{
	struct sink *sink = task_sink_new(s->state, s->loop, STR("app"));
	struct made_batch b;
	struct arena a;
	size_t rows = 0;

	arena_init(&a, 16 << 20);
	made_batch_init(&b, 1, 2);
	for (int i = 0; i < TASKS; i++) {
		char id[32], body[64];

		snprintf(id, sizeof(id), "%08x", i * 7919 % TASKS);
		snprintf(body, sizeof(body), "{\"title\":{\"S\":\"%d\"}}", i);
		task(&b, 0, id, body);
	}
	task(&b, 1, "00000000", "{\"title\":{\"S\":\"late\"}}");
	send(sink, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), TASKS + 1);
	CHECK(state_each(s->state, STATE_TASK, count, &rows, NULL));
	CHECK_EQ(rows, TASKS);
	CHECK_STR(text_of(s, "00000000", "title", &a), "0");
	made_batch_release(&b);
	arena_release(&a);
	sink->ops->close(sink);
}

static void test_tasks_are_made_side_by_side_and_the_first_of_an_id_counts(void **state)
{
	(void)state;
	with_each_store(made_side_by_side, 5);
}

static void too_large(struct store *s)
{
	struct sink *sink = task_sink_new(s->state, s->loop, STR("app"));
	struct made_batch b;
	struct effect *large, *small, *behind, *message;
	char *body = mem_alloc(5 << 20);

	memset(body, 'x', (5 << 20) - 1);
	memcpy(body, "{\"title\":{\"S\":\"", 15);
	memcpy(body + (5 << 20) - 4, "\"}}", 3);
	made_batch_init(&b, 1, 1);
	large = task(&b, 0, "11", body);
	small = task(&b, 0, "22", "{\"title\":{\"S\":\"small\"}}");
	behind = task(&b, 0, "11", "{\"title\":{\"S\":\"small\"}}");
	message = made_message(&b, 0, "topic", "key", "{}");
	send(sink, &b);
	CHECK(large->state == EFFECT_FAILED && large->err->class == ERR_DATA);
	CHECK(err_is(large->err, "state.row_size") && strstr(large->err->text, "fan-out task 11"));
	CHECK_EQ(small->state, EFFECT_DONE);
	CHECK(behind->state == EFFECT_FAILED && err_is(behind->err, "sink.behind"));
	CHECK(message->state == EFFECT_FAILED && err_is(message->err, "sink.kind"));
	effect_retry(behind);
	send(sink, &b);
	CHECK_EQ(behind->state, EFFECT_DONE);
	made_batch_release(&b);
	mem_free(body);
	sink->ops->close(sink);
}

static void test_a_task_that_no_row_holds_is_its_own_fault(void **state)
{
	(void)state;
	with_each_store(too_large, 1);
}

static enum sim_fault draw(void *ctx, const char *operation)
{
	static const enum sim_fault faults[] = { SIM_DROP_BEFORE, SIM_DROP_AFTER, SIM_500, SIM_THROTTLE };
	struct store *s = ctx;
	struct rng *rng = &loop_env(s->loop)->rng;

	(void)operation;
	return rng_unit(rng) < 0.5 ? faults[rng_below(rng, COUNT_OF(faults))] : SIM_NO_FAULT;
}

static void through_faults(struct store *s)
{
	struct sink *sink = task_sink_new(s->state, s->loop, STR("app"));
	struct made_batch b;
	size_t rows = 0;

	if (s->far) {
		s->far->fault = draw;
		s->far->fault_ctx = s;
	}
	made_batch_init(&b, 1, 1);
	for (int i = 0; i < TASKS; i++) {
		char id[32];

		snprintf(id, sizeof(id), "%08x", i);
		task(&b, 0, id, "{\"title\":{\"S\":\"t\"}}");
	}
	for (int round = 0; round < 200 && made_count(&b, EFFECT_DONE) < TASKS; round++) {
		send(sink, &b);
		for (size_t i = 0; i < TASKS; i++)
			CHECK(b.batch.effects[i]->state != EFFECT_FAILED || err_can_wait(b.batch.effects[i]->err));
		made_retry(&b);
	}
	if (s->far)
		s->far->fault = NULL;
	CHECK_EQ(made_count(&b, EFFECT_DONE), TASKS);
	CHECK(state_each(s->state, STATE_TASK, count, &rows, NULL));
	CHECK_EQ(rows, TASKS);
	made_batch_release(&b);
	sink->ops->close(sink);
}

static void test_lost_answers_and_refusals_lose_no_task(void **state)
{
	(void)state;
	with_each_store(through_faults, 5);
}

struct stopped {
	struct sink *sink;
	struct made_batch *batch;
	struct scope scope;
};

static void send_task(void *arg)
{
	struct stopped *t = arg;

	send(t->sink, t->batch);
}

static void cancelled(struct store *s)
{
	struct stopped t = { .sink = task_sink_new(s->state, s->loop, STR("app")) };
	struct made_batch b;
	struct arena a;
	int there = 0;

	arena_init(&a, 16 << 20);
	made_batch_init(&b, 1, 1);
	t.batch = &b;
	for (int i = 0; i < TASKS; i++) {
		char id[32];

		snprintf(id, sizeof(id), "%08x", i);
		task(&b, 0, id, "{\"title\":{\"S\":\"t\"}}");
	}
	scope_init(&t.scope, s->loop);
	scope_spawn(&t.scope, "send", send_task, &t);
	for (int i = 0; i < 100000 && made_count(&b, EFFECT_DONE) == 0; i++)
		CHECK(s->far ? task_sleep_ms(s->loop, 1, NULL) : task_yield(s->loop, NULL));
	CHECK(made_count(&b, EFFECT_DONE) > 0);
	scope_cancel(&t.scope);
	scope_wait(&t.scope);
	CHECK_EQ(made_count(&b, EFFECT_FAILED), 0);
	for (int i = 0; i < TASKS; i++) { /* done is there, and nothing else is called done */
		char id[32];
		bool row;

		snprintf(id, sizeof(id), "%08x", i);
		row = text_of(s, id, "title", &a).len > 0;
		CHECK(row || b.batch.effects[i]->state == EFFECT_PENDING);
		there += row;
		arena_reset(&a);
	}
	CHECK(there < TASKS);
	made_batch_release(&b);
	arena_release(&a);
	t.sink->ops->close(t.sink);
}

static void test_a_cancelled_send_leaves_pending_what_it_does_not_know(void **state)
{
	(void)state;
	with_each_store(cancelled, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fan_out_task_is_made_once),
		cmocka_unit_test(test_tasks_are_made_side_by_side_and_the_first_of_an_id_counts),
		cmocka_unit_test(test_a_task_that_no_row_holds_is_its_own_fault),
		cmocka_unit_test(test_lost_answers_and_refusals_lose_no_task),
		cmocka_unit_test(test_a_cancelled_send_leaves_pending_what_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
