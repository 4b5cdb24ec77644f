#include "option_parts.h"

#include "sluice/core/file.h"

enum { SECRET_MAX = 64 * 1024, NEAREST_MAX = 128 };

/* One setting being read: what the table says, what stands there, where it goes. */
struct reading {
	const struct option *option;
	const struct node *node;
	void *to;
	struct problems *problems;
	bool over;
};

static void *field(const struct option *o, void *out)
{
	return (char *)out + o->offset;
}

static struct str found(struct reading *r)
{
	if (r->option->flags & OPTION_SECRET)
		return str_c(node_kind_name(r->node->kind));
	return node_describe(r->problems->arena, r->node);
}

static void wrong_type(struct reading *r, const char *expected)
{
	struct str f = found(r);

	problems_add(r->problems, r->node, "expected %s, found %.*s", expected, STR_ARG(f));
}

static void no_memory(struct problems *p, const struct node *at)
{
	problems_add(p, at, "the settings take more than the %zu bytes that are allowed for them", p->arena->max);
}

static bool in_range(const struct option *o, double n)
{
	return n >= (double)o->min && (o->max == 0 || n <= (double)o->max);
}

/* --- one type each ------------------------------------------------------- */

/* The content of the file that `name` names, without its last newline; `prefix`
 * goes in front of it. False with a problem. */
static bool secret_of_file(struct reading *r, const struct node *name, struct str prefix, struct str *out)
{
	const char *path = file_beside(r->problems->arena, name->file, name->text);
	struct err err = { 0 };
	struct buf content;
	bool ok = false;

	buf_init(&content, SECRET_MAX);
	buf_put(&content, prefix);
	if (!path || !file_read(path, &content, &err)) {
		problems_add(r->problems, name, "%s", err.text);
	} else {
		struct str value = buf_str(&content);

		if (str_ends(value, STR("\n")))
			value.len--;
		if (str_ends(value, STR("\r")))
			value.len--;
		*out = arena_dup(r->problems->arena, value);
		ok = out->ptr && value.len > prefix.len;
		if (!ok)
			problems_add(r->problems, name, "the file %s is empty, expected the secret in it", path);
	}
	buf_wipe(&content);
	return ok;
}

static void read_secret_file(struct reading *r)
{
	const struct node *name = node_get(r->node, STR("file"));

	if (!name || name->kind != NODE_STRING || r->node->count != 1)
		wrong_type(r, "a string or { file = \"/path\"; }");
	else if (!name->broken)
		secret_of_file(r, name, STR(""), r->to);
}

static void read_str(struct reading *r)
{
	if ((r->option->flags & OPTION_SECRET) && r->node->kind == NODE_OBJECT) {
		read_secret_file(r);
		return;
	}
	if (r->node->kind != NODE_STRING) {
		wrong_type(r, r->option->flags & OPTION_SECRET ? "a string or { file = \"/path\"; }" :
								 "a string in double quotes");
		return;
	}
	if ((r->option->flags & OPTION_REQUIRED) && r->node->text.len == 0)
		problems_add(r->problems, r->node, "must not be empty");
	*(struct str *)r->to = r->node->text;
}

static void read_int(struct reading *r)
{
	const struct option *o = r->option;
	char range[128];

	if (r->node->kind != NODE_INT)
		wrong_type(r, "a whole number");
	else if (option_is_limited(o) && (r->node->i < o->min || (o->max && r->node->i > o->max)))
		wrong_type(r, option_range_text(o, range, sizeof(range)));
	else
		*(int64_t *)r->to = r->node->i;
}

static void read_real(struct reading *r)
{
	char range[128];

	if (r->node->kind != NODE_REAL && r->node->kind != NODE_INT)
		wrong_type(r, "a number");
	else if (option_is_limited(r->option) && !in_range(r->option, r->node->d))
		wrong_type(r, option_range_text(r->option, range, sizeof(range)));
	else
		*(double *)r->to = r->node->d;
}

static void read_bool(struct reading *r)
{
	if (r->node->kind != NODE_BOOL)
		wrong_type(r, "true or false");
	else
		*(bool *)r->to = r->node->b;
}

static int name_index(const char *const *names, struct str name)
{
	for (int i = 0; names[i]; i++)
		if (str_eq(str_c(names[i]), name))
			return i;
	return -1;
}

static void read_enum(struct reading *r)
{
	const char *const *names = r->option->names;
	int index = r->node->kind == NODE_STRING ? name_index(names, r->node->text) : -1;
	char mean[NEAREST_MAX] = "";
	struct buf list;

	if (index >= 0) {
		*(int *)r->to = index;
		return;
	}
	if (r->node->kind == NODE_STRING && r->option->later && name_index(r->option->later, r->node->text) >= 0) {
		problems_add_as(r->problems, PROBLEM_LATER, r->node, "\"%.*s\" is not available in this version",
				STR_ARG(r->node->text));
		return;
	}
	buf_init(&list, 512);
	option_print_names(names, "\"", &list);
	if (r->node->kind == NODE_STRING) {
		struct nearest near = nearest_to(r->node->text);

		for (size_t i = 0; names[i]; i++)
			nearest_offer(&near, str_c(names[i]));
		nearest_text(&near, mean, sizeof(mean));
	}

	struct str f = found(r), l = buf_str(&list);

	problems_add(r->problems, r->node, "expected %.*s, found %.*s%s", STR_ARG(l), STR_ARG(f), mean);
	buf_release(&list);
}

static void read_tree(struct reading *r)
{
	const struct node *tree = r->node;
	struct err err = { 0 };

	if (tree->kind == NODE_STRING) {
		struct node *parsed = node_from_json(r->problems->arena, tree->text, tree, &err);

		if (!parsed) {
			problems_add(r->problems, tree, "expected JSON in the string: %s", err.text);
			return;
		}
		parsed->name = tree->name;
		parsed->parent = tree->parent;
		parsed->next = tree->next;
		tree = parsed;
	}
	if (tree->kind == NODE_OBJECT || tree->kind == NODE_ARRAY)
		*(const struct node **)r->to = tree;
	else
		wrong_type(r, "a group { }, a list ( ), or a string holding JSON of one");
}

static void read_value(struct reading *r)
{
	*(const struct node **)r->to = r->node;
}

static void read_group(struct reading *r)
{
	if (r->node->kind != NODE_OBJECT)
		wrong_type(r, "a group { }");
	else if (r->over)
		option_read_over(r->option->table, r->node, r->to, NULL, r->problems);
	else
		option_read(r->option->table, r->node, r->to, NULL, r->problems);
}

static bool check_length(struct reading *r)
{
	const struct option *o = r->option;
	char range[128];

	if (r->node->kind != NODE_ARRAY) {
		wrong_type(r, o->type == OPTION_NAMES ? "a list of strings" : "a list ( ) of groups { }");
		return false;
	}
	if ((o->flags & OPTION_REQUIRED) && r->node->count == 0)
		problems_add(r->problems, r->node, "must not be empty");
	else if (option_is_limited(o) && !in_range(o, (double)r->node->count))
		problems_add(r->problems, r->node, "expected %s elements, found %zu", option_range_text(o, range, sizeof(range)),
			     r->node->count);
	else
		return true;
	return false;
}

static void read_list(struct reading *r)
{
	struct option_list *list = r->to;
	size_t size = r->option->item_size;

	if (!check_length(r))
		return;
	list->items = arena_array(r->problems->arena, r->node->count, size);
	list->nodes = arena_array(r->problems->arena, r->node->count, sizeof(*list->nodes));
	if (!list->items || !list->nodes) {
		no_memory(r->problems, r->node);
		return;
	}
	list->count = 0;
	for (const struct node *n = r->node->first; n; n = n->next) {
		if (n->broken)
			continue;
		if (n->kind != NODE_OBJECT) {
			problems_add(r->problems, n, "expected a group { }, found %s", node_kind_name(n->kind));
			continue;
		}
		list->nodes[list->count] = n;
		option_read(r->option->table, n, (char *)list->items + list->count * size, NULL, r->problems);
		list->count++;
	}
}

/* { file = "/path"; } stands for what is in the file. */
static bool read_bare_secret(struct reading *r, const struct node *element, struct str *out)
{
	const struct node *file = node_get(element, STR("file"));

	if (!file || element->count != 1 || file->kind != NODE_STRING) {
		problems_add(r->problems, element, "expected a string or { file = \"/path\"; }");
		return false;
	}
	return !file->broken && secret_of_file(r, file, STR(""), out);
}

/* { name = "sasl.password"; file = "/path"; } stands for "sasl.password=…". */
static bool read_named_secret(struct reading *r, const struct node *element, struct str *out)
{
	const struct node *name = node_get(element, STR("name")), *file = node_get(element, STR("file"));

	if (!name || !file || element->count != 2 || name->kind != NODE_STRING || file->kind != NODE_STRING) {
		problems_add(r->problems, element, "expected a string or { name = \"…\"; file = \"/path\"; }");
		return false;
	}
	if (name->broken || file->broken)
		return false;

	struct str prefix = arena_putf(r->problems->arena, "%.*s=", STR_ARG(name->text));

	return secret_of_file(r, file, prefix, out);
}

static void read_names(struct reading *r)
{
	struct option_names *names = r->to;

	if (!check_length(r))
		return;
	names->items = arena_array(r->problems->arena, r->node->count, sizeof(*names->items));
	if (!names->items) {
		no_memory(r->problems, r->node);
		return;
	}
	names->count = 0;
	for (const struct node *n = r->node->first; n; n = n->next) {
		if (n->broken)
			continue;
		if (n->kind == NODE_STRING && n->text.len)
			names->items[names->count++] = n->text;
		else if ((r->option->flags & OPTION_SECRET) && n->kind == NODE_OBJECT)
			names->count += (r->option->flags & OPTION_BARE ? read_bare_secret : read_named_secret)(
				r, n, &names->items[names->count]);
		else
			problems_add(r->problems, n, "expected a string that is not empty, found %s",
				     n->kind == NODE_STRING ? "an empty one" : node_kind_name(n->kind));
	}
}

static void (*const readers[])(struct reading *r) = {
	[OPTION_STR] = read_str,   [OPTION_INT] = read_int,     [OPTION_REAL] = read_real,
	[OPTION_BOOL] = read_bool, [OPTION_ENUM] = read_enum,   [OPTION_TREE] = read_tree,
	[OPTION_VALUE] = read_value, [OPTION_GROUP] = read_group, [OPTION_LIST] = read_list,
	[OPTION_NAMES] = read_names,
};

/* --- defaults ------------------------------------------------------------ */

static void set_defaults(const struct option *table, void *out, struct problems *problems);

/* A default is written as in the file; only text may leave its quotes out. */
static const struct node *default_node(const struct option *o, struct problems *problems)
{
	struct str text = str_c(o->default_text);
	bool quoted = text.len && text.ptr[0] == '"';
	struct node *n;

	if ((o->type == OPTION_STR || o->type == OPTION_ENUM) && !quoted) {
		n = node_new(problems->arena, NODE_STRING);
		if (n)
			n->text = text;
		return n;
	}
	return node_from_json(problems->arena, text, NULL, NULL);
}

static void set_default(const struct option *o, void *to, struct problems *problems)
{
	if (o->type == OPTION_GROUP) {
		set_defaults(o->table, to, problems);
	} else if (o->default_text) {
		struct reading r = { .option = o, .node = default_node(o, problems), .to = to, .problems = problems };

		if (r.node)
			readers[o->type](&r);
		else
			problems_add(problems, NULL, "the default of '%s' cannot be read: %s", o->name,
				     o->default_text);
	}
}

static void set_defaults(const struct option *table, void *out, struct problems *problems)
{
	for (const struct option *o = table; o->name; o++)
		if (!(o->flags & OPTION_LATER))
			set_default(o, field(o, out), problems);
}

/* --- a whole group ------------------------------------------------------- */

static const struct option *option_named(const struct option *table, struct str name)
{
	for (const struct option *o = table; o->name; o++)
		if (str_eq(str_c(o->name), name))
			return o;
	return NULL;
}

static struct nearest nearest_option(const struct option *table, struct str name, const char *const *also)
{
	struct nearest near = nearest_to(name);

	for (const struct option *o = table; o->name; o++)
		if (!(o->flags & OPTION_LATER))
			nearest_offer(&near, str_c(o->name));
	for (size_t i = 0; also && also[i]; i++)
		nearest_offer(&near, str_c(also[i]));
	return near;
}

static void unknown(const struct option *table, const struct node *n, const char *const *also,
		    struct problems *problems)
{
	struct nearest near = nearest_option(table, n->name, also);
	char mean[NEAREST_MAX];

	problems_add(problems, n, "unknown setting%s", nearest_text(&near, mean, sizeof(mean)));
}

static void read_member(const struct option *table, const struct node *n, void *out, const char *const *also,
			struct problems *problems, bool over)
{
	const struct option *o = option_named(table, n->name);

	if (!o) {
		if (!also || name_index(also, n->name) < 0)
			unknown(table, n, also, problems);
		return;
	}
	if (o->flags & OPTION_LATER) {
		problems_add_as(problems, PROBLEM_LATER, n, "this setting is not available in this version%s%s",
				o->help ? ": " : "", o->help ? o->help : "");
		return;
	}
	if (node_get(n->parent, n->name) != n) {
		problems_add(problems, n, "stands twice in this group");
		return;
	}
	if (!n->broken) {
		struct reading r = { o, n, field(o, out), problems, over };

		readers[o->type](&r);
	}
}

/* A misspelt setting is one mistake, not an unknown and a missing one. */
static bool stands_misspelt(const struct option *table, const struct node *group, const struct option *o)
{
	char mean[NEAREST_MAX];

	for (const struct node *n = group ? group->first : NULL; n; n = n->next) {
		struct nearest near = nearest_option(table, n->name, NULL);

		if (!option_named(table, n->name) && str_eq(near.best, str_c(o->name)) &&
		    *nearest_text(&near, mean, sizeof(mean)))
			return true;
	}
	return false;
}

static void note_missing(const struct option *table, const struct node *group, struct problems *problems)
{
	for (const struct option *o = table; o->name; o++)
		if ((o->flags & OPTION_REQUIRED) && !(o->flags & OPTION_LATER) && !node_get(group, str_c(o->name)) &&
		    !stands_misspelt(table, group, o))
			problems_add(problems, group, "the setting '%s' is missing", o->name);
}

bool option_read_over(const struct option *table, const struct node *group, void *out, const char *const *also,
		      struct problems *problems)
{
	size_t before = problems->count;

	for (const struct node *n = group ? group->first : NULL; n; n = n->next)
		read_member(table, n, out, also, problems, true);
	return problems->count == before;
}

bool option_read(const struct option *table, const struct node *group, void *out, const char *const *also,
		 struct problems *problems)
{
	size_t before = problems->count;

	set_defaults(table, out, problems);
	for (const struct node *n = group ? group->first : NULL; n; n = n->next)
		read_member(table, n, out, also, problems, false);
	note_missing(table, group, problems);
	return problems->count == before;
}
