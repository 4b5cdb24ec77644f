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

/* Entitled, not done, not stopped, not being read already. Who has begun was
 * entitled then, whatever has become of the parent; whom a seek has moved must
 * have come through the parent again. */
static bool wants(const struct coordinator *c, const struct member *m, size_t h)
{
	const struct lease_position *p = lease_position(m->lease, coordinator_handler_name(c, h));

	if (c->set.handlers[h].stopped || m->reading[h] || !coordinator_takes_part(c, h))
		return false;
	return p ? !p->done && (!p->sought || parent_is_done(c, m->lease, h)) : parent_is_done(c, m->lease, h);
}

/* ---- readings ---- */

static void reading_task(void *arg)
{
	struct reading *r = arg;
	struct coordinator *c = r->coordinator;
	struct member *m = coordinator_member(c, r->lease->shard_id);

	c->set.read(c->set.ctx, r);
	for (size_t i = 0; i < r->n_handlers; i++)
		m->reading[r->handlers[i]] = false;
	c->n_readings--;
	c->soon_ms = 0;
	mem_free(r->handlers);
	mem_free(r);
	event_set(&c->discover);
	coordinator_wake(c);
}

/* Handlers at the begin of the shard and such that go on from a position get
 * readings of their own: read from the trim horizon, a gap behind a position
 * would not be seen (T15). */
static void start_reading(struct coordinator *c, struct member *m, bool positioned)
{
	struct reading *r = mem_alloc(sizeof(*r));

	*r = (struct reading){ .coordinator = c, .lease = m->lease, .stream_arn = c->stream_arn };
	r->handlers = mem_array(c->set.n_handlers, sizeof(*r->handlers));
	for (size_t h = 0; h < c->set.n_handlers; h++) {
		const struct lease_position *p = lease_position(m->lease, coordinator_handler_name(c, h));

		if (!wants(c, m, h) || sequence_is_none(&p->position.sequence) == positioned)
			continue;
		m->reading[h] = true;
		r->handlers[r->n_handlers++] = h;
	}
	if (r->n_handlers == 0) {
		mem_free(r->handlers);
		mem_free(r);
		return;
	}
	c->n_readings++;
	log_info(c->env->log, "shard.open", LOG_STR("pipeline", c->set.pipeline), LOG_STR("shard", m->lease->shard_id),
		 LOG_INT("handlers", r->n_handlers));
	scope_spawn(&c->readings, "reading", reading_task, r);
}

static bool anybody_wants(const struct coordinator *c, const struct member *m)
{
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (wants(c, m, h))
			return true;
	return false;
}

/* Gives every entitled handler its place, saves the row, reads. */
static bool serve(struct coordinator *c, struct member *m, struct err *err)
{
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
		if (!lease_take(m->lease, c->set.heartbeat, err)) {
			c->loaded = false; /* another worker was quicker: whose is it now? */
			return err_is(err, "lease.lost");
		}
		log_info(c->env->log, "lease.taken", LOG_STR("pipeline", c->set.pipeline),
			 LOG_STR("shard", m->lease->shard_id), LOG_INT("counter", m->lease->counter));
	} else if (!lease_save(m->lease, c->set.heartbeat, err)) {
		return false;
	}
	if (!anybody_wants(c, m))
		coordinator_wake(c); /* all of it lies before the start: on to its children */
	start_reading(c, m, false);
	start_reading(c, m, true);
	return true;
}

/* Free, its owner is dead, or it is ours by a write whose answer got lost. */
static bool may_take(struct coordinator *c, const struct member *m)
{
	const struct lease *l = m->lease;

	if (coordinator_is_read(c, m)) /* lost while being read: that reading must end first */
		return false;
	return l->owner.len == 0 || str_eq(l->owner, c->set.heartbeat->session) ||
	       heartbeat_is_dead(c->set.heartbeat, l->owner);
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

/* Once for each owner: so that a start that waits for another's lease to expire
 * does not look as if it hung. */
static void say_waiting(const struct coordinator *c, struct member *m)
{
	uint64_t owner = str_hash(m->lease->owner) | 1;

	if (coordinator_is_read(c, m) || m->waits_for == owner)
		return;
	m->waits_for = owner;
	log_info(c->env->log, "lease.waiting", LOG_STR("pipeline", c->set.pipeline), LOG_STR("shard", m->lease->shard_id),
		 LOG_STR("holder", m->lease->owner), LOG_INT("failover_ms", c->set.heartbeat->failover_ms),
		 LOG_TEXT("hint", "another worker has it; it is taken when that one's heartbeat stands still"));
}

bool coordinator_serve(struct coordinator *c, struct err *err)
{
	make_members(c);
	for (struct member *m = c->members, *next; m && !c->stopping; m = next) {
		next = m->hh.next;
		if (!anybody_wants(c, m))
			continue;
		if (!m->lease->held && !may_take(c, m)) {
			say_waiting(c, m);
			continue;
		}
		if (!heartbeat_may_send(c->set.heartbeat, err) || !serve(c, m, err))
			return false;
	}
	return true;
}
