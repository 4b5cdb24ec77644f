/* The kafka sink: what is acknowledged is what delivery reports say.
 *
 * A message whose fate is unknown (timeout, fatal producer error) breaks the
 * producer: all that it still holds is purged, a new one is made, and the caller
 * comes again with everything that was not delivered, in order. So no message is
 * ever produced again behind a later one that stands.
 */
#include "key_map.h"
#include "sluice/core/mem.h"
#include "sluice/sinks/kinds.h"
#include "sluice/sinks/producer.h"

enum {
	LEAST_TIMEOUT_MS = 1000,
	QUEUE_FULL_POLL_MS = 1000, /* a lost wake-up must not be for ever */
	PURGE_WAIT_MS = 5000,
	PROBE_MS = 5000,
	TARGETS_BYTES = 1 << 20, /* of a send's targets, beyond their text */
};

struct kafka_settings {
	struct str brokers, client_id;
	struct option_names properties;
	int64_t queue_messages, queue_bytes;
};

enum slot_state { SLOT_UNSENT, SLOT_QUEUED, SLOT_DELIVERED, SLOT_FAILED };

struct flight;

struct slot {
	struct flight *flight;
	enum slot_state state;
	enum err_class class;
	bool by_broker;   /* the outcome came in a report */
	int64_t queued_ms; /* when the client got it (mono) */
	const char *code; /* static */
	char *text;       /* owned, or NULL */
};

/* The messages of one send(). It outlives a cancelled send() until the last of
 * its reports has come. */
struct flight {
	struct flight *next, **at; /* in the sink's list while outstanding */
	size_t outstanding;
	bool abandoned;
	bool behind; /* one failed in a way that later ones must not pass */
	struct event moved;
	size_t count;
	struct slot slots[];
};

struct kafka_sink {
	struct sink base;
	const struct producer_factory *factory;
	struct producer_settings settings;
	struct producer *producer; /* NULL between a broken one and the next */
	bool broken, reopening;
	struct err why_broken;
	struct event changed; /* reopening has ended, or there may be room */
	struct flight *flights;
	size_t outstanding; /* over all flights */
	struct event drained;
	struct timer patience;     /* armed while anything is outstanding */
	int64_t patience_ms;
};

#define AT(field) offsetof(struct kafka_settings, field)
static const struct option options[] = {
	{ .name = "brokers",
	  .type = OPTION_STR,
	  .offset = AT(brokers),
	  .flags = OPTION_REQUIRED,
	  .help = "Bootstrap servers, \"host:port\" separated by commas." },
	{ .name = "client_id",
	  .type = OPTION_STR,
	  .offset = AT(client_id),
	  .default_text = "sluice",
	  .help = "Name under which the brokers log and limit this client." },
	{ .name = "properties",
	  .type = OPTION_NAMES,
	  .offset = AT(properties),
	  .flags = OPTION_SECRET,
	  .help = "More librdkafka properties, as \"name=value\"; sluice sets enable.idempotence, acks=all, "
		  "linger.ms=5, partitioner=murmur2_random and message.timeout.ms below leases.failover_s." },
	{ .name = "queue_messages",
	  .type = OPTION_INT,
	  .offset = AT(queue_messages),
	  .default_text = "100000",
	  .min = 1,
	  .max = 10000000,
	  .help = "Most messages that wait for the brokers." },
	{ .name = "queue_bytes",
	  .type = OPTION_INT,
	  .offset = AT(queue_bytes),
	  .default_text = "67108864",
	  .min = 1 << 20,
	  .max = (int64_t)1 << 31,
	  .unit = "bytes",
	  .help = "Most bytes that wait for the brokers." },
	{ 0 },
};

/* Elements that were refused are not among those that were read. */
static const struct node *next_read(const struct node *n, const struct problems *problems)
{
	while (n && problems_within(problems, n))
		n = n->next;
	return n;
}

static void check(const void *settings, const struct node *at, struct problems *problems)
{
	const struct kafka_settings *s = settings;
	const struct node *list = at ? node_get(at, STR("properties")) : NULL;
	const struct node *n = next_read(list ? list->first : NULL, problems);

	for (size_t i = 0; i < s->properties.count; i++) {
		const struct node *next = n ? next_read(n->next, problems) : NULL;
		struct err err = { 0 };

		if (!kafka_property_check(s->properties.items[i], &err))
			problems_add(problems, n ? n : at, "%s", err.text);
		n = next;
	}
}

/* ---- reports: on the loop's stack ---- */

static void flight_free(struct flight *f)
{
	for (size_t i = 0; i < f->count; i++)
		mem_free(f->slots[i].text);
	mem_free(f);
}

static void flight_unlink(struct flight *f)
{
	*f->at = f->next;
	if (f->next)
		f->next->at = f->at;
}

static void break_producer(struct kafka_sink *k, const struct err *why)
{
	if (k->broken)
		return;
	k->broken = true;
	k->why_broken = *why;
	log_warn(loop_env(k->base.site.loop)->log, "kafka.broken", LOG_STR("sink", k->base.site.name), LOG_ERR(why));
	if (k->producer)
		k->producer->ops->purge(k->producer);
}

static int64_t oldest_queued_ms(const struct kafka_sink *k)
{
	int64_t oldest_ms = INT64_MAX;

	for (const struct flight *f = k->flights; f; f = f->next)
		for (size_t i = 0; i < f->count; i++)
			if (f->slots[i].state == SLOT_QUEUED && f->slots[i].queued_ms < oldest_ms)
				oldest_ms = f->slots[i].queued_ms;
	return oldest_ms;
}

/* The client gives messages up one by one, each in its own time, and may send a later one
 * of the same key when the earlier one is already given up. So all of them are given up
 * at once, before that. */
static void lose_patience(void *arg)
{
	struct kafka_sink *k = arg;
	int64_t waited_ms = env_mono_ms(loop_env(k->base.site.loop)) - oldest_queued_ms(k);
	struct err why = { 0 };

	if (k->broken || !k->outstanding)
		return;
	if (waited_ms < k->patience_ms) {
		loop_timer_set(k->base.site.loop, &k->patience, k->patience_ms - waited_ms);
		return;
	}
	err_set(&why, ERR_RETRY, "kafka.timeout", "no delivery report came for %lld ms", (long long)waited_ms);
	break_producer(k, &why);
}

/* The last report of a flight nobody waits for frees it. */
static void settle_slot(struct kafka_sink *k, struct slot *s, const struct producer_report *r)
{
	struct flight *f = s->flight;

	s->state = r->class == ERR_NONE ? SLOT_DELIVERED : SLOT_FAILED;
	s->class = r->class;
	s->by_broker = true;
	s->code = r->code;
	mem_free(s->text);
	s->text = NULL;
	if (r->class != ERR_NONE && !f->abandoned)
		s->text = mem_dup(r->text, strlen(r->text));
	f->behind = f->behind || r->class != ERR_NONE;
	f->outstanding--;
	k->outstanding--;
	if (k->outstanding == 0) {
		loop_timer_cancel(&k->patience);
		event_set(&k->drained);
	}
	if (f->outstanding > 0)
		return;
	event_set(&f->moved);
	flight_unlink(f);
	if (f->abandoned)
		flight_free(f);
}

static void reported(void *ctx, const struct producer_report *r)
{
	struct kafka_sink *k = ctx;
	struct err why = { 0 };

	if (r->breaks && !k->broken) {
		err_set(&why, ERR_RETRY, r->code, "%s", r->text);
		break_producer(k, &why);
	}
	settle_slot(k, r->opaque, r);
}

static void progressed(void *ctx)
{
	struct kafka_sink *k = ctx;

	event_set(&k->changed);
}

static void broke(void *ctx, const struct err *why)
{
	struct kafka_sink *k = ctx;

	break_producer(k, why);
	event_set(&k->changed);
}

/* ---- a producer, and another one ---- */

static struct sink *kafka_open(const void *settings, const struct sink_site *site, struct err *err)
{
	const struct kafka_settings *s = settings;
	struct kafka_sink *k = mem_alloc(sizeof(*k));
	int64_t margin = site->failover_ms / 5 > LEAST_TIMEOUT_MS ? site->failover_ms / 5 : LEAST_TIMEOUT_MS;
	int64_t timeout = site->failover_ms - margin;

	k->base = (struct sink){ .ops = &kafka_sink, .site = *site };
	k->factory = site->producers ? site->producers : kafka_producers();
	k->settings = (struct producer_settings){
		.brokers = s->brokers,
		.client_id = s->client_id,
		.properties = &s->properties,
		.message_timeout_ms = timeout > LEAST_TIMEOUT_MS ? timeout : LEAST_TIMEOUT_MS,
		.queue_messages = s->queue_messages,
		.queue_bytes = s->queue_bytes,
		.listener = { .reported = reported, .progressed = progressed, .broke = broke, .ctx = k },
	};
	k->patience = (struct timer){ .fn = lose_patience, .arg = k };
	k->patience_ms = k->settings.message_timeout_ms * 3 / 4;
	event_init(&k->changed, site->loop);
	event_init(&k->drained, site->loop);
	k->producer = k->factory->open(k->factory, site->loop, &k->settings, err);
	if (k->producer)
		return &k->base;
	mem_free(k);
	return NULL;
}

/* What a closed producer will never report has failed. */
static void fail_unreported(struct kafka_sink *k)
{
	const struct producer_report lost = { .class = ERR_RETRY,
					      .code = "kafka.purged",
					      .text = "the producer was closed before a delivery report came" };

	while (k->flights) {
		struct flight *f = k->flights;
		size_t left = f->outstanding; /* after the last report f may be gone */

		for (size_t i = 0; left > 0; i++) {
			if (f->slots[i].state != SLOT_QUEUED)
				continue;
			left--;
			settle_slot(k, &f->slots[i], &lost);
		}
	}
}

static void close_producer(struct kafka_sink *k)
{
	struct producer *old = k->producer;

	if (!old)
		return;
	event_clear(&k->drained);
	old->ops->purge(old);
	if (k->outstanding > 0)
		event_wait(&k->drained, PURGE_WAIT_MS, NULL, NULL);
	k->producer = NULL;
	old->ops->close(old);
	fail_unreported(k);
}

/* Yields. A producer that works, also when several senders ask at once. */
static bool ensure_producer(struct kafka_sink *k, struct err *err)
{
	struct loop *loop = k->base.site.loop;

	while (k->reopening) {
		event_clear(&k->changed);
		if (!event_wait(&k->changed, -1, NULL, err))
			return false;
	}
	if (k->producer && !k->broken)
		return true;
	k->reopening = true;
	task_shield_begin(loop);
	close_producer(k);
	k->producer = k->factory->open(k->factory, loop, &k->settings, err);
	task_shield_end(loop);
	k->broken = false;
	k->reopening = false;
	event_set(&k->changed);
	return k->producer != NULL;
}

/* ---- one send ---- */

struct sending {
	struct kafka_sink *k;
	struct flight *flight;
	struct effect *const *effects;
	size_t n;
	struct arena arena;
	struct key_map failed; /* targets that a failure was seen on */
	size_t n_failed;
	struct err err; /* why the rest was not sent; RETRY or FATAL */
	bool cancelled;
};

static struct flight *flight_new(struct loop *loop, size_t n)
{
	struct flight *f = mem_alloc(sizeof(*f) + n * sizeof(f->slots[0]));

	f->count = n;
	event_init(&f->moved, loop);
	for (size_t i = 0; i < n; i++)
		f->slots[i].flight = f;
	return f;
}

static struct str target_of(struct sending *s, size_t i)
{
	const struct effect_message *m = &s->effects[i]->message;
	const struct str parts[2] = { m->address, m->key };

	return key_join(&s->arena, parts, 2);
}

static bool stands_behind(struct sending *s, size_t i)
{
	return s->n_failed > 0 && key_map_has(&s->failed, target_of(s, i));
}

/* The map and its keys fit: targets_bytes() counted them. */
static void note_failed(struct sending *s, size_t i)
{
	if (s->n_failed++ == 0)
		key_map_init(&s->failed, &s->arena, s->n);
	*key_map_at(&s->failed, target_of(s, i)) = s->effects[i];
}

/* Counted before the client knows of it: its report may come at once. */
static bool hand_over(struct sending *s, size_t i, struct err *err)
{
	const struct sink_site *site = &s->k->base.site;
	struct kafka_sink *k = s->k;
	struct flight *f = s->flight;
	struct slot *slot = &f->slots[i];

	if (site->may_send && !site->may_send(site->may_send_ctx, err))
		return false;
	if (!k->producer->ops->produce(k->producer, &s->effects[i]->message, slot, err))
		return false;
	slot->state = SLOT_QUEUED;
	slot->queued_ms = env_mono_ms(loop_env(site->loop));
	if (f->outstanding++ == 0) {
		f->next = k->flights;
		f->at = &k->flights;
		if (f->next)
			f->next->at = &f->next;
		k->flights = f;
	}
	if (k->outstanding++ == 0)
		loop_timer_set(site->loop, &k->patience, k->patience_ms);
	return true;
}

static bool wait_for_room(struct sending *s)
{
	struct kafka_sink *k = s->k;

	event_clear(&k->changed);
	if (event_wait(&k->changed, QUEUE_FULL_POLL_MS, NULL, NULL))
		return true;
	s->cancelled = true;
	return false;
}

/* False: nothing more of this send may be produced. */
static bool produce_one(struct sending *s, size_t i)
{
	struct kafka_sink *k = s->k;
	struct slot *slot = &s->flight->slots[i];
	struct err err = { 0 };

	for (;;) {
		if (k->broken || k->reopening || s->flight->behind || !k->producer)
			return false;
		if (hand_over(s, i, &err))
			return true;
		if (!err_is(&err, "kafka.queue_full"))
			break;
		if (!wait_for_room(s))
			return false;
	}
	slot->state = SLOT_FAILED;
	slot->class = err.class;
	slot->code = err.class == ERR_DATA ? "kafka.message" : "kafka.produce";
	slot->text = mem_dup(err.text, strlen(err.text));
	note_failed(s, i);
	return err.class == ERR_DATA;
}

static void produce_all(struct sending *s)
{
	bool go_on = true;

	for (size_t i = 0; i < s->n && go_on; i++)
		if (sink_takes(&s->k->base, s->effects[i]) && !stands_behind(s, i))
			go_on = produce_one(s, i);
}

static void await_reports(struct sending *s)
{
	while (!s->cancelled && s->flight->outstanding > 0) {
		event_clear(&s->flight->moved);
		if (!event_wait(&s->flight->moved, -1, NULL, NULL))
			s->cancelled = true;
	}
}

static void fail_slot(struct sending *s, size_t i)
{
	const struct kafka_sink *k = s->k;
	const struct slot *slot = &s->flight->slots[i];
	struct str complaint = { 0 };
	struct err why = { 0 };

	if (k->producer && slot->class != ERR_DATA)
		complaint = k->producer->ops->complaint(k->producer);
	err_set(&why, slot->class, slot->code, "Kafka at %.*s, topic %.*s: %s%s%.*s", STR_ARG(k->settings.brokers),
		STR_ARG(s->effects[i]->message.address), slot->text ? slot->text : "",
		complaint.len ? "; the client last said: " : "", STR_ARG(complaint));
	effect_fail(s->effects[i], &why);
}

/* A broker that refuses a message refuses the batch it came in: whether the
 * message itself is at fault shows when it comes alone. */
static bool accepted_alone(struct sending *s, size_t i)
{
	struct slot *slot = &s->flight->slots[i];
	struct err err = { 0 };

	if (slot->class != ERR_DATA || !slot->by_broker || s->cancelled || s->k->broken || s->k->reopening ||
	    !s->k->producer)
		return false;
	if (!hand_over(s, i, &err))
		return false;
	await_reports(s);
	return slot->state == SLOT_DELIVERED;
}

/* In stream order, so that what was delivered behind a failed message of the
 * same key is sent again behind it. A cancelled send settles what is known from
 * the front. */
static void settle(struct sending *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct slot *slot = &s->flight->slots[i];

		if (s->effects[i]->state != EFFECT_PENDING)
			continue;
		if (s->cancelled && (slot->state == SLOT_QUEUED || slot->state == SLOT_UNSENT))
			return;
		if (stands_behind(s, i) && slot->state != SLOT_FAILED) {
			sink_fail_behind(&s->k->base, s->effects[i]);
		} else if (slot->state == SLOT_DELIVERED) {
			effect_done(s->effects[i]);
		} else if (slot->state == SLOT_FAILED && accepted_alone(s, i)) {
			effect_done(s->effects[i]);
			note_failed(s, i);
		} else if (slot->state == SLOT_FAILED) {
			fail_slot(s, i);
			note_failed(s, i);
		} else if (s->cancelled) {
			return;
		} else {
			sink_fail_behind(&s->k->base, s->effects[i]);
			note_failed(s, i);
		}
	}
}

static void fail_all(struct sending *s, const struct err *why)
{
	for (size_t i = 0; i < s->n && why->class != ERR_CANCELLED; i++)
		if (s->effects[i]->state == EFFECT_PENDING)
			effect_fail(s->effects[i], why);
}

/* A target's text is made up to four times; blocks waste at most half. */
static size_t targets_bytes(struct effect *const *effects, size_t n)
{
	size_t bytes = TARGETS_BYTES + 8 * n * sizeof(struct key_slot);

	for (size_t i = 0; i < n; i++)
		if (effects[i]->kind == EFFECT_MESSAGE)
			bytes += 8 * (effects[i]->message.address.len + effects[i]->message.key.len + 64);
	return bytes;
}

static void kafka_send(struct sink *sink, struct effect *const *effects, size_t n)
{
	struct sending s = { .k = (struct kafka_sink *)sink, .effects = effects, .n = n };
	struct err err = { 0 };

	if (!ensure_producer(s.k, &err)) {
		fail_all(&s, &err);
		return;
	}
	s.flight = flight_new(sink->site.loop, n);
	arena_init(&s.arena, targets_bytes(effects, n));
	produce_all(&s);
	await_reports(&s);
	settle(&s);
	arena_release(&s.arena);
	if (s.flight->outstanding > 0)
		s.flight->abandoned = true;
	else
		flight_free(s.flight);
}

static bool kafka_probe(struct sink *sink, struct err *err)
{
	struct kafka_sink *k = (struct kafka_sink *)sink;

	if (!ensure_producer(k, err))
		return false;
	if (k->producer->ops->probe(k->producer, PROBE_MS, err))
		return true;
	return err_prefix(err, "sink %.*s cannot reach Kafka at %.*s; check sinks.%.*s.brokers",
			  STR_ARG(sink->site.name), STR_ARG(k->settings.brokers), STR_ARG(sink->site.name));
}

static void kafka_purge(struct sink *sink)
{
	struct kafka_sink *k = (struct kafka_sink *)sink;
	struct err why = { 0 };

	if (k->outstanding == 0)
		return;
	err_set(&why, ERR_RETRY, "kafka.purged", "sink %.*s was told to forget what it holds",
		STR_ARG(sink->site.name));
	break_producer(k, &why);
}

static void kafka_close(struct sink *sink)
{
	struct kafka_sink *k = (struct kafka_sink *)sink;

	close_producer(k);
	mem_free(k);
}

const struct sink_ops kafka_sink = {
	.kind = "kafka",
	.summary = "Produces messages to Kafka topics, idempotent and in order per key.",
	.options = options,
	.settings_size = sizeof(struct kafka_settings),
	.accepts = 1u << EFFECT_MESSAGE,
	.address = "topic",
	.check = check,
	.open = kafka_open,
	.send = kafka_send,
	.probe = kafka_probe,
	.purge = kafka_purge,
	.close = kafka_close,
};
