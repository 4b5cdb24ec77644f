#include "sluice/worker/worker.h"

#include "sluice/core/digest.h"
#include "sluice/core/mem.h"
#include "sluice/handlers/index.h"
#include "sluice/worker/fanout.h"
#include "sluice/worker/shard_run.h"

enum { HANDLER_ARENA_BYTES = 4 << 20, DEFINITION_BYTES = 1 << 20, START_PAUSE_MS = 1000, LAST_WRITES_MS = 5000 };
enum { DESCRIBE_MS = 500, DESCRIBE_BURST = 4 }; /* of the account's 10 a second for all readers (T27) */

/* ---- sinks ---- */

static struct sink_site site_of(struct worker *w, struct str name)
{
	const struct worker_plan *plan = w->plan;

	return (struct sink_site){
		.app = plan->app, .name = name, .loop = w->loop, .transport = plan->aws.transport, .dynamodb = w->dynamodb,
		.state_table = plan->state_table, .failover_ms = plan->failover_ms, .drain_ms = (uint32_t)plan->drain_ms,
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
	h->sink = plan->sink.len && !plan->ops->tasks ? sink_named(w, plan->sink) : w->tables;
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

static bool open_pipeline(struct worker *w, struct pipeline *p, const struct worker_pipeline_plan *plan, struct err *err)
{
	struct coordinator_settings set = {
		.loop = w->loop, .dynamodb = w->dynamodb, .streams = w->streams, .state = w->state,
		.heartbeat = &w->heartbeat, .describe = &w->describe, .pipeline = plan->name, .table = plan->table, .n_handlers = plan->n_handlers,
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

static bool open_clients(struct worker *w, struct err *err)
{
	struct aws_settings aws = w->plan->aws;

	aws.loop = w->loop;
	w->dynamodb = aws_client_new(AWS_DYNAMODB, &aws, err);
	w->streams = w->dynamodb ? aws_client_new(AWS_DYNAMODB_STREAMS, &aws, err) : NULL;
	return w->streams != NULL;
}

struct worker *worker_new(struct loop *loop, const struct worker_plan *plan, struct err *err)
{
	struct worker *w = mem_alloc(sizeof(*w));

	w->plan = plan;
	w->loop = loop;
	w->env = loop_env(loop);
	event_init(&w->drain, loop);
	event_init(&w->new_tasks, loop);
	budget_init(&w->budget, loop, plan->memory_bytes);
	pace_init(&w->describe, loop, DESCRIBE_MS, DESCRIBE_BURST);
	w->pipelines = mem_array(plan->n_pipelines, sizeof(*w->pipelines));
	if (!open_clients(w, err))
		goto fail;
	w->state = state_table_new(w->dynamodb, loop, plan->app, plan->state_table);
	heartbeat_init(&w->heartbeat, w->state, loop, plan->instance, plan->failover_ms);
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
	if (w->state)
		heartbeat_release(&w->heartbeat);
	state_free(w->state);
	aws_client_free(w->streams);
	aws_client_free(w->dynamodb);
	worker_stats_release(&w->told);
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

/* The state table and the first heartbeat come before everything. What is wrong
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
		log_at(w->env->log, LOG_ERROR, "worker.waiting", LOG_STR("state_table", w->plan->state_table),
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
	for (size_t i = 0; i < w->n_pipelines; i++)
		scope_spawn(&w->work, "pipeline", pipeline_task, &w->pipelines[i]);
	if (fanout_needed(w))
		scope_spawn(&w->work, "fanout", fanout_task, w);
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
	for (size_t i = 0; i < w->n_pipelines; i++)
		coordinator_stop(w->pipelines[i].coordinator);
	if (w->running && !w->opened) /* nothing is in flight yet */
		scope_cancel(&w->work);
}
