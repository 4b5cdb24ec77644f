#include "diff_parts.h"

#include "sluice/core/json_write.h"
#include "sluice/model/create.h"

enum { REQUEST_MAX = 4 << 20 };

static void begin(struct buf *b, struct json_writer *w, struct str table)
{
	buf_init(b, REQUEST_MAX);
	json_write_init(w, b);
	json_begin_object(w);
	json_member_str(w, STR("TableName"), table);
}

static struct str end(struct diffing *d, struct buf *b, struct json_writer *w)
{
	json_end_object(w);
	return diff_take(d, b);
}

static void put_tree(struct json_writer *w, struct str name, const struct node *n)
{
	struct buf b;

	if (!n)
		return;
	buf_init(&b, REQUEST_MAX);
	json_key(w, name);
	if (node_print_json(n, &b))
		json_raw(w, buf_str(&b));
	else
		json_null(w);
	buf_release(&b);
}

struct str diff_request_table(struct diffing *d, const struct model_table *t, struct str name)
{
	const struct model_creation how = { .name = name };
	struct buf b;

	buf_init(&b, REQUEST_MAX);
	model_create_table(t, &how, &b);
	return diff_take(d, &b);
}

struct str diff_request_delete_table(struct diffing *d, struct str table)
{
	struct json_writer w;
	struct buf b;

	begin(&b, &w, table);
	return end(d, &b, &w);
}

/* --- indexes --------------------------------------------------------------- */

static void put_definitions(struct json_writer *w, const struct model_attribute *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_begin_object(w);
		json_member_str(w, STR("AttributeName"), list[i]->name);
		json_member_str(w, STR("AttributeType"), str_of(&list[i]->type, list[i]->type ? 1 : 0));
		json_end_object(w);
	}
}

static void put_schema(struct json_writer *w, const char *kind, const struct model_attribute *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_begin_object(w);
		json_member_str(w, STR("AttributeName"), list[i]->name);
		json_member_str(w, STR("KeyType"), str_c(kind));
		json_end_object(w);
	}
}

/* While a table is on demand, its indexes can be given no capacity: the switch to provisioned, the last step, does. */
static bool is_provisioned(const struct diffing *d, const struct model_table *t)
{
	const struct model_table *was = model_table(d->was, t->name);

	return !diff_on_demand(t) && !(was && diff_on_demand(was));
}

static void put_index(struct json_writer *w, const struct model_index *i, struct str name, bool provisioned)
{
	json_member_str(w, STR("IndexName"), name);
	json_key(w, STR("KeySchema"));
	json_begin_array(w);
	put_schema(w, "HASH", i->key.hash, i->key.n_hash);
	put_schema(w, "RANGE", i->key.range, i->key.n_range);
	json_end_array(w);
	put_tree(w, STR("Projection"), node_get(i->at, STR("Projection")));
	if (provisioned)
		put_tree(w, STR("ProvisionedThroughput"), node_get(i->at, STR("ProvisionedThroughput")));
	put_tree(w, STR("OnDemandThroughput"), node_get(i->at, STR("OnDemandThroughput")));
	put_tree(w, STR("WarmThroughput"), node_get(i->at, STR("WarmThroughput")));
}

/* AttributeDefinitions must hold the new index's key; what the table has already may be left out. */
struct str diff_request_index(struct diffing *d, const struct model_table *t, const struct model_index *i,
			      struct str name)
{
	struct json_writer w;
	struct buf b;

	begin(&b, &w, t->name);
	json_key(&w, STR("AttributeDefinitions"));
	json_begin_array(&w);
	put_definitions(&w, i->key.hash, i->key.n_hash);
	put_definitions(&w, i->key.range, i->key.n_range);
	json_end_array(&w);
	json_key(&w, STR("GlobalSecondaryIndexUpdates"));
	json_begin_array(&w);
	json_begin_object(&w);
	json_key(&w, STR("Create"));
	json_begin_object(&w);
	put_index(&w, i, name, is_provisioned(d, t));
	json_end_object(&w);
	json_end_object(&w);
	json_end_array(&w);
	return end(d, &b, &w);
}

/* {"GlobalSecondaryIndexUpdates": [{verb: {"IndexName": index, …}}]}; the caller closes all with end_update(). */
static void begin_update(struct json_writer *w, const char *verb, struct str index)
{
	json_key(w, STR("GlobalSecondaryIndexUpdates"));
	json_begin_array(w);
	json_begin_object(w);
	json_key(w, str_c(verb));
	json_begin_object(w);
	json_member_str(w, STR("IndexName"), index);
}

static void end_update(struct json_writer *w)
{
	json_end_object(w);
	json_end_object(w);
	json_end_array(w);
}

struct str diff_request_delete_index(struct diffing *d, struct str table, struct str index)
{
	struct json_writer w;
	struct buf b;

	begin(&b, &w, table);
	begin_update(&w, "Delete", index);
	end_update(&w);
	return end(d, &b, &w);
}

/* --- streams, TTL, billing, settings --------------------------------------- */

struct str diff_request_stream(struct diffing *d, struct str table, struct str view_type)
{
	struct json_writer w;
	struct buf b;

	begin(&b, &w, table);
	json_key(&w, STR("StreamSpecification"));
	json_begin_object(&w);
	json_member_bool(&w, STR("StreamEnabled"), view_type.len > 0);
	if (view_type.len)
		json_member_str(&w, STR("StreamViewType"), view_type);
	json_end_object(&w);
	return end(d, &b, &w);
}

struct str diff_request_ttl(struct diffing *d, struct str table, struct str attribute, bool enabled)
{
	struct json_writer w;
	struct buf b;

	begin(&b, &w, table);
	json_key(&w, STR("TimeToLiveSpecification"));
	json_begin_object(&w);
	json_member_bool(&w, STR("Enabled"), enabled);
	json_member_str(&w, STR("AttributeName"), attribute);
	json_end_object(&w);
	return end(d, &b, &w);
}

/* What an index is called where it was made anew beside the old one. */
static struct str name_then(struct diffing *d, const struct model_table *t, const struct model_index *i)
{
	const struct model_table *was = model_table(d->was, t->name);
	const struct model_index *old = was ? model_index(was, i->name) : NULL;

	return old && !diff_same_index(old, i) ? diff_other_index_name(d, t, i->name) : i->name;
}

static void put_index_throughput(struct diffing *d, struct json_writer *w, const struct model_table *t)
{
	bool any = false;

	for (size_t i = 0; i < t->n_indexes; i++) {
		const struct node *given = node_get(t->indexes[i].at, STR("ProvisionedThroughput"));

		if (!given || !t->indexes[i].global)
			continue;
		if (!any) {
			json_key(w, STR("GlobalSecondaryIndexUpdates"));
			json_begin_array(w);
		}
		any = true;
		json_begin_object(w);
		json_key(w, STR("Update"));
		json_begin_object(w);
		json_member_str(w, STR("IndexName"), name_then(d, t, &t->indexes[i]));
		put_tree(w, STR("ProvisionedThroughput"), given);
		json_end_object(w);
		json_end_object(w);
	}
	if (any)
		json_end_array(w);
}

struct str diff_request_billing(struct diffing *d, const struct model_table *t)
{
	bool on_demand = diff_on_demand(t);
	struct json_writer w;
	struct buf b;

	begin(&b, &w, t->name);
	json_member_str(&w, STR("BillingMode"), on_demand ? STR("PAY_PER_REQUEST") : STR("PROVISIONED"));
	if (!on_demand) {
		put_tree(&w, STR("ProvisionedThroughput"), node_get(t->at, STR("ProvisionedThroughput")));
		put_index_throughput(d, &w, t);
	}
	return end(d, &b, &w);
}

struct str diff_request_setting(struct diffing *d, struct str table, struct str index, const struct node *setting)
{
	struct json_writer w;
	struct buf b;

	begin(&b, &w, table);
	if (index.len)
		begin_update(&w, "Update", index);
	put_tree(&w, setting->name, setting);
	if (index.len)
		end_update(&w);
	return end(d, &b, &w);
}
