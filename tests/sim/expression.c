/* The expressions of sim/item: a recursive descent over their text. */
#include "sim/item.h"
#include "sluice/item/number.h"

#include <stdio.h>

enum token_type { T_END, T_WORD, T_NAME, T_VALUE, T_SIGN };

struct reader {
	struct str rest;
	enum token_type type;
	struct str token;
	const struct sim_names *names;
	const struct sim_item *item;
	struct err *err;
	bool failed;
};

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void next(struct reader *r)
{
	size_t n = 1;

	r->rest = str_trim(r->rest);
	if (r->rest.len == 0) {
		r->type = T_END;
		r->token = STR("end");
		return;
	}
	r->type = *r->rest.ptr == '#'       ? T_NAME
		  : *r->rest.ptr == ':'     ? T_VALUE
		  : word_char(*r->rest.ptr) ? T_WORD
					    : T_SIGN;
	if (r->type != T_SIGN)
		while (n < r->rest.len && word_char(r->rest.ptr[n]))
			n++;
	else if (r->rest.len > 1 &&
		 (str_starts(r->rest, STR("<>")) || str_starts(r->rest, STR("<=")) || str_starts(r->rest, STR(">="))))
		n = 2;
	r->token = str_sub(r->rest, 0, n);
	r->rest = str_from(r->rest, n);
}

static void start(struct reader *r, struct str text, const struct sim_names *names, const struct sim_item *item,
		  struct err *err)
{
	*r = (struct reader){ .rest = text, .names = names, .item = item, .err = err };
	next(r);
}

static bool bad(struct reader *r, const char *what)
{
	if (!r->failed)
		err_set(r->err, ERR_DATA, "ValidationException", "Invalid expression: %s, near: \"%.*s%.*s\"", what,
			STR_ARG(r->token), STR_ARG(r->rest));
	r->failed = true;
	r->type = T_END;
	return false;
}

static bool is(const struct reader *r, const char *text)
{
	return r->type == T_WORD ? str_eq_nocase(r->token, str_c(text)) : str_eq(r->token, str_c(text));
}

static bool take(struct reader *r, const char *text)
{
	if (r->type == T_END || !is(r, text))
		return false;
	next(r);
	return true;
}

static void expect(struct reader *r, const char *text)
{
	if (!take(r, text))
		bad(r, text);
}

/* A member of a JSON object whose name begins with # or :. */
static bool look_up(struct str object, struct str name, struct str *out)
{
	return object.len > 0 && scan_member(object, name, out);
}

static struct str path(struct reader *r)
{
	struct str name = r->token, found;

	if (r->type == T_NAME) {
		if (!look_up(r->names->names, name, &found) || found.len < 2)
			bad(r, "An expression attribute name used in the expression is not defined");
		else
			name = str_sub(found, 1, found.len - 2);
	} else if (r->type != T_WORD) {
		bad(r, "an attribute was expected");
	}
	next(r);
	if (r->type == T_SIGN && (is(r, ".") || is(r, "[")))
		bad(r, "nested paths are not part of this model");
	return name;
}

static struct value given(struct reader *r)
{
	struct value v = { VALUE_NONE, { NULL, 0 } };
	struct str found;

	if (r->type != T_VALUE || !look_up(r->names->values, r->token, &found) || !value_read(found, &v, NULL))
		bad(r, "An expression attribute value used in expression is not defined");
	next(r);
	return v;
}

static struct value operand(struct reader *r)
{
	return r->type == T_VALUE ? given(r) : sim_item_get(r->item, path(r));
}

static bool compare(struct value a, struct value b, struct str sign)
{
	int order;

	if (str_eq(sign, STR("=")))
		return a.type != VALUE_NONE && value_eq(a, b);
	if (str_eq(sign, STR("<>")))
		return a.type == VALUE_NONE || !value_eq(a, b);
	if (a.type == VALUE_NONE || b.type == VALUE_NONE || !value_compare(a, b, &order))
		return false;
	switch (sign.ptr[0]) {
	case '<':
		return sign.len == 2 ? order <= 0 : order < 0;
	default:
		return sign.len == 2 ? order >= 0 : order > 0;
	}
}

static bool begins_with(struct value v, struct value prefix)
{
	return v.type == VALUE_S && prefix.type == VALUE_S && str_starts(v.raw, prefix.raw);
}

static bool any_of(struct reader *r, struct value v)
{
	bool found = false;

	expect(r, "(");
	do
		found = compare(v, operand(r), STR("=")) || found;
	while (take(r, ","));
	expect(r, ")");
	return found;
}

static bool comparison(struct reader *r)
{
	struct value v = operand(r), low, high;
	struct str sign = r->token;

	if (take(r, "BETWEEN")) {
		low = operand(r);
		expect(r, "AND");
		high = operand(r);
		return compare(v, low, STR(">=")) && compare(v, high, STR("<="));
	}
	if (take(r, "IN"))
		return any_of(r, v);
	if (r->type != T_SIGN || !strchr("=<>", sign.ptr[0]))
		return bad(r, "a comparison was expected");
	next(r);
	return compare(v, operand(r), sign);
}

static bool disjunction(struct reader *r);

static bool primary(struct reader *r)
{
	bool holds;

	if (take(r, "("))
		holds = disjunction(r);
	else if (take(r, "attribute_exists")) {
		expect(r, "(");
		holds = sim_item_get(r->item, path(r)).type != VALUE_NONE;
	} else if (take(r, "attribute_not_exists")) {
		expect(r, "(");
		holds = sim_item_get(r->item, path(r)).type == VALUE_NONE;
	} else if (take(r, "begins_with")) {
		struct value v;

		expect(r, "(");
		v = operand(r);
		expect(r, ",");
		holds = begins_with(v, operand(r));
	} else {
		return comparison(r);
	}
	expect(r, ")");
	return holds;
}

static bool negation(struct reader *r)
{
	if (take(r, "NOT"))
		return !negation(r);
	return primary(r);
}

static bool conjunction(struct reader *r)
{
	bool holds = negation(r);

	while (take(r, "AND"))
		holds = negation(r) && holds;
	return holds;
}

static bool disjunction(struct reader *r)
{
	bool holds = conjunction(r);

	while (take(r, "OR"))
		holds = conjunction(r) || holds;
	return holds;
}

bool sim_condition(struct str text, const struct sim_names *n, const struct sim_item *item, bool *holds,
		   struct err *err)
{
	struct reader r;

	start(&r, text, n, item, err);
	*holds = disjunction(&r);
	if (!r.failed && r.type != T_END)
		bad(&r, "text behind the condition");
	return !r.failed;
}

/* ---- updates: all read the item as it was ---- */

struct updating {
	struct reader r;
	struct sim_item *after;
};

static bool sum(struct value a, struct value b, bool minus, struct buf *out)
{
	struct number x, y;

	if (a.type != VALUE_N || b.type != VALUE_N || !number_parse(a.raw, &x, NULL) || !number_parse(b.raw, &y, NULL))
		return false;
	if (minus)
		number_negate(&y);
	if (!number_add(&x, &y, NULL) || !number_fits(&x))
		return false;
	return buf_puts(out, "{\"N\":\"") && number_write(&x, out) && buf_puts(out, "\"}");
}

static struct value set_operand(struct reader *r)
{
	struct value v, other;

	if (!take(r, "if_not_exists"))
		return operand(r);
	expect(r, "(");
	v = sim_item_get(r->item, path(r));
	expect(r, ",");
	other = operand(r);
	expect(r, ")");
	return v.type == VALUE_NONE ? other : v;
}

static void set_one(struct updating *u)
{
	struct reader *r = &u->r;
	struct str name = path(r);
	struct value v;
	struct buf text;
	bool plus, ok = true;

	expect(r, "=");
	v = set_operand(r);
	buf_init(&text, 1 << 20);
	plus = is(r, "+") && r->type == T_SIGN;
	if (plus || (is(r, "-") && r->type == T_SIGN)) {
		next(r);
		ok = sum(v, set_operand(r), !plus, &text);
	} else {
		ok = value_write(v, &text);
	}
	if (!ok)
		bad(r, "An operand in the update expression has an incorrect data type");
	else
		sim_item_set(u->after, name, buf_str(&text));
	buf_release(&text);
}

static void add_one(struct updating *u)
{
	struct reader *r = &u->r;
	struct str name = path(r);
	struct value there = sim_item_get(r->item, name), by = given(r);
	const struct value zero = { VALUE_N, STR("0") };
	struct buf text;

	buf_init(&text, 4096);
	if (!sum(there.type == VALUE_NONE ? zero : there, by, false, &text))
		bad(r, "An operand in the update expression has an incorrect data type");
	else
		sim_item_set(u->after, name, buf_str(&text));
	buf_release(&text);
}

static void remove_one(struct updating *u)
{
	sim_item_remove(u->after, path(&u->r));
}

static void each(struct updating *u, void (*one)(struct updating *u))
{
	do
		one(u);
	while (!u->r.failed && take(&u->r, ","));
}

bool sim_update(struct str text, const struct sim_names *n, struct sim_item *item, struct err *err)
{
	struct sim_item before;
	struct updating u = { .after = item };

	sim_item_copy(item, &before);
	start(&u.r, text, n, &before, err);
	while (!u.r.failed && u.r.type != T_END) {
		if (take(&u.r, "SET"))
			each(&u, set_one);
		else if (take(&u.r, "ADD"))
			each(&u, add_one);
		else if (take(&u.r, "REMOVE"))
			each(&u, remove_one);
		else
			bad(&u.r, "SET, ADD or REMOVE was expected");
	}
	sim_item_release(&before);
	return !u.r.failed;
}

static bool mentions(struct str text, struct str name)
{
	struct reader r;

	start(&r, text, NULL, NULL, NULL);
	while (r.type != T_END && !str_eq(r.token, name))
		next(&r);
	return r.type != T_END;
}

static bool all_used(struct str object, const struct str *texts, size_t n, struct err *err)
{
	struct scan s;
	struct scan_token t;
	struct str value;

	scan_init_trusted(&s, object);
	if (object.len == 0 || scan_next(&s, &t) != SCAN_OBJECT_BEGIN)
		return true;
	while (scan_next(&s, &t) == SCAN_KEY) {
		bool used = false;

		for (size_t i = 0; i < n; i++)
			used = used || mentions(texts[i], t.text);
		if (!used)
			return err_set(err, ERR_DATA, "ValidationException",
				       "Value provided in ExpressionAttributeNames or Values unused in expressions: "
				       "keys: {%.*s}",
				       STR_ARG(t.text));
		scan_value(&s, &value);
	}
	return true;
}

bool sim_names_used(const struct sim_names *n, const struct str *texts, size_t n_texts, struct err *err)
{
	return all_used(n->names, texts, n_texts, err) && all_used(n->values, texts, n_texts, err);
}
