#include "sched.h"

#include "sluice/core/mem.h"

#include <assert.h>

enum {
	IDLE_STACKS = 256,   /* kept for reuse; more are given back to the system */
	BATCH = 64,          /* descriptors a wait() */
	RUNS_A_LOOK = 64,    /* tasks run between two looks at descriptors, timers and posts */
};

void ready_push(struct ready *r, struct task *t)
{
	if (r->count == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 64;
		struct task **slots = mem_array(cap, sizeof(struct task *));

		for (size_t i = 0; i < r->count; i++)
			slots[i] = r->slots[(r->head + i) % r->cap];
		mem_free(r->slots);
		r->slots = slots;
		r->cap = cap;
		r->head = 0;
	}
	r->slots[(r->head + r->count++) % r->cap] = t;
}

/* The first takes the place of the one taken: cheap with thousands ready, and
 * who picks by chance keeps no order anyway. */
struct task *ready_take(struct ready *r, size_t at)
{
	struct task **from = &r->slots[(r->head + at) % r->cap];
	struct task *t = *from;

	*from = r->slots[r->head];
	r->head = (r->head + 1) % r->cap;
	r->count--;
	return t;
}

struct loop *loop_new(struct env *env, struct err *err)
{
	struct loop *loop = mem_alloc(sizeof(*loop));
	int failed = pthread_mutex_init(&loop->lock, NULL);

	if (failed) {
		err_set(err, ERR_FATAL, "loop.lock", "the system refused a mutex for the loop: %s", strerror(failed));
		mem_free(loop);
		return NULL;
	}
	loop->env = env;
	loop->fibers = fiber_pool_new(IDLE_STACKS);
	loop->posts_end = &loop->posts;
	return loop;
}

static struct post *take_posts(struct loop *loop)
{
	struct post *posts;

	pthread_mutex_lock(&loop->lock);
	posts = loop->posts;
	loop->posts = NULL;
	loop->posts_end = &loop->posts;
	pthread_mutex_unlock(&loop->lock);
	return posts;
}

static bool has_posts(struct loop *loop)
{
	bool has;

	pthread_mutex_lock(&loop->lock);
	has = loop->posts != NULL;
	pthread_mutex_unlock(&loop->lock);
	return has;
}

static void run_posts(struct loop *loop)
{
	struct post *p = take_posts(loop);

	while (p) {
		struct post call = *p; /* one that is not owned may be gone after its call */

		if (call.owned)
			mem_free(p);
		call.fn(call.arg);
		p = call.next;
	}
}

void loop_post_call(struct loop *loop, struct post *p)
{
	bool was_empty;

	p->next = NULL;
	pthread_mutex_lock(&loop->lock);
	was_empty = loop->posts == NULL;
	*loop->posts_end = p;
	loop->posts_end = &p->next;
	/* Under the lock: who holds it knows that the loop, and its env, still live. */
	if (was_empty)
		loop->env->ops->wake(loop->env);
	pthread_mutex_unlock(&loop->lock);
}

void loop_post(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	struct post *p = mem_alloc(sizeof(*p));

	*p = (struct post){ .fn = fn, .arg = arg, .owned = true };
	loop_post_call(loop, p);
}

static void log_stack_uses(const struct loop *loop)
{
	for (size_t i = 0; i < loop->n_stack_uses; i++)
		log_debug(loop->env->log, "task.stack", LOG_TEXT("kind", loop->stack_uses[i].kind),
			  LOG_INT("bytes", loop->stack_uses[i].bytes), LOG_INT("of", fiber_stack_size()));
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	assert(!loop->running && loop->stats.tasks == 0 && loop->n_watches == 0);
	helpers_free(loop->helpers);
	run_posts(loop);
	log_stack_uses(loop);
	timers_release(loop);
	fiber_pool_free(loop->fibers);
	pthread_mutex_destroy(&loop->lock);
	mem_free(loop->watches);
	mem_free(loop->ready.slots);
	mem_free(loop->stack_uses);
	mem_free(loop);
}

struct env *loop_env(struct loop *loop)
{
	return loop->env;
}

bool loop_watch(struct loop *loop, struct watch *w, struct err *err)
{
	size_t fd = (size_t)w->fd;

	if (w->fd < 0)
		return err_set(err, ERR_FATAL, "fd.watch", "cannot wait for descriptor %d: it is not open", w->fd);
	if (fd >= loop->cap_watches) {
		size_t cap = loop->cap_watches ? loop->cap_watches * 2 : 64;

		while (cap <= fd)
			cap *= 2;
		loop->watches = mem_resize(loop->watches, cap * sizeof(struct watch *));
		memset(loop->watches + loop->cap_watches, 0, (cap - loop->cap_watches) * sizeof(struct watch *));
		loop->cap_watches = cap;
	}
	if (loop->watches[fd] && loop->watches[fd] != w)
		return err_set(err, ERR_FATAL, "fd.busy", "cannot wait for descriptor %d: another waits for it already", w->fd);
	if (!loop->env->ops->watch(loop->env, w->fd, w->events, w, err))
		return false;
	if (!loop->watches[fd])
		loop->n_watches++;
	loop->watches[fd] = w;
	w->loop = loop;
	return true;
}

void loop_unwatch(struct watch *w)
{
	struct loop *loop = w->loop;

	if (!loop)
		return;
	loop->env->ops->watch(loop->env, w->fd, 0, w, NULL);
	loop->watches[w->fd] = NULL;
	loop->n_watches--;
	w->loop = NULL;
	for (size_t i = loop->batch_at; i < loop->batch_n; i++) {
		if (loop->batch[i].data == w)
			loop->batch[i].data = NULL; /* was reported, waits to be dispatched */
	}
}

static void wait_and_dispatch(struct loop *loop, int64_t timeout_ns)
{
	struct env_ready batch[BATCH];

	loop->stats.waits++;
	loop->batch = batch;
	loop->batch_n = loop->env->ops->wait(loop->env, batch, BATCH, timeout_ns);
	for (loop->batch_at = 0; loop->batch_at < loop->batch_n;) {
		struct env_ready *r = &batch[loop->batch_at++];
		struct watch *w = r->data;

		if (w)
			w->fn(w->arg, r->events);
	}
	loop->batch_at = loop->batch_n = 0;
	loop->batch = NULL;
}

static int64_t time_to_next(struct loop *loop)
{
	int64_t now, due;

	if (loop->ready.count || has_posts(loop))
		return 0;
	if (loop->n_timers == 0)
		return -1;
	due = loop->timers[1]->due_ns;
	if (due == INT64_MAX) /* "for ever", said in milliseconds */
		return -1;
	now = env_mono_ns(loop->env);
	return due > now ? due - now : 0;
}

static void look_around(struct loop *loop)
{
	run_posts(loop);
	timers_fire(loop, env_mono_ns(loop->env));
	wait_and_dispatch(loop, time_to_next(loop));
}

static void run_next(struct loop *loop)
{
	struct ready *r = &loop->ready;

	if (r->turn == 0)
		r->turn = r->count;

	size_t at = loop->env->ops->pick(loop->env, r->turn);

	assert(at < r->turn);
	r->turn--;
	task_run(ready_take(r, at));
}

void loop_run(struct loop *loop, task_fn *fn, void *arg)
{
	struct scope root;
	unsigned runs = 0;

	assert(!loop->running);
	loop->running = true;
	scope_init(&root, loop);
	scope_spawn(&root, "main", fn, arg);
	while (loop->stats.tasks) {
		if (loop->ready.count && runs++ < RUNS_A_LOOK) {
			run_next(loop);
			continue;
		}
		runs = 0;
		look_around(loop);
	}
	assert(!root.children);
	run_posts(loop);
	loop->running = false;
}

struct loop_stats loop_stats(const struct loop *loop)
{
	struct loop_stats stats = loop->stats;

	stats.stacks = fiber_pool_stacks(loop->fibers);
	stats.timers = loop->n_timers;
	return stats;
}

size_t loop_stack_high_water(const struct loop *loop, const char *kind)
{
	for (size_t i = 0; i < loop->n_stack_uses; i++) {
		if (strcmp(loop->stack_uses[i].kind, kind) == 0)
			return loop->stack_uses[i].bytes;
	}
	return 0;
}
