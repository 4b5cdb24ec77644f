/* lint_call_cases: small data models for tests of lints, and what is found in them.
 *
 * A row names a lint's code and documents: one in which it must be found, one that is fine, and one
 * that looks suspicious and is fine.
 */
#ifndef TESTS_MODEL_LINT_CALL_CASES_H
#define TESTS_MODEL_LINT_CALL_CASES_H

#include "support/test.h"

#include "sluice/core/buf.h"
#include "sluice/model/lint.h"

/* ---- Tables ---- */

#define ATTR(name, type) "{\"AttributeName\":\"" name "\",\"AttributeType\":\"" type "\"}"
#define HASH(name) "{\"AttributeName\":\"" name "\",\"KeyType\":\"HASH\"}"
#define RANGE(name) "{\"AttributeName\":\"" name "\",\"KeyType\":\"RANGE\"}"
#define TABLE(name, attributes, key, more) \
	"{\"TableName\":\"" name "\",\"AttributeDefinitions\":[" attributes "],\"KeySchema\":[" key "]," \
	"\"BillingMode\":\"PAY_PER_REQUEST\"" more "}"
#define INDEX(name, key, projection) "{\"IndexName\":\"" name "\",\"KeySchema\":[" key "],\"Projection\":{" projection "}}"
#define ALL "\"ProjectionType\":\"ALL\""
#define KEYS_ONLY "\"ProjectionType\":\"KEYS_ONLY\""
#define INCLUDE(names) "\"ProjectionType\":\"INCLUDE\",\"NonKeyAttributes\":[" names "]"
#define GSI(indexes) ",\"GlobalSecondaryIndexes\":[" indexes "]"
#define LSI(indexes) ",\"LocalSecondaryIndexes\":[" indexes "]"
#define TTL(name) ",\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":\"" name "\"}"
#define STREAM ",\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}"

/* Orders (id), Lines (id, made) with the indexes ByState (state, made: holds note) and, local, ByRank (id, rank). */
#define ORDERS TABLE("Orders", ATTR("id", "S"), HASH("id"), "")
#define BY_STATE(projection) INDEX("ByState", HASH("state") "," RANGE("made"), projection)
#define LINES_WITH(projection, more) \
	TABLE("Lines", ATTR("id", "S") "," ATTR("made", "S") "," ATTR("state", "S") "," ATTR("rank", "N"), HASH("id") "," RANGE("made"), \
	      GSI(BY_STATE(projection)) LSI(INDEX("ByRank", HASH("id") "," RANGE("rank"), KEYS_ONLY)) more)
#define LINES LINES_WITH(INCLUDE("\"note\""), "")

/* ---- Documents ---- */

#define MODEL(tables, more) "{\"tables\":[" tables "]" more "}"
#define ITEMS(table, items) ",\"items\":{\"" table "\":[" items "]}"
#define ITEM(content) "{\"PutRequest\":{\"Item\":{" content "}}}"
#define PATTERNS(patterns) ",\"access_patterns\":[" patterns "]"
#define PATTERN(id, command, more) "{\"pattern\":\"" id "\",\"implementation\":\"aws dynamodb " command "\"" more "}"
#define SIZING(sizes) ",\"sizing\":{" sizes "}"
#define HANDLERS(handlers) ",\"stream_handlers\":[" handlers "]"

/* A model of Orders and Lines whose one pattern is this command. */
#define RUNS(command) MODEL(ORDERS "," LINES, PATTERNS(PATTERN("1", command, "")))
/* The same with more members of the pattern. */
#define SAYS(command, more) MODEL(ORDERS "," LINES, PATTERNS(PATTERN("1", command, "," more)))

/* Inside of a command's '…', inside of a JSON string: "q" is a quote. */
#define Q "\\\""
#define S(name, value) Q name Q ":{" Q "S" Q ":" Q value Q "}"
#define N(name, value) Q name Q ":{" Q "N" Q ":" Q value Q "}"
#define VALUES(values) " --expression-attribute-values '{" values "}'"
#define NAMES(names) " --expression-attribute-names '{" names "}'"
#define NAME(placeholder, name) Q placeholder Q ":" Q name Q
#define KEY(key) " --key '{" key "}'"
#define PUT_ORDER(item) "put-item --table-name Orders --item '{" item "}'"
#define PUT_LINE(item) "put-item --table-name Lines --item '{" item "}'"
#define GET_ORDER "get-item --table-name Orders" KEY(S("id", "1"))
#define UPDATE_LINE(expression) "update-item --table-name Lines" KEY(S("id", "1") "," S("made", "2")) \
	" --update-expression '" expression "'"
#define QUERY_LINES(condition) "query --table-name Lines --key-condition-expression '" condition "'"
#define QUERY_STATE(condition) "query --table-name Lines --index-name ByState --key-condition-expression '" condition "'"
#define BY_ID "id = :i"
#define BY_STATE_S "state = :s"
#define I VALUES(S(":i", "1"))
/* state is a reserved word. */
#define STATE_NAME NAMES(NAME("#s", "state"))
#define QUERY_OPEN QUERY_STATE("#s = :s") STATE_NAME VALUES(S(":s", "open"))

/* ---- Running ---- */

struct lint_case {
	const char *code;
	const char *bad;
	const char *good[3];
};

/* How many findings of the code (NULL: errors) the text has; all of them are shown in *shown. */
static inline size_t lint_found(struct str text, const char *code, struct buf *shown)
{
	struct findings_list findings;
	struct arena arena;
	struct model model;
	size_t n = 0;

	arena_init(&arena, 8 << 20);
	findings_list_init(&findings, &arena, NULL);
	if (model_parse(&model, text, "model.json", &findings))
		model_lint(&model, NULL, &findings);
	findings_list_sort(&findings);
	for (const struct model_finding *f = findings.first; f; f = f->next)
		n += code ? strcmp(f->code, code) == 0 : f->severity == FINDING_ERROR;
	buf_clear(shown);
	findings_list_print(&findings, shown);
	model_release(&model);
	arena_release(&arena);
	return n;
}

static inline size_t lint_alarm(const struct lint_case *c, size_t k, struct buf *shown)
{
	size_t found = lint_found(str_c(c->good[k]), c->code, shown), errors = lint_found(str_c(c->good[k]), NULL, shown);

	if (found)
		print_error("%s: false alarm of document %zu: %s\n", c->code, k, shown->ptr);
	else if (errors)
		print_error("%s: document %zu is not fine: %s\n", c->code, k, shown->ptr);
	return found + errors;
}

/* The good documents must have no error at all: else they would be fine for another reason. */
static inline void lint_run_cases(const struct lint_case *cases, size_t n)
{
	struct buf shown;
	size_t failures = 0;

	buf_init(&shown, 4 << 20);
	for (size_t i = 0; i < n; i++) {
		if (lint_found(str_c(cases[i].bad), cases[i].code, &shown) == 0) {
			print_error("case %zu: %s was not found; found: %s\n", i, cases[i].code, shown.ptr);
			failures++;
		}
		for (size_t k = 0; k < COUNT_OF(cases[i].good) && cases[i].good[k]; k++)
			failures += lint_alarm(&cases[i], k, &shown);
	}
	buf_release(&shown);
	assert_int_equal(failures, 0);
}

static inline bool lint_has_case(const char *code, const struct lint_case *cases, size_t n, const char *const *others)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(cases[i].code, code) == 0 && cases[i].good[0])
			return true;
	for (; others && *others; others++)
		if (strcmp(*others, code) == 0)
			return true;
	return false;
}

/* Every code of the table has a case with a good document, or is among the others (tested elsewhere). `first` is
 * the table's first code. */
static inline void lint_check_cases(const char *first, const struct lint_case *cases, size_t n, const char *const *others)
{
	bool there = false;

	for (size_t i = 0; model_lints[i]; i++) {
		if (!model_lints[i]->code || strcmp(model_lints[i]->code, first) != 0)
			continue;
		there = true;
		for (const struct model_lint *l = model_lints[i]; l->code; l++)
			if (!lint_has_case(l->code, cases, n, others))
				fail_msg("%s has no case", l->code);
	}
	assert_true(there);
}

#endif
