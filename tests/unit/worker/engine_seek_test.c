/* Seeks over a whole worker in virtual time: what is read again, in which order,
 * with which versions; and seeks under a running worker. */
#include "support/engine.h"
#include "support/test.h"

#include "sluice/stream/seek.h"

#include <stdio.h>

enum { SEEDS = 5, MINUTE_MS = 60 * 1000, EACH = 10 };

static void run_seeds(test_body *body)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_simulated(seed, body, &seed);
}

/* `sluice seek` from another process: clients and a state of its own. */
static bool seek(struct engine *e, enum seek_whence whence, int64_t pin_ms, bool force)
{
	struct seek_handler handlers[ENGINE_HANDLERS] = { { .name = STR("h0") }, { .name = STR("h1") } };
	struct aws_settings set = e->plan.aws;
	struct aws_client *client;
	struct state *state;
	struct seek s = {
		.loop = e->loop, .instance = STR("desk:7"), .pipeline = STR("p"), .handlers = handlers,
		.n_handlers = e->n_handlers, .whence = whence, .pin_ms = pin_ms, .now_ms = env_wall_ms(e->env),
		.failover_ms = e->plan.failover_ms, .force = force,
	};
	struct err err;
	bool ok;

	set.loop = e->loop;
	set.transport = &e->streams->transport; /* another process: it lives when the engine is dead */
	client = aws_client_new(AWS_DYNAMODB, &set, &err);
	state = state_table_new(client, e->loop, e->plan.app, e->plan.state_table);
	s.state = state;
	ok = seek_run(&s, &err);
	seek_release(&s);
	state_free(state);
	aws_client_free(client);
	return check_class(ok, &err, ERR_NONE, __FILE__, __LINE__);
}

/* A parent that is closed and its two children; each item has a key of its own, and
 * is changed in the parent and in one child. */
struct family {
	struct sim_shard *parent, *left, *right;
};

static void write_family(struct engine *e, struct family *f)
{
	f->parent = sim_shard_add(e->streams, "parent", NULL);
	for (int i = 0; i < EACH; i++)
		engine_put(e, f->parent, i, i);
	sim_shard_close(f->parent);
	f->left = sim_shard_add(e->streams, "left", "parent");
	f->right = sim_shard_add(e->streams, "right", "parent");
	for (int i = 0; i < EACH; i++)
		engine_put(e, i % 2 ? f->left : f->right, i, i);
}

/* From message `from` on, the sink's messages of each item: in the order of the
 * stream, versions rising and above `above`. */
static bool in_order(const struct engine *e, size_t handler, size_t from, uint64_t above)
{
	for (size_t i = from; i < e->n_messages; i++) {
		if (e->messages[i].handler != handler)
			continue;
		if (e->messages[i].v <= above)
			return false;
		for (size_t j = from; j < i; j++) {
			if (e->messages[j].handler != handler || strcmp(e->messages[i].key, e->messages[j].key) != 0)
				continue;
			if (sequence_compare(&e->messages[j].sequence, &e->messages[i].sequence) >= 0 ||
			    e->messages[j].v >= e->messages[i].v)
				return false;
		}
	}
	return true;
}

static uint64_t highest_v(const struct engine *e)
{
	uint64_t high = 0;

	for (size_t i = 0; i < e->n_messages; i++)
		if (e->messages[i].v > high)
			high = e->messages[i].v;
	return high;
}

static void a_seek_to_the_horizon_reads_all_again(struct loop *loop, void *arg)
{
	struct lease_position p;
	struct family f;
	struct engine e;
	uint64_t high;

	(void)arg;
	engine_init(&e, loop, 2);
	write_family(&e, &f);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 2 * EACH, 5 * MINUTE_MS) && engine_wait(&e, 1, 2 * EACH, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 4 * EACH);
	high = highest_v(&e);
	CHECK(seek(&e, SEEK_TRIM_HORIZON, 0, false));
	CHECK(engine_saved(&e, "#parent", "h0", &p) && !p.done && p.sought);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 4 * EACH, 5 * MINUTE_MS) && engine_wait(&e, 1, 4 * EACH, 5 * MINUTE_MS));
	for (int i = 0; i < EACH; i++)
		engine_put(&e, i % 2 ? f.left : f.right, i, i);
	CHECK(engine_wait(&e, 0, 5 * EACH, 5 * MINUTE_MS) && engine_wait(&e, 1, 5 * EACH, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 10 * EACH);
	CHECK(in_order(&e, 0, 4 * EACH, high) && in_order(&e, 1, 4 * EACH, high));
	CHECK(engine_saved(&e, "#left", "h1", &p) && !p.sought && !sequence_is_none(&p.position.sequence));
	CHECK(engine_saved(&e, "#parent", "h1", &p) && p.done && p.losses == 0);
	engine_release(&e);
}

static void test_a_seek_to_the_horizon_reads_all_again_in_order_with_higher_versions(void **state)
{
	(void)state;
	run_seeds(a_seek_to_the_horizon_reads_all_again);
}

static enum sim_fault hang_parent(void *ctx, const char *operation, struct sim_shard *shard)
{
	return *(bool *)ctx && shard && strcmp(shard->id, "parent") == 0 && strcmp(operation, "GetRecords") == 0 ? SIM_THROTTLE :
														   SIM_NO_FAULT;
}

static void children_wait_for_their_parent_again(struct loop *loop, void *arg)
{
	struct family f;
	struct engine e;
	bool hang = false;

	(void)arg;
	engine_init(&e, loop, 1);
	write_family(&e, &f);
	e.streams->fault = hang_parent;
	e.streams->fault_ctx = &hang;
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 2 * EACH, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK(seek(&e, SEEK_TRIM_HORIZON, 0, false));
	hang = true;
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	engine_stop(&e); /* also after a restart */
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	CHECK_EQ(e.n_messages, 2 * EACH);
	hang = false;
	CHECK(engine_wait(&e, 0, 4 * EACH, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 4 * EACH);
	CHECK(in_order(&e, 0, 2 * EACH, 0));
	engine_release(&e);
}

static void test_after_a_seek_children_wait_for_their_parents_again(void **state)
{
	(void)state;
	run_seeds(children_wait_for_their_parent_again);
}

static void a_seek_to_a_time_passes_over_what_is_older(struct loop *loop, void *arg)
{
	int64_t middle_ms;
	struct family f;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	write_family(&e, &f);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	middle_ms = env_wall_ms(e.env);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	for (int i = 0; i < EACH; i++)
		engine_put(&e, f.left, i, i);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 3 * EACH, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK(seek(&e, SEEK_TIME, middle_ms, false));
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 5 * MINUTE_MS, NULL));
	CHECK_EQ(e.n_messages, 4 * EACH);
	sim_shard_close(f.left);
	sim_shard_add(e.streams, "later", "left");
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 4 * EACH);
	engine_release(&e);
}

static void test_a_seek_to_a_time_passes_over_what_is_older(void **state)
{
	(void)state;
	run_seeds(a_seek_to_a_time_passes_over_what_is_older);
}

static bool down(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	(void)handler;
	(void)e;
	return !*(bool *)ctx || err_set(err, ERR_RETRY, "sink.down", "simulated: the sink is down");
}

static void a_seek_to_latest_passes_over_all(struct loop *loop, void *arg)
{
	struct sim_shard *later;
	struct family f;
	struct engine e;
	bool is_down = false;

	(void)arg;
	engine_init(&e, loop, 1);
	e.accept = down;
	e.accept_ctx = &is_down;
	write_family(&e, &f);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 2 * EACH, 5 * MINUTE_MS));
	is_down = true;
	for (int i = 0; i < EACH; i++)
		engine_put(&e, f.left, i, i); /* a backlog, in a shard that ends */
	sim_shard_close(f.left);
	later = sim_shard_add(e.streams, "later", "left");
	engine_put(&e, later, 1, 1);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK(seek(&e, SEEK_LATEST, 0, false));
	is_down = false;
	engine_start(&e);
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	CHECK_EQ(e.n_messages, 2 * EACH);
	for (int i = 0; i < EACH; i++)
		engine_put(&e, f.right, i, i);
	for (int i = 0; i < EACH; i++)
		engine_put(&e, later, i, i);
	CHECK(engine_wait(&e, 0, 4 * EACH, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 4 * EACH);
	engine_release(&e);
}

static void test_a_seek_to_latest_passes_over_the_backlog(void **state)
{
	(void)state;
	run_seeds(a_seek_to_latest_passes_over_all);
}

/* ---- idle children ---- */

/* Made 40 h before the simulation begins: nothing of it can be left in the stream. */
#define OLD_SHARD "shardId-00000001767081600000-00000001"

static void idle_children_are_read_at_once_after_a_restart(struct loop *loop, void *arg)
{
	struct family f;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	f.parent = sim_shard_add(e.streams, OLD_SHARD, NULL);
	engine_put(&e, f.parent, 1, 1);
	sim_shard_close(f.parent);
	f.left = sim_shard_add(e.streams, "left", OLD_SHARD); /* idle: its position has no sequence */
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 1, MINUTE_MS));
	CHECK(task_sleep_ms(loop, MINUTE_MS, NULL));
	engine_stop(&e);
	f.parent->hidden = true; /* trimmed; its row goes */
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 30 * MINUTE_MS, NULL));
	engine_stop(&e);
	engine_start(&e);
	engine_put(&e, f.left, 2, 2);
	CHECK(engine_wait(&e, 0, 2, 5000));
	engine_stop(&e);
	/* A seek asks for the parent again, which nobody has seen for long. */
	CHECK(seek(&e, SEEK_TRIM_HORIZON, 0, false));
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 3, 2 * MINUTE_MS));
	engine_stop(&e);
	/* Once is enough: it has begun. */
	CHECK(seek(&e, SEEK_LATEST, 0, false));
	engine_start(&e);
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	engine_stop(&e);
	engine_start(&e);
	engine_put(&e, f.left, 3, 3);
	CHECK(engine_wait(&e, 0, 4, 5000));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 4);
	engine_release(&e);
}

static void test_an_idle_child_of_a_forgotten_parent_is_read_at_once_after_a_restart(void **state)
{
	(void)state;
	run_seeds(idle_children_are_read_at_once_after_a_restart);
}

struct stopping {
	struct sequence last;   /* of the parent; what comes behind it stops h1 */
	bool on;
};

static bool h1_stops_in_children(void *ctx, size_t handler, const struct effect *e, struct err *err)
{
	const struct stopping *s = ctx;

	if (handler != 1 || !s->on || sequence_compare(&e->batch->records[e->record]->sequence, &s->last) < 0)
		return true;
	return err_set(err, ERR_FATAL, "sink.broken", "simulated: h1 stops at the parent's end");
}

/* h1 stops before it is through with the parent; so nobody may forget that one, and
 * its children go on above its versions when h1 comes back. */
static void versions_are_inherited_late(struct loop *loop, void *arg)
{
	struct stopping stopping = { .on = false };
	struct family f;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 2);
	e.accept = h1_stops_in_children;
	e.accept_ctx = &stopping;
	write_family(&e, &f);
	stopping.last = f.parent->records[f.parent->n_records - 1].sequence;
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 2 * EACH, 5 * MINUTE_MS) && engine_wait(&e, 1, 2 * EACH, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK(seek(&e, SEEK_TRIM_HORIZON, 0, false));
	stopping.on = true;
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 4 * EACH, 5 * MINUTE_MS));
	f.parent->hidden = true;
	CHECK(task_sleep_ms(loop, 60 * MINUTE_MS, NULL));
	engine_stop(&e);
	stopping.on = false;
	engine_start(&e);
	CHECK(engine_wait(&e, 1, 4 * EACH, 5 * MINUTE_MS));
	engine_stop(&e);
	CHECK(in_order(&e, 0, 4 * EACH, 0) && in_order(&e, 1, 4 * EACH, 0));
	engine_release(&e);
}

static void test_a_handler_that_comes_back_late_goes_on_above_the_parents_versions(void **state)
{
	(void)state;
	run_seeds(versions_are_inherited_late);
}

/* ---- under a running worker ---- */

static void a_forced_seek_moves_a_busy_worker(struct loop *loop, void *arg)
{
	struct lease_position p;
	struct family f;
	struct engine e;
	size_t before;
	uint64_t high;

	(void)arg;
	engine_init(&e, loop, 1);
	write_family(&e, &f);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 2 * EACH, 5 * MINUTE_MS));
	for (int i = 0; i < EACH; i++) {
		engine_put(&e, i % 2 ? f.left : f.right, i, i);
		CHECK(task_sleep_ms(loop, 1000, NULL));
	}
	CHECK(engine_wait(&e, 0, 3 * EACH, 5 * MINUTE_MS));
	before = e.n_messages;
	high = highest_v(&e);
	CHECK(seek(&e, SEEK_TRIM_HORIZON, 0, true));
	for (int i = 0; i < EACH; i++)
		engine_put(&e, i % 2 ? f.left : f.right, i, i);
	/* The newest come once by the old positions, and all of them by the new ones. */
	CHECK(engine_wait(&e, 0, before + 4 * EACH, 5 * MINUTE_MS));
	CHECK(task_sleep_ms(loop, 2 * MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK(e.n_messages <= before + 5 * EACH);
	for (size_t i = e.n_messages - 4 * EACH; i < e.n_messages; i++)
		CHECK(e.messages[i].v > high);
	CHECK(in_order(&e, 0, e.n_messages - 4 * EACH, high));
	CHECK(engine_saved(&e, "#parent", "h0", &p) && p.done);
	engine_release(&e);
}

static void test_a_forced_seek_moves_a_worker_that_is_busy(void **state)
{
	(void)state;
	run_seeds(a_forced_seek_moves_a_busy_worker);
}

static void a_forced_seek_moves_an_idle_worker(struct loop *loop, void *arg)
{
	struct family f;
	struct engine e;
	uint64_t high;

	(void)arg;
	engine_init(&e, loop, 2);
	write_family(&e, &f);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 2 * EACH, 5 * MINUTE_MS) && engine_wait(&e, 1, 2 * EACH, 5 * MINUTE_MS));
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL)); /* all is saved: nothing will be written */
	high = highest_v(&e);
	CHECK(seek(&e, SEEK_TRIM_HORIZON, 0, true));
	CHECK(engine_wait(&e, 0, 4 * EACH, MINUTE_MS) && engine_wait(&e, 1, 4 * EACH, MINUTE_MS));
	CHECK(task_sleep_ms(loop, 10 * MINUTE_MS, NULL));
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 8 * EACH);
	CHECK(in_order(&e, 0, 4 * EACH, high) && in_order(&e, 1, 4 * EACH, high));
	engine_release(&e);
}

static void test_a_forced_seek_moves_a_worker_that_has_nothing_to_save(void **state)
{
	(void)state;
	run_seeds(a_forced_seek_moves_an_idle_worker);
}

static void a_killed_worker_is_waited_out(struct loop *loop, void *arg)
{
	struct family f;
	struct engine e;

	(void)arg;
	engine_init(&e, loop, 1);
	write_family(&e, &f);
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 2 * EACH, 5 * MINUTE_MS));
	engine_kill(&e);
	CHECK(seek(&e, SEEK_TRIM_HORIZON, 0, false));
	engine_start(&e);
	CHECK(engine_wait(&e, 0, 4 * EACH, 5000)); /* no lease is left to be waited for */
	engine_stop(&e);
	CHECK_EQ(e.n_messages, 4 * EACH);
	engine_release(&e);
}

static void test_a_seek_behind_a_killed_worker_waits_and_frees_its_leases(void **state)
{
	(void)state;
	run_seeds(a_killed_worker_is_waited_out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_seek_to_the_horizon_reads_all_again_in_order_with_higher_versions),
		cmocka_unit_test(test_after_a_seek_children_wait_for_their_parents_again),
		cmocka_unit_test(test_a_seek_to_a_time_passes_over_what_is_older),
		cmocka_unit_test(test_a_seek_to_latest_passes_over_the_backlog),
		cmocka_unit_test(test_an_idle_child_of_a_forgotten_parent_is_read_at_once_after_a_restart),
		cmocka_unit_test(test_a_handler_that_comes_back_late_goes_on_above_the_parents_versions),
		cmocka_unit_test(test_a_forced_seek_moves_a_worker_that_is_busy),
		cmocka_unit_test(test_a_forced_seek_moves_a_worker_that_has_nothing_to_save),
		cmocka_unit_test(test_a_seek_behind_a_killed_worker_waits_and_frees_its_leases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
