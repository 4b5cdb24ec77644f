#include "breaker.h"

#include "sluice/core/err.h"
#include "sluice/core/mem.h"

#include <stdio.h>

enum { FIRST_PAUSE_MS = 1000, LONGEST_PAUSE_MS = 60000, CHANCE = 4 };

struct breaker *breaker_new(struct env *env, struct str host, unsigned most_failures)
{
	struct breaker *b = mem_alloc(sizeof(*b));

	b->host = mem_dup(host.ptr, host.len);
	b->env = env;
	b->most_failures = most_failures;
	return b;
}

void breaker_free(struct breaker *b)
{
	mem_free(b->host);
	mem_free(b);
}

static uint32_t left_ms(int64_t until_ms, int64_t now_ms)
{
	int64_t left = until_ms - now_ms;

	return left < 1 ? 1 : left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
}

static bool refuse(struct err *err, enum err_class class, const char *code, uint32_t wait_ms, const char *text)
{
	err_set(err, class, code, "%s; nothing is sent to it for another %u.%u s", text, wait_ms / 1000,
		wait_ms % 1000 / 100);
	if (err)
		err->retry_after_ms = wait_ms;
	return false;
}

static bool refuse_open(const struct breaker *b, uint32_t wait_ms, struct err *err)
{
	char text[320];

	snprintf(text, sizeof(text), "%.200s failed %u times in a row, the last time with %s", b->host,
		 b->failures, b->last);
	return refuse(err, ERR_RETRY, "sink.open", wait_ms, text);
}

bool breaker_admit(struct breaker *b, struct err *err)
{
	int64_t now_ms = env_mono_ms(b->env);
	char text[320];

	if (now_ms < b->held_until_ms) {
		snprintf(text, sizeof(text), "%.200s asked for a pause (Retry-After)", b->host);
		return refuse(err, ERR_THROTTLE, "sink.held", left_ms(b->held_until_ms, now_ms), text);
	}
	switch (b->state) {
	case BREAKER_CLOSED:
		return true;
	case BREAKER_OPEN:
		if (now_ms < b->open_until_ms)
			return refuse_open(b, left_ms(b->open_until_ms, now_ms), err);
		b->state = BREAKER_HALF_OPEN;
		return true;
	case BREAKER_HALF_OPEN:
		break;
	}
	return err_set(err, ERR_RETRY, "sink.open",
		       "%.200s failed %u times in a row, the last time with %s; one request is under way to "
		       "see whether it is back",
		       b->host, b->failures, b->last);
}

static void open_it(struct breaker *b)
{
	b->pause_ms = b->pause_ms ? 2 * b->pause_ms : FIRST_PAUSE_MS;
	if (b->pause_ms > LONGEST_PAUSE_MS)
		b->pause_ms = LONGEST_PAUSE_MS;
	b->state = BREAKER_OPEN;
	b->open_until_ms = env_mono_ms(b->env) + b->pause_ms +
			   (int64_t)rng_below(&b->env->rng, (uint64_t)b->pause_ms / CHANCE);
	log_warn(b->env->log, "sink.open", LOG_TEXT("host", b->host), LOG_INT("failures", b->failures),
		 LOG_INT("pause_ms", b->pause_ms), LOG_TEXT("last", b->last));
}

static void close_it(struct breaker *b)
{
	if (b->state != BREAKER_CLOSED)
		log_info(b->env->log, "sink.closed", LOG_TEXT("host", b->host), LOG_INT("failures", b->failures));
	b->state = BREAKER_CLOSED;
	b->failures = 0;
	b->pause_ms = 0;
}

void breaker_settle(struct breaker *b, enum breaker_news news, const struct err *why)
{
	switch (news) {
	case BREAKER_ANSWERED:
		close_it(b);
		return;
	case BREAKER_FAILED:
		if (b->failures < UINT32_MAX)
			b->failures++;
		snprintf(b->last, sizeof(b->last), "%s", why ? why->code : "");
		if (b->state == BREAKER_HALF_OPEN || (b->state == BREAKER_CLOSED && b->failures >= b->most_failures))
			open_it(b);
		return;
	case BREAKER_UNKNOWN:
		if (b->state == BREAKER_HALF_OPEN)
			b->state = BREAKER_OPEN; /* its pause is over: the next one is the probe */
		return;
	}
}

void breaker_hold(struct breaker *b, int64_t ms)
{
	int64_t until_ms = env_mono_ms(b->env) + ms;

	if (until_ms > b->held_until_ms)
		b->held_until_ms = until_ms;
}
