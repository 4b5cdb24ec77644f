#include "expression_impl.h"

#include "sluice/core/problem.h"

static const struct function {
	struct str name;
	size_t arguments;
	bool update;        /* for SET; the others are for conditions */
	bool path_first;    /* the first argument must be a path */
	const char *usage;
} functions[EXPRESSION_FUNCTIONS] = {
	[EXPRESSION_ATTRIBUTE_EXISTS] = { STR_INIT("attribute_exists"), 1, false, true, "attribute_exists(path)" },
	[EXPRESSION_ATTRIBUTE_NOT_EXISTS] = { STR_INIT("attribute_not_exists"), 1, false, true,
					      "attribute_not_exists(path)" },
	[EXPRESSION_ATTRIBUTE_TYPE] = { STR_INIT("attribute_type"), 2, false, false, "attribute_type(path, :type)" },
	[EXPRESSION_BEGINS_WITH] = { STR_INIT("begins_with"), 2, false, false, "begins_with(path, :prefix)" },
	[EXPRESSION_CONTAINS] = { STR_INIT("contains"), 2, false, false, "contains(path, :part)" },
	[EXPRESSION_SIZE] = { STR_INIT("size"), 1, false, false, "size(path)" },
	[EXPRESSION_IF_NOT_EXISTS] = { STR_INIT("if_not_exists"), 2, true, true, "if_not_exists(path, :value)" },
	[EXPRESSION_LIST_APPEND] = { STR_INIT("list_append"), 2, true, false, "list_append(path, :list)" },
};

struct str expression_function_name(enum expression_function f)
{
	return functions[f].name;
}

static bool find_function(struct str name, enum expression_function *out)
{
	for (size_t i = 0; i < EXPRESSION_FUNCTIONS; i++)
		if (str_eq(name, functions[i].name)) {
			*out = (enum expression_function)i;
			return true;
		}
	return false;
}

static void unknown(struct parser *p, const struct token *t, struct str name)
{
	struct str shown = expression_shown(name);
	struct nearest nearest = nearest_to(name);
	char hint[96];

	for (size_t i = 0; i < EXPRESSION_FUNCTIONS; i++) {
		if (str_eq_nocase(name, functions[i].name)) {
			expression_note(p, EXPRESSION_E_FUNCTION, t->offset, t->length,
					"there is no function %.*s: functions are in small letters, write %.*s",
					STR_ARG(shown), STR_ARG(functions[i].name));
			return;
		}
		nearest_offer(&nearest, functions[i].name);
	}
	expression_note(p, EXPRESSION_E_FUNCTION, t->offset, t->length,
			"there is no function %.*s%s (in conditions: attribute_exists, attribute_not_exists, "
			"attribute_type, "
			"begins_with, contains, size; in SET: if_not_exists, list_append)",
			STR_ARG(shown), nearest_text(&nearest, hint, sizeof(hint)));
}

/* Of an argument that is an operand in general. */
static bool argument_fits(struct parser *p, const struct expression_node *call, const struct expression_node *argument,
			  size_t place)
{
	const struct function *f = &functions[call->function];
	struct str shown = expression_node_text(p->e, argument);
	const char *expected = NULL;

	if (place == 0 && f->path_first && argument->kind != EXPRESSION_PATH)
		expected = "an attribute's path must stand as its first argument";
	else if (call->function == EXPRESSION_SIZE && argument->kind == EXPRESSION_CALL)
		expected = "size is of an attribute or a :value, not of a function";
	else if (call->function == EXPRESSION_ATTRIBUTE_TYPE && place == 1 && argument->kind == EXPRESSION_CALL)
		expected = "the type must be a :value, like {\"S\": \"L\"}";
	if (!expected)
		return true;
	expression_note(p, EXPRESSION_E_OPERAND, argument->offset, argument->length,
			"found '%.*s' in %.*s: %s; it is used as %s", STR_ARG(shown), STR_ARG(f->name), expected,
			f->usage);
	return false;
}

static bool check_argument(struct parser *p, const struct expression_node *call, const struct expression_node *argument,
			   size_t place)
{
	const struct function *f = &functions[call->function];
	struct str shown = expression_node_text(p->e, argument);

	if (argument->kind == EXPRESSION_BROKEN)
		return false;
	if (argument->kind == EXPRESSION_SUM) {
		expression_note(p, EXPRESSION_E_ARITHMETIC, argument->offset, argument->length,
				"'%.*s' cannot be an argument: + and - stand only at the outside of what SET sets; "
				"put the sum into the :value",
				STR_ARG(shown));
		return false;
	}
	if (expression_is_condition(argument)) {
		expression_note(p, EXPRESSION_E_OPERAND, argument->offset, argument->length,
				"'%.*s' is a condition and cannot be an argument; %.*s is used as %s", STR_ARG(shown),
				STR_ARG(f->name), f->usage);
		return false;
	}
	if (argument->kind == EXPRESSION_CALL && argument->function == EXPRESSION_LIST_APPEND) {
		expression_note(p, EXPRESSION_E_FUNCTION_PLACE, argument->offset, argument->length,
				"list_append cannot stand inside of another function: append in one call, with one "
				":list "
				"that holds all new elements");
		return false;
	}
	return argument_fits(p, call, argument, place);
}

void expression_check_call(struct parser *p, struct expression_node *call, const struct token *name)
{
	const struct function *f;
	size_t place = 0;
	bool ok = true;

	if (!find_function(str_sub(p->e->text, name->offset, name->length), &call->function)) {
		unknown(p, name, str_sub(p->e->text, name->offset, name->length));
		call->kind = EXPRESSION_BROKEN;
		return;
	}
	f = &functions[call->function];
	if (f->update != (p->e->kind == EXPRESSION_UPDATE)) {
		expression_note(p, EXPRESSION_E_FUNCTION_PLACE, name->offset, name->length,
				f->update ? "%.*s is for SET in an UpdateExpression; a condition asks with "
					    "attribute_exists, "
					    "attribute_not_exists, attribute_type, begins_with, contains or size"
					  : "%.*s is for conditions; an UpdateExpression knows if_not_exists and "
					    "list_append "
					    "only: ask in ConditionExpression",
				STR_ARG(f->name));
		ok = false;
	} else if (call->n_children != f->arguments) {
		expression_note(p, EXPRESSION_E_ARGUMENTS, call->offset, call->length,
				"%.*s has %zu argument%s here; it is used as %s", STR_ARG(f->name), call->n_children,
				call->n_children == 1 ? "" : "s", f->usage);
		ok = false;
	}
	for (const struct expression_node *n = call->child; n && ok; n = n->sibling)
		ok = check_argument(p, call, n, place++);
	if (!ok)
		call->kind = EXPRESSION_BROKEN;
}
