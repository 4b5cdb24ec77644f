#include "sluice/stream/lineage.h"

#include "sluice/core/hash.h"
#include "sluice/core/mem.h"


struct node {
	struct lineage_shard shard;
	UT_hash_handle hh;
};

struct lineage {
	struct node *nodes;
};

struct lineage *lineage_new(void)
{
	return mem_alloc(sizeof(struct lineage));
}

static struct node *find(const struct lineage *l, struct str id)
{
	struct node *n = NULL;

	HASH_FIND(hh, l->nodes, id.ptr, id.len, n);
	return n;
}

static void free_node(struct node *n)
{
	mem_free((char *)n->shard.id.ptr);
	mem_free((char *)n->shard.parent.ptr);
	mem_free(n);
}

void lineage_free(struct lineage *l)
{
	struct node *n, *next;

	if (!l)
		return;
	HASH_ITER(hh, l->nodes, n, next) {
		HASH_DEL(l->nodes, n);
		free_node(n);
	}
	mem_free(l);
}

static struct node *add_node(struct lineage *l, struct str id)
{
	struct node *n = mem_alloc(sizeof(*n));

	n->shard.id = str_of(mem_dup(id.ptr, id.len), id.len);
	HASH_ADD_KEYPTR(hh, l->nodes, n->shard.id.ptr, n->shard.id.len, n);
	return n;
}

/* An answer may name the parent later than the shard itself, never another one. */
static void learn_parent(struct node *n, struct str parent)
{
	if (n->shard.parent.len == 0 && parent.len)
		n->shard.parent = str_of(mem_dup(parent.ptr, parent.len), parent.len);
}

void lineage_add(struct lineage *l, const struct stream_shard *shard, uint64_t listing, int64_t now_ms)
{
	struct node *n = find(l, shard->id);

	if (!n) {
		n = add_node(l, shard->id);
		n->shard.first_listed_in = listing;
		n->shard.first_seen_ms = now_ms;
	}
	learn_parent(n, shard->parent);
	n->shard.closed = n->shard.closed || shard->last_sequence.len > 0;
	n->shard.listed_in = listing;
	n->shard.seen_ms = now_ms;
}

const struct lineage_shard *lineage_find(const struct lineage *l, struct str id)
{
	struct node *n = find(l, id);

	return n ? &n->shard : NULL;
}

const struct lineage_shard *lineage_next(const struct lineage *l, const struct lineage_shard *after)
{
	struct node *n = after ? (struct node *)((const struct node *)after)->hh.next : l->nodes;

	return n ? &n->shard : NULL;
}

size_t lineage_count(const struct lineage *l)
{
	return HASH_COUNT(l->nodes);
}

bool lineage_has_child(const struct lineage *l, struct str id)
{
	for (const struct lineage_shard *s = lineage_next(l, NULL); s; s = lineage_next(l, s))
		if (str_eq(s->parent, id))
			return true;
	return false;
}

void lineage_forget(struct lineage *l, struct str id)
{
	struct node *n = find(l, id);

	if (!n)
		return;
	HASH_DEL(l->nodes, n);
	free_node(n);
}

int64_t shard_created_ms(struct str shard_id)
{
	int64_t ms;

	return str_eq(str_split(&shard_id, '-'), STR("shardId")) && shard_id.ptr && str_to_i64(str_split(&shard_id, '-'), &ms) ? ms : 0;
}
