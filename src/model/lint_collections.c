/* Several kinds of items in one table, told apart by words in front of a '#' (USER#ana, PROFILE#ana). */
#include "lint_parts.h"

enum { KINDS_MAX = 32, TAG_MIN = 2 };

struct kind {
	struct str hash, range;              /* "USER", "PROFILE"; empty: the value begins with no such word */
	const struct node *item;             /* the first that was seen */
	uint32_t together;                   /* kinds, by bit, that some pattern reads with it */
};

struct kinds {
	struct kind kind[KINDS_MAX];         /* more are passed over */
	size_t n;
};

/* Capitals alone: "2026-11#x" or "shoes#7" are values. */
static struct str tag_of(struct str text)
{
	size_t end = str_find_char(text, '#');
	struct str tag = end == SIZE_MAX ? text : str_sub(text, 0, end);

	for (size_t i = 0; i < tag.len; i++)
		if (!(tag.ptr[i] >= 'A' && tag.ptr[i] <= 'Z') && tag.ptr[i] != '_')
			return STR("");
	return tag.len < TAG_MIN ? STR("") : tag;
}

static struct str tag_in(const struct node *item, const struct model_attribute *a)
{
	const struct node *text = node_get(node_get(item, a->name), STR("S"));

	return text && text->kind == NODE_STRING ? tag_of(text->text) : STR("");
}

/* --- which kinds there are --------------------------------------------------- */

static bool see_item(struct lint *l, const struct model_table *t, struct kinds *kinds, const struct node *item,
		     const struct node *at)
{
	struct kind kind = { .item = item };

	if (t->key.n_hash != 1 || t->key.n_range != 1)
		return true;
	if (!lint_works(l, lint_seeks(2, item->count), at))
		return false;
	kind.hash = tag_in(item, t->key.hash[0]);
	kind.range = tag_in(item, t->key.range[0]);
	for (size_t i = 0; i < kinds->n; i++)
		if (str_eq(kinds->kind[i].hash, kind.hash) && str_eq(kinds->kind[i].range, kind.range))
			return true;
	if (kind.range.len && kinds->n < KINDS_MAX)
		kinds->kind[kinds->n++] = kind;
	return true;
}

static bool see_items(struct lint *l, struct kinds *kinds)
{
	const struct model *m = l->model;
	bool ok = true;

	for (size_t i = 0; ok && i < m->n_items; i++)
		if (m->items[i].put)
			ok = see_item(l, m->items[i].table, &kinds[m->items[i].table - m->tables], m->items[i].at, m->items[i].at);
	EACH_CALL(l, c)
		EACH_ACTION(c, a) {
			const struct node *item = c->pattern && a->table && a->kind == ACTION_PUT ? node_get(a->at, STR("Item")) : NULL;

			if (ok && item)
				ok = see_item(l, a->table, &kinds[a->table - m->tables], item, c->at);
		}
	return ok;
}

/* --- what is read together --------------------------------------------------- */

/* The condition on that attribute, or NULL. */
static const struct expression_node *condition_on(const struct model_action *a, struct str name)
{
	for (const struct expression_node *n = a->key_condition ? a->key_condition->nodes : NULL; n; n = n->next)
		for (const struct expression_node *child = n->child; child; child = child->sibling)
			if (child->kind == EXPRESSION_PATH && str_eq(expression_scope_name(&a->scope, child->steps), name))
				return n;
	return NULL;
}

/* Could a value of that kind meet the condition? Yes, where it cannot be seen. */
static bool meets(const struct model_action *a, const struct expression_node *condition, struct str tag)
{
	bool equal = condition && condition->kind == EXPRESSION_COMPARE && condition->op == EXPRESSION_EQ;
	bool begins = condition && condition->kind == EXPRESSION_CALL && condition->function == EXPRESSION_BEGINS_WITH;
	const struct expression_node *value = equal || begins ? condition->child : NULL;
	struct value v = { 0 };

	while (value && value->kind != EXPRESSION_VALUE)
		value = value->sibling;
	if (value)
		v = expression_scope_value(&a->scope, value->placeholder);
	if (v.type != VALUE_S || tag.len == 0)
		return true;
	return str_eq(tag_of(v.raw), tag) || (begins && str_starts(tag, v.raw));
}

static bool reads_kind(const struct model_action *a, const struct kind *kind)
{
	const struct model_key *key = &a->table->key;

	return a->kind == ACTION_SCAN || (meets(a, condition_on(a, key->hash[0]->name), kind->hash) &&
					  meets(a, condition_on(a, key->range[0]->name), kind->range));
}

static void see_read(const struct model_action *a, struct kinds *kinds)
{
	uint32_t together = 0;

	for (size_t i = 0; i < kinds->n; i++)
		together |= (uint32_t)reads_kind(a, &kinds->kind[i]) << i;
	for (size_t i = 0; i < kinds->n; i++)
		if (together >> i & 1)
			kinds->kind[i].together |= together;
}

/* A local index has the table's collections. */
static bool see_reads(struct lint *l, struct kinds *kinds)
{
	bool ok = true;

	EACH_CALL(l, c) {
		ok &= c->valid;
		EACH_ACTION(c, a)
			if (ok && c->pattern && a->table && (a->kind == ACTION_QUERY || a->kind == ACTION_SCAN) &&
			    !(a->index && a->index->global) && kinds[a->table - l->model->tables].n > 1) {
				ok = lint_works(l, 1, c->at);
				see_read(a, &kinds[a->table - l->model->tables]);
			}
	}
	return ok;
}

/* --- apart ------------------------------------------------------------------- */

/* Attributes beside the key, and how many of them the other has, too. */
static size_t count_others(const struct model_table *t, const struct node *item, const struct node *other, size_t *shared)
{
	size_t n = 0;

	*shared = 0;
	for (const struct node *it = item->first; it; it = it->next) {
		if (lint_key_has(&t->key, it->name))
			continue;
		n++;
		*shared += node_get(other, it->name) != NULL;
	}
	return n;
}

/* "OPEN#1" and "DONE#1" may be one kind of thing in two states: then they have most attributes in common. */
static bool are_different(struct lint *l, const struct model_table *t, const struct kind *one, const struct kind *other)
{
	size_t shared, n_one, n_other;

	if (!lint_works(l, lint_seeks(2 * one->item->count, other->item->count), t->at))
		return false;
	n_one = count_others(t, one->item, other->item, &shared);
	n_other = count_others(t, other->item, one->item, &shared);
	return n_one && n_other && 2 * shared < (n_one < n_other ? n_one : n_other);
}

/* The first of the kinds behind `at` that shares its collections for nothing, or NULL. */
static const struct kind *apart_from(struct lint *l, const struct model_table *t, const struct kinds *kinds, size_t at)
{
	const struct kind *one = &kinds->kind[at];

	for (size_t i = at + 1; i < kinds->n; i++)
		if (str_eq(kinds->kind[i].hash, one->hash) && !(one->together >> i & 1) && are_different(l, t, one, &kinds->kind[i]))
			return &kinds->kind[i];
	return NULL;
}

static void check_table(struct lint *l, const struct model_table *t, const struct kinds *kinds)
{
	for (size_t i = 0; i < kinds->n; i++) {
		const struct kind *one = &kinds->kind[i], *other = apart_from(l, t, kinds, i);

		if (!other)
			continue;
		LINT_FOUND(l, t->at, "Give each a table of its own: backed up, scaled, streamed and paid apart.",
			   "no pattern reads \"%.*s\" and \"%.*s\" items together, and they share a collection",
			   STR_ARG(str_sub(one->range, 0, 60)), STR_ARG(str_sub(other->range, 0, 60)));
		return;
	}
}

static void apart_collection(struct lint *l)
{
	struct kinds *kinds = lint_array(l, l->model->n_tables, sizeof(*kinds));

	if (!kinds || l->model->n_patterns == 0 || !see_items(l, kinds) || !see_reads(l, kinds))
		return;
	EACH_TABLE(l, t)
		check_table(l, t, &kinds[t - l->model->tables]);
}

const struct model_lint lint_collections[] = {
	{ "apart-collection", FINDING_WARNING, "Kinds of items in one collection that no pattern reads together.", apart_collection },
	{ 0 },
};
