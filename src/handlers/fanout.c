/* fanout: settings and what can be said of them before a record comes. */
#include "sluice/handlers/fanout.h"

#include "fanout_impl.h"
#include "sluice/core/mem.h"
#include "sluice/handlers/base.h"
#include "sluice/handlers/kinds.h"
#include "sluice/handlers/prune.h"

enum {
	RECORD_ROOTS = TEMPLATE_NEW | TEMPLATE_OLD | TEMPLATE_KEYS | TEMPLATE_EVENT,
	MEMBER_ROOTS = RECORD_ROOTS | TEMPLATE_MEMBER | TEMPLATE_NOTIFICATION,
	TEXT_MAX = 1 << 20,
	DAY_S = 86400,
};

#define AUDIENCE_AT(member) offsetof(struct fanout_audience_settings, member)
#define AT(member) offsetof(struct fanout_settings, member)

static const struct option audience_options[] = {
	{ .name = "table", .type = OPTION_STR, .offset = AUDIENCE_AT(table),
	  .help = "A table to query: its partitions `key`, sorted by the member." },
	{ .name = "index", .type = OPTION_STR, .offset = AUDIENCE_AT(index), .help = "Query this index of the table." },
	{ .name = "key_attribute", .type = OPTION_STR, .offset = AUDIENCE_AT(key_attribute),
	  .help = "Name of the partition key. Default: as the table is described." },
	{ .name = "key", .type = OPTION_STR, .offset = AUDIENCE_AT(key),
	  .help = "Template of the partition key's value; with ${shard} where shards > 1." },
	{ .name = "shards", .type = OPTION_INT, .offset = AUDIENCE_AT(shards), .default_text = "1", .min = 1,
	  .max = FANOUT_SOURCES_MAX, .help = "So many partitions: ${shard} is 0 to shards - 1." },
	{ .name = "sort_prefix", .type = OPTION_STR, .offset = AUDIENCE_AT(sort_prefix),
	  .help = "Template of what stands in front of the member in the sort key; only such rows are read." },
	{ .name = "consistent", .type = OPTION_BOOL, .offset = AUDIENCE_AT(consistent), .default_text = "false",
	  .help = "Strongly consistent reads (not on a global index)." },
	{ .name = "attributes", .type = OPTION_NAMES, .offset = AUDIENCE_AT(attributes),
	  .help = "Attributes of the audience's rows to read. Default: all." },
	{ .name = "members", .type = OPTION_TREE, .offset = AUDIENCE_AT(members),
	  .help = "Instead of a table: a list of members, or of templates of members or lists of them." },
	{ .name = "scan", .type = OPTION_STR, .offset = AUDIENCE_AT(scan),
	  .help = "Instead of a query: every row of this table, whose only key is the member." },
	{ 0 },
};

static const struct option options[] = {
	{ .name = "audience", .type = OPTION_LIST, .offset = AT(audience), .flags = OPTION_REQUIRED, .min = 1,
	  .max = FANOUT_AUDIENCE_MAX, .table = audience_options,
	  .item_size = sizeof(struct fanout_audience_settings),
	  .help = "Who is notified; a member in several entries is notified once." },
	{ .name = "member", .type = OPTION_STR, .offset = AT(member), .flags = OPTION_REQUIRED,
	  .help = "The attribute that is the member: the sort key of every queried table or index." },
	{ .name = "member_where", .type = OPTION_TREE, .offset = AT(member_where),
	  .help = "Members who want it: an event pattern over the audience's row. Default: all." },
	{ .name = "sink", .type = OPTION_STR, .offset = AT(sink), .flags = OPTION_REQUIRED,
	  .help = "Name of the sink that the notifications go to." },
	HANDLER_ADDRESSES(AT(address)),
	{ .name = "message", .type = OPTION_TREE, .offset = AT(message),
	  .help = "Tree of templates that becomes the notification's JSON body; needed but for inboxes." },
	{ .name = "message_key", .type = OPTION_STR, .offset = AT(message_key),
	  .help = "Template of the message key. Default: the member." },
	{ .name = "table", .type = OPTION_STR, .offset = AT(table),
	  .help = "dynamodb sink: the inbox table." },
	{ .name = "item", .type = OPTION_TREE, .offset = AT(item),
	  .help = "dynamodb sink: the inbox row with its key, a tree of templates." },
	{ .name = "ttl_s", .type = OPTION_INT, .offset = AT(ttl_s), .default_text = "0", .max = 3650LL * DAY_S,
	  .unit = "s", .help = "dynamodb sink: the row gets the attribute ttl, so long after the event. 0: none." },
	{ .name = "rate_per_s", .type = OPTION_INT, .offset = AT(rate_per_s), .default_text = "0", .max = 10000000,
	  .unit = "per second", .help = "At most so many notifications of this handler, over all workers. 0: no limit." },
	{ .name = "max_age_s", .type = OPTION_INT, .offset = AT(max_age_s), .default_text = "0", .max = 30LL * DAY_S,
	  .unit = "s", .help = "Events older than this are dropped and counted. 0: none." },
	{ .name = "expires", .type = OPTION_STR, .offset = AT(expires),
	  .help = "Template of a time (epoch seconds or RFC 3339) after which nobody is notified any more; empty: never." },
	{ .name = "once", .type = OPTION_STR, .offset = AT(once),
	  .help = "Template that replaces the record's id: events with equal text notify once within 48 hours." },
	{ .name = "aligned", .type = OPTION_BOOL, .offset = AT(aligned), .default_text = "false",
	  .help = "Promises that all sources shard by the same hash of the member." },
	{ .name = "exactly_once", .type = OPTION_BOOL, .offset = AT(exactly_once), .default_text = "false",
	  .help = "Not available in this version." },
	{ .name = "slices", .type = OPTION_INT, .offset = AT(slices), .default_text = "1", .min = 1, .max = 1024,
	  .help = "Parts that workers share. More than 1 is not available in this version." },
	{ 0 },
};

struct fanout *fanout_of(struct handler *h)
{
	return (struct fanout *)h;
}

static void fanout_free(struct handler *h)
{
	buf_release(&fanout_of(h)->text);
	handler_release(h);
	mem_free(h);
}

/* ---- The audience ---- */

static const struct node *audience_at(const struct fanout_audience *a, const char *name)
{
	const struct node *n = a->at ? node_get(a->at, str_c(name)) : NULL;

	return n ? n : a->at;
}

static struct template *audience_template(struct fanout *f, const struct fanout_audience *a, struct str text,
					  unsigned allowed, const char *setting, struct problems *problems)
{
	if (text.len == 0)
		return NULL;
	return template_compile(text, allowed, &f->base.arena, audience_at(a, setting), problems);
}

static void compile_query(struct fanout *f, struct fanout_audience *a, struct problems *problems)
{
	const struct fanout_audience_settings *s = a->settings;

	a->kind = FANOUT_QUERY;
	if (s->table.len == 0 || s->key.len == 0) {
		problems_add(problems, a->at, "an entry of the audience has table and key, or members, or scan");
		return;
	}
	a->key = audience_template(f, a, s->key, RECORD_ROOTS | TEMPLATE_SHARD, "key", problems);
	a->sort_prefix = audience_template(f, a, s->sort_prefix, RECORD_ROOTS, "sort_prefix", problems);
	if (a->key && s->shards > 1 && !(template_roots(a->key) & TEMPLATE_SHARD))
		problems_add(problems, audience_at(a, "key"), "shards = %lld needs ${shard} in key",
			     (long long)s->shards);
}

static void compile_members(struct fanout *f, struct fanout_audience *a, struct problems *problems)
{
	const struct node *list = a->settings->members;

	a->kind = FANOUT_MEMBERS;
	if (list->kind != NODE_ARRAY || list->count == 0) {
		problems_add(problems, list, "members is a list with at least one entry, found %s",
			     node_kind_name(list->kind));
		return;
	}
	a->members = arena_array(&f->base.arena, list->count, sizeof(*a->members));
	a->member_nodes = arena_array(&f->base.arena, list->count, sizeof(*a->member_nodes));
	for (const struct node *n = list->first; n && a->members && a->member_nodes; n = n->next) {
		if (n->kind == NODE_STRING)
			a->members[a->n_members] =
				template_compile(n->text, RECORD_ROOTS, &f->base.arena, n, problems);
		else if (n->kind != NODE_INT && n->kind != NODE_REAL)
			problems_add(problems, n, "a member is a text or a number, found %s", node_kind_name(n->kind));
		a->member_nodes[a->n_members++] = n;
	}
}

static void check_forms(const struct fanout_audience *a, struct problems *problems)
{
	const struct fanout_audience_settings *s = a->settings;
	bool query = s->table.len || s->index.len || s->key_attribute.len || s->key.len || s->sort_prefix.len ||
		     s->shards > 1;

	if (query + (s->members != NULL) + (s->scan.len > 0) > 1)
		problems_add(problems, a->at,
			     "an entry of the audience is one of: table with key (index, key_attribute, shards, "
			     "sort_prefix), members, scan");
	if (s->members && (s->consistent || s->attributes.count))
		problems_add(problems, a->at, "a list of members is not read: leave consistent and attributes out");
}

static void compile_audience(struct fanout *f, struct problems *problems)
{
	const struct option_list *list = &f->settings->audience;
	const struct fanout_audience_settings *s = list->items;
	int64_t sources = 0;

	f->audience = arena_array(&f->base.arena, list->count, sizeof(*f->audience));
	for (size_t i = 0; f->audience && i < list->count; i++) {
		struct fanout_audience *a = &f->audience[f->n_audience++];

		a->settings = &s[i];
		a->at = list->nodes[i];
		check_forms(a, problems);
		sources += s[i].shards;
		if (s[i].members)
			compile_members(f, a, problems);
		else if (s[i].scan.len)
			a->kind = FANOUT_SCAN;
		else
			compile_query(f, a, problems);
		if (a->kind == FANOUT_SCAN && list->count > 1)
			problems_add(problems, a->at, "a scan stands alone: its rows have no order to merge by");
		if (f->settings->aligned && s[i].shards != s[0].shards &&
		    !problems_within(problems, audience_at(&f->audience[0], "shards")))
			problems_add(problems, audience_at(a, "shards"),
				     "aligned = true needs the same number of shards everywhere");
	}
	if (sources > FANOUT_SOURCES_MAX)
		problems_add(problems, handler_at(&f->base.site, "audience"),
			     "the audience has %lld partitions; at most %d are merged", (long long)sources,
			     FANOUT_SOURCES_MAX);
}

/* ---- The notification ---- */

/* What was refused is not missing. */
static bool refused(const struct fanout *f, const char *setting, const struct problems *problems)
{
	const struct node *node = f->base.site.node;

	return problems_within(problems, node ? node_get(node, str_c(setting)) : NULL);
}

static void check_message(const struct fanout *f, struct problems *problems)
{
	const struct fanout_settings *s = f->settings;
	const struct handler_site *site = &f->base.site;

	if (!s->message == !s->item)
		problems_add(problems, site->node,
			     "a fanout has either message (a topic or a file) or table and item (an inbox)");
	if (s->item && s->table.len == 0 && !refused(f, "table", problems))
		problems_add(problems, handler_at(site, "item"), "item needs table, the inbox");
	if (!s->item && (s->table.len || s->ttl_s) && !refused(f, "item", problems))
		problems_add(problems, handler_at(site, "table"), "table and ttl_s belong to an inbox, which needs item");
	if (s->item && (f->address.len || s->message_key.len))
		problems_add(problems, handler_at(site, "item"), "an inbox has neither topic, nor another address, nor message_key");
	if (s->ttl_s && handler_tree_has(f->item, STR("ttl")))
		problems_add(problems, handler_at(site, "ttl_s"), "item has an attribute ttl already; leave one out");
	if (s->exactly_once)
		problems_add_as(problems, PROBLEM_LATER, handler_at(site, "exactly_once"),
			     "exactly_once is not available in this version; notifications carry an id to drop repeats by");
	if (s->slices > 1)
		problems_add_as(problems, PROBLEM_LATER, handler_at(site, "slices"), "slices above 1 are not available in this version");
}

struct attribute_check {
	const struct fanout *f;
	const struct fanout_audience *audience;
	struct problems *problems;
};

static void check_attribute(void *ctx, const struct path *path)
{
	const struct attribute_check *c = ctx;
	const struct option_names *names = &c->audience->settings->attributes;
	struct str name = path->count ? path->steps[0].name : STR("");

	if (name.len == 0 || str_eq(name, c->f->settings->member))
		return;
	for (size_t i = 0; i < names->count; i++) {
		if (str_eq(names->items[i], name))
			return;
	}
	problems_add(c->problems, audience_at(c->audience, "attributes"),
		     "${member.%.*s} is used and not among the attributes that are read", STR_ARG(name));
}

static void each_member_path(const struct fanout *f, enum template_root root,
			     void (*fn)(void *ctx, const struct path *path), void *ctx)
{
	if (f->message)
		template_tree_each_path(f->message, root, fn, ctx);
	if (f->item)
		template_tree_each_path(f->item, root, fn, ctx);
	if (f->message_key)
		template_each_path(f->message_key, root, fn, ctx);
	if (f->member_where)
		filter_each_path(f->member_where, root, fn, ctx);
}

static void check_attribute_name(void *ctx, struct str name)
{
	struct path_step step = { .name = name };
	struct path path = { &step, 1 };

	check_attribute(ctx, &path);
}

static void check_attributes(const struct fanout *f, struct problems *problems)
{
	for (size_t i = 0; i < f->n_audience; i++) {
		struct attribute_check check = { f, &f->audience[i], problems };

		if (f->audience[i].settings->attributes.count == 0 || f->settings->member.len == 0)
			continue;
		each_member_path(f, TEMPLATE_MEMBER, check_attribute, &check);
		if (f->member_where)
			filter_each_name(f->member_where, check_attribute_name, &check);
	}
}

/* ---- What is kept of the images ---- */

struct keeping {
	struct prune *prune;
	struct arena *arena;
	bool failed;
};

static void keep_path(void *ctx, const struct path *path)
{
	struct keeping *k = ctx;

	k->failed = k->failed || !k->prune || !prune_keep(k->prune, path, k->arena);
}

static struct prune *keep_root(struct fanout *f, enum template_root root, struct problems *problems)
{
	struct keeping k = { .prune = prune_new(&f->base.arena), .arena = &f->base.arena };

	each_member_path(f, root, keep_path, &k);
	if (!k.prune || k.failed)
		problems_add(problems, f->base.site.node, "this fanout's settings are too large");
	return k.prune;
}

static struct handler *fanout_new(const void *settings, const struct handler_site *site, struct problems *problems)
{
	struct fanout *f = mem_alloc(sizeof(*f));
	const struct fanout_settings *s = settings;
	size_t before = problems->count;

	handler_init(&f->base, &fanout_ops, site);
	buf_init(&f->text, TEXT_MAX);
	f->settings = s;
	compile_audience(f, problems);
	if (s->member_where)
		f->member_where = filter_compile(s->member_where, FILTER_MEMBER, &f->base.arena, problems);
	if (s->message)
		f->message = template_tree_compile(s->message, MEMBER_ROOTS, &f->base.arena, problems);
	f->item = handler_tree(&f->base, s->item, MEMBER_ROOTS, problems);
	f->message_key = handler_template(&f->base, s->message_key, MEMBER_ROOTS, "message_key", problems);
	f->expires = handler_template(&f->base, s->expires, RECORD_ROOTS, "expires", problems);
	f->once = handler_template(&f->base, s->once, RECORD_ROOTS, "once", problems);
	f->address = handler_address(&f->base, &f->settings->address, problems);
	check_message(f, problems);
	check_attributes(f, problems);
	f->kept_new = keep_root(f, TEMPLATE_NEW, problems);
	f->kept_old = keep_root(f, TEMPLATE_OLD, problems);
	f->kept_keys = keep_root(f, TEMPLATE_KEYS, problems);
	if (problems->count > before) {
		fanout_free(&f->base);
		return NULL;
	}
	return &f->base;
}

/* ---- Against the tables as they are ---- */

static void check_query(const struct fanout *f, const struct fanout_audience *a, const struct fanout_schema *schema,
			struct problems *problems)
{
	const struct fanout_audience_settings *s = a->settings;
	struct str member = f->settings->member;

	if (!str_eq(schema->sort_key, member))
		problems_add(problems, a->at, "the member \"%.*s\" must be the sort key of %.*s%s%.*s, which has %s%.*s",
			     STR_ARG(member), STR_ARG(s->table), s->index.len ? " index " : "", STR_ARG(s->index),
			     schema->sort_key.len ? "" : "none", STR_ARG(schema->sort_key));
	if (s->key_attribute.len && !str_eq(s->key_attribute, schema->partition_key))
		problems_add(problems, audience_at(a, "key_attribute"),
			     "the partition key of %.*s is \"%.*s\", found \"%.*s\"", STR_ARG(s->table),
			     STR_ARG(schema->partition_key), STR_ARG(s->key_attribute));
	if (s->sort_prefix.len && schema->sort_type != VALUE_S)
		problems_add(problems, audience_at(a, "sort_prefix"),
			     "sort_prefix needs a sort key of type S, found %s", value_type_name(schema->sort_type));
	if (s->consistent && schema->global_index)
		problems_add(problems, audience_at(a, "consistent"), "a global index cannot be read consistently");
}

bool fanout_check_sources(const struct fanout *f, const struct fanout_schema *schemas, struct problems *problems)
{
	size_t before = problems->count;
	const struct fanout_schema *first = NULL;

	for (size_t i = 0; i < f->n_audience; i++) {
		const struct fanout_audience *a = &f->audience[i];

		if (a->kind == FANOUT_QUERY) {
			check_query(f, a, &schemas[i], problems);
			if (first && first->sort_type != schemas[i].sort_type)
				problems_add(problems, a->at,
					     "members of type %s cannot be merged with members of type %s",
					     value_type_name(schemas[i].sort_type), value_type_name(first->sort_type));
			first = first ? first : &schemas[i];
		} else if (a->kind == FANOUT_SCAN &&
			   (schemas[i].sort_key.len || !str_eq(schemas[i].partition_key, f->settings->member))) {
			problems_add(problems, audience_at(a, "scan"),
				     "the member \"%.*s\" must be the only key of table %.*s, which has %.*s%s%.*s",
				     STR_ARG(f->settings->member), STR_ARG(a->settings->scan),
				     STR_ARG(schemas[i].partition_key), schemas[i].sort_key.len ? " and " : "",
				     STR_ARG(schemas[i].sort_key));
		}
	}
	return problems->count == before;
}

const struct handler_ops fanout_ops = {
	.kind = "fanout",
	.summary = "Notifies each member of an audience of an event, at least once, under an id that never changes.",
	.options = options,
	.settings_size = sizeof(struct fanout_settings),
	.tasks = true,
	.new = fanout_new,
	.apply = fanout_apply,
	.free = fanout_free,
};
