/* Keys and items that commands name. All of one action is found in one pass. */
#include "attribute_check.h"
#include "item_key.h"
#include "lint_parts.h"

#include "sluice/model/limits.h"

#include <stdlib.h>

enum { VALUES_TOLD = 5 };

struct checks {
	struct lint *lint;
	const struct model_action *action;
	const struct node *attributes;    /* its Key, or its Item */
};

static const struct node *place_of(const struct checks *c)
{
	return c->action->call->at;
}

/* --- the table's key --------------------------------------------------------- */

static void check_value(struct checks *c, const char *code, const struct model_attribute *a, const struct node *value,
			const char *whose, size_t max)
{
	char text[KEY_TEXT_BYTES], place[PLACE_BYTES];
	enum key_fault fault = key_fault_text(a, value, whose, max, text);

	if (fault)
		finding_add(c->lint->findings, FINDING_ERROR, code, place_of(c), key_fault_fix(fault), "%s%s",
			    lint_place(c->action, place), text);
}

static void check_part(struct checks *c, const struct model_attribute *a, size_t max)
{
	const struct node *value = node_get(c->attributes, a->name);
	char place[PLACE_BYTES];

	if (value)
		check_value(c, "call-key", a, value, "key", max);
	else
		finding_add(c->lint->findings, FINDING_ERROR, "call-key", place_of(c), "Give every attribute of the table's key.",
			    "%sthe %s lacks the key attribute \"%.*s\" of %.*s", lint_place(c->action, place),
			    c->attributes->name.ptr && str_eq(c->attributes->name, STR("Item")) ? "item" : "key",
			    STR_ARG(str_sub(a->name, 0, 255)), STR_ARG(str_sub(c->action->table->name, 0, 255)));
}

static void check_table_key(struct checks *c)
{
	const struct model_key *key = &c->action->table->key;

	for (size_t i = 0; i < lint_key_count(key); i++)
		check_part(c, lint_key_at(key, i), i < key->n_hash ? KEY_HASH_BYTES : KEY_RANGE_BYTES);
}

/* A Key has nothing else. */
static void check_nothing_else(struct checks *c)
{
	char place[PLACE_BYTES];

	for (const struct node *n = c->attributes->first; n; n = n->next)
		if (!lint_key_has(&c->action->table->key, n->name))
			finding_add(c->lint->findings, FINDING_ERROR, "call-key", place_of(c),
				    "Name the table's key alone; conditions on others go into an expression.",
				    "%s\"%.*s\" is no key attribute of %.*s", lint_place(c->action, place),
				    STR_ARG(str_sub(n->name, 0, 255)), STR_ARG(str_sub(c->action->table->name, 0, 255)));
}

/* --- keys of indexes --------------------------------------------------------- */

static void check_index_keys(struct checks *c)
{
	EACH_INDEX(c->action->table, index)
		for (size_t i = 0; i < lint_key_count(&index->key); i++) {
			const struct model_attribute *a = lint_key_at(&index->key, i);
			const struct node *value = node_get(c->attributes, a->name);

			if (value && !lint_key_has(&c->action->table->key, a->name))
				check_value(c, "call-index-key", a, value, "index key",
					    i < index->key.n_hash ? KEY_HASH_BYTES : KEY_RANGE_BYTES);
		}
}

/* The most that an index key attribute may have; 0: it is none. */
static size_t index_key_bytes(const struct model_table *t, struct str name)
{
	size_t max = 0;

	EACH_INDEX(t, index)
		for (size_t i = 0; i < lint_key_count(&index->key); i++)
			if (str_eq(lint_key_at(&index->key, i)->name, name))
				max = i < index->key.n_hash && max != KEY_RANGE_BYTES ? KEY_HASH_BYTES : KEY_RANGE_BYTES;
	return max;
}

/* As far as it can be seen without taking the text's escapes away: never too many. */
static size_t bytes_of(struct value v)
{
	if (v.type == VALUE_B)
		return v.raw.len / 4 * 3;
	return str_find_char(v.raw, '\\') == SIZE_MAX ? v.raw.len : 1;
}

/* SET status = :s, where status is a key of an index. */
static void check_assignment(struct checks *c, const struct expression_node *set)
{
	static const char *const faults[] = {
		[KEY_OTHER_TYPE] = "is of another type than AttributeDefinitions say", [KEY_EMPTY] = "is empty",
		[KEY_TOO_LONG] = "is longer than keys may be",
	};
	const struct model_action *action = c->action;
	const struct expression_node *path = set->child, *to = path->sibling;
	struct str name = path->n_steps == 1 ? expression_scope_name(&action->scope, path->steps) : STR("");
	struct value v = to->kind == EXPRESSION_VALUE ? expression_scope_value(&action->scope, to->placeholder) :
							(struct value){ 0 };
	const struct model_attribute *a = name.len ? model_attribute(action->table, name) : NULL;
	size_t max = a ? index_key_bytes(action->table, name) : 0;
	enum key_fault fault = max && v.type != VALUE_NONE ? key_fault_of(a, v.type, bytes_of(v), max) : KEY_FINE;
	char place[PLACE_BYTES];

	if (fault)
		finding_add(c->lint->findings, FINDING_ERROR, "call-index-key", place_of(c),
			    "REMOVE the attribute where it has no value: the item leaves the index.",
			    "%sthe update sets the index key attribute \"%.*s\" to %.*s, which %s", lint_place(action, place),
			    STR_ARG(str_sub(name, 0, 255)), STR_ARG(str_sub(to->placeholder, 0, 60)), faults[fault]);
}

static void check_assignments(struct checks *c)
{
	const struct expression *update = c->action->update;

	for (const struct expression_node *n = update && update->valid ? update->nodes : NULL; n; n = n->next)
		if (n->kind == EXPRESSION_SET && lint_works(c->lint, 1 + c->action->table->n_attributes / 4 +
								     c->action->table->n_indexes, place_of(c)))
			check_assignment(c, n);
}

/* --- time to live ------------------------------------------------------------ */

/* What is wrong with that value of a TTL attribute, or NULL. A number's raw text ends with its quote. */
static const char *ttl_fault(struct value v)
{
	if (v.type == VALUE_NONE)
		return NULL;
	if (v.type != VALUE_N)
		return "no number: the item would never expire";
	return atof(v.raw.ptr) > LINT_TTL_FAR_S ? "thousands of years ahead: milliseconds?" : NULL;
}

static void check_ttl_value(struct checks *c, struct value v)
{
	const char *fault = ttl_fault(v);
	char place[PLACE_BYTES];

	if (fault)
		finding_add(c->lint->findings, FINDING_ERROR, "call-ttl", place_of(c), "TTL counts seconds since 1970: {\"N\": \"1767225600\"}.",
			    "%sthe TTL attribute \"%.*s\" is set to what is %s", lint_place(c->action, place),
			    STR_ARG(str_sub(c->action->table->ttl_attribute, 0, 255)), fault);
}

static void check_ttl_set(struct checks *c, const struct expression_node *set)
{
	const struct expression_node *path = set->child, *to = path->sibling;

	if (path->n_steps == 1 && to->kind == EXPRESSION_VALUE &&
	    str_eq(expression_scope_name(&c->action->scope, path->steps), c->action->table->ttl_attribute))
		check_ttl_value(c, expression_scope_value(&c->action->scope, to->placeholder));
}

static void check_ttl_item(struct checks *c)
{
	const struct node *value = node_get(c->attributes, c->action->table->ttl_attribute);
	enum value_type type = value ? attribute_type(value) : VALUE_NONE;

	check_ttl_value(c, (struct value){ type, type == VALUE_N ? value->first->text : STR("") });
}

static void check_ttl(struct checks *c)
{
	const struct model_action *a = c->action;
	const struct expression *update = a->update && a->update->valid ? a->update : NULL;

	if (!a->table->ttl_attribute.len || a->call->pattern == NULL)
		return;
	if (a->kind == ACTION_PUT && c->attributes && lint_works(c->lint, lint_seeks(1, c->attributes->count), place_of(c)))
		check_ttl_item(c);
	for (const struct expression_node *n = update ? update->nodes : NULL; n; n = n->next)
		if (n->kind == EXPRESSION_SET && lint_works(c->lint, 1, place_of(c)))
			check_ttl_set(c, n);
}

/* --- values ------------------------------------------------------------------ */

/* What the command's own check leaves open: sets with a member twice, depth. */
static void check_values(struct checks *c, const struct node *attributes)
{
	struct findings_list found;
	char place[PLACE_BYTES];
	size_t told = 0;

	findings_list_init(&found, lint_step(c->lint), NULL);
	if (!attributes || attribute_check_item(&found, attributes))
		return;
	for (const struct model_finding *f = found.first; f && told < VALUES_TOLD; f = f->next, told++)
		finding_add(c->lint->findings, FINDING_ERROR, "call-value", place_of(c), NULL, "%s%.*s: %.*s",
			    lint_place(c->action, place), STR_ARG(f->path), STR_ARG(f->text));
}

/* --- all of an action -------------------------------------------------------- */

static void check_action(struct checks *c)
{
	const struct model_action *a = c->action;
	const struct model_table *t = a->table;

	if (c->attributes)
		check_values(c, c->attributes);
	if (!expression_findings_get(a->findings, EXPRESSION_E_VALUE_MALFORMED))
		check_values(c, node_get(a->at, STR("ExpressionAttributeValues")));
	if (t && a->kind == ACTION_UPDATE)
		check_assignments(c);
	if (t)
		check_ttl(c);
	/* Each name is sought among the item's attributes. */
	if (!t || !c->attributes || !lint_works(c->lint, lint_seeks(2 * (1 + t->n_indexes), c->attributes->count), place_of(c)))
		return;
	check_table_key(c);
	if (a->kind == ACTION_PUT)
		check_index_keys(c);
	else
		check_nothing_else(c);
}

static void keys(struct lint *l)
{
	struct checks c = { .lint = l };
	const struct node *key = NULL;

	EACH_CALL(l, call)
		EACH_ACTION(call, a) {
			c.action = a;
			c.attributes = lint_attributes(a, &key);
			check_action(&c);
		}
}

/* --- several actions --------------------------------------------------------- */

static void call_batch_size(struct lint *l)
{
	static const struct {
		const char *operation;
		size_t max;
	} limits[] = {
		{ "BatchGetItem", LIMIT_BATCH_GET }, { "BatchWriteItem", LIMIT_BATCH_WRITE },
		{ "TransactGetItems", LIMIT_TRANSACT }, { "TransactWriteItems", LIMIT_TRANSACT },
	};

	EACH_CALL(l, c)
		for (size_t i = 0; c->valid && i < sizeof(limits) / sizeof(*limits); i++)
			if (str_eq(c->command.operation->name, str_c(limits[i].operation)) && c->n_actions > limits[i].max)
				LINT_FOUND(l, c->at, "Split it into several requests.", "%zu items in one %s; %zu are allowed",
					   c->n_actions, limits[i].operation, limits[i].max);
}

struct keyed {
	const struct model_action *action;
	struct str key;
};

static int by_key(const void *one, const void *other)
{
	const struct keyed *a = one, *b = other;
	int order;

	if (a->action->table != b->action->table)
		return a->action->table < b->action->table ? -1 : 1;
	order = str_cmp(a->key, b->key);
	return order ? order : (a->action > b->action) - (a->action < b->action);
}

/* The keys of a call's actions, sorted; NULL at the arena's cap. */
static struct keyed *sorted_keys(struct lint *l, const struct model_call *c, size_t *n)
{
	enum { KEY_BYTES_MAX = 1 << 17 };
	struct arena *arena = lint_step(l);
	struct keyed *keys = arena_array(arena, c->n_actions, sizeof(*keys));
	const struct node *key = NULL;
	struct buf text;

	*n = 0;
	buf_init(&text, KEY_BYTES_MAX);
	EACH_ACTION(c, a) {
		const struct node *attributes = lint_attributes(a, &key);

		buf_clear(&text);
		if (!keys || !attributes || !a->table || !item_key_write(&a->table->key, attributes, &text))
			continue;
		keys[*n] = (struct keyed){ a, arena_dup(arena, buf_str(&text)) };
		*n += keys[*n].key.ptr != NULL;
	}
	buf_release(&text);
	if (!keys)
		lint_no_memory(l, c->at);
	if (*n > 1)
		qsort(keys, *n, sizeof(*keys), by_key);
	return keys;
}

static void check_twice(struct lint *l, const struct model_call *c)
{
	bool batch = str_starts(c->command.operation->name, STR("Batch"));
	char place[PLACE_BYTES];
	size_t n;
	const struct keyed *keys = sorted_keys(l, c, &n);

	for (size_t i = 1; keys && i < n; i++)
		if (keys[i].action->table == keys[i - 1].action->table && str_eq(keys[i].key, keys[i - 1].key))
			LINT_FOUND(l, c->at, "Join the two into one action.", "%s%s", lint_place(keys[i].action, place),
				   batch ? "another one of the batch has the same key" : "another one of the transaction has the same item");
}

static void call_key_twice(struct lint *l)
{
	EACH_CALL(l, c)
		if (c->n_actions > 1)
			check_twice(l, c);
}

const struct model_lint lint_keys[] = {
	{ "call-key", FINDING_ERROR, "A command whose key is not the table's, or an item without its key.", keys },
	{ "call-index-key", FINDING_ERROR, "A command that writes an index key that DynamoDB refuses.", lint_with_first },
	{ "call-value", FINDING_ERROR, "A command with an attribute value that DynamoDB refuses.", lint_with_first },
	{ "call-ttl", FINDING_ERROR, "A command that sets a TTL attribute to no number, or to milliseconds.", lint_with_first },
	{ "call-batch-size", FINDING_ERROR, "More items than a batch or a transaction may have.", call_batch_size },
	{ "call-key-twice", FINDING_ERROR, "Two actions of a batch or a transaction on one item.", call_key_twice },
	{ 0 },
};
