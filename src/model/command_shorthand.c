/* The AWS CLI's grammar, also where it is odd: people have commands that work there. */
#include "command_impl.h"

struct reading {
	struct parsing *p;
	const struct word *w;
	struct str option;
	struct str text;
	size_t at;
	unsigned depth;
	bool from_file;      /* behind "@=": a value may name a file */
};

enum { NOTHING = -1 };

static int current(const struct reading *r)
{
	return r->at < r->text.len ? (unsigned char)r->text.ptr[r->at] : NOTHING;
}

static size_t place(const struct reading *r)
{
	return word_at(r->w, r->text.ptr + r->at);
}

static bool is_space(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_space(struct reading *r)
{
	while (is_space(current(r)))
		r->at++;
}

static bool accept(struct reading *r, char c)
{
	skip_space(r);
	if (current(r) != c)
		return false;
	r->at++;
	skip_space(r);
	return true;
}

static struct arg *fail(struct reading *r, const char *expected)
{
	struct str rest = command_shown(str_from(r->text, r->at));

	if (!rest.len)
		command_find(r->p, place(r), "command.shorthand", "%.*s: %s was expected in the shorthand, but it ends "
			     "here; JSON in single quotes works everywhere", STR_ARG(r->option), expected);
	else
		command_find(r->p, place(r), "command.shorthand", "%.*s: %s was expected in the shorthand, not '%.*s'; "
			     "put a value with , = [ { or quotes in it into quotes, or write JSON", STR_ARG(r->option),
			     expected, STR_ARG(rest));
	return NULL;
}

/* ---- values without quotes ---- */

/* Which characters such a value may hold: the first, those behind it, those behind it in the
 * second and later values of a list ("a=b,c" is one list, "a=b,c=d" are two names). */
enum place_in { FIRST_CHAR = 1, FIRST_FOLLOW = 2, SECOND_FOLLOW = 4 };

static unsigned allowed(int c)
{
	if (c <= ' ')
		return is_space(c) || (c >= 0x1c && c <= 0x1f) ? FIRST_FOLLOW | SECOND_FOLLOW : 0;
	switch (c) {
	case '"': case '\'': case ',':
		return 0;
	case '=':
		return FIRST_FOLLOW;
	case '[': case '{':
		return FIRST_FOLLOW | SECOND_FOLLOW;
	case ']': case '}':
		return FIRST_CHAR | SECOND_FOLLOW;
	default:
		return FIRST_CHAR | FIRST_FOLLOW | SECOND_FOLLOW;
	}
}

/* Four-byte characters (beyond U+FFFF) are none of the CLI's. */
static bool char_is(const struct reading *r, unsigned in)
{
	int c = current(r);

	return c != NOTHING && c < 0xf0 && (allowed(c) & in);
}

/* Over one character, or an escaped comma. */
static bool pass(struct reading *r, unsigned in)
{
	if (current(r) == '\\' && r->at + 1 < r->text.len && r->text.ptr[r->at + 1] == ',') {
		r->at += 2;
		return true;
	}
	if (!char_is(r, in))
		return false;
	r->at++;
	while (current(r) != NOTHING && ((unsigned)current(r) & 0xc0) == 0x80)
		r->at++;
	return true;
}

/* White space of Unicode that ends the text: its length, or 0. */
static size_t space_at_end(struct str s)
{
	static const char *const wide[] = {
		"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83",
		"\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89",
		"\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
	};

	if (s.len && (is_space(s.ptr[s.len - 1]) || (s.ptr[s.len - 1] >= 0x1c && s.ptr[s.len - 1] <= 0x1f)))
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		if (str_ends(s, str_c(wide[i])))
			return strlen(wide[i]);
	return 0;
}

/* A copy in which backslash and `c` have become `c`. */
static struct str without_escapes(struct reading *r, struct str s, char c)
{
	char *copy = arena_alloc(r->p->arena, s.len + 1);
	size_t n = 0;

	if (!copy) {
		command_no_memory(r->p);
		return str_of(NULL, 0);
	}
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\\' && i + 1 < s.len && s.ptr[i + 1] == c)
			i++;
		copy[n++] = s.ptr[i];
	}
	return str_of(copy, n);
}

static struct arg *make_string(struct reading *r, size_t at, struct str text)
{
	struct arg *arg = text.ptr ? arg_new(r->p, ARG_STRING, at) : NULL;

	if (arg && r->from_file && (str_starts(text, STR("file://")) || str_starts(text, STR("fileb://")))) {
		command_find(r->p, at, "command.file", "%.*s: '%.*s' names a file, which is not read here; write its "
			     "content", STR_ARG(r->option), STR_ARG(command_shown(text)));
		return NULL;
	}
	if (arg)
		arg->text = text;
	return arg;
}

static struct arg *read_plain(struct reading *r, unsigned follow)
{
	size_t begin = r->at, at = place(r);
	struct str text;

	if (pass(r, FIRST_CHAR))
		while (pass(r, follow))
			continue;
	text = without_escapes(r, str_sub(r->text, begin, r->at - begin), ',');
	while (space_at_end(text))
		text.len -= space_at_end(text);
	return make_string(r, at, text);
}

/* ---- values in quotes ---- */

/* An escaped quote closes, too, where no other one follows. */
static struct arg *read_quoted(struct reading *r)
{
	size_t begin = r->at, at = place(r), escaped = 0, end = begin + 1;
	char quote = r->text.ptr[begin];
	struct str text;

	for (; end < r->text.len && r->text.ptr[end] != quote; end++)
		if (r->text.ptr[end] == '\\' && end + 1 < r->text.len && r->text.ptr[end + 1] == quote)
			escaped = ++end;
	if (end >= r->text.len)
		end = escaped;
	if (!end)
		return fail(r, quote == '"' ? "a closing \"" : "a closing '");
	r->at = end + 1;
	text = without_escapes(r, str_sub(r->text, begin + 1, end - begin - 1), quote);
	if (text.ptr)
		text = without_escapes(r, text, '\\');
	return make_string(r, at, text);
}

static bool at_quote(const struct reading *r)
{
	return current(r) == '"' || current(r) == '\'';
}

static struct arg *read_first(struct reading *r)
{
	return at_quote(r) ? read_quoted(r) : read_plain(r, FIRST_FOLLOW);
}

/* ---- lists and maps ---- */

static struct arg *read_explicit(struct reading *r);

static bool go_deeper(struct reading *r)
{
	return ++r->depth <= COMMAND_MAX_DEPTH ||
	       command_find(r->p, place(r), "command.depth", "%.*s: lists and maps are nested more than %d deep",
			    STR_ARG(r->option), COMMAND_MAX_DEPTH);
}

/* Behind an element: a comma, or the end. */
static bool read_separator(struct reading *r, char close)
{
	skip_space(r);
	if (current(r) == close)
		return true;
	if (current(r) != ',') {
		fail(r, close == ']' ? "',' or ']'" : "',' or '}'");
		return false;
	}
	return accept(r, ',');
}

static struct arg *read_list(struct reading *r)
{
	struct arg *list = arg_new(r->p, ARG_LIST, place(r));

	if (!list || !go_deeper(r))
		return NULL;
	accept(r, '[');
	while (current(r) != ']') {
		struct arg *element = read_explicit(r);

		if (!element || !read_separator(r, ']'))
			return NULL;
		arg_append(list, element);
	}
	r->at++;
	r->depth--;
	return list;
}

/* The name and what stands between it and the value. */
static bool read_name(struct reading *r, struct str *name, size_t *at)
{
	size_t begin = r->at;

	*at = place(r);
	while (current(r) != NOTHING && current(r) < 0x80 &&
	       ((current(r) >= '0' && current(r) <= '9') || (current(r) >= 'a' && current(r) <= 'z') ||
		(current(r) >= 'A' && current(r) <= 'Z') || strchr("-_.#/:", current(r))))
		r->at++;
	*name = str_sub(r->text, begin, r->at - begin);
	r->from_file = accept(r, '@');
	if (accept(r, '='))
		return true;
	fail(r, r->at == begin ? "name=value" : "'='");
	return false;
}

static bool append_named(struct arg *map, struct arg *value, struct str name, size_t at)
{
	if (!value)
		return false;
	value->name = name;
	value->name_at = at;
	arg_append(map, value);
	return true;
}

static struct arg *read_map(struct reading *r)
{
	struct arg *map = arg_new(r->p, ARG_MAP, place(r));

	if (!map || !go_deeper(r))
		return NULL;
	accept(r, '{');
	while (current(r) != '}') {
		struct str name;
		size_t at;

		if (!read_name(r, &name, &at) || !append_named(map, read_explicit(r), name, at) ||
		    !read_separator(r, '}'))
			return NULL;
	}
	r->at++;
	r->depth--;
	return map;
}

static struct arg *read_explicit(struct reading *r)
{
	return current(r) == '[' ? read_list(r) : current(r) == '{' ? read_map(r) : read_first(r);
}

/* ---- a=b, a=b,c and what follows ---- */

/* One more value of a list without brackets; NULL without a finding when what stands
 * there is something else. */
static struct arg *read_second(struct reading *r)
{
	struct arg *value;

	if (at_quote(r)) {
		size_t kept = r->p->findings->count;

		value = read_quoted(r);
		if (!value && r->p->findings->count > kept && !r->p->no_memory)
			r->p->findings->count = kept;
	} else {
		value = char_is(r, FIRST_CHAR) ? read_plain(r, SECOND_FOLLOW) : NULL;
	}
	return value;
}

/* At the comma behind the first value: the values up to the last comma that is followed by
 * another name. */
static bool read_more(struct reading *r, struct arg *list)
{
	accept(r, ',');
	for (;;) {
		struct arg *value = read_second(r);

		if (r->p->no_memory)
			return false;
		if (value)
			skip_space(r);
		if (value && current(r) == NOTHING) {
			arg_append(list, value);
			return true;
		}
		if (!value || !accept(r, ',')) {
			if (current(r) == NOTHING)
				return fail(r, "another value");
			while (r->text.ptr[r->at] != ',')
				r->at--;
			return true;
		}
		arg_append(list, value);
	}
}

static struct arg *read_values(struct reading *r)
{
	struct arg *first, *list;

	if (current(r) == '[' || current(r) == '{')
		return read_explicit(r);
	first = read_first(r);
	if (!first)
		return NULL;
	skip_space(r);
	if (current(r) != ',')
		return first;
	list = arg_new(r->p, ARG_LIST, first->at);
	if (!list)
		return NULL;
	arg_append(list, first);
	if (!read_more(r, list))
		return NULL;
	return list->count == 1 ? first : list;
}

struct arg *command_read_shorthand(struct parsing *p, const struct word *w, struct str option)
{
	struct reading r = { .p = p, .w = w, .option = option, .text = w->text };
	struct arg *map = arg_new(p, ARG_MAP, w->origin[0]);

	while (map) {
		struct str name;
		size_t at;

		if (!read_name(&r, &name, &at) || !append_named(map, read_values(&r), name, at))
			return NULL;
		if (current(&r) == NOTHING)
			return map;
		if (!accept(&r, ','))
			return fail(&r, "','");
	}
	return NULL;
}
