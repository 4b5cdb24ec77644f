/* The coordinator's parked handlers: when they come back, and how readings of one
 * shard become one again. */
#include "coordinator_impl.h"

enum {
	FIRST_BACKOFF_MS = 1000,
	LONGEST_BACKOFF_MS = 30000,
	MEET_MS = 30000,              /* readings that were at the tip for so long are joined */
	LOOK_MS = 5000,               /* between two looks at readings that may be joined */
	REST_MS = 60000,
	HELD_MS = 1000,               /* until a heartbeat may be confirmed */
};

/* ---- leaving ---- */

/* A probe that failed doubles the back-off; half of it is chance, so that hundreds
 * of shards do not come back in one instant. */
static void back_off(struct coordinator *c, struct parked *p, int64_t least_ms)
{
	int64_t now_ms = env_mono_ms(c->env), half_ms;

	p->backoff_ms = p->backoff_ms ? 2 * p->backoff_ms : FIRST_BACKOFF_MS;
	if (p->backoff_ms > LONGEST_BACKOFF_MS)
		p->backoff_ms = LONGEST_BACKOFF_MS;
	half_ms = p->backoff_ms / 2;
	p->early_ms = now_ms + (half_ms > least_ms ? half_ms : least_ms);
	p->due_ms = p->early_ms + (int64_t)rng_below(&c->env->rng, (uint64_t)half_ms + 1);
}

bool reading_leave(struct reading *r, size_t handler, enum parking why, int64_t least_ms)
{
	struct coordinator *c = r->coordinator;
	struct parked *p = &r->member->parked[handler];
	bool fresh = p->why == PARKING_NONE;

	for (size_t i = 0; i < r->n_handlers; i++)
		if (r->handlers[i] == handler)
			r->handlers[i] = r->handlers[--r->n_handlers];
	r->member->reading[handler] = false;
	if (p->why != PARKING_STALLED)
		p->backoff_ms = 0;
	p->why = why;
	if (why == PARKING_STALLED)
		back_off(c, p, least_ms);
	else
		p->early_ms = p->due_ms = env_mono_ms(c->env);
	event_set(&c->parking_wake);
	return fresh;
}

bool reading_acknowledged(struct reading *r, size_t handler)
{
	struct parked *p = &r->member->parked[handler];
	bool was_parked = p->why != PARKING_NONE;

	*p = (struct parked){ 0 };
	return was_parked;
}

size_t coordinator_parked(const struct coordinator *c, size_t handler)
{
	size_t n = 0;

	for (const struct member *m = c->members; m; m = m->hh.next)
		n += m->lease->held && m->parked[handler].why != PARKING_NONE && !coordinator_is_done(c, m->lease, handler);
	return n;
}

/* ---- readings that end ---- */

void reading_end(struct reading *r)
{
	if (r->ending)
		return;
	r->ending = true;
	r->member->n_ending++;
	event_set(&r->end);
}

void coordinator_end_of_reading(struct reading *r)
{
	struct member *m = r->member;
	struct reading **at = &m->readings;

	for (size_t i = 0; i < r->n_handlers; i++)
		m->reading[r->handlers[i]] = false;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	m->n_ending -= r->ending;
	event_set(&r->coordinator->parking_wake);
}

/* ---- meeting ---- */

/* Are all handlers of the reading at a position, or all without one? */
static bool is_uniform(const struct coordinator *c, const struct reading *r, bool *positioned)
{
	for (size_t i = 0; i < r->n_handlers; i++) {
		const struct lease_position *p = lease_position(r->lease, coordinator_handler_name(c, r->handlers[i]));
		bool has = !sequence_is_none(&p->position.sequence);

		if (i && has != *positioned)
			return false;
		*positioned = has;
	}
	return r->n_handlers > 0;
}

static bool has_met(const struct coordinator *c, const struct reading *r, bool positioned)
{
	bool has = false;

	return !r->ending && env_mono_ms(c->env) - r->behind_ms >= MEET_MS && is_uniform(c, r, &has) && has == positioned;
}

/* Readings that have long been at the tip end, to become one: an idle shard has one
 * stream of calls, which are billed. One that is behind is never joined: who goes
 * on from the lowest position would be held up by it. */
static void join(struct coordinator *c, struct member *m, bool positioned)
{
	size_t met = 0;
	bool apart = false;

	for (const struct reading *r = m->readings; r; r = r->next) {
		met += has_met(c, r, positioned);
		apart = apart || (r->apart && has_met(c, r, positioned));
	}
	if (met < 2 && !apart) /* a single one, too, has its full memory again */
		return;
	for (struct reading *r = m->readings; r; r = r->next)
		if (has_met(c, r, positioned))
			reading_end(r);
}

/* ---- coming back ---- */

bool coordinator_may_return(const struct coordinator *c, const struct member *m, size_t h, bool early)
{
	const struct parked *p = &m->parked[h];

	/* Without the lease nobody is parked: it must be taken first. */
	return p->why == PARKING_NONE || !m->lease->held ||
	       (early ? p->early_ms : p->due_ms) <= env_mono_ms(c->env);
}

static void sooner(int64_t *wait_ms, int64_t ms)
{
	if (ms < *wait_ms)
		*wait_ms = ms;
}

static void look_at(struct coordinator *c, struct member *m, int64_t *wait_ms)
{
	bool due = false;

	for (size_t h = 0; h < c->set.n_handlers; h++) {
		if (m->parked[h].why == PARKING_NONE || m->reading[h])
			continue;
		if (coordinator_may_return(c, m, h, false))
			due = true;
		else
			sooner(wait_ms, m->parked[h].due_ms - env_mono_ms(c->env));
	}
	for (int kind = 0; due && kind < 4; kind++)
		coordinator_start_reading(c, m, kind & 1, kind & 2);
	if (!m->readings || (!m->readings->next && !m->readings->apart))
		return;
	join(c, m, false);
	join(c, m, true);
	sooner(wait_ms, LOOK_MS);
}

static bool has_parking(const struct coordinator *c, const struct member *m)
{
	bool parked = (m->readings && m->readings->next) || (m->readings && m->readings->apart);

	for (size_t h = 0; h < c->set.n_handlers && !parked; h++)
		parked = m->parked[h].why != PARKING_NONE;
	return parked && m->lease->held && m->n_ending == 0;
}

void coordinator_parking_task(void *coordinator)
{
	struct coordinator *c = coordinator;
	int64_t wait_ms;

	do {
		wait_ms = REST_MS;
		event_clear(&c->parking_wake);
		if (!heartbeat_may_send(c->set.heartbeat, NULL))
			wait_ms = HELD_MS;
		else
			for (struct member *m = c->members; m && !c->stopping; m = m->hh.next)
				if (has_parking(c, m))
					look_at(c, m, &wait_ms);
	} while (!c->stopping && event_wait(&c->parking_wake, wait_ms, NULL, NULL));
}
