/* random: histories made of everything at once. The seed draws how many processes,
 * shards, writers there are, which trouble comes when; then the trouble stops, and
 * all must come right.
 */
#ifndef SLUICE_SIM_RANDOM_H
#define SLUICE_SIM_RANDOM_H

#include "sim/world/cluster.h"

/* The director's task of such a history; arg: struct world. */
void random_history(void *arg);

#endif
