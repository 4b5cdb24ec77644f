#include "diff_parts.h"

#include "sluice/core/mem.h"

#include <stdlib.h>

enum { TEXT_MAX = 2000 };

const char *diff_kind_name(enum diff_kind kind)
{
	static const char *const names[] = {
		[DIFF_ADDED] = "added", [DIFF_REMOVED] = "removed", [DIFF_CHANGED] = "changed",
	};

	return names[kind];
}

const char *diff_phase_name(enum diff_phase phase)
{
	static const char *const names[DIFF_PHASES] = {
		[DIFF_ADD] = "add", [DIFF_FILL] = "fill", [DIFF_READERS] = "readers", [DIFF_WRITERS] = "writers",
		[DIFF_REMOVE] = "remove",
	};

	return names[phase];
}

/* --- texts ----------------------------------------------------------------- */

struct str diff_take(struct diffing *d, struct buf *b)
{
	struct str text = arena_dup(d->arena, buf_str(b));

	d->full |= !text.ptr || !buf_ok(b);
	buf_release(b);
	return text;
}

/* Names come from outside: what is shown on a terminal may not steer it. */
static void make_printable(struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if ((unsigned char)b->ptr[i] < 0x20 || b->ptr[i] == 0x7f)
			b->ptr[i] = '?';
}

struct str diff_text(struct diffing *d, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, TEXT_MAX);
	va_start(ap, fmt);
	if (!buf_vputf(&b, fmt, ap)) {
		buf_clear(&b);
		buf_puts(&b, "(the names are too long to be shown)");
	}
	va_end(ap);
	make_printable(&b);
	return diff_take(d, &b);
}

/* --- lists ----------------------------------------------------------------- */

void diff_add(struct diffing *d, const struct diff_change *change)
{
	struct diff_change *c = ARENA_NEW(d->arena, struct diff_change);

	d->full |= !c;
	if (!c)
		return;
	*c = *change;
	c->next = NULL;
	*d->changes_end = c;
	d->changes_end = &c->next;
	d->out->n_changes++;
}

void diff_step(struct diffing *d, enum diff_turn turn, const struct diff_step *step)
{
	struct diff_step *s = ARENA_NEW(d->arena, struct diff_step);

	d->full |= !s;
	if (!s)
		return;
	*s = *step;
	s->next = NULL;
	*d->end[step->phase][turn] = s;
	d->end[step->phase][turn] = &s->next;
	d->out->n_steps++;
}

static void begin_lists(struct diffing *d)
{
	d->changes_end = &d->out->changes;
	for (size_t p = 0; p < DIFF_PHASES; p++)
		for (size_t t = 0; t < DIFF_TURNS; t++)
			d->end[p][t] = &d->first[p][t];
}

static void join_steps(struct diffing *d)
{
	struct diff_step **end = &d->out->steps;

	for (size_t p = 0; p < DIFF_PHASES; p++)
		for (size_t t = 0; t < DIFF_TURNS; t++) {
			if (!d->first[p][t])
				continue;
			*end = d->first[p][t];
			end = d->end[p][t];
		}
}

/* --- matching -------------------------------------------------------------- */

struct named {
	struct str name;
	size_t at;
};

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static struct named *sorted(const struct str *names, size_t n)
{
	struct named *list = mem_array(n, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = (struct named){ names[i], i };
	qsort(list, n, sizeof(*list), by_name);
	return list;
}

static size_t *nowhere(struct diffing *d, size_t n)
{
	size_t *list = arena_array(d->arena, n + 1, sizeof(*list));

	for (size_t i = 0; list && i < n; i++)
		list[i] = SIZE_MAX;
	d->full |= !list;
	return list;
}

bool diff_match(struct diffing *d, const struct str *was, size_t n_was, const struct str *is, size_t n_is,
		struct matching *out)
{
	struct named *left, *right;

	*out = (struct matching){ nowhere(d, n_was), nowhere(d, n_is) };
	if (!out->to_is || !out->to_was)
		return false;
	left = sorted(was, n_was);
	right = sorted(is, n_is);
	for (size_t i = 0, k = 0; i < n_was && k < n_is;) {
		int order = str_cmp(left[i].name, right[k].name);

		if (order == 0) {
			out->to_is[left[i].at] = right[k].at;
			out->to_was[right[k].at] = left[i].at;
		}
		i += order <= 0;
		k += order >= 0;
	}
	mem_free(left);
	mem_free(right);
	return true;
}

/* --- trees ----------------------------------------------------------------- */

static int by_member(const void *a, const void *b)
{
	return str_cmp((*(const struct node *const *)a)->name, (*(const struct node *const *)b)->name);
}

static const struct node **members_of(const struct node *object)
{
	const struct node **list = mem_array(object->count, sizeof(const struct node *));
	size_t n = 0;

	for (const struct node *m = object->first; m && n < object->count; m = m->next)
		list[n++] = m;
	qsort(list, n, sizeof(const struct node *), by_member);
	return list;
}

static bool same_objects(const struct node *a, const struct node *b)
{
	const struct node **left = members_of(a), **right = members_of(b);
	bool same = true;

	for (size_t i = 0; same && i < a->count; i++)
		same = str_eq(left[i]->name, right[i]->name) && diff_same_tree(left[i], right[i]);
	mem_free(left);
	mem_free(right);
	return same;
}

static bool same_arrays(const struct node *a, const struct node *b)
{
	const struct node *m = b->first;

	for (const struct node *n = a->first; n; n = n->next, m = m->next)
		if (!diff_same_tree(n, m))
			return false;
	return true;
}

static bool is_number(const struct node *n)
{
	return n->kind == NODE_INT || n->kind == NODE_REAL;
}

/* As deep as a document may be nested. */
bool diff_same_tree(const struct node *a, const struct node *b)
{
	if (!a || !b)
		return a == b;
	if (a->kind == NODE_INT && b->kind == NODE_INT)
		return a->i == b->i;
	if (is_number(a) && is_number(b))
		return a->d == b->d;
	if (a->kind != b->kind || a->count != b->count)
		return false;
	switch (a->kind) {
	case NODE_OBJECT:
		return same_objects(a, b);
	case NODE_ARRAY:
		return same_arrays(a, b);
	case NODE_BOOL:
		return a->b == b->b;
	default:
		return a->kind == NODE_NULL || str_eq(a->text, b->text);
	}
}

bool diff_same_member(const struct node *a, const struct node *b, const char *name)
{
	return diff_same_tree(node_get(a, str_c(name)), node_get(b, str_c(name)));
}

/* --- all of it ------------------------------------------------------------- */

bool model_diff(struct model_diff *out, const struct model *was, const struct model *is, const struct diff_options *o,
		struct arena *arena, struct err *err)
{
	struct diffing d = { .was = was, .is = is, .out = out, .arena = arena, .described = o->described };

	*out = (struct model_diff){ 0 };
	begin_lists(&d);
	diff_tables(&d);
	if (!o->described) {
		diff_handlers(&d);
		diff_patterns(&d);
		diff_costs(&d);
	}
	join_steps(&d);
	if (d.full)
		return err_set(err, ERR_FATAL, "diff.memory", "comparing the two data models takes more than %zu bytes of memory",
			       arena->max);
	return true;
}
