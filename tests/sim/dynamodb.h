/* sim/dynamodb: DynamoDB's tables in memory, behind `struct transport`: Get, Put,
 * Update, Delete, Query, Scan, BatchWrite, TransactWrite, CreateTable,
 * DescribeTable, ListTables and UpdateTimeToLive, with conditions, ALL_OLD, cancellation
 * reasons, size limits, throttles and faults. Requests for other services go on to
 * `next`. Without latency and without a fault a call does not yield.
 */
#ifndef SLUICE_SIM_DYNAMODB_H
#define SLUICE_SIM_DYNAMODB_H

#include "sim/item.h"
#include "sim/streams.h"

struct sim_row {
	struct sim_item item;
	struct sim_row *next;
};

struct sim_table {
	char *name, *hash, *range;       /* range: "" when there is none */
	char hash_type, range_type;
	/* By hash, then in DynamoDB's order of the sort key. Who takes a row out by
	 * hand unlinks it here and counts n_rows down. */
	struct sim_row *rows;
	size_t n_rows;
	struct sim_row **sorted;         /* the same rows; made again when n_rows tells otherwise */
	size_t n_sorted, cap_sorted;

	/* Item writes a second, saved for at most one second. More get throttle_code
	 * (default ProvisionedThroughputExceededException); in a batch they are left
	 * over. 0: any number. */
	int64_t writes_per_s;
	const char *throttle_code;
	double spent;                    /* of the last second's worth, at spent_ms (mono) */
	int64_t spent_ms;
	uint64_t throttled;
	struct sim_table *next;
};

struct sim_dynamodb {
	struct transport transport;
	struct transport *next;          /* other services; NULL: none */
	struct loop *loop;
	struct sim_table *tables;
	int64_t latency_ms;              /* of each call, random up to this */

	/* Asked for each request; NULL: no faults. Of sim/streams' faults all but
	 * SIM_EXPIRE mean something here. */
	enum sim_fault (*fault)(void *ctx, const char *operation);
	void *fault_ctx;
	double unprocessed;              /* chance of each item of a batch to be left over */
	double conflict;                 /* chance of a transaction to meet another */
	struct sim_dates dates;          /* whose signatures are refused */

	/* Told of each change, as a stream would be; images may be NULL. */
	void (*changed)(void *ctx, struct sim_table *t, const struct sim_item *before, const struct sim_item *after);
	void *changed_ctx;

	uint64_t requests, writes, faults;
};

struct sim_dynamodb *sim_dynamodb_new(struct loop *loop, struct transport *next);
void sim_dynamodb_free(struct sim_dynamodb *d);

/* key: "pk:S" or "pk:S,sk:N". */
struct sim_table *sim_table_add(struct sim_dynamodb *d, const char *name, const char *key);
struct sim_table *sim_table_named(struct sim_dynamodb *d, struct str name);

/* The item with that key (attribute-value JSON), or NULL. */
const struct sim_item *sim_table_get(struct sim_table *t, const char *key);

/* Puts an item as somebody else would; tells `changed`. */
void sim_table_put(struct sim_dynamodb *d, struct sim_table *t, const char *item);

/* Removes the item with that key in the same way; none: does nothing. */
void sim_table_delete(struct sim_dynamodb *d, struct sim_table *t, const char *key);

#endif
