#include "support/test.h"

#include "sluice/core/arena.h"
#include "sluice/core/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_a_file_is_read_up_to_the_cap(void **state)
{
	char path[] = "/tmp/sluice-file-XXXXXX";
	int fd = mkstemp(path);
	struct err err = { 0 };
	struct buf out;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "12345", 5), 5);
	close(fd);
	buf_init(&out, 5);
	assert_true(file_read(path, &out, &err));
	assert_str_equal(buf_str(&out), "12345");
	buf_release(&out);
	buf_init(&out, 4);
	assert_false(file_read(path, &out, &err));
	assert_string_equal(err.code, "file.size");
	buf_release(&out);
	unlink(path);
}

static void test_what_cannot_be_read_is_named(void **state)
{
	struct err err = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_false(file_read("/nowhere/at/all", &out, &err));
	assert_string_equal(err.code, "file.open");
	assert_string_equal(err.text, "cannot open /nowhere/at/all: No such file or directory");
	assert_false(file_read("/tmp", &out, &err));
	assert_string_equal(err.code, "file.read");
	buf_release(&out);
}

static void test_names_are_relative_to_the_file_they_stand_in(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 4096);
	assert_string_equal(file_beside(&a, "/etc/sluice/x.conf", STR("y.conf")), "/etc/sluice/y.conf");
	assert_string_equal(file_beside(&a, "/etc/x.conf", STR("/run/y")), "/run/y");
	assert_string_equal(file_beside(&a, "x.conf", STR("y.conf")), "y.conf");
	assert_string_equal(file_beside(&a, NULL, STR("y.conf")), "y.conf");
	arena_release(&a);
}

static struct str content(const char *path, struct buf *out)
{
	struct err err;

	buf_clear(out);
	assert_true(file_read(path, out, &err));
	return buf_str(out);
}

static void test_a_file_is_replaced_with_its_permissions_and_links_kept(void **state)
{
	char folder[] = "/tmp/sluice-file-XXXXXX", path[64], link[64];
	struct err err = { 0 };
	struct stat there;
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/x", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	assert_true(file_replace(path, STR("one"), &err));
	assert_str_equal(content(path, &out), "one");
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(symlink("x", link), 0);
	assert_true(file_replace(link, STR("two"), &err));
	assert_str_equal(content(path, &out), "two");
	assert_int_equal(stat(path, &there), 0);
	assert_int_equal(there.st_mode & 07777, 0640);
	assert_int_equal(lstat(link, &there), 0);
	assert_true(S_ISLNK(there.st_mode));
	unlink(link);
	unlink(path);
	assert_int_equal(rmdir(folder), 0); /* nothing else was left */
	assert_false(file_replace(path, STR("x"), &err));
	assert_string_equal(err.code, "file.write");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_is_read_up_to_the_cap),
		cmocka_unit_test(test_what_cannot_be_read_is_named),
		cmocka_unit_test(test_a_file_is_replaced_with_its_permissions_and_links_kept),
		cmocka_unit_test(test_names_are_relative_to_the_file_they_stand_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
