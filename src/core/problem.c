#include "sluice/core/problem.h"

#include "sluice/core/buf.h"
#include "sluice/core/mem.h"
#include "sluice/core/node.h"

#include <stdio.h>
#include <stdlib.h>

enum { LONGEST_TEXT = 1024, FARTHEST = 9 };

void problems_init(struct problems *p, struct arena *arena)
{
	*p = (struct problems){ .arena = arena };
}

static struct str dup_printable(struct arena *a, struct str s)
{
	char *copy = arena_alloc(a, s.len + 1);

	if (!copy)
		return str_of(NULL, 0);
	for (size_t i = 0; i < s.len; i++)
		copy[i] = (unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f ? '?' : s.ptr[i];
	return str_of(copy, s.len);
}

/* A long text is cut at a character's border. */
static size_t cut_length(const char *text, size_t len)
{
	while (len && ((unsigned char)text[len] & 0xC0) == 0x80)
		len--;
	return len;
}

/* Where a problem is. */
struct place {
	const struct node *at;
	const char *file;
	int line;
	struct str path;
	enum problem_sort sort;
};

__attribute__((format(printf, 3, 0))) static void add(struct problems *p, const struct place *place, const char *fmt,
						     va_list ap)
{
	struct problem *new = p->count++ < PROBLEMS_MAX ? ARENA_NEW(p->arena, struct problem) : NULL;
	char text[LONGEST_TEXT];
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	size_t len = n < 0 ? 0 : (size_t)n;

	if (!new)
		return;
	if (len >= sizeof(text))
		len = cut_length(text, sizeof(text) - 1);
	*new = (struct problem){
		.file = place->file,
		.line = place->line,
		.path = dup_printable(p->arena, place->path),
		.at = place->at,
		.sort = place->sort,
		.text = dup_printable(p->arena, str_of(text, len)),
	};
	if (p->last)
		p->last->next = new;
	else
		p->first = new;
	p->last = new;
}

static bool stands_in(const struct node *inner, const struct node *n)
{
	while (inner && inner != n)
		inner = inner->parent;
	return inner != NULL;
}

/* Among the problems up to `last`. */
static bool noted_within(const struct problems *p, const struct problem *last, const struct node *n)
{
	for (const struct problem *it = n ? p->first : NULL; it; it = it == last ? NULL : it->next)
		if (stands_in(it->at, n))
			return true;
	return false;
}

bool problems_within(const struct problems *p, const struct node *n)
{
	return noted_within(p, p->last, n);
}

void problems_follow(struct problems *p)
{
	p->causes = p->last;
}

void problems_follow_end(struct problems *p)
{
	p->causes = NULL;
}

__attribute__((format(printf, 4, 0))) static void add_at_node(struct problems *p, enum problem_sort sort,
							     const struct node *at, const char *fmt, va_list ap)
{
	struct place place = { .at = at, .sort = sort };

	if (p->causes && noted_within(p, p->causes, at))
		return;
	if (at && p->count < PROBLEMS_MAX)
		place = (struct place){ at, at->file, at->line, node_path(p->arena, at), sort };
	add(p, &place, fmt, ap);
}

void problems_add(struct problems *p, const struct node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_at_node(p, PROBLEM_WRONG, at, fmt, ap);
	va_end(ap);
}

void problems_add_as(struct problems *p, enum problem_sort sort, const struct node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_at_node(p, sort, at, fmt, ap);
	va_end(ap);
}

void problems_add_at(struct problems *p, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problems_vadd_at(p, file, line, fmt, ap);
	va_end(ap);
}

void problems_vadd_at(struct problems *p, const char *file, int line, const char *fmt, va_list ap)
{
	add(p, &(struct place){ .file = file, .line = line }, fmt, ap);
}

struct sortable {
	struct problem *problem;
	size_t found;
};

static int by_place(const void *one, const void *other)
{
	const struct sortable *a = one, *b = other;
	int order = str_cmp(str_c(a->problem->file), str_c(b->problem->file));

	if (order)
		return order;
	if (a->problem->line != b->problem->line)
		return a->problem->line < b->problem->line ? -1 : 1;
	return (a->found > b->found) - (a->found < b->found);
}

void problems_sort(struct problems *p)
{
	struct sortable list[PROBLEMS_MAX];
	size_t n = 0;

	for (struct problem *it = p->first; it; it = it->next, n++)
		list[n] = (struct sortable){ it, n };
	if (n < 2)
		return;
	qsort(list, n, sizeof(*list), by_place);
	for (size_t i = 0; i < n; i++)
		list[i].problem->next = i + 1 < n ? list[i + 1].problem : NULL;
	p->first = list[0].problem;
	p->last = list[n - 1].problem;
}

bool problems_print(const struct problems *p, struct buf *out)
{
	size_t shown = 0;

	for (const struct problem *it = p->first; it; it = it->next, shown++) {
		if (it->file)
			buf_puts(out, it->file);
		if (it->file && it->line)
			buf_putf(out, ":%d", it->line);
		if (it->file)
			buf_puts(out, ": ");
		if (it->path.len)
			buf_putf(out, "%.*s: ", STR_ARG(it->path));
		buf_putf(out, "%.*s\n", STR_ARG(it->text));
	}
	if (shown < p->count)
		buf_putf(out, "and %zu more\n", p->count - shown);
	return buf_ok(out);
}

struct nearest nearest_to(struct str word)
{
	return (struct nearest){ .word = word, .distance = FARTHEST };
}

void nearest_offer(struct nearest *n, struct str known)
{
	unsigned distance = str_eq_nocase(n->word, known) ? 0 : str_distance(n->word, known);

	if (distance < n->distance) {
		n->distance = distance;
		n->best = known;
	}
}

const char *nearest_text(struct nearest *n, char *out, size_t size)
{
	size_t allowed = n->word.len < 4 ? 1 : n->word.len < 9 ? 2 : 3;

	out[0] = '\0';
	if (n->best.len && n->distance <= allowed && n->distance < n->word.len)
		snprintf(out, size, "; did you mean '%.*s'?", STR_ARG(n->best));
	return out;
}
