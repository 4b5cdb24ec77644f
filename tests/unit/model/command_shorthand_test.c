/* The AWS CLI's own reading of shorthand is compared in tests/e2e/test_commands.py. */
#include "command_cases.h"

#include "sluice/core/json_write.h"
#include "sluice/core/rng.h"

#include <stdio.h>

#define TAGS "aws dynamodb create-table --table-name T --tags "
#define REQUEST "CreateTable {\"TableName\":\"T\",\"Tags\":"
#define PUT "aws dynamodb put-item --table-name T --item "
#define ITEM "PutItem {\"TableName\":\"T\",\"Item\":"
#define INDEXES "aws dynamodb create-table --table-name T --global-secondary-indexes "

enum { PUT_AT = sizeof(PUT) - 1 };

static void test_lists_of_structures_are_words(void **state)
{
	static const struct command_case cases[] = {
		{ TAGS "Key=a,Value=b Key=c,Value=", REQUEST "[{\"Key\":\"a\",\"Value\":\"b\"},{\"Key\":\"c\",\"Value\":\"\"}]}" },
		{ TAGS "Value=b,Key=a", REQUEST "[{\"Key\":\"a\",\"Value\":\"b\"}]}" },
		{ TAGS "'Key = a , Value = b c '", REQUEST "[{\"Key\":\"a\",\"Value\":\"b c\"}]}" },
		{ TAGS "Key=a,Value=b=c", REQUEST "[{\"Key\":\"a\",\"Value\":\"b=c\"}]}" },
		{ TAGS "'Key=a,Value=b\\,c'", REQUEST "[{\"Key\":\"a\",\"Value\":\"b,c\"}]}" },
		{ TAGS "'Key=a,Value=\"b, c \"'", REQUEST "[{\"Key\":\"a\",\"Value\":\"b, c \"}]}" },
		{ TAGS "'Key=a,Value=\"x\\\"y\"'", REQUEST "[{\"Key\":\"a\",\"Value\":\"x\\\"y\"}]}" },
		{ TAGS "\"Key=a,Value='x\\'\"", REQUEST "[{\"Key\":\"a\",\"Value\":\"x\\\\\"}]}" },
		{ TAGS "Key@=a,Value=@b", REQUEST "[{\"Key\":\"a\",\"Value\":\"@b\"}]}" },
		{ TAGS "'Key=a,,Value=b'", REQUEST "[{\"Key\":\"a\",\"Value\":\"b\"}]}" },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
}

static void test_lists_and_maps_nest(void **state)
{
	static const struct command_case cases[] = {
		{ PUT "a={S=x}", ITEM "{\"a\":{\"S\":\"x\"}}}" },
		{ PUT "'a={L=[{S=x},{N=1}]},b={M={c={BOOL=True}}}'",
		  ITEM "{\"a\":{\"L\":[{\"S\":\"x\"},{\"N\":\"1\"}]},\"b\":{\"M\":{\"c\":{\"BOOL\":true}}}}}" },
		{ PUT "'a={SS=[p, q ,\"r s\"]}'", ITEM "{\"a\":{\"SS\":[\"p\",\"q\",\"r s\"]}}}" },
		{ "aws dynamodb batch-execute-statement --statements 'Statement=x,Parameters={S=a}'",
		  "BatchExecuteStatement {\"Statements\":[{\"Statement\":\"x\",\"Parameters\":[{\"S\":\"a\"}]}]}" },
		/* What is put into a list for somebody is not looked into any more. */
		{ "aws dynamodb batch-execute-statement --statements 'Statement=x,Parameters={BOOL=true}'", "command.type@80" },
		{ PUT "a={SS=p}", ITEM "{\"a\":{\"SS\":[\"p\"]}}}" },
		{ INDEXES "'IndexName=idx,KeySchema={AttributeName=id,KeyType=HASH},Projection={ProjectionType=INCLUDE,"
		  "NonKeyAttributes=a},ProvisionedThroughput={ReadCapacityUnits=1,WriteCapacityUnits=+2}'",
		  "CreateTable {\"TableName\":\"T\",\"GlobalSecondaryIndexes\":[{\"IndexName\":\"idx\",\"KeySchema\":["
		  "{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],\"Projection\":{\"ProjectionType\":\"INCLUDE\","
		  "\"NonKeyAttributes\":[\"a\"]},\"ProvisionedThroughput\":{\"ReadCapacityUnits\":1,\"WriteCapacityUnits\":2}}]}" },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
}

static void test_mistakes_are_shown_where_they_stand(void **state)
{
	static const struct { const char *value; size_t at; const char *code; } cases[] = {
		{ "a", 1, "command.shorthand" },                   /* no = */
		{ "'a={S=x'", 8, "command.shorthand" },            /* ends inside (behind the quote) */
		{ "'a={S=x}}'", 8, "command.shorthand" },          /* one too many */
		{ "'a={S=x} '", 10, "command.shorthand" },          /* a blank at the end */
		{ "'a={S=\"x}'", 6, "command.shorthand" },         /* never closed */
		{ "'a={L=[{S=x}{S=y}]}'", 12, "command.shorthand" },
		{ "'a={X=y}'", 4, "command.member" },
		{ "'a={S=x,S=y}'", 8, "command.duplicate" },
		{ "'a={S=x},a={S=y}'", 9, "command.duplicate" },
		{ "'a={N=five}'", 6, "command.value" },
		{ "'a={BOOL=maybe}'", 9, "command.type" },
		{ "'a=x'", 3, "command.type" },
		{ "'a={S=\xf0\x9f\x98\x80}'", 6, "command.shorthand" },  /* four bytes want quotes */
		{ "'a={S@=file://x}'", 7, "command.file" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char command[256], expected[64];

		snprintf(command, sizeof(command), PUT "%s", cases[i].value);
		snprintf(expected, sizeof(expected), "%s@%zu", cases[i].code, PUT_AT + cases[i].at);
		check_command(command, expected);
	}
}

static void test_nesting_is_capped(void **state)
{
	struct buf line, got;

	(void)state;
	buf_init(&line, 4096);
	buf_init(&got, 4096);
	buf_puts(&line, PUT "'a={L=");
	for (int i = 0; i < COMMAND_MAX_DEPTH; i++)
		buf_putc(&line, '[');
	buf_puts(&line, "'");
	command_print(buf_str(&line), &got);
	assert_true(str_starts(buf_str(&got), STR("command.depth@")));
	buf_release(&line);
	buf_release(&got);
}

/* Any text in double quotes, with its quotes escaped, comes out as it was (backslashes
 * have no escape that is safe in all places: the CLI turns quotes first). */
static void test_quoted_text_comes_out_again(void **state)
{
	static const char *const pieces[] = { "a", "Z", "\"", "'", ",", "=", "[", "]", "{", "}", " ",
					      "\xc3\xa9", "\xf0\x9f\x98\x80", "\t", "#", "@", ":", "!" };
	struct rng rng;

	(void)state;
	rng_seed(&rng, 11);
	for (int round = 0; round < 300; round++) {
		struct buf value, line, expected;

		buf_init(&value, 4096);
		buf_init(&line, 4096);
		buf_init(&expected, 4096);
		buf_puts(&value, "Key=a,Value=\"");
		buf_puts(&expected, REQUEST "[{\"Key\":\"a\",\"Value\":\"");
		for (uint64_t i = 0, n = rng_below(&rng, 12); i < n; i++) {
			const char *piece = pieces[rng_below(&rng, COUNT_OF(pieces))];

			buf_putf(&value, "%s%s", *piece == '"' ? "\\" : "", piece);
			json_escape(&expected, str_c(piece));
		}
		buf_puts(&value, "\"");
		buf_puts(&expected, "\"}]}");
		buf_puts(&line, TAGS);
		put_quoted(&line, buf_str(&value));
		check_command(line.ptr, expected.ptr);
		buf_release(&value);
		buf_release(&line);
		buf_release(&expected);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists_of_structures_are_words),
		cmocka_unit_test(test_lists_and_maps_nest),
		cmocka_unit_test(test_mistakes_are_shown_where_they_stand),
		cmocka_unit_test(test_nesting_is_capped),
		cmocka_unit_test(test_quoted_text_comes_out_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
