#include "lint_parts.h"

#include <stdio.h>

void lint_with_first(struct lint *l)
{
	(void)l;
}

void *lint_array(struct lint *l, size_t n, size_t size)
{
	void *array = arena_array(l->scratch, n ? n : 1, size);

	if (!array)
		lint_no_memory(l, NULL);
	return array;
}

void lint_give_up(struct lint *l)
{
	if (!l->spent)
		lint_works(l, l->work + 1, NULL);
}

const char *lint_place(const struct model_action *a, char out[PLACE_BYTES])
{
	static const char *const kinds[] = {
		[ACTION_GET] = "Get", [ACTION_QUERY] = "Query", [ACTION_SCAN] = "Scan", [ACTION_PUT] = "Put",
		[ACTION_UPDATE] = "Update", [ACTION_DELETE] = "Delete", [ACTION_CHECK] = "ConditionCheck",
	};
	struct str table = str_sub(a->table_name, 0, 60);

	out[0] = '\0';
	if (a->call->n_actions > 1)
		snprintf(out, PLACE_BYTES, "action %zu (%s, %.*s): ", (size_t)(a - a->call->actions) + 1, kinds[a->kind],
			 STR_ARG(table));
	return out;
}

size_t lint_column(struct str text, size_t byte)
{
	size_t column = 1;

	for (size_t i = 0; i < byte && i < text.len; i++)
		column += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return column;
}

const struct model_call *lint_group_end(const struct lint *l, const struct model_call *c)
{
	const struct model_call *end = l->calls->calls + l->calls->n_calls, *next = c + 1;

	while (c->pattern && next < end && next->pattern == c->pattern)
		next++;
	return next;
}

const struct node *lint_attributes(const struct model_action *a, const struct node **key)
{
	const struct node *keys = node_get(a->at, STR("Keys")), *one = node_get(a->at, STR("Item"));

	if (keys)
		return *key = *key && (*key)->parent == keys ? (*key)->next : keys->first;
	return one ? one : node_get(a->at, STR("Key"));
}

const struct model_attribute *lint_key_at(const struct model_key *key, size_t i)
{
	return i < key->n_hash ? key->hash[i] : key->range[i - key->n_hash];
}

bool lint_key_has(const struct model_key *key, struct str name)
{
	for (size_t i = 0; i < lint_key_count(key); i++)
		if (str_eq(lint_key_at(key, i)->name, name))
			return true;
	return false;
}

/* --- what stopped the others ------------------------------------------------- */

static void lint_work(struct lint *l)
{
	if (l->calls->n_left_out)
		LINT_FOUND(l, NULL, "Cut the model into several files.", "%zu commands beyond the first %d were not looked at",
			   l->calls->n_left_out, MODEL_CALLS_MAX);
}

const struct model_lint lint_limits[] = {
	{ "lint-memory", FINDING_ERROR, "A model that needs more memory than lints may have.", lint_with_first },
	{ "lint-work", FINDING_ERROR, "A model that takes lints too long, or has too many commands.", lint_work },
	{ 0 },
};
