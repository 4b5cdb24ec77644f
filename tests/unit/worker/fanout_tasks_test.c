/* A task's row as a lease, over the state table in memory. */
#include "sluice/worker/fanout_tasks.h"

#include "sim/dynamodb.h"
#include "sim/env.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#define TASK                                                                              \
	"\"handler\":{\"S\":\"h\"},\"pipeline\":{\"S\":\"p\"},\"status\":{\"S\":\"open\"}," \
	"\"sent\":{\"N\":\"0\"},\"audience\":{\"L\":[]},\"values\":{\"M\":{}},\"event\":{\"M\":{}}"

enum { FAILOVER_MS = 10000 };

/* A state table and two workers. */
struct house {
	struct loop *loop;
	struct sim_dynamodb *dynamodb;
	struct aws_client *client;
	struct credentials_provider credentials;
	struct state *state;
	struct heartbeat one, two;
	bool lose_answers;
};

static bool credentials_get(struct credentials_provider *p, struct credentials *out, struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(&out->access_key_id, "AKIDEXAMPLE");
	buf_puts(&out->secret_access_key, "secret");
	buf_puts(&out->source, "test");
	return true;
}

static enum sim_fault fault(void *ctx, const char *operation)
{
	const struct house *h = ctx;

	return h->lose_answers && strcmp(operation, "PutItem") == 0 ? SIM_DROP_AFTER : SIM_NO_FAULT;
}

static bool open_house(struct house *h, struct loop *loop)
{
	struct aws_settings aws = { .loop = loop, .region = STR("us-east-1"), .credentials = &h->credentials };
	struct err err = { 0 };

	*h = (struct house){ .loop = loop };
	h->credentials.get = credentials_get;
	h->dynamodb = sim_dynamodb_new(loop, NULL);
	h->dynamodb->fault = fault;
	h->dynamodb->fault_ctx = h;
	aws.transport = &h->dynamodb->transport;
	h->client = aws_client_new(AWS_DYNAMODB, &aws, NULL);
	h->state = state_table_new(h->client, loop, STR("app"), STR("state"));
	heartbeat_init(&h->one, h->state, loop, STR("host:1"), FAILOVER_MS);
	heartbeat_init(&h->two, h->state, loop, STR("host:1"), FAILOVER_MS);
	return state_open(h->state, &err) && heartbeat_renew(&h->one, &err) && heartbeat_renew(&h->two, &err) &&
	       state_put(h->state, STATE_TASK, STR("t1"), 0, STR(TASK), &err);
}

static void close_house(struct house *h)
{
	heartbeat_release(&h->one);
	heartbeat_release(&h->two);
	state_free(h->state);
	aws_client_free(h->client);
	sim_dynamodb_free(h->dynamodb);
}

static void keep(void *ctx, struct str pipeline, struct str handler, const struct fanout_found *task)
{
	(void)pipeline;
	(void)handler;
	*(struct fanout_found *)ctx = *task;
}

static struct fanout_found look(struct house *h, struct heartbeat *by)
{
	struct fanout_found found = { 0 };
	struct err err;

	(void)h;
	fanout_list(by, true, keep, &found, &err);
	return found;
}

static bool take(struct fanout_lease *l, struct heartbeat *by, uint64_t from)
{
	bool taken = false;
	struct err err;

	fanout_lease_init(l, by, STR("t1"));
	return fanout_lease_take(l, from, &taken, &err) && taken;
}

static const struct value member = { VALUE_S, STR_INIT("user-7") };

/* ---- what must hold ---- */

static void one_takes_it(struct loop *loop, void *arg)
{
	struct fanout_lease a, b;
	struct err err = { 0 };
	struct house h;

	(void)arg;
	CHECK(open_house(&h, loop));
	CHECK(look(&h, &h.one).free);
	CHECK(take(&a, &h.one, 0));
	CHECK(!take(&b, &h.two, 0)); /* it has changed hands since the listing */
	CHECK(!look(&h, &h.two).free);
	fanout_lease_advance(&a, member, 7);
	CHECK(fanout_lease_give_up(&a, &err));
	fanout_lease_release(&b);
	CHECK(look(&h, &h.two).free);
	CHECK(take(&b, &h.two, 0));
	CHECK(b.resumed);
	CHECK_EQ(b.sent, 7);
	CHECK_STR(fanout_lease_resume(&b).raw, "user-7");
	fanout_lease_release(&a);
	fanout_lease_release(&b);
	close_house(&h);
}

static void test_a_task_has_one_owner_and_keeps_its_progress(void **state)
{
	(void)state;
	run_simulated(1, one_takes_it, NULL);
}

static void the_owner_dies(struct loop *loop, void *arg)
{
	struct fanout_lease a, b;
	struct fanout_found found;
	struct err err = { 0 };
	struct house h;

	(void)arg;
	CHECK(open_house(&h, loop));
	CHECK(take(&a, &h.one, 0));
	CHECK(!look(&h, &h.two).free);
	CHECK(task_sleep_ms(loop, FAILOVER_MS + 1000, NULL));
	found = look(&h, &h.two);
	CHECK(found.free && found.owner_hash != 0);
	CHECK(take(&b, &h.two, found.owner_hash));
	fanout_lease_advance(&a, member, 1);
	CHECK(!fanout_lease_save(&a, &err) && err_is(&err, "fanout.lost"));
	CHECK(!a.held && b.held);
	CHECK(!fanout_lease_end(&a, FANOUT_DONE, STR(""), &err)); /* a zombie ends nothing */
	CHECK(look(&h, &h.two).free);                             /* ours */
	fanout_lease_release(&a);
	fanout_lease_release(&b);
	close_house(&h);
}

static void test_a_dead_owners_task_is_taken_and_the_zombie_is_refused(void **state)
{
	(void)state;
	run_simulated(1, the_owner_dies, NULL);
}

static void answers_are_lost(struct loop *loop, void *arg)
{
	struct fanout_lease a;
	struct state_row row;
	struct arena arena;
	struct value v;
	struct err err = { 0 };
	struct house h;

	(void)arg;
	CHECK(open_house(&h, loop));
	CHECK(take(&a, &h.one, 0));
	fanout_lease_advance(&a, member, 3);
	h.lose_answers = true;
	fanout_lease_save(&a, &err);
	h.lose_answers = false;
	CHECK(a.held);
	CHECK(fanout_lease_end(&a, FANOUT_DONE, STR(""), &err));
	arena_init(&arena, 1 << 20);
	CHECK(state_get(h.state, STATE_TASK, STR("t1"), &arena, &row, &err));
	CHECK(value_get(row.item, STR("status"), &v) && str_eq(v.raw, STR("done")));
	CHECK(value_get(row.item, STR("sent"), &v) && str_eq(v.raw, STR("3")));
	CHECK(value_get(row.item, STR("ttl"), &v) && value_get(row.item, STR("event"), &v));
	CHECK(!value_get(row.item, STR("audience"), &v) && !value_get(row.item, STR("values"), &v));
	CHECK_EQ(look(&h, &h.one).id[0], 0); /* no open one any more */
	arena_release(&arena);
	fanout_lease_release(&a);
	close_house(&h);
}

static void test_a_lost_answer_neither_loses_the_lease_nor_the_end(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++)
		run_simulated(seed, answers_are_lost, NULL);
}

static void a_failed_task(struct loop *loop, void *arg)
{
	struct fanout_lease a;
	struct state_row row;
	struct arena arena;
	struct value v;
	struct err err = { 0 };
	struct house h;

	(void)arg;
	CHECK(open_house(&h, loop));
	CHECK(take(&a, &h.one, 0));
	CHECK(fanout_lease_end(&a, FANOUT_FAILED, STR("no \"sort key\""), &err));
	arena_init(&arena, 1 << 20);
	CHECK(state_get(h.state, STATE_TASK, STR("t1"), &arena, &row, &err));
	CHECK(value_get(row.item, STR("reason"), &v) && str_eq(v.raw, STR("no \\\"sort key\\\"")));
	CHECK(value_get(row.item, STR("audience"), &v));
	arena_release(&arena);
	fanout_lease_release(&a);
	close_house(&h);
}

static void test_a_failed_task_keeps_all_it_needs_to_be_tried_again(void **state)
{
	(void)state;
	run_simulated(1, a_failed_task, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_task_has_one_owner_and_keeps_its_progress),
		cmocka_unit_test(test_a_dead_owners_task_is_taken_and_the_zombie_is_refused),
		cmocka_unit_test(test_a_lost_answer_neither_loses_the_lease_nor_the_end),
		cmocka_unit_test(test_a_failed_task_keeps_all_it_needs_to_be_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
