#include "credentials_cached.h"

#include "sluice/core/loop.h"
#include "sluice/core/mem.h"

enum {
	ADVISORY_MS = 15 * 60 * 1000,     /* before the expiry: renewed in the background */
	MANDATORY_MS = 10 * 60 * 1000,    /* before get() answers */
	CHANCE_MS = 60 * 1000,            /* both come up to so much earlier */
	FIRST_PAUSE_MS = 5 * 1000,        /* after a renewal that failed or brought nothing newer */
	LONGEST_PAUSE_MS = 5 * 60 * 1000,
	SHORTEST_MS = 1000,               /* of a life worth the name */
	SUSPECT_MS = 5 * 60 * 1000,       /* what has expired when it comes is used so long */
	FAILURE_PAUSE_MS = 500,           /* while there is nothing to serve */
	FORGET_PAUSE_MS = 1000,           /* what was asked for just now is not asked for again */
};

struct cached_provider {
	struct credentials_provider base;
	struct credentials_provider *inner;
	struct loop *loop;
	struct scope scope;               /* of the renewing task */
	struct credentials kept;
	bool have, refused;               /* refused: to be asked anew, served only if that fails */
	int64_t chance_ms;                /* of the kept ones */
	int64_t ends_ms;                  /* when they expire (mono: whatever happens to the clock meanwhile) */
	int64_t tried_ms;                 /* when the last renewal ended (mono) */

	bool renewing;
	struct event renewed;
	struct err failure;               /* of the last renewal; class NONE: it went well */
	int64_t pause_ms, next_ms;        /* no renewal before next_ms (mono) while what is kept can be served */
};

static int64_t left_ms(const struct cached_provider *p)
{
	return p->kept.expires_ms ? p->ends_ms - env_mono_ms(loop_env(p->loop)) : INT64_MAX;
}

static bool can_serve(const struct cached_provider *p)
{
	return p->have && left_ms(p) > 0;
}

/* ---- renewing ---- */

static void pause_renewing(struct cached_provider *p)
{
	struct env *env = loop_env(p->loop);

	p->pause_ms = p->pause_ms ? 2 * p->pause_ms : FIRST_PAUSE_MS;
	if (p->pause_ms > LONGEST_PAUSE_MS)
		p->pause_ms = LONGEST_PAUSE_MS;
	p->next_ms = env_mono_ms(env) + p->pause_ms / 2 + (int64_t)(rng_unit(&env->rng) * (double)p->pause_ms / 2);
}

/* Nobody hands out what has expired: this machine's clock is off. Only the services can
 * tell by how much, and they refuse what is really over. */
static int64_t lifetime_ms(struct cached_provider *p, const struct credentials *got)
{
	struct env *env = loop_env(p->loop);
	int64_t ms = got->expires_ms - env_wall_ms(env);

	if (ms >= SHORTEST_MS)
		return ms;
	log_warn(env->log, "credentials.expired", LOG_STR("source", buf_str(&got->source)), LOG_INT("ago_s", -ms / 1000),
		 LOG_TEXT("hint", "they came just now: is this machine's clock right?"));
	return SUSPECT_MS;
}

static void keep(struct cached_provider *p, const struct credentials *got)
{
	struct env *env = loop_env(p->loop);

	p->ends_ms = got->expires_ms ? env_mono_ms(env) + lifetime_ms(p, got) : 0;
	credentials_copy(&p->kept, got);
	p->have = true;
	p->refused = false;
	p->chance_ms = (int64_t)(rng_unit(&env->rng) * CHANCE_MS);
	/* A source may hand out what it has, however old: it will have newer ones in a while. */
	if (left_ms(p) < ADVISORY_MS + p->chance_ms)
		pause_renewing(p);
	else
		p->next_ms = p->pause_ms = 0;
}

/* Once for all who wait; none of them being cancelled ends it. */
static void renew_task(void *arg)
{
	struct cached_provider *p = arg;
	struct credentials got;

	credentials_init(&got);
	err_clear(&p->failure);
	if (p->inner->get(p->inner, &got, &p->failure)) {
		keep(p, &got);
	} else {
		pause_renewing(p);
		if (can_serve(p) && p->failure.class != ERR_CANCELLED)
			log_warn(loop_env(p->loop)->log, "credentials.not_renewed", LOG_STR("source", buf_str(&p->kept.source)),
				 LOG_INT("left_s", p->kept.expires_ms ? left_ms(p) / 1000 : -1), LOG_ERR(&p->failure));
	}
	credentials_release(&got);
	p->tried_ms = env_mono_ms(loop_env(p->loop));
	p->renewing = false;
	event_set(&p->renewed);
}

static void begin_renewing(struct cached_provider *p)
{
	if (p->renewing)
		return;
	p->renewing = true;
	event_clear(&p->renewed);
	scope_spawn(&p->scope, "credentials", renew_task, p);
}

/* Just now it failed: callers who come at once get the same answer, and no program or
 * service is asked at their pace. */
static bool failed_just_now(const struct cached_provider *p)
{
	return !p->renewing && p->failure.class != ERR_NONE && p->failure.class != ERR_CANCELLED &&
	       env_mono_ms(loop_env(p->loop)) - p->tried_ms < FAILURE_PAUSE_MS;
}

/* Yields. */
static bool renew(struct cached_provider *p, struct err *err)
{
	if (!can_serve(p) && failed_just_now(p)) {
		if (err)
			*err = p->failure;
		return false;
	}
	begin_renewing(p);
	if (!event_wait(&p->renewed, -1, NULL, err))
		return false;
	if (can_serve(p))
		return true;
	if (err)
		*err = p->failure;
	return false;
}

/* ---- the provider ---- */

static bool cached_get(struct credentials_provider *base, struct credentials *out, struct err *err)
{
	struct cached_provider *p = (struct cached_provider *)base;
	bool due = env_mono_ms(loop_env(p->loop)) >= p->next_ms;
	int64_t left = left_ms(p) - p->chance_ms;

	if (!can_serve(p) || (due && (p->refused || left < MANDATORY_MS))) {
		if (!renew(p, err))
			return false;
	} else if (due && left < ADVISORY_MS) {
		begin_renewing(p);
	}
	credentials_copy(out, &p->kept);
	return true;
}

static void cached_forget(struct credentials_provider *base)
{
	struct cached_provider *p = (struct cached_provider *)base;

	/* Many requests are refused at once, and all say so. */
	if (!p->have || env_mono_ms(loop_env(p->loop)) - p->tried_ms < FORGET_PAUSE_MS)
		return;
	p->refused = true;
	p->next_ms = 0;
	credentials_provider_forget(p->inner);
}

static void cached_free(struct credentials_provider *base)
{
	struct cached_provider *p = (struct cached_provider *)base;

	scope_cancel(&p->scope);
	scope_wait(&p->scope);
	credentials_release(&p->kept);
	credentials_provider_free(p->inner);
	mem_free(p);
}

struct scope *credentials_cached_scope(struct credentials_provider *cached)
{
	return &((struct cached_provider *)cached)->scope;
}

struct credentials_provider *credentials_cached_new(struct credentials_provider *inner,
						    const struct credentials_site *site)
{
	struct cached_provider *p = mem_alloc(sizeof(*p));

	p->base = (struct credentials_provider){
		.get = cached_get, .free = cached_free, .forget = cached_forget, .name = inner->name,
	};
	p->inner = inner;
	p->loop = site->loop;
	credentials_init(&p->kept);
	event_init(&p->renewed, p->loop);
	/* Whoever signs last on the way out still needs keys: this scope stands apart. */
	task_shield_begin(p->loop);
	scope_init(&p->scope, p->loop);
	task_shield_end(p->loop);
	return &p->base;
}
