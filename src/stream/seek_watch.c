#include "seek_impl.h"

#include "sluice/core/mem.h"

enum { LOOKS = 20, LEAST_PAUSE_MS = 100 };

/* ---- the holders ---- */

static struct seek_holder *find(const struct seek_holders *h, struct str session)
{
	for (size_t i = 0; i < h->n; i++)
		if (str_eq(h->list[i].session, session))
			return &h->list[i];
	return NULL;
}

static struct seek_holder *add(struct seek_holders *h, struct str session)
{
	h->list = mem_resize(h->list, (h->n + 1) * sizeof(*h->list));
	h->list[h->n] = (struct seek_holder){ .session = str_of(mem_dup(session.ptr, session.len), session.len) };
	return &h->list[h->n++];
}

void seek_holders_of(struct lease *const *rows, size_t n, struct seek_holders *out)
{
	*out = (struct seek_holders){ 0 };
	for (size_t i = 0; i < n; i++) {
		struct seek_holder *holder;

		if (rows[i]->owner.len == 0)
			continue;
		holder = find(out, rows[i]->owner);
		if (!holder)
			holder = add(out, rows[i]->owner);
		holder->leases++;
	}
}

void seek_holders_release(struct seek_holders *h)
{
	for (size_t i = 0; i < h->n; i++)
		mem_free((char *)h->list[i].session.ptr);
	mem_free(h->list);
	*h = (struct seek_holders){ 0 };
}

bool seek_holders_know(const struct seek_holders *h, struct str session)
{
	return find(h, session) != NULL;
}

/* ---- looking ---- */

static int64_t number_of(struct value item, struct str name, int64_t otherwise)
{
	struct value v;
	int64_t n;

	return value_get(item, name, &v) && v.type == VALUE_N && str_to_i64(v.raw, &n) ? n : otherwise;
}

/* A row that is not there stands still, too: its worker makes it again while it lives. */
static bool look(const struct seek *s, struct seek_holder *holder, bool first, struct err *err)
{
	struct state_row row;
	struct arena arena;
	bool ok;

	arena_init(&arena, 1 << 20);
	ok = state_get(s->state, STATE_WORKER, holder->session, &arena, &row, err);
	if (ok && first) {
		holder->counter = row.counter;
		holder->failover_ms = s->failover_ms;
	}
	if (ok && row.counter) {
		holder->alive = row.counter != holder->counter;
		holder->failover_ms = number_of(row.item, STR("failover_ms"), s->failover_ms);
		holder->seen_ms = number_of(row.item, STR("seen_ms"), 0);
	}
	arena_release(&arena);
	return ok;
}

static bool look_at_all(const struct seek *s, struct seek_holders *h, bool first, struct err *err)
{
	for (size_t i = 0; i < h->n; i++)
		if (!look(s, &h->list[i], first, err))
			return false;
	return true;
}

static bool held(const struct seek *s, const struct seek_holder *holder, struct err *err)
{
	int64_t age_ms = s->now_ms - holder->seen_ms;
	struct str rest = holder->session, host = str_split(&rest, ':'), pid = str_split(&rest, ':');

	return err_set(err, ERR_FATAL, "seek.held",
		       "worker %.*s holds %zu shard%s of pipeline %.*s and lives: host %.*s, process %.*s, its heartbeat was "
		       "renewed while it was watched (%lld s ago at the first look); stop that sluice and seek again, or "
		       "take the shards from it with --force",
		       STR_ARG(holder->session), holder->leases, holder->leases == 1 ? "" : "s", STR_ARG(s->pipeline),
		       STR_ARG(host), STR_ARG(pid), age_ms > 0 ? (long long)age_ms / 1000 : 0LL);
}

static const struct seek_holder *living(const struct seek_holders *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->list[i].alive)
			return &h->list[i];
	return NULL;
}

/* Who must be watched longest. */
static const struct seek_holder *slowest(const struct seek_holders *h)
{
	const struct seek_holder *most = &h->list[0];

	for (size_t i = 1; i < h->n; i++)
		if (h->list[i].failover_ms > most->failover_ms)
			most = &h->list[i];
	return most;
}

bool seek_watch(const struct seek *s, struct seek_holders *h, struct err *err)
{
	struct env *env = loop_env(s->loop);
	int64_t first_ms, began_ms;

	if (h->n == 0)
		return true;
	if (!look_at_all(s, h, true, err))
		return false;
	first_ms = env_mono_ms(env); /* of the answers: never too early for a beat */
	do {
		const struct seek_holder *last = slowest(h);
		int64_t left_ms = first_ms + last->failover_ms - env_mono_ms(env), pause_ms = last->failover_ms / LOOKS;

		if (s->waiting)
			s->waiting(s->ctx, last->session, left_ms > 0 ? left_ms : 0);
		if (!task_sleep_ms(s->loop, pause_ms > LEAST_PAUSE_MS ? pause_ms : LEAST_PAUSE_MS, err))
			return false;
		began_ms = env_mono_ms(env);
		if (!look_at_all(s, h, false, err))
			return false;
		if (living(h))
			return held(s, living(h), err);
	} while (began_ms - first_ms <= slowest(h)->failover_ms);
	return true;
}
