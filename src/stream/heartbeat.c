#include "sluice/stream/heartbeat.h"

#include "sluice/core/hash.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/item/attribute.h"

#include <stdio.h>

enum { ROW_BYTES = 64 << 10, BURY_AFTER = 10 };

struct heartbeat_sighting {
	struct str session;    /* owned */
	uint64_t counter;
	int64_t moved_ms;      /* mono time at which we first saw this counter */
	bool beats;            /* it was seen to change */
	int64_t seen_ms;       /* mono time at which its row was last seen; INT64_MIN: never */
	struct heartbeat_load *loads;  /* owned, as are their names */
	size_t n_loads;
	UT_hash_handle hh;
};

void heartbeat_init(struct heartbeat *h, struct state *state, struct loop *loop, struct str instance, int64_t failover_ms)
{
	struct buf session;

	buf_init(&session, 256);
	buf_putf(&session, "%.*s:%016llx", STR_ARG(instance), (unsigned long long)rng_next(&loop_env(loop)->rng));
	*h = (struct heartbeat){ .state = state, .loop = loop, .failover_ms = failover_ms };
	event_init(&h->renewed, loop);
	event_init(&h->due, loop);
	event_init(&h->written, loop);
	h->session = str_of(mem_dup(session.ptr, session.len), session.len);
	buf_release(&session);
}

static void clear_loads(struct heartbeat_sighting *s)
{
	for (size_t i = 0; i < s->n_loads; i++)
		mem_free((char *)s->loads[i].pipeline.ptr);
	mem_free(s->loads);
	s->loads = NULL;
	s->n_loads = 0;
}

static void forget(struct heartbeat *h, struct heartbeat_sighting *s)
{
	HASH_DEL(h->sightings, s);
	clear_loads(s);
	mem_free((char *)s->session.ptr);
	mem_free(s);
}

void heartbeat_release(struct heartbeat *h)
{
	struct heartbeat_sighting *s, *next;

	HASH_ITER(hh, h->sightings, s, next)
		forget(h, s);
	mem_free((char *)h->session.ptr);
	h->session = str_of(NULL, 0);
}

/* The session is ours alone, so whatever stands in its row was written by us:
 * after a lost answer the row's counter says whether the write took effect. */
static bool settle_doubt(struct heartbeat *h, struct err *err)
{
	struct state_row row;
	struct arena arena;
	bool ok;

	arena_init(&arena, 1 << 20);
	ok = state_get(h->state, STATE_WORKER, h->session, &arena, &row, err);
	if (ok) {
		h->counter = row.counter;
		h->in_doubt = false;
	}
	arena_release(&arena);
	return ok;
}

/* ---- the owner's side ---- */

/* A tenth of the failover time is left for what is on its way already. */
static int64_t term_ms(const struct heartbeat *h)
{
	return h->failover_ms - h->failover_ms / 10;
}

int64_t heartbeat_left_ms(const struct heartbeat *h)
{
	int64_t left_ms = h->confirmed_sent_ms + term_ms(h) - env_mono_ms(loop_env(h->loop));

	return h->confirmed && !h->lapsed && left_ms > 0 ? left_ms : 0;
}

bool heartbeat_lapsed(const struct heartbeat *h)
{
	return h->lapsed || (h->confirmed && heartbeat_left_ms(h) == 0);
}

void heartbeat_let_go(struct heartbeat *h)
{
	h->lapsed = h->confirmed = false;
	event_set(&h->due);
}

bool heartbeat_may_send(const struct heartbeat *h, struct err *err)
{
	if (heartbeat_left_ms(h) > 0)
		return true;
	return err_set(err, ERR_RETRY, "lease.deadline",
		       "this worker's heartbeat was last confirmed %lld ms ago: it sends nothing until it has let go of its "
		       "leases and is confirmed again",
		       (long long)(env_mono_ms(loop_env(h->loop)) - h->confirmed_sent_ms));
}

static void write_loads(const struct heartbeat *h, struct json_writer *w)
{
	struct heartbeat_load *loads = mem_array(HEARTBEAT_LOADS, sizeof(*loads));
	size_t n = h->loads ? h->loads(h->loads_ctx, loads, HEARTBEAT_LOADS) : 0;

	attribute_begin_map(w, STR("load"));
	for (size_t i = 0; i < n; i++) {
		char text[24];

		snprintf(text, sizeof(text), "%zu", loads[i].leases);
		json_key(w, loads[i].pipeline);
		json_begin_object(w);
		json_member_str(w, STR("N"), str_c(text));
		json_end_object(w);
	}
	attribute_end_map(w);
	mem_free(loads);
}

/* Members of the row's object, without its braces. */
static struct str write_attributes(const struct heartbeat *h, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	attribute_int(&w, "seen_ms", env_wall_ms(loop_env(h->loop)));
	attribute_int(&w, "failover_ms", h->failover_ms);
	write_loads(h, &w);
	json_end_object(&w);
	return buf_ok(out) ? str_sub(buf_str(out), 1, out->len - 2) : str_of(NULL, 0);
}

/* An answer that came after the time that it would have given confirms nothing. */
static void confirm(struct heartbeat *h, int64_t sent_ms)
{
	h->lapsed = heartbeat_lapsed(h);
	if (env_mono_ms(loop_env(h->loop)) >= sent_ms + term_ms(h))
		return;
	h->begun = h->confirmed = true;
	h->confirmed_sent_ms = sent_ms;
	event_set(&h->renewed);
}

static bool renew(struct heartbeat *h, struct err *err)
{
	struct str attributes;
	int64_t sent_ms;
	struct buf row;
	bool ok;

	if (h->in_doubt && !settle_doubt(h, err))
		return false;
	buf_init(&row, ROW_BYTES);
	attributes = write_attributes(h, &row);
	sent_ms = env_mono_ms(loop_env(h->loop));
	if (attributes.ptr)
		ok = state_put(h->state, STATE_WORKER, h->session, h->counter, attributes, err);
	else
		ok = err_set(err, ERR_FATAL, "heartbeat.size", "the worker's row would pass %d bytes: fewer or shorter pipeline names",
			     ROW_BYTES);
	buf_release(&row);
	h->in_doubt = !ok;
	if (!ok)
		return false;
	h->counter++;
	confirm(h, sent_ms);
	return true;
}

bool heartbeat_renew(struct heartbeat *h, struct err *err)
{
	bool ok;

	h->writing = true;
	ok = renew(h, err);
	h->writing = false;
	event_set(&h->written);
	event_clear(&h->written);
	return ok;
}

void heartbeat_run(struct heartbeat *h)
{
	struct env *env = loop_env(h->loop);
	struct err err;

	while (!h->ended) {
		int64_t pause_ms = h->failover_ms / 3;

		if (!heartbeat_renew(h, &err)) {
			if (err.class == ERR_CANCELLED)
				return;
			log_warn(env->log, "heartbeat.failed", LOG_STR("session", h->session), LOG_ERR(&err));
			pause_ms = h->failover_ms / 20 + 1;
		}
		if (!event_wait(&h->due, pause_ms, NULL, NULL))
			return;
		event_clear(&h->due);
	}
}

bool heartbeat_remove(struct heartbeat *h, struct err *err)
{
	h->ended = true;
	while (h->writing)
		if (!event_wait(&h->written, -1, NULL, err))
			return false;
	if (h->in_doubt && !settle_doubt(h, err))
		return false;
	heartbeat_let_go(h);
	return h->counter == 0 || state_remove(h->state, STATE_WORKER, h->session, h->counter, err);
}

/* ---- the observer's side ---- */

static struct heartbeat_sighting *sighting(const struct heartbeat *h, struct str session)
{
	struct heartbeat_sighting *s = NULL;

	HASH_FIND(hh, h->sightings, session.ptr, session.len, s);
	return s;
}

static struct heartbeat_sighting *watch(struct heartbeat *h, struct str session, int64_t now_ms)
{
	struct heartbeat_sighting *s = sighting(h, session);

	if (!s) {
		s = mem_alloc(sizeof(*s));
		s->session = str_of(mem_dup(session.ptr, session.len), session.len);
		s->moved_ms = now_ms;
		s->seen_ms = INT64_MIN;
		HASH_ADD_KEYPTR(hh, h->sightings, s->session.ptr, s->session.len, s);
	}
	return s;
}

static void note_loads(struct heartbeat_sighting *s, struct value item)
{
	struct value map, n;
	struct value_iter it;
	struct str name;
	uint64_t leases;

	clear_loads(s);
	if (!value_get(item, STR("load"), &map) || map.type != VALUE_M)
		return;
	s->loads = mem_array(HEARTBEAT_LOADS, sizeof(*s->loads));
	value_iter_init(&it, map);
	while (s->n_loads < HEARTBEAT_LOADS && value_iter_next(&it, &name, &n, NULL))
		if (n.type == VALUE_N && str_to_u64(n.raw, &leases))
			s->loads[s->n_loads++] = (struct heartbeat_load){
				.pipeline = str_of(mem_dup(name.ptr, name.len), name.len), .leases = (size_t)leases,
			};
}

static bool note(void *ctx, const struct state_row *row)
{
	struct heartbeat *h = ctx;
	int64_t now_ms = env_mono_ms(loop_env(h->loop)); /* of the answer: never too early for a beat */
	struct heartbeat_sighting *s;

	if (str_eq(row->id, h->session))
		return true;
	s = watch(h, row->id, now_ms);
	s->seen_ms = now_ms;
	if (s->counter != row->counter) {
		s->beats = s->counter > 0;
		s->counter = row->counter;
		s->moved_ms = now_ms;
		note_loads(s, row->item);
	}
	return true;
}

bool heartbeat_observe(struct heartbeat *h, struct err *err)
{
	int64_t began_ms = env_mono_ms(loop_env(h->loop));

	if (!state_each(h->state, STATE_WORKER, note, h, err))
		return false;
	h->observed_ms = began_ms;
	h->looked = true;
	return true;
}

/* Did the latest look show its row? */
static bool is_there(const struct heartbeat *h, const struct heartbeat_sighting *s)
{
	return s->seen_ms >= h->observed_ms;
}

static bool stands_still(const struct heartbeat *h, const struct heartbeat_sighting *s, int64_t ms)
{
	return h->observed_ms - s->moved_ms > ms;
}

/* Judged by what was seen, not by the time that has passed since: while nobody
 * looked, nobody was seen to stand still. A session whose row is not there is
 * watched like one that stands still; the first question about it starts the
 * clock. */
bool heartbeat_is_dead(struct heartbeat *h, struct str session)
{
	int64_t now_ms = env_mono_ms(loop_env(h->loop));

	return stands_still(h, watch(h, session, now_ms), h->failover_ms);
}

bool heartbeat_beats(const struct heartbeat *h, struct str session)
{
	const struct heartbeat_sighting *s = sighting(h, session);

	return s && s->beats && !stands_still(h, s, h->failover_ms);
}

bool heartbeat_next_alive(const struct heartbeat *h, const struct heartbeat_sighting **at, struct heartbeat_worker *out)
{
	const struct heartbeat_sighting *s = *at ? (*at)->hh.next : h->sightings;

	while (s && (!is_there(h, s) || stands_still(h, s, h->failover_ms)))
		s = s->hh.next;
	*at = s;
	if (s)
		*out = (struct heartbeat_worker){ s->session, s->loads, s->n_loads };
	return s != NULL;
}

/* Its row is gone already, or goes now. Who is not dead after all has moved the
 * counter, and stays. */
static bool bury(struct heartbeat *h, const struct heartbeat_sighting *s, struct err *err)
{
	if (!is_there(h, s))
		return true;
	if (!state_remove(h->state, STATE_WORKER, s->session, s->counter, err))
		return err_is(err, "state.conflict");
	log_info(loop_env(h->loop)->log, "heartbeat.buried", LOG_STR("session", s->session));
	return true;
}

bool heartbeat_bury(struct heartbeat *h, bool (*named)(void *ctx, struct str session), void *ctx, struct err *err)
{
	struct heartbeat_sighting *s, *next;

	HASH_ITER(hh, h->sightings, s, next) {
		if (!stands_still(h, s, BURY_AFTER * h->failover_ms) || named(ctx, s->session))
			continue;
		if (!bury(h, s, err))
			return false;
		forget(h, s);
	}
	return true;
}
