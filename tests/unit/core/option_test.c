#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/core/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct inner {
	int64_t n;
	struct str text;
};

struct outer {
	struct str name, secret;
	int64_t count;
	double rate;
	bool on;
	int mode;
	const struct node *tree, *value;
	struct inner inner;
	struct option_list list;
	struct option_names names;
};

static const char *const modes[] = { "halt", "skip", NULL };
static const char *const later_modes[] = { "rebuild", NULL };

static const struct option inner_options[] = {
	{ .name = "n", .type = OPTION_INT, .offset = offsetof(struct inner, n), .default_text = "7", .min = 1, .max = 9,
	  .unit = "ms", .help = "A number." },
	{ .name = "text", .type = OPTION_STR, .offset = offsetof(struct inner, text), .default_text = "\"quo|ted\"",
	  .help = "One | other." },
	{ 0 },
};

static const struct option options[] = {
	{ .name = "name", .type = OPTION_STR, .offset = offsetof(struct outer, name), .flags = OPTION_REQUIRED,
	  .help = "what it is called" },
	{ .name = "secret", .type = OPTION_STR, .offset = offsetof(struct outer, secret), .flags = OPTION_SECRET },
	{ .name = "count", .type = OPTION_INT, .offset = offsetof(struct outer, count), .default_text = "5", .min = 2 },
	{ .name = "rate", .type = OPTION_REAL, .offset = offsetof(struct outer, rate), .default_text = "0.5" },
	{ .name = "on", .type = OPTION_BOOL, .offset = offsetof(struct outer, on), .default_text = "true" },
	{ .name = "mode", .type = OPTION_ENUM, .offset = offsetof(struct outer, mode), .default_text = "skip",
	  .names = modes, .later = later_modes },
	{ .name = "tree", .type = OPTION_TREE, .offset = offsetof(struct outer, tree), .default_text = "{\"a\":1}" },
	{ .name = "value", .type = OPTION_VALUE, .offset = offsetof(struct outer, value) },
	{ .name = "inner", .type = OPTION_GROUP, .offset = offsetof(struct outer, inner), .table = inner_options },
	{ .name = "list", .type = OPTION_LIST, .offset = offsetof(struct outer, list), .table = inner_options,
	  .item_size = sizeof(struct inner), .max = 2 },
	{ .name = "names", .type = OPTION_NAMES, .offset = offsetof(struct outer, names), .default_text = "[\"x\"]" },
	{ .name = "slices", .flags = OPTION_LATER, .help = "leave it out" },
	{ 0 },
};

static struct arena arena;
static struct problems problems;
static struct buf out;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	problems_init(&problems, &arena);
	buf_init(&out, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&out);
	arena_release(&arena);
	return 0;
}

static struct node *tree_of(struct str json)
{
	struct node origin = { .file = "t.conf", .line = 1 };
	struct node *n = node_from_json(&arena, json, &origin, NULL);

	assert_non_null(n);
	return n;
}

static void test_defaults_of_every_type(void **state)
{
	struct outer o = { 0 };

	(void)state;
	assert_true(option_read(options, tree_of(STR("{\"name\":\"x\"}")), &o, NULL, &problems));
	assert_int_equal(o.count, 5);
	assert_true(o.rate == 0.5);
	assert_true(o.on);
	assert_int_equal(o.mode, 1);
	assert_int_equal(node_get(o.tree, STR("a"))->i, 1);
	assert_null(o.value);
	assert_int_equal(o.inner.n, 7);
	assert_str_equal(o.inner.text, "quo|ted");
	assert_int_equal(o.list.count, 0);
	assert_int_equal(o.names.count, 1);
	assert_str_equal(o.names.items[0], "x");
}

static void test_values_of_every_type(void **state)
{
	struct outer o = { 0 };

	(void)state;
	assert_true(option_read(options, tree_of(STR("{\"name\":\"x\",\"secret\":\"s\",\"count\":9,\"rate\":3,"
						     "\"on\":false,\"mode\":\"halt\",\"tree\":\"[1,2]\",\"value\":\"${a}\","
						     "\"inner\":{\"n\":3},\"list\":[{\"n\":1},{\"text\":\"t\"}],"
						     "\"names\":[\"a\",\"b\"]}")), &o, NULL, &problems));
	assert_str_equal(o.secret, "s");
	assert_int_equal(o.count, 9);
	assert_true(o.rate == 3.0);
	assert_false(o.on);
	assert_int_equal(o.mode, 0);
	assert_int_equal(o.tree->count, 2);
	assert_str_equal(o.value->text, "${a}");
	assert_int_equal(o.inner.n, 3);
	assert_int_equal(o.list.count, 2);
	assert_int_equal(((struct inner *)o.list.items)[0].n, 1);
	assert_int_equal(((struct inner *)o.list.items)[1].n, 7);
	assert_str_equal(((struct inner *)o.list.items)[1].text, "t");
	assert_int_equal(o.names.count, 2);
}

static void test_mistakes_say_what_was_found_and_expected(void **state)
{
	static const struct { struct str json; const char *message; } cases[] = {
		{ STR_INIT("{}"), "t.conf:1: the setting 'name' is missing\n" },
		{ STR_INIT("{\"nam\":\"x\"}"), "t.conf:1: nam: unknown setting; did you mean 'name'?\n" },
		{ STR_INIT("{\"name\":\"\"}"), "t.conf:1: name: must not be empty\n" },
		{ STR_INIT("{\"name\":5}"), "t.conf:1: name: expected a string in double quotes, found the number 5\n" },
		{ STR_INIT("{\"name\":\"x\",\"counts\":1}"), "t.conf:1: counts: unknown setting; did you mean 'count'?\n" },
		{ STR_INIT("{\"name\":\"x\",\"also-one\":1}"), "t.conf:1: also-one: unknown setting; did you mean 'also-on'?\n" },
		{ STR_INIT("{\"name\":\"x\",\"zzzzzz\":1}"), "t.conf:1: zzzzzz: unknown setting\n" },
		{ STR_INIT("{\"name\":\"x\",\"count\":\"1\"}"), "t.conf:1: count: expected a whole number, found the string \"1\"\n" },
		{ STR_INIT("{\"name\":\"x\",\"count\":1.5}"), "t.conf:1: count: expected a whole number, found the number 1.5\n" },
		{ STR_INIT("{\"name\":\"x\",\"count\":1}"), "t.conf:1: count: expected at least 2, found the number 1\n" },
		{ STR_INIT("{\"name\":\"x\",\"inner\":{\"n\":10}}"), "t.conf:1: inner.n: expected 1 to 9 ms, found the number 10\n" },
		{ STR_INIT("{\"name\":\"x\",\"inner\":[]}"), "t.conf:1: inner: expected a group { }, found a list\n" },
		{ STR_INIT("{\"name\":\"x\",\"rate\":true}"), "t.conf:1: rate: expected a number, found true\n" },
		{ STR_INIT("{\"name\":\"x\",\"on\":1}"), "t.conf:1: on: expected true or false, found the number 1\n" },
		{ STR_INIT("{\"name\":\"x\",\"mode\":\"skipp\"}"),
		  "t.conf:1: mode: expected \"halt\" or \"skip\", found the string \"skipp\"; did you mean 'skip'?\n" },
		{ STR_INIT("{\"name\":\"x\",\"mode\":\"rebuild\"}"), "t.conf:1: mode: \"rebuild\" is not available in this version\n" },
		{ STR_INIT("{\"name\":\"x\",\"tree\":\"{\"}"), NULL },
		{ STR_INIT("{\"name\":\"x\",\"tree\":5}"),
		  "t.conf:1: tree: expected a group { }, a list ( ), or a string holding JSON of one, found the number 5\n" },
		{ STR_INIT("{\"name\":\"x\",\"list\":{}}"), "t.conf:1: list: expected a list ( ) of groups { }, found a group { }\n" },
		{ STR_INIT("{\"name\":\"x\",\"list\":[{},{},{}]}"), "t.conf:1: list: expected 0 to 2 elements, found 3\n" },
		{ STR_INIT("{\"name\":\"x\",\"list\":[{},{\"m\":1}]}"), "t.conf:1: list[1].m: unknown setting\n" },
		{ STR_INIT("{\"name\":\"x\",\"list\":[5]}"), "t.conf:1: list[0]: expected a group { }, found a whole number\n" },
		{ STR_INIT("{\"name\":\"x\",\"names\":[\"a\",5]}"),
		  "t.conf:1: names[1]: expected a string that is not empty, found a whole number\n" },
		{ STR_INIT("{\"name\":\"x\",\"names\":\"a\"}"), "t.conf:1: names: expected a list of strings, found the string \"a\"\n" },
		{ STR_INIT("{\"name\":\"x\",\"slices\":2}"),
		  "t.conf:1: slices: this setting is not available in this version: leave it out\n" },
		{ STR_INIT("{\"name\":\"x\",\"secret\":12345}"),
		  "t.conf:1: secret: expected a string or { file = \"/path\"; }, found a whole number\n" },
		{ STR_INIT("{\"name\":\"x\",\"secret\":{\"path\":\"/x\"}}"),
		  "t.conf:1: secret: expected a string or { file = \"/path\"; }, found a group { }\n" },
	};
	static const char *const also[] = { "also-on", NULL };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct outer o = { 0 };

		problems_init(&problems, &arena);
		buf_clear(&out);
		assert_false(option_read(options, tree_of(cases[i].json), &o, also, &problems));
		assert_int_equal(problems.count, 1);
		problems_print(&problems, &out);
		if (cases[i].message)
			assert_string_equal(out.ptr, cases[i].message);
	}
}

static void test_all_mistakes_of_a_group_are_found(void **state)
{
	struct outer o = { 0 };

	(void)state;
	assert_false(option_read(options, tree_of(STR("{\"nam\":1,\"count\":0,\"inner\":{\"n\":0,\"m\":1}}")), &o, NULL,
				 &problems));
	assert_int_equal(problems.count, 4);
}

static void test_a_broken_value_is_passed_over_but_counts_as_given(void **state)
{
	struct node *n = tree_of(STR("{\"name\":5,\"count\":1}"));
	struct outer o = { 0 };

	(void)state;
	n->first->broken = n->last->broken = true;
	assert_true(option_read(options, n, &o, NULL, &problems));
	assert_int_equal(o.count, 5);
}

static void test_a_name_twice_is_refused(void **state)
{
	struct node *n = tree_of(STR("{\"name\":\"x\",\"count\":3}"));
	struct node *twin = node_new(&arena, NODE_INT);
	struct outer o = { 0 };

	(void)state;
	twin->name = STR("count");
	node_append(n, twin);
	assert_false(option_read(options, n, &o, NULL, &problems));
	assert_int_equal(o.count, 3);
}

static void test_reading_over_keeps_what_is_not_given(void **state)
{
	struct outer o = { .count = 88, .on = true, .inner = { .n = 4, .text = STR_INIT("kept") } };

	(void)state;
	assert_true(option_read_over(options, tree_of(STR("{\"on\":false,\"inner\":{\"n\":2}}")), &o, NULL, &problems));
	assert_int_equal(o.count, 88);
	assert_false(o.on);
	assert_int_equal(o.inner.n, 2);
	assert_str_equal(o.inner.text, "kept");
}

static void test_a_secret_comes_from_a_file_without_its_newline(void **state)
{
	char path[] = "/tmp/sluice-secret-XXXXXX", json[200];
	int fd = mkstemp(path);
	struct outer o = { 0 };

	(void)state;
	assert_int_equal(write(fd, "hunter2\r\n", 9), 9);
	close(fd);
	snprintf(json, sizeof(json), "{\"name\":\"x\",\"secret\":{\"file\":\"%s\"}}", path);
	assert_true(option_read(options, tree_of(str_c(json)), &o, NULL, &problems));
	assert_str_equal(o.secret, "hunter2");
	unlink(path);
	assert_false(option_read(options, tree_of(str_c(json)), &o, NULL, &problems));
	problems_print(&problems, &out);
	assert_true(str_find(buf_str(&out), STR("secret.file: cannot open /tmp/sluice-secret-")) != SIZE_MAX);
}

static void test_a_list_may_hold_secrets_from_files(void **state)
{
	static const struct option table[] = {
		{ .name = "names", .type = OPTION_NAMES, .flags = OPTION_SECRET, .help = "Some." },
		{ 0 },
	};
	char path[] = "/tmp/sluice-secret-XXXXXX", json[200];
	int fd = mkstemp(path);
	struct option_names names = { 0 };

	(void)state;
	assert_int_equal(write(fd, "hunter2\n", 8), 8);
	close(fd);
	snprintf(json, sizeof(json), "{\"names\":[\"a=b\",{\"name\":\"password\",\"file\":\"%s\"}]}", path);
	assert_true(option_read(table, tree_of(str_c(json)), &names, NULL, &problems));
	assert_int_equal(names.count, 2);
	assert_str_equal(names.items[1], "password=hunter2");
	assert_false(option_read(table, tree_of(STR("{\"names\":[{\"name\":\"x\"}]}")), &names, NULL, &problems));
	assert_int_equal(names.count, 0);
	unlink(path);
}

static void test_a_list_may_hold_secrets_without_names(void **state)
{
	static const struct option table[] = {
		{ .name = "secrets", .type = OPTION_NAMES, .flags = OPTION_SECRET | OPTION_BARE, .help = "Some." },
		{ 0 },
	};
	char path[] = "/tmp/sluice-secret-XXXXXX", json[200];
	int fd = mkstemp(path);
	struct option_names names = { 0 };

	(void)state;
	assert_int_equal(write(fd, "hunter2\n", 8), 8);
	close(fd);
	snprintf(json, sizeof(json), "{\"secrets\":[\"one\",{\"file\":\"%s\"}]}", path);
	assert_true(option_read(table, tree_of(str_c(json)), &names, NULL, &problems));
	assert_int_equal(names.count, 2);
	assert_str_equal(names.items[0], "one");
	assert_str_equal(names.items[1], "hunter2");
	assert_false(option_read(table, tree_of(STR("{\"secrets\":[{\"name\":\"x\",\"file\":\"y\"}]}")), &names, NULL,
				 &problems));
	assert_int_equal(names.count, 0);
	problems_print(&problems, &out);
	assert_true(str_find(buf_str(&out), STR("expected a string or { file = \"/path\"; }")) != SIZE_MAX);
	unlink(path);
}

static void test_the_table_documents_itself(void **state)
{
	(void)state;
	assert_true(option_print_markdown(options, &out));

	struct str text = buf_str(&out);

	assert_true(str_find(text, STR("| `name` | string | **required** | what it is called |\n")) != SIZE_MAX);
	assert_true(str_find(text, STR("| `mode` | `halt` or `skip` | `\"skip\"` |")) != SIZE_MAX);
	assert_true(str_find(text, STR("| `inner.n` | whole number, 1 to 9 ms | `7` | A number. |\n")) != SIZE_MAX);
	assert_true(str_find(text, STR("| `list[].text` | string | `\"quo\\|ted\"` | One \\| other. |\n")) != SIZE_MAX);
	assert_true(str_find(text, STR("| `secret` | string or `{ file")) != SIZE_MAX);
	assert_true(str_find(text, STR("slices")) == SIZE_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults_of_every_type),
		TEST(test_values_of_every_type),
		TEST(test_mistakes_say_what_was_found_and_expected),
		TEST(test_all_mistakes_of_a_group_are_found),
		TEST(test_a_broken_value_is_passed_over_but_counts_as_given),
		TEST(test_a_name_twice_is_refused),
		TEST(test_reading_over_keeps_what_is_not_given),
		TEST(test_a_secret_comes_from_a_file_without_its_newline),
		TEST(test_a_list_may_hold_secrets_from_files),
		TEST(test_a_list_may_hold_secrets_without_names),
		TEST(test_the_table_documents_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
