#include "model_live_impl.h"

#include "sluice/core/json_write.h"
#include "sluice/core/loop.h"
#include "sluice/core/scan.h"

enum {
	REQUEST_BYTES = 1 << 20, ANSWER_BYTES = 16 << 20,
	PAGES_MAX = 50,
	TIMEOUT_MS = 15000, ATTEMPTS = 5,
	HURRY_MS = 3000,                /* of a call that cleans up: whoever stopped it waits for that */
	SHIELDED_MS = 3000,             /* of a call that cannot be cancelled */
};

bool live_call(struct live *l, const char *operation, struct str body, struct buf *answer, struct err *err)
{
	bool hurry = task_cancelled(l->site->loop);
	const struct aws_request request = { .operation = operation, .body = body, .timeout_ms = hurry ? HURRY_MS : TIMEOUT_MS,
					     .max_attempts = ATTEMPTS, .max_answer_bytes = ANSWER_BYTES, .once = hurry };

	return aws_call(l->site->dynamodb, &request, answer, err);
}

bool live_call_shielded(struct live *l, const char *operation, struct str body, struct buf *answer, struct err *err)
{
	const struct aws_request request = { .operation = operation, .body = body, .timeout_ms = SHIELDED_MS, .once = true,
					     .max_attempts = ATTEMPTS, .max_answer_bytes = ANSWER_BYTES };
	struct loop *loop = l->site->loop;
	bool ok = false;

	for (int i = 0; i < ATTEMPTS && !ok; i++) {
		buf_clear(answer);
		task_shield_begin(loop);
		ok = aws_call(l->site->dynamodb, &request, answer, err);
		task_shield_end(loop);
		if (ok || err->class != ERR_RETRY || task_cancelled(loop))
			break;
	}
	return ok;
}

/* Codes of our own have a dot, or are no service's words. */
bool live_is_exception(const struct err *err)
{
	return err->class != ERR_CANCELLED && err->code[0] >= 'A' && err->code[0] <= 'Z' && !strchr(err->code, '.');
}

struct str live_why_not(const struct live_tables *t, const struct model_call *call, struct arena *a)
{
	if (!call->valid)
		return STR("the command cannot be read");
	if (!call->n_actions)
		return arena_putf(a, "%.*s is not run here, only operations on items are",
				  STR_ARG(call->command.operation->name));
	for (size_t i = 0; i < call->n_actions; i++) {
		const struct model_action *action = &call->actions[i];

		if (!action->table)
			return arena_putf(a, "the model has no table %.*s", STR_ARG(action->table_name));
		if (live_lacks_index(t, action->table, action->index))
			return STR(LIVE_LACKS_KEYS);
	}
	return str_of(NULL, 0);
}

/* ---- one call, page after page ---- */

struct paging {
	struct live_tables *tables;
	const struct model_call *call;
	struct expect_answer *out;
	struct str *last;
	struct arena *arena;
	struct buf request, body, answer;
	struct err *err;
};

static bool no_room(struct paging *p)
{
	return err_set(p->err, ERR_FATAL, "live.memory", "the answers to one command need more than %zu bytes", p->arena->max);
}

/* "X: words" of the service alone, without where and how often it was asked. */
static struct str words_of(const struct buf *answer, const struct err *err, struct arena *a)
{
	static const char *const members[] = { "message", "Message" };
	struct str body = str_trim(buf_str(answer)), text;

	for (size_t i = 0; i < 2; i++)
		if (body.len && body.ptr[0] == '{' && scan_check(body, NULL) && scan_member(body, str_c(members[i]), &text) &&
		    text.len > 2 && text.ptr[0] == '"')
			return arena_dup(a, str_sub(text, 1, text.len - 2));
	return arena_dup(a, str_c(err->text));
}

/* One request; an exception ends the reading, as its outcome. */
static bool ask(struct paging *p, bool *refused)
{
	*refused = false;
	buf_clear(&p->answer);
	if (live_call(p->tables->live, p->call->command.operation->name.ptr, buf_str(&p->body), &p->answer, p->err)) {
		*p->last = arena_dup(p->arena, buf_str(&p->answer));
		return p->last->ptr ? expect_answer_add(p->out, *p->last, p->arena, p->err) : no_room(p);
	}
	if (!live_is_exception(p->err))
		return false;
	*refused = true;
	p->out->error = arena_dup(p->arena, str_c(p->err->code));
	p->out->message = words_of(&p->answer, p->err, p->arena);
	*p->last = p->answer.len ? arena_dup(p->arena, buf_str(&p->answer)) : p->out->message;
	return true;
}

/* The next page's request; *more false behind the last one. */
static bool turn_page(struct paging *p, bool *more)
{
	const struct aws_command *c = &p->call->command;
	struct str key;

	*more = c->pages && c->operation->start && scan_member(str_trim(*p->last), STR("LastEvaluatedKey"), &key) &&
		key.ptr[0] == '{' && (!c->max_items || p->out->count < c->max_items);
	if (!*more)
		return true;
	buf_clear(&p->body);
	buf_put(&p->body, str_sub(buf_str(&p->request), 0, p->request.len - 1));
	buf_putf(&p->body, ",\"%s\":", c->operation->start);
	buf_put(&p->body, key);
	buf_putc(&p->body, '}');
	return buf_ok(&p->body) || err_set(p->err, ERR_DATA, "live.size", "a page's key is larger than %d bytes", REQUEST_BYTES);
}

static bool run_pages(struct paging *p)
{
	bool more = true, refused = false;

	if (!model_names_request(&p->tables->names, p->call, &p->request))
		return err_set(p->err, ERR_DATA, "live.request", "the request names a table that the model does not have");
	buf_put(&p->body, buf_str(&p->request));
	for (int page = 0; more && page < PAGES_MAX; page++)
		if (!ask(p, &refused) || refused || !turn_page(p, &more))
			return refused;
	if (p->call->command.max_items)
		expect_answer_limit(p->out, (size_t)p->call->command.max_items);
	return true;
}

bool live_run_call(struct live_tables *t, const struct model_call *call, struct expect_answer *out, struct str *body,
		   struct arena *a, struct err *err)
{
	struct paging p = { .tables = t, .call = call, .out = out, .last = body, .arena = a, .err = err };
	bool ok;

	expect_answer_init(out, call->command.operation->name);
	*body = str_of(NULL, 0);
	buf_init(&p.request, REQUEST_BYTES);
	buf_init(&p.body, REQUEST_BYTES);
	buf_init(&p.answer, ANSWER_BYTES);
	ok = run_pages(&p);
	buf_release(&p.answer);
	buf_release(&p.body);
	buf_release(&p.request);
	return ok;
}

/* ---- what is written, before and after ---- */

static bool write_key(struct json_writer *w, const struct model_table *t, struct value item)
{
	const struct model_attribute *keys[2] = { t->key.n_hash ? t->key.hash[0] : NULL, t->key.n_range ? t->key.range[0] : NULL };
	struct value v;
	struct buf one;
	bool ok = true;

	json_begin_object(w);
	for (size_t i = 0; i < 2 && ok; i++) {
		if (!keys[i])
			continue;
		ok = value_get(item, keys[i]->name, &v);
		buf_init(&one, v.raw.len + 64);
		ok = ok && value_write(v, &one);
		if (ok) {
			json_key(w, keys[i]->name);
			json_raw(w, buf_str(&one));
		}
		buf_release(&one);
	}
	json_end_object(w);
	return ok;
}

/* Empty: it has none, and will be refused for it. */
static struct str key_of(const struct model_action *action, struct arena *a)
{
	struct str key = { NULL, 0 };
	struct json_writer w;
	struct buf out;

	if (action->key.len || !action->item.len)
		return action->key;
	buf_init(&out, REQUEST_BYTES);
	json_write_init(&w, &out);
	if (write_key(&w, action->table, value_image(action->item)))
		key = arena_dup(a, buf_str(&out));
	buf_release(&out);
	return key;
}

/* {"TableName":…,"<member>":<json>…} */
static void write_request(struct live_tables *t, const struct model_table *table, const char *member, struct str json,
			  bool consistent, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	json_member_str(&w, STR("TableName"), model_names_of(&t->names, table->name));
	json_member_raw(&w, str_c(member), json);
	if (consistent)
		json_member_bool(&w, STR("ConsistentRead"), true);
	json_end_object(&w);
}

/* The item as it stands, in the arena; empty: there is none. *refused: it cannot be asked for. */
static bool get_item(struct live_tables *t, const struct model_table *table, struct str key, struct str *item, bool *refused,
		     struct arena *a, struct err *err)
{
	struct buf request, answer;
	struct expect_answer got;
	bool ok;

	*item = str_of(NULL, 0);
	*refused = false;
	buf_init(&request, REQUEST_BYTES);
	buf_init(&answer, ANSWER_BYTES);
	write_request(t, table, "Key", key, true, &request);
	ok = live_call(t->live, "GetItem", buf_str(&request), &answer, err);
	if (ok) {
		struct str body = arena_dup(a, buf_str(&answer));

		expect_answer_init(&got, STR("GetItem"));
		ok = body.ptr ? expect_answer_add(&got, body, a, err) :
				err_set(err, ERR_FATAL, "live.memory", "the items need more than %zu bytes", a->max);
		if (ok && got.n_items)
			*item = got.items[0].raw;
	} else if (live_is_exception(err)) {
		ok = *refused = true;
	}
	buf_release(&answer);
	buf_release(&request);
	return ok;
}

static bool is_remembered(const struct live_item *list, const struct model_table *table, struct str key)
{
	for (; list; list = list->next)
		if (list->table == table && value_eq(value_image(list->key), value_image(key)))
			return true;
	return false;
}

static bool remember(struct live_tables *t, const struct model_action *action, struct live_item **list, struct arena *a,
		     struct err *err)
{
	struct str key = key_of(action, a);
	struct live_item *one;

	if (!key.len || is_remembered(*list, action->table, key))
		return true;
	one = ARENA_NEW(a, struct live_item);
	if (!one)
		return err_set(err, ERR_FATAL, "live.memory", "one pattern's items need more than %zu bytes", a->max);
	*one = (struct live_item){ .table = action->table, .key = key, .next = *list };
	*list = one;
	return get_item(t, action->table, key, &one->item, &one->unknown, a, err);
}

bool live_remember(struct live_tables *t, const struct model_call *call, struct live_item **list, struct arena *a,
		   struct err *err)
{
	for (size_t i = 0; i < call->n_actions; i++)
		if (action_writes(call->actions[i].kind) && !remember(t, &call->actions[i], list, a, err))
			return false;
	return true;
}

bool live_restore(struct live_tables *t, const struct live_item *list, struct err *err)
{
	struct buf request, answer;
	bool ok = true;

	for (; list && ok; list = list->next) {
		if (list->unknown)
			continue;
		buf_init(&request, REQUEST_BYTES);
		buf_init(&answer, ANSWER_BYTES);
		write_request(t, list->table, list->item.len ? "Item" : "Key", list->item.len ? list->item : list->key, false, &request);
		ok = live_call(t->live, list->item.len ? "PutItem" : "DeleteItem", buf_str(&request), &answer, err) ||
		     err_prefix(err, "an item of table %.*s could not be put back", STR_ARG(list->table->name));
		buf_release(&answer);
		buf_release(&request);
	}
	return ok;
}

bool live_count_changed(struct live_tables *t, const struct live_item *list, const struct model_table *table, size_t *n,
			struct err *err)
{
	struct arena arena;
	bool ok = true, refused;
	struct str item;

	*n = 0;
	arena_init(&arena, ANSWER_BYTES);
	for (; list && ok; list = list->next) {
		if (list->table != table || list->unknown)
			continue;
		ok = get_item(t, table, list->key, &item, &refused, &arena, err);
		if (ok && !refused)
			*n += item.len != list->item.len || (item.len && !value_eq(value_image(item), value_image(list->item)));
		arena_reset(&arena);
	}
	arena_release(&arena);
	return ok;
}
