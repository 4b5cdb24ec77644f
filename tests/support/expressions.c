#include "support/expressions.h"

#include "support/test.h"

#include "sluice/core/buf.h"

const char expression_values[] =
	"{\":s\":{\"S\":\"s\"},\":t\":{\"S\":\"t\"},\":n\":{\"N\":\"1\"},\":m\":{\"N\":\"2\"},\":b\":{\"B\":\"MQ==\"},"
	"\":c\":{\"B\":\"Mg==\"},\":ss\":{\"SS\":[\"a\"]},\":ns\":{\"NS\":[\"1\"]},\":bs\":{\"BS\":[\"MQ==\"]},"
	"\":l\":{\"L\":[{\"N\":\"1\"}]},\":map\":{\"M\":{}},\":bool\":{\"BOOL\":true},\":null\":{\"NULL\":true},"
	"\":type\":{\"S\":\"L\"},\":e\":{\"S\":\"\"}}";

static bool mentions(const struct expression *e, struct str placeholder)
{
	for (size_t i = 0; i < e->n_mentions; i++)
		if (str_eq(e->mentions[i].placeholder, placeholder))
			return true;
	return false;
}

/* Of the common values those that the expression has. */
static void needed_values(const struct expression *e, struct expression_scope *scope, struct arena *arena)
{
	struct expression_findings none;
	struct expression_scope all;
	struct expression_value *values;

	expression_findings_init(&none, arena);
	assert_true(expression_scope_read(STR(""), str_c(expression_values), &none, &all, NULL));
	assert_int_equal(none.count, 0);
	values = arena_array(arena, all.n_values, sizeof(*values));
	for (size_t i = 0; i < all.n_values; i++)
		if (mentions(e, all.values[i].placeholder))
			values[scope->n_values++] = all.values[i];
	scope->values = values;
}

static void write_codes(const struct expression_findings *f, struct buf *out)
{
	for (const struct expression_finding *one = f->first; one; one = one->next)
		buf_putf(out, "%s%s", out->len ? " " : "", expression_code_name(one->code) + strlen("expression."));
	buf_puts(out, "");
}

void expect_expression(const struct expression_case *c, expression_more *more)
{
	struct expression_findings findings;
	const struct expression *e;
	struct expression_scope scope;
	struct arena arena;
	struct buf codes;

	arena_init(&arena, 16 << 20);
	buf_init(&codes, 1 << 16);
	expression_findings_init(&findings, &arena);
	e = expression_parse(c->kind, str_c(c->text), &findings, NULL);
	assert_non_null(e);
	assert_int_equal(e->valid, findings.count == 0);
	assert_true(expression_scope_read(str_c(c->names), str_c(c->values), &findings, &scope, NULL));
	if (!c->values)
		needed_values(e, &scope, &arena);
	assert_true(expression_check(e, &scope, &findings, NULL));
	assert_true(expression_check_unused(&e, 1, &scope, &findings, NULL));
	if (more)
		assert_true(more(e, &scope, &findings));
	write_codes(&findings, &codes);
	if (strcmp(codes.ptr ? codes.ptr : "", c->codes) != 0)
		fail_msg("%s: found '%s' (%.*s), expected '%s'", c->text, codes.ptr ? codes.ptr : "",
			 STR_ARG(findings.first ? findings.first->text : STR("")), c->codes);
	buf_release(&codes);
	arena_release(&arena);
}

void expect_expressions(const struct expression_case *cases, size_t n, expression_more *more)
{
	for (size_t i = 0; i < n; i++)
		expect_expression(&cases[i], more);
}
