/* fanout_merge: the sorted streams of an audience as one, each member once. Memory
 * is the streams' pages and one member.
 */
#ifndef SLUICE_WORKER_FANOUT_MERGE_H
#define SLUICE_WORKER_FANOUT_MERGE_H

#include "sluice/worker/fanout_source.h"

struct fanout_merge {
	struct fanout_stream *streams;   /* borrowed */
	size_t n_streams;
	size_t *heap;                    /* streams that have a head, the lowest first */
	size_t n_heap;
	struct buf last;                 /* the member given out last, as an attribute value */
	bool begun, given;
	bool mixed;                      /* two members had no order */
};

void fanout_merge_init(struct fanout_merge *m, struct fanout_stream *streams, size_t n);
void fanout_merge_release(struct fanout_merge *m);

/* Yields. *out gets the stream whose head is the next member, valid until the next
 * call; NULL at the end. Of equal members the first stream's counts. False as
 * fanout_stream_next(), or DATA "fanout.order" where members cannot be compared. */
bool fanout_merge_next(struct fanout_merge *m, const struct fanout_stream **out, struct err *err);

#endif
