#include "support/test.h"

#include "sluice/core/sha256.h"

/* FIPS 180-2, appendix B; the empty text. */
static void test_sums_are_the_published_ones(void **state)
{
	static const struct { struct str text; const char *hex; } cases[] = {
		{ { NULL, 0 }, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ STR_INIT("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ STR_INIT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char hex[SHA256_HEX + 1];
		struct sha256 digest;

		assert_true(sha256_sum(cases[i].text, &digest, NULL));
		sha256_hex(&digest, hex);
		assert_string_equal(hex, cases[i].hex);
	}
}

/* RFC 4231, test cases 1, 2 and 6 (a key longer than a block). */
static void test_codes_are_the_published_ones(void **state)
{
	char key1[20], key6[131], hex[SHA256_HEX + 1];
	struct sha256 mac;

	(void)state;
	memset(key1, 0x0b, sizeof(key1));
	memset(key6, 0xaa, sizeof(key6));
	assert_true(sha256_hmac(str_of(key1, sizeof(key1)), STR("Hi There"), &mac, NULL));
	sha256_hex(&mac, hex);
	assert_string_equal(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_true(sha256_hmac(STR("Jefe"), STR("what do ya want for nothing?"), &mac, NULL));
	sha256_hex(&mac, hex);
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_true(sha256_hmac(str_of(key6, sizeof(key6)),
				STR("Test Using Larger Than Block-Size Key - Hash Key First"), &mac, NULL));
	sha256_hex(&mac, hex);
	assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums_are_the_published_ones),
		cmocka_unit_test(test_codes_are_the_published_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
