/* lint_groups: the tables of lints, one a file. Known to src/model only. */
#ifndef SLUICE_MODEL_LINT_GROUPS_H
#define SLUICE_MODEL_LINT_GROUPS_H

#include "sluice/model/lint.h"

extern const struct model_lint lint_settings[], lint_tables[], lint_items[], lint_patterns[], lint_sizing[];
extern const struct model_lint lint_handlers[], lint_templates[], lint_audience[];

/* Units a second at the peak. */
struct lint_load {
	double reads, writes;
};

/* What the patterns send to the table (index NULL) or to one of its indexes. Linear in them. */
struct lint_load lint_load_of(const struct model *m, const struct model_table *t, const struct model_index *index);

/* Of all that goes there, what the hottest key takes; 0: not declared. */
double lint_hottest_share(const struct model_size *s);

#define EACH_HANDLER(l, h) \
	for (const struct model_handler *h = (l)->model->handlers; h && h < (l)->model->handlers + (l)->model->n_handlers; h++)

/* Text of a string member; empty where there is none. */
static inline struct str lint_text(const struct node *group, const char *name)
{
	const struct node *n = node_get(group, str_c(name));

	return n && n->kind == NODE_STRING ? n->text : STR("");
}

#endif
