/* attribute_check: attribute values in a document's tree, each mistake at its own place; and
 * what they weigh. Known to src/model only.
 */
#ifndef SLUICE_MODEL_ATTRIBUTE_CHECK_H
#define SLUICE_MODEL_ATTRIBUTE_CHECK_H

#include "sluice/item/value.h"
#include "sluice/model/finding.h"

/* An object of attributes: {"name": {"S": "…"}, …}. False with findings "value-…". */
bool attribute_check_item(struct findings_list *f, const struct node *item);

/* Bytes of a valid item as DynamoDB counts them (Developer Guide, "DynamoDB item sizes and
 * formats"): names and texts in UTF-8, binary decoded, a number about half a byte a digit and
 * one, 3 a map or list and 1 for each element in it. */
size_t attribute_item_bytes(const struct node *item);

/* Of one valid attribute value ({"S": "…"}): its type, its content, its size. */
enum value_type attribute_type(const struct node *value);
size_t attribute_bytes(const struct node *value);

#endif
