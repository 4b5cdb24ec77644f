/* self: does the simulator itself hold what it promises? Small worlds, some with an
 * error planted that must be found.
 */
#ifndef SLUICE_SIM_SELF_H
#define SLUICE_SIM_SELF_H

#include <stdbool.h>
#include <stddef.h>

/* The name of the i-th test, or NULL behind the last. */
const char *self_name(size_t i);

/* Runs it; prints what was wrong. */
bool self_run(size_t i);

#endif
