/* sim/streams: DynamoDB Streams in memory, behind `struct transport`: shards that
 * take records, close, split and are trimmed, iterators that expire, lies and
 * faults. Requests for other services go on to `next`.
 *
 * Times are the env's: creation times in whole seconds, iterators live 15
 * minutes, as the real ones do. Without latency and without a fault a call does not
 * yield.
 *
 * Who calls is what the header "x-sim-node" says; without it, all are one.
 */
#ifndef SLUICE_SIM_STREAMS_H
#define SLUICE_SIM_STREAMS_H

#include "sim/service.h"
#include "sluice/core/loop.h"
#include "sluice/item/sequence.h"

enum sim_fault {
	SIM_NO_FAULT,
	SIM_DROP_BEFORE,   /* the connection breaks; nothing happened */
	SIM_DROP_AFTER,    /* it happened; the answer is lost */
	SIM_500,
	SIM_THROTTLE,
	SIM_TRUNCATE,      /* the answer's JSON is cut somewhere */
	SIM_GARBAGE,       /* an answer that is no JSON, with status 200 */
	SIM_EXPIRE,        /* GetRecords: the iterator has expired */
	SIM_HANG,          /* no answer until the request's timeout */
};

enum { SIM_MOST_READERS = 8 };

struct sim_record {
	struct sequence sequence;
	char *json;               /* the whole record; NULL: trimmed */
	size_t item_bytes;        /* what a page's 1 MB is made of */
};

struct sim_reader {
	char node[32];
	int64_t last_ms;          /* its last call that was served, mono; 0: none */
};

/* How DescribeStream and GetRecords mislead, each within what the real ones do.
 * Chances are of each answer, drawn from the env. */
struct sim_lies {
	double leave_out;         /* of each shard: not in the answer */
	double open_parent;       /* of each closed shard: without its end, as if open, beside its children */
	int64_t late_ms;          /* a child is listed up to this after its birth, drawn for each */
	bool shuffle;             /* shards are listed in no order (but always the same one) */
	double empty_page;        /* no records though some follow, and an iterator */
	double short_page;        /* fewer records than could be */
};

struct sim_shard {
	char id[64], parent[64];
	char label[40];           /* of the stream that it is a shard of */
	bool closed, hidden;      /* hidden: DescribeStream leaves it out */
	bool gone;                /* iterators of it are refused: ResourceNotFoundException */
	bool empty_end;           /* the closing page comes alone, without records */
	struct sim_record *records; /* in order, the trimmed ones too */
	size_t n_records, cap_records;
	struct sequence start, end; /* as listed; none: made up, and the last record's */
	struct sequence trimmed;  /* records up to here are gone */
	size_t n_trimmed;
	int64_t listed_ms;        /* not listed before; mono */
	struct sim_reader readers[SIM_MOST_READERS];
	size_t gets;              /* GetRecords calls */
	struct sim_shard *next;
};

struct sim_streams {
	struct transport transport;
	struct transport *next;       /* other services */
	struct loop *loop;
	struct env *env;
	char table[64];
	char label[40], arn[256];     /* of the newest stream; DescribeTable shows it */
	const char *view_type, *status;
	const char *forgotten;        /* label of an older stream that no longer exists; NULL: none */
	struct sim_shard *shards;
	uint64_t counter;             /* of sequence numbers, over all shards */
	size_t page_records;          /* a page holds at most so many; default 1000 */
	unsigned max_readers;         /* nodes that may read a shard within a second, up to 8; 0: any number */
	struct sim_dates dates;       /* whose signatures are refused */
	struct sim_lies lies;         /* shuffle and late_ms count for shards added afterwards */
	int64_t latency_ms;           /* of each call, random up to this */
	bool list_open;               /* lie: closed shards look open (T6) */
	size_t list_shards;           /* a page of DescribeStream holds at most so many; default 100 */
	bool list_loops;              /* every page but the first names the same LastEvaluatedShardId (T7) */
	bool no_filter;               /* ShardFilter is refused, as by a service that is older than it */
	bool filter_repeats;          /* ShardFilter: LastEvaluatedShardId is named again and again */
	bool filter_lies;             /* ShardFilter: no children, whatever there are */

	/* Calls of DescribeStream: in all, with ShardFilter, and the most in any one second. */
	uint64_t describes, child_describes;
	unsigned most_describes_per_s;
	int64_t describes_at_ms[64];  /* when the latest ones were made */

	/* Asked for each request; NULL: no faults. `shard` is NULL where none is meant. */
	enum sim_fault (*fault)(void *ctx, const char *operation, struct sim_shard *shard);
	void *fault_ctx;
	uint64_t requests, faults;
	uint64_t limited;             /* calls that were one reader too many */
};

struct sim_streams *sim_streams_new(struct loop *loop, const char *table, struct transport *next);
void sim_streams_free(struct sim_streams *s);

/* parent may be NULL. */
struct sim_shard *sim_shard_add(struct sim_streams *s, const char *id, const char *parent);

/* Appends one record now: event "INSERT", "MODIFY", "REMOVE"; images are
 * attribute-value JSON objects or NULL. Returns its sequence number. */
struct sequence sim_shard_put(struct sim_streams *s, struct sim_shard *shard, const char *event, const char *keys,
			      const char *new_image, const char *old_image);

/* What a record is made of. */
struct sim_append {
	const struct sequence *sequence;  /* rises within a shard; NULL: the next of a counter */
	const char *event, *keys, *new_image, *old_image;
	bool ttl;                 /* a REMOVE by DynamoDB's Time To Live */
};

struct sequence sim_shard_append(struct sim_streams *s, struct sim_shard *shard, const struct sim_append *a);

struct sim_shard *sim_shard_named(struct sim_streams *s, struct str id);

void sim_shard_close(struct sim_shard *shard);

/* The table's stream is disabled: its shards close, what they hold can still be
 * read. Enabled again the table has a new, empty stream of that label; shards that
 * are added from then on are that one's. */
void sim_streams_disable(struct sim_streams *s);
void sim_streams_enable(struct sim_streams *s, const char *label);

/* An id as the service makes them, "shardId-<creation time>-<8 hex>", of a shard
 * created so long ago. out holds 40 characters. */
const char *sim_shard_id(struct sim_streams *s, int64_t age_ms, char *out);

/* Records up to and with this one are gone. */
void sim_shard_trim(struct sim_shard *shard, const struct sequence *up_to);

#endif
