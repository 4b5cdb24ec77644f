#include "sim/world/scenario.h"

#include "sim/world/figures.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SHARDS = 1000, WORKERS = 4, DAY_S = 24 * 3600, IDLE_MS = 10 * MINUTE_MS, BUSY_MS = 2 * MINUTE_MS };

/* on demand, us-east-1: https://aws.amazon.com/dynamodb/pricing/on-demand/ */
static const double usd_per_million_writes = 0.625;

static const char one_forward[] =
	"app = \"sim\"; aws: { region = \"us-east-1\"; }; leases: { failover_s = 10; };"
	"sinks = ( { name = \"a\"; kind = \"recorder\"; url = \"http://a.recorder.test/\"; } );"
	"pipelines = ( { name = \"p\"; table = \"Deals\"; start = \"trim_horizon\";"
	"  handlers = ( { kind = \"forward\"; name = \"a\"; sink = \"a\"; } ); } );";

/* Of the whole program, resident. */
static size_t resident_bytes(void)
{
	unsigned long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%lu %lu", &pages, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static bool holds_all(struct cluster *c, void *ctx)
{
	(void)ctx;
	return overseer_open(&c->overseer) >= SHARDS && overseer_held(&c->overseer, NULL) == overseer_open(&c->overseer);
}

static bool is_even(struct cluster *c, void *ctx)
{
	(void)ctx;
	for (int id = 1; id <= WORKERS; id++) {
		size_t held = overseer_held(&c->overseer, c->processes[id].node);

		if (held < SHARDS / WORKERS - 1 || held > SHARDS / WORKERS + 1)
			return false;
	}
	return true;
}

static void say_writes(struct cluster *c, const char *what, int64_t ms, uint64_t before)
{
	double per_s = (double)(c->overseer.state_writes - before) / ((double)ms / 1000);

	printf("state table, %s: %.2f writes/s, $%.2f a month\n", what, per_s, per_s * 30 * DAY_S / 1e6 * usd_per_million_writes);
}

static void one_worker(struct cluster *c)
{
	size_t before = resident_bytes(), heap_before;
	int64_t begun_ms = world_ms(c->world);
	const struct host *n;

	cluster_start(c, 1);
	n = c->processes[1].node;
	heap_before = heap_bytes(n->heap);
	scenario_wait(c, holds_all, NULL, 5 * MINUTE_MS, "one worker holds every shard");
	printf("one worker takes %d shards in %.1f s\n", SHARDS, (double)(world_ms(c->world) - begun_ms) / 1000);
	cluster_sleep(c, 2 * MINUTE_MS);
	printf("memory of an idle shard with one handler: %zu bytes allocated, %zu stacks; resident with the simulator's own: %zu bytes\n",
	       (heap_bytes(n->heap) - heap_before) / SHARDS, heap_stacks(n->heap) / SHARDS, (resident_bytes() - before) / SHARDS);
}

static void four_workers(struct cluster *c)
{
	int64_t begun_ms = world_ms(c->world);
	uint64_t before;

	for (int id = 2; id <= WORKERS; id++)
		cluster_start(c, id);
	scenario_wait(c, is_even, NULL, 20 * MINUTE_MS, "the shards are spread");
	printf("%d shards spread from one over %d workers in %.1f s\n", SHARDS, WORKERS, (double)(world_ms(c->world) - begun_ms) / 1000);
	cluster_sleep(c, 2 * MINUTE_MS);
	before = c->overseer.state_writes;
	cluster_sleep(c, IDLE_MS);
	say_writes(c, "1,000 idle shards, 4 workers", IDLE_MS, before);
}

static void busy(struct cluster *c)
{
	uint64_t before = c->overseer.state_writes;

	for (int64_t end_ms = world_ms(c->world) + BUSY_MS; world_ms(c->world) < end_ms && cluster_sleep(c, 1000);)
		for (size_t key = 0; key < SHARDS; key++)
			sim_source_update(c->source, key);
	say_writes(c, "1,000 busy shards (a change a second each)", BUSY_MS, before);
}

/* From the kill to the first record of one of its shards by another worker. */
static void fail_over(struct cluster *c)
{
	size_t held = overseer_held(&c->overseer, c->processes[1].node);
	int64_t killed_ms = world_ms(c->world);
	uint64_t takes = c->overseer.takes;

	cluster_kill(c, 1);
	while (c->overseer.takes == takes && cluster_sleep(c, 100))
		;
	printf("fail-over, failover_s = 10: first shard taken %.1f s after the kill, ", (double)(world_ms(c->world) - killed_ms) / 1000);
	scenario_wait(c, holds_all, NULL, 5 * MINUTE_MS, "the others hold every shard");
	while (c->overseer.takes < takes + held && cluster_sleep(c, 100))
		;
	printf("the last of %zu after %.1f s\n", held, (double)(world_ms(c->world) - killed_ms) / 1000);
}

static void measure(struct cluster *c)
{
	c->plan.pipelines[0].poll_max_ms = 20000; /* fewer calls to simulate; nothing else depends on it */
	one_worker(c);
	four_workers(c);
	busy(c);
	fail_over(c);
	scenario_settle(c);
	scenario_end(c);
}

bool figures_print(void)
{
	const struct scenario s = { "figures", measure, one_forward, .shards = SHARDS };
	struct world w;
	bool ok = scenario_run(&s, 1, false, &w);

	if (!ok)
		printf("FAILED: %s\n", w.failure);
	world_release(&w);
	return ok;
}
