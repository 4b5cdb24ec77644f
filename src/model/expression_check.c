#include "expression_impl.h"

#include <stdlib.h>

struct check {
	const struct expression *e;
	const struct expression_scope *scope;
	struct expression_findings *findings;
};

#define BIT(type) (1u << (type))

enum {
	SCALARS = BIT(VALUE_S) | BIT(VALUE_N) | BIT(VALUE_B),
	SETS = BIT(VALUE_SS) | BIT(VALUE_NS) | BIT(VALUE_BS),
	SIZED = BIT(VALUE_S) | BIT(VALUE_B) | SETS | BIT(VALUE_L) | BIT(VALUE_M),
};

/* ---- Definitions ---- */

static void check_mention(struct check *c, const struct expression_mention *m)
{
	struct str shown = expression_shown(m->placeholder);
	bool is_name = m->placeholder.ptr[0] == '#';

	if (is_name && !expression_scope_name(c->scope, &(struct expression_step){ .name = m->placeholder }).ptr)
		expression_find(c->findings, c->e, EXPRESSION_E_NAME_UNDEFINED, m->offset, m->placeholder.len,
				"%.*s is not defined: add \"%.*s\": \"the attribute's name\" to "
				"ExpressionAttributeNames",
				STR_ARG(shown), STR_ARG(shown));
	else if (!is_name && expression_scope_value(c->scope, m->placeholder).type == VALUE_NONE)
		expression_find(c->findings, c->e, EXPRESSION_E_VALUE_UNDEFINED, m->offset, m->placeholder.len,
				"%.*s is not defined: add \"%.*s\": {\"S\": …} (or N, B, …) to "
				"ExpressionAttributeValues",
				STR_ARG(shown), STR_ARG(shown));
}

static int compare_mentions(const void *a, const void *b)
{
	const struct expression_mention *x = a, *y = b;
	int order = str_cmp(x->placeholder, y->placeholder);

	return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

/* What is undefined is said once, at its first place. */
static void check_mentions(struct check *c)
{
	struct expression_mention *sorted = arena_array(c->findings->arena, c->e->n_mentions + 1, sizeof(*sorted));

	c->findings->full |= !sorted;
	if (!sorted || !c->e->n_mentions)
		return;
	memcpy(sorted, c->e->mentions, c->e->n_mentions * sizeof(*sorted));
	qsort(sorted, c->e->n_mentions, sizeof(*sorted), compare_mentions);
	for (size_t i = 0; i < c->e->n_mentions; i++)
		if (i == 0 || !str_eq(sorted[i - 1].placeholder, sorted[i].placeholder))
			check_mention(c, &sorted[i]);
}

/* ---- Types ---- */

/* What an operand surely is; VALUE_NONE where only the item knows. */
static enum value_type type_of(const struct check *c, const struct expression_node *n)
{
	if (n->kind == EXPRESSION_VALUE)
		return expression_scope_value(c->scope, n->placeholder).type;
	if (n->kind == EXPRESSION_SUM || (n->kind == EXPRESSION_CALL && n->function == EXPRESSION_SIZE))
		return VALUE_N;
	if (n->kind == EXPRESSION_CALL && n->function == EXPRESSION_LIST_APPEND)
		return VALUE_L;
	return VALUE_NONE;
}

static bool want_type(struct check *c, const struct expression_node *n, unsigned allowed, const char *what,
		      const char *expected)
{
	enum value_type type = type_of(c, n);
	struct str shown = expression_node_text(c->e, n);

	if (type == VALUE_NONE || (allowed & BIT(type)))
		return true;
	expression_find(c->findings, c->e, EXPRESSION_E_TYPE, n->offset, n->length,
			"%.*s has the type %s, and %s takes %s: give another value", STR_ARG(shown),
			value_type_name(type), what, expected);
	return false;
}

static void check_compare(struct check *c, const struct expression_node *n)
{
	static const char *const names[] = { [EXPRESSION_LT] = "<", [EXPRESSION_LE] = "<=", [EXPRESSION_GT] = ">",
					     [EXPRESSION_GE] = ">=" };

	if (n->op == EXPRESSION_EQ || n->op == EXPRESSION_NE)
		return;
	for (const struct expression_node *child = n->child; child; child = child->sibling)
		want_type(c, child, SCALARS, names[n->op], "S, N or B");
}

static void check_between(struct check *c, const struct expression_node *n)
{
	const struct expression_node *low = n->child->sibling, *high = low->sibling;
	struct value from = { 0 }, to = { 0 };
	struct str low_text = expression_node_text(c->e, low), high_text = expression_node_text(c->e, high);
	bool ok = true;
	int order;

	for (const struct expression_node *child = n->child; child; child = child->sibling)
		ok &= want_type(c, child, SCALARS, "BETWEEN", "S, N or B");
	if (!ok || type_of(c, low) == VALUE_NONE || type_of(c, high) == VALUE_NONE)
		return;
	if (type_of(c, low) != type_of(c, high)) {
		expression_find(c->findings, c->e, EXPRESSION_E_BETWEEN, low->offset,
				high->offset + high->length - low->offset,
				"the bounds of BETWEEN have different types, %.*s %s and %.*s %s: give both the "
				"attribute's type",
				STR_ARG(low_text), value_type_name(type_of(c, low)), STR_ARG(high_text),
				value_type_name(type_of(c, high)));
		return;
	}
	if (low->kind == EXPRESSION_VALUE && high->kind == EXPRESSION_VALUE) {
		from = expression_scope_value(c->scope, low->placeholder);
		to = expression_scope_value(c->scope, high->placeholder);
	}
	if (value_compare(from, to, &order) && order > 0)
		expression_find(c->findings, c->e, EXPRESSION_E_BETWEEN, low->offset,
				high->offset + high->length - low->offset,
				"BETWEEN's low bound %.*s is above its high bound %.*s: change places",
				STR_ARG(low_text), STR_ARG(high_text));
}

static void check_type_name(struct check *c, const struct expression_node *n)
{
	struct str name = { NULL, 0 }, shown = expression_node_text(c->e, n);
	struct err err = { 0 };
	struct value v;
	bool ok;

	if (n->kind != EXPRESSION_VALUE) {
		expression_find(c->findings, c->e, EXPRESSION_E_OPERAND, n->offset, n->length,
				"found '%.*s' as the type in attribute_type: it must be a :value, like {\"S\": \"L\"}",
				STR_ARG(shown));
		return;
	}
	v = expression_scope_value(c->scope, n->placeholder);
	if (v.type == VALUE_NONE || !want_type(c, n, BIT(VALUE_S), "attribute_type", "S, with a type's name in it"))
		return;
	ok = value_text(v, c->findings->arena, &name, &err);
	c->findings->full |= !ok && err.class == ERR_FATAL;
	if (c->findings->full || (ok && value_type_of(name) != VALUE_NONE))
		return;
	name = expression_shown(name);
	expression_find(c->findings, c->e, EXPRESSION_E_TYPE_NAME, n->offset, n->length,
			"%.*s is '%.*s', and that is no type: attribute_type knows S, N, B, BOOL, NULL, M, L, SS, NS "
			"and BS",
			STR_ARG(shown), STR_ARG(name));
}

static void check_call(struct check *c, const struct expression_node *n)
{
	for (const struct expression_node *child = n->child; child; child = child->sibling) {
		if (n->function == EXPRESSION_BEGINS_WITH)
			want_type(c, child, BIT(VALUE_S) | BIT(VALUE_B), "begins_with", "S or B");
		else if (n->function == EXPRESSION_SIZE)
			want_type(c, child, SIZED, "size", "S, B, sets, lists and maps");
		else if (n->function == EXPRESSION_LIST_APPEND)
			want_type(c, child, BIT(VALUE_L), "list_append",
				  "lists; put a single element into one, {\"L\": […]}");
	}
	if (n->function == EXPRESSION_ATTRIBUTE_TYPE)
		check_type_name(c, n->child->sibling);
}

/* The value behind if_not_exists(path, …), however often it is nested. */
static const struct expression_node *fallback(const struct expression_node *n)
{
	while (n->kind == EXPRESSION_CALL && n->function == EXPRESSION_IF_NOT_EXISTS)
		n = n->child->sibling;
	return n;
}

static void check_types(struct check *c, const struct expression_node *n)
{
	switch (n->kind) {
	case EXPRESSION_COMPARE:
		check_compare(c, n);
		break;
	case EXPRESSION_BETWEEN:
		check_between(c, n);
		break;
	case EXPRESSION_CALL:
		check_call(c, n);
		break;
	case EXPRESSION_SUM:
		for (const struct expression_node *child = n->child; child; child = child->sibling)
			want_type(c, fallback(child), BIT(VALUE_N), n->op == EXPRESSION_PLUS ? "+" : "-", "N");
		break;
	case EXPRESSION_ADD:
		want_type(c, n->child->sibling, BIT(VALUE_N) | SETS, "ADD",
			  "N (added to the number) or a set (joined to the set)");
		break;
	case EXPRESSION_DELETE:
		want_type(c, n->child->sibling, SETS, "DELETE", "a set (SS, NS, BS), of what is taken out of the set");
		break;
	default:
		break;
	}
}

/* ---- Paths ---- */

/* Element indexes before names; a path before those that go on behind it. At *level
 * the first difference. */
static int compare_paths(const struct expression_scope *scope, const struct expression_node *a,
			 const struct expression_node *b, size_t *level)
{
	size_t n = a->n_steps < b->n_steps ? a->n_steps : b->n_steps;

	for (*level = 0; *level < n; (*level)++) {
		const struct expression_step *x = &a->steps[*level], *y = &b->steps[*level];
		bool x_name = x->name.ptr != NULL, y_name = y->name.ptr != NULL;
		int order;

		if (x_name != y_name)
			return x_name ? 1 : -1;
		order = x_name ? str_cmp(expression_scope_name(scope, x), expression_scope_name(scope, y)) :
				 (x->index > y->index) - (x->index < y->index);
		if (order)
			return order;
	}
	return (a->n_steps > b->n_steps) - (a->n_steps < b->n_steps);
}

static bool defined(const struct expression_scope *scope, const struct expression_node *path)
{
	for (size_t i = 0; i < path->n_steps; i++)
		if (path->steps[i].name.ptr && !expression_scope_name(scope, &path->steps[i]).ptr)
			return false;
	return true;
}

static bool same_path(const struct check *c, const struct expression_node *a, const struct expression_node *b)
{
	size_t level;

	return a->kind == EXPRESSION_PATH && b->kind == EXPRESSION_PATH && defined(c->scope, a) &&
	       defined(c->scope, b) && compare_paths(c->scope, a, b, &level) == 0;
}

/* a = a: the service refuses it for each operator and function of conditions. */
static void check_distinct(struct check *c, const struct expression_node *n)
{
	const struct expression_node *first = n->child;

	if (n->kind != EXPRESSION_COMPARE && n->kind != EXPRESSION_BETWEEN && n->kind != EXPRESSION_IN &&
	    !(n->kind == EXPRESSION_CALL && n->function < EXPRESSION_SIZE))
		return;
	for (const struct expression_node *other = first->sibling; other; other = other->sibling)
		if (same_path(c, first, other)) {
			struct str shown = expression_node_text(c->e, other);

			expression_find(c->findings, c->e, EXPRESSION_E_SAME_OPERAND, other->offset, other->length,
					"%.*s is compared with itself: one side must be something else",
					STR_ARG(shown));
			return;
		}
}

struct sorted_path {
	const struct expression_scope *scope;
	const struct expression_node *path;
};

static int compare_sorted(const void *a, const void *b)
{
	const struct sorted_path *x = a, *y = b;
	size_t level;
	int order = compare_paths(x->scope, x->path, y->path, &level);

	return order ? order : (x->path->offset > y->path->offset) - (x->path->offset < y->path->offset);
}

/* a is the lesser one, so what is a part of the other is b. */
static void check_neighbours(struct check *c, const struct expression_node *a, const struct expression_node *b)
{
	const struct expression_node *one = a->offset < b->offset ? a : b, *two = one == a ? b : a;
	struct str first = expression_node_text(c->e, one), second = expression_node_text(c->e, two);
	size_t level;

	compare_paths(c->scope, a, b, &level);
	if (level == a->n_steps)
		expression_find(c->findings, c->e, EXPRESSION_E_OVERLAP, two->offset, two->length,
				"the paths '%.*s' and '%.*s' overlap: one is the other or a part of it; leave one out",
				STR_ARG(first), STR_ARG(second));
	else if (!a->steps[level].name.ptr != !b->steps[level].name.ptr)
		expression_find(c->findings, c->e, EXPRESSION_E_CONFLICT, two->offset, two->length,
				"'%.*s' and '%.*s' take the same for a list and for a map: correct one of them",
				STR_ARG(first), STR_ARG(second));
}

/* Sorted, whatever overlaps or conflicts has a neighbour with which it does. */
static void check_overlaps(struct check *c)
{
	struct sorted_path *paths;
	size_t n = 0;

	for (const struct expression_node *node = c->e->nodes; node; node = node->next)
		n += node->kind == EXPRESSION_PATH && node->use != EXPRESSION_READ;
	paths = arena_array(c->findings->arena, n + 1, sizeof(*paths));
	c->findings->full |= !paths;
	if (!paths)
		return;
	n = 0;
	for (const struct expression_node *node = c->e->nodes; node; node = node->next)
		if (node->kind == EXPRESSION_PATH && node->use != EXPRESSION_READ && defined(c->scope, node))
			paths[n++] = (struct sorted_path){ c->scope, node };
	if (n)
		qsort(paths, n, sizeof(*paths), compare_sorted);
	for (size_t i = 1; i < n; i++)
		check_neighbours(c, paths[i - 1].path, paths[i].path);
}

bool expression_check(const struct expression *e, const struct expression_scope *scope,
		      struct expression_findings *findings, struct err *err)
{
	struct check c = { e, scope, findings };

	check_mentions(&c);
	for (const struct expression_node *n = e->nodes; n; n = n->next) {
		if (n->kind == EXPRESSION_BROKEN)
			continue;
		check_types(&c, n);
		check_distinct(&c, n);
	}
	if (!findings->full)
		check_overlaps(&c);
	return expression_done(findings, err);
}
