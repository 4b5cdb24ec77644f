#include "sluice/model/document.h"

#include "document_parts.h"

#include "sluice/core/problem.h"

/* Of the members of one object: whoever invents more knows what is wrong. */
enum { MEMBERS_LOOKED_AT = 100 };

enum { GROUPS_MAX = 500, MEAN_MAX = 128, ARENA_MAX = 2 * MODEL_MAX_BYTES + MODEL_MAX_VALUES * 160 };

/* --- reading members ------------------------------------------------------- */

static const char *kind_name(enum node_kind kind)
{
	static const char *const names[] = {
		[NODE_NULL] = "null",     [NODE_BOOL] = "true or false", [NODE_INT] = "a number", [NODE_REAL] = "a number",
		[NODE_STRING] = "a string", [NODE_ARRAY] = "an array",   [NODE_OBJECT] = "an object",
	};

	return names[kind];
}

static void name_kinds(unsigned kinds, struct buf *out)
{
	static const enum node_kind each[] = { NODE_STRING, NODE_INT, NODE_BOOL, NODE_ARRAY, NODE_OBJECT };

	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++)
		if (kinds & 1u << each[i])
			buf_putf(out, "%s%s", out->len ? " or " : "", kind_name(each[i]));
}

bool is_kind(struct reading *r, const struct node *n, unsigned kinds)
{
	struct buf expected;

	if (kinds & 1u << n->kind)
		return true;
	if (n->broken)
		return false;
	buf_init(&expected, 200);
	name_kinds(kinds, &expected);
	finding_add(r->findings, FINDING_ERROR, "wrong-type", n, NULL, "expected %.*s, found %s",
		    STR_ARG(buf_str(&expected)), kind_name(n->kind));
	buf_release(&expected);
	return false;
}

const struct node *take(struct reading *r, const struct node *object, const char *name, unsigned kinds)
{
	const struct node *n = node_get(object, str_c(name));

	return n && is_kind(r, n, kinds) ? n : NULL;
}

const struct node *need(struct reading *r, const struct node *object, const char *name, unsigned kinds)
{
	if (!node_get(object, str_c(name)))
		finding_add(r->findings, FINDING_ERROR, "missing-member", object, NULL, "\"%s\" is missing", name);
	return take(r, object, name, kinds);
}

struct str take_str(struct reading *r, const struct node *object, const char *name)
{
	const struct node *n = take(r, object, name, TAKES_STRING);

	return n ? n->text : STR("");
}

struct str need_str(struct reading *r, const struct node *object, const char *name)
{
	const struct node *n = need(r, object, name, TAKES_STRING);

	if (n && n->text.len == 0 && !n->broken)
		finding_add(r->findings, FINDING_ERROR, "wrong-value", n, NULL, "expected a text that is not empty");
	return n ? n->text : STR("");
}

static void refuse_value(struct reading *r, const struct node *n, const char *expected)
{
	finding_add(r->findings, FINDING_ERROR, "wrong-value", n, NULL, "expected %s, found %.*s", expected,
		    STR_ARG(str_sub(n->text, 0, 60)));
}

double take_real(struct reading *r, const struct node *object, const char *name)
{
	const struct node *n = take(r, object, name, TAKES_NUMBER);

	if (!n)
		return 0;
	if (n->d >= 0)
		return n->d;
	refuse_value(r, n, "a number of 0 or more");
	return 0;
}

int64_t take_count(struct reading *r, const struct node *object, const char *name)
{
	const struct node *n = take(r, object, name, TAKES_NUMBER);

	if (!n)
		return 0;
	if (n->kind == NODE_INT && n->i >= 0)
		return n->i;
	/* 1e9 and 5.0 are whole, too. */
	if (n->kind == NODE_REAL && n->d >= 0 && n->d < 9e15 && n->d == (double)(int64_t)n->d)
		return (int64_t)n->d;
	refuse_value(r, n, "a whole number of 0 or more, below 9e15");
	return 0;
}

bool take_bool(struct reading *r, const struct node *object, const char *name)
{
	const struct node *n = take(r, object, name, TAKES_BOOL);

	return n && n->b;
}

static bool is_known(const char *const *known, struct str name)
{
	for (; *known; known++)
		if (str_eq(name, str_c(*known)))
			return true;
	return false;
}

static const char *meant(const char *const *known, struct str name, char *out, size_t size)
{
	struct nearest near = nearest_to(name);

	for (; *known; known++)
		nearest_offer(&near, str_c(*known));
	return nearest_text(&near, out, size);
}

void refuse_unknown(struct reading *r, const struct node *object, const char *const *known)
{
	char mean[MEAN_MAX];

	for (const struct node *n = object->first; n; n = n->next)
		if (!is_known(known, n->name) && n->index < MEMBERS_LOOKED_AT)
			finding_add(r->findings, FINDING_ERROR, "unknown-member", n, NULL, "this is not known here%s",
				    meant(known, n->name, mean, sizeof(mean)));
}

void hint_unknown(struct reading *r, const struct node *object, const char *const *known)
{
	char mean[MEAN_MAX];

	for (const struct node *n = object->first; n; n = n->next)
		if (!is_known(known, n->name) && n->index < MEMBERS_LOOKED_AT && *meant(known, n->name, mean, sizeof(mean)))
			finding_add(r->findings, FINDING_WARNING, "unknown-member", n, NULL,
				    "this is passed over%s", mean);
}

void *make_array(struct reading *r, size_t n, size_t size)
{
	void *array = arena_array(r->arena, n ? n : 1, size);

	if (!array)
		finding_add(r->findings, FINDING_ERROR, "document-memory", NULL, NULL,
			    "the document needs more than %zu bytes of memory", r->arena->max);
	return array;
}

void *read_list(struct reading *r, const struct node *list, const struct list_form *form, size_t *count)
{
	size_t objects = 0;
	char *array;

	*count = 0;
	for (const struct node *n = list ? list->first : NULL; n; n = n->next)
		objects += n->kind == NODE_OBJECT;
	if (objects > form->max) {
		finding_add(r->findings, FINDING_ERROR, "too-many", list, NULL, "%zu of these are too many; %zu are allowed",
			    objects, form->max);
		objects = form->max;
	}
	array = list ? make_array(r, objects, form->size) : NULL;
	for (const struct node *n = list ? list->first : NULL; n; n = n->next)
		if (is_kind(r, n, TAKES_OBJECT) && array && *count < objects && form->read(r, n, array + *count * form->size))
			++*count;
	return array;
}

/* --- the whole ------------------------------------------------------------- */

/* Settings as the daemon has them: it looks into them (model_kinds), here only their number counts. */
static const struct node *take_groups(struct reading *r, const struct node *root, const char *name)
{
	const struct node *list = take(r, root, name, TAKES_ARRAY);

	if (!list || list->count <= GROUPS_MAX)
		return list;
	finding_add(r->findings, FINDING_ERROR, "too-many", list, NULL, "%zu of these are too many; %d are allowed", list->count,
		    GROUPS_MAX);
	return NULL;
}

/* Files made after other tools' guides have [] where there are none. */
static const struct node *take_items(struct reading *r, const struct node *root)
{
	const struct node *items = node_get(root, STR("items"));
	bool none = items && items->kind == NODE_ARRAY && items->count == 0;

	return none ? NULL : take(r, root, "items", TAKES_OBJECT);
}

static void read_model(struct reading *r, const struct node *root)
{
	static const char *const known[] = {
		"tables", "items", "access_patterns", "sizing", "stream_sinks", "stream_pipelines", "stream_handlers", NULL,
	};
	struct model *m = r->model;

	hint_unknown(r, root, known);
	model_read_tables(r, need(r, root, "tables", TAKES_ARRAY));
	model_read_sizing(r, take(r, root, "sizing", TAKES_OBJECT));
	model_read_items(r, take_items(r, root));
	model_read_patterns(r, take(r, root, "access_patterns", TAKES_ARRAY));
	model_read_handlers(r, take(r, root, "stream_handlers", TAKES_ARRAY));
	m->sinks = take_groups(r, root, "stream_sinks");
	m->pipelines = take_groups(r, root, "stream_pipelines");
}

/* Editors of some systems begin a file with a byte order mark. */
static struct str without_mark(struct str text)
{
	return str_starts(text, STR("\xef\xbb\xbf")) ? str_from(text, 3) : text;
}

bool model_parse(struct model *m, struct str text, const char *file, struct findings_list *findings)
{
	struct reading r = { .model = m, .arena = &m->arena, .findings = findings };
	struct node *root;

	*m = (struct model){ 0 };
	arena_init(&m->arena, ARENA_MAX);
	findings->file = file;
	if (text.len > MODEL_MAX_BYTES) {
		finding_add(findings, FINDING_ERROR, "document-size", NULL, "Keep a few sample items of each kind.",
			    "the document has %zu bytes; %d are allowed", text.len, MODEL_MAX_BYTES);
		return false;
	}
	root = model_read_json(&r, arena_dup(&m->arena, without_mark(text)));
	if (!root || !is_kind(&r, root, TAKES_OBJECT))
		return false;
	m->root = root;
	read_model(&r, root);
	return true;
}

void model_release(struct model *m)
{
	arena_release(&m->arena);
}

/* --- by name --------------------------------------------------------------- */

const struct model_table *model_table(const struct model *m, struct str name)
{
	for (size_t i = 0; i < m->n_tables; i++)
		if (str_eq(m->tables[i].name, name))
			return &m->tables[i];
	return NULL;
}

const struct model_index *model_index(const struct model_table *t, struct str name)
{
	for (size_t i = 0; i < t->n_indexes; i++)
		if (str_eq(t->indexes[i].name, name))
			return &t->indexes[i];
	return NULL;
}

const struct model_attribute *model_attribute(const struct model_table *t, struct str name)
{
	for (size_t i = 0; i < t->n_attributes; i++)
		if (str_eq(t->attributes[i].name, name))
			return &t->attributes[i];
	return NULL;
}
