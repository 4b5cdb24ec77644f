#include "sluice/stream/coordinator.h"

#include "sluice/core/json_write.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/stream/lineage.h"

#include <assert.h>
#include <stdio.h>
#include <uthash.h>

enum {
	LIST_MS = 30000,
	SOON_MS = 1000,               /* while a closed shard's child is not listed yet */
	TROUBLE_MS = 1000,
	LONGEST_TROUBLE_MS = 20000,
	FORGET_MS = 10 * 60 * 1000,   /* an unlisted finished shard's row is kept so long */
	VERSION_SHIFT = 20,           /* DESIGN: v counts from seconds << 20 */
};

/* What is known of one shard of this pipeline. */
struct member {
	struct lease *lease;
	bool *reading;                /* per handler: a reading is under way */
	bool fresh;                   /* open and unknown to the state: LATEST may be used */
	bool past;                    /* closed before the first start's time was taken */
	UT_hash_handle hh;
};

struct coordinator {
	struct coordinator_settings set;
	struct env *env;
	struct str stream_arn, label;  /* owned */
	struct lineage *lineage;
	struct member *members;        /* by shard id */
	int64_t *pin_ms;               /* per handler: from its row */
	bool *first_start;             /* per handler: its row was made by this start */
	struct scope readings;
	struct event wake;
	uint64_t listing;
	int64_t listed_ms;
	bool listed, loaded, stopping, ended;
	size_t n_readings;
};

/* ---- making ---- */

struct coordinator *coordinator_new(const struct coordinator_settings *settings)
{
	struct coordinator *c = mem_alloc(sizeof(*c));

	c->set = *settings;
	if (c->set.list_ms == 0)
		c->set.list_ms = LIST_MS;
	c->env = loop_env(settings->loop);
	c->lineage = lineage_new();
	c->pin_ms = mem_array(settings->n_handlers, sizeof(*c->pin_ms));
	c->first_start = mem_array(settings->n_handlers, sizeof(*c->first_start));
	event_init(&c->wake, settings->loop);
	return c;
}

static void member_free(struct member *m)
{
	lease_free(m->lease);
	mem_free(m->reading);
	mem_free(m);
}

void coordinator_free(struct coordinator *c)
{
	struct member *m, *next;

	if (!c)
		return;
	HASH_ITER(hh, c->members, m, next) {
		HASH_DEL(c->members, m);
		member_free(m);
	}
	lineage_free(c->lineage);
	mem_free((char *)c->stream_arn.ptr);
	mem_free(c->pin_ms);
	mem_free(c->first_start);
	mem_free(c);
}

static struct member *find_member(const struct coordinator *c, struct str shard_id)
{
	struct member *m = NULL;

	HASH_FIND(hh, c->members, shard_id.ptr, shard_id.len, m);
	return m;
}

static struct member *add_member(struct coordinator *c, struct lease *lease)
{
	struct member *m = mem_alloc(sizeof(*m));

	m->lease = lease;
	m->reading = mem_array(c->set.n_handlers, sizeof(*m->reading));
	HASH_ADD_KEYPTR(hh, c->members, lease->shard_id.ptr, lease->shard_id.len, m);
	return m;
}

/* ---- the table and its stream ---- */

static bool describe_table(struct coordinator *c, struct err *err)
{
	struct table_description t;
	struct arena arena;
	bool ok = false;
	size_t label;

	arena_init(&arena, 1 << 20);
	if (!dynamodb_describe_table(c->set.dynamodb, c->set.table, &arena, &t, err)) {
		if (err_is(err, "ResourceNotFoundException"))
			err_set(err, ERR_RETRY, "table.missing",
				"table %.*s does not exist at %.*s; create it with a stream, or mend pipeline %.*s's table setting",
				STR_ARG(c->set.table), STR_ARG(aws_client_endpoint(c->set.dynamodb)), STR_ARG(c->set.pipeline));
		goto out;
	}
	if (t.stream_arn.len == 0) {
		err_set(err, ERR_RETRY, "table.no_stream",
			"table %.*s has no stream; enable one with NEW_AND_OLD_IMAGES (UpdateTable, StreamSpecification)",
			STR_ARG(c->set.table));
		goto out;
	}
	if (!c->set.described(c->set.ctx, &t, err))
		goto out;
	c->stream_arn = str_of(mem_dup(t.stream_arn.ptr, t.stream_arn.len), t.stream_arn.len);
	label = str_find(c->stream_arn, STR("/stream/"));
	c->label = label == SIZE_MAX ? c->stream_arn : str_from(c->stream_arn, label + 8);
	ok = true;
out:
	arena_release(&arena);
	return ok;
}

/* ---- handlers' rows ---- */

static bool changed_definition(struct coordinator *c, struct coordinator_handler *h)
{
	struct err err;

	err_set(&err, ERR_FATAL, "handler.changed",
		"the definition of handler %.*s is not the one its rows were made with; rows of two definitions would mix. "
		"Give the handler a new name and an empty target table, or restore the old definition",
		STR_ARG(h->name));
	log_error(c->env->log, "handler.stopped", LOG_STR("pipeline", c->set.pipeline), LOG_STR("handler", h->name),
		  LOG_ERR(&err));
	h->stopped = true;
	return true;
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
	struct str attributes = arena_putf(arena, "\"definition\":{\"S\":\"%.*s\"},\"pin_ms\":{\"N\":\"%lld\"}",
					   STR_ARG(h->definition), (long long)pin_ms);

	if (!state_put(c->set.state, STATE_HANDLER, handler_row_id(c, h, arena), 0, attributes, err))
		return false;
	c->pin_ms[index] = pin_ms;
	c->first_start[index] = true;
	return true;
}

static bool load_handler_row(struct coordinator *c, size_t index, struct err *err)
{
	struct coordinator_handler *h = &c->set.handlers[index];
	struct value definition, pin;
	struct state_row row;
	struct arena arena;
	uint64_t pin_ms;
	bool ok;

	arena_init(&arena, 1 << 20);
	ok = state_get(c->set.state, STATE_HANDLER, handler_row_id(c, h, &arena), &arena, &row, err);
	if (ok && row.counter == 0) {
		ok = make_handler_row(c, index, &arena, err);
	} else if (ok) {
		if (!value_get(row.item, STR("definition"), &definition) || !value_get(row.item, STR("pin_ms"), &pin) ||
		    !str_to_u64(pin.raw, &pin_ms))
			ok = err_set(err, ERR_FATAL, "state.row", "the state row of handler %.*s is damaged", STR_ARG(h->name));
		else if (!str_eq(definition.raw, h->definition))
			ok = changed_definition(c, h);
		else
			c->pin_ms[index] = (int64_t)pin_ms;
	}
	arena_release(&arena);
	return ok;
}

/* ---- leases' rows ---- */

static bool is_being_read(const struct coordinator *c, const struct member *m)
{
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (m->reading[h])
			return true;
	return m->lease->writing;
}

struct loading {
	struct coordinator *c;
	struct str prefix;
	struct err *err;
	bool ok;
};

/* A row that we hold is ahead in memory; any other is as the table says. */
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
	m = find_member(l->c, lease->shard_id);
	if (!m) {
		add_member(l->c, lease);
	} else if (is_being_read(l->c, m) || m->lease->held || m->lease->counter >= lease->counter) {
		lease_free(lease);
	} else {
		HASH_DEL(l->c->members, m);
		lease_free(m->lease);
		m->lease = lease;
		HASH_ADD_KEYPTR(hh, l->c->members, lease->shard_id.ptr, lease->shard_id.len, m);
	}
	return true;
}

static bool load_leases(struct coordinator *c, struct err *err)
{
	struct buf prefix;
	struct loading l = { .c = c, .err = err, .ok = true };
	bool ok;

	buf_init(&prefix, 4096);
	buf_putf(&prefix, "%.*s#%.*s#", STR_ARG(c->set.pipeline), STR_ARG(c->label));
	l.prefix = buf_str(&prefix);
	ok = state_each(c->set.state, STATE_LEASE, load_lease, &l, err) && l.ok;
	buf_release(&prefix);
	return ok;
}

/* ---- listing the stream ---- */

static bool loops(struct coordinator *c, struct str last, struct err *err)
{
	return err_set(err, ERR_RETRY, "stream.listing_loops",
		       "DescribeStream of %.*s came back to shard %.*s without showing a new one", STR_ARG(c->stream_arn),
		       STR_ARG(last));
}

static size_t take_up(struct coordinator *c, const struct stream_description *d)
{
	int64_t now_ms = env_mono_ms(c->env);
	size_t fresh = 0;

	for (size_t i = 0; i < d->count; i++) {
		const struct lineage_shard *known = lineage_find(c->lineage, d->shards[i].id);

		fresh += !known || known->listed_in != c->listing;
		lineage_add(c->lineage, &d->shards[i], c->listing, now_ms);
	}
	return fresh;
}

/* What a page of the listing says; reading starts before the listing ends. */
static bool list_stream(struct coordinator *c, struct err *err)
{
	struct stream_description d;
	struct arena arena;
	struct buf start;
	bool ok = false;

	arena_init(&arena, 8 << 20);
	buf_init(&start, 256);
	c->listing++;
	do {
		arena_reset(&arena);
		if (!streams_describe(c->set.streams, c->stream_arn, buf_str(&start), str_of(NULL, 0), &arena, &d, err))
			goto out;
		if (take_up(c, &d) == 0 && d.last_evaluated_shard.len) {
			loops(c, d.last_evaluated_shard, err);
			goto out;
		}
		buf_clear(&start);
		buf_put(&start, d.last_evaluated_shard);
	} while (start.len);
	c->ended = str_eq(d.status, STR("DISABLED"));
	c->listed = true;
	c->listed_ms = env_mono_ms(c->env);
	ok = true;
out:
	buf_release(&start);
	arena_release(&arena);
	return ok;
}

/* ---- who is entitled to what ---- */

static struct str handler_name(const struct coordinator *c, size_t h)
{
	return c->set.handlers[h].name;
}

static bool is_done(const struct coordinator *c, const struct lease *lease, size_t h)
{
	const struct lease_position *p = lease_position(lease, handler_name(c, h));

	return p && p->done;
}

/* Has the handler nothing more to do in the shard's parent? */
static bool parent_is_done(const struct coordinator *c, struct str parent_id, size_t h)
{
	const struct member *parent;

	if (parent_id.len == 0)
		return true;
	parent = find_member(c, parent_id);
	if (parent && lease_position(parent->lease, handler_name(c, h)))
		return is_done(c, parent->lease, h);
	return lineage_find(c->lineage, parent_id) == NULL; /* trimmed, or never known: a root (T2) */
}

static uint64_t high_water(const struct coordinator *c, size_t h)
{
	uint64_t high = 0;

	for (const struct member *m = c->members; m; m = m->hh.next) {
		const struct lease_position *p = lease_position(m->lease, handler_name(c, h));

		if (p && p->position.v > high)
			high = p->position.v;
	}
	return high;
}

/* Where the handler begins in a shard it has not been in (DESIGN: Version). */
static void begin(struct coordinator *c, struct member *m, size_t h)
{
	struct lease *lease = m->lease;
	const struct member *parent = lease->parent_id.len ? find_member(c, lease->parent_id) : NULL;
	const struct lease_position *before = parent ? lease_position(parent->lease, handler_name(c, h)) : NULL;
	uint64_t now_v = (uint64_t)(aws_service_time_ms(c->set.streams) / 1000) << VERSION_SHIFT;
	uint64_t high = high_water(c, h);
	struct lease_position *p = lease_add_position(lease, handler_name(c, h));

	p->pin_ms = c->pin_ms[h];
	p->done = m->past && c->first_start[h] && c->set.start == STREAM_START_LATEST;
	if (before)
		p->position.v = before->position.v;
	else
		p->position.v = high > now_v ? high : now_v;
}

/* Entitled, not done, not stopped, not being read already. */
static bool wants(const struct coordinator *c, const struct member *m, size_t h)
{
	return !c->set.handlers[h].stopped && !m->reading[h] && !is_done(c, m->lease, h) &&
	       parent_is_done(c, m->lease->parent_id, h);
}

/* ---- readings ---- */

static void reading_task(void *arg)
{
	struct reading *r = arg;
	struct coordinator *c = r->coordinator;
	struct member *m = find_member(c, r->lease->shard_id);

	c->set.read(c->set.ctx, r);
	for (size_t i = 0; i < r->n_handlers; i++)
		m->reading[r->handlers[i]] = false;
	c->n_readings--;
	mem_free(r->handlers);
	mem_free(r);
	coordinator_wake(c);
}

static void start_reading(struct coordinator *c, struct member *m)
{
	struct reading *r = mem_alloc(sizeof(*r));

	*r = (struct reading){ .coordinator = c, .lease = m->lease, .stream_arn = c->stream_arn };
	r->handlers = mem_array(c->set.n_handlers, sizeof(*r->handlers));
	r->latest = c->set.start == STREAM_START_LATEST && m->fresh;
	for (size_t h = 0; h < c->set.n_handlers; h++) {
		if (!wants(c, m, h))
			continue;
		m->reading[h] = true;
		r->latest = r->latest && c->first_start[h];
		r->handlers[r->n_handlers++] = h;
	}
	m->fresh = false;
	c->n_readings++;
	log_info(c->env->log, "shard.open", LOG_STR("pipeline", c->set.pipeline), LOG_STR("shard", m->lease->shard_id),
		 LOG_INT("handlers", r->n_handlers));
	scope_spawn(&c->readings, "reading", reading_task, r);
}

static bool anybody_wants(const struct coordinator *c, const struct member *m)
{
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (wants(c, m, h))
			return true;
	return false;
}

/* Gives every entitled handler its place, saves the row, reads. */
static bool serve(struct coordinator *c, struct member *m, struct err *err)
{
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (wants(c, m, h) && !lease_position(m->lease, handler_name(c, h)))
			begin(c, m, h);
	if (!m->lease->held) {
		if (!lease_take(m->lease, c->set.heartbeat, err))
			return err_is(err, "lease.lost"); /* another worker was quicker */
		log_info(c->env->log, "lease.taken", LOG_STR("pipeline", c->set.pipeline),
			 LOG_STR("shard", m->lease->shard_id), LOG_INT("counter", m->lease->counter));
	} else if (!lease_save(m->lease, c->set.heartbeat, err)) {
		return false;
	}
	if (anybody_wants(c, m))
		start_reading(c, m);
	else
		coordinator_wake(c); /* all of it lies before the start: on to its children */
	return true;
}

/* Free, its owner is dead, or it is ours by a write whose answer got lost. */
static bool may_take(struct coordinator *c, const struct member *m)
{
	const struct lease *l = m->lease;

	if (is_being_read(c, m)) /* lost while being read: that reading must end first */
		return false;
	return l->owner.len == 0 || str_eq(l->owner, c->set.heartbeat->session) ||
	       heartbeat_is_dead(c->set.heartbeat, l->owner);
}

static struct member *make_member(struct coordinator *c, const struct lineage_shard *s)
{
	struct buf id;
	struct member *m;

	buf_init(&id, 4096);
	buf_putf(&id, "%.*s#%.*s#%.*s", STR_ARG(c->set.pipeline), STR_ARG(c->label), STR_ARG(s->id));
	m = add_member(c, lease_new(c->set.loop, buf_str(&id), s->id, s->parent));
	m->fresh = !s->closed;
	m->past = s->closed && c->listing == 1;
	buf_release(&id);
	return m;
}

static bool serve_shards(struct coordinator *c, struct err *err)
{
	for (const struct lineage_shard *s = lineage_next(c->lineage, NULL); s; s = lineage_next(c->lineage, s))
		if (!find_member(c, s->id))
			make_member(c, s);
	for (struct member *m = c->members, *next; m && !c->stopping; m = next) {
		next = m->hh.next;
		if (!anybody_wants(c, m) || (!m->lease->held && !may_take(c, m)))
			continue;
		if (!heartbeat_may_send(c->set.heartbeat, err) || !serve(c, m, err))
			return false;
	}
	return true;
}

static bool is_finished(const struct coordinator *c, const struct member *m)
{
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (!is_done(c, m->lease, h))
			return false;
	return true;
}

/* ---- what is no longer needed ---- */

/* A finished shard's row goes when the stream has not listed it for a while, so
 * that it is not read again (T9), and its children have inherited v from it. */
static bool children_have_begun(const struct coordinator *c, struct str id)
{
	for (const struct lineage_shard *s = lineage_next(c->lineage, NULL); s; s = lineage_next(c->lineage, s)) {
		const struct member *child;

		if (!str_eq(s->parent, id))
			continue;
		child = find_member(c, s->id);
		if (!child || child->lease->counter == 0)
			return false;
		for (size_t h = 0; h < c->set.n_handlers; h++)
			if (!lease_position(child->lease, handler_name(c, h)))
				return false;
	}
	return true;
}

static bool forget(struct coordinator *c, struct member *m, struct err *err)
{
	struct str id = m->lease->shard_id;

	if (m->lease->counter && !state_remove(c->set.state, STATE_LEASE, m->lease->id, m->lease->counter, err) &&
	    !err_is(err, "state.conflict"))
		return false;
	log_info(c->env->log, "shard.forgotten", LOG_STR("pipeline", c->set.pipeline), LOG_STR("shard", id));
	HASH_DEL(c->members, m);
	lineage_forget(c->lineage, id);
	member_free(m);
	return true;
}

static bool forget_old(struct coordinator *c, struct err *err)
{
	int64_t now_ms = env_mono_ms(c->env);

	for (struct member *m = c->members, *next; m; m = next) {
		const struct lineage_shard *s = lineage_find(c->lineage, m->lease->shard_id);

		next = m->hh.next;
		if (!m->lease->held || !is_finished(c, m) || m->lease->writing)
			continue;
		if (!s || now_ms - s->seen_ms < FORGET_MS || !children_have_begun(c, m->lease->shard_id))
			continue;
		if (!forget(c, m, err))
			return false;
	}
	return true;
}

/* ---- its life ---- */

static bool open_pipeline(struct coordinator *c, struct err *err)
{
	if (c->stream_arn.len == 0 && !describe_table(c, err))
		return false;
	/* Listed before a first start takes its time: what is closed by now lies wholly
	 * before it. */
	if (!c->listed && !list_stream(c, err))
		return false;
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (!c->set.handlers[h].stopped && !load_handler_row(c, h, err))
			return false;
	return true;
}

static bool has_foreign_leases(const struct coordinator *c)
{
	for (const struct member *m = c->members; m; m = m->hh.next)
		if (!m->lease->held && m->lease->owner.len)
			return true;
	return false;
}

/* One round: look, then take and read what is due. */
static bool step(struct coordinator *c, struct err *err)
{
	int64_t now_ms = env_mono_ms(c->env);

	if (!c->listed || now_ms - c->listed_ms >= c->set.list_ms || c->wake.set)
		if (!list_stream(c, err))
			return false;
	event_clear(&c->wake);
	if (!c->loaded || has_foreign_leases(c)) {
		if (!load_leases(c, err))
			return false;
		c->loaded = true;
	}
	if (has_foreign_leases(c) && !heartbeat_observe(c->set.heartbeat, err))
		return false;
	return serve_shards(c, err) && forget_old(c, err);
}

/* A closed leaf has a child that is not listed yet. */
static bool expects_children(const struct coordinator *c)
{
	if (c->ended)
		return false;
	for (const struct member *m = c->members; m; m = m->hh.next)
		if (is_finished(c, m) && !lineage_has_child(c->lineage, m->lease->shard_id))
			return true;
	return false;
}

static int64_t pause_ms(const struct coordinator *c)
{
	int64_t pause = c->set.list_ms;

	if (expects_children(c) && pause > SOON_MS)
		pause = SOON_MS;
	if (has_foreign_leases(c) && pause > c->set.heartbeat->failover_ms / 3)
		pause = c->set.heartbeat->failover_ms / 3;
	return pause;
}

/* Transient trouble at the start or later is waited out, loudly. */
static bool trouble(struct coordinator *c, const struct err *err, unsigned *failures)
{
	int64_t pause = TROUBLE_MS;

	for (unsigned i = 0; i < *failures && pause < LONGEST_TROUBLE_MS; i++)
		pause *= 2;
	(*failures)++;
	if (err->class == ERR_CANCELLED)
		return false;
	log_at(c->env->log, err->class == ERR_FATAL ? LOG_ERROR : LOG_WARN, "pipeline.waiting",
	       LOG_STR("pipeline", c->set.pipeline), LOG_STR("table", c->set.table), LOG_INT("retry_ms", pause),
	       LOG_ERR(err));
	event_clear(&c->wake);
	return c->stopping || event_wait(&c->wake, pause, NULL, NULL);
}

static void release_leases(struct coordinator *c)
{
	struct err err;

	for (struct member *m = c->members; m; m = m->hh.next) {
		if (!m->lease->held || lease_release(m->lease, c->set.heartbeat, &err))
			continue;
		log_warn(c->env->log, "lease.release_failed", LOG_STR("shard", m->lease->shard_id), LOG_ERR(&err));
	}
}

void coordinator_run(struct coordinator *c)
{
	unsigned failures = 0;
	bool opened = false, alive = true;
	struct err err;

	scope_init(&c->readings, c->set.loop);
	while (alive && !c->stopping) {
		if (!opened)
			opened = open_pipeline(c, &err);
		if (opened && step(c, &err)) {
			failures = 0;
			alive = event_wait(&c->wake, pause_ms(c), NULL, NULL);
		} else {
			alive = trouble(c, &err, &failures);
		}
	}
	scope_wait(&c->readings);
	release_leases(c);
}

void coordinator_stop(struct coordinator *c)
{
	c->stopping = true;
	event_set(&c->wake);
}

void coordinator_wake(struct coordinator *c)
{
	event_set(&c->wake);
}

struct coordinator_status coordinator_status(const struct coordinator *c)
{
	struct coordinator_status s = { .stream_arn = c->stream_arn, .ended = c->ended, .readings = c->n_readings };

	for (const struct member *m = c->members; m; m = m->hh.next) {
		s.shards++;
		s.held += m->lease->held;
		s.finished += is_finished(c, m);
	}
	return s;
}

const struct lease *coordinator_next_lease(const struct coordinator *c, const struct lease *after)
{
	const struct member *m = after ? find_member(c, after->shard_id)->hh.next : c->members;

	return m ? m->lease : NULL;
}
