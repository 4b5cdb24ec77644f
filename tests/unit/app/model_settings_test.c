/* From a data model to the daemon's settings. */
#include "support/test.h"

#include "sluice/app/model_settings.h"
#include "sluice/core/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define TABLE(name) "{\"TableName\":\"" name "\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}]," \
	"\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]," \
	"\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}"
#define DOCUMENT(more) "{\"tables\":[" TABLE("Orders") "," TABLE("Users") "," TABLE("Stats") "]," more "}"
#define HANDLER(name, source, more) "{\"kind\":\"counter\",\"name\":\"" name "\",\"source\":\"" source "\",\"table\":\"Stats\"," \
	"\"key\":{\"id\":\"${item.id}\"},\"add\":[{\"attribute\":\"n\"}]" more "}"

struct translated {
	struct arena arena, settings;
	struct findings_list findings;
	struct model model;
	struct problems problems;
	const struct node *root;
};

static void translate(const char *text, struct translated *t)
{
	arena_init(&t->arena, 1 << 20);
	arena_init(&t->settings, SETTINGS_BYTES_MAX);
	findings_list_init(&t->findings, &t->arena, NULL);
	assert_true(model_parse(&t->model, str_c(text), "model.json", &t->findings));
	assert_int_equal(t->findings.errors, 0);
	problems_init(&t->problems, &t->settings);
	t->root = model_settings_tree(&t->model, &t->problems);
}

static void release(struct translated *t)
{
	model_release(&t->model);
	arena_release(&t->settings);
	arena_release(&t->arena);
}

/* "pipeline(table): handler handler; …" of the settings that came of it. */
static void check_pipelines(const char *text, const char *expected)
{
	const struct settings *s;
	struct translated t;
	struct buf shown;

	translate(text, &t);
	s = settings_of_tree(&settings_all_kinds, t.root, &t.problems);
	buf_init(&shown, 4096);
	if (!s) {
		problems_print(&t.problems, &shown);
		fail_msg("%s", shown.ptr);
	}
	for (size_t i = 0; i < s->n_pipelines; i++) {
		const struct settings_pipeline *p = &s->pipelines[i];

		buf_putf(&shown, "%s%.*s(%.*s):", i ? "; " : "", STR_ARG(p->name), STR_ARG(p->table));
		for (size_t k = 0; k < p->n_handlers; k++)
			buf_putf(&shown, " %.*s", STR_ARG(p->handlers[k].name));
	}
	assert_string_equal(shown.ptr, expected);
	buf_release(&shown);
	release(&t);
}

static void test_without_pipelines_each_table_has_one(void **state)
{
	(void)state;
	check_pipelines(DOCUMENT("\"stream_handlers\":[" HANDLER("a", "Orders", "") "," HANDLER("b", "Users", "") ","
				 HANDLER("c", "Orders", "") "]"), "Orders(Orders): a c; Users(Users): b");
}

static void test_a_handler_stands_where_it_says(void **state)
{
	(void)state;
	check_pipelines(DOCUMENT("\"stream_pipelines\":[{\"table\":\"Orders\",\"name\":\"one\"},{\"table\":\"Orders\",\"name\":\"two\"}],"
				 "\"stream_handlers\":[" HANDLER("a", "Orders", ",\"pipeline\":\"two\"") ","
				 HANDLER("b", "Orders", ",\"pipeline\":\"one\"") "," HANDLER("c", "Users", ",\"pipeline\":\"three\"") "]"),
			"one(Orders): b; two(Orders): a; three(Users): c");
	check_pipelines(DOCUMENT("\"stream_pipelines\":[{\"table\":\"Orders\"}],\"stream_handlers\":["
				 HANDLER("a", "Orders", "") "," HANDLER("b", "Orders", ",\"pipeline\":\"Orders\"") "]"),
			"Orders(Orders): a b");
}

static void test_what_only_the_model_knows_is_left_out(void **state)
{
	(void)state;
	check_pipelines(DOCUMENT("\"stream_handlers\":[" HANDLER("a", "Orders", ",\"events_per_s\":5,\"audience_size\":1,\"expect_after\":[]")
				 "]"), "Orders(Orders): a");
}

static void test_a_model_without_settings_has_no_tree(void **state)
{
	struct translated t;

	(void)state;
	translate("{\"tables\":[" TABLE("Orders") "]}", &t);
	assert_null(t.root);
	assert_int_equal(t.problems.count, 0);
	release(&t);
}

static const struct node *sink_member(const struct translated *t, const char *name)
{
	return node_get(node_get(t->root, STR("sinks"))->first, str_c(name));
}

static void test_variables_are_their_defaults_and_secrets_stay_unread(void **state)
{
	struct translated t;

	(void)state;
	setenv("BROKERS", "of-this-process:9092", 1);
	translate(DOCUMENT("\"stream_sinks\":[{\"name\":\"k\",\"kind\":\"kafka\",\"brokers\":\"$(BROKERS:-default:9092)\","
			   "\"properties\":[{\"name\":\"sasl.password\",\"file\":\"/no/such/file\"},\"a=$$(b\"]}]"), &t);
	unsetenv("BROKERS");
	assert_str_equal(sink_member(&t, "brokers")->text, "default:9092");
	assert_true(str_starts(sink_member(&t, "properties")->first->text, STR("sasl.password=")));
	assert_str_equal(sink_member(&t, "properties")->last->text, "a=$(b");
	assert_int_equal(t.problems.count, 0);
	release(&t);
}

static void test_what_is_unset_is_no_mistake_of_the_document(void **state)
{
	struct translated t;

	(void)state;
	translate(DOCUMENT("\"stream_sinks\":[{\"name\":\"k\",\"kind\":\"kafka\",\"brokers\":\"$(BROKERS)\"}]"), &t);
	assert_int_equal(t.problems.count, 1);
	assert_int_equal(t.problems.first->sort, PROBLEM_UNSET);
	assert_true(sink_member(&t, "brokers")->broken);
	release(&t);
}

/* Of the tree, too, that stands in a string. */
static void test_every_node_leads_back_to_the_document(void **state)
{
	const struct node *handlers, *problem;
	struct translated t;

	(void)state;
	translate(DOCUMENT("\"stream_handlers\":[\n" HANDLER("a", "Orders", ",\n\"where\":\"{\\\"a\\\":[{\\\"prefx\\\":1}]}\"") "]"), &t);
	assert_ptr_equal(node_origin(t.root), t.model.root);
	handlers = node_get(node_get(t.root, STR("pipelines"))->first, STR("handlers"));
	assert_ptr_equal(node_origin(handlers->first), t.model.handlers[0].at);
	assert_null(settings_of_tree(&settings_all_kinds, t.root, &t.problems));
	problem = node_origin(t.problems.first->at);
	assert_ptr_equal(problem, node_get(t.model.handlers[0].at, STR("where")));
	assert_int_equal(problem->line, 3);
	release(&t);
}

static void test_what_is_too_large_for_settings_is_said_once(void **state)
{
	struct translated t;
	struct buf text;

	(void)state;
	buf_init(&text, 8 << 20);
	buf_puts(&text, "{\"tables\":[" TABLE("Orders") "],\"stream_sinks\":[{\"name\":\"k\",\"kind\":\"kafka\",\"properties\":[1");
	for (int i = 0; i < 250000; i++)
		buf_puts(&text, ",1");
	buf_puts(&text, "]},{\"name\":\"l\",\"kind\":\"kafka\"}]}");
	translate(text.ptr, &t);
	assert_null(t.root);
	assert_int_equal(t.problems.count, 1);
	buf_release(&text);
	release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_pipelines_each_table_has_one),
		cmocka_unit_test(test_a_handler_stands_where_it_says),
		cmocka_unit_test(test_what_only_the_model_knows_is_left_out),
		cmocka_unit_test(test_a_model_without_settings_has_no_tree),
		cmocka_unit_test(test_variables_are_their_defaults_and_secrets_stay_unread),
		cmocka_unit_test(test_what_is_unset_is_no_mistake_of_the_document),
		cmocka_unit_test(test_every_node_leads_back_to_the_document),
		cmocka_unit_test(test_what_is_too_large_for_settings_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
