/* filter_fuzz: patterns from anybody, matched against a fixed record and item. */
#include "support/lang.h"

#include "sluice/core/node.h"
#include "sluice/pipeline/filter.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST_INPUT = 1 << 16 };

/* No error may leave a record standing as matched. */
static void check(bool ok, bool matches, const struct err *err)
{
	if (ok ? err->class != ERR_NONE : err->class == ERR_NONE || matches)
		abort();
}

static void match(const struct filter *f, enum filter_subject subject, const struct record *r)
{
	struct template_context c;
	struct err err = { 0 };
	bool matches = true, ok;

	template_context_of(r, STR("Deals"), &c);
	c.item = c.member = r->new_image;
	if (subject == FILTER_RECORD || subject == FILTER_RECORD_KEYS)
		ok = filter_match_record(f, r, STR("arn"), &c, &matches, &err);
	else
		ok = filter_match_item(f, r->new_image, &c, &matches, &err);
	check(ok, matches, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct page *page;
	struct lang lang;
	struct node *n;

	if (size > LARGEST_INPUT)
		return 0;
	lang_init(&lang);
	page = lang_page(lang_deal);
	n = node_from_json(&lang.arena, str_of((const char *)data, size), NULL, NULL);
	for (int subject = FILTER_RECORD; n && subject <= FILTER_MEMBER; subject++) {
		const struct filter *f;

		problems_init(&lang.problems, &lang.arena);
		f = filter_compile(n, (enum filter_subject)subject, &lang.arena, &lang.problems);
		if (!f != (lang.problems.count > 0))
			abort();
		if (f)
			match(f, (enum filter_subject)subject, &page->records[0]);
	}
	page_unref(page);
	lang_release(&lang);
	return 0;
}
