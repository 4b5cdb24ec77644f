#include "support/test.h"

#include "sluice/item/base64.h"

/* RFC 4648, section 10, and bytes that need the last two characters. */
static const struct { struct str text, bytes; } vectors[] = {
	{ STR_INIT(""), STR_INIT("") }, { STR_INIT("Zg=="), STR_INIT("f") }, { STR_INIT("Zm8="), STR_INIT("fo") },
	{ STR_INIT("Zm9v"), STR_INIT("foo") }, { STR_INIT("Zm9vYg=="), STR_INIT("foob") },
	{ STR_INIT("Zm9vYmE="), STR_INIT("fooba") }, { STR_INIT("Zm9vYmFy"), STR_INIT("foobar") },
	{ STR_INIT("+/8="), STR_INIT("\xfb\xff") }, { STR_INIT("AAAA"), STR_INIT("\0\0\0") },
};

static void test_texts_decode_to_their_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		struct buf out;

		buf_init(&out, 100);
		assert_true(base64_valid(vectors[i].text));
		assert_true(base64_decode(vectors[i].text, &out));
		assert_true(str_eq(buf_str(&out), vectors[i].bytes));
		buf_release(&out);
	}
}

static void test_bytes_encode_to_their_text(void **state)
{
	struct buf out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		buf_init(&out, vectors[i].text.len);
		assert_true(base64_encode(vectors[i].bytes, &out));
		assert_true(str_eq(buf_str(&out), vectors[i].text));
		buf_release(&out);
	}
	buf_init(&out, 3);
	assert_false(base64_encode(STR("x"), &out));
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

static void test_what_is_no_base64_is_refused(void **state)
{
	static const char *const texts[] = {
		"Z", "Zg", "Zg=", "Zm9", "====", "Z===", "Zg=a", "=Zg=", "Zg==Zg==", "Zm9v\n", "Zm-v", "Zm_v", "Zm 9", "Zh==", "Zm9=",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct buf out;

		buf_init(&out, 100);
		assert_false(base64_valid(str_c(texts[i])));
		assert_false(base64_decode(str_c(texts[i]), &out));
		buf_release(&out);
	}
}

static void test_order_is_that_of_the_bytes(void **state)
{
	int order, expected;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++)
		for (size_t j = 0; j < COUNT_OF(vectors); j++) {
			assert_true(base64_compare(vectors[i].text, vectors[j].text, &order));
			expected = str_cmp(vectors[i].bytes, vectors[j].bytes);
			assert_int_equal((order > 0) - (order < 0), (expected > 0) - (expected < 0));
		}
	assert_false(base64_compare(STR("?"), STR(""), &order));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_decode_to_their_bytes),
		cmocka_unit_test(test_bytes_encode_to_their_text),
		cmocka_unit_test(test_what_is_no_base64_is_refused),
		cmocka_unit_test(test_order_is_that_of_the_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
