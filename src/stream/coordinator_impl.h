/* coordinator_impl: what the files of the coordinator share: its struct and the
 * steps of one round, in the order in which coordinator.c takes them.
 */
#ifndef SLUICE_STREAM_COORDINATOR_IMPL_H
#define SLUICE_STREAM_COORDINATOR_IMPL_H

#include "sluice/core/hash.h"
#include "sluice/core/loop.h"
#include "sluice/stream/balancer.h"
#include "sluice/stream/coordinator.h"
#include "sluice/stream/lineage.h"

enum { DISCOVER_SOON_MS = 1000 }; /* first pause while something is about to be listed */

/* A handler that left its reading, until its sink acknowledges something again. */
struct parked {
	enum parking why;             /* NONE: it is not */
	int64_t early_ms, due_ms;     /* mono: it may come back with others from then on; it must */
	int64_t backoff_ms;
};

/* What is known of one shard of this pipeline. */
struct member {
	struct lease *lease;
	const struct lineage_shard *shard;  /* NULL: no listing has shown it, as far as we looked */
	bool *reading;                /* per handler: a reading is under way */
	struct parked *parked;        /* per handler */
	struct reading *readings;
	size_t n_ending;              /* readings that were asked to end: none begins before they have */
	struct mutex turn;            /* its readings ask for records one after the other */
	struct str heir;              /* owned: session that the lease is being given to; empty: none */
	struct str given_to;          /* owned: session that it was given to and that has not taken it yet */
	int64_t given_ms;
	int64_t free_ms;              /* since when it is seen to be nobody's; 0: it is somebody's */
	uint64_t free_counter;        /* its row's counter then */
	uint64_t row_seen;            /* number of the listing of the leases that showed its row last */
	bool ended;                   /* its closing page has come to a reading of ours */
	int64_t ask_ms;               /* when its children are asked for next, while none is known */
	int64_t ask_pause_ms;         /* and how long after that again; 0: not asked yet */
	int64_t finished_ms;          /* since when we know that it is finished; 0: not yet */
	UT_hash_handle hh;
};

/* A handler's row. */
struct place {
	struct str label;             /* owned: of the stream that it reads; empty: no row yet */
	uint64_t counter;
	int64_t pin_ms;
	uint64_t high_v;              /* its highest v in streams before this one */
	uint64_t lost;                /* how often what was written between two streams was lost */
	uint64_t before_start;        /* the row was made by this start, when the listing of this number
	                                 was complete; 0: it was not, or none was */
};

struct coordinator {
	struct coordinator_settings set;
	struct env *env;
	struct str stream_arn, label;  /* owned; label lies in it: the stream that is read */
	struct str newest_arn;         /* owned: the table's newest stream; usually the same */
	struct lineage *lineage;
	struct member *members;        /* by shard id */
	uint64_t members_for;          /* lineage_added() when the members were complete */
	struct place *places;          /* per handler */
	uint64_t *high_v;              /* per handler: the highest v of all rows, as of high_ms */
	int64_t high_ms;               /* 0: not known */
	struct scope readings, parking;
	struct event wake;
	struct event parking_wake;     /* set: somebody was parked, or may come back */
	int64_t loaded_ms;
	int64_t leases_ms;             /* when the leases were last listed */
	uint64_t loads;                /* complete listings of the leases */
	int64_t rows_ms;               /* when the latest listing of them had ended */
	int64_t rest_ms;               /* until the next listing of them when nothing goes on */
	uint64_t changes;              /* the balancer's, at that time */
	uint64_t waits_for;            /* hash of the foreign owner that was told of last; 0: none */

	/* Discovery (coordinator_list.c, coordinator_discover.c). */
	struct scope discovery;
	struct event discover;         /* something that it decides by has changed */
	struct buf next_page;          /* where the listing under way goes on */
	uint64_t *pages;               /* hashes of the shards at which its pages ended */
	size_t n_pages, cap_pages;
	size_t pages_needed;           /* of the latest complete listing */
	uint64_t listing;              /* number of the latest listing that was begun */
	uint64_t complete;             /* of the latest that was complete; 0: none yet */
	unsigned n_complete;           /* listings that were, of this stream */
	unsigned n_disabled;           /* the latest ones of them that said DISABLED */
	unsigned not_found;            /* answers in a row that there is no such stream */
	int64_t not_found_ms;          /* when the first of them came */
	int64_t listed_ms;             /* when the latest listing was complete */
	int64_t list_wait_ms;          /* until the next one is due */
	int64_t soon_ms;               /* pause while something is about to be listed; 0: start over */
	int64_t described_ms;          /* when the table was */
	bool listing_open;             /* between two of its pages */
	bool list_now;                 /* a listing is due whatever the time */
	bool asked_last;               /* the last call was for children: a page has its turn */
	bool no_filter;                /* the service refuses ShardFilter */
	bool discovering;              /* `discovery` is open */

	bool opened;                   /* stream and handlers' rows are known */
	bool described;
	bool running;                  /* `readings` is open */
	bool listed, loaded, stopping;
	bool ended, said_ended;        /* the stream is disabled; all of it is read */
	bool gone;                     /* there is no such stream any more */
	size_t n_readings;
	uint64_t sought_for;           /* number of the listing after which seeks were looked for */
	uint64_t describes;            /* calls of DescribeStream */
};

struct member *coordinator_member(const struct coordinator *c, struct str shard_id);
struct member *coordinator_add_member(struct coordinator *c, struct lease *lease);
void coordinator_free_member(struct member *m);
bool coordinator_is_read(const struct coordinator *c, const struct member *m);
bool coordinator_is_done(const struct coordinator *c, const struct lease *lease, size_t h);
bool coordinator_is_finished(const struct coordinator *c, const struct member *m);

/* The member's shard as listings show it; NULL while none has. */
const struct lineage_shard *coordinator_shard(const struct coordinator *c, struct member *m);
struct str coordinator_handler_name(const struct coordinator *c, size_t h);


/* Does the handler read the stream that the coordinator reads now? */
bool coordinator_takes_part(const struct coordinator *c, size_t h);

/* coordinator_open.c. Yields. Finds the table's stream, reads the handlers' rows,
 * starts discovery; may be called again where it failed, and after a switch. */
bool coordinator_open(struct coordinator *c, struct err *err);

/* Yields. Looks which stream is the table's newest. */
bool coordinator_describe_table(struct coordinator *c, struct err *err);

/* "…/stream/<label>" */
struct str coordinator_label_of(struct str stream_arn);

/* coordinator_list.c. Yield: the next page of the listing (the first one of a new
 * one when none is under way); all the pages that are left; one shard's children. */
bool coordinator_list_page(struct coordinator *c, struct err *err);
bool coordinator_list(struct coordinator *c, struct err *err);
bool coordinator_ask_children(struct coordinator *c, struct member *m, struct err *err);

/* Is it closed, and no child of it known? */
bool coordinator_awaits_child(const struct coordinator *c, struct member *m);

/* Its children were asked for, or a listing has not shown any: a longer pause. */
void coordinator_put_off(struct coordinator *c, struct member *m);

/* coordinator_discover.c: a task that lists and asks for children when it is due. A
 * listing that an earlier one was cancelled in begins anew. */
void coordinator_discover_begin(struct coordinator *c);

/* Yields. Cancels it and waits for its end. */
void coordinator_discover_end(struct coordinator *c);

/* coordinator_rows.c: the state table's rows. All yield. */

/* Reads the handler's row into its place; stops the handler where the row is of
 * another definition. */
bool coordinator_load_handler(struct coordinator *c, size_t index, struct err *err);

/* Makes the row of a handler that has none: its first start, in the newest stream. */
bool coordinator_make_handler(struct coordinator *c, size_t index, struct err *err);

/* Has the handler go on with the stream `label`, whoever writes that first: what was
 * written between the two streams counts as lost. */
bool coordinator_move_handler(struct coordinator *c, size_t index, struct str label, struct err *err);

/* Stops a handler that cannot go on with another stream than its own (T10). */
void coordinator_stop_replaced(struct coordinator *c, size_t index);

/* Looks whether a seek (--force) has moved a handler under us: it writes the
 * handler's row last. Then all leases are to be loaded again. */
bool coordinator_look_for_seek(struct coordinator *c, struct err *err);

/* Takes up the leases' rows; those that we hold are ahead in memory, unless
 * somebody else wrote them: then they are lost. */
bool coordinator_load_leases(struct coordinator *c, struct err *err);

/* coordinator_serve.c: who is entitled to what. */

/* Yields. Takes what is free, and starts a reading for every handler that is entitled
 * to a shard and does not read it. */
bool coordinator_serve(struct coordinator *c, struct err *err);

/* Starts a reading for the handlers that are entitled to the shard, have their place
 * in its lease, and are of that kind; probe: those that had stalled. */
void coordinator_start_reading(struct coordinator *c, struct member *m, bool positioned, bool probe);

/* coordinator_park.c: a task body. Has parked handlers come back, and joins readings
 * that have met, until the coordinator stops. */
void coordinator_parking_task(void *coordinator);

/* May a handler that is parked be read for now? */
bool coordinator_may_return(const struct coordinator *c, const struct member *m, size_t h, bool early);

/* A reading has ended. */
void coordinator_end_of_reading(struct reading *r);

/* Is there a handler that is entitled to the shard and has not read all of it? */
bool coordinator_is_wanted(const struct coordinator *c, const struct member *m);

/* coordinator_share.c: leases among many workers. */

/* Yields. Lists the leases when it is time to: at once when a worker has come or
 * gone or a lease was lost, three times in a failover time while something goes on
 * that others write of, else every 30 to 60 s. */
bool coordinator_load_when_due(struct coordinator *c, struct err *err);
int64_t coordinator_load_pause_ms(const struct coordinator *c);

/* May the lease be taken, with so many free ones left that we may take? Uses one of
 * them up where it is such. */
bool coordinator_may_take(struct coordinator *c, struct member *m, size_t *allowance);

/* Yields. Writes the rows of leases that are given away and no longer read. */
bool coordinator_hand_over(struct coordinator *c, struct err *err);

/* The lease's row has changed hands since we gave it away. */
void coordinator_forget_gift(struct member *m);

/* Asks the shard's readings to end. */
void coordinator_end_readings(struct member *m);

/* Yields. Does fn for each of n members, 16 at a time, also behind one that fails; false with the first
 * error. */
typedef bool coordinator_member_fn(struct coordinator *c, struct member *m, struct err *err);
bool coordinator_each(struct coordinator *c, struct member **members, size_t n, coordinator_member_fn *fn, struct err *err);

/* coordinator_past.c: what has been, and may be forgotten. */

/* A parent that no listing shows: is it trimmed? A single listing may lie. */
bool coordinator_parent_is_gone(const struct coordinator *c, const struct lease *child);

/* Does a shard wait for a parent that no listing has shown? */
bool coordinator_misses_parent(const struct coordinator *c);

/* The handler's highest v in any row of any stream, at most a second old. */
uint64_t coordinator_high_v(struct coordinator *c, size_t h);

/* Yields. Removes rows of finished shards that the stream has long not listed. */
bool coordinator_forget_old(struct coordinator *c, struct err *err);

/* coordinator_switch.c: the end of a stream, and what comes behind it. */

/* The stream is disabled, or is no more, and all of it is read. */
bool coordinator_has_ended(const struct coordinator *c);

/* Yields. Goes on to the next stream of the table, if there is one and the one that
 * is read has ended; c->opened is false then. */
bool coordinator_switch_when_due(struct coordinator *c, struct err *err);

#endif
