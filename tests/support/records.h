/* records: stream records for tests, written briefly.
 *
 * Texts may use ' for ", and images are plain JSON: {'id': 'a', 'n': 5} becomes
 * {"id": {"S": "a"}, "n": {"N": "5"}}. A member {'$SS': [..]} ($NS, $BS, $B) gives
 * the types that plain JSON does not have.
 */
#ifndef SLUICE_SUPPORT_RECORDS_H
#define SLUICE_SUPPORT_RECORDS_H

#include "sluice/core/node.h"
#include "sluice/item/page.h"

struct record_spec {
	const char *event;    /* "INSERT", "MODIFY", "REMOVE"; NULL: by the images */
	const char *old_image, *new_image;  /* NULL: none */
	const char *keys;     /* NULL: the images' attribute id */
};

enum { RECORDS_FIRST_V = 1000, RECORDS_TIME_S = 1760000000 };

/* A page as GetRecords would give it: sequence numbers 100…001 and on, v from
 * RECORDS_FIRST_V on, time RECORDS_TIME_S, event ids "event-0" and on. Fails the
 * test when the text is none. Free with page_unref(). */
struct page *records_page(const struct record_spec *specs, size_t n);

/* Appends plain JSON as one attribute value. */
void records_write_value(const struct node *n, struct buf *out);

/* The text with ' turned into " (or back), in the arena, NUL-terminated. */
char *records_quotes(struct arena *a, const char *text);
void records_unquote(char *text);

/* A tree of such a text. */
struct node *records_node(struct arena *a, const char *text);

/* An attribute map of such a text, as a value of type M. */
struct value records_image(struct arena *a, const char *text);

#endif
