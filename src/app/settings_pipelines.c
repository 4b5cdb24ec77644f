#include "settings_parts.h"

#include "sluice/core/rfc3339.h"

enum { KINDS_MAX = 32, A_YEAR_S = 31622400 };

struct poll_settings {
	int64_t min_ms, max_ms;
};

struct pipeline_settings {
	struct str name, table, start;
	struct settings_failure failure;
	struct settings_batch batch;
	struct poll_settings poll;
	int on_trim, on_new_stream;
	bool backfill;
	const struct node *handlers;
};

struct handler_common {
	struct str kind, name;
	const struct node *filter, *on_failure, *batch;
	struct option_names changed;
	bool enabled, backfill;
};

#define IN(type, member) offsetof(struct type, member)

static const struct option failure_options[] = {
	{ .name = "retries", .type = OPTION_INT, .offset = IN(settings_failure, retries), .default_text = "3", .min = 0,
	  .max = 1000000,
	  .help = "Tries of what fails by its own fault before it goes to the dead letter; outages never use them up." },
	{ .name = "max_age_s", .type = OPTION_INT, .offset = IN(settings_failure, max_age_s), .default_text = "64800",
	  .min = 0, .max = A_YEAR_S, .unit = "s",
	  .help = "Older records go to the dead letter while a sink is down; 0 waits for ever; counters always wait." },
	{ .name = "bisect", .type = OPTION_BOOL, .offset = IN(settings_failure, bisect), .default_text = "true",
	  .help = "Halve a failing batch until the record at fault is found." },
	{ .name = "dead_letter", .type = OPTION_VALUE, .offset = IN(settings_failure, dead_letter_node),
	  .unit = "string or group",
	  .help = "A sink's name, or `{ sink = \"…\"; topic = \"…\"; }` where the sink needs a place; without one such a "
		  "failure stops the handler." },
	{ 0 },
};

static const struct option batch_options[] = {
	{ .name = "records", .type = OPTION_INT, .offset = IN(settings_batch, records), .default_text = "1000",
	  .min = 1, .max = 10000, .help = "Records of one batch at most." },
	{ .name = "bytes", .type = OPTION_INT, .offset = IN(settings_batch, bytes), .default_text = "1048576",
	  .min = 1024, .max = 64 << 20, .unit = "bytes", .help = "Their size at most." },
	{ .name = "window_ms", .type = OPTION_INT, .offset = IN(settings_batch, window_ms), .default_text = "200",
	  .min = 0, .max = 300000, .unit = "ms", .help = "How long a batch that is not full waits for more." },
	{ 0 },
};

static const struct option poll_options[] = {
	{ .name = "min_ms", .type = OPTION_INT, .offset = IN(poll_settings, min_ms), .default_text = "250", .min = 10,
	  .max = 60000, .unit = "ms", .help = "Wait after an empty answer; doubled while the shard is idle." },
	{ .name = "max_ms", .type = OPTION_INT, .offset = IN(poll_settings, max_ms), .default_text = "1000", .min = 10,
	  .max = 60000, .unit = "ms", .help = "The longest wait." },
	{ 0 },
};

static const char *const on_trim_names[] = { [ON_TRIM_HALT] = "halt", [ON_TRIM_SKIP] = "skip", NULL };
static const char *const on_trim_later[] = { "rebuild", "backfill", NULL };
static const char *const on_new_stream_names[] = {
	[ON_NEW_STREAM_STOP] = "stop", [ON_NEW_STREAM_CONTINUE] = "continue", NULL,
};
static const char *const on_new_stream_later[] = { "rebuild", "backfill", NULL };

const struct option settings_pipeline_options[] = {
	{ .name = "name", .type = OPTION_STR, .offset = IN(pipeline_settings, name),
	  .help = "Names its state; without it the table's name." },
	{ .name = "table", .type = OPTION_STR, .offset = IN(pipeline_settings, table), .flags = OPTION_REQUIRED,
	  .help = "The table whose stream is read." },
	{ .name = "start", .type = OPTION_STR, .offset = IN(pipeline_settings, start), .default_text = "trim_horizon",
	  .help = "Where to begin without a saved position: `trim_horizon` (all that the stream still has), `latest`, "
		  "or an RFC 3339 time. `latest` is the time of the handler's first start; what was written up to three "
		  "seconds before it (a minute in DynamoDB Local) may come, too." },
	{ .name = "on_failure", .type = OPTION_GROUP, .offset = IN(pipeline_settings, failure),
	  .table = failure_options, .help = "What happens to what fails; its handlers' default." },
	{ .name = "batch", .type = OPTION_GROUP, .offset = IN(pipeline_settings, batch), .table = batch_options,
	  .help = "How records are handed to a handler; its handlers' default." },
	{ .name = "poll", .type = OPTION_GROUP, .offset = IN(pipeline_settings, poll), .table = poll_options,
	  .help = "How often an idle shard is asked." },
	{ .name = "on_trim", .type = OPTION_ENUM, .offset = IN(pipeline_settings, on_trim), .default_text = "halt",
	  .names = on_trim_names, .later = on_trim_later,
	  .help = "Records were trimmed before they were read: stop the pipeline, or count them as lost and go on." },
	{ .name = "on_new_stream", .type = OPTION_ENUM, .offset = IN(pipeline_settings, on_new_stream),
	  .default_text = "stop", .names = on_new_stream_names, .later = on_new_stream_later,
	  .help = "The table's stream was switched off and on again. The rest of the old one (24 h) is read in any case; "
		  "then its handlers stop, or (forward and fanout only) count a loss and go on with all that the new one "
		  "has. What was written between the two is known to nobody." },
	{ .name = "backfill", .type = OPTION_BOOL, .offset = IN(pipeline_settings, backfill), .default_text = "false",
	  .help = "Only false in this version." },
	{ .name = "handlers", .type = OPTION_VALUE, .offset = IN(pipeline_settings, handlers),
	  .flags = OPTION_REQUIRED, .unit = "list of groups", .help = "What is derived, see below." },
	{ 0 },
};

const struct option settings_handler_options[] = {
	{ .name = "kind", .type = OPTION_STR, .offset = IN(handler_common, kind), .flags = OPTION_REQUIRED,
	  .help = "One of the kinds below." },
	{ .name = "name", .type = OPTION_STR, .offset = IN(handler_common, name), .flags = OPTION_REQUIRED,
	  .help = "Names its state and its rows. Under a new name it is a new handler, which begins at `start`: a counter "
		  "then wants an empty table, or it counts a second time what its rows hold." },
	{ .name = "enabled", .type = OPTION_BOOL, .offset = IN(handler_common, enabled), .default_text = "true",
	  .help = "false: it is checked but does not run; its position stands." },
	{ .name = "filter", .type = OPTION_TREE, .offset = IN(handler_common, filter),
	  .help = "Event pattern over the record; the others are acknowledged and left alone. Counter, view and index: "
		  "only `dynamodb.Keys`." },
	{ .name = "changed", .type = OPTION_NAMES, .offset = IN(handler_common, changed),
	  .help = "Forward and fanout: a MODIFY counts only if one of these paths differs." },
	{ .name = "on_failure", .type = OPTION_TREE, .offset = IN(handler_common, on_failure),
	  .help = "As the pipeline's, member by member." },
	{ .name = "batch", .type = OPTION_TREE, .offset = IN(handler_common, batch),
	  .help = "As the pipeline's, member by member." },
	{ .name = "backfill", .type = OPTION_BOOL, .offset = IN(handler_common, backfill), .default_text = "false",
	  .help = "Only false in this version." },
	{ 0 },
};

static const char *const later_kinds[] = { "copy", NULL };

/* --- handlers ------------------------------------------------------------ */

static void refuse_backfill(struct loading *l, const struct node *group, bool backfill)
{
	if (backfill)
		problems_add_as(l->problems, PROBLEM_LATER, settings_at(group, "backfill"), "backfill is not available in this version");
}

/* What a function of item images keeps is wrong when changes are missing. */
static void refuse_continue(struct loading *l, const struct settings_pipeline *p, const struct settings_handler *h)
{
	if (p->on_new_stream == ON_NEW_STREAM_CONTINUE && h->ops->image)
		problems_add(l->problems, settings_at(p->node, "on_new_stream"),
			     "\"continue\" is for forward and fanout; %.*s is of the kind %s, whose rows would miss what was "
			     "written between two streams: give it a pipeline of its own with \"stop\"",
			     STR_ARG(h->name), h->ops->kind);
}

static void read_over(struct loading *l, const struct option *table, const struct node *group, void *out)
{
	if (group && group->kind == NODE_OBJECT)
		option_read_over(table, group, out, NULL, l->problems);
	else if (group)
		problems_add(l->problems, group, "expected a group { }, found %s", node_kind_name(group->kind));
}

static void inherit(struct loading *l, const struct handler_common *c, const struct pipeline_settings *from,
		    struct settings_handler *h)
{
	h->failure = from->failure;
	h->batch = from->batch;
	read_over(l, failure_options, c->on_failure, &h->failure);
	read_over(l, batch_options, c->batch, &h->batch);
	if (h->failure.dead_letter_node != from->failure.dead_letter_node)
		settings_resolve_dead_letter(l, &h->failure);
}

static void read_handler(struct loading *l, struct settings_pipeline *p, const struct pipeline_settings *from,
			 const struct node *group, const struct handler_ops *ops)
{
	const struct kind_table table = {
		settings_handler_options, ops->options, sizeof(struct handler_common), ops->settings_size,
	};
	struct settings_handler *h = &p->handlers[p->n_handlers];
	struct handler_common *c;

	h->settings = settings_read_kind(l, &table, group, (void **)&c);
	if (!h->settings)
		return;
	p->n_handlers++;
	h->ops = ops;
	h->node = group;
	h->name = c->name;
	h->enabled = c->enabled;
	h->filter = c->filter;
	h->changed = c->changed;
	if (c->name.len)
		settings_check_name(l, settings_at(group, "name"), c->name);
	settings_check_unique(l, group, "handler of this pipeline");
	refuse_backfill(l, group, c->backfill);
	refuse_continue(l, p, h);
	inherit(l, c, from, h);
	settings_check_handler(l, p, h);
}

static void read_unknown_handler(struct loading *l, const struct pipeline_settings *from, const struct node *group)
{
	struct handler_common c = { 0 };
	struct settings_handler h = { 0 };

	settings_read_common(l, settings_handler_options, group, &c);
	if (c.name.len)
		settings_check_name(l, settings_at(group, "name"), c.name);
	settings_check_unique(l, group, "handler of this pipeline");
	refuse_backfill(l, group, c.backfill);
	inherit(l, &c, from, &h);
}

static void read_handlers(struct loading *l, struct settings_pipeline *p, const struct pipeline_settings *from)
{
	const char *known[KINDS_MAX + 1] = { NULL };
	size_t count;

	if (!settings_group_list(l, from->handlers, &count))
		return;
	if (from->handlers->count == 0)
		problems_add(l->problems, from->handlers, "expected at least one handler");
	for (size_t i = 0; i < KINDS_MAX && l->kinds->handlers[i]; i++)
		known[i] = l->kinds->handlers[i]->kind;
	p->handlers = arena_array(l->arena, count, sizeof(*p->handlers));
	if (!p->handlers) {
		problems_add(l->problems, p->node, "the settings take more than %zu bytes of memory", l->arena->max);
		return;
	}
	for (const struct node *n = from->handlers->first; n; n = n->next) {
		int kind = n->kind == NODE_OBJECT ? settings_kind_index(l, n, known, later_kinds) : -1;

		if (kind >= 0)
			read_handler(l, p, from, n, l->kinds->handlers[kind]);
		else if (n->kind == NODE_OBJECT)
			read_unknown_handler(l, from, n);
	}
}

/* --- pipelines ----------------------------------------------------------- */

static void read_start(struct loading *l, struct settings_pipeline *p, struct str start)
{
	const struct node *at = settings_at(p->node, "start");
	struct nearest near = nearest_to(start);
	char mean[128];

	p->start = START_TRIM_HORIZON;
	if (str_eq(start, STR("trim_horizon")))
		return;
	if (str_eq(start, STR("latest"))) {
		p->start = START_LATEST;
	} else if (rfc3339_parse(start, &p->start_ms)) {
		p->start = START_TIME;
	} else {
		nearest_offer(&near, STR("trim_horizon"));
		nearest_offer(&near, STR("latest"));
		problems_add(l->problems, at,
			     "expected \"trim_horizon\", \"latest\" or a time like \"2026-11-20T12:00:00Z\", "
			     "found \"%.*s\"%s", STR_ARG(str_sub(start, 0, 60)), nearest_text(&near, mean, sizeof(mean)));
	}
}

const char *settings_start_name(enum settings_start start)
{
	static const char *const names[] = {
		[START_TRIM_HORIZON] = "trim_horizon", [START_LATEST] = "latest", [START_TIME] = "time",
	};

	return names[start];
}

static void check_pipeline_names(struct loading *l, struct settings_pipeline *p)
{
	if (p->table.len && settings_check_table(l, settings_at(p->node, "table"), p->table) && !p->name.len)
		p->name = p->table;
	if (p->name.len)
		settings_check_name(l, settings_at(p->node, node_get(p->node, STR("name")) ? "name" : "table"), p->name);
	for (size_t i = 0; p->name.len && i < l->settings->n_pipelines; i++) {
		const struct settings_pipeline *other = &l->settings->pipelines[i];

		if (!str_eq(other->name, p->name))
			continue;
		problems_add(l->problems, settings_at(p->node, "name"),
			     "another pipeline is called \"%.*s\" already, at %s:%d", STR_ARG(p->name),
			     other->node->file, other->node->line);
		break;
	}
}

static void read_pipeline(struct loading *l, const struct node *group)
{
	struct settings_pipeline *p = &l->settings->pipelines[l->settings->n_pipelines];
	struct pipeline_settings from = { 0 };

	option_read(settings_pipeline_options, group, &from, NULL, l->problems);
	*p = (struct settings_pipeline){
		.name = from.name, .table = from.table, .poll_min_ms = from.poll.min_ms,
		.poll_max_ms = from.poll.max_ms, .on_trim = from.on_trim, .on_new_stream = from.on_new_stream,
		.node = group,
	};
	check_pipeline_names(l, p);
	read_start(l, p, from.start);
	if (from.poll.min_ms > from.poll.max_ms)
		problems_add(l->problems, settings_at(group, "poll"), "expected poll.min_ms (%lld) not above poll.max_ms (%lld)",
			     (long long)from.poll.min_ms, (long long)from.poll.max_ms);
	refuse_backfill(l, group, from.backfill);
	settings_resolve_dead_letter(l, &from.failure);
	read_handlers(l, p, &from);
	l->settings->n_pipelines++;
}

void settings_read_pipelines(struct loading *l)
{
	size_t count;

	if (!settings_group_list(l, l->pipelines, &count))
		return;
	if (l->pipelines->count == 0)
		problems_add(l->problems, l->pipelines, "expected at least one pipeline");
	l->settings->pipelines = arena_array(l->arena, count, sizeof(*l->settings->pipelines));
	if (!l->settings->pipelines) {
		problems_add(l->problems, l->pipelines, "the settings take more than %zu bytes of memory", l->arena->max);
		return;
	}
	for (const struct node *n = l->pipelines->first; n; n = n->next)
		if (n->kind == NODE_OBJECT)
			read_pipeline(l, n);
}
