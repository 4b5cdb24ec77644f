/* The simulator: runs random histories by their seeds, and named scenarios.
 *
 *   sim [SEEDS] [FIRST]      so many seeds from FIRST (1) on
 *   sim figures              what 1,000 shards cost
 *   sim seed N [trace]       one, with its whole trace
 *   sim twice N              one, twice: the traces must be equal to the byte
 *   sim scenarios            lists their names, a line each
 *   sim scenario NAME|all [SEED] [trace]
 *   sim self [TEXT]          tests of the simulator itself, those with TEXT in their name
 *   sim self-tests           lists their names
 */
#include "sim/world/figures.h"
#include "sim/world/random.h"
#include "sim/world/scenario.h"
#include "sim/world/self.h"

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

/* ---- scenarios ---- */

static bool run_scenario_seed(const struct scenario *s, uint64_t seed, bool trace, struct totals *t)
{
	struct world w;
	bool ok = scenario_run(s, seed, trace, &w);

	t->virtual_ms += world_ms(&w);
	t->requests += w.requests;
	if (!ok) {
		t->failed++;
		if (!trace)
			world_print_end(&w);
		printf("FAILED: %s, seed %" PRIu64 ": %s\nagain with: make sim T=\"%s\" SEED=%" PRIu64 " TRACE=1\n", s->name, seed, w.failure,
		       s->name, seed);
	}
	world_release(&w);
	return ok;
}

/* With one seed, or (0) with each of SCENARIO_SEEDS. */
static bool run_scenario(const struct scenario *s, uint64_t seed, bool trace)
{
	uint64_t first = seed ? seed : 1, last = seed ? seed : SCENARIO_SEEDS;
	struct totals t = { 0 };
	double begin = seconds();

	for (uint64_t at = first; at <= last && t.failed == 0; at++)
		run_scenario_seed(s, at, trace, &t);
	if (t.failed == 0)
		printf("ok: %s (%" PRIu64 " seeds, %.1f simulated hours, %.1f s)\n", s->name, last - first + 1, (double)t.virtual_ms / 3.6e6,
		       seconds() - begin);
	return t.failed == 0;
}

static int run_scenarios(const char *text, uint64_t seed, bool trace)
{
	bool all = strcmp(text, "all") == 0, ok = true;
	const struct scenario *s;
	size_t ran = 0;

	for (size_t i = 0; (s = scenario_at(i)) != NULL; i++) {
		if (all && s->later) {
			printf("later: %s (%s)\n", s->name, s->later);
			continue;
		}
		if (!all && !scenario_is(s, text))
			continue;
		ran++;
		ok = run_scenario(s, seed, trace) && ok;
	}
	if (ran == 0)
		printf("no scenario is called like \"%s\"; \"sim_main scenarios\" lists them\n", text);
	return ok && ran ? 0 : 1;
}

/* Those that the engine is not ready for are left out. */
static int list_scenarios(void)
{
	const struct scenario *s;

	for (size_t i = 0; (s = scenario_at(i)) != NULL; i++)
		if (!s->later)
			puts(s->name);
	return 0;
}

static int run_self(const char *text)
{
	size_t ran = 0, failed = 0;

	for (size_t i = 0; self_name(i); i++) {
		if (!strstr(self_name(i), text))
			continue;
		ran++;
		if (self_run(i))
			printf("ok: %s\n", self_name(i));
		else
			failed++;
	}
	return ran && !failed ? 0 : 1;
}

static int list_self(void)
{
	for (size_t i = 0; self_name(i); i++)
		puts(self_name(i));
	return 0;
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
	if (strcmp(verb, "figures") == 0)
		return figures_print() ? 0 : 1;
	if (strcmp(verb, "seed") == 0)
		return run_seed(number(argc > 2 ? argv[2] : NULL, 1), argc > 3, &t, &digest) ? 0 : 1;
	if (strcmp(verb, "twice") == 0)
		return run_twice(number(argc > 2 ? argv[2] : NULL, 1));
	if (strcmp(verb, "self-tests") == 0)
		return list_self();
	if (strcmp(verb, "self") == 0)
		return run_self(argc > 2 ? argv[2] : "");
	if (strcmp(verb, "scenarios") == 0)
		return list_scenarios();
	if (strcmp(verb, "scenario") == 0 && argc > 2)
		return run_scenarios(argv[2], number(argc > 3 ? argv[3] : NULL, 0), argc > 4);
	return run_seeds(number(verb, 200), number(argc > 2 ? argv[2] : NULL, 1));
}
