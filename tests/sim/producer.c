#include "sim/producer.h"

#include "sluice/core/mem.h"

#include <assert.h>
#include <stdio.h>

enum {
	PARTITIONS = 3,
	MOST_A_REQUEST = 5,
	QUEUE = 10000,
	TIMEOUT_MS = 8000,
	HEADER_BYTES = 64 << 10,
	KEY_BYTES = 8 << 10,
};

struct queued {
	struct queued *next;
	struct sim_kafka_message message;
	void *opaque;
};

struct fifo {
	struct queued *first, **end;
};

struct sim_producer {
	struct producer base;
	struct sim_producer *next; /* of the brokers' list */
	struct sim_kafka *kafka;
	struct loop *loop;
	char node[24];
	int64_t timeout_ms;
	struct producer_listener listener;
	struct fifo partitions[PARTITIONS];
	struct fifo doomed; /* purged, to be reported */
	size_t count;
	struct timer timer;
	bool armed, dead;
};

static void push(struct fifo *f, struct queued *q)
{
	q->next = NULL;
	*f->end = q;
	f->end = &q->next;
}

static struct queued *pop(struct fifo *f)
{
	struct queued *q = f->first;

	if (!q)
		return NULL;
	f->first = q->next;
	if (!f->first)
		f->end = &f->first;
	return q;
}

static char *text_of(struct str s)
{
	return mem_dup(s.ptr ? s.ptr : "", s.len);
}

/* ---- the brokers: all in their own memory ---- */

static void *enter(struct sim_kafka *k)
{
	return k->world.enter ? k->world.enter(k->world.ctx) : NULL;
}

static void leave(struct sim_kafka *k, void *before)
{
	if (k->world.leave)
		k->world.leave(before);
}

/* Where the chain of one topic and key begins. */
struct chain {
	size_t newest;
	char name[];
};

static void write_name(struct buf *out, const char *topic, const char *key)
{
	buf_init(out, KEY_BYTES);
	buf_puts(out, topic);
	buf_putc(out, '\n');
	buf_puts(out, key);
	assert(buf_ok(out));
}

static struct chain *chain_of(const struct sim_kafka *k, const char *topic, const char *key)
{
	struct chain *c;
	struct buf name;

	write_name(&name, topic, key);
	c = sim_map_get(&k->newest, buf_str(&name));
	buf_release(&name);
	return c;
}

static struct chain *chain_new(struct sim_kafka *k, const struct sim_kafka_message *m)
{
	struct chain *c;
	struct buf name;

	write_name(&name, m->topic, m->key);
	c = mem_alloc(sizeof(*c) + name.len + 1);
	memcpy(c->name, name.ptr, name.len);
	c->newest = SIZE_MAX;
	sim_map_put(&k->newest, str_c(c->name), c);
	buf_release(&name);
	return c;
}

/* A copy: what has arrived may still be reported as lost. */
static void append(struct sim_producer *p, const struct sim_kafka_message *m)
{
	struct sim_kafka *k = p->kafka;
	struct chain *chain = chain_of(k, m->topic, m->key);
	struct sim_kafka_message copy = *m;

	if (k->count == k->cap) {
		k->cap = k->cap ? 2 * k->cap : 256;
		k->log = mem_resize(k->log, k->cap * sizeof(*k->log));
	}
	if (!chain)
		chain = chain_new(k, m);
	copy.topic = text_of(str_c(m->topic));
	copy.key = text_of(str_c(m->key));
	copy.body = text_of(str_c(m->body));
	copy.headers = text_of(str_c(m->headers));
	copy.at_ms = k->world.now_ms ? k->world.now_ms(k->world.ctx) : env_mono_ms(loop_env(p->loop));
	copy.before = chain->newest;
	chain->newest = k->count;
	k->log[k->count++] = copy;
}

size_t sim_kafka_newest(const struct sim_kafka *k, const char *topic, const char *key)
{
	const struct chain *c = chain_of(k, topic, key);

	return c ? c->newest : SIZE_MAX;
}

static void message_free(struct sim_kafka_message *m)
{
	mem_free(m->topic);
	mem_free(m->key);
	mem_free(m->body);
	mem_free(m->headers);
}

static void queued_free(struct queued *q)
{
	message_free(&q->message);
	mem_free(q);
}

static bool has_expired(struct sim_producer *p, const struct queued *q)
{
	return p->timeout_ms && env_mono_ms(loop_env(p->loop)) - q->message.queued_ms >= p->timeout_ms;
}

/* Of each partition's queue a beginning has arrived, unseen; the rest never will: with
 * idempotence brokers take nothing behind a gap, and what has expired does not go out. */
static size_t cut_off(struct sim_producer *p)
{
	size_t lost = 0;
	struct queued *q;

	for (size_t i = 0; i < PARTITIONS; i++) {
		uint64_t arrived = p->dead || p->kafka->faults.down ? 0 : rng_below(&p->kafka->rng, MOST_A_REQUEST + 1);

		while ((q = pop(&p->partitions[i]))) {
			arrived = has_expired(p, q) ? 0 : arrived;
			if (arrived > 0 && arrived--)
				append(p, &q->message);
			else
				lost++;
			push(&p->doomed, q);
		}
	}
	return lost;
}

static void producer_free(struct sim_producer *p)
{
	struct sim_producer **at = &p->kafka->producers;
	struct queued *q;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	while ((q = pop(&p->doomed)))
		queued_free(q);
	p->kafka->open--;
	mem_free(p);
}

void sim_kafka_drop(struct sim_kafka *k, const char *node)
{
	struct sim_producer *next;
	void *before = enter(k);

	for (struct sim_producer *p = k->producers; p; p = next) {
		next = p->next;
		if (strcmp(p->node, node) != 0)
			continue;
		loop_timer_cancel(&p->timer);
		k->dropped += cut_off(p);
		producer_free(p);
	}
	leave(k, before);
}

/* ---- a producer: on its own loop ---- */

static bool chance(struct sim_kafka *k, double p)
{
	return p > 0 && rng_unit(&k->rng) < p;
}

static void arm(struct sim_producer *p)
{
	if (p->armed)
		return;
	p->armed = true;
	loop_timer_set(p->loop, &p->timer,
		       p->kafka->faults.down
			       ? TIMEOUT_MS
			       : (int64_t)rng_below(&p->kafka->rng, (uint64_t)p->kafka->faults.most_delay_ms + 1));
}

static void report(struct sim_producer *p, struct queued *q, struct producer_report r)
{
	void *before;

	r.opaque = q->opaque;
	p->count--;
	p->listener.reported(p->listener.ctx, &r);
	before = enter(p->kafka);
	queued_free(q);
	leave(p->kafka, before);
}

static const struct producer_report delivered = { .class = ERR_NONE, .code = "", .text = "" };
static const struct producer_report timed_out = {
	.class = ERR_RETRY, .breaks = true, .code = "kafka.timeout", .text = "Local: Message timed out"
};
static const struct producer_report purged = {
	.class = ERR_RETRY, .breaks = true, .code = "kafka.purged", .text = "Local: Purged in queue"
};
static const struct producer_report no_topic = { .class = ERR_RETRY,
						 .code = "kafka.no_topic",
						 .text = "Broker: Unknown topic or partition" };
static const struct producer_report too_large = { .class = ERR_DATA,
						  .code = "kafka.message",
						  .text = "Broker: Message size too large" };

static void arrive(struct sim_producer *p, struct queued *q)
{
	void *before = enter(p->kafka);

	append(p, &q->message);
	leave(p->kafka, before);
	report(p, q, chance(p->kafka, p->kafka->faults.lost_ack) ? timed_out : delivered);
}

/* A request of some messages of one partition: on the wire together, so that what
 * befalls one does not keep the others from arriving; but one too large refuses
 * all. */
static void step_partition(struct sim_producer *p, struct fifo *f)
{
	struct sim_kafka *k = p->kafka;
	struct queued *sent[MOST_A_REQUEST];
	size_t n = 0, most = 1 + rng_below(&k->rng, MOST_A_REQUEST);
	bool large = false;

	for (; n < most && f->first; n++) {
		sent[n] = pop(f);
		large = large || (k->faults.largest && strlen(sent[n]->message.body) > k->faults.largest);
	}
	for (size_t i = 0; i < n; i++) {
		if (k->faults.no_topic) {
			report(p, sent[i], no_topic);
		} else if (large) {
			report(p, sent[i], too_large);
		} else if (k->faults.down || has_expired(p, sent[i]) || chance(k, k->faults.timeout)) {
			report(p, sent[i], timed_out);
		} else {
			arrive(p, sent[i]);
		}
	}
}

static void step(void *arg)
{
	struct sim_producer *p = arg;
	size_t at = (size_t)rng_below(&p->kafka->rng, PARTITIONS);
	struct queued *q;

	p->armed = false;
	while ((q = pop(&p->doomed)))
		report(p, q, purged);
	if (chance(p->kafka, p->kafka->faults.fatal) && !p->dead) {
		struct err why = { 0 };

		p->dead = true;
		err_set(&why, ERR_RETRY, "kafka.fatal", "the simulated producer died");
		p->listener.broke(p->listener.ctx, &why);
	}
	for (size_t i = 0; i < PARTITIONS && !p->dead; i++, at = (at + 1) % PARTITIONS) {
		if (p->partitions[at].first) {
			step_partition(p, &p->partitions[at]);
			break;
		}
	}
	p->listener.progressed(p->listener.ctx);
	if (p->count > 0)
		arm(p);
}

static struct queued *queued_new(struct sim_producer *p, const struct effect_message *m)
{
	struct queued *q = mem_alloc(sizeof(*q));
	struct buf headers;

	q->message = (struct sim_kafka_message){
		.topic = text_of(m->address),
		.key = text_of(m->key),
		.body = text_of(m->body),
		.partition = (unsigned)(str_hash(m->key) % PARTITIONS),
		.queued_ms = env_mono_ms(loop_env(p->loop)),
	};
	snprintf(q->message.node, sizeof(q->message.node), "%s", p->node);
	buf_init(&headers, HEADER_BYTES);
	for (size_t i = 0; i < m->n_headers; i++) {
		buf_putf(&headers, "%.*s: %.*s\n", STR_ARG(m->headers[i].name), STR_ARG(m->headers[i].value));
		if (str_eq(m->headers[i].name, STR("sluice-v")))
			str_to_u64(m->headers[i].value, &q->message.v);
	}
	assert(buf_ok(&headers));
	q->message.headers = text_of(buf_str(&headers));
	buf_release(&headers);
	return q;
}

static bool produce(struct producer *base, const struct effect_message *m, void *opaque, struct err *err)
{
	struct sim_producer *p = (struct sim_producer *)base;
	struct queued *q;
	void *before;

	if (p->count >= (p->kafka->faults.queue ? p->kafka->faults.queue : QUEUE))
		return err_set(err, ERR_THROTTLE, "kafka.queue_full", "the queue is full");
	if (str_eq(m->body, STR("never")))
		return err_set(err, ERR_DATA, "kafka.message", "the client does not take this message");
	before = enter(p->kafka);
	q = queued_new(p, m);
	q->opaque = opaque;
	push(&p->partitions[q->message.partition], q);
	leave(p->kafka, before);
	p->count++;
	arm(p);
	return true;
}

/* What is purged may have been on the wire. */
static void purge(struct producer *base)
{
	struct sim_producer *p = (struct sim_producer *)base;
	void *before = enter(p->kafka);

	cut_off(p);
	leave(p->kafka, before);
	if (p->count > 0) {
		loop_timer_cancel(&p->timer);
		p->armed = true;
		loop_timer_set(p->loop, &p->timer, 0);
	}
}

static struct str complaint(struct producer *base)
{
	return ((struct sim_producer *)base)->kafka->faults.down ? STR("Connection refused") : STR("");
}

static bool probe(struct producer *base, int64_t timeout_ms, struct err *err)
{
	struct sim_producer *p = (struct sim_producer *)base;

	if (!p->kafka->faults.down)
		return task_sleep_ms(p->loop, 1, err);
	return task_sleep_ms(p->loop, timeout_ms, err) &&
	       err_set(err, ERR_RETRY, "kafka.unreachable", "no metadata; Connection refused");
}

static void close_producer(struct producer *base)
{
	struct sim_producer *p = (struct sim_producer *)base;
	struct sim_kafka *k = p->kafka;
	void *before;

	purge(base);
	loop_timer_cancel(&p->timer);
	task_sleep_ms(p->loop, 1, NULL);
	before = enter(k);
	producer_free(p);
	leave(k, before);
}

static const struct producer_ops ops = {
	.produce = produce,
	.purge = purge,
	.complaint = complaint,
	.probe = probe,
	.close = close_producer,
};

static struct producer *open_producer(const struct producer_factory *f, struct loop *loop,
				      const struct producer_settings *s, struct err *err)
{
	struct sim_kafka *k = (struct sim_kafka *)f; /* factory is its first member */
	const char *node = k->world.node ? k->world.node(k->world.ctx, loop_env(loop)) : "";
	void *before = enter(k);
	struct sim_producer *p = mem_alloc(sizeof(*p));

	(void)err;
	*p = (struct sim_producer){ .base.ops = &ops, .next = k->producers, .kafka = k, .loop = loop, .listener = s->listener,
				    .timeout_ms = s->message_timeout_ms };
	snprintf(p->node, sizeof(p->node), "%s", node);
	k->producers = p;
	leave(k, before);
	p->timer = (struct timer){ .fn = step, .arg = p };
	for (size_t i = 0; i < PARTITIONS; i++)
		p->partitions[i].end = &p->partitions[i].first;
	p->doomed.end = &p->doomed.first;
	k->last = *s;
	k->opened++;
	k->open++;
	return &p->base;
}

void sim_kafka_init(struct sim_kafka *k, uint64_t seed)
{
	*k = (struct sim_kafka){ .factory.open = open_producer };
	rng_seed(&k->rng, seed);
}

void sim_kafka_release(struct sim_kafka *k)
{
	assert(k->open == 0);
	for (size_t i = 0; i < k->count; i++)
		message_free(&k->log[i]);
	for (size_t i = 0; i < k->newest.cap; i++)
		mem_free(k->newest.slots[i].value);
	sim_map_release(&k->newest);
	mem_free(k->log);
}
