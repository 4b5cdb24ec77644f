#include "support/test.h"

#include "sluice/app/conf_file.h"

#include <stdio.h>
#include <stdlib.h>

/* Files and variables in memory. */
struct world {
	const char *main;
	struct { const char *path, *text; } files[4];
	struct { const char *name, *value; } variables[4];
};

static bool load(void *ctx, const char *path, struct buf *out, struct err *err)
{
	const struct world *w = ctx;

	if (strcmp(path, "etc/x.conf") == 0)
		return buf_puts(out, w->main);
	for (size_t i = 0; i < COUNT_OF(w->files) && w->files[i].path; i++)
		if (strcmp(w->files[i].path, path) == 0)
			return buf_puts(out, w->files[i].text);
	return err_set(err, ERR_FATAL, "file.open", "cannot open %s: No such file or directory", path);
}

static const char *variable(void *ctx, const char *name)
{
	const struct world *w = ctx;

	for (size_t i = 0; i < COUNT_OF(w->variables) && w->variables[i].name; i++)
		if (strcmp(w->variables[i].name, name) == 0)
			return w->variables[i].value;
	return NULL;
}

static struct arena arena;
static struct problems problems;
static struct buf out;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 32 << 20);
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

static const struct node *read_world(const struct world *w)
{
	struct conf_source source = { load, variable, (void *)w };
	const struct node *n;

	problems_init(&problems, &arena);
	n = conf_read(&source, "etc/x.conf", &arena, &problems);
	problems_sort(&problems);
	buf_clear(&out);
	buf_puts(&out, "");
	problems_print(&problems, &out);
	return n;
}

static void expect_json(const struct world *w, const char *json)
{
	const struct node *n = read_world(w);

	assert_string_equal(out.ptr, "");
	assert_non_null(n);
	buf_clear(&out);
	node_print_json(n, &out);
	assert_string_equal(out.ptr, json);
}

static void test_the_syntax_becomes_a_tree(void **state)
{
	static const struct { const char *conf, *json; } cases[] = {
		{ "", "{}" },
		{ "# nothing\n// here\n/* at\nall */", "{}" },
		{ "\xef\xbb\xbf" "a = 1;\r\nb : 2\r\n", "{\"a\":1,\"b\":2}" },
		{ "a = \"x\" \"y\";", "{\"a\":\"xy\"}" },
		{ "a = \"tab\\t quote\\\" back\\\\ \\x41 \\q\";", "{\"a\":\"tab\\t quote\\\" back\\\\ A \\\\q\"}" },
		{ "a = [1, 2]; b = (\"x\", { c = true; }, ( )); d = { };", "{\"a\":[1,2],\"b\":[\"x\",{\"c\":true},[]],\"d\":{}}" },
		{ "A-b* = TRUE; *x = fAlse;", "{\"A-b*\":true,\"*x\":false}" },
		{ "a = 4294967296L; b = -2147483648; c = 0x7FFFFFFF; d = 0x1FFFFFFFFL; e = 5LL;",
		  "{\"a\":4294967296,\"b\":-2147483648,\"c\":2147483647,\"d\":8589934591,\"e\":5}" },
		{ "a = 0.1; b = 50.10; c = .5; d = 1.; e = +3; f = 1e3; g = 0.12345678901234567890123456789; h = -1.5E-3; i = 007;",
		  "{\"a\":0.1,\"b\":50.10,\"c\":0.5,\"d\":1,\"e\":3,\"f\":1e3,\"g\":0.12345678901234567890123456789,"
		  "\"h\":-1.5E-3,\"i\":7}" },
		{ "a = \"@include \\\"x\\\"\n@include # no comment\";", "{\"a\":\"@include \\\"x\\\"\\n@include # no comment\"}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		expect_json(&(struct world){ .main = cases[i].conf }, cases[i].json);
}

static void test_mistakes_are_named_with_file_and_line(void **state)
{
	static const struct { const char *conf, *message; } cases[] = {
		{ "a = 1;\nb = 4294967296;\n",
		  "etc/x.conf:2: the whole number does not fit into 32 bits; write it with an L at its end (4294967296L)\n" },
		{ "a = 0x80000000;",
		  "etc/x.conf:1: the whole number does not fit into 32 bits; write it with an L at its end (4294967296L)\n" },
		{ "a = -9223372036854775809L;",
		  "etc/x.conf:1: the whole number does not fit into 64 bits; a larger one is written as a string\n" },
		{ "a = 99999999999999999999999L;",
		  "etc/x.conf:1: the whole number does not fit into 64 bits; a larger one is written as a string\n" },
		{ "a = 1e999;", "etc/x.conf:1: expected a number, true, false, or a string in double quotes\n" },
		{ "a = 5x;", "etc/x.conf:1: expected a number, true, false, or a string in double quotes\n" },
		{ "a = \"x\\x00y\";", "etc/x.conf:1: a string cannot hold the character \\x00\n" },
		{ "a = 1;\n\na = 2;\nb = 1; b = 2;",
		  "etc/x.conf:3: 'a' stands twice in this group; the first one is at etc/x.conf:1\n"
		  "etc/x.conf:4: 'b' stands twice in this group; the first one is at etc/x.conf:4\n" },
		{ "a = {\n b = (1\n};", "etc/x.conf:3: '}' closes what '(' at etc/x.conf:2 opened\n" },
		{ "a = 1;\n}", "etc/x.conf:2: '}' closes nothing that is open\n" },
		{ "a = 1;\nb = {\n c = 1;\n", "etc/x.conf:2: the '{' that stands here is never closed\n" },
		{ "a = \"x;\nb = 1;\n", "etc/x.conf:1: the string that begins here does not end\n" },
		{ "a = 1;\n/* x\n", "etc/x.conf:2: the comment that begins here does not end\n" },
		{ "kind = kafka;\n",
		  "etc/x.conf:1: expected a value, found a word without quotes; text stands in double quotes\n" },
		{ "kind = ;\n", "etc/x.conf:1: the value of 'kind' is missing\n" },
		{ "kind\n", "etc/x.conf: the file ends before the value of 'kind'\n" },
		{ "a = ( 1, 2, );", "etc/x.conf:1: a list may not end with a comma\n" },
		{ "a = ( { b = 1; }\n { b = 2; } );", "etc/x.conf:2: expected a comma between the elements of the list\n" },
		{ "a = ( { b = 1; }; { b = 2; } );", "etc/x.conf:1: elements of a list are separated by commas, found ';'\n" },
		{ "a = [ { b = 1; } ];",
		  "etc/x.conf:1: an array [ ] holds plain values only; a list of groups or lists is written ( )\n" },
		{ "a = [ 1, \"x\" ];\n",
		  "etc/x.conf:1: the values in an array [ ] are of different types; write a list ( ) instead\n" },
		{ "{ \"a\": 1 }", "etc/x.conf:1: expected a setting's name before this value (name = value;)\n" },
		{ "a = { \"b\": 1 };",
		  "etc/x.conf:1: names stand without quotes here; a group with other names is written as JSON in a string\n" },
		{ "a = { $or = 1; };",
		  "etc/x.conf:1: a name cannot begin with '$'; a group with such a name is written as JSON in a string\n" },
		{ "a = 'x';", "etc/x.conf:1: text stands in double quotes\n" },
		{ "a = 1;;\n", "etc/x.conf:1: one ';' too many\n" },
		{ "a b = 1;", "etc/x.conf:1: expected '=' or ':' after 'a'\n" },
		{ "a = \"caf\xe9\";", "etc/x.conf:1: the line is not UTF-8\n" },
		{ "a = \"\\xe9\";", "etc/x.conf:1: a: the text is not UTF-8 (an escape \\x.. makes single bytes)\n" },
		{ "a = 1;\xe2\x80\x93\n", "etc/x.conf:1: expected a setting, found the byte 0xe2\n" },
		{ "a = 1; @include \"y\"\n", "etc/x.conf:1: expected @include \"file\" alone on its line\n" },
		{ "@include <y>\n", "etc/x.conf:1: expected @include \"file\" alone on its line\n" },
		{ "\n@include \"y.conf\"\n", "etc/x.conf:2: cannot open etc/y.conf: No such file or directory\n" },
		{ "\n\n a = bad;\n b = ;\n c = 1 2;",
		  "etc/x.conf:3: expected a value, found a word without quotes; text stands in double quotes\n"
		  "etc/x.conf:4: the value of 'b' is missing\n"
		  "etc/x.conf:5: expected a setting's name before this value (name = value;)\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		read_world(&(struct world){ .main = cases[i].conf });
		assert_string_equal(out.ptr, cases[i].message);
	}
}

static void test_a_number_that_does_not_fit_leaves_the_rest_readable(void **state)
{
	const struct node *n = read_world(&(struct world){ .main = "a = 4294967296; b = 2; c = (1, 99999999999, 3);" });

	(void)state;
	assert_non_null(n);
	assert_int_equal(problems.count, 2);
	assert_true(node_get(n, STR("a"))->broken);
	assert_false(node_get(n, STR("b"))->broken);
	assert_int_equal(node_get(n, STR("b"))->i, 2);
	assert_true(node_get(n, STR("c"))->first->next->broken);
	assert_int_equal(node_get(n, STR("c"))->last->i, 3);
}

static void test_variables_are_filled_in(void **state)
{
	static const struct { const char *conf, *json; } cases[] = {
		{ "a = \"$(HOST):9092\";", "{\"a\":\"kafka.example:9092\"}" },
		{ "a = \"$(PORT:-80) $(EMPTY:-x) [$(EMPTY)] $(HOST:-y)\";", "{\"a\":\"80 x [] kafka.example\"}" },
		{ "a = \"$(UNSET:-)\";", "{\"a\":\"\"}" },
		{ "a = \"$$(HOST) ${new.x} $x $\";", "{\"a\":\"$(HOST) ${new.x} $x $\"}" },
		{ "a = \"$(NESTED)\";", "{\"a\":\"$(HOST) \\\"\"}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world w = { .main = cases[i].conf,
				   .variables = { { "HOST", "kafka.example" }, { "EMPTY", "" }, { "NESTED", "$(HOST) \"" } } };

		expect_json(&w, cases[i].json);
	}
}

static void test_a_variable_that_is_missing_is_named(void **state)
{
	struct world w = { .main = "a = \"$(A)\";\nb = { c = \"$(9x)\"; };\nd = \"$(A\";\ne = \"$(BAD)\";\nf = 1;",
			   .variables = { { "BAD", "\xff" } } };
	const struct node *n = read_world(&w);

	(void)state;
	assert_string_equal(out.ptr,
		"etc/x.conf:1: a: the environment variable A is not set; set it or give a default: $(A:-text)\n"
		"etc/x.conf:2: b.c: expected an environment variable in $(NAME) or $(NAME:-default); a plain '$(' is written '$$('\n"
		"etc/x.conf:3: d: '$(' without its ')'; a plain '$(' is written '$$('\n"
		"etc/x.conf:4: e: the environment variable BAD does not hold UTF-8 text\n");
	assert_true(node_get(n, STR("a"))->broken);
	assert_false(node_get(n, STR("f"))->broken);
}

static void test_includes_stand_in_the_place_of_their_line(void **state)
{
	struct world w = {
		.main = "a = 1;\n  @include \"sub/y.conf\"  # more\nlist = (\n@include \"z.conf\"\n);\nb = 2;",
		.files = { { "etc/sub/y.conf", "c = 3;\n@include \"w.conf\"" }, { "etc/sub/w.conf", "d = 4; /* x */" },
			   { "etc/z.conf", "{ e = 5; },\n\n{ e = 6; }" } },
	};
	const struct node *n = read_world(&w), *d, *e;

	(void)state;
	assert_string_equal(out.ptr, "");
	d = node_get(n, STR("d"));
	e = node_get(node_get(n, STR("list"))->last, STR("e"));
	assert_string_equal(d->file, "etc/sub/w.conf");
	assert_int_equal(d->line, 1);
	assert_string_equal(e->file, "etc/z.conf");
	assert_int_equal(e->line, 3);
	assert_string_equal(node_get(n, STR("b"))->file, "etc/x.conf");
	assert_int_equal(node_get(n, STR("b"))->line, 6);
	node_print_json(n, &out);
	assert_string_equal(out.ptr, "{\"a\":1,\"c\":3,\"d\":4,\"list\":[{\"e\":5},{\"e\":6}],\"b\":2}");
}

static void test_mistakes_in_an_included_file_carry_its_name(void **state)
{
	struct world w = { .main = "a = 1;\n@include \"y.conf\"\nb = nope;",
			   .files = { { "etc/y.conf", "\nc = \"$(UNSET)\";\na = 99999999999;\nd = ;" } } };

	(void)state;
	assert_null(read_world(&w));
	assert_string_equal(out.ptr,
		"etc/x.conf:3: expected a value, found a word without quotes; text stands in double quotes\n"
		"etc/y.conf:3: 'a' stands twice in this group; the first one is at etc/x.conf:1\n"
		"etc/y.conf:3: the whole number does not fit into 32 bits; write it with an L at its end (4294967296L)\n"
		"etc/y.conf:4: the value of 'd' is missing\n");
}

static void test_files_that_include_each_other_are_refused(void **state)
{
	struct world w = { .main = "@include \"y.conf\"\n",
			   .files = { { "etc/y.conf", "\n@include \"x.conf\"\n" } } };
	struct world deep = { .main = "@include \"a/y\"", .files = { { NULL, NULL } } };

	(void)state;
	assert_null(read_world(&w));
	assert_string_equal(out.ptr, "etc/y.conf:2: etc/x.conf includes itself\n");
	deep.files[0].path = "etc/a/y";
	deep.files[0].text = "@include \"../a/y\"";
	assert_null(read_world(&deep));
	assert_int_equal(problems.count, 1);
}

static void test_nesting_and_size_are_capped(void **state)
{
	char deep[400];
	size_t n = 0;
	char *large = test_malloc(CONF_FILE_MAX + 100);

	(void)state;
	n += (size_t)snprintf(deep, sizeof(deep), "a = ");
	memset(deep + n, '(', 65);
	deep[n + 65] = '\0';
	assert_null(read_world(&(struct world){ .main = deep }));
	assert_string_equal(out.ptr, "etc/x.conf:1: groups and lists are nested deeper than 64\n");

	memset(deep + n, '(', 64);
	memset(deep + n + 64, ')', 64);
	deep[n + 128] = '\0';
	assert_non_null(read_world(&(struct world){ .main = deep }));

	memset(large, ' ', CONF_FILE_MAX + 1);
	large[CONF_FILE_MAX + 1] = '\0';
	assert_null(read_world(&(struct world){ .main = large }));
	assert_int_equal(problems.count, 1);
	test_free(large);

	large = test_malloc(20 * (CONF_GROUP_MAX + 1) + 1);
	n = 0;
	for (int i = 0; i <= CONF_GROUP_MAX; i++)
		n += (size_t)sprintf(large + n, "a%d=1\n", i);
	assert_null(read_world(&(struct world){ .main = large }));
	assert_string_equal(out.ptr, "etc/x.conf:501: more than 500 settings in one group\n");
	test_free(large);
}

static void test_a_file_that_is_not_there_is_named(void **state)
{
	(void)state;
	assert_null(conf_read(NULL, "/nowhere/x.conf", &arena, &problems));
	problems_print(&problems, &out);
	assert_string_equal(out.ptr, "cannot open /nowhere/x.conf: No such file or directory\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_syntax_becomes_a_tree),
		TEST(test_mistakes_are_named_with_file_and_line),
		TEST(test_a_number_that_does_not_fit_leaves_the_rest_readable),
		TEST(test_variables_are_filled_in),
		TEST(test_a_variable_that_is_missing_is_named),
		TEST(test_includes_stand_in_the_place_of_their_line),
		TEST(test_mistakes_in_an_included_file_carry_its_name),
		TEST(test_files_that_include_each_other_are_refused),
		TEST(test_nesting_and_size_are_capped),
		TEST(test_a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
