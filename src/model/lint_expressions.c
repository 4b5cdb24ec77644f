/* All that an expression can have wrong is found in one pass, under the codes of expression.h. */
#include "lint_parts.h"

enum { KINDS = 5 };

/* One action's checks. */
struct checks {
	struct lint *lint;
	const struct model_action *action;
	struct arena *arena;              /* the lint's step */
	struct expression_findings found, of_local;   /* of_local: what a local index would have to fetch */
	const struct expression *each[KINDS];
	size_t n;
	bool valid;                       /* all of them could be read */
};

/* --- telling ----------------------------------------------------------------- */

static void tell(const struct checks *c, const struct expression_finding *f)
{
	const struct model_action *a = c->action;
	const char *code = expression_code_name(f->code);
	char place[PLACE_BYTES];

	if (f->in)
		finding_add(c->lint->findings, FINDING_ERROR, code, a->call->at, NULL, "%s%s, character %zu: %.*s",
			    lint_place(a, place), expression_kind_name(f->in->kind), lint_column(f->in->text, f->offset),
			    STR_ARG(f->text));
	else
		finding_add(c->lint->findings, FINDING_ERROR, code, a->call->at, NULL, "%s%.*s", lint_place(a, place),
			    STR_ARG(f->text));
}

static void tell_all(const struct checks *c, const struct expression_findings *found)
{
	for (const struct expression_finding *f = found->first; f; f = f->next)
		tell(c, f);
	if (found->full)
		lint_no_memory(c->lint, c->action->call->at);
}

/* Once an action: which attribute it is does not change what is to be done. */
static void tell_fetch(const struct checks *c, const char *what)
{
	char place[PLACE_BYTES];

	finding_add(c->lint->findings, FINDING_WARNING, "lsi-fetch", c->action->call->at,
		    "Add it to the index's projection, or query the table.",
		    "%sthe local index %.*s lacks %s: each item is fetched from the table, which costs another read",
		    lint_place(c->action, place), STR_ARG(c->action->index->name), what);
}

/* --- checking ---------------------------------------------------------------- */

static void check_keys(struct checks *c, const struct expression_schema *queried)
{
	const struct model_action *a = c->action;

	if (a->key_condition && queried)
		expression_check_key(a->key_condition, &a->scope, queried, &c->found, NULL);
	if (a->filter && queried && a->kind == ACTION_QUERY)
		expression_check_filter(a->filter, &a->scope, queried, &c->found, NULL);
}

static void check_of_table(struct checks *c)
{
	const struct model_action *a = c->action;
	const struct expression_schema *table = model_schema_of(a->table, NULL, c->arena);

	c->found.full |= !table;
	if (a->update && table)
		expression_check_update(a->update, &a->scope, table, &c->found, NULL);
	for (size_t i = 0; table && i < c->n; i++)
		if (c->each[i] != a->key_condition)
			expression_check_scalars(c->each[i], &a->scope, table, &c->found, NULL);
}

static void check_projected(struct checks *c)
{
	const struct model_action *a = c->action;
	struct expression_findings *found = a->index->global ? &c->found : &c->of_local;
	const struct str *projected;
	size_t n;

	/* For each call the names are sorted. */
	if (a->index->projection == MODEL_PROJECT_ALL || !lint_works(c->lint, a->index->n_included, a->call->at))
		return;
	projected = model_index_attributes(a->table, a->index, c->arena, &n);
	c->found.full |= !projected;
	if (!projected || n == 0)
		return;
	if (a->filter)
		expression_check_projected(a->filter, &a->scope, projected, n, found, NULL);
	if (a->projection)
		expression_check_projected(a->projection, &a->scope, projected, n, found, NULL);
}

static void gather(struct checks *c, const struct model_action *a)
{
	const struct expression *const all[KINDS] = { a->key_condition, a->filter, a->projection, a->condition, a->update };

	c->action = a;
	c->n = 0;
	c->valid = true;
	for (size_t i = 0; i < KINDS; i++) {
		if (!all[i])
			continue;
		c->each[c->n++] = all[i];
		c->valid &= all[i]->valid;
	}
	expression_findings_init(&c->found, c->arena);
	expression_findings_init(&c->of_local, c->arena);
}

static void check_action(struct checks *c, const struct model_action *a)
{
	gather(c, a);
	for (size_t i = 0; i < c->n; i++)
		expression_check(c->each[i], &a->scope, &c->found, NULL);
	if (c->valid)
		expression_check_unused(c->each, c->n, &a->scope, &c->found, NULL);
	check_keys(c, a->table ? model_action_schema(a, c->arena) : NULL);
	if (a->table)
		check_of_table(c);
	if (a->index)
		check_projected(c);
	tell_all(c, a->findings);
	tell_all(c, &c->found);
	if (c->of_local.first)
		tell_fetch(c, "what the command reads");
	else if (a->index && !a->index->global && a->index->projection != MODEL_PROJECT_ALL &&
		 str_eq(a->select, STR("ALL_ATTRIBUTES")))
		tell_fetch(c, "some attributes");
}

static void expressions(struct lint *l)
{
	struct checks c = { .lint = l };

	EACH_CALL(l, call)
		EACH_ACTION(call, a) {
			/* The keys of a BatchGetItem share their parameters. */
			if (a > call->actions && a->at == a[-1].at)
				continue;
			c.arena = lint_step(l);
			check_action(&c, a);
		}
}

const struct model_lint lint_expressions[] = {
	{ "expression.empty", FINDING_ERROR, "An empty expression.", expressions },
	{ "expression.too-long", FINDING_ERROR, "An expression over 4 KB.", lint_with_first },
	{ "expression.encoding", FINDING_ERROR, "An expression that is no UTF-8.", lint_with_first },
	{ "expression.syntax", FINDING_ERROR, "An expression that does not follow the grammar.", lint_with_first },
	{ "expression.literal", FINDING_ERROR, "A value that stands in the expression itself.", lint_with_first },
	{ "expression.reserved-word", FINDING_ERROR, "A reserved word as a name: it needs a #name.", lint_with_first },
	{ "expression.name-needs-placeholder", FINDING_ERROR, "A name that needs a #name for its characters.", lint_with_first },
	{ "expression.placeholder-malformed", FINDING_ERROR, "A # or : without a name.", lint_with_first },
	{ "expression.redundant-parentheses", FINDING_ERROR, "Parentheses that DynamoDB refuses.", lint_with_first },
	{ "expression.path-too-deep", FINDING_ERROR, "A path that goes deeper than items do.", lint_with_first },
	{ "expression.index", FINDING_ERROR, "An index of a list that is none.", lint_with_first },
	{ "expression.unknown-function", FINDING_ERROR, "A function that is not known.", lint_with_first },
	{ "expression.function-not-here", FINDING_ERROR, "A function where it may not stand.", lint_with_first },
	{ "expression.arguments", FINDING_ERROR, "A function with too few or too many arguments.", lint_with_first },
	{ "expression.operand", FINDING_ERROR, "An operand of the wrong kind.", lint_with_first },
	{ "expression.arithmetic", FINDING_ERROR, "More arithmetic than DynamoDB does.", lint_with_first },
	{ "expression.too-many-operators", FINDING_ERROR, "An expression with over 300 operators.", lint_with_first },
	{ "expression.too-many-in-operands", FINDING_ERROR, "An IN with over 100 values.", lint_with_first },
	{ "expression.clause-repeated", FINDING_ERROR, "SET, REMOVE, ADD or DELETE twice.", lint_with_first },
	{ "expression.name-undefined", FINDING_ERROR, "A #name that is not defined.", lint_with_first },
	{ "expression.value-undefined", FINDING_ERROR, "A :value that is not defined.", lint_with_first },
	{ "expression.name-unused", FINDING_ERROR, "A #name that no expression uses.", lint_with_first },
	{ "expression.value-unused", FINDING_ERROR, "A :value that no expression uses.", lint_with_first },
	{ "expression.name-malformed", FINDING_ERROR, "A #name that is none, or stands for no name.", lint_with_first },
	{ "expression.value-malformed", FINDING_ERROR, "A :value that is none, or stands for no value.", lint_with_first },
	{ "expression.type", FINDING_ERROR, "A value of a type that the operator does not take.", lint_with_first },
	{ "expression.type-name", FINDING_ERROR, "attribute_type with a type that is none.", lint_with_first },
	{ "expression.between-bounds", FINDING_ERROR, "BETWEEN whose bounds do not fit.", lint_with_first },
	{ "expression.same-operand", FINDING_ERROR, "An attribute that is compared with itself.", lint_with_first },
	{ "expression.paths-overlap", FINDING_ERROR, "Paths of which one is a part of the other.", lint_with_first },
	{ "expression.paths-conflict", FINDING_ERROR, "Paths that take one attribute for a list and for a map.", lint_with_first },
	{ "expression.key-missing", FINDING_ERROR, "A Query without = on each HASH attribute.", lint_with_first },
	{ "expression.key-attribute", FINDING_ERROR, "A key condition on what is no key attribute.", lint_with_first },
	{ "expression.key-operator", FINDING_ERROR, "An operator that key conditions do not have.", lint_with_first },
	{ "expression.key-shape", FINDING_ERROR, "A key condition that is no attribute beside a :value.", lint_with_first },
	{ "expression.key-repeated", FINDING_ERROR, "Two conditions on one key attribute.", lint_with_first },
	{ "expression.key-equality", FINDING_ERROR, "A HASH attribute that is not compared by =.", lint_with_first },
	{ "expression.key-order", FINDING_ERROR, "A RANGE attribute without those before it.", lint_with_first },
	{ "expression.key-inequality", FINDING_ERROR, "A condition behind an inequality.", lint_with_first },
	{ "expression.key-type", FINDING_ERROR, "A :value of another type than the key attribute.", lint_with_first },
	{ "expression.key-empty", FINDING_ERROR, "An empty :value for a key attribute.", lint_with_first },
	{ "expression.key-too-long", FINDING_ERROR, "A :value that is longer than keys are.", lint_with_first },
	{ "expression.key-nested", FINDING_ERROR, "A path into a key attribute.", lint_with_first },
	{ "expression.filter-on-key", FINDING_ERROR, "A Query's filter on the key of what is queried.", lint_with_first },
	{ "expression.update-of-key", FINDING_ERROR, "An update of a key attribute.", lint_with_first },
	{ "expression.not-projected", FINDING_ERROR, "An attribute that the global index does not hold.", lint_with_first },
	{ "lsi-fetch", FINDING_WARNING, "A local index that lacks what is read from it.", lint_with_first },
	{ 0 },
};
