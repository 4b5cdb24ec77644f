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
void coordinator_stop_replaced(struct coordinator *c, size_t index)
{
	struct coordinator_handler *h = &c->set.handlers[index];
	struct err err;

	err_set(&err, ERR_FATAL, "stream.replaced",
		"table %.*s has a new stream; what was written before it was enabled never reached handler %.*s. To begin "
		"with the new stream give the handler a new name (and an empty target)%s",
		STR_ARG(c->set.table), STR_ARG(h->name),
		h->definition.len ? "" : ", or set on_new_stream = \"continue\"");
	stop_handler(c, h, &err);
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

/* Makes or replaces the row; the place holds what is in it then. */
static bool write_handler(struct coordinator *c, size_t index, const struct place *p, struct err *err)
{
	struct coordinator_handler *h = &c->set.handlers[index];
	struct arena arena;
	struct buf attributes;
	bool ok;

	arena_init(&arena, 1 << 16);
	buf_init(&attributes, 1 << 16);
	buf_putf(&attributes, "\"stream\":{\"S\":\"%.*s\"},\"definition\":{\"S\":\"%.*s\"},\"pin_ms\":{\"N\":\"%lld\"}",
		 STR_ARG(p->label), STR_ARG(h->definition), (long long)p->pin_ms);
	if (p->high_v)
		buf_putf(&attributes, ",\"v\":{\"N\":\"%llu\"}", (unsigned long long)p->high_v);
	if (p->lost)
		buf_putf(&attributes, ",\"lost\":{\"N\":\"%llu\"}", (unsigned long long)p->lost);
	ok = state_put(c->set.state, STATE_HANDLER, handler_row_id(c, h, &arena), p->counter, buf_str(&attributes), err);
	buf_release(&attributes);
	arena_release(&arena);
	return ok;
}

static void set_label(struct place *p, struct str label)
{
	mem_free((char *)p->label.ptr);
	p->label = str_of(mem_dup(label.ptr, label.len), label.len);
}

bool coordinator_make_handler(struct coordinator *c, size_t index, struct err *err)
{
	struct coordinator_handler *h = &c->set.handlers[index];
	struct place *p = &c->places[index];
	struct place made = { .label = coordinator_label_of(c->newest_arn), .pin_ms = first_pin_ms(c) };

	if (!write_handler(c, index, &made, err)) /* another worker may have made it at the same moment */
		return err_is(err, "state.conflict") && coordinator_load_handler(c, index, err);
	set_label(p, made.label);
	p->counter = 1;
	p->pin_ms = made.pin_ms;
	p->before_start = c->complete;
	log_info(c->env->log, "handler.first_start", LOG_STR("pipeline", c->set.pipeline), LOG_STR("handler", h->name),
		 LOG_TEXT("hint", h->definition.len ? "a new handler wants an empty target: a counter adds to what its rows hold" :
						      "it begins where the settings' start says"));
	return true;
}

static bool optional_number(struct value item, struct str name, uint64_t *out)
{
	struct value v;

	*out = 0;
	return !value_get(item, name, &v) || str_to_u64(v.raw, out);
}

static bool read_handler(struct coordinator *c, size_t index, const struct state_row *row, struct err *err)
{
	struct coordinator_handler *h = &c->set.handlers[index];
	struct place *p = &c->places[index];
	struct value definition, pin, stream;
	uint64_t pin_ms;

	if (!value_get(row->item, STR("definition"), &definition) || !value_get(row->item, STR("pin_ms"), &pin) ||
	    !value_get(row->item, STR("stream"), &stream) || !str_to_u64(pin.raw, &pin_ms) || stream.raw.len == 0 ||
	    !optional_number(row->item, STR("v"), &p->high_v) || !optional_number(row->item, STR("lost"), &p->lost))
		return err_set(err, ERR_FATAL, "state.row",
			       "the state table's row of kind handler, sk %.*s#%.*s, lacks stream, definition or pin_ms, or has "
			       "others of the wrong type; restore it, or delete it: positions stand elsewhere and are kept",
			       STR_ARG(c->set.pipeline), STR_ARG(h->name));
	set_label(p, stream.raw); /* of a stopped one, too: its positions are still needed */
	p->counter = row->counter;
	p->pin_ms = (int64_t)pin_ms;
	return h->stopped || str_eq(definition.raw, h->definition) || changed_definition(c, h);
}

bool coordinator_load_handler(struct coordinator *c, size_t index, struct err *err)
{
	struct state_row row;
	struct arena arena;
	bool ok;

	arena_init(&arena, 1 << 20);
	ok = state_get(c->set.state, STATE_HANDLER, handler_row_id(c, &c->set.handlers[index], &arena), &arena, &row, err);
	if (ok && row.counter)
		ok = read_handler(c, index, &row, err);
	else if (ok)
		set_label(&c->places[index], str_of(NULL, 0));
	arena_release(&arena);
	return ok;
}

static bool look_for_seek(struct coordinator *c, size_t index, struct err *err)
{
	struct coordinator_handler *h = &c->set.handlers[index];
	struct place *p = &c->places[index];
	struct state_row row;
	struct arena arena;
	bool ok;

	arena_init(&arena, 1 << 20);
	ok = state_get(c->set.state, STATE_HANDLER, handler_row_id(c, h, &arena), &arena, &row, err);
	arena_release(&arena);
	if (!ok || row.counter == 0 || row.counter == p->counter)
		return ok;
	log_warn(c->env->log, "handler.moved", LOG_STR("pipeline", c->set.pipeline), LOG_STR("handler", h->name),
		 LOG_TEXT("hint", "its row was written by somebody else (sluice seek); its positions are read again"));
	c->loaded = false;
	p->before_start = 0;
	return coordinator_load_handler(c, index, err);
}

bool coordinator_look_for_seek(struct coordinator *c, struct err *err)
{
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (!c->set.handlers[h].stopped && !look_for_seek(c, h, err))
			return false;
	return true;
}

/* Two workers may both find that the old stream has ended; the row's counter lets
 * one of them win, and a write whose answer was lost shows as if another had. */
bool coordinator_move_handler(struct coordinator *c, size_t index, struct str label, struct err *err)
{
	struct coordinator_handler *h = &c->set.handlers[index];
	struct place *p = &c->places[index], moved;

	if (!coordinator_load_handler(c, index, err))
		return false;
	if (h->stopped || !str_eq(p->label, c->label))
		return true;
	moved = (struct place){ .label = label, .counter = p->counter, .high_v = coordinator_high_v(c, index) };
	moved.lost = p->lost + 1 + c->gone; /* what lay between the streams, and what the old one still had */
	if (!write_handler(c, index, &moved, err))
		return err_is(err, "state.conflict") && coordinator_load_handler(c, index, err);
	log_error(c->env->log, "records.lost_between_streams", LOG_STR("pipeline", c->set.pipeline),
		  LOG_STR("handler", h->name), LOG_STR("from", c->label), LOG_STR("to", label), LOG_INT("lost", moved.lost),
		  LOG_TEXT("hint", "on_new_stream = \"continue\": it begins at the new stream's horizon"));
	set_label(p, label);
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
		coordinator_add_member(l->c, lease)->row_seen = l->c->loads + 1;
		return true;
	}
	m->row_seen = l->c->loads + 1;
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
	c->high_ms = 0;
	buf_release(&prefix);
	if (!ok)
		return false;
	c->loads++;
	let_go(c);
	return true;
}
