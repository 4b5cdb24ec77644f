/* discovery_bench: what a coordinator costs that has many shards: a fifth of them
 * closed and finished, the others being read. Prints the CPU time of one round
 * (nothing new: what is paid whenever a shard ends), of the questions that
 * discovery asks itself, and of the whole start, without the readings' own work. */
#include "../../src/stream/coordinator_impl.h"
#include "sim/env.h"
#include "sim/streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 20, START_MS = 10 * 60 * 1000 };

struct bench {
	size_t n;
	struct loop *loop;
	struct event stop;
	int64_t start_ns;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool credentials_get(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(&out->access_key_id, "AKIDEXAMPLE");
	buf_puts(&out->secret_access_key, "secret");
	buf_puts(&out->source, "bench");
	return true;
}

/* A state store that takes everything and keeps nothing. */
static bool get_nothing(struct state *s, const char *kind, struct str id, struct arena *a, struct state_row *out,
			struct err *err)
{
	(void)s;
	(void)kind;
	(void)a;
	(void)err;
	*out = (struct state_row){ .id = id };
	return true;
}

static bool put_nothing(struct state *s, const char *kind, struct str id, uint64_t seen, struct str attributes,
			struct err *err)
{
	(void)s;
	(void)kind;
	(void)id;
	(void)seen;
	(void)attributes;
	(void)err;
	return true;
}

static bool no_rows(struct state *s, const char *kind, bool (*fn)(void *ctx, const struct state_row *row), void *ctx,
		    struct err *err)
{
	(void)s;
	(void)kind;
	(void)fn;
	(void)ctx;
	(void)err;
	return true;
}

static const struct state_ops no_state = { .get = get_nothing, .put = put_nothing, .each = no_rows };

static bool described(void *ctx, const struct table_description *table, struct err *err)
{
	(void)ctx;
	(void)table;
	(void)err;
	return true;
}

/* Parents are done at once, all others are read until the end. */
static void read_shard(void *ctx, struct reading *r)
{
	struct bench *b = ctx;

	if (r->lease->parent_id.len)
		event_wait(&b->stop, -1, NULL, NULL);
	else
		r->lease->positions[0].done = true;
}

static void make_shards(struct bench *b, struct sim_streams *streams)
{
	char parent[40], child[40];

	for (size_t i = 0; i < b->n / 5; i++) {
		sim_shard_close(sim_shard_add(streams, sim_shard_id(streams, 5 * 3600 * 1000, parent), NULL));
		for (int j = 0; j < 4; j++)
			sim_shard_add(streams, sim_shard_id(streams, 3600 * 1000, child), parent);
	}
}

static void coordinator_task(void *arg)
{
	coordinator_run(arg);
}

static void measure(struct coordinator *c, const char *name, void (*what)(struct coordinator *c))
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t begin = now_ns(), took;

		what(c);
		took = now_ns() - begin;
		best = took < best ? took : best;
	}
	printf("%-28s %10.3f ms\n", name, (double)best / 1e6);
}

static void serve_round(struct coordinator *c)
{
	struct err err;

	must(coordinator_serve(c, &err) && coordinator_forget_old(c, &err));
}

static void ask_for_news(struct coordinator *c)
{
	size_t leaves = 0;

	must(!coordinator_misses_parent(c) && !coordinator_has_ended(c));
	for (struct member *m = c->members; m; m = m->hh.next)
		leaves += coordinator_awaits_child(c, m);
	must(leaves == 0);
}

static void find_high_water(struct coordinator *c)
{
	c->high_ms = 0;
	must(coordinator_high_v(c, 0) > 0);
}

static void run(void *arg)
{
	struct bench *b = arg;
	struct sim_streams *streams = sim_streams_new(b->loop, "Deals", NULL);
	struct state state = { .ops = &no_state, .app = STR("app") };
	struct credentials_provider credentials = { .get = credentials_get };
	struct aws_settings aws = {
		.loop = b->loop, .transport = &streams->transport, .credentials = &credentials, .region = STR("us-east-1"),
	};
	struct coordinator_handler handler = { .name = STR("h0") };
	struct coordinator_settings set = {
		.loop = b->loop, .pipeline = STR("p"), .table = STR("Deals"), .handlers = &handler, .n_handlers = 1,
		.described = described, .read = read_shard, .ctx = b,
	};
	struct heartbeat heartbeat;
	struct coordinator *c;
	struct scope scope;
	struct pace pace;
	struct err err;
	int64_t begin;

	make_shards(b, streams);
	event_init(&b->stop, b->loop);
	pace_init(&pace, b->loop, 500, 4);
	set.dynamodb = aws_client_new(AWS_DYNAMODB, &aws, NULL);
	set.streams = aws_client_new(AWS_DYNAMODB_STREAMS, &aws, NULL);
	set.state = &state;
	heartbeat_init(&heartbeat, set.state, b->loop, STR("host:1"), INT64_C(1) << 40);
	set.heartbeat = &heartbeat;
	set.describe = &pace;
	must(heartbeat_renew(&heartbeat, &err));
	c = coordinator_new(&set);
	scope_init(&scope, b->loop);
	begin = now_ns();
	scope_spawn(&scope, "coordinator", coordinator_task, c);
	must(task_sleep_ms(b->loop, START_MS, NULL));
	printf("%zu shards, %zu pages\n%-28s %10.3f ms\n", lineage_count(c->lineage), c->pages_needed, "start (simulator and all)",
	       (double)(now_ns() - begin) / 1e6);
	must(lineage_count(c->lineage) == b->n && c->n_readings == b->n / 5 * 4);
	measure(c, "one round", serve_round);
	measure(c, "are there news to ask for?", ask_for_news);
	measure(c, "high water", find_high_water);
	coordinator_stop(c);
	event_set(&b->stop);
	scope_wait(&scope);
	coordinator_free(c);
	heartbeat_release(&heartbeat);
	aws_client_free(set.streams);
	aws_client_free(set.dynamodb);
	sim_streams_free(streams);
}

int main(int argc, char **argv)
{
	struct bench b = { .n = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 5000 };
	struct env *env = sim_env_new(1);

	b.n -= b.n % 5;
	b.loop = loop_new(env, NULL);
	must(b.loop != NULL);
	loop_run(b.loop, run, &b);
	loop_free(b.loop);
	env_free(env);
	return 0;
}
