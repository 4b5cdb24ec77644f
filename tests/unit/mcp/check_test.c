/* Arguments against a table: what is taken, what is said about what is not. */
#include "support/test.h"

#include "../../../src/mcp/impl.h"

static const char *const words[] = { "red", "green", NULL };

static const struct mcp_param members[] = {
	{ "name", MCP_STRING, "A name.", .flags = MCP_REQUIRED },
	{ "size", MCP_NUMBER, "A size.", .flags = MCP_OPTIONAL },
	{ 0 },
};

static const struct mcp_param params[] = {
	{ "table_name", MCP_STRING, "The table.", .flags = MCP_REQUIRED },
	{ "colour", MCP_STRING, "A colour.", .names = words },
	{ "limit", MCP_INTEGER, "At most.", .min = 1, .max = 100 },
	{ "any", MCP_INTEGER, "Any number.", .flags = MCP_OPTIONAL },
	{ "ratio", MCP_NUMBER, "A ratio.", .flags = MCP_OPTIONAL },
	{ "yes", MCP_BOOLEAN, "Yes.", .flags = MCP_OPTIONAL },
	{ "key", MCP_OBJECT, "A map.", .flags = MCP_OPTIONAL },
	{ "names", MCP_ARRAY, "Names.", .items = MCP_STRING },
	{ "colours", MCP_ARRAY, "Colours.", .items = MCP_STRING, .names = words },
	{ "parts", MCP_ARRAY, "Parts.", .items = MCP_OBJECT, .members = members },
	{ "part", MCP_OBJECT, "A part.", .members = members },
	{ "mixed", MCP_ARRAY, "Anything.", .items = MCP_ANY },
	{ 0 },
};

#define T "\"table_name\":\"t\""

static size_t check(const char *json, struct buf *wrong, struct buf *taken)
{
	struct arena arena;
	struct node *args;
	struct err err = { 0 };
	size_t n;

	arena_init(&arena, 1 << 20);
	args = node_from_json(&arena, str_c(json), NULL, &err);
	if (!args)
		fail_msg("%s: %s", json, err.text);
	n = check_arguments(&arena, params, args, wrong);
	node_print_json(args, taken);
	arena_release(&arena);
	return n;
}

static void test_what_is_meant_is_taken(void **state)
{
	static const struct { const char *json, *taken; } cases[] = {
		{ "{" T "}", "{" T "}" },
		{ "{" T ",\"limit\":null}", "{" T ",\"limit\":null}" },
		{ "{" T ",\"limit\":100}", "{" T ",\"limit\":100}" },
		{ "{" T ",\"limit\":\"10\"}", "{" T ",\"limit\":10}" },
		{ "{" T ",\"limit\":\" 10 \"}", "{" T ",\"limit\":10}" },
		{ "{" T ",\"any\":-5}", "{" T ",\"any\":-5}" },
		{ "{" T ",\"ratio\":\"1.5\"}", "{" T ",\"ratio\":1.5}" },
		{ "{" T ",\"ratio\":2}", "{" T ",\"ratio\":2}" },
		{ "{" T ",\"yes\":\"TRUE\"}", "{" T ",\"yes\":true}" },
		{ "{" T ",\"yes\":\"false\"}", "{" T ",\"yes\":false}" },
		{ "{" T ",\"key\":\"{\\\"a\\\":[1]}\"}", "{" T ",\"key\":{\"a\":[1]}}" },
		{ "{" T ",\"key\":{}}", "{" T ",\"key\":{}}" },
		{ "{" T ",\"names\":\"[\\\"a\\\"]\"}", "{" T ",\"names\":[\"a\"]}" },
		{ "{" T ",\"parts\":[\"{\\\"name\\\":\\\"a\\\"}\"]}", "{" T ",\"parts\":[{\"name\":\"a\"}]}" },
		{ "{" T ",\"mixed\":[1,\"a\",{},null]}", "{" T ",\"mixed\":[1,\"a\",{},null]}" },
		{ "{" T ",\"colours\":[\"red\"]}", "{" T ",\"colours\":[\"red\"]}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf wrong, taken;

		buf_init(&wrong, 1 << 16);
		buf_init(&taken, 1 << 16);
		if (check(cases[i].json, &wrong, &taken) != 0)
			fail_msg("%s: %s", cases[i].json, wrong.ptr);
		assert_str_equal(buf_str(&taken), cases[i].taken);
		buf_release(&wrong);
		buf_release(&taken);
	}
}

static void test_what_is_wrong_is_said(void **state)
{
	static const struct { const char *json, *said; } cases[] = {
		{ "{}", "\"table_name\" is missing: a string (The table.)" },
		{ "{\"table_name\":null}", "\"table_name\" is missing" },
		{ "{\"table_name\":7}", "\"table_name\": expected a string, found the number 7" },
		{ "{\"table_name\":[\"t\"]}", "expected a string, found a list" },
		{ "{\"table_name\":{\"S\":\"t\"}}", "expected a string, found an object" },
		{ "{" T ",\"tabel_name\":1}", "\"tabel_name\": there is no such argument; did you mean 'table_name'?" },
		{ "{" T ",\"\":1}", "there is no such argument" },
		{ "{" T ",\"limit\":0}", "\"limit\": expected 1 to 100, found 0" },
		{ "{" T ",\"limit\":101}", "expected 1 to 100, found 101" },
		{ "{" T ",\"limit\":1.5}", "\"limit\": expected an integer, found the number 1.5" },
		{ "{" T ",\"limit\":\"ten\"}", "expected an integer, found the string \"ten\"" },
		{ "{" T ",\"limit\":\"\"}", "expected an integer, found the string \"\"" },
		{ "{" T ",\"limit\":true}", "expected an integer, found true" },
		{ "{" T ",\"limit\":\"0x10\"}", "expected an integer" },
		{ "{" T ",\"any\":1e300}", "expected an integer" },
		{ "{" T ",\"any\":99999999999999999999}", "expected an integer" },
		{ "{" T ",\"ratio\":\"NaN\"}", "expected a number" },
		{ "{" T ",\"yes\":1}", "\"yes\": expected true or false, found the number 1" },
		{ "{" T ",\"colour\":\"gren\"}", "\"colour\": expected one of red, green; found \"gren\"; did you mean 'green'?" },
		{ "{" T ",\"colours\":[\"red\",\"blue\"]}", "\"colours[1]\": expected one of red, green; found \"blue\"" },
		{ "{" T ",\"key\":\"{\"}", "\"key\": expected an object, found the string \"{\"" },
		{ "{" T ",\"key\":\"[1]\"}", "expected an object" },
		{ "{" T ",\"key\":[1]}", "expected an object, found a list" },
		{ "{" T ",\"names\":\"a\"}", "\"names\": expected a list, found the string \"a\"" },
		{ "{" T ",\"names\":[\"a\",null]}", "\"names[1]\": expected a string" },
		{ "{" T ",\"parts\":[{\"name\":\"a\"},{}]}", "\"parts[1].name\" is missing" },
		{ "{" T ",\"parts\":[{\"name\":\"a\",\"sise\":1}]}", "\"parts[0].sise\": there is no such argument; did you mean 'size'?" },
		{ "{" T ",\"part\":{\"name\":\"a\",\"size\":\"b\"}}", "\"part.size\": expected a number" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf wrong, taken;

		buf_init(&wrong, 1 << 16);
		buf_init(&taken, 1 << 16);
		assert_int_equal(check(cases[i].json, &wrong, &taken), 1);
		if (!strstr(wrong.ptr, cases[i].said))
			fail_msg("%s: expected %s in: %s", cases[i].json, cases[i].said, wrong.ptr);
		buf_release(&wrong);
		buf_release(&taken);
	}
}

static void test_many_mistakes_are_counted(void **state)
{
	struct buf json, wrong, taken;

	(void)state;
	buf_init(&json, 1 << 20);
	buf_init(&wrong, 1 << 16);
	buf_init(&taken, 1 << 20);
	buf_puts(&json, "{" T);
	for (int i = 0; i < 1000; i++)
		buf_putf(&json, ",\"x%d\":%d", i, i);
	buf_putc(&json, '}');
	assert_int_equal(check(json.ptr, &wrong, &taken), 1000);
	assert_non_null(strstr(wrong.ptr, "- and 990 more"));
	buf_release(&json);
	buf_release(&wrong);
	buf_release(&taken);
}

static void test_the_schema_has_only_what_all_clients_take(void **state)
{
	const struct mcp_tool tool = { .name = "t", .params = params }, bare = { .name = "b" };
	struct json_writer w;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	json_write_init(&w, &out);
	schema_write(&w, &tool);
	assert_str_equal(buf_str(&out),
			 "{\"type\":\"object\",\"properties\":{"
			 "\"table_name\":{\"type\":\"string\",\"description\":\"The table.\"},"
			 "\"colour\":{\"type\":\"string\",\"enum\":[\"red\",\"green\"],\"description\":\"A colour.\"},"
			 "\"limit\":{\"type\":\"integer\",\"description\":\"At most.\"},"
			 "\"any\":{\"type\":\"integer\",\"description\":\"Any number.\"},"
			 "\"ratio\":{\"type\":\"number\",\"description\":\"A ratio.\"},"
			 "\"yes\":{\"type\":\"boolean\",\"description\":\"Yes.\"},"
			 "\"key\":{\"type\":\"object\",\"description\":\"A map.\"},"
			 "\"names\":{\"type\":\"array\",\"description\":\"Names.\",\"items\":{\"type\":\"string\"}},"
			 "\"colours\":{\"type\":\"array\",\"description\":\"Colours.\",\"items\":{\"type\":\"string\",\"enum\":[\"red\",\"green\"]}},"
			 "\"parts\":{\"type\":\"array\",\"description\":\"Parts.\",\"items\":{\"type\":\"object\",\"properties\":{"
			 "\"name\":{\"type\":\"string\",\"description\":\"A name.\"},\"size\":{\"type\":\"number\",\"description\":\"A size.\"}},"
			 "\"required\":[\"name\"]}},"
			 "\"part\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"description\":\"A name.\"},"
			 "\"size\":{\"type\":\"number\",\"description\":\"A size.\"}},\"required\":[\"name\"],\"description\":\"A part.\"},"
			 "\"mixed\":{\"type\":\"array\",\"description\":\"Anything.\",\"items\":{}}},"
			 "\"required\":[\"table_name\"]}");
	buf_clear(&out);
	json_write_init(&w, &out);
	schema_write(&w, &bare);
	assert_str_equal(buf_str(&out), "{\"type\":\"object\",\"properties\":{}}");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_meant_is_taken),
		cmocka_unit_test(test_what_is_wrong_is_said),
		cmocka_unit_test(test_many_mistakes_are_counted),
		cmocka_unit_test(test_the_schema_has_only_what_all_clients_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
