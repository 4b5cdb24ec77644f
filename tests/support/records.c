#include "support/records.h"

#include "sluice/core/json_write.h"
#include "support/test.h"

enum { PAGE_MAX = 64 << 20 };

char *records_quotes(struct arena *a, const char *text)
{
	struct str copy = arena_dup(a, str_c(text));
	char *out = (char *)copy.ptr;

	assert_non_null(out);
	for (size_t i = 0; i < copy.len; i++) {
		if (out[i] == '\'')
			out[i] = '"';
	}
	return out;
}

void records_unquote(char *text)
{
	for (; *text; text++) {
		if (*text == '"')
			*text = '\'';
	}
}

struct node *records_node(struct arena *a, const char *text)
{
	struct err err = { 0 };
	struct node *n = node_from_json(a, str_c(records_quotes(a, text)), NULL, &err);

	if (!n)
		fail_msg("%s: %s", text, err.text);
	return n;
}

static void write_elements(const struct node *n, bool values, struct buf *out)
{
	buf_putc(out, '[');
	for (const struct node *m = n->first; m; m = m->next) {
		if (m != n->first)
			buf_putc(out, ',');
		if (values) {
			records_write_value(m, out);
			continue;
		}
		buf_putc(out, '"');
		json_escape(out, m->text);
		buf_putc(out, '"');
	}
	buf_putc(out, ']');
}

static void write_members(const struct node *n, struct buf *out)
{
	buf_putc(out, '{');
	for (const struct node *m = n->first; m; m = m->next) {
		buf_puts(out, m == n->first ? "\"" : ",\"");
		json_escape(out, m->name);
		buf_puts(out, "\":");
		records_write_value(m, out);
	}
	buf_putc(out, '}');
}

static void write_text(const char *type, struct str text, struct buf *out)
{
	buf_putf(out, "{\"%s\":\"", type);
	json_escape(out, text);
	buf_puts(out, "\"}");
}

void records_write_value(const struct node *n, struct buf *out)
{
	switch (n->kind) {
	case NODE_NULL:
		buf_puts(out, "{\"NULL\":true}");
		return;
	case NODE_BOOL:
		buf_putf(out, "{\"BOOL\":%s}", n->b ? "true" : "false");
		return;
	case NODE_INT:
	case NODE_REAL:
		write_text("N", n->text, out);
		return;
	case NODE_STRING:
		write_text("S", n->text, out);
		return;
	case NODE_ARRAY:
		buf_puts(out, "{\"L\":");
		write_elements(n, true, out);
		buf_putc(out, '}');
		return;
	case NODE_OBJECT:
		break;
	}
	if (n->count == 1 && str_starts(n->first->name, STR("$"))) {
		struct str type = str_from(n->first->name, 1);

		if (n->first->kind == NODE_STRING) {
			buf_putf(out, "{\"%.*s\":\"%.*s\"}", STR_ARG(type), STR_ARG(n->first->text));
			return;
		}
		buf_putf(out, "{\"%.*s\":", STR_ARG(type));
		write_elements(n->first, false, out);
		buf_putc(out, '}');
		return;
	}
	buf_puts(out, "{\"M\":");
	write_members(n, out);
	buf_putc(out, '}');
}

struct value records_image(struct arena *a, const char *text)
{
	struct buf out;
	struct str copy;

	buf_init(&out, PAGE_MAX);
	write_members(records_node(a, text), &out);
	copy = arena_dup(a, buf_str(&out));
	buf_release(&out);
	assert_non_null(copy.ptr);
	return value_image(copy);
}

static void write_image(struct arena *a, const char *name, const char *text, struct buf *out)
{
	if (text)
		buf_putf(out, ",\"%s\":", name);
	if (text)
		write_members(records_node(a, text), out);
}

static void write_keys(struct arena *a, const struct record_spec *spec, struct buf *out)
{
	const char *image = spec->new_image ? spec->new_image : spec->old_image;
	const struct node *id;

	buf_puts(out, ",\"Keys\":");
	if (spec->keys) {
		write_members(records_node(a, spec->keys), out);
		return;
	}
	assert_non_null(image);
	id = node_get(records_node(a, image), STR("id"));
	assert_non_null(id);
	buf_puts(out, "{\"id\":");
	records_write_value(id, out);
	buf_putc(out, '}');
}

static const char *event_of(const struct record_spec *spec)
{
	if (spec->event)
		return spec->event;
	return !spec->old_image ? "INSERT" : !spec->new_image ? "REMOVE" : "MODIFY";
}

struct page *records_page(const struct record_spec *specs, size_t n)
{
	struct arena a;
	struct buf body;
	struct err err = { 0 };
	struct page *page;

	arena_init(&a, PAGE_MAX);
	buf_init(&body, PAGE_MAX);
	buf_puts(&body, "{\"Records\":[");
	for (size_t i = 0; i < n; i++) {
		buf_putf(&body, "%s{\"eventID\":\"event-%zu\",\"eventName\":\"%s\",\"eventVersion\":\"1.1\","
			 "\"eventSource\":\"aws:dynamodb\",\"awsRegion\":\"eu-central-1\",\"dynamodb\":{"
			 "\"ApproximateCreationDateTime\":%d,\"SequenceNumber\":\"1%020zu\",\"SizeBytes\":10,"
			 "\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"", i ? "," : "", i, event_of(&specs[i]),
			 RECORDS_TIME_S, i + 1);
		write_keys(&a, &specs[i], &body);
		write_image(&a, "NewImage", specs[i].new_image, &body);
		write_image(&a, "OldImage", specs[i].old_image, &body);
		buf_puts(&body, "}}");
	}
	buf_puts(&body, "],\"NextShardIterator\":\"next\"}");
	page = page_decode(&body, n ? n : 1, &err);
	if (!page)
		fail_msg("page: %s", err.text);
	for (size_t i = 0; i < n; i++)
		page->records[i].v = RECORDS_FIRST_V + i;
	buf_release(&body);
	arena_release(&a);
	return page;
}
