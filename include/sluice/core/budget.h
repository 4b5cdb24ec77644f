/* budget: a worker's share of memory that many tasks draw from. Who cannot get
 * what it needs waits in line; a need larger than the whole budget is granted
 * alone, so that one oversized page cannot stop a shard for ever.
 *
 * A budget may be a share of another one: what is taken from it is taken from the
 * whole, too. So one kind of user cannot have it all.
 */
#ifndef SLUICE_CORE_BUDGET_H
#define SLUICE_CORE_BUDGET_H

#include "sluice/core/task.h"

struct budget_waiter;

struct budget {
	struct loop *loop;
	struct budget *whole;      /* of which this is a share; or NULL */
	size_t total_bytes;
	size_t used_bytes;
	struct budget_waiter *first, *last;  /* first come, first served */
};

void budget_init(struct budget *b, struct loop *loop, size_t total_bytes);

/* At most total_bytes of `whole` (borrowed). Whoever waits for the whole already has
 * his part of the share. */
void budget_init_share(struct budget *b, struct budget *whole, size_t total_bytes);

/* Yields until `bytes` can be had. False only when cancelled; nothing is held then. */
bool budget_take(struct budget *b, size_t bytes, struct err *err);

/* Gives back. */
void budget_return(struct budget *b, size_t bytes);

/* A reservation turned out larger or smaller: changes it without waiting. */
void budget_adjust(struct budget *b, size_t held_bytes, size_t real_bytes);

/* The same, but only where there is room for it, or where nobody else holds any.
 * False: nothing has changed. Does not wait, and passes those in line. */
bool budget_try_adjust(struct budget *b, size_t held_bytes, size_t real_bytes);

#endif
