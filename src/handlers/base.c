#include "sluice/handlers/base.h"

#include "sluice/item/key.h"

enum {
	ARENA_MAX = 16 << 20,
	SCRATCH_MAX = 16 << 20,   /* two images of 400 KB, every byte escaped, and templates around them */
	SCRATCH_KEEP = 1 << 20,
};

void handler_init(struct handler *h, const struct handler_ops *ops, const struct handler_site *site)
{
	h->ops = ops;
	h->site = *site;
	arena_init(&h->arena, ARENA_MAX);
	buf_init(&h->scratch, SCRATCH_MAX);
}

void handler_release(struct handler *h)
{
	buf_release(&h->scratch);
	arena_release(&h->arena);
}

bool handler_apply(handler_record_fn *record, struct handler *h, struct effect_batch *b, uint32_t index,
		   struct err *err)
{
	struct effect_mark mark = effect_batch_mark(b);
	struct err unread = { 0 };

	if (!err)
		err = &unread;
	err_clear(err);
	if (record(h, b, index, err))
		return true;
	effect_batch_undo(b, mark);
	return false;
}

bool handler_ignores(const struct record *r)
{
	static const struct str mark = STR_INIT("sluice_handler");
	struct value found;

	return (r->new_image.type == VALUE_M && value_get(r->new_image, mark, &found)) ||
	       (r->old_image.type == VALUE_M && value_get(r->old_image, mark, &found));
}

const struct node *handler_at(const struct handler_site *site, const char *name)
{
	const struct node *member = site->node ? node_get(site->node, str_c(name)) : NULL;

	return member ? member : site->node;
}

bool handler_name_reserved(struct str name)
{
	return str_starts(name, STR("sluice_"));
}

bool handler_check_name(struct str name, const struct node *at, struct problems *problems)
{
	if (name.len == 0) {
		problems_add(problems, at, "an attribute name is empty");
		return false;
	}
	if (handler_name_reserved(name)) {
		problems_add(problems, at, "attribute names that begin with sluice_ belong to sluice itself; found \"%.*s\"",
			     STR_ARG(name));
		return false;
	}
	return true;
}

struct template *handler_template(struct handler *h, struct str text, unsigned allowed, const char *setting,
				  struct problems *problems)
{
	if (text.len == 0)
		return NULL;
	return template_compile(text, allowed, &h->arena, handler_at(&h->site, setting), problems);
}

struct template_tree *handler_tree(struct handler *h, const struct node *node, unsigned allowed,
				   struct problems *problems)
{
	struct template_tree *tree;
	const struct str *names;

	if (!node)
		return NULL;
	if (node->kind != NODE_OBJECT) {
		problems_add(problems, node, "expected a group of named values { name = \"...\"; }, found %s",
			     node_kind_name(node->kind));
		return NULL;
	}
	tree = template_tree_compile(node, allowed, &h->arena, problems);
	if (!tree)
		return NULL;
	for (size_t i = 0, n = template_tree_names(tree, &names); i < n; i++) {
		const struct node *at = node_get(node, names[i]);

		handler_check_name(names[i], at ? at : node, problems);
	}
	return tree;
}

struct template_tree *handler_key_tree(struct handler *h, const struct node *node, unsigned allowed,
				       struct problems *problems)
{
	struct template_tree *tree = handler_tree(h, node, allowed, problems);
	const struct str *names;
	size_t n = tree ? template_tree_names(tree, &names) : 0;

	if (tree && (n < 1 || n > 2))
		problems_add(problems, node,
			     "a key has one or two attributes (partition key, sort key), found %zu", n);
	return tree;
}

bool handler_tree_has(const struct template_tree *t, struct str name)
{
	return t && template_tree_get(t, name);
}

void handler_check_apart(const struct template_tree *a, const struct template_tree *b, const struct node *at,
			 struct problems *problems)
{
	const struct str *names;

	for (size_t i = 0, n = a ? template_tree_names(a, &names) : 0; i < n; i++) {
		const struct node *member = node_get(at, names[i]);

		if (handler_tree_has(b, names[i]))
			problems_add(problems, member ? member : at, "%.*s is an attribute of the key already",
				     STR_ARG(names[i]));
	}
}

void handler_check_target(const struct handler_site *site, struct str target, const struct node *where,
			  struct problems *problems)
{
	const struct node *refused = site->node ? node_get(site->node, STR("where")) : NULL;

	if (str_eq(target, site->table) && !where && !problems_within(problems, refused))
		problems_add(problems, handler_at(site, "table"),
			     "rows derived into the source table %.*s need a where that excludes their own keys",
			     STR_ARG(target));
}

static void separate(struct buf *out)
{
	if (out->len && out->ptr[out->len - 1] != '{')
		buf_putc(out, ',');
}

bool handler_append_tree(const struct template_tree *t, const struct template_context *c, struct buf *out,
			 struct err *err)
{
	size_t begin;

	separate(out);
	begin = out->len;
	if (!template_tree_value(t, c, out, err))
		return false;
	/* The tree brings its own braces; what stands between them is wanted. */
	if (!buf_ok(out) || out->len < begin + 2)
		return true;
	memmove(out->ptr + begin, out->ptr + begin + 1, out->len - begin - 2);
	buf_truncate(out, out->len - 2);
	if (out->len == begin && begin && out->ptr[begin - 1] == ',')
		buf_truncate(out, begin - 1);
	return true;
}

void handler_append_mark(const struct handler *h, struct buf *out)
{
	separate(out);
	buf_puts(out, "\"sluice_handler\":{\"S\":\"");
	json_escape(out, h->site.name);
	buf_puts(out, "\"}");
}

void handler_put_uint(struct buf *out, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	buf_put(out, str_of(digits + at, sizeof(digits) - at));
}

void handler_put_int(struct buf *out, int64_t n)
{
	if (n < 0)
		buf_putc(out, '-');
	handler_put_uint(out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

struct buf *handler_scratch(struct handler *h)
{
	if (h->scratch.cap > SCRATCH_KEEP)
		buf_release(&h->scratch);
	else
		buf_clear(&h->scratch);
	return &h->scratch;
}

bool handler_text(bool ok, const struct buf *from, struct effect_batch *b, struct str *out, struct err *err)
{
	if (!ok && buf_ok(from))
		return false;
	return effect_text(b, from, out, err);
}

bool image_sides(const struct handler *h, const struct record *r, struct image_sides *out, struct err *err)
{
	const struct value images[] = { [IMAGE_OLD] = r->old_image, [IMAGE_NEW] = r->new_image };
	struct template_context c;

	template_context_of(r, h->site.table, &c);
	out->present[IMAGE_OLD] = r->event != RECORD_INSERT;
	out->present[IMAGE_NEW] = r->event != RECORD_REMOVE;
	for (int side = 0; side < IMAGE_SIDES; side++) {
		if (out->present[side] && images[side].type != VALUE_M)
			return err_set(err, ERR_DATA, "handler.image",
				       "handler %.*s: a record (%s, sequence number %s) has no %s image; the stream of "
				       "table %.*s needs the view type NEW_AND_OLD_IMAGES",
				       STR_ARG(h->site.name), record_event_name(r->event), r->sequence.digits,
				       side == IMAGE_OLD ? "old" : "new", STR_ARG(h->site.table));
		out->context[side] = c;
		out->context[side].item = images[side];
	}
	return true;
}

bool image_side_report(struct effect_batch *b, uint32_t record, enum image_side side, struct err *err)
{
	if (err->class != ERR_DATA)
		return false;
	err_prefix(err, "%s image, which therefore contributes nothing", side == IMAGE_OLD ? "old" : "new");

	const struct err why = *err;

	if (!effect_batch_report(b, record, &why, err))
		return false;
	err_clear(err);
	return true;
}

static bool key_has_values(struct value key, struct err *err)
{
	struct value_iter it;
	struct value v;
	struct str name;

	value_iter_init(&it, key);
	while (value_iter_next(&it, &name, &v, err)) {
		if (v.raw.len == 0)
			return err_set(err, ERR_DATA, "row.key",
				       "key attribute %.*s of the derived row is empty; DynamoDB takes no empty keys",
				       STR_ARG(name));
	}
	return err->class == ERR_NONE;
}

bool row_key_fill(struct handler *h, const struct template_tree *key, const struct template_context *c,
		  struct effect_batch *b, struct row_key *out, struct err *err)
{
	struct buf *scratch = handler_scratch(h);

	err_clear(err);
	if (!handler_text(template_tree_value(key, c, scratch, err), scratch, b, &out->text, err) ||
	    !key_has_values(value_image(out->text), err))
		return false;
	scratch = handler_scratch(h);
	return handler_text(key_write(value_image(out->text), scratch, err), scratch, b, &out->canonical, err);
}

struct str handler_address(struct handler *h, const struct handler_address *a, struct problems *problems)
{
	const struct {
		const char *name;
		struct str value;
	} given[] = {
		{ "topic", a->topic }, { "queue_url", a->queue_url }, { "topic_arn", a->topic_arn },
		{ "stream", a->stream }, { "bus", a->bus }, { "function", a->function },
		{ "bucket", a->bucket }, { "prefix", a->prefix }, { "url", a->url },
	};
	struct str address = { NULL, 0 };

	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		if (str_find(given[i].value, STR("${")) != SIZE_MAX)
			problems_add(problems, handler_at(&h->site, given[i].name),
				     "'%s' is fixed text and cannot hold templates; make one handler for each", given[i].name);
		if (!address.len && given[i].value.len)
			address = given[i].value;
	}
	if (a->bucket.len && a->prefix.len)
		address = arena_putf(&h->arena, "%.*s/%.*s", STR_ARG(a->bucket), STR_ARG(a->prefix));
	return address;
}
