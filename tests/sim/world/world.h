/* world: many processes in one, in virtual time. Each simulated process (a node)
 * has a loop, a clock and memory of its own; exactly one runs at a time, and which
 * one, when, with which chance is drawn from the seed: one seed is one history.
 *
 * Node 0 is the director: the services, those who write into them, and the trouble
 * are tasks of its loop. The other nodes reach the services only through their
 * transport: a request is handed to the director's network, which delays it,
 * loses it, has it answered, and brings the answer back; so it takes effect also
 * when the node that sent it sleeps or is dead by then.
 *
 * Functions that take a node are for the director's tasks unless they say else.
 */
#ifndef SLUICE_SIM_WORLD_H
#define SLUICE_SIM_WORLD_H

#include "sim/streams.h"
#include "sim/world/heap.h"
#include "sluice/core/loop.h"

struct world;
struct fiber;
struct fiber_pool;

/* 2026-01-01T00:00:00Z: where the true wall clock starts. */
#define WORLD_EPOCH_MS INT64_C(1767225600000)

struct host {
	struct env env;
	struct transport transport;   /* to the services, for the node's own tasks */
	struct world *world;
	char name[24];                /* "n1.2": node 1, its second life */
	int id;
	unsigned life;                /* counts from 1; the next start is the next life */
	bool alive;
	struct heap *heap;            /* dropped when it ends */
	struct loop *loop;
	struct log log;
	struct rng schedule;          /* apart from env.rng: what code draws must not change the order */
	int64_t boot_ns;              /* its monotonic clock at the world's begin */
	int64_t skew_ms;              /* of its wall clock */
	int64_t asleep_until_ns;      /* paused: runs nothing till then */
	int64_t cut_until_ms[4];      /* by enum world_service: no way through till then (world's time) */

	/* The scheduler's. */
	struct fiber_pool *pool;
	struct fiber *fiber;
	int64_t wake_ns;
	bool woken;
	task_fn *main;
	void *arg;
};

enum { WORLD_HOSTS = 16 };

/* What a request is for. */
enum world_service { WORLD_STREAMS, WORLD_STATE, WORLD_TABLES, WORLD_SEARCH };

/* What the network does to a request; chances from 0 to 1. */
struct world_net {
	int64_t latency_ms;           /* one way: 1 to this, most of the time */
	double slow;                  /* chance of a request to take up to slow_ms, one way */
	int64_t slow_ms;
	double drop_before, drop_after, error_500, throttle, truncate, garbage, hang;
	/* Asked first, where set; SIM_NO_FAULT: the chances above decide. */
	enum sim_fault (*fault)(void *ctx, const struct host *from, enum world_service service, const char *operation,
				struct str body);
	void *fault_ctx;
};

struct world {
	uint64_t seed;
	struct rng rng;               /* the scheduler's and the network's */
	int64_t now_ns;
	struct host hosts[WORLD_HOSTS];
	struct host *running;         /* NULL in the scheduler */
	struct transport *services;   /* of the director's loop; answers without waiting */
	struct world_net net;
	const char *state_table;      /* requests that name it are for WORLD_STATE */
	const char *search_host;      /* a part of its URL */
	void *calls;                  /* all that are under way */
	struct scope net_tasks;
	task_fn *main;                /* the director's */
	void *arg;
	enum log_level log_level;     /* of the nodes */
	int log_fd;
	uint64_t requests, faults, kills, switches;

	/* Told of every request that a node sends, at that time, on the node's stack
	 * but with the director's memory. */
	void (*sent)(void *ctx, const struct host *from, enum world_service service, const char *operation, struct str body);
	void *sent_ctx;

	/* The trace. */
	bool print;                   /* each line to stdout as well */
	char **lines;                 /* a ring of the last ones */
	size_t n_lines, after_failure;
	uint64_t digest;              /* of all lines so far */
	char failure[2048];           /* what was found wrong first; empty: nothing */
	bool ending;
};

enum { WORLD_LINES = 400 };

/* Runs director(loop, arg)'s task until it ends; all other nodes must have ended or
 * are killed then. False when something was found wrong: failure says what.
 * `print`: the whole trace goes to stdout. log_level: of the nodes' logs. */
bool world_run(struct world *w, uint64_t seed, bool print, enum log_level log_level, task_fn *director, void *arg);

/* After world_run(): gives the trace back. */
void world_release(struct world *w);

/* The last lines of the trace, and the failure. */
void world_print_end(const struct world *w);

/* Starts a process on node `id` (1 ...), which must not be alive: main(arg) is its
 * first task. arg is borrowed. */
struct host *host_start(struct world *w, int id, task_fn *main, void *arg);

/* SIGKILL: nothing of it runs any more; its memory is gone. */
void host_kill(struct host *n);

/* SIGSTOP for that long: runs nothing; time goes on for the others. */
void host_pause(struct host *n, int64_t ms);

/* No request to that service gets through, either way. */
void host_cut(struct host *n, enum world_service service, int64_t ms);

/* Yields until it has ended by itself, at most limit_ms. */
bool host_wait_end(struct host *n, int64_t limit_ms);

/* Has fn(arg) called on the node's loop, as loop_post(). */
void host_post(struct host *n, void (*fn)(void *arg), void *arg);

/* What a node's code may call that must act in the director's memory (a broker's
 * log, a recorder): brackets around it. */
struct heap *world_enter(struct world *w);
void world_leave(struct heap *before);

struct world *world_of(struct env *env);
struct host *host_of(struct env *env);

/* A line of the trace: "  12.345 n1 text". Any node. */
void world_trace(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Something that must not be. The first one counts; the world ends soon. */
void world_fail(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline bool world_failed(const struct world *w) { return w->failure[0] != '\0'; }
static inline int64_t world_ms(const struct world *w) { return w->now_ns / 1000000; }

#endif
