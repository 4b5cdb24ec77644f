#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/core/scan.h"

static const struct {
	struct str content, plain;
} texts[] = {
	{ STR_INIT(""), STR_INIT("") },
	{ STR_INIT("plain"), STR_INIT("plain") },
	{ STR_INIT("\\\"\\\\\\/\\b\\f\\n\\r\\t"), STR_INIT("\"\\/\b\f\n\r\t") },
	{ STR_INIT("a\\u0041b"), STR_INIT("aAb") },
	{ STR_INIT("\\u0000"), STR_INIT("\0") },
	{ STR_INIT("\\u00e9\\u00E9"), STR_INIT("\xc3\xa9\xc3\xa9") },
	{ STR_INIT("\\u2014"), STR_INIT("\xe2\x80\x94") },
	{ STR_INIT("\\ud83d\\ude42!"), STR_INIT("\xf0\x9f\x99\x82!") },
	{ STR_INIT("\\uDBFF\\uDFFF"), STR_INIT("\xf4\x8f\xbf\xbf") },
	{ STR_INIT("\xc3\xa9\\n"), STR_INIT("\xc3\xa9\n") },
};

static const struct str lone_surrogates[] = {
	STR_INIT("\\ud83d"), STR_INIT("\\ude42"), STR_INIT("a\\ud83dx"), STR_INIT("\\ud83d\\n"), STR_INIT("\\ud83d\\u0041"),
	STR_INIT("\\ud83d\\ud83d"),
};

static void test_escapes_become_their_characters(void **state)
{
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct buf out;

		buf_init(&out, 100);
		assert_true(scan_unescape(texts[i].content, &out, &err));
		assert_true(str_eq(buf_str(&out), texts[i].plain));
		buf_release(&out);
	}
}

static void test_half_a_surrogate_pair_is_refused(void **state)
{
	struct err err;
	int order;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lone_surrogates); i++) {
		struct buf out;

		buf_init(&out, 100);
		assert_false(scan_unescape(lone_surrogates[i], &out, &err));
		assert_int_equal(err.class, ERR_DATA);
		assert_true(err_is(&err, "json.surrogate"));
		assert_false(scan_content_compare(lone_surrogates[i], STR("a"), &order));
		assert_false(scan_content_compare(STR("a\\n"), lone_surrogates[i], &order));
		buf_release(&out);
	}
}

static void test_text_that_does_not_fit_is_told(void **state)
{
	struct buf out;
	struct err err;

	(void)state;
	buf_init(&out, 3);
	assert_false(scan_unescape(STR("abcd"), &out, &err));
	assert_int_equal(err.class, ERR_FATAL);
	buf_release(&out);
}

static void test_content_equals_only_its_own_plain_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		for (size_t j = 0; j < COUNT_OF(texts); j++)
			assert_int_equal(scan_content_eq(texts[i].content, texts[j].plain), i == j);
	assert_false(scan_content_eq(STR("\\ud83d"), STR("")));
	assert_false(scan_content_eq(STR("abc"), STR("ab")));
	assert_false(scan_content_eq(STR("ab"), STR("abc")));
}

static void test_order_is_that_of_the_plain_bytes(void **state)
{
	int order, expected;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		for (size_t j = 0; j < COUNT_OF(texts); j++) {
			assert_true(scan_content_compare(texts[i].content, texts[j].content, &order));
			expected = str_cmp(texts[i].plain, texts[j].plain);
			assert_int_equal((order > 0) - (order < 0), (expected > 0) - (expected < 0));
		}
	assert_true(scan_content_compare(STR("\\u0061"), STR("a"), &order));
	assert_int_equal(order, 0);
	assert_true(scan_content_compare(STR("a\\n"), STR("a"), &order));
	assert_true(order > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes_become_their_characters),
		cmocka_unit_test(test_half_a_surrogate_pair_is_refused),
		cmocka_unit_test(test_text_that_does_not_fit_is_told),
		cmocka_unit_test(test_content_equals_only_its_own_plain_text),
		cmocka_unit_test(test_order_is_that_of_the_plain_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
