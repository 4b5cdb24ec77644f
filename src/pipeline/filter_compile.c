#include "filter_impl.h"

/* ---- What may stand where ---- */

struct known_place {
	struct str name;
	enum level in;
	enum place place;
	enum level child;
	unsigned reads;      /* template_root of the image behind it */
};

static const struct known_place places[] = {
	{ STR_INIT("eventID"), LEVEL_RECORD, PLACE_EVENT_ID, LEVEL_LEAF, 0 },
	{ STR_INIT("eventName"), LEVEL_RECORD, PLACE_EVENT_NAME, LEVEL_LEAF, 0 },
	{ STR_INIT("eventVersion"), LEVEL_RECORD, PLACE_EVENT_VERSION, LEVEL_LEAF, 0 },
	{ STR_INIT("eventSource"), LEVEL_RECORD, PLACE_EVENT_SOURCE, LEVEL_LEAF, 0 },
	{ STR_INIT("awsRegion"), LEVEL_RECORD, PLACE_AWS_REGION, LEVEL_LEAF, 0 },
	{ STR_INIT("eventSourceARN"), LEVEL_RECORD, PLACE_EVENT_SOURCE_ARN, LEVEL_LEAF, 0 },
	{ STR_INIT("userIdentity"), LEVEL_RECORD, PLACE_IDENTITY, LEVEL_IDENTITY, 0 },
	{ STR_INIT("dynamodb"), LEVEL_RECORD, PLACE_DYNAMODB, LEVEL_DYNAMODB, 0 },
	{ STR_INIT("type"), LEVEL_IDENTITY, PLACE_TYPE, LEVEL_LEAF, 0 },
	{ STR_INIT("principalId"), LEVEL_IDENTITY, PLACE_PRINCIPAL, LEVEL_LEAF, 0 },
	{ STR_INIT("ApproximateCreationDateTime"), LEVEL_DYNAMODB, PLACE_CREATED, LEVEL_LEAF, 0 },
	{ STR_INIT("Keys"), LEVEL_DYNAMODB, PLACE_KEYS, LEVEL_ATTRIBUTES, TEMPLATE_KEYS },
	{ STR_INIT("NewImage"), LEVEL_DYNAMODB, PLACE_NEW_IMAGE, LEVEL_ATTRIBUTES, TEMPLATE_NEW },
	{ STR_INIT("OldImage"), LEVEL_DYNAMODB, PLACE_OLD_IMAGE, LEVEL_ATTRIBUTES, TEMPLATE_OLD },
	{ STR_INIT("SequenceNumber"), LEVEL_DYNAMODB, PLACE_SEQUENCE, LEVEL_LEAF, 0 },
	{ STR_INIT("SizeBytes"), LEVEL_DYNAMODB, PLACE_SIZE, LEVEL_LEAF, 0 },
	{ STR_INIT("StreamViewType"), LEVEL_DYNAMODB, PLACE_VIEW_TYPE, LEVEL_LEAF, 0 },
};

enum { PLACES = sizeof(places) / sizeof(*places) };

bool filter_no_memory(struct filter_compiler *c, const struct node *at)
{
	problems_add(c->problems, at, "the settings are too large: they pass %zu bytes when compiled", c->arena->max);
	return false;
}

bool filter_count_node(struct filter_compiler *c, const struct node *at)
{
	if (c->nodes++ == FILTER_MAX_NODES)
		problems_add(c->problems, at, "the filter is too large: more than %d names and conditions",
			     FILTER_MAX_NODES);
	return c->nodes <= FILTER_MAX_NODES;
}

static bool keys_only(struct filter_compiler *c, const struct known_place *known, const struct node *n)
{
	if (c->subject != FILTER_RECORD_KEYS || known->place == PLACE_DYNAMODB || known->place == PLACE_KEYS)
		return true;
	problems_add(c->problems, n, "this kind of handler applies item images, so that its filter may name dynamodb.Keys "
		     "only; write conditions on the item into 'where'");
	return false;
}

/* At the upper levels of a record. */
static bool find_place(struct filter_compiler *c, const struct node *n, enum level in, struct field *f, enum level *child)
{
	struct nearest nearest = nearest_to(n->name);
	char hint[96];

	for (size_t i = 0; i < PLACES; i++) {
		if (places[i].in != in)
			continue;
		nearest_offer(&nearest, places[i].name);
		if (str_eq(places[i].name, n->name)) {
			f->place = places[i].place;
			*child = places[i].child;
			c->filter->roots |= places[i].reads;
			return keys_only(c, &places[i], n);
		}
	}
	problems_add(c->problems, n, "a stream record, as Lambda shows it, has nothing of that name here%s",
		     nearest_text(&nearest, hint, sizeof(hint)));
	return false;
}

static bool find_type(struct filter_compiler *c, const struct node *n, struct field *f, enum level *child)
{
	f->type = value_type_of(n->name);
	*child = f->type == VALUE_M ? LEVEL_ATTRIBUTES : f->type == VALUE_L ? LEVEL_TYPE : LEVEL_LEAF;
	if (f->type != VALUE_NONE)
		return true;
	problems_add(c->problems, n, "'%.*s' stands where an attribute's type is expected (S N B BOOL NULL M L SS NS BS): "
		     "images are in attribute-value form, as in { status: { S: [\"live\"] } }", STR_ARG(n->name));
	return false;
}

static bool find_child(struct filter_compiler *c, const struct node *n, enum level in, struct field *f, enum level *child)
{
	switch (in) {
	case LEVEL_ATTRIBUTES:
		*child = LEVEL_TYPE;
		return true;
	case LEVEL_PLAIN:
		*child = LEVEL_PLAIN;
		return true;
	case LEVEL_TYPE:
		return find_type(c, n, f, child);
	default:
		return find_place(c, n, in, f, child);
	}
}

/* ---- Fields ---- */

static struct pattern *compile_pattern(struct filter_compiler *c, const struct node *n, enum level level, unsigned depth);

static bool is_absent_ok(const struct tests *tests)
{
	for (size_t i = 0; i < tests->count; i++)
		if (tests->items[i].op == TEST_ABSENT)
			return true;
	return false;
}

/* A list where the record has an object: as leaves are all that conditions look
 * at, only exists: false means something, and it is true. */
static bool check_no_leaf(struct filter_compiler *c, const struct node *n, const struct field *f, enum level child)
{
	if (child == LEVEL_LEAF || child == LEVEL_PLAIN || f->absent_ok)
		return true;
	if (child == LEVEL_TYPE && f->type == VALUE_NONE)
		problems_add(c->problems, n, "an attribute is an object here, so that these conditions never match; name its "
			     "type, as in { %.*s: { S: [ … ] } }", STR_ARG(n->name));
	else if (child == LEVEL_TYPE)
		problems_add(c->problems, n, "a list's elements are attribute values, so that these conditions never match; "
			     "name their type, as in { L: { S: [ … ] } }");
	else
		problems_add(c->problems, n, "conditions (exists, too) look at leaves only and this is an object, so that "
			     "they never match; name something inside it");
	return false;
}

static bool compile_field(struct filter_compiler *c, const struct node *n, enum level in, unsigned depth, struct field *f)
{
	enum level child = LEVEL_LEAF;

	if (!filter_count_node(c, n))
		return false;
	f->name = arena_dup(c->arena, n->name);
	if (!f->name.ptr)
		return filter_no_memory(c, n);
	if (!find_child(c, n, in, f, &child))
		return false;
	if (n->kind == NODE_ARRAY) {
		if (!filter_compile_tests(c, n, &f->tests))
			return false;
		f->absent_ok = is_absent_ok(&f->tests);
		return check_no_leaf(c, n, f, child);
	}
	if (n->kind == NODE_OBJECT && child != LEVEL_LEAF) {
		f->child = compile_pattern(c, n, child, depth + 1);
		f->absent_ok = f->child && f->child->absent_ok;
		return f->child != NULL;
	}
	if (n->kind == NODE_OBJECT)
		problems_add(c->problems, n, "this is a leaf, it holds no further names; expected a list, as in [\"live\"] or "
			     "[{\"prefix\": \"li\"}]");
	else
		problems_add(c->problems, n, "must be a group or a list: write the value as a list, as in [\"live\"]");
	return false;
}

/* ---- Groups ---- */

static bool is_or(const struct node *n)
{
	return n->kind == NODE_ARRAY && str_eq(n->name, STR("$or"));
}

static bool compile_or(struct filter_compiler *c, const struct node *list, enum level level, unsigned depth,
		       struct alternatives *or)
{
	bool ok = true;

	if (list->count == 0) {
		problems_add(c->problems, list, "$or is an empty list; expected patterns");
		return false;
	}
	or->items = arena_array(c->arena, list->count, sizeof(struct pattern *));
	if (!or->items)
		return filter_no_memory(c, list);
	for (const struct node *n = list->first; n; n = n->next) {
		struct pattern *one = NULL;

		if (n->kind == NODE_OBJECT)
			one = compile_pattern(c, n, level, depth + 1);
		else
			problems_add(c->problems, n, "$or holds %s; expected patterns, as in [{ … }, { … }]",
				     node_kind_name(n->kind));
		ok = ok && one;
		or->items[or->count++] = one;
	}
	return ok;
}

static bool is_twice(const struct pattern *p, struct str name)
{
	for (size_t i = 0; i + 1 < p->count; i++)
		if (str_eq(p->fields[i].name, name))
			return true;
	return false;
}

static bool or_absent_ok(const struct alternatives *or)
{
	for (size_t i = 0; i < or->count; i++)
		if (or->items[i]->absent_ok)
			return true;
	return false;
}

static bool compile_members(struct filter_compiler *c, const struct node *n, unsigned depth, struct pattern *p)
{
	bool ok = true;

	for (const struct node *member = n->first; member; member = member->next) {
		if (is_or(member)) {
			ok = compile_or(c, member, p->level, depth, &p->ors[p->n_ors++]) && ok;
			continue;
		}

		struct field *f = &p->fields[p->count++];

		ok = compile_field(c, member, p->level, depth, f) && ok;
		if (is_twice(p, member->name)) {
			problems_add(c->problems, member, "this name stands in the group twice; use $or for alternatives");
			ok = false;
		}
	}
	return ok;
}

static bool check_group(struct filter_compiler *c, const struct node *n, unsigned depth)
{
	if (n->count == 0)
		problems_add(c->problems, n, "an empty group in a filter; expected names and their conditions");
	else if (n->count > FILTER_MAX_FIELDS)
		problems_add(c->problems, n, "more than %d names in one group", FILTER_MAX_FIELDS);
	else if (depth > FILTER_MAX_DEPTH)
		problems_add(c->problems, n, "nested more than %d deep", FILTER_MAX_DEPTH);
	else
		return true;
	return false;
}

static struct pattern *compile_pattern(struct filter_compiler *c, const struct node *n, enum level level, unsigned depth)
{
	struct pattern *p;

	if (!check_group(c, n, depth))
		return NULL;
	p = ARENA_NEW(c->arena, struct pattern);
	if (p) {
		p->level = level;
		p->fields = arena_array(c->arena, n->count, sizeof(*p->fields));
		p->ors = arena_array(c->arena, n->count, sizeof(*p->ors));
	}
	if (!p || !p->fields || !p->ors) {
		filter_no_memory(c, n);
		return NULL;
	}
	if (!compile_members(c, n, depth, p))
		return NULL;
	p->absent_ok = true;
	for (size_t i = 0; i < p->count; i++)
		p->absent_ok = p->absent_ok && p->fields[i].absent_ok;
	for (size_t i = 0; i < p->n_ors; i++)
		p->absent_ok = p->absent_ok && or_absent_ok(&p->ors[i]);
	return p;
}

/* ---- FilterCriteria ---- */

/* {"Filters": [{"Pattern": …}]} as in an event source mapping, also inside
 * {"FilterCriteria": …}: its Filters, or NULL. */
static const struct node *criteria(const struct node *n)
{
	const struct node *inner = node_get(n, STR("FilterCriteria"));
	const struct node *filters = node_get(inner ? inner : n, STR("Filters"));

	return filters && filters->kind == NODE_ARRAY ? filters : NULL;
}

/* The pattern that stands there as a group or as a string of JSON. */
static const struct node *open_pattern(struct filter_compiler *c, const struct node *n)
{
	struct err err = { 0 };
	struct node *tree;

	if (n->kind == NODE_OBJECT)
		return n;
	if (n->kind != NODE_STRING) {
		problems_add(c->problems, n, "a pattern is %s; expected a group or a string that holds JSON",
			     node_kind_name(n->kind));
		return NULL;
	}
	tree = node_from_json(c->arena, n->text, n, &err);
	if (!tree)
		problems_add(c->problems, n, "the pattern is not valid JSON: %s", err.text);
	else if (tree->kind != NODE_OBJECT)
		problems_add(c->problems, n, "the pattern is %s; expected an object", node_kind_name(tree->kind));
	return tree && tree->kind == NODE_OBJECT ? tree : NULL;
}

static bool compile_criteria(struct filter_compiler *c, const struct node *filters, struct alternatives *any)
{
	bool ok = filters->count > 0;

	if (!ok)
		problems_add(c->problems, filters, "an empty list of Filters; expected [{ Pattern: … }]");
	any->items = arena_array(c->arena, filters->count, sizeof(struct pattern *));
	if (!any->items)
		return filter_no_memory(c, filters);
	for (const struct node *n = filters->first; n; n = n->next) {
		const struct node *pattern = node_get(n, STR("Pattern"));
		struct pattern *one = NULL;

		if (!pattern)
			problems_add(c->problems, n, "expected { Pattern: … }");
		else
			pattern = open_pattern(c, pattern);
		if (pattern)
			one = compile_pattern(c, pattern, LEVEL_RECORD, 0);
		ok = ok && one;
		any->items[any->count++] = one;
	}
	return ok;
}

static bool compile_root(struct filter_compiler *c, const struct node *n)
{
	bool record = c->subject == FILTER_RECORD || c->subject == FILTER_RECORD_KEYS;
	struct alternatives *any = &c->filter->any;

	n = open_pattern(c, n);
	if (!n)
		return false;
	if (record && criteria(n))
		return compile_criteria(c, criteria(n), any);
	any->items = arena_alloc(c->arena, sizeof(struct pattern *));
	if (!any->items)
		return filter_no_memory(c, n);
	any->items[any->count++] = compile_pattern(c, n, record ? LEVEL_RECORD : LEVEL_PLAIN, 0);
	return any->items[0] != NULL;
}

struct filter *filter_compile(const struct node *pattern, enum filter_subject subject, struct arena *a,
			      struct problems *problems)
{
	static const unsigned allowed[] = {
		[FILTER_RECORD] = TEMPLATE_NEW | TEMPLATE_OLD | TEMPLATE_KEYS | TEMPLATE_EVENT,
		[FILTER_RECORD_KEYS] = TEMPLATE_KEYS,
		[FILTER_ITEM] = TEMPLATE_ITEM,
		[FILTER_MEMBER] = TEMPLATE_MEMBER | TEMPLATE_NEW | TEMPLATE_OLD | TEMPLATE_KEYS | TEMPLATE_EVENT,
	};
	struct filter_compiler c = { .subject = subject, .allowed = allowed[subject], .arena = a, .problems = problems };

	c.filter = ARENA_NEW(a, struct filter);
	if (!c.filter) {
		filter_no_memory(&c, pattern);
		return NULL;
	}
	c.filter->subject = subject;
	return !pattern || compile_root(&c, pattern) ? c.filter : NULL;
}

unsigned filter_roots(const struct filter *f)
{
	return f->roots;
}

void filter_each_path(const struct filter *f, enum template_root root, void (*fn)(void *ctx, const struct path *path),
		      void *ctx)
{
	for (const struct operand_list *o = f->operands; o; o = o->next)
		template_each_path(o->template, root, fn, ctx);
}

static void each_name(const struct alternatives *any, void (*fn)(void *ctx, struct str name), void *ctx)
{
	for (size_t i = 0; i < any->count; i++) {
		const struct pattern *p = any->items[i];

		for (size_t k = 0; k < p->count; k++)
			fn(ctx, p->fields[k].name);
		for (size_t k = 0; k < p->n_ors; k++)
			each_name(&p->ors[k], fn, ctx);
	}
}

void filter_each_name(const struct filter *f, void (*fn)(void *ctx, struct str name), void *ctx)
{
	if (f->subject == FILTER_ITEM || f->subject == FILTER_MEMBER)
		each_name(&f->any, fn, ctx);
}
