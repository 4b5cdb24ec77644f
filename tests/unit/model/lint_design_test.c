#include "lint_call_cases.h"

#include "sluice/core/mem.h"
#include "sluice/model/call.h"

#include <stdio.h>

/* Patterns over Orders and Lines, with what they say besides. */
#define P(id, command, more) PATTERN(id, command, "," more)
#define AT(rate) "\"rps\":" rate
#define READ_ORDERS P("ro", GET_ORDER, AT("1"))
#define WRITE_ORDERS P("wo", PUT_ORDER(S("id", "1")), AT("1"))
#define READ_LINES P("rl", QUERY_LINES(BY_ID) I " --limit 10", AT("1"))
#define WRITE_LINES P("wl", PUT_LINE(S("id", "1") "," S("made", "2026-11-01") "," S("state", "open") "," S("note", "x")), AT("1"))
#define BOTH(patterns) MODEL(ORDERS "," LINES, PATTERNS(patterns))
#define ONLY_ORDERS(patterns) MODEL(ORDERS, PATTERNS(patterns))
#define SERVED(table) "{\"pattern\":\"s\",\"table\":\"" table "\",\"reason\":\"the nightly import does it\"}"
#define SOURCE TABLE("Source", ATTR("id", "S"), HASH("id"), STREAM)
#define COUNTER HANDLERS("{\"kind\":\"counter\",\"name\":\"c\",\"source\":\"Source\",\"table\":\"Orders\"," \
	"\"key\":{\"id\":\"${item.id}\"},\"add\":[{\"attribute\":\"n\"}]}")
#define PUT_SOURCE P("ws", "put-item --table-name Source --item '{" S("id", "1") "}'", AT("1"))
#define ACTION(kind, table, what, attributes, more) \
	"{" Q kind Q ":{" Q "TableName" Q ":" Q table Q "," Q what Q ":{" attributes "}" more "}}"
#define CONDITION(text) "," Q "ConditionExpression" Q ":" Q text Q

static const struct lint_case of_usage[] = {
	{ "scan-rate", BOTH(P("1", "scan --table-name Orders", AT("50"))),
	  { BOTH(P("1", "scan --table-name Orders", AT("0.1"))), BOTH(P("1", QUERY_OPEN, AT("50"))) } },
	{ "gsi-unused", BOTH(READ_LINES), { BOTH(P("1", QUERY_OPEN, AT("1")) "," P("2", "query --table-name Lines --index-name ByRank "
		"--key-condition-expression '" BY_ID "'" I, AT("1"))) } },
	{ "table-unused", BOTH(READ_LINES), { BOTH(READ_LINES "," READ_ORDERS), BOTH(READ_LINES "," SERVED("Orders")),
		MODEL(ORDERS "," SOURCE, PATTERNS(PUT_SOURCE) COUNTER) } },
	{ "never-written", ONLY_ORDERS(READ_ORDERS),
	  { ONLY_ORDERS(READ_ORDERS "," WRITE_ORDERS), ONLY_ORDERS(READ_ORDERS "," SERVED("Orders")),
	    MODEL(ORDERS "," SOURCE, PATTERNS(READ_ORDERS "," PUT_SOURCE) COUNTER) } },
	/* Sample items write nothing; what a statement does is not known. */
	{ "never-written", MODEL(ORDERS, ITEMS("Orders", ITEM("\"id\":{\"S\":\"1\"}")) PATTERNS(READ_ORDERS)),
	  { ONLY_ORDERS(READ_ORDERS "," P("x", "execute-statement --statement 'DELETE FROM Orders WHERE id = 1'", AT("1"))) } },
	{ "table-unused", BOTH(READ_LINES), { BOTH(READ_LINES "," P("x", "execute-statement --statement 'SELECT * FROM Orders'", AT("1"))) } },
	{ "never-read", ONLY_ORDERS(WRITE_ORDERS),
	  { ONLY_ORDERS(READ_ORDERS "," WRITE_ORDERS), MODEL(ORDERS "," SOURCE, PATTERNS(READ_ORDERS "," PUT_SOURCE) COUNTER),
	    /* A table that makes something unique is read by its condition. */
	    BOTH(READ_LINES "," P("1", "transact-write-items --transact-items '[" ACTION("Put", "Orders", "Item", S("id", "mail"),
		CONDITION("attribute_not_exists(id)")) "," ACTION("Put", "Lines", "Item", S("id", "1") "," S("made", "2"), "") "]'", AT("1"))) } },
};

/* ---- Design ---- */

#define EXPIRING(command) MODEL(LINES_WITH(INCLUDE("\"note\""), TTL("expires")), PATTERNS(PATTERN("1", command, "")))
#define LATER " --filter-expression 'expires > :n'" VALUES(S(":i", "1") "," N(":n", "1767225600"))
#define LISTS(more, sizes) MODEL(LINES, PATTERNS(WRITE_LINES "," PATTERN("1", QUERY_LINES(BY_ID) I more, "")) sizes)
#define CLOSE(rate, expression) P("u", UPDATE_LINE(expression) STATE_NAME, AT(rate))
#define CLOSED(rate) P("u", UPDATE_LINE("SET #s = :c") STATE_NAME VALUES(S(":c", "closed")), AT(rate))
#define OPEN(rate) P("q", QUERY_OPEN, AT(rate))
#define CHANGES(patterns) MODEL(LINES, ITEMS("Lines", ITEM("\"id\":{\"S\":\"1\"},\"made\":{\"S\":\"2\"},\"state\":{\"S\":\"open\"}")) \
	PATTERNS(patterns))
/* Events (id, time): as many puts a second. */
#define EVENTS(sort, more) TABLE("Events", ATTR("id", "S") "," ATTR("sort", "S"), HASH("id") "," RANGE("sort"), more)
#define PUT_EVENT(sort, rate) P("1", "put-item --table-name Events --item '{" S("id", "1") "," S("sort", sort) "}'", AT(rate))
#define BUSY(sort, rate, size) MODEL(EVENTS(sort, ""), PATTERNS(PUT_EVENT(sort, rate)) SIZING("\"Events\":{" size "}"))
#define GROWING "\"hottest_key_share\":0.5"

/* Lines whose index ByState holds all of an item with nine attributes. */
#define BIG_ITEM S("id", "1") "," S("made", "2") "," S("state", "open") "," S("a", "1") "," S("b", "1") "," S("c", "1") "," \
	S("d", "1") "," S("e", "1") "," S("f", "1")
#define WIDE(more) MODEL(LINES_WITH(ALL, ""), PATTERNS(P("w", PUT_LINE(BIG_ITEM), AT("1")) "," P("q", QUERY_OPEN more, AT("1"))))

static const struct lint_case of_design[] = {
	{ "ttl-unfiltered", EXPIRING(QUERY_LINES(BY_ID) I),
	  { EXPIRING(QUERY_LINES(BY_ID) LATER), EXPIRING("get-item --table-name Lines" KEY(S("id", "1") "," S("made", "2"))), RUNS(QUERY_LINES(BY_ID) I) } },
	{ "ttl-unfiltered", EXPIRING(QUERY_OPEN), { NULL } },
	{ "ttl-unfiltered", EXPIRING("scan --table-name Lines"), { EXPIRING("scan --table-name Lines --filter-expression 'expires > :n'"
		VALUES(N(":n", "1767225600"))) } },
	{ "unbounded-collection", LISTS("", ""),
	  { LISTS(" --limit 20", ""), LISTS("", SIZING("\"Lines\":{\"items_per_key\":{\"max\":50}}")),
	    /* Nothing is known to be added. */
	    MODEL(LINES, PATTERNS(PATTERN("1", QUERY_LINES(BY_ID) I, ""))) } },
	{ "unbounded-collection", MODEL(LINES, PATTERNS(WRITE_LINES "," PATTERN("1", QUERY_OPEN, ""))),
	  { MODEL(LINES, PATTERNS(WRITE_LINES "," PATTERN("1", QUERY_OPEN, ",\"item_count\":20"))),
	    /* An index by which one is found. */
	    MODEL(LINES, PATTERNS(P("w", PUT_LINE(S("id", "1") "," S("made", "a") "," S("state", "open")), AT("1")) "," PATTERN("1", QUERY_OPEN, ""))),
	    MODEL(LINES, PATTERNS(WRITE_LINES "," PATTERN("1", QUERY_LINES(BY_ID " AND made > :m") VALUES(S(":i", "1") "," S(":m", "2")), ""))) } },
	{ "unbounded-collection", LISTS(" --page-size 20", ""), { LISTS(" --max-items 20", "") } },
	{ "mutable-index-key", CHANGES(CLOSED("20") "," OPEN("5")),
	  { CHANGES(CLOSED("5") "," OPEN("20")),
	    /* What is not in every item, or is removed, makes the index sparse. */
	    CHANGES(CLOSED("20") "," OPEN("5") "," CLOSE("20", "REMOVE #s")),
	    CHANGES(CLOSED("20") "," OPEN("5") "," P("n", PUT_LINE(S("id", "1") "," S("made", "3")), AT("1"))) } },
	{ "mutable-index-key", CHANGES(CLOSED("20")),
	  { /* It must fail, or is done once. */
	    CHANGES(P("u", UPDATE_LINE("SET #s = :c") STATE_NAME VALUES(S(":c", "x")), "\"expect\":{\"error\":\"ConditionalCheckFailedException\"}")),
	    CHANGES(P("u", UPDATE_LINE("SET #s = :c") STATE_NAME VALUES(S(":c", "x")) " --condition-expression 'attribute_not_exists(#s)'", AT("9"))),
	    CHANGES(P("u", UPDATE_LINE("SET note = :c") VALUES(S(":c", "x")), AT("20"))) } },
	{ "monotonic-sort-key", BUSY("2026-11-01T10:00:00Z", "1600", GROWING),
	  { BUSY("u-ana", "1600", GROWING), BUSY("2026-11-01T10:00:00Z", "600", GROWING), BUSY("2026-11-01T10:00:00Z", "1600", "\"item_count\":5") } },
	{ "monotonic-sort-key", BUSY("m-20261101-0007", "1600", GROWING), { BUSY("room-20", "1600", GROWING) } },
	{ "monotonic-sort-key", BUSY("01JB2Z3Y4X5W6V7T8S9R0Q1P2N", "1600", GROWING), { BUSY("20269901", "1600", GROWING) } },
	{ "wide-projection", WIDE(" --projection-expression 'id, a'"),
	  { WIDE(""), WIDE(" --projection-expression 'a, b, c, d'"),
	    MODEL(LINES_WITH(ALL, ""), PATTERNS(P("w", PUT_LINE(S("id", "1") "," S("made", "2") "," S("state", "x") "," S("a", "1")), AT("1")) ","
		P("q", QUERY_OPEN " --projection-expression 'id, a'", AT("1")))) } },
	{ "wide-projection", WIDE(" --select COUNT"), { WIDE(" --select ALL_ATTRIBUTES") } },
};

/* ---- Collections ---- */

#define APP TABLE("App", ATTR("subject", "S") "," ATTR("relation", "S"), HASH("subject") "," RANGE("relation"), "")
#define THING(relation, attributes) ITEM("\"subject\":{\"S\":\"USER#ana\"},\"relation\":{\"S\":\"" relation "\"}" attributes)
#define A(name) ",\"" name "\":{\"S\":\"x\"}"
#define USERS THING("PROFILE#ana", A("display") A("bio")) "," THING("FOLLOWS#ben", A("since") A("score"))
#define RELATED(prefix) "query --table-name App --key-condition-expression 'subject = :s AND begins_with(relation, :r)'" \
	VALUES(S(":s", "USER#ana") "," S(":r", prefix))
#define SUBJECT "query --table-name App --key-condition-expression 'subject = :s'" VALUES(S(":s", "USER#ana"))
#define PUT_THING(relation) P("p" relation, "put-item --table-name App --item '{" S("subject", "USER#ana") "," S("relation", relation) "}'", AT("1"))
#define GET_THING(relation) P("g" relation, "get-item --table-name App" KEY(S("subject", "USER#ana") "," S("relation", relation)), AT("1"))
#define APP_SOURCE TABLE("App", ATTR("subject", "S") "," ATTR("relation", "S"), HASH("subject") "," RANGE("relation"), STREAM)
#define SINGLE(items, patterns) MODEL(APP, ITEMS("App", items) PATTERNS(patterns))

static const struct lint_case of_collections[] = {
	{ "apart-collection", SINGLE(USERS, P("1", RELATED("PROFILE#"), AT("1")) "," P("2", RELATED("FOLLOWS#USER"), AT("1"))),
	  { SINGLE(USERS, P("1", SUBJECT, AT("1"))),
	    /* States of one kind of thing, other partitions, values. */
	    SINGLE(THING("OPEN#1", A("title") A("due")) "," THING("DONE#2", A("title") A("due")), P("1", RELATED("OPEN#"), AT("1"))),
	    SINGLE(THING("PROFILE#ana", A("display")) "," ITEM("\"subject\":{\"S\":\"PHOTO#1\"},\"relation\":{\"S\":\"BY#ana\"}" A("url")),
		P("1", RELATED("PROFILE#"), AT("1"))) } },
	{ "apart-collection", SINGLE(USERS, P("1", RELATED("PROF"), AT("1"))),
	  { SINGLE(THING("shoes#7", A("size")) "," THING("books#9", A("author")), P("1", RELATED("shoes#"), AT("1"))),
	    SINGLE(USERS, P("1", "scan --table-name App", AT("0.1"))) } },
	{ "kind-never-written", SINGLE(USERS, P("1", RELATED("PROFILE#"), AT("1")) "," PUT_THING("FOLLOWS#ben")),
	  { SINGLE(USERS, P("1", RELATED("PROFILE#"), AT("1")) "," PUT_THING("PROFILE#ana")),
	    SINGLE(USERS, P("1", RELATED("PROFILE#"), AT("1")) "," PUT_THING("FOLLOWS#ben") "," SERVED("App")),
	    /* One kind alone is the table. */
	    SINGLE(THING("PROFILE#ana", A("bio")), P("1", RELATED("PROFILE#"), AT("1"))) } },
	{ "kind-never-read", SINGLE(USERS, PUT_THING("PROFILE#ana") "," PUT_THING("FOLLOWS#ben") "," GET_THING("PROFILE#ben")),
	  { SINGLE(USERS, PUT_THING("PROFILE#ana") "," PUT_THING("FOLLOWS#ben") "," P("1", SUBJECT, AT("1"))),
	    SINGLE(USERS, PUT_THING("PROFILE#ana") "," PUT_THING("FOLLOWS#ben") "," GET_THING("PROFILE#ben") "," GET_THING("FOLLOWS#x")),
	    /* A handler reads the stream. */
	    MODEL(APP_SOURCE "," ORDERS, ITEMS("App", USERS) PATTERNS(PUT_THING("PROFILE#ana") "," PUT_THING("FOLLOWS#ben") ","
		GET_THING("PROFILE#ben")) HANDLERS("{\"kind\":\"counter\",\"name\":\"c\",\"source\":\"App\",\"table\":\"Orders\","
		"\"key\":{\"id\":\"${item.subject}\"},\"add\":[{\"attribute\":\"n\"}]}")) } },
};

/* ---- Traffic ---- */

#define HOT(command, rate, size) MODEL(LINES, PATTERNS(P("1", command, AT(rate))) SIZING("\"Lines\":{" size "}"))
#define OF_INDEX(size) "\"distinct_keys\":1000000,\"indexes\":{\"ByState\":{" size "}}"
#define PUT_STATE PUT_LINE(S("id", "1") "," S("made", "2") "," S("state", "open"))
#define SET_STATE UPDATE_LINE("SET #s = :c") STATE_NAME VALUES(S(":c", "closed"))

static const struct lint_case of_traffic[] = {
	/* On the index that a put goes to; not when the item is not in it. */
	{ "hot-key", HOT(PUT_STATE, "3000", OF_INDEX("\"hottest_key_share\":0.5")),
	  { HOT(PUT_STATE, "1900", OF_INDEX("\"hottest_key_share\":0.5")),
	    HOT(PUT_LINE(S("id", "1") "," S("made", "2")), "3000", OF_INDEX("\"hottest_key_share\":0.5")) } },
	/* A changed key is written twice. */
	{ "hot-key", HOT(SET_STATE, "1100", OF_INDEX("\"hottest_key_share\":0.5")),
	  { HOT(UPDATE_LINE("SET note = :c") VALUES(S(":c", "x")), "1100", OF_INDEX("\"hottest_key_share\":0.5")),
	    HOT(UPDATE_LINE("SET memo = :c") VALUES(S(":c", "x")), "3900", OF_INDEX("\"hottest_key_share\":0.5")) } },
	/* As the pattern says, whatever its command shows. */
	{ "hot-key", HOT(PUT_STATE, "1100,\"gsi_list\":[\"ByState\"],\"gsi_key_changes\":true", OF_INDEX("\"hottest_key_share\":0.5")),
	  { HOT(PUT_STATE, "1100,\"gsi_list\":[\"ByState\"]", OF_INDEX("\"hottest_key_share\":0.5")) } },
	{ "figures-missing", HOT(PUT_STATE, "1500", "\"distinct_keys\":1000000,\"items_per_key\":{\"max\":9},\"item_size_bytes\":9"),
	  { HOT(PUT_STATE, "900", "\"distinct_keys\":1000000,\"items_per_key\":{\"max\":9},\"item_size_bytes\":9") } },
	{ "on-demand-peak", HOT(PUT_STATE, "4500", OF_INDEX("\"distinct_keys\":1000000")),
	  { HOT(PUT_STATE, "{\"average\":100,\"peak\":3900}", OF_INDEX("\"distinct_keys\":1000000")) } },
};

static void test_each_lint_of_design_finds_what_is_wrong_and_nothing_else(void **state)
{
	(void)state;
	lint_run_cases(of_usage, COUNT_OF(of_usage));
	lint_run_cases(of_design, COUNT_OF(of_design));
	lint_run_cases(of_collections, COUNT_OF(of_collections));
	lint_run_cases(of_traffic, COUNT_OF(of_traffic));
}

static void test_each_lint_of_design_has_a_case(void **state)
{
	(void)state;
	lint_check_cases("scan-rate", of_usage, COUNT_OF(of_usage), NULL);
	lint_check_cases("ttl-unfiltered", of_design, COUNT_OF(of_design), NULL);
	lint_check_cases("apart-collection", of_collections, COUNT_OF(of_collections), NULL);
}

/* ---- Limits ---- */

static void test_commands_beyond_the_first_20000_are_told_of(void **state)
{
	struct buf text, shown;

	(void)state;
	buf_init(&text, 8 << 20);
	buf_init(&shown, 1 << 20);
	buf_puts(&text, "{\"tables\":[" ORDERS "]" ",\"access_patterns\":[{\"pattern\":1,\"implementation\":[");
	for (size_t i = 0; i < MODEL_CALLS_MAX + 2; i++)
		buf_puts(&text, i ? ",\"aws dynamodb list-tables\"" : "\"aws dynamodb list-tables\"");
	buf_puts(&text, "]}]}");
	assert_int_equal(lint_found(buf_str(&text), "lint-work", &shown), 1);
	assert_non_null(strstr(shown.ptr, ": error lint-work: 2 commands beyond the first 20000 were not looked at"));
	buf_release(&shown);
	buf_release(&text);
}

/* A table of one index that includes 100,000 attributes, and 100 queries of it. */
static void test_work_that_grows_with_the_square_ends_and_is_told_of(void **state)
{
	struct buf text, shown;

	(void)state;
	buf_init(&text, 8 << 20);
	buf_init(&shown, 1 << 20);
	buf_puts(&text, "{\"tables\":[{\"TableName\":\"Lines\",\"AttributeDefinitions\":[" ATTR("id", "S") "],\"KeySchema\":["
		HASH("id") "],\"GlobalSecondaryIndexes\":[{\"IndexName\":\"Big\",\"KeySchema\":[" HASH("id") "],"
		"\"Projection\":{\"ProjectionType\":\"INCLUDE\",\"NonKeyAttributes\":[\"x\"");
	for (int i = 0; i < 100000; i++)
		buf_puts(&text, ",\"x\"");
	buf_puts(&text, "]}}]}],\"access_patterns\":[");
	for (int i = 0; i < 100; i++)
		buf_puts(&text, PATTERN("1", "query --table-name Lines --index-name Big --key-condition-expression 'id = :i'" I
					     " --projection-expression nothing", "") ",");
	buf_puts(&text, "{\"pattern\":2,\"reason\":\"none\"}]}");
	assert_int_equal(lint_found(buf_str(&text), "lint-work", &shown), 1);
	assert_true(lint_found(buf_str(&text), "expression.not-projected", &shown) > 10);
	buf_release(&shown);
	buf_release(&text);
}

/* ---- Examples ---- */

static size_t found_in_file(const char *path, const char *code, struct buf *shown)
{
	FILE *f = fopen(path, "rb");
	char *text = mem_alloc(1 << 20);
	size_t n;

	assert_non_null(f);
	n = lint_found(str_of(text, fread(text, 1, 1 << 20, f)), code, shown);
	fclose(f);
	mem_free(text);
	return n;
}

static void test_the_examples_have_no_errors_and_one_warning_of_these(void **state)
{
	static const char *const files[] = {
		"conf/examples/deals.json", "conf/examples/photos.json", "conf/examples/photos-multi-table.json", "tests/models/chat.json",
		"tests/models/ecommerce.json", "tests/models/iot.json", "tests/models/leaderboard.json", "tests/models/saas.json",
	};
	struct buf shown;
	size_t warnings = 0;

	(void)state;
	buf_init(&shown, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		if (found_in_file(files[i], NULL, &shown))
			fail_msg("%s: %s", files[i], shown.ptr);
		for (size_t k = 0; k < COUNT_OF(of_design); k++)
			warnings += found_in_file(files[i], of_design[k].code, &shown);
		for (size_t k = 0; k < COUNT_OF(of_usage); k++)
			warnings += found_in_file(files[i], of_usage[k].code, &shown);
		warnings += found_in_file(files[i], "hot-key", &shown) + found_in_file(files[i], "on-demand-peak", &shown);
	}
	assert_int_equal(warnings, 0);
	/* The one-table design shows what it costs. */
	assert_int_equal(found_in_file("conf/examples/photos.json", "apart-collection", &shown), 1);
	assert_int_equal(found_in_file("conf/examples/photos-multi-table.json", "apart-collection", &shown), 0);
	buf_release(&shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_lint_of_design_finds_what_is_wrong_and_nothing_else),
		cmocka_unit_test(test_each_lint_of_design_has_a_case),
		cmocka_unit_test(test_commands_beyond_the_first_20000_are_told_of),
		cmocka_unit_test(test_work_that_grows_with_the_square_ends_and_is_told_of),
		cmocka_unit_test(test_the_examples_have_no_errors_and_one_warning_of_these),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
