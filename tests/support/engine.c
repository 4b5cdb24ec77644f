#include "support/engine.h"

#include "sluice/core/json.h"
#include "sluice/core/mem.h"

#include <stdio.h>

/* ---- the recording sink ---- */

static struct str item_key(struct str body)
{
	struct str keys, id = { 0 };

	if (scan_member(body, STR("keys"), &keys))
		scan_member(keys, STR("id"), &id);
	return id.len > 2 ? str_sub(id, 1, id.len - 2) : id;
}

static void note(struct engine_sink *s, const struct effect *e)
{
	struct engine *engine = s->engine;
	struct engine_message *m;

	if (s->index == ENGINE_HANDLERS) {
		engine->n_dead_letters++;
		snprintf(engine->last_dead_letter, sizeof(engine->last_dead_letter), "%.*s", STR_ARG(e->message.body));
		return;
	}
	if (engine->n_messages == ENGINE_MESSAGES)
		return;
	m = &engine->messages[engine->n_messages++];
	m->handler = s->index;
	m->sequence = e->batch->records[e->record]->sequence;
	m->v = e->v;
	m->at_ms = env_mono_ms(engine->env);
	snprintf(m->shard, sizeof(m->shard), "%.*s", STR_ARG(e->batch->source.shard_id));
	snprintf(m->key, sizeof(m->key), "%.*s",
		 STR_ARG(item_key(e->message.body).len ? item_key(e->message.body) : e->message.key));
	for (size_t i = 0; i < e->message.n_headers; i++)
		if (str_eq(e->message.headers[i].name, STR("sluice-notification-id")))
			snprintf(m->notification, sizeof(m->notification), "%.*s", STR_ARG(e->message.headers[i].value));
}

/* A real sink never lets a message overtake a failed one of the same key. */
static bool is_behind_failed(struct effect *const *effects, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (effects[j]->state == EFFECT_FAILED && str_eq(effects[j]->message.key, effects[i]->message.key))
			return true;
	return false;
}

static void sink_send(struct sink *sink, struct effect *const *effects, size_t n)
{
	struct engine_sink *s = (struct engine_sink *)sink;
	struct engine *engine = s->engine;
	struct err err;

	for (size_t i = 0; i < n; i++) {
		if (engine->dead)
			return; /* what is left stays PENDING, as when cancelled */
		if (!sink->site.may_send(sink->site.may_send_ctx, &err)) {
			effect_fail(effects[i], &err);
			continue;
		}
		if (is_behind_failed(effects, i)) {
			sink_fail_behind(sink, effects[i]);
			continue;
		}
		if (engine->accept && s->index < ENGINE_HANDLERS && !engine->accept(engine->accept_ctx, s->index, effects[i], &err)) {
			if (err.class == ERR_CANCELLED)
				return;
			effect_fail(effects[i], &err);
			continue;
		}
		if (engine->dead_letter_down && s->index == ENGINE_HANDLERS) {
			err_set(&err, ERR_RETRY, "sink.down", "simulated: the dead letter is down");
			effect_fail(effects[i], &err);
			continue;
		}
		note(s, effects[i]);
		effect_done(effects[i]);
	}
}

static void sink_purge(struct sink *sink)
{
	((struct engine_sink *)sink)->engine->n_purges++;
}

static void sink_close(struct sink *sink)
{
	mem_free(sink);
}

struct recorder_settings {
	struct engine *engine;
	size_t index;
};

static struct sink *sink_open(const void *settings, const struct sink_site *site, struct err *err);

static const struct sink_ops recorder_ops = {
	.kind = "recorder", .settings_size = sizeof(struct recorder_settings), .accepts = 1u << EFFECT_MESSAGE,
	.open = sink_open, .send = sink_send, .purge = sink_purge, .close = sink_close,
};

static struct sink *sink_open(const void *settings, const struct sink_site *site, struct err *err)
{
	const struct recorder_settings *set = settings;
	struct engine_sink *s = mem_alloc(sizeof(*s));

	(void)err;
	s->sink = (struct sink){ .ops = &recorder_ops, .site = *site };
	s->engine = set->engine;
	s->index = set->index;
	return &s->sink;
}

/* ---- the process's way out ---- */

static bool time_out(const struct engine *e, const struct http_request *request, struct err *err)
{
	return task_sleep_ms(e->loop, request->timeout_ms ? request->timeout_ms : 30000, err) &&
	       err_set(err, ERR_RETRY, "http.timeout", "simulated: the way is cut");
}

static bool process_send(struct transport *t, const struct http_request *request, struct http_response *response,
			 struct err *err)
{
	struct engine_way *way = (struct engine_way *)t;
	struct engine *e = way->engine;

	if (e->dead)
		return err_set(err, ERR_CANCELLED, "killed", "the process is dead");
	if (way->cut)
		return time_out(e, request, err);
	if (!transport_send(&e->streams->transport, request, response, err))
		return false;
	if (e->dead)
		return err_set(err, ERR_CANCELLED, "killed", "the process is dead");
	return !way->cut || time_out(e, request, err);
}

static bool credentials_get(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(&out->access_key_id, "AKIDEXAMPLE");
	buf_puts(&out->secret_access_key, "secret");
	buf_puts(&out->source, "test");
	return true;
}

/* ---- the engine ---- */

static void plan_handler(struct engine *e, size_t i)
{
	struct worker_handler_plan *h = &e->handlers[i];
	const struct handler_ops *ops = handler_kind(STR("forward"));
	struct recorder_settings *recorder = ARENA_NEW(&e->arena, struct recorder_settings);
	void *settings = arena_alloc(&e->arena, ops->settings_size);
	struct problems problems;

	*recorder = (struct recorder_settings){ e, i };
	e->sinks[i] = (struct worker_sink_plan){ arena_putf(&e->arena, "s%zu", i), &recorder_ops, recorder };
	problems_init(&problems, &e->arena);
	option_read(ops->options, node_from_json(&e->arena, arena_putf(&e->arena, "{\"sink\":\"s%zu\"}", i), NULL, NULL), settings,
		    NULL, &problems);
	*h = (struct worker_handler_plan){
		.ops = ops, .settings = settings, .sink = e->sinks[i].name, .batch_records = 100, .batch_bytes = 1 << 20,
		.policy = { .retries = 2, .bisect = true, .dead_letter = STR("dead") },
	};
	h->site = (struct handler_site){
		.app = STR("app"), .pipeline = STR("p"), .name = arena_putf(&e->arena, "h%zu", i), .table = STR("Deals"),
	};
}

void engine_fanout(struct engine *e, size_t i, const char *settings)
{
	struct worker_handler_plan *h = &e->handlers[i];
	struct node *node = node_from_json(&e->arena, arena_dup(&e->arena, str_c(settings)), NULL, NULL);
	struct problems problems;
	void *read;

	h->ops = handler_kind(STR("fanout"));
	read = arena_alloc(&e->arena, h->ops->settings_size);
	problems_init(&problems, &e->arena);
	option_read(h->ops->options, node, read, NULL, &problems);
	h->settings = read;
	h->site.node = node;
}

static void init(struct engine *e, struct loop *loop, size_t n_handlers, const struct engine *first)
{
	struct recorder_settings *dead;

	*e = (struct engine){ .loop = loop, .env = loop_env(loop), .n_handlers = n_handlers };
	arena_init(&e->arena, 8 << 20);
	e->messages = mem_array(ENGINE_MESSAGES, sizeof(*e->messages));
	e->way = e->state_way = (struct engine_way){ .transport.send = process_send, .engine = e };
	e->credentials.get = credentials_get;
	e->beside = first != NULL;
	e->dynamodb = first ? first->dynamodb : sim_dynamodb_new(loop, NULL);
	e->streams = first ? first->streams : sim_streams_new(loop, "Deals", &e->dynamodb->transport);
	for (size_t i = 0; i < n_handlers; i++)
		plan_handler(e, i);
	dead = ARENA_NEW(&e->arena, struct recorder_settings);
	*dead = (struct recorder_settings){ e, ENGINE_HANDLERS };
	e->sinks[n_handlers] = (struct worker_sink_plan){ STR("dead"), &recorder_ops, dead };
	e->pipeline = (struct worker_pipeline_plan){
		.name = STR("p"), .table = STR("Deals"), .poll_min_ms = 250, .poll_max_ms = 1000, .handlers = e->handlers,
		.n_handlers = n_handlers,
	};
	e->plan = (struct worker_plan){
		.app = STR("app"), .instance = STR("host:1"), .state_table = STR("sluice-state"), .failover_ms = 10000, .checkpoint_ms = 5000,
		.drain_ms = 30000, .memory_bytes = 64 << 20, .page_bytes = 16 << 20, .window_bytes = 4 << 20,
		.sinks = e->sinks, .n_sinks = n_handlers + 1, .pipelines = &e->pipeline, .n_pipelines = 1,
	};
	e->plan.aws = (struct aws_settings){
		.transport = &e->way.transport, .credentials = &e->credentials, .region = STR("us-east-1"),
	};
}

void engine_init(struct engine *e, struct loop *loop, size_t n_handlers)
{
	init(e, loop, n_handlers, NULL);
}

void engine_init_beside(struct engine *e, struct engine *first)
{
	init(e, first->loop, first->n_handlers, first);
	e->plan.state_transport = &e->state_way.transport;
	first->plan.state_transport = &first->state_way.transport;
}

void engine_release(struct engine *e)
{
	if (e->running)
		engine_stop(e);
	if (!e->beside) {
		sim_streams_free(e->streams);
		sim_dynamodb_free(e->dynamodb);
	}
	mem_free(e->messages);
	arena_release(&e->arena);
}

static void worker_task(void *arg)
{
	struct engine *e = arg;
	struct err err;

	e->worker = worker_new(e->loop, &e->plan, &err);
	if (!check_class(e->worker != NULL, &err, ERR_NONE, __FILE__, __LINE__))
		return;
	worker_run(e->worker);
	worker_free(e->worker);
	e->worker = NULL;
}

void engine_start(struct engine *e)
{
	e->dead = false;
	e->running = true;
	scope_init(&e->scope, e->loop);
	scope_spawn(&e->scope, "worker", worker_task, e);
	task_yield(e->loop, NULL);
}

void engine_stop(struct engine *e)
{
	if (e->worker)
		worker_stop(e->worker);
	scope_wait(&e->scope);
	e->running = false;
}

void engine_kill(struct engine *e)
{
	e->dead = true;
	scope_cancel(&e->scope);
	scope_wait(&e->scope);
	e->running = false;
}

struct sequence engine_put(struct engine *e, struct sim_shard *shard, int key, int n)
{
	char keys[64], image[128];

	snprintf(keys, sizeof(keys), "{\"id\":{\"S\":\"k%d\"}}", key);
	snprintf(image, sizeof(image), "{\"id\":{\"S\":\"k%d\"},\"n\":{\"N\":\"%d\"}}", key, n);
	return sim_shard_put(e->streams, shard, "INSERT", keys, image, NULL);
}

size_t engine_count(const struct engine *e, size_t handler)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_messages; i++)
		n += e->messages[i].handler == handler;
	return n;
}

bool engine_wait(struct engine *e, size_t handler, size_t n, int64_t limit_ms)
{
	int64_t end_ms = env_mono_ms(e->env) + limit_ms;

	while (engine_count(e, handler) < n)
		if (env_mono_ms(e->env) >= end_ms || !task_sleep_ms(e->loop, 50, NULL))
			return false;
	return true;
}

void engine_steal(struct engine *e, const char *shard)
{
	struct sim_table *t = sim_table_named(e->dynamodb, STR("sluice-state"));

	for (struct sim_row *row = t->rows; row; row = row->next) {
		struct str sk = sim_item_get(&row->item, STR("sk")).raw;

		if (!str_ends(sk, str_c(shard)))
			continue;
		sim_item_set(&row->item, STR("owner"), STR("{\"S\":\"thief:1:0000000000000001\"}"));
		sim_item_set(&row->item, STR("counter"), STR("{\"N\":\"1000\"}"));
	}
}

size_t engine_holds(const struct engine *e, struct str session)
{
	struct sim_table *t = sim_table_named(e->dynamodb, STR("sluice-state"));
	size_t n = 0;

	for (struct sim_row *row = t ? t->rows : NULL; row; row = row->next)
		n += str_eq(sim_item_get(&row->item, STR("owner")).raw, session);
	return n;
}

bool engine_saved(struct engine *e, const char *shard, const char *handler, struct lease_position *out)
{
	struct sim_table *t = sim_table_named(e->dynamodb, STR("sluice-state"));
	bool found = false;

	for (struct sim_row *row = t ? t->rows : NULL; row && !found; row = row->next) {
		struct state_row state = { .counter = 1 };
		const struct lease_position *p;
		struct lease *lease;
		struct buf text;
		struct value id;

		buf_init(&text, 1 << 20);
		sim_item_write(&row->item, &text);
		if (value_parse_image(buf_str(&text), &state.item, NULL) && value_get(state.item, STR("sk"), &id) &&
		    str_ends(id.raw, str_c(shard))) {
			state.id = id.raw;
			lease = lease_of_row(e->loop, &state, NULL);
			p = lease ? lease_position(lease, str_c(handler)) : NULL;
			if (p) {
				*out = *p;
				out->handler = str_of(NULL, 0);
				found = true;
			}
			lease_free(lease);
		}
		buf_release(&text);
	}
	return found;
}
