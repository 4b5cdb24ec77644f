/* A command is not run here and its full grammar is not needed: only the names of what it
 * writes. Where the text is not as expected nothing is known, and then every index counts:
 * an estimate may be too high, never silently too low. */
#include "cost_parts.h"

#include "sluice/core/node.h"

static bool space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The argument of --option: in quotes, or to the next white space. Escapes inside double
 * quotes are taken out. */
static bool option_value(struct str command, struct str option, struct arena *a, struct str *out)
{
	struct str rest = command;
	char *plain, quote;
	size_t at, n = 0;

	for (;;) {
		at = str_find(rest, option);
		if (at == SIZE_MAX)
			return false;
		rest = str_from(rest, at + option.len);
		if (rest.len && (space(rest.ptr[0]) || rest.ptr[0] == '='))
			break;
	}
	while (rest.len && (space(rest.ptr[0]) || rest.ptr[0] == '=' || rest.ptr[0] == '\\'))
		rest = str_from(rest, 1);
	if (rest.len == 0)
		return false;
	quote = rest.ptr[0] == '\'' || rest.ptr[0] == '"' ? rest.ptr[0] : 0;
	if (quote)
		rest = str_from(rest, 1);
	plain = arena_alloc(a, rest.len + 1);
	if (!plain)
		return false;
	for (at = 0; at < rest.len; at++) {
		if (quote ? rest.ptr[at] == quote : space(rest.ptr[at]))
			break;
		if (quote == '"' && rest.ptr[at] == '\\' && at + 1 < rest.len)
			at++;
		plain[n++] = rest.ptr[at];
	}
	*out = str_of(plain, n);
	return !quote || at < rest.len;
}

static const struct node *json_option(struct str command, struct str option, struct arena *a)
{
	struct str text;

	return option_value(command, option, a, &text) ? node_from_json(a, text, NULL, NULL) : NULL;
}

static bool has(const struct cost_attributes *a, struct str name)
{
	for (size_t i = 0; i < a->n; i++)
		if (str_eq(a->names[i], name))
			return true;
	return false;
}

static bool add(struct cost_attributes *out, struct str name)
{
	if (has(out, name))
		return true;
	if (out->n == COST_ATTRIBUTES_MAX)
		return false;
	out->names[out->n++] = name;
	return true;
}

static bool add_members(struct cost_attributes *out, const struct node *item)
{
	if (!item || item->kind != NODE_OBJECT)
		return false;
	for (const struct node *n = item->first; n; n = n->next)
		if (!add(out, n->name))
			return false;
	return true;
}

static bool word_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '#' ||
	       c == ':';
}

/* What stands in the expression as a name: placeholders are filled, values (":v") passed over.
 * Keywords and functions are names too, which does no harm. */
static bool add_expression(struct cost_attributes *out, struct str text, const struct node *placeholders)
{
	for (size_t i = 0; i < text.len;) {
		size_t from = i;
		struct str word;

		while (i < text.len && word_char(text.ptr[i]))
			i++;
		if (i == from) {
			i++;
			continue;
		}
		word = str_sub(text, from, i - from);
		if (word.ptr[0] == '#') {
			const struct node *n = node_get(placeholders, word);

			if (!n || n->kind != NODE_STRING)
				return false;
			word = n->text;
		}
		if (word.len && word.ptr[0] != ':' && !add(out, word))
			return false;
	}
	return true;
}

/* {"Table": [{"PutRequest": {"Item": {…}}}, …]}: a deletion takes the item out of any index. */
static bool add_requests(struct cost_attributes *out, const struct node *items)
{
	if (!items || items->kind != NODE_OBJECT)
		return false;
	for (const struct node *t = items->first; t; t = t->next) {
		if (t->kind != NODE_ARRAY)
			return false;
		for (const struct node *r = t->first; r; r = r->next)
			if (!add_members(out, node_get(node_get(r, STR("PutRequest")), STR("Item"))))
				return false;
	}
	return items->first != NULL;
}

void cost_attributes_of(struct cost_attributes *out, enum cost_operation op, struct str command, struct arena *a)
{
	struct str expression;

	out->n = 0;
	out->known = out->whole_item = false;
	if (op == COST_PUT_ITEM) {
		out->whole_item = true;
		out->known = add_members(out, json_option(command, STR("--item"), a));
	} else if (op == COST_BATCH_WRITE) {
		out->whole_item = true;
		out->known = add_requests(out, json_option(command, STR("--request-items"), a));
	} else if (op == COST_UPDATE_ITEM && option_value(command, STR("--update-expression"), a, &expression)) {
		out->known = add_expression(out, expression,
					    json_option(command, STR("--expression-attribute-names"), a));
	}
}

static bool of_table_key(const struct model_table *t, struct str name)
{
	for (size_t i = 0; i < t->key.n_hash; i++)
		if (str_eq(t->key.hash[i]->name, name))
			return true;
	for (size_t i = 0; i < t->key.n_range; i++)
		if (str_eq(t->key.range[i]->name, name))
			return true;
	return false;
}

/* How many attributes of the index's key are among the names, those of the table's own key
 * left out (*others: how many there are). */
static size_t key_attributes(const struct model_table *t, const struct model_index *index,
			     const struct cost_attributes *attributes, size_t *others)
{
	const struct model_key *k = &index->key;
	size_t found = 0;

	*others = 0;
	for (size_t i = 0; i < k->n_hash + k->n_range; i++) {
		struct str name = (i < k->n_hash ? k->hash[i] : k->range[i - k->n_hash])->name;

		if (of_table_key(t, name))
			continue;
		++*others;
		found += has(attributes, name);
	}
	return found;
}

bool cost_index_touched(const struct model_table *t, const struct model_index *index,
			const struct cost_attributes *attributes, bool *key_changes)
{
	size_t others, found;

	*key_changes = false;
	if (!attributes->known)
		return true;
	found = key_attributes(t, index, attributes, &others);
	/* A new item stands in the index when it has its whole key: sparse indexes cost nothing. */
	if (attributes->whole_item)
		return found == others;
	*key_changes = found > 0;
	if (found || index->projection == MODEL_PROJECT_ALL)
		return true;
	if (index->projection == MODEL_PROJECT_KEYS_ONLY)
		return false;
	for (size_t i = 0; i < index->n_included; i++)
		if (has(attributes, index->included[i]))
			return true;
	return false;
}
