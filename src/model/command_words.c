#include "command_impl.h"

#include <stdlib.h>

/* One splitting. Every byte of a word comes from one of the command, so that buffers
 * of the command's size hold all words. */
struct splitting {
	struct parsing *p;
	struct str text;
	size_t at;
	char *bytes;             /* of all words, one behind another */
	uint32_t *origin;        /* one more for each word: its end */
	size_t used, marks;
	size_t word_begin, word_mark;
	bool in_word;
	unsigned braces;         /* open ones of this word, outside of quotes */
	bool brace_list;         /* and a comma or ".." among them */
};

enum { NOTHING = 256 };

static int peek(const struct splitting *s, size_t ahead)
{
	return s->at + ahead < s->text.len ? (unsigned char)s->text.ptr[s->at + ahead] : NOTHING;
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t';
}

static bool is_name_char(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool refuse(struct splitting *s, const char *what, const char *do_this)
{
	return command_find(s->p, s->at, "command.shell", "%s: only a shell could do that, and none is asked; %s", what,
			    do_this);
}

static void begin_word(struct splitting *s)
{
	if (s->in_word)
		return;
	s->in_word = true;
	s->word_begin = s->used;
	s->word_mark = s->marks;
	s->braces = 0;
	s->brace_list = false;
}

/* The next byte of the command belongs to the word. */
static void keep(struct splitting *s)
{
	begin_word(s);
	s->origin[s->marks++] = (uint32_t)s->at;
	s->bytes[s->used++] = s->text.ptr[s->at++];
}

static void end_word(struct splitting *s)
{
	if (!s->in_word)
		return;
	s->origin[s->marks++] = (uint32_t)s->at;
	s->p->words[s->p->count++] = (struct word){
		.text = { s->bytes + s->word_begin, s->used - s->word_begin }, .origin = s->origin + s->word_mark,
	};
	s->in_word = false;
}

/* ---- what a shell would do with it ---- */

/* At a dollar sign, also inside of double quotes. */
static bool take_dollar(struct splitting *s, bool quoted)
{
	int next = peek(s, 1);

	if (next == '(')
		return refuse(s, "$( ) runs a command", "write what it would print");
	if (!quoted && (next == '\'' || next == '"'))
		return refuse(s, next == '\'' ? "$'…' are quotes of bash with escapes of their own" :
						"$\"…\" is translated by bash",
			      "use plain quotes, without the $");
	if (next == '{' || is_name_char(next) || (next != NOTHING && strchr("@*#?-$!", next)))
		return refuse(s, "$ followed by a name is replaced by a variable's value", quoted ? "write the value, "
			      "or use single quotes" : "write the value, or put it into single quotes");
	keep(s);
	return true;
}

static bool take_double_quoted(struct splitting *s)
{
	size_t begin = s->at;

	begin_word(s);
	s->at++;
	while (peek(s, 0) != '"') {
		int c = peek(s, 0), next = peek(s, 1);

		if (c == NOTHING)
			return command_find(s->p, begin, "command.quote", "the double quote that opens here is never "
					    "closed; put a \" behind the value");
		if (c == '`')
			return refuse(s, "a backquote runs a command", "write what it would print, or use single "
				      "quotes");
		if (c == '$' && !take_dollar(s, true))
			return false;
		if (c == '$')
			continue;
		if (c == '\\' && next == '\n') {
			s->at += 2;
			continue;
		}
		if (c == '\\' && next != NOTHING && strchr("$`\"\\", next))
			s->at++;
		keep(s);
	}
	s->at++;
	return true;
}

static bool take_single_quoted(struct splitting *s)
{
	size_t begin = s->at;

	begin_word(s);
	s->at++;
	while (peek(s, 0) != '\'') {
		if (peek(s, 0) == NOTHING)
			return command_find(s->p, begin, "command.quote", "the single quote that opens here is never "
					    "closed; put a ' behind the value (inside of it ' is written '\\'')");
		keep(s);
	}
	s->at++;
	return true;
}

static bool take_backslash(struct splitting *s)
{
	if (peek(s, 1) == NOTHING)
		return command_find(s->p, s->at, "command.quote", "a backslash stands at the end, with nothing behind "
				    "it to quote; take it away");
	if (peek(s, 1) == '\r')
		return command_find(s->p, s->at + 1, "command.shell", "a carriage return follows the backslash, so "
				    "that the line does not go on; use \\n line ends alone");
	if (peek(s, 1) == '\n') {
		s->at += 2;
		return true;
	}
	s->at++;
	keep(s);
	return true;
}

/* A line's end is the command's, unless nothing but blanks is left. */
static bool take_newline(struct splitting *s)
{
	if (!str_trim(str_from(s->text, s->at)).len) {
		end_word(s);
		s->at = s->text.len;
		return true;
	}
	return command_find(s->p, s->at, "command.shell", "the line ends here, and with it the command, but more "
			    "follows; end the line with a backslash, or write one command only");
}

/* Characters that mean something to a shell outside of quotes. */
static const struct special {
	char c;
	const char *what, *do_this;
} specials[] = {
	{ '|', "'|' pipes into another command", "write the aws command alone" },
	{ '&', "'&' joins commands or puts one into the background", "write one command, or quote the value" },
	{ ';', "';' begins another command", "write one command, or quote the value" },
	{ '<', "'<' reads from a file", "write the value itself, in single quotes" },
	{ '>', "'>' writes into a file", "take it away, or put the value into single quotes" },
	{ '(', "'(' begins a subshell", "put the value into single quotes" },
	{ ')', "')' ends a subshell", "put the value into single quotes" },
	{ '`', "a backquote runs a command", "write what it would print, or use single quotes" },
	{ '*', "'*' outside of quotes stands for names of files", "put the value into single quotes" },
	{ '?', "'?' outside of quotes stands for names of files", "put the value into single quotes" },
	{ '[', "'[' outside of quotes stands for names of files", "put the value into single quotes" },
	{ '\r', "a carriage return is no blank to a shell", "use \\n line ends alone" },
};

static bool check_special(struct splitting *s, int c)
{
	for (size_t i = 0; i < sizeof(specials) / sizeof(*specials); i++)
		if (specials[i].c == c)
			return refuse(s, specials[i].what, specials[i].do_this);
	if (s->in_word)
		return true;
	if (c == '#')
		return refuse(s, "'#' at the begin of a word makes the rest a comment",
			      "put the value into single quotes, or take the comment away");
	if (c == '~')
		return refuse(s, "'~' at the begin of a word stands for a folder", "put the value into single quotes");
	return true;
}

/* {a,b} and {1..3} are several words to bash, one to other shells. */
static bool check_braces(struct splitting *s, int c)
{
	if (c == '{')
		s->braces++;
	if (s->braces && (c == ',' || (c == '.' && peek(s, 1) == '.')))
		s->brace_list = true;
	if (c != '}' || !s->braces)
		return true;
	s->braces--;
	return !s->brace_list || refuse(s, "{a,b} and {1..3} outside of quotes become several words in bash",
					"put the value into single quotes");
}

static bool take_plain(struct splitting *s, int c)
{
	if (c == '$')
		return take_dollar(s, false);
	if (!check_special(s, c))
		return false;
	begin_word(s);
	if (!check_braces(s, c))
		return false;
	keep(s);
	return true;
}

static bool take(struct splitting *s)
{
	int c = peek(s, 0);

	if (c == '\n')
		return take_newline(s);
	if (is_blank(c)) {
		end_word(s);
		s->at++;
		return true;
	}
	return c == '\'' ? take_single_quoted(s) : c == '"' ? take_double_quoted(s) :
	       c == '\\' ? take_backslash(s) : take_plain(s, c);
}

bool command_split(struct parsing *p, struct str text)
{
	struct splitting s = { .p = p, .text = text };

	s.bytes = arena_alloc(p->arena, text.len + 1);
	s.origin = arena_array(p->arena, 2 * text.len + 2, sizeof(*s.origin));
	p->words = arena_array(p->arena, text.len / 2 + 2, sizeof(*p->words));
	if (!s.bytes || !s.origin || !p->words)
		return command_no_memory(p);
	while (s.at < text.len && is_blank((unsigned char)text.ptr[s.at]))
		s.at++;
	if (str_starts(str_from(text, s.at), STR("$ ")))
		return refuse(&s, "the command begins with a prompt", "take the '$' away");
	while (s.at < text.len)
		if (!take(&s))
			return false;
	end_word(&s);
	return true;
}

size_t word_at(const struct word *w, const char *ptr)
{
	return w->origin[ptr - w->text.ptr];
}

struct word word_from(const struct word *w, size_t from)
{
	return (struct word){ .text = str_from(w->text, from), .origin = w->origin + from };
}
