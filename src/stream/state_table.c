#include "sluice/stream/state.h"

#include "sluice/core/budget.h"
#include "sluice/core/loop.h"
#include "sluice/core/mem.h"
#include "sluice/item/attribute.h"

/* LARGEST_ROW_BYTES: 400 KB of attributes as JSON, escaped. */
enum { LARGEST_ROW_BYTES = 3 << 20, QUERY_BYTES = 4 << 20, CREATE_POLL_MS = 500, CREATE_POLLS = 240 };

enum { READ_UNIT_BYTES = 4096, WRITE_UNIT_BYTES = 1024 };
/* So many requests for other rows are under way at most, so that a heartbeat, whose
 * delay costs every lease, always finds a connection free (T21). */
enum { UNDER_WAY = 12 };

struct state_table {
	struct state state;
	struct aws_client *client;
	struct loop *loop;
	struct str table;
	struct budget others;         /* a unit for each request that is no heartbeat */
};

static struct state_table *table_of(struct state *s)
{
	return (struct state_table *)s;
}

unsigned state_bucket(struct str id)
{
	return (unsigned)(str_hash(id) % STATE_BUCKETS);
}

/* Heartbeats: few rows, which every worker reads three times in a failover time: they
 * stand in one bucket. */
static bool is_urgent(const char *kind)
{
	return strcmp(kind, STATE_WORKER) == 0;
}

/* ---- writing requests ---- */

static void put_pk(struct json_writer *w, const char *name, const struct state *s, const char *kind, unsigned bucket)
{
	struct buf pk;

	buf_init(&pk, 1024);
	buf_putf(&pk, "%.*s#%s#%u", STR_ARG(s->app), kind, bucket);
	attribute_str(w, name, buf_str(&pk));
	buf_release(&pk);
}

static void put_key(struct json_writer *w, const struct state *s, const char *kind, struct str id)
{
	put_pk(w, "pk", s, kind, is_urgent(kind) ? 0 : state_bucket(id));
	attribute_str(w, "sk", id);
}

/* The condition "nobody wrote since `seen`", as members of the request. */
static void put_condition(struct json_writer *w, uint64_t seen)
{
	if (seen == 0) {
		json_member_str(w, STR("ConditionExpression"), STR("attribute_not_exists(pk)"));
		return;
	}
	json_member_str(w, STR("ConditionExpression"), STR("#c = :seen"));
	json_key(w, STR("ExpressionAttributeNames"));
	json_begin_object(w);
	json_member_str(w, STR("#c"), STR("counter"));
	json_end_object(w);
	json_key(w, STR("ExpressionAttributeValues"));
	json_begin_object(w);
	attribute_uint(w, ":seen", seen);
	json_end_object(w);
}

/* One call: its body is written between open and send. */
struct request {
	struct state_table *t;
	bool urgent;
	struct json_writer w;
	struct buf body, answer;
	size_t item_bytes;            /* of the row that it writes */
};

static void open_request(struct request *r, struct state_table *t, size_t max_answer_bytes)
{
	r->t = t;
	r->item_bytes = 0;
	r->urgent = false;
	buf_init(&r->body, LARGEST_ROW_BYTES);
	buf_init(&r->answer, max_answer_bytes);
	json_write_init(&r->w, &r->body);
	json_begin_object(&r->w);
	json_member_str(&r->w, STR("TableName"), t->table);
}

static uint64_t units(size_t bytes, size_t unit_bytes)
{
	return bytes ? (bytes + unit_bytes - 1) / unit_bytes : 1;
}

/* What only concerns the table itself is not billed. */
static void count_answered(struct request *r, const char *operation)
{
	struct state_stats *s = &r->t->state.stats;
	struct str name = str_c(operation);

	if (str_eq(name, STR("GetItem")) || str_eq(name, STR("Query"))) {
		s->reads++;
		s->read_units += units(r->answer.len, READ_UNIT_BYTES);
	} else if (str_eq(name, STR("PutItem")) || str_eq(name, STR("DeleteItem"))) {
		s->writes++;
		s->write_units += units(r->item_bytes, WRITE_UNIT_BYTES);
	}
}

static bool call_in_turn(struct request *r, const char *operation, struct err *err)
{
	const struct aws_request heartbeat = { .operation = operation, .body = buf_str(&r->body), .urgent = true };
	struct budget *others = &r->t->others;
	bool ok;

	if (r->urgent)
		return aws_call(r->t->client, &heartbeat, &r->answer, err);
	if (!budget_take(others, 1, err))
		return false;
	ok = dynamodb_call(r->t->client, operation, buf_str(&r->body), &r->answer, err);
	budget_return(others, 1);
	return ok;
}

static bool send_request(struct request *r, const char *operation, struct err *err)
{
	bool ok;

	json_end_object(&r->w);
	if (!buf_ok(&r->body))
		return err_set(err, ERR_DATA, "state.row_size",
			       "a row of the state table %.*s would pass DynamoDB's 400 KB", STR_ARG(r->t->table));
	ok = call_in_turn(r, operation, err);
	if (ok || (err && err_is(err, "ConditionalCheckFailedException"))) /* which is billed, too */
		count_answered(r, operation);
	if (ok)
		return true;
	if (err && err_is(err, "ConditionalCheckFailedException"))
		return err_set(err, ERR_DATA, "state.conflict", "somebody else wrote the row");
	return err_prefix(err, "state table %.*s", STR_ARG(r->t->table));
}

static void close_request(struct request *r)
{
	buf_release(&r->body);
	buf_release(&r->answer);
}

static void put_key_member(struct request *r, const char *kind, struct str id)
{
	json_key(&r->w, STR("Key"));
	json_begin_object(&r->w);
	put_key(&r->w, &r->t->state, kind, id);
	json_end_object(&r->w);
}

/* ---- rows ---- */

static bool read_row(struct value item, struct state_row *out, struct err *err)
{
	struct value id, counter;

	out->item = item;
	if (!value_get(item, STR("sk"), &id) || id.type != VALUE_S || !value_get(item, STR("counter"), &counter) ||
	    counter.type != VALUE_N || !str_to_u64(counter.raw, &out->counter))
		return err_set(err, ERR_FATAL, "state.row", "a row of the state table has no sk or counter; was it edited?");
	out->id = id.raw;
	return true;
}

static bool table_get(struct state *s, const char *kind, struct str id, struct arena *a, struct state_row *out,
		      struct err *err)
{
	struct request r;
	struct value item;
	struct str text;
	bool ok;

	*out = (struct state_row){ .id = id };
	open_request(&r, table_of(s), 2 * LARGEST_ROW_BYTES);
	r.urgent = is_urgent(kind);
	json_member_bool(&r.w, STR("ConsistentRead"), true);
	put_key_member(&r, kind, id);
	ok = send_request(&r, "GetItem", err);
	text = ok ? arena_dup(a, buf_str(&r.answer)) : str_of(NULL, 0);
	close_request(&r);
	if (!ok)
		return false;
	if (!text.ptr)
		return err_set(err, ERR_FATAL, "state.memory", "a state row is larger than the memory set aside for it");
	return dynamodb_answer_item(text, "Item", &item, err) && (item.type == VALUE_NONE || read_row(item, out, err));
}

static bool table_put(struct state *s, const char *kind, struct str id, uint64_t seen, struct str attributes,
		      struct err *err)
{
	struct request r;
	bool ok;

	open_request(&r, table_of(s), LARGEST_ROW_BYTES);
	r.urgent = is_urgent(kind);
	put_condition(&r.w, seen);
	json_key(&r.w, STR("Item"));
	json_begin_object(&r.w);
	put_key(&r.w, s, kind, id);
	attribute_uint(&r.w, "counter", seen + 1);
	if (attributes.len) {
		buf_putc(&r.body, ',');
		buf_put(&r.body, attributes);
	}
	r.item_bytes = s->app.len + id.len + attributes.len;
	json_end_object(&r.w);
	ok = send_request(&r, "PutItem", err);
	close_request(&r);
	return ok;
}

static bool table_remove(struct state *s, const char *kind, struct str id, uint64_t seen, struct err *err)
{
	struct request r;
	bool ok;

	open_request(&r, table_of(s), LARGEST_ROW_BYTES);
	r.urgent = is_urgent(kind);
	put_condition(&r.w, seen);
	put_key_member(&r, kind, id);
	ok = send_request(&r, "DeleteItem", err);
	close_request(&r);
	return ok;
}

/* ---- listing ---- */

struct listing {
	struct state_table *t;
	const char *kind;
	bool (*fn)(void *ctx, const struct state_row *row);
	void *ctx;
	bool stopped;
};

static void write_query(struct request *r, const struct listing *l, unsigned bucket, struct str start_key)
{
	json_member_bool(&r->w, STR("ConsistentRead"), true);
	json_member_str(&r->w, STR("KeyConditionExpression"), STR("pk = :pk"));
	json_key(&r->w, STR("ExpressionAttributeValues"));
	json_begin_object(&r->w);
	put_pk(&r->w, ":pk", &l->t->state, l->kind, bucket);
	json_end_object(&r->w);
	if (start_key.len)
		json_member_raw(&r->w, STR("ExclusiveStartKey"), start_key);
}

/* Hands the rows of one answer on. */
static bool each_item(struct listing *l, struct str answer, struct err *err)
{
	struct str items, element;
	struct scan_token token;
	struct scan scan;

	if (!scan_check(answer, err))
		return false;
	if (!scan_member(answer, STR("Items"), &items))
		return err_set(err, ERR_RETRY, "state.answer", "a Query answer has no Items");
	scan_init_trusted(&scan, items);
	if (scan_next(&scan, &token) != SCAN_ARRAY_BEGIN)
		return err_set(err, ERR_RETRY, "state.answer", "Items of a Query answer is no list");
	while (!l->stopped && scan_value(&scan, &element)) {
		struct state_row row;
		struct value item;

		if (!value_parse_image(element, &item, err) || !read_row(item, &row, err))
			return false;
		l->stopped = !l->fn(l->ctx, &row);
	}
	return true;
}

static bool each_in_bucket(struct listing *l, unsigned bucket, struct err *err)
{
	struct buf start;
	bool ok;

	buf_init(&start, LARGEST_ROW_BYTES);
	do {
		struct str last = { 0 };
		struct request r;

		open_request(&r, l->t, QUERY_BYTES);
		r.urgent = is_urgent(l->kind);
		write_query(&r, l, bucket, buf_str(&start));
		ok = send_request(&r, "Query", err) && each_item(l, buf_str(&r.answer), err);
		buf_clear(&start);
		if (ok && scan_member(buf_str(&r.answer), STR("LastEvaluatedKey"), &last))
			buf_put(&start, last);
		close_request(&r);
	} while (ok && start.len && !l->stopped);
	buf_release(&start);
	return ok;
}

static bool table_each(struct state *s, const char *kind, bool (*fn)(void *ctx, const struct state_row *row), void *ctx,
		       struct err *err)
{
	struct listing l = { .t = table_of(s), .kind = kind, .fn = fn, .ctx = ctx };

	unsigned buckets = is_urgent(kind) ? 1 : STATE_BUCKETS;

	for (unsigned bucket = 0; bucket < buckets && !l.stopped; bucket++)
		if (!each_in_bucket(&l, bucket, err))
			return false;
	return true;
}

/* ---- opening ---- */

static bool describe(struct state_table *t, bool *active, bool *absent, struct err *err)
{
	struct table_description d;
	struct arena arena;
	bool ok;

	*active = *absent = false;
	arena_init(&arena, 1 << 20);
	ok = dynamodb_describe_table(t->client, t->table, &arena, &d, err);
	if (ok) {
		*active = str_eq(d.status, STR("ACTIVE")) || str_eq(d.status, STR("UPDATING"));
		if (!str_eq(d.key_names[0], STR("pk")) || !str_eq(d.key_names[1], STR("sk")))
			ok = err_set(err, ERR_FATAL, "state.table",
				     "table %.*s has other keys than pk and sk: it is no state table; name another one in "
				     "state.table",
				     STR_ARG(t->table));
	} else if (err_is(err, "ResourceNotFoundException")) {
		*absent = true;
		ok = true;
	}
	arena_release(&arena);
	return ok;
}

static bool create(struct state_table *t, struct err *err)
{
	struct request r;
	bool ok;

	open_request(&r, t, 1 << 20);
	json_member_str(&r.w, STR("BillingMode"), STR("PAY_PER_REQUEST"));
	json_member_raw(&r.w, STR("AttributeDefinitions"),
			STR("[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},"
			    "{\"AttributeName\":\"sk\",\"AttributeType\":\"S\"}]"));
	json_member_raw(&r.w, STR("KeySchema"),
			STR("[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"},"
			    "{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}]"));
	ok = send_request(&r, "CreateTable", err) || err_is(err, "ResourceInUseException"); /* another worker was quicker */
	close_request(&r);
	return ok || err_prefix(err, "creating it");
}

/* Finished fan-out tasks go by TTL. Without it they only stay longer. */
static void enable_ttl(struct state_table *t)
{
	struct err ignored;
	struct request r;

	open_request(&r, t, 1 << 16);
	json_member_raw(&r.w, STR("TimeToLiveSpecification"), STR("{\"AttributeName\":\"ttl\",\"Enabled\":true}"));
	if (!send_request(&r, "UpdateTimeToLive", &ignored) && !err_is(&ignored, "ValidationException")) /* enabled already */
		log_warn(loop_env(t->loop)->log, "state.ttl", LOG_STR("table", t->table), LOG_ERR(&ignored));
	close_request(&r);
}

static bool wait_until_active(struct state_table *t, struct err *err)
{
	bool active, absent;

	for (int i = 0; i < CREATE_POLLS; i++) {
		if (!describe(t, &active, &absent, err))
			return false;
		if (active)
			return true;
		if (!task_sleep_ms(t->loop, CREATE_POLL_MS, err))
			return false;
	}
	return err_set(err, ERR_RETRY, "state.creating", "the state table %.*s is still not active", STR_ARG(t->table));
}

static bool check_schema(struct state_table *t, struct err *err)
{
	struct buf name;
	bool ok;

	buf_init(&name, 1024);
	buf_putf(&name, "the state table %.*s", STR_ARG(t->table));
	ok = state_check_schema(&t->state, buf_str(&name), err);
	buf_release(&name);
	return ok;
}

static bool table_open(struct state *s, struct err *err)
{
	struct state_table *t = table_of(s);
	bool active, absent;

	if (!describe(t, &active, &absent, err))
		return false;
	if (absent) {
		log_info(loop_env(t->loop)->log, "state.create", LOG_STR("table", t->table));
		if (!create(t, err))
			return false;
	}
	if (!active && !wait_until_active(t, err))
		return false;
	if (absent)
		enable_ttl(t);
	return check_schema(t, err);
}

static void table_free(struct state *s)
{
	mem_free(table_of(s));
}

struct state *state_table_new(struct aws_client *client, struct loop *loop, struct str app, struct str table)
{
	static const struct state_ops ops = {
		.open = table_open, .get = table_get, .put = table_put, .remove = table_remove, .each = table_each,
		.free = table_free,
	};
	struct state_table *t = mem_alloc(sizeof(*t));

	*t = (struct state_table){ .state = { .ops = &ops, .app = app }, .client = client, .loop = loop, .table = table };
	budget_init(&t->others, loop, UNDER_WAY);
	return &t->state;
}
