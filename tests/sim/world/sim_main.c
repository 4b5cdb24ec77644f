/* The simulator: runs random histories by their seeds, and named scenarios.
 *
 *   sim [SEEDS] [FIRST]      so many seeds from FIRST (1) on
 *   sim seed N [trace]       one, with its whole trace
 *   sim twice N              one, twice: the traces must be equal to the byte
 *   sim scenario NAME|all [SEED] [trace]
 */
#include "sim/world/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct totals {
	int64_t virtual_ms;
	uint64_t requests, switches, failed;
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool run_seed(uint64_t seed, bool trace, struct totals *t, uint64_t *digest)
{
	struct world w;
	bool ok = world_run(&w, seed, trace, LOG_INFO, random_history, &w);

	t->virtual_ms += world_ms(&w);
	t->requests += w.requests;
	t->switches += w.switches;
	*digest = w.digest;
	if (!ok) {
		t->failed++;
		if (!trace)
			world_print_end(&w);
		printf("seed %" PRIu64 " FAILED: %s\nagain with: make sim SEED=%" PRIu64 " TRACE=1\n", seed, w.failure, seed);
	}
	world_release(&w);
	return ok;
}

static int run_seeds(uint64_t n, uint64_t first)
{
	struct totals t = { 0 };
	double begin = seconds(), took;
	uint64_t digest;

	for (uint64_t seed = first; seed < first + n && t.failed == 0; seed++)
		run_seed(seed, false, &t, &digest);
	took = seconds() - begin;
	printf("%" PRIu64 " seeds, %" PRIu64 " failed, %.1f simulated hours in %.1f s (%.0f an hour of ours), %.0f requests/s\n", n, t.failed,
	       (double)t.virtual_ms / 3.6e6, took, (double)t.virtual_ms / 3.6e6 / took * 3600, (double)t.requests / took);
	return t.failed ? 1 : 0;
}

static int run_twice(uint64_t seed)
{
	struct totals t = { 0 };
	uint64_t one, two;

	run_seed(seed, false, &t, &one);
	run_seed(seed, false, &t, &two);
	printf("seed %" PRIu64 ": %016" PRIx64 " %016" PRIx64 "%s\n", seed, one, two, one == two ? "" : " DIFFER");
	return one == two ? 0 : 1;
}

static uint64_t number(const char *text, uint64_t otherwise)
{
	return text ? strtoull(text, NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "200";
	struct totals t = { 0 };
	uint64_t digest;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(verb, "seed") == 0)
		return run_seed(number(argc > 2 ? argv[2] : NULL, 1), argc > 3, &t, &digest) ? 0 : 1;
	if (strcmp(verb, "twice") == 0)
		return run_twice(number(argc > 2 ? argv[2] : NULL, 1));
	return run_seeds(number(verb, 200), number(argc > 2 ? argv[2] : NULL, 1));
}
