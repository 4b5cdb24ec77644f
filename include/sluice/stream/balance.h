/* balance: which worker gives how many leases to whom. Pure decisions over what the
 * heartbeat rows tell; stream/balancer has them carried out.
 *
 * Leases are given, never stolen: the owner alone decides that it has too many. So
 * no two workers write one row, the owner drains before it writes, and what was
 * acknowledged is saved when the next one begins.
 *
 * Loads are judged in total, whichever pipelines they are of: a lease moves only
 * where its giver has at least two more than its receiver. Each such move makes the
 * sum of squares smaller, so moving ends, and from rest nothing moves.
 *
 * While somebody is below the floor of the mean all who are above it give; after
 * that those above its ceiling give to those below it. A giver gives its share of
 * what is missing (by chance where that is no whole number: others see the same
 * need at the same time), and at most half of what it has too much in one round.
 */
#ifndef SLUICE_STREAM_BALANCE_H
#define SLUICE_STREAM_BALANCE_H

#include "sluice/core/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In place of a number of leases: the worker does not run that pipeline. */
#define BALANCE_ABSENT SIZE_MAX

struct balance_worker {
	size_t total;          /* unfinished leases, of all its pipelines, with those under way to it */
	const size_t *leases;  /* per pipeline of ours */
};

/* The workers that share a pipeline with us; the first is ourselves. */
struct balance_view {
	const struct balance_worker *workers;
	size_t n_workers, n_pipelines;
};

struct balance_gift {
	size_t worker, pipeline, n;
};

/* What we give now. gifts has room for n_workers * n_pipelines; returns how many
 * there are, at most one for a worker and pipeline. */
size_t balance_decide(const struct balance_view *view, struct rng *rng, struct balance_gift *gifts);

/* May somebody give us leases soon? Then it is worth looking for them. */
bool balance_is_poor(const struct balance_view *view);

/* Of so many leases one worker's fair share: the mean, rounded up. */
size_t balance_share(size_t leases, size_t n_workers);

#endif
