#include "sluice/app/supervisor.h"

#include "sluice/app/plan.h"
#include "sluice/aws/region.h"
#include "sluice/core/mem.h"
#include "sluice/http/client.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { PLAN_BYTES = 16 << 20, WORKER_STACK_BYTES = 1 << 20, STATE_CONNECTIONS = 16 };

/* One worker and its thread. What the supervisor and the thread both touch is
 * handed over by loop_post() and pthread_join(). */
struct worker_thread {
	pthread_t thread;
	const struct settings *settings;
	struct log *log;
	struct loop *supervisor;         /* loop of main's thread */
	struct event *ended;             /* of that loop */

	struct env *env;
	struct loop *loop;
	struct worker *worker;
	bool stop_asked;                 /* worker's thread only */
	bool ok;
	struct err err;
};

struct supervisor {
	struct loop *loop;
	struct log *log;
	struct worker_thread *worker;
	struct watch signals;
	struct event ended;
	int n_signals;
};

void supervisor_block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- the worker's thread ---- */

static int64_t wall_ms(void *env)
{
	return env_wall_ms(env);
}

static struct credentials_provider *default_chain(struct worker_thread *t)
{
	struct credentials_provider *providers[] = {
		credentials_environment_new(&process_env_real),
		credentials_profile_new(&process_env_real, t->settings->aws.profile),
		NULL,
	};

	return credentials_cached_new(credentials_chain_new(providers), wall_ms, t->env);
}

static void run_worker(struct worker_thread *t, const struct worker_plan *plan)
{
	t->worker = worker_new(t->loop, plan, &t->err);
	if (!t->worker)
		return;
	if (t->stop_asked)
		worker_stop(t->worker);
	worker_run(t->worker);
	t->ok = !t->worker->failed;
	if (!t->ok)
		err_set(&t->err, ERR_FATAL, "worker.failed", "the worker could not start; the log says why");
	worker_free(t->worker);
	t->worker = NULL;
}

static bool open_client(struct worker_thread *t, size_t connections, struct http_client **client)
{
	struct http_client_settings set = { .max_connections = connections };

	*client = http_client_new(t->loop, &set, &t->err);
	return *client != NULL;
}

static struct str instance_name(struct arena *a)
{
	char host[65] = "";

	if (gethostname(host, sizeof(host) - 1) != 0 || !str_utf8_valid(str_c(host)))
		host[0] = '\0';
	return arena_putf(a, "%s:%d", host[0] ? host : "unnamed", (int)getpid());
}

/* The worker's first task. */
static void worker_task(void *arg)
{
	struct worker_thread *t = arg;
	struct credentials_provider *credentials = default_chain(t);
	struct http_client *client = NULL, *state_client = NULL;
	struct worker_plan plan;
	struct arena arena;
	struct buf region;

	arena_init(&arena, PLAN_BYTES);
	buf_init(&region, 256);
	plan_make(t->settings, &arena, &plan);
	plan.instance = instance_name(&arena);
	if (aws_region_resolve(&process_env_real, t->settings->aws.region, t->settings->aws.profile, &region, &t->err) &&
	    open_client(t, (size_t)t->settings->limits.connections, &client) &&
	    open_client(t, STATE_CONNECTIONS, &state_client)) {
		plan.aws.region = buf_str(&region);
		plan.aws.credentials = credentials;
		plan.aws.transport = http_client_transport(client);
		plan.state_transport = http_client_transport(state_client);
		run_worker(t, &plan);
	}
	if (state_client)
		http_client_free(state_client);
	if (client)
		http_client_free(client);
	credentials_provider_free(credentials);
	buf_release(&region);
	arena_release(&arena);
}

static void tell_ended(void *ended)
{
	event_set(ended);
}

static void *worker_main(void *arg)
{
	struct worker_thread *t = arg;

	loop_run(t->loop, worker_task, t);
	loop_post(t->supervisor, tell_ended, t->ended);
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

static void on_signal(void *arg, uint32_t ready)
{
	struct supervisor *s = arg;
	struct signalfd_siginfo info;

	(void)ready;
	while (read(s->signals.fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			log_info(s->log, "signal.ignored", LOG_TEXT("signal", "HUP"), LOG_TEXT("hint", "settings are read at start"));
			continue;
		}
		log_info(s->log, "signal.stop", LOG_INT("signal", info.ssi_signo), LOG_INT("count", s->n_signals + 1));
		if (s->n_signals++ > 0)
			_exit(1); /* asked twice: at once; what is lost is read again */
		loop_post(s->worker->loop, stop_worker, s->worker);
	}
}

static void supervise(void *arg)
{
	struct supervisor *s = arg;

	event_wait(&s->ended, -1, NULL, NULL);
}

static bool watch_signals(struct supervisor *s, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	s->signals = (struct watch){ .events = EPOLLIN, .fn = on_signal, .arg = s };
	s->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->signals.fd < 0)
		return err_set(err, ERR_FATAL, "signals", "the system refuses a signal descriptor");
	return loop_watch(s->loop, &s->signals, err);
}

static bool start_thread(struct worker_thread *t, struct err *err)
{
	pthread_attr_t attr;
	int refused;

	t->env = env_real(t->log, err);
	t->loop = t->env ? loop_new(t->env, err) : NULL;
	if (!t->loop)
		return false;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK_BYTES);
	refused = pthread_create(&t->thread, &attr, worker_main, t);
	pthread_attr_destroy(&attr);
	return refused == 0 || err_set(err, ERR_FATAL, "thread", "the system refuses a thread");
}

static bool run_thread(struct supervisor *s, struct worker_thread *t, struct err *err)
{
	bool ok = start_thread(t, err);

	if (ok) {
		loop_run(s->loop, supervise, s);
		pthread_join(t->thread, NULL);
		ok = t->ok;
		if (!ok)
			*err = t->err;
	}
	if (t->loop)
		loop_free(t->loop);
	if (t->env)
		env_free(t->env);
	return ok;
}

bool supervisor_run(const struct settings *settings, struct log *log, struct err *err)
{
	struct supervisor s = { .log = log, .signals.fd = -1 };
	struct worker_thread t = { .settings = settings, .log = log };
	struct env *env = env_real(log, err);
	bool ok = false;

	s.loop = env ? loop_new(env, err) : NULL;
	if (!s.loop)
		goto out;
	s.worker = &t;
	t.supervisor = s.loop;
	t.ended = &s.ended;
	event_init(&s.ended, s.loop);
	ok = watch_signals(&s, err) && run_thread(&s, &t, err);
	if (s.signals.loop)
		loop_unwatch(&s.signals);
	if (s.signals.fd >= 0)
		close(s.signals.fd);
	loop_free(s.loop);
out:
	if (env)
		env_free(env);
	return ok;
}
