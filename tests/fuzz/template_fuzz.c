/* template_fuzz: templates from anybody, filled from a fixed record: what comes
 * out is valid JSON, an attribute value, UTF-8 text. */
#include "support/lang.h"

#include "sluice/core/scan.h"
#include "sluice/pipeline/template.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ALL_ROOTS = 0x1ff, LARGEST_OUTPUT = 1 << 20 };

static void want(bool ok)
{
	if (!ok)
		abort();
}

static void fill(const struct template *t, const struct template_context *c, struct buf *out)
{
	struct value value;
	struct err err = { 0 };

	buf_clear(out);
	if (template_json(t, c, out, &err))
		want(scan_check(buf_str(out), NULL));
	else
		want(err.class != ERR_NONE && out->len == 0);
	buf_clear(out);
	if (template_value(t, c, out, &err))
		want(scan_check(buf_str(out), NULL) && value_read(buf_str(out), &value, NULL));
	buf_clear(out);
	if (template_text(t, c, out, &err))
		want(str_utf8_valid(buf_str(out)));
	else
		want(out->len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct template_context c;
	const struct template *t;
	struct page *page;
	struct lang lang;
	struct buf out;

	lang_init(&lang);
	page = lang_page(lang_deal);
	template_context_of(&page->records[0], STR("Deals"), &c);
	c.item = c.member = c.new_image;
	c.element = (struct value){ VALUE_S, STR("el\\u00e9ment") };
	c.notification_id = STR("n\"1");
	buf_init(&out, LARGEST_OUTPUT);
	t = template_compile(str_of((const char *)data, size), ALL_ROOTS, &lang.arena, NULL, &lang.problems);
	want(!t == (lang.problems.count > 0));
	if (t)
		fill(t, &c, &out);
	buf_release(&out);
	page_unref(page);
	lang_release(&lang);
	return 0;
}
