#include "support/expressions.h"
#include "support/test.h"

#define K EXPRESSION_KEY_CONDITION

static const struct expression_key table_keys[] = { { STR_INIT("pk"), false, VALUE_S }, { STR_INIT("sk"), true, VALUE_N } };
static const struct expression_schema table = { table_keys, COUNT_OF(table_keys) };

/* As the guide's tournament: three attributes to hash, four to sort by. */
static const struct expression_key wide_keys[] = {
	{ STR_INIT("t"), false, VALUE_S }, { STR_INIT("r"), false, VALUE_S }, { STR_INIT("z"), false, VALUE_NONE },
	{ STR_INIT("a"), true, VALUE_N },  { STR_INIT("b"), true, VALUE_S },  { STR_INIT("c"), true, VALUE_B },
	{ STR_INIT("d"), true, VALUE_NONE },
};
static const struct expression_schema wide = { wide_keys, COUNT_OF(wide_keys) };
static const struct expression_schema hash_only = { table_keys, 1 };

static bool on_table(const struct expression *e, const struct expression_scope *scope, struct expression_findings *findings)
{
	return expression_check_key(e, scope, &table, findings, NULL);
}

static bool on_wide(const struct expression *e, const struct expression_scope *scope, struct expression_findings *findings)
{
	return expression_check_key(e, scope, &wide, findings, NULL);
}

static bool on_hash_only(const struct expression *e, const struct expression_scope *scope,
			 struct expression_findings *findings)
{
	return expression_check_key(e, scope, &hash_only, findings, NULL);
}

static void test_conditions_on_a_simple_key(void **state)
{
	static const struct expression_case cases[] = {
		{ K, "pk = :s", "", NULL, NULL },
		{ K, "sk = :n AND pk = :s", "", NULL, NULL },
		{ K, "((pk = :s) AND (sk >= :n))", "", NULL, NULL },
		{ K, ":s = pk AND :n < sk", "", NULL, NULL },
		{ K, "#p = :s AND sk BETWEEN :n AND :m", "", "{\"#p\":\"pk\"}", NULL },
		{ K, "sk = :n", "key-missing", NULL, NULL },
		{ K, "pk > :s", "key-equality", NULL, NULL },
		{ K, "begins_with(pk, :s)", "key-equality", NULL, NULL },
		{ K, "pk BETWEEN :s AND :t", "key-equality", NULL, NULL },
		{ K, "pk = :s AND price = :n", "key-attribute", NULL, NULL },
		{ K, "pk = :s OR sk = :n", "key-operator", NULL, NULL },
		{ K, "pk = :s AND NOT sk = :n", "key-operator", NULL, NULL },
		{ K, "pk = :s AND sk <> :n", "key-operator", NULL, NULL },
		{ K, "pk = :s AND sk IN (:n)", "key-operator", NULL, NULL },
		{ K, "pk = :s AND contains(sk, :n)", "key-operator", NULL, NULL },
		{ K, "pk = :s AND attribute_exists(sk)", "key-operator", NULL, NULL },
		{ K, "pk = :s AND size(sk) > :n", "key-shape", NULL, NULL },
		{ K, "pk = sk", "key-shape", NULL, NULL },
		{ K, ":s = :t", "key-shape", NULL, NULL },
		{ K, "pk = :s AND :n BETWEEN sk AND :m", "key-shape", NULL, NULL },
		{ K, "pk.a = :s", "key-nested", NULL, NULL },
		{ K, "pk = :s AND sk > :n AND sk < :m", "key-repeated", NULL, NULL },
		{ K, "pk = :s AND pk = :t", "key-repeated", NULL, NULL },
		{ K, "pk = :n", "key-type", NULL, NULL },
		{ K, "pk = :s AND sk BETWEEN :s AND :t", "key-type key-type", NULL, NULL },
		{ K, "pk = :s AND begins_with(sk, :s)", "key-type", NULL, NULL },
		{ K, "pk = :e", "key-empty", NULL, NULL },
		{ K, "#p = :s", "name-undefined", NULL, NULL },
		{ K, "pk = ", "syntax", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), on_table);
}

static void test_conditions_on_a_key_of_several_attributes(void **state)
{
	static const struct expression_case cases[] = {
		{ K, "t = :s AND r = :s AND z = :n", "", NULL, NULL },
		{ K, "a = :n AND z = :n AND r = :s AND b > :s AND t = :s", "", NULL, NULL },
		{ K, "t = :s AND r = :s AND z = :n AND a = :n AND b = :s AND c = :b AND d <= :bs", "type", NULL, NULL },
		{ K, "t = :s AND r = :s AND z = :n AND a = :n AND begins_with(b, :s)", "", NULL, NULL },
		{ K, "t = :s AND r = :s AND z = :n AND a BETWEEN :n AND :m", "", NULL, NULL },
		{ K, "t = :s", "key-missing key-missing", NULL, NULL },
		{ K, "t = :s AND r < :s AND z = :n", "key-equality", NULL, NULL },
		{ K, "t = :s AND r = :s AND z = :n AND b = :s", "key-order", NULL, NULL },
		{ K, "t = :s AND r = :s AND z = :n AND a = :n AND d = :s", "key-order", NULL, NULL },
		{ K, "t = :s AND r = :s AND z = :n AND a > :n AND b = :s", "key-inequality", NULL, NULL },
		{ K, "t = :s AND r = :s AND z = :n AND a = :n AND begins_with(b, :s) AND c = :b", "key-inequality", NULL, NULL },
		{ K, "t = :s AND r = :s AND z = :n AND b > :s AND c = :b", "key-order key-inequality", NULL, NULL },
		{ K, "t = :s AND r = :s AND z = :n AND sk = :n", "key-attribute", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), on_wide);
}

static void test_conditions_on_a_key_without_sort_key(void **state)
{
	static const struct expression_case cases[] = {
		{ K, "pk = :s", "", NULL, NULL },
		{ K, "pk = :s AND sk = :n", "key-attribute", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), on_hash_only);
}

/* More attributes than a key can have come from a hostile document. */
static void test_a_key_of_too_many_attributes(void **state)
{
	struct expression_key keys[20];
	const struct expression_schema schema = { keys, COUNT_OF(keys) };
	struct expression_findings findings;
	struct expression_scope scope;
	const struct expression *e;
	struct arena arena;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		keys[i] = (struct expression_key){ i == 19 ? STR("z") : STR("a"), i > 0, VALUE_NONE };
	arena_init(&arena, 1 << 20);
	expression_findings_init(&findings, &arena);
	e = expression_parse(K, STR("a = :s AND z = :s"), &findings, NULL);
	assert_true(expression_scope_read(STR(""), str_c("{\":s\":{\"S\":\"s\"}}"), &findings, &scope, NULL));
	assert_true(expression_check_key(e, &scope, &schema, &findings, NULL));
	assert_non_null(expression_findings_get(&findings, EXPRESSION_E_KEY_ATTRIBUTE));
	arena_release(&arena);
}

static void test_long_key_values(void **state)
{
	static const struct { size_t hash, range, findings; } cases[] = {
		{ 2048, 1024, 0 }, { 2049, 1024, 1 }, { 1, 1025, 1 }, { 2049, 1026, 2 },
	};
	static const char *const rest[] = { "", "AA==", "AAA=" };
	static const struct expression_key keys[] = { { STR_INIT("pk"), false, VALUE_S }, { STR_INIT("sk"), true, VALUE_B } };
	const struct expression_schema schema = { keys, COUNT_OF(keys) };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct expression_findings findings;
		struct expression_scope scope;
		const struct expression *e;
		struct arena arena;
		struct buf values;

		buf_init(&values, 1 << 16);
		buf_puts(&values, "{\":s\":{\"S\":\"");
		for (size_t k = 0; k < cases[i].hash; k++)
			buf_putc(&values, 'x');
		buf_puts(&values, "\"},\":b\":{\"B\":\"");
		for (size_t k = 0; k < cases[i].range / 3; k++)
			buf_puts(&values, "AAAA");
		buf_puts(&values, rest[cases[i].range % 3]);
		buf_puts(&values, "\"}}");
		arena_init(&arena, 1 << 20);
		expression_findings_init(&findings, &arena);
		e = expression_parse(K, STR("pk = :s AND sk = :b"), &findings, NULL);
		assert_true(expression_scope_read(STR(""), buf_str(&values), &findings, &scope, NULL));
		assert_true(expression_check_key(e, &scope, &schema, &findings, NULL));
		assert_int_equal(findings.count, cases[i].findings);
		arena_release(&arena);
		buf_release(&values);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions_on_a_simple_key),
		cmocka_unit_test(test_conditions_on_a_key_of_several_attributes),
		cmocka_unit_test(test_conditions_on_a_key_without_sort_key),
		cmocka_unit_test(test_a_key_of_too_many_attributes),
		cmocka_unit_test(test_long_key_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
