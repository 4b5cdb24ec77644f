/* figures: what 1,000 shards cost, in simulation: memory, writes of the state table,
 * how long taking, balancing and failing over last. For people; never a test.
 */
#ifndef SLUICE_SIM_FIGURES_H
#define SLUICE_SIM_FIGURES_H

#include <stdbool.h>

/* Prints them. False when the simulation failed. */
bool figures_print(void);

#endif
