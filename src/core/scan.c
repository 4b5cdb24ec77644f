#include "sluice/core/scan.h"

#include "sluice/core/scan_block.h"

/* Functions with a constant `trusted` are compiled twice, once for each use. */
#define EACH_USE static inline __attribute__((always_inline))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* What may come next. */
enum state {
	STATE_VALUE,          /* a value: at the start, behind a name, behind a comma in an array */
	STATE_FIRST_KEY,      /* behind { */
	STATE_FIRST_ELEMENT,  /* behind [ */
	STATE_AFTER,          /* behind a value in a container */
	STATE_LAST,           /* behind the outermost value */
	STATE_END,
	STATE_FAILED,
};

/* The bytes of {"S":" */
enum { TAGGED_HEAD = 6 };

static const char DEPTH_PROBLEM[] = "containers are nested too deeply";

void scan_init(struct scan *s, struct str json)
{
	*s = (struct scan){ .at = json.ptr, .begin = json.ptr, .state = STATE_VALUE };
	s->end = json.ptr ? json.ptr + json.len : NULL;
}

void scan_init_trusted(struct scan *s, struct str json)
{
	scan_init(s, json);
	s->trusted = true;
}

static const char *fail(struct scan *s, const char *at, const char *problem)
{
	s->at = at;
	s->state = STATE_FAILED;
	s->problem = problem;
	return NULL;
}

/* ---- Strings ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* p is at a backslash; returns what is behind the escape. */
static const char *skip_escape(struct scan *s, const char *p)
{
	if (s->end - p < 2)
		return fail(s, p, "the text ends inside an escape");
	switch (p[1]) {
	case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
		return p + 2;
	case 'u':
		break;
	default:
		return fail(s, p, "a backslash is followed by a character that JSON does not know");
	}
	for (int i = 2; i < 6; i++)
		if (s->end - p <= i || hex_digit(p[i]) < 0)
			return fail(s, p, "\\u wants four hexadecimal digits");
	return p + 6;
}

/* p is at a byte from 0x80 on: passes over the run of them. */
static const char *skip_utf8(struct scan *s, const char *p)
{
	const char *from = p;

	while (p < s->end && (unsigned char)*p >= 0x80)
		p++;
	if (!str_utf8_valid(str_of(from, (size_t)(p - from))))
		return fail(s, from, "a string holds bytes that are not UTF-8");
	return p;
}

/* p is behind the opening quote; returns the closing one. */
static const char *strict_string_end(struct scan *s, const char *p)
{
	for (;;) {
		p = scan_plain_end(p, s->end, false);
		if (UNLIKELY(p == s->end))
			return fail(s, p, "the text ends inside a string");
		if (LIKELY(*p == '"'))
			return p;
		if (*p == '\\') {
			s->escaped = true;
			p = skip_escape(s, p);
		} else if ((unsigned char)*p >= 0x80) {
			p = skip_utf8(s, p);
		} else {
			return fail(s, p, "a string holds a control character that is not escaped");
		}
		if (!p)
			return NULL;
	}
}

static const char *trusted_string_end(struct scan *s, const char *p)
{
	for (;;) {
		p = scan_plain_end(p, s->end, true);
		if (LIKELY(p < s->end && *p == '"'))
			return p;
		if (s->end - p < 2)
			return fail(s, p, "the text ends inside a string");
		s->escaped = true;
		p += 2;
	}
}

/* Most strings are short and plain: those end here. */
EACH_USE const char *string_end(struct scan *s, const char *p, const bool trusted)
{
	if (LIKELY(s->end - p >= SCAN_BLOCK)) {
		unsigned n = scan_block_stop(p, trusted);

		if (LIKELY(n < SCAN_BLOCK && p[n] == '"'))
			return p + n;
		p += n;
	}
	return trusted ? trusted_string_end(s, p) : strict_string_end(s, p);
}

/* ---- Numbers and words ---- */

static inline bool is_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* Behind the number at p, or NULL with *problem. */
static const char *number_end(const char *p, const char *end, const char **problem)
{
	const char *from;

	if (p < end && *p == '-')
		p++;
	from = p;
	p = skip_digits(p, end);
	if (p == from)
		return *problem = "a number wants a digit here", NULL;
	if (*from == '0' && p - from > 1)
		return *problem = "a number has a leading zero", NULL;
	if (p < end && *p == '.') {
		from = p + 1;
		p = skip_digits(from, end);
		if (p == from)
			return *problem = "a number wants a digit behind its point", NULL;
	}
	if (p < end && (*p | 0x20) == 'e') {
		from = p + 1;
		if (from < end && (*from == '+' || *from == '-'))
			from++;
		p = skip_digits(from, end);
		if (p == from)
			return *problem = "a number wants a digit in its exponent", NULL;
	}
	return p;
}

bool scan_is_number(struct str text)
{
	const char *problem;

	return text.len && number_end(text.ptr, text.ptr + text.len, &problem) == text.ptr + text.len;
}

static const char *skip_number(struct scan *s, const char *p)
{
	const char *problem;
	const char *behind = number_end(p, s->end, &problem);

	return behind ? behind : fail(s, p, problem);
}

static const char *skip_word(struct scan *s, const char *p, const char *word, size_t len)
{
	if ((size_t)(s->end - p) < len || memcmp(p, word, len) != 0)
		return fail(s, p, "expected a value");
	return p + len;
}

/* A number, true, false or null. */
static const char *skip_scalar(struct scan *s, const char *p)
{
	switch (*p) {
	case 't':
		return skip_word(s, p, "true", 4);
	case 'f':
		return skip_word(s, p, "false", 5);
	case 'n':
		return skip_word(s, p, "null", 4);
	default:
		if (*p == '-' || is_digit(*p))
			return skip_number(s, p);
		return fail(s, p, "expected a value");
	}
}

static inline enum scan_type scalar_type(char first)
{
	return first == 't' ? SCAN_TRUE : first == 'f' ? SCAN_FALSE : first == 'n' ? SCAN_NULL : SCAN_NUMBER;
}

/* ---- Structure ---- */

static inline const char *skip_space(const char *p, const char *end)
{
	while (p < end && UNLIKELY((unsigned char)*p <= ' ') && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

static inline bool in_object(const struct scan *s)
{
	return s->stack[0] & 1;
}

/* The innermost container is the lowest bit. */
static inline bool push(struct scan *s, const char *p, bool object)
{
	if (UNLIKELY(s->depth == SCAN_MAX_DEPTH)) {
		fail(s, p, DEPTH_PROBLEM);
		return false;
	}
	s->stack[1] = s->stack[1] << 1 | s->stack[0] >> 63;
	s->stack[0] = s->stack[0] << 1 | (object ? 1 : 0);
	s->depth++;
	return true;
}

static inline void pop(struct scan *s)
{
	s->stack[0] = s->stack[0] >> 1 | s->stack[1] << 63;
	s->stack[1] >>= 1;
	s->depth--;
}

/* p is where a name should start: returns its closing quote. */
EACH_USE const char *name_end(struct scan *s, const char *p, const bool trusted)
{
	if (UNLIKELY(p == s->end || *p != '"'))
		return fail(s, p, "expected a member's name in double quotes");
	return string_end(s, p + 1, trusted);
}

static inline const char *skip_colon(struct scan *s, const char *p)
{
	p = skip_space(p, s->end);
	if (UNLIKELY(p == s->end || *p != ':'))
		return fail(s, p, "expected a colon behind a member's name");
	return p + 1;
}

/* True at {"X":" where X is a capital letter. */
static inline bool opens_tagged(const char *p, const char *end)
{
	static const char shape[8] = "{\"\0\":\"", mask[8] = "\xff\xff\0\xff\xff\xff";
	uint64_t x, m, expected;

	if (UNLIKELY(end - p < (ptrdiff_t)sizeof(x)))
		return false;
	memcpy(&x, p, sizeof(x));
	memcpy(&m, mask, sizeof(m));
	memcpy(&expected, shape, sizeof(expected));
	return (x & m) == expected && (unsigned char)(p[2] - 'A') < 26;
}

/* At {"S":"text"}, returns the closing quote; NULL when anything else is there,
 * malformed or not, which the long way finds out. */
EACH_USE const char *tagged_end(struct scan *s, const char *p, const bool trusted)
{
	if (!opens_tagged(p, s->end) || UNLIKELY(s->depth == SCAN_MAX_DEPTH))
		return NULL;
	p = string_end(s, p + TAGGED_HEAD, trusted);
	return LIKELY(p && s->end - p >= 2 && p[1] == '}') ? p : NULL;
}

/* Passes over the whole value that starts at p (no white space). Containers
 * are counted on the scanner's own stack, so that nothing recurses. */
EACH_USE const char *skip_value(struct scan *s, const char *p, const bool trusted)
{
	const char *const end = s->end;
	const unsigned base = s->depth;
	const char *quote;

value:
	if (UNLIKELY(p == end))
		return fail(s, p, "the text ends where a value is expected");
	if (*p == '"') {
		p = string_end(s, p + 1, trusted);
		if (UNLIKELY(!p))
			return NULL;
		p++;
	} else if (*p == '{') {
		quote = tagged_end(s, p, trusted);
		if (LIKELY(quote)) {
			p = quote + 2;
			goto after;
		}
		if (!push(s, p, true))
			return NULL;
		p = skip_space(p + 1, end);
		if (UNLIKELY(p < end && *p == '}'))
			goto close;
		goto key;
	} else if (*p == '[') {
		if (!push(s, p, false))
			return NULL;
		p = skip_space(p + 1, end);
		if (UNLIKELY(p < end && *p == ']'))
			goto close;
		goto value;
	} else {
		p = skip_scalar(s, p);
		if (UNLIKELY(!p))
			return NULL;
	}
after:
	if (s->depth == base)
		return p;
	p = skip_space(p, end);
	if (UNLIKELY(p == end))
		return fail(s, p, "the text ends inside a container");
	if (*p == ',') {
		p = skip_space(p + 1, end);
		if (!in_object(s))
			goto value;
		goto key;
	}
	if (*p == (in_object(s) ? '}' : ']'))
		goto close;
	return fail(s, p, "expected a comma or the container's end");
key:
	quote = name_end(s, p, trusted);
	if (UNLIKELY(!quote))
		return NULL;
	p = skip_colon(s, quote + 1);
	if (UNLIKELY(!p))
		return NULL;
	p = skip_space(p, end);
	goto value;
close:
	pop(s);
	p++;
	goto after;
}

static const char *skip_strict_value(struct scan *s, const char *p)
{
	return skip_value(s, p, false);
}

static const char *skip_trusted_value(struct scan *s, const char *p)
{
	return skip_value(s, p, true);
}

/* ---- Tokens ---- */

static inline enum scan_type error(struct scan_token *out)
{
	out->text = str_of(NULL, 0);
	return out->type = SCAN_ERROR;
}

/* `text` was read, and everything before `behind`. */
static inline enum scan_type token(struct scan *s, struct scan_token *out, enum scan_type type, struct str text,
				   const char *behind)
{
	s->at = behind;
	out->text = text;
	return out->type = type;
}

static inline void after_value(struct scan *s)
{
	s->state = s->depth ? STATE_AFTER : STATE_LAST;
}

EACH_USE enum scan_type next_key(struct scan *s, struct scan_token *out, const char *p, const bool trusted)
{
	const char *quote, *behind;

	s->escaped = false;
	quote = name_end(s, p, trusted);
	out->escaped = s->escaped;
	if (UNLIKELY(!quote))
		return error(out);
	behind = skip_colon(s, quote + 1);
	if (UNLIKELY(!behind))
		return error(out);
	s->state = STATE_VALUE;
	return token(s, out, SCAN_KEY, str_of(p + 1, (size_t)(quote - p - 1)), behind);
}

static inline enum scan_type next_open(struct scan *s, struct scan_token *out, const char *p, bool object)
{
	if (UNLIKELY(!push(s, p, object)))
		return error(out);
	s->state = object ? STATE_FIRST_KEY : STATE_FIRST_ELEMENT;
	return token(s, out, object ? SCAN_OBJECT_BEGIN : SCAN_ARRAY_BEGIN, str_of(p, 1), p + 1);
}

static inline enum scan_type next_close(struct scan *s, struct scan_token *out, const char *p)
{
	bool object = in_object(s);

	pop(s);
	after_value(s);
	return token(s, out, object ? SCAN_OBJECT_END : SCAN_ARRAY_END, str_of(p, 1), p + 1);
}

EACH_USE enum scan_type next_value(struct scan *s, struct scan_token *out, const char *p, const bool trusted)
{
	const char *behind;

	if (UNLIKELY(p == s->end)) {
		fail(s, p, "the text ends where a value is expected");
		return error(out);
	}
	if (*p == '"') {
		s->escaped = false;
		behind = string_end(s, p + 1, trusted);
		out->escaped = s->escaped;
		if (UNLIKELY(!behind))
			return error(out);
		after_value(s);
		return token(s, out, SCAN_STRING, str_of(p + 1, (size_t)(behind - p - 1)), behind + 1);
	}
	if (*p == '{' || *p == '[')
		return next_open(s, out, p, *p == '{');
	behind = skip_scalar(s, p);
	if (UNLIKELY(!behind))
		return error(out);
	after_value(s);
	return token(s, out, scalar_type(*p), str_of(p, (size_t)(behind - p)), behind);
}

/* Behind a value in a container. */
EACH_USE enum scan_type next_after(struct scan *s, struct scan_token *out, const char *p, const bool trusted)
{
	if (LIKELY(p < s->end && *p == ',')) {
		p = skip_space(p + 1, s->end);
		return in_object(s) ? next_key(s, out, p, trusted) : next_value(s, out, p, trusted);
	}
	if (LIKELY(p < s->end && *p == (in_object(s) ? '}' : ']')))
		return next_close(s, out, p);
	fail(s, p, p == s->end ? "the text ends inside a container" : "expected a comma or the container's end");
	return error(out);
}

/* Behind the outermost value. */
static enum scan_type next_end(struct scan *s, struct scan_token *out, const char *p)
{
	if (s->state == STATE_FAILED)
		return error(out);
	if (p != s->end) {
		fail(s, p, "something stands behind the value");
		return error(out);
	}
	s->state = STATE_END;
	return token(s, out, SCAN_END, str_of(p, 0), p);
}

/* Compact text holds little but ,"name": and "text" of a few bytes: those need no
 * look at the text's end for each byte. Closing quote, or NULL: the long way. */
EACH_USE const char *quick_string_end(const struct scan *s, const char *p, const bool trusted)
{
	enum { BEHIND = 4 };  /* what the callers look at around it */
	unsigned n;

	do {
		if (UNLIKELY(s->end - p < SCAN_BLOCK + BEHIND))
			return NULL;
		n = scan_block_stop(p, trusted);
		p += n;
	} while (n == SCAN_BLOCK);
	return *p == '"' ? p : NULL;
}

EACH_USE enum scan_type quick_key(struct scan *s, struct scan_token *out, const char *p, const bool trusted)
{
	const char *quote = quick_string_end(s, p + 1, trusted);

	if (UNLIKELY(!quote || quote[1] != ':'))
		return SCAN_ERROR;
	s->state = STATE_VALUE;
	return token(s, out, SCAN_KEY, str_of(p + 1, (size_t)(quote - p - 1)), quote + 2);
}

EACH_USE enum scan_type quick_string(struct scan *s, struct scan_token *out, const char *p, const bool trusted)
{
	const char *quote = quick_string_end(s, p + 1, trusted);

	if (UNLIKELY(!quote))
		return SCAN_ERROR;
	after_value(s);
	return token(s, out, SCAN_STRING, str_of(p + 1, (size_t)(quote - p - 1)), quote + 1);
}

/* The tokens of compact text. SCAN_ERROR: nothing was read, it takes the long way. */
EACH_USE enum scan_type quick(struct scan *s, struct scan_token *out, const bool trusted)
{
	const char *p = s->at;

	if (UNLIKELY(s->end - p < 2))
		return SCAN_ERROR;
	if (s->state == STATE_AFTER) {
		if (in_object(s) && p[0] == ',' && p[1] == '"')
			return quick_key(s, out, p + 1, trusted);
		return in_object(s) && p[0] == '}' ? next_close(s, out, p) : SCAN_ERROR;
	}
	if (s->state == STATE_VALUE) {
		if (p[0] == '"')
			return quick_string(s, out, p, trusted);
		return p[0] == '{' ? next_open(s, out, p, true) : SCAN_ERROR;
	}
	return s->state == STATE_FIRST_KEY && p[0] == '"' ? quick_key(s, out, p, trusted) : SCAN_ERROR;
}

EACH_USE enum scan_type next(struct scan *s, struct scan_token *out, const bool trusted)
{
	const char *p = skip_space(s->at, s->end);

	if (s->state == STATE_VALUE)
		return next_value(s, out, p, trusted);
	if (s->state == STATE_AFTER)
		return next_after(s, out, p, trusted);
	if (s->state == STATE_FIRST_KEY)
		return p < s->end && *p == '}' ? next_close(s, out, p) : next_key(s, out, p, trusted);
	if (s->state == STATE_FIRST_ELEMENT)
		return p < s->end && *p == ']' ? next_close(s, out, p) : next_value(s, out, p, trusted);
	return next_end(s, out, p);
}

/* Not inlined, so that the quick way need not save registers for the long one. */
static __attribute__((noinline)) enum scan_type next_strict(struct scan *s, struct scan_token *out)
{
	return next(s, out, false);
}

static __attribute__((noinline)) enum scan_type next_trusted(struct scan *s, struct scan_token *out)
{
	return next(s, out, true);
}

enum scan_type scan_next(struct scan *s, struct scan_token *out)
{
	out->escaped = false;
	if (s->trusted)
		return quick(s, out, true) != SCAN_ERROR ? out->type : next_trusted(s, out);
	return quick(s, out, false) != SCAN_ERROR ? out->type : next_strict(s, out);
}

/* Where a value starts, or NULL when none comes next. */
static const char *value_start(const struct scan *s)
{
	const char *p = skip_space(s->at, s->end);

	if (s->state == STATE_VALUE)
		return p;
	if (s->state == STATE_AFTER && !in_object(s) && p < s->end && *p == ',')
		return skip_space(p + 1, s->end);
	return s->state == STATE_FIRST_ELEMENT && (p == s->end || *p != ']') ? p : NULL;
}

/* Takes the value that starts at p. */
static inline bool take_value(struct scan *s, const char *p, struct str *out)
{
	const char *quote = s->trusted ? tagged_end(s, p, true) : tagged_end(s, p, false), *behind;

	if (LIKELY(quote))
		behind = quote + 2;
	else
		behind = s->trusted ? skip_trusted_value(s, p) : skip_strict_value(s, p);
	if (UNLIKELY(!behind))
		return false;
	*out = str_of(p, (size_t)(behind - p));
	s->at = behind;
	after_value(s);
	return true;
}

bool scan_value(struct scan *s, struct str *out)
{
	const char *p = value_start(s);

	return p && take_value(s, p, out);
}

enum scan_type scan_next_member(struct scan *s, struct scan_token *name, struct str *value)
{
	if (scan_next(s, name) == SCAN_KEY && !take_value(s, skip_space(s->at, s->end), value))
		return error(name);
	return name->type;
}

bool scan_tagged(struct scan *s, char *tag, struct scan_token *content)
{
	const char *p = value_start(s), *quote;

	if (!p)
		return false;
	s->escaped = false;
	quote = s->trusted ? tagged_end(s, p, true) : tagged_end(s, p, false);
	if (!quote)
		return false;
	content->escaped = s->escaped;
	*tag = p[2];
	token(s, content, SCAN_STRING, str_of(p + TAGGED_HEAD, (size_t)(quote - p - TAGGED_HEAD)), quote + 2);
	after_value(s);
	return true;
}

bool scan_failed(const struct scan *s)
{
	return s->state == STATE_FAILED;
}

bool scan_fail(const struct scan *s, struct err *err)
{
	return err_set(err, ERR_DATA, s->problem == DEPTH_PROBLEM ? "json.depth" : "json.syntax",
		       "JSON text is malformed at byte %zu of %zu: %s", (size_t)(s->at - s->begin),
		       (size_t)(s->end - s->begin), s->problem ? s->problem : "expected another kind of value");
}

bool scan_check(struct str json, struct err *err)
{
	struct scan_token end;
	struct str whole;
	struct scan s;

	scan_init(&s, json);
	if (!scan_value(&s, &whole) || scan_next(&s, &end) != SCAN_END)
		return scan_fail(&s, err);
	return true;
}
