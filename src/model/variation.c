#include "sluice/model/variation.h"

#include "sluice/core/json_write.h"

enum { REQUEST_MAX = 1 << 20, PARTS_MAX = 2 * MODEL_KEYS_OF_EACH };

/* A value of the request that a sample item's may replace. */
struct part {
	struct str attribute;
	struct str name;             /* under which it stands in `member`: the attribute's, or a placeholder */
	enum value_type type;
	struct str prefix;           /* of the request's own: "USER#" */
};

struct varying {
	const struct model_call *call;
	const char *member;          /* "Key", "Item", "ExpressionAttributeValues" */
	struct part parts[PARTS_MAX];
	size_t n_parts;              /* 0: nothing can be varied */
};

/* --- which parts ------------------------------------------------------------- */

/* "USER#ana" is a key of users: items of several kinds may share a table. Empty: no such prefix. */
static struct str prefix_of(struct value value)
{
	size_t at = value.type == VALUE_S ? str_find_char(value.raw, '#') : SIZE_MAX;

	return str_sub(value.raw, 0, at == SIZE_MAX ? 0 : at + 1);
}

static void add_part(struct varying *v, struct str attribute, struct str name, struct value own)
{
	if (v->n_parts < PARTS_MAX && own.type != VALUE_NONE)
		v->parts[v->n_parts++] = (struct part){ attribute, name, own.type, prefix_of(own) };
}

/* The table's key, as far as it stands in the Key or Item given. */
static void find_key(struct varying *v, const char *member, struct str json)
{
	const struct model_key *key = &v->call->actions[0].table->key;
	struct value image = value_image(json), found;

	v->member = member;
	for (size_t i = 0; i < key->n_hash; i++)
		if (value_get(image, key->hash[i]->name, &found))
			add_part(v, key->hash[i]->name, key->hash[i]->name, found);
	for (size_t i = 0; i < key->n_range; i++)
		if (value_get(image, key->range[i]->name, &found))
			add_part(v, key->range[i]->name, key->range[i]->name, found);
	if (v->n_parts != key->n_hash + key->n_range)
		v->n_parts = 0;
}

static void find_equalities(struct varying *v)
{
	const struct model_action *a = &v->call->actions[0];

	v->member = "ExpressionAttributeValues";
	if (!a->key_condition || !a->key_condition->valid)
		return;
	for (const struct expression_node *n = a->key_condition->nodes; n; n = n->next) {
		const struct expression_node *path = n->child, *value = path ? path->sibling : NULL;
		struct str name;

		if (n->kind != EXPRESSION_COMPARE || n->op != EXPRESSION_EQ || !value)
			continue;
		if (path->kind != EXPRESSION_PATH || path->n_steps != 1 || value->kind != EXPRESSION_VALUE)
			continue;
		name = expression_scope_name(&a->scope, &path->steps[0]);
		if (name.len)
			add_part(v, name, value->placeholder, expression_scope_value(&a->scope, value->placeholder));
	}
}

/* A request with one action, that is the request itself. */
static void find_parts(struct varying *v)
{
	const struct model_action *a = v->call->actions;

	if (v->call->n_actions != 1 || a->at != v->call->request || !a->table)
		return;
	if (a->kind == ACTION_GET || a->kind == ACTION_UPDATE || a->kind == ACTION_DELETE)
		find_key(v, "Key", a->key);
	else if (a->kind == ACTION_PUT)
		find_key(v, "Item", a->item);
	else if (a->kind == ACTION_QUERY)
		find_equalities(v);
}

/* --- requests ---------------------------------------------------------------- */

static const struct part *part_named(const struct varying *v, struct str name)
{
	for (size_t i = 0; i < v->n_parts; i++)
		if (str_eq(v->parts[i].name, name))
			return &v->parts[i];
	return NULL;
}

static void write_value(struct json_writer *w, struct value item, struct str attribute)
{
	struct value value = { 0 };
	struct buf b;

	buf_init(&b, REQUEST_MAX);
	value_get(item, attribute, &value);
	value_write(value, &b);
	json_raw(w, buf_ok(&b) && b.len ? buf_str(&b) : STR("null"));
	buf_release(&b);
}

static void write_varied(const struct varying *v, const struct node *member, struct value item, struct json_writer *w)
{
	json_begin_object(w);
	for (const struct node *n = member->first; n; n = n->next) {
		const struct part *part = part_named(v, n->name);

		json_key(w, n->name);
		if (part)
			write_value(w, item, part->attribute);
		else
			node_write_json(n, w);
	}
	json_end_object(w);
}

/* A token would make each execution but the first one do nothing. */
static bool is_left_out(struct str member)
{
	return str_eq(member, STR("ReturnConsumedCapacity")) || str_eq(member, STR("ClientRequestToken"));
}

/* item VALUE_NONE: as it stands. */
static bool write_request(const struct varying *v, struct value item, struct buf *out)
{
	struct json_writer w;

	json_write_init(&w, out);
	json_begin_object(&w);
	for (const struct node *n = v->call->request->first; n; n = n->next) {
		if (is_left_out(n->name))
			continue;
		json_key(&w, n->name);
		if (item.type != VALUE_NONE && str_eq(n->name, str_c(v->member)))
			write_varied(v, n, item, &w);
		else
			node_write_json(n, &w);
	}
	json_member_str(&w, STR("ReturnConsumedCapacity"), STR("INDEXES"));
	json_end_object(&w);
	return buf_ok(out);
}

static bool has_all(const struct varying *v, struct value item)
{
	struct value found;

	for (size_t i = 0; i < v->n_parts; i++)
		if (!value_get(item, v->parts[i].attribute, &found) || found.type != v->parts[i].type ||
		    !str_eq(prefix_of(found), v->parts[i].prefix))
			return false;
	return true;
}

static bool is_known(const struct model_variations *out, struct str body)
{
	for (size_t i = 0; i < out->count; i++)
		if (str_eq(out->bodies[i], body))
			return true;
	return false;
}

/* False when the arena is full, or the buf too small. */
static bool add_request(struct model_variations *out, const struct varying *v, struct value item, struct arena *a)
{
	struct str kept = { 0 };
	struct buf b;
	bool ok;

	buf_init(&b, REQUEST_MAX);
	ok = write_request(v, item, &b);
	if (ok && !is_known(out, buf_str(&b))) {
		kept = arena_dup(a, buf_str(&b));
		ok = kept.ptr != NULL;
	}
	if (kept.ptr)
		out->bodies[out->count++] = kept;
	buf_release(&b);
	return ok;
}

bool model_variations_make(struct model_variations *out, const struct model *m, const struct model_call *call,
			   struct arena *a, struct err *err)
{
	struct varying v = { .call = call };

	*out = (struct model_variations){ .bodies = arena_array(a, VARIATIONS_MAX, sizeof(*out->bodies)) };
	if (!out->bodies || !add_request(out, &v, (struct value){ 0 }, a))
		return err_set(err, ERR_FATAL, "model.memory", "the requests of the patterns need more than %zu bytes", a->max);
	find_parts(&v);
	for (size_t i = 0; v.n_parts && i < m->n_items && out->count < VARIATIONS_MAX; i++)
		if (m->items[i].put && m->items[i].table == call->actions[0].table && has_all(&v, m->items[i].item) &&
		    !add_request(out, &v, m->items[i].item, a))
			break;
	return true;
}
