/* conf/README.md says what the option tables say. Runs in the project's top
 * folder, as make unit does.
 */
#include "support/test.h"
#include "tools/conf_readme.h"

#include "sluice/core/file.h"

static void test_the_readme_is_what_the_tables_make(void **state)
{
	struct buf old, new;
	struct err err = { 0 };

	(void)state;
	buf_init(&old, CONF_README_MAX);
	buf_init(&new, CONF_README_MAX);
	assert_true(file_read(CONF_README, &old, &err));
	if (!conf_readme_fill(buf_str(&old), &new, &err))
		fail_msg("%s", err.text);
	if (!str_eq(buf_str(&old), buf_str(&new)))
		fail_msg("%s differs from the option tables; run make conf-readme", CONF_README);
	buf_release(&old);
	buf_release(&new);
}

static void check_table(const struct option *table, const char *of)
{
	for (const struct option *o = table; o->name; o++) {
		if (o->flags & OPTION_LATER)
			continue;
		if (!o->help || !*o->help)
			fail_msg("the setting '%s' of %s has no help", o->name, of);
		if (o->type == OPTION_GROUP || o->type == OPTION_LIST)
			check_table(o->table, of);
	}
}

static void test_every_setting_says_what_it_means(void **state)
{
	(void)state;
	for (size_t i = 0; handler_kinds[i]; i++)
		check_table(handler_kinds[i]->options, handler_kinds[i]->kind);
	for (size_t i = 0; sink_kinds[i]; i++)
		check_table(sink_kinds[i]->options, sink_kinds[i]->kind);
}

/* A default that its own type or range refuses would be a problem in every file. */
static void test_every_default_can_be_read(void **state)
{
	struct problems problems;
	struct arena arena;
	struct node empty = { .kind = NODE_OBJECT };

	(void)state;
	arena_init(&arena, 1 << 20);
	problems_init(&problems, &arena);
	for (size_t i = 0; handler_kinds[i]; i++)
		option_read(handler_kinds[i]->options, &empty, arena_alloc(&arena, handler_kinds[i]->settings_size), NULL,
			    &problems);
	for (size_t i = 0; sink_kinds[i]; i++)
		option_read(sink_kinds[i]->options, &empty, arena_alloc(&arena, sink_kinds[i]->settings_size), NULL, &problems);
	for (const struct problem *p = problems.first; p; p = p->next)
		if (!str_starts(p->text, STR("the setting '")))
			fail_msg("%.*s", STR_ARG(p->text));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_readme_is_what_the_tables_make),
		cmocka_unit_test(test_every_setting_says_what_it_means),
		cmocka_unit_test(test_every_default_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
