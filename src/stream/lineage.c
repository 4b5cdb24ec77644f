#include "sluice/stream/lineage.h"

#include "sluice/core/hash.h"
#include "sluice/core/mem.h"


/* The children of one shard, which may not have been listed itself. */
struct family {
	struct str parent;        /* owned */
	struct node *first;
	size_t count;
	UT_hash_handle hh;
};

struct node {
	struct lineage_shard shard;
	struct family *family;    /* that it is a child of; NULL: a root */
	struct node *sibling, *elder;
	UT_hash_handle hh;
};

struct lineage {
	struct node *nodes;
	struct family *families;  /* by parent; none is empty */
	uint64_t added;
};

struct lineage *lineage_new(void)
{
	return mem_alloc(sizeof(struct lineage));
}

static struct str dup_str(struct str s)
{
	return str_of(mem_dup(s.ptr, s.len), s.len);
}

static struct node *find(const struct lineage *l, struct str id)
{
	struct node *n = NULL;

	HASH_FIND(hh, l->nodes, id.ptr, id.len, n);
	return n;
}

/* ---- families ---- */

static struct family *family_of(const struct lineage *l, struct str parent)
{
	struct family *f = NULL;

	HASH_FIND(hh, l->families, parent.ptr, parent.len, f);
	return f;
}

/* Parent and children may become known in any order. */
static void tell_parent(struct lineage *l, const struct family *f)
{
	struct node *parent = find(l, f->parent);

	if (parent)
		parent->shard.n_children = f->count;
}

static void join_family(struct lineage *l, struct node *n, struct str parent)
{
	struct family *f = family_of(l, parent);

	if (!f) {
		f = mem_alloc(sizeof(*f));
		f->parent = dup_str(parent);
		HASH_ADD_KEYPTR(hh, l->families, f->parent.ptr, f->parent.len, f);
	}
	n->family = f;
	n->sibling = f->first;
	if (f->first)
		f->first->elder = n;
	f->first = n;
	f->count++;
	tell_parent(l, f);
}

static void leave_family(struct lineage *l, struct node *n)
{
	struct family *f = n->family;

	if (!f)
		return;
	if (n->elder)
		n->elder->sibling = n->sibling;
	else
		f->first = n->sibling;
	if (n->sibling)
		n->sibling->elder = n->elder;
	f->count--;
	tell_parent(l, f);
	if (f->first)
		return;
	HASH_DEL(l->families, f);
	mem_free((char *)f->parent.ptr);
	mem_free(f);
}

/* ---- shards ---- */

static void remove_node(struct lineage *l, struct node *n)
{
	leave_family(l, n);
	HASH_DEL(l->nodes, n);
	mem_free((char *)n->shard.id.ptr);
	mem_free((char *)n->shard.parent.ptr);
	mem_free(n);
}

void lineage_free(struct lineage *l)
{
	struct node *n, *next;

	if (!l)
		return;
	HASH_ITER(hh, l->nodes, n, next)
		remove_node(l, n);
	mem_free(l);
}

static struct node *add_node(struct lineage *l, struct str id)
{
	struct node *n = mem_alloc(sizeof(*n));
	const struct family *children = family_of(l, id);

	n->shard.id = dup_str(id);
	n->shard.n_children = children ? children->count : 0;
	l->added++;
	HASH_ADD_KEYPTR(hh, l->nodes, n->shard.id.ptr, n->shard.id.len, n);
	return n;
}

/* An answer may name the parent later than the shard itself, never another one. */
static void learn_parent(struct lineage *l, struct node *n, struct str parent)
{
	if (n->shard.parent.len || parent.len == 0)
		return;
	n->shard.parent = dup_str(parent);
	join_family(l, n, parent);
}

void lineage_add(struct lineage *l, const struct stream_shard *shard, uint64_t listing, int64_t now_ms)
{
	struct node *n = find(l, shard->id);

	if (!n) {
		n = add_node(l, shard->id);
		n->shard.first_listed_in = listing;
		n->shard.first_seen_ms = now_ms;
	}
	learn_parent(l, n, shard->parent);
	if (shard->last_sequence.len && !n->shard.closed) {
		n->shard.closed = true;
		n->shard.closed_in = listing;
	}
	n->shard.missed = 0;
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

void lineage_end_listing(struct lineage *l, uint64_t listing)
{
	for (struct node *n = l->nodes; n; n = n->hh.next)
		if (n->shard.listed_in != listing)
			n->shard.missed++;
}

const struct lineage_shard *lineage_child(const struct lineage *l, struct str id, const struct lineage_shard *after)
{
	const struct family *f;
	const struct node *n;

	if (after) {
		n = ((const struct node *)after)->sibling;
	} else {
		f = family_of(l, id);
		n = f ? f->first : NULL;
	}
	return n ? &n->shard : NULL;
}

uint64_t lineage_added(const struct lineage *l)
{
	return l->added;
}

void lineage_forget(struct lineage *l, struct str id)
{
	struct node *n = find(l, id);

	if (n)
		remove_node(l, n);
}

int64_t shard_created_ms(struct str shard_id)
{
	int64_t ms;

	return str_eq(str_split(&shard_id, '-'), STR("shardId")) && shard_id.ptr && str_to_i64(str_split(&shard_id, '-'), &ms) ? ms : 0;
}
