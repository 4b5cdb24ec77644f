#include "sluice/model/finding.h"

#include "sluice/core/json_write.h"
#include "sluice/core/node.h"
#include "sluice/core/scan.h"

#include <stdio.h>
#include <stdlib.h>

enum { LONGEST_TEXT = 1024, LONGEST_PATH = 600, NAME_SHOWN = 80 };

/* Errors find room beside any number of warnings. */
enum { OTHERS_MAX = MODEL_FINDINGS_MAX / 5 * 4 };

void findings_list_init(struct findings_list *f, struct arena *arena, const char *file)
{
	*f = (struct findings_list){ .arena = arena, .file = file };
	f->end = &f->first;
}

const char *finding_severity_name(enum finding_severity severity)
{
	static const char *const names[] = {
		[FINDING_ERROR] = "error", [FINDING_WARNING] = "warning", [FINDING_HINT] = "hint",
	};

	return names[severity];
}

/* --- text that cannot write to a terminal --------------------------------- */

/* C0, DEL, and C1 as UTF-8 has it (C2 80 to C2 9F). */
static void make_printable(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f) {
			text[i] = '?';
		} else if (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0) {
			text[i] = '?';
			text[i + 1] = '?';
		}
	}
}

/* Where a text may be cut: in front of a whole character. */
static size_t cut_length(const char *text, size_t len)
{
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static struct str dup_printable(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_alloc(a, len + 1);

	if (!copy)
		return str_of(NULL, 0);
	memcpy(copy, text, len);
	make_printable(copy, len);
	return str_of(copy, len);
}

/* As node_path(), within LONGEST_PATH whatever the names are. */
static struct str path_of(struct arena *a, const struct node *n)
{
	const struct node *way[SCAN_MAX_DEPTH + 1];
	struct str path = { NULL, 0 };
	struct buf out;
	size_t depth = 0;

	for (; n && n->parent && depth < SCAN_MAX_DEPTH + 1; n = n->parent)
		way[depth++] = n;
	buf_init(&out, LONGEST_PATH);
	while (depth-- && buf_ok(&out)) {
		const struct node *at = way[depth];
		size_t shown = at->name.len;

		if (shown > NAME_SHOWN)
			shown = cut_length(at->name.ptr, NAME_SHOWN);
		if (!at->name.ptr)
			buf_putf(&out, "[%u]", at->index);
		else
			buf_putf(&out, "%s%.*s%s", out.len ? "." : "", STR_ARG(str_sub(at->name, 0, shown)),
				 shown < at->name.len ? "..." : "");
	}
	if (out.len)
		path = dup_printable(a, out.ptr, out.len);
	buf_release(&out);
	return path;
}

/* --- the list -------------------------------------------------------------- */

/* NULL: it is counted only. */
static struct model_finding *begin(struct findings_list *f, enum finding_severity severity)
{
	struct model_finding *finding;

	f->count++;
	f->errors += severity == FINDING_ERROR;
	f->warnings += severity == FINDING_WARNING;
	if (f->kept >= (severity == FINDING_ERROR ? (size_t)MODEL_FINDINGS_MAX : (size_t)OTHERS_MAX))
		return NULL;
	finding = ARENA_NEW(f->arena, struct model_finding);
	if (finding)
		finding->severity = severity;
	return finding;
}

static void end(struct findings_list *f, struct model_finding *finding, const char *fix, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

static void end(struct findings_list *f, struct model_finding *finding, const char *fix, const char *fmt, va_list ap)
{
	char text[LONGEST_TEXT];
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	size_t len = n < 0 ? 0 : (size_t)n;

	if (len >= sizeof(text))
		len = cut_length(text, sizeof(text) - 1);
	finding->text = dup_printable(f->arena, text, len);
	finding->fix = str_c(fix);
	*f->end = finding;
	f->end = &finding->next;
	f->kept++;
}

void finding_add(struct findings_list *f, enum finding_severity severity, const char *code, const struct node *at,
		 const char *fix, const char *fmt, ...)
{
	struct model_finding *finding = begin(f, severity);
	va_list ap;

	if (!finding)
		return;
	finding->code = code;
	if (at) {
		finding->path = path_of(f->arena, at);
		finding->line = at->line;
		finding->column = at->column;
	}
	va_start(ap, fmt);
	end(f, finding, fix, fmt, ap);
	va_end(ap);
}

void finding_add_at(struct findings_list *f, enum finding_severity severity, const char *code, int line, int column,
		    struct str path, const char *fix, const char *fmt, ...)
{
	struct model_finding *finding = begin(f, severity);
	va_list ap;

	if (!finding)
		return;
	finding->code = code;
	finding->line = line;
	finding->column = column;
	if (path.len)
		finding->path = dup_printable(f->arena, path.ptr, path.len < LONGEST_PATH ? path.len : LONGEST_PATH);
	va_start(ap, fmt);
	end(f, finding, fix, fmt, ap);
	va_end(ap);
}

struct sortable {
	struct model_finding *finding;
	size_t found;
};

static int by_place(const void *one, const void *other)
{
	const struct sortable *a = one, *b = other;

	if (a->finding->line != b->finding->line)
		return a->finding->line < b->finding->line ? -1 : 1;
	if (a->finding->column != b->finding->column)
		return a->finding->column < b->finding->column ? -1 : 1;
	return (a->found > b->found) - (a->found < b->found);
}

void findings_list_sort(struct findings_list *f)
{
	struct sortable list[MODEL_FINDINGS_MAX];
	size_t n = 0;

	for (struct model_finding *it = f->first; it && n < MODEL_FINDINGS_MAX; it = it->next, n++)
		list[n] = (struct sortable){ it, n };
	if (n < 2)
		return;
	qsort(list, n, sizeof(*list), by_place);
	f->end = &f->first;
	for (size_t i = 0; i < n; i++) {
		*f->end = list[i].finding;
		f->end = &list[i].finding->next;
	}
	*f->end = NULL;
}

/* --- for people and for programs ------------------------------------------ */

static void print_one(const struct findings_list *f, const struct model_finding *it, struct buf *out)
{
	if (f->file)
		buf_puts(out, f->file);
	if (f->file && it->line)
		buf_putf(out, ":%d:%d", it->line, it->column);
	buf_putf(out, "%s%s %s: ", f->file ? ": " : "", finding_severity_name(it->severity), it->code);
	if (it->path.len)
		buf_putf(out, "%.*s: ", STR_ARG(it->path));
	buf_putf(out, "%.*s\n", STR_ARG(it->text));
	if (it->fix.len)
		buf_putf(out, "    %.*s\n", STR_ARG(it->fix));
}

static void print_sum(size_t n, const char *what, struct buf *out)
{
	buf_putf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

bool findings_list_print(const struct findings_list *f, struct buf *out)
{
	for (const struct model_finding *it = f->first; it; it = it->next)
		print_one(f, it, out);
	if (f->kept < f->count)
		buf_putf(out, "and %zu more\n", f->count - f->kept);
	print_sum(f->errors, "error", out);
	buf_puts(out, ", ");
	print_sum(f->warnings, "warning", out);
	buf_puts(out, ", ");
	print_sum(f->count - f->errors - f->warnings, "hint", out);
	buf_putc(out, '\n');
	return buf_ok(out);
}

void findings_list_write(const struct findings_list *f, struct json_writer *w)
{
	json_begin_array(w);
	for (const struct model_finding *it = f->first; it; it = it->next) {
		json_begin_object(w);
		json_member_str(w, STR("code"), str_c(it->code));
		json_member_str(w, STR("severity"), str_c(finding_severity_name(it->severity)));
		json_member_str(w, STR("path"), it->path);
		if (it->line) {
			json_member_int(w, STR("line"), it->line);
			json_member_int(w, STR("column"), it->column);
		}
		json_member_str(w, STR("text"), it->text);
		if (it->fix.len)
			json_member_str(w, STR("fix"), it->fix);
		json_end_object(w);
	}
	json_end_array(w);
}
