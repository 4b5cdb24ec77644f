#include "sim/producer.h"

#include "sluice/core/mem.h"

#include <assert.h>

enum { PARTITIONS = 3, MOST_A_REQUEST = 5, QUEUE = 10000, TIMEOUT_MS = 8000 };

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
	struct sim_kafka *kafka;
	struct loop *loop;
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

static void append(struct sim_kafka *k, const struct sim_kafka_message *m)
{
	if (k->count == k->cap) {
		k->cap = k->cap ? 2 * k->cap : 256;
		k->log = mem_resize(k->log, k->cap * sizeof(*k->log));
	}
	k->log[k->count++] =
		(struct sim_kafka_message){ text_of(str_c(m->topic)), text_of(str_c(m->key)), text_of(str_c(m->body)) };
}

static void message_free(struct sim_kafka_message *m)
{
	mem_free(m->topic);
	mem_free(m->key);
	mem_free(m->body);
}

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
	r.opaque = q->opaque;
	p->count--;
	p->listener.reported(p->listener.ctx, &r);
	message_free(&q->message);
	mem_free(q);
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
		} else if (k->faults.down || chance(k, k->faults.timeout)) {
			report(p, sent[i], timed_out);
		} else {
			append(k, &sent[i]->message);
			report(p, sent[i], chance(k, k->faults.lost_ack) ? timed_out : delivered);
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

static bool produce(struct producer *base, const struct effect_message *m, void *opaque, struct err *err)
{
	struct sim_producer *p = (struct sim_producer *)base;
	struct queued *q;

	if (p->count >= (p->kafka->faults.queue ? p->kafka->faults.queue : QUEUE))
		return err_set(err, ERR_THROTTLE, "kafka.queue_full", "the queue is full");
	if (str_eq(m->body, STR("never")))
		return err_set(err, ERR_DATA, "kafka.message", "the client does not take this message");
	q = mem_alloc(sizeof(*q));
	q->message = (struct sim_kafka_message){ text_of(m->address), text_of(m->key), text_of(m->body) };
	q->opaque = opaque;
	push(&p->partitions[str_hash(m->key) % PARTITIONS], q);
	p->count++;
	arm(p);
	return true;
}

/* What is purged may have been on the wire: then a beginning of each partition's
 * queue has arrived, unseen. */
static void purge(struct producer *base)
{
	struct sim_producer *p = (struct sim_producer *)base;
	struct queued *q;

	for (size_t i = 0; i < PARTITIONS; i++) {
		uint64_t arrived = p->dead || p->kafka->faults.down ? 0 : rng_below(&p->kafka->rng, MOST_A_REQUEST + 1);

		while ((q = pop(&p->partitions[i]))) {
			if (arrived > 0 && arrived--)
				append(p->kafka, &q->message);
			push(&p->doomed, q);
		}
	}
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
	struct queued *q;

	purge(base);
	loop_timer_cancel(&p->timer);
	while ((q = pop(&p->doomed))) {
		message_free(&q->message);
		mem_free(q);
	}
	task_sleep_ms(p->loop, 1, NULL);
	p->kafka->open--;
	mem_free(p);
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
	struct sim_producer *p = mem_alloc(sizeof(*p));

	(void)err;
	*p = (struct sim_producer){ .base.ops = &ops, .kafka = k, .loop = loop, .listener = s->listener };
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
	mem_free(k->log);
}
