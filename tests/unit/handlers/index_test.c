#include "support/handlers.h"
#include "support/test.h"

#include "sluice/handlers/index.h"

#include <stdio.h>

#define TARGET "'sink': 'search', 'index': 'deals'"
#define LIVE ", 'where': {'status': ['live']}"
#define ID "{'id':'a'}"

static const struct handler_case cases[] = {
	{ "an insert indexes the whole item", "{" TARGET "}", { .new_image = "{'id': 'a', 'n': 1.50, 's': {'$NS': ['1', '2']}}" },
	  "index deals-000001 " ID " {'id':'a','n':1.50,'s':[1,2]}\n" },
	{ "a list names the document's attributes", "{" TARGET ", 'document': ['title', 'price', 'gone']}",
	  { .new_image = "{'id': 'a', 'price': 5, 'title': 'T', 'x': 1}" },
	  "index deals-000001 " ID " {'title':'T','price':5}\n" },
	{ "of which none may be there", "{" TARGET ", 'document': ['gone']}", { .new_image = "{'id': 'a'}" },
	  "index deals-000001 " ID " {}\n" },
	{ "a tree makes a document", "{" TARGET ", 'document': {'t': '${item.title}', 'deep': {'k': ['${keys.id}', 1]}}}",
	  { .new_image = "{'id': 'a', 'title': 'T'}" }, "index deals-000001 " ID " {'t':'T','deep':{'k':['a',1]}}\n" },
	{ "a modification replaces it", "{" TARGET "}", { .old_image = "{'id': 'a', 'n': 1}", .new_image = "{'id': 'a', 'n': 2}" },
	  "index deals-000001 " ID " {'id':'a','n':2}\n" },
	{ "a removal deletes it", "{" TARGET "}", { .old_image = "{'id': 'a', 'n': 1}" }, "unindex deals-000001 " ID "\n" },
	{ "what stops to match is deleted", "{" TARGET LIVE "}",
	  { .old_image = "{'id': 'a', 'status': 'live'}", .new_image = "{'id': 'a', 'status': 'off'}" },
	  "unindex deals-000001 " ID "\n" },
	{ "what starts to match is indexed", "{" TARGET LIVE "}",
	  { .old_image = "{'id': 'a', 'status': 'off'}", .new_image = "{'id': 'a', 'status': 'live'}" },
	  "index deals-000001 " ID " {'id':'a','status':'live'}\n" },
	{ "what never matched is nothing", "{" TARGET LIVE "}", { .old_image = "{'id': 'a'}", .new_image = "{'id': 'a', 'x': 1}" }, "" },
	{ "a changed id moves the document", "{" TARGET ", 'id': '${item.sku}', 'document': ['x']}",
	  { .old_image = "{'id': 'a', 'sku': 's1'}", .new_image = "{'id': 'a', 'sku': 's2'}" },
	  "unindex deals-000001 s1\nindex deals-000001 s2 {}\n" },
	{ "routing and ingest pipeline", "{" TARGET ", 'routing': '${item.id}', 'pipeline': 'enrich', 'document': ['x']}",
	  { .new_image = "{'id': 'a'}" }, "index deals-000001 " ID " routing=a pipeline=enrich {}\n" },
	{ "a deletion has routing and no ingest pipeline", "{" TARGET ", 'routing': '${item.id}', 'pipeline': 'enrich'}",
	  { .old_image = "{'id': 'a'}" }, "unindex deals-000001 " ID " routing=a\n" },
	{ "routing that changes without the id is the record's fault", "{" TARGET ", 'routing': '${item.r}'}",
	  { .old_image = "{'id': 'a', 'r': '1'}", .new_image = "{'id': 'a', 'r': '2'}" }, "failed index.routing\n" },
	{ "a new side that cannot be made takes the old away", "{" TARGET ", 'document': {'t': '${item.t}'}}",
	  { .old_image = "{'id': 'a', 't': 1}", .new_image = "{'id': 'a'}" }, "unindex deals-000001 " ID "\nreport template.missing\n" },
	{ "the old document is not made again", "{" TARGET ", 'document': {'t': '${item.t}'}}",
	  { .old_image = "{'id': 'a'}", .new_image = "{'id': 'a', 't': 1}" }, "index deals-000001 " ID " {'t':1}\n" },
	{ "an old side without an id is reported", "{" TARGET ", 'id': '${item.sku}', 'document': ['x']}",
	  { .old_image = "{'id': 'a'}", .new_image = "{'id': 'a', 'sku': 's'}" },
	  "index deals-000001 s {}\nreport template.missing\n" },
	{ "an empty id is none", "{" TARGET ", 'id': '${item.sku}'}", { .new_image = "{'id': 'a', 'sku': ''}" },
	  "report index.id\n" },
	{ "a record without its images fails as a whole", "{" TARGET "}", { .event = "REMOVE", .keys = "{'id': 'a'}" },
	  "failed handler.image\n" },
};

static void test_each_change_moves_the_document(void **state)
{
	(void)state;
	handler_test_cases("index", cases, COUNT_OF(cases));
}

static void test_mistakes_in_settings_are_named(void **state)
{
	static const struct handler_mistake mistakes[] = {
		{ "{'index': 'deals'}", "sink" },
		{ "{'sink': 's'}", "index" },
		{ "{'sink': 's', 'index': 'Deals'}", "lower case" },
		{ "{'sink': 's', 'index': 'a b'}", "lower case" },
		{ "{'sink': 's', 'index': 'a*'}", "lower case" },
		{ "{'sink': 's', 'index': 'a:b'}", "lower case" },
		{ "{'sink': 's', 'index': 'a/b'}", "lower case" },
		{ "{'sink': 's', 'index': '_a'}", "cannot begin" },
		{ "{'sink': 's', 'index': '.a'}", "cannot begin" },
		{ "{" TARGET ", 'alias': '-x'}", "cannot begin" },
		{ "{" TARGET ", 'document': []}", "names no attribute" },
		{ "{" TARGET ", 'document': [1]}", "name of an attribute" },
		{ "{" TARGET ", 'document': ['${item.x}']}", "write document as a group" },
		{ "{" TARGET ", 'document': {'a': '${new.x}'}}", "new" },
		{ "{" TARGET ", 'document': {'sluice_v': 1}}", "belong to sluice" },
		{ "{" TARGET ", 'id': '${event.id}'}", "event" },
		{ "{" TARGET ", 'where': {'status': 'live'}}", "where" },
	};

	(void)state;
	handler_test_mistakes("index", mistakes, COUNT_OF(mistakes));
}

static void open_named(struct handler_test *t, size_t len)
{
	char settings[512], name[400];

	memset(name, 'x', len);
	name[len] = '\0';
	snprintf(settings, sizeof(settings), "{'sink': 's', 'index': '%s'}", name);
	handler_test_open(t, "index", settings);
}

static void test_an_index_name_leaves_room_for_its_generation(void **state)
{
	struct handler_test t;

	(void)state;
	open_named(&t, INDEX_NAME_MAX - INDEX_GENERATION_LEN);
	assert_non_null(t.h);
	handler_test_close(&t);
	open_named(&t, INDEX_NAME_MAX - INDEX_GENERATION_LEN + 1);
	assert_null(t.h);
	handler_test_close(&t);
}

static void test_an_id_has_at_most_512_bytes(void **state)
{
	char image[1024], id[INDEX_ID_MAX + 2];
	struct handler_test t;

	(void)state;
	handler_test_must_open(&t, "index", "{" TARGET ", 'id': '${item.sku}', 'document': ['x']}");
	for (size_t len = INDEX_ID_MAX; len <= INDEX_ID_MAX + 1; len++) {
		struct record_spec record = { .new_image = image };

		memset(id, 'x', len);
		id[len] = '\0';
		snprintf(image, sizeof(image), "{'id': 'a', 'sku': '%s'}", id);
		handler_test_apply(&t, &record, 1);
		assert_int_equal(t.batch.count, len == INDEX_ID_MAX);
		assert_int_equal(t.batch.reports != NULL, len > INDEX_ID_MAX);
	}
	handler_test_close(&t);
}

static void test_routing_follows_the_key_or_the_id(void **state)
{
	static const struct {
		const char *settings;
		bool ok;
	} settings[] = {
		{ "{" TARGET "}", true },
		{ "{" TARGET ", 'routing': '${item.pk}'}", true },
		{ "{" TARGET ", 'routing': '${keys.sk}'}", true },
		{ "{" TARGET ", 'routing': '${item.brand}'}", false },
		{ "{" TARGET ", 'routing': '${item.brand}', 'id': '${item.brand}#${item.pk}'}", true },
		{ "{" TARGET ", 'routing': '${item.pk}#${item.brand}', 'id': '${item.pk}'}", false },
	};
	const struct str names[] = { STR("pk"), STR("sk") };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct handler_test t;

		handler_test_must_open(&t, "index", settings[i].settings);
		assert_int_equal(t.h->ops->bind(t.h, names, &t.problems), settings[i].ok);
		assert_int_equal(t.problems.count == 0, settings[i].ok);
		handler_test_close(&t);
	}
}

static void test_effects_name_the_physical_index_and_how_it_is_made(void **state)
{
	const struct record_spec record = { .new_image = "{'id': 'a'}" };
	const struct effect_document *d;
	struct handler_test t;

	(void)state;
	handler_test_must_open(&t, "index", "{" TARGET ", 'mapping_file': 'm.json'}");
	handler_test_apply(&t, &record, 1);
	d = &t.batch.effects[0]->document;
	assert_str_equal(d->index, "deals-000001");
	assert_str_equal(d->alias, "deals");
	assert_int_equal(d->definition.len, 0);
	assert_str_equal(index_settings(t.h)->mapping_file, "m.json");
	index_target(t.h, 1234567, STR("{}"));
	handler_test_apply(&t, &record, 1);
	d = &t.batch.effects[0]->document;
	assert_str_equal(d->index, "deals-1234567");
	assert_str_equal(d->definition, "{}");
	handler_test_close(&t);
	handler_test_must_open(&t, "index", "{" TARGET ", 'alias': 'deals-read'}");
	assert_str_equal(index_alias(t.h), "deals-read");
	handler_test_close(&t);
}

static void test_the_definition_is_what_documents_depend_on(void **state)
{
	struct handler_test t;

	(void)state;
	handler_test_must_open(&t, "index", "{" TARGET LIVE ", 'alias': 'x', 'routing': '${item.id}', 'document': ['b', 'a']}");
	assert_string_equal(handler_test_definition(&t),
			    "{'document':['b','a'],'index':'deals','kind':'index','routing':'${item.id}',"
			    "'source':'Source','where':{'status':['live']}}");
	handler_test_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_change_moves_the_document),
		cmocka_unit_test(test_mistakes_in_settings_are_named),
		cmocka_unit_test(test_an_index_name_leaves_room_for_its_generation),
		cmocka_unit_test(test_an_id_has_at_most_512_bytes),
		cmocka_unit_test(test_routing_follows_the_key_or_the_id),
		cmocka_unit_test(test_effects_name_the_physical_index_and_how_it_is_made),
		cmocka_unit_test(test_the_definition_is_what_documents_depend_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
