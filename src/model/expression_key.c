#include "expression_impl.h"

struct key_check {
	const struct expression *e;
	const struct expression_scope *scope;
	const struct expression_schema *schema;
	struct expression_findings *findings;
	const struct expression_node *used[EXPRESSION_MAX_KEYS];  /* the condition on each key attribute */
	bool unclear;  /* a condition could not be read: what is missing may stand in it */
};

static void note(struct key_check *c, enum expression_code code, const struct expression_node *n, const char *text)
{
	struct str shown = expression_node_text(c->e, n);

	expression_find(c->findings, c->e, code, n->offset, n->length, "'%.*s': %s", STR_ARG(shown), text);
	c->unclear = true;
}

static bool is_key_condition(const struct expression_node *n)
{
	return (n->kind == EXPRESSION_COMPARE && n->op != EXPRESSION_NE) || n->kind == EXPRESSION_BETWEEN ||
	       (n->kind == EXPRESSION_CALL && n->function == EXPRESSION_BEGINS_WITH);
}

static bool is_equality(const struct expression_node *n)
{
	return n->kind == EXPRESSION_COMPARE && n->op == EXPRESSION_EQ;
}

/* ---- The shape of one condition ---- */

/* The one path in it; NULL (noted) when it is no plain key condition. */
static const struct expression_node *find_path(struct key_check *c, const struct expression_node *n)
{
	const struct expression_node *path = NULL;
	size_t paths = 0;

	for (const struct expression_node *child = n->child; child; child = child->sibling) {
		if (child->kind == EXPRESSION_CALL || child->kind == EXPRESSION_BROKEN) {
			note(c, EXPRESSION_E_KEY_SHAPE, n,
			     "a key condition compares a key attribute with a :value, without functions");
			return NULL;
		}
		if (child->kind == EXPRESSION_PATH) {
			path = child;
			paths++;
		}
	}
	if (paths != 1)
		note(c, EXPRESSION_E_KEY_SHAPE, n,
		     paths ? "a key condition has one attribute; the other side must be a :value" :
			     "a key condition needs a key attribute on one side");
	else if (n->kind != EXPRESSION_COMPARE && n->child != path)
		note(c, EXPRESSION_E_KEY_SHAPE, n, "the key attribute must stand first");
	else if (path->n_steps > 1)
		note(c, EXPRESSION_E_KEY_NESTED, path,
		     "key attributes are scalars at the top of the item; nothing is inside of them");
	else
		return path;
	return NULL;
}

static size_t find_key(const struct expression_schema *schema, struct str name)
{
	size_t i = 0;

	while (i < schema->count && !str_eq(schema->keys[i].name, name))
		i++;
	return i;
}

static void list_keys(const struct expression_schema *schema, struct str *out, struct arena *a)
{
	*out = STR("");
	for (size_t i = 0; i < schema->count; i++) {
		struct str name = expression_shown(schema->keys[i].name);

		*out = arena_putf(a, "%.*s%s%.*s", STR_ARG(*out), i ? ", " : "", STR_ARG(name));
	}
}

/* The bytes that S and B have; 0 for what is no such value. */
static size_t value_bytes(struct key_check *c, struct value v)
{
	struct str text = { NULL, 0 };
	struct err err = { 0 };

	if (v.type == VALUE_B) {
		size_t padding = str_ends(v.raw, STR("==")) ? 2 : str_ends(v.raw, STR("=")) ? 1 : 0;

		return v.raw.len / 4 * 3 - padding;
	}
	if (v.type != VALUE_S || value_text(v, c->findings->arena, &text, &err))
		return text.len;
	c->findings->full |= err.class == ERR_FATAL;
	return 0;
}

static void check_value(struct key_check *c, const struct expression_node *n, const struct expression_key *key,
			struct value v)
{
	struct str shown = expression_node_text(c->e, n), name = expression_shown(key->name);
	size_t most = key->range ? EXPRESSION_MAX_RANGE_BYTES : EXPRESSION_MAX_HASH_BYTES, bytes = value_bytes(c, v);

	if (key->type != VALUE_NONE && v.type != key->type)
		expression_find(c->findings, c->e, EXPRESSION_E_KEY_TYPE, n->offset, n->length,
				"%.*s has the type %s, and the key attribute %.*s is of type %s: "
				"give a value of that type",
				STR_ARG(shown), value_type_name(v.type), STR_ARG(name), value_type_name(key->type));
	else if ((v.type == VALUE_S || v.type == VALUE_B) && v.raw.len == 0)
		expression_find(c->findings, c->e, EXPRESSION_E_KEY_EMPTY, n->offset, n->length,
				"%.*s is empty, and key attributes never are: leave the condition on %.*s out, "
				"or give a value",
				STR_ARG(shown), STR_ARG(name));
	else if (bytes > most)
		expression_find(c->findings, c->e, EXPRESSION_E_KEY_LENGTH, n->offset, n->length,
				"%.*s has %zu bytes, and the %s key attribute %.*s has %zu at most: no item can match",
				STR_ARG(shown), bytes, key->range ? "sort" : "partition", STR_ARG(name), most);
}

static void check_values(struct key_check *c, const struct expression_node *n, const struct expression_key *key)
{
	for (const struct expression_node *child = n->child; child; child = child->sibling) {
		struct value v = { VALUE_NONE, { NULL, 0 } };

		if (child->kind == EXPRESSION_VALUE)
			v = expression_scope_value(c->scope, child->placeholder);
		if (v.type != VALUE_NONE)
			check_value(c, child, key, v);
	}
}

static void check_condition(struct key_check *c, const struct expression_node *n)
{
	const struct expression_node *path = find_path(c, n);
	struct str name, shown, keys;
	size_t i;

	if (!path)
		return;
	name = expression_scope_name(c->scope, path->steps);
	if (!name.ptr) {
		c->unclear = true;  /* undefined: expression_check() says so */
		return;
	}
	i = find_key(c->schema, name);
	shown = expression_shown(name);
	if (i == c->schema->count) {
		list_keys(c->schema, &keys, c->findings->arena);
		expression_find(c->findings, c->e, EXPRESSION_E_KEY_ATTRIBUTE, path->offset, path->length,
				"%.*s is no key attribute of what is queried (its key: %.*s): ask for it in "
				"FilterExpression, or "
				"query an index that has it in its key",
				STR_ARG(shown), STR_ARG(keys));
		return;
	}
	if (c->used[i])
		expression_find(c->findings, c->e, EXPRESSION_E_KEY_REPEATED, n->offset, n->length,
				"there is a condition on %.*s already, and each key attribute may have one: write a "
				"range as "
				"BETWEEN :low AND :high",
				STR_ARG(shown));
	else
		c->used[i] = n;
	check_values(c, n, &c->schema->keys[i]);
}

/* ---- The conditions together ---- */

static void check_hash(struct key_check *c, size_t i)
{
	struct str name = expression_shown(c->schema->keys[i].name);
	const struct expression_node *n = c->used[i];

	if (!n && !c->unclear)
		expression_find(c->findings, c->e, EXPRESSION_E_KEY_MISSING, 0, c->e->text.len,
				"the partition key attribute %.*s has no condition: a Query needs %.*s = :value for "
				"each of them",
				STR_ARG(name), STR_ARG(name));
	else if (n && !is_equality(n))
		expression_find(c->findings, c->e, EXPRESSION_E_KEY_EQUALITY, n->offset, n->length,
				"the partition key attribute %.*s may only be compared by =", STR_ARG(name));
}

static void check_range(struct key_check *c, size_t i, size_t *gap, const struct expression_node **inequality)
{
	const struct expression_node *n = c->used[i];
	struct str name = expression_shown(c->schema->keys[i].name);

	if (!n) {
		if (*gap == c->schema->count)
			*gap = i;
		return;
	}
	if (*inequality) {
		struct str before = expression_node_text(c->e, *inequality);

		expression_find(c->findings, c->e, EXPRESSION_E_KEY_INEQUALITY, n->offset, n->length,
				"the condition on %.*s comes behind the inequality '%.*s': only the last sort key "
				"attribute that is "
				"used may have one, those before it =",
				STR_ARG(name), STR_ARG(before));
	} else if (*gap < c->schema->count && !c->unclear) {
		struct str skipped = expression_shown(c->schema->keys[*gap].name);

		expression_find(c->findings, c->e, EXPRESSION_E_KEY_ORDER, n->offset, n->length,
				"%.*s is used without %.*s, which comes before it in the sort key: sort key "
				"attributes are used "
				"from the left without a gap",
				STR_ARG(name), STR_ARG(skipped));
	}
	if (!is_equality(n) && !*inequality)
		*inequality = n;
}

static void check_operator(struct key_check *c, const struct expression_node *n)
{
	static const struct { enum expression_node_kind kind; const char *text; } known[] = {
		{ EXPRESSION_OR, "OR is not allowed in a key condition: do several Query calls, or use BETWEEN" },
		{ EXPRESSION_NOT, "NOT is not allowed in a key condition: filter in FilterExpression" },
		{ EXPRESSION_IN, "IN is not allowed in a key condition: do one Query for each value" },
		{ EXPRESSION_COMPARE, "<> is not allowed in a key condition: filter in FilterExpression" },
		{ EXPRESSION_CALL, "of the functions a key condition knows begins_with only" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].kind == n->kind && !is_key_condition(n))
			note(c, EXPRESSION_E_KEY_OPERATOR, n, known[i].text);
}

bool expression_check_key(const struct expression *e, const struct expression_scope *scope,
			  const struct expression_schema *schema, struct expression_findings *findings,
			  struct err *err)
{
	/* A document may list more; that is a finding of its own, elsewhere. */
	const struct expression_schema first = {
		schema->keys, schema->count < EXPRESSION_MAX_KEYS ? schema->count : EXPRESSION_MAX_KEYS
	};
	struct key_check c = { e, scope, &first, findings, { NULL }, !e->valid };
	const struct expression_node *inequality = NULL;
	size_t gap = first.count;

	if (!e->valid)
		return expression_done(findings, err);
	for (const struct expression_node *n = e->nodes; n; n = n->next) {
		/* size(…) below a comparison: find_path() speaks of it. */
		if (n->kind != EXPRESSION_CALL || n->function != EXPRESSION_SIZE)
			check_operator(&c, n);
		if (is_key_condition(n))
			check_condition(&c, n);
	}
	for (size_t i = 0; i < first.count; i++)
		if (first.keys[i].range)
			check_range(&c, i, &gap, &inequality);
		else
			check_hash(&c, i);
	return expression_done(findings, err);
}
