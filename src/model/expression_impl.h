/* What the files of expression share: tokens, the parser's state, notes. */
#ifndef SLUICE_MODEL_EXPRESSION_IMPL_H
#define SLUICE_MODEL_EXPRESSION_IMPL_H

#include "sluice/model/expression.h"

enum token_type {
	TOKEN_END,
	TOKEN_NAME,        /* plain name, also one that would need a placeholder (noted) */
	TOKEN_NAME_REF,    /* #name */
	TOKEN_VALUE_REF,   /* :value */
	TOKEN_NUMBER,
	TOKEN_LITERAL,     /* 'text' or "text" (noted) */
	TOKEN_DOT,
	TOKEN_COMMA,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_OPEN_INDEX,
	TOKEN_CLOSE_INDEX,
	TOKEN_COMPARE,
	TOKEN_PLUS,
	TOKEN_MINUS,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_IN,
	TOKEN_BETWEEN,
	TOKEN_SET,
	TOKEN_REMOVE,
	TOKEN_ADD,
	TOKEN_DELETE,
	TOKEN_BAD,         /* a character that means nothing here */
};

struct token {
	enum token_type type;
	enum expression_operator op;  /* COMPARE */
	size_t offset, length;
	bool noted;                   /* a finding was noted at it */
};

struct wait;

struct parser {
	struct expression *e;
	struct expression_findings *findings;
	struct arena *arena;   /* of the tree */
	struct arena scratch;  /* of what is gone after the parse */
	struct token *tokens;  /* ends with END */
	size_t n_tokens, at;
	struct expression_node *last;
	struct expression_node **operands;  /* expression_read()'s stacks, made once */
	struct wait *waits;
	bool failed;           /* a finding was noted */
	bool no_memory;
};

/* Cuts the text into tokens and gathers the mentions. False at the arena's cap. */
bool expression_lex(struct parser *p);

/* Reads an operand or a condition, until what cannot belong to it. NULL when it is
 * malformed (noted) or at the arena's cap. */
struct expression_node *expression_read(struct parser *p);

/* True for what is true or false, false for operands. */
bool expression_is_condition(const struct expression_node *n);

/* A call of its name with these children; notes what is wrong with it. */
void expression_check_call(struct parser *p, struct expression_node *call, const struct token *name);
struct expression_node *expression_read_path(struct parser *p, enum expression_use use);

/* A keyword stands where a name could, and goes on like one: "SET set = :v". */
bool expression_at_keyword_name(const struct parser *p);

void expression_read_update(struct parser *p);
void expression_read_projection(struct parser *p);

/* A new node, last in the list of all; NULL at the arena's cap. */
struct expression_node *expression_node_new(struct parser *p, enum expression_node_kind kind, size_t offset);
void expression_node_add(struct expression_node *parent, struct expression_node *child);

static inline const struct token *parser_token(const struct parser *p)
{
	return &p->tokens[p->at];
}

/* "found ':v'", for a message: "the end" or the token's text. */
struct str expression_found(const struct parser *p);
void expression_syntax(struct parser *p, const char *expected);

/* Notes at a place of the expression that is parsed. */
void expression_note(struct parser *p, enum expression_code code, size_t offset, size_t length, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Notes at a place of any expression, or at none (NULL). */
void expression_find(struct expression_findings *f, const struct expression *in, enum expression_code code,
		     size_t offset, size_t length, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* "begins_with", ... */
struct str expression_function_name(enum expression_function f);

/* Text for messages: at most 60 bytes of it, at a letter's end. */
struct str expression_shown(struct str text);
struct str expression_node_text(const struct expression *e, const struct expression_node *n);

/* The end of a function that notes: err FATAL when the arena was full. */
bool expression_done(const struct expression_findings *f, struct err *err);

#endif
