#include "sim/env.h"
#include "sim/producer.h"
#include "sluice/core/mem.h"
#include "sluice/sinks/kinds.h"
#include "support/effects.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

struct kafka_settings {
	struct str brokers, client_id;
	struct option_names properties;
	int64_t queue_messages, queue_bytes;
};

static const struct kafka_settings settings = {
	.brokers = STR_INIT("127.0.0.1:9092"),
	.client_id = STR_INIT("sluice"),
	.queue_messages = 1000,
	.queue_bytes = 1 << 20,
};

static struct sink *open_sink(struct loop *loop, struct sim_kafka *k, struct err *err)
{
	const struct sink_site site = {
		.name = STR("bus"), .loop = loop, .failover_ms = 10000, .producers = &k->factory
	};

	return kafka_sink.open(&settings, &site, err);
}

static void send_all(struct sink *s, struct made_batch *m)
{
	struct effect *pending[256];
	size_t n = 0;

	for (size_t i = 0; i < m->batch.count; i++)
		if (m->batch.effects[i]->state == EFFECT_PENDING)
			pending[n++] = m->batch.effects[i];
	s->ops->send(s, pending, n);
}

static size_t count_in_log(const struct sim_kafka *k, const char *body)
{
	size_t n = 0;

	for (size_t i = 0; i < k->count; i++)
		n += strcmp(k->log[i].body, body) == 0;
	return n;
}

/* ---- the order, whatever happens ---- */

enum { CHAINS = 3, KEYS = 5, BATCHES = 6, BATCH = 40 };

struct chain {
	struct sink *sink;
	struct loop *loop;
	unsigned index;
	bool ok;
};

/* Sends its records batch by batch, coming again with what failed, as a worker's
 * chain does. Bodies count up per key. */
static void run_chain(void *arg)
{
	struct chain *c = arg;
	unsigned next[KEYS] = { 0 };

	for (unsigned b = 0; b < BATCHES; b++) {
		struct made_batch m;

		made_batch_init(&m, 1 + b * BATCH, BATCH);
		for (unsigned i = 0; i < BATCH; i++) {
			char key[16], body[16];
			unsigned k = (i * 7 + b) % KEYS;

			snprintf(key, sizeof(key), "c%uk%u", c->index, k);
			snprintf(body, sizeof(body), "%u", next[k]++);
			made_message(&m, i, "t", key, body);
		}
		for (int round = 0; m.batch.pending > 0 && round < 1000; round++) {
			send_all(c->sink, &m);
			if (m.batch.pending > 0)
				return;
			if (made_retry(&m) > 0 && !task_sleep_ms(c->loop, 50, NULL))
				return;
		}
		c->ok = m.batch.pending == 0;
		made_batch_release(&m);
		if (!c->ok)
			return;
	}
}

/* Nothing is missing, and whatever came out of turn was sent again behind what it
 * had passed: the last arrivals of a key's messages are in their order. */
static bool in_order(const struct sim_kafka *k, const char *key, int count)
{
	int next = count - 1;

	for (size_t i = k->count; i-- > 0 && next >= 0;) {
		int n = atoi(k->log[i].body);

		if (strcmp(k->log[i].key, key) != 0)
			continue;
		if (n < next)
			return false;
		if (n == next)
			next--;
	}
	return next < 0;
}

static void order_body(struct loop *loop, void *arg)
{
	struct sim_kafka *k = arg;
	struct chain chains[CHAINS];
	struct scope scope;
	struct sink *s = open_sink(loop, k, NULL);

	CHECK(s);
	scope_init(&scope, loop);
	for (unsigned i = 0; i < CHAINS; i++) {
		chains[i] = (struct chain){ .sink = s, .loop = loop, .index = i };
		scope_spawn(&scope, "chain", run_chain, &chains[i]);
	}
	scope_wait(&scope);
	for (unsigned i = 0; i < CHAINS; i++)
		CHECK(chains[i].ok);
	for (unsigned c = 0; c < CHAINS; c++) {
		for (unsigned n = 0; n < KEYS; n++) {
			char key[16];

			snprintf(key, sizeof(key), "c%uk%u", c, n);
			CHECK(in_order(k, key, BATCHES * BATCH / KEYS));
		}
	}
	s->ops->close(s);
}

static void test_order_per_key_survives_timeouts_and_dying_producers(void **state)
{
	size_t producers = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct sim_kafka k;

		sim_kafka_init(&k, seed);
		k.faults = (struct sim_kafka_faults){ .timeout = 0.01 * (double)(seed % 3),
						      .lost_ack = 0.01 * (double)(seed % 2),
						      .fatal = seed % 5 ? 0 : 0.01,
						      .most_delay_ms = 20,
						      .queue = seed % 7 ? 0 : 10 };
		run_simulated(seed, order_body, &k);
		producers += k.opened;
		sim_kafka_release(&k);
	}
	assert_true(producers > 150); /* it did go wrong */
}

/* ---- single outcomes ---- */

static void refused_body(struct loop *loop, void *arg)
{
	struct sim_kafka *k = arg;
	struct made_batch m;
	struct sink *s = open_sink(loop, k, NULL);

	made_batch_init(&m, 1, 4);
	made_message(&m, 0, "t", "a", "1");
	made_message(&m, 1, "t", "b", "never");
	made_message(&m, 2, "t", "b", "2");
	made_message(&m, 3, "t", "c", "3");
	send_all(s, &m);
	CHECK_EQ(m.batch.effects[0]->state, EFFECT_DONE);
	CHECK_EQ(m.batch.effects[1]->state, EFFECT_FAILED);
	CHECK_EQ(m.batch.effects[1]->err->class, ERR_DATA);
	CHECK_EQ(m.batch.effects[2]->state, EFFECT_FAILED);
	CHECK_EQ(m.batch.effects[2]->err->class, ERR_RETRY);
	CHECK_EQ(m.batch.effects[3]->state, EFFECT_DONE);
	CHECK_EQ(count_in_log(k, "2"), 0);
	CHECK_EQ(k->opened, 1);
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_a_refused_message_holds_up_only_its_key(void **state)
{
	struct sim_kafka k;

	(void)state;
	sim_kafka_init(&k, 1);
	run_simulated(1, refused_body, &k);
	sim_kafka_release(&k);
}

static void too_large_body(struct loop *loop, void *arg)
{
	struct sim_kafka *k = arg;
	struct made_batch m;
	struct sink *s = open_sink(loop, k, NULL);

	k->faults.largest = 10;
	made_batch_init(&m, 1, 8);
	for (unsigned i = 0; i < 8; i++)
		made_message(&m, i, "t", "same", i == 3 ? "larger than ten" : "small");
	for (int round = 0; round < 20; round++) {
		send_all(s, &m);
		for (size_t i = 0; i < 8; i++)
			CHECK(i == 3 || m.batch.effects[i]->state == EFFECT_DONE ||
			      m.batch.effects[i]->err->class == ERR_RETRY);
		if (made_count(&m, EFFECT_DONE) == 7)
			break;
		for (size_t i = 0; i < 8; i++)
			if (i != 3 && m.batch.effects[i]->state == EFFECT_FAILED)
				effect_retry(m.batch.effects[i]);
	}
	CHECK_EQ(made_count(&m, EFFECT_DONE), 7);
	CHECK_EQ(m.batch.effects[3]->err->class, ERR_DATA);
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_only_the_message_that_is_too_large_is_blamed_for_its_batch(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct sim_kafka k;

		sim_kafka_init(&k, seed);
		run_simulated(seed, too_large_body, &k);
		sim_kafka_release(&k);
	}
}

static void no_topic_body(struct loop *loop, void *arg)
{
	struct sim_kafka *k = arg;
	struct made_batch m;
	struct sink *s = open_sink(loop, k, NULL);

	k->faults.no_topic = true;
	made_batch_init(&m, 1, 2);
	made_message(&m, 0, "missing", "a", "1");
	made_message(&m, 1, "missing", "b", "2");
	send_all(s, &m);
	CHECK_EQ(made_count(&m, EFFECT_FAILED), 2);
	CHECK_EQ(m.batch.effects[0]->err->class, ERR_RETRY);
	CHECK(strstr(m.batch.effects[0]->err->text, "topic missing"));
	k->faults.no_topic = false;
	made_retry(&m);
	send_all(s, &m);
	CHECK_EQ(made_count(&m, EFFECT_DONE), 2);
	CHECK_EQ(k->opened, 1);
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_a_missing_topic_is_waited_for_with_the_same_producer(void **state)
{
	struct sim_kafka k;

	(void)state;
	sim_kafka_init(&k, 1);
	run_simulated(1, no_topic_body, &k);
	sim_kafka_release(&k);
}

static void outage_body(struct loop *loop, void *arg)
{
	struct sim_kafka *k = arg;
	struct made_batch m;
	struct err err = { 0 };
	struct sink *s = open_sink(loop, k, NULL);
	int64_t begun_ms = env_mono_ms(loop_env(loop));

	CHECK_EQ(k->last.message_timeout_ms, 8000);
	k->faults.down = true;
	made_batch_init(&m, 1, 1);
	made_message(&m, 0, "t", "a", "1");
	send_all(s, &m);
	/* All at once, before the client gives up one by one. */
	CHECK(env_mono_ms(loop_env(loop)) - begun_ms >= 6000 && env_mono_ms(loop_env(loop)) - begun_ms < 7000);
	CHECK_EQ(m.batch.effects[0]->err->class, ERR_RETRY);
	CHECK(strstr(m.batch.effects[0]->err->text, "Kafka at 127.0.0.1:9092, topic t"));
	CHECK(strstr(m.batch.effects[0]->err->text, "Connection refused"));
	CHECK_CLASS(s->ops->probe(s, &err), &err, ERR_RETRY);
	CHECK(strstr(err.text, "cannot reach Kafka at 127.0.0.1:9092; check sinks.bus.brokers"));
	k->faults.down = false;
	CHECK_OK(s->ops->probe(s, &err), &err);
	made_retry(&m);
	send_all(s, &m);
	CHECK_EQ(made_count(&m, EFFECT_DONE), 1);
	CHECK_EQ(count_in_log(k, "1"), 1);
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_an_outage_is_told_and_waited_out(void **state)
{
	struct sim_kafka k;

	(void)state;
	sim_kafka_init(&k, 1);
	run_simulated(1, outage_body, &k);
	sim_kafka_release(&k);
}

struct one_send {
	struct sink *s;
	struct made_batch *m;
};

static void send_task(void *arg)
{
	struct one_send *o = arg;

	send_all(o->s, o->m);
}

static void cancelled_body(struct loop *loop, void *arg)
{
	struct sim_kafka *k = arg;
	struct made_batch m;
	struct scope scope;
	struct one_send o;
	size_t n;
	struct sink *s = open_sink(loop, k, NULL);

	k->faults.most_delay_ms = 100;
	made_batch_init(&m, 1, 30);
	for (unsigned i = 0; i < 30; i++)
		made_message(&m, i, "t", "a", "x");
	o = (struct one_send){ s, &m };
	scope_init(&scope, loop);
	scope_spawn(&scope, "send", send_task, &o);
	CHECK(task_sleep_ms(loop, 60, NULL));
	scope_cancel(&scope);
	scope_wait(&scope);
	n = made_count(&m, EFFECT_DONE);
	CHECK_EQ(n + made_count(&m, EFFECT_PENDING), 30);
	CHECK(m.batch.pending > 0);
	made_batch_release(&m); /* reports that still come must not touch it */
	CHECK(task_sleep_ms(loop, 10000, NULL));
	s->ops->close(s);
}

/* As a parked handler does: a send is cancelled, what it has queued may still go out,
 * and the records from the acknowledged prefix on are sent again, at first one alone. */
static void parked_body(struct loop *loop, void *arg)
{
	struct sim_kafka *k = arg;
	struct rng *rng = &loop_env(loop)->rng;
	struct sink *s = open_sink(loop, k, NULL);
	unsigned at = 0, total = 120, n = 20;

	for (unsigned attempt = 0; at < total; attempt++) {
		struct made_batch m;
		struct scope scope;
		struct one_send o = { s, &m };
		unsigned before = at;

		made_batch_init(&m, 1 + at, n);
		for (unsigned i = 0; i < n; i++) {
			char key[16], body[16];

			snprintf(key, sizeof(key), "k%u", (at + i) % KEYS);
			snprintf(body, sizeof(body), "%u", (at + i) / KEYS);
			made_message(&m, i, "t", key, body);
		}
		scope_init(&scope, loop);
		scope_spawn(&scope, "send", send_task, &o);
		CHECK(task_sleep_ms(loop, 1 + (int64_t)rng_below(rng, 60), NULL));
		if (attempt % 4)
			scope_cancel(&scope);
		scope_wait(&scope);
		while (at - before < n && m.batch.effects[at - before]->state == EFFECT_DONE)
			at++;
		n = at == before ? 1 : 20;
		if (n > total - at)
			n = total - at;
		made_batch_release(&m);
	}
	CHECK(task_sleep_ms(loop, 10000, NULL));
	for (unsigned i = 0; i < KEYS; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%u", i);
		CHECK(in_order(k, key, (int)(total / KEYS)));
	}
	s->ops->close(s);
}

static void test_what_is_sent_again_after_a_cancelled_send_stays_in_order(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct sim_kafka k;

		sim_kafka_init(&k, seed);
		k.faults = (struct sim_kafka_faults){ .timeout = 0.01 * (double)(seed % 3),
						      .lost_ack = 0.01 * (double)(seed % 2),
						      .fatal = seed % 5 ? 0 : 0.01,
						      .most_delay_ms = 30,
						      .queue = seed % 7 ? 0 : 10 };
		run_simulated(seed, parked_body, &k);
		sim_kafka_release(&k);
	}
}

static void test_a_cancelled_send_leaves_what_is_not_known(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct sim_kafka k;

		sim_kafka_init(&k, seed);
		run_simulated(seed, cancelled_body, &k);
		sim_kafka_release(&k);
	}
}

static void closed_body(struct loop *loop, void *arg)
{
	struct sim_kafka *k = arg;
	struct made_batch m;
	struct scope scope;
	struct one_send o;
	struct sink *s = open_sink(loop, k, NULL);

	k->faults.down = true;
	made_batch_init(&m, 1, 3);
	for (unsigned i = 0; i < 3; i++)
		made_message(&m, i, "t", "a", "x");
	o = (struct one_send){ s, &m };
	scope_init(&scope, loop);
	scope_spawn(&scope, "send", send_task, &o);
	CHECK(task_sleep_ms(loop, 60, NULL));
	scope_cancel(&scope);
	scope_wait(&scope);
	made_batch_release(&m);
	s->ops->close(s); /* with messages still out */
}

static void test_a_sink_closes_with_messages_still_out(void **state)
{
	struct sim_kafka k;

	(void)state;
	sim_kafka_init(&k, 1);
	run_simulated(1, closed_body, &k);
	sim_kafka_release(&k);
}

static void purged_body(struct loop *loop, void *arg)
{
	struct sim_kafka *k = arg;
	struct made_batch m;
	struct scope scope;
	struct one_send o;
	struct sink *s = open_sink(loop, k, NULL);

	k->faults.down = true;
	made_batch_init(&m, 1, 3);
	for (unsigned i = 0; i < 3; i++)
		made_message(&m, i, "t", "a", "x");
	o = (struct one_send){ s, &m };
	scope_init(&scope, loop);
	scope_spawn(&scope, "send", send_task, &o);
	CHECK(task_sleep_ms(loop, 60, NULL));
	s->ops->purge(s);
	scope_wait(&scope);
	CHECK_EQ(made_count(&m, EFFECT_FAILED), 3);
	CHECK_EQ(m.batch.effects[0]->err->class, ERR_RETRY);
	CHECK_EQ(k->count, 0);
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_a_purge_forgets_what_is_queued(void **state)
{
	struct sim_kafka k;

	(void)state;
	sim_kafka_init(&k, 1);
	run_simulated(1, purged_body, &k);
	sim_kafka_release(&k);
}

static bool two_may(void *ctx, struct err *err)
{
	int *left = ctx;

	return (*left)-- > 0 || err_set(err, ERR_RETRY, "lease.deadline", "simulated: the deadline has passed");
}

static void deadline_body(struct loop *loop, void *arg)
{
	struct sim_kafka *k = arg;
	struct sink *s = open_sink(loop, k, NULL);
	struct made_batch m;
	int left = 2;

	s->site.may_send = two_may;
	s->site.may_send_ctx = &left;
	made_batch_init(&m, 1, 5);
	for (unsigned i = 0; i < 5; i++)
		made_message(&m, i, "t", i < 2 ? "a" : "b", "x");
	send_all(s, &m);
	CHECK_EQ(made_count(&m, EFFECT_DONE), 2);
	CHECK_EQ(made_count(&m, EFFECT_FAILED), 3);
	CHECK_EQ(m.batch.effects[2]->err->class, ERR_RETRY);
	CHECK_EQ(k->count, 2);
	made_batch_release(&m);
	s->ops->close(s);
}

static void test_t36_nothing_is_produced_after_the_deadline(void **state)
{
	struct sim_kafka k;

	(void)state;
	sim_kafka_init(&k, 1);
	run_simulated(1, deadline_body, &k);
	sim_kafka_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_per_key_survives_timeouts_and_dying_producers),
		cmocka_unit_test(test_a_refused_message_holds_up_only_its_key),
		cmocka_unit_test(test_only_the_message_that_is_too_large_is_blamed_for_its_batch),
		cmocka_unit_test(test_a_missing_topic_is_waited_for_with_the_same_producer),
		cmocka_unit_test(test_an_outage_is_told_and_waited_out),
		cmocka_unit_test(test_a_cancelled_send_leaves_what_is_not_known),
		cmocka_unit_test(test_what_is_sent_again_after_a_cancelled_send_stays_in_order),
		cmocka_unit_test(test_a_sink_closes_with_messages_still_out),
		cmocka_unit_test(test_a_purge_forgets_what_is_queued),
		cmocka_unit_test(test_t36_nothing_is_produced_after_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
