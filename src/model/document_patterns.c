#include "document_parts.h"

enum { PATTERNS_MAX = 10000, HANDLERS_MAX = 1000 };

static const char *const pattern_members[] = {
	"pattern", "description", "table", "index", "dynamodb_operation", "implementation", "reason", "expect", "rps",
	"item_size_bytes", "item_count", "strongly_consistent", "gsi_list", "gsi_key_changes", "served_by",
	NULL,
};

/* Files made after other tools' guides say "index": null of what a pattern does not have. */
static bool is_null(const struct node *pattern, const char *name)
{
	const struct node *n = node_get(pattern, str_c(name));

	return n && n->kind == NODE_NULL;
}

static struct str take_text(struct reading *r, const struct node *pattern, const char *name)
{
	return is_null(pattern, name) ? STR("") : take_str(r, pattern, name);
}

/* "1" and 1 are the same name. */
static struct str read_id(struct reading *r, const struct node *n)
{
	const struct node *id = need(r, n, "pattern", TAKES_STRING | TAKES_NUMBER);

	return id ? id->text : STR("");
}

static void read_commands(struct reading *r, const struct node *n, struct model_pattern *p)
{
	const struct node *list = is_null(n, "implementation") ? NULL : take(r, n, "implementation", TAKES_STRING | TAKES_ARRAY);
	const struct node *it = list && list->kind == NODE_ARRAY ? list->first : list;

	p->commands = list ? make_array(r, list->count + 1, sizeof(*p->commands)) : NULL;
	for (; p->commands && it; it = list->kind == NODE_ARRAY ? it->next : NULL)
		if (is_kind(r, it, TAKES_STRING) && str_trim(it->text).len)
			p->commands[p->n_commands++] = (struct model_command){ it->text, it };
}

static const struct node *take_objects(struct reading *r, const struct node *object, const char *name)
{
	const struct node *list = take(r, object, name, TAKES_ARRAY);

	for (const struct node *n = list ? list->first : NULL; n; n = n->next)
		is_kind(r, n, TAKES_OBJECT);
	return list;
}

static void read_expectation(struct reading *r, const struct node *n, struct model_expectation *e)
{
	static const char *const known[] = { "count", "items", "keys", "error", NULL };

	e->count = -1;
	e->at = take(r, n, "expect", TAKES_OBJECT);
	if (!e->at)
		return;
	refuse_unknown(r, e->at, known);
	if (node_get(e->at, STR("count")))
		e->count = take_count(r, e->at, "count");
	e->items = take_objects(r, e->at, "items");
	e->keys = take_objects(r, e->at, "keys");
	e->error = take_str(r, e->at, "error");
}

static void read_rate(struct reading *r, const struct node *n, struct model_rate *rate)
{
	static const char *const known[] = { "average", "peak", NULL };
	const struct node *rps = take(r, n, "rps", TAKES_OBJECT | TAKES_NUMBER);

	if (rps && rps->kind != NODE_OBJECT) {
		rate->average = take_real(r, n, "rps");
	} else if (rps) {
		refuse_unknown(r, rps, known);
		rate->average = take_real(r, rps, "average");
		rate->peak = take_real(r, rps, "peak");
	}
}

static bool read_pattern(struct reading *r, const struct node *n, void *out)
{
	struct model_pattern *p = out;

	hint_unknown(r, n, pattern_members);
	p->at = n;
	p->id = read_id(r, n);
	p->description = take_text(r, n, "description");
	p->table_name = take_text(r, n, "table");
	p->index_name = take_text(r, n, "index");
	p->table = p->table_name.len ? model_table(r->model, p->table_name) : NULL;
	p->index = p->table && p->index_name.len ? model_index(p->table, p->index_name) : NULL;
	p->operation = take_text(r, n, "dynamodb_operation");
	p->reason = take_text(r, n, "reason");
	p->served_by = take_text(r, n, "served_by");
	p->item_bytes = take_count(r, n, "item_size_bytes");
	p->item_count = take_count(r, n, "item_count");
	p->strongly_consistent = take_bool(r, n, "strongly_consistent");
	p->gsi_list = take(r, n, "gsi_list", TAKES_ARRAY);
	for (const struct node *it = p->gsi_list ? p->gsi_list->first : NULL; it; it = it->next)
		is_kind(r, it, TAKES_STRING | TAKES_OBJECT);
	p->gsi_key_changes = take_bool(r, n, "gsi_key_changes");
	read_commands(r, n, p);
	read_expectation(r, n, &p->expect);
	read_rate(r, n, &p->rate);
	return true;
}

void model_read_patterns(struct reading *r, const struct node *patterns)
{
	static const struct list_form form = { read_pattern, sizeof(struct model_pattern), PATTERNS_MAX };

	r->model->patterns = read_list(r, patterns, &form, &r->model->n_patterns);
}

/* --- handlers -------------------------------------------------------------- */

/* What each must show afterwards: its form; the commands are others' business. */
static void check_expect_after(struct reading *r, const struct node *list)
{
	static const char *const known[] = { "run", "command", "expect", NULL };
	static const char *const expectations[] = { "count", "items", "keys", "error", "messages", NULL };

	for (const struct node *n = list ? list->first : NULL; n; n = n->next) {
		const struct node *run, *expect;

		if (!is_kind(r, n, TAKES_OBJECT))
			continue;
		refuse_unknown(r, n, known);
		run = take(r, n, "run", TAKES_ARRAY);
		for (const struct node *it = run ? run->first : NULL; it; it = it->next)
			is_kind(r, it, TAKES_STRING);
		take_str(r, n, "command");
		expect = need(r, n, "expect", TAKES_OBJECT);
		if (!expect)
			continue;
		refuse_unknown(r, expect, expectations);
		take_count(r, expect, "count");
		take_objects(r, expect, "items");
		take_objects(r, expect, "keys");
		take(r, expect, "messages", TAKES_ARRAY);
		take_str(r, expect, "error");
	}
}

static bool read_handler(struct reading *r, const struct node *n, void *out)
{
	struct model_handler *h = out;

	h->at = n;
	h->kind = need_str(r, n, "kind");
	h->name = need_str(r, n, "name");
	h->source = need_str(r, n, "source");
	h->pipeline = take_str(r, n, "pipeline");
	h->table = h->source.len ? model_table(r->model, h->source) : NULL;
	h->events_per_s = take_real(r, n, "events_per_s");
	h->audience_size = take_real(r, n, "audience_size");
	h->expect_after = take(r, n, "expect_after", TAKES_ARRAY);
	check_expect_after(r, h->expect_after);
	return true;
}

void model_read_handlers(struct reading *r, const struct node *handlers)
{
	static const struct list_form form = { read_handler, sizeof(struct model_handler), HANDLERS_MAX };

	r->model->handlers = read_list(r, handlers, &form, &r->model->n_handlers);
}
