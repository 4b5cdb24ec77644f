/* dynamodb: the sink for derived rows, counters, inboxes and fan-out tasks.
 *
 * Rows        PutItem / DeleteItem on condition that the row has no sluice_v or a
 *             lower one: the newest wins, a replay is a success.
 * Groups      one TransactWriteItems; items that a newer row forbids are left out.
 * Counters    UpdateItem that adds the sums and moves the shard's fence, on
 *             condition that the fence is below the first contribution; when it
 *             is not, ALL_OLD's fence tells which contributions are already in.
 * Messages    inbox rows: address is the table, body the item in attribute-value
 *             form; BatchWriteItem, or a put-if-absent when `conditional`.
 * Tasks       a row of the state table, put if absent.
 */
#ifndef SLUICE_SINKS_DYNAMODB_H
#define SLUICE_SINKS_DYNAMODB_H

#include "sluice/core/arena.h"

/* The keys of a fan-out task's row: pk "<app>#task#<bucket>", sk = id, where
 * bucket = dynamodb_task_bucket(id). */
enum { DYNAMODB_TASK_BUCKETS = 16 };
unsigned dynamodb_task_bucket(struct str id);
struct str dynamodb_task_pk(struct arena *a, struct str app, struct str id);

#endif
