/* The whole file with kinds of handlers and sinks that are made here. */
#include "support/test.h"

#include "sluice/app/settings.h"
#include "sluice/core/mem.h"

/* --- kinds --------------------------------------------------------------- */

struct kind_settings {
	struct str sink, topic, table;
	const struct node *key, *where, *message;
};

#define AT(member) offsetof(struct kind_settings, member)

static const struct option message_options[] = {
	{ .name = "sink", .type = OPTION_STR, .offset = AT(sink), .flags = OPTION_REQUIRED },
	{ .name = "topic", .type = OPTION_STR, .offset = AT(topic) },
	{ .name = "message", .type = OPTION_TREE, .offset = AT(message) },
	{ 0 },
};

static const struct option row_options[] = {
	{ .name = "table", .type = OPTION_STR, .offset = AT(table), .flags = OPTION_REQUIRED },
	{ .name = "key", .type = OPTION_TREE, .offset = AT(key), .flags = OPTION_REQUIRED },
	{ .name = "where", .type = OPTION_TREE, .offset = AT(where) },
	{ 0 },
};

static void free_handler(struct handler *h)
{
	mem_free(h);
}

static struct handler *new_handler(const void *settings, const struct handler_site *site, struct problems *problems);

static const struct handler_ops forward_ops = {
	.kind = "forward", .summary = "Messages.", .options = message_options,
	.settings_size = sizeof(struct kind_settings), .new = new_handler, .free = free_handler,
};
static const struct handler_ops view_ops = {
	.kind = "view", .summary = "Rows.", .options = row_options, .settings_size = sizeof(struct kind_settings),
	.image = true, .new = new_handler, .free = free_handler,
};

static struct handler *new_handler(const void *settings, const struct handler_site *site, struct problems *problems)
{
	const struct kind_settings *s = settings;
	struct handler *h;

	assert_true(problems->count || (site->app.len && site->pipeline.len && site->name.len));
	if (str_eq(s->topic, STR("bad topic"))) {
		problems_add(problems, node_get(site->node, STR("topic")), "the kind itself complains");
		return NULL;
	}
	h = mem_alloc(sizeof(*h));
	h->ops = s->sink.len ? &forward_ops : &view_ops;
	return h;
}

struct bus_settings {
	struct str brokers, password;
};

static const struct option bus_options[] = {
	{ .name = "brokers", .type = OPTION_STR, .offset = offsetof(struct bus_settings, brokers),
	  .flags = OPTION_REQUIRED },
	{ .name = "password", .type = OPTION_STR, .offset = offsetof(struct bus_settings, password),
	  .flags = OPTION_SECRET },
	{ 0 },
};

static void check_bus(const void *settings, const struct node *at, struct problems *problems)
{
	const struct bus_settings *s = settings;

	const struct node *brokers = node_get(at, STR("brokers"));

	if (str_find_char(s->brokers, ':') == SIZE_MAX)
		problems_add(problems, brokers ? brokers : at, "expected HOST:PORT");
}

static const struct option no_options[] = { { 0 } };

static const struct sink_ops kafka_ops = {
	.kind = "kafka", .summary = "Topics.", .options = bus_options, .settings_size = sizeof(struct bus_settings),
	.accepts = 1u << EFFECT_MESSAGE, .address = "topic", .check = check_bus,
};
static const struct sink_ops file_ops = {
	.kind = "file", .summary = "Lines.", .options = no_options, .accepts = 1u << EFFECT_MESSAGE,
};
static const struct sink_ops search_ops = {
	.kind = "opensearch", .summary = "Documents.", .options = no_options, .address = "index",
	.accepts = 1u << EFFECT_PUT_DOCUMENT | 1u << EFFECT_DELETE_DOCUMENT,
};

static const struct handler_ops *const handlers[] = { &forward_ops, &view_ops, NULL };
static const struct sink_ops *const sinks[] = { &kafka_ops, &file_ops, &search_ops, NULL };
static const struct settings_kinds kinds = { handlers, sinks };

/* --- reading ------------------------------------------------------------- */

static struct arena arena;
static struct problems problems;
static struct buf out;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 8 << 20);
	buf_init(&out, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&out);
	arena_release(&arena);
	return 0;
}

static bool load(void *ctx, const char *path, struct buf *to, struct err *err)
{
	(void)path;
	(void)err;
	return buf_puts(to, ctx);
}

static const char *no_variable(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static struct settings *read_with(const struct settings_kinds *with, const char *conf)
{
	struct conf_source source = { load, no_variable, (void *)conf };
	struct settings *s;

	problems_init(&problems, &arena);
	s = settings_load(with, &source, "t", &problems);
	buf_clear(&out);
	buf_puts(&out, "");
	problems_print(&problems, &out);
	return s;
}

static struct settings *read_settings(const char *conf)
{
	return read_with(&kinds, conf);
}

#define SINKS "sinks = ( { name = \"bus\"; kind = \"kafka\"; brokers = \"h:1\"; }, { name = \"dead\"; kind = \"file\"; }," \
	      " { name = \"search\"; kind = \"opensearch\"; } );\n"
#define PIPELINE(body) SINKS "pipelines = ( { table = \"Deals\"; " body " } );"
#define FORWARD(body) "{ kind = \"forward\"; name = \"f\"; sink = \"bus\"; topic = \"t\"; " body " }"
#define HANDLER(body) PIPELINE("handlers = ( { " body " } );")

static void test_a_small_file_gets_the_defaults(void **state)
{
	struct settings *s = read_settings(PIPELINE("handlers = (" FORWARD("") ");"));
	const struct settings_handler *h;

	(void)state;
	assert_string_equal(out.ptr, "");
	assert_str_equal(s->app, "sluice");
	assert_str_equal(s->state.table, "sluice-state");
	assert_int_equal(s->workers, 1);
	assert_int_equal(s->limits.memory_bytes, 268435456);
	assert_int_equal(s->limits.page_bytes, 16777216);
	assert_int_equal(s->limits.window_bytes, 4194304);
	assert_int_equal(s->limits.connections, 64);
	assert_int_equal(s->limits.connections_per_host, 0);
	assert_int_equal(s->aws.ca_bundle.len, 0);
	assert_int_equal(s->log.format, LOG_LOGFMT);
	assert_int_equal(s->log.level, LOG_INFO);
	assert_int_equal(s->drain_s, 30);
	assert_int_equal(s->failover_s, 10);
	assert_int_equal(s->checkpoint_ms, 5000);
	assert_int_equal(s->n_pipelines, 1);
	assert_str_equal(s->pipelines[0].name, "Deals");
	assert_int_equal(s->pipelines[0].start, START_TRIM_HORIZON);
	assert_int_equal(s->pipelines[0].poll_min_ms, 250);
	assert_int_equal(s->pipelines[0].poll_max_ms, 1000);
	assert_int_equal(s->pipelines[0].on_trim, ON_TRIM_HALT);
	assert_int_equal(s->pipelines[0].on_new_stream, ON_NEW_STREAM_STOP);
	h = &s->pipelines[0].handlers[0];
	assert_true(h->enabled);
	assert_int_equal(h->failure.retries, 3);
	assert_int_equal(h->failure.max_age_s, 64800);
	assert_true(h->failure.bisect);
	assert_null(h->failure.dead_letter.sink);
	assert_int_equal(h->batch.records, 1000);
	assert_int_equal(h->batch.bytes, 1048576);
	assert_int_equal(h->batch.window_ms, 200);
	assert_str_equal(h->sink->name, "bus");
	assert_str_equal(((const struct kind_settings *)h->settings)->topic, "t");
}

static void test_everything_can_be_said(void **state)
{
	struct settings *s = read_settings(
		"version = 1; app = \"deals\"; aws: { region = \"eu-west-1\"; endpoint_url = \"http://h\"; profile = \"p\"; ca_bundle = \"/ca.pem\"; };\n"
		"state: { table = \"my-state\"; }; workers = 64; drain_s = 5; checkpoint_ms = 1000; leases: { failover_s = 20; };\n"
		"limits: { memory_bytes = 8589934592L; connections = 8; connections_per_host = 3; }; log: { format = \"json\"; level = \"debug\"; };\n"
		PIPELINE("name = \"p\"; start = \"2026-11-20T12:00:00Z\"; poll: { min_ms = 20; max_ms = 20; };"
			 "on_trim = \"skip\"; on_new_stream = \"stop\"; backfill = false;"
			 "handlers = (" FORWARD("enabled = false; changed = [ \"price\" ]; filter: { eventName = [ \"INSERT\" ]; };")
			 ");"));
	const struct settings_handler *h;

	(void)state;
	assert_string_equal(out.ptr, "");
	assert_str_equal(s->app, "deals");
	assert_str_equal(s->aws.region, "eu-west-1");
	assert_str_equal(s->aws.ca_bundle, "/ca.pem");
	assert_int_equal(s->limits.connections_per_host, 3);
	assert_int_equal(s->limits.memory_bytes, 8589934592);
	assert_int_equal(s->log.format, LOG_JSON);
	assert_int_equal(s->log.level, LOG_DEBUG);
	assert_int_equal(s->failover_s, 20);
	assert_int_equal(s->workers, 64);
	assert_int_equal(s->pipelines[0].start, START_TIME);
	assert_true(s->pipelines[0].start_ms == 1795176000000);
	assert_int_equal(s->pipelines[0].on_trim, ON_TRIM_SKIP);
	assert_int_equal(s->pipelines[0].on_new_stream, ON_NEW_STREAM_STOP);
	h = &s->pipelines[0].handlers[0];
	assert_false(h->enabled);
	assert_int_equal(h->changed.count, 1);
	assert_non_null(h->filter);
	assert_str_equal(settings_site(s, &s->pipelines[0], h).pipeline, "p");
	assert_str_equal(settings_sink_named(s, STR("dead"))->name, "dead");
	assert_null(settings_sink_named(s, STR("live")));
}

static void test_a_pipelines_failure_and_batch_are_its_handlers_defaults(void **state)
{
	struct settings *s = read_settings(
		PIPELINE("on_failure: { retries = 20; dead_letter = \"dead\"; }; batch: { records = 10; };"
			 "handlers = (" FORWARD("") ", { kind = \"forward\"; name = \"g\"; sink = \"dead\";"
			 " on_failure: { retries = 1; dead_letter: { sink = \"bus\"; topic = \"dlq\"; }; }; batch: { bytes = 2048; }; } );"));
	const struct settings_handler *h;

	(void)state;
	assert_string_equal(out.ptr, "");
	h = s->pipelines[0].handlers;
	assert_int_equal(h[0].failure.retries, 20);
	assert_str_equal(h[0].failure.dead_letter.sink->name, "dead");
	assert_int_equal(h[0].batch.records, 10);
	assert_int_equal(h[1].failure.retries, 1);
	assert_true(h[1].failure.bisect);
	assert_str_equal(h[1].failure.dead_letter.sink->name, "bus");
	assert_str_equal(h[1].failure.dead_letter.address, "dlq");
	assert_int_equal(h[1].batch.records, 10);
	assert_int_equal(h[1].batch.bytes, 2048);
}

/* Each file has one mistake. */
static void test_one_mistake_gives_one_message(void **state)
{
	static const struct { const char *conf, *message; } cases[] = {
		{ "", "t: the setting 'pipelines' is missing\n" },
		{ "pipelines = ( );", "t:1: pipelines: expected at least one pipeline\n" },
		{ "pipelines = { };", "t:1: pipelines: expected a list ( ) of groups { }, found a group { }\n" },
		{ "pipelines = ( 5 );", "t:1: pipelines[0]: expected a group { }, found a whole number\n" },
		{ "workers = 0; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: workers: expected 1 to 64, found the number 0\n" },
		{ "workers = 65; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: workers: expected 1 to 64, found the number 65\n" },
		{ "admin: { listen = \"127.0.0.1:9464\"; }; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: admin: this setting is not available in this version\n" },
		{ "state: { file = \"/x\"; table = \"my-state\"; }; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: state.file: the state is in a file or in a table; leave state.file or state.table out\n" },
		{ "state: { file = \"\"; }; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: state.file: \"\" names no file; expected something like \"/var/lib/sluice/state.db\"\n" },
		{ "state: { file = \"/var/lib/\"; }; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: state.file: \"/var/lib/\" names no file; expected something like \"/var/lib/sluice/state.db\"\n" },
		{ "state: { table = \"a b\"; }; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: state.table: expected a table's name (3 to 255 letters, digits, '_', '.' or '-'), found \"a b\"\n" },
		{ "version = 2; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: version: expected 1 to 1, found the number 2\n" },
		{ "app = \"a#b\"; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: app: expected a name of 1 to 64 letters, digits, '_', '.' or '-' that begins with a letter or digit, "
		  "found \"a#b\"\n" },
		{ "aws: { ca_bundle = \"\"; }; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: aws.ca_bundle: \"\" names no file; expected something like \"/etc/ssl/own-ca.pem\"\n" },
		{ "limits: { connections_per_host = -1; }; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: limits.connections_per_host: expected 0 to 10000, found the number -1\n" },
		{ "aws: { endpoint_url = \"localhost:8000\"; }; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: aws.endpoint_url: expected an address that begins with http:// or https://, found \"localhost:8000\"\n" },
		{ "limits: { page_bytes = 2000000; memory_bytes = 1048576; window_bytes = 65536; }; "
		  PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: limits.page_bytes: expected at most limits.memory_bytes (1048576), found 2000000\n" },
		{ "drain = 5; " PIPELINE("handlers = (" FORWARD("") ");"),
		  "t:1: drain: unknown setting; did you mean 'drain_s'?\n" },
		{ PIPELINE("handlers = ( );"), "t:2: pipelines[0].handlers: expected at least one handler\n" },
		{ PIPELINE("start = \"lates\"; handlers = (" FORWARD("") ");"),
		  "t:2: pipelines[0].start: expected \"trim_horizon\", \"latest\" or a time like \"2026-11-20T12:00:00Z\", "
		  "found \"lates\"; did you mean 'latest'?\n" },
		{ PIPELINE("backfill = true; handlers = (" FORWARD("") ");"),
		  "t:2: pipelines[0].backfill: backfill is not available in this version\n" },
		{ PIPELINE("on_trim = \"rebuild\"; handlers = (" FORWARD("") ");"),
		  "t:2: pipelines[0].on_trim: \"rebuild\" is not available in this version\n" },
		{ PIPELINE("on_new_stream = \"rebuild\"; handlers = (" FORWARD("") ");"),
		  "t:2: pipelines[0].on_new_stream: \"rebuild\" is not available in this version\n" },
		{ PIPELINE("poll: { min_ms = 2000; }; handlers = (" FORWARD("") ");"),
		  "t:2: pipelines[0].poll: expected poll.min_ms (2000) not above poll.max_ms (1000)\n" },
		{ SINKS "pipelines = ( { table = \"x\"; name = \"p\"; handlers = (" FORWARD("") "); } );",
		  "t:2: pipelines[0].table: expected a table's name (3 to 255 letters, digits, '_', '.' or '-'), found \"x\"\n" },
		{ PIPELINE("handlers = (" FORWARD("") "); },\n { name = \"Deals\"; table = \"Other\"; handlers = (" FORWARD("") ");"),
		  "t:3: pipelines[1].name: another pipeline is called \"Deals\" already, at t:2\n" },
		{ PIPELINE("handlers = (" FORWARD("") ", " FORWARD("") ");"),
		  "t:2: pipelines[0].handlers[1].name: another handler of this pipeline is called \"f\" already, at t:2\n" },
		{ HANDLER("name = \"x\";"), "t:2: pipelines[0].handlers[0]: the setting 'kind' is missing\n" },
		{ HANDLER("kind = \"copy\"; name = \"x\";"),
		  "t:2: pipelines[0].handlers[0].kind: the kind \"copy\" is not available in this version\n" },
		{ HANDLER("kind = \"forwards\"; name = \"x\"; topic = 5;"),
		  "t:2: pipelines[0].handlers[0].kind: unknown kind \"forwards\"; did you mean 'forward'?\n" },
		{ HANDLER("kind = \"forward\"; name = \"f\"; sink = \"bus\"; topic = \"t\"; topik = \"x\";"),
		  "t:2: pipelines[0].handlers[0].topik: unknown setting; did you mean 'topic'?\n" },
		{ HANDLER("kind = \"forward\"; name = \"f\"; sink = \"bus\"; topik = \"t\";"),
		  "t:2: pipelines[0].handlers[0].topik: unknown setting; did you mean 'topic'?\n" },
		{ HANDLER("kind = \"forward\"; name = \"f\"; sink = \"bus\"; topic = \"t\"; filtre = \"x\";"),
		  "t:2: pipelines[0].handlers[0].filtre: unknown setting; did you mean 'filter'?\n" },
		{ HANDLER("kind = \"forward\"; name = \"-f\"; sink = \"bus\"; topic = \"t\";"),
		  "t:2: pipelines[0].handlers[0].name: expected a name of 1 to 64 letters, digits, '_', '.' or '-' that begins "
		  "with a letter or digit, found \"-f\"\n" },
		{ HANDLER("kind = \"forward\"; name = \"f\"; sink = \"buss\"; topic = \"t\";"),
		  "t:2: pipelines[0].handlers[0].sink: no sink is called \"buss\"; did you mean 'bus'?\n" },
		{ HANDLER("kind = \"forward\"; name = \"f\"; sink = \"bus\";"),
		  "t:2: pipelines[0].handlers[0]: the setting 'topic' is missing: the sink \"bus\" is of the kind kafka\n" },
		{ HANDLER("kind = \"forward\"; name = \"f\"; sink = \"dead\"; topic = \"t\";"),
		  "t:2: pipelines[0].handlers[0].topic: has no meaning for a sink of the kind file\n" },
		{ HANDLER("kind = \"forward\"; name = \"f\"; sink = \"search\";"),
		  "t:2: pipelines[0].handlers[0].sink: a handler of the kind forward cannot use a sink of the kind opensearch; "
		  "expected one of: kafka, file\n" },
		{ HANDLER("kind = \"forward\"; name = \"f\"; sink = \"bus\"; topic = \"bad topic\";"),
		  "t:2: pipelines[0].handlers[0].topic: the kind itself complains\n" },
		{ HANDLER("kind = \"view\"; name = \"v\"; table = \"Other\"; key: { }; changed = [ \"x\" ];"),
		  "t:2: pipelines[0].handlers[0].changed: a view follows the whole item; conditions on it go into 'where'\n" },
		{ HANDLER("kind = \"view\"; name = \"v\"; table = \"Other\"; key: { }; batch = (1);"),
		  "t:2: pipelines[0].handlers[0].batch: expected a group { }, found a list\n" },
		{ HANDLER("kind = \"view\"; name = \"v\"; table = \"Other\"; key: { }; on_failure: { retrys = 1; };"),
		  "t:2: pipelines[0].handlers[0].on_failure.retrys: unknown setting; did you mean 'retries'?\n" },
		{ PIPELINE("on_failure: { dead_letter = \"ded\"; }; handlers = (" FORWARD("") ");"),
		  "t:2: pipelines[0].on_failure.dead_letter: no sink is called \"ded\"; did you mean 'dead'?\n" },
		{ PIPELINE("on_failure: { dead_letter = \"bus\"; }; handlers = (" FORWARD("") ");"),
		  "t:2: pipelines[0].on_failure.dead_letter: the sink \"bus\" needs to know where: "
		  "{ sink = \"bus\"; topic = \"…\"; }\n" },
		{ PIPELINE("on_failure: { dead_letter: { sink = \"bus\"; }; }; handlers = (" FORWARD("") ");"),
		  "t:2: pipelines[0].on_failure.dead_letter: the setting 'topic' is missing\n" },
		{ PIPELINE("on_failure: { dead_letter: { sink = \"search\"; index = \"x\"; }; }; handlers = (" FORWARD("") ");"),
		  "t:2: pipelines[0].on_failure.dead_letter: a sink of the kind opensearch cannot hold dead letters\n" },
		{ PIPELINE("on_failure: { dead_letter: { sink = \"bus\"; topik = \"x\"; topic = \"y\"; }; }; handlers = (" FORWARD("")
			   ");"),
		  "t:2: pipelines[0].on_failure.dead_letter.topik: unknown setting; did you mean 'topic'?\n" },
		{ "sinks = ( { name = \"a\"; kind = \"s4\"; } ); pipelines = ( { table = \"Deals\"; handlers = ( "
		  "{ kind = \"view\"; name = \"v\"; table = \"Other\"; key: { }; } ); } );",
		  "t:1: sinks[0].kind: unknown kind \"s4\"\n" },
		{ "sinks = ( { name = \"a\"; kind = \"kafka\"; brokers = \"h\"; } ); pipelines = ( { table = \"Deals\"; handlers = "
		  "( { kind = \"forward\"; name = \"f\"; sink = \"a\"; topic = \"t\"; } ); } );",
		  "t:1: sinks[0].brokers: expected HOST:PORT\n" },
		{ "sinks = ( { name = \"a\"; kind = \"kafka\"; broker = \"h:1\"; brokers = \"h:1\"; } ); pipelines = ( { table = "
		  "\"Deals\"; handlers = ( { kind = \"forward\"; name = \"f\"; sink = \"a\"; topic = \"t\"; } ); } );",
		  "t:1: sinks[0].broker: unknown setting; did you mean 'brokers'?\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_null(read_settings(cases[i].conf));
		assert_string_equal(out.ptr, cases[i].message);
	}
}

#define REAL(handler) "sinks = ( { name = \"out\"; kind = \"file\"; path = \"o\"; } );\npipelines = ( { table = \"Deals\"; " \
		      "handlers = (\n{ name = \"h\"; " handler " } ); } );"
#define COUNTER(more) REAL("kind = \"counter\"; table = \"Counts\"; " more)
#define KEY "key: { pk = \"x#${shard}\"; }; "
#define ADD "add = ( { attribute = \"n\"; } ); "
#define AT_H "t:3: pipelines[0].handlers[0]"

/* A handler's own meaning is checked beside what was refused, and by nothing that
 * is a consequence of it. */
static void test_a_refused_setting_hides_no_other_mistake_and_makes_none(void **state)
{
	static const struct { const char *conf, *message; } cases[] = {
		{ COUNTER("shards = 0; key: { pk = \"${itm.x}\"; }; where: { a = ( { nope = 1 } ); }; "
			  "add = ( { attribute = \"n\"; by = 0; } );"),
		  NULL },
		/* consequences */
		{ COUNTER("shards = 2; " ADD "key: { pk = \"$(MISSING)#${shard}\"; };"),
		  AT_H ".key.pk: the environment variable MISSING is not set; set it or give a default: $(MISSING:-text)\n" },
		{ COUNTER("shards = 0; " KEY ADD), AT_H ".shards: expected 1 to 1000, found the number 0\n" },
		{ COUNTER(KEY), AT_H ": the setting 'add' is missing\n" },
		{ COUNTER(ADD), AT_H ": the setting 'key' is missing\n" },
		{ COUNTER("key = 5; shards = 2; " ADD), AT_H ".key: expected a group { }, a list ( ), or a string holding JSON of "
		  "one, found the number 5\n" },
		{ REAL("kind = \"counter\"; table = \"Deals\"; where = 5; " KEY ADD),
		  AT_H ".where: expected a group { }, a list ( ), or a string holding JSON of one, found the number 5\n" },
		{ REAL("kind = \"view\"; table = \"Views\"; explode = 5; key: { pk = \"${element}\"; };"),
		  AT_H ".explode: expected a string in double quotes, found the number 5\n" },
		{ REAL("kind = \"fanout\"; sink = \"out\"; member = \"id\"; audience = ( { members = [ \"a\" ]; } ); message = 5;"),
		  AT_H ".message: expected a group { }, a list ( ), or a string holding JSON of one, found the number 5\n" },
		{ REAL("kind = \"fanout\"; sink = \"out\"; audience = ( { table = \"People\"; key = \"k\"; attributes = [ \"a\" ]; } ); "
		       "message: { x = \"${member.id}\"; };"),
		  AT_H ": the setting 'member' is missing\n" },
		{ REAL("kind = \"fanout\"; sink = \"out\"; member = \"id\"; audience = ( { table = \"People\"; key = \"k\"; shards = 0; }, "
		       "{ table = \"More\"; key = \"${shard}\"; shards = 2; } ); aligned = true; message: { x = 1; };"),
		  AT_H ".audience[0].shards: expected 1 to 1024, found the number 0\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_null(read_with(&settings_all_kinds, cases[i].conf));
		if (cases[i].message) {
			assert_string_equal(out.ptr, cases[i].message);
			continue;
		}
		assert_int_equal(problems.count, 4);
		assert_non_null(strstr(out.ptr, AT_H ".shards: expected 1 to 1000, found the number 0\n"));
		assert_non_null(strstr(out.ptr, AT_H ".key.pk: "));
		assert_non_null(strstr(out.ptr, AT_H ".where.a[0]"));
		assert_non_null(strstr(out.ptr, AT_H ".add[0].by: by = 0 would never change anything\n"));
	}
}

#define LAKES(handlers) "sinks = ( { name = \"a\"; kind = \"s3\"; }, { name = \"b\"; kind = \"s3\"; region = \"eu-west-1\"; } );\n" \
			"pipelines = ( { table = \"Deals\"; handlers = ( " handlers " ); } );"
#define LAKE(name, sink, place) "{ kind = \"forward\"; name = \"" name "\"; sink = \"" sink "\"; " place " }"

static void test_objects_have_a_place_of_their_own(void **state)
{
	static const struct { const char *conf, *message; } cases[] = {
		{ LAKES(LAKE("x", "a", "bucket = \"lake\"; prefix = \"p\";")), NULL },
		{ LAKES(LAKE("x", "a", "bucket = \"lake\";") ", " LAKE("y", "a", "bucket = \"lake\"; prefix = \"p\";")), NULL },
		{ LAKES(LAKE("x", "a", "bucket = \"lake\"; prefix = \"p\";") ", " LAKE("y", "b", "bucket = \"lake\"; prefix = \"/p/\";")),
		  "t:2: pipelines[0].handlers[1].prefix: the handler \"x\" writes the same table's changes there already; the two "
		  "would replace each other's objects: give each a prefix of its own\n" },
		{ LAKES(LAKE("x", "a", "prefix = \"p\";")),
		  "t:2: pipelines[0].handlers[0]: the setting 'bucket' is missing: the sink \"a\" is of the kind s3\n" },
		{ LAKES(LAKE("x", "a", "bucket = \"lake\"; topic = \"t\";")),
		  "t:2: pipelines[0].handlers[0].topic: has no meaning for a sink of the kind s3\n" },
		{ LAKES("{ kind = \"fanout\"; name = \"f\"; sink = \"a\"; member = \"id\"; audience = ( { members = [ \"a\" ]; } ); "
			"message: { x = \"1\"; }; }"),
		  "cannot use a sink of the kind s3" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (!cases[i].message) {
			assert_non_null(read_with(&settings_all_kinds, cases[i].conf));
			continue;
		}
		assert_null(read_with(&settings_all_kinds, cases[i].conf));
		assert_non_null(strstr(out.ptr, cases[i].message));
	}
}

#define FILES(more) "sinks = ( { name = \"out\"; kind = \"file\"; path = \"o\"; }" more " );\npipelines = ( { table = " \
		    "\"Deals\"; handlers = ( { kind = \"forward\"; name = \"f\"; sink = \"out\"; } ); } );"
#define TAKEN "the sink \"out\" writes this file already, at t:1; give each sink a file of its own\n"

static void test_a_sinks_mistakes_are_all_shown_and_have_no_echo(void **state)
{
	static const struct { const char *conf, *message; } cases[] = {
		{ FILES(",\n{ name = 1; kind = 2; }"),
		  "t:2: sinks[1].kind: expected a string in double quotes, found a whole number\n"
		  "t:2: sinks[1].name: expected a string in double quotes, found the number 1\n" },
		{ FILES(",\n{ kind = \"fil\"; path = 5; }"),
		  "t:2: sinks[1].kind: unknown kind \"fil\"; did you mean 'file'?\n"
		  "t:2: sinks[1]: the setting 'name' is missing\n" },
		{ FILES(",\n{ name = \"x\"; kind = \"file\"; path = \"$(MISSING)\"; }"),
		  "t:2: sinks[1].path: the environment variable MISSING is not set; set it or give a default: $(MISSING:-text)\n" },
		{ FILES(",\n{ name = \"x\"; kind = \"file\"; }"), "t:2: sinks[1]: the setting 'path' is missing\n" },
		{ FILES(",\n{ name = \"-\"; kind = \"file\"; path = \"/x/\"; }"),
		  "t:2: sinks[1].name: expected a name of 1 to 64 letters, digits, '_', '.' or '-' that begins with a letter or "
		  "digit, found \"-\"\nt:2: sinks[1].path: path \"/x/\" names no file; expected something like "
		  "\"/var/lib/sluice/dead-letters.jsonl\"\n" },
		{ FILES(",\n{ name = \"x\"; kind = \"file\"; path = \"o\"; }"), "t:2: sinks[1].path: " TAKEN },
		{ FILES(",\n{ name = \"x\"; kind = \"file\"; path = \"./a/..//o\"; }"), "t:2: sinks[1].path: " TAKEN },
		{ FILES(",\n{ name = \"k\"; kind = \"kafka\"; brokers = \"h:1\"; properties = ( 5, \"linger.ms=1\", \"nope=1\" ); }"),
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_null(read_with(&settings_all_kinds, cases[i].conf));
		if (cases[i].message) {
			assert_string_equal(out.ptr, cases[i].message);
			continue;
		}
		assert_int_equal(problems.count, 2);
		assert_non_null(strstr(out.ptr, "sinks[1].properties[0]: expected a string that is not empty"));
		assert_non_null(strstr(out.ptr, "sinks[1].properties[2]: "));
	}
	assert_non_null(read_with(&settings_all_kinds, FILES(",\n{ name = \"x\"; kind = \"file\"; path = \"o/o\"; }")));
}

static void test_the_state_of_one_worker_may_be_in_a_file_of_its_own(void **state)
{
	struct settings *s = read_with(&settings_all_kinds, "state: { file = \"o.db\"; };\n" FILES(""));

	(void)state;
	assert_string_equal(out.ptr, "");
	assert_str_equal(s->state.file, "o.db");
	assert_null(read_with(&settings_all_kinds, "state: { file = \"./x/../o\"; };\n" FILES("")));
	assert_string_equal(out.ptr, "t:2: sinks[0].path: this file holds the state (state.file); give the sink another one\n");
	assert_null(read_with(&settings_all_kinds, "workers = 3; state: { file = \"o.db\"; };\n" FILES("")));
	assert_non_null(strstr(out.ptr, "t:1: state.file: a file holds the state of one worker, and workers is 3; share a "
					"table (state.table)\n"));
}

static void test_five_mistakes_give_five_messages_in_order(void **state)
{
	(void)state;
	assert_null(read_settings("app = \"deals\";\n"
				  "workres = 1;\n"
				  "sinks = ( { name = \"bus\"; kind = \"kafka\"; brokers = 9092; } );\n"
				  "pipelines = (\n"
				  "  { name = \"deals\"; table = \"Deals\"; start = \"yesterday\";\n"
				  "    handlers = (\n"
				  "      { kind = \"forward\"; name = \"f\"; sink = \"buss\"; topic = \"t\"; },\n"
				  "      { kind = \"view\"; name = \"v\"; key: { }; }\n"
				  "    ); } );\n"));
	assert_string_equal(out.ptr,
		"t:2: workres: unknown setting; did you mean 'workers'?\n"
		"t:3: sinks[0].brokers: expected a string in double quotes, found the number 9092\n"
		"t:5: pipelines[0].start: expected \"trim_horizon\", \"latest\" or a time like \"2026-11-20T12:00:00Z\", "
		"found \"yesterday\"\n"
		"t:7: pipelines[0].handlers[0].sink: no sink is called \"buss\"; did you mean 'bus'?\n"
		"t:8: pipelines[0].handlers[1]: the setting 'table' is missing\n");
}

#define CONTINUE(handlers) "sinks = ( { name = \"out\"; kind = \"file\"; path = \"o\"; } );\npipelines = ( { table = \"Deals\";\n" \
			   "on_new_stream = \"continue\"; handlers = (" handlers "); } );"

static void test_only_who_keeps_no_images_goes_on_with_a_new_stream(void **state)
{
	const char *forward = CONTINUE("{ kind = \"forward\"; name = \"f\"; sink = \"out\"; }");
	const char *counter = CONTINUE("{ kind = \"forward\"; name = \"f\"; sink = \"out\"; }, { kind = \"counter\"; "
				       "name = \"n\"; table = \"Counts\"; key: { pk = \"${item.b}\"; }; " ADD "}");
	struct settings *s = read_with(&settings_all_kinds, forward);

	(void)state;
	assert_string_equal(out.ptr, "");
	assert_int_equal(s->pipelines[0].on_new_stream, ON_NEW_STREAM_CONTINUE);
	assert_null(read_with(&settings_all_kinds, counter));
	assert_string_equal(out.ptr, "t:3: pipelines[0].on_new_stream: \"continue\" is for forward and fanout; n is of the kind "
				     "counter, whose rows would miss what was written between two streams: give it a pipeline "
				     "of its own with \"stop\"\n");
}

#define VIEW(name_, from, to) \
	"{ name = \"" name_ "\"; table = \"" from "\"; handlers = ( { kind = \"view\"; name = \"v\"; table = \"" to \
	"\"; key: { }; } ); }"

static void test_tables_that_feed_each_other_are_refused_with_the_path(void **state)
{
	(void)state;
	assert_non_null(read_settings("pipelines = (" VIEW("a", "AAA", "BBB") "," VIEW("b", "BBB", "CCC") ","
				      VIEW("c", "AAA", "CCC") "," VIEW("d", "CCC", "CCC") ");"));
	assert_null(read_settings("pipelines = (\n" VIEW("a", "AAA", "BBB") ",\n" VIEW("b", "BBB", "CCC") ",\n"
				  VIEW("c", "CCC", "AAA") ");"));
	assert_string_equal(out.ptr,
		"t:2: pipelines[0].handlers[0].table: tables feed each other: AAA -> BBB (v) -> CCC (v) -> AAA (v)\n"
		"t:3: pipelines[1].handlers[0].table: tables feed each other: BBB -> CCC (v) -> AAA (v) -> BBB (v)\n"
		"t:4: pipelines[2].handlers[0].table: tables feed each other: CCC -> AAA (v) -> BBB (v) -> CCC (v)\n");
}

static void test_a_secret_is_in_no_message(void **state)
{
	(void)state;
	assert_null(read_settings("sinks = ( { name = \"bus\"; kind = \"kafka\"; brokers = \"h\"; password = [\"hunter2\"]; },\n"
				  "{ name = \"b\"; kind = \"kafka\"; brokers = \"h:1\"; password = hunter2 } );"));
	assert_true(problems.count > 0);
	assert_true(str_find(buf_str(&out), STR("hunter2")) == SIZE_MAX);
	assert_null(read_settings("sinks = ( { name = \"bus\"; kind = \"kafka\"; brokers = \"h\"; password = [\"hunter2\"]; } );"));
	assert_true(str_find(buf_str(&out), STR("sinks[0].password: expected a string or { file")) != SIZE_MAX);
	assert_true(str_find(buf_str(&out), STR("hunter2")) == SIZE_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_small_file_gets_the_defaults),
		TEST(test_everything_can_be_said),
		TEST(test_only_who_keeps_no_images_goes_on_with_a_new_stream),
		TEST(test_a_pipelines_failure_and_batch_are_its_handlers_defaults),
		TEST(test_one_mistake_gives_one_message),
		TEST(test_a_refused_setting_hides_no_other_mistake_and_makes_none),
		TEST(test_the_state_of_one_worker_may_be_in_a_file_of_its_own),
		TEST(test_a_sinks_mistakes_are_all_shown_and_have_no_echo),
		TEST(test_objects_have_a_place_of_their_own),
		TEST(test_five_mistakes_give_five_messages_in_order),
		TEST(test_tables_that_feed_each_other_are_refused_with_the_path),
		TEST(test_a_secret_is_in_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
