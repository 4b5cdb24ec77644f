/* The fan-out runner: which open tasks run here, and when to look again. */
#include "sluice/worker/fanout.h"

#include "sluice/core/mem.h"
#include "sluice/worker/fanout_run.h"

enum {
	SOONEST_MS = 200,                /* between two listings */
	FIRST_IDLE_MS = 1000,
	LONGEST_IDLE_MS = 10000,
	BUSY_MS = 5000,                  /* while there are open tasks */
	WAITING_MAX = 64,                /* tasks of one listing that are kept to be started */
	OWNERS_MAX = 64,
	WARNED_MAX = 64,
	MEMORY_SHARE = 4,                /* a quarter of the worker's memory is for audiences */
};

struct running {
	struct fanout_job job;
	struct runner *runner;
	struct running *next;
};

/* A free task of the last listing. */
struct waiting {
	char id[FANOUT_ID_LEN + 1];
	uint64_t owner_hash;
	size_t handler;
};

struct runner {
	struct worker *worker;
	struct fanout_handler *handlers;
	size_t n_handlers;
	size_t per_handler;
	struct scope scope;
	struct running *running;

	/* Of the last listing. */
	struct waiting waiting[WAITING_MAX];
	size_t n_waiting;
	size_t open;                     /* of our handlers */
	bool foreign;                    /* other workers have tasks: they are watched */
	uint64_t (*owners)[OWNERS_MAX];  /* a row a handler: workers that run its tasks */
	uint64_t warned[WARNED_MAX];     /* handlers that are not in the settings, by hash */
	size_t n_warned;
};

/* ---- its handlers ---- */

static size_t count_handlers(const struct worker *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_pipelines; i++)
		for (size_t j = 0; j < w->pipelines[i].n_handlers; j++)
			n += w->pipelines[i].handlers[j].handler->ops->tasks;
	return n;
}

bool fanout_needed(const struct worker *w)
{
	return count_handlers(w) > 0;
}

/* As many as there is memory for: each has a batch, and pages of about that size. */
static size_t tasks_of_each(const struct worker *w, size_t n_handlers)
{
	size_t all = w->plan->memory_bytes / MEMORY_SHARE / (2 * FANOUT_BATCH_BYTES);
	size_t each = (all < FANOUT_TASKS ? all : FANOUT_TASKS) / n_handlers;

	if (each > FANOUT_TASKS_PER_HANDLER)
		each = FANOUT_TASKS_PER_HANDLER;
	return each ? each : 1;
}

static void open_runner(struct runner *r, struct worker *w)
{
	size_t n = count_handlers(w);

	*r = (struct runner){ .worker = w, .foreign = true };
	r->handlers = mem_array(n, sizeof(*r->handlers));
	r->owners = mem_array(n, sizeof(*r->owners));
	r->per_handler = tasks_of_each(w, n);
	for (size_t i = 0; i < w->n_pipelines; i++) {
		struct pipeline *p = &w->pipelines[i];

		for (size_t j = 0; j < p->n_handlers; j++)
			if (p->handlers[j].handler->ops->tasks)
				r->handlers[r->n_handlers++] = (struct fanout_handler){
					.pipeline = p, .h = &p->handlers[j], .fanout = fanout_of(p->handlers[j].handler),
					.workers = 1,
				};
	}
	scope_init(&r->scope, w->loop);
}

static void close_runner(struct runner *r)
{
	mem_free(r->handlers);
	mem_free(r->owners);
}

/* ---- looking ---- */

static struct fanout_handler *handler_of(struct runner *r, struct str pipeline, struct str handler)
{
	for (size_t i = 0; i < r->n_handlers; i++)
		if (str_eq(r->handlers[i].pipeline->name, pipeline) && str_eq(r->handlers[i].h->place->name, handler))
			return &r->handlers[i];
	return NULL;
}

static void warn_once(struct runner *r, struct str pipeline, struct str handler, const struct fanout_found *task)
{
	uint64_t hash = str_hash(handler) * 31 + str_hash(pipeline);

	for (size_t i = 0; i < r->n_warned; i++)
		if (r->warned[i] == hash)
			return;
	if (r->n_warned == WARNED_MAX)
		return;
	r->warned[r->n_warned++] = hash;
	log_warn(r->worker->env->log, "fanout.unknown_handler", LOG_STR("pipeline", pipeline), LOG_STR("handler", handler),
		 LOG_TEXT("task", task->id),
		 LOG_TEXT("hint", "open fan-out tasks of a handler that is not in the settings are left alone"));
}

static void note_owner(struct runner *r, size_t handler, uint64_t owner)
{
	uint64_t *owners = r->owners[handler];

	for (size_t i = 0; i < OWNERS_MAX; i++) {
		if (owners[i] == owner)
			return;
		if (owners[i] == 0) {
			owners[i] = owner;
			r->handlers[handler].workers++;
			return;
		}
	}
}

static bool is_running(const struct runner *r, const char *id)
{
	for (const struct running *t = r->running; t; t = t->next)
		if (str_eq(t->job.lease.id, str_c(id)))
			return true;
	return false;
}

static void found(void *ctx, struct str pipeline, struct str handler, const struct fanout_found *task)
{
	struct runner *r = ctx;
	struct fanout_handler *h = handler_of(r, pipeline, handler);
	struct waiting *w;
	size_t index;

	if (!h) {
		warn_once(r, pipeline, handler, task);
		return;
	}
	index = (size_t)(h - r->handlers);
	r->open++;
	r->foreign = r->foreign || (task->owner_hash && task->owner_hash != str_hash(r->worker->heartbeat.session));
	if (!task->free)
		note_owner(r, index, task->owner_hash);
	if (!task->free || h->h->place->stopped || r->n_waiting == WAITING_MAX || is_running(r, task->id))
		return;
	w = &r->waiting[r->n_waiting++];
	memcpy(w->id, task->id, sizeof(w->id));
	w->owner_hash = task->owner_hash;
	w->handler = index;
}

static bool look(struct runner *r, struct err *err)
{
	bool observe = r->foreign;

	r->n_waiting = r->open = 0;
	r->foreign = false;
	memset(r->owners, 0, r->n_handlers * sizeof(*r->owners));
	for (size_t i = 0; i < r->n_handlers; i++)
		r->handlers[i].workers = 1;
	if (fanout_list(&r->worker->heartbeat, observe, found, r, err))
		return true;
	r->foreign = true;
	return false;
}

/* ---- starting ---- */

static void job_task(void *arg)
{
	struct running *t = arg;
	struct runner *r = t->runner;

	fanout_job_run(&t->job);
	t->job.handler->running--;
	for (struct running **at = &r->running; *at; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			break;
		}
	}
	fanout_lease_release(&t->job.lease);
	mem_free(t);
	event_set(&r->worker->new_tasks); /* there is room for another one */
}

static void start(struct runner *r, const struct waiting *waiting)
{
	struct fanout_handler *h = &r->handlers[waiting->handler];
	struct running *t = mem_alloc(sizeof(*t));

	t->runner = r;
	t->job.worker = r->worker;
	t->job.handler = h;
	t->job.owner_hash = waiting->owner_hash;
	t->job.memory_bytes = r->worker->plan->memory_bytes / (MEMORY_SHARE * r->per_handler * r->n_handlers);
	fanout_lease_init(&t->job.lease, &r->worker->heartbeat, str_c(waiting->id));
	t->next = r->running;
	r->running = t;
	h->running++;
	scope_spawn(&r->scope, "fanout.task", job_task, t);
}

static void start_waiting(struct runner *r)
{
	for (size_t i = 0; i < r->n_waiting; i++)
		if (r->handlers[r->waiting[i].handler].running < r->per_handler)
			start(r, &r->waiting[i]);
}

/* ---- its life ---- */

/* How long until the next listing, unless it is asked for before. */
static int64_t pause_after(const struct runner *r, int64_t idle_ms)
{
	return r->open ? BUSY_MS : idle_ms;
}

static void look_until_drain(struct runner *r)
{
	struct worker *w = r->worker;
	int64_t idle_ms = FIRST_IDLE_MS;
	struct err err;

	while (!w->drain.set) {
		bool woken = false;

		event_clear(&w->new_tasks);
		if (look(r, &err))
			start_waiting(r);
		else if (err.class == ERR_CANCELLED)
			return;
		else
			log_warn(w->env->log, "fanout.list_failed", LOG_ERR(&err));
		if (!delivery_pause(w, SOONEST_MS) ||
		    !event_wait(&w->new_tasks, pause_after(r, idle_ms), &woken, NULL))
			return;
		idle_ms = woken || r->open ? FIRST_IDLE_MS : 2 * idle_ms < LONGEST_IDLE_MS ? 2 * idle_ms : LONGEST_IDLE_MS;
	}
}

void fanout_run(struct worker *w)
{
	struct runner r;

	open_runner(&r, w);
	look_until_drain(&r);
	scope_wait(&r.scope);
	close_runner(&r);
}
