#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/core/node.h"
#include "sluice/core/problem.h"

static struct arena arena;
static struct buf out;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	buf_init(&out, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	buf_release(&out);
	return 0;
}

static void test_they_are_sorted_by_file_and_line_and_keep_their_order(void **state)
{
	struct node at = { .file = "b.conf", .line = 2 };
	struct problems p;

	(void)state;
	problems_init(&p, &arena);
	problems_add_at(&p, "b.conf", 10, "third");
	problems_add(&p, &at, "first %d", 1);
	problems_add_at(&p, "b.conf", 2, "second");
	problems_add_at(&p, "a.conf", 99, "before all");
	problems_add(&p, NULL, "at no place");
	problems_sort(&p);
	assert_true(problems_print(&p, &out));
	assert_string_equal(out.ptr, "at no place\na.conf:99: before all\nb.conf:2: first 1\nb.conf:2: second\n"
				     "b.conf:10: third\n");
}

static void test_control_characters_do_not_reach_the_terminal(void **state)
{
	struct problems p;

	(void)state;
	problems_init(&p, &arena);
	problems_add_at(&p, "f", 1, "found \"%s\"", "a\x1b[31mb\nc\x7f");
	problems_print(&p, &out);
	assert_string_equal(out.ptr, "f:1: found \"a?[31mb?c?\"\n");
}

static void test_each_is_of_a_sort(void **state)
{
	struct node at = { .file = "b.conf", .line = 2 };
	struct problems p;

	(void)state;
	problems_init(&p, &arena);
	problems_add(&p, &at, "wrong");
	problems_add_as(&p, PROBLEM_LATER, &at, "%s", "later");
	problems_add_at(&p, "f", 1, "syntax");
	assert_int_equal(p.first->sort, PROBLEM_WRONG);
	assert_int_equal(p.first->next->sort, PROBLEM_LATER);
	assert_ptr_equal(p.first->next->at, &at);
	assert_str_equal(p.first->next->text, "later");
	assert_int_equal(p.last->sort, PROBLEM_WRONG);
}

static void test_beyond_the_cap_they_are_counted(void **state)
{
	struct problems p;

	(void)state;
	problems_init(&p, &arena);
	for (int i = 0; i < PROBLEMS_MAX + 5; i++)
		problems_add_at(&p, "f", PROBLEMS_MAX - i, "x");
	problems_sort(&p);
	problems_print(&p, &out);
	assert_int_equal(p.count, PROBLEMS_MAX + 5);
	assert_true(str_ends(buf_str(&out), STR("and 5 more\n")));
	assert_int_equal(p.first->line, 1);
}

static void test_consequences_of_what_was_noted_before_are_not_noted(void **state)
{
	struct node root = { .kind = NODE_OBJECT }, group = { .name = STR_INIT("g"), .kind = NODE_OBJECT, .parent = &root };
	struct node refused = { .name = STR_INIT("r"), .parent = &group }, sound = { .name = STR_INIT("s"), .parent = &group };
	struct problems p;

	(void)state;
	problems_init(&p, &arena);
	problems_follow(&p);
	problems_add(&p, &sound, "no cause yet");
	problems_follow_end(&p);
	assert_int_equal(p.count, 1);

	problems_init(&p, &arena);
	problems_add(&p, &refused, "cause");
	assert_true(problems_within(&p, &refused) && problems_within(&p, &group));
	assert_false(problems_within(&p, &sound) || problems_within(&p, NULL));
	problems_follow(&p);
	problems_add(&p, &refused, "echo");
	problems_add(&p, &group, "echo around it");
	assert_int_equal(p.count, 1);
	problems_add(&p, &sound, "another");
	problems_add(&p, &sound, "and one more there");
	problems_add(&p, NULL, "at no place");
	assert_int_equal(p.count, 4);
	problems_follow_end(&p);
	problems_add(&p, &refused, "noted again");
	assert_int_equal(p.count, 5);
}

static void test_a_long_text_is_cut_between_characters(void **state)
{
	char text[3000];
	struct problems p;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[sizeof(text) - 2] = '\0';
	problems_init(&p, &arena);
	problems_add_at(&p, "f", 1, "x%s", text);
	assert_true(p.first->text.len > 1000);
	assert_true(str_utf8_valid(p.first->text));
}

static void test_the_nearest_word_is_offered_when_it_is_near(void **state)
{
	static const struct { struct str word; const char *text; } cases[] = {
		{ STR_INIT("topik"), "; did you mean 'topic'?" },
		{ STR_INIT("TOPIC"), "; did you mean 'topic'?" },
		{ STR_INIT("retrys"), "; did you mean 'retries'?" },
		{ STR_INIT("x"), "" },
		{ STR_INIT("something"), "" },
	};
	char text[100];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct nearest n = nearest_to(cases[i].word);

		nearest_offer(&n, STR("retries"));
		nearest_offer(&n, STR("topic"));
		nearest_offer(&n, STR("by"));
		assert_string_equal(nearest_text(&n, text, sizeof(text)), cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_they_are_sorted_by_file_and_line_and_keep_their_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_control_characters_do_not_reach_the_terminal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_is_of_a_sort, setup, teardown),
		cmocka_unit_test_setup_teardown(test_beyond_the_cap_they_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_consequences_of_what_was_noted_before_are_not_noted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_long_text_is_cut_between_characters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_nearest_word_is_offered_when_it_is_near, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
