#include "sched.h"

#include "sluice/core/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool is_interrupted(const struct task *t)
{
	return t->scope->cancelled && t->shields == 0;
}

bool task_refuse(const struct task *t, struct err *err)
{
	return err_set(err, ERR_CANCELLED, "task.cancelled", "the task \"%s\" was cancelled", t->kind);
}

bool task_may_wait(struct loop *loop, struct err *err)
{
	assert(loop->current); /* only tasks wait; callbacks and the main stack cannot */
	return !is_interrupted(loop->current) || task_refuse(loop->current, err);
}

static void on_timeout(void *arg)
{
	task_wake(arg, WAKE_TIMEOUT);
}

enum task_wake task_park(struct task *t, int64_t timeout_ms)
{
	t->state = TASK_WAITING;
	if (timeout_ms >= 0) {
		t->timer.fn = on_timeout;
		t->timer.arg = t;
		loop_timer_set(t->loop, &t->timer, timeout_ms);
	}
	fiber_suspend(t->fiber);
	return t->woken_by;
}

void task_wake(struct task *t, enum task_wake why)
{
	if (t->state != TASK_WAITING)
		return;
	event_remove_waiter(t);
	loop_timer_cancel(&t->timer);
	t->woken_by = why;
	t->state = TASK_READY;
	ready_push(&t->loop->ready, t);
}

static void run_body(void *arg)
{
	struct task *t = arg;

	t->fn(t->arg);
}

static void note_stack_use(struct loop *loop, const char *kind, size_t bytes)
{
	size_t i = 0;

	if (bytes == 0)
		return;
	while (i < loop->n_stack_uses && strcmp(loop->stack_uses[i].kind, kind) != 0)
		i++;
	if (i == loop->n_stack_uses) {
		loop->stack_uses = mem_resize(loop->stack_uses, ++loop->n_stack_uses * sizeof(*loop->stack_uses));
		loop->stack_uses[i] = (struct stack_use){ .kind = kind };
	}
	if (bytes > loop->stack_uses[i].bytes)
		loop->stack_uses[i].bytes = bytes;
}

static void left_scope_open(const struct task *t)
{
	dprintf(STDERR_FILENO, "level=error event=task.scope_open kind=%s text=\"it returned without scope_wait() for a scope "
		"on its stack\"\n", t->kind);
	abort();
}

void task_run(struct task *t)
{
	struct loop *loop = t->loop;
	bool goes_on;

	if (!t->fiber)
		t->fiber = fiber_new(loop->fibers, run_body, t);
	t->state = TASK_RUNNING;
	loop->current = t;
	loop->stats.switches++;
	goes_on = fiber_resume(t->fiber);
	loop->current = NULL;
	if (goes_on)
		return;
	if (t->n_open_scopes)
		left_scope_open(t);
	note_stack_use(loop, t->kind, fiber_stack_used(t->fiber));
	fiber_free(t->fiber);
	scope_remove(t);
	mem_free(t);
}

void task_shield_begin(struct loop *loop)
{
	assert(loop->current);
	loop->current->shields++;
}

void task_shield_end(struct loop *loop)
{
	assert(loop->current && loop->current->shields > 0);
	loop->current->shields--;
}

bool task_cancelled(struct loop *loop)
{
	assert(loop->current);
	return loop->current->scope->cancelled;
}

bool task_yield(struct loop *loop, struct err *err)
{
	struct task *t = loop->current;

	if (!task_may_wait(loop, err))
		return false;
	t->state = TASK_READY;
	ready_push(&loop->ready, t);
	fiber_suspend(t->fiber);
	return !is_interrupted(t) || task_refuse(t, err);
}

bool task_sleep_ms(struct loop *loop, int64_t ms, struct err *err)
{
	struct task *t = loop->current;

	if (!task_may_wait(loop, err))
		return false;
	return task_park(t, ms < 0 ? 0 : ms) != WAKE_CANCELLED || task_refuse(t, err);
}

struct fd_wait {
	struct watch watch;
	struct task *task;
	uint32_t ready;
};

static void on_fd(void *arg, uint32_t ready)
{
	struct fd_wait *w = arg;

	w->ready |= ready;
	task_wake(w->task, WAKE_READY);
}

bool task_wait_fd(struct loop *loop, int fd, uint32_t events, int64_t timeout_ms, uint32_t *ready, struct err *err)
{
	struct fd_wait w = {
		.watch = { .fd = fd, .events = events, .fn = on_fd, .arg = &w },
		.task = loop->current,
	};
	enum task_wake why;

	if (!task_may_wait(loop, err) || !loop_watch(loop, &w.watch, err))
		return false;
	why = task_park(w.task, timeout_ms);
	loop_unwatch(&w.watch);
	if (why == WAKE_CANCELLED)
		return task_refuse(w.task, err);
	if (ready)
		*ready = w.ready;
	return true;
}
