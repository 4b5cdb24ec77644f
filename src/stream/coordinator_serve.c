#include "coordinator_impl.h"

#include "sluice/core/mem.h"

enum { VERSION_SHIFT = 20 };      /* DESIGN: v counts from seconds << 20 */

/* ---- who is entitled to what ---- */

/* Has the handler nothing more to do in the shard's parent? */
static bool parent_is_done(const struct coordinator *c, const struct lease *child, size_t h)
{
	const struct member *parent;

	if (child->parent_id.len == 0)
		return true;
	parent = coordinator_member(c, child->parent_id);
	if (parent && lease_position(parent->lease, coordinator_handler_name(c, h)))
		return coordinator_is_done(c, parent->lease, h);
	return coordinator_parent_is_gone(c, child);
}

/* Closed before the handler's first start took its time, so all of it lies before. */
static bool is_past(const struct coordinator *c, const struct lease *lease, size_t h)
{
	const struct lineage_shard *s = lineage_find(c->lineage, lease->shard_id);

	return c->set.start == STREAM_START_LATEST && s && s->closed_in && s->closed_in <= c->places[h].before_start;
}

/* Where the handler begins in a shard it has not been in (DESIGN: Version). */
static void begin(struct coordinator *c, struct member *m, size_t h)
{
	struct lease *lease = m->lease;
	const struct member *parent = lease->parent_id.len ? coordinator_member(c, lease->parent_id) : NULL;
	const struct lease_position *before = parent ? lease_position(parent->lease, coordinator_handler_name(c, h)) : NULL;
	uint64_t now_v = (uint64_t)(aws_service_time_ms(c->set.streams) / 1000) << VERSION_SHIFT;
	uint64_t high = coordinator_high_v(c, h);
	struct lease_position *p = lease_add_position(lease, coordinator_handler_name(c, h));

	p->pin_ms = c->places[h].pin_ms;
	p->done = is_past(c, lease, h);
	if (before)
		p->position.v = before->position.v;
	else
		p->position.v = high > now_v ? high : now_v;
}

/* Whom a seek has moved: its version goes on behind the parent's, which was read
 * again, too. From here on it has begun. */
static void begin_again(const struct coordinator *c, struct lease *lease, struct lease_position *p)
{
	const struct member *parent = lease->parent_id.len ? coordinator_member(c, lease->parent_id) : NULL;
	const struct lease_position *before = parent ? lease_position(parent->lease, p->handler) : NULL;

	if (before && before->position.v > p->position.v)
		p->position.v = before->position.v;
	p->sought = false;
	lease->dirty = true;
}

/* Entitled, not done, not stopped, not being read already, not given away. Who has begun was
 * entitled then, whatever has become of the parent; whom a seek has moved must
 * have come through the parent again. */
static bool is_entitled(const struct coordinator *c, const struct member *m, size_t h)
{
	const struct lease_position *p = lease_position(m->lease, coordinator_handler_name(c, h));

	if (c->set.handlers[h].stopped || m->reading[h] || m->n_ending || m->heir.len || !coordinator_takes_part(c, h))
		return false;
	return p ? !p->done && (!p->sought || parent_is_done(c, m->lease, h)) : parent_is_done(c, m->lease, h);
}

/* And not parked. */
static bool wants(const struct coordinator *c, const struct member *m, size_t h)
{
	return is_entitled(c, m, h) && coordinator_may_return(c, m, h, false);
}

/* ---- readings ---- */

static void reading_task(void *arg)
{
	struct reading *r = arg;
	struct coordinator *c = r->coordinator;

	c->set.read(c->set.ctx, r);
	coordinator_end_of_reading(r);
	c->n_readings--;
	if (r->n_handlers || r->ending) { /* else all were parked, and nothing else has changed */
		c->soon_ms = 0;
		event_set(&c->discover);
		coordinator_wake(c);
	}
	if (!r->lease->held) {
		c->loaded = false; /* whose is it now? */
		coordinator_wake(c);
	}
	mem_free(r->handlers);
	mem_free(r);
}

/* Handlers at the begin of the shard and such that go on from a position get
 * readings of their own: read from the trim horizon, a gap behind a position
 * would not be seen (T15). A probe is slow, so only those that need it are in it. */
static bool belongs(const struct coordinator *c, const struct member *m, size_t h, bool positioned, bool probe)
{
	const struct lease_position *p = lease_position(m->lease, coordinator_handler_name(c, h));

	return p && !p->sought && is_entitled(c, m, h) && coordinator_may_return(c, m, h, true) &&
	       sequence_is_none(&p->position.sequence) != positioned && (m->parked[h].why == PARKING_STALLED) == probe;
}

static struct reading *new_reading(struct coordinator *c, struct member *m, bool probe)
{
	struct reading *r = mem_alloc(sizeof(*r));

	*r = (struct reading){
		.coordinator = c, .lease = m->lease, .stream_arn = c->stream_arn, .probe = probe, .turn = &m->turn,
		.behind_ms = env_mono_ms(c->env), .member = m, .next = m->readings,
	};
	r->handlers = mem_array(c->set.n_handlers, sizeof(*r->handlers));
	event_init(&r->end, c->set.loop);
	m->readings = r;
	return r;
}

void coordinator_start_reading(struct coordinator *c, struct member *m, bool positioned, bool probe)
{
	struct reading *r;
	bool any = false;

	for (size_t h = 0; h < c->set.n_handlers && !any; h++)
		any = wants(c, m, h) && belongs(c, m, h, positioned, probe);
	if (!any)
		return;
	r = new_reading(c, m, probe);
	for (size_t h = 0; h < c->set.n_handlers; h++) {
		if (!belongs(c, m, h, positioned, probe))
			continue;
		m->reading[h] = true;
		r->apart = r->apart || m->parked[h].why != PARKING_NONE;
		r->handlers[r->n_handlers++] = h;
	}
	c->n_readings++;
	log_at(c->env->log, probe ? LOG_DEBUG : LOG_INFO, "shard.open", LOG_STR("pipeline", c->set.pipeline),
	       LOG_STR("shard", m->lease->shard_id), LOG_INT("handlers", r->n_handlers));
	scope_spawn(&c->readings, "reading", reading_task, r);
}

bool coordinator_is_wanted(const struct coordinator *c, const struct member *m)
{
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (wants(c, m, h))
			return true;
	return false;
}

static bool take(struct coordinator *c, struct member *m, struct err *err)
{
	bool ok;

	if (m->lease->writing) /* for a child's sake, or for its own */
		return err_set(err, ERR_DATA, "lease.lost", "the lease of shard %.*s is just being taken", STR_ARG(m->lease->shard_id));
	c->set.balancer->taking++;
	ok = lease_take(m->lease, c->set.heartbeat, err);
	c->set.balancer->taking--;
	event_set(&c->set.heartbeat->due); /* the others go by what its row says */
	if (!ok) {
		c->loaded = false; /* another worker was quicker: whose is it now? */
		return false;
	}
	log_info(c->env->log, "lease.taken", LOG_STR("pipeline", c->set.pipeline), LOG_STR("shard", m->lease->shard_id),
		 LOG_INT("counter", m->lease->counter));
	event_set(&c->parking_wake); /* who was parked when it was lost comes back */
	coordinator_wake(c);
	return true;
}

/* What a reading could not save at its end (the table throttles; an older write of
 * ours landed late) is saved before a child begins: else whoever follows us would
 * read the parent's end again, behind records of the child. */
static bool save_parent(struct coordinator *c, const struct member *m, struct err *err)
{
	struct member *parent = m->lease->parent_id.len ? coordinator_member(c, m->lease->parent_id) : NULL;

	/* Again, where another handler has come to the parent's end meanwhile: what is
	 * begun next is begun for it, too. */
	while (parent && (parent->lease->dirty || parent->lease->writing || parent->lease->in_doubt)) {
		const struct lease *l = parent->lease;
		bool ours = !l->held && !l->writing && str_eq(l->owner, c->set.heartbeat->session);

		if (!l->held && coordinator_is_read(c, parent)) /* lost, and still ending: its end wakes us */
			return err_set(err, ERR_DATA, "lease.lost", "the lease of shard %.*s was lost", STR_ARG(l->shard_id));
		c->loaded = c->loaded && l->held; /* lost: what its row says counts, not what we know */
		/* Let go of in a lapse: nobody needs it any more but for what it says. */
		if (!(ours ? take(c, parent, err) : lease_save(parent->lease, c->set.heartbeat, err)))
			return false;
	}
	return true;
}

/* Gives every entitled handler its place, saves the row, reads. */
static bool serve(struct coordinator *c, struct member *m, struct err *err)
{
	if (c->stopping)
		return true;
	if (!heartbeat_may_send(c->set.heartbeat, err))
		return false;
	if (!save_parent(c, m, err))
		return err_is(err, "lease.lost");
	for (size_t h = 0; h < c->set.n_handlers; h++) {
		struct lease_position *p = lease_position(m->lease, coordinator_handler_name(c, h));

		if (!wants(c, m, h))
			continue;
		if (!p)
			begin(c, m, h);
		else if (p->sought)
			begin_again(c, m->lease, p);
	}
	if (!m->lease->held) {
		if (!take(c, m, err))
			return err_is(err, "lease.lost");
	} else if (!lease_save(m->lease, c->set.heartbeat, err)) {
		return false;
	}
	if (c->stopping || m->heir.len || !m->lease->held) /* meanwhile it is no longer to be read */
		return true;
	if (!coordinator_is_wanted(c, m))
		coordinator_wake(c); /* all of it lies before the start: on to its children */
	for (int kind = 0; kind < 4; kind++)
		coordinator_start_reading(c, m, kind & 1, kind & 2);
	return true;
}

static struct member *make_member(struct coordinator *c, const struct lineage_shard *s)
{
	struct buf id;
	struct member *m;

	buf_init(&id, 4096);
	buf_putf(&id, "%.*s#%.*s#%.*s", STR_ARG(c->set.pipeline), STR_ARG(c->label), STR_ARG(s->id));
	m = coordinator_add_member(c, lease_new(c->set.loop, buf_str(&id), s->id, s->parent));
	buf_release(&id);
	return m;
}

static void make_members(struct coordinator *c)
{
	if (c->members_for == lineage_added(c->lineage))
		return;
	for (const struct lineage_shard *s = lineage_next(c->lineage, NULL); s; s = lineage_next(c->lineage, s))
		if (!coordinator_member(c, s->id))
			make_member(c, s);
	c->members_for = lineage_added(c->lineage);
}

/* Once for each owner, so that a start that waits for another's leases to expire
 * does not look as if it hung; not where that one is seen to live. */
static void say_waiting(struct coordinator *c, const struct member *m)
{
	uint64_t owner = str_hash(m->lease->owner);

	if (m->lease->owner.len == 0 || coordinator_is_read(c, m) || c->waits_for == owner ||
	    heartbeat_beats(c->set.heartbeat, m->lease->owner))
		return;
	c->waits_for = owner;
	log_info(c->env->log, "lease.waiting", LOG_STR("pipeline", c->set.pipeline), LOG_STR("shard", m->lease->shard_id),
		 LOG_STR("holder", m->lease->owner), LOG_INT("failover_ms", c->set.heartbeat->failover_ms),
		 LOG_TEXT("hint", "another worker has it; it is taken when that one's heartbeat stands still"));
}

/* Those that are ours or may become ours, from a random one on: workers that start
 * together do not all want the same one first. */
static size_t collect_due(struct coordinator *c, struct member **due)
{
	size_t allowance = balancer_allowance(c->set.balancer), n = 0, n_all = 0, first;
	struct member **all = mem_array(HASH_COUNT(c->members), sizeof(struct member *));

	for (struct member *m = c->members; m; m = m->hh.next)
		all[n_all++] = m;
	first = n_all ? (size_t)rng_below(&c->env->rng, n_all) : 0;
	for (size_t i = 0; i < n_all; i++) {
		struct member *m = all[(first + i) % n_all];

		if (m->heir.len || !coordinator_is_wanted(c, m))
			continue;
		if (m->lease->held || coordinator_may_take(c, m, &allowance))
			due[n++] = m;
		else
			say_waiting(c, m);
	}
	mem_free(all);
	return n;
}

static bool serve_due(struct coordinator *c, struct err *err)
{
	struct member **due = mem_array(HASH_COUNT(c->members), sizeof(struct member *));
	bool ok = coordinator_each(c, due, collect_due(c, due), serve, err);

	mem_free(due);
	return ok;
}

bool coordinator_serve(struct coordinator *c, struct err *err)
{
	make_members(c);
	return serve_due(c, err);
}
