/* lint_groups: the tables of lints, one a file. Known to src/model only. */
#ifndef SLUICE_MODEL_LINT_GROUPS_H
#define SLUICE_MODEL_LINT_GROUPS_H

#include "sluice/model/lint.h"

extern const struct model_lint lint_tables[], lint_items[], lint_patterns[], lint_sizing[], lint_handlers[];
extern const struct model_lint lint_calls[], lint_expressions[], lint_keys[], lint_usage[], lint_design[], lint_collections[];
extern const struct model_lint lint_limits[];

#endif
