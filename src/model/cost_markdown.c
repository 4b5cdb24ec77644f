/* Only as much of Markdown (CommonMark 0.31) is understood as is needed to see where a
 * section ends: headings of both kinds, and the code blocks in which there are none. */
#include "cost_parts.h"

#include "sluice/core/buf.h"

static const char begin_mark[] = "<!-- cost-report -->", end_mark[] = "<!-- end-cost-report -->";

struct md_line {
	struct str text;      /* without its end */
	size_t from, to;      /* in the file; to: behind its end */
};

struct walk {
	struct str file;
	size_t at;
	char fence;           /* inside a code block: its character; 0: outside */
	size_t fence_len;
	size_t paragraph;     /* where the running paragraph begins; SIZE_MAX: none */
};

struct heading {
	unsigned level;       /* 0: none */
	size_t from;          /* where it begins (a paragraph underlined may have lines) */
	struct str text;
};

static bool next_line(struct walk *w, struct md_line *out)
{
	size_t n = w->at;

	if (w->at >= w->file.len)
		return false;
	while (n < w->file.len && w->file.ptr[n] != '\n')
		n++;
	out->from = w->at;
	out->to = n < w->file.len ? n + 1 : n;
	if (n > w->at && w->file.ptr[n - 1] == '\r')
		n--;
	out->text = str_sub(w->file, out->from, n - out->from);
	w->at = out->to;
	return true;
}

static size_t run_of(struct str s, char c)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] == c)
		n++;
	return n;
}

/* Up to three blanks of indent; more is code: an empty text then. */
static struct str unindent(struct str s)
{
	size_t n = run_of(s, ' ');

	return n > 3 ? str_sub(s, s.len, 0) : str_from(s, n);
}

/* True when the line opens, closes or stands in a code block. */
static bool in_fence(struct walk *w, struct str s)
{
	size_t ticks = run_of(s, '`'), tildes = run_of(s, '~'), n = ticks ? ticks : tildes;

	if (w->fence) {
		if (n >= w->fence_len && s.ptr[0] == w->fence && str_trim(str_from(s, n)).len == 0)
			w->fence = 0;
		return true;
	}
	if (n < 3 || (ticks && str_find_char(str_from(s, n), '`') != SIZE_MAX))
		return false;
	w->fence = s.ptr[0];
	w->fence_len = n;
	return true;
}

static struct heading hash_heading(struct str s, size_t from)
{
	size_t level = run_of(s, '#');
	struct str text = str_from(s, level);

	if (level < 1 || level > 6 || (text.len && text.ptr[0] != ' ' && text.ptr[0] != '\t'))
		return (struct heading){ 0 };
	text = str_trim(text);
	while (text.len && text.ptr[text.len - 1] == '#')
		text.len--;
	return (struct heading){ (unsigned)level, from, str_trim(text) };
}

/* The line may end a heading: "## Costs", or the "-----" below one. */
static struct heading heading_at(struct walk *w, const struct md_line *l)
{
	struct str s = unindent(l->text), bare = str_trim(s);
	struct heading h = { 0 };
	bool underline;

	if (in_fence(w, s)) {
		w->paragraph = SIZE_MAX;
		return h;
	}
	h = hash_heading(s, l->from);
	underline = bare.len && (run_of(bare, '=') == bare.len || run_of(bare, '-') == bare.len);
	if (!h.level && underline && w->paragraph != SIZE_MAX)
		h = (struct heading){ bare.ptr[0] == '=' ? 1 : 2, w->paragraph,
				      str_trim(str_sub(w->file, w->paragraph, l->from - w->paragraph)) };
	if (h.level || underline || str_trim(l->text).len == 0 || (s.len && strchr("|>*-+", s.ptr[0])))
		w->paragraph = SIZE_MAX;
	else if (w->paragraph == SIZE_MAX && s.len)
		w->paragraph = l->from;
	return h;
}

/* "7. Costs", "7.2 Cost Report:", "**Cost estimate**" */
static bool of_costs(struct str text)
{
	static const char *const names[] = { "cost", "costs", "cost report", "cost estimate", "cost estimates",
					     "cost analysis", "cost estimation", "costs (average rps)" };

	while (text.len && strchr("0123456789.)*_ ", text.ptr[0]))
		text = str_from(text, 1);
	while (text.len && strchr("*_: ", text.ptr[text.len - 1]))
		text.len--;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_eq_nocase(text, str_c(names[i])))
			return true;
	return false;
}

struct place {
	bool found, marked, headed;
	size_t from, to;      /* what is replaced */
	char fence;           /* not found: the code block that the file ends in; 0: none */
	size_t fence_len;
};

/* From the last begin mark in front of the first end mark behind one. */
static struct place find_marks(struct str file)
{
	struct walk w = { .file = file, .paragraph = SIZE_MAX };
	struct place p = { 0 };
	struct md_line l;

	while (next_line(&w, &l)) {
		struct str s = unindent(l.text);

		if (in_fence(&w, s))
			continue;
		if (str_eq(str_trim(s), str_c(begin_mark))) {
			p.marked = true;
			p.from = l.from;
		} else if (p.marked && str_eq(str_trim(s), str_c(end_mark))) {
			p.found = p.headed = true;
			p.to = l.to;
			return p;
		}
	}
	return (struct place){ 0 };
}

static struct place find_heading(struct str file)
{
	struct walk w = { .file = file, .paragraph = SIZE_MAX };
	struct place p = { .to = file.len };
	unsigned level = 0;
	struct md_line l;

	while (next_line(&w, &l)) {
		struct heading h = heading_at(&w, &l);

		if (!p.found && h.level && of_costs(h.text)) {
			p.found = p.headed = true;
			p.from = l.to;
			level = h.level;
		} else if (p.found && h.level && h.level <= level) {
			p.to = h.from;
			return p;
		} else if (p.found && !w.fence && str_eq(str_trim(l.text), str_c(end_mark))) {
			p.to = l.to;
			p.marked = true;
			return p;
		}
	}
	p.fence = w.fence;
	p.fence_len = w.fence_len;
	return p;
}

/* Marks inside it would end it early. */
static void put_lines(struct buf *out, struct str text, const char *end)
{
	struct str rest = text;

	while (rest.len) {
		size_t n = str_find_char(rest, '\n');
		struct str l = str_sub(rest, 0, n == SIZE_MAX ? rest.len : n);

		if (!str_eq(str_trim(l), str_c(begin_mark)) && !str_eq(str_trim(l), str_c(end_mark))) {
			buf_put(out, l);
			buf_puts(out, end);
		}
		rest = n == SIZE_MAX ? str_of(NULL, 0) : str_from(rest, n + 1);
	}
}

/* As the first line of the file ends; a carriage return at its very end would become part of one. */
static const char *line_end(struct str file)
{
	size_t newline = str_find_char(file, '\n');
	size_t last = newline == SIZE_MAX ? file.len : newline;

	return last > 0 && file.ptr[last - 1] == '\r' ? "\r\n" : "\n";
}

bool cost_replace_section(struct str file, struct str section, struct buf *out)
{
	struct place p = find_marks(file);
	const char *end = line_end(file);

	if (!p.found)
		p = find_heading(file);
	if (!p.found)
		p.from = p.to = file.len;
	buf_put(out, str_sub(file, 0, p.from));
	if (p.from && file.ptr[p.from - 1] != '\n')
		buf_puts(out, end);
	for (size_t i = 0; !p.found && p.fence && i < p.fence_len; i++)
		buf_putc(out, p.fence);
	if (!p.found && p.fence)
		buf_puts(out, end);
	if (!p.headed)
		buf_putf(out, "%s## Cost Report%s", file.len ? end : "", end);
	buf_putf(out, "%s%s%s", p.found && p.marked ? "" : end, begin_mark, end);
	put_lines(out, section, end);
	buf_putf(out, "%s%s", end_mark, end);
	if (p.found && !p.marked && p.to < file.len)
		buf_puts(out, end);
	return buf_put(out, str_from(file, p.to)) && buf_ok(out);
}
