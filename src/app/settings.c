#include "settings_parts.h"

#include <stdalign.h>

enum { GROUPS_MAX = 500 };

/* The root of the file; sinks and pipelines are read on their own. */
struct file_settings {
	struct settings s;
	const struct node *sinks, *pipelines;
};

#define IN(type, member) offsetof(struct type, member)

static const struct option aws_options[] = {
	{ .name = "region", .type = OPTION_STR, .offset = IN(settings_aws, region),
	  .help = "AWS region; without it AWS_REGION, AWS_DEFAULT_REGION, the profile's, or the instance's." },
	{ .name = "endpoint_url", .type = OPTION_STR, .offset = IN(settings_aws, endpoint_url),
	  .help = "Address of DynamoDB and its streams, for DynamoDB Local only." },
	{ .name = "profile", .type = OPTION_STR, .offset = IN(settings_aws, profile),
	  .help = "Profile of the shared credentials files; without it AWS_PROFILE or `default`." },
	{ .name = "ca_bundle", .type = OPTION_STR, .offset = IN(settings_aws, ca_bundle),
	  .help = "File with the CA certificates (PEM) that are trusted instead of the system's, by every connection that "
		  "has none of its own. Relative to the working directory." },
	{ 0 },
};

static const struct option state_options[] = {
	{ .name = "table", .type = OPTION_STR, .offset = IN(settings_state, table), .default_text = "sluice-state",
	  .help = "DynamoDB table for positions and leases; created when it is missing." },
	{ .name = "file", .type = OPTION_STR, .offset = IN(settings_state, file),
	  .help = "Instead of a table, for a worker that is alone: a file on a local disk, made when it is missing; its "
		  "folder must be there. Relative to the working directory." },
	{ 0 },
};

static const struct option limits_options[] = {
	{ .name = "memory_bytes", .type = OPTION_INT, .offset = IN(settings_limits, memory_bytes),
	  .default_text = "268435456", .min = 1 << 20, .max = 1LL << 40, .unit = "bytes",
	  .help = "Pages (three quarters) and effects (a quarter) in flight, for the whole worker; see "
		  "[Memory](#memory)." },
	{ .name = "page_bytes", .type = OPTION_INT, .offset = IN(settings_limits, page_bytes),
	  .default_text = "16777216", .min = 1 << 16, .max = 1 << 30, .unit = "bytes",
	  .help = "The largest answer that is read; a larger one is an error." },
	{ .name = "window_bytes", .type = OPTION_INT, .offset = IN(settings_limits, window_bytes),
	  .default_text = "4194304", .min = 1 << 16, .max = 1 << 30, .unit = "bytes",
	  .help = "Unacknowledged records of one shard; reading waits above it." },
	{ .name = "connections", .type = OPTION_INT, .offset = IN(settings_limits, connections),
	  .default_text = "64", .min = 1, .max = 10000, .help = "Open HTTP connections of the worker, kept ones, too; the state table has 16 of its own." },
	{ .name = "connections_per_host", .type = OPTION_INT, .offset = IN(settings_limits, connections_per_host),
	  .default_text = "0", .min = 0, .max = 10000,
	  .help = "Of these to one host at most, so that one that hangs does not hold them all; 0: half of them." },
	{ 0 },
};

static const char *const log_formats[] = { "logfmt", "json", NULL };
static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };

static const struct option log_options[] = {
	{ .name = "format", .type = OPTION_ENUM, .offset = IN(settings_log, format), .default_text = "logfmt",
	  .names = log_formats, .help = "Form of the lines on stderr." },
	{ .name = "level", .type = OPTION_ENUM, .offset = IN(settings_log, level), .default_text = "info",
	  .names = log_levels, .help = "The least important lines that are written." },
	{ 0 },
};

static const struct option lease_options[] = {
	{ .name = "failover_s", .type = OPTION_INT, .offset = 0, .default_text = "10", .min = 1, .max = 600,
	  .unit = "s", .help = "A worker whose heartbeat stands still for so long has lost its shards." },
	{ 0 },
};

const struct option settings_file_options[] = {
	{ .name = "version", .type = OPTION_INT, .offset = IN(file_settings, s.version), .default_text = "1", .min = 1,
	  .max = 1, .help = "Version of this file's format." },
	{ .name = "app", .type = OPTION_STR, .offset = IN(file_settings, s.app), .default_text = "sluice",
	  .help = "Begins every state key; two programs on one state table need two names." },
	{ .name = "aws", .type = OPTION_GROUP, .offset = IN(file_settings, s.aws), .table = aws_options,
	  .help = "Where DynamoDB is; credentials are found as the AWS CLI and SDKs find them." },
	{ .name = "state", .type = OPTION_GROUP, .offset = IN(file_settings, s.state), .table = state_options,
	  .help = "Where positions are kept." },
	{ .name = "workers", .type = OPTION_INT, .offset = IN(file_settings, s.workers), .default_text = "1",
	  .min = 1, .max = 64, .help = "Threads of this process that share the work; each has limits of its own." },
	{ .name = "limits", .type = OPTION_GROUP, .offset = IN(file_settings, s.limits), .table = limits_options,
	  .help = "Bounds of memory and connections, of each worker." },
	{ .name = "log", .type = OPTION_GROUP, .offset = IN(file_settings, s.log), .table = log_options,
	  .help = "The log on stderr." },
	{ .name = "leases", .type = OPTION_GROUP, .offset = IN(file_settings, s.failover_s), .table = lease_options,
	  .help = "How workers share shards." },
	{ .name = "drain_s", .type = OPTION_INT, .offset = IN(file_settings, s.drain_s), .default_text = "30",
	  .min = 1, .max = 3600, .unit = "s", .help = "After SIGTERM: time to finish what is in flight." },
	{ .name = "checkpoint_ms", .type = OPTION_INT, .offset = IN(file_settings, s.checkpoint_ms),
	  .default_text = "5000", .min = 100, .max = 600000, .unit = "ms",
	  .help = "At most so often a shard's positions are written." },
	{ .name = "sinks", .type = OPTION_VALUE, .offset = IN(file_settings, sinks),
	  .unit = "list of groups",
	  .help = "Where effects go, see below." },
	{ .name = "pipelines", .type = OPTION_VALUE, .offset = IN(file_settings, pipelines), .flags = OPTION_REQUIRED,
	  .unit = "list of groups",
	  .help = "Which tables are read and what is derived, see below." },
	{ .name = "admin", .flags = OPTION_LATER },
	{ 0 },
};

/* --- helpers of all parts ------------------------------------------------ */

const struct node *settings_at(const struct node *group, const char *name)
{
	const struct node *n = node_get(group, str_c(name));

	return n ? n : group;
}

bool settings_group_list(struct loading *l, const struct node *list, size_t *count)
{
	*count = 0;
	if (!list || list->broken)
		return false;
	if (list->kind != NODE_ARRAY) {
		problems_add(l->problems, list, "expected a list ( ) of groups { }, found %s", node_kind_name(list->kind));
		return false;
	}
	if (list->count > GROUPS_MAX) {
		problems_add(l->problems, list, "expected at most %d elements, found %zu", GROUPS_MAX, list->count);
		return false;
	}
	for (const struct node *n = list->first; n; n = n->next) {
		if (n->kind == NODE_OBJECT)
			++*count;
		else if (!n->broken)
			problems_add(l->problems, n, "expected a group { }, found %s", node_kind_name(n->kind));
	}
	return true;
}

static bool all_of(struct str s, const char *also)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!word && !strchr(also, c))
			return false;
	}
	return true;
}

bool settings_check_name(struct loading *l, const struct node *group, struct str name)
{
	if (name.len > 0 && name.len <= SETTINGS_NAME_MAX && all_of(name, "_.-") && !strchr("_.-", name.ptr[0]))
		return true;
	problems_add(l->problems, group,
		     "expected a name of 1 to %d letters, digits, '_', '.' or '-' that begins with a letter or digit, "
		     "found \"%.*s\"", SETTINGS_NAME_MAX, STR_ARG(str_sub(name, 0, 100)));
	return false;
}

bool settings_check_table(struct loading *l, const struct node *at, struct str table)
{
	if (table.len >= 3 && table.len <= 255 && all_of(table, "_.-"))
		return true;
	problems_add(l->problems, at,
		     "expected a table's name (3 to 255 letters, digits, '_', '.' or '-'), found \"%.*s\"",
		     STR_ARG(str_sub(table, 0, 100)));
	return false;
}

void settings_check_unique(struct loading *l, const struct node *group, const char *what)
{
	const struct node *name = node_get(group, STR("name"));

	if (!name || name->kind != NODE_STRING || name->broken)
		return;
	for (const struct node *g = group->parent->first; g != group; g = g->next) {
		const struct node *other = node_get(g, STR("name"));

		if (!other || other->kind != NODE_STRING || other->broken || !str_eq(other->text, name->text))
			continue;
		problems_add(l->problems, name, "another %s is called \"%.*s\" already, at %s:%d", what,
			     STR_ARG(name->text), other->file, other->line);
		return;
	}
}

static bool is_one_of(const char *const *names, struct str name)
{
	for (size_t i = 0; names[i]; i++)
		if (str_eq(str_c(names[i]), name))
			return true;
	return false;
}

int settings_kind_index(struct loading *l, const struct node *group, const char *const *known,
			const char *const *later)
{
	const struct node *kind = node_get(group, STR("kind"));
	struct nearest near;
	char mean[128];

	if (!kind) {
		problems_add(l->problems, group, "the setting 'kind' is missing");
		return -1;
	}
	if (kind->broken)
		return -1;
	if (kind->kind != NODE_STRING) {
		problems_add(l->problems, kind, "expected a string in double quotes, found %s",
			     node_kind_name(kind->kind));
		return -1;
	}
	near = nearest_to(kind->text);
	for (int i = 0; known[i]; i++) {
		if (str_eq(str_c(known[i]), kind->text))
			return i;
		nearest_offer(&near, str_c(known[i]));
	}
	if (later && is_one_of(later, kind->text))
		problems_add_as(l->problems, PROBLEM_LATER, kind, "the kind \"%.*s\" is not available in this version",
				STR_ARG(kind->text));
	else
		problems_add(l->problems, kind, "unknown kind \"%.*s\"%s", STR_ARG(str_sub(kind->text, 0, 60)),
			     nearest_text(&near, mean, sizeof(mean)));
	return -1;
}

static size_t table_length(const struct option *table)
{
	size_t n = 0;

	while (table[n].name)
		n++;
	return n;
}

/* One table for one pass, so that an unknown name is noted once and measured
 * against all that may stand there. */
static const struct option *join(struct arena *a, const struct option *common, const struct option *own, size_t shift)
{
	size_t n = table_length(common), m = table_length(own);
	struct option *joined = arena_array(a, n + m + 1, sizeof(*joined));

	if (!joined)
		return NULL;
	memcpy(joined, common, n * sizeof(*joined));
	for (size_t i = 0; i < m; i++) {
		joined[n + i] = own[i];
		joined[n + i].offset += shift;
	}
	return joined;
}

void *settings_read_kind(struct loading *l, const struct kind_table *table, const struct node *group, void **common)
{
	size_t align = alignof(max_align_t), shift = (table->common_size + align - 1) / align * align;
	const struct option *joined = join(l->arena, table->common, table->own, shift);
	char *block = arena_alloc(l->arena, shift + table->own_size);

	if (!joined || !block) {
		problems_add(l->problems, group, "the settings take more than %zu bytes of memory", l->arena->max);
		return NULL;
	}
	option_read(joined, group, block, NULL, l->problems);
	*common = block;
	return block + shift;
}

void settings_read_common(struct loading *l, const struct option *common, const struct node *group, void *out)
{
	size_t n = table_length(common), m = 0, others = 0;
	struct option *table = arena_array(l->arena, n + 1, sizeof(*table));
	const char **also = arena_array(l->arena, group->count + 1, sizeof(*also));

	if (!table || !also) {
		problems_add(l->problems, group, "the settings take more than %zu bytes of memory", l->arena->max);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(common[i].name, "kind") != 0)
			table[m++] = common[i];
	for (const struct node *member = group->first; member; member = member->next)
		if (member->name.ptr)
			also[others++] = arena_dup(l->arena, member->name).ptr;
	option_read(table, group, out, also, l->problems);
}

/* --- the file ------------------------------------------------------------ */

static void check_endpoint(struct loading *l, const struct settings *s)
{
	const struct node *aws = node_get(l->root, STR("aws"));
	struct str url = s->aws.endpoint_url;

	if (url.len && !str_starts(url, STR("http://")) && !str_starts(url, STR("https://")))
		problems_add(l->problems, settings_at(aws, "endpoint_url"),
			     "expected an address that begins with http:// or https://, found \"%.*s\"",
			     STR_ARG(str_sub(url, 0, 100)));
}

static void check_state(struct loading *l, const struct settings *s)
{
	const struct node *state = node_get(l->root, STR("state"));
	const struct node *file = node_get(state, STR("file"));
	struct str path = s->state.file;

	settings_check_table(l, settings_at(settings_at(l->root, "state"), "table"), s->state.table);
	if (!file || problems_within(l->problems, file))
		return;
	if (path.len == 0 || str_ends(path, STR("/")) || memchr(path.ptr, '\0', path.len))
		problems_add(l->problems, file,
			     "\"%.*s\" names no file; expected something like \"/var/lib/sluice/state.db\"", STR_ARG(path));
	else if (node_get(state, STR("table")))
		problems_add(l->problems, file, "the state is in a file or in a table; leave state.file or state.table out");
	else if (s->workers > 1)
		problems_add(l->problems, file,
			     "a file holds the state of one worker, and workers is %lld; share a table (state.table)",
			     (long long)s->workers);
}

static void check_ca_bundle(struct loading *l, const struct settings *s)
{
	const struct node *file = node_get(node_get(l->root, STR("aws")), STR("ca_bundle"));
	struct str path = s->aws.ca_bundle;

	if (file && !problems_within(l->problems, file) && (path.len == 0 || memchr(path.ptr, '\0', path.len)))
		problems_add(l->problems, file,
			     "\"%.*s\" names no file; expected something like \"/etc/ssl/own-ca.pem\"", STR_ARG(path));
}

static void check_file(struct loading *l)
{
	const struct settings *s = l->settings;
	const struct node *limits = node_get(l->root, STR("limits"));

	settings_check_name(l, settings_at(l->root, "app"), s->app);
	check_state(l, s);
	check_endpoint(l, s);
	check_ca_bundle(l, s);
	if (s->limits.page_bytes > s->limits.memory_bytes)
		problems_add(l->problems, settings_at(limits, "page_bytes"),
			     "expected at most limits.memory_bytes (%lld), found %lld",
			     (long long)s->limits.memory_bytes, (long long)s->limits.page_bytes);
	if (s->limits.window_bytes > s->limits.memory_bytes)
		problems_add(l->problems, settings_at(limits, "window_bytes"),
			     "expected at most limits.memory_bytes (%lld), found %lld",
			     (long long)s->limits.memory_bytes, (long long)s->limits.window_bytes);
}

static bool read_root(struct loading *l)
{
	struct file_settings *file = ARENA_NEW(l->arena, struct file_settings);

	if (!file) {
		problems_add(l->problems, l->root, "the settings take more than %zu bytes of memory", l->arena->max);
		return false;
	}
	l->settings = &file->s;
	option_read(settings_file_options, l->root, file, NULL, l->problems);
	l->sinks = file->sinks;
	l->pipelines = file->pipelines;
	check_file(l);
	return true;
}

static void read_parts(struct loading *l)
{
	settings_read_sinks(l);
	settings_read_pipelines(l);
	settings_check_places(l);
}

static void read_file(struct loading *l)
{
	if (!read_root(l))
		return;
	read_parts(l);
	settings_check_cycles(l);
}

struct settings *settings_load(const struct settings_kinds *kinds, const struct conf_source *source, const char *path,
			       struct problems *problems)
{
	struct loading l = { .kinds = kinds, .arena = problems->arena, .problems = problems };

	l.root = conf_read(source, path, l.arena, problems);
	if (l.root)
		read_file(&l);
	problems_sort(problems);
	return problems->count ? NULL : l.settings;
}

struct settings *settings_of_tree(const struct settings_kinds *kinds, const struct node *root, struct problems *problems)
{
	struct loading l = { .kinds = kinds, .arena = problems->arena, .problems = problems, .root = root, .offline = true };

	if (!read_root(&l))
		return NULL;
	/* No pipelines are none to be checked. */
	if (l.pipelines && l.pipelines->count == 0)
		l.pipelines = NULL;
	read_parts(&l);
	return problems->count ? NULL : l.settings;
}

struct handler_site settings_site(const struct settings *s, const struct settings_pipeline *p,
				  const struct settings_handler *h)
{
	return (struct handler_site){
		.app = s->app, .pipeline = p->name, .name = h->name, .table = p->table, .node = h->node,
	};
}
