#include "support/test.h"

#include "support/lang.h"

#include "sluice/pipeline/filter.h"

#include <string.h>

static struct changed *compile(struct lang *l, const char *path)
{
	struct str items[] = { STR("untouched"), str_c(path) };
	const struct option_names paths = { items, 2 };

	return changed_compile(&paths, &l->arena, NULL, &l->problems);
}

static void test_a_modify_counts_if_a_path_differs(void **state)
{
	static const struct { const char *path; bool differs; } cases[] = {
		{ "price", true },
		{ "status", true },
		{ "deal_id", false },
		{ "sizes", false },      /* a set, in another order and form */
		{ "title", true },       /* new only */
		{ "specs.width", true },
		{ "absent", false },     /* in neither */
		{ "price.x", false },
	};
	struct page *page = lang_page(lang_deal);
	struct lang lang;

	(void)state;
	lang_init(&lang);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct changed *c = compile(&lang, cases[i].path);

		assert_non_null(c);
		if (changed_match(c, &page->records[0]) != cases[i].differs)
			print_error("%s\n", cases[i].path);
		assert_int_equal(changed_match(c, &page->records[0]), cases[i].differs);
	}
	lang_release(&lang);
	page_unref(page);
}

static void test_inserts_removes_and_no_paths_always_count(void **state)
{
	const struct option_names none = { NULL, 0 };
	struct page *page = lang_page(lang_deal);
	struct record r = page->records[0];
	struct lang lang;

	(void)state;
	lang_init(&lang);
	assert_true(changed_match(NULL, &r));
	assert_true(changed_match(changed_compile(&none, &lang.arena, NULL, &lang.problems), &r));
	r.event = RECORD_INSERT;
	assert_true(changed_match(compile(&lang, "deal_id"), &r));
	r.event = RECORD_REMOVE;
	assert_true(changed_match(compile(&lang, "deal_id"), &r));
	lang_release(&lang);
	page_unref(page);
}

static void test_malformed_paths_are_named(void **state)
{
	struct lang lang;

	(void)state;
	lang_init(&lang);
	assert_null(compile(&lang, "a..b"));
	assert_non_null(strstr(lang_problems(&lang), "changed[1]: "));
	lang_release(&lang);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_modify_counts_if_a_path_differs),
		cmocka_unit_test(test_inserts_removes_and_no_paths_always_count),
		cmocka_unit_test(test_malformed_paths_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
