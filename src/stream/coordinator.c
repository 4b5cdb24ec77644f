#include "coordinator_impl.h"

#include "sluice/core/mem.h"

#include <assert.h>

enum {
	LIST_MS = 30000,
	FIRST_LOOK_MS = 1000,         /* until the leases could be loaded */
	TROUBLE_MS = 1000,
	LONGEST_TROUBLE_MS = 20000,
};

/* ---- making ---- */

struct coordinator *coordinator_new(const struct coordinator_settings *settings)
{
	struct coordinator *c = mem_alloc(sizeof(*c));

	c->set = *settings;
	if (c->set.list_ms == 0)
		c->set.list_ms = LIST_MS;
	c->env = loop_env(settings->loop);
	c->lineage = lineage_new();
	c->places = mem_array(settings->n_handlers, sizeof(*c->places));
	c->high_v = mem_array(settings->n_handlers, sizeof(*c->high_v));
	buf_init(&c->next_page, 256);
	event_init(&c->wake, settings->loop);
	event_init(&c->discover, settings->loop);
	event_init(&c->parking_wake, settings->loop);
	balancer_add(settings->balancer, c);
	return c;
}

void coordinator_free_member(struct member *m)
{
	lease_free(m->lease);
	mem_free((char *)m->heir.ptr);
	mem_free((char *)m->given_to.ptr);
	mem_free(m->reading);
	mem_free(m->parked);
	mem_free(m);
}

void coordinator_free(struct coordinator *c)
{
	struct member *m, *next;

	if (!c)
		return;
	HASH_ITER(hh, c->members, m, next) {
		HASH_DEL(c->members, m);
		coordinator_free_member(m);
	}
	lineage_free(c->lineage);
	for (size_t h = 0; h < c->set.n_handlers; h++)
		mem_free((char *)c->places[h].label.ptr);
	mem_free((char *)c->stream_arn.ptr);
	mem_free((char *)c->newest_arn.ptr);
	buf_release(&c->next_page);
	mem_free(c->pages);
	mem_free(c->places);
	mem_free(c->high_v);
	mem_free(c);
}

struct member *coordinator_member(const struct coordinator *c, struct str shard_id)
{
	struct member *m = NULL;

	HASH_FIND(hh, c->members, shard_id.ptr, shard_id.len, m);
	return m;
}

struct member *coordinator_add_member(struct coordinator *c, struct lease *lease)
{
	struct member *m = mem_alloc(sizeof(*m));

	m->lease = lease;
	m->reading = mem_array(c->set.n_handlers, sizeof(*m->reading));
	m->parked = mem_array(c->set.n_handlers, sizeof(*m->parked));
	mutex_init(&m->turn, c->set.loop);
	HASH_ADD_KEYPTR(hh, c->members, lease->shard_id.ptr, lease->shard_id.len, m);
	return m;
}

const struct lineage_shard *coordinator_shard(const struct coordinator *c, struct member *m)
{
	if (!m->shard)
		m->shard = lineage_find(c->lineage, m->lease->shard_id);
	return m->shard;
}

struct str coordinator_handler_name(const struct coordinator *c, size_t h)
{
	return c->set.handlers[h].name;
}

bool coordinator_is_read(const struct coordinator *c, const struct member *m)
{
	(void)c;
	return m->readings || m->lease->writing;
}

bool coordinator_is_done(const struct coordinator *c, const struct lease *lease, size_t h)
{
	const struct lease_position *p = lease_position(lease, coordinator_handler_name(c, h));

	return p && p->done;
}

bool coordinator_takes_part(const struct coordinator *c, size_t h)
{
	return str_eq(c->places[h].label, c->label);
}

bool coordinator_is_finished(const struct coordinator *c, const struct member *m)
{
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (coordinator_takes_part(c, h) && !coordinator_is_done(c, m->lease, h))
			return false;
	return true;
}

/* ---- its life ---- */

static bool has_foreign_leases(const struct coordinator *c)
{
	for (const struct member *m = c->members; m; m = m->hh.next)
		if (!m->lease->held && m->lease->owner.len)
			return true;
	return false;
}

/* A disabled stream that is read to its end is said to be so, once (T11). */
static void look_for_end(struct coordinator *c)
{
	if (c->said_ended || !coordinator_has_ended(c))
		return;
	c->said_ended = true;
	log_warn(c->env->log, "pipeline.ended", LOG_STR("pipeline", c->set.pipeline), LOG_STR("stream", c->stream_arn),
		 LOG_TEXT("hint", "the table's stream is disabled, and all of it is read; nothing more will come"));
}

/* One round: look, then take and read what is due. */
static bool step(struct coordinator *c, struct err *err)
{
	event_clear(&c->wake);
	if ((c->complete != c->sought_for || !c->loaded) && !coordinator_look_for_seek(c, err))
		return false;
	c->sought_for = c->complete;
	if (!coordinator_load_when_due(c, err))
		return false;
	if (!c->loaded || !c->set.balancer->looked) /* a lease was lost meanwhile: look again; the balancer wakes us */
		return true;
	if (!coordinator_hand_over(c, err) || !coordinator_serve(c, err) || !coordinator_forget_old(c, err))
		return false;
	look_for_end(c);
	return coordinator_switch_when_due(c, err);
}

/* Discovery wakes it when it has news. */
static int64_t pause_ms(const struct coordinator *c)
{
	int64_t pause = c->set.list_ms;

	if (pause > coordinator_load_pause_ms(c))
		pause = coordinator_load_pause_ms(c);
	if (pause < 1)
		pause = 1;
	if (!c->loaded && pause > FIRST_LOOK_MS)
		pause = FIRST_LOOK_MS;
	if (has_foreign_leases(c) && pause > c->set.heartbeat->failover_ms / 3)
		pause = c->set.heartbeat->failover_ms / 3;
	return pause;
}

/* Transient trouble at the start or later is waited out, loudly. */
static bool trouble(struct coordinator *c, const struct err *err, unsigned *failures)
{
	int64_t pause = TROUBLE_MS;

	for (unsigned i = 0; i < *failures && pause < LONGEST_TROUBLE_MS; i++)
		pause *= 2;
	(*failures)++;
	if (err->class == ERR_CANCELLED)
		return false;
	log_at(c->env->log, err->class == ERR_FATAL ? LOG_ERROR : LOG_WARN, "pipeline.waiting",
	       LOG_STR("pipeline", c->set.pipeline), LOG_STR("table", c->set.table), LOG_INT("retry_ms", pause),
	       LOG_ERR(err));
	event_clear(&c->wake);
	return c->stopping || event_wait(&c->wake, pause, NULL, NULL);
}

static bool release(struct coordinator *c, struct member *m, struct err *err)
{
	if (!lease_release(m->lease, c->set.heartbeat, str_of(NULL, 0), err))
		log_warn(c->env->log, "lease.release_failed", LOG_STR("shard", m->lease->shard_id), LOG_ERR(err));
	return true;
}

static void release_leases(struct coordinator *c)
{
	struct member **held = mem_array(HASH_COUNT(c->members), sizeof(struct member *));
	struct err ignored;
	size_t n = 0;

	for (struct member *m = c->members; m; m = m->hh.next)
		if (m->lease->held)
			held[n++] = m;
	coordinator_each(c, held, n, release, &ignored);
	mem_free(held);
}

void coordinator_run(struct coordinator *c)
{
	unsigned failures = 0;
	bool alive = true;
	struct err err;

	scope_init(&c->readings, c->set.loop);
	scope_init(&c->parking, c->set.loop);
	scope_spawn(&c->parking, "parking", coordinator_parking_task, c);
	c->running = true;
	c->opened = false; /* in a second life, too: the rows may have moved on, discovery begins again */
	while (alive && !c->stopping) {
		if (!c->opened)
			c->opened = coordinator_open(c, &err);
		if (c->opened && (c->stopping || step(c, &err))) {
			failures = 0;
			alive = c->stopping || event_wait(&c->wake, pause_ms(c), NULL, NULL);
		} else {
			alive = trouble(c, &err, &failures);
		}
	}
	coordinator_discover_end(c);
	scope_cancel(&c->parking);
	scope_wait(&c->parking);
	scope_wait(&c->readings);
	assert(c->n_readings == 0); /* T25 */
	c->running = false;
	if (!task_cancelled(c->set.loop))
		release_leases(c);
}

void coordinator_cancel_readings(struct coordinator *c)
{
	if (c->running)
		scope_cancel(&c->readings);
}

void coordinator_stop(struct coordinator *c)
{
	c->stopping = true;
	event_set(&c->wake);
	for (const struct member *m = c->members; m; m = m->hh.next)
		for (struct reading *r = m->readings; r; r = r->next)
			event_set(&r->end);
}

void coordinator_let_go(struct coordinator *c)
{
	for (struct member *m = c->members; m; m = m->hh.next)
		lease_let_go(m->lease);
	c->loaded = false;
}

void coordinator_shard_ended(struct coordinator *c, struct str shard_id)
{
	struct member *m = coordinator_member(c, shard_id);

	if (!m)
		return;
	m->ended = true;
	m->ask_ms = m->ask_pause_ms = 0;
	event_set(&c->discover);
}

void coordinator_wake(struct coordinator *c)
{
	event_set(&c->wake);
}

struct coordinator_stats coordinator_stats(const struct coordinator *c)
{
	struct coordinator_stats stats = { .describes = c->describes };

	for (const struct member *m = c->members; m; m = m->hh.next)
		stats.shards += m->lease->held;
	return stats;
}
