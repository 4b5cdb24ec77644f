/* sequence: stream sequence numbers (21 to 40 decimal digits). They compare as
 * zero-padded strings; 40 digits pass what DynamoDB's N can hold (38).
 */
#ifndef SLUICE_ITEM_SEQUENCE_H
#define SLUICE_ITEM_SEQUENCE_H

#include "sluice/core/err.h"

enum { SEQUENCE_DIGITS = 40 };

struct sequence {
	char digits[SEQUENCE_DIGITS + 1];  /* zero-padded, NUL-terminated; "" : none */
};

/* 1..40 digits. DATA "sequence.malformed" otherwise. */
bool sequence_parse(struct str text, struct sequence *out, struct err *err);

/* "None" is below all. */
int sequence_compare(const struct sequence *a, const struct sequence *b);

static inline bool sequence_is_none(const struct sequence *s) { return s->digits[0] == '\0'; }
static inline struct str sequence_str(const struct sequence *s) { return str_c(s->digits); }

/* Without the padding, as the service writes it (at least 21 digits). */
struct str sequence_wire(const struct sequence *s);

/* How far a handler has come in a shard, or where a shard starts: everything up
 * to and with `sequence` is done; `v` is the version of that record (DESIGN:
 * ordering tokens), and where sequence is none the v that the next record must
 * pass. */
struct position {
	struct sequence sequence;
	uint64_t v;
};

#endif
