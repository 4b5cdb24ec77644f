#include "filter_impl.h"

#include "letter_case.h"

#include <arpa/inet.h>

static bool fail(struct filter_match *m)
{
	m->failed = true;
	return false;
}

/* The leaf's plain text; false after an error (half a surrogate pair). */
static bool plain_text(struct filter_match *m, const struct leaf *leaf)
{
	if (m->plain.ptr)
		return true;
	if (str_find_char(leaf->raw, '\\') == SIZE_MAX) {
		m->plain = leaf->raw.ptr ? leaf->raw : STR("");
		return true;
	}
	buf_clear(&m->text);
	if (!scan_unescape(leaf->raw, &m->text, m->err))
		return fail(m);
	m->plain = m->text.ptr ? buf_str(&m->text) : STR("");
	return true;
}

static bool leaf_number(struct filter_match *m, const struct leaf *leaf)
{
	if (leaf->kind != LEAF_NUMBER && !leaf->number_text)
		return false;
	if (m->number_state == NUMBER_UNKNOWN)
		m->number_state = number_parse(leaf->raw, &m->number, NULL) ? NUMBER_GOOD : NUMBER_BAD;
	return m->number_state == NUMBER_GOOD;
}

/* ---- Text ---- */

static bool starts_folded(struct str text, struct str folded, size_t *end)
{
	size_t at = 0, want = 0;

	while (want < folded.len) {
		if (at == text.len || letter_fold(utf8_next(text, &at)) != utf8_next(folded, &want))
			return false;
	}
	*end = at;
	return true;
}

static size_t letters(struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
	return n;
}

/* The last n letters. */
static struct str last_letters(struct str text, size_t n)
{
	size_t at = text.len;

	while (at > 0 && n > 0) {
		at--;
		n -= ((unsigned char)text.ptr[at] & 0xC0) != 0x80;
	}
	return str_from(text, at);
}

static bool matches_wildcard(struct str text, const struct wildcard *w)
{
	struct str first = w->pieces[0], last = w->pieces[w->count - 1];

	if (w->count == 1)
		return str_eq(text, first);
	if (!str_starts(text, first))
		return false;
	text = str_from(text, first.len);
	/* Between the anchored ends the leftmost place of each piece will do. */
	for (size_t i = 1; i + 1 < w->count; i++) {
		size_t at = str_find(text, w->pieces[i]);

		if (at == SIZE_MAX)
			return false;
		text = str_from(text, at + w->pieces[i].len);
	}
	return str_ends(text, last);
}

static bool in_block(struct str text, const struct cidr *block)
{
	char address[INET6_ADDRSTRLEN + 1];
	unsigned char bytes[16];
	unsigned whole = block->bits / 8, rest = block->bits % 8;

	if (text.len >= sizeof(address) || str_find_char(text, '\0') != SIZE_MAX)
		return false;
	memcpy(address, text.ptr, text.len);
	address[text.len] = '\0';
	if (inet_pton(block->family, address, bytes) != 1 || memcmp(bytes, block->network, whole) != 0)
		return false;
	return rest == 0 || ((bytes[whole] ^ block->network[whole]) & (0xFF00u >> rest & 0xFFu)) == 0;
}

static bool test_text(const struct test *t, struct str text)
{
	size_t end;

	switch (t->op) {
	case TEST_STRING:
		return str_eq(text, t->text);
	case TEST_PREFIX:
		return str_starts(text, t->text);
	case TEST_SUFFIX:
		return str_ends(text, t->text);
	case TEST_EQUAL_NOCASE:
		return starts_folded(text, t->text, &end) && end == text.len;
	case TEST_PREFIX_NOCASE:
		return starts_folded(text, t->text, &end);
	case TEST_SUFFIX_NOCASE:
		text = last_letters(text, letters(t->text));
		return starts_folded(text, t->text, &end) && end == text.len;
	case TEST_WILDCARD:
		return matches_wildcard(text, &t->wildcard);
	case TEST_CIDR:
		return in_block(text, &t->cidr);
	default:
		return false;
	}
}

/* ---- Operands ---- */

/* TEMPLATE_VALUE, or a missing value, or an error (kept in m). */
static enum template_got operand(struct filter_match *m, const struct template *t, struct template_operand *out)
{
	static const struct template_context nothing;
	enum template_got got = template_operand(t, m->context ? m->context : &nothing, &m->operand, out, m->err);

	if (got == TEMPLATE_FAILED)
		fail(m);
	return got;
}

static bool equals_operand(struct filter_match *m, const struct leaf *leaf, const struct template_operand *o)
{
	struct number number;

	switch (o->type) {
	case VALUE_N:
		return leaf_number(m, leaf) && number_parse(o->text, &number, NULL) &&
		       number_compare(&m->number, &number) == 0;
	case VALUE_BOOL:
		return leaf->kind == LEAF_BOOL && leaf->truth == str_eq(o->text, STR("true"));
	case VALUE_NULL:
		return leaf->kind == LEAF_NULL;
	default:
		return leaf->kind == LEAF_STRING && plain_text(m, leaf) && str_eq(m->plain, o->text);
	}
}

static struct str operand_name(const struct template *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->parts[i].reference)
			return t->parts[i].reference->name;
	return STR("");
}

static bool bound_operand(struct filter_match *m, const struct bound *b, struct number *out)
{
	struct template_operand o;

	if (operand(m, b->operand, &o) != TEMPLATE_VALUE)
		return false;
	if (o.type <= VALUE_N && number_parse(o.text, out, NULL))
		return true;
	err_set(m->err, ERR_DATA, "filter.operand",
		"a filter compares with ${%.*s}, which is no number in this record but a value of type %s",
		STR_ARG(operand_name(b->operand)), value_type_name(o.type));
	return fail(m);
}

static bool test_bound(struct filter_match *m, const struct bound *b)
{
	const struct number *limit = b->number;
	struct number filled;
	int order;

	if (!limit) {
		if (!bound_operand(m, b, &filled))
			return false;
		limit = &filled;
	}
	order = number_compare(&m->number, limit);
	switch (b->op) {
	case BOUND_EQ:
		return order == 0;
	case BOUND_LT:
		return order < 0;
	case BOUND_LE:
		return order <= 0;
	case BOUND_GT:
		return order > 0;
	case BOUND_GE:
		return order >= 0;
	}
	return false;
}

static bool test_operand(struct filter_match *m, const struct template *t, const struct leaf *leaf)
{
	struct template_operand o;

	return operand(m, t, &o) == TEMPLATE_VALUE && equals_operand(m, leaf, &o);
}

/* ---- Tests ---- */

static bool test_number(struct filter_match *m, const struct test *t, const struct leaf *leaf)
{
	if (!leaf_number(m, leaf))
		return false;
	if (t->op == TEST_NUMBER)
		return number_compare(&m->number, t->number) == 0;
	for (size_t i = 0; i < t->n_bounds; i++)
		if (!test_bound(m, &t->bounds[i]))
			return false;
	return true;
}

static bool none_of(struct filter_match *m, const struct tests *tests, const struct leaf *leaf);

static bool test_leaf(struct filter_match *m, const struct test *t, const struct leaf *leaf)
{
	switch (t->op) {
	case TEST_BOOL:
		return leaf->kind == LEAF_BOOL && leaf->truth == t->truth;
	case TEST_NULL:
		return leaf->kind == LEAF_NULL;
	case TEST_EXISTS:
		return true;
	case TEST_ABSENT:
		return false;
	case TEST_NONE_OF:
		return none_of(m, &t->none_of, leaf);
	case TEST_NUMBER:
	case TEST_NUMERIC:
		return test_number(m, t, leaf);
	case TEST_OPERAND:
		return test_operand(m, t->operand, leaf);
	default:
		return leaf->kind == LEAF_STRING && plain_text(m, leaf) && test_text(t, m->plain);
	}
}

/* anything-but. A missing operand does not match, neither here. */
static bool none_of(struct filter_match *m, const struct tests *tests, const struct leaf *leaf)
{
	for (size_t i = 0; i < tests->count; i++) {
		const struct test *t = &tests->items[i];
		struct template_operand o;

		if (t->op != TEST_OPERAND) {
			if (test_leaf(m, t, leaf) || m->failed)
				return false;
			continue;
		}
		if (operand(m, t->operand, &o) != TEMPLATE_VALUE || equals_operand(m, leaf, &o) || m->failed)
			return false;
	}
	return true;
}

bool filter_test_leaf(struct filter_match *m, const struct tests *tests, const struct leaf *leaf)
{
	m->plain = str_of(NULL, 0);
	m->number_state = NUMBER_UNKNOWN;
	for (size_t i = 0; i < tests->count; i++) {
		if (test_leaf(m, &tests->items[i], leaf))
			return true;
		if (m->failed)
			return false;
	}
	return false;
}
