/* What is derived, read back by the daemon's own reader. */
#include "support/test.h"

#include "sluice/app/conf_file.h"
#include "sluice/app/model_conf.h"
#include "sluice/core/json_write.h"
#include "sluice/core/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE(name) "{\"TableName\":\"" name "\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}]," \
	"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],\"BillingMode\":\"PAY_PER_REQUEST\"," \
	"\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}"
#define TABLES "{\"tables\":[" TABLE("Orders") "," TABLE("Stats") "],"
#define SINK(path) "\"stream_sinks\":[{\"name\":\"out\",\"kind\":\"file\",\"path\":\"" path "\"}],"
#define FORWARD(name, more) "{\"source\":\"Orders\",\"kind\":\"forward\",\"name\":\"" name "\",\"sink\":\"out\"" more "}"

static struct model model;
static struct arena arena;
static struct findings_list findings;
static struct model_conf conf;
static struct err err;

static bool make_over(const char *json, const char *existing)
{
	const struct model_derive_options options = { .file = "m.json", .app = STR("t") };

	arena_init(&arena, 64 << 20);
	findings_list_init(&findings, &arena, NULL);
	assert_true(model_parse(&model, str_c(json), "m.json", &findings));
	err = (struct err){ 0 };
	return model_conf_make(&conf, &model, &options, "s.conf", str_c(existing), &err);
}

static void release(void)
{
	model_conf_release(&conf);
	model_release(&model);
	arena_release(&arena);
}

static void refuses(const char *json, const char *existing, const char *code, const char *words)
{
	assert_false(make_over(json, existing));
	assert_string_equal(err.code, code);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	release();
}

static void test_what_the_daemon_would_refuse_is_not_made(void **state)
{
	static const char handlers[] = "\"stream_handlers\":[" FORWARD("a", "") "]}";
	char text[4000];

	(void)state;
	refuses(TABLES SINK("x") "\"stream_handlers\":[" FORWARD("a", "") "," FORWARD("my handler", "") "]}", "", "derive.refused",
		"stream_handlers[1]");
	refuses(TABLES "\"stream_sinks\":[{\"name\":\"out\",\"kind\":\"smoke signals\"}],\"stream_handlers\":[" FORWARD("a", "") "]}",
		"", "derive.refused", "stream_sinks[0]");
	snprintf(text, sizeof(text), "%s\"stream_pipelines\":[{\"table\":\"Orders\",\"start\":\"whenever\"}],%s", TABLES SINK("x"),
		 handlers);
	refuses(text, "", "derive.refused", "stream_pipelines[0]");
	refuses(TABLES SINK("x") "\"stream_handlers\":[" FORWARD("a", "") "]}",
		"# x\n" MODEL_DERIVE_YOURS "\npipelines = ( );\n", "derive.refused", "pipelines");
}

static void test_settings_that_would_be_lost_are_named(void **state)
{
	(void)state;
	refuses(TABLES SINK("x") "\"stream_handlers\":[" FORWARD("a", "") "]}",
		"sinks = ( );\nworkers = 2;\n" MODEL_DERIVE_YOURS "\n", "derive.foreign", "s.conf:2: 'workers'");
}

static void test_what_this_machine_lacks_is_told_and_no_mistake(void **state)
{
	struct buf out;

	(void)state;
	unsetenv("SLUICE_TEST_PATH");
	assert_true(make_over(TABLES SINK("$(SLUICE_TEST_PATH)") "\"stream_handlers\":[" FORWARD("a", "") "]}", ""));
	buf_init(&out, 10000);
	model_conf_print(&conf, &out);
	assert_non_null(strstr(out.ptr, "environment: SLUICE_TEST_PATH must be set"));
	assert_non_null(strstr(out.ptr, "SLUICE_TEST_PATH is not set"));
	buf_release(&out);
	release();
	setenv("SLUICE_TEST_PATH", "x", 1);
	assert_true(make_over(TABLES SINK("$(SLUICE_TEST_PATH)") "\"stream_handlers\":[" FORWARD("a", "") "]}", ""));
	assert_int_equal(conf.problems.count, 0);
	release();
}

static void test_a_secret_that_is_elsewhere_is_told(void **state)
{
	(void)state;
	assert_true(make_over(TABLES "\"stream_sinks\":[{\"name\":\"out\",\"kind\":\"webhook\",\"secrets\":[{\"file\":\"/nowhere/key\"}]}],"
			      "\"stream_handlers\":[" FORWARD("a", ",\"url\":\"https://example.com/\"") "]}", ""));
	assert_int_equal(conf.problems.count, 1);
	assert_non_null(strstr(conf.problems.first->text.ptr, "/nowhere/key"));
	release();
}

static void test_the_result_is_told_to_programs(void **state)
{
	struct json_writer w;
	struct buf out;

	(void)state;
	unsetenv("SLUICE_TEST_PATH");
	assert_true(make_over(TABLES SINK("$(SLUICE_TEST_PATH:-a)") "\"stream_handlers\":[" FORWARD("a", "")
			      ",{\"source\":\"Orders\",\"kind\":\"copy\",\"name\":\"later\"}]}", ""));
	buf_init(&out, 10000);
	json_write_init(&w, &out);
	json_begin_object(&w);
	model_conf_write(&conf, &w);
	json_end_object(&w);
	assert_string_equal(out.ptr, "{\"sinks\":1,\"pipelines\":1,\"handlers\":1,\"not_run\":1,"
		"\"notes\":[{\"path\":\"stream_handlers[1]\",\"text\":\"the handler \\\"later\\\" is not run by this version: handlers of the "
		"kind copy\"}],\"variables\":[{\"name\":\"SLUICE_TEST_PATH\",\"default\":\"a\"}],\"problems\":[]}");
	buf_release(&out);
	release();
}

/* --- random trees, there and back ------------------------------------------------ */

static const char *const pieces[] = {
	"a", "B7", "_x", "1x", "a b", "$or", "true", "x-y", "*", "\"", "\\", "\\n", "\n", "\r\n", "\t", "\f", "\x01", "\x1f", "\x7f", "$(",
	"$(HOME)", "$$(HOME)", "$(HOME:-x)", "$", ")", "${", "/*", "*/", "//", "#", MODEL_DERIVE_YOURS, "\n" MODEL_DERIVE_YOURS "\n",
	"@include \"/etc/passwd\"", "\n@include \"x\"\n", "é", "日本", "\U0001f600", "\u202e", "\u200b", "\xc2\x85", "\u2028", "\ufeff", "\ufffd",
	"; };", "\\x41", "\\u0041", "'", "",
};
static const char *const numbers[] = {
	"0", "-0", "7", "-2147483648", "2147483647", "2147483648", "-9223372036854775808", "9223372036854775807",
	"9223372036854775808", "123456789012345678901234567890", "0.1", "-1.50", "1e5", "1E+5", "2.5e-3", "1.0", "0.12345678901234567890123",
};

static void random_text(struct rng *r, struct buf *out)
{
	for (uint64_t n = rng_below(r, 4); n; n--)
		buf_puts(out, pieces[rng_below(r, COUNT_OF(pieces))]);
}

static void write_random(struct rng *r, struct json_writer *w, unsigned depth);

static void write_members(struct rng *r, struct json_writer *w, unsigned depth)
{
	struct buf name;

	buf_init(&name, 1000);
	json_begin_object(w);
	for (uint64_t i = 0, n = rng_below(r, 4); i < n; i++) {
		buf_clear(&name);
		if (rng_below(r, 3))
			buf_putf(&name, "n%d", (int)i);
		else
			random_text(r, &name), buf_putf(&name, "%d", (int)i);
		json_key(w, buf_str(&name));
		write_random(r, w, depth + 1);
	}
	json_end_object(w);
	buf_release(&name);
}

static void write_random(struct rng *r, struct json_writer *w, unsigned depth)
{
	uint64_t kind = rng_below(r, depth > 6 ? 4 : 8);
	struct buf text;

	buf_init(&text, 1000);
	random_text(r, &text);
	if (kind == 0)
		json_raw(w, str_c(numbers[rng_below(r, COUNT_OF(numbers))]));
	else if (kind == 1)
		json_bool(w, rng_below(r, 2));
	else if (kind == 2 && rng_below(r, 6) == 0)
		json_null(w);
	else if (kind <= 4)
		json_str(w, buf_str(&text));
	else if (kind <= 6)
		write_members(r, w, depth);
	else {
		json_begin_array(w);
		for (uint64_t n = rng_below(r, 4); n; n--)
			write_random(r, w, depth + 1);
		json_end_array(w);
	}
	buf_release(&text);
}

struct memory {
	struct str text;
};

static bool load(void *ctx, const char *path, struct buf *out, struct err *e)
{
	const struct memory *m = ctx;

	return strcmp(path, "s.conf") == 0 ? buf_put(out, m->text) : err_set(e, ERR_FATAL, "file.open", "no other file");
}

static const char *variable(void *ctx, const char *name)
{
	(void)ctx, (void)name;
	return "FROM-THE-ENVIRONMENT";
}

/* The setting as the daemon sees it: JSON in a string is parsed. */
static const struct node *read_back(struct str text, const char *name)
{
	struct memory memory = { text };
	const struct conf_source source = { load, variable, &memory };
	struct problems problems;
	const struct node *root, *n;

	problems_init(&problems, &arena);
	root = conf_read(&source, "s.conf", &arena, &problems);
	if (problems.count)
		fail_msg("line %d: %.*s\n%.*s", problems.first->line, STR_ARG(problems.first->text), STR_ARG(text));
	n = node_get(root, STR("pipelines"))->first;
	n = node_get(node_get(n, STR("handlers"))->first, str_c(name));
	assert_non_null(n);
	if (n->kind == NODE_STRING)
		n = node_from_json(&arena, n->text, n, &err);
	assert_non_null(n);
	return n;
}

static size_t count_lines(struct str text, const char *line)
{
	size_t count = 0;

	while (text.len) {
		struct str one = str_split(&text, '\n');

		count += str_eq(one, str_c(line));
	}
	return count;
}

static void derive_and_compare(struct str json)
{
	static const struct model_derive_options options = { .app = STR_INIT("t") };
	struct model_derivation made = { .arena = &arena };
	const struct node *wanted;
	struct buf out, one, other;

	buf_init(&out, MODEL_DERIVE_BYTES);
	buf_init(&one, 1 << 20);
	buf_init(&other, 1 << 20);
	findings_list_init(&findings, &arena, NULL);
	assert_true(model_parse(&model, json, "m.json", &findings));
	if (!model_derive(&model, &options, STR(""), &out, &made, &err))
		fail_msg("%s: %.*s", err.text, STR_ARG(json));
	wanted = node_get(model.handlers[0].at, STR("message"));
	node_print_json(wanted, &one);
	node_print_json(read_back(buf_str(&out), "message"), &other);
	assert_string_equal(one.ptr, other.ptr);
	assert_int_equal(count_lines(buf_str(&out), MODEL_DERIVE_YOURS), 1);
	buf_release(&one);
	buf_release(&other);
	buf_release(&out);
	model_release(&model);
}

static void test_whatever_a_message_holds_reads_back_the_same(void **state)
{
	struct json_writer w;
	struct buf json;
	struct rng r;

	(void)state;
	rng_seed(&r, 42);
	buf_init(&json, 4 << 20);
	for (int i = 0; i < 3000; i++) {
		arena_init(&arena, 64 << 20);
		buf_clear(&json);
		buf_puts(&json, TABLES SINK("x") "\"stream_handlers\":[{\"source\":\"Orders\",\"kind\":\"forward\",\"name\":\"a\",\"sink\":\"out\","
				       "\"message\":");
		json_write_init(&w, &json);
		write_members(&r, &w, 0);
		buf_puts(&json, "}]}");
		derive_and_compare(buf_str(&json));
		arena_release(&arena);
	}
	buf_release(&json);
}

static void test_a_tree_too_deep_for_the_syntax_is_json_in_a_string(void **state)
{
	struct buf json;

	(void)state;
	buf_init(&json, 1 << 20);
	arena_init(&arena, 64 << 20);
	buf_puts(&json, TABLES SINK("x") "\"stream_handlers\":[{\"source\":\"Orders\",\"kind\":\"forward\",\"name\":\"a\",\"sink\":\"out\","
			       "\"message\":");
	for (int i = 0; i < 100; i++)
		buf_puts(&json, "{\"a\":");
	buf_puts(&json, "1");
	for (int i = 0; i < 100; i++)
		buf_puts(&json, "}");
	buf_puts(&json, "}]}");
	derive_and_compare(buf_str(&json));
	arena_release(&arena);
	buf_release(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_daemon_would_refuse_is_not_made),
		cmocka_unit_test(test_settings_that_would_be_lost_are_named),
		cmocka_unit_test(test_what_this_machine_lacks_is_told_and_no_mistake),
		cmocka_unit_test(test_a_secret_that_is_elsewhere_is_told),
		cmocka_unit_test(test_the_result_is_told_to_programs),
		cmocka_unit_test(test_whatever_a_message_holds_reads_back_the_same),
		cmocka_unit_test(test_a_tree_too_deep_for_the_syntax_is_json_in_a_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
