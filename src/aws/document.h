/* document: reads members of JSON text that holds secrets: no tree, so that no
 * copies of them stay behind. What is wrong is AUTH "credentials.document"; the
 * error names the member, never its value.
 */
#ifndef SLUICE_AWS_DOCUMENT_H
#define SLUICE_AWS_DOCUMENT_H

#include "sluice/core/buf.h"
#include "sluice/core/err.h"

/* Reads one document; after the first wrong member ok is false and stays so. */
struct document {
	struct str object;      /* its text, validated */
	const char *what;       /* for people: "the metadata service's answer" */
	bool ok;
	struct err *err;
};

enum document_need { DOCUMENT_OPTIONAL, DOCUMENT_NEEDED };

/* Validates the text; false (and d->ok) unless it is one JSON object. */
bool document_begin(struct document *d, struct str text, const char *what, struct err *err);

/* The object below d with that name; not ok when there is none. */
struct document document_object(struct document *d, const char *name);

/* Fills err and clears d->ok. */
void document_wrong(struct document *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A string member as plain text, in the place of what *out held; empty when it is
 * absent or null. A needed one is not empty. */
void document_text(struct document *d, const char *name, enum document_need need, struct buf *out);

/* A member with a time (RFC 3339) in ms of Unix time; 0 when absent, else from 1 to
 * the end of the year 9999. */
void document_time(struct document *d, const char *name, enum document_need need, int64_t *unix_ms);

/* A whole number; 0 when absent. */
void document_int(struct document *d, const char *name, enum document_need need, int64_t *out);

/* What a server says of itself in a member, printable and cut; empty when there is
 * nothing that can be read. Not for members that are secrets. */
void document_say(const struct document *d, const char *name, char *out, size_t size);

#endif
