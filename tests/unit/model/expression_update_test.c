#include "support/expressions.h"
#include "support/test.h"

#define U EXPRESSION_UPDATE
#define P EXPRESSION_PROJECTION

static void test_updates(void **state)
{
	static const struct expression_case cases[] = {
		{ U, "SET a = :s", "", NULL, NULL },
		{ U, "set a = :s remove b add c :n delete d :ss", "", NULL, NULL },
		{ U, "REMOVE a, b[0], c.d SET e = f", "", NULL, NULL },
		{ U, "SET a = a + :n, b = :n-b, c = (:n + :m), d = (:n) - (:m)", "", NULL, NULL },
		{ U, "SET a = if_not_exists(a, :n) + :m", "", NULL, NULL },
		{ U, "SET a = if_not_exists(b, if_not_exists(c, :n))", "", NULL, NULL },
		{ U, "SET a = list_append(if_not_exists(a, :l), :l), b = list_append(:l, b)", "", NULL, NULL },
		{ U, "SET a[1] = :s, b.#c = :t", "", "{\"#c\":\"name\"}", NULL },
		{ U, "ADD a :n, b.c :ns DELETE d :bs, e :ss", "", NULL, NULL },
		{ U, "SET a = :s, A = :t", "", NULL, NULL },

		{ U, "", "empty", NULL, NULL },
		{ U, "a = :s", "syntax", NULL, NULL },
		{ U, "UPDATE a = :s", "syntax", NULL, NULL },
		{ U, "SET", "syntax", NULL, NULL },
		{ U, "SET a", "syntax", NULL, NULL },
		{ U, "SET a :s", "syntax", NULL, NULL },
		{ U, "SET a = :s,", "syntax", NULL, NULL },
		{ U, "SET a = :s, REMOVE b", "syntax", NULL, NULL },
		{ U, "SET a <> :s", "syntax", NULL, NULL },
		{ U, "SET a = :s = :t", "syntax", NULL, NULL },
		{ U, "SET a = :s AND b = :t", "syntax", NULL, NULL },
		{ U, "SET a = :s b = :t", "syntax", NULL, NULL },
		{ U, "SET a = :s WHERE b = :t", "syntax", NULL, NULL },
		{ U, "SET :s = a", "syntax", NULL, NULL },
		{ U, "SET (a) = :s", "syntax", NULL, NULL },
		{ U, "SET a = NOT :bool", "syntax", NULL, NULL },
		{ U, "SET a = -:n", "syntax", NULL, NULL },
		{ U, "SET a = :n * :m", "syntax", NULL, NULL },
		{ U, "SET a = (:n", "syntax", NULL, NULL },
		{ U, "SET a = list_append(:l, :l", "syntax", NULL, NULL },
		{ U, "SET a = :s; REMOVE b", "syntax", NULL, NULL },
		{ U, "SET set = :s", "reserved-word", NULL, NULL },
		{ U, "SET a = SET[2].x.y[3], set.add[0].b = :s", "reserved-word reserved-word reserved-word", NULL, NULL },
		{ U, "SET a = :n + :m + :n", "arithmetic", NULL, NULL },
		{ U, "SET a = :n - (:n + :m)", "arithmetic", NULL, NULL },
		{ U, "SET a = if_not_exists(a, :n + :m)", "arithmetic", NULL, NULL },
		{ U, "SET a = ((:n))", "redundant-parentheses", NULL, NULL },
		{ U, "SET a = 5, b = 'x', c = :s", "literal literal", NULL, NULL },
		{ U, "SET a = size(b)", "function-not-here", NULL, NULL },
		{ U, "SET a = attribute_exists(b)", "function-not-here", NULL, NULL },
		{ U, "SET a = list_append(list_append(:l, :l), :l)", "function-not-here", NULL, NULL },
		{ U, "SET a = if_not_exists(a, list_append(:l, :l))", "function-not-here", NULL, NULL },
		{ U, "SET a = :n + list_append(:l, :l)", "function-not-here", NULL, NULL },
		{ U, "SET a = IF_NOT_EXISTS(a, :n)", "unknown-function", NULL, NULL },
		{ U, "SET a = if_not_exists(:n, :m)", "operand", NULL, NULL },
		{ U, "SET a = if_not_exists(a)", "arguments", NULL, NULL },
		{ U, "SET a = :s SET b = :t", "clause-repeated", NULL, NULL },
		{ U, "REMOVE a ADD b :n REMOVE c ADD d :n", "clause-repeated clause-repeated", NULL, NULL },
		{ U, "REMOVE :s", "syntax", NULL, NULL },
		{ U, "REMOVE a = :s", "syntax", NULL, NULL },
		{ U, "REMOVE a b", "syntax", NULL, NULL },
		{ U, "ADD a", "syntax", NULL, NULL },
		{ U, "ADD a = :n", "syntax", NULL, NULL },
		{ U, "ADD a b", "syntax", NULL, NULL },
		{ U, "ADD a :n + :m", "syntax", NULL, NULL },
		{ U, "ADD a (:n)", "syntax", NULL, NULL },
		{ U, "DELETE a", "syntax", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), NULL);
}

/* One mistake does not hide the next action's. */
static void test_updates_go_on_behind_a_mistake(void **state)
{
	static const struct expression_case cases[] = {
		{ U, "SET a :s, b = (:n, c), name = :t REMOVE :n ADD d 5, e :n", "syntax syntax reserved-word syntax syntax", NULL, NULL },
		{ U, "x SET a = :s, b =", "syntax syntax", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), NULL);
}

static void test_projections(void **state)
{
	static const struct expression_case cases[] = {
		{ P, "a", "", NULL, NULL },
		{ P, "a, b.c , d[0], d[1].e, #n", "", "{\"#n\":\"name\"}", NULL },
		{ P, "", "empty", NULL, NULL },
		{ P, "a,", "syntax", NULL, NULL },
		{ P, ",a", "syntax", NULL, NULL },
		{ P, "a b", "syntax", NULL, NULL },
		{ P, "*", "syntax", NULL, NULL },
		{ P, "(a)", "syntax", NULL, NULL },
		{ P, "a = b", "syntax", NULL, NULL },
		{ P, ":s", "syntax", NULL, NULL },
		{ P, "name, and, _x", "name-needs-placeholder reserved-word reserved-word", NULL, NULL },
		{ P, "a b, c d, e.", "syntax syntax syntax", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), NULL);
}

static void test_paths_may_not_overlap(void **state)
{
	static const struct expression_case cases[] = {
		{ U, "SET a.b = :s, a.c = :t, d[0] = :n, d[1] = :m", "", NULL, NULL },
		{ U, "SET a = a, b = a.c", "", NULL, NULL },
		{ U, "SET ab = :s, a.b = :t", "", NULL, NULL },
		{ U, "SET a = :s, a = :t", "paths-overlap", NULL, NULL },
		{ U, "SET a = :s REMOVE a", "paths-overlap", NULL, NULL },
		{ U, "SET a.b.c = :s ADD x :n, a.b :m", "paths-overlap", NULL, NULL },
		{ U, "SET a = :s, b = :t, a.x[0] = :n, z = :m, a.y = :e", "paths-overlap", NULL, NULL },
		{ U, "SET #x = :s, a = :t", "paths-overlap", "{\"#x\":\"a\"}", NULL },
		{ U, "SET #x = :s, a = :t", "", "{\"#x\":\"b\"}", NULL },
		{ U, "SET a[0] = :s, a.b = :t", "paths-conflict", NULL, NULL },
		{ U, "SET a.b[0].c = :s, a.b.c = :t", "paths-conflict", NULL, NULL },
		{ P, "a[0][1], a[0][2], b", "", NULL, NULL },
		{ P, "a, b, a", "paths-overlap", NULL, NULL },
		{ P, "a.b, a", "paths-overlap", NULL, NULL },
		{ P, "a[3], a.b", "paths-conflict", NULL, NULL },
		{ P, "#u, #v", "name-undefined name-undefined", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), NULL);
}

static void test_the_tree_of_an_update(void **state)
{
	static const enum expression_node_kind kinds[] = { EXPRESSION_SET, EXPRESSION_REMOVE, EXPRESSION_ADD, EXPRESSION_DELETE };
	struct expression_findings findings;
	const struct expression *e;
	struct arena arena;
	size_t n = 0;

	(void)state;
	arena_init(&arena, 1 << 20);
	expression_findings_init(&findings, &arena);
	e = expression_parse(U, STR("SET a = b - :n REMOVE c.d ADD e :n DELETE f :ss"), &findings, NULL);
	assert_true(e && e->valid);
	for (const struct expression_node *node = e->nodes; node; node = node->next)
		if (node->kind >= EXPRESSION_SET) {
			assert_int_equal(node->kind, kinds[n++]);
			assert_int_equal(node->child->kind, EXPRESSION_PATH);
			assert_int_equal(node->child->use, node->kind == EXPRESSION_REMOVE ? EXPRESSION_REMOVED : EXPRESSION_WRITTEN);
		} else if (node->kind == EXPRESSION_SUM) {
			assert_int_equal(node->op, EXPRESSION_MINUS);
			assert_int_equal(node->child->use, EXPRESSION_READ);
			assert_str_equal(node->child->sibling->placeholder, ":n");
		}
	assert_int_equal(n, COUNT_OF(kinds));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_updates),
		cmocka_unit_test(test_updates_go_on_behind_a_mistake),
		cmocka_unit_test(test_projections),
		cmocka_unit_test(test_paths_may_not_overlap),
		cmocka_unit_test(test_the_tree_of_an_update),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
