/* Several kinds of items in one table, told apart by words in front of a '#' (USER#ana, PROFILE#ana). */
#include "lint_parts.h"

#include <stdio.h>

enum { KINDS_MAX = 32, TAG_MIN = 2, KIND_TEXT_BYTES = 140 };

struct kind {
	struct str hash, range;              /* "USER", "PROFILE"; empty: the value begins with no such word */
	const struct node *item;             /* the first that was seen */
	uint32_t together;                   /* kinds, by bit, that some pattern reads with it */
	bool read, written;                  /* by a pattern */
};

struct kinds {
	struct kind kind[KINDS_MAX];         /* more are passed over */
	size_t n;
	bool derived, consumed;              /* handlers write the table; handlers, or other systems, read it */
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

/* Does an item of that kind stand in what is queried, and could it meet the conditions? */
static bool reads_kind(const struct model_action *a, const struct kind *kind)
{
	const struct model_key *key = a->index ? &a->index->key : &a->table->key;
	bool could = true;

	for (size_t i = 0; could && a->kind != ACTION_SCAN && i < lint_key_count(key); i++) {
		const struct model_attribute *part = lint_key_at(key, i);

		could = node_get(kind->item, part->name) && meets(a, condition_on(a, part->name), tag_in(kind->item, part));
	}
	return could;
}

static void see_read(struct lint *l, const struct model_action *a, struct kinds *kinds)
{
	bool collection = !(a->index && a->index->global);
	size_t condition = a->key_condition ? a->key_condition->text.len / 64 : 0;
	uint32_t together = 0;

	for (size_t i = 0; i < kinds->n; i++) {
		if (!lint_works(l, lint_seeks(2, kinds->kind[i].item->count) + condition, a->call->at))
			return;
		together |= (uint32_t)reads_kind(a, &kinds->kind[i]) << i;
	}
	for (size_t i = 0; i < kinds->n; i++) {
		if (!(together >> i & 1))
			continue;
		kinds->kind[i].read = true;
		if (collection)
			kinds->kind[i].together |= together;
	}
}

/* One item, by its key or with it. A condition on it reads it. */
static void see_item_use(const struct model_action *a, const struct node *attributes, struct kinds *kinds)
{
	const struct model_key *key = &a->table->key;
	struct str hash = tag_in(attributes, key->hash[0]), range = tag_in(attributes, key->range[0]);

	for (size_t i = 0; i < kinds->n; i++) {
		struct kind *kind = &kinds->kind[i];

		if (!str_eq(kind->hash, hash) || !str_eq(kind->range, range))
			continue;
		kind->read |= !action_writes(a->kind) || a->condition || node_get(a->at, STR("ReturnValues"));
		kind->written |= action_writes(a->kind) && a->kind != ACTION_DELETE;
	}
}

static bool see_call(struct lint *l, const struct model_call *c, struct kinds *all)
{
	const struct node *key = NULL;

	EACH_ACTION(c, a) {
		const struct node *attributes = lint_attributes(a, &key);
		struct kinds *kinds = a->table ? &all[a->table - l->model->tables] : NULL;

		if (!kinds || kinds->n == 0)
			continue;
		if (!lint_works(l, 1 + (attributes ? attributes->count / 4 : 0), c->at))
			return false;
		if (a->kind == ACTION_QUERY || a->kind == ACTION_SCAN)
			see_read(l, a, kinds);
		else if (attributes)
			see_item_use(a, attributes, kinds);
	}
	return !l->spent;
}

/* False where not all that patterns do is known. */
static bool see_calls(struct lint *l, struct kinds *kinds)
{
	bool ok = l->memo->all_calls;

	EACH_CALL(l, c)
		ok = ok && c->n_actions > 0 && (!c->pattern || see_call(l, c, kinds));
	return ok;
}

static void see_others(struct lint *l, struct kinds *kinds)
{
	EACH_PATTERN(l, p)
		if (p->table && p->n_commands == 0)
			kinds[p->table - l->model->tables].derived = kinds[p->table - l->model->tables].consumed = true;
	EACH_HANDLER(l, h) {
		const struct model_table *t = model_table(l->model, lint_text(h->at, "table"));

		if (t)
			kinds[t - l->model->tables].derived = true;
		if (h->table)
			kinds[h->table - l->model->tables].consumed = true;
	}
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

typedef void (*table_fn)(struct lint *l, const struct model_table *t, const struct kinds *kinds);

static void each_table(struct lint *l, table_fn fn)
{
	struct kinds *kinds = l->model->n_patterns ? arena_array(lint_step(l), l->model->n_tables + 1, sizeof(*kinds)) : NULL;

	if (!kinds && l->model->n_patterns)
		lint_no_memory(l, NULL);
	if (!kinds || !see_items(l, kinds) || !see_calls(l, kinds))
		return;
	see_others(l, kinds);
	EACH_TABLE(l, t)
		fn(l, t, &kinds[t - l->model->tables]);
}

static void apart_collection(struct lint *l)
{
	each_table(l, check_table);
}

/* --- read and never written, written and never read --------------------------- */

/* "USER#…/PROFILE#…" */
static const char *kind_text(const struct kind *kind, char out[KIND_TEXT_BYTES])
{
	snprintf(out, KIND_TEXT_BYTES, "%.*s%s%.*s", STR_ARG(str_sub(kind->hash, 0, 60)), kind->hash.len ? "#…/" : "",
		 STR_ARG(str_sub(kind->range, 0, 60)));
	return out;
}

static void check_written(struct lint *l, const struct model_table *t, const struct kinds *kinds)
{
	char text[KIND_TEXT_BYTES];

	for (size_t i = 0; i < kinds->n; i++)
		if (kinds->n > 1 && !kinds->derived && kinds->kind[i].read && !kinds->kind[i].written)
			LINT_FOUND(l, t->at, "Add the pattern that writes them, or one whose \"reason\" says which system does.",
				   "patterns read \"%s\" items and none writes them: who creates them?", kind_text(&kinds->kind[i], text));
}

static void kind_never_written(struct lint *l)
{
	each_table(l, check_written);
}

static void check_read(struct lint *l, const struct model_table *t, const struct kinds *kinds)
{
	char text[KIND_TEXT_BYTES];

	for (size_t i = 0; i < kinds->n; i++)
		if (kinds->n > 1 && !kinds->consumed && kinds->kind[i].written && !kinds->kind[i].read)
			LINT_FOUND(l, t->at, "Add the pattern that reads them, or one whose \"reason\" says which system does.",
				   "\"%s\" items are written and no pattern reads them: what are they for?",
				   kind_text(&kinds->kind[i], text));
}

static void kind_never_read(struct lint *l)
{
	each_table(l, check_read);
}

const struct model_lint lint_collections[] = {
	{ "apart-collection", FINDING_WARNING, "Kinds of items in one collection that no pattern reads together.",
	  apart_collection },
	{ "kind-never-written", FINDING_WARNING, "A kind of items that is read and that nothing writes.", kind_never_written },
	{ "kind-never-read", FINDING_WARNING, "A kind of items that is written and that nothing reads.", kind_never_read },
	{ 0 },
};
