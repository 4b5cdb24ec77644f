#include "sim/world/random.h"

#include "sim/world/verdict.h"

enum { MOST_PROCESSES = 4, MINUTE_MS = 60 * 1000, KEYS = 40, MEMORY_BESIDE = 8 << 20, MEMORY_A_SHARD = 64 << 10 };

/* What this history is like. */
struct mood {
	struct cluster *c;
	int processes;
	int64_t write_pause_ms;    /* most, between two bursts of writes */
	int64_t trouble_pause_ms;  /* most, between two troubles */
	int64_t until_ms;
	bool done;
};

static struct rng *rng_of(const struct mood *m)
{
	return &m->c->world->rng;
}

static int64_t up_to(const struct mood *m, int64_t most)
{
	return (int64_t)rng_below(rng_of(m), (uint64_t)most + 1);
}

static bool chance(const struct mood *m, double p)
{
	return rng_unit(rng_of(m)) < p;
}

static bool goes_on(const struct mood *m)
{
	return world_ms(m->c->world) < m->until_ms && !world_failed(m->c->world);
}

/* ---- the writers ---- */

static void write_once(const struct mood *m)
{
	struct sim_source *s = m->c->source;
	size_t key = (size_t)rng_below(rng_of(m), KEYS);

	if (chance(m, 0.1))
		sim_source_delete(s, key, chance(m, 0.3));
	else if (chance(m, 0.2))
		sim_source_put(s, key);
	else
		sim_source_update(s, key);
}

static void writer_task(void *arg)
{
	struct mood *m = arg;

	while (goes_on(m)) {
		int64_t burst = chance(m, 0.1) ? up_to(m, 60) : 1 + up_to(m, 5);

		for (int64_t i = 0; i < burst; i++)
			write_once(m);
		if (!task_sleep_ms(m->c->loop, 1 + up_to(m, chance(m, 0.03) ? 90 * 1000 : m->write_pause_ms), NULL))
			return;
	}
}

/* Shards come and go. */
static void shard_task(void *arg)
{
	struct mood *m = arg;

	while (goes_on(m)) {
		struct sim_source *s = m->c->source;

		if (!task_sleep_ms(m->c->loop, 3000 + up_to(m, 2 * MINUTE_MS), NULL))
			return;
		if (s->n_shards > 24)
			continue;
		world_trace(m->c->world, "a shard closes");
		if (chance(m, 0.4))
			sim_source_split(s, sim_source_pick_open(s));
		else
			sim_source_roll(s, sim_source_pick_open(s));
	}
}

/* ---- trouble ---- */

static int pick_process(const struct mood *m)
{
	return 1 + (int)up_to(m, m->processes - 1);
}

static void crash(const struct mood *m, int id)
{
	cluster_kill(m->c, id);
	if (chance(m, 0.7))
		cluster_start(m->c, id);
}

static void restart(const struct mood *m, int id)
{
	cluster_end(m->c, id);
	if (!cluster_alive(m->c, id))
		cluster_start(m->c, id);
}

static void trouble_with_process(const struct mood *m, int id)
{
	struct host *n = m->c->processes[id].node;

	if (!cluster_alive(m->c, id)) {
		cluster_start(m->c, id);
		return;
	}
	switch (up_to(m, 6)) {
	case 0:
	case 1:
		crash(m, id);
		break;
	case 2:
		restart(m, id);
		break;
	case 3:
		host_pause(n, up_to(m, chance(m, 0.5) ? 9000 : 90000));
		break;
	case 4:
		host_cut(n, (enum world_service)up_to(m, 3), up_to(m, 60000));
		break;
	case 5:
		n->skew_ms = up_to(m, 240 * MINUTE_MS) - 120 * MINUTE_MS; /* for good: peace does not set clocks */
		break;
	default:
		cluster_stop(m->c, id);
		break;
	}
}

static void trouble_with_sink(const struct mood *m)
{
	struct recorder *r = recorder_named(&m->c->recorders, chance(m, 0.5) ? "a" : "b");

	world_trace(m->c->world, "trouble at recorder %s", r->name);
	r->down_until_ms = world_ms(m->c->world) + up_to(m, chance(m, 0.2) ? 20 * MINUTE_MS : 30000);
	r->refuse = chance(m, 0.5) ? 0.2 : 0;
	r->some = chance(m, 0.5) ? 0.1 : 0;
	r->poison_key = chance(m, 0.3) ? (size_t)up_to(m, KEYS - 1) : SIZE_MAX;
}

static void trouble_with_net(const struct mood *m)
{
	struct world_net *net = &m->c->world->net;
	double level = chance(m, 0.3) ? 0.15 : 0.02;

	net->latency_ms = 1 + up_to(m, 60);
	net->slow = chance(m, 0.5) ? 0.02 : 0;
	net->slow_ms = up_to(m, 40000);
	net->drop_before = level * rng_unit(rng_of(m));
	net->drop_after = level * rng_unit(rng_of(m));
	net->error_500 = level * rng_unit(rng_of(m));
	net->throttle = level * rng_unit(rng_of(m));
	net->truncate = level * rng_unit(rng_of(m));
	net->garbage = level * rng_unit(rng_of(m));
	net->hang = level / 4 * rng_unit(rng_of(m));
}

static void lies(const struct mood *m)
{
	struct sim_lies *l = &m->c->streams->lies;

	l->leave_out = chance(m, 0.5) ? 0.1 : 0;
	l->open_parent = chance(m, 0.5) ? 0.3 : 0;
	l->late_ms = chance(m, 0.5) ? up_to(m, 20000) : 0;
	l->empty_page = chance(m, 0.5) ? 0.2 : 0;
	l->short_page = chance(m, 0.5) ? 0.3 : 0;
}

static void trouble_task(void *arg)
{
	struct mood *m = arg;

	while (goes_on(m)) {
		if (!task_sleep_ms(m->c->loop, 1 + up_to(m, m->trouble_pause_ms), NULL) || !goes_on(m))
			return;
		switch (up_to(m, 5)) {
		case 0:
			trouble_with_sink(m);
			break;
		case 1:
			trouble_with_net(m);
			break;
		case 2:
			lies(m);
			break;
		default:
			trouble_with_process(m, pick_process(m));
		}
	}
}

/* ---- peace ---- */

static void make_peace(const struct mood *m)
{
	struct cluster *c = m->c;

	world_trace(c->world, "peace");
	c->world->net = (struct world_net){ .latency_ms = 5 };
	c->streams->lies = (struct sim_lies){ .shuffle = c->streams->lies.shuffle };
	for (size_t i = 0; i < c->recorders.n; i++) {
		struct recorder *r = &c->recorders.list[i];

		r->down_until_ms = r->hangs_until_ms = 0;
		r->refuse = r->some = 0;
	}
	for (int id = 1; id <= m->processes; id++) {
		struct host *n = &c->world->hosts[id];

		n->asleep_until_ns = 0;
		for (int s = 0; s < 4; s++)
			n->cut_until_ms[s] = 0;
	}
}

static void live(struct mood *m)
{
	struct scope scope;

	scope_init(&scope, m->c->loop);
	scope_spawn(&scope, "writer", writer_task, m);
	scope_spawn(&scope, "shards", shard_task, m);
	scope_spawn(&scope, "trouble", trouble_task, m);
	scope_wait(&scope);
}

/* Small limits, so that they are reached. */
static void draw_limits(const struct mood *m)
{
	struct worker_plan *plan = &m->c->plan;

	plan->memory_bytes = (size_t)1 << (22 + up_to(m, 4));
	plan->window_bytes = (size_t)1 << (16 + up_to(m, 6));
	plan->checkpoint_ms = 500 + up_to(m, 5000);
	plan->drain_ms = 3000 + up_to(m, 27000);
	plan->pipelines[0].poll_max_ms = 500 + up_to(m, chance(m, 0.5) ? 1000 : 9500);
	for (size_t i = 0; i < plan->pipelines[0].n_handlers; i++) {
		struct worker_handler_plan *h = &plan->pipelines[0].handlers[i];

		h->batch_records = 1 + up_to(m, chance(m, 0.5) ? 20 : 999);
		h->batch_window_ms = up_to(m, 1000);
	}
	m->c->streams->page_records = 1 + (size_t)up_to(m, chance(m, 0.5) ? 10 : 999);
}

/* What a process may use beyond limits.memory_bytes. */
static void check_memory(const struct mood *m, int id)
{
	const struct host *n = m->c->processes[id].node;
	size_t bound = m->c->plan.memory_bytes + MEMORY_BESIDE + 2 * m->c->source->n_shards * MEMORY_A_SHARD;

	if (n->alive && heap_peak_bytes(n->heap) > bound)
		world_fail(m->c->world, "%s had %zu bytes, more than %zu", n->name, heap_peak_bytes(n->heap), bound);
}

void random_history(void *arg)
{
	struct world *w = arg;
	struct cluster c;
	struct mood m = { .c = &c };
	struct cluster_options options = { .settings = cluster_with_lake, .shards = 1 + (size_t)rng_below(&w->rng, 4) };

	if (!cluster_open(&c, w, &options))
		return;
	m.processes = 1 + (int)up_to(&m, MOST_PROCESSES - 1);
	m.write_pause_ms = 50 + up_to(&m, 3000);
	m.trouble_pause_ms = 2000 + up_to(&m, 40000);
	m.until_ms = 2 * MINUTE_MS + up_to(&m, chance(&m, 0.1) ? 20 * MINUTE_MS : 5 * MINUTE_MS);
	draw_limits(&m);
	c.streams->max_readers = 2;
	c.streams->dates.check_date = c.dynamodb->dates.check_date = true;
	for (int id = 1; id <= m.processes; id++)
		cluster_start(&c, id);
	live(&m);
	make_peace(&m);
	for (int id = 1; id <= m.processes && !world_failed(w); id++) {
		if (c.processes[id].stopping) /* else it might be the last one, and end right now */
			cluster_end(&c, id);
		if (!cluster_alive(&c, id))
			cluster_start(&c, id);
	}
	if (!world_failed(w) && cluster_settle(&c, 30 * MINUTE_MS))
		verdict_wait(&c, 10 * MINUTE_MS);
	for (int id = 1; id <= m.processes && !world_failed(w); id++) {
		check_memory(&m, id);
		cluster_end(&c, id);
	}
	cluster_close(&c);
}
