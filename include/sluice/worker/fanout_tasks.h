/* fanout_tasks: a fan-out task's row of the state table as a lease. What the
 * handler wrote into it (handlers/fanout.h) is kept; the runner's own attributes:
 *
 *   owner S      session of the worker that runs it; absent: nobody does
 *   resume       the last member of the acknowledged prefix, as it came (S, N or B)
 *   sent N       members whose notification the sink has acknowledged
 *   begun N      epoch s at which it was first leased
 *   saved N      epoch s of the latest save: rate = sent / (saved - begun)
 *   status S     "open", "done", "expired" or "failed"; reason S: why it failed
 *   ttl N        epoch s after which DynamoDB drops an ended task
 *
 * A task that is done or expired is kept without `audience` and `values`.
 * err is never NULL here.
 */
#ifndef SLUICE_WORKER_FANOUT_TASKS_H
#define SLUICE_WORKER_FANOUT_TASKS_H

#include "sluice/stream/heartbeat.h"

enum fanout_status { FANOUT_OPEN, FANOUT_DONE, FANOUT_EXPIRED, FANOUT_FAILED };
const char *fanout_status_name(enum fanout_status status);

struct fanout_lease {
	struct heartbeat *heartbeat;     /* borrowed, with its state and loop */
	struct arena arena;              /* the row as it was taken, and text read from it */
	struct str id;
	struct value row;
	uint64_t counter;
	bool held;
	bool in_doubt;                   /* the outcome of the last write is unknown */
	bool writing;
	struct event written;

	/* What is saved. */
	enum fanout_status status;
	struct str reason;               /* plain text, borrowed */
	bool resumed;                    /* somebody had begun it before */
	bool dirty;
	struct buf resume;               /* attribute value; empty: nothing acknowledged yet */
	uint64_t sent;
	int64_t begun_s;
};

void fanout_lease_init(struct fanout_lease *l, struct heartbeat *h, struct str id);
void fanout_lease_release(struct fanout_lease *l);

/* All yield. Reads the row and makes it ours. `from`: the owner_hash that the
 * listing found. *taken is false when the row is not there any more, has ended,
 * or has changed hands. */
bool fanout_lease_take(struct fanout_lease *l, uint64_t from, bool *taken, struct err *err);

/* Where to go on: NONE for the beginning. Valid until it moves. */
struct value fanout_lease_resume(const struct fanout_lease *l);

/* Everything up to `member` is acknowledged, `sent` more among it. */
void fanout_lease_advance(struct fanout_lease *l, struct value member, uint64_t sent);

/* Writes what has moved. DATA "fanout.lost" when the task is not ours any more:
 * held is false then. */
bool fanout_lease_save(struct fanout_lease *l, struct err *err);

/* Writes how it has ended; nobody takes it any more. */
bool fanout_lease_end(struct fanout_lease *l, enum fanout_status status, struct str reason, struct err *err);

/* Saves it and leaves it to whoever comes. */
bool fanout_lease_give_up(struct fanout_lease *l, struct err *err);

/* An open task of a listing. */
struct fanout_found {
	char id[65];                     /* handlers/fanout.h: hex SHA-256 */
	uint64_t owner_hash;             /* 0: nobody's */
	bool free;                       /* nobody's, a dead worker's, or left over by us */
};

/* Told of each open task; text is borrowed for the call. */
typedef void fanout_found_fn(void *ctx, struct str pipeline, struct str handler, const struct fanout_found *task);

/* Yields. Lists the open tasks. Only with `observe`, which has a look at all
 * workers first, a dead worker's tasks are found to be free. */
bool fanout_list(struct heartbeat *h, bool observe, fanout_found_fn *fn, void *ctx, struct err *err);

#endif
