#include "sluice/model/call.h"

static enum value_type type_of(const struct model_attribute *a)
{
	return a->type == 'S' ? VALUE_S : a->type == 'N' ? VALUE_N : a->type == 'B' ? VALUE_B : VALUE_NONE;
}

const struct expression_schema *model_schema_of(const struct model_table *t, const struct model_index *i, struct arena *a)
{
	const struct model_key *key = i ? &i->key : &t->key;
	struct expression_schema *schema = ARENA_NEW(a, struct expression_schema);
	struct expression_key *keys = arena_array(a, key->n_hash + key->n_range + 1, sizeof(*keys));
	size_t n = 0;

	if (!schema || !keys)
		return NULL;
	for (size_t k = 0; k < key->n_hash; k++)
		keys[n++] = (struct expression_key){ key->hash[k]->name, false, type_of(key->hash[k]) };
	for (size_t k = 0; k < key->n_range; k++)
		keys[n++] = (struct expression_key){ key->range[k]->name, true, type_of(key->range[k]) };
	*schema = (struct expression_schema){ keys, n };
	return schema;
}

const struct expression_schema *model_action_schema(const struct model_action *action, struct arena *a)
{
	if (!action->table || (action->index_name.len && !action->index))
		return NULL;
	return model_schema_of(action->table, action->index, a);
}

static size_t add_key(struct str *names, size_t n, const struct model_key *key)
{
	for (size_t k = 0; k < key->n_hash; k++)
		names[n++] = key->hash[k]->name;
	for (size_t k = 0; k < key->n_range; k++)
		names[n++] = key->range[k]->name;
	return n;
}

const struct str *model_index_attributes(const struct model_table *t, const struct model_index *i, struct arena *a, size_t *n)
{
	struct str *names = arena_array(a, i->n_included + 4 * MODEL_KEYS_OF_EACH, sizeof(*names));

	*n = 0;
	if (!names || i->projection == MODEL_PROJECT_ALL)
		return names;
	*n = add_key(names, add_key(names, 0, &i->key), &t->key);
	if (i->projection == MODEL_PROJECT_INCLUDE)
		for (size_t k = 0; k < i->n_included; k++)
			names[(*n)++] = i->included[k];
	return names;
}
