/* Text is changed where it will stand, at the end of the output: filling a
 * template needs no memory of its own. */
#include "template_impl.h"

#include "letter_case.h"

static struct str tail(const struct buf *b, size_t start)
{
	return b->ptr ? str_of(b->ptr + start, b->len - start) : STR("");
}

/* How a character stands in a JSON string; 0: as itself, 'u': as \u00XX. */
static char escape_letter(unsigned char c)
{
	static const char letters[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
	};

	if (c >= 0x20)
		return c == '"' || c == '\\' ? (char)c : 0;
	return letters[c] ? letters[c] : 'u';
}

static size_t escaped_extra(struct str text)
{
	size_t extra = 0;

	for (size_t i = 0; i < text.len; i++) {
		char letter = escape_letter((unsigned char)text.ptr[i]);

		extra += letter == 0 ? 0 : letter == 'u' ? 5 : 1;
	}
	return extra;
}

bool tail_escape(struct buf *b, size_t start)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = b->len, to, extra = escaped_extra(tail(b, start));

	if (extra == 0)
		return buf_ok(b);
	if (!buf_reserve(b, extra))
		return false;
	buf_commit(b, extra);
	/* Backwards, so that nothing is overwritten before it was read. */
	for (to = b->len; to > from;) {
		unsigned char c = (unsigned char)b->ptr[--from];
		char letter = escape_letter(c);

		if (letter == 'u') {
			to -= 6;
			memcpy(b->ptr + to, "\\u00", 4);
			b->ptr[to + 4] = hex[c >> 4];
			b->ptr[to + 5] = hex[c & 15];
		} else if (letter) {
			b->ptr[--to] = letter;
			b->ptr[--to] = '\\';
		} else {
			b->ptr[--to] = (char)c;
		}
	}
	return true;
}

bool tail_prefix(struct buf *b, size_t start, struct str prefix)
{
	size_t len = b->len - start;

	if (!buf_reserve(b, prefix.len))
		return false;
	buf_commit(b, prefix.len);
	memmove(b->ptr + start + prefix.len, b->ptr + start, len);
	memcpy(b->ptr + start, prefix.ptr, prefix.len);
	return true;
}

/* Room for the letters whose other case is longer. */
static size_t growth(struct str text, uint32_t (*letter)(uint32_t))
{
	size_t gap = 0;
	char bytes[4];

	for (size_t at = 0; at < text.len;) {
		size_t from = at, n = utf8_put(letter(utf8_next(text, &at)), bytes);

		if (n > at - from)
			gap += n - (at - from);
	}
	return gap;
}

bool tail_map(struct buf *b, size_t start, uint32_t (*letter)(uint32_t))
{
	size_t len = b->len - start, gap, to = start;
	struct str text;

	if (len == 0)
		return buf_ok(b);
	gap = growth(tail(b, start), letter);
	if (!buf_reserve(b, gap))
		return false;
	buf_commit(b, gap);
	memmove(b->ptr + start + gap, b->ptr + start, len);
	text = str_of(b->ptr + start + gap, len);
	for (size_t at = 0; at < len;) {
		char bytes[4];
		size_t n = utf8_put(letter(utf8_next(text, &at)), bytes);

		memcpy(b->ptr + to, bytes, n);
		to += n;
	}
	buf_truncate(b, to);
	return true;
}

static void keep(struct buf *b, size_t start, struct str part)
{
	if (part.len)
		memmove(b->ptr + start, part.ptr, part.len);
	buf_truncate(b, start + part.len);
}

void tail_slice(struct buf *b, size_t start, size_t from, size_t to)
{
	struct str text = tail(b, start);
	size_t at = 0, begin = text.len, end = text.len;

	for (size_t n = 0; at < text.len && n <= to; n++) {
		if (n == from)
			begin = at;
		if (n == to)
			end = at;
		utf8_next(text, &at);
	}
	keep(b, start, begin < end ? str_sub(text, begin, end - begin) : STR(""));
}

bool tail_split(struct buf *b, size_t start, struct str separator, size_t piece)
{
	struct str rest = tail(b, start);

	for (;; piece--) {
		size_t at = str_find(rest, separator);

		if (piece == 0) {
			keep(b, start, str_sub(rest, 0, at));
			return true;
		}
		if (at == SIZE_MAX)
			return false;
		rest = str_from(rest, at + separator.len);
	}
}

/* The \uXXXX at p, or -1. */
static int32_t unit_at(const char *p, const char *end)
{
	int32_t unit = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		char c = p[i] | 0x20;

		unit = unit << 4 | (c >= 'a' ? c - 'a' + 10 : p[i] - '0');
	}
	return unit;
}

bool content_is_text(struct str content)
{
	const char *p = content.ptr, *end = p + content.len;

	while (p < end && (p = memchr(p, '\\', (size_t)(end - p)))) {
		int32_t unit = unit_at(p, end);

		if (unit < 0xD800 || unit > 0xDFFF) {
			p += unit < 0 ? 2 : 6;
			continue;
		}
		int32_t low = unit_at(p + 6, end);

		if (unit > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
			return false;
		p += 12;
	}
	return true;
}
