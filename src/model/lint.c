#include "lint_parts.h"

/* Commands as large as they may be need more than MODEL_CALLS_BYTES; those that people write, a tenth. */
enum { SCRATCH_MAX = 64 << 20, SETTINGS_MAX = 64 << 20, COMMANDS_MAX = MODEL_CALLS_BYTES / 2 };

const struct model_lint *const model_lints[] = {
	lint_limits, lint_settings, lint_tables, lint_items, lint_patterns, lint_sizing, lint_handlers, lint_templates, lint_audience,
	lint_calls, lint_expressions, lint_keys, lint_usage, lint_design, lint_collections, NULL,
};

bool lint_works(struct lint *l, uint64_t steps, const struct node *at)
{
	if (steps <= l->work) {
		l->work -= steps;
		return true;
	}
	if (!l->spent)
		finding_add(l->findings, FINDING_ERROR, "lint-work", at,
			    "A model needs few sample items and handlers; leave out what is alike.",
			    "the document is too large for all that \"%s\" compares: it was not looked at beyond this place",
			    l->self->code);
	l->work = 0;
	l->spent = true;
	return false;
}

struct arena *lint_step(struct lint *l)
{
	arena_reset(l->step);
	return l->step;
}

void lint_no_memory(struct lint *l, const struct node *at)
{
	finding_add(l->findings, FINDING_ERROR, "lint-memory", at, "Make what stands here smaller.",
		    "\"%s\" needs more than %zu bytes of memory here: it was not looked at to the end", l->self->code,
		    l->step->max);
}

static void run_all(struct lint *l)
{
	for (size_t i = 0; model_lints[i]; i++)
		for (l->self = model_lints[i]; l->self->code; l->self++) {
			l->work = LINT_WORK_MAX;
			l->spent = false;
			l->self->run(l);
		}
}

/* What was half read is left out. */
static void read_calls(struct lint *l, struct model_calls *calls, struct arena *memory)
{
	bool read = model_calls_read(calls, l->model, memory, NULL);

	l->memo->all_calls = read && calls->n_left_out == 0;
	if (read)
		return;
	calls->n_calls -= calls->n_calls > 0;
	finding_add(l->findings, FINDING_ERROR, "lint-memory", NULL, "Cut the model into several files.",
		    "the commands need more than %zu bytes of memory: those after the first %zu were not looked at", memory->max,
		    calls->n_calls);
}

void model_lint(const struct model *m, const struct model_kinds *kinds, struct findings_list *findings)
{
	struct arena scratch, step, settings, commands;
	struct lint_memo memo = { 0 };
	struct model_calls calls;
	struct problems problems;
	struct lint l = {
		.model = m, .findings = findings, .scratch = &scratch, .step = &step, .formal = findings->kept,
		.calls = &calls, .memo = &memo,
	};

	arena_init(&scratch, SCRATCH_MAX);
	arena_init(&step, SCRATCH_MAX);
	arena_init(&settings, SETTINGS_MAX);
	problems_init(&problems, &settings);
	arena_init(&commands, COMMANDS_MAX);
	read_calls(&l, &calls, &commands);
	if (kinds) {
		kinds->check(m, &problems);
		l.settings = &problems;
	}
	run_all(&l);
	arena_release(&commands);
	arena_release(&settings);
	arena_release(&step);
	arena_release(&scratch);
}
