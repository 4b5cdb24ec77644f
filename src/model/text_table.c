#include "text_table.h"

struct str *text_table_row(struct text_table *t)
{
	struct text_row *row = ARENA_NEW(t->arena, struct text_row);

	if (!row) {
		t->full = true;
		return t->spare.cells;
	}
	*t->end = row;
	t->end = &row->next;
	return row->cells;
}

void text_table_init(struct text_table *t, struct arena *a, bool markdown, const char *const *heads, unsigned columns,
		     unsigned right)
{
	struct str *cells;

	*t = (struct text_table){ .arena = a, .columns = columns, .right = right, .markdown = markdown };
	t->end = &t->first;
	cells = text_table_row(t);
	for (unsigned i = 0; i < columns; i++)
		cells[i] = str_c(heads[i]);
}

static bool begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t width_of(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += begins_character(s.ptr[i]);
	return n;
}

/* At most TEXT_CELL_MAX characters of it. */
static struct str cut(struct arena *a, struct str s)
{
	size_t characters = 0, at = 0;

	if (width_of(s) <= TEXT_CELL_MAX)
		return s;
	for (; at < s.len; at++)
		if (begins_character(s.ptr[at]) && ++characters == TEXT_CELL_MAX)
			break;
	return arena_putf(a, "%.*s\xe2\x80\xa6", STR_ARG(str_sub(s, 0, at)));
}

/* C0, DEL, and C1 as UTF-8 has it (C2 80 to C2 9F). */
static bool is_control(struct str s, size_t i)
{
	unsigned char c = (unsigned char)s.ptr[i];

	return c < 0x20 || c == 0x7f || (c == 0xc2 && i + 1 < s.len && (unsigned char)s.ptr[i + 1] < 0xa0);
}

struct str text_safe(struct arena *a, bool markdown, struct str text)
{
	char *copy = arena_alloc(a, 2 * text.len + 1);
	size_t n = 0;

	if (!copy)
		return str_of(NULL, 0);
	for (size_t i = 0; i < text.len; i++) {
		bool control = is_control(text, i);

		if (markdown && strchr("\\`*|<>[]&~", text.ptr[i]) && text.ptr[i])
			copy[n++] = '\\';
		copy[n++] = control ? '?' : text.ptr[i];
		i += control && (unsigned char)text.ptr[i] == 0xc2;
	}
	return str_of(copy, n);
}

/* --- printing -------------------------------------------------------------- */

static void put_repeated(struct buf *out, char c, size_t n)
{
	while (n--)
		buf_putc(out, c);
}

static void put_cell(struct buf *out, struct str cell, size_t width, bool right, bool last)
{
	size_t gap = width - width_of(cell);

	if (right)
		put_repeated(out, ' ', gap);
	buf_put(out, cell);
	if (!right && !last)
		put_repeated(out, ' ', gap);
}

static void print_plain(const struct text_table *t, const size_t *widths, struct buf *out)
{
	for (const struct text_row *row = t->first; row; row = row->next) {
		size_t before = out->len;

		for (unsigned i = 0; i < t->columns; i++) {
			buf_puts(out, "  ");
			put_cell(out, row->cells[i], widths[i], t->right >> i & 1, i + 1 == t->columns);
		}
		while (out->len > before && out->ptr[out->len - 1] == ' ')
			buf_truncate(out, out->len - 1);
		buf_putc(out, '\n');
		for (unsigned i = 0; row == t->first && i < t->columns; i++) {
			buf_puts(out, "  ");
			put_repeated(out, '-', widths[i]);
		}
		if (row == t->first)
			buf_putc(out, '\n');
	}
}

static void print_markdown(const struct text_table *t, struct buf *out)
{
	for (const struct text_row *row = t->first; row; row = row->next) {
		for (unsigned i = 0; i < t->columns; i++)
			buf_putf(out, "| %.*s%s", STR_ARG(row->cells[i]), row->cells[i].len ? " " : "");
		buf_puts(out, "|\n");
		for (unsigned i = 0; row == t->first && i < t->columns; i++)
			buf_puts(out, t->right >> i & 1 ? "| ---: " : "| --- ");
		if (row == t->first)
			buf_puts(out, "|\n");
	}
}

bool text_table_print(struct text_table *t, struct buf *out)
{
	size_t widths[TEXT_COLUMNS_MAX] = { 0 };

	for (struct text_row *row = t->first; row; row = row->next) {
		for (unsigned i = 0; i < t->columns; i++) {
			row->cells[i] = text_safe(t->arena, t->markdown, cut(t->arena, row->cells[i]));
			t->full = t->full || !row->cells[i].ptr;
			if (width_of(row->cells[i]) > widths[i])
				widths[i] = width_of(row->cells[i]);
		}
	}
	if (t->markdown)
		print_markdown(t, out);
	else
		print_plain(t, widths, out);
	return !t->full && buf_ok(out);
}
