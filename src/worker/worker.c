#include "sluice/worker/worker.h"

#include "sluice/core/digest.h"
#include "sluice/core/mem.h"
#include "sluice/handlers/index.h"
#include "sluice/worker/fanout.h"
#include "sluice/worker/shard_run.h"
#include "sluice/worker/task_sink.h"

enum { HANDLER_ARENA_BYTES = 4 << 20, DEFINITION_BYTES = 1 << 20, START_PAUSE_MS = 1000, LAST_WRITES_MS = 5000, EFFECTS_SHARE = 4,
       STATE_TIMEOUT_LEAST_MS = 1000, STATE_TIMEOUT_MOST_MS = 30000, LAPSE_POLL_MS = 100 };
enum { DESCRIBE_MS = 500, DESCRIBE_BURST = 4 }; /* of the account's 10 a second for all readers (T27) */

/* ---- sinks ---- */

static struct sink_site site_of(struct worker *w, struct str name)
{
	const struct worker_plan *plan = w->plan;

	return (struct sink_site){
		.app = plan->app, .name = name, .loop = w->loop, .transport = &w->gate.transport, .dynamodb = w->dynamodb, .aws = &w->aws,
		.may_send = gate_is_open, .may_send_ctx = &w->gate, .failover_ms = plan->failover_ms,
		.drain_ms = (uint32_t)plan->drain_ms, .producers = plan->producers,
	};
}

static struct sink *open_sink(struct worker *w, const struct worker_sink_plan *s, struct err *err)
{
	struct sink_site site = site_of(w, s->name);
	struct sink *sink = s->ops->open(s->settings, &site, err);

	if (!sink)
		err_prefix(err, "sink %.*s", STR_ARG(s->name));
	return sink;
}

/* Handlers that name no sink write DynamoDB tables with this one. */
static bool open_tables_sink(struct worker *w, struct err *err)
{
	const struct sink_ops *ops = sink_kind(STR("dynamodb"));
	struct problems problems;
	struct arena arena;
	void *settings;

	arena_init(&arena, 1 << 16);
	problems_init(&problems, &arena);
	settings = mem_alloc(ops->settings_size);
	option_read(ops->options, NULL, settings, NULL, &problems);
	w->tables_settings = settings;
	w->tables = open_sink(w, &(struct worker_sink_plan){ .name = STR("tables"), .ops = ops, .settings = settings }, err);
	arena_release(&arena);
	return w->tables != NULL;
}

static struct sink *sink_named(const struct worker *w, struct str name)
{
	for (size_t i = 0; i < w->plan->n_sinks; i++)
		if (str_eq(w->plan->sinks[i].name, name))
			return w->sinks[i];
	return NULL;
}

static bool open_sinks(struct worker *w, struct err *err)
{
	w->sinks = mem_array(w->plan->n_sinks, sizeof(*w->sinks));
	for (size_t i = 0; i < w->plan->n_sinks; i++) {
		w->sinks[i] = open_sink(w, &w->plan->sinks[i], err);
		if (!w->sinks[i])
			return false;
	}
	w->tasks = task_sink_new(w->state, w->loop, w->plan->app);
	return open_tables_sink(w, err);
}

static void close_sink(struct sink *s)
{
	if (s)
		s->ops->close(s);
}

/* ---- pipelines ---- */

/* The first problem of settings that `sluice check` would have shown. */
static bool refused(const struct problems *problems, struct str handler, struct err *err)
{
	const struct problem *p = problems->first;

	if (!p)
		return err_set(err, ERR_FATAL, "handler.settings", "handler %.*s refuses its settings", STR_ARG(handler));
	return err_set(err, ERR_FATAL, "handler.settings", "handler %.*s: %.*s", STR_ARG(handler), STR_ARG(p->text));
}

static bool open_handler(struct worker *w, struct pipeline_handler *h, const struct worker_handler_plan *plan,
			 struct err *err)
{
	struct problems problems;

	arena_init(&h->arena, HANDLER_ARENA_BYTES);
	problems_init(&problems, &h->arena);
	h->handler = plan->ops->new(plan->settings, &plan->site, &problems);
	h->filter = filter_compile(plan->filter, plan->ops->image ? FILTER_RECORD_KEYS : FILTER_RECORD, &h->arena, &problems);
	if (plan->changed.count)
		h->changed = changed_compile(&plan->changed, &h->arena, plan->site.node, &problems);
	if (!h->handler || !h->filter || problems.count)
		return refused(&problems, plan->site.name, err);
	if (plan->mapping.len)
		index_target(h->handler, 1, plan->mapping);
	h->policy = plan->policy;
	h->batch_records = plan->batch_records;
	h->batch_bytes = plan->batch_bytes;
	h->batch_window_ms = plan->batch_window_ms;
	h->sink = plan->ops->tasks ? w->tasks : plan->sink.len ? sink_named(w, plan->sink) : w->tables;
	h->notifications = plan->ops->tasks ? sink_named(w, plan->sink) : NULL;
	h->dead_letter = plan->policy.dead_letter.len ? sink_named(w, plan->policy.dead_letter) : NULL;
	if (!h->sink || (plan->ops->tasks && !h->notifications) || (plan->policy.dead_letter.len && !h->dead_letter))
		return err_set(err, ERR_FATAL, "handler.sink", "handler %.*s names a sink that is not there",
			       STR_ARG(plan->site.name));
	return true;
}

/* What must not change under the handler's rows, as a digest. */
static struct str definition_of(struct pipeline_handler *h)
{
	struct str text = { 0 };
	struct digest digest;
	struct buf buf;

	if (!h->handler->ops->definition)
		return text;
	buf_init(&buf, DEFINITION_BYTES);
	if (h->handler->ops->definition(h->handler, &buf)) {
		text = buf_str(&buf);
		digest_fields(&text, 1, &digest);
		text = arena_dup(&h->arena, str_c(digest.hex));
	}
	buf_release(&buf);
	return text;
}

static bool writes_into(const struct worker_handler_plan *plan, struct str table)
{
	const struct node *target = node_get(plan->site.node, STR("table"));

	return target && target->kind == NODE_STRING && str_eq(target->text, table);
}

/* Each handler makes effects in its own share: one whose sink hangs on hundreds of
 * shards leaves the others theirs. */
static void share_memory(struct worker *w, struct pipeline_handler *h)
{
	size_t n = 0;

	for (size_t i = 0; i < w->plan->n_pipelines; i++)
		n += w->plan->pipelines[i].n_handlers;
	budget_init_share(&h->memory, &w->effects, w->effects.total_bytes / n);
}

static bool open_pipeline(struct worker *w, struct pipeline *p, const struct worker_pipeline_plan *plan, struct err *err)
{
	struct coordinator_settings set = {
		.loop = w->loop, .dynamodb = w->dynamodb, .streams = w->streams, .state = w->state,
		.heartbeat = &w->heartbeat, .balancer = &w->balancer, .describe = &w->describe, .pipeline = plan->name,
		.table = plan->table, .n_handlers = plan->n_handlers,
		.start = plan->start, .start_ms = plan->start_ms, .list_ms = w->plan->list_ms,
		.described = pipeline_described, .read = shard_run, .ctx = p,
	};

	*p = (struct pipeline){
		.app = w->plan->app, .name = plan->name, .table = plan->table, .on_trim = plan->on_trim,
		.poll_min_ms = plan->poll_min_ms, .poll_max_ms = plan->poll_max_ms, .worker = w,
		.n_handlers = plan->n_handlers,
	};
	p->handlers = mem_array(p->n_handlers, sizeof(*p->handlers));
	p->places = mem_array(p->n_handlers, sizeof(*p->places));
	for (size_t i = 0; i < p->n_handlers; i++) {
		p->handlers[i].place = &p->places[i];
		share_memory(w, &p->handlers[i]);
		if (!open_handler(w, &p->handlers[i], &plan->handlers[i], err))
			return false;
		p->places[i].name = plan->handlers[i].site.name;
		p->places[i].definition = definition_of(&p->handlers[i]);
		p->places[i].continues = plan->continues && !plan->handlers[i].ops->image;
		p->skips_own_rows = p->skips_own_rows || writes_into(&plan->handlers[i], plan->table);
	}
	set.handlers = p->places;
	p->coordinator = coordinator_new(&set);
	return true;
}

static void close_pipeline(struct pipeline *p)
{
	for (size_t i = 0; i < p->n_handlers; i++) {
		if (p->handlers[i].handler)
			p->handlers[i].handler->ops->free(p->handlers[i].handler);
		arena_release(&p->handlers[i].arena);
	}
	coordinator_free(p->coordinator);
	mem_free(p->handlers);
	mem_free(p->places);
}

/* ---- its making ---- */

/* A heartbeat that hangs must be tried again well within the failover time. */
static int64_t state_timeout_ms(const struct worker_plan *plan)
{
	int64_t third_ms = plan->failover_ms / 3;

	return third_ms < STATE_TIMEOUT_LEAST_MS ? STATE_TIMEOUT_LEAST_MS :
	       third_ms > STATE_TIMEOUT_MOST_MS  ? STATE_TIMEOUT_MOST_MS :
						   third_ms;
}

static bool open_clients(struct worker *w, struct err *err)
{
	const struct worker_plan *plan = w->plan;
	struct aws_settings aws = plan->aws;

	aws.loop = w->loop;
	gate_init(&w->gate, plan->aws.transport, &w->heartbeat);
	aws.transport = &w->gate.transport;
	w->aws = aws;
	w->aws.endpoint_url = str_of(NULL, 0); /* DynamoDB's alone */
	w->dynamodb = aws_client_new(AWS_DYNAMODB, &aws, err);
	w->streams = w->dynamodb ? aws_client_new(AWS_DYNAMODB_STREAMS, &aws, err) : NULL;
	aws.transport = plan->state_transport ? plan->state_transport : plan->aws.transport;
	aws.timeout_ms = state_timeout_ms(plan);
	w->state_client = w->streams ? aws_client_new(AWS_DYNAMODB, &aws, err) : NULL;
	return w->state_client != NULL;
}

struct worker *worker_new(struct loop *loop, const struct worker_plan *plan, struct err *err)
{
	struct worker *w = mem_alloc(sizeof(*w));

	w->plan = plan;
	w->loop = loop;
	w->env = loop_env(loop);
	event_init(&w->drain, loop);
	event_init(&w->new_tasks, loop);
	budget_init(&w->effects, loop, plan->memory_bytes / EFFECTS_SHARE);
	budget_init(&w->budget, loop, plan->memory_bytes - w->effects.total_bytes);
	budget_init_share(&w->apart, &w->budget, w->budget.total_bytes / 2);
	pace_init(&w->describe, loop, DESCRIBE_MS, DESCRIBE_BURST);
	w->pipelines = mem_array(plan->n_pipelines, sizeof(*w->pipelines));
	if (!open_clients(w, err))
		goto fail;
	w->state = plan->state_file.len ? state_file_new(loop, plan->app, plan->state_file) :
					  state_table_new(w->state_client, loop, plan->app, plan->state_table);
	heartbeat_init(&w->heartbeat, w->state, loop, plan->instance, plan->failover_ms);
	balancer_init(&w->balancer, &w->heartbeat, plan->n_pipelines);
	if (!open_sinks(w, err))
		goto fail;
	for (; w->n_pipelines < plan->n_pipelines; w->n_pipelines++) {
		if (open_pipeline(w, &w->pipelines[w->n_pipelines], &plan->pipelines[w->n_pipelines], err))
			continue;
		w->n_pipelines++;
		goto fail;
	}
	return w;
fail:
	worker_free(w);
	return NULL;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_pipelines; i++)
		close_pipeline(&w->pipelines[i]);
	for (size_t i = 0; w->sinks && i < w->plan->n_sinks; i++)
		close_sink(w->sinks[i]);
	close_sink(w->tables);
	close_sink(w->tasks);
	if (w->state)
		heartbeat_release(&w->heartbeat);
	balancer_release(&w->balancer);
	state_free(w->state);
	aws_client_free(w->streams);
	aws_client_free(w->dynamodb);
	worker_stats_release(&w->told);
	aws_client_free(w->state_client);
	mem_free(w->tables_settings);
	mem_free(w->sinks);
	mem_free(w->pipelines);
	mem_free(w);
}

/* ---- its life ---- */

static void probe_task(void *arg)
{
	struct sink *s = arg;
	struct err err;

	if (s->ops->probe(s, &err))
		log_info(loop_env(s->site.loop)->log, "sink.reachable", LOG_STR("sink", s->site.name));
	else if (err.class != ERR_CANCELLED)
		log_warn(loop_env(s->site.loop)->log, "sink.unreachable", LOG_STR("sink", s->site.name), LOG_ERR(&err));
}

static void heartbeat_task(void *arg)
{
	heartbeat_run(arg);
}

static void pipeline_task(void *arg)
{
	struct pipeline *p = arg;

	coordinator_run(p->coordinator);
}

static void figures_task(void *arg)
{
	figures_run(arg);
}

static void balance_task(void *arg)
{
	struct worker *w = arg;

	balancer_run(&w->balancer);
}

static void fanout_task(void *arg)
{
	fanout_run(arg);
}

/* What is in flight has most of the drain's time; giving the leases up has the rest. */
static void deadline_task(void *arg)
{
	struct worker *w = arg;
	int64_t rest_ms = w->plan->drain_ms / 5 < LAST_WRITES_MS ? w->plan->drain_ms / 5 : LAST_WRITES_MS;

	if (!event_wait(&w->drain, -1, NULL, NULL) || !task_sleep_ms(w->loop, w->plan->drain_ms - rest_ms, NULL))
		return;
	log_warn(w->env->log, "drain.deadline", LOG_INT("drain_ms", w->plan->drain_ms),
		 LOG_TEXT("hint", "what is not acknowledged is read again at the next start"));
	for (size_t i = 0; i < w->n_pipelines; i++)
		coordinator_cancel_readings(w->pipelines[i].coordinator);
	if (!task_sleep_ms(w->loop, rest_ms, NULL))
		return;
	w->expired = true;
	scope_cancel(&w->work);
}

static struct str state_name(const struct worker_plan *plan)
{
	return plan->state_file.len ? plan->state_file : plan->state_table;
}

/* The state and the first heartbeat come before everything. What is wrong
 * there can mend (a service that starts later, a permission), so it is tried
 * for as long as it takes. */
static bool open_state(struct worker *w)
{
	int64_t pause_ms = START_PAUSE_MS;
	bool draining = false;
	struct err err;

	while (!state_open(w->state, &err) || !heartbeat_renew(&w->heartbeat, &err)) {
		if (err.class == ERR_CANCELLED)
			return false;
		log_at(w->env->log, LOG_ERROR, "worker.waiting", LOG_STR("state", state_name(w->plan)),
		       LOG_INT("retry_ms", pause_ms), LOG_ERR(&err));
		if (err.class == ERR_FATAL) {
			w->failed = true;
			return false;
		}
		if (!event_wait(&w->drain, pause_ms, &draining, NULL) || draining)
			return false;
		pause_ms = pause_ms < 16 * START_PAUSE_MS ? 2 * pause_ms : pause_ms;
	}
	return true;
}

static void goodbye_task(void *arg)
{
	struct worker *w = arg;
	struct err err;

	if (!heartbeat_remove(&w->heartbeat, &err))
		log_warn(w->env->log, "heartbeat.remove_failed", LOG_ERR(&err));
}

/* ---- its lives ---- */

static void purge_sinks(struct worker *w)
{
	for (size_t i = 0; i < w->plan->n_sinks; i++)
		if (w->sinks[i]->ops->purge)
			w->sinks[i]->ops->purge(w->sinks[i]);
}

/* A heartbeat that lapses ends the life at once. What is queued in a sink is
 * forgotten first: it may be on its way before the tasks have run. */
static void lapse_task(void *arg)
{
	struct worker *w = arg;
	const struct heartbeat *h = &w->heartbeat;

	while (task_sleep_ms(w->loop, heartbeat_left_ms(h) > 0 ? heartbeat_left_ms(h) : LAPSE_POLL_MS, NULL)) {
		if (!w->living || !heartbeat_lapsed(h))
			continue;
		log_error(w->env->log, "worker.lapsed", LOG_STR("session", h->session), LOG_INT("failover_ms", h->failover_ms),
			  LOG_TEXT("hint", "its heartbeat was not confirmed in time, others may have its leases: it lets go of "
					   "everything, then begins anew"));
		w->living = false;
		purge_sinks(w);
		scope_cancel(&w->life);
	}
}

/* From a confirmed heartbeat to the drain's end or a lapse. */
static void live(struct worker *w)
{
	scope_init(&w->life, w->loop);
	w->living = true;
	w->balancer.looked = false;
	scope_spawn(&w->life, "balance", balance_task, w);
	for (size_t i = 0; i < w->n_pipelines; i++)
		scope_spawn(&w->life, "pipeline", pipeline_task, &w->pipelines[i]);
	if (fanout_needed(w))
		scope_spawn(&w->life, "fanout", fanout_task, w);
	scope_wait(&w->life);
	w->living = false;
}

/* After a lapse: nothing of the life before is left, in memory no lease is held, and
 * only then a heartbeat lets this worker send again. What it takes, it takes anew,
 * by the counters it knows: a row that nobody else wrote goes on from the positions
 * in memory. False: it ends instead. */
static bool let_go(struct worker *w)
{
	struct heartbeat *h = &w->heartbeat;

	purge_sinks(w);
	for (size_t i = 0; i < w->n_pipelines; i++)
		coordinator_let_go(w->pipelines[i].coordinator);
	heartbeat_let_go(h);
	event_clear(&h->renewed);
	while (heartbeat_left_ms(h) == 0) {
		if (w->drain.set || !event_wait(&h->renewed, -1, NULL, NULL))
			return false;
		event_clear(&h->renewed);
	}
	log_info(w->env->log, "worker.back", LOG_STR("session", h->session));
	return true;
}

static void start_task(void *arg)
{
	struct worker *w = arg;

	if (!open_state(w))
		return;
	w->opened = true;
	worker_stats_take(w, &w->told);
	log_info(w->env->log, "worker.start", LOG_STR("session", w->heartbeat.session), LOG_INT("pipelines", w->n_pipelines));
	scope_spawn(&w->services, "heartbeat", heartbeat_task, &w->heartbeat);
	scope_spawn(&w->services, "figures", figures_task, w);
	scope_spawn(&w->services, "lapse", lapse_task, w);
	do {
		live(w);
	} while (heartbeat_lapsed(&w->heartbeat) && let_go(w));
}

/* The last word: everything is given up. */
static void end_work(struct worker *w)
{
	if (!w->opened)
		return;
	scope_init(&w->work, w->loop);
	if (!w->expired)
		scope_spawn(&w->work, "goodbye", goodbye_task, w);
	scope_wait(&w->work);
	figures_log(w);
	log_info(w->env->log, "worker.end", LOG_STR("session", w->heartbeat.session));
}

void worker_run(struct worker *w)
{
	scope_init(&w->services, w->loop);
	scope_init(&w->work, w->loop);
	w->running = true;
	for (size_t i = 0; i < w->plan->n_sinks; i++)
		if (w->sinks[i]->ops->probe)
			scope_spawn(&w->services, "probe", probe_task, w->sinks[i]);
	scope_spawn(&w->services, "deadline", deadline_task, w);
	scope_spawn(&w->work, "start", start_task, w);
	if (w->drain.set) /* asked to stop before it began */
		scope_cancel(&w->work);
	scope_wait(&w->work);
	end_work(w);
	w->running = false;
	scope_cancel(&w->services);
	scope_wait(&w->services);
}

void worker_stop(struct worker *w)
{
	event_set(&w->drain);
	event_set(&w->new_tasks);
	event_set(&w->heartbeat.renewed);
	balancer_stop(&w->balancer);
	for (size_t i = 0; i < w->n_pipelines; i++)
		coordinator_stop(w->pipelines[i].coordinator);
	if (w->running && !w->opened) /* nothing is in flight yet */
		scope_cancel(&w->work);
}
