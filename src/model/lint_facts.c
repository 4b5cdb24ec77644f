#include "lint_facts.h"

#include "attribute_check.h"

#include <ctype.h>
#include <stdlib.h>

/* --- what is a time ---------------------------------------------------------- */

static bool digits(struct str s, size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++)
		if (i >= s.len || !isdigit((unsigned char)s.ptr[i]))
			return false;
	return true;
}

static int number_at(struct str s, size_t from, size_t n)
{
	int number = 0;

	for (size_t i = from; i < from + n; i++)
		number = number * 10 + (s.ptr[i] - '0');
	return number;
}

/* 2026-11-01 or 20261101, whatever follows. */
static bool begins_with_date(struct str s)
{
	size_t dash = s.len > 4 && s.ptr[4] == '-';
	int month;

	if (!digits(s, 0, 4) || !digits(s, 4 + dash, 2) || number_at(s, 0, 4) < 1970 || number_at(s, 0, 4) > 2199)
		return false;
	month = number_at(s, 4 + dash, 2);
	if (month < 1 || month > 12)
		return false;
	return dash ? s.len == 7 || s.ptr[7] == '-' : digits(s, 6, 2) && number_at(s, 6, 2) <= 31;
}

/* 26 characters in Crockford's base 32, the first ten of which are a time. */
static bool is_ulid(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!memchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", s.ptr[i], 32))
			return false;
	return s.len == 26 && s.ptr[0] == '0';
}

/* Seconds or milliseconds since 1970, of this time. */
static bool is_epoch(struct str s)
{
	return (s.len == 10 || s.len == 13) && digits(s, 0, s.len) && s.ptr[0] >= '1' && s.ptr[0] <= '4';
}

/* A date, also behind a word ("m-20261101-0001"), a ULID, or a count since 1970. */
static bool is_time(const struct node *value)
{
	struct str text = value->first->text;
	size_t i = 0;

	if (attribute_type(value) == VALUE_N)
		return is_epoch(text);
	while (i < text.len && !isdigit((unsigned char)text.ptr[i]))
		i++;
	return attribute_type(value) == VALUE_S && (begins_with_date(str_from(text, i)) || is_ulid(text) || is_epoch(text));
}

/* --- items ------------------------------------------------------------------- */

static bool see_item(struct lint *l, const struct model_table *t, struct table_facts *of, const struct node *item,
		     const struct node *at)
{
	if (!lint_works(l, lint_seeks(t->n_attributes, item->count), at))
		return false;
	of->members = item->count > of->members ? item->count : of->members;
	for (size_t i = 0; i < t->n_attributes; i++) {
		const struct node *value = node_get(item, t->attributes[i].name);

		if (!value || attribute_type(value) == VALUE_NONE) {
			of->attributes[i].lacking = true;
			continue;
		}
		of->attributes[i].values++;
		of->attributes[i].times += is_time(value);
	}
	return true;
}

static struct attribute_facts *find(struct table_facts *of, const struct model_table *t, struct str name)
{
	for (size_t i = 0; i < t->n_attributes; i++)
		if (str_eq(t->attributes[i].name, name))
			return &of->attributes[i];
	return NULL;
}

const struct attribute_facts *facts_of(const struct table_facts *of, const struct model_table *t, struct str name)
{
	return find((struct table_facts *)of, t, name);
}

/* Is the path asked to be absent by the condition? Then the update sets it once. */
static bool set_once(const struct model_action *a, struct str name)
{
	for (const struct expression_node *n = a->condition ? a->condition->nodes : NULL; n; n = n->next)
		if (n->kind == EXPRESSION_CALL && n->function == EXPRESSION_ATTRIBUTE_NOT_EXISTS && n->child &&
		    n->child->kind == EXPRESSION_PATH && str_eq(expression_scope_name(&a->scope, n->child->steps), name))
			return a->condition->root == n;
	return false;
}

static bool see_update(struct lint *l, const struct model_action *a, struct table_facts *of)
{
	/* One that must fail changes nothing. */
	bool counts = a->update && a->update->valid && !a->call->pattern->expect.error.len;
	const struct expression *update = counts ? a->update : NULL;

	for (const struct expression_node *n = update ? update->nodes : NULL; n; n = n->next) {
		struct str name = n->kind == EXPRESSION_PATH ? expression_scope_name(&a->scope, n->steps) : STR("");
		struct attribute_facts *facts = name.len ? find(of, a->table, name) : NULL;

		if (!lint_works(l, 1 + a->table->n_attributes / 4, a->call->at))
			return false;
		if (!facts)
			continue;
		facts->removed |= n->use == EXPRESSION_REMOVED;
		if (n->use != EXPRESSION_WRITTEN || set_once(a, name))
			continue;
		facts->updated_by = facts->updated_by ? facts->updated_by : a->call;
		facts->updates += a->call->pattern->rate.average;
	}
	return true;
}

/* --- all of them ------------------------------------------------------------- */

static bool see_call(struct lint *l, const struct model_call *c, struct table_facts *facts)
{
	bool ok = true;

	EACH_ACTION(c, a) {
		struct table_facts *of = a->table ? &facts[a->table - l->model->tables] : NULL;
		const struct node *item = node_get(a->at, STR("Item"));

		if (!of)
			continue;
		of->added_to |= a->kind == ACTION_PUT || a->kind == ACTION_UPDATE;
		if (a->kind == ACTION_PUT && item)
			ok &= see_item(l, a->table, of, item, c->at);
		else if (a->kind == ACTION_UPDATE)
			ok &= see_update(l, a, of);
	}
	return ok;
}

static struct table_facts *make(struct lint *l)
{
	struct table_facts *facts = lint_array(l, l->model->n_tables, sizeof(*facts));

	for (size_t i = 0; facts && i < l->model->n_tables; i++) {
		facts[i].attributes = lint_array(l, l->model->tables[i].n_attributes, sizeof(*facts[i].attributes));
		if (!facts[i].attributes)
			return NULL;
	}
	return facts;
}

static struct table_facts *read_all(struct lint *l)
{
	const struct model *m = l->model;
	struct table_facts *facts = make(l);
	bool ok = facts != NULL;

	for (size_t i = 0; ok && i < m->n_items; i++)
		if (m->items[i].put)
			ok = see_item(l, m->items[i].table, &facts[m->items[i].table - m->tables], m->items[i].at, m->items[i].at);
	EACH_CALL(l, c)
		if (ok && c->pattern)
			ok = see_call(l, c, facts);
	EACH_HANDLER(l, h) {
		const struct node *target = node_get(h->at, STR("table"));
		const struct model_table *t = target && target->kind == NODE_STRING ? model_table(m, target->text) : NULL;

		if (ok && t)
			facts[t - m->tables].added_to = true;
	}
	return ok ? facts : NULL;
}

const struct table_facts *facts_read(struct lint *l)
{
	struct lint_memo *memo = l->memo;

	if (!memo->facts_tried)
		memo->facts = read_all(l);
	memo->facts_tried = true;
	if (!memo->facts)
		lint_give_up(l);
	return memo->facts;
}

bool facts_grow(const struct table_facts *of, const struct model_table *t, const struct model_key *key)
{
	const struct attribute_facts *facts = key->n_range ? facts_of(of, t, key->range[0]->name) : NULL;

	return facts && facts->values && facts->times == facts->values;
}
