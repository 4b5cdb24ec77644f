/* Events as an event source mapping of DynamoDB Streams gives them to a function,
 * and what the function says of them.
 *
 * Facts: Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB" (the
 * event) and "Configuring partial batch response with DynamoDB and Lambda" (what
 * counts as success and as failure; everything from the lowest failed sequence
 * number on comes again).
 */
#include "key_map.h"
#include "lambda.h"
#include "sluice/core/json.h"
#include "sluice/core/json_write.h"

enum { EXCERPT = 200, IDS_BYTES = 64 << 10, ID_BYTES = 256 };

/* ---- the event ---- */

bool lambda_is_change(const struct effect *e)
{
	return aws_batch_header(&e->message, STR("sluice-v")).len &&
	       !aws_batch_header(&e->message, STR("sluice-notification-id")).len;
}

static const struct record *record_of(const struct effect *e)
{
	return e->batch->records[e->record];
}

struct str lambda_identifier(const struct effect *e)
{
	struct str id = aws_batch_header(&e->message, STR("sluice-notification-id"));

	if (lambda_is_change(e))
		return sequence_wire(&record_of(e)->sequence);
	return id.len ? id : record_of(e)->event_id;
}

/* As a queue's event source mapping shows a message. */
static void put_message(const struct effect *e, struct buf *out)
{
	const struct effect_message *m = &e->message;
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_str(&w, STR("messageId"), lambda_identifier(e));
	json_member_str(&w, STR("body"), m->body);
	json_key(&w, STR("attributes"));
	json_begin_object(&w);
	if (m->key.len)
		json_member_str(&w, STR("MessageGroupId"), m->key);
	json_end_object(&w);
	json_key(&w, STR("messageAttributes"));
	json_begin_object(&w);
	for (size_t i = 0; i < m->n_headers; i++) {
		json_key(&w, m->headers[i].name);
		json_begin_object(&w);
		json_member_str(&w, STR("stringValue"), m->headers[i].value);
		json_member_str(&w, STR("dataType"), STR("String"));
		json_end_object(&w);
	}
	json_end_object(&w);
	json_member_str(&w, STR("eventSource"), STR("sluice"));
	json_end_object(&w);
}

size_t lambda_write(struct effect *const *effects, size_t n, size_t most, struct buf *out)
{
	static const struct str end = STR_INIT("]}");
	bool change = lambda_is_change(effects[0]);
	size_t i;

	buf_clear(out);
	buf_puts(out, "{\"Records\":[");
	for (i = 0; i < n; i++) {
		const struct effect *e = effects[i];
		size_t before = out->len;

		if (lambda_is_change(e) != change || !str_eq(e->message.address, effects[0]->message.address))
			break;
		if (i)
			buf_putc(out, ',');
		if (change)
			record_write_lambda(record_of(e), e->batch->source.stream_arn, out);
		else
			put_message(e, out);
		if (!buf_ok(out) || out->len + end.len > most) {
			buf_truncate(out, before);
			break;
		}
	}
	out->full = false; /* what did not fit was taken back */
	buf_put(out, end);
	return i;
}

/* ---- the answer ---- */

static bool whole_batch(const char *why, struct err *err)
{
	return err_set(err, ERR_DATA, "lambda.item_failures",
		       "the function's batchItemFailures %s; then all of its records count as failed", why);
}

/* The lowest record that the list names. */
static bool read_failures(const struct json *list, const struct key_map *ids, size_t *done, struct err *err)
{
	for (const struct json *j = json_first(list); j; j = json_next(j)) {
		struct str id = { NULL, 0 };
		size_t index;

		if (!json_get_str(json_get(j, "itemIdentifier"), &id) || !id.len)
			return whole_batch("has an element without an itemIdentifier", err);
		if (!key_map_has(ids, id))
			return whole_batch("names a record that it was not given", err);
		index = *(size_t *)*key_map_at((struct key_map *)ids, id);
		if (index < *done)
			*done = index;
	}
	return true;
}

static bool map_ids(struct effect *const *effects, size_t n, struct arena *arena, struct key_map *ids)
{
	if (!key_map_init(ids, arena, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		void **there = key_map_at(ids, lambda_identifier(effects[i]));
		size_t *index = *there ? *there : ARENA_NEW(arena, size_t);

		if (!index)
			return false;
		if (!*there)
			*index = i;
		*there = index;
	}
	return true;
}

static bool read_list(const struct json *list, struct effect *const *effects, size_t n, size_t *done, struct err *err)
{
	struct key_map ids;
	struct arena arena;
	bool ok;

	arena_init(&arena, IDS_BYTES + n * ID_BYTES);
	ok = map_ids(effects, n, &arena, &ids) ||
	     err_set(err, ERR_FATAL, "sink.memory", "too many records in one batch");
	ok = ok && read_failures(list, &ids, done, err);
	arena_release(&arena);
	return ok;
}

bool lambda_read(struct str answer, struct effect *const *effects, size_t n, size_t *done, struct err *err)
{
	struct json *root;
	const struct json *list;
	bool ok = true;

	*done = n;
	if (!str_trim(answer).len)
		return true;
	root = json_parse(answer, answer.len, NULL);
	if (!root)
		return err_set(err, ERR_RETRY, "lambda.answer",
			       "the function returned no JSON; return null, or {\"batchItemFailures\": []} (or set "
			       "report_batch_item_failures = false)");
	list = json_get(root, "batchItemFailures");
	if (list && json_type(list) == JSON_ARRAY)
		ok = read_list(list, effects, n, done, err);
	else if (list && json_type(list) != JSON_NULL)
		ok = whole_batch("is no list", err);
	json_free(root);
	return ok;
}

bool lambda_function_error(struct str kind, struct str answer, struct err *err)
{
	struct json *root = json_parse(answer, answer.len, NULL);
	struct str type = { NULL, 0 }, message = { NULL, 0 };

	json_get_str(json_get(root, "errorType"), &type);
	json_get_str(json_get(root, "errorMessage"), &message);
	err_set(err, ERR_DATA, "lambda.function_error", "the function failed (%.*s): %.*s: %.*s",
		STR_ARG(str_sub(kind, 0, 20)), STR_ARG(str_sub(type, 0, 80)), STR_ARG(str_sub(message, 0, EXCERPT)));
	json_free(root);
	return false;
}
