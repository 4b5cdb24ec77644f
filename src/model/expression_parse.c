#include "expression_impl.h"

#include "sluice/model/reserved_words.h"

#include <stdio.h>

/* Tokens, stacks and nodes of the longest text fit several times. */
enum { SCRATCH_BYTES = 4 << 20 };

/* ---- Nodes ---- */

struct expression_node *expression_node_new(struct parser *p, enum expression_node_kind kind, size_t offset)
{
	struct expression_node *n = ARENA_NEW(p->arena, struct expression_node);

	p->no_memory |= !n;
	if (!n)
		return NULL;
	n->kind = kind;
	n->offset = offset;
	if (p->last)
		p->last->next = n;
	else
		p->e->nodes = n;
	p->last = n;
	return n;
}

static size_t node_end(const struct expression_node *n)
{
	return n->offset + n->length;
}

/* The parent's place grows to hold the child's. */
void expression_node_add(struct expression_node *parent, struct expression_node *child)
{
	struct expression_node **place = &parent->child;
	size_t end = node_end(parent) > node_end(child) ? node_end(parent) : node_end(child);

	while (*place)
		place = &(*place)->sibling;
	*place = child;
	parent->n_children++;
	if (child->offset < parent->offset)
		parent->offset = child->offset;
	parent->length = end - parent->offset;
}

bool expression_is_condition(const struct expression_node *n)
{
	if (n->kind == EXPRESSION_CALL)
		return n->function < EXPRESSION_SIZE;
	return n->kind >= EXPRESSION_COMPARE && n->kind <= EXPRESSION_NOT;
}

/* ---- Messages ---- */

struct str expression_found(const struct parser *p)
{
	const struct token *t = parser_token(p);

	if (t->type == TOKEN_END)
		return STR("the end");
	return expression_shown(str_sub(p->e->text, t->offset, t->length));
}

void expression_syntax(struct parser *p, const char *expected)
{
	const struct token *t = parser_token(p);
	struct str found = expression_found(p);

	p->failed = true;
	if (t->noted)
		return;
	if (t->type == TOKEN_END)
		expression_note(p, EXPRESSION_E_SYNTAX, t->offset, 0, "the expression ends where %s is expected",
				expected);
	else
		expression_note(p, EXPRESSION_E_SYNTAX, t->offset, t->length, "found '%.*s' where %s is expected",
				STR_ARG(found), expected);
}

/* ---- Paths ---- */

static bool read_index(struct parser *p, struct expression_step *step)
{
	const struct token *t = &p->tokens[++p->at];
	struct str digits = str_sub(p->e->text, t->offset, t->length);
	uint64_t index;

	if (t->type != TOKEN_NUMBER) {
		expression_syntax(p, "the number of a list element, like [0]");
		return false;
	}
	if (!str_to_u64(digits, &index) || index > EXPRESSION_MAX_INDEX || (digits.len > 1 && digits.ptr[0] == '0')) {
		digits = expression_shown(digits);
		expression_note(p, EXPRESSION_E_INDEX, t->offset, t->length,
				"[%.*s] is no list element: 0 to %d are, without leading zeros", STR_ARG(digits),
				EXPRESSION_MAX_INDEX);
	}
	p->at++;
	if (parser_token(p)->type != TOKEN_CLOSE_INDEX) {
		expression_syntax(p, "]");
		return false;
	}
	p->at++;
	*step = (struct expression_step){ .index = (size_t)index };
	return true;
}

bool expression_at_keyword_name(const struct parser *p)
{
	const struct token *t = parser_token(p);

	if (t->type < TOKEN_AND || t->type > TOKEN_DELETE)
		return false;
	return p->e->kind == EXPRESSION_PROJECTION || t[1].type == TOKEN_COMPARE || t[1].type == TOKEN_DOT ||
	       t[1].type == TOKEN_OPEN_INDEX;
}

static bool read_name(struct parser *p, struct expression_step *step)
{
	const struct token *t = parser_token(p);
	struct str name = str_sub(p->e->text, t->offset, t->length);

	if (t->type != TOKEN_NAME && t->type != TOKEN_NAME_REF && !expression_at_keyword_name(p)) {
		expression_syntax(p, "an attribute's name");
		return false;
	}
	if (t->type != TOKEN_NAME_REF && reserved_word(name))
		expression_note(p, EXPRESSION_E_RESERVED, t->offset, t->length,
				"'%.*s' is a reserved word and cannot stand as a name: write #%.*s and define "
				"\"#%.*s\": \"%.*s\" in ExpressionAttributeNames",
				STR_ARG(name), STR_ARG(name), STR_ARG(name), STR_ARG(name));
	step->name = name;
	p->at++;
	return true;
}

/* How many steps the path has that begins here, at most. A name may also be a keyword
 * in the wrong place. */
static size_t count_steps(const struct parser *p)
{
	size_t n = 1;

	for (size_t i = p->at + 1; i < p->n_tokens; i++) {
		enum token_type type = p->tokens[i].type;

		if (type == TOKEN_DOT || type == TOKEN_OPEN_INDEX)
			n++;
		else if (type != TOKEN_NUMBER && type != TOKEN_CLOSE_INDEX && p->tokens[i - 1].type != TOKEN_DOT)
			break;
	}
	return n;
}

struct expression_node *expression_read_path(struct parser *p, enum expression_use use)
{
	struct expression_node *n = expression_node_new(p, EXPRESSION_PATH, parser_token(p)->offset);
	struct expression_step *steps = arena_array(p->arena, count_steps(p), sizeof(*steps));
	bool ok;

	p->no_memory |= !steps;
	if (p->no_memory)
		return NULL;
	n->use = use;
	n->steps = steps;
	ok = read_name(p, &steps[n->n_steps++]);
	while (ok && (parser_token(p)->type == TOKEN_DOT || parser_token(p)->type == TOKEN_OPEN_INDEX)) {
		if (parser_token(p)->type == TOKEN_OPEN_INDEX) {
			ok = read_index(p, &steps[n->n_steps++]);
		} else {
			p->at++;
			ok = read_name(p, &steps[n->n_steps++]);
		}
	}
	if (!ok) {
		n->kind = EXPRESSION_BROKEN;
		return NULL;
	}
	n->length = p->tokens[p->at - 1].offset + p->tokens[p->at - 1].length - n->offset;
	if (n->n_steps > EXPRESSION_MAX_PATH_LEVELS)
		expression_note(p, EXPRESSION_E_PATH_LEVELS, n->offset, n->length,
				"the path has %zu levels; items nest %d deep, so nothing can be there", n->n_steps,
				EXPRESSION_MAX_PATH_LEVELS);
	return n;
}

/* ---- The whole ---- */

static bool text_is_whole(struct parser *p)
{
	struct str text = p->e->text;

	if (text.len > EXPRESSION_MAX_BYTES)
		expression_note(p, EXPRESSION_E_TOO_LONG, EXPRESSION_MAX_BYTES, text.len - EXPRESSION_MAX_BYTES,
				"the expression has %zu bytes; %d are allowed: shorten names by #n, or do it in two "
				"requests",
				text.len, EXPRESSION_MAX_BYTES);
	else if (!str_utf8_valid(text))
		expression_note(p, EXPRESSION_E_ENCODING, 0, text.len, "the expression is no well-formed UTF-8");
	else if (str_trim(text).len == 0)
		expression_note(p, EXPRESSION_E_EMPTY, 0, text.len,
				"the expression is empty: leave %s out of the request, or write one",
				expression_kind_name(p->e->kind));
	else
		return true;
	return false;
}

static void read_condition(struct parser *p)
{
	struct expression_node *root = expression_read(p);

	if (!root)
		return;
	if (parser_token(p)->type != TOKEN_END) {
		expression_syntax(p, expression_is_condition(root) ? "AND, OR or the end"
								   : "a comparison (= <> < <= > >= BETWEEN IN)");
		return;
	}
	if (!expression_is_condition(root) && root->kind != EXPRESSION_BROKEN) {
		struct str shown = expression_node_text(p->e, root);

		expression_note(p, EXPRESSION_E_OPERAND, root->offset, root->length,
				"'%.*s' alone is no condition: compare it with something, like %.*s = :value",
				STR_ARG(shown), STR_ARG(shown));
		return;
	}
	p->e->root = root;
}

static void count_operators(struct parser *p)
{
	size_t n = 0;

	for (const struct expression_node *node = p->e->nodes; node; node = node->next)
		n += (node->kind >= EXPRESSION_CALL && node->kind <= EXPRESSION_SUM) ||
		     (node->kind == EXPRESSION_BROKEN && node->n_children);
	if (n > EXPRESSION_MAX_OPERATORS)
		expression_note(p, EXPRESSION_E_OPERATORS, 0, p->e->text.len,
				"the expression has %zu operators and functions; %d are allowed: split it", n,
				EXPRESSION_MAX_OPERATORS);
}

static void parse(struct parser *p)
{
	if (!text_is_whole(p) || !expression_lex(p))
		return;
	if (p->e->kind == EXPRESSION_UPDATE)
		expression_read_update(p);
	else if (p->e->kind == EXPRESSION_PROJECTION)
		expression_read_projection(p);
	else
		read_condition(p);
	count_operators(p);
}

const struct expression *expression_parse(enum expression_kind kind, struct str text,
					  struct expression_findings *findings, struct err *err)
{
	struct arena *arena = findings->arena;
	struct parser p = { .findings = findings, .arena = arena, .e = ARENA_NEW(arena, struct expression) };

	p.no_memory = !p.e;
	if (p.e) {
		*p.e = (struct expression){ .kind = kind, .text = arena_dup(arena, text) };
		p.no_memory = !p.e->text.ptr;
	}
	arena_init(&p.scratch, SCRATCH_BYTES);
	if (!p.no_memory)
		parse(&p);
	arena_release(&p.scratch);
	if (p.no_memory || findings->full) {
		err_set(err, ERR_FATAL, "expression.memory", "the expressions need more than %zu bytes", arena->max);
		return NULL;
	}
	p.e->valid = !p.failed;
	if (p.failed)
		p.e->root = NULL;
	return p.e;
}
