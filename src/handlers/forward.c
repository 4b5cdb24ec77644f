/* forward: every change as one message. */
#include "sluice/core/mem.h"
#include "sluice/handlers/base.h"
#include "sluice/handlers/kinds.h"
#include "sluice/item/key.h"

enum { ROOTS = TEMPLATE_NEW | TEMPLATE_OLD | TEMPLATE_KEYS | TEMPLATE_EVENT };
enum forward_format { FORMAT_PLAIN, FORMAT_DYNAMODB };

struct forward_settings {
	struct str sink, key;
	struct handler_address address;
	int format;
	const struct node *message, *headers;
};

struct forward_header {
	struct str name;
	struct template *value;
};

struct forward {
	struct handler base;
	const struct forward_settings *settings;
	struct str address;
	struct str table_member;     /* what stands between event name and sequence number */
	struct template *key;
	struct template_tree *message;
	struct forward_header *headers;
	size_t n_headers;
};

static const char *const format_names[] = { "plain", "dynamodb", NULL };

#define AT(member) offsetof(struct forward_settings, member)

static const struct option options[] = {
	{ .name = "sink", .type = OPTION_STR, .offset = AT(sink), .flags = OPTION_REQUIRED,
	  .help = "Name of the sink that the messages go to." },
	HANDLER_ADDRESSES(AT(address)),
	{ .name = "key", .type = OPTION_STR, .offset = AT(key),
	  .help = "Template of the message key. Default: the key attributes as compact plain JSON, sorted by name, "
		  "which keeps order per item." },
	{ .name = "message", .type = OPTION_TREE, .offset = AT(message),
	  .help = "Tree of templates that becomes the JSON body. Default: event_id, event_name, table, "
		  "sequence_number, v, time, keys, new, old." },
	{ .name = "format", .type = OPTION_ENUM, .offset = AT(format), .default_text = "plain",
	  .names = format_names,
	  .help = "Form of keys and images in the default body: plain JSON, or attribute values as they came "
		  "(dynamodb)." },
	{ .name = "headers", .type = OPTION_TREE, .offset = AT(headers),
	  .help = "Group of templates that become message headers, beside sluice-v." },
	{ 0 },
};

static void compile_headers(struct forward *f, struct problems *problems)
{
	const struct node *group = f->settings->headers;

	if (!group)
		return;
	if (group->kind != NODE_OBJECT) {
		problems_add(problems, group, "expected a group of named texts { name = \"...\"; }, found %s",
			     node_kind_name(group->kind));
		return;
	}
	f->headers = arena_array(&f->base.arena, group->count, sizeof(*f->headers));
	for (const struct node *n = group->first; n && f->headers; n = n->next) {
		if (n->kind != NODE_STRING && n->kind != NODE_INT && n->kind != NODE_REAL) {
			problems_add(problems, n, "a header is a text, found %s", node_kind_name(n->kind));
			continue;
		}
		if (n->name.len == 0 || str_starts(n->name, STR("sluice-"))) {
			problems_add(problems, n, "a header needs a name that does not begin with sluice-; found \"%.*s\"",
				     STR_ARG(n->name));
			continue;
		}
		f->headers[f->n_headers].name = n->name;
		f->headers[f->n_headers++].value = template_compile(n->text, ROOTS, &f->base.arena, n, problems);
	}
}

static void prepare_body(struct forward *f, struct problems *problems)
{
	struct buf *scratch = handler_scratch(&f->base);

	buf_puts(scratch, "\",\"table\":\"");
	json_escape(scratch, f->base.site.table);
	buf_puts(scratch, "\",\"sequence_number\":\"");
	f->table_member = arena_dup(&f->base.arena, buf_str(scratch));
	if (!f->table_member.ptr)
		problems_add(problems, f->base.site.node, "this forward's settings are too large");
}

static void forward_free(struct handler *h)
{
	handler_release(h);
	mem_free(h);
}

static struct handler *forward_new(const void *settings, const struct handler_site *site, struct problems *problems)
{
	struct forward *f = mem_alloc(sizeof(*f));
	size_t before = problems->count;

	handler_init(&f->base, &forward_ops, site);
	f->settings = settings;
	f->base.sink = f->settings->sink;
	f->address = handler_address(&f->base, &f->settings->address, problems);
	f->key = handler_template(&f->base, f->settings->key, ROOTS, "key", problems);
	if (f->settings->message && f->settings->format != FORMAT_PLAIN)
		problems_add(problems, handler_at(site, "format"),
			     "format shapes the default body; it says nothing where a message is given: leave one out");
	if (f->settings->message)
		f->message = template_tree_compile(f->settings->message, ROOTS, &f->base.arena, problems);
	compile_headers(f, problems);
	prepare_body(f, problems);
	if (problems->count > before) {
		forward_free(&f->base);
		return NULL;
	}
	return &f->base;
}

static bool write_image(struct buf *out, struct str member, struct value image, enum forward_format format,
			struct err *err)
{
	buf_put(out, member);
	if (image.type != VALUE_M)
		return buf_puts(out, "null");
	if (format == FORMAT_DYNAMODB)
		return buf_put(out, image.raw);
	return value_write_plain(image, out, err);
}

static bool write_body(const struct forward *f, const struct record *r, struct buf *out, struct err *err)
{
	enum forward_format format = (enum forward_format)f->settings->format;

	buf_put(out, STR("{\"event_id\":\""));
	buf_put(out, r->event_id);
	buf_put(out, STR("\",\"event_name\":\""));
	buf_puts(out, record_event_name(r->event));
	buf_put(out, f->table_member);
	buf_put(out, sequence_wire(&r->sequence));
	buf_put(out, STR("\",\"v\":"));
	handler_put_uint(out, r->v);
	buf_put(out, STR(",\"time\":"));
	handler_put_int(out, r->created_s);
	if (!write_image(out, STR(",\"keys\":"), r->keys, format, err) ||
	    !write_image(out, STR(",\"new\":"), r->new_image, format, err) ||
	    !write_image(out, STR(",\"old\":"), r->old_image, format, err))
		return false;
	return buf_putc(out, '}');
}

static bool fill_headers(struct forward *f, const struct template_context *c, struct effect *e, struct err *err)
{
	struct effect_batch *b = e->batch;
	struct effect_header *headers = arena_array(&b->arena, f->n_headers + 1, sizeof(*headers));
	struct buf *scratch;

	for (size_t i = 0; headers && i < f->n_headers; i++) {
		scratch = handler_scratch(&f->base);
		headers[i].name = f->headers[i].name;
		if (!handler_text(template_text(f->headers[i].value, c, scratch, err), scratch, b, &headers[i].value, err))
			return err_prefix(err, "header %.*s", STR_ARG(headers[i].name));
	}
	scratch = handler_scratch(&f->base);
	handler_put_uint(scratch, e->v);
	if (!headers)
		return effect_no_memory(b, err);
	headers[f->n_headers].name = STR("sluice-v");
	e->message.headers = headers;
	e->message.n_headers = f->n_headers + 1;
	return effect_text(b, scratch, &headers[f->n_headers].value, err);
}

static bool forward_record(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err)
{
	struct forward *f = (struct forward *)h;
	const struct record *r = b->records[index];
	struct effect *e = effect_new(b, EFFECT_MESSAGE, index, err);
	struct buf *scratch;
	struct template_context c = { 0 };
	bool ok;

	if (!e)
		return false;
	if (f->key || f->message || f->n_headers)
		template_context_of(r, h->site.table, &c);
	e->message.address = f->address;

	scratch = handler_scratch(h);
	ok = f->key ? template_text(f->key, &c, scratch, err) : key_write(r->keys, scratch, err);
	if (!handler_text(ok, scratch, b, &e->message.key, err))
		return err_prefix(err, "message key");

	scratch = handler_scratch(h);
	ok = f->message ? template_tree_json(f->message, &c, scratch, err) : write_body(f, r, scratch, err);
	if (!handler_text(ok, scratch, b, &e->message.body, err))
		return err_prefix(err, "message");
	return fill_headers(f, &c, e, err);
}

static bool forward_apply(struct handler *h, struct effect_batch *b, uint32_t index, struct err *err)
{
	return handler_apply(forward_record, h, b, index, err);
}

const struct handler_ops forward_ops = {
	.kind = "forward",
	.summary = "Carries every change into a topic, a queue, a bucket or a file, at least once, in order per item.",
	.options = options,
	.settings_size = sizeof(struct forward_settings),
	.new = forward_new,
	.apply = forward_apply,
	.free = forward_free,
};
