/* sim/streams: DynamoDB Streams in memory, behind `struct transport`: shards that
 * take records, close, split and are trimmed, iterators that expire, and faults.
 * Requests for other services go on to `next`.
 *
 * Times are the env's: creation times in whole seconds, iterators live 15
 * minutes, as the real ones do.
 */
#ifndef SLUICE_SIM_STREAMS_H
#define SLUICE_SIM_STREAMS_H

#include "sluice/core/loop.h"
#include "sluice/http/transport.h"
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

struct sim_record {
	struct sequence sequence;
	char *json;               /* the whole record */
	struct sim_record *next;
};

struct sim_shard {
	char id[64], parent[64];
	char label[40];           /* of the stream that it is a shard of */
	bool closed, hidden;      /* hidden: DescribeStream leaves it out */
	bool gone;                /* iterators of it are refused: ResourceNotFoundException */
	bool empty_end;           /* the closing page comes alone, without records */
	struct sim_record *first, *last;
	struct sequence trimmed;  /* records up to here are gone */
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
};

struct sim_streams *sim_streams_new(struct loop *loop, const char *table, struct transport *next);
void sim_streams_free(struct sim_streams *s);

/* parent may be NULL. */
struct sim_shard *sim_shard_add(struct sim_streams *s, const char *id, const char *parent);

/* Appends one record now: event "INSERT", "MODIFY", "REMOVE"; images are
 * attribute-value JSON objects or NULL. Returns its sequence number. */
struct sequence sim_shard_put(struct sim_streams *s, struct sim_shard *shard, const char *event, const char *keys,
			      const char *new_image, const char *old_image);

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
