/* sim/item: an item of the simulated DynamoDB: names (plain) and attribute values
 * (JSON text), in the order they were written; and the expressions over it:
 * conditions with AND OR NOT ( ) = <> < <= > >= BETWEEN IN attribute_exists
 * attribute_not_exists begins_with, updates with SET (+ - if_not_exists), ADD of
 * numbers, REMOVE. Paths are top-level attributes; anything else is a
 * ValidationException that says what this model lacks.
 */
#ifndef SLUICE_SIM_ITEM_H
#define SLUICE_SIM_ITEM_H

#include "sluice/item/value.h"

struct sim_attribute {
	char *name, *value;
};

struct sim_item {
	struct sim_attribute *list;
	size_t n;
};

void sim_item_release(struct sim_item *item);

/* From an attribute-value JSON object, validated. False: no such object. */
bool sim_item_read(struct str json, struct sim_item *out, struct err *err);
void sim_item_copy(const struct sim_item *from, struct sim_item *out);

/* VALUE_NONE when absent. Borrowed until the item changes. */
struct value sim_item_get(const struct sim_item *item, struct str name);
void sim_item_set(struct sim_item *item, struct str name, struct str value_json);
void sim_item_remove(struct sim_item *item, struct str name);
void sim_item_write(const struct sim_item *item, struct buf *out);
size_t sim_item_bytes(const struct sim_item *item);

/* What stands for #names and :values in a request's expressions. */
struct sim_names {
	struct str names, values;   /* JSON objects, or empty */
};

/* DATA: the message of a ValidationException. item NULL: there is none. */
bool sim_condition(struct str text, const struct sim_names *n, const struct sim_item *item, bool *holds, struct err *err);
bool sim_update(struct str text, const struct sim_names *n, struct sim_item *item, struct err *err);

/* Every #name and :value given must be used by one of the texts, as DynamoDB
 * demands. */
bool sim_names_used(const struct sim_names *n, const struct str *texts, size_t n_texts, struct err *err);

#endif
