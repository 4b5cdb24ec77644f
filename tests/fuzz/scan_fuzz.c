/* The scanner on any bytes: value by value and token by token it must judge alike,
 * and what it accepts must read the same without the checks. */
#include "sluice/core/buf.h"
#include "sluice/core/scan.h"

#include <stdlib.h>

static void expect(bool condition)
{
	if (!condition)
		abort();
}

/* Plain text, where there is one, equals its content and nothing longer. */
static void check_content(struct str content)
{
	struct buf plain;
	int order;

	buf_init(&plain, content.len);
	if (scan_unescape(content, &plain, NULL)) {
		expect(str_utf8_valid(buf_str(&plain)));
		expect(scan_content_eq(content, buf_str(&plain)));
		expect(scan_content_compare(content, content, &order) && order == 0);
	} else {
		expect(!scan_content_compare(content, STR(""), &order));
	}
	buf_release(&plain);
}

/* Token by token, strict beside trusted. */
static bool walk(struct str text)
{
	struct scan_token token, again;
	struct scan s, trusted;

	scan_init(&s, text);
	scan_init_trusted(&trusted, text);
	for (;;) {
		scan_next(&s, &token);
		if (token.type == SCAN_ERROR)
			return false;
		scan_next(&trusted, &again);
		expect(token.type == again.type && token.escaped == again.escaped);
		expect(token.text.ptr == again.text.ptr && token.text.len == again.text.len);
		if (token.type == SCAN_END)
			return true;
		if (token.type == SCAN_KEY || token.type == SCAN_STRING)
			check_content(token.text);
		expect(token.type != SCAN_NUMBER || scan_is_number(token.text));
	}
}

/* Values of members and elements are texts of their own, and are found again. */
static void walk_values(struct str text)
{
	struct scan_token name;
	struct str value, found;
	struct scan s;
	char tag;

	scan_init(&s, text);
	if (scan_next(&s, &name) == SCAN_OBJECT_BEGIN)
		while (scan_next_member(&s, &name, &value) == SCAN_KEY) {
			expect(scan_check(value, NULL));
			expect(name.escaped || scan_member(text, name.text, &found));
		}
	else if (name.type == SCAN_ARRAY_BEGIN)
		for (size_t i = 0; scan_tagged(&s, &tag, &name) || scan_value(&s, &value); i++)
			expect(i > 20 || (scan_element(text, i, &found) && scan_check(found, NULL)));
	expect(!scan_failed(&s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	bool valid = scan_check(text, NULL);

	expect(walk(text) == valid);
	if (valid)
		walk_values(text);
	return 0;
}
