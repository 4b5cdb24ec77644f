#include "sim/world/self.h"

#include "sim/world/net.h"
#include "sim/world/random.h"
#include "sim/world/scenario.h"
#include "sim/world/verdict.h"
#include "sluice/core/mem.h"
#include "sluice/core/stack.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a test is told, and what it finds. */
struct self {
	struct world *world;
	const char *text;          /* what is wrong with the simulator; NULL: nothing yet */
};

#define MUST(s, condition) ((condition) || ((s)->text ? false : ((s)->text = #condition, false)))

/* ---- heaps ---- */

static void a_dropped_heap(struct self *s)
{
	size_t before = heap_all_blocks();
	struct heap *one = heap_new(), *two = heap_new(), *outside = heap_enter(one);
	void *kept;

	for (size_t i = 1; i < 100; i++)
		mem_alloc(i);
	mem_resize(mem_alloc(1), 1000);
	stack_map(4096, 65536);
	heap_enter(two);
	kept = mem_alloc(10);
	MUST(s, heap_blocks(one) == 100 && heap_stacks(one) == 1);
	MUST(s, heap_bytes(one) == 99 * 100 / 2 + 1000);
	heap_enter(outside);
	heap_drop(one);
	MUST(s, heap_all_blocks() == before + 1);
	MUST(s, heap_blocks(two) == 1 && heap_bytes(two) == 10);
	mem_free(kept); /* of a heap that is not entered */
	MUST(s, heap_blocks(two) == 0);
	heap_drop(two);
	MUST(s, heap_all_blocks() == before);
}

/* ---- small worlds ---- */

static void run(struct self *s, task_fn *director)
{
	struct world w;

	s->world = &w;
	world_run(&w, 7, false, LOG_INFO, director, s);
	s->world = NULL;
	world_release(&w);
}

/* The world must fail, and say this. */
static void run_to_fail(struct self *s, task_fn *director, const char *expected)
{
	struct world w;

	s->world = &w;
	world_run(&w, 7, false, LOG_INFO, director, s);
	s->world = NULL;
	if (!strstr(w.failure, expected)) {
		printf("expected \"%s\", found \"%s\"\n", expected, w.failure);
		MUST(s, !"the planted error was not found");
	}
	world_release(&w);
}

static void nap(struct world *w, int64_t ms)
{
	task_sleep_ms(w->hosts[0].loop, ms, NULL);
}

/* A service that counts what reaches it. */
struct counter {
	struct transport transport;
	struct world *world;
	int n;
	int64_t last_ms;
};

static bool count(struct transport *t, const struct http_request *request, struct http_response *response, struct err *err)
{
	struct counter *c = (struct counter *)t;

	(void)request;
	(void)err;
	c->n++;
	c->last_ms = world_ms(c->world);
	http_response_clear(response);
	response->status = 200;
	return true;
}

static void send_one(struct host *n)
{
	struct http_request request = { .method = "POST", .url = STR("http://search.test/"), .body = STR("x") };
	struct http_response response;

	http_response_init(&response);
	transport_send(&n->transport, &request, &response, NULL);
	http_response_release(&response);
}

static void sender_main(void *arg)
{
	send_one(arg);
}

/* ---- death ---- */

static void kill_after_sending(void *arg)
{
	struct self *s = arg;
	struct world *w = s->world;
	struct counter far = { .transport.send = count, .world = w };

	w->services = &far.transport;
	w->net.latency_ms = 50;
	host_start(w, 1, sender_main, &w->hosts[1]);
	nap(w, 1);
	MUST(s, w->requests == 1 && far.n == 0);
	host_kill(&w->hosts[1]);
	nap(w, 1000);
	MUST(s, far.n == 1);
}

static void the_dead_reach_the_service(struct self *s)
{
	run(s, kill_after_sending);
}

/* One more instant for each seed. */
struct deaths {
	struct self *self;
	int64_t at_ms;
};

static void kill_worker(void *arg)
{
	const struct deaths *d = arg;
	struct cluster_options options = { .settings = cluster_all_kinds, .shards = 2 };
	struct cluster c;

	if (!cluster_open(&c, d->self->world, &options))
		return;
	scenario_start(&c, 2);
	scenario_write_for(&c, d->at_ms, 20);
	cluster_kill(&c, 1);
	cluster_stop(&c, 2);
	cluster_sleep(&c, d->at_ms % 17);
	cluster_kill(&c, 2);
	cluster_close(&c);
}

static void killed_at_any_point(struct self *s)
{
	size_t before = heap_all_blocks();

	for (int64_t ms = 1; ms < 3000; ms += 61) {
		struct deaths d = { s, ms };
		struct world w;

		s->world = &w;
		MUST(s, world_run(&w, (uint64_t)ms, false, LOG_INFO, kill_worker, &d));
		world_release(&w);
		MUST(s, heap_all_blocks() == before);
	}
	s->world = NULL;
}

static void leak_main(void *arg)
{
	(void)arg;
	mem_alloc(123);
}

static void leak(void *arg)
{
	struct self *s = arg;

	host_start(s->world, 1, leak_main, NULL);
	nap(s->world, 10);
}

static void a_leak_is_found(struct self *s)
{
	size_t before = heap_all_blocks();

	run_to_fail(s, leak, "n1.1 ended and left 1 blocks, the oldest of 123 bytes");
	MUST(s, heap_all_blocks() == before);
}

static void wait_main(void *arg)
{
	struct host *n = arg;
	struct event never;

	event_init(&never, n->loop);
	event_wait(&never, -1, NULL, NULL);
}

static void wait_for_ever(void *arg)
{
	struct self *s = arg;

	host_start(s->world, 1, wait_main, &s->world->hosts[1]);
	wait_main(&s->world->hosts[0]);
}

static void a_standstill_is_found(struct self *s)
{
	run_to_fail(s, wait_for_ever, "every process waits");
}

/* ---- sleep ---- */

struct clockwork {
	struct host *node;
	int64_t last_ms;
	int ticks;
};

static void tick_main(void *arg)
{
	struct clockwork *k = arg;
	struct host *n = k->node;

	while (task_sleep_ms(n->loop, 100, NULL)) {
		k->last_ms = world_ms(n->world);
		if (++k->ticks == 10)
			send_one(n);
		if (k->ticks == 30)
			return;
	}
}

static void pause_it(void *arg)
{
	struct self *s = arg;
	struct world *w = s->world;
	struct counter far = { .transport.send = count, .world = w };
	struct clockwork k = { .node = &w->hosts[1] };

	w->services = &far.transport;
	w->net.latency_ms = 100;
	host_start(w, 1, tick_main, &k);
	while (k.ticks < 10)
		nap(w, 1);
	host_pause(&w->hosts[1], 5000);
	nap(w, 4900);
	MUST(s, k.ticks == 10);
	MUST(s, far.n == 1 && far.last_ms < k.last_ms + 200); /* the wire does not sleep */
	MUST(s, w->hosts[1].alive);
	nap(w, 10000);
	MUST(s, k.ticks == 30 && !w->hosts[1].alive);
}

static void a_pause_delays_timers(struct self *s)
{
	run(s, pause_it);
}

/* ---- planted errors ---- */

static bool open_small(struct self *s, struct cluster *c, const char *settings)
{
	struct cluster_options options = { .settings = settings, .shards = 1 };

	return cluster_open(c, s->world, &options);
}

static void plant_counter(void *arg)
{
	struct self *s = arg;
	struct cluster c;
	struct sim_table *t;

	if (!open_small(s, &c, cluster_all_kinds))
		return;
	scenario_start(&c, 1);
	scenario_write(&c, 100);
	scenario_settle(&c);
	verdict_wait(&c, MINUTE_MS);
	MUST(s, !world_failed(s->world));
	t = sim_table_named(c.dynamodb, STR("Stats"));
	MUST(s, t->rows != NULL);
	sim_item_set(&t->rows->item, STR("stock"), STR("{\"N\":\"-77\"}"));
	verdict_wait(&c, 5000);
	cluster_close(&c);
}

static void a_wrong_counter_is_found(struct self *s)
{
	run_to_fail(s, plant_counter, "stock of");
}

static void plant_order(void *arg)
{
	struct self *s = arg;
	struct ledger_track *a;
	const struct sim_change *change;
	struct cluster c;

	if (!open_small(s, &c, cluster_two_forwards))
		return;
	a = scenario_track(&c, "a");
	sim_source_put(c.source, 1);
	change = sim_source_put(c.source, 1);
	ledger_arrived(&c.ledger, a, str_c(change->shard->shard->id), &change->sequence, 5);
	cluster_close(&c);
}

static void a_wrong_order_is_found(struct self *s)
{
	run_to_fail(s, plant_order, "change 2 of k1");
}

/* Sets, in a row's text, handler a's position to that of a record that it does not have. */
static void overtake(struct cluster *c, struct buf *text, const void *arg)
{
	const struct sequence *sequence = arg;
	static const char before[] = "\"sequence\":{\"S\":\"";
	struct str row = buf_str(text);
	size_t a = str_find(row, STR("\"a\":{\"M\":")), at;

	if (a == SIZE_MAX || (at = str_find(str_from(row, a), STR("\"sequence\":{\"S\":\""))) == SIZE_MAX) {
		world_fail(c->world, "the row is not as this test knows it: %.*s", STR_ARG(row));
		return;
	}
	memcpy(text->ptr + a + at + strlen(before), sequence->digits, strlen(sequence->digits));
}

static void plant_position(void *arg)
{
	struct self *s = arg;
	struct lease_position p;
	struct cluster c;

	if (!open_small(s, &c, cluster_two_forwards))
		return;
	scenario_start(&c, 1);
	scenario_write(&c, 10);
	scenario_settle(&c);
	cluster_sleep(&c, 10000);
	MUST(s, scenario_saved(&c, c.source->shards[0]->shard->id, "a", &p));
	recorder_named(&c.recorders, "a")->down_until_ms = HOUR_MS;
	sim_source_put(c.source, 1);
	MUST(s, !world_failed(s->world));
	scenario_edit_row(&c, c.source->shards[0]->shard->id, overtake, &c.source->changes[c.source->n_changes - 1]->sequence);
	cluster_close(&c);
}

static void an_overtaking_position_is_found(struct self *s)
{
	run_to_fail(s, plant_position, "passes a record that has not arrived");
}

/* ---- one seed, one history ---- */

static uint64_t digest_of(const struct scenario *scenario, uint64_t seed)
{
	struct world w;
	uint64_t digest;

	scenario_run(scenario, seed, false, &w);
	digest = w.digest;
	world_release(&w);
	return digest;
}

static void one_seed_is_one_history(struct self *s)
{
	struct world w;
	uint64_t first;

	for (size_t i = 0; i < 4; i++) {
		const struct scenario *scenario = scenario_at(i);

		MUST(s, digest_of(scenario, 5) == digest_of(scenario, 5));
		MUST(s, digest_of(scenario, 5) != digest_of(scenario, 6));
	}
	world_run(&w, 3, false, LOG_INFO, random_history, &w);
	first = w.digest;
	world_release(&w);
	world_run(&w, 3, false, LOG_INFO, random_history, &w);
	MUST(s, w.digest == first);
	world_release(&w);
}

/* ---- the list ---- */

static const struct {
	const char *name;
	void (*body)(struct self *s);
} tests[] = {
	{ "a heap that is dropped frees all of its own, and nothing else", a_dropped_heap },
	{ "a request of a process that dies still takes effect", the_dead_reach_the_service },
	{ "a worker killed at any point leaks nothing", killed_at_any_point },
	{ "a leak in a process that ends is found", a_leak_is_found },
	{ "that nothing can ever happen again is found", a_standstill_is_found },
	{ "a pause delays timers, but not the wire", a_pause_delays_timers },
	{ "a counter that is wrong is found by the verdict", a_wrong_counter_is_found },
	{ "records of an item in the wrong order are found by the ledger", a_wrong_order_is_found },
	{ "a position that overtakes its sink is found by the overseer", an_overtaking_position_is_found },
	{ "one seed is one history, to the byte; another is another", one_seed_is_one_history },
};

const char *self_name(size_t i)
{
	return i < sizeof(tests) / sizeof(*tests) ? tests[i].name : NULL;
}

bool self_run(size_t i)
{
	struct self s = { 0 };

	tests[i].body(&s);
	if (s.text)
		printf("FAILED: %s: %s\n", tests[i].name, s.text);
	return !s.text;
}
