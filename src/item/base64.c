#include "sluice/item/base64.h"

/* The value of a character, or -1. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes the four characters at p. Returns the bytes, 1 to 3, or 0 when they
 * are malformed. Padding is for the last group only. */
static size_t decode_group(const char *p, bool last, unsigned char out[3])
{
	size_t bytes = !last || p[3] != '=' ? 3 : p[2] != '=' ? 2 : 1;
	uint32_t bits = 0;

	for (size_t i = 0; i < bytes + 1; i++) {
		int value = value_of(p[i]);

		if (value < 0)
			return 0;
		bits |= (uint32_t)value << (18 - 6 * i);
	}
	out[0] = (unsigned char)(bits >> 16);
	out[1] = (unsigned char)(bits >> 8);
	out[2] = (unsigned char)bits;
	/* Bits behind the last byte must be zero: one value has one text. */
	if ((bytes == 2 && out[2]) || (bytes == 1 && (out[1] || out[2])))
		return 0;
	return bytes;
}

bool base64_decode(struct str text, struct buf *out)
{
	unsigned char bytes[3];

	if (text.len % 4 != 0)
		return false;
	for (size_t i = 0; i < text.len; i += 4) {
		size_t n = decode_group(text.ptr + i, i + 4 == text.len, bytes);

		if (n == 0 || !buf_put(out, str_of((const char *)bytes, n)))
			return false;
	}
	return true;
}

bool base64_valid(struct str text)
{
	unsigned char bytes[3];

	if (text.len % 4 != 0)
		return false;
	for (size_t i = 0; i < text.len; i += 4)
		if (decode_group(text.ptr + i, i + 4 == text.len, bytes) == 0)
			return false;
	return true;
}

bool base64_compare(struct str a, struct str b, int *order)
{
	size_t shared = a.len < b.len ? a.len : b.len;

	if (!base64_valid(a) || !base64_valid(b))
		return false;
	*order = 0;
	for (size_t i = 0; i < shared && *order == 0; i += 4) {
		unsigned char x[3], y[3];
		size_t n = decode_group(a.ptr + i, i + 4 == a.len, x);
		size_t m = decode_group(b.ptr + i, i + 4 == b.len, y);

		*order = str_cmp(str_of((const char *)x, n), str_of((const char *)y, m));
	}
	if (*order == 0)
		*order = (a.len > b.len) - (a.len < b.len);
	return true;
}

bool base64_encode(struct str bytes, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = (bytes.len + 2) / 3 * 4;
	char *to = len ? buf_reserve(out, len) : NULL;

	if (!to)
		return len == 0;
	for (size_t i = 0; i < bytes.len; i += 3) {
		const unsigned char *from = (const unsigned char *)bytes.ptr + i;
		size_t left = bytes.len - i;
		uint32_t bits = (uint32_t)from[0] << 16;

		bits |= (left > 1 ? (uint32_t)from[1] << 8 : 0) | (left > 2 ? from[2] : 0);
		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		*to++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[bits & 63] : '=';
	}
	buf_commit(out, len);
	return true;
}
