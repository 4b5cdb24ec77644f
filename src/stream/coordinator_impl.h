/* coordinator_impl: what the files of the coordinator share: its struct and the
 * steps of one round, in the order in which coordinator.c takes them.
 */
#ifndef SLUICE_STREAM_COORDINATOR_IMPL_H
#define SLUICE_STREAM_COORDINATOR_IMPL_H

#include "sluice/core/hash.h"
#include "sluice/core/loop.h"
#include "sluice/stream/coordinator.h"
#include "sluice/stream/lineage.h"


/* What is known of one shard of this pipeline. */
struct member {
	struct lease *lease;
	bool *reading;                /* per handler: a reading is under way */
	uint64_t waits_for;           /* hash of the foreign owner that was told of; 0: none */
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
	struct scope readings;
	struct event wake;
	uint64_t listing;              /* number of the latest listing that was begun */
	uint64_t first_listing;        /* of the first that was complete; 0: none yet */
	int64_t listed_ms, loaded_ms;
	int64_t soon_ms;               /* pause while something is about to be listed; 0: start over */
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

/* Does a shard wait for a parent that no listing has shown? */
bool coordinator_misses_parent(const struct coordinator *c);

/* Removes rows of finished shards that the stream has long not listed. */
bool coordinator_forget_old(struct coordinator *c, struct err *err);

#endif
