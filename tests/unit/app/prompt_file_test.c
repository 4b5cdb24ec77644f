#include "support/test.h"

#include "sluice/app/prompt_file.h"

#include "sluice/core/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/sluice-prompts-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static const char *path_of(const struct prompt *p)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s", folder, p->file);
	return path;
}

static int remove_folder(void **state)
{
	(void)state;
	for (const struct prompt *p = prompts; p->name; p++)
		unlink(path_of(p));
	return rmdir(folder);
}

static void put(const struct prompt *p, struct str text)
{
	assert_true(file_replace(path_of(p), text, NULL));
}

static void test_without_a_folder_it_is_the_embedded_one(void **state)
{
	struct err err = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, PROMPT_MAX_BYTES);
	assert_true(prompt_read(NULL, &prompts[1], &out, &err));
	assert_true(str_eq(buf_str(&out), prompt_text(&prompts[1])));
	assert_true(prompts_check(NULL, &err));
	buf_release(&out);
}

static void test_a_file_of_the_folder_stands_in_for_it(void **state)
{
	struct err err = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, PROMPT_MAX_BYTES);
	put(&prompts[1], STR("# Ours\n"));
	assert_true(prompt_read(folder, &prompts[1], &out, &err));
	assert_str_equal(buf_str(&out), "# Ours\n");
	buf_release(&out);
}

static void test_what_is_missing_is_named_and_the_embedded_one_given(void **state)
{
	static const struct { struct str text; const char *words; } cases[] = {
		{ { NULL, 0 }, "review_model.md cannot be read" },
		{ STR_INIT(" \n"), "is empty" },
		{ STR_INIT("\xff\n"), "is not UTF-8 text" },
		{ STR_INIT("a\0b"), "is not UTF-8 text" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		struct buf out;

		buf_init(&out, PROMPT_MAX_BYTES);
		if (cases[i].text.ptr)
			put(&prompts[1], cases[i].text);
		assert_false(prompt_read(folder, &prompts[1], &out, &err));
		assert_string_equal(err.code, "prompt.file");
		assert_non_null(strstr(err.text, cases[i].words));
		assert_non_null(strstr(err.text, "dynamodb_data_modeling.md, review_model.md and design_stream_handlers.md"));
		assert_true(str_eq(buf_str(&out), prompt_text(&prompts[1])));
		assert_false(prompts_check(folder, &err));
		buf_release(&out);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_without_a_folder_it_is_the_embedded_one),
		TEST(test_a_file_of_the_folder_stands_in_for_it),
		TEST(test_what_is_missing_is_named_and_the_embedded_one_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
