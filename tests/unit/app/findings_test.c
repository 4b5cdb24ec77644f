#include "support/test.h"

#include "sluice/app/findings.h"
#include "sluice/core/buf.h"

static void fill(struct findings *f, struct arena *a)
{
	struct err denied = { 0 }, other = { 0 };

	arena_init(a, 1 << 16);
	findings_init(f, a);
	err_set(&denied, ERR_AUTH, "AccessDeniedException", "not authorized");
	err_set(&other, ERR_RETRY, "http.connect", "nobody is there");
	findings_group(f, "table %s", "T");
	findings_add(f, FINDING_OK, "dynamodb:Query", "%s", "T");
	findings_fail(f, "dynamodb:PutItem", &denied);
	findings_fail(f, "dynamodb:PutItem", &denied);
	findings_group(f, "sink bus (kafka)");
	findings_fail(f, "reachable", &other);
	findings_fail(f, "reachable", &denied); /* not the name of an action */
	findings_add(f, FINDING_NOTE, "writing", "not tried");
}

static void test_people_see_groups_marks_and_what_is_missing(void **state)
{
	struct findings f;
	struct arena a;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	fill(&f, &a);
	findings_print(&f, &out);
	assert_string_equal(out.ptr, "table T\n"
				     "  ✓ dynamodb:Query             T\n"
				     "  ✗ dynamodb:PutItem           not authorized\n"
				     "  ✗ dynamodb:PutItem           not authorized\n"
				     "sink bus (kafka)\n"
				     "  ✗ reachable                  nobody is there\n"
				     "  ✗ reachable                  not authorized\n"
				     "  – writing                    not tried\n"
				     "4 of 6 failed; missing IAM actions: dynamodb:PutItem\n");
	arena_release(&a);
	buf_release(&out);
}

static void test_programs_get_the_same_as_json(void **state)
{
	struct json_writer w;
	struct findings f;
	struct arena a;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	fill(&f, &a);
	json_write_init(&w, &out);
	json_begin_object(&w);
	findings_write(&f, &w);
	json_end_object(&w);
	assert_non_null(strstr(out.ptr, "\"missing_actions\":[\"dynamodb:PutItem\"]"));
	assert_non_null(strstr(out.ptr, "{\"group\":\"table T\",\"what\":\"dynamodb:PutItem\",\"state\":\"failed\",\"text\":\"not "
					"authorized\",\"code\":\"AccessDeniedException\",\"missing_action\":\"dynamodb:PutItem\"}"));
	arena_release(&a);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_people_see_groups_marks_and_what_is_missing),
		cmocka_unit_test(test_programs_get_the_same_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
