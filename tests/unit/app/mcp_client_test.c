#include "support/test.h"

#include "sluice/app/mcp_client.h"
#include "sluice/core/file.h"

#include <stdio.h>

/* What stands under deploy/mcp is what --print-config prints for a program in /usr/local/bin. */
static void test_the_files_are_the_table(void **state)
{
	(void)state;
	for (const struct mcp_client *c = mcp_clients; c->name; c++) {
		char path[128];
		struct buf file, snippet;
		struct err err;

		snprintf(path, sizeof(path), "deploy/mcp/%s.json", c->name);
		buf_init(&file, 1 << 16);
		buf_init(&snippet, 1 << 16);
		if (!file_read(path, &file, &err))
			fail_msg("%s", err.text);
		assert_true(mcp_client_snippet(c, STR("/usr/local/bin/sluice"), STR("/path/to/your/project"), &snippet));
		assert_string_equal(file.ptr, snippet.ptr);
		buf_release(&file);
		buf_release(&snippet);
	}
}

static void test_paths_are_escaped(void **state)
{
	struct buf snippet;

	(void)state;
	buf_init(&snippet, 1 << 16);
	assert_true(mcp_client_snippet(mcp_client_named(STR("Windsurf")), STR("/opt/a \"b\"/sluice"), STR("/x\\y"), &snippet));
	assert_non_null(strstr(snippet.ptr, "\"/opt/a \\\"b\\\"/sluice\""));
	assert_non_null(strstr(snippet.ptr, "\"/x\\\\y\""));
	buf_release(&snippet);
	assert_null(mcp_client_named(STR("emacs")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_files_are_the_table),
		cmocka_unit_test(test_paths_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
