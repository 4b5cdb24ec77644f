#include "support/expressions.h"
#include "support/test.h"

#include <stdlib.h>

#define F EXPRESSION_FILTER

static void test_conditions(void **state)
{
	static const struct expression_case cases[] = {
		{ F, "a = :s", "", NULL, NULL },
		{ F, "a\t=\n:s\r", "", NULL, NULL },
		{ F, "a=:s AND(b=:t)or(c<>:n)", "", NULL, NULL },
		{ F, ":s = a", "", NULL, NULL },
		{ F, "a.b[0][12].c >= b", "", NULL, NULL },
		{ F, "a [ 0 ] . b < :n", "", NULL, NULL },
		{ F, "NOT NOT a = :s and not (b = :t)", "", NULL, NULL },
		{ F, "a BETWEEN :n AND :m AND b = :s", "", NULL, NULL },
		{ F, "a between (:n) and size(b) or c = :s", "", NULL, NULL },
		{ F, "(a) = (:s)", "", NULL, NULL },
		{ F, "((a = :s) AND (b = :t))", "", NULL, NULL },
		{ F, "a IN (:s, b, size(c))", "", NULL, NULL },
		{ F, "size(a) IN ((:n), :m)", "", NULL, NULL },
		{ F, "attribute_exists(a) AND attribute_not_exists (b.c)", "", NULL, NULL },
		{ F, "attribute_type(a, :type) AND begins_with((a), :s) AND contains(:s, b)", "", NULL, NULL },
		{ F, "contains = :s AND begins_with = :t", "", NULL, NULL },
		{ F, "#a.b.#c[1] = :s", "", "{\"#a\":\"name\",\"#c\":\"x.y\"}", NULL },

		{ F, "", "empty", NULL, NULL },
		{ F, " \t\r\n", "empty", NULL, NULL },
		{ F, "a = \xff", "encoding", NULL, NULL },
		{ F, "a", "operand", NULL, NULL },
		{ F, "(a)", "operand", NULL, NULL },
		{ F, "size(a)", "operand", NULL, NULL },
		{ F, "a = ", "syntax", NULL, NULL },
		{ F, "= a", "syntax", NULL, NULL },
		{ F, "a b", "syntax", NULL, NULL },
		{ F, "a = :s b = :t", "syntax", NULL, NULL },
		{ F, "a = :s,", "syntax", NULL, NULL },
		{ F, "(a = :s", "syntax", NULL, NULL },
		{ F, "(a = :s, b)", "syntax", NULL, NULL },
		{ F, "a = :s)", "syntax", NULL, NULL },
		{ F, "a IN :s", "syntax", NULL, NULL },
		{ F, "a IN ()", "syntax", NULL, NULL },
		{ F, "a IN (:s,)", "syntax", NULL, NULL },
		{ F, "a IN (:s", "syntax", NULL, NULL },
		{ F, "a NOT IN (:s)", "syntax", NULL, NULL },
		{ F, "a BETWEEN :n", "syntax", NULL, NULL },
		{ F, "a BETWEEN :n OR :m", "syntax", NULL, NULL },
		{ F, "(a BETWEEN :n) AND :m", "syntax", NULL, NULL },
		{ F, "a != :s", "syntax", NULL, NULL },
		{ F, "a = :s && b = :t", "syntax", NULL, NULL },
		{ F, "a == :s", "syntax", NULL, NULL },
		{ F, "a < > :s", "syntax", NULL, NULL },
		{ F, "a. = :s", "syntax", NULL, NULL },
		{ F, "a..b = :s", "syntax", NULL, NULL },
		{ F, "a[ = :s", "syntax", NULL, NULL },
		{ F, "a[:n] = :s", "syntax", NULL, NULL },
		{ F, "a[1 = :s", "syntax", NULL, NULL },
		{ F, "a[-1] = :s", "syntax", NULL, NULL },
		{ F, "a[01] = :s", "index", NULL, NULL },
		{ F, "a[2147483647] = :s", "", NULL, NULL },
		{ F, "a[2147483648] = :s", "index", NULL, NULL },
		{ F, "a[99999999999999999999999] = :s", "index", NULL, NULL },
		{ F, "a = b = c", "operand", NULL, NULL },
		{ F, "a AND b = :s", "operand", NULL, NULL },
		{ F, "NOT a", "operand", NULL, NULL },
		{ F, "a = NOT b", "operand", NULL, NULL },
		{ F, "a = attribute_exists(b)", "operand", NULL, NULL },
		{ F, "a BETWEEN b = c AND :n", "operand", NULL, NULL },
		{ F, "a = :n + :m", "arithmetic", NULL, NULL },
		{ F, "((a = :s))", "redundant-parentheses", NULL, NULL },
		{ F, "((a)) = ((:s))", "redundant-parentheses redundant-parentheses", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), NULL);
}

static void test_names_and_literals(void **state)
{
	static const struct expression_case cases[] = {
		{ F, "a1_b = :s", "", NULL, NULL },
		{ F, "_a = :s AND 1a = :t", "name-needs-placeholder name-needs-placeholder", NULL, NULL },
		{ F, "a-b = :s", "name-needs-placeholder", NULL, NULL },
		{ F, "a$ = :s", "name-needs-placeholder", NULL, NULL },
		{ F, "caf\xc3\xa9 = :s", "name-needs-placeholder", NULL, NULL },
		{ F, "a._b = :s", "name-needs-placeholder", NULL, NULL },
		{ F, "name = :s OR a.Status = :t", "reserved-word reserved-word", NULL, NULL },
		{ F, "and = :s", "reserved-word", NULL, NULL },
		{ F, "a = 5 AND b = 'x' OR c = \"y\"", "literal literal literal", NULL, NULL },
		{ F, "a = 'x", "literal", NULL, NULL },
		{ F, "# = b", "placeholder-malformed name-undefined", NULL, NULL },
		{ F, "a = :", "placeholder-malformed value-undefined", NULL, NULL },
		{ F, "a = :x-y", "placeholder-malformed value-undefined", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), NULL);
}

static void test_functions(void **state)
{
	static const struct expression_case cases[] = {
		{ F, "foo(a)", "unknown-function", NULL, NULL },
		{ F, "BEGINS_WITH(a, :s) AND foo(b) = :t", "unknown-function unknown-function", NULL, NULL },
		{ F, "attribute_exists()", "arguments", NULL, NULL },
		{ F, "attribute_exists(a, b)", "arguments", NULL, NULL },
		{ F, "begins_with(a)", "arguments", NULL, NULL },
		{ F, "size(a, b) > :n", "arguments", NULL, NULL },
		{ F, "attribute_exists(:s)", "operand", NULL, NULL },
		{ F, "attribute_not_exists(size(a))", "operand", NULL, NULL },
		{ F, "size(size(a)) > :n", "operand", NULL, NULL },
		{ F, "attribute_type(a, size(b))", "operand", NULL, NULL },
		{ F, "attribute_type(a, b)", "operand", NULL, NULL },
		{ F, "contains(a, attribute_exists(b))", "operand", NULL, NULL },
		{ F, "contains(a, b = c)", "operand", NULL, NULL },
		{ F, "if_not_exists(a, :s) = :s", "function-not-here", NULL, NULL },
		{ F, "list_append(a, :l) = :l", "function-not-here", NULL, NULL },
		{ F, "begins_with(a :s)", "syntax", NULL, NULL },
		{ F, "begins_with(, :s)", "syntax", NULL, NULL },
		{ F, "begins_with(a, :s", "syntax", NULL, NULL },
	};

	(void)state;
	expect_expressions(cases, COUNT_OF(cases), NULL);
}

/* `part` so many times, with `between`, around: "(" part part part ")". */
static char *repeated(const char *before, const char *part, size_t n, const char *between, const char *after)
{
	struct buf out;
	char *text;

	buf_init(&out, 1 << 20);
	buf_puts(&out, before);
	for (size_t i = 0; i < n; i++)
		buf_putf(&out, "%s%s", i ? between : "", part);
	buf_puts(&out, after);
	text = test_strndup(out.ptr, out.len);
	buf_release(&out);
	return text;
}

static void test_limits(void **state)
{
	static const struct { const char *before, *part, *between, *after; size_t most; const char *code; } cases[] = {
		{ "", "a=:s", " AND ", "", 150, "too-many-operators" },
		{ "", "NOT ", "", "a = :s", 299, "too-many-operators" },
		{ "", "attribute_exists(a)", " OR ", "", 150, "too-many-operators" },
		{ "", "a BETWEEN :n AND :m", " OR ", "", 150, "too-many-operators" },
		{ "a IN (", ":n", ",", ")", 100, "too-many-in-operands" },
		{ "", "a", ".", " = :s", 32, "path-too-deep" },
		{ "a", "[0]", "", " = :s", 31, "path-too-deep" },
		{ "a = :s", " ", "", "", 4090, "too-long" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t over = 0; over < 2; over++) {
			char *text = repeated(cases[i].before, cases[i].part, cases[i].most + over, cases[i].between,
					      cases[i].after);

			expect_expression(&(struct expression_case){ F, text, over ? cases[i].code : "", NULL, NULL }, NULL);
			test_free(text);
		}
}

/* Nothing recurses: the deepest nesting that fits into 4 KiB. */
static void test_depth_needs_no_call_stack(void **state)
{
	static const struct { const char *before, *part, *after; size_t n; const char *code; } cases[] = {
		{ "", "(", "", 4096, "syntax" },
		{ "", "f(", "", 2048, "syntax" },
		{ "", "NOT ", "a", 1000, "operand too-many-operators" },
		{ "a", " IN (a", "", 600, "syntax" },
		{ "", "a BETWEEN ", "", 400, "syntax" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *text = repeated(cases[i].before, cases[i].part, cases[i].n, "", cases[i].after);

		expect_expression(&(struct expression_case){ F, text, cases[i].code, NULL, NULL }, NULL);
		test_free(text);
	}
}

static void test_precedence_makes_the_tree(void **state)
{
	struct expression_findings findings;
	const struct expression *e;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	expression_findings_init(&findings, &arena);
	e = expression_parse(F, STR("a = :s OR NOT b < :n AND c BETWEEN :n AND :m"), &findings, NULL);
	assert_true(e && e->valid);
	assert_int_equal(e->root->kind, EXPRESSION_OR);
	assert_int_equal(e->root->length, e->text.len);
	assert_int_equal(e->root->child->kind, EXPRESSION_COMPARE);
	assert_int_equal(e->root->child->sibling->kind, EXPRESSION_AND);
	assert_int_equal(e->root->child->sibling->child->kind, EXPRESSION_NOT);
	assert_int_equal(e->root->child->sibling->child->child->op, EXPRESSION_LT);
	assert_int_equal(e->root->child->sibling->child->sibling->kind, EXPRESSION_BETWEEN);
	assert_int_equal(e->root->child->sibling->child->sibling->n_children, 3);
	assert_int_equal(e->root->child->sibling->offset, 10);
	arena_release(&arena);
}

static void test_findings_tell_place_and_remedy(void **state)
{
	static const struct { const char *text; enum expression_code code; size_t offset, length; const char *says; } cases[] = {
		{ "a = :s AND name = :t", EXPRESSION_E_RESERVED, 11, 4, "write #name and define \"#name\": \"name\"" },
		{ "a = 5", EXPRESSION_E_LITERAL, 4, 1, "{\"N\": \"5\"}" },
		{ "a != :s", EXPRESSION_E_SYNTAX, 2, 2, "write <>" },
		{ "a = :s AND", EXPRESSION_E_SYNTAX, 10, 0, "ends where an operand" },
		{ "begin_with(a, :s)", EXPRESSION_E_FUNCTION, 0, 10, "did you mean 'begins_with'?" },
		{ "Size(a) > :n", EXPRESSION_E_FUNCTION, 0, 4, "small letters, write size" },
		{ "a = :s AND b NOT IN (:t)", EXPRESSION_E_SYNTAX, 13, 3, "NOT stands before a whole condition" },
		{ "a = '\x1b[31m\x7f'", EXPRESSION_E_LITERAL, 4, 8, "'?[31m?'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct expression_finding *found;
		struct expression_findings findings;
		struct arena arena;

		arena_init(&arena, 1 << 20);
		expression_findings_init(&findings, &arena);
		assert_non_null(expression_parse(F, str_c(cases[i].text), &findings, NULL));
		found = expression_findings_get(&findings, cases[i].code);
		assert_non_null(found);
		assert_int_equal(found->offset, cases[i].offset);
		assert_int_equal(found->length, cases[i].length);
		if (str_find(found->text, str_c(cases[i].says)) == SIZE_MAX)
			fail_msg("%s: %.*s", cases[i].text, STR_ARG(found->text));
		arena_release(&arena);
	}
}

static void test_a_full_arena_is_told(void **state)
{
	struct err err = { 0 };

	(void)state;
	for (size_t max = 0; max < 8192; max += 64) {
		struct expression_findings findings;
		struct arena arena;

		arena_init(&arena, max);
		expression_findings_init(&findings, &arena);
		if (expression_parse(F, STR("a = :s AND b IN (:t, 5) OR name = :n"), &findings, &err))
			assert_int_equal(findings.count, 2);
		else
			assert_true(err.class == ERR_FATAL && err_is(&err, "expression.memory"));
		arena_release(&arena);
	}
}

static void test_many_findings_are_counted_and_some_kept(void **state)
{
	char *text = repeated("", "name", 200, ",", "");
	struct expression_findings findings;
	struct arena arena;
	size_t kept = 0;

	(void)state;
	arena_init(&arena, 1 << 20);
	expression_findings_init(&findings, &arena);
	assert_non_null(expression_parse(EXPRESSION_PROJECTION, str_c(text), &findings, NULL));
	for (const struct expression_finding *f = findings.first; f; f = f->next)
		kept++;
	assert_int_equal(findings.count, 200);
	assert_int_equal(kept, EXPRESSION_FINDINGS_MAX);
	test_free(text);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_names_and_literals),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_depth_needs_no_call_stack),
		cmocka_unit_test(test_precedence_makes_the_tree),
		cmocka_unit_test(test_findings_tell_place_and_remedy),
		cmocka_unit_test(test_a_full_arena_is_told),
		cmocka_unit_test(test_many_findings_are_counted_and_some_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
