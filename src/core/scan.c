#include "sluice/core/scan.h"

#if defined(__SSE2__) && !defined(SCAN_PORTABLE)
#include <emmintrin.h>
#define SCAN_SSE2 1
#else
#define SCAN_SSE2 0
#endif

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

/* Both find the first byte of a string that needs a closer look: a quote or a
 * backslash; in text from outside also a control character or the start of
 * something that is not ASCII. They stop early within the last bytes of the text. */
#if SCAN_SSE2

static inline const char *skip_plain_wide(const char *p, const char *end, bool trusted)
{
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');

	for (; end - p >= 16; p += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i stop = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, backslash));

		/* The comparison is signed: bytes from 0x80 on are below the space, too. */
		if (!trusted)
			stop = _mm_or_si128(stop, _mm_cmplt_epi8(x, space));

		unsigned mask = (unsigned)_mm_movemask_epi8(stop);

		if (mask)
			return p + __builtin_ctz(mask);
	}
	return p;
}

#else

/* Eight bytes in a word: Hacker's Delight, section 6-1, finds bytes below n
 * and bytes equal to c; a false alarm is possible only behind a real one. */
static inline const char *skip_plain_wide(const char *p, const char *end, bool trusted)
{
	const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;

	for (; end - p >= 8; p += 8) {
		uint64_t x;

		memcpy(&x, p, sizeof(x));

		uint64_t quote = x ^ (ones * '"'), backslash = x ^ (ones * '\\');
		uint64_t stop = (x | (x - ones * 0x20) | (quote - ones) | (backslash - ones)) & highs;

		if (stop)
			break;
	}
	(void)trusted;
	return p;
}

#endif

static inline bool is_plain(unsigned char c, bool trusted)
{
	return c != '"' && c != '\\' && (trusted || (c >= 0x20 && c < 0x80));
}

static inline const char *skip_plain(const char *p, const char *end, bool trusted)
{
	p = skip_plain_wide(p, end, trusted);
	while (p < end && is_plain((unsigned char)*p, trusted))
		p++;
	return p;
}

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
static const char *strict_string_end(struct scan *s, const char *p, bool *escaped)
{
	for (;;) {
		p = skip_plain(p, s->end, false);
		if (UNLIKELY(p == s->end))
			return fail(s, p, "the text ends inside a string");
		if (LIKELY(*p == '"'))
			return p;
		if (*p == '\\') {
			*escaped = true;
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

static const char *trusted_string_end(struct scan *s, const char *p, bool *escaped)
{
	for (;;) {
		p = skip_plain(p, s->end, true);
		if (LIKELY(p < s->end && *p == '"'))
			return p;
		if (s->end - p < 2)
			return fail(s, p, "the text ends inside a string");
		*escaped = true;
		p += 2;
	}
}

static inline const char *string_end(struct scan *s, const char *p, bool *escaped)
{
	return s->trusted ? trusted_string_end(s, p, escaped) : strict_string_end(s, p, escaped);
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
static const char *skip_scalar(struct scan *s, const char *p, enum scan_type *type)
{
	switch (*p) {
	case 't':
		*type = SCAN_TRUE;
		return skip_word(s, p, "true", 4);
	case 'f':
		*type = SCAN_FALSE;
		return skip_word(s, p, "false", 5);
	case 'n':
		*type = SCAN_NULL;
		return skip_word(s, p, "null", 4);
	default:
		*type = SCAN_NUMBER;
		if (*p == '-' || is_digit(*p))
			return skip_number(s, p);
		return fail(s, p, "expected a value");
	}
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

/* p is at a name's opening quote: returns what is behind the colon. */
static inline const char *skip_key(struct scan *s, const char *p, bool *escaped, const char **quote)
{
	if (UNLIKELY(p == s->end || *p != '"'))
		return fail(s, p, "expected a member's name in double quotes");
	*escaped = false;
	p = string_end(s, p + 1, escaped);
	if (UNLIKELY(!p))
		return NULL;
	*quote = p;
	p = skip_space(p + 1, s->end);
	if (UNLIKELY(p == s->end || *p != ':'))
		return fail(s, p, "expected a colon behind a member's name");
	return p + 1;
}

/* Passes over the whole value that starts at p (no white space). Containers
 * are counted on the scanner's own stack, so that nothing recurses. */
static const char *skip_value(struct scan *s, const char *p)
{
	const char *const end = s->end;
	const unsigned base = s->depth;
	enum scan_type type;
	const char *quote;
	bool escaped;

value:
	if (UNLIKELY(p == end))
		return fail(s, p, "the text ends where a value is expected");
	if (*p == '"') {
		p = string_end(s, p + 1, &escaped);
		if (UNLIKELY(!p))
			return NULL;
		p++;
	} else if (*p == '{') {
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
		p = skip_scalar(s, p, &type);
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
	p = skip_key(s, p, &escaped, &quote);
	if (UNLIKELY(!p))
		return NULL;
	p = skip_space(p, end);
	goto value;
close:
	pop(s);
	p++;
	goto after;
}

/* ---- Tokens ---- */

/* `behind` is where the scan goes on; NULL: fail() was called. */
static enum scan_type token(struct scan *s, struct scan_token *out, enum scan_type type, const char *behind)
{
	if (UNLIKELY(!behind)) {
		type = SCAN_ERROR;
		out->text = str_of(NULL, 0);
	} else {
		s->at = behind;
	}
	return out->type = type;
}

static inline void after_value(struct scan *s)
{
	s->state = s->depth ? STATE_AFTER : STATE_LAST;
}

static enum scan_type next_string(struct scan *s, struct scan_token *out, const char *p)
{
	const char *quote = string_end(s, p + 1, &out->escaped);

	if (UNLIKELY(!quote))
		return token(s, out, SCAN_ERROR, NULL);
	out->text = str_of(p + 1, (size_t)(quote - p - 1));
	after_value(s);
	return token(s, out, SCAN_STRING, quote + 1);
}

static enum scan_type next_key(struct scan *s, struct scan_token *out, const char *p)
{
	const char *quote, *behind = skip_key(s, p, &out->escaped, &quote);

	if (UNLIKELY(!behind))
		return token(s, out, SCAN_ERROR, NULL);
	out->text = str_of(p + 1, (size_t)(quote - p - 1));
	s->state = STATE_VALUE;
	return token(s, out, SCAN_KEY, behind);
}

static enum scan_type next_open(struct scan *s, struct scan_token *out, const char *p, bool object)
{
	if (!push(s, p, object))
		return token(s, out, SCAN_ERROR, NULL);
	s->state = object ? STATE_FIRST_KEY : STATE_FIRST_ELEMENT;
	out->text = str_of(p, 1);
	return token(s, out, object ? SCAN_OBJECT_BEGIN : SCAN_ARRAY_BEGIN, p + 1);
}

static enum scan_type next_close(struct scan *s, struct scan_token *out, const char *p)
{
	bool object = in_object(s);

	pop(s);
	after_value(s);
	out->text = str_of(p, 1);
	return token(s, out, object ? SCAN_OBJECT_END : SCAN_ARRAY_END, p + 1);
}

static enum scan_type next_value(struct scan *s, struct scan_token *out, const char *p)
{
	const char *behind;
	enum scan_type type;

	if (UNLIKELY(p == s->end))
		return token(s, out, SCAN_ERROR, fail(s, p, "the text ends where a value is expected"));
	if (*p == '"')
		return next_string(s, out, p);
	if (*p == '{')
		return next_open(s, out, p, true);
	if (*p == '[')
		return next_open(s, out, p, false);
	behind = skip_scalar(s, p, &type);
	if (UNLIKELY(!behind))
		return token(s, out, SCAN_ERROR, NULL);
	out->text = str_of(p, (size_t)(behind - p));
	after_value(s);
	return token(s, out, type, behind);
}

enum scan_type scan_next(struct scan *s, struct scan_token *out)
{
	const char *p = skip_space(s->at, s->end);

	out->escaped = false;
	switch ((enum state)s->state) {
	case STATE_VALUE:
		return next_value(s, out, p);
	case STATE_FIRST_KEY:
		return p < s->end && *p == '}' ? next_close(s, out, p) : next_key(s, out, p);
	case STATE_FIRST_ELEMENT:
		return p < s->end && *p == ']' ? next_close(s, out, p) : next_value(s, out, p);
	case STATE_AFTER:
		if (p < s->end && *p == ',') {
			p = skip_space(p + 1, s->end);
			return in_object(s) ? next_key(s, out, p) : next_value(s, out, p);
		}
		if (p < s->end && *p == (in_object(s) ? '}' : ']'))
			return next_close(s, out, p);
		return token(s, out, SCAN_ERROR, fail(s, p, p == s->end ? "the text ends inside a container"
							    : "expected a comma or the container's end"));
	case STATE_LAST:
		if (p != s->end)
			return token(s, out, SCAN_ERROR, fail(s, p, "something stands behind the value"));
		s->state = STATE_END;
		s->at = p;
		/* fall through */
	case STATE_END:
		out->text = str_of(s->end, 0);
		return out->type = SCAN_END;
	case STATE_FAILED:
		break;
	}
	return token(s, out, SCAN_ERROR, NULL);
}

bool scan_value(struct scan *s, struct str *out)
{
	const char *p = skip_space(s->at, s->end), *behind;

	if (s->state == STATE_AFTER && !in_object(s) && p < s->end && *p == ',')
		p = skip_space(p + 1, s->end);
	else if (s->state == STATE_FIRST_ELEMENT && p < s->end && *p == ']')
		return false;
	else if (s->state != STATE_VALUE && s->state != STATE_FIRST_ELEMENT)
		return false;
	behind = skip_value(s, p);
	if (UNLIKELY(!behind))
		return false;
	*out = str_of(p, (size_t)(behind - p));
	s->at = behind;
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

/* Positions s at the value of the member, or leaves it behind the object. */
static bool find_member(struct scan *s, struct str name, struct str *out)
{
	struct scan_token key;
	struct str value;

	if (scan_next(s, &key) != SCAN_OBJECT_BEGIN)
		return false;
	while (scan_next(s, &key) == SCAN_KEY) {
		if (!scan_value(s, &value))
			return false;
		if (key.escaped ? scan_content_eq(key.text, name) : str_eq(key.text, name)) {
			*out = value;
			return true;
		}
	}
	return false;
}

bool scan_member(struct str object, struct str name, struct str *out)
{
	struct scan s;

	scan_init_trusted(&s, object);
	return find_member(&s, name, out);
}

bool scan_element(struct str array, size_t index, struct str *out)
{
	struct scan_token begin;
	struct scan s;

	scan_init_trusted(&s, array);
	if (scan_next(&s, &begin) != SCAN_ARRAY_BEGIN)
		return false;
	do {
		if (!scan_value(&s, out))
			return false;
	} while (index-- > 0);
	return true;
}
