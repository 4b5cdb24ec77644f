#include "support/test.h"

#include "sluice/core/mem.h"
#include "sluice/item/value.h"

#include <stdio.h>

static struct value parse(const char *json)
{
	struct value v;
	struct err err = { 0 };

	if (!value_parse(str_c(json), &v, &err))
		fail_msg("%s: %s", json, err.text);
	return v;
}

static void test_values_are_equal_as_dynamodb_sees_them(void **state)
{
	static const struct { const char *a, *b; bool equal; } cases[] = {
		{ "{\"S\":\"a\"}", "{\"S\":\"a\"}", true },
		{ "{\"S\":\"caf\\u00e9\"}", "{\"S\":\"caf\xc3\xa9\"}", true },
		{ "{\"S\":\"a\"}", "{\"S\":\"b\"}", false },
		{ "{\"S\":\"1\"}", "{\"N\":\"1\"}", false },
		{ "{\"N\":\"1.50\"}", "{\"N\":\"15E-1\"}", true },
		{ "{\"N\":\"-0\"}", "{\"N\":\"0.0\"}", true },
		{ "{\"N\":\"12345678901234567890123456789012345678\"}", "{\"N\":\"12345678901234567890123456789012345679\"}", false },
		{ "{\"B\":\"AQI=\"}", "{\"B\":\"AQI=\"}", true },
		{ "{\"B\":\"//8=\"}", "{\"B\":\"\\/\\/8=\"}", true },
		{ "{\"B\":\"AQI=\"}", "{\"B\":\"AQI/\"}", false },
		{ "{\"BOOL\":true}", "{\"BOOL\":true}", true },
		{ "{\"BOOL\":true}", "{\"BOOL\":false}", false },
		{ "{\"NULL\":true}", "{\"NULL\":true}", true },
		{ "{\"L\":[{\"N\":\"1\"},{\"S\":\"x\"}]}", "{\"L\":[ {\"N\":\"1.0\"} , {\"S\":\"x\"}]}", true },
		{ "{\"L\":[{\"N\":\"1\"},{\"S\":\"x\"}]}", "{\"L\":[{\"S\":\"x\"},{\"N\":\"1\"}]}", false },
		{ "{\"L\":[{\"N\":\"1\"}]}", "{\"L\":[{\"N\":\"1\"},{\"N\":\"1\"}]}", false },
		{ "{\"L\":[{\"N\":\"1\"},{\"N\":\"1\"}]}", "{\"L\":[{\"N\":\"1\"}]}", false },
		{ "{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"x\"}}}", "{\"M\":{\"a\":{\"N\":\"1.0\"},\"b\":{\"S\":\"x\"}}}", true },
		{ "{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"x\"}}}", "{\"M\":{\"b\":{\"S\":\"x\"},\"\\u0061\":{\"N\":\"1.0\"}}}", true },
		{ "{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"x\"}}}", "{\"M\":{\"b\":{\"S\":\"x\"},\"a\":{\"N\":\"2\"}}}", false },
		{ "{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"x\"}}}", "{\"M\":{\"a\":{\"N\":\"1\"}}}", false },
		{ "{\"M\":{\"a\":{\"N\":\"1\"}}}", "{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"x\"}}}", false },
		{ "{\"M\":{\"a\":{\"N\":\"1\"}}}", "{\"M\":{\"c\":{\"N\":\"1\"}}}", false },
		{ "{\"M\":{}}", "{\"M\":{ }}", true },
		{ "{\"M\":{\"m\":{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"SS\":[\"x\",\"y\"]}}}}}",
		  "{\"M\":{\"m\":{\"M\":{\"b\":{\"SS\":[\"y\",\"x\"]},\"a\":{\"N\":\"1\"}}}}}", true },
		{ "{\"SS\":[\"a\",\"b\",\"c\"]}", "{\"SS\":[\"c\",\"a\",\"\\u0062\"]}", true },
		{ "{\"SS\":[\"a\",\"b\"]}", "{\"SS\":[\"a\",\"c\"]}", false },
		{ "{\"SS\":[\"a\",\"b\"]}", "{\"SS\":[\"a\",\"b\",\"c\"]}", false },
		{ "{\"NS\":[\"1\",\"20\",\"3\"]}", "{\"NS\":[\"3.0\",\"1\",\"2E1\"]}", true },
		{ "{\"NS\":[\"1\",\"2\"]}", "{\"NS\":[\"1\",\"3\"]}", false },
		{ "{\"BS\":[\"AQ==\",\"Ag==\"]}", "{\"BS\":[\"Ag==\",\"AQ==\"]}", true },
		{ "{\"SS\":[\"1\"]}", "{\"NS\":[\"1\"]}", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct value a = parse(cases[i].a), b = parse(cases[i].b);

		if (value_eq(a, b) != cases[i].equal || value_eq(b, a) != cases[i].equal)
			fail_msg("%s and %s are judged wrongly", cases[i].a, cases[i].b);
		assert_true(value_eq(a, a));
	}
	assert_true(value_eq((struct value){ 0 }, (struct value){ 0 }));
	assert_false(value_eq((struct value){ 0 }, parse("{\"NULL\":true}")));
}

static void test_malformed_values_equal_nothing_else(void **state)
{
	struct value broken = { VALUE_L, STR("[{\"S\":\"a\"},1]") }, other = { VALUE_L, STR("[{\"S\":\"a\"}, 1]") };
	struct value numbers = { VALUE_NS, STR("[\"x\",\"1\"]") }, turned = { VALUE_NS, STR("[\"1\",\"x\"]") };
	struct value map = { VALUE_M, STR("{\"a\":1,\"b\":2}") }, spaced = { VALUE_M, STR("{\"b\":2,\"a\":1}") };

	(void)state;
	assert_false(value_eq(broken, other));
	assert_false(value_eq(broken, parse("{\"L\":[{\"S\":\"a\"}]}")));
	assert_false(value_eq(numbers, turned));
	assert_false(value_eq(map, spaced));
}

static void test_sort_keys_are_ordered_as_dynamodb_orders_them(void **state)
{
	static const char *const rising[][7] = {
		{ "{\"S\":\"\"}", "{\"S\":\"A\"}", "{\"S\":\"a\"}", "{\"S\":\"a\\n\"}", "{\"S\":\"ab\"}", "{\"S\":\"z\"}",
		  "{\"S\":\"\\u00e9\"}" },
		{ "{\"N\":\"-10\"}", "{\"N\":\"-9\"}", "{\"N\":\"0\"}", "{\"N\":\"1E-5\"}", "{\"N\":\"9\"}", "{\"N\":\"10.0\"}",
		  "{\"N\":\"1E2\"}" },
		{ "{\"B\":\"\"}", "{\"B\":\"AA==\"}", "{\"B\":\"AAA=\"}", "{\"B\":\"AAAA\"}", "{\"B\":\"AAAAAA==\"}", "{\"B\":\"AQ==\"}",
		  "{\"B\":\"\\/\\/8=\"}" },
	};
	int order;

	(void)state;
	for (size_t kind = 0; kind < COUNT_OF(rising); kind++)
		for (size_t i = 0; i < COUNT_OF(rising[kind]); i++)
			for (size_t j = 0; j < COUNT_OF(rising[kind]); j++) {
				assert_true(value_compare(parse(rising[kind][i]), parse(rising[kind][j]), &order));
				assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
			}
}

static void test_what_has_no_order_is_not_compared(void **state)
{
	int order;

	(void)state;
	assert_false(value_compare(parse("{\"S\":\"1\"}"), parse("{\"N\":\"1\"}"), &order));
	assert_false(value_compare(parse("{\"BOOL\":true}"), parse("{\"BOOL\":true}"), &order));
	assert_false(value_compare(parse("{\"L\":[]}"), parse("{\"L\":[]}"), &order));
	assert_false(value_compare(parse("{\"S\":\"\\ud83d\"}"), parse("{\"S\":\"a\"}"), &order));
	assert_false(value_compare((struct value){ VALUE_N, STR("x") }, parse("{\"N\":\"1\"}"), &order));
	assert_false(value_compare((struct value){ VALUE_B, STR("x") }, parse("{\"B\":\"\"}"), &order));
	assert_false(value_compare((struct value){ 0 }, (struct value){ 0 }, &order));
}

/* Maps whose members come in another order on every level: each level must be
 * looked at a fixed number of times, or this would not end. */
static void test_nested_maps_in_other_orders_cost_no_explosion(void **state)
{
	char a[4000], b[4000];
	size_t n = 0, m = 0;

	(void)state;
	for (int i = 0; i < VALUE_MAX_DEPTH; i++) {
		n += (size_t)snprintf(a + n, sizeof(a) - n, "{\"M\":{\"x\":");
		m += (size_t)snprintf(b + m, sizeof(b) - m, "{\"M\":{\"y\":{\"N\":\"%d\"},\"x\":", i);
	}
	n += (size_t)snprintf(a + n, sizeof(a) - n, "{\"S\":\"end\"}");
	m += (size_t)snprintf(b + m, sizeof(b) - m, "{\"S\":\"end\"}");
	for (int i = VALUE_MAX_DEPTH; i-- > 0;) {
		n += (size_t)snprintf(a + n, sizeof(a) - n, ",\"y\":{\"N\":\"%d\"}}}", i);
		m += (size_t)snprintf(b + m, sizeof(b) - m, "}}");
	}
	assert_true(value_eq(parse(a), parse(b)));
	a[n - 5] ^= 1; /* the outermost number's digit */
	assert_false(value_eq(parse(a), parse(b)));
}

static void test_large_sets_are_compared_without_a_square(void **state)
{
	enum { COUNT = 20000 };
	char *a = mem_alloc(COUNT * 12), *b = mem_alloc(COUNT * 12);
	size_t n = 0, m = 0;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		n += (size_t)snprintf(a + n, COUNT * 12 - n, "%s\"%d\"", i ? "," : "{\"NS\":[", i);
		m += (size_t)snprintf(b + m, COUNT * 12 - m, "%s\"%d.0\"", i ? "," : "{\"NS\":[", COUNT - 1 - i);
	}
	snprintf(a + n, COUNT * 12 - n, "]}");
	snprintf(b + m, COUNT * 12 - m, "]}");
	assert_true(value_eq(parse(a), parse(b)));
	mem_free(a);
	mem_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_equal_as_dynamodb_sees_them),
		cmocka_unit_test(test_malformed_values_equal_nothing_else),
		cmocka_unit_test(test_sort_keys_are_ordered_as_dynamodb_orders_them),
		cmocka_unit_test(test_what_has_no_order_is_not_compared),
		cmocka_unit_test(test_nested_maps_in_other_orders_cost_no_explosion),
		cmocka_unit_test(test_large_sets_are_compared_without_a_square),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
