#include "support/expressions.h"
#include "support/test.h"

#define F EXPRESSION_CONDITION
#define U EXPRESSION_UPDATE

static void test_what_is_undefined_or_unused(void **state)
{
	static const struct expression_case cases[] = {
		{ F, "#a = :v", "", "{\"#a\":\"name\"}", "{\":v\":{\"S\":\"x\"}}" },
		{ F, "#a = :v", "name-undefined value-undefined", "{}", "" },
		{ F, "#a.#a = :v OR b = :v", "name-undefined value-undefined", NULL, "{}" },
		{ F, "a = :v", "name-unused value-unused value-unused", "{\"#n\":\"x\"}",
		  "{\":v\":{\"S\":\"x\"},\":w\":{\"S\":\"x\"},\":x\":{\"S\":\"x\"}}" },
		/* A malformed expression still mentions what it mentions. */
		{ F, "a = = :v AND #n", "syntax", "{\"#n\":\"x\"}", "{\":v\":{\"S\":\"x\"}}" },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), NULL);
}

static void test_types_in_conditions(void **state)
{
	static const struct expression_case cases[] = {
		{ F, "a = :map AND b <> :ss AND c = :null AND d = :bool", "", NULL, NULL },
		{ F, "a < :s AND a <= :n AND :b > a AND a >= size(b)", "", NULL, NULL },
		{ F, "a < :bool", "type", NULL, NULL },
		{ F, ":l >= a", "type", NULL, NULL },
		{ F, "a > :null OR a <= :ss OR a < :map", "type type type", NULL, NULL },
		{ F, "a IN (:ss, :l, :map, :s)", "", NULL, NULL },
		{ F, "a BETWEEN :n AND :m", "", NULL, NULL },
		{ F, "a BETWEEN :n AND :n", "", NULL, NULL },
		{ F, "a BETWEEN :s AND :t AND b BETWEEN :b AND :c", "", NULL, NULL },
		{ F, "a BETWEEN b AND :n", "", NULL, NULL },
		{ F, "a BETWEEN size(b) AND :n", "", NULL, NULL },
		{ F, "a BETWEEN :n AND :s", "between-bounds", NULL, NULL },
		{ F, "a BETWEEN size(b) AND :s", "between-bounds", NULL, NULL },
		{ F, "a BETWEEN :m AND :n", "between-bounds", NULL, NULL },
		{ F, "a BETWEEN :t AND :s", "between-bounds", NULL, NULL },
		{ F, "a BETWEEN :c AND :b", "between-bounds", NULL, NULL },
		{ F, "a BETWEEN :l AND :l", "type type", NULL, NULL },
		{ F, "begins_with(a, :s) AND begins_with(:b, a) AND begins_with(a, b)", "", NULL, NULL },
		{ F, "begins_with(a, :n)", "type", NULL, NULL },
		{ F, "begins_with(size(a), :s)", "type", NULL, NULL },
		{ F, "contains(a, :n) AND contains(:ss, b) AND contains(a, size(b))", "", NULL, NULL },
		{ F, "size(:s) > :n AND size(:map) = :n AND size(:ss) < :m", "", NULL, NULL },
		{ F, "size(:n) > :n", "type", NULL, NULL },
		{ F, "size(:bool) > :n OR size(:null) > :n", "type type", NULL, NULL },
		{ F, "attribute_type(a, :type)", "", NULL, NULL },
		{ F, "attribute_type(a, :s)", "type-name", NULL, NULL },
		{ F, "attribute_type(a, :n)", "type", NULL, NULL },
		{ F, "attribute_type(a, :t) AND attribute_type(b, :t)", "", NULL, "{\":t\":{\"S\":\"N\\u0053\"}}" },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), NULL);
}

static void test_an_attribute_is_not_compared_with_itself(void **state)
{
	static const struct expression_case cases[] = {
		{ F, "a = b AND b = a AND size(a) = size(a) AND a BETWEEN b AND b", "", NULL, NULL },
		{ F, "a.b = a.c AND a[0] <> a[1]", "", NULL, NULL },
		{ F, "a = a", "same-operand", NULL, NULL },
		{ F, "a.b[0] < a.b[0]", "same-operand", NULL, NULL },
		{ F, "#x = a", "same-operand", "{\"#x\":\"a\"}", NULL },
		{ F, "a IN (b, c, a)", "same-operand", NULL, NULL },
		{ F, "a BETWEEN b AND a", "same-operand", NULL, NULL },
		{ F, "contains(a, a) OR begins_with(b, b)", "same-operand same-operand", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), NULL);
}

static void test_types_in_updates(void **state)
{
	static const struct expression_case cases[] = {
		{ U, "SET a = :null, b = :map, c = :bool", "", NULL, NULL },
		{ U, "SET a = :n + :m, b = b - :n", "", NULL, NULL },
		{ U, "SET a = :s + :n", "type", NULL, NULL },
		{ U, "SET a = b - :l", "type", NULL, NULL },
		{ U, "SET a = if_not_exists(a, :s) + :n", "type", NULL, NULL },
		{ U, "SET a = if_not_exists(a, if_not_exists(b, :l)) - :n", "type", NULL, NULL },
		{ U, "SET a = list_append(a, :s)", "type", NULL, NULL },
		{ U, "SET a = list_append(:ss, :l)", "type", NULL, NULL },
		{ U, "ADD a :n, b :ss, c :ns, d :bs", "", NULL, NULL },
		{ U, "ADD a :s, b :l, c :map, d :bool", "type type type type", NULL, NULL },
		{ U, "DELETE a :ss, b :ns, c :bs", "", NULL, NULL },
		{ U, "DELETE a :s, b :n, c :l", "type type type", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_undefined_or_unused),
		cmocka_unit_test(test_types_in_conditions),
		cmocka_unit_test(test_an_attribute_is_not_compared_with_itself),
		cmocka_unit_test(test_types_in_updates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
