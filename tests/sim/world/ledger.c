#include "sim/world/ledger.h"

#include "sluice/core/mem.h"

#include <stdio.h>
#include <string.h>

enum { SLACK_MS = 63 * 1000 }; /* a start time may show so much more, and nothing less */

void ledger_init(struct ledger *l, struct world *w, struct sim_source *source)
{
	*l = (struct ledger){ .world = w, .source = source };
}

static void free_track(struct ledger_track *t)
{
	for (size_t i = 0; i < t->cap_shards; i++)
		mem_free(t->shards[i].entries);
	mem_free(t->shards);
	mem_free(t);
}

void ledger_release(struct ledger *l)
{
	while (l->tracks) {
		struct ledger_track *t = l->tracks;

		l->tracks = t->next;
		free_track(t);
	}
}

struct ledger_track *ledger_add(struct ledger *l, const char *pipeline, const char *handler)
{
	struct ledger_track *t = mem_alloc(sizeof(*t));

	snprintf(t->pipeline, sizeof(t->pipeline), "%s", pipeline);
	snprintf(t->handler, sizeof(t->handler), "%s", handler);
	t->next = l->tracks;
	l->tracks = t;
	return t;
}

struct ledger_track *ledger_find(const struct ledger *l, struct str pipeline, struct str handler)
{
	for (struct ledger_track *t = l->tracks; t; t = t->next)
		if (str_eq(str_c(t->pipeline), pipeline) && str_eq(str_c(t->handler), handler))
			return t;
	return NULL;
}

/* ---- entries ---- */

static size_t index_of(const struct ledger *l, const struct sim_source_shard *shard)
{
	size_t i = 0;

	while (l->source->shards[i] != shard)
		i++;
	return i;
}

static struct ledger_shard *shard_entry(struct ledger *l, struct ledger_track *t, const struct sim_source_shard *shard)
{
	size_t at = index_of(l, shard), cap = t->cap_shards;
	struct ledger_shard *s;

	if (at >= cap) {
		cap = l->source->cap_shards > at ? l->source->cap_shards : at + 1;
		t->shards = mem_resize(t->shards, cap * sizeof(*t->shards));
		memset(t->shards + t->cap_shards, 0, (cap - t->cap_shards) * sizeof(*t->shards));
		t->cap_shards = cap;
	}
	s = &t->shards[at];
	if (s->cap < shard->n_changes) {
		cap = shard->cap_changes;
		s->entries = mem_resize(s->entries, cap * sizeof(*s->entries));
		memset(s->entries + s->cap, 0, (cap - s->cap) * sizeof(*s->entries));
		s->cap = cap;
	}
	return s;
}

static struct ledger_entry *entry(struct ledger *l, struct ledger_track *t, const struct sim_change *c)
{
	return &shard_entry(l, t, c->shard)->entries[c->at];
}

/* Before the start it is nobody's. */
static bool is_due(const struct ledger *l, const struct sim_change *c)
{
	return l->pin_ms == 0 || c->created_s * 1000 >= l->pin_ms;
}

static bool is_settled(struct ledger *l, struct ledger_track *t, const struct sim_change *c)
{
	struct ledger_entry *e = entry(l, t, c);

	if (e->fate == LEDGER_OPEN && l->may_lose && c->at < c->shard->n_trimmed) {
		e->fate = LEDGER_LOST;
		t->lost++;
	}
	return e->fate != LEDGER_OPEN || !is_due(l, c);
}

bool ledger_settled(struct ledger *l, struct ledger_track *t, const struct sim_source_shard *shard,
		    const struct sequence *sequence)
{
	struct ledger_shard *s = shard_entry(l, t, shard);

	while (s->settled < shard->n_changes) {
		const struct sim_change *c = shard->changes[s->settled];

		if (sequence && sequence_compare(&c->sequence, sequence) > 0)
			return true;
		if (!is_settled(l, t, c))
			return false;
		s->settled++;
	}
	return true;
}

/* ---- arrivals ---- */

static const struct sim_change *change_of(struct ledger *l, struct ledger_track *t, struct str shard,
					  const struct sequence *sequence)
{
	const struct sim_change *c = sim_source_change(l->source, shard, sequence);

	if (!c)
		world_fail(l->world, "%s/%s: record %s of shard %.*s arrived, which was never written", t->pipeline, t->handler,
			   sequence->digits, STR_ARG(shard));
	return c;
}

/* All that was written to the item before has a fate. */
static void check_order(struct ledger *l, struct ledger_track *t, const struct sim_change *c, uint64_t v)
{
	const struct sim_source_item *item = sim_source_item(l->source, c->key);

	for (size_t i = (size_t)c->n - 1; i-- > 0;) {
		const struct sim_change *before = item->changes[i];
		struct ledger_entry *e;

		if (!before->shard)
			continue;
		e = entry(l, t, before);
		if (!is_settled(l, t, before))
			world_fail(l->world, "%s/%s: change %llu of %s (shard %s) arrived before change %llu (shard %s)", t->pipeline,
				   t->handler, (unsigned long long)c->n, item->id, c->shard->shard->id,
				   (unsigned long long)before->n, before->shard->shard->id);
		else if (e->v && e->v >= v && !l->new_versions)
			world_fail(l->world, "%s/%s: change %llu of %s has v %llu, change %llu before it %llu", t->pipeline, t->handler,
				   (unsigned long long)c->n, item->id, (unsigned long long)v, (unsigned long long)before->n,
				   (unsigned long long)e->v);
		return; /* those before it were looked at when it came */
	}
}

static void check_parent(struct ledger *l, struct ledger_track *t, const struct sim_change *c)
{
	const struct sim_source_shard *parent = c->shard->parent;

	if (parent && !ledger_settled(l, t, parent, NULL))
		world_fail(l->world, "%s/%s: shard %s began before its parent %s was done", t->pipeline, t->handler,
			   c->shard->shard->id, parent->shard->id);
}

void ledger_arrived(struct ledger *l, struct ledger_track *t, struct str shard, const struct sequence *sequence, uint64_t v)
{
	const struct sim_change *c = change_of(l, t, shard, sequence);
	struct ledger_entry *e;

	if (!c)
		return;
	e = entry(l, t, c);
	t->last_ms = world_ms(l->world);
	if (l->pin_ms && c->created_s * 1000 + SLACK_MS < l->pin_ms)
		world_fail(l->world, "%s/%s: a record of long before the start arrived", t->pipeline, t->handler);
	if (e->fate == LEDGER_ARRIVED) {
		t->repeats++;
		if (e->v != v && !l->new_versions)
			world_fail(l->world, "%s/%s: change %llu of k%zu, record %s of shard %s, came with v %llu, first it was %llu", t->pipeline, t->handler,
				   (unsigned long long)c->n, c->key, c->sequence.digits, c->shard->shard->id, (unsigned long long)v, (unsigned long long)e->v);
		e->v = v;
		return;
	}
	check_parent(l, t, c);
	check_order(l, t, c, v);
	t->arrivals++;
	*e = (struct ledger_entry){ .v = v, .fate = LEDGER_ARRIVED };
}

void ledger_dead(struct ledger *l, struct ledger_track *t, struct str shard, const struct sequence *sequence)
{
	const struct sim_change *c = change_of(l, t, shard, sequence);
	struct ledger_entry *e;

	if (!c)
		return;
	e = entry(l, t, c);
	if (e->fate != LEDGER_OPEN)
		return;
	t->dead++;
	e->fate = LEDGER_DEAD;
}

bool ledger_complete(struct ledger *l, size_t *missing)
{
	*missing = 0;
	for (struct ledger_track *t = l->tracks; t; t = t->next)
		for (size_t i = 0; i < l->source->n_shards; i++) {
			const struct sim_source_shard *shard = l->source->shards[i];

			if (ledger_settled(l, t, shard, NULL))
				continue;
			for (size_t at = t->shards[i].settled; at < shard->n_changes; at++)
				*missing += !is_settled(l, t, shard->changes[at]);
		}
	return *missing == 0;
}
