#include "attribute_check.h"

#include "sluice/core/mem.h"
#include "sluice/core/node.h"
#include "sluice/item/base64.h"
#include "sluice/item/number.h"

#include <stdlib.h>

enum { CONTAINER_BYTES = 3, ELEMENT_BYTES = 1, SHOWN = 60 };

static bool check_value(struct findings_list *f, const struct node *n, unsigned depth);

static bool refuse(struct findings_list *f, const char *code, const struct node *at, const char *fix, const char *text)
{
	if (!at->broken)
		finding_add(f, FINDING_ERROR, code, at, fix, "%s", text);
	return false;
}

/* --- scalars --------------------------------------------------------------- */

static bool check_number(struct findings_list *f, const struct node *n)
{
	struct number number;
	struct err err;

	if (n->kind != NODE_STRING)
		return refuse(f, "value-type", n, "Numbers travel as text: {\"N\": \"79.90\"}.", "expected a number as a string");
	if (!number_parse(n->text, &number, &err) && err_is(&err, "number.malformed")) {
		finding_add(f, FINDING_ERROR, "value-number", n, NULL, "\"%.*s\" is no number",
			    STR_ARG(str_sub(n->text, 0, SHOWN)));
		return false;
	}
	if (!number_parse(n->text, &number, &err) || !number_fits(&number)) {
		finding_add(f, FINDING_ERROR, "value-number", n, "Keep longer numbers as a string.",
			    "DynamoDB keeps numbers of at most 38 significant digits, from 1E-130 to 9.99E+125");
		return false;
	}
	return true;
}

static bool check_binary(struct findings_list *f, const struct node *n)
{
	if (n->kind == NODE_STRING && base64_valid(n->text))
		return true;
	return refuse(f, "value-binary", n, NULL, "expected binary as a base64 string with its padding");
}

static bool check_string(struct findings_list *f, const struct node *n)
{
	if (n->kind == NODE_STRING)
		return !n->broken;
	return refuse(f, "value-type", n, NULL, "expected a string");
}

static bool check_scalar(struct findings_list *f, enum value_type type, const struct node *n)
{
	if (type == VALUE_N)
		return check_number(f, n);
	return type == VALUE_B ? check_binary(f, n) : check_string(f, n);
}

/* --- sets ------------------------------------------------------------------ */

static enum value_type element_type(enum value_type set)
{
	return set == VALUE_NS ? VALUE_N : set == VALUE_BS ? VALUE_B : VALUE_S;
}

struct member {
	struct str text;          /* numbers: canonical, {NULL, 0}: that of the node */
	const struct node *at;
};

static int by_text(const void *one, const void *other)
{
	const struct member *a = one, *b = other;
	int order = str_cmp(a->text, b->text);

	return order ? order : (a->at->index > b->at->index) - (a->at->index < b->at->index);
}

/* Equal numbers have equal texts; 1.0 and 1 are one member. */
static struct str member_text(enum value_type type, const struct node *n, struct buf *texts)
{
	size_t begin = texts->len;
	struct number number;

	if (type != VALUE_N || !number_parse(n->text, &number, NULL) || !number_write(&number, texts))
		return n->text;
	return str_of(texts->ptr + begin, texts->len - begin);
}

static bool check_duplicates(struct findings_list *f, enum value_type type, const struct node *set)
{
	enum { NUMBER_BYTES = 64 };
	struct member *members = mem_array(set->count, sizeof(*members));
	struct buf texts;
	bool ok = true;
	size_t n = 0;

	buf_init(&texts, set->count * NUMBER_BYTES);
	if (type == VALUE_N)
		buf_reserve(&texts, set->count * NUMBER_BYTES); /* so that texts stay where they are */
	for (const struct node *it = set->first; it; it = it->next)
		members[n++] = (struct member){ member_text(type, it, &texts), it };
	qsort(members, n, sizeof(*members), by_text);
	for (size_t i = 1; i < n; i++)
		if (str_eq(members[i - 1].text, members[i].text))
			ok = refuse(f, "value-set", members[i].at, NULL, "this member stands twice in the set");
	buf_release(&texts);
	mem_free(members);
	return ok;
}

static bool check_set(struct findings_list *f, enum value_type set, const struct node *n)
{
	enum value_type type = element_type(set);
	bool ok = true;

	if (n->kind != NODE_ARRAY)
		return refuse(f, "value-type", n, NULL, "expected an array of strings");
	if (n->count == 0)
		return refuse(f, "value-set", n, "Leave the attribute out instead.", "DynamoDB has no empty sets");
	for (const struct node *it = n->first; it; it = it->next)
		ok &= check_scalar(f, type, it);
	return ok && check_duplicates(f, type, n);
}

/* --- the rest -------------------------------------------------------------- */

static bool check_container(struct findings_list *f, enum value_type type, const struct node *n, unsigned depth)
{
	bool ok = true;

	if (n->kind != (type == VALUE_M ? NODE_OBJECT : NODE_ARRAY))
		return refuse(f, "value-type", n, NULL, type == VALUE_M ? "expected an object of attribute values"
			      : "expected an array of attribute values");
	if (depth > VALUE_MAX_DEPTH)
		return refuse(f, "value-depth", n, NULL, "maps and lists are nested more than 32 deep, DynamoDB's limit");
	for (const struct node *it = n->first; it; it = it->next)
		ok &= check_value(f, it, depth + 1);
	return ok;
}

static bool check_typed(struct findings_list *f, enum value_type type, const struct node *n, unsigned depth)
{
	switch (type) {
	case VALUE_S:
	case VALUE_N:
	case VALUE_B:
		return check_scalar(f, type, n);
	case VALUE_SS:
	case VALUE_NS:
	case VALUE_BS:
		return check_set(f, type, n);
	case VALUE_BOOL:
		return n->kind == NODE_BOOL || refuse(f, "value-type", n, NULL, "expected true or false");
	case VALUE_NULL:
		return (n->kind == NODE_BOOL && n->b) || refuse(f, "value-type", n, NULL, "expected true: {\"NULL\": true}");
	default:
		return check_container(f, type, n, depth);
	}
}

static bool check_value(struct findings_list *f, const struct node *n, unsigned depth)
{
	enum value_type type;

	if (n->kind != NODE_OBJECT || n->count != 1)
		return refuse(f, "value-type", n, "Attribute values name their type: {\"S\": \"text\"}, {\"N\": \"7\"}, {\"BOOL\": true}.",
			      "expected an attribute value, an object with one member");
	type = value_type_of(n->first->name);
	if (type == VALUE_NONE)
		return refuse(f, "value-type", n->first, NULL,
			      "there is no such type; expected S, N, B, BOOL, NULL, M, L, SS, NS or BS");
	return check_typed(f, type, n->first, depth);
}

bool attribute_check_item(struct findings_list *f, const struct node *item)
{
	bool ok = true;

	for (const struct node *n = item->first; n; n = n->next) {
		if (n->name.len == 0 || n->name.len > 65535)
			ok = refuse(f, "value-name", n, NULL, "an attribute's name has 1 to 65,535 bytes");
		ok &= check_value(f, n, 1);
	}
	return ok;
}

/* --- sizes ----------------------------------------------------------------- */

enum value_type attribute_type(const struct node *value)
{
	return value->kind == NODE_OBJECT && value->first ? value_type_of(value->first->name) : VALUE_NONE;
}

static size_t number_bytes(struct str text)
{
	struct number number;

	if (!number_parse(text, &number, NULL))
		return text.len;
	return (number.count + 1) / 2 + 1 + number.negative;
}

static size_t binary_bytes(struct str text)
{
	size_t padding = (text.len > 0 && text.ptr[text.len - 1] == '=') + (text.len > 1 && text.ptr[text.len - 2] == '=');

	return text.len / 4 * 3 - (text.len >= 4 ? padding : 0);
}

static size_t scalar_bytes(enum value_type type, struct str text)
{
	return type == VALUE_N ? number_bytes(text) : type == VALUE_B ? binary_bytes(text) : text.len;
}

size_t attribute_bytes(const struct node *value)
{
	enum value_type type = attribute_type(value);
	const struct node *content = value->first;
	size_t sum = 0;

	switch (type) {
	case VALUE_S:
	case VALUE_N:
	case VALUE_B:
		return scalar_bytes(type, content->text);
	case VALUE_SS:
	case VALUE_NS:
	case VALUE_BS:
		for (const struct node *it = content->first; it; it = it->next)
			sum += scalar_bytes(element_type(type), it->text);
		return sum;
	case VALUE_M:
	case VALUE_L:
		for (const struct node *it = content->first; it; it = it->next)
			sum += it->name.len + attribute_bytes(it) + ELEMENT_BYTES;
		return sum + CONTAINER_BYTES;
	default:
		return 1;
	}
}

size_t attribute_item_bytes(const struct node *item)
{
	size_t sum = 0;

	for (const struct node *n = item->first; n; n = n->next)
		sum += n->name.len + attribute_bytes(n);
	return sum;
}
