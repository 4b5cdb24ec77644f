/* filter_bench: what conditions and templates cost on one page of deals (1,000
 * records of about 750 bytes). CPU time, medians of ROUNDS rounds, all cases in
 * turn in each round. */
#include "support/deals.h"
#include "support/lang.h"

#include "sluice/core/node.h"
#include "sluice/pipeline/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RECORDS = 1000, ROUNDS = 31, REPEATS = 10 };

enum kind { RECORD_FILTER, ITEM_FILTER, MESSAGE };

static const struct {
	const char *name;
	enum kind kind;
	const char *settings;
} cases[] = {
	{ "filter: eventName", RECORD_FILTER, "{\"eventName\":[\"REMOVE\"]}" },
	{ "filter: INSERT of status live (no such attribute)", RECORD_FILTER,
	  "{\"eventName\":[\"INSERT\"],\"dynamodb\":{\"NewImage\":{\"status\":{\"S\":[\"live\"]}}}}" },
	{ "filter: INSERT of active true (8th attribute)", RECORD_FILTER,
	  "{\"eventName\":[\"INSERT\"],\"dynamodb\":{\"NewImage\":{\"active\":{\"BOOL\":[true]}}}}" },
	{ "filter: category prefix, price numeric, tags", RECORD_FILTER,
	  "{\"dynamodb\":{\"NewImage\":{\"category\":{\"S\":[{\"prefix\":\"t\"},{\"anything-but\":[\"toys\",\"books\"]}]},"
	  "\"price\":{\"N\":[{\"numeric\":[\">\",0,\"<=\",1000]}]},\"tags\":{\"L\":{\"S\":[{\"exists\":true}]}}}}}" },
	{ "filter: price against an operand", RECORD_FILTER,
	  "{\"dynamodb\":{\"NewImage\":{\"price\":{\"N\":[{\"numeric\":[\"<\",\"${new.list_price}\"]}]}}}}" },
	{ "where: active true", ITEM_FILTER, "{\"active\":[true]}" },
	{ "where: $or of two", ITEM_FILTER, "{\"$or\":[{\"brand\":[\"none\"]},{\"stock\":[{\"numeric\":[\">=\",0]}]}]}" },
	{ "message: four values", MESSAGE,
	  "{\"user_id\":\"u1\",\"deal_id\":\"${new.deal_id}\",\"title\":\"${new.title}\",\"price\":\"${new.price}\","
	  "\"text\":\"${new.brand}: ${new.price}\"}" },
};

enum { CASES = sizeof(cases) / sizeof(*cases) };

struct compiled {
	struct filter *filter;
	struct template_tree *message;
};

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *why)
{
	fprintf(stderr, "%s\n", why);
	exit(1);
}

static size_t run(enum kind kind, const struct compiled *c, const struct record *r, struct buf *out)
{
	struct template_context context;
	struct err err = { 0 };
	bool matches = true, ok;

	template_context_of(r, STR("Deals"), &context);
	buf_clear(out);
	if (kind == RECORD_FILTER)
		ok = filter_match_record(c->filter, r, STR("arn"), &context, &matches, &err);
	else if (kind == ITEM_FILTER)
		ok = filter_match_item(c->filter, r->new_image, &context, &matches, &err);
	else
		ok = template_tree_json(c->message, &context, out, &err);
	if (!ok)
		fail(err.text);
	return matches;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(void)
{
	static uint64_t took[CASES][ROUNDS];
	struct compiled compiled[CASES] = { 0 };
	size_t matched[CASES] = { 0 };
	struct err err = { 0 };
	struct page *page;
	struct buf body, out;
	struct lang lang;

	lang_init(&lang);
	buf_init(&body, 64 << 20);
	buf_init(&out, 1 << 20);
	deals_write_page(&body, 1, RECORDS, 7);
	page = page_decode(&body, RECORDS, &err);
	if (!page)
		fail(err.text);
	for (size_t i = 0; i < CASES; i++) {
		const struct node *n = lang_node(&lang, cases[i].settings);

		if (cases[i].kind == MESSAGE)
			compiled[i].message = template_tree_compile(n, TEMPLATE_NEW, &lang.arena, &lang.problems);
		else
			compiled[i].filter = filter_compile(n, cases[i].kind == RECORD_FILTER ? FILTER_RECORD : FILTER_ITEM,
							    &lang.arena, &lang.problems);
		if (lang.problems.count)
			fail(lang_problems(&lang));
	}
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < CASES; i++) {
			uint64_t from = cpu_ns();

			matched[i] = 0;
			for (size_t k = 0; k < REPEATS * RECORDS; k++)
				matched[i] += run(cases[i].kind, &compiled[i], &page->records[k % RECORDS], &out);
			took[i][round] = cpu_ns() - from;
		}
	}
	for (size_t i = 0; i < CASES; i++) {
		double ns;

		qsort(took[i], ROUNDS, sizeof(**took), by_size);
		ns = (double)took[i][ROUNDS / 2] / (REPEATS * RECORDS);
		printf("%-52s %7.0f ns  %6.2f M/s  %5.1f %% match\n", cases[i].name, ns, 1000 / ns,
		       100.0 * (double)matched[i] / (REPEATS * RECORDS));
	}
	page_unref(page);
	buf_release(&body);
	buf_release(&out);
	lang_release(&lang);
	return 0;
}
