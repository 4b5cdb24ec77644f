/* item_key: is a value good for a key attribute, and which items have the same key? Of nodes as
 * attribute_check.h has them. Known to src/model only.
 */
#ifndef SLUICE_MODEL_ITEM_KEY_H
#define SLUICE_MODEL_ITEM_KEY_H

#include "sluice/core/buf.h"
#include "sluice/model/document.h"

/* Developer Guide, "Quotas": of a partition key's value, of a sort key's. */
enum { KEY_HASH_BYTES = 2048, KEY_RANGE_BYTES = 1024 };

enum key_fault { KEY_FINE, KEY_OTHER_TYPE, KEY_EMPTY, KEY_TOO_LONG };

/* A value of that type and size for the attribute, of which max bytes are allowed. */
enum key_fault key_fault_of(const struct model_attribute *a, enum value_type type, size_t bytes, size_t max);

/* The same of {"S": "…"}; what is wrong stands in `text`, for people: "the key attribute …". */
enum { KEY_TEXT_BYTES = 400 };
enum key_fault key_fault_text(const struct model_attribute *a, const struct node *value, const char *whose, size_t max,
			      char text[KEY_TEXT_BYTES]);

/* What goes with it as advice; NULL for none. */
const char *key_fault_fix(enum key_fault fault);

/* The item's key as text: two items have the same key when their texts are equal (1 and 1.0 are). False when
 * it lacks an attribute of it, or the buf is full. */
bool item_key_write(const struct model_key *key, const struct node *item, struct buf *out);

#endif
