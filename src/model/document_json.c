#include "document_parts.h"

#include "sluice/core/buf.h"
#include "sluice/core/mem.h"
#include "sluice/core/scan.h"

#include <stdlib.h>

/* A walk over the tokens that knows where it is. */
struct walk {
	struct reading *r;
	const char *at;          /* up to here lines and columns are counted */
	int line, column;
	size_t values;
	struct node *root, *open;
	struct str name;         /* of the next value */
	int name_line, name_column;
	struct buf plain;        /* working space */
};

static void count_to(struct walk *w, const char *to)
{
	for (; w->at < to; w->at++) {
		if (*w->at == '\n') {
			w->line++;
			w->column = 1;
		} else {
			w->column += ((unsigned char)*w->at & 0xc0) != 0x80;
		}
	}
}

static bool no_memory(struct walk *w)
{
	finding_add_at(w->r->findings, FINDING_ERROR, "document-memory", w->line, w->column, STR(""), NULL,
		       "the document needs more than %zu bytes of memory", w->r->arena->max);
	return false;
}

/* Half a surrogate pair: the text is left empty, the rest of the document is read. */
static bool plain_text(struct walk *w, const struct scan_token *t, struct str *out, bool *broken)
{
	struct err err;

	*out = t->text;
	if (!t->escaped)
		return true;
	buf_clear(&w->plain);
	if (!scan_unescape(t->text, &w->plain, &err)) {
		finding_add_at(w->r->findings, FINDING_ERROR, "string", w->line, w->column, STR(""),
			       "Write both halves (\\ud83d\\ude00) or the character itself.", "%s", err.text);
		*out = STR("");
		*broken = true;
		return true;
	}
	*out = arena_dup(w->r->arena, buf_str(&w->plain));
	return out->ptr || no_memory(w);
}

static bool set_value(struct walk *w, struct node *n, const struct scan_token *t)
{
	switch (t->type) {
	case SCAN_OBJECT_BEGIN:
		n->kind = NODE_OBJECT;
		n->text = t->text;
		return true;
	case SCAN_ARRAY_BEGIN:
		n->kind = NODE_ARRAY;
		n->text = t->text;
		return true;
	case SCAN_TRUE:
	case SCAN_FALSE:
		n->kind = NODE_BOOL;
		n->b = t->type == SCAN_TRUE;
		return true;
	case SCAN_STRING:
		n->kind = NODE_STRING;
		return plain_text(w, t, &n->text, &n->broken);
	case SCAN_NUMBER:
		if (node_set_number(n, t->text))
			return true;
		n->broken = true;
		finding_add(w->r->findings, FINDING_ERROR, "number", n, NULL, "the number %.*s is out of range",
			    STR_ARG(str_sub(t->text, 0, 60)));
		return true;
	default:
		n->kind = NODE_NULL;
		return true;
	}
}

static struct node *new_node(struct walk *w)
{
	struct node *n;

	if (++w->values > MODEL_MAX_VALUES) {
		finding_add_at(w->r->findings, FINDING_ERROR, "document-size", w->line, w->column, STR(""),
			       "Keep a few sample items of each kind.",
			       "the document has more than %d values; a model is described by far fewer", MODEL_MAX_VALUES);
		return NULL;
	}
	n = node_new(w->r->arena, NODE_NULL);
	if (!n) {
		no_memory(w);
		return NULL;
	}
	n->file = w->r->findings->file;
	n->name = w->name;
	n->line = w->name.ptr ? w->name_line : w->line;
	n->column = w->name.ptr ? w->name_column : w->column;
	w->name = str_of(NULL, 0);
	return n;
}

static bool open_value(struct walk *w, const struct scan_token *t)
{
	struct node *n = new_node(w);

	if (!n)
		return false;
	if (w->open)
		node_append(w->open, n);
	else
		w->root = n;
	if (!set_value(w, n, t))
		return false;
	if (n->kind == NODE_OBJECT || n->kind == NODE_ARRAY)
		w->open = n;
	return true;
}

static int by_name(const void *one, const void *other)
{
	const struct node *a = *(const struct node *const *)one, *b = *(const struct node *const *)other;
	int order = str_cmp(a->name, b->name);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static void find_duplicates(struct walk *w, struct node *object)
{
	struct node **members;
	size_t n = 0;

	if (object->count < 2)
		return;
	members = mem_array(object->count, sizeof(struct node *));
	for (struct node *m = object->first; m; m = m->next)
		members[n++] = m;
	qsort(members, n, sizeof(struct node *), by_name);
	for (size_t i = 1; i < n; i++) {
		if (!str_eq(members[i - 1]->name, members[i]->name))
			continue;
		members[i]->broken = true;
		finding_add(w->r->findings, FINDING_ERROR, "duplicate-name", members[i],
			    "Readers differ in which one they take; keep one of them.",
			    "the name stands twice in this object");
	}
	mem_free(members);
}

static void close_value(struct walk *w, const struct scan_token *t)
{
	struct node *n = w->open;

	n->text = str_of(n->text.ptr, (size_t)(t->text.ptr + t->text.len - n->text.ptr));
	w->open = n->parent;
	if (n->kind == NODE_OBJECT)
		find_duplicates(w, n);
}

static bool take_token(struct walk *w, const struct scan_token *t)
{
	bool quoted = t->type == SCAN_KEY || t->type == SCAN_STRING, broken = false;

	count_to(w, t->text.ptr - quoted);
	if (t->type == SCAN_KEY) {
		w->name_line = w->line;
		w->name_column = w->column;
		return plain_text(w, t, &w->name, &broken);
	}
	if (t->type != SCAN_OBJECT_END && t->type != SCAN_ARRAY_END)
		return open_value(w, t);
	close_value(w, t);
	return true;
}

/* Where other tools' guides show booleans as Python writes them. */
static const char *syntax_fix(const struct scan *s)
{
	struct str rest = str_of(s->at, (size_t)(s->end - s->at));

	if (str_starts(rest, STR("True")) || str_starts(rest, STR("False")) || str_starts(rest, STR("None")))
		return "JSON writes true, false and null, in small letters. Nothing behind this place was read.";
	return "Nothing behind this place was read.";
}

static void refuse_syntax(struct walk *w, const struct scan *s)
{
	struct err err;

	count_to(w, s->at);
	scan_fail(s, &err);
	if (err_is(&err, "json.depth"))
		finding_add_at(w->r->findings, FINDING_ERROR, "json-depth", w->line, w->column, STR(""),
			       "DynamoDB nests 32 levels; a data model needs few more.",
			       "the JSON nests deeper than %d levels", SCAN_MAX_DEPTH);
	else
		finding_add_at(w->r->findings, FINDING_ERROR, "json-syntax", w->line, w->column, STR(""),
			       syntax_fix(s), "this is no JSON: %s", s->problem);
}

struct node *model_read_json(struct reading *r, struct str text)
{
	struct walk w = { .r = r, .at = text.ptr, .line = 1, .column = 1 };
	struct scan_token t;
	bool ok = true;
	struct scan s;

	buf_init(&w.plain, MODEL_MAX_BYTES);
	scan_init(&s, text);
	while (ok && scan_next(&s, &t) != SCAN_END) {
		if (t.type == SCAN_ERROR) {
			refuse_syntax(&w, &s);
			ok = false;
		} else {
			ok = take_token(&w, &t);
		}
	}
	buf_release(&w.plain);
	return ok ? w.root : NULL;
}
