#include "partiql.h"

#include <ctype.h>
#include <stdio.h>

enum word_kind { WORD_END, WORD_BARE, WORD_QUOTED, WORD_TEXT, WORD_SIGN, WORD_BROKEN };

struct word {
	enum word_kind kind;
	struct str text;    /* without quotes; quotes inside are still doubled */
};

/* ---- words ---- */

static bool is_part(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static struct str pass_blanks(struct str s)
{
	while (s.len && isspace((unsigned char)s.ptr[0]))
		s = str_from(s, 1);
	return s;
}

/* 'text' or "name", its quote doubled inside. */
static struct word quoted(struct str *s)
{
	char quote = s->ptr[0];
	size_t at = 1;

	for (; at < s->len; at++) {
		if (s->ptr[at] != quote)
			continue;
		if (at + 1 == s->len || s->ptr[at + 1] != quote)
			break;
		at++;
	}
	if (at >= s->len)
		return (struct word){ WORD_BROKEN, *s };
	struct word w = { quote == '"' ? WORD_QUOTED : WORD_TEXT, str_sub(*s, 1, at - 1) };

	*s = str_from(*s, at + 1);
	return w;
}

/* Comments are refused: they hide what a statement does, and none is needed here. */
static bool begins_comment(struct str s)
{
	return str_starts(s, STR("--")) || str_starts(s, STR("/*"));
}

/* What another reader may take for a blank, a quote or a part of a name: DynamoDB's own statements have it in quotes only. */
static bool is_strange(char c)
{
	return c == '`' || (unsigned char)c >= 0x7f || ((unsigned char)c < ' ' && !isspace((unsigned char)c));
}

static struct word next_word(struct str *s)
{
	struct word w = { WORD_SIGN, { NULL, 0 } };
	size_t len = 0;

	*s = pass_blanks(*s);
	if (s->len == 0)
		return (struct word){ WORD_END, *s };
	if (begins_comment(*s) || is_strange(s->ptr[0]))
		return (struct word){ WORD_BROKEN, *s };
	if (s->ptr[0] == '"' || s->ptr[0] == '\'')
		return quoted(s);
	while (len < s->len && is_part(s->ptr[len]))
		len++;
	if (len)
		w.kind = WORD_BARE;
	w.text = str_sub(*s, 0, len ? len : 1);
	*s = str_from(*s, w.text.len);
	return w;
}

static bool is_word(const struct word *w, const char *text)
{
	return w->kind == WORD_BARE && str_eq_nocase(w->text, str_c(text));
}

static bool is_sign(const struct word *w, char sign)
{
	return w->kind == WORD_SIGN && w->text.ptr[0] == sign;
}

/* ---- statements ---- */

static bool refuse(struct err *err, const char *expected, const struct word *found)
{
	if (found->kind == WORD_BROKEN)
		return err_set(err, ERR_DATA, "partiql",
			       "the statement cannot be read: a quote without its end, a comment, or a character that may stand "
			       "in quotes only, at \"%.*s\"",
			       STR_ARG(str_sub(found->text, 0, 40)));
	return err_set(err, ERR_DATA, "partiql", "the statement cannot be read: expected %s, found %s%.*s%s", expected,
		       found->kind == WORD_END ? "its end" : "\"", STR_ARG(str_sub(found->text, 0, 40)),
		       found->kind == WORD_END ? "" : "\"");
}

/* A table's name, then perhaps ."index". */
static bool read_table(struct str *s, struct partiql *out, struct err *err)
{
	struct word name = next_word(s);
	struct str ahead = *s;
	struct word next = next_word(&ahead);

	if ((name.kind != WORD_BARE && name.kind != WORD_QUOTED) || name.text.len == 0 ||
	    name.text.len >= sizeof(out->table) || str_find_char(name.text, '"') != SIZE_MAX)
		return refuse(err, "a table's name", &name);
	snprintf(out->table, sizeof(out->table), "%.*s", STR_ARG(name.text));
	if (is_sign(&next, '.')) {
		next = next_word(&ahead);
		if (next.kind != WORD_BARE && next.kind != WORD_QUOTED)
			return refuse(err, "an index's name behind the table's", &next);
		*s = ahead;
		next = next_word(&ahead);
		if (is_sign(&next, '.'))
			return refuse(err, "no third name", &next);
	}
	return true;
}

static bool expect_word(struct str *s, const char *word, struct err *err)
{
	struct word w = next_word(s);

	return is_word(&w, word) || refuse(err, word, &w);
}

/* SELECT … FROM table: one FROM, outside of all parentheses, and no SELECT in front of it. */
static bool read_select(struct str *s, struct partiql *out, struct err *err)
{
	unsigned depth = 0;
	struct word w;

	out->kind = PARTIQL_SELECT;
	for (w = next_word(s); w.kind != WORD_END && w.kind != WORD_BROKEN; w = next_word(s)) {
		depth += is_sign(&w, '(');
		if (is_sign(&w, ')') && depth-- == 0)
			break;
		if (is_word(&w, "SELECT") || (depth && is_word(&w, "FROM")))
			return refuse(err, "one statement about one table", &w);
		if (is_word(&w, "FROM"))
			return read_table(s, out, err);
	}
	return refuse(err, "FROM", &w);
}

/* What comes behind the table's name, its index and its alias. */
static bool ends_tables(const struct word *w)
{
	static const char *const words[] = { "WHERE", "ORDER", "SET", "REMOVE", "VALUE" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (is_word(w, words[i]))
			return true;
	return false;
}

/* What comes behind may hold no second statement and name no second table. */
static bool read_rest(struct str s, bool exists, struct err *err)
{
	static const char *const others[] = { "SELECT", "FROM", "INSERT", "DELETE", "JOIN", "UNION", "EXISTS", "INTO" };
	unsigned depth = exists;
	bool tables = true;            /* a comma would begin another one */

	for (struct word w = next_word(&s); w.kind != WORD_END; w = next_word(&s)) {
		tables = tables && !ends_tables(&w);
		if (w.kind == WORD_BROKEN || is_sign(&w, ';') || (tables && is_sign(&w, ',')))
			return refuse(err, "the rest of one statement about one table", &w);
		depth += is_sign(&w, '(');
		if (is_sign(&w, ')') && depth-- == 0)
			return refuse(err, "the rest of one statement about one table", &w);
		for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
			if (is_word(&w, others[i]))
				return refuse(err, "one statement about one table", &w);
	}
	return depth == 0 || err_set(err, ERR_DATA, "partiql", "the statement cannot be read: a parenthesis is not closed");
}

static bool read_exists(struct str *s, struct partiql *out, struct err *err)
{
	struct word w = next_word(s);

	if (!is_sign(&w, '('))
		return refuse(err, "( behind EXISTS", &w);
	return expect_word(s, "SELECT", err) && read_select(s, out, err) && read_rest(*s, true, err);
}

static bool read_write(struct str *s, enum partiql_kind kind, struct partiql *out, struct err *err)
{
	out->kind = kind;
	if (kind == PARTIQL_INSERT && !expect_word(s, "INTO", err))
		return false;
	if (kind == PARTIQL_DELETE && !expect_word(s, "FROM", err))
		return false;
	return read_table(s, out, err) && read_rest(*s, false, err);
}

bool partiql_read(struct str statement, struct partiql *out, struct err *err)
{
	struct str s = statement;
	struct word w = next_word(&s);

	*out = (struct partiql){ .kind = PARTIQL_UPDATE };
	if (is_word(&w, "SELECT"))
		return read_select(&s, out, err) && read_rest(s, false, err);
	if (is_word(&w, "EXISTS"))
		return read_exists(&s, out, err);
	if (is_word(&w, "INSERT"))
		return read_write(&s, PARTIQL_INSERT, out, err);
	if (is_word(&w, "UPDATE"))
		return read_write(&s, PARTIQL_UPDATE, out, err);
	if (is_word(&w, "DELETE"))
		return read_write(&s, PARTIQL_DELETE, out, err);
	return refuse(err, "SELECT, INSERT, UPDATE, DELETE or EXISTS", &w);
}
