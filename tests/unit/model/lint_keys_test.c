#include "lint_call_cases.h"

#define FINE RUNS(GET_ORDER)
#define LINE(id, at) S("id", id) "," S("made", at)
#define BATCH(table, requests) "batch-write-item --request-items '{" Q table Q ":[" requests "]}'"
#define PUT(item) "{" Q "PutRequest" Q ":{" Q "Item" Q ":{" item "}}}"
#define DELETE(key) "{" Q "DeleteRequest" Q ":{" Q "Key" Q ":{" key "}}}"
#define GETS(table, keys) "batch-get-item --request-items '{" Q table Q ":{" Q "Keys" Q ":[" keys "]}}'"
#define ACTION(kind, table, what, attributes, more) \
	"{" Q kind Q ":{" Q "TableName" Q ":" Q table Q "," Q what Q ":{" attributes "}" more "}}"
#define EXISTS "," Q "ConditionExpression" Q ":" Q "attribute_exists(id)" Q
#define TRANSACT(actions) "transact-write-items --transact-items '[" actions "]'"
#define SET(name, members) Q name Q ":{" Q "SS" Q ":[" members "]}"
#define EXPIRES(command) MODEL(TABLE("Orders", ATTR("id", "S"), HASH("id"), TTL("gone_at")), PATTERNS(PATTERN("1", command, "")))
#define EXPIRE(expression, values) EXPIRES("update-item --table-name Orders" KEY(S("id", "1")) " --update-expression '" expression "'" VALUES(values))
#define NUMBERS(command) MODEL(TABLE("Numbers", ATTR("n", "N"), HASH("n"), ""), PATTERNS(PATTERN("1", command, "")))

static const struct lint_case cases[] = {
	{ "call-key", RUNS("get-item --table-name Lines" KEY(S("id", "1"))), { RUNS("get-item --table-name Lines" KEY(LINE("1", "2"))) } },
	{ "call-key", RUNS("get-item --table-name Orders" KEY(LINE("1", "2"))), { FINE } },
	{ "call-key", RUNS("delete-item --table-name Orders" KEY(N("id", "1"))), { RUNS("delete-item --table-name Orders" KEY(S("id", "1"))) } },
	{ "call-key", RUNS("get-item --table-name Orders" KEY(S("id", ""))), { FINE } },
	{ "call-key", RUNS(PUT_ORDER(S("note", "1"))), { RUNS(PUT_ORDER(S("id", "1") "," S("note", ""))) } },
	{ "call-key", RUNS(GETS("Orders", "{" S("id", "1") "},{" S("di", "2") "}")), { RUNS(GETS("Orders", "{" S("id", "1") "},{" S("id", "2") "}")) } },
	{ "call-key", RUNS(BATCH("Lines", PUT(LINE("1", "2")) "," DELETE(S("id", "1")))),
	  { RUNS(BATCH("Lines", PUT(LINE("1", "2")) "," DELETE(LINE("1", "3")))) } },
	{ "call-key", RUNS(TRANSACT(ACTION("ConditionCheck", "Lines", "Key", S("id", "1"), EXISTS))),
	  { RUNS(TRANSACT(ACTION("ConditionCheck", "Lines", "Key", LINE("1", "2"), EXISTS))) } },
	{ "call-index-key", RUNS(PUT_LINE(LINE("1", "2") "," N("state", "1"))),
	  { RUNS(PUT_LINE(LINE("1", "2"))), RUNS(PUT_LINE(LINE("1", "2") "," S("state", "open"))) } },
	{ "call-index-key", RUNS(PUT_LINE(LINE("1", "2") "," S("state", ""))), { RUNS(PUT_LINE(LINE("1", "2") "," S("note", ""))) } },
	{ "call-index-key", RUNS(UPDATE_LINE("SET #s = :e") STATE_NAME VALUES(S(":e", ""))),
	  { RUNS(UPDATE_LINE("SET note = :e") VALUES(S(":e", ""))), RUNS(UPDATE_LINE("SET #s = :e") STATE_NAME VALUES(S(":e", "x"))),
	    RUNS(UPDATE_LINE("SET #s.a = :e") STATE_NAME VALUES(S(":e", ""))) } },
	{ "call-index-key", RUNS(UPDATE_LINE("SET #s = :n") STATE_NAME VALUES(N(":n", "1"))), { RUNS(UPDATE_LINE("REMOVE #s") STATE_NAME) } },
	{ "call-value", RUNS(PUT_ORDER(S("id", "1") "," SET("tags", Q "a" Q "," Q "a" Q))),
	  { RUNS(PUT_ORDER(S("id", "1") "," SET("tags", Q "a" Q "," Q "A" Q))) } },
	{ "call-ttl", EXPIRES(PUT_ORDER(S("id", "1") "," N("gone_at", "1767225600000"))),
	  { EXPIRES(PUT_ORDER(S("id", "1") "," N("gone_at", "1767225600"))), EXPIRES(PUT_ORDER(S("id", "1") "," N("made_at", "1767225600000"))),
	    RUNS(PUT_ORDER(S("id", "1") "," N("gone_at", "1767225600000"))) } },
	{ "call-ttl", EXPIRES(PUT_ORDER(S("id", "1") "," S("gone_at", "1767225600"))), { EXPIRES(PUT_ORDER(S("id", "1"))) } },
	{ "call-ttl", EXPIRE("SET gone_at = :g", N(":g", "1767225600000")),
	  { EXPIRE("SET gone_at = :g", N(":g", "1767225600")), EXPIRE("SET gone_at = gone_at + :g", N(":g", "86400")),
	    EXPIRE("SET made_at = :g", N(":g", "1767225600000")) } },
	{ "call-ttl", EXPIRE("SET #g = :g' --expression-attribute-names '{" NAME("#g", "gone_at") "}", S(":g", "2026-01-01")),
	  { EXPIRE("SET #g.seen = :g' --expression-attribute-names '{" NAME("#g", "gone_at") "}", S(":g", "2026-01-01")) } },
	{ "call-batch-size",
	  RUNS("batch-write-item --request-items '{" Q "Orders" Q ":[" PUT(S("id", "1")) "," PUT(S("id", "2")) "," PUT(S("id", "3")) "," PUT(S("id", "4"))
	       "," PUT(S("id", "5")) "," PUT(S("id", "6")) "," PUT(S("id", "7")) "," PUT(S("id", "8")) "," PUT(S("id", "9")) "," PUT(S("id", "10")) ","
	       PUT(S("id", "11")) "," PUT(S("id", "12")) "," PUT(S("id", "13")) "]," Q "Lines" Q ":[" PUT(LINE("1", "1")) "," PUT(LINE("1", "2")) ","
	       PUT(LINE("1", "3")) "," PUT(LINE("1", "4")) "," PUT(LINE("1", "5")) "," PUT(LINE("1", "6")) "," PUT(LINE("1", "7")) "," PUT(LINE("1", "8"))
	       "," PUT(LINE("1", "9")) "," PUT(LINE("1", "10")) "," PUT(LINE("1", "11")) "," PUT(LINE("1", "12")) "," PUT(LINE("1", "13")) "]}'"),
	  { RUNS(BATCH("Orders", PUT(S("id", "1")) "," PUT(S("id", "2")))) } },
	{ "call-key-twice", RUNS(BATCH("Orders", PUT(S("id", "1")) "," DELETE(S("id", "1")))),
	  { RUNS(BATCH("Orders", PUT(S("id", "1")) "," DELETE(S("id", "2")))), RUNS(BATCH("Lines", PUT(LINE("1", "2")) "," PUT(LINE("1", "3")))) } },
	{ "call-key-twice", NUMBERS(GETS("Numbers", "{" N("n", "1") "},{" N("n", "1.0") "}")), { NUMBERS(GETS("Numbers", "{" N("n", "1") "},{" N("n", "10") "}")) } },
	{ "call-key-twice", RUNS(TRANSACT(ACTION("ConditionCheck", "Orders", "Key", S("id", "1"), EXISTS) "," ACTION("Put", "Orders", "Item",
		S("id", "1"), ""))),
	  { RUNS(TRANSACT(ACTION("Put", "Orders", "Item", S("id", "1"), "") "," ACTION("Put", "Lines", "Item", LINE("1", "1"), ""))) } },
};

static void test_each_lint_of_keys_finds_what_is_wrong_and_nothing_else(void **state)
{
	(void)state;
	lint_run_cases(cases, COUNT_OF(cases));
}

static void test_each_lint_of_keys_has_a_case(void **state)
{
	(void)state;
	lint_check_cases("call-key", cases, COUNT_OF(cases), NULL);
}

static size_t found_with_key(size_t bytes, const char *code)
{
	struct buf text, shown;
	size_t n;

	buf_init(&text, 1 << 20);
	buf_init(&shown, 1 << 20);
	buf_puts(&text, "{\"tables\":[" LINES "]" ",\"access_patterns\":[{\"pattern\":1,\"implementation\":\"aws dynamodb "
		 "delete-item --table-name Lines --key '{" S("id", "1") "," Q "made" Q ":{" Q "S" Q ":" Q);
	for (size_t i = 0; i < bytes; i++)
		buf_putc(&text, 'k');
	buf_puts(&text, Q "}}'\"}]}");
	n = lint_found(buf_str(&text), code, &shown);
	buf_release(&shown);
	buf_release(&text);
	return n;
}

static void test_a_sort_key_over_1024_bytes_is_found(void **state)
{
	(void)state;
	assert_int_equal(found_with_key(1025, "call-key"), 1);
	assert_int_equal(found_with_key(1024, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_lint_of_keys_finds_what_is_wrong_and_nothing_else),
		cmocka_unit_test(test_each_lint_of_keys_has_a_case),
		cmocka_unit_test(test_a_sort_key_over_1024_bytes_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
