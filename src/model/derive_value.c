#include "derive_parts.h"

#include "sluice/core/json_write.h"

/* The daemon's reader allows 64 levels, 500 settings a group and 256 KiB a string (app/conf_scan.h);
 * a handler's settings begin four levels deep. */
enum { DEPTH_MAX = 48, GROUP_MAX = 500, STRING_MAX = 1 << 18, WIDTH = 110 };

/* --- what fits ------------------------------------------------------------- */

static bool name_fits(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '*';

		if (!letter && !(i && ((c >= '0' && c <= '9') || c == '-' || c == '_')))
			return false;
	}
	return name.len && !str_eq_nocase(name, STR("true")) && !str_eq_nocase(name, STR("false"));
}

static bool string_fits(struct str text)
{
	return text.len <= STRING_MAX / 4 && (text.len == 0 || !memchr(text.ptr, '\0', text.len));
}

/* Whole numbers beyond 64 bits are reals of the tree, but not in the file. */
static bool number_fits(const struct node *n)
{
	return n->kind == NODE_INT || str_find_char(n->text, '.') != SIZE_MAX || str_find_char(n->text, 'e') != SIZE_MAX ||
	       str_find_char(n->text, 'E') != SIZE_MAX;
}

static bool fits(const struct node *n, unsigned depth)
{
	if (n->kind == NODE_NULL || depth > DEPTH_MAX)
		return false;
	if (n->kind == NODE_STRING)
		return string_fits(n->text);
	if (n->kind == NODE_INT || n->kind == NODE_REAL)
		return number_fits(n);
	if (n->kind == NODE_OBJECT && n->count > GROUP_MAX)
		return false;
	for (const struct node *m = n->first; m; m = m->next)
		if ((n->kind == NODE_OBJECT && !name_fits(m->name)) || !fits(m, depth + 1))
			return false;
	return true;
}

bool derive_fits(const struct node *n)
{
	return (!n->name.ptr || name_fits(n->name)) && fits(n, 1);
}

bool derive_group_fits(const struct node *n)
{
	return n->count + 10 <= GROUP_MAX; /* with what stands there beside */
}

/* --- strings --------------------------------------------------------------- */

size_t derive_reference(struct str s)
{
	size_t end = str_starts(s, STR("$(")) ? str_find_char(s, ')') : SIZE_MAX, dash;
	struct str name;

	if (end == SIZE_MAX)
		return 0;
	name = str_sub(s, 2, end - 2);
	dash = str_find(name, STR(":-"));
	name = dash == SIZE_MAX ? name : str_sub(name, 0, dash);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';

		if (!letter && !(i && c >= '0' && c <= '9'))
			return 0;
	}
	return name.len ? end + 1 : 0;
}

size_t derive_unseen(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;

	if (s.len >= 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return 2;
	if (s.len < 3)
		return 0;
	if (p[0] == 0xe2 && ((p[1] == 0x80 && ((p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
			     (p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xaf)))
		return 3;
	return p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf ? 3 : 0;
}

static void put_byte(struct buf *out, char c)
{
	static const char letters[] = "\tt\nn\rr\ff";

	for (size_t i = 0; letters[i]; i += 2)
		if (c == letters[i]) {
			buf_putf(out, "\\%c", letters[i + 1]);
			return;
		}
	if (c == '"' || c == '\\')
		buf_putf(out, "\\%c", c);
	else if ((unsigned char)c < 0x20 || c == 0x7f)
		buf_putf(out, "\\x%02x", (unsigned char)c);
	else
		buf_putc(out, c);
}

static void put_bytes(struct buf *out, struct str text)
{
	while (text.len) {
		size_t unseen = derive_unseen(text);

		for (size_t i = 0; i < unseen; i++)
			buf_putf(out, "\\x%02x", (unsigned char)text.ptr[i]);
		if (!unseen)
			put_byte(out, text.ptr[0]);
		text = str_from(text, unseen ? unseen : 1);
	}
}

bool derive_put_string(struct buf *out, struct str text, enum derive_text how)
{
	bool ok = string_fits(text);

	buf_putc(out, '"');
	while (text.len) {
		size_t at = str_find(text, STR("$("));
		struct str before = str_sub(text, 0, at), rest = str_from(text, at);
		/* "$$(" stands for "$(": in an address whoever wrote it knew that. */
		bool doubled = at != SIZE_MAX && at && text.ptr[at - 1] == '$' && how == TEXT_ADDRESS;
		size_t reference = how == TEXT_ADDRESS && !doubled ? derive_reference(rest) : 0;

		put_bytes(out, before);
		if (rest.len && !doubled && !reference)
			buf_putc(out, '$');
		put_bytes(out, str_sub(rest, 0, reference ? reference : 2));
		text = str_from(rest, reference ? reference : 2);
	}
	buf_putc(out, '"');
	return ok;
}

/* --- values ---------------------------------------------------------------- */

void derive_indent(struct buf *out, unsigned indent)
{
	buf_putf(out, "%*s", (int)indent, "");
}

static bool all_strings(const struct node *list)
{
	for (const struct node *n = list->first; n; n = n->next)
		if (n->kind != NODE_STRING)
			return false;
	return list->first != NULL;
}

static void put_plain(struct buf *out, const struct node *n, enum derive_text how)
{
	if (n->kind == NODE_STRING)
		derive_put_string(out, n->text, how);
	else if (n->kind == NODE_BOOL)
		buf_puts(out, n->b ? "true" : "false");
	else
		buf_putf(out, "%.*s%s", STR_ARG(n->text),
			 n->kind == NODE_INT && (n->i > INT32_MAX || n->i < INT32_MIN) ? "L" : "");
}

static void put_name(struct buf *out, const struct node *n)
{
	buf_putf(out, "%.*s%s", STR_ARG(n->name), n->kind == NODE_OBJECT ? ": " : " = ");
}

/* On one line; stops where the buf is full. */
static void put_inline(struct buf *out, const struct node *n, enum derive_text how)
{
	bool object = n->kind == NODE_OBJECT, strings = n->kind == NODE_ARRAY && all_strings(n);

	if (!object && n->kind != NODE_ARRAY) {
		put_plain(out, n, how);
		return;
	}
	buf_puts(out, object ? "{ " : strings ? "[ " : "( ");
	for (const struct node *m = n->first; m && buf_ok(out); m = m->next) {
		if (object)
			put_name(out, m);
		put_inline(out, m, how);
		buf_puts(out, object ? "; " : m->next ? ", " : " ");
	}
	buf_puts(out, object ? "}" : strings ? "]" : ")");
}

static void put_value(struct buf *out, unsigned indent, size_t used, const struct node *n, enum derive_text how);

static void put_lines(struct buf *out, unsigned indent, const struct node *n, enum derive_text how)
{
	bool object = n->kind == NODE_OBJECT, strings = !object && all_strings(n);

	buf_puts(out, object ? "{\n" : strings ? "[\n" : "(\n");
	for (const struct node *m = n->first; m; m = m->next) {
		derive_indent(out, indent + 2);
		if (object)
			put_name(out, m);
		put_value(out, indent + 2, indent + 5 + (object ? m->name.len : 0), m, how);
		buf_puts(out, object ? ";\n" : m->next ? ",\n" : "\n");
	}
	derive_indent(out, indent);
	buf_puts(out, object ? "}" : strings ? "]" : ")");
}

/* used: columns of the line that are taken. */
static void put_value(struct buf *out, unsigned indent, size_t used, const struct node *n, enum derive_text how)
{
	struct buf line;

	if (n->kind != NODE_OBJECT && n->kind != NODE_ARRAY) {
		put_plain(out, n, how);
		return;
	}
	buf_init(&line, used < WIDTH ? WIDTH - used : 0);
	put_inline(&line, n, how);
	if (buf_ok(&line))
		buf_put(out, buf_str(&line));
	else
		put_lines(out, indent, n, how);
	buf_release(&line);
}

void derive_put_setting(struct buf *out, unsigned indent, const struct node *value, enum derive_text how)
{
	derive_indent(out, indent);
	put_name(out, value);
	put_value(out, indent, indent + value->name.len + 3, value, how);
	buf_puts(out, ";\n");
}

bool derive_put_json(struct buf *out, unsigned indent, const struct node *value)
{
	struct buf json;
	bool ok;

	buf_init(&json, STRING_MAX / 4);
	ok = node_print_json(value, &json) && buf_ok(&json);
	derive_indent(out, indent);
	buf_putf(out, "%.*s = ", STR_ARG(value->name));
	ok = derive_put_string(out, buf_str(&json), TEXT_PLAIN) && ok;
	buf_puts(out, ";\n");
	buf_release(&json);
	return ok;
}
