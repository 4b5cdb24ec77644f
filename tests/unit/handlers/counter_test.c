#include "support/handlers.h"
#include "support/test.h"

#include "sluice/core/rng.h"
#include "sluice/handlers/counter.h"

#include <stdio.h>
#include <stdlib.h>

#define TARGET "'table': 'Stats', 'key': {'brand': '${item.brand}'}"
#define COUNT TARGET ", 'add': [{'attribute': 'n'}]"
#define SUM TARGET ", 'add': [{'attribute': 'n', 'by': '1'}, {'attribute': 'total', 'by': '${item.price}'}]"
#define LIVE ", 'where': {'status': ['live']}"
#define B1 "{'brand':{'S':'b1'}}"
#define B2 "{'brand':{'S':'b2'}}"

static const struct handler_case cases[] = {
	{ "an insert adds", "{" SUM "}", { .new_image = "{'id': 'a', 'brand': 'b1', 'price': 9.90}" },
	  "add Stats " B1 " n:1 total:9.9\n" },
	{ "a removal takes away", "{" SUM "}", { .old_image = "{'id': 'a', 'brand': 'b1', 'price': 9.90}" },
	  "add Stats " B1 " n:-1 total:-9.9\n" },
	{ "a modification in the group is one net delta", "{" SUM "}",
	  { .old_image = "{'id': 'a', 'brand': 'b1', 'price': 10}", .new_image = "{'id': 'a', 'brand': 'b1', 'price': 7.5}" },
	  "add Stats " B1 " total:-2.5\n" },
	{ "what adds up to nothing is no effect", "{" SUM "}",
	  { .old_image = "{'id': 'a', 'brand': 'b1', 'price': 10, 'x': 1}",
	    .new_image = "{'id': 'a', 'brand': 'b1', 'price': 10.0, 'x': 2}" }, "" },
	{ "an amount of zero is no effect", "{" TARGET ", 'add': [{'attribute': 'total', 'by': '${item.price}'}]}",
	  { .new_image = "{'id': 'a', 'brand': 'b1', 'price': 0}" }, "" },
	{ "a change of group is two effects", "{" SUM "}",
	  { .old_image = "{'id': 'a', 'brand': 'b1', 'price': 10}", .new_image = "{'id': 'a', 'brand': 'b2', 'price': 7}" },
	  "add Stats " B1 " n:-1 total:-10\nadd Stats " B2 " n:1 total:7\n" },
	{ "keys that are equal numbers are one row", "{'table': 'Stats', 'key': {'b': '${item.b}'}, 'add': [{'attribute': 'n'}]}",
	  { .old_image = "{'id': 'a', 'b': 1}", .new_image = "{'id': 'a', 'b': 1.0}" }, "" },
	{ "what starts to match is added", "{" COUNT LIVE "}",
	  { .old_image = "{'id': 'a', 'brand': 'b1', 'status': 'draft'}",
	    .new_image = "{'id': 'a', 'brand': 'b1', 'status': 'live'}" }, "add Stats " B1 " n:1\n" },
	{ "what stops to match is taken away", "{" COUNT LIVE "}",
	  { .old_image = "{'id': 'a', 'brand': 'b1', 'status': 'live'}",
	    .new_image = "{'id': 'a', 'brand': 'b1', 'status': 'sold'}" }, "add Stats " B1 " n:-1\n" },
	{ "what never matched is nothing", "{" COUNT LIVE "}",
	  { .old_image = "{'id': 'a', 'brand': 'b1', 'status': 'draft'}", .new_image = "{'id': 'a', 'brand': 'b1'}" }, "" },
	{ "a missing key on the new side takes the old away, and is reported", "{" COUNT "}",
	  { .old_image = "{'id': 'a', 'brand': 'b1'}", .new_image = "{'id': 'a'}" },
	  "add Stats " B1 " n:-1\nreport template.missing\n" },
	{ "a missing amount on the old side adds the new, and is reported", "{" SUM "}",
	  { .old_image = "{'id': 'a', 'brand': 'b1'}", .new_image = "{'id': 'a', 'brand': 'b1', 'price': 3}" },
	  "add Stats " B1 " n:1 total:3\nreport template.missing\n" },
	{ "both sides may fail", "{" COUNT "}", { .old_image = "{'id': 'a'}", .new_image = "{'id': 'a'}" },
	  "report template.missing\nreport template.missing\n" },
	{ "numeric text is an amount", "{" SUM "}", { .new_image = "{'id': 'a', 'brand': 'b1', 'price': '1E2'}" },
	  "add Stats " B1 " n:1 total:100\n" },
	{ "other text is not", "{" SUM "}", { .new_image = "{'id': 'a', 'brand': 'b1', 'price': 'cheap'}" },
	  "report number.malformed\n" },
	{ "neither is a list", "{" SUM "}", { .new_image = "{'id': 'a', 'brand': 'b1', 'price': [1]}" },
	  "report template.type\n" },
	{ "nor a truth value", "{" SUM "}", { .new_image = "{'id': 'a', 'brand': 'b1', 'price': true}" },
	  "report number.malformed\n" },
	{ "amounts keep 38 digits", "{" SUM "}",
	  { .new_image = "{'id': 'a', 'brand': 'b1', 'price': 12345678901234567890123456789012345678}" },
	  "add Stats " B1 " n:1 total:12345678901234567890123456789012345678\n" },
	{ "an amount of more is refused", "{" SUM "}",
	  { .new_image = "{'id': 'a', 'brand': 'b1', 'price': '123456789012345678901234567890123456789'}" },
	  "report counter.range\n" },
	{ "a difference of more is the record's fault", "{" SUM "}",
	  { .old_image = "{'id': 'a', 'brand': 'b1', 'price': 1}", .new_image = "{'id': 'a', 'brand': 'b1', 'price': 1E+100}" },
	  "failed counter.range\n" },
	{ "a default stands in for what is missing",
	  "{" TARGET ", 'add': [{'attribute': 'n', 'by': '${item.weight | default(2)}'}]}",
	  { .new_image = "{'id': 'a', 'brand': 'b1'}" }, "add Stats " B1 " n:2\n" },
	{ "numbers in settings need no quotes", "{" TARGET ", 'add': [{'attribute': 'n', 'by': 2.50}]}",
	  { .new_image = "{'id': 'a', 'brand': 'b1'}" }, "add Stats " B1 " n:2.5\n" },
	{ "op = count adds one", "{" TARGET ", 'add': [{'attribute': 'n', 'op': 'count'}]}",
	  { .new_image = "{'id': 'a', 'brand': 'b1'}" }, "add Stats " B1 " n:1\n" },
	{ "the attribute follows the item, side by side", "{" TARGET ", 'add': [{'attribute': 'n_${item.kind}'}]}",
	  { .old_image = "{'id': 'a', 'brand': 'b1', 'kind': 'like'}", .new_image = "{'id': 'a', 'brand': 'b1', 'kind': 'wow'}" },
	  "add Stats " B1 " n_wow:1 n_like:-1\n" },
	{ "sums of one name are one", "{" TARGET ", 'add': [{'attribute': 'n_${item.kind}'}, {'attribute': 'n_a', 'by': 4}]}",
	  { .new_image = "{'id': 'a', 'brand': 'b1', 'kind': 'a'}" }, "add Stats " B1 " n_a:5\n" },
	{ "no item may write sluice's own attributes", "{" TARGET ", 'add': [{'attribute': '${item.kind}'}]}",
	  { .new_image = "{'id': 'a', 'brand': 'b1', 'kind': 'sluice_f_0'}" }, "report counter.attribute\n" },
	{ "nor a key attribute", "{" TARGET ", 'add': [{'attribute': '${item.kind}'}]}",
	  { .new_image = "{'id': 'a', 'brand': 'b1', 'kind': 'brand'}" }, "report counter.attribute\n" },
	{ "an empty key is refused", "{" COUNT "}", { .new_image = "{'id': 'a', 'brand': ''}" }, "report row.key\n" },
	{ "so is a key of a type that keys cannot have", "{" COUNT "}", { .new_image = "{'id': 'a', 'brand': true}" },
	  "report key.malformed\n" },
	{ "set goes with the sums", "{" COUNT ", 'set': {'gsi': 'STATS', 'name': '${item.brand}'}}",
	  { .old_image = "{'id': 'a', 'brand': 'b1'}" },
	  "add Stats " B1 " n:-1 set={'gsi':{'S':'STATS'},'name':{'S':'b1'}}\n" },
	{ "rows in the source table are marked",
	  "{'table': 'Source', 'key': {'id': 'STATS#${item.brand}'}, 'where': {'id': [{'prefix': 'D#'}]},"
	  " 'set': {'a': 1}, 'add': [{'attribute': 'n'}]}",
	  { .new_image = "{'id': 'D#1', 'brand': 'b1'}" },
	  "add Source {'id':{'S':'STATS#b1'}} n:1 set={'a':{'N':'1'},'sluice_handler':{'S':'h'}}\n" },
	{ "the mark needs no set",
	  "{'table': 'Source', 'key': {'id': 'STATS'}, 'where': {'id': [{'prefix': 'D#'}]}, 'add': [{'attribute': 'n'}]}",
	  { .new_image = "{'id': 'D#1'}" }, "add Source {'id':{'S':'STATS'}} n:1 set={'sluice_handler':{'S':'h'}}\n" },
	{ "a record without its images fails as a whole", "{" COUNT "}", { .event = "MODIFY", .keys = "{'id': 'a'}" },
	  "failed handler.image\n" },
	{ "an insert's old image does not count", "{" COUNT "}",
	  { .event = "INSERT", .old_image = "{'id': 'a', 'brand': 'b2'}", .new_image = "{'id': 'a', 'brand': 'b1'}" },
	  "add Stats " B1 " n:1\n" },
};

static void test_each_change_takes_the_old_away_and_adds_the_new(void **state)
{
	(void)state;
	handler_test_cases("counter", cases, COUNT_OF(cases));
}

static void test_mistakes_in_settings_are_named(void **state)
{
	static const struct handler_mistake mistakes[] = {
		{ "{}", "table" },
		{ "{" TARGET "}", "add" },
		{ "{" TARGET ", 'add': []}", "add" },
		{ "{'table': 'T', 'key': {}, 'add': [{'attribute': 'n'}]}", "one or two attributes" },
		{ "{'table': 'T', 'key': {'a': '1', 'b': '2', 'c': '3'}, 'add': [{'attribute': 'n'}]}", "one or two" },
		{ "{'table': 'T', 'key': ['a'], 'add': [{'attribute': 'n'}]}", "group of named values" },
		{ "{'table': 'T', 'key': {'sluice_x': 'a'}, 'add': [{'attribute': 'n'}]}", "belong to sluice" },
		{ "{'table': 'T', 'key': {'a': '${new.x}'}, 'add': [{'attribute': 'n'}]}", "new" },
		{ "{" TARGET ", 'add': [{'attribute': 'sluice_n'}]}", "belong to sluice" },
		{ "{" TARGET ", 'add': [{'attribute': 'brand'}]}", "stands in key or set" },
		{ "{" TARGET ", 'set': {'n': 1}, 'add': [{'attribute': 'n'}]}", "stands in key or set" },
		{ "{" TARGET ", 'set': {'brand': 1}, 'add': [{'attribute': 'n'}]}", "attribute of the key already" },
		{ "{" TARGET ", 'set': {'sluice_v': 1}, 'add': [{'attribute': 'n'}]}", "belong to sluice" },
		{ "{" TARGET ", 'add': [{'attribute': 'n', 'by': 'one'}]}", "must be a number" },
		{ "{" TARGET ", 'add': [{'attribute': 'n', 'by': '0'}]}", "never change anything" },
		{ "{" TARGET ", 'add': [{'attribute': 'n', 'by': [1]}]}", "a number or a template" },
		{ "{" TARGET ", 'add': [{'attribute': 'n', 'op': 'max'}]}", "op = max is not available" },
		{ "{" TARGET ", 'add': [{'attribute': 'n', 'op': 'distinct'}]}", "op = distinct is not available" },
		{ "{" TARGET ", 'add': [{'attribute': 'n', 'op': 'count', 'by': 2}]}", "use op = sum" },
		{ "{" TARGET ", 'add': [{'attribute': 'n', 'op': 'count', 'by': '${item.n}'}]}", "use op = sum" },
		{ "{" COUNT ", 'shards': 4}", "needs ${shard} in key" },
		{ "{" COUNT ", 'shards': 0}", "shards" },
		{ "{" COUNT ", 'zero': 'delete'}", "not available in this version" },
		{ "{'table': 'Source', 'key': {'id': 'x'}, 'add': [{'attribute': 'n'}]}", "need a where" },
		{ "{" COUNT ", 'where': {'status': 'live'}}", "where" },
		{ "{" COUNT ", 'wher': {'status': ['live']}}", "where" },
	};

	(void)state;
	handler_test_mistakes("counter", mistakes, COUNT_OF(mistakes));
}

static struct str fence_of(struct handler_test *t, const char *shard)
{
	const struct record_spec record = { .new_image = "{'id': 'a', 'brand': 'b1'}" };

	handler_test_apply_from(t, shard, &record, 1);
	assert_int_equal(t->batch.count, 1);
	return arena_dup(&t->arena, t->batch.effects[0]->add.fence);
}

/* The value is fixed for ever: rows in tables hold it. */
static void test_the_fence_belongs_to_handler_and_source_shard(void **state)
{
	const struct handler_site other = { .app = STR("deals"), .pipeline = STR("order"), .name = STR("sh") };
	char fence[COUNTER_FENCE_LEN + 1];
	struct handler_test t;
	struct str first;

	(void)state;
	handler_test_must_open(&t, "counter", "{" COUNT "}");
	first = fence_of(&t, "shardId-1");
	assert_str_equal(first, "sluice_f_346d163459a37371");
	assert_false(str_eq(first, fence_of(&t, "shardId-2")));
	assert_true(str_eq(first, fence_of(&t, "shardId-1")));
	counter_fence(&other, STR("shardId-1"), fence);
	assert_false(str_eq(first, str_c(fence)));
	handler_test_close(&t);
}

static void test_a_source_shard_has_one_row_of_a_spread_counter(void **state)
{
	const struct record_spec record = { .new_image = "{'id': 'a'}" };
	struct handler_test t;
	bool seen[4] = { 0 };

	(void)state;
	handler_test_must_open(&t, "counter", "{'table': 'T', 'key': {'id': 'all#${shard}'}, 'shards': 4,"
					      " 'add': [{'attribute': 'n'}]}");
	for (int i = 0; i < 64; i++) {
		char shard[32], expected[32];
		int64_t row;

		snprintf(shard, sizeof(shard), "shardId-%d", i);
		row = counter_shard(str_c(shard), 4);
		assert_in_range(row, 0, 3);
		seen[row] = true;
		snprintf(expected, sizeof(expected), "{\"id\":{\"S\":\"all#%d\"}}", (int)row);
		handler_test_apply_from(&t, shard, &record, 1);
		assert_str_equal(t.batch.effects[0]->add.key, expected);
	}
	assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
	assert_int_equal(counter_shard(STR("shardId-1"), 1), 0);
	handler_test_close(&t);
}

static void test_the_definition_is_what_rows_depend_on(void **state)
{
	struct handler_test t, same, other;
	const char *text;

	(void)state;
	handler_test_must_open(&t, "counter", "{" SUM LIVE ", 'set': {'z': 1, 'a': 'x'}}");
	text = handler_test_definition(&t);
	assert_string_equal(text, "{'add':[{'attribute':'n','by':'1'},{'attribute':'total','by':'${item.price}'}],"
				  "'key':{'brand':'${item.brand}'},'kind':'counter','set':{'a':'x','z':1},'shards':1,"
				  "'source':'Source','table':'Stats','where':{'status':['live']}}");
	handler_test_must_open(&same, "counter", "{'window_ms': 5, 'set': {'a': 'x', 'z': 1}" LIVE ", " SUM "}");
	assert_string_equal(handler_test_definition(&same), text);
	handler_test_must_open(&other, "counter", "{" SUM ", 'set': {'a': 'x', 'z': 1}}");
	assert_string_not_equal(handler_test_definition(&other), text);
	handler_test_close(&t);
	handler_test_close(&same);
	handler_test_close(&other);
}

static void test_a_full_batch_takes_nothing_of_the_record(void **state)
{
	const struct record_spec records[] = { { .new_image = "{'id': 'a', 'brand': 'b1'}" },
					       { .old_image = "{'id': 'a'}", .new_image = "{'id': 'a', 'brand': 'b1'}" } };
	struct effect_source source = { .shard_id = STR("s") };
	struct handler_test t;
	struct err err = { 0 };
	size_t limit;

	(void)state;
	handler_test_must_open(&t, "counter", "{" COUNT ", 'set': {'x': '${item.brand}'}}");
	handler_test_apply(&t, records, 2);
	for (limit = 4096; limit < 8192; limit += 64) {
		struct effect_batch b;
		bool fits;

		effect_batch_init(&b, &source, limit);
		b.records = t.records;
		b.n_records = 2;
		for (fits = true; fits && err.class == ERR_NONE;) {
			size_t count = b.count;
			const struct effect_report *last = b.last_report;

			fits = t.h->ops->apply(t.h, &b, count % 2, &err);
			if (!fits) {
				assert_int_equal(b.count, count);
				assert_int_equal(b.pending, count);
				assert_ptr_equal(b.last_report, last);
			}
		}
		assert_string_equal(err.code, "effect.memory");
		assert_int_equal(err.class, ERR_FATAL);
		err_clear(&err);
		effect_batch_release(&b);
	}
	handler_test_close(&t);
}

/* ---- Sums equal what the final items say ---- */

enum { ITEMS = 6, BRANDS = 3, STEPS = 400 };

struct item {
	bool exists, live, priced;
	int brand, price;
};

static char *describe(struct arena *a, int id, const struct item *i)
{
	char price[32] = "";

	if (!i->exists)
		return NULL;
	if (i->priced)
		snprintf(price, sizeof(price), ", 'price': %d", i->price);
	return (char *)arena_putf(a, "{'id': 'i%d', 'brand': 'b%d', 'status': '%s'%s}", id, i->brand,
				  i->live ? "live" : "off", price).ptr;
}

struct sums {
	int64_t n, total;
};

static void add_up(struct sums *sums, const struct effect *e)
{
	int brand = e->add.key.ptr[e->add.key.len - 4] - '0';

	assert_in_range(brand, 0, BRANDS - 1);
	for (size_t i = 0; i < e->add.n_deltas; i++) {
		int64_t by;

		assert_true(str_to_i64(e->add.deltas[i].by, &by));
		assert_true(by != 0);
		*(str_eq(e->add.deltas[i].attribute, STR("n")) ? &sums[brand].n : &sums[brand].total) += by;
	}
}

static void run_history(uint64_t seed)
{
	struct sums sums[BRANDS] = { 0 }, expected[BRANDS] = { 0 };
	struct item items[ITEMS] = { 0 };
	struct record_spec *specs;
	struct handler_test t;
	struct rng rng;

	rng_seed(&rng, seed);
	handler_test_must_open(&t, "counter", "{" SUM LIVE "}");
	specs = arena_array(&t.arena, STEPS, sizeof(*specs));
	for (int step = 0; step < STEPS; step++) {
		int id = (int)rng_below(&rng, ITEMS);
		struct item was = items[id], is = { 0 };

		is.exists = !was.exists || rng_below(&rng, 5) > 0;
		is.live = rng_below(&rng, 3) > 0;
		is.priced = rng_below(&rng, 5) > 0;
		is.brand = (int)rng_below(&rng, BRANDS);
		is.price = (int)rng_below(&rng, 7) - 3;
		specs[step].old_image = describe(&t.arena, id, &was);
		specs[step].new_image = describe(&t.arena, id, &is);
		items[id] = is;
	}
	handler_test_apply(&t, specs, STEPS);
	assert_int_equal(t.n_failed, 0);
	for (size_t i = 0; i < t.batch.count; i++)
		add_up(sums, t.batch.effects[i]);
	for (int id = 0; id < ITEMS; id++) {
		if (!items[id].exists || !items[id].live || !items[id].priced)
			continue;
		expected[items[id].brand].n++;
		expected[items[id].brand].total += items[id].price;
	}
	for (int brand = 0; brand < BRANDS; brand++) {
		assert_int_equal(sums[brand].n, expected[brand].n);
		assert_int_equal(sums[brand].total, expected[brand].total);
	}
	handler_test_close(&t);
}

static void test_any_history_adds_up_to_the_final_items(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		run_history(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_change_takes_the_old_away_and_adds_the_new),
		cmocka_unit_test(test_mistakes_in_settings_are_named),
		cmocka_unit_test(test_the_fence_belongs_to_handler_and_source_shard),
		cmocka_unit_test(test_a_source_shard_has_one_row_of_a_spread_counter),
		cmocka_unit_test(test_the_definition_is_what_rows_depend_on),
		cmocka_unit_test(test_a_full_batch_takes_nothing_of_the_record),
		cmocka_unit_test(test_any_history_adds_up_to_the_final_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
