/* Operands and conditions, by precedence: what waits for its right side lies on a
 * stack of its own, so depth costs memory of the text's size and no call stack. */
#include "expression_impl.h"

enum wait_type {
	WAIT_OPEN,     /* ( */
	WAIT_CALL,     /* name( */
	WAIT_LIST,     /* IN ( */
	WAIT_BETWEEN,  /* before its AND */
	WAIT_OR,
	WAIT_AND,
	WAIT_NOT,
	WAIT_COMPARE,
	WAIT_BOUNDS,   /* BETWEEN behind its AND */
	WAIT_SUM,
};

struct wait {
	enum wait_type type;
	const struct token *token;
	size_t base;   /* operands below its own */
};

struct reader {
	struct parser *p;
	struct expression_node **operands;
	struct wait *waits;
	size_t n_operands, n_waits;
	bool failed;
};

static unsigned precedence(enum wait_type type)
{
	switch (type) {
	case WAIT_OR:
		return 1;
	case WAIT_AND:
		return 2;
	case WAIT_NOT:
		return 3;
	case WAIT_COMPARE:
	case WAIT_BOUNDS:
		return 4;
	case WAIT_SUM:
		return 5;
	default:
		return 0;
	}
}

static void push_wait(struct reader *r, enum wait_type type, const struct token *t)
{
	r->waits[r->n_waits++] = (struct wait){ type, t, r->n_operands };
}

static void push_operand(struct reader *r, struct expression_node *n)
{
	r->failed |= !n;
	if (n)
		r->operands[r->n_operands++] = n;
}

static const struct wait *top(const struct reader *r)
{
	return r->n_waits ? &r->waits[r->n_waits - 1] : NULL;
}

/* ---- Kinds ---- */

static bool want_operand(struct parser *p, const struct expression_node *n, const char *what)
{
	struct str shown = expression_node_text(p->e, n);

	if (n->kind == EXPRESSION_BROKEN)
		return false;
	if (!expression_is_condition(n))
		return true;
	expression_note(p, EXPRESSION_E_OPERAND, n->offset, n->length,
			"'%.*s' is a condition, and %s needs an operand there: a path, a :value or size(path)",
			STR_ARG(shown), what);
	return false;
}

static bool want_condition(struct parser *p, const struct expression_node *n, const char *what)
{
	struct str shown = expression_node_text(p->e, n);

	if (n->kind == EXPRESSION_BROKEN)
		return false;
	if (expression_is_condition(n))
		return true;
	expression_note(p, EXPRESSION_E_OPERAND, n->offset, n->length,
			"'%.*s' is no condition, and %s needs one there: compare it with something, like %.*s = :value",
			STR_ARG(shown), what, STR_ARG(shown));
	return false;
}

static bool want_term(struct parser *p, const struct expression_node *n)
{
	if (n->kind == EXPRESSION_SUM) {
		expression_note(p, EXPRESSION_E_ARITHMETIC, n->offset, n->length,
				"SET knows one + or - for each attribute: add the constants up before, in one :value");
		return false;
	}
	if (n->kind == EXPRESSION_CALL && n->function == EXPRESSION_LIST_APPEND) {
		expression_note(p, EXPRESSION_E_FUNCTION_PLACE, n->offset, n->length,
				"list_append makes a list, and + and - are for numbers");
		return false;
	}
	return want_operand(p, n, "an arithmetic operator");
}

static bool children_fit(struct parser *p, const struct expression_node *n)
{
	static const char *const what[] = {
		[EXPRESSION_COMPARE] = "a comparison", [EXPRESSION_BETWEEN] = "BETWEEN", [EXPRESSION_IN] = "IN",
		[EXPRESSION_AND] = "AND",              [EXPRESSION_OR] = "OR",           [EXPRESSION_NOT] = "NOT",
	};
	bool logical = n->kind == EXPRESSION_AND || n->kind == EXPRESSION_OR || n->kind == EXPRESSION_NOT;
	bool ok = true;

	for (const struct expression_node *c = n->child; c; c = c->sibling) {
		if (n->kind == EXPRESSION_SUM)
			ok &= want_term(p, c);
		else if (logical)
			ok &= want_condition(p, c, what[n->kind]);
		else
			ok &= want_operand(p, c, what[n->kind]);
	}
	return ok;
}

/* ---- Building ---- */

/* The operands from `base` on become the children of a new node. */
static struct expression_node *build(struct reader *r, enum expression_node_kind kind, size_t base, size_t offset)
{
	struct expression_node *n = expression_node_new(r->p, kind, offset), **place;

	if (!n) {
		r->failed = true;
		return NULL;
	}
	place = &n->child;
	for (size_t i = base; i < r->n_operands; i++) {
		struct expression_node *child = r->operands[i];
		size_t end = child->offset + child->length;

		*place = child;
		place = &child->sibling;
		n->n_children++;
		if (child->offset < n->offset)
			n->offset = child->offset;
		n->length = end - n->offset;
	}
	r->n_operands = base;
	push_operand(r, n);
	return n;
}

static void finish(struct reader *r, struct wait w)
{
	static const enum expression_node_kind kinds[] = {
		[WAIT_OR] = EXPRESSION_OR,           [WAIT_AND] = EXPRESSION_AND,        [WAIT_NOT] = EXPRESSION_NOT,
		[WAIT_COMPARE] = EXPRESSION_COMPARE, [WAIT_BOUNDS] = EXPRESSION_BETWEEN, [WAIT_SUM] = EXPRESSION_SUM,
	};
	size_t base = w.type == WAIT_NOT ? w.base : w.base - 1;
	struct expression_node *n = build(r, kinds[w.type], base, w.token->offset);

	if (!n)
		return;
	n->op = w.type == WAIT_SUM ? (w.token->type == TOKEN_PLUS ? EXPRESSION_PLUS : EXPRESSION_MINUS) : w.token->op;
	if (!children_fit(r->p, n))
		n->kind = EXPRESSION_BROKEN;
}

/* What binds as strongly or more has its right side now. */
static void reduce(struct reader *r, unsigned least)
{
	while (!r->failed && r->n_waits && precedence(top(r)->type) >= least)
		finish(r, r->waits[--r->n_waits]);
}

/* BETWEEN's AND is missing where something else than AND goes on. */
static bool between_is_whole(struct reader *r)
{
	if (!top(r) || top(r)->type != WAIT_BETWEEN)
		return true;
	expression_syntax(r->p, "the AND of BETWEEN (BETWEEN low AND high)");
	r->failed = true;
	return false;
}

/* ---- Where an operand is expected ---- */

static void read_number(struct reader *r)
{
	const struct token *t = parser_token(r->p);
	struct str shown = expression_found(r->p);
	struct expression_node *n = expression_node_new(r->p, EXPRESSION_BROKEN, t->offset);

	if (!t->noted)
		expression_note(r->p, EXPRESSION_E_LITERAL, t->offset, t->length,
				"%.*s is a number, and expressions hold no values: write :value and define it in "
				"ExpressionAttributeValues, like {\"N\": \"%.*s\"}",
				STR_ARG(shown), STR_ARG(shown));
	if (n)
		n->length = t->length;
	r->p->at++;
	push_operand(r, n);
}

static void read_value(struct reader *r)
{
	const struct token *t = parser_token(r->p);
	struct expression_node *n = expression_node_new(r->p, EXPRESSION_VALUE, t->offset);

	if (n) {
		n->length = t->length;
		n->placeholder = str_sub(r->p->e->text, t->offset, t->length);
	}
	r->p->at++;
	push_operand(r, n);
}

/* False where no operand begins. *more: another operand is expected behind it. */
static void read_operand(struct reader *r, bool *more)
{
	struct parser *p = r->p;
	const struct token *t = parser_token(p);

	*more = false;
	if (t->type == TOKEN_NAME && t[1].type == TOKEN_OPEN) {
		push_wait(r, WAIT_CALL, t);
		p->at += 2;
		*more = parser_token(p)->type != TOKEN_CLOSE;
	} else if (t->type == TOKEN_NAME || t->type == TOKEN_NAME_REF || expression_at_keyword_name(p)) {
		push_operand(r, expression_read_path(p, EXPRESSION_READ));
	} else if (t->type == TOKEN_VALUE_REF) {
		read_value(r);
	} else if (t->type == TOKEN_NUMBER || t->type == TOKEN_LITERAL) {
		read_number(r);
	} else if (t->type == TOKEN_OPEN || (t->type == TOKEN_NOT && p->e->kind != EXPRESSION_UPDATE)) {
		push_wait(r, t->type == TOKEN_OPEN ? WAIT_OPEN : WAIT_NOT, t);
		p->at++;
		*more = true;
	} else {
		expression_syntax(p, p->e->kind == EXPRESSION_UPDATE ? "an operand (a path, :value, if_not_exists or "
								       "list_append)"
								     : "an operand (a path, :value, a function or "
								       "'(')");
		r->failed = true;
	}
}

/* ---- Behind an operand ---- */

static void close_parentheses(struct reader *r, const struct token *open)
{
	struct expression_node *n = r->operands[r->n_operands - 1];
	const struct token *close = parser_token(r->p);

	if (n->parenthesized)
		expression_note(r->p, EXPRESSION_E_PARENTHESES, open->offset, close->offset + 1 - open->offset,
				"the parentheses stand twice around the same; one pair is allowed: leave one out");
	n->parenthesized = true;
	n->offset = open->offset;
	n->length = close->offset + 1 - open->offset;
}

static void close_call(struct reader *r, const struct wait *w)
{
	struct expression_node *n = build(r, EXPRESSION_CALL, w->base, w->token->offset);

	if (!n)
		return;
	n->length = parser_token(r->p)->offset + 1 - n->offset;
	expression_check_call(r->p, n, w->token);
}

static void close_list(struct reader *r, const struct wait *w)
{
	struct expression_node *n = build(r, EXPRESSION_IN, w->base - 1, w->token->offset);

	if (!n)
		return;
	n->length = parser_token(r->p)->offset + 1 - n->offset;
	if (n->n_children - 1 > EXPRESSION_MAX_IN)
		expression_note(r->p, EXPRESSION_E_IN_OPERANDS, n->offset, n->length,
				"IN has %zu operands; %d are allowed: join several IN by OR, or ask in several "
				"requests",
				n->n_children - 1, EXPRESSION_MAX_IN);
	if (!children_fit(r->p, n))
		n->kind = EXPRESSION_BROKEN;
}

/* False where the parenthesis belongs to nothing that was opened here. */
static bool read_close(struct reader *r)
{
	struct wait w;

	reduce(r, 1);
	if (r->failed || !between_is_whole(r) || !r->n_waits)
		return false;
	w = r->waits[--r->n_waits];
	if (w.type == WAIT_OPEN)
		close_parentheses(r, w.token);
	else if (w.type == WAIT_CALL)
		close_call(r, &w);
	else
		close_list(r, &w);
	r->p->at++;
	return !r->failed;
}

static bool read_comma(struct reader *r)
{
	reduce(r, 1);
	if (r->failed || !between_is_whole(r) || !r->n_waits)
		return false;
	if (top(r)->type == WAIT_OPEN) {
		expression_syntax(r->p, "')'");
		r->failed = true;
		return false;
	}
	r->p->at++;
	return true;
}

static void read_in(struct reader *r)
{
	reduce(r, precedence(WAIT_COMPARE));
	r->p->at++;
	if (parser_token(r->p)->type != TOKEN_OPEN) {
		expression_syntax(r->p, "'(' and the list of IN, like IN (:a, :b)");
		r->failed = true;
		return;
	}
	push_wait(r, WAIT_LIST, parser_token(r->p));
	r->p->at++;
}

static void read_and(struct reader *r)
{
	reduce(r, precedence(WAIT_COMPARE));
	if (!r->failed && top(r) && top(r)->type == WAIT_BETWEEN) {
		r->waits[r->n_waits - 1].type = WAIT_BOUNDS;
	} else {
		reduce(r, precedence(WAIT_AND));
		push_wait(r, WAIT_AND, parser_token(r->p));
	}
	r->p->at++;
}

static void read_or(struct reader *r)
{
	reduce(r, precedence(WAIT_OR));
	if (!between_is_whole(r))
		return;
	push_wait(r, WAIT_OR, parser_token(r->p));
	r->p->at++;
}

static void read_infix(struct reader *r, enum wait_type type)
{
	reduce(r, precedence(type == WAIT_BETWEEN ? WAIT_COMPARE : type));
	push_wait(r, type, parser_token(r->p));
	r->p->at++;
}

/* Sums where none are, and NOT where people write NOT IN. */
static bool misplaced(struct reader *r, const struct token *t)
{
	if (t->type == TOKEN_PLUS || t->type == TOKEN_MINUS)
		expression_note(r->p, EXPRESSION_E_ARITHMETIC, t->offset, t->length,
				"conditions do not calculate: + and - are for SET in an UpdateExpression; calculate "
				"before, "
				"into the :value");
	else if (t->type == TOKEN_NOT)
		expression_note(r->p, EXPRESSION_E_SYNTAX, t->offset, t->length,
				"found NOT behind an operand; NOT stands before a whole condition: NOT a IN (…), "
				"NOT a BETWEEN … AND …, or a <> :value");
	else
		return false;
	r->failed = true;
	return true;
}

/* False when what follows belongs to no operand or condition. */
static bool read_operator(struct reader *r, bool *more)
{
	const struct token *t = parser_token(r->p);
	bool update = r->p->e->kind == EXPRESSION_UPDATE;

	*more = true;
	if (t->type == TOKEN_CLOSE) {
		*more = false;
		return read_close(r);
	}
	if (t->type == TOKEN_COMMA)
		return read_comma(r);
	if (update && (t->type == TOKEN_PLUS || t->type == TOKEN_MINUS))
		read_infix(r, WAIT_SUM);
	else if (update || misplaced(r, t))
		return false;
	else if (t->type == TOKEN_COMPARE || t->type == TOKEN_BETWEEN)
		read_infix(r, t->type == TOKEN_COMPARE ? WAIT_COMPARE : WAIT_BETWEEN);
	else if (t->type == TOKEN_AND)
		read_and(r);
	else if (t->type == TOKEN_OR)
		read_or(r);
	else if (t->type == TOKEN_IN)
		read_in(r);
	else
		return false;
	return !r->failed;
}

static void unclosed(struct reader *r)
{
	reduce(r, 1);
	if (r->failed || !between_is_whole(r) || !r->n_waits)
		return;
	expression_syntax(r->p, top(r)->type == WAIT_OPEN ? "')', which closes a '(' before," : "',' or ')'");
	r->failed = true;
}

/* Each token puts one entry on one of them, at most. */
static bool make_stacks(struct parser *p)
{
	if (!p->operands)
		p->operands = arena_array(&p->scratch, p->n_tokens, sizeof(*p->operands));
	if (!p->waits)
		p->waits = arena_array(&p->scratch, p->n_tokens, sizeof(*p->waits));
	p->no_memory |= !p->operands || !p->waits;
	return !p->no_memory;
}

struct expression_node *expression_read(struct parser *p)
{
	struct reader r = { .p = p };
	bool operand = true;

	if (!make_stacks(p))
		return NULL;
	r.operands = p->operands;
	r.waits = p->waits;
	while (!r.failed) {
		if (operand)
			read_operand(&r, &operand);
		else if (!read_operator(&r, &operand))
			break;
	}
	if (!r.failed)
		unclosed(&r);
	return r.failed ? NULL : r.operands[0];
}
