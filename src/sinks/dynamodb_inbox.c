/* Inbox rows: fan-out notifications. */
#include "dynamodb_sink.h"

#include "sluice/item/key.h"

enum { PUT_BYTES = 4 << 20, ANSWER_BYTES = REQUEST_BYTES + (1 << 20), UNPROCESSED_ROUNDS = 6, SCRATCH_BYTES = 1 << 20 };

bool dynamodb_item_key(const struct key_names *names, struct value item, struct arena *a, struct str *out,
		       struct err *err)
{
	const struct str wanted[2] = { names->hash, names->range };
	struct json_writer w;
	struct buf key, text;
	bool ok = true;

	buf_init(&key, SCRATCH_BYTES);
	buf_init(&text, SCRATCH_BYTES);
	json_write_init(&w, &key);
	json_begin_object(&w);
	for (size_t i = 0; i < 2 && wanted[i].len > 0 && ok; i++) {
		struct value v;

		ok = value_get(item, wanted[i], &v);
		if (!ok) {
			err_set(err, ERR_DATA, "dynamodb.no_key", "an item for table %.*s lacks its key attribute %.*s",
				STR_ARG(names->table), STR_ARG(wanted[i]));
			break;
		}
		buf_clear(&text);
		value_write(v, &text);
		json_member_raw(&w, wanted[i], buf_str(&text));
	}
	json_end_object(&w);
	if (ok && !(buf_ok(&key) && buf_ok(&text)))
		ok = err_set(err, ERR_DATA, "dynamodb.key_size", "the key of an item for table %.*s is too long",
			     STR_ARG(names->table));
	ok = ok && key_text(value_image(buf_str(&key)), a, out, err);
	buf_release(&text);
	buf_release(&key);
	return ok;
}

struct batch {
	struct dynamodb_sink *d;
	struct unit *unit;
	struct str table;
	struct entry *entries[BATCH_WRITE_ITEMS]; /* still to be written */
	size_t n;
	struct buf body, answer;
};

static void write_batch(struct batch *b)
{
	struct json_writer w;

	buf_clear(&b->body);
	json_write_init(&w, &b->body);
	json_begin_object(&w);
	json_key(&w, STR("RequestItems"));
	json_begin_object(&w);
	json_key(&w, b->table);
	json_begin_array(&w);
	for (size_t i = 0; i < b->n; i++) {
		json_begin_object(&w);
		json_key(&w, STR("PutRequest"));
		json_begin_object(&w);
		json_member_raw(&w, STR("Item"), b->entries[i]->effect->message.body);
		json_end_object(&w);
		json_end_object(&w);
	}
	json_end_array(&w);
	json_end_object(&w);
	json_end_object(&w);
}

static bool same_target(struct batch *b, const struct key_names *names, struct value item, struct arena *a,
			size_t *index)
{
	struct str parts[2] = { b->table, { 0 } }, target;

	if (!dynamodb_item_key(names, item, a, &parts[1], NULL))
		return false;
	target = key_join(a, parts, 2);
	for (size_t i = 0; i < b->n; i++) {
		if (str_eq(b->entries[i]->target, target)) {
			*index = i;
			return true;
		}
	}
	return false;
}

/* Marks what the answer calls unprocessed. False when it names an item that was
 * not sent: then nothing in it can be believed. */
static bool mark_unprocessed(struct batch *b, struct str list, bool *left, struct arena *a, struct err *err)
{
	const struct key_names *names = dynamodb_key_names(b->d, b->table, err);
	struct scan s;
	struct str request, put, item;
	struct scan_token t;

	if (!names)
		return false;
	scan_init_trusted(&s, list);
	if (scan_next(&s, &t) != SCAN_ARRAY_BEGIN)
		return err_set(err, ERR_RETRY, "dynamodb.answer",
			       "BatchWriteItem: UnprocessedItems is not as documented");
	while (scan_value(&s, &request)) {
		size_t index = 0;

		if (!scan_member(request, STR("PutRequest"), &put) || !scan_member(put, STR("Item"), &item) ||
		    !same_target(b, names, value_image(item), a, &index))
			return err_set(err, ERR_RETRY, "dynamodb.answer",
				       "BatchWriteItem: UnprocessedItems names an item that was not sent");
		left[index] = true;
	}
	return true;
}

/* Settles what was written; the unprocessed stay in the batch. */
static bool settle_batch(struct batch *b, struct err *err)
{
	bool left[BATCH_WRITE_ITEMS] = { false };
	struct str unprocessed, list;
	struct arena a;
	size_t kept = 0;
	bool ok = true;

	if (!scan_check(buf_str(&b->answer), NULL))
		return err_set(err, ERR_RETRY, "dynamodb.answer", "BatchWriteItem: the answer is not JSON");
	arena_init(&a, ANSWER_BYTES);
	if (scan_member(buf_str(&b->answer), STR("UnprocessedItems"), &unprocessed) &&
	    scan_member(unprocessed, b->table, &list))
		ok = mark_unprocessed(b, list, left, &a, err);
	arena_release(&a);
	for (size_t i = 0; ok && i < b->n; i++) {
		if (left[i])
			b->entries[kept++] = b->entries[i];
		else
			entry_done(b->entries[i]);
	}
	if (ok)
		b->n = kept;
	return ok;
}

static bool run_batch(struct batch *b, struct err *err)
{
	for (unsigned round = 1; b->n > 0; round++) {
		write_batch(b);
		if (!dynamodb_write(b->d, "BatchWriteItem", &b->body, b->entries[0]->effect, &b->answer, err) ||
		    !settle_batch(b, err))
			return false;
		if (b->n == 0)
			return true;
		if (round == UNPROCESSED_ROUNDS)
			return err_set(err, ERR_THROTTLE, "dynamodb.unprocessed",
				       "BatchWriteItem: table %.*s left %zu items unprocessed %u times",
				       STR_ARG(b->table), b->n, round);
		if (!dynamodb_pause(b->d, round, err))
			return false;
	}
	return true;
}

static void write_put(struct buf *body, const struct effect_message *m, struct str absent)
{
	struct json_writer w;

	buf_clear(body);
	json_write_init(&w, body);
	json_begin_object(&w);
	json_member_str(&w, STR("TableName"), m->address);
	json_member_raw(&w, STR("Item"), m->body);
	if (absent.len > 0) {
		json_member_str(&w, STR("ConditionExpression"), STR("attribute_not_exists(#k)"));
		json_key(&w, STR("ExpressionAttributeNames"));
		json_begin_object(&w);
		json_member_str(&w, STR("#k"), absent);
		json_end_object(&w);
	}
	json_end_object(&w);
}

/* One refused item makes the service refuse the whole batch: alone, each shows
 * whether it is the one. */
static void run_singly(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct err err = { 0 };

		write_put(&b->body, &b->entries[i]->effect->message, STR(""));
		if (dynamodb_write(b->d, "PutItem", &b->body, b->entries[i]->effect, &b->answer, &err)) {
			entry_done(b->entries[i]);
		} else if (err.class == ERR_CANCELLED) {
			b->unit->cancelled = true;
			return;
		} else {
			b->unit->failed = true;
			entry_fail(b->entries[i], &err);
		}
	}
}

void dynamodb_run_inbox(struct dynamodb_sink *d, struct unit *u)
{
	struct batch b = { .d = d, .unit = u, .table = u->first->effect->message.address };
	struct err err = { 0 };

	for (struct entry *e = u->first; e; e = e->next)
		b.entries[b.n++] = e;
	buf_init(&b.body, REQUEST_BYTES);
	buf_init(&b.answer, ANSWER_BYTES);
	if (!run_batch(&b, &err)) {
		if (err.class == ERR_DATA && b.n > 0) {
			dynamodb_forget_names(d, b.table); /* the table may have been made anew */
			run_singly(&b);
		} else {
			unit_fail(u, &err);
		}
	}
	buf_release(&b.answer);
	buf_release(&b.body);
}

static void run_put(struct dynamodb_sink *d, struct unit *u, struct buf *body)
{
	struct buf answer;
	struct err err = { 0 };

	buf_init(&answer, ANSWER_BYTES);
	if (dynamodb_write(d, "PutItem", body, u->first->effect, &answer, &err) || dynamodb_condition_failed(&err))
		unit_done(u);
	else
		unit_fail(u, &err);
	buf_release(&answer);
}

void dynamodb_run_inbox_put(struct dynamodb_sink *d, struct unit *u)
{
	const struct effect_message *m = &u->first->effect->message;
	struct err err = { 0 };
	const struct key_names *names = dynamodb_key_names(d, m->address, &err);
	struct buf body;

	if (!names) {
		unit_fail(u, &err);
		return;
	}
	buf_init(&body, PUT_BYTES);
	write_put(&body, m, names->hash);
	run_put(d, u, &body);
	buf_release(&body);
}
