#include "sluice/stream/heartbeat.h"

#include "sluice/core/hash.h"
#include "sluice/core/json_write.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"

#include <stdio.h>

struct heartbeat_sighting {
	struct str session;
	uint64_t counter;
	int64_t moved_ms;      /* mono time at which we first saw this counter */
	UT_hash_handle hh;
};

void heartbeat_init(struct heartbeat *h, struct state *state, struct loop *loop, struct str instance, int64_t failover_ms)
{
	struct buf session;

	buf_init(&session, 256);
	buf_putf(&session, "%.*s:%016llx", STR_ARG(instance), (unsigned long long)rng_next(&loop_env(loop)->rng));
	*h = (struct heartbeat){ .state = state, .loop = loop, .failover_ms = failover_ms };
	h->session = str_of(mem_dup(session.ptr, session.len), session.len);
	buf_release(&session);
}

void heartbeat_release(struct heartbeat *h)
{
	struct heartbeat_sighting *s, *next;

	HASH_ITER(hh, h->sightings, s, next) {
		HASH_DEL(h->sightings, s);
		mem_free((char *)s->session.ptr);
		mem_free(s);
	}
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

bool heartbeat_renew(struct heartbeat *h, struct err *err)
{
	struct env *env = loop_env(h->loop);
	int64_t sent_ms;
	char text[96];

	if (h->in_doubt && !settle_doubt(h, err))
		return false;
	sent_ms = env_mono_ms(env);
	snprintf(text, sizeof(text), "\"seen_ms\":{\"N\":\"%lld\"},\"failover_ms\":{\"N\":\"%lld\"}",
		 (long long)env_wall_ms(env), (long long)h->failover_ms);
	if (!state_put(h->state, STATE_WORKER, h->session, h->counter, str_c(text), err)) {
		h->in_doubt = true;
		return false;
	}
	h->counter++;
	h->confirmed = true;
	h->confirmed_sent_ms = sent_ms;
	return true;
}

void heartbeat_run(struct heartbeat *h)
{
	struct env *env = loop_env(h->loop);
	struct err err;

	for (;;) {
		int64_t pause_ms = h->failover_ms / 3;

		if (!heartbeat_renew(h, &err)) {
			if (err.class == ERR_CANCELLED)
				return;
			log_warn(env->log, "heartbeat.failed", LOG_STR("session", h->session), LOG_ERR(&err));
			pause_ms = h->failover_ms / 20 + 1;
		}
		if (!task_sleep_ms(h->loop, pause_ms, NULL))
			return;
	}
}

bool heartbeat_remove(struct heartbeat *h, struct err *err)
{
	if (h->in_doubt && !settle_doubt(h, err))
		return false;
	h->confirmed = false;
	return h->counter == 0 || state_remove(h->state, STATE_WORKER, h->session, h->counter, err);
}

/* A tenth of the failover time is left for what is on its way already. */
bool heartbeat_may_send(const struct heartbeat *h, struct err *err)
{
	int64_t now_ms = env_mono_ms(loop_env(h->loop));

	if (h->confirmed && now_ms < h->confirmed_sent_ms + h->failover_ms - h->failover_ms / 10)
		return true;
	return err_set(err, ERR_RETRY, "lease.deadline",
		       "this worker's heartbeat was not confirmed for %lld ms: it sends nothing until it is",
		       h->confirmed ? (long long)(now_ms - h->confirmed_sent_ms) : 0LL);
}


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
		HASH_ADD_KEYPTR(hh, h->sightings, s->session.ptr, s->session.len, s);
	}
	return s;
}

static bool note(void *ctx, const struct state_row *row)
{
	struct heartbeat *h = ctx;
	int64_t now_ms = env_mono_ms(loop_env(h->loop)); /* of the answer: never too early for a beat */
	struct heartbeat_sighting *s = watch(h, row->id, now_ms);

	if (s->counter != row->counter) {
		s->counter = row->counter;
		s->moved_ms = now_ms;
	}
	return true;
}

bool heartbeat_observe(struct heartbeat *h, struct err *err)
{
	int64_t began_ms = env_mono_ms(loop_env(h->loop));

	if (!state_each(h->state, STATE_WORKER, note, h, err))
		return false;
	h->observed_ms = began_ms;
	return true;
}

/* Judged by what was seen, not by the time that has passed since: while nobody
 * looked, nobody was seen to stand still. A session whose row is not there is
 * watched like one that stands still; the first question about it starts the
 * clock. */
bool heartbeat_is_dead(struct heartbeat *h, struct str session)
{
	int64_t now_ms = env_mono_ms(loop_env(h->loop));

	return h->observed_ms - watch(h, session, now_ms)->moved_ms > h->failover_ms;
}
