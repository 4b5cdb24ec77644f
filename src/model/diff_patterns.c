#include "diff_parts.h"

#include "sluice/core/mem.h"
#include "sluice/model/operations.h"

#include <stdlib.h>

enum { LIST_MAX = 900, NAMES_LISTED = 12 };

/* --- readers and writers --------------------------------------------------- */

/* "query" of "aws dynamodb query --table-name …"; the command itself is parsed elsewhere. */
static struct str third_word(struct str text)
{
	struct str rest = str_trim(text), word = { 0 };

	for (int i = 0; i < 3; i++) {
		size_t n = 0;

		while (n < rest.len && rest.ptr[n] != ' ' && rest.ptr[n] != '\t' && rest.ptr[n] != '\n')
			n++;
		word = str_sub(rest, 0, n);
		rest = str_trim(str_from(rest, n));
	}
	return word;
}

static bool is_write(struct str name)
{
	static const char *const writes[] = {
		"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", NULL,
	};
	const struct operation *op = operation_by_command(name);

	if (op)
		name = op->name;
	for (const char *const *w = writes; *w; w++)
		if (str_eq_nocase(name, str_c(*w)))
			return true;
	return false;
}

static bool writes(const struct model_pattern *p)
{
	for (size_t i = 0; i < p->n_commands; i++)
		if (is_write(third_word(p->commands[i].text)))
			return true;
	return p->n_commands == 0 && is_write(p->operation);
}

/* --- changes --------------------------------------------------------------- */

/* What of a pattern is deployed; the others are figures and tests. */
static const struct {
	const char *name;
	bool deployed;
} members[] = {
	{ "implementation", true }, { "table", true }, { "index", true }, { "dynamodb_operation", true },
	{ "served_by", true }, { "strongly_consistent", true }, { "reason", false }, { "description", false },
	{ "rps", false }, { "item_size_bytes", false }, { "item_count", false }, { "gsi_list", false }, { "expect", false },
};

static struct str differing(struct diffing *d, const struct node *was, const struct node *is, bool *deployed)
{
	struct str text;
	struct buf b;

	buf_init(&b, LIST_MAX);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		if (diff_same_member(was, is, members[i].name))
			continue;
		buf_putf(&b, "%s%s", b.len ? ", " : "", members[i].name);
		*deployed |= members[i].deployed;
	}
	text = diff_text(d, "%.*s", STR_ARG(buf_str(&b)));
	buf_release(&b);
	return text;
}

/* Ids for a step's sentence: "3, 7 and 2 more". */
struct id_list {
	struct buf text;
	size_t count;
};

static void list_id(struct id_list *l, struct str id)
{
	if (l->count++ < NAMES_LISTED)
		buf_putf(&l->text, "%s%.*s", l->text.len ? ", " : "", (int)(id.len < 40 ? id.len : 40), id.ptr ? id.ptr : "");
}

enum { NEW_READ, NEW_WRITE, GONE_READ, GONE_WRITE, LISTS };

struct patterns {
	struct diffing *d;
	struct id_list lists[LISTS];
};

static void add_pattern(struct patterns *p, const struct model_pattern *is)
{
	diff_add(p->d, &(struct diff_change){
		.kind = DIFF_ADDED, .what = "pattern", .table = is->table_name, .name = is->id,
		.text = diff_text(p->d, "%.*s", NAME_ARG(is->description)),
	});
	if (is->n_commands)
		list_id(&p->lists[writes(is) ? NEW_WRITE : NEW_READ], is->id);
}

static void remove_pattern(struct patterns *p, const struct model_pattern *was)
{
	diff_add(p->d, &(struct diff_change){
		.kind = DIFF_REMOVED, .what = "pattern", .table = was->table_name, .name = was->id,
		.text = diff_text(p->d, "%.*s", NAME_ARG(was->description)),
	});
	if (was->n_commands)
		list_id(&p->lists[writes(was) ? GONE_WRITE : GONE_READ], was->id);
}

static void change_pattern(struct patterns *p, const struct model_pattern *was, const struct model_pattern *is)
{
	bool deployed = false;
	struct str text = differing(p->d, was->at, is->at, &deployed);

	if (text.len)
		diff_add(p->d, &(struct diff_change){
			.kind = DIFF_CHANGED, .what = "pattern", .table = is->table_name, .name = is->id, .text = text,
		});
	if (deployed)
		list_id(&p->lists[writes(is) || writes(was) ? NEW_WRITE : NEW_READ], is->id);
}

/* --- steps ----------------------------------------------------------------- */

static struct str ids(struct diffing *d, const struct id_list *l)
{
	struct str text = diff_text(d, "%.*s", STR_ARG(buf_str(&l->text)));

	return l->count <= NAMES_LISTED ? text :
		diff_text(d, "%.*s and %zu more", STR_ARG(text), l->count - NAMES_LISTED);
}

static void deploy(struct patterns *p, enum diff_phase phase, size_t made, size_t gone)
{
	const struct id_list *new = &p->lists[made], *old = &p->lists[gone];
	bool readers = phase == DIFF_READERS;
	struct diffing *d = p->d;

	if (new->count == 0 && old->count == 0)
		return;
	diff_step(d, TURN_LAST, &(struct diff_step){
		.phase = phase, .code = readers ? "deploy-readers" : "deploy-writers",
		.what = diff_text(d, "Deploy %s%s%.*s%s%s%.*s.", readers ? "readers" : "writers",
				  new->count ? ": new or changed patterns " : "", STR_ARG(ids(d, new)), new->count && old->count ? ";" : "",
				  old->count ? " without patterns " : "", STR_ARG(ids(d, old))),
		.why = readers ? STR("They must understand items of both forms before the first one of the new form is written.") :
			STR("Every reader understands by now what they write."),
		.before = readers ? STR("Tables and indexes that they use are ACTIVE and filled.") :
			STR("All readers are deployed."),
	});
}

static struct str *pattern_ids(struct diffing *d, const struct model *m)
{
	struct str *list = arena_array(d->arena, m->n_patterns + 1, sizeof(*list));

	for (size_t i = 0; list && i < m->n_patterns; i++)
		list[i] = m->patterns[i].id;
	d->full |= !list;
	return list;
}

static void compare_patterns(struct patterns *p)
{
	const struct model *was = p->d->was, *is = p->d->is;
	struct str *left = pattern_ids(p->d, was), *right = pattern_ids(p->d, is);
	struct matching m;

	if (!left || !right || !diff_match(p->d, left, was->n_patterns, right, is->n_patterns, &m))
		return;
	for (size_t i = 0; i < is->n_patterns; i++) {
		if (m.to_was[i] == SIZE_MAX)
			add_pattern(p, &is->patterns[i]);
		else
			change_pattern(p, &was->patterns[m.to_was[i]], &is->patterns[i]);
	}
	for (size_t i = 0; i < was->n_patterns; i++)
		if (m.to_is[i] == SIZE_MAX)
			remove_pattern(p, &was->patterns[i]);
}

/* --- sample items ---------------------------------------------------------- */

struct name_set {
	struct str *names;
	size_t count, cap;
};

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Attributes of a table's sample items, each once, in order; memory like that of the items. */
static struct name_set attributes_of(const struct model *m, struct str table)
{
	struct name_set set = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < m->n_items; i++) {
		struct value_iter it;
		struct value v;
		struct str name;

		if (!m->items[i].table || !str_eq(m->items[i].table->name, table))
			continue;
		for (value_iter_init(&it, m->items[i].item); value_iter_next(&it, &name, &v, NULL);) {
			if (set.count == set.cap)
				set.names = mem_resize(set.names, (set.cap = set.cap ? set.cap * 2 : 64) * sizeof(*set.names));
			set.names[set.count++] = name;
		}
	}
	if (set.count)
		qsort(set.names, set.count, sizeof(*set.names), by_text);
	for (size_t i = 0; i < set.count; i++)
		if (i == 0 || !str_eq(set.names[i], set.names[n - 1]))
			set.names[n++] = set.names[i];
	set.count = n;
	return set;
}

static void list_new_names(const struct name_set *was, const struct name_set *is, struct id_list *out)
{
	for (size_t i = 0; i < is->count; i++)
		if (!was->count || !bsearch(&is->names[i], was->names, was->count, sizeof(*was->names), by_text))
			list_id(out, is->names[i]);
}

static void note_attributes(struct diffing *d, struct str table, const struct name_set *was, const struct name_set *is,
			    enum diff_kind kind)
{
	struct id_list list = { 0 };

	buf_init(&list.text, LIST_MAX);
	list_new_names(was, is, &list);
	if (list.count)
		diff_add(d, &(struct diff_change){
			.kind = kind, .what = "attribute", .table = table, .text = ids(d, &list),
			.hint = kind == DIFF_ADDED ?
				STR("Needs no step: items have no common form. Readers must stand older items that lack it.") :
				STR("Older items keep it until they are written anew."),
		});
	buf_release(&list.text);
}

static const struct node *items_node(const struct model *m, struct str table)
{
	return node_get(node_get(m->root, STR("items")), table);
}

static void compare_items(struct diffing *d, struct str table)
{
	struct name_set was, is;

	if (diff_same_tree(items_node(d->was, table), items_node(d->is, table)))
		return;
	diff_add(d, &(struct diff_change){
		.kind = DIFF_CHANGED, .what = "items", .table = table, .text = STR("its sample items"),
	});
	was = attributes_of(d->was, table);
	is = attributes_of(d->is, table);
	if (was.count && is.count) {
		note_attributes(d, table, &was, &is, DIFF_ADDED);
		note_attributes(d, table, &is, &was, DIFF_REMOVED);
	}
	mem_free(was.names);
	mem_free(is.names);
}

void diff_patterns(struct diffing *d)
{
	struct patterns p = { .d = d };

	for (size_t i = 0; i < LISTS; i++)
		buf_init(&p.lists[i].text, LIST_MAX);
	for (size_t i = 0; i < d->is->n_tables; i++)
		if (model_table(d->was, d->is->tables[i].name))
			compare_items(d, d->is->tables[i].name);
	compare_patterns(&p);
	deploy(&p, DIFF_READERS, NEW_READ, GONE_READ);
	deploy(&p, DIFF_WRITERS, NEW_WRITE, GONE_WRITE);
	for (size_t i = 0; i < LISTS; i++)
		buf_release(&p.lists[i].text);
}
