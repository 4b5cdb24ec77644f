/* seek_impl: what the files of the seek share.
 */
#ifndef SLUICE_STREAM_SEEK_IMPL_H
#define SLUICE_STREAM_SEEK_IMPL_H

#include "sluice/core/loop.h"
#include "sluice/stream/seek.h"

/* A session that stands as the owner in leases of the pipeline. */
struct seek_holder {
	struct str session;        /* owned */
	size_t leases;
	uint64_t counter;          /* of its worker row at the first look; 0: it had none */
	int64_t failover_ms, seen_ms;
	bool alive;                /* its row has moved */
};

struct seek_holders {
	struct seek_holder *list;
	size_t n;
};

void seek_holders_of(struct lease *const *rows, size_t n, struct seek_holders *out);
void seek_holders_release(struct seek_holders *h);
bool seek_holders_know(const struct seek_holders *h, struct str session);

/* Yields. Watches the holders' rows until each has stood still for its failover
 * time. "seek.held" as soon as one moves. */
bool seek_watch(const struct seek *s, struct seek_holders *h, struct err *err);

#endif
