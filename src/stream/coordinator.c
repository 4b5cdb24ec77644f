#include "coordinator_impl.h"

#include "sluice/core/mem.h"

enum {
	LIST_MS = 30000,
	SOON_MS = 1000,               /* while a closed shard's child is not listed yet */
	TROUBLE_MS = 1000,
	LONGEST_TROUBLE_MS = 20000,
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

void coordinator_free_member(struct member *m)
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
		coordinator_free_member(m);
	}
	lineage_free(c->lineage);
	mem_free((char *)c->stream_arn.ptr);
	mem_free(c->pin_ms);
	mem_free(c->first_start);
	mem_free(c);
}

struct member *coordinator_member(const struct coordinator *c, struct str shard_id)
{
	struct member *m = NULL;

	HASH_FIND(hh, c->members, shard_id.ptr, shard_id.len, m);
	return m;
}

struct member *coordinator_add_member(struct coordinator *c, struct lease *lease)
{
	struct member *m = mem_alloc(sizeof(*m));

	m->lease = lease;
	m->reading = mem_array(c->set.n_handlers, sizeof(*m->reading));
	HASH_ADD_KEYPTR(hh, c->members, lease->shard_id.ptr, lease->shard_id.len, m);
	return m;
}

struct str coordinator_handler_name(const struct coordinator *c, size_t h)
{
	return c->set.handlers[h].name;
}

bool coordinator_is_read(const struct coordinator *c, const struct member *m)
{
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (m->reading[h])
			return true;
	return m->lease->writing;
}

bool coordinator_is_done(const struct coordinator *c, const struct lease *lease, size_t h)
{
	const struct lease_position *p = lease_position(lease, coordinator_handler_name(c, h));

	return p && p->done;
}

bool coordinator_is_finished(const struct coordinator *c, const struct member *m)
{
	for (size_t h = 0; h < c->set.n_handlers; h++)
		if (!coordinator_is_done(c, m->lease, h))
			return false;
	return true;
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
	if (c->first_listing == 0)
		c->first_listing = c->listing;
	c->listed_ms = env_mono_ms(c->env);
	ok = true;
out:
	buf_release(&start);
	arena_release(&arena);
	return ok;
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
		if (!c->set.handlers[h].stopped && !coordinator_load_handler(c, h, err))
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

/* A disabled stream that is read to its end is said to be so, once (T11). */
static void look_for_end(struct coordinator *c)
{
	if (!c->ended || c->said_ended || c->n_readings)
		return;
	for (const struct member *m = c->members; m; m = m->hh.next)
		if (!coordinator_is_finished(c, m))
			return;
	c->said_ended = true;
	log_warn(c->env->log, "pipeline.ended", LOG_STR("pipeline", c->set.pipeline), LOG_STR("stream", c->stream_arn),
		 LOG_TEXT("hint", "the table's stream is disabled, and all of it is read; nothing more will come"));
}

/* A closed leaf has a child that is not listed yet, or a shard's parent is missing. */
static bool expects_news(const struct coordinator *c)
{
	if (c->ended)
		return false;
	for (const struct member *m = c->members; m; m = m->hh.next)
		if (coordinator_is_finished(c, m) && lineage_find(c->lineage, m->lease->shard_id) &&
		    !lineage_has_child(c->lineage, m->lease->shard_id))
			return true;
	return coordinator_misses_parent(c);
}

/* Between two listings: soon where news are expected, then more and more slowly. */
static int64_t list_pause_ms(const struct coordinator *c)
{
	if (!expects_news(c))
		return c->set.list_ms;
	if (c->soon_ms == 0)
		return SOON_MS;
	return c->soon_ms < c->set.list_ms ? c->soon_ms : c->set.list_ms;
}

static bool list_when_due(struct coordinator *c, struct err *err)
{
	int64_t pause_ms = list_pause_ms(c);

	if (c->listed && env_mono_ms(c->env) - c->listed_ms < pause_ms)
		return true;
	c->soon_ms = 2 * pause_ms;
	return list_stream(c, err);
}

/* One round: look, then take and read what is due. */
static bool step(struct coordinator *c, struct err *err)
{
	event_clear(&c->wake);
	if (!list_when_due(c, err))
		return false;
	if (!c->loaded || has_foreign_leases(c)) {
		if (!coordinator_load_leases(c, err))
			return false;
		c->loaded = true;
		if (c->loaded_ms == 0)
			c->loaded_ms = env_mono_ms(c->env);
	}
	if (has_foreign_leases(c) && !heartbeat_observe(c->set.heartbeat, err))
		return false;
	if (!coordinator_serve(c, err) || !coordinator_forget_old(c, err))
		return false;
	look_for_end(c);
	return true;
}

static int64_t pause_ms(const struct coordinator *c)
{
	int64_t pause = list_pause_ms(c) - (env_mono_ms(c->env) - c->listed_ms);

	if (pause < 1)
		pause = 1;
	if (!c->loaded && pause > SOON_MS)
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
	c->running = true;
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
	c->running = false;
	release_leases(c);
}

void coordinator_cancel_readings(struct coordinator *c)
{
	if (c->running)
		scope_cancel(&c->readings);
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
