#include "cost_fixture.h"

#include <stdlib.h>

#define T "{`name`:`t`,`item_size_bytes`:1000,`item_count`:10,`gsi_list`:[{`name`:`x`,`item_size_bytes`:300,`item_count`:5}]}"
#define LISTS(patterns, tables) "{`access_pattern_list`:[" patterns "],`table_list`:[" tables "]}"
#define P(more) "{`pattern`:`p`,`description`:`d`,`table`:`t`," more "}"
#define GOOD "`operation`:`GetItem`,`rps`:1,`item_size_bytes`:10"

/* The errors as an answer has them, and one line each. */
static const struct { const char *lists, *expected; } cases[] = {
	{ LISTS(P(GOOD), T), "" },
	{ LISTS("", ""), "" },
	{ LISTS(P("`operation`:`Query`,`rps`:0.5,`item_size_bytes`:10,`item_count`:3,`gsi`:null,`strongly_consistent`:true"), T), "" },
	{ LISTS(P("`operation`:`PutItem`,`rps`:1,`item_size_bytes`:10,`item_count`:-3"), T), "" },   /* not looked at */
	{ "{}", "access_pattern_list is missing. Give a list of objects, which may be empty.\n"
		"table_list is missing. Give a list of objects, which may be empty.\n" },
	{ "{`access_pattern_list`:{},`table_list`:3}",
	  "access_pattern_list: expected a list of objects, found an object. Give a value of that kind.\n"
	  "table_list: expected a list of objects, found a whole number. Give a value of that kind.\n" },
	{ LISTS("7,null", "`t`"), "access_pattern_list[0]: expected an object, found a whole number. Give a value of that kind.\n"
		"access_pattern_list[1]: expected an object, found null. Give a value of that kind.\n"
		"table_list[0]: expected an object, found a string. Give a value of that kind.\n" },
	{ LISTS("{}", T), "access_pattern_list[0]: item_size_bytes is missing. Add it.\n"
		"access_pattern_list[0]: operation is missing. Add it.\naccess_pattern_list[0]: pattern is missing. Add it.\n"
		"access_pattern_list[0]: rps is missing. Add it.\naccess_pattern_list[0]: table is missing. Add it.\n" },
	{ LISTS("", "{}"), "table_list[0]: item_count is missing. Add it.\ntable_list[0]: item_size_bytes is missing. Add it.\n"
		"table_list[0]: name is missing. Add it.\n" },
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Lines in the order of their text: findings of one place have no order that matters. */
static void sorted(char *text, char *out, size_t size)
{
	char *lines[64];
	size_t n = 0, len = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		lines[n++] = line;
	qsort(lines, n, sizeof(*lines), by_text);
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(out + len, size - len, "%s\n", lines[i]);
}

static void test_all_that_is_wrong_is_said_with_its_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char expected[2048], copy[2048], got[2048];
		struct cost_fixture f;
		struct buf out;

		cost_of_lists(&f, cases[i].lists);
		buf_init(&out, 1 << 16);
		assert_true(cost_print_errors(&f.findings, &out));
		snprintf(copy, sizeof(copy), "%s", cases[i].expected);
		sorted(copy, expected, sizeof(expected));
		snprintf(copy, sizeof(copy), "%.*s", STR_ARG(buf_str(&out)));
		sorted(copy, got, sizeof(got));
		if (strcmp(got, expected) != 0)
			fail_msg("case %zu:\n%sexpected:\n%s", i, got, expected);
		buf_release(&out);
		cost_fixture_release(&f);
	}
}

/* One mistake each, of this code at this path; the figures that are right are computed. */
static const struct { const char *lists, *code, *path; } mistakes[] = {
	{ LISTS(P("`operation`:`GetItem`,`rps`:0,`item_size_bytes`:10"), T), "cost-rps", "access_pattern_list[0].rps" },
	{ LISTS(P("`operation`:`GetItem`,`rps`:-1,`item_size_bytes`:10"), T), "cost-rps", "access_pattern_list[0].rps" },
	{ LISTS(P("`operation`:`GetItem`,`rps`:1e308,`item_size_bytes`:10"), T), "cost-rps", "access_pattern_list[0].rps" },
	{ LISTS(P("`operation`:`GetItem`,`rps`:1e-300,`item_size_bytes`:10"), T), "cost-rps", "access_pattern_list[0].rps" },
	{ LISTS(P("`operation`:`GetItem`,`rps`:`100`,`item_size_bytes`:10"), T), "cost-type", "access_pattern_list[0].rps" },
	{ LISTS(P("`operation`:`GetItem`,`rps`:[1],`item_size_bytes`:10"), T), "cost-type", "access_pattern_list[0].rps" },
	{ LISTS(P("`operation`:`GetItem`,`rps`:1,`item_size_bytes`:0"), T), "cost-item-size", "access_pattern_list[0].item_size_bytes" },
	{ LISTS(P("`operation`:`GetItem`,`rps`:1,`item_size_bytes`:0.5"), T), "cost-item-size", "access_pattern_list[0].item_size_bytes" },
	{ LISTS(P("`operation`:`GetItem`,`rps`:1,`item_size_bytes`:409601"), T), "cost-item-size", "access_pattern_list[0].item_size_bytes" },
	{ LISTS(P("`operation`:`GetItem`,`rps`:1,`item_size_bytes`:1e308"), T), "cost-item-size", "access_pattern_list[0].item_size_bytes" },
	{ LISTS(P("`operation`:`Query`,`rps`:1,`item_size_bytes`:10"), T), "cost-missing", "access_pattern_list[0]" },
	{ LISTS(P("`operation`:`Query`,`rps`:1,`item_size_bytes`:10,`item_count`:0"), T), "cost-item-count", "access_pattern_list[0].item_count" },
	{ LISTS(P("`operation`:`Scan`,`rps`:1,`item_size_bytes`:10,`item_count`:-5"), T), "cost-item-count", "access_pattern_list[0].item_count" },
	{ LISTS(P("`operation`:`Scan`,`rps`:1,`item_size_bytes`:10,`item_count`:1e300"), T), "cost-item-count", "access_pattern_list[0].item_count" },
	{ LISTS(P("`operation`:`BatchGetItem`,`rps`:1,`item_size_bytes`:10,`item_count`:101"), T), "cost-item-count", "access_pattern_list[0].item_count" },
	{ LISTS(P("`operation`:`BatchWriteItem`,`rps`:1,`item_size_bytes`:10,`item_count`:26"), T), "cost-item-count", "access_pattern_list[0].item_count" },
	{ LISTS(P("`operation`:`TransactWriteItems`,`rps`:1,`item_size_bytes`:10,`item_count`:101"), T), "cost-item-count", "access_pattern_list[0].item_count" },
	{ LISTS(P("`operation`:`Query`,`rps`:1,`item_size_bytes`:10,`item_count`:1,`gsi`:`x`,`strongly_consistent`:true"), T),
	  "cost-strong-gsi", "access_pattern_list[0].strongly_consistent" },
	{ LISTS(P("`operation`:`Query`,`rps`:1,`item_size_bytes`:10,`item_count`:1,`gsi`:`y`"), T), "cost-index-unknown", "access_pattern_list[0].gsi" },
	{ LISTS(P("`operation`:`Query`,`rps`:1,`item_size_bytes`:10,`item_count`:1,`gsi`:7"), T), "cost-type", "access_pattern_list[0].gsi" },
	{ LISTS(P("`operation`:`GetItem`,`rps`:1,`item_size_bytes`:10,`gsi`:`x`"), T), "cost-index-operation", "access_pattern_list[0]" },
	{ LISTS(P("`operation`:`PutItem`,`rps`:1,`item_size_bytes`:10,`gsi_list`:[`x`,`z`]"), T), "cost-index-unknown", "access_pattern_list[0].gsi_list[1]" },
	{ LISTS(P("`operation`:`PutItem`,`rps`:1,`item_size_bytes`:10,`gsi_list`:[`x`,`x`]"), T), "cost-duplicate", "access_pattern_list[0].gsi_list[1]" },
	{ LISTS(P("`operation`:`PutItem`,`rps`:1,`item_size_bytes`:10,`gsi_list`:[3]"), T), "cost-gsi-list", "access_pattern_list[0].gsi_list[0]" },
	{ LISTS(P("`operation`:`PutItem`,`rps`:1,`item_size_bytes`:10,`gsi_list`:`x`"), T), "cost-type", "access_pattern_list[0].gsi_list" },
	{ LISTS(P("`operation`:`PutItem`,`rps`:1,`item_size_bytes`:10,`strongly_consistent`:1"), T), "cost-type", "access_pattern_list[0].strongly_consistent" },
	{ LISTS(P("`operation`:`Explain`,`rps`:1,`item_size_bytes`:10"), T), "cost-operation", "access_pattern_list[0].operation" },
	{ LISTS("{`pattern`:`p`,`table`:`u`," GOOD "}", T), "cost-table-unknown", "access_pattern_list[0].table" },
	{ LISTS("{`pattern`:``,`table`:`t`," GOOD "}", T), "cost-name", "access_pattern_list[0].pattern" },
	{ LISTS(P(GOOD) "," P(GOOD), T), "cost-duplicate", "access_pattern_list[1]" },
	{ LISTS("", T "," T), "cost-duplicate", "table_list[1]" },
	{ LISTS("", "{`name`:`t`,`item_size_bytes`:0,`item_count`:1}"), "cost-item-size", "table_list[0].item_size_bytes" },
	{ LISTS("", "{`name`:`t`,`item_size_bytes`:-4,`item_count`:1}"), "cost-item-size", "table_list[0].item_size_bytes" },
	{ LISTS("", "{`name`:`t`,`item_size_bytes`:1,`item_count`:-1}"), "cost-items", "table_list[0].item_count" },
	{ LISTS("", "{`name`:`t`,`item_size_bytes`:1,`item_count`:1e308}"), "cost-items", "table_list[0].item_count" },
	{ LISTS("", "{`name`:`t`,`item_size_bytes`:1,`item_count`:99999999999999999999}"), "cost-items", "table_list[0].item_count" },
	{ LISTS("", "{`name`:`t`,`item_size_bytes`:1,`item_count`:1,`gsi_list`:[{`name`:`x`,`item_size_bytes`:2,`item_count`:1}]}"),
	  "cost-index-larger", "table_list[0].gsi_list[0].item_size_bytes" },
	{ LISTS("", "{`name`:`t`,`item_size_bytes`:9,`item_count`:1,`gsi_list`:[{`name`:`x`,`item_size_bytes`:2,`item_count`:1},"
		"{`name`:`x`,`item_size_bytes`:2,`item_count`:1}]}"), "cost-duplicate", "table_list[0].gsi_list[1]" },
	{ LISTS("", "{`name`:`t`,`item_size_bytes`:9,`item_count`:1,`gsi_list`:[{`name`:`x`}]}"), "cost-missing", "table_list[0].gsi_list[0]" },
};

static void assert_finite(const struct cost *c)
{
	const double *totals = (const double *)&c->totals;

	for (size_t i = 0; i < sizeof(c->totals) / sizeof(*totals); i++)
		assert_true(isfinite(totals[i]) && totals[i] >= 0);
	for (size_t i = 0; i < c->input->n_patterns; i++)
		assert_true(isfinite(c->patterns[i].own.usd) && isfinite(c->patterns[i].own.units_per_s));
	for (size_t i = 0; i < c->input->n_tables; i++)
		assert_true(isfinite(c->tables[i].storage.usd) && isfinite(c->tables[i].capacity.break_even) &&
			    isfinite(c->tables[i].capacity.peak_utilisation));
}

static void test_each_mistake_is_found_and_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
		struct cost_fixture f;
		bool found = false;

		cost_of_lists(&f, mistakes[i].lists);
		for (const struct model_finding *m = f.findings.first; m; m = m->next)
			found = found || (m->severity == FINDING_ERROR && strcmp(m->code, mistakes[i].code) == 0 &&
					  str_eq(m->path, str_c(mistakes[i].path)));
		if (!found)
			fail_msg("case %zu: no %s at %s, but %s at %.*s", i, mistakes[i].code, mistakes[i].path,
				 f.findings.first ? f.findings.first->code : "nothing",
				 STR_ARG(f.findings.first ? f.findings.first->path : STR("")));
		assert_finite(&f.cost);
		cost_fixture_release(&f);
	}
}

static void test_a_wrong_pattern_is_named_and_costs_nothing(void **state)
{
	struct cost_fixture f;

	(void)state;
	cost_of_lists(&f, LISTS("{`pattern`:`bad`,`table`:`t`,`operation`:`GetItem`,`rps`:1e308,`item_size_bytes`:10},"
				"{`pattern`:2,`table`:`t`,`operation`:`GetItem`,`rps`:8,`item_size_bytes`:10}", T));
	assert_int_equal(f.findings.errors, 1);
	assert_int_equal(f.input.n_patterns, 2);
	assert_true(f.input.patterns[0].not_counted.len > 0);
	assert_str_equal(f.input.patterns[1].id, "2");
	assert_near(f.cost.totals.reads, 4.0 * 2635200 * 0.125 / 1e6);
	cost_fixture_release(&f);
}

static void test_misspelt_names_are_pointed_at(void **state)
{
	struct cost_fixture f;

	(void)state;
	cost_of_lists(&f, LISTS(P(GOOD ",`gsi_lst`:[`x`]"), T));
	assert_int_equal(f.findings.errors, 0);
	assert_int_equal(cost_found(&f, "cost-unknown-member"), 1);
	assert_str_equal(f.findings.first->path, "access_pattern_list[0].gsi_lst");
	cost_fixture_release(&f);
}

static void test_the_largest_figures_stay_finite(void **state)
{
	struct cost_fixture f;
	struct cost cost;

	(void)state;
	cost_of_lists(&f, LISTS("{`pattern`:`p`,`table`:`t`,`operation`:`Scan`,`rps`:2e8,`item_size_bytes`:409600,`item_count`:1e14},"
				"{`pattern`:`q`,`table`:`t`,`operation`:`TransactWriteItems`,`rps`:2e8,`item_size_bytes`:409600,"
				"`item_count`:100,`gsi_list`:[{`name`:`x`,`gsi_key_changes`:true}]}",
				"{`name`:`t`,`item_size_bytes`:409600,`item_count`:1e14,`gsi_list`:[{`name`:`x`,`item_size_bytes`:409600,"
				"`item_count`:1e14}]}"));
	assert_int_equal(f.findings.errors, 0);
	assert_true(cost_compute(&cost, &f.input, &prices_default, COST_FACTOR_MAX, &f.arena, &f.err));
	assert_finite(&cost);
	assert_true(cost.totals.usd > 1e20);
	cost_fixture_release(&f);
}

static void test_too_many_elements_are_refused_whole(void **state)
{
	struct buf text;
	struct cost_fixture f;

	(void)state;
	buf_init(&text, 1 << 20);
	buf_puts(&text, "{`access_pattern_list`:[0");
	for (int i = 0; i < 5000; i++)
		buf_puts(&text, ",0");
	buf_puts(&text, "],`table_list`:[]}");
	cost_of_lists(&f, text.ptr);
	assert_int_equal(f.findings.errors, 1);
	assert_int_equal(cost_found(&f, "cost-too-many"), 1);
	assert_int_equal(f.input.n_patterns, 0);
	cost_fixture_release(&f);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_that_is_wrong_is_said_with_its_path),
		cmocka_unit_test(test_each_mistake_is_found_and_left_out),
		cmocka_unit_test(test_a_wrong_pattern_is_named_and_costs_nothing),
		cmocka_unit_test(test_misspelt_names_are_pointed_at),
		cmocka_unit_test(test_the_largest_figures_stay_finite),
		cmocka_unit_test(test_too_many_elements_are_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
