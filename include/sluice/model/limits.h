/* limits: DynamoDB's quotas, and the rules of thumb that the expert guide teaches. Each number stands
 * here once; lints, costs and the guide's test take it from here.
 *
 * Sources: the developer guide's pages on quotas ("Service, account, and table quotas", "Constraints"),
 * read and write units, warm throughput, global and local secondary indexes, streams, TTL.
 * What stands elsewhere already: the depth of values (item/value.h), digits of numbers (item/number.h), an
 * expression's size and the sizes of keys (expression.h), prices (prices.h), what a month is (cost.h).
 */
#ifndef SLUICE_MODEL_LIMITS_H
#define SLUICE_MODEL_LIMITS_H

#include <stdint.h>

/* The service's own. */
enum {
	LIMIT_ITEM_BYTES = 400 * 1024,           /* with its attributes' names */
	LIMIT_READ_UNIT_BYTES = 4096,
	LIMIT_WRITE_UNIT_BYTES = 1024,
	LIMIT_PARTITION_READS = 3000,            /* units a second of one partition, so of one key at worst */
	LIMIT_PARTITION_WRITES = 1000,
	LIMIT_PARTITION_GB = 10,
	LIMIT_PAGE_BYTES = 1 << 20,              /* of Query, Scan and GetRecords */
	LIMIT_BATCH_GET = 100,
	LIMIT_BATCH_WRITE = 25,
	LIMIT_TRANSACT = 100,                    /* actions */
	LIMIT_TRANSACT_BYTES = 4 << 20,
	LIMIT_TRANSACT_TOKEN_S = 600,            /* so long a repeat is known by its token */
	LIMIT_GLOBAL_INDEXES = 20,               /* a quota that can be raised */
	LIMIT_LOCAL_INDEXES = 5,
	LIMIT_INDEX_HASH_ATTRIBUTES = 4,         /* of a global index; as many RANGE attributes */
	LIMIT_COLLECTION_GB = 10,                /* where the table has a local index */
	LIMIT_NAME_LEAST = 3,                    /* characters of a table's or index's name */
	LIMIT_NAME_MOST = 255,
	LIMIT_STREAM_HOURS = 24,                 /* retention */
	LIMIT_STREAM_READERS = 2,                /* of a shard */
	LIMIT_STREAM_SHARDS = 4,                 /* of an on-demand table at least */
	LIMIT_ON_DEMAND_WRITES = 4000,           /* a second, of a new on-demand table */
	LIMIT_ON_DEMAND_READS = 12000,
	LIMIT_ON_DEMAND_GROWTH = 2,              /* times the former peak, within … */
	LIMIT_ON_DEMAND_GROWTH_MINUTES = 30,
};

/* Of a read or write, in units of a strongly consistent read and a plain write. */
#define LIMIT_EVENTUAL_FACTOR 0.5
#define LIMIT_TRANSACT_FACTOR 2.0
#define LIMIT_KEY_CHANGE_FACTOR 2.0              /* an index's key: a deletion and an insertion */

/* Usual, with no bound promised. */
enum {
	USUAL_INDEX_DELAY_MS = 100,              /* of a global index */
	USUAL_TTL_DAYS = 2,                      /* until an expired item is deleted */
};

/* Rules of thumb: not the service's but the guide's. */
enum {
	RULE_QUESTIONS = 3,                      /* a turn */
	RULE_TOGETHER_ITEM_PERCENT = 90,         /* read together at least so often: one item */
	RULE_TOGETHER_COLLECTION_PERCENT = 50,   /* so often: one item collection */
	RULE_ITEM_SAFE_KB = 50,
	RULE_ITEM_SPLIT_KB = 100,                /* above: a collection */
	RULE_ITEM_RISKY_KB = 300,
	RULE_DISTINCT_KEYS = 100,                /* under load, at least */
	RULE_INDEX_OVER_FILTER_KB = 64,          /* average collection above which an index beats a filter */
	RULE_QUERIES = 5,                        /* of a main workflow: denormalize */
	RULE_SPARSE_PERCENT = 90,                /* would be filtered out: a sparse index */
	RULE_UNIQUE_COST_LEAST = 2,              /* times a plain write */
	RULE_UNIQUE_COST_MOST = 3,
	RULE_SHARDS_ITEM = 20,                   /* of a viral item, a date, an audience */
	RULE_SHARDS_DATE = 15,
	RULE_SHARDS_AUDIENCE = 16,
	RULE_FANOUT_RECIPIENTS = 10000,          /* above: special design */
	RULE_TARGET_PERCENT = 70,                /* utilisation of provisioned capacity, auto scaling's default */
};

#endif
