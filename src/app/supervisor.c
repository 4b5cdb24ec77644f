#include "sluice/app/supervisor.h"

#include "sluice/app/aws_site.h"
#include "sluice/app/clients.h"
#include "sluice/app/plan.h"
#include "sluice/app/stop_signals.h"
#include "sluice/core/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { PLAN_BYTES = 16 << 20, WORKER_STACK_BYTES = 1 << 20 };

struct supervisor;

/* One worker and its thread. What the supervisor and the thread both touch is
 * handed over by loop_post() and pthread_join(). */
struct worker_thread {
	struct supervisor *supervisor;
	struct log log;                  /* its lines say which worker writes */
	pthread_t thread;
	struct env *env;
	struct loop *loop;

	/* The thread's own. */
	struct credentials_provider *credentials;
	struct http_client *client, *state_client;
	struct worker *worker;
	bool stop_asked;

	/* What came of it; the supervisor's once the thread has told. */
	bool ok;
	struct err err;
};

struct supervisor {
	struct loop *loop;               /* of main's thread */
	const struct log *log;
	const struct settings *settings;
	struct aws_site aws;
	struct worker_thread *workers;
	size_t n_workers, n_running;
	const struct worker_thread *failed;  /* the first; it stopped the others */
	struct stop_signals signals;
	struct event all_ended;
	int n_signals;
	bool ok;
	struct err *err;
};

/* ---- the worker's thread ---- */

static void run_worker(struct worker_thread *t, const struct worker_plan *plan)
{
	struct worker *worker;

	t->worker = worker_new(t->loop, plan, &t->err);
	if (!t->worker)
		return;
	if (t->stop_asked)
		worker_stop(t->worker);
	worker_run(t->worker);
	t->ok = !t->worker->failed;
	if (!t->ok)
		err_set(&t->err, ERR_FATAL, "worker.failed", "the worker could not start; the log says why");
	worker = t->worker;
	t->worker = NULL; /* it waits while it closes its sinks; a stop may come meanwhile */
	worker_free(worker);
}

static bool open_clients(struct worker_thread *t, struct worker_plan *plan)
{
	const struct aws_site *aws = &t->supervisor->aws;
	const struct credentials_site site = { .loop = t->loop };

	t->credentials = credentials_cached_new(credentials_remote_new(aws->credentials, aws->loop, t->loop), &site);
	t->client = clients_new(aws->settings, t->loop, aws->config.ca_bundle, &t->err);
	t->state_client = t->client ? clients_new_state(t->loop, aws->config.ca_bundle, &t->err) : NULL;
	if (!t->state_client)
		return false;
	plan->aws.config = &aws->config;
	plan->aws.region = aws->config.region;
	plan->aws.credentials = t->credentials;
	plan->aws.transport = http_client_transport(t->client);
	plan->state_transport = http_client_transport(t->state_client);
	return true;
}

static void close_clients(struct worker_thread *t)
{
	if (t->state_client)
		http_client_free(t->state_client);
	if (t->client)
		http_client_free(t->client);
	credentials_provider_free(t->credentials);
}

/* The worker's first task. */
static void worker_task(void *arg)
{
	struct worker_thread *t = arg;
	struct worker_plan plan;
	struct arena arena;

	arena_init(&arena, PLAN_BYTES);
	plan_make(t->supervisor->settings, &arena, &plan);
	plan.instance = plan_instance(&arena);
	if (open_clients(t, &plan))
		run_worker(t, &plan);
	close_clients(t);
	arena_release(&arena);
}

static void worker_ended(void *arg);

static void *worker_main(void *arg)
{
	struct worker_thread *t = arg;
	char name[20];

	snprintf(name, sizeof(name), "worker-%d", t->log.worker);
	pthread_setname_np(pthread_self(), name);
	loop_run(t->loop, worker_task, t);
	loop_post(t->supervisor->loop, worker_ended, t);
	return NULL;
}

/* On the worker's thread. */
static void stop_worker(void *arg)
{
	struct worker_thread *t = arg;

	t->stop_asked = true;
	if (t->worker)
		worker_stop(t->worker);
}

/* ---- main's thread ---- */

/* Also those that are not yet told to have ended: their loops live until the join. */
static void stop_all(struct supervisor *s)
{
	for (size_t i = 0; i < s->n_workers; i++)
		loop_post(s->workers[i].loop, stop_worker, &s->workers[i]);
}

/* Where one cannot start, none goes on: half of the workers would look like all. */
static void worker_ended(void *arg)
{
	struct worker_thread *t = arg;
	struct supervisor *s = t->supervisor;

	if (!t->ok && !s->failed) {
		s->failed = t;
		stop_all(s);
	}
	if (--s->n_running == 0)
		event_set(&s->all_ended);
}

static void on_signal(void *ctx, int signal)
{
	struct supervisor *s = ctx;

	if (signal == SIGHUP) {
		log_info(s->log, "signal.ignored", LOG_TEXT("signal", "HUP"), LOG_TEXT("hint", "settings are read at start"));
		return;
	}
	log_info(s->log, "signal.stop", LOG_INT("signal", signal), LOG_INT("count", s->n_signals + 1));
	if (s->n_signals++ > 0)
		_exit(1); /* asked twice: at once; what is lost is read again */
	stop_all(s);
}

static void release_thread(struct worker_thread *t)
{
	if (t->loop)
		loop_free(t->loop);
	if (t->env)
		env_free(t->env);
}

static bool start_thread(struct worker_thread *t, struct err *err)
{
	pthread_attr_t attr;
	int refused;

	t->env = env_real(&t->log, err);
	t->loop = t->env ? loop_new(t->env, err) : NULL;
	if (!t->loop)
		return false;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK_BYTES);
	refused = pthread_create(&t->thread, &attr, worker_main, t);
	pthread_attr_destroy(&attr);
	return refused == 0 || err_set(err, ERR_FATAL, "thread", "the system refuses a thread");
}

/* False when one could not be started; those before it run then. */
static bool start_threads(struct supervisor *s)
{
	size_t n = (size_t)s->settings->workers;

	s->workers = mem_array(n, sizeof(*s->workers));
	for (; s->n_workers < n; s->n_workers++, s->n_running++) {
		struct worker_thread *t = &s->workers[s->n_workers];

		*t = (struct worker_thread){ .supervisor = s, .log = *s->log };
		t->log.worker = (int)s->n_workers;
		t->log.several = n > 1;
		if (!start_thread(t, s->err)) {
			release_thread(t);
			return false;
		}
	}
	return true;
}

/* Main's first task: the workers' whole life. Their loops go last: answers of the cache
 * may still be on the way to them. */
static void supervise(void *arg)
{
	struct supervisor *s = arg;

	s->ok = aws_site_open(&s->aws, s->loop, s->settings, s->err);
	if (s->ok && s->n_signals == 0) {
		s->ok = start_threads(s);
		if (!s->ok)
			stop_all(s);
		if (s->n_running)
			event_wait(&s->all_ended, -1, NULL, NULL);
	}
	for (size_t i = 0; i < s->n_workers; i++)
		pthread_join(s->workers[i].thread, NULL);
	aws_site_close(&s->aws);
}

static bool run_workers(struct supervisor *s)
{
	loop_run(s->loop, supervise, s);
	for (size_t i = 0; i < s->n_workers; i++)
		release_thread(&s->workers[i]);
	if (s->ok && s->failed)
		*s->err = s->failed->err;
	mem_free(s->workers);
	return s->ok && !s->failed;
}

bool supervisor_run(const struct settings *settings, struct log *log, struct err *err)
{
	struct supervisor s = { .log = log, .settings = settings, .err = err };
	struct env *env = env_real(log, err);
	bool ok = false;

	s.loop = env ? loop_new(env, err) : NULL;
	if (!s.loop)
		goto out;
	event_init(&s.all_ended, s.loop);
	s.signals = (struct stop_signals){ .seen = on_signal, .ctx = &s };
	ok = stop_signals_open(&s.signals, s.loop, err) && run_workers(&s);
	stop_signals_close(&s.signals);
	loop_free(s.loop);
out:
	if (env)
		env_free(env);
	return ok;
}
