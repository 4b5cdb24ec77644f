/* lint_load: what the patterns put on tables and indexes, in capacity units a second. Known to src/model only.
 *
 * A pattern whose commands could not be read counts as what it says itself (table, index, dynamodb_operation).
 * Sizes are the pattern's, else those of `sizing`. A write goes to each index whose keys or projection it
 * changes, twice where it changes a key; where the pattern has a gsi_list, to those that it names. A local index is
 * written and read on its table's capacity.
 */
#ifndef SLUICE_MODEL_LINT_LOAD_H
#define SLUICE_MODEL_LINT_LOAD_H

#include "lint_parts.h"

struct lint_load {
	double reads, writes;                     /* at the patterns' peaks */
	double average_reads, average_writes;     /* 0: no averages are given */
};

/* Of a table (index NULL), or of a global index of it. */
struct lint_load lint_load_of(struct lint *l, const struct model_table *t, const struct model_index *index);

/* Of all that goes there, what the hottest key takes; 0: not declared. */
double lint_hottest_share(const struct model_size *s);

#endif
