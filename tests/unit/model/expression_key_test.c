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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions_on_a_simple_key),
		cmocka_unit_test(test_conditions_on_a_key_of_several_attributes),
		cmocka_unit_test(test_conditions_on_a_key_without_sort_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
