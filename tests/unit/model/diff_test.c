#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/core/json.h"
#include "sluice/core/json_write.h"
#include "sluice/model/diff.h"

#include <stdio.h>

#define ATTR(name, type) "{\"AttributeName\":\"" name "\",\"AttributeType\":\"" type "\"}"
#define KEY(name, kind) "{\"AttributeName\":\"" name "\",\"KeyType\":\"" kind "\"}"
#define T(name, attributes, key, more) \
	"{\"TableName\":\"" name "\",\"AttributeDefinitions\":[" attributes "],\"KeySchema\":[" key "]" more "}"
#define ON_DEMAND ",\"BillingMode\":\"PAY_PER_REQUEST\""
#define PROVISIONED ",\"BillingMode\":\"PROVISIONED\",\"ProvisionedThroughput\":{\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":6}"
#define INDEX(name, key, projection) \
	"{\"IndexName\":\"" name "\",\"KeySchema\":[" key "],\"Projection\":{\"ProjectionType\":" projection "}}"
#define ALL "\"ALL\""
#define GSI(indexes) ",\"GlobalSecondaryIndexes\":[" indexes "]"
#define LSI(indexes) ",\"LocalSecondaryIndexes\":[" indexes "]"
#define STREAM(view) ",\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"" view "\"}"
#define TTL(name) ",\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":\"" name "\"}"
#define M(tables, more) "{\"tables\":[" tables "]" more "}"
#define ID ATTR("id", "S")
#define AT ATTR("at", "S")
#define HASH_ID KEY("id", "HASH")
#define RANGE_AT KEY("at", "RANGE")
#define ORDERS(more) T("Orders", ID "," AT, HASH_ID "," RANGE_AT, more)
#define BY_AT INDEX("ByAt", KEY("at", "HASH"), ALL)
#define BY_AT_OF_5 INDEX("ByAt", KEY("at", "HASH"), ALL "},\"ProvisionedThroughput\":{\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":5")
#define BOTH STREAM("NEW_AND_OLD_IMAGES")
#define STATS T("Stats", ID, HASH_ID, "")
#define HANDLERS(h) ",\"stream_handlers\":[" h "]"
#define COUNTER(name, by, more) "{\"kind\":\"counter\",\"name\":\"" name "\",\"source\":\"Orders\",\"table\":\"Stats\"," \
	"\"key\":{\"id\":\"${item.id}\"},\"add\":[{\"attribute\":\"n\",\"by\":\"" by "\"}]" more "}"
#define COUNTED(h) M(ORDERS(BOTH) "," STATS, HANDLERS(h))
#define PATTERNS(p) ",\"access_patterns\":[" p "]"
#define QUERY(id, more) "{\"pattern\":\"" id "\",\"table\":\"Orders\",\"implementation\":\"aws dynamodb query --x\"" more "}"
#define PUT(id, more) "{\"pattern\":\"" id "\",\"table\":\"Orders\",\"implementation\":\"aws dynamodb put-item --x\"" more "}"
#define ITEM(content) ",\"items\":{\"Orders\":[{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"1\"},\"at\":{\"S\":\"2\"}" content "}}}]}"
#define SINKS(more) ",\"stream_sinks\":[{\"name\":\"bus\",\"kind\":\"kafka\"" more "}]"

/* What changes, "~key Orders"; and the steps in order, "add:create-table Orders". */
static const struct {
	const char *about, *was, *is, *changes, *steps;
} cases[] = {
	{ "the same twice", M(ORDERS(ON_DEMAND), ""), M(ORDERS(ON_DEMAND), ""), "", "" },
	{ "members in another order", M("{\"TableName\":\"T\",\"AttributeDefinitions\":[" ID "],\"KeySchema\":[" HASH_ID "]}", ""),
	  M("{\"KeySchema\":[" HASH_ID "],\"AttributeDefinitions\":[" ID "],\"TableName\":\"T\"}", ""), "", "" },
	{ "no billing mode is on demand", M(ORDERS(""), ""), M(ORDERS(ON_DEMAND), ""), "", "" },
	{ "indexes in another order", M(ORDERS(GSI(BY_AT "," INDEX("ById", HASH_ID, ALL))), ""),
	  M(ORDERS(GSI(INDEX("ById", HASH_ID, ALL) "," BY_AT)), ""), "", "" },
	{ "included attributes in another order",
	  M(ORDERS(GSI(INDEX("ByAt", KEY("at", "HASH"), "\"INCLUDE\",\"NonKeyAttributes\":[\"a\",\"b\"]"))), ""),
	  M(ORDERS(GSI(INDEX("ByAt", KEY("at", "HASH"), "\"INCLUDE\",\"NonKeyAttributes\":[\"b\",\"a\"]"))), ""), "", "" },
	{ "a table", M(ORDERS(""), ""), M(ORDERS("") "," T("Users", ID, HASH_ID, TTL("gone")), ""), "+table Users",
	  "add:create-table Users, add:enable-ttl Users" },
	{ "a table goes", M(ORDERS("") "," STATS, ""), M(ORDERS(""), ""), "-table Stats", "remove:delete-table Stats" },
	{ "another table's name", M(STATS, ""), M(T("Sums", ID, HASH_ID, ""), ""), "+table Sums (hint), -table Stats",
	  "add:create-table Sums, remove:delete-table Stats" },
	{ "an index", M(ORDERS(""), ""), M(ORDERS(GSI(BY_AT)), ""), "+index Orders.ByAt", "add:create-index Orders.ByAt" },
	{ "an index goes", M(ORDERS(GSI(BY_AT)), ""), M(ORDERS(""), ""), "-index Orders.ByAt", "remove:delete-index Orders.ByAt" },
	{ "another index's name", M(ORDERS(GSI(BY_AT)), ""), M(ORDERS(GSI(INDEX("ByTime", KEY("at", "HASH"), ALL))), ""),
	  "+index Orders.ByTime (hint), -index Orders.ByAt",
	  "add:create-index Orders.ByTime, remove:delete-index Orders.ByAt" },
	{ "a projection", M(ORDERS(GSI(BY_AT)), ""), M(ORDERS(GSI(INDEX("ByAt", KEY("at", "HASH"), "\"KEYS_ONLY\""))), ""),
	  "~projection Orders.ByAt",
	  "add:create-index-beside Orders.ByAt, readers:switch-index Orders.ByAt, remove:delete-index Orders.ByAt" },
	{ "an index's key", M(ORDERS(GSI(BY_AT)), ""),
	  M(ORDERS(GSI(INDEX("ByAt", KEY("at", "HASH") "," KEY("id", "RANGE"), ALL))), ""), "~key Orders.ByAt",
	  "add:create-index-beside Orders.ByAt, readers:switch-index Orders.ByAt, remove:delete-index Orders.ByAt" },
	{ "a table's key", M(ORDERS(BOTH), ""), M(T("Orders", ID, HASH_ID, BOTH), ""), "~key Orders",
	  "add:create-replacement Orders.Orders-v2, fill:follow-table Orders.Orders-v2, fill:copy-table Orders.Orders-v2, "
	  "readers:switch-readers Orders.Orders-v2, writers:switch-writers Orders.Orders-v2, "
	  "remove:remove-copier Orders.Orders-v2, remove:delete-table Orders" },
	{ "a key's type", M(STATS, ""), M(T("Stats", ATTR("id", "N"), HASH_ID, ""), ""), "~key Stats",
	  "add:create-replacement Stats.Stats-v2, fill:follow-table Stats.Stats-v2, fill:copy-table Stats.Stats-v2, "
	  "readers:switch-readers Stats.Stats-v2, writers:switch-writers Stats.Stats-v2, "
	  "remove:remove-copier Stats.Stats-v2, remove:delete-table Stats" },
	{ "a local index", M(ORDERS(""), ""), M(ORDERS(LSI(INDEX("Loc", HASH_ID "," RANGE_AT, ALL))), ""), "+index Orders.Loc",
	  "add:create-replacement Orders.Orders-v2, fill:follow-table Orders.Orders-v2, fill:copy-table Orders.Orders-v2, "
	  "readers:switch-readers Orders.Orders-v2, writers:switch-writers Orders.Orders-v2, "
	  "remove:remove-copier Orders.Orders-v2, remove:delete-table Orders" },
	{ "a local index goes", M(ORDERS(LSI(INDEX("Loc", HASH_ID "," RANGE_AT, ALL))), ""), M(ORDERS(""), ""),
	  "-index Orders.Loc", "remove:local-index-stays Orders.Loc" },
	{ "a local index becomes global", M(ORDERS(LSI(INDEX("Loc", HASH_ID "," RANGE_AT, ALL))), ""),
	  M(ORDERS(GSI(INDEX("Loc", HASH_ID "," RANGE_AT, ALL))), ""), "~key Orders.Loc",
	  "add:create-replacement Orders.Orders-v2, fill:follow-table Orders.Orders-v2, fill:copy-table Orders.Orders-v2, "
	  "readers:switch-readers Orders.Orders-v2, writers:switch-writers Orders.Orders-v2, "
	  "remove:remove-copier Orders.Orders-v2, remove:delete-table Orders" },
	{ "a stream", M(ORDERS(""), ""), M(ORDERS(BOTH), ""), "~stream Orders", "add:enable-stream Orders" },
	{ "a stream goes", M(ORDERS(BOTH), ""), M(ORDERS(""), ""), "~stream Orders", "remove:disable-stream Orders" },
	{ "a stream's view type", M(ORDERS(STREAM("KEYS_ONLY")), ""), M(ORDERS(BOTH), ""), "~stream Orders",
	  "add:disable-stream Orders, add:enable-stream-again Orders" },
	{ "TTL", M(ORDERS(""), ""), M(ORDERS(TTL("gone")), ""), "~ttl Orders", "add:enable-ttl Orders.gone" },
	{ "TTL goes", M(ORDERS(TTL("gone")), ""), M(ORDERS(""), ""), "~ttl Orders", "remove:disable-ttl Orders.gone" },
	{ "TTL's attribute", M(ORDERS(TTL("gone")), ""), M(ORDERS(TTL("dies")), ""), "~ttl Orders",
	  "writers:fill-ttl Orders.dies, remove:disable-ttl Orders.gone, remove:enable-ttl-again Orders.dies" },
	{ "billing", M(ORDERS(ON_DEMAND), ""), M(ORDERS(PROVISIONED), ""), "~billing Orders", "remove:change-billing Orders" },
	{ "to provisioned when the indexes are as they shall be", M(ORDERS(ON_DEMAND GSI(INDEX("ById", HASH_ID, ALL))), ""),
	  M(ORDERS(PROVISIONED GSI(BY_AT)), ""), "+index Orders.ByAt, -index Orders.ById, ~billing Orders",
	  "add:create-index Orders.ByAt, remove:delete-index Orders.ById, remove:change-billing Orders" },
	{ "to on demand before an index is added", M(ORDERS(PROVISIONED), ""), M(ORDERS(ON_DEMAND GSI(BY_AT)), ""),
	  "+index Orders.ByAt, ~billing Orders", "add:change-billing Orders, add:create-index Orders.ByAt" },
	{ "a setting", M(ORDERS(""), ""), M(ORDERS(",\"DeletionProtectionEnabled\":true"), ""), "~setting Orders",
	  "add:change-setting Orders" },
	{ "a setting that is the default", M(ORDERS(""), ""),
	  M(ORDERS(",\"DeletionProtectionEnabled\":false,\"TableClass\":\"STANDARD\",\"Tags\":[]"), ""), "", "" },
	{ "an attribute", M(ORDERS(""), ITEM("")), M(ORDERS(""), ITEM(",\"note\":{\"S\":\"x\"}")),
	  "~items Orders, +attribute Orders (hint)", "" },
	{ "sizes", M(ORDERS(""), ""), M(ORDERS(""), ",\"sizing\":{\"Orders\":{\"item_count\":5}}"), "~sizing Orders", "" },
	{ "patterns", M(ORDERS(""), PATTERNS(QUERY("1", "") "," PUT("2", ""))),
	  M(ORDERS(""), PATTERNS(QUERY("1", ",\"index\":\"ByAt\"") "," QUERY("3", "") "," PUT("4", ""))),
	  "~pattern 1, +pattern 3, +pattern 4, -pattern 2", "readers:deploy-readers, writers:deploy-writers" },
	{ "a pattern's rate", M(ORDERS(""), PATTERNS(QUERY("1", ""))), M(ORDERS(""), PATTERNS(QUERY("1", ",\"rps\":5"))),
	  "~pattern 1", "" },
	{ "patterns of one id", M(ORDERS(""), PATTERNS(QUERY("1", "") "," PUT("1", ""))),
	  M(ORDERS(""), PATTERNS(QUERY("1", "") "," PUT("1", "") "," PUT("1", ""))), "+pattern 1", "writers:deploy-writers" },
	{ "a handler", COUNTED(""), COUNTED(COUNTER("c", "1", "")), "+handler c",
	  "add:start-handler Orders.c, fill:fill-handler Orders.c" },
	{ "a handler of a new table", M(STATS, ""), COUNTED(COUNTER("c", "1", "")), "+table Orders, +handler c",
	  "add:create-table Orders, add:start-handler Orders.c" },
	{ "a handler goes", COUNTED(COUNTER("c", "1", "")), COUNTED(""), "-handler c", "remove:remove-handler Orders.c" },
	{ "a handler and its target go", COUNTED(COUNTER("c", "1", "")), M(ORDERS(BOTH), ""), "-table Stats, -handler c",
	  "remove:remove-handler Orders.c, remove:delete-table Stats" },
	{ "a handler's definition", COUNTED(COUNTER("c", "1", "")), COUNTED(COUNTER("c", "2", "")), "~handler c (hint)",
	  "add:start-handler-anew Orders.c, fill:rebuild-handler Orders.c, readers:switch-target Orders.c, "
	  "remove:remove-handler Orders.c" },
	{ "a default that is written out is the same definition", COUNTED(COUNTER("c", "1", "")),
	  COUNTED(COUNTER("c", "1", ",\"shards\":1")), "~handler c", "add:change-handler Orders.c" },
	{ "a handler's filter", COUNTED(COUNTER("c", "1", "")),
	  COUNTED(COUNTER("c", "1", ",\"filter\":{\"eventName\":[\"INSERT\"]}")), "~handler c", "add:change-handler Orders.c" },
	{ "a handler's figures", COUNTED(COUNTER("c", "1", "")), COUNTED(COUNTER("c", "1", ",\"events_per_s\":5")),
	  "~handler c", "" },
	{ "a handler's name", COUNTED(COUNTER("c", "1", "")), COUNTED(COUNTER("e", "1", "")), "+handler e (hint), -handler c",
	  "add:start-handler Orders.e, fill:fill-handler Orders.e, remove:remove-handler Orders.c" },
	{ "a handler's pipeline", COUNTED(COUNTER("c", "1", "")), COUNTED(COUNTER("c", "1", ",\"pipeline\":\"p\"")),
	  "+handler c (hint), -handler c",
	  "add:start-handler Orders.c, fill:fill-handler Orders.c, remove:remove-handler Orders.c" },
	{ "a sink", M(STATS, ""), M(STATS, SINKS("")), "+sink bus", "add:change-settings" },
	{ "a sink's setting", M(STATS, SINKS("")), M(STATS, SINKS(",\"brokers\":\"b:1\"")), "~sink bus", "add:change-settings" },
	{ "a pipeline's start", M(STATS, ",\"stream_pipelines\":[{\"table\":\"Stats\"}]"),
	  M(STATS, ",\"stream_pipelines\":[{\"table\":\"Stats\",\"start\":\"latest\"}]"), "~pipeline Stats (hint)",
	  "add:change-settings" },
	{ "phases hold over several changes", M(ORDERS(GSI(BY_AT)) "," STATS, PATTERNS(QUERY("1", ""))),
	  M(ORDERS(GSI(INDEX("ById", HASH_ID, ALL)) BOTH), PATTERNS(QUERY("2", "") "," PUT("3", ""))),
	  "+index Orders.ById, -index Orders.ByAt, ~stream Orders, -table Stats, +pattern 2, +pattern 3, -pattern 1",
	  "add:create-index Orders.ById, add:enable-stream Orders, readers:deploy-readers, writers:deploy-writers, "
	  "remove:delete-index Orders.ByAt, remove:delete-table Stats" },
};

struct pair {
	struct model was, is;
	struct arena findings, arena;
	struct model_diff diff;
};

static void parse(struct pair *p, const char *text, struct model *m)
{
	struct findings_list findings;

	findings_list_init(&findings, &p->findings, "x.json");
	assert_true(model_parse(m, str_c(text), "x.json", &findings));
}

static void compare(struct pair *p, const char *was, const char *is, bool described)
{
	const struct diff_options options = { .described = described };
	struct err err;

	arena_init(&p->findings, 1 << 20);
	arena_init(&p->arena, DIFF_BYTES);
	parse(p, was, &p->was);
	parse(p, is, &p->is);
	assert_true(model_diff(&p->diff, &p->was, &p->is, &options, &p->arena, &err));
}

static void pair_release(struct pair *p)
{
	model_release(&p->was);
	model_release(&p->is);
	arena_release(&p->findings);
	arena_release(&p->arena);
}

static void put_place(struct buf *out, struct str table, struct str name)
{
	if (table.len || name.len)
		buf_putf(out, " %.*s%s%.*s", STR_ARG(table), table.len && name.len ? "." : "", STR_ARG(name));
}

static bool stands_alone(const char *what)
{
	return strcmp(what, "pattern") == 0 || strcmp(what, "handler") == 0;
}

static void list_changes(const struct model_diff *d, struct buf *out)
{
	static const char marks[] = { [DIFF_ADDED] = '+', [DIFF_REMOVED] = '-', [DIFF_CHANGED] = '~' };
	size_t n = 0;

	for (const struct diff_change *c = d->changes; c; c = c->next, n++) {
		buf_putf(out, "%s%c%s", n ? ", " : "", marks[c->kind], c->what);
		put_place(out, stands_alone(c->what) ? STR("") : c->table, c->name);
		buf_puts(out, c->hint.len ? " (hint)" : "");
	}
	assert_int_equal(n, d->n_changes);
}

static void list_steps(const struct model_diff *d, struct buf *out)
{
	size_t n = 0;

	for (const struct diff_step *s = d->steps; s; s = s->next, n++) {
		buf_putf(out, "%s%s:%s", n ? ", " : "", diff_phase_name(s->phase), s->code);
		put_place(out, s->table, s->name);
		assert_true(s->what.len > 0 && s->why.len > 0);
		assert_true(!s->operation || s->request.len > 0);
	}
	assert_int_equal(n, d->n_steps);
}

static void check(const char *about, const char *kind, struct buf *got, const char *expected)
{
	buf_puts(got, "");
	if (strcmp(got->ptr ? got->ptr : "", expected) != 0)
		fail_msg("%s, %s:\n  got      %s\n  expected %s", about, kind, got->ptr ? got->ptr : "", expected);
	buf_release(got);
}

static void test_each_difference_gives_its_changes_and_its_steps_in_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf changes, steps;
		struct pair p;

		buf_init(&changes, 1 << 16);
		buf_init(&steps, 1 << 16);
		compare(&p, cases[i].was, cases[i].is, false);
		list_changes(&p.diff, &changes);
		list_steps(&p.diff, &steps);
		check(cases[i].about, "changes", &changes, cases[i].changes);
		check(cases[i].about, "steps", &steps, cases[i].steps);
		pair_release(&p);
	}
}

static void test_every_request_is_json_and_names_its_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pair p;

		compare(&p, cases[i].was, cases[i].is, false);
		for (const struct diff_step *s = p.diff.steps; s; s = s->next) {
			struct err err;
			struct str name = { 0 };
			struct json *json = s->operation ? json_parse(s->request, 1 << 20, &err) : NULL;

			if (!s->operation)
				continue;
			if (!json || !json_get_str(json_get(json, "TableName"), &name))
				fail_msg("%s: %s: %.*s", cases[i].about, s->code, STR_ARG(s->request));
			if (strcmp(s->code, "create-replacement") == 0)
				assert_true(str_eq(name, s->name));
			else
				assert_true(str_eq(name, s->table));
			json_free(json);
		}
		pair_release(&p);
	}
}

static struct str request_of(const struct model_diff *d, const char *code)
{
	for (const struct diff_step *s = d->steps; s; s = s->next)
		if (strcmp(s->code, code) == 0)
			return s->request;
	fail_msg("there is no step %s", code);
	return STR("");
}

static void expect_request(const char *was, const char *is, const char *code, const char *expected)
{
	struct pair p;

	compare(&p, was, is, false);
	assert_str_equal(request_of(&p.diff, code), expected);
	pair_release(&p);
}

static void test_requests_are_what_the_api_takes(void **state)
{
	(void)state;
	expect_request(M(ORDERS(""), ""), M(ORDERS(GSI(INDEX("ByAt", KEY("at", "HASH"), "\"KEYS_ONLY\""))), ""), "create-index",
		       "{\"TableName\":\"Orders\",\"AttributeDefinitions\":[{\"AttributeName\":\"at\",\"AttributeType\":\"S\"}],"
		       "\"GlobalSecondaryIndexUpdates\":[{\"Create\":{\"IndexName\":\"ByAt\",\"KeySchema\":[{\"AttributeName\":\"at\","
		       "\"KeyType\":\"HASH\"}],\"Projection\":{\"ProjectionType\":\"KEYS_ONLY\"}}}]}");
	expect_request(M(ORDERS(GSI(BY_AT)), ""), M(ORDERS(""), ""), "delete-index",
		       "{\"TableName\":\"Orders\",\"GlobalSecondaryIndexUpdates\":[{\"Delete\":{\"IndexName\":\"ByAt\"}}]}");
	expect_request(M(ORDERS(BOTH), ""), M(ORDERS(""), ""), "disable-stream",
		       "{\"TableName\":\"Orders\",\"StreamSpecification\":{\"StreamEnabled\":false}}");
	expect_request(M(ORDERS(TTL("gone")), ""), M(ORDERS(""), ""), "disable-ttl",
		       "{\"TableName\":\"Orders\",\"TimeToLiveSpecification\":{\"Enabled\":false,\"AttributeName\":\"gone\"}}");
	/* While the table is on demand its new index has no capacity; then each has its own, under the name it has by then. */
	expect_request(M(ORDERS(""), ""), M(ORDERS(PROVISIONED GSI(BY_AT_OF_5)), ""), "create-index",
		       "{\"TableName\":\"Orders\",\"AttributeDefinitions\":[{\"AttributeName\":\"at\",\"AttributeType\":\"S\"}],"
		       "\"GlobalSecondaryIndexUpdates\":[{\"Create\":{\"IndexName\":\"ByAt\",\"KeySchema\":[{\"AttributeName\":\"at\","
		       "\"KeyType\":\"HASH\"}],\"Projection\":{\"ProjectionType\":\"ALL\"}}}]}");
	expect_request(M(ORDERS(GSI(INDEX("ByAt", KEY("at", "HASH"), "\"KEYS_ONLY\"") "," INDEX("ByAt-v2", HASH_ID, ALL))), ""),
		       M(ORDERS(PROVISIONED GSI(BY_AT_OF_5)), ""), "change-billing",
		       "{\"TableName\":\"Orders\",\"BillingMode\":\"PROVISIONED\","
		       "\"ProvisionedThroughput\":{\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":6},"
		       "\"GlobalSecondaryIndexUpdates\":[{\"Update\":{\"IndexName\":\"ByAt-v3\","
		       "\"ProvisionedThroughput\":{\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":5}}}]}");
	expect_request(M(ORDERS(""), ""), M(ORDERS(PROVISIONED), ""), "change-billing",
		       "{\"TableName\":\"Orders\",\"BillingMode\":\"PROVISIONED\","
		       "\"ProvisionedThroughput\":{\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":6}}");
}

/* What a service says of a table has no tags and no sizes, and may be warmer than asked for. */
static void test_of_a_description_only_what_both_say_is_compared(void **state)
{
	static const char is[] = M(ORDERS(",\"Tags\":[],\"WarmThroughput\":{\"ReadUnitsPerSecond\":12000,\"WriteUnitsPerSecond\":4000}"),
				   PATTERNS(QUERY("1", "")) ",\"sizing\":{\"Orders\":{\"item_count\":5}}");
	struct pair p;

	(void)state;
	compare(&p, M(ORDERS(",\"WarmThroughput\":{\"ReadUnitsPerSecond\":20000,\"WriteUnitsPerSecond\":4000}"), ""), is, true);
	assert_int_equal(p.diff.n_changes, 0);
	pair_release(&p);
	compare(&p, M(ORDERS(",\"WarmThroughput\":{\"ReadUnitsPerSecond\":20000,\"WriteUnitsPerSecond\":400}"), ""), is, true);
	assert_int_equal(p.diff.n_changes, 1);
	pair_release(&p);
}

static void test_the_command_is_one_word_for_a_shell_whatever_the_names(void **state)
{
	static const char is[] = M(ORDERS("") "," T("a'; rm -rf $HOME #\\n", ID, HASH_ID, ""), "");
	struct buf command;
	struct pair p;

	(void)state;
	buf_init(&command, 1 << 16);
	compare(&p, M(ORDERS(""), ""), is, false);
	model_diff_put_command(p.diff.steps, &command);
	assert_non_null(strstr(command.ptr, "aws dynamodb create-table --cli-input-json '{\"TableName\":\"a'\\''; rm -rf $HOME #\\n\""));
	assert_null(strchr(command.ptr, '\n'));
	buf_release(&command);
	pair_release(&p);
}

static void test_names_cannot_steer_a_terminal(void **state)
{
	static const char is[] = M(ORDERS("") "," T("a\\u001b[2J\\u0007", ID, HASH_ID, ""),
				   PATTERNS(QUERY("\\u001b[31m", ",\"description\":\"\\u001b\"")));
	struct buf out;
	struct pair p;

	(void)state;
	buf_init(&out, 1 << 16);
	compare(&p, M(ORDERS(""), ""), is, false);
	assert_true(model_diff_print(&p.diff, &out));
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.ptr[i] < 0x20 && out.ptr[i] != '\n')
			fail_msg("byte %d at %zu of: %s", out.ptr[i], i, out.ptr);
	assert_non_null(strstr(out.ptr, "a?[2J?"));
	buf_release(&out);
	pair_release(&p);
}

static void test_the_json_form_is_json(void **state)
{
	struct json_writer w;
	struct json *json;
	struct buf out;
	struct err err;
	struct pair p;

	(void)state;
	buf_init(&out, 1 << 20);
	compare(&p, M(ORDERS(""), ""), M(ORDERS(GSI(BY_AT)), ""), false);
	json_write_init(&w, &out);
	json_begin_object(&w);
	model_diff_write(&p.diff, &w);
	json_end_object(&w);
	json = json_parse(buf_str(&out), 1 << 20, &err);
	assert_non_null(json);
	assert_int_equal(json_count(json_get(json, "changes")), 1);
	assert_int_equal(json_count(json_get(json, "steps")), 1);
	assert_non_null(json_get(json_get(json_at(json_get(json, "steps"), 0), "request"), "GlobalSecondaryIndexUpdates"));
	json_free(json);
	buf_release(&out);
	pair_release(&p);
}

static void test_too_little_memory_is_an_error_with_a_name(void **state)
{
	const struct diff_options options = { 0 };
	struct arena small;
	struct err err;
	struct pair p;

	(void)state;
	compare(&p, M(ORDERS(""), ""), M(STATS, ""), false);
	arena_init(&small, 100);
	assert_false(model_diff(&p.diff, &p.was, &p.is, &options, &small, &err));
	assert_true(err_is(&err, "diff.memory"));
	arena_release(&small);
	pair_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_difference_gives_its_changes_and_its_steps_in_order),
		cmocka_unit_test(test_every_request_is_json_and_names_its_table),
		cmocka_unit_test(test_requests_are_what_the_api_takes),
		cmocka_unit_test(test_of_a_description_only_what_both_say_is_compared),
		cmocka_unit_test(test_the_command_is_one_word_for_a_shell_whatever_the_names),
		cmocka_unit_test(test_names_cannot_steer_a_terminal),
		cmocka_unit_test(test_the_json_form_is_json),
		cmocka_unit_test(test_too_little_memory_is_an_error_with_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
