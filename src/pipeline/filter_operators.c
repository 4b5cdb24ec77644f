#include "filter_impl.h"

#include "letter_case.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

static bool compile_test(struct filter_compiler *c, const struct node *n, struct test *t);

/* ---- Values ---- */

static bool keep_text(struct filter_compiler *c, const struct node *at, struct str text, struct str *out)
{
	*out = arena_dup(c->arena, text);
	return out->ptr || filter_no_memory(c, at);
}

/* Folded, as the texts that it is compared with are. */
static bool keep_folded(struct filter_compiler *c, const struct node *at, struct str text, struct str *out)
{
	struct buf folded;
	bool ok;

	buf_init(&folded, 2 * text.len + 1); /* no letter's other case is longer than that */
	for (size_t i = 0; i < text.len;) {
		char bytes[4];

		buf_put(&folded, str_of(bytes, utf8_put(letter_fold(utf8_next(text, &i)), bytes)));
	}
	ok = keep_text(c, at, buf_str(&folded), out);
	buf_release(&folded);
	return ok;
}

static const struct number *keep_number(struct filter_compiler *c, const struct node *n)
{
	struct number *number = ARENA_NEW(c->arena, struct number);
	char digits[40];

	if (!number) {
		filter_no_memory(c, n);
		return NULL;
	}
	if (number_parse(n->text, number, NULL))
		return number;
	if (n->kind == NODE_INT)
		snprintf(digits, sizeof(digits), "%" PRId64, n->i);
	else
		snprintf(digits, sizeof(digits), "%.17g", n->d);
	if (number_parse(str_c(digits), number, NULL))
		return number;
	problems_add(c->problems, n, "this number is too large or too small to be compared");
	return NULL;
}

static bool is_operand(const struct node *n)
{
	return n->kind == NODE_STRING && str_find(n->text, STR("${")) != SIZE_MAX;
}

static const struct template *keep_operand(struct filter_compiler *c, const struct node *n)
{
	struct operand_list *entry = ARENA_NEW(c->arena, struct operand_list);
	struct template *t;

	if (!entry) {
		filter_no_memory(c, n);
		return NULL;
	}
	t = template_compile(n->text, c->allowed, c->arena, n, c->problems);
	if (!t)
		return NULL;
	c->filter->roots |= template_roots(t);
	*entry = (struct operand_list){ t, c->filter->operands };
	c->filter->operands = entry;
	return t;
}

static bool is_number(const struct node *n)
{
	return n->kind == NODE_INT || n->kind == NODE_REAL;
}

static bool compile_value(struct filter_compiler *c, const struct node *n, struct test *t)
{
	switch (n->kind) {
	case NODE_NULL:
		t->op = TEST_NULL;
		return true;
	case NODE_BOOL:
		t->op = TEST_BOOL;
		t->truth = n->b;
		return true;
	case NODE_INT:
	case NODE_REAL:
		t->op = TEST_NUMBER;
		t->number = keep_number(c, n);
		return t->number != NULL;
	case NODE_STRING:
		t->op = is_operand(n) ? TEST_OPERAND : TEST_STRING;
		if (t->op == TEST_STRING)
			return keep_text(c, n, n->text, &t->text);
		t->operand = keep_operand(c, n);
		return t->operand != NULL;
	default:
		problems_add(c->problems, n, "%s stands where a value is expected: a string, a number, true, false or null",
			     node_kind_name(n->kind));
		return false;
	}
}

/* ---- Operators on text ---- */

/* The string of an operator that takes nothing else. */
static bool want_string(struct filter_compiler *c, const struct node *n)
{
	if (n->kind != NODE_STRING)
		problems_add(c->problems, n, "'%.*s' takes a string, this is %s", STR_ARG(n->name), node_kind_name(n->kind));
	else if (is_operand(n))
		problems_add(c->problems, n, "'%.*s' takes no template; exact values, anything-but and numeric do ($${ stands "
			     "for ${ there)", STR_ARG(n->name));
	else
		return true;
	return false;
}

/* The only member of an operator's group, or NULL. */
static const struct node *only_member(struct filter_compiler *c, const struct node *n)
{
	if (n->count == 1)
		return n->first;
	problems_add(c->problems, n, "a condition has exactly one key, this has %zu; several conditions on a name are "
		     "alternatives, each in its own { }", n->count);
	return NULL;
}

static bool compile_nocase(struct filter_compiler *c, const struct node *n, struct test *t)
{
	t->op = TEST_EQUAL_NOCASE;
	return want_string(c, n) && keep_folded(c, n, n->text, &t->text);
}

/* prefix and suffix: a string, or { equals-ignore-case: a string }. */
static bool compile_affix(struct filter_compiler *c, const struct node *n, struct test *t, enum test_op plain,
			  enum test_op nocase)
{
	const struct node *inner;

	if (n->kind != NODE_OBJECT) {
		t->op = plain;
		return want_string(c, n) && keep_text(c, n, n->text, &t->text);
	}
	inner = only_member(c, n);
	if (!inner)
		return false;
	if (!str_eq(inner->name, STR("equals-ignore-case"))) {
		problems_add(c->problems, inner, "'%.*s' takes a string or { equals-ignore-case: a string }",
			     STR_ARG(n->name));
		return false;
	}
	t->op = nocase;
	return want_string(c, inner) && keep_folded(c, inner, inner->text, &t->text);
}

static bool compile_prefix(struct filter_compiler *c, const struct node *n, struct test *t)
{
	return compile_affix(c, n, t, TEST_PREFIX, TEST_PREFIX_NOCASE);
}

static bool compile_suffix(struct filter_compiler *c, const struct node *n, struct test *t)
{
	return compile_affix(c, n, t, TEST_SUFFIX, TEST_SUFFIX_NOCASE);
}

/* ---- wildcard ---- */

static bool check_wildcard(struct filter_compiler *c, const struct node *n, size_t *stars)
{
	struct str text = n->text;

	for (size_t i = 0; i < text.len; i++) {
		char next = i + 1 < text.len ? text.ptr[i + 1] : '\0';

		if (text.ptr[i] == '\\') {
			i++;
			if (next != '*' && next != '\\') {
				problems_add(c->problems, n, "a wildcard's backslash may stand before * and \\ only "
					     "(character %zu)", i);
				return false;
			}
		} else if (text.ptr[i] == '*') {
			*stars += 1;
			if (next == '*') {
				problems_add(c->problems, n, "a wildcard has two * in a row (character %zu); one stands "
					     "for any text", i + 1);
				return false;
			}
		}
	}
	return true;
}

static bool compile_wildcard(struct filter_compiler *c, const struct node *n, struct test *t)
{
	struct wildcard *w = &t->wildcard;
	size_t stars = 0, len = 0;
	char *text;

	t->op = TEST_WILDCARD;
	if (!want_string(c, n) || !check_wildcard(c, n, &stars))
		return false;
	text = arena_alloc(c->arena, n->text.len);
	w->pieces = arena_array(c->arena, stars + 1, sizeof(*w->pieces));
	if (!text || !w->pieces)
		return filter_no_memory(c, n);
	for (size_t i = 0; i < n->text.len; i++) {
		char letter = n->text.ptr[i];

		if (letter == '*') {
			w->pieces[w->count++] = str_of(text, len);
			text += len;
			len = 0;
			continue;
		}
		if (letter == '\\')
			letter = n->text.ptr[++i];
		text[len++] = letter;
	}
	w->pieces[w->count++] = str_of(text, len);
	return true;
}

/* ---- cidr ---- */

static bool compile_cidr(struct filter_compiler *c, const struct node *n, struct test *t)
{
	struct str bits = { 0 }, address;
	char text[INET6_ADDRSTRLEN + 1];
	uint64_t length = 0;

	t->op = TEST_CIDR;
	if (!want_string(c, n))
		return false;
	bits = n->text;
	address = str_split(&bits, '/');
	t->cidr.family = str_find_char(address, ':') != SIZE_MAX ? AF_INET6 : AF_INET;
	if (address.len < sizeof(text)) {
		memcpy(text, address.ptr ? address.ptr : "", address.len);
		text[address.len] = '\0';
		if (strlen(text) == address.len && inet_pton(t->cidr.family, text, t->cidr.network) == 1 &&
		    str_to_u64(bits, &length) && length <= (t->cidr.family == AF_INET ? 32 : 128)) {
			t->cidr.bits = (unsigned)length;
			return true;
		}
	}
	problems_add(c->problems, n, "expected an address block, as 10.0.0.0/24 or 2001:db8::/32");
	return false;
}

/* ---- numeric ---- */

static bool compile_bound(struct filter_compiler *c, const struct node *op, const struct node *n, struct bound *b)
{
	static const struct { struct str sign; enum bound_op op; } signs[] = {
		{ STR_INIT("="), BOUND_EQ }, { STR_INIT("<"), BOUND_LT }, { STR_INIT("<="), BOUND_LE },
		{ STR_INIT(">"), BOUND_GT }, { STR_INIT(">="), BOUND_GE },
	};
	bool known = false;

	for (size_t i = 0; op->kind == NODE_STRING && i < sizeof(signs) / sizeof(*signs); i++) {
		if (str_eq(op->text, signs[i].sign)) {
			b->op = signs[i].op;
			known = true;
		}
	}
	if (!known) {
		problems_add(c->problems, op, "numeric compares by =, <, <=, > or >= (for 'not equal' use anything-but)");
		return false;
	}
	if (is_number(n)) {
		b->number = keep_number(c, n);
		return b->number != NULL;
	}
	if (is_operand(n)) {
		b->operand = keep_operand(c, n);
		return b->operand != NULL;
	}
	problems_add(c->problems, n, "numeric compares with a number or a template such as \"${old.price}\", this is %s",
		     node_kind_name(n->kind));
	return false;
}

static bool is_lower(const struct bound *b)
{
	return b->op == BOUND_GT || b->op == BOUND_GE;
}

/* Two bounds must be a range that something can lie in. */
static bool check_range(struct filter_compiler *c, const struct node *n, struct bound bounds[2])
{
	const struct bound *low = is_lower(&bounds[0]) ? &bounds[0] : &bounds[1];
	const struct bound *high = low == &bounds[0] ? &bounds[1] : &bounds[0];

	if (high->op == BOUND_EQ || low->op == BOUND_EQ || !is_lower(low) || is_lower(high)) {
		problems_add(c->problems, n, "two comparisons must be a range, as [\">\", 0, \"<=\", 5]");
		return false;
	}
	if (low->number && high->number && number_compare(low->number, high->number) >= 0) {
		problems_add(c->problems, n, "the range is empty: its lower end must be below its upper end");
		return false;
	}
	return true;
}

static bool compile_numeric(struct filter_compiler *c, const struct node *n, struct test *t)
{
	const struct node *op;
	bool ok = true;

	t->op = TEST_NUMERIC;
	if (n->kind != NODE_ARRAY || (n->count != 2 && n->count != 4)) {
		problems_add(c->problems, n, "numeric takes a list of one or two comparisons, as [\"<\", 10] or "
			     "[\">\", 0, \"<=\", 5]");
		return false;
	}
	op = n->first;
	for (size_t i = 0; i < n->count / 2; i++, op = op->next->next)
		ok = compile_bound(c, op, op->next, &t->bounds[t->n_bounds++]) && ok;
	return ok && (t->n_bounds == 1 || check_range(c, n, t->bounds));
}

/* ---- exists, anything-but ---- */

static bool compile_exists(struct filter_compiler *c, const struct node *n, struct test *t)
{
	if (n->kind != NODE_BOOL) {
		problems_add(c->problems, n, "exists takes true or false, this is %s", node_kind_name(n->kind));
		return false;
	}
	t->op = n->b ? TEST_EXISTS : TEST_ABSENT;
	return true;
}

typedef bool compile_fn(struct filter_compiler *c, const struct node *n, struct test *t);

/* One operand or a list of them, each compiled by fn. */
static bool compile_each(struct filter_compiler *c, const struct node *n, compile_fn *fn, struct tests *out)
{
	bool list = n->kind == NODE_ARRAY, ok = true;

	if (list && n->count == 0) {
		problems_add(c->problems, n, "an empty list; expected values");
		return false;
	}
	out->items = arena_array(c->arena, list ? n->count : 1, sizeof(*out->items));
	if (!out->items)
		return filter_no_memory(c, n);
	for (const struct node *item = list ? n->first : n; item; item = list ? item->next : NULL) {
		if (!filter_count_node(c, item))
			return false;
		ok = fn(c, item, &out->items[out->count++]) && ok;
	}
	return ok;
}

static bool compile_anything_but(struct filter_compiler *c, const struct node *n, struct test *t)
{
	static const struct { struct str name; compile_fn *fn; } inner[] = {
		{ STR_INIT("prefix"), compile_prefix },
		{ STR_INIT("suffix"), compile_suffix },
		{ STR_INIT("equals-ignore-case"), compile_nocase },
		{ STR_INIT("wildcard"), compile_wildcard },
	};
	struct nearest nearest;
	const struct node *op;
	char hint[96];

	t->op = TEST_NONE_OF;
	if (n->kind != NODE_OBJECT)
		return compile_each(c, n, compile_value, &t->none_of);
	op = only_member(c, n);
	if (!op)
		return false;
	nearest = nearest_to(op->name);
	for (size_t i = 0; i < sizeof(inner) / sizeof(*inner); i++) {
		nearest_offer(&nearest, inner[i].name);
		if (str_eq(op->name, inner[i].name))
			return compile_each(c, op, inner[i].fn, &t->none_of);
	}
	problems_add(c->problems, op, "anything-but takes values, or prefix, suffix, equals-ignore-case or wildcard%s",
		     nearest_text(&nearest, hint, sizeof(hint)));
	return false;
}

/* ---- Conditions ---- */

static bool compile_operator(struct filter_compiler *c, const struct node *n, struct test *t)
{
	static const struct { struct str name; compile_fn *fn; } operators[] = {
		{ STR_INIT("prefix"), compile_prefix },
		{ STR_INIT("suffix"), compile_suffix },
		{ STR_INIT("anything-but"), compile_anything_but },
		{ STR_INIT("exists"), compile_exists },
		{ STR_INIT("numeric"), compile_numeric },
		{ STR_INIT("equals-ignore-case"), compile_nocase },
		{ STR_INIT("wildcard"), compile_wildcard },
		{ STR_INIT("cidr"), compile_cidr },
	};
	const struct node *op = only_member(c, n);
	struct nearest nearest;
	char hint[96];

	if (!op)
		return false;
	nearest = nearest_to(op->name);
	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		nearest_offer(&nearest, operators[i].name);
		if (str_eq(op->name, operators[i].name))
			return operators[i].fn(c, op, t);
	}
	problems_add(c->problems, op, "unknown operator '%.*s'; expected prefix, suffix, anything-but, exists, numeric, "
		     "equals-ignore-case, wildcard or cidr%s", STR_ARG(op->name), nearest_text(&nearest, hint, sizeof(hint)));
	return false;
}

static bool compile_test(struct filter_compiler *c, const struct node *n, struct test *t)
{
	return n->kind == NODE_OBJECT ? compile_operator(c, n, t) : compile_value(c, n, t);
}

bool filter_compile_tests(struct filter_compiler *c, const struct node *list, struct tests *out)
{
	return compile_each(c, list, compile_test, out);
}
