#include "coordinator_impl.h"

#include "sluice/core/mem.h"

enum {
	HOUR_MS = 3600 * 1000,
	RETENTION_MS = 24 * HOUR_MS,
	OLD_MS = 30 * HOUR_MS,        /* since its creation: a shard is written to for some 4 h */
	PARENT_LAG_MS = 60 * 1000,    /* a parent may be missing from listings so long */
	FORGET_MS = 10 * 60 * 1000,   /* and any shard, */
	LISTINGS = 3,                 /* from so many in a row */
	HIGH_V_MS = 1000,
};

static int64_t age_ms(const struct coordinator *c, int64_t made_ms)
{
	return aws_service_time_ms(c->set.streams) - made_ms;
}

/* ---- parents ---- */

/* It is when its child is older than the retention (then it closed before that), or
 * when it stays away for long from whole listings (T2, T6). While the first one is
 * under way it may stand on a later page (T28). */
bool coordinator_parent_is_gone(const struct coordinator *c, const struct lease *child)
{
	const struct lineage_shard *s = lineage_find(c->lineage, child->shard_id);
	int64_t made_ms = shard_created_ms(child->shard_id), now_ms = env_mono_ms(c->env);

	if (lineage_find(c->lineage, child->parent_id))
		return false;
	if (c->gone || (made_ms && age_ms(c, made_ms) > RETENTION_MS))
		return true;
	if (!s)
		return c->n_complete >= LISTINGS && now_ms - c->loaded_ms >= PARENT_LAG_MS;
	return c->complete > s->first_listed_in && now_ms - s->first_seen_ms >= PARENT_LAG_MS;
}

bool coordinator_misses_parent(const struct coordinator *c)
{
	for (const struct member *m = c->members; m; m = m->hh.next)
		if (m->lease->parent_id.len && m->lease->counter == 0 && !coordinator_member(c, m->lease->parent_id) &&
		    !coordinator_parent_is_gone(c, m->lease))
			return true;
	return false;
}

/* ---- versions ---- */

/* Over all shards for all handlers at once: many begin together. */
uint64_t coordinator_high_v(struct coordinator *c, size_t h)
{
	int64_t now_ms = env_mono_ms(c->env);

	if (c->high_ms && now_ms - c->high_ms < HIGH_V_MS)
		return c->high_v[h];
	c->high_ms = now_ms ? now_ms : 1;
	for (size_t i = 0; i < c->set.n_handlers; i++)
		if (c->places[i].high_v > c->high_v[i])
			c->high_v[i] = c->places[i].high_v;
	for (const struct member *m = c->members; m; m = m->hh.next) {
		for (size_t i = 0; i < c->set.n_handlers; i++) {
			const struct lease_position *p = lease_position(m->lease, coordinator_handler_name(c, i));

			if (p && p->position.v > c->high_v[i])
				c->high_v[i] = p->position.v;
		}
	}
	return c->high_v[h];
}

/* ---- what is no longer needed ---- */

/* A finished shard's row stays while a listing may show the shard again, so that it is
 * not read again (T6, T9): a listing may leave it out for an hour, but not what it
 * held show up again when that is past the retention. */
static bool is_past(const struct coordinator *c, struct member *m)
{
	const struct lineage_shard *s = coordinator_shard(c, m);
	int64_t made_ms = shard_created_ms(m->lease->shard_id);
	int64_t seen_ms = s ? s->seen_ms : c->loaded_ms;
	unsigned missed = s ? s->missed : c->n_complete;

	if (missed < LISTINGS || c->listed_ms - seen_ms < FORGET_MS)
		return false;
	return made_ms ? age_ms(c, made_ms) > OLD_MS : env_mono_ms(c->env) - m->finished_ms >= RETENTION_MS;
}

/* Its children have inherited v from it. */
static bool children_have_begun(const struct coordinator *c, struct str id)
{
	for (const struct lineage_shard *s = lineage_child(c->lineage, id, NULL); s; s = lineage_child(c->lineage, id, s)) {
		const struct member *child = coordinator_member(c, s->id);

		if (!child || child->lease->counter == 0)
			return false;
		for (size_t h = 0; h < c->set.n_handlers; h++) {
			const struct lease_position *p = lease_position(child->lease, coordinator_handler_name(c, h));

			if (coordinator_takes_part(c, h) && (!p || p->sought))
				return false;
		}
	}
	return true;
}

/* with_row: the row is ours to remove, too. */
static bool forget(struct coordinator *c, struct member *m, bool with_row, struct err *err)
{
	struct str id = m->lease->shard_id;

	if (with_row && m->lease->counter && !state_remove(c->set.state, STATE_LEASE, m->lease->id, m->lease->counter, err) &&
	    !err_is(err, "state.conflict"))
		return false;
	log_info(c->env->log, "shard.forgotten", LOG_STR("pipeline", c->set.pipeline), LOG_STR("shard", id));
	HASH_DEL(c->members, m);
	lineage_forget(c->lineage, id);
	coordinator_free_member(m);
	return true;
}

bool coordinator_forget_old(struct coordinator *c, struct err *err)
{
	int64_t now_ms = env_mono_ms(c->env);

	for (struct member *m = c->members, *next; m; m = next) {
		bool ours = m->lease->held || m->lease->owner.len == 0 || heartbeat_is_dead(c->set.heartbeat, m->lease->owner);

		next = m->hh.next;
		if (!coordinator_is_finished(c, m))
			continue;
		if (m->finished_ms == 0)
			m->finished_ms = now_ms ? now_ms : 1;
		if (coordinator_is_read(c, m) || !is_past(c, m) || !children_have_begun(c, m->lease->shard_id))
			continue;
		if (!ours && m->row_seen == c->loads) /* its owner removes the row, and then we forget it, too */
			continue;
		if (!forget(c, m, ours, err))
			return false;
	}
	return true;
}
