#include "support/test.h"

#include "sluice/model/cost.h"

#define BEGIN "<!-- cost-report -->"
#define END "<!-- end-cost-report -->"
#define NEW BEGIN "\nnew\n" END "\n"

static const struct { const char *before, *after; } cases[] = {
	/* No section: at the end, under a heading of its own. */
	{ "", "## Cost Report\n\n" NEW },
	{ "# Model\n\ntext\n", "# Model\n\ntext\n\n## Cost Report\n\n" NEW },
	{ "# Model\n\ntext", "# Model\n\ntext\n\n## Cost Report\n\n" NEW },
	/* Between the marks, everything else as it was. */
	{ "a\n" BEGIN "\nold\n\n# Costs\n" END "\n  b \t\n\n\n", "a\n" NEW "  b \t\n\n\n" },
	{ "a\n  " BEGIN "  \nold\n" END "\nb", "a\n" NEW "b" },
	{ BEGIN "\none\n" END "\n" BEGIN "\ntwo\n" END "\n", NEW BEGIN "\ntwo\n" END "\n" },
	/* Marks that make no pair, or that stand in code. */
	{ END "\n" BEGIN "\nx\n", END "\n" BEGIN "\nx\n\n## Cost Report\n\n" NEW },
	{ "```\n" BEGIN "\nold\n" END "\n```\n", "```\n" BEGIN "\nold\n" END "\n```\n\n## Cost Report\n\n" NEW },
	{ "    " BEGIN "\n    " END "\n", "    " BEGIN "\n    " END "\n\n## Cost Report\n\n" NEW },
	/* Under a heading, to the next one of its level or above. */
	{ "# M\n## Costs\nold\n### Details\nold\n## Next\nkept\n", "# M\n## Costs\n\n" NEW "\n## Next\nkept\n" },
	{ "# M\n## 7. Costs\nold\n# Next\n", "# M\n## 7. Costs\n\n" NEW "\n# Next\n" },
	{ "# M\n### 7.2 Cost Estimate:\nold\n## Next\n", "# M\n### 7.2 Cost Estimate:\n\n" NEW "\n## Next\n" },
	{ "## **Cost analysis** ##\nold\n", "## **Cost analysis** ##\n\n" NEW },
	{ "Costs\n-----\nold\n\nNext\n----\nkept\n", "Costs\n-----\n\n" NEW "\nNext\n----\nkept\n" },
	{ "## Cost Report\nold\n" END "\nkept\n", "## Cost Report\n" NEW "kept\n" },   /* as another tool ends it */
	{ "## Costs", "## Costs\n\n" NEW },
	/* What looks like a heading in code is none. */
	{ "```\n## Costs\n```\nkept\n", "```\n## Costs\n```\nkept\n\n## Cost Report\n\n" NEW },
	{ "~~~~ md\n## Costs\n~~~\n~~~~\nkept\n", "~~~~ md\n## Costs\n~~~\n~~~~\nkept\n\n## Cost Report\n\n" NEW },
	{ "    ## Costs\n", "    ## Costs\n\n## Cost Report\n\n" NEW },
	{ "## Costs\nold\n```\n# no heading\n```\nold\n# Next\n", "## Costs\n\n" NEW "\n# Next\n" },
	/* A code block without an end gets one, or the section would be code. */
	{ "```\ncode", "```\ncode\n```\n\n## Cost Report\n\n" NEW },
	{ "~~~~\r\n```\r\n", "~~~~\r\n```\r\n~~~~\r\n\r\n## Cost Report\r\n\r\n" BEGIN "\r\nnew\r\n" END "\r\n" },
	/* Other words. */
	{ "## Cost of delay\nkept\n", "## Cost of delay\nkept\n\n## Cost Report\n\n" NEW },
	{ "#Costs\nkept\n", "#Costs\nkept\n\n## Cost Report\n\n" NEW },
	{ "The costs\nkept\n", "The costs\nkept\n\n## Cost Report\n\n" NEW },
	/* Line ends follow the file's. */
	{ "# M\r\n## Costs\r\nold\r\n## Next\r\nkept\n",
	  "# M\r\n## Costs\r\n\r\n" BEGIN "\r\nnew\r\n" END "\r\n\r\n## Next\r\nkept\n" },
	{ "a\r\n" BEGIN "\r\nold\r\n" END "\r\nb\r\n", "a\r\n" BEGIN "\r\nnew\r\n" END "\r\nb\r\n" },
	{ "a\r", "a\r\r\n\r\n## Cost Report\r\n\r\n" BEGIN "\r\nnew\r\n" END "\r\n" },
	/* Bytes that are no text stay. */
	{ "\xff\xfe\x01\n## Costs\nold\n## \xff\n", "\xff\xfe\x01\n## Costs\n\n" NEW "\n## \xff\n" },
};

static void replace(struct buf *out, struct str file, const char *section)
{
	buf_init(out, 1 << 20);
	assert_true(cost_replace_section(file, str_c(section), out));
}

static void test_the_section_is_replaced_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf out;

		replace(&out, str_c(cases[i].before), "new\n");
		if (!str_eq(buf_str(&out), str_c(cases[i].after)))
			fail_msg("case %zu:\n%.*s\nexpected:\n%s", i, STR_ARG(buf_str(&out)), cases[i].after);
		buf_release(&out);
	}
}

static void test_a_second_time_changes_nothing(void **state)
{
	static const char section[] = "**$1** a month\n\n### Storage\n\n| a |\n| --- |\n| # Costs |\n";

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf once, twice;

		replace(&once, str_c(cases[i].before), section);
		replace(&twice, buf_str(&once), section);
		if (!str_eq(buf_str(&once), buf_str(&twice)))
			fail_msg("case %zu:\n%.*s\nthen:\n%.*s", i, STR_ARG(buf_str(&once)), STR_ARG(buf_str(&twice)));
		buf_release(&once);
		buf_release(&twice);
	}
}

static void test_marks_in_the_section_do_not_end_it(void **state)
{
	struct buf once, twice;

	(void)state;
	replace(&once, STR("# M\n"), "a\n" END "\nb\n" BEGIN "\nc");
	assert_str_equal(buf_str(&once), "# M\n\n## Cost Report\n\n" BEGIN "\na\nb\nc\n" END "\n");
	replace(&twice, buf_str(&once), "d");
	assert_str_equal(buf_str(&twice), "# M\n\n## Cost Report\n\n" BEGIN "\nd\n" END "\n");
	buf_release(&once);
	buf_release(&twice);
}

static void test_a_full_buffer_is_said(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 20);
	assert_false(cost_replace_section(STR("# M\n"), STR("new"), &out));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_section_is_replaced_and_nothing_else),
		cmocka_unit_test(test_a_second_time_changes_nothing),
		cmocka_unit_test(test_marks_in_the_section_do_not_end_it),
		cmocka_unit_test(test_a_full_buffer_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
