/* A request: the first byte says which kind, then, between lines' ends, the expression,
 * ExpressionAttributeNames and -Values. Findings lie inside of the text; what is valid
 * is valid again when parsed again, and its tree holds together. */
#include "sluice/model/expression.h"

#include <stdlib.h>

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static const struct expression_key keys[] = {
	{ STR_INIT("pk"), false, VALUE_S }, { STR_INIT("a"), false, VALUE_NONE },
	{ STR_INIT("sk"), true, VALUE_N },  { STR_INIT("b"), true, VALUE_NONE },
};

static const struct expression_schema schema = { keys, 4 };

static void check_node(const struct expression *e, const struct expression_node *n)
{
	size_t children = 0;

	expect(n->offset <= e->text.len && n->length <= e->text.len - n->offset);
	for (const struct expression_node *c = n->child; c; c = c->sibling) {
		children++;
		expect(c->offset >= n->offset && c->offset + c->length <= n->offset + n->length);
	}
	expect(children == n->n_children);
	expect(n->kind != EXPRESSION_PATH || (n->n_steps > 0 && n->steps[0].name.ptr));
	expect(!e->valid || n->kind != EXPRESSION_BROKEN);
}

static void check_findings(const struct expression_findings *f)
{
	size_t n = 0;

	for (const struct expression_finding *one = f->first; one; one = one->next) {
		n++;
		expect(one->text.len > 0 && str_utf8_valid(one->text));
		expect(expression_code_name(one->code) != NULL);
		expect(!one->in || (one->offset <= one->in->text.len && one->length <= one->in->text.len - one->offset));
	}
	expect(n == (f->count < EXPRESSION_FINDINGS_MAX ? f->count : EXPRESSION_FINDINGS_MAX));
}

static void check_all(const struct expression *e, const struct expression_scope *scope, struct expression_findings *f)
{
	static const struct str projected[] = { STR_INIT("b"), STR_INIT("a") };

	if (expression_check(e, scope, f, NULL) && expression_check_key(e, scope, &schema, f, NULL) &&
	    expression_check_filter(e, scope, &schema, f, NULL) && expression_check_update(e, scope, &schema, f, NULL) &&
	    expression_check_scalars(e, scope, &schema, f, NULL) &&
	    expression_check_projected(e, scope, projected, 2, f, NULL) && expression_check_unused(&e, 1, scope, f, NULL))
		check_findings(f);
	else
		expect(f->full);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_of((const char *)data + 1, size ? size - 1 : 0), text, names, values;
	struct expression_findings findings, again;
	const struct expression *e, *twice;
	struct expression_scope scope;
	enum expression_kind kind;
	struct arena arena;

	if (size < 2)
		return 0;
	kind = (enum expression_kind)(data[0] % (EXPRESSION_PROJECTION + 1));
	text = str_split(&rest, '\n');
	names = str_split(&rest, '\n');
	values = str_split(&rest, '\n');
	/* Also small arenas: each place where one is full. */
	arena_init(&arena, (data[0] & 0x80) ? (size_t)(data[0] & 0x78) << 8 : 16 << 20);
	expression_findings_init(&findings, &arena);
	expression_findings_init(&again, &arena);
	e = expression_parse(kind, text, &findings, NULL);
	if (e && expression_scope_read(names, values, &findings, &scope, NULL)) {
		for (const struct expression_node *n = e->nodes; n; n = n->next)
			check_node(e, n);
		expect(!e->valid || kind >= EXPRESSION_UPDATE || e->root);
		check_all(e, &scope, &findings);
		twice = expression_parse(kind, e->text, &again, NULL);
		expect(!twice || twice->valid == e->valid);
	}
	arena_release(&arena);
	return 0;
}
