#include "lint_parts.h"

#include "sluice/model/cost.h"

/* --- commands -------------------------------------------------------------- */

/* The findings of command_parse(), under their own codes. */
static void commands(struct lint *l)
{
	EACH_CALL(l, c) {
		size_t kept = command_findings_kept(c->findings);

		for (size_t i = 0; i < kept; i++) {
			const struct command_finding *f = &c->findings->items[i];

			finding_add(l->findings, FINDING_ERROR, f->code, c->at, NULL, "at character %zu of the command: %s",
				    lint_column(c->at->text, f->at), f->text);
		}
		if (kept && kept < c->findings->count)
			finding_add(l->findings, FINDING_ERROR, c->findings->items[0].code, c->at, NULL,
				    "%zu more mistakes in the command", c->findings->count - kept);
	}
}

/* --- what a pattern says of its command ------------------------------------ */

/* A pattern's calls, if all of them could be read. */
struct group {
	const struct model_pattern *pattern;
	const struct model_call *first, *end;
};

typedef void (*group_fn)(struct lint *l, const struct group *g);

static void each_group(struct lint *l, group_fn fn)
{
	size_t next;

	for (size_t i = 0; i < l->calls->n_calls; i = next) {
		const struct model_call *first = &l->calls->calls[i];
		struct group g = { .pattern = first->pattern, .first = first, .end = lint_group_end(l, first) };
		bool valid = g.pattern != NULL;

		next = i + (size_t)(g.end - first);
		for (const struct model_call *c = first; c < g.end; c++)
			valid &= c->valid;
		if (valid)
			fn(l, &g);
	}
}

/* Also by a short name: "TransactWrite". */
static bool is_operation(struct str said, const struct operation *operation)
{
	enum cost_operation op = cost_operation_of(said);

	return str_eq_nocase(said, operation->name) || str_eq_nocase(said, operation->command) ||
	       (op < COST_OPERATIONS && str_eq(operation->name, str_c(cost_operation_name(op))));
}

static void check_operation(struct lint *l, const struct group *g)
{
	const struct model_pattern *p = g->pattern;
	struct str wanted = str_trim(p->operation), found = g->first->command.operation->name;

	if (wanted.len == 0)
		return;
	for (const struct model_call *c = g->first; c < g->end; c++)
		if (is_operation(wanted, c->command.operation))
			return;
	LINT_FOUND(l, node_get(p->at, STR("dynamodb_operation")), "Correct one of them: costs are computed from it.",
		   "this says %.*s, and the command is %.*s", STR_ARG(str_sub(wanted, 0, 60)), STR_ARG(found));
}

static void call_operation(struct lint *l)
{
	each_group(l, check_operation);
}

typedef bool (*names_fn)(const struct model_pattern *p, const struct model_action *a);

static bool names_table(const struct model_pattern *p, const struct model_action *a)
{
	return str_eq(a->table_name, p->table_name);
}

static bool names_index(const struct model_pattern *p, const struct model_action *a)
{
	return str_eq(a->index_name, p->index_name);
}

/* The first action of the group where none names what the pattern does; else NULL. */
static const struct model_action *other_than(const struct group *g, names_fn names)
{
	const struct model_action *other = NULL;

	for (const struct model_call *c = g->first; c < g->end; c++)
		EACH_ACTION(c, a) {
			if (names(g->pattern, a))
				return NULL;
			other = other ? other : a;
		}
	return other;
}

static void check_table(struct lint *l, const struct group *g)
{
	const struct model_action *other = g->pattern->table_name.len ? other_than(g, names_table) : NULL;

	if (other)
		LINT_FOUND(l, node_get(g->pattern->at, STR("table")), "Correct one of them: costs are computed from it.",
			   "this says %.*s, and the command names the table %.*s",
			   STR_ARG(str_sub(g->pattern->table_name, 0, 255)), STR_ARG(str_sub(other->table_name, 0, 255)));
}

static void call_table(struct lint *l)
{
	each_group(l, check_table);
}

static void check_index(struct lint *l, const struct group *g)
{
	const struct model_action *other = g->pattern->index_name.len ? other_than(g, names_index) : NULL;
	struct str name = str_sub(g->pattern->index_name, 0, 255);

	if (other && other->index_name.len)
		LINT_FOUND(l, node_get(g->pattern->at, STR("index")), "Correct one of them: costs are computed from it.",
			   "this says %.*s, and the command names the index %.*s", STR_ARG(name),
			   STR_ARG(str_sub(other->index_name, 0, 255)));
	else if (other)
		LINT_FOUND(l, node_get(g->pattern->at, STR("index")), "Say --index-name in the command, or leave the index out here.",
			   "this says %.*s, and the command goes to the table itself", STR_ARG(name));
}

static void call_index(struct lint *l)
{
	each_group(l, check_index);
}

/* --- what is not there ------------------------------------------------------- */

static void call_no_table(struct lint *l)
{
	char place[PLACE_BYTES];

	EACH_CALL(l, c)
		EACH_ACTION(c, a)
			if (!a->table)
				LINT_FOUND(l, c->at, "Describe it under \"tables\", or correct the command.",
					   "%sthe command names the table \"%.*s\", which the model does not have", lint_place(a, place),
					   STR_ARG(str_sub(a->table_name, 0, 255)));
}

static void call_no_index(struct lint *l)
{
	EACH_CALL(l, c)
		EACH_ACTION(c, a)
			if (a->table && a->index_name.len && !a->index)
				LINT_FOUND(l, c->at, "Add it to the table, or correct the command.",
					   "the command names the index \"%.*s\", which %.*s does not have",
					   STR_ARG(str_sub(a->index_name, 0, 255)), STR_ARG(a->table->name));
}

/* --- parameters -------------------------------------------------------------- */

static void call_no_key_condition(struct lint *l)
{
	EACH_CALL(l, c)
		EACH_ACTION(c, a)
			if (a->kind == ACTION_QUERY && !a->key_condition && !node_get(a->at, STR("KeyConditions")))
				LINT_FOUND(l, c->at, "Name the partition key: --key-condition-expression 'customer_id = :c'.",
					   "a Query needs a KeyConditionExpression");
}

static void call_strong_read(struct lint *l)
{
	EACH_CALL(l, c)
		EACH_ACTION(c, a)
			if (a->consistent && a->index && a->index->global)
				LINT_FOUND(l, c->at, "Read the table itself, or accept what a global index gives: some 100 ms behind.",
					   "the global index %.*s gives no strongly consistent reads", STR_ARG(a->index->name));
}

static const char *wrong_select(const struct model_action *a)
{
	bool specific = str_eq(a->select, STR("SPECIFIC_ATTRIBUTES"));
	bool named = a->projection || node_get(a->at, STR("AttributesToGet"));

	if (str_eq(a->select, STR("ALL_PROJECTED_ATTRIBUTES")) && !a->index_name.len)
		return "ALL_PROJECTED_ATTRIBUTES goes with an index only";
	if (specific && !named)
		return "SPECIFIC_ATTRIBUTES needs a ProjectionExpression that names them";
	if (a->select.len && !specific && named)
		return "a ProjectionExpression goes with SPECIFIC_ATTRIBUTES only";
	if (str_eq(a->select, STR("ALL_ATTRIBUTES")) && a->index && a->index->global &&
	    a->index->projection != MODEL_PROJECT_ALL)
		return "ALL_ATTRIBUTES cannot be had from a global index that does not hold all";
	return NULL;
}

static void call_select(struct lint *l)
{
	EACH_CALL(l, c)
		EACH_ACTION(c, a)
			if (wrong_select(a))
				LINT_FOUND(l, c->at, "Leave Select out: then it is what fits.", "Select: %s", wrong_select(a));
}

static void call_return_values(struct lint *l)
{
	EACH_CALL(l, c)
		EACH_ACTION(c, a) {
			const struct node *n = node_get(a->at, STR("ReturnValues"));

			if (n && (a->kind == ACTION_PUT || a->kind == ACTION_DELETE) && !str_eq(n->text, STR("NONE")) &&
			    !str_eq(n->text, STR("ALL_OLD")))
				LINT_FOUND(l, c->at, "Write ALL_OLD or leave it out; UpdateItem knows the others.",
					   "%.*s gives no %.*s", STR_ARG(c->command.operation->name), STR_ARG(str_sub(n->text, 0, 60)));
		}
}

static const char *legacy_parameter(const struct model_action *a)
{
	static const char *const names[] = {
		"AttributesToGet", "AttributeUpdates", "ConditionalOperator", "Expected", "KeyConditions", "QueryFilter", "ScanFilter",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (node_get(a->at, str_c(names[i])))
			return names[i];
	return NULL;
}

static void call_legacy(struct lint *l)
{
	EACH_CALL(l, c)
		EACH_ACTION(c, a)
			if ((a->key_condition || a->filter || a->projection || a->condition || a->update) && legacy_parameter(a))
				LINT_FOUND(l, c->at, "Write all of it as expressions.",
					   "DynamoDB refuses %s beside expressions", legacy_parameter(a));
}

/* PartiQL: its text is not read here. */
static void call_statement(struct lint *l)
{
	EACH_CALL(l, c)
		if (c->valid && (str_find(c->command.operation->name, STR("Statement")) != SIZE_MAX ||
				 str_eq(c->command.operation->name, STR("ExecuteTransaction"))))
			LINT_FOUND(l, c->at, "Write it as the operation that it is, like Query or PutItem.",
				   "what a PartiQL statement does is not checked and costs nothing here");
}

const struct model_lint lint_calls[] = {
	{ "command.size", FINDING_ERROR, "A command over 64 KiB.", commands },
	{ "command.utf8", FINDING_ERROR, "A command that is no UTF-8.", lint_with_first },
	{ "command.memory", FINDING_ERROR, "A command that needs too much memory.", lint_with_first },
	{ "command.quote", FINDING_ERROR, "A quote in a command that is not closed.", lint_with_first },
	{ "command.shell", FINDING_ERROR, "A command that only a shell could run.", lint_with_first },
	{ "command.program", FINDING_ERROR, "A command that is not aws dynamodb.", lint_with_first },
	{ "command.operation", FINDING_ERROR, "A command with an operation that is not known.", lint_with_first },
	{ "command.option", FINDING_ERROR, "An option that the operation does not have.", lint_with_first },
	{ "command.duplicate", FINDING_ERROR, "An option or a name that stands there twice.", lint_with_first },
	{ "command.conflict", FINDING_ERROR, "Options that do not go together.", lint_with_first },
	{ "command.required", FINDING_ERROR, "A command without something that it needs.", lint_with_first },
	{ "command.file", FINDING_ERROR, "A value that would be read from a file or an address.", lint_with_first },
	{ "command.refused", FINDING_ERROR, "An option that makes no sense in a model.", lint_with_first },
	{ "command.json", FINDING_ERROR, "A value that is no JSON.", lint_with_first },
	{ "command.shorthand", FINDING_ERROR, "A value that is no shorthand of the AWS CLI.", lint_with_first },
	{ "command.depth", FINDING_ERROR, "A value that is nested too deep.", lint_with_first },
	{ "command.type", FINDING_ERROR, "A value of another type than the parameter's.", lint_with_first },
	{ "command.member", FINDING_ERROR, "A member that the parameter does not have.", lint_with_first },
	{ "command.enum", FINDING_ERROR, "A value that is none of those allowed.", lint_with_first },
	{ "command.range", FINDING_ERROR, "A number, a text or a list outside of what is allowed.", lint_with_first },
	{ "command.value", FINDING_ERROR, "What is no attribute value.", lint_with_first },
	{ "call-operation", FINDING_ERROR, "A pattern that says another operation than its command.", call_operation },
	{ "call-table", FINDING_ERROR, "A pattern that names another table than its command.", call_table },
	{ "call-index", FINDING_ERROR, "A pattern that names another index than its command.", call_index },
	{ "call-no-table", FINDING_ERROR, "A command for a table that is not there.", call_no_table },
	{ "call-no-index", FINDING_ERROR, "A command for an index that is not there.", call_no_index },
	{ "call-no-key-condition", FINDING_ERROR, "A Query without a condition on the key.", call_no_key_condition },
	{ "call-strong-read", FINDING_ERROR, "A command that reads a global index strongly consistently.", call_strong_read },
	{ "call-select", FINDING_ERROR, "A Select that does not fit the rest of the command.", call_select },
	{ "call-return-values", FINDING_ERROR, "ReturnValues that the operation does not give.", call_return_values },
	{ "call-legacy", FINDING_ERROR, "Expressions beside the parameters that they replaced.", call_legacy },
	{ "call-statement", FINDING_HINT, "A PartiQL statement, which is not looked into.", call_statement },
	{ 0 },
};
