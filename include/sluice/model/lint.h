/* lint: what a data model gets wrong, or will regret. Each lint is a row of a table: its code, how
 * bad it is, what it is about, and a function over the whole model that adds what it finds.
 *
 * A group of lints is a table of its own file (src/model/lint_*.c), named in lint.c. Pure: no I/O.
 * Findings of lints are added behind those of model_parse(), which looks at form alone.
 */
#ifndef SLUICE_MODEL_LINT_H
#define SLUICE_MODEL_LINT_H

#include "sluice/model/document.h"

struct model_calls;
struct model_lint;

/* One run of one lint. */
struct lint {
	const struct model *model;
	const struct model_calls *calls; /* of its commands, as far as memory went: then short_of_memory is set */
	struct findings_list *findings;
	struct arena *scratch;           /* gone when all lints have run */
	const struct model_lint *self;
	size_t work;                     /* steps that are left to lints whose work could grow faster than the text */
	bool short_of_memory, short_of_work;  /* something was not looked into: the last lints say so */
};

struct model_lint {
	const char *code;                /* stable; NULL ends a table */
	enum finding_severity severity;
	const char *about;               /* one sentence, for documentation */
	void (*run)(struct lint *l);
};

/* Adds one of its own code and severity at a node (NULL: the document). fix: literal text or NULL. */
#define LINT_FOUND(l, at, fix, ...) \
	finding_add((l)->findings, (l)->self->severity, (l)->self->code, at, fix, __VA_ARGS__)

/* Runs all lints; a model that was read in part is linted as far as it was read. */
void model_lint(const struct model *m, struct findings_list *findings);

/* All tables, ended by NULL: for documentation and tests. */
extern const struct model_lint *const model_lints[];

#endif
