#include "model_live_impl.h"

#include "sluice/aws/dynamodb.h"
#include "sluice/core/json_write.h"
#include "sluice/core/loop.h"
#include "sluice/core/task.h"
#include "sluice/model/create.h"

enum {
	REQUEST_BYTES = 20 << 20, ANSWER_BYTES = 16 << 20,
	ACTIVE_MS = 120000,              /* how long a table may take to be there, */
	GONE_MS = 60000,                 /* and to let itself be dropped */
	PAUSE_MS = 100,
	BATCH_ITEMS = 25, BATCH_TRIES = 10,
};

bool live_tables_init(struct live_tables *t, struct live *l, struct err *err)
{
	struct str prefix = arena_putf(&l->scratch, MODEL_LIVE_PREFIX "%012llx%u-",
				       (unsigned long long)(l->chance >> 16), l->sets++);

	*t = (struct live_tables){
		.live = l,
		.wanted = arena_array(&l->scratch, l->model->n_tables + 1, sizeof(bool)),
		.plain = arena_array(&l->scratch, l->model->n_tables + 1, sizeof(bool)),
	};
	return (t->wanted && t->plain && prefix.ptr && model_names_make(&t->names, l->model, prefix, &l->scratch)) ||
	       err_set(err, ERR_FATAL, "live.memory", "the model is too large to be tried");
}

bool live_lacks_index(const struct live_tables *t, const struct model_table *table, const struct model_index *index)
{
	return table && index && index->global && t->plain[table - t->live->model->tables] && model_index_has_many_keys(index);
}

/* ---- making ---- */

static struct live_created *note_created(struct live *l, struct str name, struct err *err)
{
	struct live_created *c = ARENA_NEW(&l->scratch, struct live_created);

	if (!c) {
		err_set(err, ERR_FATAL, "live.memory", "the model is too large to be tried");
		return NULL;
	}
	*c = (struct live_created){ .name = name, .next = l->created };
	l->created = c;
	return c;
}

static bool contains_nocase(struct str text, struct str part)
{
	for (size_t i = 0; i + part.len <= text.len; i++)
		if (str_eq_nocase(str_sub(text, i, part.len), part))
			return true;
	return false;
}

static bool has_many_keys(const struct model_table *t)
{
	for (size_t i = 0; i < t->n_indexes; i++)
		if (t->indexes[i].global && model_index_has_many_keys(&t->indexes[i]))
			return true;
	return false;
}

/* "Key Schema too big", "keySchema … length less than or equal to 2": each server has words of its own. */
static bool refuses_many_keys(const struct model_table *t, const struct err *err)
{
	return has_many_keys(t) && err_is(err, "ValidationException") &&
	       (contains_nocase(str_c(err->text), STR("key schema")) || contains_nocase(str_c(err->text), STR("keyschema")));
}

/* By the service, or before it was asked: nothing was made, and there is nothing to drop. */
static bool was_refused(const struct err *err)
{
	return err->class == ERR_AUTH || err->class == ERR_FATAL || err->class == ERR_DATA;
}

/* Not cancelled on its way: a table that appears after it was dropped would stay. */
static bool send_create(struct live_tables *t, size_t i, struct err *err)
{
	struct live *l = t->live;
	struct model_creation how = { .name = t->names.names[i], .plain_keys = t->plain[i], .trial = true };
	struct buf body, answer;
	bool ok;

	buf_init(&body, REQUEST_BYTES);
	buf_init(&answer, ANSWER_BYTES);
	ok = model_create_table(&l->model->tables[i], &how, &body) ||
	     err_set(err, ERR_DATA, "live.size", "the table's definition is larger than %d bytes", REQUEST_BYTES);
	/* In use by itself: an answer was lost, and the call sent again. Nobody else has such a name. */
	ok = ok && (live_call_shielded(l, "CreateTable", buf_str(&body), &answer, err) || err_is(err, "ResourceInUseException"));
	buf_release(&answer);
	buf_release(&body);
	return ok;
}

static bool create(struct live_tables *t, size_t i, struct err *err)
{
	const struct model_table *table = &t->live->model->tables[i];
	struct live_created *created;

	if (task_cancelled(t->live->site->loop))
		return err_set(err, ERR_CANCELLED, "cancelled", "cancelled");
	created = note_created(t->live, t->names.names[i], err);
	if (!created)
		return false;
	if (send_create(t, i, err))
		return true;
	if (refuses_many_keys(table, err)) {
		t->plain[i] = true;
		if (send_create(t, i, err))
			return true;
	}
	created->gone = was_refused(err);
	return err_prefix(err, "table %.*s could not be created", STR_ARG(table->name));
}

static bool wait_active(struct live_tables *t, size_t i, struct err *err)
{
	struct model_site *site = t->live->site;
	int64_t until_ms = env_mono_ms(loop_env(site->loop)) + ACTIVE_MS;
	struct table_description d;
	struct arena arena;
	bool ok = false;

	arena_init(&arena, ANSWER_BYTES);
	while (dynamodb_describe_table(site->dynamodb, t->names.names[i], &arena, &d, err)) {
		ok = str_eq(d.status, STR("ACTIVE"));
		if (ok)
			break;
		if (env_mono_ms(loop_env(site->loop)) > until_ms) {
			err_set(err, ERR_FATAL, "live.table", "it is still %.*s after %d s", STR_ARG(d.status), ACTIVE_MS / 1000);
			break;
		}
		arena_reset(&arena);
		if (!task_sleep_ms(site->loop, PAUSE_MS, err))
			break;
	}
	arena_release(&arena);
	return ok || err_prefix(err, "table %.*s was created, but", STR_ARG(t->live->model->tables[i].name));
}

bool live_tables_create(struct live_tables *t, struct err *err)
{
	size_t n = t->live->model->n_tables;

	for (size_t i = 0; i < n; i++)
		if (t->wanted[i] && !create(t, i, err))
			return false;
	for (size_t i = 0; i < n; i++)
		if (t->wanted[i] && !wait_active(t, i, err))
			return false;
	return true;
}

/* ---- items ---- */

/* Up to 25 of one table, from *at on; empty when none is left. */
static void write_batch(struct live_tables *t, const struct model_table *table, size_t *at, struct buf *body)
{
	const struct model *m = t->live->model;
	struct json_writer w;
	size_t n = 0;

	json_write_init(&w, body);
	json_begin_object(&w);
	json_key(&w, STR("RequestItems"));
	json_begin_object(&w);
	json_key(&w, model_names_of(&t->names, table->name));
	json_begin_array(&w);
	for (; *at < m->n_items && n < BATCH_ITEMS; (*at)++) {
		const struct model_item *item = &m->items[*at];

		if (item->table != table || !item->put)
			continue;
		json_begin_object(&w);
		json_key(&w, STR("PutRequest"));
		json_begin_object(&w);
		json_member_raw(&w, STR("Item"), item->item.raw);
		json_end_object(&w);
		json_end_object(&w);
		n++;
	}
	json_end_array(&w);
	json_end_object(&w);
	json_end_object(&w);
	if (!n)
		buf_clear(body);
}

/* What came back unprocessed becomes the next body; *left false when there is none. */
static bool take_unprocessed(const struct buf *answer, struct buf *body, bool *left, struct err *err)
{
	struct str rest;
	struct err why;

	*left = false;
	if (!scan_check(buf_str(answer), &why) || answer->ptr[0] != '{')
		return err_set(err, ERR_RETRY, "aws.answer", "the answer to BatchWriteItem is no JSON object");
	if (!scan_member(buf_str(answer), STR("UnprocessedItems"), &rest) || rest.ptr[0] != '{' || str_find_char(rest, '"') == SIZE_MAX)
		return true;
	*left = true;
	buf_clear(body);
	buf_putf(body, "{\"RequestItems\":%.*s}", STR_ARG(rest));
	return buf_ok(body) || err_set(err, ERR_DATA, "live.size", "the unprocessed items need more than %d bytes", REQUEST_BYTES);
}

static bool send_batch(struct live *l, struct buf *body, struct err *err)
{
	struct buf answer;
	bool ok = true, left = true;

	buf_init(&answer, ANSWER_BYTES);
	for (int try = 1; ok && left; try++) {
		buf_clear(&answer);
		ok = live_call(l, "BatchWriteItem", buf_str(body), &answer, err) && take_unprocessed(&answer, body, &left, err);
		if (ok && left && try == BATCH_TRIES)
			ok = err_set(err, ERR_THROTTLE, "live.unprocessed", "items stay unprocessed after %d tries", BATCH_TRIES);
		ok = ok && (!left || task_sleep_ms(l->site->loop, PAUSE_MS * try, err));
	}
	buf_release(&answer);
	return ok;
}

static bool fill(struct live_tables *t, const struct model_table *table, struct err *err)
{
	struct buf body;
	size_t at = 0;
	bool ok = true;

	buf_init(&body, REQUEST_BYTES);
	while (ok) {
		buf_clear(&body);
		write_batch(t, table, &at, &body);
		if (!body.len)
			break;
		ok = buf_ok(&body) ? send_batch(t->live, &body, err) :
				     err_set(err, ERR_DATA, "live.size", "25 items need more than %d bytes", REQUEST_BYTES);
	}
	buf_release(&body);
	return ok || err_prefix(err, "the sample items of table %.*s could not be written", STR_ARG(table->name));
}

bool live_tables_fill(struct live_tables *t, struct err *err)
{
	for (size_t i = 0; i < t->live->model->n_tables; i++)
		if (t->wanted[i] && !fill(t, &t->live->model->tables[i], err))
			return false;
	return true;
}

/* ---- dropping ---- */

/* Still being made, or busy otherwise. */
static bool comes_later(const struct err *err)
{
	return err_is(err, "ResourceInUseException") || err_is(err, "LimitExceededException") || err_is(err, "ThrottlingException");
}

/* Tables come to rest side by side: when the first has been waited for in vain, the time of all is over. */
static bool waits_for_drop(struct live *l, int64_t until_ms, const struct err *err)
{
	if (!comes_later(err) || l->in_use)
		return false;
	l->in_use = env_mono_ms(loop_env(l->site->loop)) > until_ms;
	return !l->in_use && task_sleep_ms(l->site->loop, PAUSE_MS, NULL);
}

static bool drop(struct live *l, struct str name, struct err *err)
{
	int64_t until_ms = env_mono_ms(loop_env(l->site->loop)) + GONE_MS;
	struct buf body, answer;
	bool ok = false;

	buf_init(&body, MODEL_NAME_MAX + 64);
	buf_init(&answer, ANSWER_BYTES);
	buf_putf(&body, "{\"TableName\":\"%.*s\"}", STR_ARG(name));
	while (!ok) {
		buf_clear(&answer);
		ok = live_call(l, "DeleteTable", buf_str(&body), &answer, err) || err_is(err, "ResourceNotFoundException");
		if (!ok && !waits_for_drop(l, until_ms, err))
			break;
	}
	l->unreachable = l->unreachable || (!ok && !live_is_exception(err));
	buf_release(&answer);
	buf_release(&body);
	return ok;
}

static void drop_one(struct live *l, struct live_created *c)
{
	struct err err;

	if (!c->gone && !l->unreachable)
		c->gone = drop(l, c->name, &err);
}

/* Those who were cancelled clean up all the same. */
void live_tables_drop(struct live_tables *t)
{
	struct live *l = t->live;

	task_shield_begin(l->site->loop);
	for (struct live_created *c = l->created; c; c = c->next)
		for (size_t i = 0; i < l->model->n_tables; i++)
			if (str_eq(c->name, t->names.names[i]))
				drop_one(l, c);
	task_shield_end(l->site->loop);
}

static void note_left(struct live *l)
{
	struct str *left;
	size_t n = 0;

	for (struct live_created *c = l->created; c; c = c->next)
		n += !c->gone;
	left = n ? arena_array(l->arena, n, sizeof(*left)) : NULL;
	for (struct live_created *c = l->created; c && left; c = c->next)
		if (!c->gone)
			left[l->result->n_left++] = arena_dup(l->arena, c->name);
	l->result->left = left;
}

void live_drop_all(struct live *l)
{
	l->unreachable = false; /* it may be back */
	task_shield_begin(l->site->loop);
	for (struct live_created *c = l->created; c; c = c->next)
		drop_one(l, c);
	task_shield_end(l->site->loop);
	note_left(l);
}
