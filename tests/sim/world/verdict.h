/* verdict: do the derived tables and the index equal what the source says they must
 * be? For settings with the handlers of cluster_all_kinds.
 */
#ifndef SLUICE_SIM_VERDICT_H
#define SLUICE_SIM_VERDICT_H

#include "sim/world/cluster.h"

/* Yields until they do, at most limit_ms; else the world fails with the first that
 * does not. */
void verdict_wait(struct cluster *c, int64_t limit_ms);

#endif
