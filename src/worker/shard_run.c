#include "sluice/worker/shard_run.h"

#include "sluice/core/mem.h"
#include "sluice/worker/parking.h"

enum {
	END_MS = 4000,          /* a reading that shall end softly gives what is in flight so long */
	QUIET_PAGES = 5,        /* empty ones before the tip counts as reached, */
	QUIET_MS = 10000,       /* over that time */
};

bool shard_run_ending(const struct shard_run *run)
{
	return run->worker->drain.set || run->reading->ending || !run->lease->held;
}

/* ---- the reader ---- */

/* The smallest that a chain in a probe asks for; 0: any. */
static unsigned limit_of(void *ctx)
{
	const struct shard_run *run = ctx;
	unsigned limit = 0;

	for (size_t i = 0; i < run->n_chains; i++) {
		const struct chain *c = &run->chains[i];

		if (c->cursor.attached && c->limit && (!limit || c->limit < limit))
			limit = c->limit;
	}
	return limit;
}

/* In a probe there is one page at a time: it waits until that one is done. */
static bool take_page(void *ctx, struct page *page, size_t bytes, struct err *err)
{
	struct shard_run *run = ctx;

	run->empty_pages = 0;
	if (!window_push(&run->window, page, bytes, err))
		return false;
	while (limit_of(run) && run->window.count)
		if (!event_wait(&run->window.changed, -1, NULL, err))
			return false;
	return true;
}

/* One empty page says little: GetRecords may need several to get to where records are. */
int64_t shard_run_tip_ms(const struct shard_run *run)
{
	return run->empty_pages >= QUIET_PAGES && run->tip_ms - run->empty_ms >= QUIET_MS ? run->tip_ms : 0;
}

static void note_empty(void *ctx, int64_t sent_ms)
{
	struct shard_run *run = ctx;
	bool due = false;

	if (run->empty_pages++ == 0)
		run->empty_ms = sent_ms;
	run->tip_ms = sent_ms;
	for (size_t i = 0; i < run->n_chains; i++)
		due = due || chain_is_due(&run->chains[i], shard_run_tip_ms(run));
	if (due)
		window_wake(&run->window);
}

static bool is_deserted(void *ctx)
{
	struct shard_run *run = ctx;

	return window_deserted(&run->window) || shard_run_ending(run);
}

static bool may_read(void *ctx, struct err *err)
{
	struct shard_run *run = ctx;

	return heartbeat_may_send(&run->worker->heartbeat, err);
}

/* Behind which record to read: what the least advanced handler has done. */
static struct sequence lowest_position(const struct shard_run *run)
{
	struct sequence lowest = run->chains[0].after;

	for (size_t i = 1; i < run->n_chains; i++)
		if (sequence_compare(&run->chains[i].after, &lowest) < 0)
			lowest = run->chains[i].after;
	return lowest;
}

static void count_loss(struct shard_run *run, struct chain *c, const char *event)
{
	struct lease_position *p = &run->lease->positions[c->lease_index];

	p->losses++;
	run->lease->dirty = true;
	log_error(run->worker->env->log, event, LOG_STR("pipeline", run->pipeline->name),
		  LOG_STR("handler", c->h->place->name), LOG_STR("shard", run->lease->shard_id),
		  LOG_STR("after", sequence_wire(&p->position.sequence)));
}

/* Records behind this handler's position are gone. Who may goes on at the horizon;
 * the others stop, since what they keep can no longer be true. True: it may. */
static bool lose_trimmed(struct shard_run *run, struct chain *c)
{
	struct err err;

	count_loss(run, c, "records.lost_to_trim");
	if (run->pipeline->on_trim == TRIM_SKIP && !c->h->handler->ops->image)
		return true;
	err_set(&err, ERR_FATAL, "stream.trimmed",
		"records of shard %.*s that this handler has not had are gone (older than 24 h); with on_trim = \"skip\" "
		"forward and fanout go on without them, what other kinds keep must be made anew",
		STR_ARG(run->lease->shard_id));
	pipeline_stop_handler(run->pipeline, c->h, &err);
	return false;
}

/* Only those that were read from are known to have lost something; the reading
 * ends, and the others go on from their own positions in the next one. */
static void after_trim(struct shard_run *run, const struct sequence *read_after)
{
	for (size_t i = 0; i < run->n_chains; i++)
		if (run->chains[i].cursor.attached && sequence_compare(&run->chains[i].after, read_after) <= 0)
			run->chains[i].skips = lose_trimmed(run, &run->chains[i]); /* in a reading of its own */
}

/* From the trim horizon no gap is seen, so the first record's number is kept until
 * one is acknowledged: a handler may be parked, or stopped, in front of it. */
void shard_run_first(struct shard_run *run, struct chain *c, const struct record *r)
{
	struct lease_position *p = &run->lease->positions[c->lease_index];
	struct sequence before = p->first;

	if (!sequence_is_none(&p->position.sequence) || sequence_compare(&before, &r->sequence) == 0)
		return;
	p->first = r->sequence;
	run->lease->dirty = true;
	if (!sequence_is_none(&before) && sequence_compare(&before, &r->sequence) < 0)
		lose_trimmed(run, c);
}

/* The shard ended without its end having been read (T14): its children may begin,
 * but what a handler of images keeps can no longer be true. */
static void after_gone(struct shard_run *run)
{
	struct err err;

	err_set(&err, ERR_FATAL, "shard.gone",
		"shard %.*s is not there any more, and its end was never read; what this handler keeps must be made anew",
		STR_ARG(run->lease->shard_id));
	for (size_t i = 0; i < run->n_chains; i++) {
		struct chain *c = &run->chains[i];

		if (!c->cursor.attached)
			continue;
		count_loss(run, c, "shard.gone");
		if (c->h->handler->ops->image && !sequence_is_none(&c->progress.position.sequence))
			pipeline_stop_handler(run->pipeline, c->h, &err);
	}
}

static void reader_task(void *arg)
{
	struct shard_run *run = arg;
	struct worker *w = run->worker;
	struct reader_output out = { .page = take_page, .deserted = is_deserted, .empty = note_empty, .limit = limit_of, .ctx = run };
	struct reader_settings set = {
		.loop = w->loop, .streams = w->streams, .budget = run->window.budget, .turn = run->reading->turn,
		.stream_arn = run->source.stream_arn, .shard_id = run->lease->shard_id, .after = lowest_position(run), .poll_min_ms = run->pipeline->poll_min_ms,
		.poll_max_ms = run->pipeline->poll_max_ms, .page_bytes = w->plan->page_bytes, .may_read = may_read,
		.may_read_ctx = run,
	};

	run->end = reader_run(&set, &out, &run->reads);
	if (run->end == READER_CLOSED)
		coordinator_shard_ended(run->pipeline->coordinator, run->lease->shard_id);
	if (run->end == READER_TRIMMED)
		after_trim(run, &set.after);
	if (run->end == READER_GONE)
		after_gone(run);
	window_close(&run->window);
}

/* ---- the ticker ---- */

void shard_run_checkpoint(struct shard_run *run)
{
	struct worker *w = run->worker;
	struct err err;

	run->saved_ms = env_mono_ms(w->env);
	if (!run->lease->held || lease_save(run->lease, &w->heartbeat, &err) || err.class == ERR_CANCELLED)
		return;
	log_warn(w->env->log, run->lease->held ? "checkpoint.failed" : "lease.lost",
		 LOG_STR("pipeline", run->pipeline->name), LOG_STR("shard", run->lease->shard_id), LOG_ERR(&err));
}

static int64_t until_checkpoint_ms(const struct shard_run *run)
{
	return run->saved_ms + run->worker->plan->checkpoint_ms - env_mono_ms(run->worker->env);
}

static void cancel_chains(struct shard_run *run)
{
	for (size_t i = 0; i < run->n_chains; i++)
		if (!run->chains[i].over)
			scope_cancel(&run->chains[i].scope);
}

/* Saves positions while the run goes on, and has chains leave that are stalled.
 * Ends the reading on drain or when it is asked to, everything on a lost lease. */
static void ticker_task(void *arg)
{
	struct shard_run *run = arg;
	struct event *end = &run->reading->end;
	int64_t wait_ms = 1;

	run->saved_ms = env_mono_ms(run->worker->env);
	while (!shard_run_ending(run) && event_wait(end, wait_ms > 0 ? wait_ms : 1, NULL, NULL)) {
		event_clear(end);
		if (until_checkpoint_ms(run) <= 0 && !shard_run_ending(run))
			shard_run_checkpoint(run);
		parking_note_tip(run);
		wait_ms = parking_watch(run);
		if (wait_ms > until_checkpoint_ms(run))
			wait_ms = until_checkpoint_ms(run);
	}
	if (!run->lease->held)
		cancel_chains(run);
	scope_cancel(&run->readers);
	if (run->reading->ending && task_sleep_ms(run->worker->loop, END_MS, NULL))
		cancel_chains(run);
}

/* ---- one reading ---- */

static void chain_task(void *arg)
{
	struct chain *c = arg;

	chain_run(c);
	c->over = true;
	c->run->walking--;
	event_set(&c->run->moved);
}

static void open_run(struct shard_run *run, struct pipeline *p, struct reading *r)
{
	struct worker *w = p->worker;

	*run = (struct shard_run){ .worker = w, .pipeline = p, .reading = r, .lease = r->lease, .end = READER_CANCELLED };
	run->source = (struct effect_source){
		.app = p->app, .pipeline = p->name, .table = p->table, .stream_arn = r->stream_arn,
		.shard_id = r->lease->shard_id,
	};
	run->n_chains = r->n_handlers;
	run->chains = mem_array(run->n_chains, sizeof(*run->chains));
	run->cursors = mem_array(run->n_chains, sizeof(*run->cursors));
	for (size_t i = 0; i < run->n_chains; i++) {
		struct pipeline_handler *h = &p->handlers[r->handlers[i]];
		const struct lease_position *at = lease_position(r->lease, h->place->name);

		chain_init(&run->chains[i], run, h, (size_t)(at - r->lease->positions));
		run->cursors[i] = &run->chains[i].cursor;
	}
	window_init(&run->window, w->loop, w->plan->window_bytes, r->apart ? &w->apart : &w->budget, run->cursors,
		    run->n_chains);
	event_init(&run->moved, w->loop);
	scope_init(&run->readers, w->loop);
	scope_init(&run->ticker, w->loop);
	run->next = p->runs;
	p->runs = run;
}

/* Its counters go over to the pipeline's. */
static void unlist(struct shard_run *run)
{
	struct shard_run **at = &run->pipeline->runs;

	while (*at != run)
		at = &(*at)->next;
	*at = run->next;
	reader_stats_add(&run->pipeline->reads, &run->reads);
}

static void close_run(struct shard_run *run)
{
	unlist(run);
	window_release(&run->window);
	for (size_t i = 0; i < run->n_chains; i++)
		chain_release(&run->chains[i]);
	mem_free(run->chains);
	mem_free(run->cursors);
}

/* Who skips begins anew at the horizon; its version goes on rising. */
static void reset_skipping(struct shard_run *run)
{
	for (size_t i = 0; i < run->n_chains; i++) {
		if (!run->chains[i].skips)
			continue;
		run->lease->positions[run->chains[i].lease_index].position.sequence = (struct sequence){ 0 };
		run->lease->positions[run->chains[i].lease_index].first = (struct sequence){ 0 }; /* counted already */
		run->lease->dirty = true;
	}
}

/* The shard's end counts for a handler that has acknowledged all before it. */
static void mark_done(struct shard_run *run)
{
	if (run->end != READER_CLOSED && run->end != READER_GONE)
		return;
	for (size_t i = 0; i < run->n_chains; i++) {
		if (!run->chains[i].ended)
			continue;
		parking_acknowledged(&run->chains[i], NULL);
		run->lease->positions[run->chains[i].lease_index].done = true;
		run->lease->dirty = true;
	}
}

static void log_end(const struct shard_run *run)
{
	static const char *const names[] = {
		[READER_CLOSED] = "closed", [READER_CANCELLED] = "stopped", [READER_DESERTED] = "stopped",
		[READER_TRIMMED] = "trimmed", [READER_GONE] = "gone",
	};

	log_at(run->worker->env->log, run->reading->probe ? LOG_DEBUG : LOG_INFO, "shard.end", LOG_STR("pipeline", run->pipeline->name),
		 LOG_STR("shard", run->lease->shard_id), LOG_TEXT("end", names[run->end]),
		 LOG_INT("records", run->reads.records), LOG_INT("calls", run->reads.calls));
}

/* Waits for the chains; those that leave are handed back at once, the others go on. */
static void walk(struct shard_run *run)
{
	bool go_on = true;

	while (go_on) {
		go_on = run->walking && event_wait(&run->moved, -1, NULL, NULL);
		event_clear(&run->moved);
		for (size_t i = 0; i < run->n_chains; i++) {
			struct chain *c = &run->chains[i];

			if (c->left || (go_on && !(c->over && c->leaves)))
				continue;
			scope_wait(&c->scope);
			if (c->leaves)
				parking_leave(c);
		}
	}
}

void shard_run(void *pipeline, struct reading *r)
{
	struct pipeline *p = pipeline;
	struct shard_run run;

	open_run(&run, p, r);
	scope_spawn(&run.readers, "reader", reader_task, &run);
	for (size_t i = 0; i < run.n_chains; i++) {
		scope_init(&run.chains[i].scope, p->worker->loop);
		scope_spawn(&run.chains[i].scope, "chain", chain_task, &run.chains[i]);
	}
	run.walking = run.n_chains;
	scope_spawn(&run.ticker, "ticker", ticker_task, &run);
	walk(&run);
	scope_cancel(&run.readers); /* it has ended, or nobody needs it any more */
	scope_wait(&run.readers);
	scope_cancel(&run.ticker);
	scope_wait(&run.ticker);
	mark_done(&run);
	reset_skipping(&run);
	shard_run_checkpoint(&run);
	log_end(&run);
	close_run(&run);
}
