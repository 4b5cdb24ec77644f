#include "support/handlers.h"
#include "support/test.h"

#include "../../../src/handlers/fanout_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define BUS "'sink': 'bus', 'topic': 't', 'member': 'user_id'"
#define MESSAGE "'message': {'user': '${member.user_id}', 'title': '${new.title}'}"
#define BRAND "{'table': 'Followers', 'key': 'BRAND#${new.brand}'}"
#define TASK_HEAD "'handler':{'S':'h'},'pipeline':{'S':'orders'},'table':{'S':'Source'},'status':{'S':'open'}," \
	"'sent':{'N':'0'},'created':{'N':'1760000000'},"
#define EVENT "'event':{'M':{'name':{'S':'INSERT'},'id':{'S':'event-0'},'sequence':{'S':'100000000000000000001'}," \
	"'time':{'N':'1760000000'},'v':{'N':'1000'}}},"
#define DEAL "{'id': 'd', 'brand': 'b', 'title': 'T', 'noise': 'long'}"
#define TITLE "'values':{'M':{'new':{'M':{'title':{'S':'T'}}}}},"

/* Everything of the line behind the id, which has a test of its own. */
struct body_case {
	const char *name, *settings, *image, *body;
};

static const struct body_case bodies[] = {
	{ "a task holds what members need, and its audience",
	  "{" BUS ", " MESSAGE ", 'audience': [" BRAND "]}", DEAL,
	  "{" TASK_HEAD EVENT TITLE "'audience':{'L':[{'M':{'table':{'S':'Followers'},'keys':{'L':[{'S':'BRAND#b'}]}}}]}}" },
	{ "shards are keys of their own",
	  "{" BUS ", 'message': {'a': 1}, 'audience': [{'table': 'F', 'index': 'I', 'key_attribute': 'pk',"
	  " 'key': 'B#${shard}', 'shards': 3, 'sort_prefix': 'U#${new.brand}#', 'consistent': true, 'attributes': ['user_id']}]}", DEAL,
	  "{" TASK_HEAD EVENT "'values':{'M':{}},'audience':{'L':[{'M':{'table':{'S':'F'},'index':{'S':'I'},"
	  "'key_attribute':{'S':'pk'},'sort_prefix':{'S':'U#b#'},'keys':{'L':[{'S':'B#0'},{'S':'B#1'},{'S':'B#2'}]},"
	  "'consistent':{'BOOL':true},'attributes':{'L':[{'S':'user_id'}]}}}]}}" },
	{ "a key keeps its type", "{" BUS ", 'message': {'a': 1}, 'audience': [{'table': 'F', 'key': '${new.n}'}]}",
	  "{'id': 'd', 'n': 7}",
	  "{" TASK_HEAD EVENT "'values':{'M':{}},'audience':{'L':[{'M':{'table':{'S':'F'},'keys':{'L':[{'N':'7'}]}}}]}}" },
	{ "members are sorted, and each stands once",
	  "{" BUS ", 'message': {'a': 1}, 'audience': [{'members': ['u9', '${new.who}', '${new.owner}', '${new.none | default(null)}']}]}",
	  "{'id': 'd', 'who': ['u3', 'u9', 'u1', ''], 'owner': 'u3', 'none': ''}",
	  "{" TASK_HEAD EVENT "'values':{'M':{}},'audience':{'L':[{'M':{'members':{'L':[{'S':'u1'},{'S':'u3'},{'S':'u9'}]}}}]}}" },
	{ "numbers are sorted as numbers",
	  "{" BUS ", 'message': {'a': 1}, 'audience': [{'members': [10, 9, '${new.who}']}]}",
	  "{'id': 'd', 'who': {'$NS': ['9.0', '-1']}}",
	  "{" TASK_HEAD EVENT "'values':{'M':{}},'audience':{'L':[{'M':{'members':{'L':[{'N':'-1'},{'N':'9'},{'N':'10'}]}}}]}}" },
	{ "nobody may be in the list", "{" BUS ", 'message': {'a': 1}, 'audience': [{'members': ['${new.who}']}]}",
	  "{'id': 'd', 'who': []}",
	  "{" TASK_HEAD EVENT "'values':{'M':{}},'audience':{'L':[{'M':{'members':{'L':[]}}}]}}" },
	{ "a scan", "{" BUS ", 'message': {'a': 1}, 'audience': [{'scan': 'Users', 'attributes': ['mail']}]}", "{'id': 'd'}",
	  "{" TASK_HEAD EVENT "'values':{'M':{}},'audience':{'L':[{'M':{'scan':{'S':'Users'},'attributes':{'L':[{'S':'mail'}]}}}]}}" },
	{ "an end in epoch seconds", "{" BUS ", 'message': {'a': 1}, 'audience': [{'scan': 'U'}], 'expires': '${new.end}'}",
	  "{'id': 'd', 'end': 1760003600.9}",
	  "{" TASK_HEAD "'expires_at':{'N':'1760003600'}," EVENT "'values':{'M':{}},'audience':{'L':[{'M':{'scan':{'S':'U'}}}]}}" },
	{ "keys, conditions and message keys are kept too",
	  "{" BUS ", 'message': {'k': '${keys.id}', 'd': '${new.m.deep}'}, 'message_key': '${old.x | default(0)}',"
	  " 'member_where': {'max': [{'numeric': ['>', '${new.price}']}]}, 'audience': [{'scan': 'U'}]}",
	  "{'id': 'd', 'm': {'deep': 1, 'other': 2}, 'price': 5}",
	  "{" TASK_HEAD EVENT "'values':{'M':{'new':{'M':{'m':{'M':{'deep':{'N':'1'}}},'price':{'N':'5'}}},"
	  "'keys':{'M':{'id':{'S':'d'}}}}},'audience':{'L':[{'M':{'scan':{'S':'U'}}}]}}" },
};

static void test_a_task_holds_the_audience_and_what_members_need(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		const struct record_spec record = { .new_image = bodies[i].image };
		struct handler_test t;
		struct value parsed;
		struct err err = { 0 };
		char *body;

		handler_test_must_open(&t, "fanout", bodies[i].settings);
		handler_test_apply(&t, &record, 1);
		if (t.n_failed)
			fail_msg("%s: %s", bodies[i].name, t.err.text);
		assert_int_equal(t.batch.effects[0]->kind, EFFECT_TASK);
		if (!value_parse_image(t.batch.effects[0]->task.body, &parsed, &err))
			fail_msg("%s: %s", bodies[i].name, err.text);
		body = test_strndup(t.batch.effects[0]->task.body.ptr, t.batch.effects[0]->task.body.len);
		records_unquote(body);
		if (strcmp(body, bodies[i].body) != 0)
			fail_msg("%s\n got: %s\nexpected: %s", bodies[i].name, body, bodies[i].body);
		test_free(body);
		handler_test_close(&t);
	}
}

static void test_what_cannot_be_filled_fails_the_record(void **state)
{
	static const struct handler_case cases[] = {
		{ "a missing audience key", "{" BUS ", " MESSAGE ", 'audience': [" BRAND "]}", { .new_image = "{'id': 'd'}" },
		  "failed template.missing\n" },
		{ "an empty one", "{" BUS ", " MESSAGE ", 'audience': [{'table': 'F', 'key': '${new.b}'}]}",
		  { .new_image = "{'id': 'd', 'b': ''}" }, "failed fanout.key\n" },
		{ "one that is a list", "{" BUS ", " MESSAGE ", 'audience': [{'table': 'F', 'key': '${new.b}'}]}",
		  { .new_image = "{'id': 'd', 'b': ['x']}" }, "failed fanout.key\n" },
		{ "members of two types", "{" BUS ", " MESSAGE ", 'audience': [{'members': ['u', 1]}]}",
		  { .new_image = "{'id': 'd'}" }, "failed fanout.member\n" },
		{ "members of a type that no key has", "{" BUS ", " MESSAGE ", 'audience': [{'members': ['${new.m}']}]}",
		  { .new_image = "{'id': 'd', 'm': [true]}" }, "failed fanout.member\n" },
		{ "an end that is no time", "{" BUS ", " MESSAGE ", 'audience': [{'scan': 'U'}], 'expires': '${new.end}'}",
		  { .new_image = "{'id': 'd', 'end': 'tomorrow'}" }, "failed fanout.expires\n" },
		{ "a missing once", "{" BUS ", " MESSAGE ", 'audience': [{'scan': 'U'}], 'once': '${new.end}'}",
		  { .new_image = "{'id': 'd'}" }, "failed template.missing\n" },
	};

	(void)state;
	handler_test_cases("fanout", cases, COUNT_OF(cases));
}

static void test_times_are_read_in_both_forms(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t at;
	} cases[] = {
		{ "", true, 0 }, { "  ", true, 0 }, { "0", true, 0 }, { "1760000000", true, 1760000000 },
		{ " 1760000000.75 ", true, 1760000000 }, { "1.76E9", true, 1760000000 },
		{ "2025-10-09T08:53:20Z", true, 1760000000 }, { "2025-10-09T10:53:20.5+02:00", true, 1760000000 },
		{ "1760000000000", false, 0 }, { "-5", false, 0 }, { "soon", false, 0 }, { "2025-10-09", false, 0 },
		{ "1E400", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		int64_t at = -1;

		assert_int_equal(fanout_expiry(str_c(cases[i].text), &at, &err), cases[i].ok);
		if (cases[i].ok)
			assert_int_equal(at, cases[i].at);
		else
			assert_string_equal(err.code, "fanout.expires");
	}
}

static void task_id(const char *settings, const struct record_spec *records, size_t n, size_t i, char *out)
{
	struct handler_test t;

	handler_test_must_open(&t, "fanout", settings);
	handler_test_apply(&t, records, n);
	assert_int_equal(t.batch.effects[i]->task.id.len, FANOUT_ID_LEN);
	memcpy(out, t.batch.effects[i]->task.id.ptr, FANOUT_ID_LEN);
	out[FANOUT_ID_LEN] = '\0';
	handler_test_close(&t);
}

/* The values are fixed for ever: rows in tables are found by them. */
static void test_a_task_is_known_by_its_record_or_by_once(void **state)
{
	static const struct record_spec records[] = { { .new_image = "{'id': 'd', 'o': 'x'}" },
						      { .new_image = "{'id': 'e', 'o': 'x'}" },
						      { .new_image = "{'id': 'f', 'o': 'event-0'}" } };
	const char *plain = "{" BUS ", 'message': {'a': 1}, 'audience': [{'scan': 'U'}]}";
	const char *once = "{" BUS ", 'message': {'a': 1}, 'audience': [{'scan': 'U'}], 'once': '${new.o}'}";
	char a[FANOUT_ID_LEN + 1], b[FANOUT_ID_LEN + 1];

	(void)state;
	task_id(plain, records, 3, 0, a);
	assert_string_equal(a, "c1f10a0f5de87eff2de22808e7e3aa4e006876d5b3b9c72e3658ac9462201b1d");
	task_id(plain, records, 3, 1, b);
	assert_string_not_equal(a, b);
	task_id(once, records, 3, 2, b);
	assert_string_not_equal(a, b);
	task_id(once, records, 3, 0, a);
	assert_string_equal(a, "88335ba01370e81e36479f1533b9efea6c7e7f1c4ff62255e6420fe0c8d6f70f");
	task_id(once, records, 3, 1, b);
	assert_string_equal(a, b);
}

static void test_mistakes_in_settings_are_named(void **state)
{
	static const struct handler_mistake mistakes[] = {
		{ "{" BUS ", " MESSAGE "}", "audience" },
		{ "{" BUS ", " MESSAGE ", 'audience': []}", "audience" },
		{ "{'sink': 's', " MESSAGE ", 'audience': [" BRAND "]}", "member" },
		{ "{'member': 'user_id', " MESSAGE ", 'audience': [" BRAND "]}", "sink" },
		{ "{" BUS ", 'audience': [" BRAND "]}", "either message" },
		{ "{" BUS ", " MESSAGE ", 'table': 'I', 'item': {'id': 'x'}, 'audience': [" BRAND "]}", "either message" },
		{ "{'sink': 's', 'member': 'user_id', 'item': {'id': 'x'}, 'audience': [" BRAND "]}", "needs table" },
		{ "{" BUS ", 'table': 'I', 'item': {'id': 'x'}, 'audience': [" BRAND "]}", "neither topic" },
		{ "{" BUS ", " MESSAGE ", 'ttl_s': 5, 'audience': [" BRAND "]}", "belong to an inbox" },
		{ "{'sink': 's', 'member': 'm', 'table': 'I', 'item': {'ttl': 1}, 'ttl_s': 5, 'audience': [" BRAND "]}", "leave one out" },
		{ "{'sink': 's', 'member': 'm', 'table': 'I', 'item': {'sluice_v': 1}, 'audience': [" BRAND "]}", "belong to sluice" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{'table': 'F'}]}", "table and key, or members, or scan" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{}]}", "table and key, or members, or scan" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{'table': 'F', 'key': 'x', 'scan': 'U'}]}", "is one of" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{'members': ['u'], 'scan': 'U'}]}", "is one of" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{'members': ['u'], 'consistent': true}]}", "is not read" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{'members': []}]}", "at least one entry" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{'members': [true]}]}", "a text or a number" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{'scan': 'U'}, " BRAND "]}", "stands alone" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{'table': 'F', 'key': 'x', 'shards': 2}]}", "needs ${shard} in key" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{'table': 'F', 'key': '${shard}', 'shards': 1024}, " BRAND "]}", "at most 1024 are merged" },
		{ "{" BUS ", " MESSAGE ", 'aligned': true, 'audience': [{'table': 'F', 'key': '${shard}', 'shards': 4}, " BRAND "]}", "same number of shards" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{'table': 'F', 'key': '${member.x}'}]}", "member" },
		{ "{" BUS ", 'message': {'m': '${member.mail}'}, 'audience': [{'scan': 'U', 'attributes': ['name']}]}", "${member.mail} is used" },
		{ "{" BUS ", " MESSAGE ", 'member_where': {'mail': [{'exists': true}]}, 'audience': [{'scan': 'U', 'attributes': ['name']}]}", "${member.mail} is used" },
		{ "{" BUS ", " MESSAGE ", 'exactly_once': true, 'audience': [" BRAND "]}", "not available in this version" },
		{ "{" BUS ", " MESSAGE ", 'slices': 2, 'audience': [" BRAND "]}", "not available in this version" },
		{ "{" BUS ", " MESSAGE ", 'path': 'p', 'audience': [" BRAND "]}", "path: this setting is not available" },
		{ "{" BUS ", " MESSAGE ", 'expires': '${member.x}', 'audience': [" BRAND "]}", "member" },
		{ "{" BUS ", 'message': {'a': '${item.x}'}, 'audience': [" BRAND "]}", "item" },
		{ "{" BUS ", " MESSAGE ", 'rate_per_s': -1, 'audience': [" BRAND "]}", "rate_per_s" },
		{ "{" BUS ", " MESSAGE ", 'audience': [{'table': 'F', 'kye': 'x'}]}", "kye: unknown setting" },
		{ "{'sink': 's', 'topic': '${new.x}', 'member': 'm', " MESSAGE ", 'audience': [" BRAND "]}", "cannot hold templates" },
	};

	(void)state;
	handler_test_mistakes("fanout", mistakes, COUNT_OF(mistakes));
}

static void test_sources_are_held_against_their_tables(void **state)
{
	const char *query = "{" BUS ", " MESSAGE ", 'audience': [{'table': 'F', 'key_attribute': 'pk', 'key': 'x', 'consistent': true},"
			    " {'table': 'G', 'key': 'y', 'sort_prefix': 'U#'}]}";
	const char *scan = "{" BUS ", " MESSAGE ", 'audience': [{'scan': 'U'}]}";
	const struct {
		const char *settings;
		struct fanout_schema schemas[2];
		const char *problem;
	} cases[] = {
		{ query, { { STR("pk"), STR("user_id"), VALUE_S, VALUE_S, false }, { STR("k"), STR("user_id"), VALUE_S, VALUE_S, true } }, NULL },
		{ query, { { STR("pk"), STR("sk"), VALUE_S, VALUE_S, false }, { STR("k"), STR("user_id"), VALUE_S, VALUE_S, false } }, "must be the sort key" },
		{ query, { { STR("pk"), STR(""), VALUE_S, VALUE_NONE, false }, { STR("k"), STR("user_id"), VALUE_S, VALUE_S, false } }, "must be the sort key" },
		{ query, { { STR("id"), STR("user_id"), VALUE_S, VALUE_S, false }, { STR("k"), STR("user_id"), VALUE_S, VALUE_S, false } }, "partition key" },
		{ query, { { STR("pk"), STR("user_id"), VALUE_S, VALUE_N, false }, { STR("k"), STR("user_id"), VALUE_S, VALUE_S, false } }, "cannot be merged" },
		{ query, { { STR("pk"), STR("user_id"), VALUE_S, VALUE_N, false }, { STR("k"), STR("user_id"), VALUE_S, VALUE_N, false } }, "of type S, found N" },
		{ query, { { STR("pk"), STR("user_id"), VALUE_S, VALUE_S, true }, { STR("k"), STR("user_id"), VALUE_S, VALUE_S, false } }, "cannot be read consistently" },
		{ scan, { { STR("user_id"), STR(""), VALUE_S, VALUE_NONE, false } }, NULL },
		{ scan, { { STR("user_id"), STR("sk"), VALUE_S, VALUE_S, false } }, "only key" },
		{ scan, { { STR("id"), STR(""), VALUE_S, VALUE_NONE, false } }, "only key" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct handler_test t;

		handler_test_must_open(&t, "fanout", cases[i].settings);
		assert_int_equal(fanout_check_sources(fanout_of(t.h), cases[i].schemas, &t.problems), !cases[i].problem);
		if (cases[i].problem && !strstr(handler_test_problems(&t), cases[i].problem))
			fail_msg("case %zu: %s", i, handler_test_problems(&t));
		handler_test_close(&t);
	}
}

/* Applies one record and reads its task back; text lives in t. */
static void round_trip(struct handler_test *t, const char *settings, const struct record_spec *record,
		       struct fanout_task *out)
{
	struct value row;
	struct err err = { 0 };

	handler_test_must_open(t, "fanout", settings);
	handler_test_apply(t, record, 1);
	assert_int_equal(t->batch.count, 1);
	assert_true(value_parse_image(t->batch.effects[0]->task.body, &row, &err));
	if (!fanout_task_read(t->batch.effects[0]->task.id, row, &t->arena, out, &err))
		fail_msg("%s", err.text);
}

static void test_a_task_is_read_as_it_was_written(void **state)
{
	const struct record_spec record = { .new_image = "{'id': 'd', 'title': 'a\\\"b', 'end': 1760009999}", .old_image = "{'id': 'd'}" };
	struct fanout_task task;
	struct handler_test t;

	(void)state;
	round_trip(&t, "{" BUS ", " MESSAGE ", 'expires': '${new.end}', 'audience': [{'table': 'F', 'index': 'I', 'key': 'B#${shard}',"
		   " 'shards': 2, 'sort_prefix': 'U#', 'consistent': true, 'attributes': ['user_id', 'x']}, {'members': ['u2', 'u1']}]}",
		   &record, &task);
	assert_str_equal(task.handler, "h");
	assert_str_equal(task.pipeline, "orders");
	assert_str_equal(task.table, "Source");
	assert_int_equal(task.created_s, RECORDS_TIME_S);
	assert_int_equal(task.expires_at_s, 1760009999);
	assert_str_equal(task.context.event_name, "MODIFY");
	assert_str_equal(task.context.event_id, "event-0");
	assert_str_equal(task.context.event_table, "Source");
	assert_str_equal(task.context.event_sequence, "100000000000000000001");
	assert_int_equal(task.context.event_v, RECORDS_FIRST_V);
	assert_str_equal(task.context.new_image.raw, "{\"title\":{\"S\":\"a\\\"b\"}}");
	assert_int_equal(task.context.old_image.type, VALUE_NONE);
	assert_int_equal(task.n_sources, 3);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(task.sources[i].kind, FANOUT_QUERY);
		assert_str_equal(task.sources[i].table, "F");
		assert_str_equal(task.sources[i].index, "I");
		assert_str_equal(task.sources[i].sort_prefix, "U#");
		assert_str_equal(task.sources[i].key.raw, i ? "B#1" : "B#0");
		assert_true(task.sources[i].consistent);
		assert_int_equal(task.sources[i].attributes.count, 2);
		assert_str_equal(task.sources[i].attributes.items[1], "x");
	}
	assert_int_equal(task.sources[2].kind, FANOUT_MEMBERS);
	assert_str_equal(task.sources[2].members.raw, "[{\"S\":\"u1\"},{\"S\":\"u2\"}]");
	handler_test_close(&t);
}

static void test_a_row_that_is_no_task_is_refused(void **state)
{
	static const char *const rows[] = {
		"{}",
		"{'handler': 1}",
		"{'handler': 'h', 'pipeline': 'p', 'table': 'T', 'created': 'x'}",
		"{'handler': 'h', 'pipeline': 'p', 'table': 'T', 'created': -1}",
		"{'handler': 'h', 'pipeline': 'p', 'table': 'T', 'created': 1, 'expires_at': 1.5}",
		"{'handler': 'h', 'pipeline': 'p', 'table': 'T', 'created': 1, 'event': {}}",
		"{'handler': 'h', 'pipeline': 'p', 'table': 'T', 'created': 1, 'event': {'name': 'INSERT', 'id': 'i', 'sequence': '1', 'time': 1, 'v': 1},"
		" 'values': {'new': 1}, 'audience': []}",
		"{'handler': 'h', 'pipeline': 'p', 'table': 'T', 'created': 1, 'event': {'name': 'INSERT', 'id': 'i', 'sequence': '1', 'time': 1, 'v': 1},"
		" 'values': {}, 'audience': ['x']}",
		"{'handler': 'h', 'pipeline': 'p', 'table': 'T', 'created': 1, 'event': {'name': 'INSERT', 'id': 'i', 'sequence': '1', 'time': 1, 'v': 1},"
		" 'values': {}, 'audience': [{'table': 'F'}]}",
		"{'handler': 'h', 'pipeline': 'p', 'table': 'T', 'created': 1, 'event': {'name': 'INSERT', 'id': 'i', 'sequence': '1', 'time': 1, 'v': 1},"
		" 'values': {}, 'audience': [{'scan': 'F', 'attributes': [1]}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fanout_task task;
		struct err err = { 0 };
		struct arena a;

		arena_init(&a, 1 << 20);
		assert_false(fanout_task_read(STR("id"), records_image(&a, rows[i]), &a, &task, &err));
		assert_string_equal(err.code, "fanout.task");
		arena_release(&a);
	}
}

static void test_a_member_is_the_sort_key_less_its_prefix(void **state)
{
	static const struct {
		const char *row, *prefix, *member;
	} cases[] = {
		{ "{'user_id': 'u1', 'x': 1}", "", "u1" },
		{ "{'user_id': 7}", "", "7" },
		{ "{'user_id': 'U#u1'}", "U#", "u1" },
		{ "{'user_id': 'U#a\\\"b'}", "U#", "a\\\"b" },
		{ "{'user_id': 'U#'}", "U#", NULL },
		{ "{'user_id': 'X#u1'}", "U#", NULL },
		{ "{'user_id': 7}", "U#", NULL },
		{ "{'user_id': ''}", "", NULL },
		{ "{'user_id': true}", "", NULL },
		{ "{'x': 1}", "", NULL },
	};
	struct handler_test t;

	(void)state;
	handler_test_must_open(&t, "fanout", "{" BUS ", " MESSAGE ", 'audience': [" BRAND "]}");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fanout_source source = { .sort_prefix = str_c(cases[i].prefix) };
		struct err err = { 0 };
		struct value member;
		bool ok = fanout_member(fanout_of(t.h), &source, records_image(&t.arena, cases[i].row), &t.arena, &member, &err);

		assert_int_equal(ok, cases[i].member != NULL);
		if (ok)
			assert_str_equal(member.raw, cases[i].member);
		else
			assert_string_equal(err.code, "fanout.member");
	}
	handler_test_close(&t);
}

static void test_equal_members_have_one_notification_id(void **state)
{
	char a[FANOUT_NOTIFICATION_LEN + 1], b[FANOUT_NOTIFICATION_LEN + 1];
	struct err err = { 0 };
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	assert_true(fanout_notification_id(STR("task"), (struct value){ VALUE_S, STR("u1") }, &arena, a, &err));
	assert_string_equal(a, "3e4f8f20122a10aef1925b9c09f10f58");
	assert_true(fanout_notification_id(STR("task"), (struct value){ VALUE_S, STR("\\u0075\\u0031") }, &arena, b, &err));
	assert_string_equal(a, b);
	assert_true(fanout_notification_id(STR("task2"), (struct value){ VALUE_S, STR("u1") }, &arena, b, &err));
	assert_string_not_equal(a, b);
	assert_true(fanout_notification_id(STR("task"), (struct value){ VALUE_N, STR("1.0") }, &arena, a, &err));
	assert_true(fanout_notification_id(STR("task"), (struct value){ VALUE_N, STR("1") }, &arena, b, &err));
	assert_string_equal(a, b);
	assert_true(fanout_notification_id(STR("task"), (struct value){ VALUE_S, STR("1") }, &arena, b, &err));
	assert_string_not_equal(a, b);
	arena_release(&arena);
}

struct fill_case {
	const char *name, *settings, *row;
	struct value member;
	const char *line;
};

static void test_a_notification_is_filled_for_one_member(void **state)
{
	static const struct fill_case cases[] = {
		{ "a message", "{" BUS ", 'message': {'user': '${member.user_id}', 'mail': '${member.mail}', 'title': '${new.title}', 'id': '${notification.id}', 'v': '${event.v}'},"
		  " 'audience': [{'scan': 'U'}]}", "{'user_id': 'u1', 'mail': 'm'}", { VALUE_S, STR_INIT("u1") },
		  "t u1 {'user':'u1','mail':'m','title':'T','id':'nnn','v':1000} sluice-v=1000 sluice-notification-id=nnn" },
		{ "its own key", "{" BUS ", " MESSAGE ", 'message_key': 'k#${member.user_id}', 'audience': [{'scan': 'U'}]}",
		  "{'user_id': 'u1'}", { VALUE_S, STR_INIT("u1") },
		  "t k#u1 {'user':'u1','title':'T'} sluice-v=1000 sluice-notification-id=nnn" },
		{ "a member of a list", "{" BUS ", " MESSAGE ", 'audience': [{'members': [1]}]}", NULL, { VALUE_N, STR_INIT("7.0") },
		  "t 7 {'user':7.0,'title':'T'} sluice-v=1000 sluice-notification-id=nnn" },
		{ "an inbox", "{'sink': 'd', 'member': 'user_id', 'table': 'Inbox', 'ttl_s': 60, 'audience': [{'scan': 'U'}],"
		  " 'item': {'user': '${member.user_id}', 'sk': '${notification.id}', 'n': 1, 'tags': '${new.title}'}}",
		  "{'user_id': 'u1'}", { VALUE_S, STR_INIT("u1") },
		  "Inbox  {'user':{'S':'u1'},'sk':{'S':'nnn'},'n':{'N':'1'},'tags':{'S':'T'},'ttl':{'N':'1760000060'}}" },
		{ "an inbox in the source table", "{'sink': 'd', 'member': 'user_id', 'table': 'Source', 'audience': [{'scan': 'U'}], 'item': {'id': 'x'}}",
		  "{'user_id': 'u1'}", { VALUE_S, STR_INIT("u1") }, "Source  {'id':{'S':'x'},'sluice_handler':{'S':'h'}}" },
	};
	const struct record_spec record = { .new_image = DEAL };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct template_context c;
		struct effect_message m;
		struct fanout_task task;
		struct handler_test t;
		struct err err = { 0 };
		struct value row = { 0 };
		struct buf line;

		round_trip(&t, cases[i].settings, &record, &task);
		if (cases[i].row)
			row = records_image(&t.arena, cases[i].row);
		assert_true(fanout_member_context(fanout_of(t.h), &task, row, cases[i].member, STR("nnn"), &t.arena, &c, &err));
		if (!fanout_fill(fanout_of(t.h), &c, cases[i].member, &t.arena, &m, &err))
			fail_msg("%s: %s", cases[i].name, err.text);
		buf_init(&line, 4096);
		buf_putf(&line, "%.*s %.*s %.*s", STR_ARG(m.address), STR_ARG(m.key), STR_ARG(m.body));
		for (size_t j = 0; j < m.n_headers; j++)
			buf_putf(&line, " %.*s=%.*s", STR_ARG(m.headers[j].name), STR_ARG(m.headers[j].value));
		records_unquote(line.ptr);
		assert_string_equal(line.ptr, cases[i].line);
		buf_release(&line);
		handler_test_close(&t);
	}
}

static void test_what_a_member_lacks_is_that_members_fault(void **state)
{
	const struct record_spec record = { .new_image = DEAL };
	struct template_context c;
	struct effect_message m;
	struct fanout_task task;
	struct handler_test t;
	struct err err = { 0 };
	struct value member = { VALUE_S, STR("u1") };

	(void)state;
	round_trip(&t, "{" BUS ", 'message': {'mail': '${member.mail}'}, 'audience': [{'scan': 'U'}]}", &record, &task);
	assert_true(fanout_member_context(fanout_of(t.h), &task, records_image(&t.arena, "{'user_id': 'u1'}"), member,
					  STR("nnn"), &t.arena, &c, &err));
	assert_false(fanout_fill(fanout_of(t.h), &c, member, &t.arena, &m, &err));
	assert_int_equal(err.class, ERR_DATA);
	assert_string_equal(err.code, "template.missing");
	handler_test_close(&t);
}

static void test_members_who_do_not_want_it_are_left_out(void **state)
{
	static const struct {
		const char *row;
		bool wanted;
	} cases[] = {
		{ "{'user_id': 'u', 'max': 10}", true },
		{ "{'user_id': 'u', 'max': 4}", false },
		{ "{'user_id': 'u'}", false },
	};
	const struct record_spec record = { .new_image = "{'id': 'd', 'title': 'T', 'price': 5}" };
	struct fanout_task task;
	struct handler_test t;

	(void)state;
	round_trip(&t, "{" BUS ", " MESSAGE ", 'member_where': {'max': [{'numeric': ['>', '${new.price}']}]}, 'audience': [{'scan': 'U'}]}",
		   &record, &task);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct template_context c;
		struct err err = { 0 };
		bool wanted;

		assert_true(fanout_member_context(fanout_of(t.h), &task, records_image(&t.arena, cases[i].row),
						  (struct value){ VALUE_S, STR("u") }, STR("n"), &t.arena, &c, &err));
		assert_true(fanout_wants(fanout_of(t.h), &c, &wanted, &err));
		assert_int_equal(wanted, cases[i].wanted);
	}
	handler_test_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_task_holds_the_audience_and_what_members_need),
		cmocka_unit_test(test_what_cannot_be_filled_fails_the_record),
		cmocka_unit_test(test_times_are_read_in_both_forms),
		cmocka_unit_test(test_a_task_is_known_by_its_record_or_by_once),
		cmocka_unit_test(test_mistakes_in_settings_are_named),
		cmocka_unit_test(test_sources_are_held_against_their_tables),
		cmocka_unit_test(test_a_task_is_read_as_it_was_written),
		cmocka_unit_test(test_a_row_that_is_no_task_is_refused),
		cmocka_unit_test(test_a_member_is_the_sort_key_less_its_prefix),
		cmocka_unit_test(test_equal_members_have_one_notification_id),
		cmocka_unit_test(test_a_notification_is_filled_for_one_member),
		cmocka_unit_test(test_what_a_member_lacks_is_that_members_fault),
		cmocka_unit_test(test_members_who_do_not_want_it_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
