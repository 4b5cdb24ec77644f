/* counter: sums and counts per group of items, kept in rows of a table.
 *
 * Each change takes the old image's contribution away and adds the new one's. One
 * EFFECT_ADD a row a record at most; a change with no net difference makes none.
 * The effect's fence attribute is "sluice_f_" and 16 hex digits of a digest of
 * app, pipeline, handler and source shard id.
 */
#ifndef SLUICE_HANDLERS_COUNTER_H
#define SLUICE_HANDLERS_COUNTER_H

#include "sluice/handlers/handler.h"

struct counter_add_settings {
	struct str attribute;       /* template */
	const struct node *by;      /* number or template; NULL: 1 */
	int op;
};

struct counter_settings {
	struct str table;
	const struct node *key, *where, *set;
	struct option_list add;     /* struct counter_add_settings */
	int64_t shards;
	int64_t window_ms;          /* deltas of one row are gathered so long (by the worker) */
	int zero;
};

/* Which of `shards` rows a source shard adds to: the same in every process. */
int64_t counter_shard(struct str source_shard_id, int64_t shards);

/* The fence attribute of a source shard; out needs COUNTER_FENCE_LEN + 1 bytes. */
enum { COUNTER_FENCE_LEN = 9 + 16 };
void counter_fence(const struct handler_site *site, struct str source_shard_id, char *out);

#endif
