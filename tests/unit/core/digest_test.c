#include "support/test.h"

#include "sluice/core/digest.h"
#include "sluice/core/mem.h"

/* Expected values: SHA-256 over the same input, computed with another library. */
static void test_known_lists_have_known_digests(void **state)
{
	static const struct { struct str fields[2]; size_t n; const char *hex; } cases[] = {
		{ { { 0 } }, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ { STR_INIT("") }, 1, "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc" },
		{ { STR_INIT("ab"), STR_INIT("c") }, 2,
		  "601d5476e2ccfe2c87a2bba7a322659734a05749d5b5aa781f513e4912db0d5f" },
		{ { STR_INIT("a"), STR_INIT("bc") }, 2,
		  "3fafa1cf2f19a7c1129beb20cf0983f73a489a221fc0dd2f16d1be292d089205" },
		{ { STR_INIT(""), STR_INIT("abc") }, 2,
		  "e7fa8174d147ee73954836b6f21933539ff7094b1654f9dbd42b665592df84ad" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct digest d;

		digest_fields(cases[i].fields, cases[i].n, &d);
		assert_string_equal(d.hex, cases[i].hex);
	}
}

static void test_a_long_field_is_hashed_whole(void **state)
{
	struct str field = { mem_alloc(100000), 100000 };
	struct digest d;

	(void)state;
	memset((char *)field.ptr, 'x', field.len);
	digest_fields(&field, 1, &d);
	assert_string_equal(d.hex, "e74e1bf48cf2eca0e485a7e702228f8ce6721f6cc2856e32b8f3cf611901b77d");
	mem_free((char *)field.ptr);
}

static void test_the_number_is_the_first_eight_bytes(void **state)
{
	struct digest d;

	(void)state;
	digest_fields(NULL, 0, &d);
	assert_true(digest_u64(&d) == UINT64_C(0xe3b0c44298fc1c14));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_lists_have_known_digests),
		cmocka_unit_test(test_a_long_field_is_hashed_whole),
		cmocka_unit_test(test_the_number_is_the_first_eight_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
