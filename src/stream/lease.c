#include "sluice/stream/lease.h"

#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/item/attribute.h"

#include <assert.h>

enum { LARGEST_ROW_BYTES = 380 * 1024 };

static struct str dup_str(struct str s)
{
	return str_of(mem_dup(s.ptr, s.len), s.len);
}

static void free_str(struct str *s)
{
	mem_free((char *)s->ptr);
	*s = str_of(NULL, 0);
}

struct lease *lease_new(struct loop *loop, struct str id, struct str shard_id, struct str parent_id)
{
	struct lease *l = mem_alloc(sizeof(*l));

	l->loop = loop;
	l->id = dup_str(id);
	l->shard_id = dup_str(shard_id);
	l->parent_id = dup_str(parent_id);
	event_init(&l->written, loop);
	return l;
}

void lease_free(struct lease *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_positions; i++)
		free_str(&l->positions[i].handler);
	mem_free(l->positions);
	free_str(&l->id);
	free_str(&l->shard_id);
	free_str(&l->parent_id);
	free_str(&l->owner);
	free_str(&l->intended);
	mem_free(l);
}

struct lease_position *lease_position(const struct lease *l, struct str handler)
{
	for (size_t i = 0; i < l->n_positions; i++)
		if (str_eq(l->positions[i].handler, handler))
			return &l->positions[i];
	return NULL;
}

struct lease_position *lease_add_position(struct lease *l, struct str handler)
{
	struct lease_position *p;

	l->positions = mem_resize(l->positions, (l->n_positions + 1) * sizeof(*l->positions));
	p = &l->positions[l->n_positions++];
	*p = (struct lease_position){ .handler = dup_str(handler) };
	l->dirty = true;
	return p;
}

/* ---- the row ---- */

static bool text_of(struct value map, struct str name, struct str *out)
{
	struct value v;

	*out = str_of(NULL, 0);
	if (!value_get(map, name, &v))
		return true;
	*out = v.raw;
	return v.type == VALUE_S;
}

static bool number_of(struct value map, struct str name, uint64_t *out)
{
	struct value v;

	*out = 0;
	return !value_get(map, name, &v) || (v.type == VALUE_N && str_to_u64(v.raw, out));
}

static bool read_position(struct value v, struct lease_position *p, struct err *err)
{
	uint64_t version, pin, lost;
	struct value done, sought;
	struct str sequence, first;

	if (v.type != VALUE_M || !text_of(v, STR("sequence"), &sequence) || !text_of(v, STR("first"), &first) || !number_of(v, STR("v"), &version) ||
	    !number_of(v, STR("pin_ms"), &pin) || !number_of(v, STR("lost"), &lost))
		return err_set(err, ERR_FATAL, "state.row", "a position has attributes of the wrong type");
	if ((sequence.len && !sequence_parse(sequence, &p->position.sequence, err)) ||
	    (first.len && !sequence_parse(first, &p->first, err)))
		return false;
	p->position.v = version;
	p->pin_ms = (int64_t)pin;
	p->losses = lost;
	p->done = value_get(v, STR("done"), &done) && str_eq(done.raw, STR("true"));
	p->sought = value_get(v, STR("sought"), &sought) && str_eq(sought.raw, STR("true"));
	return true;
}

static bool read_positions(struct lease *l, struct value map, struct err *err)
{
	struct err malformed = { 0 };
	struct value_iter it;
	struct value v;
	struct str name;

	value_iter_init(&it, map);
	while (value_iter_next(&it, &name, &v, &malformed))
		if (!read_position(v, lease_add_position(l, name), err))
			return false;
	return malformed.class == ERR_NONE || err_set(err, ERR_FATAL, "state.row", "%s", malformed.text);
}

struct lease *lease_of_row(struct loop *loop, const struct state_row *row, struct err *err)
{
	struct value positions = { 0 };
	struct str shard, parent, owner, intended;
	struct lease *l;

	if (!text_of(row->item, STR("shard"), &shard) || !text_of(row->item, STR("parent"), &parent) ||
	    !text_of(row->item, STR("owner"), &owner) || !text_of(row->item, STR("for"), &intended) || shard.len == 0 ||
	    !value_get(row->item, STR("positions"), &positions) || positions.type != VALUE_M) {
		err_set(err, ERR_FATAL, "state.row", "the state table's row of kind lease, sk %.*s, is not as sluice writes it; restore it, or delete it: its "
			"handlers then begin that shard again from the settings' start",
			STR_ARG(row->id));
		return NULL;
	}
	l = lease_new(loop, row->id, shard, parent);
	l->owner = dup_str(owner);
	l->intended = dup_str(intended);
	l->counter = row->counter;
	if (!read_positions(l, positions, err)) {
		err_prefix(err, "the state table's row of kind lease, sk %.*s", STR_ARG(row->id));
		lease_free(l);
		return NULL;
	}
	l->dirty = false;
	return l;
}

static void write_position(struct json_writer *w, const struct lease_position *p)
{
	attribute_begin_map(w, p->handler);
	if (!sequence_is_none(&p->position.sequence))
		attribute_str(w, "sequence", sequence_str(&p->position.sequence));
	else if (!sequence_is_none(&p->first))
		attribute_str(w, "first", sequence_str(&p->first));
	attribute_uint(w, "v", p->position.v);
	if (p->pin_ms)
		attribute_uint(w, "pin_ms", (uint64_t)p->pin_ms);
	if (p->losses)
		attribute_uint(w, "lost", p->losses);
	if (p->done)
		attribute_bool(w, "done", true);
	if (p->sought)
		attribute_bool(w, "sought", true);
	attribute_end_map(w);
}

/* Members of the row's object, without its braces. */
static struct str write_attributes(const struct lease *l, struct str owner, struct str intended, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	attribute_str(&w, "shard", l->shard_id);
	if (l->parent_id.len)
		attribute_str(&w, "parent", l->parent_id);
	if (owner.len)
		attribute_str(&w, "owner", owner);
	if (intended.len)
		attribute_str(&w, "for", intended);
	attribute_begin_map(&w, STR("positions"));
	for (size_t i = 0; i < l->n_positions; i++)
		write_position(&w, &l->positions[i]);
	attribute_end_map(&w);
	json_end_object(&w);
	return buf_ok(out) ? str_sub(buf_str(out), 1, out->len - 2) : str_of(NULL, 0);
}

/* ---- writing ---- */

static bool lost(struct lease *l, struct err *err)
{
	l->held = false;
	return err_set(err, ERR_DATA, "lease.lost", "the lease of shard %.*s belongs to another worker now",
		       STR_ARG(l->shard_id));
}

/* Somebody removed the row (T24). It is made again, with the positions that we know. */
static bool deleted(struct lease *l, struct err *err)
{
	log_error(loop_env(l->loop)->log, "lease.deleted", LOG_STR("lease", l->id),
		  LOG_TEXT("hint", "a row of the state table was removed from outside; it is made again"));
	l->counter = 0;
	l->dirty = true;
	free_str(&l->owner);
	return lost(l, err);
}

/* What became of a write whose answer did not come, or that a retry of it says
 * was refused: only we write our session into a row, so a row that is one
 * further and ours is that write. */
static bool settle_doubt(struct lease *l, struct heartbeat *h, struct str owner, bool *landed, struct err *err)
{
	struct state_row row;
	struct str found = { 0 };
	struct arena arena;
	bool ok;

	*landed = false;
	arena_init(&arena, 1 << 20);
	ok = state_get(h->state, STATE_LEASE, l->id, &arena, &row, err);
	if (ok && (row.counter == 0 || text_of(row.item, STR("owner"), &found))) {
		l->in_doubt = false;
		if (row.counter == l->counter + 1 && str_eq(found, owner)) {
			*landed = true;
			l->counter = row.counter;
		} else if (row.counter == 0 && l->counter) {
			ok = deleted(l, err);
		} else if (row.counter != l->counter) {
			ok = lost(l, err);
		}
	}
	arena_release(&arena);
	return ok;
}

static bool write_row(struct lease *l, struct heartbeat *h, struct str owner, struct str intended, struct err *err)
{
	bool landed = false, again = false, ok;
	struct str attributes;
	struct buf body;

	if (l->in_doubt && !settle_doubt(l, h, l->owner, &landed, err))
		return false;
	buf_init(&body, LARGEST_ROW_BYTES);
	l->dirty = false; /* what moves while the write is on its way is saved by the next one */
	attributes = write_attributes(l, owner, intended, &body);
	if (!attributes.ptr) {
		buf_release(&body);
		l->dirty = true;
		return err_set(err, ERR_FATAL, "lease.size", "the positions of shard %.*s do not fit into a state row",
			       STR_ARG(l->shard_id));
	}
	ok = state_put(h->state, STATE_LEASE, l->id, l->counter, attributes, err);
	if (ok) {
		l->counter++;
	} else if (err_is(err, "state.conflict")) {
		l->in_doubt = true; /* until it is settled: a listing may show our own write */
		ok = settle_doubt(l, h, owner, &landed, err);
		if (ok && !landed)
			ok = lost(l, err);
		again = ok; /* it may be an older write of ours that landed late, without what moved since */
	} else {
		l->in_doubt = true;
	}
	l->dirty = l->dirty || !ok;
	buf_release(&body);
	return again ? write_row(l, h, owner, intended, err) : ok;
}

/* One write at a time for a lease; the rest wait their turn, after which it may not
 * be ours any more. */
static bool await_turn(struct lease *l, struct err *err)
{
	while (l->writing)
		if (!event_wait(&l->written, -1, NULL, err))
			return false;
	return true;
}

static bool write_alone(struct lease *l, struct heartbeat *h, struct str owner, struct str intended, struct err *err)
{
	bool ok;

	l->writing = true;
	ok = write_row(l, h, owner, intended, err);
	l->writing = false;
	event_set(&l->written);
	event_clear(&l->written);
	return ok;
}

static const struct str nobody = STR_INIT("");

bool lease_take(struct lease *l, struct heartbeat *h, struct err *err)
{
	struct str before = l->owner;

	assert(!l->held && !l->writing);
	l->owner = dup_str(h->session);
	if (!write_alone(l, h, h->session, nobody, err)) {
		/* In doubt the row may be ours: the next listing shows it. */
		free_str(&l->owner);
		l->owner = before;
		l->in_doubt = false;
		return false;
	}
	free_str(&before);
	free_str(&l->intended);
	l->held = true;
	return true;
}

bool lease_save(struct lease *l, struct heartbeat *h, struct err *err)
{
	if (!await_turn(l, err))
		return false;
	if (!l->held)
		return lost(l, err);
	if (!l->dirty && !l->in_doubt)
		return true;
	return write_alone(l, h, h->session, nobody, err);
}

bool lease_release(struct lease *l, struct heartbeat *h, struct str to, struct err *err)
{
	if (!await_turn(l, err))
		return false;
	if (!l->held)
		return true;
	if (!write_alone(l, h, nobody, to, err))
		return false;
	l->held = false;
	free_str(&l->owner);
	free_str(&l->intended);
	l->intended = dup_str(to);
	return true;
}

void lease_let_go(struct lease *l)
{
	assert(!l->writing);
	l->in_doubt = l->in_doubt || l->dirty; /* what was not saved must be looked at, or saved, before a child begins */
	l->held = false;
}
