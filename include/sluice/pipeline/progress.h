/* progress: where a handler's position may stand: at the end of the contiguous
 * acknowledged prefix, in whatever order acknowledgements arrive.
 */
#ifndef SLUICE_PIPELINE_PROGRESS_H
#define SLUICE_PIPELINE_PROGRESS_H

#include "sluice/item/sequence.h"

struct progress_slot {
	struct position position;
	uint32_t pending;       /* effects that are still out */
};

struct progress {
	struct position position;      /* everything up to here is acknowledged */
	struct progress_slot *slots;   /* ring, in stream order */
	size_t cap, count;
	uint64_t first;                /* number of the oldest slot */
	uint64_t acknowledged;         /* records in all, for statistics */
};

void progress_init(struct progress *p, const struct position *start);
void progress_release(struct progress *p);

/* A record was taken, `pending` acknowledgements (may be 0) are to come. Its
 * sequence must be above all before it (asserted). Returns the slot's number. */
uint64_t progress_take(struct progress *p, const struct position *at, uint32_t pending);

/* Acknowledgements still to come for a slot: more, or one less. */
void progress_add(struct progress *p, uint64_t slot, uint32_t more);
void progress_acknowledge(struct progress *p, uint64_t slot);

/* Those that are out, at least one, become a single slot with one acknowledgement to
 * come; returns its number. For what is acknowledged as a whole, so that it costs
 * nothing to wait for. */
uint64_t progress_merge(struct progress *p);

/* True when nothing is out. */
static inline bool progress_idle(const struct progress *p) { return p->count == 0; }

#endif
