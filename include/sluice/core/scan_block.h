/* scan_block: where the plain part of a JSON string ends, a block of bytes at a time:
 * SSE2 where the compiler has it, else a word (SCAN_PORTABLE forces that, for tests).
 *
 * What ends it is a quote or a backslash and, in text that is not `trusted`, also a
 * control character or the start of something that is not ASCII.
 */
#ifndef SLUICE_CORE_SCAN_BLOCK_H
#define SLUICE_CORE_SCAN_BLOCK_H

#include "sluice/core/str.h"

static inline bool scan_is_plain(char c, const bool trusted)
{
	return c != '"' && c != '\\' && (trusted || (unsigned char)(c - 0x20) < 0x60);
}

#if defined(__SSE2__) && !defined(SCAN_PORTABLE)

#include <emmintrin.h>

enum { SCAN_BLOCK = 16 };

/* The offset of the first byte that is not plain in the SCAN_BLOCK bytes at p, or
 * SCAN_BLOCK. */
static inline __attribute__((always_inline)) unsigned scan_block_stop(const char *p, const bool trusted)
{
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i stop = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, backslash));

	/* The comparison is signed: bytes from 0x80 on are below the space, too. */
	if (!trusted)
		stop = _mm_or_si128(stop, _mm_cmplt_epi8(x, space));
	return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(stop) | 1u << SCAN_BLOCK);
}

#else

enum { SCAN_BLOCK = 8 };

/* Hacker's Delight, section 6-1, finds bytes below n and bytes equal to c in a
 * word, with false alarms only behind a real one. */
static inline unsigned scan_block_stop(const char *p, const bool trusted)
{
	const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
	unsigned at = 0;
	uint64_t x;

	memcpy(&x, p, sizeof(x));

	uint64_t quote = x ^ (ones * '"'), backslash = x ^ (ones * '\\');

	if (!((x | (x - ones * 0x20) | (quote - ones) | (backslash - ones)) & highs))
		return SCAN_BLOCK;
	while (at < SCAN_BLOCK && scan_is_plain(p[at], trusted))
		at++;
	return at;
}

#endif

/* The first byte in [p, end) that is not plain, or end. */
static inline const char *scan_plain_end(const char *p, const char *end, const bool trusted)
{
	while (end - p >= SCAN_BLOCK) {
		unsigned n = scan_block_stop(p, trusted);

		p += n;
		if (n < SCAN_BLOCK)
			return p;
	}
	while (p < end && scan_is_plain(*p, trusted))
		p++;
	return p;
}

#endif
