#include "sluice/item/key.h"

#include "sluice/core/json_write.h"
#include "sluice/item/number.h"

enum { MAX_ATTRIBUTES = 2 };

struct attribute {
	struct str name;
	struct value value;
};

static bool malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_DATA, "key.malformed", "an item's key is malformed: %s; expected one or two attributes of type "
		       "S, N or B", what);
}

static size_t read_attributes(struct value keys, struct attribute out[MAX_ATTRIBUTES], struct err *err)
{
	struct value_iter it;
	struct attribute next;
	size_t n = 0;
	struct err inner = { 0 };

	value_iter_init(&it, keys);
	while (value_iter_next(&it, &next.name, &next.value, &inner)) {
		if (n == MAX_ATTRIBUTES) {
			malformed(err, "it has more");
			return 0;
		}
		out[n++] = next;
	}
	if (inner.class != ERR_NONE) {
		malformed(err, inner.text);
		return 0;
	}
	if (n == 0)
		malformed(err, "it has none");
	return n;
}

/* Content in the one form that json_escape() gives. */
static bool put_text(struct str content, struct buf *out)
{
	struct buf plain;
	bool ok;

	if (str_find_char(content, '\\') == SIZE_MAX)
		return buf_put(out, content);
	buf_init(&plain, content.len);
	ok = scan_unescape(content, &plain, NULL) && json_escape(out, buf_str(&plain));
	buf_release(&plain);
	return ok;
}

static bool put_string(struct str content, struct buf *out)
{
	buf_putc(out, '"');
	return put_text(content, out) && buf_putc(out, '"');
}

static bool put_number(struct str text, struct buf *out)
{
	struct number n;

	return number_parse(text, &n, NULL) && number_write(&n, out);
}

static bool put_attribute(const struct attribute *a, struct buf *out, struct err *err)
{
	bool ok = put_string(a->name, out) && buf_putc(out, ':');

	switch (a->value.type) {
	case VALUE_S:
	case VALUE_B:
		ok = ok && put_string(a->value.raw, out);
		break;
	case VALUE_N:
		ok = ok && put_number(a->value.raw, out);
		break;
	default:
		return malformed(err, "an attribute has another type");
	}
	if (!ok && !buf_ok(out))
		return err_set(err, ERR_FATAL, "buf.full", "an item's key does not fit into %zu bytes", out->max);
	return ok || malformed(err, "an attribute's text or number is malformed");
}

bool key_write(struct value keys, struct buf *out, struct err *err)
{
	struct attribute attributes[MAX_ATTRIBUTES];
	size_t n = read_attributes(keys, attributes, err), start = out->len;
	int order = 0;

	if (n == 0)
		return false;
	if (n == 2 && (!scan_content_compare(attributes[0].name, attributes[1].name, &order) || order == 0))
		return malformed(err, "its names are equal or no text");
	for (size_t i = 0; i < n; i++) {
		buf_putc(out, i ? ',' : '{');
		if (!put_attribute(&attributes[order > 0 ? n - 1 - i : i], out, err)) {
			buf_truncate(out, start);
			return false;
		}
	}
	return buf_putc(out, '}') || err_set(err, ERR_FATAL, "buf.full", "an item's key does not fit into %zu bytes", out->max);
}

bool key_text(struct value keys, struct arena *a, struct str *out, struct err *err)
{
	struct buf text;
	bool ok;

	buf_init(&text, a->max);
	ok = key_write(keys, &text, err);
	if (ok) {
		*out = arena_dup(a, buf_str(&text));
		ok = out->ptr || err_set(err, ERR_FATAL, "arena.full", "an item's key does not fit into its arena of %zu bytes",
					 a->max);
	}
	buf_release(&text);
	return ok;
}
