#include "support/test.h"

#include "sim/dynamodb.h"
#include "sim/env.h"
#include "sluice/core/mem.h"
#include "support/calls.h"
#include "support/tasks.h"

#include <stdio.h>

#define API "DynamoDB_20120810."

enum { PARTITIONS = 7, ROWS = 3000 };

struct fixture {
	struct loop *loop;
	struct sim_dynamodb *dynamodb;
	struct sim_table *table;
	struct caller caller;
	size_t changes;
};

static void count_change(void *ctx, struct sim_table *t, const struct sim_item *before, const struct sim_item *after)
{
	struct fixture *f = ctx;

	(void)t;
	(void)before;
	(void)after;
	f->changes++;
}

static void begin(struct fixture *f, struct loop *loop)
{
	*f = (struct fixture){ .loop = loop, .dynamodb = sim_dynamodb_new(loop, NULL) };
	f->dynamodb->changed = count_change;
	f->dynamodb->changed_ctx = f;
	f->table = sim_table_add(f->dynamodb, "T", "pk:S,sk:N");
	caller_init(&f->caller, &f->dynamodb->transport);
}

static void end(struct fixture *f)
{
	caller_release(&f->caller);
	sim_dynamodb_free(f->dynamodb);
}

static const char *key(char *out, size_t size, size_t i)
{
	snprintf(out, size, "{\"pk\":{\"S\":\"p%zu\"},\"sk\":{\"N\":\"%zu\"}}", i % PARTITIONS, i);
	return out;
}

/* The list is in order and as long as it says. */
static void check_list(struct sim_table *t, size_t want)
{
	const struct sim_item *before = NULL;
	size_t n = 0;

	for (const struct sim_row *row = t->rows; row; row = row->next, n++) {
		int order = -1;

		if (before && str_eq(sim_item_get(before, STR("pk")).raw, sim_item_get(&row->item, STR("pk")).raw))
			CHECK(value_compare(sim_item_get(before, STR("sk")), sim_item_get(&row->item, STR("sk")), &order));
		CHECK(order < 0);
		before = &row->item;
	}
	CHECK_EQ(n, want);
	CHECK_EQ(t->n_rows, want);
}

/* ---- rows ---- */

static void rows(struct loop *loop, void *arg)
{
	static bool there[ROWS];
	struct fixture f;
	size_t n = 0, changes = 0;
	char text[100];

	(void)arg;
	memset(there, 0, sizeof(there));
	begin(&f, loop);
	for (size_t step = 0; step < 2 * ROWS; step++) {
		size_t i = (size_t)rng_below(&loop_env(loop)->rng, ROWS);
		bool put = rng_below(&loop_env(loop)->rng, 3) > 0;

		CHECK_EQ(sim_table_get(f.table, key(text, sizeof(text), i)) != NULL, there[i]);
		changes += put || there[i];
		if (put)
			sim_table_put(f.dynamodb, f.table, text);
		else
			sim_table_delete(f.dynamodb, f.table, text);
		n = n + (put && !there[i]) - (!put && there[i]);
		there[i] = put;
	}
	check_list(f.table, n);
	CHECK_EQ(f.changes, changes);
	end(&f);
}

static void test_thousands_of_rows_are_found_and_stay_in_order(void **state)
{
	(void)state;
	run_simulated(1, rows, NULL);
}

/* As tests of lost rows do. */
static void by_hand(struct loop *loop, void *arg)
{
	struct sim_row *first;
	struct fixture f;
	char text[100];

	(void)arg;
	begin(&f, loop);
	for (size_t i = 0; i < 20; i++)
		sim_table_put(f.dynamodb, f.table, key(text, sizeof(text), i));
	first = f.table->rows;
	f.table->rows = first->next;
	f.table->n_rows--;
	sim_item_release(&first->item);
	mem_free(first);
	CHECK(sim_table_get(f.table, key(text, sizeof(text), 0)) == NULL);
	CHECK(sim_table_get(f.table, key(text, sizeof(text), 7)) != NULL);
	sim_table_put(f.dynamodb, f.table, key(text, sizeof(text), 0));
	check_list(f.table, 20);
	end(&f);
}

static void test_a_row_taken_out_by_hand_is_gone(void **state)
{
	(void)state;
	run_simulated(1, by_hand, NULL);
}

/* ---- queries ---- */

/* Counts the items of all pages, and checks that their sort keys go one way. */
static size_t read_all(struct fixture *f, const char *operation, const char *rest, bool backward)
{
	char start[400] = "";
	int64_t last = backward ? INT64_MAX : -1, sk;
	bool ordered = true;
	size_t n = 0;

	do {
		struct str items, found;
		size_t at;

		if (caller_call(&f->caller, operation, "{\"TableName\":\"T\",\"Limit\":100%s%s}", rest, start) != 200 ||
		    !scan_member(caller_body(&f->caller), STR("Items"), &items))
			return SIZE_MAX;
		n += caller_count(&f->caller, "\"pk\"");
		for (; (at = str_find(items, STR("\"sk\":{\"N\":\""))) != SIZE_MAX; items = str_from(items, at + 11)) {
			found = str_from(items, at + 11);
			str_to_i64(str_sub(found, 0, str_find_char(found, '"')), &sk);
			ordered = ordered && (backward ? sk < last : sk > last);
			last = sk;
		}
		start[0] = '\0';
		if (scan_member(caller_body(&f->caller), STR("LastEvaluatedKey"), &found)) {
			n--;
			snprintf(start, sizeof(start), ",\"ExclusiveStartKey\":%.*s", STR_ARG(found));
		}
	} while (start[0]);
	return ordered || str_ends(str_c(operation), STR("Scan")) ? n : SIZE_MAX;
}

static void queries(struct loop *loop, void *arg)
{
	static const char *const conditions[] = {
		",\"KeyConditionExpression\":\"pk = :p\",\"ExpressionAttributeValues\":{\":p\":{\"S\":\"p3\"}}",
		",\"KeyConditionExpression\":\"#p = :p\",\"ExpressionAttributeNames\":{\"#p\":\"pk\"},"
		"\"ExpressionAttributeValues\":{\":p\":{\"S\":\"p3\"}}",
		",\"KeyConditionExpression\":\"pk=:p\",\"ExpressionAttributeValues\":{\":p\":{\"S\":\"p3\"}}",
		",\"KeyConditionExpression\":\"sk > :s AND pk = :p\",\"ExpressionAttributeValues\":{\":p\":{\"S\":\"p3\"},"
		"\":s\":{\"N\":\"-1\"}}",
	};
	struct fixture f;
	char text[200];

	(void)arg;
	begin(&f, loop);
	for (size_t i = 0; i < ROWS; i++)
		sim_table_put(f.dynamodb, f.table, key(text, sizeof(text), i));
	for (size_t i = 0; i < COUNT_OF(conditions); i++) {
		CHECK_EQ(read_all(&f, API "Query", conditions[i], false), (ROWS - 3 + PARTITIONS - 1) / PARTITIONS);
		snprintf(text, sizeof(text), "%s,\"ScanIndexForward\":false", conditions[i]);
		CHECK_EQ(read_all(&f, API "Query", text, true), (ROWS - 3 + PARTITIONS - 1) / PARTITIONS);
	}
	CHECK_EQ(read_all(&f, API "Query", ",\"KeyConditionExpression\":\"pk = :p\",\"ExpressionAttributeValues\":"
					   "{\":p\":{\"S\":\"nobody\"}}", false), 0);
	CHECK_EQ(read_all(&f, API "Query", ",\"KeyConditionExpression\":\"pk = :p AND sk > :s\",\"ExpressionAttributeValues\":"
					   "{\":p\":{\"S\":\"p3\"},\":s\":{\"N\":\"2900\"}}", false), 15);
	CHECK_EQ(read_all(&f, API "Scan", "", false), ROWS);
	end(&f);
}

static void test_queries_read_their_partition_both_ways(void **state)
{
	(void)state;
	run_simulated(1, queries, NULL);
}

/* ---- refusals ---- */

static int put(struct fixture *f, size_t i)
{
	char text[100];

	return caller_call(&f->caller, API "PutItem", "{\"TableName\":\"T\",\"Item\":%s}", key(text, sizeof(text), i));
}

static void throttled(struct loop *loop, void *arg)
{
	struct fixture f;
	size_t accepted = 0;

	(void)arg;
	begin(&f, loop);
	f.table->writes_per_s = 10;
	for (size_t i = 0; i < 15; i++)
		accepted += put(&f, i) == 200;
	CHECK_EQ(accepted, 10);
	CHECK(caller_refused(&f.caller, "ProvisionedThroughputExceededException"));
	CHECK_EQ(f.table->n_rows, 10);
	CHECK(task_sleep_ms(loop, 300, NULL));
	for (size_t i = 20; i < 30; i++)
		accepted += put(&f, i) == 200;
	CHECK_EQ(accepted, 13);
	f.table->throttle_code = "ThrottlingException";
	CHECK_EQ(put(&f, 40), 400);
	CHECK(caller_refused(&f.caller, "ThrottlingException"));
	CHECK(task_sleep_ms(loop, 100, NULL));
	CHECK_EQ(caller_call(&f.caller, API "BatchWriteItem",
			     "{\"RequestItems\":{\"T\":[{\"PutRequest\":{\"Item\":{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"}}}},"
			     "{\"PutRequest\":{\"Item\":{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"2\"}}}}]}}"), 200);
	CHECK_EQ(caller_count(&f.caller, "PutRequest"), 1);
	CHECK_EQ(caller_call(&f.caller, API "BatchWriteItem",
			     "{\"RequestItems\":{\"T\":[{\"PutRequest\":{\"Item\":{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"2\"}}}}]}}"), 400);
	CHECK(caller_refused(&f.caller, "ThrottlingException"));
	CHECK_EQ(caller_call(&f.caller, API "TransactWriteItems",
			     "{\"TransactItems\":[{\"Put\":{\"TableName\":\"T\",\"Item\":{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"2\"}}}}]}"), 400);
	CHECK_EQ(caller_count(&f.caller, "\"Code\":\"ThrottlingError\""), 1);
	CHECK_EQ(f.table->n_rows, 14);
	end(&f);
}

static void test_a_table_takes_so_many_writes_a_second(void **state)
{
	(void)state;
	run_simulated(1, throttled, NULL);
}

static void dates(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	begin(&f, loop);
	f.dynamodb->dates = (struct sim_dates){ .check_date = true, .oldest_ms = 60000 };
	f.caller.date = "20260101T000000Z";
	CHECK_EQ(put(&f, 1), 200);
	CHECK(http_response_header(&f.caller.response, "date").len > 0);
	CHECK(task_sleep_ms(loop, 60001, NULL));
	CHECK_EQ(put(&f, 2), 400);
	CHECK(caller_refused(&f.caller, "InvalidSignatureException"));
	CHECK_STR(caller_text(&f.caller, "message"),
		  "Signature expired: 20260101T000000Z is now earlier than 20260101T000000Z (20260101T000100Z - 1 min.)");
	CHECK_EQ(f.table->n_rows, 1);
	end(&f);
}

static void test_an_old_signature_writes_nothing(void **state)
{
	(void)state;
	run_simulated(1, dates, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thousands_of_rows_are_found_and_stay_in_order),
		cmocka_unit_test(test_a_row_taken_out_by_hand_is_gone),
		cmocka_unit_test(test_queries_read_their_partition_both_ways),
		cmocka_unit_test(test_a_table_takes_so_many_writes_a_second),
		cmocka_unit_test(test_an_old_signature_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
