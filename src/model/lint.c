#include "lint_groups.h"

#include "sluice/model/call.h"

enum { SCRATCH_MAX = 64 << 20, WORK_MAX = 50000000 };

const struct model_lint *const model_lints[] = {
	lint_tables, lint_items, lint_patterns, lint_sizing, lint_handlers, lint_calls, lint_expressions, lint_keys,
	lint_usage, lint_design, lint_collections, lint_limits, NULL,
};

/* False where memory did not suffice for all; what was half read is left out. */
static bool read_calls(struct model_calls *calls, const struct model *m, struct arena *memory)
{
	bool ok = model_calls_read(calls, m, memory, NULL);

	if (!ok && calls->n_calls)
		calls->n_calls--;
	return ok;
}

void model_lint(const struct model *m, struct findings_list *findings)
{
	struct arena scratch, memory;
	struct model_calls calls;
	struct lint l = { .model = m, .findings = findings, .scratch = &scratch, .calls = &calls, .work = WORK_MAX };

	arena_init(&memory, MODEL_CALLS_BYTES);
	arena_init(&scratch, SCRATCH_MAX);
	l.short_of_memory = !read_calls(&calls, m, &memory);
	for (size_t i = 0; model_lints[i]; i++)
		for (l.self = model_lints[i]; l.self->code; l.self++)
			l.self->run(&l);
	arena_release(&scratch);
	arena_release(&memory);
}
