/* lint: what a data model gets wrong, or will regret. Each lint is a row of a table: its code, how
 * bad it is, what it is about, and a function over the whole model that adds what it finds.
 *
 * A group of lints is a table of its own file (src/model/lint_*.c), named in lint.c. Pure: no I/O.
 * Findings of lints are added behind those of model_parse(), which looks at form alone.
 */
#ifndef SLUICE_MODEL_LINT_H
#define SLUICE_MODEL_LINT_H

#include "sluice/core/problem.h"
#include "sluice/model/document.h"

/* What only the program that runs handlers knows; filled in by app (app/model_settings.h). */
struct model_kinds {
	/* Notes what the daemon would refuse in stream_sinks, stream_pipelines and stream_handlers, at
	 * nodes that lead to the model's by node_origin(). Does no I/O. */
	void (*check)(const struct model *m, struct problems *problems);
};

struct model_calls;
struct lint_memo;
struct model_lint;

/* One run of one lint. Memory and work are bounded whatever the document is; where a bound is met,
 * there is an error ("lint-memory", "lint-work"): what was not looked at has not passed. */
struct lint {
	const struct model *model;
	const struct model_calls *calls; /* of its commands, as far as memory went */
	struct findings_list *findings;
	struct arena *scratch;           /* gone when all lints have run */
	struct arena *step;              /* for one step of a lint, see lint_step(); gone when it has run */
	uint64_t work;                   /* steps that this lint may still make */
	bool spent;                      /* it wanted more */
	const struct problems *settings; /* of model_kinds.check(); NULL: not checked */
	size_t formal;                   /* so many findings were there before all lints */
	struct lint_memo *memo;          /* what several lints look at, made by the first of them */
	const struct model_lint *self;
};

struct model_lint {
	const char *code;                /* stable; NULL ends a table */
	enum finding_severity severity;
	const char *about;               /* one sentence, for documentation */
	void (*run)(struct lint *l);
};

/* A lint goes through each pair, chain, … of a small model; a step is a look at one of them, or at
 * some 32 bytes. */
enum { LINT_WORK_MAX = 4000000 };

/* Takes `steps` of the lint's work. False where they are used up, once with a finding at `at`: the
 * lint ends there. */
bool lint_works(struct lint *l, uint64_t steps, const struct node *at);

/* An empty arena for what the lint does next. */
struct arena *lint_step(struct lint *l);

/* A finding: memory at its cap, `at` was not looked at to the end. */
void lint_no_memory(struct lint *l, const struct node *at);

/* Adds one of its own code and severity at a node (NULL: the document). fix: literal text or NULL. */
#define LINT_FOUND(l, at, fix, ...) \
	finding_add((l)->findings, (l)->self->severity, (l)->self->code, at, fix, __VA_ARGS__)

/* Runs all lints; a model that was read in part is linted as far as it was read. kinds NULL:
 * settings of sinks, pipelines and handlers are not checked. */
void model_lint(const struct model *m, const struct model_kinds *kinds, struct findings_list *findings);

/* All tables, ended by NULL: for documentation and tests. */
extern const struct model_lint *const model_lints[];

#endif
