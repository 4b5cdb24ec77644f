/* mutex: one task at a time, in the order in which they came. For what must not
 * overlap although it yields: a budget of one.
 */
#ifndef SLUICE_CORE_MUTEX_H
#define SLUICE_CORE_MUTEX_H

#include "sluice/core/budget.h"

struct mutex {
	struct budget turn;
};

static inline void mutex_init(struct mutex *m, struct loop *loop) { budget_init(&m->turn, loop, 1); }

/* Yields until it is this task's turn. False only when cancelled; it has not the
 * turn then. Not to be taken twice. */
static inline bool mutex_lock(struct mutex *m, struct err *err) { return budget_take(&m->turn, 1, err); }

static inline void mutex_unlock(struct mutex *m) { budget_return(&m->turn, 1); }

#endif
