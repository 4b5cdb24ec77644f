#include "sluice/model/call.h"

#include "sluice/core/buf.h"

enum { REQUEST_MAX = 32 << 20 };

/* One command's reading. */
struct reader {
	const struct model *model;
	struct arena *arena;
	struct err *err;
	struct model_call *call;
	size_t room;                     /* of call->actions */
};

static bool no_memory(struct reader *r)
{
	return err_set(r->err, ERR_FATAL, "model.memory", "the model's commands need more than %zu bytes", r->arena->max);
}

/* --- one action ------------------------------------------------------------ */

static struct str text_of(const struct node *parameters, const char *name)
{
	const struct node *n = node_get(parameters, str_c(name));

	return n && n->kind == NODE_STRING ? n->text : STR("");
}

static bool flag_of(const struct node *parameters, const char *name, bool otherwise)
{
	const struct node *n = node_get(parameters, str_c(name));

	return n && n->kind == NODE_BOOL ? n->b : otherwise;
}

/* The member as JSON text, in the arena; empty where there is none. */
static bool json_of(struct reader *r, const struct node *parameters, const char *name, struct str *out)
{
	const struct node *n = node_get(parameters, str_c(name));
	struct buf json;

	*out = STR("");
	if (!n)
		return true;
	buf_init(&json, REQUEST_MAX);
	node_print_json(n, &json);
	*out = buf_ok(&json) ? arena_dup(r->arena, buf_str(&json)) : str_of(NULL, 0);
	buf_release(&json);
	return out->ptr || no_memory(r);
}

static bool read_expression(struct reader *r, const struct node *parameters, enum expression_kind kind,
			    struct expression_findings *findings, const struct expression **out)
{
	const struct node *text = node_get(parameters, str_c(expression_kind_name(kind)));

	*out = NULL;
	if (!text || text->kind != NODE_STRING)
		return true;
	*out = expression_parse(kind, text->text, findings, r->err);
	return *out != NULL;
}

static bool read_expressions(struct reader *r, struct model_action *a)
{
	struct expression_findings *findings = ARENA_NEW(r->arena, struct expression_findings);
	struct str names, values;

	if (!findings)
		return no_memory(r);
	expression_findings_init(findings, r->arena);
	a->findings = findings;
	return json_of(r, a->at, "ExpressionAttributeNames", &names) &&
	       json_of(r, a->at, "ExpressionAttributeValues", &values) &&
	       expression_scope_read(names, values, findings, &a->scope, r->err) &&
	       read_expression(r, a->at, EXPRESSION_KEY_CONDITION, findings, &a->key_condition) &&
	       read_expression(r, a->at, EXPRESSION_FILTER, findings, &a->filter) &&
	       read_expression(r, a->at, EXPRESSION_PROJECTION, findings, &a->projection) &&
	       read_expression(r, a->at, EXPRESSION_CONDITION, findings, &a->condition) &&
	       read_expression(r, a->at, EXPRESSION_UPDATE, findings, &a->update);
}

/* What `parameters` say, of the table of that name. */
static bool read_action(struct reader *r, enum model_action_kind kind, struct str table, const struct node *parameters,
			struct model_action *a)
{
	const struct node *limit = node_get(parameters, STR("Limit"));

	*a = (struct model_action){
		.kind = kind, .call = r->call, .at = parameters, .table_name = table,
		.table = model_table(r->model, table), .index_name = text_of(parameters, "IndexName"),
		.consistent = flag_of(parameters, "ConsistentRead", false),
		.forward = flag_of(parameters, "ScanIndexForward", true),
		.limit = limit && limit->kind == NODE_INT ? limit->i : 0, .select = text_of(parameters, "Select"),
	};
	if (a->table && a->index_name.len)
		a->index = model_index(a->table, a->index_name);
	return json_of(r, parameters, "Key", &a->key) && json_of(r, parameters, "Item", &a->item) && read_expressions(r, a);
}

static struct model_action *next_action(struct reader *r)
{
	return r->call->n_actions < r->room ? &r->call->actions[r->call->n_actions++] : NULL;
}

static bool add(struct reader *r, enum model_action_kind kind, struct str table, const struct node *parameters)
{
	struct model_action *a = next_action(r);

	return !a || read_action(r, kind, table, parameters, a);
}

/* --- by operation ------------------------------------------------------------ */

static bool read_single(struct reader *r, enum model_action_kind kind)
{
	return add(r, kind, text_of(r->call->request, "TableName"), r->call->request);
}

/* {"Keys": [key, …], "ProjectionExpression": …}: the parameters are read once for all keys. */
static bool read_keys(struct reader *r, const struct node *of_table)
{
	const struct node *keys = node_get(of_table, STR("Keys"));
	struct model_action common;
	struct buf json;
	bool ok = read_action(r, ACTION_GET, of_table->name, of_table, &common);

	for (const struct node *key = keys ? keys->first : NULL; ok && key; key = key->next) {
		struct model_action *a = next_action(r);

		if (!a)
			break;
		*a = common;
		buf_init(&json, REQUEST_MAX);
		node_print_json(key, &json);
		a->key = arena_dup(r->arena, buf_str(&json));
		buf_release(&json);
		ok = a->key.ptr || no_memory(r);
	}
	return ok;
}

static bool read_batch_get(struct reader *r)
{
	const struct node *tables = node_get(r->call->request, STR("RequestItems"));
	bool ok = true;

	for (const struct node *t = tables ? tables->first : NULL; ok && t; t = t->next)
		ok = read_keys(r, t);
	return ok;
}

static bool read_write_requests(struct reader *r, const struct node *of_table)
{
	bool ok = true;

	for (const struct node *request = of_table->first; ok && request; request = request->next) {
		const struct node *put = node_get(request, STR("PutRequest"));
		const struct node *delete = node_get(request, STR("DeleteRequest"));

		if (put || delete)
			ok = add(r, put ? ACTION_PUT : ACTION_DELETE, of_table->name, put ? put : delete);
	}
	return ok;
}

static bool read_batch_write(struct reader *r)
{
	const struct node *tables = node_get(r->call->request, STR("RequestItems"));
	bool ok = true;

	for (const struct node *t = tables ? tables->first : NULL; ok && t; t = t->next)
		ok = read_write_requests(r, t);
	return ok;
}

static bool read_transaction(struct reader *r)
{
	static const struct {
		const char *name;
		enum model_action_kind kind;
	} kinds[] = { { "Get", ACTION_GET }, { "Put", ACTION_PUT }, { "Update", ACTION_UPDATE },
		      { "Delete", ACTION_DELETE }, { "ConditionCheck", ACTION_CHECK } };
	const struct node *items = node_get(r->call->request, STR("TransactItems"));

	for (const struct node *item = items ? items->first : NULL; item; item = item->next) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
			const struct node *parameters = node_get(item, str_c(kinds[i].name));

			if (parameters && !add(r, kinds[i].kind, text_of(parameters, "TableName"), parameters))
				return false;
		}
	}
	return true;
}

static bool read_actions(struct reader *r)
{
	static const struct {
		const char *operation;
		enum model_action_kind kind;
	} singles[] = { { "GetItem", ACTION_GET }, { "Query", ACTION_QUERY }, { "Scan", ACTION_SCAN },
			{ "PutItem", ACTION_PUT }, { "UpdateItem", ACTION_UPDATE }, { "DeleteItem", ACTION_DELETE } };
	struct str name = r->call->command.operation->name;

	for (size_t i = 0; i < sizeof(singles) / sizeof(*singles); i++)
		if (str_eq(name, str_c(singles[i].operation)))
			return read_single(r, singles[i].kind);
	if (str_eq(name, STR("BatchGetItem")))
		return read_batch_get(r);
	if (str_eq(name, STR("BatchWriteItem")))
		return read_batch_write(r);
	if (str_eq(name, STR("TransactGetItems")) || str_eq(name, STR("TransactWriteItems")))
		return read_transaction(r);
	return true;
}

/* At least as many actions as the request has: each stands in an object of its own, a few levels down. */
static size_t count_actions(const struct node *request)
{
	const struct node *items = node_get(request, STR("TransactItems"));
	const struct node *tables = node_get(request, STR("RequestItems"));
	size_t count = 1 + (items ? items->count : 0);

	for (const struct node *t = tables ? tables->first : NULL; t; t = t->next) {
		const struct node *keys = node_get(t, STR("Keys"));

		count += keys ? keys->count : t->count;
	}
	return count;
}

/* --- one command --------------------------------------------------------------- */

static const struct command_findings nothing_found;

static bool keep_findings(struct reader *r, const struct command_findings *findings)
{
	struct command_findings *kept;

	r->call->findings = &nothing_found;
	if (!findings->count)
		return true;
	kept = ARENA_NEW(r->arena, struct command_findings);
	if (!kept)
		return no_memory(r);
	*kept = *findings;
	r->call->findings = kept;
	return true;
}

static bool keep_text(struct reader *r, struct str *text)
{
	if (!text->ptr)
		return true;
	*text = arena_dup(r->arena, *text);
	return text->ptr || no_memory(r);
}

static bool keep_command(struct reader *r)
{
	struct aws_command *c = &r->call->command;

	return keep_text(r, &c->request) && keep_text(r, &c->region) && keep_text(r, &c->endpoint_url) &&
	       keep_text(r, &c->profile) && keep_text(r, &c->output) && keep_text(r, &c->query);
}

static bool read_request(struct reader *r)
{
	struct model_call *call = r->call;

	call->request = node_from_json(r->arena, call->command.request, call->at, r->err);
	if (!call->request)
		return no_memory(r);
	r->room = count_actions(call->request);
	call->actions = arena_array(r->arena, r->room, sizeof(*call->actions));
	return call->actions ? read_actions(r) : no_memory(r);
}

/* What parsing needs beside its result lives in `scratch`, which is reset. */
static bool read_command(struct reader *r, struct str text, struct arena *scratch)
{
	struct command_findings findings;
	struct model_call *call = r->call;
	bool ok;

	call->valid = command_parse(text, scratch, &call->command, &findings);
	ok = keep_findings(r, &findings) && keep_command(r);
	arena_reset(scratch);
	if (!ok || !call->valid)
		return ok;
	return read_request(r);
}

bool model_call_read(struct model_call *out, const struct model *m, struct str text, struct arena *a, struct err *err)
{
	struct reader r = { .model = m, .arena = a, .err = err, .call = out };
	struct arena scratch;
	bool ok;

	*out = (struct model_call){ .findings = &nothing_found };
	arena_init(&scratch, COMMAND_ARENA_BYTES);
	ok = read_command(&r, text, &scratch);
	arena_release(&scratch);
	return ok;
}

/* --- all of them ----------------------------------------------------------------- */

struct walk {
	struct model_calls *out;
	const struct model *model;
	struct arena *arena, scratch;
	struct err *err;
	size_t room;                     /* of out->calls; 0: they are only counted */
};

/* Reads one, with what the caller knows of it. */
static bool visit(struct walk *w, const struct model_call *known, struct str text)
{
	struct model_call *call;
	struct reader r = { .model = w->model, .arena = w->arena, .err = w->err };

	if (!w->room) {
		w->out->n_calls++;
		return true;
	}
	if (w->out->n_calls == w->room) {
		w->out->n_left_out++;
		return true;
	}
	call = &w->out->calls[w->out->n_calls++];
	*call = *known;
	call->findings = &nothing_found;
	r.call = call;
	return read_command(&r, text, &w->scratch);
}

static bool visit_pattern(struct walk *w, const struct model_pattern *p)
{
	bool ok = true;

	for (size_t i = 0; ok && i < p->n_commands; i++) {
		struct model_call known = { .role = CALL_OF_PATTERN, .pattern = p, .at = p->commands[i].at,
					    .last = i + 1 == p->n_commands };

		ok = visit(w, &known, p->commands[i].text);
	}
	return ok;
}

static bool visit_step(struct walk *w, const struct model_handler *h, const struct node *step)
{
	struct model_call known = { .role = CALL_OF_STEP_RUN, .handler = h, .step = step };
	const struct node *run = node_get(step, STR("run")), *command = node_get(step, STR("command"));

	for (const struct node *n = run && run->kind == NODE_ARRAY ? run->first : NULL; n; n = n->next) {
		known.at = n;
		if (n->kind == NODE_STRING && !visit(w, &known, n->text))
			return false;
	}
	known.role = CALL_OF_STEP;
	known.at = command;
	return !command || command->kind != NODE_STRING || visit(w, &known, command->text);
}

static bool visit_handler(struct walk *w, const struct model_handler *h)
{
	bool ok = true;

	for (const struct node *n = h->expect_after ? h->expect_after->first : NULL; ok && n; n = n->next)
		if (n->kind == NODE_OBJECT)
			ok = visit_step(w, h, n);
	return ok;
}

static bool visit_all(struct walk *w)
{
	bool ok = true;

	w->out->n_calls = 0;
	for (size_t i = 0; ok && i < w->model->n_patterns; i++)
		ok = visit_pattern(w, &w->model->patterns[i]);
	for (size_t i = 0; ok && i < w->model->n_handlers; i++)
		ok = visit_handler(w, &w->model->handlers[i]);
	return ok;
}

bool model_calls_read(struct model_calls *out, const struct model *m, struct arena *a, struct err *err)
{
	struct walk w = { .out = out, .model = m, .arena = a, .err = err };
	struct reader r = { .arena = a, .err = err };
	size_t n;
	bool ok;

	*out = (struct model_calls){ .model = m };
	visit_all(&w);
	n = out->n_calls < MODEL_CALLS_MAX ? out->n_calls : MODEL_CALLS_MAX;
	out->n_calls = 0;
	if (n == 0)
		return true;
	out->calls = arena_array(a, n, sizeof(*out->calls));
	if (!out->calls)
		return no_memory(&r);
	w.room = n;
	arena_init(&w.scratch, COMMAND_ARENA_BYTES);
	ok = visit_all(&w);
	arena_release(&w.scratch);
	return ok;
}
