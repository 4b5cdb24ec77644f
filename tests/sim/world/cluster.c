#include "sim/world/cluster.h"

#include "sluice/app/plan.h"
#include "sluice/core/mem.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 16 << 20, TICK_MS = 200 };

#define HEAD                                                                                                   \
	"app = \"sim\"; aws: { region = \"us-east-1\"; }; leases: { failover_s = 10; };"                       \
	"sinks = ( { name = \"a\"; kind = \"recorder\"; url = \"http://a.recorder.test/\"; },"                 \
	"          { name = \"b\"; kind = \"recorder\"; url = \"http://b.recorder.test/\"; },"                 \
	"          { name = \"dead\"; kind = \"recorder\"; url = \"http://dead.recorder.test/\"; },"           \
	"          { name = \"bus\"; kind = \"kafka\"; brokers = \"kafka.test:9092\"; },"                      \
	"          { name = \"lake\"; kind = \"s3\"; endpoint_url = \"http://s3.test\"; interval_s = 30; object_bytes = 4096; }," \
	"          { name = \"search\"; kind = \"opensearch\"; url = \"http://search.test\"; } );"             \
	"pipelines = ( { name = \"p\"; table = \"Deals\"; start = \"trim_horizon\";"                           \
	"  on_failure: { retries = 3; max_age_s = 0; dead_letter = \"dead\"; };"                               \
	"  handlers = ( { kind = \"forward\"; name = \"a\"; sink = \"a\"; },"                                  \
	"               { kind = \"forward\"; name = \"b\"; sink = \"b\"; }"

const char cluster_two_forwards[] = HEAD " ); } );";

#define ALL_KINDS HEAD \
	",             { kind = \"forward\"; name = \"k\"; sink = \"bus\"; topic = \"k\"; }" \
	",             { kind = \"counter\"; name = \"per-brand\"; table = \"Stats\"; key: { brand = \"${item.brand}\"; };" \
	"                 where: { status = [ \"active\" ]; }; " \
	"                 add = ( { attribute = \"deals\"; by = \"1\"; }, { attribute = \"stock\"; by = \"${item.stock}\"; } ); }," \
	"               { kind = \"view\"; name = \"by-category\"; table = \"ByCategory\";" \
	"                 key: { category = \"${item.category}\"; id = \"${item.id}\"; }; attributes = [ \"n\", \"brand\" ]; deletes = \"tombstone\"; }," \
	"               { kind = \"index\"; name = \"deals\"; sink = \"search\"; index = \"deals\"; id = \"${item.id}\"; document = [ \"id\", \"n\", \"brand\" ]; }"

const char cluster_all_kinds[] = ALL_KINDS " ); } );";

const char cluster_with_lake[] = ALL_KINDS
	",             { kind = \"forward\"; name = \"lake\"; sink = \"lake\"; bucket = \"lake\"; prefix = \"all\"; }"
	" ); } );";

/* ---- settings ---- */

static const struct sink_ops *const sinks[] = { &recorder_sink_ops, NULL, NULL, NULL, NULL, NULL };

static bool load_text(void *ctx, const char *path, struct buf *out, struct err *err)
{
	(void)path;
	buf_puts(out, ctx);
	return buf_ok(out) || err_set(err, ERR_DATA, "sim.settings", "too long");
}

static const char *no_variable(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

/* All real kinds, and the recorder. */
static void known_kinds(const struct sink_ops **list, size_t cap, struct settings_kinds *out)
{
	size_t n = 0;

	for (const struct sink_ops *const *s = sinks; *s; s++)
		list[n++] = *s;
	for (const struct sink_ops *const *s = settings_all_kinds.sinks; *s && n < cap - 1; s++)
		list[n++] = *s;
	list[n] = NULL;
	*out = (struct settings_kinds){ settings_all_kinds.handlers, list };
}

static bool read_settings(struct cluster *c, const struct cluster_options *options)
{
	struct conf_source source = { .load = load_text, .variable = no_variable, .ctx = (void *)options->settings };
	const struct sink_ops **list = arena_array(&c->arena, 64, sizeof(struct sink_ops *));
	struct settings_kinds *kinds = ARENA_NEW(&c->arena, struct settings_kinds);
	const struct settings *s;
	struct problems problems;
	struct buf text;

	known_kinds(list, 64, kinds);
	problems_init(&problems, &c->arena);
	s = settings_load(kinds, &source, "sim.conf", &problems);
	if (s) {
		plan_make(s, &c->arena, &c->plan);
		return true;
	}
	buf_init(&text, 1 << 16);
	problems_print(&problems, &text);
	world_fail(c->world, "settings: %.*s", STR_ARG(buf_str(&text)));
	buf_release(&text);
	return false;
}

static bool credentials_get(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(&out->access_key_id, "AKIDEXAMPLE");
	buf_puts(&out->secret_access_key, "secret");
	buf_puts(&out->source, "simulated");
	return true;
}

/* ---- Kafka ---- */

static void *enter_world(void *ctx)
{
	return world_enter(ctx);
}

static void leave_world(void *before)
{
	world_leave(before);
}

static const char *name_of(void *ctx, struct env *env)
{
	(void)ctx;
	return host_of(env)->name;
}

static int64_t world_now_ms(void *ctx)
{
	return world_ms(ctx);
}

static void open_kafka(struct cluster *c)
{
	sim_kafka_init(&c->kafka, rng_next(&c->world->rng));
	c->kafka.world = (struct sim_kafka_world){
		.enter = enter_world, .leave = leave_world, .node = name_of, .now_ms = world_now_ms, .ctx = c->world,
	};
	c->kafka.faults.most_delay_ms = 20;
	c->plan.producers = &c->kafka.factory;
}

/* The topic is the handler's name. Two shards may use one sequence number, but not
 * for one item. */
static void tell_message(struct cluster *c, const struct sim_kafka_message *m)
{
	struct ledger_track *t = ledger_find(&c->ledger, STR("p"), str_c(m->topic));
	struct sequence sequence;
	struct str number;

	if (!t || !scan_member(str_c(m->body), STR("sequence_number"), &number) || number.len < 2 ||
	    !sequence_parse(str_sub(number, 1, number.len - 2), &sequence, NULL)) {
		world_fail(c->world, "a message of topic %s that nobody can read: %s", m->topic, m->body);
		return;
	}
	for (size_t i = 0; i < c->source->n_shards; i++) {
		struct str shard = str_c(c->source->shards[i]->shard->id);
		const struct sim_change *change = sim_source_change(c->source, shard, &sequence);
		char quoted[32];

		snprintf(quoted, sizeof(quoted), "\"k%zu\"", change ? change->key : SIZE_MAX);
		if (!change || str_find(str_c(m->key), str_c(quoted)) == SIZE_MAX)
			continue;
		ledger_arrived(&c->ledger, t, shard, &sequence, m->v);
		return;
	}
	world_fail(c->world, "a message of topic %s about a record that never was", m->topic);
}

static void read_kafka(void *cluster)
{
	struct cluster *c = cluster;

	while (c->kafka_read < c->kafka.count)
		tell_message(c, &c->kafka.log[c->kafka_read++]);
}

/* ---- the services ---- */

static void plan_tracks(struct cluster *c)
{
	for (size_t i = 0; i < c->plan.n_pipelines; i++) {
		const struct worker_pipeline_plan *p = &c->plan.pipelines[i];

		for (size_t h = 0; h < p->n_handlers; h++) {
			const struct worker_handler_plan *plan = &p->handlers[h];
			char pipeline[32], handler[32];

			snprintf(pipeline, sizeof(pipeline), "%.*s", STR_ARG(p->name));
			snprintf(handler, sizeof(handler), "%.*s", STR_ARG(plan->site.name));
			if (str_eq(plan->sink, STR("lake")))
				c->lake = true;
			else if (strcmp(plan->ops->kind, "forward") == 0)
				ledger_add(&c->ledger, pipeline, handler);
		}
	}
}

static void open_services(struct cluster *c, const struct cluster_options *options)
{
	c->s3 = sim_s3_new(c->loop, "http://s3.test", NULL);
	c->search = sim_opensearch_new(c->loop, "http://search.test", &c->s3->transport);
	c->dynamodb = sim_dynamodb_new(c->loop, &c->search->transport);
	c->streams = sim_streams_new(c->loop, "Deals", &c->dynamodb->transport);
	c->source = sim_source_new(c->streams, rng_next(&c->world->rng), options->shards ? options->shards : 1);
	sim_table_add(c->dynamodb, "Stats", "brand:S");
	sim_table_add(c->dynamodb, "ByCategory", "category:S,id:S");
	ledger_init(&c->ledger, c->world, c->source);
	recorders_init(&c->recorders, c->world, &c->ledger, &c->streams->transport);
	recorder_named(&c->recorders, "dead")->dead_letters = true;
	open_kafka(c);
	overseer_init(&c->overseer, c->world, c->loop, &c->ledger, c->plan.failover_ms);
	c->overseer.catch_up = read_kafka;
	c->overseer.catch_up_ctx = c;
	c->dynamodb->changed = overseer_changed;
	c->dynamodb->changed_ctx = &c->overseer;
	c->world->sent = overseer_sent;
	c->world->sent_ctx = &c->overseer;
	c->world->services = &c->recorders.transport;
}

bool cluster_open(struct cluster *c, struct world *w, const struct cluster_options *options)
{
	*c = (struct cluster){ .world = w, .loop = w->hosts[0].loop };
	arena_init(&c->arena, ARENA_BYTES);
	if (!read_settings(c, options)) {
		arena_release(&c->arena);
		return false;
	}
	if (options->failover_ms)
		c->plan.failover_ms = options->failover_ms;
	c->credentials.get = credentials_get;
	open_services(c, options);
	plan_tracks(c);
	return true;
}

void cluster_close(struct cluster *c)
{
	for (int i = 1; i < WORLD_HOSTS; i++)
		if (cluster_alive(c, i))
			cluster_kill(c, i);
	c->world->sent = NULL;
	read_kafka(c);
	overseer_release(&c->overseer);
	sim_kafka_release(&c->kafka);
	ledger_release(&c->ledger);
	sim_source_free(c->source);
	sim_streams_free(c->streams);
	sim_dynamodb_free(c->dynamodb);
	sim_opensearch_free(c->search);
	sim_s3_free(c->s3);
	arena_release(&c->arena);
}

/* ---- processes ---- */

/* On the node: what `sluice run` does. */
static void process_main(void *arg)
{
	struct process *p = arg;
	struct worker *worker;
	struct err err;

	p->worker = worker_new(p->node->loop, &p->plan, &err);
	if (!p->worker) {
		world_fail(p->cluster->world, "no worker: %s", err.text);
		return;
	}
	if (p->stopping)
		worker_stop(p->worker);
	worker_run(p->worker);
	p->failed = p->worker->failed;
	worker = p->worker;
	p->worker = NULL; /* it waits while it closes its sinks; a stop may come meanwhile */
	worker_free(worker);
}

void cluster_start(struct cluster *c, int id)
{
	struct process *p = &c->processes[id];

	*p = (struct process){ .cluster = c, .plan = c->plan };
	p->node = host_start(c->world, id, process_main, p);
	snprintf(p->instance, sizeof(p->instance), "%s", p->node->name);
	p->plan.instance = str_c(p->instance);
	p->plan.aws.transport = &p->node->transport;
	p->plan.aws.credentials = &c->credentials;
	world_trace(c->world, "start %s", p->node->name);
}

bool cluster_alive(const struct cluster *c, int id)
{
	return c->processes[id].node && c->processes[id].node->alive;
}

void cluster_kill(struct cluster *c, int id)
{
	if (!cluster_alive(c, id))
		return;
	sim_kafka_drop(&c->kafka, c->processes[id].node->name);
	host_kill(c->processes[id].node);
}

static void stop(void *arg)
{
	struct process *p = arg;

	if (p->worker)
		worker_stop(p->worker);
}

void cluster_stop(struct cluster *c, int id)
{
	struct process *p = &c->processes[id];

	if (!cluster_alive(c, id) || p->stopping)
		return;
	world_trace(c->world, "stop %s", p->node->name);
	p->stopping = true;
	host_post(p->node, stop, p);
}

void cluster_end(struct cluster *c, int id)
{
	int64_t limit_ms = c->plan.drain_ms + 60 * 1000;
	int64_t asleep_ms = cluster_alive(c, id) ? c->processes[id].node->asleep_until_ns / 1000000 - world_ms(c->world) : 0;

	if (asleep_ms > 0)
		limit_ms += asleep_ms;
	cluster_stop(c, id);
	if (cluster_alive(c, id) && !host_wait_end(c->processes[id].node, limit_ms))
		world_fail(c->world, "%s has not ended %lld ms after it was asked to", c->processes[id].node->name, (long long)limit_ms);
}

bool cluster_sleep(struct cluster *c, int64_t ms)
{
	int64_t end_ms = world_ms(c->world) + ms;

	while (world_ms(c->world) < end_ms) {
		int64_t left_ms = end_ms - world_ms(c->world);

		if (world_failed(c->world) || !task_sleep_ms(c->loop, left_ms < TICK_MS ? left_ms : TICK_MS, NULL))
			return false;
	}
	return !world_failed(c->world);
}

bool cluster_settle(struct cluster *c, int64_t limit_ms)
{
	int64_t end_ms = world_ms(c->world) + limit_ms;
	size_t missing;

	while (read_kafka(c), !ledger_complete(&c->ledger, &missing)) {
		if (!cluster_sleep(c, TICK_MS))
			return false;
		if (world_ms(c->world) < end_ms)
			continue;
		world_fail(c->world, "no progress: %zu records have not arrived %lld ms after the trouble", missing, (long long)limit_ms);
		return false;
	}
	return true;
}
