#include "expression_impl.h"

#include <stdlib.h>

struct reading {
	struct expression_findings *findings;
	struct arena *arena;
	enum expression_code malformed;
	const char *title;
	char mark;  /* # or : */
};

/* ---- What stands in the two objects ---- */

static bool unescape(struct reading *r, const struct scan_token *t, struct str *out)
{
	struct buf plain;
	bool ok = true;

	if (!t->escaped) {
		*out = t->text;
		return true;
	}
	buf_init(&plain, t->text.len);
	ok = scan_unescape(t->text, &plain, NULL);
	if (ok) {
		*out = arena_dup(r->arena, buf_str(&plain));
		r->findings->full |= !out->ptr;
	}
	buf_release(&plain);
	return ok;
}

static bool is_placeholder(struct str text, char mark)
{
	if (text.len < 2 || text.len > EXPRESSION_MAX_PLACEHOLDER_BYTES || text.ptr[0] != mark)
		return false;
	for (size_t i = 1; i < text.len; i++) {
		char c = text.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return true;
}

static bool read_placeholder(struct reading *r, const struct scan_token *key, struct str *out)
{
	bool ok = unescape(r, key, out);
	struct str shown = expression_shown(ok ? *out : key->text);

	if (ok && is_placeholder(*out, r->mark))
		return true;
	expression_find(r->findings, NULL, r->malformed, 0, 0,
			"%s: '%.*s' is no placeholder; it begins with %c, letters, digits and _ follow, %d bytes at "
			"most",
			r->title, STR_ARG(shown), r->mark, EXPRESSION_MAX_PLACEHOLDER_BYTES);
	return false;
}

static bool read_attribute_name(struct reading *r, struct str placeholder, struct str json, struct str *out)
{
	struct scan_token token = { 0 };
	struct scan s;

	scan_init_trusted(&s, json);
	if (scan_next(&s, &token) != SCAN_STRING || !unescape(r, &token, out))
		expression_find(r->findings, NULL, r->malformed, 0, 0, "%s: %.*s must be an attribute's name, a text",
				r->title, STR_ARG(placeholder));
	else if (out->len == 0 || out->len > EXPRESSION_MAX_NAME_BYTES)
		expression_find(r->findings, NULL, r->malformed, 0, 0,
				"%s: the name behind %.*s has %zu bytes; attribute names have 1 to %d", r->title,
				STR_ARG(placeholder), out->len, EXPRESSION_MAX_NAME_BYTES);
	else
		return true;
	return false;
}

static bool read_value(struct reading *r, struct str placeholder, struct str json, struct value *out)
{
	struct err err = { 0 };

	if (value_parse(json, out, &err))
		return true;
	expression_find(r->findings, NULL, r->malformed, 0, 0,
			"%s: %.*s is no attribute value like {\"S\": \"text\"} or {\"N\": \"1\"}: %s", r->title,
			STR_ARG(placeholder), err.text);
	return false;
}

/* The members' number, or noted and false. */
static bool count_members(struct reading *r, struct str json, size_t *n)
{
	struct scan_token key;
	struct err err = { 0 };
	struct str value;
	struct scan s;

	*n = 0;
	if (str_trim(json).len == 0)
		return true;
	if (!scan_check(json, &err)) {
		expression_find(r->findings, NULL, r->malformed, 0, 0, "%s is no JSON: %s", r->title, err.text);
		return false;
	}
	scan_init_trusted(&s, json);
	if (scan_next(&s, &key) != SCAN_OBJECT_BEGIN) {
		expression_find(r->findings, NULL, r->malformed, 0, 0, "%s must be an object, like {\"%c%s\": …}",
				r->title, r->mark, r->mark == '#' ? "name" : "value");
		return false;
	}
	while (scan_next_member(&s, &key, &value) == SCAN_KEY)
		(*n)++;
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return str_cmp(((const struct expression_name *)a)->placeholder,
		       ((const struct expression_name *)b)->placeholder);
}

static int compare_values(const void *a, const void *b)
{
	return str_cmp(((const struct expression_value *)a)->placeholder,
		       ((const struct expression_value *)b)->placeholder);
}

static void repeated(struct reading *r, struct str placeholder)
{
	expression_find(r->findings, NULL, r->malformed, 0, 0, "%s: %.*s is defined twice; keep one of them", r->title,
			STR_ARG(placeholder));
}

static void read_names(struct reading *r, struct str json, struct expression_scope *out)
{
	struct expression_name *names, one;
	struct scan_token key;
	struct str value;
	struct scan s;
	size_t n;

	if (!count_members(r, json, &n) || n == 0)
		return;
	names = arena_array(r->arena, n, sizeof(*names));
	r->findings->full |= !names;
	scan_init_trusted(&s, json);
	scan_next(&s, &key);
	while (names && scan_next_member(&s, &key, &value) == SCAN_KEY)
		if (read_placeholder(r, &key, &one.placeholder) &&
		    read_attribute_name(r, one.placeholder, value, &one.name))
			names[out->n_names++] = one;
	if (out->n_names)
		qsort(names, out->n_names, sizeof(*names), compare_names);
	for (size_t i = 1; i < out->n_names; i++)
		if (compare_names(&names[i - 1], &names[i]) == 0)
			repeated(r, names[i].placeholder);
	out->names = names;
}

static void read_values(struct reading *r, struct str json, struct expression_scope *out)
{
	struct expression_value *values, one;
	struct scan_token key;
	struct str value;
	struct scan s;
	size_t n;

	if (!count_members(r, json, &n) || n == 0)
		return;
	values = arena_array(r->arena, n, sizeof(*values));
	r->findings->full |= !values;
	scan_init_trusted(&s, json);
	scan_next(&s, &key);
	while (values && scan_next_member(&s, &key, &value) == SCAN_KEY)
		if (read_placeholder(r, &key, &one.placeholder) && read_value(r, one.placeholder, value, &one.value))
			values[out->n_values++] = one;
	if (out->n_values)
		qsort(values, out->n_values, sizeof(*values), compare_values);
	for (size_t i = 1; i < out->n_values; i++)
		if (compare_values(&values[i - 1], &values[i]) == 0)
			repeated(r, values[i].placeholder);
	out->values = values;
}

bool expression_scope_read(struct str names, struct str values, struct expression_findings *findings,
			   struct expression_scope *out, struct err *err)
{
	struct reading r = { findings, findings->arena, EXPRESSION_E_NAME_MALFORMED, "ExpressionAttributeNames", '#' };

	*out = (struct expression_scope){ 0 };
	read_names(&r, names, out);
	r.malformed = EXPRESSION_E_VALUE_MALFORMED;
	r.title = "ExpressionAttributeValues";
	r.mark = ':';
	read_values(&r, values, out);
	return expression_done(findings, err);
}

/* ---- Looking up ---- */

struct str expression_scope_name(const struct expression_scope *scope, const struct expression_step *step)
{
	const struct expression_name key = { .placeholder = step->name }, *found;

	if (!step->name.ptr || step->name.ptr[0] != '#')
		return step->name;
	if (!scope->n_names)
		return str_of(NULL, 0);
	found = bsearch(&key, scope->names, scope->n_names, sizeof(key), compare_names);
	return found ? found->name : str_of(NULL, 0);
}

struct value expression_scope_value(const struct expression_scope *scope, struct str placeholder)
{
	const struct expression_value key = { .placeholder = placeholder }, *found = NULL;

	if (scope->n_values)
		found = bsearch(&key, scope->values, scope->n_values, sizeof(key), compare_values);
	return found ? found->value : (struct value){ VALUE_NONE, { NULL, 0 } };
}

/* ---- Unused ---- */

static int compare_texts(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool mentioned(const struct str *mentions, size_t n, struct str placeholder)
{
	return n && bsearch(&placeholder, mentions, n, sizeof(*mentions), compare_texts);
}

bool expression_check_unused(const struct expression *const *expressions, size_t n,
			     const struct expression_scope *scope, struct expression_findings *findings,
			     struct err *err)
{
	size_t n_mentions = 0, at = 0;
	struct str *mentions;

	for (size_t i = 0; i < n; i++)
		n_mentions += expressions[i]->n_mentions;
	mentions = arena_array(findings->arena, n_mentions ? n_mentions : 1, sizeof(*mentions));
	findings->full |= !mentions;
	if (!mentions)
		return expression_done(findings, err);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < expressions[i]->n_mentions; k++)
			mentions[at++] = expressions[i]->mentions[k].placeholder;
	if (n_mentions)
		qsort(mentions, n_mentions, sizeof(*mentions), compare_texts);
	for (size_t i = 0; i < scope->n_names; i++)
		if (!mentioned(mentions, n_mentions, scope->names[i].placeholder))
			expression_find(findings, NULL, EXPRESSION_E_NAME_UNUSED, 0, 0,
					"ExpressionAttributeNames defines %.*s, and no expression of the request has "
					"it: leave it "
					"out, or use it",
					STR_ARG(scope->names[i].placeholder));
	for (size_t i = 0; i < scope->n_values; i++)
		if (!mentioned(mentions, n_mentions, scope->values[i].placeholder))
			expression_find(findings, NULL, EXPRESSION_E_VALUE_UNUSED, 0, 0,
					"ExpressionAttributeValues defines %.*s, and no expression of the request has "
					"it: leave it "
					"out, or use it",
					STR_ARG(scope->values[i].placeholder));
	return expression_done(findings, err);
}
