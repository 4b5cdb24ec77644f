/* fanout: a worker's fan-out runner. It finds the open tasks of the worker's fanout
 * handlers in the state table, leases them, and sends each member of a task's
 * audience its notification through the handler's sink.
 *
 * At least once, with a notification id that is the same on every try. A task is
 * leased like a shard: its row names the owner's session and carries a counter
 * that each write moves; a dead worker's tasks are taken over. What is saved is
 * the end of the contiguous acknowledged prefix, one member's value.
 */
#ifndef SLUICE_WORKER_FANOUT_H
#define SLUICE_WORKER_FANOUT_H

#include "sluice/handlers/fanout.h"
#include "sluice/worker/worker.h"

enum {
	FANOUT_TASKS = 16,           /* that a worker runs at once, over all handlers */
	FANOUT_TASKS_PER_HANDLER = 8,
	FANOUT_BATCH = 1000,         /* members that are in flight at most, of one task */
	FANOUT_BATCH_BYTES = 3 << 19,  /* a batch is cut here: 1 MiB of bodies and what belongs to them */
	FANOUT_UNSAVED_MAX = 10000,  /* inbox: members sent beyond what is saved */
};

/* True when a pipeline of the worker has a fanout handler. */
bool fanout_needed(const struct worker *w);

/* A task body: until the worker's drain, or cancelled. All tasks are saved and
 * given up then. */
void fanout_run(struct worker *w);

#endif
