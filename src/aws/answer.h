/* answer: reads members of a service's JSON answers without a tree. An answer
 * that is not as the API says is RETRY "aws.answer": it is asked for again.
 */
#ifndef SLUICE_AWS_ANSWER_H
#define SLUICE_AWS_ANSWER_H

#include "sluice/core/arena.h"
#include "sluice/core/err.h"
#include "sluice/core/scan.h"

/* Reads one answer; after the first wrong member ok is false and stays so. */
struct answer {
	struct arena *arena;    /* where text is put; at its cap ok becomes false too */
	const char *operation;
	bool ok;
	struct err *err;
};

/* Validates the text; false (and a->ok) unless it is one JSON object. */
bool answer_begin(struct answer *a, const char *operation, struct str text, struct arena *arena, struct err *err);

/* Fills err and clears a->ok. */
void answer_wrong(struct answer *a, const char *what);

/* A member's span that begins with '{' or '['; empty when it is absent or null,
 * wrong when it is anything else. */
struct str answer_object(struct answer *a, struct str object, const char *name);
struct str answer_array(struct answer *a, struct str object, const char *name);

/* A string member as plain text in the arena; empty when absent or null. */
struct str answer_text(struct answer *a, struct str object, const char *name);

/* As answer_text(), but absent or empty is wrong. */
struct str answer_needed_text(struct answer *a, struct str object, const char *name);

/* A number member's whole part; 0 when absent. */
int64_t answer_seconds(struct answer *a, struct str object, const char *name);

bool answer_true(struct answer *a, struct str object, const char *name);

/* Walks an array of objects: answer_each() begins, answer_next() gives the next
 * one; false at the end and (then a->ok is false) at what is no object. */
void answer_each(struct scan *it, struct str array);
bool answer_next(struct answer *a, struct scan *it, struct str *object);

#endif
