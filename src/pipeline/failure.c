#include "sluice/pipeline/failure.h"

#include "sluice/core/json_write.h"

#include <time.h>

enum { LONGEST_RETRY_AFTER_MS = 60000 };

enum failure_verdict failure_judge(const struct failure_policy *p, const struct err *err, int64_t attempts,
				   int64_t age_s)
{
	bool has_dead_letter = p->dead_letter.len > 0;

	if (err->class == ERR_FATAL)
		return FAILURE_STOP;
	if (err->class == ERR_DATA) {
		if (attempts <= p->retries)
			return FAILURE_WAIT;
		return has_dead_letter ? FAILURE_DEAD_LETTER : FAILURE_STOP;
	}
	if (has_dead_letter && p->max_age_s > 0 && age_s > p->max_age_s)
		return FAILURE_DEAD_LETTER;
	return FAILURE_WAIT;
}

int64_t failure_delay_ms(const struct err *err, int64_t attempts, struct rng *rng)
{
	int64_t ceiling = FAILURE_FIRST_DELAY_MS, delay, asked = err->retry_after_ms;

	for (int64_t i = 1; i < attempts && ceiling < FAILURE_LONGEST_DELAY_MS; i++)
		ceiling *= 2;
	if (ceiling > FAILURE_LONGEST_DELAY_MS)
		ceiling = FAILURE_LONGEST_DELAY_MS;
	delay = 1 + (int64_t)rng_below(rng, (uint64_t)ceiling);
	if (asked > LONGEST_RETRY_AFTER_MS)
		asked = LONGEST_RETRY_AFTER_MS;
	return delay < asked ? asked : delay;
}

static void put_time(struct json_writer *w, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[40];
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_member_str(w, STR("time"), str_of(text, n));
}

bool dead_letter_write(const struct dead_letter *d, struct buf *out)
{
	struct str sequence = sequence_wire(&d->record->sequence);
	struct json_writer w;
	struct buf id;

	json_write_init(&w, out);
	buf_init(&id, 16 << 10);
	buf_putf(&id, "%.*s/%.*s/%.*s/%.*s/%.*s/%s", STR_ARG(d->source->app), STR_ARG(d->source->pipeline),
		 STR_ARG(d->source->handler), STR_ARG(d->source->shard_id), STR_ARG(sequence), d->why->code);
	if (d->nth && !d->member.len) /* both sides of an image, say, for the same reason */
		buf_putf(&id, "/%u", (unsigned)d->nth);
	if (d->member.len) { /* many members, one record */
		buf_putc(&id, '/');
		buf_put(&id, d->member);
	}
	json_begin_object(&w);
	json_member_str(&w, STR("id"), buf_str(&id));
	put_time(&w, d->time_ms);
	json_member_str(&w, STR("app"), d->source->app);
	json_member_str(&w, STR("pipeline"), d->source->pipeline);
	json_member_str(&w, STR("handler"), d->source->handler);
	json_member_str(&w, STR("class"), str_c(err_class_name(d->why->class)));
	json_member_str(&w, STR("code"), str_c(d->why->code));
	json_member_str(&w, STR("reason"), str_c(d->why->text));
	json_member_int(&w, STR("attempts"), d->attempts);
	json_member_str(&w, STR("shard"), d->source->shard_id);
	json_member_str(&w, STR("sequence_number"), sequence);
	json_key(&w, STR("v"));
	json_uint(&w, d->record->v);
	if (d->member.len)
		json_member_raw(&w, STR("member"), d->member);
	json_member_raw(&w, STR("record"), d->record->raw);
	json_end_object(&w);
	buf_release(&id);
	return buf_ok(out);
}
