#include "support/test.h"

#include "sluice/model/derive.h"

#include <stdio.h>
#include <string.h>

#define TABLE(name) "{\"TableName\":\"" name "\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}]," \
	"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],\"BillingMode\":\"PAY_PER_REQUEST\"," \
	"\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}"
#define MODEL(more) "{\"tables\":[" TABLE("Orders") "," TABLE("Stats") "]" more "}"
#define SINK "\"stream_sinks\":[{\"name\":\"out\",\"kind\":\"file\",\"path\":\"$(OUT:-out.jsonl)\"}]"
#define HANDLERS(h) ",\"stream_handlers\":[" h "]"
#define COUNTER(name, more) "{\"source\":\"Orders\",\"kind\":\"counter\",\"name\":\"" name "\",\"table\":\"Stats\"," \
	"\"key\":{\"id\":\"${item.day}\"},\"add\":[{\"attribute\":\"n\"}],\"events_per_s\":5" more "}"
#define FORWARD(name, more) "{\"source\":\"Orders\",\"kind\":\"forward\",\"name\":\"" name "\",\"sink\":\"out\"" more "}"
#define COPY "{\"source\":\"Orders\",\"kind\":\"copy\",\"name\":\"later\",\"table\":\"Stats\",\"key\":{\"id\":\"${item.id}\"}," \
	"\"set\":{\"a b\":\"x\\ny\"}}"

static struct model model;
static struct arena arena;
static struct findings_list findings;
static struct model_derivation made;
static struct buf out;
static struct err err;
static struct model_derive_options options;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, MODEL_DERIVE_ARENA_BYTES);
	buf_init(&out, MODEL_DERIVE_BYTES);
	options = (struct model_derive_options){ .plain = true };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	model_release(&model);
	buf_release(&out);
	arena_release(&arena);
	return 0;
}

static bool derive_over(const char *json, const char *existing)
{
	findings_list_init(&findings, &arena, NULL);
	model_release(&model);
	assert_true(model_parse(&model, str_c(json), "m.json", &findings));
	made = (struct model_derivation){ .arena = &arena };
	buf_clear(&out);
	err = (struct err){ 0 };
	return model_derive(&model, &options, str_c(existing), &out, &made, &err);
}

static void derive(const char *json)
{
	bool ok = derive_over(json, "");

	if (!ok)
		fail_msg("%s: %s", err.code, err.text);
}

static void refuses(const char *json, const char *existing, const char *code, const char *words)
{
	assert_false(derive_over(json, existing));
	assert_string_equal(err.code, code);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static bool has(const char *text)
{
	return str_find(buf_str(&out), str_c(text)) != SIZE_MAX;
}

static void expect(const char *text)
{
	if (!has(text))
		fail_msg("not there: %s\nin:\n%.*s", text, STR_ARG(buf_str(&out)));
}

static void test_settings_are_translated_name_for_name(void **state)
{
	(void)state;
	derive(MODEL("," SINK ",\"stream_pipelines\":[{\"table\":\"Orders\",\"name\":\"orders\",\"start\":\"latest\","
		     "\"on_failure\":{\"retries\":20,\"dead_letter\":\"out\"},\"batch\":{\"bytes\":4294967296}}]"
		     HANDLERS(FORWARD("changes", ",\"changed\":[\"price\"]") "," COUNTER("days", ",\"window_ms\":5000"))));
	assert_string_equal(out.ptr,
		"sinks = (\n"
		"  {\n"
		"    name = \"out\";\n"
		"    kind = \"file\";\n"
		"    path = \"$(OUT:-out.jsonl)\";\n"
		"  }\n"
		");\n"
		"\n"
		"pipelines = (\n"
		"  {\n"
		"    name = \"orders\";\n"
		"    table = \"Orders\";\n"
		"    start = \"latest\";\n"
		"    on_failure: { retries = 20; dead_letter = \"out\"; };\n"
		"    batch: { bytes = 4294967296L; };\n"
		"    handlers = (\n"
		"      { kind = \"forward\"; name = \"changes\";\n"
		"        sink = \"out\";\n"
		"        changed = [ \"price\" ];\n"
		"      },\n"
		"\n"
		"      { kind = \"counter\"; name = \"days\";\n"
		"        table = \"Stats\";\n"
		"        key: { id = \"${item.day}\"; };\n"
		"        add = ( { attribute = \"n\"; } );\n"
		"        window_ms = 5000;\n"
		"      }\n"
		"    );\n"
		"  }\n"
		");\n"
		"\n"
		MODEL_DERIVE_YOURS "\n"
		"\n"
		"version = 1;\n"
		"\n"
		"app = \"orders\";\n"
		"\n"
		"state: { table = \"sluice-state\"; };\n");
	assert_int_equal(made.n_sinks, 1);
	assert_int_equal(made.n_pipelines, 1);
	assert_int_equal(made.n_handlers, 2);
	assert_true(made.first);
}

static void test_a_handler_without_a_pipeline_gets_one_of_its_table(void **state)
{
	(void)state;
	derive(MODEL("," SINK HANDLERS(FORWARD("a", "") "," COUNTER("b", "")
		     ",{\"source\":\"Stats\",\"kind\":\"forward\",\"name\":\"c\",\"sink\":\"out\"}")));
	expect("name = \"Orders\";\n    table = \"Orders\";\n    handlers = (");
	expect("name = \"Stats\";\n    table = \"Stats\";\n    handlers = (");
	assert_int_equal(made.n_pipelines, 2);
	derive(MODEL("," SINK ",\"stream_pipelines\":[{\"table\":\"Orders\",\"name\":\"p\"}]" HANDLERS(FORWARD("a", ""))));
	expect("name = \"p\";\n    table = \"Orders\";");
	assert_int_equal(made.n_pipelines, 1);
	derive(MODEL("," SINK HANDLERS(FORWARD("a", ",\"pipeline\":\"mine\""))));
	expect("name = \"mine\";\n    table = \"Orders\";");
}

static void test_more_pipelines_than_a_stream_bears_are_told(void **state)
{
	(void)state;
	derive(MODEL("," SINK HANDLERS(FORWARD("a", ",\"pipeline\":\"p1\"") "," FORWARD("b", ",\"pipeline\":\"p2\""))));
	assert_null(made.notes);
	derive(MODEL("," SINK HANDLERS(FORWARD("a", ",\"pipeline\":\"p1\"") "," FORWARD("b", ",\"pipeline\":\"p2\"") ","
				       FORWARD("c", ",\"pipeline\":\"p3\"") "," FORWARD("d", ",\"pipeline\":\"p4\""))));
	assert_non_null(strstr(made.notes->text.ptr, "more than 2 pipelines read the stream of Orders"));
	assert_null(made.notes->next);
}

#define LONG "_A123456789012345678901234567890123456789012345678901234567890123456789"

static void test_a_table_whose_name_is_no_pipelines_gets_a_shorter_one(void **state)
{
	(void)state;
	derive("{\"tables\":[" TABLE(LONG) "]," SINK
	       ",\"stream_handlers\":[{\"source\":\"" LONG "\",\"kind\":\"forward\",\"name\":\"c\",\"sink\":\"out\"}]}");
	expect("name = \"A123456789012345678901234567890123456789012345678901234-");
	expect("table = \"" LONG "\"");
}

static void test_what_is_not_run_stands_as_a_comment(void **state)
{
	(void)state;
	derive(MODEL("," SINK HANDLERS(FORWARD("a", "") "," COPY "," COUNTER("b", ",\"zero\":\"delete\"") "," FORWARD("d", ""))));
	expect("      # Not run by this version: handlers of the kind copy.\n"
	       "      # { kind = \"copy\"; name = \"later\";\n"
	       "      #   table = \"Stats\";\n"
	       "      #   key: { id = \"${item.id}\"; };\n"
	       "      #   set = \"{\\\"a b\\\":\\\"x\\\\ny\\\"}\";\n"
	       "      # }\n");
	expect("      # { kind = \"counter\"; name = \"b\";\n");
	expect("      },\n\n      # Not run");
	assert_int_equal(made.n_handlers, 2);
	assert_int_equal(made.not_run, 2);
	assert_non_null(strstr(made.notes->text.ptr, "later"));
	assert_non_null(strstr(made.notes->next->text.ptr, "zero"));
	assert_ptr_equal(made.notes->at, model.handlers[1].at);
}

static void test_a_pipeline_of_which_nothing_runs_is_left_out_aloud(void **state)
{
	(void)state;
	derive(MODEL("," SINK ",\"stream_pipelines\":[{\"table\":\"Stats\",\"name\":\"empty\"},{\"table\":\"Orders\",\"name\":\"idle\"},"
		     "{\"table\":\"Orders\",\"name\":\"p\",\"backfill\":true,\"on_trim\":\"rebuild\"}]"
		     HANDLERS("{\"source\":\"Orders\",\"pipeline\":\"idle\",\"kind\":\"copy\",\"name\":\"later\"},"
			      FORWARD("a", ",\"pipeline\":\"p\",\"backfill\":true"))));
	expect("  # The pipeline \"empty\" of the table Stats is left out: no handler belongs to it.\n");
	expect("  # The pipeline \"idle\" of the table Orders is left out: none of its handlers is run by this version.\n");
	expect("  # { kind = \"copy\"; name = \"later\";\n");
	expect("    # backfill = true;\n");
	expect("    # on_trim = \"rebuild\";\n");
	expect("        # backfill = true;\n");
	assert_int_equal(made.n_pipelines, 1);
}

static void test_hand_made_parts_are_kept_byte_for_byte(void **state)
{
	static const char own[] = MODEL_DERIVE_YOURS " \r\nworkers = 2;\r\n\t# odd  \n" MODEL_DERIVE_YOURS "\n\xef\xbf\xbd no newline";
	char before[400];

	(void)state;
	snprintf(before, sizeof(before), "sinks = ( gone );\n x " MODEL_DERIVE_YOURS "\n%s", own);
	assert_true(derive_over(MODEL("," SINK HANDLERS(FORWARD("a", ""))), before));
	assert_true(str_ends(buf_str(&out), str_c(own)));
	assert_false(has("gone"));
	assert_false(made.first);
	assert_false(has("version = 1"));
}

static void test_deriving_again_changes_nothing(void **state)
{
	struct buf first;

	(void)state;
	options.plain = false;
	options.file = "a/b\n" MODEL_DERIVE_YOURS "\n.json";
	buf_init(&first, MODEL_DERIVE_BYTES);
	derive(MODEL("," SINK HANDLERS(FORWARD("a", ",\"message\":{\"x\":\"\\n" MODEL_DERIVE_YOURS "\\n\"}") "," COPY)));
	buf_put(&first, buf_str(&out));
	assert_true(derive_over(MODEL("," SINK HANDLERS(FORWARD("a", ",\"message\":{\"x\":\"\\n" MODEL_DERIVE_YOURS "\\n\"}") "," COPY)),
				first.ptr));
	assert_string_equal(out.ptr, first.ptr);
	buf_release(&first);
}

static void test_a_file_of_somebody_else_is_refused(void **state)
{
	static const char *const files[] = { "workers = 1;\n", "# Written by sluice model derive.\nsinks = ( );\n",
					     "x = \"" MODEL_DERIVE_YOURS "\";\n", " " MODEL_DERIVE_YOURS "\n" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++)
		refuses(MODEL("," SINK HANDLERS(FORWARD("a", ""))), files[i], "derive.foreign", "put that line above");
	assert_true(derive_over(MODEL("," SINK HANDLERS(FORWARD("a", ""))), " \r\n\n"));
	assert_true(made.first);
}

static void test_what_cannot_be_derived_is_refused_with_its_place(void **state)
{
	(void)state;
	refuses(MODEL(""), "", "derive.nothing", "no stream_handlers");
	refuses(MODEL(HANDLERS(COPY)), "", "derive.nothing", "this version runs");
	refuses(MODEL(",\"stream_sinks\":[{\"name\":\"out\",\"kind\":\"file\",\"path\":null}]" HANDLERS(FORWARD("a", ""))), "",
		"derive.value", "stream_sinks[0].path");
	refuses(MODEL(",\"stream_sinks\":[{\"name\":\"out\",\"kind\":\"webhook\",\"a b\":{}}]" HANDLERS(FORWARD("a", ""))), "",
		"derive.value", "stream_sinks[0].a b");
	refuses(MODEL(",\"stream_sinks\":[7]" HANDLERS(FORWARD("a", ""))), "", "derive.value", "stream_sinks[0]");
	refuses(MODEL("," SINK HANDLERS(FORWARD("a", ",\"key\":\"x\\u0000y\""))), "", "derive.value", "stream_handlers[0].key");
	refuses(MODEL("," SINK HANDLERS(FORWARD("a", ",\"true\":1"))), "", "derive.value", "stream_handlers[0].true");
	refuses(MODEL("," SINK ",\"stream_pipelines\":[{\"name\":\"p\"}]" HANDLERS(FORWARD("a", ""))), "", "derive.value",
		"stream_pipelines[0]");
	refuses(MODEL("," SINK HANDLERS(FORWARD("a", ",\"pipeline\":\"Stats\"")
		      ",{\"source\":\"Stats\",\"kind\":\"forward\",\"name\":\"b\",\"sink\":\"out\"}")), "", "derive.name", "Stats");
}

static void test_a_file_that_would_be_too_large_is_refused(void **state)
{
	struct buf small;

	(void)state;
	buf_init(&small, 300);
	findings_list_init(&findings, &arena, NULL);
	assert_true(model_parse(&model, STR(MODEL("," SINK HANDLERS(FORWARD("a", "")))), "m.json", &findings));
	made = (struct model_derivation){ .arena = &arena };
	assert_false(model_derive(&model, &options, STR(""), &small, &made, &err));
	assert_string_equal(err.code, "derive.size");
	buf_release(&small);
}

static struct str renamed(void *ctx, struct str table)
{
	return arena_putf(ctx, "t1-%.*s", STR_ARG(table));
}

static bool only_b(void *ctx, const struct model_handler *h)
{
	(void)ctx;
	return str_eq(h->name, STR("b"));
}

static void test_tables_and_handlers_can_be_chosen(void **state)
{
	(void)state;
	options.table_name = renamed;
	options.takes = only_b;
	options.ctx = &arena;
	options.poll_min_ms = 20;
	options.yours = STR("app = \"x\";\n");
	derive(MODEL("," SINK HANDLERS(FORWARD("a", "")
		",{\"source\":\"Orders\",\"kind\":\"fanout\",\"name\":\"b\",\"sink\":\"out\",\"member\":\"id\",\"message\":{\"table\":\"Stats\"},"
		"\"audience\":[{\"table\":\"Stats\",\"key\":\"${new.id}\"},{\"scan\":\"Stats\"}]}")));
	expect("name = \"Orders\";\n    table = \"t1-Orders\";\n    poll: { min_ms = 20; };\n");
	expect("            table = \"t1-Stats\";\n            key = \"${new.id}\";\n");
	expect("            scan = \"t1-Stats\";\n");
	expect("message: { table = \"Stats\"; };");
	expect(MODEL_DERIVE_YOURS "\napp = \"x\";\n");
	assert_false(has("forward"));
}

static void test_what_the_syntax_cannot_hold_finds_another_form(void **state)
{
	(void)state;
	derive(MODEL("," SINK HANDLERS(
		"{\"source\":\"Orders\",\"kind\":\"counter\",\"name\":\"c\",\"table\":\"Stats\",\"key\":{\"a b\":\"${item.day}\"},"
		"\"add\":[{\"attribute\":\"n\",\"by\":12345678901234567890},{\"attribute\":\"m\",\"by\":2.50}],"
		"\"where\":{\"$or\":[{\"x\":[null]}]},\"on_failure\":{\"max_age_s\":5000000000}}")));
	expect("        key = \"{\\\"a b\\\":\\\"${item.day}\\\"}\";\n");
	expect("            attribute = \"n\";\n            by = \"12345678901234567890\";\n");
	expect("            by = 2.50;\n");
	expect("        where = \"{\\\"$or\\\":[{\\\"x\\\":[null]}]}\";\n");
	expect("        on_failure: { max_age_s = 5000000000L; };\n");
}

static void test_references_to_the_environment_are_found_in_addresses_alone(void **state)
{
	(void)state;
	derive(MODEL(",\"stream_sinks\":[{\"name\":\"out\",\"kind\":\"webhook\",\"secrets\":[\"$(ONE)\",\"$$(TWO)\"]}]"
		     HANDLERS(FORWARD("a", ",\"url\":\"$(URL:-http://x)$(1BAD)$(OPEN\",\"message\":{\"m\":\"$(HOME)\"}"))));
	expect("secrets = [ \"$(ONE)\", \"$$(TWO)\" ];");
	expect("url = \"$(URL:-http://x)$$(1BAD)$$(OPEN\";");
	expect("message: { m = \"$$(HOME)\"; };");
	assert_str_equal(made.variables->name, "ONE");
	assert_false(made.variables->has_fallback);
	assert_str_equal(made.variables->next->name, "URL");
	assert_str_equal(made.variables->next->fallback, "http://x");
	assert_null(made.variables->next->next);
}

static void test_a_line_leads_back_to_the_model(void **state)
{
	int line = 1;

	(void)state;
	derive(MODEL("," SINK HANDLERS(FORWARD("a", "") "," COUNTER("b", ""))));
	for (const char *p = out.ptr, *end = strstr(out.ptr, "\"counter\""); p < end; p++)
		line += *p == '\n';
	assert_ptr_equal(model_derive_at(&made, line), model.handlers[1].at);
	assert_null(model_derive_at(&made, line + 30));
	assert_ptr_equal(model_derive_at(&made, 3), model.sinks->first);
}

static void test_the_state_and_the_apps_name_can_be_chosen(void **state)
{
	(void)state;
	options.state_file = STR("/var/lib/\"x\".db");
	options.app = STR("_M\xc3\xbcller & Co. Deals");
	derive(MODEL("," SINK HANDLERS(FORWARD("a", ""))));
	expect("app = \"m-ller-co.-deals\";\n");
	expect("state: { file = \"/var/lib/\\\"x\\\".db\"; };\n");
	options.state_file = STR("");
	options.state_table = STR("other");
	options.app = STR("\xc3\xbc");
	derive(MODEL("," SINK HANDLERS(FORWARD("a", ""))));
	expect("app = \"sluice\";\n");
	expect("state: { table = \"other\"; };\n");
}

static void test_each_kind_says_what_it_keeps_true(void **state)
{
	(void)state;
	options.plain = false;
	derive(MODEL("," SINK HANDLERS(FORWARD("a", "") "," COUNTER("b", ""))));
	expect("Every change of Orders becomes a message");
	expect("At least once");
	expect("Exactly once in effect");
	expect("stops its handler");
	for (struct str rest = buf_str(&out); rest.len;) {
		struct str line = str_split(&rest, '\n');

		assert_true(line.len <= 112);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_settings_are_translated_name_for_name),
		TEST(test_a_handler_without_a_pipeline_gets_one_of_its_table),
		TEST(test_more_pipelines_than_a_stream_bears_are_told),
		TEST(test_a_table_whose_name_is_no_pipelines_gets_a_shorter_one),
		TEST(test_what_is_not_run_stands_as_a_comment),
		TEST(test_a_pipeline_of_which_nothing_runs_is_left_out_aloud),
		TEST(test_hand_made_parts_are_kept_byte_for_byte),
		TEST(test_deriving_again_changes_nothing),
		TEST(test_a_file_of_somebody_else_is_refused),
		TEST(test_what_cannot_be_derived_is_refused_with_its_place),
		TEST(test_a_file_that_would_be_too_large_is_refused),
		TEST(test_tables_and_handlers_can_be_chosen),
		TEST(test_what_the_syntax_cannot_hold_finds_another_form),
		TEST(test_references_to_the_environment_are_found_in_addresses_alone),
		TEST(test_a_line_leads_back_to_the_model),
		TEST(test_the_state_and_the_apps_name_can_be_chosen),
		TEST(test_each_kind_says_what_it_keeps_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
