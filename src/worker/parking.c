#include "sluice/worker/parking.h"

enum {
	SAY_AGAIN_MS = 30000,          /* between two log lines about the same handler */
	TIP_MS = 5000,                 /* who was drained so lately keeps up */
	LONGEST_WAIT_MS = 60000,       /* that a far side may ask for */
};

static int64_t now_of(const struct shard_run *run)
{
	return env_mono_ms(run->worker->env);
}

static size_t index_of(const struct chain *c)
{
	return (size_t)(c->h - c->run->pipeline->handlers);
}

/* ---- how it goes ---- */

void parking_moved(struct chain *c)
{
	int64_t now_ms = now_of(c->run);

	if (now_ms > c->moved_ms)
		c->moved_ms = now_ms;
}

void parking_acknowledged(struct chain *c, const struct record *r)
{
	struct worker *w = c->run->worker;

	if (c->acknowledged)
		return;
	c->acknowledged = true;
	c->limit = 0;
	if (reading_acknowledged(c->run->reading, index_of(c)))
		log_info(w->env->log, "handler.unparked", LOG_STR("pipeline", c->run->pipeline->name),
			 LOG_STR("handler", c->h->place->name), LOG_STR("shard", c->run->lease->shard_id),
			 LOG_INT("lag_s", r ? aws_service_time_ms(w->streams) / 1000 - r->created_s : 0));
}

bool parking_waits(void *chain, const struct err *why, int64_t delay_ms, bool finite)
{
	struct chain *c = chain;

	c->why = *why;
	if (finite) {
		c->moved_ms = now_of(c->run) + delay_ms;
		return true;
	}
	if (!c->limit) /* the watch decides */
		return true;
	c->leaves = PARKING_STALLED;
	return false;
}

/* ---- lagging ---- */

void parking_starves(struct chain *c)
{
	struct shard_run *run = c->run;
	bool told = false;

	for (size_t i = 0; i < run->n_chains; i++) {
		struct chain *other = &run->chains[i];

		if (other == c || other->leaves || !window_is_held_by(&run->window, &other->cursor))
			continue;
		other->leaves = PARKING_LAGGING;
		if (other->waits_for_memory) /* nothing of it is on its way */
			scope_cancel(&other->scope);
		told = true;
	}
	if (told)
		window_wake(&run->window);
}

/* ---- stalled ---- */

static void say_why(struct chain *c)
{
	if (c->waits_for_memory)
		err_set(&c->why, ERR_RETRY, "effect.no_room",
			"the handler's share of limits.memory_bytes is held by effects that its sink has not acknowledged");
	else if (c->why.class == ERR_NONE)
		err_set(&c->why, ERR_RETRY, "sink.hangs", "sink %.*s has said nothing for %d s", STR_ARG(c->h->sink->site.name),
			PARKING_STALL_MS / 1000);
}

/* A sink has the time that it asked for as long as nobody else waits for the pages. */
static int64_t moved_ms(const struct chain *c)
{
	return c->silent_until_ms > c->moved_ms && c->leaves != PARKING_LAGGING ? c->silent_until_ms : c->moved_ms;
}

/* Cancelled in whatever it waits in, also in the sink's send(): what that leaves
 * behind it may still deliver, in front of what is sent again (sinks/sink.h). */
int64_t parking_watch(struct shard_run *run)
{
	bool may_send = heartbeat_may_send(&run->worker->heartbeat, NULL);
	int64_t now_ms = now_of(run), next_ms = PARKING_STALL_MS / 2;

	for (size_t i = 0; i < run->n_chains; i++) {
		struct chain *c = &run->chains[i];
		int64_t left_ms = moved_ms(c) + PARKING_STALL_MS - now_ms;

		if (!c->busy || c->over)
			continue;
		if (!may_send) {
			c->moved_ms = now_ms; /* it is not the sink that it waits for */
		} else if (left_ms > 0) {
			next_ms = left_ms < next_ms ? left_ms : next_ms;
		} else if (c->leaves != PARKING_STALLED) {
			say_why(c);
			c->leaves = PARKING_STALLED;
			scope_cancel(&c->scope);
		}
	}
	return next_ms;
}

/* ---- the tip ---- */

/* An idle or busy shard alike: pages were not full, and each chain had nothing left
 * to take a moment ago. */
void parking_note_tip(struct shard_run *run)
{
	const struct reader_stats *now = &run->reads, *before = &run->seen;
	int64_t now_ms = now_of(run);
	bool behind = now->pages == 0 || now->full > before->full ||
		      (now->pages == before->pages && now->failures > before->failures);

	for (size_t i = 0; i < run->n_chains; i++) {
		const struct chain *c = &run->chains[i];

		if (!c->over && !c->idle && now_ms - c->drained_ms > TIP_MS)
			behind = true;
	}
	run->seen = run->reads;
	if (behind) {
		run->reading->behind_ms = now_ms;
		return;
	}
	/* It has nothing to be stalled with, but for what its sink holds and will soon tell. */
	for (size_t i = 0; i < run->n_chains; i++)
		if (run->chains[i].idle && !chain_is_due(&run->chains[i], aws_service_time_ms(run->worker->streams)))
			parking_acknowledged(&run->chains[i], NULL);
}

/* ---- leaving ---- */

static void say_parked(struct chain *c, bool fresh)
{
	static const char *const reasons[] = { [PARKING_STALLED] = "stalled", [PARKING_LAGGING] = "lagging" };
	struct shard_run *run = c->run;
	int64_t now_ms = now_of(run);

	if (!fresh && now_ms - c->h->said_parked_ms < SAY_AGAIN_MS)
		return;
	c->h->said_parked_ms = now_ms;
	log_at(run->worker->env->log, c->leaves == PARKING_STALLED ? LOG_WARN : LOG_INFO, "handler.parked",
	       LOG_STR("pipeline", run->pipeline->name), LOG_STR("handler", c->h->place->name),
	       LOG_TEXT("reason", reasons[c->leaves]), LOG_STR("shard", run->lease->shard_id),
	       LOG_STR("after", sequence_wire(&c->progress.position.sequence)),
	       LOG_INT("shards", coordinator_parked(run->pipeline->coordinator, index_of(c))), LOG_ERR(&c->why));
}

void parking_leave(struct chain *c)
{
	struct shard_run *run = c->run;
	uint32_t asked_ms = c->why.retry_after_ms;
	bool fresh;

	shard_run_checkpoint(run);
	if (c->leaves == PARKING_LAGGING)
		err_set(&c->why, ERR_RETRY, "handler.lags", "its pages filled the window while others had nothing left to take");
	c->left = true;
	c->skips = false; /* its next reading finds out */
	fresh = reading_leave(run->reading, index_of(c), c->leaves, asked_ms < LONGEST_WAIT_MS ? asked_ms : LONGEST_WAIT_MS);
	c->h->stats.parked += fresh;
	say_parked(c, fresh);
	chain_release(c);
}
