/* dynamodb_sink: what the files of the dynamodb sink share, the sink for derived
 * rows, counters and inboxes.
 *
 * Rows        PutItem / DeleteItem on condition that the row has no sluice_v or a
 *             lower one: the newest wins, a replay is a success.
 * Groups      one TransactWriteItems; items that a newer row forbids are left out.
 * Counters    UpdateItem that adds the sums and moves the shard's fence, on
 *             condition that the fence is below the first contribution; when it
 *             is not, ALL_OLD's fence tells which contributions are already in.
 * Messages    inbox rows: address is the table, body the item in attribute-value
 *             form; BatchWriteItem, or a put-if-absent when `conditional`.
 *
 * A send is planned as units: what is one request, or (a counter row) a chain of
 * requests. Units run in parallel but for those that touch the same item: a
 * later one waits for the earlier and fails when that failed.
 */
#ifndef SLUICE_SINKS_DYNAMODB_SINK_H
#define SLUICE_SINKS_DYNAMODB_SINK_H

#include "entry.h"
#include "key_map.h"
#include "sluice/aws/dynamodb.h"
#include "sluice/core/json_write.h"
#include "sluice/sinks/kinds.h"

enum {
	BATCH_WRITE_ITEMS = 25,   /* BatchWriteItem's limit */
	TRANSACTION_ITEMS = 100,  /* TransactWriteItems' limit */
	REQUEST_BYTES = 16 << 20, /* a batch or transaction; a request body is capped a bit above */
	CONFLICT_TRIES = 5,
};

/* Names of a table's key attributes, asked for once. */
struct key_names {
	struct key_names *next;
	struct str table, hash, range;
};

struct dynamodb_sink {
	struct sink base;
	size_t parallel;
	struct arena names; /* of `tables` */
	struct key_names *tables;
};

enum unit_kind { UNIT_ROW, UNIT_TRANSACTION, UNIT_COUNTER, UNIT_INBOX, UNIT_INBOX_PUT };

struct dependency {
	struct unit *on;
	struct dependency *next;
};

struct unit {
	enum unit_kind kind;
	struct unit *next;
	struct entry *first, *last;
	size_t count;
	size_t bytes; /* of the items, roughly */
	struct dependency *after;
	bool started, ended, failed, cancelled;
};

struct plan {
	struct dynamodb_sink *sink;
	struct arena arena;
	struct key_map targets; /* target -> the last unit that touches it */
	struct unit *first, *last;
	size_t count;
	struct unit *inbox; /* the batch being filled, or NULL */
	struct unit *todo;  /* the next to be started */
	struct event moved; /* a unit has ended */
};

/* Yields (asks for key names of inbox tables). Effects that cannot be planned
 * are settled. */
void plan_effects(struct plan *p, struct effect *const *effects, size_t n);

/* Settles every entry of the unit that is still pending; notes it as failed, or
 * as cancelled (nothing is settled then). */
void unit_done(struct unit *u);
void unit_fail(struct unit *u, const struct err *why);

/* All yield and leave the unit settled, but for cancellation. */
void dynamodb_run_row(struct dynamodb_sink *d, struct unit *u);
void dynamodb_run_transaction(struct dynamodb_sink *d, struct unit *u);
void dynamodb_run_counter(struct dynamodb_sink *d, struct unit *u);
void dynamodb_run_inbox(struct dynamodb_sink *d, struct unit *u);
void dynamodb_run_inbox_put(struct dynamodb_sink *d, struct unit *u);

/* Yields. The names of the table's key attributes; kept until forgotten. */
const struct key_names *dynamodb_key_names(struct dynamodb_sink *d, struct str table, struct err *err);
void dynamodb_forget_names(struct dynamodb_sink *d, struct str table);

/* The canonical key of an item, by the table's key names. DATA when it lacks one. */
bool dynamodb_item_key(const struct key_names *names, struct value item, struct arena *a, struct str *out,
		       struct err *err);

/* Yields. dynamodb_call() with what sluice knows put into the error: a missing
 * table is waited for, not given up. e: an effect that the request is made of;
 * it tells the table and its key attributes. */
bool dynamodb_write(struct dynamodb_sink *d, const char *operation, const struct buf *body, const struct effect *e,
		    struct buf *answer, struct err *err);

bool dynamodb_condition_failed(const struct err *err);

/* Yields: a jittered, doubling pause before try number `attempt` (from 1). */
bool dynamodb_pause(struct dynamodb_sink *d, unsigned attempt, struct err *err);

#endif
