#include "sched.h"

#include "sluice/core/mem.h"

#include <assert.h>

void scope_init(struct scope *s, struct loop *loop)
{
	struct task *opener = loop->current;
	struct scope *parent = opener && opener->shields == 0 ? opener->scope : NULL;

	*s = (struct scope){ .loop = loop, .parent = parent };
	if (opener && fiber_has(opener->fiber, s)) {
		s->opener = opener;
		opener->n_open_scopes++;
	}
	if (!parent)
		return;
	s->cancelled = parent->cancelled;
	s->next_child = parent->children;
	if (parent->children)
		parent->children->prev_child = s;
	parent->children = s;
}

static void leave_parent(struct scope *s)
{
	if (s->prev_child)
		s->prev_child->next_child = s->next_child;
	else if (s->parent)
		s->parent->children = s->next_child;
	if (s->next_child)
		s->next_child->prev_child = s->prev_child;
	s->parent = s->next_child = s->prev_child = NULL;
}

void scope_spawn(struct scope *s, const char *kind, task_fn *fn, void *arg)
{
	struct task *t = mem_alloc(sizeof(*t));

	t->loop = s->loop;
	t->scope = s;
	t->kind = kind;
	t->fn = fn;
	t->arg = arg;
	t->next = s->tasks;
	if (s->tasks)
		s->tasks->prev = t;
	s->tasks = t;
	s->n_tasks++;
	s->loop->stats.tasks++;
	t->state = TASK_READY;
	ready_push(&s->loop->ready, t);
}

void scope_remove(struct task *t)
{
	struct scope *s = t->scope;

	if (t->prev)
		t->prev->next = t->next;
	else
		s->tasks = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->loop->stats.tasks--;
	if (--s->n_tasks == 0 && s->waiter)
		task_wake(s->waiter, WAKE_READY);
}

void scope_wait(struct scope *s)
{
	struct task *t = s->loop->current;

	assert(t && t->scope != s && !s->waiter);
	s->waiter = t;
	t->shields++;
	while (s->n_tasks)
		task_park(t, -1);
	t->shields--;
	s->waiter = NULL;
	if (s->opener)
		s->opener->n_open_scopes--;
	assert(!s->children); /* a task went away without waiting for a scope it had opened */
	leave_parent(s);
}

static void cancel_one(struct scope *s)
{
	s->cancelled = true;
	for (struct task *t = s->tasks; t; t = t->next) {
		if (t->shields == 0)
			task_wake(t, WAKE_CANCELLED);
	}
}

/* The next scope in depth-first order; without recursion: the tree may be
 * deeper than the stack of the task that cancels. */
static struct scope *next_in_tree(struct scope *at, const struct scope *root, bool go_down)
{
	if (go_down && at->children)
		return at->children;
	while (at != root && !at->next_child)
		at = at->parent;
	return at == root ? NULL : at->next_child;
}

void scope_cancel(struct scope *s)
{
	struct scope *at = s;

	while (at) {
		bool was_cancelled = at->cancelled;

		if (!was_cancelled)
			cancel_one(at);
		at = next_in_tree(at, s, !was_cancelled);
	}
}
