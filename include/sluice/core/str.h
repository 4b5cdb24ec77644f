/* str: borrowed text, a pointer and a length. Not NUL-terminated, may hold any
 * byte, owns nothing: whoever made the bytes keeps them alive. Passed by value.
 */
#ifndef SLUICE_CORE_STR_H
#define SLUICE_CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *ptr;
	size_t len;
};

/* A str of a string literal. */
#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })

/* The same where a constant initialiser is wanted (tables). */
#define STR_INIT(literal) { "" literal, sizeof(literal) - 1 }

/* printf("%.*s", STR_ARG(s)) */
#define STR_ARG(s) ((int)(s).len), ((s).ptr ? (s).ptr : "")

static inline struct str str_of(const char *ptr, size_t len)
{
	return (struct str){ ptr, len };
}

/* Borrows a C string; NULL gives the empty str. */
static inline struct str str_c(const char *c)
{
	return (struct str){ c, c ? strlen(c) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Byte order, shorter first; <0, 0, >0. */
int str_cmp(struct str a, struct str b);

bool str_eq_nocase(struct str a, struct str b); /* ASCII only */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/* The part from byte `from` (clamped) on, or `len` bytes of it at most. */
struct str str_from(struct str s, size_t from);
struct str str_sub(struct str s, size_t from, size_t len);

/* Offset of the first occurrence, or SIZE_MAX. An empty needle is at 0. */
size_t str_find(struct str s, struct str needle);
size_t str_find_char(struct str s, char c);

/* Without ASCII white space at both ends. */
struct str str_trim(struct str s);

/* Cuts the text before the first `sep` off *rest and returns it; *rest moves
 * behind the separator. At the last piece *rest becomes {NULL, 0}; loop while
 * rest.ptr is not NULL. */
struct str str_split(struct str *rest, char sep);

/* Whole text as a decimal number; false when it is anything else or too large. */
bool str_to_i64(struct str s, int64_t *out);
bool str_to_u64(struct str s, uint64_t *out);

/* True when the bytes are well-formed UTF-8 (Unicode 15, table 3-7: no
 * surrogates, no overlong forms, nothing above U+10FFFF). */
bool str_utf8_valid(struct str s);

/* Levenshtein distance, for "did you mean"; gives up above 8 and returns 9. */
unsigned str_distance(struct str a, struct str b);

/* FNV-1a, 64 bits: for hash tables inside the process, never stored. */
uint64_t str_hash(struct str s);

#endif
