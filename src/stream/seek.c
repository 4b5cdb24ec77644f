#include "sluice/stream/seek.h"

#include "sluice/stream/lineage.h"

enum {
	VERSION_SHIFT = 20,                /* DESIGN: v counts from seconds << 20 */
	VERSION_AHEAD_S = 60,              /* a worker may have given versions that it has not saved */
	RETENTION_MS = 24 * 3600 * 1000,
	TRIMMED_MS = 28 * 3600 * 1000,     /* a shard takes records for 4 h, each stays for 24 h */
};

int64_t seek_start_ms(const struct seek *s, const struct seek_handler *h, int64_t had_ms)
{
	int64_t pin_ms = 0;

	if (s->whence == SEEK_LATEST)
		pin_ms = s->now_ms;
	else if (s->whence == SEEK_TIME)
		pin_ms = s->pin_ms > 0 ? s->pin_ms : 1;
	return h->sums && had_ms > pin_ms ? had_ms : pin_ms;
}

uint64_t seek_version(const struct seek *s, struct str handler, struct lease *const *rows, size_t n)
{
	uint64_t high = (uint64_t)(s->now_ms / 1000 + VERSION_AHEAD_S) << VERSION_SHIFT;

	for (size_t i = 0; i < n; i++) {
		const struct lease_position *p = lease_position(rows[i], handler);

		if (p && p->position.v > high)
			high = p->position.v;
	}
	return high;
}

/* ---- gaps ---- */

static bool has_child(const struct lease *l, struct lease *const *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(rows[i]->parent_id, l->shard_id))
			return true;
	return false;
}

/* The lease is of the stream that the handler reads. */
static bool is_current(const struct seek *s, const struct seek_handler *h, const struct lease *l)
{
	struct str rest = str_from(l->id, s->pipeline.len + 1);

	return h->label.len == 0 || str_eq(str_split(&rest, '#'), h->label);
}

/* A position has no time. What is certain: where the handler is not through with a
 * shard, or with what follows it, it has all from before that shard was made, and
 * nothing is its own from before its pin. */
bool seek_gap(const struct seek *s, const struct seek_handler *h, struct lease *const *rows, size_t n,
	      struct str *shard)
{
	bool none_yet = true;

	*shard = str_of(NULL, 0);
	for (size_t i = 0; i < n; i++) {
		const struct lease_position *p = lease_position(rows[i], h->name);
		int64_t had_ms = p ? p->pin_ms : h->start_ms;
		int64_t made_ms = shard_created_ms(rows[i]->shard_id);

		if (!is_current(s, h, rows[i]))
			continue;
		none_yet = false;
		if (p && p->done && has_child(rows[i], rows, n))
			continue;
		*shard = rows[i]->shard_id;
		if (seek_start_ms(s, h, had_ms) > (made_ms > had_ms ? made_ms : had_ms))
			return true;
	}
	return none_yet && h->begun && seek_start_ms(s, h, h->start_ms) > h->start_ms;
}

/* v is never behind the time of the record that it belongs to. */
static bool may_be_trimmed(const struct seek *s, const struct lease_position *p)
{
	return !p->done && !sequence_is_none(&p->position.sequence) &&
	       (int64_t)(p->position.v >> VERSION_SHIFT) * 1000 < s->now_ms - RETENTION_MS;
}

bool seek_lost(const struct seek *s, const struct seek_handler *h, struct lease *const *rows, size_t n,
	       struct str *shard)
{
	for (size_t i = 0; i < n; i++) {
		const struct lease_position *p = lease_position(rows[i], h->name);

		*shard = rows[i]->shard_id;
		if (p && is_current(s, h, rows[i]) && (p->losses || may_be_trimmed(s, p)))
			return true;
	}
	return false;
}

/* ---- moving ---- */

/* Are all of the shard's records trimmed by now? It took none after it was split. */
static bool is_trimmed(const struct seek *s, const struct lease *l, struct lease *const *rows, size_t n)
{
	int64_t made_ms = shard_created_ms(l->shard_id);

	for (size_t i = 0; i < n; i++) {
		int64_t split_ms = str_eq(rows[i]->parent_id, l->shard_id) ? shard_created_ms(rows[i]->shard_id) : 0;

		if (split_ms && s->now_ms - split_ms > RETENTION_MS)
			return true;
	}
	return made_ms && s->now_ms - made_ms > TRIMMED_MS;
}

bool seek_move(const struct seek *s, struct seek_handler *h, struct lease *l, struct lease *const *rows, size_t n)
{
	struct lease_position *p = lease_position(l, h->name);
	bool was_done;

	if (!p)
		return false;
	was_done = p->done;
	p->position.sequence = (struct sequence){ 0 };
	if (p->position.v < h->v)
		p->position.v = h->v;
	p->pin_ms = seek_start_ms(s, h, p->pin_ms);
	/* A trimmed one that was asked for would be taken for one that was lost. */
	p->done = was_done && (s->whence == SEEK_LATEST || is_trimmed(s, l, rows, n));
	p->sought = !p->done;
	l->dirty = true;
	h->moved++;
	h->reopened += was_done && !p->done;
	h->finished += p->done;
	return true;
}
