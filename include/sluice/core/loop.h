/* loop: schedules the tasks of one thread, and calls back for descriptors,
 * timers and messages of other threads. Callbacks run on the loop's own stack,
 * between tasks: they must not wait, they only mark things ready (event_set,
 * or work of a library that never blocks).
 */
#ifndef SLUICE_CORE_LOOP_H
#define SLUICE_CORE_LOOP_H

#include "sluice/core/task.h"

/* env is borrowed and must outlive the loop. NULL with err when the system
 * refuses it a lock. */
struct loop *loop_new(struct env *env, struct err *err);

/* Only when no task and no watch is left (asserted). Joins the helper threads
 * and makes the posted calls that are left. Armed timers are disarmed. */
void loop_free(struct loop *loop);

/* Runs fn(arg) as the first task, in a scope of its own, and returns when it
 * and everything it started have ended. */
void loop_run(struct loop *loop, task_fn *fn, void *arg);

struct env *loop_env(struct loop *loop);

/* Calls fn(arg) on the loop's stack, soon, and in the order of posting; when the
 * loop does not run, in its next run or in loop_free(). The only function that
 * other threads and signal-free callbacks of libraries may call. */
void loop_post(struct loop *loop, void (*fn)(void *arg), void *arg);

/* A descriptor that a library owns. Embedded, zero but for what the caller sets
 * (all but loop); one a descriptor (else "fd.busy"). The loop keeps a pointer to it
 * until loop_unwatch(). Also closed descriptors must be unwatched first. */
struct watch {
	int fd;
	uint32_t events;
	void (*fn)(void *arg, uint32_t ready);
	void *arg;
	struct loop *loop;
};

/* Also to change w->events; 0: nothing for now. The callback comes again and
 * again until what is ready was taken. It may unwatch, and free, any watch. */
bool loop_watch(struct loop *loop, struct watch *w, struct err *err);
void loop_unwatch(struct watch *w);

/* A one-shot timer of a library. Embedded; zero but for fn and arg. Timers due
 * at the same time fire in the order in which they were set. */
struct timer {
	int64_t due_ns;
	uint64_t seq;       /* order of those due at the same time */
	size_t heap_index;  /* 0: not armed */
	void (*fn)(void *arg);
	void *arg;
	struct loop *loop;
};

/* Sets it, or sets it anew. after_ms <= 0: as soon as the loop comes round. */
void loop_timer_set(struct loop *loop, struct timer *t, int64_t after_ms);
void loop_timer_cancel(struct timer *t); /* also one that is not armed */

/* For statistics and tests. */
struct loop_stats {
	size_t tasks;           /* live */
	size_t stacks;          /* allocated, in use or pooled */
	size_t timers;          /* armed */
	uint64_t switches;
	uint64_t waits;         /* calls of env's wait */
};
struct loop_stats loop_stats(const struct loop *loop);

/* Debug builds: the most stack any task of this kind used, in bytes; else 0. */
size_t loop_stack_high_water(const struct loop *loop, const char *kind);

#endif
