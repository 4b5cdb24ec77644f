/* scan: a zero-copy JSON tokenizer (RFC 8259), strict, over text in memory.
 *
 * It makes no tree: a reader pulls tokens, each a span of the text. Two uses:
 *
 *  - scan_init() for text from outside: everything is validated as it is read:
 *    grammar, escapes, numbers, no control characters in strings, no trailing
 *    garbage, UTF-8, depth and size limits.
 *  - scan_init_trusted() for a span that a validating scan has passed already:
 *    the same walk without the checks, for reading images again and again.
 *
 * Duplicate names in an object are not refused here (cJSON accepts them too);
 * who looks a name up takes the first.
 */
#ifndef SLUICE_CORE_SCAN_H
#define SLUICE_CORE_SCAN_H

#include "sluice/core/err.h"

enum { SCAN_MAX_DEPTH = 128 };

enum scan_type {
	SCAN_END,     /* the text is over (exactly one value was read) */
	SCAN_ERROR,
	SCAN_OBJECT_BEGIN,
	SCAN_OBJECT_END,
	SCAN_ARRAY_BEGIN,
	SCAN_ARRAY_END,
	SCAN_KEY,     /* text: the member name between its quotes, still escaped */
	SCAN_STRING,  /* text: the content between its quotes, still escaped */
	SCAN_NUMBER,  /* text: the number as written */
	SCAN_TRUE,
	SCAN_FALSE,
	SCAN_NULL,
};

struct scan_token {
	enum scan_type type;
	bool escaped;     /* KEY, STRING: the text holds at least one backslash */
	struct str text;  /* OBJECT_ and ARRAY_: the bracket, where the container starts or ends */
};

struct scan {
	const char *at, *end, *begin;
	bool trusted;
	bool escaped;     /* the string read last holds a backslash */
	uint8_t state;
	unsigned depth;
	uint64_t stack[SCAN_MAX_DEPTH / 64];  /* a bit a container, set: object; innermost lowest */
	const char *problem;                  /* static text once SCAN_ERROR was returned */
};

void scan_init(struct scan *s, struct str json);
void scan_init_trusted(struct scan *s, struct str json);

/* The next token. After SCAN_ERROR or SCAN_END it stays there. */
enum scan_type scan_next(struct scan *s, struct scan_token *out);

/* Directly behind SCAN_KEY, or where an element is expected: passes over one
 * whole value and gives its span. False on an error or where no value is (then,
 * in an array, scan_next() gives SCAN_ARRAY_END). */
bool scan_value(struct scan *s, struct str *out);

/* In an object: its next member, the name and the span of the whole value.
 * SCAN_KEY, or what scan_next() gives instead: SCAN_OBJECT_END, SCAN_ERROR. */
enum scan_type scan_next_member(struct scan *s, struct scan_token *name, struct str *value);

/* Where a value is expected: takes an object like {"S":"text"}, with one member
 * whose name is a capital letter and whose value is a string, in one step. False
 * for everything else, or with white space inside: read it the long way then. */
bool scan_tagged(struct scan *s, char *tag, struct scan_token *content);

/* True once the text was found malformed. */
bool scan_failed(const struct scan *s);

/* Fills err (class DATA, code "json.syntax", for nesting "json.depth") with what
 * was wrong and the byte offset; returns false. */
bool scan_fail(const struct scan *s, struct err *err);

/* Validates a whole text: one value, nothing behind it. */
bool scan_check(struct str json, struct err *err);

/* True when the text is a number as JSON writes it. */
bool scan_is_number(struct str text);

/* Turns escaped string content into plain text: \uXXXX with surrogate pairs.
 * A lone surrogate is DATA "json.surrogate", no room FATAL "json.size". Appends
 * to out. */
struct buf;
bool scan_unescape(struct str content, struct buf *out, struct err *err);

/* True when escaped content equals the plain text; nothing is allocated. */
bool scan_content_eq(struct str content, struct str plain);

/* Order of two contents by the bytes of their plain text: <0, 0, >0. False when
 * one holds a lone surrogate. Nothing is allocated. */
bool scan_content_compare(struct str a, struct str b, int *order);

/* In a validated object: the span of the first member with that (plain) name.
 * In a validated array: an element. False when it is not there. */
bool scan_member(struct str object, struct str name, struct str *out);
bool scan_element(struct str array, size_t index, struct str *out);

#endif
