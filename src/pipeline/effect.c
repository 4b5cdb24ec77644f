#include "sluice/pipeline/effect.h"

#include "sluice/core/mem.h"

#include <assert.h>

void effect_batch_init(struct effect_batch *b, const struct effect_source *source, size_t max_bytes)
{
	*b = (struct effect_batch){ .source = *source };
	arena_init(&b->arena, max_bytes);
}

void effect_batch_release(struct effect_batch *b)
{
	mem_free(b->effects);
	arena_release(&b->arena);
	b->effects = NULL;
	b->reports = b->last_report = NULL;
	b->count = b->cap = b->pending = 0;
}

bool effect_no_memory(const struct effect_batch *b, struct err *err)
{
	return err_set(err, ERR_FATAL, "effect.memory",
		       "the effects of one batch of handler %.*s need more than %zu bytes; make batch.records smaller",
		       STR_ARG(b->source.handler), b->arena.max);
}

struct effect *effect_new(struct effect_batch *b, enum effect_kind kind, uint32_t record, struct err *err)
{
	struct effect *e = ARENA_NEW(&b->arena, struct effect);

	if (!e) {
		effect_no_memory(b, err);
		return NULL;
	}
	if (b->count == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 64;
		b->effects = mem_resize(b->effects, b->cap * sizeof(*b->effects));
	}
	*e = (struct effect){ .kind = kind, .record = record, .batch = b, .v = b->records[record]->v };
	if (b->count && b->effects[b->count - 1]->record == record)
		e->nth = b->effects[b->count - 1]->nth + 1;
	b->effects[b->count++] = e;
	b->pending++;
	return e;
}

bool effect_batch_report(struct effect_batch *b, uint32_t record, const struct err *why, struct err *err)
{
	struct effect_report *report = ARENA_NEW(&b->arena, struct effect_report);

	if (!report)
		return effect_no_memory(b, err);
	report->record = record;
	report->err = *why;
	if (b->last_report && b->last_report->record == record)
		report->nth = b->last_report->nth + 1;
	if (b->last_report)
		b->last_report->next = report;
	else
		b->reports = report;
	b->last_report = report;
	b->n_reports++;
	return true;
}

bool effect_text(struct effect_batch *b, const struct buf *from, struct str *out, struct err *err)
{
	if (!buf_ok(from))
		return err_set(err, ERR_DATA, "effect.size",
			       "handler %.*s makes more than %zu bytes of one record; its templates are too large",
			       STR_ARG(b->source.handler), from->max);
	*out = arena_dup(&b->arena, buf_str(from));
	return out->ptr || effect_no_memory(b, err);
}

struct effect_mark effect_batch_mark(const struct effect_batch *b)
{
	return (struct effect_mark){ b->count, b->n_reports, b->last_report };
}

void effect_batch_undo(struct effect_batch *b, struct effect_mark mark)
{
	assert(mark.count <= b->count);
	b->pending -= b->count - mark.count;
	b->count = mark.count;
	b->n_reports = mark.n_reports;
	b->last_report = mark.last_report;
	if (mark.last_report)
		mark.last_report->next = NULL;
	else
		b->reports = NULL;
}

static void settle(struct effect *e, enum effect_state state)
{
	assert(e->state == EFFECT_PENDING);
	e->state = state;
	e->batch->pending--;
	if (e->batch->settled)
		e->batch->settled(e);
}

void effect_done(struct effect *e)
{
	settle(e, EFFECT_DONE);
}

void effect_hold(struct effect *e)
{
	assert(e->batch->holder);
	settle(e, EFFECT_HELD);
}

void effect_batch_silent(const struct effect_batch *b, int64_t ms)
{
	if (b->holder)
		b->holder->silent(b->holder, ms);
}

void effect_fail(struct effect *e, const struct err *err)
{
	/* A failure keeps its class also when there is no room for its text. */
	static const struct err bare[] = {
		[ERR_NONE] = { .class = ERR_RETRY, .code = "effect.failed" },
		[ERR_RETRY] = { .class = ERR_RETRY, .code = "effect.failed" },
		[ERR_THROTTLE] = { .class = ERR_THROTTLE, .code = "effect.failed" },
		[ERR_AUTH] = { .class = ERR_AUTH, .code = "effect.failed" },
		[ERR_DATA] = { .class = ERR_DATA, .code = "effect.failed" },
		[ERR_FATAL] = { .class = ERR_FATAL, .code = "effect.failed" },
		[ERR_CANCELLED] = { .class = ERR_CANCELLED, .code = "effect.failed" },
	};

	if (!e->reason)
		e->reason = ARENA_NEW(&e->batch->arena, struct err);
	if (e->reason)
		*e->reason = *err;
	e->err = e->reason ? e->reason : &bare[err->class];
	settle(e, EFFECT_FAILED);
}

void effect_retry(struct effect *e)
{
	assert(e->state == EFFECT_FAILED);
	e->state = EFFECT_PENDING;
	e->err = NULL;
	e->batch->pending++;
}

const char *effect_kind_name(enum effect_kind kind)
{
	static const char *const names[] = {
		[EFFECT_MESSAGE] = "message", [EFFECT_PUT_ROW] = "put row", [EFFECT_DELETE_ROW] = "delete row",
		[EFFECT_ADD] = "add", [EFFECT_PUT_DOCUMENT] = "put document",
		[EFFECT_DELETE_DOCUMENT] = "delete document", [EFFECT_TASK] = "fan-out task",
	};

	return names[kind];
}
