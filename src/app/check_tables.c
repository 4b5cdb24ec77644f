#include "sluice/app/check_aws.h"

#include "sluice/aws/dynamodb.h"
#include "sluice/aws/streams.h"
#include "sluice/item/attribute.h"
#include "sluice/model/rights.h"

#include <stdio.h>

enum { ARENA_BYTES = 8 << 20, WHAT_BYTES = 400, BODY_BYTES = 64 << 10, ANSWER_BYTES = 8 << 20 };

/* ---- one call ---- */

/* The table's (or index's) keys, each with a value of its type; of no item that anybody has. */
static void put_key(struct json_writer *w, const struct table_description *t)
{
	json_key(w, STR("Key"));
	json_begin_object(w);
	for (size_t i = 0; i < 2 && t->key_names[i].len; i++)
		json_member_raw(w, t->key_names[i],
				t->key_types[i] == 'N' ? STR("{\"N\":\"0\"}") :
				t->key_types[i] == 'B' ? STR("{\"B\":\"c2x1aWNlLWNoZWNr\"}") : STR("{\"S\":\"sluice-check\"}"));
	json_end_object(w);
}

/* No item is there and is not there. */
static void put_impossible_condition(struct json_writer *w, const struct table_description *t)
{
	json_member_str(w, STR("ConditionExpression"), STR("attribute_exists(#k) AND attribute_not_exists(#k)"));
	json_key(w, STR("ExpressionAttributeNames"));
	json_begin_object(w);
	json_member_str(w, STR("#k"), t->key_names[0]);
	json_end_object(w);
}

static void put_write(struct json_writer *w, const char *operation, const struct table_description *t)
{
	struct buf item;
	struct json_writer key;

	if (strcmp(operation, "PutItem") != 0) {
		put_key(w, t);
	} else {
		/* A put has the key's attributes as its item. */
		buf_init(&item, BODY_BYTES);
		json_write_init(&key, &item);
		json_begin_object(&key);
		put_key(&key, t);
		json_end_object(&key);
		json_member_raw(w, STR("Item"), str_sub(buf_str(&item), 7, item.len - 8)); /* {"Key":…} */
		buf_release(&item);
	}
	put_impossible_condition(w, t);
}

static void put_query(struct json_writer *w, const struct table_description *t)
{
	static const char *const values[] = { ['N'] = "{\":v\":{\"N\":\"0\"}}", ['B'] = "{\":v\":{\"B\":\"AA==\"}}",
					      ['S'] = "{\":v\":{\"S\":\"sluice-check\"}}" };

	json_member_str(w, STR("KeyConditionExpression"), STR("#k = :v"));
	json_key(w, STR("ExpressionAttributeNames"));
	json_begin_object(w);
	json_member_str(w, STR("#k"), t->key_names[0]);
	json_end_object(w);
	json_member_raw(w, STR("ExpressionAttributeValues"),
			str_c(values[t->key_types[0] == 'N' || t->key_types[0] == 'B' ? (unsigned char)t->key_types[0] : 'S']));
	json_member_int(w, STR("Limit"), 1);
}

static void put_body(struct json_writer *w, const char *operation, struct str table, struct str index,
		     const struct table_description *t)
{
	json_begin_object(w);
	json_member_str(w, STR("TableName"), table);
	if (index.len)
		json_member_str(w, STR("IndexName"), index);
	if (strcmp(operation, "Query") == 0)
		put_query(w, t);
	else if (strcmp(operation, "Scan") == 0)
		json_member_int(w, STR("Limit"), 1);
	else if (strcmp(operation, "GetItem") == 0)
		put_key(w, t);
	else
		put_write(w, operation, t);
	json_end_object(w);
}

struct trial {
	const char *operation;
	struct str table, index;
	const struct table_description *keys;
};

static void try_call(struct session *s, const struct trial *t, struct findings *f)
{
	struct json_writer w;
	struct buf body, answer;
	struct err err = { 0 };
	char what[WHAT_BYTES];

	snprintf(what, sizeof(what), "dynamodb:%s", t->operation);
	buf_init(&body, BODY_BYTES);
	buf_init(&answer, ANSWER_BYTES);
	json_write_init(&w, &body);
	put_body(&w, t->operation, t->table, t->index, t->keys);
	if (dynamodb_call(s->dynamodb, t->operation, buf_str(&body), &answer, &err) ||
	    err_is(&err, "ConditionalCheckFailedException"))
		findings_add(f, FINDING_OK, what, "%.*s%s%.*s", STR_ARG(t->table), t->index.len ? ", index " : "", STR_ARG(t->index));
	else
		findings_fail(f, what, &err);
	buf_release(&body);
	buf_release(&answer);
}

/* False, with a finding, when its keys could not be had. */
static bool describe(struct session *s, struct str table, struct str index, struct arena *a, struct table_description *out,
		     struct findings *f)
{
	struct err err = { 0 };
	bool global, ok;

	ok = index.len ? dynamodb_describe_index(s->dynamodb, table, index, a, out, &global, &err) :
			 dynamodb_describe_table(s->dynamodb, table, a, out, &err);
	if (!ok && err_is(&err, "ResourceNotFoundException"))
		err_set(&err, ERR_RETRY, "ResourceNotFoundException", "there is no table %.*s in this region and account", STR_ARG(table));
	if (!ok)
		findings_fail(f, "dynamodb:DescribeTable", &err);
	return ok;
}

/* Several calls on one table or index; the list ends with NULL. */
static void try_table(struct session *s, struct str table, struct str index, const char *const *operations, struct findings *f)
{
	struct table_description keys;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES);
	if (describe(s, table, index, &arena, &keys, f))
		for (; *operations; operations++)
			try_call(s, &(struct trial){ *operations, table, index, &keys }, f);
	arena_release(&arena);
}

/* ---- the state ---- */

void check_state_table(struct session *s, struct findings *f)
{
	const char *const *operations = rights_of_state.operations + 1; /* DescribeTable comes first in any case */
	const struct settings_state *state = &s->settings->state;
	struct table_description keys;
	struct arena arena;
	struct err err = { 0 };

	if (state->file.len) {
		findings_group(f, "state file %.*s", STR_ARG(state->file));
		findings_add(f, FINDING_NOTE, "state", "kept in a file; nothing to ask AWS for");
		return;
	}
	findings_group(f, "state table %.*s", STR_ARG(state->table));
	arena_init(&arena, ARENA_BYTES);
	if (!dynamodb_describe_table(s->dynamodb, state->table, &arena, &keys, &err) && err_is(&err, "ResourceNotFoundException"))
		findings_add(f, FINDING_NOTE, "not there yet",
			     "it is made at the start, which needs dynamodb:CreateTable and dynamodb:UpdateTimeToLive");
	else
		try_table(s, state->table, str_of(NULL, 0), operations, f);
	arena_release(&arena);
}

/* ---- the stream ---- */

static void try_records(struct session *s, struct aws_client *streams, struct str arn, struct str shard, struct findings *f)
{
	struct err err = { 0 };
	struct page *page;
	struct buf iterator;

	buf_init(&iterator, BODY_BYTES);
	if (!streams_get_iterator(streams, arn, shard, ITERATOR_TRIM_HORIZON, NULL, &iterator, &err)) {
		findings_fail(f, "dynamodb:GetShardIterator", &err);
		buf_release(&iterator);
		return;
	}
	findings_add(f, FINDING_OK, "dynamodb:GetShardIterator", "shard %.*s", STR_ARG(shard));
	page = streams_get_records(streams, buf_str(&iterator), 1, (size_t)s->settings->limits.page_bytes, &err);
	if (page)
		findings_add(f, FINDING_OK, "dynamodb:GetRecords", "it answers");
	else
		findings_fail(f, "dynamodb:GetRecords", &err);
	page_unref(page);
	buf_release(&iterator);
}

static void try_stream(struct session *s, const struct table_description *t, struct findings *f)
{
	struct stream_description stream;
	struct aws_client *streams;
	struct arena arena;
	struct err err = { 0 };

	arena_init(&arena, ARENA_BYTES);
	streams = aws_client_new(AWS_DYNAMODB_STREAMS, &s->aws, &err);
	if (!streams || !streams_describe(streams, t->stream_arn, str_of(NULL, 0), str_of(NULL, 0), &arena, &stream, &err)) {
		findings_fail(f, "dynamodb:DescribeStream", &err);
	} else {
		findings_add(f, FINDING_OK, "dynamodb:DescribeStream", "%zu%s shards, %.*s", stream.count,
			     stream.last_evaluated_shard.len ? " and more" : "", STR_ARG(stream.status));
		if (stream.count)
			try_records(s, streams, t->stream_arn, stream.shards[stream.count - 1].id, f);
	}
	aws_client_free(streams);
	arena_release(&arena);
}

static void check_source(struct session *s, struct str table, struct findings *f)
{
	struct table_description t;
	struct arena arena;
	struct err err = { 0 };

	arena_init(&arena, ARENA_BYTES);
	if (describe(s, table, str_of(NULL, 0), &arena, &t, f)) {
		findings_add(f, FINDING_OK, "dynamodb:DescribeTable", "%.*s", STR_ARG(table));
		if (t.stream_enabled) {
			findings_add(f, FINDING_OK, "stream", "%.*s", STR_ARG(t.stream_view_type));
			try_stream(s, &t, f);
		} else {
			err_set(&err, ERR_FATAL, "check.no_stream", "table %.*s has no stream enabled; enable one with NEW_AND_OLD_IMAGES",
				STR_ARG(table));
			findings_fail(f, "stream", &err);
		}
	}
	arena_release(&arena);
}

/* ---- handlers ---- */

static struct str text_at(const struct node *group, const char *name)
{
	const struct node *n = group ? node_get(group, str_c(name)) : NULL;

	return n && n->kind == NODE_STRING ? n->text : str_of(NULL, 0);
}

static void check_audience(struct session *s, const struct node *entry, struct findings *f)
{
	struct str table = text_at(entry, "table"), scanned = text_at(entry, "scan");

	if (table.len)
		try_table(s, table, text_at(entry, "index"), rights_of_query.operations, f);
	if (scanned.len)
		try_table(s, scanned, str_of(NULL, 0), rights_of_scan.operations, f);
}

static void check_handler(struct session *s, const struct settings_handler *h, struct findings *f)
{
	const struct node *audience = node_get(h->node, STR("audience"));
	const struct table_rights *rights = rights_of_handler(str_c(h->ops->kind));
	struct str table = text_at(h->node, "table");

	findings_group(f, "handler %.*s (%s)", STR_ARG(h->name), h->ops->kind);
	if (table.len && rights)
		try_table(s, table, str_of(NULL, 0), rights->operations, f);
	for (const struct node *n = audience ? audience->first : NULL; n; n = n->next)
		check_audience(s, n, f);
}

void check_pipeline(struct session *s, const struct settings_pipeline *p, struct findings *f)
{
	findings_group(f, "pipeline %.*s", STR_ARG(p->name));
	check_source(s, p->table, f);
	for (size_t i = 0; i < p->n_handlers; i++)
		if (p->handlers[i].enabled)
			check_handler(s, &p->handlers[i], f);
}
