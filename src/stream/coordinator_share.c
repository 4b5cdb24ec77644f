#include "coordinator_impl.h"

#include "sluice/core/mem.h"

enum {
	AT_ONCE = 16,                 /* writes of leases' rows */
	REST_MS = 30000,              /* between two listings of the leases, and as much again by chance */
	PARENT_MS = 10000,            /* while a shard waits for a parent that somebody else has */
};

static void set_text(struct str *s, struct str to)
{
	char *old = (char *)s->ptr;

	*s = to.len ? str_of(mem_dup(to.ptr, to.len), to.len) : str_of(NULL, 0);
	mem_free(old);
}

static int64_t failover_ms(const struct coordinator *c)
{
	return c->set.heartbeat->failover_ms;
}

/* ---- several at a time ---- */

struct crowd {
	struct coordinator *c;
	struct member **members;
	size_t n, next;
	coordinator_member_fn *fn;
	struct err *err;
	bool ok, cancelled;
};

static void crowd_task(void *arg)
{
	struct crowd *crowd = arg;
	struct err err;

	while (!crowd->cancelled && crowd->next < crowd->n) {
		struct member *m = crowd->members[crowd->next++];

		if (crowd->fn(crowd->c, m, &err))
			continue;
		if (crowd->ok)
			*crowd->err = err; /* the first one is told; the others have their turn all the same */
		crowd->ok = false;
		crowd->cancelled = err.class == ERR_CANCELLED;
	}
}

bool coordinator_each(struct coordinator *c, struct member **members, size_t n, coordinator_member_fn *fn, struct err *err)
{
	struct crowd crowd = { .c = c, .members = members, .n = n, .fn = fn, .err = err, .ok = true };
	struct scope scope;

	if (n == 0)
		return true;
	scope_init(&scope, c->set.loop);
	for (size_t i = 0; i < n && i < AT_ONCE; i++)
		scope_spawn(&scope, "lease", crowd_task, &crowd);
	scope_wait(&scope);
	return crowd.ok;
}

/* ---- listing the leases ---- */

/* Given away, and the receiver has not been seen to take it. */
static bool is_under_way(const struct coordinator *c, const struct member *m)
{
	return m->given_to.len && env_mono_ms(c->env) - m->given_ms <= failover_ms(c);
}

/* Could be read, and nobody is known to do it. */
static bool is_loose(const struct coordinator *c, const struct member *m)
{
	return !m->lease->held && m->free_ms && coordinator_is_wanted(c, m);
}

/* Waits for a parent that somebody else reads. */
static bool waits_for_another(const struct coordinator *c, const struct member *m)
{
	const struct member *parent = coordinator_member(c, m->lease->parent_id);

	if (!parent || parent->lease->held || !parent->lease->owner.len || coordinator_is_finished(c, parent))
		return false;
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (coordinator_takes_part(c, h) && !lease_position(m->lease, coordinator_handler_name(c, h)))
			return true;
	return false;
}

static int64_t load_every_ms(const struct coordinator *c)
{
	int64_t third_ms = failover_ms(c) / 3, every_ms = c->rest_ms;

	if (c->set.balancer->poor)
		return third_ms;
	for (const struct member *m = c->members; m; m = m->hh.next) {
		if (is_under_way(c, m) || is_loose(c, m))
			return third_ms;
		if (waits_for_another(c, m) && every_ms > PARENT_MS)
			every_ms = PARENT_MS;
	}
	return every_ms;
}

int64_t coordinator_load_pause_ms(const struct coordinator *c)
{
	if (!c->loaded || c->changes != c->set.balancer->changes)
		return 0;
	return c->leases_ms + load_every_ms(c) - env_mono_ms(c->env);
}

/* Dead by a look that began when the lease's row had been read: an owner that came back
 * and took the lease before that would have been seen to live. */
static bool owner_is_dead(const struct coordinator *c, const struct lease *l)
{
	return c->set.heartbeat->observed_ms >= c->rows_ms && heartbeat_is_dead(c->set.heartbeat, l->owner);
}

static bool has_dead_owners(const struct coordinator *c)
{
	for (const struct member *m = c->members; m; m = m->hh.next)
		if (!m->lease->held && m->lease->owner.len && !coordinator_is_finished(c, m) &&
		    heartbeat_is_dead(c->set.heartbeat, m->lease->owner))
			return true;
	return false;
}

bool coordinator_load_when_due(struct coordinator *c, struct err *err)
{
	uint64_t changes = c->set.balancer->changes;
	int64_t now_ms = env_mono_ms(c->env);

	if (coordinator_load_pause_ms(c) > 0)
		return true;
	c->loaded = true; /* or not again, when something is lost meanwhile */
	if (!coordinator_load_leases(c, err)) {
		c->loaded = false;
		return false;
	}
	c->changes = changes;
	c->leases_ms = now_ms;
	c->rows_ms = env_mono_ms(c->env);
	c->rest_ms = REST_MS + (int64_t)rng_below(&c->env->rng, REST_MS);
	if (c->loaded_ms == 0)
		c->loaded_ms = env_mono_ms(c->env);
	return !has_dead_owners(c) || heartbeat_observe(c->set.heartbeat, err);
}

/* ---- taking ---- */

static int64_t free_for_ms(struct coordinator *c, struct member *m)
{
	int64_t now_ms = env_mono_ms(c->env);

	if (m->free_ms == 0 || m->free_counter != m->lease->counter) {
		m->free_ms = now_ms > 0 ? now_ms : 1;
		m->free_counter = m->lease->counter;
	}
	return now_ms - m->free_ms;
}

/* Whoever has finished a shard goes on with its children, without a pause. */
static bool is_child_of_ours(const struct coordinator *c, const struct member *m)
{
	const struct member *parent = m->lease->parent_id.len ? coordinator_member(c, m->lease->parent_id) : NULL;

	return parent && parent->lease->held;
}

/* What nobody has is taken at once by those who have less than their share, and after
 * a failover time by anybody: so nothing is left lying when the one that it was
 * meant for is gone (T22). */
static bool may_take_free(struct coordinator *c, struct member *m, size_t *allowance)
{
	bool waited = free_for_ms(c, m) >= failover_ms(c);

	if (is_child_of_ours(c, m) && !m->lease->intended.len)
		return true;
	if (m->lease->intended.len && !waited)
		return false;
	if (*allowance == 0)
		return waited;
	--*allowance;
	return true;
}

bool coordinator_may_take(struct coordinator *c, struct member *m, size_t *allowance)
{
	const struct lease *l = m->lease;
	struct str self = c->set.heartbeat->session;

	if (coordinator_is_read(c, m)) /* lost while being read: that reading must end first */
		return false;
	if (str_eq(l->owner, self) || (l->owner.len == 0 && str_eq(l->intended, self)))
		return true; /* ours by a write whose answer got lost, or by somebody's gift */
	if (l->owner.len && !owner_is_dead(c, l)) {
		m->free_ms = 0;
		return false;
	}
	return may_take_free(c, m, allowance);
}

/* ---- giving ---- */

struct coordinator_count coordinator_count(const struct coordinator *c)
{
	struct coordinator_count n = { 0 };

	for (const struct member *m = c->members; m; m = m->hh.next) {
		if (coordinator_is_finished(c, m))
			continue;
		n.held += m->lease->held && !m->heir.len;
		n.all += m->lease->held || m->lease->owner.len || coordinator_is_wanted(c, m);
	}
	return n;
}

size_t coordinator_load_of(const struct coordinator *c, struct str session, size_t published)
{
	bool fresh = c->loaded_ms && env_mono_ms(c->env) - c->leases_ms <= failover_ms(c);
	size_t rows = 0, under_way = 0;

	for (const struct member *m = c->members; m; m = m->hh.next) {
		if (!m->lease->held && str_eq(m->lease->owner, session))
			rows += !coordinator_is_finished(c, m);
		else if (str_eq(m->heir, session) || (is_under_way(c, m) && str_eq(m->given_to, session)))
			under_way++;
	}
	return (fresh && rows > published ? rows : published) + under_way;
}

void coordinator_forget_gift(struct member *m)
{
	set_text(&m->given_to, str_of(NULL, 0));
}

bool coordinator_names(const struct coordinator *c, struct str session)
{
	for (const struct member *m = c->members; m; m = m->hh.next)
		if (str_eq(m->lease->owner, session) && !coordinator_is_finished(c, m))
			return true;
	return false;
}

struct str coordinator_pipeline(const struct coordinator *c)
{
	return c->set.pipeline;
}

void coordinator_end_readings(struct member *m)
{
	for (struct reading *r = m->readings; r; r = r->next)
		reading_end(r);
}

void coordinator_give(struct coordinator *c, struct str session, size_t n)
{
	log_info(c->env->log, "lease.giving", LOG_STR("pipeline", c->set.pipeline), LOG_STR("to", session), LOG_INT("leases", n));
	for (struct member *m = c->members; m && n; m = m->hh.next) {
		if (!m->lease->held || m->heir.len || coordinator_is_finished(c, m))
			continue;
		set_text(&m->heir, session);
		coordinator_end_readings(m);
		n--;
	}
	coordinator_wake(c);
}

/* It was finished, or lost, or its heir is gone meanwhile: then it stays as it is. */
static bool is_given(const struct coordinator *c, const struct member *m)
{
	return m->lease->held && !coordinator_is_finished(c, m) && balancer_is_alive(c->set.balancer, m->heir);
}

static bool hand_over(struct coordinator *c, struct member *m, struct err *err)
{
	if (!lease_release(m->lease, c->set.heartbeat, m->heir, err)) {
		if (m->lease->held)
			return false;
		set_text(&m->heir, str_of(NULL, 0));
		c->loaded = false;
		return true;
	}
	log_info(c->env->log, "lease.given", LOG_STR("pipeline", c->set.pipeline), LOG_STR("shard", m->lease->shard_id),
		 LOG_STR("to", m->heir), LOG_INT("counter", m->lease->counter));
	set_text(&m->given_to, m->heir);
	set_text(&m->heir, str_of(NULL, 0));
	m->given_ms = env_mono_ms(c->env);
	m->free_ms = 0;
	event_set(&c->set.heartbeat->due); /* the others go by what its row says */
	return true;
}

bool coordinator_hand_over(struct coordinator *c, struct err *err)
{
	struct member **due = mem_array(HASH_COUNT(c->members), sizeof(struct member *));
	size_t n = 0;
	bool ok;

	for (struct member *m = c->members; m; m = m->hh.next) {
		if (!m->heir.len || coordinator_is_read(c, m))
			continue;
		if (is_given(c, m)) {
			due[n++] = m;
			continue;
		}
		set_text(&m->heir, str_of(NULL, 0));
		if (!m->lease->held || !m->lease->in_doubt)
			continue;
		lease_let_go(m->lease); /* whether it was given is unknown: its row says */
		c->loaded = false;
	}
	ok = coordinator_each(c, due, n, hand_over, err);
	mem_free(due);
	return ok;
}
