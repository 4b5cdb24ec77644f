/* seek: moves the saved positions of a pipeline's handlers while no worker holds
 * them (or, forced, under a worker's hands).
 *
 * A position that was moved is at the shard's begin: no sequence number, a pin
 * that says what of it is discarded, a version above all that the handler has
 * given so far, and the mark `sought`: children wait for their parents again.
 * So what is read again gets new versions, which are higher.
 *
 * Every row is written on the condition that nobody else wrote it, and is old or
 * new, never half: a seek that was interrupted is completed by repeating it. A
 * handler's own row, where shards without a lease begin, comes last: until then
 * they begin where they did, which is never a gap.
 */
#ifndef SLUICE_STREAM_SEEK_H
#define SLUICE_STREAM_SEEK_H

#include "sluice/stream/lease.h"

enum seek_whence { SEEK_TRIM_HORIZON, SEEK_TIME, SEEK_LATEST };

struct seek_handler {
	struct str name;
	bool image;          /* what it keeps are functions of item images: a gap makes it wrong */
	bool sums;           /* a counter: what was before its start is never added to it, as the
	                        fences of its rows would leave out only a part */

	/* Found and done by seek_run(). */
	bool begun;          /* it was started once: it has a row or positions */
	struct str label;    /* owned: of its stream; empty: it has no row */
	int64_t start_ms;    /* its row's start so far; 0: the trim horizon */
	uint64_t v;          /* what its versions go on above */
	size_t moved;        /* shards; of these: */
	size_t reopened;     /* … that were finished and are read again */
	size_t finished;     /* … that stay finished */
};

struct seek {
	struct loop *loop;
	struct state *state;        /* open */
	struct str instance;        /* "<host>:<pid>" */
	struct str pipeline;
	struct seek_handler *handlers;
	size_t n_handlers;
	enum seek_whence whence;
	int64_t pin_ms;             /* SEEK_TIME: Unix time */
	int64_t now_ms;             /* the service's time */
	int64_t failover_ms;        /* of a holder whose row does not say it */
	bool force;                 /* also under a live worker; also where it leaves a gap */

	/* Told now and then while it waits to see whether a holder is alive. May be NULL. */
	void (*waiting)(void *ctx, struct str session, int64_t left_ms);
	void *ctx;

	/* Done so far; of rows_found, rows_written are moved. */
	size_t rows_found, rows_written;
};

/* Yields. Moves the handlers' positions in all rows of the pipeline. False with
 *   "seek.nothing"    neither row nor position of the handlers is there
 *   "seek.gap"        a handler of images would miss records, or has lost some
 *   "seek.held"       a worker that lives holds leases of the pipeline
 *   "seek.conflict"   somebody writes a row all the time
 * or with what the state store says. rows_written tells whether anything was. */
bool seek_run(struct seek *s, struct err *err);
void seek_release(struct seek *s);

/* The parts that are pure. */

/* The start that a handler gets where it has had `had_ms` (0: the trim horizon). */
int64_t seek_start_ms(const struct seek *s, const struct seek_handler *h, int64_t had_ms);

/* What the handler's versions must go on above, from all of the pipeline's rows. */
uint64_t seek_version(const struct seek *s, struct str handler, struct lease *const *rows, size_t n);

/* May records between what the handler has had and the new start be missed? *shard
 * gets one that shows it (borrowed; empty when there is none yet). */
bool seek_gap(const struct seek *s, const struct seek_handler *h, struct lease *const *rows, size_t n,
	      struct str *shard);

/* Has the handler lost records to trim, or may it have? What is derived from every
 * change stays wrong then, wherever it goes on. *shard gets one that shows it. */
bool seek_lost(const struct seek *s, const struct seek_handler *h, struct lease *const *rows, size_t n,
	       struct str *shard);

/* Moves the handler in this lease (in memory) and counts it; rows: all of the
 * pipeline's. False: it has no position there; it will begin at its row's start. */
bool seek_move(const struct seek *s, struct seek_handler *h, struct lease *l, struct lease *const *rows, size_t n);

#endif
