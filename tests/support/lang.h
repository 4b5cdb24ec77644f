/* lang: what the tests of templates and filters stand on: settings from JSON
 * text, records as the service sends them. Whatever fails here aborts: it is a
 * mistake in the test.
 */
#ifndef SLUICE_SUPPORT_LANG_H
#define SLUICE_SUPPORT_LANG_H

#include "sluice/core/option.h"
#include "sluice/core/problem.h"
#include "sluice/item/page.h"

struct lang {
	struct arena arena;
	struct problems problems;
	struct buf problem_text;
};

void lang_init(struct lang *l);
void lang_release(struct lang *l);

const struct node *lang_node(struct lang *l, const char *json);

/* All problems so far, a line each. */
const char *lang_problems(struct lang *l);

/* A page with the one record, in GetRecords form; page_unref() it. */
struct page *lang_page(const char *record_json);

/* A value in attribute-value form, checked; `json` must stay. */
struct value lang_image(const char *json);

/* A MODIFY of a deal with values of all types. */
extern const char lang_deal[];

#endif
