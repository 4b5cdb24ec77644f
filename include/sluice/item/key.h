/* key: the canonical form of an item's key: compact plain JSON of the key
 * attributes sorted by name, numbers normalised. Equal keys have equal text. It
 * is the ordering token of an item, forward's Kafka key, index's default id.
 * Values of binary type are base64 strings; the form is for identity, not for
 * reading back.
 */
#ifndef SLUICE_ITEM_KEY_H
#define SLUICE_ITEM_KEY_H

#include "sluice/item/value.h"

/* Appends the canonical text of `keys` (type M; 1 or 2 attributes of S, N, B).
 * DATA "key.malformed" otherwise. */
bool key_write(struct value keys, struct buf *out, struct err *err);

/* The same, into an arena. */
bool key_text(struct value keys, struct arena *a, struct str *out, struct err *err);

#endif
