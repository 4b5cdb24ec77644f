#include "support/expressions.h"
#include "support/test.h"

struct fixture {
	struct arena arena;
	struct expression_findings findings;
	struct expression_scope scope;
};

static void setup(struct fixture *f, const char *names, const char *values)
{
	arena_init(&f->arena, 16 << 20);
	expression_findings_init(&f->findings, &f->arena);
	assert_true(expression_scope_read(str_c(names), str_c(values), &f->findings, &f->scope, NULL));
}

static struct str name_of(const struct fixture *f, const char *written)
{
	return expression_scope_name(&f->scope, &(struct expression_step){ .name = str_c(written) });
}

static void test_names_and_values_are_found(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, "{\"#b\":\"b\\u00e9\\n\",\"#a\":\"name\",\"\\u0023c\":\"x.y\"}", "{\":v\":{\"N\":\"1\"},\":a\":{\"S\":\"x\"}}");
	assert_int_equal(f.findings.count, 0);
	assert_str_equal(name_of(&f, "#a"), "name");
	assert_str_equal(name_of(&f, "#b"), "b\xc3\xa9\n");
	assert_str_equal(name_of(&f, "#c"), "x.y");
	assert_str_equal(name_of(&f, "plain"), "plain");
	assert_null(name_of(&f, "#d").ptr);
	assert_null(expression_scope_name(&f.scope, &(struct expression_step){ .index = 3 }).ptr);
	assert_int_equal(expression_scope_value(&f.scope, STR(":v")).type, VALUE_N);
	assert_str_equal(expression_scope_value(&f.scope, STR(":a")).raw, "x");
	assert_int_equal(expression_scope_value(&f.scope, STR(":b")).type, VALUE_NONE);
	arena_release(&f.arena);
}

static void test_what_is_malformed_is_told_and_left_out(void **state)
{
	static const struct { const char *names, *values; enum expression_code code; const char *says; } cases[] = {
		{ "{", "", EXPRESSION_E_NAME_MALFORMED, "no JSON" },
		{ "[]", "", EXPRESSION_E_NAME_MALFORMED, "must be an object" },
		{ "{\"a\":\"x\"}", "", EXPRESSION_E_NAME_MALFORMED, "'a' is no placeholder" },
		{ "{\"#\":\"x\"}", "", EXPRESSION_E_NAME_MALFORMED, "is no placeholder" },
		{ "{\"#a-b\":\"x\"}", "", EXPRESSION_E_NAME_MALFORMED, "is no placeholder" },
		{ "{\"#\\ud800\":\"x\"}", "", EXPRESSION_E_NAME_MALFORMED, "is no placeholder" },
		{ "{\"#a\":1}", "", EXPRESSION_E_NAME_MALFORMED, "must be an attribute's name" },
		{ "{\"#a\":\"\"}", "", EXPRESSION_E_NAME_MALFORMED, "0 bytes" },
		{ "{\"#a\":\"x\",\"#a\":\"y\"}", "", EXPRESSION_E_NAME_MALFORMED, "#a is defined twice" },
		{ "", "7", EXPRESSION_E_VALUE_MALFORMED, "must be an object" },
		{ "", "{\"v\":{\"S\":\"x\"}}", EXPRESSION_E_VALUE_MALFORMED, "'v' is no placeholder" },
		{ "", "{\":v\":\"x\"}", EXPRESSION_E_VALUE_MALFORMED, "no attribute value like {\"S\"" },
		{ "", "{\":v\":{\"N\":\"x\"}}", EXPRESSION_E_VALUE_MALFORMED, "no attribute value" },
		{ "", "{\":v\":{\"S\":\"x\"},\":v\":{\"S\":\"x\"}}", EXPRESSION_E_VALUE_MALFORMED, "defined twice" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct expression_finding *found;
		struct fixture f;

		setup(&f, cases[i].names, cases[i].values);
		found = expression_findings_get(&f.findings, cases[i].code);
		assert_int_equal(f.findings.count, 1);
		assert_non_null(found);
		assert_null(found->in);
		if (str_find(found->text, str_c(cases[i].says)) == SIZE_MAX)
			fail_msg("%.*s", STR_ARG(found->text));
		arena_release(&f.arena);
	}
}

static void test_long_names(void **state)
{
	struct buf names;

	(void)state;
	for (size_t len = EXPRESSION_MAX_NAME_BYTES; len <= EXPRESSION_MAX_NAME_BYTES + 1; len++) {
		struct fixture f;

		buf_init(&names, 1 << 20);
		buf_puts(&names, "{\"#a\":\"");
		for (size_t i = 0; i < len; i++)
			buf_putc(&names, 'x');
		buf_puts(&names, "\"}");
		setup(&f, names.ptr, "");
		assert_int_equal(f.findings.count, len > EXPRESSION_MAX_NAME_BYTES);
		arena_release(&f.arena);
		buf_release(&names);
	}
}

static void test_what_is_unused_is_counted_over_all_expressions(void **state)
{
	const struct expression *e[2];
	struct fixture f;

	(void)state;
	setup(&f, "{\"#a\":\"x\",\"#b\":\"y\",\"#c\":\"z\"}", "{\":v\":{\"S\":\"x\"},\":w\":{\"S\":\"x\"}}");
	e[0] = expression_parse(EXPRESSION_UPDATE, STR("SET #a = :v"), &f.findings, NULL);
	e[1] = expression_parse(EXPRESSION_CONDITION, STR("attribute_exists(#b)"), &f.findings, NULL);
	assert_true(expression_check_unused(e, 2, &f.scope, &f.findings, NULL));
	assert_int_equal(f.findings.count, 2);
	assert_non_null(strstr(expression_findings_get(&f.findings, EXPRESSION_E_NAME_UNUSED)->text.ptr, "#c"));
	assert_non_null(strstr(expression_findings_get(&f.findings, EXPRESSION_E_VALUE_UNUSED)->text.ptr, ":w"));
	assert_true(expression_check_unused(NULL, 0, &f.scope, &f.findings, NULL));
	assert_int_equal(f.findings.count, 7);
	arena_release(&f.arena);
}

static void test_a_full_arena_is_told(void **state)
{
	(void)state;
	for (size_t max = 0; max < 16384; max += 256) {
		struct expression_findings findings;
		struct expression_scope scope;
		struct err err = { 0 };
		struct arena arena;

		arena_init(&arena, max);
		expression_findings_init(&findings, &arena);
		if (!expression_scope_read(STR("{\"\\u0023a\":\"x\",\"b\":\"y\"}"), str_c(expression_values), &findings, &scope, &err))
			assert_true(findings.full && err_is(&err, "expression.memory"));
		else
			assert_int_equal(findings.count, 1);
		arena_release(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_values_are_found),
		cmocka_unit_test(test_what_is_malformed_is_told_and_left_out),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_what_is_unused_is_counted_over_all_expressions),
		cmocka_unit_test(test_a_full_arena_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
