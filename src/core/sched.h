/* sched: what the files of the scheduler share: task.c (tasks, scopes, waits),
 * loop.c (the turn, descriptors, posts), timer.c, event.c, offload.c.
 */
#ifndef SLUICE_CORE_SCHED_H
#define SLUICE_CORE_SCHED_H

#include "sluice/core/fiber.h"
#include "sluice/core/loop.h"

#include <pthread.h>

enum task_state { TASK_READY, TASK_RUNNING, TASK_WAITING };

/* Why a wait ended. The first reason wins: a task that is ready already is not
 * woken again, so what it was woken for is never lost. */
enum task_wake { WAKE_READY, WAKE_TIMEOUT, WAKE_CANCELLED };

struct task {
	struct loop *loop;
	struct scope *scope;
	struct task *next, *prev;  /* in the scope */
	struct fiber *fiber;       /* NULL until it first runs */
	const char *kind;
	task_fn *fn;
	void *arg;
	enum task_state state;
	enum task_wake woken_by;
	unsigned shields;
	size_t n_open_scopes;      /* those on its own stack */
	struct timer timer;
	struct event *event;       /* whose waiters it is in, or NULL */
	struct task *next_waiter, *prev_waiter;
};

/* Ready tasks in the order they became so (as long as env picks the first): a ring. The first `turn` of them
 * make up the present turn: all run before any that became ready since. */
struct ready {
	struct task **slots;
	size_t cap, head, count, turn;
};

/* Calls to be made on the loop's stack. */
struct post {
	struct post *next;
	void (*fn)(void *arg);
	void *arg;
	bool owned;  /* freed by the loop */
};

struct stack_use {
	const char *kind;
	size_t bytes;
};

struct helpers;

struct loop {
	struct env *env;
	struct fiber_pool *fibers;
	struct task *current;      /* NULL on the loop's own stack */
	bool running;
	struct ready ready;
	struct timer **timers;     /* binary heap, from index 1 */
	size_t n_timers, cap_timers;
	uint64_t timer_seq;
	struct watch **watches;    /* by descriptor */
	size_t cap_watches, n_watches;
	struct env_ready *batch;   /* what wait() reported, while it is dispatched */
	size_t batch_at, batch_n;
	pthread_mutex_t lock;      /* guards the posts */
	struct post *posts, **posts_end;
	struct helpers *helpers;   /* NULL until the first offload */
	struct stack_use *stack_uses;
	size_t n_stack_uses;
	struct loop_stats stats;
};

void ready_push(struct ready *r, struct task *t);
struct task *ready_take(struct ready *r, size_t at);

/* Runs t until it waits or ends; frees it in the latter case. */
void task_run(struct task *t);

/* The current task stops until task_wake(); timeout_ms < 0: no limit. */
enum task_wake task_park(struct task *t, int64_t timeout_ms);

/* Makes t ready, if it is waiting, and takes it out of whatever it waits for. */
void task_wake(struct task *t, enum task_wake why);

/* t has ended: takes it out of its scope. */
void scope_remove(struct task *t);

/* False with ERR_CANCELLED when the current task must not wait any more. */
bool task_may_wait(struct loop *loop, struct err *err);
bool task_refuse(const struct task *t, struct err *err);

/* In event.c: a list of waiting tasks, oldest first. */
void event_add_waiter(struct event *e, struct task *t);
void event_remove_waiter(struct task *t);
void event_wake_one(struct event *e);

/* In timer.c. Calls what is due at now_ns; those armed meanwhile stay. */
void timers_fire(struct loop *loop, int64_t now_ns);
void timers_release(struct loop *loop);

/* p stays the caller's until it was called (owned = false). Any thread. */
void loop_post_call(struct loop *loop, struct post *p);

void helpers_free(struct helpers *h);

#endif
