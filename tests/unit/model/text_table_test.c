#include "support/test.h"

#include "../../../src/model/text_table.h"

static const char *const heads[] = { "name", "units", "what" };

/* Two rows, printed. */
static void print(struct buf *out, bool markdown, struct str name, struct str units, struct str what)
{
	struct text_table t;
	struct arena a;
	struct str *cells;

	arena_init(&a, 1 << 20);
	buf_init(out, 1 << 20);
	text_table_init(&t, &a, markdown, heads, 3, 1 << 1);
	cells = text_table_row(&t);
	cells[0] = name;
	cells[1] = units;
	cells[2] = what;
	cells = text_table_row(&t);
	cells[1] = STR("1");
	assert_true(text_table_print(&t, out));
	arena_release(&a);
}

static void test_columns_are_aligned_by_characters(void **state)
{
	struct buf out;

	(void)state;
	print(&out, false, STR("K\xc3\xb6ln \xe2\x82\xac"), STR("12,000"), STR("x"));
	assert_str_equal(buf_str(&out), "  name     units  what\n"
					"  ------  ------  ----\n"
					"  K\xc3\xb6ln \xe2\x82\xac  12,000  x\n"
					"               1\n");
	buf_release(&out);
}

static void test_markdown_has_a_line_of_kinds(void **state)
{
	struct buf out;

	(void)state;
	print(&out, true, STR("a"), STR("2"), STR("x"));
	assert_str_equal(buf_str(&out), "| name | units | what |\n| --- | ---: | --- |\n| a | 2 | x |\n| | 1 | |\n");
	buf_release(&out);
}

static void test_hostile_cells_stay_in_their_cell(void **state)
{
	struct buf out;

	(void)state;
	print(&out, true, STR("a|b\n# <!-- end-cost-report -->"), STR("\\`"), STR("[x](y)\x1b[2J"));
	assert_non_null(strstr(out.ptr, "| a\\|b?# \\<!-- end-cost-report --\\> | \\\\\\` | \\[x\\](y)?\\[2J |\n"));
	buf_release(&out);
	print(&out, false, STR("a\r\nb"), STR("\x7f"), STR("\xc2\x9b" "31m"));
	assert_non_null(strstr(out.ptr, "  a??b  "));
	assert_null(strchr(out.ptr, '\x7f'));
	assert_null(strchr(out.ptr, '\xc2'));
	assert_non_null(strstr(out.ptr, "?31m\n"));
	buf_release(&out);
}

static void test_long_cells_are_cut_between_characters(void **state)
{
	char text[300];
	struct buf out;

	(void)state;
	for (int i = 0; i < 300; i += 2)
		memcpy(text + i, "\xc3\xb6", 2);
	print(&out, false, STR("a"), STR("1"), str_of(text, sizeof(text)));
	assert_true(str_utf8_valid(buf_str(&out)));
	assert_non_null(strstr(out.ptr, "\xc3\xb6\xe2\x80\xa6\n"));
	assert_true(out.len < 3 * 300);
	buf_release(&out);
}

static void test_too_little_memory_or_room_is_said(void **state)
{
	struct text_table t;
	struct arena a;
	struct buf out;

	(void)state;
	arena_init(&a, 64);
	buf_init(&out, 1 << 10);
	text_table_init(&t, &a, false, heads, 3, 0);
	text_table_row(&t)[0] = STR("x");
	assert_false(text_table_print(&t, &out));
	arena_release(&a);
	buf_release(&out);
	arena_init(&a, 1 << 20);
	buf_init(&out, 10);
	text_table_init(&t, &a, false, heads, 3, 0);
	assert_false(text_table_print(&t, &out));
	arena_release(&a);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_aligned_by_characters),
		cmocka_unit_test(test_markdown_has_a_line_of_kinds),
		cmocka_unit_test(test_hostile_cells_stay_in_their_cell),
		cmocka_unit_test(test_long_cells_are_cut_between_characters),
		cmocka_unit_test(test_too_little_memory_or_room_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
