#include "lint_call_cases.h"

#include "sluice/model/expression.h"

#define FILTERED(filter, more) RUNS(QUERY_LINES(BY_ID) " --filter-expression '" filter "'" more)
#define CHECKED(condition, more) RUNS(PUT_ORDER(S("id", "1")) " --condition-expression '" condition "'" more)
#define UPDATED(expression, more) RUNS(UPDATE_LINE(expression) more)
#define KEYED(condition, more) RUNS(QUERY_LINES(condition) more)
#define TWO(one, other) VALUES(one "," other)
#define FINE KEYED(BY_ID, I)
#define RANKS(projection) RUNS("query --table-name Lines --index-name ByRank --key-condition-expression '" BY_ID "'" I projection)
#define T100 ":i,:i,:i,:i,:i,:i,:i,:i,:i,:i,"

static const struct lint_case cases[] = {
	{ "expression.empty", FILTERED("", I), { FINE } },
	{ "expression.syntax", FILTERED("note = ", I), { FILTERED("note = :i AND NOT (note <> :i)", I) } },
	{ "expression.literal", FILTERED("note = 5", I), { FINE } },
	{ "expression.reserved-word", RUNS(QUERY_STATE("state = :s") VALUES(S(":s", "open"))), { RUNS(QUERY_OPEN) } },
	{ "expression.name-needs-placeholder", FILTERED("_note = :i", I), { FILTERED("#n = :i", NAMES(NAME("#n", "_note")) I) } },
	{ "expression.placeholder-malformed", FILTERED("# = :i", I), { FINE } },
	{ "expression.redundant-parentheses", FILTERED("((note = :i))", I), { FILTERED("(note = :i)", I) } },
	{ "expression.index", FILTERED("note[2147483648] = :i", I), { FILTERED("note[0] = :i", I) } },
	{ "expression.unknown-function", FILTERED("starts_with(note, :i)", I), { FILTERED("begins_with(note, :i)", I) } },
	{ "expression.function-not-here", FILTERED("list_append(note, :i) = :i", I), { UPDATED("SET note = list_append(note, :l)",
		VALUES(Q ":l" Q ":{" Q "L" Q ":[]}")) } },
	{ "expression.arguments", FILTERED("begins_with(note)", I), { FINE } },
	{ "expression.operand", FILTERED("note", I), { FILTERED("attribute_exists(note)", I) } },
	{ "expression.arithmetic", UPDATED("SET n = n + :n + :n", VALUES(N(":n", "1"))), { UPDATED("SET n = n + :n", VALUES(N(":n", "1"))) } },
	{ "expression.too-many-in-operands",
	  FILTERED("note IN (" T100 T100 T100 T100 T100 T100 T100 T100 T100 T100 ":i)", I),
	  { FILTERED("note IN (" T100 T100 T100 T100 T100 T100 T100 T100 T100 ":i)", I) } },
	{ "expression.clause-repeated", UPDATED("SET note = :i SET n = :i", I), { UPDATED("SET note = :i, n = :i REMOVE m", I) } },
	{ "expression.name-undefined", FILTERED("#n = :i", I), { FILTERED("#n = :i", NAMES(NAME("#n", "n")) I) } },
	{ "expression.value-undefined", KEYED(BY_ID, ""), { FINE } },
	{ "expression.name-unused", KEYED(BY_ID, NAMES(NAME("#n", "n")) I),
	  { KEYED(BY_ID, " --projection-expression '#n'" NAMES(NAME("#n", "n")) I) } },
	{ "expression.value-unused", KEYED(BY_ID, TWO(S(":i", "1"), S(":j", "1"))),
	  { KEYED(BY_ID " AND made = :j", TWO(S(":i", "1"), S(":j", "1"))) } },
	{ "expression.name-malformed", KEYED(BY_ID, NAMES(NAME("n", "n")) I), { FINE } },
	{ "expression.value-malformed", KEYED(BY_ID, VALUES(S("i", "1"))), { FINE } },
	{ "expression.type", FILTERED("begins_with(note, :n)", TWO(S(":i", "1"), N(":n", "1"))), { FILTERED("note > :n", TWO(S(":i", "1"), N(":n", "1"))) } },
	{ "expression.type-name", FILTERED("attribute_type(note, :n)", TWO(S(":i", "1"), S(":n", "string"))),
	  { FILTERED("attribute_type(note, :n)", TWO(S(":i", "1"), S(":n", "SS"))) } },
	{ "expression.between-bounds", FILTERED("n BETWEEN :a AND :b", VALUES(S(":i", "1") "," N(":a", "10") "," N(":b", "9"))),
	  { FILTERED("n BETWEEN :a AND :b", VALUES(S(":i", "1") "," N(":a", "9") "," N(":b", "10"))) } },
	{ "expression.same-operand", FILTERED("note = note", I), { FILTERED("note = memo", I) } },
	{ "expression.paths-overlap", UPDATED("SET note = :i, note.a = :i", I), { UPDATED("SET note.a = :i, note.b = :i", I) } },
	{ "expression.paths-conflict", UPDATED("SET note[0] = :i, note.b = :i", I), { UPDATED("SET note[0] = :i, note[1] = :i", I) } },
	{ "expression.key-missing", KEYED("made = :i", I), { FINE } },
	{ "expression.key-attribute", KEYED(BY_ID " AND note = :i", I), { FILTERED("note = :i", I) } },
	{ "expression.key-operator", KEYED(BY_ID " OR id = :j", TWO(S(":i", "1"), S(":j", "2"))), { FINE } },
	{ "expression.key-shape", KEYED(BY_ID " AND size(made) = :n", TWO(S(":i", "1"), N(":n", "2"))), { FINE } },
	{ "expression.key-repeated", KEYED(BY_ID " AND made > :i AND made < :j", TWO(S(":i", "1"), S(":j", "2"))),
	  { KEYED(BY_ID " AND made BETWEEN :i AND :j", TWO(S(":i", "1"), S(":j", "2"))) } },
	{ "expression.key-equality", KEYED("begins_with(id, :i)", I), { KEYED(BY_ID " AND begins_with(made, :i)", I) } },
	{ "expression.key-type", KEYED(BY_ID, VALUES(N(":i", "1"))), { FINE } },
	{ "expression.key-empty", KEYED(BY_ID, VALUES(S(":i", ""))), { FILTERED("note = :e", TWO(S(":i", "1"), S(":e", ""))) } },
	{ "expression.key-nested", CHECKED("attribute_not_exists(id.x)", ""), { CHECKED("attribute_not_exists(id)", "") } },
	{ "expression.filter-on-key", FILTERED("made > :i", I),
	  { FILTERED("note > :i", I), RUNS("scan --table-name Lines --filter-expression 'made > :i'" I),
	    RUNS(QUERY_STATE("#s = :i") STATE_NAME I " --filter-expression 'id = :i'") } },
	{ "expression.update-of-key", UPDATED("SET made = :i", I), { UPDATED("SET note = made", ""), UPDATED("SET #s = :i", STATE_NAME I) } },
	{ "expression.not-projected", RUNS(QUERY_OPEN " --projection-expression 'id, other'"),
	  { RUNS(QUERY_OPEN " --projection-expression 'id, note'"), RUNS(QUERY_STATE("#s = :i") STATE_NAME I " --filter-expression 'note = :i'"),
	    RANKS(" --projection-expression note") } },
	{ "expression.not-projected", RUNS(QUERY_STATE("#s = :i") STATE_NAME I " --filter-expression 'other = :i'"), { NULL } },
	{ "lsi-fetch", RANKS(" --projection-expression note"), { RANKS(" --projection-expression 'id, made'"), RANKS("") } },
	{ "lsi-fetch", RANKS(" --select ALL_ATTRIBUTES"), { RANKS(" --select COUNT") } },
};

/* A global index of several attributes, which the tables of the rows do not have. */
#define WIDE(condition) MODEL(TABLE("Games", ATTR("id", "S") "," ATTR("a", "S") "," ATTR("b", "S") "," ATTR("c", "S") "," ATTR("d", "S"), \
	HASH("id"), GSI(INDEX("Wide", HASH("a") "," HASH("b") "," RANGE("c") "," RANGE("d"), KEYS_ONLY))), PATTERNS(PATTERN("1", \
	"query --table-name Games --index-name Wide --key-condition-expression '" condition "'" I, "")))
#define LONG_KEY "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
#define LONG_KEYS LONG_KEY LONG_KEY LONG_KEY LONG_KEY LONG_KEY LONG_KEY LONG_KEY LONG_KEY LONG_KEY LONG_KEY

static const struct lint_case of_wide[] = {
	{ "expression.key-order", WIDE("a = :i AND b = :i AND d = :i"), { WIDE("a = :i AND b = :i AND c = :i AND d > :i") } },
	{ "expression.key-inequality", WIDE("a = :i AND b = :i AND c > :i AND d = :i"), { WIDE("a = :i AND b = :i AND c > :i") } },
	{ "expression.key-missing", WIDE("a = :i"), { WIDE("b = :i AND a = :i") } },
	{ "expression.key-too-long", KEYED(BY_ID " AND made = :j", TWO(S(":i", "1"), S(":j", LONG_KEYS LONG_KEY))),
	  { KEYED(BY_ID " AND made = :j", TWO(S(":i", LONG_KEYS LONG_KEY), S(":j", LONG_KEYS))) } },
};

static const char *const others[] = {
	/* Below, or by expression_read_test.c: too long for a row. */
	"expression.too-long", "expression.encoding", "expression.path-too-deep", "expression.too-many-operators",
	/* In of_wide. */
	"expression.key-order", "expression.key-inequality", "expression.key-too-long", NULL,
};

static void test_each_lint_of_expressions_finds_what_is_wrong_and_nothing_else(void **state)
{
	(void)state;
	lint_run_cases(cases, COUNT_OF(cases));
	lint_run_cases(of_wide, COUNT_OF(of_wide));
}

static void test_each_lint_of_expressions_has_a_case(void **state)
{
	(void)state;
	lint_check_cases("expression.empty", cases, COUNT_OF(cases), others);
}

static bool is_row(const char *code)
{
	for (size_t i = 0; model_lints[i]; i++)
		for (const struct model_lint *l = model_lints[i]; l->code; l++)
			if (strcmp(l->code, code) == 0)
				return true;
	return false;
}

static void test_every_code_of_expressions_is_a_lint(void **state)
{
	(void)state;
	for (int i = 0; i < EXPRESSION_E_COUNT; i++)
		if (!is_row(expression_code_name((enum expression_code)i)))
			fail_msg("%s is no lint", expression_code_name((enum expression_code)i));
}

/* Errors of a code in a Query's filter of that many "AND note = :f". */
static size_t found_in_filter(size_t parts, const char *code)
{
	struct buf text, shown;
	size_t n;

	buf_init(&text, 4 << 20);
	buf_init(&shown, 4 << 20);
	buf_puts(&text, "{\"tables\":[" LINES "]" ",\"access_patterns\":[{\"pattern\":1,\"implementation\":\"aws dynamodb " QUERY_LINES(BY_ID)
		 TWO(S(":i", "1"), S(":f", "1")) " --filter-expression 'note = :f");
	for (size_t i = 0; i < parts; i++)
		buf_puts(&text, " AND note = :f");
	buf_puts(&text, "'\"}]}");
	n = lint_found(buf_str(&text), code, &shown);
	buf_release(&shown);
	buf_release(&text);
	return n;
}

static void test_an_expression_over_4_kb_is_found(void **state)
{
	(void)state;
	assert_int_equal(found_in_filter(400, "expression.too-long"), 1);
	assert_int_equal(found_in_filter(400, "expression.value-unused"), 0);
	assert_int_equal(found_in_filter(200, "expression.too-many-operators"), 1);
	assert_int_equal(found_in_filter(100, NULL), 0);
}

static void test_the_keys_of_a_batch_share_one_finding(void **state)
{
	struct buf shown;

	(void)state;
	buf_init(&shown, 1 << 20);
	assert_int_equal(lint_found(STR(RUNS("batch-get-item --request-items '{" Q "Orders" Q ":{" Q "Keys" Q ":[{" S("id", "1") "},{"
					     S("id", "2") "}]," Q "ProjectionExpression" Q ":" Q "name" Q "}}'")),
				    "expression.reserved-word", &shown), 1);
	buf_release(&shown);
}

static void test_a_mistake_is_told_with_its_place_in_the_expression(void **state)
{
	struct buf shown;

	(void)state;
	buf_init(&shown, 1 << 20);
	lint_found(STR(RUNS("transact-write-items --transact-items '[{" Q "Put" Q ":{" Q "TableName" Q ":" Q "Orders" Q "," Q "Item" Q ":{"
			    S("id", "1") "}}},{" Q "Delete" Q ":{" Q "TableName" Q ":" Q "Lines" Q "," Q "Key" Q ":{" S("id", "1") ","
			    S("made", "2") "}," Q "ConditionExpression" Q ":" Q "note = :x" Q "}}]'")), NULL, &shown);
	assert_non_null(strstr(shown.ptr, "access_patterns[0].implementation: action 2 (Delete, Lines): ConditionExpression, character 8: "));
	buf_release(&shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_lint_of_expressions_finds_what_is_wrong_and_nothing_else),
		cmocka_unit_test(test_each_lint_of_expressions_has_a_case),
		cmocka_unit_test(test_every_code_of_expressions_is_a_lint),
		cmocka_unit_test(test_an_expression_over_4_kb_is_found),
		cmocka_unit_test(test_the_keys_of_a_batch_share_one_finding),
		cmocka_unit_test(test_a_mistake_is_told_with_its_place_in_the_expression),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
