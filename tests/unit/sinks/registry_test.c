#include "sluice/core/option.h"
#include "sluice/sinks/sink.h"
#include "support/test.h"

#include <stddef.h>

static void test_sinks_are_found_by_kind(void **state)
{
	(void)state;
	for (size_t i = 0; sink_kinds[i]; i++)
		assert_ptr_equal(sink_kind(str_c(sink_kinds[i]->kind)), sink_kinds[i]);
	assert_null(sink_kind(STR("carrier-pigeon")));
}

static void test_every_sink_says_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; sink_kinds[i]; i++) {
		const struct sink_ops *s = sink_kinds[i];

		assert_non_null(s->summary);
		assert_true(s->accepts != 0);
		assert_true(s->open && s->send && s->close && s->options);
		for (const struct option *o = s->options; o->name; o++) {
			assert_non_null(o->help);
			assert_true(o->offset < s->settings_size);
		}
	}
}

static void test_mistakes_in_settings_are_found_without_io(void **state)
{
	static const struct {
		const char *json, *says; /* NULL: right */
	} cases[] = {
		{ "{\"kind\":\"file\",\"path\":\"/var/lib/x.jsonl\"}", NULL },
		{ "{\"kind\":\"file\",\"path\":\"/var/lib/\"}", "names no file" },
		{ "{\"kind\":\"file\"}", "path" },
		{ "{\"kind\":\"opensearch\",\"url\":\"http://127.0.0.1:9200\"}", NULL },
		{ "{\"kind\":\"opensearch\",\"url\":\"127.0.0.1:9200\"}", "http://HOST:PORT" },
		{ "{\"kind\":\"opensearch\",\"url\":\"https://u:p@h\"}", "http://HOST:PORT" },
		{ "{\"kind\":\"opensearch\",\"url\":\"http://\"}", "http://HOST:PORT" },
		{ "{\"kind\":\"kafka\",\"brokers\":\"127.0.0.1:9092\",\"properties\":[\"linger.ms=1\"]}", NULL },
		{ "{\"kind\":\"kafka\",\"brokers\":\"\"}", "must not be empty" },
		{ "{\"kind\":\"kafka\",\"brokers\":\"h:1\",\"properties\":[\"acks=0\"]}", "must stay \"all\"" },
		{ "{\"kind\":\"dynamodb\",\"parallel\":32}", NULL },
		{ "{\"kind\":\"dynamodb\",\"parallel\":0}", "parallel" },
		{ "{\"kind\":\"sqs\",\"endpoint_url\":\"http://127.0.0.1:5000\",\"region\":\"eu-west-1\"}", NULL },
		{ "{\"kind\":\"sqs\",\"endpoint_url\":\"127.0.0.1\"}", "endpoint_url" },
		{ "{\"kind\":\"sns\",\"region\":\"nowhere at all\"}", "region" },
		{ "{\"kind\":\"sns\",\"message_bytes\":1048577}", "message_bytes" },
		{ "{\"kind\":\"kinesis\",\"record_bytes\":10485760}", NULL },
		{ "{\"kind\":\"kinesis\",\"concurrency\":0}", "concurrency" },
		{ "{\"kind\":\"firehose\",\"newline\":false}", NULL },
		{ "{\"kind\":\"eventbridge\",\"source\":\"shop\",\"detail_type\":\"deal\"}", NULL },
		{ "{\"kind\":\"lambda\",\"records\":10000,\"bisect\":false}", NULL },
		{ "{\"kind\":\"lambda\",\"records\":10001}", "records" },
		{ "{\"kind\":\"s3\"}", NULL },
		{ "{\"kind\":\"s3\",\"interval_s\":900,\"partition\":\"day\",\"addressing\":\"path\"}", NULL },
		{ "{\"kind\":\"s3\",\"interval_s\":70}", "whole number of intervals" },
		{ "{\"kind\":\"s3\",\"interval_s\":0}", "interval_s" },
		{ "{\"kind\":\"s3\",\"memory_bytes\":100000000}", "twice object_bytes" },
		{ "{\"kind\":\"s3\",\"partition\":\"week\"}", "partition" },
		{ "{\"kind\":\"s3\",\"endpoint_url\":\"s3.test\"}", "endpoint_url" },
	};
	static const char *const also[] = { "kind", NULL };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		union {
			max_align_t align;
			char bytes[256];
		} settings = { .bytes = { 0 } };
		struct problems problems;
		struct arena a;
		struct node *n;
		const struct sink_ops *s;

		arena_init(&a, 1 << 20);
		problems_init(&problems, &a);
		n = node_from_json(&a, str_c(cases[i].json), NULL, NULL);
		s = sink_kind(node_get(n, STR("kind"))->text);
		assert_true(s->settings_size <= sizeof(settings));
		if (option_read(s->options, n, &settings, also, &problems) && s->check)
			s->check(&settings, n, &problems);
		assert_int_equal(problems.count, cases[i].says ? 1 : 0);
		if (cases[i].says)
			assert_true(str_find(problems.first->text, str_c(cases[i].says)) != SIZE_MAX ||
				    str_find(problems.first->path, str_c(cases[i].says)) != SIZE_MAX);
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sinks_are_found_by_kind),
		cmocka_unit_test(test_every_sink_says_what_it_is),
		cmocka_unit_test(test_mistakes_in_settings_are_found_without_io),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
