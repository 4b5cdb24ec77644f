/* json_write: writes JSON text into a buf, with commas and escapes put in.
 *
 *   struct json_writer w;
 *   json_write_init(&w, &body);
 *   json_begin_object(&w);
 *   json_key(&w, STR("TableName")); json_str(&w, table);
 *   json_end_object(&w);
 *
 * Misuse (a value without a key in an object) is a bug and asserts in debug
 * builds. When the buf is full the writer goes on writing nothing; ask
 * buf_ok() at the end.
 */
#ifndef SLUICE_CORE_JSON_WRITE_H
#define SLUICE_CORE_JSON_WRITE_H

#include "sluice/core/buf.h"

enum { JSON_WRITE_MAX_DEPTH = 128 };

struct json_writer {
	struct buf *out;
	unsigned depth;
	bool comma;      /* the next value needs one in front */
	bool keyed;      /* a member's name is written, its value is not */
	uint64_t objects[JSON_WRITE_MAX_DEPTH / 64];  /* bit set: an object, else an array */
};

void json_write_init(struct json_writer *w, struct buf *out);

void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);

/* A member's name, plain text; it is escaped. */
void json_key(struct json_writer *w, struct str name);

/* A member's name that is JSON string content already (between its quotes). */
void json_key_escaped(struct json_writer *w, struct str name);

/* A string, plain UTF-8 text; it is escaped. Bytes that are no UTF-8 become U+FFFD. */
void json_str(struct json_writer *w, struct str text);

/* A string whose content is escaped JSON already. */
void json_str_escaped(struct json_writer *w, struct str content);

void json_int(struct json_writer *w, int64_t n);
void json_uint(struct json_writer *w, uint64_t n);
void json_bool(struct json_writer *w, bool b);
void json_null(struct json_writer *w);

/* A value that is valid JSON text already, copied as it is. */
void json_raw(struct json_writer *w, struct str json);

/* Short forms for members. */
void json_member_str(struct json_writer *w, struct str name, struct str text);
void json_member_int(struct json_writer *w, struct str name, int64_t n);
void json_member_bool(struct json_writer *w, struct str name, bool b);
void json_member_raw(struct json_writer *w, struct str name, struct str json);

/* Escapes text as JSON string content, without the quotes: only what must be
 * (quote, backslash, control characters), so that equal text has one form. */
bool json_escape(struct buf *out, struct str text);

#endif
