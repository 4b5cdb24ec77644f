/* cost_parts: what the files of model/cost*.c share. */
#ifndef SLUICE_MODEL_COST_PARTS_H
#define SLUICE_MODEL_COST_PARTS_H

#include "sluice/model/cost.h"

enum {
	COST_ATTRIBUTES_MAX = 400,
	COST_INDEXES_MAX = 100,      /* of a table: the service has 25 without asking */
	COST_LIST_MAX = 5000,        /* elements of the reference tool's lists */
};

/* Which attributes a command writes, as far as its text shows. */
struct cost_attributes {
	struct str names[COST_ATTRIBUTES_MAX];
	size_t n;
	bool known;        /* false: any attribute may change */
	bool whole_item;   /* names are all that the item has; else: what changes in it */
};

/* Never fails: what cannot be read is not known. Names live in the arena or the text. */
void cost_attributes_of(struct cost_attributes *out, enum cost_operation op, struct str command, struct arena *a);

/* Whether a write of these attributes writes into the index; *key_changes: also its key. */
bool cost_index_touched(const struct model_table *t, const struct model_index *index,
			const struct cost_attributes *attributes, bool *key_changes);

/* The table of the input by name; NULL. */
const struct cost_table *cost_table_of(const struct cost_input *in, struct str name);
const struct cost_index *cost_index_of(const struct cost_table *t, struct str name);

/* At the member of an object node, or at the object when it has none of that name. */
const struct node *cost_at(const struct node *object, struct str member);

/* A pattern's gsi_list: names, or objects { name, gsi_key_changes }. Appends to pattern->writes,
 * which has room for every index of its table. */
void cost_read_index_list(struct cost_pattern *p, const struct node *list, bool key_changes,
			  struct findings_list *findings);

bool cost_no_memory(struct arena *a, struct err *err);

#endif
