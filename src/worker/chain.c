#include "sluice/worker/chain.h"

#include "sluice/core/mem.h"
#include "sluice/worker/delivery.h"
#include "sluice/worker/parking.h"

enum {
	VERSION_SHIFT = 20,         /* DESIGN: v counts from seconds << 20 */
	CLOCK_SKEW_S = 2,           /* allowed between the service's clocks */
	EFFECT_MEMORY_FACTOR = 16,  /* effects of a batch may take so much of its bytes */
	EFFECT_MEMORY_LEAST = 4 << 20,
	ROOM_FACTOR = 8,            /* the guess before they are made: so much of its bytes, */
	ROOM_RECORD_BYTES = 2048,   /* and so much a record */
	ROOM_LEAST_BYTES = 16 << 10,
	ROOM_SHARE = 4,             /* at first at most a quarter of what the handler has */
	DEAD_LETTER_FACTOR = 3,     /* a dead letter and its making, over the record in it */
	DEAD_LETTER_ROOM_BYTES = 8 << 10,
	MOST_RECORDS = 1000,        /* of a page */
	HELD_SLACK_MS = 120 * 1000, /* a record may be read so long after the time that it shows */
};

static bool holder_save(struct effect_holder *h, struct err *err);
static void holder_acknowledged(struct effect_holder *h);
static void holder_silent(struct effect_holder *h, int64_t ms);

void chain_init(struct chain *c, struct shard_run *run, struct pipeline_handler *h, size_t lease_index)
{
	const struct lease_position *p = &run->lease->positions[lease_index];

	*c = (struct chain){ .run = run, .h = h, .lease_index = lease_index };
	c->after = p->position.sequence;
	c->v = p->position.v;
	c->partial_ms = INT64_MIN / 2;
	c->drained_ms = env_mono_ms(run->worker->env);
	c->limit = c->most_records = run->reading->probe;
	c->holder = (struct effect_holder){
		.owner = c, .save = holder_save, .acknowledged = holder_acknowledged, .silent = holder_silent,
	};
	progress_init(&c->progress, &p->position);
}

void chain_release(struct chain *c)
{
	progress_release(&c->progress);
	mem_free(c->records);
	mem_free(c->pointers);
	mem_free(c->slots);
	mem_free(c->held);
	c->held = NULL;
	c->n_held = c->held_cap = 0;
	c->records = NULL;
	c->pointers = NULL;
	c->slots = NULL;
	c->count = c->cap = 0;
}

static struct lease_position *position_of(const struct chain *c)
{
	return &c->run->lease->positions[c->lease_index];
}

/* ---- taking a batch ---- */

static void reserve(struct chain *c)
{
	if (c->count < c->cap)
		return;
	c->cap = c->cap ? 2 * c->cap : 64;
	c->records = mem_resize(c->records, c->cap * sizeof(*c->records));
	c->pointers = mem_resize(c->pointers, c->cap * sizeof(*c->pointers));
	c->slots = mem_resize(c->slots, c->cap * sizeof(*c->slots));
}

/* v = max(v_prev + 1, creation seconds << 20): the same on every replay. */
static void take(struct chain *c, const struct record *r)
{
	uint64_t by_time = r->created_s > 0 ? (uint64_t)r->created_s << VERSION_SHIFT : 0;

	reserve(c);
	c->v = c->v + 1 > by_time ? c->v + 1 : by_time;
	c->records[c->count] = *r;
	c->records[c->count].v = c->v;
	c->count++;
}

static bool is_full(const struct chain *c, size_t bytes)
{
	int64_t most = c->most_records ? c->most_records : c->h->batch_records;

	return (int64_t)c->count >= most || (int64_t)bytes >= c->h->batch_bytes;
}

static void take_available(struct chain *c, size_t *bytes)
{
	const struct record *r;

	while (!is_full(c, *bytes) && (r = window_next(&c->run->window, &c->cursor))) {
		if (sequence_compare(&r->sequence, &c->after) <= 0)
			continue; /* done before this reading */
		if (sequence_is_none(&position_of(c)->position.sequence) && c->count == 0 && c->n_held == 0)
			shard_run_first(c->run, c, r);
		*bytes += r->raw.len;
		take(c, r);
	}
}

/* Is it time for the batch that has been taken so far? A full one goes at once;
 * one that is not goes at most every batch.window_ms, the first without waiting. */
static bool is_due(struct chain *c, size_t bytes, int64_t *left_ms)
{
	int64_t now_ms = env_mono_ms(c->run->worker->env);

	*left_ms = -1;
	if (c->count == 0)
		return false;
	if (is_full(c, bytes))
		return true;
	*left_ms = c->partial_ms + c->h->batch_window_ms - now_ms;
	if (*left_ms > 0 && !window_at_end(&c->run->window, &c->cursor))
		return false;
	c->partial_ms = now_ms;
	return true;
}

/* Yields until there is something to take, or the batch may be due. */
static bool wait_for_records(struct chain *c, int64_t left_ms)
{
	bool ok;

	c->idle = c->count == 0;
	if (c->idle)
		parking_starves(c);
	ok = window_wait(&c->run->window, &c->cursor, left_ms, NULL);
	c->idle = false;
	return ok;
}

bool chain_is_due(const struct chain *c, int64_t tip_ms)
{
	return c->n_held && tip_ms >= c->holder.ends_s * 1000 + HELD_SLACK_MS;
}

/* With nothing left to take: is what the sink holds all that there will be? The shard
 * has ended, or its tip is past it. That is not the clock's doing: whenever it is
 * noticed, it is the same records. A reading that ends for another reason says nothing. */
static bool is_complete(const struct chain *c)
{
	const struct shard_run *run = c->run;

	if (c->n_held && window_at_end(&run->window, &c->cursor))
		return run->end != READER_CANCELLED && run->end != READER_DESERTED;
	return chain_is_due(c, shard_run_tip_ms(run));
}

static bool flush(struct chain *c);

static bool take_batch(struct chain *c)
{
	struct window *w = &c->run->window;
	size_t bytes = 0;
	int64_t left_ms;

	c->count = 0;
	for (;;) {
		if (c->h->place->stopped || c->leaves || shard_run_ending(c->run))
			return false;
		take_available(c, &bytes);
		if (c->h->place->stopped) /* at its first record */
			return false;
		if (is_due(c, bytes, &left_ms))
			return true;
		if (c->count == 0) {
			c->drained_ms = env_mono_ms(c->run->worker->env);
			window_acknowledge(w, &c->cursor);
		}
		if (c->count == 0 && is_complete(c)) {
			if (!flush(c))
				return false;
			continue;
		}
		if (c->count == 0 && window_at_end(w, &c->cursor))
			return false;
		if (!wait_for_records(c, left_ms))
			return false;
	}
}

/* ---- acknowledging ---- */

static void acknowledge_slot(struct chain *c, uint64_t slot)
{
	struct lease_position *p = position_of(c);

	progress_acknowledge(&c->progress, slot);
	if (sequence_compare(&c->progress.position.sequence, &p->position.sequence) <= 0)
		return;
	p->position = c->progress.position;
	c->run->lease->dirty = true;
}

static void acknowledge(struct chain *c, uint32_t record)
{
	acknowledge_slot(c, c->slots[record]);
}

static void note_held(struct chain *c, uint64_t slot)
{
	if (c->n_held == c->held_cap) {
		c->held_cap = c->held_cap ? 2 * c->held_cap : 64;
		c->held = mem_resize(c->held, c->held_cap * sizeof(*c->held));
	}
	c->held[c->n_held++] = slot;
	c->held_effects++;
	parking_moved(c);
}

/* Between two batches all that is not acknowledged is held: one slot is enough. */
static void merge_held(struct chain *c)
{
	if (c->n_held == 0)
		return;
	c->held[0] = progress_merge(&c->progress);
	c->n_held = 1;
}

static void holder_acknowledged(struct effect_holder *h)
{
	struct chain *c = h->owner;

	for (size_t i = 0; i < c->n_held; i++)
		acknowledge_slot(c, c->held[i]);
	c->h->stats.effects += c->held_effects;
	c->n_held = c->held_effects = 0;
	parking_moved(c);
	parking_acknowledged(c, NULL);
}

/* A lease that was lost ends the chain; nothing of this is any effect's fault. */
static bool holder_save(struct effect_holder *h, struct err *err)
{
	struct chain *c = h->owner;

	if (lease_save(c->run->lease, &c->run->worker->heartbeat, err))
		return true;
	if (err->class != ERR_CANCELLED)
		err->class = ERR_RETRY;
	return false;
}

static void holder_silent(struct effect_holder *h, int64_t ms)
{
	struct chain *c = h->owner;

	c->silent_until_ms = ms ? env_mono_ms(c->run->worker->env) + ms : 0;
}

static void settled(struct effect *e)
{
	struct chain *c = e->batch->owner;

	if (e->state == EFFECT_HELD) {
		note_held(c, c->slots[e->record]);
		return;
	}
	if (e->state == EFFECT_DONE || e->err->class == ERR_DATA)
		parking_moved(c);
	if (e->state != EFFECT_DONE)
		return;
	c->h->stats.effects++;
	parking_acknowledged(c, &c->records[e->record]);
	if (e->kind == EFFECT_TASK)
		event_set(&c->run->worker->new_tasks);
	acknowledge(c, e->record);
}

/* Every record waits for one acknowledgement of its own, given when its effects
 * have been made; each effect and each report adds one. */
static void open_slots(struct chain *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct position at = { .sequence = c->records[i].sequence, .v = c->records[i].v };

		c->pointers[i] = &c->records[i];
		c->slots[i] = progress_take(&c->progress, &at, 1);
	}
	c->h->stats.records += c->count;
}

/* ---- from records to effects ---- */

/* A record was created within one granule behind the time that it shows. */
static int64_t granule_s(const struct record *r)
{
	return str_eq(r->aws_region, STR("ddblocal")) ? 60 : 1;
}

static bool lies_before_start(const struct chain *c, const struct record *r)
{
	int64_t pin_ms = position_of(c)->pin_ms;

	return pin_ms && (r->created_s + granule_s(r) + CLOCK_SKEW_S) * 1000 <= pin_ms;
}

static bool matches(struct chain *c, const struct record *r, bool *out, struct err *err)
{
	struct template_context context;

	*out = false;
	if (lies_before_start(c, r) || (c->run->pipeline->skips_own_rows && handler_ignores(r)))
		return true;
	if (c->h->changed && !changed_match(c->h->changed, r))
		return true;
	template_context_of(r, c->run->pipeline->table, &context);
	return filter_match_record(c->h->filter, r, c->run->source.stream_arn, &context, out, err);
}

/* Without a dead letter what cannot be handled stops the handler in front of it. */
static bool must_stop(struct chain *c, struct effect_batch *batch, uint32_t index, struct effect_mark before, struct err *err)
{
	if (c->h->dead_letter || batch->n_reports == before.n_reports)
		return false;
	*err = batch->last_report->err;
	err->class = ERR_FATAL;
	err_prefix(err, "record %.*s cannot be handled, and on_failure.dead_letter is not set",
		   STR_ARG(sequence_wire(&c->pointers[index]->sequence)));
	effect_batch_undo(batch, before);
	return true;
}

/* Effects and reports of one record. False with FATAL when the batch has no room
 * for them or the handler must stop here; then there are none. */
static bool apply(struct chain *c, struct effect_batch *batch, uint32_t index, struct err *err)
{
	struct effect_mark before = effect_batch_mark(batch);
	bool match, ok;

	ok = matches(c, c->pointers[index], &match, err);
	if (ok && match)
		ok = c->h->handler->ops->apply(c->h->handler, batch, index, err);
	else if (ok)
		c->h->stats.filtered++;
	if (!ok && (err->class != ERR_DATA || !effect_batch_report(batch, index, err, err))) {
		effect_batch_undo(batch, before);
		return false;
	}
	if (must_stop(c, batch, index, before, err))
		return false;
	progress_add(&c->progress, c->slots[index],
		     (uint32_t)(batch->count - before.count + batch->n_reports - before.n_reports));
	acknowledge(c, index);
	return true;
}

static void lost(void *owner, const struct delivery_loss *loss)
{
	parking_moved(owner);
	acknowledge(owner, loss->record);
}

static struct delivery_site site_of(struct chain *c)
{
	struct delivery_site site = {
		.pipeline = c->run->pipeline, .h = c->h, .sink = c->h->sink, .policy = &c->h->policy,
		.source = c->run->source, .records = c->pointers, .n_records = c->count, .held = &c->run->lease->held,
		.place_name = "shard", .place = c->run->lease->shard_id, .owner = c, .lost = lost,
		.waits = parking_waits, .quiet = c->limit > 0,
	};

	site.source.handler = c->h->place->name;
	return site;
}

static bool dead_letter_reports(struct delivery_site *site, const struct effect_batch *batch)
{
	struct delivery_loss *losses;
	size_t n = 0;
	bool ok;

	if (!batch->reports)
		return true;
	losses = mem_array(batch->n_reports, sizeof(*losses));
	for (const struct effect_report *r = batch->reports; r; r = r->next)
		losses[n++] = (struct delivery_loss){ .record = r->record, .nth = r->nth, .why = &r->err, .attempts = 1 };
	ok = delivery_dead_letter(site, losses, n);
	mem_free(losses);
	return ok;
}

/* ---- the effects' memory ---- */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The most that one batch may have, with its lists. */
static size_t effect_memory(const struct chain *c)
{
	size_t bytes = (size_t)c->h->batch_bytes * EFFECT_MEMORY_FACTOR;

	return larger(bytes, EFFECT_MEMORY_LEAST) * 3 / 2;
}

/* One record's dead letter: written one at a time, when the effects are there. */
static size_t dead_letter_room(const struct chain *c, size_t begin)
{
	size_t largest = 0;

	for (size_t i = begin; i < c->count; i++)
		largest = larger(largest, c->records[i].raw.len);
	return c->h->dead_letter ? DEAD_LETTER_FACTOR * largest + DEAD_LETTER_ROOM_BYTES : 0;
}

/* What the effects of the records from `begin` on may take: nearly always enough. */
static size_t guess_room(const struct chain *c, size_t begin)
{
	size_t room = 0;

	for (size_t i = begin; i < c->count; i++)
		room += ROOM_FACTOR * c->records[i].raw.len + ROOM_RECORD_BYTES;
	room = larger(smaller(room, c->h->memory.total_bytes / ROOM_SHARE), ROOM_LEAST_BYTES);
	return smaller(larger(room, c->room_bytes), effect_memory(c));
}

/* Beside the arena, each effect stands in two lists. Together they are never more
 * than half of the arena, so that a third of the room is left for them. */
static size_t arena_part(size_t room)
{
	return room - room / 3;
}

static size_t lists_bytes(const struct effect_batch *b)
{
	return b->cap * sizeof(*b->effects) + b->count * sizeof(struct delivery_loss);
}

/* What they do take; what is left of the room is for each one's reason to fail. */
static size_t real_room(struct effect_batch *batch, size_t room)
{
	size_t held = batch->arena.used + lists_bytes(batch);
	size_t reasons = smaller(batch->count * sizeof(struct err), room > held ? room - held : 0);

	batch->arena.max = batch->arena.used + reasons;
	return held + reasons;
}

/* Yields. In the line of the handler's own chains. */
static bool take_memory(struct chain *c, size_t bytes)
{
	bool ok;

	c->waits_for_memory = true;
	ok = budget_take(&c->h->memory, bytes, NULL);
	c->waits_for_memory = false;
	parking_moved(c);
	if (ok && !c->leaves && !shard_run_ending(c->run))
		return true;
	if (ok)
		budget_return(&c->h->memory, bytes);
	return false;
}

/* Effects of the records from `begin` on, as many as the room allows; *end gets the
 * first that is left. False, err set: not even one. Does not yield. */
static bool make(struct chain *c, struct effect_batch *batch, size_t room, size_t begin, size_t *end, struct err *err)
{
	struct effect_source source = c->run->source;

	source.handler = c->h->place->name;
	effect_batch_init(batch, &source, arena_part(room));
	batch->records = c->pointers;
	batch->n_records = c->count;
	batch->settled = settled;
	batch->owner = c;
	batch->holder = &c->holder;
	for (*end = begin; *end < c->count && apply(c, batch, (uint32_t)*end, err);)
		++*end;
	if (*end > begin)
		return true;
	effect_batch_release(batch);
	return false;
}

/* Yields until there is memory. *held gets what of it is the batch's. */
static bool make_effects(struct chain *c, struct effect_batch *batch, size_t begin, size_t *end, size_t *held)
{
	size_t letter = dead_letter_room(c, begin), room = guess_room(c, begin), most = effect_memory(c);
	struct err err = { 0 };

	for (;;) {
		if (!take_memory(c, room + letter))
			return false;
		if (make(c, batch, room, begin, end, &err))
			break;
		budget_return(&c->h->memory, room + letter);
		if (!err_is(&err, "effect.memory") || room >= most) {
			pipeline_stop_handler(c->run->pipeline, c->h, &err);
			return false;
		}
		room = smaller(2 * room, most);
	}
	if (*end < c->count && err_is(&err, "effect.memory"))
		c->room_bytes = smaller(2 * room, most);
	*held = letter + real_room(batch, room);
	budget_adjust(&c->h->memory, room + letter, *held);
	return true;
}

/* ---- one batch ---- */

static bool process_part(struct chain *c, size_t begin, size_t *end)
{
	struct delivery_site site = site_of(c);
	struct effect_batch batch;
	size_t held;
	bool ok;

	if (!make_effects(c, &batch, begin, end, &held))
		return false;
	/* Where effects are held the position may stand only where they begin or end: what
	 * is reported between them is done with before any of them is acknowledged. */
	if (c->h->sink->ops->flush)
		ok = dead_letter_reports(&site, &batch) && delivery_run(&site, batch.effects, batch.count);
	else
		ok = delivery_run(&site, batch.effects, batch.count) && dead_letter_reports(&site, &batch);
	effect_batch_release(&batch);
	budget_return(&c->h->memory, held);
	return ok;
}

static void note_lag(struct chain *c)
{
	int64_t lag_ms = aws_service_time_ms(c->run->worker->streams) - c->records[c->count - 1].created_s * 1000;

	c->h->stats.lag_ms = lag_ms > 0 ? lag_ms : 0;
}

/* Behind a stall batches begin small. A probe in which nothing failed, and nothing was
 * acknowledged either (filtered, too old), goes on with larger pages, too. */
static void widen(struct chain *c)
{
	/* A sink may need longer for a full batch than a stall is long, and say nothing
	 * meanwhile: each time it gets as far as it can. */
	c->most_records = 2 * c->most_records < c->h->batch_records ? 2 * c->most_records : 0;
	if (c->limit)
		c->limit = c->limit < MOST_RECORDS / 2 ? 2 * c->limit : MOST_RECORDS;
}

static bool process(struct chain *c)
{
	bool ok = true;

	c->busy = true;
	parking_moved(c);
	err_clear(&c->why);
	open_slots(c);
	for (size_t begin = 0, end; ok && begin < c->count; begin = end)
		ok = process_part(c, begin, &end);
	c->busy = false;
	if (!ok)
		return false;
	merge_held(c);
	widen(c);
	window_acknowledge(&c->run->window, &c->cursor);
	note_lag(c);
	return true;
}

/* Yields. What the sink holds is complete. */
static bool flush(struct chain *c)
{
	struct delivery_site site = site_of(c);
	bool ok;

	c->busy = true;
	parking_moved(c);
	err_clear(&c->why);
	ok = delivery_flush(&site, &c->holder);
	c->busy = false;
	return ok;
}

static void forget(struct chain *c)
{
	if (c->h->sink->ops->forget)
		c->h->sink->ops->forget(c->h->sink, &c->holder);
	c->n_held = c->held_effects = 0;
}

void chain_run(struct chain *c)
{
	while (take_batch(c))
		if (!process(c))
			break;
	/* count: records that were taken and not begun with when a drain came. */
	c->ended = c->count == 0 && !c->h->place->stopped && progress_idle(&c->progress) && window_at_end(&c->run->window, &c->cursor);
	if (c->ended || c->h->place->stopped || shard_run_ending(c->run))
		c->leaves = PARKING_NONE;
	forget(c);
	window_detach(&c->run->window, &c->cursor);
}
