#include "sim/dynamodb_call.h"
#include "sluice/core/mem.h"

#include <stdio.h>

enum {
	ITEM_LIMIT = 400 << 10,
	BATCH_LIMIT = 25,
	TRANSACTION_LIMIT = 100,
	MOST_TEXTS = 3,
};

/* ---- requests ---- */

bool call_invalid(struct err *err, const char *text)
{
	return err_set(err, ERR_DATA, "ValidationException", "%s", text);
}

struct str call_text(struct str object, const char *member)
{
	struct str found = { NULL, 0 };

	if (!scan_member(object, str_c(member), &found) || found.len < 2 || found.ptr[0] != '"')
		return str_of(NULL, 0);
	return str_sub(found, 1, found.len - 2);
}

struct str call_member(struct str object, const char *member)
{
	struct str found = { NULL, 0 };

	scan_member(object, str_c(member), &found);
	return found;
}

struct sim_table *call_table(struct sim_dynamodb *d, struct str request, struct err *err)
{
	struct sim_table *t = sim_table_named(d, call_text(request, "TableName"));

	if (!t)
		err_set(err, ERR_RETRY, "ResourceNotFoundException", "Requested resource not found");
	return t;
}

struct sim_names call_names(struct str request)
{
	return (struct sim_names){ call_member(request, "ExpressionAttributeNames"),
				   call_member(request, "ExpressionAttributeValues") };
}

static bool key_part_ok(const struct sim_item *key, const char *name, char type, struct err *err)
{
	struct value v = sim_item_get(key, str_c(name));

	if (v.type == VALUE_NONE)
		return call_invalid(err, "One of the required keys was not given a value");
	if (value_type_name(v.type)[0] != type || value_type_name(v.type)[1])
		return call_invalid(err, "One or more parameter values were invalid: Type mismatch for key");
	if (v.raw.len == 0)
		return call_invalid(err, "One or more parameter values are not valid. The AttributeValue for a key "
					 "attribute cannot contain an empty string value");
	return true;
}

static bool key_ok(const struct sim_table *t, const struct sim_item *key, bool exact, struct err *err)
{
	if (exact && key->n != (t->range[0] ? 2u : 1u))
		return call_invalid(err, "The provided key element does not match the schema");
	return key_part_ok(key, t->hash, t->hash_type, err) &&
	       (!t->range[0] || key_part_ok(key, t->range, t->range_type, err));
}

/* What one write does: the key it means and the row as it will be. */
struct change {
	struct sim_table *table;
	struct sim_item key, after;
	const struct sim_item *before; /* NULL: none */
	bool returns_old;
	bool check_only;
};

static void change_release(struct change *c)
{
	sim_item_release(&c->key);
	sim_item_release(&c->after);
}

static bool condition_holds(struct change *c, struct str request, const struct sim_names *names, struct err *err)
{
	struct str condition = call_text(request, "ConditionExpression");
	bool holds = true;

	if (condition.len && !sim_condition(condition, names, c->before, &holds, err))
		return false;
	return holds || err_set(err, ERR_DATA, "ConditionalCheckFailedException", "The conditional request failed");
}

static bool read_key(struct change *c, struct str request, bool put, struct err *err)
{
	struct str json = call_member(request, put ? "Item" : "Key");

	if (!json.len || !sim_item_read(json, &c->key, err))
		return json.len ? call_invalid(err, err->text) : call_invalid(err, "Item or Key is missing");
	return key_ok(c->table, &c->key, !put, err);
}

/* Plans one Put, Delete, Update or ConditionCheck; nothing is stored yet. */
static bool plan(struct sim_dynamodb *d, const char *verb, struct str request, struct change *c, struct err *err)
{
	const struct sim_names names = call_names(request);
	const struct str texts[MOST_TEXTS] = { call_text(request, "ConditionExpression"),
					       call_text(request, "UpdateExpression") };
	bool put = strcmp(verb, "Put") == 0;

	*c = (struct change){ 0 };
	c->table = call_table(d, request, err);
	if (!c->table || !read_key(c, request, put, err) || !sim_names_used(&names, texts, MOST_TEXTS, err))
		return false;
	struct sim_row *row = sim_row_of(c->table, &c->key);

	c->before = row ? &row->item : NULL;
	c->returns_old = str_eq(call_text(request, "ReturnValuesOnConditionCheckFailure"), STR("ALL_OLD"));
	c->check_only = strcmp(verb, "ConditionCheck") == 0;
	if (!condition_holds(c, request, &names, err))
		return false;
	if (put || strcmp(verb, "Update") == 0)
		sim_item_copy(put || !c->before ? &c->key : c->before, &c->after);
	if (strcmp(verb, "Update") == 0 && !sim_update(texts[1], &names, &c->after, err))
		return false;
	if (sim_item_bytes(&c->after) > ITEM_LIMIT)
		return call_invalid(err, "Item size has exceeded the maximum allowed size");
	return true;
}

static bool within_rate(struct sim_dynamodb *d, struct sim_table *t)
{
	int64_t now_ms = env_mono_ms(loop_env(d->loop));

	if (t->writes_per_s == 0)
		return true;
	t->spent -= (double)(now_ms - t->spent_ms) * (double)t->writes_per_s / 1000;
	if (t->spent < 0)
		t->spent = 0;
	t->spent_ms = now_ms;
	if (t->spent + 1 > (double)t->writes_per_s) {
		t->throttled++;
		return false;
	}
	t->spent++;
	return true;
}

static bool throttle(const struct sim_table *t, struct err *err)
{
	return err_set(err, ERR_THROTTLE, t->throttle_code ? t->throttle_code : "ProvisionedThroughputExceededException",
		       "The level of configured provisioned throughput for the table was exceeded");
}

static void carry_out(struct sim_dynamodb *d, struct change *c)
{
	if (!c->check_only)
		sim_store(d, c->table, &c->key, &c->after);
}

void call_write_item(struct json_writer *w, const char *member, const struct sim_item *item)
{
	struct buf text;

	buf_init(&text, SIM_ANSWER_BYTES);
	sim_item_write(item, &text);
	json_member_raw(w, str_c(member), buf_str(&text));
	buf_release(&text);
}

/* A single write; `verb` is its name inside a transaction. */
static bool write_one(struct call *x, const char *verb, struct err *err)
{
	struct change c;
	bool ok = plan(x->d, verb, x->body, &c, err) && (within_rate(x->d, c.table) || throttle(c.table, err));
	bool all_new = str_eq(call_text(x->body, "ReturnValues"), STR("ALL_NEW"));
	bool all_old = str_eq(call_text(x->body, "ReturnValues"), STR("ALL_OLD"));

	if (ok && all_new)
		call_write_item(&x->w, "Attributes", &c.after);
	if (ok && all_old && c.before)
		call_write_item(&x->w, "Attributes", c.before);
	if (ok)
		carry_out(x->d, &c);
	else if (c.returns_old && c.before && err_is(err, "ConditionalCheckFailedException"))
		call_write_item(&x->w, "Item", c.before);
	change_release(&c);
	return ok;
}

static bool put_item(struct call *x, struct err *err)
{
	return write_one(x, "Put", err);
}

static bool update_item(struct call *x, struct err *err)
{
	return write_one(x, "Update", err);
}

static bool delete_item(struct call *x, struct err *err)
{
	return write_one(x, "Delete", err);
}

static bool get_item(struct call *x, struct err *err)
{
	struct change c = { .table = call_table(x->d, x->body, err) };
	bool ok = c.table && read_key(&c, x->body, false, err);
	struct sim_row *row = ok ? sim_row_of(c.table, &c.key) : NULL;

	if (row)
		call_write_item(&x->w, "Item", &row->item);
	change_release(&c);
	return ok;
}

/* ---- several at once ---- */

static bool chance(struct sim_dynamodb *d, double p)
{
	return p > 0 && rng_unit(&loop_env(d->loop)->rng) < p;
}

/* Of {"Put": {…}}: the name and what is inside. */
static bool only_member(struct str object, char *name, size_t size, struct str *inside)
{
	struct scan s;
	struct scan_token t;

	scan_init_trusted(&s, object);
	if (scan_next(&s, &t) != SCAN_OBJECT_BEGIN || scan_next(&s, &t) != SCAN_KEY)
		return false;
	snprintf(name, size, "%.*s", STR_ARG(t.text));
	return scan_value(&s, inside);
}

static bool same_key_twice(struct change *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (list[i].table == list[j].table &&
			    sim_key_order(list[i].table, &list[i].key, &list[j].key) == 0)
				return true;
	return false;
}

static bool batch_requests(struct call *x, struct sim_table *t, struct str list, struct change *changes,
			   struct str *spans, size_t *n, struct err *err)
{
	struct scan s;
	struct scan_token token;
	struct str request, inside;
	char verb[32];

	scan_init_trusted(&s, list);
	if (scan_next(&s, &token) != SCAN_ARRAY_BEGIN)
		return call_invalid(err, "a list of requests was expected");
	while (scan_value(&s, &request)) {
		struct change *c = &changes[*n];

		if (*n == BATCH_LIMIT || !only_member(request, verb, sizeof(verb), &inside))
			return call_invalid(err, "Too many items requested for the BatchWriteItem call");
		*c = (struct change){ .table = t };
		spans[(*n)++] = request;
		if (!read_key(c, inside, strcmp(verb, "PutRequest") == 0, err))
			return false;
		if (strcmp(verb, "PutRequest") == 0)
			sim_item_copy(&c->key, &c->after);
		if (sim_item_bytes(&c->after) > ITEM_LIMIT)
			return call_invalid(err, "Item size has exceeded the maximum allowed size");
	}
	(void)x;
	return true;
}

/* False: the table takes none of it now. */
static bool settle_batch(struct call *x, struct change *changes, const struct str *spans, size_t n, struct err *err)
{
	const char *open = NULL;
	size_t throttled = 0;

	json_key(&x->w, STR("UnprocessedItems"));
	json_begin_object(&x->w);
	for (size_t i = 0; i < n; i++) {
		bool over = !within_rate(x->d, changes[i].table);

		throttled += over;
		if (!over && !chance(x->d, x->d->unprocessed)) {
			carry_out(x->d, &changes[i]);
			continue;
		}
		if (open != changes[i].table->name) {
			if (open)
				json_end_array(&x->w);
			open = changes[i].table->name;
			json_key(&x->w, str_c(open));
			json_begin_array(&x->w);
		}
		json_raw(&x->w, spans[i]);
	}
	if (open)
		json_end_array(&x->w);
	json_end_object(&x->w);
	return throttled < n || n == 0 || throttle(changes[0].table, err);
}

static bool batch_write(struct call *x, struct err *err)
{
	struct change changes[BATCH_LIMIT + 1] = { { 0 } };
	struct str spans[BATCH_LIMIT + 1], list;
	struct scan s;
	struct scan_token token;
	size_t n = 0;
	bool ok = true;

	scan_init_trusted(&s, call_member(x->body, "RequestItems"));
	if (scan_next(&s, &token) != SCAN_OBJECT_BEGIN)
		return call_invalid(err, "RequestItems is missing");
	while (ok && scan_next(&s, &token) == SCAN_KEY) {
		struct sim_table *t = sim_table_named(x->d, token.text);

		ok = scan_value(&s, &list) &&
		     (t || err_set(err, ERR_RETRY, "ResourceNotFoundException", "Requested resource not found")) &&
		     batch_requests(x, t, list, changes, spans, &n, err);
	}
	if (ok && same_key_twice(changes, n))
		ok = call_invalid(err, "Provided list of item keys contains duplicates");
	if (ok)
		ok = settle_batch(x, changes, spans, n, err);
	for (size_t i = 0; i < n; i++)
		change_release(&changes[i]);
	return ok;
}

static const char *reason_of(const struct err *err)
{
	if (err->class == ERR_NONE)
		return "None";
	if (err_is(err, "ConditionalCheckFailedException"))
		return "ConditionalCheckFailed";
	if (err->class == ERR_THROTTLE)
		return err_is(err, "ThrottlingException") ? "ThrottlingError" : "ProvisionedThroughputExceeded";
	return err_is(err, "TransactionConflict") ? "TransactionConflict" : "ValidationError";
}

static void write_reasons(struct call *x, const struct change *changes, const struct err *errs, size_t n)
{
	json_key(&x->w, STR("CancellationReasons"));
	json_begin_array(&x->w);
	for (size_t i = 0; i < n; i++) {
		json_begin_object(&x->w);
		json_member_str(&x->w, STR("Code"), str_c(reason_of(&errs[i])));
		if (errs[i].class != ERR_NONE)
			json_member_str(&x->w, STR("Message"), str_c(errs[i].text));
		if (changes[i].returns_old && changes[i].before && err_is(&errs[i], "ConditionalCheckFailedException"))
			call_write_item(&x->w, "Item", changes[i].before);
		json_end_object(&x->w);
	}
	json_end_array(&x->w);
}

/* Plans all; false when one cannot be (its reason in errs). */
static bool plan_transaction(struct call *x, struct change *changes, struct err *errs, size_t *n, struct err *err)
{
	struct scan s;
	struct scan_token token;
	struct str item, inside;
	char verb[32];
	bool all = true;

	scan_init_trusted(&s, call_member(x->body, "TransactItems"));
	if (scan_next(&s, &token) != SCAN_ARRAY_BEGIN)
		return call_invalid(err, "TransactItems is missing");
	while (scan_value(&s, &item)) {
		if (*n == TRANSACTION_LIMIT || !only_member(item, verb, sizeof(verb), &inside))
			return call_invalid(err, "Member must have length less than or equal to 100");
		if (!plan(x->d, verb, inside, &changes[*n], &errs[*n]))
			all = false;
		else if (chance(x->d, x->d->conflict))
			all = err_set(&errs[*n], ERR_RETRY, "TransactionConflict",
				      "Transaction is ongoing for the item");
		else if (!changes[*n].check_only && !within_rate(x->d, changes[*n].table))
			all = throttle(changes[*n].table, &errs[*n]);
		(*n)++;
	}
	if (same_key_twice(changes, *n))
		return call_invalid(err, "Transaction request cannot include multiple operations on one item");
	return all || err_set(err, ERR_DATA, "TransactionCanceledException",
			      "Transaction cancelled, please refer cancellation reasons for specific reasons");
}

static bool transact_write(struct call *x, struct err *err)
{
	struct change *changes = mem_array(TRANSACTION_LIMIT, sizeof(*changes));
	struct err *errs = mem_array(TRANSACTION_LIMIT, sizeof(*errs));
	size_t n = 0;
	bool ok = plan_transaction(x, changes, errs, &n, err);

	for (size_t i = 0; ok && i < n; i++)
		carry_out(x->d, &changes[i]);
	if (!ok && err_is(err, "TransactionCanceledException"))
		write_reasons(x, changes, errs, n);
	for (size_t i = 0; i < n; i++)
		change_release(&changes[i]);
	mem_free(errs);
	mem_free(changes);
	return ok;
}

static const struct operation {
	struct str name;
	bool (*run)(struct call *x, struct err *err);
} operations[] = {
	{ STR_INIT("GetItem"), get_item },
	{ STR_INIT("PutItem"), put_item },
	{ STR_INIT("UpdateItem"), update_item },
	{ STR_INIT("DeleteItem"), delete_item },
	{ STR_INIT("BatchWriteItem"), batch_write },
	{ STR_INIT("TransactWriteItems"), transact_write },
	{ STR_INIT("Query"), sim_query },
	{ STR_INIT("Scan"), sim_scan },
	{ STR_INIT("DescribeTable"), sim_describe_table },
	{ STR_INIT("CreateTable"), sim_create_table },
	{ STR_INIT("ListTables"), sim_list_tables },
	{ STR_INIT("UpdateTimeToLive"), sim_update_ttl },
};

/* ---- the wire ---- */

static void write_error(struct call *x, int status, const char *type, const char *text)
{
	char name[160];

	snprintf(name, sizeof(name), "com.amazonaws.dynamodb.v20120810#%s", type);
	x->status = status;
	json_member_str(&x->w, STR("__type"), str_c(name));
	json_member_str(&x->w, STR("message"), str_c(text));
}

static void run(struct call *x, struct str operation)
{
	struct err err = { 0 };

	if (!scan_check(x->body, NULL)) {
		write_error(x, 400, "SerializationException", "the body is no JSON");
		return;
	}
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (!str_eq(operation, operations[i].name))
			continue;
		if (!operations[i].run(x, &err))
			write_error(x, 400, err.code, err.text);
		return;
	}
	write_error(x, 400, "UnknownOperationException", "this model does not know the operation");
}

static bool answer(struct sim_dynamodb *d, struct str operation, enum sim_fault fault,
		   const struct http_request *request, struct http_response *response, struct err *err)
{
	struct call x = { .d = d, .body = request->body, .status = 200 };
	struct env *env = loop_env(d->loop);
	struct err refusal;
	struct str text;
	bool ok;

	buf_init(&x.out, SIM_ANSWER_BYTES);
	json_write_init(&x.w, &x.out);
	json_begin_object(&x.w);
	if (fault == SIM_500)
		write_error(&x, 500, "InternalServerError", "simulated");
	else if (fault == SIM_THROTTLE)
		write_error(&x, 400, "ProvisionedThroughputExceededException", "simulated");
	else if (!sim_date_ok(&d->dates, request, env_wall_ms(env), &refusal))
		write_error(&x, 400, refusal.code, refusal.text);
	else
		run(&x, operation);
	json_end_object(&x.w);
	text = buf_str(&x.out);
	if (fault == SIM_TRUNCATE)
		text = str_sub(text, 0, text.len / 2);
	if (fault == SIM_GARBAGE)
		text = STR("<html>");
	ok = sim_answer_put(response, request, env, x.status, text, err);
	buf_release(&x.out);
	return ok;
}

static bool lost(struct sim_dynamodb *d, enum sim_fault fault, const struct http_request *request, struct err *err)
{
	if (fault == SIM_HANG && !task_sleep_ms(d->loop, request->timeout_ms ? request->timeout_ms : 30000, err))
		return false;
	return err_set(err, ERR_RETRY, fault == SIM_HANG ? "http.timeout" : "http.broken",
		       "simulated: the answer is lost");
}

static bool simulate(struct transport *t, const struct http_request *request, struct http_response *response,
		     struct err *err)
{
	struct sim_dynamodb *d = (struct sim_dynamodb *)t;
	struct str target = sim_request_header(request, "x-amz-target");
	enum sim_fault fault = SIM_NO_FAULT;
	char operation[64];

	if (!str_starts(target, STR("DynamoDB_20120810."))) {
		if (d->next)
			return transport_send(d->next, request, response, err);
		return err_set(err, ERR_RETRY, "http.connect", "simulated: nobody is there");
	}
	target = str_from(target, STR("DynamoDB_20120810.").len);
	snprintf(operation, sizeof(operation), "%.*s", STR_ARG(target));
	d->requests++;
	if (d->latency_ms &&
	    !task_sleep_ms(d->loop, 1 + (int64_t)rng_below(&loop_env(d->loop)->rng, (uint64_t)d->latency_ms), err))
		return false;
	if (d->fault)
		fault = d->fault(d->fault_ctx, operation);
	d->faults += fault != SIM_NO_FAULT;
	response->sent_ms = response->received_ms = env_mono_ms(loop_env(d->loop));
	if (fault == SIM_DROP_BEFORE)
		return lost(d, fault, request, err);
	if (!answer(d, target, fault, request, response, err))
		return false;
	if (fault == SIM_DROP_AFTER || fault == SIM_HANG)
		return lost(d, fault, request, err);
	return true;
}

struct sim_dynamodb *sim_dynamodb_new(struct loop *loop, struct transport *next)
{
	struct sim_dynamodb *d = mem_alloc(sizeof(*d));

	d->transport.send = simulate;
	d->next = next;
	d->loop = loop;
	return d;
}

void sim_dynamodb_free(struct sim_dynamodb *d)
{
	while (d->tables) {
		struct sim_table *t = d->tables;

		d->tables = t->next;
		sim_table_free(t);
	}
	mem_free(d);
}
