/* lint_facts: what sample items, and patterns' puts and updates, show of a table's key attributes (those in
 * AttributeDefinitions). Known to src/model only.
 */
#ifndef SLUICE_MODEL_LINT_FACTS_H
#define SLUICE_MODEL_LINT_FACTS_H

#include "lint_parts.h"

struct attribute_facts {
	bool removed, lacking;               /* an update removes it; an item does not have it: its index is sparse */
	size_t values, times;                /* how many were seen; so many begin with a time, or are one */
	const struct model_call *updated_by; /* the first pattern that sets it in what is there already */
	double updates;                      /* so many a second on average */
};

struct table_facts {
	struct attribute_facts *attributes;  /* in the table's order */
	size_t members;                      /* attributes of the largest item that was seen */
	bool added_to;                       /* patterns or handlers put items into it */
};

/* In the model's order, gone with the lints; NULL, with a finding, where memory or work does not suffice. */
const struct table_facts *facts_read(struct lint *l);

/* NULL: the table does not define it. */
const struct attribute_facts *facts_of(const struct table_facts *of, const struct model_table *t, struct str name);

/* Does the sort key grow with time, as far as values show? */
bool facts_grow(const struct table_facts *of, const struct model_table *t, const struct model_key *key);

#endif
