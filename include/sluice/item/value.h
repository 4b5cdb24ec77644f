/* value: DynamoDB attribute values, read in place.
 *
 * {"S": "text"} is a value of type S whose raw span is the JSON string content
 * between the quotes, still escaped. Nothing is copied and no tree is made: a map
 * is walked by scanning its span again (core/scan, trusted), so a value may only
 * be made of text that a validating scan has passed: a page's record, or an
 * answer that went through value_parse().
 *
 * Numbers stay text end to end (item/number).
 */
#ifndef SLUICE_ITEM_VALUE_H
#define SLUICE_ITEM_VALUE_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/core/err.h"
#include "sluice/core/scan.h"

enum value_type {
	VALUE_NONE,  /* absent */
	VALUE_S,     /* raw: string content, escaped */
	VALUE_N,     /* raw: the number's text */
	VALUE_B,     /* raw: base64 text */
	VALUE_BOOL,  /* raw: true or false */
	VALUE_NULL,  /* raw: true */
	VALUE_M,     /* raw: the JSON object {"name": {"S": ..}, ..} */
	VALUE_L,     /* raw: the JSON array [{"S": ..}, ..] */
	VALUE_SS,    /* raw: the JSON array ["..", ..] */
	VALUE_NS,
	VALUE_BS,
};

/* How deep DynamoDB nests maps and lists inside an item. */
enum { VALUE_MAX_DEPTH = 32 };

struct value {
	enum value_type type;
	struct str raw;
};

/* "S", "N", ... */
const char *value_type_name(enum value_type type);

/* The type of that name, or VALUE_NONE. */
enum value_type value_type_of(struct str name);

/* Reads {"S": ..} at `json`, validated text. DATA "value.malformed" when it is
 * no attribute value (unknown type, several types, wrong JSON type inside). */
bool value_read(struct str json, struct value *out, struct err *err);

/* An image (Keys, NewImage, Item): an object of attributes, as a value of type M. */
static inline struct value value_image(struct str object)
{
	return (struct value){ object.len ? VALUE_M : VALUE_NONE, object };
}

/* Validates text from outside as JSON and as attribute values all the way down
 * (also numbers and base64; depth 32), then reads it as value_read() does. DATA:
 * the codes of scan_check(), "value.malformed", "value.depth", "number.*". */
bool value_parse(struct str json, struct value *out, struct err *err);

/* The same for an object of attributes (an Item of an answer). */
bool value_parse_image(struct str object, struct value *out, struct err *err);

/* Walks a map's attributes or a list's or set's elements. */
struct value_iter {
	struct scan scan;
	enum value_type type;  /* of the container */
	bool escaped;          /* the last name holds a backslash */
};

void value_iter_init(struct value_iter *it, struct value container);

/* The next element; name (NULL allowed) gets a map's attribute name, escaped
 * content. Elements of sets have type S, N or B. False at the end (err->class is
 * ERR_NONE then) or when an element is no attribute value (DATA). What is no
 * container has no elements. */
bool value_iter_next(struct value_iter *it, struct str *name, struct value *out, struct err *err);

/* The attribute of that plain name in a map; VALUE_NONE and false if absent. */
bool value_get(struct value map, struct str name, struct value *out);

/* Text of S (unescaped into the arena only when it holds escapes), N, B, BOOL.
 * False with DATA for other types and lone surrogates, FATAL at the arena's cap. */
bool value_text(struct value v, struct arena *a, struct str *out, struct err *err);

/* Equality as DynamoDB sees it: numbers by value, sets regardless of order,
 * maps regardless of order, escapes resolved. */
bool value_eq(struct value a, struct value b);

/* DynamoDB's order of sort keys: both S or both B by unsigned bytes, both N by
 * value. Other types, or different ones: false. *order gets <0, 0, >0. */
bool value_compare(struct value a, struct value b, int *order);

/* Writes {"S": ..} back, as it came. False for VALUE_NONE. */
bool value_write(struct value v, struct buf *out);

/* Writes plain JSON: S a string, N a number (exact text; a number in a form that
 * JSON does not know is normalised), B a base64 string, sets arrays, M, L,
 * BOOL, NULL as such. DATA when something inside is malformed (nothing is written
 * then); FATAL "buf.full" when out has less room than the value's own text. */
bool value_write_plain(struct value v, struct buf *out, struct err *err);

#endif
