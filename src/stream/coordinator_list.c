#include "coordinator_impl.h"

enum { SOON_MS = 1000 }; /* while a closed shard's child is not listed yet */

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
bool coordinator_list(struct coordinator *c, struct err *err)
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
		c->describes++;
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

/* ---- when ---- */

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
int64_t coordinator_list_pause_ms(const struct coordinator *c)
{
	if (!expects_news(c))
		return c->set.list_ms;
	if (c->soon_ms == 0)
		return SOON_MS;
	return c->soon_ms < c->set.list_ms ? c->soon_ms : c->set.list_ms;
}

bool coordinator_list_when_due(struct coordinator *c, struct err *err)
{
	int64_t pause_ms = coordinator_list_pause_ms(c);

	if (c->listed && env_mono_ms(c->env) - c->listed_ms < pause_ms)
		return true;
	c->soon_ms = 2 * pause_ms;
	return coordinator_list(c, err);
}
