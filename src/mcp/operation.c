#include "operation.h"

#include "allow.h"
#include "partiql.h"

#include "sluice/core/scan.h"

#include <ctype.h>

enum { BODY_MAX = 20 << 20, ANSWER_MAX = 17 << 20, NAME_MAX_BYTES = 80, SHRINKS = 8, PAGES_MAX = 1000 };

/* ---- the request ---- */

/* "table_name" is TableName. */
static struct str api_name(struct str name, char out[NAME_MAX_BYTES])
{
	size_t len = 0;
	bool up = true;

	if (str_eq(name, STR("sse_specification")))
		return STR("SSESpecification");
	for (size_t i = 0; i < name.len && len < NAME_MAX_BYTES; i++) {
		if (name.ptr[i] != '_')
			out[len++] = up ? (char)toupper((unsigned char)name.ptr[i]) : name.ptr[i];
		up = name.ptr[i] == '_';
	}
	return str_of(out, len);
}

static bool is(const struct node *n, const char *name)
{
	return str_eq(n->name, str_c(name));
}

/* The policy is a text for the API, but people and models write the object. */
static void write_policy(struct json_writer *w, const struct node *policy)
{
	struct buf text;

	buf_init(&text, BODY_MAX);
	node_print_json(policy, &text);
	json_member_str(w, STR("Policy"), buf_str(&text));
	buf_release(&text);
}

static void write_recovery(struct json_writer *w, const struct node *args)
{
	const struct node *enabled = node_get(args, STR("point_in_time_recovery_enabled"));
	const struct node *days = node_get(args, STR("recovery_period_in_days"));

	json_key(w, STR("PointInTimeRecoverySpecification"));
	json_begin_object(w);
	json_member_bool(w, STR("PointInTimeRecoveryEnabled"), enabled->b);
	if (days)
		json_member_int(w, STR("RecoveryPeriodInDays"), days->i);
	json_end_object(w);
}

static void write_argument(struct json_writer *w, const struct node *args, const struct node *n)
{
	char name[NAME_MAX_BYTES];

	if (is(n, "region_name") || is(n, "recovery_period_in_days") || n->kind == NODE_NULL)
		return;
	if (is(n, "policy")) {
		write_policy(w, n);
	} else if (is(n, "point_in_time_recovery_enabled")) {
		write_recovery(w, args);
	} else {
		json_key(w, api_name(n->name, name));
		node_write_json(n, w);
	}
}

/* limit 0: as the arguments say. */
static void write_request(const struct mcp_call *call, const struct operation_row *row, int64_t limit, struct buf *body)
{
	const struct node *args = mcp_args(call);
	char name[NAME_MAX_BYTES];
	struct json_writer w;

	json_write_init(&w, body);
	json_begin_object(&w);
	for (const struct node *n = args->first; n; n = n->next)
		if (!limit || !str_eq(api_name(n->name, name), str_c(row->limit)))
			write_argument(&w, args, n);
	if (limit)
		json_member_int(&w, str_c(row->limit), limit);
	if (row->flags & OPERATION_CAPACITY)
		json_member_str(&w, STR("ReturnConsumedCapacity"), STR("TOTAL"));
	json_end_object(&w);
}

/* ---- may it be sent ---- */

/* *writes: it is one that changes items. */
static bool statement_allowed(struct mcp_call *call, bool *writes)
{
	struct partiql p;
	struct err err;

	if (!partiql_read(mcp_arg_str(call, "statement"), &p, &err)) {
		mcp_fail_err(call, &err);
		return false;
	}
	*writes = p.kind != PARTIQL_SELECT;
	if (!*writes || mcp_writes_allowed(call))
		return true;
	mcp_fail(call, "this statement writes to %s, and the server is read-only: start `sluice mcp` with --allow-writes "
		 "(and without DDB-MCP-READONLY=true)", p.table);
	return false;
}

static bool tables_allowed(struct mcp_call *call, const struct operation_row *row, struct str body)
{
	struct err err;
	const struct node *request = node_from_json(mcp_call_arena(call), body, NULL, &err);

	if (request && allow_request(mcp_call_options(call), request, row->flags & OPERATION_TABLELESS, &err))
		return true;
	mcp_fail_err(call, &err);
	return false;
}

bool mcp_table_allowed(const struct mcp_call *call, struct str table, struct err *err)
{
	return allow_table(mcp_call_options(call), table, err);
}

bool operation_call(struct mcp_call *call, enum mcp_service service, const char *operation, struct str body,
		    struct buf *answer)
{
	struct mcp_aws *aws = mcp_site_aws(mcp_call_site(call));
	struct err err;

	buf_clear(answer);
	if (aws->call(aws, service, operation, mcp_arg_str(call, "region_name"), body, answer, &err))
		return true;
	mcp_fail_err(call, &err);
	return false;
}

/* ---- the result ---- */

static size_t count_elements(struct str array)
{
	struct scan_token t;
	struct str value;
	struct scan s;
	size_t count = 0;

	scan_init_trusted(&s, array);
	scan_next(&s, &t);
	while (scan_value(&s, &value))
		count++;
	return count;
}

/* How many items were looked at for that answer. */
static int64_t evaluated(struct str answer, const char *list)
{
	struct str value, rest = str_c(list);
	int64_t scanned;

	if (scan_member(answer, STR("ScannedCount"), &value) && str_to_i64(value, &scanned))
		return scanned;
	for (value = answer; rest.ptr;)
		if (!scan_member(value, str_split(&rest, '.'), &value))
			return 0;
	return (int64_t)count_elements(value);
}

static void too_large(struct mcp_call *call, const struct operation_row *row, size_t bytes)
{
	mcp_fail(call, "the answer of %s is %zu bytes, more than the %d that fit into a result: ask for fewer items, or for "
		 "some attributes only (projection_expression)", row->operation, bytes, MCP_OBJECT_MAX_BYTES);
}

/* Asks again for ever fewer until the answer fits: where to go on is the service's own key. */
static bool shrink(struct mcp_call *call, const struct operation_row *row, struct buf *answer)
{
	bool ok = true;

	for (int i = 0; ok && i < SHRINKS && answer->len > MCP_OBJECT_MAX_BYTES; i++) {
		int64_t seen = row->list ? evaluated(buf_str(answer), row->list) : 0;
		int64_t limit = (int64_t)((double)seen * MCP_OBJECT_MAX_BYTES / (double)answer->len * 0.9);
		struct buf body;

		if (seen <= 1)
			break;
		if (i == SHRINKS - 1 || limit < 1)
			limit = 1;
		buf_init(&body, BODY_MAX);
		write_request(call, row, limit < seen ? limit : seen - 1, &body);
		ok = operation_call(call, row->service, row->operation, buf_str(&body), answer);
		buf_release(&body);
	}
	if (ok && answer->len > MCP_OBJECT_MAX_BYTES) {
		too_large(call, row, answer->len);
		ok = false;
	}
	return ok;
}

/* What was done is not done again: where its answer is too large, that alone is told. */
static void cut_answer(const struct operation_row *row, struct buf *answer)
{
	struct json_writer w;
	size_t bytes = answer->len;

	if (bytes <= MCP_OBJECT_MAX_BYTES)
		return;
	buf_clear(answer);
	json_write_init(&w, answer);
	json_begin_object(&w);
	json_member_str(&w, STR("Done"), str_c(row->operation));
	json_member_int(&w, STR("AnswerBytesNotShown"), (int64_t)bytes);
	json_end_object(&w);
}

/* ---- ListTables where only some tables may be touched ---- */

/* Adds those of one page; *after: where the next one begins, empty behind the last. */
static bool take_own_tables(struct mcp_call *call, struct str answer, struct json_writer *w, struct str *after)
{
	struct err err;
	const struct node *tree = node_from_json(mcp_call_arena(call), answer, NULL, &err);
	const struct node *names = node_get(tree, STR("TableNames")), *last = node_get(tree, STR("LastEvaluatedTableName"));

	if (!tree) {
		mcp_fail_err(call, &err);
		return false;
	}
	for (const struct node *n = names && names->kind == NODE_ARRAY ? names->first : NULL; n; n = n->next)
		if (n->kind == NODE_STRING && allow_table(mcp_call_options(call), n->text, NULL))
			json_str(w, n->text);
	*after = last && last->kind == NODE_STRING ? last->text : STR("");
	return true;
}

static bool ask_for_tables(struct mcp_call *call, struct str after, struct buf *answer)
{
	struct json_writer w;
	struct buf body;
	bool ok;

	buf_init(&body, BODY_MAX);
	json_write_init(&w, &body);
	json_begin_object(&w);
	if (after.len)
		json_member_str(&w, STR("ExclusiveStartTableName"), after);
	json_end_object(&w);
	ok = operation_call(call, MCP_DYNAMODB, "ListTables", buf_str(&body), answer);
	buf_release(&body);
	return ok;
}

/* All of them at once, page after page: where a page ends is the name of a table, too. */
static void list_own_tables(struct mcp_call *call, struct buf *answer)
{
	struct str after = STR("");
	struct json_writer w;
	struct buf out;
	bool ok = true;

	buf_init(&out, ANSWER_MAX);
	json_write_init(&w, &out);
	json_begin_object(&w);
	json_key(&w, STR("TableNames"));
	json_begin_array(&w);
	for (int pages = 0; ok && (pages == 0 || after.len) && pages < PAGES_MAX; pages++)
		ok = ask_for_tables(call, after, answer) && take_own_tables(call, buf_str(answer), &w, &after);
	json_end_array(&w);
	json_end_object(&w);
	if (ok)
		mcp_structured(call, buf_str(&out));
	buf_release(&out);
}

static void give(struct mcp_call *call, const struct operation_row *row, struct str answer)
{
	struct err err;

	if (answer.len == 0)
		answer = STR("{}");
	if (!scan_check(answer, &err) || answer.ptr[0] != '{')
		mcp_fail(call, "the service answered %s with something that is no JSON object", row->operation);
	else
		mcp_structured(call, answer);
}

static void send(struct mcp_call *call, const struct operation_row *row, bool writes, struct buf *answer)
{
	struct buf body;

	buf_init(&body, BODY_MAX);
	write_request(call, row, 0, &body);
	if (!buf_ok(&body)) {
		mcp_fail(call, "the arguments are more than %d bytes", BODY_MAX);
	} else if (tables_allowed(call, row, buf_str(&body)) &&
		   operation_call(call, row->service, row->operation, buf_str(&body), answer)) {
		if (writes)
			cut_answer(row, answer);
		if (writes || shrink(call, row, answer))
			give(call, row, buf_str(answer));
	}
	buf_release(&body);
}

void operation_run(struct mcp_call *call)
{
	const struct mcp_tool *tool = mcp_call_tool(call);
	const struct operation_row *row = tool->data;
	bool writes = tool->traits & MCP_MUTATES;
	struct buf answer;

	if ((row->flags & OPERATION_STATEMENT) && !statement_allowed(call, &writes))
		return;
	buf_init(&answer, ANSWER_MAX);
	if ((row->flags & OPERATION_OWN_TABLES) && mcp_call_options(call)->n_tables)
		list_own_tables(call, &answer);
	else
		send(call, row, writes, &answer);
	buf_release(&answer);
}
