#include "lint_groups.h"

enum { SCRATCH_MAX = 64 << 20 };

/* Lints over commands and expressions join here as tables of their own. */
const struct model_lint *const model_lints[] = {
	lint_tables, lint_items, lint_patterns, lint_sizing, lint_handlers, NULL,
};

void model_lint(const struct model *m, struct findings_list *findings)
{
	struct arena scratch;
	struct lint l = { .model = m, .findings = findings, .scratch = &scratch };

	arena_init(&scratch, SCRATCH_MAX);
	for (size_t i = 0; model_lints[i]; i++)
		for (l.self = model_lints[i]; l.self->code; l.self++)
			l.self->run(&l);
	arena_release(&scratch);
}
