/* state: what sluice must still know after a crash: heartbeats, leases with their
 * positions, fan-out tasks, handlers' definitions. Rows of one table, each with a
 * `counter` that every write moves: a write names the counter it has seen, so
 * nobody overwrites what somebody else wrote in between.
 *
 * Row layout (final; src/README.md): pk = "<app>#<kind>#<bucket>", bucket 0..15 by
 * a hash of the id (workers: always 0), sk = id, counter N, and the kind's own attributes.
 *
 * The interface is row-level: a DynamoDB table stands behind it, or a file of the
 * only worker there is. All calls yield.
 */
#ifndef SLUICE_STREAM_STATE_H
#define SLUICE_STREAM_STATE_H

#include "sluice/aws/dynamodb.h"

enum { STATE_BUCKETS = 16, STATE_SCHEMA_VERSION = 1 };

/* Row kinds, as they stand in pk. */
#define STATE_WORKER "worker"
#define STATE_LEASE "lease"
#define STATE_TASK "task"
#define STATE_HANDLER "handler"
#define STATE_SCHEMA "schema"

struct state_row {
	struct str id;
	uint64_t counter;     /* 0: there is no such row */
	struct value item;    /* type M: all its attributes; in the caller's arena */
};

struct state;

struct state_ops {
	/* Makes the store usable: creates what is missing, checks the schema. */
	bool (*open)(struct state *s, struct err *err);

	/* A strongly consistent read; counter 0 when absent. */
	bool (*get)(struct state *s, const char *kind, struct str id, struct arena *a, struct state_row *out,
		    struct err *err);

	/* Writes the whole row: `attributes` are members of an attribute-value object
	 * without pk, sk, counter and without its braces ("\"owner\":{\"S\":\"x\"}").
	 * seen: the counter last seen, 0: the row must be absent. On success the
	 * row's counter is seen + 1. DATA "state.conflict" when somebody else wrote.
	 * Any other error leaves the outcome unknown: read again before writing. */
	bool (*put)(struct state *s, const char *kind, struct str id, uint64_t seen, struct str attributes,
		    struct err *err);

	/* Removes the row if its counter is `seen`; "state.conflict" otherwise. */
	bool (*remove)(struct state *s, const char *kind, struct str id, uint64_t seen, struct err *err);

	/* All rows of a kind, strongly consistent page by page, in no order. fn
	 * returns false to stop. The row is borrowed for the call. */
	bool (*each)(struct state *s, const char *kind, bool (*fn)(void *ctx, const struct state_row *row), void *ctx,
		     struct err *err);

	void (*free)(struct state *s);
};

/* Requests that were answered, and about what they are billed: a write unit for each
 * KiB begun, a read unit for each 4 KiB (strongly consistent), at least one. Sizes are
 * those of the JSON, a little above what DynamoDB counts. A store that bills
 * nothing leaves the units 0. */
struct state_stats {
	uint64_t reads, writes;
	uint64_t read_units, write_units;
};

struct state {
	const struct state_ops *ops;
	struct str app;
	struct state_stats stats;
};

/* The store in a DynamoDB table, created on demand (pay per request, TTL on
 * `ttl`). client, loop, app and table are borrowed. */
struct state *state_table_new(struct aws_client *client, struct loop *loop, struct str app, struct str table);

unsigned state_bucket(struct str id);

/* The store in a SQLite file, made on demand (mode 0600) in a folder that must be
 * there. It is this process's alone from state_open() to state_free(). Every
 * write is on the disk when its call returns; what a kill or a power cut leaves
 * is the last of them. Rows whose attribute `ttl` (epoch s) has passed are
 * dropped, within an hour. loop and app are borrowed.
 *
 * The disk is touched on a helper thread, by one call at a time; rows of
 * state_each() are read in pages, and other calls may run in its callback.
 *
 * Errors beside those above: FATAL "state.locked" (another process has the file),
 * "state.foreign" (a file that is not sluice's), "state.corrupt", "state.moved"
 * (removed or replaced while it was open), "state.path" (it can name no file),
 * "state.sqlite"; AUTH "state.denied"; RETRY "state.disk_full", "state.io". Nothing
 * is ever repaired by beginning anew. */
struct state *state_file_new(struct loop *loop, struct str app, struct str path);

/* For stores. Checks the row that says which schema the rows have; writes it where
 * there is none. FATAL "state.schema"; `store` names it: "the state table x". */
bool state_check_schema(struct state *s, struct str store, struct err *err);

static inline bool state_open(struct state *s, struct err *err) { return s->ops->open(s, err); }

static inline bool state_get(struct state *s, const char *kind, struct str id, struct arena *a, struct state_row *out,
			     struct err *err)
{
	return s->ops->get(s, kind, id, a, out, err);
}

static inline bool state_put(struct state *s, const char *kind, struct str id, uint64_t seen, struct str attributes,
			     struct err *err)
{
	return s->ops->put(s, kind, id, seen, attributes, err);
}

static inline bool state_remove(struct state *s, const char *kind, struct str id, uint64_t seen, struct err *err)
{
	return s->ops->remove(s, kind, id, seen, err);
}

static inline bool state_each(struct state *s, const char *kind, bool (*fn)(void *ctx, const struct state_row *row),
			      void *ctx, struct err *err)
{
	return s->ops->each(s, kind, fn, ctx, err);
}

static inline void state_free(struct state *s)
{
	if (s)
		s->ops->free(s);
}

#endif
