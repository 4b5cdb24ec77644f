/* Where handlers read, and where they write. */
#include "lint_groups.h"

#include "sluice/core/mem.h"

enum { SHOWN = 60, TABLE_SHOWN = 255 };

static void handler_source(struct lint *l)
{
	EACH_HANDLER(l, h)
		if (h->source.len && !h->table)
			LINT_FOUND(l, node_get(h->at, STR("source")), NULL, "there is no table \"%.*s\"",
				   STR_ARG(str_sub(h->source, 0, TABLE_SHOWN)));
}

static void handler_stream(struct lint *l)
{
	EACH_HANDLER(l, h)
		if (h->table && !h->table->stream)
			LINT_FOUND(l, h->at, "Give it {\"StreamEnabled\": true, \"StreamViewType\": \"NEW_AND_OLD_IMAGES\"}.",
				   "the table %.*s has no stream", STR_ARG(str_sub(h->table->name, 0, TABLE_SHOWN)));
}

/* --- pipelines ------------------------------------------------------------- */

#define EACH_PIPELINE(l, p) \
	for (const struct node *p = (l)->model->pipelines ? (l)->model->pipelines->first : NULL; p; p = p->next)

static struct str pipeline_name(const struct node *p)
{
	struct str name = lint_text(p, "name");

	return name.len ? name : lint_text(p, "table");
}

static void pipeline_table(struct lint *l)
{
	EACH_PIPELINE(l, p) {
		struct str table = lint_text(p, "table");

		if (table.len && !model_table(l->model, table))
			LINT_FOUND(l, node_get(p, STR("table")), NULL, "there is no table \"%.*s\"",
				   STR_ARG(str_sub(table, 0, TABLE_SHOWN)));
	}
}

/* How many pipelines read its source; how many of these are the one that it names. */
static void count_pipelines(struct lint *l, const struct model_handler *h, size_t *reading, size_t *named)
{
	*reading = *named = 0;
	EACH_PIPELINE(l, p)
		if (str_eq(lint_text(p, "table"), h->source)) {
			++*reading;
			*named += str_eq(pipeline_name(p), h->pipeline);
		}
}

static void handler_pipeline(struct lint *l)
{
	EACH_HANDLER(l, h) {
		size_t reading, named;

		count_pipelines(l, h, &reading, &named);
		if (h->pipeline.len && l->model->pipelines && named == 0)
			LINT_FOUND(l, node_get(h->at, STR("pipeline")), NULL,
				   "stream_pipelines has no pipeline \"%.*s\" that reads %.*s",
				   STR_ARG(str_sub(h->pipeline, 0, SHOWN)), STR_ARG(str_sub(h->source, 0, TABLE_SHOWN)));
		else if (h->pipeline.len == 0 && reading > 1)
			LINT_FOUND(l, h->at, "Name one of them: \"pipeline\": \"…\".", "%zu pipelines read %.*s: which is this handler's?",
				   reading, STR_ARG(str_sub(h->source, 0, TABLE_SHOWN)));
	}
}

/* --- targets --------------------------------------------------------------- */

static const struct model_table *target_of(const struct model *m, const struct model_handler *h)
{
	return model_table(m, lint_text(h->at, "table"));
}

static void handler_target(struct lint *l)
{
	EACH_HANDLER(l, h) {
		struct str table = lint_text(h->at, "table");

		if (table.len && !target_of(l->model, h))
			LINT_FOUND(l, node_get(h->at, STR("table")), "Describe it under \"tables\": what derives its rows needs its key.",
				   "there is no table \"%.*s\"", STR_ARG(str_sub(table, 0, TABLE_SHOWN)));
	}
}

/* --- keys of derived rows ---------------------------------------------------- */

static bool is_of_key(const struct model_table *t, struct str name)
{
	return (t->key.n_hash && str_eq(t->key.hash[0]->name, name)) || (t->key.n_range && str_eq(t->key.range[0]->name, name));
}

static void check_has(struct lint *l, const struct node *group, const struct model_table *t, const struct model_attribute *a)
{
	if (!node_get(group, a->name))
		LINT_FOUND(l, group, "Give every attribute of the target's key.", "it lacks \"%.*s\", a key attribute of %.*s",
			   STR_ARG(str_sub(a->name, 0, TABLE_SHOWN)), STR_ARG(str_sub(t->name, 0, TABLE_SHOWN)));
}

/* A counter's and a view's `key` is that; an inbox's `item` has it among others. */
static void check_row_key(struct lint *l, const struct model_table *t, const struct node *group, bool alone)
{
	for (size_t i = 0; i < t->key.n_hash && i < 1; i++)
		check_has(l, group, t, t->key.hash[i]);
	for (size_t i = 0; i < t->key.n_range && i < 1; i++)
		check_has(l, group, t, t->key.range[i]);
	for (const struct node *n = alone ? group->first : NULL; n; n = n->next)
		if (!is_of_key(t, n->name))
			LINT_FOUND(l, n, "Name the target's key alone; other attributes go into \"set\".", "\"%.*s\" is no key attribute of %.*s",
				   STR_ARG(str_sub(n->name, 0, TABLE_SHOWN)), STR_ARG(str_sub(t->name, 0, TABLE_SHOWN)));
}

static void handler_key(struct lint *l)
{
	EACH_HANDLER(l, h) {
		const struct model_table *t = target_of(l->model, h);
		bool fanout = str_eq(h->kind, STR("fanout")), derives = str_eq(h->kind, STR("counter")) || str_eq(h->kind, STR("view"));
		const struct node *group = fanout || derives ? node_get(h->at, fanout ? STR("item") : STR("key")) : NULL;

		if (t && group && group->kind == NODE_OBJECT && lint_works(l, 1 + group->count, group))
			check_row_key(l, t, group, derives);
	}
}

/* Rows of counters and views are marked, and the daemon demands a `where`; an inbox's are not. */
static void handler_feeds_itself(struct lint *l)
{
	EACH_HANDLER(l, h) {
		bool unmarked = str_eq(h->kind, STR("fanout")) || str_eq(h->kind, STR("copy"));

		if (unmarked && h->table && target_of(l->model, h) == h->table && !node_get(h->at, STR("filter")) &&
		    !node_get(h->at, STR("where")))
			LINT_FOUND(l, node_get(h->at, STR("table")), "Write to another table, or filter its own rows out.",
				   "it writes to the table that it reads: each row that it writes is its next event");
	}
}

enum { UNSEEN, OPEN, CLOSED };

struct search {
	struct lint *lint;
	const struct model *model;
	const struct model_table **targets;   /* of each handler */
	char *state;                          /* of each table */
	const struct model_handler *back;     /* the handler that closes a cycle */
};

/* Depth-first; as deep as there are tables at most, which are 500. */
static void visit(struct search *s, const struct model_table *t)
{
	const struct model *m = s->model;

	s->state[t - m->tables] = OPEN;
	if (!lint_works(s->lint, m->n_handlers, t->at))
		return;
	for (size_t i = 0; i < m->n_handlers && !s->back; i++) {
		const struct model_table *to = s->targets[i];

		/* Rows in the source table itself are told apart by `where`. */
		if (m->handlers[i].table != t || !to || to == t)
			continue;
		if (s->state[to - m->tables] == OPEN)
			s->back = &m->handlers[i];
		else if (s->state[to - m->tables] == UNSEEN)
			visit(s, to);
	}
	s->state[t - m->tables] = CLOSED;
}

static void handler_cycle(struct lint *l)
{
	const struct model *m = l->model;
	struct search s = { .lint = l, .model = m };

	s.targets = mem_array(m->n_handlers, sizeof(*s.targets));
	s.state = mem_array(m->n_tables, 1);
	for (size_t i = 0; i < m->n_handlers; i++)
		s.targets[i] = target_of(m, &m->handlers[i]);
	for (size_t i = 0; i < m->n_tables && !s.back; i++)
		if (s.state[i] == UNSEEN)
			visit(&s, &m->tables[i]);
	if (s.back)
		LINT_FOUND(l, s.back->at, "Let one of the handlers derive from where the data begins.",
			   "handlers feed each other in a circle: what %.*s writes to %.*s comes back to %.*s",
			   STR_ARG(str_sub(s.back->name, 0, SHOWN)), STR_ARG(str_sub(lint_text(s.back->at, "table"), 0, TABLE_SHOWN)),
			   STR_ARG(str_sub(s.back->source, 0, TABLE_SHOWN)));
	mem_free(s.targets);
	mem_free(s.state);
}

const struct model_lint lint_handlers[] = {
	{ "handler-source", FINDING_ERROR, "A handler of a table that is not there.", handler_source },
	{ "handler-stream", FINDING_ERROR, "A handler of a table without a stream.", handler_stream },
	{ "pipeline-table", FINDING_ERROR, "A pipeline of a table that is not there.", pipeline_table },
	{ "handler-pipeline", FINDING_ERROR, "A handler whose pipeline is not there, or not named.", handler_pipeline },
	{ "handler-target", FINDING_ERROR, "A handler that writes to a table that is not there.", handler_target },
	{ "handler-key", FINDING_ERROR, "A handler whose rows have another key than its target.", handler_key },
	{ "handler-feeds-itself", FINDING_ERROR, "A handler whose own rows are its next events.", handler_feeds_itself },
	{ "handler-cycle", FINDING_ERROR, "Handlers that feed each other.", handler_cycle },
	{ 0 },
};
