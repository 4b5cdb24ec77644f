#include "sluice/app/explain.h"

#include "sluice/core/json_write.h"
#include "sluice/core/problem.h"
#include "sluice/item/page.h"
#include "sluice/pipeline/filter.h"

enum { ARENA_BYTES = 32 << 20, TEXT_BYTES = 4 << 20, NOTES_MAX = 4, CONDITIONS_MAX = 200, LEVELS_MAX = 72 };

#define NO_STREAM "arn:aws:dynamodb:us-east-1:000000000000:table/Example/stream/2026-01-01T00:00:00.000"

struct explaining {
	const struct explain_input *in;
	struct arena arena;
	struct problems problems;
	struct page *page;
	const struct record *record;
	struct template_context context;
	const char *notes[NOTES_MAX];
	size_t n_notes;
	size_t n_conditions;
	struct json_writer w;
};

/* ---- the record ---- */

static void member(struct explaining *x, struct json_writer *w, const struct node *object, const char *name,
		   const char *otherwise, const char *note)
{
	const struct node *n = node_get(object, str_c(name));

	json_key(w, str_c(name));
	if (n) {
		node_write_json(n, w);
		return;
	}
	json_raw(w, str_c(otherwise));
	x->notes[x->n_notes++] = note;
}

/* Lambda writes these names in lower camel case. */
static void write_identity(struct json_writer *w, const struct node *identity)
{
	const struct node *type = node_get(identity, STR("Type")), *principal = node_get(identity, STR("PrincipalId"));

	if (!type)
		type = node_get(identity, STR("type"));
	if (!principal)
		principal = node_get(identity, STR("principalId"));
	if (!type || !principal)
		return;
	json_key(w, STR("userIdentity"));
	json_begin_object(w);
	json_key(w, STR("Type"));
	node_write_json(type, w);
	json_key(w, STR("PrincipalId"));
	node_write_json(principal, w);
	json_end_object(w);
}

static void write_change(struct explaining *x, struct json_writer *w, const struct node *change)
{
	json_key(w, STR("dynamodb"));
	json_begin_object(w);
	for (const struct node *n = change ? change->first : NULL; n; n = n->next) {
		if (str_eq(n->name, STR("SequenceNumber")) || str_eq(n->name, STR("ApproximateCreationDateTime")))
			continue;
		json_key(w, n->name);
		node_write_json(n, w);
	}
	member(x, w, change, "SequenceNumber", "\"100000000000000000001\"", "SequenceNumber is made up");
	member(x, w, change, "ApproximateCreationDateTime", "1767225600", "ApproximateCreationDateTime is made up: 2026-01-01");
	json_end_object(w);
}

static void write_record(struct explaining *x, struct json_writer *w)
{
	const struct node *record = x->in->record;

	json_begin_object(w);
	member(x, w, record, "eventID", "\"00000000000000000000000000000001\"", "eventID is made up");
	for (const struct node *n = record->first; n; n = n->next) {
		if (str_eq(n->name, STR("eventID")) || str_eq(n->name, STR("dynamodb")) || str_eq(n->name, STR("userIdentity")))
			continue;
		json_key(w, n->name);
		node_write_json(n, w);
	}
	write_identity(w, node_get(record, STR("userIdentity")));
	write_change(x, w, node_get(record, STR("dynamodb")));
	json_end_object(w);
}

static bool is_event(const struct node *name)
{
	return name && name->kind == NODE_STRING &&
	       (str_eq(name->text, STR("INSERT")) || str_eq(name->text, STR("MODIFY")) || str_eq(name->text, STR("REMOVE")));
}

/* What people leave out, in their words and not in those of a stream's page. */
static bool check_record(const struct node *record, struct err *err)
{
	static const char *const images[] = { "Keys", "NewImage", "OldImage", NULL };
	const struct node *change = node_get(record, STR("dynamodb")), *keys = node_get(change, STR("Keys"));

	if (!is_event(node_get(record, STR("eventName"))))
		return err_set(err, ERR_DATA, "explain", "record.eventName: expected \"INSERT\", \"MODIFY\" or \"REMOVE\"");
	if (!keys || keys->kind != NODE_OBJECT)
		return err_set(err, ERR_DATA, "explain", "record.dynamodb.Keys: expected the changed item's key, as {\"id\": {\"S\": \"o-1\"}}");
	for (size_t i = 0; images[i]; i++) {
		const struct node *image = node_get(change, str_c(images[i]));

		for (const struct node *n = image ? image->first : NULL; n; n = n->next)
			if (n->kind != NODE_OBJECT)
				return err_set(err, ERR_DATA, "explain", "record.dynamodb.%s.%.*s: expected a value with its type, as "
					       "{\"S\": \"text\"} or {\"N\": \"1\"}", images[i], STR_ARG(str_sub(n->name, 0, 80)));
	}
	return true;
}

/* As a page of one record: read by the same code as a stream's. */
static bool read_record(struct explaining *x, struct err *err)
{
	struct json_writer w;
	struct buf page;

	if (!check_record(x->in->record, err))
		return false;
	buf_init(&page, TEXT_BYTES);
	json_write_init(&w, &page);
	json_begin_object(&w);
	json_key(&w, STR("Records"));
	json_begin_array(&w);
	write_record(x, &w);
	json_end_array(&w);
	json_end_object(&w);
	x->page = buf_ok(&page) ? page_decode(&page, 1, err) : NULL;
	buf_release(&page);
	if (!x->page) {
		err_prefix(err, "the record cannot be read");
		err->class = ERR_DATA;
		return false;
	}
	x->record = &x->page->records[0];
	template_context_of(x->record, STR("Example"), &x->context);
	return true;
}

/* ---- the filter ---- */

static bool match(struct explaining *x, const struct node *pattern, bool *matches, struct err *err)
{
	struct filter *filter = filter_compile(pattern, FILTER_RECORD, &x->arena, &x->problems);

	return filter && filter_match_record(filter, x->record, STR(NO_STREAM), &x->context, matches, err);
}

/* The pattern that has only this condition, with what leads to it. */
static struct node *alone(struct arena *a, const struct node *condition, const struct node *root)
{
	struct node *inner = ARENA_NEW(a, struct node);

	if (!inner)
		return NULL;
	*inner = *condition;
	for (const struct node *n = condition; n != root; n = n->parent) {
		struct node *outer = node_new(a, NODE_OBJECT);

		if (!outer)
			return NULL;
		outer->name = n->parent == root ? STR("") : n->parent->name;
		inner->name = n->name;
		node_append(outer, inner);
		inner = outer;
	}
	return inner;
}

static void explain_condition(struct explaining *x, const struct node *condition)
{
	struct node *pattern = alone(&x->arena, condition, x->in->filter);
	struct str path = node_path(&x->arena, condition), root = node_path(&x->arena, x->in->filter);
	struct err err = { 0 };
	bool matches = false;

	if (!pattern || x->n_conditions++ >= CONDITIONS_MAX)
		return;
	if (root.len && path.len > root.len)
		path = str_from(path, root.len + 1);
	if (!match(x, pattern, &matches, &err))
		matches = false;
	json_begin_object(&x->w);
	json_member_str(&x->w, STR("path"), path);
	json_member_bool(&x->w, STR("matches"), matches);
	json_end_object(&x->w);
}

/* Groups are walked without recursion: each node knows its parent. */
static void explain_conditions(struct explaining *x)
{
	const struct node *root = x->in->filter, *n = root->first;

	while (n) {
		if (n->kind == NODE_OBJECT && n->first) {
			n = n->first;
			continue;
		}
		explain_condition(x, n);
		while (n && n != root && !n->next)
			n = n->parent;
		n = n == root || !n ? NULL : n->next;
	}
}

static bool is_group(const struct node *filter)
{
	return filter && filter->kind == NODE_OBJECT && !node_get(filter, STR("Filters"));
}

static bool explain_filter(struct explaining *x, struct err *err)
{
	bool matches = true;

	if (x->in->filter && !match(x, x->in->filter, &matches, err))
		return false;
	json_member_bool(&x->w, STR("matches"), matches);
	if (!is_group(x->in->filter))
		return true;
	json_key(&x->w, STR("conditions"));
	json_begin_array(&x->w);
	explain_conditions(x);
	json_end_array(&x->w);
	return true;
}

/* ---- the message ---- */

static const struct node *message_tree(struct explaining *x)
{
	struct node *text;
	struct err err;

	if (str_starts(str_trim(x->in->message), STR("{"))) {
		const struct node *tree = node_from_json(&x->arena, x->in->message, NULL, &err);

		if (tree)
			return tree;
	}
	text = node_new(&x->arena, NODE_STRING);
	if (text)
		text->text = x->in->message;
	return text;
}

static bool explain_message(struct explaining *x)
{
	const unsigned roots = TEMPLATE_NEW | TEMPLATE_OLD | TEMPLATE_KEYS | TEMPLATE_EVENT;
	struct template_tree *tree;
	struct err err = { 0 };
	struct buf message;

	if (!x->in->message.len)
		return true;
	tree = template_tree_compile(message_tree(x), roots, &x->arena, &x->problems);
	if (!tree)
		return false;
	buf_init(&message, TEXT_BYTES);
	if (template_tree_json(tree, &x->context, &message, &err))
		json_member_raw(&x->w, STR("sends"), buf_str(&message));
	else
		json_member_str(&x->w, STR("not_sent"), str_c(err.text));
	buf_release(&message);
	return true;
}

static void write_notes(struct explaining *x)
{
	json_key(&x->w, STR("notes"));
	json_begin_array(&x->w);
	for (size_t i = 0; i < x->n_notes; i++)
		json_str(&x->w, str_c(x->notes[i]));
	json_end_array(&x->w);
}

/* ---- all of it ---- */

static bool refuse(struct explaining *x, struct err *err)
{
	struct buf text;

	if (!x->problems.count)
		return false;
	buf_init(&text, sizeof(err->text));
	problems_print(&x->problems, &text);
	err_set(err, ERR_DATA, "explain", "%.*s", STR_ARG(str_trim(buf_str(&text))));
	buf_release(&text);
	return false;
}

static bool explain(struct explaining *x, struct err *err)
{
	bool ok;

	if (!read_record(x, err))
		return false;
	json_begin_object(&x->w);
	ok = explain_filter(x, err) && explain_message(x);
	if (ok)
		write_notes(x);
	json_end_object(&x->w);
	return ok || refuse(x, err);
}

bool explain_record(const struct explain_input *in, struct buf *out, struct err *err)
{
	struct explaining x = { .in = in };
	size_t begin = out->len;
	bool ok;

	*err = (struct err){ .class = ERR_DATA, .code = "explain", .text = "the record, filter or message is too large" };
	arena_init(&x.arena, ARENA_BYTES);
	problems_init(&x.problems, &x.arena);
	json_write_init(&x.w, out);
	ok = explain(&x, err) && buf_ok(out);
	if (!ok)
		buf_truncate(out, begin);
	if (x.page)
		page_unref(x.page);
	arena_release(&x.arena);
	return ok;
}
