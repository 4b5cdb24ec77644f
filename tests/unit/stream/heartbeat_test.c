/* What heartbeats tell of workers: loads, who lives, who can be forgotten. Leases'
 * side of them is in lease_test.c. */
#include "sim/dynamodb.h"
#include "sim/env.h"
#include "support/tasks.h"
#include "support/test.h"

#include "sluice/stream/heartbeat.h"

enum { FAILOVER_MS = 10000 };

struct world {
	struct sim_dynamodb *far;
	struct credentials_provider credentials;
	struct aws_client *client;
	struct state *state;
	struct heartbeat me, other;
	struct heartbeat_load loads[2];
	size_t n_loads;
};

static bool get_credentials(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	(void)err;
	return buf_puts(&out->access_key_id, "AKIDEXAMPLE") && buf_puts(&out->secret_access_key, "secret");
}

static size_t loads(void *ctx, struct heartbeat_load *out, size_t max)
{
	const struct world *w = ctx;

	for (size_t i = 0; i < w->n_loads && i < max; i++)
		out[i] = w->loads[i];
	return w->n_loads;
}

static bool open_world(struct world *w, struct loop *loop)
{
	struct aws_settings set = { .loop = loop, .credentials = &w->credentials, .region = STR("us-east-1"), .max_attempts = 1 };
	struct err err;

	*w = (struct world){ .credentials.get = get_credentials };
	w->far = sim_dynamodb_new(loop, NULL);
	set.transport = &w->far->transport;
	w->client = aws_client_new(AWS_DYNAMODB, &set, &err);
	w->state = state_table_new(w->client, loop, STR("app"), STR("state"));
	heartbeat_init(&w->me, w->state, loop, STR("host:1"), FAILOVER_MS);
	heartbeat_init(&w->other, w->state, loop, STR("host:2"), FAILOVER_MS);
	w->other.loads = loads;
	w->other.loads_ctx = w;
	return state_open(w->state, &err) && heartbeat_renew(&w->me, &err) && heartbeat_renew(&w->other, &err);
}

static void close_world(struct world *w)
{
	heartbeat_release(&w->me);
	heartbeat_release(&w->other);
	state_free(w->state);
	aws_client_free(w->client);
	sim_dynamodb_free(w->far);
}

/* How many others the latest look showed alive; *last gets one of them. */
static size_t alive(const struct world *w, struct heartbeat_worker *last)
{
	const struct heartbeat_sighting *at = NULL;
	size_t n = 0;

	while (heartbeat_next_alive(&w->me, &at, last))
		n++;
	return n;
}

static void rows_tell_what_a_worker_holds(struct loop *loop, void *arg)
{
	struct heartbeat_worker seen;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop));
	CHECK_OK(heartbeat_observe(&w.me, &err), &err);
	CHECK_EQ(alive(&w, &seen), 1); /* not ourselves */
	CHECK(str_eq(seen.session, w.other.session));
	CHECK_EQ(seen.n_loads, 0);
	CHECK(!heartbeat_beats(&w.me, w.other.session)); /* it may have died before we looked */
	w.loads[0] = (struct heartbeat_load){ STR("deals \"new\""), 12 };
	w.loads[1] = (struct heartbeat_load){ STR("users"), 0 };
	w.n_loads = 2;
	CHECK_OK(heartbeat_renew(&w.other, &err), &err);
	CHECK_OK(heartbeat_observe(&w.me, &err), &err);
	CHECK_EQ(alive(&w, &seen), 1);
	CHECK_EQ(seen.n_loads, 2);
	for (size_t i = 0; i < 2; i++)
		CHECK_EQ(seen.loads[i].leases, str_eq(seen.loads[i].pipeline, STR("users")) ? 0 : 12);
	CHECK(heartbeat_beats(&w.me, w.other.session));
	close_world(&w);
}

static void test_rows_tell_what_each_worker_runs_and_holds(void **state)
{
	(void)state;
	run_simulated(1, rows_tell_what_a_worker_holds, NULL);
}

static void who_took_leave_is_not_alive(struct loop *loop, void *arg)
{
	struct heartbeat_worker seen;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop));
	CHECK_OK(heartbeat_observe(&w.me, &err), &err);
	CHECK_EQ(alive(&w, &seen), 1);
	CHECK_OK(heartbeat_remove(&w.other, &err), &err);
	CHECK(task_sleep_ms(loop, 100, NULL));
	CHECK_OK(heartbeat_observe(&w.me, &err), &err);
	CHECK_EQ(alive(&w, &seen), 0);
	CHECK(!heartbeat_is_dead(&w.me, w.other.session)); /* its leases still wait for the failover time */
	close_world(&w);
}

static void test_who_took_its_leave_is_not_alive_at_the_next_look(void **state)
{
	(void)state;
	run_simulated(1, who_took_leave_is_not_alive, NULL);
}

static bool is_named(void *ctx, struct str session)
{
	(void)session;
	return *(bool *)ctx;
}

static void the_long_dead_are_buried(struct loop *loop, void *arg)
{
	struct heartbeat_worker seen;
	struct sim_table *table;
	bool named = true;
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop));
	table = sim_table_named(w.far, STR("state"));
	CHECK_OK(heartbeat_observe(&w.me, &err), &err);
	CHECK_EQ(table->n_rows, 3); /* two workers and the schema */
	CHECK(task_sleep_ms(loop, 2 * FAILOVER_MS, NULL));
	CHECK_OK(heartbeat_observe(&w.me, &err), &err);
	CHECK_EQ(alive(&w, &seen), 0);
	named = false;
	CHECK_OK(heartbeat_bury(&w.me, is_named, &named, &err), &err);
	CHECK_EQ(table->n_rows, 3); /* not yet */
	CHECK(task_sleep_ms(loop, 9 * FAILOVER_MS, NULL));
	CHECK_OK(heartbeat_observe(&w.me, &err), &err);
	named = true;
	CHECK_OK(heartbeat_bury(&w.me, is_named, &named, &err), &err);
	CHECK_EQ(table->n_rows, 3); /* leases still name it */
	CHECK_OK(heartbeat_renew(&w.other, &err), &err); /* it was only very slow */
	named = false;
	CHECK_OK(heartbeat_bury(&w.me, is_named, &named, &err), &err);
	CHECK_EQ(table->n_rows, 3);
	CHECK_OK(heartbeat_observe(&w.me, &err), &err);
	CHECK_EQ(alive(&w, &seen), 1);
	CHECK(task_sleep_ms(loop, 11 * FAILOVER_MS, NULL));
	CHECK_OK(heartbeat_observe(&w.me, &err), &err);
	CHECK_OK(heartbeat_bury(&w.me, is_named, &named, &err), &err);
	CHECK_EQ(table->n_rows, 2);
	close_world(&w);
}

static void test_rows_of_the_long_dead_go_when_no_lease_names_them(void **state)
{
	(void)state;
	run_simulated(1, the_long_dead_are_buried, NULL);
}

static void a_late_confirmation_confirms_nothing(struct loop *loop, void *arg)
{
	struct world w;
	struct err err;

	(void)arg;
	CHECK(open_world(&w, loop));
	CHECK(!heartbeat_lapsed(&w.me));
	CHECK(task_sleep_ms(loop, FAILOVER_MS * 9 / 10 - 1, NULL));
	CHECK(!heartbeat_lapsed(&w.me));
	CHECK_EQ(heartbeat_left_ms(&w.me), 1);
	CHECK_OK(heartbeat_renew(&w.me, &err), &err);
	CHECK(heartbeat_may_send(&w.me, &err));
	CHECK(task_sleep_ms(loop, FAILOVER_MS, NULL));
	CHECK(heartbeat_lapsed(&w.me));
	CHECK_OK(heartbeat_renew(&w.me, &err), &err);
	CHECK(heartbeat_lapsed(&w.me) && heartbeat_left_ms(&w.me) == 0); /* until it has let go */
	heartbeat_let_go(&w.me);
	CHECK(!heartbeat_lapsed(&w.me) && !heartbeat_may_send(&w.me, &err));
	w.far->latency_ms = 40 * FAILOVER_MS; /* the answer comes when its time is over */
	CHECK_OK(heartbeat_renew(&w.me, &err), &err);
	CHECK(!heartbeat_may_send(&w.me, &err));
	w.far->latency_ms = 0;
	CHECK_OK(heartbeat_renew(&w.me, &err), &err);
	CHECK(heartbeat_may_send(&w.me, &err));
	close_world(&w);
}

static void test_t36_a_lapse_lasts_until_the_worker_has_let_go(void **state)
{
	(void)state;
	run_simulated(1, a_late_confirmation_confirms_nothing, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_tell_what_each_worker_runs_and_holds),
		cmocka_unit_test(test_who_took_its_leave_is_not_alive_at_the_next_look),
		cmocka_unit_test(test_rows_of_the_long_dead_go_when_no_lease_names_them),
		cmocka_unit_test(test_t36_a_lapse_lasts_until_the_worker_has_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
