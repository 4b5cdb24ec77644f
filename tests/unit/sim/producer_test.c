#include "support/test.h"

#include "sim/env.h"
#include "sim/producer.h"
#include "support/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 3, MESSAGES = 60, KEYS = 5 };

struct fixture;

struct process {
	struct fixture *f;
	char name[24];
	struct producer *producer;
	size_t reports, delivered, timed_out;
};

struct fixture {
	struct sim_kafka kafka;
	struct loop *loop;
	struct process nodes[NODES];
	size_t opening;          /* which node opens a producer now */
	int depth;               /* of brackets */
	bool callback_inside;    /* a listener was called inside of them */
};

/* ---- a world ---- */

static void *enter(void *ctx)
{
	struct fixture *f = ctx;

	f->depth++;
	return f;
}

static void leave(void *before)
{
	((struct fixture *)before)->depth--;
}

static const char *node_name(void *ctx, struct env *env)
{
	struct fixture *f = ctx;

	(void)env;
	return f->nodes[f->opening].name;
}

static int64_t now_ms(void *ctx)
{
	return 1000000 + env_mono_ms(loop_env(((struct fixture *)ctx)->loop));
}

static void reported(void *ctx, const struct producer_report *r)
{
	struct process *n = ctx;

	n->reports++;
	n->delivered += r->class == ERR_NONE;
	n->timed_out += strcmp(r->code, "kafka.timeout") == 0;
	n->f->callback_inside = n->f->callback_inside || n->f->depth;
}

static void progressed(void *ctx)
{
	(void)ctx;
}

static void broke(void *ctx, const struct err *why)
{
	(void)ctx;
	(void)why;
}

static void begin(struct fixture *f, struct loop *loop, int64_t timeout_ms)
{
	*f = (struct fixture){ .loop = loop };
	sim_kafka_init(&f->kafka, rng_next(&loop_env(loop)->rng));
	f->kafka.world = (struct sim_kafka_world){ enter, leave, node_name, now_ms, f };
	f->kafka.faults.most_delay_ms = 20;
	for (size_t i = 0; i < NODES; i++) {
		struct process *n = &f->nodes[i];
		const struct producer_settings settings = {
			.message_timeout_ms = timeout_ms,
			.listener = { .reported = reported, .progressed = progressed, .broke = broke, .ctx = n },
		};

		n->f = f;
		f->opening = i;
		snprintf(n->name, sizeof(n->name), "n%zu.1", i);
		n->producer = f->kafka.factory.open(&f->kafka.factory, loop, &settings, NULL);
	}
}

static void end(struct fixture *f)
{
	for (size_t i = 0; i < NODES; i++)
		if (f->nodes[i].producer)
			f->nodes[i].producer->ops->close(f->nodes[i].producer);
	CHECK_EQ(f->depth, 0);
	CHECK(!f->callback_inside);
	sim_kafka_release(&f->kafka);
}

/* Message "<node> <i>" of key i mod KEYS with v = i + 1. */
static bool produce(struct process *n, size_t i)
{
	char key[16], body[32], v[24];
	struct effect_header header = { STR("sluice-v"), { v, 0 } };
	struct effect_message m = { .address = STR("deals"), .headers = &header, .n_headers = 1 };

	snprintf(key, sizeof(key), "k%zu", i % KEYS);
	snprintf(body, sizeof(body), "%s %zu", n->name, i);
	snprintf(v, sizeof(v), "%zu", i + 1);
	header.value = str_c(v);
	m.key = str_c(key);
	m.body = str_c(body);
	return n->producer->ops->produce(n->producer, &m, n, NULL);
}

/* ---- one log ---- */

static void check_message(const struct fixture *f, size_t at)
{
	const struct sim_kafka_message *m = &f->kafka.log[at];
	char headers[40];

	CHECK(str_starts(str_c(m->body), str_c(m->node)));
	CHECK_EQ(atoi(m->body + strlen(m->node)) + 1, m->v);
	snprintf(headers, sizeof(headers), "sluice-v: %d\n", (int)m->v);
	CHECK_STR(str_c(m->headers), headers);
	CHECK(m->at_ms >= 1000000 + m->queued_ms);
	if (m->before == SIZE_MAX)
		return;
	CHECK(m->before < at);
	CHECK_STR(str_c(f->kafka.log[m->before].key), m->key);
	CHECK_EQ(f->kafka.log[m->before].partition, m->partition);
}

/* Of one node's messages of one key, each arrived once and in order. */
static void check_chain(const struct fixture *f, size_t key, size_t want)
{
	uint64_t later[NODES];
	char name[16];
	size_t n = 0;

	memset(later, 0xff, sizeof(later));
	snprintf(name, sizeof(name), "k%zu", key);
	for (size_t at = sim_kafka_newest(&f->kafka, "deals", name); at != SIZE_MAX; at = f->kafka.log[at].before, n++) {
		const struct sim_kafka_message *m = &f->kafka.log[at];
		size_t node = (size_t)(m->node[1] - '0');

		CHECK(m->v < later[node]);
		later[node] = m->v;
	}
	CHECK_EQ(n, want);
}

static void one_log(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	begin(&f, loop, 0);
	for (size_t i = 0; i < MESSAGES; i++)
		for (size_t n = 0; n < NODES; n++)
			CHECK(produce(&f.nodes[n], i));
	CHECK(task_sleep_ms(loop, 60000, NULL));
	CHECK_EQ(f.kafka.count, NODES * MESSAGES);
	for (size_t i = 0; i < f.kafka.count; i++)
		check_message(&f, i);
	for (size_t i = 0; i < KEYS; i++)
		check_chain(&f, i, NODES * MESSAGES / KEYS);
	CHECK_EQ(sim_kafka_newest(&f.kafka, "deals", "k99"), SIZE_MAX);
	for (size_t n = 0; n < NODES; n++)
		CHECK_EQ(f.nodes[n].delivered, MESSAGES);
	end(&f);
}

static void test_many_producers_write_into_one_log(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++)
		run_simulated(seed, one_log, NULL);
}

/* ---- SIGKILL ---- */

struct toll {
	size_t arrived_unreported, lost;
};

static void killed(struct loop *loop, void *arg)
{
	struct toll *toll = arg;
	size_t reports, delivered, arrived = 0;
	struct fixture f;

	begin(&f, loop, 0);
	for (size_t i = 0; i < MESSAGES; i++)
		for (size_t n = 0; n < NODES; n++)
			CHECK(produce(&f.nodes[n], i));
	CHECK(task_sleep_ms(loop, 30, NULL));
	reports = f.nodes[1].reports;
	delivered = f.nodes[1].delivered;
	sim_kafka_drop(&f.kafka, "n1.1");
	f.nodes[1].producer = NULL;
	CHECK_EQ(f.kafka.open, NODES - 1);
	CHECK(task_sleep_ms(loop, 60000, NULL));
	CHECK_EQ(f.nodes[1].reports, reports);
	for (size_t i = 0; i < f.kafka.count; i++)
		arrived += strcmp(f.kafka.log[i].node, "n1.1") == 0;
	CHECK(arrived >= delivered);
	CHECK_EQ(arrived + f.kafka.dropped, MESSAGES);
	CHECK_EQ(f.nodes[0].delivered, MESSAGES);
	CHECK_EQ(f.nodes[2].delivered, MESSAGES);
	for (size_t i = 0; i < f.kafka.count; i++)
		check_message(&f, i);
	toll->arrived_unreported += arrived - delivered;
	toll->lost += f.kafka.dropped;
	end(&f);
}

static void test_a_killed_process_leaves_what_was_on_the_wire(void **state)
{
	struct toll toll = { 0 };

	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++)
		run_simulated(seed, killed, &toll);
	assert_true(toll.arrived_unreported > 0);
	assert_true(toll.lost > 0);
}

/* ---- a process that sleeps ---- */

static void asleep(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	begin(&f, loop, 8000);
	f.kafka.faults.most_delay_ms = 0;
	for (size_t i = 0; i < MESSAGES; i++)
		CHECK(produce(&f.nodes[0], i));
	sim_env_advance_ms(loop_env(loop), 8000);
	CHECK(task_sleep_ms(loop, 60000, NULL));
	CHECK_EQ(f.kafka.count, 0);
	CHECK_EQ(f.nodes[0].timed_out, MESSAGES);
	CHECK(produce(&f.nodes[0], 1));
	CHECK(task_sleep_ms(loop, 1000, NULL));
	CHECK_EQ(f.kafka.count, 1);
	end(&f);
}

static void test_a_message_too_old_is_not_sent_any_more(void **state)
{
	(void)state;
	run_simulated(1, asleep, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_producers_write_into_one_log),
		cmocka_unit_test(test_a_killed_process_leaves_what_was_on_the_wire),
		cmocka_unit_test(test_a_message_too_old_is_not_sent_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
