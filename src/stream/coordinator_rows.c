#include "coordinator_impl.h"

#include "sluice/core/mem.h"

/* ---- handlers' rows ---- */

static bool stop_handler(struct coordinator *c, struct coordinator_handler *h, const struct err *why)
{
	log_error(c->env->log, "handler.stopped", LOG_STR("pipeline", c->set.pipeline), LOG_STR("handler", h->name),
		  LOG_ERR(why));
	h->stopped = true;
	return true;
}

static bool changed_definition(struct coordinator *c, struct coordinator_handler *h)
{
	struct err err;

	err_set(&err, ERR_FATAL, "handler.changed",
		"the definition of handler %.*s is not the one its rows were made with; rows of two definitions would mix. "
		"Give the handler a new name and an empty target, or restore the old definition",
		STR_ARG(h->name));
	return stop_handler(c, h, &err);
}

/* What was written while the table had no stream is known to nobody (T10). */
static bool replaced_stream(struct coordinator *c, struct coordinator_handler *h)
{
	struct err err;

	err_set(&err, ERR_FATAL, "stream.replaced",
		"table %.*s has a new stream; what was written before it was enabled never reached handler %.*s. To begin "
		"with the new stream give the handler a new name (and an empty target)",
		STR_ARG(c->set.table), STR_ARG(h->name));
	return stop_handler(c, h, &err);
}

static struct str handler_row_id(const struct coordinator *c, const struct coordinator_handler *h, struct arena *a)
{
	return arena_putf(a, "%.*s#%.*s", STR_ARG(c->set.pipeline), STR_ARG(h->name));
}

/* Where a first start begins: 0 for the trim horizon. */
static int64_t first_pin_ms(const struct coordinator *c)
{
	switch (c->set.start) {
	case STREAM_START_LATEST:
		return aws_service_time_ms(c->set.streams);
	case STREAM_START_TIME:
		return c->set.start_ms > 0 ? c->set.start_ms : 1;
	case STREAM_START_TRIM_HORIZON:
		break;
	}
	return 0;
}

static bool make_handler_row(struct coordinator *c, size_t index, struct arena *arena, struct err *err)
{
	struct coordinator_handler *h = &c->set.handlers[index];
	int64_t pin_ms = first_pin_ms(c);
	struct str attributes = arena_putf(
		arena, "\"stream\":{\"S\":\"%.*s\"},\"definition\":{\"S\":\"%.*s\"},\"pin_ms\":{\"N\":\"%lld\"}",
		STR_ARG(c->label), STR_ARG(h->definition), (long long)pin_ms);

	if (!state_put(c->set.state, STATE_HANDLER, handler_row_id(c, h, arena), 0, attributes, err))
		return false;
	c->pin_ms[index] = pin_ms;
	c->row_counter[index] = 1;
	c->first_start[index] = true;
	log_info(c->env->log, "handler.first_start", LOG_STR("pipeline", c->set.pipeline), LOG_STR("handler", h->name),
		 LOG_TEXT("hint", h->definition.len ? "a new handler wants an empty target: a counter adds to what its rows hold" :
						      "it begins where the settings' start says"));
	return true;
}

bool coordinator_load_handler(struct coordinator *c, size_t index, struct err *err)
{
	struct coordinator_handler *h = &c->set.handlers[index];
	struct value definition, pin, stream;
	struct state_row row;
	struct arena arena;
	uint64_t pin_ms;
	bool ok;

	arena_init(&arena, 1 << 20);
	ok = state_get(c->set.state, STATE_HANDLER, handler_row_id(c, h, &arena), &arena, &row, err);
	if (ok && row.counter == 0) {
		ok = make_handler_row(c, index, &arena, err) ||
		     (err_is(err, "state.conflict") && coordinator_load_handler(c, index, err)); /* another worker was quicker */
	} else if (ok) {
		if (!value_get(row.item, STR("definition"), &definition) || !value_get(row.item, STR("pin_ms"), &pin) ||
		    !value_get(row.item, STR("stream"), &stream) || !str_to_u64(pin.raw, &pin_ms))
			ok = err_set(err, ERR_FATAL, "state.row",
				     "the state table's row of kind handler, sk %.*s#%.*s, lacks stream, definition or pin_ms; "
				     "restore it, or delete it: positions stand elsewhere and are kept",
				     STR_ARG(c->set.pipeline), STR_ARG(h->name));
		else if (!str_eq(stream.raw, c->label))
			ok = replaced_stream(c, h);
		else if (!str_eq(definition.raw, h->definition))
			ok = changed_definition(c, h);
		else
			c->pin_ms[index] = (int64_t)pin_ms;
		c->row_counter[index] = row.counter;
	}
	arena_release(&arena);
	/* Another worker made it at the same moment: now it is there to be read. */
	return ok || (err_is(err, "state.conflict") && coordinator_load_handler(c, index, err));
}

static bool look_for_seek(struct coordinator *c, size_t index, struct err *err)
{
	struct coordinator_handler *h = &c->set.handlers[index];
	struct state_row row;
	struct arena arena;
	bool ok;

	arena_init(&arena, 1 << 20);
	ok = state_get(c->set.state, STATE_HANDLER, handler_row_id(c, h, &arena), &arena, &row, err);
	arena_release(&arena);
	if (!ok || row.counter == 0 || row.counter == c->row_counter[index])
		return ok;
	log_warn(c->env->log, "handler.moved", LOG_STR("pipeline", c->set.pipeline), LOG_STR("handler", h->name),
		 LOG_TEXT("hint", "its row was written by somebody else (sluice seek); its positions are read again"));
	c->loaded = false;
	c->first_start[index] = false;
	return coordinator_load_handler(c, index, err);
}

bool coordinator_look_for_seek(struct coordinator *c, struct err *err)
{
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (!c->set.handlers[h].stopped && !look_for_seek(c, h, err))
			return false;
	return true;
}

/* ---- leases' rows ---- */

struct loading {
	struct coordinator *c;
	struct str prefix;
	struct err *err;
	bool ok;
};

/* Somebody wrote the row of a lease that we hold, as by a take-over while we could
 * not be heard (T20) or by a seek: what reads it must end at once. */
static void lose(struct coordinator *c, struct member *m, const struct lease *row)
{
	log_warn(c->env->log, "lease.lost", LOG_STR("pipeline", c->set.pipeline), LOG_STR("shard", m->lease->shard_id),
		 LOG_STR("holder", row->owner), LOG_INT("counter", row->counter));
	m->lease->held = false;
	coordinator_end_readings(m);
}

static void replace(struct coordinator *c, struct member *m, struct lease *row)
{
	HASH_DEL(c->members, m);
	lease_free(m->lease);
	m->lease = row;
	HASH_ADD_KEYPTR(hh, c->members, row->shard_id.ptr, row->shard_id.len, m);
	coordinator_forget_gift(m);
}

/* A row that we hold is ahead in memory, and has our counter, or one that is about
 * to be; any other is as the table says. */
static bool load_lease(void *ctx, const struct state_row *row)
{
	struct loading *l = ctx;
	struct member *m;
	struct lease *lease;

	if (!str_starts(row->id, l->prefix))
		return true;
	lease = lease_of_row(l->c->set.loop, row, l->err);
	if (!lease) {
		l->ok = false;
		return false;
	}
	m = coordinator_member(l->c, lease->shard_id);
	if (!m) {
		coordinator_add_member(l->c, lease);
		return true;
	}
	if (m->lease->held && !m->lease->writing && !m->lease->in_doubt && lease->counter > m->lease->counter)
		lose(l->c, m, lease);
	if (coordinator_is_read(l->c, m) || m->lease->held || m->lease->counter >= lease->counter)
		lease_free(lease);
	else
		replace(l->c, m, lease);
	return true;
}

/* Whatever we know of leases that others have, or nobody, is not for us to save any more. */
static void let_go(struct coordinator *c)
{
	for (struct member *m = c->members; m; m = m->hh.next)
		m->lease->dirty = m->lease->dirty && (m->lease->held || coordinator_is_read(c, m));
}

bool coordinator_load_leases(struct coordinator *c, struct err *err)
{
	struct buf prefix;
	struct loading l = { .c = c, .err = err, .ok = true };
	bool ok;

	buf_init(&prefix, 4096);
	buf_putf(&prefix, "%.*s#%.*s#", STR_ARG(c->set.pipeline), STR_ARG(c->label));
	l.prefix = buf_str(&prefix);
	ok = state_each(c->set.state, STATE_LEASE, load_lease, &l, err) && l.ok;
	buf_release(&prefix);
	if (ok)
		let_go(c);
	return ok;
}
