/* Paths of a real folder of its own. */
#include "support/test.h"

#include "sluice/mcp/workspace.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* base/in (a root): file, sub/deep, to_file -> file, to_out -> ../out, dangling -> ../out/new, loop -> loop,
 * home_again -> ../in/sub; base/in2 (a root); base/out: secret; base/inside (no root, though its name begins like one) */
struct place {
	struct arena arena;
	char base[64];
	struct str roots[2];
};

static void make_dir(const struct place *p, const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", p->base, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_file(const struct place *p, const char *name)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", p->base, name);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void make_link(const struct place *p, const char *to, const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", p->base, name);
	assert_int_equal(symlink(to, path), 0);
}

static int set_up(void **state)
{
	static struct place p;
	char path[200];

	arena_init(&p.arena, 1 << 20);
	strcpy(p.base, "/tmp/sluice-workspace-XXXXXX");
	assert_non_null(mkdtemp(p.base));
	make_dir(&p, "in");
	make_dir(&p, "in/sub");
	make_dir(&p, "in/sub/deep");
	make_dir(&p, "in2");
	make_dir(&p, "inside");
	make_dir(&p, "out");
	make_file(&p, "in/file");
	make_file(&p, "out/secret");
	make_link(&p, "file", "in/to_file");
	make_link(&p, "../out", "in/to_out");
	make_link(&p, "../out/new", "in/dangling");
	make_link(&p, "loop", "in/loop");
	make_link(&p, "../in/sub", "in/home_again");
	snprintf(path, sizeof(path), "%s/in", p.base);
	p.roots[0] = workspace_folder(&p.arena, str_c(path), NULL);
	snprintf(path, sizeof(path), "%s/../%s/in2/", p.base, strrchr(p.base, '/') + 1);
	p.roots[1] = workspace_folder(&p.arena, str_c(path), NULL);
	assert_non_null(p.roots[0].ptr);
	assert_non_null(p.roots[1].ptr);
	*state = &p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	char command[200];

	snprintf(command, sizeof(command), "rm -r '%s'", p->base);
	arena_release(&p->arena);
	return system(command);
}

static void test_paths_that_are_inside(void **state)
{
	static const struct { const char *path, *real; } cases[] = {
		{ "", "/in" }, { ".", "/in" }, { "file", "/in/file" }, { "./sub/../file", "/in/file" }, { "to_file", "/in/file" },
		{ "new.json", "/in/new.json" }, { "new/folder/x.json", "/in/new/folder/x.json" }, { "sub/", "/in/sub" },
		{ "home_again/deep/x", "/in/sub/deep/x" }, { "../in2/x", "/in2/x" }, { "../in/file", "/in/file" },
		{ "to_out/../in/file", "/in/file" }, { "sub//deep///x", "/in/sub/deep/x" }, { "..x/y", "/in/..x/y" },
	};
	struct place *p = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str real = { NULL, 0 };
		struct err err = { 0 };
		char want[200];

		if (!workspace_resolve(&p->arena, p->roots, 2, str_c(cases[i].path), &real, &err))
			fail_msg("%s: %s", cases[i].path, err.text);
		snprintf(want, sizeof(want), "%s%s", p->base, cases[i].real);
		assert_str_equal(real, want);
	}
}

static void test_absolute_paths(void **state)
{
	struct place *p = *state;
	char path[200];
	struct str real;
	struct err err;

	snprintf(path, sizeof(path), "%s/in/sub/new", p->base);
	assert_true(workspace_resolve(&p->arena, p->roots, 2, str_c(path), &real, &err));
	assert_str_equal(real, path);
	snprintf(path, sizeof(path), "%s/inside/file", p->base);
	assert_false(workspace_resolve(&p->arena, p->roots, 2, str_c(path), &real, &err));
	assert_string_equal(err.code, "mcp.path");
}

static void test_paths_that_lead_out_are_refused(void **state)
{
	static const char *const paths[] = {
		"..", "../out/secret", "to_out", "to_out/secret", "to_out/new", "dangling", "dangling/x", "loop", "loop/x",
		"/etc/passwd", "/", "sub/../../out/secret", "new/../../out/secret", "new/..", "file/x", "../inside/x", "../in3",
		"/not/there/at/all", "home_again/../../out/x",
	};
	struct place *p = *state;

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct str real;
		struct err err = { 0 };

		if (workspace_resolve(&p->arena, p->roots, 2, str_c(paths[i]), &real, &err))
			fail_msg("%s was allowed: %s", paths[i], real.ptr);
		assert_string_equal(err.code, "mcp.path");
		assert_non_null(strstr(err.text, p->base)); /* says what is allowed */
	}
}

static void test_what_cannot_be_a_path_is_refused(void **state)
{
	struct place *p = *state;
	char *huge = malloc(100000);
	struct str real;
	struct err err;

	assert_non_null(huge);
	memset(huge, 'a', 100000);
	assert_false(workspace_resolve(&p->arena, p->roots, 2, str_of(huge, 100000), &real, &err));
	assert_false(workspace_resolve(&p->arena, p->roots, 2, str_of(huge, PATH_MAX - 70), &real, &err));
	assert_false(workspace_resolve(&p->arena, p->roots, 2, str_of("a\0b", 3), &real, &err));
	for (size_t i = 1; i < 3000; i += 2)
		huge[i] = '/';
	assert_true(workspace_resolve(&p->arena, p->roots, 2, str_of(huge, 3000), &real, &err));
	free(huge);
	assert_false(workspace_resolve(&p->arena, p->roots, 0, STR("x"), &real, &err));
	assert_string_equal(err.code, "mcp.no_workspace");
	assert_non_null(strstr(err.text, "--workspace"));
}

static void test_folders(void **state)
{
	struct place *p = *state;
	char path[200];
	struct err err;

	snprintf(path, sizeof(path), "%s/in/file", p->base);
	assert_null(workspace_folder(&p->arena, str_c(path), &err).ptr);
	assert_non_null(strstr(err.text, "no folder"));
	assert_null(workspace_folder(&p->arena, STR("/not/there"), &err).ptr);
	assert_null(workspace_folder(&p->arena, STR(""), &err).ptr);
	snprintf(path, sizeof(path), "%s/in/home_again", p->base);
	assert_true(str_ends(workspace_folder(&p->arena, str_c(path), &err), STR("/in/sub")));
}

static void test_file_uris(void **state)
{
	static const struct { const char *uri, *path; } cases[] = {
		{ "file:///home/x", "/home/x" }, { "file://localhost/home/x", "/home/x" }, { "file:///a%20b%C3%A9", "/a b\xc3\xa9" },
		{ "file://server/share", NULL }, { "http://x/", NULL }, { "/home/x", NULL }, { "", NULL }, { "file://", NULL },
		{ "file:///a%2", NULL }, { "file:///a%zz", NULL }, { "file:///a%00b", NULL }, { "file:///a%", NULL },
	};
	struct place *p = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str path = workspace_of_uri(&p->arena, str_c(cases[i].uri));

		if (cases[i].path)
			assert_str_equal(path, cases[i].path);
		else
			assert_null(path.ptr);
	}
}

static void test_the_working_directory_unless_it_is_the_home_or_the_root(void **state)
{
	struct place *p = *state;
	char here[PATH_MAX], *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;

	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(p->base), 0);
	setenv("HOME", "/not/there", 1);
	assert_str_equal(workspace_default(&p->arena), p->base);
	setenv("HOME", p->base, 1);
	assert_null(workspace_default(&p->arena).ptr);
	assert_int_equal(chdir("/"), 0);
	assert_null(workspace_default(&p->arena).ptr);
	assert_int_equal(chdir(here), 0);
	if (home)
		setenv("HOME", home, 1);
	free(home);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_that_are_inside),
		cmocka_unit_test(test_absolute_paths),
		cmocka_unit_test(test_paths_that_lead_out_are_refused),
		cmocka_unit_test(test_what_cannot_be_a_path_is_refused),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_file_uris),
		cmocka_unit_test(test_the_working_directory_unless_it_is_the_home_or_the_root),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
