/* cost_fixture: a document or lists as JSON text, and what they cost. */
#ifndef SLUICE_COST_FIXTURE_H
#define SLUICE_COST_FIXTURE_H

#include "support/test.h"

#include "sluice/core/node.h"
#include "sluice/model/cost.h"

#include <math.h>
#include <stdio.h>

struct cost_fixture {
	struct model model;
	struct arena arena;
	struct findings_list findings;
	struct cost_input input;
	struct cost cost;
	struct err err;
};

/* ` stands for the quotes of JSON. In the arena. */
static inline struct str cost_json(struct arena *a, const char *text)
{
	struct str copy = arena_dup(a, str_c(text));

	for (size_t i = 0; i < copy.len; i++)
		if (copy.ptr[i] == '`')
			((char *)copy.ptr)[i] = '"';
	return copy;
}

/* What is wrong, and what it costs; the document's own findings (of form) are not among them. */
static inline void cost_of_document(struct cost_fixture *f, const char *text, double factor)
{
	struct findings_list form;

	*f = (struct cost_fixture){ .cost = { .factor = 0 } };
	arena_init(&f->arena, 256 << 20);
	findings_list_init(&form, &f->arena, NULL);
	findings_list_init(&f->findings, &f->arena, NULL);
	if (!model_parse(&f->model, cost_json(&f->arena, text), "model.json", &form))
		fail_msg("no document: %.*s", STR_ARG(form.first->text));
	assert_true(cost_from_model(&f->input, &f->model, &f->arena, &f->findings, &f->err));
	cost_check(&f->input, &f->findings);
	assert_true(cost_compute(&f->cost, &f->input, &prices_default, factor, &f->arena, &f->err));
}

/* { "access_pattern_list": …, "table_list": … } */
static inline void cost_of_lists(struct cost_fixture *f, const char *text)
{
	const struct node *root;

	*f = (struct cost_fixture){ .cost = { .factor = 0 } };
	arena_init(&f->arena, 256 << 20);
	findings_list_init(&f->findings, &f->arena, NULL);
	root = node_from_json(&f->arena, cost_json(&f->arena, text), NULL, &f->err);
	assert_non_null(root);
	assert_true(cost_from_lists(&f->input, &(struct cost_lists){ node_get(root, STR("access_pattern_list")),
								   node_get(root, STR("table_list")) },
				    &f->arena, &f->findings, &f->err));
	cost_check(&f->input, &f->findings);
	findings_list_sort(&f->findings);
	assert_true(cost_compute(&f->cost, &f->input, &prices_default, 1, &f->arena, &f->err));
}

static inline void cost_fixture_release(struct cost_fixture *f)
{
	model_release(&f->model);
	arena_release(&f->arena);
}

/* How many findings of a code there are. */
static inline size_t cost_found(const struct cost_fixture *f, const char *code)
{
	size_t n = 0;

	for (const struct model_finding *i = f->findings.first; i; i = i->next)
		n += strcmp(i->code, code) == 0;
	return n;
}

/* Equal but for rounding. */
static inline void assert_near(double got, double expected)
{
	double margin = fabs(expected) * 1e-9;

	if (!(fabs(got - expected) <= margin))
		fail_msg("got %.15g, expected %.15g", got, expected);
}

#endif
