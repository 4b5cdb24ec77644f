/* Bounds of all lints, and what they need from the program. The lints themselves have test programs
 * of their own (lint_cases.h). Runs in the project's top folder.
 */
#include "support/test.h"

#include "sluice/app/model_settings.h"
#include "sluice/core/buf.h"
#include "sluice/core/file.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

struct counts {
	size_t work, memory, settings;
	bool parsed;
};

static struct counts lint(struct str text, const struct model_kinds *kinds)
{
	struct findings_list findings;
	struct counts counts = { 0 };
	struct arena arena;
	struct model model;

	arena_init(&arena, 8 << 20);
	findings_list_init(&findings, &arena, NULL);
	counts.parsed = model_parse(&model, text, "model.json", &findings);
	if (counts.parsed)
		model_lint(&model, kinds, &findings);
	for (const struct model_finding *f = findings.first; f; f = f->next) {
		counts.work += strcmp(f->code, "lint-work") == 0;
		counts.memory += strcmp(f->code, "lint-memory") == 0;
		counts.settings += strcmp(f->code, "sink-setting") == 0;
	}
	model_release(&model);
	arena_release(&arena);
	return counts;
}

/* A document around its `items`, `patterns`, `sinks` and `handlers`, which are written by the test. */
#define TABLES "\"tables\":[{\"TableName\":\"Orders\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\"," \
	"\"AttributeType\":\"S\"}],\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]," \
	"\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}]"

static void put_items(struct buf *out, size_t n)
{
	buf_puts(out, ",\"items\":{\"Orders\":[");
	for (size_t i = 0; i < n; i++)
		buf_putf(out, "%s{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"%zu\"}}}}", i ? "," : "", i);
	buf_puts(out, "]}");
}

static void put_handlers(struct buf *out, size_t n)
{
	buf_puts(out, ",\"stream_handlers\":[");
	for (size_t i = 0; i < n; i++)
		buf_putf(out, "%s{\"kind\":\"forward\",\"name\":\"f%zu\",\"source\":\"Orders\",\"sink\":\"bus\","
			 "\"message\":{\"a\":\"${new.a}\",\"b\":\"${new.b}\"}}", i ? "," : "", i);
	buf_puts(out, "]");
}

static void put_patterns(struct buf *out, size_t n, size_t bytes)
{
	buf_puts(out, ",\"access_patterns\":[");
	for (size_t i = 0; i < n; i++) {
		buf_putf(out, "%s{\"pattern\":%zu,\"implementation\":\"", i ? "," : "", i);
		for (size_t k = 0; k < bytes; k++)
			buf_putc(out, 'x');
		buf_puts(out, "\"}");
	}
	buf_puts(out, "]");
}

static struct counts lint_sized(size_t items, size_t handlers, size_t patterns, size_t bytes)
{
	struct counts counts;
	struct buf text;

	buf_init(&text, 8 << 20);
	buf_puts(&text, "{" TABLES);
	put_items(&text, items);
	put_handlers(&text, handlers);
	put_patterns(&text, patterns, bytes);
	buf_puts(&text, "}");
	counts = lint(buf_str(&text), &model_daemon_kinds);
	buf_release(&text);
	assert_true(counts.parsed);
	return counts;
}

static void test_work_is_bounded_and_its_end_is_told(void **state)
{
	(void)state;
	assert_int_equal(lint_sized(100, 100, 100, 100).work, 0);
	assert_int_equal(lint_sized(3000, 1000, 1, 1).work, 1);      /* templates in items */
}

static void test_each_lint_has_work_of_its_own(void **state)
{
	struct findings_list findings;
	struct arena arena, step;
	struct lint l = { .findings = &findings, .step = &step, .work = 10 };
	static const struct model_lint self = { "x", FINDING_ERROR, "", NULL };

	(void)state;
	arena_init(&arena, 1 << 20);
	findings_list_init(&findings, &arena, NULL);
	l.self = &self;
	assert_true(lint_works(&l, 4, NULL));
	assert_true(lint_works(&l, 6, NULL));
	assert_int_equal(findings.count, 0);
	assert_false(lint_works(&l, 1, NULL));
	assert_false(lint_works(&l, 1, NULL));
	assert_int_equal(findings.count, 1);
	assert_string_equal(findings.first->code, "lint-work");
	arena_release(&arena);
}

static void test_a_step_begins_with_all_of_the_memory(void **state)
{
	struct arena step;
	struct lint l = { .step = &step };

	(void)state;
	arena_init(&step, 1 << 16);
	for (int i = 0; i < 10; i++)
		assert_non_null(arena_alloc(lint_step(&l), 1 << 15));
	arena_release(&step);
}

/* A filter of 600,000 numbers, in a string: more than the memory of a step. */
static void test_memory_is_bounded_and_its_end_is_told(void **state)
{
	struct counts counts;
	struct buf text;

	(void)state;
	buf_init(&text, 8 << 20);
	buf_puts(&text, "{" TABLES ",\"stream_handlers\":[{\"kind\":\"forward\",\"name\":\"f\",\"source\":\"Orders\","
			"\"sink\":\"bus\",\"filter\":\"[1");
	for (int i = 0; i < 600000; i++)
		buf_puts(&text, ",1");
	buf_puts(&text, "]\"}]}");
	counts = lint(buf_str(&text), NULL);
	buf_release(&text);
	assert_true(counts.parsed);
	assert_int_equal(counts.memory, 1);
}

static void test_without_kinds_settings_are_not_checked(void **state)
{
	const struct str text = STR("{" TABLES ",\"stream_sinks\":[{\"name\":\"a\",\"kind\":\"nothing\"}]}");

	(void)state;
	assert_int_equal(lint(text, NULL).settings, 0);
	assert_int_equal(lint(text, &model_daemon_kinds).settings, 1);
}

static void test_codes_are_unique_and_well_formed(void **state)
{
	(void)state;
	for (size_t i = 0; model_lints[i]; i++)
		for (const struct model_lint *a = model_lints[i]; a->code; a++) {
			assert_int_equal(strspn(a->code, "abcdefghijklmnopqrstuvwxyz0123456789-."), strlen(a->code));
			assert_true(a->run && strlen(a->about) > 10 && str_ends(str_c(a->about), STR(".")));
			for (size_t k = 0; model_lints[k]; k++)
				for (const struct model_lint *b = model_lints[k]; b->code; b++)
					assert_true(a == b || strcmp(a->code, b->code) != 0);
		}
}

/* Each test program answers for its own tables; here, that none is forgotten. */
static void test_every_code_stands_in_a_test(void **state)
{
	enum { SOURCES_MAX = 4 << 20 };
	struct buf sources;
	glob_t found;

	(void)state;
	buf_init(&sources, SOURCES_MAX);
	assert_int_equal(glob("tests/unit/model/lint*_test.c", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		assert_true(file_read(found.gl_pathv[i], &sources, NULL));
	globfree(&found);
	for (size_t i = 0; model_lints[i]; i++)
		for (const struct model_lint *lint = model_lints[i]; lint->code; lint++) {
			char quoted[80];

			snprintf(quoted, sizeof(quoted), "\"%s\"", lint->code);
			if (!strstr(sources.ptr, quoted))
				fail_msg("%s stands in no tests/unit/model/lint*_test.c", lint->code);
		}
	buf_release(&sources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_is_bounded_and_its_end_is_told),
		cmocka_unit_test(test_each_lint_has_work_of_its_own),
		cmocka_unit_test(test_a_step_begins_with_all_of_the_memory),
		cmocka_unit_test(test_memory_is_bounded_and_its_end_is_told),
		cmocka_unit_test(test_without_kinds_settings_are_not_checked),
		cmocka_unit_test(test_codes_are_unique_and_well_formed),
		cmocka_unit_test(test_every_code_stands_in_a_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
