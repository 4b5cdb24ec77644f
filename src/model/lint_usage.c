/* Who uses tables and indexes: patterns by their commands and by what they say, handlers by their settings. */
#include "lint_parts.h"

#include <stdlib.h>

/* More Scans than these a second are no trickle. */
#define SCANS_PER_S 1.0

struct table_use {
	bool used, read, written;
};

/* A name of a table or of an index. */
struct named {
	struct str name;
	bool *used;
	struct table_use *table;         /* NULL: an index */
	bool done;                       /* all of this name are marked */
};

struct usage {
	const struct model *model;
	struct table_use *tables;
	bool **indexes;                  /* of each table: is it used? */
	struct named *names;             /* sorted */
	size_t n_names;
	bool known;                      /* what every command reads and writes is known */
};

/* --- names ------------------------------------------------------------------- */

static int by_name(const void *one, const void *other)
{
	return str_cmp(((const struct named *)one)->name, ((const struct named *)other)->name);
}

/* The first of that name, or NULL. */
static struct named *find(struct usage *u, struct str name)
{
	size_t low = 0, high = u->n_names;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (str_cmp(u->names[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < u->n_names && str_eq(u->names[low].name, name) ? &u->names[low] : NULL;
}

static void mark(struct usage *u, struct str name)
{
	struct named *first = name.len ? find(u, name) : NULL;

	if (!first || first->done)
		return;
	first->done = true;
	for (struct named *n = first; n < u->names + u->n_names && str_eq(n->name, name); n++) {
		*n->used = true;
		if (n->table)
			n->table->read = true;
	}
}

static bool make(struct lint *l, struct usage *u)
{
	const struct model *m = l->model;
	size_t names = m->n_tables;

	EACH_TABLE(l, t)
		names += t->n_indexes;
	*u = (struct usage){ .model = m, .tables = lint_array(l, m->n_tables, sizeof(*u->tables)),
			     .indexes = lint_array(l, m->n_tables, sizeof(*u->indexes)),
			     .names = lint_array(l, names, sizeof(*u->names)) };
	if (!u->tables || !u->indexes || !u->names)
		return false;
	for (size_t i = 0; i < m->n_tables; i++) {
		const struct model_table *t = &m->tables[i];
		bool *used = u->indexes[i] = lint_array(l, t->n_indexes, sizeof(*used));

		if (!used)
			return false;
		u->names[u->n_names++] = (struct named){ .name = t->name, .used = &u->tables[i].used, .table = &u->tables[i] };
		for (size_t k = 0; k < t->n_indexes; k++)
			u->names[u->n_names++] = (struct named){ .name = t->indexes[k].name, .used = &used[k] };
	}
	if (u->n_names)
		qsort(u->names, u->n_names, sizeof(*u->names), by_name);
	return true;
}

/* --- who uses what ----------------------------------------------------------- */

static struct table_use *use_of(struct usage *u, const struct model_table *t)
{
	struct table_use *use = &u->tables[t - u->model->tables];

	use->used = true;
	return use;
}

static void use_index(struct usage *u, const struct model_table *t, const struct model_index *i)
{
	if (i)
		u->indexes[t - u->model->tables][i - t->indexes] = true;
}

/* A condition reads, and so does a write that gives back what it found. */
static bool action_reads(const struct model_action *a)
{
	const struct node *back = node_get(a->at, STR("ReturnValues"));

	return !action_writes(a->kind) || a->condition || node_get(a->at, STR("Expected")) ||
	       (back && !str_eq(back->text, STR("NONE")));
}

static void use_by_action(struct usage *u, const struct model_action *a)
{
	struct table_use *use = use_of(u, a->table);

	use_index(u, a->table, a->index);
	/* What a handler's check runs is no pattern. */
	if (!a->call->pattern)
		return;
	use->read |= action_reads(a);
	use->written |= action_writes(a->kind);
}

/* The words of a command that could not be read, or that is a statement. */
static void use_by_text(struct usage *u, struct str text)
{
	size_t begin = 0;

	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && !strchr(" \t\n'\"\\=,:{}[]", text.ptr[i]))
			continue;
		mark(u, str_sub(text, begin, i - begin));
		begin = i + 1;
	}
}

static void use_by_calls(struct lint *l, struct usage *u)
{
	u->known = l->memo->all_calls;
	EACH_CALL(l, c) {
		u->known &= c->n_actions > 0;
		if (c->n_actions == 0)
			use_by_text(u, c->at->text);
		EACH_ACTION(c, a)
			if (a->table)
				use_by_action(u, a);
	}
}

/* One without a command is served by a system that may do anything with its table. */
static void use_by_patterns(struct lint *l, struct usage *u)
{
	EACH_PATTERN(l, p) {
		struct table_use *use = p->table ? use_of(u, p->table) : NULL;

		if (!use)
			continue;
		use_index(u, p->table, p->index);
		use->read |= p->n_commands == 0;
		use->written |= p->n_commands == 0;
	}
}

/* Audiences, sources: all that is named anywhere in the settings. */
static void use_by_settings(struct usage *u, const struct model_handler *h, const struct node *group)
{
	for (const struct node *n = group->first; n; n = n->next) {
		if (n == h->expect_after)
			continue;
		if (n->kind == NODE_STRING && !(group == h->at && n->name.ptr && str_eq(n->name, STR("table"))))
			mark(u, n->text);
		else
			use_by_settings(u, h, n);
	}
}

static void use_by_handlers(struct lint *l, struct usage *u)
{
	EACH_HANDLER(l, h) {
		const struct node *target = node_get(h->at, STR("table"));
		struct named *named = target && target->kind == NODE_STRING ? find(u, target->text) : NULL;

		use_by_settings(u, h, h->at);
		for (; named && named < u->names + u->n_names && str_eq(named->name, target->text); named++)
			if (named->table) {
				named->table->used = named->table->written = true;
				break;
			}
	}
}

static struct usage *read_all(struct lint *l)
{
	struct usage *u = lint_array(l, 1, sizeof(*u));

	if (!u || !make(l, u))
		return NULL;
	use_by_calls(l, u);
	use_by_patterns(l, u);
	use_by_handlers(l, u);
	return u;
}

/* NULL also where there are no patterns, and with a finding where memory does not suffice. */
static const struct usage *usage_read(struct lint *l)
{
	struct lint_memo *memo = l->memo;

	if (l->model->n_patterns == 0)
		return NULL;
	if (!memo->usage_tried)
		memo->usage = read_all(l);
	memo->usage_tried = true;
	if (!memo->usage)
		lint_give_up(l);
	return memo->usage;
}

/* --- lints ------------------------------------------------------------------- */

static void gsi_unused(struct lint *l)
{
	const struct usage *u = usage_read(l);

	if (!u)
		return;
	EACH_TABLE(l, t)
		EACH_INDEX(t, i)
			if (i->name.len && !u->indexes[t - l->model->tables][i - t->indexes])
				LINT_FOUND(l, i->at, "Drop it, or write down the pattern that needs it.",
					   "no pattern reads this index; every write that touches it is paid");
}

static void table_unused(struct lint *l)
{
	const struct usage *u = usage_read(l);

	if (!u)
		return;
	EACH_TABLE(l, t)
		if (t->name.len && !u->tables[t - l->model->tables].used)
			LINT_FOUND(l, t->at, "Drop it, or write down the patterns that need it.",
				   "no pattern and no handler reads or writes this table");
}

static void never_written(struct lint *l)
{
	const struct usage *u = usage_read(l);

	if (!u || !u->known)
		return;
	EACH_TABLE(l, t) {
		const struct table_use *use = &u->tables[t - l->model->tables];

		if (t->name.len && use->used && use->read && !use->written)
			LINT_FOUND(l, t->at, "Add the pattern that writes it, or one whose \"reason\" says which system does.",
				   "patterns read this table and none writes it: who creates what is in it?");
	}
}

static void never_read(struct lint *l)
{
	const struct usage *u = usage_read(l);

	if (!u || !u->known)
		return;
	EACH_TABLE(l, t) {
		const struct table_use *use = &u->tables[t - l->model->tables];

		if (t->name.len && use->written && !use->read)
			LINT_FOUND(l, t->at, "Add the pattern that reads it, or one whose \"reason\" says which system does.",
				   "this table is written and no pattern reads it: what is it for?");
	}
}

static bool scans(const struct model_call *first, const struct model_call *end)
{
	for (const struct model_call *c = first; c < end; c++)
		EACH_ACTION(c, a)
			if (a->kind == ACTION_SCAN)
				return true;
	return false;
}

/* By what it says itself, or by one of its commands. */
static void scan_rate(struct lint *l)
{
	size_t at = 0;

	EACH_PATTERN(l, p) {
		const struct model_call *first = at < l->calls->n_calls ? &l->calls->calls[at] : NULL;
		bool scan = str_eq(p->operation, STR("Scan"));

		if (first && first->pattern == p) {
			const struct model_call *end = lint_group_end(l, first);

			scan |= scans(first, end);
			at += (size_t)(end - first);
		}
		if (scan && p->rate.average > SCANS_PER_S)
			LINT_FOUND(l, p->at, "Find a key or a sparse index that answers it with a Query.",
				   "%g Scans a second, and each is paid for all that it passes over", p->rate.average);
	}
}

const struct model_lint lint_usage[] = {
	{ "scan-rate", FINDING_WARNING, "Scans at more than a trickle.", scan_rate },
	{ "gsi-unused", FINDING_WARNING, "An index that no pattern reads.", gsi_unused },
	{ "table-unused", FINDING_WARNING, "A table that nothing reads or writes.", table_unused },
	{ "never-written", FINDING_WARNING, "A table that is read and that nothing writes.", never_written },
	{ "never-read", FINDING_WARNING, "A table that is written and that nothing reads.", never_read },
	{ 0 },
};
