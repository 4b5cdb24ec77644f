/* lease: one shard of one pipeline: who reads it, and how far each handler has
 * come. The row in the state table is conditional on its counter; what stands in
 * memory runs ahead of it and is saved when it moved.
 *
 * A position of a handler that the settings no longer name is kept as it is, so
 * that a handler that comes back goes on where it was.
 */
#ifndef SLUICE_STREAM_LEASE_H
#define SLUICE_STREAM_LEASE_H

#include "sluice/item/sequence.h"
#include "sluice/stream/heartbeat.h"

struct lease_position {
	struct str handler;        /* owned */
	struct position position;
	struct sequence first;     /* while nothing is acknowledged: the first record that was read */
	int64_t pin_ms;            /* while nothing is acknowledged: records at or before this
	                              service time are not this handler's; 0: none */
	bool done;                 /* the shard was read to its end and all is acknowledged */
	bool sought;               /* moved here by a seek, and nobody has read since: the
	                              handler is entitled anew, behind the parent */
	uint64_t losses;       /* 0, or: how often records were lost to trim here */
};

struct lease {
	struct loop *loop;
	struct str id;             /* owned: "<pipeline>#<stream label>#<shard id>" */
	struct str shard_id, parent_id;  /* owned */
	struct str owner;          /* owned: session, empty when nobody's */
	struct str intended;       /* owned: session that it was handed over to and that shall take
	                              it; empty: whoever comes */
	uint64_t counter;          /* of the row, as last seen; 0: there is none yet */
	struct lease_position *positions;
	size_t n_positions;
	bool held;                 /* ours, as far as we know */
	bool in_doubt;             /* the last write's outcome is unknown */
	bool dirty;                /* memory is ahead of the row */
	bool writing;              /* one write at a time; others wait for `written` */
	struct event written;
};

struct lease *lease_new(struct loop *loop, struct str id, struct str shard_id, struct str parent_id);
void lease_free(struct lease *l);

/* From a row of the state table. NULL with FATAL "state.row" when it is not one. */
struct lease *lease_of_row(struct loop *loop, const struct state_row *row, struct err *err);

/* The handler's entry, or NULL. lease_add_position() makes one (not saved yet). */
struct lease_position *lease_position(const struct lease *l, struct str handler);
struct lease_position *lease_add_position(struct lease *l, struct str handler);

/* The writes yield. All are false with DATA "lease.lost" when somebody else has
 * the row now (held becomes false), or with what the state store says. */

/* Makes the row, or takes it from its owner (seen by the counter we know). */
bool lease_take(struct lease *l, struct heartbeat *h, struct err *err);

/* Saves positions; nothing is written when nothing moved. */
bool lease_save(struct lease *l, struct heartbeat *h, struct err *err);

/* Saves and gives up: to whoever comes, or to the session `to` where that is not
 * empty. */
bool lease_release(struct lease *l, struct heartbeat *h, struct str to, struct err *err);

/* Whatever the row says, we no longer act as its owner. What memory holds stays, and
 * is written when the lease is taken again and nobody else wrote meanwhile. */
void lease_let_go(struct lease *l);

#endif
