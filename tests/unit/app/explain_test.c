#include "support/test.h"

#include "sluice/app/explain.h"

#define RECORD "{\"eventName\":\"MODIFY\",\"dynamodb\":{\"Keys\":{\"id\":{\"S\":\"a\"}},\"NewImage\":{\"id\":{\"S\":\"a\"}," \
	"\"price\":{\"N\":\"5\"}},\"OldImage\":{\"id\":{\"S\":\"a\"},\"price\":{\"N\":\"9\"}}}}"

static bool explain(const char *record, const char *filter, const char *message, struct buf *out, struct err *err)
{
	struct arena arena;
	struct explain_input in;
	bool ok;

	arena_init(&arena, 4 << 20);
	buf_init(out, 1 << 20);
	in = (struct explain_input){ .record = node_from_json(&arena, str_c(record), NULL, err), .message = str_c(message) };
	in.filter = filter ? node_from_json(&arena, str_c(filter), NULL, err) : NULL;
	assert_non_null(in.record);
	ok = explain_record(&in, out, err);
	arena_release(&arena);
	return ok;
}

static void test_each_condition_is_told(void **state)
{
	struct buf out;
	struct err err;

	(void)state;
	assert_true(explain(RECORD, "{\"eventName\":[\"MODIFY\"],\"dynamodb\":{\"NewImage\":{\"price\":{\"N\":[{\"numeric\":[\"<\",3]}]}}}}",
			    "{\"id\":\"${keys.id}\",\"was\":\"${old.price}\"}", &out, &err));
	assert_non_null(strstr(out.ptr, "\"matches\":false,\"conditions\":[{\"path\":\"eventName\",\"matches\":true},"
					"{\"path\":\"dynamodb.NewImage.price.N\",\"matches\":false}]"));
	assert_non_null(strstr(out.ptr, "\"sends\":{\"id\":\"a\",\"was\":9}"));
	assert_non_null(strstr(out.ptr, "eventID is made up"));
	buf_release(&out);
}

static void test_without_a_filter_all_match(void **state)
{
	struct buf out;
	struct err err;

	(void)state;
	assert_true(explain(RECORD, NULL, "now ${new.price}", &out, &err));
	assert_non_null(strstr(out.ptr, "{\"matches\":true,\"sends\":\"now 5\""));
	buf_release(&out);
	assert_true(explain(RECORD, NULL, "${new.title}", &out, &err));
	assert_non_null(strstr(out.ptr, "\"not_sent\":"));
	buf_release(&out);
}

static void test_what_cannot_be_read_is_told(void **state)
{
	static const struct {
		const char *record, *filter, *message;
	} cases[] = {
		{ "{}", NULL, "" },
		{ "{\"eventName\":\"RENAME\",\"dynamodb\":{\"Keys\":{\"id\":{\"S\":\"a\"}}}}", NULL, "" },
		{ "{\"eventName\":\"INSERT\",\"dynamodb\":5}", NULL, "" },
		{ RECORD, "{\"eventName\":\"MODIFY\"}", "" },
		{ RECORD, "{\"eventName\":[{\"numerik\":[1]}]}", "" },
		{ RECORD, NULL, "${nothing.x}" },
		{ RECORD, NULL, "${new.a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = { 0 };
		struct buf out;

		if (explain(cases[i].record, cases[i].filter, cases[i].message, &out, &err))
			fail_msg("case %zu: %s", i, out.ptr);
		assert_int_equal(err.class, ERR_DATA);
		assert_true(strlen(err.text) > 10);
		assert_int_equal(out.len, 0);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_condition_is_told),
		cmocka_unit_test(test_without_a_filter_all_match),
		cmocka_unit_test(test_what_cannot_be_read_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
