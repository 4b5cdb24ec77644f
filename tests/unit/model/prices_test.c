#include "support/test.h"

#include "sluice/model/prices.h"

struct fixture {
	struct arena arena;
	struct findings_list findings;
	struct prices prices;
	bool ok;
};

static void read(struct fixture *f, const char *json)
{
	arena_init(&f->arena, 1 << 20);
	findings_list_init(&f->findings, &f->arena, "prices.json");
	f->ok = prices_read(&f->prices, str_c(json), &f->arena, &f->findings);
}

static void test_what_a_file_does_not_name_stays_the_list_price(void **state)
{
	struct fixture f;

	(void)state;
	read(&f, "{\"region\":\"eu-central-1\",\"standard\":{\"read_request_million_usd\":0.1525,\"storage_gb_month_usd\":0},"
		 "\"standard_infrequent_access\":{\"write_capacity_hour_usd\":0.001},\"stream_reads_free\":0,"
		 "\"stream_read_million_usd\":0.25}");
	assert_true(f.ok);
	assert_str_equal(f.prices.region, "eu-central-1");
	assert_true(f.prices.standard.read_request_million_usd == 0.1525);
	assert_true(f.prices.standard.storage_gb_month_usd == 0);
	assert_true(f.prices.standard.write_request_million_usd == 0.625);
	assert_true(f.prices.infrequent.write_capacity_hour_usd == 0.001);
	assert_true(f.prices.infrequent.read_request_million_usd == 0.155);
	assert_true(f.prices.stream_reads_free == 0 && f.prices.stream_read_million_usd == 0.25);
	arena_release(&f.arena);
}

static void test_prices_without_a_region_are_no_regions(void **state)
{
	struct fixture f;

	(void)state;
	read(&f, "{\"standard\":{\"read_request_million_usd\":1}}");
	assert_true(f.ok);
	assert_str_equal(f.prices.region, "own prices");
	arena_release(&f.arena);
	read(&f, "{}");
	assert_true(f.ok);
	assert_str_equal(f.prices.region, "us-east-1");
	arena_release(&f.arena);
}

static void test_what_is_no_price_is_found_and_keeps_the_default(void **state)
{
	static const struct { const char *json, *code, *text; } cases[] = {
		{ "", "price-syntax", "cannot be read" },
		{ "{", "price-syntax", "cannot be read" },
		{ "[1]", "price-value", "no object" },
		{ "7", "price-value", "no object" },
		{ "{\"standard\":{\"read_request_million_usd\":1},\"standard\":{}}", "price-syntax", "cannot be read" },
		{ "{\"standard\":7}", "price-value", "no object" },
		{ "{\"standard\":{\"read_request_million_usd\":-1}}", "price-value", "no price" },
		{ "{\"standard\":{\"read_request_million_usd\":1e-300}}", "price-value", "no price" },
		{ "{\"standard\":{\"read_request_million_usd\":1e308}}", "price-value", "no price" },
		{ "{\"standard\":{\"read_request_million_usd\":\"0.1\"}}", "price-value", "no price" },
		{ "{\"standard\":{\"read_request_million_usd\":null}}", "price-value", "no price" },
		{ "{\"standard\":{\"read_request_millon_usd\":1}}", "price-unknown", "did you mean \"read_request_million_usd\"" },
		{ "{\"standard_ia\":{}}", "price-unknown", "no price has the name" },
		{ "{\"standard\":{\"region\":\"x\"}}", "price-unknown", "no price has the name" },
		{ "{\"region\":7}", "price-value", "region" },
		{ "{\"region\":\"01234567890123456789012345678901234567890123456789012345678901234\"}", "price-value", "region" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture f;

		read(&f, cases[i].json);
		if (f.ok || !f.findings.first)
			fail_msg("case %zu: nothing is found", i);
		assert_string_equal(f.findings.first->code, cases[i].code);
		if (str_find(f.findings.first->text, str_c(cases[i].text)) == SIZE_MAX)
			fail_msg("case %zu: %.*s", i, STR_ARG(f.findings.first->text));
		assert_true(f.prices.standard.read_request_million_usd == 0.125 ||
			    f.prices.standard.read_request_million_usd == 1);
		arena_release(&f.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_file_does_not_name_stays_the_list_price),
		cmocka_unit_test(test_prices_without_a_region_are_no_regions),
		cmocka_unit_test(test_what_is_no_price_is_found_and_keeps_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
