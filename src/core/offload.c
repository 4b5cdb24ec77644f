#include "sched.h"

#include "sluice/core/mem.h"

#include <assert.h>
#include <signal.h>

enum { MOST_HELPERS = 4 };

/* One call; on the stack of the task that waits for it. */
struct job {
	struct job *next;
	struct post post;
	void (*fn)(void *arg);
	void *arg;
	struct task *task;
	bool done;  /* touched on the loop's thread only */
};

struct helpers {
	struct loop *loop;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job *jobs, **jobs_end;
	size_t n_waiting_jobs, n_threads, n_idle;
	bool stopping;
	pthread_t threads[MOST_HELPERS];
};

static void finish(void *arg)
{
	struct job *job = arg;

	job->done = true;
	task_wake(job->task, WAKE_READY);
}

static void run_here(void *arg)
{
	struct job *job = arg;

	job->fn(job->arg);
	finish(job);
}

/* NULL when there is nothing left and the loop ends. Called with the lock. */
static struct job *next_job(struct helpers *h)
{
	struct job *job;

	h->n_idle++;
	while (!h->jobs && !h->stopping)
		pthread_cond_wait(&h->work, &h->lock);
	h->n_idle--;
	job = h->jobs;
	if (job) {
		h->jobs = job->next;
		h->n_waiting_jobs--;
		if (!h->jobs)
			h->jobs_end = &h->jobs;
	}
	return job;
}

static void *help(void *arg)
{
	struct helpers *h = arg;
	struct job *job;

	pthread_mutex_lock(&h->lock);
	while ((job = next_job(h))) {
		pthread_mutex_unlock(&h->lock);
		job->fn(job->arg);
		job->post = (struct post){ .fn = finish, .arg = job };
		loop_post_call(h->loop, &job->post);
		pthread_mutex_lock(&h->lock);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* Signals belong to the supervisor: a helper takes none. */
static bool start_thread(struct helpers *h)
{
	sigset_t all, before;
	bool ok;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ok = pthread_create(&h->threads[h->n_threads], NULL, help, h) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ok) {
		pthread_setname_np(h->threads[h->n_threads], "sluice-helper");
		h->n_threads++;
	}
	return ok;
}

static struct helpers *helpers_new(struct loop *loop)
{
	struct helpers *h = mem_alloc(sizeof(*h));

	h->loop = loop;
	h->jobs_end = &h->jobs;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->work, NULL);
	return h;
}

void helpers_free(struct helpers *h)
{
	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	assert(!h->jobs);
	h->stopping = true;
	pthread_cond_broadcast(&h->work);
	pthread_mutex_unlock(&h->lock);
	for (size_t i = 0; i < h->n_threads; i++)
		pthread_join(h->threads[i], NULL);
	pthread_cond_destroy(&h->work);
	pthread_mutex_destroy(&h->lock);
	mem_free(h);
}

/* False when no thread can be had. */
static bool hand_over(struct helpers *h, struct job *job)
{
	bool ok = true;

	pthread_mutex_lock(&h->lock);
	if (h->n_waiting_jobs >= h->n_idle && h->n_threads < MOST_HELPERS)
		ok = start_thread(h) || h->n_threads > 0;
	if (ok) {
		*h->jobs_end = job;
		h->jobs_end = &job->next;
		h->n_waiting_jobs++;
		pthread_cond_signal(&h->work);
	}
	pthread_mutex_unlock(&h->lock);
	return ok;
}

static void start_job(struct loop *loop, struct job *job)
{
	if (!loop->env->simulated) {
		if (!loop->helpers)
			loop->helpers = helpers_new(loop);
		if (hand_over(loop->helpers, job))
			return;
		log_warn(loop->env->log, "offload.blocking", LOG_TEXT("kind", job->task->kind),
			 LOG_TEXT("text", "the system refused a thread; the call holds up the loop"));
	}
	job->post = (struct post){ .fn = run_here, .arg = job };
	loop_post_call(loop, &job->post);
}

void task_offload(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	struct job job = { .fn = fn, .arg = arg, .task = loop->current };

	assert(loop->current);
	start_job(loop, &job);
	job.task->shields++;
	while (!job.done)
		task_park(job.task, -1);
	job.task->shields--;
}
