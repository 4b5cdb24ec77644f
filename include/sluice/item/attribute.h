/* attribute: members of an item, written as attribute values: "name": {"S": "…"}.
 * For rows that sluice makes itself; what came from DynamoDB is written back by
 * value_write().
 */
#ifndef SLUICE_ITEM_ATTRIBUTE_H
#define SLUICE_ITEM_ATTRIBUTE_H

#include "sluice/core/json_write.h"

void attribute_str(struct json_writer *w, const char *name, struct str text);
void attribute_uint(struct json_writer *w, const char *name, uint64_t n);
void attribute_int(struct json_writer *w, const char *name, int64_t n);
void attribute_bool(struct json_writer *w, const char *name, bool b);

/* A map: its members are written between the two. */
void attribute_begin_map(struct json_writer *w, struct str name);
void attribute_end_map(struct json_writer *w);

#endif
