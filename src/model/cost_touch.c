/* What a command does not show counts as a write: an estimate may be too high, never silently
 * too low. */
#include "cost_parts.h"

#include "sluice/core/node.h"

bool cost_change_put(struct cost_change *out, const struct node *item, struct arena *a, struct err *err)
{
	*out = (struct cost_change){ .kind = COST_PUTS, .known = true };
	out->attributes = arena_array(a, item->count + 1, sizeof(*out->attributes));
	if (!out->attributes)
		return cost_no_memory(a, err);
	for (const struct node *n = item->first; n; n = n->next)
		out->attributes[out->n++] = (struct cost_attribute){ .name = n->name };
	return true;
}

/* It was read as an item before: nothing but memory can lack. */
static bool item_attributes(struct cost_change *out, const struct model_action *action, struct arena *a, struct err *err)
{
	const struct node *item = node_from_json(a, action->item, NULL, err);

	return item ? cost_change_put(out, item, a, err) : cost_no_memory(a, err);
}

/* Of an update without an expression nothing but AttributeUpdates, the API's older form, could say more. */
static bool update_attributes(struct cost_change *out, const struct model_action *action, struct arena *a,
			      struct err *err)
{
	const struct expression_touch *touches;
	size_t n;

	if (!action->update) {
		out->known = !node_get(action->at, STR("AttributeUpdates"));
		return true;
	}
	if (!action->update->valid)
		return true;
	if (!expression_touches(action->update, &action->scope, a, &touches, &n, err))
		return false;
	out->attributes = arena_array(a, n + 1, sizeof(*out->attributes));
	if (!out->attributes)
		return cost_no_memory(a, err);
	for (size_t i = 0; i < n; i++)
		if (touches[i].use == EXPRESSION_WRITTEN || touches[i].use == EXPRESSION_REMOVED)
			out->attributes[out->n++] = (struct cost_attribute){
				.name = touches[i].attribute,
				/* REMOVE a.b leaves a where it is. */
				.removed = touches[i].use == EXPRESSION_REMOVED && touches[i].path->n_steps == 1 };
	out->known = true;
	return true;
}

bool cost_change_of(struct cost_change *out, const struct model_action *action, struct arena *a, struct err *err)
{
	*out = (struct cost_change){ .kind = COST_DELETES, .known = true };
	if (action->kind == ACTION_DELETE)
		return true;
	out->known = false;
	out->kind = action->kind == ACTION_PUT ? COST_PUTS : COST_UPDATES;
	return out->kind == COST_PUTS ? item_attributes(out, action, a, err) : update_attributes(out, action, a, err);
}

static const struct cost_attribute *find(const struct cost_change *change, struct str name)
{
	for (size_t i = 0; i < change->n; i++)
		if (str_eq(change->attributes[i].name, name))
			return &change->attributes[i];
	return NULL;
}

struct key_use {
	size_t present, changed, removed;   /* of the key's attributes */
};

static struct key_use use_of_key(const struct model_key *k, const struct cost_change *change)
{
	struct key_use use = { 0 };

	for (size_t i = 0; i < k->n_hash + k->n_range; i++) {
		const struct model_attribute *attribute = i < k->n_hash ? k->hash[i] : k->range[i - k->n_hash];
		const struct cost_attribute *found = attribute ? find(change, attribute->name) : NULL;

		use.present += found != NULL;
		use.removed += found && found->removed;
		use.changed += found && !found->removed && !found->same;
	}
	return use;
}

static bool writes_projected(const struct model_index *index, const struct cost_change *change)
{
	if (index->projection == MODEL_PROJECT_ALL)
		return change->n > 0;
	for (size_t i = 0; index->projection == MODEL_PROJECT_INCLUDE && i < index->n_included; i++)
		if (find(change, index->included[i]))
			return true;
	return false;
}

bool cost_index_touched(const struct model_index *index, const struct cost_change *change, bool *key_changes)
{
	struct key_use use;

	*key_changes = false;
	if (!change->known || change->kind == COST_DELETES)
		return true;
	use = use_of_key(&index->key, change);
	/* An item without the whole key does not stand in the index: sparse indexes cost nothing. */
	if (change->kind == COST_PUTS)
		return use.present == index->key.n_hash + index->key.n_range;
	/* A key that is removed takes the item out of the index: a deletion alone. */
	*key_changes = use.changed > 0 && use.removed == 0;
	return use.present > 0 || writes_projected(index, change);
}
