/* A counter row's contributions: merged, added once, resumed by the fence. */
#include "dynamodb_sink.h"

#include "sluice/core/mem.h"
#include "sluice/item/number.h"

#include <stdio.h>

enum {
	MOST_SUMS = 40, /* keeps UpdateExpression far below its 4 KB and 300 operators */
	UPDATE_BYTES = 1 << 20,
	ROW_ANSWER_BYTES = 4 << 20, /* ALL_OLD of a 400 KB item, escaped */
};

struct sum {
	struct str attribute;
	struct number value;
};

/* One update: the contributions first..last of a row, by whole records. */
struct update {
	struct entry *first, *last;
	struct sum *sums; /* MOST_SUMS */
	size_t n_sums;
	struct str set; /* the last contribution's */
};

struct counter {
	struct dynamodb_sink *d;
	struct unit *unit;
	struct update update;
	struct number *saved; /* MOST_SUMS: the sums before the record being added */
	struct buf body, answer;
};

static const struct sequence *sequence_of(const struct entry *e)
{
	return &e->effect->batch->records[e->effect->record]->sequence;
}

static struct sum *sum_of(struct update *u, struct str attribute)
{
	for (size_t i = 0; i < u->n_sums; i++)
		if (str_eq(u->sums[i].attribute, attribute))
			return &u->sums[i];
	if (u->n_sums == MOST_SUMS)
		return NULL;
	u->sums[u->n_sums] = (struct sum){ .attribute = attribute };
	return &u->sums[u->n_sums++];
}

static bool add_deltas(struct update *u, const struct effect_add *add, struct err *err)
{
	for (size_t i = 0; i < add->n_deltas; i++) {
		struct sum *sum = sum_of(u, add->deltas[i].attribute);
		struct number by;

		if (!sum)
			return err_set(err, ERR_DATA, "counter.attributes",
				       "one record adds to more than %d attributes of a row", MOST_SUMS);
		if (!number_parse(add->deltas[i].by, &by, err) || !number_add(&sum->value, &by, err))
			return err_prefix(err, "counter: attribute %.*s", STR_ARG(sum->attribute));
	}
	if (add->set.len > 0)
		u->set = add->set;
	return true;
}

static bool sums_fit(const struct update *u, struct err *err)
{
	for (size_t i = 0; i < u->n_sums; i++)
		if (!number_fits(&u->sums[i].value))
			return err_set(err, ERR_DATA, "number.range",
				       "counter: a contribution to attribute %.*s needs more than %d digits",
				       STR_ARG(u->sums[i].attribute), NUMBER_MAX_DIGITS);
	return true;
}

/* Adds all contributions of the record that `from` belongs to. On failure the
 * update is as it was. */
static struct entry *add_record(struct counter *c, struct entry *from, struct err *err)
{
	struct update *u = &c->update;
	const struct update before = *u;
	struct entry *e = from, *last = from;
	bool ok = true;

	for (size_t i = 0; i < u->n_sums; i++)
		c->saved[i] = u->sums[i].value;
	for (; ok && e && sequence_compare(sequence_of(e), sequence_of(from)) == 0; e = e->next) {
		ok = add_deltas(u, &e->effect->add, err);
		last = e;
	}
	if (ok && sums_fit(u, err))
		return last;
	*u = before;
	for (size_t i = 0; i < u->n_sums; i++)
		u->sums[i].value = c->saved[i];
	return NULL;
}

/* Gathers up to `most` records from `first` on, as far as the exact sums fit. A
 * record that does not fit even alone is an error. */
static bool gather(struct counter *c, struct entry *first, size_t most, struct err *err)
{
	struct update *u = &c->update;

	*u = (struct update){ .first = first, .sums = u->sums };
	for (struct entry *e = first; e && most > 0; e = u->last->next, most--) {
		struct entry *last = add_record(c, e, err);

		if (!last)
			return u->last != NULL;
		u->last = last;
	}
	return true;
}

static void write_names(struct json_writer *w, const struct update *u, struct str fence)
{
	struct value_iter it;
	struct value v;
	struct str name;
	char alias[24];

	json_key(w, STR("ExpressionAttributeNames"));
	json_begin_object(w);
	json_member_str(w, STR("#f"), fence);
	for (size_t i = 0; i < u->n_sums; i++) {
		snprintf(alias, sizeof(alias), "#a%zu", i);
		json_member_str(w, str_c(alias), u->sums[i].attribute);
	}
	value_iter_init(&it, value_image(u->set));
	for (size_t i = 0; u->set.len && value_iter_next(&it, &name, &v, NULL); i++) {
		snprintf(alias, sizeof(alias), "#s%zu", i);
		json_key(w, str_c(alias));
		json_str_escaped(w, name);
	}
	json_end_object(w);
}

static void write_typed(struct json_writer *w, const char *name, const char *type, struct str text)
{
	json_key(w, str_c(name));
	json_begin_object(w);
	json_member_str(w, str_c(type), text);
	json_end_object(w);
}

static void write_values(struct json_writer *w, const struct update *u)
{
	struct value_iter it;
	struct value v;
	struct buf text;
	char alias[24];

	buf_init(&text, UPDATE_BYTES);
	json_key(w, STR("ExpressionAttributeValues"));
	json_begin_object(w);
	write_typed(w, ":first", "S", sequence_str(sequence_of(u->first)));
	write_typed(w, ":last", "S", sequence_str(sequence_of(u->last)));
	for (size_t i = 0; i < u->n_sums; i++) {
		buf_clear(&text);
		number_write(&u->sums[i].value, &text);
		snprintf(alias, sizeof(alias), ":a%zu", i);
		write_typed(w, alias, "N", buf_str(&text));
	}
	value_iter_init(&it, value_image(u->set));
	for (size_t i = 0; u->set.len && value_iter_next(&it, NULL, &v, NULL); i++) {
		buf_clear(&text);
		value_write(v, &text);
		snprintf(alias, sizeof(alias), ":s%zu", i);
		json_member_raw(w, str_c(alias), buf_str(&text));
	}
	json_end_object(w);
	buf_release(&text);
}

static size_t count_set(const struct update *u)
{
	struct value_iter it;
	struct value v;
	size_t n = 0;

	value_iter_init(&it, value_image(u->set));
	while (u->set.len && value_iter_next(&it, NULL, &v, NULL))
		n++;
	return n;
}

static void write_expressions(struct json_writer *w, const struct update *u)
{
	const size_t n_set = count_set(u);
	struct buf text;

	buf_init(&text, UPDATE_BYTES);
	buf_puts(&text, "SET #f = :last");
	for (size_t i = 0; i < n_set; i++)
		buf_putf(&text, ", #s%zu = :s%zu", i, i);
	for (size_t i = 0; i < u->n_sums; i++)
		buf_putf(&text, "%s #a%zu :a%zu", i ? "," : " ADD", i, i);
	json_member_str(w, STR("UpdateExpression"), buf_str(&text));
	json_member_str(w, STR("ConditionExpression"), STR("attribute_not_exists(#f) OR #f < :first"));
	json_member_str(w, STR("ReturnValuesOnConditionCheckFailure"), STR("ALL_OLD"));
	buf_release(&text);
}

static void write_update(struct counter *c)
{
	const struct effect_add *add = &c->update.first->effect->add;
	struct json_writer w;

	buf_clear(&c->body);
	json_write_init(&w, &c->body);
	json_begin_object(&w);
	json_member_str(&w, STR("TableName"), add->table);
	json_member_raw(&w, STR("Key"), add->key);
	write_expressions(&w, &c->update);
	write_names(&w, &c->update, add->fence);
	write_values(&w, &c->update);
	json_end_object(&w);
}

/* The row's fence, from the answer to a failed condition. */
static bool read_fence(const struct counter *c, struct sequence *fence, struct err *err)
{
	const struct effect_add *add = &c->update.first->effect->add;
	struct value item, v;

	if (!dynamodb_failed_item(buf_str(&c->answer), &item, err))
		return false;
	if (!value_get(item, add->fence, &v) || v.type != VALUE_S || !sequence_parse(v.raw, fence, NULL) ||
	    sequence_compare(fence, sequence_of(c->update.first)) < 0)
		return err_set(err, ERR_FATAL, "counter.fence",
			       "attribute %.*s of row %.*s in table %.*s is no sequence number that sluice wrote; was "
			       "the row edited?",
			       STR_ARG(add->fence), STR_ARG(add->key), STR_ARG(add->table));
	return true;
}

/* Settles what the fence says is in; returns the first that is not. */
static struct entry *settle_through(struct entry *e, const struct sequence *fence)
{
	for (; e && sequence_compare(sequence_of(e), fence) <= 0; e = e->next)
		entry_done(e);
	return e;
}

static void fail_records(struct counter *c, struct entry *from, const struct err *why)
{
	struct entry *e = from;

	for (; e && sequence_compare(sequence_of(e), sequence_of(from)) == 0; e = e->next)
		entry_fail(e, why);
	c->unit->failed = true;
	for (; e; e = e->next)
		sink_fail_behind(&c->d->base, e->effect);
}

/* One update from `first` on. *next gets where to go on; *most is halved when the
 * service refuses the data of several records, until the one to blame stands
 * alone. */
static bool update_once(struct counter *c, struct entry *first, size_t *most, struct entry **next, struct err *err)
{
	struct sequence fence;

	*next = first;
	if (!gather(c, first, *most, err))
		return false;
	write_update(c);
	if (dynamodb_write(c->d, "UpdateItem", &c->body, first->effect, &c->answer, err)) {
		*next = settle_through(first, sequence_of(c->update.last));
		return true;
	}
	if (dynamodb_condition_failed(err)) {
		if (!read_fence(c, &fence, err))
			return false;
		*next = settle_through(first, &fence);
		return true;
	}
	if (err->class != ERR_DATA || sequence_compare(sequence_of(first), sequence_of(c->update.last)) == 0)
		return false;
	size_t n = 1;
	for (struct entry *e = first; e != c->update.last; e = e->next)
		n++;
	*most = n / 2;
	return true;
}

/* The sequence numbers of one shard only rise; below the fence a contribution
 * would be taken for one that is in. */
static bool in_order(const struct unit *u, struct err *err)
{
	for (struct entry *e = u->first; e && e->next; e = e->next)
		if (sequence_compare(sequence_of(e), sequence_of(e->next)) > 0)
			return err_set(err, ERR_FATAL, "counter.order",
				       "contributions to row %.*s of table %.*s came out of order",
				       STR_ARG(e->effect->add.key), STR_ARG(e->effect->add.table));
	return true;
}

void dynamodb_run_counter(struct dynamodb_sink *d, struct unit *u)
{
	struct counter c = { .d = d, .unit = u };
	struct entry *at = u->first;
	size_t most = u->count;
	struct err err = { 0 };
	bool ok = in_order(u, &err);

	c.update.sums = mem_array(MOST_SUMS, sizeof(*c.update.sums));
	c.saved = mem_array(MOST_SUMS, sizeof(*c.saved));
	buf_init(&c.body, UPDATE_BYTES);
	buf_init(&c.answer, ROW_ANSWER_BYTES);
	while (ok && at)
		ok = update_once(&c, at, &most, &at, &err);
	if (!ok && err.class == ERR_DATA)
		fail_records(&c, at, &err);
	else if (!ok)
		unit_fail(u, &err);
	buf_release(&c.answer);
	buf_release(&c.body);
	mem_free(c.saved);
	mem_free(c.update.sums);
}
