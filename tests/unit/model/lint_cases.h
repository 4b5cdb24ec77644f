/* lint_cases: documents that a lint must speak of, and documents of which it must be silent. Each
 * test program owns some tables of lints and has, of every code in them, at least one whole triple.
 */
#ifndef SLUICE_UNIT_MODEL_LINT_CASES_H
#define SLUICE_UNIT_MODEL_LINT_CASES_H

#include "support/test.h"

#include "sluice/app/model_settings.h"
#include "sluice/core/buf.h"

#include <ctype.h>
#include <stdlib.h>

/* Parts of a document: a table by its name, attributes, key, and more members. */
#define ATTR(name, type) "{\"AttributeName\":\"" name "\",\"AttributeType\":\"" type "\"}"
#define KEY(name, kind) "{\"AttributeName\":\"" name "\",\"KeyType\":\"" kind "\"}"
#define T(name, attributes, key, more) \
	"{\"TableName\":\"" name "\",\"AttributeDefinitions\":[" attributes "],\"KeySchema\":[" key "]," \
	"\"BillingMode\":\"PAY_PER_REQUEST\"" more "}"
#define INDEX(name, key) "{\"IndexName\":\"" name "\",\"KeySchema\":[" key "],\"Projection\":{\"ProjectionType\":\"ALL\"}}"
#define GSI(indexes) ",\"GlobalSecondaryIndexes\":[" indexes "]"
#define LSI(indexes) ",\"LocalSecondaryIndexes\":[" indexes "]"
#define STREAM(view) ",\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"" view "\"}"
#define BOTH "NEW_AND_OLD_IMAGES"
#define TTL ",\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":\"ttl\"}"
#define M(tables, more) "{\"tables\":[" tables "]" more "}"
#define ID ATTR("id", "S")
#define HASH_ID KEY("id", "HASH")
#define TWO ID "," ATTR("at", "S")
#define HASH_RANGE HASH_ID "," KEY("at", "RANGE")
#define BY_TIME GSI(INDEX("ByTime", KEY("at", "HASH")))
#define ORDERS T("Orders", ID, HASH_ID, "")
#define STREAMED(view) T("Orders", ID, HASH_ID, STREAM(view)) "," T("Stats", ID, HASH_ID, "")
#define ITEM(content) "{\"PutRequest\":{\"Item\":{" content "}}}"
#define ITEMS(items) ",\"items\":{\"Orders\":[" items "]}"
#define PATTERNS(p) ",\"access_patterns\":[" p "]"
#define READ "\"pattern\":\"1\",\"table\":\"Orders\",\"implementation\":\"aws dynamodb query\""
#define SIZED(size) ",\"sizing\":{\"Orders\":{" size "}}"
#define SINKS(s) ",\"stream_sinks\":[" s "]"
#define PIPELINES(p) ",\"stream_pipelines\":[" p "]"
#define HANDLERS(h) ",\"stream_handlers\":[" h "]"
#define COUNTER(more) "{\"kind\":\"counter\",\"name\":\"c\",\"source\":\"Orders\",\"table\":\"Stats\"," \
	"\"key\":{\"id\":\"${item.id}\"},\"add\":[{\"attribute\":\"n\"}]" more "}"

struct lint_case {
	const char *code;
	const char *bad;
	const char *good;        /* or NULL */
	const char *fine;        /* looks suspicious and is fine; or NULL */
};

/* "~300000~" stands for so many letters x. */
static inline void put_expanded(const char *text, struct buf *out)
{
	for (; *text; text++) {
		if (*text != '~') {
			buf_putc(out, *text);
			continue;
		}
		for (long n = strtol(text + 1, (char **)&text, 10); n > 0; n--)
			buf_putc(out, 'x');
	}
}

/* How many findings of the code; what was found goes to *shown. */
static inline size_t lint_count(const char *text, const char *code, struct buf *shown)
{
	struct findings_list findings;
	struct buf document;
	struct arena arena;
	struct model model;
	size_t n = 0;

	arena_init(&arena, 8 << 20);
	buf_init(&document, 1 << 20);
	put_expanded(text, &document);
	findings_list_init(&findings, &arena, NULL);
	if (!model_parse(&model, buf_str(&document), "model.json", &findings))
		fail_msg("no document: %s", text);
	model_lint(&model, &model_daemon_kinds, &findings);
	findings_list_sort(&findings);
	for (const struct model_finding *f = findings.first; f; f = f->next)
		n += strcmp(f->code, code) == 0;
	buf_clear(shown);
	findings_list_print(&findings, shown);
	model_release(&model);
	buf_release(&document);
	arena_release(&arena);
	return n;
}

static inline void lint_be_silent(const struct lint_case *c, const char *text, struct buf *shown)
{
	if (text && lint_count(text, c->code, shown) > 0)
		fail_msg("%s: false alarm of %s: %s", c->code, text, shown->ptr);
}

static inline void lint_check_cases(const struct lint_case *cases, size_t count)
{
	struct buf shown;

	buf_init(&shown, 1 << 20);
	for (size_t i = 0; i < count; i++) {
		if (lint_count(cases[i].bad, cases[i].code, &shown) == 0)
			fail_msg("case %zu: %s was not found in %s; found: %s", i, cases[i].code, cases[i].bad, shown.ptr);
		lint_be_silent(&cases[i], cases[i].good, &shown);
		lint_be_silent(&cases[i], cases[i].fine, &shown);
	}
	buf_release(&shown);
}

static inline bool lint_has_triple(const struct lint_case *cases, size_t count, const char *code)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(cases[i].code, code) == 0 && cases[i].bad && cases[i].good && cases[i].fine)
			return true;
	return false;
}

/* Every code of the tables (of model_lints[], NULL-terminated) has a triple. */
static inline void lint_demand_triples(const struct model_lint *const *tables, const struct lint_case *cases, size_t count)
{
	for (; *tables; tables++) {
		bool run = false;

		for (size_t i = 0; model_lints[i]; i++)
			run |= model_lints[i] == *tables;
		assert_true(run);
		for (const struct model_lint *lint = *tables; lint->code; lint++)
			if (!lint_has_triple(cases, count, lint->code))
				fail_msg("%s has no triple of a failing, a passing and a suspicious document", lint->code);
	}
}

#endif
