#include "coordinator_impl.h"

#include "sluice/core/mem.h"

enum {
	ANSWER_BYTES = 8 << 20,
	MAX_PAGES = 10000,
	GONE_AFTER = 6,               /* answers in a row that there is no such stream, */
	GONE_MS = 2 * 60 * 1000,      /* over so long: then it is gone */
};

/* ---- calls ---- */

/* In turn with all other coordinators of the worker (T27). */
static bool describe(struct coordinator *c, struct str start, struct str child_of, struct arena *arena,
		     struct stream_description *d, struct err *err)
{
	bool ok;

	if (!pace_wait(c->set.describe, err))
		return false;
	c->describes++;
	ok = streams_describe(c->set.streams, c->stream_arn, start, child_of, arena, d, err);
	if (ok) {
		pace_succeeded(c->set.describe);
		c->not_found = 0;
		c->gone = false;
	} else if (err->class == ERR_THROTTLE) {
		pace_throttled(c->set.describe);
	}
	return ok;
}

/* How many shards of the answer nobody had shown before. What stands between two
 * listings counts for the next one: the last was over before. */
static size_t take_up(struct coordinator *c, const struct stream_description *d)
{
	uint64_t listing = c->listing_open ? c->listing : c->listing + 1;
	int64_t now_ms = env_mono_ms(c->env);
	size_t fresh = 0;

	for (size_t i = 0; i < d->count; i++) {
		fresh += lineage_find(c->lineage, d->shards[i].id) == NULL;
		lineage_add(c->lineage, &d->shards[i], listing, now_ms);
	}
	if (fresh)
		c->soon_ms = 0;
	return fresh;
}

/* ---- listings ---- */

/* LastEvaluatedShardId of an earlier page: the listing would never end (T7). */
static bool has_been_at(const struct coordinator *c, struct str last)
{
	uint64_t hash = str_hash(last);

	for (size_t i = 0; i < c->n_pages; i++)
		if (c->pages[i] == hash)
			return true;
	return c->n_pages == MAX_PAGES;
}

static void note_page(struct coordinator *c, struct str last)
{
	if (c->n_pages == c->cap_pages) {
		c->cap_pages = c->cap_pages ? 2 * c->cap_pages : 16;
		c->pages = mem_resize(c->pages, c->cap_pages * sizeof(*c->pages));
	}
	c->pages[c->n_pages++] = str_hash(last);
	buf_clear(&c->next_page);
	buf_put(&c->next_page, last);
}

/* Between nine and eleven tenths, so that workers do not list in step. */
static int64_t with_jitter(const struct coordinator *c, int64_t ms)
{
	return ms - ms / 10 + (int64_t)rng_below(&c->env->rng, (uint64_t)ms / 5 + 1);
}

static void end_listing(struct coordinator *c, struct str status)
{
	c->ended = str_eq(status, STR("DISABLED"));
	c->n_disabled = c->ended ? c->n_disabled + 1 : 0;
	c->listing_open = false;
	c->listed = true;
	c->complete = c->listing;
	c->n_complete++;
	c->pages_needed = c->n_pages + 1;
	c->listed_ms = env_mono_ms(c->env);
	c->list_wait_ms = with_jitter(c, c->set.list_ms);
	lineage_end_listing(c->lineage, c->listing);
	for (struct member *m = c->members; m; m = m->hh.next)
		if (m->ask_ms <= c->listed_ms && coordinator_awaits_child(c, m))
			coordinator_put_off(c, m);
}

static void begin_listing(struct coordinator *c)
{
	c->listing++;
	c->listing_open = true;
	c->list_now = false;
	c->n_pages = 0;
	buf_clear(&c->next_page);
	if (c->soon_ms < c->set.list_ms)
		c->soon_ms = c->soon_ms ? 2 * c->soon_ms : 2 * DISCOVER_SOON_MS;
}

/* Said often enough it is believed, and asked again only as often as things are
 * listed. */
static bool is_gone(struct coordinator *c, const struct err *err)
{
	int64_t now_ms = env_mono_ms(c->env);

	if (!err_is(err, "ResourceNotFoundException"))
		return false;
	if (c->not_found++ == 0)
		c->not_found_ms = now_ms;
	if (c->not_found < GONE_AFTER || now_ms - c->not_found_ms < GONE_MS)
		return false;
	if (!c->gone)
		log_error(c->env->log, "stream.gone", LOG_STR("pipeline", c->set.pipeline), LOG_STR("stream", c->stream_arn),
			  LOG_TEXT("hint", "it was disabled more than a day ago, or its table was deleted"));
	c->gone = true;
	c->listed_ms = now_ms;
	c->list_wait_ms = with_jitter(c, c->set.list_ms);
	return true;
}

/* A page that failed is asked for again; a listing that cannot go on begins anew. */
static bool failed_page(struct coordinator *c, struct err *err)
{
	if (!err_can_wait(err) || err_is(err, "ResourceNotFoundException"))
		c->listing_open = false;
	return is_gone(c, err);
}

bool coordinator_list_page(struct coordinator *c, struct err *err)
{
	struct stream_description d;
	struct arena arena;
	bool ok;

	if (!c->listing_open)
		begin_listing(c);
	arena_init(&arena, ANSWER_BYTES);
	ok = describe(c, buf_str(&c->next_page), str_of(NULL, 0), &arena, &d, err);
	if (!ok) {
		ok = failed_page(c, err);
	} else {
		take_up(c, &d);
		if (d.last_evaluated_shard.len == 0) {
			end_listing(c, d.status);
		} else if (has_been_at(c, d.last_evaluated_shard)) {
			c->listing_open = false;
			ok = err_set(err, ERR_RETRY, "stream.listing_loops",
				     "DescribeStream of %.*s came back to shard %.*s after %zu pages: it does not end",
				     STR_ARG(c->stream_arn), STR_ARG(d.last_evaluated_shard), c->n_pages);
		} else {
			note_page(c, d.last_evaluated_shard);
		}
	}
	arena_release(&arena);
	return ok;
}

bool coordinator_list(struct coordinator *c, struct err *err)
{
	do {
		if (c->stopping)
			return err_set(err, ERR_CANCELLED, "cancelled", "stopped while it was listing");
		if (!coordinator_list_page(c, err))
			return false;
	} while (c->listing_open);
	return true;
}

/* ---- children ---- */

bool coordinator_awaits_child(const struct coordinator *c, struct member *m)
{
	const struct lineage_shard *s = coordinator_shard(c, m);

	/* One that the listing under way has shown closed may have its child on a later page. */
	return s && !c->ended && !c->gone && s->n_children == 0 &&
	       (m->ended || (s->closed && s->closed_in <= c->complete) || coordinator_is_finished(c, m));
}

void coordinator_put_off(struct coordinator *c, struct member *m)
{
	m->ask_pause_ms = m->ask_pause_ms ? 2 * m->ask_pause_ms : DISCOVER_SOON_MS;
	m->ask_ms = env_mono_ms(c->env) + with_jitter(c, m->ask_pause_ms);
}

/* Who does not know the filter is asked for all shards from now on. */
static bool refused_filter(struct coordinator *c, const struct err *err)
{
	if (err->class != ERR_DATA && err->class != ERR_FATAL)
		return false;
	c->no_filter = true;
	c->list_now = true;
	log_info(c->env->log, "stream.no_filter", LOG_STR("pipeline", c->set.pipeline), LOG_STR("stream", c->stream_arn),
		 LOG_TEXT("hint", "this service does not tell a shard's children alone; all shards are listed instead"),
		 LOG_ERR(err));
	return true;
}

/* The answer may be wrong (no child, others' children): what it shows counts as in
 * a listing, what it does not show is asked for again. Pages end with the first
 * that shows nothing new, so that a repeated page cannot hold us. */
bool coordinator_ask_children(struct coordinator *c, struct member *m, struct err *err)
{
	struct stream_description d = { 0 };
	struct arena arena;
	struct buf start, id;
	bool ok, more;

	coordinator_put_off(c, m);
	arena_init(&arena, ANSWER_BYTES);
	buf_init(&start, 256);
	buf_init(&id, 256);
	buf_put(&id, m->lease->shard_id); /* the member may go meanwhile */
	do {
		arena_reset(&arena);
		ok = describe(c, buf_str(&start), buf_str(&id), &arena, &d, err);
		more = ok && take_up(c, &d) && d.last_evaluated_shard.len;
		buf_clear(&start);
		if (more)
			buf_put(&start, d.last_evaluated_shard);
	} while (more);
	if (ok && str_eq(d.status, STR("DISABLED")))
		c->list_now = true;
	else if (!ok && err_is(err, "ResourceNotFoundException"))
		ok = c->list_now = true; /* the shard or the stream? the listing tells */
	else if (!ok)
		ok = refused_filter(c, err);
	buf_release(&id);
	buf_release(&start);
	arena_release(&arena);
	return ok;
}
