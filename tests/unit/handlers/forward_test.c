#include "support/handlers.h"
#include "support/test.h"

#define SINK "'sink': 'bus', 'topic': 'changes'"
#define HEAD(event) "{'event_id':'event-0','event_name':'" event "','table':'Source'," \
	"'sequence_number':'100000000000000000001','v':1000,'time':1760000000,"

static const struct handler_case cases[] = {
	{ "an insert has no old image", "{" SINK "}", { .new_image = "{'id': 'a', 'n': 5, 'ok': true}" },
	  "message changes key={'id':'a'} body=" HEAD("INSERT")
	  "'keys':{'id':'a'},'new':{'id':'a','n':5,'ok':true},'old':null}\n" },
	{ "a modification has both", "{" SINK "}", { .old_image = "{'id': 'a', 'n': 1}", .new_image = "{'id': 'a', 'n': 2}" },
	  "message changes key={'id':'a'} body=" HEAD("MODIFY")
	  "'keys':{'id':'a'},'new':{'id':'a','n':2},'old':{'id':'a','n':1}}\n" },
	{ "a removal has no new image", "{" SINK "}", { .old_image = "{'id': 'a'}" },
	  "message changes key={'id':'a'} body=" HEAD("REMOVE") "'keys':{'id':'a'},'new':null,'old':{'id':'a'}}\n" },
	{ "a stream of keys only is forwarded as well", "{" SINK "}", { .event = "MODIFY", .keys = "{'id': 'a'}" },
	  "message changes key={'id':'a'} body=" HEAD("MODIFY") "'keys':{'id':'a'},'new':null,'old':null}\n" },
	{ "the key has its attributes by name, whatever their order", "{" SINK "}",
	  { .new_image = "{'z': 1}", .keys = "{'z': 1.0, 'a': 'x'}" },
	  "message changes key={'a':'x','z':1} body=" HEAD("INSERT") "'keys':{'z':1.0,'a':'x'},'new':{'z':1},'old':null}\n" },
	{ "format dynamodb keeps attribute values", "{" SINK ", 'format': 'dynamodb'}",
	  { .new_image = "{'id': 'a', 's': {'$SS': ['x']}}" },
	  "message changes key={'id':'a'} body=" HEAD("INSERT")
	  "'keys':{'id':{'S':'a'}},'new':{'id':{'S':'a'},'s':{'SS':['x']}},'old':null}\n" },
	{ "a message of one's own, key and headers",
	  "{" SINK ", 'key': '${new.brand}', 'message': {'n': '${new.n}', 'was': '${old.n | default(0)}'},"
	  " 'headers': {'event': '${event.name}', 'price': 'p${new.n}', 'fixed': 7}}",
	  { .new_image = "{'id': 'a', 'n': 5, 'brand': 'b'}" },
	  "message changes key=b body={'n':5,'was':0} event=INSERT price=p5 fixed=7\n" },
	{ "a missing value fails the whole record", "{" SINK ", 'message': {'n': '${new.n}'}}",
	  { .new_image = "{'id': 'a'}" }, "failed template.missing\n" },
	{ "so it does in the key", "{" SINK ", 'key': '${new.n}'}", { .new_image = "{'id': 'a'}" },
	  "failed template.missing\n" },
	{ "so it does in a header", "{" SINK ", 'headers': {'h': '${new.n}'}}", { .new_image = "{'id': 'a'}" },
	  "failed template.missing\n" },
	{ "a sink of one place needs no topic", "{'sink': 'failures', 'message': {'id': '${keys.id}'}}",
	  { .old_image = "{'id': 'a'}" }, "message  key={'id':'a'} body={'id':'a'}\n" },
	{ "escapes stay what they were", "{" SINK ", 'message': {'t': '${new.t}'}}",
	  { .new_image = "{'id': 'q\\u0022\\\\', 't': '\\u0001\\n/'}" },
	  "message changes key={'id':'q\\'\\\\'} body={'t':'\\u0001\\n/'}\n" },
};

static void test_each_change_becomes_one_message(void **state)
{
	(void)state;
	handler_test_cases("forward", cases, COUNT_OF(cases));
}

static void test_every_message_carries_its_version(void **state)
{
	const struct record_spec records[] = { { .new_image = "{'id': 'a'}" }, { .new_image = "{'id': 'b'}" } };
	struct handler_test t;

	(void)state;
	handler_test_must_open(&t, "forward", "{" SINK ", 'headers': {'x': 'y'}}");
	handler_test_apply(&t, records, COUNT_OF(records));
	assert_int_equal(t.batch.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct effect_message *m = &t.batch.effects[i]->message;

		assert_int_equal(m->n_headers, 2);
		assert_str_equal(m->headers[1].name, "sluice-v");
		assert_str_equal(m->headers[1].value, i ? "1001" : "1000");
	}
	handler_test_close(&t);
}

static void test_mistakes_in_settings_are_named(void **state)
{
	static const struct handler_mistake mistakes[] = {
		{ "{'topic': 'x'}", "sink" },
		{ "{" SINK ", 'path': 'p'}", "path: this setting is not available" },
		{ "{'sink': 'bus', 'topic': 'c-${new.x}'}", "cannot hold templates" },
		{ "{" SINK ", 'format': 'avro'}", "avro" },
		{ "{" SINK ", 'format': 'dynamodb', 'message': {'a': 'b'}}", "leave one out" },
		{ "{" SINK ", 'headers': {'sluice-v': '1'}}", "does not begin with sluice-" },
		{ "{" SINK ", 'headers': {'h': ['a']}}", "a header is a text" },
		{ "{" SINK ", 'headers': ['a']}", "group of named texts" },
		{ "{" SINK ", 'key': '${item.a}'}", "item" },
		{ "{" SINK ", 'message': {'a': '${member.a}'}}", "member" },
		{ "{" SINK ", 'mesage': {'a': 'b'}}", "message" },
	};

	(void)state;
	handler_test_mistakes("forward", mistakes, COUNT_OF(mistakes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_change_becomes_one_message),
		cmocka_unit_test(test_every_message_carries_its_version),
		cmocka_unit_test(test_mistakes_in_settings_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
