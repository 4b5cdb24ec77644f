#include "support/expressions.h"
#include "support/test.h"

static const struct expression_key keys[] = { { STR_INIT("pk"), false, VALUE_S }, { STR_INIT("sk"), true, VALUE_S } };
static const struct expression_schema schema = { keys, COUNT_OF(keys) };

static bool filter(const struct expression *e, const struct expression_scope *scope, struct expression_findings *findings)
{
	return expression_check_filter(e, scope, &schema, findings, NULL);
}

static bool update(const struct expression *e, const struct expression_scope *scope, struct expression_findings *findings)
{
	return expression_check_update(e, scope, &schema, findings, NULL);
}

static bool scalars(const struct expression *e, const struct expression_scope *scope, struct expression_findings *findings)
{
	return expression_check_scalars(e, scope, &schema, findings, NULL);
}

static bool projected(const struct expression *e, const struct expression_scope *scope,
		      struct expression_findings *findings)
{
	static const struct str names[] = { STR_INIT("title"), STR_INIT("price"), STR_INIT("pk"), STR_INIT("name") };

	return expression_check_projected(e, scope, names, COUNT_OF(names), findings, NULL);
}

static void test_filters_on_keys(void **state)
{
	static const struct expression_case cases[] = {
		{ EXPRESSION_FILTER, "a = :s AND b.sk = :t AND c = :n", "", NULL, NULL },
		{ EXPRESSION_FILTER, "pk = :s AND a = :t", "filter-on-key", NULL, NULL },
		{ EXPRESSION_FILTER, "size(sk) > :n OR attribute_exists(#p)", "filter-on-key filter-on-key", "{\"#p\":\"pk\"}", NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), filter);
}

static void test_updates_of_keys(void **state)
{
	static const struct expression_case cases[] = {
		{ EXPRESSION_UPDATE, "SET a = pk, b = if_not_exists(sk, :s)", "", NULL, NULL },
		{ EXPRESSION_UPDATE, "SET pk = :s", "update-of-key", NULL, NULL },
		{ EXPRESSION_UPDATE, "REMOVE sk ADD #p :n", "update-of-key update-of-key", "{\"#p\":\"pk\"}", NULL },
		{ EXPRESSION_UPDATE, "DELETE sk :ss", "update-of-key", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), update);
}

static void test_paths_into_keys(void **state)
{
	static const struct expression_case cases[] = {
		{ EXPRESSION_PROJECTION, "pk, sk, a.pk", "", NULL, NULL },
		{ EXPRESSION_PROJECTION, "pk.a", "key-nested", NULL, NULL },
		{ EXPRESSION_CONDITION, "attribute_exists(sk[0])", "key-nested", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), scalars);
}

static void test_what_is_not_projected(void **state)
{
	static const struct expression_case cases[] = {
		{ EXPRESSION_PROJECTION, "title, price.amount, #n", "", "{\"#n\":\"name\"}", NULL },
		{ EXPRESSION_PROJECTION, "title, description, pk", "not-projected", NULL, NULL },
		{ EXPRESSION_FILTER, "price < :n AND brand = :s AND size(photos) > :n", "not-projected not-projected", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), projected);
}

static void test_touches_in_their_order(void **state)
{
	static const struct { const char *attribute; enum expression_use use; } expected[] = {
		{ "a", EXPRESSION_WRITTEN }, { "b", EXPRESSION_READ },    { "name", EXPRESSION_READ },
		{ "c", EXPRESSION_REMOVED }, { "d", EXPRESSION_WRITTEN },
	};
	const struct expression_touch *touches;
	struct expression_findings findings;
	struct expression_scope scope;
	const struct expression *e;
	struct arena arena;
	size_t n;

	(void)state;
	arena_init(&arena, 1 << 20);
	expression_findings_init(&findings, &arena);
	e = expression_parse(EXPRESSION_UPDATE, STR("SET a.x = if_not_exists(b, #n) REMOVE c[1], #u ADD d :n"), &findings, NULL);
	assert_true(expression_scope_read(STR("{\"#n\":\"name\"}"), STR(""), &findings, &scope, NULL));
	assert_true(expression_touches(e, &scope, &arena, &touches, &n, NULL));
	assert_int_equal(n, COUNT_OF(expected));
	for (size_t i = 0; i < n; i++) {
		assert_str_equal(touches[i].attribute, expected[i].attribute);
		assert_int_equal(touches[i].use, expected[i].use);
		assert_int_equal(touches[i].path->kind, EXPRESSION_PATH);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters_on_keys),     cmocka_unit_test(test_updates_of_keys),
		cmocka_unit_test(test_paths_into_keys),     cmocka_unit_test(test_what_is_not_projected),
		cmocka_unit_test(test_touches_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
