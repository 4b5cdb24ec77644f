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


/* A handler that left its reading, until its sink acknowledges something again. */
struct parked {
	enum parking why;             /* NONE: it is not */
	int64_t early_ms, due_ms;     /* mono: it may come back with others from then on; it must */
	int64_t backoff_ms;
};

/* What is known of one shard of this pipeline. */
struct member {
	struct lease *lease;
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
	bool past;                    /* closed before the first start's time was taken */
	UT_hash_handle hh;
};

struct coordinator {
	struct coordinator_settings set;
	struct env *env;
	struct str stream_arn, label;  /* owned */
	struct lineage *lineage;
	struct member *members;        /* by shard id */
	int64_t *pin_ms;               /* per handler: from its row */
	uint64_t *row_counter;         /* per handler: of its row, as last seen */
	bool *first_start;             /* per handler: its row was made by this start */
	struct scope readings, parking;
	struct event wake;
	struct event parking_wake;     /* set: somebody was parked, or may come back */
	uint64_t listing;              /* number of the latest listing that was begun */
	uint64_t first_listing;        /* of the first that was complete; 0: none yet */
	int64_t listed_ms, loaded_ms;
	int64_t leases_ms;             /* when the leases were last listed */
	int64_t rows_ms;               /* when the latest listing of them had ended */
	int64_t rest_ms;               /* until the next listing of them when nothing goes on */
	uint64_t changes;              /* the balancer's, at that time */
	int64_t soon_ms;               /* pause while something is about to be listed; 0: start over */
	uint64_t waits_for;            /* hash of the foreign owner that was told of last; 0: none */
	bool running;                  /* `readings` is open */
	bool listed, loaded, stopping;
	bool ended, said_ended;        /* the stream is disabled; all of it is read */
	size_t n_readings;
	uint64_t describes;            /* calls of DescribeStream */
};

struct member *coordinator_member(const struct coordinator *c, struct str shard_id);
struct member *coordinator_add_member(struct coordinator *c, struct lease *lease);
void coordinator_free_member(struct member *m);
bool coordinator_is_read(const struct coordinator *c, const struct member *m);
bool coordinator_is_done(const struct coordinator *c, const struct lease *lease, size_t h);
bool coordinator_is_finished(const struct coordinator *c, const struct member *m);
struct str coordinator_handler_name(const struct coordinator *c, size_t h);

/* coordinator_open.c. Yields. Finds the table's stream, lists it, reads the handlers'
 * rows; may be called again where it failed. */
bool coordinator_open(struct coordinator *c, struct err *err);

/* coordinator_list.c. Yields: one whole listing of the stream; when it is due; and
 * how long between two. */
bool coordinator_list(struct coordinator *c, struct err *err);
bool coordinator_list_when_due(struct coordinator *c, struct err *err);
int64_t coordinator_list_pause_ms(const struct coordinator *c);

/* coordinator_rows.c: the state table's rows. All yield. */

/* Reads the handler's row, or makes it at a first start; stops the handler where
 * the row is of another definition or stream. */
bool coordinator_load_handler(struct coordinator *c, size_t index, struct err *err);

/* Looks whether a seek (--force) has moved a handler under us: it writes the
 * handler's row last. Then all leases are to be loaded again. */
bool coordinator_look_for_seek(struct coordinator *c, struct err *err);

/* Takes up the leases' rows; those that we hold are ahead in memory, unless
 * somebody else wrote them: then they are lost. */
bool coordinator_load_leases(struct coordinator *c, struct err *err);

/* coordinator_serve.c: who is entitled to what. All yield. */

/* Takes what is free, and starts a reading for every handler that is entitled to a
 * shard and does not read it. */
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

/* Yields. Does fn for each of n members, 16 at a time; false with the first error. */
typedef bool coordinator_member_fn(struct coordinator *c, struct member *m, struct err *err);
bool coordinator_each(struct coordinator *c, struct member **members, size_t n, coordinator_member_fn *fn, struct err *err);

/* Does a shard wait for a parent that no listing has shown? */
bool coordinator_misses_parent(const struct coordinator *c);

/* Removes rows of finished shards that the stream has long not listed. */
bool coordinator_forget_old(struct coordinator *c, struct err *err);

#endif
