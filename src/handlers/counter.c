#include "sluice/handlers/counter.h"

#include "sluice/core/digest.h"
#include "sluice/core/mem.h"
#include "sluice/handlers/base.h"
#include "sluice/handlers/kinds.h"
#include "sluice/item/number.h"

#include <stdio.h>

enum {
	ROOTS = TEMPLATE_ITEM | TEMPLATE_KEYS,
	ADDS_MAX = 50,
	SHARDS_MAX = 1000,
	ATTRIBUTE_MAX = 255,
};

enum counter_op { OP_SUM, OP_COUNT, OP_MIN, OP_MAX, OP_DISTINCT };
enum counter_zero { ZERO_KEEP, ZERO_DELETE };

/* One entry of `add`; what holds no template is evaluated once. */
struct counter_add {
	struct template *attribute, *by;
	struct str fixed_attribute;
	bool by_fixed;
	struct number fixed_by;
};

struct counter_delta {
	struct str attribute;
	struct number by;
};

/* What one image contributes. */
struct counter_side {
	bool counts;
	struct row_key key;
	struct str set;
	struct counter_delta *deltas;
	size_t n;
};

struct counter {
	struct handler base;
	const struct counter_settings *settings;
	struct template_tree *key, *set;
	struct filter *where;
	struct counter_add *adds;
	size_t n_adds;
	struct counter_side sides[IMAGE_SIDES];  /* working space of one record */
	char *source_shard;                      /* the shard that fence and shard belong to */
	char fence[COUNTER_FENCE_LEN + 1];
	int64_t shard;
};

static const char *const op_names[] = { "sum", "count", "min", "max", "distinct", NULL };
static const char *const zero_names[] = { "keep", "delete", NULL };

#define ADD_AT(member) offsetof(struct counter_add_settings, member)
#define AT(member) offsetof(struct counter_settings, member)

static const struct option add_options[] = {
	{ .name = "attribute", .type = OPTION_STR, .offset = ADD_AT(attribute), .flags = OPTION_REQUIRED,
	  .help = "The attribute that holds the sum; may be a template over ${item.…}." },
	{ .name = "by", .type = OPTION_VALUE, .offset = ADD_AT(by),
	  .help = "What each item adds: a number, or a template that gives one. Default: 1." },
	{ .name = "op", .type = OPTION_ENUM, .offset = ADD_AT(op), .default_text = "sum", .names = op_names,
	  .help = "sum, or count (adds 1 an item). min, max and distinct are not available in this version." },
	{ 0 },
};

static const struct option options[] = {
	{ .name = "table", .type = OPTION_STR, .offset = AT(table), .flags = OPTION_REQUIRED,
	  .help = "The table that holds the counter rows." },
	{ .name = "key", .type = OPTION_TREE, .offset = AT(key), .flags = OPTION_REQUIRED,
	  .help = "The row's key attributes, templates over ${item.…}; with ${shard} where shards > 1." },
	{ .name = "where", .type = OPTION_TREE, .offset = AT(where),
	  .help = "Items that count: an event pattern over one plain item. Default: all." },
	{ .name = "add", .type = OPTION_LIST, .offset = AT(add), .flags = OPTION_REQUIRED, .min = 1,
	  .max = ADDS_MAX, .table = add_options, .item_size = sizeof(struct counter_add_settings),
	  .help = "What is added up." },
	{ .name = "set", .type = OPTION_TREE, .offset = AT(set),
	  .help = "Plain attributes written beside the sums, such as index keys: templates over ${item.…}." },
	{ .name = "shards", .type = OPTION_INT, .offset = AT(shards), .default_text = "1", .min = 1,
	  .max = SHARDS_MAX, .help = "Spreads a hot counter over so many rows; readers add them up." },
	{ .name = "window_ms", .type = OPTION_INT, .offset = AT(window_ms), .default_text = "1000", .max = 60000,
	  .unit = "ms", .help = "Changes of one row are gathered so long and written at once." },
	{ .name = "zero", .type = OPTION_ENUM, .offset = AT(zero), .default_text = "keep", .names = zero_names,
	  .help = "What becomes of rows that fall to zero: keep. delete is not available in this version." },
	{ 0 },
};

int64_t counter_shard(struct str source_shard_id, int64_t shards)
{
	struct digest d;

	if (shards <= 1)
		return 0;
	digest_fields(&source_shard_id, 1, &d);
	return (int64_t)(digest_u64(&d) % (uint64_t)shards);
}

void counter_fence(const struct handler_site *site, struct str source_shard_id, char *out)
{
	const struct str fields[] = { site->app, site->pipeline, site->name, source_shard_id };
	struct digest d;

	digest_fields(fields, sizeof(fields) / sizeof(*fields), &d);
	snprintf(out, COUNTER_FENCE_LEN + 1, "sluice_f_%.16s", d.hex);
}

static void counter_free(struct handler *h)
{
	struct counter *k = (struct counter *)h;

	mem_free(k->source_shard);
	handler_release(h);
	mem_free(h);
}

static void compile_attribute(struct counter *k, struct counter_add *add, struct str text, const struct node *at,
			      struct problems *problems)
{
	const struct template_context none = { 0 };
	struct buf *scratch = handler_scratch(&k->base);

	add->attribute = template_compile(text, ROOTS, &k->base.arena, at, problems);
	if (!add->attribute || template_roots(add->attribute) != 0 ||
	    !template_text(add->attribute, &none, scratch, NULL))
		return;
	add->fixed_attribute = arena_dup(&k->base.arena, buf_str(scratch));
	if (!handler_check_name(add->fixed_attribute, at, problems))
		return;
	if (handler_tree_has(k->key, add->fixed_attribute) || handler_tree_has(k->set, add->fixed_attribute))
		problems_add(problems, at, "%.*s stands in key or set too; a sum needs an attribute of its own",
			     STR_ARG(add->fixed_attribute));
}

static void compile_by(struct counter *k, struct counter_add *add, const struct node *by, struct problems *problems)
{
	const struct template_context none = { 0 };
	struct buf *scratch = handler_scratch(&k->base);
	struct err err = { 0 };

	if (by && by->kind != NODE_STRING && by->kind != NODE_INT && by->kind != NODE_REAL) {
		problems_add(problems, by, "by is a number or a template, found %s", node_kind_name(by->kind));
		return;
	}
	add->by = template_compile(by ? by->text : STR("1"), ROOTS, &k->base.arena, by, problems);
	if (!add->by || template_roots(add->by) != 0)
		return;
	add->by_fixed = true;
	if (!template_text(add->by, &none, scratch, &err) || !number_parse(buf_str(scratch), &add->fixed_by, &err) ||
	    !number_fits(&add->fixed_by))
		problems_add(problems, by, "by must be a number of at most 38 digits: %s", err.text);
	else if (number_is_zero(&add->fixed_by))
		problems_add(problems, by, "by = 0 would never change anything");
}

static void compile_op(const struct counter_add_settings *s, const struct counter_add *add, const struct node *group,
		       struct problems *problems)
{
	const struct node *at = group ? node_get(group, STR("op")) : NULL;
	struct number one;

	if (s->op == OP_SUM)
		return;
	if (s->op != OP_COUNT) {
		problems_add_as(problems, PROBLEM_LATER, at ? at : group, "op = %s is not available in this version; use sum or count",
			     op_names[s->op]);
		return;
	}
	if (add->by && (!add->by_fixed || !number_parse(STR("1"), &one, NULL) ||
			number_compare(&add->fixed_by, &one) != 0))
		problems_add(problems, at ? at : group, "op = count adds 1 an item; for another amount use op = sum");
}

static void compile_adds(struct counter *k, struct problems *problems)
{
	const struct option_list *list = &k->settings->add;
	const struct counter_add_settings *s = list->items;

	k->adds = arena_array(&k->base.arena, list->count, sizeof(*k->adds));
	for (int side = 0; side < IMAGE_SIDES; side++) {
		k->sides[side].deltas = arena_array(&k->base.arena, 2 * list->count, sizeof(struct counter_delta));
		if (!k->sides[side].deltas)
			k->adds = NULL;
	}
	if (!k->adds) {
		problems_add(problems, k->base.site.node, "this counter's settings are too large");
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct node *group = list->nodes[i];
		const struct node *at = group ? node_get(group, STR("attribute")) : NULL;

		compile_attribute(k, &k->adds[i], s[i].attribute, at ? at : group, problems);
		compile_by(k, &k->adds[i], s[i].by, problems);
		compile_op(&s[i], &k->adds[i], group, problems);
	}
	k->n_adds = list->count;
}

static void check_settings(const struct counter *k, struct problems *problems)
{
	const struct counter_settings *s = k->settings;
	const struct handler_site *site = &k->base.site;

	if (s->shards > 1 && k->key && !problems_within(problems, s->key) &&
	    !(template_tree_roots(k->key) & TEMPLATE_SHARD))
		problems_add(problems, handler_at(site, "shards"),
			     "shards = %lld needs ${shard} in key, or all rows would be one", (long long)s->shards);
	if (s->zero == ZERO_DELETE)
		problems_add_as(problems, PROBLEM_LATER, handler_at(site, "zero"),
			     "zero = \"delete\" is not available in this version; rows that fall to zero are kept");
	handler_check_target(site, s->table, s->where, problems);
}

static struct handler *counter_new(const void *settings, const struct handler_site *site, struct problems *problems)
{
	struct counter *k = mem_alloc(sizeof(*k));
	size_t before = problems->count;

	handler_init(&k->base, &counter_ops, site);
	k->settings = settings;
	k->key = handler_key_tree(&k->base, k->settings->key, ROOTS | TEMPLATE_SHARD, problems);
	k->set = handler_tree(&k->base, k->settings->set, ROOTS | TEMPLATE_SHARD, problems);
	handler_check_apart(k->set, k->key, k->settings->set, problems);
	k->where = filter_compile(k->settings->where, FILTER_ITEM, &k->base.arena, problems);
	compile_adds(k, problems);
	check_settings(k, problems);
	if (problems->count > before) {
		counter_free(&k->base);
		return NULL;
	}
	return &k->base;
}

/* Fence and row shard follow the source shard, which changes only from batch to batch. */
static void enter_source_shard(struct counter *k, struct str id)
{
	if (k->source_shard && str_eq(str_c(k->source_shard), id))
		return;
	mem_free(k->source_shard);
	k->source_shard = mem_dup(id.ptr, id.len);
	counter_fence(&k->base.site, id, k->fence);
	k->shard = counter_shard(id, k->settings->shards);
}

static bool attribute_of(struct counter *k, const struct counter_add *add, const struct template_context *c,
			 struct effect_batch *b, struct str *out, struct err *err)
{
	struct buf *scratch = handler_scratch(&k->base);

	if (template_roots(add->attribute) == 0) {
		*out = add->fixed_attribute;
		return true;
	}
	if (!handler_text(template_text(add->attribute, c, scratch, err), scratch, b, out, err))
		return err_prefix(err, "name of a sum");
	if (out->len == 0 || out->len > ATTRIBUTE_MAX || handler_name_reserved(*out) ||
	    handler_tree_has(k->key, *out) || handler_tree_has(k->set, *out))
		return err_set(err, ERR_DATA, "counter.attribute",
			       "a sum cannot be called \"%.*s\": 1 to %d bytes are expected, not beginning with sluice_, "
			       "and no name of key or set", (int)(out->len < 64 ? out->len : 64), out->ptr ? out->ptr : "",
			       ATTRIBUTE_MAX);
	return true;
}

static bool amount_of(struct counter *k, const struct counter_add *add, const struct template_context *c,
		      struct number *out, struct err *err)
{
	struct buf *scratch = handler_scratch(&k->base);

	if (add->by_fixed) {
		*out = add->fixed_by;
		return true;
	}
	if (!template_text(add->by, c, scratch, err))
		return false;
	if (!number_parse(buf_str(scratch), out, err))
		return false;
	return number_fits(out) || err_set(err, ERR_DATA, "counter.range",
					   "the amount has more digits or a larger power of ten than DynamoDB's numbers");
}

/* Adds an amount to the side's delta of that attribute. */
static bool accumulate(struct counter_side *side, struct str attribute, const struct number *by, struct err *err)
{
	for (size_t i = 0; i < side->n; i++) {
		if (str_eq(side->deltas[i].attribute, attribute))
			return number_add(&side->deltas[i].by, by, err);
	}
	side->deltas[side->n].attribute = attribute;
	side->deltas[side->n++].by = *by;
	return true;
}

static bool fill_set(struct counter *k, const struct template_context *c, struct effect_batch *b, struct str *out,
		     struct err *err)
{
	bool marked = str_eq(k->settings->table, k->base.site.table);
	struct buf *scratch = handler_scratch(&k->base);
	bool ok = true;

	if (!k->set && !marked)
		return true;
	buf_putc(scratch, '{');
	if (k->set)
		ok = handler_append_tree(k->set, c, scratch, err);
	if (marked)
		handler_append_mark(&k->base, scratch);
	buf_putc(scratch, '}');
	return handler_text(ok, scratch, b, out, err) || err_prefix(err, "set");
}

static bool fill_side(struct counter *k, struct template_context *c, struct effect_batch *b,
		      struct counter_side *side, struct err *err)
{
	bool matches;

	side->n = 0;
	side->set = STR("");
	if (!filter_match_item(k->where, c->item, c, &matches, err))
		return err_prefix(err, "where");
	if (!matches)
		return true;
	c->shard = k->shard;
	if (!row_key_fill(&k->base, k->key, c, b, &side->key, err))
		return err_prefix(err, "key");
	for (size_t i = 0; i < k->n_adds; i++) {
		struct str attribute;
		struct number by;

		if (!attribute_of(k, &k->adds[i], c, b, &attribute, err))
			return false;
		if (!amount_of(k, &k->adds[i], c, &by, err) || !accumulate(side, attribute, &by, err))
			return err_prefix(err, "sum %.*s", STR_ARG(attribute));
	}
	if (!fill_set(k, c, b, &side->set, err))
		return false;
	side->counts = true;
	return true;
}

static void negate(struct counter_side *side)
{
	for (size_t i = 0; i < side->n; i++)
		number_negate(&side->deltas[i].by);
}

static bool emit_deltas(struct counter *k, const struct counter_side *side, struct effect *e, struct err *err)
{
	struct effect_batch *b = e->batch;
	struct effect_delta *deltas = arena_array(&b->arena, side->n, sizeof(*deltas));
	size_t n = 0;

	if (!deltas)
		return effect_no_memory(b, err);
	for (size_t i = 0; i < side->n; i++) {
		const struct counter_delta *d = &side->deltas[i];
		struct buf *scratch = handler_scratch(&k->base);

		if (number_is_zero(&d->by))
			continue;
		if (!number_fits(&d->by))
			return err_set(err, ERR_DATA, "counter.range",
				       "%.*s would change by an amount of more than 38 digits, which DynamoDB cannot add",
				       STR_ARG(d->attribute));
		deltas[n].attribute = d->attribute;
		if (!handler_text(number_write(&d->by, scratch), scratch, b, &deltas[n++].by, err))
			return false;
	}
	e->add.deltas = deltas;
	e->add.n_deltas = n;
	return true;
}

static bool emit(struct counter *k, const struct counter_side *side, struct effect_batch *b, uint32_t index,
		 struct err *err)
{
	struct effect *e;
	bool changes = false;

	for (size_t i = 0; i < side->n; i++)
		changes = changes || !number_is_zero(&side->deltas[i].by);
	if (!side->counts || !changes)
		return true;
	e = effect_new(b, EFFECT_ADD, index, err);
	if (!e)
		return false;
	e->add.table = k->settings->table;
	e->add.key = side->key.text;
	e->add.set = side->set;
	e->add.fence = arena_dup(&b->arena, str_of(k->fence, COUNTER_FENCE_LEN));
	if (!e->add.fence.ptr)
		return effect_no_memory(b, err);
	return emit_deltas(k, side, e, err);
}

static bool counter_record(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err)
{
	struct counter *k = (struct counter *)h;
	struct counter_side *was = &k->sides[IMAGE_OLD], *is = &k->sides[IMAGE_NEW];
	struct image_sides sides;

	enter_source_shard(k, b->source.shard_id);
	if (!image_sides(h, b->records[index], &sides, err))
		return false;
	for (int side = 0; side < IMAGE_SIDES; side++) {
		k->sides[side].counts = false;
		if (sides.present[side] && !fill_side(k, &sides.context[side], b, &k->sides[side], err) &&
		    !image_side_report(b, index, (enum image_side)side, err))
			return false;
	}
	if (was->counts)
		negate(was);
	if (!was->counts || !is->counts || !str_eq(was->key.canonical, is->key.canonical))
		return emit(k, was, b, index, err) && emit(k, is, b, index, err);
	for (size_t i = 0; i < was->n; i++) {
		if (!accumulate(is, was->deltas[i].attribute, &was->deltas[i].by, err))
			return false;
	}
	return emit(k, is, b, index, err);
}

static bool counter_apply(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err)
{
	return handler_apply(counter_record, h, b, index, err);
}

static void define_adds(struct json_writer *w, const struct option_list *list)
{
	const struct counter_add_settings *s = list->items;

	json_key(w, STR("add"));
	json_begin_array(w);
	for (size_t i = 0; i < list->count; i++) {
		json_begin_object(w);
		definition_str(w, "attribute", s[i].attribute);
		definition_str(w, "by", s[i].by ? s[i].by->text : STR("1"));
		json_end_object(w);
	}
	json_end_array(w);
}

static bool counter_definition(const struct handler *h, struct buf *out)
{
	const struct counter_settings *s = ((const struct counter *)h)->settings;
	struct json_writer w;

	definition_begin(&w, out);
	define_adds(&w, &s->add);
	definition_tree(&w, "key", s->key);
	definition_str(&w, "kind", STR("counter"));
	definition_tree(&w, "set", s->set);
	json_member_int(&w, STR("shards"), s->shards);
	definition_str(&w, "source", h->site.table);
	definition_str(&w, "table", s->table);
	definition_tree(&w, "where", s->where);
	return definition_end(&w);
}

const struct handler_ops counter_ops = {
	.kind = "counter",
	.summary = "Keeps counts and sums per group in rows of a table, exactly once in effect.",
	.options = options,
	.settings_size = sizeof(struct counter_settings),
	.image = true,
	.needs_new = true,
	.needs_old = true,
	.new = counter_new,
	.apply = counter_apply,
	.definition = counter_definition,
	.free = counter_free,
};
