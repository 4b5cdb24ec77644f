#include "sim/world/scenario.h"

#include "sluice/core/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { SETTLE_MS = 10 * MINUTE_MS, POLL_MS = 100, ID_BYTES = 200 };

/* ---- the list ---- */

static const struct scenario *const lists[] = {
	scenarios_shards, scenarios_starts, scenarios_leases, scenarios_state, scenarios_zombies, scenarios_sinks, scenarios_scale,
};

const struct scenario *scenario_at(size_t i)
{
	for (size_t l = 0; l < sizeof(lists) / sizeof(*lists); l++)
		for (const struct scenario *s = lists[l]; s->name; s++)
			if (i-- == 0)
				return s;
	return NULL;
}

bool scenario_is(const struct scenario *s, const char *text)
{
	size_t len = strlen(text);
	bool trap = text[0] == 'T' && len > 1 && isdigit((unsigned char)text[1]);

	return trap ? strncmp(s->name, text, len) == 0 && !isdigit((unsigned char)s->name[len]) : strstr(s->name, text) != NULL;
}

/* ---- running one ---- */

struct run {
	const struct scenario *scenario;
	struct world *world;
};

static void director(void *arg)
{
	const struct run *r = arg;
	struct cluster_options options = {
		.settings = r->scenario->settings ? r->scenario->settings : cluster_two_forwards,
		.shards = r->scenario->shards, .failover_ms = r->scenario->failover_ms,
	};
	struct cluster c;

	if (!cluster_open(&c, r->world, &options))
		return;
	c.streams->max_readers = 2;
	c.streams->dates.check_date = c.dynamodb->dates.check_date = true;
	r->scenario->body(&c);
	r->world->net = (struct world_net){ .latency_ms = 5 }; /* what the body had set is gone with it */
	r->world->watched = NULL;
	scenario_end(&c);
	cluster_close(&c);
}

bool scenario_run(const struct scenario *s, uint64_t seed, bool print, struct world *w)
{
	struct run r = { .scenario = s, .world = w };

	return world_run(w, seed, print, LOG_INFO, director, &r);
}

/* ---- writing ---- */

static void change(struct cluster *c)
{
	struct rng *rng = &c->world->rng;
	size_t key = (size_t)rng_below(rng, SCENARIO_KEYS);

	switch (rng_below(rng, 10)) {
	case 0:
		sim_source_delete(c->source, key, rng_below(rng, 3) == 0);
		break;
	case 1:
		sim_source_put(c->source, key);
		break;
	default:
		sim_source_update(c->source, key);
	}
}

void scenario_write(struct cluster *c, size_t n)
{
	while (n-- > 0)
		change(c);
}

void scenario_write_for(struct cluster *c, int64_t ms, int64_t pause_ms)
{
	int64_t end_ms = world_ms(c->world) + ms;

	while (world_ms(c->world) < end_ms) {
		change(c);
		if (!cluster_sleep(c, pause_ms))
			return;
	}
}

struct sim_source_shard *scenario_roll(struct cluster *c, struct sim_source_shard *shard)
{
	world_trace(c->world, "shard %s closes", shard->shard->id);
	sim_source_roll(c->source, shard);
	return shard->children[0];
}

struct sim_source_shard *scenario_roll_any(struct cluster *c)
{
	return scenario_roll(c, sim_source_pick_open(c->source));
}

/* ---- processes ---- */

void scenario_start(struct cluster *c, int n)
{
	for (int id = 1; id <= n; id++)
		cluster_start(c, id);
}

void scenario_end(struct cluster *c)
{
	for (int id = 1; id < WORLD_HOSTS && !world_failed(c->world); id++)
		if (cluster_alive(c, id))
			cluster_end(c, id);
}

/* ---- waiting and asking ---- */

bool scenario_settle(struct cluster *c)
{
	return cluster_settle(c, SETTLE_MS);
}

bool scenario_wait(struct cluster *c, bool (*holds)(struct cluster *c, void *ctx), void *ctx, int64_t limit_ms,
		   const char *what)
{
	int64_t end_ms = world_ms(c->world) + limit_ms;

	while (!holds(c, ctx)) {
		if (!cluster_sleep(c, POLL_MS))
			return false;
		if (world_ms(c->world) < end_ms)
			continue;
		world_fail(c->world, "after %lld ms still not: %s", (long long)limit_ms, what);
		return false;
	}
	return !world_failed(c->world);
}

struct ledger_track *scenario_track(const struct cluster *c, const char *handler)
{
	return ledger_find(&c->ledger, STR("p"), str_c(handler));
}

size_t scenario_repeats(const struct cluster *c)
{
	size_t n = 0;

	for (const struct ledger_track *t = c->ledger.tracks; t; t = t->next)
		n += t->repeats;
	return n;
}

void scenario_watch(struct cluster *c, const char *text)
{
	c->world->watched = text;
	c->world->seen = 0;
}

/* ---- rows of the state table ---- */

static struct sim_table *state(struct cluster *c)
{
	return sim_table_named(c->dynamodb, str_c(c->overseer.state_table));
}

/* The lease's row of pipeline "p"; of app "sim". */
static struct sim_row *row_of(struct cluster *c, const char *shard)
{
	struct sim_table *t = state(c);

	for (struct sim_row *row = t ? t->rows : NULL; row; row = row->next) {
		struct str pk = sim_item_get(&row->item, STR("pk")).raw, sk = sim_item_get(&row->item, STR("sk")).raw;

		if (str_starts(pk, STR("sim#lease#")) && str_starts(sk, STR("p#")) && str_ends(sk, str_c(shard)))
			return row;
	}
	return NULL;
}

bool scenario_saved(struct cluster *c, const char *shard, const char *handler, struct lease_position *out)
{
	const struct sim_row *row = row_of(c, shard);
	const struct lease_position *p;
	struct state_row read = { .counter = 1 };
	struct lease *lease;
	struct buf text;

	if (!row)
		return false;
	buf_init(&text, 1 << 20);
	sim_item_write(&row->item, &text);
	read.id = sim_item_get(&row->item, STR("sk")).raw;
	lease = value_parse_image(buf_str(&text), &read.item, NULL) ? lease_of_row(c->loop, &read, NULL) : NULL;
	p = lease ? lease_position(lease, str_c(handler)) : NULL;
	if (p) {
		*out = *p;
		out->handler = str_of(NULL, 0);
	}
	lease_free(lease);
	buf_release(&text);
	return p != NULL;
}

bool scenario_edit_row(struct cluster *c, const char *shard, scenario_edit *edit, const void *arg)
{
	const struct sim_row *row = row_of(c, shard);
	struct sim_item item;
	struct buf text;
	char next[40];
	int64_t counter;

	if (!row || !str_to_i64(sim_item_get(&row->item, STR("counter")).raw, &counter))
		return false;
	sim_item_copy(&row->item, &item);
	snprintf(next, sizeof(next), "{\"N\":\"%lld\"}", (long long)counter + 1);
	sim_item_set(&item, STR("counter"), str_c(next));
	buf_init(&text, 1 << 20);
	sim_item_write(&item, &text);
	edit(c, &text, arg);
	buf_putc(&text, '\0');
	sim_table_put(c->dynamodb, state(c), text.ptr);
	buf_release(&text);
	sim_item_release(&item);
	return true;
}

/* The owner's session, by a thief's of the same length. */
static void set_thief(struct cluster *c, struct buf *text, const void *arg)
{
	size_t at = str_find(buf_str(text), STR("\"owner\":{\"S\":\""));

	(void)arg;
	if (at == SIZE_MAX)
		world_fail(c->world, "the row has no owner");
	else
		memcpy(text->ptr + at + strlen("\"owner\":{\"S\":\""), "xx", 2);
}

bool scenario_steal_row(struct cluster *c, const char *shard)
{
	return scenario_edit_row(c, shard, set_thief, NULL);
}

bool scenario_delete_row(struct cluster *c, const char *shard)
{
	const struct sim_row *row = row_of(c, shard);
	char key[ID_BYTES + 100];

	if (!row)
		return false;
	snprintf(key, sizeof(key), "{\"pk\":{\"S\":\"%.*s\"},\"sk\":{\"S\":\"%.*s\"}}", STR_ARG(sim_item_get(&row->item, STR("pk")).raw),
		 STR_ARG(sim_item_get(&row->item, STR("sk")).raw));
	sim_table_delete(c->dynamodb, state(c), key);
	return true;
}

/* ---- counting ---- */

static void count_describe(struct scenario_calls *n, int64_t now_ms)
{
	if (n->second != now_ms / 1000)
		n->describes_in_s = 0;
	n->second = now_ms / 1000;
	n->describes++;
	if (++n->describes_in_s > n->most_describes_in_s)
		n->most_describes_in_s = n->describes_in_s;
}

static enum sim_fault count(void *ctx, const struct host *from, enum world_service service, const char *operation,
			    struct str body)
{
	struct scenario_calls *n = ctx;

	(void)body;
	n->gets += strcmp(operation, "GetRecords") == 0;
	n->iterators += strcmp(operation, "GetShardIterator") == 0;
	n->state += service == WORLD_STATE;
	n->searches += service == WORLD_SEARCH;
	if (strcmp(operation, "DescribeStream") == 0)
		count_describe(n, world_ms(from->world));
	return SIM_NO_FAULT;
}

void scenario_count(struct cluster *c, struct scenario_calls *calls)
{
	*calls = (struct scenario_calls){ 0 };
	c->world->net.fault = count;
	c->world->net.fault_ctx = calls;
}
