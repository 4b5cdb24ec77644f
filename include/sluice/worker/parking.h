/* parking: which chains must leave their reading, so that a handler whose sink is
 * down or slow holds up nobody else and holds no memory. A chain leaves when
 *
 * - it is stalled: its batch got no further for PARKING_STALL_MS. It got further when
 *   an effect was acknowledged or dead-lettered, or refused for good (DATA: that is
 *   tried a limited number of times). While a request is under way for which the sink
 *   has asked for more time (effect_batch_silent()), that counts instead, unless
 *   another chain waits for its pages. In a probe the first round that must wait is
 *   enough.
 * - it is lagging: the window is full because of it, and another chain of the
 *   reading has nothing left to take. It finishes its batch first.
 *
 * The coordinator has it come back (stream/coordinator.h).
 */
#ifndef SLUICE_WORKER_PARKING_H
#define SLUICE_WORKER_PARKING_H

#include "sluice/worker/shard_run.h"

enum { PARKING_STALL_MS = 10000 };

/* The chain's batch has got further. */
void parking_moved(struct chain *c);

/* Effects of it were acknowledged: of this record, or (NULL) all there are. Ends its
 * parking, and the probe. */
void parking_acknowledged(struct chain *c, const struct record *r);

/* delivery_site.waits, with the chain as its owner. */
bool parking_waits(void *chain, const struct err *why, int64_t delay_ms, bool finite);

/* The chain has nothing left to take: if others hold the window, they leave. */
void parking_starves(struct chain *c);

/* Has those leave that are stalled. Returns after how many ms to ask again. */
int64_t parking_watch(struct shard_run *run);

/* Notes in the reading whether it is behind the stream's tip. */
void parking_note_tip(struct shard_run *run);

/* Yields. The chain's task has ended because it leaves: saves its position and
 * hands the handler back to the coordinator. */
void parking_leave(struct chain *c);

#endif
