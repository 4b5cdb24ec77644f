#include "dynamodb_sink.h"

#include <stdio.h>

enum { ROW_BYTES = 4 << 20, ANSWER_BYTES = 16 << 20 };

/* The members of a conditional write of one row, also inside a transaction. */
static void write_row(struct json_writer *w, const struct effect *e)
{
	char v[24];

	snprintf(v, sizeof(v), "%llu", (unsigned long long)e->v);
	json_member_str(w, STR("TableName"), e->row.table);
	if (e->kind == EFFECT_PUT_ROW)
		json_member_raw(w, STR("Item"), e->row.item);
	else
		json_member_raw(w, STR("Key"), e->row.key);
	json_member_str(w, STR("ConditionExpression"), STR("attribute_not_exists(#v) OR #v < :v"));
	json_member_raw(w, STR("ExpressionAttributeNames"), STR("{\"#v\":\"sluice_v\"}"));
	json_key(w, STR("ExpressionAttributeValues"));
	json_begin_object(w);
	json_key(w, STR(":v"));
	json_begin_object(w);
	json_member_str(w, STR("N"), str_c(v));
	json_end_object(w);
	json_end_object(w);
}

void dynamodb_run_row(struct dynamodb_sink *d, struct unit *u)
{
	const struct effect *e = u->first->effect;
	struct buf body, answer;
	struct json_writer w;
	struct err err = { 0 };

	buf_init(&body, ROW_BYTES);
	buf_init(&answer, ANSWER_BYTES);
	json_write_init(&w, &body);
	json_begin_object(&w);
	write_row(&w, e);
	json_end_object(&w);
	if (dynamodb_write(d, e->kind == EFFECT_PUT_ROW ? "PutItem" : "DeleteItem", &body, e, &answer,
			   &err) ||
	    dynamodb_condition_failed(&err))
		unit_done(u);
	else
		unit_fail(u, &err);
	buf_release(&answer);
	buf_release(&body);
}

struct transaction {
	struct entry *entries[TRANSACTION_ITEMS];
	size_t n;
	struct buf body, answer;
};

static void write_transaction(struct transaction *t)
{
	struct json_writer w;

	buf_clear(&t->body);
	json_write_init(&w, &t->body);
	json_begin_object(&w);
	json_key(&w, STR("TransactItems"));
	json_begin_array(&w);
	for (size_t i = 0; i < t->n; i++) {
		const struct effect *e = t->entries[i]->effect;

		json_begin_object(&w);
		json_key(&w, e->kind == EFFECT_PUT_ROW ? STR("Put") : STR("Delete"));
		json_begin_object(&w);
		write_row(&w, e);
		json_end_object(&w);
		json_end_object(&w);
	}
	json_end_array(&w);
	json_end_object(&w);
}

static enum err_class reason_class(struct str code)
{
	static const struct {
		struct str code;
		enum err_class class;
	} known[] = {
		{ STR_INIT("ItemCollectionSizeLimitExceeded"), ERR_DATA },
		{ STR_INIT("ValidationError"), ERR_DATA },
		{ STR_INIT("ProvisionedThroughputExceeded"), ERR_THROTTLE },
		{ STR_INIT("ThrottlingError"), ERR_THROTTLE },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(code, known[i].code))
			return known[i].class;
	return ERR_RETRY; /* TransactionConflict, DuplicateItem, what is not known yet */
}

/* Reads why the transaction was cancelled: rows that are there in a newer version
 * leave it; the gravest other reason goes to err. False when the answer has no
 * reasons. */
static bool read_reasons(struct transaction *t, bool *left, struct err *err)
{
	struct json *root = json_parse(buf_str(&t->answer), t->answer.len, NULL);
	const struct json *reasons = json_get(root, "CancellationReasons");
	const struct json *r = json_first(reasons);
	bool readable = json_count(reasons) == t->n;
	size_t kept = 0;

	*left = false;
	err_clear(err);
	for (size_t i = 0; readable && i < t->n; i++, r = json_next(r)) {
		struct str code = STR("None"), text = STR("");
		const struct effect_row *row = &t->entries[i]->effect->row;

		json_get_str(json_get(r, "Code"), &code);
		json_get_str(json_get(r, "Message"), &text);
		if (str_eq(code, STR("ConditionalCheckFailed"))) {
			*left = true;
			continue;
		}
		if (!str_eq(code, STR("None")) && reason_class(code) >= err->class)
			err_set(err, reason_class(code), "TransactionCanceledException",
				"TransactWriteItems: row %.*s of table %.*s: %.*s %.*s", STR_ARG(row->key),
				STR_ARG(row->table), STR_ARG(code), STR_ARG(text));
		t->entries[kept++] = t->entries[i];
	}
	if (readable)
		t->n = kept;
	json_free(root);
	return readable;
}

static bool run_transaction(struct dynamodb_sink *d, struct transaction *t, struct err *err)
{
	for (unsigned tries = 1; t->n > 0; tries++) {
		bool left;

		write_transaction(t);
		if (dynamodb_write(d, "TransactWriteItems", &t->body, t->entries[0]->effect, &t->answer,
				   err))
			return true;
		if (!err_is(err, "TransactionCanceledException") || !read_reasons(t, &left, err))
			return false;
		if (err->class == ERR_DATA || (err->class != ERR_NONE && tries >= CONFLICT_TRIES))
			return false;
		if (!left && err->class == ERR_NONE)
			return err_set(err, ERR_RETRY, "TransactionCanceledException",
				       "TransactWriteItems was cancelled without a reason");
		if (err->class != ERR_NONE && !dynamodb_pause(d, tries, err))
			return false;
	}
	return true;
}

void dynamodb_run_transaction(struct dynamodb_sink *d, struct unit *u)
{
	struct transaction t = { .n = 0 };
	struct err err = { 0 };

	if (u->count > TRANSACTION_ITEMS) {
		err_set(&err, ERR_DATA, "dynamodb.transaction_size",
			"%zu rows are to be changed together, a transaction holds %d; set atomic = false", u->count,
			TRANSACTION_ITEMS);
		unit_fail(u, &err);
		return;
	}
	for (struct entry *e = u->first; e; e = e->next)
		t.entries[t.n++] = e;
	buf_init(&t.body, REQUEST_BYTES);
	buf_init(&t.answer, ANSWER_BYTES);
	if (run_transaction(d, &t, &err))
		unit_done(u);
	else
		unit_fail(u, &err);
	buf_release(&t.answer);
	buf_release(&t.body);
}
