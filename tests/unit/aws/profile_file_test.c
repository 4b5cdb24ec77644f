#include "support/fake_process.h"
#include "support/test.h"
#include "support/vectors.h"

#include "sluice/aws/profile_file.h"
#include "sluice/core/json.h"

static struct str text_member(const struct json *object, const char *name)
{
	struct str text = { NULL, 0 };

	json_get_str(json_get(object, name), &text);
	return text;
}

/* Every property of the JSON object is in the section, and nothing else. */
static void assert_section_is(const struct profile_section *section, const struct json *expected, const char *test)
{
	if (!section)
		fail_msg("%s: no section '%s'", test, json_name(expected).ptr);
	assert_int_equal(section->n_properties, json_count(expected));
	for (const struct json *p = json_first(expected); p; p = json_next(p)) {
		struct str want = { NULL, 0 };

		json_get_str(p, &want);
		assert_str_equal(profile_get(section, json_name(p).ptr), want.ptr);
	}
}

static void assert_set_is(const struct profile_set *set, const struct json *config, const char *test)
{
	const struct json *profiles = json_get(config, "profiles"), *sessions = json_get(config, "sso_sessions");

	for (const struct json *p = json_first(profiles); p; p = json_next(p))
		assert_section_is(profile_set_find(set, SECTION_PROFILE, json_name(p)), p, test);
	for (const struct json *p = json_first(sessions); p; p = json_next(p))
		assert_section_is(profile_set_find(set, SECTION_SSO_SESSION, json_name(p)), p, test);
	assert_int_equal(set->n_sections, json_count(profiles) + json_count(sessions));
}

/* Messages begin sentences differently: case is not compared. */
static bool holds(const char *text, struct str part)
{
	for (; *text; text++)
		if (strlen(text) >= part.len && str_eq_nocase(str_of(text, part.len), part))
			return true;
	return part.len == 0;
}

static void run_parser_case(const struct json *test)
{
	const struct json *input = json_get(test, "input"), *output = json_get(test, "output");
	struct str name = text_member(test, "name"), wrong = text_member(output, "errorContaining");
	struct err err = { 0 };
	struct profile_set set;
	bool ok;

	profile_set_init(&set);
	ok = profile_set_parse(&set, PROFILE_FILE_CONFIG, text_member(input, "configFile"), "config", &err) &&
	     profile_set_parse(&set, PROFILE_FILE_CREDENTIALS, text_member(input, "credentialsFile"), "credentials", &err);
	if (wrong.ptr) {
		if (ok || !holds(err.text, wrong))
			fail_msg("%s: expected '%s', got '%s'", name.ptr, wrong.ptr, ok ? "no error" : err.text);
		assert_string_equal(err.code, "profile.syntax");
	} else if (!ok) {
		fail_msg("%s: %s", name.ptr, err.text);
	} else {
		assert_set_is(&set, json_get(output, "config"), name.ptr);
	}
	profile_set_release(&set);
}

static struct json *read_tests(const char *path)
{
	struct json *root;
	struct buf text;

	buf_init(&text, 1 << 20);
	assert_true(vectors_read(path, &text));
	root = json_parse(buf_str(&text), text.len, NULL);
	assert_non_null(root);
	buf_release(&text);
	return root;
}

static void test_files_parse_as_the_public_suite_says(void **state)
{
	struct json *root;
	size_t cases = 0;

	(void)state;
	if (!vectors_have("credentials/profile-parser-tests.json"))
		return;
	root = read_tests("credentials/profile-parser-tests.json");
	for (const struct json *t = json_first(json_get(root, "tests")); t; t = json_next(t), cases++)
		run_parser_case(t);
	assert_true(cases >= 60);
	json_free(root);
}

static void run_location_case(const struct json *test)
{
	static const char *const members[] = { "configLocation", "credentialsLocation" };
	struct fake_process process;
	struct buf path;

	fake_process_init(&process);
	for (const struct json *v = json_first(json_get(test, "environment")); v; v = json_next(v)) {
		struct str value;

		assert_true(json_get_str(v, &value));
		fake_process_set(&process, json_name(v).ptr, value.ptr);
	}
	buf_init(&path, 4096);
	for (int file = PROFILE_FILE_CONFIG; file <= PROFILE_FILE_CREDENTIALS; file++) {
		buf_clear(&path);
		assert_true(profile_file_path(&process.env, (enum profile_file)file, &path));
		assert_str_equal(buf_str(&path), text_member(test, members[file]).ptr);
	}
	if (json_get(test, "profile"))
		assert_str_equal(profile_name(&process.env, STR("")), text_member(test, "profile").ptr);
	buf_release(&path);
}

static void test_files_are_where_the_public_suite_says(void **state)
{
	struct json *root;
	size_t cases = 0;

	(void)state;
	if (!vectors_have("credentials/file-location-tests.json"))
		return;
	root = read_tests("credentials/file-location-tests.json");
	for (const struct json *t = json_first(json_get(root, "tests")); t; t = json_next(t))
		if (str_eq(text_member(t, "platform"), STR("linux"))) {
			run_location_case(t);
			cases++;
		}
	assert_true(cases >= 4);
	json_free(root);
}

static void test_errors_name_file_line_and_reason(void **state)
{
	static const struct { const char *text, *part; } cases[] = {
		{ "# c\n\nregion = x\n", "my/config line 3: expected a profile definition" },
		{ "[default]\nregion x\n", "my/config line 2: expected an '=' sign" },
		{ "[default]\n  more\n", "my/config line 2: expected a property definition" },
		{ "[default\n", "my/config line 1: profile definition must end" },
		{ "[default] x\n", "my/config line 1: profile definition must end" },
		{ "[default]\ns3 =\n  x\n", "my/config line 3: expected an '=' sign defining a sub-property" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		struct profile_set set;

		profile_set_init(&set);
		assert_false(profile_set_parse(&set, PROFILE_FILE_CONFIG, str_c(cases[i].text), "my/config", &err));
		assert_int_equal(err.class, ERR_AUTH);
		if (!strstr(err.text, cases[i].part))
			fail_msg("expected '%s' in '%s'", cases[i].part, err.text);
		profile_set_release(&set);
	}
}

static void test_odd_but_valid_files_are_read(void **state)
{
	static const struct { struct str text; const char *section, *name, *value; } cases[] = {
		{ STR_INIT("\xef\xbb\xbf[default]\na=1\n"), "default", "a", "1" },
		{ STR_INIT("[default]\n  # indented comment\na=1"), "default", "a", "1" },
		{ STR_INIT("[profile x]\na = # all comment\n"), "x", "a", "" },
		{ STR_INIT("[services x]\ndynamodb =\n  endpoint_url = http://h\n[profile x]\na=1"), "x", "a", "1" },
		{ STR_INIT("[profile x]\na=1\nb\0c=2\n"), "x", "a", "1" },
		{ STR_INIT("[profile x]\nA_B=1\na_b=2\n"), "x", "a_b", "2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = { 0 };
		struct profile_set set;

		profile_set_init(&set);
		if (!profile_set_parse(&set, PROFILE_FILE_CONFIG, cases[i].text, "config", &err))
			fail_msg("case %zu: %s", i, err.text);
		assert_str_equal(profile_get(profile_set_find(&set, SECTION_PROFILE, str_c(cases[i].section)),
					     cases[i].name), cases[i].value);
		profile_set_release(&set);
	}
}

static void test_a_file_cannot_make_the_set_grow_for_ever(void **state)
{
	(void)state;
	for (int properties = 0; properties < 2; properties++) {
		struct err err = { 0 };
		struct profile_set set;
		struct buf text;

		buf_init(&text, 1 << 20);
		buf_puts(&text, "[default]\n");
		for (int n = 0; n < 10001; n++)
			buf_putf(&text, properties ? "k%d=1\n" : "[profile p%d]\n", n);
		profile_set_init(&set);
		assert_false(profile_set_parse(&set, PROFILE_FILE_CONFIG, buf_str(&text), "config", &err));
		assert_string_equal(err.code, "profile.size");
		profile_set_release(&set);
		buf_release(&text);
	}
}

static void test_home_and_tilde_make_paths(void **state)
{
	struct fake_process process;
	struct buf path;

	(void)state;
	buf_init(&path, 4096);
	fake_process_init(&process);
	assert_false(profile_file_path(&process.env, PROFILE_FILE_CONFIG, &path));
	fake_process_set(&process, "HOME", "/home/u/");
	assert_true(profile_file_path(&process.env, PROFILE_FILE_CONFIG, &path));
	assert_str_equal(buf_str(&path), "/home/u/.aws/config");
	fake_process_set(&process, "AWS_CONFIG_FILE", "~/c");
	buf_clear(&path);
	assert_true(profile_file_path(&process.env, PROFILE_FILE_CONFIG, &path));
	assert_str_equal(buf_str(&path), "/home/u/c");
	buf_release(&path);
}

static void test_a_file_that_cannot_be_read_is_no_absent_file(void **state)
{
	struct fake_process process;
	struct err err = { 0 };
	struct profile_set set;

	(void)state;
	fake_process_init(&process);
	fake_process_set(&process, "HOME", "/h");
	profile_set_init(&set);
	assert_true(profile_set_load(&set, &process.env, &err));
	process.unreadable = "/h/.aws/credentials";
	assert_false(profile_set_load(&set, &process.env, &err));
	assert_string_equal(err.code, "file.open");
	profile_set_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_parse_as_the_public_suite_says),
		cmocka_unit_test(test_files_are_where_the_public_suite_says),
		cmocka_unit_test(test_errors_name_file_line_and_reason),
		cmocka_unit_test(test_odd_but_valid_files_are_read),
		cmocka_unit_test(test_a_file_cannot_make_the_set_grow_for_ever),
		cmocka_unit_test(test_home_and_tilde_make_paths),
		cmocka_unit_test(test_a_file_that_cannot_be_read_is_no_absent_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
