#include "sluice/stream/pace.h"

#include "sluice/core/loop.h"

enum { SLOWEST = 16, EASING = 8, JITTER = 4 };

void pace_init(struct pace *p, struct loop *loop, int64_t interval_ms, unsigned burst)
{
	*p = (struct pace){ .loop = loop, .interval_ms = interval_ms, .burst = burst, .slow_ms = interval_ms };
}

/* Each call books the turn behind the last one booked: that is the queue. */
bool pace_wait(struct pace *p, struct err *err)
{
	struct env *env = loop_env(p->loop);
	int64_t now_ms = env_mono_ms(env), due_ms;
	int64_t jitter_ms = (int64_t)rng_below(&env->rng, (uint64_t)p->slow_ms / JITTER + 1);

	if (p->next_ms < now_ms)
		p->next_ms = now_ms;
	p->next_ms += p->slow_ms;
	due_ms = p->next_ms - (int64_t)p->burst * p->slow_ms;
	if (due_ms <= now_ms)
		return !task_cancelled(p->loop) || err_set(err, ERR_CANCELLED, "cancelled", "cancelled before its turn came");
	return task_sleep_ms(p->loop, due_ms - now_ms + jitter_ms, err);
}

void pace_throttled(struct pace *p)
{
	int64_t now_ms = env_mono_ms(loop_env(p->loop));

	p->slow_ms = p->slow_ms * 2 < SLOWEST * p->interval_ms ? p->slow_ms * 2 : SLOWEST * p->interval_ms;
	/* No burst is left: whoever comes next waits a whole interval. */
	if (p->next_ms < now_ms + (int64_t)p->burst * p->slow_ms)
		p->next_ms = now_ms + (int64_t)p->burst * p->slow_ms;
}

void pace_succeeded(struct pace *p)
{
	p->slow_ms -= (p->slow_ms - p->interval_ms + EASING - 1) / EASING;
}
