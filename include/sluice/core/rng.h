/* rng: seeded random numbers (xoshiro256**). Not for secrets. */
#ifndef SLUICE_CORE_RNG_H
#define SLUICE_CORE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/* The same seed gives the same numbers for ever. */
void rng_seed(struct rng *r, uint64_t seed);

/* Seeds from the operating system (getrandom). */
void rng_seed_from_system(struct rng *r);

uint64_t rng_next(struct rng *r);

/* Uniform in [0, n); 0 when n is 0. No modulo bias. */
uint64_t rng_below(struct rng *r, uint64_t n);

/* Uniform in [0, 1). */
double rng_unit(struct rng *r);

#endif
