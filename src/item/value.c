#include "sluice/item/value.h"

#include "sluice/item/base64.h"
#include "sluice/item/number.h"

/* What stands for a type on the wire: its name and its JSON value's first character. */
static const struct kind {
	struct str name;
	char opens, also;
} kinds[] = {
	[VALUE_NONE] = { STR_INIT(""), 0, 0 },
	[VALUE_S] = { STR_INIT("S"), '"', '"' },
	[VALUE_N] = { STR_INIT("N"), '"', '"' },
	[VALUE_B] = { STR_INIT("B"), '"', '"' },
	[VALUE_BOOL] = { STR_INIT("BOOL"), 't', 'f' },
	[VALUE_NULL] = { STR_INIT("NULL"), 't', 't' },
	[VALUE_M] = { STR_INIT("M"), '{', '{' },
	[VALUE_L] = { STR_INIT("L"), '[', '[' },
	[VALUE_SS] = { STR_INIT("SS"), '[', '[' },
	[VALUE_NS] = { STR_INIT("NS"), '[', '[' },
	[VALUE_BS] = { STR_INIT("BS"), '[', '[' },
};

const char *value_type_name(enum value_type type)
{
	return type == VALUE_NONE ? "nothing" : kinds[type].name.ptr;
}

enum value_type value_type_of(struct str name)
{
	for (enum value_type type = VALUE_S; type <= VALUE_BS; type++)
		if (str_eq(kinds[type].name, name))
			return type;
	return VALUE_NONE;
}

static bool malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_DATA, "value.malformed", "an attribute value is malformed: %s; expected {\"S\": \"text\"} "
		       "or another of the types S N B BOOL NULL M L SS NS BS", what);
}

/* The value of a type whose JSON value is `json`. */
static bool from_json(enum value_type type, struct str json, struct value *out)
{
	char first = json.ptr[0];

	if (first != kinds[type].opens && first != kinds[type].also)
		return false;
	out->type = type;
	out->raw = first == '"' ? str_of(json.ptr + 1, json.len - 2) : json;
	return true;
}

/* Reads {"S": ..} where a scan expects a value. */
static bool read_value(struct scan *s, struct value *out, struct err *err)
{
	struct scan_token token;
	enum value_type type;
	struct str json;
	char tag;

	if (scan_tagged(s, &tag, &token)) {
		*out = (struct value){ tag == 'S' ? VALUE_S : tag == 'N' ? VALUE_N : tag == 'B' ? VALUE_B : VALUE_NONE, token.text };
		return out->type != VALUE_NONE || malformed(err, "its type is unknown");
	}
	if (scan_next(s, &token) != SCAN_OBJECT_BEGIN)
		return malformed(err, "it is no object");
	if (scan_next(s, &token) != SCAN_KEY)
		return malformed(err, "it names no type");
	type = value_type_of(token.text);
	if (type == VALUE_NONE)
		return malformed(err, "its type is unknown");
	if (!scan_value(s, &json) || !from_json(type, json, out))
		return malformed(err, "its content does not fit its type");
	if (scan_next(s, &token) != SCAN_OBJECT_END)
		return malformed(err, "it has more than one type");
	return true;
}

bool value_read(struct str json, struct value *out, struct err *err)
{
	struct scan s;

	*out = (struct value){ .type = VALUE_NONE };
	scan_init_trusted(&s, json);
	return read_value(&s, out, err);
}

/* ---- Walking ---- */

static bool is_set(enum value_type type)
{
	return type == VALUE_SS || type == VALUE_NS || type == VALUE_BS;
}

static enum value_type element_type(enum value_type set)
{
	return set == VALUE_SS ? VALUE_S : set == VALUE_NS ? VALUE_N : VALUE_B;
}

void value_iter_init(struct value_iter *it, struct value container)
{
	bool walks = container.type == VALUE_M || container.type == VALUE_L || is_set(container.type);
	struct scan_token begin;

	*it = (struct value_iter){ .type = walks ? container.type : VALUE_NONE };
	scan_init_trusted(&it->scan, container.raw);
	if (walks)
		scan_next(&it->scan, &begin);
}

/* Of a walk. */
enum step { STEP_ELEMENT, STEP_END, STEP_MALFORMED };

static enum step bad(struct err *err, const char *what)
{
	malformed(err, what);
	return STEP_MALFORMED;
}

static enum step next_element(struct value_iter *it, struct value *out, struct err *err)
{
	struct str json;

	if (!scan_value(&it->scan, &json))
		return scan_failed(&it->scan) ? bad(err, "its text is cut") : STEP_END;
	if (it->type == VALUE_L)
		return value_read(json, out, err) ? STEP_ELEMENT : STEP_MALFORMED;
	if (json.ptr[0] != '"')
		return bad(err, "an element of a set is no string");
	*out = (struct value){ element_type(it->type), str_of(json.ptr + 1, json.len - 2) };
	return STEP_ELEMENT;
}

static enum step next_member(struct value_iter *it, struct str *name, struct value *out, struct err *err)
{
	struct scan_token key;

	switch (scan_next(&it->scan, &key)) {
	case SCAN_KEY:
		if (name)
			*name = key.text;
		it->escaped = key.escaped;
		return read_value(&it->scan, out, err) ? STEP_ELEMENT : STEP_MALFORMED;
	case SCAN_OBJECT_END:
	case SCAN_END:
		return STEP_END;
	default:
		return bad(err, "its text is cut");
	}
}

static enum step step(struct value_iter *it, struct str *name, struct value *out, struct err *err)
{
	*out = (struct value){ .type = VALUE_NONE };
	if (it->type == VALUE_NONE)
		return STEP_END;
	return it->type == VALUE_M ? next_member(it, name, out, err) : next_element(it, out, err);
}

bool value_iter_next(struct value_iter *it, struct str *name, struct value *out, struct err *err)
{
	enum step got = step(it, name, out, err);

	if (got != STEP_ELEMENT)
		out->type = VALUE_NONE;
	if (got == STEP_MALFORMED)
		it->type = VALUE_NONE;
	if (got == STEP_END && err)
		err->class = ERR_NONE;
	return got == STEP_ELEMENT;
}

bool value_get(struct value map, struct str name, struct value *out)
{
	struct str json;

	*out = (struct value){ .type = VALUE_NONE };
	if (map.type != VALUE_M || !scan_member(map.raw, name, &json))
		return false;
	if (value_read(json, out, NULL))
		return true;
	out->type = VALUE_NONE;
	return false;
}

/* ---- Text from outside ---- */

static bool check_text(struct value v, struct err *err)
{
	struct number n;

	if (v.type == VALUE_N)
		return number_parse(v.raw, &n, err);
	if (v.type == VALUE_B && str_find_char(v.raw, '\\') == SIZE_MAX && !base64_valid(v.raw))
		return malformed(err, "its binary is no base64");
	return true;
}

static bool check_value(struct value v, unsigned depth, struct err *err)
{
	struct value_iter it;
	struct value element;
	enum step got;

	if (v.type < VALUE_M)
		return check_text(v, err);
	if (depth > VALUE_MAX_DEPTH)
		return err_set(err, ERR_DATA, "value.depth", "maps and lists are nested more than %d deep, DynamoDB's limit",
			       VALUE_MAX_DEPTH);
	value_iter_init(&it, v);
	while ((got = step(&it, NULL, &element, err)) == STEP_ELEMENT)
		if (!check_value(element, depth + 1, err))
			return false;
	return got == STEP_END;
}

bool value_parse(struct str json, struct value *out, struct err *err)
{
	*out = (struct value){ .type = VALUE_NONE };
	return scan_check(json, err) && value_read(json, out, err) && check_value(*out, 1, err);
}

bool value_parse_image(struct str object, struct value *out, struct err *err)
{
	*out = (struct value){ .type = VALUE_NONE };
	if (!scan_check(object, err))
		return false;
	object = str_trim(object);
	if (object.ptr[0] != '{')
		return malformed(err, "an item is no object");
	*out = value_image(object);
	return check_value(*out, 0, err);
}

/* ---- Text ---- */

static bool unescape(struct str content, struct arena *a, struct str *out, struct err *err)
{
	struct buf text;
	bool ok;

	buf_init(&text, content.len); /* plain text is never longer */
	ok = scan_unescape(content, &text, err);
	if (ok) {
		*out = arena_dup(a, buf_str(&text));
		ok = out->ptr || err_set(err, ERR_FATAL, "arena.full", "text of %zu bytes does not fit into its arena of %zu",
					 text.len, a->max);
	}
	buf_release(&text);
	return ok;
}

bool value_text(struct value v, struct arena *a, struct str *out, struct err *err)
{
	switch (v.type) {
	case VALUE_S:
	case VALUE_B:
		if (str_find_char(v.raw, '\\') != SIZE_MAX)
			return unescape(v.raw, a, out, err);
		/* fall through */
	case VALUE_N:
	case VALUE_BOOL:
		*out = v.raw;
		return true;
	default:
		return err_set(err, ERR_DATA, "value.type", "a value of type %s has no text; expected S, N, B or BOOL",
			       value_type_name(v.type));
	}
}

bool value_write(struct value v, struct buf *out)
{
	struct str quote = v.type == VALUE_S || v.type == VALUE_N || v.type == VALUE_B ? STR("\"") : STR("");

	if (v.type == VALUE_NONE)
		return false;
	buf_put(out, STR("{\""));
	buf_put(out, kinds[v.type].name);
	buf_put(out, STR("\":"));
	buf_put(out, quote);
	buf_put(out, v.raw);
	buf_put(out, quote);
	buf_putc(out, '}');
	return buf_ok(out);
}
