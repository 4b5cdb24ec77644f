/* lineage: the shard graph of one stream, as the union over all answers of
 * DescribeStream. That call is eventually consistent and lies (STREAMS.md, T6): it
 * may leave a shard out, show parent and child open together, or a closed leaf
 * whose child comes later. So a shard is never taken out because one answer
 * lacks it.
 */
#ifndef SLUICE_STREAM_LINEAGE_H
#define SLUICE_STREAM_LINEAGE_H

#include "sluice/aws/streams.h"

struct lineage_shard {
	struct str id;            /* owned by the lineage */
	struct str parent;        /* empty: a root */
	bool closed;              /* an EndingSequenceNumber was seen once */
	uint64_t listed_in;       /* number of the last full listing that showed it */
	int64_t seen_ms;          /* env's mono clock at that time */
	uint64_t first_listed_in; /* the first listing that showed it, and when */
	int64_t first_seen_ms;
	uint64_t closed_in;       /* the first that showed it closed; 0: none */
	unsigned missed;          /* full listings in a row, up to the last, that lacked it */
	size_t n_children;        /* known shards that name it as their parent */
};

struct lineage;

struct lineage *lineage_new(void);
void lineage_free(struct lineage *l);

/* Takes up what one answer says. `listing` numbers the full listing it is part of, or
 * the latest one where it is an answer about children. */
void lineage_add(struct lineage *l, const struct stream_shard *shard, uint64_t listing, int64_t now_ms);

/* That listing has come to its end: what it did not show has missed it. */
void lineage_end_listing(struct lineage *l, uint64_t listing);

/* NULL when it was never listed. */
const struct lineage_shard *lineage_find(const struct lineage *l, struct str id);

/* Walks all shards, parents in no special order. Start with NULL. */
const struct lineage_shard *lineage_next(const struct lineage *l, const struct lineage_shard *after);

size_t lineage_count(const struct lineage *l);

/* How many shards were ever new to it: whoever keeps something for each shard looks
 * again when it has moved. */
uint64_t lineage_added(const struct lineage *l);

/* The shards that name it as their parent, whether it was listed or not. Start with
 * NULL; the cost is that of the children alone. */
const struct lineage_shard *lineage_child(const struct lineage *l, struct str id, const struct lineage_shard *after);

static inline bool lineage_has_child(const struct lineage *l, struct str id)
{
	return lineage_child(l, id, NULL) != NULL;
}

/* Forgets a shard (removed by the owner after retention). */
void lineage_forget(struct lineage *l, struct str id);

/* The creation time that a shard's id holds, "shardId-<ms, zero-padded>-<hex>"; 0
 * where it has none. */
int64_t shard_created_ms(struct str shard_id);

#endif
