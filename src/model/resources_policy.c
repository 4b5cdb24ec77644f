#include "resources_parts.h"

#include "sluice/handlers/handler.h"

enum {
	POLICY_BYTES = 6144,         /* of a managed policy, without white space */
	STATEMENT_BYTES = 200,       /* its Sid, effect, actions, braces */
	ARN_BYTES = 70,              /* partition, region, account and the quotes around a name */
	WHAT_BYTES = 200,
};

/* --- statements ------------------------------------------------------------ */

static struct draft_statement *statement_of(struct draft *p, const struct table_rights *table, const struct sink_rights *sink)
{
	struct draft_statement *s = p->statements;

	for (; s < p->statements + p->n_statements; s++)
		if (s->table == table && s->sink == sink)
			return s;
	if (p->n_statements == DRAFT_STATEMENTS)
		return NULL;
	p->n_statements++;
	*s = (struct draft_statement){ .table = table, .sink = sink };
	return s;
}

static bool same_sink(const struct rights_arn *a, const struct rights_arn *b)
{
	return str_eq(a->region, b->region) && str_eq(a->account, b->account) && str_eq(a->name, b->name) &&
	       str_eq(a->under, b->under);
}

static bool same_arn(const struct draft_arn *a, const struct draft_arn *b)
{
	return a->kind == b->kind && a->table == b->table && str_eq(a->index, b->index) && a->unknown == b->unknown &&
	       (a->kind != ARN_SINK || same_sink(&a->sink, &b->sink));
}

static bool add_arn(struct draft *p, struct draft_statement *s, const struct draft_arn *a)
{
	if (!s)
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (same_arn(&s->arns[i], a))
			return true;
	if (s->n == s->max) {
		size_t max = s->max ? 2 * s->max : 8;
		struct draft_arn *more = arena_array(&p->arena, max, sizeof(*more));

		if (!more)
			return false;
		if (s->n)
			memcpy(more, s->arns, s->n * sizeof(*more));
		s->arns = more;
		s->max = max;
	}
	s->arns[s->n++] = *a;
	return true;
}

/* --- tables ---------------------------------------------------------------- */

/* A table that the model lacks is refused by the lints. */
static bool grant_table(struct draft *p, const struct table_rights *rights, enum draft_arn_kind kind,
			const struct model_table *t, struct str index)
{
	struct draft_arn a = { .kind = kind, .index = index };
	const struct draft_arn whole = { .kind = ARN_TABLE, .table = t ? (size_t)(t - p->model->tables) : 0 };

	if (!t)
		return true;
	a.table = whole.table;
	return add_arn(p, statement_of(p, &rights_of_tables, NULL), &whole) && add_arn(p, statement_of(p, rights, NULL), &a);
}

static bool grant_audience(struct draft *p, const struct node *entry)
{
	const struct model_table *queried = model_table(p->model, draft_text_at(entry, "table"));
	const struct model_table *scanned = model_table(p->model, draft_text_at(entry, "scan"));
	struct str index = draft_text_at(entry, "index");

	return grant_table(p, &rights_of_query, index.len ? ARN_INDEX : ARN_TABLE, queried, index) &&
	       grant_table(p, &rights_of_scan, ARN_TABLE, scanned, STR(""));
}

/* --- sinks ----------------------------------------------------------------- */

static const struct node *sink_named(const struct model *m, struct str name)
{
	for (const struct node *n = m->sinks ? m->sinks->first : NULL; n && name.len; n = n->next)
		if (str_eq(draft_text_at(n, "name"), name))
			return n;
	return NULL;
}

/* The same address of the same sink is asked for once. */
static bool add_unknown(struct draft *p, const struct sink_rights *r, const struct node *sink, struct str address, size_t *place)
{
	struct str name = draft_text_at(sink, "name");
	struct str what = arena_putf(&p->arena, "the ARN of what the sink %.*s (%s) sends to: %s \"%.*s\" does not tell it",
				     STR_ARG(str_sub(name, 0, 60)), r->kind, r->address ? r->address : "its url",
				     STR_ARG(str_sub(address, 0, 80)));
	struct draft_unknown *u;

	for (*place = 0; *place < p->n_unknowns; ++*place)
		if (str_eq(p->unknowns[*place].what, what))
			return true;
	if (p->n_unknowns == p->max_unknowns)
		return false;
	u = &p->unknowns[p->n_unknowns++];
	*u = (struct draft_unknown){ .what = what, .service = r->service };
	return what.ptr && draft_id(p, name, p->format == RESOURCES_CLOUDFORMATION ? "Arn" : "_arn", &u->id);
}

/* place: the group with the address: a handler or a dead letter. */
static bool grant_sink(struct draft *p, const struct node *sink, const struct node *place)
{
	const struct sink_rights *r = sink ? rights_of_sink(sink) : NULL;
	struct draft_arn a = { .kind = ARN_SINK };
	struct str address, region = sink ? draft_text_at(sink, "region") : STR("");

	if (!r)
		return true;
	a.service = r->service;
	address = r->address ? draft_text_at(place, r->address) : draft_text_at(sink, "url");
	if (!r->read(address, r->under ? draft_text_at(place, r->under) : STR(""), &a.sink)) {
		a = (struct draft_arn){ .kind = ARN_UNKNOWN };
		return add_unknown(p, r, sink, address, &a.unknown) && add_arn(p, statement_of(p, NULL, r), &a);
	}
	if (a.sink.region.len == 0 && region.len && str_find_char(region, '$') == SIZE_MAX && !a.sink.global)
		a.sink.region = region;
	return add_arn(p, statement_of(p, NULL, r), &a);
}

static const struct node *dead_letter_of(const struct draft *p, const struct model_handler *h)
{
	const struct node *own = node_get(node_get(h->at, STR("on_failure")), STR("dead_letter"));
	struct str name = h->pipeline.len ? h->pipeline : h->source;

	for (const struct node *n = p->model->pipelines && !own ? p->model->pipelines->first : NULL; n; n = n->next)
		if (str_eq(draft_text_at(n, "name"), name) || (!node_get(n, STR("name")) && str_eq(draft_text_at(n, "table"), name)))
			return node_get(node_get(n, STR("on_failure")), STR("dead_letter"));
	return own;
}

static bool grant_dead_letter(struct draft *p, const struct node *letter)
{
	if (!letter || letter->kind != NODE_OBJECT)
		return true; /* a string is a file sink's name */
	return grant_sink(p, sink_named(p->model, draft_text_at(letter, "sink")), letter);
}

/* --- handlers -------------------------------------------------------------- */

static bool is_disabled(const struct model_handler *h)
{
	const struct node *enabled = node_get(h->at, STR("enabled"));

	return enabled && enabled->kind == NODE_BOOL && !enabled->b;
}

static bool grant_handler(struct draft *p, const struct model_handler *h)
{
	const struct table_rights *rights = rights_of_handler(h->kind);
	const struct model_table *target = rights ? model_table(p->model, draft_text_at(h->at, "table")) : NULL;
	const struct node *audience = node_get(h->at, STR("audience"));

	if (!grant_table(p, &rights_of_stream, ARN_STREAMS, h->table, STR("")) ||
	    !grant_table(p, rights, ARN_TABLE, target, STR("")))
		return false;
	for (const struct node *n = audience && audience->kind == NODE_ARRAY ? audience->first : NULL; n; n = n->next)
		if (!grant_audience(p, n))
			return false;
	return grant_sink(p, sink_named(p->model, draft_text_at(h->at, "sink")), h->at) &&
	       grant_dead_letter(p, dead_letter_of(p, h));
}

/* A kind of the format that this version does not run is granted nothing. */
static bool runs(struct draft *p, const struct model_handler *h)
{
	if (is_disabled(h))
		return false;
	if (handler_kind(h->kind))
		return true;
	draft_note(p, "The handler %.*s is of the kind %.*s, which this version does not run: nothing is granted for it.",
		  STR_ARG(str_sub(h->name, 0, 60)), STR_ARG(str_sub(h->kind, 0, 60)));
	return false;
}

bool draft_grant(struct draft *p)
{
	const struct model *m = p->model;
	const struct draft_arn state = { .kind = ARN_STATE };

	for (size_t i = 0; i < m->n_handlers; i++) {
		if (!runs(p, &m->handlers[i]))
			continue;
		if (!p->handlers && !add_arn(p, statement_of(p, &rights_of_state, NULL), &state))
			return false;
		p->handlers = true;
		if (!grant_handler(p, &m->handlers[i]))
			return false;
	}
	return true;
}

/* --- policies -------------------------------------------------------------- */

static size_t arn_bytes(const struct draft *p, const struct draft_arn *a)
{
	switch (a->kind) {
	case ARN_TABLE:
	case ARN_STREAMS:
		return ARN_BYTES + p->model->tables[a->table].name.len;
	case ARN_INDEX:
		return ARN_BYTES + p->model->tables[a->table].name.len + a->index.len;
	case ARN_STATE:
	case ARN_UNKNOWN:
		return ARN_BYTES + 255;
	case ARN_SINK:
		break;
	}
	return ARN_BYTES + a->sink.name.len + a->sink.under.len + 30;
}

bool draft_next_policy(struct draft *p, struct draft_cut *cut)
{
	size_t bytes = STATEMENT_BYTES;

	cut->statement = cut->end_statement;
	cut->arn = cut->end_arn;
	while (cut->end_statement < p->n_statements) {
		const struct draft_statement *s = &p->statements[cut->end_statement];

		for (bytes += STATEMENT_BYTES; cut->end_arn < s->n; cut->end_arn++) {
			bytes += arn_bytes(p, &s->arns[cut->end_arn]);
			if (bytes > POLICY_BYTES)
				return true;
		}
		cut->end_statement++;
		cut->end_arn = 0;
	}
	return cut->statement < p->n_statements;
}

void draft_each_statement(struct draft *p, const struct draft_cut *cut,
			 void (*each)(struct draft *p, const struct draft_statement *s, size_t from, size_t to))
{
	for (size_t i = cut->statement; i < p->n_statements && i <= cut->end_statement; i++) {
		size_t from = i == cut->statement ? cut->arn : 0;
		size_t to = i == cut->end_statement ? cut->end_arn : p->statements[i].n;

		if (from < to)
			each(p, &p->statements[i], from, to);
	}
}
