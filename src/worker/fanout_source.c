#include "sluice/worker/fanout_source.h"

#include "sluice/aws/dynamodb.h"
#include "sluice/core/json_write.h"
#include "sluice/core/loop.h"
#include "sluice/pipeline/failure.h"

#include <stdio.h>

enum {
	FIRST_ROWS = 50,                 /* of a stream's first page: what rows weigh is not known yet */
	MOST_ROWS = 1000,
	REQUEST_BYTES = 256 << 10,
	ANSWER_BYTES = 16 << 20,
	MEMBERS_BYTES = 4 << 20,         /* of one page, unescaped */
	SORT_KEY_BYTES = 1024,           /* Amazon DynamoDB Developer Guide, quotas */
	SAY_AGAIN_ROUNDS = 10,
};

void fanout_stream_init(struct fanout_stream *s, struct fanout_reading *r, const struct fanout_source *source,
			struct str partition_key)
{
	*s = (struct fanout_stream){ .reading = r, .source = source, .partition_key = partition_key, .limit = FIRST_ROWS };
	buf_init(&s->current.answer, ANSWER_BYTES);
	buf_init(&s->next.answer, ANSWER_BYTES);
	buf_init(&s->start_key, REQUEST_BYTES);
	event_init(&s->fetched, r->loop);
	arena_init(&s->arena, MEMBERS_BYTES);
}

static void page_empty(struct fanout_stream *s, struct fanout_page *p)
{
	buf_release(&p->answer);
	budget_return(s->reading->budget, p->over_bytes);
	p->over_bytes = 0;
	p->full = false;
}

void fanout_stream_release(struct fanout_stream *s)
{
	page_empty(s, &s->current);
	page_empty(s, &s->next);
	buf_release(&s->start_key);
	arena_release(&s->arena);
}

/* ---- requests ---- */

static void write_value(struct json_writer *w, struct str name, struct value v)
{
	struct buf text;

	buf_init(&text, REQUEST_BYTES);
	value_write(v, &text);
	json_member_raw(w, name, buf_str(&text));
	buf_release(&text);
}

/* The largest text that begins with the prefix and is as long as a sort key can be. */
static void put_last_of_prefix(struct str prefix, struct buf *out)
{
	static const struct str most[] = {
		STR_INIT(""), STR_INIT("\x7f"), STR_INIT("\xdf\xbf"), STR_INIT("\xef\xbf\xbf"), STR_INIT("\xf4\x8f\xbf\xbf"),
	};
	size_t room = prefix.len < SORT_KEY_BYTES ? SORT_KEY_BYTES - prefix.len : 0;

	json_escape(out, prefix);
	for (; room >= 4; room -= 4)
		buf_put(out, most[4]);
	buf_put(out, most[room]);
}

/* The prefix, then what follows it, both as content of one string. */
static void write_bound(struct json_writer *w, const char *name, struct str prefix, struct str content, bool last)
{
	struct buf text;

	buf_init(&text, REQUEST_BYTES);
	if (last)
		put_last_of_prefix(prefix, &text);
	else
		json_escape(&text, prefix);
	buf_put(&text, content);
	json_key(w, str_c(name));
	json_begin_object(w);
	json_key(w, STR("S"));
	json_str_escaped(w, buf_str(&text));
	json_end_object(w);
	buf_release(&text);
}

static const char *condition_of(const struct fanout_stream *s)
{
	bool resumed = s->reading->resume.type != VALUE_NONE;

	if (s->source->sort_prefix.len)
		return resumed ? "#p = :p AND #s BETWEEN :r AND :e" : "#p = :p AND begins_with(#s, :r)";
	return resumed ? "#p = :p AND #s > :r" : "#p = :p";
}

static void write_values(struct json_writer *w, const struct fanout_stream *s)
{
	const struct value *resume = &s->reading->resume;
	struct str prefix = s->source->sort_prefix;

	json_key(w, STR("ExpressionAttributeValues"));
	json_begin_object(w);
	write_value(w, STR(":p"), s->source->key);
	if (prefix.len)
		write_bound(w, ":r", prefix, resume->raw, false);
	else if (resume->type != VALUE_NONE)
		write_value(w, STR(":r"), *resume);
	if (prefix.len && resume->type != VALUE_NONE)
		write_bound(w, ":e", prefix, STR(""), true);
	json_end_object(w);
}

static bool is_projected_anyway(const struct fanout_stream *s, size_t i)
{
	const struct option_names *names = &s->source->attributes;

	if (str_eq(names->items[i], s->reading->fanout->settings->member))
		return true;
	for (size_t j = 0; j < i; j++)
		if (str_eq(names->items[j], names->items[i]))
			return true;
	return false;
}

static void write_projection(struct json_writer *w, const struct fanout_stream *s)
{
	struct buf text;

	if (s->source->attributes.count == 0)
		return;
	buf_init(&text, REQUEST_BYTES);
	buf_puts(&text, "#s");
	for (size_t i = 0; i < s->source->attributes.count; i++)
		if (!is_projected_anyway(s, i))
			buf_putf(&text, ",#a%zu", i);
	json_member_str(w, STR("ProjectionExpression"), buf_str(&text));
	buf_release(&text);
}

static void write_names(struct json_writer *w, const struct fanout_stream *s)
{
	const struct option_names *attributes = &s->source->attributes;
	bool query = s->source->kind == FANOUT_QUERY;
	bool sort = attributes->count || s->source->sort_prefix.len || s->reading->resume.type != VALUE_NONE;

	if (!query && attributes->count == 0)
		return; /* a name that no expression uses is refused */
	json_key(w, STR("ExpressionAttributeNames"));
	json_begin_object(w);
	if (query)
		json_member_str(w, STR("#p"), s->partition_key);
	if (sort)
		json_member_str(w, STR("#s"), s->reading->fanout->settings->member);
	for (size_t i = 0; i < attributes->count; i++) {
		char name[24];

		if (is_projected_anyway(s, i))
			continue;
		snprintf(name, sizeof(name), "#a%zu", i);
		json_member_str(w, str_c(name), attributes->items[i]);
	}
	json_end_object(w);
}

static void write_start(struct json_writer *w, const struct fanout_stream *s)
{
	const struct fanout_reading *r = s->reading;

	if (s->start_key.len) {
		json_member_raw(w, STR("ExclusiveStartKey"), buf_str(&s->start_key));
	} else if (s->source->kind == FANOUT_SCAN && r->resume.type != VALUE_NONE) {
		json_key(w, STR("ExclusiveStartKey"));
		json_begin_object(w);
		write_value(w, r->fanout->settings->member, r->resume);
		json_end_object(w);
	}
}

static void write_request(const struct fanout_stream *s, struct buf *body)
{
	const struct fanout_source *source = s->source;
	struct json_writer w;

	json_write_init(&w, body);
	json_begin_object(&w);
	json_member_str(&w, STR("TableName"), source->table);
	if (source->index.len)
		json_member_str(&w, STR("IndexName"), source->index);
	if (source->kind == FANOUT_QUERY) {
		json_member_str(&w, STR("KeyConditionExpression"), str_c(condition_of(s)));
		write_values(&w, s);
	}
	write_projection(&w, s);
	write_names(&w, s);
	if (source->consistent)
		json_member_bool(&w, STR("ConsistentRead"), true);
	json_member_int(&w, STR("Limit"), (int64_t)s->limit);
	write_start(&w, s);
	json_end_object(&w);
}

/* ---- fetching ---- */

static bool fetch_once(struct fanout_stream *s, struct err *err)
{
	const char *operation = s->source->kind == FANOUT_SCAN ? "Scan" : "Query";
	struct str items;
	struct buf body;
	bool ok;

	buf_init(&body, REQUEST_BYTES);
	write_request(s, &body);
	buf_clear(&s->next.answer);
	if (!buf_ok(&body))
		ok = err_set(err, ERR_DATA, "fanout.request", "a %s of table %.*s would pass %d bytes", operation,
			     STR_ARG(s->source->table), REQUEST_BYTES);
	else
		ok = dynamodb_call(s->reading->dynamodb, operation, buf_str(&body), &s->next.answer, err);
	if (ok && (!scan_check(buf_str(&s->next.answer), NULL) ||
		   !scan_member(buf_str(&s->next.answer), STR("Items"), &items) || items.ptr[0] != '['))
		ok = err_set(err, ERR_RETRY, "aws.answer", "%s of table %.*s: the answer has no list of Items", operation,
			     STR_ARG(s->source->table));
	buf_release(&body);
	return ok;
}

static void say(const struct fanout_stream *s, int64_t round)
{
	if (round % SAY_AGAIN_ROUNDS != 1)
		return;
	log_warn(loop_env(s->reading->loop)->log, "fanout.audience_waiting", LOG_STR("task", s->reading->task),
		 LOG_STR("table", s->source->table), LOG_INT("rounds", round), LOG_ERR(&s->failure));
}

static void fetch_task(void *arg)
{
	struct fanout_stream *s = arg;
	struct fanout_reading *r = s->reading;
	struct rng *rng = &loop_env(r->loop)->rng;

	err_clear(&s->failure);
	for (int64_t round = 1; !fetch_once(s, &s->failure); round++) {
		if (!err_can_wait(&s->failure))
			goto out;
		say(s, round);
		if (!task_sleep_ms(r->loop, failure_delay_ms(&s->failure, round, rng), &s->failure))
			goto out;
		err_clear(&s->failure);
	}
	s->next.full = true;
	if (s->next.answer.len > r->page_bytes) {
		s->next.over_bytes = s->next.answer.len - r->page_bytes;
		budget_adjust(r->budget, 0, s->next.over_bytes);
	}
out:
	s->fetching = false;
	event_set(&s->fetched);
}

static void fetch(struct fanout_stream *s)
{
	s->fetching = true;
	event_clear(&s->fetched);
	scope_spawn(s->reading->fetchers, "fanout.fetch", fetch_task, s);
}

void fanout_stream_begin(struct fanout_stream *s)
{
	s->begun = true;
	if (s->source->kind == FANOUT_MEMBERS) {
		value_iter_init(&s->members, s->source->members);
		return;
	}
	s->more = true;
	fetch(s);
}

/* ---- reading ---- */

/* So many rows that the next page is about as large as it should be. */
static void adapt(struct fanout_stream *s, struct str items)
{
	size_t rows = 0, bytes;
	struct str row;
	struct scan scan;
	struct scan_token token;

	scan_init_trusted(&scan, items);
	scan_next(&scan, &token);
	while (scan_value(&scan, &row))
		rows++;
	if (rows == 0)
		return;
	bytes = s->current.answer.len / rows + 1;
	s->limit = s->reading->page_bytes / bytes;
	if (s->limit < 1)
		s->limit = 1;
	if (s->limit > MOST_ROWS)
		s->limit = MOST_ROWS;
}

/* The fetched page becomes the current one, and the one behind it is fetched. */
static bool turn_page(struct fanout_stream *s, struct err *err)
{
	struct fanout_page done = s->current;
	struct scan_token token;
	struct str items, last;

	while (s->fetching)
		if (!event_wait(&s->fetched, -1, NULL, err))
			return false;
	if (!s->next.full) {
		*err = s->failure;
		return false;
	}
	s->current = s->next;
	s->next = done;
	page_empty(s, &s->next);
	arena_reset(&s->arena);
	scan_member(buf_str(&s->current.answer), STR("Items"), &items);
	adapt(s, items);
	scan_init_trusted(&s->items, items);
	scan_next(&s->items, &token);
	buf_clear(&s->start_key);
	s->more = scan_member(buf_str(&s->current.answer), STR("LastEvaluatedKey"), &last) && last.len > 2;
	if (!s->more)
		return true;
	buf_put(&s->start_key, last);
	fetch(s);
	return true;
}

/* The row's member, unless it is unusable or not behind the resume point. */
static bool accept(struct fanout_stream *s, struct value row, bool *accepted, struct err *err)
{
	struct fanout_reading *r = s->reading;
	int order = 1;

	*accepted = false;
	s->row = row;
	if (!fanout_member(r->fanout, s->source, row, &s->arena, &s->member, err)) {
		if (err->class != ERR_DATA)
			return false;
		r->skipped++;
		log_warn(loop_env(r->loop)->log, "fanout.row_skipped", LOG_STR("task", r->task),
			 LOG_STR("table", s->source->table), LOG_ERR(err));
		err_clear(err);
		return true;
	}
	if (r->resume.type != VALUE_NONE && s->source->kind != FANOUT_SCAN &&
	    !value_compare(s->member, r->resume, &order))
		return err_set(err, ERR_DATA, "fanout.order", "a member of table %.*s cannot be compared with the one to go on behind",
			       STR_ARG(s->source->table));
	*accepted = order > 0;
	return true;
}

static bool next_listed(struct fanout_stream *s, struct err *err)
{
	const struct value *resume = &s->reading->resume;
	int order;

	err_clear(err);
	while (value_iter_next(&s->members, NULL, &s->member, err)) {
		order = 1;
		if (resume->type != VALUE_NONE && !value_compare(s->member, *resume, &order))
			return err_set(err, ERR_DATA, "fanout.order", "a listed member cannot be compared with the one to go on behind");
		if (order > 0)
			return true;
	}
	s->ended = true;
	return err->class == ERR_NONE;
}

bool fanout_stream_next(struct fanout_stream *s, struct err *err)
{
	struct str text;
	struct value row;
	bool accepted;

	if (s->source->kind == FANOUT_MEMBERS)
		return next_listed(s, err);
	for (;;) {
		while (!s->current.full || !scan_value(&s->items, &text)) {
			if (!s->more) {
				s->ended = true;
				return true;
			}
			if (!turn_page(s, err))
				return false;
		}
		if (!value_parse_image(text, &row, err))
			return err_prefix(err, "a row of table %.*s", STR_ARG(s->source->table));
		if (!accept(s, row, &accepted, err))
			return false;
		if (accepted)
			return true;
	}
}
