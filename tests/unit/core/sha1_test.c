#include "support/test.h"

#include "sluice/core/sha1.h"

/* FIPS 180's own examples, and the name of a cache file as others make it. */
static void test_known_digests(void **state)
{
	static const struct { const char *text, *hex; } cases[] = {
		{ "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
		{ "https://ssotest.awsapps.com/start", "dace00cba5f8355ec9d274ceb2bcebdfbeed0e12" },
	};
	char hex[SHA1_HEX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(sha1_hex(str_c(cases[i].text), hex, NULL));
		assert_string_equal(hex, cases[i].hex);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_known_digests) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
