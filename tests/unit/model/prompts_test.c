#include "support/test.h"

#include "sluice/model/prompts.h"

#include <string.h>

static void test_prompts_are_embedded_whole(void **state)
{
	size_t count = 0;

	(void)state;
	for (const struct prompt *p = prompts; p->name; p++, count++) {
		struct str text = prompt_text(p);

		assert_true(str_starts(text, STR("# ")));
		assert_true(str_ends(text, STR("\n")));
		assert_true(str_utf8_valid(text));
		assert_true(text.len > 1000 && text.len < PROMPT_MAX_BYTES);
		assert_int_equal(text.ptr[text.len], '\0');
		assert_ptr_equal(prompt_named(str_c(p->name)), p);
		for (const char *c = p->name; *c; c++)
			assert_true((*c >= 'a' && *c <= 'z') || *c == '-');
	}
	assert_int_equal(count, 3);
	assert_null(prompt_named(STR("review_model")));
	assert_true(str_starts(prompt_text(&prompts[0]), STR("# DynamoDB Data Modeling Expert System Prompt\n")));
}

static void test_chapters_are_the_whole_text_in_pieces(void **state)
{
	(void)state;
	for (const struct prompt *p = prompts; p->name; p++) {
		struct prompt_chapter *chapters;
		struct arena arena;
		size_t count, length = 0;

		arena_init(&arena, 1 << 20);
		chapters = prompt_chapters(prompt_text(p), &arena, &count);
		assert_true(count > 3);
		for (size_t i = 0; i < count; i++) {
			assert_ptr_equal(chapters[i].text.ptr, p->begin + length);
			length += chapters[i].text.len;
			assert_true(i == 0 || str_starts(chapters[i].text, STR("## ")));
			for (size_t j = 0; j < i; j++)
				assert_false(str_eq(chapters[i].slug, chapters[j].slug));
		}
		assert_int_equal(length, prompt_text(p).len);
		arena_release(&arena);
	}
}

static const char text[] =
	"Before.\n## 12. Multi-Table First\nx\n```sh\n## no heading\n```\n````markdown\n## nor this\n```\n## nor this\n````\n"
	"### below\n## Multi-Table  first!\n## \xc3\xa9\n##none\n";

static void test_headings_in_code_are_no_chapters(void **state)
{
	static const char *const slugs[] = { "introduction", "multi-table-first", "multi-table-first-2", "chapter" };
	static const char *const titles[] = { "Introduction", "Multi-Table First", "Multi-Table  first!", "\xc3\xa9" };
	struct prompt_chapter *chapters;
	struct arena arena;
	size_t count;

	(void)state;
	arena_init(&arena, 1 << 20);
	chapters = prompt_chapters(str_c(text), &arena, &count);
	assert_int_equal(count, 4);
	for (size_t i = 0; i < count; i++) {
		assert_str_equal(chapters[i].slug, slugs[i]);
		assert_str_equal(chapters[i].title, titles[i]);
	}
	assert_str_equal(chapters[3].text, "## \xc3\xa9\n##none\n");
	prompt_chapters(STR(""), &arena, &count);
	assert_int_equal(count, 0);
	arena_release(&arena);
}

static void test_chapters_are_bounded(void **state)
{
	struct prompt_chapter *chapters;
	struct arena arena;
	struct buf many;
	size_t count;

	(void)state;
	arena_init(&arena, 1 << 20);
	buf_init(&many, 1 << 20);
	for (int i = 0; i < 1000; i++)
		buf_puts(&many, "## same\n");
	chapters = prompt_chapters(buf_str(&many), &arena, &count);
	assert_int_equal(count, PROMPT_CHAPTERS_MAX);
	assert_int_equal(chapters[count - 1].text.len, 8 * (1000 - PROMPT_CHAPTERS_MAX + 1));
	buf_release(&many);
	arena_release(&arena);
}

static void test_what_was_given_is_appended(void **state)
{
	const struct str values[] = { STR("x/y.json"), STR("") }, both[] = { STR("a"), STR("b") };
	const struct prompt *p = prompt_named(STR("review-model"));
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_true(prompt_put_given(p, values, &out));
	assert_string_equal(out.ptr, "\n## Given with this prompt\n\n- model: x/y.json\n");
	buf_clear(&out);
	assert_true(prompt_put_given(p, both, &out));
	assert_string_equal(out.ptr, "\n## Given with this prompt\n\n- model: a\n- focus: b\n");
	buf_clear(&out);
	assert_true(prompt_put_given(p, (const struct str[]){ { 0 }, { 0 } }, &out));
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prompts_are_embedded_whole),
		cmocka_unit_test(test_chapters_are_the_whole_text_in_pieces),
		cmocka_unit_test(test_headings_in_code_are_no_chapters),
		cmocka_unit_test(test_chapters_are_bounded),
		cmocka_unit_test(test_what_was_given_is_appended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
