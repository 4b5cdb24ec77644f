#include "sim/world/overseer.h"

#include "sim/world/recorder.h"
#include "sluice/core/hash.h"
#include "sluice/core/mem.h"
#include "sluice/stream/lease.h"

#include <stdio.h>
#include <string.h>

struct overseer_lease {
	char id[200];              /* "<pipeline>#<label>#<shard>" */
	char owner[64];
	bool finished;
	int64_t written_ms;        /* when its row was written last */
	struct lease *last;        /* as its row says */
	UT_hash_handle hh;
};

void overseer_init(struct overseer *o, struct world *w, struct loop *loop, struct ledger *l, int64_t failover_ms)
{
	*o = (struct overseer){ .world = w, .loop = loop, .ledger = l, .state_table = "sluice-state", .failover_ms = failover_ms };
}

void overseer_release(struct overseer *o)
{
	struct overseer_lease *l, *next;

	HASH_ITER(hh, o->leases, l, next) {
		HASH_DEL(o->leases, l);
		lease_free(l->last);
		mem_free(l);
	}
}

static struct overseer_lease *find(const struct overseer *o, struct str id)
{
	struct overseer_lease *l = NULL;

	HASH_FIND(hh, o->leases, id.ptr, id.len, l);
	return l;
}

static struct overseer_lease *add(struct overseer *o, struct str id)
{
	struct overseer_lease *l = find(o, id);

	if (l)
		return l;
	l = mem_alloc(sizeof(*l));
	snprintf(l->id, sizeof(l->id), "%.*s", STR_ARG(id));
	HASH_ADD_KEYPTR(hh, o->leases, l->id, strlen(l->id), l);
	return l;
}

/* ---- whose session is it? ---- */

/* A session begins with the node's name. */
static bool is_of(const char *session, const struct host *n)
{
	size_t len = strlen(n->name);

	return strncmp(session, n->name, len) == 0 && session[len] == ':';
}

static struct host *host_behind(const struct overseer *o, const char *session)
{
	for (int i = 1; i < WORLD_HOSTS; i++)
		if (o->world->hosts[i].life && is_of(session, &o->world->hosts[i]))
			return &o->world->hosts[i];
	return NULL;
}

/* ---- positions ---- */

static const struct sim_source_shard *shard_of(const struct overseer *o, const struct lease *l)
{
	return sim_source_shard_named(o->ledger->source, l->shard_id);
}

static void check_position(struct overseer *o, const struct lease *row, const struct lease_position *p,
			   const struct lease_position *before)
{
	struct str id = row->id, pipeline = str_split(&id, '#');
	struct ledger_track *t = ledger_find(o->ledger, pipeline, p->handler);
	const struct sim_source_shard *shard = shard_of(o, row);

	if (before && sequence_compare(&p->position.sequence, &before->position.sequence) < 0 && !o->may_reset)
		world_fail(o->world, "%.*s: %.*s's position went back from %s to %s", STR_ARG(row->id), STR_ARG(p->handler),
			   before->position.sequence.digits, p->position.sequence.digits);
	if (before && p->position.v < before->position.v)
		world_fail(o->world, "%.*s: %.*s's v went back", STR_ARG(row->id), STR_ARG(p->handler));
	if (before && before->done && !p->done && !o->may_reset)
		world_fail(o->world, "%.*s: %.*s is not done any more", STR_ARG(row->id), STR_ARG(p->handler));
	if (!t || !shard)
		return;
	if (!sequence_is_none(&p->position.sequence) && !ledger_settled(o->ledger, t, shard, &p->position.sequence))
		world_fail(o->world, "%.*s: %.*s's position %s passes a record that has not arrived", STR_ARG(row->id),
			   STR_ARG(p->handler), p->position.sequence.digits);
	if (p->done && !(before && before->done) && (!shard->shard->closed || !ledger_settled(o->ledger, t, shard, NULL)))
		world_fail(o->world, "%.*s: %.*s is marked done, which it is not", STR_ARG(row->id), STR_ARG(p->handler));
}

/* ---- owners ---- */

static void check_owner(struct overseer *o, const struct overseer_lease *l, const struct lease *row)
{
	const struct host *old = host_behind(o, l->owner);
	int64_t still_ms;

	if (row->owner.len == 0 || str_eq(row->owner, str_c(l->owner)))
		return;
	o->takes++;
	o->changed_ms = world_ms(o->world);
	if (!l->owner[0])
		return;
	o->thefts++;
	if (!old || !old->alive)
		return;
	still_ms = world_ms(o->world) - o->beat_ms[old->id];
	/* One that was away longer has let go of what it has not taken again since. */
	if (still_ms <= o->failover_ms && o->back_ms[old->id] <= l->written_ms)
		world_fail(o->world, "%s was taken from %s, whose heartbeat moved %lld ms ago", l->id, old->name, (long long)still_ms);
}

static bool all_done(const struct lease *row)
{
	for (size_t i = 0; i < row->n_positions; i++)
		if (!row->positions[i].done)
			return false;
	return row->n_positions > 0;
}

static struct lease *read_row(struct overseer *o, const struct sim_item *item)
{
	struct state_row row = { .counter = 1 };
	struct lease *lease = NULL;
	struct value counter;
	struct buf text;
	struct err err;

	buf_init(&text, 1 << 20);
	sim_item_write(item, &text);
	if (value_parse_image(buf_str(&text), &row.item, &err) && value_get(row.item, STR("counter"), &counter) &&
	    str_to_u64(counter.raw, &row.counter)) {
		row.id = sim_item_get(item, STR("sk")).raw;
		lease = lease_of_row(o->loop, &row, &err);
	}
	buf_release(&text);
	if (!lease && !o->edited)
		world_fail(o->world, "a lease row that no worker can read: %s", err.text);
	return lease;
}

static void lease_written(struct overseer *o, const struct sim_item *after)
{
	struct lease *row = read_row(o, after);
	struct overseer_lease *l;

	if (!row)
		return;
	if (o->catch_up)
		o->catch_up(o->catch_up_ctx);
	o->lease_writes++;
	l = add(o, row->id);
	if (!o->edited && l->last && row->counter != l->last->counter + 1)
		world_fail(o->world, "%s: counter went from %llu to %llu", l->id, (unsigned long long)l->last->counter,
			   (unsigned long long)row->counter);
	if (!o->edited)
		check_owner(o, l, row);
	for (size_t i = 0; i < row->n_positions && !o->edited; i++)
		check_position(o, row, &row->positions[i], l->last ? lease_position(l->last, row->positions[i].handler) : NULL);
	snprintf(l->owner, sizeof(l->owner), "%.*s", STR_ARG(row->owner));
	l->finished = all_done(row);
	l->written_ms = world_ms(o->world);
	lease_free(l->last);
	l->last = row;
}

static void lease_removed(struct overseer *o, const struct sim_item *before)
{
	struct overseer_lease *l = find(o, sim_item_get(before, STR("sk")).raw);

	if (!l)
		return;
	HASH_DEL(o->leases, l);
	lease_free(l->last);
	mem_free(l);
}

static bool is_kind(const struct sim_item *item, struct str kind)
{
	return str_find(sim_item_get(item, STR("pk")).raw, kind) != SIZE_MAX;
}

void overseer_changed(void *overseer, struct sim_table *t, const struct sim_item *before, const struct sim_item *after)
{
	struct overseer *o = overseer;
	const struct sim_item *any = after ? after : before;

	if (strcmp(t->name, o->state_table) != 0)
		return;
	o->state_writes++;
	if (is_kind(any, STR("#lease#"))) {
		if (after)
			lease_written(o, after);
		else
			lease_removed(o, before);
	}
	if (after && is_kind(any, STR("#worker#"))) {
		struct str sk = sim_item_get(after, STR("sk")).raw;
		char session[80];
		struct host *n;

		snprintf(session, sizeof(session), "%.*s", STR_ARG(sk));
		n = host_behind(o, session);
		if (!n)
			return;
		if (world_ms(o->world) - o->beat_ms[n->id] > o->failover_ms - o->failover_ms / 5)
			o->back_ms[n->id] = world_ms(o->world);
		o->beat_ms[n->id] = world_ms(o->world);
	}
}

/* ---- requests ---- */

static void check_sender(struct overseer *o, const struct host *from, struct str pipeline, struct str shard, const char *what)
{
	for (const struct overseer_lease *l = o->leases; l; l = l->hh.next) {
		struct str id = str_c(l->id);

		if (!str_ends(id, shard) || (pipeline.len && !str_eq(str_split(&id, '#'), pipeline)))
			continue;
		if (is_of(l->owner, from))
			return;
		if (pipeline.len) {
			world_fail(o->world, "%s %s for %s, whose owner is %s", from->name, what, l->id, l->owner[0] ? l->owner : "nobody");
			return;
		}
	}
	if (!pipeline.len)
		world_fail(o->world, "%s %s shard %.*s, of which it has no lease", from->name, what, STR_ARG(shard));
}

void overseer_sent(void *overseer, const struct host *from, enum world_service service, const char *operation,
		   struct str body)
{
	struct overseer *o = overseer;
	struct str pipeline, handler, shard, iterator;

	if (o->edited)
		return;
	if (service == WORLD_STREAMS && strcmp(operation, "GetRecords") == 0 && scan_member(body, STR("ShardIterator"), &iterator)) {
		iterator = str_from(iterator, 1);
		check_sender(o, from, str_of(NULL, 0), str_split(&iterator, '|'), "reads");
	}
	if (service == WORLD_SEARCH && recorder_request_of(body, &pipeline, &handler, &shard) && str_starts(shard, STR("shardId-")))
		check_sender(o, from, pipeline, shard, "sends");
}

size_t overseer_held(const struct overseer *o, const struct host *n)
{
	size_t held = 0;

	for (const struct overseer_lease *l = o->leases; l; l = l->hh.next)
		held += !l->finished && (n ? is_of(l->owner, n) : l->owner[0] != '\0');
	return held;
}

size_t overseer_open(const struct overseer *o)
{
	size_t open = 0;

	for (const struct overseer_lease *l = o->leases; l; l = l->hh.next)
		open += !l->finished;
	return open;
}
