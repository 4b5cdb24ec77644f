#include "sluice/worker/fanout_tasks.h"

#include "sluice/item/attribute.h"
#include "sluice/core/loop.h"

#include <stdio.h>

enum {
	ROW_BYTES = 16 << 20,            /* a row as JSON, with what is read from it */
	WRITE_BYTES = 4 << 20,
	RESUME_BYTES = 64 << 10,
	KEPT_S = 48 * 3600,              /* DESIGN: fanout */
	FAILED_KEPT_S = 14 * 86400,      /* somebody has to look at it */
};

const char *fanout_status_name(enum fanout_status status)
{
	static const char *const names[] = {
		[FANOUT_OPEN] = "open", [FANOUT_DONE] = "done", [FANOUT_EXPIRED] = "expired", [FANOUT_FAILED] = "failed",
	};

	return names[status];
}

void fanout_lease_init(struct fanout_lease *l, struct heartbeat *h, struct str id)
{
	*l = (struct fanout_lease){ .heartbeat = h };
	arena_init(&l->arena, ROW_BYTES);
	buf_init(&l->resume, RESUME_BYTES);
	event_init(&l->written, h->loop);
	l->id = arena_dup(&l->arena, id);
}

void fanout_lease_release(struct fanout_lease *l)
{
	buf_release(&l->resume);
	arena_release(&l->arena);
}

static int64_t now_s(const struct fanout_lease *l)
{
	return env_wall_ms(loop_env(l->heartbeat->loop)) / 1000;
}

static struct str text_at(struct value row, const char *name)
{
	struct value v;

	return value_get(row, str_c(name), &v) && v.type == VALUE_S ? v.raw : STR("");
}

static int64_t number_at(struct value row, const char *name)
{
	struct value v;
	int64_t n = 0;

	return value_get(row, str_c(name), &v) && v.type == VALUE_N && str_to_i64(v.raw, &n) && n > 0 ? n : 0;
}

/* ---- writing ---- */

static bool is_rewritten(const struct fanout_lease *l, struct str name)
{
	static const char *const own[] = {
		"pk", "sk", "counter", "owner", "resume", "sent", "begun", "saved", "status", "reason", "ttl",
	};
	static const char *const bulk[] = { "audience", "values" };
	bool ended = l->status == FANOUT_DONE || l->status == FANOUT_EXPIRED;

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (str_eq(name, str_c(own[i])))
			return true;
	for (size_t i = 0; ended && i < sizeof(bulk) / sizeof(*bulk); i++)
		if (str_eq(name, str_c(bulk[i])))
			return true;
	return false;
}

static void copy_rest(const struct fanout_lease *l, struct json_writer *w)
{
	struct value_iter it;
	struct value v;
	struct str name;
	struct buf text;

	buf_init(&text, WRITE_BYTES);
	value_iter_init(&it, l->row);
	while (value_iter_next(&it, &name, &v, NULL)) {
		if (is_rewritten(l, name))
			continue;
		buf_clear(&text);
		value_write(v, &text);
		json_key_escaped(w, name);
		json_raw(w, buf_str(&text));
	}
	buf_release(&text);
}

/* Members of the row's object, without its braces; empty when they are too large. */
static struct str write_attributes(const struct fanout_lease *l, bool owned, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	copy_rest(l, &w);
	if (owned)
		attribute_str(&w, "owner", l->heartbeat->session);
	attribute_str(&w, "status", str_c(fanout_status_name(l->status)));
	attribute_int(&w, "sent", (int64_t)l->sent);
	attribute_int(&w, "begun", l->begun_s);
	attribute_int(&w, "saved", now_s(l));
	if (l->resume.len)
		json_member_raw(&w, STR("resume"), buf_str(&l->resume));
	if (l->reason.len)
		attribute_str(&w, "reason", l->reason);
	if (l->status != FANOUT_OPEN)
		attribute_int(&w, "ttl", now_s(l) + (l->status == FANOUT_FAILED ? FAILED_KEPT_S : KEPT_S));
	json_end_object(&w);
	return buf_ok(out) ? str_sub(buf_str(out), 1, out->len - 2) : str_of(NULL, 0);
}

static bool lost(struct fanout_lease *l, struct err *err)
{
	l->held = false;
	return err_set(err, ERR_DATA, "fanout.lost", "fan-out task %.*s belongs to another worker now", STR_ARG(l->id));
}

/* What became of a write whose answer did not come, or that a retry of it says
 * was refused: only we write our session into a row, so a row that is one further
 * and ours (or nobody's, when that is what was written) is that write. */
static bool settle_doubt(struct fanout_lease *l, bool owned, bool *landed, struct err *err)
{
	struct state_row row;
	struct arena arena;
	struct str owner;
	bool ok;

	*landed = false;
	arena_init(&arena, ROW_BYTES);
	ok = state_get(l->heartbeat->state, STATE_TASK, l->id, &arena, &row, err);
	if (ok) {
		l->in_doubt = false;
		owner = text_at(row.item, "owner");
		if (row.counter == l->counter + 1 && str_eq(owner, owned ? l->heartbeat->session : STR(""))) {
			*landed = true;
			l->counter = row.counter;
		} else if (row.counter != l->counter) {
			ok = lost(l, err);
		}
	}
	arena_release(&arena);
	return ok;
}

static bool write_row(struct fanout_lease *l, bool owned, struct err *err)
{
	bool landed = false, ok;
	struct str attributes;
	struct buf body;

	if (l->in_doubt && !settle_doubt(l, true, &landed, err))
		return false;
	buf_init(&body, WRITE_BYTES);
	l->dirty = false; /* what moves while the write is on its way is saved by the next one */
	attributes = write_attributes(l, owned, &body);
	if (!attributes.ptr)
		ok = err_set(err, ERR_FATAL, "fanout.size", "fan-out task %.*s does not fit into a state row", STR_ARG(l->id));
	else
		ok = state_put(l->heartbeat->state, STATE_TASK, l->id, l->counter, attributes, err);
	buf_release(&body);
	if (ok) {
		l->counter++;
	} else if (err_is(err, "state.conflict")) {
		ok = settle_doubt(l, owned, &landed, err);
		if (ok && !landed)
			ok = lost(l, err);
	} else {
		l->in_doubt = true;
	}
	l->dirty = l->dirty || !ok;
	return ok;
}

/* One write at a time; the rest wait their turn. */
static bool write_alone(struct fanout_lease *l, bool owned, struct err *err)
{
	bool ok;

	while (l->writing)
		if (!event_wait(&l->written, -1, NULL, err))
			return false;
	if (!l->held)
		return lost(l, err);
	l->writing = true;
	ok = write_row(l, owned, err);
	l->writing = false;
	event_set(&l->written);
	event_clear(&l->written);
	return ok;
}

/* ---- taking ---- */

static uint64_t owner_hash(struct value row)
{
	struct str owner = text_at(row, "owner");

	return owner.len ? str_hash(owner) : 0;
}

static void read_progress(struct fanout_lease *l, struct value row)
{
	struct value resume;

	l->row = row;
	l->sent = (uint64_t)number_at(row, "sent");
	l->begun_s = number_at(row, "begun");
	l->resumed = l->begun_s > 0;
	if (!l->resumed)
		l->begun_s = now_s(l);
	if (value_get(row, STR("resume"), &resume))
		value_write(resume, &l->resume);
}

bool fanout_lease_take(struct fanout_lease *l, uint64_t from, bool *taken, struct err *err)
{
	struct state_row row;

	*taken = false;
	if (!state_get(l->heartbeat->state, STATE_TASK, l->id, &l->arena, &row, err))
		return false;
	if (row.counter == 0 || !str_eq(text_at(row.item, "status"), STR("open")) ||
	    owner_hash(row.item) != from)
		return true;
	l->counter = row.counter;
	read_progress(l, row.item);
	l->held = true;
	*taken = write_alone(l, true, err);
	if (*taken)
		return true;
	l->held = false; /* in doubt it may be ours: the next listing shows it */
	return err_is(err, "fanout.lost");
}

struct value fanout_lease_resume(const struct fanout_lease *l)
{
	struct value v = { 0 };

	if (l->resume.len)
		value_read(buf_str(&l->resume), &v, NULL);
	return v;
}

void fanout_lease_advance(struct fanout_lease *l, struct value member, uint64_t sent)
{
	buf_clear(&l->resume);
	value_write(member, &l->resume);
	l->sent += sent;
	l->dirty = true;
}

bool fanout_lease_save(struct fanout_lease *l, struct err *err)
{
	if (l->held && !l->dirty && !l->in_doubt)
		return true;
	return write_alone(l, true, err);
}

bool fanout_lease_end(struct fanout_lease *l, enum fanout_status status, struct str reason, struct err *err)
{
	l->status = status;
	l->reason = reason;
	if (!write_alone(l, true, err))
		return false;
	l->held = false;
	return true;
}

bool fanout_lease_give_up(struct fanout_lease *l, struct err *err)
{
	if (!l->held)
		return true;
	if (!write_alone(l, false, err))
		return false;
	l->held = false;
	return true;
}

/* ---- listing ---- */

struct listing {
	struct heartbeat *h;
	bool observed;
	fanout_found_fn *fn;
	void *ctx;
};

static bool look_at(void *ctx, const struct state_row *row)
{
	struct listing *l = ctx;
	struct str owner = text_at(row->item, "owner");
	struct fanout_found found = { 0 };

	if (!str_eq(text_at(row->item, "status"), STR("open")) || row->id.len >= sizeof(found.id))
		return true;
	memcpy(found.id, row->id.ptr, row->id.len);
	found.free = owner.len == 0 || str_eq(owner, l->h->session) || (l->observed && heartbeat_is_dead(l->h, owner));
	found.owner_hash = owner_hash(row->item);
	l->fn(l->ctx, text_at(row->item, "pipeline"), text_at(row->item, "handler"), &found);
	return true;
}

bool fanout_list(struct heartbeat *h, bool observe, fanout_found_fn *fn, void *ctx, struct err *err)
{
	struct listing l = { .h = h, .observed = observe, .fn = fn, .ctx = ctx };

	if (observe && !heartbeat_observe(h, err))
		return false;
	return state_each(h->state, STATE_TASK, look_at, &l, err);
}
