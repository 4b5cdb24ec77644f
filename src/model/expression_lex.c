#include "expression_impl.h"

#include "sluice/model/reserved_words.h"

static const struct keyword {
	struct str word;
	enum token_type type;
} keywords[] = {
	{ STR_INIT("AND"), TOKEN_AND },		{ STR_INIT("OR"), TOKEN_OR },
	{ STR_INIT("NOT"), TOKEN_NOT },		{ STR_INIT("IN"), TOKEN_IN },
	{ STR_INIT("BETWEEN"), TOKEN_BETWEEN }, { STR_INIT("SET"), TOKEN_SET },
	{ STR_INIT("REMOVE"), TOKEN_REMOVE },	{ STR_INIT("ADD"), TOKEN_ADD },
	{ STR_INIT("DELETE"), TOKEN_DELETE },
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_letter(c) || is_digit(c) || c == '_';
}

/* Characters that people put into names, and that no expression knows. In an update
 * '-' is an operator. */
static bool is_stray(const struct parser *p, char c)
{
	return (unsigned char)c >= 0x80 || c == '$' || c == '@' || (c == '-' && p->e->kind != EXPRESSION_UPDATE);
}

static char at(const struct parser *p, size_t offset)
{
	return offset < p->e->text.len ? p->e->text.ptr[offset] : '\0';
}

/* The word's end, stray characters inside included. */
static size_t word_end(const struct parser *p, size_t from, bool *stray)
{
	size_t i = from;

	for (*stray = false; i < p->e->text.len && (is_word(at(p, i)) || is_stray(p, at(p, i))); i++)
		*stray |= !is_word(at(p, i));
	return i;
}

static enum token_type keyword_type(struct str word)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++)
		if (str_eq_nocase(word, keywords[i].word))
			return keywords[i].type;
	return TOKEN_NAME;
}

static void lex_word(struct parser *p, struct token *t)
{
	bool stray, digits = true;
	size_t end = word_end(p, t->offset, &stray);
	struct str word = str_sub(p->e->text, t->offset, end - t->offset), shown = expression_shown(word);

	t->length = word.len;
	for (size_t i = 0; i < word.len; i++)
		digits &= is_digit(word.ptr[i]);
	t->type = digits ? TOKEN_NUMBER : keyword_type(word);
	if (t->type != TOKEN_NAME || (!stray && is_letter(word.ptr[0])))
		return;
	t->noted = true;
	expression_note(p, EXPRESSION_E_NAME, t->offset, word.len,
			"the name '%.*s' cannot stand in an expression as it is: a plain name begins with a letter "
			"and has "
			"letters, digits and _ only; write #name and define it in ExpressionAttributeNames",
			STR_ARG(shown));
}

static void lex_placeholder(struct parser *p, struct token *t)
{
	bool stray, is_name = at(p, t->offset) == '#';
	size_t end = word_end(p, t->offset + 1, &stray);
	struct str word = str_sub(p->e->text, t->offset, end - t->offset), shown = expression_shown(word);

	t->type = is_name ? TOKEN_NAME_REF : TOKEN_VALUE_REF;
	t->length = word.len;
	t->noted = stray || word.len == 1 || word.len > EXPRESSION_MAX_PLACEHOLDER_BYTES;
	if (stray || word.len == 1)
		expression_note(p, EXPRESSION_E_PLACEHOLDER, t->offset, word.len,
				"'%.*s' is no placeholder: behind %c only letters, digits and _ may stand, one at "
				"least",
				STR_ARG(shown), is_name ? '#' : ':');
	else if (word.len > EXPRESSION_MAX_PLACEHOLDER_BYTES)
		expression_note(p, EXPRESSION_E_PLACEHOLDER, t->offset, word.len,
				"the placeholder '%.*s...' has %zu bytes; %d are allowed: choose a shorter one",
				STR_ARG(shown), word.len, EXPRESSION_MAX_PLACEHOLDER_BYTES);
}

static void lex_literal(struct parser *p, struct token *t)
{
	size_t end = t->offset + 1;
	struct str shown;

	while (end < p->e->text.len && at(p, end) != at(p, t->offset))
		end++;
	if (end < p->e->text.len)
		end++;
	t->type = TOKEN_LITERAL;
	t->length = end - t->offset;
	t->noted = true;
	shown = expression_shown(str_sub(p->e->text, t->offset, t->length));
	expression_note(p, EXPRESSION_E_LITERAL, t->offset, t->length,
			"%.*s is a text in quotes, and expressions hold no values: write :value and define it in "
			"ExpressionAttributeValues",
			STR_ARG(shown));
}

static void lex_compare(const struct parser *p, struct token *t)
{
	char first = at(p, t->offset), second = at(p, t->offset + 1);

	t->type = TOKEN_COMPARE;
	t->op = first == '=' ? EXPRESSION_EQ : first == '<' ? EXPRESSION_LT : EXPRESSION_GT;
	if (first == '<' && second == '>')
		t->op = EXPRESSION_NE;
	else if (first == '<' && second == '=')
		t->op = EXPRESSION_LE;
	else if (first == '>' && second == '=')
		t->op = EXPRESSION_GE;
	t->length = t->op == EXPRESSION_NE || t->op == EXPRESSION_LE || t->op == EXPRESSION_GE ? 2 : 1;
}

static void lex_bad(struct parser *p, struct token *t)
{
	static const struct { struct str found; const char *instead; } known[] = {
		{ STR_INIT("!="), "; write <> for 'not equal'" }, { STR_INIT("&&"), "; write AND" },
		{ STR_INIT("||"), "; write OR" },                 { STR_INIT("!"), "; write NOT" },
		{ STR_INIT("*"), "; there is no such operator and no 'all attributes': name what is meant" },
		{ STR_INIT(";"), "; an expression is one only, leave it out" },
	};
	const char *instead = "; leave it out";

	t->type = TOKEN_BAD;
	t->length = 1;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_starts(str_from(p->e->text, t->offset), known[i].found)) {
			t->length = known[i].found.len;
			instead = known[i].instead;
			break;
		}
	t->noted = true;
	expression_note(p, EXPRESSION_E_SYNTAX, t->offset, t->length, "'%.*s' means nothing in an expression%s",
			(int)t->length, p->e->text.ptr + t->offset, instead);
}

static bool lex_mark(const struct parser *p, struct token *t)
{
	static const struct { char c; enum token_type type; } marks[] = {
		{ '.', TOKEN_DOT },        { ',', TOKEN_COMMA },       { '(', TOKEN_OPEN }, { ')', TOKEN_CLOSE },
		{ '[', TOKEN_OPEN_INDEX }, { ']', TOKEN_CLOSE_INDEX }, { '+', TOKEN_PLUS }, { '-', TOKEN_MINUS },
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (marks[i].c == at(p, t->offset)) {
			t->type = marks[i].type;
			t->length = 1;
			return true;
		}
	return false;
}

static void lex_token(struct parser *p, struct token *t)
{
	char c = at(p, t->offset);

	if (is_word(c) || (is_stray(p, c) && c != '-'))
		lex_word(p, t);
	else if (c == '#' || c == ':')
		lex_placeholder(p, t);
	else if (c == '\'' || c == '"')
		lex_literal(p, t);
	else if (c == '=' || c == '<' || c == '>')
		lex_compare(p, t);
	else if (!lex_mark(p, t))
		lex_bad(p, t);
}

static void gather_mentions(struct parser *p)
{
	struct expression_mention *mentions;
	size_t n = 0;

	for (size_t i = 0; i < p->n_tokens; i++)
		n += p->tokens[i].type == TOKEN_NAME_REF || p->tokens[i].type == TOKEN_VALUE_REF;
	mentions = arena_array(p->arena, n ? n : 1, sizeof(*mentions));
	p->no_memory |= !mentions;
	for (size_t i = 0; i < p->n_tokens && mentions; i++)
		if (p->tokens[i].type == TOKEN_NAME_REF || p->tokens[i].type == TOKEN_VALUE_REF)
			mentions[p->e->n_mentions++] = (struct expression_mention){
				str_sub(p->e->text, p->tokens[i].offset, p->tokens[i].length), p->tokens[i].offset
			};
	p->e->mentions = mentions;
}

bool expression_lex(struct parser *p)
{
	struct str text = p->e->text;
	size_t i = 0;

	p->tokens = arena_array(&p->scratch, text.len + 1, sizeof(*p->tokens));
	p->no_memory |= !p->tokens;
	while (!p->no_memory) {
		struct token *t = &p->tokens[p->n_tokens++];

		while (i < text.len &&
		       (text.ptr[i] == ' ' || text.ptr[i] == '\t' || text.ptr[i] == '\n' || text.ptr[i] == '\r'))
			i++;
		*t = (struct token){ .type = TOKEN_END, .offset = i };
		if (i == text.len)
			break;
		lex_token(p, t);
		i += t->length;
	}
	if (!p->no_memory)
		gather_mentions(p);
	return !p->no_memory;
}
