#include "resources_parts.h"

#include <stdio.h>

/* key_schema of an index is there from 6.29 on, and free of its first faults from 6.37 on. */
#define REQUIRED "{\"required_version\":\">= 1.5\",\"required_providers\":" \
	"{\"aws\":{\"source\":\"hashicorp/aws\",\"version\":\">= 6.37.0\"}}}"

static const struct draft_rename units[] = {
	{ "ReadCapacityUnits", "read_capacity" }, { "WriteCapacityUnits", "write_capacity" }, { 0 },
};
static const struct draft_rename most[] = {
	{ "MaxReadRequestUnits", "max_read_request_units" }, { "MaxWriteRequestUnits", "max_write_request_units" }, { 0 },
};
static const struct draft_rename warm[] = {
	{ "ReadUnitsPerSecond", "read_units_per_second" }, { "WriteUnitsPerSecond", "write_units_per_second" }, { 0 },
};

/* --- tables ---------------------------------------------------------------- */

static void put_attributes(struct draft *p, const struct model_table *t)
{
	json_key(&p->w, STR("attribute"));
	json_begin_array(&p->w);
	for (size_t i = 0; i < t->n_attributes; i++) {
		if (!draft_is_key(t, &t->attributes[i]))
			continue;
		json_begin_object(&p->w);
		draft_member(p, "name", t->attributes[i].name);
		json_member_str(&p->w, STR("type"), str_of(&t->attributes[i].type, 1));
		json_end_object(&p->w);
	}
	json_end_array(&p->w);
}

static void put_block(struct draft *p, const char *name, const struct node *from, const struct draft_rename *members)
{
	if (!from || from->kind != NODE_OBJECT)
		return;
	json_key(&p->w, str_c(name));
	json_begin_object(&p->w);
	draft_numbers(p, from, members);
	json_end_object(&p->w);
}

static void put_throughput(struct draft *p, const struct node *of)
{
	draft_numbers(p, node_get(of, STR("ProvisionedThroughput")), units);
	put_block(p, "on_demand_throughput", node_get(of, STR("OnDemandThroughput")), most);
	put_block(p, "warm_throughput", node_get(of, STR("WarmThroughput")), warm);
}

static void put_key_elements(struct draft *p, const struct model_attribute *const *attributes, size_t n, const char *type)
{
	for (size_t i = 0; i < n; i++) {
		json_begin_object(&p->w);
		draft_member(p, "attribute_name", attributes[i]->name);
		json_member_str(&p->w, STR("key_type"), str_c(type));
		json_end_object(&p->w);
	}
}

/* A local index has the table's partition key. */
static void put_index_key(struct draft *p, const struct model_index *x)
{
	if (!x->global) {
		if (x->key.n_range)
			draft_member(p, "range_key", x->key.range[0]->name);
		return;
	}
	json_key(&p->w, STR("key_schema"));
	json_begin_array(&p->w);
	put_key_elements(p, x->key.hash, x->key.n_hash, "HASH");
	put_key_elements(p, x->key.range, x->key.n_range, "RANGE");
	json_end_array(&p->w);
}

static void put_index(struct draft *p, const struct model_index *x)
{
	static const char *const projections[] = { "ALL", "KEYS_ONLY", "INCLUDE" };

	json_begin_object(&p->w);
	draft_member(p, "name", x->name);
	put_index_key(p, x);
	json_member_str(&p->w, STR("projection_type"), str_c(projections[x->projection]));
	if (x->projection == MODEL_PROJECT_INCLUDE) {
		json_key(&p->w, STR("non_key_attributes"));
		json_begin_array(&p->w);
		for (size_t i = 0; i < x->n_included; i++)
			draft_text(p, x->included[i]);
		json_end_array(&p->w);
	}
	if (x->global)
		put_throughput(p, x->at);
	json_end_object(&p->w);
}

static void put_encryption(struct draft *p, const struct model_table *t)
{
	const struct node *sse = node_get(t->at, STR("SSESpecification"));
	const struct node *enabled = node_get(sse, STR("Enabled"));
	struct str key = draft_text_at(sse, "KMSMasterKeyId");

	if (!sse || !enabled || enabled->kind != NODE_BOOL)
		return;
	json_key(&p->w, STR("server_side_encryption"));
	json_begin_object(&p->w);
	json_member_bool(&p->w, STR("enabled"), enabled->b);
	if (key.len)
		draft_member(p, "kms_key_arn", key);
	json_end_object(&p->w);
	if (key.len && !str_starts(key, STR("arn:")))
		draft_note(p, "Terraform wants the ARN of the key of the table %.*s; the model has something else.", STR_ARG(t->name));
}

/* The last of equal keys counts, as an object has a member once. */
static bool tagged_again(const struct node *tag)
{
	for (const struct node *n = tag->next; n; n = n->next)
		if (str_eq(draft_text_at(n, "Key"), draft_text_at(tag, "Key")))
			return true;
	return false;
}

static void put_tags(struct draft *p, const struct model_table *t)
{
	const struct node *tags = node_get(t->at, STR("Tags"));

	if (!tags || tags->kind != NODE_ARRAY || !tags->first)
		return;
	json_key(&p->w, STR("tags"));
	json_begin_object(&p->w);
	for (const struct node *n = tags->first; n; n = n->next) {
		if (tagged_again(n))
			continue;
		draft_key(p, draft_text_at(n, "Key"));
		draft_text(p, draft_text_at(n, "Value"));
	}
	json_end_object(&p->w);
}

static void put_options(struct draft *p, const struct model_table *t)
{
	struct str class = draft_text_at(t->at, "TableClass");

	if (t->stream) {
		json_member_bool(&p->w, STR("stream_enabled"), true);
		draft_member(p, "stream_view_type", t->stream_view_type);
	}
	if (t->ttl_attribute.len) {
		json_key(&p->w, STR("ttl"));
		json_begin_object(&p->w);
		draft_member(p, "attribute_name", t->ttl_attribute);
		json_member_bool(&p->w, STR("enabled"), true);
		json_end_object(&p->w);
	}
	if (class.len)
		draft_member(p, "table_class", class);
	put_encryption(p, t);
	json_member_raw(&p->w, STR("point_in_time_recovery"), STR("{\"enabled\":true}"));
	json_member_bool(&p->w, STR("deletion_protection_enabled"), true);
	put_tags(p, t);
}

static void put_table(struct draft *p, size_t i)
{
	const struct model_table *t = &p->model->tables[i];

	json_key(&p->w, p->table_ids[i]);
	json_begin_object(&p->w);
	draft_member(p, "name", t->name);
	json_member_str(&p->w, STR("billing_mode"), draft_on_demand(t) ? STR("PAY_PER_REQUEST") : STR("PROVISIONED"));
	if (t->key.n_hash)
		draft_member(p, "hash_key", t->key.hash[0]->name);
	if (t->key.n_range)
		draft_member(p, "range_key", t->key.range[0]->name);
	put_attributes(p, t);
	put_throughput(p, t->at);
	draft_indexes(p, t, true, STR("global_secondary_index"), put_index);
	draft_indexes(p, t, false, STR("local_secondary_index"), put_index);
	put_options(p, t);
	json_end_object(&p->w);
}

/* Without recovery to a point in time: positions of another time are of no use. */
static void put_state(struct draft *p)
{
	char name[64];

	snprintf(name, sizeof(name), "${var.%.*s}", STR_ARG(p->state_parameter));
	json_key(&p->w, p->state_id);
	json_begin_object(&p->w);
	json_member_str(&p->w, STR("name"), str_c(name));
	json_member_str(&p->w, STR("billing_mode"), STR("PAY_PER_REQUEST"));
	json_member_str(&p->w, STR("hash_key"), STR("pk"));
	json_member_str(&p->w, STR("range_key"), STR("sk"));
	json_member_raw(&p->w, STR("attribute"), STR("[{\"name\":\"pk\",\"type\":\"S\"},{\"name\":\"sk\",\"type\":\"S\"}]"));
	json_member_raw(&p->w, STR("ttl"), STR("{\"attribute_name\":\"ttl\",\"enabled\":true}"));
	json_member_bool(&p->w, STR("deletion_protection_enabled"), true);
	json_end_object(&p->w);
}

/* --- policies -------------------------------------------------------------- */

static void put_statement(struct draft *p, const struct draft_statement *s, size_t from, size_t to)
{
	static const struct draft_style style = {
		.sid = "sid", .effect = "effect", .actions = "actions", .resources = "resources", .condition = "condition",
		.own_account = "{\"test\":\"StringEquals\",\"variable\":\"aws:ResourceAccount\","
			       "\"values\":[\"${data.aws_caller_identity.current.account_id}\"]}",
		.arn = draft_arn,
	};

	draft_statement(p, s, from, to, &style);
}

static const char *policy_id(char room[32], unsigned number)
{
	if (number == 1)
		snprintf(room, 32, "sluice");
	else
		snprintf(room, 32, "sluice_%u", number);
	return room;
}

static void put_documents(struct draft *p)
{
	struct draft_cut cut = { 0 };
	char room[32];

	json_key(&p->w, STR("aws_iam_policy_document"));
	json_begin_object(&p->w);
	for (unsigned i = 1; draft_next_policy(p, &cut); i++) {
		json_key(&p->w, str_c(policy_id(room, i)));
		json_begin_object(&p->w);
		json_key(&p->w, STR("statement"));
		json_begin_array(&p->w);
		draft_each_statement(p, &cut, put_statement);
		json_end_array(&p->w);
		json_end_object(&p->w);
	}
	json_end_object(&p->w);
}

/* For each policy in its turn. */
static void put_each_policy(struct draft *p, void (*put)(struct draft *p, const char *id))
{
	struct draft_cut cut = { 0 };
	char room[32];

	for (unsigned i = 1; draft_next_policy(p, &cut); i++)
		put(p, policy_id(room, i));
}

static void put_policy(struct draft *p, const char *id)
{
	char text[100];

	snprintf(text, sizeof(text), "${data.aws_iam_policy_document.%s.json}", id);
	json_key(&p->w, str_c(id));
	json_begin_object(&p->w);
	json_member_str(&p->w, STR("name_prefix"), STR("sluice-"));
	json_member_str(&p->w, STR("description"), STR("What sluice needs to run the handlers of the data model"));
	json_member_str(&p->w, STR("policy"), str_c(text));
	json_end_object(&p->w);
}

static void put_output(struct draft *p, const char *id)
{
	char text[100];

	snprintf(text, sizeof(text), "%s_policy_arn", id);
	json_key(&p->w, str_c(text));
	json_begin_object(&p->w);
	json_member_str(&p->w, STR("description"), STR("Attach this policy to the role that sluice runs as"));
	snprintf(text, sizeof(text), "${aws_iam_policy.%s.arn}", id);
	json_member_str(&p->w, STR("value"), str_c(text));
	json_end_object(&p->w);
}

/* --- all ------------------------------------------------------------------- */

static void put_variable(struct draft *p, struct str id, struct str description, const char *pattern, const char *expected)
{
	char condition[400];

	snprintf(condition, sizeof(condition), "${can(regex(\"%s\", var.%.*s))}", pattern, STR_ARG(id));
	json_key(&p->w, id);
	json_begin_object(&p->w);
	json_member_str(&p->w, STR("type"), STR("string"));
	if (str_eq(id, p->state_parameter))
		json_member_str(&p->w, STR("default"), STR(RESOURCES_STATE_TABLE));
	draft_member(p, "description", description);
	json_key(&p->w, STR("validation"));
	json_begin_object(&p->w);
	json_member_str(&p->w, STR("condition"), str_c(condition));
	json_member_str(&p->w, STR("error_message"), str_c(expected));
	json_end_object(&p->w);
	json_end_object(&p->w);
}

static void put_variables(struct draft *p)
{
	json_key(&p->w, STR("variable"));
	json_begin_object(&p->w);
	put_variable(p, p->state_parameter, STR("sluice's state table: state.table of its settings"), "^[A-Za-z0-9_.-]{3,255}$",
		     "Expected a table's name: 3 to 255 letters, digits, '_', '-' and '.'.");
	for (size_t i = 0; i < p->n_unknowns; i++)
		put_variable(p, p->unknowns[i].id, p->unknowns[i].what, "^arn:[^*?]+$", "Expected an ARN without a wildcard.");
	json_end_object(&p->w);
}

static void put_data(struct draft *p)
{
	json_key(&p->w, STR("data"));
	json_begin_object(&p->w);
	json_member_raw(&p->w, STR("aws_caller_identity"), STR("{\"current\":{}}"));
	json_member_raw(&p->w, STR("aws_partition"), STR("{\"current\":{}}"));
	json_member_raw(&p->w, STR("aws_region"), STR("{\"current\":{}}"));
	put_documents(p);
	json_end_object(&p->w);
}

static void put_resources(struct draft *p)
{
	json_key(&p->w, STR("resource"));
	json_begin_object(&p->w);
	json_key(&p->w, STR("aws_dynamodb_table"));
	json_begin_object(&p->w);
	for (size_t i = 0; i < p->model->n_tables; i++)
		put_table(p, i);
	if (p->handlers)
		put_state(p);
	json_end_object(&p->w);
	if (p->handlers) {
		json_key(&p->w, STR("aws_iam_policy"));
		json_begin_object(&p->w);
		put_each_policy(p, put_policy);
		json_end_object(&p->w);
	}
	json_end_object(&p->w);
}

void resources_terraform(struct draft *p)
{
	json_begin_object(&p->w);
	json_member_raw(&p->w, STR("terraform"), STR(REQUIRED));
	if (p->handlers) {
		put_variables(p);
		put_data(p);
	}
	put_resources(p);
	if (p->handlers) {
		json_key(&p->w, STR("output"));
		json_begin_object(&p->w);
		put_each_policy(p, put_output);
		json_end_object(&p->w);
	}
	json_end_object(&p->w);
	for (size_t i = 0; i < p->n_unknowns; i++)
		draft_note(p, "The variable %.*s is %.*s.", STR_ARG(p->unknowns[i].id), STR_ARG(p->unknowns[i].what));
}
