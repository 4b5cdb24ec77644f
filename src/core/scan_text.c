/* What stands between a JSON string's quotes, as plain text. Content has passed
 * a validating scan, but these functions stay inside its bounds if it has not. */
#include "sluice/core/scan.h"

#include "sluice/core/buf.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind \u at p, or -1. */
static int32_t read_hex(const char *p, const char *end)
{
	int32_t unit = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static unsigned encode_utf8(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

static const char *read_unicode(const char *p, const char *end, char out[4], unsigned *n)
{
	int32_t high = read_hex(p, end), low;

	if (high < 0 || (high >= 0xDC00 && high <= 0xDFFF))
		return NULL;
	if (high < 0xD800 || high > 0xDBFF) {
		*n = encode_utf8((uint32_t)high, out);
		return p + 6;
	}
	low = read_hex(p + 6, end);
	if (low < 0xDC00 || low > 0xDFFF)
		return NULL;
	*n = encode_utf8(0x10000 + ((uint32_t)(high - 0xD800) << 10) + (uint32_t)(low - 0xDC00), out);
	return p + 12;
}

/* The escape at p as *n plain bytes; returns what is behind it, or NULL for a
 * lone surrogate. */
static const char *read_escape(const char *p, const char *end, char out[4], unsigned *n)
{
	static const char plain[128] = {
		['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b',
		['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
	};

	if (end - p < 2 || (unsigned char)p[1] >= sizeof(plain))
		return NULL;
	if (p[1] == 'u')
		return read_unicode(p, end, out, n);
	out[0] = plain[(unsigned char)p[1]];
	*n = 1;
	return out[0] ? p + 2 : NULL;
}

bool scan_unescape(struct str content, struct buf *out, struct err *err)
{
	const char *p = content.len ? content.ptr : "", *end = p + content.len;

	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		const char *behind;
		char bytes[4];
		unsigned n;

		if (!slash)
			slash = end;
		buf_put(out, str_of(p, (size_t)(slash - p)));
		if (slash == end)
			break;
		behind = read_escape(slash, end, bytes, &n);
		if (!behind)
			return err_set(err, ERR_DATA, "json.surrogate",
				       "a string holds half a surrogate pair at its byte %zu, which is no character",
				       (size_t)(slash - content.ptr));
		buf_put(out, str_of(bytes, n));
		p = behind;
	}
	if (!buf_ok(out))
		return err_set(err, ERR_FATAL, "json.size", "a string of %zu bytes does not fit into the %zu bytes left for it",
			       content.len, out->max);
	return true;
}

/* Reads content byte by byte as plain text. */
struct reader {
	const char *p, *end;
	char bytes[4];
	unsigned n, at;
};

enum { READ_END = -1, READ_BAD = -2 };

static struct reader reader_of(struct str content)
{
	const char *p = content.len ? content.ptr : "";

	return (struct reader){ .p = p, .end = p + content.len };
}

static int read_byte(struct reader *r)
{
	if (r->at < r->n)
		return (unsigned char)r->bytes[r->at++];
	if (r->p == r->end)
		return READ_END;
	if (*r->p != '\\')
		return (unsigned char)*r->p++;
	r->p = read_escape(r->p, r->end, r->bytes, &r->n);
	if (!r->p) {
		r->p = r->end;
		return READ_BAD;
	}
	r->at = 1;
	return (unsigned char)r->bytes[0];
}

bool scan_content_eq(struct str content, struct str plain)
{
	struct reader r = reader_of(content);

	for (size_t i = 0; i < plain.len; i++)
		if (read_byte(&r) != (unsigned char)plain.ptr[i])
			return false;
	return read_byte(&r) == READ_END;
}

bool scan_content_compare(struct str a, struct str b, int *order)
{
	struct reader left = reader_of(a), right = reader_of(b);
	int x, y;

	if (!memchr(left.p, '\\', a.len) && !memchr(right.p, '\\', b.len)) {
		*order = str_cmp(a, b);
		return true;
	}
	do {
		x = read_byte(&left);
		y = read_byte(&right);
	} while (x == y && x >= 0);
	*order = x - y;
	/* What comes behind the first difference does not matter to the order, but
	 * content that is no text has none. */
	while (x >= 0)
		x = read_byte(&left);
	while (y >= 0)
		y = read_byte(&right);
	return x == READ_END && y == READ_END;
}
