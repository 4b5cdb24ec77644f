#include "sluice/worker/delivery.h"

#include "sluice/core/mem.h"
#include "sluice/worker/worker.h"

enum {
	SAY_AGAIN_MS = 30000,          /* between two log lines about the same trouble */
	DEAD_LETTER_BYTES = 8 << 20,   /* of one record with its reason */
};

/* What is still to be acknowledged, and how it has gone so far. */
struct delivery {
	struct delivery_site *s;
	struct effect **effects;
	size_t n;
	int64_t rounds;                /* that left something over */
	int64_t tries;                 /* of these, since something last went to the dead letter */
	bool said;                     /* trouble was logged */
	int64_t said_ms;               /* when, last */
	int64_t delay_ms;              /* before the next round */
	struct delivery_loss *losses;
	size_t n_losses;
};

static struct worker *worker_of(const struct delivery_site *s)
{
	return s->pipeline->worker;
}

static struct env *env_of(const struct delivery_site *s)
{
	return worker_of(s)->env;
}

static int64_t age_s(const struct delivery_site *s, const struct effect *e)
{
	return aws_service_time_ms(worker_of(s)->streams) / 1000 - s->records[e->record]->created_s;
}

bool delivery_pause(struct worker *w, int64_t ms)
{
	bool draining;

	return event_wait(&w->drain, ms, &draining, NULL) && !draining;
}

/* A worker whose heartbeat is not confirmed, or that lost the lease, sends nothing. */
static bool may_send(struct delivery_site *s)
{
	const struct heartbeat *h = &worker_of(s)->heartbeat;
	bool said = false;
	struct err err;

	while (*s->held && !heartbeat_may_send(h, &err)) {
		if (!said)
			log_warn(env_of(s)->log, "delivery.held", LOG_STR("handler", s->h->place->name), LOG_ERR(&err));
		said = true;
		if (!delivery_pause(worker_of(s), h->failover_ms / 20 + 1))
			return false;
	}
	return *s->held;
}

static void say(struct delivery *d, const struct err *why)
{
	int64_t now_ms = env_mono_ms(env_of(d->s));

	if (d->s->quiet || (d->rounds > 1 && now_ms - d->said_ms < SAY_AGAIN_MS))
		return;
	d->said_ms = now_ms;
	d->said = true;
	log_warn(env_of(d->s)->log, "sink.waiting", LOG_STR("pipeline", d->s->pipeline->name),
		 LOG_STR("handler", d->s->h->place->name), LOG_STR(d->s->place_name, d->s->place),
		 LOG_INT("effects", d->n), LOG_INT("rounds", d->rounds), LOG_ERR(why));
}

static void say_recovered(const struct delivery *d)
{
	log_info(env_of(d->s)->log, "sink.recovered", LOG_STR("pipeline", d->s->pipeline->name),
		 LOG_STR("handler", d->s->h->place->name), LOG_STR(d->s->place_name, d->s->place), LOG_INT("rounds", d->rounds));
}

/* One effect that is not done. False: the handler stops. */
static bool judge(struct delivery *d, struct effect *e)
{
	struct delivery_site *s = d->s;
	int64_t delay_ms;

	if (e->err->class == ERR_DATA)
		e->attempts++;
	switch (failure_judge(s->policy, e->err, e->attempts, age_s(s, e))) {
	case FAILURE_STOP:
		pipeline_stop_handler(s->pipeline, s->h, e->err);
		return false;
	case FAILURE_DEAD_LETTER:
		d->losses[d->n_losses++] = (struct delivery_loss){
			.record = e->record, .nth = e->nth, .effect = e, .why = e->err, .attempts = e->attempts ? e->attempts : d->rounds,
			.member = s->member_of ? s->member_of(s->owner, e) : (struct str){ 0 },
		};
		return true;
	case FAILURE_WAIT:
		break;
	}
	delay_ms = failure_delay_ms(e->err, d->tries, &env_of(s)->rng);
	if (delay_ms > d->delay_ms)
		d->delay_ms = delay_ms;
	d->effects[d->n++] = e;
	return true;
}

/* Done effects leave the list, held ones, too: their holder is told. Failed ones are judged. */
static bool sort_out(struct delivery *d)
{
	size_t n = d->n;
	const struct effect *waiting;

	d->n = d->n_losses = 0;
	d->delay_ms = 0;
	for (size_t i = 0; i < n; i++)
		if (d->effects[i]->state == EFFECT_FAILED && !judge(d, d->effects[i]))
			return false;
	if (d->n_losses) /* what stood in the way is gone: no reason to wait long for what is behind it */
		d->tries = 0;
	waiting = d->n ? d->effects[0] : NULL;
	if (waiting)
		say(d, waiting->err);
	return true;
}

static bool is_opaque(struct effect *const *effects, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (effects[i]->state != EFFECT_FAILED || !err_is(effects[i]->err, SINK_OPAQUE))
			return false;
	return n > 1;
}

static bool send_once(struct delivery_site *s, struct effect **effects, size_t n)
{
	if (!may_send(s))
		return false;
	s->sink->ops->send(s->sink, effects, n);
	for (size_t i = 0; i < n; i++)
		if (effects[i]->state == EFFECT_PENDING ||
		    (effects[i]->state == EFFECT_FAILED && effects[i]->err->class == ERR_CANCELLED))
			return false;
	return true;
}

/* A request that failed as a whole is tried in halves until the culprit stands
 * alone; the rest goes through. */
static bool send(struct delivery_site *s, struct effect **effects, size_t n)
{
	size_t half = n / 2;

	if (!send_once(s, effects, n))
		return false;
	if (!s->policy->bisect || !is_opaque(effects, n))
		return true;
	for (size_t i = 0; i < n; i++)
		effect_retry(effects[i]);
	return send(s, effects, half) && send(s, effects + half, n - half);
}

/* Yields before another try. False: the owner does not wait for it. */
static bool wait_for(struct delivery_site *s, const struct err *why, int64_t delay_ms, bool finite)
{
	return (!s->waits || s->waits(s->owner, why, delay_ms, finite)) && delivery_pause(worker_of(s), delay_ms);
}

static bool next_round(struct delivery *d)
{
	bool finite = false;

	d->s->h->stats.retries++;
	for (size_t i = 0; i < d->n; i++)
		finite = finite || d->effects[i]->err->class == ERR_DATA;
	if (!wait_for(d->s, d->effects[0]->err, d->delay_ms, finite))
		return false;
	for (size_t i = 0; i < d->n; i++)
		effect_retry(d->effects[i]);
	return true;
}

bool delivery_run(struct delivery_site *s, struct effect **effects, size_t n)
{
	struct delivery d = { .s = s, .effects = effects, .n = n };
	bool ok = true;

	if (n == 0)
		return true;
	d.losses = mem_array(n, sizeof(*d.losses));
	while (ok && d.n) {
		ok = send(s, d.effects, d.n);
		d.rounds++;
		d.tries++;
		/* What goes to the dead letter goes before what waits behind it. */
		ok = ok && sort_out(&d) && delivery_dead_letter(s, d.losses, d.n_losses);
		if (ok && d.n)
			ok = next_round(&d);
	}
	if (ok && d.said)
		say_recovered(&d);
	mem_free(d.losses);
	return ok;
}

bool delivery_flush(struct delivery_site *s, struct effect_holder *h)
{
	struct delivery d = { .s = s };
	struct err err;

	for (;;) {
		if (!may_send(s))
			return false;
		d.rounds++;
		if (s->sink->ops->flush(s->sink, h, &err))
			break;
		if (err.class == ERR_CANCELLED)
			return false;
		if (!err_can_wait(&err)) {
			pipeline_stop_handler(s->pipeline, s->h, &err);
			return false;
		}
		say(&d, &err);
		s->h->stats.retries++;
		if (!wait_for(s, &err, failure_delay_ms(&err, d.rounds, &env_of(s)->rng), false))
			return false;
	}
	if (d.said)
		say_recovered(&d);
	return true;
}

/* ---- the dead letter ---- */

static bool write_loss(struct delivery_site *s, const struct delivery_loss *loss, struct effect_batch *batch, struct err *err)
{
	struct dead_letter letter = {
		.source = &batch->source, .record = s->records[loss->record], .why = loss->why,
		.attempts = loss->attempts, .time_ms = env_wall_ms(env_of(s)), .member = loss->member, .nth = loss->nth,
	};
	struct effect *e = effect_new(batch, EFFECT_MESSAGE, loss->record, err);
	struct buf body;

	if (!e)
		return false;
	buf_init(&body, DEAD_LETTER_BYTES);
	if (dead_letter_write(&letter, &body))
		e->message.body = arena_dup(&batch->arena, buf_str(&body));
	e->message.address = s->policy->dead_letter_address;
	buf_release(&body);
	return e->message.body.ptr || err_set(err, ERR_FATAL, "dead_letter.size",
					      "record %.*s with its reason is larger than a dead letter may be, %d bytes",
					      STR_ARG(sequence_wire(&s->records[loss->record]->sequence)), DEAD_LETTER_BYTES);
}

/* Until the dead letter has said yes: there is no other way on. */
static bool send_loss(struct delivery_site *s, struct effect_batch *batch)
{
	struct effect *e = batch->effects[0];

	for (int64_t round = 1;; round++) {
		if (!may_send(s))
			return false;
		s->h->dead_letter->ops->send(s->h->dead_letter, batch->effects, 1);
		if (e->state == EFFECT_DONE)
			return true;
		if (e->state == EFFECT_PENDING || e->err->class == ERR_CANCELLED)
			return false;
		if (!s->quiet)
			log_error(env_of(s)->log, "dead_letter.failed", LOG_STR("pipeline", s->pipeline->name),
				  LOG_STR("handler", s->h->place->name), LOG_INT("rounds", round), LOG_ERR(e->err));
		if (!wait_for(s, e->err, failure_delay_ms(e->err, round, &env_of(s)->rng), false))
			return false;
		effect_retry(e);
	}
}

/* A contribution that went to the dead letter must not come in by a replay later:
 * the row's fence moves over it with nothing added. Where even that is refused
 * the row cannot be written at all. *settled: the sink has acknowledged it. */
static bool pass_fence(struct delivery_site *s, struct effect *e, bool *settled)
{
	*settled = false;
	for (int64_t round = 1;; round++) {
		effect_retry(e);
		e->add.n_deltas = 0;
		e->add.set = str_of(NULL, 0);
		if (!send_once(s, &e, 1))
			return false;
		*settled = e->state == EFFECT_DONE;
		if (*settled || !err_can_wait(e->err))
			return true;
		if (!wait_for(s, e->err, failure_delay_ms(e->err, round, &env_of(s)->rng), false))
			return false;
	}
}

static bool no_dead_letter(struct delivery_site *s, const struct delivery_loss *loss)
{
	struct err err = *loss->why;

	err_prefix(&err, "record %.*s cannot be handled, and on_failure.dead_letter is not set",
		   STR_ARG(sequence_wire(&s->records[loss->record]->sequence)));
	pipeline_stop_handler(s->pipeline, s->h, &err);
	return false;
}

static bool dead_letter_one(struct delivery_site *s, const struct delivery_loss *loss)
{
	struct effect_batch batch;
	struct err err;
	bool ok;

	if (!s->h->dead_letter)
		return no_dead_letter(s, loss);
	effect_batch_init(&batch, &s->source, 2 * DEAD_LETTER_BYTES);
	batch.records = s->records;
	batch.n_records = s->n_records;
	ok = write_loss(s, loss, &batch, &err);
	if (!ok)
		pipeline_stop_handler(s->pipeline, s->h, &err);
	ok = ok && send_loss(s, &batch);
	effect_batch_release(&batch);
	return ok;
}

static void say_dead_lettered(struct delivery_site *s, const struct delivery_loss *loss)
{
	s->h->stats.dead_letters++;
	log_warn(env_of(s)->log, "record.dead_lettered", LOG_STR("pipeline", s->pipeline->name),
		 LOG_STR("handler", s->h->place->name), LOG_STR(s->place_name, s->place),
		 LOG_STR("sequence_number", sequence_wire(&s->records[loss->record]->sequence)), LOG_ERR(loss->why));
}

bool delivery_dead_letter(struct delivery_site *s, const struct delivery_loss *losses, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct effect *e = losses[i].effect;
		bool settled = false;

		if (!dead_letter_one(s, &losses[i]))
			return false;
		say_dead_lettered(s, &losses[i]);
		if (e && e->kind == EFFECT_ADD && !pass_fence(s, e, &settled))
			return false;
		if (!settled)
			s->lost(s->owner, &losses[i]);
	}
	return true;
}
