/* json: JSON documents as trees, for everything but stream records (core/scan).
 * The only file that touches cJSON, and the wall around what it does loosely:
 * names compare exactly, text behind the value is refused, strings with \u0000
 * are refused (cJSON cuts them), integers that a double cannot hold are refused
 * rather than rounded when read as integers, nesting over 128 is refused before
 * cJSON recurses, invalid UTF-8 is refused.
 */
#ifndef SLUICE_CORE_JSON_H
#define SLUICE_CORE_JSON_H

#include "sluice/core/err.h"

struct json;  /* one value of a tree; children are owned by the root */

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* A tree of one whole text of at most max_bytes. NULL with err: DATA, code
 * "json.syntax" with the byte offset, "json.size", "json.depth", "json.nul",
 * "json.number" (beyond a double's range, or over 63 characters).
 * The caller frees the root with json_free(). */
struct json *json_parse(struct str text, size_t max_bytes, struct err *err);
void json_free(struct json *root);

enum json_type json_type(const struct json *j);
const char *json_type_name(enum json_type type); /* "an object", "a string", ... */

/* Lookups accept NULL and give NULL, so that they chain. */
const struct json *json_get(const struct json *object, const char *name);
const struct json *json_at(const struct json *array, size_t index);
size_t json_count(const struct json *container);

/* Iteration over an array's elements or an object's members. */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *child);
struct str json_name(const struct json *member);

/* Typed reads; false when j is NULL or of another type. The text lives as long
 * as the tree. json_get_int is false for fractions and from 2^53 on. */
bool json_get_str(const struct json *j, struct str *out);
bool json_get_int(const struct json *j, int64_t *out);
bool json_get_real(const struct json *j, double *out);
bool json_get_bool(const struct json *j, bool *out);

/* Writes the value as compact JSON text. Whole numbers below 2^53 are written as
 * such, others with the fewest digits that read back the same. */
struct buf;
bool json_print(const struct json *j, struct buf *out);

#endif
