/* How effects get done: the sink is asked again for what it has not acknowledged,
 * failures are judged by their class, and what can never succeed goes to the dead
 * letter. */
#include "sluice/core/mem.h"
#include "sluice/worker/shard_run.h"

enum {
	SAY_AGAIN_MS = 30000,          /* between two log lines about the same trouble */
	DEAD_LETTER_BYTES = 8 << 20,   /* of one record with its reason */
};

/* What is still to be acknowledged, and how it has gone so far. */
struct delivery {
	struct chain *c;
	struct effect **effects;
	size_t n;
	int64_t rounds;                /* that left something over */
	int64_t said_ms;               /* when trouble was last logged */
	int64_t delay_ms;              /* before the next round */
	struct chain_loss *losses;
	size_t n_losses;
};

static struct env *env_of(const struct chain *c)
{
	return c->run->worker->env;
}

static int64_t age_s(const struct chain *c, const struct effect *e)
{
	return aws_service_time_ms(c->run->worker->streams) / 1000 - c->records[e->record].created_s;
}

/* A worker whose heartbeat is not confirmed, or that lost the lease, sends nothing. */
static bool may_send(struct chain *c)
{
	const struct heartbeat *h = &c->run->worker->heartbeat;
	bool said = false;
	struct err err;

	while (c->run->lease->held && !heartbeat_may_send(h, &err)) {
		if (!said)
			log_warn(env_of(c)->log, "chain.held", LOG_STR("handler", c->h->place->name), LOG_ERR(&err));
		said = true;
		if (!chain_pause(c, h->failover_ms / 20 + 1))
			return false;
	}
	return c->run->lease->held;
}

static void say(struct delivery *d, const struct effect *e)
{
	int64_t now_ms = env_mono_ms(env_of(d->c));

	if (d->rounds > 1 && now_ms - d->said_ms < SAY_AGAIN_MS)
		return;
	d->said_ms = now_ms;
	log_warn(env_of(d->c)->log, "sink.waiting", LOG_STR("pipeline", d->c->run->pipeline->name),
		 LOG_STR("handler", d->c->h->place->name), LOG_STR("shard", d->c->run->lease->shard_id),
		 LOG_INT("effects", d->n), LOG_INT("rounds", d->rounds), LOG_ERR(e->err));
}

/* One effect that is not done. False: the handler stops. */
static bool judge(struct delivery *d, struct effect *e)
{
	struct chain *c = d->c;
	int64_t delay_ms;

	if (e->err->class == ERR_DATA)
		e->attempts++;
	switch (failure_judge(&c->h->policy, e->err, e->attempts, age_s(c, e))) {
	case FAILURE_STOP:
		pipeline_stop_handler(c->run->pipeline, c->h, e->err);
		return false;
	case FAILURE_DEAD_LETTER:
		d->losses[d->n_losses++] = (struct chain_loss){ e->record, e->err, e->attempts ? e->attempts : d->rounds };
		return true;
	case FAILURE_WAIT:
		break;
	}
	delay_ms = failure_delay_ms(e->err, d->rounds, &env_of(c)->rng);
	if (delay_ms > d->delay_ms)
		d->delay_ms = delay_ms;
	d->effects[d->n++] = e;
	return true;
}

/* Done effects leave the list, failed ones are judged. */
static bool sort_out(struct delivery *d)
{
	size_t n = d->n;
	const struct effect *waiting;

	d->n = d->n_losses = 0;
	d->delay_ms = 0;
	for (size_t i = 0; i < n; i++)
		if (d->effects[i]->state != EFFECT_DONE && !judge(d, d->effects[i]))
			return false;
	waiting = d->n ? d->effects[0] : NULL;
	if (waiting)
		say(d, waiting);
	return true;
}

static bool is_opaque(struct effect *const *effects, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (effects[i]->state != EFFECT_FAILED || !err_is(effects[i]->err, SINK_OPAQUE))
			return false;
	return n > 1;
}

static bool send_once(struct chain *c, struct effect **effects, size_t n)
{
	if (!may_send(c))
		return false;
	c->h->sink->ops->send(c->h->sink, effects, n);
	for (size_t i = 0; i < n; i++)
		if (effects[i]->state == EFFECT_PENDING ||
		    (effects[i]->state == EFFECT_FAILED && effects[i]->err->class == ERR_CANCELLED))
			return false;
	return true;
}

/* A request that failed as a whole is tried in halves until the culprit stands
 * alone; the rest goes through. */
static bool send(struct chain *c, struct effect **effects, size_t n)
{
	size_t half = n / 2;

	if (!send_once(c, effects, n))
		return false;
	if (!c->h->policy.bisect || !is_opaque(effects, n))
		return true;
	for (size_t i = 0; i < n; i++)
		effect_retry(effects[i]);
	return send(c, effects, half) && send(c, effects + half, n - half);
}

static bool next_round(struct delivery *d)
{
	d->c->h->stats.retries++;
	if (!chain_pause(d->c, d->delay_ms))
		return false;
	for (size_t i = 0; i < d->n; i++)
		effect_retry(d->effects[i]);
	return true;
}

bool chain_deliver(struct chain *c, struct effect **effects, size_t n)
{
	struct delivery d = { .c = c, .effects = effects, .n = n };
	bool ok = true;

	if (n == 0)
		return true;
	d.losses = mem_array(n, sizeof(*d.losses));
	while (ok && d.n) {
		ok = send(c, d.effects, d.n);
		d.rounds++;
		/* What goes to the dead letter goes before what waits behind it. */
		ok = ok && sort_out(&d) && chain_dead_letter(c, d.losses, d.n_losses);
		if (ok && d.n)
			ok = next_round(&d);
	}
	mem_free(d.losses);
	return ok;
}

/* ---- the dead letter ---- */

static bool write_loss(struct chain *c, const struct chain_loss *loss, struct effect_batch *batch, struct err *err)
{
	struct dead_letter letter = {
		.source = &batch->source, .record = &c->records[loss->record], .why = loss->why,
		.attempts = loss->attempts, .time_ms = env_wall_ms(env_of(c)),
	};
	struct effect *e = effect_new(batch, EFFECT_MESSAGE, loss->record, err);
	struct buf body;

	if (!e)
		return false;
	buf_init(&body, DEAD_LETTER_BYTES);
	if (dead_letter_write(&letter, &body))
		e->message.body = arena_dup(&batch->arena, buf_str(&body));
	e->message.address = c->h->policy.dead_letter_address;
	buf_release(&body);
	return e->message.body.ptr || err_set(err, ERR_FATAL, "dead_letter.size",
					      "record %s with its reason is larger than a dead letter may be, %d bytes",
					      c->records[loss->record].sequence.digits, DEAD_LETTER_BYTES);
}

/* Until the dead letter has said yes: there is no other way on. */
static bool send_loss(struct chain *c, struct effect_batch *batch)
{
	struct effect *e = batch->effects[0];

	for (int64_t round = 1;; round++) {
		if (!may_send(c))
			return false;
		c->h->dead_letter->ops->send(c->h->dead_letter, batch->effects, 1);
		if (e->state == EFFECT_DONE)
			return true;
		if (e->state == EFFECT_PENDING || e->err->class == ERR_CANCELLED)
			return false;
		log_error(env_of(c)->log, "dead_letter.failed", LOG_STR("pipeline", c->run->pipeline->name),
			  LOG_STR("handler", c->h->place->name), LOG_INT("rounds", round), LOG_ERR(e->err));
		if (!chain_pause(c, failure_delay_ms(e->err, round, &env_of(c)->rng)))
			return false;
		effect_retry(e);
	}
}

static bool no_dead_letter(struct chain *c, const struct chain_loss *loss)
{
	struct err err = *loss->why;

	err_prefix(&err, "record %s cannot be handled, and on_failure.dead_letter is not set",
		   c->records[loss->record].sequence.digits);
	pipeline_stop_handler(c->run->pipeline, c->h, &err);
	return false;
}

static bool dead_letter_one(struct chain *c, const struct chain_loss *loss)
{
	struct effect_source source = c->run->source;
	struct effect_batch batch;
	struct err err;
	bool ok;

	if (!c->h->dead_letter)
		return no_dead_letter(c, loss);
	source.handler = c->h->place->name;
	effect_batch_init(&batch, &source, 2 * DEAD_LETTER_BYTES);
	batch.records = c->pointers;
	batch.n_records = c->count;
	ok = write_loss(c, loss, &batch, &err);
	if (!ok)
		pipeline_stop_handler(c->run->pipeline, c->h, &err);
	ok = ok && send_loss(c, &batch);
	effect_batch_release(&batch);
	return ok;
}

bool chain_dead_letter(struct chain *c, const struct chain_loss *losses, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct record *r = &c->records[losses[i].record];

		if (!dead_letter_one(c, &losses[i]))
			return false;
		c->h->stats.dead_letters++;
		log_warn(env_of(c)->log, "record.dead_lettered", LOG_STR("pipeline", c->run->pipeline->name),
			 LOG_STR("handler", c->h->place->name), LOG_STR("shard", c->run->lease->shard_id),
			 LOG_TEXT("sequence_number", r->sequence.digits), LOG_ERR(losses[i].why));
		chain_acknowledge(c, losses[i].record);
	}
	return true;
}
