/* Every file of every fuzzer's corpus through every fuzzer: seeds, and what once
 * was found. The Makefile names the fuzzers (FUZZ_ENTRIES). */
#include "support/test.h"

#include "sluice/core/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define ENTRY(name) int fuzz_##name(const uint8_t *data, size_t size);
FUZZ_ENTRIES
#undef ENTRY

static const struct {
	const char *name;
	int (*run)(const uint8_t *data, size_t size);
} fuzzers[] = {
#define ENTRY(name) { #name, fuzz_##name },
	FUZZ_ENTRIES
#undef ENTRY
};

static const char CORPUS[] = "tests/fuzz/corpus";

/* The bytes in memory of exactly their size. */
static void feed_file(const char *path)
{
	enum { LARGEST = 1 << 20 };
	FILE *f = fopen(path, "rb");
	uint8_t *bytes;
	size_t size;

	assert_non_null(f);
	bytes = mem_alloc(LARGEST);
	size = fread(bytes, 1, LARGEST, f);
	assert_true(size < LARGEST);
	fclose(f);
	bytes = mem_resize(bytes, size ? size : 1);
	for (size_t i = 0; i < COUNT_OF(fuzzers); i++)
		fuzzers[i].run(bytes, size);
	mem_free(bytes);
}

static unsigned feed_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned files = 0;
	char path[1024];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		feed_file(path);
		files++;
	}
	if (dir)
		closedir(dir);
	return files;
}

static void test_every_fuzzer_survives_every_corpus(void **state)
{
	char folder[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(fuzzers); i++) {
		snprintf(folder, sizeof(folder), "%s/%s", CORPUS, fuzzers[i].name);
		if (feed_folder(folder) == 0)
			fail_msg("%s holds no files; tests run from the project's top folder", folder);
	}
}

static void test_every_fuzzer_survives_no_bytes_at_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(fuzzers); i++)
		fuzzers[i].run((const uint8_t *)"", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_fuzzer_survives_every_corpus),
		cmocka_unit_test(test_every_fuzzer_survives_no_bytes_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
