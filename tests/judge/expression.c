/* expression <REQUESTS: what the program says of expressions, for judges outside. A
 * request is a line of JSON:
 *   {"expressions": [["FilterExpression", "a = :v"], …], "names": {…}, "values": {…},
 *    "keys": [["pk", "HASH", "S"], …], "query": true}
 * The answer is a line for each finding, "code offset length text", and an empty line.
 */
#include "sluice/core/node.h"
#include "sluice/model/expression.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_LINE_BYTES = 1 << 20, MAX_BYTES = 1 << 24, MAX_EXPRESSIONS = 5 };

struct request {
	struct arena arena;
	const struct node *node;
	struct expression_findings findings;
	struct expression_scope scope;
	struct expression_key keys[EXPRESSION_MAX_KEYS];
	struct expression_schema schema;
	const struct expression *expressions[MAX_EXPRESSIONS];
	size_t n;
	struct err err;
};

static struct str json_of(struct request *r, struct str name)
{
	const struct node *n = node_get(r->node, name);
	struct str text = { NULL, 0 };
	struct buf out;

	buf_init(&out, MAX_BYTES);
	if (n && node_print_json(n, &out))
		text = arena_dup(&r->arena, buf_str(&out));
	buf_release(&out);
	return text;
}

static struct str item(const struct node *list, size_t i)
{
	const struct node *n = list->first;

	while (n && i--)
		n = n->next;
	return n ? n->text : str_of(NULL, 0);
}

static void read_keys(struct request *r)
{
	const struct node *keys = node_get(r->node, STR("keys"));

	for (const struct node *n = keys ? keys->first : NULL; n && r->schema.count < EXPRESSION_MAX_KEYS; n = n->next)
		r->keys[r->schema.count++] = (struct expression_key){ item(n, 0), str_eq(item(n, 1), STR("RANGE")),
								      value_type_of(item(n, 2)) };
	r->schema.keys = r->keys;
}

static bool check_rest(struct request *r, const struct expression *e)
{
	const struct node *query = node_get(r->node, STR("query"));

	if (e->kind == EXPRESSION_KEY_CONDITION)
		return expression_check_key(e, &r->scope, &r->schema, &r->findings, &r->err);
	if (e->kind == EXPRESSION_FILTER && query && query->b &&
	    !expression_check_filter(e, &r->scope, &r->schema, &r->findings, &r->err))
		return false;
	return expression_check_scalars(e, &r->scope, &r->schema, &r->findings, &r->err) &&
	       expression_check_update(e, &r->scope, &r->schema, &r->findings, &r->err);
}

static bool check_one(struct request *r, const struct node *n)
{
	const struct expression *e = NULL;

	for (int kind = 0; kind <= EXPRESSION_PROJECTION && r->n < MAX_EXPRESSIONS; kind++)
		if (str_eq(item(n, 0), str_c(expression_kind_name((enum expression_kind)kind))))
			e = expression_parse((enum expression_kind)kind, item(n, 1), &r->findings, &r->err);
	if (!e)
		return false;
	r->expressions[r->n++] = e;
	return expression_check(e, &r->scope, &r->findings, &r->err) && check_rest(r, e);
}

static bool answer(struct request *r)
{
	const struct node *list = node_get(r->node, STR("expressions"));

	expression_findings_init(&r->findings, &r->arena);
	if (!expression_scope_read(json_of(r, STR("names")), json_of(r, STR("values")), &r->findings, &r->scope, &r->err))
		return false;
	read_keys(r);
	for (const struct node *n = list ? list->first : NULL; n; n = n->next)
		if (!check_one(r, n))
			return false;
	if (!expression_check_unused(r->expressions, r->n, &r->scope, &r->findings, &r->err))
		return false;
	for (const struct expression_finding *f = r->findings.first; f; f = f->next)
		printf("%s %zu %zu %.*s\n", expression_code_name(f->code), f->offset, f->length, STR_ARG(f->text));
	printf("\n");
	fflush(stdout);
	return true;
}

int main(void)
{
	char *line = malloc(MAX_LINE_BYTES);
	bool ok = line != NULL;

	while (ok && fgets(line, MAX_LINE_BYTES, stdin)) {
		struct request r = { 0 };

		arena_init(&r.arena, MAX_BYTES);
		r.node = node_from_json(&r.arena, str_trim(str_c(line)), NULL, &r.err);
		ok = r.node && answer(&r);
		if (!ok)
			fprintf(stderr, "no request: %s%s\n", line, r.err.text);
		arena_release(&r.arena);
	}
	free(line);
	return ok ? 0 : 2;
}
