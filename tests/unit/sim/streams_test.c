#include "support/test.h"

#include "sim/env.h"
#include "sim/streams.h"
#include "sluice/aws/skew.h"
#include "sluice/core/scan.h"
#include "support/calls.h"
#include "support/tasks.h"

#include <stdio.h>
#include <zlib.h>

#define GET_RECORDS "DynamoDBStreams_20120810.GetRecords"
#define GET_ITERATOR "DynamoDBStreams_20120810.GetShardIterator"
#define DESCRIBE "DynamoDBStreams_20120810.DescribeStream"

enum { MINUTE_MS = 60 * 1000 };

struct fixture {
	struct loop *loop;
	struct sim_streams *streams;
	struct caller caller;
	char iterator[200];
};

static void begin(struct fixture *f, struct loop *loop)
{
	*f = (struct fixture){ .loop = loop, .streams = sim_streams_new(loop, "Deals", NULL) };
	caller_init(&f->caller, &f->streams->transport);
}

static void end(struct fixture *f)
{
	caller_release(&f->caller);
	sim_streams_free(f->streams);
}

static void put(struct fixture *f, struct sim_shard *shard, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sim_shard_put(f->streams, shard, "INSERT", "{\"id\":{\"S\":\"a\"}}", "{\"id\":{\"S\":\"a\"}}", NULL);
}

static void keep_iterator(struct fixture *f, const char *member)
{
	struct str text = caller_text(&f->caller, member);

	snprintf(f->iterator, sizeof(f->iterator), "%.*s", STR_ARG(text));
}

static int open_shard(struct fixture *f, const char *shard)
{
	int status = caller_call(&f->caller, GET_ITERATOR,
				 "{\"StreamArn\":\"%s\",\"ShardId\":\"%s\",\"ShardIteratorType\":\"TRIM_HORIZON\"}", f->streams->arn, shard);

	keep_iterator(f, "ShardIterator");
	return status;
}

static int get(struct fixture *f, int limit)
{
	int status = caller_call(&f->caller, GET_RECORDS, "{\"ShardIterator\":\"%s\",\"Limit\":%d}", f->iterator, limit);

	if (status == 200)
		keep_iterator(f, "NextShardIterator");
	return status;
}

/* ---- pages ---- */

static void limits(struct loop *loop, void *arg)
{
	struct fixture f;
	struct sim_shard *shard;

	(void)arg;
	begin(&f, loop);
	shard = sim_shard_add(f.streams, "s1", NULL);
	put(&f, shard, 25);
	sim_shard_close(shard);
	CHECK_EQ(open_shard(&f, "s1"), 200);
	for (size_t i = 0; i < 2; i++) {
		CHECK_EQ(get(&f, 10), 200);
		CHECK_EQ(caller_count(&f.caller, "eventID"), 10);
	}
	CHECK_EQ(get(&f, 10), 200);
	CHECK_EQ(caller_count(&f.caller, "eventID"), 5);
	CHECK_STR(caller_text(&f.caller, "NextShardIterator"), "");
	CHECK_EQ(open_shard(&f, "s1"), 200);
	CHECK_EQ(get(&f, 0), 400);
	CHECK(caller_refused(&f.caller, "ValidationException"));
	CHECK_EQ(get(&f, 1001), 400);
	end(&f);
}

static void test_a_page_holds_at_most_as_many_records_as_asked_for(void **state)
{
	(void)state;
	run_simulated(1, limits, NULL);
}

static void large(struct loop *loop, void *arg)
{
	enum { ITEM = 300 << 10 };
	static char image[ITEM + 100];
	struct fixture f;
	struct sim_shard *shard;
	size_t pages = 0, records = 0;

	(void)arg;
	begin(&f, loop);
	shard = sim_shard_add(f.streams, "s1", NULL);
	snprintf(image, sizeof(image), "{\"id\":{\"S\":\"a\"},\"x\":{\"S\":\"%0*d\"}}", ITEM, 7);
	for (size_t i = 0; i < 7; i++)
		sim_shard_put(f.streams, shard, "MODIFY", "{\"id\":{\"S\":\"a\"}}", image, NULL);
	sim_shard_close(shard);
	CHECK_EQ(open_shard(&f, "s1"), 200);
	for (; f.iterator[0]; pages++) {
		CHECK_EQ(get(&f, 1000), 200);
		CHECK(caller_body(&f.caller).len < (1 << 20) + 4096);
		records += caller_count(&f.caller, "eventID");
	}
	CHECK_EQ(records, 7);
	CHECK_EQ(pages, 3);
	f.caller.response.body.max = 1000;
	CHECK_EQ(open_shard(&f, "s1"), 200);
	CHECK_EQ(get(&f, 1000), 0);
	CHECK(err_is(&f.caller.err, "http.too_large"));
	end(&f);
}

static void test_a_page_is_cut_at_one_megabyte_of_items(void **state)
{
	(void)state;
	run_simulated(1, large, NULL);
}

static void lying_pages(struct loop *loop, void *arg)
{
	struct fixture f;
	struct sim_shard *shard;
	size_t empty = 0, records = 0;

	(void)arg;
	begin(&f, loop);
	f.streams->lies.empty_page = 0.5;
	f.streams->lies.short_page = 0.5;
	shard = sim_shard_add(f.streams, "s1", NULL);
	put(&f, shard, 200);
	sim_shard_close(shard);
	CHECK_EQ(open_shard(&f, "s1"), 200);
	while (f.iterator[0]) {
		size_t n;

		CHECK_EQ(get(&f, 20), 200);
		n = caller_count(&f.caller, "eventID");
		empty += n == 0;
		records += n;
	}
	CHECK_EQ(records, 200);
	CHECK(empty > 0);
	end(&f);
}

static void test_empty_pages_lose_no_record(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++)
		run_simulated(seed, lying_pages, NULL);
}

static void positions(struct loop *loop, void *arg)
{
	struct fixture f;
	struct sim_shard *shard;
	struct sequence third;

	(void)arg;
	begin(&f, loop);
	shard = sim_shard_add(f.streams, "s1", NULL);
	put(&f, shard, 5);
	third = shard->records[2].sequence;
	for (int at = 0; at < 2; at++) {
		CHECK_EQ(caller_call(&f.caller, GET_ITERATOR,
				     "{\"StreamArn\":\"%s\",\"ShardId\":\"s1\",\"ShardIteratorType\":\"%s\","
				     "\"SequenceNumber\":\"%s\"}", f.streams->arn,
				     at ? "AT_SEQUENCE_NUMBER" : "AFTER_SEQUENCE_NUMBER", third.digits), 200);
		keep_iterator(&f, "ShardIterator");
		CHECK_EQ(get(&f, 1000), 200);
		CHECK_EQ(caller_count(&f.caller, "eventID"), 2 + at);
	}
	sim_shard_trim(shard, &third);
	CHECK_EQ(caller_call(&f.caller, GET_ITERATOR,
			     "{\"StreamArn\":\"%s\",\"ShardId\":\"s1\",\"ShardIteratorType\":\"AT_SEQUENCE_NUMBER\","
			     "\"SequenceNumber\":\"%s\"}", f.streams->arn, third.digits), 400);
	CHECK(caller_refused(&f.caller, "TrimmedDataAccessException"));
	CHECK_EQ(open_shard(&f, "s1"), 200);
	CHECK_EQ(get(&f, 1000), 200);
	CHECK_EQ(caller_count(&f.caller, "eventID"), 2);
	CHECK_EQ(caller_call(&f.caller, GET_ITERATOR, "{\"StreamArn\":\"%s\",\"ShardId\":\"s1\","
			     "\"ShardIteratorType\":\"AT_TIMESTAMP\"}", f.streams->arn), 400);
	end(&f);
}

static void test_iterators_stand_where_they_were_asked_for(void **state)
{
	(void)state;
	run_simulated(1, positions, NULL);
}

static void expiry(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	begin(&f, loop);
	sim_shard_add(f.streams, "s1", NULL);
	CHECK_EQ(open_shard(&f, "s1"), 200);
	CHECK(task_sleep_ms(loop, 15 * MINUTE_MS, NULL));
	CHECK_EQ(caller_call(&f.caller, GET_RECORDS, "{\"ShardIterator\":\"%s\"}", f.iterator), 200);
	CHECK(task_sleep_ms(loop, 1, NULL));
	CHECK_EQ(caller_call(&f.caller, GET_RECORDS, "{\"ShardIterator\":\"%s\"}", f.iterator), 400);
	CHECK(caller_refused(&f.caller, "ExpiredIteratorException"));
	end(&f);
}

static void test_an_iterator_lives_fifteen_minutes(void **state)
{
	(void)state;
	run_simulated(1, expiry, NULL);
}

/* ---- readers ---- */

static int read_as(struct fixture *f, const char *node)
{
	f->caller.node = node;
	return get(f, 10);
}

static void third_reader(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	begin(&f, loop);
	f.streams->max_readers = 2;
	sim_shard_add(f.streams, "s1", NULL);
	CHECK_EQ(open_shard(&f, "s1"), 200);
	CHECK_EQ(read_as(&f, "w1"), 200);
	CHECK_EQ(read_as(&f, "w2"), 200);
	CHECK_EQ(read_as(&f, "w1"), 200);
	CHECK_EQ(read_as(&f, "w3"), 400);
	CHECK(caller_refused(&f.caller, "LimitExceededException"));
	CHECK_EQ(f.streams->limited, 1);
	CHECK(task_sleep_ms(loop, 600, NULL));
	CHECK_EQ(read_as(&f, "w1"), 200);
	CHECK_EQ(read_as(&f, "w3"), 400);
	CHECK(task_sleep_ms(loop, 600, NULL)); /* w2 has not read for 1.2 s */
	CHECK_EQ(read_as(&f, "w3"), 200);
	CHECK_EQ(read_as(&f, "w2"), 400);
	end(&f);
}

static void test_a_third_reader_of_a_shard_is_refused(void **state)
{
	(void)state;
	run_simulated(1, third_reader, NULL);
}

/* ---- dates ---- */

static void old_signatures(struct loop *loop, void *arg)
{
	struct fixture f;

	(void)arg;
	begin(&f, loop);
	sim_shard_add(f.streams, "s1", NULL);
	f.caller.date = "20250101T000000Z";
	CHECK_EQ(open_shard(&f, "s1"), 200); /* nobody checks */
	f.streams->dates.check_date = true;
	f.caller.date = "20260101T000000Z";
	CHECK(task_sleep_ms(loop, 15 * MINUTE_MS, NULL));
	CHECK_EQ(open_shard(&f, "s1"), 200);
	CHECK(task_sleep_ms(loop, 1, NULL));
	CHECK_EQ(open_shard(&f, "s1"), 400);
	CHECK(caller_refused(&f.caller, "InvalidSignatureException"));
	CHECK_STR(caller_text(&f.caller, "message"),
		  "Signature expired: 20260101T000000Z is now earlier than 20260101T000000Z (20260101T001500Z - 15 min.)");
	f.caller.date = "20260101T002000Z";
	CHECK_EQ(open_shard(&f, "s1"), 200);
	f.caller.date = "20260101T002001Z";
	CHECK_EQ(caller_call(&f.caller, "DynamoDB_20120810.DescribeTable", "{\"TableName\":\"Deals\"}"), 400);
	CHECK_STR(caller_text(&f.caller, "message"),
		  "Signature not yet current: 20260101T002001Z is still later than 20260101T002000Z (20260101T001500Z + 5 min.)");
	f.caller.date = NULL;
	CHECK_EQ(open_shard(&f, "s1"), 400);
	CHECK(caller_refused(&f.caller, "MissingAuthenticationTokenException"));
	end(&f);
}

static void test_old_and_future_signatures_are_refused(void **state)
{
	(void)state;
	run_simulated(1, old_signatures, NULL);
}

static void dated(struct loop *loop, void *arg)
{
	struct fixture f;
	int64_t unix_s;
	uint64_t crc;

	(void)arg;
	begin(&f, loop);
	CHECK(task_sleep_ms(loop, 5 * MINUTE_MS + 999, NULL));
	CHECK_EQ(caller_call(&f.caller, DESCRIBE, "{\"StreamArn\":\"%s\"}", f.streams->arn), 200);
	CHECK(http_date_parse(http_response_header(&f.caller.response, "date"), &unix_s));
	CHECK_EQ(unix_s, SIM_EPOCH_MS / 1000 + 300);
	CHECK(str_to_u64(http_response_header(&f.caller.response, "x-amz-crc32"), &crc));
	CHECK_EQ(crc, crc32_z(0, (const unsigned char *)caller_body(&f.caller).ptr, caller_body(&f.caller).len));
	end(&f);
}

static void test_answers_carry_their_date_and_checksum(void **state)
{
	(void)state;
	run_simulated(1, dated, NULL);
}

/* ---- listings ---- */

static void in_pages(struct loop *loop, void *arg)
{
	struct fixture f;
	char id[32], last[64] = "", order[2][600] = { "", "" };

	(void)arg;
	begin(&f, loop);
	f.streams->list_shards = 7;
	f.streams->lies.shuffle = true;
	for (size_t i = 0; i < 30; i++) {
		snprintf(id, sizeof(id), "shard-%02zu", i);
		sim_shard_add(f.streams, id, NULL);
		snprintf(order[0] + strlen(order[0]), sizeof(order[0]) - strlen(order[0]), "%s ", id);
	}
	for (size_t page = 0; page < 5; page++) {
		struct str description, array, rest;
		size_t at;

		CHECK_EQ(last[0] ? caller_call(&f.caller, DESCRIBE, "{\"StreamArn\":\"%s\",\"ExclusiveStartShardId\":\"%s\"}",
					       f.streams->arn, last)
				 : caller_call(&f.caller, DESCRIBE, "{\"StreamArn\":\"%s\"}", f.streams->arn), 200);
		CHECK_EQ(caller_count(&f.caller, "\"ShardId\""), page < 4 ? 7 : 2);
		CHECK(scan_member(caller_body(&f.caller), STR("StreamDescription"), &description));
		CHECK(scan_member(description, STR("Shards"), &array));
		for (rest = array; (at = str_find(rest, STR("shard-"))) != SIZE_MAX; rest = str_from(rest, at + 8))
			snprintf(order[1] + strlen(order[1]), sizeof(order[1]) - strlen(order[1]), "%.8s ", rest.ptr + at);
		last[0] = '\0';
		if (page < 4) {
			CHECK(scan_member(description, STR("LastEvaluatedShardId"), &array));
			snprintf(last, sizeof(last), "%.*s", (int)array.len - 2, array.ptr + 1);
		}
	}
	CHECK_EQ(strlen(order[1]), strlen(order[0]));
	CHECK(strcmp(order[0], order[1]) != 0);
	for (size_t i = 0; i < 30; i++) {
		snprintf(id, sizeof(id), "shard-%02zu ", i);
		CHECK(strstr(order[1], id) != NULL);
	}
	end(&f);
}

static void test_a_shuffled_listing_is_complete_over_its_pages(void **state)
{
	(void)state;
	run_simulated(1, in_pages, NULL);
}

static void lying_listings(struct loop *loop, void *arg)
{
	struct fixture f;
	struct sim_shard *parent;
	size_t listed[2] = { 0 }, ends = 0;

	(void)arg;
	begin(&f, loop);
	f.streams->lies = (struct sim_lies){ .leave_out = 0.3, .open_parent = 0.3, .late_ms = 20000 };
	parent = sim_shard_add(f.streams, "parent", NULL);
	sim_shard_close(parent);
	sim_shard_add(f.streams, "child", "parent");
	for (size_t i = 0; i < 100; i++) {
		CHECK_EQ(caller_call(&f.caller, DESCRIBE, "{\"StreamArn\":\"%s\"}", f.streams->arn), 200);
		listed[0] += caller_count(&f.caller, "\"ShardId\":\"parent\"");
		listed[1] += caller_count(&f.caller, "\"ShardId\":\"child\"");
		ends += caller_count(&f.caller, "EndingSequenceNumber");
	}
	CHECK(listed[0] > 50 && listed[0] < 90);
	CHECK(ends > 30 && ends < listed[0]);
	CHECK_EQ(listed[1], 0);
	f.streams->lies.leave_out = 0;
	CHECK(task_sleep_ms(loop, 20000, NULL));
	CHECK_EQ(caller_call(&f.caller, DESCRIBE, "{\"StreamArn\":\"%s\"}", f.streams->arn), 200);
	CHECK_EQ(caller_count(&f.caller, "\"ShardId\":\"child\""), 1);
	end(&f);
}

static void test_listings_lie_as_the_real_ones_do(void **state)
{
	(void)state;
	run_simulated(2, lying_listings, NULL);
}

static void ttl(struct loop *loop, void *arg)
{
	const struct sim_append a = { .event = "REMOVE", .keys = "{\"id\":{\"S\":\"a\"}}", .old_image = "{}", .ttl = true };
	struct fixture f;
	struct sim_shard *shard;

	(void)arg;
	begin(&f, loop);
	shard = sim_shard_add(f.streams, "s1", NULL);
	sim_shard_append(f.streams, shard, &a);
	put(&f, shard, 1);
	CHECK_EQ(open_shard(&f, "s1"), 200);
	CHECK_EQ(get(&f, 10), 200);
	CHECK_EQ(caller_count(&f.caller, "\"userIdentity\":{\"Type\":\"Service\",\"PrincipalId\":\"dynamodb.amazonaws.com\"}"), 1);
	end(&f);
}

static void test_a_ttl_delete_says_who_did_it(void **state)
{
	(void)state;
	run_simulated(1, ttl, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_page_holds_at_most_as_many_records_as_asked_for),
		cmocka_unit_test(test_a_page_is_cut_at_one_megabyte_of_items),
		cmocka_unit_test(test_empty_pages_lose_no_record),
		cmocka_unit_test(test_iterators_stand_where_they_were_asked_for),
		cmocka_unit_test(test_an_iterator_lives_fifteen_minutes),
		cmocka_unit_test(test_a_third_reader_of_a_shard_is_refused),
		cmocka_unit_test(test_old_and_future_signatures_are_refused),
		cmocka_unit_test(test_answers_carry_their_date_and_checksum),
		cmocka_unit_test(test_a_shuffled_listing_is_complete_over_its_pages),
		cmocka_unit_test(test_listings_lie_as_the_real_ones_do),
		cmocka_unit_test(test_a_ttl_delete_says_who_did_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
