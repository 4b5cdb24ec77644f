#include "expression_impl.h"

static bool at_clause(const struct parser *p)
{
	enum token_type type = parser_token(p)->type;

	return type >= TOKEN_SET && type <= TOKEN_DELETE;
}

/* Behind a mistake in the action that began at `from`: on to the next action or
 * clause, outside of parentheses. */
static void skip_action(struct parser *p, size_t from)
{
	size_t stopped = p->at, depth = 0;

	for (p->at = from; parser_token(p)->type != TOKEN_END; p->at++) {
		enum token_type type = parser_token(p)->type;

		if (type == TOKEN_OPEN)
			depth++;
		else if (type == TOKEN_CLOSE && depth)
			depth--;
		else if (depth == 0 && p->at >= stopped && (type == TOKEN_COMMA || at_clause(p)))
			break;
	}
}

/* ---- Actions ---- */

static bool finish_action(struct parser *p, enum expression_node_kind kind, struct expression_node *path,
			  struct expression_node *value)
{
	struct expression_node *n = expression_node_new(p, kind, path->offset);

	if (!n)
		return false;
	expression_node_add(n, path);
	if (value)
		expression_node_add(n, value);
	return true;
}

static bool read_set(struct parser *p)
{
	struct expression_node *path = expression_read_path(p, EXPRESSION_WRITTEN), *value;
	const struct token *t = parser_token(p);

	if (!path)
		return false;
	if (t->type != TOKEN_COMPARE || t->op != EXPRESSION_EQ) {
		expression_syntax(p, "'=' (SET path = value)");
		return false;
	}
	p->at++;
	value = expression_read(p);
	if (!value)
		return false;
	if (expression_is_condition(value)) {
		expression_note(p, EXPRESSION_E_OPERAND, value->offset, value->length,
				"SET sets to a value, and this is a condition; put it into ConditionExpression");
		return false;
	}
	return finish_action(p, EXPRESSION_SET, path, value);
}

static bool read_remove(struct parser *p)
{
	struct expression_node *path = expression_read_path(p, EXPRESSION_REMOVED);

	return path && finish_action(p, EXPRESSION_REMOVE, path, NULL);
}

/* ADD and DELETE: a path and a :value, nothing else. */
static bool read_pair(struct parser *p, enum expression_node_kind kind)
{
	struct expression_node *path = expression_read_path(p, EXPRESSION_WRITTEN), *value;
	const struct token *t = parser_token(p);

	if (!path)
		return false;
	if (t->type != TOKEN_VALUE_REF) {
		expression_syntax(p, kind == EXPRESSION_ADD ? "a :value (ADD path :value, without =)"
							    : "a :value (DELETE path :set, without =; an attribute "
							      "goes by REMOVE path)");
		return false;
	}
	value = expression_node_new(p, EXPRESSION_VALUE, t->offset);
	if (!value)
		return false;
	value->length = t->length;
	value->placeholder = str_sub(p->e->text, t->offset, t->length);
	p->at++;
	return finish_action(p, kind, path, value);
}

static bool read_action(struct parser *p, enum token_type clause)
{
	switch (clause) {
	case TOKEN_SET:
		return read_set(p);
	case TOKEN_REMOVE:
		return read_remove(p);
	case TOKEN_ADD:
		return read_pair(p, EXPRESSION_ADD);
	default:
		return read_pair(p, EXPRESSION_DELETE);
	}
}

/* ---- Clauses ---- */

static void read_clause(struct parser *p, unsigned *seen)
{
	const struct token *t = parser_token(p);
	struct str word = expression_found(p);
	unsigned bit = 1u << (t->type - TOKEN_SET);

	if (*seen & bit)
		expression_note(p, EXPRESSION_E_CLAUSE, t->offset, t->length,
				"the clause %.*s stands here a second time; each may stand once: join the actions "
				"with commas",
				STR_ARG(word));
	*seen |= bit;
	do {
		size_t from = ++p->at;

		if (!read_action(p, t->type)) {
			skip_action(p, from);
		} else if (parser_token(p)->type != TOKEN_COMMA && parser_token(p)->type != TOKEN_END &&
			   !at_clause(p)) {
			expression_syntax(p, "',' and another action, a clause (SET, REMOVE, ADD, DELETE) or the end");
			skip_action(p, from);
		}
	} while (parser_token(p)->type == TOKEN_COMMA && !p->no_memory);
}

void expression_read_update(struct parser *p)
{
	unsigned seen = 0;

	if (!at_clause(p))
		expression_syntax(p, "a clause: SET path = value, REMOVE path, ADD path :value or DELETE path :set");
	while (!at_clause(p) && parser_token(p)->type != TOKEN_END)
		p->at++;
	while (at_clause(p) && !p->no_memory)
		read_clause(p, &seen);
}

void expression_read_projection(struct parser *p)
{
	for (;;) {
		if (expression_read_path(p, EXPRESSION_PROJECTED) && parser_token(p)->type != TOKEN_COMMA &&
		    parser_token(p)->type != TOKEN_END)
			expression_syntax(p, "',' and another path, or the end; a projection is a list of paths only");
		while (parser_token(p)->type != TOKEN_COMMA && parser_token(p)->type != TOKEN_END)
			p->at++;
		if (parser_token(p)->type == TOKEN_END || p->no_memory)
			return;
		p->at++;
	}
}
