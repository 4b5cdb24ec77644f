/* scenario: named histories, one for each trap of DynamoDB Streams (src/README.md) and
 * for what only several workers can show. A body is a director's task: it starts
 * processes, writes, makes trouble, waits, and says what must hold; ledger and
 * overseer watch all along. Every scenario runs with several seeds.
 */
#ifndef SLUICE_SIM_SCENARIO_H
#define SLUICE_SIM_SCENARIO_H

#include "sim/world/cluster.h"

struct scenario {
	const char *name;          /* "T1 a child waits for its parent" */
	void (*body)(struct cluster *c);
	const char *settings;      /* NULL: cluster_two_forwards */
	size_t shards;             /* that the source begins with; 0: 1 */
	int64_t failover_ms;       /* 0: as the settings say */
	const char *later;         /* what the engine lacks for it yet: run only by name; NULL: nothing */
};

enum { SCENARIO_SEEDS = 3, SECOND_MS = 1000, MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/* Files by theme; each list ends with a name of NULL. */
extern const struct scenario scenarios_shards[], scenarios_starts[], scenarios_leases[], scenarios_state[], scenarios_zombies[],
	scenarios_sinks[], scenarios_scale[];

/* The i-th of all, or NULL behind the last. */
const struct scenario *scenario_at(size_t i);

/* Does `text` mean this one? "T1" means "T1 …", not "T10 …"; other words are found
 * anywhere in its name. */
bool scenario_is(const struct scenario *s, const char *text);

/* Runs it with one seed. w is released by the caller. False: it failed. */
bool scenario_run(const struct scenario *s, uint64_t seed, bool print, struct world *w);

/* ---- for bodies ---- */

/* Ends the body where the condition does not hold, with a sentence that says so. */
#define EXPECT(c, condition, ...)                            \
	do {                                                 \
		if (world_failed((c)->world))                \
			return;                              \
		if (!(condition)) {                          \
			world_fail((c)->world, __VA_ARGS__); \
			return;                              \
		}                                            \
	} while (0)

enum { SCENARIO_KEYS = 40 };

/* Changes n items, drawn, at once. */
void scenario_write(struct cluster *c, size_t n);

/* Yields: the same, one at a time, one every pause_ms. */
void scenario_write_for(struct cluster *c, int64_t ms, int64_t pause_ms);

/* Starts processes 1 to n; ends those that are alive. */
void scenario_start(struct cluster *c, int n);
void scenario_end(struct cluster *c);

/* Yields until everything has arrived; 10 minutes are given. */
bool scenario_settle(struct cluster *c);

/* Yields until the condition holds. False, and the world fails with `what`, after limit_ms. */
bool scenario_wait(struct cluster *c, bool (*holds)(struct cluster *c, void *ctx), void *ctx, int64_t limit_ms,
		   const char *what);

/* Of pipeline "p". */
struct ledger_track *scenario_track(const struct cluster *c, const char *handler);

/* How often something came again, over all handlers. */
size_t scenario_repeats(const struct cluster *c);

/* A shard closes into one child; the child. `any`: one that is open, drawn. */
struct sim_source_shard *scenario_roll(struct cluster *c, struct sim_source_shard *shard);
struct sim_source_shard *scenario_roll_any(struct cluster *c);

/* From here on lines of the trace with that text are counted: c->world->seen. */
void scenario_watch(struct cluster *c, const char *text);

/* The handler's place in the shard's row of pipeline "p", as last written. False: there is none.
 * out->handler is empty. */
bool scenario_saved(struct cluster *c, const char *shard, const char *handler, struct lease_position *out);

/* Changes and removes the shard's row as somebody outside would: its text by `edit`, its
 * counter by one. overseer.edited is the caller's. False: there is no row. */
typedef void scenario_edit(struct cluster *c, struct buf *text, const void *arg);
bool scenario_edit_row(struct cluster *c, const char *shard, scenario_edit *edit, const void *arg);
bool scenario_steal_row(struct cluster *c, const char *shard);
bool scenario_delete_row(struct cluster *c, const char *shard);

/* Counts requests by their arrival at the network: set as world.net.fault. */
struct scenario_calls {
	size_t gets, describes, iterators, state, searches;
	size_t describes_in_s, most_describes_in_s;  /* of a whole second of the world's */
	int64_t second;
};

void scenario_count(struct cluster *c, struct scenario_calls *calls);

#endif
