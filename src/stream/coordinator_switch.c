#include "coordinator_impl.h"

#include "sluice/core/mem.h"

enum { LISTINGS = 3 }; /* a single one may leave a shard out (T6) */

/* ---- has it ended? ---- */

static bool all_is_read(const struct coordinator *c)
{
	for (const struct member *m = c->members; m; m = m->hh.next)
		for (size_t h = 0; h < c->set.n_handlers; h++)
			if (coordinator_takes_part(c, h) && !c->set.handlers[h].stopped && !coordinator_is_done(c, m->lease, h))
				return false;
	return true;
}

bool coordinator_has_ended(const struct coordinator *c)
{
	if (c->n_readings || !c->loaded)
		return false;
	if (!c->gone && (c->n_disabled < LISTINGS || coordinator_misses_parent(c)))
		return false;
	return c->members_for == lineage_added(c->lineage) && all_is_read(c);
}

/* ---- the next one ---- */

static void offer(struct str label, struct str current, struct str *next)
{
	if (str_cmp(label, current) > 0 && (next->len == 0 || str_cmp(label, *next) < 0))
		*next = label;
}

/* The one behind the current: the newest, or one that another handler reads still. */
static struct str next_label(const struct coordinator *c)
{
	struct str next = { 0 };

	offer(coordinator_label_of(c->newest_arn), c->label, &next);
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (c->places[h].label.len && !c->set.handlers[h].stopped)
			offer(c->places[h].label, c->label, &next);
	return next;
}

/* What the old stream's rows hold must be in the table before a handler leaves it. */
static bool give_up_leases(struct coordinator *c, struct err *err)
{
	for (struct member *m = c->members; m; m = m->hh.next)
		if (m->lease->held && !lease_release(m->lease, c->set.heartbeat, str_of(NULL, 0), err) && m->lease->held)
			return false;
	return true;
}

static bool move_handlers(struct coordinator *c, struct str label, struct err *err)
{
	for (size_t h = 0; h < c->set.n_handlers; h++) {
		if (c->set.handlers[h].stopped || !coordinator_takes_part(c, h))
			continue;
		if (!c->set.handlers[h].continues)
			coordinator_stop_replaced(c, h);
		else if (!coordinator_move_handler(c, h, label, err))
			return false;
	}
	return true;
}

/* All that was known is of the old stream. */
static void begin_anew(struct coordinator *c)
{
	struct member *m, *next;

	HASH_ITER(hh, c->members, m, next) {
		HASH_DEL(c->members, m);
		coordinator_free_member(m);
	}
	for (size_t h = 0; h < c->set.n_handlers; h++)
		c->places[h].before_start = 0;
	lineage_free(c->lineage);
	c->lineage = lineage_new();
	mem_free((char *)c->stream_arn.ptr);
	c->stream_arn = c->label = str_of(NULL, 0);
	c->listing = c->complete = c->members_for = 0;
	c->n_complete = c->n_disabled = c->not_found = 0;
	c->high_ms = c->soon_ms = c->loaded_ms = 0;
	c->listed = c->loaded = c->listing_open = c->list_now = false;
	c->ended = c->said_ended = c->gone = c->described = c->opened = false;
}

bool coordinator_switch_when_due(struct coordinator *c, struct err *err)
{
	struct str label = next_label(c);
	bool ok;

	if (label.len == 0 || !coordinator_has_ended(c))
		return true;
	label = str_of(mem_dup(label.ptr, label.len), label.len);
	ok = give_up_leases(c, err) && move_handlers(c, label, err);
	if (ok) {
		coordinator_discover_end(c);
		begin_anew(c);
		coordinator_wake(c);
	}
	mem_free((char *)label.ptr);
	return ok;
}
