#include "sluice/model/create.h"

#include "sluice/core/buf.h"
#include "sluice/core/json_write.h"

bool model_index_has_many_keys(const struct model_index *i)
{
	return i->key.n_hash > 1 || i->key.n_range > 1;
}

/* One body's writing. */
struct creating {
	const struct model_table *table;
	const struct model_creation *how;
	struct json_writer w;
};

static bool is_left_out(const struct creating *c, const struct model_index *i)
{
	return c->how->plain_keys && i->global && model_index_has_many_keys(i);
}

/* --- attributes of keys ------------------------------------------------------ */

static bool key_uses(const struct model_key *key, struct str name)
{
	for (size_t i = 0; i < key->n_hash; i++)
		if (str_eq(key->hash[i]->name, name))
			return true;
	for (size_t i = 0; i < key->n_range; i++)
		if (str_eq(key->range[i]->name, name))
			return true;
	return false;
}

static bool is_used(const struct creating *c, struct str name)
{
	const struct model_table *t = c->table;

	if (key_uses(&t->key, name))
		return true;
	for (size_t i = 0; i < t->n_indexes; i++)
		if (!is_left_out(c, &t->indexes[i]) && key_uses(&t->indexes[i].key, name))
			return true;
	return false;
}

static void write_attributes(struct creating *c)
{
	json_begin_array(&c->w);
	for (size_t i = 0; i < c->table->n_attributes; i++)
		if (is_used(c, c->table->attributes[i].name))
			node_write_json(c->table->attributes[i].at, &c->w);
	json_end_array(&c->w);
}

/* --- members ------------------------------------------------------------------- */

/* Indexes stand in the model in the order of both lists. */
static const struct model_index *index_at(const struct model_table *t, const struct node *at)
{
	for (size_t i = 0; i < t->n_indexes; i++)
		if (t->indexes[i].at == at)
			return &t->indexes[i];
	return NULL;
}

static bool is_kept(const struct creating *c, const struct node *index)
{
	const struct model_index *i = index_at(c->table, index);

	return i && !is_left_out(c, i);
}

/* The service refuses an empty list. */
static void write_indexes(struct creating *c, const struct node *list)
{
	size_t kept = 0;

	for (const struct node *n = list->first; n; n = n->next)
		kept += is_kept(c, n);
	if (!kept)
		return;
	json_key(&c->w, list->name);
	json_begin_array(&c->w);
	for (const struct node *n = list->first; n; n = n->next)
		if (is_kept(c, n))
			node_write_json(n, &c->w);
	json_end_array(&c->w);
}

static bool is_parameter(struct str name)
{
	static const char *const names[] = {
		"TableName", "AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes", "GlobalSecondaryIndexes",
		"BillingMode", "ProvisionedThroughput", "StreamSpecification", "SSESpecification", "Tags", "TableClass",
		"DeletionProtectionEnabled", "WarmThroughput", "ResourcePolicy", "OnDemandThroughput",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_eq(name, str_c(names[i])))
			return true;
	return false;
}

static bool is_lasting(struct str name)
{
	static const char *const names[] = { "DeletionProtectionEnabled", "WarmThroughput", "SSESpecification", "ResourcePolicy",
					     "Tags" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_eq(name, str_c(names[i])))
			return true;
	return false;
}

static void write_member(struct creating *c, const struct node *n)
{
	if (!is_parameter(n->name) || (c->how->trial && is_lasting(n->name)) || n->broken || n->kind == NODE_NULL || (n->kind == NODE_ARRAY && !n->count))
		return;
	if (str_eq(n->name, STR("GlobalSecondaryIndexes")) || str_eq(n->name, STR("LocalSecondaryIndexes"))) {
		write_indexes(c, n);
		return;
	}
	json_key(&c->w, n->name);
	if (str_eq(n->name, STR("TableName")) && c->how->name.len)
		json_str(&c->w, c->how->name);
	else if (str_eq(n->name, STR("AttributeDefinitions")))
		write_attributes(c);
	else
		node_write_json(n, &c->w);
}

bool model_create_table(const struct model_table *t, const struct model_creation *how, struct buf *out)
{
	struct creating c = { .table = t, .how = how };

	json_write_init(&c.w, out);
	json_begin_object(&c.w);
	for (const struct node *n = t->at->first; n; n = n->next)
		write_member(&c, n);
	if (!node_get(t->at, STR("BillingMode")) && !node_get(t->at, STR("ProvisionedThroughput")))
		json_member_str(&c.w, STR("BillingMode"), STR("PAY_PER_REQUEST"));
	json_end_object(&c.w);
	return buf_ok(out);
}

bool model_create_ttl(const struct model_table *t, const struct model_creation *how, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_str(&w, STR("TableName"), how->name.len ? how->name : t->name);
	json_key(&w, STR("TimeToLiveSpecification"));
	json_begin_object(&w);
	json_member_bool(&w, STR("Enabled"), true);
	json_member_str(&w, STR("AttributeName"), t->ttl_attribute);
	json_end_object(&w);
	json_end_object(&w);
	return buf_ok(out);
}
