/* sim/env: a simulated env. One seed is one exact history: time moves only when
 * every task waits, and then at once to the next deadline; which ready task
 * goes next is drawn from the seed. When all tasks wait and there is no
 * deadline, nothing can ever happen again: the process says so and aborts.
 */
#ifndef SLUICE_SIM_ENV_H
#define SLUICE_SIM_ENV_H

#include "sluice/core/env.h"

/* 2026-01-01T00:00:00Z: where the wall clock starts. */
#define SIM_EPOCH_MS INT64_C(1767225600000)

/* Free with env_free(). Virtual time ends (an abort) after ten years. */
struct env *sim_env_new(uint64_t seed);

/* How far the wall clock is off. Not the monotonic one. */
void sim_env_set_skew_ms(struct env *env, int64_t skew_ms);

/* The abort for tests of what would otherwise never end: virtual ms from now. */
void sim_env_set_limit_ms(struct env *env, int64_t limit_ms);

/* Descriptors are refused until this is called. Then one that is ready is
 * reported before time moves, lowest first: as deterministic as what is behind
 * it, which must be in this process (a pipe, a socketpair). */
void sim_env_allow_descriptors(struct env *env);

/* Moves the clock by hand, as a suspended machine or a long computation does. */
void sim_env_advance_ms(struct env *env, int64_t ms);

/* For struct log's now_ms, with the env as its clock. */
int64_t sim_env_log_now_ms(void *env);

#endif
