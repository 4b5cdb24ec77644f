#include "command_cases.h"

#include "sluice/core/rng.h"

#include <stdio.h>

#define PUT "aws dynamodb put-item --table-name T --item "
#define ITEM "PutItem {\"TableName\":\"T\",\"Item\":"
#define TABLE "aws dynamodb create-table --table-name T "

enum { PUT_AT = sizeof(PUT) - 1 };

static void test_json_is_written_in_the_order_of_the_model(void **state)
{
	static const struct command_case cases[] = {
		{ PUT "'{ \"b\" : {\"S\":\"x\"}, \"a\" : {\"N\":\"1\"} }'", ITEM "{\"b\":{\"S\":\"x\"},\"a\":{\"N\":\"1\"}}}" },
		{ PUT "'{\"a\":{\"S\":\"\\u00e9\\n\\ud83d\\ude00\\\"\"}}'",
		  ITEM "{\"a\":{\"S\":\"\xc3\xa9\\n\xf0\x9f\x98\x80\\\"\"}}}" },
		{ PUT "'{\"a\":{\"L\":[]},\"b\":{\"M\":{}},\"c\":{\"NULL\":true},\"d\":{\"BS\":[\"eA==\"]}}'",
		  ITEM "{\"a\":{\"L\":[]},\"b\":{\"M\":{}},\"c\":{\"NULL\":true},\"d\":{\"BS\":[\"eA==\"]}}}" },
		{ TABLE "--provisioned-throughput '{\"WriteCapacityUnits\":2,\"ReadCapacityUnits\":1}'",
		  "CreateTable {\"TableName\":\"T\",\"ProvisionedThroughput\":{\"ReadCapacityUnits\":1,\"WriteCapacityUnits\":2}}" },
		{ TABLE "--tags '{\"Key\":\"a\",\"Value\":\"b\"}' '{\"Key\":\"c\",\"Value\":\"d\"}'",
		  "CreateTable {\"TableName\":\"T\",\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"},{\"Key\":\"c\",\"Value\":\"d\"}]}" },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
}

static void test_blobs_are_base64_unless_said_otherwise(void **state)
{
	static const struct command_case cases[] = {
		{ PUT "'{\"a\":{\"B\":\"aGk=\"}}'", ITEM "{\"a\":{\"B\":\"aGk=\"}}}" },
		{ PUT "'{\"a\":{\"B\":\"aGk=\"}}' --cli-binary-format base64", ITEM "{\"a\":{\"B\":\"aGk=\"}}}" },
		{ PUT "'{\"a\":{\"B\":\"hi\"}}' --cli-binary-format raw-in-base64-out", ITEM "{\"a\":{\"B\":\"aGk=\"}}}" },
		{ "aws --cli-binary-format raw-in-base64-out dynamodb put-item --table-name T --item a={BS=[hi]}",
		  "command.shell@88" },
		{ "aws --cli-binary-format raw-in-base64-out dynamodb put-item --table-name T --item 'a={BS=[hi,\"\"]}'",
		  ITEM "{\"a\":{\"BS\":[\"aGk=\",\"\"]}}}" },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
}

static void test_mistakes_are_shown_where_they_stand(void **state)
{
	static const struct { const char *value, *code; size_t at; } cases[] = {
		{ "{\"a\":{\"N\":5}}", "command.type", 10 },
		{ "{\"a\":{\"S\":null}}", "command.type", 10 },
		{ "{\"a\":{\"BOOL\":\"true\"}}", "command.type", 14 },
		{ "{\"a\":\"x\"}", "command.type", 6 },
		{ "{\"a\":{\"M\":[]}}", "command.type", 10 },
		{ "{\"a\":{\"L\":{}}}", "command.type", 10 },
		{ "{\"a\":{\"s\":\"x\"}}", "command.member", 7 },
		{ "{\"a\":{}}", "command.value", 5 },
		{ "{\"a\":{\"S\":\"x\",\"N\":\"1\"}}", "command.value", 5 },
		{ "{\"a\":{\"N\":\"1e999\"}}", "command.value", 11 },
		{ "{\"a\":{\"NS\":[\"1\",\"x\"]}}", "command.value", 17 },
		{ "{\"a\":{\"SS\":[]}}", "command.value", 11 },
		{ "{\"a\":{\"NULL\":false}}", "command.value", 13 },
		{ "{\"a\":{\"B\":\"?\"}}", "command.value", 11 },
		{ "{\"a\":{\"S\":\"x\"},\"a\":{\"S\":\"y\"}}", "command.duplicate", 16 },
		{ "[1]", "command.type", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char expected[64];
		struct buf line;

		buf_init(&line, 4096);
		buf_puts(&line, PUT);
		put_quoted(&line, str_c(cases[i].value));
		snprintf(expected, sizeof(expected), "%s@%zu", cases[i].code, PUT_AT + 1 + cases[i].at);
		check_command(line.ptr, expected);
		buf_release(&line);
	}
}

static void test_limits_and_names_are_those_of_the_service(void **state)
{
	static const struct command_case cases[] = {
		{ TABLE "--billing-mode PAY_PER_REQEST", "command.enum@56" },
		{ TABLE "--provisioned-throughput ReadCapacityUnits=0,WriteCapacityUnits=1", "command.range@84" },
		{ TABLE "--provisioned-throughput ReadCapacityUnits=1", "command.required@66" },
		{ TABLE "--provisioned-throughput ReadCapacityUnits=1,WriteCapacityUnits=9223372036854775808", "command.type@105" },
		{ "aws dynamodb list-tables --limit 101", "command.range@33" },
		{ "aws dynamodb list-tables --exclusive-start-table-name ab", "command.range@54" },
		{ "aws dynamodb batch-get-item --request-items '{}'", "command.range@45" },
		{ "aws dynamodb batch-get-item --request-items '={Keys=[{id={S=a}}]}'", "command.range@46" },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
	check_sentence(TABLE "--billing-mode PAY_PER_REQEST", "did you mean 'PAY_PER_REQUEST'?");
	check_sentence(PUT "'{\"a\":{\"L\":[{\"M\":{\"b\":{\"N\":5}}}]}}'",
		       "--item: a.L[0].M.b.N must be a string, not a number; numbers are written as text");
	check_sentence(TABLE "--tags Key=a,Valeu=b", "did you mean 'Value'?");
}

static void test_nesting_is_capped(void **state)
{
	(void)state;
	for (int depth = 32; depth <= 200; depth += 168) {
		struct buf line, got;

		buf_init(&line, 8192);
		buf_init(&got, 8192);
		buf_puts(&line, PUT "'{\"a\":");
		for (int i = 0; i < depth; i++)
			buf_puts(&line, "{\"M\":{\"b\":");
		buf_puts(&line, "{\"S\":\"\"}");
		for (int i = 0; i < depth; i++)
			buf_puts(&line, "}}");
		buf_puts(&line, "}'");
		command_print(buf_str(&line), &got);
		assert_true(str_starts(buf_str(&got), depth == 32 ? STR("PutItem {") : STR("command.")));
		buf_release(&line);
		buf_release(&got);
	}
}

static void put_random(struct buf *out, struct rng *rng, int depth)
{
	static const char *const texts[] = { "", "x", "it's", "a b", "\xc3\xa9", "\\\"", "\\\\", "\\n", "$x", "`" };
	uint64_t kind = rng_below(rng, depth ? 6 : 4), n = rng_below(rng, 4);

	if (kind == 0)
		buf_putf(out, "{\"S\":\"%s\"}", texts[rng_below(rng, COUNT_OF(texts))]);
	else if (kind == 1)
		buf_putf(out, "{\"N\":\"%d\"}", (int)rng_below(rng, 1000) - 500);
	else if (kind == 2)
		buf_putf(out, "{\"BOOL\":%s}", n & 1 ? "true" : "false");
	else if (kind == 3)
		buf_puts(out, "{\"SS\":[\"p\",\"q\"]}");
	else if (kind == 4)
		buf_puts(out, "{\"L\":[");
	else
		buf_puts(out, "{\"M\":{");
	for (uint64_t i = 0; kind > 3 && i < n; i++) {
		if (kind == 5)
			buf_putf(out, "%s\"k%d\":", i ? "," : "", (int)i);
		else
			buf_puts(out, i ? "," : "");
		put_random(out, rng, depth - 1);
	}
	if (kind > 3)
		buf_puts(out, kind == 4 ? "]}" : "}}");
}

/* Compact JSON of any item comes out as it went in. */
static void test_items_come_out_again(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3);
	for (int round = 0; round < 300; round++) {
		struct buf item, line, expected;

		buf_init(&item, 1 << 16);
		buf_init(&line, 1 << 17);
		buf_init(&expected, 1 << 17);
		buf_puts(&item, "{\"a\":");
		put_random(&item, &rng, 4);
		buf_puts(&item, "}");
		buf_puts(&line, PUT);
		put_quoted(&line, buf_str(&item));
		buf_putf(&expected, ITEM "%.*s}", STR_ARG(buf_str(&item)));
		check_command(line.ptr, expected.ptr);
		buf_release(&item);
		buf_release(&line);
		buf_release(&expected);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_is_written_in_the_order_of_the_model),
		cmocka_unit_test(test_blobs_are_base64_unless_said_otherwise),
		cmocka_unit_test(test_mistakes_are_shown_where_they_stand),
		cmocka_unit_test(test_limits_and_names_are_those_of_the_service),
		cmocka_unit_test(test_nesting_is_capped),
		cmocka_unit_test(test_items_come_out_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
