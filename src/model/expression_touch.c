#include "expression_impl.h"

#include <stdlib.h>

bool expression_touches(const struct expression *e, const struct expression_scope *scope, struct arena *a,
			const struct expression_touch **out, size_t *n, struct err *err)
{
	struct expression_touch *touches;
	size_t count = 0;

	for (const struct expression_node *node = e->nodes; node; node = node->next)
		count += node->kind == EXPRESSION_PATH;
	touches = arena_array(a, count + 1, sizeof(*touches));
	if (!touches)
		return err_set(err, ERR_FATAL, "expression.memory", "the expressions need more than %zu bytes", a->max);
	*n = 0;
	for (const struct expression_node *node = e->nodes; node; node = node->next) {
		struct str name = { NULL, 0 };

		if (node->kind == EXPRESSION_PATH)
			name = expression_scope_name(scope, node->steps);
		if (name.ptr)
			touches[(*n)++] = (struct expression_touch){ name, node->use, node };
	}
	*out = touches;
	return true;
}

/* The same for a check. */
static bool find_touches(const struct expression *e, const struct expression_scope *scope,
			 struct expression_findings *findings, const struct expression_touch **out, size_t *n)
{
	findings->full |= !expression_touches(e, scope, findings->arena, out, n, NULL);
	return !findings->full;
}

static const struct expression_key *find_key(const struct expression_schema *schema, struct str name)
{
	for (size_t i = 0; i < schema->count; i++)
		if (str_eq(schema->keys[i].name, name))
			return &schema->keys[i];
	return NULL;
}

bool expression_check_filter(const struct expression *e, const struct expression_scope *scope,
			     const struct expression_schema *schema, struct expression_findings *findings,
			     struct err *err)
{
	const struct expression_touch *touches;
	size_t n;

	if (!find_touches(e, scope, findings, &touches, &n))
		return expression_done(findings, err);
	for (size_t i = 0; i < n; i++) {
		const struct expression_key *key = find_key(schema, touches[i].attribute);
		struct str name = expression_shown(touches[i].attribute);

		if (key)
			expression_find(findings, e, EXPRESSION_E_FILTER_KEY, touches[i].path->offset,
					touches[i].path->length,
					"%.*s is a key attribute of what is queried, and a Query's filter may not "
					"name one: put the "
					"condition on it into KeyConditionExpression",
					STR_ARG(name));
	}
	return expression_done(findings, err);
}

bool expression_check_update(const struct expression *e, const struct expression_scope *scope,
			     const struct expression_schema *table, struct expression_findings *findings,
			     struct err *err)
{
	const struct expression_touch *touches;
	size_t n;

	if (!find_touches(e, scope, findings, &touches, &n))
		return expression_done(findings, err);
	for (size_t i = 0; i < n; i++) {
		struct str name = expression_shown(touches[i].attribute);

		if ((touches[i].use == EXPRESSION_WRITTEN || touches[i].use == EXPRESSION_REMOVED) &&
		    find_key(table, touches[i].attribute))
			expression_find(findings, e, EXPRESSION_E_UPDATE_KEY, touches[i].path->offset,
					touches[i].path->length,
					"%.*s is part of the table's key, and an update cannot change the key: leave "
					"it out, or delete "
					"the item and put it under its new key, in one transaction",
					STR_ARG(name));
	}
	return expression_done(findings, err);
}

bool expression_check_scalars(const struct expression *e, const struct expression_scope *scope,
			      const struct expression_schema *table, struct expression_findings *findings,
			      struct err *err)
{
	const struct expression_touch *touches;
	size_t n;

	if (!find_touches(e, scope, findings, &touches, &n))
		return expression_done(findings, err);
	for (size_t i = 0; i < n; i++) {
		struct str name = expression_shown(touches[i].attribute);

		if (touches[i].path->n_steps > 1 && find_key(table, touches[i].attribute))
			expression_find(findings, e, EXPRESSION_E_KEY_NESTED, touches[i].path->offset,
					touches[i].path->length,
					"%.*s is a key attribute, a scalar, and nothing is inside of it: name it "
					"alone",
					STR_ARG(name));
	}
	return expression_done(findings, err);
}

static int compare_names(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

bool expression_check_projected(const struct expression *e, const struct expression_scope *scope,
				const struct str *projected, size_t n, struct expression_findings *findings,
				struct err *err)
{
	const struct expression_touch *touches;
	struct str *sorted = arena_array(findings->arena, n + 1, sizeof(*sorted));
	size_t n_touches;

	findings->full |= !sorted;
	if (!sorted || !find_touches(e, scope, findings, &touches, &n_touches))
		return expression_done(findings, err);
	if (n) {
		memcpy(sorted, projected, n * sizeof(*sorted));
		qsort(sorted, n, sizeof(*sorted), compare_names);
	}
	for (size_t i = 0; i < n_touches; i++) {
		struct str name = expression_shown(touches[i].attribute);

		if (!n || !bsearch(&touches[i].attribute, sorted, n, sizeof(*sorted), compare_names))
			expression_find(findings, e, EXPRESSION_E_NOT_PROJECTED, touches[i].path->offset,
					touches[i].path->length,
					"%.*s is not in the index: add it to the index's projection, or read it from "
					"the table by key",
					STR_ARG(name));
	}
	return expression_done(findings, err);
}
