#include "seek_impl.h"

#include "sluice/core/mem.h"
#include "sluice/item/attribute.h"

enum { TRIES = 5, ROW_BYTES = 1 << 20 };

struct run {
	struct seek *s;
	struct str prefix;             /* of the pipeline's leases */
	struct lease **rows;           /* as found at the begin; owned */
	size_t n_rows;
	struct seek_holders holders;   /* none of them lives, or it is forced */
	struct heartbeat self;         /* a session of our own; it has no row and needs none */
	struct err *err;               /* of the load under way */
	bool loaded;
};

/* ---- what is there ---- */

static bool take_row(void *ctx, const struct state_row *row)
{
	struct run *r = ctx;
	struct lease *l;

	if (!str_starts(row->id, r->prefix))
		return true;
	l = lease_of_row(r->s->loop, row, r->err);
	r->loaded = l != NULL;
	if (!l)
		return false;
	r->rows = mem_resize(r->rows, (r->n_rows + 1) * sizeof(struct lease *));
	r->rows[r->n_rows++] = l;
	return true;
}

static bool load_rows(struct run *r, struct err *err)
{
	r->err = err;
	r->loaded = true;
	return state_each(r->s->state, STATE_LEASE, take_row, r, err) && r->loaded;
}

static struct str handler_row_id(const struct seek *s, const struct seek_handler *h, struct arena *a)
{
	return arena_putf(a, "%.*s#%.*s", STR_ARG(s->pipeline), STR_ARG(h->name));
}

static bool read_handler(const struct seek *s, struct seek_handler *h, struct arena *a, struct state_row *row,
			 struct err *err)
{
	struct value pin, stream;

	if (!state_get(s->state, STATE_HANDLER, handler_row_id(s, h, a), a, row, err))
		return false;
	if (row->counter == 0)
		return true;
	if (!value_get(row->item, STR("pin_ms"), &pin) || !str_to_i64(pin.raw, &h->start_ms) ||
	    !value_get(row->item, STR("stream"), &stream))
		return err_set(err, ERR_FATAL, "state.row",
			       "the state store's row of kind handler, id %.*s#%.*s, lacks stream or pin_ms; restore it, or "
			       "delete it: positions stand elsewhere and are kept",
			       STR_ARG(s->pipeline), STR_ARG(h->name));
	if (h->label.len == 0)
		h->label = str_of(mem_dup(stream.raw.ptr, stream.raw.len), stream.raw.len);
	h->begun = true;
	return true;
}

static bool load_handlers(struct run *r, struct err *err)
{
	struct state_row row;
	struct arena arena;
	bool ok = true;

	arena_init(&arena, ROW_BYTES);
	for (size_t i = 0; ok && i < r->s->n_handlers; i++) {
		struct seek_handler *h = &r->s->handlers[i];

		arena_reset(&arena);
		ok = read_handler(r->s, h, &arena, &row, err);
		for (size_t j = 0; j < r->n_rows; j++)
			h->begun = h->begun || lease_position(r->rows[j], h->name);
		h->v = seek_version(r->s, h->name, r->rows, r->n_rows);
	}
	arena_release(&arena);
	return ok;
}

/* ---- may it be done? ---- */

static bool anything_there(const struct seek *s, struct err *err)
{
	for (size_t i = 0; i < s->n_handlers; i++)
		if (s->handlers[i].begun)
			return true;
	return err_set(err, ERR_FATAL, "seek.nothing",
		       "pipeline %.*s has no position yet: there is nothing to seek; at its first run it begins at the "
		       "settings' start",
		       STR_ARG(s->pipeline));
}

static bool lost_some(const struct seek_handler *h, struct str shard, struct err *err)
{
	return err_set(err, ERR_FATAL, "seek.gap",
		       "handler %.*s has lost records of shard %.*s, or may have: they are older than the 24 hours that a "
		       "stream keeps. What it keeps is derived from every change and must be made anew: give it a new name "
		       "and an empty target. --force goes on without what is lost",
		       STR_ARG(h->name), STR_ARG(shard));
}

static bool leaves_no_gap(const struct run *r, struct err *err)
{
	const struct seek *s = r->s;
	struct str shard;

	for (size_t i = 0; i < s->n_handlers && !s->force; i++) {
		const struct seek_handler *h = &s->handlers[i];

		if (h->image && seek_lost(s, h, r->rows, r->n_rows, &shard))
			return lost_some(h, shard, err);
		if (h->image && h->begun && seek_gap(s, h, r->rows, r->n_rows, &shard))
			return err_set(err, ERR_FATAL, "seek.gap",
				       "handler %.*s would miss what lies between its position%s%.*s and the new start, and "
				       "what it keeps is derived from every change: it would be wrong for ever. Seek it to "
				       "trim_horizon or to before that shard was made, leave it out by --handler, or insist by "
				       "--force",
				       STR_ARG(h->name), shard.len ? " in shard " : "", STR_ARG(shard));
	}
	return true;
}

/* ---- the leases ---- */

static struct lease *read_lease(const struct run *r, struct str id, bool *absent, struct err *err)
{
	struct lease *l = NULL;
	struct state_row row;
	struct arena arena;

	*absent = false;
	arena_init(&arena, ROW_BYTES);
	if (state_get(r->s->state, STATE_LEASE, id, &arena, &row, err)) {
		*absent = row.counter == 0;
		if (!*absent)
			l = lease_of_row(r->s->loop, &row, err);
	}
	arena_release(&arena);
	return l;
}

/* Ours by a write whose answer got lost, or of one that was watched. */
static bool may_move(const struct run *r, const struct lease *l, struct err *err)
{
	if (l->owner.len == 0 || r->s->force || str_eq(l->owner, r->self.session) ||
	    seek_holders_know(&r->holders, l->owner))
		return true;
	return err_set(err, ERR_FATAL, "seek.held",
		       "worker %.*s has taken shards of pipeline %.*s meanwhile; stop that sluice and seek again",
		       STR_ARG(l->owner), STR_ARG(r->s->pipeline));
}

/* The row becomes ours first and free then, as a worker's would: an owner whose
 * last answer is lost could take one write of somebody else, one counter on and
 * without an owner, for its own release. */
static bool write_lease(struct run *r, struct lease *l, struct err *err)
{
	return lease_take(l, &r->self, err) && lease_release(l, &r->self, str_of(NULL, 0), err);
}

static bool move_all(struct run *r, struct seek_handler *tried, struct lease *l)
{
	bool moved = false;

	for (size_t i = 0; i < r->s->n_handlers; i++)
		moved = seek_move(r->s, &tried[i], l, r->rows, r->n_rows) || moved;
	return moved;
}

/* Once: *again says that somebody wrote in between. */
static bool try_lease(struct run *r, struct str id, struct seek_handler *tried, bool *again, struct err *err)
{
	bool absent, ok;
	struct lease *l = read_lease(r, id, &absent, err);

	*again = false;
	if (!l)
		return absent; /* a finished shard's, forgotten meanwhile */
	ok = may_move(r, l, err);
	if (ok && move_all(r, tried, l)) {
		ok = write_lease(r, l, err);
		*again = !ok && err_is(err, "lease.lost");
	}
	lease_free(l);
	return ok;
}

/* What was counted in a try that failed does not count. */
static bool move_lease(struct run *r, struct str id, struct err *err)
{
	size_t bytes = r->s->n_handlers * sizeof(struct seek_handler);
	struct seek_handler *tried = mem_array(r->s->n_handlers, sizeof(*tried));
	bool ok = false, again = true;

	for (int i = 0; i < TRIES && again; i++) {
		memcpy(tried, r->s->handlers, bytes);
		ok = try_lease(r, id, tried, &again, err);
	}
	if (ok) {
		memcpy(r->s->handlers, tried, bytes);
		r->s->rows_written++;
	} else if (again) {
		err_set(err, ERR_RETRY, "seek.conflict", "somebody else writes the row of %.*s all the time", STR_ARG(id));
	}
	mem_free(tried);
	return ok;
}

/* ---- the handlers' rows ---- */

/* All attributes as they are, but the start. */
static bool write_start(const struct state_row *row, int64_t pin_ms, struct buf *out)
{
	struct json_writer w;
	struct value_iter it;
	struct value v;
	struct buf text;
	struct str name;

	buf_init(&text, ROW_BYTES);
	json_write_init(&w, out);
	json_begin_object(&w);
	attribute_int(&w, "pin_ms", pin_ms);
	value_iter_init(&it, row->item);
	while (value_iter_next(&it, &name, &v, NULL)) {
		if (str_eq(name, STR("pin_ms")) || str_eq(name, STR("pk")) || str_eq(name, STR("sk")) ||
		    str_eq(name, STR("counter")))
			continue;
		buf_clear(&text);
		value_write(v, &text);
		json_key_escaped(&w, name);
		json_raw(&w, buf_str(&text));
	}
	json_end_object(&w);
	buf_release(&text);
	return buf_ok(out);
}

static bool put_handler(const struct seek *s, struct seek_handler *h, struct arena *a, struct err *err)
{
	struct state_row row;
	struct buf out;
	bool ok;

	buf_init(&out, ROW_BYTES);
	ok = read_handler(s, h, a, &row, err);
	if (ok && row.counter) {
		int64_t pin_ms = seek_start_ms(s, h, h->start_ms);

		ok = write_start(&row, pin_ms, &out) ||
		     err_set(err, ERR_FATAL, "state.row_size", "the row of handler %.*s is too large", STR_ARG(h->name));
		ok = ok && state_put(s->state, STATE_HANDLER, row.id, row.counter, str_sub(buf_str(&out), 1, out.len - 2), err);
	}
	buf_release(&out);
	return ok;
}

static bool move_handler(const struct seek *s, struct seek_handler *h, struct err *err)
{
	struct arena arena;
	bool ok = false;

	arena_init(&arena, ROW_BYTES);
	for (int i = 0; i < TRIES && !ok; i++) {
		arena_reset(&arena);
		ok = put_handler(s, h, &arena, err);
		if (!ok && !err_is(err, "state.conflict"))
			break;
	}
	arena_release(&arena);
	return ok;
}

/* ---- all of it ---- */

static bool write_rows(struct run *r, struct err *err)
{
	for (size_t i = 0; i < r->n_rows; i++)
		if (!move_lease(r, r->rows[i]->id, err))
			return false;
	for (size_t i = 0; i < r->s->n_handlers; i++)
		if (!move_handler(r->s, &r->s->handlers[i], err))
			return false;
	return true;
}

static void forget_rows(struct run *r)
{
	for (size_t i = 0; i < r->n_rows; i++)
		lease_free(r->rows[i]);
	mem_free(r->rows);
	r->rows = NULL;
	r->n_rows = 0;
}

/* A worker that came meanwhile may have read a handler's start, or begun a shard,
 * before it was moved. */
static bool nobody_came(struct run *r, struct err *err)
{
	forget_rows(r);
	if (!load_rows(r, err))
		return false;
	for (size_t i = 0; i < r->n_rows; i++)
		if (!may_move(r, r->rows[i], err))
			return false;
	return true;
}

static bool run(struct run *r, struct err *err)
{
	if (!load_rows(r, err) || !load_handlers(r, err))
		return false;
	r->s->rows_found = r->n_rows;
	if (!anything_there(r->s, err) || !leaves_no_gap(r, err))
		return false;
	seek_holders_of(r->rows, r->n_rows, &r->holders);
	if (!r->s->force && !seek_watch(r->s, &r->holders, err))
		return false;
	return write_rows(r, err) && nobody_came(r, err);
}

bool seek_run(struct seek *s, struct err *err)
{
	struct run r = { .s = s };
	struct buf prefix;
	bool ok;

	buf_init(&prefix, 4096);
	buf_putf(&prefix, "%.*s#", STR_ARG(s->pipeline));
	r.prefix = buf_str(&prefix);
	heartbeat_init(&r.self, s->state, s->loop, s->instance, s->failover_ms);
	ok = run(&r, err);
	heartbeat_release(&r.self);
	seek_holders_release(&r.holders);
	forget_rows(&r);
	buf_release(&prefix);
	return ok;
}

void seek_release(struct seek *s)
{
	for (size_t i = 0; i < s->n_handlers; i++) {
		mem_free((char *)s->handlers[i].label.ptr);
		s->handlers[i].label = str_of(NULL, 0);
	}
}
