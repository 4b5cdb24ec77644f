#include "sluice/handlers/index.h"

#include "sluice/core/mem.h"
#include "sluice/handlers/base.h"
#include "sluice/handlers/kinds.h"
#include "sluice/item/key.h"

enum { ROOTS = TEMPLATE_ITEM | TEMPLATE_KEYS };

struct index_handler {
	struct handler base;
	const struct index_settings *settings;
	struct str physical;         /* the index written: <index>-<generation, six digits> */
	struct str definition;       /* of an index that must be made; or empty */
	struct template *id, *routing;
	struct template_tree *document;
	const struct str *names;      /* document given as a list */
	size_t n_names;
	struct filter *where;
};

/* Where one image's document stands. */
struct index_place {
	bool counts;
	struct str id, routing;
};

#define AT(member) offsetof(struct index_settings, member)

static const struct option options[] = {
	{ .name = "sink", .type = OPTION_STR, .offset = AT(sink), .flags = OPTION_REQUIRED,
	  .help = "Name of the opensearch sink." },
	{ .name = "index", .type = OPTION_STR, .offset = AT(index), .flags = OPTION_REQUIRED,
	  .help = "The index; the physical one is <index>-000001, counting up with each rebuild." },
	{ .name = "alias", .type = OPTION_STR, .offset = AT(alias),
	  .help = "What readers query. Default: the name given as index." },
	{ .name = "id", .type = OPTION_STR, .offset = AT(id),
	  .help = "Template of the document id. Default: the key attributes as compact plain JSON, sorted by name." },
	{ .name = "document", .type = OPTION_TREE, .offset = AT(document),
	  .help = "The document: a list of attribute names, or a tree of templates. Default: the whole item." },
	{ .name = "where", .type = OPTION_TREE, .offset = AT(where),
	  .help = "Items that are indexed: an event pattern over one plain item. Default: all." },
	{ .name = "routing", .type = OPTION_STR, .offset = AT(routing),
	  .help = "Template of the routing value, made of key attributes or of what the id is made of." },
	{ .name = "pipeline", .type = OPTION_STR, .offset = AT(pipeline),
	  .help = "An ingest pipeline of OpenSearch that documents pass." },
	{ .name = "mapping_file", .type = OPTION_STR, .offset = AT(mapping_file),
	  .help = "A JSON file with mappings and settings for indexes that sluice creates." },
	{ 0 },
};

const struct index_settings *index_settings(const struct handler *h)
{
	return ((const struct index_handler *)h)->settings;
}

struct str index_alias(const struct handler *h)
{
	const struct index_settings *s = index_settings(h);

	return s->alias.len ? s->alias : s->index;
}

void index_target(struct handler *h, uint32_t generation, struct str definition)
{
	struct index_handler *x = (struct index_handler *)h;

	x->physical = arena_putf(&h->arena, "%.*s-%06u", STR_ARG(x->settings->index), generation);
	x->definition = definition;
}

/* The rules of OpenSearch for names of indexes and aliases. */
static void check_name(struct str name, size_t max, const struct node *at, struct problems *problems)
{
	static const char refused[] = "\\/*?\"<>| ,#:";

	if (name.len == 0 || name.len > max)
		problems_add(problems, at, "an index name has 1 to %zu bytes, found %zu", max, name.len);
	else if (name.ptr[0] == '_' || name.ptr[0] == '-' || name.ptr[0] == '+' || name.ptr[0] == '.')
		problems_add(problems, at, "an index name cannot begin with _ - + or . ; found \"%.*s\"", STR_ARG(name));
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];

		if ((c >= 'A' && c <= 'Z') || c < 0x20 || memchr(refused, c, sizeof(refused))) {
			problems_add(problems, at,
				     "index names are lower case and hold none of \\ / * ? \" < > | , # : or space; "
				     "found \"%.*s\"", STR_ARG(name));
			return;
		}
	}
}

static void compile_names(struct index_handler *x, const struct node *list, struct problems *problems)
{
	struct str *names = arena_array(&x->base.arena, list->count, sizeof(*names));

	if (list->count == 0)
		problems_add(problems, list, "document names no attribute; leave it out to index the whole item");
	for (const struct node *n = list->first; n && names; n = n->next) {
		if (n->kind != NODE_STRING || n->text.len == 0)
			problems_add(problems, n, "expected the name of an attribute, found %s", node_kind_name(n->kind));
		else if (str_find(n->text, STR("${")) != SIZE_MAX)
			problems_add(problems, n, "a list names attributes; for templates write document as a group { }");
		else
			names[x->n_names++] = n->text;
	}
	x->names = names;
}

static void index_free(struct handler *h)
{
	handler_release(h);
	mem_free(h);
}

static struct handler *index_new(const void *settings, const struct handler_site *site, struct problems *problems)
{
	struct index_handler *x = mem_alloc(sizeof(*x));
	const struct index_settings *s = settings;
	size_t before = problems->count;

	handler_init(&x->base, &index_ops, site);
	x->settings = s;
	index_target(&x->base, 1, str_of(NULL, 0));
	x->base.sink = s->sink;
	check_name(s->index, INDEX_NAME_MAX - INDEX_GENERATION_LEN, handler_at(site, "index"), problems);
	if (s->alias.len)
		check_name(s->alias, INDEX_NAME_MAX, handler_at(site, "alias"), problems);
	x->id = handler_template(&x->base, s->id, ROOTS, "id", problems);
	x->routing = handler_template(&x->base, s->routing, ROOTS, "routing", problems);
	if (s->document && s->document->kind == NODE_ARRAY)
		compile_names(x, s->document, problems);
	else
		x->document = handler_tree(&x->base, s->document, ROOTS, problems);
	x->where = filter_compile(s->where, FILTER_ITEM, &x->base.arena, problems);
	if (problems->count > before) {
		index_free(&x->base);
		return NULL;
	}
	return &x->base;
}

struct path_search {
	struct str name;
	bool found;
};

static void look_for(void *ctx, const struct path *path)
{
	struct path_search *s = ctx;

	s->found = s->found || (path->count && str_eq(path->steps[0].name, s->name));
}

struct routing_check {
	const struct index_handler *x;
	const struct str *key_names;
	struct problems *problems;
};

/* A document whose routing changed under the same id would stand in two shards
 * of OpenSearch, and its removal and its new version would carry one version. */
static void check_routing_path(void *ctx, const struct path *path)
{
	const struct routing_check *c = ctx;
	struct path_search in_id = { .name = path->count ? path->steps[0].name : STR("") };

	if (path->count && (str_eq(in_id.name, c->key_names[0]) || str_eq(in_id.name, c->key_names[1])))
		return;
	if (c->x->id)
		template_each_path(c->x->id, TEMPLATE_ITEM, look_for, &in_id);
	if (!in_id.found)
		problems_add(c->problems, handler_at(&c->x->base.site, "routing"),
			     "routing may change only with the document's id: use key attributes (%.*s%s%.*s), or what "
			     "the id is made of; found ${item.%.*s}", STR_ARG(c->key_names[0]),
			     c->key_names[1].len ? ", " : "", STR_ARG(c->key_names[1]), STR_ARG(in_id.name));
}

static bool index_bind(struct handler *h, const struct str key_names[2], struct problems *problems)
{
	const struct index_handler *x = (const struct index_handler *)h;
	struct routing_check check = { x, key_names, problems };
	size_t before = problems->count;

	if (x->routing)
		template_each_path(x->routing, TEMPLATE_ITEM, check_routing_path, &check);
	return problems->count == before;
}

static bool fill_id(struct index_handler *x, const struct template_context *c, struct effect_batch *b, struct str *out,
		    struct err *err)
{
	struct buf *scratch = handler_scratch(&x->base);
	bool ok = x->id ? template_text(x->id, c, scratch, err) : key_write(c->keys, scratch, err);

	if (!handler_text(ok, scratch, b, out, err))
		return err_prefix(err, "id");
	if (out->len == 0 || out->len > INDEX_ID_MAX)
		return err_set(err, ERR_DATA, "index.id",
			       "the document id has %zu bytes; OpenSearch takes 1 to %d: give the handler a shorter id",
			       out->len, INDEX_ID_MAX);
	return true;
}

static bool find_place(struct index_handler *x, const struct template_context *c, struct effect_batch *b,
		       struct index_place *out, struct err *err)
{
	struct buf *scratch;
	bool matches;

	if (!filter_match_item(x->where, c->item, c, &matches, err))
		return err_prefix(err, "where");
	if (!matches)
		return true;
	if (!fill_id(x, c, b, &out->id, err))
		return false;
	scratch = handler_scratch(&x->base);
	if (x->routing && !handler_text(template_text(x->routing, c, scratch, err), scratch, b, &out->routing, err))
		return err_prefix(err, "routing");
	out->counts = true;
	return true;
}

static bool write_names(const struct index_handler *x, struct value item, struct buf *out, struct err *err)
{
	bool first = true;

	buf_putc(out, '{');
	for (size_t i = 0; i < x->n_names; i++) {
		struct value v;

		if (!value_get(item, x->names[i], &v))
			continue;
		buf_puts(out, first ? "\"" : ",\"");
		json_escape(out, x->names[i]);
		buf_puts(out, "\":");
		if (!value_write_plain(v, out, err))
			return err_prefix(err, "attribute %.*s", STR_ARG(x->names[i]));
		first = false;
	}
	return buf_putc(out, '}');
}

static bool fill_document(struct index_handler *x, const struct template_context *c, struct effect_batch *b,
			  struct str *out, struct err *err)
{
	struct buf *scratch = handler_scratch(&x->base);
	bool ok;

	if (x->document)
		ok = template_tree_json(x->document, c, scratch, err);
	else if (x->names)
		ok = write_names(x, c->item, scratch, err);
	else
		ok = value_write_plain(c->item, scratch, err);
	return handler_text(ok, scratch, b, out, err) || err_prefix(err, "document");
}

static bool emit(const struct index_handler *x, struct effect_batch *b, uint32_t index, enum effect_kind kind,
		 const struct index_place *place, struct str body, struct err *err)
{
	struct effect *e = effect_new(b, kind, index, err);

	if (!e)
		return false;
	e->document = (struct effect_document){
		.index = x->physical,
		.alias = index_alias(&x->base),
		.definition = x->definition,
		.id = place->id,
		.routing = place->routing,
		.body = body,
	};
	if (kind == EFFECT_PUT_DOCUMENT)
		e->document.ingest_pipeline = x->settings->pipeline;
	return true;
}

static bool index_record(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err)
{
	struct index_handler *x = (struct index_handler *)h;
	struct index_place places[IMAGE_SIDES] = { 0 };
	struct index_place *was = &places[IMAGE_OLD], *is = &places[IMAGE_NEW];
	struct image_sides sides;
	struct str body = { 0 };

	if (!image_sides(h, b->records[index], &sides, err))
		return false;
	for (int side = 0; side < IMAGE_SIDES; side++) {
		const struct template_context *c = &sides.context[side];

		if (!sides.present[side])
			continue;
		if (find_place(x, c, b, &places[side], err) &&
		    (side == IMAGE_OLD || !places[side].counts || fill_document(x, c, b, &body, err)))
			continue;
		places[side].counts = false;
		if (!image_side_report(b, index, (enum image_side)side, err))
			return false;
	}
	if (was->counts && is->counts && str_eq(was->id, is->id)) {
		if (!str_eq(was->routing, is->routing))
			return err_set(err, ERR_DATA, "index.routing",
				       "document %.*s changed its routing and not its id; routing must follow the id",
				       STR_ARG(is->id));
		was->counts = false;
	}
	if (was->counts && !emit(x, b, index, EFFECT_DELETE_DOCUMENT, was, str_of(NULL, 0), err))
		return false;
	return !is->counts || emit(x, b, index, EFFECT_PUT_DOCUMENT, is, body, err);
}

static bool index_apply(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err)
{
	return handler_apply(index_record, h, b, index, err);
}

static bool index_definition(const struct handler *h, struct buf *out)
{
	const struct index_settings *s = index_settings(h);
	struct json_writer w;

	definition_begin(&w, out);
	definition_tree(&w, "document", s->document);
	definition_str(&w, "id", s->id);
	definition_str(&w, "index", s->index);
	definition_str(&w, "kind", STR("index"));
	definition_str(&w, "pipeline", s->pipeline);
	definition_str(&w, "routing", s->routing);
	definition_str(&w, "source", h->site.table);
	definition_tree(&w, "where", s->where);
	return definition_end(&w);
}

const struct handler_ops index_ops = {
	.kind = "index",
	.summary = "Keeps an OpenSearch index equal to the table, through external versions.",
	.options = options,
	.settings_size = sizeof(struct index_settings),
	.image = true,
	.needs_new = true,
	.needs_old = true,
	.new = index_new,
	.bind = index_bind,
	.apply = index_apply,
	.definition = index_definition,
	.free = index_free,
};
