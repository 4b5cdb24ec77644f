#include "conf_lexer.h"

#include "sluice/core/mem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static struct frame *top(struct lexer *x)
{
	return &x->s->frames[x->s->depth];
}

static bool in_list(struct lexer *x)
{
	return top(x)->open == '(' || top(x)->open == '[';
}

static void add_number(struct conf_text *t, size_t offset, size_t len, bool broken)
{
	if (t->n_numbers == t->numbers_cap) {
		t->numbers_cap = t->numbers_cap ? t->numbers_cap * 2 : 64;
		t->numbers = mem_resize(t->numbers, t->numbers_cap * sizeof(*t->numbers));
	}
	t->numbers[t->n_numbers++] = (struct conf_number){ offset, len, broken };
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '*';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void expect_element(struct lexer *x, enum element type)
{
	struct frame *f = top(x);

	if (f->open != '[')
		return;
	if (f->element != ELEMENT_NONE && f->element != type)
		lexer_fault(x, "the values in an array [ ] are of different types; write a list ( ) instead");
	f->element = type;
}

/* Before a value: is one expected here? */
static void expect_value(struct lexer *x)
{
	enum token last = x->s->last;

	if (in_list(x)) {
		if (last != TOKEN_OPEN && last != TOKEN_SEPARATOR)
			lexer_fault(x, "expected a comma between the elements of the list");
	} else if (last == TOKEN_NAME) {
		lexer_fault(x, "expected '=' or ':' after '%.*s'", STR_ARG(x->s->last_name));
	} else if (last != TOKEN_ASSIGN) {
		lexer_fault(x, "expected a setting's name before this value (name = value;)");
	}
}

void lexer_name(struct lexer *x)
{
	const char *begin = x->at;
	struct str word;

	while (x->at < x->end && is_name_char(*x->at))
		x->at++;
	word = str_of(begin, (size_t)(x->at - begin));
	if (in_list(x) || x->s->last == TOKEN_ASSIGN) {
		expect_value(x);
		if (!str_eq_nocase(word, STR("true")) && !str_eq_nocase(word, STR("false")))
			lexer_fault(x, "expected a value, found a word without quotes; text stands in double quotes");
		expect_element(x, ELEMENT_BOOL);
		x->s->last = TOKEN_VALUE;
		return;
	}
	if (x->s->last == TOKEN_NAME)
		lexer_fault(x, "expected '=' or ':' after '%.*s'", STR_ARG(x->s->last_name));
	else if (str_eq_nocase(word, STR("true")) || str_eq_nocase(word, STR("false")))
		lexer_fault(x, "expected a setting's name before this value (name = value;)");
	x->s->last_name = arena_dup(&x->s->scratch, word);
	x->s->last = TOKEN_NAME;
}

/* libconfig refuses a second one of a name, without saying which. */
static void register_name(struct lexer *x)
{
	struct frame *f = top(x);
	struct str text = x->s->last_name;
	uint64_t hash = str_hash(text);
	struct name *n;

	for (n = f->names; n; n = n->next) {
		if (n->hash != hash || !str_eq(n->text, text))
			continue;
		lexer_fault(x, "'%.*s' stands twice in this group; the first one is at %s:%d", STR_ARG(text), n->file, n->line);
		return;
	}
	n = f->count++ < CONF_GROUP_MAX ? ARENA_NEW(&x->s->scratch, struct name) : NULL;
	if (!n) {
		lexer_fault(x, "more than %d settings in one group", CONF_GROUP_MAX);
		x->s->stopped = true;
		return;
	}
	*n = (struct name){ text, hash, x->file, x->line, f->names };
	f->names = n;
}

void lexer_assign(struct lexer *x)
{
	if (x->s->last == TOKEN_NAME && !in_list(x))
		register_name(x);
	else if (x->s->last == TOKEN_STRING)
		lexer_fault(x, "names stand without quotes here; a group with other names is written as JSON in a string");
	else
		lexer_fault(x, "expected a setting's name before '%c'", *x->at);
	x->s->last = TOKEN_ASSIGN;
	x->at++;
}

/* Is the whole token an integer (decimal or 0x) with or without L? Gives its
 * value's size in bits as libconfig's type has it. */
static bool integer_fits(struct str token, bool *is_integer, bool *wide)
{
	char digits[64];
	struct str body = token;
	bool hex;

	*is_integer = *wide = false;
	for (int i = 0; i < 2 && str_ends(body, STR("L")); i++) {
		body.len--;
		*wide = true;
	}
	hex = str_starts(body, STR("0x")) || str_starts(body, STR("0X"));
	for (size_t i = hex ? 2 : (body.len && (body.ptr[0] == '-' || body.ptr[0] == '+')); i < body.len; i++)
		if (!is_digit(body.ptr[i]) && !(hex && strchr("abcdefABCDEF", body.ptr[i])))
			return false;
	if (!body.len || !(is_digit(body.ptr[body.len - 1]) || (hex && body.len > 2)))
		return false;
	*is_integer = true;
	if (body.len >= sizeof(digits))
		return false;
	memcpy(digits, body.ptr, body.len);
	digits[body.len] = '\0';
	errno = 0;

	long long n = strtoll(digits, NULL, hex ? 16 : 10);

	return errno == 0 && (*wide || (n >= INT32_MIN && n <= INT32_MAX));
}

static bool is_real(struct str token)
{
	char digits[400];
	char *end;

	if (token.len >= sizeof(digits))
		return false;
	for (size_t i = 0; i < token.len; i++)
		if (!is_digit(token.ptr[i]) && !strchr("+-.eE", token.ptr[i]))
			return false;
	memcpy(digits, token.ptr, token.len);
	digits[token.len] = '\0';

	double d = strtod(digits, &end);

	return end != digits && *end == '\0' && isfinite(d);
}

/* Values are not shown: a secret whose quotes were forgotten stands here too. */
void lexer_number(struct lexer *x)
{
	const char *begin = x->at;
	size_t offset = x->s->out->text.len + (size_t)(begin - x->segment);
	bool is_integer, wide, fits;
	struct str token;

	while (x->at < x->end && (is_name_char(*x->at) || *x->at == '.' || *x->at == '+'))
		x->at++;
	token = str_of(begin, (size_t)(x->at - begin));
	expect_value(x);
	x->s->last = TOKEN_VALUE;
	fits = integer_fits(token, &is_integer, &wide);
	if (is_integer && !fits)
		problems_add_at(x->s->problems, x->file, x->line,
				wide ? "the whole number does not fit into 64 bits; a larger one is written as a string" :
				       "the whole number does not fit into 32 bits; write it with an L at its end (4294967296L)");
	else if (!is_integer && !is_real(token))
		lexer_fault(x, "expected a number, true, false, or a string in double quotes");
	expect_element(x, !is_integer ? ELEMENT_REAL : wide ? ELEMENT_INT64 : ELEMENT_INT);
	add_number(x->s->out, offset, token.len, is_integer && !fits);
}

/* libconfig joins strings that follow each other. A string where a name should
 * be is left to lexer_assign(), if it is used as one. */
static void check_string(struct lexer *x)
{
	const char *p = x->at;

	while (p < x->end && strchr(" \t\r\n\f", *p))
		p++;
	if (!in_list(x) && x->s->last != TOKEN_ASSIGN && p < x->end && (*p == ':' || *p == '='))
		return;
	if (x->s->last != TOKEN_STRING)
		expect_value(x);
	expect_element(x, ELEMENT_STRING);
}

void lexer_string(struct lexer *x)
{
	int begun = x->line;

	for (x->at++; x->at < x->end && *x->at != '"'; x->at++) {
		if (*x->at == '\n')
			x->line++;
		if (*x->at != '\\' || x->at + 1 == x->end)
			continue;
		if (x->end - x->at >= 4 && memcmp(x->at, "\\x00", 4) == 0)
			lexer_fault(x, "a string cannot hold the character \\x00");
		x->at++;
		if (*x->at == '\n')
			x->line++;
	}
	if (x->at == x->end) {
		x->line = begun;
		x->fault_line = 0;
		lexer_fault(x, "the string that begins here does not end");
		x->s->stopped = true;
		return;
	}
	x->at++;
	check_string(x);
	x->s->last = TOKEN_STRING;
}

void lexer_open(struct lexer *x)
{
	struct scanner *s = x->s;

	if (top(x)->open == '[')
		lexer_fault(x, "an array [ ] holds plain values only; a list of groups or lists is written ( )");
	else
		expect_value(x);
	if (s->depth == CONF_DEPTH_MAX) {
		lexer_fault(x, "groups and lists are nested deeper than %d", CONF_DEPTH_MAX);
		s->stopped = true;
		return;
	}
	s->frames[++s->depth] = (struct frame){ .open = *x->at, .file = x->file, .line = x->line };
	s->last = TOKEN_OPEN;
	x->at++;
}

static void expect_finished(struct lexer *x)
{
	if (x->s->last == TOKEN_NAME)
		lexer_fault(x, "expected '=' or ':' after '%.*s'", STR_ARG(x->s->last_name));
	else if (x->s->last == TOKEN_ASSIGN)
		lexer_fault(x, "the value of '%.*s' is missing", STR_ARG(x->s->last_name));
}

void lexer_close(struct lexer *x)
{
	const char opens[] = { [')'] = '(', [']'] = '[', ['}'] = '{' };
	struct frame *f = top(x);

	if (f->open != opens[(unsigned char)*x->at]) {
		x->fault_line = 0;
		if (f->open)
			lexer_fault(x, "'%c' closes what '%c' at %s:%d opened", *x->at, f->open, f->file, f->line);
		else
			lexer_fault(x, "'%c' closes nothing that is open", *x->at);
		x->s->stopped = true;
		return;
	}
	if (in_list(x) && x->s->last == TOKEN_SEPARATOR)
		lexer_fault(x, "a list may not end with a comma");
	else
		expect_finished(x);
	x->s->depth--;
	x->s->last = TOKEN_VALUE;
	x->at++;
}

void lexer_separator(struct lexer *x)
{
	if (in_list(x) && *x->at == ';')
		lexer_fault(x, "elements of a list are separated by commas, found ';'");
	else if (in_list(x) && (x->s->last == TOKEN_OPEN || x->s->last == TOKEN_SEPARATOR))
		lexer_fault(x, "expected a value before the comma");
	else
		expect_finished(x);
	if (!in_list(x) && (x->s->last == TOKEN_SEPARATOR || x->s->last == TOKEN_OPEN))
		lexer_fault(x, "one '%c' too many", *x->at);
	x->s->last = TOKEN_SEPARATOR;
	x->at++;
}

bool lexer_begins_name(char c)
{
	return is_name_char(c) && !is_digit(c) && c != '-' && c != '_';
}

bool lexer_begins_number(char c)
{
	return is_digit(c) || c == '+' || c == '-' || c == '.';
}

/* Text in single quotes, as other formats have it. */
static void pass_quoted(struct lexer *x)
{
	const char *p = x->at + 1;

	while (p < x->end && *p != '\'' && *p != '\n')
		p++;
	x->at = p < x->end && *p == '\'' ? p + 1 : p;
	x->s->last = TOKEN_VALUE;
}

void lexer_unknown(struct lexer *x)
{
	unsigned char c = (unsigned char)*x->at;

	if (c == '\'') {
		lexer_fault(x, "text stands in double quotes");
		pass_quoted(x);
	} else if (c == '$' || c == '_') {
		lexer_fault(x, "a name cannot begin with '%c'; a group with such a name is written as JSON in a string", c);
		x->at++;
		lexer_name(x);
	} else {
		if (c > 0x20 && c < 0x7f)
			lexer_fault(x, "expected a setting, found '%c'", c);
		else
			lexer_fault(x, "expected a setting, found the byte 0x%02x", c);
		x->at++;
	}
}
