#include "support/handlers.h"
#include "support/test.h"

static void test_kinds_are_found_by_their_exact_names(void **state)
{
	static const char *const names[] = { "forward", "fanout", "counter", "view", "index" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_string_equal(handler_kind(str_c(names[i]))->kind, names[i]);
	assert_null(handler_kind(STR("Forward")));
	assert_null(handler_kind(STR("forwar")));
	assert_null(handler_kind(STR("")));
}

static void test_every_kind_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; handler_kinds[i]; i++) {
		const struct handler_ops *ops = handler_kinds[i];

		assert_non_null(ops->new);
		assert_non_null(ops->apply);
		assert_non_null(ops->free);
		assert_true(strlen(ops->summary) > 20);
		assert_true(ops->settings_size > 0);
		assert_int_equal(ops->image, ops->definition != NULL);
		assert_int_equal(ops->image, ops->needs_new && ops->needs_old);
		for (const struct option *o = ops->options; o->name; o++)
			assert_true(o->help && strlen(o->help) > 10);
	}
}

static void test_rows_that_sluice_derived_are_known(void **state)
{
	static const struct record_spec records[] = {
		{ .new_image = "{'id': 'a'}" },
		{ .new_image = "{'id': 'a', 'sluice_handler': 'h'}" },
		{ .old_image = "{'id': 'a', 'sluice_handler': 'h'}" },
		{ .event = "MODIFY", .keys = "{'id': 'a'}" },
	};
	struct page *page = records_page(records, COUNT_OF(records));

	(void)state;
	for (size_t i = 0; i < COUNT_OF(records); i++)
		assert_int_equal(handler_ignores(&page->records[i]), i == 1 || i == 2);
	page_unref(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_are_found_by_their_exact_names),
		cmocka_unit_test(test_every_kind_is_complete),
		cmocka_unit_test(test_rows_that_sluice_derived_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
