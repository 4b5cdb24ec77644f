#include "resources_parts.h"

#include <stdio.h>

enum { RESOURCES_MAX = 500 };

static const struct draft_rename units[] = {
	{ "ReadCapacityUnits", "ReadCapacityUnits" }, { "WriteCapacityUnits", "WriteCapacityUnits" }, { 0 },
};
static const struct draft_rename most[] = {
	{ "MaxReadRequestUnits", "MaxReadRequestUnits" }, { "MaxWriteRequestUnits", "MaxWriteRequestUnits" }, { 0 },
};
static const struct draft_rename warm[] = {
	{ "ReadUnitsPerSecond", "ReadUnitsPerSecond" }, { "WriteUnitsPerSecond", "WriteUnitsPerSecond" }, { 0 },
};

/* --- tables ---------------------------------------------------------------- */

static void put_attributes(struct draft *p, const struct model_table *t)
{
	json_key(&p->w, STR("AttributeDefinitions"));
	json_begin_array(&p->w);
	for (size_t i = 0; i < t->n_attributes; i++) {
		if (!draft_is_key(t, &t->attributes[i]))
			continue;
		json_begin_object(&p->w);
		draft_member(p, "AttributeName", t->attributes[i].name);
		json_member_str(&p->w, STR("AttributeType"), str_of(&t->attributes[i].type, 1));
		json_end_object(&p->w);
	}
	json_end_array(&p->w);
}

static void put_key_elements(struct draft *p, const struct model_attribute *const *attributes, size_t n, const char *type)
{
	for (size_t i = 0; i < n; i++) {
		json_begin_object(&p->w);
		draft_member(p, "AttributeName", attributes[i]->name);
		json_member_str(&p->w, STR("KeyType"), str_c(type));
		json_end_object(&p->w);
	}
}

static void put_key(struct draft *p, const struct model_key *k)
{
	json_key(&p->w, STR("KeySchema"));
	json_begin_array(&p->w);
	put_key_elements(p, k->hash, k->n_hash, "HASH");
	put_key_elements(p, k->range, k->n_range, "RANGE");
	json_end_array(&p->w);
}

static void put_throughput(struct draft *p, const struct node *of)
{
	static const struct {
		const char *name;
		const struct draft_rename *members;
	} kinds[] = { { "ProvisionedThroughput", units }, { "OnDemandThroughput", most }, { "WarmThroughput", warm } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct node *n = node_get(of, str_c(kinds[i].name));

		if (!n || n->kind != NODE_OBJECT)
			continue;
		json_key(&p->w, str_c(kinds[i].name));
		json_begin_object(&p->w);
		draft_numbers(p, n, kinds[i].members);
		json_end_object(&p->w);
	}
}

static void put_index(struct draft *p, const struct model_index *x)
{
	static const char *const projections[] = { "ALL", "KEYS_ONLY", "INCLUDE" };

	json_begin_object(&p->w);
	draft_member(p, "IndexName", x->name);
	put_key(p, &x->key);
	json_key(&p->w, STR("Projection"));
	json_begin_object(&p->w);
	json_member_str(&p->w, STR("ProjectionType"), str_c(projections[x->projection]));
	if (x->projection == MODEL_PROJECT_INCLUDE) {
		json_key(&p->w, STR("NonKeyAttributes"));
		json_begin_array(&p->w);
		for (size_t i = 0; i < x->n_included; i++)
			draft_text(p, x->included[i]);
		json_end_array(&p->w);
	}
	json_end_object(&p->w);
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
	json_key(&p->w, STR("SSESpecification"));
	json_begin_object(&p->w);
	json_member_bool(&p->w, STR("SSEEnabled"), enabled->b);
	if (str_eq(draft_text_at(sse, "SSEType"), STR("KMS")))
		json_member_str(&p->w, STR("SSEType"), STR("KMS"));
	if (key.len)
		draft_member(p, "KMSMasterKeyId", key);
	json_end_object(&p->w);
}

static void put_tags(struct draft *p, const struct model_table *t)
{
	const struct node *tags = node_get(t->at, STR("Tags"));

	if (!tags || tags->kind != NODE_ARRAY || !tags->first)
		return;
	json_key(&p->w, STR("Tags"));
	json_begin_array(&p->w);
	for (const struct node *n = tags->first; n; n = n->next) {
		json_begin_object(&p->w);
		draft_member(p, "Key", draft_text_at(n, "Key"));
		draft_member(p, "Value", draft_text_at(n, "Value"));
		json_end_object(&p->w);
	}
	json_end_array(&p->w);
}

static void put_options(struct draft *p, const struct model_table *t)
{
	struct str class = draft_text_at(t->at, "TableClass");

	if (t->stream) {
		json_key(&p->w, STR("StreamSpecification"));
		json_begin_object(&p->w);
		draft_member(p, "StreamViewType", t->stream_view_type);
		json_end_object(&p->w);
	}
	if (t->ttl_attribute.len) {
		json_key(&p->w, STR("TimeToLiveSpecification"));
		json_begin_object(&p->w);
		draft_member(p, "AttributeName", t->ttl_attribute);
		json_member_bool(&p->w, STR("Enabled"), true);
		json_end_object(&p->w);
	}
	if (class.len)
		draft_member(p, "TableClass", class);
	put_encryption(p, t);
	json_member_raw(&p->w, STR("PointInTimeRecoverySpecification"), STR("{\"PointInTimeRecoveryEnabled\":true}"));
	json_member_bool(&p->w, STR("DeletionProtectionEnabled"), true);
	put_tags(p, t);
}

static void begin_resource(struct draft *p, struct str id, const char *type, bool data)
{
	json_key(&p->w, id);
	json_begin_object(&p->w);
	json_member_str(&p->w, STR("Type"), str_c(type));
	if (data) { /* a stack that is deleted leaves its data */
		json_member_str(&p->w, STR("DeletionPolicy"), STR("Retain"));
		json_member_str(&p->w, STR("UpdateReplacePolicy"), STR("Retain"));
	}
	json_key(&p->w, STR("Properties"));
	json_begin_object(&p->w);
}

static void end_resource(struct draft *p)
{
	json_end_object(&p->w);
	json_end_object(&p->w);
}

static void put_table(struct draft *p, size_t i)
{
	const struct model_table *t = &p->model->tables[i];

	begin_resource(p, p->table_ids[i], "AWS::DynamoDB::Table", true);
	draft_member(p, "TableName", t->name);
	put_attributes(p, t);
	put_key(p, &t->key);
	json_member_str(&p->w, STR("BillingMode"), draft_on_demand(t) ? STR("PAY_PER_REQUEST") : STR("PROVISIONED"));
	put_throughput(p, t->at);
	draft_indexes(p, t, true, STR("GlobalSecondaryIndexes"), put_index);
	draft_indexes(p, t, false, STR("LocalSecondaryIndexes"), put_index);
	put_options(p, t);
	end_resource(p);
}

/* Without recovery to a point in time: positions of another time are of no use. */
static void put_state(struct draft *p)
{
	begin_resource(p, p->state_id, "AWS::DynamoDB::Table", true);
	json_key(&p->w, STR("TableName"));
	json_begin_object(&p->w);
	json_member_str(&p->w, STR("Ref"), p->state_parameter);
	json_end_object(&p->w);
	json_member_raw(&p->w, STR("AttributeDefinitions"),
			STR("[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},{\"AttributeName\":\"sk\",\"AttributeType\":\"S\"}]"));
	json_member_raw(&p->w, STR("KeySchema"),
			STR("[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"},{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}]"));
	json_member_str(&p->w, STR("BillingMode"), STR("PAY_PER_REQUEST"));
	json_member_raw(&p->w, STR("TimeToLiveSpecification"), STR("{\"AttributeName\":\"ttl\",\"Enabled\":true}"));
	json_member_bool(&p->w, STR("DeletionProtectionEnabled"), true);
	end_resource(p);
}

/* --- policies -------------------------------------------------------------- */

static void put_arn(struct draft *p, const struct draft_arn *a)
{
	struct buf text;

	buf_init(&text, 4096);
	draft_arn_text(p, a, &text);
	json_begin_object(&p->w);
	if (a->kind == ARN_UNKNOWN)
		json_member_str(&p->w, STR("Ref"), p->unknowns[a->unknown].id);
	else
		json_member_str(&p->w, STR("Fn::Sub"), buf_str(&text));
	json_end_object(&p->w);
	buf_release(&text);
}

static void put_statement(struct draft *p, const struct draft_statement *s, size_t from, size_t to)
{
	static const struct draft_style style = {
		.sid = "Sid", .effect = "Effect", .actions = "Action", .resources = "Resource", .condition = "Condition",
		.own_account = "{\"StringEquals\":{\"aws:ResourceAccount\":{\"Ref\":\"AWS::AccountId\"}}}", .arn = put_arn,
	};

	draft_statement(p, s, from, to, &style);
}

static struct str policy_id(char room[32], unsigned number)
{
	int n = number == 1 ? snprintf(room, 32, "SluicePolicy") : snprintf(room, 32, "SluicePolicy%u", number);

	return str_of(room, (size_t)n);
}

static void put_policies(struct draft *p)
{
	struct draft_cut cut = { 0 };
	char room[32];

	for (unsigned i = 1; draft_next_policy(p, &cut); i++) {
		begin_resource(p, policy_id(room, i), "AWS::IAM::ManagedPolicy", false);
		json_member_str(&p->w, STR("Description"), STR("What sluice needs to run the handlers of the data model"));
		json_key(&p->w, STR("PolicyDocument"));
		json_begin_object(&p->w);
		json_member_str(&p->w, STR("Version"), STR("2012-10-17"));
		json_key(&p->w, STR("Statement"));
		json_begin_array(&p->w);
		draft_each_statement(p, &cut, put_statement);
		json_end_array(&p->w);
		json_end_object(&p->w);
		end_resource(p);
	}
}

static void put_outputs(struct draft *p)
{
	struct draft_cut cut = { 0 };
	char room[32];

	json_key(&p->w, STR("Outputs"));
	json_begin_object(&p->w);
	for (unsigned i = 1; draft_next_policy(p, &cut); i++) {
		struct str id = policy_id(room, i);

		json_key(&p->w, id);
		json_begin_object(&p->w);
		json_member_str(&p->w, STR("Description"), STR("Attach this policy to the role that sluice runs as"));
		json_key(&p->w, STR("Value"));
		json_begin_object(&p->w);
		json_member_str(&p->w, STR("Ref"), id);
		json_end_object(&p->w);
		json_end_object(&p->w);
	}
	json_end_object(&p->w);
}

/* --- all ------------------------------------------------------------------- */

static void put_parameter(struct draft *p, struct str id, const char *more, struct str description)
{
	json_key(&p->w, id);
	json_begin_object(&p->w);
	json_member_str(&p->w, STR("Type"), STR("String"));
	json_member_str(&p->w, STR("AllowedPattern"), str_c(more));
	if (str_eq(id, p->state_parameter))
		json_member_str(&p->w, STR("Default"), STR(RESOURCES_STATE_TABLE));
	draft_member(p, "Description", description);
	json_end_object(&p->w);
}

static void put_parameters(struct draft *p)
{
	json_key(&p->w, STR("Parameters"));
	json_begin_object(&p->w);
	put_parameter(p, p->state_parameter, "^[A-Za-z0-9_.-]{3,255}$", STR("sluice's state table: state.table of its settings"));
	for (size_t i = 0; i < p->n_unknowns; i++)
		put_parameter(p, p->unknowns[i].id, "^arn:[^*?]+$", p->unknowns[i].what);
	json_end_object(&p->w);
}

void resources_cloudformation(struct draft *p)
{
	json_begin_object(&p->w);
	json_member_str(&p->w, STR("AWSTemplateFormatVersion"), STR("2010-09-09"));
	json_member_str(&p->w, STR("Description"), STR("The tables of a data model, and what sluice needs for its stream handlers"));
	if (p->handlers)
		put_parameters(p);
	json_key(&p->w, STR("Resources"));
	json_begin_object(&p->w);
	for (size_t i = 0; i < p->model->n_tables; i++)
		put_table(p, i);
	if (p->handlers) {
		put_state(p);
		put_policies(p);
	}
	json_end_object(&p->w);
	if (p->handlers)
		put_outputs(p);
	json_end_object(&p->w);
	if (p->model->n_tables + 2 > RESOURCES_MAX)
		draft_note(p, "A template takes %d resources, and the model has %zu tables: cut it into several.", RESOURCES_MAX,
			   p->model->n_tables);
	for (size_t i = 0; i < p->n_unknowns; i++)
		draft_note(p, "The parameter %.*s is %.*s.", STR_ARG(p->unknowns[i].id), STR_ARG(p->unknowns[i].what));
}
