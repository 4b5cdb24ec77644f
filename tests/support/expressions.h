/* expressions: a case is a request with one expression, and the codes of what is
 * found in it, in order: "" for a valid one, "type between-bounds" for two findings
 * (codes without "expression.").
 */
#ifndef SLUICE_SUPPORT_EXPRESSIONS_H
#define SLUICE_SUPPORT_EXPRESSIONS_H

#include "sluice/model/expression.h"

struct expression_case {
	enum expression_kind kind;
	const char *text;
	const char *codes;
	const char *names;   /* JSON; NULL: none */
	const char *values;  /* JSON; NULL: `expression_values`, those that the text mentions */
};

/* What cases may use without a word: :s :t S "s" "t", :n :m N 1 2, :b :c B, :ss :ns :bs
 * sets, :l L, :map M, :bool :null, :type S "L", :e S "". */
extern const char expression_values[];

/* Parses, checks against names and values, checks what is unused; then more, when it is
 * given. Fails the test with text and findings when the codes are others. */
typedef bool expression_more(const struct expression *e, const struct expression_scope *scope,
			     struct expression_findings *findings);
void expect_expression(const struct expression_case *c, expression_more *more);
void expect_expressions(const struct expression_case *cases, size_t n, expression_more *more);

#endif
