#include "sluice/handlers/view.h"

#include "sluice/core/mem.h"
#include "sluice/handlers/base.h"
#include "sluice/handlers/kinds.h"

#include <stdlib.h>

enum { ROOTS = TEMPLATE_ITEM | TEMPLATE_KEYS };
enum view_deletes { DELETES_REMOVE, DELETES_TOMBSTONE };
enum { TOMBSTONE_S = 48 * 3600 }; /* longer than anything that is older can still come: the stream keeps 24 h */

struct view {
	struct handler base;
	const struct view_settings *settings;
	struct template_tree *key, *set;
	struct filter *where;
	struct path explode;
};

struct view_row {
	struct row_key key;
	struct str item;
	size_t order;           /* among the rows of its image */
};

/* The rows that one image stands for, sorted by key, each key once. */
struct view_rows {
	struct view_row *rows;
	size_t count;
};

static const char *const deletes_names[] = { "remove", "tombstone", NULL };

#define AT(member) offsetof(struct view_settings, member)

static const struct option options[] = {
	{ .name = "table", .type = OPTION_STR, .offset = AT(table), .flags = OPTION_REQUIRED,
	  .help = "The table that holds the view's rows." },
	{ .name = "key", .type = OPTION_TREE, .offset = AT(key), .flags = OPTION_REQUIRED,
	  .help = "The row's key attributes, templates over ${item.…}; together they must contain every key "
		  "attribute of the source table, as it is." },
	{ .name = "attributes", .type = OPTION_NAMES, .offset = AT(attributes),
	  .help = "Top-level attributes that are copied as they are." },
	{ .name = "set", .type = OPTION_TREE, .offset = AT(set),
	  .help = "Computed attributes: templates over ${item.…}." },
	{ .name = "where", .type = OPTION_TREE, .offset = AT(where),
	  .help = "Items that have a row: an event pattern over one plain item. Default: all." },
	{ .name = "explode", .type = OPTION_STR, .offset = AT(explode),
	  .help = "Path of a list or set: one row for each element, which is ${element} in key and set." },
	{ .name = "deletes", .type = OPTION_ENUM, .offset = AT(deletes), .default_text = "remove",
	  .names = deletes_names,
	  .help = "What becomes of rows whose item is gone. remove: they go; a write that was long on its way may bring one back. "
		  "tombstone: they stay for two days with sluice_deleted = true and are never wrong: readers skip them, "
		  "DynamoDB drops them where the table's TTL attribute is sluice_expires." },
	{ .name = "atomic", .type = OPTION_BOOL, .offset = AT(atomic), .default_text = "false",
	  .help = "Rows of one change are written in one transaction (at most 100)." },
	{ 0 },
};

static void view_free(struct handler *h)
{
	handler_release(h);
	mem_free(h);
}

static unsigned compile_explode(struct view *w, struct problems *problems)
{
	const struct node *at = w->base.site.node ? node_get(w->base.site.node, STR("explode")) : NULL;
	struct err err = { 0 };

	if (w->settings->explode.len == 0)
		return problems_within(problems, at) ? TEMPLATE_ELEMENT : 0;
	if (!path_parse(w->settings->explode, &w->base.arena, &w->explode, &err))
		problems_add(problems, handler_at(&w->base.site, "explode"), "explode is a path such as \"tags\": %s",
			     err.text);
	return TEMPLATE_ELEMENT;
}

static void check_attributes(const struct view *w, struct problems *problems)
{
	const struct option_names *names = &w->settings->attributes;
	const struct node *at = handler_at(&w->base.site, "attributes");

	for (size_t i = 0; i < names->count; i++) {
		handler_check_name(names->items[i], at, problems);
		if (handler_tree_has(w->set, names->items[i]))
			problems_add(problems, at, "%.*s is copied by attributes and computed by set; leave one out",
				     STR_ARG(names->items[i]));
		for (size_t j = 0; j < i; j++) {
			if (str_eq(names->items[i], names->items[j]))
				problems_add(problems, at, "%.*s stands twice in attributes", STR_ARG(names->items[i]));
		}
	}
}

static void check_settings(const struct view *w, struct problems *problems)
{
	const struct view_settings *s = w->settings;
	const struct handler_site *site = &w->base.site;

	if (s->explode.len && w->key && !(template_tree_roots(w->key) & TEMPLATE_ELEMENT))
		problems_add(problems, handler_at(site, "key"),
			     "explode needs ${element} in key, or the rows of all elements would be one");
	handler_check_target(site, s->table, s->where, problems);
}

static struct handler *view_new(const void *settings, const struct handler_site *site, struct problems *problems)
{
	struct view *w = mem_alloc(sizeof(*w));
	size_t before = problems->count;
	unsigned roots;

	handler_init(&w->base, &view_ops, site);
	w->settings = settings;
	roots = ROOTS | compile_explode(w, problems);
	w->key = handler_key_tree(&w->base, w->settings->key, roots, problems);
	w->set = handler_tree(&w->base, w->settings->set, roots, problems);
	handler_check_apart(w->set, w->key, w->settings->set, problems);
	w->where = filter_compile(w->settings->where, FILTER_ITEM, &w->base.arena, problems);
	check_attributes(w, problems);
	check_settings(w, problems);
	if (problems->count > before) {
		view_free(&w->base);
		return NULL;
	}
	return &w->base;
}

/* True when the text has ${item.NAME} or ${keys.NAME} without filters: only then
 * do different values of NAME surely give different text. */
static bool text_contains(struct str text, struct str name, struct arena *a)
{
	for (size_t at; (at = str_find(text, STR("${"))) != SIZE_MAX;) {
		struct str inside = str_from(text, at + 2);
		size_t end = str_find_char(inside, '}');
		struct str reference = str_trim(str_sub(inside, 0, end == SIZE_MAX ? inside.len : end));
		struct path path;

		if (path_parse(reference, a, &path, NULL) && path.count == 2 && str_eq(path.steps[1].name, name) &&
		    (str_eq(path.steps[0].name, STR("item")) || str_eq(path.steps[0].name, STR("keys"))))
			return true;
		text = inside;
	}
	return false;
}

static bool key_contains(const struct node *key, struct str name, struct arena *a)
{
	for (const struct node *n = key->first; n; n = n->next) {
		if (n->kind == NODE_STRING && text_contains(n->text, name, a))
			return true;
	}
	return false;
}

static bool view_bind(struct handler *h, const struct str key_names[2], struct problems *problems)
{
	const struct view *w = (const struct view *)h;
	size_t before = problems->count;

	for (int i = 0; i < 2; i++) {
		if (key_names[i].len && !key_contains(w->settings->key, key_names[i], &h->arena))
			problems_add(problems, handler_at(&h->site, "key"),
				     "the key must contain ${item.%.*s} without filters: it is a key attribute of table "
				     "%.*s, and two items could else share a row", STR_ARG(key_names[i]),
				     STR_ARG(h->site.table));
	}
	return problems->count == before;
}

static void append_attributes(const struct view *w, struct value item, struct buf *out)
{
	const struct option_names *names = &w->settings->attributes;

	for (size_t i = 0; i < names->count; i++) {
		struct value v;

		if (handler_tree_has(w->key, names->items[i]) || !value_get(item, names->items[i], &v))
			continue;
		buf_puts(out, ",\"");
		json_escape(out, names->items[i]);
		buf_puts(out, "\":");
		value_write(v, out);
	}
}

static bool fill_row(struct view *w, const struct template_context *c, struct effect_batch *b, struct view_row *out,
		     struct err *err)
{
	struct buf *scratch;

	if (!row_key_fill(&w->base, w->key, c, b, &out->key, err))
		return err_prefix(err, "key");
	scratch = handler_scratch(&w->base);
	buf_put(scratch, str_sub(out->key.text, 0, out->key.text.len - 1));
	append_attributes(w, c->item, scratch);
	if (w->set && !handler_append_tree(w->set, c, scratch, err) && buf_ok(scratch))
		return err_prefix(err, "set");
	if (str_eq(w->settings->table, w->base.site.table))
		handler_append_mark(&w->base, scratch);
	buf_put(scratch, STR(",\"sluice_v\":{\"N\":\""));
	handler_put_uint(scratch, c->event_v);
	buf_put(scratch, STR("\"}}"));
	return effect_text(b, scratch, &out->item, err);
}

static int by_key(const void *a, const void *b)
{
	const struct view_row *x = a, *y = b;
	int order = str_cmp(x->key.canonical, y->key.canonical);

	if (order)
		return order;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Of rows with one key the first in the image's order stays. */
static void sort_rows(struct view_rows *rows)
{
	size_t kept = 0;

	qsort(rows->rows, rows->count, sizeof(*rows->rows), by_key);
	for (size_t i = 0; i < rows->count; i++) {
		if (i == 0 || !str_eq(rows->rows[i].key.canonical, rows->rows[kept - 1].key.canonical))
			rows->rows[kept++] = rows->rows[i];
	}
	rows->count = kept;
}

/* The container to explode; NONE when the item has no such attribute. */
static bool find_elements(const struct view *w, struct value item, struct value *out, size_t *count, struct err *err)
{
	struct value_iter it;
	struct value element;

	*count = 0;
	if (!path_get(&w->explode, item, out)) {
		*out = (struct value){ .type = VALUE_NONE };
		return true;
	}
	if (out->type != VALUE_L && out->type != VALUE_SS && out->type != VALUE_NS && out->type != VALUE_BS)
		return err_set(err, ERR_DATA, "view.explode", "%.*s is of type %s; a list or a set is expected",
			       STR_ARG(w->settings->explode), value_type_name(out->type));
	value_iter_init(&it, *out);
	while (value_iter_next(&it, NULL, &element, err))
		(*count)++;
	return err->class == ERR_NONE;
}

static bool fill_exploded(struct view *w, struct template_context *c, struct effect_batch *b, struct view_rows *out,
			  struct err *err)
{
	struct value container;
	struct value_iter it;
	size_t count;

	if (!find_elements(w, c->item, &container, &count, err))
		return false;
	if (count == 0)
		return true;
	out->rows = arena_array(&b->arena, count, sizeof(*out->rows));
	if (!out->rows)
		return effect_no_memory(b, err);
	value_iter_init(&it, container);
	for (size_t i = 0; i < count && value_iter_next(&it, NULL, &c->element, err); i++) {
		out->rows[i].order = i;
		if (!fill_row(w, c, b, &out->rows[i], err))
			return err_prefix(err, "element %zu", i);
		out->count++;
	}
	sort_rows(out);
	return true;
}

/* The rows of one image; none when it does not match. */
static bool fill_rows(struct view *w, struct template_context *c, struct effect_batch *b, struct view_rows *out,
		      struct err *err)
{
	bool matches;

	if (!filter_match_item(w->where, c->item, c, &matches, err))
		return err_prefix(err, "where");
	if (!matches)
		return true;
	if (w->settings->explode.len)
		return fill_exploded(w, c, b, out, err);
	out->rows = ARENA_NEW(&b->arena, struct view_row);
	if (!out->rows)
		return effect_no_memory(b, err);
	out->count = 1;
	return fill_row(w, c, b, out->rows, err);
}

/* What stands in the place of a row that is gone, so that an older put finds a higher
 * sluice_v there. */
static bool write_tombstone(struct view *w, struct effect_batch *b, uint32_t index, const struct view_row *row, struct str *item,
			    struct err *err)
{
	const struct record *r = b->records[index];
	struct buf *scratch = handler_scratch(&w->base);

	buf_put(scratch, str_sub(row->key.text, 0, row->key.text.len - 1));
	if (str_eq(w->settings->table, w->base.site.table))
		handler_append_mark(&w->base, scratch);
	buf_puts(scratch, ",\"sluice_deleted\":{\"BOOL\":true},\"sluice_expires\":{\"N\":\"");
	handler_put_uint(scratch, (uint64_t)(r->created_s > 0 ? r->created_s : 0) + TOMBSTONE_S);
	buf_puts(scratch, "\"},\"sluice_v\":{\"N\":\"");
	handler_put_uint(scratch, r->v);
	buf_puts(scratch, "\"}}");
	return effect_text(b, scratch, item, err);
}

static bool emit(struct view *w, struct effect_batch *b, uint32_t index, const struct view_row *row, bool put,
		 struct err *err)
{
	bool tombstone = !put && w->settings->deletes == DELETES_TOMBSTONE;
	struct effect *e = effect_new(b, put || tombstone ? EFFECT_PUT_ROW : EFFECT_DELETE_ROW, index, err);

	if (!e)
		return false;
	e->row.table = w->settings->table;
	e->row.key = row->key.text;
	if (put)
		e->row.item = row->item;
	return !tombstone || write_tombstone(w, b, index, row, &e->row.item, err);
}

/* Walks both sorted lists at once. */
static bool emit_difference(struct view *w, struct effect_batch *b, uint32_t index, const struct view_rows *was,
			    const struct view_rows *is, struct err *err)
{
	size_t i = 0, j = 0;

	while (i < was->count || j < is->count) {
		int order = i == was->count ? 1 : j == is->count ? -1 :
			    str_cmp(was->rows[i].key.canonical, is->rows[j].key.canonical);
		bool put = order > 0 || (order == 0 && !str_eq(was->rows[i].item, is->rows[j].item));

		if (order < 0 && !emit(w, b, index, &was->rows[i], false, err))
			return false;
		if (put && !emit(w, b, index, &is->rows[j], true, err))
			return false;
		i += order <= 0;
		j += order >= 0;
	}
	return true;
}

static bool join_group(const struct view *w, struct effect_batch *b, uint32_t index, size_t first, struct err *err)
{
	if (!w->settings->atomic || b->count - first < 2)
		return true;
	if (b->count - first > VIEW_ATOMIC_MAX)
		return err_set(err, ERR_DATA, "view.atomic",
			       "one change writes %zu rows and a transaction takes %d; set atomic = false",
			       b->count - first, VIEW_ATOMIC_MAX);
	for (size_t i = first; i < b->count; i++)
		b->effects[i]->group = index + 1;
	return true;
}

static bool view_record(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err)
{
	struct view *w = (struct view *)h;
	struct view_rows rows[IMAGE_SIDES] = { 0 };
	struct image_sides sides;
	size_t first = b->count;

	if (!image_sides(h, b->records[index], &sides, err))
		return false;
	for (int side = 0; side < IMAGE_SIDES; side++) {
		if (!sides.present[side] || fill_rows(w, &sides.context[side], b, &rows[side], err))
			continue;
		rows[side].count = 0;
		if (!image_side_report(b, index, (enum image_side)side, err))
			return false;
	}
	return emit_difference(w, b, index, &rows[IMAGE_OLD], &rows[IMAGE_NEW], err) &&
	       join_group(w, b, index, first, err);
}

static bool view_apply(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err)
{
	return handler_apply(view_record, h, b, index, err);
}

static bool view_definition(const struct handler *h, struct buf *out)
{
	const struct view_settings *s = ((const struct view *)h)->settings;
	struct json_writer w;

	definition_begin(&w, out);
	definition_names(&w, "attributes", &s->attributes);
	definition_str(&w, "explode", s->explode);
	definition_tree(&w, "key", s->key);
	definition_str(&w, "kind", STR("view"));
	definition_tree(&w, "set", s->set);
	definition_str(&w, "source", h->site.table);
	definition_str(&w, "table", s->table);
	definition_tree(&w, "where", s->where);
	return definition_end(&w);
}

const struct handler_ops view_ops = {
	.kind = "view",
	.summary = "Keeps a table that holds a projection of the source under other keys; the newest version wins.",
	.options = options,
	.settings_size = sizeof(struct view_settings),
	.image = true,
	.needs_new = true,
	.needs_old = true,
	.new = view_new,
	.bind = view_bind,
	.apply = view_apply,
	.definition = view_definition,
	.free = view_free,
};
