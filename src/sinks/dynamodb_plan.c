#include "dynamodb_sink.h"

#include "sluice/item/key.h"

static struct unit *unit_new(struct plan *p, enum unit_kind kind)
{
	struct unit *u = ARENA_NEW(&p->arena, struct unit);

	if (!u)
		return NULL;
	u->kind = kind;
	if (p->last)
		p->last->next = u;
	else
		p->first = u;
	p->last = u;
	p->count++;
	return u;
}

static bool wait_for(struct plan *p, struct unit *u, struct unit *earlier)
{
	struct dependency *d;

	if (!earlier || earlier == u)
		return true;
	d = ARENA_NEW(&p->arena, struct dependency);
	if (!d)
		return false;
	*d = (struct dependency){ .on = earlier, .next = u->after };
	u->after = d;
	return true;
}

static bool no_room(struct plan *p, struct err *err)
{
	return err_set(err, ERR_FATAL, "sink.memory",
		       "sink %.*s: one send needs more than %zu bytes for its plan; make batch.records smaller",
		       STR_ARG(p->sink->base.site.name), p->arena.max);
}

/* Adds the entry at the unit's end and makes the unit wait for whoever touched
 * the target before. */
static bool unit_add(struct plan *p, struct unit *u, struct entry *e, struct err *err)
{
	void **touched = key_map_at(&p->targets, e->target);

	if (!wait_for(p, u, *touched))
		return no_room(p, err);
	*touched = u;
	if (u->last)
		u->last->next = e;
	else
		u->first = e;
	u->last = e;
	u->count++;
	return true;
}

static struct entry *entry_of(struct unit *u, struct str target)
{
	for (struct entry *e = u->first; e; e = e->next)
		if (str_eq(e->target, target))
			return e;
	return NULL;
}

static bool plan_row(struct plan *p, struct entry *e, struct err *err)
{
	struct unit *u = *key_map_at(&p->targets, e->target);

	if (u && u->kind == UNIT_ROW) {
		entry_overtake(u->first, e);
		return true;
	}
	u = unit_new(p, UNIT_ROW);
	return u ? unit_add(p, u, e, err) : no_room(p, err);
}

/* Effects of one group stand together in the stream; the run is the unit. */
static bool plan_transaction(struct plan *p, struct entry *e, struct err *err)
{
	struct unit *u = p->last;
	bool same = u && u->kind == UNIT_TRANSACTION && u->first->effect->group == e->effect->group &&
		    u->first->effect->batch == e->effect->batch;

	if (same) {
		struct entry *there = entry_of(u, e->target);

		if (there) {
			entry_overtake(there, e);
			return true;
		}
	} else {
		u = unit_new(p, UNIT_TRANSACTION);
	}
	return u ? unit_add(p, u, e, err) : no_room(p, err);
}

static bool plan_counter(struct plan *p, struct entry *e, struct err *err)
{
	struct unit *u = *key_map_at(&p->targets, e->target);
	const struct effect *f = e->effect;

	if (sequence_is_none(&f->batch->records[f->record]->sequence))
		return err_set(err, ERR_FATAL, "counter.sequence",
			       "a contribution to table %.*s has no sequence number", STR_ARG(f->add.table));
	if (!u)
		u = unit_new(p, UNIT_COUNTER);
	return u ? unit_add(p, u, e, err) : no_room(p, err);
}

static bool plan_inbox(struct plan *p, struct entry *e, struct err *err)
{
	const struct effect_message *m = &e->effect->message;
	struct unit *u = p->inbox;

	if (m->conditional) {
		u = unit_new(p, UNIT_INBOX_PUT);
		return u ? unit_add(p, u, e, err) : no_room(p, err);
	}
	if (!u || u->count == BATCH_WRITE_ITEMS || u->bytes + m->body.len > REQUEST_BYTES / 2 ||
	    !str_eq(u->first->effect->message.address, m->address) || *key_map_at(&p->targets, e->target))
		u = unit_new(p, UNIT_INBOX);
	p->inbox = u;
	if (!u)
		return no_room(p, err);
	u->bytes += m->body.len;
	return unit_add(p, u, e, err);
}

static bool row_target(struct plan *p, struct str table, struct str key, struct str fence, struct str *out,
		       struct err *err)
{
	struct str parts[3] = { table, { 0 }, fence };

	if (!key_text(value_image(key), &p->arena, &parts[1], err))
		return false;
	*out = key_join(&p->arena, parts, 3);
	return out->ptr ? true : no_room(p, err);
}

static bool message_target(struct plan *p, const struct effect_message *m, struct str *out, struct err *err)
{
	const struct key_names *names = dynamodb_key_names(p->sink, m->address, err);
	struct str parts[2] = { m->address, { 0 } };

	if (!names || !dynamodb_item_key(names, value_image(m->body), &p->arena, &parts[1], err))
		return false;
	*out = key_join(&p->arena, parts, 2);
	return out->ptr ? true : no_room(p, err);
}

static bool find_target(struct plan *p, struct entry *e, struct err *err)
{
	const struct effect *f = e->effect;

	switch (f->kind) {
	case EFFECT_ADD:
		return row_target(p, f->add.table, f->add.key, f->add.fence, &e->target, err);
	case EFFECT_MESSAGE:
		return message_target(p, &f->message, &e->target, err);
	default:
		return row_target(p, f->row.table, f->row.key, STR(""), &e->target, err);
	}
}

static bool plan_one(struct plan *p, struct effect *f, struct err *err)
{
	struct entry *e = ARENA_NEW(&p->arena, struct entry);

	if (!e)
		return no_room(p, err);
	e->effect = f;
	if (!find_target(p, e, err))
		return false;
	switch (f->kind) {
	case EFFECT_ADD:
		return plan_counter(p, e, err);
	case EFFECT_MESSAGE:
		return plan_inbox(p, e, err);
	default:
		return f->group ? plan_transaction(p, e, err) : plan_row(p, e, err);
	}
}

void plan_effects(struct plan *p, struct effect *const *effects, size_t n)
{
	bool room = key_map_init(&p->targets, &p->arena, n);

	for (size_t i = 0; i < n; i++) {
		struct err err = { 0 };

		if (!sink_takes(&p->sink->base, effects[i]))
			continue;
		if (room ? plan_one(p, effects[i], &err) : no_room(p, &err))
			continue;
		if (err.class == ERR_CANCELLED)
			return;
		effect_fail(effects[i], &err);
	}
}

void unit_done(struct unit *u)
{
	for (struct entry *e = u->first; e; e = e->next)
		if (e->effect->state == EFFECT_PENDING)
			entry_done(e);
}

void unit_fail(struct unit *u, const struct err *why)
{
	if (why->class == ERR_CANCELLED) {
		u->cancelled = true;
		return;
	}
	u->failed = true;
	for (struct entry *e = u->first; e; e = e->next)
		if (e->effect->state == EFFECT_PENDING)
			entry_fail(e, why);
}
