#include "cost_fixture.h"

/* One table, "t", of a million items of 1,000 bytes, with an index "x" of 300 bytes. */
#define LISTS(patterns) "{`access_pattern_list`:[" patterns "],`table_list`:[{`name`:`t`,`item_size_bytes`:1000," \
	"`item_count`:1000000,`gsi_list`:[{`name`:`x`,`item_size_bytes`:300,`item_count`:500000}]}," \
	"{`name`:`big`,`item_size_bytes`:409600,`item_count`:1,`gsi_list`:[{`name`:`y`,`item_size_bytes`:1025,`item_count`:1}]}]}"
#define P(operation, size, more) "{`pattern`:`p`,`operation`:`" operation "`,`table`:`big`,`rps`:100," \
	"`item_size_bytes`:" size more "}"

enum { MONTH_S = 2635200 };

static void test_dollars_of_each_operation_by_hand(void **state)
{
	static const struct { const char *lists; double units, usd, index_units; } cases[] = {
		/* 0.5 · 100/s · 2,635,200 s = 131.76 million units at $0.125 */
		{ LISTS(P("GetItem", "4096", "")), 0.5, 16.47, 0 },
		{ LISTS(P("GetItem", "4097", ",`strongly_consistent`:true")), 2, 65.88, 0 },
		{ LISTS(P("Query", "1000", ",`item_count`:10")), 1.5, 49.41, 0 },
		{ LISTS(P("Query", "1000", ",`item_count`:10,`gsi`:`y`")), 1.5, 49.41, 0 },
		{ LISTS(P("Scan", "1000", ",`item_count`:10,`strongly_consistent`:true")), 3, 98.82, 0 },
		{ LISTS(P("BatchGetItem", "1000", ",`item_count`:10")), 5, 164.7, 0 },
		{ LISTS(P("TransactGetItems", "5000", ",`item_count`:3")), 12, 395.28, 0 },
		/* 1 · 100/s · 2,635,200 s = 263.52 million units at $0.625 */
		{ LISTS(P("PutItem", "1024", "")), 1, 164.7, 0 },
		{ LISTS(P("PutItem", "1025", ",`gsi_list`:[`y`]")), 2, 329.4, 2 },
		{ LISTS(P("UpdateItem", "1024", ",`gsi_list`:[{`name`:`y`,`gsi_key_changes`:true}]")), 1, 164.7, 4 },
		{ LISTS(P("UpdateItem", "1024", ",`gsi_list`:[`y`],`gsi_key_changes`:true")), 1, 164.7, 4 },
		{ LISTS(P("DeleteItem", "1", ",`gsi_list`:[]")), 1, 164.7, 0 },
		{ LISTS(P("BatchWriteItem", "1025", ",`item_count`:25,`gsi_list`:[`y`]")), 50, 8235, 50 },
		{ LISTS(P("TransactWriteItems", "1025", ",`item_count`:3,`gsi_list`:[`y`]")), 12, 1976.4, 6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct cost_pattern_result *r;
		struct cost_fixture f;

		cost_of_lists(&f, cases[i].lists);
		if (f.findings.errors)
			fail_msg("case %zu: %.*s", i, STR_ARG(f.findings.first->text));
		r = &f.cost.patterns[0];
		assert_near(r->own.units_per_operation, cases[i].units);
		assert_near(r->own.units_per_s, 100 * cases[i].units);
		assert_near(r->own.usd, cases[i].usd);
		assert_int_equal(r->pattern->n_writes, cases[i].index_units > 0);
		if (cases[i].index_units > 0) {
			assert_near(r->indexes[0].units_per_operation, cases[i].index_units);
			assert_near(r->indexes[0].usd, cases[i].index_units * 164.7);
		}
		assert_near(f.cost.totals.reads + f.cost.totals.writes, cases[i].usd);
		assert_near(f.cost.totals.index_writes, cases[i].index_units * 164.7);
		cost_fixture_release(&f);
	}
}

static void test_storage_is_items_with_a_hundred_bytes_more(void **state)
{
	struct cost_fixture f;

	(void)state;
	cost_of_lists(&f, LISTS(""));
	assert_near(f.cost.tables[0].storage.bytes, 1.1e9);
	assert_near(f.cost.tables[0].storage.usd, 1.1e9 / 1073741824 * 0.25);
	assert_near(f.cost.tables[0].indexes[0].bytes, 2e8);
	assert_near(f.cost.tables[1].storage.bytes, 409700);
	assert_near(f.cost.totals.storage, (1.1e9 + 2e8 + 409700 + 1125) / 1073741824 * 0.25);
	assert_near(f.cost.totals.usd, f.cost.totals.storage);
	assert_true(f.cost.totals.requests_usd == 0);
	cost_fixture_release(&f);
}

static void test_provisioned_is_cheaper_above_twenty_nine_percent(void **state)
{
	const struct cost_capacity *c;
	struct cost_fixture f;

	(void)state;
	cost_of_lists(&f, LISTS("{`pattern`:1,`operation`:`PutItem`,`table`:`t`,`rps`:70,`item_size_bytes`:1000,`gsi_list`:[`x`]},"
				"{`pattern`:2,`operation`:`GetItem`,`table`:`t`,`rps`:140,`item_size_bytes`:1000}"));
	c = &f.cost.tables[0].capacity;
	assert_near(c->read_units_per_s, 70);
	assert_near(c->write_units_per_s, 140);
	assert_near(c->on_demand_usd, (70 * 0.125 + 140 * 0.625) * MONTH_S / 1e6);
	/* Table: 100 read and 100 write units at 70 %; index: 100 write units and the one read unit at least. */
	assert_near(c->scaled_usd, (101 * 0.00013 + 200 * 0.00065) * 732);
	assert_near(c->break_even, 0.00013 / 3600 / 0.125e-6);
	assert_true(c->break_even > 0.288 && c->break_even < 0.29);
	assert_false(c->peaks);
	/* The other table has no traffic. */
	assert_true(f.cost.tables[1].capacity.break_even == 0);
	cost_fixture_release(&f);
}

/* --- documents ------------------------------------------------------------- */

#define KEY(name) "`AttributeDefinitions`:[{`AttributeName`:`" name "`,`AttributeType`:`S`}]," \
	"`KeySchema`:[{`AttributeName`:`" name "`,`KeyType`:`HASH`}]"
#define TABLE(name, more) "{`TableName`:`" name "`," KEY("id") ",`BillingMode`:`PAY_PER_REQUEST`" more "}"
#define STREAM ",`StreamSpecification`:{`StreamEnabled`:true,`StreamViewType`:`NEW_AND_OLD_IMAGES`}"
#define PUT(id, table, rps, more) "{`pattern`:`" id "`,`table`:`" table "`,`dynamodb_operation`:`PutItem`,`rps`:" rps \
	",`item_size_bytes`:1000" more "}"
#define COUNTER(name, source, table, more) "{`kind`:`counter`,`name`:`" name "`,`source`:`" source "`,`table`:`" table \
	"`,`key`:{`id`:`${item.id}`},`add`:[{`attribute`:`n`}]" more "}"

static void test_peaks_and_table_class_have_their_prices(void **state)
{
	const struct cost_capacity *c;
	struct cost_fixture f;

	(void)state;
	cost_of_document(&f, "{`tables`:[" TABLE("A", ",`TableClass`:`STANDARD_INFREQUENT_ACCESS`") "],"
			 "`sizing`:{`A`:{`item_size_bytes`:924,`item_count`:1048576}},"
			 "`access_patterns`:[" PUT("1", "A", "{`average`:10,`peak`:40}", "") "]}", 1);
	assert_int_equal(f.findings.errors, 0);
	assert_near(f.cost.patterns[0].own.usd, 10.0 * MONTH_S * 0.78 / 1e6);
	assert_near(f.cost.tables[0].storage.usd, 0.10);
	c = &f.cost.tables[0].capacity;
	assert_true(c->peaks);
	assert_near(c->peak_write_units_per_s, 40);
	assert_near(c->peak_usd, (40 * 0.00081 + 0.00016) * 732);
	assert_near(c->peak_utilisation, 10 * 0.00081 / (40 * 0.00081 + 0.00016));
	cost_fixture_release(&f);
}

static void test_a_stream_is_polled_by_shard_and_pipeline(void **state)
{
	static const char *const text = "{`tables`:[" TABLE("A", STREAM) "," TABLE("B", "") "],"
		"`sizing`:{`A`:{`item_size_bytes`:1000,`item_count`:100},`B`:{`item_size_bytes`:100,`item_count`:5}},"
		"`access_patterns`:[" PUT("1", "A", "2", "") "],"
		"`stream_handlers`:[" COUNTER("c", "A", "B", "") "," COUNTER("d", "A", "B", ",`pipeline`:`other`") "]}";
	struct cost_fixture f;

	(void)state;
	cost_of_document(&f, text, 1);
	assert_int_equal(f.findings.errors, 0);
	assert_int_equal(f.cost.n_streams, 1);
	assert_near(f.cost.streams[0].shards, 4);
	assert_near(f.cost.streams[0].events_per_s, 2);
	assert_near(f.cost.streams[0].bytes_per_s, 2 * 2100);
	/* Quiet shards are polled once a second, by two pipelines. */
	assert_near(f.cost.stream_calls, 8.0 * MONTH_S);
	assert_near(f.cost.stream_calls_billed, 8.0 * MONTH_S - 2.5e6);
	assert_near(f.cost.totals.streams, (8.0 * MONTH_S - 2.5e6) * 0.2 / 1e6);
	/* Each event is a row of one unit, twice. */
	assert_near(f.cost.totals.handlers, 2 * 2.0 * MONTH_S * 0.625 / 1e6);
	assert_near(f.cost.handlers[0].row_writes_per_day, 2 * 86400);
	assert_near(f.cost.tables[1].capacity.write_units_per_s, 4);
	/* Heartbeats and, for 8 shard readings of half an event a second, checkpoints. */
	assert_near(f.cost.state_writes.units_per_s, 0.3 + 8 * 0.2);
	assert_near(f.cost.totals.requests_usd, f.cost.totals.writes + f.cost.totals.handlers + f.cost.totals.streams +
						f.cost.totals.state);
	cost_fixture_release(&f);
}

static void test_shards_grow_with_writes_reads_size_and_warm_throughput(void **state)
{
	static const struct { const char *more, *size, *pattern; double shards; } cases[] = {
		{ "", "1000,`item_count`:1", PUT("1", "A", "4001", ""), 5 },
		{ "", "1000,`item_count`:1", PUT("1", "A", "{`average`:1,`peak`:9000}", ""), 9 },
		{ "", "1000,`item_count`:1", "{`pattern`:1,`table`:`A`,`dynamodb_operation`:`GetItem`,`rps`:30001}", 6 },
		{ "", "924,`item_count`:52428800", PUT("1", "A", "1", ""), 5 },       /* 50 GB */
		{ ",`WarmThroughput`:{`WriteUnitsPerSecond`:6001,`ReadUnitsPerSecond`:12000}", "1000,`item_count`:1",
		  PUT("1", "A", "1", ""), 7 },
		{ ",`WarmThroughput`:{`ReadUnitsPerSecond`:60000}", "1000,`item_count`:1", PUT("1", "A", "1", ""), 20 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cost_fixture f;
		char text[4096];

		snprintf(text, sizeof(text), "{`tables`:[{`TableName`:`A`," KEY("id") ",`BillingMode`:`PAY_PER_REQUEST`" STREAM
			 "%s}],`sizing`:{`A`:{`item_size_bytes`:%s}},`access_patterns`:[%s],`stream_handlers`:["
			 "{`kind`:`forward`,`name`:`f`,`source`:`A`}]}", cases[i].more, cases[i].size, cases[i].pattern);
		cost_of_document(&f, text, 1);
		if (f.cost.streams[0].shards != cases[i].shards)
			fail_msg("case %zu: %g shards, expected %g", i, f.cost.streams[0].shards, cases[i].shards);
		cost_fixture_release(&f);
	}
}

static void test_a_provisioned_table_has_the_shards_it_is_provisioned_for(void **state)
{
	static const struct { const char *mode; double shards; size_t hints; } cases[] = {
		{ "`BillingMode`:`PROVISIONED`,`ProvisionedThroughput`:{`ReadCapacityUnits`:9001,`WriteCapacityUnits`:5}", 4, 1 },
		{ "`ProvisionedThroughput`:{`ReadCapacityUnits`:1,`WriteCapacityUnits`:2000}", 2, 1 },
		{ "`BillingMode`:`PROVISIONED`", 1, 1 },
		{ "`BillingMode`:`PAY_PER_REQUEST`", 4, 0 },
		{ "`TableClass`:`STANDARD`", 4, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cost_fixture f;
		char text[2048];

		snprintf(text, sizeof(text), "{`tables`:[{`TableName`:`A`," KEY("id") ",%s" STREAM "}],`stream_handlers`:["
			 "{`kind`:`forward`,`name`:`f`,`source`:`A`,`events_per_s`:1}]}", cases[i].mode);
		cost_of_document(&f, text, 1);
		if (f.cost.streams[0].shards != cases[i].shards)
			fail_msg("case %zu: %g shards, expected %g", i, f.cost.streams[0].shards, cases[i].shards);
		assert_int_equal(cost_found(&f, "cost-provisioned"), cases[i].hints);
		cost_fixture_release(&f);
	}
}

static void test_busy_shards_are_read_by_pages_and_bytes(void **state)
{
	static const struct { const char *rps, *size; double calls; } cases[] = {
		{ "8", "1000", 8 },                  /* 2 events a shard: 2 polls */
		{ "400", "1000", 16 },               /* at most 4 polls while pages are not full */
		{ "4000", "102400", 4000.0 * (100 + 2 * 102400) / 1048576 },  /* by megabytes */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cost_fixture f;
		char text[4096];

		snprintf(text, sizeof(text), "{`tables`:[" TABLE("A", STREAM) "],`sizing`:{`A`:{`item_size_bytes`:%s,"
			 "`item_count`:1}},`stream_handlers`:[{`kind`:`forward`,`name`:`f`,`source`:`A`,`events_per_s`:%s}]}",
			 cases[i].size, cases[i].rps);
		cost_of_document(&f, text, 1);
		assert_near(f.cost.stream_calls, cases[i].calls * MONTH_S);
		cost_fixture_release(&f);
	}
}

static void test_handlers_in_a_chain_see_what_the_one_before_writes(void **state)
{
	struct cost_fixture f;

	(void)state;
	cost_of_document(&f, "{`tables`:[" TABLE("A", STREAM) "," TABLE("B", STREAM) "," TABLE("C", STREAM) "],"
			 "`access_patterns`:[" PUT("1", "A", "10", "") "],"
			 "`stream_handlers`:[" COUNTER("last", "C", "C", "") "," COUNTER("second", "B", "C", "") ","
			 COUNTER("first", "A", "B", "") "]}", 1);
	for (int i = 0; i < 3; i++)
		assert_near(f.cost.handlers[i].events_per_s, 10);
	/* What "last" writes into its own source it passes over, but the stream shows it. */
	for (size_t i = 0; i < f.cost.n_streams; i++)
		assert_near(f.cost.streams[i].events_per_s, str_eq(f.cost.streams[i].table->name, STR("C")) ? 20 : 10);
	cost_fixture_release(&f);
}

static void test_a_fanout_reads_its_audience_and_fills_inboxes(void **state)
{
	const struct cost_handler_result *r;
	struct cost_fixture f;

	(void)state;
	cost_of_document(&f, "{`tables`:[" TABLE("A", STREAM) "," TABLE("Followers", "") "," TABLE("Inbox", "") "],"
			 "`sizing`:{`A`:{`item_size_bytes`:1000,`item_count`:1},`Followers`:{`item_size_bytes`:100,`item_count`:1},"
			 "`Inbox`:{`item_size_bytes`:1500,`item_count`:1}},"
			 "`stream_sinks`:[{`name`:`in`,`kind`:`dynamodb`}],"
			 "`stream_handlers`:[{`kind`:`fanout`,`name`:`f`,`source`:`A`,`events_per_s`:0.5,`audience_size`:1600,"
			 "`sink`:`in`,`table`:`Inbox`,`audience`:[{`table`:`Followers`,`shards`:16},{`members`:[`x`]}]}]}", 1);
	r = &f.cost.handlers[0];
	assert_near(r->reads.units_per_operation, 16 * 3 * 0.5);   /* 100 members of 100 bytes: ⌈2.44⌉ in each of 16 */
	assert_near(r->audience_reads_per_day, 24 * 0.5 * 86400);
	assert_near(r->writes.units_per_operation, 1600 * 2);
	assert_near(r->row_writes_per_day, 800.0 * 86400);
	assert_near(r->reads.usd, 12.0 * MONTH_S * 0.125 / 1e6);
	assert_near(r->writes.usd, 1600.0 * MONTH_S * 0.625 / 1e6);
	assert_near(f.cost.tables[1].capacity.read_units_per_s, 12);
	assert_near(f.cost.tables[2].capacity.write_units_per_s, 1600);
	/* Three writes of the task's row, of 1,000 bytes and as much of its own. */
	assert_near(f.cost.state_writes.units_per_s, 0.3 + 4 * 0.125 + 3 * 0.5 * 2);
	cost_fixture_release(&f);
}

static void test_a_factor_multiplies_rates_and_nothing_else(void **state)
{
	static const char *const text = "{`tables`:[" TABLE("A", STREAM) "," TABLE("B", "") "],"
		"`sizing`:{`A`:{`item_size_bytes`:1000,`item_count`:1000000}},"
		"`access_patterns`:[" PUT("1", "A", "{`average`:10,`peak`:20}", "") "],"
		"`stream_handlers`:[" COUNTER("c", "A", "B", ",`events_per_s`:5") "]}";
	struct cost_scale scales[COST_SCALES];
	struct cost_fixture one, three;

	(void)state;
	cost_of_document(&one, text, 1);
	cost_of_document(&three, text, 3);
	assert_near(three.cost.totals.writes, 3 * one.cost.totals.writes);
	assert_near(three.cost.totals.handlers, 3 * one.cost.totals.handlers);
	assert_near(three.cost.totals.storage, one.cost.totals.storage);
	assert_near(three.cost.tables[0].capacity.peak_write_units_per_s, 60);
	assert_true(cost_scales(scales, &one.cost, &one.arena, &one.err));
	assert_near(scales[0].totals.usd, one.cost.totals.usd);
	assert_near(scales[1].totals.usd, three.cost.totals.usd);
	assert_near(scales[2].factor, 10);
	assert_near(scales[2].totals.writes, 10 * one.cost.totals.writes);
	/* Of what was asked for: ×3 of ×3. */
	assert_true(cost_scales(scales, &three.cost, &three.arena, &three.err));
	assert_near(scales[1].factor, 9);
	cost_fixture_release(&one);
	cost_fixture_release(&three);
}

static void test_too_little_memory_is_said(void **state)
{
	struct cost_fixture f;
	struct arena small;
	struct cost cost;

	(void)state;
	cost_of_lists(&f, LISTS(P("GetItem", "4096", "")));
	arena_init(&small, 64);
	assert_false(cost_compute(&cost, &f.input, &prices_default, 1, &small, &f.err));
	assert_string_equal(f.err.code, "cost.memory");
	arena_release(&small);
	cost_fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dollars_of_each_operation_by_hand),
		cmocka_unit_test(test_storage_is_items_with_a_hundred_bytes_more),
		cmocka_unit_test(test_provisioned_is_cheaper_above_twenty_nine_percent),
		cmocka_unit_test(test_peaks_and_table_class_have_their_prices),
		cmocka_unit_test(test_a_stream_is_polled_by_shard_and_pipeline),
		cmocka_unit_test(test_shards_grow_with_writes_reads_size_and_warm_throughput),
		cmocka_unit_test(test_a_provisioned_table_has_the_shards_it_is_provisioned_for),
		cmocka_unit_test(test_busy_shards_are_read_by_pages_and_bytes),
		cmocka_unit_test(test_handlers_in_a_chain_see_what_the_one_before_writes),
		cmocka_unit_test(test_a_fanout_reads_its_audience_and_fills_inboxes),
		cmocka_unit_test(test_a_factor_multiplies_rates_and_nothing_else),
		cmocka_unit_test(test_too_little_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
