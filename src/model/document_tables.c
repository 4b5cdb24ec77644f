#include "document_parts.h"

enum { TABLES_MAX = 500, INDEXES_MAX = 100, ATTRIBUTES_MAX = 300 };

/* What CreateTable takes, for "did you mean"; others are passed over. */
static const char *const table_members[] = {
	"TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "LocalSecondaryIndexes",
	"StreamSpecification", "TimeToLiveSpecification", "ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput",
	"SSESpecification", "TableClass", "DeletionProtectionEnabled", "Tags", "ResourcePolicy", NULL,
};
static const char *const index_members[] = {
	"IndexName", "KeySchema", "Projection", "ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput", NULL,
};


static char type_of(struct str type)
{
	return type.len == 1 && strchr("SNB", type.ptr[0]) ? type.ptr[0] : '\0';
}

static bool read_attribute(struct reading *r, const struct node *n, void *out)
{
	struct model_attribute *a = out;

	a->at = n;
	a->name = need_str(r, n, "AttributeName");
	a->type = type_of(need_str(r, n, "AttributeType"));
	return a->name.len > 0;
}

/* --- keys ------------------------------------------------------------------ */

/* One that AttributeDefinitions lacks: without a type, so that the key stays whole. */
static const struct model_attribute *undefined_attribute(struct reading *r, const struct node *n, struct str name)
{
	struct model_attribute *a = make_array(r, 1, sizeof(*a));

	if (a)
		*a = (struct model_attribute){ .name = name, .at = n };
	return a;
}

static void add_to_key(struct reading *r, const struct node *n, const struct model_attribute *a, bool hash,
		       struct model_key *key)
{
	size_t *count = hash ? &key->n_hash : &key->n_range;

	if (*count == MODEL_KEYS_OF_EACH)
		finding_add(r->findings, FINDING_ERROR, "key-too-many", n, NULL, "a key has at most %d %s attributes",
			    MODEL_KEYS_OF_EACH, hash ? "HASH" : "RANGE");
	else if (a)
		(hash ? key->hash : key->range)[(*count)++] = a;
}

static void read_key_element(struct reading *r, const struct model_table *t, const struct node *n,
			     struct model_key *key)
{
	struct str name = need_str(r, n, "AttributeName"), type = need_str(r, n, "KeyType");
	const struct model_attribute *a = model_attribute(t, name);
	bool hash = str_eq(type, STR("HASH"));

	if (!hash && !str_eq(type, STR("RANGE"))) {
		if (type.len)
			finding_add(r->findings, FINDING_ERROR, "wrong-value", node_get(n, STR("KeyType")), NULL,
				    "expected \"HASH\" or \"RANGE\"");
		return;
	}
	if (name.len)
		add_to_key(r, n, a ? a : undefined_attribute(r, n, name), hash, key);
}

static void read_key(struct reading *r, const struct model_table *t, const struct node *owner, struct model_key *key)
{
	const struct node *schema = need(r, owner, "KeySchema", TAKES_ARRAY);

	for (const struct node *n = schema ? schema->first : NULL; n; n = n->next)
		if (is_kind(r, n, TAKES_OBJECT))
			read_key_element(r, t, n, key);
}

/* --- indexes --------------------------------------------------------------- */

static void read_included(struct reading *r, const struct node *projection, struct model_index *index)
{
	const struct node *list = take(r, projection, "NonKeyAttributes", TAKES_ARRAY);

	index->included = list ? make_array(r, list->count, sizeof(*index->included)) : NULL;
	for (const struct node *n = index->included ? list->first : NULL; n; n = n->next)
		if (is_kind(r, n, TAKES_STRING))
			index->included[index->n_included++] = n->text;
}

static void read_projection(struct reading *r, const struct node *n, struct model_index *index)
{
	static const char *const names[] = {
		[MODEL_PROJECT_ALL] = "ALL", [MODEL_PROJECT_KEYS_ONLY] = "KEYS_ONLY", [MODEL_PROJECT_INCLUDE] = "INCLUDE",
	};
	const struct node *projection = need(r, n, "Projection", TAKES_OBJECT);
	struct str type = projection ? take_str(r, projection, "ProjectionType") : STR("");

	if (!projection)
		return;
	read_included(r, projection, index);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (str_eq(type, str_c(names[i]))) {
			index->projection = (enum model_projection)i;
			return;
		}
	}
	finding_add(r->findings, FINDING_ERROR, "wrong-value", projection, NULL,
		    "expected a ProjectionType of ALL, KEYS_ONLY or INCLUDE");
}

static bool read_index(struct reading *r, const struct model_table *t, const struct node *n, struct model_index *index)
{
	hint_unknown(r, n, index_members);
	index->at = n;
	index->name = need_str(r, n, "IndexName");
	read_key(r, t, n, &index->key);
	read_projection(r, n, index);
	return true;
}

static void read_indexes_of(struct reading *r, struct model_table *t, const struct node *list, bool global)
{
	if (list && list->count > INDEXES_MAX)
		finding_add(r->findings, FINDING_ERROR, "too-many", list, NULL, "%zu of these are too many; %d are allowed",
			    list->count, INDEXES_MAX);
	for (const struct node *n = list ? list->first : NULL; n && n->index < INDEXES_MAX; n = n->next)
		if (is_kind(r, n, TAKES_OBJECT) && read_index(r, t, n, &t->indexes[t->n_indexes]))
			t->indexes[t->n_indexes++].global = global;
}

static void read_indexes(struct reading *r, const struct node *n, struct model_table *t)
{
	const struct node *global = take(r, n, "GlobalSecondaryIndexes", TAKES_ARRAY);
	const struct node *local = take(r, n, "LocalSecondaryIndexes", TAKES_ARRAY);

	t->indexes = make_array(r, (global ? global->count : 0) + (local ? local->count : 0), sizeof(*t->indexes));
	if (!t->indexes)
		return;
	read_indexes_of(r, t, global, true);
	read_indexes_of(r, t, local, false);
}

/* --- the table ------------------------------------------------------------- */

static void read_billing(struct reading *r, const struct node *n, struct model_table *t)
{
	struct str mode = take_str(r, n, "BillingMode");

	t->on_demand = str_eq(mode, STR("PAY_PER_REQUEST"));
	if (mode.len && !t->on_demand && !str_eq(mode, STR("PROVISIONED")))
		finding_add(r->findings, FINDING_ERROR, "wrong-value", node_get(n, STR("BillingMode")), NULL,
			    "expected \"PAY_PER_REQUEST\" or \"PROVISIONED\"");
}

static void read_stream(struct reading *r, const struct node *n, struct model_table *t)
{
	static const char *const types[] = { "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES" };
	const struct node *stream = take(r, n, "StreamSpecification", TAKES_OBJECT);

	if (!stream)
		return;
	t->stream = take_bool(r, stream, "StreamEnabled");
	t->stream_view_type = take_str(r, stream, "StreamViewType");
	if (!t->stream && !node_get(stream, STR("StreamViewType")))
		return;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (str_eq(t->stream_view_type, str_c(types[i])))
			return;
	finding_add(r->findings, FINDING_ERROR, "wrong-value", stream, NULL,
		    "expected a StreamViewType of KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES");
}

/* The lints of peaks look into it. */
static void read_warm(struct reading *r, const struct node *n)
{
	const struct node *warm = take(r, n, "WarmThroughput", TAKES_OBJECT);

	if (!warm)
		return;
	take_count(r, warm, "ReadUnitsPerSecond");
	take_count(r, warm, "WriteUnitsPerSecond");
}

static void read_ttl(struct reading *r, const struct node *n, struct model_table *t)
{
	const struct node *ttl = take(r, n, "TimeToLiveSpecification", TAKES_OBJECT);

	if (ttl && (!node_get(ttl, STR("Enabled")) || take_bool(r, ttl, "Enabled")))
		t->ttl_attribute = need_str(r, ttl, "AttributeName");
	else if (ttl)
		take_str(r, ttl, "AttributeName");
}

static bool read_table(struct reading *r, const struct node *n, void *out)
{
	static const struct list_form attributes = { read_attribute, sizeof(struct model_attribute), ATTRIBUTES_MAX };
	struct model_table *t = out;

	hint_unknown(r, n, table_members);
	t->at = n;
	t->name = need_str(r, n, "TableName");
	t->attributes = read_list(r, need(r, n, "AttributeDefinitions", TAKES_ARRAY), &attributes, &t->n_attributes);
	read_key(r, t, n, &t->key);
	read_indexes(r, n, t);
	read_billing(r, n, t);
	read_warm(r, n);
	read_stream(r, n, t);
	read_ttl(r, n, t);
	return true;
}

void model_read_tables(struct reading *r, const struct node *tables)
{
	static const struct list_form form = { read_table, sizeof(struct model_table), TABLES_MAX };

	r->model->tables = read_list(r, tables, &form, &r->model->n_tables);
	if (tables && tables->count == 0)
		finding_add(r->findings, FINDING_ERROR, "wrong-value", tables, NULL, "expected at least one table");
}

/* --- sizing ---------------------------------------------------------------- */

static double take_share(struct reading *r, const struct node *n, const char *name)
{
	double share = take_real(r, n, name);

	if (share <= 1)
		return share;
	finding_add(r->findings, FINDING_ERROR, "wrong-value", node_get(n, str_c(name)),
		    "One per cent is 0.01.", "expected a share of 1 at most");
	return 0;
}

static void read_per_key(struct reading *r, const struct node *n, struct model_size *size)
{
	static const char *const known[] = { "average", "max", NULL };
	const struct node *per_key = take(r, n, "items_per_key", TAKES_OBJECT | TAKES_NUMBER);

	if (per_key && per_key->kind != NODE_OBJECT) {
		size->items_per_key_average = take_real(r, n, "items_per_key");
	} else if (per_key) {
		refuse_unknown(r, per_key, known);
		size->items_per_key_average = take_real(r, per_key, "average");
		size->items_per_key_max = take_real(r, per_key, "max");
	}
}

/* Of an index: the same, but it has no indexes. */
static const char *const size_members[] = {
	"indexes", "item_size_bytes", "item_count", "distinct_keys", "hottest_key_share", "items_per_key", NULL,
};

static void read_size(struct reading *r, const struct node *n, const char *const *known, struct model_size *size)
{
	refuse_unknown(r, n, known);
	size->at = n;
	size->item_bytes = take_count(r, n, "item_size_bytes");
	size->items = take_count(r, n, "item_count");
	size->distinct_keys = take_count(r, n, "distinct_keys");
	size->hottest_key_share = take_share(r, n, "hottest_key_share");
	read_per_key(r, n, size);
}

static void refuse_name(struct reading *r, const struct node *n, const char *what)
{
	finding_add(r->findings, FINDING_ERROR, "sizing-unknown", n, NULL, "there is no %s of this name", what);
}

static void read_table_size(struct reading *r, const struct node *n, struct model_table *t)
{
	const struct node *indexes = take(r, n, "indexes", TAKES_OBJECT);

	read_size(r, n, size_members, &t->size);
	for (const struct node *it = indexes ? indexes->first : NULL; it; it = it->next) {
		struct model_index *index = (struct model_index *)model_index(t, it->name);

		if (!index)
			refuse_name(r, it, "index of this table");
		else if (is_kind(r, it, TAKES_OBJECT))
			read_size(r, it, size_members + 1, &index->size);
	}
}

void model_read_sizing(struct reading *r, const struct node *sizing)
{
	for (const struct node *n = sizing ? sizing->first : NULL; n; n = n->next) {
		struct model_table *t = (struct model_table *)model_table(r->model, n->name);

		if (!t)
			refuse_name(r, n, "table");
		else if (is_kind(r, n, TAKES_OBJECT))
			read_table_size(r, n, t);
	}
}
