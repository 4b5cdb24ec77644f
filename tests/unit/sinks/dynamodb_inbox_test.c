#include "sim/env.h"
#include "support/dynamodb.h"
#include "support/tasks.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

static const enum sim_fault all_faults[] = { SIM_DROP_BEFORE, SIM_DROP_AFTER, SIM_500,
					     SIM_THROTTLE,    SIM_TRUNCATE,   SIM_NO_FAULT };

static struct effect *notice(struct made_batch *b, uint32_t record, int user, int id, const char *text)
{
	char item[256];

	snprintf(item, sizeof(item), "{\"user\":{\"S\":\"u%d\"},\"id\":{\"N\":\"%d\"},\"text\":{\"S\":\"%s\"}}", user,
		 id, text);
	return made_message(b, record, "Inbox", "", item);
}

static struct str text_of(struct made_dynamodb *m, int user, int id)
{
	char key[96];

	snprintf(key, sizeof(key), "{\"user\":{\"S\":\"u%d\"},\"id\":{\"N\":\"%d\"}}", user, id);
	return made_dynamodb_text(m, "Inbox", key, "text");
}

static void inbox_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Inbox", "user:S,id:N");
	made_batch_init(&b, 1, 1);
	for (int i = 0; i < 110; i++)
		notice(&b, 0, i, 1, "hello");
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 110);
	CHECK_EQ(m.sim->writes, 110);
	CHECK_EQ(m.sim->requests, 1 + 5); /* DescribeTable, 25 a batch */
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_notices_are_written_25_at_a_time(void **state)
{
	(void)state;
	run_simulated(1, inbox_body, NULL);
}

static void unprocessed_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Inbox", "user:S,id:N");
	m.sim->unprocessed = 0.6;
	made_dynamodb_faults(&m, 0.1, all_faults);
	made_batch_init(&b, 1, 1);
	for (int i = 0; i < 200; i++)
		notice(&b, 0, i, 1, "hello");
	CHECK(made_dynamodb_deliver(&m, &b, 1000));
	CHECK_EQ(made_count(&b, EFFECT_DONE), 200);
	for (int i = 0; i < 200; i++)
		CHECK_STR(text_of(&m, i, 1), "hello");
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_unprocessed_items_are_sent_again_until_they_are_in(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		run_simulated(seed, unprocessed_body, NULL);
}

static void throttled_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Inbox", "user:S,id:N");
	m.sim->unprocessed = 1;
	made_batch_init(&b, 1, 1);
	notice(&b, 0, 1, 1, "hello");
	made_dynamodb_send(&m, &b);
	CHECK(b.batch.effects[0]->state == EFFECT_FAILED && b.batch.effects[0]->err->class == ERR_THROTTLE);
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_items_that_stay_unprocessed_are_a_throttle(void **state)
{
	(void)state;
	run_simulated(1, throttled_body, NULL);
}

static void same_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Inbox", "user:S,id:N");
	made_batch_init(&b, 1, 1);
	notice(&b, 0, 1, 1, "first");
	notice(&b, 0, 2, 1, "other");
	notice(&b, 0, 1, 1, "second");
	notice(&b, 0, 1, 1, "third");
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 4);
	CHECK_STR(text_of(&m, 1, 1), "third");
	CHECK_STR(text_of(&m, 2, 1), "other");
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_notices_of_one_key_keep_their_order(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		run_simulated(seed, same_body, NULL);
}

static void resumed_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_put(m.sim, sim_table_add(m.sim, "Inbox", "user:S,id:N"),
		      "{\"user\":{\"S\":\"u1\"},\"id\":{\"N\":\"1\"},\"text\":{\"S\":\"read\"}}");
	made_batch_init(&b, 1, 1);
	notice(&b, 0, 1, 1, "again")->message.conditional = true;
	notice(&b, 0, 2, 1, "new")->message.conditional = true;
	made_dynamodb_send(&m, &b);
	CHECK_EQ(made_count(&b, EFFECT_DONE), 2);
	CHECK_STR(text_of(&m, 1, 1), "read");
	CHECK_STR(text_of(&m, 2, 1), "new");
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_after_a_resume_what_was_read_stays_read(void **state)
{
	(void)state;
	run_simulated(1, resumed_body, NULL);
}

static void blamed_body(struct loop *loop, void *arg)
{
	struct made_dynamodb m;
	struct made_batch b;

	(void)arg;
	CHECK(made_dynamodb_init(&m, loop));
	sim_table_add(m.sim, "Inbox", "user:S,id:N");
	made_batch_init(&b, 1, 1);
	notice(&b, 0, 1, 1, "one");
	made_message(&b, 0, "Inbox", "", "{\"user\":{\"S\":\"\"},\"id\":{\"N\":\"1\"}}"); /* the service refuses it */
	notice(&b, 0, 2, 1, "two");
	made_message(&b, 0, "Inbox", "", "{\"user\":{\"S\":\"u3\"}}"); /* no id */
	made_dynamodb_send(&m, &b);
	CHECK_EQ(b.batch.effects[0]->state, EFFECT_DONE);
	CHECK(b.batch.effects[1]->state == EFFECT_FAILED && b.batch.effects[1]->err->class == ERR_DATA);
	CHECK_EQ(b.batch.effects[2]->state, EFFECT_DONE);
	CHECK(b.batch.effects[3]->state == EFFECT_FAILED && b.batch.effects[3]->err->class == ERR_DATA);
	CHECK(strstr(b.batch.effects[3]->err->text, "lacks its key attribute id"));
	made_batch_release(&b);
	made_dynamodb_release(&m);
}

static void test_one_refused_notice_does_not_take_its_batch_along(void **state)
{
	(void)state;
	run_simulated(1, blamed_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notices_are_written_25_at_a_time),
		cmocka_unit_test(test_unprocessed_items_are_sent_again_until_they_are_in),
		cmocka_unit_test(test_items_that_stay_unprocessed_are_a_throttle),
		cmocka_unit_test(test_notices_of_one_key_keep_their_order),
		cmocka_unit_test(test_after_a_resume_what_was_read_stays_read),
		cmocka_unit_test(test_one_refused_notice_does_not_take_its_batch_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
