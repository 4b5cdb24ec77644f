#include "support/handlers.h"
#include "support/test.h"

#include "sluice/core/rng.h"
#include "sluice/handlers/view.h"

#include <stdio.h>
#include <stdlib.h>

#define TARGET "'table': 'ByCat', 'key': {'cat': '${item.cat}', 'id': '${item.id}'}"
#define TITLE TARGET ", 'attributes': ['title']"
#define LIVE ", 'where': {'status': ['live']}"
#define TAGS "'table': 'ByTag', 'key': {'tag': '${element}', 'id': '${item.id}'}, 'explode': 'tags'"
#define KEY(cat) "'cat':{'S':'" cat "'},'id':{'S':'a'}"
#define TAG(tag) "'tag':{'S':'" tag "'},'id':{'S':'a'}"
#define V ",'sluice_v':{'N':'1000'}}"
#define TOMB ",'sluice_deleted':{'BOOL':true},'sluice_expires':{'N':'1760172800'}"

static const struct handler_case cases[] = {
	{ "an insert puts a row", "{" TITLE "}", { .new_image = "{'id': 'a', 'cat': 'c', 'title': 'T', 'x': 1}" },
	  "put ByCat {" KEY("c") ",'title':{'S':'T'}" V "\n" },
	{ "a removal deletes it", "{" TITLE "}", { .old_image = "{'id': 'a', 'cat': 'c', 'title': 'T'}" },
	  "delete ByCat {" KEY("c") "}\n" },
	{ "or leaves a tombstone with its version", "{" TITLE ", 'deletes': 'tombstone'}",
	  { .old_image = "{'id': 'a', 'cat': 'c', 'title': 'T'}" }, "put ByCat {" KEY("c") TOMB V "\n" },
	{ "so does a changed key", "{" TITLE ", 'deletes': 'tombstone'}",
	  { .old_image = "{'id': 'a', 'cat': 'c'}", .new_image = "{'id': 'a', 'cat': 'd'}" },
	  "put ByCat {" KEY("c") TOMB V "\nput ByCat {" KEY("d") V "\n" },
	{ "a projected attribute that is missing is missing in the row", "{" TITLE "}",
	  { .new_image = "{'id': 'a', 'cat': 'c'}" }, "put ByCat {" KEY("c") V "\n" },
	{ "a changed attribute puts the row again", "{" TITLE "}",
	  { .old_image = "{'id': 'a', 'cat': 'c', 'title': 'T'}", .new_image = "{'id': 'a', 'cat': 'c', 'title': 'U'}" },
	  "put ByCat {" KEY("c") ",'title':{'S':'U'}" V "\n" },
	{ "what the row does not hold changes nothing", "{" TITLE "}",
	  { .old_image = "{'id': 'a', 'cat': 'c', 'x': 1}", .new_image = "{'id': 'a', 'cat': 'c', 'x': 2}" }, "" },
	{ "a changed key moves the row", "{" TITLE "}",
	  { .old_image = "{'id': 'a', 'cat': 'c'}", .new_image = "{'id': 'a', 'cat': 'd'}" },
	  "delete ByCat {" KEY("c") "}\nput ByCat {" KEY("d") V "\n" },
	{ "equal numbers are one key", "{'table': 'V', 'key': {'n': '${item.n}', 'id': '${item.id}'}}",
	  { .old_image = "{'id': 'a', 'n': 1}", .new_image = "{'id': 'a', 'n': 1.0}" },
	  "put V {'n':{'N':'1.0'},'id':{'S':'a'}" V "\n" },
	{ "atomic rows of one change are a group", "{" TITLE ", 'atomic': true}",
	  { .old_image = "{'id': 'a', 'cat': 'c'}", .new_image = "{'id': 'a', 'cat': 'd'}" },
	  "[1] delete ByCat {" KEY("c") "}\n[1] put ByCat {" KEY("d") V "\n" },
	{ "one row is no group", "{" TITLE ", 'atomic': true}", { .new_image = "{'id': 'a', 'cat': 'c'}" },
	  "put ByCat {" KEY("c") V "\n" },
	{ "what starts to match appears", "{" TITLE LIVE "}",
	  { .old_image = "{'id': 'a', 'cat': 'c'}", .new_image = "{'id': 'a', 'cat': 'c', 'status': 'live'}" },
	  "put ByCat {" KEY("c") V "\n" },
	{ "what stops to match goes", "{" TITLE LIVE "}",
	  { .old_image = "{'id': 'a', 'cat': 'c', 'status': 'live'}", .new_image = "{'id': 'a', 'cat': 'c'}" },
	  "delete ByCat {" KEY("c") "}\n" },
	{ "what never matched is nothing", "{" TITLE LIVE "}", { .old_image = "{'id': 'a', 'cat': 'c'}" }, "" },
	{ "a new side without a key takes the old row away, and is reported", "{" TITLE "}",
	  { .old_image = "{'id': 'a', 'cat': 'c'}", .new_image = "{'id': 'a'}" },
	  "delete ByCat {" KEY("c") "}\nreport template.missing\n" },
	{ "an old side without one is reported, the new row put", "{" TITLE "}",
	  { .old_image = "{'id': 'a'}", .new_image = "{'id': 'a', 'cat': 'c'}" },
	  "put ByCat {" KEY("c") V "\nreport template.missing\n" },
	{ "an empty key is refused", "{" TITLE "}", { .new_image = "{'id': 'a', 'cat': ''}" }, "report row.key\n" },
	{ "so is a key that is a map", "{" TITLE "}", { .new_image = "{'id': 'a', 'cat': {'x': 1}}" },
	  "report key.malformed\n" },
	{ "computed attributes stand beside copied ones",
	  "{" TITLE ", 'set': {'label': '${item.cat}/${item.n}', 'n': '${item.n}', 'deep': {'k': ['${item.n}', 1]}}}",
	  { .new_image = "{'id': 'a', 'cat': 'c', 'n': 5, 'title': 'T'}" },
	  "put ByCat {" KEY("c") ",'title':{'S':'T'},'label':{'S':'c/5'},'n':{'N':'5'},"
	  "'deep':{'M':{'k':{'L':[{'N':'5'},{'N':'1'}]}}}" V "\n" },
	{ "a computed one that cannot be filled fails the side", "{" TITLE ", 'set': {'n': '${item.n}'}}",
	  { .new_image = "{'id': 'a', 'cat': 'c'}" }, "report template.missing\n" },
	{ "a copied attribute that is part of the key is written once", "{" TARGET ", 'attributes': ['cat', 'm']}",
	  { .new_image = "{'id': 'a', 'cat': 'c', 'm': {'x': [null, true, {'$B': 'aGk='}]}}" },
	  "put ByCat {" KEY("c") ",'m':{'M':{'x':{'L':[{'NULL':true},{'BOOL':true},{'B':'aGk='}]}}}" V "\n" },
	{ "rows in the source table are marked",
	  "{'table': 'Source', 'key': {'id': 'V#${item.id}'}, 'where': {'id': [{'prefix': 'D#'}]}}",
	  { .new_image = "{'id': 'D#1'}" },
	  "put Source {'id':{'S':'V#D#1'},'sluice_handler':{'S':'h'},'sluice_v':{'N':'1000'}}\n" },
	{ "an exploded set is one row an element", "{" TAGS "}", { .new_image = "{'id': 'a', 'tags': {'$SS': ['y', 'x']}}" },
	  "put ByTag {" TAG("x") V "\nput ByTag {" TAG("y") V "\n" },
	{ "only the difference is written", "{" TAGS "}",
	  { .old_image = "{'id': 'a', 'tags': ['x', 'y', 'z']}", .new_image = "{'id': 'a', 'tags': ['z', 'w', 'y']}" },
	  "put ByTag {" TAG("w") V "\ndelete ByTag {" TAG("x") "}\n" },
	{ "equal elements are one row", "{" TAGS "}", { .new_image = "{'id': 'a', 'tags': ['x', 'x', 'x']}" },
	  "put ByTag {" TAG("x") V "\n" },
	{ "of rows with one key the first element's stays",
	  "{'table': 'T', 'key': {'tag': '${element.t}', 'id': '${item.id}'}, 'explode': 'm.list', 'set': {'w': '${element.w}'}}",
	  { .new_image = "{'id': 'a', 'm': {'list': [{'t': 'x', 'w': 1}, {'t': 'x', 'w': 2}]}}" },
	  "put T {" TAG("x") ",'w':{'N':'1'}" V "\n" },
	{ "an item without the list has no rows", "{" TAGS "}",
	  { .old_image = "{'id': 'a', 'tags': ['x']}", .new_image = "{'id': 'a'}" }, "delete ByTag {" TAG("x") "}\n" },
	{ "an empty list has none either", "{" TAGS "}", { .new_image = "{'id': 'a', 'tags': []}" }, "" },
	{ "text is no list", "{" TAGS "}", { .new_image = "{'id': 'a', 'tags': 'x'}" }, "report view.explode\n" },
	{ "one element that cannot be a key fails the side", "{" TAGS "}",
	  { .old_image = "{'id': 'a', 'tags': ['x']}", .new_image = "{'id': 'a', 'tags': ['x', ['y']]}" },
	  "delete ByTag {" TAG("x") "}\nreport key.malformed\n" },
	{ "a record without its images fails as a whole", "{" TITLE "}",
	  { .event = "MODIFY", .new_image = "{'id': 'a', 'cat': 'c'}" }, "failed handler.image\n" },
};

static void test_each_change_moves_the_rows(void **state)
{
	(void)state;
	handler_test_cases("view", cases, COUNT_OF(cases));
}

static void test_mistakes_in_settings_are_named(void **state)
{
	static const struct handler_mistake mistakes[] = {
		{ "{'key': {'id': 'x'}}", "table" },
		{ "{'table': 'T'}", "key" },
		{ "{'table': 'T', 'key': {'a': '1', 'b': '2', 'c': '3'}}", "one or two attributes" },
		{ "{'table': 'T', 'key': {'sluice_v': 'a'}}", "belong to sluice" },
		{ "{" TARGET ", 'attributes': ['sluice_handler']}", "belong to sluice" },
		{ "{" TARGET ", 'attributes': ['']}", "empty" },
		{ "{" TARGET ", 'attributes': ['a', 'a']}", "stands twice" },
		{ "{" TARGET ", 'attributes': ['a'], 'set': {'a': 1}}", "leave one out" },
		{ "{" TARGET ", 'set': {'cat': 1}}", "attribute of the key already" },
		{ "{" TARGET ", 'set': {'sluice_v': 1}}", "belong to sluice" },
		{ "{" TARGET ", 'set': {'a': '${element}'}}", "element" },
		{ "{" TARGET ", 'set': {'a': '${event.time}'}}", "event" },
		{ "{" TARGET ", 'explode': 'tags'}", "needs ${element} in key" },
		{ "{'table': 'T', 'key': {'t': '${element}'}, 'explode': 'a[x'}", "explode" },
		{ "{" TARGET ", 'deletes': 'never'}", "never" },
		{ "{'table': 'Source', 'key': {'id': 'x'}}", "need a where" },
		{ "{" TARGET ", 'atomc': true}", "atomic" },
	};

	(void)state;
	handler_test_mistakes("view", mistakes, COUNT_OF(mistakes));
}

static void test_the_key_holds_every_key_attribute_of_the_source(void **state)
{
	static const struct {
		const char *key, *names[2];
		bool ok;
	} keys[] = {
		{ "{'a': '${item.id}'}", { "id", "" }, true },
		{ "{'a': '${keys.id}'}", { "id", "" }, true },
		{ "{'a': 'X#${ item.id }#Y'}", { "id", "" }, true },
		{ "{'a': '${item.x}', 'b': '${item.sk}#${item.pk}'}", { "pk", "sk" }, true },
		{ "{'a': '${item.\\\"p.k\\\"}'}", { "p.k", "" }, true },
		{ "{'a': '${item.pk}'}", { "pk", "sk" }, false },
		{ "{'a': '${item.id | lower}'}", { "id", "" }, false },
		{ "{'a': '${item.m.id}'}", { "id", "" }, false },
		{ "{'a': '${item.ids}'}", { "id", "" }, false },
		{ "{'a': 'fixed'}", { "id", "" }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const struct str names[] = { str_c(keys[i].names[0]), str_c(keys[i].names[1]) };
		struct handler_test t;
		char settings[256];

		snprintf(settings, sizeof(settings), "{'table': 'T', 'key': %s}", keys[i].key);
		handler_test_must_open(&t, "view", settings);
		if (t.h->ops->bind(t.h, names, &t.problems) != keys[i].ok)
			fail_msg("%s: %s", keys[i].key, handler_test_problems(&t));
		assert_int_equal(t.problems.count == 0, keys[i].ok);
		handler_test_close(&t);
	}
}

static void test_an_atomic_change_has_an_end(void **state)
{
	struct handler_test t;
	struct record_spec record = { 0 };
	char *image;
	int len;

	(void)state;
	handler_test_must_open(&t, "view", "{" TAGS ", 'atomic': true}");
	image = arena_alloc(&t.arena, 4096);
	len = snprintf(image, 4096, "{'id': 'a', 'tags': [1");
	for (int i = 2; i <= VIEW_ATOMIC_MAX; i++)
		len += snprintf(image + len, (size_t)(4096 - len), ",%d", i);
	snprintf(image + len, (size_t)(4096 - len), "]}");
	record.new_image = image;
	handler_test_apply(&t, &record, 1);
	assert_int_equal(t.batch.count, VIEW_ATOMIC_MAX);
	snprintf(image + len, (size_t)(4096 - len), ",1000]}");
	handler_test_apply(&t, &record, 1);
	assert_string_equal(handler_test_effects(&t), "failed view.atomic\n");
	handler_test_close(&t);
}

static void test_the_definition_is_what_rows_depend_on(void **state)
{
	struct handler_test t;

	(void)state;
	handler_test_must_open(&t, "view", "{" TAGS LIVE ", 'atomic': true, 'attributes': ['z', 'b'], 'set': {'y': 1.5}}");
	assert_string_equal(handler_test_definition(&t),
			    "{'attributes':['b','z'],'explode':'tags','key':{'id':'${item.id}','tag':'${element}'},"
			    "'kind':'view','set':{'y':1.5},'source':'Source','table':'ByTag','where':{'status':['live']}}");
	handler_test_close(&t);
}

/* ---- Rows equal what the final items say ---- */

enum { ITEMS = 5, STEPS = 300, ROWS_MAX = 64 };

struct row {
	struct str key, item;
};

struct table {
	struct row rows[ROWS_MAX];
	size_t count;
};

static size_t find_row(const struct table *t, struct str key)
{
	size_t i = 0;

	while (i < t->count && !str_eq(t->rows[i].key, key))
		i++;
	return i;
}

/* The row without its version. */
static struct str content(struct str item)
{
	size_t at = str_find(item, STR("\"sluice_v\""));

	assert_true(at != SIZE_MAX);
	return str_sub(item, 0, at);
}

static void carry_out(struct table *t, const struct effect_batch *b)
{
	for (size_t n = 0; n < b->count; n++) {
		const struct effect *e = b->effects[n];
		size_t i = find_row(t, e->row.key);

		assert_true(i < ROWS_MAX);
		if (e->kind == EFFECT_PUT_ROW) {
			t->rows[i] = (struct row){ e->row.key, content(e->row.item) };
			t->count += i == t->count;
		} else {
			assert_true(i < t->count);
			t->rows[i] = t->rows[--t->count];
		}
	}
}

static char *random_image(struct arena *a, struct rng *rng, int id)
{
	static const char *const tags[] = { "", "'x'", "'x','y'", "'y','z','y'", "'z',['bad']", "'w','x','y','z'" };
	static const char *const cats[] = { "'cat': 'c', ", "'cat': 'd', ", "'cat': '', ", "" };

	return (char *)arena_putf(a, "{'id': 'i%d', %s'title': 't%d', 'noise': %d, 'status': '%s', 'tags': [%s]}", id,
				  cats[rng_below(rng, COUNT_OF(cats))], (int)rng_below(rng, 3),
				  (int)rng_below(rng, 100), rng_below(rng, 3) ? "live" : "off",
				  tags[rng_below(rng, COUNT_OF(tags))]).ptr;
}

static void run_history(const char *settings, uint64_t seed)
{
	struct table got = { 0 }, expected = { 0 };
	struct record_spec *specs, finals[ITEMS];
	char *items[ITEMS] = { 0 };
	struct handler_test t, fresh;
	size_t n_finals = 0;
	struct rng rng;

	rng_seed(&rng, seed);
	handler_test_must_open(&t, "view", settings);
	handler_test_must_open(&fresh, "view", settings);
	specs = arena_array(&t.arena, STEPS, sizeof(*specs));
	for (int step = 0; step < STEPS; step++) {
		int id = (int)rng_below(&rng, ITEMS);

		specs[step].old_image = items[id];
		items[id] = !items[id] || rng_below(&rng, 5) ? random_image(&t.arena, &rng, id) : NULL;
		specs[step].new_image = items[id];
	}
	handler_test_apply(&t, specs, STEPS);
	carry_out(&got, &t.batch);
	for (int id = 0; id < ITEMS; id++) {
		if (items[id])
			finals[n_finals++] = (struct record_spec){ .new_image = items[id] };
	}
	handler_test_apply(&fresh, finals, n_finals);
	carry_out(&expected, &fresh.batch);
	assert_int_equal(got.count, expected.count);
	for (size_t i = 0; i < got.count; i++) {
		size_t at = find_row(&expected, got.rows[i].key);

		assert_true(at < expected.count);
		assert_true(str_eq(got.rows[i].item, expected.rows[at].item));
	}
	handler_test_close(&t);
	handler_test_close(&fresh);
}

static void test_any_history_ends_in_the_rows_of_the_final_items(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		run_history("{" TITLE LIVE "}", seed);
		run_history("{" TAGS LIVE ", 'attributes': ['title', 'cat']}", seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_change_moves_the_rows),
		cmocka_unit_test(test_mistakes_in_settings_are_named),
		cmocka_unit_test(test_the_key_holds_every_key_attribute_of_the_source),
		cmocka_unit_test(test_an_atomic_change_has_an_end),
		cmocka_unit_test(test_the_definition_is_what_rows_depend_on),
		cmocka_unit_test(test_any_history_ends_in_the_rows_of_the_final_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
