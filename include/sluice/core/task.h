/* task: a stackful coroutine. Code that waits reads top to bottom; the calls
 * below that say "yields" let other tasks of the same loop run meanwhile.
 *
 * Tasks live in scopes. A scope ends only when all its tasks have ended;
 * cancelling it wakes every task in it (and in scopes opened by them) with
 * ERR_CANCELLED from the call they wait in, and from every later call that
 * would wait, until the task returns. Cleanup that must still wait runs inside
 * a shield.
 *
 * What that means exactly: a cancelled task is refused at once by every call
 * that could wait, also where it would not have had to (a set event, a channel
 * with items), so no loop around such a call goes on. A wait whose end had come
 * before the cancellation still succeeds; the next one is refused. Nothing that
 * a task was woken for is lost.
 *
 * All functions but loop_post() belong to the loop's own thread. A task has
 * 64 KiB of stack; touching what is below it ends the process.
 */
#ifndef SLUICE_CORE_TASK_H
#define SLUICE_CORE_TASK_H

#include "sluice/core/env.h"

struct loop;
struct task;

typedef void task_fn(void *arg);

/* Embedded; initialise, spawn into it, wait for it. It must outlive its tasks:
 * scope_wait() before it goes out of scope, also on the way of errors (a task
 * that returns past one on its own stack ends the process with a message). */
struct scope {
	struct loop *loop;
	struct scope *parent;     /* the scope of the task that opened it, or NULL */
	struct task *tasks;       /* list of live tasks */
	size_t n_tasks;
	struct task *waiter;      /* whoever is in scope_wait() */
	struct task *opener;      /* the task on whose stack it is, or NULL */
	bool cancelled;
	struct scope *children, *next_child, *prev_child;
};

/* Opens a scope. Called in a task, it is a child of that task's scope: a
 * cancellation of the parent reaches it. Opened in a shield it stands apart:
 * cleanup may start tasks, which then are not cancelled with the rest. */
void scope_init(struct scope *s, struct loop *loop);

/* Starts fn(arg) as a task. `kind` (a literal) names it in logs and in the
 * stack statistics. Never fails. The task runs when the caller next yields; in
 * a cancelled scope, too, where it is refused its first wait. */
void scope_spawn(struct scope *s, const char *kind, task_fn *fn, void *arg);

/* Yields until every task of the scope has ended and closes it: scopes its
 * tasks have opened must be closed by then (asserted). One task may wait, and
 * not one of the scope's own. It cannot fail:
 * when the waiting task itself is cancelled, so is s (it is a child), and the
 * wait goes on until its tasks are gone. */
void scope_wait(struct scope *s);

/* Wakes all tasks of the scope with ERR_CANCELLED. Does not wait. Idempotent. */
void scope_cancel(struct scope *s);

/* In a shield, the current task's waits ignore cancellation. They nest. */
void task_shield_begin(struct loop *loop);
void task_shield_end(struct loop *loop);

/* True when the current task has been cancelled (also inside a shield). */
bool task_cancelled(struct loop *loop);

/* The waits. All yield; all return false with ERR_CANCELLED when cancelled, and
 * (where no other is named) for no other reason. */

/* Lets the other ready tasks run: each of them once, unless the env picks
 * otherwise (a simulated one does). */
bool task_yield(struct loop *loop, struct err *err);

bool task_sleep_ms(struct loop *loop, int64_t ms, struct err *err);

/* Waits until fd shows one of `events` (EPOLLIN…); *ready gets what it showed,
 * 0 after timeout_ms (< 0: none). It may be NULL. One task a descriptor at a
 * time: else false, FATAL "fd.busy"; what the system cannot wait for (a closed
 * one, a plain file) is FATAL "fd.watch". */
bool task_wait_fd(struct loop *loop, int fd, uint32_t events, int64_t timeout_ms, uint32_t *ready, struct err *err);

/* Runs fn(arg) on a helper thread and yields until it has returned: for calls
 * that cannot be made non-blocking. It is not cancelled half way: the wait is
 * shielded, and a cancelled task may call it. fn must not touch anything of the
 * loop. At most four run at a time, the rest queue. In a simulation fn runs on
 * the loop's stack, while other tasks wait. */
void task_offload(struct loop *loop, void (*fn)(void *arg), void *arg);

/* event: a flag that tasks wait for. Any number of tasks may wait. Embedded;
 * holds nothing: once its waiters have been woken (event_set) its memory may be
 * used for something else, even before they run. */
struct event {
	struct loop *loop;
	bool set;
	struct task *waiters;
};

void event_init(struct event *e, struct loop *loop);

/* Sets it and wakes all waiters; it stays set until event_clear(). */
void event_set(struct event *e);
void event_clear(struct event *e);

/* Yields until it is set. timeout_ms < 0: no limit. *fired (may be NULL) is
 * false after a timeout. False only when cancelled. Returns at once when set.
 * Fired means that it was set at some time during the call, not that it still
 * is: who waits for a condition checks it again. */
bool event_wait(struct event *e, int64_t timeout_ms, bool *fired, struct err *err);

/* channel: a bounded queue of pointers between tasks. It does not own what they
 * point to. Many may send and many receive; each item wakes one receiver. */
struct channel {
	struct loop *loop;
	void **slots;
	size_t cap, head, count;
	size_t inside;  /* tasks that wait in it */
	bool closed;
	struct event not_full, not_empty;
};

void channel_init(struct channel *c, struct loop *loop, size_t capacity); /* at least 1 */

/* Only when no task is inside (asserted): close it and let them leave first. */
void channel_release(struct channel *c);

/* Yields while full. False when cancelled, or (code "channel.closed", class
 * FATAL) when closed. */
bool channel_send(struct channel *c, void *item, struct err *err);

/* Yields while empty. False when cancelled, or ("channel.closed", as above) when
 * closed and drained. */
bool channel_recv(struct channel *c, void **item, struct err *err);

/* No more sends; receivers drain what is left. */
void channel_close(struct channel *c);

#endif
