/* What the daemon says of the settings, at the places of the document. */
#include "lint_groups.h"

enum part { PART_SINKS, PART_PIPELINES, PART_HANDLERS };

/* Which list of the document the node stands in. */
static enum part part_of(const struct model *m, const struct node *n)
{
	for (; n && n->parent; n = n->parent)
		if (n == m->sinks)
			return PART_SINKS;
		else if (n == m->pipelines)
			return PART_PIPELINES;
	return PART_HANDLERS;
}

/* A member of a handler itself of that name. */
static bool is_of_handler(const struct node *n, struct str name)
{
	const struct node *handler = n ? n->parent : NULL;
	const struct node *list = handler ? handler->parent : NULL;

	return list && str_eq(list->name, STR("stream_handlers")) && str_eq(n->name, name);
}

static const char *code_of(const struct model *m, const struct problem *p, const struct node *at)
{
	static const char *const codes[] = {
		[PART_SINKS] = "sink-setting", [PART_PIPELINES] = "pipeline-setting", [PART_HANDLERS] = "handler-setting",
	};

	if (p->sort == PROBLEM_LATER)
		return "handler-later";
	if (is_of_handler(at, STR("kind")))
		return "handler-kind";
	if (is_of_handler(at, STR("sink")))
		return "handler-sink";
	if (is_of_handler(at, STR("name")))
		return "handler-name";
	return codes[part_of(m, at)];
}

/* The reader of the document has refused what stands there. */
static bool was_refused(const struct lint *l, const struct node *at)
{
	const struct model_finding *f = l->findings->first;

	for (size_t i = 0; f && i < l->formal && at; f = f->next, i++)
		if (f->severity == FINDING_ERROR && f->line == at->line && f->column == at->column)
			return true;
	return false;
}

/* Those of its own code. */
static void tell(struct lint *l)
{
	const char *fix = l->self->severity == FINDING_WARNING ? "It is not run; what else stands there is checked." : NULL;

	for (const struct problem *p = l->settings ? l->settings->first : NULL; p; p = p->next) {
		const struct node *at = node_origin(p->at);

		if (p->sort != PROBLEM_UNSET && strcmp(code_of(l->model, p, at), l->self->code) == 0 && !was_refused(l, at))
			LINT_FOUND(l, at, fix, "%.*s", STR_ARG(p->text.len ? p->text : STR("the daemon would refuse this")));
	}
}

/* Problems that were not kept have no place. */
static void tell_setting(struct lint *l)
{
	size_t kept = 0;

	tell(l);
	for (const struct problem *p = l->settings ? l->settings->first : NULL; p; p = p->next)
		kept++;
	if (l->settings && kept < l->settings->count)
		LINT_FOUND(l, NULL, "Mend those that are shown first.", "%zu more problems of sinks, pipelines and handlers",
			   l->settings->count - kept);
}

const struct model_lint lint_settings[] = {
	{ "sink-setting", FINDING_ERROR, "A sink's setting that the daemon would refuse.", tell },
	{ "pipeline-setting", FINDING_ERROR, "A pipeline's setting that the daemon would refuse.", tell },
	{ "handler-setting", FINDING_ERROR, "A handler's setting that the daemon would refuse.", tell_setting },
	{ "handler-kind", FINDING_ERROR, "A handler of an unknown kind.", tell },
	{ "handler-sink", FINDING_ERROR, "A handler whose sink is not there, or does not fit it.", tell },
	{ "handler-name", FINDING_ERROR, "A handler's name that the daemon refuses, or that its pipeline has twice.", tell },
	{ "handler-later", FINDING_WARNING, "What this version does not run.", tell },
	{ 0 },
};
