/* Random expressions that the grammar makes are valid; what a random byte makes of them
 * never harms, and gives findings inside of the text. */
#include "support/expressions.h"
#include "support/test.h"

#include "sluice/core/rng.h"

enum { ROUNDS = 3000, MUTATIONS = 4, DEEPEST = 4 };

struct writer {
	struct rng rng;
	struct buf out;
	unsigned paths;  /* so that no path stands twice */
	unsigned operators;
};

static size_t chance(struct writer *w, size_t n)
{
	return (size_t)rng_below(&w->rng, n);
}

static void put_space(struct writer *w)
{
	static const char *const spaces[] = { " ", " ", "  ", "\t", "\n", " \r\n" };

	buf_puts(&w->out, spaces[chance(w, COUNT_OF(spaces))]);
}

static void put_path(struct writer *w)
{
	buf_putf(&w->out, chance(w, 8) ? "p%u" : "#p%u", w->paths++);
	while (chance(w, 3) == 0) {
		if (chance(w, 2))
			buf_putf(&w->out, "[%zu]", chance(w, 100));
		else
			buf_putf(&w->out, ".q%zu", chance(w, 10));
	}
}

static void put_operand(struct writer *w)
{
	bool parentheses = chance(w, 6) == 0;

	buf_puts(&w->out, parentheses ? "(" : "");
	switch (chance(w, 4)) {
	case 0:
		buf_puts(&w->out, ":n");
		break;
	case 1:
		w->operators++;
		buf_puts(&w->out, "size(");
		put_path(w);
		buf_puts(&w->out, ")");
		break;
	default:
		put_path(w);
	}
	buf_puts(&w->out, parentheses ? ")" : "");
}

static void put_comparison(struct writer *w)
{
	static const char *const operators[] = { "=", "<>", "<", "<=", ">", ">=" };

	w->operators++;
	put_operand(w);
	put_space(w);
	switch (chance(w, 4)) {
	case 0:
		buf_puts(&w->out, "BETWEEN :n and ");
		put_path(w);
		break;
	case 1:
		buf_puts(&w->out, "in (");
		put_operand(w);
		for (size_t n = chance(w, 5); n; n--) {
			buf_puts(&w->out, ", ");
			put_operand(w);
		}
		buf_puts(&w->out, ")");
		break;
	default:
		buf_puts(&w->out, operators[chance(w, COUNT_OF(operators))]);
		put_operand(w);
	}
}

static void put_function(struct writer *w)
{
	static const char *const begins[] = { "attribute_exists(", "attribute_not_exists (", "begins_with(", "contains(",
					      "attribute_type(" };
	static const char *const ends[] = { ")", ")", ", :s)", " , :n)", ",:type)" };
	size_t i = chance(w, COUNT_OF(begins));

	w->operators++;
	buf_puts(&w->out, begins[i]);
	put_path(w);
	buf_puts(&w->out, ends[i]);
}

/* The only recursion here: DEEPEST levels. */
static void put_condition(struct writer *w, unsigned depth)
{
	size_t kind = depth ? chance(w, 6) : chance(w, 2);

	if (kind == 0) {
		put_function(w);
	} else if (kind < 3) {
		put_comparison(w);
	} else if (kind == 3) {
		w->operators++;
		buf_puts(&w->out, "not (");
		put_condition(w, depth - 1);
		buf_puts(&w->out, ")");
	} else {
		w->operators++;
		buf_puts(&w->out, "(");
		put_condition(w, depth - 1);
		buf_puts(&w->out, kind == 4 ? ") AND " : ") OR ");
		put_condition(w, depth - 1);
	}
}

static void put_sum(struct writer *w)
{
	switch (chance(w, 5)) {
	case 0:
		put_path(w);
		buf_puts(&w->out, chance(w, 2) ? " + :n" : "-(:n)");
		break;
	case 1:
		buf_puts(&w->out, "if_not_exists(");
		put_path(w);
		buf_puts(&w->out, ", :n)");
		break;
	case 2:
		buf_puts(&w->out, "list_append(:l, ");
		put_path(w);
		buf_puts(&w->out, ")");
		break;
	default:
		buf_puts(&w->out, ":s");
	}
}

static void put_clause(struct writer *w, const char *word, unsigned clause)
{
	buf_puts(&w->out, word);
	for (size_t n = 1 + chance(w, 4); n; n--) {
		put_space(w);
		put_path(w);
		buf_puts(&w->out, clause == 0 ? " = " : "");
		if (clause == 0)
			put_sum(w);
		else
			buf_puts(&w->out, clause == 1 ? "" : clause == 2 ? " :n" : " :ss");
		buf_puts(&w->out, n > 1 ? "," : " ");
	}
}

static void put_update(struct writer *w)
{
	static const char *const words[] = { "SET", "remove", "Add", "DELETE" };
	unsigned first = (unsigned)chance(w, 4);

	for (unsigned i = 0; i < 4; i++)
		if (i == 0 || chance(w, 2))
			put_clause(w, words[(first + i) % 4], (first + i) % 4);
}

static void put_projection(struct writer *w)
{
	put_path(w);
	for (size_t n = chance(w, 20); n; n--) {
		buf_puts(&w->out, ",");
		put_space(w);
		put_path(w);
	}
}

/* The number of findings; each lies inside of the text. */
static size_t judge(enum expression_kind kind, struct str text, struct str *first, struct arena *arena)
{
	struct expression_findings findings;
	const struct expression *e;
	struct expression_scope scope;

	expression_findings_init(&findings, arena);
	e = expression_parse(kind, text, &findings, NULL);
	assert_non_null(e);
	assert_int_equal(e->valid, findings.count == 0);
	assert_true(expression_scope_read(STR(""), str_c(expression_values), &findings, &scope, NULL));
	assert_true(expression_check(e, &scope, &findings, NULL));
	for (const struct expression_finding *f = findings.first; f; f = f->next)
		assert_true(f->offset <= text.len && f->length <= text.len - f->offset && f->text.len > 0);
	*first = findings.first ? findings.first->text : str_of(NULL, 0);
	/* Names are not defined here. */
	for (const struct expression_finding *f = findings.first; f; f = f->next)
		findings.count -= f->code == EXPRESSION_E_NAME_UNDEFINED;
	return findings.count;
}

static void write_one(struct writer *w, enum expression_kind kind)
{
	if (kind == EXPRESSION_UPDATE)
		put_update(w);
	else if (kind == EXPRESSION_PROJECTION)
		put_projection(w);
	else
		put_condition(w, DEEPEST);
}

static void mutate(struct writer *w)
{
	static const char bytes[] = " ()[].,=<>+-:#'\"0a\xff\x00\x1b";
	size_t at = chance(w, w->out.len);

	w->out.ptr[at] = bytes[chance(w, sizeof(bytes))];
}

static void test_random_expressions_and_their_mutations(void **state)
{
	struct writer w = { 0 };
	size_t valid = 0;

	(void)state;
	rng_seed(&w.rng, 20);
	buf_init(&w.out, 1 << 20);
	for (size_t i = 0; i < ROUNDS; i++) {
		enum expression_kind kind = (enum expression_kind)(1 + i % 4);
		struct arena arena;
		struct str first;

		w.paths = w.operators = 0;
		buf_clear(&w.out);
		write_one(&w, kind);
		arena_init(&arena, 32 << 20);
		if (w.out.len <= EXPRESSION_MAX_BYTES && w.operators <= EXPRESSION_MAX_OPERATORS) {
			valid++;
			if (judge(kind, buf_str(&w.out), &first, &arena) != 0)
				fail_msg("%.*s: %.*s", STR_ARG(buf_str(&w.out)), STR_ARG(first));
		}
		for (size_t k = 0; k < MUTATIONS; k++) {
			mutate(&w);
			judge(kind, buf_str(&w.out), &first, &arena);
		}
		arena_release(&arena);
	}
	assert_true(valid > ROUNDS / 2);
	buf_release(&w.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_expressions_and_their_mutations) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
