/* lint_groups: the tables of lints, one a file. Known to src/model only. */
#ifndef SLUICE_MODEL_LINT_GROUPS_H
#define SLUICE_MODEL_LINT_GROUPS_H

#include "sluice/model/lint.h"

extern const struct model_lint lint_settings[], lint_tables[], lint_items[], lint_patterns[], lint_sizing[];
extern const struct model_lint lint_handlers[], lint_templates[], lint_audience[], lint_calls[], lint_expressions[];
extern const struct model_lint lint_keys[], lint_usage[], lint_design[], lint_collections[], lint_limits[];

#define EACH_HANDLER(l, h) \
	for (const struct model_handler *h = (l)->model->handlers; h && h < (l)->model->handlers + (l)->model->n_handlers; h++)

/* A TTL value of the year 5000 or later, in seconds: somebody counts milliseconds. */
#define LINT_TTL_FAR_S 95617584000.0

/* Text of a string member; empty where there is none. */
static inline struct str lint_text(const struct node *group, const char *name)
{
	const struct node *n = node_get(group, str_c(name));

	return n && n->kind == NODE_STRING ? n->text : STR("");
}

#endif
