/* base64: RFC 4648, section 4, as DynamoDB writes values of binary type. */
#ifndef SLUICE_ITEM_BASE64_H
#define SLUICE_ITEM_BASE64_H

#include "sluice/core/buf.h"

/* Appends the bytes. False when the text is no base64 with its padding (out may
 * hold a part then) or out is full. */
bool base64_decode(struct str text, struct buf *out);

bool base64_valid(struct str text);

/* Appends the bytes as base64 with its padding. False when out is full. */
bool base64_encode(struct str bytes, struct buf *out);

/* Order of the decoded bytes: <0, 0, >0. False when one is no base64. */
bool base64_compare(struct str a, struct str b, int *order);

#endif
