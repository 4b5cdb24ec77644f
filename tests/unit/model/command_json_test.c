#include "command_cases.h"

#include <stdio.h>

#define PUT "aws dynamodb put-item --table-name T --item "

enum { PUT_AT = sizeof(PUT) - 1 };

static void test_what_is_no_json_is_shown_where_it_breaks(void **state)
{
	static const struct { const char *value; size_t at; } cases[] = {
		{ "'{\"a\":{\"S\":\"x\"}'", 16 },             /* ends: behind the quote */
		{ "'{\"a\":{\"S\":\"x\"}} x'", 17 },
		{ "'{\"a\":{\"S\":\"\\ud800\"}}'", 12 },      /* half a character */
		{ "'{\"a\":{\"S\":\"\\u0000\"}}'", 12 },
		{ "\"{'a':1}\"", 2 },
		{ "'{\"a\":{\"N\":01}}'", 11 },
		{ "'{\"a\":NaN}'", 6 },
		{ "'{\"a\":{\"S\":\"x\"},}'", 16 },
		{ "\"{\\\"a\\\":{\\\"S\\\":\\\"\\\\q\\\"}}\"", 18 },  /* quotes within quotes still count */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char command[256], expected[64];

		snprintf(command, sizeof(command), PUT "%s", cases[i].value);
		snprintf(expected, sizeof(expected), "command.json@%zu", PUT_AT + cases[i].at);
		check_command(command, expected);
	}
}

static void test_escapes_are_undone(void **state)
{
	static const struct command_case cases[] = {
		{ PUT "'{\"\\u0061\":{\"\\u0053\":\"\\ud83d\\ude00\\t\"}}'",
		  "PutItem {\"TableName\":\"T\",\"Item\":{\"a\":{\"S\":\"\xf0\x9f\x98\x80\\t\"}}}" },
		{ PUT "'{\"\":{\"S\":\"\"}}'", "PutItem {\"TableName\":\"T\",\"Item\":{\"\":{\"S\":\"\"}}}" },
	};

	(void)state;
	check_commands(cases, COUNT_OF(cases));
}

static void test_nesting_is_capped(void **state)
{
	struct buf line, got;

	(void)state;
	buf_init(&line, 4096);
	buf_init(&got, 4096);
	buf_puts(&line, PUT "'");
	for (int i = 0; i <= COMMAND_MAX_DEPTH; i++)
		buf_puts(&line, "{\"a\":");
	buf_puts(&line, "'");
	command_print(buf_str(&line), &got);
	assert_true(str_starts(buf_str(&got), STR("command.depth@")));
	buf_release(&line);
	buf_release(&got);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_json_is_shown_where_it_breaks),
		cmocka_unit_test(test_escapes_are_undone),
		cmocka_unit_test(test_nesting_is_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
