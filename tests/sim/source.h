/* sim/source: a table with a stream, and the truth about both. Items are "k0",
 * "k1", … with attributes drawn from a seed; each write that changes something
 * appends one record to the open shard that owns the item's key, as DynamoDB does:
 * shards own ranges of a 16-bit hash of the key, and close into one child (roll) or
 * two with half the range each (split).
 *
 * All that ever happened is kept, also what the stream has trimmed, for whoever
 * judges what came out at the other end: by item, by shard, and in order of time.
 * Everything belongs to the source and stays until it is freed. Nothing yields.
 *
 *   {"id": S, "n": N (the running number of the item's change), "status": S,
 *    "price": N, "brand": S, "category": S, "stock": N, "active": BOOL, "tags": SS}
 */
#ifndef SLUICE_SIM_SOURCE_H
#define SLUICE_SIM_SOURCE_H

#include "sim/dynamodb.h"
#include "sim/map.h"
#include "sim/source_image.h"
#include "sluice/item/record.h"

enum { SIM_HASHES = 1 << 16 };

struct sim_source_shard;

/* One write that changed something. */
struct sim_change {
	size_t key;                /* of item "k<key>" */
	uint64_t n;                /* of this item: 1, 2, …; deletes count */
	struct sim_source_shard *shard; /* NULL: the stream is disabled, there is no record */
	size_t at;                 /* which of the shard's records it is, from 0 */
	struct sequence sequence;
	enum record_event event;
	bool ttl;
	int64_t created_s;         /* as the record says */
	const char *before;        /* images, whatever the stream's view type; NULL: none */
	char *after;
};

struct sim_source_item {
	char id[24];
	char keys[48];             /* {"id":{"S":"k7"}} */
	uint16_t hash;
	struct sim_deal deal;
	const char *image;         /* as it is now; NULL: there is none */
	struct sim_change **changes; /* changes[i]->n is i + 1 */
	size_t n_changes, cap_changes;
};

struct sim_source_shard {
	struct sim_shard *shard;   /* its id, and what the stream shows of it */
	struct sim_source_shard *parent, *children[2];
	size_t n_children;
	uint32_t from, to;         /* hashes, to excluded */
	int64_t created_ms, closed_ms; /* wall; closed_ms 0: open */
	struct sim_change **changes; /* its records, in order */
	size_t n_changes, cap_changes;
	size_t n_trimmed;          /* of them */
	bool gone;                 /* past retention: neither listed nor found */
	uint64_t high, low;        /* the last sequence number given: high * 10^18 + low */
};

struct sim_source_knobs {
	struct sim_image_knobs image;
	double unchanged;          /* chance of an update to change nothing: no record */
	int64_t retention_ms;      /* 24 hours */
};

struct sim_source {
	struct sim_streams *streams;
	struct rng rng;
	struct sim_source_knobs knobs; /* all chances 0 */
	struct sim_source_item **items; /* by key; NULL: never written */
	size_t n_items;
	struct sim_source_shard **shards; /* in order of birth */
	size_t n_shards, cap_shards;
	struct sim_map by_id;      /* shards */
	struct sim_change **changes; /* all, in order of time */
	size_t n_changes, cap_changes;

	/* The same table for who reads it by Scan: kept equal when set. */
	struct sim_dynamodb *dynamodb;
	struct sim_table *rows;
};

/* With so many open shards (at least 1) added to the streams, which must outlive
 * the source. */
struct sim_source *sim_source_new(struct sim_streams *streams, uint64_t seed, size_t n_shards);
void sim_source_free(struct sim_source *s);

/* Replaces the item: all attributes drawn anew. */
const struct sim_change *sim_source_put(struct sim_source *s, size_t key);

/* Draws some of its attributes anew; makes the item where there is none. NULL: it
 * changed nothing (knobs.unchanged). */
const struct sim_change *sim_source_update(struct sim_source *s, size_t key);

/* NULL: there was none. ttl: by DynamoDB itself. */
const struct sim_change *sim_source_delete(struct sim_source *s, size_t key, bool ttl);

/* False: it is closed, or (split) owns a single hash. */
bool sim_source_split(struct sim_source *s, struct sim_source_shard *shard);
bool sim_source_roll(struct sim_source *s, struct sim_source_shard *shard);

/* The stream ends: its shards close without children, writes make no more records. */
void sim_source_disable(struct sim_source *s);

/* It is enabled again: so many new shards without parents, into which writes go from
 * now on. What was written meanwhile has no record. The old stream's shards stay as
 * they are. */
void sim_source_enable(struct sim_source *s, size_t n_shards);

/* Records older than the retention at now_ms (wall) are gone; so are closed shards
 * without any left that closed longer ago than that. Call it as often as the
 * service would. */
void sim_source_trim(struct sim_source *s, int64_t now_ms);

/* Any open shard, drawn from the seed; NULL: there is none (disabled). */
struct sim_source_shard *sim_source_pick_open(struct sim_source *s);

/* The open shard that takes the key's next record; NULL as above. */
struct sim_source_shard *sim_source_shard_of(struct sim_source *s, size_t key);

/* NULL: unknown (never written). */
const struct sim_source_item *sim_source_item(const struct sim_source *s, size_t key);
struct sim_source_shard *sim_source_shard_named(const struct sim_source *s, struct str id);

/* The change behind a record; NULL: there is no such record. */
const struct sim_change *sim_source_change(const struct sim_source *s, struct str shard_id, const struct sequence *sequence);

/* 7 of "k7"; false for anything else. */
bool sim_source_key_of(struct str id, size_t *key);

#endif
